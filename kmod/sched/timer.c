// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleep; and what waits otherwise than by a switch: threads, and Gs that keep their M.
 */
#include <linux/sched/signal.h>
#include "sched.h"

int goro_sleep_until(u64 deadline)
{
	struct goro_thread t __uninitialized;	/* a thread's: see goro_waiter_self() */
	struct goro_waiter *w;
	enum goro_claim why;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	w = goro_waiter_self(&t);
	goro_section_begin();
	if (!goro_wait_begin(w, false)) {
		goro_section_end();
		return -ECANCELED;
	}
	why = goro_park(w, deadline, GORO_R_SLEEP);
	return why == GORO_BY_TIMEOUT ? 0 : goro_why_errno(why);
}
EXPORT_SYMBOL_GPL(goro_sleep_until);

/*
 * A thread waits: woken by goro_ready(), a signal, or the deadline. If somebody
 * claimed it before it could give up, its waiter must stay until that one has
 * readied it.
 */
static enum goro_claim park_thread(struct goro_thread *t, u64 deadline)
{
	struct goro_waiter *w = &t->w;
	ktime_t until = ns_to_ktime(min_t(u64, deadline, KTIME_MAX));
	ktime_t *expires = deadline == GORO_FOREVER ? NULL : &until;
	int state = goro_self() ? TASK_IDLE :	/* nested: an M, no load, no signals */
		    atomic_read(&w->claim) == GORO_WAIT_NC ?
		    TASK_UNINTERRUPTIBLE : TASK_INTERRUPTIBLE;
	bool claimed = false;

	for (;;) {
		set_current_state(state);
		if (smp_load_acquire(&t->done))	/* with goro_ready_slow() */
			break;
		if (!claimed && signal_pending_state(state, current)) {
			if (goro_claim(w, GORO_BY_SIGNAL)) {
				goro_count(GORO_C_WAKE_SIGNAL);
				break;
			}
			claimed = true;
		} else if (!schedule_hrtimeout_range(claimed ? NULL : expires, 0,
						     HRTIMER_MODE_ABS)) {
			if (goro_claim(w, GORO_BY_TIMEOUT)) {
				goro_count(GORO_C_WAKE_TIMEOUT);
				break;
			}
			claimed = true;
		}
		if (claimed)
			state = TASK_UNINTERRUPTIBLE;	/* done comes at once */
	}
	__set_current_state(TASK_RUNNING);
	return atomic_read(&w->claim);
}

/*
 * A G that is armed for an event (event.h) waits for something else first: what it
 * calls to look whether the event is there does, a file's ->poll or a condition. Its
 * own waiter is taken, so it waits as a thread does, by its M, in block brackets. No
 * cancel ends that.
 */
struct goro_waiter *goro_waiter_nested(struct goro_thread *t)
{
	goro_count(GORO_C_WAIT_NESTED);
	goro_waiter_init(&t->w, GORO_W_THREAD);
	t->w.scoped = 0;
	t->task = current;
	t->done = 0;
	return &t->w;
}

/* It was claimed by somebody: until that one has readied it. */
void goro_thread_sleep(struct goro_thread *t)
{
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (smp_load_acquire(&t->done))	/* with goro_ready_slow() */
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

/*
 * A G waits on its M, which sleeps with it (and loses its P like any sleeper):
 * goro_bind_wait(), begin, sleep, end; the waiter may be claimed from before begin.
 */
void goro_bound_begin(struct goro_g *g, struct goro_deadline *d, u64 deadline,
		      enum goro_reason reason)
{
	g->reason = reason;
	g->since = (u32)jiffies;
	goro_count(GORO_C_PARK_BOUND);
	trace_goro_park(g->id, reason);
	if (deadline != GORO_FOREVER)
		goro_deadline_set(g, d, deadline);
}

/* Until whoever has claimed it has readied it, or its account lets it go on. */
void goro_bound_sleep(struct goro_m *m)
{
	goro_hog_forget(m);
	for (;;) {
		set_current_state(TASK_IDLE);
		if (smp_load_acquire(&m->bound_done))	/* with goro_ready_slow() */
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

/* It was claimed, and readied: why? */
enum goro_claim goro_bound_end(struct goro_g *g, struct goro_deadline *d, u64 deadline)
{
	enum goro_claim why;

	if (deadline != GORO_FOREVER)
		goro_deadline_clear(g, d);
	trace_goro_start(g->id);
	why = atomic_read(&g->w.claim);
	atomic_set(&g->w.claim, GORO_RUN);
	return why;
}

/* A tracer waits for frames of this G to return on this thread, or it is locked to it. */
static enum goro_claim park_bound(struct goro_g *g, u64 deadline, enum goro_reason reason)
{
	struct goro_deadline d __uninitialized;	/* goro_deadline_set() */
	struct goro_m *m = g->m;

	goro_bound_begin(g, &d, deadline, reason);
	goro_acct_pause(m);	/* where nobody tells that the M sleeps */
	if (m->locks)
		goro_bound_give_up(m);
	goro_bound_sleep(m);
	goro_bound_go_on(m);
	return goro_bound_end(g, &d, deadline);
}

enum goro_claim goro_park_slow(struct goro_waiter *w, u64 deadline, enum goro_reason reason)
{
	enum goro_claim why;

	if (w->kind != GORO_W_THREAD)
		return park_bound(goro_w_to_g(w), deadline, reason);
	/* nested, if it is a G; of a thread they are nothing */
	goro_block_begin();
	why = park_thread(container_of(w, struct goro_thread, w), deadline);
	goro_block_end();
	return why;
}

/* Once done is set the waiter may go, and its stack frame with it; the task is ours. */
static void wake(struct task_struct *task, int *done)
{
	get_task_struct(task);
	smp_store_release(done, 1);	/* what we have of it we read before */
	wake_up_process(task);
	put_task_struct(task);
}

/* The M that g has kept goes on from goro_bound_sleep(). Any context. */
void goro_bound_wake(struct goro_g *g)
{
	wake(g->m->task, &g->m->bound_done);
}

/* Wake a thread, or the M that a G has kept. */
void goro_ready_slow(struct goro_waiter *w)
{
	struct goro_thread *t;
	struct goro_g *g;

	if (w->kind == GORO_W_THREAD) {
		t = container_of(w, struct goro_thread, w);
		wake(t->task, &t->done);
	} else {
		g = goro_w_to_g(w);
		trace_goro_ready(g->id, 0);
		goro_bound_wake(g);
	}
}
