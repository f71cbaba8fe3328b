// SPDX-License-Identifier: GPL-2.0-only
/* 10,000 channels and 10,000 tasks of one process: all work, poll and epoll look at all, and all of it goes. */
#include "goro_test.h"
#include <sys/epoll.h>
#include <sys/resource.h>

#define N 10000

static int chans[N], tasks[N];
static struct pollfd fds[N];
static bool seen[N];

static void many_fds(void)
{
	struct rlimit l = { 3 * N, 3 * N };

	if (setrlimit(RLIMIT_NOFILE, &l))
		FAIL("%d descriptors: %s", 3 * N, strerror(errno));
}

static void stats(struct goro_stats *st)
{
	CHECK_EQ(goro_dev_stats(dev(), st), 0);
}

/* what the kernel's objects take: slabs and vmalloc, in kB */
static long kernel_kb(void)
{
	char line[128];
	FILE *f = fopen("/proc/meminfo", "r");
	long sum = 0, kb;

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "SUnreclaim: %ld", &kb) == 1 || sscanf(line, "VmallocUsed: %ld", &kb) == 1)
			sum += kb;
	fclose(f);
	return sum;
}

static void made(const char *what, long before, uint64_t began)
{
	printf("# %d %s: %ld bytes of kernel memory each, %llu us each\n", N, what,
	       (kernel_kb() - before) * 1024 / N, (unsigned long long)(goro_now() - began) / 1000 / N);
}

static void make_chans(void)
{
	long before = kernel_kb();
	uint64_t began = goro_now();

	for (int i = 0; i < N; i++)
		chans[i] = make(8, 1);
	made("channels", before, began);
}

static void close_chans(void)
{
	for (int i = 0; i < N; i++)
		CHECK_EQ(close(chans[i]), 0);
}

/* nothing of what we made is left; tasks end by themselves, soon, and so may those of the test before */
static void all_gone(const struct goro_stats *before)
{
	struct goro_stats st;

	do {
		stats(&st);
	} while (st.chan_created - st.chan_destroyed > before->chan_created - before->chan_destroyed ||
		 st.task_created - st.task_destroyed > before->task_created - before->task_destroyed ||
		 st.g_created - st.g_destroyed > before->g_created - before->g_destroyed);
}

/* exactly each third is readable */
static void check_thirds(const struct pollfd *p, int n)
{
	int ready = 0;

	for (int i = 0; i < N; i++) {
		CHECK_EQ(p[i].revents, i % 3 ? 0 : POLLIN);
		ready += !!p[i].revents;
	}
	CHECK_EQ(ready, n);
}

static void watch(const int *fd, short events)
{
	for (int i = 0; i < N; i++)
		fds[i] = (struct pollfd){ .fd = fd[i], .events = events };
}

static int polls_all(struct call *call)
{
	(void)call;
	return poll(fds, N, -1);
}

TEST(channels)
{
	struct call p = { .fn = polls_all };
	struct goro_stats before, st;
	struct epoll_event ev[64];
	int i, n, got, ep = epoll_create1(0);
	uint64_t v;

	many_fds();
	stats(&before);
	make_chans();
	stats(&st);
	CHECK(st.chan_created - before.chan_created >= N);

	for (i = 0; i < N; i++) {
		v = i;
		CHECK_EQ(goro_kchan_send_until(chans[i], &v, GORO_NOW), 0);
	}
	for (i = N - 1; i >= 0; i--) {
		CHECK_EQ(goro_kchan_recv_until(chans[i], &v, GORO_NOW), 1);
		CHECK_EQ(v, i);
	}

	watch(chans, POLLIN);
	CHECK_EQ(poll(fds, N, 0), 0);
	watch(chans, POLLOUT);
	CHECK_EQ(poll(fds, N, 0), N);
	watch(chans, POLLIN);
	for (i = 0; i < N; i += 3)
		CHECK_EQ(goro_kchan_send(chans[i], &v), 0);
	n = poll(fds, N, 0);
	check_thirds(fds, n);
	CHECK_EQ(n, (N + 2) / 3);
	for (i = 0; i < N; i += 3)
		CHECK_EQ(goro_kchan_recv(chans[i], &v), 1);

	/* one of 10,000 wakes who sleeps on all of them */
	call_start_asleep(&p);
	CHECK_EQ(goro_kchan_send(chans[N - 7], &v), 0);
	CHECK_EQ(call_end(&p), 1);
	CHECK_EQ(fds[N - 7].revents, POLLIN);
	CHECK_EQ(goro_kchan_recv(chans[N - 7], &v), 1);

	for (i = 0; i < N; i++) {
		ev[0] = (struct epoll_event){ .events = EPOLLIN | EPOLLET, .data.u32 = i };
		CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, chans[i], ev), 0);
	}
	CHECK_EQ(epoll_wait(ep, ev, 64, 0), 0);
	for (i = 0; i < N; i++) {
		v = i;
		CHECK_EQ(goro_kchan_send(chans[i], &v), 0);
	}
	memset(seen, 0, sizeof(seen));
	for (got = 0; (n = epoll_wait(ep, ev, 64, 0)) > 0; got += n)
		for (i = 0; i < n; i++) {
			CHECK(ev[i].data.u32 < N && !seen[ev[i].data.u32]);
			seen[ev[i].data.u32] = true;
			CHECK_EQ(goro_kchan_recv_until(chans[ev[i].data.u32], &v, GORO_NOW), 1);
			CHECK_EQ(v, ev[i].data.u32);
		}
	CHECK_EQ(got, N);
	close_chans();
	CHECK_EQ(epoll_wait(ep, ev, 64, 0), 0);
	all_gone(&before);
}

