// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Rate limiter: one request a tick, with bursts of up to BURST after a pause. A
 * goroutine puts a token into a buffered channel at each tick, if there is room;
 * every request takes one.
 */
#include "patterns.h"

#define BURST		3
#define REQUESTS	10
#define PERIOD		(2 * NSEC_PER_MSEC)

struct limiter {
	struct goro_timer *ticker;
	struct goro_chan *tokens;
};

static int refill(void *arg)
{
	struct limiter *l = arg;
	u64 at;

	/* until the group is stopped */
	while (goro_chan_recv(goro_timer_chan(l->ticker), &at) == 1)
		goro_chan_try_send(l->tokens, &at);	/* full: this one is lost */
	return 0;
}

void rate_limiter(void)
{
	u64 began = ktime_get_ns(), token = began, served = 0;
	struct limiter l = { goro_ticker_make(PERIOD), goro_chan_make(8, BURST, 0) };
	struct goro_group group;
	int i;

	goro_group_init(&group);
	for (i = 0; i < BURST; i++)
		EXPECT(!goro_chan_send(l.tokens, &token));
	EXPECT(!goro_group_go(&group, refill, &l));
	for (i = 0; i < REQUESTS; i++) {
		EXPECT(goro_chan_recv(l.tokens, &token) == 1);
		served++;
		/* never more than the burst and one a period that has passed */
		EXPECT(served <= BURST + (ktime_get_ns() - began) / PERIOD);
	}
	goro_group_stop(&group);
	goro_timer_put(l.ticker);
	goro_chan_put(l.tokens);
}
