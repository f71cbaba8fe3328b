// SPDX-License-Identifier: GPL-2.0-only
/* kill -9 of a process in every wait: nobody waits any more, nothing is lost, the channel works on. */
#include "goro_test.h"

static uint64_t in[4] = { 1, 2, 3, 4 }, out[4];

static void do_send(void *arg)
{
	goro_kchan_sendn(*(int *)arg, in, 4, GORO_FOREVER);
}

static void do_recv(void *arg)
{
	goro_kchan_recvn(*(int *)arg, out, 4, GORO_RECV_ALL, GORO_FOREVER);
}

static void do_write(void *arg)
{
	CHECK(write(*(int *)arg, in, 32));
}

static void do_read(void *arg)
{
	CHECK(read(*(int *)arg, out, 32));
}

static void works(int c)
{
	uint64_t v = 42, w = 0;
	struct call s = CALL(call_send, c, &v, 1);

	call_start(&s);
	CHECK_EQ(goro_kchan_recv(c, &w), 1);
	CHECK_EQ(w, 42);
	CHECK_EQ(call_end(&s), 1);
	CHECK_CHAN(c, 0, 0, 0, false);
}

static void victim(int cap, void (*fn)(void *), unsigned int senders, unsigned int receivers)
{
	int c = make(8, cap), left;
	pid_t pid;

	pid = child(fn, &c);
	wait_for(c, senders, receivers);
	left = senders ? cap : 0;
	CHECK_CHAN(c, left, senders, receivers, false);
	kill9(pid);
	CHECK_CHAN(c, left, 0, 0, false);
	for (int i = 0; i < left; i++) {
		uint64_t v;

		CHECK_EQ(goro_kchan_recv_until(c, &v, GORO_NOW), 1);
		CHECK_EQ(v, in[i]);
	}
	works(c);
	close(c);
}

TEST(in_send)
{
	victim(0, do_send, 1, 0);
	victim(2, do_send, 1, 0);
}

TEST(in_receive)
{
	victim(0, do_recv, 0, 1);
	victim(2, do_recv, 0, 1);
}

TEST(in_write)
{
	victim(0, do_write, 1, 0);
	victim(3, do_write, 1, 0);
}

TEST(in_read)
{
	victim(0, do_read, 0, 1);
	victim(3, do_read, 0, 1);
}

/* ---- poll ------------------------------------------------------------ */

static void do_poll(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };

	poll(&p, 1, -1);
}

static void wait_asleep(pid_t pid)
{
	char path[64], line[256], *s;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		usleep(1000);
		f = fopen(path, "r");
		CHECK(f && fgets(line, sizeof(line), f));
		fclose(f);
		s = strrchr(line, ')');
	} while (!s || s[2] != 'S');
}

TEST(in_poll)
{
	int c = make(8, 1), i;
	uint64_t v;
	pid_t pid;

	for (i = 0; i < 10; i++) {
		pid = child(do_poll, &c);
		wait_asleep(pid);
		kill9(pid);
		CHECK_EQ(goro_kchan_send(c, &v), 0);
		CHECK_EQ(goro_kchan_recv(c, &v), 1);
	}
	works(c);
}

static void do_task_wait(void *arg)
{
	goro_ktask_wait(*(int *)arg, NULL, GORO_FOREVER);
}

TEST(in_task_wait)
{
	int c = make(8, 0), t = spawn("echo", NULL, 0, c, c), result;
	pid_t pid;

	wait_for(c, 0, 1);
	pid = child(do_task_wait, &t);
	wait_asleep(pid);
	kill9(pid);
	/* it was not its only descriptor: the task goes on */
	CHECK_CHAN(c, 0, 0, 1, false);
	CHECK_EQ(goro_ktask_wait(t, NULL, GORO_NOW), -EAGAIN);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, 0);
}

/* ---- what it owned goes with it -------------------------------------- */

static void own_tasks(void *arg)
{
	int c = *(int *)arg, i;

	for (i = 0; i < 50; i++)
		spawn("echo", NULL, 0, c, c);
	pause();
}

TEST(its_tasks_are_cancelled)
{
	int c = make(8, 0);
	pid_t pid = child(own_tasks, &c);

	wait_for(c, 0, 50);
	kill9(pid);
	wait_for(c, 0, 0);
	works(c);
}

static void own_channels(void *arg)
{
	uint64_t v = 1;
	int i, c;

	for (i = 0; i < 100; i++) {
		c = make(8, 10);
		CHECK_EQ(goro_kchan_send(c, &v), 0);
		spawn("echo", NULL, 0, c, c);
	}
	CHECK_EQ(write(*(int *)arg, "x", 1), 1);
	pause();
}

