// SPDX-License-Identifier: GPL-2.0-only
/* Context fds: cancelled by whoever has one, by a deadline, by a parent, by the last close. */
#include "goro_test.h"
#include "limits.h"

static int ctx(int parent, uint64_t deadline)
{
	int c = goro_kctx_make(dev(), parent, deadline);

	if (c < 0)
		FAIL("context of %d: %s", parent, strerror(-c));
	return c;
}

static struct goro_ctx_info info(int c)
{
	struct goro_ctx_info i;

	memset(&i, 0x5a, sizeof(i));
	i.flags = 0;
	CHECK_EQ(ioctl(c, GORO_IOC_CTX_INFO, &i), 0);
	CHECK_EQ(i.flags, 0);
	return i;
}

#define CHECK_CTX(c, err_, cause_)					\
	do {								\
		struct goro_ctx_info ci_ = info(c);			\
									\
		CHECK_EQ(ci_.err, err_);				\
		CHECK_EQ(ci_.cause, cause_);				\
		CHECK_EQ(ci_.state, (err_) ? GORO_CTX_DONE : 0);	\
	} while (0)

TEST(cancel)
{
	int c = ctx(-1, GORO_FOREVER);

	CHECK_CTX(c, 0, 0);
	CHECK_EQ(info(c).deadline, GORO_FOREVER);
	CHECK_EQ(goro_kctx_err(c), 0);
	CHECK_EQ(goro_kctx_wait(c, GORO_NOW), -EAGAIN);
	CHECK_EQ(goro_kctx_wait(c, 1), -ETIMEDOUT);
	CHECK_EQ(goro_kctx_cancel(c, 0), 0);
	CHECK_CTX(c, -ECANCELED, -ECANCELED);
	CHECK_EQ(goro_kctx_err(c), -ECANCELED);
	CHECK_EQ(goro_kctx_wait(c, GORO_FOREVER), 0);
	CHECK_EQ(goro_kctx_wait(c, GORO_NOW), 0);
	/* once */
	CHECK_EQ(goro_kctx_cancel(c, -EIO), 0);
	CHECK_CTX(c, -ECANCELED, -ECANCELED);
}

TEST(cause)
{
	static const int causes[] = { -1, -EIO, -4095 };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		int c = ctx(-1, GORO_FOREVER), child = ctx(c, GORO_FOREVER);

		CHECK_EQ(goro_kctx_cancel(c, causes[i]), 0);
		CHECK_CTX(c, -ECANCELED, causes[i]);
		CHECK_CTX(child, -ECANCELED, causes[i]);
	}
	{
		int c = ctx(-1, GORO_FOREVER);

		CHECK_EQ(goro_kctx_cancel(c, 1), -EINVAL);
		CHECK_EQ(goro_kctx_cancel(c, -4096), -EINVAL);
		CHECK_EQ(goro_kctx_cancel(c, INT32_MIN), -EINVAL);
		CHECK_CTX(c, 0, 0);
	}
}

TEST(deadline)
{
	uint64_t at = goro_in(10000000);
	int c = ctx(-1, at);

	CHECK_EQ(info(c).deadline, at);
	CHECK_EQ(goro_kctx_wait(c, GORO_FOREVER), 0);
	CHECK(goro_now() >= at);
	CHECK_CTX(c, -ETIMEDOUT, -ETIMEDOUT);
	/* that has passed: done from the start */
	close(c);
	c = ctx(-1, GORO_NOW);
	CHECK_CTX(c, -ETIMEDOUT, -ETIMEDOUT);
	CHECK_EQ(goro_kctx_wait(c, GORO_NOW), 0);
	/* cancelled before it passes */
	c = ctx(-1, goro_in(3600000000000ULL));
	CHECK_EQ(goro_kctx_cancel(c, -EPERM), 0);
	CHECK_CTX(c, -ECANCELED, -EPERM);
}

