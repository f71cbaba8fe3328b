// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stealing: an M with an empty P takes half of another's ring, or a whole
 * inbox; in the last round a runnext, too, if it has been there for 3 us (its
 * P is about to run it otherwise). In each round the nearest Ps come first (near.c),
 * those that are as near as each other from a random one on.
 *
 * Runs on the M's own stack in a section; pushes only to its own P.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include "sched.h"

#define ROUNDS		4
#define RUNNEXT_NS	3000

static bool steal_ring(struct goro_p *p, struct goro_p *from)
{
	struct goro_g *batch[GORO_RING / 2];
	u32 head, n, i;

	goro_count(GORO_C_STEAL_LOOK);
	for (;;) {
		head = smp_load_acquire(&from->head);	/* first: tail is not behind it */
		n = smp_load_acquire(&from->tail) - head;	/* then the slots */
		n -= n / 2;
		if (!n)
			return false;
		if (n > GORO_RING / 2) {	/* head is old news */
			cpu_relax();
			continue;
		}
		for (i = 0; i < n; i++)
			batch[i] = READ_ONCE(from->ring[(head + i) % GORO_RING]);
		if (cmpxchg(&from->head, head, head + n) == head)
			break;
		goro_count(GORO_C_RACE_STEAL);
	}
	for (i = 0; i < n; i++)
		goro_ring_push(p, batch[i]);
	goro_count(GORO_C_STEAL);
	goro_count_n(GORO_C_STOLEN, n);
	trace_goro_steal(from->cpu, p->cpu, n);
	return true;
}

static bool steal_runnext(struct goro_p *p, struct goro_p *from)
{
	struct goro_g *g = READ_ONCE(from->runnext);
	u64 t;

	if (!g)
		return false;
	/* not local_clock(): in UML that goes by ticks */
	for (t = ktime_get_mono_fast_ns(); ktime_get_mono_fast_ns() - t < RUNNEXT_NS; cpu_relax())
		if (READ_ONCE(from->runnext) != g)
			return false;
	if (cmpxchg(&from->runnext, g, NULL) != g)
		return false;
	goro_ring_push(p, g);
	goro_count(GORO_C_STEAL_RUNNEXT);
	trace_goro_steal(from->cpu, p->cpu, 1);
	return true;
}

static bool steal_from(struct goro_p *p, struct goro_p *from, bool last_round)
{
	if (steal_ring(p, from))
		return true;
	if (!llist_empty(&from->inbox) && goro_inbox_drain(p, from)) {
		goro_count(GORO_C_STEAL_INBOX);
		return true;
	}
	return last_round && steal_runnext(p, from);
}

/* The n Ps at cpu[], from the at-th on. */
static bool steal_from_some(struct goro_p *p, const u16 *cpu, u32 n, u32 at, bool last_round)
{
	u32 i;

	for (i = 0; i < n; i++) {
		if (steal_from(p, goro_sched.ps[cpu[at]], last_round))
			return true;
		if (++at == n)
			at = 0;
	}
	return false;
}

/* Look at every other P. True: p has work now. */
bool goro_steal(struct goro_p *p)
{
	const struct goro_near *near = rcu_dereference_sched(p->near);
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		u32 from = 0;

		/* xorshift32: any start does, the same one for all does not */
		p->rand ^= p->rand << 13;
		p->rand ^= p->rand >> 17;
		p->rand ^= p->rand << 5;
		for (i = 0; i < GORO_NEARNESSES; i++) {
			u32 n = near->end[i] - from, at = reciprocal_scale(p->rand, n);

			if (n && steal_from_some(p, near->cpu + from, n, at, round == ROUNDS - 1)) {
				goro_count(i == GORO_FAR ? GORO_C_STEAL_FAR : GORO_C_STEAL_NEAR);
				return true;
			}
			from = near->end[i];
		}
		if (READ_ONCE(goro_sched.gq_n) || !llist_empty(&p->inbox))
			return true;
		if (need_resched())
			break;
		cpu_relax();
	}
	return false;
}
