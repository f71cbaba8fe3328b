// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scheduling: ready(), picking the next G, and the Ms' main loop.
 *
 * Making work visible and going idle are a pair, with a full barrier on each
 * side (numbers as in the code):
 *   (1) ready: push, full barrier, look for idle Ps and spinning Ms
 *   (2) M: publish the idle bit and the end of spinning, full barrier, look at
 *       all queues again
 * One of the two sees the other. The push to an inbox is a cmpxchg, which is
 * the barrier; after a push to the own P it is explicit, and left out where
 * there is but one P, as then nobody else could go idle.
 *
 * A spinning M (at most half as many as there are busy Ps) need not be told of
 * new work: it looks at everything after it stopped to spin. The last one that
 * finds work wakes another, so that parallelism grows as long as there is more.
 */
#include <linux/freezer.h>
#include "sched.h"
#include "trim.h"

struct goro_sched goro_sched;
DEFINE_PER_CPU(struct goro_cpu, goro_cpu);
DEFINE_PER_CPU(struct goro_counters, goro_counters);

/* Is there work, and an idle P with an M that could be woken for it? */
static bool could_wake(void)
{
	int cpu;

	if (!goro_any_work())
		return false;
	for_each_cpu_and(cpu, &goro_sched.idle, &goro_sched.active)
		if (!list_empty_careful(&goro_sched.ps[cpu]->spares))
			return true;
	return false;
}

/* This CPU's own P first: what was just pushed is warm here; then the near ones. */
void __goro_wake_p(void)
{
	struct goro_p *p = goro_sched.ps[raw_smp_processor_id()];
	const struct goro_near *near;
	unsigned int i;

again:
	if (!atomic_read(&goro_sched.nidle) || atomic_read(&goro_sched.nspinning))
		return;
	if (atomic_cmpxchg(&goro_sched.nspinning, 0, 1) != 0) {
		goro_count(GORO_C_RACE_SPIN);
		return;
	}
	if (goro_p_claim_idle(p) && goro_p_start(p, true))
		return;
	near = rcu_dereference_sched(p->near);
	for (i = 0; i < near->end[GORO_FAR]; i++) {
		struct goro_p *other = goro_sched.ps[near->cpu[i]];

		if (goro_p_claim_idle(other) && goro_p_start(other, true))
			return;
	}
	/*
	 * No P was idle when we looked at it. Since then one may have become so and
	 * work have been pushed, whose pusher saw our count and relied on us: as who
	 * stops spinning we look again (the dec is the full barrier of (2)).
	 */
	if (atomic_dec_and_test(&goro_sched.nspinning) && could_wake())
		goto again;
}

/*
 * Push n Gs, linked, the last one to run first, to this CPU's P, or one that may run,
 * and make somebody look; where there are more, another one as well.
 */
void goro_inbox_push_all(struct llist_node *first, struct llist_node *last, u32 n)
{
	struct goro_p *p = READ_ONCE(goro_sched.ps[raw_smp_processor_id()]->to);
	struct llist_node *top = READ_ONCE(p->inbox.first), *seen;

	goro_count_n(GORO_C_INBOX, n);
	/* llist_add_batch(), and how often others come in between */
	for (;; top = seen) {
		last->next = top;
		seen = cmpxchg(&p->inbox.first, top, first);	/* (1): a full barrier */
		if (seen == top)
			break;
		goro_count(GORO_C_RACE_INBOX);
	}
	if (goro_p_claim_idle(p) && goro_p_start(p, false) && n == 1)
		return;
	goro_wake_p();
}

void goro_inbox_push(struct goro_g *g)
{
	goro_inbox_push_all(&g->qnode, &g->qnode, 1);
}

/* By the M that owns p. */
static __always_inline void ready_local(struct goro_p *p, struct goro_g *g)
{
	struct goro_g *old;

	p->hot[GORO_C_READY_LOCAL]++;
	old = goro_runnext_put(p, g);
	if (old)
		goro_ring_push(p, old);
	if (goro_multi()) {
		smp_mb();	/* (1) */
		goro_wake_p();
	}
}

