// SPDX-License-Identifier: GPL-2.0-only
/*
 * Goroutines that are preempted at random instructions, very often (goro's parameter
 * hog_test_ns), and look whether that has changed a register, a flag, or what lies on
 * their stacks. Some are in the middle of goro's own calls instead, two and two.
 */
#include <linux/random.h>
#include <asm/processor-flags.h>
#include "hogs.h"
#include "regs.h"

struct hog_regs {
	u64 r[REGS_N];		/* rax rbx rcx rdx rsi rdi rbp r8 .. r15 */
	u64 flags;
	u64 sp, sp_after;
};
static_assert(offsetof(struct hog_regs, flags) == REGS_FLAGS &&
	      offsetof(struct hog_regs, sp) == REGS_SP &&
	      offsetof(struct hog_regs, sp_after) == REGS_SP_AFTER);

asmlinkage void hog_regs(struct hog_regs *r);

#define FLAGS	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF | \
		 X86_EFLAGS_SF | X86_EFLAGS_DF | X86_EFLAGS_OF)

static u64 until;		/* goro's count of preemptions */
static atomic64_t rounds;

static bool over(void)
{
	return goro_counter(GORO_C_HOG_PREEMPTED) >= until || hog_late();
}

static noinline void once(u64 seed)
{
	u64 stack[32], flags = (seed & FLAGS) | X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	struct hog_regs r;
	int i;

	for (i = 0; i < ARRAY_SIZE(stack); i++)
		stack[i] = seed * (i + 3);
	for (i = 0; i < REGS_N; i++)
		r.r[i] = seed * (2 * i + 1);
	r.flags = flags;
	barrier_data(stack);
	hog_regs(&r);
	barrier_data(stack);
	for (i = 0; i < REGS_N; i++)
		if (r.r[i] != seed * (2 * i + 1) + REGS_STEPS)
			hog_bad("register %d: %llx, not %llx", i, r.r[i],
				seed * (2 * i + 1) + REGS_STEPS);
	if ((r.flags ^ flags) & (FLAGS | X86_EFLAGS_IF | X86_EFLAGS_AC))
		hog_bad("flags: %llx, not %llx", r.flags, flags);
	if (r.sp != r.sp_after)
		hog_bad("stack pointer: %llx, not %llx", r.sp_after, r.sp);
	for (i = 0; i < ARRAY_SIZE(stack); i++)
		if (stack[i] != seed * (i + 3))
			hog_bad("stack: word %d is %llx", i, stack[i]);
}

static int computes(void *arg)
{
	u64 seed = get_random_u64();

	while (!over()) {
		int i;

		for (i = 0; i < 64; i++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			once(seed >> 3);
		}
		atomic64_add(64, &rounds);
		if (!(seed >> 61))
			goro_yield();
	}
	return 0;
}

/* back and forth; the elements come in order and whole */
static int sends(void *arg)
{
	struct goro_chan *c = arg;
	u64 v = 0;

	while (!over()) {
		if (goro_chan_send(c, &v))
			hog_bad("a send failed");
		v++;
	}
	goro_chan_close(c);
	return 0;
}

static int receives(void *arg)
{
	struct goro_chan *c = arg;
	u64 v, want = 0;

	while (goro_chan_recv(c, &v) == 1)
		if (v != want++)
			hog_bad("received %llu, not %llu", v, want - 1);
	goro_chan_put(c);
	return 0;
}

/* Until goro has preempted so often. How many rounds the registers were looked at. */
u64 regs_run(unsigned long preemptions)
{
	struct goro_group grp;
	int i;

	goro_group_init(&grp);
	atomic64_set(&rounds, 0);
	until = goro_counter(GORO_C_HOG_PREEMPTED) + preemptions;
	for (i = 0; i < 6; i++)
		if (goro_group_go(&grp, computes, NULL))
			hog_bad("no goroutine");
	for (i = 0; i < 2; i++) {
		struct goro_chan *c = goro_chan_make(sizeof(u64), i, 0);

		if (IS_ERR(c) || goro_group_go(&grp, receives, c) ||
		    goro_group_go(&grp, sends, c))
			hog_bad("no goroutine");
	}
	goro_group_wait(&grp);
	return atomic64_read(&rounds);
}
