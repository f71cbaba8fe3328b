// SPDX-License-Identifier: GPL-2.0-only
/*
 * Goroutines that keep their M: goro_lock_thread(), Go's LockOSThread. And what
 * those do that a tracer has bound to theirs (goro_is_bound()).
 *
 * A locked G is always on its M's thread: it waits by putting that to sleep
 * (GORO_W_BOUND), is never in a queue, and nobody else runs on this M. Its P goes
 * on to another M before it sleeps. When its wait is over it sleeps on until its M
 * has a P again (goro_p_want()): no more Gs run than there are Ps, but for the
 * time from a sleep that is not goro's to the next scheduling point, as with each G,
 * and where the P of its CPU is off. A tracer's G runs on without a P instead: how
 * long it is bound is the tracer's business. Either waits, before that, for its
 * account, if that has no CPU time left.
 *
 * A G that ends locked takes its M along (m->spoilt): what it has made of its
 * thread's state nobody else gets.
 */
#include <linux/freezer.h>
#include "sched.h"

int goro_lock_thread(void)
{
	struct goro_g *g;
	struct goro_m *m;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	g = goro_self();
	if (!g)
		return 0;	/* a thread has itself */
	m = g->m;
	if (m->locks == U32_MAX)
		return -EOVERFLOW;
	if (!m->locks++) {
		goro_count(GORO_C_M_LOCKED);
		m->lock_base = m->graph_base;
		m->graph_base = INT_MIN;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(goro_lock_thread);

int goro_unlock_thread(void)
{
	struct goro_g *g;
	struct goro_m *m;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	g = goro_self();
	if (!g)
		return 0;
	m = g->m;
	if (!m->locks) {
		goro_misuse_by("goro_unlock_thread() without goro_lock_thread()");
		return -EINVAL;
	}
	if (!--m->locks)
		m->graph_base = m->lock_base;
	return 0;
}
EXPORT_SYMBOL_GPL(goro_unlock_thread);

/* The M of a G that waits on it gives its P up: nothing of it is open. */
void goro_bound_give_up(struct goro_m *m)
{
	struct goro_p *p;

	if (READ_ONCE(m->bound_done))
		return;
	preempt_disable();
	p = m->p;
	if (p) {
		goro_runnext_expose(p);
		goro_p_disown(m, p);
		goro_p_release(p);
	}
	preempt_enable();
}

/*
 * A bound G goes on, after a wait or a yield: when its account lets it, and if it is
 * locked with a P; and it freezes here. Nothing is open.
 */
void goro_bound_go_on(struct goro_m *m)
{
	struct goro_g *g = m->cur;
	bool accounted = g->flags & GORO_G_ACCT;

	if (unlikely(accounted)) {
		goro_acct_pause(m);
		goro_acct_bound(m, g);
	}
	if (m->locks) {
		goro_p_want(m);
	} else if (freezing(current)) {
		preempt_disable();
		goro_m_freeze(m);
		preempt_enable();
	}
	if (unlikely(accounted))
		goro_acct_resume(m, g);
}

/*
 * A bound G yields: those who wait get the P, with another M. It gets it back in
 * its turn if it is locked; else it goes on beside them without one, as after a
 * call that slept.
 */
void goro_bound_yield(struct goro_m *m)
{
	struct goro_p *p;

	preempt_disable();
	goro_hog_forget(m);	/* it does not go by goro_pick() */
	if (freezing(current))
		goro_m_freeze(m);
	p = m->p;
	if (p && (READ_ONCE(p->call) || goro_p_has_work(p) || READ_ONCE(goro_sched.gq_n))) {
		goro_runnext_expose(p);
		goro_p_disown(m, p);
		goro_p_release(p);
	}
	preempt_enable();
	cond_resched_tasks_rcu_qs();
	goro_bound_go_on(m);
}
