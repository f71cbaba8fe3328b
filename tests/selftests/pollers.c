// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many who wait for readiness at once: whom Linux promises to wake is woken, and where it promises one only
 * one is; what ends for good (a close, a task's end) wakes all; and no edge is lost while producers and
 * consumers race.
 *
 *	waiter				an element comes	closed, or the task ends
 *	poll, ppoll, select, pselect	all			all
 *	epoll, each its own		all			all
 *	  EPOLLEXCLUSIVE		one			all
 *	one epoll for all, EPOLLET	one			one
 *	  EPOLLONESHOT			one, until armed anew	one, until armed anew
 *	  level triggered		at least one		all
 */
#include "goro_test.h"
#include <sys/epoll.h>
#include <sys/select.h>

#define N 8

/* ---- ways to wait ---------------------------------------------------- */

static int woken;		/* how many have come back */
static int n_waiting;		/* how many have been started */

static int by_poll(struct call *call)
{
	struct pollfd p = { .fd = call->fd, .events = call->flags };

	CHECK_EQ(poll(&p, 1, -1), 1);
	return p.revents;
}

static int by_ppoll(struct call *call)
{
	struct pollfd p = { .fd = call->fd, .events = call->flags };

	CHECK_EQ(ppoll(&p, 1, NULL, NULL), 1);
	return p.revents;
}

static int by_select(struct call *call)
{
	fd_set in, out;
	int n;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(call->fd, call->flags & POLLIN ? &in : &out);
	n = call->n ? pselect(call->fd + 1, &in, &out, NULL, NULL, NULL) :
		      select(call->fd + 1, &in, &out, NULL, NULL);
	CHECK_EQ(n, 1);
	return (FD_ISSET(call->fd, &in) ? POLLIN : 0) | (FD_ISSET(call->fd, &out) ? POLLOUT : 0);
}

static int epoll_with(int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	CHECK(ep >= 0);
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	return ep;
}

/* n: the flags of an epoll of its own; or fd is an epoll already */
static int by_epoll(struct call *call)
{
	int ep = call->buf ? call->fd : epoll_with(call->fd, call->flags | call->n);
	struct epoll_event ev;

	CHECK_EQ(epoll_wait(ep, &ev, 1, -1), 1);
	if (!call->buf)
		close(ep);
	return ev.events;
}

static int (*way)(struct call *call);

static int counted(struct call *call)
{
	int ret = way(call);

	__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	return ret;
}

static int awake(void)
{
	return __atomic_load_n(&woken, __ATOMIC_SEQ_CST);
}

static void wait_awake(int n)
{
	while (awake() < n)
		usleep(500);
}

/* N threads wait that way on fd */
static struct call calls[N];

static void all_wait(int (*w)(struct call *), int fd, int events, unsigned int n, void *buf)
{
	way = w;
	woken = 0;
	n_waiting = N;
	for (int i = 0; i < N; i++) {
		calls[i] = (struct call){ .fn = counted, .fd = fd, .flags = events, .n = n, .buf = buf };
		call_start_asleep(&calls[i]);
	}
	CHECK_EQ(awake(), 0);
}

static void all_end(int events)
{
	for (int i = 0; i < N; i++)
		CHECK_EQ(call_end(&calls[i]) & ~POLLRDHUP, events);
	CHECK_EQ(awake(), N);
}

/* ---- all of them ----------------------------------------------------- */

static const struct {
	const char *name;
	int (*fn)(struct call *call);
	unsigned int n;
	bool hup;		/* says POLLHUP, too */
} ways[] = {
	{ "poll", by_poll, 0, true },
	{ "ppoll", by_ppoll, 0, true },
	{ "select", by_select, 0, false },
	{ "pselect", by_select, 1, false },
	{ "epoll", by_epoll, 0, true },
	{ "epoll, EPOLLET", by_epoll, EPOLLET, true },
	{ "epoll, EPOLLONESHOT", by_epoll, EPOLLONESHOT, true },
	{ "epoll, EPOLLEXCLUSIVE", by_epoll, EPOLLEXCLUSIVE, true },
	{ "epoll, EPOLLEXCLUSIVE and EPOLLET", by_epoll, EPOLLEXCLUSIVE | EPOLLET, true },
};

#define N_WAYS	(sizeof(ways) / sizeof(ways[0]))

TEST(one_element_wakes_all)
{
	uint64_t v = 1;
	int c;

	for (unsigned int w = 0; w < N_WAYS && !(ways[w].n & EPOLLEXCLUSIVE); w++) {
		c = make(8, 1);
		all_wait(ways[w].fn, c, POLLIN, ways[w].n, NULL);
		CHECK_EQ(goro_kchan_send(c, &v), 0);
		all_end(POLLIN);
		all_wait(ways[w].fn, c, POLLOUT, ways[w].n, NULL);
		CHECK_EQ(goro_kchan_recv(c, &v), 1);
		all_end(POLLOUT);
		close(c);
	}
}

TEST(close_wakes_all)
{
	uint64_t v = 1;
	int c, out;

	for (unsigned int w = 0; w < N_WAYS; w++)
		for (out = 0; out < 2; out++) {
			c = make(8, 1);
			if (out)
				CHECK_EQ(goro_kchan_send(c, &v), 0);
			all_wait(ways[w].fn, c, out ? POLLOUT : POLLIN, ways[w].n, NULL);
			CHECK_EQ(goro_kchan_close(c), 0);
			all_end((out ? POLLOUT : POLLIN) | (ways[w].hup ? POLLHUP : 0));
			close(c);
		}
}

TEST(end_of_a_task_wakes_all)
{
	for (unsigned int w = 0; w < N_WAYS; w++) {
		int t = spawn_sleeper();

		all_wait(ways[w].fn, t, POLLIN, ways[w].n, NULL);
		CHECK_EQ(goro_ktask_cancel(t), 0);
		all_end(POLLIN);
		close(t);
	}
}

/* every kind of wait on one channel, or task, at once */
static int waits_for_task(struct call *call)
{
	int result;

	CHECK_EQ(goro_ktask_wait(call->fd, &result, GORO_FOREVER), 0);
	return result == -ECANCELED ? 0 : -1;
}

static int reads_result(struct call *call)
{
	struct goro_task_result r;

	CHECK_EQ(read(call->fd, &r, sizeof(r)), sizeof(r));
	return r.result == -ECANCELED ? 0 : -1;
}

enum { KINDS = 3 };

static const struct {
	int (*fn)(struct call *call);
	int want;
} kinds[3][KINDS] = {
	{ { call_recv, 0 }, { call_read, 0 }, { call_recv, 0 } },	/* of an empty channel */
	{ { call_send, -EPIPE }, { call_write, -EPIPE }, { call_send, -EPIPE } },	/* to a full one */
	{ { waits_for_task, 0 }, { reads_result, 0 }, { waits_for_task, 0 } },
};

TEST(all_kinds_at_once)
{
	static struct call other[3][N];
	int c[2] = { make(8, 1), make(8, 1) }, t = spawn_sleeper(), i, k, side;
	struct call poller[3 * N_WAYS];
	uint64_t v[3 * N * 2] = { 0 };

	CHECK_EQ(goro_kchan_send(c[1], v), 0);
	for (side = 0; side < 3; side++) {
		int fd = side < 2 ? c[side] : t;

		for (i = 0; i < N; i++) {
			k = i % KINDS;
			other[side][i] = (struct call)CALL(kinds[side][k].fn, fd, &v[side * N + i],
							   side < 2 && k == 1 ? 8 : 1);
			if (side == 0 && k == 2)
				other[side][i].flags = GORO_RECV_ALL;
			call_start_asleep(&other[side][i]);
		}
		for (i = 0; i < (int)N_WAYS; i++) {
			poller[side * N_WAYS + i] = (struct call){
				.fn = ways[i].fn, .fd = fd, .n = ways[i].n,
				.flags = side == 1 ? POLLOUT : POLLIN };
			call_start_asleep(&poller[side * N_WAYS + i]);
		}
	}
	wait_for(c[0], 0, N);
	wait_for(c[1], N, 0);
	CHECK_EQ(goro_kchan_close(c[0]), 0);
	CHECK_EQ(goro_kchan_close(c[1]), 0);
	CHECK_EQ(goro_ktask_cancel(t), 0);
	for (side = 0; side < 3; side++) {
		for (i = 0; i < N; i++)
			CHECK_EQ(call_end(&other[side][i]), kinds[side][i % KINDS].want);
		for (i = 0; i < (int)N_WAYS; i++)
			CHECK(call_end(&poller[side * N_WAYS + i]) & (side == 1 ? POLLOUT : POLLIN));
	}
	CHECK_CHAN(c[0], 0, 0, 0, true);
	CHECK_CHAN(c[1], 1, 0, 0, true);
}

/* ---- one of them ----------------------------------------------------- */

/*
 * Each act wakes one: N acts are needed for N waiters. That an act woke one too many shows at the latest
 * when there are no more waiters before the last act.
 */
static void one_by_one(int c, short events)
{
	uint64_t v = 1;

	for (int i = 1; i <= N; i++) {
		CHECK_EQ(awake(), i - 1);
		if (events == POLLIN)
			CHECK_EQ(goro_kchan_send(c, &v), 0);
		else
			CHECK_EQ(goro_kchan_recv(c, &v), 1);
		wait_awake(i);
	}
	all_end(events);
}

static void fill_up(int c)
{
	uint64_t v = 1;

	while (goro_kchan_send_until(c, &v, GORO_NOW) == 0)
		;
}

TEST(exclusive)
{
	int c = make(8, N);

	all_wait(by_epoll, c, POLLIN, EPOLLEXCLUSIVE, NULL);
	one_by_one(c, POLLIN);
	CHECK_CHAN(c, N, 0, 0, false);
	all_wait(by_epoll, c, POLLOUT, EPOLLEXCLUSIVE, NULL);
	one_by_one(c, POLLOUT);
	CHECK_CHAN(c, 0, 0, 0, false);
}

TEST(shared_edge_triggered)
{
	int c = make(8, N), ep = epoll_with(c, EPOLLIN | EPOLLET);

	all_wait(by_epoll, ep, POLLIN, 0, &c);
	one_by_one(c, POLLIN);
	close(ep);
	fill_up(c);
	ep = epoll_with(c, EPOLLOUT | EPOLLET);
	all_wait(by_epoll, ep, POLLOUT, 0, &c);
	one_by_one(c, POLLOUT);
}

/* those that wait for the other event are passed over, and not counted */
TEST(exclusive_of_both_kinds)
{
	static struct call in[N], out[N];
	int c = make(8, 0), i;
	uint64_t v = 1, w;
	struct call s = CALL(call_send, c, &v, 1), r = CALL(call_recv, c, &w, 1);

	way = by_epoll;
	woken = 0;
	for (i = 0; i < N; i++) {
		in[i] = out[i] = (struct call){ .fn = counted, .fd = c, .n = EPOLLEXCLUSIVE };
		in[i].flags = EPOLLIN;
		out[i].flags = EPOLLOUT;
		call_start_asleep(&out[i]);
		call_start_asleep(&in[i]);
	}
	for (i = 1; i <= N; i++) {
		CHECK_EQ(awake(), 2 * i - 2);
		call_start(&s);
		wait_awake(2 * i - 1);
		CHECK_EQ(goro_kchan_recv(c, &w), 1);
		CHECK_EQ(call_end(&s), 1);
		call_start(&r);
		wait_awake(2 * i);
		CHECK_EQ(goro_kchan_send(c, &v), 0);
		CHECK_EQ(call_end(&r), 1);
	}
	for (i = 0; i < N; i++) {
		CHECK_EQ(call_end(&in[i]), EPOLLIN);
		CHECK_EQ(call_end(&out[i]), EPOLLOUT);
	}
}

TEST(shared_level_triggered)
{
	int c = make(8, N), ep = epoll_with(c, EPOLLIN);
	uint64_t v = 1;

	all_wait(by_epoll, ep, POLLIN, 0, &c);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	/* it stays ready: the one that is woken wakes the next */
	all_end(POLLIN);
}

TEST(one_shot)
{
	int c = make(8, N), ep = epoll_with(c, EPOLLIN | EPOLLONESHOT), i;
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT, .data.fd = c }, got;
	uint64_t v = 1;

	all_wait(by_epoll, ep, POLLIN, 0, &c);
	for (i = 1; i <= N; i++) {
		CHECK_EQ(awake(), i - 1);
		CHECK_EQ(goro_kchan_send(c, &v), 0);
		wait_awake(i);
		/* not armed: nothing, whatever comes */
		CHECK_EQ(goro_kchan_recv(c, &v), 1);
		CHECK_EQ(goro_kchan_send(c, &v), 0);
		CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
		CHECK_EQ(goro_kchan_recv(c, &v), 1);
		CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, c, &ev), 0);
	}
	all_end(POLLIN);
	/* armed while it is ready: at once */
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(epoll_wait(ep, &got, 1, -1), 1);
	CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, c, &ev), 0);
	CHECK_EQ(epoll_wait(ep, &got, 1, 0), 1);
}

