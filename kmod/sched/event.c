// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_wait_event(): waiting for a condition on any wait queue (event.h says
 * how no wakeup is lost).
 *
 * The entry stays in the queue from the first arm to the end; a wakeup that
 * finds the waiter neither armed nor waiting is ignored, as it will look at the
 * condition before it parks.
 *
 * Exclusive waiters. The callback says "woken" (1) only if this very wakeup has
 * fired the waiter; else the waker goes on to the next one. A waiter that was
 * chosen either finds its condition true, which is what the wakeup was for, or
 * finds it false and goes on to wait: somebody else took what there was. What
 * must not happen is that it is chosen and then fails by deadline or cancel with
 * the condition true. So the end of a wait that has failed is: out of the queue,
 * under its lock, and only then the last look (goro_event_arm() with an error,
 * then the macro). A waker that chose it before has made the condition true
 * before it took the lock: the look sees it, and the wait returns 0. A waker
 * that comes later does not see it and chooses another. And one that finds its
 * condition true while a second wakeup chooses it (it is armed while it looks)
 * hands that one on when it ends: it was for somebody else.
 */
#include <linux/wait.h>
#include "event.h"

static_assert(sizeof(struct goro_thread) <= sizeof_field(struct goro_event, thread));
static_assert(sizeof(struct goro_defer) <= sizeof_field(struct goro_event, defer));

static int on_wakeup(wait_queue_entry_t *entry, unsigned int mode, int sync, void *key)
{
	struct goro_waiter *w = container_of(entry, struct goro_event, entry)->w;
	enum goro_fire fire = goro_event_fire(w);

	if (fire == GORO_FIRE_READY)
		goro_event_ready(w);
	return fire != GORO_FIRE_MISSED;
}

void __goro_event_begin(struct goro_event *e, wait_queue_head_t *wq, u64 deadline,
			unsigned int flags)
{
	init_waitqueue_func_entry(&e->entry, on_wakeup);
	e->wq = wq;
	e->w = NULL;
	e->deadline = deadline;
	e->flags = flags;
	e->err = deadline == GORO_NOW ? -EAGAIN : 0;
	if (unlikely(!goro_may_wait()))
		e->err = goro_misuse();
}
EXPORT_SYMBOL_GPL(__goro_event_begin);

/* True: it was fired while it looked, and never parked for that. */
static bool leave(struct goro_event *e)
{
	bool fired;

	if (!e->w)
		return false;
	goro_undefer((struct goro_defer *)e->defer);
	remove_wait_queue(e->wq, &e->entry);
	/* nobody can fire it any more */
	fired = atomic_read(&e->w->claim) == GORO_FIRED;
	goro_event_left(e->w);
	e->w = NULL;
	return fired;
}

/* The condition ends the goroutine, in whose frames the entry lies. */
static void ended(struct goro_defer *d)
{
	__goro_event_end(container_of((unsigned long (*)[2])d, struct goro_event, defer));
}

/* Before each look at the condition. An error: this is the last one. */
int __goro_event_arm(struct goro_event *e)
{
	if (e->err) {
		leave(e);
		return e->err;
	}
	if (e->w) {
		goro_event_rearm(e->w);
	} else {
		e->w = goro_event_arm((struct goro_thread *)e->thread);
		goro_defer((struct goro_defer *)e->defer, ended);
		if (e->flags & GORO_EVENT_EXCLUSIVE)
			add_wait_queue_exclusive(e->wq, &e->entry);
		else
			add_wait_queue(e->wq, &e->entry);
	}
	goro_event_armed();
	return 0;
}
EXPORT_SYMBOL_GPL(__goro_event_arm);

/* The condition was false: wait. */
void __goro_event_park(struct goro_event *e)
{
	enum goro_claim why;

	e->w->at = e;
	why = goro_event_commit(e->w, e->deadline, e->flags & GORO_EVENT_NOCANCEL, GORO_R_EVENT);
	if (why != GORO_BY_EVENT)
		e->err = goro_why_errno(why);
}
EXPORT_SYMBOL_GPL(__goro_event_park);

void __goro_event_end(struct goro_event *e)
{
	if (leave(e) && e->flags & GORO_EVENT_EXCLUSIVE)
		wake_up(e->wq);
}
EXPORT_SYMBOL_GPL(__goro_event_end);
