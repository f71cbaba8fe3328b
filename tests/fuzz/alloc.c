// SPDX-License-Identifier: GPL-2.0-only
/*
 * alloc: every allocation and every copy from or to user memory of a call fails once.
 *
 * For a kernel with fault injection. Each scenario is run again and again, with /proc/thread-self/fail-nth at
 * 1, 2, 3 ...: its first, second, third such place fails, until there is none left. Each time it must
 * succeed or say ENOMEM or EFAULT, and after it the same without a failure must succeed. Then with so little
 * memory that all allocations fail from some point on, as some code asks twice. At the end nothing may be left.
 * KTAP; exit status 0, 1, 4 (no /dev/goro, no fault injection).
 *
 * alloc --module FILE: the same for loading a module, for the last places only (arguments: how many): what
 * comes before its init function is the kernel's.
 *
 * alloc --threads: goro's own threads, which make stacks, have their next allocation fail; tasks that are
 * started meanwhile must run to their end. Then those have no memory that make goro's threads, until all there
 * are sleep in tasks: when there is memory again, tasks that wait for a thread must get one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/goro.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

#define SPACE_STEP	96
#define SPACE_MAX	(1 << 17)

static int nth_fd, fail_fd, dev;
static char mem[1 << 17];

/* ---- what is to fail ------------------------------------------------- */

static void set_nth(int n)
{
	char text[16];
	int len = sprintf(text, "%d", n);

	/* one that was left over makes this very write fail */
	while (pwrite(nth_fd, text, len, 0) != len)
		;
}

/* true: the n-th place was reached */
static bool nth_hit(void)
{
	char text[16] = "";
	ssize_t n = pread(nth_fd, text, sizeof(text) - 1, 0);

	set_nth(0);
	return n > 0 && !atoi(text);
}

/* all of this thread's allocations fail after @bytes; negative: none does */
static void set_space(int bytes)
{
	static const char dir[] = "/sys/kernel/debug/failslab/";
	static const char *const files[] = { "task-filter", "probability", "times", "space" };
	const char *values[] = { "Y", "100", "1000000", NULL };
	char path[64], text[16];

	if (pwrite(fail_fd, "0", 1, 0) != 1) {
		perror("make-it-fail");
		exit(1);
	}
	sprintf(text, "%d", bytes);
	values[3] = text;
	for (size_t i = 0; bytes >= 0 && i < LEN(files); i++) {
		int f;

		snprintf(path, sizeof(path), "%s%s", dir, files[i]);
		f = open(path, O_WRONLY);
		if (write(f, values[i], strlen(values[i])) < 0) {
			perror(path);
			exit(1);
		}
		close(f);
	}
	if (bytes >= 0 && pwrite(fail_fd, "1", 1, 0) != 1)
		exit(1);
}

/* ---- objects --------------------------------------------------------- */

static int make(uint32_t elem, uint64_t cap)
{
	struct goro_chan_create a = { 0, elem, cap };
	int fd = ioctl(dev, GORO_IOC_CHAN_CREATE, &a);

	if (fd < 0) {
		printf("# channel: %s\n", strerror(errno));
		exit(1);
	}
	return fd;
}

static int spawn(const char *cls, const void *arg, uint32_t len, const int *chans, uint32_t n)
{
	struct goro_task_spawn a = { .n_chans = n, .chans = (uintptr_t)chans, .arg = (uintptr_t)arg,
				     .arg_len = len };

	snprintf(a.class_name, sizeof(a.class_name), "%s", cls);
	return ioctl(dev, GORO_IOC_TASK_SPAWN, &a);
}

static int xfer(int c, unsigned int cmd, uint32_t n)
{
	struct goro_xfer a = { 0, n, (uintptr_t)mem, GORO_NOW };

	return ioctl(c, cmd, &a);
}

/* ---- scenarios ------------------------------------------------------- */

/* what a scenario finds: channels of 8 and of 256 bytes with 20 elements in room for 40, of wc's total, a closed
 * one; a sleeping task; a timer that is not set, two contexts and a group without tasks
 */
static int small, large, total, ended, task, ep, pair[2], timer, ctx, ended_ctx, group;

static int do_open(void) { return open("/dev/goro", O_RDWR); }

static int do_query(void)
{
	struct goro_query q = { 0 };

	return ioctl(dev, GORO_IOC_QUERY, &q);
}

