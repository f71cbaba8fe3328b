// SPDX-License-Identifier: GPL-2.0-only
/* Suite goro_mutex: Mutex. Names in the comments are those of Go's tests (src/sync). */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "kunit.h"

#define LOOPS	1000

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

static int do_lock(struct job *j)
{
	int err = goro_mutex_lock_until(&j->f->m, j->deadline);

	if (err)
		return err;
	atomic_inc(&j->f->n);
	return goro_mutex_unlock(&j->f->m);
}

static struct job *wait_lock(struct kunit *test, int i, bool thread)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, i, do_lock, NULL);

	job_waits(test, j, thread, x_waiters(&f->m));
	return j;
}

/* nobody has it and nobody waits */
static void expect_free(struct kunit *test)
{
	struct fx *f = fx_of(test);

	KUNIT_EXPECT_EQ(test, x_waiters(&f->m), 0U);
	/* a bit that was left by a waiter that gave up goes with the next unlock */
	KUNIT_EXPECT_EQ(test, goro_mutex_try_lock(&f->m), 0);
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->m.state), 0);
}

static DEFINE_GORO_MUTEX(static_mutex);

/* TestMutex: what try says, and the deadline's forms */
static void try_lock(struct kunit *test)
{
	struct goro_mutex *m = &fx_of(test)->m;
	u64 at;

	KUNIT_ASSERT_EQ(test, goro_mutex_lock(m), 0);
	KUNIT_EXPECT_TRUE(test, goro_mutex_is_locked(m));
	KUNIT_EXPECT_EQ(test, goro_mutex_try_lock(m), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_mutex_lock_until(m, GORO_NOW), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(m), 0);
	KUNIT_EXPECT_FALSE(test, goro_mutex_is_locked(m));
	KUNIT_EXPECT_EQ(test, goro_mutex_try_lock(m), 0);
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(m), 0);
	/* a deadline does not matter to who need not wait */
	KUNIT_EXPECT_EQ(test, goro_mutex_lock_until(m, GORO_NOW), 0);
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(m), 0);
	KUNIT_EXPECT_EQ(test, goro_mutex_lock_until(m, 1), 0);

	job_go(test, job_set(fx_of(test), 0, do_lock, NULL));
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(m) == 1));
	at = goro_in(SHORT_NS);
	job_set(fx_of(test), 1, do_lock, NULL)->deadline = at;
	job_go(test, &fx_of(test)->j[1]);
	job_set(fx_of(test), 2, do_lock, NULL)->deadline = 1;
	job_thread(test, &fx_of(test)->j[2]);
	EXPECT_DONE(test, &fx_of(test)->j[1], -ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get_ns(), at);
	EXPECT_DONE(test, &fx_of(test)->j[2], -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, x_waiters(m), 1U);
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(m), 0);
	EXPECT_DONE(test, &fx_of(test)->j[0], 0);
	expect_free(test);

	KUNIT_EXPECT_EQ(test, goro_mutex_lock(&static_mutex), 0);
	KUNIT_EXPECT_EQ(test, goro_mutex_try_lock(&static_mutex), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&static_mutex), 0);
}

/* one at a time: a plain counter and a flag that would show it */
static int inside(struct fx *f, int i)
{
	int bad = READ_ONCE(f->flag);

	WRITE_ONCE(f->flag, true);
	WRITE_ONCE(f->sum.counter, READ_ONCE(f->sum.counter) + 1);
	if (i % 64 == 0)
		goro_yield();	/* with the mutex held: so others wait */
	WRITE_ONCE(f->flag, false);
	return bad;
}

static int hammer_fn(struct job *j)
{
	int i, bad = 0;

	for (i = 0; i < LOOPS; i++) {
		if (i % 3 == 0) {
			if (goro_mutex_try_lock(&j->f->m))
				continue;
		} else if (goro_mutex_lock(&j->f->m)) {
			return -EIO;
		}
		atomic_inc(&j->f->n);
		bad += inside(j->f, i);
		if (goro_mutex_unlock(&j->f->m))
			return -EIO;
	}
	return bad;
}

/* TestMutex, TestHammerMutex */
static void hammer(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 10; i++)
		job_start_who(test, job_set(f, i, hammer_fn, NULL));
	jobs_done(test, 10, 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->sum), (s64)atomic_read(&f->n));
	KUNIT_EXPECT_GE(test, atomic_read(&f->n), 10 * (LOOPS - LOOPS / 3 - 1));
	expect_free(test);
}

