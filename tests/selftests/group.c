// SPDX-License-Identifier: GPL-2.0-only
/* Group fds: limit, first error, wait, cancel, nesting, and what a close means. */
#include "goro_test.h"
#include "limits.h"

static uint64_t zero, hour = 3600000000000ULL;

static int group(int parent, uint32_t limit)
{
	int g = goro_kgroup_make(dev(), parent, limit);

	if (g < 0)
		FAIL("group of %d: %s", parent, strerror(-g));
	return g;
}

static int sleeper(int g, const uint64_t *ns, uint64_t deadline)
{
	return goro_kgroup_spawn(g, dev(), "sleep", ns, 8, NULL, 0, deadline);
}

static int echo(int g, int c, int d)
{
	int t = goro_kgroup_spawn(g, dev(), "echo", NULL, 0, (int[]){ c, d }, 2, GORO_NOW);

	CHECK(t >= 0);
	return t;
}

/* a task that ends with -EPIPE as soon as it gets an element, and the channel that it takes it from */
static int failer(int g, int *c)
{
	int d = make(8, 0);

	*c = make(8, 0);
	CHECK_EQ(goro_kchan_close(d), 0);
	return echo(g, *c, d);
}

static struct goro_group_info info(int g)
{
	struct goro_group_info i;

	memset(&i, 0x5a, sizeof(i));
	i.flags = 0;
	CHECK_EQ(ioctl(g, GORO_IOC_GROUP_INFO, &i), 0);
	CHECK_EQ(i.flags, 0);
	return i;
}

#define CHECK_GROUP(g, state_, result_, cause_, running_, started_)	\
	do {								\
		struct goro_group_info gi_ = info(g);			\
									\
		CHECK_EQ(gi_.state, state_);				\
		CHECK_EQ(gi_.result, result_);				\
		CHECK_EQ(gi_.cause, cause_);				\
		CHECK_EQ(gi_.running, running_);			\
		CHECK_EQ(gi_.started, started_);			\
	} while (0)

static int wait_result(int g)
{
	int result = 99;

	CHECK_EQ(goro_kgroup_wait(g, &result, GORO_FOREVER), 0);
	return result;
}

TEST(empty)
{
	int g = group(-1, 0);
	struct pollfd p = { .fd = g, .events = POLLIN };

	CHECK_EQ(wait_result(g), 0);
	CHECK_EQ(goro_kgroup_wait(g, NULL, GORO_NOW), 0);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_GROUP(g, 0, 0, 0, 0, 0);
}

TEST(all_end_well)
{
	int g = group(-1, 0), c = make(8, 0), t[10], i, result;
	struct pollfd p = { .fd = g, .events = POLLIN };

	for (i = 0; i < 10; i++)
		t[i] = echo(g, c, c);
	wait_for(c, 0, 10);
	CHECK_GROUP(g, 0, 0, 0, 10, 10);
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_EQ(goro_kgroup_wait(g, &result, GORO_NOW), -EAGAIN);
	CHECK_EQ(goro_kgroup_wait(g, &result, 1), -ETIMEDOUT);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(wait_result(g), 0);
	/* when the group is done its tasks are */
	for (i = 0; i < 10; i++) {
		CHECK_EQ(goro_ktask_wait(t[i], &result, GORO_NOW), 0);
		CHECK_EQ(result, 0);
	}
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_GROUP(g, 0, 0, 0, 0, 10);
	/* it can be used again */
	CHECK(sleeper(g, &zero, GORO_NOW) >= 0);
	CHECK_EQ(wait_result(g), 0);
	CHECK_GROUP(g, 0, 0, 0, 0, 11);
}

