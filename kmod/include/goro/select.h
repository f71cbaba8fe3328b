/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * goro: select. Part of goro.h, which says what contexts, deadlines and results
 * are; include that. Shared with the user build, where files are no cases.
 *
 * A select is an array of the caller's, one struct goro_case a case:
 *
 *	struct goro_case cases[] = {
 *		GORO_RECV(in, &v),
 *		GORO_SEND(out, &w),
 *		GORO_SOCK(sock, EPOLLIN),
 *	};
 *
 *	switch (goro_select(cases, ARRAY_SIZE(cases))) {
 *	case 0:			// cases[0].ret: 1, or 0 where `in` is closed
 *	case 1:			// cases[1].ret: 0, or -EPIPE where `out` is closed
 *	case 2:			// cases[2].ret: the events
 *	default:		// cancelled
 *	}
 *
 * Everything that a select needs is in the array: it allocates nothing (for the
 * exception see GORO_FILE()), and takes the same stack for 2 cases and for 1024.
 * The array may be used again as it is; a case is switched off by a channel of
 * NULL, as in Go, or by GORO_CASE_NONE. It must stay, and nobody else may use it,
 * until the call has returned; and so must what it names: a reference to each
 * channel and file is the caller's.
 */
#ifndef _GORO_SELECT_H
#define _GORO_SELECT_H

#include <goro/types.h>

#ifdef __KERNEL__
#include <linux/wait.h>
#endif

struct file;
struct socket;

#define GORO_SELECT_MAX	1024U	/* cases */

/* what a case waits for */
enum goro_case_op {
	GORO_CASE_NONE,		/* nothing: the case is ignored */
	GORO_CASE_RECV,
	GORO_CASE_SEND,
	GORO_CASE_FILE,		/* the kernel's only, as the next */
	GORO_CASE_SOCK,
};

/**
 * struct goro_case - a case of a select
 * @op: enum goro_case_op
 * @ret: out, of the case that was chosen: RECV 1, or 0 (closed and drained, @elem is
 *	zeroed); SEND 0 or -EPIPE (closed); FILE, SOCK the events that are ready
 * @chan: RECV, SEND: the channel; NULL: the case is ignored
 * @elem: RECV: where the element goes, NULL to drop it; SEND: the element
 * @file: FILE: what to wait for
 * @sock: SOCK: what to wait for; it may have no file
 * @events: FILE, SOCK: EPOLLIN, EPOLLOUT, ...; EPOLLERR and EPOLLHUP are always included
 *
 * The rest is goro's. All zero is a case that is ignored.
 */
struct goro_case {
	u8 op;
	/* private: indices over all cases */
	u16 order;
	/* public: */
	int ret;
	union {
		struct goro_chan *chan;
		struct file *file;
		struct socket *sock;
	};
	union {
		void *elem;
		u32 events;
	};
	/* private: its place in a queue */
	union {
		struct goro_sudog sg;
#ifdef __KERNEL__
		struct {
			wait_queue_entry_t wait;
			wait_queue_head_t *head;
		};
#endif
	};
};

/**
 * GORO_RECV - a case that receives (Go: case v, ok = <-c)
 * @c: the channel; NULL: never ready
 * @v: where the element goes, or NULL to drop it
 *
 * An initialiser of struct goro_case, as those below.
 */
#define GORO_RECV(c, v)	{ .op = GORO_CASE_RECV, .chan = (c), .elem = (v) }

/**
 * GORO_SEND - a case that sends (Go: case c <- v)
 * @c: the channel; NULL: never ready
 * @v: the element; as in Go what it is when the select begins, so it stays as it
 *	is until the call has returned
 *
 * A closed channel makes the case ready, and its result -EPIPE (Go panics).
 */
#define GORO_SEND(c, v)	{ .op = GORO_CASE_SEND, .chan = (c), .elem = (void *)(v) }

#ifdef __KERNEL__
/**
 * GORO_FILE - a case that waits until a file is ready
 * @f: the file
 * @ev: EPOLLIN, EPOLLOUT, ...
 *
 * Nothing is read or written: the caller does that then. A ->poll that waits by goro's
 * calls keeps the thread (see goro_poll()). Where a file has more
 * than one wait queue (few have) memory is needed for the others.
 */
#define GORO_FILE(f, ev) \
	{ .op = GORO_CASE_FILE, .file = (f), .events = (__force u32)(ev) }

/**
 * GORO_SOCK - a case that waits until a socket is ready
 * @s: the socket
 * @ev: EPOLLIN, EPOLLOUT, ...
 *
 * As GORO_FILE().
 */
#define GORO_SOCK(s, ev) \
	{ .op = GORO_CASE_SOCK, .sock = (s), .events = (__force u32)(ev) }
#endif

/**
 * goro_select_until - wait until one of some cases can go on, and do it
 * @cases: the cases
 * @n: how many, up to GORO_SELECT_MAX; with 0, or none that is not ignored, it
 *	waits for the deadline
 * @deadline: absolute ns; GORO_NOW is Go's default
 *
 * Where several are ready one of them is chosen at random, each with the same
 * probability. A channel may be in several cases, for sending and for receiving;
 * a select never meets itself. "None is ready" is said of all channels at one
 * moment (of files it is not: they were asked one after the other before that).
 * Channels of both kinds may be mixed. All other cases are without effect.
 *
 * Go: select; select with a default (GORO_NOW); select with a time.After().
 * Context: parks a goroutine, a thread sleeps.
 * Return: the index of the case that was chosen; its @ret tells the rest. Or, and
 * nothing was changed: -EAGAIN (GORO_NOW), -ETIMEDOUT, -ECANCELED, -EINTR (thread),
 * -EINVAL (more than GORO_SELECT_MAX cases, an operation that is unknown, sending
 * an element of some size from NULL, or to a timer's channel), -ENOMEM (see GORO_FILE()).
 */
int goro_select_until(struct goro_case *cases, unsigned int n, u64 deadline);

/**
 * goro_select - wait until one of some cases can go on, and do it (Go: select)
 * @cases: the cases
 * @n: how many; with 0, or none that is not ignored, it waits for ever
 *
 * Context: as goro_select_until().
 * Return: as goro_select_until() but for -EAGAIN and -ETIMEDOUT.
 */
static inline int goro_select(struct goro_case *cases, unsigned int n)
{
	return goro_select_until(cases, n, ~0ULL);
}

#endif /* _GORO_SELECT_H */