static int do_stats(void)
{
	struct goro_stats s = { 0 };

	return ioctl(dev, GORO_IOC_STATS, &s);
}

static int do_usage(void)
{
	struct goro_usage u = { 0 };

	return ioctl(dev, GORO_IOC_USAGE, &u);
}

static int do_create(void)
{
	struct goro_chan_create a = { 0, 8, 8 };

	return ioctl(dev, GORO_IOC_CHAN_CREATE, &a);
}

static int do_create_large(void)
{
	struct goro_chan_create a = { 0, 4096, 64 };

	return ioctl(dev, GORO_IOC_CHAN_CREATE, &a);
}

/* as another user: the first object that it has; the change of ids is not what is to fail */
static int do_create_user(void)
{
	struct goro_chan_create a = { 0, 8, 8 };

	return ioctl(dev, GORO_IOC_CHAN_CREATE, &a);
}

static int do_sleep(void)
{
	uint64_t ns = 1000;

	return spawn("sleep", &ns, 8, NULL, 0);
}

static int do_echo(void) { return spawn("echo", NULL, 0, (int[]){ large, large }, 2); }
static int do_sum(void) { return spawn("sum", NULL, 0, (int[]){ small, small }, 2); }

static int do_wc(void) { return spawn("wc", NULL, 0, (int[]){ large, total }, 2); }

static int do_args(void) { return spawn("test-args", mem, 60000, (int[]){ small, large, small }, 3); }

static int do_timer(void)
{
	struct goro_timer_set a = { .deadline = GORO_FOREVER };

	return ioctl(dev, GORO_IOC_TIMER, &a);
}

static int do_timer_reset(void)
{
	struct goro_timer_set a = { .deadline = GORO_FOREVER, .period = 1 };

	return ioctl(timer, GORO_IOC_TIMER_RESET, &a);
}

static int new_ctx(int parent)
{
	struct goro_ctx_create a = { .parent = parent, .deadline = GORO_FOREVER };

	return ioctl(dev, GORO_IOC_CTX, &a);
}

static int do_ctx(void) { return new_ctx(-1); }
static int do_ctx_child(void) { return new_ctx(ctx); }

static int do_ctx_info(void)
{
	struct goro_ctx_info i = { 0 };

	return ioctl(ctx, GORO_IOC_CTX_INFO, &i);
}

static int do_ctx_cancel(void)
{
	struct goro_cancel a = { 0 };

	return ioctl(ctx, GORO_IOC_CTX_CANCEL, &a);
}

static int do_ctx_read(void)
{
	struct goro_cancel a = { 0 };

	/* done before: not what is to fail, and it is cancelled once */
	return ioctl(ended_ctx, GORO_IOC_CTX_CANCEL, &a) ? -1 : read(ended_ctx, mem, 8);
}

static int new_group(int parent, uint32_t limit)
{
	struct goro_group_create a = { .parent = parent, .limit = limit };

	return ioctl(dev, GORO_IOC_GROUP, &a);
}

static int do_group(void) { return new_group(-1, 3); }
static int do_group_child(void) { return new_group(group, 0); }

static int do_group_info(void)
{
	struct goro_group_info i = { 0 };

	return ioctl(group, GORO_IOC_GROUP_INFO, &i);
}

static int do_group_wait(void)
{
	struct goro_group_wait a = { .deadline = GORO_FOREVER };

	return ioctl(group, GORO_IOC_GROUP_WAIT, &a);
}

static int do_group_cancel(void)
{
	struct goro_cancel a = { 0 };

	return ioctl(group, GORO_IOC_GROUP_CANCEL, &a);
}

/* in a group and under a context */
static int do_spawn_owned(void)
{
	uint64_t ns = 1000;
	struct goro_task_spawn a = { .flags = GORO_TASK_CTX | GORO_TASK_GROUP, .ctx = ctx, .group = group,
				     .deadline = GORO_FOREVER, .arg = (uintptr_t)&ns, .arg_len = 8,
				     .class_name = "sleep" };

	return ioctl(dev, GORO_IOC_TASK_SPAWN, &a);
}

static int select_of(struct goro_select_case *c, uint32_t n)
{
	struct goro_select_wait a = { .n = n, .cases = (uintptr_t)c, .deadline = GORO_NOW };

	return ioctl(dev, GORO_IOC_SELECT, &a);
}

