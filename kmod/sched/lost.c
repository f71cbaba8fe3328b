// SPDX-License-Identifier: GPL-2.0-only
/*
 * Goroutines that oops: such a one is lost, and nothing else.
 *
 * An oops ends the thread it happens in. The kernel prints it, asks die notifiers,
 * goes back to the top of the thread's own stack (which it knows from when it put
 * the thread on its CPU: current->stack was the M's own then, whatever it has
 * followed since) and ends the thread there. So the M goes, and its sched_out, on the
 * way, hands its P on as for every M that sleeps. What is left to be done for the G:
 *
 *   on_die()    in the oops, interrupts off: names it, and takes it off its M. No
 *               locks: whoever has one may wait for us to be done with our oops
 *   tell()      by a work item: who waits for its end gets -EOWNERDEAD (its group,
 *               its task's file), its account and its context are put, goro and the
 *               owner pinned
 *   m_gone()    after the M's last sched_out (m.c): it does not count any more
 *
 * Who may still hold a lost G, its stacks or its M is not known: frames that will
 * never return have put themselves into wait queues, timers and lists of others. So
 * they stay for ever, and so does the text that they are in. But nobody wakes it: it
 * ran, so it was in no queue; its claim word is RUN, which nobody can claim; and
 * should somebody have claimed it before and ready it yet, run() finds it
 * LOST and drops it, and goro_bound_wake() finds its M and the M's task.
 *
 * What it holds it holds for ever, as a thread would: the kernel's mutexes, goro's
 * locks, a Once. It has never called goro_wg_done().
 *
 * This holds for an oops of the G's own code, with interrupts and preemption on: then
 * the M is in no section, holds no spinlock and no P's queue is half changed. Anything
 * else may have left goro in pieces (`broken`): the G is named and is not run
 * any more, nobody is told, and no other G is started (-ENODEV); those that there are
 * go on as they can. In an interrupt the kernel panics, as it does where
 * panic_on_oops says so, or after oops_limit.
 */
#include <linux/kdebug.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include "../core/context.h"
#include "lost.h"
#include "sched.h"

/* tasks of programs (dev/task.c) have their own way to tell */
static goro_err_fn_t tasks_main;
static void (*tasks_tell)(void *arg);

void goro_lost_tasks(goro_err_fn_t fn, void (*lost)(void *arg))
{
	tasks_tell = lost;
	tasks_main = fn;
}

#if defined(GORO_X86) && defined(GORO_HAVE_NOTIFIERS)

static LLIST_HEAD(fresh);	/* Ms by lost_node: their Gs are to be told of */

static void say(const struct goro_g *g, bool stays)
{
	bool task = g->flags & GORO_G_ERRFN && g->err_fn == tasks_main;
	u64 n = goro_counter(GORO_C_G_LOST);

	pr_err("goro: goroutine %llu (%s%s%ps), started by %pS, is lost: %llu so far; goro and %s %s%s\n",
	       g->id, g->name ?: "", g->name ? ": " : "", g->fn, (void *)g->where, n,
	       task ? "its class's module" : module_name(g->owner),
	       stays ? "cannot be removed any more" : "are being removed, which will not end",
	       g->flags & GORO_G_UNPINNED && !task ?
	       ", goro_group_stop() of its group will not return" : "");
}

static void tell(struct goro_m *m)
{
	struct goro_g *g = m->lost;
	bool stays = try_module_get(THIS_MODULE);

	/* one of a group has pinned nothing until here, where the group still waits for it */
	if (g->flags & GORO_G_UNPINNED)
		stays &= try_module_get(g->owner);
	say(g, stays);
	goro_scopes_drop(g->scopes);
	g->scopes = NULL;
	if (g->flags & GORO_G_ERRFN && g->err_fn == tasks_main)
		tasks_tell(g->arg);
	if (g->member.group) {
		goro_group_lose(&g->member, -EOWNERDEAD);
	} else if (!(g->flags & GORO_G_WG) && g->alone.ctx) {
		/* whose contexts others hold cannot be removed: that one is no owner */
		__goro_ctx_put(g->alone.ctx, g->owner);
		g->alone.ctx = NULL;
	}
	if (g->flags & GORO_G_ACCT)
		goro_acct_put(g->acct);
}

