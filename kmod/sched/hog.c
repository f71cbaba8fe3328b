// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hogs: goroutines that compute on and on. On Debian's kernels code of the kernel
 * is not preempted unless one boots with preempt=full, and even then another M
 * could not run Gs: the hog's has the P. So a hog is made to give its P to another
 * M, and its CPU to whoever the kernel's scheduler chooses.
 *
 * Who finds out: a timer of the CPU, hard, pinned. It is armed when an M begins to
 * run Gs there, or comes back to its CPU with one, and lapses by itself at the first
 * tick that finds no M with a G there: none ticks on a CPU that idles. A tick that
 * sees the G that it has seen a time slice ago, which has not been to a scheduling
 * point since (goro_pick() counts `parks`), nor asleep (goro_hog_forget()), has
 * found a hog. If Gs wait for its P, or it has none, or its account has no CPU time left
 * (acct.c), m->hog.asked is set, and whichever of these comes first answers it:
 *   - goro_cond_yield() in the G: everywhere. Nothing else makes it wait for its account:
 *     where it is interrupted it may hold a mutex, and Tasks RCU took its sleep for a
 *     quiescent state. What it uses meanwhile its account has to make up for;
 *   - sched_out, when the kernel preempts the M, or the G comes by a cond_resched();
 *   - the trampoline, at once, where there is one and it may be entered; also if nobody
 *     but a thread waits, for the CPU.
 *
 * The trampoline (goro_hog_entry). The tick replaces ip in the frame of its own
 * interrupt; what was interrupted goes on there, saves all registers and flags in a
 * pt_regs, gives the P on, calls preempt_schedule(), and returns to where it was. To
 * the G nothing has happened but what happens to any thread that is preempted; to
 * the scheduler this is what the kernel's own preemption on return from an interrupt
 * is, a few instructions later. It is entered under the same conditions:
 *   - kernel mode, interrupts on, preempt_count 0 but for this interrupt: no
 *     spinlock is held, no section of goro's open, no softirq or other interrupt
 *     below, no kernel_fpu_begin(), no per-CPU access that counts on the CPU. FPU
 *     registers are nobody's then: there are none to save.
 *   - RCU readers may be interrupted so: PREEMPT_RCU is built in, it counts them as
 *     it does with preempt=full. Tasks RCU sees no quiescent state, as
 *     preempt_schedule() is no voluntary switch and nothing here reports one: so what
 *     was interrupted may be a trampoline of ftrace, an optimized kprobe's buffer, or
 *     code that is about to be patched, all of which wait for Tasks RCU. A kprobe
 *     that steps has interrupts off.
 *   - All of that code was compiled to be preempted anywhere (PREEMPTION), whatever was
 *     chosen at boot: modules, too, as it is the same configuration. Interrupted may
 *     be goro, any module, or the kernel itself: where is not looked at.
 * and under some of its own:
 *   - This M's G runs, on its own stack, with room left (`ROOM`). That leaves out the M's
 *     own stack, where m->cur is NULL; exception stacks; and an M that dies.
 *   - Not on the way to sleep for a P that it is being given (m->waits), nor to the
 *     refrigerator with the one that it has (m->frozen).
 *   - AC, TF and NT are clear. The interrupt's entry has cleared AC, the trampoline
 *     would get it back with the frame's flags, and switching does not save flags: the
 *     next thread would run without SMAP. TF: a debugger steps through it. NT: iret
 *     would fault.
 *   - It is not on its way through the trampoline already. (The last instructions of
 *     it may be interrupted so again: they are like any others, and ROOM ends it.)
 * If not it is tried again about 1 ms later, at a random time, as who holds a lock most
 * of the time may do so in step with us. __state is left alone: preempt_schedule()
 * does not put to sleep who was about to.
 *
 * Where it goes back to is kept in the M, as below the interrupted stack pointer lies
 * the interrupt's frame: m->hog.ip, sp, written by the tick, read by the M when it
 * arrives. In between it may be interrupted and preempted, but it stays this M, and
 * `sent` keeps other ticks off. The M is found by goro_cpu, one load: which CPU it is
 * on does not matter, as sched_in has set that one's. Not by `current`, as kthread_data()
 * may be traced.
 *
 * What the trampoline calls takes spinlocks and wakes threads, as interrupts do.
 * It does not sleep. The P is given up as in goro_bound_yield(): by its owner, in its
 * own context, with preemption off. All code of goro that has preemption on looks at
 * m->p anew when it has turned it off. The M goes on without a P until the G's next
 * scheduling point, as after a call that slept; on its CPU it takes turns with the M
 * that has the P, as threads do: the tick acts on need_resched() then. So each hog
 * costs a thread (max_ms), and no more than one of them and of other Gs a CPU run at
 * a time.
 *
 * All fields of struct goro_hog are the M's: touched by itself or by interrupts that
 * hit it. p->ticking is its CPU's: with preemption off, or by the tick.
 */
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include "sched.h"
#ifdef GORO_HAVE_TRAMPOLINE
#include <asm/irq_regs.h>
#include <asm/processor-flags.h>
#endif

