// SPDX-License-Identifier: GPL-2.0-only
/* Suite goro_rwmutex: RWMutex. Names in the comments are those of Go's tests (src/sync). */
#include <linux/sched/signal.h>
#include "kunit.h"

#define LOOPS	300

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

static u32 wait_r(struct fx *f)
{
	return list_waiters(&f->rw.lock, &f->rw.readers);
}

static u32 wait_w(struct fx *f)
{
	return list_waiters(&f->rw.lock, &f->rw.writers);
}

static int do_rlock(struct job *j)
{
	int err = goro_rwmutex_rlock_until(&j->f->rw, j->deadline);

	if (err)
		return err;
	atomic_inc(&j->f->n);
	/* the case lets readers go together */
	goro_chan_recv(j->f->c[0], NULL);
	return goro_rwmutex_runlock(&j->f->rw);
}

static int do_wlock(struct job *j)
{
	int err = goro_rwmutex_lock_until(&j->f->rw, j->deadline);

	if (err)
		return err;
	j->v = atomic_inc_return(&j->f->n2);
	return goro_rwmutex_unlock(&j->f->rw);
}

static struct job *wait_for(struct kunit *test, int i, int (*fn)(struct job *), bool thread)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, i, fn, NULL);

	job_waits(test, j, thread, wait_r(f) + wait_w(f));
	return j;
}

static void expect_free(struct kunit *test)
{
	struct fx *f = fx_of(test);

	KUNIT_EXPECT_EQ(test, f->rw.n, 0L);
	KUNIT_EXPECT_EQ(test, wait_r(f), 0U);
	KUNIT_EXPECT_EQ(test, wait_w(f), 0U);
}

static DEFINE_GORO_RWMUTEX(static_rw);

/* TestRWMutex: what try says, and the deadline's forms */
static void try_lock(struct kunit *test)
{
	struct goro_rwmutex *rw = &fx_of(test)->rw;

	KUNIT_ASSERT_EQ(test, goro_rwmutex_lock(rw), 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_try_lock(rw), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_try_rlock(rw), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(rw), 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_try_lock(rw), 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(rw), 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_rlock(rw), 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_try_rlock(rw), 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_try_lock(rw), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_lock_until(rw, 1), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_lock_until(rw, goro_in(SHORT_NS)), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_rlock_until(rw, GORO_NOW), 0);
	KUNIT_EXPECT_EQ(test, rw->n, 3L);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_runlock(rw), 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_runlock(rw), 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_runlock(rw), 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_lock_nocancel(rw), 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(rw), 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_rlock_nocancel(rw), 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_runlock(rw), 0);
	expect_free(test);

	KUNIT_EXPECT_EQ(test, goro_rwmutex_rlock(&static_rw), 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_try_lock(&static_rw), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_runlock(&static_rw), 0);
}

/* TestParallelReaders, TestParallelRWMutexReaders: all of them are in at the same time */
static void parallel_readers(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct fx *f = fx_of(test);
	int i;

	fx_chan(test, 0, 0, 0);
	for (i = 0; i < 10; i++)
		job_start(test, job_set(f, i, do_rlock, NULL), i % 2 ? who->send_thread : true);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) == 10));
	KUNIT_EXPECT_EQ(test, f->rw.n, 10L);
	KUNIT_EXPECT_EQ(test, goro_chan_close(f->c[0]), 0);
	jobs_done(test, 10, 0);
	expect_free(test);
}

/* readers count 1, writers 10000: no reader sees a writer, no writer anybody */
static int reader(struct job *j)
{
	struct fx *f = j->f;
	int i, bad = 0;

	for (i = 0; i < LOOPS; i++) {
		int err = i % 7 == 3 ? goro_rwmutex_try_rlock(&f->rw) : goro_rwmutex_rlock(&f->rw);

		if (err == -EAGAIN)
			continue;
		if (err)
			return err;
		bad += (u32)atomic_inc_return(&f->n) >= 10000;
		if (i % 16 == 0)
			goro_yield();
		atomic_dec(&f->n);
		if (goro_rwmutex_runlock(&f->rw))
			return -EIO;
	}
	return bad;
}

