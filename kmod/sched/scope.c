// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scopes, the kernel's side (core/scope.c says what they are): whose they are, and
 * what the beginning of a wait asks.
 *
 * A goroutine's hang on its struct goro_g. A thread has no place of goro's: those of
 * threads are in a small hash by task, the innermost scope of each, looked at only
 * while there are any, when a thread is about to wait. A scope's owner is its G or
 * its task; only that one pushes, pops and finds it, so outside of the hash's chain
 * it needs no lock.
 *
 * Lock order: a bucket's lock and a context's are both innermost, never held together.
 */
#include <linux/hash.h>
#include "../core/context.h"
#include "sched.h"

#define BUCKETS	64

static_assert(sizeof(struct goro_thread) <= sizeof_field(struct goro_scope, thread));

struct bucket {
	spinlock_t lock;		/* with interrupts off: a wait may begin so */
	struct goro_scope *first;	/* lock; linked by next */
};

atomic_t goro_thread_scopes;
static struct bucket buckets[BUCKETS] = {
	[0 ... BUCKETS - 1] = { .lock = __SPIN_LOCK_UNLOCKED(buckets.lock) },
};

static struct bucket *bucket_of(struct task_struct *task)
{
	return &buckets[hash_ptr(task, ilog2(BUCKETS))];
}

/* Where the calling thread's innermost scope is linked; the bucket's lock is held. */
static struct goro_scope **find(struct bucket *b, struct task_struct *task)
{
	struct goro_scope **at;

	for (at = &b->first; *at && (*at)->owner != task; at = &(*at)->next)
		;
	return at;
}

/* The calling thread's innermost scope, or NULL. */
static struct goro_scope *thread_scope(void)
{
	struct bucket *b = bucket_of(current);
	struct goro_scope *s;
	unsigned long flags;

	spin_lock_irqsave(&b->lock, flags);
	s = *find(b, current);
	spin_unlock_irqrestore(&b->lock, flags);
	return s;
}

/* The waiter of the calling thread: that of its scopes, or `t`, which is to be made. */
struct goro_thread *goro_thread_of_scope(struct goro_thread *t)
{
	struct goro_scope *s = thread_scope();
	int claim = s ? atomic_read(&s->w->claim) : GORO_RUN;

	/* armed: that one waits for an event already, as goro_waiter_nested() has it */
	if (unlikely(claim == GORO_ARMED || claim == GORO_FIRED)) {
		goro_count(GORO_C_WAIT_NESTED);
		s = NULL;
	}
	if (s)
		t = container_of(s->w, struct goro_thread, w);
	t->w.scoped = !!s;
	return t;
}

/* In place of the one around it, `from`, which may be NULL. */
static void thread_replace(struct goro_scope *from, struct goro_scope *to)
{
	struct bucket *b = bucket_of(current);
	struct goro_scope **at;
	unsigned long flags;

	spin_lock_irqsave(&b->lock, flags);
	at = find(b, current);
	if (to) {
		to->next = from ? from->next : NULL;
		*at = to;
	} else {
		*at = from->next;
	}
	spin_unlock_irqrestore(&b->lock, flags);
}

/* Will its context be cancelled by a deadline? */
static bool is_timed(const struct goro_scope *s)
{
	return s->ctx->deadline != GORO_FOREVER;
}

void goro_scope_push(struct goro_scope *s)
{
	struct goro_g *g = goro_self();

	if (likely(g)) {
		s->owner = g;
		s->outer = g->scopes;
		s->w = &g->w;
		g->scopes = s;
		g->w.scoped |= is_timed(s) ? 1 | GORO_SCOPED_TIMED : 1;
		return;
	}
	s->owner = current;
	s->outer = atomic_read(&goro_thread_scopes) ? thread_scope() : NULL;
	s->w = s->outer ? s->outer->w : &((struct goro_thread *)s->thread)->w;
	/* before anybody looks at it */
	if (!s->outer)
		goro_waiter_init(s->w, GORO_W_THREAD);
	atomic_inc(&goro_thread_scopes);
	thread_replace(s->outer, s);
}

/*
 * A thread has left its outermost scope, in which the waiter is, before those that are
 * inside of it, and it may be gone from now on: the new outermost one's takes its
 * place. Nobody has claimed the old one, whose thread runs. (Is it armed, so that the
 * scope is left by the look of a wait that began in it, that wait ends before the
 * scope's frame does, but no cancel ends it.)
 */
static void move_waiter(struct goro_scope *top)
{
	struct goro_scope *s = top;
	struct goro_waiter *w;

	while (s->outer)
		s = s->outer;
	w = &((struct goro_thread *)s->thread)->w;
	goro_waiter_init(w, GORO_W_THREAD);
	goro_scopes_move(top, w);
}

/* Out of the middle of the caller's scopes, so that none that is gone stays among them. */
static int out_of_order(struct goro_scope *top, struct goro_scope *s)
{
	struct goro_scope *in = top;

	if (!goro_may_wait())
		return goro_misuse();
	while (in && in->outer != s)
		in = in->outer;
	if (!in) {
		goro_misuse_by("a scope is left that the caller is not in");
		return -ESRCH;
	}
	goro_misuse_by("scopes of contexts are left out of order");
	in->outer = s->outer;
	if (!goro_self()) {
		atomic_dec(&goro_thread_scopes);
		if (!s->outer)
			move_waiter(top);
	}
	return -EINVAL;
}

int goro_scope_pop(struct goro_scope *s)
{
	struct goro_g *g = goro_self();
	struct goro_scope *top = g ? g->scopes : thread_scope();

	if (unlikely(top != s))
		return out_of_order(top, s);
	if (likely(g)) {
		g->scopes = s->outer;
		g->w.scoped = 0;
		for (top = s->outer; top; top = top->outer)
			g->w.scoped |= is_timed(top) ? 1 | GORO_SCOPED_TIMED : 1;
	} else {
		thread_replace(s, s->outer);
		atomic_dec(&goro_thread_scopes);
	}
	return 0;
}

/* The scopes that the wait of w is in; w is the caller's. */
static struct goro_scope *scopes_of(struct goro_waiter *w)
{
	if (w->kind != GORO_W_THREAD)
		return goro_w_to_g(w)->scopes;
	return w->scoped ? thread_scope() : NULL;
}

bool goro_wait_begin_slow(struct goro_waiter *w)
{
	struct goro_scope *s = scopes_of(w);

	if (w->kind != GORO_W_THREAD && READ_ONCE(goro_w_to_g(w)->cancelled)) {
		if (!goro_claim(w, GORO_BY_CANCEL))
			return true;	/* the canceller was first and readies us: park */
	} else if (goro_scopes_begin(s, w)) {
		return true;
	}
	atomic_set(&w->claim, GORO_RUN);
	return false;
}

void goro_wait_prepare_slow(void)
{
	struct goro_g *g = goro_self();

	goro_scopes_prepare(g ? g->scopes : thread_scope());
}

/* Would a wait of the caller's fail by a cancel? Process context, or a goroutine. */
bool goro_wait_cancelled(void)
{
	struct goro_g *g = goro_self();

	if (likely(g))
		return READ_ONCE(g->cancelled) ||
		       (unlikely(g->scopes) && goro_scopes_cancelled(g->scopes));
	return unlikely(atomic_read(&goro_thread_scopes)) &&
	       goro_scopes_cancelled(thread_scope());
}

bool goro_cancelled(void)
{
	return goro_self_any() && goro_wait_cancelled();
}
EXPORT_SYMBOL_GPL(goro_cancelled);
