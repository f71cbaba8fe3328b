/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Contexts from the inside: for ctx.c, scope.c, group.c, the port, and tests.
 */
#ifndef _GORO_CORE_CONTEXT_H
#define _GORO_CORE_CONTEXT_H

#include "core.h"
#include <goro/ctx.h>

/*
 * A context. C: constant once it was made; L: lock; P: the lock of up.
 *
 * Only what can be cancelled (by == itself) uses the second half; values and
 * without_cancel stand between it and its ancestor and refer to that one: the tree
 * of those that can be cancelled is linked by up and children.
 */
struct goro_ctx {
	refcount_t users;		/* references; the last put ends it */
	refcount_t mem;			/* 1 for all users, 1 for each that passes by: ctx.c */
	struct goro_ctx *parent;	/* C, a reference; NULL: background */
	struct goro_ctx *by;		/* C: itself or the ancestor it is cancelled by, or NULL */
	struct module *owner;		/* C: who made it */
	u64 deadline;			/* C: its own or an ancestor's earlier one */
	const void *key;		/* C: NULL: no value */
	void *value;			/* C */
	void (*release)(void *value);	/* C, or NULL */

	goro_lock_t lock;		/* nothing is taken inside */
	bool timed;			/* C: has a timer */
	bool listed;			/* P: in up->children */
	bool ended;			/* L: its last user has gone */
	u32 nscopes;			/* L: those that know it (goro_scope.listed) */
	int err;			/* L, set once (release); read without it */
	int cause;			/* L, set before err */
	struct goro_ctx *up;		/* C: the nearest ancestor that can be cancelled, or NULL */
	struct list_head node;		/* P while listed, then the canceller's who took it off */
	struct list_head children;	/* L */
	struct list_head scopes;	/* L: goro_scope.node */
	struct list_head afters;	/* L: goro_after.node */
	struct goro_chan *done;		/* L, set once (release): or NULL */
	struct list_head late;		/* late_lock */
	int late_err, late_cause;	/* late_lock, while late is in the list */
	int timer_cause;		/* C */
	goro_ktimer_t timer;		/* where timed */
};

/* ctx.c: whoever passes by is gone */
void goro_ctx_mem_put(struct goro_ctx *ctx);

/* scope.c: for the port, where a wait begins; see there */
void goro_scopes_prepare(struct goro_scope *s);
bool goro_scopes_begin(struct goro_scope *s, struct goro_waiter *w);
void goro_scopes_drop(struct goro_scope *s);
void goro_scopes_move(struct goro_scope *s, struct goro_waiter *w);
bool goro_scopes_cancelled(const struct goro_scope *s);
void goro_scope_enter(struct goro_scope *s, struct goro_ctx *ctx);
/* Those whose waiter was claimed go to @claimed, up to @max are taken. L is held. */
void goro_scopes_claim(struct goro_ctx *ctx, unsigned int max, struct list_head *claimed);
void goro_scopes_ready(struct list_head *claimed);

#endif /* _GORO_CORE_CONTEXT_H */
