/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's side of core/port.h: see there for what each call promises.
 */
#ifndef _GORO_SCHED_PORT_KERNEL_H
#define _GORO_SCHED_PORT_KERNEL_H

#include <linux/export.h>
#include <linux/jump_label.h>
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include "switch.h"
#include "trace.h"

/* locks: a macro, so that each kind of lock has its own lockdep class */
#define goro_lock_init(l)	spin_lock_init(l)
#ifdef CONFIG_JUMP_LABEL
/* parameter lock_stats: else an operation does not even ask whether it counts */
DECLARE_STATIC_KEY_FALSE(goro_lock_stats);
#define goro_lock(l)						\
do {								\
	if (!static_branch_unlikely(&goro_lock_stats)) {	\
		spin_lock(l);					\
	} else if (!spin_trylock(l)) {				\
		goro_count(GORO_C_LOCK_CORE);			\
		spin_lock(l);					\
	}							\
} while (0)
#else
#define goro_lock(l)		spin_lock(l)
#endif
#define goro_unlock(l)		spin_unlock(l)
#define goro_irq_save(flags)	local_irq_save(flags)
#define goro_irq_restore(flags)	local_irq_restore(flags)
#define goro_irqs_off()		irqs_disabled()

/*
 * Many locks at once. preempt_count has room for 255, so each gives back what it
 * took: the section's is enough. lockdep has room for 48, and counts those of a
 * class that are taken under one map in one entry, as long as no other class comes
 * in between.
 */
#ifdef CONFIG_DEBUG_LOCK_ALLOC
extern struct goro_nest {
	struct lockdep_map dep_map;
} goro_nest;
#define goro_nest_acquire()	lock_map_acquire(&goro_nest.dep_map)
#define goro_nest_release()	lock_map_release(&goro_nest.dep_map)
#else
#define goro_nest_acquire()	do { } while (0)
#define goro_nest_release()	do { } while (0)
#endif

static inline void goro_locks_begin(void)
{
	goro_section_begin();
	goro_nest_acquire();
}

static inline void goro_locks_end(void)
{
	goro_nest_release();
}

/* sparse cannot count locks that are taken in a loop: to it there is none */
static inline void goro_lock_more(goro_lock_t *l)
{
	spin_lock_nest_lock(l, &goro_nest);
	__release(l);
	if (IS_ENABLED(CONFIG_PREEMPT_COUNT))
		preempt_count_sub(1);
}

static inline void goro_unlock_more(goro_lock_t *l)
{
	__acquire(l);
	if (IS_ENABLED(CONFIG_PREEMPT_COUNT))
		preempt_count_add(1);
	spin_unlock(l);
}

/*
 * A Weyl sequence a CPU, hashed by one wide multiplication. An interrupt or a
 * preemption in between may give two the same number, which is as good as any.
 */
DECLARE_PER_CPU(u64, goro_rand);
static __always_inline u32 goro_random(u32 n)
{
	u64 x = raw_cpu_add_return(goro_rand, 0x9e3779b97f4a7c15ULL);

	unsigned __int128 wide = (unsigned __int128)x * (x ^ 0xd6e8feb86659fd93ULL);

	x = (u64)(wide >> 64) ^ (u64)wide;
	return ((x >> 32) * n) >> 32;
}

/*
 * In an interrupt there is nobody to wait: "current" is whoever was hit. That
 * a waiter holds nothing is looked at when it parks (sched.c).
 */
#define goro_may_wait()		in_task()
int __goro_misuse(const char *func);
#define goro_misuse()		__goro_misuse(__func__)

void __goro_misuse_by(const char *what, bool *said);
#define goro_misuse_by(what)			\
do {						\
	static bool __said;			\
						\
	__goro_misuse_by(what, &__said);	\
} while (0)

/* who is who (who.c) */
u64 goro_me(void);
void goro_whoami(struct goro_who *who);
void __goro_misuse_of(const char *what, bool *said, const struct goro_who *owner);
#define goro_misuse_of(what, owner)		\
do {						\
	static bool __said;			\
						\
	__goro_misuse_of(what, &__said, owner);	\
} while (0)

/* what a G that ends in goro_exit() has yet to do; in the frames of its calls */
struct goro_defer {
	struct goro_defer *next;
	void (*fn)(struct goro_defer *d);
};

/* time; hard: so that a cancel in an interrupt never waits for its own CPU's softirq */
typedef struct hrtimer goro_ktimer_t;
typedef enum hrtimer_restart goro_ktimer_ret_t;
#define GORO_KTIMER_DONE	HRTIMER_NORESTART
#define goro_now()		ktime_get_ns()
#define goro_relax()		cpu_relax()

