// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_group: members, their results, and cancel reaching each kind of
 * wait. f->other is the group under test; jobs run in it through group_job().
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include "kunit.h"

static int member(void *arg)
{
	struct job *j = arg;

	j->ret = j->fn(j);
	j->order = atomic_inc_return(&j->f->seq);
	smp_store_release(&j->done, 1);	/* job_done() */
	return j->v == 1000 ? j->ret : 0;	/* v 1000: the result counts */
}

static struct job *group_job(struct kunit *test, int i, int (*fn)(struct job *),
			     struct goro_chan *c)
{
	struct job *j = job_set(fx_of(test), i, fn, c);

	KUNIT_ASSERT_EQ(test, goro_group_go(&j->f->other, member, j), 0);
	return j;
}

static int nothing(struct job *j)
{
	return 0;
}

static void empty(struct kunit *test)
{
	struct goro_group *g = &fx_of(test)->other;

	KUNIT_EXPECT_EQ(test, goro_group_wait(g), 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(g, GORO_NOW), 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(g, 1), 0);
	goro_group_cancel(g);
	goro_group_cancel(g);
	KUNIT_EXPECT_EQ(test, goro_group_wait(g), 0);
	goro_group_stop(g);
}

static void waits_for_all(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	u64 at;
	int i;

	for (i = 0; i < 20; i++)
		group_job(test, i, i % 2 ? do_recv : nothing, c);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 10));
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, GORO_NOW), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, 1), -ETIMEDOUT);
	at = goro_in(SHORT_NS);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, at), -ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get_ns(), at);
	KUNIT_EXPECT_EQ(test, receivers(c), 10U);
	KUNIT_EXPECT_EQ(test, goro_chan_close(c), 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait(&f->other), 0);
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_TRUE(test, job_done(&f->j[i]));	/* before wait returned */
	KUNIT_EXPECT_EQ(test, f->other.n, 0L);

	/* it can be used again */
	group_job(test, 20, nothing, NULL);
	KUNIT_EXPECT_EQ(test, goro_group_wait(&f->other), 0);
	KUNIT_EXPECT_TRUE(test, job_done(&f->j[20]));
}

static int result(struct job *j)
{
	u64 v;

	/* in the order in which the test thread sends */
	if (goro_chan_recv_until(j->c, &v, j->deadline) != 1)
		return -EIO;
	j->v = 1000;
	return v ? -(int)v : 0;
}

static void first_error(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	static const int errs[] = { 0, ENOSPC, 0, EXDEV, ENODEV };
	int i;

	for (i = 0; i < ARRAY_SIZE(errs); i++)
		group_job(test, i, result, c);
	for (i = 0; i < ARRAY_SIZE(errs); i++) {
		u64 v = errs[i];
		long left = ARRAY_SIZE(errs) - 1 - i;

		KUNIT_ASSERT_EQ(test, goro_chan_send_until(c, &v, NET), 0);
		KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(f->other.n) == left));
	}
	KUNIT_EXPECT_EQ(test, goro_group_wait(&f->other), -ENOSPC);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, GORO_NOW), -ENOSPC);
}

static int add_copy(void *arg)
{
	struct fx *f = *(struct fx **)arg;

	atomic_inc(&f->n);
	return 0;
}

static void copies_and_attrs(struct kunit *test)
{
	struct goro_attr attr = { .name = "member", .stack_size = 4096 };
	struct goro_attr bad = { .flags = 2 };
	struct fx *f = fx_of(test), *copy = f;
	int i;

	for (i = 0; i < 100; i++) {
		copy = f;
		KUNIT_ASSERT_EQ(test, goro_group_go_copy(&f->other, add_copy, &copy,
							 sizeof(copy)), 0);
		copy = NULL;
		KUNIT_ASSERT_EQ(test, goro_group_go_attr(&f->other, add_copy, &f->test->priv,
							 &attr), 0);
	}
	KUNIT_EXPECT_EQ(test, goro_group_go_attr(&f->other, add_copy, &f, &bad), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 200);
}

/* ---- cancel ---------------------------------------------------------- */

static __poll_t never(struct file *file, poll_table *pt)
{
	poll_wait(file, file->private_data, pt);
	return 0;
}

static const struct file_operations never_fops = { .poll = never };

static int sleep_long(struct job *j)
{
	return goro_sleep_until(j->deadline);
}

static int sleep_for_ever(struct job *j)
{
	return goro_sleep_until(GORO_FOREVER);
}

static int wait_wg(struct job *j)
{
	return goro_wg_wait(&j->f->wg);
}

static int wait_group(struct job *j)
{
	return goro_group_wait(&j->f->grp);
}

static int send_plain(struct job *j)
{
	return goro_chan_send(j->c, &j->v);
}

static int recv_plain(struct job *j)
{
	return goro_chan_recv(j->c, &j->v);
}