static int hog(struct job *j)
{
	while (!READ_ONCE(j->f->flag)) {
		if (goro_mutex_lock(&j->f->m))
			return -EIO;
		goro_sleep(100 * NSEC_PER_USEC);
		goro_mutex_unlock(&j->f->m);
	}
	return 0;
}

static int humble(struct job *j)
{
	int i;

	for (i = 0; i < 10; i++) {
		goro_sleep(100 * NSEC_PER_USEC);
		if (goro_mutex_lock_until(&j->f->m, j->deadline))
			return -EIO;
		goro_mutex_unlock(&j->f->m);
	}
	return 0;
}

/*
 * TestMutexFairness: one that sleeps with the mutex and takes it again at once
 * leaves it to others in the end. It takes a hand-on: who is woken always finds
 * it locked where both have one P.
 */
static void fairness(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct fx *f = fx_of(test);

	job_start(test, job_set(f, 0, hog, NULL), who->send_thread);
	job_start(test, job_set(f, 1, humble, NULL), who->recv_thread);
	EXPECT_DONE(test, &f->j[1], 0);
	WRITE_ONCE(f->flag, true);
	EXPECT_DONE(test, &f->j[0], 0);
	expect_free(test);
}

static int lock_in_turn(struct job *j)
{
	int err = goro_mutex_lock(&j->f->m);

	if (err)
		return err;
	j->v = atomic_inc_return(&j->f->n);
	/* it was handed on, so nobody else can have it, and may have a look */
	if (goro_mutex_try_lock(&j->f->m) != -EAGAIN)
		atomic_inc(&j->f->bad);
	return goro_mutex_unlock(&j->f->m);
}

/*
 * starvation mode: first come first served, hand to hand, until the last (TestSemaHandoff,
 * TestSemaHandoff1, TestSemaHandoff2)
 */
static void starving(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 handed;
	int i;

	KUNIT_ASSERT_EQ(test, goro_mutex_lock(&f->m), 0);
	for (i = 0; i < 8; i++) {
		job_start(test, job_set(f, i, lock_in_turn, NULL), i % 3 == 2);
		KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->m) == i + 1));
	}
	/* all of them have waited too long */
	usleep_range(2000, 3000);
	atomic_or(GORO_MUTEX_STARVING, &f->m.state);
	handed = goro_counter(GORO_C_MUTEX_HAND);
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
	for (i = 0; i < 8; i++) {
		EXPECT_DONE(test, &f->j[i], 0);
		KUNIT_EXPECT_EQ(test, f->j[i].v, (u64)i + 1);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_MUTEX_HAND) - handed, 8ULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->m.state), 0);
	expect_free(test);
}

/*
 * One that has waited long and is woken in vain turns the mutex to starvation
 * mode, and is the first of it although others came before it queued again.
 */
static void starves_by_itself(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 end = NET, handed = goro_counter(GORO_C_MUTEX_HAND);
	int tries = 0;

	while (goro_counter(GORO_C_MUTEX_HAND) == handed && ktime_get_ns() < end) {
		struct job *j = &f->j[tries++ % 8];

		j->done = 0;
		KUNIT_ASSERT_EQ(test, goro_mutex_lock(&f->m), 0);
		wait_lock(test, j - f->j, false);
		usleep_range(1500, 2000);
		/* it is woken, and who unlocked is faster, mostly */
		KUNIT_ASSERT_EQ(test, goro_mutex_unlock(&f->m), 0);
		KUNIT_ASSERT_EQ(test, goro_mutex_lock(&f->m), 0);
		/* has it been back? then it is in the list again, or has had it */
		KUNIT_ASSERT_TRUE(test, eventually(job_done(j) || x_waiters(&f->m)));
		KUNIT_ASSERT_EQ(test, goro_mutex_unlock(&f->m), 0);
		EXPECT_DONE(test, j, 0);
	}
	KUNIT_EXPECT_GT(test, goro_counter(GORO_C_MUTEX_HAND), handed);
	KUNIT_EXPECT_GT(test, goro_counter(GORO_C_MUTEX_LOST), 0ULL);
	expect_free(test);
}

static int lock_as_member(void *arg)
{
	struct job *j = arg;

	j->ret = j->fn(j);
	smp_store_release(&j->done, 1);	/* job_done() */
	return 0;
}

