// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_chan: what a channel does when nobody has to wait: buffer, len
 * and cap, close, nil, bad arguments, and the return value of each operation.
 */
#include <linux/mm.h>
#include <linux/random.h>
#include "kunit.h"

static void make_args(struct kunit *test)
{
	struct goro_chan *c;

	KUNIT_EXPECT_PTR_EQ(test, goro_chan_make(GORO_CHAN_ELEM_MAX + 1, 1, 0), ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, goro_chan_make(U32_MAX, 0, 0), ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, goro_chan_make(8, GORO_CHAN_CAP_MAX + 1, 0), ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, goro_chan_make(0, U32_MAX, 0), ERR_PTR(-EINVAL));
	/* each in its range, but not their product */
	KUNIT_EXPECT_PTR_EQ(test, goro_chan_make(GORO_CHAN_ELEM_MAX, GORO_CHAN_CAP_MAX, 0),
			    ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, goro_chan_make(8, 1, 2), ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, goro_chan_make(GORO_CHAN_IRQ_ELEM_MAX + 1, 1, GORO_CHAN_IRQ),
			    ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, goro_chan_make(8, 1, 1U << 31), ERR_PTR(-EINVAL));

	/* elements without a size take no memory, however many */
	c = goro_chan_make(0, GORO_CHAN_CAP_MAX, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	KUNIT_EXPECT_EQ(test, goro_chan_cap(c), GORO_CHAN_CAP_MAX);
	KUNIT_EXPECT_EQ(test, goro_chan_elem(c), 0U);
	goro_chan_put(c);

	fx_chan(test, 0, GORO_CHAN_ELEM_MAX, 1);
	fx_chan(test, 1, GORO_CHAN_ELEM_MAX, 0);
}

static void references(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 1);
	u64 v = 7;

	KUNIT_EXPECT_PTR_EQ(test, goro_chan_get(c), c);
	goro_chan_put(c);
	KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &v), 0);	/* still there */
	EXPECT_CHAN(test, c, 1, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, goro_chan_get(NULL), NULL);
	goro_chan_put(NULL);
}

/* TestChanSendInterface: elements are bytes, also those of a pointer */
static void pointers(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, sizeof(void *), 1);
	void *v = test, *other = c, *got = NULL;
	struct goro_case cases[] = { GORO_SEND(c, &v), GORO_SEND(c, &other) };

	KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &v), 0);
	KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &other), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_select_until(cases, 2, GORO_NOW), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, &got), 1);
	KUNIT_EXPECT_PTR_EQ(test, got, (void *)test);
	EXPECT_CHAN(test, c, 0, 0, 0);
}

static void nil(struct kunit *test)
{
	u64 v = 7;

	KUNIT_EXPECT_EQ(test, goro_chan_len(NULL), 0U);
	KUNIT_EXPECT_EQ(test, goro_chan_cap(NULL), 0U);
	KUNIT_EXPECT_EQ(test, goro_chan_elem(NULL), 0U);
	kunit_warning_suppress(test)
		KUNIT_EXPECT_EQ(test, goro_chan_close(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, goro_chan_try_send(NULL, &v), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_chan_try_recv(NULL, &v), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(NULL, &v, 1), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, goro_chan_recv_until(NULL, &v, 1), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, goro_chan_recv_until(NULL, &v, goro_in(SHORT_NS)), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, v, 7ULL);
}

/* an unbuffered channel takes nothing as long as nobody receives */
static void unbuffered_alone(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	u64 v = 7;

	KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &v), -EAGAIN);
	EXPECT_CHAN(test, c, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, &v), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(c, &v, GORO_NOW), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_chan_recv_until(c, &v, GORO_NOW), -EAGAIN);
	EXPECT_CHAN(test, c, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, v, 7ULL);
}

/* first in, first out, len right after every step, through every offset */
static void buffered(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 3);
	u64 in = 0, out = 0, v, round;

	for (round = 0; round < 7; round++) {
		u32 k, n = round % 4;

		for (k = 0; k < n; k++) {
			v = in++;
			KUNIT_ASSERT_EQ(test, goro_chan_try_send(c, &v), 0);
			EXPECT_CHAN(test, c, k + 1, 0, 0);
		}
		if (n == 3) {
			v = 999;
			KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &v), -EAGAIN);
			EXPECT_CHAN(test, c, 3, 0, 0);
		}
		for (k = n; k; k--) {
			v = 999;
			KUNIT_ASSERT_EQ(test, goro_chan_try_recv(c, &v), 1);
			KUNIT_EXPECT_EQ(test, v, out);
			out++;
			EXPECT_CHAN(test, c, k - 1, 0, 0);
		}
		v = 999;
		KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, &v), -EAGAIN);
		KUNIT_EXPECT_EQ(test, v, 999ULL);
	}
	KUNIT_EXPECT_EQ(test, in, out);
}

