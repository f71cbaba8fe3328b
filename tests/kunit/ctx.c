// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_ctx: contexts, what is derived from them, and who is told of a cancel.
 * Many at once are in ctx_many.c, waits under a context in ctx_wait.c and
 * ctx_scope.c, groups with one in group_ctx.c.
 */
#include <linux/hrtimer.h>
#include "compat.h"
#include "ctx.h"

int ctx_fx_init(struct kunit *test)
{
	struct state *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	int err = fx_init(test);

	if (err || !s)
		return err ?: -ENOMEM;
	fx_of(test)->priv = s;
	return 0;
}

void ctx_fx_exit(struct kunit *test)
{
	struct state *s = fx_of(test) ? fx_of(test)->priv : NULL;
	int i;

	for (i = 0; s && i < N; i++)
		goro_ctx_put(s->ctx[i]);
	fx_exit(test);
}

struct goro_ctx *keep(struct kunit *test, int i, struct goro_ctx *ctx)
{
	struct state *s = fx_of(test)->priv;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ctx);
	s->ctx[i] = ctx;
	return ctx;
}

u32 ctx_children(struct goro_ctx *ctx)
{
	u32 n;

	goro_lock(&ctx->lock);
	n = fx_count(&ctx->children) + fx_count(&ctx->afters);
	goro_unlock(&ctx->lock);
	return n;
}

void expect_state(struct kunit *test, struct goro_ctx *ctx, int err, int cause)
{
	struct goro_chan *done = goro_ctx_done(ctx);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, done);
	KUNIT_EXPECT_EQ(test, goro_ctx_err(ctx), err);
	KUNIT_EXPECT_EQ(test, goro_ctx_cause(ctx), cause);
	if (err)
		KUNIT_EXPECT_EQ(test, goro_chan_recv_until(done, NULL, NET), 0);
	else
		KUNIT_EXPECT_EQ(test, goro_chan_try_recv(done, NULL), -EAGAIN);
	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_done(ctx), done);
}

/* TestBackground, TestTODO, TestBackgroundIsEmpty */
static void background(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, goro_ctx_err(BG), 0);
	KUNIT_EXPECT_EQ(test, goro_ctx_err(NULL), 0);
	KUNIT_EXPECT_EQ(test, goro_ctx_cause(BG), 0);
	KUNIT_EXPECT_EQ(test, goro_ctx_deadline(BG), GORO_FOREVER);
	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_done(BG), NULL);
	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_value(BG, test), NULL);
	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_get(BG), BG);
	goro_ctx_put(BG);
	goro_ctx_put(BG);
	goro_ctx_put(NULL);
}

/* TestWithCancel */
static void with_cancel(struct kunit *test)
{
	struct goro_ctx *ctx = CANCEL(0, BG);
	int i;

	LIVES(ctx);
	KUNIT_EXPECT_EQ(test, goro_ctx_deadline(ctx), GORO_FOREVER);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, goro_ctx_cancel(ctx), !i);
		CANCELLED(ctx);
	}
}

static int key1, key2;

/* TestParentFinishesChild, TestWithCancelCanceledParent */
static void parent_finishes_child(struct kunit *test)
{
	struct goro_ctx *parent = CANCEL(0, BG), *child = CANCEL(1, parent);
	struct goro_ctx *value = keep(test, 2, goro_ctx_with_value(parent, &key1, &key2, NULL));
	struct goro_ctx *below = CANCEL(3, value);
	struct goro_ctx *timer = keep(test, 4, goro_ctx_with_timeout(value, 1000 * NET_NS));
	struct goro_ctx *late;

	LIVES(parent);
	LIVES(child);
	LIVES(value);
	LIVES(below);
	LIVES(timer);
	/* what hangs below a value is the parent's */
	KUNIT_EXPECT_EQ(test, ctx_children(parent), 3U);
	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_done(value), goro_ctx_done(parent));
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel_cause(parent, -EXDEV));
	KUNIT_EXPECT_EQ(test, ctx_children(parent), 0U);
	expect_state(test, parent, -ECANCELED, -EXDEV);
	expect_state(test, child, -ECANCELED, -EXDEV);
	expect_state(test, value, -ECANCELED, -EXDEV);
	expect_state(test, below, -ECANCELED, -EXDEV);
	expect_state(test, timer, -ECANCELED, -EXDEV);
	late = CANCEL(5, value);
	expect_state(test, late, -ECANCELED, -EXDEV);
	KUNIT_EXPECT_FALSE(test, goro_ctx_cancel_cause(late, -ENODEV));
	KUNIT_EXPECT_EQ(test, goro_ctx_cause(late), -EXDEV);
}