TEST(tree)
{
	uint64_t late = goro_in(3600000000000ULL), later = late + 1;
	int root = ctx(-1, late), a = ctx(root, GORO_FOREVER), b = ctx(root, later), aa = ctx(a, late - 1);

	/* an ancestor's earlier deadline stays in force */
	CHECK_EQ(info(a).deadline, late);
	CHECK_EQ(info(b).deadline, late);
	CHECK_EQ(info(aa).deadline, late - 1);
	/* downwards only */
	CHECK_EQ(goro_kctx_cancel(a, -EIO), 0);
	CHECK_CTX(aa, -ECANCELED, -EIO);
	CHECK_CTX(root, 0, 0);
	CHECK_CTX(b, 0, 0);
	CHECK_EQ(goro_kctx_cancel(root, -EBUSY), 0);
	CHECK_CTX(b, -ECANCELED, -EBUSY);
	CHECK_CTX(a, -ECANCELED, -EIO);
	/* of one that is done */
	CHECK_CTX(ctx(b, GORO_FOREVER), -ECANCELED, -EBUSY);
}

/* deep and wide: all of them, and all are gone again */
TEST(many_descendants)
{
	enum { N = 900 };
	struct goro_stats before, after;
	int c[N], i;

	CHECK_EQ(goro_dev_stats(dev(), &before), 0);
	c[0] = ctx(-1, GORO_FOREVER);
	for (i = 1; i < N; i++)
		c[i] = ctx(c[i < N / 2 ? i - 1 : i % 7], GORO_FOREVER);
	CHECK_EQ(goro_kctx_err(c[N - 1]), 0);
	CHECK_EQ(goro_kctx_cancel(c[0], -EXDEV), 0);
	for (i = 0; i < N; i++)
		CHECK_CTX(c[i], -ECANCELED, -EXDEV);
	for (i = 0; i < N; i++)
		close(c[i]);
	do {
		CHECK_EQ(goro_dev_stats(dev(), &after), 0);
	} while (after.chan_created - after.chan_destroyed >
		 before.chan_created - before.chan_destroyed);
	CHECK(after.chan_created - before.chan_created >= N);
}

/* closing the last descriptor is a cancel; closing another one is not */
TEST(closed)
{
	int c = ctx(-1, GORO_FOREVER), child = ctx(c, GORO_FOREVER), d = dup(c);

	close(c);
	CHECK_CTX(child, 0, 0);
	close(d);
	CHECK_CTX(child, -ECANCELED, -ECANCELED);
}

TEST(closed_while_one_waits)
{
	int c = ctx(-1, GORO_FOREVER), child = ctx(c, GORO_FOREVER);
	struct call r = { .fn = call_recv, .fd = child, .n = 1, .deadline = GORO_FOREVER };

	call_start_asleep(&r);
	close(c);
	CHECK_EQ(call_end(&r), 0);
	CHECK_CTX(child, -ECANCELED, -ECANCELED);
}

/* who waits has the file: that the last descriptor is closed is no cancel until he is gone */
TEST(own_descriptor_closed_while_one_waits)
{
	int c = ctx(-1, goro_in(50000000)), child = ctx(c, GORO_FOREVER);
	struct call r = { .fn = call_recv, .fd = c, .n = 1, .deadline = GORO_FOREVER };

	call_start_asleep(&r);
	close(c);
	CHECK_EQ(call_end(&r), 0);
	CHECK_EQ(goro_kctx_wait(child, GORO_FOREVER), 0);
	CHECK_EQ(info(child).err, -ETIMEDOUT);
}

TEST(read_and_poll)
{
	int c = ctx(-1, GORO_FOREVER);
	struct pollfd p = { .fd = c, .events = POLLIN | POLLOUT };
	struct goro_ctx_result r[2];
	struct call call = CALL(call_read, c, r, sizeof(r));

	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_ERR(read(c, r, 7), EINVAL);
	CHECK_ERR(write(c, r, 8), EBADF);
	CHECK_EQ(fcntl(c, F_SETFL, O_NONBLOCK), 0);
	CHECK_ERR(read(c, r, 8), EAGAIN);
	CHECK_EQ(fcntl(c, F_SETFL, 0), 0);
	poison(r, sizeof(r));
	call_start_asleep(&call);
	CHECK_EQ(goro_kctx_cancel(c, -EDOM), 0);
	CHECK_EQ(call_end(&call), 8);
	CHECK_EQ(r[0].err, -ECANCELED);
	CHECK_EQ(r[0].cause, -EDOM);
	CHECK(poisoned(&r[1], sizeof(r[1])));
	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN | POLLHUP);
	CHECK_EQ(read(c, r, 8), 0);
	CHECK_EQ(fcntl(c, F_GETFD), FD_CLOEXEC);
}