static int do_select(void)
{
	struct goro_select_case c[] = {
		{ small, GORO_SELECT_RECV, (uintptr_t)mem, 8, 0 },
		{ timer, GORO_SELECT_RECV, 0, 0, 0 },
		{ large, GORO_SELECT_SEND, (uintptr_t)mem, 256, 0 },
		{ ctx, GORO_SELECT_RECV, 0, 0, 0 },
	};

	return select_of(c, LEN(c));
}

static int do_select_many(void)
{
	struct goro_select_case c[64];

	for (size_t i = 0; i < LEN(c); i++)
		c[i] = (struct goro_select_case){ large, i & 1, (uintptr_t)mem, 256, 0 };
	return select_of(c, LEN(c));
}

static int do_select_end(void)
{
	struct goro_select_case c = { ended, GORO_SELECT_RECV, (uintptr_t)mem, 64, 0 };

	return select_of(&c, 1);
}

static int do_send(void) { return xfer(small, GORO_IOC_SEND, 1); }
static int do_send_many(void) { return xfer(large, GORO_IOC_SEND, 10); }
static int do_recv(void) { return xfer(small, GORO_IOC_RECV, 1); }
static int do_recv_many(void) { return xfer(large, GORO_IOC_RECV, 10); }

static int do_recv_end(void) { return xfer(ended, GORO_IOC_RECV, 1); }

static int do_write(void) { return write(large, mem, 2560); }
static int do_read(void) { return read(large, mem, 2560); }

static int do_writev(void)
{
	struct iovec v[10];

	for (size_t i = 0; i < LEN(v); i++)
		v[i] = (struct iovec){ mem, 8 };
	return writev(small, v, LEN(v));
}

static int do_readv(void)
{
	struct iovec v[10];

	for (size_t i = 0; i < LEN(v); i++)
		v[i] = (struct iovec){ mem, 8 };
	return readv(small, v, LEN(v));
}

static int do_chan_info(void)
{
	struct goro_chan_info i = { 0 };

	return ioctl(small, GORO_IOC_CHAN_INFO, &i);
}

static int do_chan_close(void) { return ioctl(small, GORO_IOC_CHAN_CLOSE, 0); }

static int do_task_info(void)
{
	struct goro_task_info i = { 0 };

	return ioctl(task, GORO_IOC_TASK_INFO, &i);
}

static int do_task_cancel(void) { return ioctl(task, GORO_IOC_TASK_CANCEL, 0); }

static int do_task_wait(void)
{
	struct goro_task_wait w = { .deadline = GORO_FOREVER };

	return ioctl(task, GORO_IOC_TASK_WAIT, &w);
}

static int do_task_read(void) { return read(task, mem, 8); }

static int do_poll(void)
{
	struct pollfd p[] = { { small, POLLIN, 0 }, { large, POLLIN, 0 }, { task, POLLIN, 0 } };

	return poll(p, LEN(p), 0);
}

static int do_epoll(void)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT };
	int ret = epoll_ctl(ep, EPOLL_CTL_ADD, small, &e), err = errno;

	errno = err;
	return ret;
}

static int do_dup(void) { return dup(small); }
static int do_nonblock(void) { return fcntl(task, F_SETFL, O_NONBLOCK); }

static int do_pass(void)
{
	union { struct cmsghdr h; char space[CMSG_SPACE(sizeof(int))]; } c = { 0 };
	struct iovec v = { mem, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };

	c.h = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(&c.h), &small, sizeof(small));
	return sendmsg(pair[0], &m, MSG_DONTWAIT);
}

static int read_all(const char *path)
{
	int fd = open(path, O_RDONLY), ret, err;

	if (fd < 0)
		return -1;
	do
		ret = read(fd, mem + 16, sizeof(mem) - 16);
	while (ret > 0);
	err = errno;
	close(fd);
	errno = err;
	return ret;
}

static int do_fdinfo(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", small);
	return read_all(path);
}

static int do_goroutines(void) { return read_all("/sys/kernel/debug/goro/goroutines"); }
static int do_ps(void) { return read_all("/sys/kernel/debug/goro/ps"); }
static int do_counters(void) { return read_all("/sys/kernel/debug/goro/counters"); }

