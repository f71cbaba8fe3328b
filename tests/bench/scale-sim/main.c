// SPDX-License-Identifier: GPL-2.0-only
/*
 * scale-sim LOAD [NAME=VALUE…]: one line of JSON: what a run on such a machine does.
 * scale-sim --check: runs whose answers are known. Times are in ns, but for hosts'
 * slice. tests/bench/scale-sim/run does all runs of docs/scaling.md, which says
 * where the values come from.
 */
#include <stdlib.h>
#include <string.h>
#include "sim.h"

/*
 * The machine's figures are assumptions, for two sockets of 64 CPUs with eight CPUs to a
 * last-level cache; locked, sw, chan, spawn and end are fitted to the native figures of
 * tests/bench with one P and with two.
 */
#define DEFAULTS {							\
	.cpus = 128, .llc = 8, .node = 64,				\
	.near = 50, .far = 100, .remote = 200, .dir = 10, .ahead = 30,	\
	.locked = 4, .look = 1, .sw = 4, .chan = 6, .spawn = 22, .end = 8, .go = 10,	\
	.waker = 1000, .wake = 3000, .sleep = 1000, .work = 1000,	\
	.slice = 3000000, .victims = 1, .pins = 1, .stacks = 1, .tasks = 4, .ops = 4000, .seed = 1,	\
}

static const struct costs defaults = DEFAULTS;
struct costs k = DEFAULTS;

static const struct option {
	const char *name;
	u64 *value;
	bool time;
} options[] = {
	{ "cpus", &k.cpus, false }, { "llc", &k.llc, false }, { "node", &k.node, false },
	{ "near", &k.near, true }, { "far", &k.far, true }, { "remote", &k.remote, true },
	{ "dir", &k.dir, true }, { "ahead", &k.ahead, true }, { "locked", &k.locked, true }, { "look", &k.look, true },
	{ "sw", &k.sw, true }, { "chan", &k.chan, true }, { "spawn", &k.spawn, true },
	{ "end", &k.end, true }, { "go", &k.go, true }, { "waker", &k.waker, true },
	{ "wake", &k.wake, true }, { "sleep", &k.sleep, true }, { "irq", &k.irq, true },
	{ "work", &k.work, true }, { "slice", &k.slice, true }, { "hosts", &k.hosts, false },
	{ "victims", &k.victims, false }, { "retries", &k.retries, false }, { "domains", &k.domains, false },
	{ "pins", &k.pins, false }, { "stacks", &k.stacks, false }, { "tasks", &k.tasks, false }, { "ops", &k.ops, false },
	{ "seed", &k.seed, false }, { "cold", &k.cold, false },
};

#define BUCKETS 256

u64 warm_at;
static u64 ops_done, ops_warm, ops_due, end_at, idle_before;
static u64 waits[BUCKETS];		/* by 4 log2(ns) */

void wait_note(u64 ps)
{
	u64 ns = ps / NS + 1;
	int log = 63 - __builtin_clzll(ns);

	waits[4 * log + (log >= 2 ? ns >> (log - 2) & 3 : 0)]++;
}

static double quantile(double q)
{
	u64 sum = 0, n = 0, i;

	for (i = 0; i < BUCKETS; i++)
		sum += waits[i];
	for (i = 0; i < BUCKETS; i++) {
		n += waits[i];
		if (n >= q * sum)
			break;
	}
	return (double)(1ULL << i / 4) * (1 + i % 4 / 4.0);
}

static u64 idle_time(u64 now)
{
	u64 sum = 0, i;

	for (i = 0; i < k.cpus; i++)
		sum += cpus[i].idle + (cpus[i].at < 0 && cpus[i].now < now ? now - cpus[i].now : 0);
	return sum;
}

void op_done(struct cpu *c)
{
	u64 i;

	if (starting)
		return;
	ops_done++;
	if (ops_done == ops_warm) {
		warm_at = c->now;
		for (i = 0; i < k.cpus && !k.cold; i++)
			cpus[i].n = (struct counters){ 0 };
		memset(waits, 0, sizeof(waits));
		idle_before = idle_time(c->now);
		sched_forget();
	}
	if (ops_done == ops_due) {
		end_at = c->now;
		sim_end(c);
	}
}

/* k.ops for each CPU, after a quarter as many that do not count */
static struct counters simulate(const char *name)
{
	struct counters sum = { 0 };
	u64 i, j;

	for (load = loads; strcmp(load->name, name); load++)
		if (!load[1].name) {
			fprintf(stderr, "scale-sim: no load %s\n", name);
			exit(2);
		}
	ops_done = live = warm_at = 0;
	starting = false;
	ops_warm = k.cold ? 1 : k.ops * k.cpus / 4 + 1;
	ops_due = ops_warm + k.ops * k.cpus;
	sim_init();
	sched_init();
	sim_run(sched_life);
	for (i = 0; i < k.cpus; i++)
		for (j = 0; j < N_COUNTERS; j++)
			sum.v[j] += cpus[i].n.v[j];
	return sum;
}

static double ns_an_op(void)
{
	return (double)(end_at - warm_at) / NS / k.ops;
}

