// SPDX-License-Identifier: GPL-2.0-only
/*
 * A P's queues, and the global one.
 *
 * Ring (Go's, after Chase and Lev): the owner writes slot and then tail
 * (release); whoever takes reads head, tail (acquire) and the slot, and then
 * moves head by cmpxchg. A thief that loses the race has read a slot that may
 * have been written again: it throws what it read away. Indices are 32 bits
 * and wrap; a thief would have to sleep through exactly 2^32 pops between its
 * read and its cmpxchg, with preemption off.
 *
 * Inbox: a lock-free list that anybody pushes to and anybody may take whole,
 * so there is no ABA. It holds the newest first; whoever takes it turns it.
 *
 * Global queue: what overflowed. Under goro_sched.lock, not on the usual path.
 *
 * Exception to "the owner only": with goro_sched.multi clear there are no
 * thieves, and the owner moves head without an atomic.
 */
#include "sched.h"

static struct goro_g *node_g(struct llist_node *n)
{
	return container_of(n, struct goro_g, qnode);
}

/* Half the ring and `g` go to the global queue. False: a thief made room. */
static noinline bool overflow(struct goro_p *p, struct goro_g *g, u32 head)
{
	struct goro_g *batch[GORO_RING / 2];
	u32 i, n = GORO_RING / 2;

	for (i = 0; i < n; i++)
		batch[i] = READ_ONCE(p->ring[(head + i) % GORO_RING]);
	if (cmpxchg(&p->head, head, head + n) != head)
		return false;
	for (i = 0; i + 1 < n; i++)
		batch[i]->qnode.next = &batch[i + 1]->qnode;
	batch[n - 1]->qnode.next = &g->qnode;
	goro_count(GORO_C_OVERFLOW);
	goro_global_push(&batch[0]->qnode, &g->qnode, n + 1);
	return true;
}

void goro_ring_push(struct goro_p *p, struct goro_g *g)
{
	u32 tail = p->tail;

	for (;;) {
		u32 head = smp_load_acquire(&p->head);

		if (likely(tail - head < GORO_RING)) {
			WRITE_ONCE(p->ring[tail % GORO_RING], g);
			smp_store_release(&p->tail, tail + 1);
			return;
		}
		if (overflow(p, g, head))
			return;
	}
}

struct goro_g *goro_ring_pop(struct goro_p *p)
{
	u32 head = smp_load_acquire(&p->head);

	while (head != p->tail) {
		struct goro_g *g = p->ring[head % GORO_RING];
		u32 seen;

		if (!goro_sched.multi) {
			WRITE_ONCE(p->head, head + 1);
			return g;
		}
		seen = cmpxchg_release(&p->head, head, head + 1);
		if (seen == head)
			return g;
		head = seen;
	}
	return NULL;
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

void goro_global_push(struct llist_node *first, struct llist_node *last, u32 n)
{
	last->next = NULL;
	raw_spin_lock(&goro_sched.lock);
	if (goro_sched.gq_last)
		goro_sched.gq_last->next = first;
	else
		goro_sched.gq_first = first;
	goro_sched.gq_last = last;
	WRITE_ONCE(goro_sched.gq_n, goro_sched.gq_n + n);
	raw_spin_unlock(&goro_sched.lock);
}

/* This P's share of the global queue: one to run, the others into the ring. */
struct goro_g *goro_global_get(struct goro_p *p)
{
	struct llist_node *first, *last, *next;
	u32 n, i;

	if (!READ_ONCE(goro_sched.gq_n))
		return NULL;
	raw_spin_lock(&goro_sched.lock);
	n = min3(goro_sched.gq_n, goro_sched.gq_n / goro_sched.procs + 1,
		 (u32)GORO_RING / 2);
	if (!n) {
		raw_spin_unlock(&goro_sched.lock);
		return NULL;
	}
	first = goro_sched.gq_first;
	for (last = first, i = 1; i < n; i++)
		last = last->next;
	goro_sched.gq_first = last->next;
	if (!last->next)
		goro_sched.gq_last = NULL;
	WRITE_ONCE(goro_sched.gq_n, goro_sched.gq_n - n);
	raw_spin_unlock(&goro_sched.lock);

	goro_count(GORO_C_GLOBAL);
	next = first->next;
	for (i = 1; i < n; i++) {
		struct llist_node *this = next;

		next = this->next;
		goro_ring_push(p, node_g(this));
	}
	return node_g(first);
}

/*
 * The next G of this P, without looking at others' queues. Every 61st time the
 * global queue, then the ring, come before runnext, so that a pair that
 * readies each other cannot keep the others waiting.
 */
struct goro_g *goro_p_get(struct goro_p *p)
{
	struct goro_g *g;

	if (unlikely(!--p->tick)) {
		p->tick = GORO_FAIR;
		/* an M that hops for ever must not hold up synchronize_rcu_tasks() */
		rcu_tasks_classic_qs(current, false);
		g = goro_global_get(p);
		if (g)
			return g;
		goto ring;
	}
	g = goro_runnext_take(p);
	if (g)
		return g;
ring:
	if (unlikely(!llist_empty(&p->inbox)))
		goro_inbox_drain(p, p);
	g = goro_ring_pop(p);
	if (likely(g))
		return g;
	g = goro_runnext_take(p);
	if (g)
		return g;
	return goro_global_get(p);
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
