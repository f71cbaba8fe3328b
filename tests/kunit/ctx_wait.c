// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_ctx_wait: each blocking call under a context, by a goroutine and by a
 * thread: cancelled before it, while it waits, and by a deadline. tests/parity sees
 * to it that none is missing in the table. What stretches of code do under a context
 * is in ctx_scope.c.
 *
 * That somebody waits is read off the context's list of scopes.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/uio.h>
#include <linux/un.h>
#include <net/net_namespace.h>
#include "kunit.h"

#define FIFO	"/tmp/goro_kunit.fifo"
#define DISK	"/tmp/goro_kunit.ctx"
#define BIG	SZ_1M		/* more than any socket or pipe takes */

/* what never becomes ready; in f->priv */
struct things {
	wait_queue_head_t wq;
	struct completion completion;
	struct goro_mutex m;		/* the condition variable's */
	struct file *never;
	struct socket *listener, *client, *server;
	struct sockaddr_un addr;
	int addrlen;
	char *buf;
};

static struct file *disk, *fifo;

static int open_files(struct kunit_suite *suite)
{
	char *buf = kvzalloc(BIG, GFP_KERNEL);
	loff_t pos = 0;
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	disk = filp_open(DISK, O_RDWR | O_CREAT | O_TRUNC, 0600);
	fifo = filp_open(FIFO, O_RDWR | O_NONBLOCK, 0);
	n = IS_ERR(disk) || IS_ERR(fifo) ? -EIO : kernel_write(disk, buf, BIG, &pos);
	kvfree(buf);
	if (n == BIG)
		return 0;
	/* then close_files() is not called */
	if (!IS_ERR(disk))
		fput(disk);
	if (!IS_ERR(fifo))
		fput(fifo);
	return -EIO;
}

static void close_files(struct kunit_suite *suite)
{
	fput(disk);
	fput(fifo);
}

static __poll_t never_ready(struct file *file, poll_table *pt)
{
	struct things *t = file->private_data;

	poll_wait(file, &t->wq, pt);
	return 0;
}

static const struct file_operations never_fops = { .poll = never_ready };

/* ---- the calls -------------------------------------------------------- */

static struct things *things(struct job *j)
{
	return j->f->priv;
}

#define CALL(name, call)						\
static void name(struct job *j, int *ret)				\
{									\
	struct fx *f = j->f;						\
	struct things *t __maybe_unused = f->priv;			\
	struct goro_ctx *ctx = f->ctx;					\
									\
	*ret = call;							\
}

/* functions of a Once that another one's call runs, and of what is not started */
static void never_run(void *arg)
{
	struct fx *f = arg;

	atomic_inc(&f->bad);
}

static int never_called(void *arg)
{
	never_run(arg);
	return 0;
}

static const struct goro_attr attr = { .stack_size = 8192 };

static struct msghdr *message(struct job *j, struct msghdr *msg, struct kvec *vec, bool out)
{
	memset(msg, 0, sizeof(*msg));
	vec->iov_base = things(j)->buf;
	vec->iov_len = BIG;
	iov_iter_kvec(&msg->msg_iter, out ? ITER_SOURCE : ITER_DEST, vec, 1, BIG);
	return msg;
}