TEST(errors)
{
	int p[2], t = spawn_sleeper(), ch = make(8, 1), c = ctx(-1, GORO_FOREVER);
	int bad[] = { -2, 1000, INT32_MIN }, i;
	uint64_t v;

	CHECK_EQ(pipe(p), 0);
	for (i = 0; i < 3; i++)
		CHECK_EQ(goro_kctx_make(dev(), bad[i], GORO_FOREVER), -EBADF);
	{
		int wrong[] = { p[0], t, ch, dev() };

		for (i = 0; i < 4; i++)
			CHECK_EQ(goro_kctx_make(dev(), wrong[i], GORO_FOREVER), -EINVAL);
	}
	/* its Done channel is nobody's to send to or to close */
	CHECK_EQ(goro_kchan_send(c, &v), -ENOTTY);
	CHECK_EQ(goro_kchan_close(c), -ENOTTY);
	CHECK_CTX(c, 0, 0);
}

/* ---- select ----------------------------------------------------------- */

TEST(in_select)
{
	int ch = make(8, 0), c = ctx(-1, GORO_FOREVER), child = ctx(c, GORO_FOREVER);
	uint64_t v;
	struct goro_select_case s[] = {
		goro_kselect_recv(ch, &v, 8), goro_kselect_recv(child, NULL, 0),
	};

	CHECK_EQ(goro_kselect(dev(), s, 2, GORO_NOW), -EAGAIN);
	CHECK_EQ(goro_kctx_cancel(c, 0), 0);
	CHECK_EQ(goro_kselect(dev(), s, 2, GORO_FOREVER), 1);
	CHECK_EQ(s[1].result, 0);
	/* and stays so */
	CHECK_EQ(goro_kselect(dev(), s, 2, GORO_NOW), 1);
	s[1].len = 8;
	CHECK_EQ(goro_kselect(dev(), s, 2, GORO_NOW), -EINVAL);
}

struct selector {
	int ctx, chan;
	int ret;
	pthread_t thread;
};

static void *selects(void *arg)
{
	struct selector *w = arg;
	uint64_t v;
	struct goro_select_case s[] = {
		goro_kselect_recv(w->chan, &v, 8), goro_kselect_recv(w->ctx, NULL, 0),
	};

	w->ret = goro_kselect(dev(), s, 2, GORO_FOREVER);
	return NULL;
}

TEST(cancel_wakes_all_who_wait)
{
	struct selector w[20];
	int c = ctx(-1, GORO_FOREVER), ch = make(8, 0), i;

	for (i = 0; i < 20; i++) {
		w[i] = (struct selector){ .ctx = i % 2 ? c : ctx(c, GORO_FOREVER), .chan = ch };
		CHECK_EQ(pthread_create(&w[i].thread, NULL, selects, &w[i]), 0);
	}
	wait_for(ch, 0, 20);
	CHECK_EQ(goro_kctx_cancel(c, 0), 0);
	for (i = 0; i < 20; i++) {
		CHECK_EQ(pthread_join(w[i].thread, NULL), 0);
		CHECK_EQ(w[i].ret, 1);
	}
	CHECK_CHAN(ch, 0, 0, 0, false);
}

/* ---- other processes -------------------------------------------------- */

static void cancels(void *arg)
{
	int c = recv_fd(*(int *)arg);

	CHECK_EQ(goro_kctx_cancel(c, -EOWNERDEAD), 0);
}