static int poll_never(struct job *j)
{
	return goro_poll(j->f->priv, EPOLLIN, GORO_FOREVER);
}

struct wait { const char *name; int (*fn)(struct job *j); bool nil; enum goro_reason reason; };
static const struct wait waits[] = {
	{ "send", send_plain, false, GORO_R_SEND },
	{ "send with a deadline", do_send, false, GORO_R_SEND },
	{ "receive", recv_plain, false, GORO_R_RECV },
	{ "receive with a deadline", do_recv, false, GORO_R_RECV },
	{ "send to nil", send_plain, true, GORO_R_NIL },
	{ "receive from nil", recv_plain, true, GORO_R_NIL },
	{ "sleep", sleep_long, false, GORO_R_SLEEP },
	{ "sleep for ever", sleep_for_ever, false, GORO_R_SLEEP },
	{ "WaitGroup", wait_wg, false, GORO_R_WG },
	{ "group", wait_group, false, GORO_R_GROUP },
	{ "poll", poll_never, false, GORO_R_POLL },
};
KUNIT_ARRAY_PARAM_DESC(wait, waits, name);

static int after_cancel(struct job *j)
{
	const struct wait *w = j->f->test->param_value;

	while (!goro_cancelled())
		goro_yield();
	return w->fn(j);
}

/* all that the kinds of wait need: a held group and WaitGroup, a dead file */
static struct goro_chan *prepare(struct kunit *test, wait_queue_head_t *head)
{
	const struct wait *w = test->param_value;
	struct fx *f = fx_of(test);
	struct file *file;

	init_waitqueue_head(head);
	file = anon_inode_getfile("goro_kunit", &never_fops, head, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	f->priv = file;
	fx_chan(test, 1, 8, 0);
	job_go(test, job_set(f, JOBS - 1, do_recv, f->c[1]));
	KUNIT_ASSERT_EQ(test, goro_wg_add(&f->wg, 1), 0);
	return w->nil ? NULL : fx_chan(test, 0, 8, 0);
}

static void finish(struct kunit *test, wait_queue_head_t *head)
{
	struct fx *f = fx_of(test);

	KUNIT_EXPECT_EQ(test, goro_wg_done(&f->wg), 0);
	KUNIT_EXPECT_EQ(test, wg_waiters(&f->wg), 0U);
	/* all is over: nobody can come */
	KUNIT_EXPECT_FALSE(test, waitqueue_active(head));
	if (f->c[0])
		EXPECT_CHAN(test, f->c[0], 0, 0, 0);
	fput(f->priv);
}

static void cancel_reaches(struct kunit *test)
{
	const struct wait *w = test->param_value;
	struct fx *f = fx_of(test);
	wait_queue_head_t *head = kunit_kzalloc(test, sizeof(*head), GFP_KERNEL);
	struct goro_chan *c;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, head);
	c = prepare(test, head);
	for (i = 0; i < 10; i++)
		group_job(test, i, w->fn, c);
	KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->other, w->reason) == 10));
	goro_group_cancel(&f->other);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	jobs_done(test, 10, -ECANCELED);
	/* a cancelled group starts nobody */
	KUNIT_EXPECT_EQ(test, goro_group_go(&f->other, member, &f->j[11]), -ECANCELED);
	KUNIT_EXPECT_EQ(test, goro_group_go_copy(&f->other, add_copy, &f, sizeof(f)), -ECANCELED);
	KUNIT_EXPECT_EQ(test, f->other.n, 0L);
	finish(test, head);
}

/* a wait that begins after the cancel ends with -ECANCELED as well */
static void cancel_before_wait(struct kunit *test)
{
	struct fx *f = fx_of(test);
	wait_queue_head_t *head = kunit_kzalloc(test, sizeof(*head), GFP_KERNEL);
	struct goro_chan *c;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, head);
	c = prepare(test, head);
	for (i = 0; i < 10; i++)
		group_job(test, i, after_cancel, c);
	goro_group_cancel(&f->other);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	jobs_done(test, 10, -ECANCELED);
	finish(test, head);
}

static int works_when_cancelled(struct job *j)
{
	u64 v = 1;

	while (!goro_cancelled())
		goro_yield();
	/* what need not wait works on */
	if (goro_chan_try_send(j->c, &v) || goro_chan_send(j->c, &v) ||
	    goro_chan_send(j->c, &v) != -ECANCELED ||
	    goro_chan_recv(j->c, &v) != 1 || goro_chan_try_recv(j->c, &v) != 1 ||
	    goro_chan_recv(j->c, &v) != -ECANCELED ||
	    goro_chan_try_recv(j->c, &v) != -EAGAIN)
		return -EIO;
	goro_yield();
	return 0;
}