static int writer(struct job *j)
{
	struct fx *f = j->f;
	int i, bad = 0;

	for (i = 0; i < LOOPS; i++) {
		int err = i % 7 == 3 ? goro_rwmutex_try_lock(&f->rw) : goro_rwmutex_lock(&f->rw);

		if (err == -EAGAIN)
			continue;
		if (err)
			return err;
		bad += atomic_add_return(10000, &f->n) != 10000;
		if (i % 16 == 0)
			goro_yield();
		atomic_sub(10000, &f->n);
		if (goro_rwmutex_unlock(&f->rw))
			return -EIO;
	}
	return bad;
}

/* TestRWMutex, HammerRWMutex */
static void hammer(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 12; i++)
		job_start(test, job_set(f, i, i % 6 ? reader : writer, NULL),
			  i % 4 ? who->recv_thread : who->send_thread);
	jobs_done(test, 12, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 0);
	expect_free(test);
}

/* a writer that waits keeps new readers out, and then they all get in, before the next writer */
static void turns(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct fx *f = fx_of(test);
	struct job *w1, *w2;
	int i;

	fx_chan(test, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, goro_rwmutex_rlock(&f->rw), 0);
	w1 = wait_for(test, 0, do_wlock, who->send_thread);
	for (i = 1; i < 5; i++)
		wait_for(test, i, do_rlock, i % 2 ? who->recv_thread : true);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_try_rlock(&f->rw), -EAGAIN);
	w2 = wait_for(test, 5, do_wlock, who->send_thread);
	KUNIT_EXPECT_EQ(test, f->rw.n, 1L);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_runlock(&f->rw), 0);
	/* the first writer, all readers; and the second writer waits for these */
	EXPECT_DONE(test, w1, 0);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) == 4));
	KUNIT_EXPECT_EQ(test, f->rw.n, 4L);
	KUNIT_EXPECT_EQ(test, wait_w(f), 1U);
	KUNIT_EXPECT_FALSE(test, job_done(w2));
	KUNIT_EXPECT_EQ(test, goro_chan_close(f->c[0]), 0);
	EXPECT_DONE(test, w2, 0);
	KUNIT_EXPECT_EQ(test, w1->v, 1ULL);
	KUNIT_EXPECT_EQ(test, w2->v, 2ULL);
	for (i = 1; i < 5; i++)
		EXPECT_DONE(test, &f->j[i], 0);
	expect_free(test);
}

/* writers come in their order */
static void writers_in_order(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	KUNIT_ASSERT_EQ(test, goro_rwmutex_lock(&f->rw), 0);
	for (i = 0; i < 8; i++)
		wait_for(test, i, do_wlock, i % 3 == 1);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(&f->rw), 0);
	for (i = 0; i < 8; i++) {
		EXPECT_DONE(test, &f->j[i], 0);
		KUNIT_EXPECT_EQ(test, f->j[i].v, (u64)i + 1);
	}
	expect_free(test);
}

static int as_member(void *arg)
{
	struct job *j = arg;

	j->ret = j->fn(j);
	smp_store_release(&j->done, 1);	/* job_done() */
	return 0;
}

static int wlock_nocancel(struct job *j)
{
	int err = goro_rwmutex_lock_nocancel(&j->f->rw);

	return err ?: goro_rwmutex_unlock(&j->f->rw);
}

static struct job *cancellable(struct kunit *test, int i, int (*fn)(struct job *))
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, i, fn, NULL);
	u32 n = wait_w(f);

	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, as_member, j), 0);
	KUNIT_ASSERT_TRUE(test, eventually(wait_w(f) == n + 1));
	KUNIT_EXPECT_TRUE(test, eventually(members_in(&f->other, GORO_R_RWMUTEX) == n + 1));
	return j;
}

