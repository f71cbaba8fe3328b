// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_ctx_wait: each blocking call under a context, by a goroutine and by a
 * thread: cancelled before it, while it waits, and by a deadline; scopes that nest;
 * and cancels that race with what is waited for.
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
#include "core/context.h"
#include "kunit.h"

#define FIFO	"/tmp/goro_kunit.fifo"
#define DISK	"/tmp/goro_kunit.ctx"
#define BIG	SZ_1M		/* more than any socket or pipe takes */

/* what never becomes ready; in f->priv */
struct things {
	struct goro_ctx *ctx, *ctx2;
	u64 ctxs0;
	wait_queue_head_t wq;
	struct completion completion;
	struct file *never;
	struct socket *listener, *client, *server;
	struct sockaddr_un addr;
	int addrlen;
	char *buf;
	struct goro_scope scope;	/* a case's own */
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
	struct things *t = things(j);					\
	struct goro_ctx *ctx = t->ctx;					\
									\
	*ret = call;							\
}

static struct msghdr *message(struct job *j, struct msghdr *msg, struct kvec *vec, bool out)
{
	memset(msg, 0, sizeof(*msg));
	vec->iov_base = things(j)->buf;
	vec->iov_len = BIG;
	iov_iter_kvec(&msg->msg_iter, out ? ITER_SOURCE : ITER_DEST, vec, 1, BIG);
	return msg;
}

CALL(send, goro_chan_send_ctx(ctx, j->f->c[0], &j->v))
CALL(recv, goro_chan_recv_ctx(ctx, j->f->c[0], &j->v))
CALL(send_irq, goro_chan_send_ctx(ctx, j->f->c[2], &j->v))
CALL(recv_irq, goro_chan_recv_ctx(ctx, j->f->c[2], &j->v))
CALL(send_nil, goro_chan_send_ctx(ctx, NULL, &j->v))
CALL(recv_nil, goro_chan_recv_ctx(ctx, NULL, &j->v))
CALL(sleep, goro_sleep_ctx(ctx, 1000 * NET_NS))
CALL(wg, goro_wg_wait_ctx(ctx, &j->f->wg))
CALL(group, goro_group_wait_ctx(ctx, &j->f->other))
CALL(event, goro_wait_event_ctx(ctx, t->wq, j->f->flag))
CALL(event_excl, goro_wait_event_exclusive_ctx(ctx, t->wq, j->f->flag))
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

static void recvmsg(struct job *j, int *ret)
{
	struct msghdr msg;
	struct kvec vec;

	*ret = goro_sock_recvmsg_ctx(things(j)->ctx, things(j)->client,
				     message(j, &msg, &vec, false), 0, j->deadline);
}

static void sendmsg(struct job *j, int *ret)
{
	struct msghdr msg;
	struct kvec vec;

	*ret = goro_sock_sendmsg_ctx(things(j)->ctx, things(j)->client,
				     message(j, &msg, &vec, true), j->deadline);
}

