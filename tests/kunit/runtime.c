// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_runtime: how many Ps there are, changed while goroutines run. Suite
 * goro_lock_thread: goroutines that keep their thread. The names of Go's tests that
 * show the same stand above the cases (src/runtime/proc_test.go).
 */
#include <linux/cpumask.h>
#include "kunit.h"

/* Go: GOMAXPROCS(n) returns the former one, GOMAXPROCS(0) changes nothing; TestBigGOMAXPROCS */
static void procs_get_set(struct kunit *test)
{
	u64 single = goro_counter(GORO_C_PROCS_SINGLE);
	unsigned int max = goro_num_cpu(), n, procs0 = goro_procs();

	KUNIT_EXPECT_GE(test, max, 1U);
	KUNIT_EXPECT_LE(test, max, num_online_cpus());
	KUNIT_EXPECT_EQ(test, goro_set_procs(0), (int)procs0);
	KUNIT_EXPECT_EQ(test, goro_set_procs(-1), (int)procs0);
	KUNIT_EXPECT_EQ(test, goro_set_procs(INT_MIN), (int)procs0);
	KUNIT_EXPECT_EQ(test, goro_set_procs(max + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_set_procs(INT_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_procs(), procs0);
	for (n = 1; n <= max; n++) {
		unsigned int was = goro_procs();

		KUNIT_EXPECT_EQ(test, goro_set_procs(n), (int)was);
		KUNIT_EXPECT_EQ(test, goro_procs(), n);
	}
	/* nothing runs: those that go are out at once, or soon */
	KUNIT_EXPECT_EQ(test, goro_set_procs(1), (int)max);
	KUNIT_EXPECT_TRUE(test, eventually(fx_ps() == 1));
	if (max > 1)
		KUNIT_EXPECT_TRUE(test, eventually(goro_counter(GORO_C_PROCS_SINGLE) > single));
	KUNIT_EXPECT_EQ(test, goro_set_procs(max), 1);
	KUNIT_EXPECT_EQ(test, fx_ps(), max);
}

static int works(void *arg)
{
	struct fx *f = arg;
	int i;

	for (i = 0; i < 200; i++) {
		if (i % 16 == 15)
			goro_sleep(1000);
		else
			goro_yield();
		atomic64_inc(&f->sum);
	}
	atomic_inc(&f->n);
	return 0;
}

/* the number changes under load, up and down, and everybody comes to his end; GOMAXPROCS */
static void procs_under_load(struct kunit *test)
{
	struct fx *f = fx_of(test);
	unsigned int max = goro_num_cpu(), i, gs = 0;
	u64 off = goro_counter(GORO_C_P_OFF), on = goro_counter(GORO_C_P_ON);
	u64 changes = goro_counter(GORO_C_PROCS_SET);

	for (i = 0; i < 40; i++) {
		int k;

		for (k = 0; k < 20; k++, gs++)
			KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, works, f), 0);
		KUNIT_ASSERT_GE(test, goro_set_procs(i % 2 ? max : 1), 0);
	}
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), (int)gs);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->sum), (s64)gs * 200);
	if (max > 1) {
		KUNIT_EXPECT_GE(test, goro_counter(GORO_C_PROCS_SET), changes + 39);
		KUNIT_EXPECT_GT(test, goro_counter(GORO_C_P_OFF), off);
		KUNIT_EXPECT_GT(test, goro_counter(GORO_C_P_ON), on);
	}
}

static int sets_procs(struct job *j)
{
	int max = goro_num_cpu(), i;

	for (i = 0; i < 10; i++)
		if (goro_set_procs(i % 2 ? max : 1) < 0 || goro_procs() < 1)
			return -EIO;
	return 0;
}

/* a goroutine may take its own P away, and two may change the number at once */
static void procs_by_goroutines(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 4; i++)
		job_go(test, job_set(f, i, sets_procs, NULL));
	jobs_done(test, 4, 0);
}

