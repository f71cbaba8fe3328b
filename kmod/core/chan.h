/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A channel's insides, for chan.c and select.c: its lock, and what can be done
 * at once under it. All of it is inlined, into the operation's own frame.
 *
 * A partner that was claimed is readied by the caller after it has dropped the
 * lock: it may drop the last reference to the channel then.
 */
#ifndef _GORO_CORE_CHAN_H
#define _GORO_CORE_CHAN_H

#include "core.h"

static __always_inline void copy_elem(void *to, const void *from, u32 size)
{
	if (likely(size == 8))
		__builtin_memcpy(to, from, 8);	/* UML calls memcpy() even for these */
	else if (size)
		memcpy(to, from, size);
}

static __always_inline void *slot(struct goro_chan *c, u32 i)
{
	if (i >= c->cap)
		i -= c->cap;
	return c->buf + (size_t)i * c->elem;
}

/* The lock of a channel whose kind is known. */
#define lock(c, irq, flags)						\
do {									\
	if (irq)							\
		goro_irq_save(flags);					\
	goro_lock(&(c)->lock);						\
} while (0)

#define unlock(c, irq, flags)						\
do {									\
	goro_unlock(&(c)->lock);					\
	if (irq)							\
		goro_irq_restore(flags);				\
} while (0)

/* The same of either kind. */
static inline unsigned long lock_any(struct goro_chan *c)
	__acquires(&c->lock)
{
	unsigned long flags = 0;

	lock(c, c->irq, flags);
	return flags;
}

static inline void unlock_any(struct goro_chan *c, unsigned long flags)
	__releases(&c->lock)
{
	bool irq = c->irq;

	unlock(c, irq, flags);
}

/*
 * Take a waiter off its queue, whose lock is held, and claim it. One that
 * something else has claimed is dropped: it waits no more, or has been met in
 * another queue (a select). It takes this queue's lock before its wait ends, so
 * its sudog is good as long as we hold that, queued or not.
 */
static __always_inline bool claim_sudog(struct goro_sudog *sg, enum goro_claim why)
{
	struct goro_waiter *w = sg->w;

	list_del_init(&sg->node);
	if (unlikely(!goro_claim(w, why)))
		return false;
	/*
	 * For a select: which of its cases it was. The claim is ours alone until
	 * goro_ready(), which orders this with the waiter's look at it.
	 */
	w->won = sg;
	return true;
}

/* First waiter that can be had; the lock is held. */
static __always_inline struct goro_sudog *claim_first(struct list_head *q)
{
	while (!list_empty(q)) {
		struct goro_sudog *sg = list_first_entry(q, struct goro_sudog, node);

		if (claim_sudog(sg, GORO_BY_PARTNER))
			return sg;
		goro_count(GORO_C_STALE);
	}
	return NULL;
}

/*
 * Send, if that need not wait; the lock is held, the channel is open. False:
 * nothing was done. *@w is the receiver that was claimed, or NULL.
 */
static __always_inline bool send_now(struct goro_chan *c, const void *v,
				     struct goro_waiter **w)
{
	struct goro_sudog *sg = claim_first(&c->recvq);

	if (sg) {
		if (sg->elem)
			copy_elem(sg->elem, v, c->elem);
		*w = sg->w;
	} else if (c->n < c->cap) {
		copy_elem(slot(c, c->head + c->n), v, c->elem);
		WRITE_ONCE(c->n, c->n + 1);	/* read without the lock by len, and select */
		goro_pollq_wake(&c->pollq, GORO_POLL_IN);
		*w = NULL;
	} else {
		return false;
	}
	goro_trace_chan_send(c);
	return true;
}

/* Receive likewise, @irq being the channel's; *@w is the sender that was claimed, or NULL. */
static __always_inline bool recv_now(struct goro_chan *c, void *v, bool irq,
				     struct goro_waiter **w)
{
	struct goro_sudog *sg;

	if (c->n) {
		void *from = slot(c, c->head);

		if (v)
			copy_elem(v, from, c->elem);
		c->head = c->head + 1 < c->cap ? c->head + 1 : 0;
		/* full means that senders may wait: the first one's goes in */
		sg = claim_first(&c->sendq);
		if (sg) {
			copy_elem(slot(c, c->head + c->n - 1), sg->elem, c->elem);
			*w = sg->w;
		} else {
			WRITE_ONCE(c->n, c->n - 1);
			if (irq && unlikely(c->timer))
				goro_timer_taken(c->timer);
			goro_pollq_wake(&c->pollq, GORO_POLL_OUT);
			*w = NULL;
		}
	} else {
		sg = claim_first(&c->sendq);
		if (!sg)
			return false;
		if (v)
			copy_elem(v, sg->elem, c->elem);
		*w = sg->w;
	}
	goro_trace_chan_recv(c);
	return true;
}

/* Could it go on? Without the lock a hint; with it true but for waiters who have gone. */
static __always_inline bool looks_ready(const struct goro_case *k)
{
	const struct goro_chan *c = k->chan;

	if (k->op == GORO_CASE_RECV)
		return READ_ONCE(c->n) || !list_empty(&c->sendq) || READ_ONCE(c->closed);
	return READ_ONCE(c->n) < c->cap || !list_empty(&c->recvq) || READ_ONCE(c->closed);
}

/* The lock is held. False: it cannot go on; *@w: who is to be readied, or NULL. */
static __always_inline bool case_now(struct goro_case *k, struct goro_waiter **w)
{
	struct goro_chan *c = k->chan;

	if (k->op == GORO_CASE_RECV) {
		if (recv_now(c, k->elem, c->irq, w)) {
			k->ret = 1;
			return true;
		}
		if (!c->closed)
			return false;
		if (k->elem)
			memset(k->elem, 0, c->elem);
		k->ret = 0;
	} else if (c->closed) {
		k->ret = -EPIPE;
	} else if (send_now(c, k->elem, w)) {
		k->ret = 0;
		return true;
	} else {
		return false;
	}
	*w = NULL;
	return true;
}

/* Do it, if it can go on. */
static __always_inline bool case_try(struct goro_case *k)
{
	struct goro_chan *c = k->chan;
	unsigned long flags = lock_any(c);
	struct goro_waiter *w = NULL;
	bool done = case_now(k, &w);

	unlock_any(c, flags);
	if (w)
		goro_ready(w);
	return done;
}

/* chan.c: a wait for what never comes, which only the deadline or a cancel ends */
int goro_wait_on_nil(u64 deadline);

#endif /* _GORO_CORE_CHAN_H */
