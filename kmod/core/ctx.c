// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Contexts: the tree, its cancel, and what runs then. Waits under a context are
 * scope.c's.
 *
 * Cancel. Who sets a context's err, under its lock, cancels it: he takes its
 * children off its list onto a list of his own, ends its waits, closes its done
 * channel and starts its functions, a CHUNK at a time under the lock, and goes on
 * with the first of his list, until that is empty. So it takes time linear in the
 * number of descendants, the same few words of stack for any depth, and bounded time
 * with a lock held. Once err is set nothing is added to a context's lists: a
 * child that is derived then is cancelled at once, a wait does not begin. Two who
 * cancel parts of one tree meet at a context whose err is set: the second leaves it,
 * and what is below it, to the first.
 *
 * Lifetime. A child holds its parent (users), the parent's list holds no reference.
 * The last put of a context ends it: its timer is stopped, which waits for its
 * function; it leaves its parent's list under the parent's lock; its value is
 * released; its parent is put, in the same loop. Whoever passes by without being a
 * user, the canceller with his list and the late work, holds its memory (mem) and
 * nothing more: so ending is always done by a put, synchronously, and a module that
 * has put its contexts has no code that may still be called. Of a context that has
 * ended a passer-by finds empty lists. Who waits in a scope ought to have a reference;
 * where he has none, and it ends, he comes back to it: then the last one to leave, of
 * those that are counted in nscopes, drops what the users had of the memory.
 *
 * Deadlines, and cancels in interrupts, cannot walk a tree where they are: they put
 * the context into one list, which a worker thread goes through (a goroutine would
 * need memory that an interrupt may not get). Under the lock of this list nothing is
 * taken.
 *
 * Lock order: a context's lock is the innermost of all, no two are held together. It
 * is not taken with interrupts off: a wait that begins so was prepared (scope.c).
 */
#include "context.h"

#define CHUNK	64	/* of each kind under one hold of the lock */

struct goro_after {
	refcount_t ref;			/* of the handle; of who waits for the cancel */
	struct goro_ctx *ctx;		/* C: what it was asked of; a reference while waiting */
	struct goro_ctx *by;		/* C: its memory, or NULL: it is never cancelled */
	struct list_head node;		/* L of by */
	bool waiting;			/* L of by: neither started nor stopped */
	goro_spawn_t *g;		/* C: the goroutine that was set aside */
	struct module *owner;		/* C */
};

static struct goro_ctx background = { .deadline = GORO_FOREVER };

static goro_lock_t late_lock = GORO_LOCK_INIT(late_lock);
static LIST_HEAD(late_list);		/* late_lock: goro_ctx.late */
static void late_work(goro_late_t *late);
static GORO_LATE(late, late_work);

struct goro_ctx *goro_ctx_background(void)
{
	return &background;
}
EXPORT_SYMBOL_GPL(goro_ctx_background);

/* ---- references ------------------------------------------------------- */

void goro_ctx_mem_put(struct goro_ctx *ctx)
{
	if (!refcount_dec_and_test(&ctx->mem))
		return;
	goro_chan_put(ctx->done);
	goro_count(GORO_C_CTX_DESTROYED);
	goro_free(ctx);
}

struct goro_ctx *__goro_ctx_get(struct goro_ctx *ctx, struct module *by)
{
	if (!ctx || ctx == &background)
		return ctx;
	refcount_inc(&ctx->users);
	if (ctx->owner != by)
		goro_owner_get(ctx->owner);
	return ctx;
}
EXPORT_SYMBOL_GPL(__goro_ctx_get);

/* The last user has gone. Who may still come by holds mem, and finds it empty. */
static void end(struct goro_ctx *ctx)
{
	bool waits = false;

	if (ctx->timed)
		goro_ktimer_cancel(&ctx->timer);
	if (ctx->up) {
		goro_lock(&ctx->up->lock);
		if (ctx->listed) {
			ctx->listed = false;
			list_del_init(&ctx->node);
		}
		goro_unlock(&ctx->up->lock);
	}
	if (ctx->release)
		ctx->release(ctx->value);
	if (ctx->by == ctx) {
		goro_lock(&ctx->lock);
		waits = ctx->nscopes;
		ctx->ended = true;
		goro_unlock(&ctx->lock);
	}
	if (unlikely(waits))
		goro_misuse_by("context put while someone waits with it");
	else
		goro_ctx_mem_put(ctx);
}

void __goro_ctx_put(struct goro_ctx *ctx, struct module *by)
{
	if (unlikely(!goro_may_wait())) {
		goro_misuse();
		return;
	}
	while (ctx && ctx != &background) {
		struct goro_ctx *parent = ctx->parent;
		struct module *owner = ctx->owner;
		bool last = refcount_dec_and_test(&ctx->users);

		if (last)
			end(ctx);	/* its module's code: before the module may go */
		if (owner != by)
			goro_owner_put(owner);
		if (!last)
			return;
		ctx = parent;
		by = owner;
	}
}
EXPORT_SYMBOL_GPL(__goro_ctx_put);