TEST(first_error_cancels_the_rest)
{
	int g = group(-1, 0), c = make(8, 0), in, t[10], bad, i, result;
	uint64_t v = 1;

	for (i = 0; i < 10; i++)
		t[i] = i % 2 ? echo(g, c, c) : sleeper(g, &hour, GORO_NOW);
	bad = failer(g, &in);
	wait_for(c, 0, 5);
	CHECK_GROUP(g, 0, 0, 0, 11, 11);
	CHECK_EQ(goro_kchan_send(in, &v), 0);
	CHECK_EQ(wait_result(g), -EPIPE);
	CHECK_EQ(goro_ktask_wait(bad, &result, GORO_NOW), 0);
	CHECK_EQ(result, -EPIPE);
	for (i = 0; i < 10; i++) {
		CHECK_EQ(goro_ktask_wait(t[i], &result, GORO_NOW), 0);
		CHECK_EQ(result, -ECANCELED);
	}
	CHECK_GROUP(g, GORO_GROUP_CANCELLED, -EPIPE, -EPIPE, 0, 11);
	CHECK_EQ(sleeper(g, &zero, GORO_FOREVER), -ECANCELED);
	CHECK_GROUP(g, GORO_GROUP_CANCELLED, -EPIPE, -EPIPE, 0, 11);
}

TEST(limit)
{
	int g = group(-1, 3), c = make(8, 0), t[3], i, result;

	CHECK_EQ(info(g).limit, 3);
	for (i = 0; i < 3; i++)
		t[i] = echo(g, c, c);
	CHECK_EQ(sleeper(g, &zero, GORO_NOW), -EAGAIN);
	CHECK_EQ(sleeper(g, &zero, 1), -ETIMEDOUT);
	CHECK_EQ(sleeper(g, &zero, goro_in(2000000)), -ETIMEDOUT);
	CHECK_GROUP(g, 0, 0, 0, 3, 3);
	wait_for(c, 0, 3);
	/* the place of one that has been waited for is free at once */
	for (i = 0; i < 3; i++) {
		uint64_t v = 5;
		int u;

		CHECK_EQ(goro_kchan_close(c), i ? -EBADFD : 0);
		CHECK_EQ(goro_ktask_wait(t[i], &result, GORO_FOREVER), 0);
		u = sleeper(g, &zero, GORO_NOW);
		CHECK(u >= 0);
		CHECK_EQ(goro_ktask_wait(u, &result, GORO_FOREVER), 0);
		(void)v;
	}
	CHECK_EQ(wait_result(g), 0);
	CHECK_GROUP(g, 0, 0, 0, 0, 6);
}

static int call_sleeper(struct call *call)
{
	return sleeper(call->fd, call->buf, call->deadline);
}

TEST(spawn_waits_for_a_place)
{
	int g = group(-1, 1), c = make(8, 0), t, i;

	for (i = 0; i < 20; i++) {
		struct call s = { .fn = call_sleeper, .fd = g, .buf = &zero, .deadline = GORO_FOREVER };

		t = echo(g, c, c);
		wait_for(c, 0, 1);
		call_start_asleep(&s);
		CHECK_EQ(goro_kchan_close(c), 0);
		t = call_end(&s);
		CHECK(t >= 0);
		CHECK_EQ(goro_ktask_wait(t, NULL, GORO_FOREVER), 0);
		close(t);
		close(c);
		c = make(8, 0);
	}
	CHECK_EQ(wait_result(g), 0);
	CHECK_EQ(info(g).started, 40);
}

TEST(spawn_that_waits_is_cancelled)
{
	struct call s = { .fn = call_sleeper, .buf = &zero, .deadline = GORO_FOREVER };
	int g, c = make(8, 0), parent, i;

	for (i = 0; i < 3; i++) {
		parent = goro_kctx_make(dev(), -1, GORO_FOREVER);
		g = group(parent, 1);
		s.fd = g;
		CHECK(echo(g, c, c) >= 0);
		wait_for(c, 0, 1);
		call_start_asleep(&s);
		if (i == 0)
			CHECK_EQ(goro_kgroup_cancel(g, 0), 0);
		else if (i == 1)
			CHECK_EQ(goro_kctx_cancel(parent, 0), 0);
		else
			close(parent);
		CHECK_EQ(call_end(&s), -ECANCELED);
		wait_for(c, 0, 0);
		CHECK_EQ(wait_result(g), -ECANCELED);
		CHECK_EQ(info(g).started, 1);
	}
}

