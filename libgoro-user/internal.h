/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the library's files share; nothing of it is exported. */
#ifndef GORO_INTERNAL_H
#define GORO_INTERNAL_H

#include <goro.h>

/* ioctl(2) that returns -errno and leaves errno alone */
int goro_ioctl_(int fd, unsigned long cmd, void *arg);

#endif /* GORO_INTERNAL_H */