/* ---- cancel ----------------------------------------------------------- */

/* Nobody reads `a` any more but who has the other reference, if there is one. */
static void after_put(struct goro_after *a)
{
	if (!refcount_dec_and_test(&a->ref))
		return;
	if (a->by)
		goro_ctx_mem_put(a->by);
	goro_free(a);
}

static void after_start(struct goro_after *a)
{
	goro_spawn_t *g = a->g;
	struct goro_ctx *ctx = a->ctx;

	after_put(a);
	/* its reference, too: a value's release may sleep, which who cancels may not */
	goro_spawn_start(g, ctx);
}

/* Takes a chunk of what is to be done, and does it. The lock is held, and dropped. */
static bool cancel_chunk(struct goro_ctx *ctx, struct list_head *children)
	__releases(&ctx->lock)
{
	LIST_HEAD(claimed);
	LIST_HEAD(afters);
	unsigned int i;
	bool more;

	goro_scopes_claim(ctx, CHUNK, &claimed);
	for (i = 0; i < CHUNK && !list_empty(&ctx->afters); i++) {
		struct goro_after *a = list_first_entry(&ctx->afters, struct goro_after, node);

		a->waiting = false;
		list_move_tail(&a->node, &afters);
	}
	for (i = 0; i < CHUNK && !list_empty(&ctx->children); i++) {
		struct goro_ctx *child = list_first_entry(&ctx->children, struct goro_ctx, node);

		/* it is there, as it leaves the list before it ends */
		refcount_inc(&child->mem);
		child->listed = false;
		list_move_tail(&child->node, children);
	}
	more = !list_empty(&ctx->scopes) || !list_empty(&ctx->afters) ||
	       !list_empty(&ctx->children);
	goro_unlock(&ctx->lock);

	goro_scopes_ready(&claimed);
	while (!list_empty(&afters)) {
		struct goro_after *a = list_first_entry(&afters, struct goro_after, node);

		list_del_init(&a->node);
		after_start(a);
	}
	return more;
}

/* Its children go to `children`, with a reference to their memory. The caller holds ctx's. */
static bool cancel_one(struct goro_ctx *ctx, int err, int cause, struct list_head *children)
{
	struct goro_chan *done;

	goro_lock(&ctx->lock);
	if (ctx->err) {
		goro_unlock(&ctx->lock);
		return false;
	}
	ctx->cause = cause;
	smp_store_release(&ctx->err, err);	/* with goro_ctx_cause() */
	smp_mb();	/* with goro_wait_begin(): see scope.c */
	done = goro_chan_get(ctx->done);
	while (cancel_chunk(ctx, children))
		goro_lock(&ctx->lock);
	if (smp_load_acquire(&ctx->timed))	/* with goro_ctx_with_deadline() */
		goro_ktimer_try_cancel(&ctx->timer);
	if (done) {
		goro_chan_close(done);
		goro_chan_put(done);
	}
	return true;
}

static bool cancel_tree(struct goro_ctx *ctx, int err, int cause)
{
	LIST_HEAD(list);

	if (!cancel_one(ctx, err, cause, &list))
		return false;
	while (!list_empty(&list)) {
		ctx = list_first_entry(&list, struct goro_ctx, node);
		list_del_init(&ctx->node);
		cancel_one(ctx, err, cause, &list);
		goro_ctx_mem_put(ctx);
	}
	return true;
}

/* Any context. The caller has a reference, or is the timer, which the end waits for. */
static bool cancel_late(struct goro_ctx *ctx, int err, int cause)
{
	unsigned long flags;
	bool first = false;

	if (READ_ONCE(ctx->err))
		return false;
	goro_irq_save(flags);
	goro_lock(&late_lock);
	if (list_empty(&ctx->late)) {
		first = true;
		ctx->late_err = err;
		ctx->late_cause = cause;
		refcount_inc(&ctx->mem);
		list_add_tail(&ctx->late, &late_list);
	}
	goro_unlock(&late_lock);
	goro_irq_restore(flags);
	if (first)
		goro_late_queue(&late);
	return first;
}

static void late_work(goro_late_t *work __maybe_unused)
{
	struct goro_ctx *ctx;
	unsigned long flags;
	int err, cause;

	for (;;) {
		goro_irq_save(flags);
		goro_lock(&late_lock);
		ctx = list_first_entry_or_null(&late_list, struct goro_ctx, late);
		if (ctx) {
			list_del_init(&ctx->late);
			err = ctx->late_err;
			cause = ctx->late_cause;
		}
		goro_unlock(&late_lock);
		goro_irq_restore(flags);
		if (!ctx)
			return;
		cancel_tree(ctx, err, cause);
		goro_ctx_mem_put(ctx);
		goro_late_pause();
	}
}

