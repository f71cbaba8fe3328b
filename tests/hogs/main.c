// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_hogs.ko: parameters, the run, and its result as KTAP in the log, after
 * "goro_hogs: ". mode=scenes|many|user|without|regs|patched: see tests/hogs/run.
 */
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/stacktrace.h>
#include "hogs.h"

static char *mode = "scenes";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "what to run");
static unsigned long times = 20000;
module_param(times, ulong, 0444);
MODULE_PARM_DESC(times, "mode=regs: how many preemptions");
int hog_user_ran;
module_param_named(user_ran, hog_user_ran, int, 0644);
MODULE_PARM_DESC(user_ran, "mode=user: set by a program on the hog's CPU");

static int done;
module_param(done, int, 0444);
MODULE_PARM_DESC(done, "mode=patched: the run is over (read only)");
static bool late;
module_param(late, bool, 0444);
MODULE_PARM_DESC(late, "mode=user: the net was reached (read only)");

bool hog_runs, other_queued, other_ran;
static u64 net;
static atomic_t bad;
static int npoints, nfailed, procs;
static struct goro_group hogs, others;

bool hog_late(void)
{
	return ktime_get_mono_fast_ns() > READ_ONCE(net);
}

void hog_bad(const char *fmt, ...)
{
	struct va_format vaf;
	va_list args;

	if (atomic_inc_return(&bad) > 5)
		return;
	va_start(args, fmt);
	vaf.fmt = fmt;
	vaf.va = &args;
	pr_err("goro_hogs: # %pV\n", &vaf);
	va_end(args);
}

static void begin(void)
{
	hog_runs = false;
	other_queued = false;
	other_ran = false;
	atomic_set(&bad, 0);
	net = ktime_get_mono_fast_ns() + NET_NS;
}

static void point(bool good, const char *what, u64 count)
{
	good &= !atomic_read(&bad) && !hog_late();
	nfailed += !good;
	pr_info("goro_hogs: %s %d - %s (%llu)\n", good ? "ok" : "not ok", ++npoints, what, count);
}

/* ---- one hog, one that needs its P ---------------------------------------- */

static int hog(void *arg)
{
	const struct scene *s = arg;

	WRITE_ONCE(hog_runs, true);
	s->fn();
	return 0;
}

static int other(void *arg)
{
	WRITE_ONCE(other_ran, true);
	return 0;
}

static u64 given(void)
{
	return goro_counter(GORO_C_HOG_GAVE) + goro_counter(GORO_C_HOG_OUT) +
	       goro_counter(GORO_C_HOG_YIELD);
}

static void once(const struct scene *s)
{
	struct goro_attr attr = { .name = s->name, .stack_size = s->stack_size };

	begin();
	if (goro_group_go_attr(&hogs, hog, (void *)s, &attr))
		hog_bad("no goroutine");
	while (!READ_ONCE(hog_runs) && !hog_late())
		schedule_timeout_uninterruptible(1);
	if (goro_group_go(&others, other, NULL))
		hog_bad("no goroutine");
	WRITE_ONCE(other_queued, true);
	goro_group_wait(&others);
	goro_group_wait(&hogs);
}

/*
 * Under preempt=full the kernel may preempt a hog before goro does, and the P goes by
 * another way than the scene is there for: again then.
 */
#define TRIES	20

static void scene(const struct scene *s)
{
	u64 before = given(), shown = goro_counter(s->shows);
	int i;

	for (i = 0; i < TRIES; i++) {
		once(s);
		if (!s->shows || goro_counter(s->shows) > shown || atomic_read(&bad) || hog_late())
			break;
	}
	point(READ_ONCE(other_ran) && given() > before &&
	      (!s->shows || goro_counter(s->shows) > shown), s->name, given() - before);
}

/* ---- what a trace of a hog shows ------------------------------------------ */

static atomic_t traces, true_traces;

/* goro_p_release() is called; is it on behalf of a hog, and do we see its code? */
static int on_release(struct kprobe *kp, struct pt_regs *regs)
{
	unsigned long frame[32];
	bool preempts = false, spins = false;
	unsigned int n, i;
	char name[64];

	n = stack_trace_save(frame, ARRAY_SIZE(frame), 0);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%ps", (void *)frame[i]);
		preempts |= !!strstr(name, "goro_hog_preempt");
		spins |= preempts && strstr(name, "hog_spin");
	}
	if (preempts) {
		atomic_inc(&traces);
		atomic_add(spins, &true_traces);
	}
	return 0;
}

