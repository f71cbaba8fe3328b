/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The switch section, on which everything stands.
 *
 * It begins with preempt_disable() before the waiter becomes visible to those
 * who might ready it, and ends after the switch, in the context that runs
 * next: goro_switch_done(), preempt_enable(). So an M in a section is not
 * descheduled, and a G leaves its stack in bounded time after it was readied.
 *
 * on_cpu: set by the M that picked a G (it alone has dequeued it), cleared
 * with a release store by the context that comes after it on that M. Whoever
 * picks a G reads on_cpu with acquire before it uses sp, pc and the stack:
 * that pair orders everything the G wrote before everything it will read.
 *   - A G may be readied, and picked by another M, before it has left its
 *     stack. goro_pick(), which runs on a G's stack, never waits for that
 *     (two CPUs might each wait for the other's G): it goes to the M's own
 *     stack, which clears our own on_cpu, and the M waits there. What it waits
 *     for is a section on another CPU, which waits for nothing.
 *   - next == self: nothing is switched, on_cpu stays set.
 *
 * The switch itself is inlined in the outermost frame and ends in an indirect
 * jump: a RET there would be mispredicted, and so would each RET of a nested
 * call after it.
 */
#ifndef _GORO_SCHED_SWITCH_H
#define _GORO_SCHED_SWITCH_H

#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include "g.h"

/*
 * Save sp and the address of label 1, load the other's, jump. Returns the G
 * that was left on this M, which is not `from` once another M took it up. The
 * clobbers make the compiler save only what lives across the switch; rbp cannot
 * be named as one, and objtool must not see it pushed, as it may be the frame's
 * base. At label 1, %1 is the `to` of whoever jumped here: this G. The je is
 * never taken: it shows objtool that label 1 is reached with this very frame.
 */
#define goro_switch_to(from, to)					\
({									\
	struct goro_g *__from = (from), *__to = (to);			\
									\
	asm volatile("cmpq	%0, %1\n\t"				\
		     "je	1f\n\t"					\
		     "leaq	1f(%%rip), %%rax\n\t"			\
		     "movq	%%rax, 8(%0)\n\t"			\
		     "movq	%%rbp, 16(%0)\n\t"			\
		     "movq	%%rsp, (%0)\n\t"			\
		     "movq	8(%1), %%rax\n\t"			\
		     "movq	(%1), %%rsp\n\t"			\
		     GORO_HINT_FUNC					\
		     GORO_JMP_RAX					\
		     "1:\n\t"						\
		     GORO_ENDBR						\
		     "movq	16(%1), %%rbp\n\t"			\
		     : "+D" (__from), "+S" (__to) :			\
		     : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10",	\
		       "r11", "r12", "r13", "r14", "r15", "memory",	\
		       "cc");						\
	__from;								\
})

void goro_g_reap(struct goro_g *g);
struct goro_g *goro_pick(struct goro_g *g);
void goro_resched(void);

/* The other side: `prev` is off its stack now. */
static __always_inline void goro_switch_done(struct goro_g *prev)
{
	if (unlikely(prev->state == GORO_G_DEAD))
		goro_g_reap(prev);
	else
		smp_store_release(&prev->on_cpu, 0);	/* see above */
}

static __always_inline void goro_section_begin(void)
{
	preempt_disable();
}

/*
 * The end of a section. Under voluntary preemption preempt_enable() reschedules
 * nothing: an M that hops from G to G for ever would lock the CPU up.
 */
static __always_inline void goro_section_end(void)
{
	preempt_enable();
	if (unlikely(need_resched()))
		goro_resched();
}

/*
 * Leave the CPU to the next G; returns when `g` runs again. The section is
 * open, g is visible to whoever will ready it, or in a queue already.
 */
static __always_inline void goro_switch_out(struct goro_g *g)
{
	struct goro_g *next = goro_pick(g);

	if (next != g)
		goro_switch_done(goro_switch_to(g, next));
	preempt_enable();
	/* as goro_section_end(); g runs, so its M's task is current */
	if (unlikely(test_tsk_need_resched(g->m->task)))
		goro_resched();
}

#endif /* _GORO_SCHED_SWITCH_H */
