// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets for goroutines: try without blocking, on -EAGAIN wait by polling.
 *
 * The wait parks a goroutine and puts a thread to sleep; the code is the same.
 * A call that never has to wait does not yield; a cancelled goroutine gets
 * -ECANCELED before it tries to connect, accept or receive, but may send what
 * fits, so that it can still say goodbye. The tries are not in block brackets:
 * with MSG_DONTWAIT they sleep for the socket's lock or for memory at most.
 *
 * There are calls whose readiness poll does not tell: connecting to a unix
 * socket whose backlog is full, sending to one whose peer's queue is full without
 * being connected. Poll says ready, the try -EAGAIN, for ever. There the socket
 * itself waits, on the M, by a timeout that it is given for a TURN; the deadline
 * is kept, and a cancel is seen after each turn. Others that send on that socket
 * without goro meanwhile are given that timeout, too.
 */
#include <linux/errno.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <net/sock.h>
#include <uapi/linux/eventpoll.h>
#include "io.h"

#define TURN	(HZ / 10)

/* How long the next turn may wait: jiffies, or an errno. */
static long turn(u64 deadline)
{
	u64 now = ktime_get_ns();
	int err = goro_io_go_on(deadline);

	if (err || deadline == GORO_FOREVER)
		return err ?: TURN;
	return clamp_t(u64, nsecs_to_jiffies64(deadline - now) + 1, 1, TURN);
}

/* A turn that is going on; several may be, on one socket. On its caller's stack. */
struct turn {
	struct list_head node;		/* L: turns_lock */
	struct sock *sk;
	long old;			/* L: the socket's own timeout */
};

static LIST_HEAD(turns);
static DEFINE_SPINLOCK(turns_lock);

/* Another turn on that socket, which is not t. The lock is held. */
static struct turn *turn_of(struct sock *sk, struct turn *t)
{
	struct turn *other;

	list_for_each_entry(other, &turns, node)
		if (other->sk == sk && other != t)
			return other;
	return NULL;
}

/* The socket will wait that long, at most. */
static void turn_begin(struct turn *t, struct socket *sock, long left)
{
	struct turn *other;

	t->sk = sock->sk;
	spin_lock(&turns_lock);
	other = turn_of(t->sk, NULL);
	t->old = other ? other->old : READ_ONCE(t->sk->sk_sndtimeo);
	list_add(&t->node, &turns);
	WRITE_ONCE(t->sk->sk_sndtimeo, left);
	spin_unlock(&turns_lock);
	goro_block_begin();
}

/* The last one on a socket gives it its own timeout back; at once, a P may take a while. */
static void turn_end(struct turn *t)
{
	spin_lock(&turns_lock);
	list_del(&t->node);
	if (!turn_of(t->sk, t))
		WRITE_ONCE(t->sk->sk_sndtimeo, t->old);
	spin_unlock(&turns_lock);
	goro_block_end();
}

static int connect_in_turn(struct socket *sock, struct sockaddr *addr, int addrlen, u64 deadline)
{
	long left = turn(deadline);
	struct turn t;
	int err;

	if (left < 0)
		return left;
	turn_begin(&t, sock, left);
	err = kernel_connect(sock, (void *)addr, addrlen, 0);
	turn_end(&t);
	return goro_io_errno(err);
}

int goro_sock_connect(struct socket *sock, struct sockaddr *addr, int addrlen, u64 deadline)
{
	bool begun = false, connecting = false;
	unsigned int tries = 0;
	int err;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	if (goro_wait_cancelled())
		return -ECANCELED;
	err = kernel_connect(sock, (void *)addr, addrlen, O_NONBLOCK);
	for (;;) {
		if (err == -EAGAIN && sock->sk->sk_family == AF_UNIX) {
			if (deadline == GORO_NOW)
				return err;
			err = connect_in_turn(sock, addr, addrlen, deadline);
			continue;
		}
		/* the one that we have begun, or waited for, may have ended meanwhile */
		if (err == -EISCONN && begun)
			return 0;
		if (err != -EINPROGRESS && err != -EALREADY)
			return err;
		/* where the attempt has failed, and connect does not say so (vsock) */
		if (err == -EALREADY && begun) {
			err = sock_error(sock->sk);
			if (err)
				return err;
		}
		begun = true;
		/* not all families have that state */
		connecting |= READ_ONCE(sock->state) == SS_CONNECTING;
		err = goro_poll_sock_data(sock, EPOLLOUT, deadline);
		if (err >= 0)
			err = goro_io_again(&tries, deadline);
		if (err < 0)
			return err;
		/* somebody has ended the attempt, or taken its result: not another one */
		if (connecting && READ_ONCE(sock->state) == SS_UNCONNECTED)
			return sock_error(sock->sk) ?: -ECONNABORTED;
		/* asked once more it says how it went, and marks the socket connected */
		err = kernel_connect(sock, (void *)addr, addrlen, O_NONBLOCK);
	}
}
EXPORT_SYMBOL_GPL(goro_sock_connect);

/* Nothing will come any more. Look before the try: what came until then is taken. */
static bool shut(struct socket *sock)
{
	return READ_ONCE(sock->sk->sk_shutdown) & RCV_SHUTDOWN;
}

int goro_sock_accept(struct socket *sock, struct socket **newsock, u64 deadline)
{
	unsigned int tries = 0;
	bool end;
	int err;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	for (;;) {
		if (goro_wait_cancelled())
			return -ECANCELED;
		end = shut(sock);
		err = kernel_accept(sock, newsock, O_NONBLOCK);
		if (err != -EAGAIN)
			return err;
		if (end)
			return -EINVAL;		/* as a blocking one says */
		err = goro_poll_sock_data(sock, EPOLLIN, deadline);
		if (err >= 0)
			err = goro_io_again(&tries, deadline);
		if (err < 0)
			return err;
	}
}
EXPORT_SYMBOL_GPL(goro_sock_accept);

