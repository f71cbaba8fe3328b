// SPDX-License-Identifier: GPL-2.0-only
/* GORO_IOC_SELECT: each error, each kind of case, fairness, and that nothing is lost or met twice. */
#include "goro_test.h"


#define SEND(c, v)	goro_kselect_send(c, v, sizeof(*(v)))
#define RECV(c, v)	goro_kselect_recv(c, v, sizeof(*(v)))
#define DROP(c)		goro_kselect_recv(c, NULL, 0)
#define SELECT(cases, deadline) \
	goro_kselect(dev(), cases, sizeof(cases) / sizeof((cases)[0]), deadline)

/* ---- one case after the other ---------------------------------------- */

TEST(one_case)
{
	int c = make(8, 1);
	uint64_t v = 7, w = 0;
	struct goro_select_case s[] = { SEND(c, &v) }, r[] = { RECV(c, &w) };

	CHECK_EQ(SELECT(r, GORO_NOW), -EAGAIN);
	CHECK_EQ(SELECT(s, GORO_FOREVER), 0);
	CHECK_EQ(s[0].result, 0);
	CHECK_CHAN(c, 1, 0, 0, false);
	CHECK_EQ(SELECT(s, GORO_NOW), -EAGAIN);
	CHECK_EQ(SELECT(r, GORO_FOREVER), 0);
	CHECK_EQ(r[0].result, 1);
	CHECK_EQ(w, 7);
	CHECK_CHAN(c, 0, 0, 0, false);
}

TEST(only_the_chosen_case_is_written)
{
	int a = make(8, 1), b = make(8, 1);
	uint64_t v = 3, out[3];
	struct goro_select_case s[] = { RECV(a, &out[0]), RECV(b, &out[1]), DROP(-1) };

	poison(out, sizeof(out));
	s[0].result = s[1].result = s[2].result = 99;
	CHECK_EQ(goro_kchan_send(b, &v), 0);
	CHECK_EQ(SELECT(s, GORO_FOREVER), 1);
	CHECK_EQ(s[1].result, 1);
	CHECK_EQ(out[1], 3);
	CHECK_EQ(s[0].result, 99);
	CHECK_EQ(s[2].result, 99);
	CHECK(poisoned(&out[0], 8) && poisoned(&out[2], 8));
}

TEST(closed)
{
	int c = make(8, 1);
	uint64_t v = 3, w;
	struct goro_select_case s[] = { SEND(c, &v) }, r[] = { RECV(c, &w) };

	poison(&w, sizeof(w));
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(SELECT(s, GORO_FOREVER), 0);
	CHECK_EQ(s[0].result, -EPIPE);
	CHECK_EQ(SELECT(r, GORO_FOREVER), 0);
	CHECK_EQ(r[0].result, 1);
	CHECK_EQ(w, 3);
	CHECK_EQ(SELECT(r, GORO_FOREVER), 0);
	CHECK_EQ(r[0].result, 0);
	CHECK_EQ(w, 0);
}

TEST(element_sizes)
{
	static const uint32_t sizes[] = { 0, 1, 7, 8, 100, 4097, 65536 };
	static unsigned char in[65536], out[65536 + 8];
	unsigned int i, k;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int c = make(sizes[i], 1);
		struct goro_select_case s[] = { goro_kselect_send(c, in, sizes[i]) };
		struct goro_select_case r[] = { goro_kselect_recv(c, out, sizes[i]) };

		for (k = 0; k < sizes[i]; k++)
			in[k] = k * 7 + i;
		poison(out, sizeof(out));
		CHECK_EQ(SELECT(s, GORO_NOW), 0);
		CHECK_EQ(SELECT(r, GORO_NOW), 0);
		CHECK_EQ(r[0].result, 1);
		CHECK(!memcmp(in, out, sizes[i]));
		CHECK(poisoned(out + sizes[i], sizeof(out) - sizes[i]));
		/* received and dropped */
		CHECK_EQ(SELECT(s, GORO_NOW), 0);
		r[0] = DROP(c);
		CHECK_EQ(SELECT(r, GORO_NOW), 0);
		CHECK_EQ(r[0].result, 1);
		CHECK_CHAN(c, 0, 0, 0, false);
		close(c);
	}
}

