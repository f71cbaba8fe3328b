/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * goro: Go's concurrency model for kernel code.
 *
 * Who may call what. G: a goroutine. Process: any other process context that
 * may sleep; a thread that waits is woken by signals, a G by its cancel. Timer:
 * a timer_list's function; an hrtimer's is softirq or hard IRQ, by its mode.
 * RCU: a callback of call_rcu(). "no" is refused: -EAGAIN (or nothing is done)
 * and a warning, once, but it may also have done its work, where it did not
 * have to wait. tests/context goes through every cell.
 *
 *   call                              G      process  softirq  timer  RCU   hard IRQ
 *   goro_go, goro_group_go            yes    yes      no       no     no    no
 *   goro_go_ctx, goro_group_try_go    yes    yes      no       no     no    no
 *   goro_go_atomic                    yes    yes      yes      yes    yes   yes
 *   goro_chan_send, _recv, _until     park   sleep    no       no     no    no
 *   goro_chan_try_send, _try_recv     yes    yes      no       no     no    no
 *    .. of a GORO_CHAN_IRQ channel    yes    yes      yes      yes    yes   yes
 *   goro_select, goro_select_until    park   sleep    no       no     no    no
 *   goro_chan_close                   yes    yes      no       no     no    no
 *    .. of a GORO_CHAN_IRQ channel    yes    yes      yes      yes    yes   yes
 *   goro_chan_make                    yes    yes      no       no     no    no
 *   goro_chan_get, _put, _len, _cap   yes    yes      yes      yes    yes   yes
 *   goro_mutex_lock, _until           park   sleep    no       no     no    no
 *   goro_mutex_try_lock, _unlock      yes    yes      no       no     no    no
 *   goro_rwmutex_lock, _rlock, _until park   sleep    no       no     no    no
 *   goro_rwmutex_try_*, _unlock       yes    yes      no       no     no    no
 *   goro_once_do, _call               park   sleep    no       no     no    no
 *   goro_cond_wait                    park   sleep    no       no     no    no
 *   goro_cond_signal, _broadcast      yes    yes      no       no     no    no
 *   goro_sema_acquire, _until         park   sleep    no       no     no    no
 *   goro_sema_try_acquire, _release   yes    yes      no       no     no    no
 *   goro_wg_go                        yes    yes      no       no     no    no
 *   goro_wg_add, _done                yes    yes      no       no     no    no
 *   goro_wg_wait                      park   sleep    no       no     no    no
 *   goro_group_wait, _stop            park   sleep    no       no     no    no
 *   goro_group_go at its limit        park   sleep    no       no     no    no
 *   goro_group_cancel                 yes    yes      no       no     no    no
 *   goro_group_init_ctx, _set_limit   yes    yes      no       no     no    no
 *   goro_ctx_with_*, _put, _done      yes    yes      no       no     no    no
 *   goro_ctx_after_func, _stop        yes    yes      no       no     no    no
 *   goro_ctx_cancel                   yes    yes      yes      yes    yes   yes
 *   goro_ctx_get, _err, _cause        yes    yes      yes      yes    yes   yes
 *   goro_*_ctx                        park   sleep    no       no     no    no
 *   goro_sleep                        park   sleep    no       no     no    no
 *   goro_timer_make, goro_after       yes    yes      no       no     no    no
 *   goro_timer_stop, _reset, _put     yes    yes      yes      yes    yes   yes
 *   goro_yield                        yes    yes      no       no     no    no
 *   goro_cond_yield                   yes    yes      no       no     no    no
 *   goro_wait_event*                  park   sleep    no       no     no    no
 *   goro_wait_for_completion*         block  sleep    no       no     no    no
 *   goro_poll, goro_poll_sock         park   sleep    no       no     no    no
 *   goro_sock_*, goro_sendfile        park   sleep    no       no     no    no
 *   goro_file_*                       park   sleep    no       no     no    no
 *   goro_lock_thread, _unlock_thread  yes    yes      no       no     no    no
 *   goro_set_procs                    yes    yes      no       no     no    no
 *   goro_dump                         yes    yes      no       no     no    no
 *   goro_num, _procs, _num_cpu        yes    yes      yes      yes    yes   yes
 *   goro_in_goroutine, _cancelled     yes    yes      yes      yes    yes   yes
 *
 * In G and process context nothing of this may be called with interrupts off
 * or a spinlock held that an interrupt takes, but for what "hard IRQ" allows.
 * goro_exit() and goro_block_begin/end() are a G's, in others they are a BUG
 * and nothing at all.
 *
 * A G parks with nothing held: no lock, no RCU read side, preemption on,
 * __state TASK_RUNNING. Anything else that sleeps may be called by a G, too;
 * its M sleeps with it then, and another one takes the P (goro_block_begin()).
 *
 * Deadlines are absolute, CLOCK_MONOTONIC, in ns: GORO_NOW does not block,
 * GORO_FOREVER has none; goro_in(ns) makes one.
 *
 * Results: 0 or a positive value; -EPIPE send on a closed channel, -EBADFD
 * close of a closed one, -EAGAIN would block, -ETIMEDOUT deadline passed,
 * -ECANCELED the goroutine was cancelled, -EINTR (threads) a signal came; to a
 * kernel thread that is what kthread_stop() looks like.
 *
 * A goroutine that oopses is lost, and nothing else: others run on, in its group, too.
 * What waits for its end is told: its group has the error -EOWNERDEAD. But what it held,
 * locks of the kernel and of goro, is held for ever, its goro_wg_done() never comes, and
 * goro and the module that started it can not be removed any more. (x86 with preempt
 * notifiers; elsewhere the kernel panics.) After an oops with a spinlock held or
 * interrupts off, or in goro itself, no goroutine is started any more: -ENODEV.
 */