#define TICK_NS		(10 * NSEC_PER_MSEC)
#define RETRY_NS	NSEC_PER_MSEC
#define SLICE		(HZ / 100 + 1)	/* jiffies */
/*
 * A preemption takes 1.0 KiB of the stack; 1.4 KiB with a kprobe and a kretprobe on its
 * way, and BPF programs at sched_waking, sched_wakeup and sched_switch that take stack
 * traces (tests/hogs paints a stack); an interrupt may come on top of either.
 */
#define ROOM		(IS_ENABLED(CONFIG_KASAN) ? SZ_8K : 3072)
#define ROOM_SMALL	2560		/* of 4 KiB */

static bool preempt_hogs = true;
module_param(preempt_hogs, bool, 0644);
MODULE_PARM_DESC(preempt_hogs, "send goroutines away that compute for 10 ms while others wait");
static unsigned int hog_test_ns;
module_param(hog_test_ns, uint, 0644);
MODULE_PARM_DESC(hog_test_ns, "for tests: do so to all goroutines, about so often; 0: off");

static u64 some(u64 ns)
{
	return ns / 2 + goro_random(ns);
}

/* Anybody who needs the P. */
static bool others_wait(struct goro_p *p)
{
	return READ_ONCE(p->call) || goro_p_has_work(p) || READ_ONCE(goro_sched.gq_n);
}

static bool is_seen(struct goro_m *m, struct goro_g *g)
{
	return m->hog.id == g->id && m->hog.parks == g->parks;
}

static void see(struct goro_m *m, struct goro_g *g)
{
	m->hog.id = g->id;
	m->hog.parks = g->parks;
	m->hog.since = jiffies;
	m->hog.asked = false;
}

/* g, which m runs, was asked to let others run, and has not been to a scheduling point since. */
static bool is_asked(struct goro_m *m, struct goro_g *g)
{
	return m->hog.asked && is_seen(m, g);
}

#ifdef GORO_HAVE_TRAMPOLINE
asmlinkage void goro_hog_entry(void);
asmlinkage void goro_hog_regs(struct pt_regs *regs);
asmlinkage void goro_hog_preempt(void);

static bool refuse(enum goro_counter why)
{
	raw_cpu_inc(goro_counters.v[why]);
	return false;
}

/* In the tick that hit m, which runs g. Each condition: see above. */
static bool send(struct goro_m *m, struct goro_g *g)
{
	struct pt_regs *regs = get_irq_regs();
	unsigned long base = (unsigned long)g->stack;
	u32 size = goro_stack_size(g), room = size > SZ_4K ? ROOM : ROOM_SMALL;

	if (preempt_count() != HARDIRQ_OFFSET)
		return refuse(GORO_C_HOG_NO_COUNT);
	if (m->hog.sent || m->waits || m->frozen)
		return refuse(GORO_C_HOG_NO_STATE);
	if (!regs || user_mode(regs) || !(regs->flags & X86_EFLAGS_IF) ||
	    regs->flags & (X86_EFLAGS_AC | X86_EFLAGS_TF | X86_EFLAGS_NT))
		return refuse(GORO_C_HOG_NO_FLAGS);
	if (regs->sp < base + room || regs->sp > base + size)
		return refuse(GORO_C_HOG_NO_STACK);
	m->hog.ip = regs->ip;
	m->hog.sp = regs->sp;
	m->hog.sent = true;
	regs->ip = (unsigned long)goro_hog_entry;
	regs->sp = ALIGN_DOWN(regs->sp, 16);
	return true;
}

/* The blanks in what the trampoline has built: from here on it can be unwound. */
asmlinkage __visible notrace void goro_hog_regs(struct pt_regs *regs)
{
	struct goro_m *m = raw_cpu_read(goro_cpu.m);

	regs->sp = m->hog.sp;
	regs->ip = m->hog.ip;
}
NOKPROBE_SYMBOL(goro_hog_regs);

asmlinkage __visible notrace void goro_hog_preempt(void)
{
	struct goro_m *m;
	struct goro_p *p;

	preempt_disable_notrace();
	m = raw_cpu_read(goro_cpu.m);
	p = m->p;
	goro_count(GORO_C_HOG_PREEMPTED);
	if (p && others_wait(p)) {
		m->hog.asked = false;
		goro_count(GORO_C_HOG_GAVE);
		goro_runnext_expose(p);
		goro_p_disown(m, p);
		goro_p_release(p);
	}
	preempt_enable_notrace();
	preempt_schedule();
	WRITE_ONCE(m->hog.sent, false);
}
NOKPROBE_SYMBOL(goro_hog_preempt);
#else
static bool send(struct goro_m *m, struct goro_g *g)
{
	return false;
}
#endif

