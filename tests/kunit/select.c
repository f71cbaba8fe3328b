// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_select: each thing that a select does, brought about step by step.
 * After every case of the suite no queue of any channel holds anybody.
 */
#include <linux/sched/signal.h>
#include <linux/wait.h>
#include "select.h"

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

struct sel *sel_of(struct job *j)
{
	struct sel *all = j->f->priv;

	return &all[j - j->f->j];
}

int sel_init(struct kunit *test)
{
	int err = fx_init(test);
	struct fx *f = fx_of(test);

	if (err)
		return err;
	f->priv = kunit_kzalloc(test, JOBS * sizeof(struct sel), GFP_KERNEL);
	return f->priv ? 0 : -ENOMEM;
}

static int do_select(struct job *j)
{
	struct sel *s = sel_of(j);

	return goro_select_until(s->cases, s->n, j->deadline);
}

struct job *sel_job(struct kunit *test, int i)
{
	struct job *j = job_set(fx_of(test), i, do_select, NULL);

	memset(sel_of(j), 0, sizeof(struct sel));
	return j;
}

int sel_recv(struct job *j, struct goro_chan *c)
{
	struct sel *s = sel_of(j);

	s->v[s->n] = 999;
	s->cases[s->n] = (struct goro_case)GORO_RECV(c, &s->v[s->n]);
	s->cases[s->n].ret = 77;
	return s->n++;
}

int sel_send(struct job *j, struct goro_chan *c, u64 v)
{
	struct sel *s = sel_of(j);

	s->v[s->n] = v;
	s->cases[s->n] = (struct goro_case)GORO_SEND(c, &s->v[s->n]);
	s->cases[s->n].ret = 77;
	return s->n++;
}

void sel_wait(struct kunit *test, struct job *j, bool thread)
{
	u64 parks = goro_counter(GORO_C_SELECT_PARK);
	struct sel *s = sel_of(j);
	unsigned int i;

	job_start(test, j, thread);
	KUNIT_ASSERT_TRUE(test, eventually(goro_counter(GORO_C_SELECT_PARK) > parks));
	/* counted when it was in all queues */
	for (i = 0; i < s->n; i++) {
		struct goro_chan *c = s->cases[i].chan;

		if (c)
			KUNIT_EXPECT_GT(test, senders(c) + receivers(c), 0U);
	}
}

#define EXPECT_CASE(test, j, i, res, val)				\
do {									\
	struct sel *__s = sel_of(j);					\
									\
	EXPECT_DONE(test, j, i);					\
	KUNIT_EXPECT_EQ(test, __s->cases[i].ret, res);			\
	KUNIT_EXPECT_EQ(test, __s->v[i], (u64)(val));			\
} while (0)

static void bad_args(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 2);
	u64 v = 7;
	struct goro_case cases[] = { GORO_SEND(c, &v), GORO_SEND(c, &v) };

	KUNIT_EXPECT_EQ(test, goro_select(NULL, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_select(cases, GORO_SELECT_MAX + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_select(cases, UINT_MAX), -EINVAL);
	cases[1].op = GORO_CASE_SOCK + 1;
	KUNIT_EXPECT_EQ(test, goro_select(cases, 2), -EINVAL);
	cases[1].op = U8_MAX;
	KUNIT_EXPECT_EQ(test, goro_select_until(cases, 2, GORO_NOW), -EINVAL);
	cases[1] = (struct goro_case)GORO_SEND(c, NULL);
	KUNIT_EXPECT_EQ(test, goro_select(cases, 2), -EINVAL);
	/* and the first one, which was ready, has not been done */
	EXPECT_CHAN(test, c, 0, 0, 0);
}

/* Go: test/chan/select3.go, nonblock.go: nil channels, empty selects, and default */
static void nothing_ready(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	u64 v = 7;
	struct goro_case cases[] = {
		GORO_RECV(NULL, &v), GORO_SEND(NULL, &v), { }, GORO_RECV(c, &v), GORO_SEND(c, &v),
	};
	u32 n;

	for (n = 0; n <= ARRAY_SIZE(cases); n++) {
		KUNIT_EXPECT_EQ(test, goro_select_until(cases, n, GORO_NOW), -EAGAIN);
		KUNIT_EXPECT_EQ(test, goro_select_until(cases, n, 1), -ETIMEDOUT);
		KUNIT_EXPECT_EQ(test, goro_select_until(cases, n, goro_in(SHORT_NS)), -ETIMEDOUT);
		EXPECT_CHAN(test, c, 0, 0, 0);
	}
	KUNIT_EXPECT_EQ(test, goro_select_until(NULL, 0, GORO_NOW), -EAGAIN);
	KUNIT_EXPECT_EQ(test, v, 7ULL);
}

/* Go: an empty select, and one of nil channels, blocks for ever: until it is cancelled */
static void blocks_for_ever(struct kunit *test)
{
	struct job *j = sel_job(test, 0), *k = sel_job(test, 1);
	struct fx *f = fx_of(test);

	sel_recv(k, NULL);
	sel_send(k, NULL, 1);
	j->deadline = GORO_FOREVER;
	k->deadline = GORO_FOREVER;
	job_go(test, j);
	job_go(test, k);
	KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_NIL) == 2));
	goro_group_cancel(&f->grp);
	EXPECT_DONE(test, j, -ECANCELED);
	EXPECT_DONE(test, k, -ECANCELED);
}

