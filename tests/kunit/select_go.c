// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_select_go: what the tests of Go show about channels and select where
 * several goroutines meet by chance: src/runtime/chan_test.go and test/chan/. The
 * name of Go's test stands above each case; where nothing stands it is goro's own.
 */
#include <linux/random.h>
#include "select.h"

static int tell(struct job *j, bool good)
{
	if (!good)
		atomic_inc(&j->f->bad);
	return 0;
}

#define ROUNDS	1000

/* Go: TestSelfSelect */
static int self_select(struct job *j)
{
	u64 me = j->v, got;
	struct goro_case send_first[] = { GORO_SEND(j->c, &me), GORO_RECV(j->c, &got) };
	struct goro_case recv_first[] = { GORO_RECV(j->c, &got), GORO_SEND(j->c, &me) };
	int i;

	for (i = 0; i < ROUNDS; i++) {
		bool first = !me || i % 2;
		struct goro_case *cases = recv_first;
		bool received;
		int k;

		if (first)
			cases = send_first;
		got = 999;
		k = goro_select(cases, 2);
		if (k < 0)
			return tell(j, false);
		received = cases[k].op == GORO_CASE_RECV;
		if (cases[k].ret != received)
			return tell(j, false);
		/* without a buffer what one receives is the other's */
		if (received && !goro_chan_cap(j->c))
			tell(j, got == !me);
	}
	return 0;
}

