// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Channels, with Go's semantics.
 *
 * Purpose: one object on which goroutines and threads meet; see struct
 * goro_chan in core.h for the invariants and their exceptions.
 *
 * Lock order: the channel's lock, inside it the poll queue's. Nothing else is
 * taken under a channel's lock; only a select holds several (select.c). The lock
 * of an IRQ channel (GORO_CHAN_IRQ) is always taken with interrupts off, that of
 * others never in an interrupt. Each operation is compiled for both: the plain
 * one asks once.
 *
 * Waking: a partner is claimed and its element copied under the lock; it is
 * readied after the lock was dropped, and then the channel is not touched any
 * more, as the partner may have dropped the last reference by then. A waiter
 * that was not claimed by a partner (deadline, cancel, signal) takes its sudog
 * off under the lock before its call returns. What is done under the lock is in
 * chan.h, where select.c has it from, too.
 *
 * Poll: a poller adds itself to pollq and then asks goro_chan_poll(), which
 * takes the lock; we change the state and look for pollers under the lock. So
 * either it sees the change or we see it.
 */
#include "chan.h"

static atomic64_t chan_ids;

/* The lock of either kind, for core's other files. */
unsigned long goro_chan_lock(struct goro_chan *c)
	__acquires(&c->lock)
{
	return lock_any(c);
}

void goro_chan_unlock(struct goro_chan *c, unsigned long flags)
	__releases(&c->lock)
{
	unlock_any(c, flags);
}

/* A wait that no partner ended: nobody else can find the sudog after this. */
static noinline int give_up(struct goro_chan *c, struct goro_waiter *w,
			    enum goro_claim why)
{
	unsigned long flags = goro_chan_lock(c);

	list_del_init(&w->sg.node);
	goro_chan_unlock(c, flags);
	return goro_why_errno(why);
}

noinline int goro_wait_on_nil(u64 deadline)
{
	struct goro_thread t __uninitialized;	/* a thread's: see goro_waiter_self() */
	struct goro_waiter *w;

	if (deadline == 0)
		return -EAGAIN;
	if (!goro_may_wait())
		return goro_misuse();
	w = goro_waiter_self(&t);
	goro_section_begin();
	if (!goro_wait_begin(w, false)) {
		goro_section_end();
		return -ECANCELED;
	}
	return goro_why_errno(goro_park(w, deadline, GORO_R_NIL));
}

static __always_inline int chan_send(struct goro_chan *c, const void *v, u64 deadline,
				     bool irq)
{
	struct goro_thread t __uninitialized;	/* a thread's: see goro_waiter_self() */
	struct goro_waiter *w;
	unsigned long flags = 0;
	enum goro_claim why;

	lock(c, irq, flags);
	if (unlikely(c->closed)) {
		unlock(c, irq, flags);
		return -EPIPE;
	}
	if (send_now(c, v, &w)) {
		unlock(c, irq, flags);
		if (w)
			goro_ready(w);
		return 0;
	}
	if (deadline == 0) {
		unlock(c, irq, flags);
		return -EAGAIN;
	}
	if (unlikely(!goro_may_wait())) {
		unlock(c, irq, flags);
		return goro_misuse();
	}

	w = goro_waiter_self(&t);
	if (unlikely(!goro_wait_begin(w, false))) {
		unlock(c, irq, flags);
		return -ECANCELED;
	}
	w->on = c->id;
	w->sg.elem = (void *)v;
	list_add_tail(&w->sg.node, &c->sendq);
	goro_pollq_wake(&c->pollq, GORO_POLL_IN);
	why = goro_park_unlock(w, &c->lock, irq, deadline, GORO_R_SEND);
	if (likely(why == GORO_BY_PARTNER))
		return 0;
	if (why == GORO_BY_CLOSE)
		return -EPIPE;
	return give_up(c, w, why);
}

static __always_inline int chan_recv(struct goro_chan *c, void *v, u64 deadline, bool irq)
{
	struct goro_thread t __uninitialized;	/* a thread's: see goro_waiter_self() */
	struct goro_waiter *w;
	unsigned long flags = 0;
	enum goro_claim why;

	lock(c, irq, flags);
	if (recv_now(c, v, irq, &w)) {
		unlock(c, irq, flags);
		if (w)
			goro_ready(w);
		return 1;
	}
	if (unlikely(c->closed)) {
		unlock(c, irq, flags);
		goto closed;
	}
	if (deadline == 0) {
		unlock(c, irq, flags);
		return -EAGAIN;
	}
	if (unlikely(!goro_may_wait())) {
		unlock(c, irq, flags);
		return goro_misuse();
	}

	w = goro_waiter_self(&t);
	if (unlikely(!goro_wait_begin(w, false))) {
		unlock(c, irq, flags);
		return -ECANCELED;
	}
	w->on = c->id;
	w->sg.elem = v;
	list_add_tail(&w->sg.node, &c->recvq);
	goro_pollq_wake(&c->pollq, GORO_POLL_OUT);
	why = goro_park_unlock(w, &c->lock, irq, deadline, GORO_R_RECV);
	if (likely(why == GORO_BY_PARTNER))
		return 1;
	if (why != GORO_BY_CLOSE)
		return give_up(c, w, why);
closed:
	if (v)
		memset(v, 0, c->elem);
	return 0;
}