/* Go: test/chan/select7.go, select3.go: what is ready is done at once, and nothing else */
static void ready_at_once(struct kunit *test)
{
	struct goro_chan *a = fx_chan(test, 0, 8, 1), *b = fx_chan(test, 1, 8, 1);
	struct goro_chan *u = fx_chan(test, 2, 8, 0), *never = fx_chan(test, 3, 8, 0);
	u64 v = 5, x = 9;
	struct goro_case cases[] = {
		GORO_RECV(never, &x), GORO_RECV(a, &x), GORO_RECV(b, NULL), GORO_SEND(never, &v),
	};
	struct job *j;

	KUNIT_ASSERT_EQ(test, goro_chan_try_send(a, &v), 0);
	KUNIT_EXPECT_EQ(test, goro_select(cases, 4), 1);	/* from the buffer */
	KUNIT_EXPECT_EQ(test, cases[1].ret, 1);
	KUNIT_EXPECT_EQ(test, x, 5ULL);
	KUNIT_ASSERT_EQ(test, goro_chan_try_send(b, &v), 0);
	KUNIT_EXPECT_EQ(test, goro_select(cases, 4), 2);	/* and dropped */
	KUNIT_EXPECT_EQ(test, cases[2].ret, 1);
	EXPECT_CHAN(test, b, 0, 0, 0);

	cases[1] = (struct goro_case)GORO_SEND(a, &v);
	KUNIT_EXPECT_EQ(test, goro_select(cases, 4), 1);	/* into the buffer */
	KUNIT_EXPECT_EQ(test, cases[1].ret, 0);
	EXPECT_CHAN(test, a, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, goro_select_until(cases, 4, GORO_NOW), -EAGAIN);

	j = job_set(fx_of(test), 0, do_send, u);
	j->v = 11;
	job_go(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(senders(u) == 1));
	cases[0] = (struct goro_case)GORO_RECV(u, &x);
	KUNIT_EXPECT_EQ(test, goro_select_until(cases, 4, GORO_NOW), 0);	/* from a sender */
	KUNIT_EXPECT_EQ(test, x, 11ULL);
	EXPECT_DONE(test, j, 0);

	j = job_set(fx_of(test), 1, do_recv, u);
	job_thread(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(u) == 1));
	cases[0] = (struct goro_case)GORO_SEND(u, &v);
	KUNIT_EXPECT_EQ(test, goro_select(cases, 4), 0);	/* to a receiver */
	EXPECT_DONE(test, j, 1);
	KUNIT_EXPECT_EQ(test, j->v, 5ULL);

	/* full, and a sender waits: its element moves up */
	j = job_set(fx_of(test), 2, do_send, a);
	j->v = 6;
	job_go(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(senders(a) == 1));
	cases[1] = (struct goro_case)GORO_RECV(a, &x);
	KUNIT_EXPECT_EQ(test, goro_select(cases, 4), 1);
	KUNIT_EXPECT_EQ(test, x, 5ULL);
	EXPECT_DONE(test, j, 0);
	KUNIT_EXPECT_EQ(test, goro_select(cases, 4), 1);
	KUNIT_EXPECT_EQ(test, x, 6ULL);
	EXPECT_CHAN(test, a, 0, 0, 0);
	EXPECT_CHAN(test, u, 0, 0, 0);
	EXPECT_CHAN(test, never, 0, 0, 0);
}

