// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which Ps are near: those that share the last-level cache, then those of the same node,
 * then all others. Thieves look there in this order, and who wakes an idle P takes one of
 * the first of these: what a G has touched is in that cache, its stack on that node.
 *
 * Each P has the CPUs in this order in an array (struct goro_near), the same for all Ps
 * of a ring but for where it begins: behind the P's own CPU, so that those who look for an
 * idle one do not all find the same. It lists all possible CPUs: a P that is off may
 * yet have something in its inbox.
 *
 * What a CPU shares with others the kernel knows when it has been online. So the arrays
 * are made anew when a CPU comes online that has not been so before; readers have
 * preemption off (RCU). Where there is no memory the old order stays: it is only an
 * order.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include "sched.h"

struct place {
	int llc, node;
};
static DEFINE_PER_CPU(struct place, places);	/* N: as far as it is known */

static bool is_near(int cpu, int other, enum goro_nearness ring)
{
	const struct place *a = per_cpu_ptr(&places, cpu), *b = per_cpu_ptr(&places, other);

	switch (ring) {
	case GORO_SAME_LLC:
		return a->node == b->node && a->llc == b->llc;
	case GORO_SAME_NODE:
		return a->node == b->node && a->llc != b->llc;
	default:
		return a->node != b->node;
	}
}

static struct goro_near *order(int cpu)
{
	unsigned int n = num_possible_cpus() - 1, ring, at = 0;
	struct goro_near *near;
	int other;

	near = kmalloc_node(struct_size(near, cpu, n), GFP_KERNEL, cpu_to_node(cpu));
	if (!near)
		return NULL;
	for (ring = 0; ring < GORO_NEARNESSES; ring++) {
		for_each_cpu_wrap(other, cpu_possible_mask, cpu)
			if (other != cpu && is_near(cpu, other, ring))
				near->cpu[at++] = other;
		near->end[ring] = at;
	}
	return near;
}

/* A CPU is online: is anything known of it that was not? procs.c's lock is held. */
static bool learn(int cpu)
{
	struct place *place = per_cpu_ptr(&places, cpu);
	int llc = goro_llc_id(cpu), node = cpu_to_node(cpu);

	if (place->llc == llc && place->node == node)
		return false;
	place->llc = llc;
	place->node = node;
	return true;
}

static int orders(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct goro_p *p = goro_sched.ps[cpu];
		struct goro_near *near = order(cpu), *old = rcu_dereference_protected(p->near, 1);

		if (!near)
			return -ENOMEM;	/* at load; later: see above */
		rcu_assign_pointer(p->near, near);
		if (old)
			kfree_rcu(old, rcu);
	}
	return 0;
}

/* Under procs.c's lock. */
void goro_near_online(int cpu)
{
	if (learn(cpu))
		orders();
}

int goro_near_init(const struct cpumask *online)
{
	int cpu;

	for_each_possible_cpu(cpu)
		per_cpu(places, cpu) = (struct place){ -1, cpu_to_node(cpu) };
	for_each_cpu(cpu, online)
		learn(cpu);
	return orders();
}

/* Nobody looks at it any more. */
void goro_near_exit(struct goro_p *p)
{
	kfree(rcu_dereference_protected(p->near, 1));
}
