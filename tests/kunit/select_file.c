// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_select_file: files and sockets as cases beside channels, by a file
 * whose readiness the case sets.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/in.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <net/net_namespace.h>
#include "select.h"

#define QUEUES	3

/* a file that is ready when we say so */
struct source {
	struct file *file;
	wait_queue_head_t q[QUEUES];
	int queues;		/* how many of them poll names */
	__poll_t ready;
	__poll_t late;		/* what it says from the second time on that it is asked */
	__poll_t fickle;	/* what it says only while its queues are entered */
	int asked;
	struct goro_chan *first;	/* poll waits here when it names the queues */
	int got;
};

static __poll_t source_poll(struct file *file, poll_table *pt)
{
	struct source *s = file->private_data;
	int i;

	for (i = 0; i < s->queues; i++)
		poll_wait(file, &s->q[i], pt);
	WRITE_ONCE(s->asked, s->asked + 1);
	if (pt && s->first)
		s->got = goro_chan_recv(s->first, NULL);
	return READ_ONCE(s->ready) | (s->asked > 1 ? s->late : 0) | (pt ? s->fickle : 0);
}

static const struct file_operations source_fops = { .poll = source_poll };

static struct source *source(struct kunit *test, int queues)
{
	struct source *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, s);
	for (i = 0; i < QUEUES; i++)
		init_waitqueue_head(&s->q[i]);
	s->queues = queues;
	s->file = anon_inode_getfile("goro_kunit", &source_fops, s, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s->file);
	return s;
}

static void source_put(struct kunit *test, struct source *s)
{
	int i;

	for (i = 0; i < QUEUES; i++)
		KUNIT_EXPECT_FALSE(test, wq_waiters(&s->q[i]));
	fput(s->file);
}

static void set_ready(struct source *s, int queue, __poll_t ready, __poll_t key)
{
	WRITE_ONCE(s->ready, ready);
	wake_up_poll(&s->q[queue], key);
}

static int sel_file(struct job *j, struct source *s, __poll_t events)
{
	struct sel *sel = sel_of(j);

	sel->cases[sel->n] = (struct goro_case)GORO_FILE(s->file, events);
	return sel->n++;
}

/* it waits for files and channels: counted when it is in all queues */
static void wait_for(struct kunit *test, struct job *j, bool thread)
{
	u64 parks = goro_counter(GORO_C_SELECT_PARK);

	job_start(test, j, thread);
	KUNIT_ASSERT_TRUE(test, eventually(goro_counter(GORO_C_SELECT_PARK) > parks));
}

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

static void without_wait(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 1);
	struct source *s = source(test, 1);
	u64 v = 7;
	struct goro_case cases[] = {
		GORO_FILE(s->file, EPOLLIN), GORO_RECV(c, &v), GORO_FILE(NULL, EPOLLIN),
		GORO_SOCK(NULL, EPOLLIN),
	};

	KUNIT_EXPECT_EQ(test, goro_select_until(cases, 4, GORO_NOW), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_select_until(cases, 1, GORO_NOW), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_select_until(cases, 4, 1), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, goro_select_until(cases, 4, goro_in(SHORT_NS)), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, goro_select_until(cases + 2, 2, goro_in(SHORT_NS)), -ETIMEDOUT);
	KUNIT_EXPECT_FALSE(test, wq_waiters(&s->q[0]));
	EXPECT_CHAN(test, c, 0, 0, 0);

	s->ready = EPOLLIN | EPOLLOUT;
	KUNIT_EXPECT_EQ(test, goro_select(cases, 4), 0);
	KUNIT_EXPECT_EQ(test, cases[0].ret, EPOLLIN);	/* not what was not asked for */
	s->ready = EPOLLERR;	/* always of interest */
	KUNIT_EXPECT_EQ(test, goro_select_until(cases, 4, GORO_NOW), 0);
	KUNIT_EXPECT_EQ(test, cases[0].ret, EPOLLERR);
	s->ready = 0;
	KUNIT_ASSERT_EQ(test, goro_chan_try_send(c, &v), 0);
	KUNIT_EXPECT_EQ(test, goro_select(cases, 4), 1);
	KUNIT_EXPECT_EQ(test, cases[1].ret, 1);
	cases[3].op = GORO_CASE_SOCK + 1;
	KUNIT_EXPECT_EQ(test, goro_select(cases, 4), -EINVAL);
	source_put(test, s);
}

