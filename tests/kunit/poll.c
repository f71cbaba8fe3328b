// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_poll: waiting for files, by a file whose readiness the case sets.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include "kunit.h"

#define QUEUES	40

/* a file that is ready when we say so */
struct source {
	wait_queue_head_t q[QUEUES];
	int queues;		/* how many of them poll names */
	int asked;		/* how often poll was called */
	__poll_t ready;
	struct goro_chan *first;	/* poll waits here when it names the queues */
	int got;
	u64 v;
};

static __poll_t source_poll(struct file *file, poll_table *pt)
{
	struct source *s = file->private_data;
	int i;

	for (i = 0; i < s->queues; i++)
		poll_wait(file, &s->q[i], pt);
	WRITE_ONCE(s->asked, s->asked + 1);
	if (pt && s->first)
		s->got = goro_chan_recv(s->first, &s->v);
	return READ_ONCE(s->ready);
}

static const struct file_operations source_fops = { .poll = source_poll };

static struct source *source(struct kunit *test, int queues)
{
	struct source *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	struct file *file;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, s);
	for (i = 0; i < ARRAY_SIZE(s->q); i++)
		init_waitqueue_head(&s->q[i]);
	s->queues = queues;
	file = anon_inode_getfile("goro_kunit", &source_fops, s, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	fx_of(test)->priv = file;
	return s;
}

static void source_put(struct kunit *test, struct source *s)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(s->q); i++)
		/* nobody polls any more */
		KUNIT_EXPECT_FALSE(test, waitqueue_active(&s->q[i]));
	fput(fx_of(test)->priv);
}

static void set_ready(struct source *s, int queue, __poll_t ready, __poll_t key)
{
	WRITE_ONCE(s->ready, ready);
	wake_up_poll(&s->q[queue], key);
}

static int poll_in(struct job *j)
{
	return goro_poll(j->f->priv, EPOLLIN, j->deadline);
}

static void without_wait(struct kunit *test)
{
	struct source *s = source(test, 1);
	struct file *file = fx_of(test)->priv;
	u64 at;

	KUNIT_EXPECT_EQ(test, goro_poll(file, EPOLLIN, GORO_NOW), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_poll(file, EPOLLIN, 1), -ETIMEDOUT);
	at = goro_in(SHORT_NS);
	KUNIT_EXPECT_EQ(test, goro_poll(file, EPOLLIN, at), -ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get_ns(), at);
	s->ready = EPOLLIN | EPOLLOUT;
	KUNIT_EXPECT_EQ(test, goro_poll(file, EPOLLIN, GORO_NOW), EPOLLIN);
	KUNIT_EXPECT_EQ(test, goro_poll(file, EPOLLIN | EPOLLOUT, 1), EPOLLIN | EPOLLOUT);
	KUNIT_EXPECT_EQ(test, goro_poll(file, EPOLLPRI, GORO_NOW), -EAGAIN);
	s->ready = EPOLLERR;	/* always of interest, as is EPOLLHUP */
	KUNIT_EXPECT_EQ(test, goro_poll(file, EPOLLIN, GORO_FOREVER), EPOLLERR);
	s->ready = EPOLLHUP;
	KUNIT_EXPECT_EQ(test, goro_poll(file, 0, GORO_FOREVER), EPOLLHUP);
	source_put(test, s);
}

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

static void wakes(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct source *s = source(test, 2);
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 6; i++)
		job_start(test, job_set(f, i, poll_in, NULL),
			  i % 2 ? who->recv_thread : who->send_thread);
	KUNIT_ASSERT_TRUE(test, eventually(wq_waiters(&s->q[0]) == 6 && wq_waiters(&s->q[1]) == 6));
	set_ready(s, 1, EPOLLIN, EPOLLIN);
	jobs_done(test, 6, EPOLLIN);
	source_put(test, s);
}