/* the largest there is: 64 sends of 64 KiB; the one that goes sends its own bytes */
TEST(sixty_four_large)
{
	unsigned char *in = malloc(64 * 65536), *out = malloc(65536);
	int c = make(65536, 1), full = make(65536, 0), i;
	struct goro_select_case s[64];

	for (i = 0; i < 64; i++) {
		memset(in + i * 65536, i + 1, 65536);
		s[i] = goro_kselect_send(i == 41 ? c : full, in + i * 65536, 65536);
	}
	CHECK_EQ(SELECT(s, GORO_FOREVER), 41);
	CHECK_EQ(goro_kchan_recv_until(c, out, GORO_NOW), 1);
	CHECK(is_byte(out, 42, 65536));
	CHECK_CHAN(full, 0, 0, 0, false);
}

/* ---- errors ---------------------------------------------------------- */

/* fails so, and nothing was sent, received or written */
#define BAD(any, s, n_, deadline_, err)							\
	do {										\
		struct goro_select_case was_[66];					\
											\
		memcpy(was_, s, sizeof(s));						\
		CHECK_EQ(goro_kselect(any, s, n_, deadline_), -(err));			\
		CHECK(!memcmp(was_, s, sizeof(s)));					\
		CHECK_CHAN(c, 1, 0, 0, false);						\
	} while (0)

TEST(errors)
{
	int c = make(8, 2), p[2], t = spawn_sleeper();
	uint64_t v = 1, w = 5;
	struct goro_select_case s[] = { RECV(c, &w), SEND(c, &v), DROP(-1) };
	int timer = goro_ktimer_make(dev(), GORO_FOREVER, 0), ctx = goro_kctx_make(dev(), -1, GORO_FOREVER);
	int group = goro_kgroup_make(dev(), -1, 0);

	CHECK(timer >= 0 && ctx >= 0 && group >= 0);
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	for (int i = 0; i < 2; i++) {
		struct goro_select_case good = s[i];
		int fds[] = { -2, INT32_MIN, 1000, p[0], t, dev(), group }, k;

		for (k = 0; k < 7; k++) {
			s[i].fd = fds[k];
			BAD(dev(), s, 3, GORO_FOREVER, k < 3 ? EBADF : EINVAL);
		}
		s[i].fd = good.fd;
		/* the nil case's op is looked at as well */
		for (k = 0; k < 3; k++) {
			s[k].op |= 2 << i;
			BAD(dev(), s, 3, GORO_FOREVER, EINVAL);
			s[k].op = i ? s[k].op & ~4 : s[k].op & ~2;
		}
		for (k = 1; k < 20; k++) {
			if (k == 8)
				continue;
			s[i].len = k;
			BAD(dev(), s, 3, GORO_FOREVER, EINVAL);
		}
		s[i].len = 8;
		for (k = 0; k < 2; k++) {
			s[i].buf = k ? UINT64_MAX - 8 : 0;
			BAD(dev(), s, 3, GORO_FOREVER, EFAULT);
		}
		s[i] = good;
	}
	s[1].len = 0;
	BAD(dev(), s, 3, GORO_FOREVER, EINVAL);
	s[1].len = 8;
	/* these can be received from only */
	s[1].fd = timer;
	BAD(dev(), s, 3, GORO_FOREVER, EINVAL);
	s[1] = goro_kselect_send(ctx, NULL, 0);
	BAD(dev(), s, 3, GORO_FOREVER, EINVAL);
	/* the last one counts as well as the first */
	s[1] = goro_kselect_recv(1000, &v, 8);
	BAD(dev(), s, 3, GORO_FOREVER, EBADF);
	s[1] = DROP(-1);
	CHECK_EQ(goro_kselect(t, s, 3, GORO_NOW), -ENOTTY);
	CHECK_EQ(goro_kselect(group, s, 3, GORO_NOW), -ENOTTY);
	CHECK_EQ(w, 5);
	/* nothing was wrong but what was made so */
	CHECK_EQ(goro_kselect(dev(), s, 3, GORO_NOW), 0);
	CHECK_EQ(w, 1);
}