/* of a file and a channel that are both ready each is as likely: 7 sigma of 4000 are 221 */
static void file_or_channel(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 0, 0);
	struct source *s = source(test, 1);
	struct goro_case cases[] = { GORO_FILE(s->file, EPOLLIN), GORO_RECV(c, NULL) };
	int i, files = 0;

	s->ready = EPOLLIN;
	KUNIT_ASSERT_EQ(test, goro_chan_close(c), 0);
	for (i = 0; i < 4000; i++)
		files += goro_select(cases, 2) == 0;
	KUNIT_EXPECT_GE(test, files, 2000 - 222);
	KUNIT_EXPECT_LE(test, files, 2000 + 222);
	source_put(test, s);
}

static void waits(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *a = fx_chan(test, 0, 8, 0), *b = fx_chan(test, 1, 8, 0);
	struct source *s = source(test, 1), *t = source(test, 1);
	u64 events, v;
	struct job *j;
	int i;

	for (i = 0; i < 4; i++) {
		j = sel_job(test, i);
		sel_recv(j, a);
		sel_file(j, s, EPOLLIN);
		sel_send(j, b, 12);
		sel_file(j, t, EPOLLOUT);
		events = goro_counter(GORO_C_SELECT_EVENT);
		wait_for(test, j, who->recv_thread);
		EXPECT_CHAN(test, a, 0, 0, 1);
		EXPECT_CHAN(test, b, 0, 1, 0);
		/* what it has not asked for does not wake it; what is not so sends it back */
		wake_up_poll(&s->q[0], EPOLLOUT);
		KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_SELECT_EVENT), events);
		wake_up_poll(&s->q[0], EPOLLIN);
		KUNIT_ASSERT_TRUE(test, eventually(goro_counter(GORO_C_SELECT_EVENT) > events));
		switch (i) {
		case 0:
			v = 11;
			KUNIT_EXPECT_EQ(test, goro_chan_send(a, &v), 0);
			EXPECT_DONE(test, j, 0);
			KUNIT_EXPECT_EQ(test, sel_of(j)->v[0], 11ULL);
			break;
		case 1:
			set_ready(s, 0, EPOLLIN, EPOLLIN);
			EXPECT_DONE(test, j, 1);
			KUNIT_EXPECT_EQ(test, sel_of(j)->cases[1].ret, EPOLLIN);
			s->ready = 0;
			break;
		case 2:
			KUNIT_EXPECT_EQ(test, goro_chan_recv(b, &v), 1);
			KUNIT_EXPECT_EQ(test, v, 12ULL);
			EXPECT_DONE(test, j, 2);
			break;
		case 3:
			set_ready(t, 0, EPOLLOUT | EPOLLHUP, EPOLLHUP);
			EXPECT_DONE(test, j, 3);
			KUNIT_EXPECT_EQ(test, sel_of(j)->cases[3].ret, EPOLLOUT | EPOLLHUP);
			break;
		}
		EXPECT_CHAN(test, a, 0, 0, 0);
		EXPECT_CHAN(test, b, 0, 0, 0);
		KUNIT_EXPECT_FALSE(test, wq_waiters(&s->q[0]));
		KUNIT_EXPECT_FALSE(test, wq_waiters(&t->q[0]));
	}
	source_put(test, s);
	source_put(test, t);
}

