/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kmod/sched's algorithm, each function under the name that it has there, with every
 * access to a line that others touch, too, in the order of the source. Left out is
 * what does not happen in the loads: Ms that block, hogs, deadlines, accounts, bound
 * Gs. Names in capitals are those of the sources, whose values `run --check` compares.
 *
 *   queues.c  p.h, p.c: a P's queues, the global one
 *   sched.c   own.c, sched.c, steal.c, m.c: who looks where, who wakes whom
 *   g.c       g.c, stack.c: goroutines, their stacks, and the module that they pin
 *
 * Where lines begin: struct goro_p has its owner's fields and runnext in one, head and
 * the ring's first slots in the next, inbox and lock in another. Of goro_sched the idle
 * mask's words are a line, nidle and nspinning one, the lock with the global queue one
 * (a stock kernel's cpumask is 1 KiB). A G brings two lines with it to another CPU.
 */
#ifndef SCALE_SIM_SCHED_H
#define SCALE_SIM_SCHED_H

#include "sim.h"

#define GORO_RING	256
#define GORO_FAIR	61
#define BATCH		126
#define ROUNDS		4
#define RUNNEXT_NS	3000
#define CACHE_MAX	64	/* of stacks */
#define GFREE_MAX	1024
#define PINS_MAX	256	/* alternative: a P's references to a module */

struct p {
	struct cpu *c;
	u32 head, tail, tick, rand, looks, ngfree, nstacks, npins;
	bool global_turn, owned, spinning;
	u64 rq;				/* a runnext's age, for who looks */
	struct g *runnext, *inbox, *inbox_last, *gfree;
	struct g *ring[GORO_RING];
	struct line own, hd, slots[GORO_RING / 8 + 1];
	struct lock lk, all;		/* the inbox is in lk.line; all: goro_all[cpu] */
};

struct batch {
	struct batch *next;
	u32 from, n;
	struct g *g[BATCH];
};

/* struct goro_sched; there is one of it, or, as an alternative, several */
struct dom {
	struct line idle, n;
	bool bit[CPUS];
	u32 nidle, nspinning, nbusy, gq_n;
	struct lock lk;
	struct batch *first, *last;
	int from, cpus;
};

extern struct p ps[CPUS];
extern struct dom doms[CPUS];
extern u32 ndoms;

/* queues.c */
struct dom *dom_of(struct cpu *c);
struct line *slot(struct p *p, u32 i);
void goro_ring_push(struct cpu *c, struct p *p, struct g *g);
bool goro_inbox_drain(struct cpu *c, struct p *p, struct p *from);
struct g *goro_p_get(struct cpu *c, struct p *p);
struct g *goro_global_get_of(struct cpu *c, struct p *p, struct dom *d, u32 max);
bool goro_any_work(struct cpu *c);

/* sched.c */
int span(u64 first, u64 n);

/* g.c */
void run_g(struct cpu *c, struct p *p, struct g *g);
void g_init(void);
void g_forget(void);

/* Counting begins. */
static inline void forget(struct lock *l)
{
	l->line.busy = l->holding = l->takes = l->contended = 0;
	l->since = warm_at;	/* if it is held */
}

/* It is on its way, or held. */
static inline double of_lock(const struct lock *l)
{
	return l->line.busy + l->holding;
}

double depot_busy(void);
double pins_busy(void);

#endif