#ifndef _GORO_GORO_H
#define _GORO_GORO_H

#ifndef _GORO_CURRENT_H
#error "goro: build with -include goro/current.h (see goro.mk): 'current' changes across a park"
#endif

#include <linux/bug.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <goro/chan.h>
#include <goro/types.h>

/**
 * goro_in - the deadline that is @ns from now
 * @ns: nanoseconds
 *
 * Context: any.
 * Return: CLOCK_MONOTONIC ns, GORO_FOREVER if that overflows.
 */
static inline u64 goro_in(u64 ns)
{
	u64 t = ktime_get_ns();

	return t + ns < t ? GORO_FOREVER : t + ns;
}

/* ---- goroutines ------------------------------------------------------ */

/*
 * A flag of struct goro_attr: while the goroutine waits its stack may be taken away.
 *
 * When it has waited for trim_ms (a parameter of goro.ko's, 1000), or sooner if the
 * system runs short of memory, what is in use of its stack, some hundred bytes as a
 * rule, is copied, and the stack's pages go back to the system. They are back, at the
 * same address and with the same contents, before it runs.
 *
 * The caller promises that nobody else uses an address in this stack while the
 * goroutine waits in one of goro's calls; who does faults. So a WaitGroup, a mutex, a
 * group, a completion or a work item that others know is not to be a
 * local variable of it, nor of what calls it. What goro itself puts there, or is given
 * for one of its calls, is no use in this sense: elements, a select's cases, scopes of
 * contexts, entries of goro_wait_event() and of what polls.
 *
 * Some waits leave the stack where it is: see the head of kmod/sched/trim.c. Where
 * stacks cannot be taken away (UML, kernels with KASAN) the flag does nothing.
 *
 * It costs some bytes a goroutine, charged to who starts it, and, when it has been
 * trimmed, a few us and an allocation before it runs on.
 */
#define GORO_TRIM	(1U << 0)

/**
 * struct goro_attr - how a goroutine is to be
 * @name: for traces and dumps; must outlive the goroutine. NULL: its function's
 * @stack_size: 0 for THREAD_SIZE; 4096 or 8192 for one that calls shallow code only (at
 *	least: it is more where the kernel needs more)
 * @flags: GORO_TRIM, or 0
 */
struct goro_attr {
	const char *name;
	u32 stack_size;
	u32 flags;
};