static struct kprobe probe = { .symbol_name = "goro_p_release", .pre_handler = on_release };

static void traced(void)
{
	struct scene s = hog_scenes[0];
	int i, err = register_kprobe(&probe);

	s.name = "in traces";
	s.shows = GORO_C_HOG_GAVE;
	for (i = 0; i < TRIES && !atomic_read(&traces) && !err; i++)
		scene(&s);
	if (!err)
		unregister_kprobe(&probe);
	begin();
	point(atomic_read(&traces) && atomic_read(&true_traces) == atomic_read(&traces),
	      "traces go through the trampoline", atomic_read(&traces));
}

/* ---- four hogs on two CPUs, and 1000 pairs -------------------------------- */

#define PAIRS	1000
#define TRIPS	10

static struct goro_chan *there[PAIRS], *back[PAIRS];
static atomic_t pairs_done;
static bool all_done;
static atomic64_t after[4];	/* rounds of each hog after all had begun */
static atomic_t begun;

static int computes(void *arg)
{
	atomic64_t *n = arg;
	u64 i = 0;

	atomic_inc(&begun);
	while ((!READ_ONCE(all_done) || !atomic64_read(n)) && !(!(++i & 0xffff) && hog_late()))
		if (atomic_read(&begun) == ARRAY_SIZE(after))
			atomic64_inc(n);
	return 0;
}

static int serves(void *arg)
{
	long i = (long)arg;
	u64 v, n;

	for (n = 0; n < TRIPS; n++)
		if (goro_chan_send(there[i], &n) || goro_chan_recv(back[i], &v) != 1 || v != n)
			hog_bad("pair %ld, trip %llu", i, n);
	if (atomic_inc_return(&pairs_done) == PAIRS)
		WRITE_ONCE(all_done, true);
	return 0;
}

static int returns(void *arg)
{
	long i = (long)arg;
	u64 v, n;

	for (n = 0; n < TRIPS; n++)
		if (goro_chan_recv(there[i], &v) != 1 || goro_chan_send(back[i], &v))
			hog_bad("pair %ld, trip %llu", i, n);
	return 0;
}

static void many(void)
{
	u64 least = U64_MAX;
	long i;

	goro_set_procs(2);
	begin();
	for (i = 0; i < ARRAY_SIZE(after); i++)
		if (goro_group_go(&hogs, computes, &after[i]))
			hog_bad("no goroutine");
	for (i = 0; i < PAIRS; i++) {
		there[i] = goro_chan_make(sizeof(u64), 0, 0);
		back[i] = goro_chan_make(sizeof(u64), 0, 0);
		if (IS_ERR(there[i]) || IS_ERR(back[i]) ||
		    goro_group_go(&others, serves, (void *)i) ||
		    goro_group_go(&others, returns, (void *)i))
			hog_bad("no goroutine");
	}
	goro_group_wait(&hogs);
	point(atomic_read(&pairs_done) == PAIRS, "1000 pairs beside four hogs",
	      atomic_read(&pairs_done));
	goro_group_wait(&others);
	for (i = 0; i < ARRAY_SIZE(after); i++)
		least = min_t(u64, least, atomic64_read(&after[i]));
	point(least, "all hogs go on, too; rounds", least);
	for (i = 0; i < PAIRS; i++) {
		goro_chan_put(there[i]);
		goro_chan_put(back[i]);
	}
}

/* ---- a thread that needs the CPU ------------------------------------------ */

static bool thread_ran;

static int thread(void *arg)
{
	WRITE_ONCE(thread_ran, true);
	return 0;
}

/* once while it has its P, and nobody wants that; again when it has lost it */
static int wants_cpu(void *arg)
{
	bool lost = arg;

	if (lost)
		hog_spin(&other_ran);
	WRITE_ONCE(hog_runs, true);
	hog_spin(&thread_ran);
	return 0;
}

static void cpu(bool lost)
{
	struct task_struct *t;

	begin();
	thread_ran = false;
	if (goro_group_go(&hogs, wants_cpu, (void *)lost) ||
	    (lost && goro_group_go(&others, other, NULL)))
		hog_bad("no goroutine");
	while (!READ_ONCE(hog_runs) && !hog_late())
		schedule_timeout_uninterruptible(1);
	t = kthread_create(thread, NULL, "goro_hogs");
	if (IS_ERR(t)) {
		hog_bad("no thread");
		WRITE_ONCE(thread_ran, true);
	} else {
		kthread_bind(t, cpumask_first(cpu_online_mask));	/* the P's */
		wake_up_process(t);
	}
	goro_group_wait(&hogs);
	goro_group_wait(&others);
	point(READ_ONCE(thread_ran), lost ? "a thread waits, and the P is lost" :
	      "nobody but a thread waits", 1);
}

