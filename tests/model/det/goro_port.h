/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The deterministic port: core/port.h's calls, each of them a point of det.c's
 * scheduler where it synchronises. As in the kernel a goroutine's waiter is a
 * part of the goroutine, which is freed when it ends; a thread's lives for one
 * operation. Both are poisoned then: who touches them later is found by ASan.
 */
#ifndef GORO_PORT_H
#define GORO_PORT_H

struct goro_thread {
	char none;
};

struct det_waiter {
	struct goro_waiter w;
	int tid;
	bool cancelled;
};

#define goro_lock_init(l)	((void)((l)->held = 0))
void goro_lock(goro_lock_t *l);
void goro_unlock(goro_lock_t *l);

bool goro_may_wait(void);
#define goro_misuse()		({ det_fail("%s() in an interrupt", __func__); -EAGAIN; })
u64 goro_me(void);

struct goro_waiter *goro_waiter_self(struct goro_thread *t);
bool goro_wait_begin(struct goro_waiter *w, bool nocancel);
enum goro_claim goro_park(struct goro_waiter *w, u64 deadline, enum goro_reason reason);
enum goro_claim goro_park_unlock(struct goro_waiter *w, goro_lock_t *lock, bool irq, u64 deadline,
				 enum goro_reason reason);
void goro_ready(struct goro_waiter *w);

/* any moment is right for a timer that is set: time goes on as it fires */
typedef int goro_ktimer_ret_t;
typedef struct det_timer {
	goro_ktimer_ret_t (*fn)(struct det_timer *t);
	int tid;
	u64 when;
} goro_ktimer_t;
#define GORO_KTIMER_DONE	0

u64 goro_now(void);
void goro_ktimer_init(goro_ktimer_t *t, goro_ktimer_ret_t (*fn)(goro_ktimer_t *t));
void goro_ktimer_start(goro_ktimer_t *t, u64 when);
void goro_ktimer_try_cancel(goro_ktimer_t *t);
void goro_ktimer_cancel(goro_ktimer_t *t);

void *goro_alloc(size_t size);
void goro_free(void *p);

/* one of n, each of which is tried */
u32 det_choose(u32 n);
#define goro_random(n)		det_choose(n)

#include "goro_port_both.h"

#endif /* GORO_PORT_H */