/* ready only when it is asked with the entries made: no park */
static void ready_as_it_enters(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct source *s = source(test, QUEUES);
	u64 parks = goro_counter(GORO_C_SELECT_PARK), v;
	struct goro_case cases[] = { GORO_RECV(c, &v), GORO_FILE(s->file, EPOLLIN) };

	s->late = EPOLLIN;
	KUNIT_EXPECT_EQ(test, goro_select(cases, 2), 1);
	KUNIT_EXPECT_EQ(test, cases[1].ret, EPOLLIN);
	KUNIT_EXPECT_EQ(test, s->asked, 3);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_SELECT_PARK), parks);
	source_put(test, s);
}

/* more queues than a case has room for; the wakeup comes by the last one */
static void more_queues(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct source *s = source(test, QUEUES);
	struct job *j = sel_job(test, 0);
	int i;

	sel_recv(j, c);
	sel_file(j, s, EPOLLIN);
	wait_for(test, j, who->recv_thread);
	for (i = 0; i < QUEUES; i++)
		KUNIT_EXPECT_TRUE(test, wq_waiters(&s->q[i]));
	set_ready(s, QUEUES - 1, EPOLLIN, EPOLLIN);
	EXPECT_DONE(test, j, 1);
	EXPECT_CHAN(test, c, 0, 0, 0);
	source_put(test, s);
}

/* the queue goes, as epoll's and signalfd's do: nobody touches it after that */
static void pollfree(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct source *s = source(test, 2);
	struct job *j = sel_job(test, 0);
	int i;

	sel_recv(j, c);
	sel_file(j, s, EPOLLIN);
	wait_for(test, j, who->recv_thread);
	s->ready = EPOLLHUP;
	for (i = 0; i < 2; i++) {
		wake_up_poll(&s->q[i], EPOLLHUP | POLLFREE);
		KUNIT_EXPECT_FALSE(test, wq_waiters(&s->q[i]));
	}
	synchronize_rcu();
	memset(s->q, 0x5a, sizeof(s->q));
	EXPECT_DONE(test, j, 1);
	for (i = 0; i < QUEUES; i++)
		init_waitqueue_head(&s->q[i]);
	source_put(test, s);
}

static void given_up(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct source *s = source(test, QUEUES);
	struct fx *f = fx_of(test);
	struct job *j = sel_job(test, 0);

	sel_recv(j, c);
	sel_file(j, s, EPOLLIN);
	if (who->send_thread)
		j->deadline = goro_in(SHORT_NS);
	wait_for(test, j, false);
	if (!who->send_thread)
		goro_group_cancel(&f->grp);
	EXPECT_DONE(test, j, who->send_thread ? -ETIMEDOUT : -ECANCELED);
	EXPECT_CHAN(test, c, 0, 0, 0);
	source_put(test, s);
}

/* a socket that something comes to, which has no file */
static void socket_case(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct kvec vec = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = { .msg_name = &to, .msg_namelen = sizeof(to) };
	struct job *j = sel_job(test, 0);
	struct socket *in, *out;

	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, 0, &in), 0);
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, 0, &out), 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	KUNIT_ASSERT_EQ(test, kernel_bind(in, (void *)&to, sizeof(to)), 0);
	KUNIT_ASSERT_GE(test, kernel_getsockname(in, (void *)&to), 0);
	sel_recv(j, c);
	sel_of(j)->cases[1] = (struct goro_case)GORO_SOCK(in, EPOLLIN);
	sel_of(j)->n = 2;
	wait_for(test, j, false);
	KUNIT_EXPECT_EQ(test, kernel_sendmsg(out, &msg, &vec, 1, 1), 1);
	EXPECT_DONE(test, j, 1);
	KUNIT_EXPECT_TRUE(test, sel_of(j)->cases[1].ret & EPOLLIN);
	sock_release(in);
	sock_release(out);
}

/*
 * Wakeups of the file race with sends: each select ends by one of them; what was
 * sent is received once.
 */
#define RACES	500

static int race_selects(struct job *j)
{
	struct sel *s = sel_of(j);
	int i, got = 0;

	for (i = 0; i < RACES; i++) {
		int k = goro_select_until(s->cases, s->n, goro_in((i % 16) * 3000));

		if (k == 0)
			got++;
		else if (k != 1 && k != -ETIMEDOUT && k != -EAGAIN)
			return k;
	}
	return got;
}

