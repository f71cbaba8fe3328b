/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * libgoro-user: channels and goroutines of the kernel, for C and C++ programs.
 *
 *	int dev = goro_dev_open();
 *	int c = goro_kchan_make(dev, sizeof(int), 8, 0);
 *	int v = 42;
 *
 *	goro_kchan_send(c, &v);
 *	goro_kchan_recv(c, &v);
 *
 * Thin wrappers: one call each of the ABI in <linux/goro.h>, which says what it
 * does. Every call returns 0 or a positive value, or -errno; errno itself is
 * never touched. Everything is a file descriptor, for close(2), poll(2), read(2)
 * and write(2); all are close-on-exec. All calls are thread-safe.
 *
 * Deadlines are absolute, CLOCK_MONOTONIC, in ns: GORO_NOW does not block
 * (-EAGAIN), GORO_FOREVER has none; goro_in(ns) makes one. -ETIMEDOUT: it passed.
 * -EINTR: a signal handler without SA_RESTART ran.
 */
#ifndef GORO_H
#define GORO_H

#include <stddef.h>
#include <stdint.h>
#include <linux/goro.h>

#ifdef __cplusplus
extern "C" {
#endif

/* CLOCK_MONOTONIC now, in ns; and the deadline that is so many ns from now */
uint64_t goro_now(void);
uint64_t goro_in(uint64_t ns);

/* ---- the device: goro_dev(3) ----------------------------------------- */

/* open /dev/goro: its fd, or what open(2) says */
int goro_dev_open(void);
int goro_dev_query(int dev, struct goro_query *q);
int goro_dev_stats(int dev, struct goro_stats *s);
/* what the caller's user is charged for */
int goro_dev_usage(int dev, struct goro_usage *u);
/* CPU time of the tasks that were started through dev, and a cap for it */
int goro_dev_cpu_stat(int dev, struct goro_cpu_stat *s);
int goro_dev_cpu_max(int dev, uint64_t quota_ns, uint64_t period_ns);

/* ---- channels: goro_kchan(3) ----------------------------------------- */

/* Go: make(chan T, cap). flags: GORO_FD_NONBLOCK. Returns the channel's fd */
int goro_kchan_make(int dev, uint32_t elem, uint64_t cap, uint32_t flags);

/* Go: c <- v. 0, -EPIPE (closed) */
int goro_kchan_send(int c, const void *v);
int goro_kchan_send_until(int c, const void *v, uint64_t deadline);
/* n elements: how many were sent */
int goro_kchan_sendn(int c, const void *v, uint32_t n, uint64_t deadline);

/* Go: v, ok = <-c. 1 with an element; 0 closed and drained, v is zeroed */
int goro_kchan_recv(int c, void *v);
int goro_kchan_recv_until(int c, void *v, uint64_t deadline);
/* up to n elements: how many; waits for the first only, but for GORO_RECV_ALL */
int goro_kchan_recvn(int c, void *v, uint32_t n, uint32_t flags, uint64_t deadline);

/* Go: close(c). 0, -EBADFD (was closed). Not close(2), which frees the fd */
int goro_kchan_close(int c);
int goro_kchan_info(int c, struct goro_chan_info *info);

/* ---- tasks: goro_ktask(3) -------------------------------------------- */

/* Go: go cls(arg, chans...) as a goroutine of the kernel. Returns the task's fd */
int goro_ktask_spawn(int dev, const char *cls, const void *arg, uint32_t arg_len,
		     const int *chans, uint32_t n_chans);
/* wait for the end: 0, and the task's result in *result (which may be NULL) */
int goro_ktask_wait(int t, int *result, uint64_t deadline);
int goro_ktask_cancel(int t);
int goro_ktask_info(int t, struct goro_task_info *info);
/* the same, cancelled when ctx is done; -ECANCELED, -ETIMEDOUT: it is already */
int goro_ktask_spawn_ctx(int ctx, int dev, const char *cls, const void *arg, uint32_t arg_len,
			 const int *chans, uint32_t n_chans);

/* ---- select: goro_kselect(3) ----------------------------------------- */

/*
 * Go: select. any: /dev/goro, or any channel, timer or context. The index of the
 * case that was done, with its result; GORO_NOW is Go's default: -EAGAIN
 */
int goro_kselect(int any, struct goro_select_case *cases, uint32_t n, uint64_t deadline);

/* a case: v has len bytes, those of an element. c -1: it is never chosen */
static inline struct goro_select_case goro_kselect_send(int c, const void *v, uint32_t len)
{
	struct goro_select_case s = { c, GORO_SELECT_SEND, (uintptr_t)v, len, 0 };

	return s;
}

/* v NULL and len 0: the element is dropped */
static inline struct goro_select_case goro_kselect_recv(int c, void *v, uint32_t len)
{
	struct goro_select_case s = { c, GORO_SELECT_RECV, (uintptr_t)v, len, 0 };

	return s;
}

/* ---- timers: goro_ktimer(3) ------------------------------------------ */

/*
 * Go: time.NewTimer, time.NewTicker. Returns the fd: a channel that the time, a
 * uint64_t, is sent to. A timer has a deadline (GORO_FOREVER: not set), a ticker a
 * period in ns. flags: GORO_FD_NONBLOCK
 */
int goro_ktimer_make(int dev, uint64_t deadline, uint32_t flags);
int goro_kticker_make(int dev, uint64_t period, uint32_t flags);
/* 1: it was running, 0: it was not; nothing that was sent before is received */
int goro_ktimer_reset(int t, uint64_t deadline);
int goro_ktimer_stop(int t);
int goro_kticker_reset(int t, uint64_t period);
int goro_kticker_stop(int t);

/* ---- contexts: goro_kctx(3) ------------------------------------------ */

/* Go: context.WithDeadline(parent, deadline). parent -1: none. Returns the fd */
int goro_kctx_make(int dev, int parent, uint64_t deadline);
/* Go: cancel(cause). cause: a negative errno; 0 is -ECANCELED */
int goro_kctx_cancel(int ctx, int cause);
/* Go: ctx.Err(). 0, or -ECANCELED, -ETIMEDOUT: it is done */
int goro_kctx_err(int ctx);
/* Go: <-ctx.Done(). 0 when it is done; -ETIMEDOUT is the wait's own deadline */
int goro_kctx_wait(int ctx, uint64_t deadline);
int goro_kctx_info(int ctx, struct goro_ctx_info *info);

/* ---- groups of tasks: goro_kgroup(3) --------------------------------- */

/* Go: errgroup.WithContext(parent), SetLimit(limit). parent -1, limit 0: none */
int goro_kgroup_make(int dev, int parent, uint32_t limit);
/* Go: g.Go(). Waits for a place until deadline. Returns the task's fd */
int goro_kgroup_spawn(int g, int dev, const char *cls, const void *arg, uint32_t arg_len,
		      const int *chans, uint32_t n_chans, uint64_t deadline);
/* the same, the task without an fd: 0 */
int goro_kgroup_go(int g, int dev, const char *cls, const void *arg, uint32_t arg_len,
		   const int *chans, uint32_t n_chans, uint64_t deadline);
/* Go: g.Wait(). 0 when no task is left, and the first negative result in *result */
int goro_kgroup_wait(int g, int *result, uint64_t deadline);
int goro_kgroup_cancel(int g, int cause);
int goro_kgroup_info(int g, struct goro_group_info *info);

#ifdef __cplusplus
}
#endif

#endif /* GORO_H */
