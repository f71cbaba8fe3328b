/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * goro_torture: random goroutines, and threads, doing random things, with
 * invariants that are checked all the time.
 *
 * Drivers (goroutines) run one scenario after the other until the time is up.
 * A scenario is small and closed: it makes its channels and goroutines, lets
 * them meet, waits until all have ended, checks the books and frees all, so
 * what goes wrong shows at once and names its number. Which scenario number n
 * is, and what each of its members does, follows from the seed and n alone;
 * only their interleaving does not.
 */
#ifndef _GORO_TESTS_TORTURE_H
#define _GORO_TESTS_TORTURE_H

#include <linux/prandom.h>
#include <goro/goro.h>

/* what must hold; each is a point of the result */
#define TT_INVARIANTS(X)						\
	X(LOST, "every element that was sent is received")		\
	X(DOUBLED, "no element is received twice")			\
	X(ORDER, "the elements of a sender come in its order")		\
	X(CONTENT, "elements arrive whole and unchanged")		\
	X(SUM, "sums of what was sent and received are equal")		\
	X(BOUND, "no channel holds more than its capacity")		\
	X(ERRNO, "every call returns what it may return")		\
	X(WAIT, "waits end neither early nor without their cause")	\
	X(EXCL, "what a lock gives to one, or to so many, no other has")	\
	X(COUNT, "every goroutine that was started has run once")	\
	X(STACK, "what lies on a goroutine's stack stays as it was")	\
	X(ENDS, "every goroutine ends")					\
	X(HISTORY, "recorded histories are a channel's (linearizable)")	\
	X(IDLE, "idle Ps still take what busy ones ready, after all that")

enum tt_inv {
#define TT_INV_ID(id, text) TT_##id,
	TT_INVARIANTS(TT_INV_ID)
#undef TT_INV_ID
	TT_INVS
};

#define TT_NET_NS	(120ULL * NSEC_PER_SEC)	/* when a wait counts as stuck */
#define TT_NET		goro_in(TT_NET_NS)

/* totals of a run */
struct tt_totals {
	atomic64_t scenarios, elements, ops;
};
extern struct tt_totals tt_totals;

/* a broken invariant: counted, the first few are printed */
__printf(3, 4)
void tt_fail(enum tt_inv inv, u64 nr, const char *fmt, ...);
/* has the run been told to end? */
bool tt_over(void);

/* the generator of member `index` of scenario `nr` */
void tt_seed(struct rnd_state *r, u64 nr, u32 index);
static inline u32 tt_rnd(struct rnd_state *r, u32 n)
{
	return prandom_u32_state(r) % n;
}

/* now and then: yield, sleep, block, call deep; what members do between operations */
void tt_pause(struct rnd_state *r, u64 nr);

/* threads that take part: run fn(arg) on one of the pool, false if there is none */
struct tt_work {
	void (*fn)(void *arg);
	void *arg;
};
bool tt_on_thread(void (*fn)(void *arg), void *arg);
int tt_threads_start(unsigned int n);
void tt_threads_stop(void);

/* scenarios; run by a driver, return when all of it has ended */
void tt_chan(u64 nr, struct rnd_state *r);	/* chan.c */
void tt_events(u64 nr, struct rnd_state *r);	/* events.c */
void tt_select(u64 nr, struct rnd_state *r);	/* select.c */
void tt_select_large(u64 nr, struct rnd_state *r);
void tt_burst(u64 nr, struct rnd_state *r);	/* scenes.c */
void tt_ring(u64 nr, struct rnd_state *r);
void tt_wg(u64 nr, struct rnd_state *r);
void tt_sleepers(u64 nr, struct rnd_state *r);
void tt_tree(u64 nr, struct rnd_state *r);
void tt_nil(u64 nr, struct rnd_state *r);
void tt_irq(u64 nr, struct rnd_state *r);	/* irq.c */
void tt_locks(u64 nr, struct rnd_state *r);	/* locks.c */
void tt_capped(u64 nr, struct rnd_state *r);	/* capped.c */
void tt_timers(u64 nr, struct rnd_state *r);	/* timers.c */
void tt_ctx(u64 nr, struct rnd_state *r);	/* ctx.c */
void tt_history(u64 nr, struct rnd_state *r);	/* history.c */
void tt_procs(u64 nr, struct rnd_state *r);	/* runtime.c */
void tt_locked(u64 nr, struct rnd_state *r);
void tt_hogs(u64 nr, struct rnd_state *r);

/* wait for members whose state is the caller's: does not return while one lives */
int tt_wait(struct goro_wg *wg, u64 nr, const char *what);

/* hotplug.c: CPUs go and come, until it is told to stop; then all are there */
int tt_plug_start(void);
void tt_plug_stop(void);
extern bool tt_hotplug;			/* they do */
extern atomic64_t tt_plug_moved;	/* locked goroutines that have been to another CPU */

/* histories that were checked, the selects in them, those that chose no case */
extern atomic64_t tt_histories, tt_history_selects, tt_history_none;

/* elements that were sent from interrupts */
enum tt_irq { TT_IRQ_HARD, TT_IRQ_SOFT, TT_IRQ_TIMER, TT_IRQ_RCU, TT_IRQS };
extern atomic64_t tt_irq_sent[TT_IRQS];

/* at the end, with nothing else going on */
void tt_probe_idle(void);

#endif /* _GORO_TESTS_TORTURE_H */
