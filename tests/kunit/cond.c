// SPDX-License-Identifier: GPL-2.0-only
/* Suite goro_cond: Cond. Names in the comments are those of Go's tests (src/sync). */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "kunit.h"

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

static int do_wait(struct job *j)
{
	struct fx *f = j->f;
	int err = goro_mutex_lock_nocancel(&f->m);

	if (err)
		return err;
	err = goro_cond_wait_until(&f->cond, &f->m, j->deadline);
	/* the mutex is ours whatever it said */
	if (!goro_mutex_is_locked(&f->m) || READ_ONCE(f->flag))
		atomic_inc(&f->bad);
	WRITE_ONCE(f->flag, true);
	j->v = atomic_inc_return(&f->n);
	goro_yield();
	WRITE_ONCE(f->flag, false);
	return goro_mutex_unlock(&f->m) ?: err;
}

static struct job *wait_cond(struct kunit *test, int i, bool thread)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, i, do_wait, NULL);

	job_waits(test, j, thread, x_waiters(&f->cond));
	return j;
}

static void expect_end(struct kunit *test)
{
	struct fx *f = fx_of(test);

	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	KUNIT_EXPECT_EQ(test, x_waiters(&f->cond), 0U);
	KUNIT_EXPECT_EQ(test, goro_cond_signal(&f->cond), 0);
	KUNIT_EXPECT_EQ(test, goro_cond_broadcast(&f->cond), 0);
}

/* TestCondSignal, TestCondSignalGenerations: a signal wakes one, in the order in which they came */
static void signal_wakes_one(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 12; i++)
		wait_cond(test, i, job_who(test, i));
	for (i = 0; i < 12; i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&f->n), i);
		KUNIT_EXPECT_EQ(test, x_waiters(&f->cond), 12U - i);
		KUNIT_EXPECT_EQ(test, goro_cond_signal(&f->cond), 1);
		EXPECT_DONE(test, &f->j[i], 0);
		KUNIT_EXPECT_EQ(test, f->j[i].v, (u64)i + 1);
	}
	expect_end(test);
}

/* TestCondBroadcast: all of them, and with the mutex held as well */
static void broadcast(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int r, i;

	for (r = 0; r < 3; r++) {
		for (i = 0; i < 20; i++)
			wait_cond(test, r * 20 + i, job_who(test, i));
		KUNIT_ASSERT_EQ(test, goro_mutex_lock(&f->m), 0);
		KUNIT_EXPECT_EQ(test, goro_cond_broadcast(&f->cond), 20);
		KUNIT_EXPECT_EQ(test, x_waiters(&f->cond), 0U);
		KUNIT_EXPECT_EQ(test, atomic_read(&f->n), r * 20);
		KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
		for (i = 0; i < 20; i++)
			EXPECT_DONE(test, &f->j[r * 20 + i], 0);
	}
	expect_end(test);
}

/* TestRace: three that hand a number on, with signals and waits in all orders */
static int race1(struct job *j)
{
	struct fx *f = j->f;
	int err = goro_mutex_lock(&f->m);

	if (err)
		return err;
	f->j[0].v = 1;
	err = goro_cond_wait(&f->cond, &f->m);
	if (err || f->j[0].v != 2)
		atomic_inc(&f->bad);
	f->j[0].v = 3;
	goro_cond_signal(&f->cond);
	return goro_mutex_unlock(&f->m);
}

static int race2(struct job *j)
{
	struct fx *f = j->f;

	for (;;) {
		int err = goro_mutex_lock(&f->m);

		if (err)
			return err;
		if (f->j[0].v == 1) {
			f->j[0].v = 2;
			goro_cond_signal(&f->cond);
			return goro_mutex_unlock(&f->m);
		}
		goro_mutex_unlock(&f->m);
		goro_yield();
	}
}

static int race3(struct job *j)
{
	struct fx *f = j->f;

	for (;;) {
		int err = goro_mutex_lock(&f->m);

		if (err)
			return err;
		if (f->j[0].v == 2) {
			err = goro_cond_wait(&f->cond, &f->m);
			if (err || f->j[0].v != 3)
				atomic_inc(&f->bad);
			return goro_mutex_unlock(&f->m);
		}
		if (f->j[0].v == 3)
			return goro_mutex_unlock(&f->m);
		goro_mutex_unlock(&f->m);
		goro_yield();
	}
}

static void race(struct kunit *test)
{
	static int (*const fns[])(struct job *) = { race1, race2, race3 };
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 3; i++)
		job_set(f, i, fns[i], NULL);
	for (i = 0; i < 3; i++)
		job_start_who(test, &f->j[i]);
	jobs_done(test, 3, 0);
	expect_end(test);
}

