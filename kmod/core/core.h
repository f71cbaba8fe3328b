/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * core/'s insides, for core/ itself and the layers above it (sched/, dev/).
 */
#ifndef _GORO_CORE_CORE_H
#define _GORO_CORE_CORE_H

#include "member.h"
#include "port.h"
#include "stats.h"

/*
 * A channel. L: lock; C: constant after goro_chan_make().
 *
 * Invariants (as Go's chan.go): at least one of sendq and recvq is empty of
 * claimable waiters; n > 0 means no claimable receiver; n < cap means no
 * claimable sender. Exception: sudogs of waiters which something else has
 * claimed (deadline, cancel) stay queued until that waiter has taken them off
 * or a partner has met them.
 */
struct goro_chan {
	goro_lock_t lock;
	bool closed;			/* L */
	bool irq;			/* C: L is taken with interrupts off */
	u32 n;				/* L: elements in buf */
	u32 head;			/* L: index of the oldest */
	u32 cap;			/* C */
	u32 elem;			/* C: bytes */
	struct list_head recvq;		/* L: sudogs, first come first served */
	struct list_head sendq;		/* L: sudogs */
	goro_pollq_t pollq;		/* its own lock, taken inside L */
	struct kref ref;
	u64 id;				/* C: a number for traces */
	struct goro_timer *timer;	/* C: whose channel it is, or NULL (time.c) */
	/* C: where not NULL, called by the last put before the memory goes; any context */
	void (*release)(struct goro_chan *c);
	void *owner;			/* C: release()'s own */
	char buf[] __aligned(8);	/* L: cap elements */
};

/* how a wait that was not satisfied ends */
static inline int goro_why_errno(enum goro_claim why)
{
	switch (why) {
	case GORO_BY_TIMEOUT:
		return -ETIMEDOUT;
	case GORO_BY_CANCEL:
		return -ECANCELED;
	default:
		return -EINTR;
	}
}

/*
 * A select, in parts: select.c puts them together for channels, and for cases that
 * only the port knows the port does (sched/select_file.c). See select.c.
 */
struct goro_select {
	struct goro_case *cases;
	u32 n;				/* cases */
	u32 m;				/* those of channels, cases[].order: in lock order */
	bool irq;			/* locked, and interrupts are off */
	unsigned long flags;
};

bool goro_case_looks_ready(const struct goro_case *k);
bool goro_case_try(struct goro_case *k);
void goro_select_sort(struct goro_select *s);
void goro_select_lock(struct goro_select *s);
void goro_select_unlock(struct goro_select *s);
int goro_select_pass(struct goro_select *s, struct goro_waiter **w);
void goro_select_enqueue(struct goro_select *s, struct goro_waiter *w);
void goro_select_dequeue(struct goro_select *s);
int goro_select_woken(struct goro_select *s, struct goro_waiter *w, enum goro_claim why);

/* ctx.c */
void goro_ctx_exit(void);

/* group.c */
int goro_group_join(struct goro_group *grp, struct goro_member *mb, bool try);
void goro_group_leave(struct goro_member *mb, int err);
void goro_group_lose(struct goro_member *mb, int err);

/* wait lists: package sync's and groups' (core/waitlist.c) */
int goro_waitlist_wait(struct list_head *list, goro_lock_t *lock, u64 deadline,
		       bool nocancel, enum goro_reason reason) __releases(lock);
void goro_waitlist_passed(struct goro_sudog *sg);
struct goro_sudog *goro_waitlist_claim_first(struct list_head *list);
u32 goro_waitlist_claim_all(struct list_head *list, struct list_head *claimed);
void goro_ready_all(struct list_head *claimed);

/* chan.c, for objects behind a channel, in its memory: `tail` bytes more, zeroed */
struct goro_chan *goro_chan_alloc(u32 elem, u32 cap, u32 flags, size_t tail);
static inline void *goro_chan_tail(struct goro_chan *c)
{
	return c->buf + ALIGN((size_t)c->elem * c->cap, 8);
}

unsigned long goro_chan_lock(struct goro_chan *c) __acquires(&c->lock);
void goro_chan_unlock(struct goro_chan *c, unsigned long flags) __releases(&c->lock);
/*
 * Under the lock: give an element to a receiver, which is returned and to be
 * readied after the lock was dropped, or buffer it, or drop it where that is full.
 */
struct goro_waiter *goro_chan_offer(struct goro_chan *c, const void *v);

/* time.c: its element was taken out of the buffer, under the lock; the last put */
void goro_timer_taken(struct goro_timer *t);
void goro_timer_end(struct goro_timer *t);

/* cond.c asks mutex.c, before it waits: does the caller hold it? 0 or the errno */
int goro_mutex_held(struct goro_mutex *m);

/* dev/: what poll(2) says of a channel, and the queue it waits on */
goro_pollq_t *goro_chan_wq(struct goro_chan *c);
goro_poll_t goro_chan_poll(struct goro_chan *c);
/* a snapshot for INFO: 0 or more waiters of each kind */
void goro_chan_waiters(struct goro_chan *c, u32 *senders, u32 *receivers, bool *closed);

#endif /* _GORO_CORE_CORE_H */
