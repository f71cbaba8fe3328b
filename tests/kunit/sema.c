// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_sema: the weighted semaphore. Names in the comments are those of Go's
 * tests (x/sync/semaphore, and src/sync and src/runtime for those of weight 1).
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "kunit.h"

#define SIZE	10L	/* of the fixture's */
#define LOOPS	500

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

/* of weight j->v; order: in which they got it */
static int do_acquire(struct job *j)
{
	struct fx *f = j->f;
	int err = goro_sema_acquire_until(&f->sema, j->v, j->deadline);

	if (err)
		return err;
	atomic_inc(&f->n);
	/* until the case lets them go */
	goro_chan_recv(f->c[0], NULL);
	return goro_sema_release(&f->sema, j->v);
}

static struct job *wait_sema(struct kunit *test, int i, long n, bool thread)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, i, do_acquire, NULL);

	j->v = n;
	job_waits(test, j, thread, x_waiters(&f->sema));
	return j;
}

static void expect_free(struct kunit *test)
{
	struct fx *f = fx_of(test);

	KUNIT_EXPECT_EQ(test, x_waiters(&f->sema), 0U);
	KUNIT_EXPECT_EQ(test, f->sema.held, 0L);
}

static DEFINE_GORO_SEMA(static_sema, 2);

/* TestWeightedTryAcquire, TestWeightedAcquire */
static void try_acquire(struct kunit *test)
{
	struct goro_sema *s = &fx_of(test)->sema;
	u64 at;

	KUNIT_EXPECT_EQ(test, goro_sema_acquire(s, 1), 0);
	KUNIT_EXPECT_EQ(test, goro_sema_try_acquire(s, SIZE - 1), 0);
	KUNIT_EXPECT_EQ(test, goro_sema_try_acquire(s, 1), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_sema_try_acquire(s, 0), 0);
	KUNIT_EXPECT_EQ(test, goro_sema_acquire_until(s, 1, GORO_NOW), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_sema_acquire_until(s, 1, 1), -ETIMEDOUT);
	at = goro_in(SHORT_NS);
	KUNIT_EXPECT_EQ(test, goro_sema_acquire_until(s, 1, at), -ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get_ns(), at);
	KUNIT_EXPECT_EQ(test, s->held, SIZE);
	KUNIT_EXPECT_EQ(test, goro_sema_release(s, 1), 0);
	KUNIT_EXPECT_EQ(test, goro_sema_try_acquire(s, 1), 0);
	KUNIT_EXPECT_EQ(test, goro_sema_release(s, SIZE), 0);
	KUNIT_EXPECT_EQ(test, goro_sema_acquire_nocancel(s, SIZE), 0);
	KUNIT_EXPECT_EQ(test, goro_sema_release(s, SIZE), 0);
	expect_free(test);

	KUNIT_EXPECT_EQ(test, goro_sema_acquire(&static_sema, 2), 0);
	KUNIT_EXPECT_EQ(test, goro_sema_try_acquire(&static_sema, 1), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_sema_release(&static_sema, 2), 0);
}

/* TestWeightedDoesntBlockIfTooBig: what can never be had keeps nobody waiting */
static void too_big(struct kunit *test)
{
	struct goro_sema *s = &fx_of(test)->sema;

	KUNIT_EXPECT_EQ(test, goro_sema_acquire(s, SIZE + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_sema_acquire_until(s, LONG_MAX, NET), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_sema_try_acquire(s, SIZE + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_sema_acquire(s, -1), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_sema_acquire(s, LONG_MIN), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_sema_acquire(s, SIZE), 0);
	KUNIT_EXPECT_EQ(test, goro_sema_release(s, SIZE), 0);
	expect_free(test);
}

/* TestWeightedPanic: more is released than is held */
static void misuse(struct kunit *test)
{
	struct goro_sema *s = &fx_of(test)->sema;
	u64 misuses = goro_counter(GORO_C_MISUSE);

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, goro_sema_release(s, 1), -EINVAL);
		KUNIT_EXPECT_EQ(test, goro_sema_acquire(s, 2), 0);
		KUNIT_EXPECT_EQ(test, goro_sema_release(s, 3), -EINVAL);
		KUNIT_EXPECT_EQ(test, goro_sema_release(s, -1), -EINVAL);
		KUNIT_EXPECT_EQ(test, goro_sema_release(s, LONG_MIN), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_MISUSE) - misuses, 4ULL);
	KUNIT_EXPECT_EQ(test, s->held, 2L);
	KUNIT_EXPECT_EQ(test, goro_sema_release(s, 2), 0);
	expect_free(test);
}

