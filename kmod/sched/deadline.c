// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlines of Gs that wait: a queue for each P, with one hrtimer for all.
 *
 * A G that parks with a deadline pushes it to the queue of its M's CPU: to a
 * lock-free list (`fresh`), so that interrupts need not go off, from which whoever
 * has the lock next sorts it into the tree. What is due is claimed under the lock,
 * and readied after it, many at once: by the timer, in hard interrupt context, or by
 * the P's owner, who looks every GORO_FAIR rounds and when it has nothing else to run.
 * Neither takes a lock that a G holds.
 *
 * The timer is set to the first deadline (`armed`), or earlier, where that one was
 * given up. While no P idles it is set to no sooner than GAP_NS after it went off, and
 * takes nothing where the owner has looked since: a G more in the queues of busy CPUs
 * would not run sooner (one that keeps its thread might: its deadline may come two
 * GAP_NS late). An owner that finds nothing sets the timer to the first deadline
 * before it idles, or no later than GAP_NS after it went off last. A deadline that
 * comes before `armed` starts the timer; one that has passed does not, nor does it
 * enter the queue: the G claims itself. No deadline is missed:
 *   (4) G: push (cmpxchg, a full barrier), look at `armed`, start the timer where
 *       the deadline comes before it
 *       who sets `armed` (lock): sort `fresh` in, set, full barrier, look at `fresh`
 * One of the two sees the other. (An interrupt of the same CPU comes before the
 * push or after it, but after hotplug the timer may be anywhere, and so may the M.)
 *
 * A wait that is over has no deadline in a queue and nobody claims it for one any
 * more: who takes a deadline out, under the lock, claims first and then clears
 * `in`, with release, which is its last touch but where it won the claim: then the
 * G is its until it has readied it. The G looks at `in`, when it runs again and
 * before its claim word goes back to RUN; where it is set it takes the lock.
 *
 * A P that is called off leaves its queue as it is, and a CPU that goes offline
 * leaves the timer to another: what is due goes to the inbox of the CPU that the
 * interrupt is on, like all that is readied in one.
 */
#include <linux/prefetch.h>
#include "sched.h"
#include "trim.h"

/* see above */
#define GAP_NS		100000

static struct goro_deadline *node_deadline(const struct rb_node *n)
{
	return rb_entry(n, struct goro_deadline, node);
}

static bool earlier(struct rb_node *a, const struct rb_node *b)
{
	return node_deadline(a)->at < node_deadline(b)->at;
}

/* Into the tree, behind its equals. */
static void sort_in(struct goro_deadlines *q, struct goro_deadline *d)
{
	if (rb_add_cached(&d->node, &q->tree, earlier))
		WRITE_ONCE(q->next, d->at);
}

static void sort_fresh(struct goro_deadlines *q)
{
	struct llist_node *n = llist_del_all(&q->fresh), *next;

	for (n = n ? llist_reverse_order(n) : NULL; n; n = next) {
		next = n->next;		/* it lies where the tree's links will */
		sort_in(q, container_of(n, struct goro_deadline, fresh));
	}
}

static void take_out(struct goro_deadlines *q, struct goro_deadline *d)
{
	struct rb_node *first;

	rb_erase_cached(&d->node, &q->tree);
	first = rb_first_cached(&q->tree);
	WRITE_ONCE(q->next, first ? node_deadline(first)->at : GORO_FOREVER);
}

/* Claim what is due; the lock is held. */
static void take_due(struct goro_deadlines *q, u64 now, struct goro_due *due)
{
	due->n = 0;
	due->seen = 0;
	sort_fresh(q);
	while (q->next <= now && due->seen < GORO_DUE_MAX) {
		struct rb_node *node = rb_first_cached(&q->tree);
		struct goro_deadline *d = node_deadline(node);
		struct goro_g *g = d->g;

		prefetchw(&g->w);
		prefetch(node->rb_right);
		take_out(q, d);
		due->seen++;
		if (goro_claim(&g->w, GORO_BY_TIMEOUT)) {
			d->in = NULL;
			due->g[due->n++] = g;
		} else {
			smp_store_release(&d->in, NULL);	/* it may be gone now */
		}
	}
}

