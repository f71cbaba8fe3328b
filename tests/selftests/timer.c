// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timer fds. Nothing is said of how late a timer may be, only that it is never early, and that what was set
 * anew or stopped gives nothing of before.
 */
#include "goro_test.h"
#include "limits.h"
#include <sys/epoll.h>

#define HOUR 3600000000000ULL

static int timer(uint64_t deadline, uint64_t period)
{
	struct goro_timer_set a = { .deadline = deadline, .period = period };
	int t = ioctl(dev(), GORO_IOC_TIMER, &a);

	CHECK(t >= 0);
	return t;
}

static int set(int t, uint64_t deadline, uint64_t period)
{
	struct goro_timer_set a = { .deadline = deadline, .period = period };

	return ioctl(t, GORO_IOC_TIMER_RESET, &a);
}

static uint64_t tick(int t)
{
	uint64_t v = 0;

	CHECK_EQ(goro_kchan_recv(t, &v), 1);
	CHECK(v <= goro_now());
	return v;
}

#define NOTHING(t)						\
	do {							\
		uint64_t v_ = 5;				\
								\
		CHECK_EQ(goro_kchan_recv_until(t, &v_, GORO_NOW), -EAGAIN); \
		CHECK_EQ(v_, 5);				\
	} while (0)

TEST(fires_once_and_not_early)
{
	uint64_t at = goro_in(20000000), v;
	int t = timer(at, 0);

	v = tick(t);
	CHECK(v >= at);
	NOTHING(t);
	CHECK_EQ(goro_kchan_recv_until(t, &v, goro_in(5000000)), -ETIMEDOUT);
}

TEST(at_once_and_in_the_past)
{
	uint64_t before = goro_now(), v;
	int t = timer(GORO_NOW, 0);

	CHECK(tick(t) >= before);
	close(t);
	t = timer(1, 0);
	v = tick(t);
	CHECK(v >= before);
	NOTHING(t);
}

TEST(read_and_poll)
{
	struct pollfd p = { .events = POLLIN | POLLOUT };
	uint64_t v[3] = { 0 }, at;
	int t = timer(HOUR + goro_now(), 0);

	p.fd = t;
	CHECK_EQ(poll(&p, 1, 0), 0);
	at = goro_in(10000000);
	CHECK_EQ(set(t, at, 0), 1);
	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_ERR(read(t, v, 7), EINVAL);
	CHECK_EQ(read(t, v, sizeof(v)), 8);
	CHECK(v[0] >= at && !v[1]);
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_ERR(write(t, v, 8), EBADF);
	CHECK_ERR(lseek(t, 0, SEEK_SET), ESPIPE);
	CHECK_EQ(fcntl(t, F_SETFL, O_NONBLOCK), 0);
	CHECK_ERR(read(t, v, 8), EAGAIN);
	CHECK_EQ(fcntl(t, F_GETFD), FD_CLOEXEC);
	/* it is received from only, and its channel is not closed */
	CHECK_EQ(goro_kchan_send(t, v), -ENOTTY);
	CHECK_EQ(goro_kchan_close(t), -ENOTTY);
}

TEST(info)
{
	struct goro_chan_info i;
	int t = timer(GORO_NOW, 0);
	struct pollfd p = { .fd = t, .events = POLLIN };

	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(goro_kchan_info(t, &i), 0);
	CHECK_EQ(i.elem, 8);
	CHECK_EQ(i.state, 0);
	CHECK(i.id);
	/* as since Go 1.23 */
	CHECK_EQ(i.len, 0);
	CHECK_EQ(i.cap, 0);
	tick(t);
}

/* every tick comes after its moment, a whole number of periods from the first, and none twice */
TEST(ticker)
{
	uint64_t first = goro_in(5000000), period = 3000000, v, last = 0;
	int t = timer(first, period), i;

	for (i = 0; i < 20; i++) {
		v = tick(t);
		CHECK(v >= first);
		/* no two for one moment */
		if (i)
			CHECK((v - first) / period > (last - first) / period);
		last = v;
	}
}

/* what nobody receives does not pile up: one is kept, the oldest */
TEST(ticks_do_not_pile_up)
{
	uint64_t first = goro_now(), period = 1000000, v;
	int t = timer(first, period), i;
	struct pollfd p = { .fd = t, .events = POLLIN };

	CHECK_EQ(poll(&p, 1, -1), 1);
	for (i = 0; goro_now() < first + 20 * period; i++)
		usleep(1000);
	v = tick(t);
	CHECK(v >= first);
	/* the next is one that had not passed when this was received, so it is not there at once */
	CHECK(tick(t) > v);
}

/* a period of 1 ns costs one tick for each that is received */
TEST(shortest_period)
{
	int t = goro_kticker_make(dev(), 1, 0), i;
	uint64_t v, last = 0;

	CHECK(t >= 0);
	for (i = 0; i < 1000; i++) {
		v = tick(t);
		CHECK(v > last);
		last = v;
	}
	CHECK(goro_kticker_stop(t) >= 0);
	NOTHING(t);
}

