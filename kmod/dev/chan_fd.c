// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channel fds: a file that holds a reference to a channel.
 *
 * core/ copies elements under the channel's lock, where user memory may not be
 * touched. So elements pass through a bounce buffer, a chunk of them at a time:
 *
 *   send	copy the chunk from the program, then send its elements one by one
 *   receive	make sure the program's memory can be written, receive elements
 *		one by one, copy the chunk to the program
 *
 * An element that was received is nobody's if it cannot be copied out: that is
 * why the memory is faulted in before (without writing to it, so that it is as
 * it was where nothing is received). It can fail after that only if another
 * thread unmaps it meanwhile, or the system cannot bring a page back.
 *
 * A chunk bounds the memory of a call and how long it runs without looking for
 * signals. Elements of a chunk that were not sent were only copied.
 */
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include "dev.h"

static ulong chan_bytes_max = 256 << 20;
module_param(chan_bytes_max, ulong, 0644);
MODULE_PARM_DESC(chan_bytes_max, "bytes that a channel made through /dev/goro may buffer");

#define CHUNK_BYTES	16384	/* or one element, if that is larger */
#define CHUNK_ELEMS	4096

struct bounce {
	char *buf;
	size_t n;		/* elements it holds */
	char small[128] __aligned(8);
};

static int bounce_init(struct bounce *b, size_t elem, size_t n)
{
	b->n = min_t(size_t, n, CHUNK_ELEMS);
	if (elem)
		b->n = min(b->n, max_t(size_t, CHUNK_BYTES / elem, 1));
	if (b->n * elem <= sizeof(b->small)) {
		b->buf = b->small;
		return 0;
	}
	b->buf = kvmalloc(b->n * elem, GORO_DEV_GFP);
	return b->buf ? 0 : -ENOMEM;
}

static void bounce_free(struct bounce *b)
{
	if (b->buf != b->small)
		kvfree(b->buf);
}

/* what to say after @done elements and then @err (0: nothing went wrong) */
static ssize_t xfer_result(size_t done, int err)
{
	if (done)
		return done;
	/* deadlines are absolute, and nothing was done: the call may start again */
	return err == -EINTR ? -ERESTARTSYS : err;
}

/* between chunks of a call that has done something */
static bool xfer_break(void)
{
	cond_resched();
	return signal_pending(current);
}

static ssize_t chan_send(struct goro_chan *c, struct iov_iter *from, size_t n, u64 deadline)
{
	size_t elem = goro_chan_elem(c), done = 0, i, k;
	struct bounce b;
	int err;

	err = bounce_init(&b, elem, n);
	if (err)
		return err;
	do {
		k = min(n - done, b.n);
		if (!copy_from_iter_full(b.buf, k * elem, from)) {
			err = -EFAULT;
			break;
		}
		for (i = 0; i < k && !err; i++)
			err = goro_chan_send_until(c, b.buf + i * elem, deadline);
		done += err ? i - 1 : k;
	} while (!err && done < n && !xfer_break());
	bounce_free(&b);
	return xfer_result(done, err);
}

/* 0: closed and drained */
static ssize_t chan_recv(struct goro_chan *c, struct iov_iter *to, size_t n, u64 deadline,
			 bool all)
{
	size_t elem = goro_chan_elem(c), done = 0, i, k;
	struct bounce b;
	int err;

	err = bounce_init(&b, elem, n);
	if (err)
		return err;
	do {
		k = min(n - done, b.n);
		if (fault_in_iov_iter_writeable(to, k * elem)) {
			err = -EFAULT;
			break;
		}
		for (i = 0, err = 1; i < k && err == 1; i++)
			err = goro_chan_recv_until(c, b.buf + i * elem,
						   all || !(done + i) ? deadline : GORO_NOW);
		if (err != 1)
			i--;
		if (copy_to_iter(b.buf, i * elem, to) != i * elem) {
			done = 0;	/* i elements are lost: not to be passed over */
			err = -EFAULT;
			break;
		}
		done += i;
	} while (err == 1 && done < n && !xfer_break());
	bounce_free(&b);
	return xfer_result(done, err);
}