TEST(tasks)
{
	struct goro_stats before, st;
	struct pollfd *p = fds;
	int out, i, result, n;
	uint64_t v, began;
	long kb;

	many_fds();
	stats(&before);
	make_chans();
	out = make(8, N);
	kb = kernel_kb();
	began = goro_now();
	for (i = 0; i < N; i++)
		tasks[i] = spawn("echo", NULL, 0, chans[i], out);
	/* each waits for its channel, with its stack */
	for (i = 0; i < N; i++)
		wait_for(chans[i], 0, 1);
	made("tasks that wait", kb, began);
	stats(&st);
	CHECK_EQ(st.task_created - before.task_created, N);
	CHECK_EQ(st.task_destroyed, before.task_destroyed);
	CHECK(st.g_created - st.g_destroyed >= N);

	/* each answers */
	for (i = 0; i < N; i++) {
		v = i;
		CHECK_EQ(goro_kchan_send(chans[i], &v), 0);
	}
	memset(seen, 0, sizeof(seen));
	for (i = 0; i < N; i++) {
		CHECK_EQ(goro_kchan_recv(out, &v), 1);
		CHECK(v < N && !seen[v]);
		seen[v] = true;
	}
	watch(tasks, POLLIN);
	CHECK_EQ(poll(p, N, 0), 0);

	/* a third of them comes to its end, and is seen to */
	for (i = 0; i < N; i += 3)
		CHECK_EQ(goro_kchan_close(chans[i]), 0);
	do {
		n = poll(p, N, -1);
		CHECK(n > 0);
	} while (n < (N + 2) / 3);
	check_thirds(p, n);
	for (i = 0; i < N; i++) {
		CHECK_EQ(goro_ktask_wait(tasks[i], &result, GORO_NOW), i % 3 ? -EAGAIN : 0);
		CHECK(i % 3 || result == 1);
	}
	/* the others are cancelled with their descriptors */
	for (i = 0; i < N; i++)
		CHECK_EQ(close(tasks[i]), 0);
	close_chans();
	CHECK_EQ(close(out), 0);
	all_gone(&before);
}

/* what a process has not closed is closed by its end, 20,000 descriptors at once */
static void holds(void *arg)
{
	char b;

	many_fds();
	for (int i = 0; i < N; i++) {
		chans[i] = make(8, 1);
		tasks[i] = spawn("echo", NULL, 0, chans[i], chans[i]);
	}
	CHECK_EQ(write(((int *)arg)[0], "x", 1), 1);
	CHECK_EQ(read(((int *)arg)[0], &b, 1), 0);
}

TEST(killed_with_all_of_it)
{
	struct goro_stats before, st;
	int sv[2];
	pid_t pid;
	char b;

	stats(&before);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	pid = child(holds, sv);
	CHECK_EQ(read(sv[1], &b, 1), 1);
	stats(&st);
	CHECK_EQ(st.task_created - before.task_created, N);
	kill9(pid);
	all_gone(&before);
}
