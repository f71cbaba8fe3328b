// SPDX-License-Identifier: GPL-2.0-only
/*
 * Package sync: a mutex, an RWMutex, a condition variable with its mutex or a
 * semaphore, by goroutines and threads, with deadlines that pass and cancels that
 * come as it is handed on.
 *
 * Whoever has it counts itself, without atomics where it has it alone: another
 * one that is in at the same time is seen. Members may park and block while they
 * have it. Wakeups that are lost, and those that a waiter that gave up took with
 * it, leave a member without a deadline asleep for ever. At the end it is free.
 */
#include <linux/slab.h>
#include "core/stats.h"
#include "torture.h"

#define SEMA_SIZE	12

enum { MUTEX, RWMUTEX, COND, SEMA, KINDS };

struct locks {
	u64 nr;
	int kind;
	struct goro_mutex m;
	struct goro_rwmutex rw;
	struct goro_cond cond;
	struct goro_sema sema;
	u32 writers;		/* those inside: who has it alone */
	atomic_t readers;	/* who has not; of the semaphore: what is held */
	u32 tokens;		/* COND: m; as many are given as are wanted */
	struct goro_group grp;	/* who may be cancelled */
	struct goro_group cut;	/* who is: see hand_on() */
	atomic_t through;
	struct goro_wg wg;
	bool cancelled;
};

struct lock_member {
	struct locks *l;
	u32 i, rounds;
	bool cancels;		/* a member of grp */
	bool gives;		/* COND */
};

static void inside(struct locks *l, struct rnd_state *r, bool alone)
{
	if (alone) {
		u32 others = READ_ONCE(l->writers) + atomic_read(&l->readers);

		WRITE_ONCE(l->writers, READ_ONCE(l->writers) + 1);
		if (others)
			tt_fail(TT_EXCL, l->nr, "kind %d: %u others", l->kind, others);
		if (!tt_rnd(r, 4))
			tt_pause(r, l->nr);
		if (READ_ONCE(l->writers) != 1 || atomic_read(&l->readers))
			tt_fail(TT_EXCL, l->nr, "kind %d: others came", l->kind);
		WRITE_ONCE(l->writers, READ_ONCE(l->writers) - 1);
	} else {
		atomic_inc(&l->readers);
		if (READ_ONCE(l->writers))
			tt_fail(TT_EXCL, l->nr, "a writer with readers");
		if (!tt_rnd(r, 4))
			tt_pause(r, l->nr);
		if (READ_ONCE(l->writers))
			tt_fail(TT_EXCL, l->nr, "a writer came to readers");
		atomic_dec(&l->readers);
	}
}

/* What a wait that failed may have returned. True: the member is to go on. */
static bool failed(struct lock_member *m, int err, u64 deadline, bool nocancel)
{
	struct locks *l = m->l;

	if (err == -EAGAIN && !deadline)
		return true;
	if (err == -ETIMEDOUT && deadline != GORO_FOREVER) {
		if (ktime_get_ns() < deadline)
			tt_fail(TT_WAIT, l->nr, "a deadline came early");
		return true;
	}
	if (err == -ECANCELED && m->cancels && !nocancel) {
		if (!READ_ONCE(l->cancelled))
			tt_fail(TT_WAIT, l->nr, "cancelled by nobody");
		return false;
	}
	tt_fail(TT_ERRNO, l->nr, "kind %d: %d", l->kind, err);
	return false;
}

static u64 some_deadline(struct rnd_state *r)
{
	switch (tt_rnd(r, 4)) {
	case 0:
		return GORO_NOW;
	case 1:
		return goro_in(tt_rnd(r, 200000));
	default:
		return GORO_FOREVER;
	}
}