static inline void goro_ktimer_init(goro_ktimer_t *t, goro_ktimer_ret_t (*fn)(goro_ktimer_t *))
{
	goro_hrtimer_setup(t, fn, HRTIMER_MODE_ABS_HARD);
}

static inline void goro_ktimer_start(goro_ktimer_t *t, u64 when)
{
	hrtimer_start(t, ns_to_ktime(min_t(u64, when, KTIME_MAX)), HRTIMER_MODE_ABS_HARD);
}

#define goro_ktimer_try_cancel(t)	((void)hrtimer_try_to_cancel(t))
#define goro_ktimer_cancel(t)		((void)hrtimer_cancel(t))

/* goroutines that core starts, and who gave their functions */
int goro_port_go(goro_fn_t fn, void *arg, struct module *owner, unsigned long where);
#define goro_owner_get(m)	__module_get(m)
#define goro_owner_put(m)	module_put(m)
#define goro_caller()		_RET_IP_
/* what an interrupt leaves to a thread */
typedef struct work_struct goro_late_t;
#define GORO_LATE(name, fn)	DECLARE_WORK(name, fn)
#define goro_late_queue(l)	((void)queue_work(system_highpri_wq, l))
#define goro_late_flush(l)	((void)flush_work(l))
#define goro_late_pause()	cond_resched()

/* g.c: goroutines that were set aside */
typedef struct goro_g goro_spawn_t;
struct goro_g *goro_spawn_prepare(goro_fn_t fn, void *arg, struct module *owner);
void goro_spawn_start(struct goro_g *g, struct goro_ctx *ctx);
void goro_spawn_drop(struct goro_g *g);

/* memory */
#define GORO_CHAN_BYTES_MAX	(1ULL << 30)
#define GORO_GFP		(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)
#define goro_alloc(size)	kvzalloc(size, GORO_GFP)
#define goro_free(p)		kvfree(p)

/* poll(2) */
typedef wait_queue_head_t goro_pollq_t;
typedef __poll_t goro_poll_t;
#define GORO_POLL_IN	(EPOLLIN | EPOLLRDNORM)
#define GORO_POLL_OUT	(EPOLLOUT | EPOLLWRNORM)
#define GORO_POLL_HUP	EPOLLHUP
#define goro_pollq_init(q)	init_waitqueue_head(q)
#define goro_pollq_free(q)	do { } while (0)
#define goro_pollq_wake(q, mask)				\
do {								\
	/* under the channel's lock, which orders it with the poller */	\
	if (unlikely(waitqueue_active(q)))			\
		wake_up_poll(q, mask);				\
} while (0)
#define goro_pollq_wake_all(q, mask)				\
do {								\
	/* the same; what stays so, as closed: exclusive waiters are all woken, too */	\
	if (unlikely(waitqueue_active(q)))			\
		__wake_up(q, TASK_NORMAL, 0, poll_to_key(mask));	\
} while (0)

/*
 * Out of line: an event's inlined part takes registers, to be saved and restored
 * each time, also while nobody has it on.
 */
void goro_traced_send(struct goro_chan *c);
void goro_traced_recv(struct goro_chan *c);
void goro_traced_select(unsigned int n, int pick);

