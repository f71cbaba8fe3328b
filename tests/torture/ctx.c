// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scenario: a tree of contexts with waits, functions and deadlines in it, cancelled
 * from several sides at once, by goroutines and threads, while it still grows.
 *
 * The books: each wait ends by its context, with the error that this one has; a
 * function has run or was stopped, never both, never twice; in the end all contexts
 * are cancelled, as the root is.
 */
#include <linux/slab.h>
#include "torture.h"

#define NODES	24

struct tree {
	u64 nr;
	struct goro_wg wg;
	struct goro_chan *c;		/* nobody sends */
	struct goro_ctx *ctx[NODES];
	u32 n;
	atomic_t ran, stopped, funcs;
};

struct tree_member {
	struct tree *t;
	u32 i;
};

static void func(void *arg)
{
	struct tree *t = arg;

	atomic_inc(&t->ran);
	goro_wg_done(&t->wg);
}

/* wait below a context of its own, or of the tree's */
static void waits(struct tree *t, struct rnd_state *r)
{
	struct goro_ctx *ctx = t->ctx[tt_rnd(r, t->n)], *own = NULL;
	int ret;

	if (tt_rnd(r, 2)) {
		own = tt_rnd(r, 2) ? goro_ctx_with_cancel(ctx) :
		      goro_ctx_with_timeout(ctx, tt_rnd(r, 300000));
		if (IS_ERR(own))
			return;
		ctx = own;
	}
	switch (tt_rnd(r, 3)) {
	case 0:
		ret = goro_chan_recv_ctx(ctx, t->c, NULL);
		break;
	case 1:
		ret = goro_sleep_ctx(ctx, TT_NET_NS);
		break;
	default:
		/* in two scopes, of which either may end it */
		ret = GORO_CTX_CALL(t->ctx[0], goro_chan_send_ctx(ctx, NULL, NULL));
		if (ret && ret == goro_ctx_err(t->ctx[0]))
			goto out;
	}
	if (!ret || ret != goro_ctx_err(ctx))
		tt_fail(TT_ERRNO, t->nr, "wait under a context: %d, it has %d", ret,
			goro_ctx_err(ctx));
out:
	goro_ctx_put(own);
}

static void tree_member(void *arg)
{
	struct tree_member *m = arg;
	struct tree *t = m->t;
	struct goro_after *after;
	struct rnd_state r;

	tt_seed(&r, t->nr, m->i + 1);
	tt_pause(&r, t->nr);
	switch (tt_rnd(&r, 4)) {
	case 0:
		/* not the root: the driver does that in the end */
		goro_ctx_cancel_cause(t->ctx[t->n > 1 ? 1 + tt_rnd(&r, t->n - 1) : 0], m->i + 1);
		break;
	case 1:
		goro_wg_add(&t->wg, 1);
		if (goro_ctx_after_func(t->ctx[tt_rnd(&r, t->n)], func, t, &after)) {
			goro_wg_done(&t->wg);
			break;
		}
		atomic_inc(&t->funcs);
		tt_pause(&r, t->nr);
		if (goro_after_stop(after)) {
			atomic_inc(&t->stopped);
			goro_wg_done(&t->wg);
		}
		break;
	default:
		waits(t, &r);
	}
	goro_wg_done(&t->wg);
}

static void thread_member(void *arg)
{
	tree_member(arg);
	kfree(arg);
}

static void start(struct tree *t, u32 i, bool thread)
{
	struct tree_member m = { t, i }, *copy;

	if (thread) {
		copy = kmemdup(&m, sizeof(m), GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
		if (copy && tt_on_thread(thread_member, copy))
			return;
		kfree(copy);
	}
	while (goro_go_copy(tree_member, &m, sizeof(m)))
		goro_sleep(1000000);
}

void tt_ctx(u64 nr, struct rnd_state *r)
{
	struct tree *t = kzalloc(sizeof(*t), GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	u32 i, nodes, members = 4 + tt_rnd(r, 40);

	if (!t)
		return;
	t->nr = nr;
	goro_wg_init(&t->wg);
	t->c = goro_chan_make(8, 0, tt_rnd(r, 2) ? GORO_CHAN_IRQ : 0);
	if (IS_ERR(t->c)) {
		kfree(t);
		return;
	}
	for (i = 0, nodes = 1 + tt_rnd(r, NODES - 1); i < nodes; i++) {
		struct goro_ctx *up = i ? t->ctx[tt_rnd(r, i)] : goro_ctx_background();

		t->ctx[i] = tt_rnd(r, 3) || !i ? goro_ctx_with_cancel(up) :
			    goro_ctx_with_timeout(up, tt_rnd(r, 1000000));
		if (IS_ERR(t->ctx[i]))
			break;
		t->n++;
	}
	if (t->n) {
		goro_wg_add(&t->wg, members);
		for (i = 0; i < members; i++)
			start(t, i, !tt_rnd(r, 8));
		tt_pause(r, nr);
		goro_ctx_cancel(t->ctx[0]);
		tt_wait(&t->wg, nr, "contexts");
	}
	for (i = 0; i < t->n; i++) {
		if (!goro_ctx_err(t->ctx[i]) || !goro_ctx_cause(t->ctx[i]))
			tt_fail(TT_WAIT, nr, "context %u of %u is not cancelled", i, t->n);
		goro_ctx_put(t->ctx[i]);
	}
	if (atomic_read(&t->ran) + atomic_read(&t->stopped) != atomic_read(&t->funcs))
		tt_fail(TT_COUNT, nr, "%d functions, %d ran, %d stopped", atomic_read(&t->funcs),
			atomic_read(&t->ran), atomic_read(&t->stopped));
	goro_chan_put(t->c);
	atomic64_add(members, &tt_totals.ops);
	kfree(t);
}
