// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Tasks: goroutines of the kernel that run a named class. */
#include <errno.h>
#include <string.h>
#include "internal.h"

/* @a: what is not the same for all spawns */
int goro_spawn_(int dev, struct goro_task_spawn *a, const char *cls, const void *arg,
		uint32_t arg_len, const int *chans, uint32_t n_chans)
{
	size_t len = strlen(cls);

	if (len >= sizeof(a->class_name))
		return -ENOENT;		/* no class has such a name */
	memcpy(a->class_name, cls, len);
	a->n_chans = n_chans;
	a->chans = (uintptr_t)chans;
	a->arg = (uintptr_t)arg;
	a->arg_len = arg_len;
	return goro_ioctl_(dev, GORO_IOC_TASK_SPAWN, a);
}

int goro_ktask_spawn(int dev, const char *cls, const void *arg, uint32_t arg_len,
		     const int *chans, uint32_t n_chans)
{
	struct goro_task_spawn a = { 0 };

	return goro_spawn_(dev, &a, cls, arg, arg_len, chans, n_chans);
}

int goro_ktask_spawn_ctx(int ctx, int dev, const char *cls, const void *arg, uint32_t arg_len,
			 const int *chans, uint32_t n_chans)
{
	struct goro_task_spawn a = { .flags = GORO_TASK_CTX, .ctx = ctx };

	return goro_spawn_(dev, &a, cls, arg, arg_len, chans, n_chans);
}

int goro_ktask_wait(int t, int *result, uint64_t deadline)
{
	struct goro_task_wait a = { .deadline = deadline };
	int ret = goro_ioctl_(t, GORO_IOC_TASK_WAIT, &a);

	if (!ret && result)
		*result = a.result;
	return ret;
}

int goro_ktask_cancel(int t)
{
	return goro_ioctl_(t, GORO_IOC_TASK_CANCEL, NULL);
}

int goro_ktask_info(int t, struct goro_task_info *info)
{
	*info = (struct goro_task_info) { 0 };
	return goro_ioctl_(t, GORO_IOC_TASK_INFO, info);
}
