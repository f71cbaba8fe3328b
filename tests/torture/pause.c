// SPDX-License-Identifier: GPL-2.0-only
/*
 * What members of scenarios do between operations, and the threads that take
 * part.
 *
 * A thread of the pool runs one member at a time, to its end. So no scenario
 * may wait for two of its members that both run there, one for the other: it
 * has threads on one side of a channel only.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include "torture.h"

static struct goro_chan *works;
static struct task_struct **pool;
static unsigned int npool;

static long deep(void *arg)
{
	volatile u8 fill[1500];
	u32 *want = arg;
	int i;

	for (i = 0; i < sizeof(fill); i++)
		fill[i] = *want + i;
	if (!(*want & 3))
		usleep_range(1, 20);
	for (i = 0; i < sizeof(fill); i++)
		if (fill[i] != (u8)(*want + i))
			return -1;
	return *want & 0xffff;
}

/* a marked frame around whatever may take the goroutine elsewhere */
static noinline void marked(struct rnd_state *r, u64 nr, void (*fn)(struct rnd_state *r))
{
	u64 mark[16], want = prandom_u32_state(r);
	int i;

	for (i = 0; i < ARRAY_SIZE(mark); i++)
		mark[i] = want * (i + 1);
	barrier_data(mark);
	fn(r);
	barrier_data(mark);
	for (i = 0; i < ARRAY_SIZE(mark); i++)
		if (mark[i] != want * (i + 1))
			tt_fail(TT_STACK, nr, "word %d is %llx, not %llx", i, mark[i],
				want * (i + 1));
}

static void yields(struct rnd_state *r)
{
	u32 n = 1 + tt_rnd(r, 4);

	while (n--)
		goro_yield();
}

static void naps(struct rnd_state *r)
{
	goro_sleep(tt_rnd(r, 100000));	/* or is cancelled: as it comes */
}

static void blocks(struct rnd_state *r)
{
	goro_block_begin();
	if (tt_rnd(r, 4))
		usleep_range(1, 100);
	goro_block_end();
}

void tt_pause(struct rnd_state *r, u64 nr)
{
	u32 what = tt_rnd(r, 1000);

	if (what < 80) {
		marked(r, nr, yields);
	} else if (what < 90) {
		marked(r, nr, naps);
	} else if (what < 95) {
		marked(r, nr, blocks);
	} else if (what < 100) {
		u32 want = prandom_u32_state(r);

		if (goro_call_on_m_stack(deep, &want) != (want & 0xffff))
			tt_fail(TT_STACK, nr, "on the M's stack");
	}
}

static int pool_fn(void *arg)
{
	struct tt_work w;

	while (goro_chan_recv(works, &w) == 1)
		w.fn(w.arg);
	return 0;
}

bool tt_on_thread(void (*fn)(void *arg), void *arg)
{
	struct tt_work w = { fn, arg };

	return npool && !goro_chan_try_send(works, &w);
}

int tt_threads_start(unsigned int n)
{
	works = goro_chan_make(sizeof(struct tt_work), 256, 0);
	if (IS_ERR(works))
		return PTR_ERR(works);
	pool = kcalloc(n, sizeof(*pool), GFP_KERNEL);
	if (!pool) {
		goro_chan_put(works);
		return -ENOMEM;
	}
	while (npool < n) {
		struct task_struct *t = kthread_create(pool_fn, NULL, "goro_torture/%u", npool);

		if (IS_ERR(t)) {
			tt_threads_stop();
			return PTR_ERR(t);
		}
		pool[npool++] = get_task_struct(t);
		wake_up_process(t);
	}
	return 0;
}

/* those that wait see the close, those that run a member end it first */
void tt_threads_stop(void)
{
	goro_chan_close(works);
	while (npool) {
		struct task_struct *t = pool[--npool];

		kthread_stop(t);
		put_task_struct(t);
	}
	kfree(pool);
	goro_chan_put(works);
}
