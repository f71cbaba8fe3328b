// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_ctx: contexts, what is derived from them, and who is told of a cancel.
 * Waits under a context are in ctx_wait.c, groups with one in group_ctx.c.
 */
#include <linux/hrtimer.h>
#include <linux/random.h>
#include "compat.h"
#include "core/context.h"
#include "kunit.h"

#define N	24
#define MANY	10000

static u64 alive(void)
{
	return goro_counter(GORO_C_CTX_CREATED) - goro_counter(GORO_C_CTX_DESTROYED);
}

struct state {
	u64 ctxs0;
	struct goro_ctx *ctx[N];	/* put at the end */
	atomic_t released;
};

static int init(struct kunit *test)
{
	struct state *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	int err = fx_init(test);

	if (err || !s)
		return err ?: -ENOMEM;
	fx_of(test)->priv = s;
	s->ctxs0 = alive();
	return 0;
}

static void exit_(struct kunit *test)
{
	struct state *s = fx_of(test)->priv;
	int i;

	for (i = 0; i < N; i++)
		goro_ctx_put(s->ctx[i]);
	/* who cancelled one may have its memory for a moment longer */
	KUNIT_EXPECT_TRUE(test, eventually(alive() == s->ctxs0));
	fx_exit(test);
}

static struct goro_ctx *keep(struct kunit *test, int i, struct goro_ctx *ctx)
{
	struct state *s = fx_of(test)->priv;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ctx);
	s->ctx[i] = ctx;
	return ctx;
}

#define BG		goro_ctx_background()
#define CANCEL(i, p)	keep(test, i, goro_ctx_with_cancel(p))

static u32 children(struct goro_ctx *ctx)
{
	struct list_head *pos;
	u32 n = 0;

	goro_lock(&ctx->lock);
	list_for_each(pos, &ctx->children)
		n++;
	list_for_each(pos, &ctx->afters)
		n++;
	goro_unlock(&ctx->lock);
	return n;
}

/* all that can be asked of a context agrees */
static void expect_state(struct kunit *test, struct goro_ctx *ctx, int err, int cause)
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

#define LIVES(ctx)	expect_state(test, ctx, 0, 0)
#define CANCELLED(ctx)	expect_state(test, ctx, -ECANCELED, -ECANCELED)
#define TIMED_OUT(ctx)	expect_state(test, ctx, -ETIMEDOUT, -ETIMEDOUT)

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
	KUNIT_EXPECT_EQ(test, children(parent), 3U);
	KUNIT_EXPECT_PTR_EQ(test, goro_ctx_done(value), goro_ctx_done(parent));
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel_cause(parent, -EXDEV));
	KUNIT_EXPECT_EQ(test, children(parent), 0U);
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

	KUNIT_EXPECT_EQ(test, children(p), 0U);
	c = goro_ctx_with_cancel(p);
	d = goro_ctx_with_timeout(p, 1000 * NET_NS);
	KUNIT_EXPECT_EQ(test, children(p), 2U);
	goro_ctx_put(c);
	KUNIT_EXPECT_EQ(test, children(p), 1U);
	goro_ctx_cancel(d);
	goro_ctx_put(d);
	KUNIT_EXPECT_EQ(test, children(p), 0U);
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
 * TestAfterFuncCalledAfterCancel, ..AfterTimeout, ..Immediately, NotCalledAfterStop,
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
	KUNIT_EXPECT_EQ(test, children(ctx), 3U);
	KUNIT_EXPECT_TRUE(test, goro_after_stop(b));
	KUNIT_EXPECT_EQ(test, children(ctx), 2U);
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

/* ---- many at once ----------------------------------------------------- */

static int cancel_it(struct job *j)
{
	struct state *s = j->f->priv;

	goro_ctx_cancel_cause(s->ctx[j->v], -(int)j->v - 1);
	return goro_chan_recv_until(goro_ctx_done(s->ctx[j->v]), NULL, NET);
}

/* TestSimultaneousCancels: a tree, each of it cancelled by somebody at once */
static void simultaneous(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct state *s = f->priv;
	int i;

	for (i = 0; i < N; i++)
		CANCEL(i, i ? s->ctx[(i - 1) / 2] : BG);
	for (i = 0; i < N; i++) {
		job_set(f, i, cancel_it, NULL)->v = i;
		job_start(test, &f->j[i], i % 3 == 0);
	}
	for (i = 0; i < N; i++) {
		struct goro_ctx *ctx = s->ctx[i], *sayer;

		EXPECT_DONE(test, &f->j[i], 0);
		/* it, or one above it, said why (TestCauseRace) */
		sayer = s->ctx[-goro_ctx_cause(ctx) - 1];
		while (ctx && ctx != sayer)
			ctx = ctx->up;
		KUNIT_EXPECT_NOT_NULL(test, ctx);
	}
}

static int derive_under(struct job *j)
{
	struct state *s = j->f->priv;
	int i, bad = 0;

	for (i = 0; i < 200; i++) {
		struct goro_ctx *p = goro_ctx_with_cancel(s->ctx[0]);
		struct goro_ctx *c = goro_ctx_with_timeout(p, NSEC_PER_USEC * (i % 50));

		if (IS_ERR(p) || IS_ERR(c))
			return -ENOMEM;
		atomic_inc(&j->f->n);
		if (i & 1)
			goro_ctx_cancel(p);
		if (goro_chan_recv_until(goro_ctx_done(c), NULL, NET))
			bad++;
		goro_ctx_put(p);
		bad += !goro_ctx_err(c);
		goro_ctx_put(c);
	}
	return bad;
}

