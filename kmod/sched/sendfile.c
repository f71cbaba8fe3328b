// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_sendfile(): from a file to a socket without a copy where the kernel has
 * none: pages of the page cache are handed to the socket.
 *
 * splice_direct_to_actor() finds the pages; its pipe is the task's, so nothing
 * may park inside it: the actor only takes references to the pages, between the
 * block brackets (a disk may have to be waited for). They are sent after that,
 * parking as any send does.
 */
#include <linux/bvec.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/net.h>
#include <linux/pipe_fs_i.h>
#include <linux/socket.h>
#include <linux/splice.h>
#include <uapi/linux/eventpoll.h>
#include "io.h"

#define PAGES	16		/* what the task's pipe holds */

struct batch {
	unsigned int n;
	struct bio_vec v[PAGES];
};

/* Take what is in the pipe, as far as it fits. Returns bytes, or an errno. */
static int collect(struct pipe_inode_info *pipe, struct splice_desc *sd)
{
	struct batch *b = sd->u.data;
	size_t left = sd->total_len;
	int bytes = 0;

	while (left && b->n < PAGES && pipe->tail != pipe->head) {
		struct pipe_buffer *buf = &pipe->bufs[pipe->tail & (pipe->ring_size - 1)];
		unsigned int len = min_t(size_t, buf->len, left);
		int err = pipe_buf_confirm(pipe, buf);

		/* not pipe_buf_get(): of a hole it takes none, the page of zeroes is nobody's */
		if (!err && !try_get_page(buf->page))
			err = -EFAULT;
		if (err)
			return bytes ?: err;
		b->v[b->n].bv_page = buf->page;
		b->v[b->n].bv_offset = buf->offset;
		b->v[b->n].bv_len = len;
		b->n++;
		bytes += len;
		left -= len;
		buf->offset += len;
		buf->len -= len;
		if (buf->len)
			break;
		pipe_buf_release(pipe, buf);
		pipe->tail++;
	}
	return bytes;
}

static ssize_t fetch(struct file *file, loff_t pos, size_t len, struct batch *b)
{
	struct splice_desc sd = { .total_len = len, .pos = pos, .u.data = b };
	ssize_t n;

	b->n = 0;
	n = rw_verify_area(READ, file, &pos, len);
	if (n < 0)
		return n;
	goro_block_begin();
	n = splice_direct_to_actor(file, &sd, collect);
	goro_block_end();
	return goro_io_errno(n);
}

/* Send the batch; `sent` says how much of it went. */
static int send_batch(struct socket *sock, struct batch *b, size_t bytes, bool more,
		      u64 deadline, size_t *sent)
{
	struct bio_vec *v = b->v, *end = b->v + b->n;
	int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0), n;
	struct bio_vec part = *v;
	unsigned int tries = 0;

	*sent = 0;
	while (*sent < bytes) {
		n = goro_send_page(sock, &part, v + 1 < end ? flags | MSG_MORE : flags);
		if (n == -EAGAIN) {
			n = goro_poll_sock_data(sock, EPOLLOUT, deadline);
			if (n >= 0)
				n = goro_io_again(&tries, deadline);
			if (n < 0)
				return n;
			continue;
		}
		if (n <= 0)
			return n ? goro_io_errno(n) : -EIO;
		tries = 0;
		*sent += n;
		part.bv_offset += n;
		part.bv_len -= n;
		if (!part.bv_len && ++v < end)
			part = *v;
	}
	return 0;
}

ssize_t goro_sendfile(struct socket *sock, struct file *file, loff_t *pos, size_t len,
		      u64 deadline)
{
	/* a block device's size and type, too: file_inode() is the node's in /dev */
	struct inode *inode = file->f_mapping->host;
	struct batch b = { .n = 0 };
	size_t done = 0, sent;
	int err = 0;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	if (!(file->f_mode & FMODE_READ))
		return -EBADF;
	if (!S_ISREG(inode->i_mode) && !S_ISBLK(inode->i_mode))
		return -EINVAL;
	if (sock->type != SOCK_STREAM)
		return -EOPNOTSUPP;
	len = min_t(size_t, len, MAX_RW_COUNT);
	while (!err && done < len) {
		ssize_t n = goro_io_go_on(deadline == GORO_NOW ? GORO_FOREVER : deadline);

		if (!n)
			/* what touches PAGES pages: the pipe would take no more */
			n = fetch(file, *pos, min_t(size_t, len - done, PAGES * PAGE_SIZE -
						    offset_in_page(*pos)), &b);
		if (n > 0)
			/* what waits for more would lie in the socket for a while at the end */
			err = send_batch(sock, &b, n, done + n < len &&
					 *pos + n < i_size_read(inode), deadline, &sent);
		while (b.n)
			put_page(b.v[--b.n].bv_page);
		if (n <= 0) {
			err = n;
			break;
		}
		*pos += sent;
		done += sent;
		/* a socket that takes all of it never makes us wait */
		if (!err && done < len)
			goro_yield();
	}
	return done ?: err;
}
EXPORT_SYMBOL_GPL(goro_sendfile);
