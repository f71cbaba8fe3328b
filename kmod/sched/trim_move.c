// SPDX-License-Identifier: GPL-2.0-only
/*
 * A parked G's frames move: from its stack to a copy, which stands for them, and back.
 *
 * What others reach of them is found here, all of it; see the table in trim.c's head.
 * An element is reached through the sudog, by who has claimed the waiter, so it is
 * enough to point the sudog at the copy. What is linked into somebody's list (sudogs
 * of a select, scopes, entries in wait queues) changes places with its copy in that
 * list, under the list's lock; so does the deadline, in its tree. Everything else in the
 * frames is the G's own, which does not run: pointers from frames to frames stay as they
 * are.
 *
 * Out: the G's claim word is held (trim.c), interrupts are off. Who claims may have a
 * lock of ours and wait for the word, so we never wait: all locks are tried for, and
 * where one is not to be had nothing is done. Under all of them the frames are copied,
 * so that no list changes in between.
 *
 * In: the G was claimed, and dequeued by us. Its locks are waited for, one at a time:
 * their holders wait for nothing of ours. Each list may have changed, and what was
 * claimed is in none; the copy's node says so under the lock. The copy is valid until
 * the G runs, which is as long as its frames would have been.
 *
 * A wait queue that goes first (POLLFREE) has its head, an entry's, set to NULL under
 * its lock, and stays for an RCU grace period: hence rcu_read_lock(), and a second look
 * under the lock.
 */
#include "../core/context.h"
#include "poll.h"
#include "sched.h"
#include "trim.h"

#define LINKS	16	/* more are not moved */

struct link {
	struct list_head *node;		/* on the stack */
	spinlock_t *lock;		/* its list's */
	wait_queue_head_t **head;	/* of an entry that may be told that the queue goes */
};

/* The frames on the stack, and how far away the copy is. */
struct frames {
	unsigned long from, len;
	long delta;
	unsigned int n;
	bool too_many;
	struct link link[LINKS];
};

static bool within(unsigned long from, unsigned long len, const void *p)
{
	return (unsigned long)p - from < len;
}

static void add(struct frames *f, struct list_head *node, spinlock_t *lock,
		wait_queue_head_t **head)
{
	if (!within(f->from, f->len, node))
		return;
	if (f->n == LINKS)
		f->too_many = true;
	else
		f->link[f->n++] = (struct link){ node, lock, head };
}

static void add_entry(void *arg, wait_queue_entry_t *wait, wait_queue_head_t **head)
{
	struct frames *f = arg;
	/* pairs with goro_poll_wakeup(), as in goro_poll_leave() */
	wait_queue_head_t *wq = smp_load_acquire(head);

	if (wq)
		add(f, &wait->entry, &wq->lock, head);
}

static void add_select(struct frames *f, struct goro_select *s)
{
	u32 i;

	for (i = 0; i < s->m && !f->too_many; i++) {
		struct goro_case *k = &s->cases[s->cases[i].order];

		add(f, &k->sg.node, &k->chan->lock, NULL);
	}
	for (i = 0; i < s->n && !f->too_many; i++) {
		struct goro_case *k = &s->cases[i];

		if ((k->op == GORO_CASE_FILE && k->file) || (k->op == GORO_CASE_SOCK && k->sock))
			add_entry(f, &k->wait, &k->head);
	}
}

/* All that is linked; under rcu_read_lock() until it has been locked. */
static void find(struct frames *f, struct goro_g *g, void *at)
{
	struct goro_scope *s;

	f->n = 0;
	f->too_many = false;
	switch (g->reason) {
	case GORO_R_SELECT:
		add_select(f, at);
		break;
	case GORO_R_EVENT: {
		struct goro_event *e = at;

		add(f, &e->entry.entry, &e->wq->lock, NULL);
		break;
	}
	case GORO_R_POLL:
		goro_poll_entries(at, f, add_entry);
		break;
	}
	for (s = g->scopes; s; s = s->outer)
		if (s->listed)
			add(f, &s->node, &s->ctx->lock, NULL);
}

static bool has_locked(struct frames *f, unsigned int n, spinlock_t *lock)
{
	while (n--)
		if (f->link[n].lock == lock)
			return true;
	return false;
}

static void unlock_all(struct frames *f, unsigned int n)
{
	while (n--) {
		spinlock_t *lock = f->link[n].lock;

		if (has_locked(f, n, lock))
			continue;
		__acquire(lock);
		spin_unlock(lock);
	}
}

/* sparse, which counts locks, is told of none: how many there are it cannot know */
static bool lock_all(struct frames *f)
{
	unsigned int i;

	for (i = 0; i < f->n; i++) {
		spinlock_t *lock = f->link[i].lock;

		if (has_locked(f, i, lock))
			continue;
		if (!spin_trylock(lock)) {
			unlock_all(f, i);
			return false;
		}
		__release(lock);
	}
	return true;
}

