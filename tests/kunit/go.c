// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_go: starting, running and ending goroutines.
 */
#include <linux/preempt.h>
#include <linux/random.h>
#include <linux/sched/task_stack.h>
#include "kunit.h"

static void count_one(void *arg)
{
	struct fx *f = arg;

	atomic_inc(&f->n);
}

static void wait_open(void *arg)
{
	struct fx *f = arg;
	u64 v;

	atomic_inc(&f->n2);
	if (goro_chan_recv_until(f->c[0], &v, NET) != 0)
		atomic_inc(&f->bad);
	atomic_inc(&f->n);
}

static void runs_once(struct kunit *test)
{
	struct fx *f = fx_of(test);

	KUNIT_ASSERT_EQ(test, goro_go(count_one, f), 0);
	KUNIT_EXPECT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 1);
}

/* TestNumGoroutine */
static void num(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	int i;

	for (i = 1; i <= 10; i++) {
		KUNIT_ASSERT_EQ(test, goro_go(wait_open, f), 0);
		KUNIT_EXPECT_EQ(test, goro_num(), f->num0 + i);
	}
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 10));
	KUNIT_EXPECT_EQ(test, goro_num(), f->num0 + 10);
	KUNIT_EXPECT_EQ(test, goro_chan_close(c), 0);
	KUNIT_EXPECT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 10);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

static void environment(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, goro_in_goroutine());
	KUNIT_EXPECT_FALSE(test, goro_cancelled());
	KUNIT_EXPECT_GE(test, goro_procs(), 1U);
	KUNIT_EXPECT_LE(test, goro_procs(), num_online_cpus());
	goro_yield();	/* cond_resched() in a thread */
}

static int inside(struct job *j)
{
	return goro_in_goroutine() && !goro_cancelled() && in_task() &&
	       (current->flags & PF_KTHREAD) && !preempt_count();
}

static void environment_inside(struct kunit *test)
{
	struct fx *f = fx_of(test);

	job_go(test, job_set(f, 0, inside, NULL));
	EXPECT_DONE(test, &f->j[0], 1);
}

/* the module is held while a plain goroutine lives, not by a group's */
static void pins_module(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	int refs = module_refcount(THIS_MODULE);

	job_go(test, job_set(f, 0, do_recv, c));
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 1));
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), refs);
	KUNIT_ASSERT_EQ(test, goro_go(wait_open, f), 0);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), refs + 1);
	KUNIT_EXPECT_EQ(test, goro_chan_close(c), 0);
	KUNIT_EXPECT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), refs);
}

struct args { struct fx *f; int i; u8 rest[4096 - 16]; };

static void add_args(void *arg)
{
	struct args *a = arg;

	goro_yield();	/* the starter's variable has changed by now */
	atomic64_add(1ULL << a->i, &a->f->sum);
	atomic_inc(&a->f->n);
	a->i = 99;	/* ours: nobody else sees it */
}

/* each goroutine has its own copy: Go's captured loop variable cannot happen */
static void copy_by_value(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct args *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->f = f;
	for (a->i = 0; a->i < 40; a->i++)
		KUNIT_ASSERT_EQ(test, goro_go_copy(add_args, a, sizeof(*a)), 0);
	memset(a, 0x5a, sizeof(*a));
	KUNIT_EXPECT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 40);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->sum), (s64)((1ULL << 40) - 1));
}

static void not_run(void *arg)
{
	WARN_ON(1);
}

static void bad_args(struct kunit *test)
{
	struct goro_attr bad[] = {
		{ .stack_size = 1 }, { .stack_size = 4095 }, { .stack_size = 12288 },
		{ .stack_size = 2 * THREAD_SIZE }, { .stack_size = U32_MAX },
		{ .flags = 2 }, { .flags = 1U << 31 },
	};
	struct fx *f = fx_of(test);
	u8 *big = kunit_kzalloc(test, 4097, GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, big);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ(test, goro_go_attr(not_run, NULL, &bad[i]), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_go_copy(not_run, big, 4097), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_go_copy(not_run, big, (size_t)-1), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_num(), f->num0);
}

