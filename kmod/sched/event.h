/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A waiter that stands in wait queues of the kernel's (event.c, poll.c).
 *
 *   arm     RUN -> ARMED, into the queues, full barrier; then the caller looks
 *           at what it waits for, with its claim word in ARMED all the time
 *   commit  ARMED -> WAIT and park, unless FIRED: then there is no park
 *   fire    in the queue's callback: ARMED -> FIRED, or WAIT -> BY_EVENT and ready
 *   leave   out of the queues (their locks), then back to RUN
 *
 * ARMED is there because the look may take long and may sleep, while a G that
 * was readied has to leave its stack soon: nobody readies it before it parks. What
 * looks may also wait by goro (a ->poll that takes a mutex): that wait has a waiter
 * of its own, a thread's (goro_waiter_nested()), and events go on to fire this one.
 *
 * No event is lost. The waker changes what is waited for, full barrier (in
 * goro_event_fire()), looks at the claim word; the waiter stores ARMED, full
 * barrier (in goro_event_armed()), looks at what it waits for. So the waker sees
 * ARMED or what follows it, and fires, or the waiter sees the change. A waker
 * that finds the queue empty is ordered likewise: by the queue's lock, or, where
 * it asks waitqueue_active() first, by the barrier that it has to put before it.
 *
 * A cancel is not lost: the canceller sets the flag, full barrier, claims, which
 * fails in ARMED; commit goes to WAIT (cmpxchg, a full barrier), looks at the flag.
 */
#ifndef _GORO_SCHED_EVENT_H
#define _GORO_SCHED_EVENT_H

#include "sched.h"

/* The caller as an armed waiter; it enters its queues after this. */
static inline struct goro_waiter *goro_event_arm(struct goro_thread *t)
{
	struct goro_waiter *w = goro_waiter_self(t);

	atomic_set(&w->claim, GORO_ARMED);	/* not visible yet */
	return w;
}

/* Armed once more, in its queues all the time: in RUN or FIRED, which nobody claims. */
static inline void goro_event_rearm(struct goro_waiter *w)
{
	if (w->kind == GORO_W_THREAD)
		container_of(w, struct goro_thread, w)->done = 0;
	atomic_set(&w->claim, GORO_ARMED);
}

/* It is in its queues; it looks at what it waits for after this. */
static inline void goro_event_armed(void)
{
	smp_mb();	/* pairs with goro_event_fire(), and with waitqueue_active()'s callers */
}

enum goro_fire {
	GORO_FIRE_MISSED,	/* it does not wait, or something else has woken it */
	GORO_FIRE_EARLY,	/* it was armed: it will not park */
	GORO_FIRE_READY,	/* it was claimed: goro_event_ready() is the caller's duty */
};

/* The event has come. Any context, under the wait queue's lock. */
static inline enum goro_fire goro_event_fire(struct goro_waiter *w)
{
	smp_mb__before_atomic();	/* pairs with goro_event_armed() */
	if (atomic_cmpxchg(&w->claim, GORO_ARMED, GORO_FIRED) == GORO_ARMED)
		return GORO_FIRE_EARLY;
	return goro_claim(w, GORO_BY_EVENT) ? GORO_FIRE_READY : GORO_FIRE_MISSED;
}

static inline void goro_event_ready(struct goro_waiter *w)
{
	goro_count(GORO_C_WAKE_EVENT);
	goro_ready(w);
}

/*
 * ARMED -> WAIT, in a section: GORO_WAIT, and it has to park; or the reason why
 * not. Decides here whether this wait keeps its M: tracers may have marked functions
 * of this G since it was armed, and nobody has looked at the kind yet.
 */
static __always_inline enum goro_claim goro_event_wait(struct goro_waiter *w, bool nocancel)
{
	int old;

	if (w->kind != GORO_W_THREAD) {
		w->kind = GORO_W_G;
		if (unlikely(goro_is_bound(goro_w_to_g(w))))
			goro_bind_wait(goro_w_to_g(w));
	} else {
		/* a G's nested one: looking may have led it to another M */
		container_of(w, struct goro_thread, w)->task = current;
	}
	old = atomic_cmpxchg(&w->claim, GORO_ARMED, nocancel ? GORO_WAIT_NC : GORO_WAIT);
	if (old != GORO_ARMED) {
		WARN_ON_ONCE(old != GORO_FIRED);
		return GORO_BY_EVENT;
	}
	if (!nocancel && !goro_wait_begun(w))
		return GORO_BY_CANCEL;
	return GORO_WAIT;
}

/* The same, and park; back in RUN or FIRED. Opens the section itself. */
static __always_inline enum goro_claim
goro_event_commit(struct goro_waiter *w, u64 deadline, bool nocancel, enum goro_reason reason)
{
	enum goro_claim why;

	goro_section_begin();
	why = goro_event_wait(w, nocancel);
	if (why == GORO_WAIT)
		return goro_park(w, deadline, reason);
	goro_section_end();
	return why;
}

/* It is out of all queues: nobody can claim it any more. */
static inline void goro_event_left(struct goro_waiter *w)
{
	atomic_set(&w->claim, GORO_RUN);
}

#endif /* _GORO_SCHED_EVENT_H */