TEST(cancelled_from_another_process)
{
	int sv[2], c, child_ctx;
	pid_t pid;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	pid = child(cancels, &sv[1]);
	c = ctx(-1, GORO_FOREVER);
	child_ctx = ctx(c, GORO_FOREVER);
	send_fd(sv[0], c);
	CHECK_EQ(goro_kctx_wait(child_ctx, GORO_FOREVER), 0);
	CHECK_CTX(child_ctx, -ECANCELED, -EOWNERDEAD);
	reap(pid);
}

static void holds(void *arg)
{
	CHECK_EQ(goro_kctx_wait(*(int *)arg, GORO_FOREVER), 0);
}

/* the last one of the processes that has it goes, by whatever end */
TEST(killed_while_it_waits)
{
	int c = ctx(-1, GORO_FOREVER), mine = ctx(c, GORO_FOREVER);
	pid_t pid = child(holds, &c);

	close(c);
	CHECK_CTX(mine, 0, 0);
	kill9(pid);
	CHECK_EQ(goro_kctx_wait(mine, GORO_FOREVER), 0);
	CHECK_CTX(mine, -ECANCELED, -ECANCELED);
}

/* ---- tasks ------------------------------------------------------------ */

static int spawn_ctx(int c, const char *cls, const void *arg, uint32_t len, int chan)
{
	int chans[2] = { chan, chan };

	return goro_ktask_spawn_ctx(c, dev(), cls, arg, len, chans, chan < 0 ? 0 : 2);
}

TEST(task)
{
	int c = ctx(-1, GORO_FOREVER), ch = make(8, 0), t = spawn_ctx(c, "echo", NULL, 0, ch), result;
	struct goro_task_info ti;

	CHECK(t >= 0);
	wait_for(ch, 0, 1);
	CHECK_EQ(goro_ktask_info(t, &ti), 0);
	CHECK_EQ(ti.state, 0);
	CHECK_EQ(goro_kctx_cancel(c, -EIO), 0);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, -ECANCELED);
	CHECK_EQ(goro_ktask_info(t, &ti), 0);
	CHECK_EQ(ti.state, GORO_TASK_DONE | GORO_TASK_CANCELLED);
	CHECK_CHAN(ch, 0, 0, 0, false);
	/* nothing is started any more */
	CHECK_EQ(spawn_ctx(c, "echo", NULL, 0, ch), -ECANCELED);
}

TEST(task_and_deadline)
{
	uint64_t hour = 3600000000000ULL;
	int c = ctx(-1, goro_in(20000000)), t, result;

	t = spawn_ctx(c, "sleep", &hour, 8, -1);
	if (t != -ETIMEDOUT) {		/* or the machine was busy */
		CHECK(t >= 0);
		CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
		CHECK_EQ(result, -ETIMEDOUT);
	}
	CHECK_EQ(goro_kctx_wait(c, GORO_FOREVER), 0);
	CHECK_EQ(spawn_ctx(c, "sleep", &hour, 8, -1), -ETIMEDOUT);
}

TEST(task_whose_context_is_closed)
{
	uint64_t hour = 3600000000000ULL;
	int c = ctx(-1, GORO_FOREVER), t = spawn_ctx(c, "sleep", &hour, 8, -1), result;

	CHECK(t >= 0);
	CHECK_EQ(goro_ktask_wait(t, NULL, GORO_NOW), -EAGAIN);
	close(c);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, -ECANCELED);
}

/* a task that has ended is not changed by it, and one can be cancelled by itself */
TEST(task_by_itself)
{
	uint64_t zero = 0, hour = 3600000000000ULL;
	int c = ctx(-1, GORO_FOREVER), t = spawn_ctx(c, "sleep", &zero, 8, -1), result;

	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, 0);
	t = spawn_ctx(c, "sleep", &hour, 8, -1);
	CHECK_EQ(goro_ktask_cancel(t), 0);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, -ECANCELED);
	CHECK_CTX(c, 0, 0);
}

