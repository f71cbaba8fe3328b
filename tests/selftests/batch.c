// SPDX-License-Identifier: GPL-2.0-only
/* Many elements a call: partial results, chunks of the bounce buffer, addresses that end in between. */
#include "goro_test.h"

static void fill(uint64_t *v, int n, uint64_t from)
{
	for (int i = 0; i < n; i++)
		v[i] = from + i;
}

TEST(send_what_fits)
{
	int c = make(8, 5);
	uint64_t v[8], out[8];

	fill(v, 8, 10);
	CHECK_EQ(goro_kchan_sendn(c, v, 8, GORO_NOW), 5);
	CHECK_CHAN(c, 5, 0, 0, false);
	CHECK_EQ(goro_kchan_sendn(c, v, 8, GORO_NOW), -EAGAIN);
	CHECK_EQ(goro_kchan_sendn(c, v, 8, goro_in(1000000)), -ETIMEDOUT);
	CHECK_CHAN(c, 5, 0, 0, false);
	poison(out, sizeof(out));
	CHECK_EQ(goro_kchan_recvn(c, out, 8, 0, GORO_FOREVER), 5);
	CHECK(!memcmp(out, v, 40));
	CHECK(poisoned(out + 5, 24));
	CHECK_CHAN(c, 0, 0, 0, false);
	CHECK_EQ(goro_kchan_recvn(c, out, 8, 0, GORO_NOW), -EAGAIN);
}

TEST(send_waits_for_all)
{
	int c = make(8, 2);
	uint64_t v[9], out[9];
	struct call s = CALL(call_send, c, v, 9);

	fill(v, 9, 1);
	call_start(&s);
	wait_for(c, 1, 0);
	CHECK_CHAN(c, 2, 1, 0, false);
	CHECK_EQ(goro_kchan_recvn(c, out, 9, GORO_RECV_ALL, GORO_FOREVER), 9);
	CHECK(!memcmp(out, v, sizeof(v)));
	CHECK_EQ(call_end(&s), 9);
}

TEST(receive_waits_for_one)
{
	int c = make(8, 4);
	uint64_t v[4], out[4];
	struct call r = CALL(call_recv, c, out, 4);

	poison(out, sizeof(out));
	call_start(&r);
	wait_for(c, 0, 1);
	v[0] = 3;
	CHECK_EQ(goro_kchan_send(c, v), 0);
	CHECK_EQ(call_end(&r), 1);
	CHECK_EQ(out[0], 3);
	CHECK(poisoned(out + 1, 24));
}

TEST(receive_all)
{
	int c = make(8, 1);
	uint64_t v[6], out[6];
	struct call r = CALL(call_recv, c, out, 6);

	r.flags = GORO_RECV_ALL;
	fill(v, 6, 1);
	call_start(&r);
	wait_for(c, 0, 1);
	CHECK_EQ(goro_kchan_sendn(c, v, 5, GORO_FOREVER), 5);
	wait_for(c, 0, 1);
	CHECK_EQ(goro_kchan_send(c, v + 5), 0);
	CHECK_EQ(call_end(&r), 6);
	CHECK(!memcmp(out, v, sizeof(v)));
}

TEST(receive_all_until_deadline)
{
	int c = make(8, 4);
	uint64_t v[2], out[4];

	fill(v, 2, 5);
	CHECK_EQ(goro_kchan_sendn(c, v, 2, GORO_NOW), 2);
	poison(out, sizeof(out));
	CHECK_EQ(goro_kchan_recvn(c, out, 4, GORO_RECV_ALL, goro_in(2000000)), 2);
	CHECK(!memcmp(out, v, 16));
	CHECK(poisoned(out + 2, 16));
	CHECK_CHAN(c, 0, 0, 0, false);
	CHECK_EQ(goro_kchan_recvn(c, out, 4, GORO_RECV_ALL, GORO_NOW), -EAGAIN);
}

TEST(close_in_between)
{
	int c = make(8, 2), d = make(8, 0);
	uint64_t v[5], out[5];
	struct call s = CALL(call_send, c, v, 5), r = CALL(call_recv, d, out, 5);

	fill(v, 5, 1);
	call_start(&s);
	wait_for(c, 1, 0);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(call_end(&s), 2);
	CHECK_CHAN(c, 2, 0, 0, true);
	CHECK_EQ(goro_kchan_sendn(c, v, 5, GORO_FOREVER), -EPIPE);

	r.flags = GORO_RECV_ALL;
	poison(out, sizeof(out));
	call_start(&r);
	wait_for(d, 0, 1);
	CHECK_EQ(goro_kchan_sendn(d, v, 3, GORO_FOREVER), 3);
	wait_for(d, 0, 1);
	CHECK_EQ(goro_kchan_close(d), 0);
	CHECK_EQ(call_end(&r), 3);
	CHECK(!memcmp(out, v, 24));
	CHECK(poisoned(out + 3, 16));
	/* at the end the first element is zeroed, the others are not touched */
	CHECK_EQ(goro_kchan_recvn(d, out, 5, GORO_RECV_ALL, GORO_FOREVER), 0);
	CHECK_EQ(out[0], 0);
	CHECK_EQ(out[1], v[1]);
}

