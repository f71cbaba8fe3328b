// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the goroutines do: the cases of tests/bench/scale.c, and one that has a device.
 * A G is a function that is called where it goes on and returns where it parks.
 */
#include <stdlib.h>
#include <string.h>
#include "sim.h"

const struct load *load;
u64 live;
bool starting;

/* It is about to park: nobody runs it before it has left its stack. */
static void leave(struct cpu *c, struct g *g)
{
	g->off = c->now + k.sw;
	c->n.v[N_parks]++;
}

/* ---- yield: k.tasks a CPU ------------------------------------------------------ */

static bool yielder(struct cpu *c, struct g *g)
{
	if (g->state++)
		op_done(c);
	g->off = c->now + k.sw;
	yield_push(c, g);
	return false;
}

static bool yields(struct cpu *c, struct g *g)
{
	starting = true;
	while (g->a < k.tasks * k.cpus) {
		spawn(c, yielder, NULL);
		g->a++;
	}
	starting = false;
	return true;
}

/* ---- hop: k.tasks pairs a CPU, each on two unbuffered channels ------------------- */

struct pair {
	struct lock ch[2];		/* side s sends on ch[s] */
	struct g *sender[2], *receiver[2];
};

/* g->a is its side; state: 0 sends next, 1 has sent, 2 has received */
static bool player(struct cpu *c, struct g *g)
{
	struct pair *p = g->arg;
	struct g *w;
	int s = g->a;

	for (;;) {
		if (g->state != 1) {
			if (g->state == 2)
				op_done(c);
			spend(c, k.chan);
			c->n.v[N_contended_core] += lock(c, &p->ch[s]);
			w = p->receiver[s];
			p->receiver[s] = NULL;
			g->state = 1;
			if (!w) {
				p->sender[s] = g;
				leave(c, g);
				unlock(c, &p->ch[s]);
				return false;
			}
			unlock(c, &p->ch[s]);
			ready(c, w);
		}
		spend(c, k.chan);
		c->n.v[N_contended_core] += lock(c, &p->ch[1 - s]);
		w = p->sender[1 - s];
		p->sender[1 - s] = NULL;
		g->state = 2;
		if (!w) {
			p->receiver[1 - s] = g;
			leave(c, g);
			unlock(c, &p->ch[1 - s]);
			return false;
		}
		unlock(c, &p->ch[1 - s]);
		ready(c, w);
	}
}

static bool pairs(struct cpu *c, struct g *g)
{
	u64 i;

	(void)g;
	starting = true;
	for (i = 0; i < k.tasks * k.cpus; i++) {
		struct pair *p = calloc(1, sizeof(*p));
		struct g *b = spawn(c, player, p);

		b->a = 1;
		b->state = 1;		/* receives first */
		spawn(c, player, p);
	}
	starting = false;
	return true;
}

/* ---- WaitGroups ----------------------------------------------------------------- */

struct wg {
	struct lock lock;
	struct g *waiter;
	u64 n;
};

static void wg_done(struct cpu *c, struct wg *wg)
{
	struct g *w = NULL;

	spend(c, k.chan);
	c->n.v[N_contended_core] += lock(c, &wg->lock);
	if (!--wg->n) {
		w = wg->waiter;
		wg->waiter = NULL;
	}
	unlock(c, &wg->lock);
	if (w)
		ready(c, w);
}

/* True: g has to park. */
static bool wg_waits(struct cpu *c, struct wg *wg, struct g *g)
{
	spend(c, k.chan);
	c->n.v[N_contended_core] += lock(c, &wg->lock);
	if (wg->n) {
		wg->waiter = g;
		leave(c, g);
	}
	unlock(c, &wg->lock);
	return wg->waiter == g;
}

/* ---- forkjoin: a binary tree, whose leaves work ----------------------------------- */

struct node {
	struct wg wg;
	struct wg *up;
};