static noinline int send_irq(struct goro_chan *c, const void *v, u64 deadline)
{
	if (unlikely(c->timer))
		return -EINVAL;
	if (deadline && goro_may_wait())
		goro_wait_prepare();
	return chan_send(c, v, deadline, true);
}

static noinline int recv_irq(struct goro_chan *c, void *v, u64 deadline)
{
	if (deadline && goro_may_wait())
		goro_wait_prepare();
	return chan_recv(c, v, deadline, true);
}

static __always_inline int send(struct goro_chan *c, const void *v, u64 deadline)
{
	if (unlikely(!c))
		return goro_wait_on_nil(deadline);
	if (unlikely(c->irq))
		return send_irq(c, v, deadline);
	return chan_send(c, v, deadline, false);
}

static __always_inline int recv(struct goro_chan *c, void *v, u64 deadline)
{
	if (unlikely(!c))
		return goro_wait_on_nil(deadline);
	if (unlikely(c->irq))
		return recv_irq(c, v, deadline);
	return chan_recv(c, v, deadline, false);
}

int goro_chan_send(struct goro_chan *c, const void *v)
{
	return send(c, v, GORO_FOREVER);
}
EXPORT_SYMBOL_GPL(goro_chan_send);

int goro_chan_send_until(struct goro_chan *c, const void *v, u64 deadline)
{
	return send(c, v, deadline);
}
EXPORT_SYMBOL_GPL(goro_chan_send_until);

int goro_chan_try_send(struct goro_chan *c, const void *v)
{
	if (unlikely(c && !c->irq && !goro_may_wait()))
		return goro_misuse();
	return send(c, v, GORO_NOW);
}
EXPORT_SYMBOL_GPL(goro_chan_try_send);

int goro_chan_recv(struct goro_chan *c, void *v)
{
	return recv(c, v, GORO_FOREVER);
}
EXPORT_SYMBOL_GPL(goro_chan_recv);

int goro_chan_recv_until(struct goro_chan *c, void *v, u64 deadline)
{
	return recv(c, v, deadline);
}
EXPORT_SYMBOL_GPL(goro_chan_recv_until);

int goro_chan_try_recv(struct goro_chan *c, void *v)
{
	if (unlikely(c && !c->irq && !goro_may_wait()))
		return goro_misuse();
	return recv(c, v, GORO_NOW);
}
EXPORT_SYMBOL_GPL(goro_chan_try_recv);

int goro_chan_close(struct goro_chan *c)
{
	struct list_head *q[2];
	unsigned long flags;
	LIST_HEAD(claimed);
	int i;

	if (unlikely(!c)) {
		goro_misuse_by("close of a nil channel");
		return -EINVAL;
	}
	if (c->timer)
		return -EINVAL;
	if (unlikely(!c->irq && !goro_may_wait()))
		return goro_misuse();
	q[0] = &c->recvq;
	q[1] = &c->sendq;

	flags = goro_chan_lock(c);
	if (c->closed) {
		goro_chan_unlock(c, flags);
		return -EBADFD;
	}
	WRITE_ONCE(c->closed, true);	/* select reads it without the lock */
	for (i = 0; i < 2; i++) {
		struct goro_sudog *sg, *tmp;

		list_for_each_entry_safe(sg, tmp, q[i], node) {
			if (!claim_sudog(sg, GORO_BY_CLOSE)) {
				goro_count(GORO_C_STALE);
				continue;
			}
			goro_count(GORO_C_WAKE_CLOSE);
			list_add_tail(&sg->node, &claimed);
		}
	}
	goro_pollq_wake_all(&c->pollq, GORO_POLL_IN | GORO_POLL_OUT | GORO_POLL_HUP);
	goro_trace_chan_close(c);
	goro_chan_unlock(c, flags);
	goro_ready_all(&claimed);
	return 0;
}
EXPORT_SYMBOL_GPL(goro_chan_close);

struct goro_waiter *goro_chan_offer(struct goro_chan *c, const void *v)
{
	struct goro_waiter *w;

	return send_now(c, v, &w) ? w : NULL;
}

struct goro_chan *goro_chan_alloc(u32 elem, u32 cap, u32 flags, size_t tail)
{
	u64 bytes = sizeof(struct goro_chan) + (u64)elem * cap;
	struct goro_chan *c;

