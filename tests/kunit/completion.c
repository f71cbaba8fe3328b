// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_completion: a goroutine that waits for a completion keeps its M;
 * the P goes to another one, which is shown by what other goroutines do.
 */
#include <linux/completion.h>
#include <linux/sched/signal.h>
#include "kunit.h"

static struct completion *comp(struct kunit *test)
{
	struct completion *x = kunit_kzalloc(test, sizeof(*x), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, x);
	init_completion(x);
	fx_of(test)->priv = x;
	return x;
}

static u32 queued(struct completion *x)
{
	u32 n;

	raw_spin_lock_irq(&x->wait.lock);
	n = fx_count(&x->wait.task_list);
	raw_spin_unlock_irq(&x->wait.lock);
	return n;
}

static int waits(struct job *j)
{
	return goro_wait_for_completion_until(j->f->priv, j->deadline);
}

static int waits_forever(struct job *j)
{
	return goro_wait_for_completion(j->f->priv);
}

static int waits_nocancel(struct job *j)
{
	allow_signal(SIGUSR1);
	return goro_wait_for_completion_nocancel(j->f->priv, j->deadline);
}

static int waits_signalled(struct job *j)
{
	allow_signal(SIGUSR1);
	return waits(j);
}

static int values(struct job *j)
{
	struct completion *x = j->f->priv;
	u64 at;

	if (goro_wait_for_completion_until(x, GORO_NOW) != -EAGAIN ||
	    goro_wait_for_completion_nocancel(x, GORO_NOW) != -EAGAIN ||
	    goro_wait_for_completion_until(x, 1) != -ETIMEDOUT)
		return -1;
	at = goro_in(SHORT_NS);
	if (goro_wait_for_completion_until(x, at) != -ETIMEDOUT || ktime_get_ns() < at)
		return -2;
	at = goro_in(SHORT_NS);
	if (goro_wait_for_completion_nocancel(x, at) != -ETIMEDOUT || ktime_get_ns() < at)
		return -3;
	complete(x);
	complete(x);
	complete(x);
	if (goro_wait_for_completion(x) || goro_wait_for_completion_until(x, GORO_NOW) ||
	    goro_wait_for_completion_nocancel(x, 1))
		return -4;
	/* three were used up */
	if (goro_wait_for_completion_until(x, GORO_NOW) != -EAGAIN)
		return -5;
	/* it can park again */
	goro_yield();
	return goro_sleep(1000);
}

static void without_wait(struct kunit *test)
{
	struct completion *x = comp(test);
	struct fx *f = fx_of(test);

	job_go(test, job_set(f, 0, values, NULL));
	EXPECT_DONE(test, &f->j[0], 0);
	job_thread(test, job_set(f, 1, values, NULL));
	EXPECT_DONE(test, &f->j[1], 0);
	KUNIT_EXPECT_EQ(test, queued(x), 0U);
}

static int bystander(struct job *j)
{
	int i;

	for (i = 0; i < 20; i++) {
		goro_yield();
		if (goro_sleep(1000))
			return -EIO;
	}
	return 0;
}

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

/* more waiters than Ps; others run meanwhile; complete() lets go one each */
static void wakes(struct kunit *test)
{
	const struct who *who = test->param_value;
	u64 bound = goro_counter(GORO_C_PARK_BOUND);
	struct completion *x = comp(test);
	struct fx *f = fx_of(test);
	int i, gs = 0, done;

	for (i = 0; i < 24; i++) {
		bool thread = i % 2 ? who->recv_thread : who->send_thread;

		job_start(test, job_set(f, i, i % 3 ? waits : waits_forever, NULL), thread);
		gs += !thread;
	}
	KUNIT_ASSERT_TRUE(test, eventually(queued(x) == 24));
	KUNIT_EXPECT_EQ(test, members_in(&f->grp, GORO_R_COMPLETION), (u32)gs);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_PARK_BOUND) - bound, (u64)gs);
	for (i = 24; i < 44; i++)
		job_go(test, job_set(f, i, bystander, NULL));
	for (i = 24; i < 44; i++)
		EXPECT_DONE(test, &f->j[i], 0);
	for (i = 1; i <= 4; i++) {
		int k;

		complete(x);
		KUNIT_ASSERT_TRUE(test, eventually(({
			for (done = 0, k = 0; k < 24; k++)
				done += job_done(&f->j[k]);
			done == i; })));
		/* one that was about to look may have taken it: who was woken comes back */
		KUNIT_EXPECT_TRUE(test, eventually(queued(x) == 24 - i));
	}
	complete_all(x);
	jobs_done(test, 24, 0);
}

