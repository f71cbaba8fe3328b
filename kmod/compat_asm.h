/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of compat.h that assembly needs, too.
 */
#ifndef _GORO_COMPAT_ASM_H
#define _GORO_COMPAT_ASM_H

#include <linux/version.h>

/*
 * A G that does not yield can be sent away (hog_x86_64.S) where the kernel's own
 * preemption is built in, whether it was chosen at boot or not: then preempt_count
 * counts, RCU readers may be preempted, and all code was compiled for that.
 */
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML) && defined(CONFIG_PREEMPTION) && \
	defined(CONFIG_PREEMPT_COUNT) && defined(CONFIG_PREEMPT_RCU) && \
	defined(CONFIG_PREEMPT_NOTIFIERS)
#define GORO_HAVE_TRAMPOLINE 1
#endif

#ifdef __ASSEMBLY__
#ifndef CONFIG_UML
#include <asm/asm.h>
#include <asm/nospec-branch.h>
#include <asm/smap.h>
#include <asm/unwind_hints.h>
/* 6.4 renamed the hint */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define HINT_END	UNWIND_HINT_END_OF_STACK
#else
#define HINT_END	UNWIND_HINT_EMPTY
#endif
/* neither a kprobe nor a kretprobe, which would replace its return address */
#define NOKPROBE(sym)	_ASM_NOKPROBE(sym)
#else
#define HINT_END
#define NOKPROBE(sym)
#endif
#endif /* __ASSEMBLY__ */

#endif /* _GORO_COMPAT_ASM_H */
