/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What core/ needs from the world, and all of it. In the kernel sched/ gives
 * it (sched/port_kernel.h, inline where a switch must happen in the channel
 * operation's own frame: each RET after a switch is mispredicted).
 *
 *   goro_lock_t                      a spinlock; goro_lock_init/lock/unlock
 *   goro_irq_save(f), _restore(f)    around a lock that interrupts take, too
 *   goro_irqs_off()                  does the caller have them off?
 *   goro_locks_begin(), _end()       around locks of which many are held at once; opens
 *                                    a section, which stays open at the end. Each is
 *                                    taken by goro_lock_more(l), in one order everywhere,
 *                                    and dropped by goro_unlock_more(l)
 *   goro_may_wait()                  is the caller a goroutine or a thread, not
 *                                    an interrupt?
 *   goro_misuse()                    say so, once; returns the errno for it
 *   goro_misuse_by(what)             a mistake of the calling module's, where Go
 *                                    would panic: say so, once for each place in
 *                                    the source, with the goroutine and who
 *                                    started it. May be called under a lock.
 *                                    Nothing that user space can cause.
 *   goro_misuse_of(what, owner)      the same about an object that belongs to
 *                                    somebody: a struct goro_who, or NULL
 *   goro_me()                        the caller's number (struct goro_who's id)
 *   goro_whoami(&who)                and all there is to say of it
 *   goro_defer(d, fn), _undefer(d)   between the two a goroutine that ends in
 *                                    goro_exit() calls fn(d); they nest. d lies in
 *                                    the caller's frame. Nothing for a thread.
 *   goro_waiter_self(&t)             the caller as a waiter: its G, or t made
 *                                    to stand for the calling thread
 *   goro_section_begin(), _end()     from before a waiter can be claimed until
 *                                    it has left its stack nothing may hold it
 *                                    up: preemption is off. A lock does it too.
 *   goro_wait_begin(w, nocancel)     RUN -> WAIT with a full barrier, then look
 *                                    at the cancel flag, and by
 *                                    goro_scopes_begin() at the contexts that w
 *                                    waits under: false, and RUN again,
 *                                    where one is cancelled. A canceller sets the
 *                                    flag, full barrier, claims: one of the
 *                                    two sees the other. After true the waiter
 *                                    parks, whatever happens.
 *   goro_scope_push(s), _pop(s)      the caller's stack of scopes, innermost
 *                                    first, linked by outer; push sets w, the
 *                                    waiter of all waits until pop. pop: 0, or an
 *                                    errno for a misuse that was said: s was not the
 *                                    innermost one, and is out; -ESRCH, -EAGAIN: the
 *                                    caller is not in it, or cannot be, and nothing was done
 *   goro_wait_prepare()              a wait may begin under a lock that is taken with
 *                                    interrupts off: goro_scopes_prepare(). Before
 *                                    that lock, by who may wait
 *   goro_park(w, deadline, r)        end the section and wait until claimed;
 *                                    back to RUN; returns the reason
 *   goro_park_unlock(w, lock, irq..) the same from under a lock, which it drops;
 *                                    irq: and lets interrupts in again
 *   goro_ready(w)                    make a claimed waiter run; nothing of w
 *                                    may be touched after it. Any context.
 *   goro_relax()                     in a loop that waits for another CPU
 *   goro_now()                       CLOCK_MONOTONIC, ns
 *   goro_ktimer_t                    a timer that fires once. Its function, of type
 *                                    goro_ktimer_ret_t (goro_ktimer_t *), returns
 *                                    GORO_KTIMER_DONE. It runs as a hard interrupt
 *                                    does: what it locks is locked with interrupts
 *                                    off. No two of one timer run at once.
 *   goro_ktimer_init(t, fn)
 *   goro_ktimer_start(t, when)       set it, anew where it was set; one that has
 *                                    passed fires at once. Any context, fn too
 *   goro_ktimer_try_cancel(t)        does not wait: fn may run on, and where it
 *                                    runs may still be called once more. It has
 *                                    to look for itself, under a lock, whether
 *                                    it is wanted and not early. Any context
 *   goro_ktimer_cancel(t)            it is not set and fn has returned. Nobody
 *                                    starts it meanwhile but fn; not from fn, nor
 *                                    with a lock held that fn takes. Any context
 *   goro_port_go(fn, arg, m, where)  start a goroutine that pins m, without waiting;
 *                                    0 or an errno. Any context
 *   goro_owner_get(m), _put(m)       pin the module m (NULL: none) that gave a function
 *   goro_caller()                    who called the function in which this stands
 *   goro_late_t, GORO_LATE(l, fn)    work, defined: fn(l) is run soon by a thread
 *                                    that may wait; once more where it is
 *                                    queued while it runs
 *   goro_late_queue(l), _flush(l)    any context; wait until it does not run
 *   goro_late_pause()                in it, now and then: let others run
 *   goro_spawn_t                     a goroutine that was set aside:
 *   goro_spawn_prepare(fn, arg, m)   it and its memory, or ERR_PTR(); pins m
 *   goro_spawn_start(g, ctx)         cannot fail; it puts ctx at its end, with m still
 *                                    pinned. Process context, as
 *   goro_spawn_drop(g)
 *   goro_member_self()               the calling goroutine's goro_member, or NULL
 *   goro_member_cancel(mb)           set its cancel flag, full barrier, claim: true,
 *                                    and it has to be readied. The group's lock
 *                                    keeps it there. Nothing where it was set
 *   goro_member_waiter(mb)           its waiter
 *   goro_acct_cancelled(acct)        members with an account were cancelled
 *   goro_alloc(size), goro_free(p)   zeroed memory charged to the caller
 *   goro_random(n)                   a number below n, each as likely; n > 0
 *   goro_select_foreign(cases, n, deadline)   a select with cases that core does not
 *                                    know; -EINVAL where the port knows none
 *   goro_pollq_*                     poll(2)'s waiters of a channel
 *   goro_count(id)                   see stats.h
 */
#ifndef _GORO_CORE_PORT_H
#define _GORO_CORE_PORT_H

#ifdef __KERNEL__
#include "../sched/port_kernel.h"
#else
#include "port_user.h"
#endif

#endif /* _GORO_CORE_PORT_H */