static int late_wait(struct job *j)
{
	struct fx *f = j->f;
	int err = goro_mutex_lock(&f->m);

	if (err)
		return err;
	/* a condition that comes true for both: the signal, and then a broadcast */
	while (!f->j[0].v && !err)
		err = goro_cond_wait(&f->cond, &f->m);
	goro_mutex_unlock(&f->m);
	return err;
}

/*
 * TestCondSignalStealing: a signal is for one that waited when it came, not for one
 * that comes to wait before the woken one has run.
 */
static void signal_stealing(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct fx *f = fx_of(test);
	int r;

	for (r = 0; r < 20; r++) {
		struct job *first = &f->j[1 + 2 * r], *second = first + 1;

		WRITE_ONCE(f->j[0].v, 0);
		wait_cond(test, 1 + 2 * r, who->recv_thread);
		KUNIT_ASSERT_EQ(test, goro_mutex_lock(&f->m), 0);
		KUNIT_EXPECT_EQ(test, goro_cond_signal(&f->cond), 1);
		KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
		job_start(test, job_set(f, 2 + 2 * r, late_wait, NULL), who->send_thread);
		EXPECT_DONE(test, first, 0);
		KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->cond) == 1));
		KUNIT_EXPECT_FALSE(test, job_done(second));
		KUNIT_ASSERT_EQ(test, goro_mutex_lock(&f->m), 0);
		f->j[0].v = 1;
		KUNIT_EXPECT_EQ(test, goro_cond_broadcast(&f->cond), 1);
		KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
		EXPECT_DONE(test, second, 0);
	}
	expect_end(test);
}

static int as_member(void *arg)
{
	struct job *j = arg;

	j->ret = j->fn(j);
	smp_store_release(&j->done, 1);	/* job_done() */
	return 0;
}

/* a cancelled wait has the mutex again, takes no signal, and does not begin */
static void cancel(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, do_wait, NULL);

	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, as_member, j), 0);
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->cond) == 1));
	KUNIT_EXPECT_TRUE(test, eventually(members_in(&f->other, GORO_R_COND) == 1));
	wait_cond(test, 1, false);
	/* it comes to its end only when it has the mutex */
	KUNIT_ASSERT_EQ(test, goro_mutex_lock(&f->m), 0);
	goro_group_cancel(&f->other);
	KUNIT_EXPECT_TRUE(test, eventually(x_waiters(&f->m) == 1));
	KUNIT_EXPECT_FALSE(test, job_done(j));
	KUNIT_EXPECT_EQ(test, goro_cond_signal(&f->cond), 1);
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
	EXPECT_DONE(test, j, -ECANCELED);
	EXPECT_DONE(test, &f->j[1], 0);
	expect_end(test);
}

static int wait_twice(struct job *j)
{
	int err = do_wait(j);

	/* cancelled before it begins: the mutex is not given away at all */
	if (err != -ECANCELED)
		return -EIO;
	if (goro_mutex_lock(&j->f->m))
		return -EIO;
	err = goro_cond_wait(&j->f->cond, &j->f->m);
	return goro_mutex_unlock(&j->f->m) ?: err;
}

static void cancelled_before(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, wait_twice, NULL);

	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, as_member, j), 0);
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->cond) == 1));
	goro_group_cancel(&f->other);
	EXPECT_DONE(test, j, -ECANCELED);
	expect_end(test);
}

static void deadlines(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 at;
	int i;

	KUNIT_ASSERT_EQ(test, goro_mutex_lock(&f->m), 0);
	KUNIT_EXPECT_EQ(test, goro_cond_wait_until(&f->cond, &f->m, GORO_NOW), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_cond_wait_until(&f->cond, &f->m, 1), -ETIMEDOUT);
	at = goro_in(SHORT_NS);
	KUNIT_EXPECT_EQ(test, goro_cond_wait_until(&f->cond, &f->m, at), -ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get_ns(), at);
	KUNIT_EXPECT_TRUE(test, goro_mutex_is_locked(&f->m));
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);

	at = goro_in(SHORT_NS);
	for (i = 0; i < 9; i++) {
		job_set(f, i, do_wait, NULL);
		if (i % 3 == 1)
			f->j[i].deadline = at;
		job_start(test, &f->j[i], i % 2);
	}
	for (i = 1; i < 9; i += 3)
		EXPECT_DONE(test, &f->j[i], -ETIMEDOUT);
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->cond) == 6));
	KUNIT_EXPECT_EQ(test, goro_cond_broadcast(&f->cond), 6);
	for (i = 0; i < 9; i++)
		EXPECT_DONE(test, &f->j[i], i % 3 == 1 ? -ETIMEDOUT : 0);
	expect_end(test);
}

static int wait_signalled(struct job *j)
{
	allow_signal(SIGUSR1);
	return do_wait(j);
}