/* one time in and out; false: it is over for this member */
static bool use(struct lock_member *m, struct rnd_state *r)
{
	struct locks *l = m->l;
	u64 at = some_deadline(r);
	bool nocancel = at == GORO_FOREVER && !tt_rnd(r, 3);
	bool alone = tt_rnd(r, 3);
	long n = 1 + tt_rnd(r, SEMA_SIZE);
	int err;

	switch (l->kind) {
	case MUTEX:
		err = nocancel ? goro_mutex_lock_nocancel(&l->m) :
				 goro_mutex_lock_until(&l->m, at);
		if (err)
			return failed(m, err, at, nocancel);
		inside(l, r, true);
		err = goro_mutex_unlock(&l->m);
		break;
	case RWMUTEX:
		if (alone)
			err = nocancel ? goro_rwmutex_lock_nocancel(&l->rw) :
					 goro_rwmutex_lock_until(&l->rw, at);
		else
			err = nocancel ? goro_rwmutex_rlock_nocancel(&l->rw) :
					 goro_rwmutex_rlock_until(&l->rw, at);
		if (err)
			return failed(m, err, at, nocancel);
		inside(l, r, alone);
		err = alone ? goro_rwmutex_unlock(&l->rw) : goro_rwmutex_runlock(&l->rw);
		break;
	default:
		err = nocancel ? goro_sema_acquire_nocancel(&l->sema, n) :
				 goro_sema_acquire_until(&l->sema, n, at);
		if (err)
			return failed(m, err, at, nocancel);
		if (atomic_add_return(n, &l->readers) > SEMA_SIZE)
			tt_fail(TT_EXCL, l->nr, "more than there is");
		if (!tt_rnd(r, 4))
			tt_pause(r, l->nr);
		atomic_sub(n, &l->readers);
		err = goro_sema_release(&l->sema, n);
		break;
	}
	if (err)
		tt_fail(TT_ERRNO, l->nr, "kind %d: unlock: %d", l->kind, err);
	return true;
}

/* one token more, and one woken, now and then without the mutex */
static void give(struct locks *l, struct rnd_state *r)
{
	bool with = tt_rnd(r, 2);

	if (goro_mutex_lock_nocancel(&l->m))
		tt_fail(TT_ERRNO, l->nr, "lock");
	inside(l, r, true);
	l->tokens++;
	if (with)
		goro_cond_signal(&l->cond);
	goro_mutex_unlock(&l->m);
	if (!with)
		goro_cond_signal(&l->cond);
}

static bool take(struct lock_member *m, struct rnd_state *r)
{
	struct locks *l = m->l;
	bool go_on = true;

	if (goro_mutex_lock_nocancel(&l->m))
		tt_fail(TT_ERRNO, l->nr, "lock");
	while (!l->tokens && go_on) {
		u64 at = some_deadline(r);
		int err = goro_cond_wait_until(&l->cond, &l->m, at);

		if (!goro_mutex_is_locked(&l->m))
			tt_fail(TT_EXCL, l->nr, "a wait came back without its mutex");
		if (!err)
			continue;
		go_on = failed(m, err, at, false);
		if (at == GORO_NOW) {	/* the others need the mutex */
			goro_mutex_unlock(&l->m);
			goro_yield();
			if (goro_mutex_lock_nocancel(&l->m))
				tt_fail(TT_ERRNO, l->nr, "lock");
		}
	}
	if (go_on) {
		inside(l, r, true);
		l->tokens--;
	}
	goro_mutex_unlock(&l->m);
	return go_on;
}

static void lock_member(void *arg)
{
	struct lock_member *m = arg;
	struct locks *l = m->l;
	struct rnd_state r;
	u32 i;

	tt_seed(&r, l->nr, m->i + 1);
	for (i = 0; i < m->rounds; i++) {
		if (!tt_rnd(&r, 8))
			tt_pause(&r, l->nr);
		if (l->kind != COND) {
			if (!use(m, &r))
				break;
		} else if (m->gives) {
			give(l, &r);
		} else if (!take(m, &r)) {
			break;
		}
	}
	atomic64_add(i, &tt_totals.ops);
	kfree(m);
	goro_wg_done(&l->wg);
}

static int lock_member_of_group(void *arg)
{
	lock_member(arg);
	return 0;
}

static void start(struct locks *l, struct rnd_state *r, struct lock_member *m)
{
	if (m->cancels) {
		while (goro_group_go(&l->grp, lock_member_of_group, m))
			goro_sleep(1000000);
		return;
	}
	/* members on threads wait for none of each other: each gives, or is one of many */
	if ((l->kind != COND || m->gives) && !tt_rnd(r, 3) && tt_on_thread(lock_member, m))
		return;
	while (goro_go(lock_member, m))
		goro_sleep(1000000);
}

/* ---- a mutex that meets cancelled waiters, and is handed on: on purpose ------ */

static void wait_to_have_it(void *arg)
{
	struct locks *l = arg;
	int err = goro_mutex_lock(&l->m);

	if (!err)
		err = goro_mutex_unlock(&l->m);
	if (err && err != -ECANCELED)
		tt_fail(TT_ERRNO, l->nr, "lock: %d", err);
	atomic_inc(&l->through);
	goro_wg_done(&l->wg);
}

