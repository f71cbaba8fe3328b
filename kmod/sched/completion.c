// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_wait_for_completion().
 *
 * A completion's queue (swait) knows tasks only: complete() calls
 * wake_up_process() on the first of them, no callback. To park a G there
 * something else would have to be woken in its place: a thread for all of them
 * would have to look through all waiters at each wakeup, as it is not told which
 * completion it was; a thread for each is what an M is. So the G keeps its M
 * (GORO_W_BOUND), whose task is in the queue, and the P goes to another M by the
 * block brackets. The M is woken by complete(), or as each bound waiter by
 * goro_ready_slow(), once a cancel or the G's timer has claimed it. A thread
 * waits likewise, with signals and its own deadline.
 *
 * Who takes one of x->done leaves the queue under the same hold of its lock: so
 * complete() never chooses one that needs it no more. And who fails leaves it
 * and looks at x->done once more under the same hold: complete() may have chosen
 * him before.
 */
#include <linux/completion.h>
#include <linux/sched/signal.h>
#include <linux/swait.h>
#include "sched.h"

/* If x is complete take it and leave the queue; with `leave` do that anyway. */
static bool take(struct completion *x, struct swait_queue *entry, bool leave)
{
	bool done;

	raw_spin_lock_irq(&x->wait.lock);
	done = x->done;
	if (done && x->done != UINT_MAX)	/* complete_all() */
		x->done--;
	if (done || leave)
		list_del_init(&entry->task_list);
	raw_spin_unlock_irq(&x->wait.lock);
	return done;
}

/* Between the block brackets: g stays on its M. */
static int wait_on_m(struct goro_g *g, struct completion *x, u64 deadline, bool nocancel)
{
	struct goro_m *m = g->m;
	struct goro_deadline d __uninitialized;	/* goro_deadline_set() */
	struct goro_waiter *w = &g->w;
	DECLARE_SWAITQUEUE(entry);
	enum goro_claim why;
	bool done;

	goro_bind_wait(g);
	if (!goro_wait_begin(w, nocancel))
		return -ECANCELED;
	goro_bound_begin(g, &d, deadline, GORO_R_COMPLETION);
	for (;;) {
		prepare_to_swait_exclusive(&x->wait, &entry, TASK_IDLE);
		done = take(x, &entry, false);
		if (done || smp_load_acquire(&m->bound_done))	/* with goro_ready_slow() */
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	/* nobody may claim a later wait for this one: be claimed, and readied if by another */
	if (!goro_claim(w, GORO_BY_EVENT))
		goro_bound_sleep(m);
	else
		goro_count(GORO_C_WAKE_EVENT);
	why = goro_bound_end(g, &d, deadline);
	if (done || take(x, &entry, true))
		return 0;
	return goro_why_errno(why);
}

static int wait_thread(struct completion *x, u64 deadline, bool nocancel)
{
	ktime_t until = ns_to_ktime(min_t(u64, deadline, KTIME_MAX));
	ktime_t *expires = deadline == GORO_FOREVER ? NULL : &until;
	int state = nocancel ? TASK_UNINTERRUPTIBLE : TASK_INTERRUPTIBLE;
	DECLARE_SWAITQUEUE(entry);
	struct goro_thread own, *t;
	struct goro_waiter *w = goro_waiter_self(&own);
	bool done = false;
	int err = 0;

	t = container_of(w, struct goro_thread, w);
	if (!goro_wait_begin(w, nocancel))
		return -ECANCELED;
	while (!err) {
		prepare_to_swait_exclusive(&x->wait, &entry, state);
		done = take(x, &entry, false);
		if (done || smp_load_acquire(&t->done))	/* with goro_ready_slow() */
			break;
		if (signal_pending_state(state, current)) {
			goro_count(GORO_C_WAKE_SIGNAL);
			err = -EINTR;
		} else if (!schedule_hrtimeout_range(expires, 0, HRTIMER_MODE_ABS)) {
			goro_count(GORO_C_WAKE_TIMEOUT);
			err = -ETIMEDOUT;
		}
	}
	__set_current_state(TASK_RUNNING);
	/* as above: only a context's cancel may claim it, and it must stay until readied */
	if (!goro_claim(w, GORO_BY_EVENT)) {
		goro_thread_sleep(t);
		err = -ECANCELED;
	}
	return done || (err && take(x, &entry, true)) ? 0 : err;
}

static int wait(struct completion *x, u64 deadline, bool nocancel)
{
	struct goro_g *g;
	int ret;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	if (try_wait_for_completion(x))
		return 0;
	if (deadline == GORO_NOW)
		return -EAGAIN;
	g = goro_self();
	if (!g)
		return wait_thread(x, deadline, nocancel);
	goro_block_begin();
	/* if it is armed, as goro_waiter_nested() has it */
	ret = atomic_read(&g->w.claim) == GORO_RUN ? wait_on_m(g, x, deadline, nocancel) :
						     wait_thread(x, deadline, nocancel);
	goro_block_end();
	return ret;
}

int goro_wait_for_completion_until(struct completion *x, u64 deadline)
{
	return wait(x, deadline, false);
}
EXPORT_SYMBOL_GPL(goro_wait_for_completion_until);

int goro_wait_for_completion_nocancel(struct completion *x, u64 deadline)
{
	return wait(x, deadline, true);
}
EXPORT_SYMBOL_GPL(goro_wait_for_completion_nocancel);