/* ---- ioctl ----------------------------------------------------------- */

long goro_chan_fd_xfer(struct goro_chan *c, unsigned int cmd, unsigned long arg)
{
	bool send = GORO_CMD(cmd) == GORO_CMD(GORO_IOC_SEND);
	u32 elem = goro_chan_elem(c);
	struct goro_xfer a;
	struct iov_iter iter;
	void __user *buf;
	size_t bytes;
	ssize_t ret;
	int err;

	err = goro_dev_get(&a, sizeof(a), 24, cmd, arg);
	if (err)
		return err;
	if (a.flags & ~(send ? 0 : GORO_RECV_ALL) || !a.n || a.n > INT_MAX)
		return -EINVAL;
	if (check_mul_overflow((size_t)a.n, (size_t)elem, &bytes))
		return -EFAULT;
	buf = u64_to_user_ptr(a.buf);
	if (bytes && !access_ok(buf, bytes))
		return -EFAULT;

	iov_iter_ubuf(&iter, send ? ITER_SOURCE : ITER_DEST, buf, bytes);
	if (send)
		return chan_send(c, &iter, a.n, a.deadline);
	ret = chan_recv(c, &iter, a.n, a.deadline, a.flags & GORO_RECV_ALL);
	if (!ret && elem && clear_user(buf, elem))
		return -EFAULT;
	return ret;
}

long goro_chan_fd_info(struct goro_chan *c, unsigned int cmd, unsigned long arg)
{
	struct goro_chan_info a;
	u32 senders, receivers;
	bool closed;
	int err;

	err = goro_dev_get(&a, sizeof(a), 48, cmd, arg);
	if (err)
		return err;
	if (a.flags || a.reserved)
		return -EINVAL;
	goro_chan_waiters(c, &senders, &receivers, &closed);
	a = (struct goro_chan_info) {
		.state = closed ? GORO_CHAN_CLOSED : 0,
		.elem = c->elem,
		.senders = senders,
		.receivers = receivers,
		.cap = goro_chan_cap(c),	/* a timer's is 0 to the eye */
		.len = goro_chan_len(c),
		.id = c->id,
	};
	return goro_dev_put(&a, sizeof(a), cmd, arg);
}

static long chan_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct goro_chan *c = file->private_data;

	switch (GORO_CMD(cmd)) {
	case GORO_CMD(GORO_IOC_SEND):
	case GORO_CMD(GORO_IOC_RECV):
		return goro_chan_fd_xfer(c, cmd, arg);
	case GORO_CMD(GORO_IOC_CHAN_INFO):
		return goro_chan_fd_info(c, cmd, arg);
	case GORO_IOC_CHAN_CLOSE:
		if (cmd != GORO_IOC_CHAN_CLOSE)
			return -ENOTTY;
		return arg ? -EINVAL : goro_chan_close(c);
	case GORO_CMD(GORO_IOC_SELECT):
		return goro_dev_select(cmd, arg);
	default:
		return -ENOTTY;
	}
}

/* ---- read, write, poll ----------------------------------------------- */

ssize_t goro_chan_fd_read(struct goro_chan *c, struct kiocb *iocb, struct iov_iter *to)
{
	size_t elem = goro_chan_elem(c), bytes = iov_iter_count(to);
	ssize_t ret;

	if (!elem)
		return -EINVAL;
	if (!bytes)
		return 0;
	if (bytes < elem)
		return -EINVAL;
	ret = chan_recv(c, to, bytes / elem, goro_dev_deadline(iocb), false);
	return ret > 0 ? ret * elem : ret;
}

static ssize_t chan_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return goro_chan_fd_read(iocb->ki_filp->private_data, iocb, to);
}

static ssize_t chan_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct goro_chan *c = iocb->ki_filp->private_data;
	size_t elem = goro_chan_elem(c), bytes = iov_iter_count(from);
	ssize_t ret;

	if (!elem || bytes % elem)
		return -EINVAL;
	if (!bytes)
		return 0;
	ret = chan_send(c, from, bytes / elem, goro_dev_deadline(iocb));
	return ret > 0 ? ret * elem : ret;
}

