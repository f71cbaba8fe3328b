/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * goro: what Go's package sync has: Mutex, RWMutex, Once, Cond, WaitGroup, and
 * a weighted Semaphore. Part of goro.h, which says what contexts, deadlines and
 * results are; include that.
 *
 * Whoever has to wait parks, if it is a goroutine, and its M runs others. So
 * unlike the kernel's mutexes these may be held across whatever parks, and be
 * unlocked by another goroutine or thread than has locked them.
 *
 * An object may be freed by who has locked it last and has unlocked it since,
 * at once, whatever the unlock of the one before is still doing: an unlock
 * touches nothing of the object once another may own it.
 *
 * Where the kernel has CONFIG_DEBUG_MUTEXES every object knows its owner, and
 * its own address: recursive locking is refused (-EDEADLK), unlocking by who
 * has not locked (-EPERM), and using a copy, or what was never initialised
 * (-EINVAL). All misuse warns, once, with the names of who did it, of the owner,
 * and of where they were started.
 *
 * The atomics of Go's sync/atomic are the kernel's: atomic_t, cmpxchg().
 */
#ifndef _GORO_SYNC_H
#define _GORO_SYNC_H

#include <goro/types.h>

#ifdef CONFIG_DEBUG_MUTEXES
#define GORO_SYNC_DEBUG 1
#endif

/*
 * Who: a goroutine or a thread, by value, as it may have ended since. What is
 * printed of it (%ps) may lie in a module that is gone.
 */
struct goro_who {
	u64 id;			/* a goroutine's number, or GORO_WHO_THREAD | PID; 0: nobody */
	unsigned long fn;	/* its function */
	unsigned long where;	/* who started it */
	char name[16];
};

#define GORO_WHO_THREAD	(1ULL << 63)

#ifdef GORO_SYNC_DEBUG
struct goro_sync_debug {
	const void *self;	/* C: the object; in a copy it is another's */
	struct goro_who owner;	/* the owner; id is read by others */
};
#define GORO_SYNC_DEBUG_FIELD	struct goro_sync_debug debug
#define GORO_SYNC_DEBUG_INIT(x)	.debug = { .self = &(x) },
#else
#define GORO_SYNC_DEBUG_FIELD
#define GORO_SYNC_DEBUG_INIT(x)
#endif

/* ---- Mutex ----------------------------------------------------------- */

/* goro_mutex.state */
#define GORO_MUTEX_LOCKED	1
#define GORO_MUTEX_WAITERS	2	/* the list may not be empty */
#define GORO_MUTEX_WOKEN	4	/* one that waited is awake and tries to get it */
#define GORO_MUTEX_STARVING	8	/* it is handed on to the first who waits */

/*
 * A: by cmpxchg; WAITERS and STARVING are set with L held, see core/mutex.c.
 * L: lock.
 */
struct goro_mutex {
	atomic_t state;			/* A: GORO_MUTEX_*; 0 is free */
	goro_lock_t lock;
	struct list_head waiters;	/* L: sudogs, who gets it first stands first */
	GORO_SYNC_DEBUG_FIELD;
};

/* for static storage; elsewhere goro_mutex_init() */
#define GORO_MUTEX_INIT(x) {						\
	.state = ATOMIC_INIT(0),					\
	.lock = GORO_LOCK_INIT((x).lock),				\
	.waiters = LIST_HEAD_INIT((x).waiters),				\
	GORO_SYNC_DEBUG_INIT(x)						\
}
#define DEFINE_GORO_MUTEX(x)	struct goro_mutex x = GORO_MUTEX_INIT(x)

int __goro_mutex_lock(struct goro_mutex *m, u64 deadline, bool nocancel);
int __goro_mutex_unlock(struct goro_mutex *m);

/**
 * goro_mutex_init - make a mutex that nobody holds
 * @m: memory of the caller's
 *
 * GORO_MUTEX_INIT(m) and DEFINE_GORO_MUTEX(m) do it for static storage. There is
 * nothing to be undone.
 * Context: any.
 */
void goro_mutex_init(struct goro_mutex *m);

