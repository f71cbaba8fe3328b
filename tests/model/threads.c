// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same scenarios with real threads, built with TSan:
 *
 *	run --threads [--runs N] [--seed N] [--seconds N] [--scenario TEXT]
 *	run --threads --race	a racy program, which TSan has to name
 *
 * Nothing is replayed here; what it adds is that every access of core/'s is
 * looked at, also those between two points of the deterministic scheduler. What
 * the harness itself shares is atomic and relaxed, so that it orders nothing.
 *
 * The end of a run: `busy` counts who neither has ended nor waits without a
 * deadline, and timers that are set. Whoever readies another counts it before it can run, so where it is
 * zero nobody will ever go on: these are taken down by a cancel, and were left
 * waiting as far as spec.c is concerned.
 */
#include <getopt.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "../../kmod/core/context.h"
#include "model.h"

__thread int model_fence;

struct model_waiter {
	struct goro_waiter w;
	int g;
	int cancelled;
};

/* A worker, and the goroutine that it is in a run. R: relaxed atomics. */
static struct worker {
	int ready;			/* release by who readies, acquire by who waited */
	int ended;			/* R: of this run */
	int started;			/* of an F: 1, or 2: it need not run any more */
	struct goro_ctx *holds;		/* before started */
	struct goro_scope *scopes;	/* its own */
	struct model_waiter *w;		/* under group */
	u64 rng;
	int n;
	struct { u32 when; struct event e; } log[2 * MAX_OPS];
} workers[MAX_G];

static __thread int self = -1;
static struct scenario sc;
static goro_lock_t group;
static int busy, ended, stopping;	/* R, but for the end of a run */
static u32 ticket;			/* R: the order of begins and ends */
static int round_number;		/* release: the run may begin */
static bool quit;
static u64 runs;
static int points;

