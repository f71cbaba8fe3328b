/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files that do I/O (poll.c, sock.c, sendfile.c, file.c) give each other.
 */
#ifndef _GORO_SCHED_IO_H
#define _GORO_SCHED_IO_H

#include <linux/sched/signal.h>
#include "sched.h"

/* poll.c: as goro_poll_sock(), but what lies in the error queue is no event */
int goro_poll_sock_data(struct socket *sock, __poll_t events, u64 deadline);

/* Before and between the pieces of work that cannot be interrupted: 0 or an errno. */
static inline int goro_io_go_on(u64 deadline)
{
	if (goro_wait_cancelled())
		return -ECANCELED;
	if (!goro_in_goroutine() && signal_pending(current))
		return -EINTR;
	if (deadline != GORO_FOREVER && ktime_get_ns() >= deadline)
		return deadline == GORO_NOW ? -EAGAIN : -ETIMEDOUT;
	return 0;
}

#define GORO_IO_TRIES	8

/*
 * Poll said ready, and the try -EAGAIN: may it be tried once more? 0 or an errno.
 * `tries` counts, from 0 after each progress. Somebody else was faster, or holds
 * the lock: so a few times it may be at once. Then poll does not tell what the try
 * wants (the other way was shut down, memory is short, an error is for somebody
 * else to take), and there is no wakeup to be had: poll, asked again, does not
 * wait, and nothing else wakes. So this backs off, and sees deadline and cancel.
 */
static inline int goro_io_again(unsigned int *tries, u64 deadline)
{
	int err;

	if (++*tries <= GORO_IO_TRIES) {
		if (*tries > 1)
			goro_yield();
		return 0;
	}
	err = goro_io_go_on(deadline);
	return err ?: goro_sleep(NSEC_PER_MSEC);
}

/* The kernel's word for an interrupted call is for system calls only. */
static inline ssize_t goro_io_errno(ssize_t ret)
{
	switch (ret) {
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		return -EINTR;
	default:
		return ret;
	}
}

#endif /* _GORO_SCHED_IO_H */
