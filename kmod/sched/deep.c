// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_call_on_stack(): a call on a larger stack, the kernel's form of a stack
 * that grows.
 *
 * While it lasts the larger stack is the G's stack, as far as anybody is
 * concerned: the G parks and migrates there. current->stack follows it only
 * where it is THREAD_SIZE, as the scheduler and the printer of backtraces take
 * it to be that large; else it is the M's own, as for small stacks. The frames
 * of the call carry the Ms' common canary, and the way back is in them: so it
 * does not matter on which M it returns.
 *
 * What is below is remembered in the frame that waits there, which lives until
 * the call returns or, if the G ends inside, until it is reaped. Calls nest.
 *
 * A thread is left on its own stack: it is told where that does not do. And a G
 * that does not park but sleeps there, by schedule_timeout() and the like, has
 * its timer on a stack which kernels with CONFIG_DEBUG_OBJECTS do not take for
 * one: they warn, as on small stacks.
 *
 * The caller may be on a stack of 4 KiB, which has no room for the page
 * allocator: stacks are made on the M's own.
 */
#include <linux/log2.h>
#include <linux/sched/task_stack.h>
#include "sched.h"

/* G: the G's; in the frame of the call, on the stack that it describes */
struct goro_outer {
	struct goro_outer *outer;
	void *stack;
	u8 pages;
};

static long fill(void *arg)
{
	return goro_stack_fill(*(u32 *)arg);
}

static void *get(u32 size)
{
	for (;;) {
		void *stack;

		preempt_disable();
		stack = goro_stack_get(size);
		preempt_enable();
		if (stack)
			return stack;
		/* what is made may be taken by somebody else: again */
		if (goro_call_on_m_stack(fill, &size))
			return NULL;
	}
}

/* How much is left below us. */
static size_t left(struct goro_g *g)
{
	unsigned long base = (unsigned long)(g ? g->stack : task_stack_page(current));
	unsigned long here = (unsigned long)__builtin_frame_address(0);
	u32 size = g ? goro_stack_size(g) : THREAD_SIZE;

	return here - base < size ? here - base : 0;
}

long goro_call_on_stack(long (*fn)(void *arg), void *arg, size_t size)
{
	struct goro_g *g = goro_self();
	struct goro_outer outer;
	void *stack;
	long ret;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	if (size > GORO_CALL_STACK_MAX)
		return -EINVAL;
	if (left(g) >= size)
		return fn(arg);
	if (!g)
		return -EOPNOTSUPP;
	size = max_t(size_t, roundup_pow_of_two(size), THREAD_SIZE);
	stack = get(size);
	if (!stack)
		return -ENOMEM;
	goro_count(GORO_C_STACK_CALL);
	preempt_disable();
	outer.outer = g->outer;
	outer.stack = g->stack;
	outer.pages = g->stack_pages;
	g->outer = &outer;
	WRITE_ONCE(g->stack, stack);
	g->stack_pages = size >> PAGE_SHIFT;
	goro_stack_follow(g->m, g);
	preempt_enable();
	ret = goro_call_on((unsigned long)stack + size - GORO_STACK_TOP, fn, arg);
	preempt_disable();
	WRITE_ONCE(g->stack, outer.stack);
	g->stack_pages = outer.pages;
	g->outer = outer.outer;
	goro_stack_follow(g->m, g);
	goro_stack_put(NULL, stack, size);
	preempt_enable();
	return ret;
}
EXPORT_SYMBOL_GPL(goro_call_on_stack);

/*
 * A dead G has left inside such calls: all but its first stack go back. Each
 * record lies on the stack that comes after it here.
 */
void goro_outer_put(struct goro_p *p, struct goro_g *g)
{
	while (g->outer) {
		struct goro_outer outer = *g->outer;

		if (g->stack)	/* NULL: its successor has taken it over, still warm */
			goro_stack_put(p, g->stack, goro_stack_size(g));
		g->stack = outer.stack;
		g->stack_pages = outer.pages;
		g->outer = outer.outer;
	}
}
