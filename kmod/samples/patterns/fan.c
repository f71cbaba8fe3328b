// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Fan-out: several goroutines take from one channel, so that slow work is done
 * side by side. Each element goes to one of them.
 *
 * Fan-in: several channels are merged into one. A goroutine a channel copies;
 * the last one that has nothing more to copy closes the merged channel.
 */
#include "patterns.h"

#define N	50

/* ---- fan-out --------------------------------------------------------- */

struct out {
	struct goro_chan *in;
	struct goro_mutex lock;
	u64 sum, taken[3];		/* lock */
};

struct out_worker {
	struct out *o;
	int who;
};

static int takes(void *arg)
{
	struct out_worker *me = arg;
	struct out *o = me->o;
	u64 v;

	while (goro_chan_recv(o->in, &v) == 1) {
		goro_sleep(NSEC_PER_MSEC / 10);		/* slow work */
		if (goro_mutex_lock(&o->lock))
			break;
		o->sum += v;
		o->taken[me->who]++;
		goro_mutex_unlock(&o->lock);
	}
	return 0;
}

void fan_out(void)
{
	struct out o = { .in = goro_chan_make(8, 0, 0) };
	struct goro_group group;
	u64 v;
	int i;

	goro_mutex_init(&o.lock);
	goro_group_init(&group);
	for (i = 0; i < 3; i++) {
		struct out_worker w = { &o, i };

		EXPECT(!goro_group_go_copy(&group, takes, &w, sizeof(w)));
	}
	for (v = 1; v <= N; v++)
		EXPECT(!goro_chan_send(o.in, &v));
	goro_chan_close(o.in);
	EXPECT(!goro_group_wait(&group));
	EXPECT(o.sum == N * (N + 1) / 2);
	EXPECT(o.taken[0] + o.taken[1] + o.taken[2] == N);
	goro_chan_put(o.in);
}

/* ---- fan-in ---------------------------------------------------------- */

struct merge {
	struct goro_chan *from[3], *to;
	struct goro_wg copying;
};

struct merge_part {
	struct merge *m;
	int which;
};

static int copies(void *arg)
{
	struct merge_part *me = arg;
	struct merge *m = me->m;
	u64 v;

	while (goro_chan_recv(m->from[me->which], &v) == 1)
		if (goro_chan_send(m->to, &v))
			break;
	goro_wg_done(&m->copying);
	return 0;
}

static int closes(void *arg)
{
	struct merge *m = arg;

	goro_wg_wait(&m->copying);
	goro_chan_close(m->to);
	return 0;
}

static int source(void *arg)
{
	struct goro_chan *c = arg;
	u64 v;

	for (v = 1; v <= N; v++)
		if (goro_chan_send(c, &v))
			break;
	goro_chan_close(c);
	return 0;
}

void fan_in(void)
{
	struct merge m = { .to = goro_chan_make(8, 0, 0) };
	struct goro_group group;
	u64 v, sum = 0, n = 0;
	int i;

	goro_group_init(&group);
	goro_wg_init(&m.copying);
	goro_wg_add(&m.copying, 3);
	for (i = 0; i < 3; i++) {
		struct merge_part part = { &m, i };

		m.from[i] = goro_chan_make(8, 0, 0);
		EXPECT(!goro_group_go(&group, source, m.from[i]));
		EXPECT(!goro_group_go_copy(&group, copies, &part, sizeof(part)));
	}
	EXPECT(!goro_group_go(&group, closes, &m));
	while (goro_chan_recv(m.to, &v) == 1) {
		sum += v;
		n++;
	}
	EXPECT(!goro_group_wait(&group));
	EXPECT(n == 3 * N && sum == 3 * N * (N + 1) / 2);
	for (i = 0; i < 3; i++)
		goro_chan_put(m.from[i]);
	goro_chan_put(m.to);
}
