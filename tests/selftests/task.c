// SPDX-License-Identifier: GPL-2.0-only
/* Task fds and the classes that are always there. */
#include "goro_test.h"

static int wait_result(int t)
{
	int result = 0x5a5a5a5a;

	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	return result;
}

static void check_info(int t, uint32_t state, int result, uint32_t n_chans, const char *name)
{
	struct goro_task_info i;

	poison(&i, sizeof(i));
	i.flags = 0;
	CHECK_EQ(ioctl(t, GORO_IOC_TASK_INFO, &i), 0);
	CHECK_EQ(i.flags, 0);
	CHECK_EQ(i.state, state);
	CHECK_EQ(i.result, result);
	CHECK_EQ(i.n_chans, n_chans);
	CHECK(!strcmp(i.class_name, name));
	CHECK(zeroed(i.class_name + strlen(name), sizeof(i.class_name) - strlen(name)));
}

TEST(sum)
{
	int c = make(8, 4), d = make(8, 0), t = spawn("sum", NULL, 0, c, d);
	int64_t v, want = 0;

	check_info(t, 0, 0, 2, "sum");
	for (v = -10; v < 100; v++) {
		want += v;
		CHECK_EQ(goro_kchan_send(c, &v), 0);
	}
	CHECK_EQ(goro_ktask_wait(t, NULL, GORO_NOW), -EAGAIN);
	CHECK_EQ(goro_ktask_wait(t, NULL, 1), -ETIMEDOUT);
	CHECK_EQ(goro_ktask_wait(t, NULL, goro_in(1000000)), -ETIMEDOUT);
	check_info(t, 0, 0, 2, "sum");
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(goro_kchan_recv(d, &v), 1);
	CHECK_EQ(v, want);
	CHECK_EQ(wait_result(t), 110);
	CHECK_EQ(wait_result(t), 110);
	CHECK_EQ(goro_ktask_wait(t, NULL, GORO_NOW), 0);
	check_info(t, GORO_TASK_DONE, 110, 2, "sum");
}

TEST(echo_chain)
{
	enum { N = 20 };
	int c[N + 1], t[N], i;
	uint32_t v, n;

	c[0] = make(4, 3);
	for (i = 0; i < N; i++) {
		c[i + 1] = make(4, i % 3);
		t[i] = spawn("echo", NULL, 0, c[i], c[i + 1]);
	}
	/* the tasks have the channels in between to themselves */
	for (i = 1; i < N; i++)
		CHECK_EQ(close(c[i]), 0);
	for (n = 0; n < 200; n++) {
		CHECK_EQ(goro_kchan_send(c[0], &n), 0);
		CHECK_EQ(goro_kchan_recv(c[N], &v), 1);
		CHECK_EQ(v, n);
	}
	CHECK_EQ(goro_kchan_close(c[0]), 0);
	CHECK_EQ(wait_result(t[0]), 200);
}

TEST(echo_sizes)
{
	static unsigned char in[65536], out[65536];
	static const uint32_t sizes[] = { 0, 1, 100, 65536 };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		int c = make(sizes[i], 1), d = make(sizes[i], 1), t = spawn("echo", NULL, 0, c, d);

		memset(in, i + 1, sizeof(in));
		poison(out, sizeof(out));
		CHECK_EQ(goro_kchan_send(c, in), 0);
		CHECK_EQ(goro_kchan_recv(d, out), 1);
		CHECK(!memcmp(in, out, sizes[i]));
		CHECK(poisoned(out + sizes[i], sizeof(out) - sizes[i]));
		CHECK_EQ(goro_kchan_close(c), 0);
		CHECK_EQ(wait_result(t), 1);
	}
}

TEST(echo_to_closed)
{
	int c = make(8, 1), d = make(8, 1), t = spawn("echo", NULL, 0, c, d);
	uint64_t v = 1;

	CHECK_EQ(goro_kchan_close(d), 0);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(wait_result(t), -EPIPE);
}

TEST(sleep_and_deadline)
{
	uint64_t ns = 2000000, start = goro_now();
	int t = spawn("sleep", &ns, 8, -1, -1);

	CHECK_EQ(wait_result(t), 0);
	CHECK(goro_now() - start >= ns);
	check_info(t, GORO_TASK_DONE, 0, 0, "sleep");
}

TEST(cancel)
{
	int c = make(8, 0), t[3], i;

	t[0] = spawn_sleeper();
	t[1] = spawn("echo", NULL, 0, c, c);
	wait_for(c, 0, 1);
	t[2] = spawn("sum", NULL, 0, c, c);
	wait_for(c, 0, 2);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(goro_ktask_wait(t[i], NULL, GORO_NOW), -EAGAIN);
		CHECK_EQ(goro_ktask_cancel(t[i]), 0);
		CHECK_EQ(wait_result(t[i]), -ECANCELED);
		CHECK_EQ(goro_ktask_cancel(t[i]), 0);
	}
	check_info(t[0], GORO_TASK_DONE | GORO_TASK_CANCELLED, -ECANCELED, 0, "sleep");
	check_info(t[1], GORO_TASK_DONE | GORO_TASK_CANCELLED, -ECANCELED, 2, "echo");
	CHECK_CHAN(c, 0, 0, 0, false);
}

