// SPDX-License-Identifier: GPL-2.0-only
/*
 * A channel with senders and receivers, and books about every element.
 *
 * Sender s sends the numbers 0, 1, 2, ... and goes on to the next when a send
 * has succeeded, whatever else happened to it (deadline, would block). So what
 * is received of s must be exactly 0..sent[s]-1, each once: an element that
 * was delivered although its send failed shows as one too many, and one that
 * was lost as a gap.
 *
 * Modes: the last sender closes; somebody closes while all are busy; the group
 * is cancelled while all are busy, and the channel then closed for the threads.
 */
#include <linux/bitmap.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/mm.h>
#include "torture.h"

#define SIDE_MAX	12	/* members of one side */
#define EACH_MAX	256	/* elements a sender */

enum mode { ORDERLY, CLOSE, CANCEL, MODES };

struct chan;

struct part {
	struct chan *s;
	u32 index;		/* of its generator */
	u32 id;			/* sender 0.., or receiver 0.. */
	u8 *buf;
};

struct chan {
	u64 nr;
	struct goro_chan *c;
	struct goro_group grp;
	struct goro_wg wg;		/* all members, the threads too */
	enum mode mode;
	u32 elem, cap;
	u32 nsend, nrecv, each;
	bool closed, cancelled;		/* set before it is done */
	atomic_t senders_left;
	atomic_t received;
	atomic64_t sum_in, sum_out;
	u32 sent[SIDE_MAX];		/* by its sender, read when it has ended */
	DECLARE_BITMAP(seen, SIDE_MAX * EACH_MAX);
	struct part part[2 * SIDE_MAX];
};

static const u32 elems[] = { 0, 1, 4, 8, 8, 8, 16, 24, 64, 100, 256, 1000, 4096 };

/* ---- elements -------------------------------------------------------- */

static u8 pattern(u32 who, u32 seq, u32 i)
{
	return who * 59 + seq * 7 + i * 3;
}

static u64 elem_fill(struct chan *s, u8 *buf, u32 who, u32 seq)
{
	u64 v = (u64)who << 32 | seq;
	u32 i;

	switch (s->elem) {
	case 0:
		return 1;
	case 1:
		buf[0] = pattern(who, seq, 0);
		return buf[0];
	case 4:
		v = who << 24 | seq;
		memcpy(buf, &v, 4);
		return v;
	}
	memcpy(buf, &v, 8);
	for (i = 8; i < s->elem; i++)
		buf[i] = pattern(who, seq, i);
	return v;
}

/* the value, and who and what number it is; false where the size cannot tell */
static bool elem_read(struct chan *s, const u8 *buf, u64 *v, u32 *who, u32 *seq)
{
	u32 i;

	switch (s->elem) {
	case 0:
		*v = 1;
		return false;
	case 1:
		*v = buf[0];
		return false;
	case 4:
		*v = 0;
		memcpy(v, buf, 4);
		*who = *v >> 24;
		*seq = *v & 0xffffff;
		break;
	default:
		memcpy(v, buf, 8);
		*who = *v >> 32;
		*seq = (u32)*v;
	}
	for (i = 8; i < s->elem; i++) {
		if (buf[i] == pattern(*who, *seq, i))
			continue;
		tt_fail(TT_CONTENT, s->nr, "byte %u of %u is %x", i, s->elem, buf[i]);
		break;
	}
	return true;
}

/* ---- members --------------------------------------------------------- */

/* how a call is made, and so what it may return */
enum form { PLAIN, UNTIL, TRY, FORMS };

static int expected(struct chan *s, int ret, enum form form, bool send)
{
	switch (ret) {
	case -EAGAIN:
		return form == TRY;
	case -ETIMEDOUT:
		return form == UNTIL;
	case -ECANCELED:
		return READ_ONCE(s->cancelled) && goro_cancelled();
	case -EPIPE:
		return send && READ_ONCE(s->closed);
	case 0:
		return send || READ_ONCE(s->closed);
	}
	return !send && ret == 1;
}

static enum form a_form(struct rnd_state *r, u64 *deadline)
{
	u32 k = tt_rnd(r, 10);

