// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting until a file or socket is ready: the caller's own entries in the
 * wait queues that the file's poll names, as epoll does it. Armed while they
 * are made and the file is asked (event.h), so a wakeup is seen either way.
 *
 * Entries are removed before the call returns; see poll.h for the queue that goes
 * first.
 */
#include <linux/file.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <net/sock.h>
#include "io.h"
#include "poll.h"

#define ENTRIES	4	/* queues that cost no allocation; sockets have one or two */
#define MORE	14	/* in each further piece: about 1 KiB */

struct poll_entry {
	wait_queue_entry_t wait;
	wait_queue_head_t *head;	/* NULL: the queue has gone */
	struct goro_waiter *w;
	__poll_t events;
};

struct more {
	struct more *next;
	unsigned int n;
	struct poll_entry e[MORE];
};

struct poller {
	poll_table pt;
	struct goro_defer defer;	/* around a look with entries */
	struct goro_waiter *w;
	unsigned int n;
	int err;
	struct more *more;
	struct poll_entry e[ENTRIES];
};

static int on_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct poll_entry *e = container_of(wait, struct poll_entry, wait);

	return goro_poll_wakeup(e->w, wait, &e->head, e->events, key);
}

static struct poll_entry *new_entry(struct poller *poller)
{
	struct more *more = poller->more;

	if (poller->n < ENTRIES)
		return &poller->e[poller->n++];
	if (!more || more->n == MORE) {
		more = kmalloc(sizeof(*more), GORO_GFP);
		if (!more) {
			poller->err = -ENOMEM;
			return NULL;
		}
		more->n = 0;
		more->next = poller->more;
		poller->more = more;
	}
	return &more->e[more->n++];
}

static void on_register(struct file *file, wait_queue_head_t *head, poll_table *pt)
{
	struct poller *poller = container_of(pt, struct poller, pt);
	struct poll_entry *e = new_entry(poller);

	if (!e)
		return;
	e->head = head;
	e->w = poller->w;
	e->events = pt->_key;
	init_waitqueue_func_entry(&e->wait, on_wakeup);
	add_wait_queue(head, &e->wait);
}

static void leave(struct poll_entry *e)
{
	goro_poll_leave(&e->wait, &e->head);
}

static void unregister(struct poller *poller)
{
	struct more *more;

	while (poller->n)
		leave(&poller->e[--poller->n]);
	while ((more = poller->more)) {
		while (more->n)
			leave(&more->e[--more->n]);
		poller->more = more->next;
		kfree(more);
	}
	goro_event_left(poller->w);
}

/* The entries of a poll that waits, those in its frames; @at is its waiter's. */
void goro_poll_entries(void *at, void *arg,
		       void (*fn)(void *arg, wait_queue_entry_t *wait, wait_queue_head_t **head))
{
	struct poller *poller = at;
	unsigned int i;

	for (i = 0; i < poller->n; i++)
		fn(arg, &poller->e[i].wait, &poller->e[i].head);
}

/* The file's poll ends the goroutine, in whose frames the entries lie. */
static void ended(struct goro_defer *d)
{
	unregister(container_of(d, struct poller, defer));
}

static __poll_t ask(struct file *file, struct socket *sock, poll_table *pt)
{
	/* UDP's poll looks at the flags of the file, which a socket of the kernel's has not */
	static struct file no_file = { .f_flags = O_NONBLOCK };

	if (!sock)
		return vfs_poll(file, pt);
	return sock->ops->poll ? sock->ops->poll(sock->file ?: &no_file, sock, pt) : 0;
}

/*
 * The events that end the wait. A socket says EPOLLERR, too, as long as its
 * error queue has something; to one who does not read that it is no news, and
 * without end.
 */
__poll_t goro_poll_ask(struct file *file, struct socket *sock, __poll_t events,
		       poll_table *pt, bool no_errqueue)
{
	__poll_t mask = ask(file, sock, pt) & events;

	if (no_errqueue && (mask & EPOLLERR) && !READ_ONCE(sock->sk->sk_err))
		mask &= ~EPOLLERR;
	return mask;
}

static int poll(struct file *file, struct socket *sock, __poll_t events, u64 deadline,
		bool no_errqueue)
{
	struct poller poller;
	struct goro_thread t __uninitialized;	/* a thread's: see goro_waiter_self() */
	enum goro_claim why;
	__poll_t mask;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	events |= EPOLLERR | EPOLLHUP;
	mask = goro_poll_ask(file, sock, events, NULL, no_errqueue);
	if (mask)
		return (__force int)mask;
	if (deadline == GORO_NOW)
		return -EAGAIN;

	poller.n = 0;
	poller.err = 0;
	poller.more = NULL;
	for (;;) {
		poller.w = goro_event_arm(&t);
		init_poll_funcptr(&poller.pt, on_register);
		poller.pt._key = events;
		goro_defer(&poller.defer, ended);
		/* the locks of the queues order the entries and this look */
		mask = goro_poll_ask(file, sock, events, &poller.pt, no_errqueue);
		goro_undefer(&poller.defer);
		if (mask || poller.err) {
			unregister(&poller);
			return mask ? (__force int)mask : poller.err;
		}
		poller.w->at = &poller;
		why = goro_event_commit(poller.w, deadline, false, GORO_R_POLL);
		unregister(&poller);
		if (why != GORO_BY_EVENT)
			return goro_why_errno(why);
		mask = goro_poll_ask(file, sock, events, NULL, no_errqueue);
		if (mask)
			return (__force int)mask;
	}
}

int goro_poll(struct file *file, __poll_t events, u64 deadline)
{
	return poll(file, NULL, events, deadline, false);
}
EXPORT_SYMBOL_GPL(goro_poll);

int goro_poll_sock(struct socket *sock, __poll_t events, u64 deadline)
{
	return poll(NULL, sock, events, deadline, false);
}
EXPORT_SYMBOL_GPL(goro_poll_sock);

int goro_poll_sock_data(struct socket *sock, __poll_t events, u64 deadline)
{
	return poll(NULL, sock, events, deadline, true);
}
