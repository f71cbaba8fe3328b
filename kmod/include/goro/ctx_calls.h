/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * goro: the blocking calls under a context. Part of goro.h; include that.
 *
 * Each is the call of the same name, without _ctx, and ends when the context is
 * cancelled, too: it returns the context's error then, -ECANCELED or -ETIMEDOUT.
 * A context that is cancelled already is looked at first and wins over what could
 * be done at once. Where the call's own deadline, or the cancel of the goroutine's
 * group, comes first, that is what is returned. The caller has a reference to the
 * context; NULL is the background.
 */
#ifndef _GORO_CTX_CALLS_H
#define _GORO_CTX_CALLS_H

#include <goro/ctx.h>
#include <goro/io.h>
#include <goro/select.h>
#include <goro/sync.h>
#include <goro/wait.h>

/* ---- channels, time ---------------------------------------------------- */

/**
 * goro_chan_send_ctx - goro_chan_send() under a context
 * @ctx: the context
 * @c: the channel
 * @v: the element
 *
 * Context: as goro_chan_send().
 * Return: as goro_chan_send(), or the context's error.
 * Go: select { case c <- v: case <-ctx.Done(): }
 */
static inline int goro_chan_send_ctx(struct goro_ctx *ctx, struct goro_chan *c, const void *v)
{
	return GORO_CTX_CALL(ctx, goro_chan_send(c, v));
}

/**
 * goro_chan_recv_ctx - goro_chan_recv() under a context
 * @ctx: the context
 * @c: the channel
 * @v: where the element goes, or NULL
 *
 * Context: as goro_chan_recv().
 * Return: as goro_chan_recv(), or the context's error.
 * Go: select { case v, ok = <-c: case <-ctx.Done(): }
 */
static inline int goro_chan_recv_ctx(struct goro_ctx *ctx, struct goro_chan *c, void *v)
{
	return GORO_CTX_CALL(ctx, goro_chan_recv(c, v));
}

/**
 * goro_sleep_ctx - goro_sleep() under a context
 * @ctx: the context
 * @ns: nanoseconds
 *
 * Context: as goro_sleep().
 * Return: 0, -EINTR (thread), or the context's error.
 * Go: select { case <-time.After(d): case <-ctx.Done(): }
 */
static inline int goro_sleep_ctx(struct goro_ctx *ctx, u64 ns)
{
	return GORO_CTX_CALL(ctx, goro_sleep(ns));
}

/**
 * goro_sleep_until_ctx - goro_sleep_until() under a context
 * @ctx: the context
 * @deadline: absolute ns
 *
 * Context: as goro_sleep_until().
 * Return: 0, -EINTR (thread), or the context's error.
 */
static inline int goro_sleep_until_ctx(struct goro_ctx *ctx, u64 deadline)
{
	return GORO_CTX_CALL(ctx, goro_sleep_until(deadline));
}

/**
 * goro_select_ctx - goro_select_until() under a context
 * @ctx: the context
 * @cases: the cases
 * @n: how many
 * @deadline: absolute ns; with GORO_NOW only a context that is cancelled already counts
 *
 * Context: as goro_select_until().
 * Return: as goro_select_until(), or the context's error.
 * Go: select with a case <-ctx.Done()
 */
static inline int goro_select_ctx(struct goro_ctx *ctx, struct goro_case *cases, unsigned int n,
				  u64 deadline)
{
	return GORO_CTX_CALL(ctx, goro_select_until(cases, n, deadline));
}

/* ---- sync -------------------------------------------------------------- */

/**
 * goro_mutex_lock_ctx - goro_mutex_lock() under a context
 * @ctx: the context
 * @m: the mutex
 *
 * Context: as goro_mutex_lock().
 * Return: as goro_mutex_lock(), or the context's error.
 * Go: none; a channel of capacity 1 to select on
 */
static inline int __must_check goro_mutex_lock_ctx(struct goro_ctx *ctx, struct goro_mutex *m)
{
	return GORO_CTX_CALL(ctx, goro_mutex_lock(m));
}

/**
 * goro_rwmutex_rlock_ctx - goro_rwmutex_rlock() under a context
 * @ctx: the context
 * @rw: the RWMutex
 *
 * Context: as goro_rwmutex_rlock().
 * Return: as goro_rwmutex_rlock(), or the context's error.
 */
static inline int __must_check goro_rwmutex_rlock_ctx(struct goro_ctx *ctx,
						      struct goro_rwmutex *rw)
{
	return GORO_CTX_CALL(ctx, goro_rwmutex_rlock(rw));
}

/**
 * goro_rwmutex_lock_ctx - goro_rwmutex_lock() under a context
 * @ctx: the context
 * @rw: the RWMutex
 *
 * Context: as goro_rwmutex_lock().
 * Return: as goro_rwmutex_lock(), or the context's error.
 */
