// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recorded histories: goroutines and threads send, receive, select and close on a
 * few channels; every call is written down, with a number from before and one from
 * after it, and when all have ended the calls are checked: can channels have done
 * this? (linear.c)
 *
 * Each member writes to its own record; they are read when it has ended. The
 * numbers come from one atomic counter, whose increment is a full barrier: a
 * call that ended before another began, on whatever CPU, has the smaller ones.
 * That orders the members more than they are otherwise, which is why the other
 * scenes stay as they are.
 */
#include <linux/slab.h>
#include "linear.h"
#include "torture.h"

#define MEMBERS		8
#define CASES		4
#define CALLS_MAX	120	/* a member; a select may be as many as it has cases */

struct history;

struct member {
	struct history *h;
	u32 index;
	u32 nops;
	struct tt_op ops[CALLS_MAX];
};

struct history {
	u64 nr;
	struct goro_chan *c[TT_CHANS];
	u32 cap[TT_CHANS];
	u32 nchans, ncalls, nmembers;
	struct goro_group grp;
	struct goro_wg wg;
	atomic64_t clock;
	struct member m[MEMBERS];
	struct member rest;		/* the driver's: it closes, and drains what was left */
	struct tt_op all[(MEMBERS + 1) * CALLS_MAX];
};

atomic64_t tt_histories, tt_history_selects, tt_history_none;

static struct tt_op *op_begin(struct member *m, enum tt_call call, u32 chan)
{
	struct tt_op *op = &m->ops[m->nops];

	op->call = call;
	op->chan = chan;
	op->value = m->index * CALLS_MAX + m->nops++;
	op->start = atomic64_inc_return(&m->h->clock);
	return op;
}

static int op_end(struct member *m, struct tt_op *op, int ret)
{
	op->end = atomic64_inc_return(&m->h->clock);
	op->ret = ret;
	return ret;
}

/* plain, with a deadline, or a try */
static u64 a_deadline(struct rnd_state *r)
{
	switch (tt_rnd(r, 4)) {
	case 0:
		return GORO_NOW;
	case 1:
		return goro_in(tt_rnd(r, 60000));
	}
	return GORO_FOREVER;
}

static int do_send(struct member *m, u32 chan, u64 deadline)
{
	struct tt_op *op = op_begin(m, TT_SEND, chan);
	u64 v = op->value;

	return op_end(m, op, goro_chan_send_until(m->h->c[chan], &v, deadline));
}

static int do_recv(struct member *m, u32 chan, u64 deadline)
{
	struct tt_op *op = op_begin(m, TT_RECV, chan);
	u64 v = 0;
	int ret = op_end(m, op, goro_chan_recv_until(m->h->c[chan], &v, deadline));

	if (ret != 1)
		return ret;
	op->value = v;
	if (v >= MEMBERS * CALLS_MAX) {
		tt_fail(TT_CONTENT, m->h->nr, "an element %llx that nobody sent", v);
		op->value = 0;
	}
	return ret;
}

/* Cases on random channels, the same one more than once, too. */
static int do_select(struct member *m, struct rnd_state *r, u64 deadline)
{
	struct tt_op *op = &m->ops[m->nops];
	u32 n = 1 + tt_rnd(r, CASES), i;
	u64 v = m->index * CALLS_MAX + m->nops, got = 0, start, end;
	struct goro_case cases[CASES];
	int k;

	for (i = 0; i < n; i++) {
		op[i].chan = tt_rnd(r, m->h->nchans);
		op[i].call = tt_rnd(r, 2) ? TT_SEND : TT_RECV;
		if (op[i].call == TT_SEND)
			cases[i] = (struct goro_case)GORO_SEND(m->h->c[op[i].chan], &v);
		else
			cases[i] = (struct goro_case)GORO_RECV(m->h->c[op[i].chan], &got);
	}
	start = atomic64_inc_return(&m->h->clock);
	k = goro_select_until(cases, n, deadline);
	end = atomic64_inc_return(&m->h->clock);
	if (k == -ECANCELED)
		return k;
	if (k >= 0) {
		op[0] = op[k];
		op[0].value = v;
		if (op[0].call == TT_RECV && cases[k].ret == 1) {
			op[0].value = got;
			if (got >= MEMBERS * CALLS_MAX) {
				tt_fail(TT_CONTENT, m->h->nr, "nobody sent %llx", got);
				op[0].value = 0;
			}
		}
		n = 1;
	} else {
		atomic64_inc(&tt_history_none);
	}
	atomic64_inc(&tt_history_selects);
	for (i = 0; i < n; i++) {
		op[i].start = start;
		op[i].end = end;
		op[i].ret = k < 0 ? k : cases[k].ret;
		op[i].select = k < 0 ? v + 1 : 0;
	}
	m->nops += n;
	return 0;
}

