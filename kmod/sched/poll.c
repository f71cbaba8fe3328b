// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting until a file or socket is ready: the caller's own entries in the
 * wait queues that the file's poll names, as epoll does it.
 *
 * The waiter is ARMED while it registers: a wakeup then only marks it FIRED,
 * so nobody readies it before it parks (poll methods may take a while, and a
 * readied G must leave its stack soon). It parks if it was still ARMED after it
 * found the file not ready: so a wakeup is seen either way.
 *
 * The callback runs under the wait queue's lock, often in softirq: it claims
 * and readies through an inbox, nothing else. Entries are removed before the
 * call returns; where the queue itself goes first (POLLFREE), its owner tells
 * each entry, and we look at the head under RCU, as epoll does.
 */
#include <linux/file.h>
#include <linux/net.h>
#include <linux/poll.h>
#include "sched.h"

#define ENTRIES	4	/* queues a file may name; sockets have one or two */

struct poll_entry {
	wait_queue_entry_t wait;
	wait_queue_head_t *head;	/* NULL: the queue has gone */
	struct goro_waiter *w;
	__poll_t events;
};

struct poller {
	poll_table pt;
	struct goro_waiter *w;
	unsigned int n;
	bool full;		/* it named more queues than we have entries for */
	struct poll_entry e[ENTRIES];
};

static int on_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct poll_entry *e = container_of(wait, struct poll_entry, wait);
	struct goro_waiter *w = e->w;
	__poll_t mask = key_to_poll(key);
	bool claimed;

	if (mask && !(mask & (e->events | POLLFREE)))
		return 0;
	claimed = goro_claim_event(w);
	if (mask & POLLFREE) {
		/*
		 * After the release the entry may be gone, if something else
		 * has woken the waiter; so it comes after the claim.
		 */
		list_del_init(&wait->entry);
		smp_store_release(&e->head, NULL);	/* unregister() acquires */
	}
	if (claimed) {
		goro_count(GORO_C_WAKE_EVENT);
		goro_ready(w);
	}
	return 1;
}

static void on_register(struct file *file, wait_queue_head_t *head, poll_table *pt)
{
	struct poller *poller = container_of(pt, struct poller, pt);
	struct poll_entry *e;

	if (poller->n == ENTRIES) {
		poller->full = true;
		return;
	}
	e = &poller->e[poller->n++];
	e->head = head;
	e->w = poller->w;
	e->events = pt->_key;
	init_waitqueue_func_entry(&e->wait, on_wakeup);
	add_wait_queue(head, &e->wait);
}

static void unregister(struct poller *poller)
{
	while (poller->n) {
		struct poll_entry *e = &poller->e[--poller->n];
		wait_queue_head_t *head;

		rcu_read_lock();
		head = smp_load_acquire(&e->head);	/* on_wakeup() releases */
		if (head)
			remove_wait_queue(head, &e->wait);
		rcu_read_unlock();
	}
}

static __poll_t ask(struct file *file, struct socket *sock, poll_table *pt)
{
	if (!sock)
		return vfs_poll(file, pt);
	return sock->ops->poll ? sock->ops->poll(sock->file, sock, pt) : 0;
}

/* ARMED -> WAIT, unless an event or a cancel was first; the section is open. */
static enum goro_claim commit(struct goro_waiter *w, u64 deadline)
{
	if (atomic_cmpxchg(&w->claim, GORO_ARMED, GORO_WAIT) != GORO_ARMED) {
		goro_section_end();
		return GORO_BY_EVENT;
	}
	/* the cmpxchg was the full barrier of goro_wait_begin() */
	if (w->kind != GORO_W_THREAD && READ_ONCE(goro_w_to_g(w)->cancelled) &&
	    goro_claim(w, GORO_BY_CANCEL)) {
		goro_section_end();
		return GORO_BY_CANCEL;
	}
	return goro_park(w, deadline, GORO_R_POLL);
}

static int poll(struct file *file, struct socket *sock, __poll_t events, u64 deadline)
{
	struct poller poller;
	struct goro_thread t;
	struct goro_waiter *w;
	enum goro_claim why;
	__poll_t mask;

	if (unlikely(!goro_may_wait()))
		return goro_misuse("goro_poll()");
	events |= EPOLLERR | EPOLLHUP;
	mask = ask(file, sock, NULL) & events;
	if (mask)
		return (__force int)mask;
	if (deadline == GORO_NOW)
		return -EAGAIN;

	poller.n = 0;
	for (;;) {
		w = goro_waiter_self(&t);
		poller.w = w;
		poller.full = false;
		init_poll_funcptr(&poller.pt, on_register);
		poller.pt._key = events;
		/* before it is visible, or not yet registered: no race */
		atomic_set(&w->claim, GORO_ARMED);
		mask = ask(file, sock, &poller.pt) & events;
		if (mask || poller.full) {
			unregister(&poller);
			atomic_set(&w->claim, GORO_RUN);
			return mask ? (__force int)mask : -EOPNOTSUPP;
		}
		goro_section_begin();
		why = commit(w, deadline);
		unregister(&poller);
		atomic_set(&w->claim, GORO_RUN);
		if (why != GORO_BY_EVENT)
			return goro_why_errno(why);
		mask = ask(file, sock, NULL) & events;
		if (mask)
			return (__force int)mask;
	}
}

int goro_poll(struct file *file, __poll_t events, u64 deadline)
{
	return poll(file, NULL, events, deadline);
}
EXPORT_SYMBOL_GPL(goro_poll);

int goro_poll_sock(struct socket *sock, __poll_t events, u64 deadline)
{
	return poll(NULL, sock, events, deadline);
}
EXPORT_SYMBOL_GPL(goro_poll_sock);
