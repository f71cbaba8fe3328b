// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * sync: WaitGroup.
 *
 * All under the object's lock: whoever brings the count to zero touches
 * nothing of the WaitGroup after it dropped the lock, and a waiter that finds
 * zero has taken the lock after that; so it may free the object at once.
 */
#include "core.h"

void goro_wg_init(struct goro_wg *wg)
{
	goro_lock_init(&wg->lock);
	wg->leaving = 0;
	wg->n = 0;
	INIT_LIST_HEAD(&wg->waiters);
}
EXPORT_SYMBOL_GPL(goro_wg_init);

int goro_wg_add(struct goro_wg *wg, long delta)
{
	LIST_HEAD(claimed);
	long n;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	goro_lock(&wg->lock);
	n = wg->n + delta;
	if (unlikely(n < 0)) {
		goro_unlock(&wg->lock);
		goro_misuse_by("negative WaitGroup count");
		return -EINVAL;
	}
	wg->n = n;
	if (!n)
		goro_waitlist_claim_all(&wg->waiters, &claimed);
	goro_unlock(&wg->lock);
	goro_ready_all(&claimed);
	return 0;
}
EXPORT_SYMBOL_GPL(goro_wg_add);

int goro_wg_wait_until(struct goro_wg *wg, u64 deadline)
{
	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	goro_lock(&wg->lock);
	if (!wg->n) {
		goro_unlock(&wg->lock);
		return 0;
	}
	return goro_waitlist_wait(&wg->waiters, &wg->lock, deadline, false,
				  GORO_R_WG);
}
EXPORT_SYMBOL_GPL(goro_wg_wait_until);
