// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets for goroutines: try without blocking, on -EAGAIN wait by goro_poll.
 *
 * The wait parks a goroutine and puts a thread to sleep; the code is the same.
 * A call that never has to wait does not yield; a cancelled goroutine gets
 * -ECANCELED before it tries to accept or receive, but may send what fits, so
 * that it can still say goodbye. The tries are not in block brackets: with
 * MSG_DONTWAIT they sleep for the socket's lock or for memory at most.
 */
#include <linux/errno.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <uapi/linux/eventpoll.h>
#include <goro/goro.h>

int goro_sock_accept(struct socket *sock, struct socket **newsock, u64 deadline)
{
	int err;

	for (;;) {
		if (goro_cancelled())
			return -ECANCELED;
		err = kernel_accept(sock, newsock, O_NONBLOCK);
		if (err != -EAGAIN)
			return err;
		err = goro_poll_sock(sock, EPOLLIN, deadline);
		if (err < 0)
			return err;
	}
}
EXPORT_SYMBOL_GPL(goro_sock_accept);

int goro_sock_recv(struct socket *sock, void *buf, size_t len, u64 deadline)
{
	int n;

	/* more than an int can say is not received at once */
	len = min_t(size_t, len, INT_MAX);
	for (;;) {
		struct kvec vec = { .iov_base = buf, .iov_len = len };
		struct msghdr msg = { };

		if (goro_cancelled())
			return -ECANCELED;
		n = kernel_recvmsg(sock, &msg, &vec, 1, len, MSG_DONTWAIT);
		if (n != -EAGAIN)
			return n;
		n = goro_poll_sock(sock, EPOLLIN | EPOLLRDHUP, deadline);
		if (n < 0)
			return n;
	}
}
EXPORT_SYMBOL_GPL(goro_sock_recv);

int goro_sock_send(struct socket *sock, const void *buf, size_t len, u64 deadline)
{
	size_t sent = 0;
	int n;

	if (len > INT_MAX)
		return -EMSGSIZE;
	while (sent < len) {
		struct kvec vec = { .iov_base = (void *)buf + sent, .iov_len = len - sent };
		struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };

		n = kernel_sendmsg(sock, &msg, &vec, 1, len - sent);
		if (n >= 0) {
			sent += n;
			continue;
		}
		if (n != -EAGAIN)
			return n;
		n = goro_poll_sock(sock, EPOLLOUT, deadline);
		if (n < 0)
			return n;
	}
	return sent;
}
EXPORT_SYMBOL_GPL(goro_sock_send);