/* TestChildFinishesFirst */
static void child_finishes_first(struct kunit *test)
{
	struct goro_ctx *parent = CANCEL(0, BG), *child = CANCEL(1, parent);

	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel(child));
	CANCELLED(child);
	LIVES(parent);
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel(parent));
	CANCELLED(parent);
	CANCELLED(child);
}

/* TestDeadline */
static void deadline(struct kunit *test)
{
	u64 at = goro_in(SHORT_NS), far = goro_in(1000 * NET_NS);
	struct goro_ctx *ctx = keep(test, 0, goro_ctx_with_deadline(BG, at)), *child, *other;

	KUNIT_EXPECT_EQ(test, goro_ctx_deadline(ctx), at);
	/* below it: no deadline of its own, a later one, a value */
	child = CANCEL(1, ctx);
	other = keep(test, 2, goro_ctx_with_deadline(child, far));
	KUNIT_EXPECT_EQ(test, goro_ctx_deadline(other), at);
	KUNIT_ASSERT_EQ(test, goro_chan_recv_until(goro_ctx_done(ctx), NULL, NET), 0);
	KUNIT_EXPECT_GE(test, ktime_get_ns(), at);
	TIMED_OUT(ctx);
	KUNIT_ASSERT_EQ(test, goro_chan_recv_until(goro_ctx_done(other), NULL, NET), 0);
	TIMED_OUT(child);
	TIMED_OUT(other);
	KUNIT_EXPECT_FALSE(test, goro_ctx_cancel(ctx));
	TIMED_OUT(ctx);

	/* an earlier one below a later one: the parent lives */
	ctx = keep(test, 3, goro_ctx_with_deadline(BG, far));
	child = keep(test, 4, goro_ctx_with_timeout(ctx, SHORT_NS));
	KUNIT_EXPECT_LT(test, goro_ctx_deadline(child), far);
	KUNIT_ASSERT_EQ(test, goro_chan_recv_until(goro_ctx_done(child), NULL, NET), 0);
	TIMED_OUT(child);
	LIVES(ctx);

	/* in the past */
	TIMED_OUT(keep(test, 5, goro_ctx_with_deadline(ctx, GORO_NOW)));
	TIMED_OUT(keep(test, 6, goro_ctx_with_deadline(ctx, ktime_get_ns())));
	LIVES(keep(test, 7, goro_ctx_with_deadline(ctx, GORO_FOREVER)));
	/* of a cancelled one: the parent's error */
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel(ctx));
	CANCELLED(keep(test, 8, goro_ctx_with_deadline(ctx, GORO_NOW)));
}

/* TestTimeout, TestCanceledTimeout */
static void timeout(struct kunit *test)
{
	struct goro_ctx *ctx = keep(test, 0, goro_ctx_with_timeout(BG, SHORT_NS));

	KUNIT_ASSERT_EQ(test, goro_chan_recv_until(goro_ctx_done(ctx), NULL, NET), 0);
	TIMED_OUT(ctx);
	ctx = keep(test, 1, goro_ctx_with_timeout(BG, 1000 * NET_NS));
	LIVES(ctx);
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel(ctx));
	CANCELLED(ctx);
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&ctx->timer));
	/* put while it runs: the timer goes with it */
	goro_ctx_put(goro_ctx_with_timeout(BG, 1000 * NET_NS));
	TIMED_OUT(keep(test, 2, goro_ctx_with_timeout(BG, 0)));
}

static void on_release(void *value)
{
	struct state *s = value;

	atomic_inc(&s->released);
}