CALL(send, goro_chan_send_ctx(ctx, f->c[0], &j->v))
CALL(recv, goro_chan_recv_ctx(ctx, f->c[0], &j->v))
CALL(send_irq, goro_chan_send_ctx(ctx, f->c[2], &j->v))
CALL(recv_irq, goro_chan_recv_ctx(ctx, f->c[2], &j->v))
CALL(send_nil, goro_chan_send_ctx(ctx, NULL, &j->v))
CALL(recv_nil, goro_chan_recv_ctx(ctx, NULL, &j->v))
CALL(sleep, goro_sleep_ctx(ctx, 1000 * NET_NS))
CALL(sleep_until, goro_sleep_until_ctx(ctx, j->deadline))
CALL(mutex, goro_mutex_lock_ctx(ctx, &f->m))
CALL(rlock, goro_rwmutex_rlock_ctx(ctx, &f->rw))
CALL(lock, goro_rwmutex_lock_ctx(ctx, &f->rw))
CALL(once_do, goro_once_do_ctx(ctx, &f->once, never_run, f))
CALL(once_call, goro_once_call_ctx(ctx, &f->once, never_called, f))
CALL(sema, goro_sema_acquire_ctx(ctx, &f->sema, 1))
CALL(wg, goro_wg_wait_ctx(ctx, &f->wg))
CALL(group, goro_group_wait_ctx(ctx, &f->other))
CALL(group_go, goro_group_go_ctx(ctx, &f->other, never_called, f))
CALL(group_go_copy, goro_group_go_copy_ctx(ctx, &f->other, never_called, &t, sizeof(t)))
CALL(group_go_attr, goro_group_go_attr_ctx(ctx, &f->other, never_called, f, &attr))
CALL(event, goro_wait_event_ctx(ctx, t->wq, f->flag))
CALL(event_excl, goro_wait_event_exclusive_ctx(ctx, t->wq, f->flag))
CALL(completion, goro_wait_for_completion_ctx(ctx, &t->completion))
CALL(poll, goro_poll_ctx(ctx, t->never, EPOLLIN, j->deadline))
CALL(poll_sock, goro_poll_sock_ctx(ctx, t->client, EPOLLIN, j->deadline))
CALL(accept, goro_sock_accept_ctx(ctx, t->listener, &t->server, j->deadline))
CALL(sock_recv, goro_sock_recv_ctx(ctx, t->client, t->buf, BIG, j->deadline))
CALL(sock_send, goro_sock_send_ctx(ctx, t->client, t->buf, BIG, j->deadline))
CALL(file_read, goro_file_read_ctx(ctx, fifo, t->buf, BIG, NULL, j->deadline))
CALL(file_write, goro_file_write_ctx(ctx, fifo, t->buf, BIG, NULL, j->deadline))
CALL(fsync, goro_file_fsync_ctx(ctx, disk, 0, j->deadline))
CALL(connect, goro_sock_connect_ctx(ctx, t->server, (struct sockaddr *)&t->addr, t->addrlen,
				    j->deadline))

/* all cases ignored but those that never become ready */
static void select(struct job *j, int *ret)
{
	struct things *t = things(j);
	struct goro_case cases[] = {
		GORO_RECV(j->f->c[0], &j->v), GORO_SEND(j->f->c[2], &j->v),
		GORO_FILE(t->never, EPOLLIN), GORO_RECV(NULL, NULL),
	};

	*ret = goro_select_ctx(j->f->ctx, cases, ARRAY_SIZE(cases), j->deadline);
}

/* the mutex is had again, whatever ends the wait */
static void cond(struct job *j, int *ret)
{
	struct things *t = things(j);

	*ret = goro_mutex_lock_nocancel(&t->m);
	if (*ret)
		return;
	*ret = goro_cond_wait_ctx(j->f->ctx, &j->f->cond, &t->m);
	if (!goro_mutex_is_locked(&t->m) || goro_mutex_unlock(&t->m))
		*ret = -EIO;
}

static void recvmsg(struct job *j, int *ret)
{
	struct msghdr msg;
	struct kvec vec;

	*ret = goro_sock_recvmsg_ctx(j->f->ctx, things(j)->client,
				     message(j, &msg, &vec, false), 0, j->deadline);
}

static void sendmsg(struct job *j, int *ret)
{
	struct msghdr msg;
	struct kvec vec;

	*ret = goro_sock_sendmsg_ctx(j->f->ctx, things(j)->client,
				     message(j, &msg, &vec, true), j->deadline);
}

static void sendfile(struct job *j, int *ret)
{
	loff_t pos = 0;

	*ret = goro_sendfile_ctx(j->f->ctx, things(j)->client, disk, &pos, BIG, j->deadline);
}

/* how a wait that was begun ends */
enum how {
	ERROR,		/* by the context's error */
	PARTIAL,	/* a part was done */
	NEVER,		/* it is looked at before only */
	UNSEEN,		/* as ERROR, but nobody sees that it waits: the M does */
};

struct call { const char *name; void (*fn)(struct job *j, int *ret); enum how end; bool thread; };
#define BOTH(name, fn, end)						\
	{ name " by a goroutine", fn, end, false }, { name " by a thread", fn, end, true }
