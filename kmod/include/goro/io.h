/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * goro: waiting for files and sockets, and working on them. Part of goro.h,
 * which says what contexts, deadlines and results are; include that.
 */
#ifndef _GORO_IO_H
#define _GORO_IO_H

#include <linux/types.h>

struct file;
struct msghdr;
struct sockaddr;
struct socket;

/**
 * goro_poll - wait until a file is ready
 * @file: what to wait for
 * @events: EPOLLIN, EPOLLOUT, …; EPOLLERR and EPOLLHUP are always included
 * @deadline: absolute ns
 *
 * The file's ->poll may sleep. It may wait by goro's calls, too, for a lock of
 * goro's say: while it is asked with the entries made such a wait keeps the thread,
 * whose P another has, and a cancel or a context does not end it; a deadline does.
 *
 * Context: parks a goroutine by an own wait-queue entry; a thread sleeps.
 * Return: the events that are ready (> 0), -ETIMEDOUT (GORO_NOW: -EAGAIN),
 * -ECANCELED, -EINTR, -ENOMEM (more than 4 wait queues, and no memory for them).
 */
int goro_poll(struct file *file, __poll_t events, u64 deadline);

/**
 * goro_poll_sock - goro_poll() for a socket
 * @sock: what to wait for; it may have no file (sock_create_kern())
 * @events: as goro_poll()
 * @deadline: absolute ns
 *
 * Context: as goro_poll().
 * Return: as goro_poll().
 */
int goro_poll_sock(struct socket *sock, __poll_t events, u64 deadline);

/* ---- sockets ---------------------------------------------------------- */

/**
 * goro_sock_connect - connect a socket
 * @sock: the socket
 * @addr: where to
 * @addrlen: bytes of @addr
 * @deadline: absolute ns; GORO_NOW begins it, and says -EAGAIN where that takes
 *	a while
 *
 * Where it ends by deadline, cancel or signal, the socket is as connect(2) leaves
 * it after a signal: the attempt goes on, the same call once more waits for its
 * end (0, also where it has ended meanwhile), sock_release() ends it. To a unix
 * socket whose backlog is full the M waits; a cancel is seen within 100 ms then.
 *
 * Context: parks a goroutine, a thread sleeps.
 * Return: 0, what connect(2) says, -ETIMEDOUT (also what TCP says when nobody
 * answers), -ECANCELED, -EINTR; -ECONNRESET or -ECONNABORTED where somebody else
 * ended the attempt (shutdown), or was told its result.
 * Go: net.Dialer.DialContext
 */
int goro_sock_connect(struct socket *sock, struct sockaddr *addr, int addrlen, u64 deadline);

/**
 * goro_sock_accept - accept a connection
 * @sock: a listening socket
 * @newsock: the connection, for sock_release()
 * @deadline: absolute ns
 *
 * Context: parks a goroutine, a thread sleeps.
 * Return: 0, what accept(2) says (-EINVAL: shut down), -ETIMEDOUT (GORO_NOW:
 * -EAGAIN), -ECANCELED, -EINTR.
 * Go: net.Listener.Accept
 */
int goro_sock_accept(struct socket *sock, struct socket **newsock, u64 deadline);

/**
 * goro_sock_recvmsg - receive a message
 * @sock: the socket
 * @msg: msg_iter says where to (iov_iter_kvec() or _bvec(), ITER_DEST); msg_name
 *	and msg_control, in kernel memory, as in sock_recvmsg()
 * @flags: MSG_PEEK, MSG_TRUNC, MSG_OOB, MSG_ERRQUEUE …; MSG_DONTWAIT is GORO_NOW;
 *	with MSG_WAITALL a stream fills all of @msg
 * @deadline: absolute ns
 *
 * Context: parks a goroutine, a thread sleeps.
 * Return: bytes, 0 at the end of the stream, and of whatever was shut down for
 * reading; if there are none what recvmsg(2) says, -ETIMEDOUT (GORO_NOW: -EAGAIN),
 * -ECANCELED, -EINTR; -EMSGSIZE for more than INT_MAX bytes. With MSG_WAITALL fewer
 * bytes than were asked for mean that one of these came in between.
 */
int goro_sock_recvmsg(struct socket *sock, struct msghdr *msg, int flags, u64 deadline);

/**
 * goro_sock_recv - receive into a buffer
 * @sock: the socket
 * @buf: where to
 * @len: at most so many bytes
 * @deadline: absolute ns
 *
 * Context: as goro_sock_recvmsg().
 * Return: as goro_sock_recvmsg().
 * Go: net.Conn.Read
 */
int goro_sock_recv(struct socket *sock, void *buf, size_t len, u64 deadline);

/**
 * goro_sock_sendmsg - send a message
 * @sock: the socket
 * @msg: msg_iter says what (ITER_SOURCE), and is moved on by what was sent;
 *	msg_name, msg_control and msg_flags as in sock_sendmsg(); MSG_NOSIGNAL is
 *	always added, MSG_DONTWAIT is GORO_NOW
 * @deadline: absolute ns
 *
 * A stream takes all of it, in as many pieces as it needs; control data goes with
 * the first. A cancelled goroutine may still send what does not have to wait.
 *
 * Context: parks a goroutine, a thread sleeps.
 * Return: bytes sent, fewer than asked for if one of these came in between; if
 * there are none what sendmsg(2) says, -ETIMEDOUT (GORO_NOW: -EAGAIN), -ECANCELED,
 * -EINTR; -EMSGSIZE for more than INT_MAX bytes.
 */
