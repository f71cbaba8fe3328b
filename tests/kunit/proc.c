// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_proc: what Go's scheduler promises and src/runtime/proc_test.go tests:
 * who is always ready keeps neither timers nor others off, and what is ready runs at
 * the same time as far as there are Ps. Ps and threads themselves are in runtime.c.
 */
#include "kunit.h"

/* c[0] is what two always offer, until c[1] is closed */
static int offers(struct job *j)
{
	struct fx *f = j->f;
	u64 v = 1;

	for (;;) {
		struct goro_case cases[] = { GORO_SEND(f->c[0], &v), GORO_RECV(f->c[1], NULL) };
		int i = goro_select_until(cases, 2, j->deadline);

		if (i)
			return i == 1 ? 0 : i;
	}
}

static int takes_until_timer(struct job *j)
{
	struct fx *f = j->f;
	u64 wait;
	int i;

	/* a timer that wins the very first select has shown nothing: then a longer one */
	for (wait = 2 * NSEC_PER_MSEC; wait < NET_NS; wait *= 2) {
		struct goro_chan *timer = goro_after(wait);

		if (IS_ERR(timer))
			return PTR_ERR(timer);
		atomic_set(&f->n, 0);
		do {
			struct goro_case cases[] = {
				GORO_RECV(f->c[0], NULL), GORO_RECV(timer, NULL),
			};

			i = goro_select_until(cases, 2, j->deadline);
			atomic_inc(&f->n);
		} while (!i);
		goro_chan_put(timer);
		if (i != 1 || atomic_read(&f->n) > 1)
			break;
	}
	goro_chan_close(f->c[1]);
	return i == 1 ? 0 : i;
}

/* TestTimerFairness: what is always ready does not keep a timer off */
static void timer_fairness(struct kunit *test)
{
	struct fx *f = fx_of(test);

	KUNIT_ASSERT_TRUE(test, fx_one_p());
	fx_chan(test, 0, 8, 0);
	fx_chan(test, 1, 8, 0);
	job_go(test, job_set(f, 0, offers, NULL));
	job_go(test, job_set(f, 1, offers, NULL));
	job_go(test, job_set(f, 2, takes_until_timer, NULL));
	jobs_done(test, 3, 0);
	KUNIT_EXPECT_GT(test, atomic_read(&f->n), 1);
}

/* exchanges with another one, between calls that could sleep, until its own timer fires */
static int exchanges_until_timer(struct job *j)
{
	struct goro_chan *timer = goro_after(2 * NSEC_PER_MSEC);
	u64 v = 1;
	int i;

	if (IS_ERR(timer))
		return PTR_ERR(timer);
	do {
		struct goro_case cases[] = {
			GORO_SEND(j->c, &v), GORO_RECV(j->c, NULL), GORO_RECV(timer, NULL),
		};

		goro_block_begin();
		goro_block_end();
		i = goro_select_until(cases, 3, j->deadline);
	} while (i == 0 || i == 1);
	goro_chan_put(timer);
	return i == 2 ? 0 : i;
}

/* TestTimerFairness2 */
static void timer_fairness2(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	KUNIT_ASSERT_TRUE(test, fx_one_p());
	fx_chan(test, 0, 8, 0);
	for (i = 0; i < 2; i++)
		job_go(test, job_set(f, i, exchanges_until_timer, f->c[0]));
	jobs_done(test, 2, 0);
}

static int calls_all_the_time(struct job *j)
{
	while (!READ_ONCE(j->f->flag)) {
		goro_block_begin();
		/* as calls that might sleep do: a spare M, woken, needs the CPU to take the P */
		cond_resched();
		goro_block_end();
		if (goro_cancelled())
			return -ECANCELED;
		atomic_inc(&j->f->n);
	}
	return 0;
}

static int sleeps_and_tells(struct job *j)
{
	int err = goro_sleep(NSEC_PER_MSEC);

	WRITE_ONCE(j->f->flag, true);
	return err;
}

/* TestGCFairness, TestGCFairness2, without the collector: calls that might sleep share a P */
static void calls_fairness(struct kunit *test)
{
	struct fx *f = fx_of(test);

	KUNIT_ASSERT_TRUE(test, fx_one_p());
	job_go(test, job_set(f, 0, calls_all_the_time, NULL));
	job_go(test, job_set(f, 1, calls_all_the_time, NULL));
	job_go(test, job_set(f, 2, sleeps_and_tells, NULL));
	jobs_done(test, 3, 0);
	KUNIT_EXPECT_GT(test, atomic_read(&f->n), 0);
}