static void handler(int sig)
{
	(void)sig;
}

TEST(spawn_that_waits_is_interrupted)
{
	struct sigaction sa = { .sa_handler = handler };
	int g = group(-1, 1), c = make(8, 0);
	struct call s = { .fn = call_sleeper, .fd = g, .buf = &zero, .deadline = GORO_FOREVER };

	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	CHECK(echo(g, c, c) >= 0);
	wait_for(c, 0, 1);
	call_start_asleep(&s);
	CHECK_EQ(pthread_kill(s.thread, SIGUSR1), 0);
	CHECK_EQ(call_end(&s), -EINTR);
	CHECK_GROUP(g, 0, 0, 0, 1, 1);
}

/* the task's own context ends its wait for a place, too */
TEST(spawn_with_both)
{
	struct goro_task_spawn a = {
		.class_name = "sleep", .arg_len = 8, .flags = GORO_TASK_CTX | GORO_TASK_GROUP,
	};
	int g = group(-1, 1), c = make(8, 0), t, result;

	a.arg = (uintptr_t)&hour;
	a.group = g;
	a.ctx = goro_kctx_make(dev(), -1, GORO_FOREVER);
	t = ioctl(dev(), GORO_IOC_TASK_SPAWN, &a);
	CHECK(t >= 0);
	CHECK_EQ(goro_kctx_cancel(a.ctx, 0), 0);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, -ECANCELED);
	CHECK_EQ(wait_result(g), -ECANCELED);
	/* for a place, until the context's deadline */
	g = group(-1, 1);
	CHECK(echo(g, c, c) >= 0);
	a.group = g;
	a.ctx = goro_kctx_make(dev(), -1, goro_in(20000000));
	a.deadline = GORO_FOREVER;
	CHECK_ERR(ioctl(dev(), GORO_IOC_TASK_SPAWN, &a), ETIMEDOUT);
	CHECK_GROUP(g, 0, 0, 0, 1, 1);
}

TEST(cancel)
{
	int g = group(-1, 0), i;

	for (i = 0; i < 5; i++)
		CHECK(sleeper(g, &hour, GORO_NOW) >= 0);
	CHECK_EQ(goro_kgroup_cancel(g, 1), -EINVAL);
	CHECK_EQ(goro_kgroup_cancel(g, -4096), -EINVAL);
	CHECK_GROUP(g, 0, 0, 0, 5, 5);
	CHECK_EQ(goro_kgroup_cancel(g, -EIO), 0);
	CHECK_EQ(goro_kgroup_cancel(g, -EBUSY), 0);
	CHECK_EQ(wait_result(g), -ECANCELED);
	CHECK_GROUP(g, GORO_GROUP_CANCELLED, -ECANCELED, -EIO, 0, 5);
}

/* a group in a context in a group */
TEST(nesting)
{
	int outer = group(-1, 0), ctx = goro_kctx_make(dev(), outer, GORO_FOREVER), inner = group(ctx, 2);
	int innermost = group(inner, 0), c, result, t;
	uint64_t v = 1;

	CHECK(ctx >= 0);
	t = sleeper(innermost, &hour, GORO_NOW);
	CHECK(t >= 0);
	/* an error goes no further up than its group */
	failer(inner, &c);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(wait_result(inner), -EPIPE);
	CHECK_EQ(wait_result(innermost), -ECANCELED);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_NOW), 0);
	CHECK_GROUP(innermost, GORO_GROUP_CANCELLED, -ECANCELED, -EPIPE, 0, 1);
	CHECK_EQ(goro_kctx_err(ctx), 0);
	CHECK_GROUP(outer, 0, 0, 0, 0, 0);
	/* down it goes through all */
	inner = group(ctx, 2);
	CHECK(sleeper(inner, &hour, GORO_NOW) >= 0);
	CHECK_EQ(goro_kgroup_cancel(outer, -EDOM), 0);
	CHECK_EQ(wait_result(inner), -ECANCELED);
	CHECK_EQ(info(inner).cause, -EDOM);
	CHECK_EQ(goro_kctx_err(ctx), -ECANCELED);
}

