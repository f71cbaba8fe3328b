// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_torture.ko: parameters, the run, and its result.
 *
 * insmod runs it all and fails with -EIO where an invariant broke or a path of
 * the scheduler was never taken; with wait=0 it returns at once, the run goes
 * on, and rmmod ends it. The result is in the log as KTAP after
 * "goro_torture: ", and in the parameter `result`.
 *
 * Lifetime: drivers and all that scenarios start are ended before the main
 * thread ends; the module's exit waits for that one. Some scenarios start
 * goroutines that pin the module: rmmod is refused while one of them lives.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include "core/stats.h"
#include "linear.h"
#include "torture.h"

static unsigned int seconds = 20;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "how long");
static unsigned int gs = 400;
module_param(gs, uint, 0444);
MODULE_PARM_DESC(gs, "about how many goroutines at a time");
static unsigned int nthreads = 4;
module_param(nthreads, uint, 0444);
MODULE_PARM_DESC(nthreads, "threads that take part");
static unsigned long seed;
module_param(seed, ulong, 0444);
MODULE_PARM_DESC(seed, "of the random choices; 0: choose one");
static bool wait = true;
module_param(wait, bool, 0444);
MODULE_PARM_DESC(wait, "insmod returns when the run is over");
bool tt_hotplug;
module_param_named(hotplug, tt_hotplug, bool, 0444);
MODULE_PARM_DESC(hotplug, "CPUs go offline and come online meanwhile");
static bool all_paths = true;
module_param(all_paths, bool, 0444);
MODULE_PARM_DESC(all_paths, "fail if one of the scheduler's paths was never taken");
static int result = -1;
module_param(result, int, 0444);
MODULE_PARM_DESC(result, "-1 running, 0 passed, 1 failed (read only)");

#define EXTRA	(150 * (u64)NSEC_PER_SEC)	/* for paths that were not taken yet */

struct tt_totals tt_totals;
static atomic_t fails[TT_INVS];
static atomic64_t numbers;	/* of scenarios */
static u64 end, last;		/* ns: when it may end, and has to */
static bool stopping;
static bool nothing_left;		/* it is over: for the others, who need not count again */
static bool several;		/* Ps, at the begin */
static struct goro_group drivers;
static struct task_struct *main_task;
static DECLARE_COMPLETION(over);

static const char * const inv_text[] = {
#define TT_INV_TEXT(id, text) [TT_##id] = text,
	TT_INVARIANTS(TT_INV_TEXT)
#undef TT_INV_TEXT
};

/* what must have been taken at least once for the run to prove anything */
static const struct way {
	enum goro_counter id;
	const char *name;
	bool multi;		/* needs more than one P */
	bool plug;		/* needs hotplug */
} paths[] = {
	{ GORO_C_PARK, "park", false },
	{ GORO_C_RUNNEXT, "runnext", false },
	{ GORO_C_OVERFLOW, "overflow of a ring", false },
	{ GORO_C_GLOBAL, "global queue", false },
	{ GORO_C_INBOX, "inbox", false },
	{ GORO_C_IDLE, "idle M", false },
	{ GORO_C_HANDOFF, "handoff", false },
	{ GORO_C_WAKE_CLOSE, "wake by close", false },
	{ GORO_C_WAKE_TIMEOUT, "wake by deadline", false },
	{ GORO_C_WAKE_CANCEL, "wake by cancel", false },
	{ GORO_C_WAKE_EVENT, "wake by a wait queue", false },
	{ GORO_C_SELECT_PARK, "select that waits", false },
	{ GORO_C_STALE, "loser of a select met", false },
	{ GORO_C_STACK_CALL, "call on a larger stack", false },
	{ GORO_C_GO_ATOMIC, "start in an interrupt", false },
	{ GORO_C_THROTTLE, "throttled", false },
	{ GORO_C_TIMER_FIRE, "timer", false },
	{ GORO_C_MUTEX_HAND, "mutex handed on", false },
	{ GORO_C_PASS_CANCEL, "one whose cancel came just before is passed over", false },
	{ GORO_C_STEAL, "steal", true },
	{ GORO_C_SPIN, "spinning M", true },
	{ GORO_C_M_LOCKED, "locked to a thread", false },
	{ GORO_C_M_LOCKED_EXIT, "ended locked", false },
	{ GORO_C_P_GIVEN, "P for one that is locked", false },
	{ GORO_C_P_OFF, "P taken off", true },
	{ GORO_C_P_DRAINED, "queued on a P taken off", true },
	{ GORO_C_HOG_ASKED, "hog found", false },
	{ GORO_C_CPU_OFF, "CPU gone offline", true, true },
	{ GORO_C_CPU_ON, "CPU come online", true, true },
	{ GORO_C_M_ASTRAY, "P given up by an M that was taken off its CPU", true, true },
	{ GORO_C_M_BOUND, "M bound to its CPU again", true, true },
#ifdef CONFIG_UML
	{ GORO_C_HOG_YIELD, "hog that asks, and lets others run", false },
#else
	/* mostly before it asks */
	{ GORO_C_HOG_GAVE, "hog preempted", false },
#endif
};
static u64 before[GORO_C_MAX];

