// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Pipeline: stages that are joined by channels. Each stage closes its output when
 * its input has ended. Whoever does not want all of it cancels the context: every
 * stage waits under it, so none is left behind.
 */
#include "patterns.h"

struct stage {
	struct goro_ctx *ctx;
	struct goro_chan *in, *out;
};

static int numbers(void *arg)
{
	struct stage *s = arg;
	u64 v;

	for (v = 1; !goro_chan_send_ctx(s->ctx, s->out, &v); v++)
		;
	goro_chan_close(s->out);
	return 0;
}

static int squares(void *arg)
{
	struct stage *s = arg;
	u64 v;

	while (goro_chan_recv_ctx(s->ctx, s->in, &v) == 1) {
		v *= v;
		if (goro_chan_send_ctx(s->ctx, s->out, &v))
			break;
	}
	goro_chan_close(s->out);
	return 0;
}

void pipeline(void)
{
	struct goro_ctx *ctx = goro_ctx_with_cancel(goro_ctx_background());
	struct goro_chan *a = goro_chan_make(8, 0, 0), *b = goro_chan_make(8, 0, 0);
	struct stage first = { ctx, NULL, a }, second = { ctx, a, b };
	struct goro_group group;
	u64 v, sum = 0;

	goro_group_init(&group);
	EXPECT(!goro_group_go(&group, numbers, &first));
	EXPECT(!goro_group_go(&group, squares, &second));
	/* the first ten are enough */
	for (v = 0; v < 100 && goro_chan_recv(b, &v) == 1;)
		sum += v;
	goro_ctx_cancel(ctx);
	EXPECT(!goro_group_wait(&group));
	EXPECT(sum == 385);
	goro_ctx_put(ctx);
	goro_chan_put(a);
	goro_chan_put(b);
}
