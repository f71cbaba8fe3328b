// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_context.ko: goes through every cell of the table at the head of goro.h,
 * when it is loaded, and prints what it found as rows of that table, and as
 * KTAP, after "goro_context: ". tests/context/run compares the two tables.
 *
 * A row is a function that uses the calls so that they would have to wait if
 * they may. What it returns tells: `want`, it worked; -EAGAIN and one misuse
 * counted, it was refused. Whether a G parked, its count of parks tells.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/in.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <uapi/linux/eventpoll.h>
#include <net/net_namespace.h>
#include <goro/goro.h>
#include "core/stats.h"
#include "context.h"

#define SHORT	goro_in(NSEC_PER_MSEC)	/* a deadline that is to pass */

static struct goro_chan *plain, *irq;	/* both hold one element */
static struct goro_chan *plain_full, *irq_full;
static struct goro_timer *timer;	/* that is not set */
static struct goro_wg wg, one;		/* one: its count stays 1 */
static DEFINE_GORO_MUTEX(held);
static DEFINE_GORO_MUTEX(contended);	/* looks as if somebody waited for it */
static DEFINE_GORO_RWMUTEX(read_locked);
static DEFINE_GORO_ONCE(once);		/* its function runs as long as this does */
static DEFINE_GORO_COND(cond);
static DEFINE_GORO_SEMA(sema, 1);	/* all of it is held */
static struct goro_group members, waited;
static struct socket *sock;
static struct file *file;		/* never ready */
static atomic_t ran;			/* goroutines that rows started */
static int started;
static DECLARE_WAIT_QUEUE_HEAD(event);	/* of a condition that stays false */
static DECLARE_COMPLETION(completion);	/* that does not come */
static struct goro_chan *hold;		/* parks the members of `waited` and `limited` */
static struct goro_group limited;	/* as many run as may */
static struct goro_ctx *ctx;
static struct goro_ctx *to_cancel[PLACES];
static int ncancel, gets;		/* gets: references that nobody has put */

static void g_run(void *arg)
{
	atomic_inc(&ran);
}

static int m_run(void *arg)
{
	atomic_inc(&ran);
	return 0;
}

static int m_hold(void *arg)
{
	return goro_chan_recv(hold, NULL) < 0;
}

/* the first error, or the last result */
static int both(int a, int b)
{
	return a < 0 ? a : b;
}

static int row_go(void)
{
	int a = goro_go(g_run, NULL);
	int b = goro_group_go(&members, m_run, NULL);

	started += !a + !b;
	return both(a, b);
}

static int row_go_ctx(void)
{
	int a = goro_go_ctx(ctx, g_run, NULL);
	int b = goro_group_try_go(&members, m_run, NULL);

	started += !a + !b;
	return both(a, b);
}

static int row_go_atomic(void)
{
	int err = goro_go_atomic(g_run, NULL);

	started += !err;
	return err;
}

static int row_send(void)
{
	u64 v = 1;

	return goro_chan_send_until(plain_full, &v, SHORT) == -ETIMEDOUT ?
	       goro_chan_recv_until(NULL, &v, SHORT) : -EAGAIN;
}

static int try_both(struct goro_chan *c)
{
	u64 v;
	int got = goro_chan_try_recv(c, &v);

	return got == 1 ? goro_chan_try_send(c, &v) : got;
}

static int row_try(void)
{
	return try_both(plain);
}

static int row_try_irq(void)
{
	u64 v = 1;

	return goro_chan_try_send(irq_full, &v) == -EAGAIN ? try_both(irq) : -EIO;
}

static int row_select(void)
{
	u64 v = 1;
	struct goro_case cases[] = { GORO_SEND(plain_full, &v), GORO_RECV(NULL, &v) };

	return goro_select_until(cases, ARRAY_SIZE(cases), SHORT);
}

static int row_close(void)
{
	return goro_chan_close(plain_full);
}

static int row_close_irq(void)
{
	return goro_chan_close(irq_full);
}

static int row_make(void)
{
	struct goro_chan *c = goro_chan_make(8, 1, 0);

	if (IS_ERR(c))
		return PTR_ERR(c);
	goro_chan_put(c);
	return 0;
}

