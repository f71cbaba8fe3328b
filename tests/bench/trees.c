// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whole programs of many goroutines: the prime sieve, a chain of 2000 filters, and
 * skynet, a tree of 1,111,111 goroutines.
 *
 * Who starts a goroutine keeps what it is given until it has its answer; a channel has
 * a reference for each of its two ends.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <goro/goro.h>
#include "bench.h"

/* ---- the prime sieve -------------------------------------------------------- */

#define LAST_PRIME	17389	/* the 2000th */

struct filter {
	u64 prime;		/* 0: the source */
	struct goro_chan *in, *out;
	struct goro_wg *wg;
};

static void source(void *arg)
{
	struct filter *f = arg;
	u64 i;

	for (i = 2; i <= LAST_PRIME; i++)
		goro_chan_send(f->out, &i);
	goro_chan_close(f->out);
	goro_wg_done(f->wg);
}

/* passes on what is no multiple of its prime */
static void filter(void *arg)
{
	struct filter *f = arg;
	u64 v;

	while (goro_chan_recv(f->in, &v) == 1)
		if (v % f->prime)
			goro_chan_send(f->out, &v);
	goro_chan_close(f->out);
	goro_wg_done(f->wg);
}

/* f[0] is the source; each f[i] is started when its prime has come through all before it */
static bool sieve_once(struct filter *f, u32 primes)
{
	struct goro_attr attr = { .name = "filter", .stack_size = 4096 };
	struct goro_wg wg;
	u64 v, last = 0;
	u32 i, n = 0;

	goro_wg_init(&wg);
	for (i = 0; i <= primes; i++) {
		f[i] = (struct filter){ .prime = last, .wg = &wg };
		f[i].in = i ? f[i - 1].out : NULL;
		f[i].out = goro_chan_make(8, 0, 0);
		if (IS_ERR(f[i].out))
			break;
		goro_wg_add(&wg, 1);
		if (goro_go_attr(i ? filter : source, &f[i], &attr)) {
			goro_wg_done(&wg);
			goro_chan_put(f[i].out);
			break;
		}
		n++;
		if (goro_chan_recv(f[i].out, &v) != 1)
			break;
		last = v;
	}
	/* nothing comes but the end, unless one could not be started */
	while (n && goro_chan_recv(f[n - 1].out, &v) == 1)
		last = 0;
	goro_wg_wait(&wg);
	for (i = 0; i < n; i++)
		goro_chan_put(f[i].out);
	return n == primes + 1 && last == LAST_PRIME;
}

static u64 sieve(struct run *r)
{
	struct filter *f = kvcalloc(r->b->arg + 1, sizeof(*f), GFP_KERNEL);
	u64 i, t = ktime_get_ns();
	bool good = f;

	for (i = 0; i < r->n && good; i++)
		good = sieve_once(f, r->b->arg);
	t = ktime_get_ns() - t;
	kvfree(f);
	return good ? t : 0;
}

u64 goro_sieve(const struct bench *b, u64 n)
{
	return bench_run(b, n, sieve);
}

/* ---- skynet ----------------------------------------------------------------- */

struct node {
	struct goro_chan *out;	/* its own reference */
	u64 num, size;
};

static struct goro_attr node_attr = { .name = "node", .stack_size = 4096 };
static bool short_of;		/* one could not be started: the sum shows it, too */

static void node(void *arg)
{
	struct node n = *(struct node *)arg, child[10];
	struct goro_chan *c;
	u64 sum = 0, v;
	int i, started = 0;

	if (n.size == 1) {
		sum = n.num;
		goto out;
	}
	c = goro_chan_make(8, 0, 0);
	if (IS_ERR(c)) {
		WRITE_ONCE(short_of, true);
		goto out;
	}
	for (i = 0; i < 10; i++) {
		child[i] = (struct node){ goro_chan_get(c), n.num + i * (n.size / 10), n.size / 10 };
		if (goro_go_attr(node, &child[i], &node_attr))
			goro_chan_put(c);
		else
			started++;
	}
	if (started < 10)
		WRITE_ONCE(short_of, true);
	while (started--) {
		goro_chan_recv(c, &v);
		sum += v;
	}
	goro_chan_put(c);
out:
	/* after this the parent's frame, where arg lies, may be gone */
	goro_chan_send(n.out, &sum);
	goro_chan_put(n.out);
}

static u64 skynet(struct run *r)
{
	u64 leaves = r->b->arg, i, v, t = ktime_get_ns();
	struct goro_chan *c;

	short_of = false;
	for (i = 0; i < r->n; i++) {
		struct node root = { .size = leaves };

		c = goro_chan_make(8, 0, 0);
		if (IS_ERR(c))
			return 0;
		root.out = goro_chan_get(c);
		if (goro_go_attr(node, &root, &node_attr))
			return 0;
		goro_chan_recv(c, &v);
		goro_chan_put(c);
		if (short_of || v != leaves * (leaves - 1) / 2)
			return 0;
	}
	return ktime_get_ns() - t;
}

u64 goro_skynet(const struct bench *b, u64 n)
{
	return bench_run(b, n, skynet);
}
