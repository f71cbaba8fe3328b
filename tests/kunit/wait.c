// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_wait_event: wait queues of the kernel's, woken from threads, timers
 * and softirqs. That the goroutines park is shown by their claim words and by
 * the Ms, of which there are no more afterwards.
 */
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/sched/signal.h>
#include "compat.h"
#include "kunit.h"

struct ev {
	wait_queue_head_t wq;
	int tokens;		/* what is waited for; exclusive ones take one each */
	atomic_t left;
	int looks;		/* at the condition */
	atomic_t tries;		/* to take a token: likewise, of those who do */
	struct hrtimer timer;
	struct tasklet_struct tasklet;
	atomic_t fired;
	int rounds;
	u64 wakes, late;	/* the counters before */
};

static struct ev *ev(struct kunit *test)
{
	struct ev *e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, e);
	init_waitqueue_head(&e->wq);
	fx_of(test)->priv = e;
	return e;
}

static bool has_token(struct ev *e)
{
	WRITE_ONCE(e->looks, e->looks + 1);
	return READ_ONCE(e->tokens);
}

static bool take_token(struct ev *e)
{
	bool got = atomic_dec_if_positive(&e->left) >= 0;

	atomic_inc(&e->tries);
	return got;
}

/*
 * n exclusive waiters are in the queue, and each has looked before it came there and
 * after that: the next token is for who is woken, not for one that is about to look.
 */
static bool takers_wait(struct ev *e, u32 n)
{
	return wq_waiters(&e->wq) == n && atomic_read(&e->tries) == 2 * n;
}

static void give(struct ev *e)
{
	WRITE_ONCE(e->tokens, 1);
	wake_up(&e->wq);
}

static int waits(struct job *j)
{
	struct ev *e = j->f->priv;

	return goro_wait_event_until(e->wq, has_token(e), j->deadline);
}

static int waits_forever(struct job *j)
{
	struct ev *e = j->f->priv;

	return goro_wait_event(e->wq, has_token(e));
}

static int waits_nocancel(struct job *j)
{
	struct ev *e = j->f->priv;

	goro_wait_event_nocancel(e->wq, has_token(e));
	return goro_cancelled() ? -ECANCELED : 0;
}

static int waits_signalled(struct job *j)
{
	allow_signal(SIGUSR1);
	return waits(j);
}

static int waits_nocancel_until(struct job *j)
{
	struct ev *e = j->f->priv;

	allow_signal(SIGUSR1);
	return goro_wait_event_nocancel_until(e->wq, has_token(e), j->deadline);
}

static int takes(struct job *j)
{
	struct ev *e = j->f->priv;

	return goro_wait_event_exclusive_until(e->wq, take_token(e), j->deadline);
}

/* the return values that need no other side, of a G and of a thread */
static int values(struct job *j)
{
	struct ev *e = j->f->priv;
	int looks;
	u64 at;

	e->tokens = 1;
	if (goro_wait_event(e->wq, has_token(e)) ||
	    goro_wait_event_until(e->wq, has_token(e), GORO_NOW) ||
	    goro_wait_event_until(e->wq, has_token(e), 1) ||
	    goro_wait_event_exclusive(e->wq, has_token(e)))
		return -1;
	goro_wait_event_nocancel(e->wq, has_token(e));
	e->tokens = 0;
	looks = e->looks;
	if (goro_wait_event_until(e->wq, has_token(e), GORO_NOW) != -EAGAIN ||
	    goro_wait_event_nocancel_until(e->wq, has_token(e), GORO_NOW) != -EAGAIN ||
	    goro_wait_event_exclusive_until(e->wq, has_token(e), GORO_NOW) != -EAGAIN)
		return -2;
	if (e->looks == looks)
		return -3;
	if (goro_wait_event_until(e->wq, has_token(e), 1) != -ETIMEDOUT)
		return -4;
	at = goro_in(SHORT_NS);
	if (goro_wait_event_until(e->wq, has_token(e), at) != -ETIMEDOUT ||
	    ktime_get_ns() < at)
		return -5;
	at = goro_in(SHORT_NS);
	if (goro_wait_event_nocancel_until(e->wq, has_token(e), at) != -ETIMEDOUT ||
	    ktime_get_ns() < at)
		return -6;
	at = goro_in(SHORT_NS);
	if (goro_wait_event_exclusive_until(e->wq, has_token(e), at) != -ETIMEDOUT ||
	    ktime_get_ns() < at)
		return -7;
	return 0;
}

