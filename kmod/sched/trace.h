/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoints. trace.c makes them; TRACE_INCLUDE_PATH is unset in
 * trace/events/goro.h as kmod/include is on the include path before the
 * kernel's, where <trace/define_trace.h> finds it as trace/events/goro.h.
 */
#ifndef _GORO_SCHED_TRACE_H
#define _GORO_SCHED_TRACE_H
#include <trace/events/goro.h>
#endif