static int cancelled_before(struct job *j)
{
	struct completion *x = j->f->priv;
	int ret;

	while (!goro_cancelled())
		goro_yield();
	ret = waits(j);
	if (ret != -ECANCELED)
		return ret;
	if (goro_wait_for_completion_nocancel(x, goro_in(SHORT_NS)) != -ETIMEDOUT)
		return -EIO;
	return -ECANCELED;
}

static void cancel(struct kunit *test)
{
	struct completion *x = comp(test);
	struct fx *f = fx_of(test);

	job_go(test, job_set(f, 0, waits, NULL));
	job_go(test, job_set(f, 1, waits_forever, NULL));
	job_go(test, job_set(f, 2, waits_nocancel, NULL));
	/* they wait before they are in the queue */
	KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_COMPLETION) == 3 &&
					   queued(x) == 3));
	job_go(test, job_set(f, 3, cancelled_before, NULL));
	goro_group_cancel(&f->grp);
	jobs_done(test, 2, -ECANCELED);
	EXPECT_DONE(test, &f->j[3], -ECANCELED);
	KUNIT_EXPECT_FALSE(test, job_done(&f->j[2]));
	KUNIT_EXPECT_EQ(test, queued(x), 1U);
	complete(x);
	EXPECT_DONE(test, &f->j[2], 0);
	KUNIT_EXPECT_EQ(test, x->done, 0U);
}

static void signals(struct kunit *test)
{
	struct completion *x = comp(test);
	struct fx *f = fx_of(test);

	job_thread(test, job_set(f, 0, waits_signalled, NULL));
	job_thread(test, job_set(f, 1, waits_nocancel, NULL));
	KUNIT_ASSERT_TRUE(test, eventually(queued(x) == 2));
	send_sig(SIGUSR1, f->j[0].task, 1);
	send_sig(SIGUSR1, f->j[1].task, 1);
	EXPECT_DONE(test, &f->j[0], -EINTR);
	KUNIT_EXPECT_EQ(test, queued(x), 1U);
	KUNIT_EXPECT_FALSE(test, job_done(&f->j[1]));
	complete(x);
	EXPECT_DONE(test, &f->j[1], 0);
}

static int waits_often(struct job *j)
{
	int i, ret;

	for (i = 0; !READ_ONCE(j->f->flag); i++) {
		ret = goro_wait_for_completion_until(j->f->priv, goro_in(i % 8 * 3000));
		if (!ret)
			atomic_inc(&j->f->n);
		else if (ret == -ETIMEDOUT || ret == -EAGAIN)
			atomic_inc(&j->f->n2);
		else
			return ret;
		/* the next wait is a park: nothing of this one may end it */
		if (goro_sleep(1000))
			return -EIO;
	}
	return 0;
}

/* has no deadline: what another one swallowed would leave it asleep */
static int waits_rest(struct job *j)
{
	while (!goro_wait_for_completion(j->f->priv)) {
		if (READ_ONCE(j->f->flag))
			return 0;
		atomic_inc(&j->f->n);
	}
	return -EIO;
}

/* completions, deadlines and waits race: each complete() lets exactly one go */
static void races(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct completion *x = comp(test);
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 5; i++)
		job_start(test, job_set(f, i, waits_often, NULL),
			  i % 2 ? who->recv_thread : who->send_thread);
	job_start(test, job_set(f, 5, waits_rest, NULL), who->recv_thread);
	for (i = 0; i < 1000; i++) {
		complete(x);
		if (i % 4 == 0)
			KUNIT_ASSERT_TRUE(test, eventually(!READ_ONCE(x->done)));
	}
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) == 1000));
	/* those that may fail may have stood still all the time */
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n2) > 0));
	WRITE_ONCE(f->flag, true);
	complete_all(x);
	jobs_done(test, 6, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(without_wait),
	KUNIT_CASE_PARAM(wakes, who_gen_params),
	KUNIT_CASE(cancel),
	KUNIT_CASE(signals),
	KUNIT_CASE_PARAM(races, who_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_completion",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
