/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sequential machine's state, and what its parts give each other: spec.c, the
 * search; spec_sync.c, channels, package sync and timers; spec_ctx.c, contexts and
 * groups.
 *
 * Each call that changes the state returns whether the history allows it.
 */
#ifndef GORO_SPEC_H
#define GORO_SPEC_H

#include "model.h"

/*
 * LATE: its wait is over, or it has done its first part; another moment will end it.
 * How far it is says `sub`, what it will return `ret`.
 */
enum phase { IDLE, BEGUN, WAITS, LATE, DONE };

/* sub of whatever is done under a context: only the scope is left to be left */
#define LEAVES	100
/* sub of a Cond's wait: its mutex is still to be unlocked */
#define UNLOCKS	1

/* state.set: made set, for ever: that is stopped like any setting */
enum { FOREVER = 1, TICKS };

struct state {
	struct { u8 n, closed, buf[4]; } ch[MAX_CH];
	s8 wg, rw;		/* rw: readers, or -1 */
	u8 mu, se;
	u8 set, tick;		/* the timer is; it has fired, which was not received */
	u8 at, clock, tick_at;	/* OP_SET_AT's moments: of the setting, the clock, the tick */
	u8 left_at, left_by;	/* 1 + who replaces a setting, which the clock may still come to */
	u8 once, once_result;	/* once: 1: its function runs, 2: it has ended */
	u8 cancelled, started;	/* a bit a goroutine */
	u8 nwait, wait[MAX_G];	/* who waits, in order */
	u8 entered;		/* a bit a goroutine: has found its operation's context uncancelled */
	struct { u8 op, phase, sub; s16 ret; } g[MAX_G];
	struct {
		s16 err;
		u8 cause;
		u8 made, put;
		u8 done, closed;	/* Done's channel is there; is closed */
		u8 closer;	/* 1 + who closes it, or has */
		u8 who;		/* 1 + who cancels it: has set err, or is about to, with the parent's */
	} cx[MAX_CX];
	struct { u8 armed; s8 by; } after[MAX_G];
	u8 member_who[MAX_G];	/* 1 + who cancels the member, and has not come to it */
	struct { s8 err; u8 n, used, members, cancelled, over; } gr[MAX_GR];
} __aligned(8);

#define NOBODY_WAITS_FOR	(MAX_G + 1)	/* cx.who: the thread of late work */

extern const struct scenario *scene;

extern const struct result *expect[MAX_G][MAX_OPS];	/* NULL: has not ended */
extern u8 begun[MAX_G][MAX_OPS], ended[MAX_G][MAX_OPS];	/* where in the history */

static inline const struct op *op_of(const struct state *st, int g)
{
	return &scene->g[g].ops[st->g[g].op];
}

static inline const struct result *result_of(const struct state *st, int g)
{
	return expect[g][st->g[g].op];
}

/* spec.c: g's operation is over, with this */
bool done(struct state *st, int g, int ret, u8 value, int chosen);
/* ... without success: of one under a context the context's error may come instead */
bool failed(struct state *st, int g, int ret);
/* it cannot go on: it waits, or fails */
bool waits(struct state *st, int g);
void leave_wait(struct state *st, int g);
bool late(struct state *st, int g, int sub, int ret);
/* its wait ends without what it waited for */
bool wait_fails(struct state *st, int g, int ret);
bool someone_waits(const struct state *st, int kind, int not);

/* moments: one of several ways, of which *more says that there is another */
bool sync_moment(struct state *st, int g, int way, bool *more);
bool sync_late(struct state *st, int g);
bool free_for(const struct state *st, int g);
bool take(struct state *st, int g);
bool once_ends(struct state *st, int g);
bool timer_fires(struct state *st);
bool clock_moves(struct state *st);
bool wake_done(struct state *st, int x);

bool ctx_moment(struct state *st, int g);
bool ctx_late(struct state *st, int g);
int under(const struct state *st, int g, int i);	/* the i-th context that its wait is under, or -1 */
bool under_cancelled(const struct state *st, int g);
bool fires_ctx(struct state *st, int x);		/* its deadline comes */
bool comes_to(struct state *st, int x);		/* who cancels its parent comes to it */
bool closes_done(struct state *st, int x);
enum done_state { DONE_THERE, DONE_MADE, DONE_TO_CLOSE };
enum done_state done_of(struct state *st, int g);
bool comes_to_member(struct state *st, int g);
bool cancels(const struct state *st, int g);		/* is g's cancel still under way? */
void cancel_over(struct state *st, int g);
bool ctx_at_rest(const struct state *st);		/* nothing more happens by itself */

#endif /* GORO_SPEC_H */