static void sendfile(struct job *j, int *ret)
{
	loff_t pos = 0;

	*ret = goro_sendfile_ctx(things(j)->ctx, things(j)->client, disk, &pos, BIG, j->deadline);
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
	BOTH("WaitGroup", wg, ERROR),
	BOTH("group", group, ERROR),
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

static int receives(struct job *j)
{
	return goro_chan_recv_ctx(things(j)->ctx, j->c, &j->v);
}

static u64 alive(void)
{
	return goro_counter(GORO_C_CTX_CREATED) - goro_counter(GORO_C_CTX_DESTROYED);
}

static int init(struct kunit *test)
{
	struct things *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int err = fx_init(test);

	if (err || !t)
		return err ?: -ENOMEM;
	fx_of(test)->priv = t;
	t->ctxs0 = alive();
	init_waitqueue_head(&t->wq);
	init_completion(&t->completion);
	t->ctx = goro_ctx_with_cancel(goro_ctx_background());
	return PTR_ERR_OR_ZERO(t->ctx);
}

static void exit_(struct kunit *test)
{
	struct things *t = fx_of(test)->priv;
	u64 ctxs0 = t->ctxs0;

	goro_ctx_cancel(t->ctx);
	goro_ctx_put(t->ctx);
	if (t->ctx2)
		goro_ctx_cancel(t->ctx2);
	goro_ctx_put(t->ctx2);
	fx_exit(test);
	KUNIT_EXPECT_TRUE(test, eventually(alive() == ctxs0));
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

static int hold(void *arg)
{
	struct fx *f = arg;

	return goro_chan_recv(f->c[1], NULL) < 0;
}

static void unprepare(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct things *t = f->priv;

	KUNIT_EXPECT_EQ(test, goro_wg_done(&f->wg), 0);
	KUNIT_EXPECT_EQ(test, wg_waiters(&f->wg), 0U);
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

/* how many wait with a context, as far as it knows */
static u32 waiting(struct goro_ctx *ctx)
{
	struct goro_scope *s;
	u32 n = 0;

	goro_lock(&ctx->lock);
	list_for_each_entry(s, &ctx->scopes, node)
		n += atomic_read(&s->w->claim) == GORO_WAIT;
	goro_unlock(&ctx->lock);
	return n;
}

static u32 listed(struct goro_ctx *ctx)
{
	struct list_head *pos;
	u32 n = 0;

	goro_lock(&ctx->lock);
	list_for_each(pos, &ctx->scopes)
		n++;
	goro_unlock(&ctx->lock);
	return n;
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

	KUNIT_EXPECT_EQ(test, listed(((struct things *)f->priv)->ctx), 0U);
	goro_chan_close(f->c[1]);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	unprepare(test);
}

/* a context that is cancelled already wins, and says how */
static void before(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct things *t = f->priv;
	struct job *j;

	prepare(test);
	goro_ctx_put(t->ctx);
	t->ctx = goro_ctx_with_deadline(goro_ctx_background(), GORO_NOW);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->ctx);
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
	struct things *t = f->priv;
	struct job *j;

	if (call->end == NEVER) {
		does_not_wait(test);
		return;
	}
	prepare(test);
	j = call_job(test);
	begin(test, j);
	if (call->end != UNSEEN)
		KUNIT_ASSERT_TRUE(test, eventually(waiting(t->ctx) == 1));
	KUNIT_EXPECT_TRUE(test, goro_ctx_cancel_cause(t->ctx, -EXDEV));
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
	struct things *t = f->priv;
	struct job *j;

	if (call->end == NEVER) {
		does_not_wait(test);
		return;
	}
	prepare(test);
	goro_ctx_put(t->ctx);
	t->ctx = goro_ctx_with_timeout(goro_ctx_background(), SHORT_NS);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->ctx);
	j = call_job(test);
	begin(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
	/* on a slow machine it may have passed before anything was done */
	if (call->end == PARTIAL && j->ret > 0)
		KUNIT_EXPECT_LT(test, j->ret, (long)BIG);
	else
		KUNIT_EXPECT_EQ(test, j->ret, (long)-ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get_ns(), goro_ctx_deadline(t->ctx));
	finish(test);
}

/* ---- scopes ----------------------------------------------------------- */

static const struct kind { const char *name; bool thread; } kinds[] = {
	{ "a goroutine", false }, { "a thread", true },
};
KUNIT_ARRAY_PARAM_DESC(kind, kinds, name);

static void start_kind(struct kunit *test, struct job *j)
{
	job_start(test, j, ((const struct kind *)test->param_value)->thread);
}

/* what need not wait: done as ever, and the context never hears of it */
static int no_wait(struct job *j)
{
	struct goro_scope scope;
	struct things *t = things(j);
	int i, bad = goro_ctx_enter(&scope, t->ctx);
	u64 v;

	for (i = 0; i < 10; i++) {
		bad += !!goro_chan_send(j->c, &j->v);
		bad += goro_chan_recv(j->c, &v) != 1;
		bad += listed(t->ctx);
	}
	/* a wait with its own deadline, by which it ends */
	bad += goro_chan_recv_until(j->c, &v, 1) != -ETIMEDOUT;
	bad += goro_chan_recv_until(j->c, &v, GORO_NOW) != -EAGAIN;
	bad += listed(t->ctx) != 1;
	bad += goro_ctx_leave(&scope, 7) != 7;
	bad += listed(t->ctx);
	/* NULL is background */
	bad += goro_chan_send_ctx(NULL, j->c, &j->v) != 0;
	bad += goro_chan_recv_ctx(goro_ctx_background(), j->c, &v) != 1;
	return bad;
}

static void costs_nothing(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, no_wait, fx_chan(test, 0, 8, 1));

	start_kind(test, j);
	EXPECT_DONE(test, j, 0);
}

/* v says which of the two the case cancels */
static int nest(struct job *j)
{
	struct things *t = things(j);
	struct goro_scope out, in;
	long a, b;

	a = goro_ctx_enter(&out, t->ctx);
	b = goro_ctx_enter(&in, t->ctx2);
	if (a || b)
		return -EIO;
	b = goro_ctx_leave(&in, goro_chan_recv(j->c, NULL));
	/* the error of the outer one passes through the inner one; it still holds */
	if (j->v == 1 && (b != -ECANCELED || !goro_ctx_err(t->ctx) ||
			  goro_chan_recv(j->c, NULL) != -ECANCELED))
		return -EIO;
	/* that of the inner one is over with it: this waits on, for an element */
	if (j->v == 2) {
		if (b != -ECANCELED || goro_ctx_err(t->ctx))
			return -EIO;
		atomic_inc(&j->f->n);
		b = goro_chan_recv(j->c, NULL);
		if (b != 1)
			return -EIO;
		b = -ECANCELED;
	}
	return goro_ctx_leave(&out, b);
}

static void nested(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct things *t = f->priv;
	struct job *j;
	u64 v = 1;
	int i;

	fx_chan(test, 0, 8, 0);
	t->ctx2 = goro_ctx_with_cancel(goro_ctx_background());
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->ctx2);
	for (i = 2; i >= 1; i--) {
		j = job_set(f, i, nest, f->c[0]);
		j->v = i;
		start_kind(test, j);
		KUNIT_ASSERT_TRUE(test, eventually(waiting(t->ctx) == 1 && waiting(t->ctx2) == 1));
		goro_ctx_cancel(i == 1 ? t->ctx : t->ctx2);
		if (i == 2) {
			KUNIT_ASSERT_TRUE(test, eventually(waiting(t->ctx) == 1 &&
							   receivers(f->c[0]) == 1 &&
							   atomic_read(&f->n)));
			KUNIT_EXPECT_EQ(test, goro_chan_send_until(f->c[0], &v, NET), 0);
			goro_ctx_put(t->ctx2);
			t->ctx2 = goro_ctx_with_cancel(goro_ctx_background());
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->ctx2);
		}
		EXPECT_DONE(test, j, -ECANCELED);
	}
	KUNIT_EXPECT_EQ(test, listed(t->ctx) + listed(t->ctx2), 0U);
}