static int row_get(void)
{
	goro_chan_put(goro_chan_get(plain));
	return goro_chan_len(plain) == 1 && goro_chan_cap(plain) == 1 ? 0 : -EIO;
}

/* in an interrupt */
static int refused(int a, int b)
{
	return a == -EAGAIN && b == -EAGAIN ? -EAGAIN : -EIO;
}

static int row_mutex(void)
{
	return goro_mutex_lock_until(&held, SHORT);
}

static int row_mutex_try(void)
{
	struct goro_mutex m;
	int err;

	if (!in_task())
		return refused(goro_mutex_try_lock(&held), goro_mutex_unlock(&contended));
	goro_mutex_init(&m);
	err = goro_mutex_try_lock(&m);
	return err ?: goro_mutex_unlock(&m);
}

static int row_rwmutex(void)
{
	int a = goro_rwmutex_lock_until(&read_locked, SHORT);

	if (!in_task())
		return refused(a, goro_rwmutex_rlock_until(&read_locked, SHORT));
	return a;
}

static int row_rwmutex_try(void)
{
	int a = goro_rwmutex_try_rlock(&read_locked), b = goro_rwmutex_try_lock(&read_locked);

	if (!in_task())
		return refused(refused(a, b), refused(goro_rwmutex_runlock(&read_locked),
						      goro_rwmutex_unlock(&read_locked)));
	return a ? a : b == -EAGAIN ? goro_rwmutex_runlock(&read_locked) : -EIO;
}

static void once_hold(void *arg)
{
	goro_chan_recv(hold, NULL);
}

static int m_once(void *arg)
{
	return goro_once_do(&once, once_hold, NULL);
}

static int row_once(void)
{
	return goro_once_do_until(&once, once_hold, NULL, SHORT);
}

static int row_cond(void)
{
	struct goro_mutex m;
	int err;

	if (!in_task())
		return goro_cond_wait_until(&cond, &held, SHORT);
	goro_mutex_init(&m);
	if (goro_mutex_try_lock(&m))
		return -EIO;
	err = goro_cond_wait_until(&cond, &m, SHORT);
	return goro_mutex_unlock(&m) ?: err;
}

static int row_signal(void)
{
	int a = goro_cond_signal(&cond), b = goro_cond_broadcast(&cond);

	return in_task() ? both(a, b) : refused(a, b);
}

static int row_sema(void)
{
	return goro_sema_acquire_until(&sema, 1, SHORT);
}

static int row_sema_try(void)
{
	struct goro_sema s;

	if (!in_task())
		return refused(goro_sema_try_acquire(&sema, 1), goro_sema_release(&sema, 1));
	goro_sema_init(&s, 1);
	return goro_sema_try_acquire(&s, 1) ?: goro_sema_release(&s, 1);
}

static int row_wg_go(void)
{
	int err = goro_wg_go(&wg, g_run, NULL);

	started += !err;
	return err;
}

static int row_wg_add(void)
{
	int a = goro_wg_add(&wg, 1);

	/* refused, both: nothing to take back */
	return a ? a : goro_wg_done(&wg);
}

static int row_wg_wait(void)
{
	return goro_wg_wait_until(&one, SHORT);
}

static int row_group_wait(void)
{
	return goro_group_wait_until(&waited, SHORT);
}

static int row_group_cancel(void)
{
	struct goro_group grp;
	u64 before = goro_counter(GORO_C_MISUSE);

	goro_group_init(&grp);
	goro_group_cancel(&grp);
	return goro_counter(GORO_C_MISUSE) != before ? -EAGAIN :
	       grp.cancelled ? 0 : -EIO;
}

/* it has no deadline: a context has */
static int row_group_limit(void)
{
	struct goro_ctx *end = goro_ctx_with_deadline(ctx, SHORT);
	struct goro_scope scope;
	int ret;

	if (IS_ERR(end))
		return goro_group_go(&limited, m_run, NULL);
	ret = goro_ctx_enter(&scope, end);
	if (!ret)
		ret = goro_ctx_leave(&scope, goro_group_go(&limited, m_run, NULL));
	goro_ctx_put(end);
	return ret;
}

