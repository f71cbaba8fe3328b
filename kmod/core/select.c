// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * select, with Go's semantics.
 *
 * What is ready is taken as by a single operation. A first pass looks at the
 * channels without their locks and collects those that look ready; one of them
 * is drawn, locked, and done. That is as good as a look at all of them at once:
 * at the moment when it was done it was ready, and nothing is said of the others.
 * "None is ready" is said of all channels at one moment, so that pass decides
 * nothing: all channels are locked then, and looked at again.
 *
 * Lock order: the plain channels by address, then the IRQ channels by address,
 * each once. Plain ones first, and interrupts off from the first IRQ channel on:
 * an interrupt that spins on an IRQ channel of ours may have hit the holder of a
 * plain one, which we do not wait for any more by then.
 *
 * Waiting: all locked, a sudog a case, WAIT, all unlocked, park. Whoever claims
 * the waiter, in one queue, leaves in w->won which sudog it met; the others stay
 * in their queues and are dropped by those who meet them (claim_first()), or
 * taken off by the select when it runs again. It takes each one's channel's lock
 * for that even if the sudog is off the queue already: who took it off has it in
 * its hands until it drops the lock. The one that won is nobody's any more. Only
 * then does the call return, and the array of cases may go.
 *
 * A channel in several cases has several sudogs of one waiter; both its queues may
 * have some (an exception to "one of the queues is empty", as in Go). They never
 * meet: a select looks for partners before it enqueues, and does not while it waits.
 */
#include "chan.h"

bool goro_case_looks_ready(const struct goro_case *k)
{
	return looks_ready(k);
}

bool goro_case_try(struct goro_case *k)
{
	return case_try(k);
}

static __always_inline struct goro_case *nth(struct goro_select *s, u32 i)
{
	return &s->cases[s->cases[i].order];
}

static bool before(struct goro_chan *a, struct goro_chan *b)
{
	return a->irq == b->irq ? a < b : b->irq;
}

/* Heap sort: in place, and never worse than n log n. */
static void sift(struct goro_select *s, u32 i, u32 n)
{
	struct goro_case *cases = s->cases;
	u16 top = cases[i].order;
	u32 child;

	for (; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && before(nth(s, child)->chan, nth(s, child + 1)->chan))
			child++;
		if (!before(cases[top].chan, nth(s, child)->chan))
			break;
		cases[i].order = cases[child].order;
	}
	cases[i].order = top;
}

/*
 * The channels' cases in lock order; s->m: how many there are. They are shuffled
 * first: in which order cases of one channel wait is random, too.
 */
void goro_select_sort(struct goro_select *s)
{
	struct goro_case *cases = s->cases;
	u32 i;

	s->m = 0;
	for (i = 0; i < s->n; i++) {
		u32 k;

		if ((cases[i].op != GORO_CASE_RECV && cases[i].op != GORO_CASE_SEND) ||
		    !cases[i].chan)
			continue;
		k = goro_random(++s->m);
		cases[s->m - 1].order = cases[k].order;
		cases[k].order = i;
	}
	for (i = s->m / 2; i--;)
		sift(s, i, s->m);
	for (i = s->m; i-- > 1;) {
		u16 last = cases[i].order;

		cases[i].order = cases[0].order;
		cases[0].order = last;
		sift(s, 0, i);
	}
}

/* Lock all of them; opens a section. */
void goro_select_lock(struct goro_select *s)
{
	struct goro_chan *prev = NULL;
	u32 i;

	s->irq = false;
	goro_locks_begin();
	for (i = 0; i < s->m; i++) {
		struct goro_chan *c = nth(s, i)->chan;

		if (c == prev)
			continue;
		if (c->irq && !s->irq) {
			s->irq = true;
			goro_irq_save(s->flags);
		}
		goro_lock_more(&c->lock);
		prev = c;
	}
}

/*
 * The section stays open: the waiter may have been claimed by then, but it has
 * not left its stack, so the cases and the channels are still there.
 */
void goro_select_unlock(struct goro_select *s)
{
	struct goro_chan *prev = NULL;
	u32 i;

	for (i = s->m; i--;) {
		struct goro_chan *c = nth(s, i)->chan;

		if (c == prev)
			continue;
		goro_unlock_more(&c->lock);
		prev = c;
	}
	if (s->irq)
		goro_irq_restore(s->flags);
	goro_locks_end();
}

/*
 * All are locked: do one that can go on, each as likely. Its index, or -EAGAIN.
 * One that looks ready has waiters who may all have gone: it is out of the draw
 * then, and none becomes ready meanwhile. So each case is looked at once and tried
 * once at most, and each waiter that has gone is dropped once. Those in the draw
 * are listed in the sudogs, which are in no queue yet.
 */
int goro_select_pass(struct goro_select *s, struct goro_waiter **w)
{
	u32 i, ready = 0, tried = 0;
	int pick = -EAGAIN;

	*w = NULL;
	for (i = 0; i < s->m; i++)
		if (looks_ready(nth(s, i)))
			nth(s, ready++)->sg.elem = nth(s, i);
	while (ready) {
		struct goro_sudog *slot = &nth(s, goro_random(ready))->sg;
		struct goro_case *k = slot->elem;

		tried++;
		if (case_now(k, w)) {
			pick = k - s->cases;
			break;
		}
		*w = NULL;
		slot->elem = nth(s, --ready)->sg.elem;
	}
	goro_count_n(GORO_C_SELECT_LOOK, s->m + tried);
	return pick;
}

