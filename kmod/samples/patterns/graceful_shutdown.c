// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Graceful shutdown: take no more, finish what was taken, and where that takes too
 * long cancel the rest. Closing `stop` tells all who listen at once; the group
 * is what is waited for.
 */
#include "patterns.h"

struct service {
	struct goro_group handlers;
	struct goro_chan *requests, *stop;
	atomic_t done, cut;
};

struct handler {
	struct service *s;
	u64 takes_ns;
};

static int handles(void *arg)
{
	struct handler *me = arg;

	if (goro_sleep(me->takes_ns))
		atomic_inc(&me->s->cut);
	else
		atomic_inc(&me->s->done);
	return 0;
}

static int accepts(void *arg)
{
	struct service *s = arg;
	u64 takes_ns;
	struct goro_case cases[] = {
		GORO_RECV(s->requests, &takes_ns),
		GORO_RECV(s->stop, NULL),
	};

	/* until `stop` is closed, or the group cancelled */
	while (goro_select(cases, ARRAY_SIZE(cases)) == 0) {
		struct handler h = { s, takes_ns };

		EXPECT(!goro_group_go_copy(&s->handlers, handles, &h, sizeof(h)));
	}
	return 0;
}

/* Return: how many were cut short. */
static int shut_down(struct service *s, u64 patience_ns)
{
	goro_chan_close(s->stop);
	if (goro_group_wait_until(&s->handlers, goro_in(patience_ns)) == -ETIMEDOUT)
		goro_group_stop(&s->handlers);
	return atomic_read(&s->cut);
}

static int serve(u64 takes_ns, u64 patience_ns)
{
	struct service s = { .requests = goro_chan_make(8, 0, 0), .stop = goro_chan_make(0, 0, 0) };
	int i, cut;

	goro_group_init(&s.handlers);
	EXPECT(!goro_group_go(&s.handlers, accepts, &s));
	for (i = 0; i < 10; i++)
		EXPECT(!goro_chan_send(s.requests, &takes_ns));
	cut = shut_down(&s, patience_ns);
	EXPECT(atomic_read(&s.done) + cut == 10);
	goro_chan_put(s.requests);
	goro_chan_put(s.stop);
	return cut;
}

void graceful_shutdown(void)
{
	EXPECT(serve(NSEC_PER_MSEC, 600 * NSEC_PER_SEC) == 0);
	EXPECT(serve(600 * NSEC_PER_SEC, NSEC_PER_MSEC) == 10);
}
