// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlines and sleep, by the hrtimer in each G; and threads as waiters.
 *
 * The timer's callback, in hard interrupt context, only claims and readies: it
 * takes no channel's lock. Armed inside the switch section and cancelled when
 * the G runs again, before its claim word goes back to RUN, so a late callback
 * finds the wait it was armed for, claimed, or none.
 */
#include <linux/sched/signal.h>
#include "sched.h"

static enum hrtimer_restart g_timer(struct hrtimer *t)
{
	struct goro_g *g = container_of(t, struct goro_g, timer);

	if (goro_claim(&g->w, GORO_BY_TIMEOUT)) {
		goro_count(GORO_C_WAKE_TIMEOUT);
		goro_ready_g(g);
	}
	return HRTIMER_NORESTART;
}

void goro_timer_setup(struct goro_g *g)
{
	goro_hrtimer_setup(&g->timer, g_timer, HRTIMER_MODE_ABS_HARD);
}

void goro_timer_arm(struct goro_g *g, u64 deadline)
{
	hrtimer_start(&g->timer, ns_to_ktime(min_t(u64, deadline, KTIME_MAX)),
		      HRTIMER_MODE_ABS_HARD);
}

int goro_sleep_until(u64 deadline)
{
	struct goro_thread t;
	struct goro_waiter *w = goro_waiter_self(&t);
	enum goro_claim why;

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
 * A thread waits: woken by goro_ready_thread(), a signal, or the deadline. If
 * somebody claimed it before it could give up, its waiter must stay until that
 * one has readied it.
 */
enum goro_claim goro_park_thread(struct goro_waiter *w, u64 deadline)
{
	struct goro_thread *t = container_of(w, struct goro_thread, w);
	ktime_t until = ns_to_ktime(min_t(u64, deadline, KTIME_MAX));
	ktime_t *expires = deadline == GORO_FOREVER ? NULL : &until;
	int state = atomic_read(&w->claim) == GORO_WAIT_NC ?
		    TASK_UNINTERRUPTIBLE : TASK_INTERRUPTIBLE;
	bool claimed = false;

	for (;;) {
		set_current_state(state);
		if (smp_load_acquire(&t->done))
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

/* Once done is set the thread may go, and its stack frame with it. */
void goro_ready_thread(struct goro_waiter *w)
{
	struct goro_thread *t = container_of(w, struct goro_thread, w);
	struct task_struct *task = t->task;

	get_task_struct(task);
	smp_store_release(&t->done, 1);
	wake_up_process(task);
	put_task_struct(task);
}
