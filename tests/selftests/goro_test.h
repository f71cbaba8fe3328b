/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small harness for the selftests, header only: one program a topic, KTAP on
 * stdout, exit 0 (all passed), 1 or 4 (nothing could run: no /dev/goro).
 *
 *	TEST(name) { ...; CHECK(cond); CHECK_EQ(call, value); }
 *
 * Each test runs in a child process of its own, so what it opens goes with it
 * and a crash or a hang (LIMIT seconds, for a test that waits for ever, not
 * for measuring) is a failure of that test only. A failed check ends it. Include
 * once a program.
 *
 * Nothing here depends on timing: to know that somebody waits on a channel, look
 * at the channel (wait_for()); sleeps are for polling only.
 */
#ifndef GORO_TEST_H
#define GORO_TEST_H

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <goro.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT 120

struct test {
	const char *name;
	void (*fn)(void);
};

static struct test tests_[64];
static int n_tests_;

#define TEST(name)								\
	static void test_##name(void);						\
	static void __attribute__((constructor)) reg_##name(void)		\
	{									\
		tests_[n_tests_++] = (struct test){ #name, test_##name };	\
	}									\
	static void test_##name(void)

#define FAIL(fmt, ...)								\
	do {									\
		printf("# %s:%d: " fmt "\n", __FILE__, __LINE__, ##__VA_ARGS__); \
		fflush(stdout);							\
		_exit(1);							\
	} while (0)
/* a test that this kernel cannot run */
#define SKIP(fmt, ...)								\
	do {									\
		printf("# " fmt "\n", ##__VA_ARGS__);				\
		fflush(stdout);							\
		_exit(4);							\
	} while (0)
#define CHECK(cond)								\
	do {									\
		if (!(cond))							\
			FAIL("%s", #cond);					\
	} while (0)
#define CHECK_EQ(a, b)								\
	do {									\
		long long a_ = (a), b_ = (b);					\
										\
		if (a_ != b_)							\
			FAIL("%s is %lld, not %s = %lld", #a, a_, #b, b_);	\
	} while (0)
/* a system call that fails with an errno */
#define CHECK_ERR(call, e)							\
	do {									\
		long long r_;							\
										\
		errno = 0;							\
		r_ = (call);							\
		if (r_ != -1 || errno != (e))					\
			FAIL("%s is %lld, errno %d (%s), not %s", #call, r_, errno, \
			     strerror(errno), #e);				\
	} while (0)

/* ---- objects --------------------------------------------------------- */

static int dev_ = -1;

static inline int dev(void)
{
	if (dev_ < 0)
		dev_ = goro_dev_open();
	CHECK(dev_ >= 0);
	return dev_;
}

static inline int make(uint32_t elem, uint64_t cap)
{
	int c = goro_kchan_make(dev(), elem, cap, 0);

	if (c < 0)
		FAIL("channel of %u x %llu: %s", elem, (unsigned long long)cap, strerror(-c));
	return c;
}

static inline int spawn(const char *cls, const void *arg, uint32_t len, int c0, int c1)
{
	int chans[2] = { c0, c1 }, t;

	t = goro_ktask_spawn(dev(), cls, arg, len, chans, (c0 >= 0) + (c1 >= 0));
	if (t < 0)
		FAIL("task %s: %s", cls, strerror(-t));
	return t;
}

/* a task that sleeps for an hour */
static inline int spawn_sleeper(void)
{
	uint64_t ns = 3600000000000ULL;

	return spawn("sleep", &ns, sizeof(ns), -1, -1);
}

/* a channel is in exactly this state */
#define CHECK_CHAN(c, len_, senders_, receivers_, closed_)			\
	do {									\
		struct goro_chan_info i_;					\
										\
		memset(&i_, 0x5a, sizeof(i_));					\
		i_.flags = i_.reserved = 0;					\
		CHECK_EQ(ioctl(c, GORO_IOC_CHAN_INFO, &i_), 0);			\
		CHECK_EQ(i_.len, len_);						\
		CHECK_EQ(i_.senders, senders_);					\
		CHECK_EQ(i_.receivers, receivers_);				\
		CHECK_EQ(i_.state, (closed_) ? GORO_CHAN_CLOSED : 0);		\
		CHECK_EQ(i_.flags, 0);						\
		CHECK_EQ(i_.reserved, 0);					\
	} while (0)

/* wait until so many wait on a channel; LIMIT ends a test where it never happens */
static inline void wait_for(int c, unsigned int senders, unsigned int receivers)
{
	struct goro_chan_info i;

	for (;;) {
		CHECK_EQ(goro_kchan_info(c, &i), 0);
		if (i.senders == senders && i.receivers == receivers)
			return;
		usleep(1000);
	}
}

/* ---- memory ---------------------------------------------------------- */

#define POISON 0xa5

static inline void poison(void *p, size_t n)
{
	memset(p, POISON, n);
}

static inline bool is_byte(const void *p, int byte, size_t n)
{
	const unsigned char *b = p;

	while (n--)
		if (*b++ != byte)
			return false;
	return true;
}

static inline bool poisoned(const void *p, size_t n)
{
	return is_byte(p, POISON, n);
}

static inline bool zeroed(const void *p, size_t n)
{
	return is_byte(p, 0, n);
}

/* n pages of which the last is inaccessible; and that last page */
static inline char *guarded(size_t pages, char **guard)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	CHECK(p != MAP_FAILED);
	*guard = p + (pages - 1) * page;
	CHECK_EQ(mprotect(*guard, page, PROT_NONE), 0);
	return p;
}

/* ---- threads and processes ------------------------------------------- */

/* a call made by another thread */
struct call {
	pthread_t thread;
	volatile pid_t tid;
	int (*fn)(struct call *call);
	int fd;
	void *buf;
	uint32_t n;
	uint32_t flags;
	uint64_t deadline;
	int ret;
};

static void *call_main_(void *arg)
{
	struct call *call = arg;

	call->tid = gettid();
	call->ret = call->fn(call);
	return NULL;
}

static inline void call_start(struct call *call)
{
	CHECK_EQ(pthread_create(&call->thread, NULL, call_main_, call), 0);
}

static inline int call_end(struct call *call)
{
	CHECK_EQ(pthread_join(call->thread, NULL), 0);
	return call->ret;
}

/* the same, and wait until the thread sleeps in its call */
static inline void call_start_asleep(struct call *call)
{
	char path[64], line[256], *s;
	FILE *f;

	call->tid = 0;
	call_start(call);
	do {
		usleep(1000);
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", call->tid);
		f = call->tid ? fopen(path, "r") : NULL;
		s = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
		if (f)
			fclose(f);
	} while (!s || s[2] != 'S');
}

static inline int call_send(struct call *call)
{
	return goro_kchan_sendn(call->fd, call->buf, call->n, call->deadline);
}

static inline int call_recv(struct call *call)
{
	return goro_kchan_recvn(call->fd, call->buf, call->n, call->flags, call->deadline);
}

static inline int call_read(struct call *call)
{
	ssize_t ret = read(call->fd, call->buf, call->n);

	return ret < 0 ? -errno : (int)ret;
}

static inline int call_write(struct call *call)
{
	ssize_t ret = write(call->fd, call->buf, call->n);

	return ret < 0 ? -errno : (int)ret;
}

static inline int call_wait(struct call *call)
{
	int result, ret = goro_ktask_wait(call->fd, &result, call->deadline);

	return ret ? ret : result;
}

#define CALL(f, fd_, buf_, n_)	{ .fn = (f), .fd = (fd_), .buf = (buf_), .n = (n_),	\
				  .deadline = GORO_FOREVER }

/* run fn(arg) in a child; it ends by itself or is killed */
static inline pid_t child(void (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(LIMIT);
		fn(arg);
		_exit(0);
	}
	return pid;
}

static inline void reap(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

static inline void kill9(pid_t pid)
{
	int status;

	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* a descriptor as a message (SCM_RIGHTS) */
static inline void send_fd(int sock, int fd)
{
	char b = 'x', ctl[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &b, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
			    .msg_controllen = sizeof(ctl) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(int));
	CHECK_EQ(sendmsg(sock, &m, 0), 1);
}

static inline int recv_fd(int sock)
{
	char b, ctl[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &b, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
			    .msg_controllen = sizeof(ctl) };
	int fd;

	CHECK_EQ(recvmsg(sock, &m, MSG_CMSG_CLOEXEC), 1);
	CHECK(CMSG_FIRSTHDR(&m));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	return fd;
}

static inline void join(pid_t pid, int *failed, int i, const char *name)
{
	int status;
	bool good, skipped;

	waitpid(pid, &status, 0);
	skipped = WIFEXITED(status) && WEXITSTATUS(status) == 4;
	good = skipped || (WIFEXITED(status) && !WEXITSTATUS(status));
	if (WIFSIGNALED(status))
		printf("# killed by signal %d\n", WTERMSIG(status));
	printf("%s %d - %s%s\n", good ? "ok" : "not ok", i + 1, name, skipped ? " # SKIP" : "");
	fflush(stdout);
	*failed += !good;
}

int main(int argc, char **argv)
{
	int i, failed = 0;
	pid_t pid;

#ifdef OTHER_MAIN
	/* what the program is when it has executed itself */
	if (argc > 1)
		return OTHER_MAIN(argc, argv);
#endif
	(void)argc;
	(void)argv;
	printf("TAP version 13\n");
	if (access("/dev/goro", F_OK)) {
		printf("1..0 # SKIP no /dev/goro\n");
		return 4;
	}
	printf("1..%d\n", n_tests_);
	for (i = 0; i < n_tests_; i++) {
		fflush(stdout);
		pid = fork();
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			alarm(LIMIT);
			tests_[i].fn();
			fflush(stdout);
			_exit(0);
		}
		join(pid, &failed, i, tests_[i].name);
	}
	return !!failed;
}

#endif /* GORO_TEST_H */
