// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * RWMutex: many readers or one writer.
 *
 * All under the object's lock. Who unlocks gives it to those that are next, and
 * counts them in n, before it drops the lock: a waiter that was claimed as
 * GORO_BY_PARTNER holds it, and none of them has to compete.
 *
 * The turns: while a writer waits no new reader gets it, so readers cannot keep
 * writers out; a writer that unlocks lets all in that wait to read, so writers
 * cannot keep readers out. A writer that something else has claimed (deadline,
 * cancel) counts as waiting until it has been met or has taken itself off; then
 * it lets those in that it has kept waiting.
 *
 * Lifetime: whoever gives it to others drops the lock as its last touch, and
 * these are readied after that; who finds it free has taken the lock since.
 */
#include "debug.h"

void goro_rwmutex_init(struct goro_rwmutex *rw)
{
	goro_lock_init(&rw->lock);
	rw->n = 0;
	INIT_LIST_HEAD(&rw->readers);
	INIT_LIST_HEAD(&rw->writers);
	debug_init(rw);
}
EXPORT_SYMBOL_GPL(goro_rwmutex_init);

static void let_readers_in(struct goro_rwmutex *rw, struct list_head *claimed)
{
	rw->n += goro_waitlist_claim_all(&rw->readers, claimed);
}

/* Give it to whose turn it is. The lock is held. */
static void give(struct goro_rwmutex *rw, struct list_head *claimed)
{
	struct goro_sudog *sg;

	if (rw->n < 0)
		return;
	if (!rw->n) {
		sg = goro_waitlist_claim_first(&rw->writers);
		if (sg) {
			rw->n = -1;
			list_add_tail(&sg->node, claimed);
			return;
		}
	}
	if (list_empty(&rw->writers))
		let_readers_in(rw, claimed);
}

/* Wait in a list; the lock is held, and dropped. */
static int queue(struct goro_rwmutex *rw, struct list_head *list, u64 deadline, bool nocancel)
	__releases(&rw->lock)
{
	LIST_HEAD(claimed);
	int err = goro_waitlist_wait(list, &rw->lock, deadline, nocancel, GORO_R_RWMUTEX);

	if (likely(!err) || list != &rw->writers)
		return err;
	/* a writer that gives up: others may have waited for its turn */
	goro_lock(&rw->lock);
	give(rw, &claimed);
	goro_unlock(&rw->lock);
	goro_ready_all(&claimed);
	return err;
}

static int check(struct goro_rwmutex *rw)
{
	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	return debug_check(rw);
}

static int recursive(struct goro_rwmutex *rw)
{
	goro_misuse_of("an RWMutex is locked by who has it for writing already", debug_owner(rw));
	return -EDEADLK;
}

int __goro_rwmutex_rlock(struct goro_rwmutex *rw, u64 deadline, bool nocancel)
{
	int err = check(rw);

	if (unlikely(err))
		return err;
	if (debug_mine(rw) && deadline)
		return recursive(rw);
	goro_lock(&rw->lock);
	if (rw->n >= 0 && list_empty(&rw->writers)) {
		rw->n++;
		goro_unlock(&rw->lock);
		return 0;
	}
	return queue(rw, &rw->readers, deadline, nocancel);
}
EXPORT_SYMBOL_GPL(__goro_rwmutex_rlock);

int goro_rwmutex_runlock(struct goro_rwmutex *rw)
{
	LIST_HEAD(claimed);
	int err = check(rw);

	if (unlikely(err))
		return err;
	goro_lock(&rw->lock);
	if (unlikely(rw->n <= 0)) {
		goro_unlock(&rw->lock);
		goro_misuse_by("an RWMutex is unlocked that is not locked for reading");
		return -EPERM;
	}
	if (!--rw->n)
		give(rw, &claimed);
	goro_unlock(&rw->lock);
	goro_ready_all(&claimed);
	return 0;
}
EXPORT_SYMBOL_GPL(goro_rwmutex_runlock);

int __goro_rwmutex_lock(struct goro_rwmutex *rw, u64 deadline, bool nocancel)
{
	int err = check(rw);

	if (unlikely(err))
		return err;
	if (debug_mine(rw) && deadline)
		return recursive(rw);
	goro_lock(&rw->lock);
	if (!rw->n && list_empty(&rw->writers)) {
		rw->n = -1;
		goro_unlock(&rw->lock);
	} else {
		err = queue(rw, &rw->writers, deadline, nocancel);
	}
	if (!err)
		debug_own(rw);
	return err;
}
EXPORT_SYMBOL_GPL(__goro_rwmutex_lock);

int goro_rwmutex_unlock(struct goro_rwmutex *rw)
{
	LIST_HEAD(claimed);
	int err = check(rw);

	if (unlikely(err))
		return err;
	goro_lock(&rw->lock);
	if (unlikely(rw->n >= 0)) {
		goro_unlock(&rw->lock);
		goro_misuse_by("an RWMutex is unlocked that is not locked for writing");
		return -EPERM;
	}
	if (debug_not_mine(rw)) {
		goro_unlock(&rw->lock);
		goro_misuse_of("an RWMutex is unlocked that somebody else has locked",
			       debug_owner(rw));
		return -EPERM;
	}
	debug_disown(rw);
	rw->n = 0;
	let_readers_in(rw, &claimed);
	if (!rw->n)
		give(rw, &claimed);
	goro_unlock(&rw->lock);
	goro_ready_all(&claimed);
	return 0;
}
EXPORT_SYMBOL_GPL(goro_rwmutex_unlock);
