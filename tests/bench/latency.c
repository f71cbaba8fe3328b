// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a goroutine that can run waits until it does, and how late one is whose
 * timer has come while all Ps compute. The median is the figure; the 99th percentile
 * is a row of its own (bench_tail).
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sort.h>
#include <goro/goro.h>
#include "bench.h"

#define ROUNDS		20
#define WARM		2		/* more, before, that are not counted */
#define SETTLE_NS	(20ULL * NSEC_PER_MSEC)
#define NAP_NS		(1ULL * NSEC_PER_MSEC)

struct waits {
	struct run *r;
	struct goro_chan *c[WARM + ROUNDS];	/* closed for one round after the other */
	u64 at[WARM + ROUNDS];	/* when; written before the close, which its readers wait for */
	u64 late[];		/* ROUNDS for each goroutine */
};

struct waiter {
	struct waits *w;
	u64 *late;
};

/* round k is over for who, which could run at a given time, and does */
static void ran(struct waiter *who, u32 k, u64 since)
{
	if (k >= WARM)
		who->late[k - WARM] = ktime_get_ns() - since;
}

/* all goroutines wait, or are about to */
static void gather(struct waits *w, u64 n)
{
	while (atomic64_read(&w->r->work) < n)
		goro_sleep(NSEC_PER_MSEC);
	goro_sleep(SETTLE_NS);
}

static u64 percentiles(const struct run *r, u64 *late, u32 n)
{
	sort(late, n, sizeof(*late), bench_later, NULL);
	bench_tail = late[n - 1 - n / 100] * r->n;
	return max(late[n / 2], 1ULL) * r->n;
}

/* fn in tasks goroutines; drive() lets them run, once as many wait as could be started */
static u64 waits(struct run *r, u32 tasks, void (*fn)(void *), void (*drive)(struct waits *, u64))
{
	struct goro_attr attr = { .name = "waiter", .stack_size = 4096 };
	struct waits *w = kvzalloc(struct_size(w, late, tasks * ROUNDS), GFP_KERNEL);
	struct waiter *who = kvcalloc(tasks, sizeof(*who), GFP_KERNEL);
	u32 i, n = 0;
	u64 p50 = 0;

	if (!w || !who)
		goto out;
	w->r = r;
	for (i = 0; i < ARRAY_SIZE(w->c); i++) {
		w->c[i] = goro_chan_make(0, 0, 0);
		if (IS_ERR(w->c[i]))
			goto put;
	}
	while (n < tasks) {
		who[n] = (struct waiter){ w, w->late + n * ROUNDS };
		goro_wg_add(&r->wg, 1);
		if (goro_go_attr(fn, &who[n], &attr)) {
			goro_wg_done(&r->wg);
			break;
		}
		n++;
	}
	drive(w, n);
	goro_wg_wait(&r->wg);
	if (n == tasks)
		p50 = percentiles(r, w->late, n * ROUNDS);
put:
	while (i--)
		goro_chan_put(w->c[i]);
out:
	kvfree(who);
	kvfree(w);
	return p50;
}

/* ---- many are readied at once ------------------------------------------------- */

static void woken(void *arg)
{
	struct waiter *who = arg;
	struct waits *w = who->w;
	u32 k;

	for (k = 0; k < ARRAY_SIZE(w->c); k++) {
		atomic64_inc(&w->r->work);
		goro_chan_recv(w->c[k], NULL);
		ran(who, k, w->at[k]);
	}
	goro_wg_done(&w->r->wg);
}

static void wake_all(struct waits *w, u64 n)
{
	u32 k;

	for (k = 0; k < ARRAY_SIZE(w->c); k++) {
		gather(w, n * (k + 1));
		w->at[k] = ktime_get_ns();
		goro_chan_close(w->c[k]);
	}
}

static u64 wakes(struct run *r)
{
	return waits(r, r->b->arg, woken, wake_all);
}

u64 goro_wakes(const struct bench *b, u64 n)
{
	return bench_run(b, n, wakes);
}

/* ---- many can run all the time ------------------------------------------------ */

static void in_turn(void *arg)
{
	struct waiter *who = arg;
	struct waits *w = who->w;
	u64 t;
	u32 k;

	atomic64_inc(&w->r->work);
	goro_chan_recv(w->c[0], NULL);
	for (k = 0; k < WARM + ROUNDS; k++) {
		t = ktime_get_ns();
		goro_yield();
		ran(who, k, t);
	}
	goro_wg_done(&w->r->wg);
}

static void begin(struct waits *w, u64 n)
{
	gather(w, n);
	goro_chan_close(w->c[0]);
}

static u64 turns(struct run *r)
{
	return waits(r, r->b->arg, in_turn, begin);
}

u64 goro_turns(const struct bench *b, u64 n)
{
	return bench_run(b, n, turns);
}

/* ---- timers beside those that compute ----------------------------------------- */

#define NAPPERS		64

static void napper(void *arg)
{
	struct waiter *who = arg;
	struct waits *w = who->w;
	u64 until;
	u32 k;

	atomic64_inc(&w->r->work);
	goro_chan_recv(w->c[0], NULL);
	for (k = 0; k < WARM + ROUNDS; k++) {
		until = goro_in(NAP_NS);
		goro_sleep_until(until);
		ran(who, k, until);
	}
	/* the last one ends the computing */
	if (!atomic64_dec_return(&w->r->work))
		WRITE_ONCE(w->r->stop, true);
	goro_wg_done(&w->r->wg);
}

/* as its user would write a long loop, or as one that lets nobody run */
static void computer(void *arg)
{
	struct run *r = arg;

	while (!READ_ONCE(r->stop)) {
		cpu_relax();
		if (r->b->arg)
			goro_cond_yield();
	}
	goro_wg_done(&r->wg);
}

/* two for each P: there is always one that can run */
static void compute(struct waits *w, u64 n)
{
	struct run *r = w->r;
	u32 i;

	gather(w, n);
	for (i = 0; i < 2 * goro_procs(); i++) {
		goro_wg_add(&r->wg, 1);
		if (goro_go(computer, r))
			goro_wg_done(&r->wg);	/* a figure that is off shows it */
	}
	goro_chan_close(w->c[0]);
}

static u64 naps(struct run *r)
{
	return waits(r, NAPPERS, napper, compute);
}

u64 goro_late(const struct bench *b, u64 n)
{
	return bench_run(b, n, naps);
}
