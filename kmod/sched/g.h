/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * G, M and P: the goroutine, the kernel thread that runs it, and the right
 * (with a run queue) to do so on one CPU.
 *
 * Legend of who may touch a field:
 *   C: constant after creation
 *   G: the goroutine itself, or whoever starts or reaps it
 *   M: the M itself
 *   O: the M that owns the P, on the P's CPU with preemption off
 *   H: ring protocol (p.c): written by the owner, head by cmpxchg of thieves
 *   L: the lock named beside it
 *   A: atomic, any context
 *   S: the switch section (switch.h)
 */
#ifndef _GORO_SCHED_G_H
#define _GORO_SCHED_G_H

#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <goro/goro.h>
#include "../compat.h"
#include "../core/member.h"
#include "../core/stats.h"
#include "../core/waiter.h"
#include "deadline.h"

struct goro_defer;
struct goro_batch;
struct goro_m;
struct goro_p;
struct goro_scope;
struct goro_trim;

enum goro_g_state {
	GORO_G_FREE,		/* in a cache, or never used */
	GORO_G_LIVE,
	GORO_G_DEAD,		/* has ended, still on its stack */
	GORO_G_MARK,		/* not a G: a dump's place in the list of all */
	GORO_G_LOST,		/* it oopsed, and stays for ever (lost.c) */
};

#define GORO_G_ERRFN	BIT(0)	/* fn is a goro_err_fn_t */
#define GORO_G_COPY	BIT(1)	/* arg is ours to free */
#define GORO_G_CHARGED	BIT(2)	/* allocated by a thread, charged to it: not cached */
#define GORO_G_ACCT	BIT(3)	/* its CPU time is accounted */
#define GORO_G_WG	BIT(4)	/* has a WaitGroup, and no group */
#define GORO_G_HOLDS	BIT(5)	/* puts ctx at its end, but does not live under it */
#define GORO_G_UNPINNED	BIT(6)	/* owner is not pinned: a group's, which waits for it */
#define GORO_G_TRIM	BIT(7)	/* has trim */

#define GORO_SCOPED_TIMED BIT(1)	/* of w.scoped: a context of its has a deadline */

/*
 * A goroutine. A switch touches the first line and nothing else, a wait on a
 * channel the second, too. Its stack belongs to whoever runs it: to the G while
 * on_cpu is set; to whoever dequeued it once on_cpu is clear; to the M that reaps
 * it when it is dead.
 */
struct goro_g {
	unsigned long sp;		/* S; the switch knows these three offsets */
	unsigned long pc;		/* S */
	unsigned long bp;		/* S */
	void *stack;			/* G: lowest address; NULL until it first runs */
	struct goro_m *m;		/* S: the M that runs it, valid while it runs */
	struct llist_node qnode;	/* owner of the queue it is in */
	u32 since;			/* G: jiffies of the last park or start */
	u32 parks;			/* G: a dump sees by it that it ran */
	u8 on_cpu;			/* set by the M that picks, cleared (release) behind it */
	u8 state;			/* G: enum goro_g_state */
	u8 reason;			/* G: enum goro_reason */
	u8 flags;			/* C */
	u8 cancelled;			/* set once, by whoever cancels */
	u8 stack_pages;			/* G: of stack */
	u8 watch;			/* the watchdog's, by cmpxchg: watchdog.c */
	u8 outside;			/* set by who readies it and is no goroutine */

	struct goro_waiter w;		/* waiter.h */

	union {				/* C */
		goro_fn_t fn;
		goro_err_fn_t err_fn;
	};
	void *arg;			/* C */
	struct goro_outer *outer;	/* G: the stacks below this one (deep.c), or NULL */
	struct goro_defer *defers;	/* G: what goro_exit() has to do, the last one first */
	struct module *owner;		/* C: pinned until fn has returned, or GORO_G_UNPINNED */
	const char *name;		/* C; NULL once fn has returned: dumps read it */
	unsigned long where;		/* C: who started it */
	u64 id;				/* C */
	struct goro_scope *scopes;	/* G: the contexts it waits under, innermost first */
	union {
		struct goro_member member;	/* of a group, or none; member.h */
		struct {			/* C: of one that is in none */
			struct goro_group *none;	/* member.group */
			struct goro_ctx *ctx;	/* it lives under, a reference; or NULL */
			struct goro_wg *wg;	/* with GORO_G_WG: told when it ends */
		} alone;
	};
	struct goro_acct *acct;		/* C, referenced; with GORO_G_ACCT only */
	struct goro_trim *trim;		/* C, with GORO_G_TRIM: trim.c */
	struct list_head all;		/* L: the lock of goro_all_of() */
};

