/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The watchdog: see watchdog.c.
 */
#ifndef _GORO_SCHED_WATCHDOG_H
#define _GORO_SCHED_WATCHDOG_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>

struct dentry;

/* what stands still; tracepoint goro:goro_watchdog */
enum goro_watch {
	GORO_WATCH_RUNNABLE,		/* a goroutine that is ready */
	GORO_WATCH_RUNNING,		/* one that comes to no scheduling point */
	GORO_WATCH_NO_M,		/* a P with work and without a thread */
	GORO_WATCH_ASLEEP,		/* all goroutines of a group */
	GORO_WATCH_MAX
};

extern bool goro_watchdog_armed;
void __goro_watchdog_arm(void);

/* An idle P was taken, after a full barrier. Any context; no rq lock is held. */
static inline void goro_watchdog_arm(void)
{
	if (unlikely(!READ_ONCE(goro_watchdog_armed)))
		__goro_watchdog_arm();
}

/* watchdog.c, for asleep.c and back; under look_lock */
struct goro_g;
struct goro_walk;
#define GORO_WATCH_SAID_ASLEEP	BIT(7)	/* of g->watch */
void goro_watch_tell(enum goro_watch kind, u64 what, u32 n, u32 ms);
bool goro_watch_first(struct goro_g *g, u8 bit);
bool goro_watch_walk(bool (*want)(struct goro_walk *, struct goro_g *), void *arg,
		     void (*found)(struct goro_walk *));
void goro_asleep_begin(u32 at, u32 not_before);
void goro_asleep_add(struct goro_g *g, bool waits);
bool goro_asleep_end(u32 need);

void goro_watchdog_look(void);		/* now; may sleep. What it sees the third time is said */
void goro_watchdog_init(struct dentry *dir);
void goro_watchdog_exit(void);

#endif /* _GORO_SCHED_WATCHDOG_H */
