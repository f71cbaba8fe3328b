// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_deadline: the queues of deadlines (sched/deadline.c), through waits that
 * have one. What the calls say of a deadline is in the suites of the calls.
 */
#include <linux/slab.h>
#include "kunit.h"

#define SLEEPERS	1000
#define LOOPS		2000

static u64 starts(void)
{
	return goro_counter(GORO_C_DEADLINE_ARM);
}

static u64 batches(void)
{
	return goro_counter(GORO_C_DEADLINE_BATCH);
}

static int sleep_past(struct job *j)
{
	int i, err = 0;

	for (i = 0; i < LOOPS && !err; i++)
		err = goro_sleep_until(j->deadline);
	return err;
}

/*
 * A deadline that has passed ends the wait, and starts no timer. (Half of them at least:
 * where the timer is about to go off, it is left to that. And a timer that others have
 * left may go off, once on each CPU, and be set again.)
 */
static void past(struct kunit *test)
{
	u64 n0 = goro_counter(GORO_C_DEADLINE_PAST), starts0 = starts();
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, sleep_past, NULL);

	j->deadline = goro_in(0);
	job_go(test, j);
	EXPECT_DONE(test, j, 0);
	KUNIT_EXPECT_GE(test, goro_counter(GORO_C_DEADLINE_PAST) - n0, (u64)LOOPS / 2);
	KUNIT_EXPECT_LE(test, starts() - starts0, (u64)num_online_cpus());
}

static void sleep_until(void *arg)
{
	struct fx *f = arg;

	atomic_inc(&f->n);
	if (goro_sleep_until(atomic64_read(&f->sum)) || goro_in(0) < (u64)atomic64_read(&f->sum))
		atomic_inc(&f->bad);
	goro_wg_done(&f->wg);
}

/* Sleepers until one moment are woken together: not by an interrupt, a lock, a wakeup each. */
static void together(struct kunit *test)
{
	struct goro_attr attr = { .name = "sleeper", .stack_size = 8192 };
	struct fx *f = fx_of(test);
	u64 after, n0 = 0, wait;
	bool in_time = false;
	int i;

	/* longer and longer, until all of them sleep before it */
	for (wait = 100 * NSEC_PER_MSEC; !in_time && wait < NET_NS; wait *= 2) {
		atomic_set(&f->n, 0);
		atomic64_set(&f->sum, goro_in(wait));
		n0 = batches();
		for (i = 0; i < SLEEPERS; i++) {
			goro_wg_add(&f->wg, 1);
			if (goro_go_attr(sleep_until, f, &attr)) {
				goro_wg_done(&f->wg);
				break;
			}
		}
		KUNIT_ASSERT_EQ(test, i, SLEEPERS);
		KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) == SLEEPERS));
		after = goro_in(0);
		in_time = after + wait / 4 < (u64)atomic64_read(&f->sum);
		KUNIT_ASSERT_EQ(test, goro_wg_wait_until(&f->wg, NET), 0);
	}
	KUNIT_ASSERT_TRUE(test, in_time);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	KUNIT_EXPECT_LE(test, batches() - n0, (u64)SLEEPERS / 4);
	KUNIT_EXPECT_GT(test, batches() - n0, 0ULL);
}

static int recv_in_time(struct job *j)
{
	u64 v;
	int i;

	for (i = 0; i < LOOPS; i++)
		if (goro_chan_recv_until(j->c, &v, NET) != 1 || v != i)
			return -EIO;
	return 0;
}

static int send_all(struct job *j)
{
	u64 v;

	for (v = 0; v < LOOPS; v++)
		if (goro_chan_send_until(j->c, &v, NET))
			return -EIO;
	return 0;
}

/*
 * Deadlines that do not come, each later than the last: the timer is not started for
 * each, nor for those that are given up.
 */
static void given_up(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct job *r = job_set(f, 0, recv_in_time, c), *s = job_set(f, 1, send_all, c);
	u64 starts0 = starts(), parks0 = goro_counter(GORO_C_PARK);

	job_go(test, r);
	job_go(test, s);
	EXPECT_DONE(test, r, 0);
	EXPECT_DONE(test, s, 0);
	KUNIT_EXPECT_GT(test, goro_counter(GORO_C_PARK) - parks0, (u64)LOOPS / 2);
	KUNIT_EXPECT_LE(test, starts() - starts0, (u64)LOOPS / 10);
}

static int mixed(struct job *j)
{
	u32 rnd = j - j->f->j;
	u64 i, at;
	int ret;

	for (i = 0; i < LOOPS / 10; i++) {
		rnd = rnd * 1664525 + 1013904223;
		at = (rnd >> 8) % 7 ? (rnd >> 8) % 300000 : rnd % 3 ? 0 : 20 * NSEC_PER_MSEC;
		at = goro_in(at);
		if (rnd & BIT(30))
			ret = goro_chan_send_until(j->c, &i, at);
		else
			ret = goro_chan_recv_until(j->c, NULL, at);
		if (ret == -ETIMEDOUT && goro_in(0) < at)
			return -ETIME;
		if (ret < 0 && ret != -ETIMEDOUT)
			return ret;
		if (rnd & BIT(29))
			goro_sleep(rnd % 100000);
	}
	return 0;
}

/* Deadlines in any order, reached and not, on all Ps: none is early, none is missed. */
static void any_order(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 1);
	u64 late0 = goro_counter(GORO_C_WAKE_TIMEOUT);
	int i;

	for (i = 0; i < JOBS; i++)
		job_go(test, job_set(f, i, mixed, c));
	for (i = 0; i < JOBS; i++)
		EXPECT_DONE(test, &f->j[i], 0);
	KUNIT_EXPECT_GT(test, goro_counter(GORO_C_WAKE_TIMEOUT), late0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(past),
	KUNIT_CASE(together),
	KUNIT_CASE(given_up),
	KUNIT_CASE(any_order),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_deadline",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