/* By somebody who owns no P, or traced; m is NULL if it is no M. */
static noinline void ready_slow(struct goro_m *m, struct goro_g *g)
{
	if (trace_goro_ready_enabled())
		trace_goro_ready(g->id, m && m->cur ? m->cur->id : 0);
	if (unlikely(!m || (!m->p && (m->blocked || !goro_p_regain(m))))) {
		if (!m && (g->stack || goro_trim_away(g)))	/* it has begun */
			g->outside = 1;
		goro_inbox_push(g);
	} else {
		ready_local(m->p, g);
	}
}

/* Make a claimed or new G runnable. Any context; g is not ours after the push. */
void goro_ready_g(struct goro_g *g)
{
	struct goro_m *m = NULL;

	preempt_disable();
	if (likely(in_task()))
		m = goro_m_current();
	if (likely(m && m->p && !trace_goro_ready_enabled()))
		ready_local(m->p, g);
	else
		ready_slow(m, g);
	preempt_enable();
}

/*
 * A G parks with nothing held. Where the kernel counts: preemption (our own
 * section only) and RCU readers; locks in lockdep builds. m->cur is still g.
 */
static __always_inline void park_check(struct goro_m *m, struct goro_g *g)
{
	if (IS_ENABLED(CONFIG_PREEMPT_COUNT) && unlikely(preempt_count() != PREEMPT_OFFSET))
		goro_misuse_by("a park with preemption off");
	if (IS_ENABLED(CONFIG_PREEMPT_RCU) && unlikely(rcu_preempt_depth()))
		goro_misuse_by("a park inside rcu_read_lock()");
#ifdef CONFIG_LOCKDEP
	if (unlikely(current->lockdep_depth))
		goro_misuse_by("a park with a lock held");
#endif
	if (unlikely(m->blocked))
		goro_misuse_by("a park inside goro_block_begin()");
}

/* One that was dequeued, and is accounted, or may be trimmed: does it run? */
static noinline bool admit(struct goro_g *g)
{
	if (g->flags & GORO_G_TRIM)
		goro_trim_seen(g);
	return !(g->flags & GORO_G_ACCT) || goro_acct_admit(g);
}

/* The next G of this P that may run now; @taken was taken as the next, or is NULL. */
static __always_inline struct goro_g *next_of(struct goro_p *p, struct goro_g *taken)
{
	unsigned int n = 0;
	struct goro_g *g;

	while ((g = taken ?: goro_p_get(p)) &&
	       unlikely(g->flags & (GORO_G_ACCT | GORO_G_TRIM)) && !admit(g)) {
		taken = NULL;
		/* there may be thousands of them, and who is wanted is not in a section */
		if (++n % 64 == 0 && need_resched())
			return NULL;
	}
	return g;
}

/* The id lies in a line that a switch does not need. */
static __always_inline void trace_start(struct goro_g *g)
{
	if (trace_goro_start_enabled())
		trace_goro_start(g->id);
}

/* m is about to run g, or g goes on. */
static __always_inline void clock_start(struct goro_m *m, struct goro_g *g)
{
	if (unlikely(g->flags & GORO_G_ACCT))
		goro_acct_start(m, g);
}

/* One for `next`, if that takes but a moment, from `g`, whose stack this is. */
static noinline void find_stack(struct goro_p *p, struct goro_g *g, struct goro_g *next)
{
	if (goro_trim_away(next))
		return;		/* the M's own stack has more room */
	if (g->state == GORO_G_DEAD && g->stack_pages == next->stack_pages &&
	    !IS_ENABLED(CONFIG_KASAN)) {
		/* it ends without parking again: its warm stack goes on */
		goro_stack_set(next, g->stack);
		g->stack = NULL;
	} else {
		goro_stack_take(p, next);
	}
}

