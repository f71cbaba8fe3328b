// SPDX-License-Identifier: GPL-2.0-only
/*
 * Context fds: a file that holds a context. Its release cancels the context, as a
 * cancel function that nobody can call any more would have to be called (what go
 * vet asks for): who has derived something from it would wait for ever.
 *
 * A context counts as a channel of its maker's until it is freed, which may be long
 * after its fd was closed, as its children hold it: else who makes a child and closes
 * the parent again and again has as much as he likes. So a context is two of core's:
 * one with a value, its user, whose release tells that it goes, and its child, which
 * can be cancelled. Its Done channel is there from the start.
 */
#include <linux/file.h>
#include <linux/seq_file.h>
#include <linux/uio.h>
#include "dev.h"

static const char user_key;

static void ctx_uncharge(void *user)
{
	goro_user_uncharge_chan(user);
}

static struct goro_ctx *ctx_make(struct goro_ctx *parent, u64 deadline)
{
	struct goro_user *u = goro_user_charge_chan();
	struct goro_ctx *counted, *ctx;
	struct goro_chan *done;

	if (IS_ERR(u))
		return ERR_CAST(u);
	counted = goro_ctx_with_value(parent, &user_key, u, ctx_uncharge);
	if (IS_ERR(counted)) {
		goro_user_uncharge_chan(u);
		return counted;
	}
	ctx = goro_ctx_with_deadline(counted, deadline);
	goro_ctx_put(counted);
	if (IS_ERR(ctx))
		return ctx;
	done = goro_ctx_done(ctx);
	if (!IS_ERR(done))
		return ctx;
	goro_ctx_put(ctx);
	return ERR_CAST(done);
}

int goro_dev_ctx_cancel(struct goro_ctx *ctx, unsigned int cmd, unsigned long arg)
{
	struct goro_cancel a;
	int err = goro_dev_get(&a, sizeof(a), 8, cmd, arg);

	if (err)
		return err;
	if (a.flags || a.cause > 0 || a.cause < -MAX_ERRNO)
		return -EINVAL;
	goro_ctx_cancel_cause(ctx, a.cause);
	return 0;
}

void goro_dev_ctx_show(struct seq_file *m, struct goro_ctx *ctx)
{
	seq_printf(m, "goro-ctx-err:\t%d\n", goro_ctx_err(ctx));
	goro_user_show(m, goro_ctx_value(ctx, &user_key));
}

static long ctx_info(struct goro_ctx *ctx, unsigned int cmd, unsigned long arg)
{
	struct goro_ctx_info a;
	int err;

	err = goro_dev_get(&a, sizeof(a), 24, cmd, arg);
	if (err)
		return err;
	if (a.flags)
		return -EINVAL;
	err = goro_ctx_err(ctx);
	a = (struct goro_ctx_info) {
		.state = err ? GORO_CTX_DONE : 0,
		.err = err,
		.cause = err ? goro_ctx_cause(ctx) : 0,
		.deadline = goro_ctx_deadline(ctx),
	};
	return goro_dev_put(&a, sizeof(a), cmd, arg);
}

static long ctx_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct goro_ctx *ctx = file->private_data;

	switch (GORO_CMD(cmd)) {
	case GORO_CMD(GORO_IOC_RECV):
		return goro_chan_fd_xfer(goro_ctx_done(ctx), cmd, arg);
	case GORO_CMD(GORO_IOC_CTX_CANCEL):
		return goro_dev_ctx_cancel(ctx, cmd, arg);
	case GORO_CMD(GORO_IOC_CTX_INFO):
		return ctx_info(ctx, cmd, arg);
	case GORO_CMD(GORO_IOC_SELECT):
		return goro_dev_select(cmd, arg);
	default:
		return -ENOTTY;
	}
}

static int ctx_get_result(void *obj, u64 deadline, s32 *r)
{
	struct goro_ctx *ctx = obj;
	int err = goro_chan_recv_until(goro_ctx_done(ctx), NULL, deadline);

	r[0] = goro_ctx_err(ctx);
	r[1] = goro_ctx_cause(ctx);
	return err == -EINTR ? -ERESTARTSYS : err;
}

static ssize_t ctx_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return goro_dev_read_result(iocb, to, ctx_get_result);
}

static __poll_t ctx_poll(struct file *file, poll_table *pt)
{
	struct goro_chan *done = goro_ctx_done(file->private_data);

	/* of a channel that nobody sends to these come with its close only */
	return goro_chan_fd_poll(done, file, pt) & (EPOLLIN | EPOLLRDNORM | EPOLLHUP);
}

static int ctx_release(struct inode *inode, struct file *file)
{
	struct goro_ctx *ctx = file->private_data;

	goro_ctx_cancel(ctx);
	goro_ctx_put(ctx);
	return 0;
}

#ifdef CONFIG_PROC_FS
static void ctx_show_fdinfo(struct seq_file *m, struct file *file)
{
	goro_dev_ctx_show(m, file->private_data);
}
#endif

static const struct file_operations ctx_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = ctx_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read_iter = ctx_read_iter,
	.poll = ctx_poll,
	.release = ctx_release,
#ifdef CONFIG_PROC_FS
	.show_fdinfo = ctx_show_fdinfo,
#endif
};

struct goro_chan *goro_ctx_chan_of(const struct file *file)
{
	return file->f_op == &ctx_fops ? goro_ctx_done(file->private_data) : NULL;
}

struct goro_ctx *goro_ctx_from_fd(int fd, bool group)
{
	struct file *file = fget(fd);
	struct goro_ctx *ctx = NULL;

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op == &ctx_fops)
		ctx = file->private_data;
	else if (group)
		ctx = goro_group_ctx_of(file);
	goro_ctx_get(ctx);
	fput(file);
	return ctx ?: ERR_PTR(-EINVAL);
}

struct goro_ctx *goro_dev_ctx_derive(int parent, u64 deadline)
{
	struct goro_ctx *from, *ctx;

	if (parent == -1)
		return ctx_make(goro_ctx_background(), deadline);
	from = goro_ctx_from_fd(parent, true);
	if (IS_ERR(from))
		return from;
	ctx = ctx_make(from, deadline);
	goro_ctx_put(from);
	return ctx;
}

int goro_ctx_fd_create(const struct goro_ctx_create *a)
{
	struct goro_ctx *ctx;
	struct file *file;
	int fd;

	if (a->flags & ~GORO_FD_NONBLOCK)
		return -EINVAL;
	ctx = goro_dev_ctx_derive(a->parent, a->deadline);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	fd = goro_dev_fd("[goro-ctx]", &ctx_fops, ctx,
			 O_RDONLY | (a->flags & GORO_FD_NONBLOCK ? O_NONBLOCK : 0), &file);
	if (fd < 0) {
		goro_ctx_cancel(ctx);
		goro_ctx_put(ctx);
		return fd;
	}
	fd_install(fd, file);
	return fd;
}
