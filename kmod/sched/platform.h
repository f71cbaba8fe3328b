/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where goroutines cannot run: facts of the machine and its kernel, and which
 * of them goro refuses to be loaded for. The verdict is a function of the facts
 * alone, so each has its unit test, the machines for most of them being rare.
 */
#ifndef _GORO_SCHED_PLATFORM_H
#define _GORO_SCHED_PLATFORM_H

#include <linux/types.h>

struct goro_platform {
	bool preempt_rt;	/* a PREEMPT_RT kernel */
	bool sev_es;		/* a guest whose registers are encrypted (AMD SEV-ES) */
	bool sev_snp;		/* the same, and its memory is checked (AMD SEV-SNP) */
	bool call_depth;	/* retbleed=stuff */
	bool kernel_shstk;	/* the kernel's own calls have a shadow stack */
	bool xen_pv;		/* a paravirtual guest of Xen */
};

void goro_platform_facts(struct goro_platform *p);
const char *goro_platform_refusal(const struct goro_platform *p);

#endif /* _GORO_SCHED_PLATFORM_H */
