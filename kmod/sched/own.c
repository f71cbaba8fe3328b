// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who owns a P. At any time
 *   - an M does (p->m == m, m->p == p), or
 *   - it idles: its bit in goro_sched.idle is set, and who clears it has the P, or
 *   - it is out (p->out): it is not one of the active Ps; procs.c alone brings it
 *     back, or
 *   - somebody has it in hand, in a section or an interrupt: he took it from one of
 *     these and is about to give it to another.
 *
 * The owner gives it up in its own context only: idle, sched_out when it sleeps,
 * block bracket, scheduling point. An idle P is given to a sleeping M of its CPU,
 * or taken by one: whoever takes an M off p->spares has the P at that moment, so an
 * M in goro_m_wait() that wins the bit is still in the list.
 *
 * p->call asks whoever has the P, or will, to give it up: OFF, for good; WANTED, to
 * an M in p->wants, whose G cannot go on with another M. The owner looks at each
 * scheduling point. A call is not missed where the P idles:
 *   (3) caller: set call, full barrier, claim the idle bit, and answer if it was won
 *       idler: set the bit, full barrier, look at call, claim the bit, answer
 * One of the two sees the other.
 *
 * p->lock is taken from interrupts and is never held across a wakeup (a wakeup
 * takes rq locks, under which sched_out runs).
 */
#include <linux/freezer.h>
#include "sched.h"

/*
 * Take a sleeping M of p's CPU and give it the P, which is the caller's. Where
 * that leaves no spare although one will be wanted, one more is made.
 */
static struct goro_m *p_give(struct goro_p *p, bool spinning, bool want_spare)
{
	unsigned long flags;
	struct goro_m *m;
	bool more;

	goro_raw_lock_irqsave(&p->lock, flags, GORO_C_LOCK_P);
	m = list_first_entry_or_null(&p->spares, struct goro_m, spare);
	if (m) {
		list_del_init(&m->spare);
		m->spinning = spinning;
		goro_p_own(m, p);
	}
	more = !list_empty(&p->spares);
	raw_spin_unlock_irqrestore(&p->lock, flags);
	if (!more && (!m || want_spare))
		queue_delayed_work(system_highpri_wq, &p->spawn_m, 0);
	return m;
}

/*
 * The same for the first that wants it; its task, with a reference: from the unlock
 * on it may go on, and end.
 */
static struct task_struct *p_give_wanted(struct goro_p *p)
{
	struct task_struct *task = NULL;
	unsigned long flags;
	struct goro_m *m;

	raw_spin_lock_irqsave(&p->lock, flags);
	m = list_first_entry_or_null(&p->wants, struct goro_m, spare);
	if (m) {
		goro_p_own(m, p);
		p->served = true;
		list_del_init(&m->spare);
		task = get_task_struct(m->task);
	}
	if (list_empty(&p->wants))
		WRITE_ONCE(p->call, p->call & ~GORO_CALL_WANTED);
	raw_spin_unlock_irqrestore(&p->lock, flags);
	return task;
}

static void wake_wanter(struct task_struct *task)
{
	wake_up_process(task);
	put_task_struct(task);
}

struct batch {
	struct llist_node *first, *last;
	u32 n;
};

static void batch_add(struct batch *b, struct goro_g *g)
{
	g->qnode.next = NULL;
	if (b->n++)
		b->last->next = &g->qnode;
	else
		b->first = &g->qnode;
	b->last = &g->qnode;
}

static void batch_add_inbox(struct batch *b, struct goro_p *p)
{
	struct llist_node *n = llist_del_all(&p->inbox), *next;

	for (n = n ? llist_reverse_order(n) : NULL; n; n = next) {
		next = n->next;
		batch_add(b, container_of(n, struct goro_g, qnode));
	}
}

static u32 batch_push(struct batch *b)
{
	if (b->n) {
		goro_count_n(GORO_C_P_DRAINED, b->n);
		goro_global_push(b->first, b->last, b->n);
		smp_mb();	/* (1) of sched.c */
		goro_wake_p();
	}
	return b->n;
}

/* What is left in the inbox of a P that may be out: anybody may do this. */
u32 goro_p_drain_inbox(struct goro_p *p)
{
	struct batch b = { 0 };

	batch_add_inbox(&b, p);
	return batch_push(&b);
}

/*
 * p is in our hands and was called off: what it has queued goes to the global
 * queue, those who want it have to do without, and it is out. False: it was called
 * back meanwhile, and is still in our hands.
 */
static bool p_retire(struct goro_p *p)
{
	struct batch b = { 0 };
	unsigned long flags;
	struct goro_g *g;

	g = goro_runnext_take(p);
	if (g)
		batch_add(&b, g);
	while ((g = goro_ring_pop(p)))
		batch_add(&b, g);
	batch_add_inbox(&b, p);

	for (;;) {
		struct task_struct *task = NULL;
		struct goro_m *m;

		raw_spin_lock_irqsave(&p->lock, flags);
		if (!(p->call & GORO_CALL_OFF)) {
			raw_spin_unlock_irqrestore(&p->lock, flags);
			batch_push(&b);
			return false;
		}
		m = list_first_entry_or_null(&p->wants, struct goro_m, spare);
		if (m) {
			task = get_task_struct(m->task);
			list_del_init(&m->spare);
		} else {
			WRITE_ONCE(p->call, GORO_CALL_OFF);
			p->out = true;
		}
		raw_spin_unlock_irqrestore(&p->lock, flags);
		if (!task)
			break;
		wake_wanter(task);
	}
	goro_count(GORO_C_P_OFF);
	batch_push(&b);
	goro_procs_settle();
	return true;
}

