// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers that fire once. How late one is nobody asserts: only that nothing
 * comes before its time, in what order, how often, and that nothing comes that
 * was taken back. That a timer has fired is seen in its channel, not by waiting
 * for as long as it was set to.
 */
#include <linux/module.h>
#include "time.h"

static void runs(void *arg)
{
	atomic_inc((atomic_t *)arg);
}

/* ---- once --------------------------------------------------------------- */

/* TestAfter; the wait of a goroutine and of a thread */
static void after_once(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 2; i++) {
		u64 from = now() + 2 * MS;
		struct goro_chan *c = after(test, 2 * MS);
		struct job *j = job_set(f, i, do_recv, c);

		job_start(test, j, i);
		EXPECT_DONE(test, j, 1);
		KUNIT_EXPECT_GE(test, j->v, from);
		KUNIT_EXPECT_LE(test, j->v, now());
		KUNIT_EXPECT_EQ(test, goro_chan_recv_until(c, NULL, goro_in(MS)), -ETIMEDOUT);
		goro_chan_put(c);
	}
}

/* TestAfterTick: one after the other, they take as long as all together */
static void after_in_turn(struct kunit *test)
{
	u64 from = now(), v = 0;
	int i;

	for (i = 1; i <= 10; i++) {
		struct goro_chan *c = after(test, MS);

		KUNIT_ASSERT_EQ(test, goro_chan_recv_until(c, &v, NET), 1);
		KUNIT_EXPECT_GE(test, v, from + i * MS);
		goro_chan_put(c);
	}
}

/* TestAfterTimes, TestTickTimes: the time is that of firing, not of receiving */
static void time_of_firing(struct kunit *test)
{
	struct goro_timer *t[2] = { timer(test, MS), ticker(test, MS) };
	int i;

	for (i = 0; i < 2; i++) {
		u64 seen, v;

		KUNIT_EXPECT_TRUE(test, fired(t[i]));
		seen = now();
		usleep_range(3000, 4000);
		v = next(test, t[i], 0);
		KUNIT_EXPECT_LE(test, v, seen);
		goro_timer_put(t[i]);
	}
}

/*
 * TestAfterQueuing: those of one CPU fire in the order of their times. All have to
 * be set before the first one is due: where this thread was held up, once more.
 */
static void order(struct kunit *test)
{
	static const u32 slots[] = { 5, 3, 6, 6, 6, 1, 1, 2, 7, 9, 4, 8, 0 };
	struct goro_timer *t[ARRAY_SIZE(slots)];
	u64 v[ARRAY_SIZE(slots)], from, lead = MS;
	int i, k;

	for (i = 0; i < ARRAY_SIZE(slots); i++)
		t[i] = timer(test, GORO_FOREVER);
	do {
		lead *= 2;
		migrate_disable();
		from = now() + lead;
		for (i = 0; i < ARRAY_SIZE(slots); i++)
			KUNIT_EXPECT_EQ(test, goro_timer_set(t[i], from + slots[i] * MS, 0), 1);
		migrate_enable();
	} while (now() >= from);
	for (i = 0; i < ARRAY_SIZE(slots); i++)
		v[i] = next(test, t[i], from + slots[i] * MS);
	for (i = 0; i < ARRAY_SIZE(slots); i++) {
		for (k = 0; k < ARRAY_SIZE(slots); k++)
			if (slots[i] < slots[k] && v[i] > v[k])
				KUNIT_FAIL(test, "%u after %u", slots[i], slots[k]);
		goro_timer_put(t[i]);
	}
}

/* TestAfterStop, of a channel's timer */
static void stop(struct kunit *test)
{
	struct goro_timer *t = timer(test, HOUR);

	nothing(test, t);
	KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 1);
	KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 0);
	/* it may or may not have fired: either way nothing has been received */
	KUNIT_EXPECT_EQ(test, goro_timer_reset(t, 50000), 0);
	KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 1);
	nothing(test, t);
	KUNIT_EXPECT_EQ(test, goro_chan_recv_until(goro_timer_chan(t), NULL, goro_in(MS)),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 0);
	goro_timer_put(t);
}

