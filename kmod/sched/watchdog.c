// SPDX-License-Identifier: GPL-2.0-only
/*
 * The watchdog: says once what stands still for `watchdog` seconds.
 *
 *   runnable  a goroutine is ready and nobody runs it
 *   running   a goroutine has an M and comes to no scheduling point, while others wait
 *             for its P, or hog.c has taken that from it: it computes, or (without
 *             preempt notifiers) it sleeps in a call
 *   no M      a P has work and no thread: all max_ms are in calls of their goroutines
 *   asleep    all goroutines of a group wait for each other: asleep.c
 *
 * The switch knows nothing of it. Every half of that time a timer starts a look: a walk
 * over all goroutines, which keeps in each (g->watch) since which look it is ready, or
 * runs, without a scheduling point since (g->since). So what is said was so all the
 * time, and longer than told: a late look makes it later, never wrong. A walk takes 2 %
 * of a CPU at most: where it takes longer the looks are farther apart.
 *
 * Nothing is armed while nothing can go wrong: no P is owned, nothing is queued, no
 * group may yet be found asleep. Who takes a P that idles arms it (goro_p_claim_idle()):
 *   look:  armed = false, full barrier, look at Ps and queues again
 *   taker: clear the idle bit (a full barrier), look at armed
 * One of the two sees the other.
 *
 * Looks are made by a work item, under look_lock. Where no worker comes to run, as a
 * goroutine has the only CPU and nobody can preempt it, the timer itself names it: it
 * has interrupted it, so the goroutine stays while it looks.
 *
 * What user space's tasks do is not said in the log, as users could fill it, but
 * counted and traced like the rest.
 */
#include <linux/debugfs.h>
#include <linux/moduleparam.h>
#include <linux/seq_file.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include "dump.h"
#include "sched.h"

#define SECONDS_MAX	3600
#define SHOWN_MAX	8	/* goroutines of a kind that are shown, a look */
#define COST		50	/* a look takes one part in so many of the time */

/* g->watch: the look since when it is so (1 to LOOKS, 0: none), what, and what was said */
#define LOOKS		15
#define W_LOOK		0x0f
#define W_RUNS		BIT(4)
#define W_SAID_READY	BIT(5)
#define W_SAID_RUNS	BIT(6)
/* and GORO_WATCH_SAID_ASLEEP */

/* L: lock; K: look_lock */
static struct {
	unsigned int seconds;		/* L: the parameter; 0: off */
	bool off;			/* L: the switch in debugfs */
	bool stopping;			/* L */
	unsigned long interval;		/* L: jiffies between looks */

	u32 asked;			/* K: looks that were asked for */
	u32 before[2];			/* K: jiffies, of the last two of those */
	u32 times[LOOKS + 1];		/* K: jiffies, at their beginnings */
	u32 epoch;			/* K: nothing before it counts */
	u8 look;			/* K: the one that is made, 1 to LOOKS */
	u32 need;			/* K: jiffies after which something is said */
	bool again;			/* K: there has to be another one */
	unsigned int shown[GORO_WATCH_MAX];	/* K: this time */
	unsigned int more[GORO_WATCH_MAX];	/* K: likewise, and not shown */
} wd = { .seconds = 10 };

static DEFINE_RAW_SPINLOCK(lock);
static DEFINE_MUTEX(look_lock);
bool goro_watchdog_armed = true;	/* L; or there is nothing to be armed */
static struct goro_walk walk;		/* K */
static const char * const kinds[] = { "runnable", "running", "no_m", "asleep" };
static const enum goro_counter counters[] = {
	GORO_C_WATCH_RUNNABLE, GORO_C_WATCH_RUNNING, GORO_C_WATCH_NO_M, GORO_C_WATCH_ASLEEP,
};

/* what a P without an M has done, and since which look */
struct orphan {
	u64 switches;
	u32 since;			/* jiffies; with seen */
	bool seen, said;
};
static DEFINE_PER_CPU(struct orphan, orphans);	/* K */

void goro_watch_tell(enum goro_watch kind, u64 what, u32 n, u32 ms)
{
	goro_count(counters[kind]);
	trace_goro_watchdog(kind, what, n, ms);
}

/* Set a bit that says that it was said. True: it was not. Also in the timer. */
bool goro_watch_first(struct goro_g *g, u8 bit)
{
	u8 old = READ_ONCE(g->watch);

	do {
		if (old & bit)
			return false;
	} while (!try_cmpxchg(&g->watch, &old, old | bit));
	return true;
}

static void forget(struct goro_g *g)
{
	u8 old = READ_ONCE(g->watch);

	while (old & (W_LOOK | W_RUNS) &&
	       !try_cmpxchg(&g->watch, &old, old & ~(W_LOOK | W_RUNS)))
		;
}