/* Go: test/chan/select3.go: closed is ready; a send is chosen, too (Go panics then) */
static void closed_is_ready(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 1), *never = fx_chan(test, 1, 8, 0);
	u64 v = 5, x = 9;
	struct goro_case cases[] = { GORO_RECV(never, &x), GORO_RECV(c, &x) };

	KUNIT_ASSERT_EQ(test, goro_chan_try_send(c, &v), 0);
	KUNIT_ASSERT_EQ(test, goro_chan_close(c), 0);
	KUNIT_EXPECT_EQ(test, goro_select_until(cases, 2, GORO_NOW), 1);
	KUNIT_EXPECT_EQ(test, cases[1].ret, 1);		/* drained first */
	KUNIT_EXPECT_EQ(test, x, 5ULL);
	KUNIT_EXPECT_EQ(test, goro_select(cases, 2), 1);
	KUNIT_EXPECT_EQ(test, cases[1].ret, 0);
	KUNIT_EXPECT_EQ(test, x, 0ULL);
	cases[1] = (struct goro_case)GORO_SEND(c, &v);
	KUNIT_EXPECT_EQ(test, goro_select(cases, 2), 1);
	KUNIT_EXPECT_EQ(test, cases[1].ret, -EPIPE);
	cases[1] = (struct goro_case)GORO_RECV(c, NULL);
	KUNIT_EXPECT_EQ(test, goro_select(cases, 2), 1);
	KUNIT_EXPECT_EQ(test, cases[1].ret, 0);
}

/* the same cases, waiting: each of them ends it, and it leaves all queues */
static void waits(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c[3];
	struct job *j, *p;
	int i, k, n = 0;

	for (i = 0; i < 3; i++)
		c[i] = fx_chan(test, i, 8, 0);
	for (i = 0; i < 6; i++) {
		j = sel_job(test, n++);
		sel_recv(j, c[0]);
		sel_send(j, c[0], 20);
		sel_recv(j, c[1]);
		sel_recv(j, NULL);
		sel_send(j, c[2], 22);
		sel_recv(j, c[1]);
		sel_wait(test, j, who->recv_thread);
		EXPECT_CHAN(test, c[0], 0, 1, 1);
		EXPECT_CHAN(test, c[1], 0, 0, 2);
		EXPECT_CHAN(test, c[2], 0, 1, 0);

		k = i / 2;
		p = job_set(fx_of(test), n++, k == 2 || i == 1 ? do_recv : do_send, c[k]);
		p->v = 100 + i;
		job_start(test, p, who->send_thread);
		if (k == 2 || i == 1) {
			EXPECT_DONE(test, p, 1);
			KUNIT_EXPECT_EQ(test, p->v, k == 2 ? 22ULL : 20ULL);
			EXPECT_CASE(test, j, k == 2 ? 4 : 1, 0, k == 2 ? 22 : 20);
		} else {
			EXPECT_DONE(test, p, 0);
			KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
			/* c[1] is there twice */
			if (k == 1 && j->ret == 5)
				EXPECT_CASE(test, j, 5, 1, 100 + i);
			else
				EXPECT_CASE(test, j, k == 0 ? 0 : 2, 1, 100 + i);
		}
		for (k = 0; k < 3; k++)
			EXPECT_CHAN(test, c[k], 0, 0, 0);
	}
}

