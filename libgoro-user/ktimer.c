// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Timers and tickers of the kernel: channels of the time. */
#include <errno.h>
#include "internal.h"

static int set(int fd, unsigned long cmd, uint32_t flags, uint64_t deadline, uint64_t period)
{
	struct goro_timer_set a = { .flags = flags, .deadline = deadline, .period = period };

	return goro_ioctl_(fd, cmd, &a);
}

int goro_ktimer_make(int dev, uint64_t deadline, uint32_t flags)
{
	return set(dev, GORO_IOC_TIMER, flags, deadline, 0);
}

int goro_ktimer_reset(int t, uint64_t deadline)
{
	return set(t, GORO_IOC_TIMER_RESET, 0, deadline, 0);
}

int goro_ktimer_stop(int t)
{
	return goro_ioctl_(t, GORO_IOC_TIMER_STOP, NULL);
}

/* a period of 0 would be a timer that is no ticker */
int goro_kticker_make(int dev, uint64_t period, uint32_t flags)
{
	return period ? set(dev, GORO_IOC_TIMER, flags, goro_in(period), period) : -EINVAL;
}

int goro_kticker_reset(int t, uint64_t period)
{
	return period ? set(t, GORO_IOC_TIMER_RESET, 0, goro_in(period), period) : -EINVAL;
}

int goro_kticker_stop(int t)
{
	return goro_ktimer_stop(t);
}
