/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of the deterministic scheduler: what det.c, which runs coroutines, and
 * det_port.c, which is core/'s port on them, give each other.
 */
#ifndef GORO_DET_RUN_H
#define GORO_DET_RUN_H

#include <sanitizer/asan_interface.h>
#include "../../kmod/core/context.h"
#include "det.h"

#if defined(__SANITIZE_ADDRESS__) || (defined(__has_feature) && __has_feature(address_sanitizer))
#define poison(p, n)	__asan_poison_memory_region(p, n)
#define unpoison(p, n)	__asan_unpoison_memory_region(p, n)
#else
#error "build with -fsanitize=address"
#endif

struct thread {
	struct step next;
	void *sp;
	char *stack;
	bool live;		/* has begun and not ended */
	bool ended;
	bool ready;		/* P_PARK may go on */
	bool set, running;	/* a timer */
	bool may_wait;		/* a timer that is the thread of late work */
	bool begins;		/* its operation begins with its next step */
	int g;			/* -1: a timer's */
	goro_ktimer_t *timer;
	struct det_waiter *w;	/* in the arena; NULL between the waits of a thread */
	struct goro_scope *scopes;	/* that it is in, the innermost first */
	struct goro_ctx *holds;	/* a reference that it drops at its end */
};

extern struct thread threads[MAX_T];
extern int nthreads, self;	/* self: who runs; -1 before and after the run */
extern const struct scenario *sc;
extern u64 now;
extern int now_calls;

/* det.c */
void thread_begin(int t);
void point(enum point kind, const void *addr, size_t size);
void sync_with(const void *addr, bool writes);
goro_ktimer_t *det_deadline(int g);

/* det_port.c */
void port_begin(void);		/* a run: all memory is free */
struct det_waiter *waiter_make(int t);
void waiter_drop(struct thread *th);
void waiter_end(struct thread *th);	/* of a goroutine that ends */

#endif /* GORO_DET_RUN_H */