TEST(how_many)
{
	int c = make(8, 1), i;
	uint64_t v = 1, w;
	struct goro_select_case s[65];
	struct goro_query q;

	CHECK_EQ(goro_dev_query(dev(), &q), 0);
	CHECK(q.features & GORO_FEATURE_SELECT);
	CHECK_EQ(q.select_cases_max, 64);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	for (i = 0; i < 65; i++)
		s[i] = DROP(-1);
	s[63] = RECV(c, &w);
	BAD(dev(), s, 65, GORO_NOW, EINVAL);
	BAD(dev(), s, UINT32_MAX, GORO_NOW, EINVAL);
	BAD(dev(), s, 63, GORO_NOW, EAGAIN);
	CHECK_EQ(goro_kselect(dev(), s, 64, GORO_FOREVER), 63);
	/* none at all: the array is not looked at */
	CHECK_EQ(goro_kselect(dev(), NULL, 0, GORO_NOW), -EAGAIN);
	CHECK_EQ(goro_kselect(dev(), NULL, 0, 1), -ETIMEDOUT);
	CHECK_EQ(goro_kselect(dev(), NULL, 1, GORO_NOW), -EFAULT);
}

TEST(memory_that_cannot_be_used)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *guard, *p = guarded(3, &guard);
	struct goro_select_case *s;
	uint64_t v = 4, w = 0;
	int c = make(8, 1);

	/* the array ends too soon, or cannot be written to */
	s = (struct goro_select_case *)guard - 1;
	*s = SEND(c, &v);
	CHECK_EQ(goro_kselect(dev(), s, 2, GORO_NOW), -EFAULT);
	s = (struct goro_select_case *)p;
	*s = SEND(c, &v);
	CHECK_EQ(mprotect(p, page, PROT_READ), 0);
	CHECK_EQ(goro_kselect(dev(), s, 1, GORO_NOW), -EFAULT);
	CHECK_CHAN(c, 0, 0, 0, false);
	CHECK_EQ(mprotect(p, page, PROT_READ | PROT_WRITE), 0);
	/* an element half of which is not there, and one that cannot be written to */
	*s = goro_kselect_send(c, guard - 4, 8);
	CHECK_EQ(goro_kselect(dev(), s, 1, GORO_NOW), -EFAULT);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	*s = goro_kselect_recv(c, guard - 4, 8);
	CHECK_EQ(goro_kselect(dev(), s, 1, GORO_NOW), -EFAULT);
	CHECK_EQ(mprotect(p + page, page, PROT_READ), 0);
	*s = goro_kselect_recv(c, p + page, 8);
	CHECK_EQ(goro_kselect(dev(), s, 1, GORO_NOW), -EFAULT);
	/* nothing was lost */
	CHECK_CHAN(c, 1, 0, 0, false);
	*s = RECV(c, &w);
	CHECK_EQ(goro_kselect(dev(), s, 1, GORO_NOW), 0);
	CHECK_EQ(w, 4);
}

/* it is an ioctl of every fd that can be in a case: for who has no /dev/goro */
TEST(on_any_of_its_files)
{
	int c = make(8, 1), timer = goro_ktimer_make(dev(), GORO_FOREVER, 0);
	int ctx = goro_kctx_make(dev(), -1, GORO_FOREVER), fds[] = { c, timer, ctx }, i;
	uint64_t v = 2, w;
	struct goro_select_case s[] = { RECV(c, &w) };

	for (i = 0; i < 3; i++) {
		CHECK_EQ(goro_kchan_send(c, &v), 0);
		CHECK_EQ(goro_kselect(fds[i], s, 1, GORO_FOREVER), 0);
		CHECK_EQ(goro_kselect(fds[i], s, 1, GORO_NOW), -EAGAIN);
	}
}

