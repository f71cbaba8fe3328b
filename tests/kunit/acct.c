// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounts: CPU time of goroutines is added up, and capped.
 *
 * What a cap lets through is proved by what happens, not by clocks: those who
 * are over it wait (they are counted), others run meanwhile, they go on in a
 * later period, and at once when the cap is lifted.
 */
#include "kunit.h"
#include "sched/acct.h"

#define MS	NSEC_PER_MSEC
#define MANY	500

/* what a case adds to the fixture */
struct acct_fx {
	struct goro_acct *a;
	u64 accts0;
};

static u64 accts_alive(void)
{
	return goro_counter(GORO_C_ACCT_CREATED) - goro_counter(GORO_C_ACCT_DESTROYED);
}

static int init(struct kunit *test)
{
	struct acct_fx *x;
	int err = fx_init(test);

	if (err)
		return err;
	x = kunit_kzalloc(test, sizeof(*x), GFP_KERNEL);
	if (!x)
		return -ENOMEM;
	x->accts0 = accts_alive();
	x->a = goro_acct_new();
	fx_of(test)->priv = x;
	goro_group_account(&fx_of(test)->grp, x->a);
	return x->a ? 0 : -ENOMEM;
}

static void exit_acct(struct kunit *test)
{
	struct acct_fx *x = fx_of(test)->priv;

	goro_acct_set_max(x->a, GORO_ACCT_NO_MAX, 100 * MS);
	fx_exit(test);
	goro_acct_put(x->a);
	KUNIT_EXPECT_TRUE(test, eventually(accts_alive() == x->accts0));
}

static struct goro_acct_stat stat(struct kunit *test)
{
	struct goro_acct_stat st;

	goro_acct_stat(((struct acct_fx *)fx_of(test)->priv)->a, &st);
	return st;
}

static struct goro_acct *acct_of(struct kunit *test)
{
	return ((struct acct_fx *)fx_of(test)->priv)->a;
}

/* by what scheduling points who uses the CPU comes, and whether it has a thread of its own */
static const struct burner {
	const char *name;
	bool locked;
	enum { YIELDS, PARKS, BLOCKS, ASKS, NESTS } how;
} burners[] = {
	{ "yields", false, YIELDS },
	{ "parks", false, PARKS },
	{ "blocks", false, BLOCKS },
	{ "waits in a condition", false, NESTS },
	{ "locked, yields", true, YIELDS },
	{ "locked, parks", true, PARKS },
	{ "locked, blocks", true, BLOCKS },
	{ "asks", false, ASKS },
	{ "locked, asks", true, ASKS },
	{ "locked, waits in a condition", true, NESTS },
};

static const struct burner debtors[] = {
	{ "yields", false, YIELDS },
	{ "locked, parks", true, PARKS },
};

KUNIT_ARRAY_PARAM_DESC(burner, burners, name);
KUNIT_ARRAY_PARAM_DESC(in_debt, debtors, name);

static DECLARE_WAIT_QUEUE_HEAD(wq);

/* Not armed in the first look, it has no scheduling point but the waits in the second. */
static bool burn_inside(struct fx *f, int *looks)
{
	if (!(*looks)++)
		return false;
	while (!READ_ONCE(f->flag) && !goro_cancelled()) {
		ndelay(500);
		atomic_inc(&f->n);
		goro_sleep(1);
	}
	return true;
}

/* Use the CPU, with scheduling points, until told to stop. */
static int burn_by(struct job *j, const struct burner *b)
{
	struct fx *f = j->f;
	int ret = b->locked ? goro_lock_thread() : 0, looks = 0;

	if (!ret && b->how == NESTS)
		ret = goro_wait_event(wq, burn_inside(f, &looks));
	while (!ret && !READ_ONCE(f->flag) && !goro_cancelled()) {
		ndelay(500);
		atomic_inc(&f->n);
		if (b->how == YIELDS) {
			goro_yield();
		} else if (b->how == PARKS) {
			goro_sleep(1);
		} else if (b->how == ASKS) {
			goro_cond_yield();
		} else {
			goro_block_begin();
			cond_resched();
			goro_block_end();
		}
	}
	if (b->locked)
		ret = ret ?: goro_unlock_thread();
	return goro_cancelled() ? -ECANCELED : ret;
}

