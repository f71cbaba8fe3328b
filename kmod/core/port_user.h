/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * core/port.h in user space. What is the same for everybody is here and in
 * libgoro-user/core/base.h; the port itself, who waits and how, comes from the
 * build, in two headers that its include path leads to:
 *
 *   goro_port_types.h   includes that base.h and has goro_lock_t
 *   goro_port.h         the calls of port.h: locks, waiters, memory, time
 *
 * tests/model has two of them: a deterministic scheduler, and real threads.
 */
#ifndef _GORO_CORE_PORT_USER_H
#define _GORO_CORE_PORT_USER_H

#include <goro/chan.h>
#include <goro/select.h>
#include <goro/sync.h>
#include <goro/time.h>
#include "stats.h"
#include "waiter.h"
#include <goro_port.h>

/* poll(2) waits for channels of the kernel only */
#ifndef goro_pollq_init
typedef struct { } goro_pollq_t;
typedef u32 goro_poll_t;
#define GORO_POLL_IN			1U
#define GORO_POLL_OUT			2U
#define GORO_POLL_HUP			4U
#define goro_pollq_init(q)		((void)(q))
#define goro_pollq_free(q)		((void)(q))
#define goro_pollq_wake(q, mask)	((void)(q))
#define goro_pollq_wake_all(q, mask)	((void)(q))
#endif

#ifndef goro_trace_chan_send
#define goro_trace_chan_send(c)		((void)(c))
#define goro_trace_chan_recv(c)		((void)(c))
#define goro_trace_chan_close(c)	((void)(c))
#endif

/* which of several is chosen is up to the port; this is a choice, too */
#ifndef goro_random
#define goro_random(n)			((void)(n), 0U)
#endif

/* for ports whose locks need no more than to be taken in order */
#ifndef goro_irqs_off
#define goro_irqs_off()			false
#endif
#ifndef goro_relax
#define goro_relax()			do { } while (0)
#endif
#ifndef goro_late_pause
#define goro_late_pause()		do { } while (0)
#endif
#ifndef goro_locks_begin
#define goro_locks_begin()		goro_section_begin()
#define goro_locks_end()		do { } while (0)
#define goro_lock_more(l)		goro_lock(l)
#define goro_unlock_more(l)		goro_unlock(l)
#endif

#ifndef goro_select_foreign
#define goro_select_foreign(cases, n, deadline)	((void)(deadline), -EINVAL)
#endif

#ifndef goro_trace_select
#define goro_trace_select(n, pick)	((void)(n), (void)(pick))
#endif

#ifndef goro_count
#define goro_count(id)			((void)(id))
#define goro_count_n(id, n)		((void)(id), (void)(n))
#endif

#endif /* _GORO_CORE_PORT_USER_H */
