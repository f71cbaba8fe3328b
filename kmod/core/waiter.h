/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Who waits: a goroutine or a thread, behind one claim word.
 *
 * Waking happens once: whoever moves the claim word from a waiting state to a
 * reason, by one cmpxchg, has the waiter and must ready it, exactly once; all
 * others leave it alone. Candidates are a channel partner, close, a deadline,
 * a cancel, a signal (threads) and an event (a wait-queue callback).
 *
 *   RUN --> WAIT or WAIT_NC --> reason --> RUN
 *           \--- HELD ---/                  for a moment, and back to WAIT or WAIT_NC: the
 *                                           port does something to it (sched/trim.c)
 *   RUN --> ARMED --> WAIT --> reason        events: registered before parking
 *             \-----> FIRED                  the event came first: no park
 *                                           (sched/event.h)
 *
 * The waiter itself moves RUN to WAIT (a full barrier: see goro_wait_begin())
 * and the reason back to RUN, when it runs again and its deadline is in no queue. In
 * RUN nobody can claim it, and it does not wait again before its sudogs are off
 * every queue, each taken off under the queue's lock. That is why no sequence
 * number is needed: a sudog found in a queue under the queue's lock belongs to
 * the wait that is going on, or to one that has ended and cannot be claimed.
 */
#ifndef _GORO_CORE_WAITER_H
#define _GORO_CORE_WAITER_H

#include <goro/types.h>

enum goro_claim {
	GORO_RUN = 0,		/* does not wait */
	GORO_WAIT,		/* waits, anyone may claim */
	GORO_WAIT_NC,		/* waits, cancel and signals may not claim */
	GORO_ARMED,		/* about to wait for an event, still running */
	GORO_FIRED,		/* the event came while it was armed */
	GORO_HELD,		/* waits; the port has it for a moment: goro_claim_held() */
	/* reasons */
	GORO_BY_PARTNER = 8,	/* the operation was done by a partner */
	GORO_BY_CLOSE,		/* the channel was closed */
	GORO_BY_EVENT,		/* a wait queue woke it */
	GORO_BY_TIMEOUT,
	GORO_BY_CANCEL,
	GORO_BY_SIGNAL,
};

enum goro_waiter_kind {
	GORO_W_G,
	GORO_W_BOUND,		/* a G that has to keep its M for this wait */
	GORO_W_THREAD,
};

struct goro_waiter {
	atomic_t claim;			/* enum goro_claim, by cmpxchg */
	u8 kind;			/* the waiter's, for each wait anew, while it is in RUN */
	u8 scoped;			/* the waiter's: it waits under contexts (scope.c) */
	u8 timed;			/* the waiter's, if the port tells: it has a deadline */
	union {
		void *at;		/* until claimed: what a wait has in its frames */
		/*
		 * the claimer's, until it has readied: where it was met; of a cancel, who
		 * comes next
		 */
		struct goro_sudog *won;
	};
	u64 on;				/* for dumps: a channel's id, an address, a number */
	u64 holder;			/* likewise: the goroutine that has it, if known */
	struct goro_sudog sg;		/* for waits in one queue */
};

static inline void goro_waiter_init(struct goro_waiter *w, int kind)
{
	atomic_set(&w->claim, GORO_RUN);
	w->kind = kind;
	INIT_LIST_HEAD(&w->sg.node);
	w->sg.w = w;
	w->sg.elem = NULL;
}

/*
 * The port holds a word that was WAIT or WAIT_NC, and gives it back soon, waiting for
 * nothing: as long as that takes who claims waits. waitlist.c
 */
bool goro_claim_held(struct goro_waiter *w, enum goro_claim why);

/* Win the right, and with it the duty, to ready @w. Any context. */
static __always_inline bool goro_claim(struct goro_waiter *w, enum goro_claim why)
{
	int old = atomic_read(&w->claim), now = old;

	if (old == GORO_WAIT ||
	    (old == GORO_WAIT_NC && why != GORO_BY_CANCEL && why != GORO_BY_SIGNAL)) {
		now = atomic_cmpxchg(&w->claim, old, why);
		if (likely(now == old))
			return true;
	}
	return unlikely(now == GORO_HELD) && goro_claim_held(w, why);
}

/* Could a partner claim it now? */
static inline bool goro_claimable(struct goro_waiter *w)
{
	int claim = atomic_read(&w->claim);

	return claim == GORO_WAIT || claim == GORO_WAIT_NC || claim == GORO_HELD;
}

/* why a goroutine waits, for traces and dumps */
enum goro_reason {
	GORO_R_NONE,
	GORO_R_SEND,
	GORO_R_RECV,
	GORO_R_SLEEP,
	GORO_R_WG,
	GORO_R_GROUP,
	GORO_R_POLL,
	GORO_R_NIL,		/* for ever, on a nil channel */
	GORO_R_YIELD,		/* runnable all the time */
	GORO_R_BLOCK,		/* in goro_block_begin(), had to queue for a P */
	GORO_R_EVENT,		/* goro_wait_event() */
	GORO_R_COMPLETION,	/* goro_wait_for_completion(); its M waits, too */
	GORO_R_THROTTLED,	/* runnable, but its account has used its CPU time */
	GORO_R_SELECT,
	GORO_R_MUTEX,
	GORO_R_RWMUTEX,
	GORO_R_COND,
	GORO_R_SEMA,
	GORO_R_ONCE,
	GORO_R_MAX
};

#endif /* _GORO_CORE_WAITER_H */
