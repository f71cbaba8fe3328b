// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_watchdog: what stands still is said once, and nothing else is. Looks are
 * made by hand: what is so in three of them is said. The clock, the switch and the log
 * are tests/watchdog's.
 */
#include "kunit.h"
#include "sched/sched.h"

#define LOOKS	3	/* after so many it is said */
#define SAID	(BIT(5) | BIT(6) | BIT(7))	/* of g->watch: ready, runs, asleep */

struct counts {
	u64 v[GORO_WATCH_MAX];
};

static struct counts counts(void)
{
	return (struct counts){ {
		goro_counter(GORO_C_WATCH_RUNNABLE), goro_counter(GORO_C_WATCH_RUNNING),
		goro_counter(GORO_C_WATCH_NO_M), goro_counter(GORO_C_WATCH_ASLEEP),
	} };
}

static void looks(int n)
{
	while (n--)
		goro_watchdog_look();
}

#define EXPECT_SAID(test, c0, ready, runs, asleep)					\
do {											\
	struct counts __c = counts();							\
											\
	KUNIT_EXPECT_EQ(test, __c.v[GORO_WATCH_RUNNABLE] - (c0).v[GORO_WATCH_RUNNABLE],	\
			(u64)(ready));							\
	KUNIT_EXPECT_EQ(test, __c.v[GORO_WATCH_RUNNING] - (c0).v[GORO_WATCH_RUNNING],	\
			(u64)(runs));							\
	KUNIT_EXPECT_EQ(test, __c.v[GORO_WATCH_ASLEEP] - (c0).v[GORO_WATCH_ASLEEP],	\
			(u64)(asleep));							\
	KUNIT_EXPECT_EQ(test, __c.v[GORO_WATCH_NO_M] - (c0).v[GORO_WATCH_NO_M], 0ULL);	\
} while (0)

/* How many of the members have these bits, and no others, of what was said? */
static u32 said(struct goro_group *grp, u8 bits)
{
	struct goro_g *g;
	u32 n = 0;

	spin_lock(&grp->lock);
	list_for_each_entry(g, &grp->members, member.node)
		n += (READ_ONCE(g->watch) & SAID) == bits;
	spin_unlock(&grp->lock);
	return n;
}

/* Computes, and lets threads have the CPU, but no goroutine. */
static int hog(struct job *j)
{
	atomic_inc(&j->f->n);
	while (!READ_ONCE(j->f->flag))
		cond_resched();
	return 0;
}

static int nothing(struct job *j)
{
	return 0;
}

/* One has the only P, the others wait for it: each is said once, as what it is. */
static void hog_and_ready(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct counts c0;
	int i;

	KUNIT_ASSERT_TRUE(test, fx_one_p());
	job_go(test, job_set(f, 0, hog, NULL));
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) == 1));
	for (i = 1; i < 13; i++)	/* more than are shown */
		job_go(test, job_set(f, i, nothing, NULL));
	c0 = counts();
	looks(LOOKS - 1);
	EXPECT_SAID(test, c0, 0, 0, 0);
	looks(1);
	EXPECT_SAID(test, c0, 12, 1, 0);
	KUNIT_EXPECT_EQ(test, said(&f->grp, BIT(6)), 1U);
	KUNIT_EXPECT_EQ(test, said(&f->grp, BIT(5)), 12U);
	looks(2 * LOOKS);
	EXPECT_SAID(test, c0, 12, 1, 0);
	WRITE_ONCE(f->flag, true);
	jobs_done(test, 13, 0);
	looks(LOOKS);
	EXPECT_SAID(test, c0, 12, 1, 0);
}

/* Without notifiers a sleep outside of the brackets keeps the P; in them it does not. */
static int sleeps_with_p(struct job *j)
{
	atomic_inc(&j->f->n);
	if (j->v)
		goro_block_begin();
	wait_for_completion(&j->f->go);
	if (j->v)
		goro_block_end();
	return 0;
}

static void sleeps(struct kunit *test)
{
	struct fx *f = fx_of(test);
	bool keeps = !IS_ENABLED(CONFIG_PREEMPT_NOTIFIERS);
	struct counts c0 = counts();
	int i;

	KUNIT_ASSERT_TRUE(test, fx_one_p());
	for (i = 0; i < 2; i++) {
		job_set(f, i, sleeps_with_p, NULL)->v = !i;
		job_go(test, &f->j[i]);
		KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) == i + 1));
		/* nobody waits for it */
		looks(LOOKS);
		EXPECT_SAID(test, c0, 0, 0, 0);
	}
	job_go(test, job_set(f, 2, nothing, NULL));
	looks(2 * LOOKS);
	EXPECT_SAID(test, c0, keeps, keeps, 0);
	complete_all(&f->go);
	jobs_done(test, 3, 0);
}

