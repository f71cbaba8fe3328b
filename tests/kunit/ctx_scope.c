// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_ctx_scope: what runs under a context: scopes that nest, waits that no
 * cancel ends, goroutines that live under one, and cancels that race with what is
 * waited for.
 *
 * That somebody waits is read off the context's list of scopes.
 */
#include "kunit.h"

static int receives(struct job *j)
{
	return goro_chan_recv_ctx(j->f->ctx, j->c, &j->v);
}

static const struct kind { const char *name; bool thread; } kinds[] = {
	{ "a goroutine", false }, { "a thread", true },
};
KUNIT_ARRAY_PARAM_DESC(kind, kinds, name);

static void start_kind(struct kunit *test, struct job *j)
{
	job_start(test, j, ((const struct kind *)test->param_value)->thread);
}

/* what need not wait: done as ever, and the context never hears of it */
static int no_wait(struct job *j)
{
	struct goro_scope scope;
	struct fx *f = j->f;
	int i, bad = goro_ctx_enter(&scope, f->ctx);
	u64 v;

	for (i = 0; i < 10; i++) {
		bad += !!goro_chan_send(j->c, &j->v);
		bad += goro_chan_recv(j->c, &v) != 1;
		bad += ctx_listed(f->ctx);
	}
	/* a wait with its own deadline, by which it ends */
	bad += goro_chan_recv_until(j->c, &v, 1) != -ETIMEDOUT;
	bad += goro_chan_recv_until(j->c, &v, GORO_NOW) != -EAGAIN;
	bad += ctx_listed(f->ctx) != 1;
	bad += goro_ctx_leave(&scope, 7) != 7;
	bad += ctx_listed(f->ctx);
	/* NULL is background */
	bad += goro_chan_send_ctx(NULL, j->c, &j->v) != 0;
	bad += goro_chan_recv_ctx(goro_ctx_background(), j->c, &v) != 1;
	return bad;
}

static void costs_nothing(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, no_wait, fx_chan(test, 0, 8, 1));

	start_kind(test, j);
	EXPECT_DONE(test, j, 0);
}

/* v says which of the two the case cancels */
static int nest(struct job *j)
{
	struct goro_scope out, in;
	struct fx *f = j->f;
	long a, b;

	a = goro_ctx_enter(&out, f->ctx);
	b = goro_ctx_enter(&in, f->ctx2);
	if (a || b)
		return -EIO;
	b = goro_ctx_leave(&in, goro_chan_recv(j->c, NULL));
	/* the error of the outer one passes through the inner one; it still holds */
	if (j->v == 1 && (b != -ECANCELED || !goro_ctx_err(f->ctx) ||
			  goro_chan_recv(j->c, NULL) != -ECANCELED))
		return -EIO;
	/* that of the inner one is over with it: this waits on, for an element */
	if (j->v == 2) {
		if (b != -ECANCELED || goro_ctx_err(f->ctx))
			return -EIO;
		atomic_inc(&j->f->n);
		b = goro_chan_recv(j->c, NULL);
		if (b != 1)
			return -EIO;
		b = -ECANCELED;
	}
	return goro_ctx_leave(&out, b);
}

static void nested(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j;
	u64 v = 1;
	int i;

	fx_chan(test, 0, 8, 0);
	f->ctx2 = goro_ctx_with_cancel(goro_ctx_background());
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->ctx2);
	for (i = 2; i >= 1; i--) {
		j = job_set(f, i, nest, f->c[0]);
		j->v = i;
		start_kind(test, j);
		KUNIT_ASSERT_TRUE(test, eventually(ctx_waiting(f->ctx) == 1 &&
						   ctx_waiting(f->ctx2) == 1));
		goro_ctx_cancel(i == 1 ? f->ctx : f->ctx2);
		if (i == 2) {
			KUNIT_ASSERT_TRUE(test, eventually(ctx_waiting(f->ctx) == 1 &&
							   receivers(f->c[0]) == 1 &&
							   atomic_read(&f->n)));
			KUNIT_EXPECT_EQ(test, goro_chan_send_until(f->c[0], &v, NET), 0);
			goro_ctx_put(f->ctx2);
			f->ctx2 = goro_ctx_with_cancel(goro_ctx_background());
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->ctx2);
		}
		EXPECT_DONE(test, j, -ECANCELED);
	}
	KUNIT_EXPECT_EQ(test, ctx_listed(f->ctx) + ctx_listed(f->ctx2), 0U);
}