/* the blocking and the deadline forms do not block where they need not */
static void forms(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 4);
	u64 v;

	for (v = 1; v <= 4; v++) {
		int err = v == 1 ? goro_chan_send(c, &v) :
			  v == 2 ? goro_chan_send_until(c, &v, 1) :	/* long past */
			  v == 3 ? goro_chan_send_until(c, &v, GORO_FOREVER) :
				   goro_chan_try_send(c, &v);
		KUNIT_EXPECT_EQ(test, err, 0);
		EXPECT_CHAN(test, c, v, 0, 0);
	}
	KUNIT_EXPECT_EQ(test, goro_chan_recv(c, &v), 1);
	KUNIT_EXPECT_EQ(test, v, 1ULL);
	KUNIT_EXPECT_EQ(test, goro_chan_recv_until(c, &v, 1), 1);
	KUNIT_EXPECT_EQ(test, v, 2ULL);
	KUNIT_EXPECT_EQ(test, goro_chan_recv_until(c, &v, GORO_FOREVER), 1);
	KUNIT_EXPECT_EQ(test, v, 3ULL);
	KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, NULL), 1);	/* dropped */
	EXPECT_CHAN(test, c, 0, 0, 0);
}

/* in a thread: past and near deadlines, both directions, nothing left behind */
static void deadlines(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 1);
	u64 v = 7, at;

	KUNIT_EXPECT_EQ(test, goro_chan_recv_until(c, &v, 1), -ETIMEDOUT);
	at = goro_in(SHORT_NS);
	KUNIT_EXPECT_EQ(test, goro_chan_recv_until(c, &v, at), -ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get_ns(), at);	/* never early */
	KUNIT_EXPECT_EQ(test, v, 7ULL);
	EXPECT_CHAN(test, c, 0, 0, 0);

	KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &v), 0);
	v = 8;
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(c, &v, 1), -ETIMEDOUT);
	at = goro_in(SHORT_NS);
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(c, &v, at), -ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get_ns(), at);
	EXPECT_CHAN(test, c, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, &v), 1);
	KUNIT_EXPECT_EQ(test, v, 7ULL);	/* the 8 never went in */
	EXPECT_CHAN(test, c, 0, 0, 0);
}

/* what was buffered is still received; then 0 and a zeroed element, for ever */
static void close_drains(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 2);
	u64 v;

	for (v = 1; v <= 2; v++)
		KUNIT_ASSERT_EQ(test, goro_chan_try_send(c, &v), 0);
	KUNIT_EXPECT_EQ(test, goro_chan_close(c), 0);
	EXPECT_CHAN(test, c, 2, 0, 0);
	KUNIT_EXPECT_EQ(test, goro_chan_close(c), -EBADFD);

	v = 3;
	KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, &v), -EPIPE);
	KUNIT_EXPECT_EQ(test, goro_chan_send(c, &v), -EPIPE);
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(c, &v, 1), -EPIPE);
	EXPECT_CHAN(test, c, 2, 0, 0);

	KUNIT_EXPECT_EQ(test, goro_chan_recv(c, &v), 1);
	KUNIT_EXPECT_EQ(test, v, 1ULL);
	KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, &v), 1);
	KUNIT_EXPECT_EQ(test, v, 2ULL);
	EXPECT_CHAN(test, c, 0, 0, 0);

	v = 999;
	KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, &v), 0);
	KUNIT_EXPECT_EQ(test, v, 0ULL);
	v = 999;
	KUNIT_EXPECT_EQ(test, goro_chan_recv(c, &v), 0);
	KUNIT_EXPECT_EQ(test, v, 0ULL);
	v = 999;
	KUNIT_EXPECT_EQ(test, goro_chan_recv_until(c, &v, 1), 0);
	KUNIT_EXPECT_EQ(test, v, 0ULL);
	KUNIT_EXPECT_EQ(test, goro_chan_recv(c, NULL), 0);
	KUNIT_EXPECT_EQ(test, goro_chan_close(c), -EBADFD);
	EXPECT_CHAN(test, c, 0, 0, 0);
}

static void close_unbuffered(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	u64 v = 999;

	KUNIT_EXPECT_EQ(test, goro_chan_close(c), 0);
	KUNIT_EXPECT_EQ(test, goro_chan_recv(c, &v), 0);
	KUNIT_EXPECT_EQ(test, v, 0ULL);
	KUNIT_EXPECT_EQ(test, goro_chan_send(c, &v), -EPIPE);
}

struct size { const char *name; u32 elem; };
static const struct size sizes[] = {
	{ "0", 0 }, { "1", 1 }, { "3", 3 }, { "4", 4 }, { "7", 7 }, { "8", 8 },
	{ "9", 9 }, { "64", 64 }, { "4096", 4096 }, { "65535", 65535 }, { "64 KiB", 65536 },
};
KUNIT_ARRAY_PARAM_DESC(size, sizes, name);

#define POISON	0xa5
#define MARGIN	16

