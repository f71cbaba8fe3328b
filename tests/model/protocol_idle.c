// SPDX-License-Identifier: GPL-2.0-only
/*
 * Protocols of Ms and Ps: idling and waking with the last spinner's rule
 * (sched/sched.c, goro_m_idle(), goro_wake_p()), and how a P goes from an M that
 * blocks to another and comes back (sched/block.c, goro_p_release(),
 * goro_p_start(), goro_m_wait()).
 */
#include "protocols.h"

/*
 * Idle and wake. CPU 0 pushes goroutines, and then never looks at them again;
 * each of the Ms of CPUs 1 and 2 may run one, which never ends. Wrong: a
 * goroutine is queued and an M sleeps.
 */
enum { HEAD, TAIL, NIDLE, NSPIN, IDLE1, IDLE2, GIVEN1, GIVEN2 };

#define IDLE(c)		(IDLE1 + (c) - 1)
#define GIVEN(c)	(GIVEN1 + (c) - 1)	/* m->p: 1 for the waker, 2 spinning, too */
#define RUNS(c)		w->ghost[c]

enum { ID_READY = 1, ID_IDLE, ID_LOOK, ID_LAST, ID_AGAIN };

static void idle_init(struct world *w)
{
	/* one spins, one sleeps */
	w->mem[NSPIN] = 1;
	w->mem[NIDLE] = 1;
	w->mem[IDLE2] = 1;
	w->cpu[1].r[4] = 1;
}

/* goro_wake_p(); r[0] to r[2] */
#define WAKE_P								\
for (;;) {								\
	LOAD(k->r[0], NIDLE);						\
	if (!k->r[0])							\
		break;							\
	LOAD(k->r[0], NSPIN);						\
	if (k->r[0])							\
		break;							\
	CMPXCHG(k->r[0], NSPIN, 0, 1);					\
	if (!k->r[0])							\
		break;							\
	for (k->r[1] = 1; k->r[1] < 3; k->r[1]++) {			\
		ATOMIC(k->r[2], exchange(&w->mem[IDLE(k->r[1])], 0));	\
		if (k->r[2])						\
			break;						\
	}								\
	if (k->r[1] < 3) {						\
		ADD(NIDLE, -1);						\
		STORE(GIVEN(k->r[1]), 2);	/* goro_p_start() */	\
		break;							\
	}								\
	/* who saw that count relied on us: look again */		\
	if (without == ID_AGAIN) {					\
		ADD(NSPIN, -1);						\
		break;							\
	}								\
	ATOMIC(k->r[0], --w->mem[NSPIN]);				\
	if (k->r[0])							\
		break;							\
	LOAD(k->r[0], TAIL);						\
	LOAD(k->r[1], HEAD);						\
	if (k->r[0] == k->r[1])						\
		break;							\
	LOAD(k->r[0], IDLE1);						\
	LOAD(k->r[1], IDLE2);						\
	if (!k->r[0] && !k->r[1])					\
		break;							\
}

/* The M of CPU c; r[4]: it spins. */
static enum ran idle_m(struct world *w, int c)
{
	BEGIN;
	for (;;) {
		if (!k->r[4])
			goto asleep;
		/* find(), goro_steal() */
		LOAD(k->r[0], TAIL);
		LOAD(k->r[1], HEAD);
		if (k->r[0] != k->r[1]) {
			CMPXCHG(k->r[2], HEAD, k->r[1], k->r[1] + 1);
			if (!k->r[2])
				continue;
			/* stop_spinning() */
			ATOMIC(k->r[3], --w->mem[NSPIN]);
			if (!k->r[3] && without != ID_LAST)
				WAKE_P;
			RUNS(c) = 1;
			goto end;
		}
		/* goro_m_idle() */
		ADD(NIDLE, 1);
		STORE(IDLE(c), 1);
		ADD(NSPIN, -1);
		k->r[4] = 0;
		if (without != ID_IDLE)
			MB;
		/* m_sleep() */
		if (without != ID_LOOK) {
			LOAD(k->r[0], TAIL);
			LOAD(k->r[1], HEAD);
			if (k->r[0] != k->r[1]) {
				ATOMIC(k->r[2], exchange(&w->mem[IDLE(c)], 0));
				if (k->r[2]) {
					ADD(NIDLE, -1);
					ADD(NSPIN, 1);
					k->r[4] = 1;
					continue;
				}
			}
		}
asleep:
		WAIT(w->mem[GIVEN(c)]);
		w->mem[GIVEN(c)] = 0;
		k->r[4] = 1;
	}
end:
	END;
}

