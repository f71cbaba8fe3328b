// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts that send: hard and soft hrtimers, timers and RCU callbacks try to
 * send numbered elements into one IRQ channel, and start goroutines; the last
 * source to end closes the channel, from where it is. Goroutines, a thread and
 * an interrupt receive.
 *
 * Lifetime: a scenario's memory stays until its receivers have seen the close,
 * what was started in interrupts has ended, and no timer or callback can run
 * any more.
 */
#include <linux/hrtimer.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include "compat.h"
#include "torture.h"

#define SOURCES		3
#define RECEIVERS	3

struct irq;

/* what fires again and again, in one of these contexts */
struct source {
	enum tt_irq kind;
	struct irq *s;
	u32 index;
	u32 n;			/* elements to send; its own context's */
	u32 sent;
	u32 gos;		/* goroutines to start */
	struct hrtimer hr;
	struct timer_list timer;
	struct rcu_head rcu;
};

struct irq {
	u64 nr;
	struct goro_chan *c;
	struct source src[SOURCES];
	u32 nsrc;
	atomic_t left;		/* sources that have not ended */
	struct hrtimer taker;	/* receives, in hard IRQs */
	atomic64_t sum_sent, sum_got;
	atomic_t ran, failed;	/* goroutines started in interrupts */
	struct goro_wg wg;	/* receivers */
	struct goro_wg started;	/* all that sources are to start */
};

struct receiver {
	struct irq *s;
	u32 index;
};

atomic64_t tt_irq_sent[TT_IRQS];

static void started(void *arg)
{
	struct irq *s = arg;

	atomic_inc(&s->ran);
	goro_yield();
	goro_wg_done(&s->started);
}

/* One turn of a source, in its context. True: it wants another. */
static bool fire(struct source *src)
{
	struct irq *s = src->s;
	u64 v = (u64)src->index << 32 | (src->sent + 1);
	int ret;

	if (src->gos) {
		src->gos--;
		ret = goro_go_atomic(started, s);
		if (ret) {
			atomic_inc(&s->failed);
			if (ret != -ENOMEM)
				tt_fail(TT_ERRNO, s->nr, "go_atomic: %d", ret);
		}
	}
	if (src->sent < src->n) {
		ret = goro_chan_try_send(s->c, &v);
		if (!ret) {
			src->sent++;
			atomic64_add((u32)v, &s->sum_sent);
			atomic64_inc(&tt_irq_sent[src->kind]);
		} else if (ret != -EAGAIN) {
			tt_fail(TT_ERRNO, s->nr, "try_send: %d", ret);
			src->n = src->sent;
		}
	}
	if (src->sent < src->n || src->gos)
		return true;
	if (atomic_dec_and_test(&s->left)) {
		ret = goro_chan_close(s->c);
		if (ret)
			tt_fail(TT_ERRNO, s->nr, "close: %d", ret);
	}
	return false;
}

static enum hrtimer_restart on_hrtimer(struct hrtimer *t)
{
	struct source *src = container_of(t, struct source, hr);

	if (!fire(src))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(t, ns_to_ktime(20000 + 7000 * src->index));
	return HRTIMER_RESTART;
}

static void on_timer(struct timer_list *t)
{
	struct source *src = container_of(t, struct source, timer);

	if (fire(src))
		mod_timer(t, jiffies + 1);
}

static void on_rcu(struct rcu_head *head)
{
	struct source *src = container_of(head, struct source, rcu);

	if (fire(src))
		call_rcu(head, on_rcu);
}

static void arm(struct source *src)
{
	switch (src->kind) {
	case TT_IRQ_HARD:
	case TT_IRQ_SOFT:
		hrtimer_start(&src->hr, ns_to_ktime(5000), src->kind == TT_IRQ_HARD ?
			      HRTIMER_MODE_REL_HARD : HRTIMER_MODE_REL_SOFT);
		break;
	case TT_IRQ_TIMER:
		mod_timer(&src->timer, jiffies);
		break;
	default:
		call_rcu(&src->rcu, on_rcu);
		break;
	}
}

/* Nothing of a source runs any more, or will. */
static void disarm(struct source *src)
{
	switch (src->kind) {
	case TT_IRQ_HARD:
	case TT_IRQ_SOFT:
		hrtimer_cancel(&src->hr);
		break;
	case TT_IRQ_TIMER:
		timer_delete_sync(&src->timer);
		break;
	default:
		rcu_barrier();
		break;
	}
}

static enum hrtimer_restart on_taker(struct hrtimer *t)
{
	struct irq *s = container_of(t, struct irq, taker);
	u64 v;
	int ret = goro_chan_try_recv(s->c, &v);