TEST(its_channels_are_freed)
{
	struct goro_stats before, after;
	int p[2];
	char b;
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(goro_dev_stats(dev(), &before), 0);
	pid = child(own_channels, &p[1]);
	CHECK_EQ(read(p[0], &b, 1), 1);
	CHECK_EQ(goro_dev_stats(dev(), &after), 0);
	CHECK(after.chan_created - before.chan_created >= 100);
	kill9(pid);
	do {
		usleep(1000);
		CHECK_EQ(goro_dev_stats(dev(), &after), 0);
	} while (after.chan_created - after.chan_destroyed >
		 before.chan_created - before.chan_destroyed ||
		 after.task_created - after.task_destroyed >
		 before.task_created - before.task_destroyed);
}

/* a task in each state: parked in a receive and a send, asleep, and two that never stop to work */
static void own_all(void *arg)
{
	int in_recv = make(8, 0), from = make(8, 1), to = make(8, 0), a = make(8, 4), b = make(8, 4);
	uint64_t v = 1;

	spawn("echo", NULL, 0, in_recv, in_recv);
	spawn("echo", NULL, 0, from, to);
	CHECK_EQ(goro_kchan_send(from, &v), 0);
	wait_for(to, 1, 0);
	for (int i = 0; i < 10; i++)
		spawn_sleeper();
	spawn("echo", NULL, 0, a, b);
	spawn("echo", NULL, 0, b, a);
	CHECK_EQ(goro_kchan_send(a, &v), 0);
	CHECK_EQ(goro_kchan_send(b, &v), 0);
	wait_for(in_recv, 0, 1);
	CHECK_EQ(write(*(int *)arg, "x", 1), 1);
	pause();
}

/* Go: the end of main ends all its goroutines */
TEST(all_its_goroutines_end)
{
	struct goro_stats before, now;
	int p[2];
	char c;
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(goro_dev_stats(dev(), &before), 0);
	pid = child(own_all, &p[1]);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(goro_dev_stats(dev(), &now), 0);
	CHECK(now.task_created - now.task_destroyed >=
	      before.task_created - before.task_destroyed + 14);
	CHECK(now.g_created - now.g_destroyed >= before.g_created - before.g_destroyed + 14);
	kill9(pid);
	do {
		usleep(1000);
		CHECK_EQ(goro_dev_stats(dev(), &now), 0);
	} while (now.task_created - now.task_destroyed >
		 before.task_created - before.task_destroyed ||
		 now.chan_created - now.chan_destroyed >
		 before.chan_created - before.chan_destroyed ||
		 now.g_created - now.g_destroyed > before.g_created - before.g_destroyed);
}

/* a sender dies at any point of its life; what arrives is a prefix, in order */
static void stream(void *arg)
{
	uint64_t v[16], n = 0;

	for (;;) {
		for (int i = 0; i < 16; i++)
			v[i] = n++;
		if (goro_kchan_sendn(*(int *)arg, v, 16, GORO_FOREVER) != 16)
			return;
	}
}

TEST(while_it_streams)
{
	int round;

	for (round = 0; round < 20; round++) {
		int c = make(8, round % 5), d = make(8, 64), t = spawn("echo", NULL, 0, c, d);
		uint64_t v, want = 0;
		pid_t pid = child(stream, &c);
		bool done;

		while (want < 100 + 37 * (uint64_t)round) {
			CHECK_EQ(goro_kchan_recv(d, &v), 1);
			CHECK_EQ(v, want++);
		}
		kill9(pid);
		CHECK_EQ(goro_kchan_close(c), 0);
		/* echo may be in a send: take what comes until it has ended, then the rest */
		do {
			done = goro_ktask_wait(t, NULL, GORO_NOW) != -EAGAIN;
			while (goro_kchan_recv_until(d, &v, goro_in(1000000)) == 1)
				CHECK_EQ(v, want++);
		} while (!done);
		close(c);
		close(d);
		close(t);
	}
}

static void *exits(void *arg)
{
	usleep(1000);
	_exit((long)arg);
}

/* exit of the process while another of its threads waits */
static void waits_and_exits(void *arg)
{
	pthread_t t;

	pthread_create(&t, NULL, exits, NULL);
	do_recv(arg);
}

TEST(exit_while_a_thread_waits)
{
	int c = make(8, 0), i;

	for (i = 0; i < 20; i++)
		reap(child(waits_and_exits, &c));
	CHECK_CHAN(c, 0, 0, 0, false);
	works(c);
}
