// SPDX-License-Identifier: GPL-2.0-only
/*
 * Protocols of one goroutine that leaves its M: the switch section with on_cpu
 * (sched/switch.h, sched.c), the claim word with the cancel flag (core/waiter.h,
 * goro_wait_begin(), goro_g_cancel()), and events (sched/event.h).
 */
#include "protocols.h"

/*
 * The switch. Two Ms, each with a goroutine that parks and has been readied on
 * the other's P before it has left its stack; each M picks the other's goroutine.
 * Goroutine g's words: RUNQ it can be picked, ON_CPU, SP its saved registers.
 */
#define RUNQ(g)		(0 + (g))
#define ON_CPU(g)	(2 + (g))
#define SP(g)		(4 + (g))
#define USER(g)		w->ghost[g]	/* 1 + the CPU that is on its stack */

enum { SW_RELEASE = 1, SW_EARLY, SW_LOOK, SW_OWN_STACK };

static void switch_init(struct world *w)
{
	int g;

	for (g = 0; g < 2; g++) {
		w->mem[ON_CPU(g)] = 1;
		USER(g) = 1 + g;
	}
}

/* c is on the stack of goroutine c, and is to run o. */
static enum ran switch_step(struct world *w, int c)
{
	int o = !c;

	BEGIN;
	RELEASE(RUNQ(c), 1);		/* it waits, was claimed, and readied over there */
	WAIT(w->mem[RUNQ(o)]);		/* goro_p_get(): dequeued */
	if (without == SW_EARLY)
		RELEASE(ON_CPU(c), 0);
	LOAD(k->r[0], ON_CPU(o));	/* goro_pick() */
	if (without == SW_LOOK)
		k->r[0] = 0;
	if (k->r[0] && without == SW_OWN_STACK) {
		SPIN_WHILE(ON_CPU(o));	/* wrong: on the stack of c */
		k->r[0] = 0;
	}
	STORE(SP(c), 1);		/* goro_switch_to(): to o, or to the own stack */
	AT;
	USER(c) = 0;
	if (!k->r[0]) {
		LOAD(k->r[1], SP(o));
		CHECK(k->r[1] == 1 && !USER(o));
		USER(o) = 1 + c;
		STORE(ON_CPU(o), 1);
	}
	/* goro_switch_done() */
	if (without == SW_RELEASE)
		STORE(ON_CPU(c), 0);
	else if (without != SW_EARLY)
		RELEASE(ON_CPU(c), 0);
	if (k->r[0]) {
		SPIN_WHILE(ON_CPU(o));	/* run(), on the own stack */
		LOAD(k->r[1], SP(o));
		CHECK(k->r[1] == 1 && !USER(o));
		USER(o) = 1 + c;
		STORE(ON_CPU(o), 1);
	}
	END;
}

static bool switch_end(const struct world *w)
{
	return USER(0) == 2 && USER(1) == 1;
}

const struct model model_switch = {
	"switch section",
	{ "as it is", "on_cpu cleared without release", "on_cpu cleared before the stack is left",
	  "on_cpu not looked at", "waiting for on_cpu on a goroutine's stack" },
	2, switch_init, switch_step, switch_end,
};

/*
 * The claim word. CPU 0 waits twice; 1 cancels; 2 is a partner, who meets it once
 * if it finds it in the queue (its word is under the queue's lock).
 */
enum { CLAIM, CANCELLED, QUEUE, QLOCK, READY };
enum { RUN, WAITING, ARMED, FIRED, PARTNER, CANCEL, EVENT };
enum { CL_XCHG = 1, CL_LOOK, CL_BARRIER, CL_TWO_STEPS, CL_DEQUEUE };

static void claim_init(struct world *w)
{
	(void)w;
}

/* r[0]: waits done, r[1]: claim, r[2]: how it ended */
static enum ran waiter_step(struct world *w, int c)
{
	BEGIN;
	for (k->r[0] = 0; k->r[0] < 2; k->r[0]++) {
		LOCK(QLOCK);
		if (without == CL_XCHG)
			STORE(CLAIM, WAITING);
		else
			ATOMIC(k->r[1], exchange(&w->mem[CLAIM], WAITING));
		LOAD(k->r[1], CANCELLED);
		if (k->r[1] && without != CL_LOOK) {
			CMPXCHG(k->r[2], CLAIM, WAITING, CANCEL);
			if (k->r[2]) {
				STORE(CLAIM, RUN);
				UNLOCK(QLOCK);
				continue;
			}
		}
		STORE(QUEUE, 1);
		UNLOCK(QLOCK);
		WAIT(w->mem[READY]);	/* goro_park() */
		CHECK(w->mem[READY] == 1);
		w->mem[READY] = 0;
		LOAD(k->r[1], CLAIM);
		CHECK(k->r[1] >= PARTNER);
		STORE(CLAIM, RUN);
		if (k->r[1] == PARTNER)
			continue;
		/* give_up(): then the queue has nothing of it */
		LOCK(QLOCK);
		if (without != CL_DEQUEUE)
			STORE(QUEUE, 0);
		UNLOCK(QLOCK);
	}
	w->ghost[0] = 1;
	END;
}

