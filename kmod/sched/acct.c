// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU time of goroutines: added up per account, and capped.
 *
 * An M that runs an accounted G has its account in m->acct, and its CPU's clock
 * runs: struct clock. It stops when the G leaves the M and when the M leaves
 * its CPU (sched_out), and what has passed is charged then; without preempt
 * notifiers a sleep counts, too. The period's timer charges what runs on: it
 * moves the beginning of others' clocks by cmpxchg, so each ns is charged once.
 *
 * The cap is cgroup's cpu.max: `left` is what may still be used in this period;
 * charging takes from it, and may make it negative, which the next periods have
 * to make up for. A G that is taken from a queue while nothing is left is not
 * run but waits in `waiting`; the period's timer puts those back, all at once,
 * by the global queue. One that is bound to its M (lock.c) is in no queue: it
 * asks where it would go on, and waits in `bound`, asleep with its M, without a
 * P, until the timer wakes it. Nothing else looks at the cap, so a G runs on
 * until its next scheduling point; goro_block_end() is one for who is over it, and
 * goro_cond_yield(), once the tick has seen that (hog.c).
 *
 * Who was cancelled is to end, and waits for one period at most, whatever is to
 * be made up for: goro_acct_cancelled() has the timer look for such.
 *
 * The timer runs while something is used: it is started by the first G that is
 * to run, and stops after a period in which nothing was used and nobody waits.
 *
 * Who may hold an account: whoever made it, and each of its Gs until it is
 * reaped. So an account with Gs in `waiting` lives, and who drops the last
 * reference has but to cancel the timer. The timer finds an account in another
 * CPU's clock only if it is its own.
 *
 * Locks: a->lock is IRQ-safe; nothing is woken and no other lock is taken under
 * it but the timer base's; a group's lock may be held around it. Charging takes
 * none: sched_out holds an rq lock.
 */
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include "acct.h"
#include "../core/context.h"
#include "sched.h"

/* Gs, first come first served. Bound ones are apart from those of the run queues. */
struct list {
	struct llist_node *first, *last;
	u32 n;
};

struct waiting {
	struct list run, bound;
};

struct goro_acct {
	refcount_t ref;
	u64 __percpu *usage;		/* each CPU its own, with preemption off */
	atomic64_t left;		/* ns of this period; refilled under lock */
	u64 quota;			/* L: lock; read without it as a hint */
	u64 period;			/* L */
	bool ticking;			/* L; likewise: the timer runs, or its callback */
	raw_spinlock_t lock;
	struct waiting waiting;		/* L */
	u64 waiting_since;		/* L */
	bool cancelled;			/* L: who waits may have been cancelled */
	bool scoped;			/* L: a context may cancel some who wait: it tells nobody */
	u64 nr_periods;			/* L */
	u64 nr_throttled;		/* L */
	u64 throttled_ns;		/* L */
	struct hrtimer timer;
};

/*
 * What runs on a CPU for an account. since: 0 while it stands; set (release)
 * before the account, which is none while since changes, so that a timer that
 * read since, then (rmb) its own account, and then moves since by cmpxchg, has
 * this very stretch of time. The owner, with preemption off, starts and stops.
 */
struct clock {
	atomic64_t since;
	struct goro_acct *acct;
};
static DEFINE_PER_CPU(struct clock, clocks);

/* NMI-safe: the usual clock may not be read under an rq lock */
static u64 now_ns(void)
{
	return ktime_get_mono_fast_ns();
}

struct goro_acct *goro_acct_get(struct goro_acct *a)
{
	refcount_inc(&a->ref);
	return a;
}
EXPORT_SYMBOL_GPL(goro_acct_get);

void goro_acct_put(struct goro_acct *a)
{
	if (!refcount_dec_and_test(&a->ref))
		return;
	hrtimer_cancel(&a->timer);
	goro_count(GORO_C_ACCT_DESTROYED);
	free_percpu(a->usage);
	kfree(a);
}
EXPORT_SYMBOL_GPL(goro_acct_put);