	if (k < 6)
		return PLAIN;
	if (k < 8) {
		*deadline = tt_rnd(r, 8) ? goro_in(tt_rnd(r, 60000)) : 1;
		return UNTIL;
	}
	return TRY;
}

static void check_bound(struct chan *s)
{
	u32 len = goro_chan_len(s->c);

	if (len > s->cap)
		tt_fail(TT_BOUND, s->nr, "%u elements, capacity %u", len, s->cap);
}

static void do_close(struct chan *s)
{
	int err;

	WRITE_ONCE(s->closed, true);
	err = goro_chan_close(s->c);
	if (err)
		tt_fail(TT_ERRNO, s->nr, "close: %d", err);
}

/* a child on its own channel, which either of the two may free */
struct call {
	struct chan *s;
	struct goro_chan *c;
	u32 v;
};

static int child(void *arg)
{
	struct call *call = arg;
	u64 v = call->v * 3ULL;
	int ret;

	if (call->v & 1)
		goro_yield();
	ret = goro_chan_send(call->c, &v);
	if (ret && ret != -ECANCELED)
		tt_fail(TT_ERRNO, call->s->nr, "child's send: %d", ret);
	goro_chan_put(call->c);
	goro_wg_done(&call->s->wg);
	return 0;
}

static void call_child(struct chan *s, struct rnd_state *r)
{
	struct call call = { s, goro_chan_make(8, tt_rnd(r, 2), 0), prandom_u32_state(r) };
	u64 v = 0;
	int ret;

	if (IS_ERR(call.c))
		return;
	goro_chan_get(call.c);
	goro_wg_add(&s->wg, 1);
	ret = goro_group_go_copy(&s->grp, child, &call, sizeof(call));
	if (ret) {
		if (ret != -ENOMEM && !(ret == -ECANCELED && READ_ONCE(s->cancelled)))
			tt_fail(TT_ERRNO, s->nr, "child: %d", ret);
		goro_chan_put(call.c);
		goro_wg_done(&s->wg);
	} else {
		ret = goro_chan_recv(call.c, &v);
		if (ret == 1 ? v != call.v * 3ULL : ret != -ECANCELED || !goro_cancelled())
			tt_fail(TT_ERRNO, s->nr, "child sent %d, %llu", ret, v);
	}
	goro_chan_put(call.c);
}

static void sender(struct part *p, struct rnd_state *r)
{
	struct chan *s = p->s;
	u32 seq = 0, ops = 0;
	u64 sum = 0;

	while (seq < s->each) {
		u64 deadline = 0, v = elem_fill(s, p->buf, p->id, seq);
		enum form form = a_form(r, &deadline);
		int ret;

		ops++;
		ret = form == PLAIN ? goro_chan_send(s->c, p->buf) :
		      form == UNTIL ? goro_chan_send_until(s->c, p->buf, deadline) :
				      goro_chan_try_send(s->c, p->buf);
		if (!expected(s, ret, form, true))
			tt_fail(TT_ERRNO, s->nr, "send: %d, form %d", ret, form);
		if (!ret) {
			sum += v;
			seq++;
		} else if (ret != -EAGAIN && ret != -ETIMEDOUT) {
			break;
		} else if (ret == -EAGAIN) {
			goro_yield();
		}
		check_bound(s);
		tt_pause(r, s->nr);
		if (!tt_rnd(r, 200) && goro_in_goroutine())
			call_child(s, r);
	}
	s->sent[p->id] = seq;
	atomic64_add(sum, &s->sum_in);
	atomic64_add(ops, &tt_totals.ops);
	if (atomic_dec_and_test(&s->senders_left) && s->mode == ORDERLY)
		do_close(s);
}

