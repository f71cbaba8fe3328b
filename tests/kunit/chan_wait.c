// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_chan_wait: waiting on channels. Each case brings its goroutines
 * and threads to the point where they wait, sees that they do, acts, and looks
 * at everything that came of it.
 */
#include <linux/sched/signal.h>
#include "kunit.h"

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

/* start a waiter and see it wait */
static struct job *wait_recv(struct kunit *test, int i, struct goro_chan *c, bool thread)
{
	struct job *j = job_set(fx_of(test), i, do_recv, c);
	u32 n = receivers(c);

	j->v = 999;
	job_start(test, j, thread);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == n + 1));
	return j;
}

static struct job *wait_send(struct kunit *test, int i, struct goro_chan *c, u64 v,
			     bool thread)
{
	struct job *j = job_set(fx_of(test), i, do_send, c);
	u32 n = senders(c);

	j->v = v;
	job_start(test, j, thread);
	KUNIT_ASSERT_TRUE(test, eventually(senders(c) == n + 1));
	return j;
}

/* whoever comes first waits; both leave with the element and no buffer used */
static void rendezvous(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct fx *f = fx_of(test);
	struct job *r, *s;

	r = wait_recv(test, 0, c, who->recv_thread);
	EXPECT_CHAN(test, c, 0, 0, 1);
	s = job_set(f, 1, do_send, c);
	s->v = 41;
	job_start(test, s, who->send_thread);
	EXPECT_DONE(test, s, 0);
	EXPECT_DONE(test, r, 1);
	KUNIT_EXPECT_EQ(test, r->v, 41ULL);
	EXPECT_CHAN(test, c, 0, 0, 0);

	s = wait_send(test, 2, c, 42, who->send_thread);
	EXPECT_CHAN(test, c, 0, 1, 0);
	r = job_set(f, 3, do_recv, c);
	job_start(test, r, who->recv_thread);
	EXPECT_DONE(test, r, 1);
	EXPECT_DONE(test, s, 0);
	KUNIT_EXPECT_EQ(test, r->v, 42ULL);
	EXPECT_CHAN(test, c, 0, 0, 0);
}

#define N	7

/* the one who has waited longest gets the next element */
static void fifo_receivers(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct job *r[N];
	u64 v;
	int i;

	for (i = 0; i < N; i++)
		r[i] = wait_recv(test, i, c, i % 2 ? who->recv_thread : who->send_thread);
	EXPECT_CHAN(test, c, 0, 0, N);
	for (i = 0; i < N; i++) {
		v = 100 + i;
		KUNIT_ASSERT_EQ(test, goro_chan_try_send(c, &v), 0);
		EXPECT_DONE(test, r[i], 1);
		KUNIT_EXPECT_EQ(test, r[i]->v, v);
		KUNIT_EXPECT_EQ(test, r[i]->order, i + 1);
		EXPECT_CHAN(test, c, 0, 0, N - 1 - i);
	}
	KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &v), -EAGAIN);
}

static void fifo_senders(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct job *s[N];
	u64 v;
	int i;

	for (i = 0; i < N; i++)
		s[i] = wait_send(test, i, c, 100 + i,
				 i % 2 ? who->recv_thread : who->send_thread);
	EXPECT_CHAN(test, c, 0, N, 0);
	for (i = 0; i < N; i++) {
		KUNIT_ASSERT_EQ(test, goro_chan_try_recv(c, &v), 1);
		KUNIT_EXPECT_EQ(test, v, 100ULL + i);
		EXPECT_DONE(test, s[i], 0);
		KUNIT_EXPECT_EQ(test, s[i]->order, i + 1);
		EXPECT_CHAN(test, c, 0, N - 1 - i, 0);
	}
	KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, &v), -EAGAIN);
}

/* full: what waits outside goes in behind what is inside */
static void fifo_full(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 8, 2);
	struct job *s[N];
	u64 v;
	int i;

	for (v = 0; v < 2; v++)
		KUNIT_ASSERT_EQ(test, goro_chan_try_send(c, &v), 0);
	for (i = 0; i < N; i++)
		s[i] = wait_send(test, i, c, 2 + i,
				 i % 2 ? who->recv_thread : who->send_thread);
	for (i = 0; i < N + 2; i++) {
		KUNIT_ASSERT_EQ(test, goro_chan_try_recv(c, &v), 1);
		KUNIT_EXPECT_EQ(test, v, (u64)i);
		if (i < N) {
			EXPECT_DONE(test, s[i], 0);
			EXPECT_CHAN(test, c, 2, N - 1 - i, 0);
		} else {
			EXPECT_CHAN(test, c, N + 1 - i, 0, 0);
		}
	}
}

/* what was handed to a waiting receiver is its own, buffer or not */
static void direct_hand_off(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c;
	struct job *r;
	u64 v;
	int i;

	for (i = 0; i < 2; i++) {
		c = fx_chan(test, i, 8, i * 4);
		r = wait_recv(test, i, c, who->recv_thread);
		v = 5;
		KUNIT_ASSERT_EQ(test, goro_chan_try_send(c, &v), 0);
		EXPECT_CHAN(test, c, 0, 0, 0);
		v = 6;
		KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, &v), -EAGAIN);
		EXPECT_DONE(test, r, 1);
		KUNIT_EXPECT_EQ(test, r->v, 5ULL);
		v = 6;
		KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &v), i ? 0 : -EAGAIN);
		EXPECT_CHAN(test, c, i, 0, 0);
	}
}

