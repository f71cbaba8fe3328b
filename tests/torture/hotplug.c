// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs go offline and come online all the time (parameter hotplug), beside all scenes,
 * which must not notice. One thread does it, so that it has an end: after it all CPUs
 * are as they were. Mostly it takes the CPU of a goroutine that is locked to its thread,
 * and waits or computes meanwhile: that one goes on, on the same thread and another CPU,
 * and is where it was when the CPU is back.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/kthread.h>
#include <linux/sched/task.h>
#include "torture.h"

atomic64_t tt_plug_moved;

#ifdef CONFIG_HOTPLUG_CPU
static struct task_struct *plugger;
static struct cpumask before;		/* online at the begin */

/* Does this machine let it go? CPU 0 mostly it does not. */
static bool may_go(int cpu)
{
	return !get_cpu_device(cpu)->offline_disabled;
}

static int some_cpu(struct rnd_state *r)
{
	unsigned int i = tt_rnd(r, cpumask_weight(&before));
	int cpu;

	for_each_cpu(cpu, &before)
		if (!i--)
			break;
	return cpu;
}

static bool plug_cpu(int cpu, bool on)
{
	int err = on ? add_cpu(cpu) : remove_cpu(cpu);

	if (err < 0)	/* 1: it is so already */
		tt_fail(TT_ERRNO, 0, "CPU %d %s: %d", cpu, on ? "online" : "offline", err);
	return err == 0;
}

/* One that is locked to its thread; the plugger's frame. */
struct pinned {
	struct goro_chan *c;		/* it is told that its CPU has come back, or gone */
	struct completion said;		/* where it is, or has been; that it ends */
	int cpu;
	bool computes;
	bool told;			/* the CPU has gone, if it computes */
	bool off;			/* it has gone, and not only been asked for */
};

static void pinned_fn(void *arg)
{
	struct task_struct *me;
	struct pinned *p = arg;

	goro_lock_thread();
	me = current;
	p->cpu = raw_smp_processor_id();
	complete(&p->said);
	if (p->computes)
		while (!smp_load_acquire(&p->told))	/* pairs with plug_pinned(): p->off */
			cpu_relax();
	else
		goro_chan_recv(p->c, NULL);
	if (current != me)
		tt_fail(TT_COUNT, 0, "locked, its CPU has gone, and so has its thread");
	if (p->off && raw_smp_processor_id() == p->cpu)
		tt_fail(TT_COUNT, 0, "on CPU %d, which is offline", p->cpu);
	if (p->off)
		atomic64_inc(&tt_plug_moved);
	complete(&p->said);
	goro_chan_recv(p->c, NULL);
	if (current != me || raw_smp_processor_id() != p->cpu)
		tt_fail(TT_COUNT, 0, "its CPU %d is back, and it is on %d", p->cpu,
			raw_smp_processor_id());
	goro_unlock_thread();
	complete(&p->said);
}

/* not a send that could wait: being told to stop is a signal to it */
static void plug_tell(struct goro_chan *c)
{
	if (goro_chan_try_send(c, NULL))
		tt_fail(TT_ERRNO, 0, "no room for what one is told of its CPU");
}

static void plug_pinned(struct goro_chan *c, bool computes)
{
	struct pinned p = { .c = c, .computes = computes };

	init_completion(&p.said);
	while (goro_go(pinned_fn, &p))
		msleep(20);
	wait_for_completion(&p.said);
	p.off = may_go(p.cpu) && plug_cpu(p.cpu, false);
	if (computes)
		smp_store_release(&p.told, true);	/* after p.off */
	else
		plug_tell(c);
	wait_for_completion(&p.said);
	if (p.off)
		plug_cpu(p.cpu, true);
	plug_tell(c);
	wait_for_completion(&p.said);
}

static int plug_fn(void *arg)
{
	struct goro_chan *c = arg;
	struct rnd_state r;
	int cpu;

	tt_seed(&r, 0, 1000);
	while (!kthread_should_stop()) {
		cpu = some_cpu(&r);
		if (tt_rnd(&r, 2))
			plug_pinned(c, tt_rnd(&r, 2));
		else if (may_go(cpu))
			plug_cpu(cpu, !cpu_online(cpu));
		msleep(tt_rnd(&r, 50));
	}
	for_each_cpu(cpu, &before)
		if (!cpu_online(cpu))
			plug_cpu(cpu, true);
	goro_chan_put(c);
	return 0;
}

int tt_plug_start(void)
{
	struct goro_chan *c = goro_chan_make(0, 1, 0);
	struct task_struct *t;

	if (IS_ERR(c))
		return PTR_ERR(c);
	cpumask_copy(&before, cpu_online_mask);
	t = kthread_create(plug_fn, c, "goro_torture/plug");
	if (IS_ERR(t)) {
		goro_chan_put(c);
		return PTR_ERR(t);
	}
	plugger = get_task_struct(t);
	wake_up_process(t);
	return 0;
}

void tt_plug_stop(void)
{
	if (!plugger)
		return;
	kthread_stop(plugger);
	put_task_struct(plugger);
	plugger = NULL;
}
#else
int tt_plug_start(void)
{
	return -EOPNOTSUPP;
}

void tt_plug_stop(void)
{
}
#endif
