/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * goro: waiting for files and sockets, and working on them. Part of goro.h,
 * which says what contexts, deadlines and results are; include that.
 */
#ifndef _GORO_IO_H
#define _GORO_IO_H

#include <linux/types.h>

struct file;
struct socket;

/**
 * goro_poll - wait until a file is ready
 * @file: what to wait for
 * @events: EPOLLIN, EPOLLOUT, …; EPOLLERR and EPOLLHUP are always included
 * @deadline: absolute ns
 *
 * Context: parks a goroutine by an own wait-queue entry; a thread sleeps.
 * Return: the events that are ready (> 0), -ETIMEDOUT (GORO_NOW: -EAGAIN),
 * -ECANCELED, -EINTR.
 */
int goro_poll(struct file *file, __poll_t events, u64 deadline);
/* the same for a socket, which may have no file (sock_create_kern) */
int goro_poll_sock(struct socket *sock, __poll_t events, u64 deadline);

/**
 * goro_sock_accept - accept a connection
 * @sock: a listening socket
 * @newsock: the connection, for sock_release()
 * @deadline: absolute ns
 *
 * Return: 0, what accept(2) says, -ETIMEDOUT, -ECANCELED, -EINTR.
 */
int goro_sock_accept(struct socket *sock, struct socket **newsock, u64 deadline);
/* receive at most @len bytes: bytes, 0 at the end of the stream, or as above */
int goro_sock_recv(struct socket *sock, void *buf, size_t len, u64 deadline);
/* send all @len bytes: @len, or the error (some bytes may have gone) */
int goro_sock_send(struct socket *sock, const void *buf, size_t len, u64 deadline);

#endif /* _GORO_IO_H */