/* TestReset, TestTimerModifiedEarlier */
static void reset(struct kunit *test)
{
	struct goro_timer *t = timer(test, HOUR);
	u64 from = now();
	int i;

	KUNIT_EXPECT_EQ(test, goro_timer_reset(t, 2 * MS), 1);
	next(test, t, from + 2 * MS);
	KUNIT_EXPECT_EQ(test, goro_timer_reset(t, HOUR), 0);
	for (i = 0; i < 10; i++) {
		KUNIT_EXPECT_EQ(test, goro_timer_reset(t, GORO_FOREVER), !i);
		from = now();
		KUNIT_EXPECT_EQ(test, goro_timer_reset(t, 10000), 1);
		next(test, t, from + 10000);
	}
	nothing(test, t);
	goro_timer_put(t);
}

/* TestChan: nothing stale after stop and reset, also of a timer that had fired */
static void nothing_stale(struct kunit *test)
{
	struct goro_timer *t = timer(test, 0);
	u64 from;
	int i;

	for (i = 0; i < 20; i++) {
		KUNIT_EXPECT_TRUE(test, fired(t));
		KUNIT_EXPECT_EQ(test, goro_chan_len(goro_timer_chan(t)), 0U);
		KUNIT_EXPECT_EQ(test, goro_chan_cap(goro_timer_chan(t)), 0U);
		if (i % 2) {
			/* fired, and not received: it was stopped in time */
			KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 1);
			nothing(test, t);
			KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 0);
			KUNIT_EXPECT_EQ(test, goro_timer_reset(t, HOUR), 0);
		} else {
			KUNIT_EXPECT_EQ(test, goro_timer_reset(t, HOUR), 1);
		}
		nothing(test, t);
		from = now();
		KUNIT_EXPECT_EQ(test, goro_timer_reset(t, i * 1000), 1);
		if (i % 3) {
			next(test, t, from + i * 1000);
			nothing(test, t);
			KUNIT_EXPECT_EQ(test, goro_timer_reset(t, 0), 0);
		}
	}
	goro_timer_put(t);
}

/* TestOverflowSleep: far away is not in the past; what is in the past fires at once */
static void far_and_past(struct kunit *test)
{
	static const u64 far[] = { S64_MAX, S64_MAX + 1ULL, GORO_FOREVER - 1, GORO_FOREVER };
	struct goro_timer *t;
	int i;

	for (i = 0; i < ARRAY_SIZE(far); i++) {
		t = timer(test, far[i]);
		usleep_range(100, 200);
		nothing(test, t);
		KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 1);
		KUNIT_EXPECT_EQ(test, goro_timer_set(t, far[i], 0), 0);
		KUNIT_EXPECT_EQ(test, goro_timer_set(t, far[i], GORO_PERIOD_MAX), 1);
		usleep_range(100, 200);
		nothing(test, t);
		/* at once: the call itself has fired it */
		KUNIT_EXPECT_EQ(test, goro_timer_set(t, i, 0), 1);
		KUNIT_EXPECT_EQ(test, kept(goro_timer_chan(t)), 1U);
		next(test, t, i);
		KUNIT_EXPECT_EQ(test, goro_timer_set(t, now() - i, 0), 0);
		next(test, t, 0);
		KUNIT_EXPECT_EQ(test, goro_timer_set(t, HOUR, GORO_PERIOD_MAX + 1), -EINVAL);
		goro_timer_put(t);
	}
	KUNIT_EXPECT_EQ(test, goro_sleep_until(1), 0);
}

/* TestAdjustTimers, TestLongAdjustTimers: many, set anew to earlier and later */
#define MANY	48
static void adjust(struct kunit *test)
{
	struct goro_timer *t[MANY];
	u64 from[MANY];
	u32 i, k, seed = 1;

	for (i = 0; i < MANY; i++) {
		t[i] = timer(test, HOUR + i);
		from[i] = 0;
	}
	for (k = 0; k < 5; k++) {
		for (i = 0; i < MANY; i++) {
			u64 at = now() + ((seed = seed * 1664525 + 1013904223) >> 8) % (4 * MS);

			if (seed % 5 == 0) {
				goro_timer_stop(t[i]);
				nothing(test, t[i]);
			}
			goro_timer_set(t[i], at, 0);
			from[i] = at;
		}
		usleep_range(500, 1000);
	}
	for (i = 0; i < MANY; i++) {
		next(test, t[i], from[i]);
		nothing(test, t[i]);
		goro_timer_put(t[i]);
	}
}

/* ---- racing with the receiver --------------------------------------------- */

/*
 * TestStopResult, TestResetResult: two timers that fire together. The other one's
 * stop or reset says that nothing of it was received, as nobody has, fired or
 * not; or a receive must not wait.
 */
