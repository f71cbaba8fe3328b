// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Waits under a context: each blocking call has a form that takes one, and they are
 * all the same: enter a scope, call, leave. So there is one body of each call.
 *
 * A call that does not have to wait costs nothing more. The scope is known to its
 * goroutine or thread only (the port keeps a stack of them), until a wait begins in
 * it: goro_wait_begin() brings it into its context's list, with the waiter.
 *
 * A cancel ends exactly the waits that are in the scope.
 *  - It is not lost. The wait goes to WAIT (a full barrier), then looks at err, under
 *    the context's lock where it enters the list, else without it; the canceller sets
 *    err under the lock, full barrier, goes through the list and claims. Was it
 *    listed after that, it has seen err; before that, the canceller finds it: then
 *    either he sees WAIT, or the wait sees err.
 *  - It does not reach a later wait. The canceller claims under the context's lock,
 *    and leaving takes the scope off the list under it. What was claimed is his until
 *    he has readied it: the waiter does not run meanwhile, so its scopes stay, and he
 *    links them into his own list. Who was claimed by somebody else, or does not
 *    wait, is only taken off.
 *  - Scopes nest, and there is no flag that an inner one could clear for an outer
 *    one: whether a wait may go on is asked of each scope's context itself. A wait
 *    is claimed once, whichever scope did it; goro_ctx_leave() asks its own context,
 *    so the error of an outer one passes through an inner one unchanged.
 *
 * A scope's waiter lives as long as the scope: a goroutine's does anyway, and a
 * thread that is in a scope uses one that is in its outermost (the port sees to it).
 * So a listed scope stays listed until it is left, over several waits, and a later
 * one only looks at err: the canceller, who claims in vain while it does not wait,
 * has set that, full barrier, before he looked at the waiter.
 *
 * A context's lock is not taken with interrupts off: one who holds it could be hit by
 * an interrupt that wants the lock under which the other one's wait begins. What
 * begins a wait under such a lock (that of a GORO_CHAN_IRQ channel) calls
 * goro_wait_prepare() before it takes it: the scopes are listed then.
 */
#include "context.h"

/* Into its context's list, until it is left. Of a cancelled one err is enough. */
static void list_scope(struct goro_scope *s)
{
	goro_lock(&s->ctx->lock);
	if (s->ctx->err)
		INIT_LIST_HEAD(&s->node);
	else
		list_add_tail(&s->node, &s->ctx->scopes);
	s->ctx->nscopes++;	/* its memory stays: see end() in ctx.c */
	goro_unlock(&s->ctx->lock);
	s->listed = true;
}

/* A wait may begin with interrupts off. */
void goro_scopes_prepare(struct goro_scope *s)
{
	for (; s; s = s->outer)
		if (!s->listed)
			list_scope(s);
}

/* The wait of w begins, in WAIT. False: a context is cancelled, and w claimed for it. */
bool goro_scopes_begin(struct goro_scope *s, struct goro_waiter *w)
{
	bool cancelled = false;

	for (; s; s = s->outer) {
		if (!s->listed)
			list_scope(s);
		cancelled |= READ_ONCE(s->ctx->err);
	}
	/* where that fails somebody has claimed it already, and readies it: it parks */
	return !(cancelled && goro_claim(w, GORO_BY_CANCEL));
}

/* The last touch of its context, unless the caller has a reference. */
static void unlist(struct goro_scope *s)
{
	struct goro_ctx *ctx = s->ctx;
	bool last;

	if (!s->listed)
		return;
	goro_lock(&ctx->lock);
	list_del_init(&s->node);
	last = !--ctx->nscopes && ctx->ended;
	goro_unlock(&ctx->lock);
	s->listed = false;
	if (unlikely(last))
		goro_ctx_mem_put(ctx);
}

/* A goroutine ends inside of them. */
void goro_scopes_drop(struct goro_scope *s)
{
	for (; s; s = s->outer)
		unlist(s);
}

/* Their owner waits with w from now on, which is in RUN, as the one before is. */
void goro_scopes_move(struct goro_scope *s, struct goro_waiter *w)
{
	for (; s; s = s->outer) {
		if (!s->listed) {
			s->w = w;
			continue;
		}
		goro_lock(&s->ctx->lock);
		s->w = w;
		goro_unlock(&s->ctx->lock);
	}
}

bool goro_scopes_cancelled(const struct goro_scope *s)
{
	for (; s; s = s->outer)
		if (READ_ONCE(s->ctx->err))
			return true;
	return false;
}

/* For the canceller, err is set. */
void goro_scopes_claim(struct goro_ctx *ctx, unsigned int max, struct list_head *claimed)
{
	while (max-- && !list_empty(&ctx->scopes)) {
		struct goro_scope *s = list_first_entry(&ctx->scopes, struct goro_scope, node);

		if (goro_claim(s->w, GORO_BY_CANCEL))
			list_move_tail(&s->node, claimed);
		else
			list_del_init(&s->node);
	}
}

/* No lock is held; a scope is gone once its waiter was readied. */
void goro_scopes_ready(struct list_head *claimed)
{
	while (!list_empty(claimed)) {
		struct goro_scope *s = list_first_entry(claimed, struct goro_scope, node);
		struct goro_waiter *w = s->w;

		list_del_init(&s->node);
		goro_count(GORO_C_WAKE_CANCEL);
		goro_ready(w);
	}
}

/* A context that can be cancelled; it may be already. */
void goro_scope_enter(struct goro_scope *s, struct goro_ctx *ctx)
{
	s->ctx = ctx;
	s->listed = false;
	goro_scope_push(s);
}

int goro_ctx_enter(struct goro_scope *s, struct goro_ctx *ctx)
{
	struct goro_ctx *by = ctx ? ctx->by : NULL;
	int err;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	if (!by) {
		s->ctx = NULL;
		return 0;
	}
	err = smp_load_acquire(&by->err);	/* as goro_ctx_err() */
	if (unlikely(err))
		return err;
	goro_scope_enter(s, by);
	return 0;
}
EXPORT_SYMBOL_GPL(goro_ctx_enter);

long goro_ctx_leave(struct goro_scope *s, long ret)
{
	int err;

	if (!s->ctx)
		return ret;
	err = goro_scope_pop(s);
	if (unlikely(err)) {
		if (err != -EINVAL)
			return err;	/* nothing of it can be trusted */
		ret = err;
	} else if (unlikely(ret == -ECANCELED)) {
		ret = smp_load_acquire(&s->ctx->err) ?: ret;	/* as goro_ctx_err() */
	}
	unlist(s);
	return ret;
}
EXPORT_SYMBOL_GPL(goro_ctx_leave);
