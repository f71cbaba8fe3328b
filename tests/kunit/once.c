// SPDX-License-Identifier: GPL-2.0-only
/* Suite goro_once: Once. Names in the comments are those of Go's tests (src/sync). */
#include <linux/sched/signal.h>
#include "kunit.h"

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

static void count_fn(void *arg)
{
	atomic_inc(&((struct fx *)arg)->n);
}

static int do_once(struct job *j)
{
	int err = goro_once_do_until(&j->f->once, count_fn, j->f, j->deadline);

	return err ?: atomic_read(&j->f->n) == 1 ? 0 : -EIO;
}

/* TestOnce: many at a time; each returns when it has run, once */
static void many(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 12; i++)
		job_start_who(test, job_set(f, i, do_once, NULL));
	jobs_done(test, 12, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 1);
}

/* stays in the function until the case lets it go on */
static void slow_fn(void *arg)
{
	struct fx *f = arg;

	atomic_inc(&f->n2);
	goro_chan_recv(f->c[0], NULL);
	atomic_inc(&f->n);
	if (f->flag)
		goro_exit();
}

static int slow_once(struct job *j)
{
	return goro_once_do(&j->f->once, slow_fn, j->f);
}

/* the one that runs it is in the function; i waiters wait */
static void start_slow(struct kunit *test, bool thread)
{
	struct fx *f = fx_of(test);

	fx_chan(test, 0, 0, 0);
	job_start(test, job_set(f, 0, slow_once, NULL), thread);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(f->c[0]) == 1));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n2), 1);
}

static struct job *wait_once(struct kunit *test, int i, bool thread)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, i, do_once, NULL);
	u32 n = x_waiters(&f->once);

	job_start(test, j, thread);
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->once) == n + 1));
	return j;
}

/* the others wait for the first one's end, also those who may wait in parts only */
static void others_wait(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct fx *f = fx_of(test);
	int i;

	start_slow(test, who->send_thread);
	for (i = 1; i < 8; i++)
		wait_once(test, i, i % 2 ? who->recv_thread : false);
	KUNIT_EXPECT_EQ(test, goro_once_do_until(&f->once, count_fn, f, GORO_NOW), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_once_do_until(&f->once, count_fn, f, 1), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, goro_once_do_until(&f->once, count_fn, f, goro_in(SHORT_NS)),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, x_waiters(&f->once), 7U);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_FALSE(test, job_done(&f->j[i]));
	KUNIT_EXPECT_EQ(test, goro_chan_close(f->c[0]), 0);
	jobs_done(test, 8, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 1);
	KUNIT_EXPECT_EQ(test, x_waiters(&f->once), 0U);
	KUNIT_EXPECT_EQ(test, goro_once_do_until(&f->once, count_fn, f, GORO_NOW), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 1);
}

/* TestOncePanic: a function that ends its goroutine has run, and the others go on */
static void exits(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j;

	f->flag = true;
	start_slow(test, false);
	j = wait_once(test, 1, false);
	wait_once(test, 2, true);
	KUNIT_EXPECT_EQ(test, goro_chan_close(f->c[0]), 0);
	EXPECT_DONE(test, j, 0);
	EXPECT_DONE(test, &f->j[2], 0);
	KUNIT_EXPECT_TRUE(test, eventually(goro_num() == f->num0));
	/* it has not returned */
	KUNIT_EXPECT_FALSE(test, job_done(&f->j[0]));
	KUNIT_EXPECT_EQ(test, goro_once_do(&f->once, count_fn, f), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 1);
}

static DEFINE_GORO_ONCE(static_once);

/* one in the other, each ended by the same goro_exit() */
static void inner_fn(void *arg)
{
	atomic_inc(&((struct fx *)arg)->n);
	goro_exit();
}

static void outer_fn(void *arg)
{
	struct goro_once done;

	/* one that returned is no longer of interest to the exit */
	goro_once_init(&done);
	goro_once_do(&done, count_fn, arg);
	goro_once_do(&static_once, inner_fn, arg);
	atomic_inc(&((struct fx *)arg)->bad);
}

static int nested_once(struct job *j)
{
	return goro_once_do(&j->f->once, outer_fn, j->f);
}

