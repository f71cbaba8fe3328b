/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Own entries in the wait queues that a file's poll names, for poll.c and
 * select_file.c. The callback runs under the wait queue's lock, often in softirq:
 * it claims and readies through an inbox, nothing else. Where the queue itself
 * goes first (POLLFREE) its owner tells each entry, and we look at the head under
 * RCU, as epoll does.
 */
#ifndef _GORO_SCHED_POLL_H
#define _GORO_SCHED_POLL_H

#include <linux/poll.h>
#include "event.h"

/* A callback's work: @wait of waiter @w, which is in *@head for these events. */
static inline int goro_poll_wakeup(struct goro_waiter *w, wait_queue_entry_t *wait,
				   wait_queue_head_t **head, __poll_t events, void *key)
{
	__poll_t mask = key_to_poll(key);
	enum goro_fire fire;

	if (mask && !(mask & (events | POLLFREE)))
		return 0;
	fire = goro_event_fire(w);
	if (mask & POLLFREE) {
		/*
		 * After the release the entry may be gone, if something else
		 * has woken the waiter; so it comes after the claim.
		 */
		list_del_init(&wait->entry);
		smp_store_release(head, NULL);	/* goro_poll_leave() acquires */
	}
	if (fire == GORO_FIRE_READY)
		goro_event_ready(w);
	return 1;
}

static inline void goro_poll_leave(wait_queue_entry_t *wait, wait_queue_head_t **head)
{
	wait_queue_head_t *wq;

	rcu_read_lock();
	wq = smp_load_acquire(head);	/* goro_poll_wakeup() releases */
	if (wq)
		remove_wait_queue(wq, wait);
	rcu_read_unlock();
}

void goro_poll_entries(void *at, void *arg,
		       void (*fn)(void *arg, wait_queue_entry_t *wait, wait_queue_head_t **head));

/* poll.c: which of these events are there? @pt, if not NULL, names the queues */
__poll_t goro_poll_ask(struct file *file, struct socket *sock, __poll_t events,
		       struct poll_table_struct *pt, bool no_errqueue);

#endif /* _GORO_SCHED_POLL_H */