/* one element has come; `last` is the receiver's own record of each sender */
static void account(struct chan *s, const u8 *buf, int *last, u64 *sum)
{
	u32 who = 0, seq = 0;
	u64 v;

	atomic_inc(&s->received);
	if (elem_read(s, buf, &v, &who, &seq)) {
		if (who >= s->nsend || seq >= s->each) {
			tt_fail(TT_CONTENT, s->nr, "an element %llx that nobody sent", v);
		} else {
			if (test_and_set_bit(who * EACH_MAX + seq, s->seen))
				tt_fail(TT_DOUBLED, s->nr, "sender %u, number %u", who, seq);
			if ((int)seq <= last[who] ||
			    (s->nrecv == 1 && (int)seq != last[who] + 1))
				tt_fail(TT_ORDER, s->nr, "sender %u: %u after %d", who, seq,
					last[who]);
			last[who] = seq;
		}
	}
	*sum += v;
}

static void receiver(struct part *p, struct rnd_state *r)
{
	struct chan *s = p->s;
	int last[SIDE_MAX], i, ret;
	u32 ops = 0;
	u64 sum = 0;

	for (i = 0; i < SIDE_MAX; i++)
		last[i] = -1;
	for (;;) {
		u64 deadline = 0;
		enum form form = a_form(r, &deadline);

		ops++;
		if (s->elem)
			p->buf[0] = 0xa5;
		ret = form == PLAIN ? goro_chan_recv(s->c, p->buf) :
		      form == UNTIL ? goro_chan_recv_until(s->c, p->buf, deadline) :
				      goro_chan_try_recv(s->c, p->buf);
		if (!expected(s, ret, form, false))
			tt_fail(TT_ERRNO, s->nr, "receive: %d, form %d", ret, form);
		if (ret == 0) {
			if (memchr_inv(p->buf, 0, s->elem))
				tt_fail(TT_CONTENT, s->nr, "closed, but not zeroed");
			break;
		}
		if (ret == 1) {
			account(s, p->buf, last, &sum);
		} else {
			if (s->elem && p->buf[0] != 0xa5)
				tt_fail(TT_CONTENT, s->nr, "written though %d", ret);
			if (ret != -EAGAIN && ret != -ETIMEDOUT)
				break;
			if (ret == -EAGAIN)
				goro_yield();
		}
		check_bound(s);
		tt_pause(r, s->nr);
	}
	atomic64_add(sum, &s->sum_out);
	atomic64_add(ops, &tt_totals.ops);
}

static void member(void *arg)
{
	struct part *p = arg;
	struct chan *s = p->s;
	struct rnd_state r;

	tt_seed(&r, s->nr, p->index);
	if (p->index <= s->nsend)
		sender(p, &r);
	else
		receiver(p, &r);
	goro_wg_done(&s->wg);
}

static int g_member(void *arg)
{
	member(arg);
	return 0;
}

/* ---- the whole ------------------------------------------------------- */

static bool start(struct chan *s, struct rnd_state *r)
{
	/* threads on one side only (see pause.c), and never all of it */
	u32 threads = tt_rnd(r, 4), i, n = s->nsend + s->nrecv;

	for (i = 0; i < n; i++) {
		struct part *p = &s->part[i];
		bool send = i < s->nsend;

		p->s = s;
		p->index = i + 1;
		p->id = send ? i : i - s->nsend;
		p->buf = kmalloc(max(s->elem, 8U), GFP_KERNEL);
		if (!p->buf)
			return false;
	}
	goro_wg_add(&s->wg, n);
	for (i = 0; i < n; i++) {
		struct part *p = &s->part[i];
		bool first;

		/* some start late, when others wait, or have gone */
		if (!tt_rnd(r, 16))
			goro_yield();
		first = p->index <= s->nsend;
		if (threads == first && p->id && tt_on_thread(member, p))
			continue;
		while (goro_group_go(&s->grp, g_member, p))
			goro_sleep(1000000);	/* no memory: it will come */
	}
	return true;
}

static void disturb(struct chan *s, struct rnd_state *r)
{
	if (s->mode == ORDERLY)
		return;
	if (tt_rnd(r, 4))
		goro_sleep(tt_rnd(r, 1000000));
	if (s->mode == CANCEL) {
		WRITE_ONCE(s->cancelled, true);
		goro_group_cancel(&s->grp);
		if (tt_rnd(r, 2))
			goro_yield();
	}
	do_close(s);
}