#define ROUNDS	100
static int two_timers(struct job *j)
{
	struct goro_timer *a = goro_timer_make(HOUR), *b = goro_timer_make(HOUR);
	int i, bad = 0;

	if (IS_ERR(a) || IS_ERR(b))
		return -ENOMEM;
	for (i = 0; i < ROUNDS; i++) {
		goro_timer_reset(a, 100000);
		goro_timer_reset(b, 100000);
		bad += goro_chan_recv_until(goro_timer_chan(a), NULL, NET) != 1;
		bad += (j->v ? goro_timer_stop(b) : goro_timer_reset(b, HOUR)) != 1;
		bad += goro_chan_try_recv(goro_timer_chan(b), NULL) != -EAGAIN;
	}
	goro_timer_put(a);
	goro_timer_put(b);
	return bad;
}

static void stop_or_received(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 16; i++) {
		job_set(f, i, two_timers, NULL)->v = i % 2;
		job_go(test, &f->j[i]);
	}
	jobs_done(test, 16, 0);
}

/*
 * One waits, one stops as the timer fires: what the stop says is what the
 * receiver has. TestTimerStopStress, with a receiver.
 */
static int gets_one(struct job *j)
{
	int i, ret = 0;

	for (i = 0; i < ROUNDS && ret >= 0; i++) {
		u64 v = 0;

		ret = goro_chan_recv_until(j->c, &v, NET);
		if (ret == 1 && goro_chan_send_until(j->f->c[1], &v, NET))
			ret = -EIO;
	}
	return ret;
}

static void stop_against_receiver(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_timer *t = timer(test, GORO_FOREVER);
	struct job *j = job_set(f, 0, gets_one, goro_timer_chan(t));
	u32 stopped = 0, i;

	fx_chan(test, 1, 8, 1);
	job_go(test, j);
	for (i = 0; i < ROUNDS; i++) {
		u64 from, v;

		KUNIT_EXPECT_TRUE(test, eventually(receivers(goro_timer_chan(t))));
		goro_timer_reset(t, 20000);
		from = now() + i * 250;
		while (now() < from)
			cpu_relax();
		from = 0;
		if (goro_timer_stop(t)) {
			stopped++;
			KUNIT_EXPECT_EQ(test, goro_chan_try_recv(f->c[1], &v), -EAGAIN);
			/* from here on: anything earlier would be stale */
			from = now();
			KUNIT_EXPECT_EQ(test, goro_timer_reset(t, 0), 0);
		}
		KUNIT_ASSERT_EQ(test, goro_chan_recv_until(f->c[1], &v, NET), 1);
		KUNIT_EXPECT_GE(test, v, from);
	}
	EXPECT_DONE(test, j, 1);
	kunit_info(test, "%u of %u stopped", stopped, ROUNDS);
	goro_timer_put(t);
}

/* ---- functions ------------------------------------------------------------- */

/* TestAfterStop, of functions; the module is pinned while it is set, and fn runs */
static void func(struct kunit *test)
{
	int refs = module_refcount(THIS_MODULE);
	atomic_t n = ATOMIC_INIT(0);
	struct goro_timer *t = goro_timer_func(HOUR, runs, &n);
	int i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(t));
	KUNIT_EXPECT_PTR_EQ(test, goro_timer_chan(t), NULL);
	KUNIT_EXPECT_PTR_EQ(test, goro_timer_chan(NULL), NULL);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), refs + 1);
	KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 1);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), refs);
	KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 0);
	KUNIT_EXPECT_EQ(test, goro_timer_set(t, 1, 1), -EINVAL);
	for (i = 1; i <= 10; i++) {
		KUNIT_EXPECT_EQ(test, goro_timer_reset(t, HOUR), 0);
		/* the goroutine before has its own until it has ended */
		KUNIT_EXPECT_TRUE(test, eventually(module_refcount(THIS_MODULE) == refs + 1));
		KUNIT_EXPECT_EQ(test, goro_timer_reset(t, i * 3000), 1);
		KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&n) == i));
		KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 0);
	}
	KUNIT_EXPECT_EQ(test, goro_timer_reset(t, 0), 0);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&n) == i));
	KUNIT_EXPECT_TRUE(test, eventually(module_refcount(THIS_MODULE) == refs));
	/* the last put of one that is set */
	KUNIT_EXPECT_EQ(test, goro_timer_reset(t, HOUR), 0);
	goro_timer_put(t);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), refs);
	KUNIT_EXPECT_EQ(test, atomic_read(&n), i);
}

