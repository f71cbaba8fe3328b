// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scaling: the same work for each P, and what goro's counters say of it. With
 * insmod goro_bench.ko scale=N filter=GLOB each case that matches runs once and prints
 * a line "GORO_SCALE {json}"; N is how much there is for each P to do, in units of a
 * thousand operations. tests/bench/scale runs it with 1 to 32 Ps. tests/bench/scale-sim
 * has the same loads.
 *
 * What a load starts is on one P at first; the others get it as they would anything.
 */
#include <linux/ktime.h>
#include <linux/glob.h>
#include <linux/slab.h>
#include <goro/goro.h>
#include "../../kmod/core/stats.h"
#include "bench.h"

#define EACH	4	/* goroutines, or pairs, for each P */
#define BATCH	64	/* goroutines that a parent starts before it waits */
#define LEAVES	512	/* of a tree, for each P */
#define LEAF	300	/* steps of a leaf's computation, about 1 us natively */

static unsigned int scale;
module_param(scale, uint, 0444);
MODULE_PARM_DESC(scale, "run the cases for tests/bench/scale, with so many thousands of operations a P");

bool bench_scale_wanted(void)
{
	return scale;
}

static struct goro_attr attr = { .name = "scale", .stack_size = 4096 };

/* ---- yield: EACH a P go round ------------------------------------------------------ */

static void yielder(void *arg)
{
	struct run *r = arg;
	u64 i, n = r->each;

	goro_chan_recv(r->c, NULL);
	for (i = 0; i < n; i++)
		goro_yield();
	goro_wg_done(&r->wg);
}

static u64 yields(struct run *r)
{
	u32 i, tasks = EACH * goro_procs();

	r->each = r->n / tasks;
	r->c = goro_chan_make(0, 0, 0);
	if (IS_ERR(r->c))
		return 0;
	goro_wg_add(&r->wg, tasks);
	for (i = 0; i < tasks; i++) {
		if (goro_go_attr(yielder, r, &attr)) {
			goro_wg_add(&r->wg, -(long)(tasks - i));
			break;
		}
	}
	goro_chan_close(r->c);
	goro_wg_wait(&r->wg);
	goro_chan_put(r->c);
	return i == tasks ? r->each * tasks : 0;
}

/* ---- hop: EACH pairs a P ------------------------------------------------------------- */

struct pair {
	struct goro_chan *c, *d;
	struct run *r;
};

static void ponger(void *arg)
{
	struct pair *p = arg;
	u64 v;

	while (goro_chan_recv(p->c, &v) == 1)
		goro_chan_send(p->d, &v);
	goro_wg_done(&p->r->wg);
}

static void pinger(void *arg)
{
	struct pair *p = arg;
	u64 i, v = 0, n = p->r->each;

	for (i = 0; i < n; i++) {
		goro_chan_send(p->c, &v);
		goro_chan_recv(p->d, &v);
	}
	goro_chan_close(p->c);
	goro_wg_done(&p->r->wg);
}

static bool pair_start(struct pair *p)
{
	p->c = goro_chan_make(8, 0, 0);
	p->d = goro_chan_make(8, 0, 0);
	if (IS_ERR(p->c) || IS_ERR(p->d))
		return false;
	goro_wg_add(&p->r->wg, 2);
	if (goro_go_attr(ponger, p, &attr)) {
		goro_wg_add(&p->r->wg, -2);
		return false;
	}
	if (goro_go_attr(pinger, p, &attr)) {
		goro_chan_close(p->c);
		goro_wg_done(&p->r->wg);
		return false;
	}
	return true;
}

static u64 hops(struct run *r)
{
	u32 i, n = EACH * goro_procs();
	struct pair *pairs = kvcalloc(n, sizeof(*pairs), GFP_KERNEL);
	bool good = pairs;

	r->each = r->n / n / 2;
	for (i = 0; i < n && good; i++) {
		pairs[i].r = r;
		good = pair_start(&pairs[i]);
	}
	goro_wg_wait(&r->wg);
	for (i = 0; i < n && pairs; i++) {
		if (!IS_ERR_OR_NULL(pairs[i].c))
			goro_chan_put(pairs[i].c);
		if (!IS_ERR_OR_NULL(pairs[i].d))
			goro_chan_put(pairs[i].d);
	}
	kvfree(pairs);
	return good ? r->each * n * 2 : 0;
}

/* ---- spawn: a parent a P starts BATCH and waits for them, again and again ---------------- */

static void child(void *arg)
{
	goro_wg_done(arg);
}

static void parent(void *arg)
{
	struct run *r = arg;
	struct goro_wg wg;
	u64 i, n;
	int err = 0;

	goro_wg_init(&wg);
	for (n = 0; n < r->each && !err; n += BATCH) {
		goro_wg_add(&wg, BATCH);
		for (i = 0; i < BATCH && !err; i++)
			err = goro_go_attr(child, &wg, &attr);
		if (err) {
			WRITE_ONCE(r->stop, true);
			goro_wg_add(&wg, -(long)(BATCH - i + 1));
		}
		goro_wg_wait(&wg);
	}
	goro_wg_done(&r->wg);
}