static int lock_nocancel(struct job *j)
{
	int err = goro_mutex_lock_nocancel(&j->f->m);

	return err ?: goro_mutex_unlock(&j->f->m);
}

static int lock_twice(struct job *j)
{
	int err = do_lock(j);

	/* the other one is free: to it a cancel does not matter */
	return err != -ECANCELED ? -EIO : goro_mutex_lock(&static_mutex) ? :
	       goro_mutex_unlock(&static_mutex) ? : err;
}

/* a cancelled waiter goes, the mutex goes to those that stay */
static void cancel(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *in = &f->j[1], *through = &f->j[2];

	KUNIT_ASSERT_EQ(test, goro_mutex_lock(&f->m), 0);
	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, lock_as_member,
					    job_set(f, 1, lock_twice, NULL)), 0);
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->m) == 1));
	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, lock_as_member,
					    job_set(f, 2, lock_nocancel, NULL)), 0);
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->m) == 2));
	wait_lock(test, 3, false);
	wait_lock(test, 4, true);
	KUNIT_EXPECT_TRUE(test, eventually(members_in(&f->other, GORO_R_MUTEX) == 2));

	goro_group_cancel(&f->other);
	EXPECT_DONE(test, in, -ECANCELED);
	KUNIT_EXPECT_EQ(test, x_waiters(&f->m), 3U);
	KUNIT_EXPECT_FALSE(test, job_done(through));
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
	EXPECT_DONE(test, through, 0);
	EXPECT_DONE(test, &f->j[3], 0);
	EXPECT_DONE(test, &f->j[4], 0);
	expect_free(test);
}

/* the only waiter gives up: the mutex is as free as ever */
static void give_up(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int mode;

	for (mode = 0; mode < 2; mode++) {
		struct job *j = job_set(f, mode, do_lock, NULL);

		KUNIT_ASSERT_EQ(test, goro_mutex_lock(&f->m), 0);
		j->deadline = goro_in(SHORT_NS);
		job_go(test, j);
		if (mode)	/* also where it was to be handed the mutex */
			atomic_or(GORO_MUTEX_STARVING, &f->m.state);
		EXPECT_DONE(test, j, -ETIMEDOUT);
		KUNIT_EXPECT_EQ(test, x_waiters(&f->m), 0U);
		KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&f->m.state), 0);
	}
	expect_free(test);
}

static int lock_signalled(struct job *j)
{
	allow_signal(SIGUSR1);
	return do_lock(j);
}

static void signals(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, lock_signalled, NULL);

	KUNIT_ASSERT_EQ(test, goro_mutex_lock(&f->m), 0);
	job_thread(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->m) == 1));
	wait_lock(test, 1, false);
	send_sig(SIGUSR1, j->task, 1);
	EXPECT_DONE(test, j, -EINTR);
	KUNIT_EXPECT_EQ(test, x_waiters(&f->m), 1U);
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
	EXPECT_DONE(test, &f->j[1], 0);
	expect_free(test);
}

static int lock_often(struct job *j)
{
	int i, err, got = 0;

	for (i = 0; i < LOOPS; i++) {
		err = goro_mutex_lock_until(&j->f->m, goro_in(j->v + i % 7 * 1000));
		if (err) {
			if (err != -ETIMEDOUT)
				return err;
			continue;
		}
		got += inside(j->f, i) ? -LOOPS : 1;
		atomic_inc(&j->f->n);
		goro_mutex_unlock(&j->f->m);
	}
	return got >= 0 ? 0 : -EIO;
}

/* deadlines that pass as it is given: nobody gets it twice, and it is not lost */
static void deadline_races(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 8; i++) {
		job_set(f, i, lock_often, NULL)->v = i * 3000;
		job_start_who(test, &f->j[i]);
	}
	jobs_done(test, 8, 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->sum), (s64)atomic_read(&f->n));
	expect_free(test);
}

/* TestMutexMisuse: Mutex.Unlock, Mutex.Unlock2 */
static void unlock_of_unlocked(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 misuses = goro_counter(GORO_C_MISUSE);

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), -EPERM);
		KUNIT_EXPECT_EQ(test, goro_mutex_lock(&f->m), 0);
		KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
		KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), -EPERM);
	}
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_MISUSE) - misuses, 2ULL);
	expect_free(test);
}

static int only_lock(struct job *j)
{
	return goro_mutex_lock(&j->f->m);
}

#ifndef GORO_SYNC_DEBUG
static int only_unlock(struct job *j)
{
	return goro_mutex_unlock(&j->f->m);
}
#endif

