/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Objects that callers embed. Their fields are core's; touch them through
 * the calls only. Shared with the user build, hence the port's lock type.
 */
#ifndef _GORO_TYPES_H
#define _GORO_TYPES_H

#ifdef __KERNEL__
#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
typedef spinlock_t goro_lock_t;
#define GORO_LOCK_INIT(x)	__SPIN_LOCK_UNLOCKED(x)	/* static storage */
#else
#include <goro_port_types.h>	/* lists, integers, goro_lock_t: see core/port_user.h */
#endif

#define GORO_NOW	0ULL
#define GORO_FOREVER	U64_MAX

/* a goroutine's function; it ends when this returns (or at goro_exit()) */
typedef void (*goro_fn_t)(void *arg);
/* a group member's; its first non-zero result becomes the group's */
typedef int (*goro_err_fn_t)(void *arg);

struct goro_acct;
struct goro_chan;
struct goro_ctx;
struct goro_g;
struct goro_timer;
struct goro_waiter;
struct module;

/* one waiter's place in one queue (Go's sudog); Q: the queue's lock */
struct goro_sudog {
	struct list_head node;		/* Q */
	struct goro_waiter *w;		/* set before it is queued */
	void *elem;			/* Q, until claimed: then the claimer's */
};

/*
 * Group: the owner of goroutines (errgroup.Group with a cancel).
 * L: lock. A goroutine leaves the group (in goro.ko's text, its function has
 * returned) with the lock held, and touches nothing of it afterwards.
 */
struct goro_group {
	goro_lock_t lock;
	bool cancelled;			/* L, read without it in hints only */
	bool lost;			/* L: a member has died, who may be anywhere */
	int err;			/* L: the first error that a member returned */
	long n;				/* L: members that have not left or are to be started */
	long used;			/* L: slots that members have */
	long limit;			/* L: how many slots there are, or negative */
	struct goro_acct *acct;		/* C: whom their CPU time is charged to, or NULL */
	struct goro_ctx *ctx;		/* L: its context until a wait finds it empty, or NULL */
	struct module *owner;		/* C: the context's */
	struct list_head members;	/* L: goro_member.node */
	struct list_head waiters;	/* L: sudogs */
	struct list_head slots;		/* L: sudogs of those who wait for a slot */
};

#endif /* _GORO_TYPES_H */