/* All of goro_pick(); @taken is from p's queue already, or NULL. */
static noinline struct goro_g *pick_slow(struct goro_g *g, struct goro_g *taken)
{
	struct goro_m *m = g->m;
	struct goro_p *p = m->p;
	struct goro_g *next = NULL;

	g->parks++;
	g->since = (u32)jiffies;
	if (likely(g->state != GORO_G_DEAD)) {
		if (trace_goro_park_enabled())	/* else g->id's line is not needed */
			trace_goro_park(g->id, g->reason);
		park_check(m, g);
	}
	if (unlikely(m->acct)) {
		goro_acct_out(m);
		m->acct = NULL;
	}
	if (unlikely(m->spoilt) || freezing(m->task))
		goto put_back;
	if (unlikely(!p) && goro_p_regain(m))
		p = m->p;
	if (likely(p)) {
		p->hot[GORO_C_PARK] += g->reason != GORO_R_YIELD;
		if (unlikely(READ_ONCE(p->call)))
			goto put_back;
		next = next_of(p, taken);
		if (next == g) {
			clock_start(m, g);
			trace_start(g);
			return g;
		}
	}
	if (likely(next)) {
		if (unlikely(!next->stack))
			find_stack(p, g, next);
		/* acquire: pairs with goro_switch_done() */
		if (likely(next->stack && !smp_load_acquire(&next->on_cpu))) {
			p->hot[GORO_C_SWITCH]++;
			WRITE_ONCE(next->m, m);		/* first: for the watchdog */
			WRITE_ONCE(next->on_cpu, 1);
			WRITE_ONCE(m->cur, next);
			clock_start(m, next);
			goro_stack_follow(m, next);
			trace_start(next);
			return next;
		}
		m->pending = next;
	}
	goto own;
put_back:
	/* since goro_pick() looked; nor was it asked whether it may run */
	if (taken)
		goro_ring_push(p, taken);
own:
	WRITE_ONCE(m->cur, NULL);
	goro_stack_follow(m, &m->g0);
	return &m->g0;
}

/* Is there anything to do at this switch but to switch? Then pick_slow() does it. */
static __always_inline bool pick_rare(struct goro_m *m, struct goro_p *p)
{
	return trace_goro_park_enabled() || trace_goro_start_enabled() || m->acct ||
	       (m->spoilt | m->blocked | READ_ONCE(p->call)) || p->tick <= 1 ||
	       !llist_empty(&p->inbox) || freezing(m->task) ||
	       (IS_ENABLED(CONFIG_PREEMPT_COUNT) && preempt_count() != PREEMPT_OFFSET) ||
	       (IS_ENABLED(CONFIG_PREEMPT_RCU) && rcu_preempt_depth()) ||
	       IS_ENABLED(CONFIG_LOCKDEP);
}

/*
 * The next context for this M, called on a G's stack in an open section: a G
 * that can run at once, or the M's own stack for everything that takes longer.
 * Returns `g` itself where it is the next.
 *
 * This is the usual case, without a call and thus without a register to be saved: the
 * next G of the P's queue goes on.
 */
struct goro_g *goro_pick(struct goro_g *g)
{
	struct goro_m *m = g->m;
	struct goro_p *p = m->p;
	struct goro_g *next;

	if (unlikely(!p || pick_rare(m, p)))
		return pick_slow(g, NULL);
	next = goro_p_next(p);
	if (unlikely(!next || next == g || next->flags & (GORO_G_ACCT | GORO_G_TRIM) ||
		     !next->stack))
		return pick_slow(g, next);
	/* acquire: pairs with goro_switch_done() */
	if (unlikely(smp_load_acquire(&next->on_cpu)))
		return pick_slow(g, next);
	g->parks++;
	g->since = (u32)jiffies;
	p->hot[GORO_C_PARK] += g->reason != GORO_R_YIELD;
	p->hot[GORO_C_SWITCH]++;
	WRITE_ONCE(next->m, m);		/* first: for the watchdog */
	WRITE_ONCE(next->on_cpu, 1);
	WRITE_ONCE(m->cur, next);
	goro_stack_follow(m, next);
	return next;
}