static void closed_while_it_waits(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *a = fx_chan(test, 0, 8, 0), *b = fx_chan(test, 1, 8, 0);
	struct goro_chan *full = fx_chan(test, 2, 8, 1);
	struct job *j, *k;
	u64 v = 3, stale;

	KUNIT_ASSERT_EQ(test, goro_chan_try_send(full, &v), 0);
	j = sel_job(test, 0);
	sel_recv(j, a);
	sel_recv(j, b);
	sel_send(j, full, 4);
	k = sel_job(test, 1);
	sel_recv(k, a);
	sel_send(k, full, 4);
	sel_recv(k, a);
	sel_wait(test, j, who->recv_thread);
	sel_wait(test, k, who->send_thread);
	stale = goro_counter(GORO_C_STALE);
	KUNIT_EXPECT_EQ(test, goro_chan_close(full), 0);
	EXPECT_CASE(test, j, 2, -EPIPE, 4);
	EXPECT_CASE(test, k, 1, -EPIPE, 4);
	EXPECT_CHAN(test, full, 1, 0, 0);	/* what was in it stays */
	EXPECT_CHAN(test, a, 0, 0, 0);
	EXPECT_CHAN(test, b, 0, 0, 0);

	/* a receives in two cases of one select: close claims it by the first one */
	j = sel_job(test, 2);
	sel_recv(j, b);
	sel_recv(j, a);
	sel_recv(j, a);
	sel_wait(test, j, who->recv_thread);
	KUNIT_EXPECT_EQ(test, goro_chan_close(a), 0);
	KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
	KUNIT_EXPECT_TRUE(test, j->ret == 1 || j->ret == 2);
	KUNIT_EXPECT_EQ(test, sel_of(j)->cases[j->ret].ret, 0);
	KUNIT_EXPECT_EQ(test, sel_of(j)->v[j->ret], 0ULL);
	KUNIT_EXPECT_EQ(test, sel_of(j)->v[3 - j->ret], 999ULL);
	KUNIT_EXPECT_GE(test, goro_counter(GORO_C_STALE), stale + 1);
	EXPECT_CHAN(test, b, 0, 0, 0);
}

static int select_signalled(struct job *j)
{
	allow_signal(SIGUSR1);
	return do_select(j);
}

/* deadline, cancel, signal: nothing has happened, nothing is left */
static void given_up(struct kunit *test)
{
	struct goro_chan *a = fx_chan(test, 0, 8, 0), *b = fx_chan(test, 1, 8, 0);
	struct fx *f = fx_of(test);
	struct job *j, *t;
	int i;

	for (i = 0; i < 2; i++) {
		j = sel_job(test, i);
		sel_recv(j, a);
		sel_send(j, b, 1);
		j->deadline = goro_in(SHORT_NS);
		job_start(test, j, i);
		EXPECT_DONE(test, j, -ETIMEDOUT);
		EXPECT_CHAN(test, a, 0, 0, 0);
		EXPECT_CHAN(test, b, 0, 0, 0);
	}
	j = sel_job(test, 2);
	sel_recv(j, a);
	sel_send(j, b, 1);
	t = sel_job(test, 3);
	sel_send(t, a, 1);
	sel_recv(t, b);
	/* not each other: one after the other */
	sel_wait(test, j, false);
	KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_SELECT) == 1));
	goro_group_cancel(&f->grp);
	EXPECT_DONE(test, j, -ECANCELED);
	KUNIT_EXPECT_EQ(test, sel_of(j)->cases[0].ret, 77);
	EXPECT_CHAN(test, a, 0, 0, 0);
	EXPECT_CHAN(test, b, 0, 0, 0);

	t->fn = select_signalled;
	sel_wait(test, t, true);
	send_sig(SIGUSR1, t->task, 1);
	EXPECT_DONE(test, t, -EINTR);
	EXPECT_CHAN(test, a, 0, 0, 0);
	EXPECT_CHAN(test, b, 0, 0, 0);
}

/* one who is cancelled already does what is ready, and does not wait */
static int cancelled_selects(struct job *j)
{
	struct sel *s = sel_of(j);

	wait_for_completion(&j->f->go);
	if (goro_select(s->cases, s->n))
		return -EIO;
	return goro_select(s->cases, s->n);
}

static void cancelled_before(struct kunit *test)
{
	struct goro_chan *a = fx_chan(test, 0, 8, 1), *b = fx_chan(test, 1, 8, 0);
	struct fx *f = fx_of(test);
	struct job *j = sel_job(test, 0);
	u64 v = 3;

	KUNIT_ASSERT_EQ(test, goro_chan_try_send(a, &v), 0);
	sel_recv(j, a);
	sel_send(j, b, 1);
	j->fn = cancelled_selects;
	job_go(test, j);
	goro_group_cancel(&f->grp);
	complete_all(&f->go);
	EXPECT_DONE(test, j, -ECANCELED);
	KUNIT_EXPECT_EQ(test, sel_of(j)->v[0], 3ULL);
	EXPECT_CHAN(test, a, 0, 0, 0);
	EXPECT_CHAN(test, b, 0, 0, 0);
}