static inline int __must_check goro_rwmutex_lock_ctx(struct goro_ctx *ctx,
						     struct goro_rwmutex *rw)
{
	return GORO_CTX_CALL(ctx, goro_rwmutex_lock(rw));
}

/**
 * goro_once_do_ctx - goro_once_do() under a context
 * @ctx: the context
 * @once: the Once
 * @fn: the function; where it runs here, it runs under @ctx
 * @arg: its argument
 *
 * Context: as goro_once_do().
 * Return: as goro_once_do(), or the context's error.
 */
static inline int goro_once_do_ctx(struct goro_ctx *ctx, struct goro_once *once, goro_fn_t fn,
				   void *arg)
{
	return GORO_CTX_CALL(ctx, goro_once_do(once, fn, arg));
}

/**
 * goro_once_call_ctx - goro_once_call() under a context
 * @ctx: the context
 * @once: the Once, used with goro_once_call() only
 * @fn: the function; where it runs here, it runs under @ctx, and what it returns is
 *	the result for all
 * @arg: its argument
 *
 * Where another call runs the function, a cancel ends this one's wait for it, and
 * nothing else: the function runs on, and later calls get its result.
 *
 * Context: as goro_once_call().
 * Return: as goro_once_call(), or the context's error: of a wait that was ended, of a
 * context that is cancelled already (@fn has not run here), and in place of an
 * -ECANCELED that @fn returned here.
 */
static inline int goro_once_call_ctx(struct goro_ctx *ctx, struct goro_once *once,
				     goro_err_fn_t fn, void *arg)
{
	return GORO_CTX_CALL(ctx, goro_once_call(once, fn, arg));
}

/**
 * goro_cond_wait_ctx - goro_cond_wait() under a context
 * @ctx: the context
 * @c: the condition variable
 * @m: a mutex that the caller holds, and holds again whatever is returned
 *
 * Context: as goro_cond_wait().
 * Return: as goro_cond_wait(), or the context's error.
 * Go: none; a context.AfterFunc that broadcasts
 */
static inline int goro_cond_wait_ctx(struct goro_ctx *ctx, struct goro_cond *c,
				     struct goro_mutex *m)
{
	return GORO_CTX_CALL(ctx, goro_cond_wait(c, m));
}

/**
 * goro_sema_acquire_ctx - goro_sema_acquire() under a context
 * @ctx: the context
 * @s: the semaphore
 * @n: how many
 *
 * Context: as goro_sema_acquire().
 * Return: as goro_sema_acquire(), or the context's error.
 * Go: semaphore.Weighted.Acquire
 */
static inline int __must_check goro_sema_acquire_ctx(struct goro_ctx *ctx, struct goro_sema *s,
						     long n)
{
	return GORO_CTX_CALL(ctx, goro_sema_acquire(s, n));
}

/* ---- WaitGroup, groups ------------------------------------------------- */

/**
 * goro_wg_wait_ctx - goro_wg_wait() under a context
 * @ctx: the context
 * @wg: the WaitGroup
 *
 * Context: as goro_wg_wait().
 * Return: as goro_wg_wait(), or the context's error.
 * Go: none; a goroutine that waits and closes a channel to select on
 */
static inline int goro_wg_wait_ctx(struct goro_ctx *ctx, struct goro_wg *wg)
{
	return GORO_CTX_CALL(ctx, goro_wg_wait(wg));
}

/**
 * goro_group_wait_ctx - goro_group_wait() under a context
 * @ctx: the context: not the group's own, which ends its members and not who waits
 * @grp: the group
 *
 * Context: as goro_group_wait().
 * Return: as goro_group_wait(), or the context's error: some members have not ended.
 */
static inline int goro_group_wait_ctx(struct goro_ctx *ctx, struct goro_group *grp)
{
	return GORO_CTX_CALL(ctx, goro_group_wait(grp));
}

/**
 * goro_group_go_ctx - goro_group_go() under a context, in a group with a limit
 * @ctx: the context that ends the wait for a slot; the member lives under the group's
 *	own, and not under this one
 * @grp: the group
 * @fn: its function
 * @arg: its argument
 *
 * Context: as goro_group_go().
 * Return: as goro_group_go(), or the context's error: nothing was started.
 */
#define goro_group_go_ctx(ctx, grp, fn, arg)				\
	((int)GORO_CTX_CALL(ctx, goro_group_go(grp, fn, arg)))

/**
 * goro_group_go_copy_ctx - goro_group_go_copy() under a context
 * @ctx: as goro_group_go_ctx()
 * @grp: the group
 * @fn: its function
 * @args: what to copy
 * @size: bytes, at most 4096
 *
 * Context: as goro_group_go().
 * Return: as goro_group_go_copy(), or the context's error: nothing was started.
 */
