// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Semaphore: a size, of which shares of any weight are held.
 *
 * All under the object's lock. Who releases gives to the first waiters what they
 * want, and counts it as held, before it drops the lock; a waiter that was
 * claimed as GORO_BY_PARTNER has its share. It stops at the first that wants
 * more than there is: nobody passes it, so those that want much get it in the
 * end. One that gives up may have stood before others that want less: it gives
 * them theirs.
 *
 * Lifetime: who gives to others drops the lock as its last touch, and these are
 * readied after that; who finds enough has taken the lock since.
 */
#include "debug.h"

void goro_sema_init(struct goro_sema *s, long size)
{
	goro_lock_init(&s->lock);
	s->size = size;
	s->held = 0;
	INIT_LIST_HEAD(&s->waiters);
	debug_init(s);
}
EXPORT_SYMBOL_GPL(goro_sema_init);

/* The lock is held; a waiter's frame stays until it has taken itself off under it. */
static void give(struct goro_sema *s, struct list_head *claimed)
{
	while (!list_empty(&s->waiters)) {
		struct goro_sudog *sg = list_first_entry(&s->waiters, struct goro_sudog, node);
		long n = (long)sg->elem;

		if (n > s->size - s->held)
			return;
		list_del_init(&sg->node);
		if (!goro_claim(sg->w, GORO_BY_PARTNER)) {
			goro_waitlist_passed(sg);
			continue;
		}
		s->held += n;
		list_add_tail(&sg->node, claimed);
	}
}

static int check(struct goro_sema *s)
{
	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	return debug_check(s);
}

int __goro_sema_acquire(struct goro_sema *s, long n, u64 deadline, bool nocancel)
{
	struct goro_thread t __uninitialized;	/* a thread's: see goro_waiter_self() */
	struct goro_waiter *w;
	enum goro_claim why;
	LIST_HEAD(claimed);
	int err = check(s);

	if (unlikely(err))
		return err;
	if (n < 0 || n > s->size)
		return -EINVAL;
	goro_lock(&s->lock);
	if (n <= s->size - s->held && list_empty(&s->waiters)) {
		s->held += n;
		goro_unlock(&s->lock);
		return 0;
	}
	if (deadline == 0) {
		goro_unlock(&s->lock);
		return -EAGAIN;
	}
	w = goro_waiter_self(&t);
	if (unlikely(!goro_wait_begin(w, nocancel))) {
		goro_unlock(&s->lock);
		return -ECANCELED;
	}
	w->sg.elem = (void *)n;	/* the very number: its frame may be out of reach */
	w->on = (unsigned long)s;
	list_add_tail(&w->sg.node, &s->waiters);
	why = goro_park_unlock(w, &s->lock, false, deadline, GORO_R_SEMA);
	if (likely(why == GORO_BY_PARTNER))
		return 0;
	goro_lock(&s->lock);
	list_del_init(&w->sg.node);
	give(s, &claimed);
	goro_unlock(&s->lock);
	goro_ready_all(&claimed);
	return goro_why_errno(why);
}
EXPORT_SYMBOL_GPL(__goro_sema_acquire);

int goro_sema_release(struct goro_sema *s, long n)
{
	LIST_HEAD(claimed);
	int err = check(s);

	if (unlikely(err))
		return err;
	goro_lock(&s->lock);
	if (unlikely(n < 0 || n > s->held)) {
		goro_unlock(&s->lock);
		goro_misuse_by("of a semaphore more is released than is held");
		return -EINVAL;
	}
	s->held -= n;
	give(s, &claimed);
	goro_unlock(&s->lock);
	goro_ready_all(&claimed);
	return 0;
}
EXPORT_SYMBOL_GPL(goro_sema_release);
