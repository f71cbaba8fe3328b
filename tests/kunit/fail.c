// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_fail: where memory is refused, calls of kernel code say ENOMEM, have
 * done nothing, and work when it is there again; from a thread and a goroutine.
 *
 * current->fail_nth = n makes the n-th allocation from then on fail (kernels with
 * CONFIG_FAILSLAB only; tests/run-kunit lets it take GFP_KERNEL, too). It is the
 * thread's: nothing parks between setting and reading it. tests/fuzz/alloc-sites
 * lists what must have failed, here or in tests/fuzz/alloc.c.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <goro/io.h>
#include "kunit.h"
#include "sched/acct.h"

#define MANY 5000	/* goroutines: more than a P caches */
#define HOUR (3600ULL * NSEC_PER_SEC)

static void add_one(void *arg)
{
	struct fx *f = *(struct fx **)arg;

	atomic_inc(&f->n);
}

static void add_one_ref(void *arg)
{
	add_one(&arg);
}

static int add_err(void *arg)
{
	add_one(arg);
	return 0;
}

static int add_err_ref(void *arg)
{
	add_one(&arg);
	return 0;
}

static int make(struct fx *f, u32 elem, u32 cap)
{
	struct goro_chan *c = goro_chan_make(elem, cap, 0);

	if (IS_ERR(c))
		return PTR_ERR(c);
	goro_chan_put(c);
	return 0;
}

static int make_small(struct fx *f)
{
	return make(f, 8, 8);
}

static int make_irq(struct fx *f)
{
	struct goro_chan *c = goro_chan_make(8, 8, GORO_CHAN_IRQ);

	if (IS_ERR(c))
		return PTR_ERR(c);
	goro_chan_put(c);
	return 0;
}

static int make_large(struct fx *f)
{
	return make(f, 4096, 16);
}

static int go(struct fx *f)
{
	return goro_go(add_one_ref, f);
}

static int go_copy(struct fx *f)
{
	return goro_go_copy(add_one, &f, sizeof(f));
}

static int go_atomic(struct fx *f)
{
	return goro_go_atomic(add_one_ref, f);
}

static int group_go_copy(struct fx *f)
{
	return goro_group_go_copy(&f->other, add_err, &f, sizeof(f));
}

static int group_try_go(struct fx *f)
{
	return goro_group_try_go(&f->other, add_err_ref, f);
}

static int group_go_attr(struct fx *f)
{
	static const struct goro_attr attr = { .stack_size = 4096 };

	return goro_group_go_attr(&f->other, add_err_ref, f, &attr);
}

/* where it is refused the count stays: fx_exit() looks */
static int wg_go(struct fx *f)
{
	return goro_wg_go(&f->wg, add_one_ref, f);
}

static int put_timer(struct goro_timer *t)
{
	if (IS_ERR(t))
		return PTR_ERR(t);
	goro_timer_put(t);
	return 0;
}

static int timer_make(struct fx *f)
{
	return put_timer(goro_timer_make(HOUR));
}

static int ticker_make(struct fx *f)
{
	return put_timer(goro_ticker_make(HOUR));
}

static int timer_func(struct fx *f)
{
	return put_timer(goro_timer_func(HOUR, add_one_ref, f));
}

static int put_chan(struct goro_chan *c)
{
	if (IS_ERR(c))
		return PTR_ERR(c);
	goro_chan_put(c);
	return 0;
}

static int after(struct fx *f)
{
	return put_chan(goro_after(HOUR));
}

static int tick(struct fx *f)
{
	return put_chan(goro_tick(HOUR));
}

static int put_ctx(struct goro_ctx *ctx)
{
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	goro_ctx_put(ctx);
	return 0;
}

static int with_cancel(struct fx *f)
{
	return put_ctx(goro_ctx_with_cancel(f->ctx));
}

static int with_timeout(struct fx *f)
{
	return put_ctx(goro_ctx_with_timeout(f->ctx, HOUR));
}

static void on_release(void *value)
{
	struct fx *f = value;

	f->flag = true;
}

/* of what was not made nothing is released */
static int with_value(struct fx *f)
{
	int err;

	f->flag = false;
	err = put_ctx(goro_ctx_with_value(f->ctx, f, f, on_release));
	return f->flag == !err ? err : -EIO;
}

static int without_cancel(struct fx *f)
{
	return put_ctx(goro_ctx_without_cancel(f->ctx));
}