#define goro_trace_if(event, call)				\
do {								\
	if (trace_goro_##event##_enabled())			\
		call;						\
} while (0)
#define goro_trace_chan_send(c)		goro_trace_if(chan_send, goro_traced_send(c))
#define goro_trace_chan_recv(c)		goro_trace_if(chan_recv, goro_traced_recv(c))
#define goro_trace_chan_close(c)	trace_goro_chan_close((c)->id, (c)->n)
#define goro_trace_select(n, pick)	goro_trace_if(select, goro_traced_select(n, pick))

int goro_select_foreign(struct goro_case *cases, unsigned int n, u64 deadline);

/* a thread as a waiter, in its own stack frame */
struct goro_thread {
	struct goro_waiter w;
	struct task_struct *task;
	int done;		/* set (release) by goro_ready(), after which t may go */
};

/* scope.c */
extern atomic_t goro_thread_scopes;	/* how many threads' scopes there are */
struct goro_thread *goro_thread_of_scope(struct goro_thread *t);
void goro_scope_push(struct goro_scope *s);
int goro_scope_pop(struct goro_scope *s);
bool goro_wait_begin_slow(struct goro_waiter *w);
void goro_wait_prepare_slow(void);

/* This wait of a G will block its M; decided before anybody can see the waiter. */
static inline void goro_bind_wait(struct goro_g *g)
{
	g->w.kind = GORO_W_BOUND;
	g->m->bound_done = 0;
}

struct goro_waiter *goro_waiter_nested(struct goro_thread *t);

static __always_inline struct goro_waiter *goro_waiter_self(struct goro_thread *t)
{
	struct goro_g *g = goro_self();

	if (likely(g)) {
		if (unlikely(atomic_read(&g->w.claim) != GORO_RUN))
			return goro_waiter_nested(t);	/* armed: event.h */
		g->w.kind = GORO_W_G;
		if (unlikely(goro_is_bound(g)))
			goro_bind_wait(g);
		return &g->w;
	}
	if (unlikely(atomic_read(&goro_thread_scopes)))
		t = goro_thread_of_scope(t);
	else
		t->w.scoped = 0;
	goro_waiter_init(&t->w, GORO_W_THREAD);
	t->task = current;
	t->done = 0;
	return &t->w;
}

static inline void goro_defer(struct goro_defer *d, void (*fn)(struct goro_defer *d))
{
	struct goro_g *g = goro_self();

	if (!g)
		return;
	d->fn = fn;
	d->next = g->defers;
	g->defers = d;
}

static inline void goro_undefer(struct goro_defer *d)
{
	struct goro_g *g = goro_self();

	if (g)
		g->defers = d->next;
}

static __always_inline void goro_wait_prepare(void)
{
	struct goro_g *g = goro_self();

	if (unlikely(g ? g->w.scoped : atomic_read(&goro_thread_scopes)))
		goro_wait_prepare_slow();
}

static __always_inline struct goro_g *goro_w_to_g(struct goro_waiter *w)
{
	return container_of(w, struct goro_g, w);
}

/* w is in WAIT: does the wait go on? */
static __always_inline bool goro_wait_begun(struct goro_waiter *w)
{
	if (likely(!w->scoped && (w->kind == GORO_W_THREAD ||
				  !READ_ONCE(goro_w_to_g(w)->cancelled))))
		return true;
	return goro_wait_begin_slow(w);
}

static __always_inline bool goro_wait_begin(struct goro_waiter *w, bool nocancel)
{
	/* xchg: the full barrier that pairs with those of the cancellers */
	atomic_xchg(&w->claim, nocancel ? GORO_WAIT_NC : GORO_WAIT);
	return nocancel || goro_wait_begun(w);
}

enum goro_claim goro_park_slow(struct goro_waiter *w, u64 deadline,
			       enum goro_reason reason);

/* A G's half of a park: the section is open. */
static __always_inline enum goro_claim
goro_park_g(struct goro_g *g, u64 deadline, enum goro_reason reason)
{
	struct goro_deadline d __uninitialized;	/* goro_deadline_set() */
	enum goro_claim why;

	g->reason = reason;
	if (unlikely(deadline != GORO_FOREVER))
		goro_deadline_set(g, &d, deadline);
	goro_switch_out(g);
	if (unlikely(deadline != GORO_FOREVER))
		goro_deadline_clear(g, &d);
	why = atomic_read(&g->w.claim);
	atomic_set(&g->w.claim, GORO_RUN);
	return why;
}

static __always_inline enum goro_claim
goro_park(struct goro_waiter *w, u64 deadline, enum goro_reason reason)
{
	if (likely(w->kind == GORO_W_G))
		return goro_park_g(goro_w_to_g(w), deadline, reason);
	goro_section_end();
	return goro_park_slow(w, deadline, reason);
}

static __always_inline enum goro_claim
goro_park_unlock(struct goro_waiter *w, goro_lock_t *lock, bool irq, u64 deadline,
		 enum goro_reason reason)
	__releases(lock)
{
	if (likely(w->kind == GORO_W_G)) {
		goro_section_begin();
		goro_unlock(lock);
		/* who may wait had them on */
		if (irq)
			local_irq_enable();
		return goro_park_g(goro_w_to_g(w), deadline, reason);
	}
	goro_unlock(lock);
	if (irq)
		local_irq_enable();
	return goro_park_slow(w, deadline, reason);
}

/* core/group.c's members; acct.c */
bool goro_member_cancel(struct goro_member *mb);
void goro_acct_cancelled(struct goro_acct *a);

static inline struct goro_member *goro_member_self(void)
{
	struct goro_g *g = goro_self();

	return g ? &g->member : NULL;
}

static inline struct goro_waiter *goro_member_waiter(struct goro_member *mb)
{
	return &container_of(mb, struct goro_g, member)->w;
}

void goro_ready_g(struct goro_g *g);
void goro_ready_slow(struct goro_waiter *w);

static __always_inline void goro_ready(struct goro_waiter *w)
{
	if (likely(w->kind == GORO_W_G))
		goro_ready_g(goro_w_to_g(w));
	else
		goro_ready_slow(w);
}

#endif /* _GORO_SCHED_PORT_KERNEL_H */