/* keys of other events do not wake; wakeups without cause do not end the wait */
static void waits_on(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct source *s = source(test, 1);
	struct job *j = job_set(fx_of(test), 0, poll_in, NULL);
	int i, asked = 2;	/* without an entry, and with it */

	job_start(test, j, who->recv_thread);
	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(s->asked) == asked &&
					   wq_waiters(&s->q[0]) == 1));
	if (!who->recv_thread)
		KUNIT_ASSERT_TRUE(test, eventually(members_in(&fx_of(test)->grp,
							      GORO_R_POLL) == 1));
	set_ready(s, 0, EPOLLOUT, EPOLLOUT);
	KUNIT_EXPECT_EQ(test, READ_ONCE(s->asked), asked);
	for (i = 0; i < 5; i++) {
		set_ready(s, 0, 0, i % 2 ? EPOLLIN : 0);	/* a false alarm */
		asked += 2;
		KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(s->asked) == asked &&
						   wq_waiters(&s->q[0]) == 1));
		KUNIT_EXPECT_FALSE(test, job_done(j));
	}
	set_ready(s, 0, EPOLLIN | EPOLLOUT, EPOLLIN);
	EXPECT_DONE(test, j, EPOLLIN);
	source_put(test, s);
}

static int poll_now(struct job *j)
{
	return goro_poll(j->f->priv, EPOLLIN, GORO_NOW);
}

/* more queues than fit in the caller's frame, and than in one piece of memory */
static void many_queues(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct source *s = source(test, QUEUES);
	struct fx *f = fx_of(test);
	int i, k;

	for (i = 0; i < QUEUES; i += 3) {
		struct job *j = job_set(f, 0, poll_in, NULL);

		j->done = 0;
		job_start(test, j, who->recv_thread);
		KUNIT_ASSERT_TRUE(test, eventually(wq_waiters(&s->q[QUEUES - 1]) == 1));
		for (k = 0; k < QUEUES; k++)
			KUNIT_EXPECT_EQ(test, wq_waiters(&s->q[k]), 1U);
		set_ready(s, i, EPOLLIN, EPOLLIN);
		EXPECT_DONE(test, j, EPOLLIN);
		s->ready = 0;
		if (who->recv_thread)
			break;
	}
	/* by a deadline, and by nobody */
	KUNIT_EXPECT_EQ(test, goro_poll(f->priv, EPOLLIN, goro_in(SHORT_NS)), -ETIMEDOUT);
	job_start(test, job_set(f, 1, poll_now, NULL), who->recv_thread);
	EXPECT_DONE(test, &f->j[1], -EAGAIN);
	source_put(test, s);
}

/* the queue goes away under a waiter: its owner says POLLFREE to each entry */
static void pollfree(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct source *s = source(test, 2);
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 3; i++)
		job_start(test, job_set(f, i, poll_in, NULL), who->recv_thread);
	KUNIT_ASSERT_TRUE(test, eventually(wq_waiters(&s->q[0]) == 3 && wq_waiters(&s->q[1]) == 3));
	WRITE_ONCE(s->ready, EPOLLHUP);
	wake_up_pollfree(&s->q[0]);
	KUNIT_EXPECT_EQ(test, wq_waiters(&s->q[0]), 0U);
	synchronize_rcu();
	memset(&s->q[0], 0x5a, sizeof(s->q[0]));
	jobs_done(test, 3, EPOLLHUP);
	init_waitqueue_head(&s->q[0]);
	source_put(test, s);
}

static int poll_often(struct job *j)
{
	int i, n = 0;

	for (i = 0; i < 300; i++) {
		int ret = goro_poll(j->f->priv, EPOLLIN, goro_in((i % 16) * 2000));

		if (ret == EPOLLIN)
			n++;
		else if (ret != -ETIMEDOUT && ret != -EAGAIN)
			return ret;
	}
	return n;
}