/* a select does not meet itself, but another one with the same cases */
static void two_alike(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct job *j = sel_job(test, 0), *k = sel_job(test, 1);
	int send, recv;

	send = sel_send(j, c, 1);
	recv = sel_recv(j, c);
	sel_send(k, c, 2);
	sel_recv(k, c);
	KUNIT_EXPECT_EQ(test, goro_select_until(sel_of(j)->cases, 2, GORO_NOW), -EAGAIN);
	sel_wait(test, j, who->send_thread);
	EXPECT_CHAN(test, c, 0, 1, 1);
	job_start(test, k, who->recv_thread);
	KUNIT_ASSERT_TRUE(test, eventually(job_done(j) && job_done(k)));
	KUNIT_EXPECT_EQ(test, j->ret + k->ret, send + recv);
	KUNIT_EXPECT_EQ(test, sel_of(j)->v[recv], j->ret == recv ? 2ULL : 999ULL);
	KUNIT_EXPECT_EQ(test, sel_of(k)->v[recv], k->ret == recv ? 1ULL : 999ULL);
	EXPECT_CHAN(test, c, 0, 0, 0);
}

struct poller {
	wait_queue_entry_t entry;
	struct completion told;
	__poll_t key;
};

static int on_wakeup(wait_queue_entry_t *entry, unsigned int mode, int sync, void *key)
{
	struct poller *p = container_of(entry, struct poller, entry);

	p->key = key_to_poll(key);
	complete(&p->told);
	return 0;
}

/* pollers are told when a select begins to wait, and not of one that has gone */
static void told_to_pollers(struct kunit *test)
{
	struct goro_chan *a = fx_chan(test, 0, 8, 0), *b = fx_chan(test, 1, 8, 0);
	struct fx *f = fx_of(test);
	struct job *j = sel_job(test, 0);
	struct poller p = { };
	u64 v = 3;

	init_waitqueue_func_entry(&p.entry, on_wakeup);
	init_completion(&p.told);
	sel_send(j, a, 1);
	sel_recv(j, b);
	KUNIT_EXPECT_TRUE(test, goro_chan_poll(a) == 0);
	job_go(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_SELECT) == 1));
	add_wait_queue(goro_chan_wq(b), &p.entry);
	goro_group_cancel(&f->grp);
	EXPECT_DONE(test, j, -ECANCELED);
	KUNIT_EXPECT_FALSE(test, completion_done(&p.told));	/* one that goes is no news */

	j = sel_job(test, 1);
	sel_send(j, a, 1);
	sel_recv(j, b);
	job_thread(test, j);
	KUNIT_EXPECT_GT(test, wait_for_completion_timeout(&p.told, 60 * HZ), 0UL);
	KUNIT_EXPECT_TRUE(test, p.key & EPOLLOUT);
	remove_wait_queue(goro_chan_wq(b), &p.entry);
	KUNIT_ASSERT_TRUE(test, eventually(goro_chan_poll(a)));
	KUNIT_EXPECT_TRUE(test, goro_chan_poll(a) == GORO_POLL_IN);
	KUNIT_EXPECT_TRUE(test, goro_chan_poll(b) == GORO_POLL_OUT);

	KUNIT_EXPECT_EQ(test, goro_chan_try_send(b, &v), 0);
	EXPECT_DONE(test, j, 1);
	KUNIT_EXPECT_TRUE(test, goro_chan_poll(a) == 0);
	KUNIT_EXPECT_TRUE(test, goro_chan_poll(b) == 0);
}

