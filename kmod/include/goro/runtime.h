/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The runtime: how many Ps, goroutines that keep their thread, the dump.
 *
 * A goroutine has no name or number that a program could ask for, as in Go: what it
 * is to know it is given. Tracepoints, dumps and warnings show a number.
 *
 * The stack of oneself (runtime.Stack, Caller) is the kernel's dump_stack(), which
 * shows the goroutine's frames; where it was called from __builtin_return_address(0).
 */
#ifndef _GORO_RUNTIME_H
#define _GORO_RUNTIME_H

#include <linux/types.h>

/**
 * goro_num_cpu - how many CPUs could run goroutines (Go: runtime.NumCPU)
 *
 * Those that are online and not isolated (isolcpus=); if all of these are offline, those
 * that are online. CPU hotplug changes it at any time.
 * Context: any.
 * Return: the number at one moment; it is the most that goro_set_procs() takes.
 */
unsigned int goro_num_cpu(void);

/**
 * goro_set_procs - how many goroutines may run at once (Go: runtime.GOMAXPROCS)
 * @n: from 1 to goro_num_cpu(); 0 or less changes nothing
 *
 * The Ps of the first @n CPUs are those that run; the same as writing to
 * /sys/module/goro/parameters/procs, for all modules and programs. A P that is one
 * too many is given up at the next scheduling point of the goroutine that it runs,
 * and what it has queued goes to the others; goroutines that compute on until then
 * are not waited for. One that is locked to a thread on such a CPU runs on without
 * a P. It takes one or two RCU grace periods.
 *
 * The number is kept when CPUs go offline: there are fewer Ps then, as many as there
 * are CPUs, and again @n when these come back. Until it is called, or when 0 is
 * written to the parameter, it is all CPUs, those that come later included. What is
 * queued on a CPU that goes offline goes to the others; a goroutine that is locked to
 * its thread goes on there, on another CPU, until its own comes back.
 *
 * Context: process context, also inside a goroutine (not between goro_block_begin()
 * and _end()); may sleep, and yields.
 * Return: how many Ps there were; -EINVAL (more than there are CPUs; Go takes any number),
 * -ENODEV (goro is being unloaded), -EAGAIN in an interrupt.
 */
int goro_set_procs(int n);

/**
 * goro_lock_thread - keep the goroutine on its thread (Go: runtime.LockOSThread)
 *
 * From here on the calling goroutine runs on the kernel thread that it is on, with
 * one and the same "current", and no other goroutine does: for what is bound to a
 * thread, such as credentials, an mm, task_work, a per-task tracer. It parks by
 * putting the thread to sleep; another thread has its P meanwhile. When it goes on
 * it waits until the P of this CPU comes to a scheduling point, and takes turns with
 * what is queued there. Calls nest. Each costs the system a thread (max_ms), and a
 * switch of threads where others switch goroutines.
 *
 * One that ends (returns, or goro_exit()) while it is locked takes the thread along.
 *
 * Context: a goroutine; in a thread nothing is done. Not in goro_call_on_m_stack().
 * Return: 0; -EOVERFLOW (2^32 - 1 nested calls), -EAGAIN in an interrupt.
 */
int goro_lock_thread(void);

/**
 * goro_unlock_thread - undo one goro_lock_thread() (Go: runtime.UnlockOSThread)
 *
 * What was changed of the thread has to be put back before: others run on it after
 * the last one.
 * Context: as goro_lock_thread().
 * Return: 0; -EINVAL for a goroutine that is not locked (WARN_ONCE; Go ignores it),
 * -EAGAIN in an interrupt.
 */
int goro_unlock_thread(void);

/**
 * goro_dump - write all goroutines to the log (Go: what SIGQUIT, or a deadlock, does)
 *
 * As debugfs goro/goroutines has it: number, state, on what each waits and for how
 * long, name, stack, where it was started, group. The system runs on meanwhile; each
 * one is shown as it was at one moment. Writing anything to debugfs goro/dump does
 * the same.
 *
 * Two that wait for each other show each other's objects: channels by the number
 * that tracepoints show, others by a hashed address, and, where mutexes know it, by
 * the goroutine that holds it.
 *
 * Context: process context, also inside a goroutine; may sleep.
 * Return: 0; -ENOMEM; -EAGAIN in an interrupt.
 */
int goro_dump(void);

#endif /* _GORO_RUNTIME_H */