/* what lies on a G's stack survives parks, moves to other CPUs, and others */
static void stack_keeps(void *arg)
{
	struct fx *f = arg;
	u8 mine[1024], want[16];
	int i;

	get_random_bytes(want, sizeof(want));
	for (i = 0; i < sizeof(mine); i++)
		mine[i] = want[i % 16] + i / 16;
	barrier_data(mine);
	for (i = 0; i < 40; i++) {
		if (i % 4 == 3)
			goro_sleep(20000);
		else
			goro_yield();
	}
	barrier_data(mine);
	for (i = 0; i < sizeof(mine); i++)
		if (mine[i] != (u8)(want[i % 16] + i / 16))
			atomic_inc(&f->bad);
	atomic_inc(&f->n);
}

struct stack_param { const char *name; u32 size; };
static const struct stack_param stack_params[] = {
	{ "default", 0 }, { "4 KiB", 4096 }, { "8 KiB", 8192 }, { "THREAD_SIZE", THREAD_SIZE },
};
KUNIT_ARRAY_PARAM_DESC(stack, stack_params, name);

static void stack_sizes(struct kunit *test)
{
	const struct stack_param *p = test->param_value;
	struct goro_attr attr = { .name = "kunit", .stack_size = p->size };
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 200; i++)
		KUNIT_ASSERT_EQ(test, goro_go_attr(stack_keeps, f, &attr), 0);
	memset(&attr, 0xff, sizeof(attr));	/* it was read before go returned */
	KUNIT_EXPECT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 200);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

static noinline void leave_from(struct fx *f, int depth)
{
	if (depth)
		leave_from(f, depth - 1);
	atomic_inc(&f->n);
	/* the compiler is not to know that nobody returns from here */
	if (!READ_ONCE(f->flag))
		goro_exit();
	atomic_inc(&f->bad);
}

static void exits_deep(void *arg)
{
	leave_from(arg, 10);
	atomic_inc(&((struct fx *)arg)->bad);
}

static int exits_in_group(void *arg)
{
	exits_deep(arg);
	return -EIO;
}

static void exits_with_copy(void *arg)
{
	exits_deep(*(struct fx **)arg);
}

/* goro_exit() ends it from any depth; a group counts that as 0, a copy is freed */
static void exit_early(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 50; i++) {
		KUNIT_ASSERT_EQ(test, goro_go(exits_deep, f), 0);
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, exits_in_group, f), 0);
		KUNIT_ASSERT_EQ(test, goro_go_copy(exits_with_copy, &f, sizeof(f)), 0);
	}
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	KUNIT_EXPECT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 150);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

static int yields_until(struct job *j)
{
	struct fx *f = j->f;
	u64 until = NET;

	/* turn v, of two: each waits for the other by yielding only */
	while (atomic_read(&f->n) < 2000) {
		if (atomic_read(&f->n) % 2 == j->v)
			atomic_inc(&f->n);
		else
			goro_yield();
		if (ktime_get_ns() > until)
			return -ETIMEDOUT;
	}
	return 0;
}

static void yield_lets_others_run(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 2; i++) {
		job_set(f, i, yields_until, NULL)->v = i;
		job_go(test, &f->j[i]);
	}
	jobs_done(test, 2, 0);
	KUNIT_EXPECT_GE(test, atomic_read(&f->n), 2000);
}

static int sleeps(struct job *j)
{
	int ret = goro_sleep_until(j->deadline);

	j->v = ktime_get_ns();
	return ret;
}

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

/* TestSleep */
static void sleep_not_early(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 32; i++) {
		struct job *j = job_set(f, i, sleeps, NULL);

		j->deadline = i < 2 ? i : goro_in(i * 100000);	/* two are past */
		job_start_who(test, j);
	}
	for (i = 0; i < 32; i++) {
		EXPECT_DONE(test, &f->j[i], 0);
		KUNIT_EXPECT_GE(test, f->j[i].v, f->j[i].deadline);
	}
}

/* "current" and the CPU's number are read anew after each park */
static void current_is_mine(void *arg)
{
	struct fx *f = arg;
	int i;

	for (i = 0; i < 200; i++) {
		preempt_disable();
		if (task_cpu(current) != smp_processor_id() || current->__state ||
		    !(current->flags & PF_KTHREAD))
			atomic_inc(&f->bad);
		preempt_enable();
		if (i % 8)
			goro_yield();
		else
			goro_sleep(1000 * (i % 64));
	}
	atomic_inc(&f->n);
}

static void current_follows(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 100; i++)
		KUNIT_ASSERT_EQ(test, goro_go(current_is_mine, f), 0);
	KUNIT_EXPECT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 100);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

