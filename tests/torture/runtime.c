// SPDX-License-Identifier: GPL-2.0-only
/*
 * The number of Ps changes all the time, and goroutines are locked to their threads:
 * nothing is lost, each of these stays where it is, and it comes to its end. Others
 * compute for as long as it takes until one of them was told to let others run. All
 * go on beside all other scenes, which must not notice.
 */
#include "core/stats.h"
#include "torture.h"

void tt_procs(u64 nr, struct rnd_state *r)
{
	unsigned int max = tt_hotplug ? num_possible_cpus() : goro_num_cpu(), n;
	u32 i;

	for (i = 1 + tt_rnd(r, 3); i; i--) {
		int ret = goro_set_procs(1 + tt_rnd(r, max));

		if (tt_hotplug && ret == -EINVAL)
			continue;	/* they are not there */
		if (ret < 1 || ret > (int)max || goro_procs() < 1 || goro_procs() > max)
			tt_fail(TT_ERRNO, nr, "set_procs: %d", ret);
		goro_sleep(tt_rnd(r, 3000000));
		atomic64_inc(&tt_totals.ops);
	}
	/* the other scenes are to have many, mostly */
	for (n = max; goro_set_procs(n) == -EINVAL && n > 1; n--)
		;
}

struct locked {
	u64 nr;
	struct goro_wg wg;
	struct goro_chan *c;
	atomic_t ran;
};

struct locked_member {
	struct locked *l;
	u32 index;
};

static void locked_member(void *arg)
{
	struct locked_member m = *(struct locked_member *)arg;
	struct locked *l = m.l;
	struct task_struct *me;
	struct rnd_state r;
	u32 turns, depth = 0, i;
	bool moved = false;
	int cpu = 0;
	u64 v;

	tt_seed(&r, l->nr, m.index + 1);
	for (turns = 3 + tt_rnd(&r, 20); turns; turns--) {
		if (tt_rnd(&r, 3) && !goro_lock_thread())
			depth++;
		me = current;
		cpu = raw_smp_processor_id();
		switch (tt_rnd(&r, 4)) {
		case 0:
			goro_yield();
			break;
		case 1:
			goro_sleep(tt_rnd(&r, 100000));
			break;
		case 2:
			goro_chan_recv_until(l->c, &v, goro_in(tt_rnd(&r, 100000)));
			break;
		default:
			v = m.index;
			goro_chan_send_until(l->c, &v, goro_in(tt_rnd(&r, 100000)));
		}
		if (depth && current != me)
			tt_fail(TT_COUNT, l->nr, "locked, and on another thread");
		/* Ms are bound to their CPU, while it is there */
		moved |= depth && raw_smp_processor_id() != cpu;
		if (depth && !tt_rnd(&r, 3) && !goro_unlock_thread())
			depth--;
	}
	/* some end locked */
	for (i = tt_rnd(&r, 4) ? depth : 0; i; i--)
		if (goro_unlock_thread())
			tt_fail(TT_ERRNO, l->nr, "unlock_thread");
	if (moved && !tt_hotplug)
		tt_fail(TT_COUNT, l->nr, "locked, and on another CPU");
	atomic64_add(moved, &tt_plug_moved);
	atomic_inc(&l->ran);
	goro_wg_done(&l->wg);
}

void tt_locked(u64 nr, struct rnd_state *r)
{
	struct locked l = { .nr = nr, .c = goro_chan_make(8, tt_rnd(r, 2), 0) };
	u32 i, n = 1 + tt_rnd(r, 8);

	if (IS_ERR(l.c))
		return;
	goro_wg_init(&l.wg);
	goro_wg_add(&l.wg, n);
	for (i = 0; i < n; i++) {
		struct locked_member m = { &l, i };

		while (goro_go_copy(locked_member, &m, sizeof(m)))
			goro_sleep(NSEC_PER_MSEC);
	}
	tt_wait(&l.wg, nr, "locked");
	if (atomic_read(&l.ran) != n)
		tt_fail(TT_COUNT, nr, "%u locked, %d ran", n, atomic_read(&l.ran));
	goro_chan_put(l.c);
	atomic64_add(n, &tt_totals.ops);
}

struct hogs {
	u64 nr;
	struct goro_wg wg;
	atomic_t ran;
};

struct hog_member {
	struct hogs *h;
	u32 index;
};

/* What lies on its stack stays, wherever it is interrupted; some ask whether to go on. */
static void hog_member(void *arg)
{
	struct hog_member m = *(struct hog_member *)arg;
	u64 asked = goro_counter(GORO_C_HOG_ASKED), until = goro_in(100 * NSEC_PER_MSEC);
	u64 mark[16], seed, n;
	struct rnd_state r;
	bool asks;
	int i;

	tt_seed(&r, m.h->nr, m.index + 1);
	asks = tt_rnd(&r, 4);
	if (!tt_rnd(&r, 4))
		goro_lock_thread();
	seed = prandom_u32_state(&r);
	do {
		for (i = 0; i < ARRAY_SIZE(mark); i++)
			mark[i] = seed * (i + 1);
		for (n = 0; n < 1000; n++) {
			barrier_data(mark);
			for (i = 0; i < ARRAY_SIZE(mark); i++)
				if (mark[i] != seed * (i + 1)) {
					tt_fail(TT_STACK, m.h->nr, "hog: word %d is %llx, not %llx",
						i, mark[i], seed * (i + 1));
					goto out;
				}
			if (asks)
				goro_cond_yield();
		}
		seed++;
	} while (goro_counter(GORO_C_HOG_ASKED) == asked && ktime_get_ns() < until);
out:
	/* it may have been asked just now, and is not at its end */
	if (asks)
		goro_cond_yield();
	atomic_inc(&m.h->ran);
	goro_wg_done(&m.h->wg);
}

void tt_hogs(u64 nr, struct rnd_state *r)
{
	struct hogs h = { .nr = nr };
	u32 i, n = 1 + tt_rnd(r, 3);

	goro_wg_init(&h.wg);
	goro_wg_add(&h.wg, n);
	for (i = 0; i < n; i++) {
		struct hog_member m = { &h, i };

		while (goro_go_copy(hog_member, &m, sizeof(m)))
			goro_sleep(NSEC_PER_MSEC);
	}
	tt_wait(&h.wg, nr, "hogs");
	if (atomic_read(&h.ran) != n)
		tt_fail(TT_COUNT, nr, "%u hogs, %d ran", n, atomic_read(&h.ran));
	atomic64_add(n, &tt_totals.ops);
}
