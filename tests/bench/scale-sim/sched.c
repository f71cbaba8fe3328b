// SPDX-License-Identifier: GPL-2.0-only
/* Who looks where for work, and who wakes whom: kmod/sched/sched.c, own.c, steal.c, m.c. */
#include <string.h>
#include "sched.h"

struct p ps[CPUS];
struct dom doms[CPUS];
u32 ndoms;

/* ---- own.c, sched.c ------------------------------------------------------------ */

static struct line some;	/* with several domains: how many have somebody idle */
static u32 nsome;

static void idle_add(struct cpu *c, struct dom *d, int n)
{
	rmw(c, &d->n);
	d->nidle += n;
	if (ndoms > 1 && d->nidle == (n > 0)) {
		rmw(c, &some);
		nsome += n;
	}
}

static bool goro_p_claim_idle(struct cpu *c, struct p *p)
{
	struct dom *d = dom_of(p->c);

	rd(c, &d->idle);
	if (!d->bit[p->c->id])
		return false;
	rmw(c, &d->idle);
	if (!d->bit[p->c->id]) {
		c->n.v[N_races_idle]++;
		return false;
	}
	d->bit[p->c->id] = false;
	idle_add(c, d, -1);
	return true;
}

/* An M sleeps in spares whenever the bit is set: there is one for each P. */
static void goro_p_start(struct cpu *c, struct p *p, bool spinning)
{
	c->n.v[N_contended_p] += lock(c, &p->lk);
	p->spinning = spinning;
	p->owned = true;
	unlock(c, &p->lk);
	c->n.v[N_p_wakes]++;
	spend(c, k.waker);
	point(c);
	cpu_wake(p->c, c->now + k.wake);
}

static void goro_wake_p_of(struct cpu *c, struct dom *d)
{
	int i, cpu;

again:
	rd(c, &d->n);
	if (!d->nidle || d->nspinning)
		return;
	rmw(c, &d->n);
	if (d->nspinning) {
		c->n.v[N_races_spin]++;
		return;
	}
	d->nspinning = 1;
	cpu = dom_of(c) == d ? c->id : d->from;
	for (i = 0; i <= d->cpus; i++) {
		if (goro_p_claim_idle(c, &ps[cpu])) {
			goro_p_start(c, &ps[cpu], true);
			return;
		}
		if (++cpu >= d->from + d->cpus)
			cpu = d->from;
	}
	rmw(c, &d->n);
	if (!--d->nspinning && goro_any_work(c)) {
		rd(c, &d->idle);
		for (i = d->from; i < d->from + d->cpus; i++)
			if (d->bit[i])
				goto again;
	}
}

/* With several domains: in the own one, else in the next one that has somebody idle. */
static void goro_wake_p(struct cpu *c)
{
	struct dom *own = dom_of(c);
	u32 i;

	rd(c, &own->n);
	if (own->nidle || ndoms == 1) {
		goro_wake_p_of(c, own);
		return;
	}
	rd(c, &some);
	if (!nsome)
		return;
	for (i = 1; i < ndoms; i++) {
		struct dom *d = &doms[(own - doms + i) % ndoms];

		rd(c, &d->n);
		if (d->nspinning)
			return;		/* it looks everywhere */
		if (d->nidle) {
			goro_wake_p_of(c, d);
			return;
		}
	}
}

void ready(struct cpu *c, struct g *g)
{
	struct p *p = c->p;
	struct g *old;

	g->ready_at = c->now;
	c->n.v[N_ready_local]++;
	old = p->runnext;
	if (old && k.cpus > 1)
		rmw(c, &p->own);
	else
		wr(c, &p->own);
	old = p->runnext;	/* a thief may have been here */
	p->runnext = g;
	p->rq = c->now;
	if (old)
		goro_ring_push(c, p, old);
	if (k.cpus > 1) {
		barrier(c);
		goro_wake_p(c);
	}
}

void ready_irq(struct cpu *c, struct g *g)
{
	struct p *p = &ps[c->id];

	g->ready_at = c->now;
	c->n.v[N_ready_inbox]++;
	rmw(c, &p->lk.line);
	g->next = NULL;
	if (p->inbox)
		p->inbox_last->next = g;
	else
		p->inbox = g;
	p->inbox_last = g;
	if (goro_p_claim_idle(c, p))
		goro_p_start(c, p, false);
	else
		goro_wake_p(c);
}

void yield_push(struct cpu *c, struct g *g)
{
	g->ready_at = c->now;
	goro_ring_push(c, c->p, g);
	if (k.cpus > 1) {
		barrier(c);
		goro_wake_p(c);
	}
}

