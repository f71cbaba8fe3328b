// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Timers and tickers, on channels.
 *
 * Purpose: a struct goro_timer lies behind its channel in one piece of memory,
 * is guarded by its lock, an IRQ channel's, and counted by its references. The
 * channel buffers one element. The port's timer below (kt) is armed without a
 * reference: the channel's last put cancels it, so a timer that is dropped
 * never fires.
 *
 * Invariants, under the lock: `when` is when the setting in force fires next,
 * 0: it is not set. kt is armed for it, but where a ticker's tick lies in the
 * channel: then whoever takes that arms kt (goro_timer_taken()). n > 0 with
 * `when` 0: fired once, not received.
 *
 * Nothing stale is received: stop and set take the lock, forget `when`, empty
 * the buffer. A receiver, then, gets an element of the old setting only if it
 * took it out of the buffer, or was claimed and given it by fire(), under the
 * lock before that: its receive comes before the stop (also where it returns
 * later), and the stop says 0. fire() may have begun before the stop and wait
 * for the lock, or, where kt could not be had back, be called after it. Either
 * way it finds, under the lock, `when` 0, or that of a new setting that is not
 * due: it does nothing. Or a new setting that is due: then it may fire it, and
 * the call that was meant to finds nothing to do. So it needs no generation.
 *
 * Lost it is not: each set starts kt after it has written `when`, under the lock,
 * and a start means a call of fire() that begins after it.
 *
 * Lock order: the channel's lock, inside it the port's timers', and what starting
 * a goroutine takes. Claimed waiters are readied after it was dropped.
 */
#include "core.h"

struct goro_timer {
	struct goro_chan *c;		/* C: before us; c->lock is L */
	goro_ktimer_t kt;		/* started under L */
	u64 when;			/* L: fires next; 0: not set */
	u64 period;			/* L: 0: fires once */
	void (*fn)(void *arg);		/* C: to be a goroutine; NULL: the channel gets the time */
	void *arg;			/* C */
	struct module *owner;		/* C: of fn; pinned while set */
	unsigned long where;		/* C: who made it */
};

/* no memory for fn's goroutine: when it is tried again */
#define RETRY_NS	1000000

/* The first multiple after `now`; L. */
static u64 next_tick(const struct goro_timer *t, u64 now)
{
	if (t->when > now)
		return t->when;
	if (now - t->when < t->period)
		return t->when + t->period;
	return now + t->period - (now - t->when) % t->period;
}

static void arm(struct goro_timer *t)
{
	if (t->when != GORO_FOREVER)
		goro_ktimer_start(&t->kt, t->when);
}

/* It is due; L. Returns a claimed receiver, which the caller readies after L. */
static struct goro_waiter *fire_due(struct goro_timer *t, u64 now)
{
	struct goro_waiter *w;

	goro_count(GORO_C_TIMER_FIRE);
	if (t->fn) {
		if (goro_port_go(t->fn, t->arg, t->owner, t->where) == -ENOMEM) {
			t->when = now + RETRY_NS;
			arm(t);
		} else {
			t->when = 0;
			goro_owner_put(t->owner);	/* the goroutine has its own */
		}
		return NULL;
	}
	t->when = t->period ? next_tick(t, now) : 0;
	w = goro_chan_offer(t->c, &now);
	if (t->when && !t->c->n)
		arm(t);
	return w;
}

/* kt has gone off. An interrupt. */
static goro_ktimer_ret_t fire(goro_ktimer_t *kt)
{
	struct goro_timer *t = container_of(kt, struct goro_timer, kt);
	struct goro_chan *c = t->c;
	struct goro_waiter *w = NULL;
	unsigned long flags = goro_chan_lock(c);
	u64 now = goro_now();

	if (t->when && t->when <= now && !c->n) {
		w = fire_due(t, now);
	} else {
		goro_count(GORO_C_TIMER_STALE);
		/* it is armed already; should a clock ever be behind, it is not lost */
		if (t->when && !c->n)
			arm(t);
	}
	goro_chan_unlock(c, flags);
	if (w)
		goro_ready(w);
	return GORO_KTIMER_DONE;
}

/* An element was taken out of the buffer; L. */
void goro_timer_taken(struct goro_timer *t)
{
	if (!t->when)
		return;
	t->when = next_tick(t, goro_now());
	arm(t);
}

/* Forget the setting in force; L. Was there something of it to be received? */
static bool forget(struct goro_timer *t)
{
	bool was = t->when || t->c->n;

	t->when = 0;
	t->c->n = 0;
	t->c->head = 0;
	return was;
}

/* Put a new setting in force. */
static int set(struct goro_timer *t, u64 at, u64 period)
{
	struct goro_waiter *w = NULL;
	struct goro_chan *c = t->c;
	unsigned long flags = goro_chan_lock(c);
	u64 now = goro_now();
	int was = forget(t);

	if (t->fn && !was)
		goro_owner_get(t->owner);	/* the caller runs in it */
	WRITE_ONCE(t->period, period);	/* goro_timer_reset() looks without the lock */
	t->when = at ?: 1;
	if (t->when > now && at != GORO_FOREVER)
		arm(t);
	else
		goro_ktimer_try_cancel(&t->kt);
	if (t->when <= now)
		w = fire_due(t, now);
	goro_chan_unlock(c, flags);
	if (w)
		goro_ready(w);
	return was;
}

