// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tickers, and what timers of both kinds are as objects: references, ends,
 * calls from interrupts, what is refused. As in timer.c nobody asserts how late
 * a tick is.
 */
#include <linux/hrtimer.h>
#include "compat.h"
#include "time.h"

/* TestTicker: as many periods have passed as ticks came, before a reset and after */
static void ticks(struct kunit *test)
{
	u64 from = now();
	struct goro_timer *t = ticker(test, MS);
	int i;

	for (i = 1; i <= 5; i++)
		next(test, t, from + i * MS);
	from = now();
	/* set, whether or not a tick is kept */
	KUNIT_EXPECT_EQ(test, goro_timer_reset(t, 2 * MS), 1);
	for (i = 1; i <= 5; i++)
		next(test, t, from + 2 * i * MS);
	KUNIT_EXPECT_TRUE(test, fired(t));
	KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 1);
	nothing(test, t);
	KUNIT_EXPECT_EQ(test, goro_chan_recv_until(goro_timer_chan(t), NULL, goro_in(5 * MS)),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 0);
	/* as Go's, it can be started again */
	from = now();
	KUNIT_EXPECT_EQ(test, goro_timer_reset(t, MS), 0);
	next(test, t, from + MS);
	goro_timer_put(t);
}

/* Ticks are dropped, not piled up: one is kept, and the next comes after it was taken. */
static void drops(struct kunit *test)
{
	u64 from = now(), seen, fires, v;
	struct goro_timer *t = ticker(test, MS);
	int i;

	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_TRUE(test, fired(t));
		seen = now();
		fires = goro_counter(GORO_C_TIMER_FIRE);
		while (now() < seen + 5 * MS)
			usleep_range(1000, 2000);
		KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_TIMER_FIRE), fires);
		KUNIT_EXPECT_EQ(test, kept(goro_timer_chan(t)), 1U);
		v = next(test, t, from);
		KUNIT_EXPECT_LE(test, v, seen);
		/* none of the five or more that were missed, but a later multiple */
		from = seen + 5 * MS;
		v = next(test, t, from);
		from = v;
	}
	goro_timer_put(t);
}

/* a first time apart from the period */
static void set_ticker(struct kunit *test)
{
	struct goro_timer *t = timer(test, GORO_FOREVER);
	u64 at = now() + 3 * MS, v;
	int i;

	KUNIT_EXPECT_EQ(test, goro_timer_set(t, at, MS), 1);
	for (i = 0; i < 4; i++)
		v = next(test, t, at + i * MS);
	/* begun in the past: the first is at once, the next its next multiple */
	at = v - 10 * MS - MS / 2;
	KUNIT_EXPECT_EQ(test, goro_timer_set(t, at, 4 * MS), 1);
	KUNIT_EXPECT_EQ(test, kept(goro_timer_chan(t)), 1U);
	next(test, t, v);
	next(test, t, at + 12 * MS);
	/* a ticker becomes a timer */
	KUNIT_EXPECT_EQ(test, goro_timer_set(t, 1, 0), 1);
	next(test, t, v);
	KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 0);
	goro_timer_put(t);
}

/* TestTeardown */
static void teardown(struct kunit *test)
{
	int i;

	for (i = 0; i < 20; i++) {
		struct goro_timer *t = ticker(test, 100000);

		next(test, t, 0);
		if (i % 2)
			KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 1);
		goro_timer_put(t);
	}
}

/* TestTick; a period that is none is the channel that blocks for ever */
static void tick_chan(struct kunit *test)
{
	u64 from = now(), v;
	struct goro_chan *c = goro_tick(MS);
	int i;

	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(c));
	for (i = 1; i <= 3; i++) {
		KUNIT_EXPECT_EQ(test, goro_chan_recv_until(c, &v, NET), 1);
		KUNIT_EXPECT_GE(test, v, from + i * MS);
	}
	goro_chan_put(c);
	KUNIT_EXPECT_PTR_EQ(test, goro_tick(0), NULL);
	KUNIT_EXPECT_PTR_EQ(test, goro_tick((u64)-1), NULL);
}