TEST(deadline_of_a_parent)
{
	int ctx = goro_kctx_make(dev(), -1, goro_in(20000000)), g = group(ctx, 0);
	int t = sleeper(g, &hour, GORO_NOW);

	if (t != -ECANCELED) {		/* or the machine was busy */
		CHECK(t >= 0);
		CHECK_EQ(wait_result(g), -ETIMEDOUT);
	}
	CHECK_EQ(goro_kctx_wait(ctx, GORO_FOREVER), 0);
	CHECK_EQ(sleeper(g, &zero, GORO_NOW), -ECANCELED);
	CHECK_EQ(info(g).cause, -ETIMEDOUT);
}

TEST(errors)
{
	struct goro_group_create a = { .parent = -1, .limit = (1 << 30) + 1 };
	struct goro_task_spawn s = { .class_name = "sleep", .arg_len = 8 };
	int g = group(-1, 0), c = make(8, 1), ctx = goro_kctx_make(dev(), -1, GORO_FOREVER);
	struct goro_query q;

	CHECK_EQ(goro_dev_query(dev(), &q), 0);
	CHECK_EQ(q.group_limit_max, 1 << 30);
	CHECK_ERR(ioctl(dev(), GORO_IOC_GROUP, &a), EINVAL);
	a.limit = UINT32_MAX;
	CHECK_ERR(ioctl(dev(), GORO_IOC_GROUP, &a), EINVAL);
	a.limit = 1 << 30;
	CHECK(ioctl(dev(), GORO_IOC_GROUP, &a) >= 0);
	a.parent = c;
	CHECK_ERR(ioctl(dev(), GORO_IOC_GROUP, &a), EINVAL);
	a.parent = 1000;
	CHECK_ERR(ioctl(dev(), GORO_IOC_GROUP, &a), EBADF);

	s.arg = (uintptr_t)&zero;
	s.group = g;	/* without its flag */
	CHECK_ERR(ioctl(dev(), GORO_IOC_TASK_SPAWN, &s), EINVAL);
	s.flags = GORO_TASK_GROUP;
	CHECK(ioctl(dev(), GORO_IOC_TASK_SPAWN, &s) >= 0);
	s.group = ctx;
	CHECK_ERR(ioctl(dev(), GORO_IOC_TASK_SPAWN, &s), EINVAL);
	s.group = -1;
	CHECK_ERR(ioctl(dev(), GORO_IOC_TASK_SPAWN, &s), EBADF);
	/* a group is no context for a task, nor the other way round */
	s.flags = GORO_TASK_CTX;
	s.group = 0;
	s.ctx = g;
	CHECK_ERR(ioctl(dev(), GORO_IOC_TASK_SPAWN, &s), EINVAL);
	/* the class is looked at before the wait for a place */
	g = group(-1, 1);
	CHECK(sleeper(g, &hour, GORO_NOW) >= 0);
	CHECK_EQ(goro_kgroup_spawn(g, dev(), "nosuch", NULL, 0, NULL, 0, GORO_FOREVER), -ENOENT);
	CHECK_EQ(goro_kgroup_spawn(g, dev(), "sleep", NULL, 0, NULL, 0, GORO_FOREVER), -EINVAL);
	CHECK_GROUP(g, 0, 0, 0, 1, 1);
	CHECK_EQ(goro_kgroup_go(g, dev(), "sleep", &zero, 8, NULL, 0, GORO_NOW), -EAGAIN);
}