TEST(stop)
{
	uint64_t v;
	int t = timer(HOUR + goro_now(), 0), i;

	CHECK_EQ(goro_ktimer_stop(t), 1);
	CHECK_EQ(goro_ktimer_stop(t), 0);
	NOTHING(t);
	/* it has fired, and nobody has received it: stopped all the same, and nothing is left (Go 1.23) */
	for (i = 0; i < 100; i++) {
		struct pollfd p = { .fd = t, .events = POLLIN };

		CHECK_EQ(set(t, GORO_NOW, 0), 0);
		CHECK_EQ(poll(&p, 1, -1), 1);
		CHECK_EQ(goro_ktimer_stop(t), 1);
		NOTHING(t);
		CHECK_EQ(poll(&p, 1, 0), 0);
	}
	/* it has, and somebody has */
	CHECK_EQ(set(t, GORO_NOW, 0), 0);
	tick(t);
	CHECK_EQ(goro_ktimer_stop(t), 0);
	CHECK_EQ(goro_kchan_recv_until(t, &v, goro_in(2000000)), -ETIMEDOUT);
	CHECK_ERR(ioctl(t, GORO_IOC_TIMER_STOP, 1), EINVAL);
}

/* set anew at any moment: what is received was set last */
TEST(reset_leaves_nothing_of_before)
{
	int t = timer(GORO_FOREVER, 0), i;
	uint64_t v;

	for (i = 0; i < 2000; i++) {
		uint64_t at = goro_in(i % 7 * 3000);

		CHECK(set(t, at, i % 3 ? 0 : 1000) >= 0);
		if (i % 5)
			continue;
		if (i % 2) {
			CHECK(tick(t) >= at);
			continue;
		}
		/* it is on its way or was sent: the later one is what comes */
		at = goro_in(100000);
		CHECK(set(t, at, 0) >= 0);
		CHECK(tick(t) >= at);
	}
	CHECK(goro_ktimer_stop(t) >= 0);
	NOTHING(t);
	/* never, until it is set again */
	CHECK_EQ(set(t, GORO_FOREVER, 0), 0);
	CHECK_EQ(goro_kchan_recv_until(t, &v, goro_in(2000000)), -ETIMEDOUT);
	CHECK(goro_ktimer_reset(t, GORO_NOW) >= 0);
	tick(t);
}

TEST(ticker_becomes_a_timer)
{
	int t = goro_kticker_make(dev(), 1000000, 0);
	uint64_t at, v;

	tick(t);
	tick(t);
	at = goro_in(3000000);
	CHECK(goro_ktimer_reset(t, at) >= 0);
	CHECK(tick(t) >= at);
	CHECK_EQ(goro_kchan_recv_until(t, &v, goro_in(3000000)), -ETIMEDOUT);
	CHECK(goro_kticker_reset(t, 1000000) >= 0);
	tick(t);
	tick(t);
}

TEST(errors)
{
	struct goro_timer_set a = { .deadline = HOUR };
	int t;

	a.period = 1ULL << 63;
	CHECK_ERR(ioctl(dev(), GORO_IOC_TIMER, &a), EINVAL);
	a.period = UINT64_MAX;
	CHECK_ERR(ioctl(dev(), GORO_IOC_TIMER, &a), EINVAL);
	a.period = INT64_MAX;
	t = ioctl(dev(), GORO_IOC_TIMER, &a);
	CHECK(t >= 0);
	a.period = 1ULL << 63;
	CHECK_ERR(ioctl(t, GORO_IOC_TIMER_RESET, &a), EINVAL);
	a.period = 0;
	a.flags = GORO_FD_NONBLOCK;
	CHECK_ERR(ioctl(t, GORO_IOC_TIMER_RESET, &a), EINVAL);
	/* it was not changed by these */
	CHECK(goro_ktimer_stop(t) >= 0);
	CHECK_EQ(goro_kticker_make(dev(), 0, 0), -EINVAL);
	CHECK_EQ(goro_kticker_reset(t, 0), -EINVAL);
	/* a task does not get one */
	CHECK_EQ(goro_ktask_spawn(dev(), "echo", NULL, 0, (int[]){ t, t }, 2), -EINVAL);
}

/* ---- those who wait -------------------------------------------------- */

TEST(stopped_while_one_waits)
{
	int t = timer(HOUR + goro_now(), 0);
	uint64_t v, at;
	struct call r = CALL(call_recv, t, &v, 1);

	call_start(&r);
	wait_for(t, 0, 1);
	CHECK_EQ(goro_ktimer_stop(t), 1);
	wait_for(t, 0, 1);
	at = goro_now();
	CHECK_EQ(set(t, at, 0), 0);
	CHECK_EQ(call_end(&r), 1);
	CHECK(v >= at);
}

static void receives(void *arg)
{
	uint64_t v;

	CHECK_EQ(goro_kchan_recv(*(int *)arg, &v), 1);
}

