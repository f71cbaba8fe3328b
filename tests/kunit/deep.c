// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_call_on_stack: small stacks, and calls on large ones from them,
 * with everything a goroutine may do in the middle.
 */
#include <linux/smp.h>
#include "sched/g.h"
#include "kunit.h"

#define SMALL_N	32

struct deep {
	struct job *j;
	int level;
	u32 size;
	unsigned long at;	/* an address in the call's frame */
};

static u64 stacks(void)
{
	return goro_counter(GORO_C_STACK_CREATED) - goro_counter(GORO_C_STACK_DESTROYED);
}

/* ---- goroutines with small stacks --------------------------------------- */

static int small(void *arg)
{
	struct job *j = arg;
	volatile u64 here = j->v;

	j->v = (unsigned long)&here;
	j->ret = goro_wait_event(*(wait_queue_head_t *)j->f->priv, READ_ONCE(j->f->flag));
	if (!j->ret)
		j->ret = here;
	smp_store_release(&j->done, 1);	/* job_done() */
	return 0;
}

/* what was asked for is what they have, and are on */
static void sizes(struct kunit *test)
{
	static const u32 asked[] = { 4096, 8192, 0, THREAD_SIZE };
	DECLARE_WAIT_QUEUE_HEAD_ONSTACK(wq);
	struct fx *f = fx_of(test);
	struct goro_attr attr = { };
	struct goro_g *g;
	int i, n = 0;

	f->priv = &wq;
	for (i = 0; i < SMALL_N; i++) {
		attr.stack_size = asked[i % 4];
		job_set(f, i, NULL, NULL)->v = i;
		KUNIT_ASSERT_EQ(test, goro_group_go_attr(&f->other, small, &f->j[i], &attr), 0);
	}
	attr.stack_size = 5000;
	KUNIT_EXPECT_EQ(test, goro_group_go_attr(&f->other, small, &f->j[0], &attr), -EINVAL);
	attr.stack_size = 2 * THREAD_SIZE;
	KUNIT_EXPECT_EQ(test, goro_group_go_attr(&f->other, small, &f->j[0], &attr), -EINVAL);
	KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->other, GORO_R_EVENT) == SMALL_N));
	spin_lock(&f->other.lock);
	list_for_each_entry(g, &f->other.members, member.node) {
		struct job *j = g->arg;
		u32 want = asked[(j - f->j) % 4] ?: THREAD_SIZE;

		if (IS_ENABLED(CONFIG_KASAN))
			want = THREAD_SIZE;	/* its frames are several times larger */
		else if (IS_ENABLED(CONFIG_UML))
			want = max_t(u32, want, SZ_8K);	/* interrupts come on it */
		n += goro_stack_size(g) == want && j->v - (unsigned long)g->stack < want &&
		     (unsigned long)g->stack + want - g->sp < want;
	}
	spin_unlock(&f->other.lock);
	KUNIT_EXPECT_EQ(test, n, SMALL_N);
	WRITE_ONCE(f->flag, true);
	wake_up_all(&wq);
	for (i = 0; i < SMALL_N; i++)
		EXPECT_DONE(test, &f->j[i], i);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
}

/* ---- deep calls ------------------------------------------------------------ */

/* more and more of the stack, in marked frames, with a park at the bottom */
static noinline long dive(struct deep *d, int level)
{
	volatile u32 fill[256];	/* the frame must be there */
	int i, cpu = raw_smp_processor_id();
	long below = 0;

	for (i = 0; i < ARRAY_SIZE(fill); i++)
		fill[i] = d->j->v * 1000 + level;
	if (level) {
		below = dive(d, level - 1);
	} else {
		for (i = 0; i < 3; i++)
			goro_yield();
		if (goro_sleep(20000))
			return -EIO;
	}
	if (raw_smp_processor_id() != cpu)
		atomic_inc(&d->j->f->n2);	/* it came back on another M */
	for (i = 0; i < ARRAY_SIZE(fill); i++)
		if (fill[i] != (u32)(d->j->v * 1000 + level))
			return -EBADMSG;
	return below < 0 ? below : below + 1;
}

static long dives(void *arg)
{
	struct deep *d = arg;

	return dive(d, d->level);
}

/* the frames of 4 KiB take up what the goroutine has; 90 take up 90 KiB */
static int dive_often(struct job *j)
{
	struct deep d = { .j = j, .level = 90 };
	int i;

	for (i = 0; i < 20; i++) {
		u32 size = IS_ENABLED(CONFIG_KASAN) ? GORO_CALL_STACK_MAX : 131072;
		long ret = goro_call_on_stack(dives, &d, size);

		if (ret != 91)
			return ret;
	}
	return 0;
}

static int run_job(void *arg)
{
	struct job *j = arg;

	j->ret = j->fn(j);
	smp_store_release(&j->done, 1);	/* job_done() */
	return 0;
}

/* each in turn; THREAD_SIZE is more than 16 KiB under KASAN on x86 */
static u32 size_of(int i)
{
	static const u32 sizes[] = { SZ_4K, SZ_8K, THREAD_SIZE };

	return sizes[i % 3];
}

