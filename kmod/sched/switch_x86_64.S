/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of the switch cannot be C: where a goroutine begins, and a call on
 * another stack. x86-64 and UML on it; the switch itself is in switch.h.
 */
#include <linux/linkage.h>
#include "../compat_asm.h"
#ifndef CONFIG_UML
#define CALL_REG(reg)	CALL_NOSPEC reg
#else
#define ENDBR
#define RET		ret
#define CALL_REG(reg)	call *%reg
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
/* its return address, which a kretprobe would replace, is none */
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