static bool period_ok(u64 ns)
{
	if (likely(ns && ns <= GORO_PERIOD_MAX))
		return true;
	goro_misuse_by("a ticker without a positive period");
	return false;
}

static int no_timer(void)
{
	goro_misuse_by("stop, reset or set of no timer");
	return -EINVAL;
}

static u64 from_now(u64 ns)
{
	u64 now = goro_now();

	return now + ns < now ? GORO_FOREVER : now + ns;
}

static struct goro_timer *make(u64 ns, u64 period, void (*fn)(void *arg), void *arg,
			       struct module *owner, unsigned long where)
{
	struct goro_chan *c;
	struct goro_timer *t;

	c = goro_chan_alloc(sizeof(u64), 1, GORO_CHAN_IRQ, sizeof(*t));
	if (IS_ERR(c))
		return ERR_CAST(c);
	t = goro_chan_tail(c);
	t->c = c;
	t->fn = fn;
	t->arg = arg;
	t->owner = owner;
	t->where = where;
	goro_ktimer_init(&t->kt, fire);
	c->timer = t;
	goro_count(GORO_C_TIMER_CREATED);
	set(t, from_now(ns), period);
	return t;
}

struct goro_timer *goro_timer_make(u64 ns)
{
	return goro_may_wait() ? make(ns, 0, NULL, NULL, NULL, 0) : ERR_PTR(goro_misuse());
}
EXPORT_SYMBOL_GPL(goro_timer_make);

struct goro_timer *goro_ticker_make(u64 ns)
{
	if (unlikely(!goro_may_wait()))
		return ERR_PTR(goro_misuse());
	return period_ok(ns) ? make(ns, ns, NULL, NULL, NULL, 0) : ERR_PTR(-EINVAL);
}
EXPORT_SYMBOL_GPL(goro_ticker_make);

struct goro_timer *__goro_timer_func(u64 ns, void (*fn)(void *arg), void *arg,
				     struct module *owner)
{
	if (unlikely(!goro_may_wait()))
		return ERR_PTR(goro_misuse());
	return make(ns, 0, fn, arg, owner, goro_caller());
}
EXPORT_SYMBOL_GPL(__goro_timer_func);

struct goro_chan *goro_after(u64 ns)
{
	struct goro_timer *t;

	if (unlikely(!goro_may_wait()))
		return ERR_PTR(goro_misuse());
	t = make(ns, 0, NULL, NULL, NULL, 0);
	return IS_ERR(t) ? ERR_CAST(t) : t->c;
}
EXPORT_SYMBOL_GPL(goro_after);

struct goro_chan *goro_tick(u64 ns)
{
	struct goro_timer *t;

	if (unlikely(!goro_may_wait()))
		return ERR_PTR(goro_misuse());
	if (!ns || ns > GORO_PERIOD_MAX)
		return NULL;
	t = make(ns, ns, NULL, NULL, NULL, 0);
	return IS_ERR(t) ? ERR_CAST(t) : t->c;
}
EXPORT_SYMBOL_GPL(goro_tick);

struct goro_chan *goro_timer_chan(const struct goro_timer *t)
{
	return !t || t->fn ? NULL : t->c;
}
EXPORT_SYMBOL_GPL(goro_timer_chan);

int goro_timer_stop(struct goro_timer *t)
{
	unsigned long flags;
	int was;

	if (unlikely(!t))
		return no_timer();
	flags = goro_chan_lock(t->c);
	was = forget(t);
	goro_ktimer_try_cancel(&t->kt);
	goro_chan_unlock(t->c, flags);
	if (t->fn && was)
		goro_owner_put(t->owner);
	return was;
}
EXPORT_SYMBOL_GPL(goro_timer_stop);

int goro_timer_set(struct goro_timer *t, u64 at, u64 period)
{
	if (unlikely(!t))
		return no_timer();
	if (period > (t->fn ? 0 : GORO_PERIOD_MAX))
		return -EINVAL;
	return set(t, at, period);
}
EXPORT_SYMBOL_GPL(goro_timer_set);

/* Where others change a timer into a ticker meanwhile: it is what it was on entry. */
int goro_timer_reset(struct goro_timer *t, u64 ns)
{
	bool ticker;

	if (unlikely(!t))
		return no_timer();
	ticker = READ_ONCE(t->period);
	if (ticker && !period_ok(ns))
		return -EINVAL;
	return set(t, from_now(ns), ticker ? ns : 0);
}
EXPORT_SYMBOL_GPL(goro_timer_reset);

struct goro_timer *goro_timer_get(struct goro_timer *t)
{
	if (t)
		goro_chan_get(t->c);
	return t;
}
EXPORT_SYMBOL_GPL(goro_timer_get);

void goro_timer_put(struct goro_timer *t)
{
	if (t)
		goro_chan_put(t->c);
}
EXPORT_SYMBOL_GPL(goro_timer_put);

/*
 * The channel's last reference is gone, its memory still there. Only fire() can
 * still look at it: on another CPU, as no caller is inside it, and it takes
 * nothing that the caller may hold. After the cancel it has returned and kt is
 * not armed, by it neither.
 */
void goro_timer_end(struct goro_timer *t)
{
	goro_ktimer_cancel(&t->kt);
	if (t->fn && t->when)
		goro_owner_put(t->owner);
	goro_count(GORO_C_TIMER_DESTROYED);
}