/* Go lets anybody unlock; a kernel with CONFIG_DEBUG_MUTEXES the owner only */
static void unlock_by_another(struct kunit *test)
{
	struct fx *f = fx_of(test);

	job_go(test, job_set(f, 0, only_lock, NULL));
	EXPECT_DONE(test, &f->j[0], 0);
#ifdef GORO_SYNC_DEBUG
	kunit_warning_suppress(test)
		KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), -EPERM);
	KUNIT_EXPECT_TRUE(test, goro_mutex_is_locked(&f->m));
	/* the owner is known, though it has ended: a goroutine, its function, who started it */
	KUNIT_EXPECT_NE(test, f->m.debug.owner.id, 0ULL);
	KUNIT_EXPECT_EQ(test, f->m.debug.owner.id & GORO_WHO_THREAD, 0ULL);
	KUNIT_EXPECT_NE(test, f->m.debug.owner.fn, 0UL);
	KUNIT_EXPECT_NE(test, f->m.debug.owner.where, 0UL);
	goro_mutex_init(&f->m);
#else
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
	KUNIT_ASSERT_EQ(test, goro_mutex_lock(&f->m), 0);
	job_go(test, job_set(f, 1, only_unlock, NULL));
	EXPECT_DONE(test, &f->j[1], 0);
#endif
	expect_free(test);
}

#ifdef GORO_SYNC_DEBUG
/* what debug builds see */
static void debug(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_mutex copy, none = { };

	KUNIT_ASSERT_EQ(test, goro_mutex_lock(&f->m), 0);
	KUNIT_EXPECT_EQ(test, f->m.debug.owner.id, GORO_WHO_THREAD | task_pid_nr(current));
	copy = f->m;
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, goro_mutex_lock(&f->m), -EDEADLK);
		KUNIT_EXPECT_EQ(test, goro_mutex_lock_until(&f->m, NET), -EDEADLK);
		/* to try is no deadlock */
		KUNIT_EXPECT_EQ(test, goro_mutex_try_lock(&f->m), -EAGAIN);
		KUNIT_EXPECT_EQ(test, goro_mutex_lock(&copy), -EINVAL);
		KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&copy), -EINVAL);
		KUNIT_EXPECT_EQ(test, goro_mutex_lock(&none), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
	KUNIT_EXPECT_EQ(test, f->m.debug.owner.id, 0ULL);
	expect_free(test);
}
#endif

struct shared {
	struct goro_mutex m;
	int refs;
};

static int put_shared(struct job *j)
{
	struct shared *s = j->f->priv;
	bool last;

	if (goro_mutex_lock(&s->m))
		return -EIO;
	last = !--s->refs;
	if (goro_mutex_unlock(&s->m))
		return -EIO;
	if (last) {
		memset(s, 0x5a, sizeof(*s));
		kfree(s);
		atomic_inc(&j->f->n);
	}
	return 0;
}

/* the last to have it frees it at once, whatever those before it still do */
static void unlocker_frees(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int r, i;

	for (r = 0; r < 8; r++) {
		struct shared *s = kmalloc(sizeof(*s), GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, s);
		goro_mutex_init(&s->m);
		s->refs = 8;
		f->priv = s;
		/* all wait, so that each is woken or handed it by the one before */
		KUNIT_ASSERT_EQ(test, goro_mutex_lock(&s->m), 0);
		for (i = 0; i < 8; i++)
			job_start_who(test, job_set(f, r * 8 + i, put_shared, NULL));
		KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&s->m) == 8));
		KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&s->m), 0);
		for (i = 0; i < 8; i++)
			EXPECT_DONE(test, &f->j[r * 8 + i], 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&f->n), r + 1);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(try_lock),
	KUNIT_CASE_PARAM(hammer, who_gen_params),
	KUNIT_CASE_PARAM(fairness, who_gen_params),
	KUNIT_CASE(starving),
	KUNIT_CASE(starves_by_itself),
	KUNIT_CASE(cancel),
	KUNIT_CASE(give_up),
	KUNIT_CASE(signals),
	KUNIT_CASE_PARAM(deadline_races, who_gen_params),
	KUNIT_CASE(unlock_of_unlocked),
	KUNIT_CASE(unlock_by_another),
#ifdef GORO_SYNC_DEBUG
	KUNIT_CASE(debug),
#endif
	KUNIT_CASE_PARAM(unlocker_frees, who_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_mutex",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
