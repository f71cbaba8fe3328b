// SPDX-License-Identifier: GPL-2.0-only
/*
 * The peers: kernel threads with completions and wait queues, and workqueues.
 *
 * With one P the threads are bound to CPU 0, where goro's P is; with two the
 * scheduler may place them as it likes.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include "bench.h"

struct crew {
	const struct bench *b;
	u64 n, each;
	u64 ns;
	atomic_t waiting, left;
	struct completion go, all;	/* start, and the last one's end */
	struct completion ping, pong;
	u64 seen, at, sum;
	/* a bounded queue as one writes it without channels */
	spinlock_t lock;
	wait_queue_head_t readers, writers;
	u32 head, len;
	u64 ring[128];
};

static void crew_init(struct crew *c, const struct bench *b, u64 n, int members)
{
	memset(c, 0, sizeof(*c));
	c->b = b;
	c->n = n;
	atomic_set(&c->left, members);
	init_completion(&c->go);
	init_completion(&c->all);
	init_completion(&c->ping);
	init_completion(&c->pong);
	spin_lock_init(&c->lock);
	init_waitqueue_head(&c->readers);
	init_waitqueue_head(&c->writers);
}

/*
 * The end of a member. Its frames are in this module: the last use of `c` and
 * the exit are one call into the kernel.
 */
static int member_end(struct crew *c)
{
	kthread_complete_and_exit(atomic_dec_and_test(&c->left) ? &c->all : NULL, 0);
}

static int start(struct crew *c, int (*fn)(void *), int cpu)
{
	struct task_struct *t = kthread_create(fn, c, "goro_bench");

	if (IS_ERR(t))
		return PTR_ERR(t);
	if (cpu >= 0)
		kthread_bind(t, cpu);
	wake_up_process(t);
	return 0;
}

/* where thread i of a pair goes */
static int cpu_of(const struct bench *b)
{
	return b->procs == 1 ? 0 : -1;
}

/* ---- yield, sleep ----------------------------------------------------------- */

static int yielder(void *arg)
{
	struct crew *c = arg;
	u64 i;

	atomic_inc(&c->waiting);
	wait_for_completion(&c->go);
	for (i = 0; i < c->each; i++)
		yield();
	return member_end(c);
}

static int dozer(void *arg)
{
	struct crew *c = arg;
	u64 i;

	atomic_inc(&c->waiting);
	wait_for_completion(&c->go);
	for (i = 0; i < c->each; i++) {
		ktime_t t = ns_to_ktime(DOZE_NS);

		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_hrtimeout_range(&t, 0, HRTIMER_MODE_REL);
	}
	return member_end(c);
}

/* b->arg threads on CPU 0, which begin together: ns until the last has ended */
static u64 crowd(const struct bench *b, u64 n, int (*fn)(void *))
{
	struct crew c;
	u32 i;
	u64 t;

	crew_init(&c, b, n, b->arg);
	c.each = n / b->arg;
	for (i = 0; i < b->arg; i++) {
		if (start(&c, fn, 0)) {
			/* those that run have to end first */
			atomic_sub(b->arg - i, &c.left);
			complete_all(&c.go);
			if (i)
				wait_for_completion(&c.all);
			return 0;
		}
	}
	while (atomic_read(&c.waiting) < b->arg)
		schedule_timeout_uninterruptible(1);
	t = ktime_get_ns();
	complete_all(&c.go);
	wait_for_completion(&c.all);
	return ktime_get_ns() - t;
}

u64 kthread_yields(const struct bench *b, u64 n)
{
	return crowd(b, n, yielder);
}

u64 kthread_sleepers(const struct bench *b, u64 n)
{
	return crowd(b, n, dozer);
}

/* ---- hop, stream ----------------------------------------------------- */

static int pinger(void *arg)
{
	struct crew *c = arg;
	u64 i, t;

	wait_for_completion(&c->go);
	t = ktime_get_ns();
	for (i = 0; i < c->n / 2; i++) {
		complete(&c->ping);
		wait_for_completion(&c->pong);
	}
	c->ns = ktime_get_ns() - t;
	return member_end(c);
}