/* `to` takes the place of `from`, of which it is a copy. */
static void relink(struct list_head *from, struct list_head *to)
{
	if (list_empty(from))
		INIT_LIST_HEAD(to);
	else
		list_replace(from, to);
}

static void *moved(void *p, long delta)
{
	return p + delta;
}

/* A sudog's element moves if it is in the frames. */
static void move_elem(struct goro_sudog *sg, unsigned long from, unsigned long len, long delta)
{
	if (within(from, len, sg->elem))
		sg->elem += delta;
}

/* The elements of a select, whose cases move, too, or are elsewhere. */
static void move_elems(struct goro_select *s, unsigned long from, unsigned long len, long delta,
		       bool cases_moved)
{
	u32 i;

	for (i = 0; i < s->m; i++) {
		struct goro_sudog *sg = &s->cases[s->cases[i].order].sg;

		if (cases_moved)
			sg = moved(sg, delta);
		move_elem(sg, from, len, delta);
	}
}

/* Which waits are understood here. */
static bool is_known(struct goro_g *g)
{
	if (g->outer || g->w.kind != GORO_W_G)
		return false;
	switch (g->reason) {
	case GORO_R_SEND:
	case GORO_R_RECV:
	case GORO_R_SLEEP:
	case GORO_R_NIL:
	case GORO_R_WG:
	case GORO_R_GROUP:
	case GORO_R_SELECT:
	case GORO_R_MUTEX:
	case GORO_R_RWMUTEX:
	case GORO_R_COND:
	case GORO_R_SEMA:
	case GORO_R_ONCE:
	case GORO_R_EVENT:
	case GORO_R_POLL:
		return true;
	}
	return false;
}

/* To the copy. Its queue's lock is the innermost here. */
static bool move_deadline(struct goro_trim *t, const struct frames *f)
{
	if (!t->g->w.timed || !within(f->from, f->len, t->deadline))
		return true;
	return goro_deadline_move(t->deadline, moved(t->deadline, f->delta), true);
}

/* From the stack to `copy`, which has room for `len`; see above for what is held. */
enum goro_moved goro_trim_move_out(struct goro_trim *t, void *copy, unsigned long len)
{
	static struct frames f;		/* the caller's mutex, and interrupts are off */
	struct goro_g *g = t->g;
	struct goro_select *s;
	unsigned int i;

	if (!is_known(g))
		return GORO_MOVE_NEVER;
	f.from = g->sp;
	f.len = len;
	f.delta = (unsigned long)copy - g->sp;
	t->at = g->w.at;
	rcu_read_lock();
	find(&f, g, t->at);
	if (f.too_many || !lock_all(&f)) {
		rcu_read_unlock();
		return f.too_many ? GORO_MOVE_NEVER : GORO_MOVE_LATER;
	}
	memcpy(copy, (void *)f.from, len);
	if (!move_deadline(t, &f)) {
		unlock_all(&f, f.n);
		rcu_read_unlock();
		return GORO_MOVE_LATER;
	}
	for (i = 0; i < f.n; i++)
		relink(f.link[i].node, moved(f.link[i].node, f.delta));
	unlock_all(&f, f.n);
	rcu_read_unlock();
	move_elem(&g->w.sg, f.from, len, f.delta);
	if (g->reason == GORO_R_SELECT) {
		s = t->at;
		move_elems(s, f.from, len, f.delta, within(f.from, len, s->cases));
	}
	return GORO_MOVED;
}

/* Back, where pages are again; the G is the caller's, and preemption off. */
void goro_trim_move_in(struct goro_trim *t)
{
	struct goro_g *g = t->g;
	unsigned long copy = (unsigned long)t->copy, flags;
	struct frames f = { .from = g->sp, .len = t->len };
	long delta = f.from - copy;
	unsigned int i;

	rcu_read_lock();
	memcpy((void *)f.from, t->copy, t->len);
	if (g->w.timed && within(f.from, f.len, t->deadline))
		goro_deadline_move(moved(t->deadline, -delta), t->deadline, false);
	find(&f, g, t->at);
	for (i = 0; i < f.n; i++) {
		struct link *l = &f.link[i];

		spin_lock_irqsave(l->lock, flags);
		relink(moved(l->node, -delta), l->node);
		if (l->head)
			*l->head = *(wait_queue_head_t **)moved(l->head, -delta);
		spin_unlock_irqrestore(l->lock, flags);
	}
	rcu_read_unlock();
	move_elem(&g->w.sg, copy, t->len, delta);
	if (g->reason == GORO_R_SELECT)
		move_elems(t->at, copy, t->len, delta, false);
	if (within(copy, t->len, g->w.won))
		g->w.won = moved(g->w.won, delta);
}