static int recv_wait(struct socket *sock, int flags, u64 deadline)
{
	if (flags & MSG_ERRQUEUE)
		return goro_poll_sock(sock, 0, deadline);
	return goro_poll_sock_data(sock, flags & MSG_OOB ? EPOLLPRI : EPOLLIN | EPOLLRDHUP,
				   deadline);
}

int goro_sock_recvmsg(struct socket *sock, struct msghdr *msg, int flags, u64 deadline)
{
	bool all = (flags & MSG_WAITALL) && sock->type == SOCK_STREAM &&
		   !(flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE));
	unsigned int tries = 0;
	int got = 0, n;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	if (msg_data_left(msg) > INT_MAX)
		return -EMSGSIZE;
	if (flags & MSG_DONTWAIT)
		deadline = GORO_NOW;
	flags &= ~MSG_WAITALL;
	msg->msg_control_is_user = false;
	for (;;) {
		size_t before = msg_data_left(msg), moved;
		bool end = !(flags & (MSG_OOB | MSG_ERRQUEUE)) && shut(sock);

		if (goro_wait_cancelled()) {
			n = -ECANCELED;
			break;
		}
		msg->msg_flags = 0;
		n = sock_recvmsg(sock, msg, flags | MSG_DONTWAIT);
		if (n > 0) {
			got += n;
			tries = 0;
			/* with MSG_TRUNC TCP drops, and leaves the iterator where it is */
			moved = before - msg_data_left(msg);
			if (all && n > moved)
				iov_iter_advance(&msg->msg_iter, n - moved);
			if (!all || !msg_data_left(msg))
				break;
			continue;
		}
		if (n != -EAGAIN)
			break;
		if (end) {
			n = 0;		/* as a blocking one says */
			break;
		}
		n = recv_wait(sock, flags, deadline);
		if (n >= 0)
			n = goro_io_again(&tries, deadline);
		if (n < 0)
			break;
	}
	return got ?: n;
}
EXPORT_SYMBOL_GPL(goro_sock_recvmsg);

int goro_sock_recv(struct socket *sock, void *buf, size_t len, u64 deadline)
{
	struct kvec vec = { .iov_base = buf, .iov_len = min_t(size_t, len, INT_MAX) };
	struct msghdr msg = { };

	iov_iter_kvec(&msg.msg_iter, ITER_DEST, &vec, 1, vec.iov_len);
	return goro_sock_recvmsg(sock, &msg, 0, deadline);
}
EXPORT_SYMBOL_GPL(goro_sock_recv);

/* One try; in a turn it may wait. What it took too much goes back to the iterator. */
static int try_send(struct socket *sock, struct msghdr *msg, unsigned int flags, long left)
{
	size_t before = msg_data_left(msg), taken;
	struct turn t;
	int n;

	msg->msg_flags = flags | MSG_NOSIGNAL | (left ? 0 : MSG_DONTWAIT);
	if (left)
		turn_begin(&t, sock, left);
	n = sock_sendmsg(sock, msg);
	if (left)
		turn_end(&t);
	taken = before - msg_data_left(msg);
	if (taken > max(n, 0))
		iov_iter_revert(&msg->msg_iter, taken - max(n, 0));
	return goro_io_errno(n);
}

/* Send all of it. Returns what was sent; less, and *err says why. */
static size_t send_all(struct socket *sock, struct msghdr *msg, u64 deadline, int *err)
{
	unsigned int flags = msg->msg_flags, tries = 0;
	size_t sent = 0;
	long left = 0;
	int n;

	*err = 0;
	for (;;) {
		n = try_send(sock, msg, flags, left);
		left = 0;
		if (n > 0) {
			sent += n;
			tries = 0;
			/* rights and the like go with the first piece */
			msg->msg_control = NULL;
			msg->msg_controllen = 0;
		} else if (n == -EAGAIN) {
			n = goro_poll_sock_data(sock, EPOLLOUT, deadline);
			if (n >= 0 && ++tries > GORO_IO_TRIES) {
				left = turn(deadline);
				n = min(left, 0L);
			}
			if (n >= 0)
				continue;
		}
		if (n <= 0 || sock->type != SOCK_STREAM || !msg_data_left(msg))
			break;
	}
	if (n < 0)
		*err = n;
	msg->msg_flags = flags;
	return sent;
}

int goro_sock_sendmsg(struct socket *sock, struct msghdr *msg, u64 deadline)
{
	size_t sent;
	int err;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	if (msg_data_left(msg) > INT_MAX)
		return -EMSGSIZE;
	if (msg->msg_flags & MSG_DONTWAIT)
		deadline = GORO_NOW;
	sent = send_all(sock, msg, deadline, &err);
	return sent ?: err;
}
EXPORT_SYMBOL_GPL(goro_sock_sendmsg);

int goro_sock_send(struct socket *sock, const void *buf, size_t len, u64 deadline)
{
	struct kvec vec = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr msg = { };
	size_t sent;
	int err;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	if (len > INT_MAX)
		return -EMSGSIZE;
	if (!len)
		return 0;
	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, len);
	sent = send_all(sock, &msg, deadline, &err);
	return err ?: sent;
}
EXPORT_SYMBOL_GPL(goro_sock_send);