/* ---- races ----------------------------------------------------------- */

#define SIDES	3		/* so many producers, and consumers */

static struct race {
	uint32_t events;	/* EPOLLET and the like */
	bool shared;		/* one epoll a side, for all of it */
	bool exclusive;
	uint64_t each;		/* elements a producer */
	int fd;
	int ep_in, ep_out;
} race;

static uint64_t sum, count, waited;

static int side_epoll(uint32_t event)
{
	return epoll_with(race.fd, event | race.events);
}

static void side_wait(int ep, uint32_t event)
{
	struct epoll_event ev;

	CHECK_EQ(epoll_wait(ep, &ev, 1, -1), 1);
	CHECK(ev.events & event);
	__atomic_fetch_add(&waited, 1, __ATOMIC_RELAXED);
}

static void side_armed(int ep, uint32_t event)
{
	struct epoll_event ev = { .events = event | race.events };

	if (race.events & EPOLLONESHOT)
		CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, race.fd, &ev), 0);
}

/* writes until the channel is full, then waits for an edge: if one is lost it waits for ever */
static int produces(struct call *call)
{
	int ep = race.shared ? race.ep_out : side_epoll(EPOLLOUT);
	uint64_t v = call->n * race.each, end = v + race.each, batch[3];
	ssize_t ret;

	while (v < end) {
		int n = end - v < 3 ? end - v : 1 + v % 3;

		for (int i = 0; i < n; i++)
			batch[i] = v + i;
		ret = write(race.fd, batch, n * 8);
		if (ret > 0) {
			v += ret / 8;
			continue;
		}
		CHECK(ret == -1 && errno == EAGAIN);
		side_wait(ep, EPOLLOUT);
		side_armed(ep, EPOLLOUT);
	}

	/* one that shares its epoll may have taken an edge that another could use: passed on */
	if (race.shared && !(race.events & EPOLLONESHOT)) {
		struct epoll_event ev = { .events = EPOLLOUT | race.events };

		CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, race.fd, &ev), 0);
	}
	return 0;
}

