// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Cond: waiting, without a mutex that is held otherwise, until somebody says
 * that things have changed.
 *
 * No signal is missed: the waiter is in the list, and can be claimed, before it
 * unlocks the mutex. From there on until it parks it is in a section, in which
 * nothing holds it up: who is to wake it may have claimed and readied it before
 * it has left its stack, as with every park.
 *
 * No signal is swallowed: a signal claims, and a waiter that was claimed returns
 * 0. One that a deadline, cancel or signal(7) has claimed before is passed over,
 * and the one behind it is woken.
 *
 * Lifetime: who wakes drops the lock as its last touch, before it readies; a
 * waiter that was woken does not touch the object again. The mutex is unlocked
 * in the section, and c->lock is not held then: no lock is taken inside another.
 */
#include "debug.h"

void goro_cond_init(struct goro_cond *c)
{
	goro_lock_init(&c->lock);
	INIT_LIST_HEAD(&c->waiters);
	debug_init(c);
}
EXPORT_SYMBOL_GPL(goro_cond_init);

static int check(struct goro_cond *c)
{
	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	return debug_check(c);
}

int goro_cond_wait_until(struct goro_cond *c, struct goro_mutex *m, u64 deadline)
{
	struct goro_thread t __uninitialized;	/* a thread's: see goro_waiter_self() */
	struct goro_waiter *w;
	enum goro_claim why;
	int err = check(c);

	if (unlikely(err))
		return err;
	err = goro_mutex_held(m);
	if (unlikely(err))
		return err;
	if (deadline == 0)
		return -EAGAIN;
	w = goro_waiter_self(&t);
	goro_section_begin();
	goro_lock(&c->lock);
	if (unlikely(!goro_wait_begin(w, false))) {
		goro_unlock(&c->lock);
		goro_section_end();
		return -ECANCELED;
	}
	w->on = (unsigned long)c;
	list_add_tail(&w->sg.node, &c->waiters);
	goro_unlock(&c->lock);
	goro_mutex_unlock(m);
	why = goro_park(w, deadline, GORO_R_COND);
	if (unlikely(why != GORO_BY_PARTNER)) {
		goro_lock(&c->lock);
		list_del_init(&w->sg.node);
		goro_unlock(&c->lock);
		err = goro_why_errno(why);
	}
	goro_mutex_lock_nocancel(m);
	return err;
}
EXPORT_SYMBOL_GPL(goro_cond_wait_until);

int goro_cond_signal(struct goro_cond *c)
{
	struct goro_sudog *sg;
	struct goro_waiter *w;
	int err = check(c);

	if (unlikely(err))
		return err;
	goro_lock(&c->lock);
	sg = goro_waitlist_claim_first(&c->waiters);
	w = sg ? sg->w : NULL;
	goro_unlock(&c->lock);
	if (!w)
		return 0;
	goro_ready(w);
	return 1;
}
EXPORT_SYMBOL_GPL(goro_cond_signal);

int goro_cond_broadcast(struct goro_cond *c)
{
	LIST_HEAD(claimed);
	int err = check(c), n;

	if (unlikely(err))
		return err;
	goro_lock(&c->lock);
	n = goro_waitlist_claim_all(&c->waiters, &claimed);
	goro_unlock(&c->lock);
	goro_ready_all(&claimed);
	return n;
}
EXPORT_SYMBOL_GPL(goro_cond_broadcast);