/* TestValues, TestValueCtxs; and that values go with the last who may ask */
static void values(struct kunit *test)
{
	struct state *s = fx_of(test)->priv;
	struct goro_ctx *a = goro_ctx_with_value(BG, &key1, s, on_release);
	struct goro_ctx *b = goro_ctx_with_value(a, &key2, &key2, NULL);
	struct goro_ctx *c = goro_ctx_with_value(b, &key1, &key1, NULL);
	struct goro_ctx *d = goro_ctx_with_cancel(c), *e = goro_ctx_without_cancel(d);

	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_value(a, &key1), (void *)s);
	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_value(a, &key2), NULL);
	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_value(b, &key1), (void *)s);
	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_value(b, &key2), (void *)&key2);
	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_value(c, &key1), (void *)&key1);
	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_value(d, &key1), (void *)&key1);
	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_value(e, &key2), (void *)&key2);
	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_value(e, s), NULL);
	goro_ctx_put(a);
	goro_ctx_put(b);
	goro_ctx_put(c);
	goro_ctx_cancel(d);
	goro_ctx_put(d);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->released), 0);
	goro_ctx_put(e);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->released), 1);
}

/* TestWithoutCancel */
static void without_cancel(struct kunit *test)
{
	struct goro_ctx *p = keep(test, 0, goro_ctx_with_timeout(BG, 1000 * NET_NS));
	struct goro_ctx *v = keep(test, 1, goro_ctx_with_value(p, &key1, &key2, NULL));
	struct goro_ctx *w = keep(test, 2, goro_ctx_without_cancel(v));
	struct goro_ctx *c = CANCEL(3, w);

	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel(p));
	KUNIT_EXPECT_EQ(test, goro_ctx_err(w), 0);
	KUNIT_EXPECT_EQ(test, goro_ctx_cause(w), 0);
	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_done(w), NULL);
	KUNIT_EXPECT_EQ(test, goro_ctx_deadline(w), GORO_FOREVER);
	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_value(w, &key1), (void *)&key2);
	LIVES(c);
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel(c));
	CANCELLED(c);
}

/* TestCause: who is first says why, for himself and those below */
static void cause(struct kunit *test)
{
	struct goro_ctx *p = CANCEL(0, BG), *c = CANCEL(1, p), *d;

	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel_cause(c, -EXDEV));
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel_cause(p, -ENODEV));
	expect_state(test, p, -ECANCELED, -ENODEV);
	expect_state(test, c, -ECANCELED, -EXDEV);
	p = CANCEL(2, BG);
	c = CANCEL(3, p);
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel_cause(p, 77));
	KUNIT_EXPECT_FALSE(test, goro_ctx_cancel_cause(c, -ENODEV));
	expect_state(test, c, -ECANCELED, 77);
	p = CANCEL(4, BG);
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel_cause(p, 0));
	CANCELLED(p);
	d = keep(test, 5, goro_ctx_with_deadline_cause(BG, GORO_NOW, -EXDEV));
	expect_state(test, d, -ETIMEDOUT, -EXDEV);
	d = keep(test, 6, goro_ctx_with_timeout_cause(BG, SHORT_NS, -EXDEV));
	KUNIT_ASSERT_EQ(test, goro_chan_recv_until(goro_ctx_done(d), NULL, NET), 0);
	expect_state(test, d, -ETIMEDOUT, -EXDEV);
	d = keep(test, 7, goro_ctx_with_timeout_cause(BG, 1000 * NET_NS, -EXDEV));
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel_cause(d, -ENODEV));
	expect_state(test, d, -ECANCELED, -ENODEV);
	expect_state(test, CANCEL(8, d), -ECANCELED, -ENODEV);
}

/* TestCancelRemoves, and that a child that is put leaves, too */
static void cancel_removes(struct kunit *test)
{
	struct goro_ctx *p = CANCEL(0, BG), *c, *d;

	KUNIT_EXPECT_EQ(test, ctx_children(p), 0U);
	c = goro_ctx_with_cancel(p);
	d = goro_ctx_with_timeout(p, 1000 * NET_NS);
	KUNIT_EXPECT_EQ(test, ctx_children(p), 2U);
	goro_ctx_put(c);
	KUNIT_EXPECT_EQ(test, ctx_children(p), 1U);
	goro_ctx_cancel(d);
	goro_ctx_put(d);
	KUNIT_EXPECT_EQ(test, ctx_children(p), 0U);
	LIVES(p);
}