/* a context has it made when it is first asked for */
static int ctx_done(struct fx *f)
{
	struct goro_ctx *ctx = goro_ctx_with_cancel(f->ctx);
	struct goro_chan *c;
	int err;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	c = goro_ctx_done(ctx);
	err = PTR_ERR_OR_ZERO(c);
	goro_ctx_cancel(ctx);
	if (!err && goro_chan_try_recv(c, NULL))
		err = -EIO;
	goro_ctx_put(ctx);
	return err;
}

/* what was set aside for it is enough: the cancel cannot fail */
static int after_func(struct fx *f)
{
	struct goro_ctx *ctx = goro_ctx_with_cancel(f->ctx);
	struct goro_after *after;
	int err;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	err = goro_ctx_after_func(ctx, add_one_ref, f, &after);
	goro_ctx_cancel(ctx);
	goro_ctx_put(ctx);
	if (!err && goro_after_stop(after))
		err = -EIO;
	return err;
}

static int go_ctx(struct fx *f)
{
	return goro_go_ctx(f->ctx, add_one_ref, f);
}

static int group_init_ctx(struct fx *f)
{
	struct goro_group grp;
	int err = goro_group_init_ctx(&grp, f->ctx);

	if (!err)
		goro_group_stop(&grp);
	return err;
}

static int acct_new(struct fx *f)
{
	struct goro_acct *a = goro_acct_new();

	if (!a)
		return -ENOMEM;
	goro_acct_put(a);
	return 0;
}

static const struct op {
	const char *name;
	int (*fn)(struct fx *f);
	int starts;	/* goroutines that end by adding one */
	bool falls_back;	/* from kmalloc to vmalloc: one failure is not enough */
} ops[] = {
	{ "goro_chan_make", make_small, 0 },
	{ "goro_chan_make, IRQ", make_irq, 0 },
	{ "goro_chan_make, 64 KiB", make_large, 0, true },
	{ "goro_go", go, 1 },
	{ "goro_go_copy", go_copy, 1 },
	{ "goro_go_atomic", go_atomic, 1 },
	{ "goro_group_go_copy", group_go_copy, 1 },
	{ "goro_group_try_go", group_try_go, 1 },
	{ "goro_group_go_attr", group_go_attr, 1 },
	{ "goro_group_init_ctx", group_init_ctx, 0 },
	{ "goro_wg_go", wg_go, 1 },
	{ "goro_timer_make", timer_make, 0 },
	{ "goro_ticker_make", ticker_make, 0 },
	{ "goro_timer_func", timer_func, 0 },
	{ "goro_after", after, 0 },
	{ "goro_tick", tick, 0 },
	{ "goro_ctx_with_cancel", with_cancel, 0 },
	{ "goro_ctx_with_timeout", with_timeout, 0 },
	{ "goro_ctx_with_value", with_value, 0 },
	{ "goro_ctx_without_cancel", without_cancel, 0 },
	{ "goro_ctx_done", ctx_done, 0 },
	{ "goro_ctx_after_func", after_func, 1 },
	{ "goro_go_ctx", go_ctx, 1 },
	{ "goro_acct_new", acct_new, 0 },
};
KUNIT_ARRAY_PARAM_DESC(op, ops, name);

/* @fn with its @n-th allocation failing; *hit: it had so many */
static int fail_at(const struct op *op, struct fx *f, unsigned int n, bool *hit)
{
	int err;

	current->fail_nth = n;
	err = op->fn(f);
	*hit = n && !current->fail_nth;
	current->fail_nth = 0;
	return err;
}

/*
 * Each allocation of an operation fails once. How often it said ENOMEM; negative:
 * it said something else, or what succeeded was not done.
 */
static long fail_each(struct fx *f)
{
	const struct op *op = f->test->param_value;
	unsigned int n, refused = 0, started = 0;
	bool hit = true;
	int err;

	/* a P's cache of Gs hides an allocation: until it is used up */
	for (n = 1; op->starts && n < MANY; n++) {
		err = fail_at(op, f, 1, &hit);
		if (err == -ENOMEM && hit)
			break;
		if (err)
			return err;
		started += op->starts;
	}
	for (n = 1; hit && n < 100; n++) {
		err = fail_at(op, f, n, &hit);
		if (err && (err != -ENOMEM || !hit))
			return -EINVAL;
		refused += err == -ENOMEM;
		started += err ? 0 : op->starts;
	}
	if (fail_at(op, f, 0, &hit))
		return -EAGAIN;
	atomic_set(&f->n2, started + op->starts);
	return refused;
}

static int fail_each_job(struct job *j)
{
	return fail_each(j->f);
}

static void expect_started(struct kunit *test)
{
	struct fx *f = fx_of(test);

	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) == atomic_read(&f->n2)));
}

