/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Task classes: kernel functions that programs start by name, through
 * GORO_IOC_TASK_SPAWN of /dev/goro, as a goroutine with an argument and
 * channels.
 *
 * A task's life: prepare() in the caller's context; run() as a goroutine;
 * release() when it has ended and the last task fd is closed. When the last
 * task fd is closed before the end, the goroutine is cancelled: its blocking
 * goro calls return -ECANCELED, and run() should return soon.
 *
 * Trust nothing: argument, channels (their element size, who else uses them)
 * and every element come from a program. run() has the credentials of a kernel
 * thread, not the program's: whatever it is to do in the program's name must
 * be checked in prepare().
 *
 * The class's module is pinned while one of its tasks is alive.
 */
#ifndef _GORO_CLASS_H
#define _GORO_CLASS_H

#include <linux/list.h>
#include <linux/types.h>

struct module;
struct goro_chan;
struct goro_task;

/* programs without CAP_SYS_ADMIN may spawn it, too */
#define GORO_CLASS_UNPRIVILEGED		(1U << 0)

/**
 * struct goro_class - a task class
 * @name: at most GORO_CLASS_NAME_LEN - 1 bytes
 * @owner: THIS_MODULE
 * @flags: GORO_CLASS_*
 * @prepare: optional. Looks at the task's argument and channels in the
 *	spawning thread's context and may allocate (charged to it); may sleep.
 *	Non-zero, a negative errno, is what the spawn fails with; release() is
 *	not called then.
 * @run: the goroutine. Its result is the task's: 0 or more, or a negative errno.
 *	It returns: goro_exit() is not for it.
 * @release: optional. Undoes prepare(), in process context; may sleep. Also
 *	called where the goroutine could not be started.
 * @node: goro's
 */
struct goro_class {
	const char *name;
	struct module *owner;
	u32 flags;
	int (*prepare)(struct goro_task *t);
	int (*run)(struct goro_task *t);
	void (*release)(struct goro_task *t);
	struct list_head node;
};

/**
 * goro_class_register - make a class known
 * @cls: the class, filled in; it must stay as long as it is registered
 *
 * Context: may sleep.
 * Return: 0, -EINVAL (no name, no run(), a name too long, unknown flags),
 * -EEXIST (the name is taken).
 */
int goro_class_register(struct goro_class *cls);

/**
 * goro_class_unregister - forget a class
 * @cls: a registered class
 *
 * From the module's exit, where no task of the class is alive any more, as
 * each pins the module. Context: may sleep.
 */
void goro_class_unregister(struct goro_class *cls);

/**
 * goro_task_arg - the task's argument
 * @t: the task
 *
 * A copy of the program's bytes, which it cannot change any more.
 * Context: any of the class's functions.
 * Return: the argument, 8-byte aligned; NULL where its length is 0.
 */
const void *goro_task_arg(const struct goro_task *t);

/**
 * goro_task_arg_len - the length of the task's argument
 * @t: the task
 *
 * Context: any of the class's functions.
 * Return: bytes, as the program said; prepare() checks them.
 */
size_t goro_task_arg_len(const struct goro_task *t);

/**
 * goro_task_chan - a channel that the task was given
 * @t: the task, which has a reference as long as it lives
 * @i: which one, from 0
 *
 * Context: any of the class's functions.
 * Return: the channel; NULL for an @i too large.
 */
struct goro_chan *goro_task_chan(const struct goro_task *t, unsigned int i);

/**
 * goro_task_n_chans - how many channels the task was given
 * @t: the task
 *
 * Context: any of the class's functions.
 * Return: the number, as the program chose; prepare() checks it.
 */
unsigned int goro_task_n_chans(const struct goro_task *t);

/**
 * goro_task_go_on - a scheduling point for loops of run()
 * @t: the task, whose goroutine calls
 *
 * Calls on a channel that never has to wait neither let others run nor notice
 * a cancel, and a program can arrange for that (a task that sends to the
 * channel it receives from): every loop whose end a program decides asks this
 * each time round. It is cheap. Within a turn that computes for more than some
 * milliseconds ask goro_cond_yield() as well: else the cap on the CPU time of the
 * task's file (GORO_IOC_CPU_MAX) is kept only on average, by longer waits afterwards.
 * Return: false once the task was cancelled: return -ECANCELED then.
 */
bool goro_task_go_on(struct goro_task *t);

/**
 * goro_task_charge - count memory of the class's own against its user's cap
 * @t: the task, in prepare()
 * @bytes: what prepare() is about to allocate for it
 *
 * Given back with the task, also where prepare() fails. What a program decides
 * the size of should be charged; small fixed state need not be.
 * Return: 0; -EDQUOT above the cap (user_bytes_max), for prepare() to return.
 */
int goro_task_charge(struct goro_task *t, size_t bytes);

/**
 * goro_task_set_data - keep a pointer of the class's own
 * @t: the task
 * @data: the pointer
 *
 * Context: prepare().
 */
void goro_task_set_data(struct goro_task *t, void *data);

/**
 * goro_task_data - the pointer that prepare() has kept
 * @t: the task
 *
 * Context: any of the class's functions.
 * Return: the pointer; NULL where none was kept.
 */
void *goro_task_data(const struct goro_task *t);

#endif /* _GORO_CLASS_H */
