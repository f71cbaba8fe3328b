// SPDX-License-Identifier: GPL-2.0-only
/*
 * threads CASE MS: one case of the benchmark on POSIX threads, as a C program writes it: sched_yield(), a futex
 * to pass a turn, a mutex and two condition variables for a bounded queue. Prints one JSON object on a line, as
 * goro_bench.ko does; an operation is what it is in the function of the same case in goro.c.
 *
 * With one processor all threads are on one CPU; with two the scheduler places them as it likes.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define XWAKE_REST_NS	50000		/* as in bench.h */
#define DOZE_NS		1000000
#define NAPS_MAX	1000

struct bench {
	const char *name;
	int procs;
	uint64_t unit_n;		/* n is a multiple of it, and at least it */
	uint64_t max_n;			/* 0: as many as fill the time */
	uint64_t (*run)(const struct bench *b, uint64_t n);
	uint32_t arg;
};

/* One run. Its members begin when `begin` is set; who measures waits for all of them. */
struct run {
	const struct bench *b;
	uint64_t n, each;
	atomic_uint begin, waiting;
	atomic_uint turn;		/* of a pair: whose it is */
	uint64_t at, sum;
	atomic_ulong seen;
	pthread_mutex_t m;		/* protects what follows, and sum in mutexes() */
	pthread_cond_t readers, writers;
	uint32_t head, len;
	uint64_t ring[128];
};

