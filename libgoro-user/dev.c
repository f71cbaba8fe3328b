// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The device, time, and the one place that knows of errno. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <time.h>
#include "internal.h"

int goro_ioctl_(int fd, unsigned long cmd, void *arg)
{
	int saved = errno, ret = ioctl(fd, cmd, arg);

	if (ret < 0)
		ret = -errno;
	errno = saved;
	return ret;
}

uint64_t goro_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);	/* cannot fail: no errno */
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

uint64_t goro_in(uint64_t ns)
{
	uint64_t now = goro_now();

	return now + ns < now ? GORO_FOREVER : now + ns;
}

int goro_dev_open(void)
{
	int saved = errno, fd = open("/dev/goro", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fd = -errno;
	errno = saved;
	return fd;
}

int goro_dev_query(int dev, struct goro_query *q)
{
	*q = (struct goro_query) { 0 };
	return goro_ioctl_(dev, GORO_IOC_QUERY, q);
}

int goro_dev_stats(int dev, struct goro_stats *s)
{
	*s = (struct goro_stats) { 0 };
	return goro_ioctl_(dev, GORO_IOC_STATS, s);
}

int goro_dev_usage(int dev, struct goro_usage *u)
{
	*u = (struct goro_usage) { 0 };
	return goro_ioctl_(dev, GORO_IOC_USAGE, u);
}

int goro_dev_cpu_stat(int dev, struct goro_cpu_stat *s)
{
	*s = (struct goro_cpu_stat) { 0 };
	return goro_ioctl_(dev, GORO_IOC_CPU_STAT, s);
}

int goro_dev_cpu_max(int dev, uint64_t quota_ns, uint64_t period_ns)
{
	struct goro_cpu_max a = { .quota_ns = quota_ns, .period_ns = period_ns };

	return goro_ioctl_(dev, GORO_IOC_CPU_MAX, &a);
}
