// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selects in which files or sockets are cases, besides channels (core/select.c).
 *
 * Each round asks the files, and looks at the channels; of all that are ready one
 * is drawn. If there is none the waiter is armed (event.h), the files are asked
 * once more, now with entries in their wait queues, which may sleep; then all
 * channels are locked and looked at, the sudogs enqueued, and ARMED becomes WAIT:
 * from then on a file's wakeup, a channel's partner, a close, the deadline or a
 * cancel claims it. A file that came before that has made FIRED of ARMED: then
 * everything is taken off, and there is another round, as there is after each
 * wakeup by a file, which is but a reason to look.
 *
 * Sudogs are in queues only while the channels are locked by us, or while the
 * claim word is beyond ARMED; nobody claims an armed waiter by a channel.
 *
 * A case has room for an entry in one wait queue; further ones are allocated.
 */
#include <linux/slab.h>
#include "io.h"
#include "poll.h"

/* an entry in a further queue of a file */
struct further {
	struct further *next;
	wait_queue_entry_t wait;
	wait_queue_head_t *head;
	__poll_t events;
};

struct poller {
	poll_table pt;
	struct goro_select *s;
	struct goro_defer defer;	/* around the looks with entries */
	struct goro_waiter *w;
	struct goro_case *k;		/* whose file is asked */
	bool used;			/* it has its entry */
	int err;
	struct further *further;
};

static inline bool is_file(const struct goro_case *k)
{
	return (k->op == GORO_CASE_FILE && k->file) || (k->op == GORO_CASE_SOCK && k->sock);
}

static inline bool is_chan(const struct goro_case *k)
{
	return (k->op == GORO_CASE_RECV || k->op == GORO_CASE_SEND) && k->chan;
}

static inline __poll_t events_of(const struct goro_case *k)
{
	return (__force __poll_t)k->events | EPOLLERR | EPOLLHUP;
}

static __poll_t ask(const struct goro_case *k, poll_table *pt)
{
	if (k->op == GORO_CASE_FILE)
		return goro_poll_ask(k->file, NULL, events_of(k), pt, false);
	return goro_poll_ask(NULL, k->sock, events_of(k), pt, false);
}

static int on_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct goro_case *k = container_of(wait, struct goro_case, wait);

	return goro_poll_wakeup(wait->private, wait, &k->head, events_of(k), key);
}

static int on_further(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct further *f = container_of(wait, struct further, wait);

	return goro_poll_wakeup(wait->private, wait, &f->head, f->events, key);
}

static void on_register(struct file *file, wait_queue_head_t *head, poll_table *pt)
{
	struct poller *p = container_of(pt, struct poller, pt);
	struct further *f;

	if (!p->used) {
		p->used = true;
		init_waitqueue_func_entry(&p->k->wait, on_wakeup);
		p->k->wait.private = p->w;
		p->k->head = head;
		add_wait_queue(head, &p->k->wait);
		return;
	}
	f = kmalloc(sizeof(*f), GORO_GFP);
	if (!f) {
		p->err = -ENOMEM;
		return;
	}
	init_waitqueue_func_entry(&f->wait, on_further);
	f->wait.private = p->w;
	f->head = head;
	f->events = events_of(p->k);
	f->next = p->further;
	p->further = f;
	add_wait_queue(head, &f->wait);
}

/* Out of all queues: nobody can fire the waiter any more. */
static void leave(struct goro_select *s, struct poller *p)
{
	struct further *f;
	u32 i;

	while ((f = p->further)) {
		p->further = f->next;
		goro_poll_leave(&f->wait, &f->head);
		kfree(f);
	}
	for (i = 0; i < s->n; i++)
		if (is_file(&s->cases[i]))
			goro_poll_leave(&s->cases[i].wait, &s->cases[i].head);
	goro_event_left(p->w);
}

/* A file's poll ends the goroutine, in whose frames the entries lie. */
static void ended(struct goro_defer *d)
{
	struct poller *p = container_of(d, struct poller, defer);

	leave(p->s, p);
}