/* the group has its tasks: the close of a task's descriptor is no cancel, that of the group's is */
TEST(closed)
{
	int g = group(-1, 0), c = make(8, 0), i, d;

	for (i = 0; i < 5; i++)
		close(echo(g, c, c));
	wait_for(c, 0, 5);
	CHECK_EQ(goro_kgroup_go(g, dev(), "echo", NULL, 0, (int[]){ c, c }, 2, GORO_NOW), 0);
	wait_for(c, 0, 6);
	CHECK_GROUP(g, 0, 0, 0, 6, 6);
	d = dup(g);
	close(g);
	CHECK_GROUP(d, 0, 0, 0, 6, 6);
	CHECK_CHAN(c, 0, 0, 6, false);
	close(d);
	wait_for(c, 0, 0);
}

TEST(closed_while_one_waits)
{
	int g = group(-1, 0), c = make(8, 0), t = echo(g, c, c), result = 1;
	struct goro_task_result r[2];
	struct call w = CALL(call_read, g, r, sizeof(r));

	wait_for(c, 0, 1);
	call_start_asleep(&w);
	close(g);
	/* the call has the file */
	CHECK_CHAN(c, 0, 0, 1, false);
	CHECK_EQ(goro_ktask_cancel(t), 0);
	CHECK_EQ(call_end(&w), 8);
	CHECK_EQ(r[0].result, -ECANCELED);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_NOW), 0);
}

TEST(read_and_poll)
{
	int g = group(-1, 0), c;
	struct pollfd p = { .fd = g, .events = POLLIN | POLLOUT };
	struct goro_task_result r[2];
	uint64_t v = 1;

	failer(g, &c);
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_ERR(read(g, r, 7), EINVAL);
	CHECK_ERR(write(g, r, 8), EBADF);
	CHECK_EQ(fcntl(g, F_SETFL, O_NONBLOCK), 0);
	CHECK_ERR(read(g, r, 8), EAGAIN);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN);
	poison(r, sizeof(r));
	CHECK_EQ(read(g, r, sizeof(r)), 8);
	CHECK_EQ(r[0].result, -EPIPE);
	CHECK_EQ(r[0].reserved, 0);
	CHECK(poisoned(&r[1], sizeof(r[1])));
	CHECK_EQ(read(g, r, 8), 0);
	CHECK_EQ(fcntl(g, F_GETFD), FD_CLOEXEC);
}

/* ---- processes -------------------------------------------------------- */

static void owns(void *arg)
{
	int g = group(-1, 0), i;

	for (i = 0; i < 50; i++)
		CHECK_EQ(goro_kgroup_go(g, dev(), "echo", NULL, 0, (int[]){ *(int *)arg, *(int *)arg }, 2,
					GORO_NOW), 0);
	CHECK_EQ(goro_kgroup_wait(g, NULL, GORO_FOREVER), 0);
}

TEST(killed_while_it_waits)
{
	int c = make(8, 0);
	pid_t pid = child(owns, &c);

	wait_for(c, 0, 50);
	kill9(pid);
	wait_for(c, 0, 0);
}

static void spawns(void *arg)
{
	sleeper(*(int *)arg, &hour, GORO_FOREVER);
	_exit(1);
}

TEST(killed_while_it_waits_for_a_place)
{
	int g = group(-1, 1), c = make(8, 0), i;
	pid_t pid;

	CHECK(echo(g, c, c) >= 0);
	wait_for(c, 0, 1);
	for (i = 0; i < 5; i++) {
		pid = child(spawns, &g);
		usleep(1000 * i);
		kill9(pid);
	}
	CHECK_GROUP(g, 0, 0, 0, 1, 1);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(wait_result(g), 0);
}

static void of_another_process(void *arg)
{
	int g = recv_fd(*(int *)arg);

	CHECK(sleeper(g, &hour, GORO_NOW) >= 0);
	CHECK_EQ(goro_kgroup_cancel(g, -ESTALE), 0);
}

TEST(passed_on)
{
	int sv[2], g;
	pid_t pid;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	pid = child(of_another_process, &sv[1]);
	g = group(-1, 0);
	CHECK(sleeper(g, &hour, GORO_NOW) >= 0);
	send_fd(sv[0], g);
	reap(pid);
	CHECK_EQ(wait_result(g), -ECANCELED);
	CHECK_EQ(info(g).cause, -ESTALE);
	CHECK_EQ(info(g).started, 2);
}

