/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Forced include (-include) for every object whose functions run as goroutines.
 *
 * A goroutine may park on one M (a kernel thread) and resume on another, so
 * "current" changes under a running function. The kernel's own definition
 * lets the compiler keep it in a register across calls (this_cpu_read_stable
 * in 6.1, a const variable from 6.7 on); after a park that is another thread's
 * task_struct. Here it is read anew each time. It must come before any other
 * header, as inline functions of those use current too; goro.h refuses to be
 * included without it. goro.mk (the Kbuild snippet) adds it.
 */
#ifndef _GORO_CURRENT_H
#define _GORO_CURRENT_H

#include <linux/version.h>
#include <linux/compiler.h>
#include <asm/current.h>

#if defined(CONFIG_X86) && !defined(CONFIG_UML)
# include <asm/percpu.h>
# undef current
# if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0) && LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#  define current ((struct task_struct *)this_cpu_read(pcpu_hot.current_task))
# else
#  define current ((struct task_struct *)this_cpu_read(current_task))
# endif
#elif defined(CONFIG_UML)
/*
 * get_current() asks a function for the host thread's CPU and looks into a table.
 * Both change in schedule() and in a switch only, which the compiler takes to
 * change any memory: so between two of those it may ask once, as x86 has it in
 * a register of its own. UML has no preemption.
 */
# ifdef CONFIG_SMP
int __pure uml_curr_cpu(void);
# endif
#else
# error "goro: this architecture's current is not known to be safe"
#endif

#endif /* _GORO_CURRENT_H */