static int ponger(void *arg)
{
	struct crew *c = arg;
	u64 i;

	wait_for_completion(&c->go);
	for (i = 0; i < c->n / 2; i++) {
		wait_for_completion(&c->ping);
		complete(&c->pong);
	}
	return member_end(c);
}

static u64 pair(struct crew *c, int (*one)(void *), int (*other)(void *), int cpu1, int cpu2)
{
	if (start(c, one, cpu1))
		return 0;
	if (start(c, other, cpu2)) {
		/* the first would wait for the second for ever: end it unrun */
		c->n = 0;
		atomic_set(&c->left, 1);
	}
	complete_all(&c->go);
	wait_for_completion(&c->all);
	return c->n ? c->ns : 0;
}

u64 kthread_hops(const struct bench *b, u64 n)
{
	struct crew c;

	crew_init(&c, b, n, 2);
	return pair(&c, pinger, ponger, cpu_of(b), cpu_of(b));
}

static bool put(struct crew *c, u64 v)
{
	bool ok;

	spin_lock(&c->lock);
	ok = c->len < c->b->arg;
	if (ok)
		c->ring[(c->head + c->len++) % c->b->arg] = v;
	spin_unlock(&c->lock);
	return ok;
}

static bool take(struct crew *c, u64 *v)
{
	bool ok;

	spin_lock(&c->lock);
	ok = c->len;
	if (ok) {
		*v = c->ring[c->head];
		c->head = (c->head + 1) % c->b->arg;
		c->len--;
	}
	spin_unlock(&c->lock);
	return ok;
}

static int producer(void *arg)
{
	struct crew *c = arg;
	u64 i;

	wait_for_completion(&c->go);
	for (i = 0; i < c->n; i++) {
		wait_event(c->writers, put(c, i));
		wake_up(&c->readers);
	}
	return member_end(c);
}

static int consumer(void *arg)
{
	struct crew *c = arg;
	u64 i, v, t;

	wait_for_completion(&c->go);
	t = ktime_get_ns();
	for (i = 0; i < c->n; i++) {
		wait_event(c->readers, take(c, &v));
		wake_up(&c->writers);
		c->sum += v;
	}
	c->ns = ktime_get_ns() - t;
	return member_end(c);
}

u64 kthread_stream(const struct bench *b, u64 n)
{
	struct crew c;
	u64 t;

	crew_init(&c, b, n, 2);
	t = pair(&c, consumer, producer, cpu_of(b), cpu_of(b));
	return c.sum == n * (n - 1) / 2 ? t : 0;
}

/* ---- spawn, work ----------------------------------------------------- */

static int nothing(void *arg)
{
	return member_end(arg);
}

u64 kthread_spawn(const struct bench *b, u64 n)
{
	struct crew c;
	u64 i, k, t = ktime_get_ns();

	for (i = 0; i < n; i += b->arg) {
		crew_init(&c, b, n, b->arg);
		for (k = 0; k < b->arg; k++)
			if (IS_ERR(kthread_run(nothing, &c, "goro_bench")))
				break;
		if (k < b->arg && atomic_sub_and_test(b->arg - k, &c.left))
			complete(&c.all);
		wait_for_completion(&c.all);
		if (k < b->arg)
			return 0;
	}
	return ktime_get_ns() - t;
}

struct item {
	struct work_struct work;
	struct crew *c;
};

static void do_item(struct work_struct *work)
{
	struct item *item = container_of(work, struct item, work);
	struct crew *c = item->c;

	c->sum++;
	if (atomic_dec_and_test(&c->left))
		complete(&c->all);
}

