// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that sleep: the P goes to another M, and comes back if it can. And the
 * M's own stack, for deep calls.
 *
 * Where there are preempt notifiers the P is handed on when the M really sleeps
 * (m.c), brackets or not, and the brackets only look for a P at the end. Where
 * there are none (UML) goro_block_begin() hands it on. Either way an M without
 * a P runs on until its next scheduling point, and what it readies goes through
 * inboxes.
 */
#include "sched.h"

void goro_block_begin(void)
{
	struct goro_g *g = goro_self_any();
	struct goro_m *m;
	struct goro_p *p;

	if (!g)
		return;
	preempt_disable();
	m = goro_m_current();
	p = m->p;
	if (unlikely(m->blocked))
		goro_misuse_by("goro_block_begin() nests");
	m->blocked = true;
	if (!IS_ENABLED(CONFIG_PREEMPT_NOTIFIERS))
		goro_hog_forget(m);
	if (p && !IS_ENABLED(CONFIG_PREEMPT_NOTIFIERS)) {
		goro_runnext_expose(p);
		goro_p_disown(m, p);
		goro_p_release(p);
	}
	preempt_enable();
}
EXPORT_SYMBOL_GPL(goro_block_begin);

void goro_block_end(void)
{
	struct goro_g *g = goro_self_any();
	struct goro_m *m;

	if (!g)
		return;
	preempt_disable();
	m = goro_m_current();
	m->blocked = false;
	/* one that is bound goes on without a P, but if it is for long: lock.c */
	if (m->p || goro_p_regain(m) || goro_is_bound(g)) {
		goro_hog_arm(m);	/* where no sched_in has done it */
		preempt_enable();
		if (unlikely(goro_is_bound(g)))
			goro_bound_go_on(m);
		/* who does nothing but block would come by no other scheduling point */
		else if (unlikely(g->flags & GORO_G_ACCT) && goro_acct_over(g))
			goro_yield();
		return;
	}
	/* queue for a P; the M becomes a spare */
	goro_count(GORO_C_HANDOFF_QUEUED);
	g->reason = GORO_R_BLOCK;
	trace_goro_ready(g->id, g->id);
	goro_inbox_push(g);
	goro_switch_out(g);
}
EXPORT_SYMBOL_GPL(goro_block_end);

long goro_call_on_m_stack(long (*fn)(void *arg), void *arg)
{
	struct goro_g *g = goro_self_any();
	struct goro_m *m;
	long ret;

	if (!g)
		return fn(arg);
	/*
	 * g0's frame lies at g0.sp and below it the own stack is free. While
	 * cur is NULL this M is no goroutine: it would sleep, not park.
	 */
	preempt_disable();
	m = goro_m_current();
	m->guest = g;		/* for an oops */
	WRITE_ONCE(m->cur, NULL);
	goro_stack_follow(m, &m->g0);
	preempt_enable();
	ret = goro_call_on(m->g0.sp, fn, arg);
	preempt_disable();
	WRITE_ONCE(m->cur, g);
	m->guest = NULL;
	goro_stack_follow(m, g);
	goro_hog_arm(m);	/* a tick that found no G lets it lapse */
	preempt_enable();
	return ret;
}
EXPORT_SYMBOL_GPL(goro_call_on_m_stack);
