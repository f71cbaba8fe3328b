// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Groups: the owners of goroutines.
 *
 * All fields are under the group's lock. n counts the members, and those who wait to
 * start one (at the limit): so nobody who waits for the group misses them. A member
 * leaves with the lock held, after its function has returned; once the last one
 * dropped the lock, nobody but the waiters knows the group, so a waiter that saw
 * n == 0 under the lock may free it.
 *
 * A group with a context. Its members live under the context (goro_member.group and
 * the port see to it): a cancel of the context, by whomever, ends their waits. The
 * group's own cancel, and the first error, cancel the context. The group's reference
 * to it is dropped by the first wait that finds n == 0; who uses it until then is a
 * member, or counted, or holds a reference of his own, got under the lock.
 *
 * Slots. used counts those that members have. A member that leaves hands its slot
 * to the one that has waited longest for one, so it is not free in between: order is
 * kept, and try_go() does not overtake. In a cancelled group slots mean nothing any
 * more.
 *
 * Lock order: the group's lock; inside it the account's, or the context's where a wait
 * for a slot begins under it (scope.c), which are innermost. Claims are atomics;
 * readying, and the cancel of the context, come after it was dropped, with the waiters
 * on a list of our own.
 */
#include "context.h"

void goro_group_init(struct goro_group *grp)
{
	goro_lock_init(&grp->lock);
	grp->cancelled = false;
	grp->lost = false;
	grp->err = 0;
	grp->n = 0;
	grp->used = 0;
	grp->limit = -1;
	grp->acct = NULL;
	grp->ctx = NULL;
	grp->owner = NULL;
	INIT_LIST_HEAD(&grp->members);
	INIT_LIST_HEAD(&grp->waiters);
	INIT_LIST_HEAD(&grp->slots);
}
EXPORT_SYMBOL_GPL(goro_group_init);

int __goro_group_init_ctx(struct goro_group *grp, struct goro_ctx *parent,
			  struct module *owner)
{
	struct goro_ctx *ctx;

	goro_group_init(grp);
	ctx = __goro_ctx_with_cancel(parent, owner);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	grp->ctx = ctx;
	grp->owner = owner;
	return 0;
}
EXPORT_SYMBOL_GPL(__goro_group_init_ctx);

struct goro_ctx *goro_group_ctx(struct goro_group *grp)
{
	return READ_ONCE(grp->ctx);
}
EXPORT_SYMBOL_GPL(goro_group_ctx);

int goro_group_set_limit(struct goro_group *grp, long n)
{
	bool busy;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	goro_lock(&grp->lock);
	busy = grp->n;
	if (!busy)
		grp->limit = n < 0 ? -1 : n;
	goro_unlock(&grp->lock);
	if (!busy)
		return 0;
	goro_misuse_by("limit of a group that has members");
	return -EBUSY;
}
EXPORT_SYMBOL_GPL(goro_group_set_limit);

/* No member can be started any more. The lock is held. */
static bool is_cancelled(const struct goro_group *grp)
{
	return grp->cancelled || goro_ctx_err(grp->ctx);
}

/* Wait for a slot, counted in n. The lock is held, and held again when it returns. */
static int wait_for_slot(struct goro_group *grp)
	__must_hold(&grp->lock)
{
	struct goro_scope scope;
	int err;

	/* n keeps the context; one that is cancelled already is seen by the wait */
	if (grp->ctx)
		goro_scope_enter(&scope, grp->ctx);
	err = goro_waitlist_wait(&grp->slots, &grp->lock, GORO_FOREVER, false, GORO_R_GROUP);
	if (grp->ctx)
		err = goro_ctx_leave(&scope, err);
	goro_lock(&grp->lock);
	/* with 0 it was given a slot, or the group was cancelled */
	if (is_cancelled(grp))
		return -ECANCELED;
	return err;
}

/* `mb` is to be a member, and not started yet. 0, or the errno of goro_group_go(). */
int goro_group_join(struct goro_group *grp, struct goro_member *mb, bool try)
{
	LIST_HEAD(claimed);
	int err = 0;

	goro_lock(&grp->lock);
	if (is_cancelled(grp)) {
		goro_unlock(&grp->lock);
		return -ECANCELED;
	}
	grp->n++;
	if (likely(grp->limit < 0 || grp->used < grp->limit))
		grp->used++;
	else
		err = try ? -EAGAIN : wait_for_slot(grp);
	if (unlikely(err)) {
		if (!--grp->n)
			goro_waitlist_claim_all(&grp->waiters, &claimed);
	} else {
		mb->group = grp;
		list_add_tail(&mb->node, &grp->members);
	}
	goro_unlock(&grp->lock);
	goro_ready_all(&claimed);
	return err;
}

