// SPDX-License-Identifier: GPL-2.0-only
/*
 * A P's queues, and the global one: what is not on the fast path (see p.h).
 *
 * What overflows a ring goes to the global queue as one batch, an array, and
 * comes back as one: a list of Gs, which are cold by then, would cost who takes
 * them a cache miss after the other. A P keeps some batches to use again. Where
 * there is no memory, or interrupts are off, or the stack is small, Gs are linked
 * to each other: batches and links are two queues, served in turn.
 */
#include <linux/slab.h>
#include "sched.h"

#define BATCH		126
#define BATCHES_MAX	8	/* that a P keeps */

struct goro_batch {
	struct goro_batch *next;	/* L: goro_sched.lock; in a P's cache, its owner's */
	u32 from, n;			/* L: g[from..n-1] are queued; 0..n-1 before */
	struct goro_g *g[BATCH];
};

/* Is this the smallest stack? It has no room for an allocation. */
static bool on_small_stack(const struct goro_p *p)
{
	const struct goro_g *g = p->m ? p->m->cur : NULL;

	return g && goro_stack_size(g) < SZ_8K;
}

static struct goro_batch *batch_get(struct goro_p *p)
{
	struct goro_batch *b = p->batches;

	if (b) {
		p->batches = b->next;
		p->nbatches--;
	} else if (!irqs_disabled() && !on_small_stack(p)) {	/* else an rq lock may be held */
		b = kmalloc(sizeof(*b), GFP_NOWAIT | __GFP_NOWARN);
	}
	return b;
}

static void batch_put(struct goro_p *p, struct goro_batch *b)
{
	if (p->nbatches >= BATCHES_MAX) {
		kfree(b);
		return;
	}
	b->next = p->batches;
	p->batches = b;
	p->nbatches++;
}

/* Its owner, or who has it for good. */
void goro_batches_free(struct goro_p *p)
{
	while (p->batches) {
		struct goro_batch *b = p->batches;

		p->batches = b->next;
		kfree(b);
	}
	p->nbatches = 0;
}

static void batch_push(struct goro_batch *b)
{
	unsigned long flags;

	b->next = NULL;
	goro_raw_lock_irqsave(&goro_sched.lock, flags, GORO_C_LOCK_GLOBAL);
	if (goro_sched.gb_first)
		goro_sched.gb_last->next = b;
	else
		goro_sched.gb_first = b;
	goro_sched.gb_last = b;
	WRITE_ONCE(goro_sched.gq_n, goro_sched.gq_n + b->n);
	raw_spin_unlock_irqrestore(&goro_sched.lock, flags);
}

static struct goro_g *node_g(struct llist_node *n)
{
	return container_of(n, struct goro_g, qnode);
}

/*
 * About half the ring and `g` go to the global queue. False: a thief made room. Once
 * head has moved, the slots behind it are nobody's until the owner, who is us,
 * pushes again.
 */
static bool overflow(struct goro_p *p, struct goro_g *g, u32 head)
{
	struct goro_batch *b = batch_get(p);
	u32 i, n = b ? BATCH - 1 : GORO_RING / 2;

	if (cmpxchg(&p->head, head, head + n) != head) {
		goro_count(GORO_C_RACE_HEAD);
		if (b)
			batch_put(p, b);
		return false;
	}
	goro_count(GORO_C_OVERFLOW);
	if (b) {
		for (i = 0; i < n; i++)
			b->g[i] = p->ring[(head + i) % GORO_RING];
		b->g[n] = g;
		b->from = 0;
		b->n = BATCH;
		batch_push(b);
		return true;
	}
	for (i = 0; i + 1 < n; i++)
		p->ring[(head + i) % GORO_RING]->qnode.next =
			&p->ring[(head + i + 1) % GORO_RING]->qnode;
	p->ring[(head + n - 1) % GORO_RING]->qnode.next = &g->qnode;
	goro_global_push(&p->ring[head % GORO_RING]->qnode, &g->qnode, n + 1);
	return true;
}

/* goro_ring_push() with a ring that is full, or was just now. */
void goro_ring_push_full(struct goro_p *p, struct goro_g *g)
{
	do {
		u32 head = smp_load_acquire(&p->head);	/* slots before it are free */

		if (p->tail - head >= GORO_RING && overflow(p, g, head))
			return;
	} while (!goro_ring_try_push(p, g));
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
	goro_raw_lock_irqsave(&goro_sched.lock, flags, GORO_C_LOCK_GLOBAL);
	if (goro_sched.gq_last)
		goro_sched.gq_last->next = first;
	else
		goro_sched.gq_first = first;
	goro_sched.gq_last = last;
	WRITE_ONCE(goro_sched.gq_n, goro_sched.gq_n + n);
	raw_spin_unlock_irqrestore(&goro_sched.lock, flags);
}

/*
 * Up to n Gs out of the first batch: the first of them to run, the others into the
 * ring, which has room. L; *@empty is left to be put.
 */
static struct goro_g *get_batched(struct goro_p *p, u32 n, struct goro_batch **empty)
{
	struct goro_batch *b = goro_sched.gb_first;
	struct goro_g *g = b->g[b->from];
	u32 i, end = min(b->from + n, b->n);

	for (i = b->from + 1; i < end; i++)
		goro_ring_push(p, b->g[i]);
	WRITE_ONCE(goro_sched.gq_n, goro_sched.gq_n - (end - b->from));
	b->from = end;
	if (end == b->n) {
		goro_sched.gb_first = b->next;
		*empty = b;
	}
	return g;
}

/* The same of those that are linked. */
static struct goro_g *get_linked(struct goro_p *p, u32 n)
{
	struct llist_node *first = goro_sched.gq_first, *node = first->next;
	u32 i;

	for (i = 1; i < n && node; i++) {
		struct llist_node *this = node;

		node = this->next;
		goro_ring_push(p, node_g(this));
	}
	goro_sched.gq_first = node;
	if (!node)
		goro_sched.gq_last = NULL;
	WRITE_ONCE(goro_sched.gq_n, goro_sched.gq_n - i);
	return node_g(first);
}

/*
 * This P's share of the global queue, at most @max: one to run, the others into the
 * ring, where they have room (its owner alone, who we are, makes it fuller): nothing
 * overflows under the lock.
 */
struct goro_g *goro_global_get(struct goro_p *p, u32 max)
{
	struct goro_batch *empty = NULL;
	struct goro_g *g = NULL;
	u32 n, room = GORO_RING - (p->tail - READ_ONCE(p->head));
	unsigned long flags;

	if (!READ_ONCE(goro_sched.gq_n))
		return NULL;
	goro_raw_lock_irqsave(&goro_sched.lock, flags, GORO_C_LOCK_GLOBAL);
	n = min3(goro_sched.gq_n / READ_ONCE(goro_sched.procs) + 1, max, room + 1);
	goro_sched.gq_turn = !goro_sched.gq_turn;
	if (goro_sched.gb_first && (goro_sched.gq_turn || !goro_sched.gq_first))
		g = get_batched(p, n, &empty);
	else if (goro_sched.gq_first)
		g = get_linked(p, n);
	raw_spin_unlock_irqrestore(&goro_sched.lock, flags);
	if (g)
		goro_count(GORO_C_GLOBAL);
	if (empty)
		batch_put(p, empty);
	return g;
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