/* ---- the rest -------------------------------------------------------------- */

/* a hog that comes by cond_resched(); the run has switched the trampoline off */
static void resched(void)
{
	while (!READ_ONCE(other_ran) && !hog_late())
		cond_resched();
}

static bool competes_stop;

static int competes(void *arg)
{
	while (!READ_ONCE(competes_stop))
		cond_resched();
	return 0;
}

static void without(void)
{
	static const struct scene by_sched_out = {
		"given on in sched_out", resched, .shows = GORO_C_HOG_OUT
	};
	struct scene asks = hog_scenes[hog_nscenes - 1];
	u64 sent = goro_counter(GORO_C_HOG_PREEMPTED);
	struct task_struct *t = kthread_create(competes, NULL, "goro_hogs");

	asks.name = "goro_cond_yield alone";
	asks.shows = GORO_C_HOG_YIELD;
	scene(&asks);
	if (IS_ERR(t)) {
		hog_bad("no thread");
		return;
	}
	get_task_struct(t);
	kthread_bind(t, cpumask_first(cpu_online_mask));
	wake_up_process(t);
	scene(&by_sched_out);
	WRITE_ONCE(competes_stop, true);
	kthread_stop(t);
	put_task_struct(t);
	begin();
	point(goro_counter(GORO_C_HOG_PREEMPTED) == sent, "the trampoline was off", 1);
}

static int user_hog(void *arg)
{
	while (!READ_ONCE(hog_user_ran) && !hog_late())
		cpu_relax();
	late = hog_late();
	return 0;
}

static void regs(void)
{
	u64 before = goro_counter(GORO_C_HOG_PREEMPTED), n;

	goro_set_procs(procs);
	begin();
	net += NSEC_PER_SEC * (times / 100);
	n = regs_run(times);
	point(n, "registers, flags, stacks are as they were; rounds", n);
	n = goro_counter(GORO_C_HOG_PREEMPTED) - before;
	point(n >= times, "preempted", n);
}

static atomic64_t probed;

static int on_regs(struct kprobe *kp, struct pt_regs *regs)
{
	atomic64_inc(&probed);
	return 0;
}

/* becomes a jump into a buffer, where a goroutine may be interrupted as well */
static struct kprobe regs_probe = { .symbol_name = "hog_regs", .pre_handler = on_regs };

static int regs_later(void *arg)
{
	int err = register_kprobe(&regs_probe);

	regs();
	if (!err)
		unregister_kprobe(&regs_probe);
	point(!err && atomic64_read(&probed), "a kprobe was hit", atomic64_read(&probed));
	pr_info("goro_hogs: 1..%d\n", npoints);
	WRITE_ONCE(done, 1);
	return 0;
}

static int __init hogs_module_init(void)
{
	int i, err;

	goro_group_init(&hogs);
	goro_group_init(&others);
	err = hogs_init();
	if (err) {
		hogs_exit();
		return err;
	}
	procs = goro_set_procs(1);
	pr_info("goro_hogs: KTAP version 1\n");
	/* these go on, and rmmod ends them */
	begin();
	if (!strcmp(mode, "user"))
		return goro_group_go(&hogs, user_hog, NULL);
	if (!strcmp(mode, "patched"))
		return goro_group_go(&hogs, regs_later, NULL);
	if (!strcmp(mode, "regs")) {
		regs();
	} else if (!strcmp(mode, "many")) {
		many();
	} else if (!strcmp(mode, "without")) {
		without();
	} else {
		for (i = 0; i < hog_nscenes; i++)
			scene(&hog_scenes[i]);
		cpu(false);
		cpu(true);
		traced();
	}
	pr_info("goro_hogs: 1..%d\n", npoints);
	goro_set_procs(procs);
	if (!nfailed)
		return 0;
	hogs_exit();
	return -EIO;
}

static void __exit hogs_module_exit(void)
{
	/* it has goroutines of its own */
	while (!strcmp(mode, "patched") && !READ_ONCE(done))
		schedule_timeout_uninterruptible(HZ / 10);
	goro_group_stop(&hogs);
	goro_group_stop(&others);
	goro_set_procs(procs);
	hogs_exit();
}

module_init(hogs_module_init);
module_exit(hogs_module_exit);
MODULE_DESCRIPTION("goroutines that do not yield, and those that wait for them");
MODULE_LICENSE("GPL");