/* TestWithCancelSimultaneouslyCanceled, and deadlines and puts that race as well */
static void derive_races_cancel(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_ctx *p = CANCEL(0, BG);
	int i;

	for (i = 0; i < 8; i++)
		job_go(test, job_set(f, i, derive_under, NULL));
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) > 100));
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel(p));
	for (i = 0; i < 8; i++)
		EXPECT_DONE(test, &f->j[i], 0);
	KUNIT_EXPECT_EQ(test, children(p), 0U);
}

/* TestInterlockedCancels: each of two is cancelled when the other is */
static void cancel_arg(void *arg)
{
	goro_ctx_cancel(arg);
}

static void interlocked(struct kunit *test)
{
	struct goro_ctx *a = CANCEL(0, BG), *b = CANCEL(1, BG);

	KUNIT_ASSERT_EQ(test, goro_ctx_after_func(a, cancel_arg, b, NULL), 0);
	KUNIT_ASSERT_EQ(test, goro_ctx_after_func(b, cancel_arg, a, NULL), 0);
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel(a));
	KUNIT_ASSERT_EQ(test, goro_chan_recv_until(goro_ctx_done(b), NULL, NET), 0);
	CANCELLED(b);
	KUNIT_EXPECT_TRUE(test, eventually(goro_num() == fx_of(test)->num0));
}

/* TestLayersCancel, TestLayersTimeout: layers of all kinds, at random */
static void layers(struct kunit *test)
{
	struct state *s = fx_of(test)->priv;
	int round, i;

	for (round = 0; round < 100; round++) {
		struct goro_ctx *ctx = goro_ctx_with_cancel(BG), *next, *top = ctx;
		struct goro_ctx *kept[20];
		int n = 0, depth = get_random_u32() % 20;
		bool timed = round & 1;
		u64 end = GORO_FOREVER;

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ctx);
		for (i = 0; i < depth; i++) {
			switch (get_random_u32() % 3) {
			case 0:
				next = goro_ctx_with_cancel(ctx);
				break;
			case 1:
				next = goro_ctx_with_timeout(ctx, NET_NS * (1 + i % 3));
				end = min(end, goro_ctx_deadline(next));
				break;
			default:
				next = goro_ctx_with_value(ctx, &s->ctx[i], &s->ctx[i], NULL);
			}
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, next);
			kept[n++] = ctx;
			ctx = next;
			KUNIT_ASSERT_EQ(test, goro_ctx_deadline(ctx), end);
		}
		if (timed) {
			next = goro_ctx_with_timeout(ctx, NSEC_PER_USEC);
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, next);
			kept[n++] = ctx;
			ctx = next;
		} else {
			goro_ctx_cancel(top);
		}
		KUNIT_EXPECT_EQ(test, goro_chan_recv_until(goro_ctx_done(ctx), NULL, NET), 0);
		KUNIT_EXPECT_EQ(test, goro_ctx_err(ctx), timed ? -ETIMEDOUT : -ECANCELED);
		KUNIT_EXPECT_EQ(test, goro_ctx_err(top), timed ? 0 : -ECANCELED);
		while (n)
			goro_ctx_put(kept[--n]);
		goro_ctx_put(ctx);
	}
}

enum shape { CHAIN, FLAT, TREE, VALUES };
static const struct shape_param { const char *name; enum shape shape; } shapes[] = {
	{ "a chain", CHAIN }, { "all of one parent", FLAT }, { "a tree", TREE },
	{ "a chain with values", VALUES },
};
KUNIT_ARRAY_PARAM_DESC(shape, shapes, name);

/* 10,000 descendants, deep or wide: no recursion, neither in the cancel nor in the end */
static void many(struct kunit *test)
{
	const struct shape_param *p = test->param_value;
	struct goro_ctx **ctx = kunit_kcalloc(test, MANY + 1, sizeof(*ctx), GFP_KERNEL);
	int i, bad = 0;

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	ctx[0] = goro_ctx_with_cancel(BG);
	for (i = 1; i <= MANY; i++) {
		struct goro_ctx *up = ctx[p->shape == FLAT ? 0 : p->shape == TREE ? i / 4 : i - 1];

		ctx[i] = p->shape == VALUES && i % 3 ?
			 goro_ctx_with_value(up, &key1, &key2, NULL) :
			 goro_ctx_with_cancel(up);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ctx[i]);
	}
	KUNIT_EXPECT_EQ(test, goro_ctx_err(ctx[MANY]), 0);
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel_cause(ctx[0], -EXDEV));
	for (i = 0; i <= MANY; i++)
		bad += goro_ctx_err(ctx[i]) != -ECANCELED || goro_ctx_cause(ctx[i]) != -EXDEV;
	KUNIT_EXPECT_EQ(test, bad, 0);
	/* from the top: each lives by its children, all end with the last one */
	for (i = 0; i <= MANY; i++)
		goro_ctx_put(ctx[i]);
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
	KUNIT_CASE(simultaneous),
	KUNIT_CASE(derive_races_cancel),
	KUNIT_CASE(interlocked),
	KUNIT_CASE(layers),
	KUNIT_CASE_PARAM(many, shape_gen_params),
	KUNIT_CASE(cancel_in_interrupt),
	KUNIT_CASE(pins),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_ctx",
	.init = init,
	.exit = exit_,
	.test_cases = cases,
};
kunit_test_suite(suite);
