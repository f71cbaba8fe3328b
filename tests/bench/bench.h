/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * goro_bench: goroutines, through the public API of the goro.ko that is
 * loaded, next to what the kernel has for the same purpose.
 *
 * A case is an id of docs/bench.md's table; each implementation of it is one
 * function that does n operations and says how long they took. Whoever
 * compares implementations measures them in turn (A B A B ...).
 */
#ifndef _GORO_TESTS_BENCH_H
#define _GORO_TESTS_BENCH_H

#include <goro/goro.h>

struct bench {
	const char *name;	/* the case */
	const char *impl;
	u32 procs;		/* runs where goro has so many Ps */
	u64 unit_n;		/* n is a multiple of it, and at least it */
	u64 max_n;		/* 0: as many as fill the time */
	/* n operations: ns, 0 if they failed */
	u64 (*run)(const struct bench *b, u64 n);
	u32 arg;		/* run's own: how many tasks, what capacity, ... */
	const char *unit;	/* NULL: ns */
	bool first;		/* only the first run tells: no other before it */
	bool tail;		/* run sets bench_tail, too */
};

/*
 * What goroutines of a case share. It lies in the frame of the thread that
 * waits for the one that measures, which waits for all others; each function
 * uses what it needs.
 */
struct run {
	const struct bench *b;
	u64 n;
	u64 (*fn)(struct run *r);
	u64 result;
	struct goro_wg wg;
	struct goro_mutex m;
	struct goro_chan *c, *d, **chans;
	struct goro_ctx *ctx;
	u64 each;
	u64 waiting;
	u64 seen;
	u64 sum;
	u64 at;
	bool stop;
	atomic64_t work;
};

/* main.c: the 99th percentile of the run whose median has been returned, times n */
extern u64 bench_tail;

/* goro.c */
u64 bench_in_goroutine(struct run *r);
u64 bench_run(const struct bench *b, u64 n, u64 (*fn)(struct run *r));
int bench_later(const void *a, const void *b);
u64 goro_yields(const struct bench *b, u64 n);
u64 goro_sleepers(const struct bench *b, u64 n);
u64 goro_naps(const struct bench *b, u64 n);
u64 goro_hops(const struct bench *b, u64 n);
u64 goro_ring(const struct bench *b, u64 n);
u64 goro_stream(const struct bench *b, u64 n);
u64 goro_self(const struct bench *b, u64 n);
u64 goro_selects(const struct bench *b, u64 n);
u64 goro_crowd(const struct bench *b, u64 n);
u64 goro_spawn(const struct bench *b, u64 n);
u64 goro_xwake(const struct bench *b, u64 n);
u64 goro_mutexes(const struct bench *b, u64 n);

/* ctx.c */
u64 goro_ctx_cancels(const struct bench *b, u64 n);
u64 goro_ctx_derives(const struct bench *b, u64 n);
u64 goro_ctx_hops(const struct bench *b, u64 n);
u64 goro_ctx_self(const struct bench *b, u64 n);

/* trees.c */
u64 goro_sieve(const struct bench *b, u64 n);
u64 goro_skynet(const struct bench *b, u64 n);

/* block.c */
u64 goro_handoffs(const struct bench *b, u64 n);
u64 goro_shares(const struct bench *b, u64 n);
u64 goro_million(const struct bench *b, u64 n);
u64 bench_distribution(const struct bench *b, u64 *late, u32 n);

/* latency.c */
u64 goro_wakes(const struct bench *b, u64 n);
u64 goro_turns(const struct bench *b, u64 n);
u64 goro_late(const struct bench *b, u64 n);

/* peers.c */
u64 kthread_yields(const struct bench *b, u64 n);
u64 kthread_sleepers(const struct bench *b, u64 n);
u64 kthread_hops(const struct bench *b, u64 n);
u64 kthread_stream(const struct bench *b, u64 n);
u64 kthread_spawn(const struct bench *b, u64 n);
u64 kthread_xwake(const struct bench *b, u64 n);
u64 workqueue_spawn(const struct bench *b, u64 n);
u64 kthread_mutexes(const struct bench *b, u64 n);
u64 kthread_wakes(const struct bench *b, u64 n);

/* scale.c */
bool bench_scale_wanted(void);
int bench_scale(const char *filter);

/* xwake: how long the CPU that is to be woken has idled before */
#define XWAKE_REST_NS	50000

/* sleepers: how long each sleeps */
#define DOZE_NS		1000000

#endif /* _GORO_TESTS_BENCH_H */