static int row_group_ctx(void)
{
	struct goro_group grp;
	int a = goro_group_init_ctx(&grp, ctx), b = goro_group_set_limit(&grp, 1);

	goro_group_stop(&grp);
	return both(a, b);
}

static int row_ctx(void)
{
	struct goro_ctx *child = goro_ctx_with_timeout(ctx, NSEC_PER_SEC);
	struct goro_ctx *value = goro_ctx_with_value(ctx, &ctx, NULL, NULL);

	if (IS_ERR(child) || IS_ERR(value)) {
		u64 misuses = goro_counter(GORO_C_MISUSE);

		goro_ctx_put(ctx);	/* refused: it stays ours */
		return goro_counter(GORO_C_MISUSE) != misuses ? PTR_ERR(child) : -EIO;
	}
	if (IS_ERR(goro_ctx_done(value)))
		return -EIO;
	goro_ctx_put(child);
	goro_ctx_put(value);
	return 0;
}

static int row_ctx_after(void)
{
	struct goro_after *after;
	int err = goro_ctx_after_func(ctx, g_run, NULL, &after);

	return err ?: goro_after_stop(after) ? 0 : -EIO;
}

static int row_ctx_cancel(void)
{
	return goro_ctx_cancel(to_cancel[ncancel++]) ? 0 : -EIO;
}

static int row_ctx_get(void)
{
	goro_ctx_get(ctx);
	gets++;
	return goro_ctx_err(ctx) ?: goro_ctx_cause(ctx);
}

static int row_ctx_calls(void)
{
	struct goro_ctx *end = goro_ctx_with_deadline(ctx, SHORT);
	int ret;

	if (IS_ERR(end))
		return goro_chan_recv_ctx(ctx, NULL, NULL);
	ret = goro_chan_recv_ctx(end, NULL, NULL);
	goro_ctx_put(end);
	return ret;
}

static int row_sleep(void)
{
	return goro_sleep(NSEC_PER_MSEC);
}

static int row_timer_make(void)
{
	struct goro_timer *t = goro_timer_make(NSEC_PER_MSEC);
	struct goro_chan *c = goro_after(NSEC_PER_MSEC);

	if (!IS_ERR(t))
		goro_timer_put(t);
	if (!IS_ERR(c))
		goro_chan_put(c);
	return IS_ERR(t) ? PTR_ERR(t) : PTR_ERR_OR_ZERO(c);
}

/* the last reference goes, too, while it is set */
static int row_timer_stop(void)
{
	struct goro_timer *t = timer;
	u64 v = 0;

	if (goro_timer_reset(t, NSEC_PER_SEC) != 1 || goro_timer_stop(t) != 1 ||
	    goro_timer_stop(t) || goro_timer_reset(t, 0) ||
	    goro_chan_try_recv(goro_timer_chan(t), &v) != 1 || !v ||
	    goro_timer_set(t, GORO_FOREVER - 1, 1))
		return -EIO;
	timer = NULL;
	goro_timer_put(t);
	return 0;
}

static int row_yield(void)
{
	u64 before = goro_counter(GORO_C_MISUSE);

	goro_yield();
	return goro_counter(GORO_C_MISUSE) != before ? -EAGAIN : 0;
}

static int row_cond_yield(void)
{
	u64 before = goro_counter(GORO_C_MISUSE);

	goro_cond_yield();
	return goro_counter(GORO_C_MISUSE) != before ? -EAGAIN : 0;
}

static int row_event(void)
{
	return goro_wait_event_until(event, false, SHORT);
}

static int row_completion(void)
{
	return goro_wait_for_completion_until(&completion, SHORT);
}

static int row_poll(void)
{
	return goro_poll_sock(sock, EPOLLIN, SHORT);
}

static __poll_t never_poll(struct file *f, poll_table *pt)
{
	poll_wait(f, &event, pt);
	return 0;
}

static const struct file_operations never_ready = {
	.owner = THIS_MODULE,
	.poll = never_poll,
};