/* not a tail call: the return address tells where the goroutine was started */
#define __goro_here(call)	({ int __ret = (call); barrier(); __ret; })

int __goro_go(goro_fn_t fn, void *arg, const void *copy, size_t size,
	      const struct goro_attr *attr, struct module *owner);
int __goro_group_go(struct goro_group *grp, goro_err_fn_t fn, void *arg,
		    const void *copy, size_t size, const struct goro_attr *attr,
		    struct module *owner);
int __goro_group_try_go(struct goro_group *grp, goro_err_fn_t fn, void *arg,
			struct module *owner);
int __goro_group_init_ctx(struct goro_group *grp, struct goro_ctx *parent,
			  struct module *owner);

/**
 * goro_go - start a goroutine (Go: go fn(arg))
 * @fn: its function
 * @arg: its argument
 *
 * The calling module is pinned until the goroutine ends (rmmod says busy); use
 * a group where the module is to stop its own goroutines.
 *
 * Context: process context, also inside a goroutine; may sleep.
 * Return: 0, -ENOMEM, -ENODEV (goro is unloading or marked itself broken).
 */
#define goro_go(fn, arg) \
	__goro_here(__goro_go(fn, arg, NULL, 0, NULL, THIS_MODULE))

/**
 * goro_go_copy - start a goroutine with its argument captured by value
 * @fn: its function; it gets a pointer to the copy, which lives as long as it
 * @args: what to copy
 * @size: bytes
 *
 * The captured-loop-variable mistake cannot happen. Context and return value
 * as goro_go(), and -EINVAL for a @size above 4096.
 */
#define goro_go_copy(fn, args, size) \
	__goro_here(__goro_go(fn, NULL, args, size, NULL, THIS_MODULE))

/**
 * goro_go_attr - goro_go() with attributes
 * @fn: its function
 * @arg: its argument
 * @attr: see struct goro_attr; read before the call returns
 *
 * Return: as goro_go(), and -EINVAL for a stack size or flag that is unknown.
 */
#define goro_go_attr(fn, arg, attr) \
	__goro_here(__goro_go(fn, arg, NULL, 0, attr, THIS_MODULE))

int __goro_go_atomic(goro_fn_t fn, void *arg, struct module *owner);

/**
 * goro_go_atomic - start a goroutine from any context (Go: go fn(arg))
 * @fn: its function
 * @arg: its argument
 *
 * As goro_go(), for interrupts, timers, RCU callbacks and whoever holds a lock.
 * Memory is taken without waiting and charged to nobody; the goroutine has the
 * attributes of goro_go()'s. Whoever can wait should call goro_go(), which is
 * quicker.
 *
 * Context: any but NMI.
 * Return: 0, -ENOMEM (no memory at once), -ENODEV.
 */
#define goro_go_atomic(fn, arg) \
	__goro_here(__goro_go_atomic(fn, arg, THIS_MODULE))

int __goro_go_ctx(struct goro_ctx *ctx, goro_fn_t fn, void *arg, struct module *owner);

/**
 * goro_go_ctx - start a goroutine that lives under a context (Go: go fn(ctx, arg))
 * @ctx: the context, which is held until the goroutine has ended; NULL is background
 * @fn: its function
 * @arg: its argument
 *
 * As goro_go(), and all of the goroutine's blocking calls return -ECANCELED once
 * @ctx is cancelled, also where its deadline has passed: goro_ctx_err() tells which.
 *
 * Context: as goro_go().
 * Return: as goro_go().
 */
#define goro_go_ctx(ctx, fn, arg) \
	__goro_here(__goro_go_ctx(ctx, fn, arg, THIS_MODULE))

/**
 * goro_yield - let others run (Go: runtime.Gosched)
 *
 * Context: a goroutine, preemption on; in a thread it is cond_resched().
 */
void goro_yield(void);

