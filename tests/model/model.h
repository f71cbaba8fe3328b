/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model checker's harness: what its files give each other.
 *
 * A scenario is a text: objects, then each goroutine's operations, between bars:
 *
 *	c0 c2 wg | s0 r1~ [s0,r1]! | r0 x1 | T k1 ww
 *
 *	c2	a channel with 2 buffered elements; i2: one of interrupts' kind
 *	wg, mu, rw, se	a WaitGroup (its count is 0), a mutex, an RWMutex, a semaphore of 2
 *	ti		a timer that is set for ever
 *	s0 r0 x0 p0	send, receive, close, drop the only reference of channel 0
 *	[s0,r1]		select
 *	a2 d ww		add 2 to the WaitGroup, done, wait
 *	l u L U M V	lock and unlock the mutex, the RWMutex for writing, for reading
 *	q2 v2		acquire and release 2 of the semaphore
 *	n h e P		set the timer anew, stop it, receive from it, drop it
 *	k1		cancel goroutine 1 (they count from 0)
 *	T		at the front: a thread, whose waiter lives for one wait only
 *	~ ! at the end	with a deadline, which comes at any moment; without waiting
 *
 * Two builds run scenarios: a deterministic scheduler (det.c), where each
 * synchronising call of core/ is a point at which any other goroutine may go on,
 * and real threads (threads.c). Both record the same history, of when each
 * operation began and how it ended, and spec.c judges it.
 */
#ifndef GORO_MODEL_H
#define GORO_MODEL_H

#include "../../kmod/core/core.h"
#include <goro/select.h>

#define MAX_G		6
#define MAX_OPS		8
#define MAX_CH		3
#define MAX_CASES	4
#define MAX_EVENTS	(2 * MAX_G * MAX_OPS)

enum op_kind {
	OP_SEND, OP_RECV, OP_CLOSE, OP_PUT, OP_SELECT,
	OP_ADD, OP_WAIT,
	OP_LOCK, OP_UNLOCK, OP_WLOCK, OP_WUNLOCK, OP_RLOCK, OP_RUNLOCK,
	OP_ACQUIRE, OP_RELEASE, OP_CANCEL,
	OP_SET, OP_STOP, OP_TICK, OP_DROP,
};

enum op_mode { M_FOREVER, M_DEADLINE, M_TRY };

struct op {
	u8 kind;		/* enum op_kind */
	u8 mode;		/* enum op_mode */
	s8 arg;			/* channel, goroutine, or number */
	u8 ncases;		/* of a select; each alternative is a send or a receive */
	struct { u8 kind, chan; } alts[MAX_CASES];
};

struct scenario {
	char text[256];
	int nch, ng;
	struct { u8 cap; bool irq; } ch[MAX_CH];
	bool wg, mu, rw, se, ti;
	struct { bool thread; int nops; struct op ops[MAX_OPS]; } g[MAX_G];
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
/* each byte of an element says who sent it */
#define VALUE(g, i)	((u8)((g) * 16 + (i) + 1))
#define ELEM(v)		((v) * 0x0101010101010101ULL)

/* scenario.c */
bool scenario_parse(struct scenario *s, const char *text);
void scenario_random(struct scenario *s, u64 seed);

/* The objects of one run. */
struct objects {
	struct goro_chan *ch[MAX_CH];
	struct goro_wg wg;
	struct goro_mutex mu;
	struct goro_rwmutex rw;
	struct goro_sema se;
	struct goro_timer *ti;
	u32 got[MAX_G];		/* bits of the lock operations that the goroutine holds by */
};

void objects_make(struct objects *o, const struct scenario *s);
void objects_free(struct objects *o, const struct scenario *s);
struct result op_run(struct objects *o, const struct scenario *s, int g, int i);

/* spec.c: NULL, or why the history is none of Go's */
const char *spec_check(const struct scenario *s, const struct history *h);
void history_print(const struct scenario *s, const struct history *h);

/* the build's: end goroutine `g`'s wait, deadlines */
void model_cancel(int g);
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
