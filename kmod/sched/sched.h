/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler's insides: what its files give each other. One file, one idea:
 *
 *   p.c     a P's queues: ring, runnext, inbox; the global queue
 *   steal.c taking from other Ps
 *   near.c  in which order thieves and wakers look at other Ps
 *   sched.c picking the next G; ready; the Ms' main loop
 *   m.c     Ms: making, idling, waking, ending
 *   own.c   who owns a P
 *   procs.c how many Ps there are (GOMAXPROCS)
 *   hog.c   goroutines that compute on and on are made to let others run
 *   hotplug.c  CPUs that go offline and come online
 *   lock.c  goroutines that keep their M (LockOSThread)
 *   g.c     Gs: starting, ending, caching; gdepot.c: those that no P keeps
 *   stack.c stacks; arena.c their addresses; trim.c, trim_move.c those that are away
 *   deep.c  calls on a larger stack
 *   block.c giving the P away around a call that sleeps; the M's own stack
 *   scope.c waits under contexts (core/scope.c)
 *   deadline.c Gs' deadlines
 *   timer.c sleep, threads and Gs on their M as waiters
 *   event.c waiting on the kernel's wait queues (event.h: how, for all of these)
 *   poll.c  waiting for files and sockets (poll.h: entries in their queues)
 *   select_file.c  selects in which files and sockets are cases
 *   on top of poll.c:
 *   sock.c, sendfile.c, file.c   I/O, without blocking where that can be
 *   completion.c waiting for completions
 *   acct.c  CPU time of Gs, added up and capped
 *   who.c   owners of objects
 *   dump.c  debugfs
 *   lost.c  Gs that oops
 *   watchdog.c, asleep.c  what stands still
 *   platform.c  where goro refuses to be loaded
 */
#ifndef _GORO_SCHED_SCHED_H
#define _GORO_SCHED_SCHED_H

#include <linux/workqueue.h>
#include "../core/core.h"
#include "acct.h"
#include "switch.h"
#include "trace.h"
#include "watchdog.h"

#define GORO_FAIR	61	/* rounds between looks at the global queue and the ring's head */

/*
 * Global state. L: lock; N: procs.c's lock. While `multi` is clear there is one P
 * that can be owned, and its owner uses ring and runnext without atomics: procs.c
 * says how it changes.
 */
struct goro_sched {
	struct goro_p **ps;		/* C: by CPU, NULL where impossible */
	unsigned int procs;		/* N: never less than there are bits in active */
	struct cpumask active;		/* N: CPUs whose P may run */
	bool multi;			/* N */
	bool stopping;			/* set at unload: nothing starts any more */
	bool broken;			/* set for ever by an oops: likewise (lost.c) */

	struct cpumask idle ____cacheline_aligned;	/* A */
	atomic_t nidle;			/* A: bits in idle, a hint */
	atomic_t nspinning;		/* A: Ms that look for work */

	raw_spinlock_t lock ____cacheline_aligned;	/* IRQ-safe: taken under rq locks */
	struct llist_node *gq_first, *gq_last;	/* L */
	struct goro_batch *gb_first, *gb_last;	/* L */
	bool gq_turn;			/* L: batches come first */
	u32 gq_n;			/* L: in both; read without it as a hint */
};

extern struct goro_sched goro_sched;

extern unsigned int goro_param_max_ms;

/* Locks that should hardly ever be fought for; @id counts how often they are. */
#define goro_raw_lock(l, id)				\
do {							\
	if (unlikely(!raw_spin_trylock(l))) {		\
		goro_count(id);				\
		raw_spin_lock(l);			\
	}						\
} while (0)

#define goro_raw_lock_irqsave(l, flags, id)		\
do {							\
	if (!raw_spin_trylock_irqsave(l, flags)) {	\
		goro_count(id);				\
		raw_spin_lock_irqsave(l, flags);	\
	}						\
} while (0)

static __always_inline bool goro_multi(void)
{
	return READ_ONCE(goro_sched.multi);
}

/* p.c, p.h: the owner, preemption off, unless said otherwise */
void goro_ring_push_full(struct goro_p *p, struct goro_g *g);
bool goro_inbox_drain(struct goro_p *p, struct goro_p *from);
void goro_runnext_expose(struct goro_p *p);
void goro_global_push(struct llist_node *first, struct llist_node *last, u32 n);
struct goro_g *goro_global_get(struct goro_p *p, u32 max);
void goro_batches_free(struct goro_p *p);
bool goro_p_has_work(struct goro_p *p);	/* any context */
bool goro_any_work(void);		/* any context */