static int do_mmap(void)
{
	return mmap(NULL, 4096, PROT_READ, MAP_SHARED, small, 0) == MAP_FAILED && errno != ENODEV ? -1 : 0;
}

static const struct scenario {
	const char *name;
	int (*fn)(void);
	bool fd;		/* what it returns is to be closed */
	int least;		/* places that fail, at least: else the scenario is not what it says */
} scenarios[] = {
	{ "open", do_open, true, 1 },
	{ "QUERY", do_query, false, 2 },
	{ "STATS", do_stats, false, 2 },
	{ "USAGE", do_usage, false, 2 },
	{ "CHAN_CREATE", do_create, true, 3 },
	{ "CHAN_CREATE of 256 KiB", do_create_large, true, 3 },
	{ "CHAN_CREATE of another user", do_create_user, true, 4 },
	{ "TASK_SPAWN of sleep", do_sleep, true, 5 },
	{ "TASK_SPAWN of echo", do_echo, true, 5 },
	{ "TASK_SPAWN of sum", do_sum, true, 4 },
	{ "TASK_SPAWN of wc", do_wc, true, 5 },
	{ "TASK_SPAWN with an argument of 60000 bytes", do_args, true, 5 },
	{ "TIMER", do_timer, true, 3 },
	{ "TIMER_RESET", do_timer_reset, false, 1 },
	{ "CTX", do_ctx, true, 4 },
	{ "CTX, a child", do_ctx_child, true, 4 },
	{ "CTX_INFO", do_ctx_info, false, 2 },
	{ "CTX_CANCEL", do_ctx_cancel, false, 1 },
	{ "read of a context", do_ctx_read, false, 2 },
	{ "GROUP", do_group, true, 5 },
	{ "GROUP, a child", do_group_child, true, 4 },
	{ "GROUP_INFO", do_group_info, false, 2 },
	{ "GROUP_WAIT", do_group_wait, false, 2 },
	{ "GROUP_CANCEL", do_group_cancel, false, 1 },
	{ "TASK_SPAWN in a group, under a context", do_spawn_owned, true, 5 },
	{ "SELECT", do_select, false, 5 },
	{ "SELECT of 64", do_select_many, false, 5 },
	{ "SELECT at the end", do_select_end, false, 4 },
	{ "SEND", do_send, false, 2 },
	{ "SEND of ten", do_send_many, false, 3 },
	{ "RECV", do_recv, false, 2 },
	{ "RECV of ten", do_recv_many, false, 3 },
	{ "RECV at the end", do_recv_end, false, 1 },
	{ "write", do_write, false, 2 },
	{ "read", do_read, false, 2 },
	{ "writev", do_writev, false, 2 },
	{ "readv", do_readv, false, 2 },
	{ "CHAN_INFO", do_chan_info, false, 2 },
	{ "CHAN_CLOSE", do_chan_close, false, 0 },
	{ "TASK_INFO", do_task_info, false, 2 },
	{ "TASK_CANCEL", do_task_cancel, false, 0 },
	{ "TASK_WAIT", do_task_wait, false, 2 },
	{ "read of a task", do_task_read, false, 1 },
	{ "poll", do_poll, false, 1 },
	{ "epoll", do_epoll, false, 1 },
	{ "dup", do_dup, true, 0 },
	{ "fcntl", do_nonblock, false, 0 },
	{ "SCM_RIGHTS", do_pass, false, 2 },
	{ "fdinfo", do_fdinfo, false, 2 },
	{ "debugfs goroutines", do_goroutines, false, 3 },
	{ "debugfs ps", do_ps, false, 2 },
	{ "debugfs counters", do_counters, false, 2 },
	{ "mmap", do_mmap, false, 0 },
};

static void set_up(const struct scenario *s)
{
	uint64_t ns = s->fn == do_task_wait || s->fn == do_task_read ? 0 : 3600000000000ULL;

	memset(mem, 0, sizeof(mem));
	small = make(8, 40);
	large = make(256, 40);
	total = make(sizeof(struct goro_wc_total), 1);
	ended = make(64, 1);
	ioctl(ended, GORO_IOC_CHAN_CLOSE, 0);
	task = spawn("sleep", &ns, 8, NULL, 0);
	ep = epoll_create1(0);
	timer = do_timer();
	ctx = do_ctx();
	ended_ctx = do_ctx();
	group = do_group();
	if (timer < 0 || ctx < 0 || ended_ctx < 0 || group < 0) {
		printf("# set up: %s\n", strerror(errno));
		exit(1);
	}
	if (task < 0 || ep < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ||
	    xfer(small, GORO_IOC_SEND, 20) != 20 || xfer(large, GORO_IOC_SEND, 20) != 20) {
		printf("# set up: %s\n", strerror(errno));
		exit(1);
	}
}