/* wakeups, deadlines and registrations race */
static void races(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct source *s = source(test, 1);
	struct fx *f = fx_of(test);
	int i, left = 8;

	for (i = 0; i < 8; i++)
		job_start(test, job_set(f, i, poll_often, NULL), who->recv_thread);
	while (left && atomic_read(&f->n2) < 1000000) {
		atomic_inc(&f->n2);
		set_ready(s, 0, EPOLLIN, EPOLLIN);
		cond_resched();
		WRITE_ONCE(s->ready, 0);
		usleep_range(1, 20);
		for (left = 0, i = 0; i < 8; i++)
			left += !job_done(&f->j[i]);
	}
	for (i = 0; i < 8; i++) {
		KUNIT_ASSERT_TRUE(test, eventually(job_done(&f->j[i])));
		KUNIT_EXPECT_GE(test, f->j[i].ret, 0L);
	}
	source_put(test, s);
}

/* who polls a file whose poll waits by goro */
static const struct inside {
	const char *name;
	bool thread, locked, ctx;
	int nested;	/* waits that need a waiter of their own */
} insides[] = {
	{ "goroutine", false, false, false, 1 },
	{ "locked goroutine", false, true, false, 1 },
	{ "goroutine under a context", false, false, true, 1 },
	{ "thread", true, false, false, 0 },
	{ "thread under a context", true, false, true, 1 },
};

KUNIT_ARRAY_PARAM_DESC(inside, insides, name);

static struct goro_ctx *inside_ctx;

static int poll_inside(struct job *j)
{
	const struct inside *in = (void *)j->v;
	int ret;

	if (in->locked && goro_lock_thread())
		return -EIO;
	ret = in->ctx ? goro_poll_ctx(inside_ctx, j->f->priv, EPOLLIN, j->deadline) : poll_in(j);
	if (in->locked && goro_unlock_thread())
		return -EIO;
	return ret;
}

static int counts(void *arg)
{
	atomic_inc(&((struct fx *)arg)->n);
	return 0;
}

/*
 * The file becomes ready while its poll waits for something else: that wait goes on,
 * to its own end, and others have the P meanwhile; then the file is ready.
 */
static void waits_inside(struct kunit *test)
{
	const struct inside *in = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct source *s = source(test, 1);
	struct fx *f = fx_of(test);
	u64 nested = goro_counter(GORO_C_WAIT_NESTED), v = 7;
	unsigned int procs = goro_procs();
	struct job *j;

	inside_ctx = goro_ctx_with_cancel(goro_ctx_background());
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, inside_ctx);
	KUNIT_EXPECT_GE(test, goro_set_procs(1), 0);
	s->first = c;
	j = job_set(f, 0, poll_inside, NULL);
	j->v = (u64)in;
	job_start(test, j, in->thread);
	KUNIT_EXPECT_TRUE(test, eventually(receivers(c) == 1));
	KUNIT_EXPECT_EQ(test, wq_waiters(&s->q[0]), 1U);
	set_ready(s, 0, EPOLLIN, EPOLLIN);
	KUNIT_EXPECT_EQ(test, goro_group_go(&f->other, counts, f), 0);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) == 1));
	KUNIT_EXPECT_EQ(test, receivers(c), 1U);
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(c, &v, NET), 0);
	EXPECT_DONE(test, j, EPOLLIN);
	KUNIT_EXPECT_EQ(test, s->got, 1);
	KUNIT_EXPECT_EQ(test, s->v, 7ULL);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_WAIT_NESTED), nested + in->nested);
	KUNIT_EXPECT_GE(test, goro_set_procs(procs), 0);
	goro_ctx_cancel(inside_ctx);
	goro_ctx_put(inside_ctx);
	source_put(test, s);
}

static struct kunit_case poll_cases[] = {
	KUNIT_CASE(without_wait),
	KUNIT_CASE_PARAM(wakes, who_gen_params),
	KUNIT_CASE_PARAM(waits_on, who_gen_params),
	KUNIT_CASE_PARAM(many_queues, who_gen_params),
	KUNIT_CASE_PARAM(pollfree, who_gen_params),
	KUNIT_CASE_PARAM(races, who_gen_params),
	KUNIT_CASE_PARAM(waits_inside, inside_gen_params),
	{}
};

static struct kunit_suite poll_suite = {
	.name = "goro_poll",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = poll_cases,
};
kunit_test_suite(poll_suite);
