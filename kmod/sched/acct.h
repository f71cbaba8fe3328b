/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU time of goroutines, added up and capped: see acct.c.
 */
#ifndef _GORO_SCHED_ACCT_H
#define _GORO_SCHED_ACCT_H

#include <linux/types.h>

struct goro_acct;
struct goro_group;

#define GORO_ACCT_NO_MAX	U64_MAX
#define GORO_ACCT_QUOTA_MIN	1000000ULL	/* ns */
#define GORO_ACCT_PERIOD_MIN	1000000ULL
#define GORO_ACCT_PERIOD_MAX	1000000000ULL

struct goro_acct_stat {
	u64 usage_ns;		/* CPU time so far */
	u64 nr_periods;		/* that have passed while there was a cap and something ran */
	u64 nr_throttled;	/* of these, in which goroutines had to wait */
	u64 throttled_ns;	/* for how long some had to wait */
	u64 quota_ns;		/* GORO_ACCT_NO_MAX: no cap */
	u64 period_ns;
};

/* one reference; NULL: no memory. Charged to the caller. May sleep */
struct goro_acct *goro_acct_new(void);
struct goro_acct *goro_acct_get(struct goro_acct *a);
void goro_acct_put(struct goro_acct *a);	/* not in interrupts */

/*
 * The group's members, started from now on, are accounted to `a`. Each has a
 * reference of its own; who starts them keeps one meanwhile. Set before the
 * first one is started; NULL: to nobody.
 */
void goro_group_account(struct goro_group *grp, struct goro_acct *a);

/*
 * At most quota_ns of CPU time, of all CPUs together, in each period_ns.
 * Members that are over it wait, from their next scheduling point on, until
 * what was used too much is made up for. -EINVAL: out of bounds. Any context.
 */
int goro_acct_set_max(struct goro_acct *a, u64 quota_ns, u64 period_ns);
void goro_acct_stat(struct goro_acct *a, struct goro_acct_stat *st);

#endif /* _GORO_SCHED_ACCT_H */