static void start_timer(struct goro_deadlines *q, u64 at)
{
	goro_count(GORO_C_DEADLINE_ARM);
	hrtimer_start(&q->timer, ns_to_ktime(min_t(u64, at, KTIME_MAX)),
		      HRTIMER_MODE_ABS_PINNED_HARD);
}

/* Set the timer, not before `least`; the lock is held. */
static void set_timer(struct goro_deadlines *q, u64 least)
{
	u64 at;

	for (;;) {
		at = q->next == GORO_FOREVER ? GORO_FOREVER : max(q->next, least);
		WRITE_ONCE(q->armed, at);
		smp_mb();	/* (4) */
		if (likely(llist_empty(&q->fresh)))
			break;
		sort_fresh(q);
	}
	if (at != GORO_FOREVER)
		start_timer(q, at);
}

static void count_due(const struct goro_due *due)
{
	u32 i;

	if (!due->n)
		return;
	goro_count(GORO_C_DEADLINE_BATCH);
	goro_count_n(GORO_C_WAKE_TIMEOUT, due->n);
	if (trace_goro_ready_enabled())
		for (i = 0; i < due->n; i++)
			if (due->g[i]->w.kind == GORO_W_G)
				trace_goro_ready(due->g[i]->id, 0);
}

static enum hrtimer_restart on_timer(struct hrtimer *t)
{
	struct goro_deadlines *q = container_of(t, struct goro_deadlines, timer);
	struct llist_node *first = NULL, *last = NULL;
	struct goro_due *due = &q->fired;
	unsigned long flags;
	u32 i, n = 0;
	bool busy;
	u64 now;

	due->n = 0;
	due->seen = 0;
	goro_count(GORO_C_DEADLINE_IRQ);
	raw_spin_lock_irqsave(&q->lock, flags);
	now = goro_now();
	busy = !atomic_read(&goro_sched.nidle);
	if (!busy || !q->polled)
		take_due(q, now, due);
	q->polled = false;
	set_timer(q, due->seen == GORO_DUE_MAX || busy ? now + GAP_NS : 0);
	raw_spin_unlock_irqrestore(&q->lock, flags);

	count_due(due);
	for (i = 0; i < due->n; i++) {
		struct goro_g *g = due->g[i];

		if (unlikely(g->w.kind != GORO_W_G)) {
			goro_ready_slow(&g->w);
			continue;
		}
		g->qnode.next = first;
		first = &g->qnode;
		if (!n++)
			last = first;
	}
	if (n)
		goro_inbox_push_all(first, last, n);
	return HRTIMER_NORESTART;
}

/*
 * p's owner looks, in a section, now and then and when it has nothing else to run
 * (`idle`). True: it has taken some. False, and it may idle: the timer is set to the
 * first deadline.
 */
bool __goro_deadlines_poll(struct goro_p *p, bool idle)
{
	struct goro_deadlines *q = &p->deadlines;
	u64 now = goro_now(), next = READ_ONCE(q->next);
	struct goro_due *due = &q->polls;
	unsigned long flags;
	u32 i, n = 0;

	q->polled = !idle;	/* who is about to idle will not look again */
	if (next > now && llist_empty(&q->fresh) && (!idle || next >= READ_ONCE(q->armed)))
		return false;
	goro_count(GORO_C_DEADLINE_POLL);
	raw_spin_lock_irqsave(&q->lock, flags);
	take_due(q, now, due);
	if (idle && !due->n && q->next < q->armed)
		set_timer(q, 0);
	raw_spin_unlock_irqrestore(&q->lock, flags);

	count_due(due);
	for (i = 0; i < due->n; i++) {
		struct goro_g *g = due->g[i];

		if (likely(g->w.kind == GORO_W_G)) {
			goro_ring_push(p, g);
			n++;
		} else {
			goro_ready_slow(&g->w);
		}
	}
	if (n && goro_multi()) {
		smp_mb();	/* (1) of sched.c */
		goro_wake_p();
	}
	return due->n;
}