static enum ran idle_step(struct world *w, int c)
{
	if (c)
		return idle_m(w, c);
	BEGIN;
	for (k->r[3] = 0; k->r[3] < 2; k->r[3]++) {
		/* goro_ready_g() */
		LOAD(k->r[0], TAIL);
		RELEASE(TAIL, k->r[0] + 1);
		if (without != ID_READY)
			MB;
		WAKE_P;
	}
	END;
}

static bool idle_end(const struct world *w)
{
	return w->mem[HEAD] == w->mem[TAIL] || (RUNS(1) && RUNS(2));
}

const struct model model_idle = {
	"idle and wake",
	{ "as it is", "the barrier between push and look for an idle P",
	  "the barrier between idle bit and last look", "the last look",
	  "the last spinner's wakeup", "the waker's look again when it found no idle P" },
	3, idle_init, idle_step, idle_end,
};

/*
 * The handoff. One P. CPU 0 is M 0, which has it, with a goroutine that begins a
 * bracket, and ends it when the one has run that CPU 2 pushes to the P's inbox, as
 * from another CPU; CPU 1 is M 1, which comes to be a spare. An M that has the P
 * runs what there is, and idles. Wrong: two own the P, or all sleep with work queued.
 */
enum { WORK, PIDLE, PLOCK, SPARES, GIVE0, GIVE1, DONE };

#define GIVE(c)		(GIVE0 + (c))
#define SPARE(c)	(1 << (c))
#define OWNS(c)		w->ghost[c]
#define BLOCKED_G	w->ghost[3]	/* the goroutine has a P again */

enum { HO_WAIT = 1, HO_START, HO_RELEASE, HO_AGAIN, HO_PUSH, HO_LOOK };

static void handoff_init(struct world *w)
{
	OWNS(0) = 1;
}

/* what is claimed with the idle bit, or given under the lock, has no owner */
#define OWN(c)		do { CHECK(!OWNS(0) && !OWNS(1)); OWNS(c) = 1; } while (0)

/* p_give(): r[0] is the M, or 2 */
#define P_GIVE								\
do {									\
	LOCK(PLOCK);							\
	LOAD(k->r[0], SPARES);						\
	k->r[0] = k->r[0] & 1 ? 0 : k->r[0] & 2 ? 1 : 2;		\
	if (k->r[0] < 2) {						\
		LOAD(k->r[1], SPARES);					\
		STORE(SPARES, k->r[1] & ~SPARE(k->r[0]));		\
		STORE(GIVE(k->r[0]), 1);				\
		OWN(k->r[0]);						\
	}								\
	UNLOCK(PLOCK);							\
} while (0)

/* goro_p_start(): the caller has cleared the idle bit; r[0], r[1] */
#define P_START								\
do {									\
	for (;;) {							\
		P_GIVE;							\
		if (k->r[0] < 2)					\
			break;						\
		STORE(PIDLE, 1);					\
		if (without != HO_START)				\
			MB;						\
		LOAD(k->r[0], SPARES);	/* list_empty_careful() */	\
		if (!k->r[0] || without == HO_AGAIN)			\
			break;						\
		ATOMIC(k->r[0], exchange(&w->mem[PIDLE], 0));		\
		if (!k->r[0])						\
			break;						\
	}								\
} while (0)