static enum ran claim_step(struct world *w, int c)
{
	if (c == 0)
		return waiter_step(w, c);
	BEGIN;
	if (c == 1) {
		STORE(CANCELLED, 1);
		if (without != CL_BARRIER)
			MB;
	} else {
		LOCK(QLOCK);
		LOAD(k->r[0], QUEUE);
		if (k->r[0]) {
			STORE(QUEUE, 0);
			CHECK(!w->ghost[0]);	/* it has gone: nothing of it is queued */
		} else {
			UNLOCK(QLOCK);
			goto end;
		}
	}
	/* goro_claim() */
	LOAD(k->r[1], CLAIM);
	if (k->r[1] == WAITING) {
		if (without == CL_TWO_STEPS) {
			STORE(CLAIM, c == 1 ? CANCEL : PARTNER);
			k->r[2] = 1;
		} else {
			CMPXCHG(k->r[2], CLAIM, WAITING, c == 1 ? CANCEL : PARTNER);
		}
	}
	if (c == 2)
		UNLOCK(QLOCK);
	if (k->r[2])
		ATOMIC(k->r[3], w->mem[READY]++);	/* goro_ready() */
end:
	END;
}

static bool claim_end(const struct world *w)
{
	/* cancelled: no wait lasts */
	return w->ghost[0] && !w->mem[READY];
}

const struct model model_claim = {
	"claim word and cancel",
	{ "as it is", "goro_wait_begin() without its barrier", "the flag not looked at again",
	  "goro_g_cancel() without its barrier", "a claim in two steps",
	  "a wait that was cancelled stays queued" },
	3, claim_init, claim_step, claim_end,
};

/*
 * Events. CPU 0 waits for CONDITION; 1 makes it true and fires, or cancels.
 * The entry is in the wait queue all the time, the waker finds it.
 */
enum { CONDITION = 5 };
enum { EV_ARMED = 1, EV_FIRE, EV_STATE, EV_LOOK = 1, EV_CANCEL };

static enum ran event_waiter(struct world *w, int c)
{
	BEGIN;
	for (;;) {
		STORE(CLAIM, ARMED);			/* goro_event_arm() */
		if (without != EV_ARMED || w->ghost[1])
			MB;				/* goro_event_armed() */
		LOAD(k->r[0], CONDITION);
		if (k->r[0])
			break;
		/* goro_event_commit() */
		if (without == EV_STATE && !w->ghost[1]) {
			ATOMIC(k->r[1], exchange(&w->mem[CLAIM], WAITING));
			k->r[1] = 1;
		} else {
			CMPXCHG(k->r[1], CLAIM, ARMED, WAITING);
		}
		if (!k->r[1])
			continue;			/* it was fired: look again */
		LOAD(k->r[0], CANCELLED);
		if (k->r[0] && !(w->ghost[1] && without == EV_LOOK)) {
			CMPXCHG(k->r[1], CLAIM, WAITING, CANCEL);
			if (k->r[1])
				break;
		}
		WAIT(w->mem[READY]);
		w->mem[READY] = 0;
		LOAD(k->r[0], CLAIM);
		if (k->r[0] == CANCEL)
			break;
		CHECK(k->r[0] == EVENT);
	}
	w->ghost[0] = 1;
	END;
}

static enum ran event_step(struct world *w, int c)
{
	if (c == 0)
		return event_waiter(w, c);
	BEGIN;
	STORE(CONDITION, 1);
	if (without != EV_FIRE)
		MB;					/* goro_event_fire() */
	CMPXCHG(k->r[0], CLAIM, ARMED, FIRED);
	if (!k->r[0]) {
		LOAD(k->r[1], CLAIM);			/* goro_claim() */
		if (k->r[1] == WAITING)
			CMPXCHG(k->r[2], CLAIM, WAITING, EVENT);
		if (k->r[2])
			ATOMIC(k->r[3], w->mem[READY]++);
	}
	END;
}

static void event_cancel_init(struct world *w)
{
	w->ghost[1] = 1;
}

static enum ran event_cancel_step(struct world *w, int c)
{
	if (c == 0)
		return event_waiter(w, c);
	BEGIN;
	STORE(CANCELLED, 1);
	if (without != EV_CANCEL)
		MB;					/* goro_g_cancel() */
	LOAD(k->r[1], CLAIM);
	if (k->r[1] == WAITING)
		CMPXCHG(k->r[2], CLAIM, WAITING, CANCEL);
	if (k->r[2])
		ATOMIC(k->r[3], w->mem[READY]++);
	END;
}

static bool event_end(const struct world *w)
{
	return w->ghost[0] && !w->mem[READY];
}

const struct model model_event = {
	"events",
	{ "as it is", "goro_event_armed() without its barrier", "goro_event_fire() without its barrier",
	  "parking although it was fired" },
	2, claim_init, event_step, event_end,
};

const struct model model_event_cancel = {
	"events and cancel",
	{ "as it is", "the flag not looked at after the commit", "goro_g_cancel() without its barrier" },
	2, event_cancel_init, event_cancel_step, event_end,
};