/* a task that never has to wait: it receives what it sent */
TEST(cancel_of_a_busy_one)
{
	int c = make(8, 2), t = spawn("echo", NULL, 0, c, c), u = spawn("echo", NULL, 0, c, c);
	int other = spawn("echo", NULL, 0, make(8, 0), c);
	uint64_t v = 1;

	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(goro_ktask_wait(t, NULL, goro_in(20000000)), -ETIMEDOUT);
	CHECK_EQ(goro_ktask_cancel(t), 0);
	CHECK_EQ(wait_result(t), -ECANCELED);
	CHECK_EQ(goro_ktask_cancel(other), 0);
	CHECK_EQ(wait_result(other), -ECANCELED);
	close(u);
	v = 0;
	CHECK_EQ(goro_kchan_recv(c, &v), 1);
	CHECK_EQ(v, 1);
}

TEST(close_cancels)
{
	int c = make(8, 0), d = make(8, 0), t = spawn("echo", NULL, 0, c, d), u;
	uint64_t v = 1;

	wait_for(c, 0, 1);
	/* not the last descriptor */
	u = dup(t);
	CHECK_EQ(close(t), 0);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	wait_for(d, 1, 0);
	CHECK_EQ(close(u), 0);
	wait_for(d, 0, 0);
	CHECK_CHAN(c, 0, 0, 0, false);
	CHECK_CHAN(d, 0, 0, 0, false);
}

TEST(read_gives_the_result_once)
{
	int c = make(8, 1), d = make(8, 1), t = spawn("sum", NULL, 0, c, d);
	struct goro_task_result r[2];
	struct call rd = CALL(call_read, t, r, sizeof(r));
	int64_t v = 5;

	poison(r, sizeof(r));
	CHECK_ERR(read(t, r, 7), EINVAL);
	CHECK_EQ(fcntl(t, F_SETFL, O_NONBLOCK), 0);
	CHECK_ERR(read(t, r, sizeof(r)), EAGAIN);
	CHECK_EQ(fcntl(t, F_SETFL, 0), 0);
	CHECK_ERR(write(t, r, 8), EBADF);
	CHECK(poisoned(r, sizeof(r)));
	call_start_asleep(&rd);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(call_end(&rd), 8);
	CHECK_EQ(r[0].result, 1);
	CHECK_EQ(r[0].reserved, 0);
	CHECK(poisoned(&r[1], sizeof(r[1])));
	CHECK_EQ(read(t, r, sizeof(r)), 0);
	CHECK_EQ(wait_result(t), 1);
}

TEST(many_waiters)
{
	enum { N = 8 };
	int t = spawn_sleeper(), i;
	struct call w[N];

	for (i = 0; i < N; i++) {
		w[i] = (struct call)CALL(call_wait, t, NULL, 0);
		call_start_asleep(&w[i]);
	}
	CHECK_EQ(goro_ktask_cancel(t), 0);
	for (i = 0; i < N; i++)
		CHECK_EQ(call_end(&w[i]), -ECANCELED);
}

/* ---- what a spawn refuses -------------------------------------------- */

static int raw(const char *name, size_t len, int n_chans, const int *chans, const void *arg,
	       uint32_t arg_len)
{
	struct goro_task_spawn a = {
		.n_chans = n_chans,
		.chans = (uintptr_t)chans,
		.arg = (uintptr_t)arg,
		.arg_len = arg_len,
	};

	memcpy(a.class_name, name, len);
	return ioctl(dev(), GORO_IOC_TASK_SPAWN, &a);
}

TEST(class_names)
{
	uint64_t ns = 0;
	char name[GORO_CLASS_NAME_LEN];

	CHECK_ERR(raw("nosuch", 6, 0, NULL, &ns, 8), ENOENT);
	CHECK_ERR(raw("slee", 4, 0, NULL, &ns, 8), ENOENT);
	CHECK_ERR(raw("sleepy", 6, 0, NULL, &ns, 8), ENOENT);
	CHECK_ERR(raw("", 0, 0, NULL, &ns, 8), EINVAL);
	CHECK_ERR(raw("sleep\0x", 7, 0, NULL, &ns, 8), EINVAL);
	memset(name, 'a', sizeof(name));
	CHECK_ERR(raw(name, sizeof(name), 0, NULL, &ns, 8), EINVAL);
	CHECK_ERR(raw(name, sizeof(name) - 1, 0, NULL, &ns, 8), ENOENT);
	CHECK_EQ(goro_ktask_spawn(dev(), "a class whose name is longer than any can be", NULL, 0,
				  NULL, 0), -ENOENT);
}

