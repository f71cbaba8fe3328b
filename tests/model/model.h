/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model checker's harness: what its files give each other.
 *
 * A scenario is a text: objects, then each goroutine's operations, between bars:
 *
 *	c0 c2 wg | s0 r1~ [s0,r1]! | r0 x1 | T k1 ww
 *
 *	c2	a channel with 2 buffered elements; i2: one of interrupts' kind
 *	wg mu rw se co on	a WaitGroup (its count is 0), a mutex, an RWMutex, a
 *			semaphore of 2, a Cond (of the mutex), a Once
 *	ti tk tf	a timer that is set for ever; a ticker; a timer that starts those
 *			that have an F, one after the other
 *	x y v o		contexts: to cancel, with a deadline, with a value, without cancel;
 *			x0: derived from context 0; x0?: by a D in the run
 *	gr gx		a group; one with a context, which is the next in number. gx0: the
 *			context is derived from context 0; gr/1: one member at a time
 *
 *	s0 r0 x0 p0	send, receive, close, drop the only reference of channel 0
 *	[s0,r1,d0]	select; d0: context 0 is done
 *	a2 d ww		add 2 to the WaitGroup, done, wait
 *	l u L U M V	lock and unlock the mutex, the RWMutex for writing, for reading
 *	q2 v2		acquire and release 2 of the semaphore
 *	c S H		wait for the Cond, signal, broadcast
 *	o B		do the Once; call it for its result
 *	n m h e P	set the timer anew, to a later moment, stop it, receive from it, drop it
 *	K0 E0 N0 G0	cancel context 0 (the cause is who and which), ask for its error and
 *			cause, wait until it is done, ask for the value
 *	D1 O1		derive context 1, put it; these are the goroutine's own
 *	Y02 Z2		after context 0 start goroutine 2, an F; stop that
 *	g2 z3		start goroutine 2 in its group; be it, and end with errno 3
 *	j0 J0 Q0	wait for group 0, cancel it, stop it
 *	k1		cancel goroutine 1 (they count from 0)
 *	T		at the front: a thread, whose waiter lives for one wait only
 *	F F0		at the front: it begins when it is started; F0: a member of group 0
 *	@0 ~ ! at the end	under context 0; with a deadline, which comes at any moment;
 *			without waiting
 *
 * Two builds run scenarios: a deterministic scheduler (det.c), where each
 * synchronising call of core/ is a point at which any other goroutine may go on,
 * and real threads (threads.c). Both record the same history, of when each
 * operation began and how it ended, and spec.c judges it.
 */
#ifndef GORO_MODEL_H
#define GORO_MODEL_H

#include "../../kmod/core/core.h"
#include <goro/ctx.h>
#include <goro/select.h>

/* groups, as goro.h has them */
void goro_group_init(struct goro_group *grp);
int __goro_group_init_ctx(struct goro_group *grp, struct goro_ctx *parent, struct module *owner);
struct goro_ctx *goro_group_ctx(struct goro_group *grp);
int goro_group_set_limit(struct goro_group *grp, long n);
void goro_group_cancel(struct goro_group *grp);
int goro_group_wait_until(struct goro_group *grp, u64 deadline);
void goro_group_stop(struct goro_group *grp);

#define MAX_G		6
#define MAX_OPS		8
#define MAX_CH		3
#define MAX_CX		5
#define MAX_GR		2
#define MAX_CASES	4
#define MAX_EVENTS	(2 * MAX_G * MAX_OPS)

enum op_kind {
	OP_SEND, OP_RECV, OP_CLOSE, OP_PUT, OP_SELECT,
	OP_ADD, OP_WAIT,
	OP_LOCK, OP_UNLOCK, OP_WLOCK, OP_WUNLOCK, OP_RLOCK, OP_RUNLOCK,
	OP_ACQUIRE, OP_RELEASE, OP_CANCEL,
	OP_SET, OP_SET_AT, OP_STOP, OP_TICK, OP_DROP,
	OP_COND, OP_SIGNAL, OP_BROADCAST, OP_ONCE, OP_ONCE_CALL,
	OP_CTX_CANCEL, OP_CTX_ERR, OP_CTX_DONE, OP_CTX_VALUE, OP_CTX_DERIVE, OP_CTX_PUT,
	OP_AFTER, OP_AFTER_STOP,
	OP_GO, OP_LEAVE, OP_GROUP_WAIT, OP_GROUP_CANCEL, OP_GROUP_STOP,
	OP_KINDS
};

