// SPDX-License-Identifier: GPL-2.0-only
/* CPUs, cache lines, locks: see sim.h. */
#include <stdlib.h>
#include <string.h>
#include "sim.h"

#define STACK (32 << 10)

struct cpu cpus[CPUS];
static struct cpu *heap[CPUS];
static int nheap;
static void *main_sp;
static u64 hosts_free;
static struct cpu *hosts_first, *hosts_last;	/* who waits for a real CPU */

__asm__(".text\n.type sim_switch,@function\nsim_switch:\n"
	"push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
	"mov %rsp,(%rdi); mov %rsi,%rsp\n"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp\n"
	"ret\n.size sim_switch,.-sim_switch\n");

u32 rnd(u32 *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static bool before(const struct cpu *a, const struct cpu *b)
{
	return a->now < b->now || (a->now == b->now && a->id < b->id);
}

static void place(struct cpu *c, int i)
{
	heap[i] = c;
	c->at = i;
}

static void up(struct cpu *c, int i)
{
	for (; i && before(c, heap[(i - 1) / 2]); i = (i - 1) / 2)
		place(heap[(i - 1) / 2], i);
	place(c, i);
}

static void down(struct cpu *c, int i)
{
	for (;;) {
		int s = 2 * i + 1;

		if (s + 1 < nheap && before(heap[s + 1], heap[s]))
			s++;
		if (s >= nheap || !before(heap[s], c))
			break;
		place(heap[s], i);
		i = s;
	}
	place(c, i);
}

static void push(struct cpu *c)
{
	up(c, nheap++);
}

static struct cpu *pop(void)
{
	struct cpu *c = heap[0];

	if (--nheap)
		down(heap[nheap], 0);
	c->at = -1;
	return c;
}

/* Somebody else's turn. */
static void next(struct cpu *c)
{
	struct cpu *n;

	if (!nheap) {
		fprintf(stderr, "scale-sim: all CPUs wait\n");
		abort();
	}
	n = pop();
	if (n != c)
		sim_switch(&c->sp, n->sp);
}

/* c can go on, as soon as there is a real CPU for it. */
static void start(struct cpu *c)
{
	if (!k.hosts) {
		push(c);
	} else if (hosts_free) {
		hosts_free--;
		c->slice_end = c->now + k.slice;
		push(c);
	} else {
		c->next = NULL;
		if (hosts_first)
			hosts_last->next = c;
		else
			hosts_first = c;
		hosts_last = c;
	}
}

/* c does not go on for now: its real CPU is another's. */
static void stop(struct cpu *c)
{
	struct cpu *n = hosts_first;

	if (!k.hosts)
		return;
	hosts_free++;
	if (n) {
		hosts_first = n->next;
		if (n->now < c->now)
			n->now = c->now;
		start(n);
	}
}

static void interrupts(struct cpu *c)
{
	while (c->next_irq <= c->now && !c->no_irq) {
		c->next_irq += k.irq;
		if (c->next_irq < c->now)	/* it has no time for more */
			c->next_irq = c->now + k.irq / 4;
		c->no_irq++;
		load->irq(c);
		c->no_irq--;
	}
}

void point(struct cpu *c)
{
	if (c->next_irq <= c->now)
		interrupts(c);
	if (k.hosts && c->now >= c->slice_end) {
		if (hosts_first) {
			stop(c);
			start(c);
			next(c);
		} else {
			c->slice_end = c->now + k.slice;
		}
	}
	if (nheap && before(heap[0], c)) {
		struct cpu *n = heap[0];

		down(c, 0);
		n->at = -1;
		sim_switch(&c->sp, n->sp);
	}
}

void spend(struct cpu *c, u64 ps)
{
	while (c->next_irq < c->now + ps && !c->no_irq) {
		u64 part = c->next_irq > c->now ? c->next_irq - c->now : 0;

		c->now += part;
		ps -= part;
		interrupts(c);
	}
	c->now += ps;
}

u64 way(struct cpu *a, struct cpu *b)
{
	return a == b ? 0 : a->llc == b->llc ? k.near : a->node == b->node ? k.far : k.remote;
}

static bool has(struct line *l, struct cpu *c)
{
	return l->has[c->id / 64] >> c->id % 64 & 1;
}

static bool alone(struct line *l, struct cpu *c)
{
	u64 others = 0;
	int i;

	if (l->owner != c->id || !has(l, c))
		return false;
	for (i = 0; i < CPUS / 64; i++)
		others += __builtin_popcountll(l->has[i]);
	return others == 1;
}

/* To have it alone: from who had it last, and from the farthest reader. */
static u64 take(struct cpu *c, struct line *l)
{
	u64 lat = way(c, &cpus[l->owner]);
	u64 i;

	for (i = 0; i < k.cpus && lat < k.remote; i++)
		if (has(l, &cpus[i]) && way(c, &cpus[i]) > lat)
			lat = way(c, &cpus[i]);
	memset(l->has, 0, sizeof(l->has));
	l->has[c->id / 64] = 1ULL << c->id % 64;
	l->owner = c->id;
	l->moves++;
	l->busy += lat;
	return lat;
}

/*
 * It has the line: it may be a bit ahead of the others, who could not have been noticed
 * sooner on a machine, either. Who has to get a line waits for its turn.
 */
static bool may_go(struct cpu *c)
{
	return c->now < c->next_irq && (!k.hosts || c->now < c->slice_end) &&
	       (!nheap || c->now <= heap[0]->now + k.ahead);
}

void rd(struct cpu *c, struct line *l)
{
	u64 from, lat;

	if (has(l, c) && may_go(c)) {
		c->now += k.look;
		return;
	}
	point(c);
	c->now += k.look;
	if (has(l, c))
		return;
	from = c->now > l->free_at ? c->now : l->free_at;
	lat = way(c, &cpus[l->owner]);
	l->waited += from - c->now;
	l->busy += k.dir < lat ? k.dir : lat;
	l->moves++;
	l->free_at = from + (k.dir < lat ? k.dir : lat);
	l->has[c->id / 64] |= 1ULL << c->id % 64;
	c->now = from + lat;
}

void wr(struct cpu *c, struct line *l)
{
	u64 from;

	if (alone(l, c) && may_go(c))
		return;
	point(c);
	if (alone(l, c))
		return;
	from = c->now > l->free_at ? c->now : l->free_at;
	l->waited += from - c->now;
	l->free_at = from + take(c, l);
	if (l->free_at > c->stored)
		c->stored = l->free_at;
}

void barrier(struct cpu *c)
{
	c->now = (c->now > c->stored ? c->now : c->stored) + k.locked;
}

void rmw(struct cpu *c, struct line *l)
{
	u64 from;

	if (alone(l, c) && may_go(c)) {
		barrier(c);
		return;
	}
	point(c);
	barrier(c);
	if (alone(l, c))
		return;
	from = c->now > l->free_at ? c->now : l->free_at;
	l->waited += from - c->now;
	c->now = from + take(c, l) + k.locked;
	l->busy += k.locked;
	l->free_at = c->now;
}

bool lock(struct cpu *c, struct lock *l)
{
	c->no_irq++;
	point(c);
	l->takes++;
	if (!l->held) {
		l->held = true;
		rmw(c, &l->line);
		l->since = c->now;
		return false;
	}
	l->contended++;
	c->next = NULL;
	if (l->first)
		l->last->next = c;
	else
		l->first = c;
	l->last = c;
	stop(c);
	next(c);
	return true;	/* by unlock() */
}

void unlock(struct cpu *c, struct lock *l)
{
	struct cpu *n;

	wr(c, &l->line);
	n = l->first;
	l->holding += c->now - l->since;
	c->no_irq--;
	if (!n) {
		l->held = false;
		return;
	}
	l->first = n->next;
	if (n->now < c->now)
		n->now = c->now;
	n->now += take(n, &l->line);
	l->line.free_at = n->now;
	l->since = n->now;
	start(n);
}

void cpu_sleep(struct cpu *c)
{
	while (!c->woken) {
		u64 from = c->now;

		if (c->next_irq == NEVER) {
			stop(c);
			next(c);
		} else {	/* in the heap, from where cpu_wake() fetches it */
			if (c->next_irq > c->now)
				c->now = c->next_irq;
			push(c);
			next(c);
			if (!c->woken)
				interrupts(c);
		}
		if (c->now > from)
			c->idle += c->now - from;
	}
	c->woken = false;
}

void cpu_wake(struct cpu *c, u64 when)
{
	c->woken = true;
	if (c->at >= 0) {
		if (when < c->now) {
			c->now = when;
			up(c, c->at);
		}
	} else if (c->next_irq == NEVER) {
		if (c->now < when)
			c->now = when;
		start(c);
	}
	/* else it wakes itself: in an interrupt, in cpu_sleep() */
}

void sim_init(void)
{
	u64 i;

	memset(cpus, 0, sizeof(cpus));
	nheap = 0;
	hosts_first = NULL;
	hosts_free = k.hosts;
	for (i = 0; i < k.cpus; i++) {
		struct cpu *c = &cpus[i];

		c->id = i;
		c->llc = i / k.llc;
		c->node = i / k.node;
		c->at = -1;
		c->next_irq = NEVER;
	}
}

static void (*entry_life)(struct cpu *c);
static struct cpu *entry_cpu;

/* A CPU's first steps: it says who it is and waits for its turn. */
static void entry(void)
{
	struct cpu *c = entry_cpu;

	sim_switch(&c->sp, main_sp);
	entry_life(c);
	abort();
}

void sim_run(void (*fn)(struct cpu *c))
{
	char *stacks = malloc(k.cpus * STACK);
	u64 i;

	entry_life = fn;
	for (i = 0; i < k.cpus; i++) {
		void **sp = (void **)(stacks + (i + 1) * STACK) - 1;	/* the ABI aligns it so */

		*--sp = (void *)entry;
		sp -= 6;
		entry_cpu = &cpus[i];
		sim_switch(&main_sp, sp);
		start(&cpus[i]);
	}
	sim_switch(&main_sp, pop()->sp);
	free(stacks);
}

void sim_end(struct cpu *c)
{
	sim_switch(&c->sp, main_sp);
}
