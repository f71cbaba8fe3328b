// SPDX-License-Identifier: GPL-2.0-only
/*
 * Could this history have been a channel's? It could if each call can be given
 * one point in time, between its start and its end, such that the calls in the
 * order of these points do what they did on a queue of that capacity.
 *
 * As every value is sent once, that need not be searched for: a history of a
 * queue is good if none of a few patterns is in it (Henzinger, Sezgin and
 * Vafeiadis: "Aspect-oriented linearizability proofs"). With v's send in
 * [ws, we] and its receive in [rs, re]:
 *
 *   value   received and never sent, received twice, or lost; re < ws
 *   order   a's send ended before b's began, and b's receive before a's
 *   bound   more values were in the queue for sure (we < t < rs) than fit
 *   empty   a receive found nothing, though throughout it something was there
 *   full    a send found no room, though at no moment of it the queue can
 *	     have been full (ws < t < re)
 *   close   a send succeeded that began after it, one failed that ended before
 *	     it; a receive said "closed" before it, or a value came after that
 */
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include "linear.h"

#define NEVER	U64_MAX

struct life {
	u64 ws, we, rs, re;	/* we: 0 while it was not sent; rs: NEVER while not received */
};

struct edge {			/* the number of values changes */
	u64 at;
	int by;
};

struct check {
	const struct tt_op *ops;
	u32 n, nvalues, cap;
	struct life *life;	/* by value; then sorted by we */
	u32 nlives;
	struct edge *edges;	/* room for two a value */
	u64 *max_rs;		/* by place in `life`: the greatest rs up to there */
};

static int cmp(u64 a, u64 b)
{
	return a < b ? -1 : a > b;
}

static int by_we(const void *a, const void *b)
{
	return cmp(((const struct life *)a)->we, ((const struct life *)b)->we);
}

static int by_at(const void *a, const void *b)
{
	return cmp(((const struct edge *)a)->at, ((const struct edge *)b)->at);
}

static const char *values(struct check *c)
{
	u32 i, k = 0;

	for (i = 0; i < c->nvalues; i++)
		c->life[i] = (struct life){ .rs = NEVER, .re = NEVER };
	for (i = 0; i < c->n; i++) {
		const struct tt_op *op = &c->ops[i];
		struct life *l;

		if (op->call == TT_SEND && op->ret == 0) {
			l = &c->life[op->value];
			if (l->we)
				return "a value was sent twice: the test is wrong";
			l->ws = op->start;
			l->we = op->end;
		} else if (op->call == TT_RECV && op->ret == 1) {
			l = &c->life[op->value];
			if (l->rs != NEVER)
				return "a value was received twice";
			l->rs = op->start;
			l->re = op->end;
		}
	}
	for (i = 0; i < c->nvalues; i++) {
		struct life l = c->life[i];

		if (!l.we && l.rs == NEVER)
			continue;
		if (!l.we)
			return "a value was received that was never sent";
		if (l.rs == NEVER)
			return "a value was lost";
		if (l.re < l.ws)
			return "a value was received before it was sent";
		c->life[k++] = l;
	}
	c->nlives = k;
	sort(c->life, k, sizeof(*c->life), by_we, NULL);
	for (i = 0; i < k; i++)
		c->max_rs[i] = i ? max(c->max_rs[i - 1], c->life[i].rs) : c->life[i].rs;
	return NULL;
}