static goro_ktimer_ret_t on_deadline(goro_ktimer_t *t)
{
	struct goro_ctx *ctx = container_of(t, struct goro_ctx, timer);

	cancel_late(ctx, -ETIMEDOUT, ctx->timer_cause);
	return GORO_KTIMER_DONE;
}

bool goro_ctx_cancel_cause(struct goro_ctx *ctx, int cause)
{
	if (unlikely(!ctx || ctx->by != ctx)) {
		goro_misuse_by("cancel of a context that cannot be cancelled");
		return false;
	}
	cause = cause ?: -ECANCELED;
	/* others take the locks with interrupts on, and may be hit by one that wants ours */
	if (!goro_may_wait() || goro_irqs_off())
		return cancel_late(ctx, -ECANCELED, cause);
	return cancel_tree(ctx, -ECANCELED, cause);
}
EXPORT_SYMBOL_GPL(goro_ctx_cancel_cause);

/* ---- deriving --------------------------------------------------------- */

static struct goro_ctx *derive(struct goro_ctx *parent, struct module *owner)
{
	struct goro_ctx *ctx;

	if (unlikely(!goro_may_wait()))
		return ERR_PTR(goro_misuse());
	if (unlikely(!parent)) {
		goro_misuse_by("context of a NULL parent");
		return ERR_PTR(-EINVAL);
	}
	ctx = goro_alloc(sizeof(*ctx));
	if (!ctx)
		return ERR_PTR(-ENOMEM);
	refcount_set(&ctx->users, 1);
	refcount_set(&ctx->mem, 1);
	ctx->owner = owner;
	ctx->parent = __goro_ctx_get(parent, owner);
	ctx->by = parent->by;
	ctx->deadline = parent->deadline;
	goro_count(GORO_C_CTX_CREATED);
	return ctx;
}

static struct goro_ctx *derive_cancel(struct goro_ctx *parent, struct module *owner)
{
	struct goro_ctx *ctx = derive(parent, owner), *up;

	if (IS_ERR(ctx))
		return ctx;
	goro_lock_init(&ctx->lock);
	INIT_LIST_HEAD(&ctx->node);
	INIT_LIST_HEAD(&ctx->children);
	INIT_LIST_HEAD(&ctx->scopes);
	INIT_LIST_HEAD(&ctx->afters);
	INIT_LIST_HEAD(&ctx->late);
	up = ctx->by;
	ctx->up = up;
	ctx->by = ctx;
	if (!up)
		return ctx;
	goro_lock(&up->lock);
	if (up->err) {
		ctx->err = up->err;
		ctx->cause = up->cause;
	} else {
		ctx->listed = true;
		list_add_tail(&ctx->node, &up->children);
	}
	goro_unlock(&up->lock);
	return ctx;
}

struct goro_ctx *__goro_ctx_with_cancel(struct goro_ctx *parent, struct module *owner)
{
	return derive_cancel(parent, owner);
}
EXPORT_SYMBOL_GPL(__goro_ctx_with_cancel);

struct goro_ctx *__goro_ctx_with_deadline(struct goro_ctx *parent, u64 deadline, int cause,
					  struct module *owner)
{
	struct goro_ctx *ctx = derive_cancel(parent, owner);

	if (IS_ERR(ctx) || deadline >= ctx->deadline)
		return ctx;
	ctx->deadline = deadline;
	ctx->timer_cause = cause ?: -ETIMEDOUT;
	if (deadline <= goro_now()) {
		cancel_tree(ctx, -ETIMEDOUT, ctx->timer_cause);
		return ctx;
	}
	/*
	 * Only then: a canceller by way of the parent may be there already and look. He
	 * misses it, the timer runs on, and finds err, or is stopped by the end.
	 */
	goro_ktimer_init(&ctx->timer, on_deadline);
	smp_store_release(&ctx->timed, true);	/* with cancel_one() */
	if (!READ_ONCE(ctx->err))
		goro_ktimer_start(&ctx->timer, deadline);
	return ctx;
}
EXPORT_SYMBOL_GPL(__goro_ctx_with_deadline);

struct goro_ctx *__goro_ctx_with_value(struct goro_ctx *parent, const void *key, void *value,
				       void (*release)(void *value), struct module *owner)
{
	struct goro_ctx *ctx;

	if (unlikely(!key)) {
		goro_misuse_by("context with a NULL key");
		return ERR_PTR(-EINVAL);
	}
	ctx = derive(parent, owner);
	if (IS_ERR(ctx))
		return ctx;
	ctx->key = key;
	ctx->value = value;
	ctx->release = release;
	return ctx;
}
EXPORT_SYMBOL_GPL(__goro_ctx_with_value);