/* a later wait, out of the scope, is not reached */
static int leaves(struct job *j)
{
	int ret = goro_chan_recv_ctx(j->f->ctx, j->c, NULL);

	if (ret != -ECANCELED)
		return -EIO;
	return goro_chan_recv_until(j->c, &j->v, j->deadline);
}

static void does_not_reach_on(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, leaves, fx_chan(test, 0, 8, 0));
	u64 v = 5;

	start_kind(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(ctx_waiting(f->ctx) == 1));
	goro_ctx_cancel(f->ctx);
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(f->c[0], &v, NET), 0);
	EXPECT_DONE(test, j, 1);
	KUNIT_EXPECT_EQ(test, j->v, 5ULL);
}

static int leaves_the_outer_one_first(struct job *j)
{
	struct goro_scope out, mid, in;
	struct fx *f = j->f;
	int bad = 0;

	bad += !!goro_ctx_enter(&out, f->ctx);
	bad += !!goro_ctx_enter(&mid, f->ctx);
	bad += !!goro_ctx_enter(&in, f->ctx);
	/* a wait lists all three */
	bad += goro_chan_recv_until(NULL, NULL, 1) != -ETIMEDOUT;
	bad += ctx_listed(f->ctx) != 3;
	bad += goro_ctx_leave(&mid, 7) != -EINVAL;
	bad += ctx_listed(f->ctx) != 2;
	/* twice, of which nothing is left either */
	bad += goro_ctx_leave(&mid, 7) != -ESRCH;
	/* the other two hold on */
	bad += goro_chan_recv_until(NULL, NULL, 1) != -ETIMEDOUT;
	bad += goro_ctx_leave(&in, 0);
	bad += ctx_listed(f->ctx) != 1;
	bad += goro_chan_recv_until(NULL, NULL, 1) != -ETIMEDOUT;
	bad += goro_ctx_leave(&out, 0);
	bad += ctx_listed(f->ctx);
	return bad;
}

/* misuse: nothing that is gone stays among a goroutine's or thread's scopes */
static void out_of_order(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, leaves_the_outer_one_first, NULL);
	u64 misuses = goro_counter(GORO_C_MISUSE);

	/* by the test's own thread, which is the one whose warning is taken in */
	kunit_warning_suppress(test)
		KUNIT_EXPECT_EQ(test, leaves_the_outer_one_first(j), 0);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_MISUSE), misuses + 2);
	job_go(test, j);
	EXPECT_DONE(test, j, 0);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_MISUSE), misuses + 4);
}

#define GONE	0x5a

static bool untouched(const struct goro_scope *s)
{
	return !memchr_inv(s, GONE, sizeof(*s));
}

/* a wait, which the case cancels (v: the last one), or that ends by its deadline */
static bool waits_on_in(struct job *j, bool last)
{
	return last && j->v ? goro_chan_recv(NULL, NULL) == -ECANCELED :
	       goro_chan_recv_until(NULL, NULL, 1) == -ETIMEDOUT;
}

/* from the outermost one, each of them gone at once; nobody else's may be left either */
static int leaves_from_outside(struct job *j)
{
	struct goro_scope *s = kmalloc_array(3, sizeof(*s), GFP_KERNEL);
	struct fx *f = j->f;
	int i, bad = 0;

	if (!s)
		return -ENOMEM;
	for (i = 0; i < 3; i++)
		bad += !!goro_ctx_enter(&s[i], f->ctx);
	bad += !waits_on_in(j, false);
	bad += ctx_listed(f->ctx) != 3;
	for (i = 0; i < 2; i++) {
		bad += goro_ctx_leave(&s[i], 7) != -EINVAL;
		memset(&s[i], GONE, sizeof(s[i]));
		/* those who are left are in force; nothing of the others is used */
		bad += !waits_on_in(j, i == 1);
		bad += !untouched(&s[0]) + (i && !untouched(&s[1]));
	}
	bad += goro_ctx_leave(&s[2], -ECANCELED) != -ECANCELED;
	bad += ctx_listed(f->ctx);
	kfree(s);
	return bad;
}