static __always_inline u32 goro_stack_size(const struct goro_g *g)
{
	return (u32)g->stack_pages << PAGE_SHIFT;
}

static_assert(offsetof(struct goro_g, w) == 64 && sizeof(struct goro_waiter) == 64);
static_assert(sizeof(struct goro_g) <= 256);
static_assert(offsetof(struct goro_g, alone.none) == offsetof(struct goro_g, member.group));
static_assert(GORO_CALL_STACK_MAX >> PAGE_SHIFT <= U8_MAX);

/* The wait is over, in the G: its deadline is in no queue and claims nothing any more. */
static __always_inline void goro_deadline_clear(struct goro_g *g, struct goro_deadline *d)
{
	/* acquire: who took it out has done with the G, and the frame */
	if (unlikely(smp_load_acquire(&d->in)))
		__goro_deadline_clear(d);
	WRITE_ONCE(g->w.timed, false);
}

#define GORO_RING	256
#define GORO_CHAIN	512	/* free Gs */

/* How near the P of another CPU is: near.c */
enum goro_nearness {
	GORO_SAME_LLC,
	GORO_SAME_NODE,
	GORO_FAR,
	GORO_NEARNESSES
};

/* All other CPUs, the nearest ones first. */
struct goro_near {
	struct rcu_head rcu;
	u16 end[GORO_NEARNESSES];	/* C: where those of a kind end */
	u16 cpu[];			/* C */
};

/* what a P's owner is asked for: see own.c */
#define GORO_CALL_OFF		BIT(0)	/* to give it up: it is one too many */
#define GORO_CALL_WANTED	BIT(1)	/* to give it to one of p->wants */

/*
 * A P. It belongs to CPU `cpu`; an M owns it while p->m == m && m->p == p.
 * Idle: no M owns it and its bit in goro_sched.idle is set; the one who clears
 * the bit has the P and must hand it to an M.
 */
struct goro_p {
	u32 tail;			/* H: owner */
	u32 tick;			/* O: scheduling rounds until the fairness check */
	u64 hot[GORO_C_HOT];		/* O: counters; read by others */
	struct goro_g *runnext;		/* H: the owner sets it, owner and thieves take it */
	struct goro_m *m;		/* O; read by dumps */
	int cpu;			/* C */
	u8 call;			/* L: p->lock; read by who has the P: GORO_CALL_* */
	bool global_turn;		/* O: in the next fairness check but one the global queue */
	bool served;			/* by who has the P: its last owner had wanted it */
	bool out;			/* L: p->lock; off, and nobody has it */
	u32 rand;			/* O */
	u32 ngfree;			/* O */
	u32 nbatches;			/* O */
	struct goro_batch *batches;	/* O: of the global queue, free (p.c) */
	struct llist_head gfree;	/* O: Gs to use again */
	struct goro_g *gfull;		/* O: GORO_CHAIN more of them, or NULL: gdepot.c */
	struct goro_stack_cache {	/* O: warm stacks by size, linked through themselves */
		void *first;
		u32 n;
	} stacks[3];

	u32 head ____cacheline_aligned;	/* H: owner and thieves, by cmpxchg */
	struct goro_g *ring[GORO_RING];	/* H */

	struct llist_head inbox ____cacheline_aligned;	/* A: from anybody */
	raw_spinlock_t lock;		/* IRQ-safe; never held across a wakeup */
	struct goro_p *to;		/* where this CPU pushes: itself, while it is not off */
	struct list_head spares;	/* L: p->lock; sleeping Ms of this CPU */
	struct list_head wants;		/* L: p->lock; Ms whose G cannot go on with another */
	struct list_head ms;		/* L: p->lock; all Ms of this CPU */
	struct list_head dead;		/* L: p->lock; those that retired */
	u32 nms;			/* L: p->lock */
	struct delayed_work spawn_m;	/* asks for one more M */
	struct work_struct bury;	/* frees the dead */
	struct irq_work kick;		/* wakes another P, for those who hold an rq lock */
	struct irq_work handoff;	/* its M sleeps: give it on, likewise */
	struct goro_near __rcu *near;	/* changed under procs.c's lock */
	struct hrtimer hog_tick;	/* hog.c */
	bool ticking;			/* its CPU with preemption off, and the tick */

	struct goro_deadlines deadlines ____cacheline_aligned;	/* deadline.h */
};

/* What an M, and interrupts that hit it, know of a G that may be a hog: hog.c */
struct goro_hog {
	u64 id;				/* of the G that was seen */
	u64 parks;			/* .. and its parks then */
	unsigned long since;		/* jiffies, when it was seen first */
	unsigned long ip, sp;		/* where the trampoline goes back to */
	bool asked;			/* it is to let others run */
	bool sent;			/* to the trampoline, and not back yet */
};