static u32 nwaiting(struct goro_acct *a)
{
	return a->waiting.run.n + a->waiting.bound.n;
}

static void list_add_g(struct list *l, struct goro_g *g)
{
	g->qnode.next = NULL;
	if (l->n++)
		l->last->next = &g->qnode;
	else
		l->first = &g->qnode;
	l->last = &g->qnode;
}

/* By its group or a context. It is on no CPU, or ours: its scopes stay. */
static bool is_cancelled(struct goro_g *g)
{
	return READ_ONCE(g->cancelled) || (g->scopes && goro_scopes_cancelled(g->scopes));
}

/* @l: that of a's lists where it belongs. The lock is held. */
static void acct_wait(struct goro_acct *a, struct list *l, struct goro_g *g)
{
	if (!nwaiting(a))
		a->waiting_since = now_ns();
	list_add_g(l, g);
	a->scoped |= !!g->scopes;	/* it has them as long as it waits here */
}

/* Those who wait may run. The lock is held; the caller gives them to requeue(). */
static void take_waiting(struct goro_acct *a, struct waiting *taken)
{
	if (nwaiting(a))
		a->throttled_ns += now_ns() - a->waiting_since;
	*taken = a->waiting;
	a->waiting = (struct waiting){ };
	a->scoped = false;
}

static void sort_cancelled(struct goro_acct *a, struct list *from, struct list *cancelled,
			   struct list *others)
{
	struct llist_node *node, *next;

	for (node = from->first; node; node = next) {
		struct goro_g *g = container_of(node, struct goro_g, qnode);

		next = node->next;
		if (is_cancelled(g))
			list_add_g(cancelled, g);
		else
			acct_wait(a, others, g);
	}
}

/* Those who wait and were cancelled may run. The lock is held. */
static void take_cancelled(struct goro_acct *a, struct waiting *taken)
{
	struct waiting all;

	take_waiting(a, &all);
	sort_cancelled(a, &all.run, &taken->run, &a->waiting.run);
	sort_cancelled(a, &all.bound, &taken->bound, &a->waiting.bound);
}

static void requeue(struct waiting *taken)
{
	struct llist_node *node, *next;

	if (taken->run.n) {
		/* goro_wake_p() must not be held up half-way: others trust what it has begun */
		preempt_disable();
		goro_global_push(taken->run.first, taken->run.last, taken->run.n);
		smp_mb();	/* (1) of sched.c */
		goro_wake_p();
		preempt_enable();
	}
	for (node = taken->bound.first; node; node = next) {
		next = node->next;	/* before the wakeup: then it is not ours */
		goro_bound_wake(container_of(node, struct goro_g, qnode));
	}
}

/* `ns` more were used. Any context. */
static void charge(struct goro_acct *a, u64 ns)
{
	if ((s64)ns <= 0)	/* that clock may step back a little */
		return;
	this_cpu_add(*a->usage, ns);
	if (READ_ONCE(a->quota) != GORO_ACCT_NO_MAX)
		atomic64_sub(ns, &a->left);
}

/* Charge what runs on: else a refill would be lost on who has not parked yet. */
static void charge_running(struct goro_acct *a)
{
	int cpu;

	for_each_online_cpu(cpu) {
		struct clock *c = per_cpu_ptr(&clocks, cpu);
		u64 since = atomic64_read(&c->since), now;

		smp_rmb();	/* since was set before its account */
		if (!since || READ_ONCE(c->acct) != a)
			continue;
		now = now_ns();
		if (atomic64_cmpxchg(&c->since, since, now) == since)
			charge(a, now - since);
	}
}

static enum hrtimer_restart on_period(struct hrtimer *t)
{
	struct goro_acct *a = container_of(t, struct goro_acct, timer);
	struct waiting taken = { };
	unsigned long flags;
	u64 n;
	s64 left;

