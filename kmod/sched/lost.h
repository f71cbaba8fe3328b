/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Goroutines that oops: see lost.c.
 */
#ifndef _GORO_SCHED_LOST_H
#define _GORO_SCHED_LOST_H

#include <goro/types.h>

/* @lost is called, by a thread, for each goroutine of @fn that is lost, with its argument */
void goro_lost_tasks(goro_err_fn_t fn, void (*lost)(void *arg));

#endif /* _GORO_SCHED_LOST_H */