static void exits_nested(struct kunit *test)
{
	struct fx *f = fx_of(test);

	goro_once_init(&static_once);
	job_go(test, job_set(f, 0, nested_once, NULL));
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->grp, NET), 0);
	KUNIT_EXPECT_FALSE(test, job_done(&f->j[0]));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	KUNIT_EXPECT_EQ(test, goro_once_do(&f->once, count_fn, f), 0);
	KUNIT_EXPECT_EQ(test, goro_once_do(&static_once, count_fn, f), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 2);
}

static int as_member(void *arg)
{
	struct job *j = arg;

	j->ret = j->fn(j);
	smp_store_release(&j->done, 1);	/* job_done() */
	return 0;
}

/* the wait of one that is cancelled ends, the function runs on */
static void cancel(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 1, do_once, NULL);

	start_slow(test, false);
	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, as_member, j), 0);
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->once) == 1));
	KUNIT_EXPECT_TRUE(test, eventually(members_in(&f->other, GORO_R_ONCE) == 1));
	wait_once(test, 2, false);
	goro_group_cancel(&f->other);
	EXPECT_DONE(test, j, -ECANCELED);
	KUNIT_EXPECT_EQ(test, x_waiters(&f->once), 1U);
	KUNIT_EXPECT_EQ(test, goro_chan_close(f->c[0]), 0);
	EXPECT_DONE(test, &f->j[2], 0);
	EXPECT_DONE(test, &f->j[0], 0);
}

static int once_signalled(struct job *j)
{
	allow_signal(SIGUSR1);
	return do_once(j);
}

static void signals(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 1, once_signalled, NULL);

	start_slow(test, false);
	job_thread(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->once) == 1));
	send_sig(SIGUSR1, j->task, 1);
	EXPECT_DONE(test, j, -EINTR);
	KUNIT_EXPECT_EQ(test, goro_chan_close(f->c[0]), 0);
	EXPECT_DONE(test, &f->j[0], 0);
}

static void again_fn(void *arg)
{
	struct fx *f = arg;

	atomic_set(&f->n2, goro_once_do(&f->once, count_fn, f));
}

/* the function calls it: Go deadlocks, here it is told */
static void recursive(struct kunit *test)
{
	struct fx *f = fx_of(test);

	kunit_warning_suppress(test)
		KUNIT_EXPECT_EQ(test, goro_once_do(&f->once, again_fn, f), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n2), -EDEADLK);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 0);
}

static int value_fn(void *arg)
{
	return atomic_inc_return(&((struct fx *)arg)->n) == 1 ? 42 : -EIO;
}

static int failing_fn(void *arg)
{
	atomic_inc(&((struct fx *)arg)->n);
	return -EXDEV;
}

static int exiting_fn(void *arg)
{
	atomic_inc(&((struct fx *)arg)->n);
	goro_exit();
}

static int do_value(struct job *j)
{
	return goro_once_call(&j->f->once, value_fn, j->f);
}

static int do_exiting(struct job *j)
{
	return goro_once_call(&j->f->once, exiting_fn, j->f);
}

/* TestOnceFunc, TestOnceValue, TestOnceValues: each call gets what the one that ran returned */
static void value(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 12; i++)
		job_start_who(test, job_set(f, i, do_value, NULL));
	jobs_done(test, 12, 42);
	KUNIT_EXPECT_EQ(test, goro_once_call(&f->once, value_fn, f), 42);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 1);
}

/* TestOnceFuncPanic, TestOnceFuncGoexit: so with its failures */
static void failing(struct kunit *test)
{
	struct fx *f = fx_of(test);

	KUNIT_EXPECT_EQ(test, goro_once_call(&f->once, failing_fn, f), -EXDEV);
	KUNIT_EXPECT_EQ(test, goro_once_call(&f->once, failing_fn, f), -EXDEV);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 1);
	goro_once_init(&f->once);
	job_go(test, job_set(f, 0, do_exiting, NULL));
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->grp, NET), 0);
	KUNIT_EXPECT_EQ(test, goro_once_call(&f->once, failing_fn, f), -ENODATA);
	KUNIT_EXPECT_EQ(test, goro_once_call(&f->once, failing_fn, f), -ENODATA);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(many, who_gen_params),
	KUNIT_CASE_PARAM(others_wait, who_gen_params),
	KUNIT_CASE(exits),
	KUNIT_CASE(exits_nested),
	KUNIT_CASE(cancel),
	KUNIT_CASE(signals),
	KUNIT_CASE(recursive),
	KUNIT_CASE_PARAM(value, who_gen_params),
	KUNIT_CASE(failing),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_once",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