	raw_spin_lock_irqsave(&a->lock, flags);
	charge_running(a);
	left = atomic64_read(&a->left);
	if (a->quota == GORO_ACCT_NO_MAX || (left >= (s64)a->quota && !nwaiting(a))) {
		take_waiting(a, &taken);
		WRITE_ONCE(a->ticking, false);
		raw_spin_unlock_irqrestore(&a->lock, flags);
		requeue(&taken);
		return HRTIMER_NORESTART;
	}
	n = hrtimer_forward_now(t, ns_to_ktime(a->period));
	a->nr_periods += n;
	a->nr_throttled += nwaiting(a) ? n : 0;
	/* what is charged meanwhile only makes it less: never more than a quota */
	n = min_t(u64, n, 1 + div64_u64(max_t(s64, (s64)a->quota - left, 0), a->quota));
	atomic64_add(min_t(s64, n * a->quota, (s64)a->quota - left), &a->left);
	if (atomic64_read(&a->left) > 0)
		take_waiting(a, &taken);
	else if (a->cancelled || a->scoped)
		take_cancelled(a, &taken);
	a->cancelled = false;
	raw_spin_unlock_irqrestore(&a->lock, flags);
	requeue(&taken);
	return HRTIMER_RESTART;
}

struct goro_acct *goro_acct_new(void)
{
	struct goro_acct *a = kzalloc(sizeof(*a), GORO_GFP);

	if (!a)
		return NULL;
	a->usage = alloc_percpu_gfp(u64, GORO_GFP);
	if (!a->usage) {
		kfree(a);
		return NULL;
	}
	refcount_set(&a->ref, 1);
	raw_spin_lock_init(&a->lock);
	a->quota = GORO_ACCT_NO_MAX;
	a->period = GORO_ACCT_PERIOD_MAX / 10;
	goro_hrtimer_setup(&a->timer, on_period, HRTIMER_MODE_REL_HARD);
	goro_count(GORO_C_ACCT_CREATED);
	return a;
}
EXPORT_SYMBOL_GPL(goro_acct_new);

int goro_acct_set_max(struct goro_acct *a, u64 quota_ns, u64 period_ns)
{
	struct waiting taken = { };
	unsigned long flags;

	if (period_ns < GORO_ACCT_PERIOD_MIN || period_ns > GORO_ACCT_PERIOD_MAX ||
	    quota_ns < GORO_ACCT_QUOTA_MIN ||
	    (quota_ns != GORO_ACCT_NO_MAX && quota_ns > period_ns * nr_cpu_ids))
		return -EINVAL;
	/* until they are queued again nobody else can reach those that it has in hand */
	preempt_disable();
	raw_spin_lock_irqsave(&a->lock, flags);
	/*
	 * A cap begins with a period of waiting: a new account must not be a new
	 * quota. A debt stays; what was left of a larger quota does not count.
	 */
	if (quota_ns != GORO_ACCT_NO_MAX && a->quota == GORO_ACCT_NO_MAX)
		atomic64_set(&a->left, 0);
	else if (quota_ns != GORO_ACCT_NO_MAX && atomic64_read(&a->left) > (s64)quota_ns)
		atomic64_set(&a->left, quota_ns);
	WRITE_ONCE(a->quota, quota_ns);
	a->period = period_ns;
	if (quota_ns == GORO_ACCT_NO_MAX)
		take_waiting(a, &taken);
	raw_spin_unlock_irqrestore(&a->lock, flags);
	requeue(&taken);
	preempt_enable();
	return 0;
}
EXPORT_SYMBOL_GPL(goro_acct_set_max);

void goro_acct_stat(struct goro_acct *a, struct goro_acct_stat *st)
{
	unsigned long flags;
	int cpu;

	*st = (struct goro_acct_stat){ 0 };
	for_each_possible_cpu(cpu)
		st->usage_ns += READ_ONCE(*per_cpu_ptr(a->usage, cpu));
	raw_spin_lock_irqsave(&a->lock, flags);
	st->nr_periods = a->nr_periods;
	st->nr_throttled = a->nr_throttled;
	st->throttled_ns = a->throttled_ns + (nwaiting(a) ? now_ns() - a->waiting_since : 0);
	st->quota_ns = a->quota;
	st->period_ns = a->period;
	raw_spin_unlock_irqrestore(&a->lock, flags);
}
EXPORT_SYMBOL_GPL(goro_acct_stat);

