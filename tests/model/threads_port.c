// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/'s port on real threads: threads/goro_port.h says what there is. All timers
 * are one thread's, which fires each at some moment after it was set: time leaps to
 * that. What is not core's own is relaxed, so that it orders nothing (threads.c).
 */
#include <pthread.h>
#include <time.h>
#include "threads_run.h"

__thread int model_fence;

static goro_lock_t group;	/* keeps waiters while they are cancelled */

void goro_lock(goro_lock_t *l)
{
	int n, free = 0;

	for (n = 0; !__atomic_compare_exchange_n(&l->held, &free, 1, false, __ATOMIC_ACQUIRE,
						 __ATOMIC_RELAXED); n++) {
		free = 0;
		if (n > 20)
			sched_yield();
	}
}

bool goro_may_wait(void)
{
	return true;
}

struct model_waiter *waiter_make(int g)
{
	struct model_waiter *w = calloc(1, sizeof(*w));

	goro_waiter_init(&w->w, GORO_W_G);
	w->g = g;
	goro_lock(&group);
	workers[g].w = w;
	goro_unlock(&group);
	return w;
}

void waiter_drop(int g)
{
	struct model_waiter *w;

	goro_lock(&group);
	w = workers[g].w;
	workers[g].w = NULL;
	goro_unlock(&group);
	free(w);
}

static struct model_waiter *model_waiter(struct goro_waiter *w)
{
	return container_of(w, struct model_waiter, w);
}

u64 goro_me(void)
{
	return self + 1;
}

struct goro_waiter *goro_waiter_self(struct goro_thread *t)
{
	t->none = 0;
	return &workers[self].w->w;
}

bool goro_wait_begin(struct goro_waiter *w, bool nocancel)
{
	atomic_xchg(&w->claim, nocancel ? GORO_WAIT_NC : GORO_WAIT);
	if (nocancel)
		return true;
	if (READ_ONCE(model_waiter(w)->cancelled)) {
		if (!goro_claim(w, GORO_BY_CANCEL))
			return true;
	} else if (goro_scopes_begin(workers[self].scopes, w)) {
		return true;
	}
	atomic_set(&w->claim, GORO_RUN);
	return false;
}

void goro_wait_prepare(void)
{
	goro_scopes_prepare(workers[self].scopes);
}

void goro_scope_push(struct goro_scope *s)
{
	s->outer = workers[self].scopes;
	s->w = &workers[self].w->w;
	workers[self].scopes = s;
}

int goro_scope_pop(struct goro_scope *s)
{
	workers[self].scopes = s->outer;
	return 0;
}

enum goro_claim goro_park(struct goro_waiter *w, u64 deadline, enum goro_reason reason)
{
	struct worker *me = &workers[self];
	enum goro_claim why;
	int n;

	(void)reason;
	if (deadline != GORO_FOREVER) {
		for (n = (rnd(&me->rng) >> 40) % 6; n; n--)
			sched_yield();
		if (goro_claim(w, GORO_BY_TIMEOUT))
			goto claimed;
		/* it was claimed, and will be readied and counted; till then it is as any other */
	}
	less_busy();
	while (!__atomic_load_n(&me->ready, __ATOMIC_ACQUIRE))
		futex_wait(&me->ready, 0);
	WRITE_ONCE(me->ready, 0);
claimed:
	why = atomic_read(&w->claim);
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
	struct worker *other = &workers[model_waiter(w)->g];

	add(&busy, 1);
	__atomic_store_n(&other->ready, 1, __ATOMIC_RELEASE);
	futex_wake(&other->ready);	/* its place stays */
}

u32 model_random(u32 n)
{
	static __thread u64 state;

	if (!state)
		state = self + 2;
	return (rnd(&state) >> 33) % n;
}

u64 real_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Time goes on, and leaps to where a timer fires. */
static u64 run_began;		/* R, before the round: the timers' thread may be in the last one yet */
static u64 leaps;		/* R, by the timers' thread */

u64 goro_now(void)
{
	return 1 + real_time() - get(&run_began) + get(&leaps);
}

static bool cancel(struct model_waiter *w)
{
	WRITE_ONCE(w->cancelled, 1);
	smp_mb();	/* as in goro_g_cancel() */
	return goro_claim(&w->w, GORO_BY_CANCEL);
}

