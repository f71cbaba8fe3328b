/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The deterministic scheduler: what explore.c (which goroutine goes on?) and
 * det.c (how it goes on) give each other.
 *
 * A step is an operation at a point, together with what follows it up to the
 * next point. Two steps of different threads depend on each other if swapping
 * them can make a difference: the same lock, the same atomic with a write, a
 * timer and its cancel, a free and any use of that memory.
 */
#ifndef GORO_DET_H
#define GORO_DET_H

#include "model.h"

#define MAX_T		20	/* goroutines and timers */
#define MAX_STEPS	2000

enum point {
	P_LOCAL,	/* independent of everything: begin and end of operations */
	P_LOCK,
	P_READ,
	P_WRITE,
	P_TOUCH,	/* memory is used that others may free */
	P_AFTER,	/* of a wakeup: any memory is used that it lets others free */
	P_FREE,
	P_PARK,		/* only when it was readied */
	P_FIRE,		/* a timer: only while it is set */
	P_CANCEL,	/* a timer's cancel: only while it does not run */
	P_SET,		/* a timer is set, or unset without waiting for it */
};

struct step {
	enum point kind;
	const char *addr;
	size_t size;	/* P_FREE */
};

/* det.c: save this stack, go on with that one */
void det_switch(void **from, void *to);

bool steps_depend(const struct step *a, const struct step *b);

/* det.c */
struct outcome {
	const char *error;	/* NULL: right */
	bool redundant;		/* given up: its like was seen */
	u32 steps;
	struct history h;
};

void det_run(const struct scenario *s, struct outcome *out);
const struct step *det_next(int tid);	/* what it is about to do */
/* what happened before: the synchronisation that was seen, as vector clocks */
extern u16 det_clock[MAX_T][MAX_T];
extern bool det_exhaustive;

/* explore.c: the next to go on, of those that can; -1: give this run up */
int explore_pick(u32 enabled, int last);
void explore_executed(int tid);		/* det_next() is new for all that it has changed */
u32 explore_choose(u32 n);

#endif /* GORO_DET_H */
