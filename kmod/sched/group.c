// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups: the owners of goroutines.
 *
 * All fields are under the group's lock. A member leaves with the lock held,
 * after its function has returned; once the last one dropped the lock, nobody
 * but the waiters knows the group, so a waiter that saw n == 0 under the lock
 * may free it.
 *
 * Lock order: group->lock, inside it the account's and nothing else (claims are
 * atomics; readying happens after it was dropped, with the waiters on a list of
 * our own).
 */
#include "sched.h"

void goro_group_init(struct goro_group *grp)
{
	goro_lock_init(&grp->lock);
	grp->cancelled = false;
	grp->err = 0;
	grp->n = 0;
	grp->acct = NULL;
	INIT_LIST_HEAD(&grp->members);
	INIT_LIST_HEAD(&grp->waiters);
}
EXPORT_SYMBOL_GPL(goro_group_init);

/* A member has ended with `err`. The group may be gone when this returns. */
void goro_group_leave(struct goro_g *g, int err)
{
	struct goro_group *grp = g->group;
	LIST_HEAD(claimed);

	goro_lock(&grp->lock);
	list_del_init(&g->group_node);
	if (err && !grp->err)
		grp->err = err;
	if (!--grp->n)
		goro_waitlist_claim_all(&grp->waiters, &claimed);
	goro_unlock(&grp->lock);
	g->group = NULL;
	goro_ready_all(&claimed);
}

/*
 * Members are claimed under the lock, which keeps them alive, and readied after
 * it. A claimed G stays parked until we ready it and is in no run queue, so its
 * qnode can link it until then.
 */
void goro_group_cancel(struct goro_group *grp)
{
	struct llist_node *claimed = NULL;
	struct goro_g *g;

	if (unlikely(!goro_may_wait())) {
		goro_misuse();
		return;
	}
	goro_lock(&grp->lock);
	grp->cancelled = true;
	list_for_each_entry(g, &grp->members, group_node) {
		if (g->cancelled || !goro_g_cancel(g))
			continue;
		g->qnode.next = claimed;
		claimed = &g->qnode;
	}
	if (grp->acct && grp->n)	/* who has not left holds the account */
		goro_acct_cancelled(grp->acct);
	goro_unlock(&grp->lock);
	while (claimed) {
		g = container_of(claimed, struct goro_g, qnode);
		claimed = claimed->next;
		goro_count(GORO_C_WAKE_CANCEL);
		goro_ready(&g->w);
	}
}
EXPORT_SYMBOL_GPL(goro_group_cancel);

static int group_wait(struct goro_group *grp, u64 deadline, bool nocancel)
{
	struct goro_g *g;
	int err;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	g = goro_self();
	goro_lock(&grp->lock);
	if (!grp->n) {
		err = grp->err;
		goro_unlock(&grp->lock);
		return err;
	}
	if (g && g->group == grp) {
		goro_unlock(&grp->lock);
		return -EDEADLK;
	}
	err = goro_waitlist_wait(&grp->waiters, &grp->lock, deadline, nocancel,
				 GORO_R_GROUP);
	if (err)
		return err;
	goro_lock(&grp->lock);
	err = grp->err;
	goro_unlock(&grp->lock);
	return err;
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
}
EXPORT_SYMBOL_GPL(goro_group_stop);