/* Yields, which is a scheduling point, and counts. */
static int yields(struct job *j)
{
	if (j->v)
		goro_lock_thread();
	while (!READ_ONCE(j->f->flag)) {
		goro_yield();
		atomic_inc(&j->f->n);
		WRITE_ONCE(j->order, j->order + 1);
		cond_resched();
	}
	if (j->v)
		goro_unlock_thread();
	return 0;
}

/* Who runs now and then is never said, however busy; one of them keeps its thread. */
static void healthy(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct counts c0 = counts();
	int i, n, last[6] = { 0 };

	KUNIT_ASSERT_TRUE(test, fx_one_p());
	for (i = 0; i < 6; i++) {
		job_set(f, i, yields, NULL)->v = i == 5;
		job_go(test, &f->j[i]);
	}
	for (n = 0; n < 4 * LOOKS; n++) {
		/* all of them have run twice since the last look: so each has come by one */
		for (i = 0; i < 6; i++) {
			KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(f->j[i].order) > last[i] + 1));
			last[i] = READ_ONCE(f->j[i].order);
		}
		looks(1);
	}
	WRITE_ONCE(f->flag, true);
	jobs_done(test, 6, 0);
	EXPECT_SAID(test, c0, 0, 0, 0);
}

/* receives on its channel; v: in a scope of the case's context */
static int waits(struct job *j)
{
	u64 v;

	return j->v ? goro_chan_recv_ctx(j->f->ctx, j->c, &v) :
		      goro_chan_recv_until(j->c, &v, j->deadline);
}

static int locks(struct job *j)
{
	int err = goro_mutex_lock(&j->f->m);

	if (!err)
		goro_mutex_unlock(&j->f->m);
	return err;
}

static void three_wait(struct kunit *test, u64 deadline, bool ctx)
{
	struct fx *f = fx_of(test);
	u32 n = members_in(&f->grp, GORO_R_RECV);
	int i;

	for (i = 0; i < 3; i++) {
		job_set(f, i, waits, i ? f->c[0] : f->c[1]);
		f->j[i].deadline = i ? GORO_FOREVER : deadline;
		f->j[i].v = !i && ctx;
		job_go(test, &f->j[i]);
	}
	KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_RECV) == n + 3));
}

/* All of a group wait on channels that nobody sends to: said once, of all of them. */
static void asleep(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct counts c0 = counts();

	fx_chan(test, 0, 8, 0);
	fx_chan(test, 1, 8, 0);
	three_wait(test, GORO_FOREVER, false);
	looks(LOOKS - 1);
	EXPECT_SAID(test, c0, 0, 0, 0);
	looks(1);
	EXPECT_SAID(test, c0, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, said(&f->grp, BIT(7)), 3U);
	looks(2 * LOOKS);
	EXPECT_SAID(test, c0, 0, 0, 1);
}

/* A context without a deadline arms nothing; a mutex's holder may be asleep, too. */
static void asleep_ctx(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct counts c0 = counts();

	fx_chan(test, 0, 8, 0);
	fx_chan(test, 1, 8, 0);
	f->ctx = goro_ctx_with_cancel(goro_ctx_background());
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->ctx);
	KUNIT_ASSERT_EQ(test, goro_mutex_lock(&f->m), 0);
	three_wait(test, GORO_FOREVER, true);
	job_go(test, job_set(f, 3, locks, NULL));
	KUNIT_EXPECT_TRUE(test, eventually(members_in(&f->grp, GORO_R_MUTEX) == 1));
	looks(LOOKS);
	EXPECT_SAID(test, c0, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, said(&f->grp, BIT(7)), 4U);
	goro_mutex_unlock(&f->m);
}

/* Three wait, one of them armed: nothing is said. */
static void not_asleep(struct kunit *test, u64 deadline, bool ctx)
{
	struct counts c0 = counts();

	three_wait(test, deadline, ctx);
	looks(2 * LOOKS);
	EXPECT_SAID(test, c0, 0, 0, 0);
}

static void armed_deadline(struct kunit *test)
{
	fx_chan(test, 0, 8, 0);
	fx_chan(test, 1, 8, 0);
	not_asleep(test, NET, false);
}

