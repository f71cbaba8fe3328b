// SPDX-License-Identifier: GPL-2.0-only
/* The one place that makes the tracepoints. */
#define CREATE_TRACE_POINTS
#include <trace/events/goro.h>