static void expect_refused(struct kunit *test, long times)
{
	const struct op *op = test->param_value;

	if (op->falls_back)
		KUNIT_EXPECT_GE(test, times, 0L);
	else
		KUNIT_EXPECT_GT(test, times, 0L);
	expect_started(test);
}

static void by_thread(struct kunit *test)
{
	expect_refused(test, fail_each(fx_of(test)));
}

static void by_goroutine(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, fail_each_job, NULL);

	job_go(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
	expect_refused(test, j->ret);
}

/* a timer's function is not lost: its goroutine is made when there is memory again */
static void timer_func_again(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 fires = goro_counter(GORO_C_TIMER_FIRE);
	struct goro_timer *t = goro_timer_func(HOUR, add_one_ref, f);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t);
	current->fail_nth = 1;
	/* it is due at once: the goroutine is asked for here, and refused */
	KUNIT_EXPECT_EQ(test, goro_timer_reset(t, 0), 1);
	KUNIT_EXPECT_EQ(test, current->fail_nth, 0U);
	current->fail_nth = 0;
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) == 1));
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_TIMER_FIRE), fires + 2);
	KUNIT_EXPECT_EQ(test, goro_timer_stop(t), 0);
	goro_timer_put(t);
}

/* ---- polls of files with more queues than one has room for ----------- */

#define QUEUES 8

static __poll_t many_queues(struct file *file, poll_table *pt)
{
	wait_queue_head_t *wq = file->private_data;
	int i;

	for (i = 0; i < QUEUES; i++)
		poll_wait(file, &wq[i], pt);
	return 0;
}

static const struct file_operations queues_fops = { .poll = many_queues };

static int poll_refused(struct job *j)
{
	int err;

	current->fail_nth = 1;
	err = goro_poll(j->f->priv, EPOLLIN, j->deadline);
	/* refused, it has not parked: this is the same thread */
	if (!err || current->fail_nth)
		return -EINVAL;
	j->v = err;
	return goro_poll(j->f->priv, EPOLLIN, goro_in(SHORT_NS));
}

/* the same of a select, which leaves its channel alone then */
static int select_refused(struct job *j)
{
	struct goro_case cases[] = { GORO_RECV(j->c, NULL), GORO_FILE(j->f->priv, EPOLLIN) };
	int err;

	current->fail_nth = 1;
	err = goro_select_until(cases, ARRAY_SIZE(cases), j->deadline);
	if (!err || current->fail_nth)
		return -EINVAL;
	j->v = err;
	return goro_select_until(cases, ARRAY_SIZE(cases), goro_in(SHORT_NS));
}

static void poll_many(struct kunit *test, int (*fn)(struct job *j), bool thread)
{
	struct fx *f = fx_of(test);
	wait_queue_head_t *wq = kunit_kcalloc(test, QUEUES, sizeof(*wq), GFP_KERNEL);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct job *j = job_set(f, 0, fn, c);
	struct file *file;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, wq);
	for (i = 0; i < QUEUES; i++)
		init_waitqueue_head(&wq[i]);
	file = anon_inode_getfile("[queues]", &queues_fops, wq, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	f->priv = file;
	job_start(test, j, thread);
	EXPECT_DONE(test, j, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, (int)j->v, -ENOMEM);
	for (i = 0; i < QUEUES; i++)
		KUNIT_EXPECT_TRUE(test, list_empty(&wq[i].head));
	EXPECT_CHAN(test, c, 0, 0, 0);
	fput(file);
}

static void poll_by_thread(struct kunit *test)
{
	poll_many(test, poll_refused, true);
}

static void poll_by_goroutine(struct kunit *test)
{
	poll_many(test, poll_refused, false);
}

static void select_by_thread(struct kunit *test)
{
	poll_many(test, select_refused, true);
}

static void select_by_goroutine(struct kunit *test)
{
	poll_many(test, select_refused, false);
}

static struct kunit_case fail_cases[] = {
	KUNIT_CASE_PARAM(by_thread, op_gen_params),
	KUNIT_CASE_PARAM(by_goroutine, op_gen_params),
	KUNIT_CASE(timer_func_again),
	KUNIT_CASE(poll_by_thread),
	KUNIT_CASE(poll_by_goroutine),
	KUNIT_CASE(select_by_thread),
	KUNIT_CASE(select_by_goroutine),
	{}
};

static struct kunit_suite fail_suite = {
	.name = "goro_fail",
	.init = fx_init_ctx,
	.exit = fx_exit,
	.test_cases = fail_cases,
};
kunit_test_suite(fail_suite);