/* p is in our hands and was called for. True: it is not any more. */
bool goro_p_answer(struct goro_p *p)
{
	struct task_struct *task;

	if (READ_ONCE(p->call) & GORO_CALL_OFF && p_retire(p))
		return true;
	task = p_give_wanted(p);
	if (!task)
		return false;
	goro_count(GORO_C_P_GIVEN);
	wake_wanter(task);
	return true;
}

/* p goes from our hands to where the next one takes it who needs it. */
void goro_p_set_idle(struct goro_p *p)
{
	do {
		/* first the count: it is never less than there are bits */
		atomic_inc(&goro_sched.nidle);
		cpumask_set_cpu(p->cpu, &goro_sched.idle);
		smp_mb__after_atomic();	/* (3) */
		if (likely(!READ_ONCE(p->call)) || !goro_p_claim_idle(p))
			return;
	} while (!goro_p_answer(p));
}

/*
 * The caller has cleared p's idle bit. False: no M is there to take it (more
 * are on their way), and the bit is set again.
 */
bool goro_p_start(struct goro_p *p, bool spinning)
{
	struct goro_m *m;

	for (;;) {
		m = p_give(p, spinning, false);
		if (m)
			break;
		goro_p_set_idle(p);
		/*
		 * An M that came meanwhile found the bit clear and sleeps. It
		 * pushes itself, full barrier, looks at the bit; we set the bit,
		 * full barrier, look for it.
		 */
		smp_mb__after_atomic();
		if (list_empty_careful(&p->spares) || !goro_p_claim_idle(p))
			return false;
	}
	goro_count(GORO_C_WAKE_P);
	wake_up_process(m->task);
	return true;
}

/*
 * Its owner leaves p (it is owned by nobody now): to a spare M if there is
 * work, else it idles. Preemption is off.
 */
void goro_p_release(struct goro_p *p)
{
	bool work = goro_p_has_work(p) || READ_ONCE(goro_sched.gq_n);
	struct goro_m *m = NULL;

	/* who wants it and who waits in its queues take turns */
	if (unlikely(READ_ONCE(p->call)) &&
	    (READ_ONCE(p->call) & GORO_CALL_OFF || !(work && p->served)) && goro_p_answer(p))
		return;
	if (work) {
		m = p_give(p, false, true);
		if (m) {
			goro_count(GORO_C_HANDOFF);
			wake_up_process(m->task);
			return;
		}
	}
	goro_p_set_idle(p);
	smp_mb__after_atomic();	/* (2) of sched.c */
	if (goro_any_work() && goro_p_claim_idle(p))
		goro_p_start(p, false);
}

/*
 * The caller's G keeps its M, which has no P and sleeps until it has one: the
 * owner of the CPU's P gives it up at its next scheduling point, first come first
 * served. Where that P is off there is none to be had, and it goes on without. No
 * section is open; nothing is held.
 */
void goro_p_want(struct goro_m *m)
{
	struct goro_p *home = m->home;
	bool given;

	preempt_disable();
	/* nothing but its waits is a scheduling point of a locked G: see goro_m_freeze() */
	if (freezing(current))
		goro_m_freeze(m);
	if (m->p || goro_p_regain(m))
		goto out;
	raw_spin_lock_irq(&home->lock);
	if (home->call & GORO_CALL_OFF) {
		raw_spin_unlock_irq(&home->lock);
		goto out;
	}
	list_add_tail(&m->spare, &home->wants);
	WRITE_ONCE(home->call, home->call | GORO_CALL_WANTED);
	raw_spin_unlock_irq(&home->lock);
	goro_count(GORO_C_P_WANTED);
	smp_mb();	/* (3) */
	/* it is ours, or the first one's who came before us */
	if (goro_p_claim_idle(home))
		goro_p_release(home);
	/* what is given on the way to sleep stays: see sched_out */
	m->waits = true;
	for (;;) {
		set_current_state(TASK_IDLE);
		raw_spin_lock_irq(&home->lock);
		given = list_empty(&m->spare);
		raw_spin_unlock_irq(&home->lock);
		if (given)
			break;
		preempt_enable();
		schedule();
		preempt_disable();
	}
	__set_current_state(TASK_RUNNING);
	m->waits = false;
	goro_set_this_cpu(m);
out:
	preempt_enable();
}

static void p_kick(struct irq_work *work)
{
	goro_wake_p();
}

/* p has no owner and its idle bit is clear: it is ours to give. */
static void p_handoff(struct irq_work *work)
{
	goro_p_release(container_of(work, struct goro_p, handoff));
}

/* A new P, which is out. */
void goro_p_init_own(struct goro_p *p)
{
	p->call = GORO_CALL_OFF;
	p->out = true;
	p->to = p;
	raw_spin_lock_init(&p->lock);
	goro_deadlines_init(&p->deadlines);
	INIT_LIST_HEAD(&p->spares);
	INIT_LIST_HEAD(&p->wants);
	init_irq_work(&p->kick, p_kick);
	init_irq_work(&p->handoff, p_handoff);
}
