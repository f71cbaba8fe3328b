// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/'s port on the deterministic scheduler's coroutines: det/goro_port.h says what
 * there is. Memory comes from an arena, with red zones, and is not given out again in
 * the same run.
 */
#include "det_run.h"

#define ARENA		(64 << 10)
#define RED		32

static char arena[ARENA] __aligned(64);
static size_t arena_used;
static goro_lock_t group;	/* keeps goroutines from ending while they are cancelled */
static bool no_memory;		/* there was none once in this run */

void port_begin(void)
{
	model_late_reset();
	group.held = 0;
	no_memory = false;
	unpoison(arena, arena_used);
	arena_used = 0;
	poison(arena, ARENA);
}

void det_atomic(void *address, bool writes)
{
	if (self < 0)
		return;
	point(writes ? P_WRITE : P_READ, address, 0);
	sync_with(address, writes);
}

void goro_lock(goro_lock_t *l)
{
	if (self < 0)
		return;
	point(P_LOCK, l, 0);
	l->held = self + 1;
	sync_with(l, true);
}

void goro_unlock(goro_lock_t *l)
{
	if (self < 0)
		return;
	if (l->held != self + 1)
		det_fail("a lock is unlocked by who has not locked it");
	sync_with(l, true);
	l->held = 0;
	/* whoever touches the memory of the lock after this may be too late */
	point(P_TOUCH, l, 0);
}

bool goro_may_wait(void)
{
	return self < 0 || threads[self].g >= 0 || threads[self].may_wait;
}

struct det_waiter *waiter_make(int t)
{
	struct det_waiter *w = goro_alloc(sizeof(*w));

	goro_waiter_init(&w->w, GORO_W_G);
	w->tid = t;
	threads[t].w = w;
	return w;
}

static struct det_waiter *det_waiter(struct goro_waiter *w)
{
	return container_of(w, struct det_waiter, w);
}

u64 goro_me(void)
{
	return self + 1;
}

struct goro_waiter *goro_waiter_self(struct goro_thread *t)
{
	struct thread *th = &threads[self];

	t->none = 0;
	if (sc->g[th->g].thread && !th->w)
		waiter_make(self);
	return &th->w->w;
}

bool goro_wait_begin(struct goro_waiter *w, bool nocancel)
{
	atomic_xchg(&w->claim, nocancel ? GORO_WAIT_NC : GORO_WAIT);
	if (nocancel)
		return true;
	if (!sc->g[threads[self].g].thread)
		det_atomic(&det_waiter(w)->cancelled, false);
	if (det_waiter(w)->cancelled) {
		if (!goro_claim(w, GORO_BY_CANCEL))
			return true;
	} else if (goro_scopes_begin(threads[self].scopes, w)) {
		return true;
	}
	atomic_set(&w->claim, GORO_RUN);
	return false;
}

void goro_wait_prepare(void)
{
	goro_scopes_prepare(threads[self].scopes);
}

void goro_scope_push(struct goro_scope *s)
{
	struct thread *th = &threads[self];

	if (!th->w)
		waiter_make(self);
	s->owner = th;
	s->outer = th->scopes;
	s->w = &th->w->w;
	th->scopes = s;
}

int goro_scope_pop(struct goro_scope *s)
{
	if (threads[self].scopes != s)
		det_fail("scopes are left out of order");
	threads[self].scopes = s->outer;
	return 0;
}

enum goro_claim goro_park(struct goro_waiter *w, u64 deadline, enum goro_reason reason)
{
	struct thread *th = &threads[self];
	enum goro_claim why;

	(void)reason;
	if (deadline != GORO_FOREVER)
		goro_ktimer_start(det_deadline(th->g), deadline);
	point(P_PARK, NULL, 0);
	sync_with(th, false);
	th->ready = false;
	if (deadline != GORO_FOREVER)
		goro_ktimer_cancel(det_deadline(th->g));
	why = atomic_read(&w->claim);
	if (why < GORO_BY_PARTNER)
		det_fail("readied, but not claimed");
	atomic_set(&w->claim, GORO_RUN);
	return why;
}

enum goro_claim goro_park_unlock(struct goro_waiter *w, goro_lock_t *lock, bool irq, u64 deadline,
				 enum goro_reason reason)
{
	(void)irq;
	goro_unlock(lock);
	return goro_park(w, deadline, reason);
}

void goro_ready(struct goro_waiter *w)
{
	int t;

	/* who claimed it may be slow: what is of the waiter must still be there */
	point(P_TOUCH, w, 0);
	t = det_waiter(w)->tid;
	if (threads[t].ready)
		det_fail("readied twice");
	if (w->claim.v < GORO_BY_PARTNER)
		det_fail("readied without a claim");
	threads[t].ready = true;
	sync_with(&threads[t], true);
	point(P_AFTER, NULL, 0);
}

