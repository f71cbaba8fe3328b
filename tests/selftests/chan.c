// SPDX-License-Identifier: GPL-2.0-only
/* Channel fds: Go's semantics, one element at a time; the state is read back after each step. */
#include "goro_test.h"

#define N 4		/* threads of a kind */
#define PER 2000	/* elements each */

TEST(make_limits)
{
	int c;

	CHECK_EQ(goro_kchan_make(dev(), 65537, 1, 0), -EINVAL);
	CHECK_EQ(goro_kchan_make(dev(), UINT32_MAX, 1, 0), -EINVAL);
	CHECK_EQ(goro_kchan_make(dev(), 0, (1 << 30) + 1, 0), -EINVAL);
	CHECK_EQ(goro_kchan_make(dev(), 8, UINT64_MAX, 0), -EINVAL);
	CHECK_EQ(goro_kchan_make(dev(), 8, 1ULL << 32, 0), -EINVAL);
	CHECK_EQ(goro_kchan_make(dev(), 65536, 1 << 30, 0), -EINVAL);
	c = make(65536, 4);
	CHECK_CHAN(c, 0, 0, 0, false);
	c = make(0, 1 << 30);
	CHECK_CHAN(c, 0, 0, 0, false);
}

TEST(info)
{
	struct goro_chan_info a, b;
	int c = make(24, 7), d = make(1, 0);

	poison(&a, sizeof(a));
	a.flags = a.reserved = 0;
	CHECK_EQ(ioctl(c, GORO_IOC_CHAN_INFO, &a), 0);
	CHECK_EQ(a.elem, 24);
	CHECK_EQ(a.cap, 7);
	CHECK_EQ(a.len, 0);
	CHECK_EQ(a.state, 0);
	CHECK_EQ(goro_kchan_info(d, &b), 0);
	CHECK_EQ(b.elem, 1);
	CHECK_EQ(b.cap, 0);
	CHECK(a.id && b.id && a.id != b.id);
}

TEST(buffered)
{
	int c = make(8, 3), round;
	uint64_t v, i, next = 0, want = 0;

	for (round = 0; round < 5; round++) {
		for (i = 0; i < 3; i++) {
			v = next++;
			CHECK_EQ(goro_kchan_send(c, &v), 0);
			CHECK_CHAN(c, i + 1, 0, 0, false);
		}
		CHECK_EQ(goro_kchan_send_until(c, &v, GORO_NOW), -EAGAIN);
		CHECK_EQ(goro_kchan_send_until(c, &v, 1), -ETIMEDOUT);
		CHECK_CHAN(c, 3, 0, 0, false);
		for (i = 3; i > 0; i--) {
			poison(&v, 8);
			CHECK_EQ(goro_kchan_recv(c, &v), 1);
			CHECK_EQ(v, want++);
			CHECK_CHAN(c, i - 1, 0, 0, false);
		}
		poison(&v, 8);
		CHECK_EQ(goro_kchan_recv_until(c, &v, GORO_NOW), -EAGAIN);
		CHECK_EQ(goro_kchan_recv_until(c, &v, 1), -ETIMEDOUT);
		CHECK_EQ(goro_kchan_recv_until(c, &v, goro_in(2000000)), -ETIMEDOUT);
		CHECK(poisoned(&v, 8));
		CHECK_CHAN(c, 0, 0, 0, false);
		/* from another place in the ring each round; a deadline that has passed is no hindrance */
		v = next++;
		CHECK_EQ(goro_kchan_send_until(c, &v, 1), 0);
		CHECK_EQ(goro_kchan_recv_until(c, &v, 1), 1);
		CHECK_EQ(v, want++);
	}
}

TEST(unbuffered_sender_waits)
{
	int c = make(8, 0);
	uint64_t in = 7, out;
	struct call s = CALL(call_send, c, &in, 1);

	CHECK_EQ(goro_kchan_send_until(c, &in, GORO_NOW), -EAGAIN);
	CHECK_EQ(goro_kchan_send_until(c, &in, goro_in(2000000)), -ETIMEDOUT);
	CHECK_CHAN(c, 0, 0, 0, false);
	call_start(&s);
	wait_for(c, 1, 0);
	CHECK_CHAN(c, 0, 1, 0, false);
	CHECK_EQ(goro_kchan_recv_until(c, &out, GORO_NOW), 1);
	CHECK_EQ(out, 7);
	CHECK_EQ(call_end(&s), 1);
	CHECK_CHAN(c, 0, 0, 0, false);
}

