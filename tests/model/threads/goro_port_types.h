/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The types of the port to real threads. TSan knows no fences: smp_mb() is an
 * atomic operation on a variable of the thread's own, which orders no others.
 */
#ifndef GORO_PORT_TYPES_H
#define GORO_PORT_TYPES_H

extern __thread int model_fence;
#define smp_mb()	((void)__atomic_fetch_add(&model_fence, 1, __ATOMIC_SEQ_CST))

#include "../../../libgoro-user/core/base.h"

typedef struct { int held; } goro_lock_t;
#define GORO_LOCK_INIT(x)	{ 0 }

#endif /* GORO_PORT_TYPES_H */