static void signals(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, wait_signalled, NULL);

	job_thread(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->cond) == 1));
	wait_cond(test, 1, false);
	send_sig(SIGUSR1, j->task, 1);
	EXPECT_DONE(test, j, -EINTR);
	KUNIT_EXPECT_EQ(test, goro_cond_signal(&f->cond), 1);
	EXPECT_DONE(test, &f->j[1], 0);
	expect_end(test);
}

#define EACH	300

/* tokens under the mutex: no signal is lost, or the last waiters would wait for ever */
static int put_tokens(struct job *j)
{
	struct fx *f = j->f;
	int i;

	for (i = 0; i < EACH; i++) {
		if (goro_mutex_lock(&f->m))
			return -EIO;
		atomic64_inc(&f->sum);
		if (i % 2)
			goro_cond_signal(&f->cond);
		goro_mutex_unlock(&f->m);
		if (!(i % 2))
			goro_cond_signal(&f->cond);
	}
	return 0;
}

static int get_tokens(struct job *j)
{
	struct fx *f = j->f;
	int i, err;

	for (i = 0; i < EACH; i++) {
		if (goro_mutex_lock(&f->m))
			return -EIO;
		while (!atomic64_read(&f->sum)) {
			/* some waits end by themselves, as a signal comes */
			u64 at = i % 2 ? goro_in(i % 16 * 1000) : GORO_FOREVER;

			err = goro_cond_wait_until(&f->cond, &f->m, at);
			if (err && err != -ETIMEDOUT && err != -EAGAIN)
				return err;
		}
		atomic64_dec(&f->sum);
		goro_mutex_unlock(&f->m);
	}
	return 0;
}

static void none_lost(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 12; i++)
		job_start_who(test, job_set(f, i, i % 2 ? put_tokens : get_tokens, NULL));
	jobs_done(test, 12, 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->sum), 0LL);
	expect_end(test);
}

struct once_used {
	struct goro_mutex m;
	struct goro_cond c;
};

static int wait_and_free(struct job *j)
{
	struct once_used *o = j->f->priv;
	int err = goro_mutex_lock(&o->m);

	if (err)
		return err;
	err = goro_cond_wait(&o->c, &o->m);
	goro_mutex_unlock(&o->m);
	memset(o, 0x5a, sizeof(*o));
	kfree(o);
	return err;
}

/* who is woken frees it at once */
static void woken_frees(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 32; i++) {
		struct once_used *o = kmalloc(sizeof(*o), GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, o);
		goro_mutex_init(&o->m);
		goro_cond_init(&o->c);
		f->priv = o;
		job_start(test, job_set(f, i, wait_and_free, NULL), who->recv_thread);
		KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&o->c) == 1));
		if (i % 2)
			KUNIT_EXPECT_EQ(test, goro_cond_signal(&o->c), 1);
		else
			KUNIT_EXPECT_EQ(test, goro_cond_broadcast(&o->c), 1);
		EXPECT_DONE(test, &f->j[i], 0);
	}
}

static DEFINE_GORO_COND(static_cond);

/* a wait without the mutex: Go stops with "unlock of unlocked mutex" */
static void misuse(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 misuses = goro_counter(GORO_C_MISUSE);

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, goro_cond_wait(&f->cond, &f->m), -EPERM);
		KUNIT_EXPECT_EQ(test, goro_cond_wait(&static_cond, &f->m), -EPERM);
	}
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_MISUSE) - misuses, 2ULL);
	KUNIT_EXPECT_FALSE(test, goro_mutex_is_locked(&f->m));
	KUNIT_EXPECT_EQ(test, goro_cond_signal(&static_cond), 0);
	expect_end(test);
}

#ifdef GORO_SYNC_DEBUG
/* TestCondCopy: a copy is found out, where the kernel has CONFIG_DEBUG_MUTEXES */
static void copy(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_cond other = f->cond;

	KUNIT_ASSERT_EQ(test, goro_mutex_lock(&f->m), 0);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, goro_cond_signal(&other), -EINVAL);
		KUNIT_EXPECT_EQ(test, goro_cond_broadcast(&other), -EINVAL);
		KUNIT_EXPECT_EQ(test, goro_cond_wait(&other, &f->m), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
	expect_end(test);
}
#endif

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(signal_wakes_one, who_gen_params),
	KUNIT_CASE_PARAM(broadcast, who_gen_params),
	KUNIT_CASE_PARAM(race, who_gen_params),
	KUNIT_CASE_PARAM(signal_stealing, who_gen_params),
	KUNIT_CASE(cancel),
	KUNIT_CASE(cancelled_before),
	KUNIT_CASE(deadlines),
	KUNIT_CASE(signals),
	KUNIT_CASE_PARAM(none_lost, who_gen_params),
	KUNIT_CASE_PARAM(woken_frees, who_gen_params),
	KUNIT_CASE(misuse),
#ifdef GORO_SYNC_DEBUG
	KUNIT_CASE(copy),
#endif
	{}
};

static struct kunit_suite suite = {
	.name = "goro_cond",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
