/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * goro: contexts (Go's package context). Part of goro.h, which says what contexts
 * of execution, deadlines and results are; include that. The forms of goro's
 * blocking calls that take a context are in goro/ctx_calls.h.
 *
 * A context is cancelled once, for good, and with it all that were derived from
 * it. References are counted: who derives a context, or is given one to keep, puts
 * it in the end; a child holds its parent. Putting a context does not cancel it.
 * Who holds a context may cancel it: hand on a child where that is not wanted.
 *
 * Modules. A context belongs to the module that made it. A reference of another
 * module (a child of its own, goro_ctx_get()) pins the maker: rmmod says busy
 * while others hold its contexts. So who takes a reference puts it, in the same
 * module; a context that is handed over is got by the one and put by the other.
 *
 * The error of a context is 0, -ECANCELED, or -ETIMEDOUT where its deadline or an
 * ancestor's has passed. Its cause is an errno, too, or any number but 0: what
 * the canceller said, else the error.
 */
#ifndef _GORO_CTX_H
#define _GORO_CTX_H

#include <goro/types.h>

struct goro_after;
struct goro_ctx;
struct goro_waiter;
struct module;

struct goro_ctx *__goro_ctx_with_cancel(struct goro_ctx *parent, struct module *owner);
struct goro_ctx *__goro_ctx_with_deadline(struct goro_ctx *parent, u64 deadline, int cause,
					  struct module *owner);
struct goro_ctx *__goro_ctx_with_value(struct goro_ctx *parent, const void *key, void *value,
				       void (*release)(void *value), struct module *owner);
struct goro_ctx *__goro_ctx_without_cancel(struct goro_ctx *parent, struct module *owner);
struct goro_ctx *__goro_ctx_get(struct goro_ctx *ctx, struct module *by);
void __goro_ctx_put(struct goro_ctx *ctx, struct module *by);
int __goro_ctx_after_func(struct goro_ctx *ctx, void (*fn)(void *arg), void *arg,
			  struct goro_after **after, struct module *owner);

/**
 * goro_ctx_background - the root of all contexts (Go: context.Background, TODO)
 *
 * It is never cancelled, has no deadline and no values. It is not counted; getting
 * and putting it does nothing.
 * Context: any.
 * Return: the context.
 */
struct goro_ctx *goro_ctx_background(void);

/**
 * goro_ctx_with_cancel - derive a context that can be cancelled (Go: context.WithCancel)
 * @parent: its parent, which is held until the child has gone
 *
 * It is cancelled by goro_ctx_cancel(), or with its parent. Of a cancelled parent
 * it is cancelled at once, with the parent's error and cause.
 * Context: may sleep.
 * Return: the context (one reference), ERR_PTR(-ENOMEM), ERR_PTR(-EINVAL) for a
 * NULL parent (WARN_ONCE).
 */
#define goro_ctx_with_cancel(parent)					\
	__goro_ctx_with_cancel(parent, THIS_MODULE)

/**
 * goro_ctx_with_deadline - derive a context with a deadline (Go: context.WithDeadline)
 * @parent: its parent
 * @deadline: absolute ns; GORO_FOREVER makes it goro_ctx_with_cancel()
 *
 * When the deadline has passed it is cancelled with -ETIMEDOUT, unless it was
 * cancelled before; a deadline that has passed already cancels it at once. A
 * parent's earlier deadline stays in force.
 * Context: may sleep.
 * Return: as goro_ctx_with_cancel().
 */
#define goro_ctx_with_deadline(parent, deadline)			\
	__goro_ctx_with_deadline(parent, deadline, 0, THIS_MODULE)

/**
 * goro_ctx_with_deadline_cause - the same, with a cause for when the deadline passes
 * @parent: its parent
 * @deadline: absolute ns
 * @cause: what goro_ctx_cause() says then; 0: -ETIMEDOUT
 *
 * Go: context.WithDeadlineCause
 * Context: may sleep.
 * Return: as goro_ctx_with_cancel().
 */
#define goro_ctx_with_deadline_cause(parent, deadline, cause)		\
	__goro_ctx_with_deadline(parent, deadline, cause, THIS_MODULE)

/**
 * goro_ctx_with_timeout - derive a context with a deadline from now (Go: context.WithTimeout)
 * @parent: its parent
 * @ns: nanoseconds
 *
 * Context: may sleep.
 * Return: as goro_ctx_with_deadline().
 */
#define goro_ctx_with_timeout(parent, ns)				\
	goro_ctx_with_deadline(parent, goro_in(ns))

/**
 * goro_ctx_with_timeout_cause - the same, with a cause (Go: context.WithTimeoutCause)
 * @parent: its parent
 * @ns: nanoseconds
 * @cause: as goro_ctx_with_deadline_cause()
 *
 * Context: may sleep.
 * Return: as goro_ctx_with_deadline().
 */
#define goro_ctx_with_timeout_cause(parent, ns, cause)			\
	goro_ctx_with_deadline_cause(parent, goro_in(ns), cause)

/**
 * goro_ctx_with_value - derive a context that carries a value (Go: context.WithValue)
 * @parent: its parent, with which it is cancelled; it cannot be cancelled itself
 * @key: an address of the caller's, by which the value is found
 * @value: anything
 * @release: called with @value when the context goes, in the context of the last
 *	put (process context, or a goroutine; it may sleep); or NULL
 *
 * Context: may sleep.
 * Return: as goro_ctx_with_cancel(); ERR_PTR(-EINVAL) for a NULL @key, too
 * (WARN_ONCE). @release is not called then.
 */
#define goro_ctx_with_value(parent, key, value, release)		\
	__goro_ctx_with_value(parent, key, value, release, THIS_MODULE)

/**
 * goro_ctx_without_cancel - derive one that outlives its parent's cancel
 * @parent: its parent, whose values it has
 *
 * It is never cancelled and has no deadline.
 * Go: context.WithoutCancel
 * Context: may sleep.
 * Return: as goro_ctx_with_cancel().
 */
#define goro_ctx_without_cancel(parent)					\
	__goro_ctx_without_cancel(parent, THIS_MODULE)

/**
 * goro_ctx_get - take a reference
 * @ctx: a context that somebody has, or NULL
 *
 * Context: any.
 * Return: @ctx.
 */
#define goro_ctx_get(ctx)	__goro_ctx_get(ctx, THIS_MODULE)

/**
 * goro_ctx_put - drop a reference; the last one frees the context
 * @ctx: the context, or NULL
 *
 * Context: a goroutine or other process context; may sleep if a value's release
 * function does. Not in interrupts: there nothing is dropped, with a WARN_ONCE. Nor
 * is it the last one while somebody waits with the context, who ought to have one
 * (goro_ctx_enter()): a WARN_ONCE, and the memory goes with who leaves last.
 */
#define goro_ctx_put(ctx)	__goro_ctx_put(ctx, THIS_MODULE)

/**
 * goro_ctx_cancel_cause - cancel a context and all that were derived from it
 * @ctx: made by goro_ctx_with_cancel(), _deadline() or _timeout()
 * @cause: what goro_ctx_cause() says then; 0: -ECANCELED
 *
 * Who waits with one of them is woken. In time linear in the number of
 * descendants, without recursion. When this returns they are all cancelled; but
 * if somebody else had begun to cancel @ctx, or one of them, he may still be at it.
 *
 * In an interrupt, or with interrupts off, it only leaves the work to a worker
 * thread, which does it soon.
 *
 * Context: any but NMI.
 * Return: true where it is this call that cancels it; false where it was cancelled
 * before; false, and a WARN_ONCE, for what cannot be cancelled: background, value,
 * without_cancel.
 * Go: the CancelCauseFunc of context.WithCancelCause
 */
bool goro_ctx_cancel_cause(struct goro_ctx *ctx, int cause);

/**
 * goro_ctx_cancel - cancel a context and all that were derived from it
 * @ctx: as goro_ctx_cancel_cause()
 *
 * Context: any but NMI.
 * Return: as goro_ctx_cancel_cause().
 * Go: the CancelFunc of context.WithCancel
 */
static inline bool goro_ctx_cancel(struct goro_ctx *ctx)
{
	return goro_ctx_cancel_cause(ctx, 0);
}

/**
 * goro_ctx_err - has a context been cancelled, and how? (Go: Context.Err)
 * @ctx: the context; NULL is background
 *
 * Context: any.
 * Return: 0; -ECANCELED; -ETIMEDOUT, its deadline or an ancestor's passed.
 */
int goro_ctx_err(const struct goro_ctx *ctx);

/**
 * goro_ctx_cause - why was a context cancelled? (Go: context.Cause)
 * @ctx: the context; NULL is background
 *
 * Context: any.
 * Return: 0 where it is not cancelled; the cause, its own or the ancestor's with
 * which it was cancelled.
 */
int goro_ctx_cause(const struct goro_ctx *ctx);

/**
 * goro_ctx_deadline - when will it be cancelled? (Go: Context.Deadline)
 * @ctx: the context; NULL is background
 *
 * Context: any.
 * Return: absolute ns, its own or an ancestor's that is earlier; GORO_FOREVER: none.
 */
u64 goro_ctx_deadline(const struct goro_ctx *ctx);

/**
 * goro_ctx_value - the value for a key (Go: Context.Value)
 * @ctx: the context
 * @key: the address that goro_ctx_with_value() was given
 *
 * Context: any.
 * Return: the value of the nearest ancestor, or itself, that has @key; NULL.
 */
void *goro_ctx_value(const struct goro_ctx *ctx, const void *key);

/**
 * goro_ctx_done - the channel that is closed when a context is cancelled
 * @ctx: the context
 *
 * For goro_select(): a receive case that becomes ready with 0. The channel is made
 * when it is first asked for, has elements of 0 bytes, and is the context's: it
 * stays as long as that, or as who has taken a reference to it (goro_chan_get());
 * nobody else may close it or send on it. It is closed just after goro_ctx_err()
 * has become non-zero.
 *
 * Context: may sleep.
 * Return: the channel, the same one each time; NULL for what is never cancelled
 * (a nil channel is never ready); ERR_PTR(-ENOMEM).
 * Go: Context.Done
 */
struct goro_chan *goro_ctx_done(struct goro_ctx *ctx);

/**
 * goro_ctx_after_func - run a function when a context is cancelled
 * @ctx: the context; it is held until then, or until the function is stopped
 * @fn: runs as a goroutine of its own; at once where @ctx is cancelled already
 * @arg: its argument
 * @after: where the handle for goro_after_stop() goes, which has to be called in
 *	the end; or NULL for no handle
 *
 * The goroutine's memory is set aside here, so it cannot fail to be started. The
 * calling module is pinned until @fn has returned or was stopped. Of a context that
 * is never cancelled @fn never runs.
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM, -ENODEV (goro is unloading), -EINVAL (NULL @ctx; WARN_ONCE).
 * Go: context.AfterFunc
 */
#define goro_ctx_after_func(ctx, fn, arg, after)			\
	__goro_ctx_after_func(ctx, fn, arg, after, THIS_MODULE)

/**
 * goro_after_stop - stop a function of goro_ctx_after_func(), and free the handle
 * @after: the handle; gone when this returns
 *
 * Does not wait for a function that runs.
 * Context: a goroutine or other process context.
 * Return: true where the function was stopped before it was started; false where
 * it has been started.
 * Go: the stop function of context.AfterFunc
 */
bool goro_after_stop(struct goro_after *after);

/* ---- every wait under a context --------------------------------------- */

/*
 * A stretch of code whose waits a context may end; on its stack. All of it is
 * goro's. O: its goroutine or thread; C: constant once entered; L: the lock of ctx.
 */
struct goro_scope {
	struct goro_ctx *ctx;		/* O: whose cancel ends the waits; NULL: nobody's */
	struct goro_scope *outer;	/* O */
	struct list_head node;		/* L: in the ctx's list, while listed; see ctx.c */
	struct goro_waiter *w;		/* O, L while listed: who waits in it, as the port says */
	void *owner;			/* C: the port's: its goroutine or thread */
	struct goro_scope *next;	/* the port's: of another thread */
	bool listed;			/* O: the ctx knows it */
	unsigned long thread[12];	/* a thread's waiter, in its outermost scope */
};

/**
 * goro_ctx_enter - from here on the caller's waits end when a context is cancelled
 * @scope: on the caller's stack, until goro_ctx_leave()
 * @ctx: the context, to which the caller has a reference until then; NULL is
 *	background
 *
 * goro's blocking calls return -ECANCELED from then on, as for a cancelled
 * goroutine, but for those that cannot be cancelled (_nocancel, goro_group_stop()).
 * Scopes nest: the cancel of any ends a wait. What needs no wait is done as ever.
 *
 * Context: a goroutine or a thread that may sleep.
 * Return: 0; or the error of a context that is cancelled already: the scope was not
 * entered then.
 */
int goro_ctx_enter(struct goro_scope *scope, struct goro_ctx *ctx);

/**
 * goro_ctx_leave - the end of what goro_ctx_enter() began
 * @scope: the one that was entered last
 * @ret: what the code in it returned
 *
 * Context: the goroutine or thread that has entered it.
 * Return: the context's error where @ret is -ECANCELED and it was cancelled, else
 * @ret. With a WARN_ONCE: -EINVAL where it was not the last one: it is left, and the
 * others hold on; -ESRCH where the caller is not in it, which may have left it before:
 * nothing was done.
 */
long goro_ctx_leave(struct goro_scope *scope, long ret);

/*
 * A call under a context: the context is looked at first, so a cancelled one wins
 * over what could be done at once.
 */
#define GORO_CTX_CALL(context, call)					\
({									\
	struct goro_scope __goro_s;					\
	long __goro_r = goro_ctx_enter(&__goro_s, context);		\
									\
	if (!__goro_r)							\
		__goro_r = goro_ctx_leave(&__goro_s, call);		\
	__goro_r;							\
})

#endif /* _GORO_CTX_H */
