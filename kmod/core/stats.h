/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Counters: per CPU, added up by the reader. Pairs *_CREATED, *_DESTROYED are
 * equal when goro.ko has been unloaded; the others show which paths were taken.
 * contended_* and races_*: how often a lock was not to be had at once, or a cmpxchg was
 * lost to somebody else, counted where that has cost time already (docs/scaling.md).
 */
#ifndef _GORO_CORE_STATS_H
#define _GORO_CORE_STATS_H

#define GORO_COUNTERS(X) \
	X(SWITCH, "switches") \
	X(PARK, "parks") \
	X(READY_LOCAL, "ready_local") \
	X(RUNNEXT, "runnext") \
	X(G_CREATED, "g_created") \
	X(G_DESTROYED, "g_destroyed") \
	X(CHAN_CREATED, "chan_created") \
	X(CHAN_DESTROYED, "chan_destroyed") \
	X(STACK_CREATED, "stack_created") \
	X(STACK_DESTROYED, "stack_destroyed") \
	X(M_CREATED, "m_created") \
	X(M_DESTROYED, "m_destroyed") \
	X(TASK_CREATED, "task_created") \
	X(TASK_DESTROYED, "task_destroyed") \
	X(CTX_CREATED, "ctx_created") \
	X(CTX_DESTROYED, "ctx_destroyed") \
	X(ACCT_CREATED, "acct_created") \
	X(ACCT_DESTROYED, "acct_destroyed") \
	X(TIMER_CREATED, "timers_created") \
	X(TIMER_DESTROYED, "timers_destroyed") \
	X(INBOX, "ready_inbox") \
	X(OVERFLOW, "overflows") \
	X(GLOBAL, "global_takes") \
	X(STEAL, "steals") \
	X(STEAL_INBOX, "steals_inbox") \
	X(STEAL_RUNNEXT, "steals_runnext") \
	X(STEAL_NEAR, "steals_same_node") \
	X(STEAL_FAR, "steals_other_node") \
	X(ON_CPU_WAIT, "on_cpu_waits") \
	X(SPIN, "spins") \
	X(IDLE, "idles") \
	X(WAKE_P, "p_wakes") \
	X(HANDOFF, "handoffs") \
	X(HANDOFF_BACK, "handoffs_returned") \
	X(HANDOFF_QUEUED, "handoffs_queued") \
	X(WAKE_CLOSE, "wakes_close") \
	X(WAKE_EVENT, "wakes_event") \
	X(WAKE_TIMEOUT, "wakes_timeout") \
	X(WAKE_CANCEL, "wakes_cancel") \
	X(WAKE_SIGNAL, "wakes_signal") \
	X(STACK_WAIT, "stack_waits") \
	X(STACK_CALL, "stack_calls") \
	X(TRIM_AWAY, "trimmed") \
	X(TRIM_BACK, "trims_restored") \
	X(TRIM_SAVED, "trims_taken_back") \
	X(TRIM_LEFT, "trims_refused") \
	X(TRIM_WAIT, "trim_waits") \
	X(TRIM_RESERVE, "trim_reserve_uses") \
	X(TRIM_SCAN, "trim_scans") \
	X(TRIM_SHRINK, "trims_shrinker") \
	X(PARK_BOUND, "parks_bound") \
	X(M_SPOILT, "m_spoilt") \
	X(M_LOCKED, "m_locked") \
	X(M_LOCKED_EXIT, "m_locked_exits") \
	X(P_WANTED, "p_wanted") \
	X(P_GIVEN, "p_given_to_wanted") \
	X(P_OFF, "p_off") \
	X(P_ON, "p_on") \
	X(P_DRAINED, "p_drained") \
	X(CPU_OFF, "cpu_offs") \
	X(CPU_ON, "cpu_ons") \
	X(M_ASTRAY, "m_astray") \
	X(M_BOUND, "m_bound_again") \
	X(PROCS_SET, "procs_changes") \
	X(PROCS_SINGLE, "procs_single") \
	X(FREEZE, "freezes") \
	X(THROTTLE, "throttles") \
	X(HOG_TICK, "hog_ticks") \
	X(HOG_ASKED, "hog_asked") \
	X(HOG_PREEMPTED, "hog_preempted") \
	X(HOG_GAVE, "hog_gave_p") \
	X(HOG_OUT, "hog_gave_p_sched_out") \
	X(HOG_YIELD, "hog_cond_yields") \
	X(HOG_NO_COUNT, "hog_refused_preempt_off") \
	X(HOG_NO_STATE, "hog_refused_on_its_way") \
	X(HOG_NO_FLAGS, "hog_refused_flags") \
	X(HOG_NO_STACK, "hog_refused_stack") \
	X(GO_ATOMIC, "g_created_atomic") \
	X(TIMER_FIRE, "timer_fires") \
	X(TIMER_STALE, "timer_fires_stale") \
	X(DEADLINE_ARM, "deadline_timer_starts") \
	X(DEADLINE_IRQ, "deadline_interrupts") \
	X(DEADLINE_POLL, "deadline_polls") \
	X(DEADLINE_BATCH, "deadline_batches") \
	X(DEADLINE_PAST, "deadlines_past") \
	X(MUTEX_HAND, "mutex_handed_on") \
	X(MUTEX_LOST, "mutex_woken_in_vain") \
	X(PASS_TIMEOUT, "gave_up_timeout") \
	X(PASS_CANCEL, "gave_up_cancel") \
	X(MISUSE, "misuses") \
	X(G_LOST, "g_lost") \
	X(BROKEN, "broken") \
	X(SELECT_PARK, "select_parks") \
	X(SELECT_MISS, "select_misses") \
	X(SELECT_LOOK, "select_looks") \
	X(SELECT_EVENT, "select_events") \
	X(WAIT_NESTED, "waits_nested") \
	X(WATCH_LOOK, "watchdog_looks") \
	X(WATCH_RUNNABLE, "watchdog_runnable") \
	X(WATCH_RUNNING, "watchdog_running") \
	X(WATCH_NO_M, "watchdog_no_m") \
	X(WATCH_ASLEEP, "watchdog_asleep") \
	X(STALE, "stale_sudogs") \
	X(STEAL_LOOK, "steal_looks") \
	X(STOLEN, "stolen") \
	X(LOCK_CORE, "contended_core") \
	X(LOCK_GLOBAL, "contended_global") \
	X(LOCK_P, "contended_p") \
	X(LOCK_DEPOT, "contended_depot") \
	X(RACE_HEAD, "races_head") \
	X(RACE_STEAL, "races_steal") \
	X(RACE_INBOX, "races_inbox") \
	X(RACE_IDLE, "races_idle") \
	X(RACE_SPIN, "races_spinning")

enum goro_counter {
#define GORO_COUNTER_ID(id, name) GORO_C_##id,
	GORO_COUNTERS(GORO_COUNTER_ID)
#undef GORO_COUNTER_ID
	GORO_C_MAX
};

/* the first ones are counted in each P, without a per-CPU access */
#define GORO_C_HOT	(GORO_C_RUNNEXT + 1)

#ifdef __KERNEL__
#include <linux/percpu.h>

struct goro_counters {
	u64 v[GORO_C_MAX];
};
DECLARE_PER_CPU(struct goro_counters, goro_counters);

/*
 * One instruction on x86, so safe in any context; UML, where the compiler might
 * make more of it, has no preemption, and its interrupts come between any two.
 */
#define goro_count(id)		raw_cpu_inc(goro_counters.v[id])
#define goro_count_n(id, n)	raw_cpu_add(goro_counters.v[id], n)

u64 goro_counter(enum goro_counter id);
const char *goro_counter_name(enum goro_counter id);
#endif

#endif /* _GORO_CORE_STATS_H */