static int consumes(struct call *call)
{
	int ep = race.shared ? race.ep_in : side_epoll(EPOLLIN);
	uint64_t v[4], s = 0, n = 0;
	ssize_t ret;

	for (;;) {
		ret = read(race.fd, v, 8 * (1 + call->n));
		if (!ret)
			break;
		if (ret < 0) {
			CHECK_EQ(errno, EAGAIN);
			side_wait(ep, EPOLLIN);
			side_armed(ep, EPOLLIN);
			continue;
		}
		for (int i = 0; i < ret / 8; i++)
			s += v[i];
		n += ret / 8;
	}
	if (race.shared && !(race.events & EPOLLONESHOT)) {
		struct epoll_event ev = { .events = EPOLLIN | race.events };

		CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, race.fd, &ev), 0);
	}
	__atomic_fetch_add(&sum, s, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&count, n, __ATOMIC_SEQ_CST);
	return 0;
}

static void run_race(uint32_t events, bool shared, int cap)
{
	struct call p[SIDES], c[SIDES];
	uint64_t total;
	int i;

	race = (struct race){ .events = events, .shared = shared, .each = 400 };
	race.fd = goro_kchan_make(dev(), 8, cap, GORO_FD_NONBLOCK);
	CHECK(race.fd >= 0);
	if (shared) {
		race.ep_in = side_epoll(EPOLLIN);
		race.ep_out = side_epoll(EPOLLOUT);
	}
	sum = count = 0;
	for (i = 0; i < SIDES; i++) {
		p[i] = (struct call){ .fn = produces, .n = i };
		c[i] = (struct call){ .fn = consumes, .n = i };
		call_start(&c[i]);
		call_start(&p[i]);
	}
	for (i = 0; i < SIDES; i++)
		call_end(&p[i]);
	CHECK_EQ(goro_kchan_close(race.fd), 0);
	for (i = 0; i < SIDES; i++)
		call_end(&c[i]);
	total = SIDES * race.each;
	CHECK_EQ(count, total);
	CHECK_EQ(sum, total * (total - 1) / 2);
	CHECK_CHAN(race.fd, 0, 0, 0, true);
	close(race.fd);
	if (shared) {
		close(race.ep_in);
		close(race.ep_out);
	}
}

