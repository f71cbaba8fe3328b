// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_block: calls that put the M to sleep. The proof that the others
 * run on is by counts: the sleepers are let go by what the others have done.
 * Suite goro_call_on_m_stack: deep calls on the M's own stack.
 */
#include <linux/cpumask.h>
#include "kunit.h"

/* the sleepers' net: further than those of all that is waited for while they sleep */
#define GO_NET	(3 * 60 * HZ)

static int block_until_go(void *arg)
{
	struct fx *f = arg;

	atomic_inc(&f->n2);
	goro_block_begin();
	if (!wait_for_completion_timeout(&f->go, GO_NET))
		atomic_inc(&f->bad);
	goro_block_end();
	/* it is a goroutine like any other again: it can park */
	goro_yield();
	if (goro_sleep(1000))
		atomic_inc(&f->bad);
	atomic64_inc(&f->sum);
	return 0;
}

static int count_some(void *arg)
{
	struct fx *f = arg;
	int i;

	for (i = 0; i < 10; i++) {
		goro_yield();
		if (goro_sleep(1000))
			atomic_inc(&f->bad);
	}
	atomic_inc(&f->n);
	return 0;
}

/* more sleepers than Ps; others start, park and end meanwhile */
static void others_run(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int blockers = 3 * goro_procs(), others = 20 * goro_procs(), i;

	for (i = 0; i < blockers; i++)
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, block_until_go, f), 0);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n2) == blockers));
	for (i = 0; i < others; i++)
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, count_some, f), 0);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) == others));
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->sum), 0LL);	/* all still blocked */
	complete_all(&f->go);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->sum), (s64)blockers);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

static void ends_inside(void *arg)
{
	struct fx *f = arg;

	goro_block_begin();
	usleep_range(1, 20);
	/* the compiler is not to know */
	if (atomic_inc_return(&f->n2) & 1)
		goro_exit();
}

/* one that ends between the brackets leaves nothing to the next ones on its M */
static void end_inside(struct kunit *test)
{
	struct fx *f = fx_of(test);
	unsigned int procs = goro_procs();
	int i;

	KUNIT_ASSERT_GE(test, goro_set_procs(1), 0);
	for (i = 0; i < 20; i++) {
		KUNIT_ASSERT_EQ(test, goro_go(ends_inside, f), 0);
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, count_some, f), 0);
	}
	complete_all(&f->go);
	for (i = 0; i < 20; i++)
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, block_until_go, f), 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	KUNIT_EXPECT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 20);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->sum), 20LL);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	KUNIT_EXPECT_GE(test, goro_set_procs(procs), 0);
}

static int queued_behind(void *arg)
{
	atomic_inc(&((struct fx *)arg)->n);
	return 0;
}

static int fill_and_block(void *arg)
{
	struct fx *f = arg;
	int i;

	/* all of these are in this P's own queues, one in runnext */
	for (i = 0; i < 100; i++)
		if (goro_group_go(&f->other, queued_behind, f))
			atomic_inc(&f->bad);
	return block_until_go(f);
}

/* TestSchedLocalQueueSteal: what the blocked one had queued is run by others */
static void queue_is_taken_over(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int n = goro_procs(), i;

	for (i = 0; i < n; i++)
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, fill_and_block, f), 0);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) == 100 * n));
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->sum), 0LL);
	complete_all(&f->go);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->sum), (s64)n);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

static int wakes_inside(struct job *j)
{
	u64 v = 5;
	int ret;

	goro_block_begin();
	ret = goro_chan_try_send(j->c, &v);
	if (!ret && !wait_for_completion_timeout(&j->f->go, GO_NET))
		ret = -ETIMEDOUT;
	goro_block_end();
	return ret;
}

/* inside the brackets the waking calls work */
static void wake_from_inside(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);

	job_go(test, job_set(f, 0, do_recv, c));
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 1));
	job_go(test, job_set(f, 1, wakes_inside, c));
	EXPECT_DONE(test, &f->j[0], 1);
	KUNIT_EXPECT_EQ(test, f->j[0].v, 5ULL);
	KUNIT_EXPECT_FALSE(test, job_done(&f->j[1]));
	complete_all(&f->go);
	EXPECT_DONE(test, &f->j[1], 0);
}

static int brackets(struct job *j)
{
	u64 sum = 0, v;
	int i;

	for (i = 0; i < 300; i++) {
		goro_block_begin();
		if (i % 16 == 0)
			usleep_range(1, 50);
		goro_block_end();
		v = i;
		if (j->v % 2 ? goro_chan_send_until(j->c, &v, j->deadline) :
		    goro_chan_recv_until(j->c, &v, j->deadline) != 1)
			return -EIO;
		if (j->v % 2 == 0)
			sum += v;
	}
	atomic64_add(sum, &j->f->sum);
	return 0;
}

/* in and out again all the time, with waits in between, on every CPU */
static void again_and_again(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 4);
	int i;

	for (i = 0; i < 32; i++) {
		job_set(f, i, brackets, c)->v = i;
		job_go(test, &f->j[i]);
	}
	jobs_done(test, 32, 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->sum), 16LL * 299 * 300 / 2);
	EXPECT_CHAN(test, c, 0, 0, 0);
}