static int count_one(void *arg)
{
	atomic_inc(&((struct fx *)arg)->n);
	return 0;
}

/*
 * As many as there are Ps, all at once, so one on each. But for the one on the P that
 * will stay they fill their queues and compute on, until those have run.
 */
static int queues_and_holds(struct job *j)
{
	struct fx *f = j->f;
	int n = goro_num_cpu(), i, ret = 0;

	atomic_inc(&f->n2);
	while (atomic_read(&f->n2) < n)
		cpu_relax();
	if (raw_smp_processor_id() == cpumask_first(cpu_online_mask))
		return 0;
	for (i = 0; i < 100 && !ret; i++)
		ret = goro_group_go(&f->other, count_one, f);
	while (!ret && atomic_read(&f->n) < 100 * (n - 1)) {
		if (goro_cancelled())
			return -ECANCELED;
		cpu_relax();
	}
	return ret;
}

/* what owners that come to no scheduling point have queued is within reach of the last P */
static void procs_while_others_compute(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int n = goro_num_cpu(), i;

	if (n < 2 || n > JOBS)
		kunit_skip(test, "%d CPUs", n);
	KUNIT_ASSERT_GE(test, goro_set_procs(n), 0);
	for (i = 0; i < n; i++)
		job_go(test, job_set(f, i, queues_and_holds, NULL));
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n2) == n));
	KUNIT_ASSERT_GE(test, goro_set_procs(1), 0);
	jobs_done(test, n, 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 100 * (n - 1));
	KUNIT_EXPECT_TRUE(test, eventually(fx_ps() == 1));
}

static int flips(struct job *j)
{
	struct fx *f = j->f;
	int max = goro_procs(), i;

	/* Go's test: each of them waits for its turn, by looking only */
	for (i = 0; i < 5; i++) {
		while (atomic_read(&f->n) != i * max + (int)j->v) {
			if (atomic_read(&f->bad))
				return -EIO;
			goro_yield();
		}
		atomic_inc(&f->n);
	}
	return 0;
}

/* Go: TestGoroutineParallelism */
static void parallelism(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int n = min(goro_procs(), 8U), i;

	KUNIT_ASSERT_GE(test, goro_set_procs(n), 0);
	for (i = 0; i < n; i++) {
		job_set(f, i, flips, NULL)->v = i;
		job_go(test, &f->j[i]);
	}
	jobs_done(test, n, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), n * 5);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(procs_get_set),
	KUNIT_CASE(procs_under_load),
	KUNIT_CASE(procs_by_goroutines),
	KUNIT_CASE(procs_while_others_compute),
	KUNIT_CASE(parallelism),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_runtime",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};

/* ---- goroutines that keep their thread ------------------------------------ */

/* parks in every way; is it on the same thread each time? */
static int same_thread(struct job *j)
{
	struct task_struct *me;
	int i, ret = 0;
	u64 v;

	ret = goro_lock_thread();
	if (ret)
		return ret;
	me = current;
	for (i = 0; i < 50 && !ret; i++) {
		goro_yield();
		if (current != me)
			ret = 1000;
		if (!ret && goro_sleep(1000))
			ret = 1001;
		if (current != me)
			ret = 1002;
		if (!ret && goro_chan_recv_until(j->c, &v, j->deadline) != 1)
			ret = 1003;
		if (current != me)
			ret = 1004;
		goro_block_begin();
		usleep_range(1, 20);
		goro_block_end();
		if (current != me)
			ret = 1005;
	}
	return goro_unlock_thread() ?: ret;
}

static int feeds(struct job *j)
{
	int i, ret = 0;

	for (i = 0; i < 50 && !ret; i++) {
		ret = do_send(j);
		goro_yield();
	}
	return ret;
}