__poll_t goro_chan_fd_poll(struct goro_chan *c, struct file *file, poll_table *pt)
{
	/* first the queue, then the state: core wakes under the lock that it is read with */
	poll_wait(file, goro_chan_wq(c), pt);
	return goro_chan_poll(c);
}

static __poll_t chan_poll(struct file *file, poll_table *pt)
{
	return goro_chan_fd_poll(file->private_data, file, pt);
}

static int chan_release(struct inode *inode, struct file *file)
{
	goro_chan_put(file->private_data);
	return 0;
}

#ifdef CONFIG_PROC_FS
static void chan_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct goro_chan *c = file->private_data;

	seq_printf(m, "goro-chan-id:\t%llu\ngoro-chan-elem:\t%u\n", c->id, c->elem);
	seq_printf(m, "goro-chan-len:\t%u/%u\n", goro_chan_len(c), c->cap);
	goro_user_show(m, c->owner);
}
#endif

static const struct file_operations chan_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = chan_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read_iter = chan_read_iter,
	.write_iter = chan_write_iter,
	.poll = chan_poll,
	.release = chan_release,
#ifdef CONFIG_PROC_FS
	.show_fdinfo = chan_show_fdinfo,
#endif
};

u64 goro_dev_chan_bytes_max(void)
{
	/* what core adds for itself stays below its own limit, too */
	return min_t(u64, READ_ONCE(chan_bytes_max), GORO_CHAN_BYTES_MAX - PAGE_SIZE);
}

static u64 chan_bytes(const struct goro_chan *c)
{
	return (u64)c->elem * c->cap;
}

/* the channel goes: whoever dropped its last reference, its maker is uncharged */
static void chan_uncharge(struct goro_chan *c)
{
	struct goro_user *u = c->owner;

	goro_user_uncharge(u, GORO_RES_BYTES, chan_bytes(c));
	goro_user_uncharge_chan(u);
}

static struct goro_chan *chan_make(u32 elem, u32 cap)
{
	struct goro_user *u = goro_user_charge_chan();
	struct goro_chan *c;
	int err;

	if (IS_ERR(u))
		return ERR_CAST(u);
	err = goro_user_charge(u, GORO_RES_BYTES, (u64)elem * cap);
	if (err)
		goto uncharge;
	c = goro_chan_make(elem, cap, 0);
	if (!IS_ERR(c)) {
		c->owner = u;
		c->release = chan_uncharge;
		return c;
	}
	err = PTR_ERR(c);
	goro_user_uncharge(u, GORO_RES_BYTES, (u64)elem * cap);
uncharge:
	goro_user_uncharge_chan(u);
	return ERR_PTR(err);
}

int goro_chan_fd_create(const struct goro_chan_create *a)
{
	struct goro_chan *c;
	struct file *file;
	int fd;

	if (a->flags & ~GORO_FD_NONBLOCK || a->elem > GORO_CHAN_ELEM_MAX ||
	    a->cap > GORO_CHAN_CAP_MAX || a->cap * a->elem > goro_dev_chan_bytes_max())
		return -EINVAL;
	c = chan_make(a->elem, a->cap);
	if (IS_ERR(c))
		return PTR_ERR(c);
	fd = goro_dev_fd("[goro-chan]", &chan_fops, c,
			 O_RDWR | (a->flags & GORO_FD_NONBLOCK ? O_NONBLOCK : 0), &file);
	if (fd < 0)
		goro_chan_put(c);
	else
		fd_install(fd, file);
	return fd;
}

struct goro_chan *goro_chan_of(const struct file *file)
{
	return file->f_op == &chan_fops ? file->private_data : NULL;
}

struct goro_chan *goro_chan_from_fd(int fd)
{
	struct file *file = fget(fd);
	struct goro_chan *c;

	if (!file)
		return ERR_PTR(-EBADF);
	c = goro_chan_get(goro_chan_of(file));
	fput(file);
	return c ?: ERR_PTR(-EINVAL);
}
