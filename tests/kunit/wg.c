// SPDX-License-Identifier: GPL-2.0-only
/* Suite goro_wg: WaitGroup. Names in the comments are those of Go's tests (src/sync). */
#include "kunit.h"

static int wait_wg(struct job *j)
{
	return goro_wg_wait_until(&j->f->wg, j->deadline);
}

static int done_wg(struct job *j)
{
	if (j->v)
		goro_yield();
	atomic_inc(&j->f->n);
	return goro_wg_done(&j->f->wg);
}

static void zero_does_not_wait(struct kunit *test)
{
	struct goro_wg *wg = &fx_of(test)->wg;

	KUNIT_EXPECT_EQ(test, goro_wg_wait(wg), 0);
	KUNIT_EXPECT_EQ(test, goro_wg_wait_until(wg, GORO_NOW), 0);
	KUNIT_EXPECT_EQ(test, goro_wg_wait_until(wg, 1), 0);
	KUNIT_EXPECT_EQ(test, goro_wg_add(wg, 0), 0);
	KUNIT_EXPECT_EQ(test, goro_wg_wait(wg), 0);
}

static void counts(struct kunit *test)
{
	struct goro_wg *wg = &fx_of(test)->wg;
	u64 at;
	int i;

	KUNIT_EXPECT_EQ(test, goro_wg_add(wg, 3), 0);
	KUNIT_EXPECT_EQ(test, goro_wg_add(wg, 2), 0);
	KUNIT_EXPECT_EQ(test, goro_wg_add(wg, -1), 0);
	for (i = 4; i; i--) {
		KUNIT_EXPECT_EQ(test, wg->n, (long)i);
		KUNIT_EXPECT_EQ(test, goro_wg_wait_until(wg, GORO_NOW), -EAGAIN);
		KUNIT_EXPECT_EQ(test, goro_wg_wait_until(wg, 1), -ETIMEDOUT);
		at = goro_in(SHORT_NS);
		KUNIT_EXPECT_EQ(test, goro_wg_wait_until(wg, at), -ETIMEDOUT);
		KUNIT_EXPECT_GE(test, ktime_get_ns(), at);
		KUNIT_EXPECT_EQ(test, wg_waiters(wg), 0U);
		KUNIT_EXPECT_EQ(test, goro_wg_done(wg), 0);
	}
	KUNIT_EXPECT_EQ(test, goro_wg_wait(wg), 0);
}

/* TestWaitGroupMisuse: an error, a warning for the module's author, and nothing changes */
static void negative(struct kunit *test)
{
	struct goro_wg *wg = &fx_of(test)->wg;

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, goro_wg_done(wg), -EINVAL);
		KUNIT_EXPECT_EQ(test, wg->n, 0L);
		KUNIT_EXPECT_EQ(test, goro_wg_add(wg, 2), 0);
		KUNIT_EXPECT_EQ(test, goro_wg_add(wg, -3), -EINVAL);
		KUNIT_EXPECT_EQ(test, wg->n, 2L);
		KUNIT_EXPECT_EQ(test, goro_wg_add(wg, LONG_MIN), -EINVAL);
		KUNIT_EXPECT_EQ(test, wg->n, 2L);
	}
	KUNIT_EXPECT_EQ(test, goro_wg_add(wg, -2), 0);
	KUNIT_EXPECT_EQ(test, goro_wg_wait(wg), 0);
}

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

/* TestWaitGroup: the wait ends with the last, not before */
static void waits_for_last(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct fx *f = fx_of(test);
	int i;

	KUNIT_ASSERT_EQ(test, goro_wg_add(&f->wg, 20), 0);
	job_start(test, job_set(f, 0, wait_wg, NULL), who->recv_thread);
	KUNIT_ASSERT_TRUE(test, eventually(wg_waiters(&f->wg) == 1));
	for (i = 1; i <= 20; i++) {
		KUNIT_EXPECT_FALSE(test, job_done(&f->j[0]));
		KUNIT_EXPECT_EQ(test, f->wg.n, 21L - i);
		job_start(test, job_set(f, i, done_wg, NULL), who->send_thread);
		EXPECT_DONE(test, &f->j[i], 0);
	}
	EXPECT_DONE(test, &f->j[0], 0);
	KUNIT_EXPECT_EQ(test, wg_waiters(&f->wg), 0U);
}