struct goro_ctx *__goro_ctx_without_cancel(struct goro_ctx *parent, struct module *owner)
{
	struct goro_ctx *ctx = derive(parent, owner);

	if (IS_ERR(ctx))
		return ctx;
	ctx->by = NULL;
	ctx->deadline = GORO_FOREVER;
	return ctx;
}
EXPORT_SYMBOL_GPL(__goro_ctx_without_cancel);

/* ---- asking ----------------------------------------------------------- */

int goro_ctx_err(const struct goro_ctx *ctx)
{
	/* acquire: who sees it sees what the canceller did before, and the cause */
	return ctx && ctx->by ? smp_load_acquire(&ctx->by->err) : 0;
}
EXPORT_SYMBOL_GPL(goro_ctx_err);

int goro_ctx_cause(const struct goro_ctx *ctx)
{
	return goro_ctx_err(ctx) ? ctx->by->cause : 0;
}
EXPORT_SYMBOL_GPL(goro_ctx_cause);

u64 goro_ctx_deadline(const struct goro_ctx *ctx)
{
	return ctx ? ctx->deadline : GORO_FOREVER;
}
EXPORT_SYMBOL_GPL(goro_ctx_deadline);

void *goro_ctx_value(const struct goro_ctx *ctx, const void *key)
{
	for (; ctx && key; ctx = ctx->parent)
		if (ctx->key == key)
			return ctx->value;
	return NULL;
}
EXPORT_SYMBOL_GPL(goro_ctx_value);

struct goro_chan *goro_ctx_done(struct goro_ctx *ctx)
{
	struct goro_ctx *by = ctx ? ctx->by : NULL;
	struct goro_chan *c, *mine;
	int err;

	if (!by)
		return NULL;
	c = smp_load_acquire(&by->done);	/* with the store below */
	if (c)
		return c;
	mine = goro_chan_make(0, 0, 0);
	if (IS_ERR(mine))
		return mine;
	goro_lock(&by->lock);
	c = by->done;
	if (!c)
		smp_store_release(&by->done, mine);	/* it was made before */
	err = by->err;
	goro_unlock(&by->lock);
	if (c) {
		goro_chan_put(mine);
		return c;
	}
	if (err)	/* the canceller has not seen it */
		goro_chan_close(mine);
	return mine;
}
EXPORT_SYMBOL_GPL(goro_ctx_done);

/* ---- functions that run on cancel ------------------------------------- */

int __goro_ctx_after_func(struct goro_ctx *ctx, void (*fn)(void *arg), void *arg,
			  struct goro_after **after, struct module *owner)
{
	struct goro_ctx *by;
	struct goro_after *a;
	bool now = false;
	int err;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	if (unlikely(!ctx)) {
		goro_misuse_by("function after a NULL context");
		return -EINVAL;
	}
	by = ctx->by;
	if (!by && !after)
		return 0;
	a = goro_alloc(sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->g = goro_spawn_prepare(fn, arg, owner);
	if (IS_ERR(a->g)) {
		err = PTR_ERR(a->g);
		goro_free(a);
		return err;
	}
	refcount_set(&a->ref, after ? 2 : 1);
	a->ctx = __goro_ctx_get(ctx, owner);
	a->by = by;
	a->owner = owner;
	a->waiting = true;
	INIT_LIST_HEAD(&a->node);
	if (after)
		*after = a;
	if (!by)
		return 0;
	refcount_inc(&by->mem);
	goro_lock(&by->lock);
	now = by->err;
	if (now)
		a->waiting = false;
	else
		list_add_tail(&a->node, &by->afters);
	goro_unlock(&by->lock);
	if (now)
		after_start(a);
	return 0;
}
EXPORT_SYMBOL_GPL(__goro_ctx_after_func);

/* Was it still waiting? The lock of a->by is held, if there is one. */
static bool take_back(struct goro_after *a)
{
	bool waiting = a->waiting;

	a->waiting = false;
	if (waiting)
		list_del_init(&a->node);
	return waiting;
}

bool goro_after_stop(struct goro_after *a)
{
	struct goro_ctx *by = a->by;
	bool stopped;

	if (unlikely(!goro_may_wait())) {
		goro_misuse();
		return false;
	}
	if (by) {
		goro_lock(&by->lock);
		stopped = take_back(a);
		goro_unlock(&by->lock);
	} else {
		stopped = take_back(a);
	}
	if (stopped) {
		__goro_ctx_put(a->ctx, a->owner);
		goro_spawn_drop(a->g);
		after_put(a);	/* who waited for the cancel */
	}
	after_put(a);
	return stopped;
}
EXPORT_SYMBOL_GPL(goro_after_stop);

/* At unload: nobody has a context, but the last work may still run. */
void goro_ctx_exit(void)
{
	goro_late_flush(&late);
}