void tt_fail(enum tt_inv inv, u64 nr, const char *fmt, ...)
{
	struct va_format vaf;
	va_list args;

	if (atomic_inc_return(&fails[inv]) > 5)
		return;
	va_start(args, fmt);
	vaf.fmt = fmt;
	vaf.va = &args;
	pr_err("goro_torture: # scenario %llu: %s: %pV\n", nr, inv_text[inv], &vaf);
	va_end(args);
}

static bool way_counts(const struct way *path)
{
	return (!path->multi || several) && (!path->plug || tt_hotplug);
}

static bool path_taken(const struct way *path)
{
	return goro_counter(path->id) != before[path->id] || !way_counts(path);
}

/* Has each path been taken, and each kind of interrupt sent? */
static bool all_taken(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		if (!path_taken(&paths[i]))
			return false;
	for (i = 0; i < TT_IRQS; i++)
		if (!atomic64_read(&tt_irq_sent[i]))
			return false;
	if (tt_hotplug && !atomic64_read(&tt_plug_moved))
		return false;
	return atomic64_read(&tt_histories) && atomic64_read(&tt_history_selects);
}

/* A machine so slow that chance has not led it everywhere yet goes on. */
bool tt_over(void)
{
	u64 now = ktime_get_ns();

	if (READ_ONCE(stopping) || now >= last)
		return true;
	if (now < end || (all_paths && !READ_ONCE(nothing_left) && !all_taken()))
		return false;
	WRITE_ONCE(nothing_left, true);
	return true;
}

void tt_seed(struct rnd_state *r, u64 nr, u32 index)
{
	/* neighbours must not look alike: spread before seeding */
	prandom_seed_state(r, (seed + nr * 0x9e3779b97f4a7c15ULL) ^
			      ((u64)index * 0xd1342543de82ef95ULL));
}

static const struct scene {
	void (*fn)(u64 nr, struct rnd_state *r);
	u32 weight;		/* how often, of the sum of all */
} scenes[] = {
	{ tt_chan, 38 },
	{ tt_timers, 4 },
	{ tt_locks, 10 },
	{ tt_capped, 4 },
	{ tt_events, 8 },
	{ tt_select, 12 },
	{ tt_select_large, 2 },
	{ tt_irq, 6 },
	{ tt_burst, 6 },
	{ tt_ring, 8 },
	{ tt_wg, 8 },
	{ tt_sleepers, 6 },
	{ tt_ctx, 8 },
	{ tt_tree, 6 },
	{ tt_nil, 6 },
	{ tt_history, 10 },
	{ tt_procs, 3 },
	{ tt_locked, 4 },
	{ tt_hogs, 3 },
};

static int driver(void *arg)
{
	u32 sum = 0, i;

	for (i = 0; i < ARRAY_SIZE(scenes); i++)
		sum += scenes[i].weight;
	while (!tt_over()) {
		u64 nr = atomic64_inc_return(&numbers);
		struct rnd_state r;
		u32 pick;

		tt_seed(&r, nr, 0);
		pick = tt_rnd(&r, sum);
		for (i = 0; pick >= scenes[i].weight; i++)
			pick -= scenes[i].weight;
		/* each of them once, however few there will be */
		if (nr <= ARRAY_SIZE(scenes))
			i = nr - 1;
		scenes[i].fn(nr, &r);
		atomic64_inc(&tt_totals.scenarios);
	}
	return 0;
}

static void point(int *n, int *bad, bool good, const char *what, u64 count)
{
	*bad += !good;
	pr_info("goro_torture: %s %d - %s (%llu)\n", good ? "ok" : "not ok", ++*n, what, count);
}