static u32 jiffies_since(u32 t)
{
	return (u32)jiffies - t;
}

/* g is ready, or runs: for so long? Says yes once. */
static bool overdue(struct goro_g *g, bool runs)
{
	u8 old = READ_ONCE(g->watch);
	u8 first = old & W_LOOK;
	u32 t = wd.times[first];

	wd.again = true;
	/* in the jiffy of the look: that counts as after it */
	if (!first || !(old & W_RUNS) != !runs || (s32)(READ_ONCE(g->since) - t) >= 0 ||
	    (s32)(t - wd.epoch) < 0) {
		while (!try_cmpxchg(&g->watch, &old, (old & ~(W_LOOK | W_RUNS)) | wd.look |
				    (runs ? W_RUNS : 0)))
			;
		return false;
	}
	return wd.times[wd.look] - t >= wd.need &&
	       goro_watch_first(g, runs ? W_SAID_RUNS : W_SAID_READY);
}

/* False: there was no memory for it. */
bool goro_watch_walk(bool (*want)(struct goro_walk *, struct goro_g *), void *arg,
		     void (*found)(struct goro_walk *))
{
	memset(&walk, 0, sizeof(walk));
	walk.want = want;
	walk.arg = arg;
	if (goro_walk_begin(&walk))
		return false;
	while (goro_walk_step(&walk))
		found(&walk);
	goro_walk_end(&walk);
	return true;
}

/* ---- a look ---------------------------------------------------------------- */

/* what a goroutine does, for the watchdog */
enum does { READY, RUNS, WAITS, OTHER };

static enum does does(struct goro_g *g)
{
	int claim = atomic_read(&g->w.claim);
	bool waits = claim == GORO_WAIT || claim == GORO_WAIT_NC || claim == GORO_HELD;
	struct goro_m *m;
	struct goro_p *p;

	if (!smp_load_acquire(&g->on_cpu)) {	/* then what it did before it left its stack */
		if (waits)
			return WAITS;
		return READ_ONCE(g->reason) == GORO_R_THROTTLED ? OTHER : READY;
	}
	/*
	 * m was set before on_cpu. It may be left by now, but not freed: that takes a
	 * grace period of RCU, and interrupts are off.
	 */
	m = READ_ONCE(g->m);
	p = READ_ONCE(m->p);
	if (goro_task_sleeps(m->task)) {
		if (waits)
			return WAITS;
		if (READ_ONCE(m->waits))
			return READY;	/* locked to its M, and waits for a P */
		if (!p)
			return OTHER;	/* in a call, as it may */
	} else if (waits) {
		return OTHER;
	}
	/* where nobody waits for its P it may; and who has lost that was asked: hog.c */
	return !p || goro_p_has_work(p) || READ_ONCE(goro_sched.gq_n) || READ_ONCE(p->call) ?
	       RUNS : OTHER;
}

/* The list's lock is held: the G stays. */
static bool want(struct goro_walk *w, struct goro_g *g)
{
	enum does what = does(g);
	bool user = g->flags & GORO_G_ACCT, late = false;
	enum goro_watch kind = what == RUNS ? GORO_WATCH_RUNNING : GORO_WATCH_RUNNABLE;

	if (what == READY || what == RUNS)
		late = overdue(g, what == RUNS);
	else
		forget(g);
	if (!user)
		goro_asleep_add(g, what == WAITS);
	if (!late)
		return false;
	goro_watch_tell(kind, g->id, 1,
			jiffies_to_msecs(wd.times[wd.look] - wd.times[g->watch & W_LOOK]));
	if (user)
		return false;
	if (wd.shown[kind] == SHOWN_MAX) {
		wd.more[kind]++;
		return false;
	}
	wd.shown[kind]++;
	w->kind = kind;
	return true;
}

static void found(struct goro_walk *w)
{
	if (w->kind == GORO_WATCH_RUNNING)
		pr_warn("goro: watchdog: goroutine %llu comes to no scheduling point for %u ms or more\n",
			w->id, jiffies_to_msecs(wd.need));
	else
		pr_warn("goro: watchdog: goroutine %llu is ready, and nobody runs it, for %u ms or more\n",
			w->id, jiffies_to_msecs(wd.need));
	goro_walk_show(NULL, w);
}

