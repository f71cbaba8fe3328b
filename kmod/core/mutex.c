// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Mutex: Go's, with a normal and a starvation mode.
 *
 * state, changed by cmpxchg:
 *   LOCKED    somebody has it.
 *   WAITERS   the list may not be empty. Set with the lock held, and only while
 *             LOCKED; so it is seen by who clears LOCKED.
 *   WOKEN     one that was in the list is awake and tries to get it; who unlocks
 *             wakes nobody then. It is cleared by that one alone: together with
 *             setting LOCKED, or, as it queues again, while LOCKED.
 *   STARVING  who unlocks hands it on: LOCKED stays set, the first of the list
 *             has it. Implies LOCKED. Not together with WOKEN.
 *
 * No wakeup is lost: somebody is in the list only if LOCKED or WOKEN is set.
 * A waiter sets WAITERS while LOCKED, by one cmpxchg, and adds itself, in one
 * critical section of the lock. An unlock that came before makes its cmpxchg
 * fail; one that comes after sees WAITERS, and finds the waiter under the lock,
 * or sees WOKEN, and then the one that is awake will find LOCKED clear, or set
 * by a third, which unlocks in its turn.
 *
 * Nothing is swallowed: to wake and to hand on is to claim, and a waiter that
 * was claimed so returns from its park by that reason, whatever comes later. It
 * then has the mutex, or tries until it has it or queues again (in front), which
 * gives WOKEN back while LOCKED is set; a cancel or a deadline counts again from
 * there only. One that was claimed by a cancel or deadline before is passed over.
 *
 * Lifetime: who has locked the mutex may free it when it has unlocked it, and it
 * can lock it once LOCKED is clear or it was handed the mutex. So the unlock
 * that wakes or hands on takes and drops the lock with LOCKED still set; what
 * lets others have it, the cmpxchg that clears LOCKED or goro_ready(), is its
 * last touch. (The waiter that is readied is alive: it was claimed.)
 */
#include "debug.h"

#define LOCKED		GORO_MUTEX_LOCKED
#define WAITERS		GORO_MUTEX_WAITERS
#define WOKEN		GORO_MUTEX_WOKEN
#define STARVING	GORO_MUTEX_STARVING

#define STARVE_NS	1000000ULL	/* Go's */

/* in the frame of a waiter; L: the mutex's lock */
struct wait {
	u64 since;	/* when it began to wait */
	bool handed;	/* L: the mutex is its; read when it was readied */
};

void goro_mutex_init(struct goro_mutex *m)
{
	atomic_set(&m->state, 0);
	goro_lock_init(&m->lock);
	INIT_LIST_HEAD(&m->waiters);
	debug_init(m);
}
EXPORT_SYMBOL_GPL(goro_mutex_init);

/* It is free, and so not STARVING. One that was woken takes WOKEN with it. */
static bool take(struct goro_mutex *m, int *s, bool woken)
{
	return atomic_try_cmpxchg_acquire(&m->state, s,
					  woken ? (*s | LOCKED) & ~WOKEN : *s | LOCKED);
}

/*
 * Say that somebody will be in the list; the lock is held. False: it is free.
 * One that was woken, in vain, is not any more, and may have had enough.
 */
static bool will_wait(struct goro_mutex *m, bool woken, bool starving)
{
	int s = atomic_read(&m->state), new;

	do {
		if (!(s & LOCKED))
			return false;
		new = s | WAITERS;
		if (woken)
			new &= ~WOKEN;
		if (starving)
			new |= STARVING;
	} while (!atomic_try_cmpxchg(&m->state, &s, new));
	return true;
}