/* Go: what LockOSThread is for: "current" is the same before and after each park */
static void same_current(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	u64 bound = goro_counter(GORO_C_PARK_BOUND), locked = goro_counter(GORO_C_M_LOCKED);
	int i, n = 4;

	for (i = 0; i < n; i++) {
		job_go(test, job_set(f, i, same_thread, c));
		job_go(test, job_set(f, n + i, feeds, c));
	}
	for (i = 0; i < 2 * n; i++)
		EXPECT_DONE(test, &f->j[i], 0);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_M_LOCKED), locked + n);
	KUNIT_EXPECT_GE(test, goro_counter(GORO_C_PARK_BOUND), bound + n * 50);
}

/* is a park one on the thread? Nobody else parks meanwhile. */
static bool parks_bound(void)
{
	u64 bound = goro_counter(GORO_C_PARK_BOUND);

	goro_sleep(1000);
	return goro_counter(GORO_C_PARK_BOUND) != bound;
}

static int nests(struct job *j)
{
	int i;

	if (parks_bound())
		return -EBUSY;
	for (i = 0; i < 5; i++)
		if (goro_lock_thread() || !parks_bound())
			return -EIO;
	for (i = 0; i < 5; i++)
		if (!parks_bound() || goro_unlock_thread())
			return -EPERM;
	return parks_bound() ? -EBUSY : 0;
}

/* Go: TestLockOSThreadNesting */
static void nesting(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 exits = goro_counter(GORO_C_M_LOCKED_EXIT);

	job_go(test, job_set(f, 0, nests, NULL));
	EXPECT_DONE(test, &f->j[0], 0);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_M_LOCKED_EXIT), exits);
	/* a thread has itself */
	KUNIT_EXPECT_EQ(test, goro_lock_thread(), 0);
	KUNIT_EXPECT_EQ(test, goro_unlock_thread(), 0);
	KUNIT_EXPECT_EQ(test, goro_unlock_thread(), 0);
}

static void ends_locked(void *arg)
{
	struct fx *f = arg;

	if (goro_lock_thread())
		atomic_inc(&f->bad);
	goro_sleep(1000);
	/* the compiler is not to know */
	if (atomic_inc_return(&f->n) & 1)
		goro_exit();
}

/* Go: TestLockOSThreadExit: the thread ends with it */
static void exit_ends_thread(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 exits = goro_counter(GORO_C_M_LOCKED_EXIT), gone = goro_counter(GORO_C_M_DESTROYED);
	int i;

	for (i = 0; i < 10; i++)
		KUNIT_ASSERT_EQ(test, goro_go(ends_locked, f), 0);
	KUNIT_EXPECT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_M_LOCKED_EXIT), exits + 10);
	KUNIT_EXPECT_TRUE(test, eventually(goro_counter(GORO_C_M_DESTROYED) >= gone + 10));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

static int yields_locked(struct job *j)
{
	int i, ret = goro_lock_thread();

	for (i = 0; i < 200 && !ret; i++)
		goro_yield();
	return ret ?: goro_unlock_thread();
}

static int spins_until_set(struct job *j)
{
	while (!READ_ONCE(j->f->flag))
		goro_yield();
	return 0;
}

static int sets_flag(struct job *j)
{
	WRITE_ONCE(j->f->flag, true);
	return 0;
}

static int spins_locked(struct job *j)
{
	int ret = goro_lock_thread();

	while (!READ_ONCE(j->f->flag) && !ret)
		goro_yield();
	return ret ?: goro_unlock_thread();
}

/*
 * Go: TestYieldProgress, TestYieldLockedProgress: one that yields for ever, locked or
 * not, lets others come on
 */