/* ---- waiting --------------------------------------------------------- */

/* a thread in SELECT */
struct waiter {
	struct call call;
	struct goro_select_case s[64];
	uint64_t v[64];
};

static int call_select(struct call *call)
{
	struct waiter *w = call->buf;

	return goro_kselect(call->fd, w->s, call->n, call->deadline);
}

static struct waiter *waiter(uint32_t n, uint64_t deadline)
{
	struct waiter *w = calloc(1, sizeof(*w));

	w->call = (struct call){ .fn = call_select, .fd = dev(), .buf = w, .n = n, .deadline = deadline };
	return w;
}

TEST(woken_by_a_sender)
{
	int c[4], i;

	for (i = 0; i < 4; i++)
		c[i] = make(8, 0);
	for (i = 0; i < 4; i++) {
		struct waiter *w = waiter(4, GORO_FOREVER);
		uint64_t v = 100 + i;
		int k;

		for (k = 0; k < 4; k++)
			w->s[k] = RECV(c[k], &w->v[k]);
		call_start(&w->call);
		for (k = 0; k < 4; k++)
			wait_for(c[k], 0, 1);
		CHECK_EQ(goro_kchan_send_until(c[i], &v, GORO_NOW), 0);
		CHECK_EQ(call_end(&w->call), i);
		CHECK_EQ(w->s[i].result, 1);
		CHECK_EQ(w->v[i], 100 + i);
		for (k = 0; k < 4; k++)
			CHECK_CHAN(c[k], 0, 0, 0, false);
		free(w);
	}
}

TEST(woken_by_a_receiver)
{
	int c[4], i;

	for (i = 0; i < 4; i++)
		c[i] = make(8, 0);
	for (i = 0; i < 4; i++) {
		struct waiter *w = waiter(4, GORO_FOREVER);
		uint64_t v;
		int k;

		for (k = 0; k < 4; k++) {
			w->v[k] = 200 + k;
			w->s[k] = SEND(c[k], &w->v[k]);
		}
		call_start(&w->call);
		for (k = 0; k < 4; k++)
			wait_for(c[k], 1, 0);
		CHECK_EQ(goro_kchan_recv_until(c[i], &v, GORO_NOW), 1);
		CHECK_EQ(v, 200 + i);
		CHECK_EQ(call_end(&w->call), i);
		for (k = 0; k < 4; k++)
			CHECK_CHAN(c[k], 0, 0, 0, false);
		free(w);
	}
}

TEST(woken_by_a_close)
{
	int i;

	for (i = 0; i < 4; i++) {
		struct waiter *w = waiter(4, GORO_FOREVER);
		int c[2] = { make(8, 0), make(8, 0) };

		/* channel 0 to receive, 1 to send; twice each */
		w->s[0] = RECV(c[0], &w->v[0]);
		w->s[1] = SEND(c[1], &w->v[1]);
		w->s[2] = RECV(c[0], &w->v[2]);
		w->s[3] = SEND(c[1], &w->v[3]);
		poison(w->v, sizeof(w->v));
		call_start(&w->call);
		wait_for(c[0], 0, 2);
		wait_for(c[1], 2, 0);
		CHECK_EQ(goro_kchan_close(c[i % 2]), 0);
		call_end(&w->call);
		CHECK(w->call.ret % 2 == i % 2 && w->call.ret < 4);
		CHECK_EQ(w->s[w->call.ret].result, i % 2 ? -EPIPE : 0);
		CHECK(i % 2 ? poisoned(w->v, sizeof(w->v)) : zeroed(&w->v[w->call.ret], 8));
		CHECK_CHAN(c[1 - i % 2], 0, 0, 0, false);
		close(c[0]);
		close(c[1]);
		free(w);
	}
}

