/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files that do I/O (poll.c, sock.c, sendfile.c, file.c) give each other.
 */
#ifndef _GORO_SCHED_IO_H
#define _GORO_SCHED_IO_H

#include <goro/goro.h>

/* poll.c: as goro_poll_sock(), but what lies in the error queue is no event */
int goro_poll_sock_data(struct socket *sock, __poll_t events, u64 deadline);

#endif /* _GORO_SCHED_IO_H */