static void look_at_p(struct goro_p *p)
{
	struct orphan *o = per_cpu_ptr(&orphans, p->cpu);
	u64 switches = READ_ONCE(p->hot[GORO_C_SWITCH]);
	bool orphan = cpumask_test_cpu(p->cpu, &goro_sched.idle) &&
		      list_empty_careful(&p->spares) &&
		      (goro_p_has_work(p) || READ_ONCE(goro_sched.gq_n)) && goro_ms_full();

	if (!orphan || !o->seen || o->switches != switches || (s32)(o->since - wd.epoch) < 0) {
		*o = (struct orphan){
			.switches = switches, .since = (u32)jiffies, .seen = orphan,
			.said = orphan && o->said,
		};
		return;
	}
	if (o->said || jiffies_since(o->since) < wd.need)
		return;
	o->said = true;
	pr_warn("goro: watchdog: P %d has work and no thread for %u ms: all %u (max_ms) are in calls of their goroutines\n",
		p->cpu, jiffies_to_msecs(jiffies_since(o->since)), goro_param_max_ms);
	goro_watch_tell(GORO_WATCH_NO_M, p->cpu, 1, jiffies_to_msecs(jiffies_since(o->since)));
}

/* Nothing moves, and nothing is queued: there is nothing to look at. */
static bool all_idle(void)
{
	return cpumask_subset(&goro_sched.active, &goro_sched.idle) && !goro_any_work();
}

/* Goroutines stand still in suspend; that is as it should be. */
static bool frozen(void)
{
	bool frozen = false;
	int cpu;

	preempt_disable();	/* Ms stay: see does() */
	for_each_possible_cpu(cpu) {
		struct goro_m *m = READ_ONCE(goro_sched.ps[cpu]->m);

		frozen |= m && READ_ONCE(m->frozen);
	}
	preempt_enable();
	return frozen;
}

static void look(bool forced)
{
	int cpu;
	u32 i;

	/* who parked before this jiffy has parked before this look */
	for (i = jiffies; forced && i == (u32)jiffies;)
		schedule_timeout_uninterruptible(1);
	goro_count(GORO_C_WATCH_LOOK);
	wd.look = wd.look % LOOKS + 1;
	wd.times[wd.look] = (u32)jiffies;
	wd.need = READ_ONCE(wd.seconds) * HZ;
	if (frozen())
		wd.epoch = wd.times[wd.look];
	if (forced) {
		/* what was so in the last two of these is said in the third */
		wd.need = wd.asked < 2 ? S32_MAX : wd.times[wd.look] - wd.before[wd.asked % 2];
		wd.before[wd.asked++ % 2] = wd.times[wd.look];
	}
	wd.again = false;
	memset(wd.shown, 0, sizeof(wd.shown));
	memset(wd.more, 0, sizeof(wd.more));
	goro_asleep_begin(wd.times[wd.look], wd.epoch);

	for_each_possible_cpu(cpu)
		look_at_p(goro_sched.ps[cpu]);
	if (goro_watch_walk(want, NULL, found))
		wd.again |= goro_asleep_end(wd.need);
	for (i = 0; i < GORO_WATCH_MAX; i++)
		if (wd.more[i])
			pr_warn("goro: watchdog: and %u more that are %s\n", wd.more[i], kinds[i]);
}

/* ---- when ------------------------------------------------------------------ */

/* The timer is to run. L. */
static bool is_on(void)
{
	return wd.seconds && !wd.off && !wd.stopping;
}

static void on_timer(struct timer_list *t);
static DEFINE_TIMER(timer, on_timer);

static void start(void)
{
	mod_timer(&timer, jiffies + wd.interval);
}

/* An idle P was taken. Any context. */
void __goro_watchdog_arm(void)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	if (!goro_watchdog_armed) {
		WRITE_ONCE(goro_watchdog_armed, true);
		if (is_on())
			start();
	}
	raw_spin_unlock_irqrestore(&lock, flags);
}

static void on_work(struct work_struct *work)
{
	unsigned long t = jiffies;

	mutex_lock(&look_lock);
	if (!is_on())		/* no more: what changes that has the mutex */
		goto out;
	look(false);
	raw_spin_lock_irq(&lock);
	wd.interval = max3(wd.seconds * HZ / 2UL, COST * (jiffies - t), 1UL);
	if (!wd.again && all_idle() && is_on()) {
		WRITE_ONCE(goro_watchdog_armed, false);
		smp_mb();	/* see above */
		if (all_idle())
			timer_delete(&timer);
		else
			WRITE_ONCE(goro_watchdog_armed, true);
	}
	raw_spin_unlock_irq(&lock);
out:
	mutex_unlock(&look_lock);
}
static DECLARE_WORK(work, on_work);

/*
 * The last look's work has not begun. Whom did we interrupt, three times in a row? We
 * are on top of it: it cannot go on meanwhile. Called by the timer only.
 */
