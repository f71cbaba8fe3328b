// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_group_ctx: groups as Go's errgroup: the first error cancels the rest,
 * a limit on how many run, nesting.
 */
#include "core/context.h"
#include "kunit.h"

#define BG	goro_ctx_background()

static int wait_here(void *arg)
{
	struct fx *f = arg;
	int ret = goro_chan_recv(f->c[0], NULL);

	if (ret == -ECANCELED)
		atomic_inc(&f->n2);
	atomic_inc(&f->n);
	return ret < 0 ? ret : 0;
}

static int fails(void *arg)
{
	struct fx *f = arg;

	/* when it is told to */
	return goro_wait_for_completion_nocancel(&f->go, NET) ?: -EXDEV;
}

/* TestWithContext: the first error is the cause, and what Wait returns */
static void first_error_cancels(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_ctx *ctx;
	int i;

	fx_chan(test, 0, 8, 0);
	KUNIT_ASSERT_EQ(test, goro_group_init_ctx(&f->other, BG), 0);
	ctx = goro_ctx_get(goro_group_ctx(&f->other));
	for (i = 0; i < 10; i++)
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, wait_here, f), 0);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(f->c[0]) == 10));
	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, fails, f), 0);
	KUNIT_EXPECT_EQ(test, goro_ctx_err(ctx), 0);
	complete(&f->go);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), -EXDEV);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n2), 10);
	KUNIT_EXPECT_EQ(test, goro_ctx_err(ctx), -ECANCELED);
	KUNIT_EXPECT_EQ(test, goro_ctx_cause(ctx), -EXDEV);
	KUNIT_EXPECT_PTR_EQ(test, goro_group_ctx(&f->other), NULL);
	KUNIT_EXPECT_EQ(test, goro_group_go(&f->other, wait_here, f), -ECANCELED);
	goro_ctx_put(ctx);
}

static int good(void *arg)
{
	struct fx *f = arg;

	atomic_inc(&f->n);
	return 0;
}

/* TestWithContext, TestCancelCause: without an error the wait's end cancels it */
static void wait_cancels(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_ctx *ctx;

	KUNIT_ASSERT_EQ(test, goro_group_init_ctx(&f->other, BG), 0);
	ctx = goro_ctx_get(goro_group_ctx(&f->other));
	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, good, f), 0);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) == 1));
	KUNIT_EXPECT_EQ(test, goro_ctx_err(ctx), 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	KUNIT_EXPECT_EQ(test, goro_ctx_err(ctx), -ECANCELED);
	KUNIT_EXPECT_EQ(test, goro_ctx_cause(ctx), -ECANCELED);
	goro_ctx_put(ctx);
	/* nobody was started: the context goes all the same */
	KUNIT_ASSERT_EQ(test, goro_group_init_ctx(&f->other, BG), 0);
	goro_group_stop(&f->other);
	KUNIT_EXPECT_PTR_EQ(test, goro_group_ctx(&f->other), NULL);
}

/* TestZeroGroup: without a context an error cancels nobody */
static void plain_error(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 v = 1;

	fx_chan(test, 0, 8, 0);
	KUNIT_EXPECT_PTR_EQ(test, goro_group_ctx(&f->other), NULL);
	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, wait_here, f), 0);
	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, fails, f), 0);
	complete(&f->go);
	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(f->other.n) == 1));
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(f->c[0], &v, NET), 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), -EXDEV);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n2), 0);
}

/* a cancel of the parent, of the context, by a deadline, and of the group */
enum by { BY_PARENT, BY_CTX, BY_DEADLINE, BY_GROUP };
static const struct by_param { const char *name; enum by by; } bys[] = {
	{ "parent", BY_PARENT }, { "context", BY_CTX }, { "deadline", BY_DEADLINE },
	{ "group", BY_GROUP },
};
KUNIT_ARRAY_PARAM_DESC(by, bys, name);