static void without_wake(struct kunit *test)
{
	struct ev *e = ev(test);
	struct fx *f = fx_of(test);

	job_go(test, job_set(f, 0, values, NULL));
	EXPECT_DONE(test, &f->j[0], 0);
	job_thread(test, job_set(f, 1, values, NULL));
	EXPECT_DONE(test, &f->j[1], 0);
	KUNIT_EXPECT_EQ(test, wq_waiters(&e->wq), 0U);
}

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

/* many wait, and are parked: one wakeup for all */
static void wakes(struct kunit *test)
{
	const struct who *who = test->param_value;
	u64 parks = goro_counter(GORO_C_PARK), ms = goro_counter(GORO_C_M_CREATED);
	struct ev *e = ev(test);
	struct fx *f = fx_of(test);
	int i, gs = 0;

	for (i = 0; i < JOBS; i++) {
		bool thread = i % 2 ? who->recv_thread : who->send_thread;

		job_start(test, job_set(f, i, i % 4 ? waits : waits_forever, NULL), thread);
		gs += !thread;
	}
	KUNIT_ASSERT_TRUE(test, eventually(wq_waiters(&e->wq) == JOBS));
	KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_EVENT) == gs));
	/* who waits may be on his way into the park */
	KUNIT_EXPECT_TRUE(test, eventually(goro_counter(GORO_C_PARK) - parks >= (u64)gs));
	/* gs that sleep would have taken gs Ms; one that stands still may cost one, too */
	KUNIT_EXPECT_LE(test, goro_counter(GORO_C_M_CREATED) - ms,
			max_t(u64, gs / 2, goro_procs()) + goro_procs());
	give(e);
	jobs_done(test, JOBS, 0);
	KUNIT_EXPECT_EQ(test, wq_waiters(&e->wq), 0U);
}

/* wakeups without cause: it looks, and goes on waiting in its place */
static void false_alarms(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct ev *e = ev(test);
	struct job *j = job_set(fx_of(test), 0, waits, NULL);
	int i, looks;

	job_start(test, j, who->recv_thread);
	KUNIT_ASSERT_TRUE(test, eventually(wq_waiters(&e->wq) == 1));
	for (i = 0; i < 20; i++) {
		looks = READ_ONCE(e->looks);
		if (i % 2)
			wake_up(&e->wq);
		else
			wake_up_interruptible_all(&e->wq);
		KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(e->looks) > looks));
		KUNIT_EXPECT_FALSE(test, job_done(j));
		KUNIT_EXPECT_EQ(test, wq_waiters(&e->wq), 1U);
	}
	give(e);
	EXPECT_DONE(test, j, 0);
	KUNIT_EXPECT_EQ(test, wq_waiters(&e->wq), 0U);
}

static int cancelled_before(struct job *j)
{
	struct ev *e = j->f->priv;
	int ret;

	while (!goro_cancelled())
		goro_yield();
	ret = waits(j);
	if (ret != -ECANCELED)
		return ret ?: -EIO;
	if (goro_wait_event_exclusive(e->wq, has_token(e)) != -ECANCELED)
		return -1;
	/* the deadline has no say, nor has the cancel over what is true */
	if (goro_wait_event_until(e->wq, has_token(e), GORO_NOW) != -EAGAIN)
		return -2;
	if (goro_wait_event_nocancel_until(e->wq, has_token(e), goro_in(SHORT_NS)) != -ETIMEDOUT)
		return -3;
	return goro_wait_event(e->wq, true);
}

static void cancel(struct kunit *test)
{
	struct ev *e = ev(test);
	struct fx *f = fx_of(test);
	u64 cancels = goro_counter(GORO_C_WAKE_CANCEL);

	job_go(test, job_set(f, 0, waits, NULL));
	job_go(test, job_set(f, 1, waits_forever, NULL));
	job_go(test, job_set(f, 2, takes, NULL));
	job_go(test, job_set(f, 3, waits_nocancel, NULL));
	job_go(test, job_set(f, 4, cancelled_before, NULL));
	KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_EVENT) == 4));
	goro_group_cancel(&f->grp);
	jobs_done(test, 3, -ECANCELED);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_WAKE_CANCEL) - cancels, 3ULL);
	EXPECT_DONE(test, &f->j[4], 0);
	/* only the one that cannot be cancelled is left */
	KUNIT_EXPECT_EQ(test, wq_waiters(&e->wq), 1U);
	KUNIT_EXPECT_FALSE(test, job_done(&f->j[3]));
	give(e);
	EXPECT_DONE(test, &f->j[3], -ECANCELED);
}