/* misuse: a thread's waiter is in its outermost scope */
static void outermost_first(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, leaves_from_outside, NULL);
	u64 misuses = goro_counter(GORO_C_MISUSE);

	/* see out_of_order() */
	kunit_warning_suppress(test)
		KUNIT_EXPECT_EQ(test, leaves_from_outside(j), 0);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_MISUSE), misuses + 2);
	j->v = 1;
	start_kind(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(goro_counter(GORO_C_MISUSE) == misuses + 4 &&
					   ctx_waiting(f->ctx) == 1));
	goro_ctx_cancel(f->ctx);
	EXPECT_DONE(test, j, 0);
}

/* it has waited in the scope, and does not leave it before it is let */
static int holds_no_reference(struct job *j)
{
	struct goro_scope scope;
	struct fx *f = j->f;
	long ret = goro_ctx_enter(&scope, f->ctx2);

	if (!ret)
		ret = goro_chan_recv_until(NULL, NULL, 1);
	atomic_inc(&f->n);
	goro_block_begin();
	wait_for_completion(&f->go);
	goro_block_end();
	return goro_ctx_leave(&scope, ret == -ETIMEDOUT ? -ECANCELED : -EIO);
}

static const struct { const char *name; bool cancel, thread; } ends[] = {
	{ "goroutines, cancelled", true, false }, { "goroutines", false, false },
	{ "threads, cancelled", true, true }, { "threads", false, true },
};
KUNIT_ARRAY_PARAM_DESC(ends, ends, name);

/* misuse: the last reference is put while others are in scopes of it. Its memory stays. */
static void put_while_others_wait(struct kunit *test)
{
	const typeof(ends[0]) *end = test->param_value;
	u64 misuses = goro_counter(GORO_C_MISUSE);
	struct fx *f = fx_of(test);
	s64 alive = fx_alive(FX_CTXS);
	int i;

	f->ctx2 = goro_ctx_with_cancel(goro_ctx_background());
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->ctx2);
	for (i = 0; i < 2; i++)
		job_start(test, job_set(f, i, holds_no_reference, NULL), end->thread);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) == 2));
	if (end->cancel)
		KUNIT_EXPECT_TRUE(test, goro_ctx_cancel(f->ctx2));
	kunit_warning_suppress(test)
		goro_ctx_put(f->ctx2);
	f->ctx2 = NULL;
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_MISUSE), misuses + 1);
	KUNIT_EXPECT_EQ(test, fx_alive(FX_CTXS), alive + 1);
	complete(&f->go);
	KUNIT_ASSERT_TRUE(test, eventually(job_done(&f->j[0]) || job_done(&f->j[1])));
	KUNIT_EXPECT_EQ(test, fx_alive(FX_CTXS), alive + 1);
	complete(&f->go);
	/* who was cancelled and who was not: both find out after it was put */
	jobs_done(test, 2, -ECANCELED);
	KUNIT_EXPECT_EQ(test, fx_alive(FX_CTXS), alive);
}

/* ---- what a cancel does not end ---------------------------------------- */

static DECLARE_WAIT_QUEUE_HEAD(wq);

enum stubborn { MUTEX, RLOCK, LOCK, SEMA, EVENT, COMPLETION, STOP, STUBBORN };