/* a later wait, out of the scope, is not reached */
static int leaves(struct job *j)
{
	int ret = goro_chan_recv_ctx(things(j)->ctx, j->c, NULL);

	if (ret != -ECANCELED)
		return -EIO;
	return goro_chan_recv_until(j->c, &j->v, j->deadline);
}

static void does_not_reach_on(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct things *t = f->priv;
	struct job *j = job_set(f, 0, leaves, fx_chan(test, 0, 8, 0));
	u64 v = 5;

	start_kind(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(waiting(t->ctx) == 1));
	goro_ctx_cancel(t->ctx);
	KUNIT_EXPECT_EQ(test, goro_chan_send_until(f->c[0], &v, NET), 0);
	EXPECT_DONE(test, j, 1);
	KUNIT_EXPECT_EQ(test, j->v, 5ULL);
}

/* a signal ends a thread's wait under a context as any other */
static void signalled(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct things *t = f->priv;
	struct job *j = job_set(f, 0, receives, fx_chan(test, 0, 8, 0));

	job_thread(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(waiting(t->ctx) == 1));
	kthread_stop(j->task);		/* which looks like a signal */
	put_task_struct(j->task);
	j->task = NULL;
	EXPECT_DONE(test, j, -EINTR);
	KUNIT_EXPECT_EQ(test, listed(t->ctx), 0U);
}