/* in an interrupt each of them has to be refused before it does anything */
static int row_sock(void)
{
	struct msghdr msg = { };
	struct socket *newsock;
	loff_t pos = 0;
	char c = 0;

	if (!in_task()) {
		u64 misuses = goro_counter(GORO_C_MISUSE);

		if (goro_sock_accept(sock, &newsock, SHORT) != -EAGAIN ||
		    goro_sock_connect(sock, (struct sockaddr *)&msg, 0, SHORT) != -EAGAIN ||
		    goro_sock_recvmsg(sock, &msg, 0, SHORT) != -EAGAIN ||
		    goro_sock_sendmsg(sock, &msg, SHORT) != -EAGAIN ||
		    goro_sock_send(sock, &c, 1, SHORT) != -EAGAIN ||
		    goro_sendfile(sock, file, &pos, 1, SHORT) != -EAGAIN ||
		    goro_counter(GORO_C_MISUSE) - misuses != 6)
			return -EIO;
	}
	return goro_sock_recv(sock, &c, 1, SHORT);
}

static int row_file(void)
{
	char c = 0;

	if (!in_task() && (goro_file_write(file, &c, 1, NULL, SHORT) != -EAGAIN ||
			   goro_file_fsync(file, 0, SHORT) != -EAGAIN))
		return -EIO;
	return goro_file_read(file, &c, 1, NULL, SHORT);
}

static int row_num(void)
{
	return goro_num() > 0 && goro_procs() > 0 && goro_num_cpu() > 0 ? 0 : -EIO;
}

static int row_lock_thread(void)
{
	int a = goro_lock_thread();

	/* refused, both: nothing to take back */
	return a ? a : goro_unlock_thread();
}

static int row_set_procs(void)
{
	int n = goro_set_procs(goro_procs());

	return n > 0 ? 0 : n;
}

static int row_dump(void)
{
	return goro_dump();
}

static int row_self(void)
{
	/* of interrupts it is not asked whom they hit */
	return goro_cancelled() || (!in_task() && goro_in_goroutine()) ? -EIO : 0;
}

static const struct row {
	const char *name;	/* as in goro.h */
	int (*fn)(void);
	int want;
	bool waits;
	bool blocks;		/* a G keeps its M for the wait */
} rows[] = {
	{ "goro_go, goro_group_go", row_go, 0 },
	{ "goro_go_ctx, goro_group_try_go", row_go_ctx, 0 },
	{ "goro_go_atomic", row_go_atomic, 0 },
	{ "goro_chan_send, _recv, _until", row_send, -ETIMEDOUT, true },
	{ "goro_chan_try_send, _try_recv", row_try, 0 },
	{ ".. of a GORO_CHAN_IRQ channel", row_try_irq, 0 },
	{ "goro_select, goro_select_until", row_select, -ETIMEDOUT, true },
	{ "goro_chan_close", row_close, 0 },
	{ ".. of a GORO_CHAN_IRQ channel", row_close_irq, 0 },
	{ "goro_chan_make", row_make, 0 },
	{ "goro_chan_get, _put, _len, _cap", row_get, 0 },
	{ "goro_mutex_lock, _until", row_mutex, -ETIMEDOUT, true },
	{ "goro_mutex_try_lock, _unlock", row_mutex_try, 0 },
	{ "goro_rwmutex_lock, _rlock, _until", row_rwmutex, -ETIMEDOUT, true },
	{ "goro_rwmutex_try_*, _unlock", row_rwmutex_try, 0 },
	{ "goro_once_do, _call", row_once, -ETIMEDOUT, true },
	{ "goro_cond_wait", row_cond, -ETIMEDOUT, true },
	{ "goro_cond_signal, _broadcast", row_signal, 0 },
	{ "goro_sema_acquire, _until", row_sema, -ETIMEDOUT, true },
	{ "goro_sema_try_acquire, _release", row_sema_try, 0 },
	{ "goro_wg_go", row_wg_go, 0 },
	{ "goro_wg_add, _done", row_wg_add, 0 },
	{ "goro_wg_wait", row_wg_wait, -ETIMEDOUT, true },
	{ "goro_group_wait, _stop", row_group_wait, -ETIMEDOUT, true },
	{ "goro_group_go at its limit", row_group_limit, -ETIMEDOUT, true },
	{ "goro_group_cancel", row_group_cancel, 0 },
	{ "goro_group_init_ctx, _set_limit", row_group_ctx, 0 },
	{ "goro_ctx_with_*, _put, _done", row_ctx, 0 },
	{ "goro_ctx_after_func, _stop", row_ctx_after, 0 },
	{ "goro_ctx_cancel", row_ctx_cancel, 0 },
	{ "goro_ctx_get, _err, _cause", row_ctx_get, 0 },
	{ "goro_*_ctx", row_ctx_calls, -ETIMEDOUT, true },
	{ "goro_sleep", row_sleep, 0, true },
	{ "goro_timer_make, goro_after", row_timer_make, 0 },
	{ "goro_timer_stop, _reset, _put", row_timer_stop, 0 },
	{ "goro_yield", row_yield, 0 },
	{ "goro_cond_yield", row_cond_yield, 0 },
	{ "goro_wait_event*", row_event, -ETIMEDOUT, true },
	{ "goro_wait_for_completion*", row_completion, -ETIMEDOUT, true, true },
	{ "goro_poll, goro_poll_sock", row_poll, -ETIMEDOUT, true },
	{ "goro_sock_*, goro_sendfile", row_sock, -ETIMEDOUT, true },
	{ "goro_file_*", row_file, -ETIMEDOUT, true },
	{ "goro_lock_thread, _unlock_thread", row_lock_thread, 0 },
	{ "goro_set_procs", row_set_procs, 0 },
	{ "goro_dump", row_dump, 0 },
	{ "goro_num, _procs, _num_cpu", row_num, 0 },
	{ "goro_in_goroutine, _cancelled", row_self, 0 },
};

