// SPDX-License-Identifier: GPL-2.0-only
/* A P's queues, and the global one: kmod/sched/p.h, p.c. */
#include <stdlib.h>
#include "sched.h"

struct dom *dom_of(struct cpu *c)
{
	return &doms[k.domains == 0 ? 0 : k.domains == 1 ? c->node : c->llc];
}

struct line *slot(struct p *p, u32 i)
{
	i %= GORO_RING;
	return i < 7 ? &p->hd : &p->slots[(i - 7) / 8];
}

static void goro_global_push(struct cpu *c, struct batch *b)
{
	struct dom *d = dom_of(c);

	b->next = NULL;
	c->n.v[N_contended_gq] += lock(c, &d->lk);
	if (d->first)
		d->last->next = b;
	else
		d->first = b;
	d->last = b;
	d->gq_n += b->n;
	unlock(c, &d->lk);
}

static bool goro_ring_overflow(struct cpu *c, struct p *p, struct g *g, u32 head)
{
	struct batch *b;
	u32 i;

	rmw(c, &p->hd);
	if (p->head != head) {
		c->n.v[N_races_head]++;
		return false;
	}
	p->head += BATCH - 1;
	c->n.v[N_overflows]++;
	b = malloc(sizeof(*b));
	for (i = 0; i < BATCH - 1; i++)
		b->g[i] = p->ring[(head + i) % GORO_RING];
	b->g[i] = g;
	b->from = 0;
	b->n = BATCH;
	c->now += BATCH * NS;
	goro_global_push(c, b);
	return true;
}

void goro_ring_push(struct cpu *c, struct p *p, struct g *g)
{
	for (;;) {
		u32 head;

		rd(c, &p->hd);
		head = p->head;
		if (p->tail - head < GORO_RING) {
			wr(c, slot(p, p->tail));
			p->ring[p->tail % GORO_RING] = g;
			wr(c, &p->own);
			p->tail++;
			return;
		}
		if (goro_ring_overflow(c, p, g, head))
			return;
	}
}

static struct g *goro_ring_pop(struct cpu *c, struct p *p)
{
	u32 head;

	rd(c, &p->hd);
	head = p->head;
	while (head != p->tail) {
		struct g *g = p->ring[head % GORO_RING];

		if (k.cpus > 1)
			rmw(c, &p->hd);
		if (p->head == head) {
			p->head++;
			return g;
		}
		c->n.v[N_races_head]++;
		head = p->head;
	}
	return NULL;
}

static struct g *goro_runnext_take(struct cpu *c, struct p *p)
{
	struct g *g;

	if (!p->runnext)
		return NULL;
	if (k.cpus > 1)
		rmw(c, &p->own);
	g = p->runnext;
	p->runnext = NULL;
	return g;
}

/* Take all of from's inbox into p's ring, oldest first. */
bool goro_inbox_drain(struct cpu *c, struct p *p, struct p *from)
{
	struct g *g, *next;

	rmw(c, &from->lk.line);
	g = from->inbox;
	from->inbox = NULL;
	for (bool any = g; ; g = next) {
		if (!g)
			return any;
		next = g->next;
		c->now += NS;
		goro_ring_push(c, p, g);
	}
}

struct g *goro_global_get_of(struct cpu *c, struct p *p, struct dom *d, u32 max)
{
	struct g *g = NULL;
	struct batch *b;
	u32 n, i;

	rd(c, &d->lk.line);
	if (!d->gq_n)
		return NULL;
	c->n.v[N_contended_gq] += lock(c, &d->lk);
	b = d->first;
	if (b) {
		u32 room = GORO_RING - (p->tail - p->head);

		n = d->gq_n / d->cpus + 1;
		n = n < max ? n : max;
		n = n < room + 1 ? n : room + 1;
		n = n < b->n - b->from ? n : b->n - b->from;
		g = b->g[b->from];
		for (i = 1; i < n; i++)
			goro_ring_push(c, p, b->g[b->from + i]);
		c->now += n * NS;
		b->from += n;
		d->gq_n -= n;
		if (b->from == b->n) {
			d->first = b->next;
			free(b);
		}
		c->n.v[N_global_takes]++;
	}
	unlock(c, &d->lk);
	return g;
}

static struct g *goro_global_get(struct cpu *c, struct p *p, u32 max)
{
	return goro_global_get_of(c, p, dom_of(c), max);
}

struct g *goro_p_get(struct cpu *c, struct p *p)
{
	struct g *g;

	if (!--p->tick) {
		p->tick = GORO_FAIR;
		p->global_turn = !p->global_turn;
		if (p->global_turn) {
			g = goro_global_get(c, p, 2 * GORO_FAIR);
			if (g)
				return g;
		}
		goto ring;
	}
	g = goro_runnext_take(c, p);
	if (g) {
		c->n.v[N_runnext]++;
		return g;
	}
ring:
	rd(c, &p->lk.line);
	if (p->inbox)
		goro_inbox_drain(c, p, p);
	g = goro_ring_pop(c, p);
	if (!g)
		g = goro_runnext_take(c, p);
	return g ?: goro_global_get(c, p, GORO_RING / 2);
}

bool goro_any_work(struct cpu *c)
{
	u64 i;

	for (i = 0; i < ndoms; i++) {
		rd(c, &doms[i].lk.line);
		if (doms[i].gq_n)
			return true;
	}
	for (i = 0; i < k.cpus; i++) {
		struct p *p = &ps[i];

		rd(c, &p->hd);
		rd(c, &p->own);
		rd(c, &p->lk.line);
		if (p->head != p->tail || p->runnext || p->inbox)
			return true;
	}
	return false;
}