/* how many lives have we < t */
static u32 sent_before(struct check *c, u64 t)
{
	u32 lo = 0, hi = c->nlives;

	while (lo < hi) {
		u32 mid = (lo + hi) / 2;

		if (c->life[mid].we < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static const char *order(struct check *c)
{
	u32 i, k;

	for (i = 0; i < c->nlives; i++) {
		k = sent_before(c, c->life[i].ws);
		if (k && c->max_rs[k - 1] > c->life[i].re)
			return "a value overtook another";
	}
	return NULL;
}

/* @sure: values that are there for sure, else those that may be */
static u32 edges(struct check *c, bool sure)
{
	u32 i, k = 0;

	for (i = 0; i < c->nlives; i++) {
		struct life *l = &c->life[i];
		u64 from = sure ? l->we : l->ws, to = sure ? l->rs : l->re;

		if (from > to)
			continue;
		c->edges[k++] = (struct edge){ from, 1 };
		c->edges[k++] = (struct edge){ to, -1 };
	}
	sort(c->edges, k, sizeof(*c->edges), by_at, NULL);
	return k;
}

static const char *bound(struct check *c)
{
	u32 i, k = edges(c, true);
	int now = 0;

	for (i = 0; i < k; i++) {
		now += c->edges[i].by;
		if (now > (int)c->cap)
			return "more values were in it than fit";
	}
	return NULL;
}

/* throughout a receive that found nothing, was something there? */
static const char *empty(struct check *c)
{
	u32 i, e, k = edges(c, true);

	for (i = 0; i < c->n; i++) {
		const struct tt_op *op = &c->ops[i];
		int now = 0;
		bool gap = true;

		if (op->call != TT_RECV || (op->ret != 0 && op->ret != -EAGAIN))
			continue;
		for (e = 0; e < k && c->edges[e].at < op->start; e++)
			now += c->edges[e].by;
		gap = !now;
		for (; e < k && c->edges[e].at < op->end && !gap; e++) {
			now += c->edges[e].by;
			gap = !now;
		}
		if (!gap)
			return "a receive did not find what was there";
	}
	return NULL;
}

/* throughout a send that found no room, was there some? */
static const char *full(struct check *c)
{
	u32 i, e, k = edges(c, false);

	for (i = 0; i < c->n && c->cap; i++) {
		const struct tt_op *op = &c->ops[i];
		int now = 0, most;

		if (op->call != TT_SEND || op->ret != -EAGAIN)
			continue;
		for (e = 0; e < k && c->edges[e].at < op->start; e++)
			now += c->edges[e].by;
		most = now;
		for (; e < k && c->edges[e].at < op->end; e++) {
			now += c->edges[e].by;
			most = max(most, now);
		}
		if (most < (int)c->cap)
			return "a send did not find the room there was";
	}
	return NULL;
}

static const char *closing(struct check *c)
{
	u64 began = NEVER, ended = NEVER, told = NEVER;
	u32 i;

	for (i = 0; i < c->n; i++) {
		const struct tt_op *op = &c->ops[i];

		if (op->call == TT_CLOSE && op->ret == 0) {
			if (began != NEVER)
				return "it was closed twice";
			began = op->start;
			ended = op->end;
		}
		if (op->call == TT_RECV && op->ret == 0)
			told = min(told, op->end);
	}
	for (i = 0; i < c->n; i++) {
		const struct tt_op *op = &c->ops[i];

		if (op->call == TT_SEND && op->ret == 0 && op->start > ended)
			return "a send succeeded after close";
		if (op->call == TT_SEND && op->ret == -EPIPE && op->end < began)
			return "a send failed before close";
		if (op->call == TT_RECV && op->ret == 0 && op->end < began)
			return "a receive said closed before close";
		if (op->call == TT_RECV && op->ret == 1 && op->start > told)
			return "a value came after the end";
	}
	return NULL;
}

const char *tt_linear(const struct tt_op *ops, u32 n, u32 nvalues, u32 cap)
{
	struct check c = { .ops = ops, .n = n, .nvalues = nvalues, .cap = cap };
	const char *bad = ERR_PTR(-ENOMEM);

	c.life = kvcalloc(nvalues, sizeof(*c.life), GFP_KERNEL);
	c.edges = kvcalloc(nvalues, 2 * sizeof(*c.edges), GFP_KERNEL);
	c.max_rs = kvcalloc(nvalues, sizeof(*c.max_rs), GFP_KERNEL);
	if (c.life && c.edges && c.max_rs) {
		bad = values(&c);
		bad = bad ?: order(&c);
		bad = bad ?: bound(&c);
		bad = bad ?: empty(&c);
		bad = bad ?: full(&c);
		bad = bad ?: closing(&c);
	}
	kvfree(c.life);
	kvfree(c.edges);
	kvfree(c.max_rs);
	return bad;
}

#define S(s, e, v)	{ s, e, v, 0, TT_SEND }
#define R(s, e, v)	{ s, e, v, 1, TT_RECV }
#define SFAIL(s, e, r)	{ s, e, 0, r, TT_SEND }
#define RFAIL(s, e, r)	{ s, e, 0, r, TT_RECV }
#define CLOSE(s, e)	{ s, e, 0, 0, TT_CLOSE }

/* good ones first: each line beside the bad one that it becomes by one change */
static const struct {
	bool good;
	u32 cap;
	struct tt_op ops[6];
} made[] = {
	{ true, 2, { S(1, 2, 0), S(3, 4, 1), R(5, 6, 0), R(7, 8, 1) } },
	{ false, 2, { S(1, 2, 0), S(3, 4, 1), R(5, 6, 1), R(7, 8, 0) } },	/* order */
	{ true, 2, { S(1, 4, 0), S(2, 3, 1), R(5, 6, 1), R(7, 8, 0) } },
	{ false, 2, { S(1, 2, 0), S(3, 4, 1), R(5, 6, 0), R(7, 8, 0) } },	/* twice */
	{ false, 2, { S(1, 2, 0), S(3, 4, 1), R(5, 6, 0) } },			/* lost */
	{ false, 2, { S(1, 2, 0), R(3, 4, 0), R(5, 6, 1) } },			/* never sent */
	{ false, 1, { R(1, 2, 0), S(3, 4, 0) } },				/* before */
	{ true, 1, { S(1, 2, 0), S(3, 6, 1), R(4, 5, 0), R(7, 8, 1) } },
	{ false, 1, { S(1, 2, 0), S(3, 4, 1), R(5, 6, 0), R(7, 8, 1) } },	/* bound */
	{ true, 0, { S(1, 3, 0), R(2, 4, 0) } },
	{ false, 0, { S(1, 2, 0), R(3, 4, 0) } },				/* bound */
	{ true, 1, { S(1, 3, 0), RFAIL(2, 4, -EAGAIN), R(5, 6, 0) } },
	{ false, 1, { S(1, 2, 0), RFAIL(3, 4, -EAGAIN), R(5, 6, 0) } },		/* empty */
	{ false, 2, { S(1, 2, 0), RFAIL(3, 8, -EAGAIN), S(4, 5, 1), R(6, 7, 0), R(9, 10, 1) } },
	{ true, 1, { S(1, 2, 0), SFAIL(3, 5, -EAGAIN), R(4, 6, 0) } },
	{ false, 1, { S(1, 2, 0), R(3, 4, 0), SFAIL(5, 6, -EAGAIN) } },		/* full */
	{ true, 1, { S(1, 2, 0), CLOSE(3, 4), R(5, 6, 0), RFAIL(7, 8, 0), SFAIL(9, 10, -EPIPE) } },
	{ false, 1, { CLOSE(1, 2), S(3, 4, 0), R(5, 6, 0) } },			/* close */
	{ false, 1, { SFAIL(1, 2, -EPIPE), CLOSE(3, 4) } },
	{ false, 1, { RFAIL(1, 2, 0), CLOSE(3, 4) } },
	{ false, 2, { CLOSE(2, 4), S(1, 6, 0), RFAIL(3, 5, 0), R(7, 8, 0) } },
	{ false, 1, { CLOSE(1, 2), CLOSE(3, 4) } },
};

bool tt_linear_selftest(void)
{
	bool good = true;
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(made); i++) {
		const char *bad;

		for (n = 0; n < ARRAY_SIZE(made[i].ops) && made[i].ops[n].end; n++)
			;
		bad = tt_linear(made[i].ops, n, 2, made[i].cap);
		if (made[i].good == !bad)
			continue;
		pr_err("goro_torture: # handmade history %u: %s\n", i,
		       IS_ERR(bad) ? "no memory" : bad ?: "not refused");
		good = false;
	}
	return good;
}