static int waits_on(struct job *j)
{
	struct fx *f = j->f;

	switch ((enum stubborn)j->v) {
	case MUTEX:
		return goro_mutex_lock_nocancel(&f->m) ?: goro_mutex_unlock(&f->m);
	case RLOCK:
		return goro_rwmutex_rlock_nocancel(&f->rw) ?: goro_rwmutex_runlock(&f->rw);
	case LOCK:
		return goro_rwmutex_lock_nocancel(&f->rw) ?: goro_rwmutex_unlock(&f->rw);
	case SEMA:
		return goro_sema_acquire_nocancel(&f->sema, 5) ?: goro_sema_release(&f->sema, 5);
	case EVENT:
		return goro_wait_event_nocancel_until(wq, READ_ONCE(f->flag), NET);
	case COMPLETION:
		return goro_wait_for_completion_nocancel(&f->go, NET);
	default:
		goro_group_stop(&f->other);
		return 0;
	}
}

static int stubborn(struct job *j)
{
	struct goro_scope scope;
	int err = goro_ctx_enter(&scope, j->f->ctx);

	return err ?: goro_ctx_leave(&scope, waits_on(j));
}

/* in f->other: ends when it is told to, and not when it is cancelled */
static int ends_late(void *arg)
{
	struct fx *f = arg;

	return goro_wait_event_nocancel_until(wq, READ_ONCE(f->flag), NET);
}

static u32 stubborn_waiters(struct fx *f)
{
	return x_waiters(&f->m) + list_waiters(&f->rw.lock, &f->rw.readers) +
	       list_waiters(&f->rw.lock, &f->rw.writers) + x_waiters(&f->sema) +
	       x_waiters(&f->other) + wq_waiters(&wq) +
	       swait_active(&f->go.wait);
}

/* calls with _nocancel, and goro_group_stop(), wait on under a cancelled context */
static void nocancel(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	KUNIT_ASSERT_EQ(test, goro_mutex_try_lock(&f->m), 0);
	KUNIT_ASSERT_EQ(test, goro_rwmutex_try_lock(&f->rw), 0);
	KUNIT_ASSERT_EQ(test, goro_sema_try_acquire(&f->sema, 10), 0);
	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, ends_late, f), 0);
	for (i = 0; i < STUBBORN; i++) {
		job_set(f, i, stubborn, NULL)->v = i;
		start_kind(test, &f->j[i]);
	}
	/* each, and the member of the group */
	KUNIT_EXPECT_TRUE(test, eventually(stubborn_waiters(f) == STUBBORN + 1));
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel(f->ctx));
	KUNIT_EXPECT_EQ(test, ctx_listed(f->ctx), 0U);
	KUNIT_EXPECT_EQ(test, stubborn_waiters(f), STUBBORN + 1U);
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(&f->rw), 0);
	KUNIT_EXPECT_EQ(test, goro_sema_release(&f->sema, 10), 0);
	WRITE_ONCE(f->flag, true);
	wake_up_all(&wq);
	complete(&f->go);
	jobs_done(test, STUBBORN, 0);
}

/* a cancel that finds the mutex of a condition variable taken: it is waited for */
static int cond_wait(struct job *j)
{
	struct fx *f = j->f;
	int ret = goro_mutex_lock_nocancel(&f->m);

	if (ret)
		return -EIO;
	ret = goro_cond_wait_ctx(f->ctx, &f->cond, &f->m);
	/* it is ours, under the lock nobody else has been here since */
	return goro_mutex_unlock(&f->m) ? -EIO : ret;
}

static void cond(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, cond_wait, NULL);

	start_kind(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->cond) == 1));
	KUNIT_ASSERT_EQ(test, goro_mutex_lock_until(&f->m, NET), 0);
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel(f->ctx));
	KUNIT_EXPECT_TRUE(test, eventually(x_waiters(&f->m) == 1));
	KUNIT_EXPECT_EQ(test, x_waiters(&f->cond), 0U);
	KUNIT_EXPECT_FALSE(test, job_done(j));
	KUNIT_EXPECT_EQ(test, goro_cond_signal(&f->cond), 0);
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
	EXPECT_DONE(test, j, -ECANCELED);
	/* one that was signalled first is not cancelled, though it has to wait for the mutex */
	f->ctx2 = f->ctx;
	f->ctx = goro_ctx_with_cancel(goro_ctx_background());
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->ctx);
	j = job_set(f, 1, cond_wait, NULL);
	start_kind(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(x_waiters(&f->cond) == 1));
	KUNIT_ASSERT_EQ(test, goro_mutex_lock_until(&f->m, NET), 0);
	KUNIT_EXPECT_EQ(test, goro_cond_signal(&f->cond), 1);
	KUNIT_EXPECT_TRUE(test, eventually(x_waiters(&f->m) == 1));
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel(f->ctx));
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
	EXPECT_DONE(test, j, 0);
}

