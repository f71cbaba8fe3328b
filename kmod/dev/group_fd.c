// SPDX-License-Identifier: GPL-2.0-only
/*
 * Group fds: tasks of which the first error cancels the rest.
 *
 * A group is a context, which its tasks run under (task.c), a channel with an
 * element for each of them, if their number is limited, and their count. Held by
 * its file and by each task until that is reaped; the file's release cancels the
 * context, so its tasks end soon. Nobody waits for them but the unloading of goro.ko,
 * as for any task. The context is what is charged to the user.
 *
 * A task's end has two steps. Before it is seen to be done: its error counts, and
 * its place is free, so that who waited for it may start another. After that: the
 * group may be empty, so that who waited for the group finds all its tasks done.
 */
#include <linux/file.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include "dev.h"

/* C: constant; L: lock */
struct goro_dev_group {
	refcount_t ref;
	u32 limit;			/* C */
	struct goro_ctx *ctx;		/* C */
	struct goro_chan *places;	/* C: full at the limit; NULL: there is none */
	spinlock_t lock;
	u32 members;			/* L, read without it for hints and by who waits */
	u64 started;			/* L */
	int result;			/* L: the first negative one */
	wait_queue_head_t wq;		/* waits for no members */
};

struct goro_ctx *goro_dev_group_ctx(const struct goro_dev_group *g)
{
	return g ? g->ctx : NULL;
}

/*
 * A place for one more task: 0; -ECANCELED; -EAGAIN, -ETIMEDOUT, -ERESTARTSYS; what
 * the error of @ctx is, the task's own context or NULL, once it is done.
 */
int goro_dev_group_join(struct goro_dev_group *g, struct goro_ctx *ctx, u64 deadline)
{
	struct goro_case cases[] = {
		GORO_SEND(g->places, NULL),
		GORO_RECV(goro_ctx_done(g->ctx), NULL),
		GORO_RECV(ctx ? goro_ctx_done(ctx) : NULL, NULL),
	};
	int err = 0;

	if (g->places)
		err = goro_select_until(cases, ARRAY_SIZE(cases), deadline);
	if (err < 0)
		return err == -EINTR ? -ERESTARTSYS : err;
	if (err == 1)
		return -ECANCELED;
	if (err == 2)
		return goro_ctx_err(ctx);
	if (goro_ctx_err(g->ctx)) {
		if (g->places)
			goro_chan_try_recv(g->places, NULL);
		return -ECANCELED;
	}
	spin_lock(&g->lock);
	g->members++;
	g->started++;
	spin_unlock(&g->lock);
	return 0;
}

/* the first step of a task's end */
void goro_dev_group_result(struct goro_dev_group *g, int result)
{
	bool first;

	spin_lock(&g->lock);
	first = result < 0 && !g->result;
	if (first)
		g->result = result;
	spin_unlock(&g->lock);
	if (first)
		goro_ctx_cancel_cause(g->ctx, result);
	if (g->places)
		goro_chan_try_recv(g->places, NULL);
}

/* the second one; @started: or it was not, for want of something */
void goro_dev_group_leave(struct goro_dev_group *g, bool started)
{
	bool last;

	spin_lock(&g->lock);
	last = g->members == 1;
	if (!started)
		g->started--;
	/* with group_empty(): who sees that it is empty sees that its tasks are done */
	smp_store_release(&g->members, g->members - 1);
	spin_unlock(&g->lock);
	/* it stays so for as long as nobody starts another: all are woken */
	if (last)
		__wake_up(&g->wq, TASK_NORMAL, 0, poll_to_key(EPOLLIN | EPOLLRDNORM));
}

void goro_dev_group_put(struct goro_dev_group *g)
{
	if (!g || !refcount_dec_and_test(&g->ref))
		return;
	goro_chan_put(g->places);
	goro_ctx_put(g->ctx);
	kfree(g);
}

static bool group_empty(const void *obj)
{
	const struct goro_dev_group *g = obj;

	return !smp_load_acquire(&g->members);	/* with goro_dev_group_leave() */
}

static int group_result(struct goro_dev_group *g)
{
	int result;

	spin_lock(&g->lock);
	result = g->result;
	spin_unlock(&g->lock);
	return result;
}

static long group_wait(struct goro_dev_group *g, unsigned int cmd, unsigned long arg)
{
	struct goro_group_wait a;
	int err;

	err = goro_dev_get(&a, sizeof(a), 16, cmd, arg);
	if (err)
		return err;
	if (a.flags)
		return -EINVAL;
	err = goro_dev_wait(&g->wq, group_empty, g, a.deadline);
	if (err)
		return err;
	a.result = group_result(g);
	return goro_dev_put(&a, sizeof(a), cmd, arg);
}

