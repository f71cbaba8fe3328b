// SPDX-License-Identifier: GPL-2.0-only
/*
 * Could this history have been one of channels? It could if each call can be given
 * one point in time, between its start and its end, such that the calls in the
 * order of these points do what they did on queues of these capacities.
 *
 * As every value is sent once, that need not be searched for: a history of a
 * queue is good if none of a few patterns is in it (Henzinger, Sezgin and
 * Vafeiadis: "Aspect-oriented linearizability proofs"). With v's send in
 * [ws, we] and its receive in [rs, re]:
 *
 *   value   received and never sent, received twice, or lost; re < ws
 *   order   a's send ended before b's began, and b's receive before a's
 *   bound   more values were in the queue for sure (we < t < rs) than fit
 *   empty   a receive was told of the end, though throughout it something was there
 *   close   a send succeeded that began after it, one failed that ended before
 *	     it; a receive said "closed" before it, or a value came after that
 *   none    a call that found nothing to do (try, default, deadline) had a moment
 *	     when that was so: with nothing in the queue for sure (we < t < rs), or
 *	     with the queue full perhaps (ws < t < re), and not closed for sure. Of a
 *	     select that is one moment for all of its cases.
 *
 * Not decided is whether somebody waited at the other end of an unbuffered channel:
 * when a wait began is not in the history.
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
	int now;		/* what it is from then on */
};

struct edges {
	struct edge *e;		/* room for two a value */
	u32 n;
};

struct check {			/* of one channel */
	const struct tt_op *ops;	/* of all */
	u32 n, nvalues, cap, chan;
	struct life *life;	/* by value; then sorted by we */
	u32 nlives;
	struct edges sure, may;	/* values that are in it for sure; that may be */
	u64 *max_rs;		/* by place in `life`: the greatest rs up to there */
	u64 close_ended;	/* or NEVER */
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