static int wait_to_be_cut(void *arg)
{
	wait_to_have_it(arg);
	return 0;
}

static u32 waiting(struct goro_mutex *m)
{
	struct list_head *pos;
	u32 n = 0;

	spin_lock(&m->lock);
	list_for_each(pos, &m->waiters)
		n++;
	spin_unlock(&m->lock);
	return n;
}

/*
 * Two that wait are cancelled, and before they have run the mutex is unlocked: it
 * is for the third. That one has waited long; it finds the mutex taken again, and
 * is handed it then. On one P each step follows from the one before; with others
 * it does now and then.
 */
static void hand_on(struct locks *l)
{
	u64 late = TT_NET;
	int i;

	goro_group_init(&l->cut);
	atomic_set(&l->through, 0);
	goro_wg_add(&l->wg, 3);
	if (goro_mutex_lock_nocancel(&l->m))
		tt_fail(TT_ERRNO, l->nr, "lock");
	for (i = 0; i < 2; i++)
		while (goro_group_go(&l->cut, wait_to_be_cut, l))
			goro_sleep(1000000);
	while (goro_go(wait_to_have_it, l))
		goro_sleep(1000000);
	while (waiting(&l->m) < 3 && ktime_get_ns() < late)
		goro_sleep(100000);
	goro_sleep(1200000);
	goro_group_cancel(&l->cut);
	goro_mutex_unlock(&l->m);
	if (!goro_mutex_try_lock(&l->m)) {
		while (!waiting(&l->m) && atomic_read(&l->through) < 3 && ktime_get_ns() < late)
			goro_sleep(100000);
		goro_mutex_unlock(&l->m);
	}
	/* all of them are through: it can begin anew */
	while (atomic_read(&l->through) < 3 && ktime_get_ns() < late)
		goro_sleep(100000);
	if (goro_group_wait_until(&l->cut, TT_NET))
		tt_fail(TT_ENDS, l->nr, "locks: those that were cut");
}

void tt_locks(u64 nr, struct rnd_state *r)
{
	struct locks *l = kzalloc(sizeof(*l), GFP_KERNEL);
	u32 i, n = 4 + tt_rnd(r, 16), rounds = 10 + tt_rnd(r, 30), tries = 0;

	if (!l)
		return;
	l->nr = nr;
	l->kind = tt_rnd(r, KINDS);
	goro_mutex_init(&l->m);
	goro_rwmutex_init(&l->rw);
	goro_cond_init(&l->cond);
	goro_sema_init(&l->sema, SEMA_SIZE);
	goro_group_init(&l->grp);
	goro_wg_init(&l->wg);
	/* until it has happened, in this run or another scenario's */
	do {
		hand_on(l);
	} while (++tries < 50 && (!goro_counter(GORO_C_PASS_CANCEL) ||
				  !goro_counter(GORO_C_MUTEX_HAND)));
	n &= ~1;
	goro_wg_add(&l->wg, n);
	for (i = 0; i < n; i++) {
		struct lock_member *m = kzalloc(sizeof(*m), GFP_KERNEL | __GFP_NOFAIL);

		m->l = l;
		m->i = i;
		m->rounds = rounds;
		m->gives = i % 2;
		m->cancels = l->kind == COND ? i % 4 == 2 : i % 3 == 2;
		start(l, r, m);
	}
	if (tt_rnd(r, 2)) {
		goro_sleep(tt_rnd(r, 2000000));
		WRITE_ONCE(l->cancelled, true);
		goro_group_cancel(&l->grp);
	}
	/* does not return where they do not end */
	if (tt_wait(&l->wg, nr, "locks"))
		return;
	if (goro_group_wait_until(&l->grp, TT_NET)) {
		tt_fail(TT_ENDS, nr, "locks: the group");
		return;
	}
	if (l->writers || atomic_read(&l->readers) || goro_mutex_is_locked(&l->m) || l->rw.n ||
	    l->sema.held || !list_empty(&l->m.waiters) || !list_empty(&l->rw.readers) ||
	    !list_empty(&l->rw.writers) || !list_empty(&l->cond.waiters) ||
	    !list_empty(&l->sema.waiters))
		tt_fail(TT_EXCL, nr, "kind %d: not free at the end", l->kind);
	if (l->kind == COND && !l->cancelled && l->tokens)
		tt_fail(TT_LOST, nr, "%u tokens are left", l->tokens);
	kfree(l);
}