static void self(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int cap, i;

	for (cap = 0; cap <= 10; cap += 10) {
		struct goro_chan *c = fx_chan(test, !!cap, 8, cap);

		for (i = 0; i < 2; i++) {
			struct job *j = job_set(f, 2 * !!cap + i, self_select, c);

			j->v = i;
			job_start(test, j, cap && i);
		}
		for (i = 0; i < 2; i++)
			EXPECT_DONE(test, &f->j[2 * !!cap + i], 0);
		EXPECT_CHAN(test, c, goro_chan_len(c), 0, 0);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

/*
 * Go: TestSelectStress. On each of four channels one goroutine sends and one
 * receives EACH elements, and so do one select that sends to all and one that
 * receives from all.
 */
#define EACH	1500

static int stress_send(struct job *j)
{
	u64 i;

	for (i = 0; i < EACH; i++)
		if (goro_chan_send(j->c, &i))
			return -EIO;
	return 0;
}

static int stress_recv(struct job *j)
{
	u64 i, v;

	for (i = 0; i < EACH; i++)
		if (goro_chan_recv(j->c, &v) != 1)
			return -EIO;
	return 0;
}

static int stress_select(struct job *j)
{
	struct sel *s = sel_of(j);
	int left[CHANS] = { EACH, EACH, EACH, EACH }, i;

	for (i = 0; i < CHANS * EACH; i++) {
		int k = goro_select(s->cases, s->n);
		bool received = k >= 0 && s->cases[k].op == GORO_CASE_RECV;

		if (k < 0 || s->cases[k].ret != received)
			return -EIO;
		if (!--left[k])
			s->cases[k].chan = NULL;
	}
	return left[0] | left[1] | left[2] | left[3];
}

static void stress(struct kunit *test, bool threads)
{
	struct fx *f = fx_of(test);
	struct job *in = sel_job(test, 0), *out = sel_job(test, 1);
	u64 parks = goro_counter(GORO_C_SELECT_PARK);
	int i;

	in->fn = stress_select;
	out->fn = stress_select;
	for (i = 0; i < CHANS; i++) {
		struct goro_chan *c;

		/* one of the other kind among them, as goro has two */
		f->chan_flags = i == 1 ? GORO_CHAN_IRQ : 0;
		c = fx_chan(test, i, 8, i < 2 ? 0 : i);
		sel_send(in, c, 7);
		sel_recv(out, c);
		job_start(test, job_set(f, 2 + i, stress_send, c), threads && i == 0);
		job_start(test, job_set(f, 2 + CHANS + i, stress_recv, c), threads && i == 3);
	}
	job_start(test, in, false);
	job_start(test, out, threads);
	for (i = 0; i < 2 + 2 * CHANS; i++)
		EXPECT_DONE(test, &f->j[i], 0);
	for (i = 0; i < CHANS; i++)
		EXPECT_CHAN(test, f->c[i], 0, 0, 0);
	KUNIT_EXPECT_GT(test, goro_counter(GORO_C_SELECT_PARK), parks);
}

static void stress_goroutines(struct kunit *test)
{
	stress(test, false);
}

static void stress_with_threads(struct kunit *test)
{
	stress(test, true);
}

/*
 * Go: TestSelectFairness. Two of four channels are always ready; 7 sigma of 10000
 * draws with p = 1/2 are 350.
 */
#define TRIALS	10000

static int fair(struct job *j)
{
	struct fx *f = j->f;
	u64 v[4];
	struct goro_case in[] = {
		GORO_RECV(f->c[0], &v[0]), GORO_RECV(f->c[1], &v[1]),
		GORO_RECV(f->c[2], &v[2]), GORO_RECV(f->c[3], &v[3]),
	};
	int i, k, n = 0;

	for (i = 0; i < TRIALS; i++) {
		k = goro_select(in, 4);
		if (k < 2 || v[k] != k)
			return -EIO;
		n += k == 2;
	}
	return n;
}

static void fairness(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j;
	u64 i, v;

	for (i = 0; i < 4; i++)
		fx_chan(test, i, 8, i < 2 ? 0 : TRIALS);
	for (i = 0; i < 2 * TRIALS; i++) {
		v = 2 + i % 2;
		KUNIT_ASSERT_EQ(test, goro_chan_try_send(f->c[v], &v), 0);
	}
	j = job_set(f, 0, fair, NULL);
	job_go(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
	KUNIT_EXPECT_GE(test, j->ret, TRIALS / 2 - 350L);
	KUNIT_EXPECT_LE(test, j->ret, TRIALS / 2 + 350L);
}

/* Go: TestPseudoRandomSend: which of two sends to a channel is done is random */
static int count_ones(struct job *j)
{
	int i, ones = 0;
	u64 v;

	for (i = 0; i < ROUNDS; i++) {
		if (goro_chan_recv(j->c, &v) != 1)
			return -EIO;
		ones += v;
	}
	return ones;
}

static void pseudo_random_send(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 zero = 0, one = 1;
	int cap, i;

	for (cap = 0; cap < 2; cap++) {
		struct goro_chan *c = fx_chan(test, cap, 8, cap * ROUNDS);
		struct goro_case cases[] = { GORO_SEND(c, &one), GORO_SEND(c, &zero) };
		struct job *j = job_set(f, cap, count_ones, c);

		job_go(test, j);
		for (i = 0; i < ROUNDS; i++)
			KUNIT_ASSERT_GE(test, goro_select(cases, 2), 0);
		KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
		/* 500 +- 7 sigma where the receiver comes after, or some turns; Go asks for 10 % */
		KUNIT_EXPECT_GT(test, j->ret, ROUNDS / 10L);
		KUNIT_EXPECT_LT(test, j->ret, 9L * ROUNDS / 10);
	}
}

/* Go: TestNonblockRecvRace: a receive with default beside a send, then closed: it is there */
static int recv_default(struct job *j)
{
	u64 v = 0;
	struct goro_case cases[] = { GORO_RECV(j->c, &v) };
	int k = goro_select_until(cases, 1, GORO_NOW);

	if (k)
		return k;
	return cases[0].ret;
}

static void nonblock_recv_race(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i, k;

	for (i = 0; i < 200; i++) {
		struct goro_chan *c = goro_chan_make(8, 1, 0);
		u64 v = 1;
		struct job *j;

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
		KUNIT_ASSERT_EQ(test, goro_chan_try_send(c, &v), 0);
		j = job_set(f, i % JOBS, recv_default, c);
		j->done = 0;
		job_go(test, j);
		KUNIT_EXPECT_EQ(test, goro_chan_close(c), 0);
		k = goro_chan_try_recv(c, &v);
		KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
		KUNIT_EXPECT_TRUE(test, (k == 1 && j->ret == 0) || (k == 0 && j->ret == 1));
		goro_chan_put(c);
	}
}

/*
 * Go: TestNonblockSelectRace, TestNonblockSelectRace2. One of two channels is
 * always ready: c1 has an element, and it is taken only after c2 was closed (or,
 * the first form, c2 gets one before). A select that looked at one after the other
 * would find none.
 */
struct race {
	struct goro_chan *c1, *c2;
	int ret;
};

static int race_select(struct job *j)
{
	struct race *r = j->f->priv;
	struct goro_case cases[] = { GORO_RECV(r->c1, NULL), GORO_RECV(r->c2, NULL) };

	r->ret = goro_select_until(cases, 2, GORO_NOW);
	return 0;
}

static void nonblock_select_race(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct race r;
	u64 v = 1;
	int i;

	f->priv = &r;
	for (i = 0; i < 1000; i++) {
		struct job *j = job_set(f, i % JOBS, race_select, NULL);

		r.c1 = goro_chan_make(8, 1, 0);
		r.c2 = goro_chan_make(8, i & 1, i & 2 ? GORO_CHAN_IRQ : 0);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r.c1);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r.c2);
		KUNIT_ASSERT_EQ(test, goro_chan_try_send(r.c1, &v), 0);
		j->done = 0;
		job_go(test, j);
		if (i & 1)
			KUNIT_EXPECT_EQ(test, goro_chan_try_send(r.c2, &v), 0);
		else
			KUNIT_EXPECT_EQ(test, goro_chan_close(r.c2), 0);
		goro_chan_try_recv(r.c1, &v);
		KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
		KUNIT_EXPECT_GE(test, r.ret, 0);
		goro_chan_put(r.c1);
		goro_chan_put(r.c2);
	}
}

/*
 * Go: TestSelectDuplicateChannel. A waits twice on c and on d, B behind it on c; A
 * is woken by d and takes both off c, from before B.
 */
static void duplicate_channel(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 0), *d = fx_chan(test, 1, 8, 0);
	struct fx *f = fx_of(test);
	struct job *a = sel_job(test, 0), *b;
	u64 v = 7;

	sel_recv(a, c);
	sel_recv(a, c);
	sel_recv(a, d);
	sel_wait(test, a, false);
	b = job_set(f, 1, do_recv, c);
	job_go(test, b);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c) == 3));
	KUNIT_EXPECT_EQ(test, goro_chan_send(d, &v), 0);
	EXPECT_DONE(test, a, 2);
	EXPECT_CHAN(test, c, 0, 0, 1);
	v = 8;
	KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &v), 0);
	EXPECT_DONE(test, b, 1);
	KUNIT_EXPECT_EQ(test, b->v, 8ULL);
	EXPECT_CHAN(test, c, 0, 0, 0);
	EXPECT_CHAN(test, d, 0, 0, 0);
}