		if (op->chan != c->chan)
			continue;
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

static void edges(struct check *c, struct edges *to, bool sure)
{
	struct edge *e = to->e;
	u32 i, k = 0;
	int now = 0;

	for (i = 0; i < c->nlives; i++) {
		struct life *l = &c->life[i];
		u64 begin = sure ? l->we : l->ws, end = sure ? l->rs : l->re;

		if (begin > end)
			continue;
		e[k++] = (struct edge){ begin, 1 };
		e[k++] = (struct edge){ end, -1 };
	}
	sort(e, k, sizeof(*e), by_at, NULL);
	to->n = k;
	for (i = 0; i < k; i++) {
		now += e[i].by;
		e[i].now = now;
	}
}

/* how many edges come up to t */
static u32 edges_to(const struct edges *s, u64 t)
{
	u32 lo = 0, hi = s->n;

	while (lo < hi) {
		u32 mid = (lo + hi) / 2;

		if (s->e[mid].at <= t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int number_at(const struct edges *s, u64 t)
{
	u32 i = edges_to(s, t);

	return i ? s->e[i - 1].now : 0;
}

static const char *bound(struct check *c)
{
	u32 i;

	for (i = 0; i < c->sure.n; i++)
		if (c->sure.e[i].now > (int)c->cap)
			return "more values were in it than fit";
	return NULL;
}

/* throughout a receive that was told of the end, was something there? */
static const char *empty(struct check *c)
{
	u32 i, e;

	for (i = 0; i < c->n; i++) {
		const struct tt_op *op = &c->ops[i];
		bool gap;

		if (op->chan != c->chan || op->call != TT_RECV || op->ret != 0)
			continue;
		gap = !number_at(&c->sure, op->start);
		for (e = edges_to(&c->sure, op->start);
		     e < c->sure.n && c->sure.e[e].at < op->end && !gap; e++)
			gap = !c->sure.e[e].now;
		if (!gap)
			return "a receive did not find what was there";
	}
	return NULL;
}

static const char *closing(struct check *c)
{
	u64 began = NEVER, ended = NEVER, told = NEVER;
	u32 i;

	for (i = 0; i < c->n; i++) {
		const struct tt_op *op = &c->ops[i];

		if (op->chan != c->chan)
			continue;
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

		if (op->chan != c->chan)
			continue;
		if (op->call == TT_SEND && op->ret == 0 && op->start > ended)
			return "a send succeeded after close";
		if (op->call == TT_SEND && op->ret == -EPIPE && op->end < began)
			return "a send failed before close";
		if (op->call == TT_RECV && op->ret == 0 && op->end < began)
			return "a receive said closed before close";
		if (op->call == TT_RECV && op->ret == 1 && op->start > told)
			return "a value came after the end";
	}
	c->close_ended = ended;
	return NULL;
}

/* Could this call be done at t, for sure? */
static bool ready_at(const struct check *checks, const struct tt_op *op, u64 t)
{
	const struct check *c = &checks[op->chan];

	if (t > c->close_ended)
		return true;
	if (op->call == TT_RECV)
		return number_at(&c->sure, t) > 0;
	return c->cap && number_at(&c->may, t) < (int)c->cap;
}

static bool all_idle_at(const struct check *checks, const struct tt_op *ops, u32 n, u64 t)
{
	while (n--)
		if (ready_at(checks, ops++, t))
			return false;
	return true;
}

/* Is there a moment at which none of these n, which are one call's, could be done? */
static bool idle_once(const struct check *checks, const struct tt_op *ops, u32 n)
{
	u64 start = ops->start, end = ops->end;
	u32 i, e;

	/* with the call's start, or with a change in one of its channels */
	if (all_idle_at(checks, ops, n, start))
		return true;
	for (i = 0; i < n; i++) {
		const struct check *c = &checks[ops[i].chan];
		const struct edges *s = ops[i].call == TT_RECV ? &c->sure : &c->may;

		for (e = edges_to(s, start); e < s->n && s->e[e].at < end; e++)
			if (all_idle_at(checks, ops, n, s->e[e].at))
				return true;
	}
	return false;
}

static const char *none_ready(const struct check *checks, const struct tt_op *ops, u32 n)
{
	u32 i, k;

	for (i = 0; i < n; i += k) {
		for (k = 1; i + k < n && ops[i].select && ops[i + k].select == ops[i].select; k++)
			;
		if (ops[i].call == TT_CLOSE || (ops[i].ret != -EAGAIN && ops[i].ret != -ETIMEDOUT))
			continue;
		if (!idle_once(checks, &ops[i], k))
			return ops[i].select ? "a select found none of its cases ready" :
			       ops[i].call == TT_RECV ? "a receive did not find what was there" :
						 "a send did not find the room there was";
	}
	return NULL;
}

static const char *one_channel(struct check *c)
{
	const char *bad = values(c);

	if (bad)
		return bad;
	edges(c, &c->sure, true);
	edges(c, &c->may, false);
	bad = order(c);
	bad = bad ?: bound(c);
	bad = bad ?: empty(c);
	return bad ?: closing(c);
}

const char *tt_linear(const struct tt_op *ops, u32 n, u32 nvalues, const u32 *caps, u32 nchans)
{
	struct check checks[TT_CHANS] = { 0 };
	const char *bad = NULL;
	u32 i;

	for (i = 0; i < nchans && !bad; i++) {
		struct check *c = &checks[i];

		c->ops = ops;
		c->n = n;
		c->nvalues = nvalues;
		c->cap = caps[i];
		c->chan = i;
		c->life = kvcalloc(nvalues, sizeof(*c->life), GFP_KERNEL);
		c->sure.e = kvcalloc(nvalues, 2 * sizeof(*c->sure.e), GFP_KERNEL);
		c->may.e = kvcalloc(nvalues, 2 * sizeof(*c->may.e), GFP_KERNEL);
		c->max_rs = kvcalloc(nvalues, sizeof(*c->max_rs), GFP_KERNEL);
		if (c->life && c->sure.e && c->may.e && c->max_rs)
			bad = one_channel(c);
		else
			bad = ERR_PTR(-ENOMEM);
	}
	bad = bad ?: none_ready(checks, ops, n);
	for (i = 0; i < nchans; i++) {
		kvfree(checks[i].life);
		kvfree(checks[i].sure.e);
		kvfree(checks[i].may.e);
		kvfree(checks[i].max_rs);
	}
	return bad;
}

#define S(s, e, v)	{ s, e, v, 0, TT_SEND }
#define R(s, e, v)	{ s, e, v, 1, TT_RECV }
#define SFAIL(s, e, r)	{ s, e, 0, r, TT_SEND }
#define RFAIL(s, e, r)	{ s, e, 0, r, TT_RECV }
#define CLOSE(s, e)	{ s, e, 0, 0, TT_CLOSE }
/* the second channel's; and cases of selects that chose none */
#define S2(s, e, v)	{ s, e, v, 0, TT_SEND, 1 }
#define R2(s, e, v)	{ s, e, v, 1, TT_RECV, 1 }
#define SCASE(s, e, chan)	{ s, e, 0, -EAGAIN, TT_SEND, chan, 1 }
#define RCASE(s, e, chan)	{ s, e, 0, -ETIMEDOUT, TT_RECV, chan, 1 }

/* good ones first: each line beside the bad one that it becomes by one change */
static const struct {
	bool good;
	u32 caps[2];
	struct tt_op ops[7];
} made[] = {
	{ true, { 2 }, { S(1, 2, 0), S(3, 4, 1), R(5, 6, 0), R(7, 8, 1) } },
	{ false, { 2 }, { S(1, 2, 0), S(3, 4, 1), R(5, 6, 1), R(7, 8, 0) } },	/* order */
	{ true, { 2 }, { S(1, 4, 0), S(2, 3, 1), R(5, 6, 1), R(7, 8, 0) } },
	{ false, { 2 }, { S(1, 2, 0), S(3, 4, 1), R(5, 6, 0), R(7, 8, 0) } },	/* twice */
	{ false, { 2 }, { S(1, 2, 0), S(3, 4, 1), R(5, 6, 0) } },			/* lost */
	{ false, { 2 }, { S(1, 2, 0), R(3, 4, 0), R(5, 6, 1) } },	/* never sent */
	{ false, { 1 }, { R(1, 2, 0), S(3, 4, 0) } },				/* before */
	{ true, { 1 }, { S(1, 2, 0), S(3, 6, 1), R(4, 5, 0), R(7, 8, 1) } },
	{ false, { 1 }, { S(1, 2, 0), S(3, 4, 1), R(5, 6, 0), R(7, 8, 1) } },	/* bound */
	{ true, { 0 }, { S(1, 3, 0), R(2, 4, 0) } },
	{ false, { 0 }, { S(1, 2, 0), R(3, 4, 0) } },				/* bound */
	{ true, { 1 }, { S(1, 3, 0), RFAIL(2, 4, -EAGAIN), R(5, 6, 0) } },
	{ false, { 1 }, { S(1, 2, 0), RFAIL(3, 4, -EAGAIN), R(5, 6, 0) } },	/* empty */
	{ false, { 2 }, { S(1, 2, 0), RFAIL(3, 8, -EAGAIN), S(4, 5, 1), R(6, 7, 0), R(9, 10, 1) } },
	{ true, { 1 }, { S(1, 2, 0), SFAIL(3, 5, -EAGAIN), R(4, 6, 0) } },
	{ false, { 1 }, { S(1, 2, 0), R(3, 4, 0), SFAIL(5, 6, -EAGAIN) } },	/* full */
	{ true, { 1 }, { S(1, 2, 0), CLOSE(3, 4), R(5, 6, 0), RFAIL(7, 8, 0),
			 SFAIL(9, 10, -EPIPE) } },
	{ false, { 1 }, { CLOSE(1, 2), S(3, 4, 0), R(5, 6, 0) } },	/* close */
	{ false, { 1 }, { SFAIL(1, 2, -EPIPE), CLOSE(3, 4) } },
	{ false, { 1 }, { RFAIL(1, 2, 0), CLOSE(3, 4) } },
	{ false, { 2 }, { CLOSE(2, 4), S(1, 6, 0), RFAIL(3, 5, 0), R(7, 8, 0) } },
	{ false, { 1 }, { CLOSE(1, 2), CLOSE(3, 4) } },
	{ false, { 1 }, { CLOSE(1, 2), RFAIL(3, 4, -EAGAIN) } },
	{ false, { 0 }, { CLOSE(1, 2), SFAIL(3, 4, -ETIMEDOUT) } },
	/* selects: the first's value goes before the second's comes, or after that */
	{ true, { 1, 1 }, { S(1, 2, 0), RCASE(3, 8, 0), RCASE(3, 8, 1), R(4, 5, 0),
			    S2(6, 7, 1), R2(9, 10, 1) } },
	{ false, { 1, 1 }, { S(1, 2, 0), RCASE(3, 8, 0), RCASE(3, 8, 1), S2(4, 5, 1),
			     R(6, 7, 0), R2(9, 10, 1) } },
	{ true, { 1, 1 }, { S(1, 2, 0), RCASE(3, 8, 0), R(4, 7, 0),
			    S2(5, 6, 1), R2(9, 10, 1) } },
	{ true, { 1, 1 }, { S(1, 2, 0), SCASE(3, 6, 0), RCASE(3, 6, 1), R(4, 8, 0),
			    S2(5, 7, 1), R2(9, 10, 1) } },
	{ false, { 2, 1 }, { S(1, 2, 0), SCASE(3, 6, 0), RCASE(3, 6, 1), R(4, 8, 0),
			     S2(5, 7, 1), R2(9, 10, 1) } },
	{ false, { 1, 1 }, { RCASE(1, 2, 0), SCASE(1, 2, 1) } },
};

bool tt_linear_selftest(void)
{
	bool good = true;
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(made); i++) {
		const char *bad;

		for (n = 0; n < ARRAY_SIZE(made[i].ops) && made[i].ops[n].end; n++)
			;
		bad = tt_linear(made[i].ops, n, 2, made[i].caps, 2);
		if (made[i].good == !bad)
			continue;
		pr_err("goro_torture: # handmade history %u: %s\n", i,
		       IS_ERR(bad) ? "no memory" : bad ?: "not refused");
		good = false;
	}
	return good;
}