/* what needs nobody's help: one cmpxchg */
static __always_inline bool __goro_mutex_try_fast(struct goro_mutex *m)
{
#ifdef GORO_SYNC_DEBUG
	return false;
#else
	int free = 0;

	return likely(atomic_try_cmpxchg_acquire(&m->state, &free, GORO_MUTEX_LOCKED));
#endif
}

/**
 * goro_mutex_lock_until - goro_mutex_lock() with a deadline
 * @m: the mutex
 * @deadline: absolute ns
 *
 * Context: parks a goroutine, a thread sleeps.
 * Return: as goro_mutex_lock(), and -ETIMEDOUT; with GORO_NOW -EAGAIN.
 */
static inline int __must_check goro_mutex_lock_until(struct goro_mutex *m, u64 deadline)
{
	return __goro_mutex_try_fast(m) ? 0 : __goro_mutex_lock(m, deadline, false);
}

/**
 * goro_mutex_lock - lock a mutex (Go: Mutex.Lock)
 * @m: the mutex
 *
 * First come first served, but for who finds it free: it need not wait. A waiter
 * that has waited for 1 ms gets it by hand, and so do those behind it, until one
 * of them has waited less or is the last (Go's starvation mode).
 *
 * A goroutine that is cancelled gets a mutex for which it need not wait.
 * Context: parks a goroutine, a thread sleeps.
 * Return: 0 with the mutex; -ECANCELED, -EINTR (thread) without; -EDEADLK where
 * the caller has it (CONFIG_DEBUG_MUTEXES; a deadlock elsewhere).
 */
static inline int __must_check goro_mutex_lock(struct goro_mutex *m)
{
	return goro_mutex_lock_until(m, GORO_FOREVER);
}

/**
 * goro_mutex_lock_nocancel - lock a mutex, come what may
 * @m: the mutex
 *
 * Neither a cancel nor a signal ends the wait: for clearing up.
 * Context: parks a goroutine, a thread sleeps.
 * Return: 0; only misuse (see goro_mutex_lock()) is an error.
 */
static inline int goro_mutex_lock_nocancel(struct goro_mutex *m)
{
	return __goro_mutex_try_fast(m) ? 0 : __goro_mutex_lock(m, GORO_FOREVER, true);
}

/**
 * goro_mutex_try_lock - lock a mutex if that need not wait (Go: Mutex.TryLock)
 * @m: the mutex
 *
 * Context: a goroutine or other process context.
 * Return: 0 with the mutex, -EAGAIN without.
 */
static inline int __must_check goro_mutex_try_lock(struct goro_mutex *m)
{
	return goro_mutex_lock_until(m, GORO_NOW);
}

/**
 * goro_mutex_unlock - unlock a mutex (Go: Mutex.Unlock)
 * @m: the mutex; who gets it next may free it, also before this returns
 *
 * Context: a goroutine or other process context; does not sleep.
 * Return: 0; -EPERM where it is not locked, or (CONFIG_DEBUG_MUTEXES) not by the
 * caller, which Go allows: WARN_ONCE, nothing changes.
 */
static inline int goro_mutex_unlock(struct goro_mutex *m)
{
#ifndef GORO_SYNC_DEBUG
	int locked = GORO_MUTEX_LOCKED;

	if (likely(atomic_try_cmpxchg_release(&m->state, &locked, 0)))
		return 0;
#endif
	return __goro_mutex_unlock(m);
}

/**
 * goro_mutex_is_locked - is it locked, by whomever?
 * @m: the mutex
 *
 * Context: any.
 * Return: true if it was, at one moment.
 */
static inline bool goro_mutex_is_locked(const struct goro_mutex *m)
{
	return atomic_read(&m->state) & GORO_MUTEX_LOCKED;
}

/* ---- RWMutex --------------------------------------------------------- */

/* L: lock. Who waits is given it by who unlocks: n counts it from then on. */
struct goro_rwmutex {
	goro_lock_t lock;
	long n;				/* L: readers that hold it; -1: a writer does */
	struct list_head readers;	/* L: sudogs */
	struct list_head writers;	/* L: sudogs, first come first served */
	GORO_SYNC_DEBUG_FIELD;
};

