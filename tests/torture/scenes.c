// SPDX-License-Identifier: GPL-2.0-only
/*
 * The smaller scenarios: bursts of spawns, rings, WaitGroups, sleepers, trees,
 * and goroutines that only a cancel can wake. And the probe at the end.
 *
 * State that members share lies in the driver's frame where it waits for all
 * of them, by a WaitGroup or group whose last user touches nothing afterwards.
 */
#include <linux/slab.h>
#include "torture.h"

int tt_wait(struct goro_wg *wg, u64 nr, const char *what)
{
	int ret = goro_wg_wait_until(wg, TT_NET);

	/*
	 * Members that do not end still use the driver's frame: it may not
	 * return. The log has the reason by now.
	 */
	if (ret) {
		tt_fail(TT_ENDS, nr, "%s: %d", what, ret);
		goro_sleep_until(GORO_FOREVER);
	}
	return ret;
}

/* ---- a burst: more than a ring holds, from one goroutine, without a park --- */

struct burst {
	u64 nr;
	struct goro_wg wg;
	atomic_t ran;
	u32 n;
};

static void burst_member(void *arg)
{
	struct burst *b = arg;

	if (atomic_inc_return(&b->ran) & 1)
		goro_yield();
	goro_wg_done(&b->wg);
}

void tt_burst(u64 nr, struct rnd_state *r)
{
	static const u32 sizes[] = { 4096, 8192, THREAD_SIZE };
	struct goro_attr attr = { .name = "burst", .stack_size = sizes[tt_rnd(r, 3)] };
	struct burst b = { .nr = nr, .n = 300 + tt_rnd(r, 400) };
	u32 i;

	goro_wg_init(&b.wg);
	goro_wg_add(&b.wg, b.n);
	for (i = 0; i < b.n; i++) {
		int ret = goro_go_attr(burst_member, &b, &attr);

		if (ret == -ENOMEM) {
			atomic_inc(&b.ran);
			goro_wg_done(&b.wg);
		} else if (ret) {
			tt_fail(TT_ERRNO, nr, "go: %d", ret);
		}
	}
	tt_wait(&b.wg, nr, "burst");
	if (atomic_read(&b.ran) != b.n)
		tt_fail(TT_COUNT, nr, "%u started, %d ran", b.n, atomic_read(&b.ran));
	atomic64_add(b.n, &tt_totals.ops);
}

/* ---- a ring: a token goes round, each hop counts ---------------------------- */

#define RING_MAX	24

struct ring {
	u64 nr;
	struct goro_wg wg;
	struct goro_chan *c[RING_MAX];
	u32 n;
};

struct ring_member {
	struct ring *ring;
	u32 i;
};

static void ring_member(void *arg)
{
	struct ring_member *m = arg;
	struct ring *ring = m->ring;
	struct rnd_state r;
	u64 v;
	int ret;

	tt_seed(&r, ring->nr, m->i + 1);
	while ((ret = goro_chan_recv(ring->c[m->i], &v)) == 1) {
		if (!v) {
			/* it is through: tell the next one, the other way round */
			if (m->i + 1 < ring->n && goro_chan_send(ring->c[m->i + 1], &v))
				tt_fail(TT_ERRNO, ring->nr, "ring: end");
			break;
		}
		if (v % ring->n != m->i)
			tt_fail(TT_ORDER, ring->nr, "%llu at %u of %u", v, m->i, ring->n);
		v--;
		tt_pause(&r, ring->nr);
		if (goro_chan_send(ring->c[(m->i ?: ring->n) - 1], &v))
			tt_fail(TT_ERRNO, ring->nr, "ring: send");
	}
	if (ret != 1)
		tt_fail(TT_ERRNO, ring->nr, "ring: receive: %d", ret);
	goro_wg_done(&ring->wg);
}

void tt_ring(u64 nr, struct rnd_state *r)
{
	struct ring ring = { .nr = nr, .n = 2 + tt_rnd(r, RING_MAX - 1) };
	u32 i, cap = tt_rnd(r, 2);
	u64 v = ring.n * (1 + tt_rnd(r, 40));

	goro_wg_init(&ring.wg);
	for (i = 0; i < ring.n; i++) {
		ring.c[i] = goro_chan_make(8, cap, 0);
		if (IS_ERR(ring.c[i])) {
			ring.n = i;
			goto out;
		}
	}
	atomic64_add(v, &tt_totals.ops);
	goro_wg_add(&ring.wg, ring.n);
	for (i = 0; i < ring.n; i++) {
		struct ring_member m = { &ring, i };

		while (goro_go_copy(ring_member, &m, sizeof(m)))
			goro_sleep(1000000);
	}
	goro_chan_send(ring.c[0], &v);
	tt_wait(&ring.wg, nr, "ring");
out:
	for (i = 0; i < ring.n; i++) {
		if (goro_chan_len(ring.c[i]))
			tt_fail(TT_LOST, nr, "ring: a token is left");
		goro_chan_put(ring.c[i]);
	}
}

/* ---- WaitGroup: many wait, with and without deadlines ------------------------ */