/* Run g from the own stack; back here when a G had nothing to go on with. */
static void run(struct goro_m *m, struct goro_g *g)
{
	/* acquire: pairs with goro_switch_done() */
	if (unlikely(smp_load_acquire(&g->on_cpu))) {
		/* bounded: a section on another CPU, which waits for nobody */
		goro_count(GORO_C_ON_CPU_WAIT);
		/* as above; of one that is lost it stays: see lost.c */
		while (smp_load_acquire(&g->on_cpu)) {
			if (READ_ONCE(g->state) == GORO_G_LOST)
				return;
			cpu_relax();
		}
	}
	m->p->hot[GORO_C_SWITCH]++;
	WRITE_ONCE(g->m, m);	/* first: for the watchdog */
	WRITE_ONCE(g->on_cpu, 1);
	m->graph_base = goro_graph_depth(m->task);
	m->rethook_base = goro_rethook_top(m->task);
	WRITE_ONCE(m->cur, g);
	clock_start(m, g);
	goro_stack_follow(m, g);
	trace_start(g);
	goro_hog_arm(m);
	goro_switch_done(goro_switch_to(&m->g0, g));
	if (unlikely(m->spoilt)) {
		goro_m_quit(m);
		BUG();	/* for objtool */
	}
}

static void stop_spinning(struct goro_m *m)
{
	m->spinning = false;
	if (atomic_dec_and_test(&goro_sched.nspinning))
		goro_wake_p();	/* there may be more where this came from */
}

static struct goro_g *find(struct goro_m *m, struct goro_p *p)
{
	struct goro_g *g = m->pending;

	if (g) {
		m->pending = NULL;
		return g;
	}
	g = next_of(p, NULL);
	if (g)
		return g;
	/* until it says that the timer is set: what it takes need not be for this P */
	while (goro_deadlines_poll(p, true)) {
		g = next_of(p, NULL);
		if (g)
			return g;
	}
	if (!goro_multi())
		return NULL;
	if (!m->spinning) {
		unsigned int busy = READ_ONCE(goro_sched.procs) - atomic_read(&goro_sched.nidle);

		if (2 * atomic_read(&goro_sched.nspinning) >= busy)
			return NULL;
		m->spinning = true;
		atomic_inc(&goro_sched.nspinning);
	}
	goro_count(GORO_C_SPIN);
	trace_goro_m_spin(m->cpu, m->id);
	while (goro_steal(p)) {
		g = next_of(p, NULL);
		if (g)
			return g;
	}
	return NULL;
}

/* The owner will be away for a while: let the others have what is queued. */
static void expose(struct goro_p *p)
{
	goro_runnext_expose(p);
	if (goro_multi() && goro_p_has_work(p)) {
		smp_mb();	/* (1) */
		goro_wake_p();
	}
}

/*
 * The owner of a P that is called for, on its own stack, gives it up, but for one
 * G in between if it was somebody's who wanted it. True: it had done so, and is back.
 */
static bool give_up(struct goro_m *m, struct goro_p *p)
{
	if (p->served && !(READ_ONCE(p->call) & GORO_CALL_OFF) &&
	    (goro_p_has_work(p) || READ_ONCE(goro_sched.gq_n))) {
		p->served = false;
		return false;
	}
	if (m->pending) {
		goro_ring_push(p, m->pending);
		m->pending = NULL;
	}
	expose(p);
	goro_m_idle(m);	/* the idle P answers the call */
	return true;
}

/*
 * An M's life, on its own stack. Each turn begins with a section open. Nothing
 * that was picked and no P is held across a sleep: a G without a stack goes
 * back, and its stack is made with the section closed. But when everything is
 * to stand still: goro_m_freeze().
 */
