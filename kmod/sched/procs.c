// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many Ps there are: GOMAXPROCS, while goroutines run.
 *
 * The active Ps are those of the first `procs` CPUs that are online and not
 * isolated: as many as were asked for, or as there are. CPUs that go offline and come
 * online change that (hotplug.c); if all are offline that are not isolated the others
 * have to do, as for any thread.
 *
 * A P that is to go is called off (own.c): its owner gives it up at its
 * next scheduling point, what it has queued goes to the global queue, and it is
 * out. Nobody waits for that: who computes on, computes on. A P that comes is
 * called back; if it was out it idles, and is started if there is work.
 *
 * No readied G is out of reach:
 *   - Who has no P pushes to the inbox of ps[cpu]->to, with preemption off. First
 *     all `to` point to Ps that stay; after synchronize_rcu() nobody pushes to one
 *     that goes, and what its inbox has got since it was drained is taken. Until
 *     then thieves look there, too.
 *   - Its owner pushes to its ring until it gives it up, and drains it then.
 *   - A P that comes looks at everything after its idle bit was set: see (2) of
 *     sched.c. So goro_wake_p() may miss it.
 *
 * goro_sched.multi. While it is clear there is one P that can be owned, its owner
 * moves the ring's head without atomics and takes runnext by a plain store, and
 * nobody steals. All that looks at it does so with preemption off.
 *   Set: before the second P can be had; synchronize_rcu() then waits for every
 *     section that may have seen it clear. (sched_out, which comes after the
 *     quiescent state that its schedule() reports: a CPU reports one for a grace
 *     period that it has seen begin, and what it reads after that is what was
 *     written before. So either it has seen multi, or another quiescent state of
 *     its, after this sched_out, is waited for.)
 *   Cleared: when one P is active and all others are out. Thieves are owners, and
 *     no other P has one; each thief's last steal came before it gave its P up,
 *     under the P's lock, which we have taken since. The owner that remains may
 *     see either value: its atomics are not wrong, only slow.
 *
 * All under procs_lock, outermost but for the kernel's lock of CPU hotplug, under which
 * its callbacks come: nothing that takes that one is called under procs_lock.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sched/isolation.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "sched.h"

static DEFINE_MUTEX(procs_lock);
static bool started;			/* procs_lock */
static unsigned int wanted;		/* procs_lock: so many were asked for; 0: all */
static struct cpumask coming, going;	/* procs_lock */
static struct cpumask online;		/* procs_lock: CPUs that our callback has not seen go */

/* May it have an active P? */
static bool may_have_p(int cpu)
{
	const struct cpumask *mask = housekeeping_cpumask(HK_TYPE_DOMAIN);

	return cpumask_test_cpu(cpu, &online) &&
	       (cpumask_test_cpu(cpu, mask) || !cpumask_intersects(&online, mask));
}

unsigned int goro_num_cpu(void)
{
	unsigned int n = 0;
	int cpu;

	for_each_cpu(cpu, &online)
		n += may_have_p(cpu);
	return n;
}
EXPORT_SYMBOL_GPL(goro_num_cpu);

unsigned int goro_procs(void)
{
	return READ_ONCE(goro_sched.procs);
}
EXPORT_SYMBOL_GPL(goro_procs);

/* It may be had: by its owner, who has not heard of the call yet, or by anybody. */
static void p_on(struct goro_p *p)
{
	bool was_out;

	preempt_disable();
	raw_spin_lock_irq(&p->lock);
	WRITE_ONCE(p->call, p->call & ~GORO_CALL_OFF);
	was_out = p->out;
	p->out = false;
	raw_spin_unlock_irq(&p->lock);
	if (was_out) {
		goro_count(GORO_C_P_ON);
		goro_p_set_idle(p);
		smp_mb__after_atomic();	/* (2) of sched.c */
		if (goro_any_work() && goro_p_claim_idle(p))
			goro_p_start(p, false);
	}
	preempt_enable();
}

/* Pushes of CPUs without an active P are spread over those that have one. */
static void redirect(const struct cpumask *to)
{
	int cpu, next = -1;

	for_each_possible_cpu(cpu) {
		struct goro_p *p = goro_sched.ps[cpu];

		if (cpumask_test_cpu(cpu, to)) {
			WRITE_ONCE(p->to, p);
			continue;
		}
		next = cpumask_next(next, to);
		if (next >= nr_cpu_ids)
			next = cpumask_first(to);
		WRITE_ONCE(p->to, goro_sched.ps[next]);
	}
}