static void stop_spinning(struct cpu *c, struct p *p)
{
	struct dom *d = dom_of(c);

	p->spinning = false;
	rmw(c, &d->n);
	if (!--d->nspinning)
		goro_wake_p(c);
}

/* ---- steal.c ------------------------------------------------------------------- */

static bool steal_ring(struct cpu *c, struct p *p, struct p *from, u32 least)
{
	struct g *batch[GORO_RING / 2];
	u32 head, n, i, lost = 0;

	for (;;) {
		rd(c, &from->hd);
		head = from->head;
		rd(c, &from->own);
		n = from->tail - head;
		if (n < least)
			return false;
		n -= n / 2;
		if (n > GORO_RING / 2)
			continue;
		for (i = 0; i < n; i++) {
			rd(c, slot(from, head + i));
			batch[i] = from->ring[(head + i) % GORO_RING];
		}
		rmw(c, &from->hd);
		if (from->head == head)
			break;
		c->n.v[N_races_steal]++;
		if (++lost == k.retries)
			return false;
	}
	from->head += n;
	for (i = 0; i < n; i++)
		goro_ring_push(c, p, batch[i]);
	c->n.v[N_steals]++;
	c->n.v[N_stolen] += n;
	return true;
}

static bool steal_runnext(struct cpu *c, struct p *p, struct p *from)
{
	struct g *g;
	u64 until;

	rd(c, &from->own);
	g = from->runnext;
	if (!g)
		return false;
	for (until = c->now + RUNNEXT_NS * NS; c->now < until; spend(c, 100 * NS)) {
		rd(c, &from->own);
		if (from->runnext != g)
			return false;
	}
	rmw(c, &from->own);
	if (from->runnext != g)
		return false;
	from->runnext = NULL;
	goro_ring_push(c, p, g);
	c->n.v[N_steals_runnext]++;
	return true;
}

/* One victim. */
static bool steal_from(struct cpu *c, struct p *p, struct p *from, int round)
{
	/* the only one that a neighbour has is left to him, at first */
	bool spare = k.victims >= 2 && c->node == from->c->node && round < ROUNDS / 2;

	if (from == p)
		return false;
	c->n.v[N_looks]++;
	if (steal_ring(c, p, from, spare ? 2 : 1))
		return true;
	rd(c, &from->lk.line);
	if (from->inbox && goro_inbox_drain(c, p, from)) {
		c->n.v[N_steals_inbox]++;
		return true;
	}
	return round == ROUNDS - 1 && steal_runnext(c, p, from);
}

/* Those from `from` on, n of them, but for the skip_n from skip on; a random one first. */
static bool steal_span(struct cpu *c, struct p *p, int round, int from, int n, int skip, int skip_n)
{
	int i, at = rnd(&p->rand) % n;

	for (i = 0; i < n; i++) {
		int cpu = from + (at + i) % n;

		if ((cpu < skip || cpu >= skip + skip_n) && steal_from(c, p, &ps[cpu], round))
			return true;
	}
	return false;
}

int span(u64 first, u64 n)
{
	return first + n > k.cpus ? k.cpus - first : n;
}

static bool goro_steal(struct cpu *c, struct p *p)
{
	int llc = c->llc * k.llc, node = c->node * k.node, round;
	int in_llc = span(llc, k.llc), in_node = span(node, k.node);
	bool near = k.victims && !(k.victims == 3 && ++p->looks % 4 == 0);
	u32 i;

	for (round = 0; round < ROUNDS; round++) {
		if (!near) {
			if (steal_span(c, p, round, 0, k.cpus, 0, 0))
				return true;
		} else if (steal_span(c, p, round, llc, in_llc, 0, 0) ||
			   steal_span(c, p, round, node, in_node, llc, in_llc) ||
			   (in_node < (int)k.cpus &&
			    steal_span(c, p, round, 0, k.cpus, node, in_node))) {
			return true;
		}
		for (i = 0; i < ndoms; i++) {
			rd(c, &doms[i].lk.line);
			if (doms[i].gq_n)
				return true;
		}
		rd(c, &p->lk.line);
		if (p->inbox)
			return true;
	}
	return false;
}

static struct g *find(struct cpu *c, struct p *p)
{
	struct dom *d = dom_of(c);
	struct g *g = goro_p_get(c, p);
	u32 i;

	if (g || k.cpus == 1)
		return g;
	if (!p->spinning) {
		rd(c, &d->n);
		if (2 * d->nspinning >= d->cpus - d->nidle)
			return NULL;
		p->spinning = true;
		rmw(c, &d->n);
		d->nspinning++;
	}
	c->n.v[N_spins]++;
	while (goro_steal(c, p)) {
		g = goro_p_get(c, p);
		for (i = 0; i < ndoms && !g; i++)
			g = goro_global_get_of(c, p, &doms[i], GORO_RING / 2);
		if (g)
			return g;
	}
	return NULL;
}