/* Enter the queues of all files: true, one of them is ready, or p->err is set. */
static bool enter(struct goro_select *s, struct poller *p)
{
	bool ready = false;
	u32 i;

	p->s = s;
	p->err = 0;
	p->further = NULL;
	init_poll_funcptr(&p->pt, on_register);
	for (i = 0; i < s->n; i++)
		if (is_file(&s->cases[i]))
			s->cases[i].head = NULL;
	goro_defer(&p->defer, ended);
	for (i = 0; i < s->n && !ready; i++) {
		struct goro_case *k = &s->cases[i];

		if (!is_file(k))
			continue;
		p->k = k;
		p->used = false;
		p->pt._key = events_of(k);
		/* the locks of the queues order the entries and this look */
		ready = ask(k, &p->pt) || p->err;
	}
	goro_undefer(&p->defer);
	return ready;
}

/* One that is ready, done or to be done by the caller; or -EAGAIN. */
static int draw(struct goro_case *cases, u32 n)
{
	u32 i, ready = 0;

	for (i = 0; i < n; i++) {
		struct goro_case *k = &cases[i];

		if (is_file(k)) {
			k->ret = (__force int)ask(k, NULL);
			if (k->ret)
				cases[ready++].order = i;
		} else if (is_chan(k) && goro_case_looks_ready(k)) {
			cases[ready++].order = i;
		}
	}
	while (ready) {
		u32 k = goro_random(ready);

		i = cases[k].order;
		if (is_file(&cases[i]) || goro_case_try(&cases[i]))
			return i;
		goro_count(GORO_C_SELECT_MISS);
		cases[k].order = cases[--ready].order;
	}
	return -EAGAIN;
}

/* All channels at one moment; the caller's lock. */
static int pass_and_unlock(struct goro_select *s)
{
	struct goro_waiter *partner;
	int pick = goro_select_pass(s, &partner);

	goro_select_unlock(s);
	goro_section_end();
	if (partner)
		goro_ready(partner);
	return pick;
}

int goro_select_foreign(struct goro_case *cases, unsigned int n, u64 deadline)
{
	struct goro_select s = { .cases = cases, .n = n };
	struct goro_waiter *partner;
	struct goro_thread t __uninitialized;	/* a thread's: see goro_waiter_self() */
	enum goro_claim why;
	unsigned int tries = 0;
	struct poller p;
	int pick;

	for (;;) {
		pick = draw(cases, n);
		if (pick >= 0)
			return pick;
		goro_select_sort(&s);
		if (deadline == GORO_NOW) {
			goro_select_lock(&s);
			return pass_and_unlock(&s);
		}
		goro_wait_prepare();
		p.w = goro_event_arm(&t);
		if (enter(&s, &p)) {
			leave(&s, &p);
			/* draw() may find none that is ready any more, again and again */
			pick = p.err ?: goro_io_again(&tries, deadline);
			if (pick)
				return pick;
			continue;
		}
		goro_select_lock(&s);
		pick = goro_select_pass(&s, &partner);
		if (pick >= 0) {
			goro_select_unlock(&s);
			goro_section_end();
			if (partner)
				goro_ready(partner);
			leave(&s, &p);
			return pick;
		}
		goro_select_enqueue(&s, p.w);
		p.w->at = &s;	/* nobody claims it yet by a channel */
		why = goro_event_wait(p.w, false);
		if (why == GORO_WAIT) {
			goro_select_unlock(&s);
			goro_count(GORO_C_SELECT_PARK);
			if (p.w->kind != GORO_W_THREAD)
				goro_w_to_g(p.w)->outside = 1;	/* a file's waker may come */
			why = goro_park(p.w, deadline, GORO_R_SELECT);
			pick = goro_select_woken(&s, p.w, why);
		} else {
			goro_select_dequeue(&s);
			goro_select_unlock(&s);
			goro_section_end();
			pick = goro_why_errno(why);
		}
		leave(&s, &p);
		if (why != GORO_BY_EVENT)
			return pick;
		goro_count(GORO_C_SELECT_EVENT);
		tries = 0;
		/* files that wake it without being ready do not keep it from its end */
		pick = goro_io_go_on(deadline);
		if (pick)
			return pick;
	}
}