static void races(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct source *s = source(test, 2);
	struct fx *f = fx_of(test);
	int i, left, sent = 0, got = 0, turns = 0;
	u64 v = 1;

	for (i = 0; i < 4; i++) {
		struct job *j = sel_job(test, i);

		sel_recv(j, c);
		sel_file(j, s, EPOLLIN);
		j->fn = race_selects;
		job_start(test, j, who->recv_thread);
	}
	do {
		set_ready(s, sent & 1, EPOLLIN, EPOLLIN);
		sent += goro_chan_try_send(c, &v) == 0;
		WRITE_ONCE(s->ready, 0);
		sent += goro_chan_try_send(c, &v) == 0;
		usleep_range(1, 20);
		for (left = 0, i = 0; i < 4; i++)
			left += !job_done(&f->j[i]);
	} while (left && ++turns < 1000000);
	for (i = 0; i < 4; i++) {
		KUNIT_ASSERT_TRUE(test, eventually(job_done(&f->j[i])));
		KUNIT_ASSERT_GE(test, f->j[i].ret, 0L);
		got += f->j[i].ret;
	}
	KUNIT_EXPECT_EQ(test, got, sent);
	EXPECT_CHAN(test, c, 0, 0, 0);
	source_put(test, s);
}

/* the file becomes ready while its poll waits for something else: that wait goes on */
static void waits_inside(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *a = fx_chan(test, 0, 8, 0), *b = fx_chan(test, 1, 0, 0);
	struct source *s = source(test, 1);
	struct job *j = sel_job(test, 0);

	sel_recv(j, a);
	sel_file(j, s, EPOLLIN);
	s->first = b;
	job_start(test, j, who->recv_thread);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(b) == 1));
	EXPECT_CHAN(test, a, 0, 0, 0);
	set_ready(s, 0, EPOLLIN, EPOLLIN);
	KUNIT_EXPECT_EQ(test, receivers(b), 1U);
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(b, NULL, NET), 0);
	EXPECT_DONE(test, j, 1);
	KUNIT_EXPECT_EQ(test, s->got, 1);
	EXPECT_CHAN(test, a, 0, 0, 0);
	source_put(test, s);
}

/* a file that is never ready twice: deadline and cancel end the select */
static void never_ready_twice(struct kunit *test)
{
	struct source *s = source(test, 1);
	struct fx *f = fx_of(test);
	struct job *j;
	int i;

	s->fickle = EPOLLIN;
	for (i = 0; i < 2; i++) {
		int asked = READ_ONCE(s->asked);

		j = sel_job(test, i);
		sel_recv(j, NULL);
		sel_file(j, s, EPOLLIN);
		j->deadline = i ? GORO_FOREVER : goro_in(SHORT_NS);
		job_go(test, j);
		KUNIT_EXPECT_TRUE(test, eventually(READ_ONCE(s->asked) > asked + 1));
		if (i)
			goro_group_cancel(&f->grp);
		EXPECT_DONE(test, j, i ? -ECANCELED : -ETIMEDOUT);
	}
	source_put(test, s);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(without_wait),
	KUNIT_CASE(file_or_channel),
	KUNIT_CASE_PARAM(waits, who_gen_params),
	KUNIT_CASE(ready_as_it_enters),
	KUNIT_CASE_PARAM(more_queues, who_gen_params),
	KUNIT_CASE_PARAM(pollfree, who_gen_params),
	KUNIT_CASE_PARAM(given_up, who_gen_params),
	KUNIT_CASE(socket_case),
	KUNIT_CASE_PARAM(races, who_gen_params),
	KUNIT_CASE_PARAM(waits_inside, who_gen_params),
	KUNIT_CASE(never_ready_twice),
	{ }
};

static struct kunit_suite suite = {
	.name = "goro_select_file",
	.init = sel_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
