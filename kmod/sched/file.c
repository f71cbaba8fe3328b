// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing files.
 *
 * Regular files, block devices and whatever else has no poll: the call sleeps
 * in the kernel, on the M, in block brackets, a CHUNK at a time. It is not
 * interrupted; cancel and deadline are looked at before each chunk.
 *
 * What can be polled (pipes, terminals, event files): try, on -EAGAIN poll, in
 * this order of preference:
 *   - the file honours IOCB_NOWAIT (it says so, or is a pipe): never blocks;
 *   - it is open with O_NONBLOCK: never blocks;
 *   - neither: poll, then the call as it is, in brackets. Somebody else who
 *     reads the same file may be faster; then it blocks until there is more, and
 *     neither deadline nor cancel ends that. There is no other flag to give it,
 *     and O_NONBLOCK is the open file's, not ours to set.
 * Sockets go to goro_sock_*.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/uio.h>
#include "io.h"

#define CHUNK	SZ_128K

struct io {
	struct file *file;
	char *buf;
	size_t len;
	loff_t *pos;		/* NULL: the file has none, or from its beginning */
	bool write;
};

static ssize_t attempt(const struct io *io, size_t len, int flags)
{
	struct kvec vec = { .iov_base = io->buf, .iov_len = len };
	struct iov_iter iter;
	struct kiocb iocb;
	ssize_t ret;

	init_sync_kiocb(&iocb, io->file);
	iocb.ki_flags |= flags;
	iocb.ki_pos = io->pos ? *io->pos : 0;
	iov_iter_kvec(&iter, io->write ? ITER_SOURCE : ITER_DEST, &vec, 1, len);
	ret = io->write ? vfs_iocb_iter_write(io->file, &iocb, &iter) :
	      vfs_iocb_iter_read(io->file, &iocb, &iter);
	if (ret > 0 && io->pos)
		*io->pos = iocb.ki_pos;
	return goro_io_errno(ret);
}

static bool is_disk(struct file *file)
{
	umode_t mode = file_inode(file)->i_mode;

	return S_ISREG(mode) || S_ISBLK(mode) || S_ISDIR(mode) || !file_can_poll(file);
}

/* One that may sleep. A write holds off freezing of the file system. */
static ssize_t disk_blocking(const struct io *io, size_t len)
{
	bool hold = io->write && !GORO_ITER_WRITE_HOLDS;
	ssize_t ret;

	goro_block_begin();
	if (hold)
		file_start_write(io->file);
	ret = attempt(io, len, 0);
	if (hold)
		file_end_write(io->file);
	goro_block_end();
	return ret;
}

static ssize_t disk_nowait(const struct io *io, size_t len)
{
	struct super_block *sb = file_inode(io->file)->i_sb;
	bool freezable = io->write && S_ISREG(file_inode(io->file)->i_mode);
	ssize_t ret;

	if (!(io->file->f_mode & FMODE_NOWAIT))
		return -EOPNOTSUPP;
	if (freezable && !sb_start_write_trylock(sb))
		return -EAGAIN;		/* frozen: that would take a while */
	if (freezable && GORO_ITER_WRITE_HOLDS)
		sb_end_write(sb);
	ret = attempt(io, len, IOCB_NOWAIT);
	if (freezable && !GORO_ITER_WRITE_HOLDS)
		sb_end_write(sb);
	return ret;
}

static ssize_t disk(struct io *io, u64 deadline)
{
	ssize_t ret, done = 0;
	loff_t start = 0;

	if (!io->pos)
		io->pos = &start;	/* the chunks follow each other */
	do {
		size_t len = min_t(size_t, io->len, CHUNK);

		/* what is in memory never makes us wait */
		if (done)
			goro_yield();
		ret = goro_io_go_on(deadline == GORO_NOW ? GORO_FOREVER : deadline);
		if (!ret)
			ret = deadline == GORO_NOW ? disk_nowait(io, len) :
			      disk_blocking(io, len);
		if (ret <= 0)
			break;
		io->buf += ret;
		io->len -= ret;
		done += ret;
	} while (io->len);
	return done ?: ret;
}

/* One that may block although the file was ready: see above. */
static ssize_t polled_blocking(const struct io *io, __poll_t events, u64 deadline)
{
	ssize_t ret = goro_poll(io->file, events, deadline);

	if (ret < 0)
		return ret;
	goro_block_begin();
	/* room for a page is what "ready" promises at least */
	ret = attempt(io, io->write ? min_t(size_t, io->len, PAGE_SIZE) : io->len, 0);
	goro_block_end();
	return ret;
}

static ssize_t polled_once(const struct io *io, u64 deadline)
{
	__poll_t events = io->write ? EPOLLOUT : EPOLLIN | EPOLLRDHUP;
	bool nowait = (io->file->f_mode & FMODE_NOWAIT) ||
		      S_ISFIFO(file_inode(io->file)->i_mode);
	unsigned int tries = 0;
	ssize_t ret;

	if (goro_wait_cancelled())
		return -ECANCELED;
	if (!nowait && !(io->file->f_flags & O_NONBLOCK))
		return polled_blocking(io, events, deadline);
	for (;;) {
		ret = attempt(io, io->len, nowait ? IOCB_NOWAIT : 0);
		if (ret != -EAGAIN)
			return ret;
		ret = goro_poll(io->file, events, deadline);
		if (ret >= 0)
			ret = goro_io_again(&tries, deadline);
		if (ret < 0)
			return ret;
	}
}

static ssize_t polled(struct io *io, u64 deadline)
{
	ssize_t ret, done = 0;

	do {
		ret = polled_once(io, deadline);
		if (ret <= 0)
			break;
		io->buf += ret;
		io->len -= ret;
		done += ret;
	} while (io->write && io->len);
	return done ?: ret;
}

static ssize_t file_io(struct io *io, u64 deadline)
{
	struct socket *sock = sock_from_file(io->file);

	io->len = min_t(size_t, io->len, MAX_RW_COUNT);
	if (!(io->file->f_mode & (io->write ? FMODE_WRITE : FMODE_READ)))
		return -EBADF;
	if (sock && !io->write)
		return goro_sock_recv(sock, io->buf, io->len, deadline);
	if (sock) {
		struct kvec vec = { .iov_base = io->buf, .iov_len = io->len };
		struct msghdr msg = { };

		iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, io->len);
		return goro_sock_sendmsg(sock, &msg, deadline);
	}
	return is_disk(io->file) ? disk(io, deadline) : polled(io, deadline);
}

ssize_t goro_file_read(struct file *file, void *buf, size_t len, loff_t *pos, u64 deadline)
{
	struct io io = { .file = file, .buf = buf, .len = len, .pos = pos };

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	return file_io(&io, deadline);
}
EXPORT_SYMBOL_GPL(goro_file_read);

ssize_t goro_file_write(struct file *file, const void *buf, size_t len, loff_t *pos,
			u64 deadline)
{
	struct io io = {
		.file = file, .buf = (char *)buf, .len = len, .pos = pos, .write = true,
	};

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	return file_io(&io, deadline);
}
EXPORT_SYMBOL_GPL(goro_file_write);

int goro_file_fsync(struct file *file, int datasync, u64 deadline)
{
	int err;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	err = goro_io_go_on(deadline);
	if (err)
		return err;
	goro_block_begin();
	err = vfs_fsync(file, datasync);
	goro_block_end();
	return goro_io_errno(err);
}
EXPORT_SYMBOL_GPL(goro_file_fsync);
