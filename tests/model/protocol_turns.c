// SPDX-License-Identifier: GPL-2.0-only
/*
 * Turns of a P: a goroutine that keeps its M asks for the P of its CPU, and takes turns with those that wait in its queues (sched/own.c,
 * goro_p_want(), goro_p_answer(), goro_p_set_idle(), goro_p_release(); the owner's
 * side is give_up() in sched/sched.c).
 *
 * One P. CPU 2 is M 2, its owner, which runs what is queued and looks at p->call in
 * between; CPUs 0 and 1 are the Ms of locked goroutines that want the P, have it once
 * and give it up. In the second model CPU 1 pushes work, as from elsewhere. Wrong: two
 * own the P; somebody who wants it sleeps for ever, or work stays queued; one who wanted
 * it is followed by another one who did, though work waited.
 */
#include "protocols.h"

enum { CALL, PIDLE, PLOCK, WANTS, SPARES, GIVEN, WORK, STATE0, STATE1 };

#define STATE(c)	(STATE0 + (c))		/* 1: the task sleeps, or is about to */
#define OWNS(c)		w->ghost[c]
#define HAD(c)		w->ghost[3 + (c)]	/* it has had the P */
#define SERVED		w->ghost[5]		/* p->served: who has the P alone looks at it */
#define THEIR_TURN	w->ghost[6]		/* work waited when one who had wanted the P left it */

#define A_PUSH		w->ghost[7]	/* the second model */

enum { TU_WANT = 1, TU_IDLE, TU_LOOK, TU_CLAIM, TU_STATE, TU_MORE, TU_SERVED, TU_OWNER };
enum { TP_PUSH = TU_LOOK + 1, TP_AGAIN };
#define WITHOUT(v)	(without == (v) && !A_PUSH)	/* of the first model only */
#define P_WITHOUT(v)	(without == (v) && A_PUSH)

static void turns_init(struct world *w)
{
	OWNS(2) = 1;
	w->mem[WORK] = 1;
}

#define OWN(c)		do { CHECK(!OWNS(0) && !OWNS(1) && !OWNS(2)); OWNS(c) = 1; } while (0)

/* goro_p_claim_idle() */
#define CLAIM_IDLE(reg)							\
do {									\
	LOAD(reg, PIDLE);						\
	if (reg)							\
		ATOMIC(reg, exchange(&w->mem[PIDLE], 0));		\
} while (0)

/* goro_p_answer(), p_give_wanted(); r[0]: whom it was given to, plus 1 */
#define ANSWER								\
do {									\
	LOCK(PLOCK);							\
	LOAD(k->r[0], WANTS);						\
	if (k->r[0]) {							\
		OWN((k->r[0] & 3) - 1);					\
		CHECK(!THEIR_TURN);					\
		SERVED = 1;						\
		STORE(WANTS, k->r[0] >> 2);				\
	}								\
	if (!(k->r[0] >> 2) || WITHOUT(TU_MORE))			\
		STORE(CALL, 0);						\
	k->r[0] &= 3;							\
	UNLOCK(PLOCK);							\
	if (k->r[0])							\
		ATOMIC(k->r[1], exchange(&w->mem[STATE(k->r[0] - 1)], 0)); /* wake_up_process() */ \
} while (0)

/* goro_p_set_idle() */
#define SET_IDLE							\
do {									\
	STORE(PIDLE, 1);						\
	if (without != TU_IDLE)						\
		MB;							\
	if (without == TU_LOOK)						\
		break;							\
	LOAD(k->r[0], CALL);						\
	if (!k->r[0])							\
		break;							\
	CLAIM_IDLE(k->r[0]);						\
	if (!k->r[0])							\
		break;							\
	ANSWER;								\
} while (!k->r[0])

/* p_give(); r[0] */
#define P_GIVE								\
do {									\
	LOCK(PLOCK);							\
	LOAD(k->r[0], SPARES);						\
	if (k->r[0]) {							\
		STORE(SPARES, 0);					\
		STORE(GIVEN, 1);					\
		OWN(2);							\
	}								\
	UNLOCK(PLOCK);							\
} while (0)

/* goro_p_start(); the P is in hand */
#define P_START								\
for (;;) {								\
	P_GIVE;								\
	if (k->r[0])							\
		break;							\
	SET_IDLE;							\
	MB;								\
	LOAD(k->r[0], SPARES);						\
	if (!k->r[0])							\
		break;							\
	CLAIM_IDLE(k->r[0]);						\
	if (!k->r[0])							\
		break;							\
}

/* goro_p_release(); the P is in hand. r[2] */
#define P_RELEASE							\
do {									\
	LOAD(k->r[2], WORK);						\
	THEIR_TURN = k->r[2] && SERVED;					\
	LOAD(k->r[0], CALL);						\
	if (k->r[0] && (!THEIR_TURN || WITHOUT(TU_SERVED))) {		\
		ANSWER;							\
		if (k->r[0])						\
			break;						\
	}								\
	if (k->r[2]) {							\
		P_GIVE;							\
		if (k->r[0])						\
			break;						\
	}								\
	SET_IDLE;							\
	MB;			/* (2) of sched.c */			\
	LOAD(k->r[2], WORK);						\
	if (!k->r[2] || P_WITHOUT(TP_AGAIN))				\
		break;							\
	CLAIM_IDLE(k->r[0]);						\
	if (k->r[0])							\
		P_START;						\
} while (0)

