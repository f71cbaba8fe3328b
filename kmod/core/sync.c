// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * WaitGroup.
 *
 * All under the object's lock: whoever brings the count to zero touches
 * nothing of the WaitGroup after it dropped the lock, and a waiter that finds
 * zero has taken the lock after that. The waiters that were woken are counted
 * (leaving) until each has taken the lock once more; the last of them may free
 * the object at once.
 */
#include "debug.h"

void goro_wg_init(struct goro_wg *wg)
{
	goro_lock_init(&wg->lock);
	wg->leaving = 0;
	wg->n = 0;
	INIT_LIST_HEAD(&wg->waiters);
	debug_init(wg);
}
EXPORT_SYMBOL_GPL(goro_wg_init);

static int check(struct goro_wg *wg)
{
	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	return debug_check(wg);
}

int goro_wg_add(struct goro_wg *wg, long delta)
{
	LIST_HEAD(claimed);
	int err = check(wg);
	long n;

	if (unlikely(err))
		return err;
	goro_lock(&wg->lock);
	n = wg->n + delta;
	if (unlikely(n < 0)) {
		goro_unlock(&wg->lock);
		goro_misuse_by("negative WaitGroup count");
		return -EINVAL;
	}
	if (unlikely(!wg->n && n && wg->leaving)) {
		goro_unlock(&wg->lock);
		goro_misuse_by("a WaitGroup is used again before all waits have returned");
		return -EBUSY;
	}
	wg->n = n;
	if (!n)
		wg->leaving += goro_waitlist_claim_all(&wg->waiters, &claimed);
	goro_unlock(&wg->lock);
	goro_ready_all(&claimed);
	return 0;
}
EXPORT_SYMBOL_GPL(goro_wg_add);

int goro_wg_wait_until(struct goro_wg *wg, u64 deadline)
{
	int err = check(wg);

	if (unlikely(err))
		return err;
	goro_lock(&wg->lock);
	if (!wg->n) {
		goro_unlock(&wg->lock);
		return 0;
	}
	err = goro_waitlist_wait(&wg->waiters, &wg->lock, deadline, false, GORO_R_WG);
	if (err)
		return err;
	goro_lock(&wg->lock);
	wg->leaving--;
	goro_unlock(&wg->lock);
	return 0;
}
EXPORT_SYMBOL_GPL(goro_wg_wait_until);