static void many_waiters(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	KUNIT_ASSERT_EQ(test, goro_wg_add(&f->wg, 1), 0);
	for (i = 0; i < 50; i++)
		job_start(test, job_set(f, i, wait_wg, NULL), i % 5 == 4);
	KUNIT_ASSERT_TRUE(test, eventually(wg_waiters(&f->wg) == 50));
	/* up and down again without zero wakes nobody */
	KUNIT_EXPECT_EQ(test, goro_wg_add(&f->wg, 5), 0);
	KUNIT_EXPECT_EQ(test, goro_wg_add(&f->wg, -5), 0);
	KUNIT_EXPECT_EQ(test, wg_waiters(&f->wg), 50U);
	KUNIT_EXPECT_EQ(test, goro_wg_done(&f->wg), 0);
	jobs_done(test, 50, 0);
	KUNIT_EXPECT_EQ(test, wg_waiters(&f->wg), 0U);
}

/* a waiter that gives up leaves the others */
static void deadline_in_the_middle(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 at = goro_in(SHORT_NS);
	int i;

	KUNIT_ASSERT_EQ(test, goro_wg_add(&f->wg, 1), 0);
	for (i = 0; i < 12; i++) {
		job_set(f, i, wait_wg, NULL);
		if (i % 3 == 1)
			f->j[i].deadline = at;
		job_start(test, &f->j[i], i % 4 == 3);
	}
	for (i = 1; i < 12; i += 3)
		EXPECT_DONE(test, &f->j[i], -ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get_ns(), at);
	KUNIT_ASSERT_TRUE(test, eventually(wg_waiters(&f->wg) == 8));
	KUNIT_EXPECT_EQ(test, goro_wg_done(&f->wg), 0);
	for (i = 0; i < 12; i++)
		EXPECT_DONE(test, &f->j[i], i % 3 == 1 ? -ETIMEDOUT : 0);
}

#define ROUNDS	100

static int count_and_done(void *arg)
{
	struct fx *f = arg;

	atomic_inc(&f->n);
	return goro_wg_done(f->priv);
}

static int rounds(struct job *j)
{
	struct goro_wg wg;
	int r, i;

	for (r = 0; r < ROUNDS; r++) {
		/* it may go as soon as the wait is over: a new one each time */
		goro_wg_init(&wg);
		atomic_set(&j->f->n, 0);
		j->f->priv = &wg;
		if (goro_wg_add(&wg, 10))
			return -EIO;
		for (i = 0; i < 10; i++)
			if (goro_group_go(&j->f->other, count_and_done, j->f))
				return -EIO;
		if (goro_wg_wait(&wg) || atomic_read(&j->f->n) != 10)
			return -EIO;
		memset(&wg, 0x5a, sizeof(wg));
	}
	return 0;
}

/* the last done() touches nothing after it let the waiter go */
static void waiter_frees(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct fx *f = fx_of(test);

	job_start(test, job_set(f, 0, rounds, NULL), who->recv_thread);
	EXPECT_DONE(test, &f->j[0], 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
}

static int reuse_worker(void *arg)
{
	struct fx *f = arg;

	goro_yield();
	atomic_inc(&f->n);
	return goro_wg_done(&f->wg);
}

/* TestWaitGroup, testWaitGroup again with the same: one WaitGroup, round after round */
static void reuse(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int r, i;

	for (r = 1; r <= 50; r++) {
		KUNIT_ASSERT_EQ(test, goro_wg_add(&f->wg, 7), 0);
		for (i = 0; i < 7; i++)
			KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, reuse_worker, f), 0);
		KUNIT_ASSERT_EQ(test, goro_wg_wait_until(&f->wg, NET), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 7 * r);
		KUNIT_EXPECT_EQ(test, f->wg.n, 0L);
	}
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
}