/* a signal ends a thread's wait under a context as any other */
static void signalled(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, receives, fx_chan(test, 0, 8, 0));

	job_thread(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(ctx_waiting(f->ctx) == 1));
	kthread_stop(j->task);		/* which looks like a signal */
	put_task_struct(j->task);
	j->task = NULL;
	EXPECT_DONE(test, j, -EINTR);
	KUNIT_EXPECT_EQ(test, ctx_listed(f->ctx), 0U);
}

/* ---- goroutines that live under a context ------------------------------ */

static void under(void *arg)
{
	struct fx *f = arg;

	if (goro_cancelled() || goro_chan_recv(f->c[0], NULL) != -ECANCELED ||
	    !goro_cancelled() || goro_sleep(1000 * NET_NS) != -ECANCELED)
		atomic_inc(&f->bad);
	atomic_inc(&f->n);
}

static void exits_inside(void *arg)
{
	struct fx *f = arg;
	struct goro_scope scope;

	if (goro_ctx_enter(&scope, f->ctx2))
		atomic_inc(&f->bad);
	if (goro_chan_recv_until(f->c[0], NULL, 1) != -ETIMEDOUT)
		atomic_inc(&f->bad);
	atomic_inc(&f->n);
	goro_exit();
}

static void go_ctx(struct kunit *test)
{
	struct fx *f = fx_of(test);

	fx_chan(test, 0, 8, 0);
	f->ctx2 = goro_ctx_with_cancel(goro_ctx_background());
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->ctx2);
	KUNIT_ASSERT_EQ(test, goro_go_ctx(f->ctx, under, f), 0);
	KUNIT_ASSERT_EQ(test, goro_go_ctx(f->ctx, under, f), 0);
	KUNIT_ASSERT_TRUE(test, eventually(ctx_waiting(f->ctx) == 2));
	goro_ctx_cancel(f->ctx);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) == 2));
	/* goro_exit() out of two scopes leaves nothing behind */
	KUNIT_ASSERT_EQ(test, goro_go_ctx(f->ctx2, exits_inside, f), 0);
	KUNIT_ASSERT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 3);
	KUNIT_EXPECT_EQ(test, ctx_listed(f->ctx2), 0U);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

static const int a_key;

static void with_a_value(struct fx *f, struct goro_ctx *ctx)
{
	if (goro_ctx_value(ctx, &a_key) != f)
		atomic_inc(&f->bad);
}

static void under_values(void *arg)
{
	struct goro_ctx *ctx = arg;
	struct fx *f = goro_ctx_value(ctx, &a_key);

	under(f);
	with_a_value(f, ctx);
}

static void just_values(void *arg)
{
	struct goro_ctx *ctx = arg;
	struct fx *f = goro_ctx_value(ctx, &a_key);

	if (goro_chan_recv_until(f->c[0], NULL, 1) != -ETIMEDOUT || goro_cancelled())
		atomic_inc(&f->bad);
	with_a_value(f, ctx);
	atomic_inc(&f->n);
}

