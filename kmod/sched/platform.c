// SPDX-License-Identifier: GPL-2.0-only
/*
 * May goro be loaded here? See platform.h; how a fact is found out is in
 * compat.h, as it differs between kernels.
 */
#include <linux/export.h>
#include "../compat.h"
#include "platform.h"

/**
 * goro_platform_facts - look at this machine
 * @p: filled in
 *
 * Context: any.
 */
void goro_platform_facts(struct goro_platform *p)
{
	*p = (struct goro_platform) {
		.preempt_rt = IS_ENABLED(CONFIG_PREEMPT_RT),
		.sev_es = goro_is_sev_es(),
		.sev_snp = goro_is_sev_snp(),
		.call_depth = goro_has_call_depth(),
		.kernel_shstk = goro_has_kernel_shstk(),
		.xen_pv = goro_is_xen_pv(),
	};
}

/**
 * goro_platform_refusal - may goroutines run there?
 * @p: the facts
 *
 * Context: any. Return: NULL, or why not, for the log; the first reason, if
 * there are several.
 */
const char *goro_platform_refusal(const struct goro_platform *p)
{
	/* nothing could be parked or readied under one */
	if (p->preempt_rt)
		return "PREEMPT_RT: its spinlocks sleep";
	/*
	 * A #VC exception looks for a stack that the kernel knows, and panics on
	 * any other: a goroutine's, where it is small, and at each switch.
	 */
	if (p->sev_snp)
		return "SEV-SNP guests: a #VC exception on a goroutine's stack would panic";
	if (p->sev_es)
		return "SEV-ES guests: a #VC exception on a goroutine's stack would panic";
	/* the depth is the CPU's, and wrong after a switch: returns would go unprotected */
	if (p->call_depth)
		return "retbleed=stuff: it counts calls, and does not see goroutines switch";
	/* the first return after a switch would be a #CP exception */
	if (p->kernel_shstk)
		return "shadow stacks of the kernel's own: they do not switch with goroutines";
	/*
	 * There are no interrupt stacks of the CPU's: NMI, #DB and #MC come in on
	 * whatever stack is in use, small ones as well, and an overflow is no
	 * double fault that could name the goroutine, but the domain's end.
	 */
	if (p->xen_pv)
		return "Xen PV guests: exceptions have no stacks of their own there";
	return NULL;
}
EXPORT_SYMBOL_GPL(goro_platform_refusal);