static long group_info(struct goro_dev_group *g, unsigned int cmd, unsigned long arg)
{
	struct goro_group_info a;
	int err;

	err = goro_dev_get(&a, sizeof(a), 32, cmd, arg);
	if (err)
		return err;
	if (a.flags)
		return -EINVAL;
	err = goro_ctx_err(g->ctx);
	a = (struct goro_group_info) {
		.state = err ? GORO_GROUP_CANCELLED : 0,
		.cause = err ? goro_ctx_cause(g->ctx) : 0,
		.limit = g->limit,
	};
	spin_lock(&g->lock);
	a.result = g->result;
	a.running = g->members;
	a.started = g->started;
	spin_unlock(&g->lock);
	return goro_dev_put(&a, sizeof(a), cmd, arg);
}

static long group_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct goro_dev_group *g = file->private_data;

	switch (GORO_CMD(cmd)) {
	case GORO_CMD(GORO_IOC_GROUP_WAIT):
		return group_wait(g, cmd, arg);
	case GORO_CMD(GORO_IOC_GROUP_CANCEL):
		return goro_dev_ctx_cancel(g->ctx, cmd, arg);
	case GORO_CMD(GORO_IOC_GROUP_INFO):
		return group_info(g, cmd, arg);
	default:
		return -ENOTTY;
	}
}

static int group_get_result(void *obj, u64 deadline, s32 *r)
{
	struct goro_dev_group *g = obj;
	int err = goro_dev_wait(&g->wq, group_empty, g, deadline);

	r[0] = group_result(g);
	return err;
}

static ssize_t group_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return goro_dev_read_result(iocb, to, group_get_result);
}

static __poll_t group_poll(struct file *file, poll_table *pt)
{
	struct goro_dev_group *g = file->private_data;

	/* the waker takes the queue's lock after the last has left: we see that or it us */
	poll_wait(file, &g->wq, pt);
	return group_empty(g) ? EPOLLIN | EPOLLRDNORM : 0;
}

static int group_release(struct inode *inode, struct file *file)
{
	struct goro_dev_group *g = file->private_data;

	goro_ctx_cancel(g->ctx);
	goro_dev_group_put(g);
	return 0;
}

#ifdef CONFIG_PROC_FS
static void group_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct goro_dev_group *g = file->private_data;

	seq_printf(m, "goro-group-running:\t%u\n", READ_ONCE(g->members));
	goro_dev_ctx_show(m, g->ctx);
}
#endif

static const struct file_operations group_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = group_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read_iter = group_read_iter,
	.poll = group_poll,
	.release = group_release,
#ifdef CONFIG_PROC_FS
	.show_fdinfo = group_show_fdinfo,
#endif
};

struct goro_ctx *goro_group_ctx_of(const struct file *file)
{
	return file->f_op == &group_fops ? goro_dev_group_ctx(file->private_data) : NULL;
}

struct goro_dev_group *goro_dev_group_from_fd(int fd)
{
	struct goro_dev_group *g = ERR_PTR(-EINVAL);
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op == &group_fops) {
		g = file->private_data;
		refcount_inc(&g->ref);
	}
	fput(file);
	return g;
}

static struct goro_dev_group *group_make(int parent, u32 limit)
{
	struct goro_dev_group *g;
	struct goro_chan *places;
	int err;

	g = kzalloc(sizeof(*g), GORO_DEV_GFP);
	if (!g)
		return ERR_PTR(-ENOMEM);
	refcount_set(&g->ref, 1);
	spin_lock_init(&g->lock);
	init_waitqueue_head(&g->wq);
	g->limit = limit;
	if (limit) {
		places = goro_chan_make(0, limit, 0);
		err = PTR_ERR_OR_ZERO(places);
		if (err)
			goto free;
		g->places = places;
	}
	g->ctx = goro_dev_ctx_derive(parent, GORO_FOREVER);
	if (!IS_ERR(g->ctx))
		return g;
	err = PTR_ERR(g->ctx);
	goro_chan_put(g->places);
free:
	kfree(g);
	return ERR_PTR(err);
}

int goro_group_fd_create(const struct goro_group_create *a)
{
	struct goro_dev_group *g;
	struct file *file;
	int fd;

	if (a->flags & ~GORO_FD_NONBLOCK || a->reserved || a->limit > GORO_CHAN_CAP_MAX)
		return -EINVAL;
	g = group_make(a->parent, a->limit);
	if (IS_ERR(g))
		return PTR_ERR(g);
	fd = goro_dev_fd("[goro-group]", &group_fops, g,
			 O_RDONLY | (a->flags & GORO_FD_NONBLOCK ? O_NONBLOCK : 0), &file);
	if (fd < 0) {
		goro_ctx_cancel(g->ctx);
		goro_dev_group_put(g);
		return fd;
	}
	fd_install(fd, file);
	return fd;
}