static int takes_five(struct job *j)
{
	struct goro_timer *t = goro_ticker_make(200000 + j->v * 1000);
	u64 last = 0, v;
	int i, bad = 0;

	if (IS_ERR(t))
		return PTR_ERR(t);
	for (i = 0; i < 5; i++) {
		bad += goro_chan_recv_until(goro_timer_chan(t), &v, NET) != 1;
		bad += v <= last;
		last = v;
		bad += goro_sleep(j->v * 1000);
	}
	goro_timer_put(t);
	return bad;
}

/* TestMultiWakeupTicker, TestMultiWakeupSleep: many at a time */
static void many(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < JOBS; i++) {
		job_set(f, i, takes_five, NULL)->v = i;
		job_go(test, &f->j[i]);
	}
	jobs_done(test, JOBS, 0);
}

static int takes_all_the_time(struct job *j)
{
	struct goro_timer *t = goro_ticker_make(1);
	u64 last = 0, v;
	int i, bad = 0;

	if (IS_ERR(t))
		return PTR_ERR(t);
	for (i = 0; i < 100; i++) {
		bad += goro_chan_recv_until(goro_timer_chan(t), &v, j->deadline) != 1;
		bad += v <= last;
		last = v;
	}
	bad += goro_timer_stop(t) != 1;
	bad += goro_chan_try_recv(goro_timer_chan(t), &v) != -EAGAIN;
	goro_timer_put(t);
	WRITE_ONCE(j->f->flag, true);
	return bad;
}

static int yields_meanwhile(struct job *j)
{
	while (!READ_ONCE(j->f->flag))
		goro_yield();
	return 0;
}

/* TestTickerStress, TestTickerConcurrentStress: the shortest period there is, by ten at a time */
static void stress(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	job_go(test, job_set(f, 0, yields_meanwhile, NULL));
	for (i = 1; i <= 10; i++)
		job_go(test, job_set(f, i, takes_all_the_time, NULL));
	jobs_done(test, 11, 0);
}

static int takes_until_late(struct job *j)
{
	int ret, n = 0;

	while ((ret = goro_chan_recv_until(j->c, NULL, j->deadline)) == 1)
		n++;
	return ret == -ETIMEDOUT || ret == -ECANCELED ? n : ret;
}

/* several receivers of one ticker: no tick goes to two of them */
static void shared(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 from = now();
	struct goro_timer *t = ticker(test, MS);
	long sum = 0;
	int i;

	for (i = 0; i < 8; i++) {
		job_set(f, i, takes_until_late, goro_timer_chan(t))->deadline = from + 20 * MS;
		job_start(test, &f->j[i], i % 4 == 3);
	}
	for (i = 0; i < 8; i++) {
		KUNIT_ASSERT_TRUE(test, eventually(job_done(&f->j[i])));
		KUNIT_EXPECT_GE(test, f->j[i].ret, 0L);
		sum += f->j[i].ret;
	}
	KUNIT_EXPECT_LE(test, (u64)sum, (now() - from) / MS);
	goro_timer_put(t);
}

/* ---- objects ---------------------------------------------------------------- */

/* TestTimerGC, TestChan's collected half: who is dropped is gone, and never fires */
static void dropped(struct kunit *test)
{
	s64 before = fx_alive(FX_TIMERS);
	u64 fires;
	struct goro_timer *t;
	struct goro_chan *c;
	int i;

	for (i = 0; i < 200; i++) {
		goro_timer_put(timer(test, i % 2 ? HOUR : i * 1000));
		goro_timer_put(ticker(test, i % 2 ? HOUR : (i + 1) * 500));
		goro_chan_put(after(test, i % 2 ? HOUR : i * 1000));
	}
	KUNIT_EXPECT_EQ(test, fx_alive(FX_TIMERS), before);
	fires = goro_counter(GORO_C_TIMER_FIRE);
	usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_TIMER_FIRE), fires);
	goro_timer_put(NULL);
	KUNIT_EXPECT_PTR_EQ(test, goro_timer_get(NULL), NULL);
	/* the channel keeps the timer: it still fires, again and again */
	t = ticker(test, MS);
	c = goro_chan_get(goro_timer_chan(t));
	KUNIT_EXPECT_PTR_EQ(test, goro_timer_get(t), t);
	goro_timer_put(t);
	goro_timer_put(t);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, goro_chan_recv_until(c, NULL, NET), 1);
	goro_chan_put(c);
	KUNIT_EXPECT_EQ(test, fx_alive(FX_TIMERS), before);
}

