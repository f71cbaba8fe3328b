/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The ABI's offsets, sizes and numbers, pinned: included by dev/chardev.c and
 * by tests/selftests/abi.c, which is also built for 32 bits. A struct that
 * grows gets new lines for its fields, and its size and its ioctl's number, which
 * holds the size, change; no offset ever does, nor the size of the first version.
 */
#ifndef _GORO_DEV_ABI_PINS_H
#define _GORO_DEV_ABI_PINS_H

#include <linux/goro.h>

#define PIN(s, f, off)	static_assert(offsetof(struct s, f) == (off), #s "." #f)
#define PIN_SIZE(s, n)	static_assert(sizeof(struct s) == (n) && (n) % 8 == 0, #s)
#define PIN_CMD(c, n)	static_assert((c) == (n), #c)

PIN(goro_query, flags, 0);
PIN(goro_query, abi, 4);
PIN(goro_query, features, 8);
PIN(goro_query, elem_max, 16);
PIN(goro_query, procs, 20);
PIN(goro_query, cap_max, 24);
PIN(goro_query, chan_bytes_max, 32);
PIN(goro_query, arg_max, 40);
PIN(goro_query, task_chans_max, 44);
PIN(goro_query, user_files_max, 48);
PIN(goro_query, user_chans_max, 56);
PIN(goro_query, user_bytes_max, 64);
PIN(goro_query, user_tasks_max, 72);
PIN(goro_query, user_stack_bytes_max, 80);
PIN(goro_query, select_cases_max, 88);
PIN(goro_query, group_limit_max, 92);
PIN_SIZE(goro_query, 96);
static_assert(GORO_QUERY_SIZE_1 == 48, "goro_query");

PIN(goro_usage, flags, 0);
PIN(goro_usage, uid, 4);
PIN(goro_usage, files, 8);
PIN(goro_usage, chans, 16);
PIN(goro_usage, bytes, 24);
PIN(goro_usage, tasks, 32);
PIN(goro_usage, stack_bytes, 40);
PIN_SIZE(goro_usage, 48);

PIN(goro_cpu_stat, flags, 0);
PIN(goro_cpu_stat, reserved, 4);
PIN(goro_cpu_stat, usage_ns, 8);
PIN(goro_cpu_stat, nr_periods, 16);
PIN(goro_cpu_stat, nr_throttled, 24);
PIN(goro_cpu_stat, throttled_ns, 32);
PIN(goro_cpu_stat, quota_ns, 40);
PIN(goro_cpu_stat, period_ns, 48);
PIN(goro_cpu_stat, top_quota_ns, 56);
PIN(goro_cpu_stat, top_period_ns, 64);
PIN_SIZE(goro_cpu_stat, 72);

PIN(goro_cpu_max, flags, 0);
PIN(goro_cpu_max, reserved, 4);
PIN(goro_cpu_max, quota_ns, 8);
PIN(goro_cpu_max, period_ns, 16);
PIN_SIZE(goro_cpu_max, 24);

PIN(goro_chan_create, flags, 0);
PIN(goro_chan_create, elem, 4);
PIN(goro_chan_create, cap, 8);
PIN_SIZE(goro_chan_create, 16);

PIN(goro_xfer, flags, 0);
PIN(goro_xfer, n, 4);
PIN(goro_xfer, buf, 8);
PIN(goro_xfer, deadline, 16);
PIN_SIZE(goro_xfer, 24);

PIN(goro_chan_info, flags, 0);
PIN(goro_chan_info, state, 4);
PIN(goro_chan_info, elem, 8);
PIN(goro_chan_info, senders, 12);
PIN(goro_chan_info, receivers, 16);
PIN(goro_chan_info, reserved, 20);
PIN(goro_chan_info, cap, 24);
PIN(goro_chan_info, len, 32);
PIN(goro_chan_info, id, 40);
PIN_SIZE(goro_chan_info, 48);

PIN(goro_select_case, fd, 0);
PIN(goro_select_case, op, 4);
PIN(goro_select_case, buf, 8);
PIN(goro_select_case, len, 16);
PIN(goro_select_case, result, 20);
PIN_SIZE(goro_select_case, 24);

PIN(goro_select_wait, flags, 0);
PIN(goro_select_wait, n, 4);
PIN(goro_select_wait, cases, 8);
PIN(goro_select_wait, deadline, 16);
PIN_SIZE(goro_select_wait, 24);

PIN(goro_timer_set, flags, 0);
PIN(goro_timer_set, reserved, 4);
PIN(goro_timer_set, deadline, 8);
PIN(goro_timer_set, period, 16);
PIN_SIZE(goro_timer_set, 24);

PIN(goro_ctx_create, flags, 0);
PIN(goro_ctx_create, parent, 4);
PIN(goro_ctx_create, deadline, 8);
PIN_SIZE(goro_ctx_create, 16);

PIN(goro_cancel, flags, 0);
PIN(goro_cancel, cause, 4);
PIN_SIZE(goro_cancel, 8);

PIN(goro_ctx_info, flags, 0);
PIN(goro_ctx_info, state, 4);
PIN(goro_ctx_info, err, 8);
PIN(goro_ctx_info, cause, 12);
PIN(goro_ctx_info, deadline, 16);
PIN_SIZE(goro_ctx_info, 24);

