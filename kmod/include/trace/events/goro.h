/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints goro:*. A goroutine shows as its number g; a name is its
 * function unless it was given one. Fields are an interface: add, do not change.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM goro

#if !defined(_TRACE_GORO_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_GORO_H

#include <linux/tracepoint.h>
#include "../../../core/waiter.h"

#define GORO_TRACE_REASONS					\
	{ GORO_R_NONE,	"-" },					\
	{ GORO_R_SEND,	"chan send" },				\
	{ GORO_R_RECV,	"chan receive" },			\
	{ GORO_R_SLEEP,	"sleep" },				\
	{ GORO_R_WG,	"waitgroup" },				\
	{ GORO_R_GROUP,	"group" },				\
	{ GORO_R_POLL,	"poll" },				\
	{ GORO_R_NIL,	"nil channel" },			\
	{ GORO_R_YIELD,	"yield" },				\
	{ GORO_R_BLOCK,	"block end" },				\
	{ GORO_R_EVENT,	"event" },				\
	{ GORO_R_COMPLETION,	"completion" },		\
	{ GORO_R_THROTTLED, "throttled" },			\
	{ GORO_R_SELECT, "select" },				\
	{ GORO_R_MUTEX,	"mutex" },				\
	{ GORO_R_RWMUTEX, "rwmutex" },				\
	{ GORO_R_COND,	"cond" },				\
	{ GORO_R_SEMA,	"semaphore" },				\
	{ GORO_R_ONCE,	"once" }

TRACE_EVENT(goro_create,
	TP_PROTO(u64 g, void *fn, unsigned long where),
	TP_ARGS(g, fn, where),
	TP_STRUCT__entry(
		__field(u64, g)
		__field(void *, fn)
		__field(unsigned long, where)
	),
	TP_fast_assign(
		__entry->g = g;
		__entry->fn = fn;
		__entry->where = where;
	),
	TP_printk("g=%llu fn=%ps where=%pS", __entry->g, __entry->fn,
		  (void *)__entry->where)
);

DECLARE_EVENT_CLASS(goro_g,
	TP_PROTO(u64 g),
	TP_ARGS(g),
	TP_STRUCT__entry(__field(u64, g)),
	TP_fast_assign(__entry->g = g;),
	TP_printk("g=%llu", __entry->g)
);

/* it gets the CPU: for the first time and after each park or yield */
DEFINE_EVENT(goro_g, goro_start, TP_PROTO(u64 g), TP_ARGS(g));
DEFINE_EVENT(goro_g, goro_exit, TP_PROTO(u64 g), TP_ARGS(g));

TRACE_EVENT(goro_park,
	TP_PROTO(u64 g, unsigned int reason),
	TP_ARGS(g, reason),
	TP_STRUCT__entry(
		__field(u64, g)
		__field(unsigned int, reason)
	),
	TP_fast_assign(
		__entry->g = g;
		__entry->reason = reason;
	),
	TP_printk("g=%llu reason=%s", __entry->g,
		  __print_symbolic(__entry->reason, GORO_TRACE_REASONS))
);

/* g may run from now on; by: the goroutine that did it, 0 for others */
TRACE_EVENT(goro_ready,
	TP_PROTO(u64 g, u64 by),
	TP_ARGS(g, by),
	TP_STRUCT__entry(
		__field(u64, g)
		__field(u64, by)
	),
	TP_fast_assign(
		__entry->g = g;
		__entry->by = by;
	),
	TP_printk("g=%llu by=%llu", __entry->g, __entry->by)
);

TRACE_EVENT(goro_steal,
	TP_PROTO(int from, int to, unsigned int n),
	TP_ARGS(from, to, n),
	TP_STRUCT__entry(
		__field(int, from)
		__field(int, to)
		__field(unsigned int, n)
	),
	TP_fast_assign(
		__entry->from = from;
		__entry->to = to;
		__entry->n = n;
	),
	TP_printk("from=%d to=%d n=%u", __entry->from, __entry->to, __entry->n)
);

DECLARE_EVENT_CLASS(goro_m,
	TP_PROTO(int cpu, unsigned int m),
	TP_ARGS(cpu, m),
	TP_STRUCT__entry(
		__field(int, cpu)
		__field(unsigned int, m)
	),
	TP_fast_assign(
		__entry->cpu = cpu;
		__entry->m = m;
	),
	TP_printk("cpu=%d m=%u", __entry->cpu, __entry->m)
);

DEFINE_EVENT(goro_m, goro_m_start, TP_PROTO(int cpu, unsigned int m), TP_ARGS(cpu, m));
DEFINE_EVENT(goro_m, goro_m_stop, TP_PROTO(int cpu, unsigned int m), TP_ARGS(cpu, m));
DEFINE_EVENT(goro_m, goro_m_idle, TP_PROTO(int cpu, unsigned int m), TP_ARGS(cpu, m));
DEFINE_EVENT(goro_m, goro_m_spin, TP_PROTO(int cpu, unsigned int m), TP_ARGS(cpu, m));

/* chan: its number; len: elements buffered after it */
DECLARE_EVENT_CLASS(goro_chan,
	TP_PROTO(u64 chan, u32 len),
	TP_ARGS(chan, len),
	TP_STRUCT__entry(
		__field(u64, chan)
		__field(u32, len)
	),
	TP_fast_assign(
		__entry->chan = chan;
		__entry->len = len;
	),
	TP_printk("chan=%llu len=%u", __entry->chan, __entry->len)
);

DEFINE_EVENT(goro_chan, goro_chan_send, TP_PROTO(u64 chan, u32 len), TP_ARGS(chan, len));
DEFINE_EVENT(goro_chan, goro_chan_recv, TP_PROTO(u64 chan, u32 len), TP_ARGS(chan, len));
DEFINE_EVENT(goro_chan, goro_chan_close, TP_PROTO(u64 chan, u32 len), TP_ARGS(chan, len));

/* of n cases this one was chosen; or an errno: none was */
TRACE_EVENT(goro_select,
	TP_PROTO(unsigned int n, int chosen),
	TP_ARGS(n, chosen),
	TP_STRUCT__entry(
		__field(unsigned int, n)
		__field(int, chosen)
	),
	TP_fast_assign(
		__entry->n = n;
		__entry->chosen = chosen;
	),
	TP_printk("n=%u chosen=%d", __entry->n, __entry->chosen)
);

#define GORO_TRACE_WATCH					\
	{ 0,	"runnable" },					\
	{ 1,	"running" },					\
	{ 2,	"no_m" },					\
	{ 3,	"asleep" }

/*
 * What stands still, for ms or more: a goroutine (what: its number); a P without a
 * thread (its CPU); the n goroutines of a group (0)
 */
TRACE_EVENT(goro_watchdog,
	TP_PROTO(unsigned int kind, u64 what, u32 n, u32 ms),
	TP_ARGS(kind, what, n, ms),
	TP_STRUCT__entry(
		__field(unsigned int, kind)
		__field(u64, what)
		__field(u32, n)
		__field(u32, ms)
	),
	TP_fast_assign(
		__entry->kind = kind;
		__entry->what = what;
		__entry->n = n;
		__entry->ms = ms;
	),
	TP_printk("kind=%s what=%llu n=%u ms=%u",
		  __print_symbolic(__entry->kind, GORO_TRACE_WATCH), __entry->what, __entry->n,
		  __entry->ms)
);

#endif /* _TRACE_GORO_H */

#include <trace/define_trace.h>