#define TURNS	500

/* one of a pair that wake each other; ends when both pairs have had their turns */
static int passes_on(struct job *j)
{
	struct fx *f = j->f;
	atomic_t *mine = j->v & 1 ? &f->n2 : &f->n;
	u64 v = 0;
	int ret;

	while ((ret = goro_chan_recv_until(j->c, &v, j->deadline)) == 1) {
		atomic_inc(mine);
		if (atomic_read(&f->n) > TURNS && atomic_read(&f->n2) > TURNS)
			goro_chan_close(j->c);	/* both may do it */
		else
			ret = goro_chan_send_until(j->c, &v, j->deadline);
		if (ret < 0)
			break;
	}
	return ret == -EPIPE ? 0 : ret;
}

/* TestPingPongHog: two pairs on one P, and neither keeps it to itself */
static void ping_pong_hog(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 v = 0;
	int i;

	KUNIT_ASSERT_TRUE(test, fx_one_p());
	fx_chan(test, 0, 8, 0);
	fx_chan(test, 1, 8, 0);
	for (i = 0; i < 4; i++) {
		job_set(f, i, passes_on, f->c[i & 1])->v = i;
		job_go(test, &f->j[i]);
	}
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, goro_chan_send_until(f->c[i], &v, NET), 0);
	jobs_done(test, 4, 0);
}

/* it runs, and gives way to nobody, until all the others run, too */
static int meets_all(void *arg)
{
	struct fx *f = *(struct fx **)arg;
	int until = *((long *)arg + 1);

	atomic_inc(&f->n);
	while (atomic_read(&f->n) < until) {
		if (goro_cancelled())
			return -ECANCELED;
		cpu_relax();
	}
	return 0;
}

static int naps(void *arg)
{
	struct fx *f = arg;
	int err = 0;

	while (!err && !READ_ONCE(f->flag))
		err = goro_sleep(NSEC_PER_MSEC / 4);
	return err;
}

static int starts_them(struct job *j)
{
	long n = goro_procs(), round, i;

	for (round = 1; round <= 3; round++) {
		long args[2] = { (long)j->f, round * n };
		int err = 0;

		for (i = 0; i < n && !err; i++)
			err = goro_group_go_copy(&j->f->other, meets_all, args, sizeof(args));
		err = goro_group_wait_until(&j->f->other, j->deadline) ?: err;
		if (err)
			return err;
	}
	WRITE_ONCE(j->f->flag, true);
	return 0;
}

/* TestGoroutineParallelism2: all that are ready run at once, while others sleep and wake */
static void parallelism2(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, starts_them, NULL);
	int i;

	/* the naps need a P when all others have met */
	for (i = 0; i < 20; i++)
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->grp, naps, f), 0);
	job_go(test, j);
	EXPECT_DONE(test, j, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 3 * (int)goro_procs());
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->grp, NET), 0);
}

static int sends_locked(struct job *j)
{
	int i, ret = goro_lock_thread();

	for (i = 0; i < 10 && !ret; i++)
		ret = do_send(j);
	return ret ?: goro_unlock_thread();
}

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

/* TestBlockLocked: one that is locked to its thread hands over as any other */
static void block_locked(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	u64 bound = goro_counter(GORO_C_PARK_BOUND);
	int i;

	job_start(test, job_set(f, 0, sends_locked, c), who->send_thread);
	for (i = 1; i <= 10; i++) {
		KUNIT_ASSERT_TRUE(test, eventually(senders(c) == 1));
		job_start(test, job_set(f, i, do_recv, c), who->recv_thread);
		EXPECT_DONE(test, &f->j[i], 1);
	}
	EXPECT_DONE(test, &f->j[0], 0);
	if (!who->send_thread)
		KUNIT_EXPECT_GT(test, goro_counter(GORO_C_PARK_BOUND), bound);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(timer_fairness),
	KUNIT_CASE(timer_fairness2),
	KUNIT_CASE(calls_fairness),
	KUNIT_CASE(ping_pong_hog),
	KUNIT_CASE(parallelism2),
	KUNIT_CASE_PARAM(block_locked, who_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_proc",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