/* ---- functions -------------------------------------------------------- */

static void ran(void *arg)
{
	struct fx *f = arg;

	if (!goro_in_goroutine())
		atomic_inc(&f->bad);
	atomic_inc(&f->n);
}

static void blocks(void *arg)
{
	struct fx *f = arg;

	atomic_inc(&f->n2);
	goro_chan_recv(f->c[0], NULL);
	atomic_inc(&f->n);
}

/*
 * TestAfterFuncCalledAfterCancel, TestAfterFuncCalledAfterTimeout,
 * TestAfterFuncCalledImmediately, TestAfterFuncNotCalledAfterStop,
 * TestAfterFuncCalledAsynchronously
 */
static void after_func(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_ctx *ctx = CANCEL(0, BG), *value, *d;
	struct goro_after *a, *b;

	/* after the cancel, once; and with the handle thrown away */
	KUNIT_ASSERT_EQ(test, goro_ctx_after_func(ctx, ran, f, &a), 0);
	KUNIT_ASSERT_EQ(test, goro_ctx_after_func(ctx, ran, f, NULL), 0);
	KUNIT_ASSERT_EQ(test, goro_ctx_after_func(ctx, ran, f, &b), 0);
	KUNIT_EXPECT_EQ(test, ctx_children(ctx), 3U);
	KUNIT_EXPECT_TRUE(test, goro_after_stop(b));
	KUNIT_EXPECT_EQ(test, ctx_children(ctx), 2U);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 0);
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel(ctx));
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) == 2));
	KUNIT_EXPECT_FALSE(test, goro_after_stop(a));
	/* at once */
	KUNIT_ASSERT_EQ(test, goro_ctx_after_func(ctx, ran, f, &a), 0);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) == 3));
	KUNIT_EXPECT_FALSE(test, goro_after_stop(a));
	/* after the deadline; of a value below; the function is all that holds it */
	d = goro_ctx_with_timeout(BG, SHORT_NS);
	value = goro_ctx_with_value(d, &key1, &key2, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, value);
	KUNIT_ASSERT_EQ(test, goro_ctx_after_func(value, ran, f, NULL), 0);
	goro_ctx_put(value);
	goro_ctx_put(d);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) == 4));
	/* of one that is never cancelled */
	KUNIT_ASSERT_EQ(test, goro_ctx_after_func(BG, ran, f, NULL), 0);
	KUNIT_ASSERT_EQ(test, goro_ctx_after_func(BG, ran, f, &a), 0);
	KUNIT_EXPECT_TRUE(test, goro_after_stop(a));
	/* the cancel does not wait for it, nor does stop */
	fx_chan(test, 0, 0, 0);
	ctx = CANCEL(1, BG);
	KUNIT_ASSERT_EQ(test, goro_ctx_after_func(ctx, blocks, f, &a), 0);
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel(ctx));
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n2) == 1));
	KUNIT_EXPECT_FALSE(test, goro_after_stop(a));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 4);
	goro_chan_close(f->c[0]);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) == 5));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

/* TestInvalidDerivedFail, TestWithValueChecksKey: what panics there is an error here, and warns */
static void invalid(struct kunit *test)
{
	struct goro_ctx *ctx = CANCEL(0, BG), *value, *without;
	struct fx *f = fx_of(test);
	u64 misuses;

	value = keep(test, 1, goro_ctx_with_value(BG, &key1, &key2, NULL));
	without = keep(test, 2, goro_ctx_without_cancel(ctx));
	misuses = goro_counter(GORO_C_MISUSE);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, PTR_ERR(goro_ctx_with_cancel(NULL)), -EINVAL);
		KUNIT_EXPECT_EQ(test, PTR_ERR(goro_ctx_with_deadline(NULL, NET)), -EINVAL);
		KUNIT_EXPECT_EQ(test, PTR_ERR(goro_ctx_with_timeout(NULL, NET_NS)), -EINVAL);
		KUNIT_EXPECT_EQ(test, PTR_ERR(goro_ctx_with_value(NULL, &key1, f, NULL)), -EINVAL);
		KUNIT_EXPECT_EQ(test, PTR_ERR(goro_ctx_with_value(ctx, NULL, f, on_release)),
				-EINVAL);
		KUNIT_EXPECT_EQ(test, PTR_ERR(goro_ctx_without_cancel(NULL)), -EINVAL);
		KUNIT_EXPECT_EQ(test, goro_ctx_after_func(NULL, ran, f, NULL), -EINVAL);
		KUNIT_EXPECT_EQ(test, goro_group_init_ctx(&f->other, NULL), -EINVAL);
		KUNIT_EXPECT_FALSE(test, goro_ctx_cancel(NULL));
		KUNIT_EXPECT_FALSE(test, goro_ctx_cancel(BG));
		KUNIT_EXPECT_FALSE(test, goro_ctx_cancel(value));
		KUNIT_EXPECT_FALSE(test, goro_ctx_cancel_cause(without, -EXDEV));
	}
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_MISUSE), misuses + 12);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 0);
	LIVES(ctx);
}