static __always_inline bool goro_deadlines_poll(struct goro_p *p, bool idle)
{
	struct goro_deadlines *q = &p->deadlines;

	if (likely(READ_ONCE(q->next) == GORO_FOREVER && llist_empty(&q->fresh)))
		return false;
	return __goro_deadlines_poll(p, idle);
}

#include "p.h"

/* steal.c */
bool goro_steal(struct goro_p *p);

/* near.c */
int goro_near_init(const struct cpumask *online);
void goro_near_online(int cpu);
void goro_near_exit(struct goro_p *p);

/* sched.c */
void goro_m_loop(struct goro_m *m);
void __goro_wake_p(void);
void goro_inbox_push(struct goro_g *g);
void goro_inbox_push_all(struct llist_node *first, struct llist_node *last, u32 n);

/*
 * Give an idle P to a spinning M, if there is one and nobody spins yet. Preemption is
 * off, or it is an interrupt.
 */
static __always_inline void goro_wake_p(void)
{
	if (unlikely(atomic_read(&goro_sched.nidle) && !atomic_read(&goro_sched.nspinning)))
		__goro_wake_p();
}

/* m.c */
int goro_m_init(void);
void goro_m_exit(void);
void goro_m_idle(struct goro_m *m);
void goro_m_wait(struct goro_m *m);
void goro_m_quit(struct goro_m *m);
void goro_m_freeze(struct goro_m *m);
int goro_m_create(struct goro_p *p);
bool goro_ms_full(void);
void goro_p_spawn_m(struct work_struct *work);
void goro_p_bury(struct work_struct *work);

/* own.c: preemption off, or an interrupt */
bool goro_p_start(struct goro_p *p, bool spinning);
void goro_p_release(struct goro_p *p);
void goro_p_set_idle(struct goro_p *p);
bool goro_p_answer(struct goro_p *p);
void goro_p_want(struct goro_m *m);
u32 goro_p_drain_inbox(struct goro_p *p);
void goro_p_init_own(struct goro_p *p);

/* procs.c */
int goro_procs_init(void);
void goro_procs_stop(void);
void goro_procs_exit(void);
void goro_procs_settle(void);
void goro_procs_cpu(int cpu, bool on);

/* hotplug.c */
int goro_hotplug_init(void);
void goro_hotplug_exit(void);
void goro_m_astray(struct goro_m *m);
void goro_p_bind_ms(struct goro_p *p);

/* lock.c */
void goro_bound_yield(struct goro_m *m);
void goro_bound_give_up(struct goro_m *m);
void goro_bound_go_on(struct goro_m *m);

/* hog.c */
void goro_hog_init(struct goro_p *p);
void goro_hog_exit(struct goro_p *p);
void goro_hog_reset(struct goro_p *p);
void goro_hog_start(struct goro_m *m);
void goro_hog_in(struct goro_m *m);
bool goro_hog_out(struct goro_m *m, struct goro_p *p);

/* m's G sleeps, or has let others run: so far it is no hog. */
static __always_inline void goro_hog_forget(struct goro_m *m)
{
	m->hog.id = 0;	/* no G's */
	if (m->cur)
		m->cur->since = (u32)jiffies;	/* likewise for the watchdog */
}

/* m is about to run Gs, or goes on with one. Preemption is off. */
static __always_inline void goro_hog_arm(struct goro_m *m)
{
	if (unlikely(!m->home->ticking))
		goro_hog_start(m);
}

/* What a CPU knows of its M; preemption is off. */
static inline void goro_set_this_cpu(struct goro_m *m)
{
	struct task_struct *task = m ? m->task : NULL;

	raw_cpu_write(goro_cpu.m, m);
	raw_cpu_write(goro_cpu.task, task);
}

/* Traces follow the goroutine: see design.md, "current->stack". m is current's. */
static __always_inline void goro_stack_follow(struct goro_m *m, struct goro_g *g)
{
	m->task->stack = g->stack_pages == THREAD_SIZE / PAGE_SIZE ? g->stack : m->stack;
}

