/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The deterministic port's types. Every atomic operation is a point of the
 * scheduler's (det.c), and so are locks: held is who has it, plus 1.
 */
#ifndef GORO_PORT_TYPES_H
#define GORO_PORT_TYPES_H

#include <stdbool.h>

void det_atomic(void *address, bool writes);
#define goro_port_sync(address, writes)	det_atomic(address, writes)
#define WARN_ONCE(cond, ...)	({ bool _bad = !!(cond); if (_bad) det_fail(__VA_ARGS__); _bad; })
void det_fail(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));

#include "../../../libgoro-user/core/base.h"

typedef struct { int held; } goro_lock_t;
#define GORO_LOCK_INIT(x)	{ 0 }

#endif /* GORO_PORT_TYPES_H */
