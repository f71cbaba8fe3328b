// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlines of Gs (sched/deadline.c): no deadline is missed by the timer that
 * stands for all of a queue, and none ends a wait but its own.
 */
#include "protocols.h"

/* ---- what the timer is set to: (4) of deadline.c --------------------------- */

enum { FRESH, ARMED, QLOCK };
/* ARMED: the timer goes off before the deadline, at it, after it */
enum { BEFORE, AT_IT, AFTER };

/* A G sets a deadline. */
static enum ran setter(struct world *w, int c)
{
	BEGIN;
	if (without == 2)
		RELEASE(FRESH, 1);
	else
		ATOMIC(k->r[0], exchange(&w->mem[FRESH], 1));
	LOAD(k->r[0], ARMED);
	if (k->r[0] == AFTER) {
		LOCK(QLOCK);
		LOAD(k->r[0], ARMED);
		if (k->r[0] == AFTER)
			STORE(ARMED, AT_IT);
		UNLOCK(QLOCK);
	}
	END;
}

/* The timer has gone off, on another CPU: nothing is in the tree. */
static enum ran timer(struct world *w, int c)
{
	BEGIN;
	LOCK(QLOCK);
	ATOMIC(k->r[0], exchange(&w->mem[FRESH], 0));
	STORE(ARMED, k->r[0] ? AT_IT : AFTER);
	if (without != 1)
		MB;
	LOAD(k->r[1], FRESH);
	if (k->r[1]) {
		ATOMIC(k->r[0], exchange(&w->mem[FRESH], 0));
		STORE(ARMED, AT_IT);
	}
	UNLOCK(QLOCK);
	END;
}

static enum ran armed_step(struct world *w, int c)
{
	return c ? timer(w, c) : setter(w, c);
}

static void armed_init(struct world *w)
{
	w->mem[ARMED] = BEFORE;		/* and it has gone off */
}

static bool armed_ok(const struct world *w)
{
	return w->cpu[0].pc == 255 && w->cpu[1].pc == 255 && w->mem[ARMED] == AT_IT;
}

const struct model model_deadline_armed = {
	.name = "deadline, timer",
	.without = { "as it is", "without the barrier after `armed`", "without that of the push" },
	.cpus = 2,
	.init = armed_init,
	.step = armed_step,
	.end_ok = armed_ok,
};

/* ---- a wait that ends otherwise: its deadline claims nothing any more ------- */

enum { CLAIM, IN, TREE, LOCKED, READY };
enum { IN_RUN, IN_WAIT, BY_PARTNER, BY_TIMEOUT };
#define WAITS	ghost[0]	/* the how-manieth wait this is */

/* Its first wait, with a deadline, is over when it is readied; the next one has none. */
static enum ran waiter(struct world *w, int c)
{
	BEGIN;
	WAIT(w->mem[READY]);
	LOAD(k->r[0], IN);
	if (k->r[0]) {
		if (without != 2)
			LOCK(LOCKED);
		LOAD(k->r[0], IN);
		if (k->r[0]) {
			STORE(TREE, 0);
			STORE(IN, 0);
		}
		if (without != 2)
			UNLOCK(LOCKED);
	}
	STORE(CLAIM, IN_RUN);
	ATOMIC(k->r[1], exchange(&w->mem[CLAIM], IN_WAIT));
	w->WAITS = 2;
	END;
}

static enum ran partner(struct world *w, int c)
{
	BEGIN;
	CMPXCHG(k->r[0], CLAIM, IN_WAIT, BY_PARTNER);
	/* it does not come later than the first wait: the channel's lock */
	if (k->r[0] && w->WAITS == 2)
		w->mem[CLAIM] = IN_WAIT;
	else if (k->r[0])
		RELEASE(READY, 1);
	END;
}

static enum ran taker(struct world *w, int c)
{
	BEGIN;
	LOCK(LOCKED);
	LOAD(k->r[0], TREE);
	if (k->r[0]) {
		STORE(TREE, 0);
		if (without == 1)
			RELEASE(IN, 0);
		CMPXCHG(k->r[1], CLAIM, IN_WAIT, BY_TIMEOUT);
		CHECK(!k->r[1] || w->WAITS == 1);
		if (without != 1)
			RELEASE(IN, 0);
	}
	UNLOCK(LOCKED);
	if (k->r[1])
		RELEASE(READY, 1);
	END;
}

static enum ran end_step(struct world *w, int c)
{
	return c == 0 ? waiter(w, c) : c == 1 ? partner(w, c) : taker(w, c);
}

static void end_init(struct world *w)
{
	w->mem[CLAIM] = IN_WAIT;
	w->mem[IN] = w->mem[TREE] = 1;
	w->WAITS = 1;
}

static bool end_ok(const struct world *w)
{
	int c;

	for (c = 0; c < 3; c++)
		if (w->cpu[c].pc != 255)
			return false;
	return w->mem[CLAIM] == IN_WAIT && !w->mem[IN] && !w->mem[TREE];
}

const struct model model_deadline_end = {
	.name = "deadline, end of the wait",
	.without = { "as it is", "with `in` cleared before the claim", "without the lock of who gives it up" },
	.cpus = 3,
	.init = end_init,
	.step = end_step,
	.end_ok = end_ok,
};
