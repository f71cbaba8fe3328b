// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_crash.ko mode=misuse: each mistake of a module's, where Go panics, by a
 * goroutine: twice, the errno is the same, and counted both times; the kernel warns
 * once, and names the goroutine and who started it. tests/crash/run looks for that in
 * the log, tests/parity for a row for each goro_misuse_by() of kmod/core.
 *
 * Nothing is left behind: what was misused works on, and is freed.
 */
#include <goro/goro.h>
#include "core/context.h"
#include "crash.h"

static struct goro_group group;		/* of the misuser, and of helpers */
static struct goro_chan *answer;	/* what they wait for */
static int bad, points;

static void nothing(void *arg)
{
}

static int close_nil(void)
{
	return goro_chan_close(NULL);
}

static int mutex_unlock_free(void)
{
	static DEFINE_GORO_MUTEX(m);

	return goro_mutex_unlock(&m);
}

static int rwmutex_runlock(void)
{
	static DEFINE_GORO_RWMUTEX(rw);

	return goro_rwmutex_runlock(&rw);
}

static int rwmutex_unlock(void)
{
	static DEFINE_GORO_RWMUTEX(rw);

	return goro_rwmutex_unlock(&rw);
}

static int once_err;

static void calls_itself(void *arg)
{
	once_err = goro_once_do(arg, calls_itself, arg);
}

static int once_recursive(void)
{
	struct goro_once once;

	goro_once_init(&once);
	return goro_once_do(&once, calls_itself, &once) ?: once_err;
}

static int sema_release(void)
{
	static DEFINE_GORO_SEMA(s, 3);

	return goro_sema_release(&s, 1);
}

static int wg_negative(void)
{
	struct goro_wg wg;

	goro_wg_init(&wg);
	return goro_wg_done(&wg);
}

static struct goro_wg used;

static int waits_for_wg(void *arg)
{
	return goro_wg_wait(arg);
}

/* used again while one that was woken has not returned: mostly; else once more */
static int wg_reused(void)
{
	int err;

	do {
		if (goro_wg_add(&used, 1) || goro_group_go(&group, waits_for_wg, &used))
			return -EIO;
		while (list_empty_careful(&used.waiters))
			goro_yield();
		err = goro_wg_done(&used) ?: goro_wg_add(&used, 1);
		if (!err)
			goro_wg_done(&used);
		while (READ_ONCE(used.leaving))
			goro_yield();
	} while (!err);
	return err;
}

static int ticker_zero(void)
{
	return PTR_ERR(goro_ticker_make(0));
}

static int timer_none(void)
{
	return goro_timer_stop(NULL);
}

static int ctx_no_parent(void)
{
	return PTR_ERR(goro_ctx_with_cancel(NULL));
}

static int ctx_no_key(void)
{
	return PTR_ERR(goro_ctx_with_value(goro_ctx_background(), NULL, NULL, NULL));
}

static int ctx_no_after(void)
{
	return goro_ctx_after_func(NULL, nothing, NULL, NULL);
}

static int ctx_cancel(void)
{
	return goro_ctx_cancel(goro_ctx_background());
}

static int ctx_order(void)
{
	struct goro_ctx *ctx = goro_ctx_with_cancel(goro_ctx_background());
	struct goro_scope out, in;
	int err = goro_ctx_enter(&out, ctx) ?: goro_ctx_enter(&in, ctx);

	/* the inner one is on our stack, too */
	err = err ?: goro_ctx_leave(&out, 0);
	if (goro_ctx_leave(&in, 0))
		err = -EIO;
	goro_ctx_put(ctx);
	return err;
}

static int ctx_not_in(void)
{
	struct goro_ctx *ctx = goro_ctx_with_cancel(goro_ctx_background());
	struct goro_scope scope;
	int err = goro_ctx_enter(&scope, ctx) ?: goro_ctx_leave(&scope, 0);

	goro_ctx_put(ctx);
	return err ?: goro_ctx_leave(&scope, 0);
}

