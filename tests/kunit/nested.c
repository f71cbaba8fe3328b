// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_nested: waits inside of waits: a condition of goro_wait_event(), or a
 * file's ->poll, waits itself, ends its goroutine, or leads it to another M.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include "kunit.h"

struct ev {
	wait_queue_head_t wq;
	int tokens;		/* what is waited for */
	int looks;		/* at the condition */
	u64 asked;		/* how often for a P, after the wait inside */
};

static struct ev *ev(struct kunit *test)
{
	struct ev *e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, e);
	init_waitqueue_head(&e->wq);
	fx_of(test)->priv = e;
	return e;
}

static void give(struct ev *e)
{
	WRITE_ONCE(e->tokens, 1);
	wake_up(&e->wq);
}

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

/* the second look, with the entry made, and each later one waits for a message */
static bool token_after_message(struct job *j)
{
	struct ev *e = j->f->priv;

	if (e->looks++ && goro_chan_recv(j->c, NULL) != 1)
		atomic_inc(&j->f->bad);
	return READ_ONCE(e->tokens);
}

static int waits_inside_it(struct job *j)
{
	struct ev *e = j->f->priv;

	return goro_wait_event(e->wq, token_after_message(j));
}

/* a condition that waits itself: wakeups do not end that wait, and none is lost */
static void condition_waits(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 0, 0);
	struct job *j = job_set(fx_of(test), 0, waits_inside_it, c);
	struct ev *e = ev(test);

	job_start(test, j, who->recv_thread);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 1));
	KUNIT_EXPECT_EQ(test, wq_waiters(&e->wq), 1U);
	/* while it looks, and what it looks for is not there: it looks once more */
	wake_up(&e->wq);
	KUNIT_EXPECT_EQ(test, receivers(c), 1U);
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(c, NULL, NET), 0);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 1));
	KUNIT_EXPECT_EQ(test, READ_ONCE(e->looks), 3);
	/* it is there now */
	give(e);
	KUNIT_EXPECT_EQ(test, receivers(c), 1U);
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(c, NULL, NET), 0);
	EXPECT_DONE(test, j, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx_of(test)->bad), 0);
	KUNIT_EXPECT_EQ(test, wq_waiters(&e->wq), 0U);
}

static DECLARE_WAIT_QUEUE_HEAD(outer_wq);
static DECLARE_WAIT_QUEUE_HEAD(inner_wq);

/* Looks in vain the first time, and is on another M then. */
static bool looks_elsewhere(struct job *j)
{
	struct task_struct *was = current;
	struct fx *f = j->f;
	u64 end = NET;

	if (READ_ONCE(f->flag))
		return true;
	/* the P goes to another M, who has enough to do with it, and this G to that one */
	while (current == was && ktime_get_ns() < end) {
		goro_block_begin();
		usleep_range(20, 100);
		goro_block_end();
	}
	if (current == was)
		atomic_inc(&f->bad);
	WRITE_ONCE(f->priv, current);
	return false;
}

static bool looks_inside(struct job *j)
{
	/* not armed yet: to wait would be nothing special */
	if (atomic_inc_return(&j->f->n) == 1)
		return false;
	return !goro_wait_event(inner_wq, looks_elsewhere(j));
}

static int moves_inside(struct job *j)
{
	return goro_wait_event(outer_wq, looks_inside(j));
}

static int yields_along(struct job *j)
{
	while (!job_done(&j->f->j[0]))
		goro_yield();
	return 0;
}

