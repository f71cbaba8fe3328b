/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The port to real threads: core/port.h's calls by C11 atomics and futexes, for
 * TSan. A goroutine is a pthread here, its waiter as in the deterministic port:
 * its own, or made for one wait (T).
 */
#ifndef GORO_PORT_H
#define GORO_PORT_H

struct goro_thread {
	char none;
};

#define goro_lock_init(l)	__atomic_store_n(&(l)->held, 0, __ATOMIC_RELAXED)
void goro_lock(goro_lock_t *l);
static inline void goro_unlock(goro_lock_t *l)
{
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

bool goro_may_wait(void);
#define goro_misuse()		({ abort(); 0; })
u64 goro_me(void);

struct goro_waiter *goro_waiter_self(struct goro_thread *t);
bool goro_wait_begin(struct goro_waiter *w, bool nocancel);
enum goro_claim goro_park(struct goro_waiter *w, u64 deadline, enum goro_reason reason);
enum goro_claim goro_park_unlock(struct goro_waiter *w, goro_lock_t *lock, bool irq, u64 deadline,
				 enum goro_reason reason);
void goro_ready(struct goro_waiter *w);

/* one thread runs all timers, each at some moment after it was set */
typedef int goro_ktimer_ret_t;
typedef struct model_timer {
	goro_ktimer_ret_t (*fn)(struct model_timer *t);
	struct list_head node;
	u64 when;
	bool running;
} goro_ktimer_t;
#define GORO_KTIMER_DONE	0

u64 goro_now(void);
void goro_ktimer_init(goro_ktimer_t *t, goro_ktimer_ret_t (*fn)(goro_ktimer_t *t));
void goro_ktimer_start(goro_ktimer_t *t, u64 when);
void goro_ktimer_try_cancel(goro_ktimer_t *t);
void goro_ktimer_cancel(goro_ktimer_t *t);

u32 model_random(u32 n);
#define goro_random(n)		model_random(n)

#define goro_alloc(size)	calloc(1, size)
#define goro_free(p)		free(p)

#include "../det/goro_port_both.h"

#endif /* GORO_PORT_H */
