// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_fair: on one P nobody waits for ever because of what has a better
 * place: a pair that readies each other by runnext, a ring that never gets empty.
 * Every 61st round is for the global queue or the ring's head.
 *
 * Rounds are counted, not time; those who would keep the others waiting give up
 * after a number of rounds that is far above what is promised.
 */
#include "kunit.h"

#define ROUND	61	/* GORO_FAIR of sched.h */
#define TURNS	4	/* of the one behind */
#define CROWD	700	/* more than two rings */

/* f->n2: how often the one behind has run */
static int behind(void *arg)
{
	struct fx *f = arg;

	while (atomic_inc_return(&f->n2) < TURNS)
		goro_yield();
	return 0;
}

static int echoes(void *arg)
{
	struct fx *f = arg;
	u64 v;

	while (goro_chan_recv(f->c[0], &v) == 1)
		if (goro_chan_send(f->c[1], &v))
			return -EIO;
	return 0;
}

/* Hops, each by way of runnext, until the one behind has had its turns; f->n counts them. */
static int hops(void *arg)
{
	struct fx *f = arg;
	int err = 0;
	u64 v = 0;

	while (atomic_read(&f->n) < 20 * ROUND && atomic_read(&f->n2) < TURNS) {
		err = goro_chan_send(f->c[0], &v);
		if (err || goro_chan_recv(f->c[1], &v) != 1)
			break;
		atomic_inc(&f->n);
	}
	goro_chan_close(f->c[0]);
	return err;
}

/* A pair with somebody else between its two: each takes runnext from the one before. */
static int starts_pair(struct job *j)
{
	struct goro_group *grp = &j->f->other;
	int err = goro_group_go(grp, echoes, j->f);

	if (!err)
		err = goro_group_go(grp, behind, j->f);
	return err ?: goro_group_go(grp, hops, j->f);
}

static int yields_once(void *arg)
{
	goro_yield();
	return 0;
}

/* TestPingPongHog */
static void pair_by_runnext(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 runnext;
	int i;

	/* the P has stacks for them: an M that makes one puts runnext into the ring meanwhile */
	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, yields_once, NULL), 0);
	KUNIT_ASSERT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	fx_chan(test, 0, 8, 0);
	fx_chan(test, 1, 8, 0);
	runnext = goro_counter(GORO_C_RUNNEXT);
	job_go(test, job_set(f, 0, starts_pair, NULL));
	EXPECT_DONE(test, &f->j[0], 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	/* its turns are each 61st round, and a hop is two; the first may have another before it */
	KUNIT_EXPECT_LE(test, atomic_read(&f->n), (TURNS + 1) * ROUND / 2);
	/* it was kept waiting, by the two: else this shows nothing */
	KUNIT_EXPECT_GT(test, atomic_read(&f->n), 2 * TURNS);
	KUNIT_EXPECT_GE(test, goro_counter(GORO_C_RUNNEXT), runnext + atomic_read(&f->n));
}

static int yields(void *arg)
{
	struct fx *f = arg;

	atomic_inc(&f->n);
	/* rounds are what all of them do together */
	while (atomic_read(&f->n) < CROWD && atomic64_inc_return(&f->sum) < 8LL * CROWD * ROUND)
		goro_yield();
	return 0;
}

static int starts_crowd(struct job *j)
{
	int i, err = 0;

	for (i = 0; i < CROWD && !err; i++)
		err = goro_group_go(&j->f->other, yields, j->f);
	return err;
}

/* the ring flows over, and is never empty: those in the global queue run nevertheless */
static void crowd_in_global(struct kunit *test)
{
	u64 over = goro_counter(GORO_C_OVERFLOW), global = goro_counter(GORO_C_GLOBAL);
	struct fx *f = fx_of(test);

	job_go(test, job_set(f, 0, starts_crowd, NULL));
	EXPECT_DONE(test, &f->j[0], 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), CROWD);
	KUNIT_EXPECT_LT(test, atomic64_read(&f->sum), 8LL * CROWD * ROUND);
	KUNIT_EXPECT_GT(test, goro_counter(GORO_C_OVERFLOW), over);
	KUNIT_EXPECT_GT(test, goro_counter(GORO_C_GLOBAL), global);
}

static int yields_on(struct job *j)
{
	struct fx *f = j->f;

	atomic_inc(&f->n);
	while (!atomic_read(&f->n2) && ktime_get_ns() < j->deadline)
		goro_yield();
	return atomic_read(&f->n2) ? 0 : -ETIMEDOUT;
}

static int comes(struct job *j)
{
	atomic_set(&j->f->n2, 1);
	return 0;
}

/* two that yield to each other for ever, and one from outside */
static void one_from_outside(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 2; i++) {
		job_set(f, i, yields_on, NULL)->deadline = NET;
		job_go(test, &f->j[i]);
	}
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) == 2));
	job_go(test, job_set(f, 2, comes, NULL));
	EXPECT_DONE(test, &f->j[2], 0);
	EXPECT_DONE(test, &f->j[0], 0);
	EXPECT_DONE(test, &f->j[1], 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(pair_by_runnext),
	KUNIT_CASE(crowd_in_global),
	KUNIT_CASE(one_from_outside),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_fair",
	.init = fx_init_one_p,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