/* a select does not meet itself, but does meet another one */
TEST(to_and_from_the_same_channel)
{
	int c = make(8, 0), i;
	uint64_t v = 1, w = 0;
	struct goro_select_case s[] = { SEND(c, &v), RECV(c, &w), SEND(c, &v), RECV(c, &w) };

	CHECK_EQ(SELECT(s, GORO_NOW), -EAGAIN);
	CHECK_EQ(SELECT(s, goro_in(1000000)), -ETIMEDOUT);
	CHECK_EQ(w, 0);
	CHECK_CHAN(c, 0, 0, 0, false);
	for (i = 0; i < 50; i++) {
		struct waiter *o = waiter(2, GORO_FOREVER);

		o->v[0] = 77;
		o->s[0] = SEND(c, &o->v[0]);
		o->s[1] = RECV(c, &o->v[1]);
		call_start(&o->call);
		v = i;
		w = 0;
		switch (SELECT(s, GORO_FOREVER)) {
		case 0:
		case 2:
			CHECK_EQ(call_end(&o->call), 1);
			CHECK_EQ(o->v[1], i);
			break;
		default:
			CHECK_EQ(call_end(&o->call), 0);
			CHECK_EQ(w, 77);
		}
		CHECK_CHAN(c, 0, 0, 0, false);
		free(o);
	}
}

/* 64 cases of one channel: one of them is done, once */
TEST(sixty_four_of_the_same)
{
	struct waiter *w = waiter(64, GORO_FOREVER);
	int c = make(8, 0), i, other = 0;
	uint64_t v = 9;

	for (i = 0; i < 64; i++)
		w->s[i] = RECV(c, &w->v[i]);
	poison(w->v, sizeof(w->v));
	call_start(&w->call);
	wait_for(c, 0, 64);
	CHECK_EQ(goro_kchan_send_until(c, &v, GORO_NOW), 0);
	i = call_end(&w->call);
	CHECK(i >= 0 && i < 64);
	CHECK_EQ(w->v[i], 9);
	for (i = 0; i < 64; i++)
		other += !poisoned(&w->v[i], 8);
	CHECK_EQ(other, 1);
	CHECK_EQ(goro_kchan_send_until(c, &v, GORO_NOW), -EAGAIN);
	CHECK_CHAN(c, 0, 0, 0, false);
}

static volatile int handled;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

/* an empty one waits, for its deadline or a signal */
TEST(empty)
{
	struct goro_select_case nil[] = { DROP(-1), goro_kselect_send(-1, NULL, 77) };
	struct sigaction sa = { .sa_handler = handler };
	struct waiter *w;
	int k;

	CHECK_EQ(SELECT(nil, GORO_NOW), -EAGAIN);
	CHECK_EQ(SELECT(nil, goro_in(1000000)), -ETIMEDOUT);
	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	for (k = 0; k <= 2; k += 2) {
		w = waiter(k, GORO_FOREVER);
		w->s[0] = nil[0];
		w->s[1] = nil[1];
		call_start_asleep(&w->call);
		CHECK_EQ(pthread_kill(w->call.thread, SIGUSR1), 0);
		CHECK_EQ(call_end(&w->call), -EINTR);
	}
	CHECK_EQ(handled, 2);
}

static void do_select(void *arg)
{
	struct waiter *w = arg;

	call_select(&w->call);
}

TEST(killed_while_it_waits)
{
	int c = make(8, 0), d = make(8, 2), i;
	uint64_t v = 1;

	CHECK_EQ(goro_kchan_sendn(d, (uint64_t[]){ 5, 6 }, 2, GORO_NOW), 2);
	for (i = 0; i < 5; i++) {
		struct waiter *w = waiter(4, GORO_FOREVER);
		pid_t pid;

		w->s[0] = RECV(c, &w->v[0]);
		w->s[1] = SEND(d, &w->v[1]);
		w->s[2] = RECV(c, &w->v[2]);
		w->s[3] = SEND(c, &w->v[3]);
		pid = child(do_select, w);
		wait_for(c, 1, 2);
		wait_for(d, 1, 0);
		kill9(pid);
		CHECK_CHAN(c, 0, 0, 0, false);
		CHECK_CHAN(d, 2, 0, 0, false);
		CHECK_EQ(goro_kchan_send_until(c, &v, GORO_NOW), -EAGAIN);
		free(w);
	}
	CHECK_EQ(goro_kchan_recv(d, &v), 1);
	CHECK_EQ(v, 5);
}