/* An M: a kernel thread bound to one CPU. */
struct goro_m {
	struct goro_p *p;		/* owned P; NULL: set by the waker (p->lock), else M */
	struct goro_g *cur;		/* M: G whose context it is in, NULL: own stack */
	struct goro_g *pending;		/* M, S: picked, to be run from the own stack */
	struct goro_g *guest;		/* M: whose goro_call_on_m_stack() it runs, or NULL */
	struct goro_acct *acct;		/* M: of the G whose time runs, or NULL */
	void *stack;			/* C: its own */
	struct task_struct *task;	/* C, referenced */
	bool spinning;			/* M; set by the waker with p */
	bool blocked;			/* M: inside goro_block_begin() */
	bool waits;			/* M: sleeps until it is given a P */
	bool frozen;			/* M: in the refrigerator, with its P */
	bool stop;			/* set at unload, and by the M that retires */
	bool dying;			/* M: it ends in an oops */
	bool spoilt;			/* M: a G left by goro_exit() what a tracer waits for */
	u32 locks;			/* M: its G's goro_lock_thread() calls */
	int lock_base;			/* M: graph_base, while locks is not 0 */
	int graph_base;			/* M: depth of the graph tracer on the own stack */
	struct llist_node *rethook_base; /* M: likewise, the kretprobes' last entry */
	struct goro_hog hog;		/* M, and interrupts */
	int bound_done;			/* a bound G's wait is over (release) */
	int cpu;			/* C */
	u32 id;				/* C */
	struct goro_g g0;		/* the own stack's context */
	struct list_head spare;		/* L: home->lock; in its spares or wants */
	struct list_head node;		/* L: home->lock */
	struct goro_p *home;		/* C: the P of its CPU */
	struct completion exited;
#ifdef GORO_HAVE_NOTIFIERS
	struct preempt_notifier pn;
	struct irq_work gone;		/* it has died in an oops */
	struct llist_node lost_node;	/* lost.c */
	struct goro_g *lost;		/* C, once it dies: its G */
#endif
};

/* What a CPU knows of the M that is on it. */
struct goro_cpu {
	struct task_struct *task;	/* compared with current, never followed */
	struct goro_m *m;
};
DECLARE_PER_CPU(struct goro_cpu, goro_cpu);

extern struct kmem_cache *goro_g_cache;
struct goro_m *goro_m_lookup(void);

/*
 * The calling thread's M, or NULL. Task context only: an interrupt that hit an
 * M's switch section would see a half-made state.
 *
 * goro_cpu.task is compared before goro_cpu.m is used: if it equals current,
 * the caller is that M, which is bound to this CPU (and where it is moved by
 * hotplug, sched_in has set the new CPU's pair), so m is its own. Without
 * notifiers the pair may be stale; goro_m_lookup() finds out and mends it.
 */
static __always_inline struct goro_m *goro_m_current(void)
{
#ifdef CONFIG_UML
	/* each per-CPU access and each current costs a call there: one for all */
	int cpu = raw_smp_processor_id();

	if (likely(per_cpu(goro_cpu, cpu).task == cpu_tasks[cpu]))
		return per_cpu(goro_cpu, cpu).m;
#else
	if (likely(raw_cpu_read(goro_cpu.task) == current))
		return raw_cpu_read(goro_cpu.m);
#endif
	if (likely(!(current->flags & PF_KTHREAD)))
		return NULL;
	return goro_m_lookup();
}

/*
 * May `g`, which runs, not leave its M now? A tracer's shadow stack has entries
 * for frames of this G (those below are the M's own); or it is locked to the M
 * (lock.c: graph_base is INT_MIN then, so that nobody has to look twice).
 */
static __always_inline bool goro_is_bound(struct goro_g *g)
{
	struct goro_m *m = g->m;

	return unlikely(goro_rethook_top(m->task) != m->rethook_base ||
			goro_graph_depth(m->task) > m->graph_base);
}

/* The calling goroutine, or NULL. Task context. */
static __always_inline struct goro_g *goro_self(void)
{
	struct goro_m *m = goro_m_current();

	return m ? m->cur : NULL;
}

/* The same in any context: an interrupt is no goroutine, whomever it hit. */
static __always_inline struct goro_g *goro_self_any(void)
{
	return in_task() ? goro_self() : NULL;
}

static_assert(offsetof(struct goro_g, sp) == 0 && offsetof(struct goro_g, pc) == 8 &&
	      offsetof(struct goro_g, bp) == 16);

#endif /* _GORO_SCHED_G_H */