/*
 * Go: test/chan/select6.go (issue 2075): a select whose sudog is the last of a
 * queue with others in it leaves, and those who come after it are still found.
 */
static void leaves_the_end_of_a_queue(struct kunit *test)
{
	struct goro_chan *c1 = fx_chan(test, 0, 8, 0), *c2 = fx_chan(test, 1, 8, 0);
	struct fx *f = fx_of(test);
	struct job *first, *sel = sel_job(test, 1), *after;
	u64 v = 1;

	first = job_set(f, 0, do_recv, c1);
	job_go(test, first);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c1) == 1));
	sel_recv(sel, c1);
	sel_recv(sel, c2);
	sel_wait(test, sel, false);
	KUNIT_EXPECT_EQ(test, goro_chan_send(c2, &v), 0);
	EXPECT_DONE(test, sel, 1);
	EXPECT_CHAN(test, c1, 0, 0, 1);
	after = job_set(f, 2, do_recv, c1);
	job_go(test, after);
	KUNIT_ASSERT_TRUE(test, eventually(receivers(c1) == 2));
	for (v = 1; v <= 2; v++)
		KUNIT_EXPECT_EQ(test, goro_chan_try_send(c1, &v), 0);
	EXPECT_DONE(test, first, 1);
	EXPECT_DONE(test, after, 1);
	KUNIT_EXPECT_EQ(test, first->v, 1ULL);
	KUNIT_EXPECT_EQ(test, after->v, 2ULL);
	KUNIT_EXPECT_EQ(test, goro_chan_try_send(c1, &v), -EAGAIN);
}

/* Go: test/chan/doubleselect.go: one select sends a value once, whoever else waits */
#define DOUBLES	3000

static int double_send(struct job *j)
{
	struct sel *s = sel_of(j);
	u64 i;
	int k;

	for (i = 1; i <= DOUBLES; i++) {
		for (k = 0; k < CHANS; k++)
			s->v[k] = i;
		if (goro_select(s->cases, CHANS) < 0)
			return -EIO;
	}
	for (k = 0; k < CHANS; k++)
		goro_chan_close(j->f->c[k]);
	return 0;
}

static int double_recv(struct job *j)
{
	unsigned long *seen = (unsigned long *)(unsigned long)j->v;
	u64 v;

	while (goro_chan_recv(j->c, &v) == 1) {
		if (v < 1 || v > DOUBLES || test_and_set_bit(v, seen))
			return -EIO;
		atomic_inc(&j->f->n);
	}
	return 0;
}