static void die(const char *what)
{
	fprintf(stderr, "threads: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void futex(atomic_uint *at, int op, uint32_t v)
{
	syscall(SYS_futex, at, op | FUTEX_PRIVATE_FLAG, v, NULL, NULL, 0);
}

/* until *at is v; whoever sets it calls post() */
static void await(atomic_uint *at, uint32_t v)
{
	uint32_t is;

	while ((is = atomic_load(at)) != v)
		futex(at, FUTEX_WAIT, is);
}

static void post(atomic_uint *at, uint32_t v)
{
	atomic_store(at, v);
	futex(at, FUTEX_WAKE, INT32_MAX);
}

static pthread_t start(void *(*fn)(void *), struct run *r)
{
	pthread_t t;

	errno = pthread_create(&t, NULL, fn, r);
	if (errno)
		die("pthread_create");
	return t;
}

static void init(struct run *r, const struct bench *b, uint64_t n)
{
	memset(r, 0, sizeof(*r));
	r->b = b;
	r->n = n;
	r->each = n / b->arg;
	pthread_mutex_init(&r->m, NULL);
	pthread_cond_init(&r->readers, NULL);
	pthread_cond_init(&r->writers, NULL);
}

/* b->arg threads, which begin when all of them wait: ns until the last has ended */
static uint64_t together(const struct bench *b, uint64_t n, void *(*fn)(void *))
{
	pthread_t *t = calloc(b->arg, sizeof(*t));
	struct run r;
	uint64_t ns;
	uint32_t i;

	if (!t)
		die("calloc");
	init(&r, b, n);
	for (i = 0; i < b->arg; i++)
		t[i] = start(fn, &r);
	while (r.waiting < b->arg)
		usleep(100);
	ns = now();
	post(&r.begin, 1);
	for (i = 0; i < b->arg; i++)
		pthread_join(t[i], NULL);
	ns = now() - ns;
	free(t);
	return ns;
}

static void *yielder(void *arg)
{
	struct run *r = arg;
	uint64_t i;

	r->waiting++;
	await(&r->begin, 1);
	for (i = 0; i < r->each; i++)
		sched_yield();
	return NULL;
}

static uint64_t yields(const struct bench *b, uint64_t n)
{
	return together(b, n, yielder);
}

static void *dozer(void *arg)
{
	const struct timespec doze = { .tv_nsec = DOZE_NS };
	struct run *r = arg;
	uint64_t i;

	r->waiting++;
	await(&r->begin, 1);
	for (i = 0; i < r->each; i++)
		nanosleep(&doze, NULL);
	return NULL;
}

static uint64_t sleepers(const struct bench *b, uint64_t n)
{
	return together(b, n, dozer);
}

static int later(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* one that sleeps b->arg ns again and again: the median of how late it runs, n times that */
static uint64_t naps(const struct bench *b, uint64_t n)
{
	const struct timespec nap = { .tv_nsec = b->arg };
	uint64_t late[NAPS_MAX], i, t;

	for (i = 0; i < NAPS_MAX; i++) {
		t = now();
		nanosleep(&nap, NULL);
		late[i] = now() - t - b->arg;
	}
	qsort(late, NAPS_MAX, sizeof(late[0]), later);
	return late[NAPS_MAX / 2] * n;
}

static void *ponger(void *arg)
{
	struct run *r = arg;
	uint64_t i;

	for (i = 0; i < r->n / 2; i++) {
		await(&r->turn, 1);
		post(&r->turn, 0);
	}
	return NULL;
}

/* there and back is two hops */
static uint64_t hops(const struct bench *b, uint64_t n)
{
	struct run r;
	uint64_t i, ns;
	pthread_t t;

	init(&r, b, n);
	t = start(ponger, &r);
	ns = now();
	for (i = 0; i < n / 2; i++) {
		post(&r.turn, 1);
		await(&r.turn, 0);
	}
	ns = now() - ns;
	pthread_join(t, NULL);
	return ns;
}

static void *producer(void *arg)
{
	struct run *r = arg;
	uint64_t i;

	for (i = 0; i < r->n; i++) {
		pthread_mutex_lock(&r->m);
		while (r->len == r->b->arg)
			pthread_cond_wait(&r->writers, &r->m);
		r->ring[(r->head + r->len++) % r->b->arg] = i;
		pthread_cond_signal(&r->readers);
		pthread_mutex_unlock(&r->m);
	}
	return NULL;
}

static uint64_t stream(const struct bench *b, uint64_t n)
{
	struct run r;
	uint64_t i, ns, sum = 0;
	pthread_t t;

	init(&r, b, n);
	ns = now();
	t = start(producer, &r);
	for (i = 0; i < n; i++) {
		pthread_mutex_lock(&r.m);
		while (!r.len)
			pthread_cond_wait(&r.readers, &r.m);
		sum += r.ring[r.head];
		r.head = (r.head + 1) % b->arg;
		r.len--;
		pthread_cond_signal(&r.writers);
		pthread_mutex_unlock(&r.m);
	}
	ns = now() - ns;
	pthread_join(t, NULL);
	if (sum != n * (n - 1) / 2)
		die("stream: elements are lost");
	return ns;
}

static void *nothing(void *arg)
{
	return arg;
}

/* b->arg at a time: start them, wait for them */
static uint64_t spawn(const struct bench *b, uint64_t n)
{
	pthread_t *t = calloc(b->arg, sizeof(*t));
	uint64_t i, ns = now();
	struct run r;
	uint32_t k;

	if (!t)
		die("calloc");
	for (i = 0; i < n; i += b->arg) {
		for (k = 0; k < b->arg; k++)
			t[k] = start(nothing, &r);
		for (k = 0; k < b->arg; k++)
			pthread_join(t[k], NULL);
	}
	ns = now() - ns;
	free(t);
	return ns;
}

static void *locker(void *arg)
{
	struct run *r = arg;
	uint64_t i;

	r->waiting++;
	await(&r->begin, 1);
	for (i = 0; i < r->each; i++) {
		pthread_mutex_lock(&r->m);
		r->sum++;
		pthread_mutex_unlock(&r->m);
	}
	return NULL;
}

/* b->arg threads lock and unlock one mutex; an operation is both */
static uint64_t mutexes(const struct bench *b, uint64_t n)
{
	return together(b, n, locker);
}

static void *sleeper(void *arg)
{
	struct run *r = arg;
	uint64_t i;

	for (i = 0; i < r->n; i++) {
		await(&r->turn, 1);
		r->sum += now() - r->at;
		r->turn = 0;
		r->seen = i + 1;
	}
	return NULL;
}

/* The waker keeps its CPU: from the wake until the other runs. */
static uint64_t xwake(const struct bench *b, uint64_t n)
{
	uint64_t i, until;
	struct run r;
	pthread_t t;

	init(&r, b, n);
	t = start(sleeper, &r);
	for (i = 0; i < n; i++) {
		until = now() + XWAKE_REST_NS;
		while (now() < until)
			;
		r.at = now();
		post(&r.turn, 1);
		while (r.seen <= i)
			;
	}
	pthread_join(t, NULL);
	return r.sum;
}

static const struct bench benches[] = {
	{ "yield2", 1, 2, 0, yields, 2 },
	{ "yield1000", 1, 10000, 0, yields, 1000 },
	{ "sleepers1000", 1, 1000, 0, sleepers, 1000 },
	{ "sleep100us", 1, 1000, 1000, naps, 100000 },
	{ "hop", 1, 2, 0, hops, 2 },
	{ "stream", 1, 1, 0, stream, 1 },
	{ "chan128", 1, 1, 0, stream, 128 },
	{ "spawn1", 1, 1, 0, spawn, 1 },
	{ "spawn1000", 1, 1000, 0, spawn, 1000 },
	{ "mutex1", 1, 1000, 0, mutexes, 1 },
	{ "hop_p2", 2, 2, 0, hops, 2 },
	{ "chan128_p2", 2, 1, 0, stream, 128 },
	{ "mutex4_p2", 2, 4000, 0, mutexes, 4 },
	{ "xwake", 2, 50, 300, xwake, 2 },
};

static uint64_t round_n(const struct bench *b, uint64_t n)
{
	n = (n / b->unit_n ?: 1) * b->unit_n;
	return b->max_n && n > b->max_n ? b->max_n : n;
}

/* how many operations fill a run, as goro_bench does; the first run also warms up */
static uint64_t calibrate(const struct bench *b, uint64_t want)
{
	uint64_t n = round_n(b, 1), t, more;

	for (;;) {
		t = b->run(b, n) ?: 1;
		if (t >= want / 4 || n == b->max_n)
			return round_n(b, n * want / t);
		more = want / t;
		n = round_n(b, n * (more < 2 ? 2 : more > 20 ? 20 : more));
	}
}

/* the last CPU of those that this process may use: the first has the machine's interrupts, as a rule */
static void one_cpu(void)
{
	cpu_set_t may, one;
	int cpu = CPU_SETSIZE;

	if (sched_getaffinity(0, sizeof(may), &may))
		die("sched_getaffinity");
	while (!CPU_ISSET(--cpu, &may))
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		die("sched_setaffinity");
}

int main(int argc, char **argv)
{
	const struct bench *b;
	uint64_t n;
	double ns;

	if (argc != 3)
		return 2;
	for (b = benches; b < benches + sizeof(benches) / sizeof(benches[0]); b++) {
		if (strcmp(argv[1], "-list") == 0)
			puts(b->name);
		if (strcmp(argv[1], b->name))
			continue;
		if (b->procs == 1)
			one_cpu();
		/* a sleep ends when it is told to, not up to 50 us later */
		prctl(PR_SET_TIMERSLACK, 1);
		n = calibrate(b, atoi(argv[2]) * 1000000ull);
		ns = (double)b->run(b, n) / n;
		printf("{\"case\":\"%s\",\"impl\":\"pthread\",\"procs\":%d,\"unit\":\"ns\",\"median\":%.1f,\"min\":%.1f,\"max\":%.1f,\"runs\":1}\n",
		       b->name, b->procs, ns, ns, ns);
		return 0;
	}
	return strcmp(argv[1], "-list") == 0 ? 0 : 4;
}
