// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selects: members on a few channels, of both kinds, each doing selects of random
 * cases (sends and receives, the same channel again and again, nil) and single
 * operations, with deadlines or without, until all channels are closed, or the
 * members cancelled before that. What each has sent comes from each channel in its order,
 * once, or is in the channel's buffer at the end; cases that were not chosen are
 * as they were.
 */
#include <linux/slab.h>
#include "torture.h"

#define MEMBERS		10
#define CHANS		4
#define CASES		9
#define POISON		0xa5a5a5a5a5a5a5a5ULL

struct select;

struct member {
	struct select *s;
	u32 index;
	u32 seq;			/* of the next element it sends */
	u64 in, out, nin, nout;		/* sums and numbers: in: sent */
	u32 last[MEMBERS][CHANS];	/* received: the latest of each sender's, plus 1 */
};

struct select {
	u64 nr;
	struct goro_chan *c[CHANS];
	u32 nchans, nmembers;
	bool closed, cancelled;		/* set before it is done */
	struct goro_group grp;
	struct goro_wg wg;
	struct member m[MEMBERS];
	struct member rest;		/* the driver's: what was left */
};

static void account(struct member *m, u32 chan, u64 v)
{
	u32 who = v >> 32, seq = (u32)v;

	m->out += v;
	m->nout++;
	if (who >= m->s->nmembers) {
		tt_fail(TT_CONTENT, m->s->nr, "an element %llx that nobody sent", v);
		return;
	}
	if (seq < m->last[who][chan])
		tt_fail(TT_ORDER, m->s->nr, "sender %u, channel %u: %u after %u", who, chan, seq,
			m->last[who][chan] - 1);
	m->last[who][chan] = seq + 1;
}

static void sent(struct member *m, u64 v)
{
	m->in += v;
	m->nin++;
	m->seq++;
}

/* An errno that a call may return; false: the member ends. */
static bool go_on(struct member *m, int err, u64 deadline)
{
	struct select *s = m->s;

	if (err == -EAGAIN && deadline == GORO_NOW) {
		goro_yield();
	} else if (err != -ETIMEDOUT || deadline == GORO_NOW || deadline == GORO_FOREVER) {
		if (err != -ECANCELED || !READ_ONCE(s->cancelled))
			tt_fail(TT_ERRNO, s->nr, "%d, deadline %llu", err, deadline);
		return false;
	}
	return true;
}

static bool one_select(struct member *m, struct rnd_state *r, u64 deadline)
{
	u32 n = 1 + tt_rnd(r, CASES), i, chan[CASES];
	u64 v = (u64)m->index << 32 | m->seq, got[CASES];
	struct goro_case cases[CASES];
	struct select *s = m->s;
	int k, want = 0;

	for (i = 0; i < n; i++) {
		struct goro_chan *c;

		chan[i] = tt_rnd(r, s->nchans);
		c = tt_rnd(r, 8) ? s->c[chan[i]] : NULL;
		got[i] = POISON;
		if (tt_rnd(r, 2))
			cases[i] = (struct goro_case)GORO_SEND(c, &v);
		else
			cases[i] = (struct goro_case)GORO_RECV(c, &got[i]);
	}
	/* with nil channels only it would wait for the cancel */
	cases[0].chan = s->c[chan[0]];
	k = goro_select_until(cases, n, deadline);
	for (i = 0; i < n; i++)
		if (i != k && got[i] != POISON)
			tt_fail(TT_CONTENT, s->nr, "case %u of %u was not chosen", i, n);
	if (k < 0)
		return go_on(m, k, deadline);
	if (k >= n || !cases[k].chan) {
		tt_fail(TT_ERRNO, s->nr, "case %d of %u", k, n);
		return false;
	}
	if (cases[k].op == GORO_CASE_SEND)
		want = -EPIPE;		/* where it is closed */
	if (want && !cases[k].ret) {
		sent(m, v);
	} else if (!want && cases[k].ret == 1) {
		account(m, chan[k], got[k]);
	} else {
		if (cases[k].ret != want || !READ_ONCE(s->closed))
			tt_fail(TT_ERRNO, s->nr, "case %d: %d", k, cases[k].ret);
		if (!want && got[k])
			tt_fail(TT_CONTENT, s->nr, "closed, but not zeroed");
		return false;
	}
	return true;
}

static bool one_call(struct member *m, struct rnd_state *r, u64 deadline)
{
	u64 v = (u64)m->index << 32 | m->seq;
	struct select *s = m->s;
	u32 chan = tt_rnd(r, s->nchans);
	int ret;

	if (tt_rnd(r, 2)) {
		ret = goro_chan_send_until(s->c[chan], &v, deadline);
		if (!ret)
			sent(m, v);
		else if (ret != -EPIPE)
			return go_on(m, ret, deadline);
		else if (!READ_ONCE(s->closed))
			tt_fail(TT_ERRNO, s->nr, "closed too early");
		return !ret;
	}
	ret = goro_chan_recv_until(s->c[chan], &v, deadline);
	if (ret == 1)
		account(m, chan, v);
	else if (ret < 0)
		return go_on(m, ret, deadline);
	return ret == 1;
}

static void selects(void *arg)
{
	struct member *m = arg;
	struct select *s = m->s;
	struct rnd_state r;
	bool on = true;

	tt_seed(&r, s->nr, m->index + 1);
	while (on) {
		u64 deadline = tt_rnd(&r, 3) ? GORO_FOREVER : tt_rnd(&r, 2) ? GORO_NOW :
			       goro_in(tt_rnd(&r, 100000));

		on = tt_rnd(&r, 3) ? one_select(m, &r, deadline) : one_call(m, &r, deadline);
		atomic64_inc(&tt_totals.ops);
		if (!tt_rnd(&r, 8))
			tt_pause(&r, s->nr);
	}
	goro_wg_done(&s->wg);
}