/* ---- goroutines that live under a context ------------------------------ */

static void under(void *arg)
{
	struct fx *f = arg;

	if (goro_cancelled() || goro_chan_recv(f->c[0], NULL) != -ECANCELED ||
	    !goro_cancelled() || goro_sleep(1000 * NET_NS) != -ECANCELED)
		atomic_inc(&f->bad);
	atomic_inc(&f->n);
}

static void exits_inside(void *arg)
{
	struct fx *f = arg;
	struct things *t = f->priv;
	struct goro_scope scope;

	if (goro_ctx_enter(&scope, t->ctx2))
		atomic_inc(&f->bad);
	if (goro_chan_recv_until(f->c[0], NULL, 1) != -ETIMEDOUT)
		atomic_inc(&f->bad);
	atomic_inc(&f->n);
	goro_exit();
}

static void go_ctx(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct things *t = f->priv;

	fx_chan(test, 0, 8, 0);
	t->ctx2 = goro_ctx_with_cancel(goro_ctx_background());
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->ctx2);
	KUNIT_ASSERT_EQ(test, goro_go_ctx(t->ctx, under, f), 0);
	KUNIT_ASSERT_EQ(test, goro_go_ctx(t->ctx, under, f), 0);
	KUNIT_ASSERT_TRUE(test, eventually(waiting(t->ctx) == 2));
	goro_ctx_cancel(t->ctx);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) == 2));
	/* goro_exit() out of two scopes leaves nothing behind */
	KUNIT_ASSERT_EQ(test, goro_go_ctx(t->ctx2, exits_inside, f), 0);
	KUNIT_ASSERT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 3);
	KUNIT_EXPECT_EQ(test, listed(t->ctx2), 0U);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

static const int a_key;

static void with_a_value(struct fx *f, struct goro_ctx *ctx)
{
	if (goro_ctx_value(ctx, &a_key) != f)
		atomic_inc(&f->bad);
}

static void under_values(void *arg)
{
	struct goro_ctx *ctx = arg;
	struct fx *f = goro_ctx_value(ctx, &a_key);

	under(f);
	with_a_value(f, ctx);
}

static void just_values(void *arg)
{
	struct goro_ctx *ctx = arg;
	struct fx *f = goro_ctx_value(ctx, &a_key);

	if (goro_chan_recv_until(f->c[0], NULL, 1) != -ETIMEDOUT || goro_cancelled())
		atomic_inc(&f->bad);
	with_a_value(f, ctx);
	atomic_inc(&f->n);
}

/* contexts with values: held until it ends, and what cancels is the one above them */
static void go_ctx_values(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct things *t = f->priv;
	struct goro_ctx *v, *vv;

	fx_chan(test, 0, 8, 0);
	v = goro_ctx_with_value(t->ctx, &a_key, f, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, v);
	vv = goro_ctx_with_value(v, test, test, NULL);
	goro_ctx_put(v);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vv);
	KUNIT_EXPECT_EQ(test, goro_go_ctx(vv, under_values, vv), 0);
	goro_ctx_put(vv);
	KUNIT_ASSERT_TRUE(test, eventually(waiting(t->ctx) == 1));
	goro_ctx_cancel(t->ctx);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&f->n) == 1));

	v = goro_ctx_with_value(goro_ctx_background(), &a_key, f, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, v);
	KUNIT_EXPECT_EQ(test, goro_go_ctx(v, just_values, v), 0);
	goro_ctx_put(v);
	KUNIT_ASSERT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
}