static void thread_no_effect(struct kunit *test)
{
	goro_block_begin();
	usleep_range(1, 10);
	goro_block_end();
	KUNIT_EXPECT_FALSE(test, goro_in_goroutine());
}

static int spins_at_end(struct job *j)
{
	goro_block_begin();
	if (!wait_for_completion_timeout(&j->f->go, GO_NET))
		atomic_inc(&j->f->bad);
	goro_block_end();
	return 0;
}

static int busy(void *arg)
{
	struct fx *f = arg;
	u64 until = NET;

	while (!READ_ONCE(f->flag) && ktime_get_ns() < until)
		goro_yield();
	return 0;
}

/* back from the kernel while all Ps are busy: it queues and gets its turn */
static void end_when_busy(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 8; i++)
		job_go(test, job_set(f, i, spins_at_end, NULL));
	for (i = 0; i < 3 * goro_procs(); i++)
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, busy, f), 0);
	complete_all(&f->go);
	jobs_done(test, 8, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	WRITE_ONCE(f->flag, true);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
}

static struct kunit_case block_cases[] = {
	KUNIT_CASE(others_run),
	KUNIT_CASE(end_inside),
	KUNIT_CASE(queue_is_taken_over),
	KUNIT_CASE(wake_from_inside),
	KUNIT_CASE(again_and_again),
	KUNIT_CASE(thread_no_effect),
	KUNIT_CASE(end_when_busy),
	{}
};

static struct kunit_suite block_suite = {
	.name = "goro_block",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = block_cases,
};

/* ---- goro_call_on_m_stack() ------------------------------------------ */

struct deep {
	struct fx *f;
	unsigned long caller;	/* an address on the caller's stack */
	long seed;
	u64 v;
};

/* 6 KiB of frames: more than the goroutine's own stack has */
static noinline long deep(struct deep *d, int level)
{
	volatile long fill[64];	/* the frame must be there */
	int i;

	for (i = 0; i < ARRAY_SIZE(fill); i++)
		fill[i] = d->seed + level;
	if (level)
		return deep(d, level - 1) + fill[level] - d->seed;
	return fill[0];
}

static long on_m_stack(void *arg)
{
	struct deep *d = arg;
	unsigned long here = (unsigned long)&d;

	if (here - d->caller < 4096 || d->caller - here < 4096)
		atomic_inc(&d->f->bad);		/* still on its stack */
	if (goro_in_goroutine())
		atomic_inc(&d->f->bad);
	return deep(d, 11);
}

static int calls(struct job *j)
{
	struct deep d = { .f = j->f };
	long ret = 0;
	int i;

	d.caller = (unsigned long)&d;
	for (i = 0; i < 50; i++) {
		d.seed = i * 1000;
		ret = goro_call_on_m_stack(on_m_stack, &d);
		if (ret != d.seed + 66 || !goro_in_goroutine())
			return -EIO;
		goro_yield();
	}
	return 0;
}

static int job_small(void *arg)
{
	struct job *j = arg;

	j->ret = calls(j);
	smp_store_release(&j->done, 1);	/* job_done() */
	return 0;
}

static void result_and_depth(struct kunit *test)
{
	struct goro_attr attr = { .stack_size = 4096 };
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 16; i++)
		KUNIT_ASSERT_EQ(test, goro_group_go_attr(&f->other, job_small,
							 job_set(f, i, calls, NULL), &attr), 0);
	jobs_done(test, 16, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

static long sleeps_and_wakes(void *arg)
{
	struct job *j = arg;
	u64 v = j->v;

	usleep_range(10, 100);
	return goro_chan_send_until(j->c, &v, j->deadline);
}

static int call_sleeper(struct job *j)
{
	return goro_call_on_m_stack(sleeps_and_wakes, j);
}

/* it may sleep there, and goro's calls wait as a thread does */
static void sleep_there(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 8);
	u64 sum = 0;
	int i;

	for (i = 0; i < 8; i++) {
		job_set(f, i, call_sleeper, c)->v = i;
		job_go(test, &f->j[i]);
	}
	for (i = 0; i < 8; i++) {
		u64 v;

		KUNIT_ASSERT_EQ(test, goro_chan_recv_until(c, &v, NET), 1);
		sum += v;
	}
	KUNIT_EXPECT_EQ(test, sum, 28ULL);
	jobs_done(test, 8, 0);
}

static long plus_one(void *arg)
{
	return *(long *)arg + 1;
}

static void from_a_thread(struct kunit *test)
{
	long v = 41;

	KUNIT_EXPECT_EQ(test, goro_call_on_m_stack(plus_one, &v), 42L);
}

static struct kunit_case m_stack_cases[] = {
	KUNIT_CASE(result_and_depth),
	KUNIT_CASE(sleep_there),
	KUNIT_CASE(from_a_thread),
	{}
};

static struct kunit_suite m_stack_suite = {
	.name = "goro_call_on_m_stack",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = m_stack_cases,
};

kunit_test_suites(&block_suite, &m_stack_suite);
