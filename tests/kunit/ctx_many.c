// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_ctx_many: many contexts: cancelled from all sides at once, in layers of
 * all kinds, and 10,000 below one.
 */
#include <linux/random.h>
#include "ctx.h"

#define MANY	10000

static int key;

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
	jobs_done(test, 8, 0);
	KUNIT_EXPECT_EQ(test, ctx_children(p), 0U);
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
			 goro_ctx_with_value(up, &key, &key, NULL) :
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

static struct kunit_case cases[] = {
	KUNIT_CASE(simultaneous),
	KUNIT_CASE(derive_races_cancel),
	KUNIT_CASE(interlocked),
	KUNIT_CASE(layers),
	KUNIT_CASE_PARAM(many, shape_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_ctx_many",
	.init = ctx_fx_init,
	.exit = ctx_fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
