// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a hog does until `other_ran`; one P is active, and the hog has it, so
 * the other goroutine runs only if the hog gives the P away.
 */
#include <linux/delay.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/fpu/api.h>
#include <asm/processor-flags.h>
#include "hogs.h"

#define BIG	(8U << 20)	/* bytes */

static struct goro_chan *empty;
static u8 *from, *to;
static DEFINE_SPINLOCK(lock);

/* until it is so, computing; the net is looked at now and then only */
noinline void hog_spin(bool *until)
{
	u64 x = 88172645463325252ull, n = 0;

	while (!READ_ONCE(*until)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (!(++n & 0xffff) && hog_late())
			break;
	}
	OPTIMIZER_HIDE_VAR(x);
}

static void loop(void)
{
	hog_spin(&other_ran);
}

static void in_goro(void)
{
	u64 v;

	while (!READ_ONCE(other_ran) && !hog_late())
		if (goro_chan_try_recv(empty, &v) != -EAGAIN)
			hog_bad("an empty channel had an element");
}

static void copies(void)
{
	while (!READ_ONCE(other_ran) && !hog_late())
		memcpy(to, from, BIG);
	if (memcmp(to, from, BIG))
		hog_bad("memcpy() interrupted: not the same");
}

/* one that goes backwards: with DF set */
static void moves(void)
{
	u32 i;

	while (!READ_ONCE(other_ran) && !hog_late()) {
		for (i = 0; i < BIG; i++)
			to[i] = i * 7;
		for (i = 0; i < 4; i++)
			memmove(to + 4096, to, BIG - 4096);
		for (i = 0; i < BIG; i++)
			if (to[i] != (u8)((i < 4 * 4096 ? i % 4096 : i - 4 * 4096) * 7)) {
				hog_bad("memmove() interrupted: byte %u", i);
				return;
			}
	}
}

static void irqs_off(void)
{
	while (!READ_ONCE(other_ran) && !hog_late()) {
		local_irq_disable();
		udelay(500);
		local_irq_enable();
	}
}

static bool refused(u64 before, u64 times)
{
	return goro_counter(GORO_C_HOG_NO_COUNT) >= before + times;
}

/* until the tick has wanted to preempt us, and could not, and the other one waits */
static void hold_out(void)
{
	u64 before;

	while (!READ_ONCE(other_queued) && !hog_late())
		cpu_relax();
	before = goro_counter(GORO_C_HOG_NO_COUNT);
	while (!refused(before, 5) && !hog_late())
		cpu_relax();
	if (READ_ONCE(other_ran))
		hog_bad("preempted with preemption off");
}

static __always_inline void set_flags(unsigned long flags)
{
	asm volatile("pushq %0\n\tpopfq" : : "r" (flags) : "memory", "cc");
}

/*
 * With a flag set with which it may not be preempted. Nothing is called meanwhile that
 * may reschedule; interrupts are off while it is clear.
 */
static void hold_flag(unsigned long flag)
{
	u64 before, out;
	bool enough;
	int i;

	set_flags(X86_EFLAGS_FIXED | X86_EFLAGS_IF | flag);
	while (!READ_ONCE(other_queued) && !hog_late())
		cpu_relax();
	set_flags(X86_EFLAGS_FIXED);
	before = goro_counter(GORO_C_HOG_NO_FLAGS);
	out = goro_counter(GORO_C_HOG_OUT);
	do {
		set_flags(X86_EFLAGS_FIXED | X86_EFLAGS_IF | flag);
		for (i = 0; i < 1 << 14; i++)
			cpu_relax();
		set_flags(X86_EFLAGS_FIXED);
		enough = goro_counter(GORO_C_HOG_NO_FLAGS) >= before + 5 || hog_late();
		/* the kernel itself may have preempted it, under preempt=full */
		if (goro_counter(GORO_C_HOG_OUT) != out)
			break;
		if (READ_ONCE(other_ran))
			hog_bad("preempted with flag %lx", flag);
	} while (!enough);
	set_flags(X86_EFLAGS_FIXED | X86_EFLAGS_IF);
	hog_spin(&other_ran);
}

static void flag_ac(void)
{
	hold_flag(X86_EFLAGS_AC);
}

static void flag_nt(void)
{
	hold_flag(X86_EFLAGS_NT);
}

/* too little for the trampoline; under KASAN a stack of 4 KiB is a larger one */
#define LITTLE	(IS_ENABLED(CONFIG_KASAN) ? 8192 - 300 : 2300)
#define OF	(IS_ENABLED(CONFIG_KASAN) ? THREAD_SIZE : PAGE_SIZE)

/* where little is left of a stack of 4 KiB, and then where there is more */
static noinline void go_down(void)
{
	u64 frame[8] = { 0 }, before, out;

	barrier_data(frame);
	if (((unsigned long)frame & (OF - 1)) > LITTLE) {
		go_down();
	} else {
		while (!READ_ONCE(other_queued) && !hog_late())
			cpu_relax();
		before = goro_counter(GORO_C_HOG_NO_STACK);
		out = goro_counter(GORO_C_HOG_OUT);
		while (goro_counter(GORO_C_HOG_NO_STACK) < before + 5 &&
		       goro_counter(GORO_C_HOG_OUT) == out && !READ_ONCE(other_ran) && !hog_late())
			cpu_relax();
		if (READ_ONCE(other_ran) && goro_counter(GORO_C_HOG_OUT) == out)
			hog_bad("preempted with little stack left");
	}
	barrier_data(frame);
}