static void off(void)
{
	int cpu;

	for_each_cpu(cpu, &going) {
		struct goro_p *p = goro_sched.ps[cpu];

		cpumask_clear_cpu(cpu, &goro_sched.active);
		raw_spin_lock_irq(&p->lock);
		WRITE_ONCE(p->call, p->call | GORO_CALL_OFF);
		raw_spin_unlock_irq(&p->lock);
	}
	smp_mb();	/* (3) of own.c */
	for_each_cpu(cpu, &going) {
		struct goro_p *p = goro_sched.ps[cpu];

		preempt_disable();
		if (goro_p_claim_idle(p))
			goro_p_release(p);
		preempt_enable();
	}
	synchronize_rcu();	/* nobody pushes there any more */
	for_each_cpu(cpu, &going) {
		preempt_disable();
		goro_p_drain_inbox(goro_sched.ps[cpu]);
		preempt_enable();
	}
}

/* As many as are wanted, or as there are CPUs for. */
static void set_procs(void)
{
	static struct cpumask now;
	unsigned int n = 0;
	int cpu;

	cpumask_clear(&now);
	for_each_cpu(cpu, &online)
		if (may_have_p(cpu) && (!wanted || n < wanted)) {
			cpumask_set_cpu(cpu, &now);
			n++;
		}
	cpumask_andnot(&coming, &now, &goro_sched.active);
	cpumask_andnot(&going, &goro_sched.active, &now);
	if (cpumask_empty(&coming) && cpumask_empty(&going))
		return;
	goro_count(GORO_C_PROCS_SET);
	if (n + cpumask_weight(&going) > 1 && !goro_multi()) {
		WRITE_ONCE(goro_sched.multi, true);
		synchronize_rcu();
	}
	/* procs is never less than there are bits: find() takes what idles from it */
	WRITE_ONCE(goro_sched.procs, n + cpumask_weight(&going));
	for_each_cpu(cpu, &coming) {
		/* where that fails more are asked for when the P is to run */
		if (!READ_ONCE(goro_sched.ps[cpu]->nms))
			goro_m_create(goro_sched.ps[cpu]);
		cpumask_set_cpu(cpu, &goro_sched.active);
		p_on(goro_sched.ps[cpu]);
	}
	redirect(&now);
	if (!cpumask_empty(&going))
		off();
	WRITE_ONCE(goro_sched.procs, n);
}

/* n: 0 for all, those that come later, too */
static int want_procs(unsigned int n)
{
	bool is_g = goro_in_goroutine();
	int former;

	if (is_g)
		goro_block_begin();
	mutex_lock(&procs_lock);
	former = goro_procs();
	if (goro_sched.stopping) {
		former = -ENODEV;
	} else if (n > goro_num_cpu()) {
		former = -EINVAL;
	} else {
		wanted = n;
		set_procs();
	}
	mutex_unlock(&procs_lock);
	if (is_g) {
		goro_block_end();
		goro_yield();	/* our own P may have to go */
	}
	return former;
}

int goro_set_procs(int n)
{
	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	return n > 0 ? want_procs(n) : goro_procs();
}
EXPORT_SYMBOL_GPL(goro_set_procs);

/* A CPU has come online, or begins to go offline; in its own thread, under the kernel's lock. */
void goro_procs_cpu(int cpu, bool on)
{
	struct goro_p *p = goro_sched.ps[cpu];

	mutex_lock(&procs_lock);
	if (goro_sched.stopping)
		goto out;
	if (on) {
		goro_count(GORO_C_CPU_ON);
		goro_hog_reset(p);
		goro_near_online(cpu);
		goro_p_bind_ms(p);
		cpumask_set_cpu(cpu, &online);
	} else {
		goro_count(GORO_C_CPU_OFF);
		cpumask_clear_cpu(cpu, &online);
	}
	set_procs();
out:
	mutex_unlock(&procs_lock);
}

/* ---- what can be done later: once those that go are out ----------------- */