void model_cancel(int g)
{
	struct model_waiter *w;
	bool claimed = false;

	goro_lock(&group);
	w = workers[g].w;
	if (w)
		claimed = cancel(w);
	goro_unlock(&group);
	if (claimed)
		goro_ready(&w->w);
}

u64 model_deadline(enum op_mode mode)
{
	return mode == M_TRY ? GORO_NOW : mode == M_FOREVER ? GORO_FOREVER : 1;
}

static struct model_waiter *member_waiter(struct goro_member *mb)
{
	return workers[container_of(mb, struct model_member, mb)->g].w;
}

struct goro_member *goro_member_self(void)
{
	return self >= 0 && objects.member[self] ? &objects.member[self]->mb : NULL;
}

/* The group's lock keeps it there. */
bool goro_member_cancel(struct goro_member *mb)
{
	struct model_waiter *w = member_waiter(mb);

	return !READ_ONCE(w->cancelled) && cancel(w);
}

struct goro_waiter *goro_member_waiter(struct goro_member *mb)
{
	return &member_waiter(mb)->w;
}

/* What an F waits for; it counts as busy from here on. False: it had it. */
bool let_begin(int g, int how, struct goro_ctx *ctx)
{
	struct worker *other = &workers[g];
	int none = 0;

	if (get(&other->started))
		return false;
	other->holds = ctx;
	add(&busy, 1);
	if (__atomic_compare_exchange_n(&other->started, &none, how, false, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED)) {
		futex_wake(&other->started);
		return true;
	}
	less_busy();
	return false;
}

void model_start(int g, struct goro_ctx *ctx)
{
	/* it is too late for that: main takes all down */
	if (!let_begin(g, 1, ctx) && ctx)
		__goro_ctx_put(ctx, NULL);
}

int model_timer_fn(void)
{
	return op_start_timer_fn(&objects, &sc);
}

/* ---- timers ---------------------------------------------------------- */

static LIST_HEAD(timers);		/* under timer_lock: those that are set */
static goro_lock_t timer_lock;
static int timers_set;			/* R */

static void *timer_main(void *arg)
{
	(void)arg;
	for (;;) {
		goro_ktimer_t *t;

		while (!get(&timers_set))
			futex_wait(&timers_set, 0);
		goro_lock(&timer_lock);
		t = list_first_entry_or_null(&timers, goro_ktimer_t, node);
		if (t) {
			u64 now = goro_now();

			list_del_init(&t->node);
			add(&timers_set, -1);
			t->running = true;
			if (t->when > now)
				add(&leaps, t->when - now);
		}
		goro_unlock(&timer_lock);
		if (!t)
			continue;
		t->fn(t);
		goro_lock(&timer_lock);
		t->running = false;
		goro_unlock(&timer_lock);
		less_busy();
	}
	return NULL;
}

void goro_ktimer_init(goro_ktimer_t *t, goro_ktimer_ret_t (*fn)(goro_ktimer_t *t))
{
	t->fn = fn;
	t->running = false;
	INIT_LIST_HEAD(&t->node);
}

void goro_ktimer_start(goro_ktimer_t *t, u64 when)
{
	goro_lock(&timer_lock);
	t->when = when;
	if (list_empty(&t->node)) {
		list_add_tail(&t->node, &timers);
		add(&busy, 1);
		add(&timers_set, 1);
	}
	goro_unlock(&timer_lock);
	futex_wake(&timers_set);
}

static bool timer_unset(goro_ktimer_t *t)
{
	bool runs, was_set;

	goro_lock(&timer_lock);
	was_set = !list_empty(&t->node);
	if (was_set) {
		list_del_init(&t->node);
		add(&timers_set, -1);
	}
	runs = t->running;
	goro_unlock(&timer_lock);
	if (was_set)
		less_busy();
	return !runs;
}

void goro_ktimer_try_cancel(goro_ktimer_t *t)
{
	timer_unset(t);
}

void goro_ktimer_cancel(goro_ktimer_t *t)
{
	while (!timer_unset(t))
		sched_yield();
}

void port_begin(void)
{
	WRITE_ONCE(run_began, real_time());
	WRITE_ONCE(leaps, 0);
}

void port_start(void)
{
	pthread_t timers;

	model_late_init();
	pthread_create(&timers, NULL, timer_main, NULL);
}
