// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs the others that a goroutine sleeps in the kernel (msleep(), not
 * goro_sleep()): its P goes to another M, where preempt notifiers say so, in the VMs.
 * And how large goroutines are, a million of them.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <goro/goro.h>
#include "bench.h"

#define SAMPLES		1000
#define BUCKETS		32

/* ---- from the block until the next one runs ---------------------------------- */

/* the median; the distribution goes to the log, in powers of two */
u64 bench_distribution(const struct bench *b, u64 *late, u32 n)
{
	u32 buckets[BUCKETS] = {}, i;

	for (i = 0; i < n; i++)
		buckets[min(late[i] ? ilog2(late[i]) : 0, BUCKETS - 1)]++;
	for (i = 0; i < BUCKETS; i++)
		if (buckets[i])
			pr_info("GORO_BENCH # %s, %s: %10llu ns and more: %u\n", b->name, b->impl,
				1ULL << i, buckets[i]);
	sort(late, n, sizeof(*late), bench_later, NULL);
	return max(late[n / 2], 1ULL);
}

static void blocker(void *arg)
{
	struct run *r = arg;
	u32 i;

	for (i = 0; i < SAMPLES; i++) {
		/* it has the P again when this returns, and the other is runnable */
		goro_yield();
		WRITE_ONCE(r->at, ktime_get_ns());
		usleep_range(100, 200);
	}
	goro_yield();
	WRITE_ONCE(r->at, 0);
	goro_wg_done(&r->wg);
}

/* One P: who measures runs when the blocker has lost it. */
static u64 handoffs(struct run *r)
{
	u64 *late = kvmalloc_array(SAMPLES, sizeof(*late), GFP_KERNEL);
	u64 at, seen = 1, median;
	u32 n = 0;

	if (!late)
		return 0;
	WRITE_ONCE(r->at, 1);
	goro_wg_add(&r->wg, 1);
	if (goro_go(blocker, r)) {
		kvfree(late);
		return 0;
	}
	while ((at = READ_ONCE(r->at))) {
		if (at != seen && n < SAMPLES)
			late[n++] = ktime_get_ns() - at;
		seen = at;
		goro_yield();
	}
	goro_wg_wait(&r->wg);
	median = n > SAMPLES / 2 ? bench_distribution(r->b, late, n) * r->n : 0;
	kvfree(late);
	return median;
}

u64 goro_handoffs(const struct bench *b, u64 n)
{
	return bench_run(b, n, handoffs);
}

/* ---- how much of the CPUs is left to those that compute ----------------------- */

#define SLEEPERS	64
#define SPAN_NS		(3ULL * NSEC_PER_SEC)

static void napper(void *arg)
{
	struct run *r = arg;

	while (!READ_ONCE(r->stop))
		msleep(100);
	goro_wg_done(&r->wg);
}

static void computer(void *arg)
{
	struct run *r = arg;
	u64 until = goro_in(SPAN_NS), n = 0, i;

	while (ktime_get_ns() < until) {
		for (i = 0; i < 1000; i++)
			cpu_relax();
		n++;
		goro_yield();
	}
	atomic64_add(n, &r->work);
	goro_wg_done(&r->wg);
}

/* what two that compute get done, beside so many that sleep */
static u64 computed(struct run *r, int nappers)
{
	int i;

	r->stop = false;
	atomic64_set(&r->work, 0);
	for (i = 0; i < nappers; i++) {
		goro_wg_add(&r->wg, 1);
		if (goro_go(napper, r))
			goro_wg_done(&r->wg);
	}
	for (i = 0; i < 2; i++) {
		goro_wg_add(&r->wg, 1);
		if (goro_go(computer, r))
			goro_wg_done(&r->wg);
	}
	goro_sleep(SPAN_NS);
	WRITE_ONCE(r->stop, true);
	goro_wg_wait(&r->wg);
	return atomic64_read(&r->work);
}

/* percent of what they get alone */
static u64 shares(struct run *r)
{
	u64 alone = computed(r, 0), beside = computed(r, SLEEPERS);

	return alone ? r->n * 100 * beside / alone : 0;
}

u64 goro_shares(const struct bench *b, u64 n)
{
	return bench_run(b, n, shares);
}

/* ---- a million ---------------------------------------------------------------- */

static u64 free_bytes(void)
{
	struct sysinfo i;

	si_meminfo(&i);
	return (u64)i.freeram * i.mem_unit;
}

static void parker(void *arg)
{
	struct run *r = arg;

	WRITE_ONCE(r->waiting, r->waiting + 1);	/* one P: no race */
	goro_chan_recv(r->c, NULL);
	goro_wg_done(&r->wg);
}

/* r->n are started, wait, and end; what b->arg says: bytes before they ran, bytes, ns until all wait */
static u64 million(struct run *r)
{
	struct goro_attr attr = { .name = "parker", .stack_size = 4096 };
	u64 free = free_bytes(), t = ktime_get_ns(), never, parked, i;

	r->c = goro_chan_make(0, 0, 0);
	if (IS_ERR(r->c))
		return 0;
	for (i = 0; i < r->n; i++) {
		goro_wg_add(&r->wg, 1);
		if (goro_go_attr(parker, r, &attr)) {
			goro_wg_done(&r->wg);
			break;
		}
	}
	never = free - free_bytes();
	while (READ_ONCE(r->waiting) < i)
		goro_yield();
	t = ktime_get_ns() - t;
	parked = free - free_bytes();
	goro_chan_close(r->c);
	goro_wg_wait(&r->wg);
	goro_chan_put(r->c);
	if (i < r->n)
		return 0;
	return r->b->arg == 0 ? never : r->b->arg == 1 ? parked : t;
}

u64 goro_million(const struct bench *b, u64 n)
{
	return bench_run(b, n, million);
}
