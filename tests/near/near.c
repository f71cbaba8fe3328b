// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_near.ko: on a machine with several nodes, who comes first for an idle P and for
 * what a busy one has queued. insmod runs it, prints KTAP and fails where a point does.
 *
 * Ps are held by goroutines that are locked to their thread and compute. They do so on
 * their M's own stack, where nobody takes them for hogs and sends them away, and let
 * threads have the CPU. What they start meanwhile only other Ps can run.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched/task.h>
#include <linux/topology.h>
#include <goro/goro.h>
#include "core/stats.h"

#define ROUNDS		100	/* of one woken at a time */
#define TRIALS		8	/* of thefts */
#define QUEUED		8
#define NET_NS		(120ULL * NSEC_PER_SEC)

static int points, failed;

static void point(bool good, const char *what)
{
	failed += !good;
	pr_info("goro_near: %s %d - %s\n", good ? "ok" : "not ok", ++points, what);
}

/* ---- those who hold a P ------------------------------------------------------ */

enum order { STAY, START, LEAVE };
struct holder {
	int cpu;
	bool here;
	int order;		/* by who tells it: release; STAY: by itself, when it is done */
	struct completion placed;
};
static struct holder holders[NR_CPUS];
static struct goro_wg wg;

/* ---- what they start ---------------------------------------------------------- */

struct child {
	int from;
};
static atomic_t ran;
static struct ran {
	int from, on;
} runs[2 * QUEUED];		/* in their order */

static void near_child(void *arg)
{
	struct child c = *(struct child *)arg;
	int i = atomic_inc_return(&ran) - 1;

	if (i < ARRAY_SIZE(runs))
		runs[i] = (struct ran){ c.from, raw_smp_processor_id() };
	goro_wg_done(&wg);
}

static void start(int from, int n)
{
	struct child c = { from };

	while (n--) {
		goro_wg_add(&wg, 1);
		if (goro_go_copy(near_child, &c, sizeof(c)))
			goro_wg_done(&wg);
	}
}

/* Until *v is at least n, by the threads' clock; the CPU is left to threads. */
static bool until(atomic_t *v, int n)
{
	u64 net = ktime_get_ns() + NET_NS;

	while (atomic_read(v) < n) {
		if (ktime_get_ns() > net)
			return false;
		cpu_relax();
		cond_resched();
	}
	return true;
}

static long hold(void *arg)
{
	struct holder *h = arg;

	for (;;) {
		switch (smp_load_acquire(&h->order)) {	/* pairs with tell() */
		case START:
			start(h->cpu, QUEUED);
			smp_store_release(&h->order, STAY);	/* they are queued */
			break;
		case LEAVE:
			return 0;
		}
		cpu_relax();
		cond_resched();
	}
}

static void holder_fn(void *arg)
{
	struct holder *h = arg;

	goro_lock_thread();
	h->here = raw_smp_processor_id() == h->cpu;
	complete(&h->placed);
	if (h->here)
		goro_call_on_m_stack(hold, h);
	goro_unlock_thread();
	goro_wg_done(&wg);
}

static int placer_fn(void *arg)
{
	struct holder *h = arg;

	goro_wg_add(&wg, 1);
	if (goro_go(holder_fn, h)) {
		goro_wg_done(&wg);
		complete(&h->placed);
	}
	return 0;
}

/* fn(arg) by a thread on that CPU, until what it has started completes @done */
static void on_cpu(int cpu, int (*fn)(void *arg), void *arg, struct completion *done)
{
	struct task_struct *t;

	init_completion(done);
	t = kthread_create(fn, arg, "goro_near/%d", cpu);
	if (IS_ERR(t))
		return;
	get_task_struct(t);
	kthread_bind(t, cpu);
	wake_up_process(t);
	wait_for_completion(done);
	kthread_stop(t);	/* it has left our text */
	put_task_struct(t);
}

/* A goroutine that is started on a CPU by a thread runs there, if that P idles and nobody steals. */
static void place(int cpu)
{
	struct holder *h = &holders[cpu];

	h->cpu = cpu;
	h->here = false;
	h->order = STAY;
	while (!h->here)
		on_cpu(cpu, placer_fn, h, &h->placed);
}

static void tell(int cpu, enum order order)
{
	/* pairs with hold() */
	smp_store_release(&holders[cpu].order, order);
}

static bool told(int cpu)
{
	u64 net = ktime_get_ns() + NET_NS;

	while (smp_load_acquire(&holders[cpu].order) != STAY) {	/* pairs with hold() */
		if (ktime_get_ns() > net)
			return false;
		cond_resched();
	}
	return true;
}

/* ---- an idle P is wanted ------------------------------------------------------- */

struct waker {
	int cpu, near, far, local;
	bool here;
	struct completion done;
};