static void tear_down(void)
{
	close(small);
	close(large);
	close(total);
	close(ended);
	close(task);
	close(timer);
	close(ctx);
	close(ended_ctx);
	close(group);
	close(ep);
	close(pair[0]);
	close(pair[1]);
}

/* how it is to fail: the @nth place, or all after @space bytes; -1: not so */
static int once(const struct scenario *s, int nth, int space, bool *hit)
{
	bool other = s->fn == do_create_user;
	int ret, err;

	*hit = false;
	if (other)
		syscall(SYS_setresuid, 65534, -1, -1);
	if (space >= 0)
		set_space(space);
	if (nth > 0)
		set_nth(nth);
	errno = 0;
	ret = s->fn();
	err = errno;
	if (nth > 0)
		*hit = nth_hit();
	if (space >= 0) {
		set_space(-1);
		*hit = ret < 0;
	}
	if (other)
		syscall(SYS_setresuid, 0, -1, -1);
	if (ret >= 0 && s->fd)
		close(ret);
	errno = err;
	return ret;
}

/* once with failures and once without; 0, or 1 with a line that says why */
static int try(const struct scenario *s, int nth, int space, bool *hit, int *failed)
{
	int ret, again;
	bool none;

	set_up(s);
	ret = once(s, nth, space, hit);
	/* a socket's buffers have an errno of their own */
	if (ret < 0 && errno != ENOMEM && errno != EFAULT && !(s->fn == do_pass && errno == ENOBUFS)) {
		printf("# place %d, space %d fails: %s\n", nth, space, strerror(errno));
		return 1;
	}
	*failed += ret < 0;
	if (ret < 0 && !*hit) {
		printf("# fails without a reason: %s\n", strerror(errno));
		return 1;
	}
	again = once(s, -1, -1, &none);
	/* what was done cannot be done again */
	if (again < 0 && !(ret >= 0 && (errno == EBADFD || errno == EEXIST))) {
		printf("# after place %d, space %d failed: %s\n", nth, space, strerror(errno));
		return 1;
	}
	tear_down();
	return 0;
}

/* 0, or 1 with a line that says why */
static int run(const struct scenario *s)
{
	int nth = 0, space = -SPACE_STEP, failed = 0;
	bool hit;

	do {
		if (try(s, ++nth, -1, &hit, &failed))
			return 1;
	} while (hit && nth < 200);
	do {
		if (try(s, -1, space += SPACE_STEP, &hit, &failed))
			return 1;
	} while (hit && space < SPACE_MAX);
	printf("# %s: %d places; with %d bytes; it failed %d times\n", s->name, nth - 1, space, failed);
	return nth - 1 < s->least || hit;
}

/* ---- modes ----------------------------------------------------------- */

/* no descriptor is free: the same as no memory for its table */
static int no_fd(void)
{
	struct rlimit l = { 3, 1024 };
	int ret, err;

	set_up(&scenarios[0]);
	setrlimit(RLIMIT_NOFILE, &l);
	ret = do_create();
	err = errno;
	if (ret >= 0 || err != EMFILE || do_sleep() >= 0 || errno != EMFILE)
		return 1;
	l.rlim_cur = 1024;
	setrlimit(RLIMIT_NOFILE, &l);
	tear_down();
	return 0;
}

static int balanced(void)
{
	struct goro_stats s;
	int i;

	for (i = 0; i < 3000; i++) {
		memset(&s, 0, sizeof(s));
		if (ioctl(dev, GORO_IOC_STATS, &s))
			return 1;
		if (s.chan_created == s.chan_destroyed && s.task_created == s.task_destroyed &&
		    s.g_created == s.g_destroyed)
			return 0;
		usleep(10000);
	}
	printf("# left: %lld channels, %lld tasks, %lld goroutines\n", s.chan_created - s.chan_destroyed,
	       s.task_created - s.task_destroyed, s.g_created - s.g_destroyed);
	return 1;
}