enum op_mode { M_FOREVER, M_DEADLINE, M_TRY };

struct op {
	u8 kind;		/* enum op_kind */
	u8 mode;		/* enum op_mode */
	s8 arg;			/* channel, goroutine, context, group, or number */
	s8 cx;			/* the context it is done under, or -1 */
	s8 fn;			/* of OP_AFTER: the goroutine */
	u8 ncases;		/* of a select; each alternative is a send, a receive or OP_CTX_DONE */
	struct { u8 kind, chan; } alts[MAX_CASES];
};

struct scenario {
	char text[256];
	int nch, ng;
	struct { u8 cap; bool irq; } ch[MAX_CH];
	bool wg, mu, rw, se, co, on;
	char ti;			/* 0, 'i': timer, 'k': ticker, 'f': function */
	int ncx, ngr;
	struct { char kind; s8 parent; bool late; } cx[MAX_CX];
	struct { s8 limit, cx; } gr[MAX_GR];	/* or -1 */
	struct {
		bool thread, fn;	/* fn: it has to be started */
		s8 group;		/* or -1 */
		int nops;
		struct op ops[MAX_OPS];
	} g[MAX_G];
};

/* what an operation came to; value: of a receive, chosen: of a select */
struct result {
	s16 ret;
	u8 value;
	s8 chosen;
};

/* one moment of a run: an operation began, or ended */
struct event {
	u8 g;
	bool end;
	struct result r;	/* of an end */
};

struct history {
	int n;
	struct event ev[MAX_EVENTS];
};

#define SKIPPED		1000	/* ret of an unlock whose lock was not got */
#define SEM_SIZE	2
#define ONCE_DONE	4	/* the value of a Once whose function has ended */
#define CAUSE_DEADLINE	200	/* and the context's number: the cause when its deadline came */
/* each byte of an element says who sent it */
#define VALUE(g, i)	((u8)((g) * 16 + (i) + 1))
#define ELEM(v)		((v) * 0x0101010101010101ULL)

/* scenario.c */
bool scenario_parse(struct scenario *s, const char *text);
/* the one that cancels context i: itself, an ancestor, or -1 */
int scenario_by(const struct scenario *s, int i);
bool scenario_is_after(const struct scenario *s, int g);	/* is g started by an after-func? */

/* made_up.c */
void scenario_random(struct scenario *s, u64 seed);

struct model_member {
	struct goro_member mb;
	int g;
};

/* late.c: the timer that work for a thread waits with */
extern goro_ktimer_t model_late_timer;
void model_late_init(void);

/* ops.c: the objects of one run */
struct objects {
	struct goro_chan *ch[MAX_CH];
	struct goro_wg wg;
	struct goro_mutex mu;
	struct goro_rwmutex rw;
	struct goro_sema se;
	struct goro_cond co;
	struct goro_once on;
	atomic_t once_state;	/* 1: its function runs, 2: it has ended */
	int once_plain;		/* the same */
	int mu_plain, rw_plain;	/* what these locks keep: TSan looks whether they order it */
	int rw_seen[MAX_G];
	struct goro_timer *ti;
	struct goro_ctx *cx[MAX_CX];
	struct goro_after *after[MAX_G];
	struct goro_group gr[MAX_GR];
	struct model_member *member[MAX_G];
	struct goro_scope scope[MAX_G];	/* a member's, of its group's context */
	u32 got[MAX_G];		/* bits of the lock operations that the goroutine holds by */
	u32 fns;		/* of the timer: those that were started */
};

extern struct objects objects;
void objects_make(struct objects *o, const struct scenario *s);
void objects_free(struct objects *o, const struct scenario *s);
struct result op_run(struct objects *o, const struct scenario *s, int g, int i);
void op_begin_goroutine(struct objects *o, const struct scenario *s, int g);
void op_leave_group(struct objects *o, const struct scenario *s, int g, int err);
int op_start_timer_fn(struct objects *o, const struct scenario *s);

/* spec.c: NULL, or why the history is none of Go's */
const char *spec_check(const struct scenario *s, const struct history *h);
void history_print(const struct scenario *s, const struct history *h);

/* the build's: end goroutine `g`'s wait, deadlines; start it: it puts ctx at its end */
void model_cancel(int g);
void model_start(int g, struct goro_ctx *ctx);
u64 model_deadline(enum op_mode mode);

/* xorshift64* */
static inline u64 rnd(u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

#endif /* GORO_MODEL_H */