static int waits_with_ctx(void *arg)
{
	struct goro_scope scope;
	int err = goro_ctx_enter(&scope, arg);

	return err ?: goro_ctx_leave(&scope, goro_chan_recv(answer, NULL)) != 1;
}

/* whose waiter has no reference, and lives on without it */
static int ctx_put_early(void)
{
	struct goro_ctx *ctx = goro_ctx_with_cancel(goro_ctx_background());
	struct goro_group others;

	goro_group_init(&others);
	if (goro_group_go(&others, waits_with_ctx, ctx))
		return -EIO;
	while (!READ_ONCE(ctx->nscopes))
		goro_yield();
	goro_ctx_put(ctx);
	return goro_chan_send(answer, NULL) ?: goro_group_wait(&others);
}

static int group_limit(void)
{
	return goro_group_set_limit(&group, 1);
}

static int unlock_thread(void)
{
	return goro_unlock_thread();
}

#ifdef GORO_SYNC_DEBUG
static int mutex_recursive(void)
{
	struct goro_mutex m;
	int err;

	goro_mutex_init(&m);
	err = goro_mutex_lock(&m) ? -EIO : goro_mutex_lock(&m);
	return goro_mutex_unlock(&m) ? -EIO : err;
}

static int rwmutex_recursive(void)
{
	struct goro_rwmutex rw;
	int err;

	goro_rwmutex_init(&rw);
	err = goro_rwmutex_lock(&rw) ? -EIO : goro_rwmutex_lock(&rw);
	return goro_rwmutex_unlock(&rw) ? -EIO : err;
}

struct theirs {
	struct goro_mutex m;
	struct goro_rwmutex rw;
	bool has;
};

static int misuse_owner(void *arg)
{
	struct theirs *t = arg;
	int err = goro_mutex_lock(&t->m) ?: goro_rwmutex_lock(&t->rw);

	WRITE_ONCE(t->has, true);
	while (READ_ONCE(t->has))
		goro_yield();
	return goro_mutex_unlock(&t->m) ?: goro_rwmutex_unlock(&t->rw) ?: err;
}

static int of_others(int (*unlock)(struct theirs *t))
{
	struct goro_group owners;
	struct theirs t = { };
	int err;

	goro_group_init(&owners);
	goro_mutex_init(&t.m);
	goro_rwmutex_init(&t.rw);
	if (goro_group_go(&owners, misuse_owner, &t))
		return -ENOMEM;
	while (!READ_ONCE(t.has))
		goro_yield();
	err = unlock(&t);
	WRITE_ONCE(t.has, false);
	return goro_group_wait(&owners) ? -EIO : err;
}

static int unlock_mutex(struct theirs *t)
{
	return goro_mutex_unlock(&t->m);
}

static int mutex_of_others(void)
{
	return of_others(unlock_mutex);
}

static int unlock_rwmutex(struct theirs *t)
{
	return goro_rwmutex_unlock(&t->rw);
}

static int rwmutex_of_others(void)
{
	return of_others(unlock_rwmutex);
}

/* each object: all uses of what is no object are refused, and nothing is touched */
#define NO_OBJECT(what, use)						\
static int what##_copy(void)						\
{									\
	struct goro_##what o, copy;					\
									\
	init_##what(&o);						\
	copy = o;							\
	return use;							\
}									\
									\
static int what##_raw(void)						\
{									\
	struct goro_##what copy = { };					\
									\
	return use;							\
}

#define init_mutex	goro_mutex_init
#define init_rwmutex	goro_rwmutex_init
#define init_once	goro_once_init
#define init_cond	goro_cond_init
#define init_wg		goro_wg_init
#define init_sema(s)	goro_sema_init(s, 1)

NO_OBJECT(mutex, goro_mutex_lock(&copy))
NO_OBJECT(rwmutex, goro_rwmutex_rlock(&copy))
NO_OBJECT(once, goro_once_do(&copy, nothing, NULL))
NO_OBJECT(cond, goro_cond_signal(&copy))
NO_OBJECT(wg, goro_wg_add(&copy, 1))
NO_OBJECT(sema, goro_sema_acquire(&copy, 1))
#endif