static void signals(struct kunit *test)
{
	struct ev *e = ev(test);
	struct fx *f = fx_of(test);

	job_thread(test, job_set(f, 0, waits_signalled, NULL));
	job_thread(test, job_set(f, 1, waits_nocancel_until, NULL));
	KUNIT_ASSERT_TRUE(test, eventually(wq_waiters(&e->wq) == 2));
	send_sig(SIGUSR1, f->j[0].task, 1);
	send_sig(SIGUSR1, f->j[1].task, 1);
	EXPECT_DONE(test, &f->j[0], -EINTR);
	KUNIT_EXPECT_EQ(test, wq_waiters(&e->wq), 1U);
	KUNIT_EXPECT_FALSE(test, job_done(&f->j[1]));
	give(e);
	EXPECT_DONE(test, &f->j[1], 0);
}

/* one wakeup, one exclusive waiter, the oldest first; the others all */
static void exclusive(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct ev *e = ev(test);
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 6; i++) {
		job_start(test, job_set(f, i, takes, NULL),
			  i % 2 ? who->recv_thread : who->send_thread);
		KUNIT_ASSERT_TRUE(test, eventually(takers_wait(e, i + 1)));
	}
	job_start(test, job_set(f, 6, waits, NULL), who->recv_thread);
	KUNIT_ASSERT_TRUE(test, eventually(wq_waiters(&e->wq) == 7));
	for (i = 0; i < 6; i++) {
		int looks = READ_ONCE(e->looks);

		atomic_inc(&e->left);
		wake_up(&e->wq);
		EXPECT_DONE(test, &f->j[i], 0);
		KUNIT_EXPECT_EQ(test, wq_waiters(&e->wq), 6U - i);
		KUNIT_EXPECT_TRUE(test, eventually(READ_ONCE(e->looks) > looks));
	}
	give(e);
	EXPECT_DONE(test, &f->j[6], 0);
}

/* It has its token; the next one's wakeup finds it still looking, and first in the queue. */
static bool take_and_give(struct ev *e)
{
	if (!take_token(e))
		return false;
	atomic_inc(&e->left);
	wake_up(&e->wq);
	return true;
}

static int takes_and_gives(struct job *j)
{
	struct ev *e = j->f->priv;

	return goro_wait_event_exclusive_until(e->wq, take_and_give(e), j->deadline);
}

static void exclusive_hands_on(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct ev *e = ev(test);
	struct fx *f = fx_of(test);

	job_start(test, job_set(f, 0, takes_and_gives, NULL), who->send_thread);
	KUNIT_ASSERT_TRUE(test, eventually(takers_wait(e, 1)));
	job_start(test, job_set(f, 1, takes, NULL), who->recv_thread);
	KUNIT_ASSERT_TRUE(test, eventually(takers_wait(e, 2)));
	atomic_inc(&e->left);
	wake_up(&e->wq);
	EXPECT_DONE(test, &f->j[0], 0);
	EXPECT_DONE(test, &f->j[1], 0);
}

#define TOKENS	2000

/* takes tokens by waits that often fail; counts them */
static int takes_or_fails(struct job *j)
{
	struct ev *e = j->f->priv;
	int i = 0, ret;

	while (!READ_ONCE(e->tokens)) {
		ret = goro_wait_event_exclusive_until(e->wq, take_token(e),
						      goro_in(i++ % 8 * 2000));
		if (!ret)
			atomic_inc(&j->f->n);
		else if (ret == -ETIMEDOUT || ret == -EAGAIN)
			atomic_inc(&j->f->n2);
		else
			return ret;
		goro_yield();
	}
	return 0;
}

static bool take_or_end(struct ev *e, bool *got)
{
	*got = take_token(e);
	return *got || READ_ONCE(e->tokens);
}

/* has no deadline: a wakeup that somebody swallowed leaves it asleep */
static int takes_rest(struct job *j)
{
	struct ev *e = j->f->priv;

	bool got;

	do {
		if (goro_wait_event_exclusive(e->wq, take_or_end(e, &got)))
			return -EIO;
		if (got)
			atomic_inc(&j->f->n);
	} while (got);
	return 0;
}

/*
 * Exclusive waiters whose deadlines pass all the time, and one that has none:
 * each token wakes one, and none is left lying while a waiter sleeps.
 */
