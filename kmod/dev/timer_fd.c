// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timer fds: a file that holds a timer, whose channel it reads from.
 *
 * What a program sets costs no more than its calls: the next tick is sent when the
 * last one was received (core's timers do so), so whatever the period, there is
 * one interrupt a call. That is why a period has no least value here.
 *
 * The timer counts as a channel of its maker's until it goes. Only files have it:
 * a task is not given a timer's channel, so the timer stops with its last fd.
 */
#include <linux/file.h>
#include <linux/seq_file.h>
#include "dev.h"

static struct goro_chan *timer_chan(const struct file *file)
{
	return goro_timer_chan(file->private_data);
}

/* what is set to never is not set */
static int timer_set(struct goro_timer *t, const struct goro_timer_set *a)
{
	if (a->deadline == GORO_FOREVER)
		return goro_timer_stop(t);
	return goro_timer_set(t, a->deadline, a->period);
}

static long timer_reset(struct goro_timer *t, unsigned int cmd, unsigned long arg)
{
	struct goro_timer_set a;
	int err = goro_dev_get(&a, sizeof(a), 24, cmd, arg);

	if (err)
		return err;
	if (a.flags || a.reserved || a.period > GORO_PERIOD_MAX)
		return -EINVAL;
	return timer_set(t, &a);
}

static long timer_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct goro_timer *t = file->private_data;

	switch (GORO_CMD(cmd)) {
	case GORO_CMD(GORO_IOC_RECV):
		return goro_chan_fd_xfer(timer_chan(file), cmd, arg);
	case GORO_CMD(GORO_IOC_CHAN_INFO):
		return goro_chan_fd_info(timer_chan(file), cmd, arg);
	case GORO_CMD(GORO_IOC_TIMER_RESET):
		return timer_reset(t, cmd, arg);
	case GORO_IOC_TIMER_STOP:
		if (cmd != GORO_IOC_TIMER_STOP)
			return -ENOTTY;
		return arg ? -EINVAL : goro_timer_stop(t);
	case GORO_CMD(GORO_IOC_SELECT):
		return goro_dev_select(cmd, arg);
	default:
		return -ENOTTY;
	}
}

static ssize_t timer_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return goro_chan_fd_read(timer_chan(iocb->ki_filp), iocb, to);
}

static __poll_t timer_poll(struct file *file, poll_table *pt)
{
	return goro_chan_fd_poll(timer_chan(file), file, pt) & (EPOLLIN | EPOLLRDNORM);
}

static int timer_release(struct inode *inode, struct file *file)
{
	goro_timer_put(file->private_data);
	return 0;
}

#ifdef CONFIG_PROC_FS
static void timer_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct goro_chan *c = timer_chan(file);

	seq_printf(m, "goro-chan-id:\t%llu\n", c->id);
	goro_user_show(m, c->owner);
}
#endif

static const struct file_operations timer_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = timer_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read_iter = timer_read_iter,
	.poll = timer_poll,
	.release = timer_release,
#ifdef CONFIG_PROC_FS
	.show_fdinfo = timer_show_fdinfo,
#endif
};

struct goro_chan *goro_timer_chan_of(const struct file *file)
{
	return file->f_op == &timer_fops ? timer_chan(file) : NULL;
}

static void timer_uncharge(struct goro_chan *c)
{
	goro_user_uncharge_chan(c->owner);
}

static struct goro_timer *timer_make(void)
{
	struct goro_user *u = goro_user_charge_chan();
	struct goro_timer *t;
	struct goro_chan *c;

	if (IS_ERR(u))
		return ERR_CAST(u);
	t = goro_timer_make(GORO_FOREVER);
	if (IS_ERR(t)) {
		goro_user_uncharge_chan(u);
		return t;
	}
	c = goro_timer_chan(t);
	c->owner = u;
	c->release = timer_uncharge;
	return t;
}

int goro_timer_fd_create(const struct goro_timer_set *a)
{
	struct goro_timer *t;
	struct file *file;
	int fd;

	if (a->flags & ~GORO_FD_NONBLOCK || a->reserved || a->period > GORO_PERIOD_MAX)
		return -EINVAL;
	t = timer_make();
	if (IS_ERR(t))
		return PTR_ERR(t);
	fd = goro_dev_fd("[goro-timer]", &timer_fops, t,
			 O_RDONLY | (a->flags & GORO_FD_NONBLOCK ? O_NONBLOCK : 0), &file);
	if (fd < 0) {
		goro_timer_put(t);
		return fd;
	}
	timer_set(t, a);
	fd_install(fd, file);
	return fd;
}
