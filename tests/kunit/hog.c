// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_hog: goroutines that compute on and on, and goro_cond_yield(). One P is
 * active; who waits for it runs only if the hog lets him. (Those that do not call it
 * are preempted on x86-64 proper only: tests/hogs.)
 *
 * The names of Go's tests that show the same stand above the cases
 * (src/runtime/proc_test.go).
 */
#include "kunit.h"

/* until another goroutine has run; how often it has let others run */
static int computes(struct job *j)
{
	struct fx *f = j->f;
	u64 until = NET;
	int yields = 0;

	atomic_inc(&f->n2);
	while (!atomic_read(&f->n)) {
		yields += goro_cond_yield();
		if (ktime_get_ns() > until)
			return -ETIMEDOUT;
	}
	return yields;
}

static int runs(struct job *j)
{
	atomic_inc(&j->f->n);
	return 0;
}

static void hog(struct kunit *test, int (*fn)(struct job *j))
{
	struct fx *f = fx_of(test);
	u64 before = goro_counter(GORO_C_HOG_YIELD), asked = goro_counter(GORO_C_HOG_ASKED);
	struct job *j = job_set(f, 0, fn, NULL);

	job_go(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n2)));
	job_go(test, job_set(f, 1, runs, NULL));
	EXPECT_DONE(test, &f->j[1], 0);
	KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
	KUNIT_EXPECT_GT(test, j->ret, 0L);
	KUNIT_EXPECT_GT(test, goro_counter(GORO_C_HOG_YIELD), before);
	KUNIT_EXPECT_GT(test, goro_counter(GORO_C_HOG_ASKED), asked);
}

/*
 * TestPreemption, TestPreemptSplitBig; TestPreemptionGC and TestAsyncPreempt, too, where the loop
 * has to ask: tests/hogs has those that do not.
 */
static void cond_yield(struct kunit *test)
{
	hog(test, computes);
}

static int computes_locked(struct job *j)
{
	int ret;

	goro_lock_thread();
	ret = computes(j);
	goro_unlock_thread();
	return ret;
}

/* one that keeps its thread lets others run, too, and has the P back afterwards */
static void cond_yield_locked(struct kunit *test)
{
	hog(test, computes_locked);
}

/* after a call that blocked, where no notifier says that it is back */
static int computes_after_sleep(struct job *j)
{
	goro_block_begin();
	usleep_range(20, 100);
	goro_block_end();
	return computes(j);
}

static void cond_yield_after_sleep(struct kunit *test)
{
	hog(test, computes_after_sleep);
}

static int asks(struct job *j)
{
	u64 until = goro_in(50 * NSEC_PER_MSEC);

	while (ktime_get_ns() < until)
		goro_cond_yield();
	return 0;
}

/* where nobody waits for its P it keeps it, however long it computes */
static void nobody_waits(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 before = goro_counter(GORO_C_HOG_YIELD);

	job_go(test, job_set(f, 0, asks, NULL));
	EXPECT_DONE(test, &f->j[0], 0);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_HOG_YIELD), before);
}

/* in a thread it is cond_resched() */
static void in_thread(struct kunit *test)
{
	u64 before = goro_counter(GORO_C_MISUSE), yields = goro_counter(GORO_C_HOG_YIELD);

	goro_cond_yield();
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_MISUSE), before);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_HOG_YIELD), yields);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(cond_yield),
	KUNIT_CASE(cond_yield_locked),
	KUNIT_CASE(cond_yield_after_sleep),
	KUNIT_CASE(nobody_waits),
	KUNIT_CASE(in_thread),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_hog",
	.init = fx_init_one_p,
	.exit = fx_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