static int load(const char *file, int nth, bool *hit, int *left)
{
	int fd = open(file, O_RDONLY), ret, err;
	char text[16] = "";

	set_nth(nth);
	ret = syscall(SYS_finit_module, fd, "", 0);
	err = errno;
	*left = pread(nth_fd, text, sizeof(text) - 1, 0) > 0 ? atoi(text) : 1;
	*hit = !*left;
	set_nth(0);
	close(fd);
	if (!ret && syscall(SYS_delete_module, "goro", 0)) {
		printf("# it cannot be unloaded: %s\n", strerror(errno));
		exit(1);
	}
	errno = err;
	return ret;
}

static int load_module(const char *file, int n)
{
	int i, nth, left, failed = 0, places = 1000000;
	bool hit;

	/* once more than is counted: the first time has things to set up that stay */
	if (load(file, places, &hit, &left) || load(file, places, &hit, &left)) {
		printf("# %s: %s\n", file, strerror(errno));
		return 1;
	}
	places -= left;
	printf("1..1\n");
	/* twice, as a load has a few more or less of them each time */
	for (i = 0; i < 2 * (n + 10); i++) {
		nth = (places > n ? places - n : 1) + i % (n + 10);
		if (load(file, nth, &hit, &left)) {
			if (errno != ENOMEM && errno != EFAULT && errno != EAGAIN) {
				printf("# place %d of %d fails: %s\nnot ok 1 - load\n", nth, places,
				       strerror(errno));
				return 1;
			}
			failed++;
		}
	}
	/* and it can be loaded after all that */
	if (load(file, 0, &hit, &left))
		failed = 0;
	printf("# the last %d of %d places of a load, twice; it failed %d times\n%sok 1 - load\n", n, places,
	       failed, failed ? "" : "not ");
	return !failed;
}

/* @fn for each thread that is an M; or, @makers, that takes part in making them: returns the sum */
static int each_thread(bool makers, int (*fn)(const char *dir, int arg), int arg)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	char path[64], comm[64];
	int n = 0;

	while ((e = readdir(proc))) {
		FILE *f;
		bool maker;

		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%.10s/comm", e->d_name);
		f = fopen(path, "r");
		if (!f || !fgets(comm, sizeof(comm), f))
			comm[0] = 0;
		if (f)
			fclose(f);
		maker = !strncmp(comm, "kthreadd", 8) || (!strncmp(comm, "kworker/", 8) && strchr(comm, 'H'));
		if (makers ? !maker : !!strncmp(comm, "goro/", 5))
			continue;
		snprintf(path, sizeof(path), "/proc/%.10s/", e->d_name);
		n += fn(path, arg);
	}
	closedir(proc);
	return n;
}

/* the @nth place of an M fails; 1: the last one that was planted did */
static int fail_m(const char *dir, int nth)
{
	char path[64], text[16];
	int fd, len, hit;

	snprintf(path, sizeof(path), "%sfail-nth", dir);
	fd = open(path, O_RDWR);
	len = read(fd, text, sizeof(text) - 1);
	hit = len > 0 && text[0] == '0';
	len = sprintf(text, "%d", nth);
	if (pwrite(fd, text, len, 0) != len)
		hit = -1000;
	close(fd);
	return hit;
}

static int fail_ms(int nth)
{
	return each_thread(false, fail_m, nth);
}

static int one(const char *dir, int arg)
{
	return dir[0] == '/' ? arg : 0;
}

static int make_it_fail(const char *dir, int on)
{
	char path[64];
	int fd, ok;

	snprintf(path, sizeof(path), "%smake-it-fail", dir);
	fd = open(path, O_WRONLY);
	ok = write(fd, on ? "1" : "0", 1) == 1;
	close(fd);
	return ok;
}

static long number(const char *path)
{
	FILE *f = fopen(path, "r");
	long v = -1;

	if (!f || fscanf(f, "%ld", &v) != 1)
		v = -1;
	if (f)
		fclose(f);
	return v;
}

static void let_go(const char *yes)
{
	int fd = open("/sys/module/goro_testclass/parameters/let_go", O_WRONLY);

	if (write(fd, yes, 1) != 1)
		perror("let_go");
	close(fd);
}