static void tell_all(struct work_struct *work)
{
	struct llist_node *n = llist_reverse_order(llist_del_all(&fresh)), *next;

	for (; n; n = next) {
		next = n->next;
		tell(container_of(n, struct goro_m, lost_node));
	}
}
static DECLARE_WORK(tell_work, tell_all);

static void tell_soon(struct irq_work *work)
{
	schedule_work(&tell_work);
}
static struct irq_work tell_irq = IRQ_WORK_INIT(tell_soon);

static void broken(void)
{
	if (xchg(&goro_sched.broken, true))
		return;
	goro_count(GORO_C_BROKEN);
	__module_get(THIS_MODULE);	/* this text is in use: it is there */
	pr_emerg("goro: broken: this was with preemption or interrupts off, or in goro itself: no goroutine is started any more, and goro cannot be removed\n");
}

/* What a dump shows of it, frames if it was on a stack that stays. */
static void keep_regs(struct goro_g *g, const struct pt_regs *regs)
{
	unsigned long stack = (unsigned long)g->stack;

	g->sp = regs->sp - stack < goro_stack_size(g) ? regs->sp : 0;
	g->bp = regs->bp;
	g->pc = regs->ip;
}

/*
 * m's thread is about to be ended. From here on it is no goroutine, and no M that
 * runs one: what its end wakes is made ready as by an M on its own stack, with its P
 * as long as it has one.
 */
static void m_dies(struct goro_m *m, struct goro_g *g, const struct pt_regs *regs)
{
	bool contained = g && IS_ENABLED(CONFIG_PREEMPT_COUNT) &&
			 preempt_count() == GORO_OOPS_COUNT && regs->flags & X86_EFLAGS_IF;

	if (m->dying)
		return;		/* its end oopses, too: that is the kernel's */
	m->dying = true;
	if (m->acct) {
		goro_acct_out(m);
		m->acct = NULL;
	}
	if (m->spinning) {
		m->spinning = false;
		atomic_dec(&goro_sched.nspinning);
	}
	m->guest = NULL;
	WRITE_ONCE(m->cur, NULL);
	goro_stack_follow(m, &m->g0);
	if (g) {
		goro_count(GORO_C_G_LOST);
		m->lost = g;
		keep_regs(g, regs);
		g->since = (u32)jiffies;
		atomic_set(&g->w.claim, GORO_RUN);
		smp_store_release(&g->state, GORO_G_LOST);	/* see run() */
	}
	if (!contained) {
		broken();
		return;
	}
	llist_add(&m->lost_node, &fresh);
	irq_work_queue(&tell_irq);
}

static void on_oops(struct goro_m *m, struct goro_g *g, const struct pt_regs *regs)
{
	if (m)
		m_dies(m, g, regs);
	else if (preempt_count() != GORO_OOPS_COUNT && within_module(regs->ip, THIS_MODULE))
		broken();
}

static void lost_wait(void)
{
	irq_work_sync(&tell_irq);
	flush_work(&tell_work);
}
#else
/* nothing else comes back from an oops: UML, kernels without preempt notifiers */
static void on_oops(struct goro_m *m, struct goro_g *g, const struct pt_regs *regs) { }
static void lost_wait(void) { }
#endif

/*
 * In any context, also on the double-fault stack: no locks, no calls but
 * printk. The pair in goro_cpu is current's if its task is.
 */
static int on_die(struct notifier_block *nb, unsigned long val, void *data)
{
	const struct die_args *args = data;
	struct goro_g *g = NULL;
	struct goro_m *m = NULL;

	if (val != DIE_OOPS || user_mode(args->regs))
		return NOTIFY_DONE;
	if (raw_cpu_read(goro_cpu.task) == current) {
		m = raw_cpu_read(goro_cpu.m);
		g = m->cur ?: m->guest;
	}
	if (g)
		pr_emerg("goro: in goroutine %llu (%s%s%ps), started by %pS\n", g->id,
			 g->name ?: "", g->name ? ": " : "", g->fn, (void *)g->where);
	on_oops(m, g, args->regs);
	return NOTIFY_DONE;
}

/* the last one: a debugger that takes the oops for its own lets the code go on */
static struct notifier_block die_nb = { .notifier_call = on_die, .priority = INT_MIN };

int goro_lost_init(void)
{
	return register_die_notifier(&die_nb);
}

void goro_lost_exit(void)
{
	unregister_die_notifier(&die_nb);
	lost_wait();
}