/* ---- races ------------------------------------------------------------ */

#define ROUNDS	150

/* deadlines and cancels, of contexts of its own, against partners: nothing is lost */
static int racer(struct job *j, bool sends)
{
	int i, n = 0;

	for (i = 0; i < ROUNDS; i++) {
		struct goro_ctx *ctx = goro_ctx_with_timeout(things(j)->ctx,
							     (i * 37) % 200 * NSEC_PER_USEC / 4);
		u64 v = i + 1;
		int ret;

		if (IS_ERR(ctx))
			return -ENOMEM;
		if (sends) {
			ret = goro_chan_send_ctx(ctx, j->c, &v);
			if (!ret)
				atomic64_add(v, &j->f->sum);
			n += !ret;
		} else {
			ret = goro_chan_recv_ctx(ctx, j->c, &v);
			if (ret == 1)
				atomic64_sub(v, &j->f->sum);
			n += ret == 1;
		}
		if (ret < 0 && ret != -ETIMEDOUT && ret != -ECANCELED)
			atomic_inc(&j->f->bad);
		if (ret < 0 && !goro_ctx_err(ctx))
			atomic_inc(&j->f->bad);
		goro_ctx_put(ctx);
	}
	atomic_add(n, sends ? &j->f->n : &j->f->n2);
	return 0;
}

static int race_send(struct job *j)
{
	return racer(j, true);
}

static int race_recv(struct job *j)
{
	return racer(j, false);
}

static void races(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct things *t = f->priv;
	int i;

	fx_chan(test, 0, 8, 0);
	for (i = 0; i < 12; i++) {
		job_set(f, i, i & 1 ? race_send : race_recv, f->c[0]);
		job_start(test, &f->j[i], i % 3 == 0);
	}
	for (i = 0; i < 6; i++)
		EXPECT_DONE(test, &f->j[i], 0);
	goro_ctx_cancel(t->ctx);
	for (; i < 12; i++)
		EXPECT_DONE(test, &f->j[i], 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), atomic_read(&f->n2));
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->sum), 0LL);
	EXPECT_CHAN(test, f->c[0], 0, 0, 0);
	KUNIT_EXPECT_EQ(test, listed(t->ctx), 0U);
}

/* many wait with one context: more than are taken at a time */
static void many(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct things *t = f->priv;
	u64 before = goro_counter(GORO_C_WAKE_CANCEL);
	int i;

	fx_chan(test, 0, 8, 0);
	for (i = 0; i < 500; i++)
		KUNIT_ASSERT_EQ(test, goro_go_ctx(t->ctx, under, f), 0);
	KUNIT_ASSERT_TRUE(test, eventually(waiting(t->ctx) == 500));
	goro_ctx_cancel(t->ctx);
	KUNIT_ASSERT_TRUE(test, eventually(goro_num() == f->num0));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), 500);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_WAKE_CANCEL) - before, 500ULL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(before, call_gen_params),
	KUNIT_CASE_PARAM(during, call_gen_params),
	KUNIT_CASE_PARAM(deadline, call_gen_params),
	KUNIT_CASE_PARAM(costs_nothing, kind_gen_params),
	KUNIT_CASE_PARAM(nested, kind_gen_params),
	KUNIT_CASE_PARAM(does_not_reach_on, kind_gen_params),
	KUNIT_CASE(signalled),
	KUNIT_CASE(go_ctx),
	KUNIT_CASE(go_ctx_values),
	KUNIT_CASE(races),
	KUNIT_CASE(many),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_ctx_wait",
	.suite_init = open_files,
	.suite_exit = close_files,
	.init = init,
	.exit = exit_,
	.test_cases = cases,
};
kunit_test_suite(suite);