static void report(bool ended, bool early)
{
	int i, n = 0, bad = 0, plan = TT_INVS;
	bool skip = early || !all_paths;

	if (!ended)
		atomic_inc(&fails[TT_ENDS]);
	/* a run that was cut short proves its invariants, but took no path for sure */
	for (i = 0; i < ARRAY_SIZE(paths) && !skip; i++)
		plan += way_counts(&paths[i]);
	plan += skip ? 0 : TT_IRQS + 2 + tt_hotplug;
	pr_info("goro_torture: KTAP version 1\n");
	pr_info("goro_torture: 1..%d\n", plan);
	for (i = 0; i < TT_INVS; i++)
		point(&n, &bad, !atomic_read(&fails[i]), inv_text[i], atomic_read(&fails[i]));
	for (i = 0; i < ARRAY_SIZE(paths) && !skip; i++) {
		u64 taken = goro_counter(paths[i].id) - before[paths[i].id];

		if (way_counts(&paths[i]))
			point(&n, &bad, taken, paths[i].name, taken);
	}
	for (i = 0; i < TT_IRQS && !skip; i++) {
		static const char * const where[] = {
			"sent in a hard IRQ", "sent in a softirq", "sent in a timer",
			"sent in an RCU callback",
		};
		s64 sent = atomic64_read(&tt_irq_sent[i]);

		point(&n, &bad, sent, where[i], sent);
	}
	if (!skip)
		point(&n, &bad, atomic64_read(&tt_histories), "histories checked",
		      atomic64_read(&tt_histories));
	if (!skip)
		point(&n, &bad, atomic64_read(&tt_history_selects), "selects in histories",
		      atomic64_read(&tt_history_selects));
	if (!skip && tt_hotplug)
		point(&n, &bad, atomic64_read(&tt_plug_moved), "locked, and taken to another CPU",
		      atomic64_read(&tt_plug_moved));
	pr_info("goro_torture: # selects in histories that chose no case: %lld\n",
		atomic64_read(&tt_history_none));
	pr_info("goro_torture: # passed over, as their deadline came just before: %llu\n",
		goro_counter(GORO_C_PASS_TIMEOUT) - before[GORO_C_PASS_TIMEOUT]);
	pr_info("goro_torture: # %s seed=%lu: %lld scenarios, %lld elements, %lld operations, %llu goroutines\n",
		bad ? "FAIL" : "PASS", seed, atomic64_read(&tt_totals.scenarios),
		atomic64_read(&tt_totals.elements), atomic64_read(&tt_totals.ops),
		goro_counter(GORO_C_G_CREATED) - before[GORO_C_G_CREATED]);
	result = !!bad;
}

static bool all_gone(void)
{
	u64 until = TT_NET;

	while (goro_num() ||
	       goro_counter(GORO_C_CHAN_CREATED) != goro_counter(GORO_C_CHAN_DESTROYED)) {
		if (ktime_get_ns() > until)
			return false;
		msleep(20);
	}
	return true;
}

static int main_fn(void *arg)
{
	unsigned int n = max(gs / 12, 1U), i, procs = goro_procs();
	bool ended = true;

	if (!tt_linear_selftest())
		tt_fail(TT_HISTORY, 0, "the checker is wrong");
	for (i = 0; i < GORO_C_MAX; i++)
		before[i] = goro_counter(i);
	several = procs > 1;
	end = goro_in(seconds * (u64)NSEC_PER_SEC);
	last = end + (all_paths ? EXTRA : 0);
	pr_info("goro_torture: # seed=%lu, %u s, %u drivers, %u threads, %u procs\n", seed,
		seconds, n, nthreads, goro_procs());
	for (i = 0; i < n; i++)
		if (goro_group_go(&drivers, driver, NULL))
			tt_fail(TT_ERRNO, 0, "no driver started");
	if (tt_hotplug && tt_plug_start())
		tt_fail(TT_ERRNO, 0, "no CPU can go offline");
	while (!tt_over())
		msleep(20);
	if (goro_group_wait_until(&drivers, goro_in(2 * TT_NET_NS)) == -ETIMEDOUT) {
		ended = false;
		pr_err("goro_torture: # drivers do not end\n");
	}
	tt_plug_stop();
	goro_set_procs(procs);	/* as it was */
	tt_threads_stop();
	/* goroutines that others started are none of ours: the run wants goro alone */
	if (ended)
		ended = all_gone();
	if (ended && goro_procs() > 1)
		tt_probe_idle();
	report(ended, READ_ONCE(stopping));
	goro_group_stop(&drivers);
	complete_all(&over);
	return 0;
}

static int __init tt_init(void)
{
	int err;

	if (!seed)
		seed = get_random_u32() | 1;
	goro_group_init(&drivers);
	err = tt_threads_start(nthreads);
	if (err)
		return err;
	main_task = kthread_create(main_fn, NULL, "goro_torture");
	if (IS_ERR(main_task)) {
		tt_threads_stop();
		return PTR_ERR(main_task);
	}
	get_task_struct(main_task);
	wake_up_process(main_task);
	if (!wait)
		return 0;
	/* not killable: what runs is in this module's text */
	while (!wait_for_completion_timeout(&over, 10 * HZ))
		;
	if (!result)
		return 0;
	kthread_stop(main_task);
	put_task_struct(main_task);
	return -EIO;
}

static void __exit tt_exit(void)
{
	WRITE_ONCE(stopping, true);
	/* not kthread_stop() at once: to the thread's waits that is a signal */
	while (!wait_for_completion_timeout(&over, 10 * HZ))
		;
	kthread_stop(main_task);
	put_task_struct(main_task);
}

module_init(tt_init);
module_exit(tt_exit);
MODULE_DESCRIPTION("random goroutines and channels with checked invariants");
MODULE_LICENSE("GPL");
