/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Deadlines of Gs that wait: see deadline.c.
 *
 * Legend: G: the goroutine; T: the queue's lock; A: atomic, any context
 */
#ifndef _GORO_SCHED_DEADLINE_H
#define _GORO_SCHED_DEADLINE_H

#include <linux/hrtimer.h>
#include <linux/llist.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>

struct goro_g;
struct goro_p;

/*
 * A wait's deadline, in at most one queue. It lies in the frame of who waits, which
 * stays until goro_deadline_clear().
 */
struct goro_deadline {
	union {
		struct llist_node fresh;	/* A: while it lies in `fresh` */
		struct rb_node node;		/* T: from then on */
	};
	struct goro_g *g;		/* G: before it goes in */
	u64 at;				/* likewise */
	/* G: NULL -> queue; back by who takes it out, T, with release: his last touch */
	struct goro_deadlines *in;
};

#define GORO_DUE_MAX	64	/* taken at a time: interrupts are off */

/* Gs that were claimed, and have to be readied. In no frame: stacks may be small. */
struct goro_due {
	u32 n;
	u32 seen;			/* with those that had been claimed before */
	struct goro_g *g[GORO_DUE_MAX];
};

/* The deadlines that Gs on a P's Ms have set. */
struct goro_deadlines {
	struct llist_head fresh;	/* A: set, and not yet in the tree */
	u64 next;			/* T: the tree's first, or GORO_FOREVER; read without */
	u64 armed;			/* T: what the timer is set to, likewise */
	raw_spinlock_t lock;		/* IRQ-safe: taken by the timer */
	struct rb_root_cached tree;	/* T */
	bool polled;			/* set by the P's owner, cleared by the timer */
	struct hrtimer timer;		/* T: started under it */
	struct goro_due fired;		/* the timer's */
	struct goro_due polls;		/* the P's owner's */
};

void goro_deadlines_init(struct goro_deadlines *q);
void goro_deadlines_exit(struct goro_deadlines *q);
bool __goro_deadlines_poll(struct goro_p *p, bool idle);
void goro_deadline_set(struct goro_g *g, struct goro_deadline *d, u64 at);
void __goro_deadline_clear(struct goro_deadline *d);
bool goro_deadline_move(struct goro_deadline *from, struct goro_deadline *to, bool try);

#endif /* _GORO_SCHED_DEADLINE_H */