#define goro_group_go_copy_ctx(ctx, grp, fn, args, size)		\
	((int)GORO_CTX_CALL(ctx, goro_group_go_copy(grp, fn, args, size)))

/**
 * goro_group_go_attr_ctx - goro_group_go_attr() under a context
 * @ctx: as goro_group_go_ctx()
 * @grp: the group
 * @fn: its function
 * @arg: its argument
 * @attr: see struct goro_attr
 *
 * Context: as goro_group_go().
 * Return: as goro_group_go_attr(), or the context's error: nothing was started.
 */
#define goro_group_go_attr_ctx(ctx, grp, fn, arg, attr)			\
	((int)GORO_CTX_CALL(ctx, goro_group_go_attr(grp, fn, arg, attr)))

/* ---- the kernel's wait queues and completions -------------------------- */

/**
 * goro_wait_event_ctx - goro_wait_event() under a context
 * @ctx: the context
 * @wq_head: the wait queue
 * @condition: a C expression
 *
 * A context that is cancelled already is told before the condition is looked at.
 * Context: as goro_wait_event().
 * Return: as goro_wait_event(), or the context's error.
 */
#define goro_wait_event_ctx(ctx, wq_head, condition)			\
	((int)GORO_CTX_CALL(ctx, goro_wait_event(wq_head, condition)))

/**
 * goro_wait_event_exclusive_ctx - goro_wait_event_exclusive() under a context
 * @ctx: the context
 * @wq_head: the wait queue
 * @condition: a C expression
 *
 * Context: as goro_wait_event().
 * Return: as goro_wait_event_ctx().
 */
#define goro_wait_event_exclusive_ctx(ctx, wq_head, condition)		\
	((int)GORO_CTX_CALL(ctx, goro_wait_event_exclusive(wq_head, condition)))

/**
 * goro_wait_for_completion_ctx - goro_wait_for_completion() under a context
 * @ctx: the context
 * @x: the completion
 *
 * Context: as goro_wait_for_completion().
 * Return: as goro_wait_for_completion(), or the context's error.
 */
static inline int goro_wait_for_completion_ctx(struct goro_ctx *ctx, struct completion *x)
{
	return GORO_CTX_CALL(ctx, goro_wait_for_completion(x));
}

/* ---- files and sockets ------------------------------------------------- */

/**
 * goro_poll_ctx - goro_poll() under a context
 * @ctx: the context
 * @file: what to wait for
 * @events: EPOLLIN, EPOLLOUT, …
 * @deadline: absolute ns
 *
 * Context: as goro_poll().
 * Return: as goro_poll(), or the context's error.
 */
static inline int goro_poll_ctx(struct goro_ctx *ctx, struct file *file, __poll_t events,
				u64 deadline)
{
	return GORO_CTX_CALL(ctx, goro_poll(file, events, deadline));
}

/**
 * goro_poll_sock_ctx - goro_poll_sock() under a context
 * @ctx: the context
 * @sock: what to wait for
 * @events: EPOLLIN, EPOLLOUT, …
 * @deadline: absolute ns
 *
 * Context: as goro_poll().
 * Return: as goro_poll(), or the context's error.
 */
static inline int goro_poll_sock_ctx(struct goro_ctx *ctx, struct socket *sock, __poll_t events,
				     u64 deadline)
{
	return GORO_CTX_CALL(ctx, goro_poll_sock(sock, events, deadline));
}

/**
 * goro_sock_connect_ctx - goro_sock_connect() under a context
 * @ctx: the context
 * @sock: the socket
 * @addr: where to
 * @addrlen: bytes of @addr
 * @deadline: absolute ns
 *
 * Context: as goro_sock_connect().
 * Return: as goro_sock_connect(), or the context's error.
 * Go: net.Dialer.DialContext
 */
static inline int goro_sock_connect_ctx(struct goro_ctx *ctx, struct socket *sock,
					struct sockaddr *addr, int addrlen, u64 deadline)
{
	return GORO_CTX_CALL(ctx, goro_sock_connect(sock, addr, addrlen, deadline));
}

/**
 * goro_sock_accept_ctx - goro_sock_accept() under a context
 * @ctx: the context
 * @sock: a listening socket
 * @newsock: the connection
 * @deadline: absolute ns
 *
 * Context: as goro_sock_accept().
 * Return: as goro_sock_accept(), or the context's error.
 */
static inline int goro_sock_accept_ctx(struct goro_ctx *ctx, struct socket *sock,
				       struct socket **newsock, u64 deadline)
{
	return GORO_CTX_CALL(ctx, goro_sock_accept(sock, newsock, deadline));
}

/**
 * goro_sock_recvmsg_ctx - goro_sock_recvmsg() under a context
 * @ctx: the context
 * @sock: the socket
 * @msg: as goro_sock_recvmsg()
 * @flags: as goro_sock_recvmsg()
 * @deadline: absolute ns
 *
 * Context: as goro_sock_recvmsg().
 * Return: as goro_sock_recvmsg(), or the context's error where nothing was received.
 */
