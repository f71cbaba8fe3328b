// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wait queues that interrupts wake, with deadlines and cancels in between, some
 * of it on larger stacks.
 *
 * Two timers, in hard interrupt and softirq context, give out tokens, and wake
 * once for each. There are as many as the members take in all, so a wakeup that
 * is lost, or swallowed by a waiter that fails, leaves a member without a
 * deadline asleep for ever. A token is taken once only, and none is left.
 */
#include <linux/hrtimer.h>
#include <linux/slab.h>
#include "compat.h"
#include "torture.h"

struct events {
	u64 nr;
	wait_queue_head_t wq;
	struct hrtimer hard, soft;
	atomic_t to_give, tokens, taken;
	struct goro_group grp;
	bool cancelled;
};

struct event_member {
	struct events *e;
	u32 i, want;
};

struct event_take {
	struct events *e;
	struct rnd_state *r;
	bool forever;
};

static enum hrtimer_restart give(struct events *e, struct hrtimer *t)
{
	if (atomic_dec_if_positive(&e->to_give) < 0)
		return HRTIMER_NORESTART;
	atomic_inc(&e->tokens);
	wake_up(&e->wq);
	hrtimer_forward_now(t, ns_to_ktime(20000));
	return HRTIMER_RESTART;
}

static enum hrtimer_restart on_hard(struct hrtimer *t)
{
	return give(container_of(t, struct events, hard), t);
}

static enum hrtimer_restart on_soft(struct hrtimer *t)
{
	return give(container_of(t, struct events, soft), t);
}

static bool grab(struct events *e)
{
	return atomic_dec_if_positive(&e->tokens) >= 0;
}

/* One wait; a marked frame around it, which may be on a larger stack. */
static long take(void *arg)
{
	struct event_take *t = arg;
	struct events *e = t->e;
	u64 deadline = GORO_FOREVER, mark[32];
	u32 seed = prandom_u32_state(t->r);
	long ret;
	int i;

	for (i = 0; i < ARRAY_SIZE(mark); i++)
		mark[i] = seed + i;
	barrier_data(mark);
	if (!t->forever)
		deadline = tt_rnd(t->r, 16) ? goro_in(tt_rnd(t->r, 100000)) : tt_rnd(t->r, 2);
	if (tt_rnd(t->r, 4))
		ret = goro_wait_event_exclusive_until(e->wq, grab(e), deadline);
	else
		ret = goro_wait_event_until(e->wq, grab(e), deadline);
	if (!ret)
		atomic_inc(&e->taken);
	else if (ret == -ETIMEDOUT && ktime_get_ns() < deadline)
		tt_fail(TT_WAIT, e->nr, "a deadline came early");
	else if (ret == -ECANCELED && !READ_ONCE(e->cancelled))
		tt_fail(TT_WAIT, e->nr, "cancelled by nobody");
	else if (ret != -ETIMEDOUT && ret != -ECANCELED && !(ret == -EAGAIN && !deadline))
		tt_fail(TT_ERRNO, e->nr, "wait_event: %ld", ret);
	barrier_data(mark);
	for (i = 0; i < ARRAY_SIZE(mark); i++)
		if (mark[i] != seed + i)
			tt_fail(TT_STACK, e->nr, "word %d is %llx", i, mark[i]);
	return ret;
}

static long leave(void *arg)
{
	goro_yield();
	goro_exit();
}

static int event_member(void *arg)
{
	struct event_member *m = arg;
	struct rnd_state r;
	struct event_take t = { .e = m->e, .r = &r };
	long ret = 0;
	u32 got = 0;

	tt_seed(&r, m->e->nr, m->i + 1);
	while (got < m->want && ret != -ECANCELED) {
		tt_pause(&r, m->e->nr);
		t.forever = tt_rnd(&r, 3) == 0;
		if (tt_rnd(&r, 3) == 0)
			ret = goro_call_on_stack(take, &t, 16384 << tt_rnd(&r, 3));
		else
			ret = take(&t);
		got += !ret;
	}
	if (tt_rnd(&r, 4) == 0)
		goro_call_on_stack(leave, NULL, 16384 << tt_rnd(&r, 3));
	return 0;
}

void tt_events(u64 nr, struct rnd_state *r)
{
	struct events *e = kzalloc(sizeof(*e), GFP_KERNEL);
	u32 i, n = 1 + tt_rnd(r, 12), want = 1 + tt_rnd(r, 8);
	bool cancel = tt_rnd(r, 4) == 0;
	int ret, taken;

	if (!e)
		return;
	e->nr = nr;
	init_waitqueue_head(&e->wq);
	goro_group_init(&e->grp);
	atomic_set(&e->to_give, n * want);
	goro_hrtimer_setup(&e->hard, on_hard, HRTIMER_MODE_REL_HARD);
	goro_hrtimer_setup(&e->soft, on_soft, HRTIMER_MODE_REL_SOFT);
	for (i = 0; i < n; i++) {
		struct event_member m = { e, i, want };

		while (goro_group_go_copy(&e->grp, event_member, &m, sizeof(m)))
			goro_sleep(1000000);
	}
	hrtimer_start(&e->hard, ns_to_ktime(tt_rnd(r, 50000)), HRTIMER_MODE_REL_HARD);
	hrtimer_start(&e->soft, ns_to_ktime(tt_rnd(r, 50000)), HRTIMER_MODE_REL_SOFT);
	if (cancel) {
		goro_sleep(tt_rnd(r, 1000000));
		WRITE_ONCE(e->cancelled, true);
		goro_group_cancel(&e->grp);
	}
	ret = goro_group_wait_until(&e->grp, TT_NET);
	if (ret == -ETIMEDOUT) {
		tt_fail(TT_ENDS, nr, "wait_event: %d to give, %d left, %d of %u taken",
			atomic_read(&e->to_give), atomic_read(&e->tokens),
			atomic_read(&e->taken), n * want);
		goro_sleep_until(GORO_FOREVER);
	}
	if (ret)
		tt_fail(TT_ERRNO, nr, "group on a wait queue: %d", ret);
	hrtimer_cancel(&e->hard);
	hrtimer_cancel(&e->soft);
	taken = atomic_read(&e->taken);
	if (taken + atomic_read(&e->tokens) + atomic_read(&e->to_give) != n * want ||
	    (!cancel && taken != n * want))
		tt_fail(TT_COUNT, nr, "%d of %u tokens taken, %d left", taken, n * want,
			atomic_read(&e->tokens));
	atomic64_add(n * want, &tt_totals.ops);
	kfree(e);
}