struct wait {
	u64 nr;
	struct goro_wg wg, all;
	bool zero;		/* set before the last done() */
	atomic_t left;
};

struct wait_member {
	struct wait *w;
	u32 i;
	bool waits;
};

static void wait_member(void *arg)
{
	struct wait_member *m = arg;
	struct wait *w = m->w;
	struct rnd_state r;
	u64 deadline;
	int ret;

	tt_seed(&r, w->nr, m->i + 1);
	tt_pause(&r, w->nr);
	if (m->waits) {
		do {
			deadline = tt_rnd(&r, 2) ? goro_in(tt_rnd(&r, 200000)) : GORO_FOREVER;
			ret = goro_wg_wait_until(&w->wg, deadline);
			if (ret == 0 && !READ_ONCE(w->zero))
				tt_fail(TT_WAIT, w->nr, "WaitGroup let go early");
			if (ret == -ETIMEDOUT && ktime_get_ns() < deadline)
				tt_fail(TT_WAIT, w->nr, "deadline let go early");
			if (ret && ret != -ETIMEDOUT)
				tt_fail(TT_ERRNO, w->nr, "WaitGroup: %d", ret);
		} while (ret == -ETIMEDOUT);
	} else {
		if (atomic_dec_and_test(&w->left))
			WRITE_ONCE(w->zero, true);
		ret = goro_wg_done(&w->wg);
		if (ret)
			tt_fail(TT_ERRNO, w->nr, "done: %d", ret);
	}
	goro_wg_done(&w->all);
}

void tt_wg(u64 nr, struct rnd_state *r)
{
	struct wait w = { .nr = nr };
	u32 i, waiters = 1 + tt_rnd(r, 20), doers = 1 + tt_rnd(r, 20);

	goro_wg_init(&w.wg);
	goro_wg_init(&w.all);
	goro_wg_add(&w.wg, doers);
	goro_wg_add(&w.all, doers + waiters);
	atomic_set(&w.left, doers);
	for (i = 0; i < doers + waiters; i++) {
		struct wait_member m = { &w, i, i < waiters };

		while (goro_go_copy(wait_member, &m, sizeof(m)))
			goro_sleep(1000000);
	}
	tt_wait(&w.all, nr, "WaitGroup");
	if (goro_wg_wait_until(&w.wg, GORO_NOW))
		tt_fail(TT_WAIT, nr, "WaitGroup not at zero");
	atomic64_add(doers + waiters, &tt_totals.ops);
}

/* ---- sleepers: never early, and a cancel ends them ---------------------------- */

struct sleepers {
	u64 nr;
	struct goro_group grp;
	bool cancelled;
	atomic_t ended;
};

struct sleeper {
	struct sleepers *s;
	u32 i;
};

static int sleeper(void *arg)
{
	struct sleeper *m = arg;
	struct rnd_state r;
	int k, ret = 0;

	tt_seed(&r, m->s->nr, m->i + 1);
	for (k = 0; k < 10 && !ret; k++) {
		u64 at = tt_rnd(&r, 8) ? goro_in(tt_rnd(&r, 500000)) : tt_rnd(&r, 2);

		ret = goro_sleep_until(at);
		if (!ret && ktime_get_ns() < at)
			tt_fail(TT_WAIT, m->s->nr, "slept too short");
		if (ret && (ret != -ECANCELED || !READ_ONCE(m->s->cancelled)))
			tt_fail(TT_ERRNO, m->s->nr, "sleep: %d", ret);
	}
	atomic_inc(&m->s->ended);
	return ret;
}

void tt_sleepers(u64 nr, struct rnd_state *r)
{
	struct sleepers s = { .nr = nr };
	u32 i, n = 1 + tt_rnd(r, 60);
	bool cancel = tt_rnd(r, 2);
	int ret;

	goro_group_init(&s.grp);
	for (i = 0; i < n; i++) {
		struct sleeper m = { &s, i };

		while (goro_group_go_copy(&s.grp, sleeper, &m, sizeof(m)))
			goro_sleep(1000000);
	}
	if (cancel) {
		goro_sleep(tt_rnd(r, 2000000));
		WRITE_ONCE(s.cancelled, true);
		goro_group_cancel(&s.grp);
	}
	ret = goro_group_wait_until(&s.grp, TT_NET);
	if (ret == -ETIMEDOUT) {
		tt_fail(TT_ENDS, nr, "sleepers");
		goro_sleep_until(GORO_FOREVER);
	}
	if (ret && !(cancel && ret == -ECANCELED))
		tt_fail(TT_ERRNO, nr, "group of sleepers: %d", ret);
	if (atomic_read(&s.ended) != n)
		tt_fail(TT_COUNT, nr, "%d of %u sleepers", atomic_read(&s.ended), n);
	atomic64_add(n, &tt_totals.ops);
}

/* ---- a tree of goroutines, some of which leave by goro_exit() ------------------- */

struct tree {
	u64 nr;
	struct goro_wg wg;
	atomic_t ran;
};

struct tree_node {
	struct tree *t;
	u32 depth;
	u32 index;
};

