/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * goro: channels. Part of goro.h, which says what contexts, deadlines and
 * results are; include that. Without the kernel core/ includes this file
 * alone: it is the same in user space.
 */
#ifndef _GORO_CHAN_H
#define _GORO_CHAN_H

#include <goro/types.h>

/* ---- channels -------------------------------------------------------- */

#define GORO_CHAN_ELEM_MAX	65536U		/* bytes an element */
#define GORO_CHAN_CAP_MAX	(1U << 30)	/* elements */

/*
 * goro_chan_make()'s flags. IRQ: interrupts may try_send, try_recv and close;
 * the lock is taken with interrupts off, so elements are small.
 */
#define GORO_CHAN_IRQ		(1U << 0)
#define GORO_CHAN_IRQ_ELEM_MAX	256U		/* bytes an element */

/**
 * goro_chan_make - make a channel (Go: make(chan T, cap))
 * @elem: bytes an element, 0..GORO_CHAN_ELEM_MAX
 * @cap: elements that are buffered; 0: every send meets its receiver
 * @flags: 0 or GORO_CHAN_IRQ
 *
 * Memory is charged to the caller's memory cgroup.
 * Context: may sleep.
 * Return: the channel (one reference), ERR_PTR(-EINVAL) for a size, capacity
 * or flag out of range, ERR_PTR(-ENOMEM).
 */
struct goro_chan *goro_chan_make(u32 elem, u32 cap, u32 flags);

/**
 * goro_chan_get - take a reference
 * @c: a channel that the caller has, or NULL
 *
 * Context: any.
 * Return: @c.
 */
struct goro_chan *goro_chan_get(struct goro_chan *c);

/**
 * goro_chan_put - drop a reference; the last one frees the channel
 * @c: the channel, or NULL; nobody waits on it when the last reference goes,
 *	as who waits needs one
 *
 * What is buffered is dropped; the channel need not have been closed.
 * Context: any, but not under a spinlock: large channels are unmapped.
 */
void goro_chan_put(struct goro_chan *c);

/**
 * goro_chan_send - send an element (Go: c <- v)
 * @c: the channel; NULL blocks for ever
 * @v: the element
 *
 * Context: parks a goroutine, a thread sleeps.
 * Return: 0, -EPIPE (closed), -ECANCELED, -EINTR (thread), -EINVAL (a timer's
 * channel).
 */
int goro_chan_send(struct goro_chan *c, const void *v);

/**
 * goro_chan_send_until - goro_chan_send() with a deadline
 * @c: the channel; NULL blocks until then
 * @v: the element
 * @deadline: absolute ns
 *
 * Go: select with a send and a time.After().
 * Context: as goro_chan_send().
 * Return: as goro_chan_send(), and -ETIMEDOUT; with GORO_NOW -EAGAIN.
 */
int goro_chan_send_until(struct goro_chan *c, const void *v, u64 deadline);

/**
 * goro_chan_try_send - send an element if that need not wait
 * @c: the channel
 * @v: the element
 *
 * Go: select with a send and a default. There must be room, or a receiver that
 * waits.
 * Context: process context; of a GORO_CHAN_IRQ channel any but NMI.
 * Return: 0, -EPIPE (closed), -EAGAIN, -EINVAL (a timer's channel).
 */
int goro_chan_try_send(struct goro_chan *c, const void *v);

/**
 * goro_chan_recv - receive an element (Go: v, ok = <-c)
 * @c: the channel; NULL blocks for ever
 * @v: where it goes, or NULL to drop it
 *
 * Context: parks a goroutine, a thread sleeps.
 * Return: 1 with an element; 0 closed and drained (@v is zeroed); -ECANCELED,
 * -EINTR (thread), with @v untouched.
 */
int goro_chan_recv(struct goro_chan *c, void *v);

/**
 * goro_chan_recv_until - goro_chan_recv() with a deadline
 * @c: the channel; NULL blocks until then
 * @v: where the element goes, or NULL to drop it
 * @deadline: absolute ns
 *
 * Go: select with a receive and a time.After().
 * Context: as goro_chan_recv().
 * Return: as goro_chan_recv(), and -ETIMEDOUT; with GORO_NOW -EAGAIN.
 */
int goro_chan_recv_until(struct goro_chan *c, void *v, u64 deadline);

/**
 * goro_chan_try_recv - receive an element if that need not wait
 * @c: the channel
 * @v: where the element goes, or NULL to drop it
 *
 * Go: select with a receive and a default.
 * Context: process context; of a GORO_CHAN_IRQ channel any but NMI.
 * Return: 1 with an element; 0 closed and drained; -EAGAIN.
 */
int goro_chan_try_recv(struct goro_chan *c, void *v);

/**
 * goro_chan_close - close (Go: close(c))
 * @c: the channel
 *
 * Receivers drain what is buffered, then get 0; waiting senders get -EPIPE.
 * Return: 0, -EBADFD (closed before), -EINVAL (NULL: WARN_ONCE; a timer's channel).
 */
int goro_chan_close(struct goro_chan *c);

/**
 * goro_chan_len - how many elements are buffered (Go: len(c))
 * @c: the channel, or NULL
 *
 * Context: any.
 * Return: the number at one moment; 0 for NULL and a timer's channel.
 */
u32 goro_chan_len(const struct goro_chan *c);

/**
 * goro_chan_cap - how many elements it can buffer (Go: cap(c))
 * @c: the channel, or NULL
 *
 * Context: any.
 * Return: the capacity; 0 for NULL and a timer's channel.
 */
u32 goro_chan_cap(const struct goro_chan *c);

/**
 * goro_chan_elem - the size of an element
 * @c: the channel, or NULL
 *
 * What who was given a channel by others looks at before anything is received.
 * Context: any.
 * Return: bytes; 0 for NULL.
 */
u32 goro_chan_elem(const struct goro_chan *c);

#endif /* _GORO_CHAN_H */