static void futex_wait(int *p, int value)
{
	syscall(SYS_futex, p, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(int *p)
{
	syscall(SYS_futex, p, FUTEX_WAKE_PRIVATE, 1000, NULL, NULL, 0);
}

#define get(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define add(p, n)	__atomic_add_fetch(p, n, __ATOMIC_RELAXED)

/* One less goes on by itself; main looks when it was the last. */
static void less_busy(void)
{
	if (!add(&busy, -1))
		futex_wake(&busy);
}

/* ---- the port -------------------------------------------------------- */

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

static struct model_waiter *waiter_make(int g)
{
	struct model_waiter *w = calloc(1, sizeof(*w));

	goro_waiter_init(&w->w, GORO_W_G);
	w->g = g;
	goro_lock(&group);
	workers[g].w = w;
	goro_unlock(&group);
	return w;
}

static void waiter_drop(int g)
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

void goro_scope_pop(struct goro_scope *s)
{
	workers[self].scopes = s->outer;
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

static u64 real_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Time goes on, and leaps to where a timer fires. */
static u64 run_began;		/* before the round */
static u64 leaps;		/* R, by the timers' thread */

u64 goro_now(void)
{
	return 1 + real_time() - run_began + get(&leaps);
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
static bool let_begin(int g, int how, struct goro_ctx *ctx)
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

/* work that a thread of its own would do */
static goro_ktimer_t late_timer;
static goro_late_t *late;	/* there is one */

static goro_ktimer_ret_t on_late(goro_ktimer_t *t)
{
	(void)t;
	late->fn(late);
	return GORO_KTIMER_DONE;
}

void model_late_queue(goro_late_t *l)
{
	late = l;
	goro_ktimer_start(&late_timer, 0);
}

/* ---- a run ----------------------------------------------------------- */

static void record(struct worker *me, bool end, struct result r)
{
	barrier();
	me->log[me->n].when = add(&ticket, 1);
	me->log[me->n++].e = (struct event){ .g = self, .end = end, .r = r };
	barrier();
}

/* One that is taken down lets go of what others may wait for in a way that nothing ends. */
static void let_go(void)
{
	if (objects.member[self]) {
		goro_ctx_leave(&objects.scope[self], 0);
		op_leave_group(&objects, &sc, self, 0);
	}
	if (objects.got[self] & BIT(OP_LOCK))
		(void)goro_mutex_unlock(&objects.mu);
}

static void goroutine(struct worker *me)
{
	bool thread = sc.g[self].thread;
	struct result r = { .chosen = -1 };
	int i;

	if (sc.g[self].fn) {
		less_busy();
		while (!(i = __atomic_load_n(&me->started, __ATOMIC_ACQUIRE)))
			futex_wait(&me->started, 0);
		if (i == 2) {
			waiter_drop(self);
			return;
		}
	}
	for (i = (rnd(&me->rng) >> 40) % 4; i; i--)
		sched_yield();
	op_begin_goroutine(&objects, &sc, self);
	for (i = 0; i < sc.g[self].nops && !get(&stopping); i++) {
		if (thread)
			waiter_make(self);
		record(me, false, (struct result){ .chosen = -1 });
		r = op_run(&objects, &sc, self, i);
		if (!get(&stopping))
			record(me, true, r);
		if (thread)
			waiter_drop(self);
	}
	if (get(&stopping))
		let_go();
	if (me->holds)
		__goro_ctx_put(me->holds, NULL);
	if (!thread)
		waiter_drop(self);
}

static void *worker_main(void *arg)
{
	struct worker *me = arg;
	int seen = 0, now;

	self = me - workers;
	me->rng = self + 1;
	for (;;) {
		while ((now = __atomic_load_n(&round_number, __ATOMIC_ACQUIRE)) == seen)
			futex_wait(&round_number, seen);
		seen = now;
		if (quit)
			return NULL;
		if (self < sc.ng) {
			goroutine(me);
			WRITE_ONCE(me->ended, 1);
		}
		/* release: main reads the log after the last one */
		__atomic_add_fetch(&ended, 1, __ATOMIC_ACQ_REL);
		less_busy();
	}
}

static void next_round(void)
{
	__atomic_add_fetch(&round_number, 1, __ATOMIC_RELEASE);
	futex_wake(&round_number);
}

static void merge(struct history *h)
{
	int at[MAX_G] = { 0 }, g, first;

	h->n = 0;
	for (;;) {
		for (g = 0, first = -1; g < sc.ng; g++)
			if (at[g] < workers[g].n &&
			    (first < 0 || workers[g].log[at[g]].when < workers[first].log[at[first]].when))
				first = g;
		if (first < 0)
			return;
		h->ev[h->n++] = workers[first].log[at[first]++].e;
	}
}

static bool one_run(void)
{
	static struct history h;
	const char *error;
	int g, n;

	run_began = real_time();
	WRITE_ONCE(leaps, 0);
	WRITE_ONCE(busy, MAX_G);
	objects_make(&objects, &sc);
	for (g = 0; g < MAX_G; g++) {
		workers[g].n = 0;
		workers[g].started = 0;
		workers[g].holds = NULL;
		workers[g].scopes = NULL;
		WRITE_ONCE(workers[g].ended, 0);
		WRITE_ONCE(workers[g].ready, 0);
		if (g < sc.ng && !sc.g[g].thread)
			waiter_make(g);
	}
	WRITE_ONCE(ended, 0);
	WRITE_ONCE(stopping, 0);
	WRITE_ONCE(ticket, 0);
	next_round();
	for (;;) {
		while ((n = get(&busy)))
			futex_wait(&busy, n);
		if (__atomic_load_n(&ended, __ATOMIC_ACQUIRE) == MAX_G)
			break;
		/* nobody will go on: take them down */
		WRITE_ONCE(stopping, 1);
		for (g = 0; g < sc.ng; g++) {
			if (sc.g[g].fn)
				let_begin(g, 2, NULL);
			if (!get(&workers[g].ended))
				model_cancel(g);
		}
	}
	objects_free(&objects, &sc);
	runs++;
	merge(&h);
	error = spec_check(&sc, &h);
	if (!error)
		return true;
	printf("not ok %d - %s: %s\n", ++points, sc.text, error);
	history_print(&sc, &h);
	return false;
}

/* ---- a data race, for TSan to name ----------------------------------- */

static long counter;
static struct goro_chan *start;

static void *racy_goroutine(void *arg)
{
	char byte;

	self = (long)arg;
	goro_chan_recv(start, &byte);	/* closed: both may go on, in no order */
	counter++;
	return NULL;
}

static int race(void)
{
	pthread_t t[2];
	long i;

	start = goro_chan_make(1, 0, 0);
	for (i = 0; i < 2; i++) {
		waiter_make(i);
		pthread_create(&t[i], NULL, racy_goroutine, (void *)i);
	}
	goro_chan_close(start);
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	printf("counter: %ld\n", counter);
	return 0;
}

/* ---------------------------------------------------------------------- */

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "halt_on_error=1";
}

static void on_death(void)
{
	printf("not ok %d - %s: TSan has found something\n", points + 1, sc.text);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "scenario", required_argument, NULL, 'c' }, { "seed", required_argument, NULL, 's' },
		{ "runs", required_argument, NULL, 'n' }, { "seconds", required_argument, NULL, 't' },
		{ "race", no_argument, NULL, 'r' }, { NULL, 0, NULL, 0 },
	};
	static const struct {
		const char *text;
		u32 limit;
	} list[] = {
#include "list.h"
	};
	pthread_t threads[MAX_G], timer;
	u64 seed = 0, n = 10000, i;
	const char *text = NULL;
	double seconds = 0;
	bool good = true;
	u64 end;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			text = optarg;
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			n = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = strtod(optarg, NULL);
			break;
		case 'r':
			return race();
		default:
			return 2;
		}
	}
	if (text && !scenario_parse(&sc, text)) {
		fprintf(stderr, "model: this is no scenario: %s\n", text);
		return 2;
	}
	__sanitizer_set_death_callback(on_death);
	goro_ktimer_init(&late_timer, on_late);
	for (i = 0; i < MAX_G; i++)
		pthread_create(&threads[i], NULL, worker_main, &workers[i]);
	pthread_create(&timer, NULL, timer_main, NULL);
	printf("KTAP version 1\n");
	end = real_time() + seconds * 1e9;
	for (i = 0; good && (seconds ? real_time() < end : i < n); i++) {
		/* a third of them from the list */
		if (!text && i % 3)
			scenario_random(&sc, seed + i);
		else if (!text && !scenario_parse(&sc, list[i / 3 % ARRAY_SIZE(list)].text))
			continue;	/* core/ lacks it */
		for (c = 0; good && c < 5; c++)
			good = one_run();
	}
	if (good)
		printf("ok %d - %" PRIu64 " runs with real threads\n", ++points, runs);
	quit = true;
	next_round();
	for (i = 0; i < MAX_G; i++)
		pthread_join(threads[i], NULL);
	printf("1..%d\n", points);
	return good ? 0 : 1;
}