static inline bool goro_p_claim_idle(struct goro_p *p)
{
	if (!cpumask_test_cpu(p->cpu, &goro_sched.idle))
		return false;
	if (!cpumask_test_and_clear_cpu(p->cpu, &goro_sched.idle)) {
		goro_count(GORO_C_RACE_IDLE);
		return false;
	}
	atomic_dec(&goro_sched.nidle);
	goro_watchdog_arm();
	return true;
}

static inline void goro_p_own(struct goro_m *m, struct goro_p *p)
{
	WRITE_ONCE(p->m, m);
	WRITE_ONCE(m->p, p);
}

/* The owner gives it up; what becomes of the P is up to the caller. */
static inline void goro_p_disown(struct goro_m *m, struct goro_p *p)
{
	WRITE_ONCE(p->m, NULL);
	WRITE_ONCE(m->p, NULL);
}

/* An M that lost its P to a sleep takes it back if it idles. Preemption is off. */
static inline bool goro_p_regain(struct goro_m *m)
{
	if (!goro_p_claim_idle(m->home))
		return false;
	goro_count(GORO_C_HANDOFF_BACK);
	goro_p_own(m, m->home);
	return true;
}

/* g.c */
int goro_g_init(void);
void goro_g_exit(void);
void goro_g_trim(struct goro_p *p);
void goro_g_to_slab(struct goro_g *g);

/*
 * All Gs, in lists by where they lie: those of a slab are in one, and mostly one CPU's
 * to start and end.
 */
struct goro_all {
	raw_spinlock_t lock;
	struct list_head list;
} ____cacheline_aligned;
#define GORO_ALL_BITS	6
extern struct goro_all goro_all[1 << GORO_ALL_BITS];

/* gdepot.c */
struct goro_g *goro_depot_get(void);
void goro_depot_put(struct goro_g *chain);
void goro_depot_exit(void);

/* switch_x86_64.S */
asmlinkage void goro_g_entry(void);
asmlinkage void __noreturn goro_g_main(struct goro_g *prev);
long goro_call_on(unsigned long sp, long (*fn)(void *arg), void *arg);

/* port.c */
void goro_port_init(void);

/* stack.c */
void goro_stack_init(void);
void goro_stack_exit(void);
bool goro_stack_take(struct goro_p *p, struct goro_g *g);
unsigned long goro_stack_first(const struct goro_g *g, const void *stack);
void goro_stack_set(struct goro_g *g, void *stack);
void goro_stack_put(struct goro_p *p, void *stack, u32 size);
int goro_stack_fill(u32 size);
void *goro_stack_get(u32 size);
void goro_stack_flush(struct goro_p *p);
void goro_stack_prepare(void *stack, u32 size);

/* scope.c */
bool goro_wait_cancelled(void);

/* timer.c */
void goro_thread_sleep(struct goro_thread *t);
void goro_bound_begin(struct goro_g *g, struct goro_deadline *d, u64 deadline,
		      enum goro_reason reason);
void goro_bound_sleep(struct goro_m *m);
void goro_bound_wake(struct goro_g *g);
enum goro_claim goro_bound_end(struct goro_g *g, struct goro_deadline *d, u64 deadline);

/* acct.c */
void goro_acct_in(struct goro_m *m);
void goro_acct_out(struct goro_m *m);
bool goro_acct_admit(struct goro_g *g);
bool goro_acct_over(struct goro_g *g);
void goro_acct_pause(struct goro_m *m);
void goro_acct_resume(struct goro_m *m, struct goro_g *g);
void goro_acct_bound(struct goro_m *m, struct goro_g *g);

/* m is about to run g, or g goes on; g is accounted. Preemption is off. */
static inline void goro_acct_start(struct goro_m *m, struct goro_g *g)
{
	if (unlikely(g->reason == GORO_R_THROTTLED))
		WRITE_ONCE(g->reason, GORO_R_NONE);	/* dumps: it is not any more */
	m->acct = g->acct;
	goro_acct_in(m);
}

/* deep.c */
void goro_outer_put(struct goro_p *p, struct goro_g *g);

/* lost.c */
int goro_lost_init(void);
void goro_lost_exit(void);

/* dump.c */
void goro_dump_init(void);
void goro_dump_exit(void);

#endif /* _GORO_SCHED_SCHED_H */