static void tree_node(void *arg)
{
	struct tree_node *n = arg, kid = { n->t, n->depth - 1, 0 };
	struct tree *t = n->t;
	struct rnd_state r;
	int i;

	tt_seed(&r, t->nr, n->index);
	for (i = 0; n->depth && i < 2; i++) {
		kid.index = 2 * n->index + i;
		goro_wg_add(&t->wg, 1);
		while (goro_go_copy(tree_node, &kid, sizeof(kid)))
			goro_sleep(1000000);
	}
	tt_pause(&r, t->nr);
	atomic_inc(&t->ran);
	goro_wg_done(&t->wg);
	/* nothing of t from here on */
	if (tt_rnd(&r, 2))
		goro_exit();
}

void tt_tree(u64 nr, struct rnd_state *r)
{
	struct tree t = { .nr = nr };
	struct tree_node root = { &t, 3 + tt_rnd(r, 5), 1 };

	goro_wg_init(&t.wg);
	goro_wg_add(&t.wg, 1);
	while (goro_go_copy(tree_node, &root, sizeof(root)))
		goro_sleep(1000000);
	tt_wait(&t.wg, nr, "tree");
	if (atomic_read(&t.ran) != (2 << root.depth) - 1)
		tt_fail(TT_COUNT, nr, "%d of %d nodes", atomic_read(&t.ran), (2 << root.depth) - 1);
	atomic64_add(atomic_read(&t.ran), &tt_totals.ops);
}

/* ---- nothing but a cancel wakes these -------------------------------------------- */

static int on_nil(void *arg)
{
	u64 v = 0;
	int ret = *(u32 *)arg & 1 ? goro_chan_send(NULL, &v) : goro_chan_recv(NULL, &v);

	return ret == -ECANCELED ? 0 : ret ?: -EIO;
}

void tt_nil(u64 nr, struct rnd_state *r)
{
	struct goro_group grp;
	u32 i, n = 1 + tt_rnd(r, 30);
	int ret;

	goro_group_init(&grp);
	for (i = 0; i < n; i++)
		while (goro_group_go_copy(&grp, on_nil, &i, sizeof(i)))
			goro_sleep(1000000);
	if (tt_rnd(r, 2))
		goro_sleep(tt_rnd(r, 300000));
	if (tt_rnd(r, 2)) {
		ret = goro_group_wait_until(&grp, goro_in(1 + tt_rnd(r, 50000)));
		if (ret != -ETIMEDOUT)
			tt_fail(TT_WAIT, nr, "group on nil channels ended: %d", ret);
	}
	goro_group_cancel(&grp);
	ret = goro_group_wait_until(&grp, TT_NET);
	if (ret == -ETIMEDOUT) {
		tt_fail(TT_ENDS, nr, "on nil channels");
		goro_sleep_until(GORO_FOREVER);
	}
	if (ret)
		tt_fail(TT_ERRNO, nr, "on a nil channel: %d", ret);
	atomic64_add(n, &tt_totals.ops);
}

/* ---- the probe: is the waking of idle Ps still in order? --------------------------- */

#define PROBES	3000

struct probe {
	struct goro_chan *c;
	atomic_t seen;
};

static int probe_recv(void *arg)
{
	struct probe *p = arg;
	int i;

	for (i = 0; i < PROBES; i++) {
		if (goro_chan_recv(p->c, NULL) != 1)
			break;
		atomic_inc(&p->seen);
	}
	return 0;
}

/*
 * It readies the other and keeps its own P, so only another P can run it: one
 * that idles has to be woken, or is just about to sleep. A count that a race
 * has left wrong for good (Ms that spin, Ps that idle) shows here.
 */
static int probe_send(void *arg)
{
	struct probe *p = arg;
	int i, ret = 0;

	for (i = 0; i < PROBES && !ret; i++) {
		/* not long enough, and long enough, for the other's M to fall asleep */
		u64 until = goro_in(i * 7919 % 60000);

		while (ktime_get_ns() < until)
			cpu_relax();
		if (goro_chan_send(p->c, NULL))
			return -EIO;
		until = goro_in(10ULL * NSEC_PER_SEC);
		while (atomic_read(&p->seen) <= i && !ret) {
			cond_resched();
			cpu_relax();
			if (ktime_get_ns() > until)
				ret = -ETIMEDOUT;
		}
	}
	goro_chan_close(p->c);
	return ret;
}

void tt_probe_idle(void)
{
	struct probe p = { .c = goro_chan_make(0, 0, 0) };
	struct goro_group grp;
	int ret;

	if (IS_ERR(p.c))
		return;
	goro_group_init(&grp);
	if (goro_group_go(&grp, probe_recv, &p) || goro_group_go(&grp, probe_send, &p))
		goro_chan_close(p.c);
	/* bounded: the sender gives up and closes */
	ret = goro_group_wait(&grp);
	if (ret)
		tt_fail(TT_IDLE, 0, "probe: %d after %d of %d", ret, atomic_read(&p.seen),
			PROBES);
	goro_group_stop(&grp);
	goro_chan_put(p.c);
}
