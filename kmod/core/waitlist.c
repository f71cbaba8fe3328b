// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Wait lists: waiters of one thing that happens to all of them at once
 * (a WaitGroup's zero, a group's end).
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
	struct goro_thread t;
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

/* Move every waiter that can be claimed to @claimed. The lock is held. */
void goro_waitlist_claim_all(struct list_head *list, struct list_head *claimed)
{
	struct goro_sudog *sg, *tmp;

	list_for_each_entry_safe(sg, tmp, list, node) {
		list_del_init(&sg->node);
		if (goro_claim(sg->w, GORO_BY_PARTNER))
			list_add_tail(&sg->node, claimed);
	}
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
