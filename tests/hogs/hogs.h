/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * goro_hogs.ko: goroutines that do not yield, and whether others run all the same.
 *
 * Nothing is timed: a hog computes until another goroutine, or thread, has run that
 * needs its P, or its CPU. If hogs were not preempted it would do so for ever, but
 * for the net.
 */
#ifndef _GORO_TESTS_HOGS_H
#define _GORO_TESTS_HOGS_H

#include <goro/goro.h>
#include "core/stats.h"

#define NET_NS	(150 * NSEC_PER_SEC)

struct scene {
	const char *name;
	void (*fn)(void);
	u32 stack_size;		/* 0: the usual */
	int shows;		/* which of goro's counters it has to move; 0: none */
};

/* of the scene that runs */
extern bool hog_runs;		/* it has begun */
extern bool other_queued;	/* who needs its P */
extern bool other_ran;
extern int hog_user_ran;	/* the module's parameter */

bool hog_late(void);		/* past the net: the test has failed */
void hog_bad(const char *fmt, ...) __printf(1, 2);

extern const struct scene hog_scenes[];
extern const int hog_nscenes;
int hogs_init(void);
void hogs_exit(void);
void hog_spin(bool *until);	/* its name is looked for in stack traces */

u64 regs_run(unsigned long preemptions);

#endif /* _GORO_TESTS_HOGS_H */