/* ---- m.c ----------------------------------------------------------------------- */

static void goro_m_idle(struct cpu *c, struct p *p)
{
	struct dom *d = dom_of(c);
	bool spun = p->spinning;

	p->spinning = false;
	c->n.v[N_contended_p] += lock(c, &p->lk);
	p->owned = false;
	unlock(c, &p->lk);
	idle_add(c, d, 1);
	rmw(c, &d->idle);
	d->bit[c->id] = true;
	if (spun) {
		rmw(c, &d->n);
		d->nspinning--;
	}
	barrier(c);
	if (goro_any_work(c)) {
		if (goro_p_claim_idle(c, p)) {
			p->owned = true;
			p->spinning = true;
			rmw(c, &d->n);
			d->nspinning++;
			return;
		}
		goro_wake_p(c);
	}
	c->n.v[N_idles]++;
	if (!p->owned) {
		spend(c, k.sleep);
		point(c);
	}
	cpu_sleep(c);	/* whoever won the bit wakes us */
}

/* ---- a CPU's life, and what is known of it --------------------------------------- */

void sched_life(struct cpu *c)
{
	struct p *p = &ps[c->id];
	struct g *g;

	if (c->id == 0) {
		g = spawn(c, load->first, NULL);
		g->ready_at = 0;
	}
	for (;;) {
		g = find(c, p);
		if (!g) {
			goro_m_idle(c, p);
			continue;
		}
		if (p->spinning)
			stop_spinning(c, p);
		spend(c, k.go);
		do
			run_g(c, p, g);
		while ((g = goro_p_get(c, p)));
		spend(c, k.go);
	}
}

void sched_init(void)
{
	u64 i, size = k.domains == 0 ? k.cpus : k.domains == 1 ? k.node : k.llc;

	memset(ps, 0, sizeof(ps));
	memset(doms, 0, sizeof(doms));
	some = (struct line){ 0 };
	nsome = 0;
	g_init();
	ndoms = (k.cpus + size - 1) / size;
	for (i = 0; i < ndoms; i++) {
		doms[i].from = i * size;
		doms[i].cpus = span(i * size, size);
	}
	for (i = 0; i < k.cpus; i++) {
		struct p *p = &ps[i];

		p->c = &cpus[i];
		cpus[i].p = p;
		p->tick = GORO_FAIR;
		p->rand = (i + 1) * 2654435761u ^ (u32)k.seed;
		p->rand = p->rand ?: 1;
		p->owned = true;
	}
}

u64 sched_queued(void)
{
	u64 i, n = 0;

	for (i = 0; i < ndoms; i++)
		n += doms[i].gq_n;
	for (i = 0; i < k.cpus; i++) {
		struct g *g;

		n += ps[i].tail - ps[i].head + !!ps[i].runnext;
		for (g = ps[i].inbox; g; g = g->next)
			n++;
	}
	return n;
}

static double worst(double a, double b)
{
	return a > b ? a : b;
}

/* Counting begins. */
void sched_forget(void)
{
	u64 i;

	for (i = 0; i < ndoms; i++) {
		doms[i].idle.busy = doms[i].n.busy = 0;
		forget(&doms[i].lk);
	}
	for (i = 0; i < k.cpus; i++) {
		ps[i].own.busy = ps[i].hd.busy = 0;
		forget(&ps[i].lk);
		forget(&ps[i].all);
	}
	g_forget();
}

void sched_lines(double t, FILE *out)
{
	double idle = 0, n = 0, gq = 0, own = 0, hd = 0, in = 0, all = 0;
	u64 i;

	for (i = 0; i < ndoms; i++) {
		idle = worst(idle, doms[i].idle.busy);
		n = worst(n, doms[i].n.busy);
		gq = worst(gq, of_lock(&doms[i].lk));
	}
	for (i = 0; i < k.cpus; i++) {
		own = worst(own, ps[i].own.busy);
		hd = worst(hd, ps[i].hd.busy);
		in = worst(in, of_lock(&ps[i].lk));
		all = worst(all, of_lock(&ps[i].all));
	}
	fprintf(out, "\"idle mask\":%.4f,\"nspinning\":%.4f,\"global queue\":%.4f,", idle / t, n / t,
		gq / t);
	fprintf(out, "\"P's own\":%.4f,\"ring head\":%.4f,\"inbox\":%.4f,", own / t, hd / t, in / t);
	fprintf(out, "\"list of Gs\":%.4f,\"depot\":%.4f,\"module\":%.4f", all / t,
		depot_busy() / t, pins_busy() / t);
}