/* All are locked: wait in all of them. */
void goro_select_enqueue(struct goro_select *s, struct goro_waiter *w)
{
	u32 i;

	w->on = s->m;
	for (i = 0; i < s->m; i++) {
		struct goro_case *k = nth(s, i);
		bool send = k->op == GORO_CASE_SEND;

		k->sg.w = w;
		k->sg.elem = k->elem;
		list_add_tail(&k->sg.node, send ? &k->chan->sendq : &k->chan->recvq);
		goro_pollq_wake(&k->chan->pollq, send ? GORO_POLL_IN : GORO_POLL_OUT);
	}
}

/* All are locked: it will not wait after all. */
void goro_select_dequeue(struct goro_select *s)
{
	u32 i;

	for (i = 0; i < s->m; i++)
		list_del_init(&nth(s, i)->sg.node);
}

/* It runs again, claimed for the reason @why: the index that was chosen, or an errno. */
int goro_select_woken(struct goro_select *s, struct goro_waiter *w, enum goro_claim why)
{
	struct goro_sudog *won = NULL;
	struct goro_case *k;
	u32 i;

	if (why == GORO_BY_PARTNER || why == GORO_BY_CLOSE)
		won = w->won;
	for (i = 0; i < s->m; i++) {
		unsigned long flags;

		k = nth(s, i);
		if (&k->sg == won)
			continue;
		flags = lock_any(k->chan);
		list_del_init(&k->sg.node);
		unlock_any(k->chan, flags);
	}
	if (!won)
		return goro_why_errno(why);
	k = container_of(won, struct goro_case, sg);
	if (k->op == GORO_CASE_SEND) {
		k->ret = why == GORO_BY_CLOSE ? -EPIPE : 0;
	} else {
		k->ret = why == GORO_BY_PARTNER;
		if (!k->ret && k->elem)
			memset(k->elem, 0, k->chan->elem);
	}
	return k - s->cases;
}

/* None looked ready: make sure of it, and wait. */
static noinline int select_slow(struct goro_case *cases, u32 n, u64 deadline)
{
	struct goro_select s = { .cases = cases, .n = n };
	struct goro_thread t __uninitialized;	/* a thread's: see goro_waiter_self() */
	struct goro_waiter *w;
	int pick;

	goro_select_sort(&s);
	if (!s.m)
		return goro_wait_on_nil(deadline);
	if (deadline != GORO_NOW && goro_may_wait())
		goro_wait_prepare();	/* one of the channels may be an IRQ channel */
	goro_select_lock(&s);
	pick = goro_select_pass(&s, &w);
	if (pick >= 0 || deadline == GORO_NOW) {
		goro_select_unlock(&s);
		goro_section_end();
		if (w)
			goro_ready(w);
		return pick;
	}
	w = goro_waiter_self(&t);
	w->at = &s;
	if (unlikely(!goro_wait_begin(w, false))) {
		goro_select_unlock(&s);
		goro_section_end();
		return -ECANCELED;
	}
	goro_select_enqueue(&s, w);
	goro_select_unlock(&s);
	goro_count(GORO_C_SELECT_PARK);
	return goro_select_woken(&s, w, goro_park(w, deadline, GORO_R_SELECT));
}

int goro_select_until(struct goro_case *cases, unsigned int n, u64 deadline)
{
	bool foreign = false;
	u32 i, ready = 0;
	int pick;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	if (unlikely(n > GORO_SELECT_MAX || (n && !cases)))
		return -EINVAL;
	for (i = 0; i < n; i++) {
		struct goro_case *k = &cases[i];

		if (k->op != GORO_CASE_RECV && k->op != GORO_CASE_SEND) {
			if (unlikely(k->op > GORO_CASE_SOCK))
				return -EINVAL;
			foreign |= k->op != GORO_CASE_NONE;
			continue;
		}
		if (!k->chan)
			continue;
		if (k->op == GORO_CASE_SEND &&
		    ((unlikely(!k->elem) && k->chan->elem) ||
		     (unlikely(k->chan->irq) && k->chan->timer)))
			return -EINVAL;
		if (looks_ready(k))
			cases[ready++].order = i;
	}
	if (unlikely(foreign)) {
		pick = goro_select_foreign(cases, n, deadline);
		goto out;
	}
	while (ready) {
		u32 k = ready > 1 ? goro_random(ready) : 0;

		pick = cases[k].order;
		if (likely(case_try(&cases[pick])))
			goto out;
		/* somebody else was faster, or had been there */
		goro_count(GORO_C_SELECT_MISS);
		cases[k].order = cases[--ready].order;
	}
	pick = select_slow(cases, n, deadline);
out:
	goro_trace_select(n, pick);
	return pick;
}
EXPORT_SYMBOL_GPL(goro_select_until);
