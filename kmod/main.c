// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro.ko: what is set up in which order, and taken down in reverse.
 *
 * Unloading: other modules that use goro and open files of /dev/goro pin it,
 * so when goro_exit_module() runs there is no one left to start a goroutine.
 */
#include <linux/module.h>
#include "dev/dev.h"
#include "sched/platform.h"
#include "sched/sched.h"
#include "sched/trim.h"

module_param_named(max_ms, goro_param_max_ms, uint, 0644);
MODULE_PARM_DESC(max_ms, "at most so many kernel threads");

static void check(enum goro_counter created, const char *what)
{
	u64 a = goro_counter(created), b = goro_counter(created + 1);

	if (a != b)
		pr_err("goro: BUG: %llu %s created, %llu destroyed\n", a, what, b);
}

static void report(void)
{
	pr_info("goro: unloaded: G %llu/%llu, chan %llu/%llu, stack %llu/%llu, M %llu/%llu, task %llu/%llu\n",
		goro_counter(GORO_C_G_CREATED), goro_counter(GORO_C_G_DESTROYED),
		goro_counter(GORO_C_CHAN_CREATED), goro_counter(GORO_C_CHAN_DESTROYED),
		goro_counter(GORO_C_STACK_CREATED), goro_counter(GORO_C_STACK_DESTROYED),
		goro_counter(GORO_C_M_CREATED), goro_counter(GORO_C_M_DESTROYED),
		goro_counter(GORO_C_TASK_CREATED), goro_counter(GORO_C_TASK_DESTROYED));
	check(GORO_C_G_CREATED, "goroutines");
	check(GORO_C_CHAN_CREATED, "channels");
	check(GORO_C_STACK_CREATED, "stacks");
	check(GORO_C_M_CREATED, "Ms");
	check(GORO_C_TASK_CREATED, "tasks");
	check(GORO_C_CTX_CREATED, "contexts");
	check(GORO_C_ACCT_CREATED, "accounts");
	check(GORO_C_TIMER_CREATED, "timers");
}

static int __init goro_init_module(void)
{
	struct goro_platform platform;
	const char *why_not;
	int err;

	goro_platform_facts(&platform);
	why_not = goro_platform_refusal(&platform);
	if (why_not) {
		pr_err("goro: not supported: %s\n", why_not);
		return -EOPNOTSUPP;
	}
	goro_port_init();
	err = goro_g_init();
	if (err)
		return err;
	goro_stack_init();
	err = goro_trim_init();
	if (err)
		goto err_stack;
	err = goro_m_init();
	if (err)
		goto err_trim;
	err = goro_lost_init();
	if (err)
		goto err_m;
	goro_dump_init();
	err = goro_dev_init();
	if (err)
		goto err_dump;
	pr_info("goro: loaded, %u procs\n", goro_procs());
	return 0;

err_dump:
	goro_dump_exit();
	goro_lost_exit();
err_m:
	goro_m_exit();
err_trim:
	goro_trim_exit();
err_stack:
	goro_stack_exit();
	goro_g_exit();
	return err;
}

static void __exit goro_exit_module(void)
{
	goro_dev_exit();
	goro_dump_exit();
	goro_lost_exit();
	goro_ctx_exit();
	goro_m_exit();
	goro_trim_exit();
	goro_stack_exit();
	goro_g_exit();
	report();
}

module_init(goro_init_module);
module_exit(goro_exit_module);
MODULE_DESCRIPTION("goroutines, channels and a G/M/P scheduler");
MODULE_LICENSE("GPL");