/* more than one chunk of the kernel's bounce buffer, of small, odd and large elements */
TEST(chunks)
{
	static const struct { uint32_t elem, n; } t[] = {
		{ 1, 50000 }, { 8, 5000 }, { 1000, 100 }, { 16384, 5 }, { 16385, 5 }, { 65536, 7 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t bytes = (size_t)t[i].elem * t[i].n, j;
		unsigned char *in = malloc(bytes), *out = malloc(bytes + 8);
		int c = make(t[i].elem, t[i].n), d = make(t[i].elem, 0);
		struct call s = CALL(call_send, d, in, t[i].n);

		CHECK(in && out);
		for (j = 0; j < bytes; j++)
			in[j] = j * 31 >> 3;
		CHECK_EQ(goro_kchan_sendn(c, in, t[i].n, GORO_NOW), t[i].n);
		CHECK_CHAN(c, t[i].n, 0, 0, false);
		poison(out, bytes + 8);
		CHECK_EQ(goro_kchan_recvn(c, out, t[i].n, 0, GORO_NOW), t[i].n);
		CHECK(!memcmp(in, out, bytes));
		CHECK(poisoned(out + bytes, 8));

		poison(out, bytes + 8);
		call_start(&s);
		CHECK_EQ(goro_kchan_recvn(d, out, t[i].n, GORO_RECV_ALL, GORO_FOREVER), t[i].n);
		CHECK_EQ(call_end(&s), t[i].n);
		CHECK(!memcmp(in, out, bytes));
		CHECK(poisoned(out + bytes, 8));
		free(in);
		free(out);
		close(c);
		close(d);
	}
}

TEST(count)
{
	int c = make(8, 2);
	uint64_t v = 1, out = 0;

	CHECK_EQ(goro_kchan_sendn(c, &v, 0, GORO_NOW), -EINVAL);
	CHECK_EQ(goro_kchan_recvn(c, &out, 0, 0, GORO_NOW), -EINVAL);
	CHECK_EQ(goro_kchan_sendn(c, &v, 1U << 31, GORO_NOW), -EINVAL);
	CHECK_EQ(goro_kchan_sendn(c, &v, UINT32_MAX, GORO_NOW), -EINVAL);
	CHECK_EQ(goro_kchan_recvn(c, &out, UINT32_MAX, 0, GORO_NOW), -EINVAL);
	CHECK_CHAN(c, 0, 0, 0, false);
}

/* where the memory ends in between: whole chunks go, and no element is lost */
TEST(memory_ends)
{
	/* not a whole number of the kernel's chunks */
	char *guard, *p = guarded(8, &guard);
	size_t n, i;
	int c = make(8, 8192), sent, got, total = 0;
	uint64_t out[512];

	n = (guard - p) / 8;
	fill((uint64_t *)p, n, 0);
	sent = goro_kchan_sendn(c, p, n + 100, GORO_NOW);
	CHECK(sent > 0 && (size_t)sent < n);
	CHECK_CHAN(c, sent, 0, 0, false);
	CHECK_EQ(goro_kchan_sendn(c, guard - 8, 2, GORO_NOW), -EFAULT);
	CHECK_CHAN(c, sent, 0, 0, false);
	CHECK_EQ(goro_kchan_sendn(c, p + sent * 8, n - sent, GORO_NOW), n - sent);
	CHECK_CHAN(c, n, 0, 0, false);

	poison(p, guard - p);
	got = goro_kchan_recvn(c, p, n + 100, 0, GORO_NOW);
	CHECK(got > 0 && (size_t)got < n);
	CHECK_CHAN(c, n - got, 0, 0, false);
	for (i = 0; i < (size_t)got; i++)
		CHECK_EQ(((uint64_t *)p)[i], i);
	CHECK(poisoned(p + got * 8, guard - p - got * 8));
	CHECK_EQ(goro_kchan_recvn(c, guard - 8, 2, 0, GORO_NOW), -EFAULT);
	CHECK(poisoned(guard - 8, 8));
	CHECK_CHAN(c, n - got, 0, 0, false);
	/* the rest is all there, in order */
	for (total = got; (size_t)total < n; total += got) {
		got = goro_kchan_recvn(c, out, 512, 0, GORO_NOW);
		CHECK(got > 0);
		for (i = 0; i < (size_t)got; i++)
			CHECK_EQ(out[i], total + i);
	}
	CHECK_EQ(total, n);
	CHECK_CHAN(c, 0, 0, 0, false);
}

TEST(others_may_come_between_but_order_stays)
{
	enum { EACH = 3000 };
	static uint64_t a[EACH], b[EACH], out[2 * EACH];
	int c = make(8, 7), i;
	struct call s = CALL(call_send, c, a, EACH), t = CALL(call_send, c, b, EACH);
	uint64_t next[2] = { 0, 1 << 20 };

	fill(a, EACH, 0);
	fill(b, EACH, 1 << 20);
	call_start(&s);
	call_start(&t);
	CHECK_EQ(goro_kchan_recvn(c, out, 2 * EACH, GORO_RECV_ALL, GORO_FOREVER), 2 * EACH);
	for (i = 0; i < 2 * EACH; i++)
		CHECK_EQ(out[i], next[out[i] >> 20]++);
	CHECK_EQ(call_end(&s), EACH);
	CHECK_EQ(call_end(&t), EACH);
}