/* a condition whose condition leaves the M that it began on: the right one is woken */
static void condition_moves(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i, n = min(2 * goro_procs(), JOBS - 1U);
	struct task_struct *m;

	for (i = 1; i <= n; i++)
		job_go(test, job_set(f, i, yields_along, NULL));
	job_go(test, job_set(f, 0, moves_inside, NULL));
	/* it waits there */
	KUNIT_EXPECT_TRUE(test, eventually((m = READ_ONCE(f->priv)) &&
					   READ_ONCE(m->__state) != TASK_RUNNING));
	WRITE_ONCE(f->flag, true);
	wake_up(&inner_wq);
	for (i = 0; i <= n; i++)
		EXPECT_DONE(test, &f->j[i], 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

/* ---- the P after it ------------------------------------------------------ */

static const struct kind { const char *name; bool locked; enum goro_counter asks; } kinds[] = {
	{ "a goroutine", false, GORO_C_HANDOFF_QUEUED },
	{ "a locked one", true, GORO_C_P_WANTED },
};
KUNIT_ARRAY_PARAM_DESC(kind, kinds, name);

static bool asks_for_a_p(struct job *j, const struct kind *kind)
{
	struct ev *e = j->f->priv;
	u64 asked;

	if (!e->looks++)
		return false;
	asked = goro_counter(kind->asks);
	if (goro_chan_recv(j->c, NULL) != 1)
		atomic_inc(&j->f->bad);
	e->asked = goro_counter(kind->asks) - asked;
	return true;
}

static int goes_on(struct job *j)
{
	const struct kind *kind = (void *)j->v;
	struct ev *e = j->f->priv;
	int ret = kind->locked ? goro_lock_thread() : 0;

	ret = ret ?: goro_wait_event(e->wq, asks_for_a_p(j, kind));
	return kind->locked ? goro_unlock_thread() ?: ret : ret;
}

static int has_the_p(struct job *j)
{
	while (!job_done(&j->f->j[0])) {
		atomic_inc(&j->f->n);
		goro_yield();
	}
	return 0;
}

/* the P went to somebody else: it goes on when it has one, not beside that one */
static void waits_for_a_p(struct kunit *test)
{
	struct job *j = job_set(fx_of(test), 0, goes_on, fx_chan(test, 0, 0, 0));
	struct ev *e = ev(test);
	struct fx *f = fx_of(test);

	KUNIT_ASSERT_TRUE(test, fx_one_p());
	j->v = (u64)test->param_value;
	job_go(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(f->c[0]) == 1));
	job_go(test, job_set(f, 1, has_the_p, NULL));
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) > 0));
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(f->c[0], NULL, NET), 0);
	jobs_done(test, 2, 0);
	KUNIT_EXPECT_EQ(test, e->asked, 1ULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

/* ---- goro_exit() inside ------------------------------------------------- */

/* with its entry made it waits for a word, and ends */
static bool ends_there(struct fx *f)
{
	struct ev *e = f->priv;

	if (!e->looks++)
		return false;
	if (goro_chan_recv(f->c[0], NULL) != 1)
		atomic_inc(&f->bad);
	goro_exit();
}

static void in_condition(void *arg)
{
	struct fx *f = arg;
	struct ev *e = f->priv;

	if (!goro_wait_event(e->wq, ends_there(f)))
		atomic_inc(&f->bad);
}

static void in_exclusive(void *arg)
{
	struct fx *f = arg;
	struct ev *e = f->priv;

	if (!goro_wait_event_exclusive(e->wq, ends_there(f)))
		atomic_inc(&f->bad);
}

#define ENTRIES	20	/* so many that some are allocated */

static __poll_t poll_ends(struct file *file, poll_table *pt)
{
	struct fx *f = file->private_data;
	struct ev *e = f->priv;
	int i;

	for (i = 0; i < ENTRIES; i++)
		poll_wait(file, &e->wq, pt);
	if (pt && ends_there(f))
		atomic_inc(&f->bad);
	return 0;
}

static const struct file_operations fops = { .poll = poll_ends };

/* the case's: a goroutine that ends so gives nothing back */
static struct file *file;

static void in_poll(void *arg)
{
	if (!goro_poll(file, EPOLLIN, GORO_FOREVER))
		atomic_inc(&((struct fx *)arg)->bad);
}

static void in_select(void *arg)
{
	struct fx *f = arg;
	struct goro_case cases[] = {
		GORO_FILE(file, EPOLLIN), GORO_RECV(f->c[1], NULL),
	};

	if (!goro_select(cases, ARRAY_SIZE(cases)))
		atomic_inc(&f->bad);
}

static const struct place { const char *name; void (*fn)(void *arg); u32 entries; } places[] = {
	{ "a condition", in_condition, 1 }, { "exclusive", in_exclusive, 1 },
	{ "poll", in_poll, ENTRIES }, { "select", in_select, ENTRIES },
};
KUNIT_ARRAY_PARAM_DESC(place, places, name);

static int next_one(struct job *j)
{
	struct ev *e = j->f->priv;

	return goro_wait_event_exclusive(e->wq, READ_ONCE(e->tokens));
}

/*
 * A goroutine ends in the look of its wait: nothing of it stays in a queue. What woke
 * it meanwhile, as the first of exclusive waiters, goes on to the next one.
 */
static void exits(struct kunit *test)
{
	const struct place *place = test->param_value;
	struct fx *f = fx_of(test);
	struct ev *e = ev(test);
	struct job *j;

	fx_chan(test, 0, 0, 0);
	fx_chan(test, 1, 0, 0);
	file = anon_inode_getfile("goro_kunit", &fops, f, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	e->looks = place->entries > 1;	/* the first look with a table has entries */
	KUNIT_EXPECT_EQ(test, goro_go(place->fn, f), 0);
	KUNIT_EXPECT_TRUE(test, eventually(receivers(f->c[0]) == 1));
	KUNIT_EXPECT_EQ(test, wq_waiters(&e->wq), place->entries);
	j = job_set(f, 0, next_one, NULL);
	job_go(test, j);
	KUNIT_EXPECT_TRUE(test, eventually(wq_waiters(&e->wq) == place->entries + 1));
	give(e);
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(f->c[0], NULL, NET), 0);
	EXPECT_DONE(test, j, 0);
	KUNIT_EXPECT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, wq_waiters(&e->wq), 0U);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	fput(file);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(condition_waits, who_gen_params),
	KUNIT_CASE(condition_moves),
	KUNIT_CASE_PARAM(waits_for_a_p, kind_gen_params),
	KUNIT_CASE_PARAM(exits, place_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_nested",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