/* a channel of one element that is there */
static struct goro_chan *make_full(u32 flags)
{
	struct goro_chan *c = goro_chan_make(8, 1, flags);
	u64 v = 1;

	if (!IS_ERR(c) && goro_chan_try_send(c, &v))
		pr_err("goro_context: # a new channel is full\n");
	return c;
}

static void put(struct goro_chan **c)
{
	if (!IS_ERR_OR_NULL(*c))
		goro_chan_put(*c);
	*c = NULL;
}

/* What a cell turned out to be, in the table's words; NULL: neither. */
static const char *cell(const struct row *row, enum place where)
{
	struct visit v = { .fn = row->fn };
	u64 misuses = goro_counter(GORO_C_MISUSE);

	/* rows close them */
	put(&plain_full);
	put(&irq_full);
	plain_full = make_full(0);
	irq_full = make_full(GORO_CHAN_IRQ);
	if (!timer)
		timer = goro_timer_make(GORO_FOREVER);
	if (IS_ERR(plain_full) || IS_ERR(irq_full) || IS_ERR(timer))
		return NULL;
	visit(where, &v);
	misuses = goro_counter(GORO_C_MISUSE) - misuses;
	if (!v.right)
		pr_err("goro_context: # %s: context %d was not reached\n", row->name, where);
	else if (v.ret == -EAGAIN && misuses)
		return "no";
	else if (v.ret == row->want && !misuses && where == IN_G && row->waits &&
		 (v.parks || row->blocks))
		return row->blocks ? "block" : "park";
	else if (v.ret == row->want && !misuses && !(where == IN_G && row->waits))
		return row->waits ? "sleep" : "yes";
	pr_err("goro_context: # %s: context %d: %d, %llu misuses\n", row->name, where, v.ret,
	       misuses);
	return NULL;
}

/* what rows wait for; held by nobody whom debug builds know in the rows */
static int locker(void *arg)
{
	return goro_mutex_lock(&held) ?: goro_rwmutex_rlock(&read_locked) ?:
	       goro_sema_acquire(&sema, 1);
}

static int lock_some(void)
{
	struct goro_group grp;

	goro_group_init(&grp);
	return goro_group_go(&grp, locker, NULL) ?: goro_group_wait(&grp);
}

