// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The prime sieve: a chain of filters, one goroutine a prime, each of which lets
 * through what its prime does not divide. The classic of Newsqueak and Go.
 */
#include "patterns.h"

#define PRIMES	60

struct filter {
	struct goro_chan *in, *out;
	u64 prime;
};

static int counts(void *arg)
{
	struct goro_chan *out = arg;
	u64 v = 2;

	while (!goro_chan_send(out, &v))
		v++;
	goro_chan_put(out);
	return 0;
}

static int filters(void *arg)
{
	struct filter *me = arg;
	u64 v;

	while (goro_chan_recv(me->in, &v) == 1)
		if (v % me->prime && goro_chan_send(me->out, &v))
			break;
	goro_chan_put(me->in);
	goro_chan_put(me->out);
	return 0;
}

void prime_sieve(void)
{
	struct goro_chan *c = goro_chan_make(8, 0, 0);
	struct goro_group group;
	u64 prime = 0;
	int i;

	goro_group_init(&group);
	EXPECT(!goro_group_go(&group, counts, goro_chan_get(c)));
	for (i = 0; i < PRIMES; i++) {
		struct filter f = { c, goro_chan_make(8, 0, 0) };

		EXPECT(goro_chan_recv(c, &prime) == 1);
		f.prime = prime;
		c = goro_chan_get(f.out);
		EXPECT(!goro_group_go_copy(&group, filters, &f, sizeof(f)));
	}
	EXPECT(prime == 281);
	goro_group_stop(&group);
	goro_chan_put(c);
}
