// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Generator: a goroutine computes values as they are asked for; the channel is
 * the iterator. Who has had enough stops the group: the generator's send returns
 * -ECANCELED, which is its sign to end. A generator that nobody stops waits for
 * ever: the leak of mistakes.c.
 */
#include "patterns.h"

static int fibonacci(void *arg)
{
	struct goro_chan *out = arg;
	u64 a = 0, b = 1, next;

	while (!goro_chan_send(out, &a)) {
		next = a + b;
		a = b;
		b = next;
	}
	return 0;
}

void generator(void)
{
	struct goro_chan *c = goro_chan_make(8, 0, 0);
	struct goro_group group;
	u64 v = 0;
	int i;

	goro_group_init(&group);
	EXPECT(!goro_group_go(&group, fibonacci, c));
	for (i = 0; i <= 20; i++)
		EXPECT(goro_chan_recv(c, &v) == 1);
	EXPECT(v == 6765);
	goro_group_stop(&group);
	goro_chan_put(c);
}