TEST(unbuffered_receiver_waits)
{
	int c = make(8, 0);
	uint64_t in = 9, out;
	struct call r = CALL(call_recv, c, &out, 1);

	call_start(&r);
	wait_for(c, 0, 1);
	CHECK_EQ(goro_kchan_send_until(c, &in, GORO_NOW), 0);
	CHECK_EQ(call_end(&r), 1);
	CHECK_EQ(out, 9);
	CHECK_CHAN(c, 0, 0, 0, false);
}

TEST(waiters_first_come_first_served)
{
	int c = make(8, 1), d = make(8, 0), i;
	uint64_t in[N], out[N], v = 99;
	struct call s[N], r[N];

	CHECK_EQ(goro_kchan_send(c, &v), 0);
	for (i = 0; i < N; i++) {
		in[i] = i;
		s[i] = (struct call)CALL(call_send, c, &in[i], 1);
		call_start(&s[i]);
		wait_for(c, i + 1, 0);
		r[i] = (struct call)CALL(call_recv, d, &out[i], 1);
		call_start(&r[i]);
		wait_for(d, 0, i + 1);
	}
	CHECK_EQ(goro_kchan_recv(c, &v), 1);
	CHECK_EQ(v, 99);
	for (i = 0; i < N; i++) {
		/* each receive lets the next sender in */
		CHECK_CHAN(c, 1, N - 1 - i, 0, false);
		CHECK_EQ(goro_kchan_recv(c, &v), 1);
		CHECK_EQ(v, i);
		v = 100 + i;
		CHECK_EQ(goro_kchan_send_until(d, &v, GORO_NOW), 0);
		CHECK_CHAN(d, 0, 0, N - 1 - i, false);
	}
	for (i = 0; i < N; i++) {
		CHECK_EQ(call_end(&s[i]), 1);
		CHECK_EQ(call_end(&r[i]), 1);
		CHECK_EQ(out[i], 100 + i);
	}
}

TEST(close_drains)
{
	int c = make(4, 4);
	uint32_t v[3] = { 1, 2, 3 }, out;

	CHECK_EQ(goro_kchan_sendn(c, v, 3, GORO_NOW), 3);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_CHAN(c, 3, 0, 0, true);
	CHECK_EQ(goro_kchan_close(c), -EBADFD);
	CHECK_EQ(goro_kchan_send(c, v), -EPIPE);
	CHECK_EQ(goro_kchan_send_until(c, v, GORO_NOW), -EPIPE);
	CHECK_CHAN(c, 3, 0, 0, true);
	for (uint32_t i = 1; i <= 3; i++) {
		CHECK_EQ(goro_kchan_recv(c, &out), 1);
		CHECK_EQ(out, i);
	}
	poison(&out, 4);
	CHECK_EQ(goro_kchan_recv(c, &out), 0);
	CHECK_EQ(out, 0);
	poison(&out, 4);
	CHECK_EQ(goro_kchan_recv_until(c, &out, GORO_NOW), 0);
	CHECK_EQ(out, 0);
	CHECK_CHAN(c, 0, 0, 0, true);
}

TEST(close_wakes_receivers)
{
	int c = make(8, 2), i;
	uint64_t out[N];
	struct call r[N];

	poison(out, sizeof(out));
	for (i = 0; i < N; i++) {
		r[i] = (struct call)CALL(call_recv, c, &out[i], 1);
		call_start(&r[i]);
	}
	wait_for(c, 0, N);
	CHECK_EQ(goro_kchan_close(c), 0);
	for (i = 0; i < N; i++)
		CHECK_EQ(call_end(&r[i]), 0);
	CHECK(zeroed(out, sizeof(out)));
	CHECK_CHAN(c, 0, 0, 0, true);
}

TEST(close_wakes_senders)
{
	int c = make(8, 1), i;
	uint64_t v = 5, out;
	struct call s[N];

	CHECK_EQ(goro_kchan_send(c, &v), 0);
	for (i = 0; i < N; i++) {
		s[i] = (struct call)CALL(call_send, c, &v, 1);
		call_start(&s[i]);
	}
	wait_for(c, N, 0);
	CHECK_EQ(goro_kchan_close(c), 0);
	for (i = 0; i < N; i++)
		CHECK_EQ(call_end(&s[i]), -EPIPE);
	/* what was buffered stays, what was not sent is not there */
	CHECK_CHAN(c, 1, 0, 0, true);
	CHECK_EQ(goro_kchan_recv(c, &out), 1);
	CHECK_EQ(out, 5);
	CHECK_EQ(goro_kchan_recv(c, &out), 0);
}