static void fails_pass_on(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct ev *e = ev(test);
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 6; i++)
		job_start(test, job_set(f, i, takes_or_fails, NULL),
			  i % 2 ? who->recv_thread : who->send_thread);
	job_start(test, job_set(f, 6, takes_rest, NULL), who->recv_thread);
	for (i = 0; i < TOKENS; i++) {
		atomic_inc(&e->left);
		wake_up(&e->wq);
		if (i % 4 == 0)
			KUNIT_ASSERT_TRUE(test, eventually(!atomic_read(&e->left)));
	}
	KUNIT_ASSERT_TRUE(test, eventually(!atomic_read(&e->left)));
	/* those that may fail may have stood still all the time */
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n2) > 0));
	WRITE_ONCE(e->tokens, 1);
	wake_up_all(&e->wq);
	jobs_done(test, 7, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), TOKENS);
	KUNIT_EXPECT_EQ(test, wq_waiters(&e->wq), 0U);
}

/* ---- woken from interrupts ------------------------------------------- */

static enum hrtimer_restart on_timer(struct hrtimer *t)
{
	struct ev *e = container_of(t, struct ev, timer);

	atomic_inc(&e->fired);
	give(e);
	tasklet_schedule(&e->tasklet);
	return HRTIMER_NORESTART;
}

static void on_tasklet(unsigned long arg)
{
	struct ev *e = (struct ev *)arg;

	atomic_inc(&e->fired);
	atomic_inc(&e->left);
	wake_up(&e->wq);
}

#define RACES	400

/* Both ways of ending were taken, and slept for. */
static bool raced_both_ways(struct fx *f)
{
	struct ev *e = f->priv;

	return atomic_read(&f->n) && atomic_read(&f->n2) &&
	       goro_counter(GORO_C_WAKE_EVENT) > e->wakes &&
	       goro_counter(GORO_C_WAKE_TIMEOUT) > e->late;
}

/*
 * Each round: a hard interrupt and a softirq wake, at about the deadline. Where
 * the machine is so slow that it has passed before anybody sleeps, more rounds
 * with later ones.
 */
static int races(struct job *j)
{
	struct ev *e = j->f->priv;
	int i, ret;

	for (i = 0; i < RACES || (i < 10 * RACES && !raced_both_ways(j->f)); i++) {
		u64 at = goro_in(20000ULL << i / RACES), deadline = at - 10000 + i % 41 * 500;

		/* so close the look after the deadline mostly finds it true; but not here */
		if (i % 8 == 0)
			at = deadline + SHORT_NS;

		WRITE_ONCE(e->tokens, 0);
		hrtimer_start(&e->timer, ns_to_ktime(at), HRTIMER_MODE_ABS_HARD);
		ret = goro_wait_event_until(e->wq, has_token(e), deadline);
		if (ret == -ETIMEDOUT && ktime_get_ns() >= deadline)
			atomic_inc(&j->f->n2);
		else if (!ret && READ_ONCE(e->tokens))
			atomic_inc(&j->f->n);
		else
			return -EIO;
		/* the softirq's, and with it all of this round */
		ret = goro_wait_event_until(e->wq, take_token(e), j->deadline);
		if (ret)
			return ret;
		if (hrtimer_cancel(&e->timer))
			return -EBUSY;
		e->rounds++;
	}
	return 0;
}

static void from_interrupts(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct ev *e = ev(test);
	struct job *j = job_set(fx_of(test), 0, races, NULL);

	e->wakes = goro_counter(GORO_C_WAKE_EVENT);
	e->late = goro_counter(GORO_C_WAKE_TIMEOUT);
	goro_hrtimer_setup(&e->timer, on_timer, HRTIMER_MODE_ABS_HARD);
	tasklet_init(&e->tasklet, on_tasklet, (unsigned long)e);
	job_start(test, j, who->recv_thread);
	EXPECT_DONE(test, j, 0);
	hrtimer_cancel(&e->timer);
	tasklet_kill(&e->tasklet);
	KUNIT_EXPECT_GE(test, atomic_read(&e->fired), 2 * RACES);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->fired), 2 * e->rounds);
	KUNIT_EXPECT_EQ(test, wq_waiters(&e->wq), 0U);
	KUNIT_EXPECT_TRUE(test, raced_both_ways(fx_of(test)));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(without_wake),
	KUNIT_CASE_PARAM(wakes, who_gen_params),
	KUNIT_CASE_PARAM(false_alarms, who_gen_params),
	KUNIT_CASE(cancel),
	KUNIT_CASE(signals),
	KUNIT_CASE_PARAM(exclusive, who_gen_params),
	KUNIT_CASE_PARAM(exclusive_hands_on, who_gen_params),
	KUNIT_CASE_PARAM(fails_pass_on, who_gen_params),
	KUNIT_CASE_PARAM(from_interrupts, who_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_wait_event",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