/* TestTimerStopStress: whether it was stopped and whether it runs are one thing */
static void func_stop_stress(struct kunit *test)
{
	atomic_t n = ATOMIC_INIT(0);
	struct goro_timer *t[MANY];
	int i, ran = 0;

	for (i = 0; i < MANY; i++) {
		t[i] = goro_timer_func(i % 4 ? i * 10000 : 0, runs, &n);
		KUNIT_ASSERT_FALSE(test, IS_ERR(t[i]));
	}
	for (i = 0; i < MANY; i++) {
		ran += !goro_timer_stop(t[i]);
		goro_timer_put(t[i]);
	}
	KUNIT_EXPECT_GE(test, ran, MANY / 4);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&n) >= ran));
	KUNIT_EXPECT_EQ(test, atomic_read(&n), ran);
}

/* a timer that its own function sets again, ten times */
struct chain {
	struct goro_timer *t;
	atomic_t n;
	struct completion done;
};

static void sets_again(void *arg)
{
	struct chain *ch = arg;

	if (atomic_inc_return(&ch->n) < 10)
		goro_timer_reset(ch->t, 1000);
	else
		complete(&ch->done);
}

/* TestAfterFunc */
static void func_chain(struct kunit *test)
{
	struct chain ch = { .n = ATOMIC_INIT(0) };

	init_completion(&ch.done);
	ch.t = goro_timer_func(HOUR, sets_again, &ch);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ch.t));
	KUNIT_EXPECT_EQ(test, goro_timer_reset(ch.t, 0), 1);
	KUNIT_ASSERT_EQ(test, goro_wait_for_completion_until(&ch.done, NET), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ch.n), 10);
	KUNIT_EXPECT_EQ(test, goro_timer_stop(ch.t), 0);
	goro_timer_put(ch.t);
}

/* TestZeroTimer: no time at all is not missed, by none of the ways to set it */
static void zero(struct kunit *test)
{
	atomic_t n = ATOMIC_INIT(0);
	struct goro_timer *f = goro_timer_func(HOUR, runs, &n), *t, *again = timer(test, HOUR);
	int i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(f));
	for (i = 1; i <= 500; i++) {
		t = timer(test, 0);
		next(test, t, 0);
		goro_timer_put(t);
		goro_timer_reset(again, 0);
		next(test, again, 0);
		goro_timer_reset(f, 0);
		KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&n) == i));
	}
	goro_timer_put(again);
	goro_timer_put(f);
}

static void sets_flag(void *arg)
{
	WRITE_ONCE(*(bool *)arg, true);
}

static int hops(struct job *j)
{
	while (!READ_ONCE(j->f->flag)) {
		goro_yield();
		if (now() > j->deadline)
			return -ETIMEDOUT;
	}
	return 0;
}

/* TestAfterFuncStarvation: goroutines that run all the time do not keep it off */
static void func_starvation(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_timer *t;
	int i;

	for (i = 0; i < 32; i++)
		job_go(test, job_set(f, i, hops, NULL));
	t = goro_timer_func(MS, sets_flag, &f->flag);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t));
	jobs_done(test, 32, 0);
	KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 0);
	goro_timer_put(t);
}

static int sleeps_nothing(struct job *j)
{
	int i, bad = 0;

	for (i = 0; i < 200; i++) {
		struct goro_timer *t = goro_timer_func(0, runs, &j->f->n);

		bad += goro_sleep(0);
		if (IS_ERR(t))
			return PTR_ERR(t);
		goro_timer_put(t);
	}
	return bad;
}

/* TestSleepZeroDeadlock: sleeping no time while timers come and go */
static void sleep_zero(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 4; i++)
		job_go(test, job_set(f, i, sleeps_nothing, NULL));
	jobs_done(test, 4, 0);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) == 800));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(after_once),
	KUNIT_CASE(after_in_turn),
	KUNIT_CASE(time_of_firing),
	KUNIT_CASE(order),
	KUNIT_CASE(stop),
	KUNIT_CASE(reset),
	KUNIT_CASE(nothing_stale),
	KUNIT_CASE(far_and_past),
	KUNIT_CASE(adjust),
	KUNIT_CASE(stop_or_received),
	KUNIT_CASE(stop_against_receiver),
	KUNIT_CASE(func),
	KUNIT_CASE(func_chain),
	KUNIT_CASE(zero),
	KUNIT_CASE(func_stop_stress),
	KUNIT_CASE(func_starvation),
	KUNIT_CASE(sleep_zero),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_timer",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