static void print(const char *name, const struct counters *n)
{
#define COUNTER_NAME(name) #name,
	static const char * const names[] = { COUNTERS(COUNTER_NAME) };
	double t = end_at - warm_at, ops = k.ops * k.cpus;
	int i;

	printf("{\"load\":\"%s\",\"cpus\":%llu,\"ns\":%.2f,\"mops\":%.3f,", name,
	       (unsigned long long)k.cpus, ns_an_op(), ops / t * 1e6);
	printf("\"busy\":%.3f,\"p50\":%.0f,\"p99\":%.0f,\"per_op\":{",
	       1 - (idle_time(end_at) - idle_before) / t / k.cpus, quantile(0.5), quantile(0.99));
	for (i = 0; i < N_COUNTERS; i++)
		printf("\"%s\":%.5f,", names[i], n->v[i] / ops);
	printf("\"ops\":%.0f},\"lines\":{", ops);
	sched_lines(t, stdout);
	printf("}}\n");
}

/* ---- runs whose answers are known ------------------------------------------------- */

static int bad;

static void is(const char *what, double value, double low, double high)
{
	bool good = value >= low && value <= high;

	if (!good)
		bad++;
	printf("%s %s: %.3f in [%.3f, %.3f]\n", good ? "ok" : "not ok", what, value, low, high);
}

static void fresh(u64 n)
{
	u64 i;

	k = defaults;
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].time)
			*options[i].value *= NS;
	k.cpus = n;
}

static struct line one_line;
static struct lock one_lock;
static bool locked_loop;

/* All want one thing: 1000 times a CPU. */
static void fight(struct cpu *c)
{
	for (;;) {
		if (locked_loop) {
			lock(c, &one_lock);
			spend(c, 100 * NS);
			unlock(c, &one_lock);
		} else {
			rmw(c, &one_line);
		}
		op_done(c);
	}
}

static double fought(u64 n, bool with_lock)
{
	fresh(n);
	one_line = (struct line){ 0 };
	one_lock = (struct lock){ 0 };
	locked_loop = with_lock;
	ops_done = warm_at = 0;
	ops_warm = 1;
	ops_due = 1000 * n;
	sim_init();
	sim_run(fight);
	return (double)end_at / NS / ops_due;
}

static int check(void)
{
	struct counters n;
	double once;

	is("one line, one CPU: a locked operation, ns", fought(1, false), 4, 4.1);
	is(".. 8 CPUs of an LLC: its way, too", fought(8, false), 50, 54.1);
	is(".. 2 in two nodes", fought(2 * defaults.node, false), 54, 204);
	is("a lock held for 100 ns, 8 CPUs: its way, too", fought(8, true), 149, 160);

	fresh(1);
	simulate("yield");
	is("yield on one CPU: a switch and three looks, ns", ns_an_op(), 7, 7.1);
	fresh(16);
	n = simulate("hop");
	is("pairs stay together: steals a thousand hops", 1000.0 * n.v[N_steals] / 64000, 0, 1);
	is(".. each hop is a park", n.v[N_parks] / 64000.0, 0.99, 1.01);
	is(".. no CPU sleeps", n.v[N_idles], 0, 0);

	/* what was started was run, once: else this does not end, or goes on */
	fresh(16);
	k.tasks = 100;
	n = simulate("tasks");
	is("all tasks of a producer were run: Gs that are queued", sched_queued(), 0, 0);
	is(".. that have not ended, and will", live, 1, 16);
	is(".. by more than one", n.v[N_steals] + n.v[N_global_takes], 1, 1e9);

	fresh(8);
	k.tasks = 256;
	simulate("forkjoin");
	once = ns_an_op();
	simulate("forkjoin");
	is("the same run twice: difference, ns", ns_an_op() - once, 0, 0);
	k.seed = 2;
	simulate("forkjoin");
	is(".. another seed: likewise, in percent", 100 * ns_an_op() / once, 80, 120);
	fresh(8);
	k.tasks = 256;
	k.pins = 0;
	simulate("forkjoin");
	once = ns_an_op();
	k.hosts = 2;
	simulate("forkjoin");
	is("8 CPUs on 2 real ones: as much slower", ns_an_op() / once, 3, 4.5);
	return !!bad;
}

int main(int argc, char **argv)
{
	struct counters n;
	u64 i;
	int a;

	fresh(defaults.cpus);
	if (argc == 2 && !strcmp(argv[1], "--check"))
		return check();
	if (argc < 2) {
		fprintf(stderr, "scale-sim LOAD [NAME=VALUE...] | --check\n");
		return 2;
	}
	for (a = 2; a < argc; a++) {
		char *eq = strchr(argv[a], '=');

		for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
			if (eq && !strncmp(options[i].name, argv[a], eq - argv[a]) &&
			    !options[i].name[eq - argv[a]])
				break;
		if (i == sizeof(options) / sizeof(options[0])) {
			fprintf(stderr, "scale-sim: no option %s\n", argv[a]);
			return 2;
		}
		*options[i].value = strtod(eq + 1, NULL) * (options[i].time ? NS : 1);
	}
	if (!k.cpus || k.cpus > CPUS || !k.llc || k.node % k.llc || !k.node) {
		fprintf(stderr, "scale-sim: 1 to %d CPUs, a node has whole LLCs\n", CPUS);
		return 2;
	}
	n = simulate(argv[1]);
	print(argv[1], &n);
	return 0;
}
