// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Producer and consumer: a channel with a buffer lets the producers run ahead, but
 * not further than its capacity.
 */
#include "patterns.h"

#define PRODUCERS	2
#define EACH		200
#define BUFFER		8

struct store {
	struct goro_chan *items;
	struct goro_wg producing;
};

struct producer {
	struct store *s;
	u32 id;
};

struct item {
	u32 from, nr;
};

static int produces(void *arg)
{
	struct producer *me = arg;
	struct item item = { me->id };

	for (item.nr = 0; item.nr < EACH; item.nr++)
		if (goro_chan_send(me->s->items, &item))
			break;
	goro_wg_done(&me->s->producing);
	return 0;
}

static int ends(void *arg)
{
	struct store *s = arg;

	goro_wg_wait(&s->producing);
	goro_chan_close(s->items);
	return 0;
}

void producer_consumer(void)
{
	struct store s = { .items = goro_chan_make(sizeof(struct item), BUFFER, 0) };
	u32 next[PRODUCERS] = { 0 }, i, n = 0;
	struct goro_group group;
	struct item item;

	goro_group_init(&group);
	goro_wg_init(&s.producing);
	goro_wg_add(&s.producing, PRODUCERS);
	for (i = 0; i < PRODUCERS; i++) {
		struct producer p = { &s, i };

		EXPECT(!goro_group_go_copy(&group, produces, &p, sizeof(p)));
	}
	EXPECT(!goro_group_go(&group, ends, &s));
	for (; goro_chan_recv(s.items, &item) == 1; n++) {
		EXPECT(goro_chan_len(s.items) <= BUFFER);
		/* a producer's items come in its order */
		EXPECT(item.from < PRODUCERS && item.nr == next[item.from]++);
	}
	EXPECT(!goro_group_wait(&group));
	EXPECT(n == PRODUCERS * EACH);
	goro_chan_put(s.items);
}