/* for static storage; elsewhere goro_rwmutex_init() */
#define GORO_RWMUTEX_INIT(x) {						\
	.lock = GORO_LOCK_INIT((x).lock),				\
	.readers = LIST_HEAD_INIT((x).readers),				\
	.writers = LIST_HEAD_INIT((x).writers),				\
	GORO_SYNC_DEBUG_INIT(x)						\
}
#define DEFINE_GORO_RWMUTEX(x)	struct goro_rwmutex x = GORO_RWMUTEX_INIT(x)

int __goro_rwmutex_rlock(struct goro_rwmutex *rw, u64 deadline, bool nocancel);
int __goro_rwmutex_lock(struct goro_rwmutex *rw, u64 deadline, bool nocancel);

/**
 * goro_rwmutex_init - make an RWMutex that nobody holds
 * @rw: memory of the caller's
 *
 * GORO_RWMUTEX_INIT(rw) and DEFINE_GORO_RWMUTEX(rw) do it for static storage.
 * There is nothing to be undone.
 * Context: any.
 */
void goro_rwmutex_init(struct goro_rwmutex *rw);

/**
 * goro_rwmutex_rlock_until - goro_rwmutex_rlock() with a deadline
 * @rw: the RWMutex
 * @deadline: absolute ns
 *
 * Context: parks a goroutine, a thread sleeps.
 * Return: as goro_rwmutex_rlock(), and -ETIMEDOUT; with GORO_NOW -EAGAIN.
 */
static inline int __must_check goro_rwmutex_rlock_until(struct goro_rwmutex *rw, u64 deadline)
{
	return __goro_rwmutex_rlock(rw, deadline, false);
}

/**
 * goro_rwmutex_rlock - lock for reading (Go: RWMutex.RLock)
 * @rw: the RWMutex
 *
 * Waits while a writer holds it or waits for it, so writers get their turn. That
 * is why who reads may not lock it for reading once more: a writer may have come
 * in between, and both would wait for ever.
 * Context: parks a goroutine, a thread sleeps.
 * Return: 0 with the lock; -ECANCELED, -EINTR (thread) without; -EDEADLK where the
 * caller holds it for writing (CONFIG_DEBUG_MUTEXES; a deadlock elsewhere).
 */
static inline int __must_check goro_rwmutex_rlock(struct goro_rwmutex *rw)
{
	return goro_rwmutex_rlock_until(rw, GORO_FOREVER);
}

/**
 * goro_rwmutex_rlock_nocancel - lock for reading, come what may
 * @rw: the RWMutex
 *
 * Context: parks a goroutine, a thread sleeps; no cancel or signal ends it.
 * Return: 0; only misuse is an error.
 */
static inline int goro_rwmutex_rlock_nocancel(struct goro_rwmutex *rw)
{
	return __goro_rwmutex_rlock(rw, GORO_FOREVER, true);
}

/**
 * goro_rwmutex_try_rlock - lock for reading if that need not wait (Go: RWMutex.TryRLock)
 * @rw: the RWMutex
 *
 * Context: a goroutine or other process context.
 * Return: 0 with the lock, -EAGAIN without.
 */
static inline int __must_check goro_rwmutex_try_rlock(struct goro_rwmutex *rw)
{
	return goro_rwmutex_rlock_until(rw, GORO_NOW);
}

/**
 * goro_rwmutex_runlock - undo a lock for reading (Go: RWMutex.RUnlock)
 * @rw: the RWMutex; a writer that gets it may free it at once
 *
 * Context: a goroutine or other process context; does not sleep.
 * Return: 0; -EPERM where nobody holds it for reading (WARN_ONCE).
 */
int goro_rwmutex_runlock(struct goro_rwmutex *rw);

/**
 * goro_rwmutex_lock_until - goro_rwmutex_lock() with a deadline
 * @rw: the RWMutex
 * @deadline: absolute ns
 *
 * Context: parks a goroutine, a thread sleeps.
 * Return: as goro_rwmutex_lock(), and -ETIMEDOUT; with GORO_NOW -EAGAIN.
 */