static void yield_progress(struct kunit *test)
{
	struct fx *f = fx_of(test);
	unsigned int procs = goro_procs();

	KUNIT_ASSERT_GE(test, goro_set_procs(1), 0);
	job_go(test, job_set(f, 0, spins_until_set, NULL));
	job_go(test, job_set(f, 1, sets_flag, NULL));
	EXPECT_DONE(test, &f->j[0], 0);
	f->flag = false;
	job_go(test, job_set(f, 2, spins_locked, NULL));
	job_go(test, job_set(f, 3, spins_locked, NULL));
	job_go(test, job_set(f, 4, spins_until_set, NULL));
	job_go(test, job_set(f, 5, sets_flag, NULL));
	EXPECT_DONE(test, &f->j[2], 0);
	EXPECT_DONE(test, &f->j[3], 0);
	EXPECT_DONE(test, &f->j[4], 0);
	KUNIT_EXPECT_GE(test, goro_set_procs(procs), 0);
}

/* until one of them had to wait for the P, and was given it */
static int yields_until_given(struct job *j)
{
	int ret = goro_lock_thread();

	while (!ret && goro_counter(GORO_C_P_GIVEN) <= j->v && !goro_cancelled())
		goro_yield();
	return ret ?: goro_unlock_thread();
}

/* Go: TestYieldLocked: many locked ones and others share one P, and then the Ps change */
static void yield_locked(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 given = goro_counter(GORO_C_P_GIVEN);
	unsigned int procs = goro_procs();
	int i;

	/* on one P they take turns; then they may meet none, or several */
	KUNIT_ASSERT_GE(test, goro_set_procs(1), 0);
	for (i = 8; i < 16; i++) {
		job_set(f, i, yields_until_given, NULL)->v = given;
		job_go(test, &f->j[i]);
	}
	for (i = 8; i < 16; i++)
		EXPECT_DONE(test, &f->j[i], 0);
	KUNIT_EXPECT_GT(test, goro_counter(GORO_C_P_GIVEN), given);
	for (i = 0; i < 8; i++) {
		job_go(test, job_set(f, i, yields_locked, NULL));
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, works, f), 0);
	}
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_GE(test, goro_set_procs(i % 2 ? 1 : goro_num_cpu()), 0);
	jobs_done(test, 8, 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 8);
	KUNIT_EXPECT_GE(test, goro_set_procs(procs), 0);
}

static int alone_on_thread(struct job *j)
{
	int i, ret = goro_lock_thread();

	WRITE_ONCE(j->f->priv, current);
	for (i = 0; i < 100 && !ret; i++)
		ret = goro_sleep(20000);
	WRITE_ONCE(j->f->priv, NULL);
	return ret ?: goro_unlock_thread();
}

static int not_there(struct job *j)
{
	while (!job_done(&j->f->j[0])) {
		if (current == READ_ONCE(j->f->priv))
			return -EIO;
		goro_yield();
	}
	return 0;
}

/* nobody else runs on the thread while it is locked, also while its goroutine waits */
static void nobody_else(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 1; i <= 8; i++)
		job_go(test, job_set(f, i, not_there, NULL));
	job_go(test, job_set(f, 0, alone_on_thread, NULL));
	jobs_done(test, 9, 0);
}

static int cancelled_locked(struct job *j)
{
	int ret = goro_lock_thread();

	return ret ?: goro_chan_recv(j->c, &j->v);
}

/* a cancel reaches one that is locked; it ends locked */
static void cancel(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);

	job_go(test, job_set(f, 0, cancelled_locked, c));
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 1));
	goro_group_cancel(&f->grp);
	EXPECT_DONE(test, &f->j[0], -ECANCELED);
}

static struct kunit_case lock_cases[] = {
	KUNIT_CASE(same_current),
	KUNIT_CASE(nesting),
	KUNIT_CASE(exit_ends_thread),
	KUNIT_CASE(yield_progress),
	KUNIT_CASE(yield_locked),
	KUNIT_CASE(nobody_else),
	KUNIT_CASE(cancel),
	{}
};

static struct kunit_suite lock_suite = {
	.name = "goro_lock_thread",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = lock_cases,
};
kunit_test_suites(&suite, &lock_suite);