/* contexts with values: held until it ends, and what cancels is the one above them */
static void go_ctx_values(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_ctx *v, *vv;

	fx_chan(test, 0, 8, 0);
	v = goro_ctx_with_value(f->ctx, &a_key, f, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, v);
	vv = goro_ctx_with_value(v, test, test, NULL);
	goro_ctx_put(v);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vv);
	KUNIT_EXPECT_EQ(test, goro_go_ctx(vv, under_values, vv), 0);
	goro_ctx_put(vv);
	KUNIT_ASSERT_TRUE(test, eventually(ctx_waiting(f->ctx) == 1));
	goro_ctx_cancel(f->ctx);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) == 1));

	v = goro_ctx_with_value(goro_ctx_background(), &a_key, f, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, v);
	KUNIT_EXPECT_EQ(test, goro_go_ctx(v, just_values, v), 0);
	goro_ctx_put(v);
	KUNIT_ASSERT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

/* ---- races ------------------------------------------------------------ */

#define ROUNDS	150

/* deadlines and cancels, of contexts of its own, against partners: nothing is lost */
static int racer(struct job *j, bool sends)
{
	int i, n = 0;

	for (i = 0; i < ROUNDS; i++) {
		struct goro_ctx *ctx = goro_ctx_with_timeout(j->f->ctx,
							     (i * 37) % 200 * NSEC_PER_USEC / 4);
		u64 v = i + 1;
		int ret;

		if (IS_ERR(ctx))
			return -ENOMEM;
		if (sends) {
			ret = goro_chan_send_ctx(ctx, j->c, &v);
			if (!ret)
				atomic64_add(v, &j->f->sum);
			n += !ret;
		} else {
			ret = goro_chan_recv_ctx(ctx, j->c, &v);
			if (ret == 1)
				atomic64_sub(v, &j->f->sum);
			n += ret == 1;
		}
		if (ret < 0 && ret != -ETIMEDOUT && ret != -ECANCELED)
			atomic_inc(&j->f->bad);
		if (ret < 0 && !goro_ctx_err(ctx))
			atomic_inc(&j->f->bad);
		goro_ctx_put(ctx);
	}
	atomic_add(n, sends ? &j->f->n : &j->f->n2);
	return 0;
}

static int race_send(struct job *j)
{
	return racer(j, true);
}

static int race_recv(struct job *j)
{
	return racer(j, false);
}

static void races(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	fx_chan(test, 0, 8, 0);
	for (i = 0; i < 12; i++) {
		job_set(f, i, i & 1 ? race_send : race_recv, f->c[0]);
		job_start(test, &f->j[i], i % 3 == 0);
	}
	jobs_done(test, 6, 0);
	goro_ctx_cancel(f->ctx);
	for (i = 6; i < 12; i++)
		EXPECT_DONE(test, &f->j[i], 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), atomic_read(&f->n2));
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->sum), 0LL);
	EXPECT_CHAN(test, f->c[0], 0, 0, 0);
	KUNIT_EXPECT_EQ(test, ctx_listed(f->ctx), 0U);
}

/* many wait with one context: more than are taken at a time */
static void many(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 before = goro_counter(GORO_C_WAKE_CANCEL);
	int i;

	fx_chan(test, 0, 8, 0);
	for (i = 0; i < 500; i++)
		KUNIT_ASSERT_EQ(test, goro_go_ctx(f->ctx, under, f), 0);
	KUNIT_ASSERT_TRUE(test, eventually(ctx_waiting(f->ctx) == 500));
	goro_ctx_cancel(f->ctx);
	KUNIT_ASSERT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 500);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_WAKE_CANCEL) - before, 500ULL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(costs_nothing, kind_gen_params),
	KUNIT_CASE_PARAM(nested, kind_gen_params),
	KUNIT_CASE_PARAM(does_not_reach_on, kind_gen_params),
	KUNIT_CASE(out_of_order),
	KUNIT_CASE_PARAM(outermost_first, kind_gen_params),
	KUNIT_CASE_PARAM(put_while_others_wait, ends_gen_params),
	KUNIT_CASE_PARAM(nocancel, kind_gen_params),
	KUNIT_CASE_PARAM(cond, kind_gen_params),
	KUNIT_CASE(signalled),
	KUNIT_CASE(go_ctx),
	KUNIT_CASE(go_ctx_values),
	KUNIT_CASE(races),
	KUNIT_CASE(many),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_ctx_scope",
	.init = fx_init_ctx,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