TEST(bad_channels)
{
	int c = make(8, 1), e = make(4, 1), t = spawn_sleeper(), f[65], i;

	for (i = 0; i < 65; i++)
		f[i] = c;
	CHECK_ERR(raw("echo", 4, 65, f, NULL, 0), EINVAL);
	CHECK_ERR(raw("echo", 4, -1, f, NULL, 0), EINVAL);
	CHECK_ERR(raw("echo", 4, 64, f, NULL, 0), EINVAL);	/* the class wants two */
	CHECK_ERR(raw("echo", 4, 1, f, NULL, 0), EINVAL);
	CHECK_ERR(raw("echo", 4, 0, f, NULL, 0), EINVAL);
	CHECK_ERR(raw("echo", 4, 2, NULL, NULL, 0), EFAULT);
	f[1] = e;
	CHECK_ERR(raw("echo", 4, 2, f, NULL, 0), EINVAL);	/* of different sizes */
	CHECK_ERR(raw("sum", 3, 2, f, NULL, 0), EINVAL);
	f[1] = -1;
	CHECK_ERR(raw("echo", 4, 2, f, NULL, 0), EBADF);
	f[1] = 1000;
	CHECK_ERR(raw("echo", 4, 2, f, NULL, 0), EBADF);
	f[1] = t;
	CHECK_ERR(raw("echo", 4, 2, f, NULL, 0), EINVAL);
	f[1] = dev();
	CHECK_ERR(raw("echo", 4, 2, f, NULL, 0), EINVAL);
	f[1] = open("/dev/null", O_RDWR);
	CHECK_ERR(raw("echo", 4, 2, f, NULL, 0), EINVAL);
	f[1] = open("/dev/null", O_PATH);
	CHECK_ERR(raw("echo", 4, 2, f, NULL, 0), EBADF);
	/* none of them kept the channel or runs */
	CHECK_CHAN(c, 0, 0, 0, false);
}

TEST(bad_arguments)
{
	uint64_t ns = 0;
	static char big[65537];
	int c = make(8, 1), chans[2] = { c, c };

	CHECK_ERR(raw("sleep", 5, 0, NULL, &ns, 7), EINVAL);
	CHECK_ERR(raw("sleep", 5, 0, NULL, NULL, 0), EINVAL);
	CHECK_ERR(raw("sleep", 5, 0, NULL, NULL, 8), EFAULT);
	CHECK_ERR(raw("sleep", 5, 1, chans, &ns, 8), EINVAL);
	CHECK_ERR(raw("sleep", 5, 0, NULL, big, 65536), EINVAL);
	CHECK_ERR(raw("sleep", 5, 0, NULL, big, 65537), E2BIG);
	CHECK_ERR(raw("sleep", 5, 0, NULL, big, UINT32_MAX), E2BIG);
	CHECK_ERR(raw("echo", 4, 2, chans, &ns, 8), EINVAL);
}

TEST(nonblock_flag)
{
	uint64_t ns = 3600000000000ULL;
	struct goro_task_spawn a = { .flags = GORO_FD_NONBLOCK, .arg = (uintptr_t)&ns,
				     .arg_len = 8, .class_name = "sleep" };
	struct goro_task_result r;
	int t = ioctl(dev(), GORO_IOC_TASK_SPAWN, &a);

	CHECK(t >= 0);
	CHECK_ERR(read(t, &r, sizeof(r)), EAGAIN);
	/* the ioctl goes by its deadline alone */
	CHECK_EQ(goro_ktask_wait(t, NULL, goro_in(1000000)), -ETIMEDOUT);
}

TEST(no_descriptor_left)
{
	int c = make(8, 1), fd, last = -1, chans[2] = { c, c };

	while ((fd = dup(c)) >= 0)
		last = fd;
	CHECK(errno == EMFILE && last >= 0);
	CHECK_EQ(goro_ktask_spawn(dev(), "echo", NULL, 0, chans, 2), -EMFILE);
	CHECK_EQ(goro_kchan_make(dev(), 8, 1, 0), -EMFILE);
	CHECK_CHAN(c, 0, 0, 0, false);
	close(last);
	fd = spawn("echo", NULL, 0, c, c);
	CHECK_EQ(fd, last);
}

TEST(five_hundred)
{
	enum { N = 500 };
	int c = make(8, 0), d = make(8, 0), t[N], i, sum = 0;
	uint64_t v = 0, out;

	for (i = 0; i < N; i++)
		t[i] = spawn("echo", NULL, 0, c, d);
	wait_for(c, 0, N);
	for (i = 0; i < 2 * N; i++) {
		v = i;
		CHECK_EQ(goro_kchan_send(c, &v), 0);
		CHECK_EQ(goro_kchan_recv(d, &out), 1);
		CHECK_EQ(out, i);
	}
	CHECK_EQ(goro_kchan_close(c), 0);
	for (i = 0; i < N; i++) {
		sum += wait_result(t[i]);
		close(t[i]);
	}
	CHECK_EQ(sum, 2 * N);
}