static const struct call calls[] = {
	BOTH("send", send, ERROR),
	BOTH("receive", recv, ERROR),
	BOTH("send, IRQ channel", send_irq, ERROR),
	BOTH("receive, IRQ channel", recv_irq, ERROR),
	BOTH("send to nil", send_nil, ERROR),
	BOTH("receive from nil", recv_nil, ERROR),
	BOTH("sleep", sleep, ERROR),
	BOTH("sleep until", sleep_until, ERROR),
	BOTH("select", select, ERROR),
	BOTH("mutex", mutex, ERROR),
	BOTH("read lock", rlock, ERROR),
	BOTH("write lock", lock, ERROR),
	BOTH("Once", once_do, ERROR),
	BOTH("Once with a result", once_call, ERROR),
	BOTH("condition variable", cond, ERROR),
	BOTH("semaphore", sema, ERROR),
	BOTH("WaitGroup", wg, ERROR),
	BOTH("group", group, ERROR),
	BOTH("slot of a group", group_go, ERROR),
	BOTH("slot of a group, argument by value", group_go_copy, ERROR),
	BOTH("slot of a group, attributes", group_go_attr, ERROR),
	BOTH("wait queue", event, ERROR),
	BOTH("wait queue, exclusive", event_excl, ERROR),
	BOTH("completion", completion, ERROR),
	BOTH("poll", poll, ERROR),
	BOTH("poll a socket", poll_sock, ERROR),
	BOTH("accept", accept, ERROR),
	BOTH("connect", connect, UNSEEN),
	BOTH("receive from a socket", sock_recv, ERROR),
	BOTH("receive a message", recvmsg, ERROR),
	BOTH("send to a socket", sock_send, ERROR),
	BOTH("send a message", sendmsg, PARTIAL),
	BOTH("sendfile", sendfile, PARTIAL),
	BOTH("read", file_read, ERROR),
	BOTH("write", file_write, PARTIAL),
	BOTH("fsync", fsync, NEVER),
};
KUNIT_ARRAY_PARAM_DESC(call, calls, name);

static int call_it(struct job *j)
{
	int ret;

	((const struct call *)j->f->test->param_value)->fn(j, &ret);
	return ret;
}

static int init(struct kunit *test)
{
	struct things *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int err = fx_init_ctx(test);

	if (err || !t)
		return err ?: -ENOMEM;
	fx_of(test)->priv = t;
	init_waitqueue_head(&t->wq);
	init_completion(&t->completion);
	goro_mutex_init(&t->m);
	return 0;
}

static int hold(void *arg)
{
	struct fx *f = arg;

	return goro_chan_recv(f->c[1], NULL) < 0;
}

static void run_once(void *arg)
{
	hold(arg);
}

static int hold_once(void *arg)
{
	struct fx *f = arg;

	if (((const struct call *)f->test->param_value)->fn == once_call)
		return goro_once_call(&f->once, hold, f);
	return goro_once_do(&f->once, run_once, f);
}

static void prepare(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct things *t = f->priv;

	fx_chan(test, 0, 8, 0);
	fx_chan(test, 1, 8, 0);
	f->chan_flags = GORO_CHAN_IRQ;
	fx_chan(test, 2, 8, 0);
	f->chan_flags = 0;
	KUNIT_ASSERT_EQ(test, goro_wg_add(&f->wg, 1), 0);
	f->j[JOBS - 1].c = f->c[1];
	job_set(f, JOBS - 1, do_recv, f->c[1]);
	KUNIT_ASSERT_EQ(test, goro_mutex_try_lock(&f->m), 0);
	KUNIT_ASSERT_EQ(test, goro_rwmutex_try_lock(&f->rw), 0);
	KUNIT_ASSERT_EQ(test, goro_sema_try_acquire(&f->sema, 10), 0);
	/* as many run as may: the one that holds the Once, and call_job()'s */
	KUNIT_ASSERT_EQ(test, goro_group_set_limit(&f->other, 2), 0);
	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, hold_once, f), 0);
	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(f->once.runner)));
	t->never = anon_inode_getfile("goro_kunit", &never_fops, t, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->never);
	t->buf = kvzalloc(BIG, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->buf);
	/* a connection that nobody accepts: it takes data, and fills the backlog */
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_UNIX, SOCK_STREAM, 0, &t->listener),
			0);
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_UNIX, SOCK_STREAM, 0, &t->client), 0);
	t->addr.sun_family = AF_UNIX;
	KUNIT_ASSERT_EQ(test, kernel_bind(t->listener, (void *)&t->addr, sizeof(sa_family_t)), 0);
	t->addrlen = kernel_getsockname(t->listener, (void *)&t->addr);
	KUNIT_ASSERT_EQ(test, kernel_listen(t->listener, 0), 0);
	KUNIT_ASSERT_EQ(test, kernel_connect(t->client, (void *)&t->addr, t->addrlen, 0), 0);
}

