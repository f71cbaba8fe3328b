// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of the port's kernel side (port_kernel.h) is not inline: its data, and trace
 * events.
 */
#include <linux/moduleparam.h>
#include <linux/random.h>
#include "sched.h"

DEFINE_PER_CPU(u64, goro_rand);
EXPORT_PER_CPU_SYMBOL_GPL(goro_rand);	/* for tests */

static bool lock_stats;
module_param(lock_stats, bool, 0444);
MODULE_PARM_DESC(lock_stats, "count how often a channel's lock, or another object's, is not to be had at once");
#ifdef CONFIG_JUMP_LABEL
DEFINE_STATIC_KEY_FALSE(goro_lock_stats);
#endif

#ifdef CONFIG_DEBUG_LOCK_ALLOC
static struct lock_class_key nest_key;
struct goro_nest goro_nest = {
	.dep_map = STATIC_LOCKDEP_MAP_INIT("goro_select", &nest_key),
};
#endif

void goro_port_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		per_cpu(goro_rand, cpu) = get_random_u64();
#ifdef CONFIG_JUMP_LABEL
	if (lock_stats)
		static_branch_enable(&goro_lock_stats);
#endif
}

/* Somebody has the event on. */
noinline void goro_traced_send(struct goro_chan *c)
{
	trace_goro_chan_send(c->id, c->n);
}

noinline void goro_traced_recv(struct goro_chan *c)
{
	trace_goro_chan_recv(c->id, c->n);
}

noinline void goro_traced_select(unsigned int n, int pick)
{
	trace_goro_select(n, pick);
}