/* the channel is one that is received from */
static void receive_only(struct kunit *test)
{
	struct goro_timer *t = timer(test, HOUR);
	struct goro_chan *c = goro_timer_chan(t);
	u64 v = 1;

	KUNIT_EXPECT_EQ(test, goro_chan_elem(c), 8U);
	KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &v), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_chan_send(c, &v), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_chan_close(c), -EINVAL);
	KUNIT_EXPECT_EQ(test, kept(c), 0U);
	goro_timer_put(t);
}

/* TestNewTickerLtZeroDuration, TestTickerResetLtZeroDuration; and no timer at all */
static void misuse(struct kunit *test)
{
	struct goro_timer *t = ticker(test, MS);
	u64 from = now();

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, PTR_ERR(goro_ticker_make(0)), -EINVAL);
		KUNIT_EXPECT_EQ(test, PTR_ERR(goro_ticker_make((u64)-1)), -EINVAL);
		KUNIT_EXPECT_EQ(test, goro_timer_reset(t, 0), -EINVAL);
		KUNIT_EXPECT_EQ(test, goro_timer_reset(t, (u64)-5), -EINVAL);
		KUNIT_EXPECT_EQ(test, goro_timer_stop(NULL), -EINVAL);
		KUNIT_EXPECT_EQ(test, goro_timer_reset(NULL, 1), -EINVAL);
		KUNIT_EXPECT_EQ(test, goro_timer_set(NULL, 1, 0), -EINVAL);
	}
	/* as it was */
	next(test, t, 0);
	next(test, t, from + MS);
	goro_timer_put(t);
}

/* stop, reset and the last put in a hard interrupt, of a timer that fires all the time */
struct meddler {
	struct hrtimer hr;
	struct goro_timer *t;
	u32 n;
	int bad;
	struct completion done;
};

static enum hrtimer_restart meddle(struct hrtimer *hr)
{
	struct meddler *m = container_of(hr, struct meddler, hr);
	u64 v, from = ktime_get_ns();

	goro_timer_stop(m->t);
	m->bad += goro_chan_try_recv(goro_timer_chan(m->t), &v) != -EAGAIN;
	m->bad += goro_timer_reset(m->t, 10000);
	if (goro_chan_try_recv(goro_timer_chan(m->t), &v) == 1)
		m->bad += v < from + 10000;
	if (++m->n < 500) {
		hrtimer_forward_now(hr, ns_to_ktime(20000));
		return HRTIMER_RESTART;
	}
	goro_timer_put(m->t);
	complete(&m->done);
	return HRTIMER_NORESTART;
}

static void in_interrupts(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_timer *t = timer(test, GORO_FOREVER);
	struct meddler *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	struct job *j = job_set(f, 0, takes_until_late, goro_timer_chan(t));

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->t = goro_timer_get(t);
	init_completion(&m->done);
	goro_hrtimer_setup(&m->hr, meddle, HRTIMER_MODE_REL_HARD);
	j->deadline = GORO_FOREVER;
	job_go(test, j);
	hrtimer_start(&m->hr, ns_to_ktime(20000), HRTIMER_MODE_REL_HARD);
	wait_for_completion(&m->done);
	hrtimer_cancel(&m->hr);
	goro_group_stop(&f->grp);
	KUNIT_EXPECT_EQ(test, m->bad, 0);
	KUNIT_EXPECT_EQ(test, m->n, 500U);
	goro_timer_put(t);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(ticks),
	KUNIT_CASE(drops),
	KUNIT_CASE(set_ticker),
	KUNIT_CASE(teardown),
	KUNIT_CASE(tick_chan),
	KUNIT_CASE(many),
	KUNIT_CASE(stress),
	KUNIT_CASE(shared),
	KUNIT_CASE(dropped),
	KUNIT_CASE(receive_only),
	KUNIT_CASE(misuse),
	KUNIT_CASE(in_interrupts),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_ticker",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