static int prepare(void)
{
	int i, err;

	goro_wg_init(&wg);
	goro_wg_init(&one);
	goro_group_init(&members);
	goro_group_init(&waited);
	goro_group_init(&limited);
	ctx = goro_ctx_with_cancel(goro_ctx_background());
	plain = make_full(0);
	irq = make_full(GORO_CHAN_IRQ);
	hold = goro_chan_make(8, 0, 0);
	if (IS_ERR(plain) || IS_ERR(irq) || IS_ERR(hold))
		return -ENOMEM;
	for (i = 0; i < PLACES; i++)
		to_cancel[i] = goro_ctx_with_cancel(ctx);
	if (IS_ERR(ctx) || IS_ERR(to_cancel[PLACES - 1]))
		return -ENOMEM;
	goro_wg_add(&one, 1);
	goro_group_set_limit(&limited, 1);
	file = anon_inode_getfile("goro_context", &never_ready, NULL, O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);
	atomic_set(&contended.state, GORO_MUTEX_LOCKED | GORO_MUTEX_WAITERS);
	err = both(lock_some(), goro_group_go(&waited, m_hold, NULL) ?:
		   goro_group_go(&limited, m_hold, NULL));
	if (!err)
		err = goro_group_go(&waited, m_once, NULL);
	/* it has begun, or the first row about it would be it */
	while (!err && !READ_ONCE(once.runner))
		goro_sleep(NSEC_PER_MSEC);
	return err ?: sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, IPPROTO_UDP, &sock);
}

static void end(void)
{
	int i;

	if (!IS_ERR_OR_NULL(hold))
		goro_chan_close(hold);
	goro_group_stop(&members);
	goro_group_stop(&waited);
	goro_group_stop(&limited);
	for (i = 0; i < PLACES; i++)
		if (!IS_ERR_OR_NULL(to_cancel[i]))
			goro_ctx_put(to_cancel[i]);
	/* the one of prepare(), too */
	for (; !IS_ERR_OR_NULL(ctx) && gets >= 0; gets--)
		goro_ctx_put(ctx);
	goro_wg_done(&one);
	places_exit();
	put(&plain);
	put(&irq);
	put(&plain_full);
	put(&irq_full);
	put(&hold);
	if (!IS_ERR(timer))
		goro_timer_put(timer);
	if (sock)
		sock_release(sock);
	if (!IS_ERR_OR_NULL(file))
		fput(file);
}

static int __init context_init(void)
{
	int i, err, bad = 0;
	bool all;

	places_init();
	err = prepare();
	if (err) {
		end();
		return err;
	}
	pr_info("goro_context: KTAP version 1\n");
	pr_info("goro_context: 1..%zu\n", ARRAY_SIZE(rows) + 1);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *was[PLACES];
		bool good = true;
		int where;

		for (where = 0; where < PLACES; where++) {
			was[where] = cell(&rows[i], where);
			good &= !!was[where];
		}
		bad += !good;
		pr_info("goro_context: row: %s %s %s %s %s %s %s\n", rows[i].name,
			was[IN_G] ?: "?", was[IN_PROCESS] ?: "?", was[IN_SOFTIRQ] ?: "?",
			was[IN_TIMER] ?: "?", was[IN_RCU] ?: "?", was[IN_HARDIRQ] ?: "?");
		pr_info("goro_context: %s %d - %s\n", good ? "ok" : "not ok", i + 1, rows[i].name);
	}
	goro_group_wait(&members);
	/* those of goro_go() pin this module, which ends only after them */
	while (atomic_read(&ran) < started && goro_num() > 2)
		goro_sleep(NSEC_PER_MSEC);
	all = atomic_read(&ran) == started;
	bad += !all;
	pr_info("goro_context: %s %zu - what was started has run (%d)\n", all ? "ok" : "not ok",
		ARRAY_SIZE(rows) + 1, started);
	/* here, not at the exit: a file goes when this thread is back in user space */
	end();
	return bad ? -EIO : 0;
}

static void __exit context_exit(void)
{
}

module_init(context_init);
module_exit(context_exit);
MODULE_DESCRIPTION("goro: every call from every context");
MODULE_LICENSE("GPL");