static void races(uint32_t events, bool shared)
{
	static const int caps[] = { 1, 2, 7 };

	waited = 0;
	for (unsigned int i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		run_race(events, shared, caps[i]);
	printf("# %llu waits\n", (unsigned long long)waited);
	CHECK(waited > 0);
}

TEST(no_event_lost_level_triggered)
{
	races(0, false);
}

TEST(no_edge_lost)
{
	races(EPOLLET, false);
}

TEST(no_edge_lost_exclusive)
{
	races(EPOLLET | EPOLLEXCLUSIVE, false);
}

TEST(no_edge_lost_one_epoll)
{
	races(EPOLLET, true);
}

TEST(no_event_lost_one_shot)
{
	races(EPOLLONESHOT, true);
}

/* an unbuffered channel: who polls meets who waits in a call, in both directions */
static int sends_each(struct call *call)
{
	for (uint64_t v = call->n * race.each; v < (call->n + 1) * race.each; v++)
		CHECK_EQ(goro_kchan_send(race.fd, &v), 0);
	return 0;
}

static int receives_each(struct call *call)
{
	uint64_t v, s = 0, n = 0;

	(void)call;
	while (goro_kchan_recv(race.fd, &v) == 1) {
		s += v;
		n++;
	}
	__atomic_fetch_add(&sum, s, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&count, n, __ATOMIC_SEQ_CST);
	return 0;
}

TEST(no_edge_lost_unbuffered)
{
	int (*const fns[2][2])(struct call *) = { { produces, receives_each }, { sends_each, consumes } };
	struct call p[SIDES], c[SIDES];
	int way_, i;

	for (way_ = 0; way_ < 2; way_++) {
		waited = sum = count = 0;
		race = (struct race){ .events = EPOLLET, .each = 400 };
		race.fd = goro_kchan_make(dev(), 8, 0, GORO_FD_NONBLOCK);
		CHECK(race.fd >= 0);
		for (i = 0; i < SIDES; i++) {
			p[i] = (struct call){ .fn = fns[way_][0], .n = i };
			c[i] = (struct call){ .fn = fns[way_][1], .n = i };
			call_start(&p[i]);
			call_start(&c[i]);
		}
		for (i = 0; i < SIDES; i++)
			call_end(&p[i]);
		CHECK_EQ(goro_kchan_close(race.fd), 0);
		for (i = 0; i < SIDES; i++)
			call_end(&c[i]);
		CHECK_EQ(count, SIDES * race.each);
		CHECK_EQ(sum, SIDES * race.each * (SIDES * race.each - 1) / 2);
		CHECK(waited > 0);
		close(race.fd);
	}
}

/* ---- signals, masks -------------------------------------------------- */

static volatile int handled;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

static int masked(struct call *call)
{
	struct pollfd p = { .fd = call->fd, .events = POLLIN };
	struct epoll_event ev;
	sigset_t none;
	fd_set in;
	int ret = 0;

	sigemptyset(&none);
	FD_ZERO(&in);
	FD_SET(call->fd, &in);
	switch (call->n) {
	case 0:
		ret = ppoll(&p, 1, NULL, &none);
		break;
	case 1:
		ret = pselect(call->fd + 1, &in, NULL, NULL, NULL, &none);
		break;
	case 2:
		ret = epoll_pwait(epoll_with(call->fd, EPOLLIN), &ev, 1, -1, &none);
		break;
	}
	return ret < 0 ? -errno : ret;
}

/* a signal that only the call lets through ends it, whatever SA_RESTART says; nobody is left in the queue */
TEST(masked_signal)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	sigset_t set;
	int c = make(8, 1);
	uint64_t v = 1;

	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_EQ(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
	for (int i = 0; i < 3; i++) {
		struct call call = { .fn = masked, .fd = c, .n = i };

		handled = 0;
		call_start_asleep(&call);
		CHECK_EQ(pthread_kill(call.thread, SIGUSR1), 0);
		CHECK_EQ(call_end(&call), -EINTR);
		CHECK_EQ(handled, 1);
		CHECK_EQ(goro_kchan_send(c, &v), 0);
		CHECK_EQ(goro_kchan_recv(c, &v), 1);
	}
}

/*
 * The last descriptor of what others poll is closed. poll(2) has the file until it returns, but looks the
 * descriptor up again when something happens: POLLNVAL. epoll lets the file go with its last descriptor.
 */
TEST(closed_while_polled)
{
	struct goro_stats before, after;
	int c = make(8, 1), ep, d = dup(c), other = make(8, 0);
	int t = spawn("echo", NULL, 0, other, c);
	struct call p = { .fn = by_poll, .fd = d, .flags = POLLIN };
	struct epoll_event ev;
	uint64_t v = 1;

	CHECK_EQ(goro_dev_stats(dev(), &before), 0);
	ep = epoll_with(c, EPOLLIN);
	close(c);
	CHECK_EQ(goro_kchan_send(d, &v), 0);
	/* a dup is the same file: epoll still has it */
	CHECK_EQ(epoll_wait(ep, &ev, 1, 0), 1);
	CHECK_EQ(goro_kchan_recv(d, &v), 1);

	call_start_asleep(&p);
	close(d);
	/* the task has the channel: its element wakes who polls what is no descriptor any more */
	CHECK_EQ(goro_kchan_send(other, &v), 0);
	CHECK_EQ(call_end(&p), POLLNVAL);
	CHECK_EQ(epoll_wait(ep, &ev, 1, 0), 0);
	close(t);
	close(other);
	do {
		CHECK_EQ(goro_dev_stats(dev(), &after), 0);
	} while (after.chan_destroyed - before.chan_destroyed < 2);
}