static inline int __must_check goro_rwmutex_lock_until(struct goro_rwmutex *rw, u64 deadline)
{
	return __goro_rwmutex_lock(rw, deadline, false);
}

/**
 * goro_rwmutex_lock - lock for writing (Go: RWMutex.Lock)
 * @rw: the RWMutex
 *
 * Writers get it in the order in which they came. While one waits no new reader
 * gets it.
 * Context: parks a goroutine, a thread sleeps.
 * Return: 0 with the lock; -ECANCELED, -EINTR (thread) without; -EDEADLK where the
 * caller holds it for writing (CONFIG_DEBUG_MUTEXES; a deadlock elsewhere).
 */
static inline int __must_check goro_rwmutex_lock(struct goro_rwmutex *rw)
{
	return goro_rwmutex_lock_until(rw, GORO_FOREVER);
}

/**
 * goro_rwmutex_lock_nocancel - lock for writing, come what may
 * @rw: the RWMutex
 *
 * Context: parks a goroutine, a thread sleeps; no cancel or signal ends it.
 * Return: 0; only misuse is an error.
 */
static inline int goro_rwmutex_lock_nocancel(struct goro_rwmutex *rw)
{
	return __goro_rwmutex_lock(rw, GORO_FOREVER, true);
}

/**
 * goro_rwmutex_try_lock - lock for writing if that need not wait (Go: RWMutex.TryLock)
 * @rw: the RWMutex
 *
 * Context: a goroutine or other process context.
 * Return: 0 with the lock, -EAGAIN without.
 */
static inline int __must_check goro_rwmutex_try_lock(struct goro_rwmutex *rw)
{
	return goro_rwmutex_lock_until(rw, GORO_NOW);
}

/**
 * goro_rwmutex_unlock - undo a lock for writing (Go: RWMutex.Unlock)
 * @rw: the RWMutex; who gets it next may free it at once
 *
 * All readers that wait get it, or, if there are none, the first writer.
 * Context: a goroutine or other process context; does not sleep.
 * Return: 0; -EPERM where nobody holds it for writing, or (CONFIG_DEBUG_MUTEXES)
 * not the caller (WARN_ONCE, nothing changes).
 */
int goro_rwmutex_unlock(struct goro_rwmutex *rw);

/* ---- Once ------------------------------------------------------------ */

/* L: lock */
struct goro_once {
	goro_lock_t lock;
	int done;			/* L; set with release: read without it */
	int result;			/* L, before done */
	u64 runner;			/* L: whose call runs fn; 0: nobody's */
	struct list_head waiters;	/* L: sudogs */
	GORO_SYNC_DEBUG_FIELD;
};

/* for static storage; elsewhere goro_once_init() */
#define GORO_ONCE_INIT(x) {						\
	.lock = GORO_LOCK_INIT((x).lock),				\
	.waiters = LIST_HEAD_INIT((x).waiters),				\
	GORO_SYNC_DEBUG_INIT(x)						\
}
#define DEFINE_GORO_ONCE(x)	struct goro_once x = GORO_ONCE_INIT(x)

int __goro_once(struct goro_once *once, goro_fn_t fn, goro_err_fn_t err_fn, void *arg,
		u64 deadline);
/* for the inlines: who sees it sees what fn wrote */
static inline bool __goro_once_done(const struct goro_once *once)
{
	return likely(smp_load_acquire(&once->done));	/* with over() in core/once.c */
}

/**
 * goro_once_init - make a Once that has not run
 * @once: memory of the caller's
 *
 * GORO_ONCE_INIT(once) and DEFINE_GORO_ONCE(once) do it for static storage. There
 * is nothing to be undone.
 * Context: any.
 */
void goro_once_init(struct goro_once *once);

/**
 * goro_once_do_until - goro_once_do() with a deadline for who waits
 * @once: the Once
 * @fn: the function
 * @arg: its argument
 * @deadline: absolute ns; for waiting only: the call that runs @fn has none
 *
 * Context: parks a goroutine, a thread sleeps, where @fn runs elsewhere.
 * Return: as goro_once_do(), and -ETIMEDOUT; with GORO_NOW -EAGAIN.
 */
