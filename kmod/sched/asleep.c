// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups whose goroutines all wait for each other: what the watchdog makes of its walk.
 *
 * Goroutines of one group that one module started; those in no group count as a group
 * of their module's. A group is said to be asleep when
 *   - each member has waited for so long, on objects of goro's, without a deadline, its
 *     own or of a context that it waits under; not for a file, an event or a
 *     completion; not on channels while there are timers, whose they might be
 *   - none that waits for what others send has been woken by a thread, an interrupt or
 *     a timer before: that one waits for the next time
 *   - the same holds for every other goroutine of that module.
 * An interrupt or a thread may still come and wake one, so it is a suspicion, and
 * worded so. Groups and modules are keys here, and never followed: they may have gone.
 *
 * All of this is under the watchdog's look_lock.
 */
#include "dump.h"
#include "sched.h"

#define PARTIES_MAX	512
#define SHOWN_MAX	8	/* goroutines of a group, and groups a look */

static u32 now, epoch;		/* jiffies: of the look; before that nothing counts */
static bool timers;		/* there are any: channels may be theirs */
static unsigned int shown;	/* of the group that is told */

struct party {
	void *group;			/* NULL: none */
	struct module *owner;		/* NULL: what is built in */
	void *fn;			/* of one of them, to say who they are */
	u32 n, asleep;			/* n == 0: nobody's yet */
	u32 youngest;			/* jiffies that the last one of them sleeps */
	bool said;
};

static struct party parties[PARTIES_MAX];
static unsigned int nparties;			/* more than there is room: too many */

static struct party *party_find(void *group, struct module *owner)
{
	u32 at = hash_long((unsigned long)group + 31 * (unsigned long)owner, 31) % PARTIES_MAX;
	unsigned int i;

	for (i = 0; i < PARTIES_MAX; i++) {
		struct party *y = &parties[(at + i) % PARTIES_MAX];

		if (!y->n || (y->group == group && y->owner == owner))
			return y;
	}
	return NULL;
}

/* It waits, off its stack or asleep with its M. May nobody but goroutines wake it? */
static bool is_asleep(const struct goro_g *g)
{
	if (READ_ONCE(g->w.timed) || READ_ONCE(g->w.scoped) & GORO_SCOPED_TIMED)
		return false;
	switch (READ_ONCE(g->reason)) {
	case GORO_R_RECV:
	case GORO_R_SELECT:
		return !timers && !READ_ONCE(g->outside);
	case GORO_R_SEND:
	case GORO_R_COND:
	case GORO_R_SEMA:
		return !READ_ONCE(g->outside);
	case GORO_R_NIL:
	case GORO_R_WG:
	case GORO_R_GROUP:
	case GORO_R_MUTEX:
	case GORO_R_RWMUTEX:
	case GORO_R_ONCE:
		return true;
	}
	return false;
}

/* In the walk: g waits, or does something else. */
void goro_asleep_add(struct goro_g *g, bool waits)
{
	struct module *owner = READ_ONCE(g->owner);
	void *group = READ_ONCE(g->member.group);
	u32 since = READ_ONCE(g->since), age;
	struct party *y;

	if (nparties > PARTIES_MAX)
		return;
	y = party_find(group, owner);
	if (!y) {
		nparties = PARTIES_MAX + 1;
		return;
	}
	if (!y->n) {
		*y = (struct party){ .group = group, .owner = owner, .fn = g->fn,
				     .youngest = U32_MAX };
		nparties++;
	}
	y->n++;
	y->said |= READ_ONCE(g->watch) & GORO_WATCH_SAID_ASLEEP;
	if (!waits || !is_asleep(g))
		return;
	y->asleep++;
	if ((s32)(since - epoch) < 0)
		since = epoch;
	age = (s32)(now - since) > 0 ? now - since : 0;
	y->youngest = min(y->youngest, age);
}

static bool same_party(const struct party *a, const struct party *b)
{
	return a->group == b->group && (a->group || a->owner == b->owner);
}

/* a's group and all others of its module: do they sleep, and for how long? */
static bool party_sleeps(const struct party *a, u32 *n, u32 *age, bool *said)
{
	unsigned int i;

	*n = 0;
	*age = U32_MAX;
	*said = false;
	for (i = 0; i < PARTIES_MAX; i++) {
		const struct party *y = &parties[i];

		if (!y->n || (y->owner != a->owner && y->group != a->group))
			continue;
		if (y->asleep != y->n)
			return false;
		/* the others, too: two that take turns may both be found waiting */
		*age = min(*age, y->youngest);
		if (!same_party(a, y))
			continue;
		*n += y->n;
		*said |= y->said;
	}
	return true;
}

static bool want_party(struct goro_walk *w, struct goro_g *g)
{
	const struct party *a = w->arg;

	if (g->flags & GORO_G_ACCT || READ_ONCE(g->member.group) != a->group ||
	    (!a->group && READ_ONCE(g->owner) != a->owner))
		return false;
	return goro_watch_first(g, GORO_WATCH_SAID_ASLEEP) && shown++ < SHOWN_MAX;
}

static void show(struct goro_walk *w)
{
	goro_walk_show(NULL, w);
}

static void party_tell(struct party *a, u32 n, u32 age)
{
	u32 ms = jiffies_to_msecs(age);

	if (a->group)
		pr_notice("goro: watchdog: all %u goroutines of group %p are asleep, nothing armed, for %u ms: a deadlock, if nobody else wakes them\n",
			  n, &((struct goro_group *)a->group)->lock, ms);
	else
		pr_notice("goro: watchdog: all %u goroutines of %ps and others of its module that are in no group are asleep, nothing armed, for %u ms: a deadlock, if nobody else wakes them\n",
			  n, a->fn, ms);
	goro_watch_tell(GORO_WATCH_ASLEEP, 0, n, ms);
	shown = 0;
	goro_watch_walk(want_party, a, show);
	if (shown > SHOWN_MAX)
		pr_notice("goro: watchdog: and %u more\n", shown - SHOWN_MAX);
}

/* Before the walk. */
void goro_asleep_begin(u32 at, u32 not_before)
{
	now = at;
	epoch = not_before;
	timers = goro_counter(GORO_C_TIMER_CREATED) != goro_counter(GORO_C_TIMER_DESTROYED);
	memset(parties, 0, sizeof(parties));
	nparties = 0;
}

/* After it: who has slept for more than `need` jiffies is told. True: others may, soon. */
bool goro_asleep_end(u32 need)
{
	unsigned int i, told = 0;
	bool again = false;
	u32 n, age;
	bool said;

	if (nparties > PARTIES_MAX)
		return false;	/* too many to tell who belongs together */
	for (i = 0; i < PARTIES_MAX; i++) {
		struct party *a = &parties[i];

		cond_resched();
		if (!a->n || a->said || !party_sleeps(a, &n, &age, &said) || said)
			continue;
		if (age <= need || told == SHOWN_MAX) {
			again = true;
			continue;
		}
		party_tell(a, n, age);
		told++;
		for (n = 0; n < PARTIES_MAX; n++)
			if (parties[n].n && same_party(a, &parties[n]))
				parties[n].said = true;
	}
	return again;
}