/* the array may be used again and again, with cases switched off and on */
static void used_again(struct kunit *test)
{
	struct goro_chan *a = fx_chan(test, 0, 8, 2), *b = fx_chan(test, 1, 8, 2);
	u64 v = 7, x = 0, y = 0;
	struct goro_case cases[] = { GORO_RECV(a, &x), GORO_RECV(b, &y) };
	int i;

	for (i = 0; i < 100; i++) {
		KUNIT_ASSERT_EQ(test, goro_chan_try_send(i % 2 ? a : b, &v), 0);
		KUNIT_ASSERT_EQ(test, goro_select(cases, 2), !(i % 2));
	}
	KUNIT_ASSERT_EQ(test, goro_chan_try_send(a, &v), 0);
	KUNIT_ASSERT_EQ(test, goro_chan_try_send(b, &v), 0);
	cases[0].chan = NULL;
	KUNIT_EXPECT_EQ(test, goro_select(cases, 2), 1);
	KUNIT_EXPECT_EQ(test, goro_select_until(cases, 2, GORO_NOW), -EAGAIN);
	cases[0].chan = a;
	cases[1].op = GORO_CASE_NONE;
	KUNIT_EXPECT_EQ(test, goro_select(cases, 2), 0);
}

/*
 * Each ready case is as likely as the others, wherever it stands: with p = 1/5 and
 * 20000 draws 7 sigma are 396; p < 3e-12 for one case.
 */
static void each_as_likely(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 0, 1), *full = fx_chan(test, 1, 0, 1);
	struct goro_chan *shut = fx_chan(test, 2, 0, 0);
	/* ready: 1, 4, 5, 6, 9 */
	struct goro_case cases[] = {
		GORO_SEND(full, NULL), GORO_RECV(shut, NULL), { }, GORO_RECV(NULL, NULL),
		GORO_SEND(shut, NULL), GORO_RECV(shut, NULL), GORO_RECV(c, NULL),
		GORO_SEND(full, NULL), GORO_RECV(NULL, NULL), GORO_RECV(shut, NULL),
	};
	u32 hits[ARRAY_SIZE(cases)] = { }, i;

	KUNIT_ASSERT_EQ(test, goro_chan_try_send(c, NULL), 0);
	KUNIT_ASSERT_EQ(test, goro_chan_try_send(full, NULL), 0);
	KUNIT_ASSERT_EQ(test, goro_chan_close(shut), 0);
	for (i = 0; i < 20000; i++) {
		int k = goro_select(cases, ARRAY_SIZE(cases));

		KUNIT_ASSERT_GE(test, k, 0);
		hits[k]++;
		if (k == 6)
			KUNIT_ASSERT_EQ(test, goro_chan_try_send(c, NULL), 0);
	}
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		bool ready = i == 1 || (i >= 4 && i <= 6) || i == 9;

		KUNIT_EXPECT_GE(test, hits[i], ready ? 4000U - 396 : 0);
		KUNIT_EXPECT_LE(test, hits[i], ready ? 4000U + 396 : 0);
	}
}

/* the random numbers themselves, for sizes that do not divide 2^32 */
static void random_numbers(struct kunit *test)
{
	static const u32 ns[] = { 1, 2, 3, 7, 64, 1000, 1024 };
	u32 *hits = kunit_kcalloc(test, 1024, sizeof(u32), GFP_KERNEL), i, k;

	KUNIT_ASSERT_NOT_NULL(test, hits);
	for (k = 0; k < ARRAY_SIZE(ns); k++) {
		u32 n = ns[k], each = 2000;

		memset(hits, 0, 1024 * sizeof(u32));
		for (i = 0; i < n * each; i++) {
			u32 x = goro_random(n);

			KUNIT_ASSERT_LT(test, x, n);
			hits[x]++;
		}
		/* 8 sigma of a Poisson distribution of 2000 */
		for (i = 0; i < n; i++) {
			KUNIT_EXPECT_GE(test, hits[i], each - 360);
			KUNIT_EXPECT_LE(test, hits[i], each + 360);
		}
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(bad_args),
	KUNIT_CASE(nothing_ready),
	KUNIT_CASE(blocks_for_ever),
	KUNIT_CASE(ready_at_once),
	KUNIT_CASE(closed_is_ready),
	KUNIT_CASE_PARAM(waits, who_gen_params),
	KUNIT_CASE_PARAM(closed_while_it_waits, who_gen_params),
	KUNIT_CASE(given_up),
	KUNIT_CASE(cancelled_before),
	KUNIT_CASE_PARAM(two_alike, who_gen_params),
	KUNIT_CASE(told_to_pollers),
	KUNIT_CASE(used_again),
	KUNIT_CASE(each_as_likely),
	KUNIT_CASE(random_numbers),
	{ }
};

static struct kunit_suite suite = {
	.name = "goro_select",
	.init = sel_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
