// SPDX-License-Identifier: GPL-2.0-only
/*
 * Goroutines whose CPU time is capped: they wait for their next period again
 * and again, while the cap is changed, lifted, or their group is cancelled.
 */
#include <linux/delay.h>
#include "sched/acct.h"
#include "torture.h"

struct capped {
	u64 nr;
	struct goro_group grp;
	atomic_t ran, cut;
};

struct member {
	struct capped *c;
	u32 index;
};

static int capped(void *arg)
{
	struct member me = *(struct member *)arg;
	struct rnd_state r;
	u32 turns;

	tt_seed(&r, me.c->nr, me.index + 1);
	for (turns = 5 + tt_rnd(&r, 40); turns; turns--) {
		if (goro_cancelled()) {
			atomic_inc(&me.c->cut);
			return 0;
		}
		udelay(1 + tt_rnd(&r, 60));
		if (tt_rnd(&r, 8))
			goro_yield();
		else
			tt_pause(&r, me.c->nr);
	}
	atomic_inc(&me.c->ran);
	return 0;
}

/* a cap that is likely to be met, or none */
static void set_max(struct goro_acct *a, u64 nr, struct rnd_state *r)
{
	u64 period = NSEC_PER_MSEC * (1 + tt_rnd(r, 8));
	u64 quota = tt_rnd(r, 4) ? NSEC_PER_MSEC : GORO_ACCT_NO_MAX;
	int ret = goro_acct_set_max(a, quota, period);

	if (ret)
		tt_fail(TT_ERRNO, nr, "set_max: %d", ret);
}

/*
 * All end. What a host stands still for in a turn, and where
 * there are no notifiers what its M sleeps, is a debt that may take minutes: if periods go by, the
 * timer lives, and the rest of it is let off. A group that is stuck has none.
 */
static int wait_for_end(struct capped *c, struct goro_acct *a)
{
	struct goro_acct_stat was, st;
	u64 until = TT_NET;
	int ret;

	goro_acct_stat(a, &st);
	do {
		was = st;
		ret = goro_group_wait_until(&c->grp, goro_in(10 * NSEC_PER_SEC));
		goro_acct_stat(a, &st);
		if (ret == -ETIMEDOUT && st.nr_periods > was.nr_periods)
			goro_acct_set_max(a, GORO_ACCT_NO_MAX, NSEC_PER_MSEC);
	} while (ret == -ETIMEDOUT && ktime_get_ns() < until);
	return ret;
}

void tt_capped(u64 nr, struct rnd_state *r)
{
	struct capped c = { .nr = nr };
	struct goro_acct *a = goro_acct_new();
	u32 i, n = 1 + tt_rnd(r, 30);
	struct goro_acct_stat st;
	int ret;

	if (!a)
		return;
	goro_group_init(&c.grp);
	goro_group_account(&c.grp, a);
	set_max(a, nr, r);
	for (i = 0; i < n; i++) {
		struct member me = { &c, i };

		while (goro_group_go_copy(&c.grp, capped, &me, sizeof(me)))
			goro_sleep(NSEC_PER_MSEC);
	}
	for (i = tt_rnd(r, 4); i; i--) {
		goro_sleep(tt_rnd(r, 2000000));
		set_max(a, nr, r);
	}
	if (!tt_rnd(r, 3))
		goro_group_cancel(&c.grp);
	ret = wait_for_end(&c, a);
	if (ret) {
		tt_fail(TT_ENDS, nr, "capped: %d", ret);
		goro_sleep_until(GORO_FOREVER);	/* they use our frame */
	}
	if (atomic_read(&c.ran) + atomic_read(&c.cut) != n)
		tt_fail(TT_COUNT, nr, "%u capped, %d ran, %d cut", n, atomic_read(&c.ran),
			atomic_read(&c.cut));
	goro_acct_stat(a, &st);
	if (!st.usage_ns || st.nr_throttled > st.nr_periods)
		tt_fail(TT_COUNT, nr, "used %llu ns, throttled in %llu of %llu periods",
			st.usage_ns, st.nr_throttled, st.nr_periods);
	atomic64_add(n, &tt_totals.ops);
	goro_acct_put(a);
}