static void books(struct chan *s)
{
	int last[SIDE_MAX], i;
	u32 sent = 0, seq;
	u64 sum = 0;

	/* what the cancelled have left */
	for (i = 0; i < SIDE_MAX; i++)
		last[i] = -1;
	s->nrecv++;
	while (goro_chan_try_recv(s->c, s->part[0].buf) == 1)
		account(s, s->part[0].buf, last, &sum);
	atomic64_add(sum, &s->sum_out);

	for (i = 0; i < s->nsend; i++) {
		sent += s->sent[i];
		if (s->elem < 4)
			continue;
		for (seq = 0; seq < s->sent[i]; seq++)
			if (!test_bit(i * EACH_MAX + seq, s->seen))
				tt_fail(TT_LOST, s->nr, "sender %d, number %u of %u", i, seq,
					s->sent[i]);
		seq = find_next_bit(s->seen, (i + 1) * EACH_MAX, i * EACH_MAX + s->sent[i]);
		if (seq < (i + 1) * EACH_MAX)
			tt_fail(TT_DOUBLED, s->nr, "sender %d, number %u was never sent", i,
				seq - i * EACH_MAX);
		if (s->mode == ORDERLY && s->sent[i] != s->each)
			tt_fail(TT_LOST, s->nr, "sender %d stopped at %u of %u", i, s->sent[i],
				s->each);
	}
	if (sent != atomic_read(&s->received))
		tt_fail(sent > atomic_read(&s->received) ? TT_LOST : TT_DOUBLED, s->nr,
			"%u sent, %d received", sent, atomic_read(&s->received));
	if (atomic64_read(&s->sum_in) != atomic64_read(&s->sum_out))
		tt_fail(TT_SUM, s->nr, "%llx in, %llx out", (u64)atomic64_read(&s->sum_in),
			(u64)atomic64_read(&s->sum_out));
	if (goro_chan_len(s->c))
		tt_fail(TT_BOUND, s->nr, "%u left", goro_chan_len(s->c));
	atomic64_add(sent, &tt_totals.elements);
}

void tt_chan(u64 nr, struct rnd_state *r)
{
	struct chan *s = kvzalloc(sizeof(*s), GFP_KERNEL);
	int i, ret;

	if (!s)
		return;
	s->nr = nr;
	s->elem = elems[tt_rnd(r, ARRAY_SIZE(elems))];
	if (!tt_rnd(r, 50))
		s->elem = GORO_CHAN_ELEM_MAX;
	s->cap = tt_rnd(r, 2) ? 0 : tt_rnd(r, 2) ? tt_rnd(r, 4) : tt_rnd(r, 130);
	s->nsend = 1 + tt_rnd(r, tt_rnd(r, 2) ? SIDE_MAX : 2);
	s->nrecv = 1 + tt_rnd(r, tt_rnd(r, 2) ? SIDE_MAX : 2);
	s->each = 1 + tt_rnd(r, s->elem > 4096 ? 16 : EACH_MAX);
	s->mode = tt_rnd(r, 2) ? ORDERLY : tt_rnd(r, 2) ? CLOSE : CANCEL;
	atomic_set(&s->senders_left, s->nsend);
	goro_group_init(&s->grp);
	goro_wg_init(&s->wg);
	s->c = goro_chan_make(s->elem, s->cap, 0);
	if (IS_ERR(s->c)) {
		kvfree(s);
		return;
	}
	if (start(s, r)) {
		disturb(s, r);
		ret = goro_wg_wait_until(&s->wg, TT_NET);
		if (ret) {
			tt_fail(TT_ENDS, nr, "members do not end: %d", ret);
			/* keep all of it: they are in there */
			return;
		}
		ret = goro_group_wait_until(&s->grp, TT_NET);
		if (ret) {
			tt_fail(TT_ENDS, nr, "group: %d", ret);
			return;
		}
		books(s);
	}
	for (i = 0; i < 2 * SIDE_MAX; i++)
		kfree(s->part[i].buf);
	goro_chan_put(s->c);
	kvfree(s);
}
