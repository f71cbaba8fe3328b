// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Wait lists: waiters of one thing that happens to all of them at once
 * (a WaitGroup's zero, a group's end) or to the first (a lock's release).
 *
 * Lifetime: claimed waiters are collected under the owner's lock and readied
 * after it was dropped, so the first one that runs may free the owner.
 */
#include "core.h"

/*
 * Called with @lock held, drops it. 0: woken by goro_waitlist_claim_all(),
 * or an errno, with the waiter off the list.
 */
int goro_waitlist_wait(struct list_head *list, goro_lock_t *lock, u64 deadline,
		       bool nocancel, enum goro_reason reason)
	__releases(lock)
{
	struct goro_thread t __uninitialized;	/* a thread's: see goro_waiter_self() */
	struct goro_waiter *w;
	enum goro_claim why;

	if (deadline == 0) {
		goro_unlock(lock);
		return -EAGAIN;
	}
	if (unlikely(!goro_may_wait())) {
		goro_unlock(lock);
		return goro_misuse();
	}
	w = goro_waiter_self(&t);
	if (!goro_wait_begin(w, nocancel)) {
		goro_unlock(lock);
		return -ECANCELED;
	}
	w->on = (unsigned long)lock;
	list_add_tail(&w->sg.node, list);
	why = goro_park_unlock(w, lock, false, deadline, reason);
	if (why == GORO_BY_PARTNER)
		return 0;
	goro_lock(lock);
	list_del_init(&w->sg.node);
	goro_unlock(lock);
	return goro_why_errno(why);
}

bool goro_claim_held(struct goro_waiter *w, enum goro_claim why)
{
	int old, now;

	do {
		while ((old = atomic_read(&w->claim)) == GORO_HELD)
			goro_relax();
		if (old != GORO_WAIT &&
		    !(old == GORO_WAIT_NC && why != GORO_BY_CANCEL && why != GORO_BY_SIGNAL))
			return false;
		now = atomic_cmpxchg(&w->claim, old, why);
	} while (now == GORO_HELD);
	return now == old;
}

/* A waiter that has given up by itself was met before it took itself off. */
noinline void goro_waitlist_passed(struct goro_sudog *sg)
{
	switch (atomic_read(&sg->w->claim)) {
	case GORO_BY_TIMEOUT:
		goro_count(GORO_C_PASS_TIMEOUT);
		break;
	case GORO_BY_CANCEL:
		goro_count(GORO_C_PASS_CANCEL);
		break;
	}
}

/*
 * Take the first waiter that can be claimed off the list; those before it, which
 * something else has claimed, go as well, so if there is none the list is empty.
 * The lock is held. What is given to the waiter is the claim's: one that was
 * claimed here returns GORO_BY_PARTNER from its park and nothing else, so a
 * deadline or a cancel that comes a moment later takes nothing with it.
 */
struct goro_sudog *goro_waitlist_claim_first(struct list_head *list)
{
	while (!list_empty(list)) {
		struct goro_sudog *sg = list_first_entry(list, struct goro_sudog, node);

		list_del_init(&sg->node);
		if (goro_claim(sg->w, GORO_BY_PARTNER))
			return sg;
		goro_waitlist_passed(sg);
	}
	return NULL;
}

/* Move every waiter that can be claimed to @claimed: how many. The lock is held. */
u32 goro_waitlist_claim_all(struct list_head *list, struct list_head *claimed)
{
	struct goro_sudog *sg;
	u32 n = 0;

	while ((sg = goro_waitlist_claim_first(list))) {
		list_add_tail(&sg->node, claimed);
		n++;
	}
	return n;
}

/* Ready what was claimed. No lock is held; each sudog is gone once readied. */
void goro_ready_all(struct list_head *claimed)
{
	struct goro_sudog *sg, *tmp;

	list_for_each_entry_safe(sg, tmp, claimed, node) {
		struct goro_waiter *w = sg->w;

		list_del_init(&sg->node);
		goro_ready(w);
	}
}