static inline int goro_once_do_until(struct goro_once *once, goro_fn_t fn, void *arg,
				     u64 deadline)
{
	if (__goro_once_done(once))
		return 0;
	return __goro_once(once, fn, NULL, arg, deadline);
}

/**
 * goro_once_do - run a function once (Go: Once.Do)
 * @once: the Once
 * @fn: the function; of all calls the first one's runs, in its caller's context
 * @arg: its argument
 *
 * All others wait until it has returned, whatever they were to run. A function
 * that ends its goroutine by goro_exit() has run.
 * Context: parks a goroutine, a thread sleeps, where @fn runs elsewhere.
 * Return: 0 and @fn has run, here or elsewhere; -ECANCELED, -EINTR (thread) if the
 * wait for it was ended; -EDEADLK where @fn itself calls this (WARN_ONCE).
 */
static inline int goro_once_do(struct goro_once *once, goro_fn_t fn, void *arg)
{
	return goro_once_do_until(once, fn, arg, GORO_FOREVER);
}

/**
 * goro_once_call - run a function once, for its result (Go: sync.OnceValue)
 * @once: the Once, used with this call only
 * @fn: the function; its result is 0 or more, or a negative errno
 * @arg: its argument
 *
 * As goro_once_do(); each call gets the result of the one that ran. Go's OnceFunc
 * is a Once with a function; OnceValues' second value is what @fn leaves in @arg.
 * Context: as goro_once_do().
 * Return: what @fn returned; -ENODATA where it ended by goro_exit(); else as
 * goro_once_do().
 */
static inline int goro_once_call(struct goro_once *once, goro_err_fn_t fn, void *arg)
{
	if (__goro_once_done(once))
		return once->result;
	return __goro_once(once, NULL, fn, arg, GORO_FOREVER);
}

/* ---- Cond ------------------------------------------------------------ */

/* L: lock */
struct goro_cond {
	goro_lock_t lock;
	struct list_head waiters;	/* L: sudogs, first come first served */
	GORO_SYNC_DEBUG_FIELD;
};

/* for static storage; elsewhere goro_cond_init() */
#define GORO_COND_INIT(x) {						\
	.lock = GORO_LOCK_INIT((x).lock),				\
	.waiters = LIST_HEAD_INIT((x).waiters),				\
	GORO_SYNC_DEBUG_INIT(x)						\
}
#define DEFINE_GORO_COND(x)	struct goro_cond x = GORO_COND_INIT(x)

/**
 * goro_cond_init - make a condition variable (Go: sync.NewCond)
 * @c: memory of the caller's
 *
 * GORO_COND_INIT(c) and DEFINE_GORO_COND(c) do it for static storage. There is
 * nothing to be undone.
 * Context: any.
 */
void goro_cond_init(struct goro_cond *c);

/**
 * goro_cond_wait_until - goro_cond_wait() with a deadline
 * @c: the condition variable
 * @m: a mutex that the caller holds
 * @deadline: absolute ns; for being woken, not for locking @m again
 *
 * Context: parks a goroutine, a thread sleeps.
 * Return: as goro_cond_wait(), and -ETIMEDOUT; with GORO_NOW -EAGAIN, at once, and
 * @m has not been unlocked.
 */
int goro_cond_wait_until(struct goro_cond *c, struct goro_mutex *m, u64 deadline);

/**
 * goro_cond_wait - unlock a mutex, wait to be woken, lock it again (Go: Cond.Wait)
 * @c: the condition variable
 * @m: a mutex that the caller holds
 *
 * Who signals after @m was unlocked wakes this wait or one that came before it.
 * The caller has @m again when this returns, whatever it returns; as others may
 * have had it meanwhile it looks at its condition again, in a loop. A wait that
 * was ended otherwise takes no signal away from others.
 * Context: parks a goroutine, a thread sleeps.
 * Return: 0 (woken), -ECANCELED, -EINTR (thread); -EPERM where @m is not locked,
 * or (CONFIG_DEBUG_MUTEXES) not by the caller (WARN_ONCE, no wait).
 */
