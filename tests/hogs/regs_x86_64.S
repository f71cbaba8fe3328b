/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * void hog_regs(struct hog_regs *r): load all registers and the flags from *r, count
 * each register up REGS_STEPS times, which leaves the flags alone, and store what came
 * out. Wherever an interrupt sends it away, nothing may be different. QEMU takes
 * interrupts between blocks of code only: hence a jump after each instruction.
 */
#include <linux/linkage.h>
#include "regs.h"

.macro step reg
	leaq	1(%\reg), %\reg
	jmp	.Lnext\@
.Lnext\@:
.endm

	.text

SYM_FUNC_START(hog_regs)
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdi
	movq	%rsp, REGS_SP(%rdi)
	pushq	REGS_FLAGS(%rdi)
	movq	0x00(%rdi), %rax
	movq	0x08(%rdi), %rbx
	movq	0x10(%rdi), %rcx
	movq	0x18(%rdi), %rdx
	movq	0x20(%rdi), %rsi
	movq	0x30(%rdi), %rbp
	movq	0x38(%rdi), %r8
	movq	0x40(%rdi), %r9
	movq	0x48(%rdi), %r10
	movq	0x50(%rdi), %r11
	movq	0x58(%rdi), %r12
	movq	0x60(%rdi), %r13
	movq	0x68(%rdi), %r14
	movq	0x70(%rdi), %r15
	movq	0x28(%rdi), %rdi
	popfq
	.rept	REGS_STEPS
	step	rax
	step	rbx
	step	rcx
	step	rdx
	step	rsi
	step	rdi
	step	rbp
	step	r8
	step	r9
	step	r10
	step	r11
	step	r12
	step	r13
	step	r14
	step	r15
	.endr
	pushfq
	pushq	%rax
	movq	16(%rsp), %rax
	movq	%rbx, 0x08(%rax)
	movq	%rcx, 0x10(%rax)
	movq	%rdx, 0x18(%rax)
	movq	%rsi, 0x20(%rax)
	movq	%rdi, 0x28(%rax)
	movq	%rbp, 0x30(%rax)
	movq	%r8, 0x38(%rax)
	movq	%r9, 0x40(%rax)
	movq	%r10, 0x48(%rax)
	movq	%r11, 0x50(%rax)
	movq	%r12, 0x58(%rax)
	movq	%r13, 0x60(%rax)
	movq	%r14, 0x68(%rax)
	movq	%r15, 0x70(%rax)
	popq	(%rax)
	popq	REGS_FLAGS(%rax)
	std			/* for objtool, which has not seen popfq set it */
	cld
	movq	%rsp, REGS_SP_AFTER(%rax)
	popq	%rdi
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	RET
SYM_FUNC_END(hog_regs)

	.section .note.GNU-stack, "", @progbits
