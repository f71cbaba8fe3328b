// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Groups of tasks: the first error cancels the rest, and at most so many run at once. */
#include <errno.h>
#include <unistd.h>
#include "internal.h"

int goro_kgroup_make(int dev, int parent, uint32_t limit)
{
	struct goro_group_create a = { .limit = limit, .parent = parent };

	return goro_ioctl_(dev, GORO_IOC_GROUP, &a);
}

int goro_kgroup_spawn(int g, int dev, const char *cls, const void *arg, uint32_t arg_len,
		      const int *chans, uint32_t n_chans, uint64_t deadline)
{
	struct goro_task_spawn a = {
		.flags = GORO_TASK_GROUP,
		.group = g,
		.deadline = deadline,
	};

	return goro_spawn_(dev, &a, cls, arg, arg_len, chans, n_chans);
}

int goro_kgroup_go(int g, int dev, const char *cls, const void *arg, uint32_t arg_len,
		   const int *chans, uint32_t n_chans, uint64_t deadline)
{
	int t = goro_kgroup_spawn(g, dev, cls, arg, arg_len, chans, n_chans, deadline);
	int saved = errno;

	if (t < 0)
		return t;
	close(t);
	errno = saved;
	return 0;
}

int goro_kgroup_wait(int g, int *result, uint64_t deadline)
{
	struct goro_group_wait a = { .deadline = deadline };
	int ret = goro_ioctl_(g, GORO_IOC_GROUP_WAIT, &a);

	if (!ret && result)
		*result = a.result;
	return ret;
}

int goro_kgroup_cancel(int g, int cause)
{
	struct goro_cancel a = { .cause = cause };

	return goro_ioctl_(g, GORO_IOC_GROUP_CANCEL, &a);
}

int goro_kgroup_info(int g, struct goro_group_info *info)
{
	*info = (struct goro_group_info) { 0 };
	return goro_ioctl_(g, GORO_IOC_GROUP_INFO, info);
}
