// SPDX-License-Identifier: GPL-2.0-only
/* Goroutines, their stacks, and the module that they pin: kmod/sched/g.c, stack.c. */
#include <stdlib.h>
#include "sched.h"

static struct lock depot;
static u32 ndepot;
static struct line pins;

static void goro_stack_take(struct cpu *c, struct p *p)
{
	u64 i, n = 0;

	if (p->nstacks) {
		p->nstacks--;
		return;
	}
	rd(c, &depot.line);
	if (!ndepot)	/* made: without the lock the cost of one is that of a local one */
		return;
	c->n.v[N_contended_depot] += lock(c, &depot);
	for (i = 0; i < k.stacks && ndepot; i++, n++)
		ndepot--;
	c->now += n * NS;
	unlock(c, &depot);
	p->nstacks += n - (n > 0);
}

static void goro_stack_put(struct cpu *c, struct p *p)
{
	if (p->nstacks < CACHE_MAX) {
		p->nstacks++;
		return;
	}
	c->n.v[N_contended_depot] += lock(c, &depot);
	ndepot += k.stacks;
	c->now += k.stacks * NS;
	unlock(c, &depot);
	p->nstacks -= k.stacks - 1;
}

static void pin(struct cpu *c, struct p *p, int by)
{
	if (k.pins == 0)
		return;
	if (k.pins == 2 && by > 0 && p->npins) {
		p->npins--;
		return;
	}
	if (k.pins == 2 && by < 0 && p->npins < PINS_MAX) {
		p->npins++;
		return;
	}
	rmw(c, &pins);
	if (k.pins == 2)	/* half of the cache at once, either way */
		p->npins = PINS_MAX / 2;
}

struct g *spawn(struct cpu *c, bool (*fn)(struct cpu *c, struct g *g), void *arg)
{
	struct p *p = c->p;
	struct g *g = p->gfree;

	spend(c, k.spawn);
	if (g) {
		p->gfree = g->next;
		p->ngfree--;
	} else {
		g = malloc(sizeof(*g));
		g->home = c->id;
		spend(c, 40 * NS);
		c->n.v[N_contended_all] += lock(c, &p->all);
		unlock(c, &p->all);
	}
	*g = (struct g){ .fn = fn, .arg = arg, .last = c->id, .home = g->home };
	pin(c, p, 1);
	c->n.v[N_created]++;
	live++;
	ready(c, g);
	return g;
}

static void goro_g_reap(struct cpu *c, struct p *p, struct g *g)
{
	goro_stack_put(c, p);
	pin(c, p, -1);
	c->n.v[N_ended]++;
	live--;
	if (p->ngfree < GFREE_MAX) {
		g->next = p->gfree;
		p->gfree = g;
		p->ngfree++;
		return;
	}
	c->n.v[N_contended_all] += lock(c, &ps[g->home].all);
	unlock(c, &ps[g->home].all);
	spend(c, 30 * NS);
	free(g);
}

void run_g(struct cpu *c, struct p *p, struct g *g)
{
	if (c->now < g->off)
		spend(c, g->off - c->now);
	if (g->last != c->id) {
		spend(c, 2 * way(c, &cpus[g->last]));
		g->last = c->id;
	}
	if (!g->begun) {
		g->begun = true;
		goro_stack_take(c, p);
	}
	spend(c, k.sw);
	c->n.v[N_switches]++;
	wait_note(c->now - g->ready_at);
	if (g->fn(c, g)) {
		spend(c, k.end);
		goro_g_reap(c, p, g);
	}
}

void g_init(void)
{
	depot = (struct lock){ 0 };
	pins = (struct line){ 0 };
	ndepot = 0;
}

void g_forget(void)
{
	forget(&depot);
	pins.busy = 0;
}

double depot_busy(void)
{
	return of_lock(&depot);
}

double pins_busy(void)
{
	return pins.busy;
}