static int burn(struct job *j)
{
	return burn_by(j, &burners[0]);
}

/* as the case's parameter says */
static int burn_param(struct job *j)
{
	return burn_by(j, (void *)j->v);
}

static struct job *burn_set(struct kunit *test)
{
	struct job *j = job_set(fx_of(test), 0, burn_param, NULL);

	j->v = (u64)test->param_value;
	return j;
}

/* it has run for a while when the cap comes: then it waits */
static struct job *throttled(struct kunit *test, u64 period)
{
	u64 throttles = goro_counter(GORO_C_THROTTLE);
	struct fx *f = fx_of(test);
	struct job *j = burn_set(test);

	job_go(test, j);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) > 0));
	KUNIT_EXPECT_EQ(test, goro_acct_set_max(acct_of(test), MS, period), 0);
	KUNIT_EXPECT_TRUE(test, eventually(goro_counter(GORO_C_THROTTLE) > throttles));
	return j;
}

/* the same, but it begins with a turn as long as five hundred quotas */
static int burn_long(struct job *j)
{
	const struct burner *b = (void *)j->v;
	int ret = b->locked ? goro_lock_thread() : 0;

	mdelay(500);
	ret = ret ?: burn_param(j);
	if (b->locked)
		ret = goro_unlock_thread() ?: ret;
	return ret;
}

static int once(void *arg)
{
	struct fx *f = arg;

	ndelay(2000);
	atomic_inc(&f->n2);
	return 0;
}

static void adds_up(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, burn, NULL);

	KUNIT_EXPECT_EQ(test, stat(test).usage_ns, 0ULL);
	KUNIT_EXPECT_EQ(test, stat(test).quota_ns, GORO_ACCT_NO_MAX);
	job_go(test, j);
	KUNIT_EXPECT_TRUE(test, eventually(stat(test).usage_ns > 2 * MS));
	f->flag = true;
	EXPECT_DONE(test, j, 0);
	KUNIT_EXPECT_EQ(test, stat(test).nr_periods, 0ULL);
	KUNIT_EXPECT_EQ(test, stat(test).nr_throttled, 0ULL);
}

static void bounds(struct kunit *test)
{
	struct goro_acct *a = acct_of(test);

	KUNIT_EXPECT_EQ(test, goro_acct_set_max(a, MS, MS - 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_acct_set_max(a, MS - 1, MS), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_acct_set_max(a, MS, NSEC_PER_SEC + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_acct_set_max(a, MS, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_acct_set_max(a, GORO_ACCT_NO_MAX - 1, NSEC_PER_SEC), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_acct_set_max(a, nr_cpu_ids * 5 * MS + 1, 5 * MS), -EINVAL);
	KUNIT_EXPECT_EQ(test, stat(test).quota_ns, GORO_ACCT_NO_MAX);
	KUNIT_EXPECT_EQ(test, goro_acct_set_max(a, nr_cpu_ids * 5 * MS, 5 * MS), 0);
	KUNIT_EXPECT_EQ(test, stat(test).quota_ns, nr_cpu_ids * 5 * MS);
	KUNIT_EXPECT_EQ(test, stat(test).period_ns, 5 * MS);
	KUNIT_EXPECT_EQ(test, goro_acct_set_max(a, GORO_ACCT_NO_MAX, MS), 0);
}

/*
 * Over the cap again and again, and on again each time; the first time is before it begins.
 * Who stands still while it runs, with its CPU, has five times as long to make up for.
 */
static void throttled_and_on(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = burn_set(test);
	struct goro_acct_stat st;
	int at;

	KUNIT_ASSERT_EQ(test, goro_acct_set_max(acct_of(test), MS, 5 * MS), 0);
	job_go(test, j);
	KUNIT_EXPECT_TRUE(test, eventually(stat(test).nr_throttled >= 3));
	at = atomic_read(&f->n);
	KUNIT_EXPECT_TRUE(test, eventually_in(5 * NET_NS, atomic_read(&f->n) > at));
	f->flag = true;
	KUNIT_ASSERT_EQ(test, goro_acct_set_max(acct_of(test), GORO_ACCT_NO_MAX, MS), 0);
	EXPECT_DONE(test, j, 0);
	st = stat(test);
	KUNIT_EXPECT_GE(test, st.nr_periods, st.nr_throttled);
	KUNIT_EXPECT_GT(test, st.throttled_ns, 0ULL);
}

/* Those of no account go on while others have to wait. */
static void others_run(struct kunit *test)
{
	unsigned int procs = goro_procs();
	struct fx *f = fx_of(test);
	struct job *j;

	KUNIT_ASSERT_GE(test, goro_set_procs(1), 0);
	j = throttled(test, NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, goro_group_go(&f->other, once, f), 0);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n2) == 1));
	f->flag = true;
	KUNIT_ASSERT_EQ(test, goro_acct_set_max(acct_of(test), GORO_ACCT_NO_MAX, MS), 0);
	EXPECT_DONE(test, j, 0);
	KUNIT_EXPECT_GE(test, goro_set_procs(procs), 0);
}