	if (flags & ~GORO_CHAN_IRQ || elem > GORO_CHAN_ELEM_MAX || cap > GORO_CHAN_CAP_MAX ||
	    bytes > GORO_CHAN_BYTES_MAX)
		return ERR_PTR(-EINVAL);
	if (flags & GORO_CHAN_IRQ && elem > GORO_CHAN_IRQ_ELEM_MAX)
		return ERR_PTR(-EINVAL);
	if (tail)
		bytes = ALIGN(bytes, 8) + tail;
	c = goro_alloc(bytes);
	if (!c)
		return ERR_PTR(-ENOMEM);
	c->irq = flags & GORO_CHAN_IRQ;
	/* not one line: lockdep tells locks apart by where they were initialised */
	if (c->irq)
		goro_lock_init(&c->lock);
	else
		goro_lock_init(&c->lock);
	c->cap = cap;
	c->elem = elem;
	INIT_LIST_HEAD(&c->recvq);
	INIT_LIST_HEAD(&c->sendq);
	goro_pollq_init(&c->pollq);
	kref_init(&c->ref);
	c->id = atomic64_inc_return(&chan_ids);
	goro_count(GORO_C_CHAN_CREATED);
	return c;
}

struct goro_chan *goro_chan_make(u32 elem, u32 cap, u32 flags)
{
	if (unlikely(!goro_may_wait()))
		return ERR_PTR(goro_misuse());
	return goro_chan_alloc(elem, cap, flags, 0);
}
EXPORT_SYMBOL_GPL(goro_chan_make);

struct goro_chan *goro_chan_get(struct goro_chan *c)
{
	if (c)
		kref_get(&c->ref);
	return c;
}
EXPORT_SYMBOL_GPL(goro_chan_get);

/*
 * Nobody can hold the channel now: every operation's caller has a reference,
 * so no waiter is queued, and a poller's file has one, so pollq is empty.
 */
static void chan_free(struct kref *ref)
{
	struct goro_chan *c = container_of(ref, struct goro_chan, ref);

	WARN_ONCE(!list_empty(&c->recvq) || !list_empty(&c->sendq),
		  "goro: channel freed while someone waits on it\n");
	if (c->timer)
		goro_timer_end(c->timer);
	goro_pollq_free(&c->pollq);
	if (c->release)
		c->release(c);
	goro_count(GORO_C_CHAN_DESTROYED);
	goro_free(c);
}

void goro_chan_put(struct goro_chan *c)
{
	if (c)
		kref_put(&c->ref, chan_free);
}
EXPORT_SYMBOL_GPL(goro_chan_put);

u32 goro_chan_len(const struct goro_chan *c)
{
	/* a timer's is unbuffered, to the eye */
	return c && !c->timer ? READ_ONCE(c->n) : 0;
}
EXPORT_SYMBOL_GPL(goro_chan_len);

u32 goro_chan_cap(const struct goro_chan *c)
{
	return c && !c->timer ? c->cap : 0;
}
EXPORT_SYMBOL_GPL(goro_chan_cap);

u32 goro_chan_elem(const struct goro_chan *c)
{
	return c ? c->elem : 0;
}
EXPORT_SYMBOL_GPL(goro_chan_elem);

goro_pollq_t *goro_chan_wq(struct goro_chan *c)
{
	return &c->pollq;
}
EXPORT_SYMBOL_GPL(goro_chan_wq);	/* for tests, as the next */

/*
 * Does somebody wait? Not those whom something else has claimed already, and who
 * have not taken their sudogs off yet: to count them would only wake pollers for
 * nothing, as each waiter that comes wakes them anew.
 */
static bool has_waiter(struct list_head *q)
{
	struct goro_sudog *sg;

	list_for_each_entry(sg, q, node)
		if (goro_claimable(sg->w))
			return true;
	return false;
}

/* would a receive, a send not block? */
goro_poll_t goro_chan_poll(struct goro_chan *c)
{
	unsigned long flags = goro_chan_lock(c);
	goro_poll_t mask = 0;

	if (c->closed)
		mask = GORO_POLL_IN | GORO_POLL_OUT | GORO_POLL_HUP;
	if (c->n || has_waiter(&c->sendq))
		mask |= GORO_POLL_IN;
	if (!c->timer && (c->n < c->cap || has_waiter(&c->recvq)))
		mask |= GORO_POLL_OUT;
	goro_chan_unlock(c, flags);
	return mask;
}
EXPORT_SYMBOL_GPL(goro_chan_poll);

void goro_chan_waiters(struct goro_chan *c, u32 *senders, u32 *receivers, bool *closed)
{
	unsigned long flags = goro_chan_lock(c);
	struct list_head *pos;

	*senders = 0;
	*receivers = 0;
	list_for_each(pos, &c->sendq)
		(*senders)++;
	list_for_each(pos, &c->recvq)
		(*receivers)++;
	*closed = c->closed;
	goro_chan_unlock(c, flags);
}