static void interrupted(void)
{
	static u64 id;
	static u32 parks, times;
	struct goro_g *g = NULL;

	if (raw_cpu_read(goro_cpu.task) == current)
		g = READ_ONCE(raw_cpu_read(goro_cpu.m)->cur);
	if (!g || g->id != id || g->parks != parks)
		times = 0;
	if (!g)
		return;
	id = g->id;
	parks = g->parks;
	if (++times < 3 || !goro_watch_first(g, W_SAID_RUNS))
		return;
	goro_watch_tell(GORO_WATCH_RUNNING, id, 1, jiffies_to_msecs(2 * wd.interval));
	if (!(g->flags & GORO_G_ACCT))
		pr_warn("goro: watchdog: goroutine %llu (%ps, started by %pS) has the CPU, and no worker thread gets it, for %u ms or more\n",
			id, g->fn, (void *)g->where, jiffies_to_msecs(2 * wd.interval));
}

static void on_timer(struct timer_list *t)
{
	unsigned long flags;
	bool on;

	raw_spin_lock_irqsave(&lock, flags);
	on = is_on() && goro_watchdog_armed;
	if (on)
		start();
	raw_spin_unlock_irqrestore(&lock, flags);
	if (on && !queue_work(system_unbound_wq, &work))
		interrupted();
}

/* The parameter or the switch has changed: a look finds out whether there is to be another. */
static void change(unsigned int seconds, bool off)
{
	mutex_lock(&look_lock);
	raw_spin_lock_irq(&lock);
	wd.seconds = seconds;
	wd.off = off;
	wd.interval = max(seconds * HZ / 2, 1U);
	WRITE_ONCE(goro_watchdog_armed, true);
	if (is_on())
		start();
	else
		timer_delete(&timer);
	raw_spin_unlock_irq(&lock);
	wd.epoch = (u32)jiffies;
	mutex_unlock(&look_lock);
}

static int param_set(const char *val, const struct kernel_param *kp)
{
	unsigned int n;
	int err = kstrtouint(val, 0, &n);

	if (err)
		return err;
	if (n > SECONDS_MAX)
		return -EINVAL;
	if (goro_sched.ps)
		change(n, READ_ONCE(wd.off));
	else
		wd.seconds = n;		/* insmod's */
	return 0;
}

static int param_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(wd.seconds));
}

static const struct kernel_param_ops param_ops = { .set = param_set, .get = param_get };

module_param_cb(watchdog, &param_ops, NULL, 0644);
MODULE_PARM_DESC(watchdog, "say what stands still for so many seconds (10); 0: nothing");

/* ---- debugfs goro/watchdog -------------------------------------------------- */

static int watchdog_show(struct seq_file *s, void *v)
{
	unsigned int i;

	seq_printf(s, "%s, %u s, %s\n", READ_ONCE(wd.off) ? "off" : "on", READ_ONCE(wd.seconds),
		   timer_pending(&timer) ? "armed" : "not armed");
	seq_printf(s, "looks %llu\n", goro_counter(GORO_C_WATCH_LOOK));
	for (i = 0; i < GORO_WATCH_MAX; i++)
		seq_printf(s, "%s %llu\n", kinds[i], goro_counter(counters[i]));
	return 0;
}

static int watchdog_open(struct inode *inode, struct file *file)
{
	return single_open(file, watchdog_show, NULL);
}

void goro_watchdog_look(void)
{
	mutex_lock(&look_lock);
	look(true);
	mutex_unlock(&look_lock);
}
EXPORT_SYMBOL_GPL(goro_watchdog_look);

static ssize_t watchdog_write(struct file *file, const char __user *buf, size_t n, loff_t *pos)
{
	char word[8] = "";

	if (n >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, buf, n))
		return -EFAULT;
	strim(word);
	if (!strcmp(word, "now"))
		goro_watchdog_look();
	else if (!strcmp(word, "on"))
		change(READ_ONCE(wd.seconds), false);
	else if (!strcmp(word, "off"))
		change(READ_ONCE(wd.seconds), true);
	else
		return -EINVAL;
	return n;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = watchdog_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
	.write = watchdog_write,
};

void goro_watchdog_init(struct dentry *dir)
{
	debugfs_create_file("watchdog", 0600, dir, NULL, &fops);
	change(wd.seconds, false);
}

/* Its file has gone. Nothing arms it any more. */
void goro_watchdog_exit(void)
{
	raw_spin_lock_irq(&lock);
	wd.stopping = true;
	WRITE_ONCE(goro_watchdog_armed, true);
	raw_spin_unlock_irq(&lock);
	timer_delete_sync(&timer);
	cancel_work_sync(&work);
}
