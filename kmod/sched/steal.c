// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stealing: an M with an empty P takes half of another's ring, or a whole
 * inbox; in the last round a runnext, too, if it has been there for 3 us (its
 * P is about to run it otherwise).
 *
 * Runs on the M's own stack in a section; pushes only to its own P.
 */
#include <linux/ktime.h>
#include "sched.h"

#define ROUNDS		4
#define RUNNEXT_NS	3000

static bool steal_ring(struct goro_p *p, struct goro_p *from)
{
	struct goro_g *batch[GORO_RING / 2];
	u32 head, n, i;

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
	}
	for (i = 0; i < n; i++)
		goro_ring_push(p, batch[i]);
	goro_count(GORO_C_STEAL);
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

/* Look at every other P, from a random one on. True: p has work now. */
bool goro_steal(struct goro_p *p)
{
	int round, i, cpu;

	for (round = 0; round < ROUNDS; round++) {
		/* xorshift32: any start does, the same one for all does not */
		p->rand ^= p->rand << 13;
		p->rand ^= p->rand >> 17;
		p->rand ^= p->rand << 5;
		cpu = p->rand % nr_cpu_ids;
		for (i = 0; i < nr_cpu_ids; i++) {
			struct goro_p *from;

			if (++cpu >= nr_cpu_ids)
				cpu = 0;
			from = goro_sched.ps[cpu];
			if (!from || from == p)
				continue;
			if (steal_ring(p, from))
				return true;
			if (!llist_empty(&from->inbox) && goro_inbox_drain(p, from)) {
				goro_count(GORO_C_STEAL_INBOX);
				return true;
			}
			if (round == ROUNDS - 1 && steal_runnext(p, from))
				return true;
		}
		if (READ_ONCE(goro_sched.gq_n) || !llist_empty(&p->inbox))
			return true;
		if (need_resched())
			break;
		cpu_relax();
	}
	return false;
}