static const struct row {
	const char *what;	/* as the kernel says it */
	int (*fn)(void);
	int want;
} rows[] = {
	{ "close of a nil channel", close_nil, -EINVAL },
	{ "a mutex is unlocked that is not locked", mutex_unlock_free, -EPERM },
	{ "an RWMutex is unlocked that is not locked for reading", rwmutex_runlock, -EPERM },
	{ "an RWMutex is unlocked that is not locked for writing", rwmutex_unlock, -EPERM },
	{ "the function of a Once calls it", once_recursive, -EDEADLK },
	{ "of a semaphore more is released than is held", sema_release, -EINVAL },
	{ "negative WaitGroup count", wg_negative, -EINVAL },
	{ "a WaitGroup is used again before all waits have returned", wg_reused, -EBUSY },
	{ "a ticker without a positive period", ticker_zero, -EINVAL },
	{ "stop, reset or set of no timer", timer_none, -EINVAL },
	{ "context of a NULL parent", ctx_no_parent, -EINVAL },
	{ "context with a NULL key", ctx_no_key, -EINVAL },
	{ "function after a NULL context", ctx_no_after, -EINVAL },
	{ "cancel of a context that cannot be cancelled", ctx_cancel, false },
	{ "scopes of contexts are left out of order", ctx_order, -EINVAL },
	{ "a scope is left that the caller is not in", ctx_not_in, -ESRCH },
	{ "context put while someone waits with it", ctx_put_early, 0 },
	{ "limit of a group that has members", group_limit, -EBUSY },
	{ "goro_unlock_thread() without goro_lock_thread()", unlock_thread, -EINVAL },
#ifdef GORO_SYNC_DEBUG
	{ "a mutex is locked by who has it already", mutex_recursive, -EDEADLK },
	{ "an RWMutex is locked by who has it for writing already", rwmutex_recursive, -EDEADLK },
	{ "a mutex is unlocked that somebody else has locked", mutex_of_others, -EPERM },
	{ "an RWMutex is unlocked that somebody else has locked", rwmutex_of_others, -EPERM },
#define NO_OBJECT_ROWS(what)							\
	{ "the copy of an object of package sync is used", what##_copy, -EINVAL },	\
	{ "an object of package sync is used that was never initialised", what##_raw, -EINVAL }
	NO_OBJECT_ROWS(mutex),
	NO_OBJECT_ROWS(rwmutex),
	NO_OBJECT_ROWS(once),
	NO_OBJECT_ROWS(cond),
	NO_OBJECT_ROWS(wg),
	NO_OBJECT_ROWS(sema),
#endif
};

static void point(bool ok, const char *what)
{
	bad += !ok;
	pr_info("goro_crash: %s %d - %s\n", ok ? "ok" : "not ok", ++points, what);
}

static int crash_misuse(void *arg)
{
	u64 before;
	int i, k;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		before = goro_counter(GORO_C_MISUSE);
		for (k = 0; k < 2; k++) {
			int ret = rows[i].fn();

			if (ret != rows[i].want)
				pr_info("goro_crash: # %d\n", ret);
			bad += ret != rows[i].want;
		}
		point(goro_counter(GORO_C_MISUSE) == before + 2, rows[i].what);
	}
	before = goro_counter(GORO_C_MISUSE);
	goro_group_stop(&group);
	goro_group_stop(&group);
	point(goro_counter(GORO_C_MISUSE) == before + 2, "a goroutine stops its own group");
	pr_info("goro_crash: 1..%d\n", points);
	return 0;
}

noinline int misuse_start(void)
{
	static const struct goro_attr attr = { .name = "misuser" };
	int err;

	goro_group_init(&group);
	goro_wg_init(&used);
	answer = goro_chan_make(0, 0, 0);
	if (IS_ERR(answer))
		return PTR_ERR(answer);
	err = goro_group_go_attr(&group, crash_misuse, NULL, &attr) ?: goro_group_wait(&group);
	goro_chan_put(answer);
	return err ?: bad ? -EIO : 0;
}