static enum ran handoff_m(struct world *w, int c)
{
	BEGIN;
	if (c == 1)
		goto spare;
	/* goro_block_begin(), goro_p_release() */
	AT;
	OWNS(0) = 0;
	LOAD(k->r[2], WORK);
	if (k->r[2])
		P_GIVE;
	if (!k->r[2] || k->r[0] == 2) {
		STORE(PIDLE, 1);
		if (without != HO_RELEASE)
			MB;
		LOAD(k->r[2], WORK);
		if (k->r[2] && without != HO_LOOK) {
			ATOMIC(k->r[2], exchange(&w->mem[PIDLE], 0));
			if (k->r[2])
				P_START;
		}
	}
	/* it is blocked until the other goroutine has run */
	WAIT(w->mem[DONE]);
	/* goro_block_end() */
	LOAD(k->r[0], PIDLE);
	if (k->r[0]) {
		ATOMIC(k->r[0], exchange(&w->mem[PIDLE], 0));
		if (k->r[0]) {
			OWN(0);
			BLOCKED_G = 1;
			goto loop;
		}
	}
	/* goro_inbox_push() of itself */
	ATOMIC(k->r[0], ++w->mem[WORK]);
	BLOCKED_G = 1;		/* it runs when the work has been done */
	LOAD(k->r[0], PIDLE);
	if (k->r[0]) {
		ATOMIC(k->r[0], exchange(&w->mem[PIDLE], 0));
		if (k->r[0])
			P_START;
	}
spare:
	/* goro_m_wait() */
	LOCK(PLOCK);
	LOAD(k->r[0], SPARES);
	STORE(SPARES, k->r[0] | SPARE(c));
	UNLOCK(PLOCK);
	if (without != HO_WAIT)
		MB;
	for (;;) {
		/* m_sleep() */
		LOAD(k->r[0], WORK);
		if (k->r[0])
			LOAD(k->r[0], PIDLE);
		if (k->r[0]) {
			ATOMIC(k->r[0], exchange(&w->mem[PIDLE], 0));
			if (k->r[0]) {
				LOCK(PLOCK);
				LOAD(k->r[1], SPARES);
				STORE(SPARES, k->r[1] & ~SPARE(c));
				AT;
				OWN(c);
				UNLOCK(PLOCK);
				goto loop;
			}
		}
		WAIT(w->mem[GIVE(c)]);
		w->mem[GIVE(c)] = 0;
loop:
		/* goro_m_loop(): run what there is */
		for (;;) {
			LOAD(k->r[0], WORK);
			if (!k->r[0])
				break;
			ATOMIC(k->r[0], exchange(&w->mem[WORK], 0));
			w->mem[DONE] = 1;
			CHECK(OWNS(c));
		}
		/* goro_m_idle() */
		LOCK(PLOCK);
		LOAD(k->r[0], SPARES);
		STORE(SPARES, k->r[0] | SPARE(c));
		AT;
		OWNS(c) = 0;
		UNLOCK(PLOCK);
		STORE(PIDLE, 1);
		MB;
	}
	END;
}

static enum ran handoff_step(struct world *w, int c)
{
	if (c < 2)
		return handoff_m(w, c);
	BEGIN;
	/* goro_inbox_push() */
	if (without == HO_PUSH)
		STORE(WORK, 1);
	else
		ATOMIC(k->r[0], ++w->mem[WORK]);
	LOAD(k->r[0], PIDLE);
	if (k->r[0]) {
		ATOMIC(k->r[0], exchange(&w->mem[PIDLE], 0));
		if (k->r[0])
			P_START;
	}
	END;
}

static bool handoff_end(const struct world *w)
{
	return BLOCKED_G && !w->mem[WORK];
}

const struct model model_handoff = {
	"handoff of a P",
	{ "as it is", "goro_m_wait() without its barrier", "goro_p_start() without its barrier",
	  "goro_p_release() without its barrier", "goro_p_start() not looking for a spare again",
	  "a push that is no barrier", "goro_p_release() not looking for work again" },
	3, handoff_init, handoff_step, handoff_end,
};
