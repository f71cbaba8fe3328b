/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scenarios with real threads: what threads.c, the rounds, and threads_port.c,
 * core/'s port, give each other. R: relaxed atomics.
 */
#ifndef GORO_THREADS_RUN_H
#define GORO_THREADS_RUN_H

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "../../kmod/core/context.h"
#include "model.h"

struct model_waiter {
	struct goro_waiter w;
	int g;
	int cancelled;
};

/* A worker, and the goroutine that it is in a run. */
struct worker {
	int ready;			/* release by who readies, acquire by who waited */
	int ended;			/* R: of this run */
	int started;			/* of an F: 1, or 2: it need not run any more */
	struct goro_ctx *holds;		/* before started */
	struct goro_scope *scopes;	/* its own */
	struct model_waiter *w;		/* under the group's lock of threads_port.c */
	u64 rng;
	int n;
	struct { u32 when; struct event e; } log[2 * MAX_OPS];
};

extern struct worker workers[MAX_G];
extern __thread int self;	/* -1: none of them */
extern struct scenario sc;
extern int busy;		/* R, but for the end of a run */

#define get(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define add(p, n)	__atomic_add_fetch(p, n, __ATOMIC_RELAXED)

static inline void futex_wait(int *p, int value)
{
	syscall(SYS_futex, p, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static inline void futex_wake(int *p)
{
	syscall(SYS_futex, p, FUTEX_WAKE_PRIVATE, 1000, NULL, NULL, 0);
}

/* One less goes on by itself; main looks when it was the last. */
static inline void less_busy(void)
{
	if (!add(&busy, -1))
		futex_wake(&busy);
}

/* threads_port.c */
void port_start(void);		/* once */
void port_begin(void);		/* a run */
u64 real_time(void);
struct model_waiter *waiter_make(int g);
void waiter_drop(int g);
bool let_begin(int g, int how, struct goro_ctx *ctx);

#endif /* GORO_THREADS_RUN_H */