/* ---- whose it is ------------------------------------------------------ */

static void at_the_cap(void)
{
	int g[3], i;

	for (i = 0; i < 3; i++)
		g[i] = group(i ? g[i - 1] : -1, i);
	CHECK_EQ(goro_kgroup_make(dev(), -1, 0), -EDQUOT);
	CHECK_EQ(chans_now(), 3);
	for (i = 0; i < 3; i++)
		close(g[i]);
	settle(chans_now, 0);
	/* a group counts until its last task is gone */
	g[0] = group(-1, 0);
	g[1] = sleeper(g[0], &hour, GORO_NOW);
	CHECK(g[1] >= 0);
	close(g[0]);
	CHECK_EQ(chans_now(), 1);
	close(g[1]);
	settle(chans_now, 0);
}

TEST(counts_as_a_channel)
{
	reset();
	set_param("user_chans_max", 3);
	as(uid(0), at_the_cap);
	reset();
}

/* the task cap holds in a group, and the place of what was not started is free */
static void no_more_tasks(void)
{
	int g = group(-1, 3), t;

	CHECK((t = sleeper(g, &hour, GORO_NOW)) >= 0);
	CHECK_EQ(sleeper(g, &hour, GORO_NOW), -EDQUOT);
	CHECK_EQ(sleeper(g, &hour, GORO_NOW), -EDQUOT);
	CHECK_EQ(sleeper(g, &hour, GORO_NOW), -EDQUOT);
	CHECK_GROUP(g, 0, 0, 0, 1, 1);
	CHECK_EQ(goro_ktask_cancel(t), 0);
}

TEST(task_cap)
{
	reset();
	set_param("user_tasks_max", 1);
	as(uid(0), no_more_tasks);
	reset();
}

/* ---- stress ----------------------------------------------------------- */

static int stress_group;
static volatile unsigned int most;

static void *spawns_many(void *arg)
{
	long i;

	(void)arg;
	for (i = 0; i < 200; i++) {
		struct goro_group_info gi;

		CHECK_EQ(goro_kgroup_go(stress_group, dev(), "sleep", &zero, 8, NULL, 0, GORO_FOREVER), 0);
		CHECK_EQ(goro_kgroup_info(stress_group, &gi), 0);
		/* running are those in their places, and those that have just left theirs */
		if (gi.running > most)
			most = gi.running;
	}
	return NULL;
}

/* many threads spawn into a small group: each gets its place in the end */
TEST(stress)
{
	pthread_t t[4];
	int i;

	stress_group = group(-1, 2);
	for (i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, spawns_many, NULL), 0);
	for (i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	CHECK_EQ(wait_result(stress_group), 0);
	CHECK_GROUP(stress_group, 0, 0, 0, 0, 800);
	printf("# at most %u at once\n", most);
}

/* errors and cancels meet spawns that wait: none is left behind */
TEST(stress_with_errors)
{
	int round;

	for (round = 0; round < 30; round++) {
		int g = group(-1, 2), c = make(8, 0), in, i;
		struct call s[4];
		uint64_t v = 1;

		failer(g, &in);
		for (i = 0; i < 4; i++) {
			s[i] = (struct call){ .fn = call_sleeper, .fd = g, .buf = i ? &zero : &hour,
					      .deadline = GORO_FOREVER };
			call_start(&s[i]);
		}
		if (round % 2)
			CHECK_EQ(goro_kchan_send(in, &v), 0);
		else
			CHECK_EQ(goro_kgroup_cancel(g, 0), 0);
		for (i = 0; i < 4; i++) {
			int t = call_end(&s[i]);

			CHECK(t >= 0 || t == -ECANCELED);
			if (t >= 0)
				close(t);
		}
		i = wait_result(g);
		CHECK(round % 2 ? i == -EPIPE : i == -ECANCELED);
		CHECK_EQ(info(g).running, 0);
		close(g);
		close(c);
		close(in);
	}
}