static u64 spawns(struct run *r)
{
	u32 i, n = goro_procs();

	r->each = max(r->n / n / BATCH, 1ULL) * BATCH;
	goro_wg_add(&r->wg, n);
	for (i = 0; i < n; i++) {
		if (goro_go(parent, r)) {
			goro_wg_add(&r->wg, -(long)(n - i));
			r->stop = true;
			break;
		}
	}
	goro_wg_wait(&r->wg);
	return r->stop ? 0 : r->each * n;
}

/* ---- forkjoin: binary trees, one after the other; the leaves compute ---------------------- */

struct node {
	struct run *r;
	struct goro_wg *up;
	u32 levels;		/* below it */
};

static void compute(void)
{
	u64 i, x = 1;

	for (i = 0; i < LEAF; i++) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		barrier_data(&x);
	}
}

static void node(void *arg)
{
	struct node n = *(struct node *)arg, below[2];
	struct goro_wg wg;
	int i;

	if (n.levels) {
		goro_wg_init(&wg);
		goro_wg_add(&wg, 2);
		for (i = 0; i < 2; i++) {
			below[i] = (struct node){ n.r, &wg, n.levels - 1 };
			if (goro_go_attr(node, &below[i], &attr)) {
				WRITE_ONCE(n.r->stop, true);
				goro_wg_done(&wg);
			}
		}
		goro_wg_wait(&wg);
	} else {
		compute();
	}
	goro_wg_done(n.up);
}

static u64 forest(struct run *r)
{
	u32 levels = order_base_2(LEAVES * goro_procs());
	u64 size = (2ULL << levels) - 1, n = 0;

	while (n < r->n && !r->stop) {
		struct node root = { r, &r->wg, levels };

		goro_wg_add(&r->wg, 1);
		if (goro_go_attr(node, &root, &attr)) {
			r->stop = true;
			goro_wg_done(&r->wg);
		}
		goro_wg_wait(&r->wg);
		n += size;
	}
	return r->stop ? 0 : n;
}

/* ---- producer: one starts all, which compute ------------------------------------------------ */

static void product(void *arg)
{
	struct run *r = arg;

	compute();
	atomic64_inc(&r->work);
}

static u64 producer(struct run *r)
{
	u64 i, ended = 0, most = 2000 + 200ULL * goro_procs();

	for (i = 0; i < r->n; i++) {
		if (goro_go_attr(product, r, &attr))
			break;
		while (i + 1 - ended > most) {
			ended = atomic64_read(&r->work);
			if (i + 1 - ended > most)
				goro_yield();
		}
	}
	while (atomic64_read(&r->work) < i)
		goro_yield();
	return i == r->n ? i : 0;
}

static const struct {
	const char *name;
	u64 (*fn)(struct run *r);	/* about r->n operations; how many they were, 0: failed */
} cases[] = {
	{ "yield", yields },
	{ "hop", hops },
	{ "spawn", spawns },
	{ "forkjoin", forest },
	{ "producer", producer },
};

/* which of the counters are printed; a line of the log has room for about 1000 bytes */
static const enum goro_counter counted[] = {
	GORO_C_SWITCH, GORO_C_READY_LOCAL, GORO_C_INBOX, GORO_C_OVERFLOW, GORO_C_GLOBAL,
	GORO_C_STEAL, GORO_C_STOLEN, GORO_C_STEAL_INBOX, GORO_C_STEAL_RUNNEXT,
	GORO_C_STEAL_LOOK, GORO_C_SPIN, GORO_C_IDLE, GORO_C_WAKE_P, GORO_C_ON_CPU_WAIT,
	GORO_C_LOCK_CORE, GORO_C_LOCK_GLOBAL, GORO_C_LOCK_P, GORO_C_LOCK_DEPOT,
	GORO_C_RACE_HEAD, GORO_C_RACE_STEAL, GORO_C_RACE_INBOX, GORO_C_RACE_IDLE,
	GORO_C_RACE_SPIN,
};

static int run_one(int which)
{
	u64 before[ARRAY_SIZE(counted)], t = ktime_get_ns(), n;
	struct run r = { .n = 1000ULL * scale * goro_procs(), .fn = cases[which].fn };
	char *line = kmalloc(1024, GFP_KERNEL);
	int i, at = 0;

	if (!line)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(counted); i++)
		before[i] = goro_counter(counted[i]);
	n = bench_in_goroutine(&r);
	t = ktime_get_ns() - t;
	for (i = 0; i < ARRAY_SIZE(counted); i++) {
		u64 count = goro_counter(counted[i]) - before[i];

		if (count)
			at += scnprintf(line + at, 1024 - at, ",\"%s\":%llu",
					goro_counter_name(counted[i]), count);
	}
	line[at] = 0;
	if (n)
		pr_info("GORO_SCALE {\"case\":\"%s\",\"procs\":%u,\"ops\":%llu,\"ns\":%llu,\"counts\":{%s}}\n",
			cases[which].name, goro_procs(), n, t, line + !!at);
	else
		pr_err("GORO_SCALE failed: %s with %u procs\n", cases[which].name, goro_procs());
	kfree(line);
	return n ? 0 : -EIO;
}

int bench_scale(const char *filter)
{
	int i, err = 0;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (glob_match(filter, cases[i].name))
			err = run_one(i) ?: err;
	return err;
}