/* Ps that were given to an M and have not come to idle again, more or less: see settle_down() */
static s64 awake(void)
{
	return goro_counter(GORO_C_WAKE_P) - goro_counter(GORO_C_IDLE);
}

/* All Ps that were woken idle again, or as good as: bounded, as their Ms may idle without being counted. */
static void settle_down(s64 before)
{
	u64 net = ktime_get_ns() + 200 * NSEC_PER_MSEC;

	while (awake() > before && ktime_get_ns() < net) {
		cpu_relax();
		cond_resched();
	}
}

static long wakes(void *arg)
{
	struct waker *w = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		s64 before = awake();

		atomic_set(&ran, 0);
		start(w->cpu, 1);
		if (!until(&ran, 1))
			break;
		if (runs[0].on == w->cpu)
			w->local++;
		else if (cpu_to_node(runs[0].on) == cpu_to_node(w->cpu))
			w->near++;
		else
			w->far++;
		settle_down(before);
	}
	return 0;
}

static void waker_fn(void *arg)
{
	struct waker *w = arg;

	goro_lock_thread();
	w->here = raw_smp_processor_id() == w->cpu;
	if (w->here)
		goro_call_on_m_stack(wakes, w);
	goro_unlock_thread();
	complete(&w->done);
	goro_wg_done(&wg);
}

static int start_waker(void *arg)
{
	struct waker *w = arg;

	goro_wg_add(&wg, 1);
	if (goro_go(waker_fn, w)) {
		goro_wg_done(&wg);
		complete(&w->done);
	}
	return 0;
}

static void test_wakes(int cpu)
{
	struct waker w = { .cpu = cpu };

	while (!w.here)
		on_cpu(cpu, start_waker, &w, &w.done);
	goro_wg_wait(&wg);
	pr_info("goro_near: # woken on the same node %d, another %d, not woken %d\n", w.near,
		w.far, w.local);
	point(w.near + w.far + w.local == ROUNDS, "all that was started ran");
	point(w.near > 3 * w.far, "who wakes an idle P takes one of its node");
}

/* ---- busy Ps have something queued ---------------------------------------------- */

/* All Ps are held, but for those of other nodes than @node */
static void test_far(int cpu, int node)
{
	int other;
	bool good;

	for_each_online_cpu(other)
		if (cpu_to_node(other) == node)
			place(other);
	atomic_set(&ran, 0);
	tell(cpu, START);
	good = told(cpu) && until(&ran, QUEUED - 1);
	point(good && cpu_to_node(runs[0].on) != node,
	      "where no near P is idle those of other nodes come");
	for_each_online_cpu(other)
		if (cpu_to_node(other) == node)
			tell(other, LEAVE);
	goro_wg_wait(&wg);
}

/* @thief is the only one that is free, @near and @far have as much */
static bool theft(int thief, int near, int far)
{
	int other, i, first = 0;
	bool good;

	for_each_online_cpu(other)
		place(other);
	atomic_set(&ran, 0);
	tell(far, START);
	good = told(far);
	tell(near, START);
	good &= told(near);
	good &= !atomic_read(&ran);
	tell(thief, LEAVE);
	/* in the last round of four runnext is taken, too: it need not come before the far ones */
	good = good && until(&ran, 2 * (QUEUED - 1));
	for (i = 0; i < QUEUED - 1; i++)
		first += runs[i].from == near && runs[i].on == thief;
	for_each_online_cpu(other)
		if (other != thief)
			tell(other, LEAVE);
	goro_wg_wait(&wg);
	return good && first == QUEUED - 1;
}

static int __init near_init(void)
{
	int cpu, last = -1, first = -1, far = -1, node = cpu_to_node(0), i, good = 0;
	u64 steals;

	goro_wg_init(&wg);
	for_each_online_cpu(cpu) {
		if (cpu_to_node(cpu) != node) {
			far = cpu;
			continue;
		}
		last = cpu;
		if (first < 0)
			first = cpu;
	}
	if (far < 0 || first == last || goro_procs() < num_online_cpus())
		return -ENODEV;
	pr_info("goro_near: KTAP version 1\n");
	pr_info("goro_near: 1..5\n");
	/* the last one: the CPU after it by number is another node's */
	test_wakes(last);
	test_far(last, node);
	steals = goro_counter(GORO_C_STEAL_FAR);
	for (i = 0; i < TRIALS; i++)
		good += theft(first, last, far);
	pr_info("goro_near: # stolen from the same node first: %d of %d times\n", good, TRIALS);
	point(good == TRIALS, "thieves begin with their own node");
	point(goro_counter(GORO_C_STEAL_FAR) > steals, "and come to the others");
	return failed ? -EIO : 0;
}

static void __exit near_exit(void)
{
}

module_init(near_init);
module_exit(near_exit);
MODULE_DESCRIPTION("which Ps thieves and wakers look at first");
MODULE_LICENSE("GPL");
