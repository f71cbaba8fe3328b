// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task fds: the file of a task. Its release cancels the task.
 */
#include <linux/file.h>
#include <linux/hrtimer.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/uio.h>
#include "dev.h"

/* Until it is done: 0, -EAGAIN (GORO_NOW), -ETIMEDOUT, -ERESTARTSYS. */
static int task_wait_done(struct goro_task *t, u64 deadline)
{
	ktime_t until = ns_to_ktime(min_t(u64, deadline, KTIME_MAX));
	DEFINE_WAIT(w);
	int err;

	if (goro_task_done(t))
		return 0;
	if (deadline == GORO_NOW)
		return -EAGAIN;
	for (;;) {
		err = prepare_to_wait_event(&t->wq, &w, TASK_INTERRUPTIBLE);
		if (goro_task_done(t))
			err = 0;
		else if (!err && !schedule_hrtimeout(&until, HRTIMER_MODE_ABS))
			err = goro_task_done(t) ? 0 : -ETIMEDOUT;
		else if (!err)
			continue;
		break;
	}
	finish_wait(&t->wq, &w);
	return err;
}

static long task_wait(struct goro_task *t, unsigned int cmd, unsigned long arg)
{
	struct goro_task_wait a;
	int err;

	err = goro_dev_get(&a, sizeof(a), 16, cmd, arg);
	if (err)
		return err;
	if (a.flags)
		return -EINVAL;
	err = task_wait_done(t, a.deadline);
	if (err)
		return err;
	a.result = t->result;
	return goro_dev_put(&a, sizeof(a), cmd, arg);
}

static long task_info(struct goro_task *t, unsigned int cmd, unsigned long arg)
{
	struct goro_task_info a;
	bool done;
	int err;

	err = goro_dev_get(&a, sizeof(a), 48, cmd, arg);
	if (err)
		return err;
	if (a.flags)
		return -EINVAL;
	done = goro_task_done(t);
	a = (struct goro_task_info) {
		.state = (done ? GORO_TASK_DONE : 0) |
			 (READ_ONCE(t->cancelled) ? GORO_TASK_CANCELLED : 0),
		.result = done ? t->result : 0,
		.n_chans = t->n_chans,
	};
	strscpy(a.class_name, t->cls->name, sizeof(a.class_name));
	return goro_dev_put(&a, sizeof(a), cmd, arg);
}

static long task_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct goro_task *t = file->private_data;

	switch (GORO_CMD(cmd)) {
	case GORO_CMD(GORO_IOC_TASK_WAIT):
		return task_wait(t, cmd, arg);
	case GORO_CMD(GORO_IOC_TASK_INFO):
		return task_info(t, cmd, arg);
	case GORO_IOC_TASK_CANCEL:
		if (cmd != GORO_IOC_TASK_CANCEL)
			return -ENOTTY;
		if (arg)
			return -EINVAL;
		goro_task_cancel(t);
		return 0;
	default:
		return -ENOTTY;
	}
}

/* the result once, then the end of the file: so that cat and read loops end */
static ssize_t task_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct goro_task *t = iocb->ki_filp->private_data;
	bool now = iocb->ki_filp->f_flags & O_NONBLOCK || iocb->ki_flags & IOCB_NOWAIT;
	struct goro_task_result r = { 0 };
	int err;

	if (iocb->ki_pos >= sizeof(r))
		return 0;
	if (iov_iter_count(to) < sizeof(r))
		return -EINVAL;
	err = task_wait_done(t, now ? GORO_NOW : GORO_FOREVER);
	if (err)
		return err;
	r.result = t->result;
	if (copy_to_iter(&r, sizeof(r), to) != sizeof(r))
		return -EFAULT;
	iocb->ki_pos = sizeof(r);
	return sizeof(r);
}

static __poll_t task_poll(struct file *file, poll_table *pt)
{
	struct goro_task *t = file->private_data;

	/* the waker takes the queue's lock after it stored done: we see one or it sees us */
	poll_wait(file, &t->wq, pt);
	return goro_task_done(t) ? EPOLLIN | EPOLLRDNORM : 0;
}

static int task_release(struct inode *inode, struct file *file)
{
	goro_task_release(file->private_data);
	return 0;
}

#ifdef CONFIG_PROC_FS
static void task_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct goro_task *t = file->private_data;

	seq_printf(m, "goro-task-class:\t%s\n", t->cls->name);
	seq_printf(m, "goro-task-state:\t%s\n", goro_task_done(t) ? "done" : "running");
	goro_user_show(m, t->user);
}
#endif

static const struct file_operations task_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = task_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read_iter = task_read_iter,
	.poll = task_poll,
	.release = task_release,
#ifdef CONFIG_PROC_FS
	.show_fdinfo = task_show_fdinfo,
#endif
};

int goro_task_fd_spawn(struct goro_file *f, const struct goro_task_spawn *a)
{
	struct goro_task *t;
	struct file *file;
	int fd, err;

	t = goro_task_alloc(f, a);
	if (IS_ERR(t))
		return PTR_ERR(t);
	fd = goro_dev_fd("[goro-task]", &task_fops, t,
			 O_RDONLY | (a->flags & GORO_FD_NONBLOCK ? O_NONBLOCK : 0), &file);
	if (fd < 0) {
		goro_task_release(t);
		return fd;
	}
	err = goro_task_start(t);
	if (err) {
		put_unused_fd(fd);
		fput(file);
		return err;
	}
	fd_install(fd, file);
	return fd;
}