void goro_group_account(struct goro_group *grp, struct goro_acct *a)
{
	grp->acct = a;
}
EXPORT_SYMBOL_GPL(goro_group_account);

/* The clock starts, for m->acct. Preemption is off; also in sched_in. */
void goro_acct_in(struct goro_m *m)
{
	struct clock *c = this_cpu_ptr(&clocks);

	atomic64_set_release(&c->since, now_ns());
	smp_store_release(&c->acct, m->acct);	/* after since: see struct clock */
}

/* It stops. Preemption is off; also in sched_out. */
void goro_acct_out(struct goro_m *m)
{
	struct clock *c = this_cpu_ptr(&clocks);
	u64 since;

	/* without notifiers another M of this CPU may have run: the clock is its own, or stopped */
	if (READ_ONCE(c->acct) != m->acct)
		return;
	since = atomic64_xchg(&c->since, 0);
	WRITE_ONCE(c->acct, NULL);
	charge(m->acct, now_ns() - since);
}

/* May g run? False: it waits in @l of its account. */
static bool admit(struct goro_g *g, struct list *l)
{
	struct goro_acct *a = g->acct;
	unsigned long flags;
	bool run = true;

	raw_spin_lock_irqsave(&a->lock, flags);
	if (a->quota != GORO_ACCT_NO_MAX) {
		if (!a->ticking) {
			WRITE_ONCE(a->ticking, true);
			hrtimer_start(&a->timer, ns_to_ktime(a->period), HRTIMER_MODE_REL_HARD);
		}
		run = atomic64_read(&a->left) > 0 || is_cancelled(g);
	}
	if (!run) {
		goro_count(GORO_C_THROTTLE);
		WRITE_ONCE(g->reason, GORO_R_THROTTLED);
		acct_wait(a, l, g);
	}
	raw_spin_unlock_irqrestore(&a->lock, flags);
	return run;
}

static bool may_run(struct goro_acct *a)
{
	return READ_ONCE(a->quota) == GORO_ACCT_NO_MAX ||
	       likely(READ_ONCE(a->ticking) && atomic64_read(&a->left) > 0);
}

/*
 * May g, which was taken from a queue, run? False: it waits, in the account.
 * The section is open. ready() is not due: it has been made ready already.
 */
bool goro_acct_admit(struct goro_g *g)
{
	return may_run(g->acct) || admit(g, &g->acct->waiting.run);
}

/* Does g, which runs, have to wait at its next scheduling point? */
bool goro_acct_over(struct goro_g *g)
{
	return !may_run(g->acct);
}

/* m's G does not use its time from here on, though it does not leave the M; or does again. */
void goro_acct_pause(struct goro_m *m)
{
	preempt_disable();
	if (m->acct) {
		goro_acct_out(m);
		m->acct = NULL;
	}
	preempt_enable();
}

void goro_acct_resume(struct goro_m *m, struct goro_g *g)
{
	preempt_disable();
	if (!m->acct)
		goro_acct_start(m, g);
	preempt_enable();
}

/*
 * m's G, which is bound to it, is about to go on: not before its account lets it.
 * Its time does not run. Once it was let it has one turn, whatever others use while
 * it waits for a P: else it might be late for each period.
 */
void goro_acct_bound(struct goro_m *m, struct goro_g *g)
{
	if (may_run(g->acct))
		return;
	m->bound_done = 0;
	if (admit(g, &g->acct->waiting.bound))
		return;
	goro_bound_give_up(m);
	goro_bound_sleep(m);
}

/* Gs of `a` have just been cancelled: those that wait here are in nobody's reach else. */
void goro_acct_cancelled(struct goro_acct *a)
{
	unsigned long flags;

	/* who is not waiting yet sees its flag under the lock: goro_acct_admit() */
	raw_spin_lock_irqsave(&a->lock, flags);
	a->cancelled = true;
	raw_spin_unlock_irqrestore(&a->lock, flags);
}