/* all Ms sleep in tasks, no other can be made, and then it can: nobody but goro itself asks for it again */
static int m_spawn(void)
{
	static const char ran[] = "/sys/module/goro_testclass/parameters/ran";
	static const char times[] = "/sys/kernel/debug/failslab/times";
	int ms = each_thread(false, one, 1), makers, i, t[64], sleeper, bad = 0;
	long ran0 = number(ran), left;
	struct goro_task_wait w = { .deadline = GORO_FOREVER };
	uint64_t ns = 1000;

	set_space(0);
	set_space(-1);
	left = number(times);
	makers = each_thread(true, make_it_fail, 1);
	for (i = 0; i < ms + 4 && i < (int)LEN(t); i++)
		bad |= (t[i] = spawn("test-stubborn", NULL, 0, NULL, 0)) < 0;
	sleeper = spawn("sleep", &ns, 8, NULL, 0);
	while (number(ran) < ran0 + ms || number(times) == left)
		usleep(1000);
	/* each M is in a task: the sleeper waits for another one */
	bad |= sleeper < 0 || number(ran) != ran0 + ms;
	printf("# %d Ms asleep, %ld allocations of %d threads failed\n", ms, left - number(times), makers);
	each_thread(true, make_it_fail, 0);
	bad |= ioctl(sleeper, GORO_IOC_TASK_WAIT, &w) || w.result;
	close(sleeper);
	let_go("1");
	while (i--) {
		bad |= ioctl(t[i], GORO_IOC_TASK_WAIT, &w);
		close(t[i]);
	}
	let_go("0");
	return bad;
}

/* each of the first places of an M fails: of its stacks, of whatever else it makes */
static int m_threads(void)
{
	int round, i, hit = 0, t[32], bad = 0;
	uint64_t ns = 100000;

	fail_ms(1);
	for (round = 1; round <= 16; round++) {
		/* all asleep at once: each needs a stack of its own */
		for (i = 0; i < (int)LEN(t); i++) {
			t[i] = spawn("sleep", &ns, 8, NULL, 0);
			bad |= t[i] < 0;
		}
		for (i = 0; i < (int)LEN(t); i++) {
			struct goro_task_wait w = { .deadline = GORO_FOREVER };

			bad |= ioctl(t[i], GORO_IOC_TASK_WAIT, &w) || w.result;
			close(t[i]);
		}
		hit += fail_ms(round < 16 ? round % 4 + 1 : 0);
	}
	printf("# %d allocations of Ms failed\n", hit);
	return bad || hit < 4;
}

int main(int argc, char **argv)
{
	int n = 0, failed = 0;

	alarm(600);		/* for what waits for ever */
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	fail_fd = open("/proc/thread-self/make-it-fail", O_WRONLY);	/* while it is set nothing can be opened */
	printf("KTAP version 1\n");
	if (nth_fd < 0 || fail_fd < 0) {
		printf("1..0 # SKIP no fault injection\n");
		return 4;
	}
	if (argc == 4 && !strcmp(argv[1], "--module"))
		return load_module(argv[2], atoi(argv[3]));
	dev = open("/dev/goro", O_RDWR);
	if (dev < 0) {
		printf("1..0 # SKIP no /dev/goro\n");
		return 4;
	}
	if (argc == 2 && !strcmp(argv[1], "--threads")) {
		failed = m_threads();
		printf("1..3\n%sok 1 - no memory for stacks\n", failed ? "not " : "");
		fflush(stdout);
		n = m_spawn();
		printf("%sok 2 - no memory for threads\n", n ? "not " : "");
		failed |= n;
		n = balanced();
		printf("%sok 3 - all gone at the end\n", n ? "not " : "");
		return failed || n;
	}
	printf("1..%zu\n", LEN(scenarios) + 2);
	for (size_t i = 0; i < LEN(scenarios); i++) {
		int bad = run(&scenarios[i]);

		printf("%sok %d - %s\n", bad ? "not " : "", ++n, scenarios[i].name);
		fflush(stdout);
		failed |= bad;
	}
	if (no_fd()) {
		failed = 1;
		printf("not ");
	}
	printf("ok %d - no descriptor\n", ++n);
	if (balanced()) {
		failed = 1;
		printf("not ");
	}
	printf("ok %d - all gone at the end\n", ++n);
	return failed;
}