static void wg_member(void *arg)
{
	struct fx *f = arg;

	atomic_inc(&f->n);
	if (f->flag)
		goro_exit();
}

static int go_and_wait(struct job *j)
{
	struct fx *f = j->f;
	int i;

	for (i = 0; i < 10; i++)
		if (goro_wg_go(&f->wg, wg_member, f))
			return -EIO;
	if (goro_wg_wait_until(&f->wg, j->deadline))
		return -EIO;
	return atomic_read(&f->n) == 10 ? 0 : -EIO;
}

/* TestWaitGroupGo; and goroutines that end by goro_exit() count as well */
static void starts_them(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct fx *f = fx_of(test);

	job_start(test, job_set(f, 0, go_and_wait, NULL), who->recv_thread);
	EXPECT_DONE(test, &f->j[0], 0);
	atomic_set(&f->n, 0);
	f->flag = true;
	job_start(test, job_set(f, 1, go_and_wait, NULL), who->send_thread);
	EXPECT_DONE(test, &f->j[1], 0);
	KUNIT_EXPECT_EQ(test, f->wg.n, 0L);
}

/* TestWaitGroupRace: what was done before the last done() is seen after the wait */
static int racer(void *arg)
{
	struct fx *f = arg;

	/* two of them, and no other order than the WaitGroup's */
	WRITE_ONCE(f->j[atomic_inc_return(&f->n) & 1].v, 1);
	return goro_wg_done(&f->wg);
}

static void race(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 1000; i++) {
		f->j[0].v = 0;
		f->j[1].v = 0;
		KUNIT_ASSERT_EQ(test, goro_wg_add(&f->wg, 2), 0);
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, racer, f), 0);
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, racer, f), 0);
		KUNIT_ASSERT_EQ(test, goro_wg_wait_until(&f->wg, NET), 0);
		KUNIT_EXPECT_EQ(test, f->j[0].v + f->j[1].v, 2ULL);
	}
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
}

/*
 * TestWaitGroupMisuse2, TestWaitGroupMisuse3: used again before the wait for the last
 * zero has returned: Go panics
 */
static void reuse_too_early(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 end = NET;
	int err, tries = 0;

	do {
		struct job *j = job_set(f, tries++ % JOBS, wait_wg, NULL);

		j->done = 0;
		KUNIT_ASSERT_EQ(test, goro_wg_add(&f->wg, 1), 0);
		job_go(test, j);
		KUNIT_ASSERT_TRUE(test, eventually(wg_waiters(&f->wg) == 1));
		kunit_warning_suppress(test) {
			KUNIT_EXPECT_EQ(test, goro_wg_done(&f->wg), 0);
			/* mostly faster than the waiter, which has to be woken */
			err = goro_wg_add(&f->wg, 1);
		}
		if (!err)
			KUNIT_EXPECT_EQ(test, goro_wg_done(&f->wg), 0);
		else
			KUNIT_EXPECT_EQ(test, err, -EBUSY);
		KUNIT_EXPECT_EQ(test, f->wg.n, 0L);
		EXPECT_DONE(test, j, 0);
	} while (!err && ktime_get_ns() < end);
	KUNIT_EXPECT_EQ(test, err, -EBUSY);
	/* and when it has it may */
	KUNIT_EXPECT_EQ(test, goro_wg_add(&f->wg, 1), 0);
	KUNIT_EXPECT_EQ(test, goro_wg_done(&f->wg), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(zero_does_not_wait),
	KUNIT_CASE(counts),
	KUNIT_CASE(negative),
	KUNIT_CASE_PARAM(waits_for_last, who_gen_params),
	KUNIT_CASE(many_waiters),
	KUNIT_CASE(deadline_in_the_middle),
	KUNIT_CASE_PARAM(waiter_frees, who_gen_params),
	KUNIT_CASE(reuse),
	KUNIT_CASE_PARAM(starts_them, who_gen_params),
	KUNIT_CASE(race),
	KUNIT_CASE(reuse_too_early),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_wg",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
