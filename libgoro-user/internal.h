/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the library's files share; nothing of it is exported. */
#ifndef GORO_INTERNAL_H
#define GORO_INTERNAL_H

#include <goro.h>

/* ioctl(2) that returns -errno and leaves errno alone */
int goro_ioctl_(int fd, unsigned long cmd, void *arg);

/* GORO_IOC_TASK_SPAWN; flags, ctx, group and deadline are in @a */
int goro_spawn_(int dev, struct goro_task_spawn *a, const char *cls, const void *arg,
		uint32_t arg_len, const int *chans, uint32_t n_chans);

#endif /* GORO_INTERNAL_H */