/**
 * goro_cond_yield - let others run if it is their turn
 *
 * For loops that compute for more than some milliseconds and neither park nor sleep;
 * where nothing is to be done it costs a look at two flags. On x86-64, where the
 * kernel has CONFIG_PREEMPTION (PREEMPT_DYNAMIC brings it, whatever was chosen at
 * boot), PREEMPT_RCU and PREEMPT_NOTIFIERS (with KVM), as Debian's have, a goroutine
 * that does not call it is preempted all the same, after 10 ms if others wait.
 * Elsewhere (UML), and where goro was told not to do that (parameter
 * preempt_hogs=0), it keeps its P until it yields. Go preempts its goroutines in
 * this way, and needs no such call.
 *
 * It is a scheduling point, as goro_yield(), where one that is only preempted is at
 * none: that goes on without a P on its CPU, which it shares with other threads; a
 * cap on its CPU time does not stop it; it cannot be frozen for suspend; and
 * synchronize_rcu_tasks(), so who removes probes and tracers, waits for it. So a loop
 * that may go on for seconds calls it everywhere.
 *
 * Context: as goro_yield(); in a thread it is cond_resched().
 * Return: true if it has let others run.
 */
bool goro_cond_yield(void);

void __goro_exit(void);

/**
 * goro_exit - end the calling goroutine here (Go: runtime.Goexit)
 *
 * Nothing is undone on the way: C has no defer, and what the functions that it
 * leaves hold (locks, memory, references) stays so. Who holds something returns
 * instead. But goro's own calls that it leaves come to their end: a Once has run,
 * block brackets and scopes are left, a wait whose condition, or whose file's ->poll,
 * calls this is in no queue any more. One that is locked to its thread ends that
 * (goro_lock_thread()).
 *
 * Context: a goroutine. In a group this counts as the result 0.
 */
static __always_inline void __noreturn goro_exit(void)
{
	__goro_exit();
	BUG();	/* for objtool, which knows of no function of a module that it does not return */
}

/**
 * goro_sleep_until - sleep until a deadline
 * @deadline: absolute CLOCK_MONOTONIC ns
 *
 * Context: parks a goroutine; a thread sleeps.
 * Return: 0, -ECANCELED, -EINTR (thread).
 */
int goro_sleep_until(u64 deadline);

/**
 * goro_sleep - sleep for a while (Go: time.Sleep)
 * @ns: nanoseconds
 *
 * Context: as goro_sleep_until().
 * Return: as goro_sleep_until().
 */
static inline int goro_sleep(u64 ns)
{
	return goro_sleep_until(goro_in(ns));
}

/**
 * goro_num - how many goroutines there are (Go: runtime.NumGoroutine)
 *
 * Of all modules and programs, those that have not run yet, and those that are lost
 * in an oops, included.
 * Context: any.
 * Return: the number at one moment.
 */
long goro_num(void);
/**
 * goro_procs - how many goroutines may run at once (Go: runtime.GOMAXPROCS(0))
 *
 * Context: any.
 * Return: the number of Ps.
 */
unsigned int goro_procs(void);
/**
 * goro_in_goroutine - is the caller a goroutine?
 *
 * Context: any; in an interrupt the answer is no, whatever it interrupted.
 * Return: true in a goroutine.
 */
bool goro_in_goroutine(void);
/**
 * goro_cancelled - has the calling goroutine been cancelled? (Go: ctx.Err() != nil)
 *
 * For loops that compute and make no blocking call, which would tell by
 * -ECANCELED.
 * Context: any; false where the caller is no goroutine.
 * Return: true once its group was cancelled or stopped.
 */
bool goro_cancelled(void);

/* ---- groups ---------------------------------------------------------- */

/**
 * goro_group_init - make an empty group
 * @grp: memory of the caller's, which stays until the group was stopped, or
 *	waited for by the last who starts members
 *
 * Context: any. There is nothing to be undone.
 */
void goro_group_init(struct goro_group *grp);

/**
 * goro_group_init_ctx - make an empty group with a context (Go: errgroup.WithContext)
 * @grp: memory of the caller's, as for goro_group_init()
 * @parent: what the group's context is derived from
 *
 * The first member that returns an error cancels the context, with the error as its
 * cause; so does goro_group_cancel(). When the context is cancelled, by whomever, the
 * members' current and later blocking calls return -ECANCELED, and no more can be
 * started. A group of its own that a member makes with goro_group_ctx() as parent is
 * reached likewise.
 *
 * The group has to be waited for, or stopped: the first wait that finds all members
 * ended cancels the context, too, and puts it. After that nothing can be started.
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM; -EINVAL for a NULL @parent (WARN_ONCE).
 */