/* m runs g: is it to be sent away? */
static bool is_due(struct goro_m *m, struct goro_g *g)
{
	struct goro_p *p = READ_ONCE(m->p);
	bool wait, over;

	if (!is_seen(m, g)) {
		see(m, g);
		return hog_test_ns;
	}
	if (time_before(jiffies, m->hog.since + SLICE))
		return hog_test_ns;
	wait = p && others_wait(p);
	/* its cap: acct.c */
	over = unlikely(g->flags & GORO_G_ACCT) && goro_acct_over(g);
	/* without a P it has had its turn */
	if ((!p || wait || over) && !m->hog.asked) {
		m->hog.asked = true;
		goro_count(GORO_C_HOG_ASKED);
	}
	return wait || need_resched() || hog_test_ns;
}

static enum hrtimer_restart on_tick(struct hrtimer *t)
{
	struct goro_p *p = container_of(t, struct goro_p, hog_tick);
	unsigned int test = READ_ONCE(hog_test_ns);
	struct goro_m *m = NULL;
	struct goro_g *g = NULL;
	u64 next = TICK_NS;
	bool on = false;

	if (p->cpu == smp_processor_id()) {	/* else the CPU goes offline */
		/*
		 * Not by kthread_data(): a thread that ends is still `current` when its M
		 * may be freed. The pair is cleared before that (m_exit()).
		 */
		if (raw_cpu_read(goro_cpu.task) == current)
			m = raw_cpu_read(goro_cpu.m);
		g = m ? READ_ONCE(m->cur) : NULL;
		/* where no sched_in would arm it again it goes on while somebody has the P */
		on = g || (!IS_ENABLED(CONFIG_PREEMPT_NOTIFIERS) && READ_ONCE(p->m));
	}
	if (!on) {
		p->ticking = false;
		return HRTIMER_NORESTART;
	}
	goro_count(GORO_C_HOG_TICK);
	if (g && is_due(m, g) && READ_ONCE(preempt_hogs) && !send(m, g))
		next = some(RETRY_NS);
	if (unlikely(test))
		next = some(clamp(test, 1000U, 100000000U));
	hrtimer_forward_now(t, ns_to_ktime(next));
	return HRTIMER_RESTART;
}

/* Preemption is off, we are m; no tick is armed on this CPU. */
void goro_hog_start(struct goro_m *m)
{
	/* its own but where hotplug has taken m elsewhere */
	struct goro_p *p = goro_sched.ps[smp_processor_id()];
	struct goro_g *g = m->cur;
	u64 ns = TICK_NS;

	if (p->ticking)
		return;
	/*
	 * It has come back to its CPU, and was seen before: soon, so that a tick meets it
	 * although it may always be somebody else whom one hits 10 ms later.
	 */
	if (g && is_seen(m, g))
		ns = RETRY_NS;
	if (unlikely(READ_ONCE(hog_test_ns)))
		ns = 10000;
	p->ticking = true;
	hrtimer_start(&p->hog_tick, ns_to_ktime(ns), HRTIMER_MODE_REL_PINNED_HARD);
}

/* In sched_in: m comes back to its CPU, with a G. */
void goro_hog_in(struct goro_m *m)
{
	if (likely(m->cpu == smp_processor_id()))
		goro_hog_arm(m);
	else
		goro_hog_start(m);
	if (!is_seen(m, m->cur))
		see(m, m->cur);
}

/* In sched_out of m, which would run on and keep p: is p somebody else's turn? */
bool goro_hog_out(struct goro_m *m, struct goro_p *p)
{
	struct goro_g *g = m->cur;

	if (!g || !is_asked(m, g) || !others_wait(p))
		return false;
	m->hog.asked = false;
	goro_count(GORO_C_HOG_OUT);
	return true;
}

bool goro_cond_yield(void)
{
	struct goro_g *g;
	struct goro_m *m;

	if (unlikely(!goro_may_wait())) {
		goro_misuse();
		return false;
	}
	g = goro_self();
	if (unlikely(!g))
		return cond_resched();
	m = g->m;
	if (likely(!READ_ONCE(m->hog.asked) && !need_resched()))
		return false;
	if (is_asked(m, g)) {
		m->hog.asked = false;
		goro_count(GORO_C_HOG_YIELD);
		goro_yield();
		return true;
	}
	m->hog.asked = false;
	if (!need_resched())
		return false;
	goro_resched();
	return true;
}
EXPORT_SYMBOL_GPL(goro_cond_yield);

void goro_hog_init(struct goro_p *p)
{
	goro_hrtimer_setup(&p->hog_tick, on_tick, HRTIMER_MODE_REL_PINNED_HARD);
}

/*
 * p's CPU, which we are on, has come online: the tick may be waiting to lapse on another
 * one. Who ran here meanwhile arms it when it comes back to the CPU.
 */
void goro_hog_reset(struct goro_p *p)
{
	preempt_disable();
	hrtimer_cancel(&p->hog_tick);
	p->ticking = false;
	preempt_enable();
}

/* All Ms have ended: nobody arms it. */
void goro_hog_exit(struct goro_p *p)
{
	hrtimer_cancel(&p->hog_tick);
}
