/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scale-sim: what goro's scheduler does on a machine that nobody here has.
 *
 *   engine.c  CPUs, each with a clock and a stack of its own; cache lines; locks
 *   queues.c, sched.c, g.c   the scheduler: kmod/sched's algorithm, step by step (sched.h)
 *   loads.c   what the goroutines do
 *   main.c    options, results; known answers
 *
 * A CPU runs until it touches what others may touch; then the one whose clock is
 * behind all others goes on. So accesses happen in the order of their times, and two
 * runs with the same arguments are the same run. Times are in ps.
 *
 * A cache line is with one CPU, who may write it, or with several, who have read it.
 * To get it takes as long as the way from who has it, and meanwhile nobody else gets
 * it: that is what contention is. How long it was on its way, of the whole time, is
 * its utilisation. A store does not wait for the line; the next locked operation
 * or barrier waits for the store.
 */
#ifndef SCALE_SIM_H
#define SCALE_SIM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef uint64_t u64;
typedef uint32_t u32;

#define CPUS	256
#define NEVER	(~0ULL)
#define NS	1000ULL

/* the machine, and what things cost; main.c has the values and says what they are */
struct costs {
	u64 cpus, llc, node;		/* how many; how many share a cache, a node */
	u64 near, far, remote;		/* a line's way: same LLC, same node, other node */
	u64 dir;			/* until the next reader of a line is served */
	u64 ahead;			/* who has a line may be so far ahead of the others */
	u64 locked;			/* a locked operation, or a full barrier */
	u64 look;			/* a look at what is in the own cache */
	u64 sw, chan, spawn, end;	/* without locked operations and misses */
	u64 go;				/* from the M's own stack to a G */
	u64 waker, wake, sleep;		/* wake_up_process(), until it runs, going to sleep */
	u64 irq, work;			/* between interrupts; what a task computes */
	u64 hosts, slice;		/* real CPUs, if not one for each, and their time slice */
	/* alternatives */
	u64 victims;			/* 0: random; 1: near first; 2: see steal_from(); 3: or all, by turns */
	u64 retries;			/* of a steal that lost a race; 0: any number */
	u64 domains;			/* global state: 0: one, 1: a node's, 2: an LLC's */
	u64 pins;			/* 0: none, 1: the module's count, 2: counted a P */
	u64 stacks;			/* so many at once between a P and the depot */
	/* the load */
	u64 tasks, ops, seed, cold;	/* cold: count from the beginning on */
};

extern struct costs k;

struct line {
	u64 free_at, busy, waited;
	u64 has[CPUS / 64];		/* who may read it */
	int owner;			/* who had it last; the only one that has it may write */
	u32 moves;
};

struct lock {
	struct line line;
	bool held;
	u64 since, holding;		/* .. it has been held for */
	u64 takes, contended;
	struct cpu *first, *last;	/* who waits, in turn */
};

/* counted as in kmod/core/stats.h where it has a counter of that name */
#define COUNTERS(X) \
	X(switches) X(parks) X(ready_local) X(runnext) X(ready_inbox) X(overflows) X(global_takes) \
	X(steals) X(stolen) X(steals_inbox) X(steals_runnext) X(looks) X(spins) X(idles) X(p_wakes) \
	X(created) X(ended) X(contended_gq) X(contended_p) X(contended_core) X(contended_depot) \
	X(contended_all) X(races_head) X(races_steal) X(races_idle) X(races_spin)

#define COUNTER_ID(name) N_##name,
enum counter { COUNTERS(COUNTER_ID) N_COUNTERS };

struct counters {
	u64 v[N_COUNTERS];
};

struct g;
struct p;

struct cpu {
	int id, llc, node;
	u64 now;			/* its clock */
	u64 stored;			/* when its stores are done */
	int at;				/* its place in the heap, -1: it waits */
	void *sp;			/* where it goes on */
	struct cpu *next;		/* behind it at a lock, or for a real CPU */
	u64 slice_end;
	bool woken;
	u64 next_irq;
	int no_irq;
	u64 idle;			/* asleep for so long */
	struct p *p;
	struct counters n;
};

extern struct cpu cpus[CPUS];

/* engine.c */
void sim_switch(void **from, void *to);	/* saves what a call saves, *from = sp, sp = to */
void sim_init(void);
void sim_run(void (*life)(struct cpu *c));	/* each CPU's; until sim_end() */
void sim_end(struct cpu *c);
void point(struct cpu *c);		/* nobody's clock is behind c's */
void spend(struct cpu *c, u64 ps);
void rd(struct cpu *c, struct line *l);
void wr(struct cpu *c, struct line *l);
void rmw(struct cpu *c, struct line *l);
void barrier(struct cpu *c);
bool lock(struct cpu *c, struct lock *l);	/* true: it had to wait */
void unlock(struct cpu *c, struct lock *l);
void cpu_sleep(struct cpu *c);		/* until cpu_wake(), interrupts meanwhile */
void cpu_wake(struct cpu *c, u64 when);
u64 way(struct cpu *a, struct cpu *b);
u32 rnd(u32 *state);

/* sched.c */
struct g {
	struct g *next;			/* in an inbox, a batch, a cache, a load's list */
	u64 off;			/* when it has left its stack */
	u64 ready_at;
	int last;			/* where it was last: its lines are there */
	int home;			/* whose slab it is from */
	bool begun;
	int state;			/* the load's, as all below */
	u32 a, b;
	void *arg;
	/* goes on with it until it parks (false), or has ended (true) */
	bool (*fn)(struct cpu *c, struct g *g);
};

void sched_init(void);
void sched_life(struct cpu *c);
struct g *spawn(struct cpu *c, bool (*fn)(struct cpu *c, struct g *g), void *arg);
void ready(struct cpu *c, struct g *g);		/* by a G */
void ready_irq(struct cpu *c, struct g *g);	/* by an interrupt */
void yield_push(struct cpu *c, struct g *g);
void sched_forget(void);
void sched_lines(double ps, FILE *out);		/* utilisation, as JSON */
u64 sched_queued(void);

/* loads.c */
struct load {
	const char *name;
	bool (*first)(struct cpu *c, struct g *g);	/* the G that CPU 0 begins with */
	void (*irq)(struct cpu *c);		/* CPU 0's interrupt */
};

extern const struct load loads[];
extern const struct load *load;
extern u64 live;			/* Gs */
extern bool starting;			/* nothing counts: not all are there */

/* main.c */
extern u64 warm_at;			/* since then it counts */
void op_done(struct cpu *c);
void wait_note(u64 ps);			/* a G was runnable for so long */

#endif
