// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_bench.ko: which cases there are, how often each runs, and the result as
 * lines "GORO_BENCH {json}" in the log (tests/bench/run makes a table of
 * them). Everything happens in insmod; there is nothing to do afterwards.
 */
#include <linux/glob.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <goro/goro.h>
#include "bench.h"

static char *filter = "*";
module_param(filter, charp, 0444);
MODULE_PARM_DESC(filter, "run the cases that match this glob");
static unsigned int runs = 5;
module_param(runs, uint, 0444);
MODULE_PARM_DESC(runs, "measured runs of each implementation");
static unsigned int ms = 50;
module_param(ms, uint, 0444);
MODULE_PARM_DESC(ms, "about how long a run is to take");

#define RUNS_MAX 100

/* implementations of one case stand together */
static const struct bench benches[] = {
	/* name, impl, procs, unit_n, max_n, run, arg */
	{ "yield2", "goro", 1, 2, 0, goro_yields, 2 },
	{ "yield2", "kthread", 1, 2, 0, kthread_yields, 2 },
	{ "yield1000", "goro", 1, 100000, 0, goro_yields, 1000 },
	{ "yield1000", "kthread", 1, 10000, 0, kthread_yields, 1000 },
	{ "yield100k", "goro", 1, 4000000, 4000000, goro_yields, 100000 },
	{ "yield1m", "goro", 1, 4000000, 4000000, goro_yields, 1000000 },
	{ "sleepers1000", "goro", 1, 1000, 0, goro_sleepers, 1000 },
	{ "sleepers1000", "kthread", 1, 1000, 0, kthread_sleepers, 1000 },
	{ "sleepers", "goro", 1, 1000000, 1000000, goro_sleepers, 100000 },
	{ "sleep100us", "goro", 1, 1000, 1000, goro_naps, 100000 },
	{ "hop", "goro", 1, 2, 0, goro_hops, 0 },
	{ "hop", "kthread", 1, 2, 0, kthread_hops, 0 },
	{ "hop1000", "goro", 1, 1000, 0, goro_ring, 1000 },
	{ "hop100k", "goro", 1, 4000000, 4000000, goro_ring, 100000 },
	{ "hop1m", "goro", 1, 4000000, 4000000, goro_ring, 1000000 },
	{ "stream", "goro", 1, 1, 0, goro_stream, 0 },
	{ "stream", "kthread", 1, 1, 0, kthread_stream, 1 },
	{ "chan128", "goro", 1, 1, 0, goro_stream, 128 },
	{ "chan128", "kthread", 1, 1, 0, kthread_stream, 128 },
	{ "chanself", "goro", 1, 2, 0, goro_self, 1 },
	{ "select2", "goro", 1, 1000, 0, goro_selects, 2 },
	{ "select8", "goro", 1, 1000, 0, goro_selects, 8 },
	{ "select100k", "goro", 1, 100000, 100000, goro_crowd, 8 },
	{ "ctxself", "goro", 1, 2, 0, goro_ctx_self, 0 },
	{ "ctxhop", "goro", 1, 2, 0, goro_ctx_hops, 0 },
	{ "ctxnew", "goro", 1, 1, 0, goro_ctx_derives, 0 },
	{ "ctxtimeout", "goro", 1, 1, 0, goro_ctx_derives, 1 },
	{ "ctxcancel10k", "goro", 1, 1, 0, goro_ctx_cancels, 10 },
	{ "spawn1", "goro", 1, 1, 0, goro_spawn, 1 },
	{ "spawn1", "kthread", 1, 1, 0, kthread_spawn, 1 },
	{ "spawn1", "workqueue", 1, 1, 0, workqueue_spawn, 1 },
	{ "spawn1000", "goro", 1, 1000, 0, goro_spawn, 1000 },
	{ "spawn1000", "kthread", 1, 1000, 0, kthread_spawn, 1000 },
	{ "work", "goro", 1, 100, 0, goro_spawn, 100 },
	{ "work", "workqueue", 1, 100, 0, workqueue_spawn, 100 },
	{ "mutex1", "goro", 1, 1000, 0, goro_mutexes, 1 },
	{ "mutex1", "kthread", 1, 1000, 0, kthread_mutexes, 1 },
	{ "sieve", "goro", 1, 1, 0, goro_sieve, 2000 },
	{ "skynet", "goro", 1, 1, 0, goro_skynet, 1000000 },
	{ "skynet_p2", "goro", 2, 1, 0, goro_skynet, 1000000 },
	{ "handoff", "goro", 1, 1, 1, goro_handoffs, 0, NULL, true },
	{ "handoff", "kthread", 1, 1, 1, kthread_wakes, 0, NULL, true },
	{ "share_p2", "goro", 2, 1000, 1000, goro_shares, 0, "%", true },
	{ "million_never", "goro", 1, 1000000, 1000000, goro_million, 0, "B", true },
	{ "million_parked", "goro", 1, 1000000, 1000000, goro_million, 1, "B", true },
	{ "million_create", "goro", 1, 1000000, 1000000, goro_million, 2 },
	{ "wake10k_p2", "goro", 2, 1, 1, goro_wakes, 10000, NULL, true, true },
	{ "turn10k_p2", "goro", 2, 1, 1, goro_turns, 10000, NULL, true, true },
	{ "late_p2", "goro", 2, 1, 1, goro_late, 1, NULL, true, true },
	{ "wake10k_p8", "goro", 8, 1, 1, goro_wakes, 10000, NULL, true, true },
	{ "turn10k_p8", "goro", 8, 1, 1, goro_turns, 10000, NULL, true, true },
	{ "late_p8", "goro", 8, 1, 1, goro_late, 0, NULL, true, true },
	{ "hop_p2", "goro", 2, 2, 0, goro_hops, 0 },
	{ "hop_p2", "kthread", 2, 2, 0, kthread_hops, 0 },
	{ "chan128_p2", "goro", 2, 1, 0, goro_stream, 128 },
	{ "chan128_p2", "kthread", 2, 1, 0, kthread_stream, 128 },
	{ "mutex4_p2", "goro", 2, 4000, 0, goro_mutexes, 4 },
	{ "mutex4_p2", "kthread", 2, 4000, 0, kthread_mutexes, 4 },
	{ "xwake", "goro", 2, 50, 300, goro_xwake, 0 },
	{ "xwake", "kthread", 2, 50, 300, kthread_xwake, 0 },
};