static int lock_slow(struct goro_mutex *m, u64 deadline, bool nocancel)
{
	struct wait wait = { };
	struct goro_thread t __uninitialized;	/* a thread's: see goro_waiter_self() */
	struct goro_waiter *w;
	enum goro_claim why;
	bool woken = false, starving = false;
	int s = atomic_read(&m->state);

	for (;;) {
		while (!(s & LOCKED))
			if (take(m, &s, woken))
				return 0;
		if (deadline == 0)
			return -EAGAIN;
		if (!woken)
			wait.since = goro_now();
		else
			starving = goro_now() - wait.since > STARVE_NS;

		w = goro_waiter_self(&t);
		goro_lock(&m->lock);
		if (!will_wait(m, woken, starving)) {
			goro_unlock(&m->lock);
			s = atomic_read(&m->state);
			continue;
		}
		if (unlikely(!goro_wait_begin(w, nocancel))) {
			goro_unlock(&m->lock);
			return -ECANCELED;
		}
		w->sg.elem = &wait;
		w->on = (unsigned long)m;
		w->holder = debug_holder(m);
		if (woken) {
			goro_count(GORO_C_MUTEX_LOST);
			list_add(&w->sg.node, &m->waiters);
		} else {
			list_add_tail(&w->sg.node, &m->waiters);
		}
		why = goro_park_unlock(w, &m->lock, false, deadline, GORO_R_MUTEX);
		w->holder = 0;
		if (why != GORO_BY_PARTNER)
			break;
		if (wait.handed)
			return 0;
		woken = true;
		s = atomic_read(&m->state);
	}
	/* WAITERS may stay without need: the next unlock finds out */
	goro_lock(&m->lock);
	list_del_init(&w->sg.node);
	goro_unlock(&m->lock);
	return goro_why_errno(why);
}

int __goro_mutex_lock(struct goro_mutex *m, u64 deadline, bool nocancel)
{
	int err;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	err = debug_check(m);
	if (unlikely(err))
		return err;
	if (debug_mine(m) && deadline) {
		goro_misuse_of("a mutex is locked by who has it already", debug_owner(m));
		return -EDEADLK;
	}
	err = lock_slow(m, deadline, nocancel);
	if (!err)
		debug_own(m);
	return err;
}
EXPORT_SYMBOL_GPL(__goro_mutex_lock);

int goro_mutex_held(struct goro_mutex *m)
{
	int err = debug_check(m);

	if (unlikely(err))
		return err;
	if (unlikely(!(atomic_read(&m->state) & LOCKED))) {
		goro_misuse_by("a mutex is unlocked that is not locked");
		return -EPERM;
	}
	if (debug_not_mine(m)) {
		goro_misuse_of("a mutex is unlocked that somebody else has locked",
			       debug_owner(m));
		return -EPERM;
	}
	return 0;
}

/*
 * The next one to run, claimed; handed: and it has the mutex. NULL: nobody waits.
 * The lock is held, and LOCKED set, so nobody else changes the state.
 */
static struct goro_waiter *next(struct goro_mutex *m, bool *handed)
{
	struct goro_sudog *sg = goro_waitlist_claim_first(&m->waiters);
	bool last = list_empty(&m->waiters);
	int drop = 0, s = atomic_read(&m->state);
	struct wait *wait;

	*handed = false;
	if (last)
		drop = WAITERS | STARVING;
	if (sg && s & STARVING) {
		wait = sg->elem;
		wait->handed = true;
		*handed = true;
		if (goro_now() - wait->since < STARVE_NS)
			drop |= STARVING;
	}
	while (s & drop)
		if (atomic_try_cmpxchg(&m->state, &s, s & ~drop))
			break;
	return sg ? sg->w : NULL;
}

int __goro_mutex_unlock(struct goro_mutex *m)
{
	struct goro_waiter *w = NULL;
	bool handed;
	int err, s;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	err = goro_mutex_held(m);
	if (unlikely(err))
		return err;
	debug_disown(m);
	s = atomic_read(&m->state);
	for (;;) {
		if ((s & WAITERS) && !(s & WOKEN) && !w) {
			goro_lock(&m->lock);
			w = next(m, &handed);
			goro_unlock(&m->lock);
			if (w && handed) {
				goro_count(GORO_C_MUTEX_HAND);
				goro_ready(w);
				return 0;
			}
			s = atomic_read(&m->state);
		}
		/* WAITERS may be back without one that we have claimed: then look again */
		if (!w && (s & WAITERS) && !(s & WOKEN))
			continue;
		if (atomic_try_cmpxchg_release(&m->state, &s, (s & ~LOCKED) | (w ? WOKEN : 0)))
			break;
	}
	if (w)
		goro_ready(w);
	return 0;
}
EXPORT_SYMBOL_GPL(__goro_mutex_unlock);