TEST(killed_while_it_waits)
{
	int t = timer(GORO_FOREVER, 0);
	pid_t pid = child(receives, &t);

	wait_for(t, 0, 1);
	kill9(pid);
	CHECK_CHAN(t, 0, 0, 0, false);
	CHECK_EQ(set(t, GORO_NOW, 0), 0);
	tick(t);
}

static void of_another_process(void *arg)
{
	int t = recv_fd(*(int *)arg);

	tick(t);
	CHECK(set(t, GORO_NOW, 1000) >= 0);
	tick(t);
	tick(t);
	CHECK(goro_ktimer_stop(t) >= 0);
	CHECK_EQ(set(t, goro_in(1000000), 0), 0);
}

TEST(passed_on)
{
	int sv[2], t;
	pid_t pid;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	pid = child(of_another_process, &sv[1]);
	t = timer(GORO_NOW, 0);
	send_fd(sv[0], t);
	reap(pid);
	tick(t);
}

TEST(in_select)
{
	int c = make(8, 0), slow = timer(HOUR + goro_now(), 0), fast = timer(goro_in(2000000), 0);
	uint64_t v, at, w;
	struct goro_select_case s[] = {
		goro_kselect_recv(c, &v, 8), goro_kselect_recv(slow, &v, 8), goro_kselect_recv(fast, &w, 8),
	};

	CHECK_EQ(goro_kselect(dev(), s, 3, GORO_FOREVER), 2);
	CHECK_EQ(s[2].result, 1);
	CHECK(w <= goro_now());
	CHECK_EQ(goro_kselect(dev(), s, 3, GORO_NOW), -EAGAIN);
	at = goro_now();
	CHECK_EQ(set(slow, at, 0), 1);
	CHECK_EQ(goro_kselect(dev(), s, 3, GORO_FOREVER), 1);
	CHECK(v >= at);
}

TEST(in_epoll)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	int t = goro_kticker_make(dev(), 1000000, GORO_FD_NONBLOCK), ep = epoll_create1(0), i;

	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, t, &e), 0);
	for (i = 0; i < 20; i++) {
		uint64_t v;

		CHECK_EQ(epoll_wait(ep, &e, 1, -1), 1);
		CHECK_EQ(read(t, &v, 8), 8);
	}
}

/* each of many readers gets ticks of its own */
#define READERS 4
static int shared_timer;
static uint64_t got[READERS][100];

static void *reads_many(void *arg)
{
	long nr = (long)arg;

	for (int i = 0; i < 100; i++)
		CHECK_EQ(read(shared_timer, &got[nr][i], 8), 8);
	return NULL;
}

TEST(many_readers)
{
	pthread_t r[READERS];
	uint64_t all[READERS * 100];
	long i, k;

	shared_timer = goro_kticker_make(dev(), 10000, 0);
	for (i = 0; i < READERS; i++)
		CHECK_EQ(pthread_create(&r[i], NULL, reads_many, (void *)i), 0);
	for (i = 0; i < READERS; i++)
		CHECK_EQ(pthread_join(r[i], NULL), 0);
	memcpy(all, got, sizeof(all));
	for (i = 0; i < READERS * 100; i++)
		for (k = 0; k < i; k++)
			CHECK(all[i] != all[k]);
	for (i = 0; i < READERS; i++)
		for (k = 1; k < 100; k++)
			CHECK(got[i][k] > got[i][k - 1]);
}

/* ---- whose it is ------------------------------------------------------ */

static void at_the_cap(void)
{
	int t[3], i;

	for (i = 0; i < 3; i++)
		CHECK((t[i] = goro_ktimer_make(dev(), GORO_FOREVER, 0)) >= 0);
	CHECK_EQ(goro_ktimer_make(dev(), GORO_NOW, 0), -EDQUOT);
	CHECK_EQ(try_chan(8, 1), -EDQUOT);
	CHECK_EQ(chans_now(), 3);
	CHECK_EQ(bytes_now(), 0);
	close(t[1]);
	CHECK_EQ(chans_now(), 2);
	CHECK(goro_ktimer_make(dev(), GORO_NOW, 0) >= 0);
}

TEST(counts_as_a_channel)
{
	reset();
	set_param("user_chans_max", 3);
	as(uid(0), at_the_cap);
	reset();
}

static void owns(void *arg)
{
	for (int i = 0; i < 100; i++)
		CHECK(goro_kticker_make(dev(), i % 2 ? 1000 : HOUR, 0) >= 0);
	CHECK_EQ(write(*(int *)arg, "x", 1), 1);
	pause();
}

TEST(gone_with_its_process)
{
	struct goro_stats before, after;
	int p[2];
	char b;
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(goro_dev_stats(dev(), &before), 0);
	pid = child(owns, &p[1]);
	CHECK_EQ(read(p[0], &b, 1), 1);
	CHECK_EQ(goro_dev_stats(dev(), &after), 0);
	CHECK(after.chan_created - before.chan_created >= 100);
	kill9(pid);
	do {
		usleep(1000);
		CHECK_EQ(goro_dev_stats(dev(), &after), 0);
	} while (after.chan_created - after.chan_destroyed >
		 before.chan_created - before.chan_destroyed);
}
