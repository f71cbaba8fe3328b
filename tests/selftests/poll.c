// SPDX-License-Identifier: GPL-2.0-only
/* poll(2) and epoll(7) on channels and tasks. */
#include "goro_test.h"
#include <sys/epoll.h>

#define ALL (POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLPRI | POLLRDHUP)
#define IN (POLLIN | POLLRDNORM)
#define OUT (POLLOUT | POLLWRNORM)

static int now(int fd)
{
	struct pollfd p = { .fd = fd, .events = ALL, .revents = 0x5a5a };
	int n = poll(&p, 1, 0);

	CHECK_EQ(n, !!p.revents);
	return p.revents;
}

/* a thread that polls for one kind of event, without a time limit */
static int call_poll(struct call *call)
{
	struct pollfd p = { .fd = call->fd, .events = call->flags };

	CHECK_EQ(poll(&p, 1, -1), 1);
	return p.revents;
}

TEST(states_buffered)
{
	int c = make(8, 2);
	uint64_t v = 1;

	CHECK_EQ(now(c), OUT);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(now(c), IN | OUT);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(now(c), IN);
	CHECK_EQ(goro_kchan_recv(c, &v), 1);
	CHECK_EQ(now(c), IN | OUT);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(now(c) & ~POLLRDHUP, IN | OUT | POLLHUP);
	CHECK_EQ(goro_kchan_recv(c, &v), 1);
	CHECK_EQ(now(c) & ~POLLRDHUP, IN | OUT | POLLHUP);
}

TEST(states_unbuffered)
{
	int c = make(8, 0);
	uint64_t in = 1, out;
	struct call s = CALL(call_send, c, &in, 1), r = CALL(call_recv, c, &out, 1);

	CHECK_EQ(now(c), 0);
	call_start(&s);
	wait_for(c, 1, 0);
	CHECK_EQ(now(c), IN);
	CHECK_EQ(goro_kchan_recv_until(c, &out, GORO_NOW), 1);
	CHECK_EQ(call_end(&s), 1);
	CHECK_EQ(now(c), 0);
	call_start(&r);
	wait_for(c, 0, 1);
	CHECK_EQ(now(c), OUT);
	CHECK_EQ(goro_kchan_send_until(c, &in, GORO_NOW), 0);
	CHECK_EQ(call_end(&r), 1);
	CHECK_EQ(now(c), 0);
}

static void wakes(int cap, short events, int want, int (*act)(int c))
{
	int c = make(8, cap);
	uint64_t v = 1;
	struct call p = { .fn = call_poll, .fd = c, .flags = events };

	if (events & POLLOUT)
		CHECK_EQ(goro_kchan_send(c, &v), 0);
	call_start_asleep(&p);
	CHECK(act(c) >= 0);
	CHECK_EQ(call_end(&p) & ~POLLRDHUP, want);
}

static int act_send(int c)
{
	uint64_t v = 2;

	return goro_kchan_send(c, &v);
}

static int act_recv(int c)
{
	uint64_t v;

	return goro_kchan_recv(c, &v);
}

TEST(wakes_at_send)
{
	wakes(1, POLLIN, POLLIN, act_send);
}

TEST(wakes_at_receive)
{
	wakes(1, POLLOUT, POLLOUT, act_recv);
}

TEST(wakes_at_close)
{
	wakes(1, POLLIN, POLLIN | POLLHUP, goro_kchan_close);
	wakes(1, 0, POLLHUP, goro_kchan_close);
}

TEST(wakes_at_waiting_sender)
{
	int c = make(8, 0);
	uint64_t v = 1;
	struct call p = { .fn = call_poll, .fd = c, .flags = POLLIN };
	struct call s = CALL(call_send, c, &v, 1);

	call_start_asleep(&p);
	call_start(&s);
	CHECK_EQ(call_end(&p), POLLIN);
	CHECK_EQ(goro_kchan_recv(c, &v), 1);
	CHECK_EQ(call_end(&s), 1);
}

TEST(wakes_at_waiting_receiver)
{
	int c = make(8, 0);
	uint64_t v = 1, out;
	struct call p = { .fn = call_poll, .fd = c, .flags = POLLOUT };
	struct call r = CALL(call_recv, c, &out, 1);

	call_start_asleep(&p);
	call_start(&r);
	CHECK_EQ(call_end(&p), POLLOUT);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(call_end(&r), 1);
}

