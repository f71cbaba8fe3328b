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
 * deadline, and timers that are set. Whoever readies or starts another counts it
 * before it can run, so where it is zero nobody will ever go on: these are taken
 * down by a cancel, and were left waiting as far as spec.c is concerned.
 *
 * The port is in threads_port.c.
 */
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#include "threads_run.h"

struct worker workers[MAX_G];
__thread int self = -1;
struct scenario sc;
int busy;
static int ended, stopping;	/* R, but for the end of a run */
static u32 ticket;		/* R: the order of begins and ends */
static int round_number;	/* release: the run may begin */
static bool quit;
static u64 runs;
static int points;

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

	port_begin();
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
	pthread_t threads[MAX_G];
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
	for (i = 0; i < MAX_G; i++)
		pthread_create(&threads[i], NULL, worker_main, &workers[i]);
	port_start();
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