/* a writer that gives up lets those in that waited for its turn */
static void cancelled_writer(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *w;

	fx_chan(test, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, goro_rwmutex_rlock(&f->rw), 0);
	w = cancellable(test, 0, do_wlock);
	wait_for(test, 1, do_rlock, false);
	wait_for(test, 2, do_rlock, true);
	goro_group_cancel(&f->other);
	EXPECT_DONE(test, w, -ECANCELED);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) == 2));
	KUNIT_EXPECT_EQ(test, f->rw.n, 3L);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_runlock(&f->rw), 0);
	KUNIT_EXPECT_EQ(test, goro_chan_close(f->c[0]), 0);
	EXPECT_DONE(test, &f->j[1], 0);
	EXPECT_DONE(test, &f->j[2], 0);
	expect_free(test);
}

/* ... but not while another writer waits; and one that no cancel ends stays */
static void one_of_two_writers(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *goes, *stays;

	fx_chan(test, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, goro_rwmutex_rlock(&f->rw), 0);
	goes = cancellable(test, 0, do_wlock);
	stays = cancellable(test, 1, wlock_nocancel);
	wait_for(test, 2, do_rlock, false);
	goro_group_cancel(&f->other);
	EXPECT_DONE(test, goes, -ECANCELED);
	KUNIT_EXPECT_EQ(test, wait_w(f), 1U);
	KUNIT_EXPECT_EQ(test, wait_r(f), 1U);
	KUNIT_EXPECT_FALSE(test, job_done(stays));
	KUNIT_EXPECT_EQ(test, goro_rwmutex_runlock(&f->rw), 0);
	EXPECT_DONE(test, stays, 0);
	KUNIT_EXPECT_EQ(test, goro_chan_close(f->c[0]), 0);
	EXPECT_DONE(test, &f->j[2], 0);
	expect_free(test);
}

/* readers that give up: the writer gets it all the same, when it is left */
static void late_reader(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *r = job_set(f, 0, do_rlock, NULL), *w;

	KUNIT_ASSERT_EQ(test, goro_rwmutex_lock(&f->rw), 0);
	r->deadline = goro_in(SHORT_NS);
	job_go(test, r);
	w = wait_for(test, 1, do_wlock, false);
	EXPECT_DONE(test, r, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, wait_r(f), 0U);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(&f->rw), 0);
	EXPECT_DONE(test, w, 0);
	expect_free(test);
}

static int rlock_signalled(struct job *j)
{
	allow_signal(SIGUSR1);
	return do_rlock(j);
}

static int wlock_signalled(struct job *j)
{
	allow_signal(SIGUSR1);
	return do_wlock(j);
}

static void signals(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *r, *w;

	KUNIT_ASSERT_EQ(test, goro_rwmutex_lock(&f->rw), 0);
	r = wait_for(test, 0, rlock_signalled, true);
	w = wait_for(test, 1, wlock_signalled, true);
	send_sig(SIGUSR1, w->task, 1);
	EXPECT_DONE(test, w, -EINTR);
	send_sig(SIGUSR1, r->task, 1);
	EXPECT_DONE(test, r, -EINTR);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(&f->rw), 0);
	expect_free(test);
}

static int lock_often(struct job *j)
{
	struct fx *f = j->f;
	int i, err, bad = 0;

	for (i = 0; i < LOOPS; i++) {
		u64 at = goro_in(j->v + i % 5 * 2000);

		if (i % 3) {
			err = goro_rwmutex_rlock_until(&f->rw, at);
			if (!err) {
				bad += (u32)atomic_inc_return(&f->n) >= 10000;
				if (i % 4 == 0)
					goro_yield();
				atomic_dec(&f->n);
				goro_rwmutex_runlock(&f->rw);
			}
		} else {
			err = goro_rwmutex_lock_until(&f->rw, at);
			if (!err) {
				bad += atomic_add_return(10000, &f->n) != 10000;
				goro_yield();
				atomic_sub(10000, &f->n);
				goro_rwmutex_unlock(&f->rw);
			}
		}
		if (err && err != -ETIMEDOUT)
			return err;
	}
	return bad;
}