u32 det_choose(u32 n)
{
	return self < 0 ? 0 : explore_choose(n);
}

/* Time goes on where a timer fires, and now and then by what matters (Mutex: 1 ms). */
u64 goro_now(void)
{
	if (self < 0)
		return now;
	if (now_calls++ < 4 && det_choose(2)) {
		point(P_WRITE, &now, 0);
		now += 2000000;
		sync_with(&now, true);
	} else {
		point(P_READ, &now, 0);
		sync_with(&now, false);
	}
	return now;
}

void goro_ktimer_init(goro_ktimer_t *t, goro_ktimer_ret_t (*fn)(goro_ktimer_t *t))
{
	if (nthreads == MAX_T)
		abort();
	t->fn = fn;
	t->tid = nthreads++;
	threads[t->tid].g = -1;
	threads[t->tid].may_wait = false;
	threads[t->tid].begins = false;
	threads[t->tid].timer = t;
	threads[t->tid].set = false;
	threads[t->tid].running = false;
	threads[t->tid].ready = false;
	thread_begin(t->tid);
	threads[t->tid].next = (struct step){ P_FIRE, (char *)t, 0 };
}

void goro_ktimer_start(goro_ktimer_t *t, u64 when)
{
	point(P_SET, t, 0);
	t->when = when;
	threads[t->tid].set = true;
	sync_with(t, true);
}

void goro_ktimer_try_cancel(goro_ktimer_t *t)
{
	point(P_SET, t, 0);
	t->when = 0;	/* should it be about to fire: its time does not come by that */
	threads[t->tid].set = false;
	sync_with(t, true);
}

void goro_ktimer_cancel(goro_ktimer_t *t)
{
	point(P_CANCEL, t, 0);
	threads[t->tid].set = false;
	sync_with(t, true);
}

void *goro_alloc(size_t size)
{
	size_t n = (size + 7) & ~7UL;
	char *p = arena + arena_used + RED;

	if (arena_used + n + 2 * RED > ARENA)
		return NULL;
	arena_used += n + RED + 8;
	arena_used = (arena_used + 15) & ~15UL;
	unpoison(p - 8, 8 + size);
	*(size_t *)(p - 8) = size;
	poison(p - 8, 8);
	memset(p, 0, size);
	return p;
}

void goro_free(void *p)
{
	size_t size;

	unpoison((char *)p - 8, 8);
	size = *(size_t *)((char *)p - 8);
	poison((char *)p - 8, 8);
	if (self >= 0) {
		point(P_FREE, p, size);
		sync_with(p, true);
	}
	memset(p, 0xfd, size);
	poison(p, size);
}

/* ---- goroutines ------------------------------------------------------ */

/* Set its flag, and claim it: true, and it has to be readied. It cannot end meanwhile. */
static bool cancel(struct thread *th)
{
	det_atomic(&th->w->cancelled, true);
	th->w->cancelled = true;
	return goro_claim(&th->w->w, GORO_BY_CANCEL);
}

void model_cancel(int g)
{
	struct thread *th = &threads[g];
	bool claimed = false;

	/* as goro_group_cancel(), goro_g_cancel() */
	goro_lock(&group);
	if (th->w)
		claimed = cancel(th);
	goro_unlock(&group);
	if (claimed)
		goro_ready(&th->w->w);
}

static struct thread *member_thread(struct goro_member *mb)
{
	return &threads[container_of(mb, struct model_member, mb)->g];
}

struct goro_member *goro_member_self(void)
{
	int g = self < 0 ? -1 : threads[self].g;

	return g >= 0 && objects.member[g] ? &objects.member[g]->mb : NULL;
}

/* The group's lock keeps it there. */
bool goro_member_cancel(struct goro_member *mb)
{
	struct thread *th = member_thread(mb);

	return !th->w->cancelled && cancel(th);
}

struct goro_waiter *goro_member_waiter(struct goro_member *mb)
{
	return &member_thread(mb)->w->w;
}

/* Now and then there is no memory: it has to come again. */
int model_timer_fn(void)
{
	if (!no_memory && det_choose(4) == 3) {
		no_memory = true;
		return -ENOMEM;
	}
	return op_start_timer_fn(&objects, sc);
}

u64 model_deadline(enum op_mode mode)
{
	return mode == M_TRY ? GORO_NOW : mode == M_FOREVER ? GORO_FOREVER : 1;
}

void waiter_drop(struct thread *th)
{
	struct det_waiter *w = th->w;

	th->w = NULL;
	if (w)
		goro_free(w);
}

void waiter_end(struct thread *th)
{
	goro_lock(&group);
	waiter_drop(th);
	goro_unlock(&group);
}
