// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Publish and subscribe: who publishes sends to all who have subscribed at that
 * moment. Each has a buffer of its own, and one that does not keep up loses
 * messages, but holds up nobody. Readers of the list do not exclude each other.
 */
#include "patterns.h"

#define SUBSCRIBERS	3
#define MESSAGES	40
#define BUFFER		4

struct broker {
	struct goro_rwmutex lock;
	struct goro_chan *subs[SUBSCRIBERS];	/* lock */
	int n;					/* lock */
	atomic_t lost;
};

static struct goro_chan *subscribe(struct broker *b)
{
	struct goro_chan *c = goro_chan_make(8, BUFFER, 0);

	goro_rwmutex_lock_nocancel(&b->lock);
	b->subs[b->n++] = goro_chan_get(c);
	goro_rwmutex_unlock(&b->lock);
	return c;
}

static void publish(struct broker *b, u64 v)
{
	int i;

	goro_rwmutex_rlock_nocancel(&b->lock);
	for (i = 0; i < b->n; i++)
		if (goro_chan_try_send(b->subs[i], &v) == -EAGAIN)
			atomic_inc(&b->lost);
	goro_rwmutex_runlock(&b->lock);
}

static void end(struct broker *b)
{
	goro_rwmutex_lock_nocancel(&b->lock);
	while (b->n) {
		goro_chan_close(b->subs[--b->n]);
		goro_chan_put(b->subs[b->n]);
	}
	goro_rwmutex_unlock(&b->lock);
}

struct subscriber {
	struct goro_chan *c;
	atomic_t *got;
};

static int listens(void *arg)
{
	struct subscriber *me = arg;
	u64 v, last = 0;

	while (goro_chan_recv(me->c, &v) == 1) {
		EXPECT(v > last);	/* some may be missing, none comes twice */
		last = v;
		atomic_inc(me->got);
	}
	goro_chan_put(me->c);
	return 0;
}

void publish_subscribe(void)
{
	struct broker b = { .n = 0 };
	atomic_t got = ATOMIC_INIT(0);
	struct goro_group group;
	u64 v;
	int i;

	goro_rwmutex_init(&b.lock);
	goro_group_init(&group);
	for (i = 0; i < SUBSCRIBERS; i++) {
		struct subscriber s = { subscribe(&b), &got };

		EXPECT(!goro_group_go_copy(&group, listens, &s, sizeof(s)));
	}
	for (v = 1; v <= MESSAGES; v++)
		publish(&b, v);
	end(&b);
	EXPECT(!goro_group_wait(&group));
	EXPECT(atomic_read(&got) + atomic_read(&b.lost) == SUBSCRIBERS * MESSAGES);
}
