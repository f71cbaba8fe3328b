/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between kernel versions and architectures that goro knows,
 * each with the version and the reason; nowhere else.
 */
#ifndef _GORO_COMPAT_H
#define _GORO_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/sched.h>
#include <linux/version.h>
#include "compat_asm.h"

/* Preempt notifiers are selected by KVM only; UML has none: brackets there. */
#ifdef CONFIG_PREEMPT_NOTIFIERS
#include <linux/preempt.h>
#define GORO_HAVE_NOTIFIERS 1
#endif

/*
 * In sched_out: does the thread really sleep, or was it preempted? From 6.12 on
 * a sleeper may stay on its runqueue for a while (delayed dequeue).
 */
static inline bool goro_task_sleeps(struct task_struct *task)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	return !task_is_runnable(task);
#else
	return !task->on_rq;
#endif
}

/*
 * kretprobes (rethook) and the function-graph tracer keep a shadow stack per
 * task: a function that they will see return must return on this very task.
 */
static inline int goro_graph_depth(struct task_struct *task)
{
#ifdef CONFIG_FUNCTION_GRAPH_TRACER
	return task->curr_ret_stack;
#else
	return 0;
#endif
}

static inline struct llist_node *goro_rethook_top(struct task_struct *task)
{
#ifdef CONFIG_RETHOOK
	return task->rethooks.first;
#else
	return NULL;
#endif
}

/*
 * A zeroed task_struct that the unwinder is given for a G that is parked. The
 * G may run meanwhile, so a tracer's return address may be met on its stack:
 * the look-up must find a task that does not run (6.1 warns) and whose shadow
 * stacks are empty (up to 6.10 depth 0 is one entry, and dereferenced).
 */
static inline void goro_stand_in(struct task_struct *task)
{
	WRITE_ONCE(task->__state, TASK_UNINTERRUPTIBLE);
#if defined(CONFIG_FUNCTION_GRAPH_TRACER) && LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
	task->curr_ret_stack = -1;
#endif
}

/* 6.13: hrtimer_setup() replaces hrtimer_init() + .function (gone in 6.15) */
static inline void goro_hrtimer_setup(struct hrtimer *t,
				      enum hrtimer_restart (*fn)(struct hrtimer *),
				      enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(t, fn, CLOCK_MONOTONIC, mode);
#else
	hrtimer_init(t, CLOCK_MONOTONIC, mode);
	t->function = fn;
#endif
}

/* 6.2 renamed them (6.15 dropped the old names) */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#include <linux/timer.h>
#define timer_delete(t)		del_timer(t)
#define timer_delete_sync(t)	del_timer_sync(t)
#endif

/* 6.4 declares it in linux/namei.h; exported long before, but in fs/internal.h only */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
struct dentry;
struct path;
struct vfsmount;
int vfs_path_lookup(struct dentry *dentry, struct vfsmount *mnt, const char *name,
		    unsigned int flags, struct path *path);
#endif

/*
 * Hand (part of) a page to a socket: bytes, or an errno. 6.5 replaced sendpage
 * by MSG_SPLICE_PAGES.
 */
#include <linux/bvec.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/uio.h>
static inline int goro_send_page(struct socket *sock, struct bio_vec *v, int flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	struct msghdr msg = { .msg_flags = flags | MSG_SPLICE_PAGES };

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, v, 1, v->bv_len);
	return sock_sendmsg(sock, &msg);
#else
	if (flags & MSG_MORE)
		flags |= MSG_SENDPAGE_NOTLAST;
	return kernel_sendpage(sock, v->bv_page, v->bv_offset, v->bv_len, flags);
#endif
}

/* 6.7 allocates shrinkers itself */
#include <linux/shrinker.h>
#include <linux/slab.h>
typedef unsigned long goro_shrink_t(struct shrinker *s, struct shrink_control *sc);

static inline struct shrinker *goro_shrinker_register(const char *name, goro_shrink_t *count,
						      goro_shrink_t *scan)
{
	struct shrinker *s;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	s = shrinker_alloc(0, "%s", name);
#else
	s = kzalloc(sizeof(*s), GFP_KERNEL);
#endif
	if (!s)
		return NULL;
	s->count_objects = count;
	s->scan_objects = scan;
	s->seeks = DEFAULT_SEEKS;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	shrinker_register(s);
#else
	if (register_shrinker(s, "%s", name)) {
		kfree(s);
		return NULL;
	}
#endif
	return s;
}

static inline void goro_shrinker_unregister(struct shrinker *s)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	shrinker_free(s);
#else
	unregister_shrinker(s);
	kfree(s);
#endif
}

/* 6.8: vfs_iocb_iter_write() holds off freezing of the file system itself */
#define GORO_ITER_WRITE_HOLDS	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0))

/*
 * CPUs that share the last-level cache have the same number here, and may have it in common
 * with others on other nodes: neither the masks nor cacheinfo are exported. 6.7 moved it
 * into cpu_info.
 */
