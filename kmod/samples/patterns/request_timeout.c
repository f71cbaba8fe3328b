// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Request with a timeout: who asks waits for the answer or for his context, which
 * ends by itself. The context goes with the request, so the server stops its work,
 * too, when nobody wants the answer any more. The answer's channel has room for
 * one: a server that is late does not wait for somebody who has gone.
 */
#include "patterns.h"

struct request {
	struct goro_ctx *ctx;		/* the request's references */
	struct goro_chan *answer;
	u64 takes_ns;
};

static int serves(void *arg)
{
	struct request *rq = arg;
	u64 v = 42;
	int err;

	err = goro_sleep_ctx(rq->ctx, rq->takes_ns);	/* the work */
	if (!err)
		goro_chan_send(rq->answer, &v);
	goro_chan_put(rq->answer);
	goro_ctx_put(rq->ctx);
	return 0;
}

static int ask(struct goro_group *server, u64 takes_ns, u64 timeout_ns, u64 *v)
{
	struct goro_ctx *ctx = goro_ctx_with_timeout(goro_ctx_background(), timeout_ns);
	struct request rq = { goro_ctx_get(ctx), goro_chan_make(8, 1, 0), takes_ns };
	struct goro_chan *answer = goro_chan_get(rq.answer);
	int ret;

	EXPECT(!goro_group_go_copy(server, serves, &rq, sizeof(rq)));
	ret = goro_chan_recv_ctx(ctx, answer, v);
	goro_ctx_cancel(ctx);		/* Go's defer cancel() */
	goro_ctx_put(ctx);
	goro_chan_put(answer);
	return ret;
}

void request_timeout(void)
{
	struct goro_group server;
	u64 v = 0;

	goro_group_init(&server);
	EXPECT(ask(&server, 0, 600 * NSEC_PER_SEC, &v) == 1 && v == 42);
	EXPECT(ask(&server, 600 * NSEC_PER_SEC, NSEC_PER_MSEC, &v) == -ETIMEDOUT);
	/* the server did not sleep for ten minutes: the context has ended it */
	EXPECT(!goro_group_wait(&server));
}
