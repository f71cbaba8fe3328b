/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * goro_context: every call of goro.h's table, from every context.
 */
#ifndef _GORO_TESTS_CONTEXT_H
#define _GORO_TESTS_CONTEXT_H

/* the table's columns, in its order */
enum place {
	IN_G,
	IN_PROCESS,
	IN_SOFTIRQ,
	IN_TIMER,
	IN_RCU,
	IN_HARDIRQ,
	PLACES,
};

struct visit {
	int (*fn)(void);
	int ret;
	bool right;		/* it was the context that it should be */
	u64 parks;		/* parks during the call: 1 if the G itself parked */
};

/* Run v->fn there, once, and wait until it has returned. Process context. */
void visit(enum place where, struct visit *v);
void places_init(void);
void places_exit(void);

#endif /* _GORO_TESTS_CONTEXT_H */
