// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must be refused, and refused without a trace: after each wrong call the
 * channel is as it was. That nothing is logged is the runner's to check.
 */
#include "goro_test.h"

#define PAGE 4096

/* addresses that are none, and memory that may not be used in one way */
static void *wrong(int i)
{
	static char *ro;
	char *guard;

	if (!ro) {
		ro = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(ro != MAP_FAILED);
	}
	switch (i) {
	case 0:
		return NULL;
	case 1:
		return (void *)8;
	case 2:
		guarded(1, &guard);
		return guard;
	case 3:
		return (void *)-4096L;				/* the kernel's */
	case 4:
		return (void *)(UINTPTR_MAX / 2 + 1);		/* not canonical */
	case 5:
		return (void *)(UINTPTR_MAX - 3);		/* wraps around */
	case 6:
		guarded(2, &guard);
		return guard - 4;				/* half of an element */
	case 7:
		return ro;					/* for receiving */
	}
	return (void *)-1L;
}

#define N_WRONG 8

TEST(send_from_nowhere)
{
	int c = make(8, 4), i;

	for (i = 0; i < N_WRONG - 1; i++) {
		CHECK_EQ(goro_kchan_sendn(c, wrong(i), 1, GORO_NOW), -EFAULT);
		CHECK_EQ(goro_kchan_sendn(c, wrong(i), 3, GORO_FOREVER), -EFAULT);
		CHECK_ERR(write(c, wrong(i), 8), EFAULT);
		CHECK_CHAN(c, 0, 0, 0, false);
	}
	CHECK_EQ(goro_kchan_sendn(c, wrong(7), 1, GORO_NOW), 1);
}

TEST(receive_to_nowhere_loses_nothing)
{
	int c = make(8, 4), i;
	uint64_t v[2] = { 11, 22 }, out[2];

	CHECK_EQ(goro_kchan_sendn(c, v, 2, GORO_NOW), 2);
	for (i = 0; i < N_WRONG; i++) {
		CHECK_EQ(goro_kchan_recvn(c, wrong(i), 1, 0, GORO_NOW), -EFAULT);
		CHECK_EQ(goro_kchan_recvn(c, wrong(i), 2, GORO_RECV_ALL, GORO_FOREVER), -EFAULT);
		CHECK_ERR(read(c, wrong(i), 8), EFAULT);
		CHECK_CHAN(c, 2, 0, 0, false);
	}
	CHECK_EQ(goro_kchan_recvn(c, out, 2, 0, GORO_NOW), 2);
	CHECK(!memcmp(v, out, sizeof(v)));
	/* nor does it wait on an empty channel */
	for (i = 0; i < N_WRONG; i++)
		CHECK_EQ(goro_kchan_recvn(c, wrong(i), 1, 0, GORO_FOREVER), -EFAULT);
	CHECK_CHAN(c, 0, 0, 0, false);
}

/* memory that goes while the call waits: the one case in which an element is lost, and said to be */
TEST(memory_goes_meanwhile)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int c = make(8, 0);
	uint64_t v = 1;
	struct call r = CALL(call_recv, c, p, 1);

	call_start(&r);
	wait_for(c, 0, 1);
	CHECK_EQ(munmap(p, PAGE), 0);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(call_end(&r), -EFAULT);
	CHECK_CHAN(c, 0, 0, 0, false);
}

TEST(memory_of_a_sender_goes_meanwhile)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int c = make(8, 0);
	uint64_t v;
	struct call s = CALL(call_send, c, p, 1);

	*(uint64_t *)p = 7;
	call_start(&s);
	wait_for(c, 1, 0);
	CHECK_EQ(munmap(p, PAGE), 0);
	CHECK_EQ(goro_kchan_recv(c, &v), 1);
	CHECK_EQ(v, 7);
	CHECK_EQ(call_end(&s), 1);
}

/* a file that is shorter than its mapping: SIGBUS in user space, EFAULT here */
TEST(beyond_the_end_of_a_file)
{
	char path[] = "/tmp/goro-bad-XXXXXX";
	int f = mkstemp(path), c = make(8, 4);
	uint64_t v = 3;
	char *p;

	CHECK(f >= 0);
	unlink(path);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(goro_kchan_sendn(c, p, 1, GORO_NOW), -EFAULT);
	CHECK_EQ(goro_kchan_recvn(c, p, 1, 0, GORO_NOW), -EFAULT);
	CHECK_CHAN(c, 1, 0, 0, false);
	CHECK_EQ(ftruncate(f, PAGE), 0);
	CHECK_EQ(goro_kchan_recvn(c, p, 1, 0, GORO_NOW), 1);
	CHECK_EQ(*(uint64_t *)p, 3);
}