/* Many that wait run at once when the cap goes; not one is lost. */
static void lifted(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = throttled(test, NSEC_PER_SEC);
	int i;

	for (i = 0; i < MANY; i++)
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->grp, once, f), 0);
	f->flag = true;
	KUNIT_ASSERT_EQ(test, goro_acct_set_max(acct_of(test), GORO_ACCT_NO_MAX, MS), 0);
	EXPECT_DONE(test, j, 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->grp, NET), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n2), MANY);
}

static int late(void *arg)
{
	atomic_inc(&((struct fx *)arg)->n2);
	return goro_cancelled();
}

/*
 * So much is to be made up for, more than three nets together, that nobody sees the end
 * of it: who is cancelled ends.
 */
static void cancelled_in_debt(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 throttles = goro_counter(GORO_C_THROTTLE);
	struct job *j = burn_set(test);
	struct goro_group bystander;

	j->fn = burn_long;
	KUNIT_ASSERT_EQ(test, goro_acct_set_max(acct_of(test), MS, 400 * MS), 0);
	job_go(test, j);
	/* once before it could begin, and once after it had used so much */
	KUNIT_EXPECT_TRUE(test, eventually(goro_counter(GORO_C_THROTTLE) > throttles + 1));
	goro_group_init(&bystander);
	goro_group_account(&bystander, acct_of(test));
	KUNIT_EXPECT_EQ(test, goro_group_go(&bystander, late, f), 0);
	KUNIT_EXPECT_TRUE(test, eventually(goro_counter(GORO_C_THROTTLE) > throttles + 2));
	goro_group_cancel(&f->grp);
	EXPECT_DONE(test, j, -ECANCELED);
	/* the other one of the account, who was not, still waits; until it is */
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n2), 0);
	goro_group_stop(&bystander);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n2), 1);
}

/* One that waits is cancelled: it ends when it may run again. */
static void cancelled(struct kunit *test)
{
	struct job *j = throttled(test, 20 * MS);

	goro_group_cancel(&fx_of(test)->grp);
	EXPECT_DONE(test, j, -ECANCELED);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(adds_up),
	KUNIT_CASE(bounds),
	KUNIT_CASE_PARAM(throttled_and_on, burner_gen_params),
	KUNIT_CASE_PARAM(others_run, burner_gen_params),
	KUNIT_CASE_PARAM(lifted, burner_gen_params),
	KUNIT_CASE_PARAM(cancelled, burner_gen_params),
	KUNIT_CASE_PARAM(cancelled_in_debt, in_debt_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_acct",
	.init = init,
	.exit = exit_acct,
	.test_cases = cases,
};
kunit_test_suite(suite);