struct tree { struct fx *f; int depth; };

static void tree(void *arg)
{
	struct tree *t = arg, child = { t->f, t->depth - 1 };
	int i;

	for (i = 0; t->depth && i < 2; i++)
		if (goro_go_copy(tree, &child, sizeof(child)))
			atomic_inc(&t->f->bad);
	atomic_inc(&t->f->n);
}

static void nested(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct tree root = { f, 11 };

	KUNIT_ASSERT_EQ(test, goro_go_copy(tree, &root, sizeof(root)), 0);
	KUNIT_EXPECT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), (1 << 12) - 1);
}

static int wakes_and_keeps(struct job *j)
{
	u64 i, until;

	for (i = 0; i < 50; i++) {
		if (goro_chan_send_until(j->c, &i, j->deadline))
			return -EIO;
		until = NET;
		while (atomic_read(&j->f->n) <= i) {
			cpu_relax();
			cond_resched();
			if (ktime_get_ns() > until)
				return -ETIMEDOUT;
		}
		/* now and then long enough for the other's M to fall asleep */
		until = goro_in(i % 2 * 100000);
		while (ktime_get_ns() < until)
			cpu_relax();
	}
	return 0;
}

static int is_woken(struct job *j)
{
	u64 v;
	int i;

	for (i = 0; i < 50; i++) {
		if (goro_chan_recv_until(j->c, &v, j->deadline) != 1 || v != i)
			return -EIO;
		atomic_inc(&j->f->n);
	}
	return 0;
}

/* TestSchedLocalQueueEmpty: who readies another and goes on does not keep it from an idle P */
static void idle_p_takes_it(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);

	if (goro_procs() < 2)
		kunit_skip(test, "needs two Ps");
	job_go(test, job_set(f, 0, is_woken, c));
	job_go(test, job_set(f, 1, wakes_and_keeps, c));
	EXPECT_DONE(test, &f->j[1], 0);
	EXPECT_DONE(test, &f->j[0], 0);
}

#define MANY	10000

static void spawn_many(void *arg)
{
	struct goro_attr attr = { .stack_size = 4096 };
	struct fx *f = arg;
	int i;

	for (i = 0; i < MANY / 2; i++)
		if (goro_go_attr(wait_open, f, &attr))
			atomic_inc(&f->bad);
}

static void many_once(struct kunit *test)
{
	struct goro_attr attr = { .stack_size = 4096 };
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	int i;

	atomic_set(&f->n, 0);
	atomic_set(&f->n2, 0);
	KUNIT_ASSERT_EQ(test, goro_go(spawn_many, f), 0);
	for (i = 0; i < MANY / 2; i++)
		KUNIT_ASSERT_EQ(test, goro_go_attr(wait_open, f, &attr), 0);
	/* counting the waiters takes the channel's lock for long: not too often */
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n2) == MANY));
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == MANY));
	KUNIT_EXPECT_EQ(test, goro_num(), f->num0 + MANY);
	KUNIT_EXPECT_EQ(test, goro_chan_close(c), 0);
	KUNIT_EXPECT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), MANY);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	goro_chan_put(c);
	f->c[0] = NULL;
}

/*
 * TestSchedLocalQueue: 10,000 at once, half started by a goroutine. They overflow its ring; but for
 * thieves that take as many as it makes: then once more.
 */
static void many(struct kunit *test)
{
	u64 overflows = goro_counter(GORO_C_OVERFLOW);
	int i;

	for (i = 0; i < 10 && goro_counter(GORO_C_OVERFLOW) == overflows; i++)
		many_once(test);
	KUNIT_EXPECT_GT(test, goro_counter(GORO_C_OVERFLOW), overflows);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(runs_once),
	KUNIT_CASE(num),
	KUNIT_CASE(environment),
	KUNIT_CASE(environment_inside),
	KUNIT_CASE(pins_module),
	KUNIT_CASE(copy_by_value),
	KUNIT_CASE(bad_args),
	KUNIT_CASE_PARAM(stack_sizes, stack_gen_params),
	KUNIT_CASE(exit_early),
	KUNIT_CASE(yield_lets_others_run),
	KUNIT_CASE_PARAM(sleep_not_early, who_gen_params),
	KUNIT_CASE(current_follows),
	KUNIT_CASE(nested),
	KUNIT_CASE(idle_p_takes_it),
	KUNIT_CASE_SLOW(many),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_go",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
