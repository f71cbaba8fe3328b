// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks: goroutines that programs start by the name of a class.
 *
 * Lifetime: a task is held by its file and by its goroutine (task_main()). Who
 * drops the last reference reaps it: the file's release at once, as the
 * goroutine has at most its way back into goro.ko's trampoline before it;
 * the goroutine by a work item, as it cannot wait for its own end.
 * Reaping: goro_group_stop() (nobody runs the class's code any more), then the
 * class's release(), then the references to channels and class.
 *
 * Closing a file never waits for a task: a class that is slow to notice its
 * cancel holds up nobody but the unloading of its module, and of goro.ko:
 * goro_task_exit() waits until the last task is reaped.
 */
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "dev.h"

static uint tasks_max = 65536;
module_param(tasks_max, uint, 0644);
MODULE_PARM_DESC(tasks_max, "tasks of /dev/goro at once, of all users");

static struct workqueue_struct *task_wq;
static atomic_t tasks = ATOMIC_INIT(0);		/* that are not reaped */
static DECLARE_WAIT_QUEUE_HEAD(tasks_gone);

/* ---- what classes see ------------------------------------------------ */

const void *goro_task_arg(const struct goro_task *t)
{
	return t->arg;
}
EXPORT_SYMBOL_GPL(goro_task_arg);

size_t goro_task_arg_len(const struct goro_task *t)
{
	return t->arg_len;
}
EXPORT_SYMBOL_GPL(goro_task_arg_len);

struct goro_chan *goro_task_chan(const struct goro_task *t, unsigned int i)
{
	return i < t->n_chans ? t->chans[i] : NULL;
}
EXPORT_SYMBOL_GPL(goro_task_chan);

unsigned int goro_task_n_chans(const struct goro_task *t)
{
	return t->n_chans;
}
EXPORT_SYMBOL_GPL(goro_task_n_chans);

/* of the contexts that it runs under */
static int task_ctx_err(const struct goro_task *t)
{
	return goro_ctx_err(t->ctx) ?: goro_ctx_err(goro_dev_group_ctx(t->in));
}

bool goro_task_go_on(struct goro_task *t)
{
	if (++t->turns % 64 == 0)
		goro_yield();
	else
		goro_cond_yield();	/* turns may be long */
	return !goro_cancelled() && !task_ctx_err(t);
}
EXPORT_SYMBOL_GPL(goro_task_go_on);

void goro_task_set_data(struct goro_task *t, void *data)
{
	t->data = data;
}
EXPORT_SYMBOL_GPL(goro_task_set_data);

void *goro_task_data(const struct goro_task *t)
{
	return t->data;
}
EXPORT_SYMBOL_GPL(goro_task_data);

int goro_task_charge(struct goro_task *t, size_t bytes)
{
	int err = goro_user_charge(t->user, GORO_RES_BYTES, bytes);

	if (!err)
		t->bytes += bytes;
	return err;
}
EXPORT_SYMBOL_GPL(goro_task_charge);

/* ---- life ------------------------------------------------------------ */

/* As goro_user_charge(): two that race for the last place do not both fail. */
static bool task_count(void)
{
	int n = atomic_read(&tasks);

	do {
		if ((uint)n >= READ_ONCE(tasks_max))
			return false;
	} while (!atomic_try_cmpxchg(&tasks, &n, n + 1));
	return true;
}

static void task_uncount(void)
{
	if (atomic_dec_and_test(&tasks))
		wake_up_all(&tasks_gone);
}

/* The goroutine is done with its stack, all but the way back to the trampoline. */
static void task_uncharge_stack(struct goro_task *t)
{
	if (t->has_stack)
		goro_user_uncharge(t->user, GORO_RES_STACK_BYTES, THREAD_SIZE);
	t->has_stack = false;
}

/* the task itself and its stack; with its argument and buffers it is t->bytes more */
static int task_charge(struct goro_task *t)
{
	int err;

	err = goro_user_charge(t->user, GORO_RES_TASKS, 1);
	if (err)
		return err;
	err = goro_user_charge(t->user, GORO_RES_STACK_BYTES, THREAD_SIZE);
	if (err)
		goro_user_uncharge(t->user, GORO_RES_TASKS, 1);
	else
		t->has_stack = true;
	return err;
}

/* everything but the class's part; the class's module may go after this */
static void task_free(struct goro_task *t)
{
	struct goro_class *cls = t->cls;
	unsigned int i;

	for (i = 0; i < t->n_chans; i++)
		goro_chan_put(t->chans[i]);
	goro_ctx_put(t->ctx);
	goro_dev_group_put(t->in);
	kvfree(t->arg);
	goro_user_uncharge(t->user, GORO_RES_BYTES, t->bytes);
	task_uncharge_stack(t);
	goro_user_uncharge(t->user, GORO_RES_TASKS, 1);
	goro_user_put(t->user);
	goro_file_put(t->file);
	kvfree(t);
	goro_class_put(cls);
	goro_count(GORO_C_TASK_DESTROYED);
	task_uncount();
}

static void task_reap(struct goro_task *t)
{
	goro_group_stop(&t->group);
	if (t->cls->release)
		t->cls->release(t);
	task_free(t);
}

static void task_reap_work(struct work_struct *work)
{
	task_reap(container_of(work, struct goro_task, reap));
}

/* its waits end when one of its contexts is done, with that one's error */
static int task_run(struct goro_task *t)
{
	return GORO_CTX_CALL(t->ctx, t->cls->run(t));
}

static void task_end(struct goro_task *t)
{
	if (t->in)
		goro_dev_group_result(t->in, t->result);
	smp_store_release(&t->done, true);	/* pairs with goro_task_done() */
	/* it stays so: all are woken, exclusive waiters (EPOLLEXCLUSIVE), too */
	__wake_up(&t->wq, TASK_NORMAL, 0, poll_to_key(EPOLLIN | EPOLLRDNORM));
	if (t->in)
		goro_dev_group_leave(t->in, true);
}

static int task_main(void *arg)
{
	struct goro_task *t = arg;

	t->result = GORO_CTX_CALL(goro_dev_group_ctx(t->in), task_run(t));
	task_uncharge_stack(t);	/* before done: who waited for it may start another */
	task_end(t);
	/* t stays until goro_group_stop() saw us leave the group, in goro.ko */
	if (refcount_dec_and_test(&t->ref))
		queue_work(task_wq, &t->reap);
	return 0;
}

/*
 * Its goroutine has died in an oops. It has ended for who waits for it; but its memory
 * and its stack are in use, and charged, for ever, and so is the class.
 */
static void task_lost(void *arg)
{
	struct goro_task *t = arg;

	t->result = -EOWNERDEAD;
	task_end(t);
}

static int task_copy_arg(struct goro_task *t, const struct goro_task_spawn *a)
{
	int err;

	if (!a->arg_len)
		return 0;
	err = goro_task_charge(t, a->arg_len);
	if (err)
		return err;
	t->arg = kvmalloc(a->arg_len, GORO_DEV_GFP);
	if (!t->arg)
		return -ENOMEM;
	t->arg_len = a->arg_len;
	return copy_from_user(t->arg, u64_to_user_ptr(a->arg), a->arg_len) ? -EFAULT : 0;
}

static int task_get_chans(struct goro_task *t, const struct goro_task_spawn *a)
{
	s32 fds[GORO_TASK_CHANS_MAX];
	unsigned int i;

	if (copy_from_user(fds, u64_to_user_ptr(a->chans), a->n_chans * sizeof(fds[0])))
		return -EFAULT;
	for (i = 0; i < a->n_chans; i++) {
		struct goro_chan *c = goro_chan_from_fd(fds[i]);

		if (IS_ERR(c))
			return PTR_ERR(c);
		t->chans[t->n_chans++] = c;
	}
	return 0;
}

static int task_get_ctx(struct goro_task *t, const struct goro_task_spawn *a)
{
	struct goro_ctx *ctx = NULL;
	struct goro_dev_group *in = NULL;

	if (a->flags & GORO_TASK_CTX)
		ctx = goro_ctx_from_fd(a->ctx, false);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	t->ctx = ctx;
	if (a->flags & GORO_TASK_GROUP)
		in = goro_dev_group_from_fd(a->group);
	if (IS_ERR(in))
		return PTR_ERR(in);
	t->in = in;
	return 0;
}

/* flags and what they are for, and the name */
static int task_check(const struct goro_task_spawn *a)
{
	if (a->flags & ~(GORO_FD_NONBLOCK | GORO_TASK_CTX | GORO_TASK_GROUP) || a->reserved)
		return -EINVAL;
	if (!(a->flags & GORO_TASK_CTX) && a->ctx)
		return -EINVAL;
	if (!(a->flags & GORO_TASK_GROUP) && (a->group || a->deadline))
		return -EINVAL;
	if (a->n_chans > GORO_TASK_CHANS_MAX)
		return -EINVAL;
	if (a->arg_len > GORO_ARG_MAX)
		return -E2BIG;
	if (!a->class_name[0] || a->class_name[GORO_CLASS_NAME_LEN - 1] ||
	    memchr_inv(a->class_name + strlen(a->class_name), 0,
		       GORO_CLASS_NAME_LEN - strlen(a->class_name)))
		return -EINVAL;
	return 0;
}

/**
 * goro_task_alloc - make a task that is ready to start
 * @f: the open file that its CPU time is accounted to
 * @a: what the program wants; not checked yet
 *
 * Return: the task, with one reference, for goro_task_start() or
 * goro_task_release(); an ERR_PTR as GORO_IOC_TASK_SPAWN says.
 */
struct goro_task *goro_task_alloc(struct goro_file *f, const struct goro_task_spawn *a)
{
	struct goro_class *cls;
	struct goro_task *t;
	int err;

	err = task_check(a);
	if (err)
		return ERR_PTR(err);
	cls = goro_class_get(a->class_name);
	if (!cls)
		return ERR_PTR(-ENOENT);
	err = -EPERM;
	if (!(cls->flags & GORO_CLASS_UNPRIVILEGED) && !capable(CAP_SYS_ADMIN))
		goto put_class;
	err = -EDQUOT;
	if (!task_count())
		goto put_class;
	err = -ENOMEM;
	t = kvzalloc(struct_size(t, chans, a->n_chans), GORO_DEV_GFP);
	if (!t)
		goto uncount;

	t->user = goro_user_get();
	err = PTR_ERR_OR_ZERO(t->user);
	if (err)
		goto free;
	err = task_charge(t);
	if (err)
		goto put_user;

	refcount_set(&t->ref, 1);
	t->cls = cls;
	t->file = goro_file_get(f);
	goro_group_init(&t->group);
	/* the caller has the file open until the goroutine has a reference of its own */
	goro_group_account(&t->group, f->acct);
	init_waitqueue_head(&t->wq);
	INIT_WORK(&t->reap, task_reap_work);
	goro_count(GORO_C_TASK_CREATED);

	err = task_copy_arg(t, a);
	if (!err)
		err = task_get_chans(t, a);
	if (!err)
		err = task_get_ctx(t, a);
	if (!err && cls->prepare)
		err = cls->prepare(t);
	if (!err)
		return t;
	task_free(t);
	return ERR_PTR(err);

put_user:
	goro_user_put(t->user);
free:
	kvfree(t);
uncount:
	task_uncount();
put_class:
	goro_class_put(cls);
	return ERR_PTR(err);
}

/* 0, or what goro_group_go(), the contexts or goro_dev_group_join() say */
int goro_task_start(struct goro_task *t, u64 deadline)
{
	struct goro_attr attr = { .name = t->cls->name };
	int err;

	err = goro_ctx_err(t->ctx);
	if (!err && t->in)
		err = goro_dev_group_join(t->in, t->ctx, deadline);
	if (err)
		return err;
	refcount_inc(&t->ref);
	err = goro_group_go_attr(&t->group, task_main, t, &attr);
	if (!err)
		return 0;
	if (t->in) {
		goro_dev_group_result(t->in, 0);
		goro_dev_group_leave(t->in, false);
	}
	refcount_dec(&t->ref);	/* the file's is left */
	return err;
}

bool goro_task_cancelled(const struct goro_task *t)
{
	return READ_ONCE(t->cancelled) || task_ctx_err(t);
}

void goro_task_cancel(struct goro_task *t)
{
	WRITE_ONCE(t->cancelled, true);
	goro_group_cancel(&t->group);
}

void goro_task_release(struct goro_task *t)
{
	/* of a task that is done or was never started this cancels nothing */
	if (!t->in)
		goro_group_cancel(&t->group);
	if (refcount_dec_and_test(&t->ref))
		task_reap(t);
}

int goro_task_init(void)
{
	task_wq = alloc_workqueue("goro_task", WQ_UNBOUND, 0);
	goro_lost_tasks(task_main, task_lost);
	return task_wq ? 0 : -ENOMEM;
}

/* no task can be made any more */
void goro_task_exit(void)
{
	wait_event(tasks_gone, !atomic_read(&tasks));
	/* the last work item may still be on its way out */
	destroy_workqueue(task_wq);
}