static void settle(struct work_struct *work)
{
	bool alone = true;
	int cpu;

	cpus_read_lock();	/* a CPU that is on its way has gone, or stays */
	mutex_lock(&procs_lock);
	for_each_possible_cpu(cpu) {
		struct goro_p *p = goro_sched.ps[cpu];
		bool out;

		raw_spin_lock_irq(&p->lock);
		out = p->out;
		raw_spin_unlock_irq(&p->lock);
		if (out && cpumask_test_cpu(cpu, &goro_sched.active)) {
			/* its M was taken off the CPU, which is there: see hotplug.c */
			goro_p_bind_ms(p);
			p_on(p);
		} else if (out) {
			/* only we can bring it back: what its owner alone may touch is ours */
			goro_g_trim(p);
			goro_batches_free(p);
			goro_stack_flush(p);
		} else if (!cpumask_test_cpu(cpu, &goro_sched.active)) {
			alone = false;
		}
	}
	if (alone && goro_sched.procs == 1 && goro_multi()) {
		WRITE_ONCE(goro_sched.multi, false);
		goro_count(GORO_C_PROCS_SINGLE);
	}
	mutex_unlock(&procs_lock);
	cpus_read_unlock();
}

static DECLARE_WORK(settle_work, settle);

/* A P is out. */
void goro_procs_settle(void)
{
	if (!READ_ONCE(goro_sched.stopping))
		schedule_work(&settle_work);
}

/* ---- the parameter: /sys/module/goro/parameters/procs ------------------- */

static int param_set(const char *val, const struct kernel_param *kp)
{
	unsigned int n;
	int err = kstrtouint(val, 0, &n);

	if (err)
		return err;
	mutex_lock(&procs_lock);
	if (!started && !goro_sched.stopping)
		wanted = n;
	else
		err = 1;
	mutex_unlock(&procs_lock);
	if (!err)
		return 0;
	if (n > INT_MAX)
		return -EINVAL;
	err = want_procs(n);
	return min(err, 0);
}

static int param_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%u\n", goro_procs());
}

static const struct kernel_param_ops param_ops = { .set = param_set, .get = param_get };

module_param_cb(procs, &param_ops, NULL, 0644);
MODULE_PARM_DESC(procs, "how many Ps run goroutines (GOMAXPROCS); 0: all housekeeping CPUs");

/* ---- load and unload ----------------------------------------------------- */

static struct goro_p *p_create(int cpu)
{
	struct goro_p *p = kzalloc_node(sizeof(*p), GFP_KERNEL, cpu_to_node(cpu));

	if (!p)
		return NULL;
	p->cpu = cpu;
	p->tick = GORO_FAIR;
	p->rand = get_random_u32() | 1;
	init_llist_head(&p->inbox);
	INIT_LIST_HEAD(&p->ms);
	INIT_LIST_HEAD(&p->dead);
	INIT_DELAYED_WORK(&p->spawn_m, goro_p_spawn_m);
	INIT_WORK(&p->bury, goro_p_bury);
	goro_p_init_own(p);
	goro_hog_init(p);
	return p;
}

/* One M to run it, one spare, for each of the first n. */
static int create_ms(unsigned int n)
{
	int cpu, err = 0;

	for_each_cpu(cpu, &online) {
		if (!n || err)
			break;
		if (!may_have_p(cpu))
			continue;
		n--;
		err = goro_m_create(goro_sched.ps[cpu]) ?: goro_m_create(goro_sched.ps[cpu]);
	}
	return err;
}

/* On an error goro_m_exit() undoes what was done. */
int goro_procs_init(void)
{
	unsigned int n, max;
	int cpu, err;

	goro_sched.ps = kcalloc(nr_cpu_ids, sizeof(*goro_sched.ps), GFP_KERNEL);
	if (!goro_sched.ps)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		goro_sched.ps[cpu] = p_create(cpu);
		if (!goro_sched.ps[cpu])
			return -ENOMEM;
	}
	cpus_read_lock();
	mutex_lock(&procs_lock);
	cpumask_copy(&online, cpu_online_mask);
	err = goro_near_init(&online);
	if (err)
		goto out;
	max = goro_num_cpu();
	n = wanted ?: max;
	err = -EINVAL;
	if (n > max) {
		pr_err("goro: procs=%u, but only %u CPUs are online and not isolated\n", n, max);
		goto out;
	}
	/* without any P active they sleep */
	err = create_ms(n);
	if (err)
		goto out;
	set_procs();
	err = goro_hotplug_init();
	started = !err;
out:
	mutex_unlock(&procs_lock);
	cpus_read_unlock();
	return err;
}

/* From here on nothing changes any more. */
void goro_procs_stop(void)
{
	mutex_lock(&procs_lock);
	WRITE_ONCE(goro_sched.stopping, true);
	mutex_unlock(&procs_lock);
	goro_hotplug_exit();
}

/* All Ms have ended. */
void goro_procs_exit(void)
{
	cancel_work_sync(&settle_work);
}