TEST(element_sizes)
{
	static const uint32_t sizes[] = { 1, 2, 3, 7, 8, 9, 127, 128, 129, 4095, 4096, 65535, 65536 };
	static unsigned char in[65536], out[65536 + 8];
	unsigned int i, j, k;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t n = sizes[i];
		int c = make(n, 2);

		for (k = 0; k < 2; k++) {
			for (j = 0; j < n; j++)
				in[j] = j * 7 + i + k;
			CHECK_EQ(goro_kchan_send_until(c, in, GORO_NOW), 0);
		}
		for (k = 0; k < 2; k++) {
			for (j = 0; j < n; j++)
				in[j] = j * 7 + i + k;
			poison(out, sizeof(out));
			CHECK_EQ(goro_kchan_recv_until(c, out, GORO_NOW), 1);
			CHECK(!memcmp(in, out, n));
			CHECK(poisoned(out + n, sizeof(out) - n));
		}
		close(c);
	}
}

TEST(no_bytes)
{
	int c = make(0, 5), d = make(0, 0);
	struct call s = CALL(call_send, d, NULL, 3);

	CHECK_EQ(goro_kchan_sendn(c, NULL, 10, GORO_NOW), 5);
	CHECK_CHAN(c, 5, 0, 0, false);
	CHECK_EQ(goro_kchan_recvn(c, NULL, 2, 0, GORO_NOW), 2);
	CHECK_CHAN(c, 3, 0, 0, false);
	/* an address that is no address is not looked at */
	CHECK_EQ(goro_kchan_recvn(c, (void *)-8L, 10, 0, GORO_NOW), 3);
	CHECK_EQ(goro_kchan_recv_until(c, NULL, GORO_NOW), -EAGAIN);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(goro_kchan_recv(c, NULL), 0);
	CHECK_EQ(goro_kchan_send(c, NULL), -EPIPE);

	call_start(&s);
	CHECK_EQ(goro_kchan_recvn(d, NULL, 3, GORO_RECV_ALL, GORO_FOREVER), 3);
	CHECK_EQ(call_end(&s), 3);
}

/* ---- many at once ---------------------------------------------------- */

struct item {
	uint32_t sender;
	uint32_t seq;
};

static void *many_send(void *arg)
{
	int *a = arg;
	struct item it = { .sender = a[1] };

	for (it.seq = 0; it.seq < PER; it.seq++)
		CHECK_EQ(goro_kchan_send(a[0], &it), 0);
	return NULL;
}

struct received {
	int c;
	uint32_t n[N];
};

static void *many_recv(void *arg)
{
	struct received *r = arg;
	uint32_t last[N];
	struct item it;
	int ret;

	memset(last, 0xff, sizeof(last));
	while ((ret = goro_kchan_recv(r->c, &it)) == 1) {
		CHECK(it.sender < N);
		/* of one sender, one receiver sees a later element later */
		CHECK(last[it.sender] == UINT32_MAX || it.seq > last[it.sender]);
		last[it.sender] = it.seq;
		r->n[it.sender]++;
	}
	CHECK_EQ(ret, 0);
	return NULL;
}

static void many(int cap)
{
	int c = make(sizeof(struct item), cap), args[N][2], i, j;
	struct received r[N] = { 0 };
	pthread_t s[N], t[N];
	uint32_t sum;

	for (i = 0; i < N; i++) {
		args[i][0] = r[i].c = c;
		args[i][1] = i;
		CHECK_EQ(pthread_create(&t[i], NULL, many_recv, &r[i]), 0);
		CHECK_EQ(pthread_create(&s[i], NULL, many_send, args[i]), 0);
	}
	for (i = 0; i < N; i++)
		CHECK_EQ(pthread_join(s[i], NULL), 0);
	CHECK_EQ(goro_kchan_close(c), 0);
	for (i = 0; i < N; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	for (i = 0; i < N; i++) {
		for (j = 0, sum = 0; j < N; j++)
			sum += r[j].n[i];
		CHECK_EQ(sum, PER);
	}
	CHECK_CHAN(c, 0, 0, 0, true);
}

TEST(many_threads_unbuffered)
{
	many(0);
}

TEST(many_threads_buffered)
{
	many(1);
	many(100);
}