#define goro_group_init_ctx(grp, parent) \
	__goro_group_init_ctx(grp, parent, THIS_MODULE)

/**
 * goro_group_ctx - the context of a group
 * @grp: the group
 *
 * It is the group's: who keeps it beyond the wait for the group takes a reference
 * (goro_ctx_get()).
 * Context: any, before that wait.
 * Return: the context; NULL for a group of goro_group_init(), and after the wait.
 */
struct goro_ctx *goro_group_ctx(struct goro_group *grp);

/**
 * goro_group_set_limit - let at most so many members run at once
 * @grp: the group, without members
 * @n: how many; negative: no limit, as it is at first
 *
 * Go: errgroup.Group.SetLimit, which panics where goroutines are active
 * Context: a goroutine or other process context.
 * Return: 0; -EBUSY, and a WARN_ONCE, where it has members.
 */
int goro_group_set_limit(struct goro_group *grp, long n);

/**
 * goro_group_go - start a goroutine as a member (Go: errgroup.Group.Go)
 * @grp: the group; its goroutines do not pin the module
 * @fn: its function; the first non-zero result is the group's
 * @arg: its argument
 *
 * Where goro_group_set_limit() has set a limit, and so many run, it waits until one
 * has ended.
 *
 * Context: as goro_go(); in a group with a limit it parks a goroutine, a thread
 * sleeps.
 * Return: as goro_go(), and -ECANCELED in a cancelled
 * group (nothing is started); while it waits -ECANCELED, -EINTR (thread).
 */
#define goro_group_go(grp, fn, arg) \
	__goro_here(__goro_group_go(grp, fn, arg, NULL, 0, NULL, THIS_MODULE))

/**
 * goro_group_try_go - goro_group_go() if that need not wait (Go: errgroup.Group.TryGo)
 * @grp: the group
 * @fn: its function
 * @arg: its argument
 *
 * Context: as goro_go().
 * Return: as goro_group_go(); -EAGAIN where as many run as may.
 */
#define goro_group_try_go(grp, fn, arg) \
	__goro_here(__goro_group_try_go(grp, fn, arg, THIS_MODULE))

/**
 * goro_group_go_copy - goro_group_go() with the argument captured by value
 * @grp: the group
 * @fn: the function; it gets a pointer to the copy, which lives as long as it
 * @args: what to copy
 * @size: bytes, at most 4096
 *
 * Context: as goro_group_go().
 * Return: as goro_group_go(), and -EINVAL for the size.
 */
#define goro_group_go_copy(grp, fn, args, size) \
	__goro_here(__goro_group_go(grp, fn, NULL, args, size, NULL, THIS_MODULE))

/**
 * goro_group_go_attr - goro_group_go() with attributes
 * @grp: the group
 * @fn: the function
 * @arg: its argument
 * @attr: see struct goro_attr; read before the call returns
 *
 * Context: as goro_group_go().
 * Return: as goro_group_go(), and -EINVAL for a stack
 * size or flag that is unknown.
 */
#define goro_group_go_attr(grp, fn, arg, attr) \
	__goro_here(__goro_group_go(grp, fn, arg, NULL, 0, attr, THIS_MODULE))

/**
 * goro_group_cancel - ask all members to end
 * @grp: the group
 *
 * Current and later blocking calls of the members return -ECANCELED, and no
 * more can be started. A group with a context: it is cancelled, too, with all that
 * was derived from it.
 * Context: may not sleep; preemption on or off, not in interrupts.
 */
void goro_group_cancel(struct goro_group *grp);

/**
 * goro_group_wait_until - wait until all members have ended
 * @grp: the group
 * @deadline: absolute ns
 *
 * Context: parks a goroutine (which must not be a member); a thread sleeps.
 * Return: 0 or the first error a member returned, -EOWNERDEAD where it oopsed; or
 * -ETIMEDOUT, -ECANCELED (the waiting goroutine was cancelled), -EINTR, -EDEADLK (a
 * member waits).
 */