int goro_sock_sendmsg(struct socket *sock, struct msghdr *msg, u64 deadline);

/**
 * goro_sock_send - send all of a buffer
 * @sock: the socket
 * @buf: what
 * @len: bytes
 * @deadline: absolute ns
 *
 * Context: parks a goroutine, a thread sleeps.
 * Return: @len, or the error as of goro_sock_sendmsg(): some bytes may have gone
 * then.
 * Go: net.Conn.Write
 */
int goro_sock_send(struct socket *sock, const void *buf, size_t len, u64 deadline);

/**
 * goro_sendfile - send from a file, without copying where the kernel can
 * @sock: a stream socket
 * @file: a regular file or block device, open for reading
 * @pos: where to begin; moved on by what was sent
 * @len: bytes
 * @deadline: absolute ns
 *
 * Pages of the page cache are handed to the socket: what is written to the file
 * before they are sent and acknowledged is seen by the other side, as with
 * sendfile(2). A disk is waited for by the M, between block brackets, for up to
 * 64 KiB at a time, which nothing ends; the socket by a park.
 *
 * Context: parks a goroutine, or its M sleeps; a thread sleeps; with nothing held.
 * Return: bytes sent, fewer than @len at the end of the file or if an error came
 * in between; if there are none the error: -EBADF, -EINVAL (not such a file, or
 * its file system has no splice), -EOPNOTSUPP (not a stream), what the file or
 * the socket says, -ETIMEDOUT (GORO_NOW: -EAGAIN, where the socket is full),
 * -ECANCELED, -EINTR.
 * Go: io.Copy to a net.TCPConn
 */
ssize_t goro_sendfile(struct socket *sock, struct file *file, loff_t *pos, size_t len,
		      u64 deadline);

/* ---- files ------------------------------------------------------------ */

/**
 * goro_file_read - read from a file
 * @file: open for reading; its driver must have read_iter
 * @buf: kernel memory
 * @len: bytes
 * @pos: where, and moved on; NULL for what has no position (a pipe), and for the
 *	beginning of what has
 * @deadline: absolute ns
 *
 * A regular file, a block device, and what cannot be polled: all @len bytes are
 * read, fewer at the end of the file, 128 KiB at a time. The M sleeps, and that
 * is not interrupted; cancel and deadline are looked at before each piece. With
 * GORO_NOW only what is in memory is read.
 *
 * What can be polled: one read, as read(2), when there is something; the goroutine
 * parks until then. One that is open without O_NONBLOCK, knows no RWF_NOWAIT and
 * is no pipe (a terminal, most devices) may be read empty by somebody else after
 * poll said it is ready: then the M sleeps until there is more, whatever the
 * deadline. Open such files with O_NONBLOCK.
 *
 * Context: parks a goroutine, or its M sleeps; a thread sleeps; with nothing held.
 * Return: bytes, 0 at the end; if there are none what read(2) says, -EINVAL (no
 * read_iter), -EFAULT or -EINVAL (open with O_DIRECT, and the file system cannot
 * do direct I/O to kernel memory, as most before Linux 6.3, or @buf, @len and @pos
 * are not aligned for it), -ETIMEDOUT, -ECANCELED, -EINTR; with GORO_NOW -EAGAIN, and
 * -EOPNOTSUPP where the file cannot tell whether it would block.
 */
ssize_t goro_file_read(struct file *file, void *buf, size_t len, loff_t *pos, u64 deadline);

/**
 * goro_file_write - write to a file
 * @file: open for writing; its driver must have write_iter
 * @buf: kernel memory
 * @len: bytes
 * @pos: as goro_file_read()
 * @deadline: absolute ns
 *
 * As goro_file_read(), and all of @len is written to what can be polled, too, in
 * as many pieces as it takes. To a socket it is sent with MSG_NOSIGNAL; a pipe
 * without readers sends a thread SIGPIPE as write(2) does, a goroutine nothing.
 *
 * Context: parks a goroutine, or its M sleeps; a thread sleeps; with nothing held.
 * Return: bytes written, fewer than @len if an error came in between; if there
 * are none the error, as of goro_file_read().
 */
ssize_t goro_file_write(struct file *file, const void *buf, size_t len, loff_t *pos,
			u64 deadline);

/**
 * goro_file_fsync - write a file's data back
 * @file: the file
 * @datasync: as fdatasync(2)
 * @deadline: absolute ns
 *
 * The M sleeps, and that is not interrupted: deadline and cancel are looked at
 * once, before.
 *
 * Context: parks a goroutine, or its M sleeps; a thread sleeps; with nothing held.
 * Return: 0, what fsync(2) says, -ETIMEDOUT (GORO_NOW: -EAGAIN), -ECANCELED, -EINTR.
 * Go: os.File.Sync
 */
int goro_file_fsync(struct file *file, int datasync, u64 deadline);

#endif /* _GORO_IO_H */
