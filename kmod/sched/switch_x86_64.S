/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of the switch cannot be C: where a goroutine begins, and a call on
 * another stack. x86-64 and UML on it; the switch itself is in switch.h.
 */
#include <linux/linkage.h>
#include <linux/version.h>
#ifndef CONFIG_UML
#include <asm/asm.h>
#include <asm/nospec-branch.h>
#include <asm/unwind_hints.h>
/* 6.4 renamed the hint */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define HINT_END	UNWIND_HINT_END_OF_STACK
#else
#define HINT_END	UNWIND_HINT_EMPTY
#endif
#define CALL_REG(reg)	CALL_NOSPEC reg
/* its return address, which a kretprobe would replace, is none */
#define NOKPROBE(sym)	_ASM_NOKPROBE(sym)
#else
#define HINT_END
#define ENDBR
#define RET		ret
#define CALL_REG(reg)	call *%reg
#define NOKPROBE(sym)
#endif

	.text

/* The switch jumps here; rdi: the G that was left, rsp: top, 16-aligned. */
SYM_CODE_START(goro_g_entry)
	HINT_END
	ENDBR
	xorl	%ebp, %ebp
	/* through a register: objtool wants to know functions that never return by name */
	leaq	goro_g_main(%rip), %rax
	CALL_REG(rax)
	ud2
SYM_CODE_END(goro_g_entry)
NOKPROBE(goro_g_entry)

/* long goro_call_on(sp, fn, arg): fn(arg) below sp */
SYM_FUNC_START(goro_call_on)
	pushq	%rbp
	movq	%rsp, %rbp
	movq	%rdi, %rsp
	andq	$-16, %rsp
	movq	%rsi, %rax
	movq	%rdx, %rdi
	CALL_REG(rax)
	movq	%rbp, %rsp
	popq	%rbp
	RET
SYM_FUNC_END(goro_call_on)

	.section .note.GNU-stack, "", @progbits
