// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs that go offline, and come online.
 *
 * Ms are bound to their CPU, but as any thread that is no part of the kernel's own
 * hotplug: when the CPU goes down the kernel takes those that run to another one, and
 * those that sleep wake up on another one; nothing asks goro before, and its callback
 * comes later. An M that is not on its CPU is *astray*. In sched_in it calls its P off
 * and gives it up, as in a sleep: what is queued there goes to the global queue, the
 * P is out. (But not on its way out of a sleep for a P, or out of the refrigerator:
 * then it gives it up at its next scheduling point, as any P that is called off.) It
 * runs its G on without a P, up to the next scheduling point, and sleeps there as a
 * spare. A G that is locked or bound stays with it, and goes on without a P as long as
 * the CPU is offline.
 *
 * The callback (procs.c) takes the CPU's P off for good, if the M has not come to it
 * yet, sends pushes elsewhere, waits for a grace period and drains the inbox.
 * Thieves look at all Ps, offline ones too. It does not wait for the owner, who may be
 * in the refrigerator, or compute.
 *
 * A P that was called off by its M may yet be wanted: somebody else's callback may
 * refuse, and the CPU stays without ours being called. So retiring a P queues a work
 * item, which waits until no CPU is on its way, and brings back what is out and should
 * not be (procs.c).
 *
 * When the CPU comes back all Ms are bound to it first, wherever they are: then their
 * P may be had again. An M that is made meanwhile is in the list, and bound with the
 * others, or wakes for the first time when the CPU is there.
 *
 * What lies with an offline CPU: the deadlines' timer has been taken elsewhere by the
 * kernel, goes off there and readies there; the tick for hogs lapses there. An M that is
 * astray is watched by the tick of the CPU that it is on. Allocations that a P's owner
 * keeps are freed once it is out, as after goro_set_procs().
 *
 * How many Ps there are is procs.c's: as many as were asked for, or as there are CPUs.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include "sched.h"

#ifdef GORO_HAVE_NOTIFIERS
/* In sched_in, on another CPU than m's: no rq lock is held, preemption is off. */
void goro_m_astray(struct goro_m *m)
{
	struct goro_p *p = m->p;
	unsigned long flags;

	if (!p)
		return;
	goro_count(GORO_C_M_ASTRAY);
	raw_spin_lock_irqsave(&p->lock, flags);
	WRITE_ONCE(p->call, p->call | GORO_CALL_OFF);
	raw_spin_unlock_irqrestore(&p->lock, flags);
	if (m->waits || m->frozen)
		return;
	if (m->spinning) {
		m->spinning = false;
		if (atomic_dec_and_test(&goro_sched.nspinning))
			goro_wake_p();
	}
	goro_p_disown(m, p);
	goro_p_release(p);
}
#endif

#define SOME	16

/* Of the next Ms of p, *left in all, those that are not bound to its CPU; referenced. */
static int some_unbound(struct goro_p *p, struct task_struct **tasks, u32 *left)
{
	int n = 0, i;

	raw_spin_lock_irq(&p->lock);
	for (i = 0; i < SOME && *left; i++) {
		struct goro_m *m = list_first_entry_or_null(&p->ms, struct goro_m, node);

		if (!m) {
			*left = 0;
			break;
		}
		--*left;
		list_move_tail(&m->node, &p->ms);
		if (!cpumask_equal(m->task->cpus_ptr, cpumask_of(p->cpu)))
			tasks[n++] = get_task_struct(m->task);
	}
	raw_spin_unlock_irq(&p->lock);
	return n;
}

/* p's CPU is online: all Ms go there. May sleep. */
void goro_p_bind_ms(struct goro_p *p)
{
	struct task_struct *tasks[SOME];
	u32 left;
	int n;

	raw_spin_lock_irq(&p->lock);
	left = p->nms;
	raw_spin_unlock_irq(&p->lock);
	while (left) {
		for (n = some_unbound(p, tasks, &left); n--; put_task_struct(tasks[n]))
			if (!set_cpus_allowed_ptr(tasks[n], cpumask_of(p->cpu)))
				goro_count(GORO_C_M_BOUND);
	}
}

/* ---- the kernel's callbacks: in the CPU's own thread, which may sleep ------ */

static int cpu_up_cb(unsigned int cpu)
{
	goro_procs_cpu(cpu, true);
	return 0;
}

static int cpu_down_cb(unsigned int cpu)
{
	goro_procs_cpu(cpu, false);
	return 0;
}

static int state;

/* The caller holds cpus_read_lock(), and knows which CPUs are online. */
int goro_hotplug_init(void)
{
	int ret = __cpuhp_setup_state_cpuslocked(CPUHP_AP_ONLINE_DYN, "goro:online", false,
						 cpu_up_cb, cpu_down_cb, false);

	if (ret < 0)
		return ret;
	state = ret;
	return 0;
}

/* On return none of the callbacks is going on, nor will be. */
void goro_hotplug_exit(void)
{
	if (state)
		cpuhp_remove_state_nocalls(state);
	state = 0;
}