static void start_small(struct kunit *test, struct job *j, u32 size)
{
	struct goro_attr attr = { .stack_size = size };

	KUNIT_ASSERT_EQ(test, goro_group_go_attr(&j->f->grp, run_job, j, &attr), 0);
}

static void park_inside_once(struct kunit *test)
{
	u64 calls = goro_counter(GORO_C_STACK_CALL), parks = goro_counter(GORO_C_PARK);
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 24; i++) {
		job_set(f, i, dive_often, NULL)->v = i;
		f->j[i].done = 0;
		start_small(test, &f->j[i], size_of(i));
	}
	jobs_done(test, 24, 0);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_STACK_CALL) - calls, 24ULL * 20);
	KUNIT_EXPECT_GE(test, goro_counter(GORO_C_PARK) - parks, 24ULL * 20);
}

static void parks_inside(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i = 0;

	do
		park_inside_once(test);
	while (goro_procs() > 1 && !atomic_read(&f->n2) && ++i < 10);
	/* stolen in the middle, sooner or later */
	if (goro_procs() > 1)
		KUNIT_EXPECT_GT(test, atomic_read(&f->n2), 0);
}

static long plus_one(void *arg)
{
	struct deep *d = arg;

	d->at = (unsigned long)&d;
	return ++d->level;
}

static long twice(void *arg)
{
	struct deep *d = arg;
	u64 calls = goro_counter(GORO_C_STACK_CALL);
	unsigned long here = (unsigned long)&d;

	/* there is room where it is */
	if (goro_call_on_stack(plus_one, d, 1000) != 1 || here - d->at > 1000)
		return -1;
	/* and there is not: on another one, which may begin right below this one's 64 KiB */
	if (goro_call_on_stack(plus_one, d, GORO_CALL_STACK_MAX) != 2 || here - d->at < 32768)
		return -2;
	if (goro_counter(GORO_C_STACK_CALL) != calls + 1)
		return -3;
	if (goro_call_on_m_stack(plus_one, d) != 3)
		return -4;
	return goro_call_on_stack(plus_one, d, GORO_CALL_STACK_MAX + 1) == -EINVAL ? 7 : -5;
}

static int nests(struct job *j)
{
	struct deep d = { .j = j };

	return goro_call_on_stack(twice, &d, 65536);
}

static int shallow(struct job *j)
{
	struct deep d = { .j = j };

	return goro_call_on_stack(plus_one, &d, 1000);
}

static void nesting(struct kunit *test)
{
	struct fx *f = fx_of(test);

	start_small(test, job_set(f, 0, nests, NULL), 4096);
	EXPECT_DONE(test, &f->j[0], 7);
	start_small(test, job_set(f, 1, nests, NULL), 0);
	EXPECT_DONE(test, &f->j[1], 7);
	/* a thread has its own stack only */
	job_thread(test, job_set(f, 2, nests, NULL));
	EXPECT_DONE(test, &f->j[2], -EOPNOTSUPP);
	job_thread(test, job_set(f, 3, shallow, NULL));
	EXPECT_DONE(test, &f->j[3], 1);
}

static long ends(void *arg)
{
	struct deep *d = arg;

	if (d->level) {
		d->level--;
		return goro_call_on_stack(ends, d, d->level % 2 ? GORO_CALL_STACK_MAX :
							     THREAD_SIZE);
	}
	goro_yield();
	goro_wg_done(&d->j->f->wg);
	goro_exit();
}

static int exits(struct job *j)
{
	struct deep d = { .j = j, .level = 1 + j->v % 3 };

	return ends(&d);
}

/* goroutines that end on the larger stack give all of them back */
static void exit_inside(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 before = stacks(), cached = 3 * 64 * goro_procs();
	int i, k;

	for (k = 0; k <= 3 * goro_procs(); k++) {
		goro_wg_add(&f->wg, JOBS);
		for (i = 0; i < JOBS; i++) {
			job_set(f, i, exits, NULL)->v = i;
			start_small(test, &f->j[i], size_of(i));
		}
		KUNIT_EXPECT_EQ(test, goro_wg_wait_until(&f->wg, NET), 0);
		KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->grp, NET), 0);
	}
	/* leaked they would be twice as many as the Ps' caches keep of their three sizes */
	KUNIT_EXPECT_TRUE(test, eventually(stacks() <= before + cached));
}

static long waits_there(void *arg)
{
	u64 v;

	return goro_chan_recv(((struct deep *)arg)->j->c, &v);
}

static int cancelled_there(struct job *j)
{
	struct deep d = { .j = j };

	return goro_call_on_stack(waits_there, &d, 32768);
}

static void cancel(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 8; i++)
		start_small(test, job_set(f, i, cancelled_there, c), size_of(i));
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 8));
	goro_group_cancel(&f->grp);
	jobs_done(test, 8, -ECANCELED);
	EXPECT_CHAN(test, c, 0, 0, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(sizes),
	KUNIT_CASE(parks_inside),
	KUNIT_CASE(nesting),
	KUNIT_CASE(exit_inside),
	KUNIT_CASE(cancel),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_call_on_stack",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