/* in a scope without a deadline inside of one with it; or when that was left */
static int waits_in_scopes(struct job *j)
{
	struct fx *f = j->f;

	if (j->order)
		return GORO_CTX_CALL(f->ctx2, GORO_CTX_CALL(f->ctx, waits(j)));
	return GORO_CTX_CALL(f->ctx2, 0) ?: waits(j);
}

static void armed_ctx(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct counts c0;
	int i;

	fx_chan(test, 0, 8, 0);
	fx_chan(test, 1, 8, 0);
	fx_chan(test, 2, 8, 0);
	fx_chan(test, 3, 8, 0);
	f->ctx = goro_ctx_with_deadline(goro_ctx_background(), NET);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->ctx);
	not_asleep(test, GORO_FOREVER, true);
	goro_chan_close(f->c[0]);
	goro_chan_close(f->c[1]);
	jobs_done(test, 3, 0);

	f->ctx2 = f->ctx;
	f->ctx = goro_ctx_with_cancel(goro_ctx_background());
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->ctx);
	for (i = 1; i >= 0; i--) {
		c0 = counts();
		memset(&f->j[i], 0, sizeof(f->j[i]));
		job_set(f, i, waits_in_scopes, f->c[i + 2])->deadline = GORO_FOREVER;
		f->j[i].order = i;
		job_go(test, &f->j[i]);
		KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_RECV) == 1));
		looks(2 * LOOKS);
		EXPECT_SAID(test, c0, 0, 0, !i);
		goro_chan_close(f->c[i + 2]);
		EXPECT_DONE(test, &f->j[i], 0);
	}
}

/* The channel could be the timer's. */
static void armed_timer(struct kunit *test)
{
	struct goro_chan *timer = goro_after(NET_NS);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, timer);
	fx_chan(test, 0, 8, 0);
	fx_chan(test, 1, 8, 0);
	not_asleep(test, GORO_FOREVER, false);
	goro_chan_put(timer);
}

/* A goroutine of the module, in another group, waits for what is not goro's. */
static int waits_outside(void *arg)
{
	struct fx *f = arg;

	return goro_wait_for_completion(&f->go);
}

static void armed_other(struct kunit *test)
{
	struct fx *f = fx_of(test);

	fx_chan(test, 0, 8, 0);
	fx_chan(test, 1, 8, 0);
	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, waits_outside, f), 0);
	KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->other, GORO_R_COMPLETION) == 1));
	not_asleep(test, GORO_FOREVER, false);
}

/* Two take turns, so that a look may find both waiting. */
static int turns(void *arg)
{
	struct fx *f = arg;
	int i = atomic_inc_return(&f->n2) - 1, ret = 1;
	u64 v = 0;

	do {
		if (!i)
			ret = goro_chan_send(f->c[2], &v) ?: 1;
		if (ret == 1)
			ret = goro_chan_recv(f->c[2 + !i], &v);
		if (i && ret == 1)
			ret = goro_chan_send(f->c[3], &v) ?: 1;
		atomic_inc(&f->n);
	} while (ret == 1);
	return 0;
}

static void others_take_turns(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct counts c0 = counts();
	int i, n;

	for (i = 0; i < CHANS; i++)
		fx_chan(test, i, 8, 0);
	three_wait(test, GORO_FOREVER, false);
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, turns, f), 0);
	for (i = 0; i < 4 * LOOKS; i++) {
		n = atomic_read(&f->n);
		KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) > n + 4));
		looks(1);
	}
	EXPECT_SAID(test, c0, 0, 0, 0);
}

/* A thread has sent to one of them before: it may again. */
static int waits_twice(struct job *j)
{
	u64 v;
	int ret = goro_chan_recv(j->c, &v);

	return ret == 1 ? goro_chan_recv(j->c, &v) : ret;
}

static void woken_before(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 2, 8, 0);
	u64 v = 1;

	fx_chan(test, 0, 8, 0);
	fx_chan(test, 1, 8, 0);
	job_go(test, job_set(f, 3, waits_twice, c));
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 1));
	KUNIT_ASSERT_EQ(test, goro_chan_send(c, &v), 0);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 1));
	not_asleep(test, GORO_FOREVER, false);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(hog_and_ready),
	KUNIT_CASE(sleeps),
	KUNIT_CASE(healthy),
	KUNIT_CASE(asleep),
	KUNIT_CASE(asleep_ctx),
	KUNIT_CASE(armed_deadline),
	KUNIT_CASE(armed_ctx),
	KUNIT_CASE(armed_timer),
	KUNIT_CASE(armed_other),
	KUNIT_CASE(others_take_turns),
	KUNIT_CASE(woken_before),
	{ }
};

static struct kunit_suite suite = {
	.name = "goro_watchdog",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