static void context_cancels(struct kunit *test)
{
	const struct by_param *p = test->param_value;
	struct fx *f = fx_of(test);
	struct goro_ctx *parent, *child;
	int i, started = 0;

	fx_chan(test, 0, 8, 0);
	parent = p->by == BY_DEADLINE ? goro_ctx_with_timeout(BG, SHORT_NS) :
		 goro_ctx_with_cancel(BG);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, parent);
	KUNIT_ASSERT_EQ(test, goro_group_init_ctx(&f->other, parent), 0);
	child = goro_ctx_with_cancel(goro_group_ctx(&f->other));
	for (i = 0; i < 10; i++)
		started += !goro_group_go(&f->other, wait_here, f);
	if (p->by != BY_DEADLINE) {
		KUNIT_EXPECT_EQ(test, started, 10);
		KUNIT_ASSERT_TRUE(test, eventually(receivers(f->c[0]) == 10));
	}
	if (p->by == BY_PARENT)
		goro_ctx_cancel(parent);
	else if (p->by == BY_CTX)
		goro_ctx_cancel(goro_group_ctx(&f->other));
	else if (p->by == BY_GROUP)
		goro_group_cancel(&f->other);
	KUNIT_ASSERT_EQ(test, goro_chan_recv_until(goro_ctx_done(child), NULL, NET), 0);
	KUNIT_EXPECT_EQ(test, goro_group_go(&f->other, wait_here, f), -ECANCELED);
	/* the members' error is that of their waits */
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), started ? -ECANCELED : 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n2), started);
	KUNIT_EXPECT_EQ(test, goro_ctx_err(child), p->by == BY_DEADLINE ? -ETIMEDOUT : -ECANCELED);
	KUNIT_EXPECT_EQ(test, goro_ctx_err(parent), p->by == BY_DEADLINE ? -ETIMEDOUT :
			p->by == BY_PARENT ? -ECANCELED : 0);
	goro_ctx_put(child);
	goro_ctx_put(parent);
}

/* ---- limit ------------------------------------------------------------ */

static int counted(void *arg)
{
	struct fx *f = arg;

	if (atomic_inc_return(&f->n2) > 3)
		atomic_inc(&f->bad);
	goro_yield();
	goro_sleep(NSEC_PER_USEC * 10);
	atomic_dec(&f->n2);
	atomic_inc(&f->n);
	return 0;
}

static int go_many(struct job *j)
{
	int i, err = 0;

	for (i = 0; i < 50 && !err; i++)
		err = goro_group_go(&j->f->other, counted, j->f);
	return err;
}

/* TestGoLimit: never more than the limit, whoever starts them */
static void limit(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	KUNIT_ASSERT_EQ(test, goro_group_set_limit(&f->other, 3), 0);
	for (i = 0; i < 6; i++) {
		job_set(f, i, go_many, NULL);
		job_start(test, &f->j[i], i & 1);
	}
	jobs_done(test, 6, 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 300);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	KUNIT_EXPECT_EQ(test, f->other.used, 0L);
}

static u32 starters(struct goro_group *grp)
{
	struct list_head *pos;
	u32 n = 0;

	goro_lock(&grp->lock);
	list_for_each(pos, &grp->slots)
		n++;
	goro_unlock(&grp->lock);
	return n;
}

static int go_one(struct job *j)
{
	return goro_group_go(&j->f->other, wait_here, j->f);
}

