// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_chan_many: many senders and receivers on one channel. Every
 * element is received exactly once, and those of one sender in its order.
 */
#include <linux/bitmap.h>
#include "kunit.h"

struct shape {
	const char *name;
	u32 cap;
	int senders, receivers;
	int each;		/* elements a sender */
	int threads;		/* how many of each side are threads */
};
static const struct shape shapes[] = {
	{ "unbuffered 8 to 8", 0, 8, 8, 500, 0 },
	{ "unbuffered 8 to 1", 0, 8, 1, 500, 0 },
	{ "unbuffered 1 to 8", 0, 1, 8, 2000, 0 },
	{ "unbuffered 8 to 8, threads among them", 0, 8, 8, 200, 2 },
	{ "capacity 1, 8 to 8", 1, 8, 8, 500, 0 },
	{ "capacity 7, 16 to 3", 7, 16, 3, 300, 1 },
	{ "capacity 128, 8 to 8", 128, 8, 8, 1000, 0 },
	{ "capacity 128, 4 to 4, threads only", 128, 4, 4, 500, 4 },
	{ "capacity 1000, 16 to 16, threads among them", 1000, 16, 16, 500, 3 },
};
KUNIT_ARRAY_PARAM_DESC(shape, shapes, name);

/* what senders and receivers share; hangs on the test, which outlives them */
struct many {
	const struct shape *shape;
	unsigned long *seen;	/* a bit an element: sender * each + number */
	atomic_t senders_left;
	atomic_t received, twice, disorder, bad;
};

static int many_send(struct job *j)
{
	struct many *m = j->f->priv;
	u64 who = j->v;
	int i, err = 0;

	for (i = 0; i < m->shape->each && !err; i++) {
		u64 v = who << 32 | i;

		err = goro_chan_send_until(j->c, &v, j->deadline);
	}
	/* the last one closes, as one does in Go */
	if (atomic_dec_and_test(&m->senders_left))
		goro_chan_close(j->c);
	return err;
}

static int many_recv(struct job *j)
{
	struct many *m = j->f->priv;
	int last[16], i, ret;
	u64 v;

	for (i = 0; i < 16; i++)
		last[i] = -1;
	while ((ret = goro_chan_recv_until(j->c, &v, j->deadline)) == 1) {
		u32 who = v >> 32, nr = (u32)v;

		if (who >= m->shape->senders || nr >= m->shape->each) {
			atomic_inc(&m->bad);
			continue;
		}
		atomic_inc(&m->received);
		if (test_and_set_bit(who * m->shape->each + nr, m->seen))
			atomic_inc(&m->twice);
		/* those of one sender that came to me came in its order */
		if ((int)nr <= last[who])
			atomic_inc(&m->disorder);
		/* and if they all came to me, without a gap */
		if (m->shape->receivers == 1 && (int)nr != last[who] + 1)
			atomic_inc(&m->disorder);
		last[who] = nr;
	}
	return ret;
}

static void exactly_once(struct kunit *test)
{
	const struct shape *s = test->param_value;
	int total = s->senders * s->each, i, n = 0;
	struct goro_chan *c = fx_chan(test, 0, 8, s->cap);
	struct fx *f = fx_of(test);
	struct many *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->shape = s;
	m->seen = kunit_kzalloc(test, BITS_TO_LONGS(total) * sizeof(long), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m->seen);
	atomic_set(&m->senders_left, s->senders);
	f->priv = m;

	for (i = 0; i < s->receivers; i++, n++)
		job_start(test, job_set(f, n, many_recv, c), i < s->threads);
	for (i = 0; i < s->senders; i++, n++) {
		struct job *j = job_set(f, n, many_send, c);

		j->v = i;
		job_start(test, j, i < s->threads);
	}
	jobs_done(test, n, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->bad), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->twice), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->disorder), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->received), total);
	KUNIT_EXPECT_TRUE(test, bitmap_full(m->seen, total));
	EXPECT_CHAN(test, c, 0, 0, 0);
}

#define TURNS	2000

static int ping(struct job *j)
{
	u64 v, i;

	for (i = 0; i < TURNS; i++) {
		v = i;
		if (goro_chan_send_until(j->f->c[0], &v, j->deadline) ||
		    goro_chan_recv_until(j->f->c[1], &v, j->deadline) != 1 ||
		    v != i + 1)
			return -EIO;
	}
	return 0;
}

static int pong(struct job *j)
{
	u64 v, i;

	for (i = 0; i < TURNS; i++) {
		if (goro_chan_recv_until(j->f->c[0], &v, j->deadline) != 1)
			return -EIO;
		v++;
		if (goro_chan_send_until(j->f->c[1], &v, j->deadline))
			return -EIO;
	}
	return 0;
}

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

