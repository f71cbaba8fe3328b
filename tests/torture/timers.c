// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers and tickers that are set, stopped, set anew and dropped while they
 * fire and others receive; and functions that are started later, or stopped.
 *
 * Nothing stale: whoever sets or stops a timer publishes a moment (floor) at
 * which nothing of an earlier setting can be received any more. What is received
 * by a call that began after it was read has fired after it.
 *
 * Lifetime: members have a reference to the channel they receive from; the rest
 * lies in the driver's frame, which waits for members and for each function
 * that was not stopped.
 */
#include "torture.h"

#define TIMERS		3
#define TAKERS		5

struct timers {
	u64 nr;
	struct goro_timer *t[TIMERS];
	u64 floor[TIMERS];		/* written by the owner; release */
	struct goro_wg wg;		/* members */
	struct goro_wg funcs;		/* functions that are set */
	u32 ops;			/* C: of each member */
};

struct timer_member {
	struct timers *s;
	u32 i;
	struct goro_chan *c;		/* with a reference, or NULL */
};

/* nothing that fired before `from` is received by who reads it after this */
static void set_floor(struct timer_member *m, u64 from)
{
	smp_store_release(&m->s->floor[m->i], from);	/* after the stop or set; with taker() */
}

static void func(void *arg)
{
	struct timers *s = arg;

	goro_wg_done(&s->funcs);
}

/* sets a timer of its own, and a function's */
static void owner(void *arg)
{
	struct timer_member *m = arg;
	struct timers *s = m->s;
	struct goro_timer *t = s->t[m->i], *f = NULL;
	struct rnd_state r;
	u32 op;
	int was;

	tt_seed(&r, s->nr, m->i + 1);
	for (op = 0; op < s->ops; op++) {
		u64 v, ns = tt_rnd(&r, 4) ? tt_rnd(&r, 200000) : 0, from = ktime_get_ns();

		switch (tt_rnd(&r, 4)) {
		case 0:
			goro_timer_stop(t);
			/* whom others set nothing for: it stays empty */
			if (goro_chan_try_recv(goro_timer_chan(t), &v) != -EAGAIN)
				tt_fail(TT_DOUBLED, s->nr, "a value after stop");
			from = ktime_get_ns();
			set_floor(m, from);
			break;
		case 1:
			if (goro_timer_set(t, from + ns, tt_rnd(&r, 2) ? 1000 + ns : 0) < 0)
				tt_fail(TT_ERRNO, s->nr, "set");
			set_floor(m, from);
			break;
		default:
			goro_timer_set(t, from + ns, 0);
			set_floor(m, from);
		}
		if (!f || !tt_rnd(&r, 8)) {
			if (f) {
				if (goro_timer_stop(f))
					goro_wg_done(&s->funcs);
				goro_timer_put(f);
			}
			goro_wg_add(&s->funcs, 1);
			f = goro_timer_func(ns, func, s);
			if (IS_ERR(f)) {
				goro_wg_done(&s->funcs);
				f = NULL;
			}
		} else {
			goro_wg_add(&s->funcs, 1);
			was = goro_timer_reset(f, ns);
			if (was)
				goro_wg_done(&s->funcs);
		}
		tt_pause(&r, s->nr);
	}
	/* dropped as it is; who receives still has it */
	if (f) {
		if (goro_timer_stop(f))
			goro_wg_done(&s->funcs);
		goro_timer_put(f);
	}
	goro_timer_put(t);
	goro_wg_done(&s->wg);
}

static void taker(void *arg)
{
	struct timer_member *m = arg;
	struct timers *s = m->s;
	struct rnd_state r;
	u32 op, got = 0;

	tt_seed(&r, s->nr, 100 + m->i);
	for (op = 0; op < s->ops; op++) {
		/* before the receive; with set_floor() */
		u64 floor = smp_load_acquire(&s->floor[m->i % TIMERS]), v = 0;
		int ret = goro_chan_recv_until(m->c, &v, goro_in(tt_rnd(&r, 100000)));

		if (ret == 1) {
			got++;
			if (v < floor || v > ktime_get_ns())
				tt_fail(TT_DOUBLED, s->nr, "stale: %llu, set at %llu", v, floor);
		} else if (ret != -ETIMEDOUT) {
			tt_fail(TT_ERRNO, s->nr, "receive from a timer: %d", ret);
		}
		if (!tt_rnd(&r, 4))
			tt_pause(&r, s->nr);
	}
	atomic64_add(got, &tt_totals.elements);
	goro_chan_put(m->c);
	goro_wg_done(&s->wg);
}

void tt_timers(u64 nr, struct rnd_state *r)
{
	struct timers s = { .nr = nr, .ops = 20 + tt_rnd(r, 60) };
	u32 i, n;

	goro_wg_init(&s.wg);
	goro_wg_init(&s.funcs);
	for (n = 0; n < TIMERS; n++) {
		s.t[n] = goro_timer_make(tt_rnd(r, 100000));
		if (IS_ERR(s.t[n]))
			break;
	}
	/* with references first: an owner may end before the next member is started */
	for (i = 0; i < TAKERS && n == TIMERS; i++) {
		struct timer_member m = { &s, i, goro_chan_get(goro_timer_chan(s.t[i % TIMERS])) };

		goro_wg_add(&s.wg, 1);
		if (goro_go_copy(taker, &m, sizeof(m))) {
			goro_chan_put(m.c);
			goro_wg_done(&s.wg);
		}
	}
	for (i = 0; i < n; i++) {
		struct timer_member m = { &s, i };

		goro_wg_add(&s.wg, 1);
		if (n < TIMERS || goro_go_copy(owner, &m, sizeof(m))) {
			goro_timer_put(s.t[i]);
			goro_wg_done(&s.wg);
		}
	}
	tt_wait(&s.wg, nr, "timers");
	tt_wait(&s.funcs, nr, "functions of timers");
	atomic64_add(s.ops * (TIMERS + TAKERS), &tt_totals.ops);
}