/* what is held at a time never is more than there is */
static int hammer_fn(struct job *j)
{
	struct fx *f = j->f;
	long n = j->v;
	int i, bad = 0;

	for (i = 0; i < LOOPS; i++) {
		int err = i % 5 ? goro_sema_acquire(&f->sema, n) :
				  goro_sema_try_acquire(&f->sema, n);

		if (err == -EAGAIN)
			continue;
		if (err)
			return err;
		bad += atomic_add_return(n, &f->n) > SIZE;
		if (i % 8 == 0)
			goro_yield();
		atomic_sub(n, &f->n);
		if (goro_sema_release(&f->sema, n))
			return -EIO;
	}
	return bad;
}

/* TestWeighted; TestSemaphore and HammerSemaphore with those that want all of it */
static void hammer(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 10; i++) {
		job_set(f, i, hammer_fn, NULL)->v = i % 4 == 3 ? SIZE : 1 + i;
		job_start_who(test, &f->j[i]);
	}
	jobs_done(test, 10, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 0);
	expect_free(test);
}

/* TestLargeAcquireDoesntStarve: small ones that come and go do not pass a large one */
static int small_fn(struct job *j)
{
	struct fx *f = j->f;

	while (!READ_ONCE(f->flag)) {
		if (goro_sema_acquire(&f->sema, 1))
			return -EIO;
		atomic_inc(&f->n);
		goro_sleep(10 * NSEC_PER_USEC);
		if (goro_sema_release(&f->sema, 1))
			return -EIO;
	}
	return 0;
}

static void large_not_starved(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < SIZE; i++)
		job_start_who(test, job_set(f, i, small_fn, NULL));
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) >= SIZE));
	KUNIT_EXPECT_EQ(test, goro_sema_acquire_until(&f->sema, SIZE, NET), 0);
	WRITE_ONCE(f->flag, true);
	KUNIT_EXPECT_EQ(test, goro_sema_release(&f->sema, SIZE), 0);
	jobs_done(test, SIZE, 0);
	expect_free(test);
}

/* first come first served, whatever they want */
static void in_order(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct fx *f = fx_of(test);
	struct job *large, *small;

	fx_chan(test, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, goro_sema_acquire(&f->sema, SIZE), 0);
	large = wait_sema(test, 0, 8, who->send_thread);
	small = wait_sema(test, 1, 1, who->recv_thread);
	KUNIT_EXPECT_EQ(test, goro_sema_release(&f->sema, 5), 0);
	/* 5 are there: for the small one, too, but it stands behind */
	KUNIT_EXPECT_EQ(test, x_waiters(&f->sema), 2U);
	KUNIT_EXPECT_EQ(test, goro_sema_try_acquire(&f->sema, 1), -EAGAIN);
	KUNIT_EXPECT_EQ(test, f->sema.held, 5L);
	KUNIT_EXPECT_EQ(test, goro_sema_release(&f->sema, 3), 0);
	KUNIT_EXPECT_EQ(test, f->sema.held, 10L);
	KUNIT_EXPECT_EQ(test, x_waiters(&f->sema), 1U);
	KUNIT_EXPECT_EQ(test, goro_sema_release(&f->sema, 2), 0);
	KUNIT_EXPECT_EQ(test, f->sema.held, 9L);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) == 2));
	KUNIT_EXPECT_EQ(test, goro_chan_close(f->c[0]), 0);
	EXPECT_DONE(test, large, 0);
	EXPECT_DONE(test, small, 0);
	expect_free(test);
}

static int as_member(void *arg)
{
	struct job *j = arg;

	j->ret = j->fn(j);
	smp_store_release(&j->done, 1);	/* job_done() */
	return 0;
}

static int acquire_nocancel(struct job *j)
{
	int err = goro_sema_acquire_nocancel(&j->f->sema, j->v);

	return err ?: goro_sema_release(&j->f->sema, j->v);
}