/* Is c still in the list that r[0] is? */
#define IN_LIST(c)	((k->r[0] & 3) == (c) + 1 || k->r[0] >> 2 == (c) + 1)

static enum ran wanter(struct world *w, int c)
{
	BEGIN;
	/* goro_p_want() */
	CLAIM_IDLE(k->r[0]);			/* goro_p_regain() */
	if (k->r[0]) {
		OWN(c);
		goto have;
	}
	LOCK(PLOCK);
	LOAD(k->r[0], WANTS);
	STORE(WANTS, k->r[0] ? k->r[0] | (c + 1) << 2 : c + 1);
	STORE(CALL, 1);
	UNLOCK(PLOCK);
	if (without != TU_WANT)
		MB;
	if (!WITHOUT(TU_CLAIM)) {
		CLAIM_IDLE(k->r[0]);
		if (k->r[0])
			P_RELEASE;
	}
	for (;;) {
		if (!WITHOUT(TU_STATE)) {
			STORE(STATE(c), 1);
			MB;
		}
		LOCK(PLOCK);
		LOAD(k->r[0], WANTS);
		UNLOCK(PLOCK);
		if (!IN_LIST(c))
			break;
		if (WITHOUT(TU_STATE)) {
			STORE(STATE(c), 1);
			MB;
		}
		WAIT(!w->mem[STATE(c)]);
	}
have:
	/* its goroutine runs, and waits: goro_bound_give_up() */
	AT;
	CHECK(OWNS(c));
	OWNS(c) = 0;
	HAD(c) = 1;
	P_RELEASE;
	END;
}

static enum ran owner(struct world *w, int c)
{
	BEGIN;
	/* goro_m_loop() */
	for (;;) {
		if (!WITHOUT(TU_OWNER)) {
			LOAD(k->r[0], CALL);
			LOAD(k->r[1], WORK);
			if (k->r[0] && SERVED && k->r[1])
				SERVED = 0;	/* give_up(): one in between */
			else if (k->r[0])
				goto idle;
		}
		LOAD(k->r[0], WORK);
		if (k->r[0]) {
			ATOMIC(k->r[0], --w->mem[WORK]);
			CHECK(OWNS(c));
			THEIR_TURN = 0;
			/* what it runs comes to scheduling points only, on and on */
			if (WITHOUT(TU_OWNER))
				WAIT(HAD(0) && HAD(1));
			continue;
		}
idle:
		/* goro_m_idle() */
		LOCK(PLOCK);
		STORE(SPARES, 1);
		AT;
		OWNS(c) = 0;
		UNLOCK(PLOCK);
		SET_IDLE;
		MB;
		for (;;) {
			/* m_sleep() */
			LOAD(k->r[0], WORK);
			if (k->r[0]) {
				CLAIM_IDLE(k->r[0]);
				if (k->r[0]) {
					LOCK(PLOCK);
					STORE(SPARES, 0);
					AT;
					OWN(c);
					UNLOCK(PLOCK);
					break;
				}
			}
			WAIT(w->mem[GIVEN]);
			w->mem[GIVEN] = 0;
			break;
		}
	}
	END;
}

static enum ran turns_step(struct world *w, int c)
{
	return c < 2 ? wanter(w, c) : owner(w, c);
}

static bool turns_end(const struct world *w)
{
	return HAD(0) && HAD(1) && !w->mem[WORK];
}

const struct model model_turns = {
	"turns of those who want a P",
	{ "as it is", "goro_p_want() without its barrier", "goro_p_set_idle() without its barrier",
	  "goro_p_set_idle() not looking at the call", "goro_p_want() not looking for the idle P",
	  "looking whether it was given before the state is set",
	  "a call that is over with the first one served", "who wants it goes first again and again",
	  "an owner that does not look at the call" },
	3, turns_init, turns_step, turns_end,
};

/* One who wants the P, and, on CPU 1, one who pushes work from elsewhere. */
static void push_init(struct world *w)
{
	OWNS(2) = 1;
	HAD(1) = 1;
	A_PUSH = 1;
}

static enum ran push_step(struct world *w, int c)
{
	if (c != 1)
		return turns_step(w, c);
	BEGIN;
	/* goro_inbox_push() */
	if (P_WITHOUT(TP_PUSH))
		STORE(WORK, 1);
	else
		ATOMIC(k->r[0], ++w->mem[WORK]);
	CLAIM_IDLE(k->r[0]);
	if (k->r[0])
		P_START;
	END;
}

const struct model model_turns_push = {
	"a P that is wanted, and a push",
	{ "as it is", "goro_p_want() without its barrier", "goro_p_set_idle() without its barrier",
	  "goro_p_set_idle() not looking at the call", "a push that is no barrier",
	  "goro_p_release() not looking for work again" },
	3, push_init, push_step, turns_end,
};
