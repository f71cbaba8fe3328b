// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_trims: goroutines whose stacks are taken away while they wait (GORO_TRIM), each
 * in one of WAITS ways to wait, PER of each, on stacks of `stack` bytes.
 *
 * Each has a pattern, pointers into its own stack and a chain of calls on it when it waits,
 * and looks at them, and at what its wait brought, when it goes on. The load starts them,
 * and the unload ends them: by what they wait for, with cancel=1 by a cancel of their
 * group, with deadline_ms by their deadlines. run sees by goro's counters that they
 * were trimmed, and brought back. many=N: so many that all wait for one channel instead.
 */
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/wait.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <goro/goro.h>

#define PER	4
#define DEPTH	3
#define WORDS	8

static unsigned int stack = 16384, deadline_ms, many;
static bool cancel, trim = true;
module_param(stack, uint, 0444);
module_param(deadline_ms, uint, 0444);
module_param(many, uint, 0444);
module_param(cancel, bool, 0644);
module_param(trim, bool, 0444);

/* what all of them wait for; in no goroutine's stack */
static struct {
	struct goro_group grp;
	struct goro_chan *recv, *send, *sel[2], *irq, *closed, *never;
	struct goro_ctx *ctx;
	struct goro_mutex mutex;
	struct goro_rwmutex rwmutex;
	struct goro_sema sema;
	struct goro_cond cond;
	struct goro_mutex cond_mutex;
	struct goro_wg wg;
	wait_queue_head_t wq;
	bool event, signal;
	struct socket *sock[2];
	u64 deadline;
	atomic_t bad, ended;
} all;

/* an element of some size */
struct elem {
	u64 v[WORDS];
};

static void set(struct elem *e, u64 v)
{
	int i;

	for (i = 0; i < WORDS; i++)
		e->v[i] = v * (i + 1);
}

static bool is(const struct elem *e, u64 v)
{
	int i;

	for (i = 0; i < WORDS; i++)
		if (e->v[i] != v * (i + 1))
			return false;
	return true;
}

/* 0: as it should; else what was wrong */
static int want(int ret, int good)
{
	if (deadline_ms)
		return ret == -ETIMEDOUT ? 0 : ret ?: 1000;
	if (cancel)
		return ret == -ECANCELED ? 0 : ret ?: 1000;
	return ret == good ? 0 : ret ?: 1000;
}

static bool undisturbed(void)
{
	return !cancel && !deadline_ms;
}

static int w_recv(void)
{
	struct elem e = { };
	int bad = want(goro_chan_recv_until(all.recv, &e, all.deadline), 1);

	return bad ?: undisturbed() && !is(&e, 7) ? 2000 : 0;
}

static int w_send(void)
{
	struct elem e;

	set(&e, 9);
	return want(goro_chan_send_until(all.send, &e, all.deadline), 0);
}

static int w_closed(void)
{
	return want(goro_chan_recv_until(all.closed, NULL, all.deadline), 0);
}

/* two of the cases on one channel; the last one is never ready */
static int w_select(void)
{
	struct elem in = { }, out;
	struct goro_case cases[] = {
		GORO_RECV(all.never, &in), GORO_RECV(all.sel[0], &in),
		GORO_SEND(all.irq, &out), GORO_RECV(all.sel[1], &in), GORO_RECV(all.sel[0], &in),
	};
	int pick;

	set(&out, 9);
	pick = goro_select_until(cases, ARRAY_SIZE(cases), all.deadline);
	if (!undisturbed())
		return want(pick, 0);
	if (pick != 1 && pick != 4)
		return pick + 3000;
	if (cases[pick].ret != 1 || !is(&in, 7))
		return 2000;
	return 0;
}

static int w_sleep(void)
{
	/* it is its deadline that ends it, anyhow */
	int ret = goro_sleep(100 * NSEC_PER_MSEC);

	return ret && !(cancel && ret == -ECANCELED) ? ret : 0;
}

static int w_mutex(void)
{
	int ret = goro_mutex_lock_until(&all.mutex, all.deadline);

	if (!ret)
		goro_mutex_unlock(&all.mutex);
	return want(ret, 0);
}

static int w_rwmutex(void)
{
	int ret = goro_rwmutex_rlock_until(&all.rwmutex, all.deadline);

	if (!ret)
		goro_rwmutex_runlock(&all.rwmutex);
	return want(ret, 0);
}