static void ping_pong(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct fx *f = fx_of(test);

	fx_chan(test, 0, 8, 0);
	fx_chan(test, 1, 8, 0);
	job_start(test, job_set(f, 0, ping, NULL), who->send_thread);
	job_start(test, job_set(f, 1, pong, NULL), who->recv_thread);
	EXPECT_DONE(test, &f->j[0], 0);
	EXPECT_DONE(test, &f->j[1], 0);
}

/* 1000 pairs, each with a channel of its own, all at once */
#define PAIRS	1000

static int pair_send(void *arg)
{
	struct fx *f = *(struct fx **)arg;
	struct goro_chan *c = *((struct goro_chan **)arg + 1);
	u64 i;

	for (i = 0; i < 20; i++)
		if (goro_chan_send_until(c, &i, NET))
			atomic_inc(&f->bad);
	if (goro_chan_close(c))
		atomic_inc(&f->bad);
	goro_chan_put(c);
	return 0;
}

static int pair_recv(void *arg)
{
	struct fx *f = *(struct fx **)arg;
	struct goro_chan *c = *((struct goro_chan **)arg + 1);
	u64 v, sum = 0;

	while (goro_chan_recv_until(c, &v, NET) == 1)
		sum += v;
	atomic64_add(sum, &f->sum);
	atomic_inc(&f->n);
	goro_chan_put(c);
	return 0;
}

static void pairs(struct kunit *test)
{
	struct fx *f = fx_of(test);
	int i;

	for (i = 0; i < PAIRS; i++) {
		struct goro_chan *c = goro_chan_make(8, i % 3, f->chan_flags);
		void *args[2] = { f, c };

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
		goro_chan_get(c);
		KUNIT_ASSERT_EQ(test, goro_group_go_copy(&f->grp, pair_recv, args,
							 sizeof(args)), 0);
		KUNIT_ASSERT_EQ(test, goro_group_go_copy(&f->grp, pair_send, args,
							 sizeof(args)), 0);
	}
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->grp, NET), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), PAIRS);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->sum), (s64)PAIRS * 190);
}

/* what workers, who are the first to see that there is no more, pass on to one */
#define WORKERS	23
#define WORK	5000

static int works(struct job *j)
{
	struct fx *f = j->f;
	u64 v;
	int ret;

	while ((ret = goro_chan_recv_until(f->c[0], &v, j->deadline)) == 1) {
		if (v % 10 == j->v % 10)
			goro_yield();
		ret = goro_chan_send_until(f->c[1], &v, j->deadline);
		if (ret)
			break;
	}
	return ret;
}

static int feeds(struct job *j)
{
	struct fx *f = j->f;
	u64 v;
	int err = 0;

	for (v = 1; v <= WORK && !err; v++)
		err = goro_chan_send_until(f->c[0], &v, j->deadline);
	goro_chan_close(f->c[0]);
	/* all workers have ended: nothing more can come */
	err = goro_group_wait_until(&f->other, j->deadline) ?: err;
	goro_chan_close(f->c[1]);
	return err;
}

static int work_as_member(void *arg)
{
	return works(arg);
}

/* TestMultiConsumer */
static void multi_consumer(struct kunit *test)
{
	struct fx *f = fx_of(test);
	u64 v, sum = 0, n = 0;
	int i;

	fx_chan(test, 0, 8, 3 * WORKERS);
	fx_chan(test, 1, 8, 3 * WORKERS);
	for (i = 1; i <= WORKERS; i++) {
		job_set(f, i, works, NULL)->v = i;
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, work_as_member, &f->j[i]), 0);
	}
	job_go(test, job_set(f, 0, feeds, NULL));
	while (goro_chan_recv_until(f->c[1], &v, NET) == 1) {
		sum += v;
		n++;
	}
	EXPECT_DONE(test, &f->j[0], 0);
	KUNIT_EXPECT_EQ(test, n, (u64)WORK);
	KUNIT_EXPECT_EQ(test, sum, (u64)WORK * (WORK + 1) / 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(multi_consumer),
	KUNIT_CASE_PARAM(exactly_once, shape_gen_params),
	KUNIT_CASE_PARAM(ping_pong, who_gen_params),
	KUNIT_CASE(pairs),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_chan_many",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};

/* the same of channels that interrupts may use */
static struct kunit_suite irq_suite = {
	.name = "goro_chan_many_irq",
	.init = fx_init_irq,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suites(&suite, &irq_suite);
