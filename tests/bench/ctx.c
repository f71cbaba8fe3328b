// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cases on contexts: a cancel of 10,000 descendants, and what it costs a call to
 * be under a context, whether it waits (ctxhop, beside hop) or not (ctxself, beside
 * chanself).
 */
#include <linux/ktime.h>
#include <linux/slab.h>
#include <goro/goro.h>
#include "bench.h"

#define DESCENDANTS	10000

static u64 run(const struct bench *b, u64 n, u64 (*fn)(struct run *r))
{
	struct run r = { .b = b, .n = n, .fn = fn };
	u64 ns;

	r.ctx = goro_ctx_with_cancel(goro_ctx_background());
	if (IS_ERR(r.ctx))
		return 0;
	ns = bench_in_goroutine(&r);
	goro_ctx_put(r.ctx);
	return ns;
}

/* The tree is made anew for each, outside of the time; b->arg children each. */
static u64 cancels(struct run *r)
{
	struct goro_ctx **ctx = kvcalloc(DESCENDANTS + 1, sizeof(*ctx), GFP_KERNEL);
	u64 ns = 0, i, t;
	bool bad = !ctx;
	int k;

	for (i = 0; i < r->n && !bad; i++) {
		ctx[0] = goro_ctx_with_cancel(r->ctx);
		for (k = 1; k <= DESCENDANTS; k++)
			ctx[k] = IS_ERR(ctx[(k - 1) / r->b->arg]) ? ctx[(k - 1) / r->b->arg] :
				 goro_ctx_with_cancel(ctx[(k - 1) / r->b->arg]);
		t = ktime_get_ns();
		if (!IS_ERR(ctx[0]))
			goro_ctx_cancel(ctx[0]);
		ns += ktime_get_ns() - t;
		for (k = 0; k <= DESCENDANTS; k++) {
			bad |= IS_ERR(ctx[k]) || !goro_ctx_err(ctx[k]);
			if (!IS_ERR(ctx[k]))
				goro_ctx_put(ctx[k]);
		}
	}
	kvfree(ctx);
	return bad ? 0 : ns;
}

u64 goro_ctx_cancels(const struct bench *b, u64 n)
{
	return run(b, n, cancels);
}

/* one derived, cancelled and put; with b->arg that has a deadline far away */
static u64 derives(struct run *r)
{
	u64 i, t = ktime_get_ns();

	for (i = 0; i < r->n; i++) {
		struct goro_ctx *ctx = r->b->arg ?
				       goro_ctx_with_timeout(r->ctx, 1000 * NSEC_PER_SEC) :
				       goro_ctx_with_cancel(r->ctx);

		if (IS_ERR(ctx))
			return 0;
		goro_ctx_cancel(ctx);
		goro_ctx_put(ctx);
	}
	return ktime_get_ns() - t;
}

u64 goro_ctx_derives(const struct bench *b, u64 n)
{
	return run(b, n, derives);
}

static void ponger(void *arg)
{
	struct run *r = arg;
	u64 i, v;

	for (i = 0; i < r->n / 2; i++) {
		goro_chan_recv_ctx(r->ctx, r->c, &v);
		goro_chan_send_ctx(r->ctx, r->d, &v);
	}
	goro_wg_done(&r->wg);
}

static u64 hops(struct run *r)
{
	u64 i, v = 0, t;

	r->c = goro_chan_make(8, 0, 0);
	r->d = goro_chan_make(8, 0, 0);
	if (IS_ERR(r->c) || IS_ERR(r->d))
		return 0;
	goro_wg_add(&r->wg, 1);
	if (goro_go(ponger, r))
		return 0;
	t = ktime_get_ns();
	for (i = 0; i < r->n / 2; i++) {
		goro_chan_send_ctx(r->ctx, r->c, &v);
		goro_chan_recv_ctx(r->ctx, r->d, &v);
	}
	t = ktime_get_ns() - t;
	goro_wg_wait(&r->wg);
	goro_chan_put(r->c);
	goro_chan_put(r->d);
	return t;
}

u64 goro_ctx_hops(const struct bench *b, u64 n)
{
	return run(b, n, hops);
}

static u64 self(struct run *r)
{
	u64 i, v, t;

	r->c = goro_chan_make(8, 1, 0);
	if (IS_ERR(r->c))
		return 0;
	t = ktime_get_ns();
	for (i = 0; i < r->n / 2; i++) {
		goro_chan_send_ctx(r->ctx, r->c, &i);
		goro_chan_recv_ctx(r->ctx, r->c, &v);
	}
	t = ktime_get_ns() - t;
	goro_chan_put(r->c);
	return t;
}

u64 goro_ctx_self(const struct bench *b, u64 n)
{
	return run(b, n, self);
}