TEST(task_errors)
{
	struct goro_task_spawn a = { .class_name = "sleep", .arg_len = 8 };
	int c = ctx(-1, GORO_FOREVER), ch = make(8, 1);
	uint64_t zero = 0;

	a.arg = (uintptr_t)&zero;
	a.ctx = c;	/* without its flag */
	CHECK_ERR(ioctl(dev(), GORO_IOC_TASK_SPAWN, &a), EINVAL);
	a.flags = GORO_TASK_CTX;
	CHECK(ioctl(dev(), GORO_IOC_TASK_SPAWN, &a) >= 0);
	a.ctx = ch;
	CHECK_ERR(ioctl(dev(), GORO_IOC_TASK_SPAWN, &a), EINVAL);
	a.ctx = -1;
	CHECK_ERR(ioctl(dev(), GORO_IOC_TASK_SPAWN, &a), EBADF);
	a.ctx = c;
	a.deadline = 1;	/* without a group */
	CHECK_ERR(ioctl(dev(), GORO_IOC_TASK_SPAWN, &a), EINVAL);
}

/* a task that computes looks at its context, too */
TEST(task_that_computes)
{
	int c = ctx(-1, GORO_FOREVER), t = spawn_ctx(c, "test-spin", NULL, 0, -1), result;

	if (t == -ENOENT)
		SKIP("no goro_testclass.ko");
	CHECK(t >= 0);
	CHECK_EQ(goro_ktask_wait(t, NULL, GORO_NOW), -EAGAIN);
	CHECK_EQ(goro_kctx_cancel(c, 0), 0);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, -ECANCELED);
}

/* ---- whose it is ------------------------------------------------------ */

/* one that its child holds counts after its close, or a chain of them would be free */
static void at_the_cap(void)
{
	int c[4], i;

	for (i = 0; i < 3; i++)
		c[i] = ctx(i ? c[i - 1] : -1, GORO_FOREVER);
	CHECK_EQ(goro_kctx_make(dev(), -1, GORO_FOREVER), -EDQUOT);
	CHECK_EQ(chans_now(), 3);
	close(c[0]);
	close(c[1]);
	CHECK_EQ(chans_now(), 3);
	CHECK_EQ(goro_kctx_make(dev(), -1, GORO_FOREVER), -EDQUOT);
	close(c[2]);
	settle(chans_now, 0);
	CHECK(goro_kctx_make(dev(), -1, GORO_FOREVER) >= 0);
}

TEST(counts_as_a_channel)
{
	reset();
	set_param("user_chans_max", 3);
	as(uid(0), at_the_cap);
	reset();
}

/* ---- stress ----------------------------------------------------------- */

static int stress_root;

/* children come and go while somebody cancels; none is left that waits for ever */
static void *comes_and_goes(void *arg)
{
	long n = 0;

	(void)arg;
	while (!goro_kctx_err(stress_root)) {
		int c = ctx(stress_root, n % 3 ? GORO_FOREVER : goro_in(100000)), d = ctx(c, GORO_FOREVER);

		if (n % 2)
			CHECK_EQ(goro_kctx_cancel(c, 0), 0);
		else
			close(c);
		CHECK_EQ(goro_kctx_wait(d, GORO_FOREVER), 0);
		if (n % 2)
			close(c);
		close(d);
		n++;
	}
	return (void *)n;
}

TEST(stress)
{
	pthread_t t[4];
	int round, i;

	for (round = 0; round < 5; round++) {
		long all = 0;
		void *n;

		stress_root = ctx(-1, GORO_FOREVER);
		for (i = 0; i < 4; i++)
			CHECK_EQ(pthread_create(&t[i], NULL, comes_and_goes, NULL), 0);
		for (i = 0; i < 50; i++)
			usleep(1000);
		CHECK_EQ(goro_kctx_cancel(stress_root, 0), 0);
		for (i = 0; i < 4; i++) {
			CHECK_EQ(pthread_join(t[i], &n), 0);
			all += (long)n;
		}
		close(stress_root);
		printf("# %ld contexts\n", 2 * all);
	}
}