struct measured {
	u64 n;
	u64 ps[RUNS_MAX];	/* of an operation */
	u64 tail[RUNS_MAX];	/* where b->tail */
	bool failed;
};

u64 bench_tail;

static u64 round_n(const struct bench *b, u64 n)
{
	n = max(n / b->unit_n, 1ULL) * b->unit_n;
	return b->max_n ? min(n, b->max_n) : n;
}

/* How many operations fill a run. The first run also warms up. */
static bool calibrate(const struct bench *b, struct measured *m)
{
	u64 want = ms * (u64)NSEC_PER_MSEC, t;

	m->n = round_n(b, 1);
	if (b->first)
		return true;
	for (;;) {
		t = b->run(b, m->n);
		if (!t)
			return false;
		if (t >= want / 4 || m->n == b->max_n)
			break;
		/* not too far at once: the first are the slowest */
		m->n = round_n(b, m->n * clamp(want / t, 2ULL, 20ULL));
	}
	m->n = round_n(b, m->n * want / t);
	return true;
}

static void row(const struct bench *b, const char *suffix, u64 *ps)
{
	u64 med, lo, hi;

	sort(ps, runs, sizeof(u64), bench_later, NULL);
	lo = ps[0];
	med = runs % 2 ? ps[runs / 2] : (ps[runs / 2 - 1] + ps[runs / 2]) / 2;
	hi = ps[runs - 1];
	pr_info("GORO_BENCH {\"case\":\"%s%s\",\"impl\":\"%s\",\"procs\":%u,\"unit\":\"%s\",\"median\":%llu.%llu,\"min\":%llu.%llu,\"max\":%llu.%llu,\"runs\":%u}\n",
		b->name, suffix, b->impl, b->procs, b->unit ?: "ns", med / 1000, med % 1000 / 100,
		lo / 1000, lo % 1000 / 100, hi / 1000, hi % 1000 / 100, runs);
}

static void report(const struct bench *b, struct measured *m)
{
	if (m->failed) {
		pr_err("GORO_BENCH failed: %s, %s\n", b->name, b->impl);
		return;
	}
	row(b, "", m->ps);
	if (b->tail)
		row(b, "_99", m->tail);
}

/* all implementations of a case, from benches[i] on */
static int run_case(const struct bench *b, unsigned int n)
{
	struct measured *m = kcalloc(n, sizeof(*m), GFP_KERNEL);
	unsigned int i, r;
	int bad = 0;

	if (!m)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		m[i].failed = !calibrate(&b[i], &m[i]);
	for (r = 0; r < runs; r++) {
		for (i = 0; i < n; i++) {
			u64 t = m[i].failed ? 0 : b[i].run(&b[i], m[i].n);

			m[i].ps[r] = t * 1000 / m[i].n;
			m[i].tail[r] = bench_tail * 1000 / m[i].n;
			m[i].failed |= !t;
		}
	}
	for (i = 0; i < n; i++) {
		report(&b[i], &m[i]);
		bad += m[i].failed;
	}
	kfree(m);
	return bad ? -EIO : 0;
}

static int __init bench_init(void)
{
	unsigned int i, n, done = 0;
	int err = 0;

	if (bench_scale_wanted())
		return bench_scale(filter);
	runs = clamp(runs, 1U, (unsigned int)RUNS_MAX);
	for (i = 0; i < ARRAY_SIZE(benches); i += n) {
		const struct bench *b = &benches[i];

		for (n = 1; i + n < ARRAY_SIZE(benches); n++)
			if (strcmp(b[n].name, b->name))
				break;
		if (b->procs != goro_procs() || !glob_match(filter, b->name))
			continue;
		err = run_case(b, n) ?: err;
		done++;
	}
	if (!done)
		pr_warn("GORO_BENCH failed: %s: there is no such case for %u procs\n", filter,
			goro_procs());
	return err;
}

static void __exit bench_exit(void)
{
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("goroutines against kthreads and workqueues");
MODULE_LICENSE("GPL");