static void little_stack(void)
{
	go_down();
	hog_spin(&other_ran);
}

/* How much of its stack a preemption takes: what lies below is painted, and looked at. */
static noinline void painted(void)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0);
	volatile u64 *low = (u64 *)((here & PAGE_MASK) + 64), *p;
	unsigned long flags, left;

	local_irq_save(flags);
	for (p = low; (unsigned long)p < here - 256; p++)
		*p = 0x5a5a5a5a5a5a5a5aULL;
	local_irq_restore(flags);
	hog_spin(&other_ran);
	for (p = low; *p == 0x5a5a5a5a5a5a5a5aULL && (unsigned long)p < here; p++)
		;
	left = (unsigned long)p & ~PAGE_MASK;
	pr_info("goro_hogs: # a preemption takes %lu bytes of the stack, %lu are left\n",
		here - (unsigned long)p, left);
	if (left < 256)
		hog_bad("a stack of 4 KiB is too small");
}

static void locked(void)
{
	spin_lock(&lock);
	hold_out();
	spin_unlock(&lock);
	hog_spin(&other_ran);
}

static void locked_bh(void)
{
	spin_lock_bh(&lock);
	hold_out();
	spin_unlock_bh(&lock);
	hog_spin(&other_ran);
}

static void locked_mostly(void)
{
	while (!READ_ONCE(other_ran) && !hog_late()) {
		spin_lock(&lock);
		udelay(200);
		spin_unlock(&lock);
		udelay(10);
	}
}

static void reads(void)
{
	rcu_read_lock();
	hog_spin(&other_ran);
	rcu_read_unlock();
}

static void fpu(void)
{
	u64 in[4] = { 0x0123456789abcdef, 0xfedcba9876543210, 1, 2 }, out[4] = { 0 };

	kernel_fpu_begin();
	asm volatile("movups (%0), %%xmm0\n\tmovups 16(%0), %%xmm7" : : "r" (in) : "memory");
	hold_out();
	asm volatile("movups %%xmm0, (%0)\n\tmovups %%xmm7, 16(%0)" : : "r" (out) : "memory");
	kernel_fpu_end();
	if (memcmp(in, out, sizeof(in)))
		hog_bad("FPU registers have changed");
	hog_spin(&other_ran);
}

static void locked_to_thread(void)
{
	goro_lock_thread();
	hog_spin(&other_ran);
	goro_unlock_thread();
}

static long deep(void *arg)
{
	hog_spin(&other_ran);
	return 0;
}

static void on_stack(void)
{
	if (goro_call_on_stack(deep, NULL, 65536))
		hog_bad("no larger stack");
}

/* between brackets, but it does not sleep there */
static void in_brackets(void)
{
	goro_block_begin();
	hog_spin(&other_ran);
	goro_block_end();
}

/* several of a kind for the same G: it has lost its P each time */
static void again(void)
{
	hog_spin(&other_ran);
	goro_yield();
	hog_spin(&other_ran);
}

static void asks(void)
{
	while (!READ_ONCE(other_ran) && !hog_late())
		goro_cond_yield();
}

const struct scene hog_scenes[] = {
	{ "a loop", loop },
	{ "a loop on a stack of 4 KiB", loop, 4096 },
	{ "a loop on a stack of 8 KiB", loop, 8192 },
	{ "a loop on a larger stack", on_stack },
	{ "goro's own code", in_goro },
	{ "memcpy", copies },
	{ "memmove backwards", moves },
	{ "interrupts off most of the time", irqs_off },
	{ "a spinlock held for a while", locked },
	{ "softirqs off for a while", locked_bh },
	{ "a spinlock held most of the time", locked_mostly },
	{ "an RCU reader", reads },
	{ "with AC set for a while", flag_ac, .shows = GORO_C_HOG_NO_FLAGS },
	{ "with NT set for a while", flag_nt, .shows = GORO_C_HOG_NO_FLAGS },
	{ "with little stack left for a while", little_stack, 4096, GORO_C_HOG_NO_STACK },
	{ "on a painted stack of 4 KiB", painted, 4096, GORO_C_HOG_GAVE },
	{ "the FPU in use for a while", fpu },
	{ "locked to its thread", locked_to_thread },
	{ "between brackets, awake", in_brackets },
	{ "twice", again },
	{ "goro_cond_yield", asks },
};
const int hog_nscenes = ARRAY_SIZE(hog_scenes);

int hogs_init(void)
{
	u32 i;

	empty = goro_chan_make(sizeof(u64), 1, 0);
	from = vmalloc(BIG);
	to = vmalloc(BIG);
	if (IS_ERR(empty) || !from || !to)
		return -ENOMEM;
	for (i = 0; i < BIG; i++)
		from[i] = i * 31;
	return 0;
}

void hogs_exit(void)
{
	vfree(from);
	vfree(to);
	if (!IS_ERR_OR_NULL(empty))
		goro_chan_put(empty);
}