void goro_m_loop(struct goro_m *m)
{
	preempt_disable();
	while (!READ_ONCE(m->stop)) {
		struct goro_p *p = m->p;
		struct goro_g *g;

		if (unlikely(need_resched())) {
			/* What was picked goes back: this may take a while. */
			if (m->pending) {
				goro_ring_push(p, m->pending);
				m->pending = NULL;
			}
			if (p)
				expose(p);
			preempt_enable();
			cond_resched_tasks_rcu_qs();
			preempt_disable();
			continue;
		}
		/* without a P it sleeps, as a spare, and freezes when it is given one */
		if (p && freezing(current)) {
			goro_m_freeze(m);
			continue;
		}
		if (!p) {
			goro_m_wait(m);
			continue;
		}
		if (unlikely(READ_ONCE(p->call)) && give_up(m, p))
			continue;
		g = find(m, p);
		if (!g) {
			goro_m_idle(m);
			continue;
		}
		if (m->spinning)
			stop_spinning(m);
		if (unlikely(!g->stack) && !goro_stack_take(p, g)) {
			u32 size = goro_stack_size(g);
			bool away = goro_trim_away(g);

			goro_count(GORO_C_STACK_WAIT);
			goro_ring_push(p, g);
			expose(p);
			preempt_enable();
			if (away ? goro_trim_fill(size) : goro_stack_fill(size))
				schedule_timeout_idle(1);	/* no memory: later */
			preempt_disable();
			continue;
		}
		run(m, g);
	}
	if (m->spinning)
		stop_spinning(m);
	preempt_enable();
}

/*
 * Others want this CPU, or RCU does; we are outside a section, on a G's stack.
 * An M that hops from G to G for ever comes by nothing else: without the
 * quiescent state for Tasks RCU no kprobe and no tracer could be removed.
 * No frame of an ftrace trampoline is below us: what those call does not park.
 */
void goro_resched(void)
{
	cond_resched_tasks_rcu_qs();
}

/* Called where it may not be: see the table in goro.h. */
int __goro_misuse(const char *func)
{
	goro_count(GORO_C_MISUSE);
	WARN_ONCE(1, "goro: %s() in an interrupt\n", func);
	return -EAGAIN;
}

void goro_yield(void)
{
	struct goro_g *g;
	struct goro_m *m;

	if (unlikely(!goro_may_wait())) {
		goro_misuse();
		return;
	}
	g = goro_self();
	if (unlikely(!g)) {
		cond_resched();
		return;
	}
	if (goro_is_bound(g)) {
		goro_bound_yield(g->m);
		return;
	}
	preempt_disable();
	g->reason = GORO_R_YIELD;
	if (trace_goro_ready_enabled())
		trace_goro_ready(g->id, g->id);
	m = g->m;
	if (likely(m->p || goro_p_regain(m))) {
		goro_ring_push(m->p, g);
		if (goro_multi()) {
			smp_mb();	/* (1) */
			goro_wake_p();
		}
	} else {
		goro_inbox_push(g);
	}
	goro_switch_out(g);
}
EXPORT_SYMBOL_GPL(goro_yield);

u64 goro_counter(enum goro_counter id)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		sum += READ_ONCE(per_cpu(goro_counters, cpu).v[id]);
		if (id < GORO_C_HOT && goro_sched.ps && goro_sched.ps[cpu])
			sum += READ_ONCE(goro_sched.ps[cpu]->hot[id]);
	}
	return sum;
}
EXPORT_SYMBOL_GPL(goro_counter);

const char *goro_counter_name(enum goro_counter id)
{
	static const char * const names[] = {
#define GORO_COUNTER_NAME(id, name) [GORO_C_##id] = name,
		GORO_COUNTERS(GORO_COUNTER_NAME)
#undef GORO_COUNTER_NAME
	};

	return names[id];
}
EXPORT_SYMBOL_GPL(goro_counter_name);