/* g->a: levels below it */
static bool node(struct cpu *c, struct g *g)
{
	struct node *n = g->arg;
	u32 i;

	if (!g->a) {
		spend(c, k.work);
	} else if (!g->state) {
		g->state = 1;
		n->wg.n = 2;
		for (i = 0; i < 2; i++) {
			struct node *below = calloc(1, sizeof(*below));

			below->up = &n->wg;
			spawn(c, node, below)->a = g->a - 1;
		}
		if (wg_waits(c, &n->wg, g))
			return false;
	}
	if (n->up)
		wg_done(c, n->up);
	/* not freed: the simulation ends soon, and who waits for the lock has its address */
	op_done(c);
	return true;
}

/* k.tasks leaves a CPU, or a bit more; one tree after the other */
static bool forest(struct cpu *c, struct g *g)
{
	struct node *top;

	top = calloc(1, sizeof(*top));
	top->wg.n = 1;
	struct node *n = calloc(1, sizeof(*n));
	struct g *root;
	u32 levels = 0;

	while (1ULL << levels < k.tasks * k.cpus)
		levels++;
	n->up = &top->wg;
	root = spawn(c, node, n);
	root->a = levels;
	g->arg = top;
	/* again when it is joined */
	return wg_waits(c, &top->wg, g) ? false : forest(c, g);
}

/* ---- spawn: a parent a CPU starts k.tasks and waits for them ------------------------ */

static bool child(struct cpu *c, struct g *g)
{
	spend(c, k.work);
	wg_done(c, g->arg);
	op_done(c);
	return true;
}

static bool parent(struct cpu *c, struct g *g)
{
	struct wg *wg = g->arg;
	u64 i;

	do {
		wg->n = k.tasks;
		for (i = 0; i < k.tasks; i++)
			spawn(c, child, wg);
	} while (!wg_waits(c, wg, g));
	return false;
}

static bool parents(struct cpu *c, struct g *g)
{
	u64 i;

	(void)g;
	for (i = 0; i < k.cpus; i++)
		spawn(c, parent, calloc(1, sizeof(struct wg)));
	return true;
}

/* ---- producer: one G starts all tasks ----------------------------------------------- */

static bool task(struct cpu *c, struct g *g)
{
	if (g->state++) {
		fprintf(stderr, "scale-sim: a task was run twice\n");
		abort();
	}
	spend(c, k.work);
	op_done(c);
	return true;
}

/* not too many at once */
static bool producer(struct cpu *c, struct g *g)
{
	while (live < 2000 + 200 * k.cpus)
		spawn(c, task, NULL);
	g->off = c->now + k.sw;
	yield_push(c, g);
	return false;
}

/* As many as are counted, and no more. */
static bool all_tasks(struct cpu *c, struct g *g)
{
	u64 i;

	(void)g;
	for (i = 0; i < k.ops * k.cpus / 4 + 1 + k.ops * k.cpus; i++)
		spawn(c, task, NULL);
	return true;
}

/* ---- storm: CPU 0's interrupt wakes k.tasks, so that all CPUs are half busy ------------ */

static struct g *parked, *parked_last;

static void park(struct g *g)
{
	g->next = NULL;
	if (parked)
		parked_last->next = g;
	else
		parked = g;
	parked_last = g;
}

static bool server(struct cpu *c, struct g *g)
{
	if (g->state++) {
		spend(c, k.work);
		op_done(c);
	}
	leave(c, g);
	park(g);
	return false;
}

static bool servers(struct cpu *c, struct g *g)
{
	u64 i;

	(void)g;
	for (i = 0; i < 64 * k.cpus; i++)
		spawn(c, server, NULL);
	c->next_irq = c->now + 100000 * NS;
	if (!k.irq)
		k.irq = 2 * k.tasks * k.work / k.cpus;
	return true;
}

static void interrupt(struct cpu *c)
{
	u64 i;

	spend(c, 500 * NS);
	for (i = 0; i < k.tasks && parked; i++) {
		struct g *g = parked;

		parked = g->next;
		spend(c, k.chan);
		ready_irq(c, g);
	}
}

const struct load loads[] = {
	{ "yield", yields, NULL },
	{ "hop", pairs, NULL },
	{ "spawn", parents, NULL },
	{ "forkjoin", forest, NULL },
	{ "producer", producer, NULL },
	{ "storm", servers, interrupt },
	{ "tasks", all_tasks, NULL },
	{ NULL, NULL, NULL }
};