static int g_selects(void *arg)
{
	selects(arg);
	return 0;
}

static void books(struct select *s)
{
	u64 in = 0, out = 0, nin = 0, nout = 0, v;
	u32 i, k;

	/* who received last need not be who comes first now: only the sums are looked at */
	for (i = 0; i < s->nchans; i++)
		while (goro_chan_try_recv(s->c[i], &v) == 1)
			account(&s->rest, i, v);
	out = s->rest.out;
	nout = s->rest.nout;
	for (k = 0; k < s->nmembers; k++) {
		in += s->m[k].in;
		nin += s->m[k].nin;
		out += s->m[k].out;
		nout += s->m[k].nout;
	}
	if (nin != nout)
		tt_fail(nin > nout ? TT_LOST : TT_DOUBLED, s->nr, "%llu sent, %llu received", nin,
			nout);
	else if (in != out)
		tt_fail(TT_SUM, s->nr, "%llx in, %llx out", in, out);
	atomic64_add(nin, &tt_totals.elements);
}

static void close_all(struct select *s)
{
	u32 i;

	WRITE_ONCE(s->closed, true);
	for (i = 0; i < s->nchans; i++)
		if (goro_chan_close(s->c[i]))
			tt_fail(TT_ERRNO, s->nr, "close");
}

void tt_select(u64 nr, struct rnd_state *r)
{
	struct select *s = kvzalloc(sizeof(*s), GFP_KERNEL);
	u32 i;

	if (!s)
		return;
	s->nr = nr;
	s->nchans = 1 + tt_rnd(r, CHANS);
	s->nmembers = 2 + tt_rnd(r, MEMBERS - 1);
	s->rest.s = s;
	goro_group_init(&s->grp);
	goro_wg_init(&s->wg);
	for (i = 0; i < s->nchans; i++) {
		s->c[i] = goro_chan_make(8, tt_rnd(r, 2) ? 0 : tt_rnd(r, 4),
					 tt_rnd(r, 3) ? 0 : GORO_CHAN_IRQ);
		if (IS_ERR(s->c[i])) {
			s->c[i] = NULL;
			goto out;
		}
	}
	goro_wg_add(&s->wg, s->nmembers);
	for (i = 0; i < s->nmembers; i++) {
		struct member *m = &s->m[i];

		m->s = s;
		m->index = i;
		/* one thread at most: see pause.c */
		if (!i && !tt_rnd(r, 4) && tt_on_thread(selects, m))
			continue;
		while (goro_group_go(&s->grp, g_selects, m))
			goro_sleep(1000000);	/* no memory: it will come */
	}
	goro_sleep(tt_rnd(r, 3000000));
	if (!tt_rnd(r, 3)) {
		WRITE_ONCE(s->cancelled, true);
		goro_group_cancel(&s->grp);
	}
	close_all(s);
	if (tt_wait(&s->wg, nr, "selects"))
		return;		/* keep all of it: they are in there */
	goro_group_wait(&s->grp);
	books(s);
out:
	for (i = 0; i < CHANS; i++)
		goro_chan_put(s->c[i]);
	kvfree(s);
}

/* ---- as many cases as there may be ------------------------------------ */

struct large {
	struct goro_chan *c[GORO_SELECT_MAX];
	struct goro_case cases[GORO_SELECT_MAX];
	struct goro_wg wg;
	u64 nr, got;
	u32 to;
};

static void large_send(void *arg)
{
	struct large *l = arg;
	u64 v = l->nr;
	int ret = goro_chan_send_until(l->c[l->to], &v, TT_NET);

	if (ret)
		tt_fail(TT_ERRNO, l->nr, "send to a select of many: %d", ret);
	goro_wg_done(&l->wg);
}

/* each case has its own channel: more locks at once than preempt_count can count */
void tt_select_large(u64 nr, struct rnd_state *r)
{
	struct large *l = kvzalloc(sizeof(*l), GFP_KERNEL);
	u32 i, n = GORO_SELECT_MAX;
	int ret;

	if (!l)
		return;
	l->nr = nr;
	l->to = tt_rnd(r, n);
	goro_wg_init(&l->wg);
	for (i = 0; i < n; i++) {
		l->c[i] = goro_chan_make(8, 0, tt_rnd(r, 4) ? 0 : GORO_CHAN_IRQ);
		if (IS_ERR(l->c[i])) {
			l->c[i] = NULL;
			goto out;
		}
		l->cases[i] = (struct goro_case)GORO_RECV(l->c[i], &l->got);
	}
	ret = goro_select_until(l->cases, n, GORO_NOW);
	if (ret != -EAGAIN)
		tt_fail(TT_ERRNO, nr, "none of %u is ready: %d", n, ret);
	ret = goro_select_until(l->cases, n, goro_in(tt_rnd(r, 10000)));
	if (ret != -ETIMEDOUT)
		tt_fail(TT_WAIT, nr, "none of %u comes: %d", n, ret);
	goro_wg_add(&l->wg, 1);
	if (goro_go(large_send, l)) {
		goro_wg_done(&l->wg);
		goto out;
	}
	ret = goro_select_until(l->cases, n, TT_NET);
	if (ret != l->to || l->cases[l->to].ret != 1 || l->got != nr)
		tt_fail(TT_ERRNO, nr, "of %u came %d, not %u", n, ret, l->to);
	tt_wait(&l->wg, nr, "send to a select of many");
out:
	for (i = 0; i < n; i++)
		goro_chan_put(l->c[i]);
	kvfree(l);
}