TEST(sizes)
{
	int c = make(65536, 2);
	char *guard, *p = guarded(2, &guard);

	/* n * elem beyond everything */
	CHECK_EQ(goro_kchan_sendn(c, p, INT32_MAX, GORO_NOW), -EFAULT);
	CHECK_EQ(goro_kchan_recvn(c, p, INT32_MAX, 0, GORO_NOW), -EFAULT);
	CHECK_CHAN(c, 0, 0, 0, false);
	/* one element that is not all there */
	CHECK_EQ(goro_kchan_sendn(c, p, 1, GORO_NOW), -EFAULT);
	CHECK_CHAN(c, 0, 0, 0, false);
}

TEST(huge_capacities)
{
	struct goro_query q;
	uint64_t cap;
	int ret;

	CHECK_EQ(goro_dev_query(dev(), &q), 0);
	for (cap = 1; cap && cap <= 1ULL << 63; cap <<= 1) {
		ret = goro_kchan_make(dev(), 65536, cap, 0);
		if (cap * 65536 > q.chan_bytes_max || cap > q.cap_max)
			CHECK_EQ(ret, -EINVAL);
		else if (ret < 0)
			CHECK_EQ(ret, -ENOMEM);
		else
			close(ret);
		ret = goro_kchan_make(dev(), 8, cap - 1, 0);
		if (ret < 0)
			CHECK(ret == -EINVAL || ret == -ENOMEM);
		else
			close(ret);
	}
	CHECK_EQ(goro_kchan_make(dev(), UINT32_MAX, UINT64_MAX, 0), -EINVAL);
}

/* as many as the memory takes; ENOMEM in the end, or all are had */
TEST(much_memory)
{
	int i, fd;

	for (i = 0; i < 64; i++) {
		fd = goro_kchan_make(dev(), 4096, 4096, 0);
		if (fd == -ENOMEM)
			break;
		CHECK(fd >= 0);
	}
}

TEST(closed_fds)
{
	int c = make(8, 1), t = spawn_sleeper();
	uint64_t v = 1;

	close(c);
	close(t);
	CHECK_EQ(goro_kchan_send(c, &v), -EBADF);
	CHECK_EQ(goro_kchan_recv(c, &v), -EBADF);
	CHECK_EQ(goro_kchan_close(c), -EBADF);
	CHECK_EQ(goro_ktask_wait(t, NULL, GORO_NOW), -EBADF);
	CHECK_EQ(goro_ktask_cancel(-1), -EBADF);
}

TEST(foreign_fds)
{
	int c = make(8, 1), t = spawn_sleeper(), null = open("/dev/null", O_RDWR), p[2];
	struct goro_chan_info i;
	struct goro_query q;
	uint64_t v = 1;

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(goro_kchan_send(t, &v), -ENOTTY);
	CHECK_EQ(goro_kchan_send(dev(), &v), -ENOTTY);
	CHECK_EQ(goro_kchan_recv(null, &v), -ENOTTY);
	CHECK_EQ(goro_kchan_recv(p[0], &v), -ENOTTY);
	CHECK_EQ(goro_kchan_info(t, &i), -ENOTTY);
	CHECK_EQ(goro_ktask_wait(c, NULL, GORO_NOW), -ENOTTY);
	CHECK_EQ(goro_ktask_cancel(dev()), -ENOTTY);
	CHECK_EQ(goro_dev_query(c, &q), -ENOTTY);
	CHECK_EQ(goro_kchan_make(c, 8, 1, 0), -ENOTTY);
	CHECK_EQ(goro_ktask_spawn(t, "sleep", &v, 8, NULL, 0), -ENOTTY);
}

/* numbers and arguments at random; the seed is fixed */
TEST(random_ioctls)
{
	int c = make(8, 4), t = spawn_sleeper(), fds[3], i, ret;
	uint64_t x = 88172645463325252;
	unsigned char b[512];

	fds[0] = dev();
	fds[1] = c;
	fds[2] = t;
	/* a blocking call would wait for ever: its deadline is random, so it has mostly passed */
	for (i = 0; i < 20000; i++) {
		unsigned int cmd;

		for (size_t j = 0; j < sizeof(b); j += 8) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			memcpy(b + j, &x, 8);
		}
		cmd = x % 4 ? (unsigned int)(x >> 8) : (unsigned int)(x >> 8 & 0xffff00ff) | GORO_IOC_MAGIC << 8;
		ret = ioctl(fds[i % 3], cmd, x >> 40 & 1 ? (void *)b : (void *)(uintptr_t)x);
		CHECK(ret == -1);
	}
	CHECK_CHAN(c, 0, 0, 0, false);
}