/* bytes that only element k has */
static void fill(u8 *p, u32 n, u32 k)
{
	u32 i;

	for (i = 0; i < n; i++)
		p[i] = (i * 7 + k * 31 + (i >> 8)) & 0xff;
}

static void expect_elem(struct kunit *test, u8 *got, u8 *want, u32 n, u32 k)
{
	fill(want, n, k);
	KUNIT_EXPECT_MEMEQ(test, got + MARGIN, want, n);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(got, POISON, MARGIN), NULL);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(got + MARGIN + n, POISON, MARGIN), NULL);
	memset(got, POISON, n + 2 * MARGIN);
}

static int send_from_buf(struct job *j)
{
	return goro_chan_send_until(j->c, (void *)(unsigned long)j->v, j->deadline);
}

/*
 * Whole elements and not a byte more, through the buffer, from a waiting
 * sender straight to the receiver, and from one into the buffer.
 */
static void element_sizes(struct kunit *test)
{
	const struct size *size = test->param_value;
	u32 n = size->elem;
	struct goro_chan *c = fx_chan(test, 0, n, 3), *u = fx_chan(test, 1, n, 0);
	u8 *got = kunit_kzalloc(test, n + 2 * MARGIN, GFP_KERNEL);
	u8 *want = kunit_kzalloc(test, n + 1, GFP_KERNEL);
	u8 *from = kunit_kzalloc(test, n + 1, GFP_KERNEL);
	struct job *j;
	u32 k, round;

	KUNIT_ASSERT_NOT_NULL(test, got);
	KUNIT_ASSERT_NOT_NULL(test, want);
	KUNIT_ASSERT_NOT_NULL(test, from);
	memset(got, POISON, n + 2 * MARGIN);
	for (round = 0; round < 2; round++) {
		for (k = 0; k < 2; k++) {
			fill(from, n, k);
			KUNIT_ASSERT_EQ(test, goro_chan_try_send(c, from), 0);
		}
		for (k = 0; k < 2; k++) {
			KUNIT_ASSERT_EQ(test, goro_chan_try_recv(c, got + MARGIN), 1);
			expect_elem(test, got, want, n, k);
		}
	}

	fill(from, n, 77);
	j = job_set(fx_of(test), 0, send_from_buf, u);
	j->v = (unsigned long)from;
	job_go(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(senders(u) == 1));
	KUNIT_ASSERT_EQ(test, goro_chan_try_recv(u, got + MARGIN), 1);
	expect_elem(test, got, want, n, 77);
	EXPECT_DONE(test, j, 0);

	/* full: the waiting sender's element goes into the buffer's last place */
	for (k = 0; k < 3; k++) {
		fill(from, n, k);
		KUNIT_ASSERT_EQ(test, goro_chan_try_send(c, from), 0);
	}
	fill(from, n, 78);
	j = job_set(fx_of(test), 1, send_from_buf, c);
	j->v = (unsigned long)from;
	job_go(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(senders(c) == 1));
	KUNIT_ASSERT_EQ(test, goro_chan_try_recv(c, got + MARGIN), 1);
	expect_elem(test, got, want, n, 0);
	EXPECT_DONE(test, j, 0);
	EXPECT_CHAN(test, c, 3, 0, 0);
	for (k = 1; k < 4; k++) {
		KUNIT_ASSERT_EQ(test, goro_chan_try_recv(c, got + MARGIN), 1);
		expect_elem(test, got, want, n, k == 3 ? 78 : k);
	}

	/* closed: zeroes, as many as an element has bytes */
	KUNIT_EXPECT_EQ(test, goro_chan_close(c), 0);
	KUNIT_EXPECT_EQ(test, goro_chan_recv(c, got + MARGIN), 0);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(got + MARGIN, 0, n), NULL);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(got, POISON, MARGIN), NULL);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(got + MARGIN + n, POISON, MARGIN), NULL);
}

/* elements without a size are still counted */
static void zero_size_counts(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 0, 1000);
	int i;

	for (i = 0; i < 1000; i++)
		KUNIT_ASSERT_EQ(test, goro_chan_try_send(c, NULL), 0);
	KUNIT_EXPECT_EQ(test, goro_chan_try_send(c, NULL), -EAGAIN);
	EXPECT_CHAN(test, c, 1000, 0, 0);
	KUNIT_EXPECT_EQ(test, goro_chan_close(c), 0);
	for (i = 0; i < 1000; i++)
		KUNIT_ASSERT_EQ(test, goro_chan_try_recv(c, NULL), 1);
	KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, NULL), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(make_args),
	KUNIT_CASE(references),
	KUNIT_CASE(pointers),
	KUNIT_CASE(nil),
	KUNIT_CASE(unbuffered_alone),
	KUNIT_CASE(buffered),
	KUNIT_CASE(forms),
	KUNIT_CASE(deadlines),
	KUNIT_CASE(close_drains),
	KUNIT_CASE(close_unbuffered),
	KUNIT_CASE_PARAM(element_sizes, size_gen_params),
	KUNIT_CASE(zero_size_counts),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_chan",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