static inline int goro_sock_recvmsg_ctx(struct goro_ctx *ctx, struct socket *sock,
					struct msghdr *msg, int flags, u64 deadline)
{
	return GORO_CTX_CALL(ctx, goro_sock_recvmsg(sock, msg, flags, deadline));
}

/**
 * goro_sock_recv_ctx - goro_sock_recv() under a context
 * @ctx: the context
 * @sock: the socket
 * @buf: where to
 * @len: at most so many bytes
 * @deadline: absolute ns
 *
 * Context: as goro_sock_recv().
 * Return: as goro_sock_recv(), or the context's error.
 */
static inline int goro_sock_recv_ctx(struct goro_ctx *ctx, struct socket *sock, void *buf,
				     size_t len, u64 deadline)
{
	return GORO_CTX_CALL(ctx, goro_sock_recv(sock, buf, len, deadline));
}

/**
 * goro_sock_sendmsg_ctx - goro_sock_sendmsg() under a context
 * @ctx: the context
 * @sock: the socket
 * @msg: as goro_sock_sendmsg()
 * @deadline: absolute ns
 *
 * Context: as goro_sock_sendmsg().
 * Return: as goro_sock_sendmsg(), or the context's error where nothing was sent.
 */
static inline int goro_sock_sendmsg_ctx(struct goro_ctx *ctx, struct socket *sock,
					struct msghdr *msg, u64 deadline)
{
	return GORO_CTX_CALL(ctx, goro_sock_sendmsg(sock, msg, deadline));
}

/**
 * goro_sock_send_ctx - goro_sock_send() under a context
 * @ctx: the context
 * @sock: the socket
 * @buf: what
 * @len: bytes
 * @deadline: absolute ns
 *
 * Context: as goro_sock_send().
 * Return: as goro_sock_send(), or the context's error.
 */
static inline int goro_sock_send_ctx(struct goro_ctx *ctx, struct socket *sock, const void *buf,
				     size_t len, u64 deadline)
{
	return GORO_CTX_CALL(ctx, goro_sock_send(sock, buf, len, deadline));
}

/**
 * goro_sendfile_ctx - goro_sendfile() under a context
 * @ctx: the context
 * @sock: a stream socket
 * @file: a regular file or block device
 * @pos: where to begin; moved on
 * @len: bytes
 * @deadline: absolute ns
 *
 * Context: as goro_sendfile().
 * Return: as goro_sendfile(), or the context's error where nothing was sent.
 */
static inline ssize_t goro_sendfile_ctx(struct goro_ctx *ctx, struct socket *sock,
					struct file *file, loff_t *pos, size_t len, u64 deadline)
{
	return GORO_CTX_CALL(ctx, goro_sendfile(sock, file, pos, len, deadline));
}

/**
 * goro_file_read_ctx - goro_file_read() under a context
 * @ctx: the context
 * @file: open for reading
 * @buf: kernel memory
 * @len: bytes
 * @pos: as goro_file_read()
 * @deadline: absolute ns
 *
 * Context: as goro_file_read().
 * Return: as goro_file_read(), or the context's error where nothing was read.
 */
static inline ssize_t goro_file_read_ctx(struct goro_ctx *ctx, struct file *file, void *buf,
					 size_t len, loff_t *pos, u64 deadline)
{
	return GORO_CTX_CALL(ctx, goro_file_read(file, buf, len, pos, deadline));
}

/**
 * goro_file_write_ctx - goro_file_write() under a context
 * @ctx: the context
 * @file: open for writing
 * @buf: kernel memory
 * @len: bytes
 * @pos: as goro_file_read()
 * @deadline: absolute ns
 *
 * Context: as goro_file_write().
 * Return: as goro_file_write(), or the context's error where nothing was written.
 */
static inline ssize_t goro_file_write_ctx(struct goro_ctx *ctx, struct file *file,
					  const void *buf, size_t len, loff_t *pos, u64 deadline)
{
	return GORO_CTX_CALL(ctx, goro_file_write(file, buf, len, pos, deadline));
}

/**
 * goro_file_fsync_ctx - goro_file_fsync() under a context
 * @ctx: the context, looked at once, before
 * @file: the file
 * @datasync: as fdatasync(2)
 * @deadline: absolute ns
 *
 * Context: as goro_file_fsync().
 * Return: as goro_file_fsync(), or the context's error.
 */
static inline int goro_file_fsync_ctx(struct goro_ctx *ctx, struct file *file, int datasync,
				      u64 deadline)
{
	return GORO_CTX_CALL(ctx, goro_file_fsync(file, datasync, deadline));
}

#endif /* _GORO_CTX_CALLS_H */