/* the call has the files of its cases: one whose last descriptor is closed still does its part */
TEST(descriptors_closed_meanwhile)
{
	struct waiter *w = waiter(3, GORO_FOREVER);
	int c = make(8, 0), other = make(8, 0), t, ctx = goro_kctx_make(dev(), -1, GORO_FOREVER);
	int timer = goro_ktimer_make(dev(), GORO_FOREVER, 0);
	uint64_t v = 66;

	t = spawn("echo", NULL, 0, other, c);
	CHECK(ctx >= 0 && timer >= 0 && t >= 0);
	w->s[0] = RECV(c, &w->v[0]);
	w->s[1] = DROP(ctx);
	w->s[2] = DROP(timer);
	call_start(&w->call);
	wait_for(c, 0, 1);
	CHECK_EQ(close(c), 0);
	CHECK_EQ(close(ctx), 0);
	CHECK_EQ(close(timer), 0);
	CHECK_EQ(goro_kchan_send(other, &v), 0);
	CHECK_EQ(call_end(&w->call), 0);
	CHECK_EQ(w->v[0], 66);
}

/* fork and SCM_RIGHTS: the same channels in another process */
static int pair[2];

static void answers(void *arg)
{
	int a = recv_fd(*(int *)arg), b = recv_fd(*(int *)arg);
	uint64_t v, w = 0;
	int n;

	for (n = 0; n < 100; n++) {
		struct goro_select_case s[] = { RECV(a, &v), RECV(pair[0], &w) };
		int i = goro_kselect(a, s, 2, GORO_FOREVER);

		CHECK(i == 0 || i == 1);
		if (i)
			v = w;
		v++;
		CHECK_EQ(goro_kchan_send(b, &v), 0);
	}
}

TEST(in_another_process)
{
	int sv[2], a, b, n;
	uint64_t v;
	pid_t pid;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	pair[0] = make(8, 0);
	pid = child(answers, &sv[1]);
	a = make(8, 1);
	b = make(8, 0);
	send_fd(sv[0], a);
	send_fd(sv[0], b);
	for (n = 0; n < 100; n++) {
		v = 1000 * n;
		CHECK_EQ(goro_kchan_send(n & 1 ? a : pair[0], &v), 0);
		CHECK_EQ(goro_kchan_recv(b, &v), 1);
		CHECK_EQ(v, 1000 * n + 1);
	}
	reap(pid);
}

/* O_NONBLOCK is for read(2) and write(2): a select waits by its deadline alone */
TEST(nonblocking_files)
{
	struct waiter *w = waiter(1, GORO_FOREVER);
	int c = goro_kchan_make(dev(), 8, 0, GORO_FD_NONBLOCK);
	uint64_t v = 5;

	w->s[0] = RECV(c, &w->v[0]);
	w->call.fd = c;
	call_start(&w->call);
	wait_for(c, 0, 1);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(call_end(&w->call), 0);
	CHECK_EQ(w->v[0], 5);
}

/* ---- which of them --------------------------------------------------- */

/*
 * Of 4 that are ready each is chosen 1 time in 4: of 4000, 1000 on average, with a
 * standard deviation of 27.4; 7 of them away is a probability below 1e-11 for each.
 */