static int w_sema(void)
{
	int ret = goro_sema_acquire_until(&all.sema, 2, all.deadline);

	if (!ret)
		goro_sema_release(&all.sema, 2);
	return want(ret, 0);
}

static int w_cond(void)
{
	int ret = 0;

	if (goro_mutex_lock(&all.cond_mutex))
		return cancel ? 0 : 4000;
	while (!all.signal && !ret)
		ret = goro_cond_wait_until(&all.cond, &all.cond_mutex, all.deadline);
	goro_mutex_unlock(&all.cond_mutex);
	return want(ret, 0);
}

static int w_wg(void)
{
	return want(goro_wg_wait_until(&all.wg, all.deadline), 0);
}

static int w_event(void)
{
	return want(goro_wait_event_until(all.wq, READ_ONCE(all.event), all.deadline), 0);
}

static int w_poll(void)
{
	int ret = goro_poll_sock(all.sock[0], EPOLLIN, all.deadline);

	return want(ret > 0 ? !(ret & (__force int)EPOLLIN) : ret, 0);
}

static int w_select_sock(void)
{
	struct goro_case cases[] = {
		GORO_RECV(all.never, NULL), GORO_SOCK(all.sock[0], EPOLLIN),
	};

	return want(goro_select_until(cases, ARRAY_SIZE(cases), all.deadline), 1);
}

/* two scopes of one context around the wait */
static int w_ctx(void)
{
	struct goro_scope scope;
	int ret = goro_ctx_enter(&scope, all.ctx);

	if (!ret)
		ret = goro_ctx_leave(&scope, goro_chan_recv_ctx(all.ctx, all.never, NULL));
	return ret == -ECANCELED ? 0 : ret ?: 1000;
}

/* the scope is below a select */
static int w_ctx_select(void)
{
	struct elem in;
	struct goro_case cases[] = { GORO_RECV(all.never, &in), GORO_RECV(all.sel[1], &in) };
	int ret = goro_select_ctx(all.ctx, cases, ARRAY_SIZE(cases), GORO_FOREVER);

	return ret == -ECANCELED ? 0 : ret + 1000;
}

static int (* const waits[])(void) = {
	w_recv, w_send, w_closed, w_select, w_sleep, w_mutex, w_rwmutex, w_sema, w_cond, w_wg,
	w_event, w_ctx, w_ctx_select, w_poll, w_select_sock,
};

#define SHALLOW	13	/* of them: they do on 4 KiB, too */

static noinline int deep_wait(unsigned int depth, unsigned int i)
{
	u64 pattern[WORDS];
	u64 *self = pattern;
	int ret, k;

	OPTIMIZER_HIDE_VAR(self);
	for (k = 0; k < WORDS; k++)
		self[k] = (unsigned long)self * (k + 3) + depth + i;
	barrier_data(self);
	ret = depth ? deep_wait(depth - 1, i) : waits[i]();
	barrier_data(self);
	for (k = 0; k < WORDS; k++)
		if (self[k] != (unsigned long)self * (k + 3) + depth + i || self != pattern)
			ret = ret ?: 5000;
	return ret;
}

static int one(void *arg)
{
	unsigned int i = (unsigned long)arg;
	int round, bad;

	/* twice for the sleepers: trimmed, and trimmed again */
	for (round = 0; round < 2; round++) {
		bad = deep_wait(DEPTH, i);
		if (bad) {
			pr_err("goro_trims: way %u to wait: %d\n", i, bad);
			atomic_inc(&all.bad);
		}
		if (waits[i] != w_sleep)
			break;
	}
	atomic_inc(&all.ended);
	return 0;
}

static int one_of_many(void *unused)
{
	int bad = w_closed();

	if (bad)
		atomic_inc(&all.bad);
	atomic_inc(&all.ended);
	return 0;
}

static unsigned int nwaits(void)
{
	return stack >= THREAD_SIZE ? ARRAY_SIZE(waits) : SHALLOW;
}

