/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * goro: timers and tickers, as Go's time.Timer and time.Ticker. Part of
 * goro.h, which says what contexts, deadlines and results are; include that.
 *
 * A timer has a channel (goro_timer_chan()) of 8-byte elements: the u64 that is
 * received is the moment at which it fired, CLOCK_MONOTONIC ns, never before
 * the moment it was set for. What can be received was sent by the setting that
 * is in force: once goro_timer_stop(), _reset() or _set() has returned, nothing
 * of an earlier one is received any more (as since Go 1.23). To the eye the
 * channel is unbuffered, goro_chan_len() and _cap() are 0; but a timer does not
 * wait for its receiver: one element is kept. A ticker whose element is kept
 * does not fire until it has been received, so ticks do not pile up and one
 * that nobody receives costs nothing; the next comes at its next multiple.
 * It can only be received from: sending to it, and closing it, is -EINVAL.
 *
 * A timer and its channel are one object with one count of references:
 * goro_timer_get() and _put(), and goro_chan_get() and _put() of its channel, are
 * the same. As long as there is one the timer fires; when the last is dropped it
 * is stopped and freed (Go: the garbage collector does it).
 *
 * To give a wait an end no timer is needed. These take a deadline, absolute ns:
 *
 *   waits for           call
 *   time                goro_sleep_until
 *   a channel           goro_chan_send_until, goro_chan_recv_until
 *   several             goro_select_until
 *   a WaitGroup, group  goro_wg_wait_until, goro_group_wait_until
 *   a lock              goro_mutex_lock_until, goro_rwmutex_lock_until, _rlock_until,
 *                       goro_sema_acquire_until, goro_cond_wait_until
 *   a wait queue        goro_wait_event_until, _nocancel_until, _exclusive_until
 *   a completion        goro_wait_for_completion_until
 *   readiness           goro_poll, goro_poll_sock
 *   a socket            goro_sock_accept, _connect, _recv, _recvmsg, _send, _sendmsg,
 *                       goro_sendfile
 *   a file              goro_file_read, _write, _fsync
 */
#ifndef _GORO_TIME_H
#define _GORO_TIME_H

#include <goro/types.h>

/* a ticker's longest period */
#define GORO_PERIOD_MAX	((u64)S64_MAX)

/**
 * goro_timer_make - make a timer that fires once (Go: time.NewTimer)
 * @ns: how long from now; 0: at once; GORO_FOREVER: not before it is set anew
 *
 * Memory is charged to the caller's memory cgroup.
 * Context: may sleep.
 * Return: the timer (one reference), ERR_PTR(-ENOMEM).
 */
struct goro_timer *goro_timer_make(u64 ns);

/**
 * goro_ticker_make - make a timer that fires again and again (Go: time.NewTicker)
 * @ns: its period, 1..GORO_PERIOD_MAX; the first tick comes after one
 *
 * Context: may sleep.
 * Return: as goro_timer_make(), and ERR_PTR(-EINVAL) for the period (WARN_ONCE:
 * Go panics).
 */
struct goro_timer *goro_ticker_make(u64 ns);

struct goro_timer *__goro_timer_func(u64 ns, void (*fn)(void *arg), void *arg,
				     struct module *owner);

/**
 * goro_timer_func - start a goroutine later (Go: time.AfterFunc)
 * @ns: how long from now; 0: at once
 * @fn: its function; it runs as a goroutine of its own
 * @arg: its argument
 *
 * While it is set the timer pins the calling module (rmmod says busy), then the
 * goroutine does, as one of goro_go(). goro_timer_stop() tells whether @fn was
 * kept from being started; it does not wait for one that was. Where there is no
 * memory at once for the goroutine it is tried again a little later.
 *
 * Context: may sleep.
 * Return: the timer (one reference; dropping the last one stops it), which has no
 * channel; ERR_PTR(-ENOMEM).
 */
#define goro_timer_func(ns, fn, arg) \
	__goro_timer_func(ns, fn, arg, THIS_MODULE)

/**
 * goro_timer_chan - a timer's channel (Go: t.C)
 * @t: the timer
 *
 * The reference stays the timer's: whoever keeps the channel for longer than
 * it has the timer takes one with goro_chan_get().
 * Context: any.
 * Return: the channel; NULL for goro_timer_func()'s, and for no timer.
 */
struct goro_chan *goro_timer_chan(const struct goro_timer *t);

/**
 * goro_timer_stop - keep a timer from firing (Go: Timer.Stop, Ticker.Stop)
 * @t: the timer
 *
 * When this has returned nothing is received from its channel until it is set
 * anew; that stays open, so who waits for it goes on waiting.
 *
 * Context: any but NMI.
 * Return: 1 it was stopped: nothing of the setting was received, or @fn not
 * started, nor will be; a ticker that was set, always; 0 that has happened, or it
 * was not set; -EINVAL (NULL; WARN_ONCE).
 */
int goro_timer_stop(struct goro_timer *t);

/**
 * goro_timer_reset - set a timer anew (Go: Timer.Reset, Ticker.Reset)
 * @t: the timer
 * @ns: how long from now, or a ticker's new period, as in goro_timer_make() and
 *	goro_ticker_make()
 *
 * Context: any but NMI.
 * Return: as goro_timer_stop() of the setting that was; -EINVAL for a ticker's
 * period (WARN_ONCE), which stays as it was.
 */
int goro_timer_reset(struct goro_timer *t, u64 ns);

/**
 * goro_timer_set - set a timer anew, from an absolute time
 * @t: the timer
 * @at: when it fires first, CLOCK_MONOTONIC ns; if that has passed, at once;
 *	GORO_FOREVER: never
 * @period: 0: it fires once; else it is a ticker's from then on
 *
 * Context: any but NMI.
 * Return: as goro_timer_stop() of the setting that was; -EINVAL for a period
 * above GORO_PERIOD_MAX, or any of goro_timer_func()'s timer, and nothing changes.
 */
int goro_timer_set(struct goro_timer *t, u64 at, u64 period);

/**
 * goro_timer_get - take a reference to a timer
 * @t: a timer that the caller has, or NULL
 *
 * Context: any.
 * Return: @t.
 */
struct goro_timer *goro_timer_get(struct goro_timer *t);

/**
 * goro_timer_put - drop a reference to a timer; the last one stops and frees it
 * @t: the timer, or NULL
 *
 * Context: any but NMI.
 */
void goro_timer_put(struct goro_timer *t);

/**
 * goro_after - a channel that gets the time, once, later (Go: time.After)
 * @ns: how long from now
 *
 * goro_chan_put() of the last reference stops and frees the timer with it, fired
 * or not. A single wait is shorter, and quicker, by goro_chan_recv_until() and
 * the other calls that take a deadline.
 * Context: may sleep.
 * Return: the channel (one reference), ERR_PTR(-ENOMEM).
 */
struct goro_chan *goro_after(u64 ns);

/**
 * goro_tick - a channel that gets the time again and again (Go: time.Tick)
 * @ns: the period, 1..GORO_PERIOD_MAX
 *
 * As goro_after(), of a ticker.
 * Context: may sleep.
 * Return: the channel (one reference), ERR_PTR(-ENOMEM); NULL, the channel that
 * blocks for ever, for a period out of range, as Go's.
 */
struct goro_chan *goro_tick(u64 ns);

#endif /* _GORO_TIME_H */
