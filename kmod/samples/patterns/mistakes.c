// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The classic mistakes, and what happens here to who makes them.
 *
 * A captured loop variable: goroutines that are given its address read what it has
 *   become. goro_go_copy() gives each its own.
 * Send on a closed channel: -EPIPE where Go panics; the channel is as it was.
 * A forgotten receiver: the sender waits for ever. Nothing collects it, in Go
 *   neither. debugfs goro/goroutines shows it: who waits, on which channel, for how
 *   long, and where it was started. In a group it ends with the group.
 * Deadlock: of two goroutines each holds what the other wants. The dump shows the
 *   circle.
 * A data race: two goroutines write what no lock guards. Nobody notices here;
 *   tests/model shows how ThreadSanitizer names both sides of one in user space.
 */
#include "patterns.h"

#define N	8

/* ---- a captured loop variable ----------------------------------------- */

struct wrong {
	int *i;				/* the loop's own: shared */
	atomic_t seen;
	struct goro_wg started;
};

static int reads_shared(void *arg)
{
	struct wrong *w = arg;

	goro_wg_wait(&w->started);	/* so late, it has its last value */
	atomic_add(READ_ONCE(*w->i), &w->seen);
	return 0;
}

struct right {
	atomic_t *seen;
	int i;				/* a copy */
};

static int reads_own(void *arg)
{
	struct right *r = arg;

	atomic_add(r->i, r->seen);
	return 0;
}

void loop_variable(void)
{
	struct wrong w = { .seen = ATOMIC_INIT(0) };
	atomic_t seen = ATOMIC_INIT(0);
	struct goro_group group;
	int i;

	goro_group_init(&group);
	goro_wg_init(&w.started);
	goro_wg_add(&w.started, 1);
	w.i = &i;
	for (i = 0; i < N; i++)
		EXPECT(!goro_group_go(&group, reads_shared, &w));
	goro_wg_done(&w.started);
	EXPECT(!goro_group_wait(&group));
	EXPECT(atomic_read(&w.seen) == N * N);		/* not 0 + 1 + ... */

	goro_group_init(&group);
	for (i = 0; i < N; i++) {
		struct right r = { &seen, i };

		EXPECT(!goro_group_go_copy(&group, reads_own, &r, sizeof(r)));
	}
	EXPECT(!goro_group_wait(&group));
	EXPECT(atomic_read(&seen) == N * (N - 1) / 2);
}

/* ---- send on a closed channel ------------------------------------------ */

void send_on_closed(void)
{
	struct goro_chan *c = goro_chan_make(8, 1, 0);
	u64 v = 7;

	EXPECT(!goro_chan_send(c, &v));
	EXPECT(!goro_chan_close(c));
	EXPECT(goro_chan_send(c, &v) == -EPIPE);
	EXPECT(goro_chan_close(c) == -EBADFD);
	/* what was in it can still be had */
	EXPECT(goro_chan_recv(c, &v) == 1 && v == 7);
	EXPECT(goro_chan_recv(c, &v) == 0 && v == 0);
	goro_chan_put(c);
}

/* ---- a forgotten receiver, a deadlock: to be looked at ------------------- */

static struct goro_group forgotten;
static struct goro_chan *ab, *ba, *answers;
static bool made;

static int answers_nobody(void *arg)
{
	u64 v = 1;

	return goro_chan_send(answers, &v);
}

/* The first of three answers is taken, and then nobody receives any more. */
int leak(void)
{
	u64 v;
	int i;

	answers = goro_chan_make(8, 0, 0);
	if (IS_ERR(answers))
		return PTR_ERR(answers);
	goro_group_init(&forgotten);
	made = true;
	for (i = 0; i < 3; i++)
		EXPECT(!goro_group_go(&forgotten, answers_nobody, NULL));
	EXPECT(goro_chan_recv(answers, &v) == 1);
	return 0;
}

/* each waits for what the other would send after that */
static int waits_for_b(void *arg)
{
	return goro_chan_recv(ba, NULL) == 1 ? goro_chan_send(ab, NULL) : 0;
}

static int waits_for_a(void *arg)
{
	return goro_chan_recv(ab, NULL) == 1 ? goro_chan_send(ba, NULL) : 0;
}

int deadlock(void)
{
	ab = goro_chan_make(0, 0, 0);
	if (IS_ERR(ab))
		return PTR_ERR(ab);
	ba = goro_chan_make(0, 0, 0);
	if (IS_ERR(ba)) {
		goro_chan_put(ab);
		return PTR_ERR(ba);
	}
	goro_group_init(&forgotten);
	made = true;
	EXPECT(!goro_group_go(&forgotten, waits_for_b, NULL));
	EXPECT(!goro_group_go(&forgotten, waits_for_a, NULL));
	return 0;
}

/* The group's owner goes: it is stopped, and they end, with -ECANCELED. */
void mistakes_end(void)
{
	if (!made)
		return;
	goro_group_stop(&forgotten);
	goro_chan_put(ab);
	goro_chan_put(ba);
	goro_chan_put(answers);
}
