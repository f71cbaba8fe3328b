// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task fds: the file of a task. Its release cancels the task.
 */
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include "dev.h"

static bool task_done(const void *t)
{
	return goro_task_done(t);
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
	err = goro_dev_wait(&t->wq, task_done, t, a.deadline);
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
			 (goro_task_cancelled(t) ? GORO_TASK_CANCELLED : 0),
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

static int task_get_result(void *obj, u64 deadline, s32 *r)
{
	struct goro_task *t = obj;
	int err = goro_dev_wait(&t->wq, task_done, t, deadline);

	if (!err)
		r[0] = t->result;
	return err;
}

static ssize_t task_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return goro_dev_read_result(iocb, to, task_get_result);
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
	err = goro_task_start(t, a->deadline);
	if (err) {
		put_unused_fd(fd);
		fput(file);
		return err;
	}
	fd_install(fd, file);
	return fd;
}