static void unprepare(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct things *t = f->priv;

	KUNIT_EXPECT_EQ(test, goro_wg_done(&f->wg), 0);
	KUNIT_EXPECT_EQ(test, wg_waiters(&f->wg), 0U);
	KUNIT_EXPECT_EQ(test, x_waiters(&f->m) + x_waiters(&f->once) + x_waiters(&f->sema) +
			x_waiters(&f->cond), 0U);
	KUNIT_EXPECT_EQ(test, list_waiters(&f->rw.lock, &f->rw.readers) +
			list_waiters(&f->rw.lock, &f->rw.writers), 0U);
	KUNIT_EXPECT_EQ(test, list_waiters(&f->other.lock, &f->other.slots), 0U);
	KUNIT_EXPECT_EQ(test, goro_mutex_unlock(&f->m), 0);
	KUNIT_EXPECT_EQ(test, goro_rwmutex_unlock(&f->rw), 0);
	KUNIT_EXPECT_EQ(test, goro_sema_release(&f->sema, 10), 0);
	EXPECT_CHAN(test, f->c[0], 0, 0, 0);
	KUNIT_EXPECT_FALSE(test, waitqueue_active(&t->wq));	/* nobody can come any more */
	KUNIT_EXPECT_FALSE(test, swait_active(&t->completion.wait));
	fput(t->never);
	sock_release(t->client);
	sock_release(t->listener);
	if (t->server)
		sock_release(t->server);
	/* what was written to the pipe */
	while (goro_file_read(fifo, t->buf, BIG, NULL, GORO_NOW) > 0)
		;
	kvfree(t->buf);
}

/* which of the calls needs its own preparation, or none of that of others */
static void begin(struct kunit *test, struct job *j)
{
	const struct call *call = test->param_value;
	struct things *t = fx_of(test)->priv;

	/* the connection, accepted, would be one that can be accepted */
	if (call->fn == accept) {
		struct socket *s;

		KUNIT_ASSERT_EQ(test, kernel_accept(t->listener, &s, O_NONBLOCK), 0);
		sock_release(s);
	}
	if (call->fn == connect)
		KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_UNIX, SOCK_STREAM, 0,
						       &t->server), 0);
	job_start(test, j, call->thread);
}

static struct job *call_job(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, call_it, f->c[0]);

	KUNIT_ASSERT_EQ(test, goro_group_go(&f->other, hold, f), 0);
	return j;
}

static void finish(struct kunit *test)
{
	struct fx *f = fx_of(test);

	KUNIT_EXPECT_EQ(test, ctx_listed(f->ctx), 0U);
	goro_chan_close(f->c[1]);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	/* what was not had was not begun either */
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	unprepare(test);
}

/* a context that is cancelled already wins, and says how */
static void before(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j;

	prepare(test);
	goro_ctx_put(f->ctx);
	f->ctx = goro_ctx_with_deadline(goro_ctx_background(), GORO_NOW);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->ctx);
	j = call_job(test);
	begin(test, j);
	EXPECT_DONE(test, j, -ETIMEDOUT);
	finish(test);
}

/* a call that a context is asked of before only: it is done */
static void does_not_wait(struct kunit *test)
{
	struct job *j;

	prepare(test);
	j = call_job(test);
	begin(test, j);
	EXPECT_DONE(test, j, 0);
	finish(test);
}

static void during(struct kunit *test)
{
	const struct call *call = test->param_value;
	struct fx *f = fx_of(test);
	struct job *j;

	if (call->end == NEVER) {
		does_not_wait(test);
		return;
	}
	prepare(test);
	j = call_job(test);
	begin(test, j);
	if (call->end != UNSEEN)
		KUNIT_ASSERT_TRUE(test, eventually(ctx_waiting(f->ctx) == 1));
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel_cause(f->ctx, -EXDEV));
	KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
	if (call->end == PARTIAL)
		KUNIT_EXPECT_TRUE_MSG(test, j->ret > 0 && j->ret < BIG, "%ld", j->ret);
	else
		KUNIT_EXPECT_EQ(test, j->ret, (long)-ECANCELED);
	finish(test);
}

static void deadline(struct kunit *test)
{
	const struct call *call = test->param_value;
	struct fx *f = fx_of(test);
	struct job *j;

	if (call->end == NEVER) {
		does_not_wait(test);
		return;
	}
	prepare(test);
	goro_ctx_put(f->ctx);
	f->ctx = goro_ctx_with_timeout(goro_ctx_background(), SHORT_NS);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->ctx);
	j = call_job(test);
	begin(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
	/* on a slow machine it may have passed before anything was done */
	if (call->end == PARTIAL && j->ret > 0)
		KUNIT_EXPECT_LT(test, j->ret, (long)BIG);
	else
		KUNIT_EXPECT_EQ(test, j->ret, (long)-ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get_ns(), goro_ctx_deadline(f->ctx));
	finish(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(before, call_gen_params),
	KUNIT_CASE_PARAM(during, call_gen_params),
	KUNIT_CASE_PARAM(deadline, call_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_ctx_wait",
	.suite_init = open_files,
	.suite_exit = close_files,
	.init = init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
