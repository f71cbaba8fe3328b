/* SPDX-License-Identifier: GPL-2.0-only */
/* What the suites of select share: a select as a job, and how many wait. */
#ifndef _GORO_TESTS_KUNIT_SELECT_H
#define _GORO_TESTS_KUNIT_SELECT_H

#include "kunit.h"

#define SEL_CASES	6

/* job i's select: its cases, with an element for each */
struct sel {
	struct goro_case cases[SEL_CASES];
	u64 v[SEL_CASES];
	unsigned int n;
};

/* one a job, in f->priv; the test's memory */
struct sel *sel_of(struct job *j);
int sel_init(struct kunit *test);	/* a suite's init */

/* prepare job i: no cases yet */
struct job *sel_job(struct kunit *test, int i);
/* one more: returns its index */
int sel_recv(struct job *j, struct goro_chan *c);
int sel_send(struct job *j, struct goro_chan *c, u64 v);

/* start it, and see it wait */
void sel_wait(struct kunit *test, struct job *j, bool thread);

#endif /* _GORO_TESTS_KUNIT_SELECT_H */