static void cancelled_still_works(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j;

	j = group_job(test, 0, works_when_cancelled, fx_chan(test, 0, 8, 2));
	goro_group_cancel(&f->other);
	EXPECT_DONE(test, j, 0);
	EXPECT_CHAN(test, f->c[0], 0, 0, 0);
}

/* cancel touches the group's members only, not who waits beside them */
static void cancel_spares_others(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	u64 v = 9;

	job_go(test, job_set(f, 0, do_recv, c));
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 1));
	group_job(test, 1, do_recv, c);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 2));
	goro_group_cancel(&f->other);
	EXPECT_DONE(test, &f->j[1], -ECANCELED);
	EXPECT_CHAN(test, c, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &v), 0);
	EXPECT_DONE(test, &f->j[0], 1);
	KUNIT_EXPECT_EQ(test, f->j[0].v, 9ULL);
}

static void stop(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	int i;

	for (i = 0; i < 50; i++)
		group_job(test, i, i % 2 ? recv_plain : sleep_for_ever, c);
	goro_group_stop(&f->other);
	jobs_done(test, 50, -ECANCELED);
	KUNIT_EXPECT_EQ(test, f->other.n, 0L);
	goro_group_stop(&f->other);
	EXPECT_CHAN(test, c, 0, 0, 0);
}

static int wait_own(struct job *j)
{
	return goro_group_wait_until(&j->f->other, j->deadline);
}

/* a member that waits for its own group would wait for itself */
static void own_group(struct kunit *test)
{
	struct fx *f = fx_of(test);

	group_job(test, 0, wait_own, NULL);
	EXPECT_DONE(test, &f->j[0], -EDEADLK);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
}

static int stop_other(struct job *j)
{
	goro_group_stop(&j->f->other);
	return 0;
}

/* stop is not disturbed by its caller's own cancel, wait is */
static void stop_by_cancelled(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);

	group_job(test, 0, recv_plain, c);
	job_go(test, job_set(f, 1, stop_other, c));
	goro_group_cancel(&f->grp);
	EXPECT_DONE(test, &f->j[1], 0);
	EXPECT_DONE(test, &f->j[0], -ECANCELED);
}

static void many_waiters(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	int i;

	group_job(test, 0, do_recv, c);
	for (i = 1; i <= 20; i++)
		job_start(test, job_set(f, i, wait_own, NULL), i % 4 == 3);
	KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_GROUP) == 15));
	KUNIT_EXPECT_EQ(test, goro_chan_close(c), 0);
	for (i = 1; i <= 20; i++)
		EXPECT_DONE(test, &f->j[i], 0);
}

static int spawner(void *arg)
{
	struct tree { struct fx *f; int depth; } *t = arg, child = *t;

	child.depth--;
	atomic_inc(&t->f->n);
	if (t->depth && (goro_group_go_copy(&t->f->other, spawner, &child, sizeof(child)) ||
			 goro_group_go_copy(&t->f->other, spawner, &child, sizeof(child))))
		return -EIO;
	return 0;
}

/* members start members; wait sees the last of them */
static void nested(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct { struct fx *f; int depth; } root = { f, 9 };

	KUNIT_ASSERT_EQ(test, goro_group_go_copy(&f->other, spawner, &root, sizeof(root)), 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), (1 << 10) - 1);
}

static int spawn_until_cancel(void *arg)
{
	struct fx *f = arg;
	int err;

	do {
		atomic_inc(&f->n);
		err = goro_group_go(&f->other, spawn_until_cancel, f);
		if (!err)
			err = goro_sleep(1000);
	} while (!err && atomic_read(&f->n) < 2000);
	if (err && err != -ECANCELED)
		atomic_inc(&f->bad);
	return 0;
}

/* cancel races with members that start others: all end, none is missed */
static void cancel_races_go(struct kunit *test)
{
	struct fx *f = fx_of(test);

	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, spawn_until_cancel, f), 0);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) > 20));
	goro_group_stop(&f->other);
	KUNIT_EXPECT_EQ(test, f->other.n, 0L);
	KUNIT_EXPECT_TRUE(test, list_empty(&f->other.members));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(empty),
	KUNIT_CASE(waits_for_all),
	KUNIT_CASE(first_error),
	KUNIT_CASE(copies_and_attrs),
	KUNIT_CASE_PARAM(cancel_reaches, wait_gen_params),
	KUNIT_CASE_PARAM(cancel_before_wait, wait_gen_params),
	KUNIT_CASE(cancelled_still_works),
	KUNIT_CASE(cancel_spares_others),
	KUNIT_CASE(stop),
	KUNIT_CASE(own_group),
	KUNIT_CASE(stop_by_cancelled),
	KUNIT_CASE(many_waiters),
	KUNIT_CASE(nested),
	KUNIT_CASE(cancel_races_go),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_group",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