/* the items are there already, as they are in whoever uses workqueues */
u64 workqueue_spawn(const struct bench *b, u64 n)
{
	struct item *items = kcalloc(b->arg, sizeof(*items), GFP_KERNEL);
	struct crew c;
	u64 i, k, t;

	if (!items)
		return 0;
	crew_init(&c, b, n, 0);
	for (k = 0; k < b->arg; k++) {
		INIT_WORK(&items[k].work, do_item);
		items[k].c = &c;
	}
	t = ktime_get_ns();
	for (i = 0; i < n; i += b->arg) {
		atomic_set(&c.left, b->arg);
		reinit_completion(&c.all);
		for (k = 0; k < b->arg; k++)
			queue_work(system_wq, &items[k].work);
		wait_for_completion(&c.all);
	}
	t = ktime_get_ns() - t;
	/* the last item's function may still be in its last lines */
	for (k = 0; k < b->arg; k++)
		flush_work(&items[k].work);
	kfree(items);
	return c.sum == n ? t : 0;
}

/* ---- mutex ----------------------------------------------------------- */

static DEFINE_MUTEX(mutex);	/* what is measured; protects sum of its crew */

static int locker(void *arg)
{
	struct crew *c = arg;
	u64 i, n = c->each;

	wait_for_completion(&c->go);
	for (i = 0; i < n; i++) {
		mutex_lock(&mutex);
		c->sum++;
		mutex_unlock(&mutex);
	}
	return member_end(c);
}

u64 kthread_mutexes(const struct bench *b, u64 n)
{
	struct crew c;
	u64 t;
	u32 i;

	crew_init(&c, b, n, b->arg);
	c.each = n / b->arg;
	for (i = 0; i < b->arg; i++) {
		if (start(&c, locker, cpu_of(b))) {
			atomic_sub(b->arg - i, &c.left);
			complete_all(&c.go);
			if (i)
				wait_for_completion(&c.all);
			return 0;
		}
	}
	t = ktime_get_ns();
	complete_all(&c.go);
	wait_for_completion(&c.all);
	t = ktime_get_ns() - t;
	return c.sum == n ? t : 0;
}

/* ---- from the block until the next one runs ---------------------------------- */

#define WAKES	1000

static int wakee(void *arg)
{
	struct crew *c = arg;
	u64 *late = kvmalloc_array(WAKES, sizeof(*late), GFP_KERNEL);
	u64 i;

	wait_for_completion(&c->go);
	for (i = 0; i < c->n * WAKES; i++) {
		wait_for_completion(&c->ping);
		if (late)
			late[i] = ktime_get_ns() - c->at;
	}
	c->ns = late && c->n ? bench_distribution(c->b, late, WAKES) * c->n : 0;
	kvfree(late);
	return member_end(c);
}

/* wakes the other, which is on the same CPU, and sleeps */
static int blocker(void *arg)
{
	struct crew *c = arg;
	u64 i;

	wait_for_completion(&c->go);
	for (i = 0; i < c->n * WAKES; i++) {
		c->at = ktime_get_ns();
		complete(&c->ping);
		usleep_range(100, 200);
	}
	return member_end(c);
}

u64 kthread_wakes(const struct bench *b, u64 n)
{
	struct crew c;

	crew_init(&c, b, n, 2);
	return pair(&c, wakee, blocker, 0, 0);
}

/* ---- waking another CPU ---------------------------------------------- */

static int sleeper(void *arg)
{
	struct crew *c = arg;
	u64 i;

	for (i = 0; i < c->n; i++) {
		wait_for_completion(&c->ping);
		c->sum += ktime_get_ns() - c->at;
		WRITE_ONCE(c->seen, i + 1);
	}
	return member_end(c);
}

static int waker(void *arg)
{
	struct crew *c = arg;
	u64 i, until;

	wait_for_completion(&c->go);
	for (i = 0; i < c->n; i++) {
		until = ktime_get_ns() + XWAKE_REST_NS;
		while (ktime_get_ns() < until)
			cpu_relax();
		c->at = ktime_get_ns();
		complete(&c->ping);
		while (READ_ONCE(c->seen) <= i)
			cpu_relax();
		cond_resched();
	}
	c->ns = c->sum;
	return member_end(c);
}

u64 kthread_xwake(const struct bench *b, u64 n)
{
	struct crew c;

	crew_init(&c, b, n, 2);
	return pair(&c, waker, sleeper, 0, 1);
}