static void close_wakes_receivers(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 8, 3);
	struct job *r[N];
	int i;

	for (i = 0; i < N; i++)
		r[i] = wait_recv(test, i, c, i % 2 ? who->recv_thread : who->send_thread);
	KUNIT_EXPECT_EQ(test, goro_chan_close(c), 0);
	for (i = 0; i < N; i++) {
		EXPECT_DONE(test, r[i], 0);
		KUNIT_EXPECT_EQ(test, r[i]->v, 0ULL);	/* zeroed */
	}
	EXPECT_CHAN(test, c, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, goro_chan_close(c), -EBADFD);
}

/* waiting senders fail, and what they would have sent is not received */
static void close_wakes_senders(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 8, 1);
	struct job *s[N];
	u64 v = 1;
	int i;

	KUNIT_ASSERT_EQ(test, goro_chan_try_send(c, &v), 0);
	for (i = 0; i < N; i++)
		s[i] = wait_send(test, i, c, 100 + i,
				 i % 2 ? who->recv_thread : who->send_thread);
	KUNIT_EXPECT_EQ(test, goro_chan_close(c), 0);
	for (i = 0; i < N; i++)
		EXPECT_DONE(test, s[i], -EPIPE);
	EXPECT_CHAN(test, c, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, &v), 1);
	KUNIT_EXPECT_EQ(test, v, 1ULL);
	KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, &v), 0);
	EXPECT_CHAN(test, c, 0, 0, 0);
}

/* who gives up leaves the queue, and those behind lose nothing */
static void timeout_in_the_middle(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct fx *f = fx_of(test);
	struct job *r[3], *s[3];
	u64 v = 7, at;

	r[0] = wait_recv(test, 0, c, who->recv_thread);
	at = goro_in(SHORT_NS);
	r[1] = job_set(f, 1, do_recv, c);
	r[1]->deadline = at;
	r[1]->v = 999;
	job_start(test, r[1], who->recv_thread);
	r[2] = job_set(f, 2, do_recv, c);
	job_start(test, r[2], who->recv_thread);
	EXPECT_DONE(test, r[1], -ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get_ns(), at);
	KUNIT_EXPECT_EQ(test, r[1]->v, 999ULL);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 2));
	KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &v), 0);
	EXPECT_DONE(test, r[0], 1);
	v = 8;
	KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &v), 0);
	EXPECT_DONE(test, r[2], 1);
	KUNIT_EXPECT_EQ(test, r[2]->v, 8ULL);
	EXPECT_CHAN(test, c, 0, 0, 0);

	s[0] = wait_send(test, 3, c, 10, who->send_thread);
	s[1] = job_set(f, 4, do_send, c);
	s[1]->v = 11;
	s[1]->deadline = goro_in(SHORT_NS);
	job_start(test, s[1], who->send_thread);
	s[2] = job_set(f, 5, do_send, c);
	s[2]->v = 12;
	job_start(test, s[2], who->send_thread);
	EXPECT_DONE(test, s[1], -ETIMEDOUT);
	KUNIT_ASSERT_TRUE(test, eventually(senders(c) == 2));
	KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, &v), 1);
	KUNIT_EXPECT_EQ(test, v, 10ULL);
	KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, &v), 1);
	KUNIT_EXPECT_EQ(test, v, 12ULL);
	EXPECT_DONE(test, s[0], 0);
	EXPECT_DONE(test, s[2], 0);
	EXPECT_CHAN(test, c, 0, 0, 0);
}

/* a deadline that has passed fails at once, in a goroutine as in a thread */
static void past_deadline(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct fx *f = fx_of(test);
	struct job *r, *s, *n;

	r = job_set(f, 0, do_recv, c);
	r->deadline = 1;
	r->v = 999;
	job_start(test, r, who->recv_thread);
	EXPECT_DONE(test, r, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, r->v, 999ULL);
	s = job_set(f, 1, do_send, c);
	s->deadline = 1;
	job_start(test, s, who->send_thread);
	EXPECT_DONE(test, s, -ETIMEDOUT);
	n = job_set(f, 2, do_recv, NULL);	/* nil, near deadline */
	n->deadline = goro_in(SHORT_NS);
	job_start(test, n, who->recv_thread);
	EXPECT_DONE(test, n, -ETIMEDOUT);
	n = job_set(f, 3, do_send, NULL);
	n->deadline = goro_in(SHORT_NS);
	job_start(test, n, who->send_thread);
	EXPECT_DONE(test, n, -ETIMEDOUT);
	n = job_set(f, 4, do_send, NULL);
	n->deadline = GORO_NOW;
	job_start(test, n, who->send_thread);
	EXPECT_DONE(test, n, -EAGAIN);
	EXPECT_CHAN(test, c, 0, 0, 0);
}

