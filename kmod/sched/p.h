/* SPDX-License-Identifier: GPL-2.0-only */
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
 * Exception to "the owner only": while goro_multi() says no there are no
 * thieves, and the owner moves head without an atomic.
 */
#ifndef _GORO_SCHED_P_H
#define _GORO_SCHED_P_H

#include <linux/prefetch.h>

/* how far ahead of the ring's head */
#define GORO_PREFETCH_STACK	3
#define GORO_PREFETCH_G		6

/*
 * runnext: the owner alone turns NULL into a G; thieves turn a G into NULL by
 * cmpxchg. Release pairs with the thief's acquire: it sees the whole G.
 */
static __always_inline struct goro_g *goro_runnext_take(struct goro_p *p)
{
	struct goro_g *g = READ_ONCE(p->runnext);

	if (!g)
		return NULL;
	if (!goro_multi()) {
		p->runnext = NULL;
		return g;
	}
	return cmpxchg(&p->runnext, g, NULL) == g ? g : NULL;
}

static __always_inline struct goro_g *goro_runnext_put(struct goro_p *p, struct goro_g *g)
{
	struct goro_g *old = READ_ONCE(p->runnext);

	if (old && goro_multi())
		return xchg(&p->runnext, g);
	smp_store_release(&p->runnext, g);	/* pairs with the thief's cmpxchg */
	return old;
}

/* False: the ring is full. */
static __always_inline bool goro_ring_try_push(struct goro_p *p, struct goro_g *g)
{
	u32 tail = p->tail;

	/* acquire: slots before it are free */
	if (unlikely(tail - smp_load_acquire(&p->head) >= GORO_RING))
		return false;
	WRITE_ONCE(p->ring[tail % GORO_RING], g);
	smp_store_release(&p->tail, tail + 1);	/* after the slot */
	return true;
}

static __always_inline void goro_ring_push(struct goro_p *p, struct goro_g *g)
{
	if (unlikely(!goro_ring_try_push(p, g)))
		goro_ring_push_full(p, g);
}

/*
 * With many Gs neither those nor their stacks are in the near caches: what will be
 * popped soon is on its way meanwhile, its first line, and then, as that has
 * come, the top of its stack. @head is taken. Only hints: a thief may have been
 * here, and the G may have gone; but its memory is that of a G as long as
 * preemption is off (SLAB_TYPESAFE_BY_RCU), and which stack it has does not matter.
 */
static __always_inline void goro_ring_prefetch(struct goro_p *p, u32 head)
{
	u32 n = p->tail - head;

	if (n > GORO_PREFETCH_STACK && !IS_ENABLED(CONFIG_KASAN)) {
		struct goro_g *g = p->ring[(head + GORO_PREFETCH_STACK) % GORO_RING];
		const char *sp = (const char *)READ_ONCE(g->sp);

		prefetchw(sp - 64);
		prefetchw(sp);
		prefetchw(sp + 64);
		if (n > GORO_PREFETCH_G)
			prefetchw(p->ring[(head + GORO_PREFETCH_G) % GORO_RING]);
	}
}

static __always_inline struct goro_g *goro_ring_pop(struct goro_p *p)
{
	u32 head = smp_load_acquire(&p->head);	/* with the thieves' cmpxchg */

	while (head != p->tail) {
		struct goro_g *g = p->ring[head % GORO_RING];
		u32 seen;

		goro_ring_prefetch(p, head);
		if (!goro_multi()) {
			WRITE_ONCE(p->head, head + 1);
			return g;
		}
		seen = cmpxchg_release(&p->head, head, head + 1);
		if (seen == head)
			return g;
		goro_count(GORO_C_RACE_HEAD);
		head = seen;
	}
	return NULL;
}

/* The next one on the usual path: neither tick nor inbox want anything. Or NULL. */
static __always_inline struct goro_g *goro_p_next(struct goro_p *p)
{
	struct goro_g *g = goro_runnext_take(p);

	p->tick--;
	if (!g)
		return goro_ring_pop(p);
	p->hot[GORO_C_RUNNEXT]++;
	return g;
}

/*
 * The next G of this P, without looking at others' queues. Every 61st time the
 * global queue or, the next time, inbox and ring come before runnext, so that a
 * pair that readies each other cannot keep the others waiting, nor those in the
 * ring who go round there those in the global queue.
 */
static __always_inline struct goro_g *goro_p_get(struct goro_p *p)
{
	struct goro_g *g;

	if (unlikely(!--p->tick)) {
		p->tick = GORO_FAIR;
		/* an M that hops for ever must not hold up synchronize_rcu_tasks() */
		rcu_tasks_classic_qs(current, false);
		goro_deadlines_poll(p, false);
		/* in turn: else one that never gets empty would keep the other waiting */
		p->global_turn = !p->global_turn;
		if (p->global_turn) {
			g = goro_global_get(p, 2 * GORO_FAIR);
			if (g)
				return g;
		}
		goto ring;
	}
	g = goro_runnext_take(p);
	if (g) {
		p->hot[GORO_C_RUNNEXT]++;
		return g;
	}
ring:
	if (unlikely(!llist_empty(&p->inbox)))
		goro_inbox_drain(p, p);
	g = goro_ring_pop(p);
	if (likely(g))
		return g;
	g = goro_runnext_take(p);
	if (g)
		return g;
	return goro_global_get(p, GORO_RING / 2);
}

#endif /* _GORO_SCHED_P_H */