/* A member has ended with `err`. The group may be gone when this returns. */
void goro_group_leave(struct goro_member *mb, int err)
{
	struct goro_group *grp = mb->group;
	struct goro_sudog *next = NULL;
	LIST_HEAD(claimed);

	goro_lock(&grp->lock);
	if (err && !grp->err) {
		grp->err = err;
		if (grp->ctx) {
			/* still counted: the group and its context stay */
			goro_unlock(&grp->lock);
			goro_ctx_cancel_cause(grp->ctx, err);
			goro_lock(&grp->lock);
		}
	}
	list_del_init(&mb->node);
	if (!is_cancelled(grp))
		next = goro_waitlist_claim_first(&grp->slots);
	if (next)
		list_add_tail(&next->node, &claimed);
	else
		grp->used--;
	if (!--grp->n)
		goro_waitlist_claim_all(&grp->waiters, &claimed);
	goro_unlock(&grp->lock);
	mb->group = NULL;
	goro_ready_all(&claimed);
}

/*
 * A member has died where it was, and will never get to its end: it counts as one that
 * has ended with `err`. But what it has left behind, on its stack, is still there.
 */
void goro_group_lose(struct goro_member *mb, int err)
{
	struct goro_group *grp = mb->group;

	goro_lock(&grp->lock);
	grp->lost = true;
	goro_unlock(&grp->lock);
	goro_group_leave(mb, err);
}

/*
 * Members are claimed under the lock, which keeps them alive, and readied after
 * it. A claimed one stays parked until we ready it, so `won` is ours until then, and
 * links it: a wait that a cancel has ended does not look at it.
 */
void goro_group_cancel(struct goro_group *grp)
{
	struct goro_sudog *first = NULL;
	struct goro_member *mb;
	struct goro_waiter *w;
	struct module *owner;
	struct goro_ctx *ctx;
	LIST_HEAD(slots);

	if (unlikely(!goro_may_wait())) {
		goro_misuse();
		return;
	}
	goro_lock(&grp->lock);
	grp->cancelled = true;
	owner = grp->owner;
	ctx = __goro_ctx_get(grp->ctx, owner);
	list_for_each_entry(mb, &grp->members, node) {
		if (!goro_member_cancel(mb))
			continue;
		w = goro_member_waiter(mb);
		w->won = first;
		first = &w->sg;
	}
	goro_waitlist_claim_all(&grp->slots, &slots);
	if (grp->acct && grp->n)	/* who has not left holds the account */
		goro_acct_cancelled(grp->acct);
	goro_unlock(&grp->lock);
	while (first) {
		w = first->w;
		first = w->won;
		goro_count(GORO_C_WAKE_CANCEL);
		goro_ready(w);
	}
	goro_ready_all(&slots);
	if (ctx) {
		/* the last member may have ended by now, and the group gone */
		goro_ctx_cancel(ctx);
		__goro_ctx_put(ctx, owner);
	}
}
EXPORT_SYMBOL_GPL(goro_group_cancel);

/*
 * All have ended: the group's result, and the end of its context. The lock is held.
 * Should somebody have started another member since, that one's wait ends it.
 */
static int finish(struct goro_group *grp)
	__releases(&grp->lock)
{
	struct module *owner = grp->owner;
	struct goro_ctx *ctx = grp->n ? NULL : grp->ctx;
	int err = grp->err;

	if (ctx) {
		WRITE_ONCE(grp->ctx, NULL);
		grp->cancelled = true;
	}
	goro_unlock(&grp->lock);
	if (ctx) {
		goro_ctx_cancel_cause(ctx, err);
		__goro_ctx_put(ctx, owner);
	}
	return err;
}

static int group_wait(struct goro_group *grp, u64 deadline, bool nocancel)
{
	struct goro_member *self;
	int err;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	self = goro_member_self();
	goro_lock(&grp->lock);
	if (!grp->n)
		return finish(grp);
	if (self && self->group == grp) {
		goro_unlock(&grp->lock);
		return -EDEADLK;
	}
	err = goro_waitlist_wait(&grp->waiters, &grp->lock, deadline, nocancel,
				 GORO_R_GROUP);
	if (err)
		return err;
	goro_lock(&grp->lock);
	return finish(grp);
}

int goro_group_wait_until(struct goro_group *grp, u64 deadline)
{
	return group_wait(grp, deadline, false);
}
EXPORT_SYMBOL_GPL(goro_group_wait_until);

void goro_group_stop(struct goro_group *grp)
{
	int err;

	goro_group_cancel(grp);
	err = group_wait(grp, GORO_FOREVER, true);
	if (err == -EDEADLK)
		goro_misuse_by("a goroutine stops its own group");
	/* who calls this takes it that nothing of its members is left: not so, for ever */
	while (unlikely(READ_ONCE(grp->lost))) {
		goro_lock(&grp->lock);
		goro_waitlist_wait(&grp->waiters, &grp->lock, GORO_FOREVER, true, GORO_R_GROUP);
	}
}
EXPORT_SYMBOL_GPL(goro_group_stop);
