// SPDX-License-Identifier: GPL-2.0-only
/* Signals in every wait: EINTR without SA_RESTART, going on with it, and partial results. */
#include "goro_test.h"

static volatile int handled;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

static void handle(int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	handled = 0;
	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
}

/* a signal into that thread's sleep, and the handler has run */
static void interrupt(struct call *call)
{
	int before = handled;

	CHECK_EQ(pthread_kill(call->thread, SIGUSR1), 0);
	while (handled == before)
		usleep(1000);
}

/* every kind of wait; c is full for those that send, else empty */
static struct waits {
	const char *name;
	int (*fn)(struct call *call);
	bool sends;
	bool task;
} waits[] = {
	{ "send", call_send, true, false },
	{ "recv", call_recv, false, false },
	{ "write", call_write, true, false },
	{ "read", call_read, false, false },
	{ "task wait", call_wait, false, true },
	{ "task read", call_read, false, true },
};

#define N_WAITS (sizeof(waits) / sizeof(waits[0]))

static void begin(struct waits *w, struct call *call, int *c, uint64_t *v)
{
	*c = make(8, 1);
	*v = 77;
	if (w->sends)
		CHECK_EQ(goro_kchan_send(*c, v), 0);
	*call = (struct call)CALL(w->fn, w->task ? spawn_sleeper() : *c, v, 1);
	if (w->fn == call_read || w->fn == call_write)
		call->n = 8;
	if (!w->sends)
		poison(v, 8);
	call_start_asleep(call);
	if (!w->task)
		wait_for(*c, w->sends, !w->sends);
}

TEST(interrupted)
{
	struct call call;
	uint64_t v;
	int c;

	handle(0);
	for (struct waits *w = waits; w < waits + N_WAITS; w++) {
		begin(w, &call, &c, &v);
		interrupt(&call);
		if (call_end(&call) != -EINTR)
			FAIL("%s: %d", w->name, call.ret);
		CHECK_CHAN(c, w->sends, 0, 0, false);
		CHECK(w->sends || poisoned(&v, 8));
	}
}

TEST(restarted)
{
	struct call call;
	uint64_t v, other = 88;
	int c, i, want;

	handle(SA_RESTART);
	for (struct waits *w = waits; w < waits + N_WAITS; w++) {
		begin(w, &call, &c, &v);
		for (i = 0; i < 3; i++)
			interrupt(&call);
		if (w->task) {
			CHECK_EQ(goro_ktask_cancel(call.fd), 0);
			want = w->fn == call_read ? 8 : -ECANCELED;
		} else if (w->sends) {
			wait_for(c, 1, 0);
			CHECK_EQ(goro_kchan_recv(c, &other), 1);
			want = w->fn == call_write ? 8 : 1;
		} else {
			wait_for(c, 0, 1);
			CHECK_EQ(goro_kchan_send(c, &other), 0);
			want = w->fn == call_read ? 8 : 1;
		}
		if (call_end(&call) != want)
			FAIL("%s: %d", w->name, call.ret);
		CHECK_CHAN(c, w->sends, 0, 0, false);
	}
	CHECK_EQ(handled, 3 * N_WAITS);
}

/* the deadline is absolute: a call that is restarted does not start it anew */
TEST(restart_keeps_the_deadline)
{
	int c = make(8, 0), t = spawn_sleeper();
	uint64_t v, until = goro_in(200000000);
	struct call r = CALL(call_recv, c, &v, 1), w = CALL(call_wait, t, NULL, 0);

	handle(SA_RESTART);
	r.deadline = w.deadline = until;
	call_start(&r);
	call_start(&w);
	while (goro_now() < until) {
		pthread_kill(r.thread, SIGUSR1);
		pthread_kill(w.thread, SIGUSR1);
		usleep(5000);
	}
	CHECK_EQ(call_end(&r), -ETIMEDOUT);
	CHECK_EQ(call_end(&w), -ETIMEDOUT);
	CHECK_CHAN(c, 0, 0, 0, false);
}

TEST(partial)
{
	int c = make(8, 2), d = make(8, 2);
	uint64_t in[5] = { 1, 2, 3, 4, 5 }, out[5];
	struct call s = CALL(call_send, c, in, 5), r = CALL(call_recv, d, out, 5);

	handle(SA_RESTART);
	call_start(&s);
	wait_for(c, 1, 0);
	interrupt(&s);
	CHECK_EQ(call_end(&s), 2);
	CHECK_CHAN(c, 2, 0, 0, false);

	r.flags = GORO_RECV_ALL;
	poison(out, sizeof(out));
	CHECK_EQ(goro_kchan_sendn(d, in, 2, GORO_NOW), 2);
	call_start(&r);
	wait_for(d, 0, 1);
	interrupt(&r);
	CHECK_EQ(call_end(&r), 2);
	CHECK(!memcmp(in, out, 16));
	CHECK(poisoned(out + 2, 24));
	CHECK_CHAN(d, 0, 0, 0, false);
}

/* signals all the time while elements pass: none is lost, doubled or reordered */
static int sends_many(struct call *call)
{
	uint64_t v;

	for (v = 0; v < call->n; ) {
		int ret = goro_kchan_send(call->fd, &v);

		CHECK(!ret || ret == -EINTR);
		v += !ret;
	}
	return 0;
}

static int receives_many(struct call *call)
{
	uint64_t v, want = 0;

	while (want < call->n) {
		int ret = goro_kchan_recv(call->fd, &v);

		CHECK(ret == 1 || ret == -EINTR);
		if (ret == 1)
			CHECK_EQ(v, want++);
	}
	return 0;
}

static volatile int busy;

static int sends_and_says(struct call *call)
{
	sends_many(call);
	__atomic_fetch_sub(&busy, 1, __ATOMIC_SEQ_CST);
	return 0;
}

TEST(storm)
{
	int c = make(8, 0);
	struct call s = CALL(sends_and_says, c, NULL, 5000), r = CALL(receives_many, c, NULL, 5000);

	handle(0);
	busy = 1;
	call_start(&s);
	call_start(&r);
	while (__atomic_load_n(&busy, __ATOMIC_SEQ_CST)) {
		pthread_kill(s.thread, SIGUSR1);
		usleep(200);
	}
	CHECK_EQ(call_end(&s), 0);
	CHECK_EQ(call_end(&r), 0);
	CHECK_CHAN(c, 0, 0, 0, false);
}

TEST(poll_is_interrupted)
{
	int c = make(8, 0);
	struct pollfd p = { .fd = c, .events = POLLIN };

	handle(SA_RESTART);
	CHECK(signal(SIGALRM, handler) != SIG_ERR);
	ualarm(20000, 20000);
	/* poll(2) is never restarted */
	CHECK_ERR(poll(&p, 1, -1), EINTR);
	CHECK(handled);
	CHECK_CHAN(c, 0, 0, 0, false);
}