int goro_group_wait_until(struct goro_group *grp, u64 deadline);

/**
 * goro_group_wait - wait until all members have ended (Go: errgroup.Group.Wait)
 * @grp: the group
 *
 * Context: as goro_group_wait_until().
 * Return: as goro_group_wait_until() but for -ETIMEDOUT.
 */
static inline int goro_group_wait(struct goro_group *grp)
{
	return goro_group_wait_until(grp, GORO_FOREVER);
}

/**
 * goro_group_stop - cancel, wait, and make sure that no member runs any more
 * @grp: the group
 *
 * What a module's exit calls: when it returns, no goroutine of the group can
 * be in the module's text, and the group's memory may go. Not interrupted by
 * signals or by the caller's own cancel. It never returns where a member is lost in an
 * oops: what that one has left behind may refer to either.
 *
 * Context: parks a goroutine (which must not be a member); a thread sleeps.
 */
void goro_group_stop(struct goro_group *grp);

/* ---- blocking the M -------------------------------------------------- */

/**
 * goro_block_begin - the calling goroutine is about to sleep in the kernel
 *
 * Its P goes to another M until goro_block_end(), so that other goroutines of
 * this CPU run on: at once where the kernel has no preempt notifiers (UML), else
 * when the M really sleeps, which it does without brackets, too; they only make
 * sure that the goroutine has a P again when goro_block_end() returns.
 * May not nest; in a thread both do nothing. Between the two, goro's calls that
 * park may not be used; waking calls may. A goroutine that ends between the two
 * ends this, too.
 */
void goro_block_begin(void);

/**
 * goro_block_end - the end of what goro_block_begin() began
 *
 * The goroutine has a P again when this returns, and may have waited for it; but for
 * one that is locked to its thread and whose CPU's P is off (goro_set_procs()), and one
 * that a tracer keeps on it: these go on without. One whose account has used up its CPU
 * time waits here until it has some.
 *
 * Context: as goro_block_begin(); it may sleep, with nothing held.
 */
void goro_block_end(void);

/**
 * goro_call_on_m_stack - run a function on the M's own stack
 * @fn: may sleep, may not park: goro's blocking calls block the M there
 * @arg: its argument
 *
 * For deep calls out of a goroutine with a small stack.
 * Return: what @fn returned.
 */
long goro_call_on_m_stack(long (*fn)(void *arg), void *arg);

#define GORO_CALL_STACK_MAX	262144U	/* bytes */

/**
 * goro_call_on_stack - run a function on a larger stack
 * @fn: the function; it may do all that the caller may: park, block, exit, call
 *	this again
 * @arg: its argument
 * @size: bytes of stack, up to GORO_CALL_STACK_MAX; rounded up to a power of two,
 *	THREAD_SIZE at least
 *
 * For deep work out of a goroutine, also one with a small stack. Where the stack
 * that the caller is on still has @size bytes left @fn runs there. The stacks are
 * cached, have a guard page, and belong to the goroutine while it is on them; one
 * that ends by goro_exit() gives all of them back. Backtraces do not see beyond
 * the call, and of a stack above THREAD_SIZE an oops shows no frames (debugfs
 * does).
 *
 * Context: a goroutine; may sleep. In a thread @fn runs on the thread's own stack.
 * Return: what @fn returned; or, and @fn has not run: -ENOMEM, -EINVAL (@size),
 * -EOPNOTSUPP (a thread whose stack has not @size bytes left).
 * Go: what its growing stacks do by themselves.
 */
long goro_call_on_stack(long (*fn)(void *arg), void *arg, size_t size);

#include <goro/sync.h>
#include <goro/ctx.h>
#include <goro/runtime.h>
#include <goro/wait.h>
#include <goro/io.h>
#include <goro/time.h>
#include <goro/ctx_calls.h>
#include <goro/select.h>

#endif /* _GORO_GORO_H */