/* TestAllocCancelDoesntStarve, TestWeightedAcquireCanceled: who stood behind gets its share */
static void cancel(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *large = job_set(f, 0, do_acquire, NULL);
	struct job *stays = job_set(f, 1, acquire_nocancel, NULL);
	struct job *small;

	fx_chan(test, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, goro_sema_acquire(&f->sema, 1), 0);
	large->v = SIZE;
	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, as_member, large), 0);
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->sema) == 1));
	KUNIT_EXPECT_TRUE(test, eventually(members_in(&f->other, GORO_R_SEMA) == 1));
	small = wait_sema(test, 2, 1, false);
	stays->v = SIZE;
	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, as_member, stays), 0);
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->sema) == 3));
	goro_group_cancel(&f->other);
	EXPECT_DONE(test, large, -ECANCELED);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) == 1));
	KUNIT_EXPECT_EQ(test, x_waiters(&f->sema), 1U);
	KUNIT_EXPECT_EQ(test, f->sema.held, 2L);
	KUNIT_EXPECT_EQ(test, goro_chan_close(f->c[0]), 0);
	EXPECT_DONE(test, small, 0);
	KUNIT_EXPECT_FALSE(test, job_done(stays));
	KUNIT_EXPECT_EQ(test, goro_sema_release(&f->sema, 1), 0);
	EXPECT_DONE(test, stays, 0);
	expect_free(test);
}

static int acquire_signalled(struct job *j)
{
	allow_signal(SIGUSR1);
	return do_acquire(j);
}

static void signals(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, acquire_signalled, NULL);

	KUNIT_ASSERT_EQ(test, goro_sema_acquire(&f->sema, SIZE), 0);
	j->v = 1;
	job_thread(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->sema) == 1));
	send_sig(SIGUSR1, j->task, 1);
	EXPECT_DONE(test, j, -EINTR);
	KUNIT_EXPECT_EQ(test, goro_sema_release(&f->sema, SIZE), 0);
	expect_free(test);
}

static int acquire_often(struct job *j)
{
	struct fx *f = j->f;
	long n = j->v;
	int i, bad = 0;

	for (i = 0; i < LOOPS; i++) {
		int err = goro_sema_acquire_until(&f->sema, n, goro_in(i % 7 * 2000 + 1000));

		if (err == -ETIMEDOUT)
			continue;
		if (err)
			return err;
		bad += atomic_add_return(n, &f->n) > SIZE;
		goro_yield();
		atomic_sub(n, &f->n);
		goro_sema_release(&f->sema, n);
	}
	return bad;
}

/* deadlines that pass as it is given: no share is lost or given twice */
static void deadline_races(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 8; i++) {
		job_set(f, i, acquire_often, NULL)->v = 1 + i;
		job_start_who(test, &f->j[i]);
	}
	jobs_done(test, 8, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 0);
	expect_free(test);
}

static int acquire_and_free(struct job *j)
{
	struct goro_sema *s = j->f->priv;
	int err = goro_sema_acquire(s, 1);

	memset(s, 0x5a, sizeof(*s));
	kfree(s);
	return err;
}

/* who gets its share frees it at once */
static void woken_frees(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 32; i++) {
		struct goro_sema *s = kmalloc(sizeof(*s), GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, s);
		goro_sema_init(s, 1);
		f->priv = s;
		KUNIT_EXPECT_EQ(test, goro_sema_try_acquire(s, 1), 0);
		job_start(test, job_set(f, i, acquire_and_free, NULL), who->recv_thread);
		KUNIT_ASSERT_TRUE(test, eventually(x_waiters(s) == 1));
		KUNIT_EXPECT_EQ(test, goro_sema_release(s, 1), 0);
		EXPECT_DONE(test, &f->j[i], 0);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(try_acquire),
	KUNIT_CASE(too_big),
	KUNIT_CASE(misuse),
	KUNIT_CASE_PARAM(hammer, who_gen_params),
	KUNIT_CASE_PARAM(large_not_starved, who_gen_params),
	KUNIT_CASE_PARAM(in_order, who_gen_params),
	KUNIT_CASE(cancel),
	KUNIT_CASE(signals),
	KUNIT_CASE_PARAM(deadline_races, who_gen_params),
	KUNIT_CASE_PARAM(woken_frees, who_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_sema",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