TEST(fairness)
{
	int c[4], count[4] = { 0 }, i, n;
	struct goro_select_case s[4];
	uint64_t v[4];

	for (i = 0; i < 4; i++) {
		c[i] = make(8, 1);
		v[i] = i;
		s[i] = i % 2 ? RECV(c[i], &v[i]) : SEND(c[i], &v[i]);
		if (i % 2)
			CHECK_EQ(goro_kchan_send(c[i], &v[i]), 0);
	}
	for (n = 0; n < 4000; n++) {
		uint64_t x = 0;

		i = SELECT(s, GORO_NOW);
		CHECK(i >= 0 && i < 4);
		count[i]++;
		if (i % 2)
			CHECK_EQ(goro_kchan_send_until(c[i], &x, GORO_NOW), 0);
		else
			CHECK_EQ(goro_kchan_recv_until(c[i], &x, GORO_NOW), 1);
	}
	printf("# %d %d %d %d of 4000\n", count[0], count[1], count[2], count[3]);
	for (i = 0; i < 4; i++)
		CHECK(count[i] > 1000 - 192 && count[i] < 1000 + 192);
}

/* the same channel in two cases counts for two */
TEST(fairness_of_duplicates)
{
	int a = make(0, 0), b = make(0, 0), n, count = 0;
	struct goro_select_case s[] = { DROP(a), DROP(b), DROP(b), DROP(b) };

	CHECK_EQ(goro_kchan_close(a), 0);
	CHECK_EQ(goro_kchan_close(b), 0);
	for (n = 0; n < 4000; n++)
		count += SELECT(s, GORO_NOW) == 0;
	CHECK(count > 1000 - 192 && count < 1000 + 192);
}

/* ---- stress ---------------------------------------------------------- */

#define CHANS	4
#define SENDERS	3
#define RECEIVERS 3
#define EACH	1500

static int chans[CHANS];
static unsigned char seen[SENDERS * EACH];

static void *sends(void *arg)
{
	long nr = (long)arg, i, k;

	for (i = 0; i < EACH; i++) {
		uint64_t v[CHANS], w;
		struct goro_select_case s[CHANS + 1];

		for (k = 0; k < CHANS; k++) {
			v[k] = nr * EACH + i;
			s[k] = SEND(chans[k], &v[k]);
		}
		s[CHANS] = RECV(-1, &w);
		CHECK(goro_kselect(dev(), s, CHANS + i % 2, GORO_FOREVER) < CHANS);
	}
	return NULL;
}

static void *receives(void *arg)
{
	long n = 0, ended = 0, k;
	uint64_t v[CHANS];
	struct goro_select_case s[CHANS];

	(void)arg;
	for (k = 0; k < CHANS; k++)
		s[k] = RECV(chans[k], &v[k]);
	while (ended < CHANS) {
		int i = goro_kselect(dev(), s, CHANS, n % 3 ? GORO_FOREVER : goro_in(20000));

		if (i == -ETIMEDOUT) {
			n++;
			continue;
		}
		CHECK(i >= 0 && i < CHANS);
		if (!s[i].result) {
			s[i].fd = -1;
			ended++;
			continue;
		}
		CHECK_EQ(s[i].result, 1);
		CHECK(v[i] < SENDERS * EACH);
		CHECK_EQ(__sync_fetch_and_add(&seen[v[i]], 1), 0);
		n++;
	}
	return (void *)n;
}

/* threads select on the same channels, of both kinds: everything comes, once, and nobody sleeps on */
TEST(stress)
{
	pthread_t s[SENDERS], r[RECEIVERS];
	long i;

	for (i = 0; i < CHANS; i++)
		chans[i] = make(8, i);
	for (i = 0; i < RECEIVERS; i++)
		CHECK_EQ(pthread_create(&r[i], NULL, receives, NULL), 0);
	for (i = 0; i < SENDERS; i++)
		CHECK_EQ(pthread_create(&s[i], NULL, sends, (void *)i), 0);
	for (i = 0; i < SENDERS; i++)
		CHECK_EQ(pthread_join(s[i], NULL), 0);
	for (i = 0; i < CHANS; i++)
		CHECK_EQ(goro_kchan_close(chans[i]), 0);
	for (i = 0; i < RECEIVERS; i++)
		CHECK_EQ(pthread_join(r[i], NULL), 0);
	for (i = 0; i < SENDERS * EACH; i++)
		CHECK_EQ(seen[i], 1);
	for (i = 0; i < CHANS; i++)
		CHECK_CHAN(chans[i], 0, 0, 0, true);
}
