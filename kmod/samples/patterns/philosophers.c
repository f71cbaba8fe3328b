// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Dining philosophers: each needs the two forks beside him. All take the one with
 * the lower number first, so there is no circle of which each holds what the next
 * one wants. (Without that rule: deadlock() in mistakes.c.) A goroutine may park
 * while it holds a goro_mutex; with a kernel's mutex it may not.
 */
#include "patterns.h"

#define SEATS	5
#define MEALS	50

struct table {
	struct goro_mutex fork[SEATS];
	atomic_t eating;
	int eaten[SEATS];		/* its philosopher's */
};

struct seat {
	struct table *t;
	int nr;
};

static int dines(void *arg)
{
	struct seat *me = arg;
	struct table *t = me->t;
	int low = min(me->nr, (me->nr + 1) % SEATS), high = max(me->nr, (me->nr + 1) % SEATS);

	while (t->eaten[me->nr] < MEALS) {
		goro_mutex_lock_nocancel(&t->fork[low]);
		goro_mutex_lock_nocancel(&t->fork[high]);
		EXPECT(atomic_inc_return(&t->eating) <= SEATS / 2);
		goro_yield();
		atomic_dec(&t->eating);
		t->eaten[me->nr]++;
		goro_mutex_unlock(&t->fork[high]);
		goro_mutex_unlock(&t->fork[low]);
		goro_yield();		/* thinks */
	}
	return 0;
}

void philosophers(void)
{
	struct table t = { .eating = ATOMIC_INIT(0) };
	struct goro_group group;
	int i;

	goro_group_init(&group);
	for (i = 0; i < SEATS; i++)
		goro_mutex_init(&t.fork[i]);
	for (i = 0; i < SEATS; i++) {
		struct seat s = { &t, i };

		EXPECT(!goro_group_go_copy(&group, dines, &s, sizeof(s)));
	}
	EXPECT(!goro_group_wait(&group));
	for (i = 0; i < SEATS; i++)
		EXPECT(t.eaten[i] == MEALS);
}
