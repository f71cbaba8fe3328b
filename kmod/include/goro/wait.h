/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * goro: waiting for the kernel's own things, by wait queues and completions.
 * Part of goro.h, which says what contexts, deadlines and results are; include
 * that.
 *
 * The waker's side is the kernel's: wake_up() and its kin, complete(), from any
 * context they allow, interrupts included.
 */
#ifndef _GORO_WAIT_H
#define _GORO_WAIT_H

#include <linux/completion.h>
#include <linux/types.h>
#include <linux/wait.h>

struct goro_waiter;

#define GORO_EVENT_NOCANCEL	BIT(0)
#define GORO_EVENT_EXCLUSIVE	BIT(1)

/* goro_wait_event()'s frame; all of it is goro's */
struct goro_event {
	wait_queue_entry_t entry;
	wait_queue_head_t *wq;
	struct goro_waiter *w;		/* who waits; NULL: not in the queue */
	u64 deadline;
	unsigned int flags;
	int err;			/* how the wait ends */
	unsigned long thread[12];	/* the waiter, where a thread waits */
	unsigned long defer[2];		/* for a condition that ends the goroutine */
};

void __goro_event_begin(struct goro_event *e, wait_queue_head_t *wq, u64 deadline,
			unsigned int flags);
int __goro_event_arm(struct goro_event *e);
void __goro_event_park(struct goro_event *e);
void __goro_event_end(struct goro_event *e);

#define __goro_wait_event(wq_head, condition, until, how)		\
({									\
	struct goro_event __goro_e;					\
	int __goro_ret = 0;						\
									\
	if (!(condition)) {						\
		__goro_event_begin(&__goro_e, &(wq_head), until, how);	\
		for (;;) {						\
			__goro_ret = __goro_event_arm(&__goro_e);	\
			if (condition) {				\
				__goro_ret = 0;				\
				break;					\
			}						\
			if (__goro_ret)					\
				break;					\
			__goro_event_park(&__goro_e);			\
		}							\
		__goro_event_end(&__goro_e);				\
	}								\
	__goro_ret;							\
})

/**
 * goro_wait_event - wait until a condition is true
 * @wq_head: the wait queue that is woken when it may have become so
 * @condition: a C expression; looked at before, after each wakeup, and before
 *	the wait fails
 *
 * What wait_event_interruptible() is to a thread: it parks a goroutine, by an
 * entry of its own in the queue; a thread sleeps. As there, who makes the
 * condition true calls wake_up() after that, with a full barrier in between if
 * it asks waitqueue_active() first, and the queue must stay until the wait has
 * returned. Each wake_up*() does, whatever task state it names.
 *
 * The condition may take locks and may sleep. If it waits by a call of goro's, in a
 * goroutine the thread waits for that (as a ->poll does, see goro_poll()). It may end
 * the goroutine (goro_exit()).
 *
 * Context: parks a goroutine, a thread sleeps; with nothing held.
 * Return: 0, and the condition is true; -ECANCELED; -EINTR (thread). A condition
 * that is true wins over both.
 * Go: sync.Cond.Wait() in its loop.
 */
#define goro_wait_event(wq_head, condition)				\
	__goro_wait_event(wq_head, condition, GORO_FOREVER, 0)

/**
 * goro_wait_event_until - goro_wait_event() with a deadline
 * @wq_head: the wait queue
 * @condition: a C expression
 * @deadline: absolute ns
 *
 * Return: as goro_wait_event(), and -ETIMEDOUT; with GORO_NOW -EAGAIN, without
 * having waited.
 */
#define goro_wait_event_until(wq_head, condition, deadline)		\
	__goro_wait_event(wq_head, condition, deadline, 0)

/**
 * goro_wait_event_nocancel - wait until a condition is true, come what may
 * @wq_head: the wait queue
 * @condition: a C expression
 *
 * What wait_event() is: neither a cancel nor a signal ends it.
 */
#define goro_wait_event_nocancel(wq_head, condition)			\
	((void)__goro_wait_event(wq_head, condition, GORO_FOREVER, GORO_EVENT_NOCANCEL))

/**
 * goro_wait_event_nocancel_until - goro_wait_event_nocancel() with a deadline
 * @wq_head: the wait queue
 * @condition: a C expression
 * @deadline: absolute ns
 *
 * Return: 0, -ETIMEDOUT, with GORO_NOW -EAGAIN.
 */
#define goro_wait_event_nocancel_until(wq_head, condition, deadline)	\
	__goro_wait_event(wq_head, condition, deadline, GORO_EVENT_NOCANCEL)

/**
 * goro_wait_event_exclusive - goro_wait_event(), and only one is woken at a time
 * @wq_head: the wait queue
 * @condition: a C expression
 *
 * wake_up() wakes one exclusive waiter, the one that has waited longest, and
 * all others that are not exclusive. A waiter that fails has not taken a wakeup
 * with it: another one gets it.
 * Return: as goro_wait_event().
 */
#define goro_wait_event_exclusive(wq_head, condition)			\
	__goro_wait_event(wq_head, condition, GORO_FOREVER, GORO_EVENT_EXCLUSIVE)

/**
 * goro_wait_event_exclusive_until - goro_wait_event_exclusive() with a deadline
 * @wq_head: the wait queue
 * @condition: a C expression
 * @deadline: absolute ns
 *
 * Return: as goro_wait_event_until().
 */
#define goro_wait_event_exclusive_until(wq_head, condition, deadline)	\
	__goro_wait_event(wq_head, condition, deadline, GORO_EVENT_EXCLUSIVE)

/**
 * goro_wait_for_completion_until - wait for a completion until a deadline
 * @x: the completion
 * @deadline: absolute ns
 *
 * A completion wakes threads only, so a goroutine keeps its M here, which sleeps;
 * its P goes to another M, and other goroutines run on. Where many goroutines
 * wait at once, a wait queue or a channel costs less: no M each.
 *
 * A completion that fails to come leaves nothing behind, and one that comes
 * together with a cancel or the deadline is taken.
 *
 * Context: a goroutine (not between goro_block_begin() and _end()) or a thread
 * sleeps.
 * Return: 0, and one complete() was used up; -ETIMEDOUT, with GORO_NOW -EAGAIN
 * without having waited; -ECANCELED; -EINTR (thread).
 */
int goro_wait_for_completion_until(struct completion *x, u64 deadline);

/**
 * goro_wait_for_completion - wait for a completion
 * @x: the completion
 *
 * Return: 0, -ECANCELED, -EINTR: as goro_wait_for_completion_until().
 */
static inline int goro_wait_for_completion(struct completion *x)
{
	return goro_wait_for_completion_until(x, GORO_FOREVER);
}

/**
 * goro_wait_for_completion_nocancel - the same, come what may
 * @x: the completion
 * @deadline: absolute ns; GORO_FOREVER makes it wait_for_completion()
 *
 * Neither a cancel nor a signal ends it.
 * Return: 0, -ETIMEDOUT, with GORO_NOW -EAGAIN.
 */
int goro_wait_for_completion_nocancel(struct completion *x, u64 deadline);

#endif /* _GORO_WAIT_H */