static inline int goro_cond_wait(struct goro_cond *c, struct goro_mutex *m)
{
	return goro_cond_wait_until(c, m, GORO_FOREVER);
}

/**
 * goro_cond_signal - wake the one that has waited longest (Go: Cond.Signal)
 * @c: the condition variable; who is woken may free it at once
 *
 * The mutex may be held, and need not.
 * Context: a goroutine or other process context; does not sleep.
 * Return: how many were woken: 1 or 0.
 */
int goro_cond_signal(struct goro_cond *c);

/**
 * goro_cond_broadcast - wake all that wait (Go: Cond.Broadcast)
 * @c: the condition variable; who is woken may free it at once
 *
 * Context: a goroutine or other process context; does not sleep.
 * Return: how many were woken.
 */
int goro_cond_broadcast(struct goro_cond *c);

/* ---- Semaphore ------------------------------------------------------- */

/* L: lock. Who waits is given its share by who releases. */
struct goro_sema {
	goro_lock_t lock;
	long size;			/* C */
	long held;			/* L: 0..size */
	struct list_head waiters;	/* L: sudogs, first come first served; elem: long wanted */
	GORO_SYNC_DEBUG_FIELD;
};

/* for static storage; elsewhere goro_sema_init() */
#define GORO_SEMA_INIT(x, n) {						\
	.lock = GORO_LOCK_INIT((x).lock),				\
	.size = (n),							\
	.waiters = LIST_HEAD_INIT((x).waiters),				\
	GORO_SYNC_DEBUG_INIT(x)						\
}
#define DEFINE_GORO_SEMA(x, n)	struct goro_sema x = GORO_SEMA_INIT(x, n)

int __goro_sema_acquire(struct goro_sema *s, long n, u64 deadline, bool nocancel);

/**
 * goro_sema_init - make a semaphore (Go: x/sync semaphore.NewWeighted)
 * @s: memory of the caller's
 * @size: how much can be held at a time, 0 or more
 *
 * GORO_SEMA_INIT(s, size) and DEFINE_GORO_SEMA(s, size) do it for static storage.
 * There is nothing to be undone.
 * Context: any.
 */
void goro_sema_init(struct goro_sema *s, long size);

/**
 * goro_sema_acquire_until - goro_sema_acquire() with a deadline
 * @s: the semaphore
 * @n: how much
 * @deadline: absolute ns
 *
 * Context: parks a goroutine, a thread sleeps.
 * Return: as goro_sema_acquire(), and -ETIMEDOUT; with GORO_NOW -EAGAIN.
 */
static inline int __must_check goro_sema_acquire_until(struct goro_sema *s, long n, u64 deadline)
{
	return __goro_sema_acquire(s, n, deadline, false);
}

/**
 * goro_sema_acquire - take a share (Go: semaphore.Weighted.Acquire)
 * @s: the semaphore
 * @n: how much, 0 or more
 *
 * First come first served: nobody, however little it wants, passes one that
 * waits for more than there is.
 * Context: parks a goroutine, a thread sleeps.
 * Return: 0 with the share; -ECANCELED, -EINTR (thread) without; -EINVAL where @n
 * is negative, or more than there can ever be (Go waits for its context's end).
 */
static inline int __must_check goro_sema_acquire(struct goro_sema *s, long n)
{
	return goro_sema_acquire_until(s, n, GORO_FOREVER);
}

/**
 * goro_sema_acquire_nocancel - take a share, come what may
 * @s: the semaphore
 * @n: how much
 *
 * Context: parks a goroutine, a thread sleeps; no cancel or signal ends it.
 * Return: 0; only misuse is an error.
 */
static inline int goro_sema_acquire_nocancel(struct goro_sema *s, long n)
{
	return __goro_sema_acquire(s, n, GORO_FOREVER, true);
}