/* ---- interrupts, modules ----------------------------------------------- */

static struct goro_ctx *irq_ctx;
static int irq_first, irq_in_task;

static enum hrtimer_restart in_irq_cancel(struct hrtimer *t)
{
	irq_in_task = in_task();
	irq_first = goro_ctx_cancel_cause(irq_ctx, -EXDEV);
	if (goro_ctx_cancel(irq_ctx))
		irq_first = -1;
	return HRTIMER_NORESTART;
}

static void cancel_in_interrupt(struct kunit *test)
{
	struct goro_ctx *ctx = CANCEL(0, BG), *child = CANCEL(1, ctx);
	struct hrtimer *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	irq_ctx = ctx;
	irq_in_task = 1;
	goro_hrtimer_setup(t, in_irq_cancel, HRTIMER_MODE_REL_HARD);
	hrtimer_start(t, ns_to_ktime(1000), HRTIMER_MODE_REL_HARD);
	KUNIT_ASSERT_EQ(test, goro_chan_recv_until(goro_ctx_done(child), NULL, NET), 0);
	hrtimer_cancel(t);
	KUNIT_EXPECT_EQ(test, irq_in_task, 0);
	KUNIT_EXPECT_EQ(test, irq_first, 1);
	expect_state(test, ctx, -ECANCELED, -EXDEV);
	expect_state(test, child, -ECANCELED, -EXDEV);
}

/* references of others pin the maker, its own do not; functions pin whose they are */
static void pins(struct kunit *test)
{
	int n = module_refcount(THIS_MODULE);
	struct goro_ctx *ctx = CANCEL(0, BG), *theirs, *v;
	struct goro_after *a;

	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), n);
	goro_ctx_get(ctx);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), n);
	goro_ctx_put(ctx);
	/* NULL: the kernel's own, which is another module */
	__goro_ctx_get(ctx, NULL);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), n + 1);
	__goro_ctx_put(ctx, NULL);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), n);
	v = goro_ctx_with_value(ctx, &key1, fx_of(test)->priv, on_release);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, v);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), n);
	theirs = __goro_ctx_with_cancel(v, NULL);
	goro_ctx_put(v);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, theirs);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), n + 1);
	__goro_ctx_put(theirs, NULL);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), n);
	KUNIT_EXPECT_EQ(test, atomic_read(&((struct state *)fx_of(test)->priv)->released), 1);
	KUNIT_ASSERT_EQ(test, goro_ctx_after_func(ctx, ran, fx_of(test), &a), 0);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), n + 1);
	KUNIT_EXPECT_TRUE(test, goro_after_stop(a));
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), n);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(background),
	KUNIT_CASE(with_cancel),
	KUNIT_CASE(parent_finishes_child),
	KUNIT_CASE(child_finishes_first),
	KUNIT_CASE(deadline),
	KUNIT_CASE(timeout),
	KUNIT_CASE(values),
	KUNIT_CASE(without_cancel),
	KUNIT_CASE(cause),
	KUNIT_CASE(cancel_removes),
	KUNIT_CASE(after_func),
	KUNIT_CASE(invalid),
	KUNIT_CASE(cancel_in_interrupt),
	KUNIT_CASE(pins),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_ctx",
	.init = ctx_fx_init,
	.exit = ctx_fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