static void make(void)
{
	all.recv = goro_chan_make(sizeof(struct elem), 0, 0);
	all.send = goro_chan_make(sizeof(struct elem), 0, 0);
	all.sel[0] = goro_chan_make(sizeof(struct elem), 0, 0);
	all.sel[1] = goro_chan_make(sizeof(struct elem), 0, 0);
	all.irq = goro_chan_make(sizeof(struct elem), 0, GORO_CHAN_IRQ);
	all.never = goro_chan_make(0, 0, 0);
	all.closed = goro_chan_make(0, 0, 0);
	all.ctx = goro_ctx_with_cancel(goro_ctx_background());
	goro_mutex_init(&all.mutex);
	goro_rwmutex_init(&all.rwmutex);
	goro_sema_init(&all.sema, 4);
	goro_cond_init(&all.cond);
	goro_mutex_init(&all.cond_mutex);
	goro_wg_init(&all.wg);
	goro_wg_add(&all.wg, 1);
	init_waitqueue_head(&all.wq);
	goro_group_init(&all.grp);
	all.deadline = deadline_ms ? goro_in(deadline_ms * NSEC_PER_MSEC) : GORO_FOREVER;
}

static int __init trims_init(void)
{
	struct goro_attr attr = { .stack_size = stack, .flags = trim ? GORO_TRIM : 0 };
	unsigned long i;
	int err;

	make();
	err = sock_create_kern(&init_net, AF_UNIX, SOCK_DGRAM, 0, &all.sock[0]) ?:
	      sock_create_kern(&init_net, AF_UNIX, SOCK_DGRAM, 0, &all.sock[1]) ?:
	      all.sock[0]->ops->socketpair(all.sock[0], all.sock[1]);
	if (err)
		return err;
	if (goro_mutex_lock(&all.mutex) || goro_rwmutex_lock(&all.rwmutex) ||
	    goro_sema_acquire(&all.sema, 4))
		return -EINVAL;
	for (i = 0; i < many; i++) {
		if (goro_group_go_attr(&all.grp, one_of_many, NULL, &attr))
			atomic_inc(&all.bad);
		if (i % 1024 == 0)
			cond_resched();
	}
	for (i = 0; i < nwaits() * PER && !many; i++)
		if (goro_group_go_attr(&all.grp, one, (void *)(i % nwaits()), &attr))
			atomic_inc(&all.bad);
	pr_info("goro_trims: %u wait\n", nwaits() * PER);
	return 0;
}

/* Give each what it waits for. */
static void end_all(void)
{
	struct kvec vec = { "x", 1 };
	struct msghdr msg = { };
	struct elem e;
	int i;

	set(&e, 7);
	for (i = 0; i < PER; i++) {
		if (goro_chan_send(all.recv, &e) || goro_chan_send(all.sel[0], &e))
			atomic_inc(&all.bad);
		if (goro_chan_recv(all.send, &e) != 1 || !is(&e, 9))
			atomic_inc(&all.bad);
		set(&e, 7);
	}
	kernel_sendmsg(all.sock[1], &msg, &vec, 1, 1);
	WRITE_ONCE(all.event, true);
	wake_up_all(&all.wq);
	goro_mutex_lock_nocancel(&all.cond_mutex);
	all.signal = true;
	goro_mutex_unlock(&all.cond_mutex);
	goro_cond_broadcast(&all.cond);
}

static void __exit trims_exit(void)
{
	bool calm = undisturbed();

	if (calm && !many)
		end_all();
	if (cancel)
		goro_group_cancel(&all.grp);
	goro_ctx_cancel(all.ctx);
	if (calm)
		goro_chan_close(all.closed);
	/* those that wait with a deadline have these to the end */
	if (deadline_ms)
		goro_group_wait(&all.grp);
	goro_mutex_unlock(&all.mutex);
	goro_rwmutex_unlock(&all.rwmutex);
	goro_sema_release(&all.sema, 4);
	goro_wg_done(&all.wg);
	goro_group_wait(&all.grp);
	goro_group_stop(&all.grp);
	goro_chan_put(all.recv);
	goro_chan_put(all.send);
	goro_chan_put(all.sel[0]);
	goro_chan_put(all.sel[1]);
	goro_chan_put(all.irq);
	goro_chan_put(all.never);
	goro_chan_put(all.closed);
	goro_ctx_put(all.ctx);
	sock_release(all.sock[0]);
	sock_release(all.sock[1]);
	pr_info("goro_trims: %d ended, %d bad\n", atomic_read(&all.ended), atomic_read(&all.bad));
}

module_init(trims_init);
module_exit(trims_exit);
MODULE_DESCRIPTION("goro: goroutines whose stacks are taken away while they wait");
MODULE_LICENSE("GPL");