PIN(goro_ctx_result, err, 0);
PIN(goro_ctx_result, cause, 4);
PIN_SIZE(goro_ctx_result, 8);

PIN(goro_group_create, flags, 0);
PIN(goro_group_create, limit, 4);
PIN(goro_group_create, parent, 8);
PIN(goro_group_create, reserved, 12);
PIN_SIZE(goro_group_create, 16);

PIN(goro_group_wait, flags, 0);
PIN(goro_group_wait, result, 4);
PIN(goro_group_wait, deadline, 8);
PIN_SIZE(goro_group_wait, 16);

PIN(goro_group_info, flags, 0);
PIN(goro_group_info, state, 4);
PIN(goro_group_info, result, 8);
PIN(goro_group_info, cause, 12);
PIN(goro_group_info, limit, 16);
PIN(goro_group_info, running, 20);
PIN(goro_group_info, started, 24);
PIN_SIZE(goro_group_info, 32);

PIN(goro_task_spawn, flags, 0);
PIN(goro_task_spawn, n_chans, 4);
PIN(goro_task_spawn, chans, 8);
PIN(goro_task_spawn, arg, 16);
PIN(goro_task_spawn, arg_len, 24);
PIN(goro_task_spawn, reserved, 28);
PIN(goro_task_spawn, class_name, 32);
PIN(goro_task_spawn, ctx, 64);
PIN(goro_task_spawn, group, 68);
PIN(goro_task_spawn, deadline, 72);
PIN_SIZE(goro_task_spawn, 80);
static_assert(GORO_TASK_SPAWN_SIZE_1 == 64, "goro_task_spawn");

PIN(goro_task_wait, flags, 0);
PIN(goro_task_wait, result, 4);
PIN(goro_task_wait, deadline, 8);
PIN_SIZE(goro_task_wait, 16);

PIN(goro_task_info, flags, 0);
PIN(goro_task_info, state, 4);
PIN(goro_task_info, result, 8);
PIN(goro_task_info, n_chans, 12);
PIN(goro_task_info, class_name, 16);
PIN_SIZE(goro_task_info, 48);

PIN(goro_task_result, result, 0);
PIN_SIZE(goro_task_result, 8);

PIN(goro_stats, flags, 0);
PIN(goro_stats, reserved, 4);
PIN(goro_stats, g_created, 8);
PIN(goro_stats, chan_created, 24);
PIN(goro_stats, task_created, 40);
PIN(goro_stats, stack_created, 56);
PIN(goro_stats, m_created, 72);
PIN(goro_stats, switches, 88);
PIN(goro_stats, readies, 128);
PIN(goro_stats, wakes_signal, 160);
PIN_SIZE(goro_stats, 168);

PIN(goro_wc_chunk, len, 0);
PIN(goro_wc_chunk, flags, 4);
PIN_SIZE(goro_wc_chunk, 8);
PIN(goro_wc_total, lines, 0);
PIN(goro_wc_total, chunks, 24);
PIN_SIZE(goro_wc_total, 32);

PIN_CMD(GORO_IOC_QUERY, 0xc060c600);
PIN_CMD(GORO_IOC_STATS, 0xc0a8c601);
PIN_CMD(GORO_IOC_CHAN_CREATE, 0x4010c602);
PIN_CMD(GORO_IOC_TASK_SPAWN, 0x4050c603);
PIN_CMD(GORO_IOC_USAGE, 0xc030c604);
PIN_CMD(GORO_IOC_CPU_STAT, 0xc048c605);
PIN_CMD(GORO_IOC_CPU_MAX, 0x4018c606);
PIN_CMD(GORO_IOC_TIMER, 0x4018c607);
PIN_CMD(GORO_IOC_CTX, 0x4010c608);
PIN_CMD(GORO_IOC_GROUP, 0x4010c609);
PIN_CMD(GORO_IOC_SELECT, 0x4018c60a);
PIN_CMD(GORO_IOC_SEND, 0x4018c620);
PIN_CMD(GORO_IOC_RECV, 0x4018c621);
PIN_CMD(GORO_IOC_CHAN_CLOSE, 0x0000c622);
PIN_CMD(GORO_IOC_CHAN_INFO, 0xc030c623);
PIN_CMD(GORO_IOC_TASK_WAIT, 0xc010c640);
PIN_CMD(GORO_IOC_TASK_CANCEL, 0x0000c641);
PIN_CMD(GORO_IOC_TASK_INFO, 0xc030c642);

PIN_CMD(GORO_IOC_TIMER_RESET, 0x4018c630);
PIN_CMD(GORO_IOC_TIMER_STOP, 0x0000c631);
PIN_CMD(GORO_IOC_CTX_CANCEL, 0x4008c650);
PIN_CMD(GORO_IOC_CTX_INFO, 0xc018c651);
PIN_CMD(GORO_IOC_GROUP_WAIT, 0xc010c658);
PIN_CMD(GORO_IOC_GROUP_CANCEL, 0x4008c659);
PIN_CMD(GORO_IOC_GROUP_INFO, 0xc020c65a);

#endif /* _GORO_DEV_ABI_PINS_H */
