/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walking over all goroutines: see dump.c.
 */
#ifndef _GORO_SCHED_DUMP_H
#define _GORO_SCHED_DUMP_H

#include "g.h"

#define GORO_WALK_FRAMES	24

struct seq_file;

struct goro_walk {
	struct goro_g mark;		/* in a list of all Gs, state GORO_G_MARK */
	unsigned int list;		/* of goro_all: where mark is, or will be */
	bool end;
	loff_t at;			/* which one the snapshot is, -1: none yet */
	/* which ones are wanted, NULL: all; under the list's lock, interrupts are off */
	bool (*want)(struct goro_walk *w, struct goro_g *g);
	void *arg;			/* want()'s own, as kind */
	int kind;
	/* the snapshot */
	u64 id;
	goro_fn_t fn;
	unsigned long where;
	char name[32];
	const char *state;
	u8 reason;
	bool cancelled;
	bool bound;			/* it waits on its thread */
	u64 on, holder;
	struct goro_group *group;
	u32 since;
	u32 stack_size;
	bool trimmed;
	unsigned int nframes;
	unsigned long frame[GORO_WALK_FRAMES];
	struct task_struct *shadow;	/* stands for the G before the unwinder */
};

/* w is zeroed but for want and what is its own. -ENOMEM: nothing is to be undone. May sleep. */
int goro_walk_begin(struct goro_walk *w);
bool goro_walk_step(struct goro_walk *w);
void goro_walk_end(struct goro_walk *w);
/* What the snapshot says, into a file or, where that is NULL, the log. */
void goro_walk_show(struct seq_file *s, struct goro_walk *w);

#endif /* _GORO_SCHED_DUMP_H */