/**
 * goro_sema_try_acquire - take a share that is there (Go: semaphore.Weighted.TryAcquire)
 * @s: the semaphore
 * @n: how much
 *
 * Context: a goroutine or other process context.
 * Return: 0 with the share, -EAGAIN without; -EINVAL as goro_sema_acquire().
 */
static inline int __must_check goro_sema_try_acquire(struct goro_sema *s, long n)
{
	return goro_sema_acquire_until(s, n, GORO_NOW);
}

/**
 * goro_sema_release - give a share back (Go: semaphore.Weighted.Release)
 * @s: the semaphore; who gets something of it may free it at once
 * @n: how much
 *
 * Context: a goroutine or other process context; does not sleep.
 * Return: 0; -EINVAL where less is held, or @n is negative (WARN_ONCE, nothing
 * changes).
 */
int goro_sema_release(struct goro_sema *s, long n);

/* ---- WaitGroup ------------------------------------------------------- */

/*
 * L: lock. The last done() touches nothing after it dropped the lock; a waiter
 * that was woken takes the lock once more.
 */
struct goro_wg {
	goro_lock_t lock;
	u32 leaving;			/* L: woken, and have not returned */
	long n;				/* L */
	struct list_head waiters;	/* L: sudogs */
	GORO_SYNC_DEBUG_FIELD;
};

/**
 * goro_wg_init - make a WaitGroup whose count is 0
 * @wg: memory of the caller's
 *
 * Context: any. There is nothing to be undone.
 */
void goro_wg_init(struct goro_wg *wg);

/**
 * goro_wg_add - add to the count (Go: WaitGroup.Add)
 * @wg: the WaitGroup
 * @delta: may be negative
 *
 * What raises the count from 0 comes before the wait for it, and after all waits
 * for the zero before have returned.
 * Context: a goroutine or other process context.
 * Return: 0; -EINVAL where it would become negative; -EBUSY where it rises from 0
 * and one that waited for this 0 has not returned yet (both: WARN_ONCE, nothing
 * changes).
 */
int goro_wg_add(struct goro_wg *wg, long delta);

/**
 * goro_wg_done - take one from the count (Go: WaitGroup.Done)
 * @wg: the WaitGroup; when the count becomes 0 who waited may free it at once
 *
 * Context: as goro_wg_add().
 * Return: as goro_wg_add().
 */
static inline int goro_wg_done(struct goro_wg *wg)
{
	return goro_wg_add(wg, -1);
}

#ifdef __KERNEL__
int __goro_wg_go(struct goro_wg *wg, goro_fn_t fn, void *arg, struct module *owner);

/**
 * goro_wg_go - start a goroutine that counts until it ends (Go: WaitGroup.Go)
 * @wg: the WaitGroup: one is added, and taken off by the goroutine's end, also by
 *	goro_exit()
 * @fn: the goroutine's function
 * @arg: its argument
 *
 * As with goro_go() the calling module is pinned until the goroutine has ended.
 * Context: as goro_go().
 * Return: as goro_go() and goro_wg_add(); on an error nothing was added.
 */
#define goro_wg_go(wg, fn, arg) \
	__goro_here(__goro_wg_go(wg, fn, arg, THIS_MODULE))
#endif

/**
 * goro_wg_wait_until - goro_wg_wait() with a deadline
 * @wg: the WaitGroup
 * @deadline: absolute ns
 *
 * Context: parks a goroutine, a thread sleeps.
 * Return: 0, -ETIMEDOUT (with GORO_NOW -EAGAIN), -ECANCELED, -EINTR (thread).
 */
int goro_wg_wait_until(struct goro_wg *wg, u64 deadline);

/**
 * goro_wg_wait - wait until the count is 0 (Go: WaitGroup.Wait)
 * @wg: the WaitGroup; when this, and all other waits, have returned 0 it may be
 *	freed
 *
 * Context: parks a goroutine, a thread sleeps.
 * Return: 0, -ECANCELED, -EINTR (thread).
 */
static inline int goro_wg_wait(struct goro_wg *wg)
{
	return goro_wg_wait_until(wg, GORO_FOREVER);
}

#endif /* _GORO_SYNC_H */