static int do_close(struct member *m, u32 chan)
{
	struct tt_op *op = op_begin(m, TT_CLOSE, chan);

	return op_end(m, op, goro_chan_close(m->h->c[chan]));
}

static void takes_part(void *arg)
{
	struct member *m = arg;
	struct history *h = m->h;
	bool sends = m->index & 1;
	struct rnd_state r;
	int ret;

	tt_seed(&r, h->nr, m->index + 1);
	while (m->nops < h->ncalls) {
		u32 chan = tt_rnd(&r, h->nchans);

		/* most single calls are those of its side */
		if (!m->nops || (m->nops + CASES <= h->ncalls && !tt_rnd(&r, 3)))
			ret = do_select(m, &r, tt_rnd(&r, 2) ? GORO_NOW : a_deadline(&r));
		else if (sends == !!tt_rnd(&r, 8))
			ret = do_send(m, chan, a_deadline(&r));
		else
			ret = do_recv(m, chan, a_deadline(&r));
		if (ret == -ECANCELED)
			break;
		if (!tt_rnd(&r, 4))
			tt_pause(&r, h->nr);
		if (m->nops < h->ncalls && !tt_rnd(&r, 4 * h->ncalls))
			do_close(m, chan);
	}
	goro_wg_done(&h->wg);
}

static int g_takes_part(void *arg)
{
	takes_part(arg);
	return 0;
}

static void check(struct history *h)
{
	u32 i, k, chan, n = 0;
	const char *bad;

	for (chan = 0; chan < h->nchans; chan++)
		while (h->rest.nops < CALLS_MAX && do_recv(&h->rest, chan, GORO_NOW) == 1)
			;
	for (i = 0; i <= h->nmembers; i++) {
		struct member *m = i < h->nmembers ? &h->m[i] : &h->rest;

		for (k = 0; k < m->nops; k++)
			h->all[n++] = m->ops[k];
	}
	bad = tt_linear(h->all, n, MEMBERS * CALLS_MAX, h->cap, h->nchans);
	if (IS_ERR(bad))
		return;
	if (bad)
		tt_fail(TT_HISTORY, h->nr, "%u calls on %u channels: %s", n, h->nchans, bad);
	atomic64_inc(&tt_histories);
	atomic64_add(n, &tt_totals.ops);
}

void tt_history(u64 nr, struct rnd_state *r)
{
	struct history *h = kvzalloc(sizeof(*h), GFP_KERNEL);
	u32 i, threads;
	int ret;

	if (!h)
		return;
	h->nr = nr;
	h->nchans = 1 + tt_rnd(r, TT_CHANS);
	h->nmembers = 2 + tt_rnd(r, MEMBERS - 1);
	h->ncalls = 10 + tt_rnd(r, CALLS_MAX - 10);
	h->rest.h = h;
	h->rest.index = MEMBERS;
	goro_group_init(&h->grp);
	goro_wg_init(&h->wg);
	for (i = 0; i < h->nchans; i++) {
		/* what can be left has to fit the driver's record */
		h->cap[i] = tt_rnd(r, 3) ? tt_rnd(r, 4) : tt_rnd(r, 36);
		h->c[i] = goro_chan_make(8, h->cap[i], 0);
		if (IS_ERR(h->c[i]))
			goto free;
	}
	threads = tt_rnd(r, 3);
	goro_wg_add(&h->wg, h->nmembers);
	for (i = 0; i < h->nmembers; i++) {
		h->m[i].h = h;
		h->m[i].index = i;
		if (i % 4 == threads && i && tt_on_thread(takes_part, &h->m[i]))
			continue;
		while (goro_group_go(&h->grp, g_takes_part, &h->m[i]))
			goro_sleep(1000000);	/* no memory: it will come */
	}
	goro_sleep(tt_rnd(r, 1000000));
	if (!tt_rnd(r, 8))
		goro_group_cancel(&h->grp);
	/* members may all wait for each other: in the end each channel is closed */
	for (i = 0; i < h->nchans; i++)
		do_close(&h->rest, i);
	ret = goro_wg_wait_until(&h->wg, TT_NET);
	if (!ret)
		ret = goro_group_wait_until(&h->grp, TT_NET);
	if (ret) {
		tt_fail(TT_ENDS, nr, "members of a history do not end: %d", ret);
		return;		/* keep all of it: they are in there */
	}
	check(h);
	i = h->nchans;
free:
	while (i--)
		goro_chan_put(h->c[i]);
	kvfree(h);
}