/* TestTryGo; and who waits for a slot gets the next one */
static void try_go(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 v = 0;
	int i;

	fx_chan(test, 0, 8, 0);
	KUNIT_ASSERT_EQ(test, goro_group_set_limit(&f->other, 0), 0);
	KUNIT_EXPECT_EQ(test, goro_group_try_go(&f->other, wait_here, f), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, GORO_NOW), 0);
	KUNIT_ASSERT_EQ(test, goro_group_set_limit(&f->other, 42), 0);
	for (i = 0; i < 42; i++)
		KUNIT_EXPECT_EQ(test, goro_group_try_go(&f->other, wait_here, f), 0);
	KUNIT_EXPECT_EQ(test, goro_group_try_go(&f->other, wait_here, f), -EAGAIN);
	/* a goroutine and a thread wait, counted: nobody overlooks them */
	job_go(test, job_set(f, 0, go_one, NULL));
	job_thread(test, job_set(f, 1, go_one, NULL));
	KUNIT_ASSERT_TRUE(test, eventually(starters(&f->other) == 2));
	KUNIT_ASSERT_TRUE(test, eventually(receivers(f->c[0]) == 42));
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(f->c[0], &v, NET), 0);
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(f->c[0], &v, NET), 0);
	EXPECT_DONE(test, &f->j[0], 0);
	EXPECT_DONE(test, &f->j[1], 0);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(f->c[0]) == 42));
	KUNIT_EXPECT_EQ(test, goro_group_try_go(&f->other, wait_here, f), -EAGAIN);
	/* one leaves and nobody waits: there is one */
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(f->c[0], &v, NET), 0);
	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(f->other.used) == 41));
	KUNIT_EXPECT_EQ(test, goro_group_try_go(&f->other, wait_here, f), 0);
	goro_chan_close(f->c[0]);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	/* no limit again */
	KUNIT_EXPECT_EQ(test, goro_group_set_limit(&f->other, -5), 0);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, goro_group_try_go(&f->other, wait_here, f), 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	KUNIT_EXPECT_EQ(test, f->other.used, 0L);
}

/* a cancel, of the group or of its context, ends the wait for a slot */
static void cancel_ends_slots(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int round, i;

	fx_chan(test, 0, 8, 0);
	for (round = 0; round < 3; round++) {
		if (round)
			KUNIT_ASSERT_EQ(test, goro_group_init_ctx(&f->other, BG), 0);
		KUNIT_ASSERT_EQ(test, goro_group_set_limit(&f->other, 1), 0);
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, wait_here, f), 0);
		for (i = 0; i < 4; i++) {
			job_set(f, round * 4 + i, go_one, NULL);
			job_start(test, &f->j[round * 4 + i], i & 1);
		}
		KUNIT_ASSERT_TRUE(test, eventually(starters(&f->other) == 4));
		KUNIT_ASSERT_TRUE(test, eventually(receivers(f->c[0]) == 1));
		if (round == 1)
			goro_ctx_cancel(goro_group_ctx(&f->other));
		else
			goro_group_cancel(&f->other);
		for (i = 0; i < 4; i++)
			EXPECT_DONE(test, &f->j[round * 4 + i], -ECANCELED);
		KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), -ECANCELED);
		KUNIT_EXPECT_EQ(test, atomic_read(&f->n), round + 1);
	}
}

/* ---- nesting ---------------------------------------------------------- */

/* a member with a group of its own, below the outer one's context */
static int outer(void *arg)
{
	struct fx *f = arg;
	struct goro_group inner;
	int i, err;

	if (goro_group_init_ctx(&inner, goro_group_ctx(&f->other)))
		return -ENOMEM;
	for (i = 0; i < 5; i++)
		if (goro_group_go(&inner, wait_here, f))
			atomic_inc(&f->bad);
	/* the cancel reaches this wait; then the own ones are waited for, come what may */
	err = goro_group_wait(&inner);
	goro_group_stop(&inner);
	if (READ_ONCE(inner.n))
		atomic_inc(&f->bad);
	return err;
}

static void nesting(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	fx_chan(test, 0, 8, 0);
	KUNIT_ASSERT_EQ(test, goro_group_init_ctx(&f->other, BG), 0);
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, outer, f), 0);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(f->c[0]) == 20));
	/* an error in the outer one reaches all that is below it */
	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, fails, f), 0);
	complete(&f->go);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), -EXDEV);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n2), 20);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(first_error_cancels),
	KUNIT_CASE(wait_cancels),
	KUNIT_CASE(plain_error),
	KUNIT_CASE_PARAM(context_cancels, by_gen_params),
	KUNIT_CASE(limit),
	KUNIT_CASE(try_go),
	KUNIT_CASE(cancel_ends_slots),
	KUNIT_CASE(nesting),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_group_ctx",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