/* It has passed: g, which waits and is still on its stack, need not. */
static void set_past(struct goro_g *g)
{
	goro_count(GORO_C_DEADLINE_PAST);
	if (!goro_claim(&g->w, GORO_BY_TIMEOUT))
		return;
	goro_count(GORO_C_WAKE_TIMEOUT);
	if (g->w.kind != GORO_W_G) {
		goro_ready_slow(&g->w);
		return;
	}
	/* behind the others, as if an interrupt had */
	trace_goro_ready(g->id, g->id);
	goro_inbox_push(g);
}

static noinline void set_first(struct goro_deadlines *q, u64 at)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&q->lock, flags);
	/* ours may have been taken meanwhile: then it goes off in vain */
	if (at < q->armed) {
		WRITE_ONCE(q->armed, at);
		start_timer(q, at);
	}
	raw_spin_unlock_irqrestore(&q->lock, flags);
}

/*
 * The running G waits, and may be claimed; in the section that it parks in, or bound.
 * @d is in its frame, which it does not leave before goro_deadline_clear().
 */
void goro_deadline_set(struct goro_g *g, struct goro_deadline *d, u64 at)
{
	struct goro_deadlines *q = &g->m->home->deadlines;

	WRITE_ONCE(g->w.timed, true);
	if (at < READ_ONCE(q->armed) && at <= goro_now()) {
		d->in = NULL;
		set_past(g);
		return;
	}
	if (unlikely(g->flags & GORO_G_TRIM))
		g->trim->deadline = d;
	d->g = g;
	d->at = at;
	d->in = q;
	llist_add(&d->fresh, &q->fresh);	/* (4): a full barrier */
	if (at < READ_ONCE(q->armed))
		set_first(q, at);
}

/* It had not come. */
void __goro_deadline_clear(struct goro_deadline *d)
{
	struct goro_deadlines *q = smp_load_acquire(&d->in);	/* with take_due() */
	unsigned long flags;

	if (!q)
		return;
	raw_spin_lock_irqsave(&q->lock, flags);
	if (d->in) {
		sort_fresh(q);		/* it may be there */
		take_out(q, d);
		d->in = NULL;
	}
	raw_spin_unlock_irqrestore(&q->lock, flags);
}

/*
 * The frame that a deadline lies in moves (trim.c): it stands at @to from now on, as far as
 * it stands at all. @try: false where the lock is not to be had at once.
 */
bool goro_deadline_move(struct goro_deadline *from, struct goro_deadline *to, bool try)
{
	struct goro_deadlines *q = smp_load_acquire(&from->in);	/* with take_due() */
	unsigned long flags;

	to->in = NULL;
	if (!q)
		return true;
	if (!try)
		raw_spin_lock_irqsave(&q->lock, flags);
	else if (!raw_spin_trylock_irqsave(&q->lock, flags))
		return false;
	if (from->in) {
		sort_fresh(q);
		*to = *from;
		rb_replace_node_cached(&from->node, &to->node, &q->tree);
	}
	raw_spin_unlock_irqrestore(&q->lock, flags);
	return true;
}

void goro_deadlines_init(struct goro_deadlines *q)
{
	init_llist_head(&q->fresh);
	raw_spin_lock_init(&q->lock);
	q->tree = RB_ROOT_CACHED;
	q->next = GORO_FOREVER;
	q->armed = GORO_FOREVER;
	goro_hrtimer_setup(&q->timer, on_timer, HRTIMER_MODE_ABS_PINNED_HARD);
}

/* At unload: no G is left. */
void goro_deadlines_exit(struct goro_deadlines *q)
{
	WARN_ON(!RB_EMPTY_ROOT(&q->tree.rb_root) || !llist_empty(&q->fresh));
	hrtimer_cancel(&q->timer);
}
