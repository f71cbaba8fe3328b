// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Once: the first call runs the function, the others wait until it has.
 *
 * done is set, with release, under the lock and after the function has ended, by
 * the call that ran it: when the function returns, or out of goro_exit(), which
 * finds that call in the goroutine's list of what is still to be done. Who reads
 * done without the lock, with acquire, sees what the function wrote; who waited
 * was woken by that call.
 *
 * Lifetime: the call that ran the function touches nothing after it dropped the
 * lock; one that waited for a result reads it then, so the object stays until
 * all its calls have returned.
 */
#include "debug.h"

struct run {
	struct goro_defer defer;
	struct goro_once *once;
};

void goro_once_init(struct goro_once *once)
{
	goro_lock_init(&once->lock);
	once->done = 0;
	once->result = 0;
	once->runner = 0;
	INIT_LIST_HEAD(&once->waiters);
	debug_init(once);
}
EXPORT_SYMBOL_GPL(goro_once_init);

/* The function has ended. */
static void over(struct goro_once *once, int result)
{
	LIST_HEAD(claimed);

	goro_lock(&once->lock);
	once->result = result;
	once->runner = 0;
	smp_store_release(&once->done, 1);	/* with __goro_once_done() */
	goro_waitlist_claim_all(&once->waiters, &claimed);
	goro_unlock(&once->lock);
	goro_ready_all(&claimed);
}

/* ... by goro_exit(). */
static void exited(struct goro_defer *d)
{
	over(container_of(d, struct run, defer)->once, -ENODATA);
}

int __goro_once(struct goro_once *once, goro_fn_t fn, goro_err_fn_t err_fn, void *arg,
		u64 deadline)
{
	struct run run = { .once = once };
	int err, result = 0;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	err = debug_check(once);
	if (unlikely(err))
		return err;
	goro_lock(&once->lock);
	if (!once->done && !once->runner) {
		once->runner = goro_me();
		goro_unlock(&once->lock);
		goro_defer(&run.defer, exited);
		if (fn)
			fn(arg);
		else
			result = err_fn(arg);
		goro_undefer(&run.defer);
		over(once, result);
		return result;
	}
	if (unlikely(once->runner == goro_me())) {
		goro_unlock(&once->lock);
		goro_misuse_by("the function of a Once calls it");
		return -EDEADLK;
	}
	if (once->done) {
		goro_unlock(&once->lock);
	} else {
		err = goro_waitlist_wait(&once->waiters, &once->lock, deadline, false,
					 GORO_R_ONCE);
		if (err)
			return err;
	}
	return fn ? 0 : READ_ONCE(once->result);
}
EXPORT_SYMBOL_GPL(__goro_once);