/* deadlines that pass as it is given */
static void deadline_races(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 8; i++) {
		job_set(f, i, lock_often, NULL)->v = i * 2000;
		job_start_who(test, &f->j[i]);
	}
	jobs_done(test, 8, 0);
	expect_free(test);
}

/* TestMutexMisuse: RWMutex.Unlock, .Unlock2, .Unlock3, .RUnlock, .RUnlock2, .RUnlock3 */
static void misuse(struct kunit *test)
{
	struct goro_rwmutex *rw = &fx_of(test)->rw;
	u64 misuses = goro_counter(GORO_C_MISUSE);

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(rw), -EPERM);
		KUNIT_EXPECT_EQ(test, goro_rwmutex_runlock(rw), -EPERM);
		KUNIT_EXPECT_EQ(test, goro_rwmutex_rlock(rw), 0);
		KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(rw), -EPERM);
		KUNIT_EXPECT_EQ(test, goro_rwmutex_runlock(rw), 0);
		KUNIT_EXPECT_EQ(test, goro_rwmutex_runlock(rw), -EPERM);
		KUNIT_EXPECT_EQ(test, goro_rwmutex_lock(rw), 0);
		KUNIT_EXPECT_EQ(test, goro_rwmutex_runlock(rw), -EPERM);
		KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(rw), 0);
		KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(rw), -EPERM);
	}
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_MISUSE) - misuses, 6ULL);
	expect_free(test);
}

static int only_lock(struct job *j)
{
	return goro_rwmutex_lock(&j->f->rw);
}

/* Go lets anybody unlock; a kernel with CONFIG_DEBUG_MUTEXES the owner only */
static void owner(struct kunit *test)
{
#ifdef GORO_SYNC_DEBUG
	struct fx *f = fx_of(test);
	struct goro_rwmutex copy;

	KUNIT_ASSERT_EQ(test, goro_rwmutex_lock(&f->rw), 0);
	copy = f->rw;
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, goro_rwmutex_lock(&f->rw), -EDEADLK);
		KUNIT_EXPECT_EQ(test, goro_rwmutex_rlock(&f->rw), -EDEADLK);
		KUNIT_EXPECT_EQ(test, goro_rwmutex_try_rlock(&f->rw), -EAGAIN);
		KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(&copy), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(&f->rw), 0);
	job_go(test, job_set(f, 0, only_lock, NULL));
	EXPECT_DONE(test, &f->j[0], 0);
	kunit_warning_suppress(test)
		KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(&f->rw), -EPERM);
	KUNIT_EXPECT_EQ(test, f->rw.n, -1L);
	goro_rwmutex_init(&f->rw);
#else
	struct fx *f = fx_of(test);

	job_go(test, job_set(f, 0, only_lock, NULL));
	EXPECT_DONE(test, &f->j[0], 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(&f->rw), 0);
#endif
	expect_free(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(try_lock),
	KUNIT_CASE_PARAM(parallel_readers, who_gen_params),
	KUNIT_CASE_PARAM(hammer, who_gen_params),
	KUNIT_CASE_PARAM(turns, who_gen_params),
	KUNIT_CASE(writers_in_order),
	KUNIT_CASE(cancelled_writer),
	KUNIT_CASE(one_of_two_writers),
	KUNIT_CASE(late_reader),
	KUNIT_CASE(signals),
	KUNIT_CASE_PARAM(deadline_races, who_gen_params),
	KUNIT_CASE(misuse),
	KUNIT_CASE(owner),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_rwmutex",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