	if (ret == 1)
		atomic64_add((u32)v, &s->sum_got);
	else if (ret && ret != -EAGAIN)
		tt_fail(TT_ERRNO, s->nr, "try_recv: %d", ret);
	if (!ret)
		return HRTIMER_NORESTART;	/* closed and drained */
	hrtimer_forward_now(t, ns_to_ktime(90000));
	return HRTIMER_RESTART;
}

static void receive(void *arg)
{
	struct receiver me = *(struct receiver *)arg;
	u32 last[SOURCES] = { 0 };
	struct irq *s = me.s;
	struct rnd_state r;
	u64 v;
	int ret;

	tt_seed(&r, s->nr, 100 + me.index);
	for (;;) {
		u64 deadline = tt_rnd(&r, 4) ? GORO_FOREVER : goro_in(tt_rnd(&r, 50000));

		ret = goro_chan_recv_until(s->c, &v, deadline);
		if (ret == -ETIMEDOUT && deadline != GORO_FOREVER)
			continue;
		if (ret != 1)
			break;
		if (v >> 32 >= s->nsrc || (u32)v <= last[v >> 32]) {
			tt_fail(TT_ORDER, s->nr, "element %llx", v);
			continue;
		}
		last[v >> 32] = (u32)v;
		atomic64_add((u32)v, &s->sum_got);
	}
	if (ret)
		tt_fail(TT_ERRNO, s->nr, "receive: %d", ret);
	goro_wg_done(&s->wg);
}

static void source_init(struct source *src, struct irq *s, u32 index, struct rnd_state *r)
{
	src->kind = tt_rnd(r, TT_IRQS);
	src->s = s;
	src->index = index;
	/* RCU callbacks and timers come a few times a tick at most */
	src->n = 1 + tt_rnd(r, src->kind == TT_IRQ_RCU ? 3 : src->kind == TT_IRQ_TIMER ? 8 : 60);
	src->gos = tt_rnd(r, 4);
	goro_hrtimer_setup(&src->hr, on_hrtimer, src->kind == TT_IRQ_SOFT ?
			   HRTIMER_MODE_REL_SOFT : HRTIMER_MODE_REL_HARD);
	timer_setup(&src->timer, on_timer, 0);
}

void tt_irq(u64 nr, struct rnd_state *r)
{
	struct irq *s = kzalloc(sizeof(*s), GFP_KERNEL);
	struct receiver thread;
	bool taker = !tt_rnd(r, 3);
	u32 i, nrecv, ngos = 0;

	if (!s)
		return;
	s->nr = nr;
	s->nsrc = 1 + tt_rnd(r, SOURCES);
	nrecv = 1 + tt_rnd(r, RECEIVERS);
	s->c = goro_chan_make(8, tt_rnd(r, 6), GORO_CHAN_IRQ);
	if (IS_ERR(s->c))
		goto out;
	goro_wg_init(&s->wg);
	goro_wg_init(&s->started);
	atomic_set(&s->left, s->nsrc);
	for (i = 0; i < s->nsrc; i++) {
		source_init(&s->src[i], s, i, r);
		ngos += s->src[i].gos;
	}
	goro_wg_add(&s->started, ngos);
	goro_wg_add(&s->wg, nrecv);
	for (i = 0; i < nrecv; i++) {
		struct receiver me = { s, i };

		while (goro_go_copy(receive, &me, sizeof(me)))
			goro_sleep(NSEC_PER_MSEC);
	}
	thread = (struct receiver){ s, nrecv };
	goro_wg_add(&s->wg, 1);
	if (!tt_on_thread(receive, &thread))
		goro_wg_done(&s->wg);
	goro_hrtimer_setup(&s->taker, on_taker, HRTIMER_MODE_REL_HARD);
	if (taker)
		hrtimer_start(&s->taker, ns_to_ktime(50000), HRTIMER_MODE_REL_HARD);
	for (i = 0; i < s->nsrc; i++)
		arm(&s->src[i]);

	tt_wait(&s->wg, nr, "receivers of interrupts");
	for (i = 0; i < s->nsrc; i++)
		disarm(&s->src[i]);
	hrtimer_cancel(&s->taker);
	goro_wg_add(&s->started, -atomic_read(&s->failed));
	tt_wait(&s->started, nr, "what interrupts started");
	if (atomic_read(&s->ran) + atomic_read(&s->failed) != ngos)
		tt_fail(TT_COUNT, nr, "%u in interrupts, %d ran", ngos, atomic_read(&s->ran));
	if (atomic64_read(&s->sum_sent) != atomic64_read(&s->sum_got))
		tt_fail(TT_SUM, nr, "interrupts sent %lld, %lld came",
			atomic64_read(&s->sum_sent), atomic64_read(&s->sum_got));
	atomic64_add(s->nsrc, &tt_totals.ops);
	goro_chan_put(s->c);
out:
	kfree(s);
}