#define ROUNDS	200

static int short_recvs(struct job *j)
{
	int i, got = 0;

	for (i = 0; i < ROUNDS; i++) {
		u64 v;
		/* from far past the sender's time to well before it */
		int err = goro_chan_recv_until(j->c, &v, goro_in((i % 32) * 1000));

		if (err == 1)
			got++;
		else if (err != -ETIMEDOUT && err != -EAGAIN)
			return err;
	}
	return got;
}

static int short_sends(struct job *j)
{
	int i, sent = 0;

	for (i = 0; i < ROUNDS; i++) {
		u64 v = i;
		int err = goro_chan_send_until(j->c, &v, goro_in((i * 7 % 32) * 1000));

		if (!err)
			sent++;
		else if (err != -ETIMEDOUT && err != -EAGAIN)
			return err;
	}
	return sent;
}

/* deadline and partner race: an element is either received or not sent */
static void deadline_races(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct fx *f = fx_of(test);
	long sent = 0, got = 0;
	int i;

	for (i = 0; i < 8; i++)
		job_start(test, job_set(f, i, i % 2 ? short_recvs : short_sends, c),
			  i % 2 ? who->recv_thread : who->send_thread);
	for (i = 0; i < 8; i++) {
		KUNIT_ASSERT_TRUE(test, eventually(job_done(&f->j[i])));
		KUNIT_ASSERT_GE(test, f->j[i].ret, 0L);
		*(i % 2 ? &got : &sent) += f->j[i].ret;
	}
	KUNIT_EXPECT_EQ(test, sent, got);
	EXPECT_CHAN(test, c, 0, 0, 0);
}

static int recv_signalled(struct job *j)
{
	allow_signal(SIGUSR1);
	WRITE_ONCE(j->f->flag, true);
	return do_recv(j);
}

static int send_signalled(struct job *j)
{
	allow_signal(SIGUSR1);
	return do_send(j);
}

/* a thread's wait ends by a signal; the queue forgets it */
static void signals(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct fx *f = fx_of(test);
	struct job *j, *after;
	u64 v = 3;

	j = job_set(f, 0, recv_signalled, c);
	j->v = 999;
	job_thread(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 1));
	after = wait_recv(test, 1, c, false);
	send_sig(SIGUSR1, j->task, 1);
	EXPECT_DONE(test, j, -EINTR);
	KUNIT_EXPECT_EQ(test, j->v, 999ULL);
	EXPECT_CHAN(test, c, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &v), 0);
	EXPECT_DONE(test, after, 1);

	j = job_set(f, 2, send_signalled, c);
	job_thread(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(senders(c) == 1));
	send_sig(SIGUSR1, j->task, 1);
	EXPECT_DONE(test, j, -EINTR);
	EXPECT_CHAN(test, c, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, &v), -EAGAIN);

	/* nil: nothing shows that it waits, but a pending signal does as well */
	f->flag = false;
	j = job_set(f, 3, recv_signalled, NULL);
	job_thread(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(f->flag)));
	send_sig(SIGUSR1, j->task, 1);
	EXPECT_DONE(test, j, -EINTR);
}

static int recv_and_put(struct job *j)
{
	int ret = goro_chan_recv(j->c, &j->v);

	goro_chan_put(j->c);
	return ret;
}

/* whoever is woken may drop the last reference at once: the waker is done */
static void woken_frees(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < JOBS; i++) {
		struct goro_chan *c = goro_chan_make(8, 0, f->chan_flags);
		bool thread = i % 8 ? false : who->recv_thread;
		struct job *j = job_set(f, i, recv_and_put, c);
		u64 v = i;

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
		job_start(test, j, thread);
		KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 1));
		if (i % 2)
			KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &v), 0);
		else
			KUNIT_EXPECT_EQ(test, goro_chan_close(c), 0);
		EXPECT_DONE(test, j, i % 2);
		KUNIT_EXPECT_EQ(test, j->v, i % 2 ? v : 0ULL);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(rendezvous, who_gen_params),
	KUNIT_CASE_PARAM(fifo_receivers, who_gen_params),
	KUNIT_CASE_PARAM(fifo_senders, who_gen_params),
	KUNIT_CASE_PARAM(fifo_full, who_gen_params),
	KUNIT_CASE_PARAM(direct_hand_off, who_gen_params),
	KUNIT_CASE_PARAM(close_wakes_receivers, who_gen_params),
	KUNIT_CASE_PARAM(close_wakes_senders, who_gen_params),
	KUNIT_CASE_PARAM(timeout_in_the_middle, who_gen_params),
	KUNIT_CASE_PARAM(past_deadline, who_gen_params),
	KUNIT_CASE_PARAM(deadline_races, who_gen_params),
	KUNIT_CASE(signals),
	KUNIT_CASE_PARAM(woken_frees, who_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_chan_wait",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};

/* the same of channels that interrupts may use */
static struct kunit_suite irq_suite = {
	.name = "goro_chan_wait_irq",
	.init = fx_init_irq,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suites(&suite, &irq_suite);