static void sends_once(struct kunit *test)
{
	struct fx *f = fx_of(test);
	unsigned long *seen = kunit_kcalloc(test, BITS_TO_LONGS(DOUBLES + 1), sizeof(long),
					    GFP_KERNEL);
	struct job *s = sel_job(test, 0);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, seen);
	s->fn = double_send;
	for (i = 0; i < CHANS; i++) {
		struct goro_chan *c = fx_chan(test, i, 8, 0);
		struct job *r = job_set(f, 1 + i, double_recv, c);

		sel_send(s, c, 0);
		r->v = (unsigned long)seen;
		job_start(test, r, i == 3);
	}
	job_go(test, s);
	jobs_done(test, CHANS + 1, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), DOUBLES);
}

/*
 * Go: TestChanSendSelectBarrier, TestChanSendBarrier: what was written before a
 * send, by a select or not, is seen by who receives; each request has its own
 * channels and a goroutine that may end after them.
 */
struct request {
	struct goro_chan *ch, *done;
	bool sel;
};

static void answer(void *arg)
{
	struct request *r = arg;
	u64 *box = kmalloc(sizeof(*box), GFP_KERNEL);
	struct goro_case cases[] = { GORO_SEND(r->ch, &box), GORO_RECV(r->done, NULL) };

	if (box)
		*box = 4711;
	if (r->sel)
		goro_select(cases, 2);
	else
		goro_chan_send(r->ch, &box);
	goro_chan_put(r->ch);
	goro_chan_put(r->done);
}

static int requests(struct job *j)
{
	struct request r = { .sel = j->v };
	int i;

	for (i = 0; i < 100; i++) {
		u64 *box = NULL;

		r.ch = goro_chan_make(sizeof(box), 0, 0);
		r.done = goro_chan_make(0, 0, 0);
		if (IS_ERR(r.ch) || IS_ERR(r.done))
			return -ENOMEM;
		goro_chan_get(r.ch);
		goro_chan_get(r.done);
		if (goro_go_copy(answer, &r, sizeof(r)))
			return -ENOMEM;
		if (goro_chan_recv(r.ch, &box) != 1 || !box || *box != 4711)
			return -EIO;
		goro_yield();
		kfree(box);
		goro_chan_put(r.ch);
		goro_chan_put(r.done);
	}
	return 0;
}

static void send_barrier(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < 20; i++) {
		struct job *j = job_set(f, i, requests, NULL);

		j->v = i % 2;
		job_start(test, j, i == 19);
	}
	jobs_done(test, 20, 0);
	KUNIT_EXPECT_TRUE(test, eventually(goro_num() == f->num0));
}

/*
 * Two goroutines select on the same two channels, named in opposite order: locks
 * are taken in one order all the same, and mixed kinds are in order, too.
 */
static int crossing(struct job *j)
{
	struct sel *s = sel_of(j);
	int i, k, sent = 0;

	for (i = 0; i < ROUNDS; i++) {
		k = goro_select(s->cases, s->n);
		if (k < 0)
			return k;
		sent += s->cases[k].op == GORO_CASE_SEND;
	}
	return sent;
}

static void opposite_order(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = sel_job(test, 0), *k = sel_job(test, 1);
	struct goro_chan *c[2];
	int i;

	for (i = 0; i < 2; i++) {
		f->chan_flags = i ? GORO_CHAN_IRQ : 0;
		c[i] = fx_chan(test, i, 8, 0);
	}
	j->fn = crossing;
	k->fn = crossing;
	for (i = 0; i < 2; i++) {
		sel_send(j, c[i], 1);
		sel_recv(j, c[i]);
		sel_recv(k, c[!i]);
		sel_send(k, c[!i], 2);
	}
	job_go(test, j);
	job_thread(test, k);
	KUNIT_ASSERT_TRUE(test, eventually(job_done(j) && job_done(k)));
	/* each pair is one send and one receive */
	KUNIT_EXPECT_EQ(test, j->ret + k->ret, (long)ROUNDS);
	EXPECT_CHAN(test, c[0], 0, 0, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(self),
	KUNIT_CASE(stress_goroutines),
	KUNIT_CASE(stress_with_threads),
	KUNIT_CASE(fairness),
	KUNIT_CASE(pseudo_random_send),
	KUNIT_CASE(nonblock_recv_race),
	KUNIT_CASE(nonblock_select_race),
	KUNIT_CASE(duplicate_channel),
	KUNIT_CASE(leaves_the_end_of_a_queue),
	KUNIT_CASE(sends_once),
	KUNIT_CASE(send_barrier),
	KUNIT_CASE(opposite_order),
	{ }
};

static struct kunit_suite suite = {
	.name = "goro_select_go",
	.init = sel_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
