// SPDX-License-Identifier: GPL-2.0-only
/*
 * A P's queues, and the global one: what is not on the fast path (see p.h).
 */
#include "sched.h"

static struct goro_g *node_g(struct llist_node *n)
{
	return container_of(n, struct goro_g, qnode);
}

/*
 * Half the ring and `g` go to the global queue. False: a thief made room. Once
 * head has moved, the slots behind it are nobody's until the owner, who is us,
 * pushes again.
 */
bool goro_ring_overflow(struct goro_p *p, struct goro_g *g, u32 head)
{
	u32 i, n = GORO_RING / 2;

	if (cmpxchg(&p->head, head, head + n) != head)
		return false;
	for (i = 0; i + 1 < n; i++)
		p->ring[(head + i) % GORO_RING]->qnode.next =
			&p->ring[(head + i + 1) % GORO_RING]->qnode;
	p->ring[(head + n - 1) % GORO_RING]->qnode.next = &g->qnode;
	goro_count(GORO_C_OVERFLOW);
	goro_global_push(&p->ring[head % GORO_RING]->qnode, &g->qnode, n + 1);
	return true;
}

/* Take all of from's inbox into p's ring, oldest first. True: something came. */
bool goro_inbox_drain(struct goro_p *p, struct goro_p *from)
{
	struct llist_node *n = llist_del_all(&from->inbox), *next;

	if (!n)
		return false;
	for (n = llist_reverse_order(n); n; n = next) {
		next = n->next;		/* before the push: then it is not ours */
		goro_ring_push(p, node_g(n));
	}
	return true;
}

/* What is in runnext goes where all can see it: the owner is about to be away. */
void goro_runnext_expose(struct goro_p *p)
{
	struct goro_g *g = goro_runnext_take(p);

	if (g)
		goro_ring_push(p, g);
}

/*
 * With interrupts off: sched_out comes here under an rq lock, and an interrupt
 * that wakes somebody wants one.
 */
void goro_global_push(struct llist_node *first, struct llist_node *last, u32 n)
{
	unsigned long flags;

	last->next = NULL;
	raw_spin_lock_irqsave(&goro_sched.lock, flags);
	if (goro_sched.gq_last)
		goro_sched.gq_last->next = first;
	else
		goro_sched.gq_first = first;
	goro_sched.gq_last = last;
	WRITE_ONCE(goro_sched.gq_n, goro_sched.gq_n + n);
	raw_spin_unlock_irqrestore(&goro_sched.lock, flags);
}

/* This P's share of the global queue: one to run, the others into the ring. */
struct goro_g *goro_global_get(struct goro_p *p)
{
	struct llist_node *first, *last, *next;
	unsigned long flags;
	u32 n, i;

	if (!READ_ONCE(goro_sched.gq_n))
		return NULL;
	raw_spin_lock_irqsave(&goro_sched.lock, flags);
	n = min3(goro_sched.gq_n, goro_sched.gq_n / READ_ONCE(goro_sched.procs) + 1,
		 (u32)GORO_RING / 2);
	if (!n) {
		raw_spin_unlock_irqrestore(&goro_sched.lock, flags);
		return NULL;
	}
	first = goro_sched.gq_first;
	for (last = first, i = 1; i < n; i++)
		last = last->next;
	goro_sched.gq_first = last->next;
	if (!last->next)
		goro_sched.gq_last = NULL;
	WRITE_ONCE(goro_sched.gq_n, goro_sched.gq_n - n);
	raw_spin_unlock_irqrestore(&goro_sched.lock, flags);

	goro_count(GORO_C_GLOBAL);
	next = first->next;
	for (i = 1; i < n; i++) {
		struct llist_node *this = next;

		next = this->next;
		goro_ring_push(p, node_g(this));
	}
	return node_g(first);
}

bool goro_p_has_work(struct goro_p *p)
{
	return READ_ONCE(p->head) != READ_ONCE(p->tail) ||
	       !llist_empty(&p->inbox) || READ_ONCE(p->runnext);
}

bool goro_any_work(void)
{
	int cpu;

	if (READ_ONCE(goro_sched.gq_n))
		return true;
	for_each_possible_cpu(cpu)
		if (goro_p_has_work(goro_sched.ps[cpu]))
			return true;
	return false;
}