#include <linux/smp.h>
static inline int goro_llc_id(int cpu)
{
#if !defined(CONFIG_X86) || defined(CONFIG_UML)
	return 0;
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return per_cpu_llc_id(cpu);
#else
	return get_llc_id(cpu);
#endif
}

/* x86 proper: objtool, retpolines, IBT, die notifiers. UML has none of them. */
#if defined(CONFIG_X86) && !defined(CONFIG_UML)
#define GORO_X86 1
#endif

#ifdef GORO_X86
#include <linux/objtool.h>
#include <asm/ibt.h>
#include <asm/orc_types.h>
#include <asm/ptrace.h>
#include <asm/thread_info.h>

/* 6.9 renamed CONFIG_RETPOLINE */
#if defined(CONFIG_RETPOLINE) || defined(CONFIG_MITIGATION_RETPOLINE)
#define GORO_JMP_RAX	"jmp __x86_indirect_thunk_rax\n\t"
#else
#define GORO_JMP_RAX	"jmp *%%rax\n\t"
#endif

/*
 * objtool takes the jump for a tail call and wants the frame to be the one at
 * the function's entry; this hint says so. 6.2 dropped the trailing "end" and
 * 6.4 reordered UNWIND_HINT's arguments.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define GORO_HINT_FUNC	UNWIND_HINT(UNWIND_HINT_TYPE_FUNC, ORC_REG_SP, 8, 0)
#else
#define GORO_HINT_FUNC	UNWIND_HINT(ORC_REG_SP, 8, UNWIND_HINT_TYPE_FUNC, 0)
#endif
#define GORO_ENDBR	ASM_ENDBR

/* what the stack printer reads through task_pt_regs() */
#define GORO_STACK_TOP	(sizeof(struct pt_regs) + TOP_OF_KERNEL_STACK_PADDING)

#else /* UML */
#define GORO_JMP_RAX	"jmp *%%rax\n\t"
#define GORO_HINT_FUNC	""
#define GORO_ENDBR	""
#define GORO_STACK_TOP	256
#endif

/*
 * What preempt_count() is in a die notifier where it was 0 before the oops: 6.12 has
 * oops_enter() turn preemption off (nbcon_cpu_emergency_enter()).
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define GORO_OOPS_COUNT	PREEMPT_OFFSET
#else
#define GORO_OOPS_COUNT	0
#endif

/* What platform.c asks; only x86 proper can be one of these. */
#ifdef GORO_X86
#include <linux/cc_platform.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>

static inline bool goro_is_sev_es(void)
{
	return cc_platform_has(CC_ATTR_GUEST_STATE_ENCRYPT);
}

static inline bool goro_is_sev_snp(void)
{
	return cc_platform_has(CC_ATTR_GUEST_SEV_SNP);
}

static inline bool goro_is_xen_pv(void)
{
	return boot_cpu_has(X86_FEATURE_XENPV);
}

/* 6.2 brought retbleed=stuff */
static inline bool goro_has_call_depth(void)
{
#ifdef X86_FEATURE_CALL_DEPTH
	return boot_cpu_has(X86_FEATURE_CALL_DEPTH);
#else
	return false;
#endif
}

/* no kernel has them yet; a CPU without CET has no such register. 6.16 renamed the call */
static inline bool goro_has_kernel_shstk(void)
{
	u64 cet;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
	return !rdmsrq_safe(MSR_IA32_S_CET, &cet) && cet & CET_SHSTK_EN;
#else
	return !rdmsrl_safe(MSR_IA32_S_CET, &cet) && cet & CET_SHSTK_EN;
#endif
}
#else
static inline bool goro_is_sev_es(void) { return false; }
static inline bool goro_is_sev_snp(void) { return false; }
static inline bool goro_is_xen_pv(void) { return false; }
static inline bool goro_has_call_depth(void) { return false; }
static inline bool goro_has_kernel_shstk(void) { return false; }
#endif

/*
 * The stack-protector guard: of the task, and of the CPU. 6.x keeps it in
 * fixed_percpu_data; UML has none.
 */
#if defined(GORO_X86) && defined(CONFIG_STACKPROTECTOR)
#include <linux/irqflags.h>
#include <linux/random.h>
#include <linux/stackprotector.h>
#include <asm/processor.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#error "goro: write the canary through __ref_stack_chk_guard here"
#endif
extern unsigned long goro_canary;
static inline void goro_canary_init(void)
{
	goro_canary = get_random_canary();
}

/* inlined into a function without a stack protector that never returns */
static __always_inline void goro_canary_set(void)
{
	unsigned long flags;

	local_irq_save(flags);
	current->stack_canary = goro_canary;
	this_cpu_write(fixed_percpu_data.stack_canary, goro_canary);
	local_irq_restore(flags);
}
#else
static inline void goro_canary_init(void) { }
static inline void goro_canary_set(void) { }
#endif

#endif /* _GORO_COMPAT_H */
