/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a goroutine goes on that an interrupt has found computing for too long:
 * see hog.c, which says when it may be sent here, and why it may.
 *
 * The interrupt has put this address into its frame in place of the goroutine's,
 * and has rounded the stack pointer down to 16; both are kept in the M. All else
 * is as it was: every register, the flags, what is on the stack above. So a
 * pt_regs is built here, below, as the interrupt's own was, and goro_hog_regs()
 * fills its two blanks. From then on traces go through it to the goroutine's
 * code; until then they end here. Back by iretq, which takes flags and stack
 * pointer at once and leaves no return address behind.
 *
 * Nothing here may be traced or probed: what was interrupted may be a tracer's
 * or a probe's own trampoline.
 */
#include <linux/linkage.h>
#include "../compat_asm.h"

#ifdef GORO_HAVE_TRAMPOLINE
#include <asm/segment.h>

	.text

SYM_CODE_START(goro_hog_entry)
	HINT_END
	ENDBR
	pushq	$__KERNEL_DS		/* ss */
	pushq	$0			/* sp */
	pushfq
	pushq	$__KERNEL_CS
	pushq	$0			/* ip */
	pushq	$-1			/* orig_ax: no system call */
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	/* a backward copy has DF set; AC is never set here, but costs a catastrophe */
	cld
	ASM_CLAC
	movq	%rsp, %rdi
	subq	$8, %rsp		/* 21 words are pushed: 16-aligned again */
	xorl	%ebp, %ebp
	call	goro_hog_regs
	UNWIND_HINT_REGS offset=8
	call	goro_hog_preempt
	addq	$8, %rsp
	UNWIND_HINT_REGS
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	addq	$8, %rsp
	UNWIND_HINT_IRET_REGS
	iretq
SYM_CODE_END(goro_hog_entry)
NOKPROBE(goro_hog_entry)
#endif

	.section .note.GNU-stack, "", @progbits