TEST(task)
{
	int c = make(8, 1), d = make(8, 1), t = spawn("sum", NULL, 0, c, d);
	struct call p = { .fn = call_poll, .fd = t, .flags = POLLIN };
	struct goro_task_result r;

	CHECK_EQ(now(t), 0);
	call_start_asleep(&p);
	CHECK_EQ(now(t), 0);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(call_end(&p), POLLIN);
	CHECK_EQ(now(t), IN);
	CHECK_EQ(read(t, &r, sizeof(r)), sizeof(r));
	CHECK_EQ(now(t), IN);
}

/* ---- epoll ----------------------------------------------------------- */

static int epoll_of(int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };
	int ep = epoll_create1(0);

	CHECK(ep >= 0);
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	return ep;
}

static uint32_t ep_now(int ep)
{
	struct epoll_event ev;
	int n = epoll_wait(ep, &ev, 1, 0);

	CHECK(n >= 0);
	return n ? ev.events : 0;
}

TEST(level_triggered)
{
	int c = make(8, 2), ep = epoll_of(c, EPOLLIN);
	uint64_t v = 1;

	CHECK_EQ(ep_now(ep), 0);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(ep_now(ep), EPOLLIN);
	CHECK_EQ(ep_now(ep), EPOLLIN);
	CHECK_EQ(goro_kchan_recv(c, &v), 1);
	CHECK_EQ(ep_now(ep), 0);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(ep_now(ep), EPOLLIN | EPOLLHUP);
}

TEST(edge_triggered)
{
	int c = make(8, 4), ep = epoll_of(c, EPOLLIN | EPOLLET);
	uint64_t v = 1;

	CHECK_EQ(ep_now(ep), 0);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(ep_now(ep), EPOLLIN);
	CHECK_EQ(ep_now(ep), 0);
	/* each send is an edge, whether or not the one before was taken */
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(ep_now(ep), EPOLLIN);
	CHECK_EQ(goro_kchan_recv(c, &v), 1);
	CHECK_EQ(goro_kchan_recv(c, &v), 1);
	CHECK_EQ(ep_now(ep), 0);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(ep_now(ep), EPOLLIN);
}

TEST(edge_triggered_out)
{
	int c = make(8, 1), ep = epoll_of(c, EPOLLOUT | EPOLLET);
	uint64_t v = 1;

	CHECK_EQ(ep_now(ep), EPOLLOUT);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(ep_now(ep), 0);
	CHECK_EQ(goro_kchan_recv(c, &v), 1);
	CHECK_EQ(ep_now(ep), EPOLLOUT);
	CHECK_EQ(ep_now(ep), 0);
}

TEST(many_channels)
{
	enum { N = 100 };
	int c[N], ep = epoll_create1(0), i, seen = 0;
	struct epoll_event ev;
	uint64_t v;

	for (i = 0; i < N; i++) {
		c[i] = make(8, 1);
		ev = (struct epoll_event){ .events = EPOLLIN, .data.u32 = i };
		CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, c[i], &ev), 0);
	}
	for (i = 0; i < N; i += 3) {
		v = i;
		CHECK_EQ(goro_kchan_send(c[i], &v), 0);
		seen++;
	}
	while (epoll_wait(ep, &ev, 1, 0) == 1) {
		CHECK_EQ(goro_kchan_recv_until(c[ev.data.u32], &v, GORO_NOW), 1);
		CHECK_EQ(v, ev.data.u32);
		seen--;
	}
	CHECK_EQ(seen, 0);
	/* the last descriptor goes while epoll watches it */
	for (i = 0; i < N; i++)
		close(c[i]);
	CHECK_EQ(epoll_wait(ep, &ev, 1, 0), 0);
}

TEST(poll_and_tasks_meet)
{
	int c = make(8, 1), d = make(8, 1), t = spawn("echo", NULL, 0, c, d);
	struct pollfd p = { .fd = d, .events = POLLIN };
	uint64_t i, v;
	int result;

	for (i = 0; i < 500; i++) {
		CHECK_EQ(goro_kchan_send(c, &i), 0);
		CHECK_EQ(poll(&p, 1, -1), 1);
		CHECK_EQ(goro_kchan_recv_until(d, &v, GORO_NOW), 1);
		CHECK_EQ(v, i);
	}
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, 500);
}
