// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_sockmsg: connecting, messages, and what poll does not tell.
 */
#include <linux/in.h>
#include <linux/net.h>
#include <linux/uio.h>
#include <linux/un.h>
#include <net/ip.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include "kunit.h"

struct conns {
	struct socket *listener, *s[4], *peer;
	struct sockaddr_storage addr;
	int addrlen;
	struct file *file;
};

static struct socket *sock(struct kunit *test, int family, int type)
{
	struct socket *s;

	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, family, type, 0, &s), 0);
	return s;
}

static void bind_any(struct kunit *test, struct conns *n, struct socket *s)
{
	struct sockaddr_in *in = (void *)&n->addr;

	memset(&n->addr, 0, sizeof(n->addr));
	n->addr.ss_family = s->sk->sk_family;
	n->addrlen = sizeof(sa_family_t);	/* unix: autobind */
	if (s->sk->sk_family == AF_INET) {
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		n->addrlen = sizeof(*in);
	}
	KUNIT_ASSERT_EQ(test, kernel_bind(s, (void *)&n->addr, n->addrlen), 0);
	n->addrlen = kernel_getsockname(s, (void *)&n->addr);
	KUNIT_ASSERT_GT(test, n->addrlen, 0);
}

/* a listener with a backlog that one connection fills, and sockets to connect */
static struct conns *net(struct kunit *test, int family)
{
	struct conns *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, n);
	fx_of(test)->priv = n;
	n->listener = sock(test, family, SOCK_STREAM);
	bind_any(test, n, n->listener);
	KUNIT_ASSERT_EQ(test, kernel_listen(n->listener, 0), 0);
	for (i = 0; i < ARRAY_SIZE(n->s); i++)
		n->s[i] = sock(test, family, SOCK_STREAM);
	return n;
}

static void net_put(struct conns *n)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(n->s); i++)
		if (n->s[i])
			sock_release(n->s[i]);
	if (n->peer)
		sock_release(n->peer);
	if (n->listener)
		sock_release(n->listener);
}

/* job i connects socket i */
static int connects(struct job *j)
{
	struct conns *n = j->f->priv;

	return goro_sock_connect(n->s[j - j->f->j], (void *)&n->addr, n->addrlen, j->deadline);
}

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

struct way { const char *name; int family; const struct who *who; };
static const struct way ways[] = {
	{ "unix, goroutine", AF_UNIX, &whos[0] },
	{ "unix, thread", AF_UNIX, &whos[3] },
	{ "TCP, goroutine", AF_INET, &whos[0] },
	{ "TCP, thread", AF_INET, &whos[3] },
};
KUNIT_ARRAY_PARAM_DESC(way, ways, name);

static void connect(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct conns *n = net(test, way->family);
	struct fx *f = fx_of(test);

	job_start(test, job_set(f, 0, connects, NULL), way->who->send_thread);
	EXPECT_DONE(test, &f->j[0], 0);
	if (way->family == AF_INET)
		KUNIT_EXPECT_EQ(test, n->s[0]->state, SS_CONNECTED);
	KUNIT_EXPECT_EQ(test, goro_sock_accept(n->listener, &n->peer, NET), 0);
	KUNIT_EXPECT_EQ(test, connects(&f->j[0]), -EISCONN);
	KUNIT_EXPECT_EQ(test, goro_sock_send(n->s[0], "x", 1, NET), 1);
	sock_release(n->listener);
	n->listener = NULL;
	job_start(test, job_set(f, 1, connects, NULL), way->who->send_thread);
	EXPECT_DONE(test, &f->j[1], -ECONNREFUSED);
	net_put(n);
}

/* one waits to be accepted: the next one finds no room (with TCP, once its last ACK was seen) */
static void fill_backlog(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct conns *n = f->priv;

	KUNIT_ASSERT_EQ(test, connects(job_set(f, 0, connects, NULL)), 0);
	if (n->listener->sk->sk_family == AF_INET)
		KUNIT_ASSERT_TRUE(test, eventually(sk_acceptq_is_full(n->listener->sk)));
}

/* nobody accepts: deadline, cancel, and in the end it comes about */
static void connect_waits(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct conns *n = net(test, way->family);
	bool on_m = way->family == AF_UNIX;
	struct fx *f = fx_of(test);
	struct job *j;
	int i;

	fill_backlog(test);
	j = job_set(f, 3, connects, NULL);
	j->deadline = GORO_NOW;
	KUNIT_EXPECT_EQ(test, connects(j), -EAGAIN);
	j->deadline = goro_in(SHORT_NS);
	job_start(test, j, way->who->send_thread);
	EXPECT_DONE(test, j, -ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get_ns(), j->deadline);
	if (!way->who->send_thread) {
		/* TCP's waits in poll, unix's on its M */
		job_go(test, job_set(f, 2, connects, NULL));
		if (!on_m)
			KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_POLL) == 1));
		goro_group_cancel(&f->grp);
		EXPECT_DONE(test, &f->j[2], -ECANCELED);
	}
	j = job_set(f, 3, connects, NULL);
	j->done = 0;
	job_thread(test, j);
	for (i = 0; i < 8 && !job_done(j); i++) {
		struct socket *s;

		if (!goro_sock_accept(n->listener, &s, goro_in(NSEC_PER_SEC)))
			sock_release(s);
	}
	EXPECT_DONE(test, j, 0);
	net_put(n);
}

/* s[0] is connected to peer */
static void pair(struct kunit *test, struct conns *n)
{
	job_start(test, job_set(fx_of(test), 0, connects, NULL), true);
	KUNIT_ASSERT_EQ(test, goro_sock_accept(n->listener, &n->peer, NET), 0);
	EXPECT_DONE(test, &fx_of(test)->j[0], 0);
}

static int recv_flags(struct socket *s, void *buf, size_t len, int flags, u64 deadline)
{
	struct kvec vec = { .iov_base = buf, .iov_len = len };
	struct msghdr msg = { };

	iov_iter_kvec(&msg.msg_iter, ITER_DEST, &vec, 1, len);
	return goro_sock_recvmsg(s, &msg, flags, deadline);
}

static int recv_8(struct job *j)
{
	struct conns *n = j->f->priv;

	return recv_flags(n->peer, &j->v, 8, MSG_WAITALL, j->deadline);
}

static void messages(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct conns *n = net(test, way->family);
	struct fx *f = fx_of(test);
	struct job *j;
	char buf[8];

	pair(test, n);
	KUNIT_EXPECT_EQ(test, recv_flags(n->peer, buf, 8, MSG_DONTWAIT, NET), -EAGAIN);
	KUNIT_EXPECT_EQ(test, recv_flags(n->peer, buf, 8, MSG_WAITALL, goro_in(SHORT_NS)),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, goro_sock_send(n->s[0], "abc", 3, NET), 3);
	KUNIT_EXPECT_EQ(test, recv_flags(n->peer, buf, 8, MSG_PEEK, NET), 3);
	KUNIT_EXPECT_EQ(test, recv_flags(n->peer, buf, 8, MSG_PEEK | MSG_WAITALL, NET), 3);
	/* it waits for all of it; what came until the deadline is its result */
	KUNIT_EXPECT_EQ(test, recv_flags(n->peer, buf, 8, MSG_WAITALL, goro_in(SHORT_NS)), 3);
	KUNIT_EXPECT_EQ(test, memcmp(buf, "abc", 3), 0);
	j = job_set(f, 1, recv_8, NULL);
	job_start(test, j, way->who->recv_thread);
	KUNIT_EXPECT_EQ(test, goro_sock_send(n->s[0], "01234", 5, NET), 5);
	if (!way->who->recv_thread)
		KUNIT_EXPECT_TRUE(test, eventually(members_in(&f->grp, GORO_R_POLL) == 1));
	KUNIT_EXPECT_FALSE(test, job_done(j));
	KUNIT_EXPECT_EQ(test, goro_sock_send(n->s[0], "567", 3, NET), 3);
	EXPECT_DONE(test, j, 8);
	KUNIT_EXPECT_EQ(test, memcmp(&j->v, "01234567", 8), 0);
	/* and so is what came before a cancel, or the end */
	if (!way->who->recv_thread) {
		job_go(test, job_set(f, 2, recv_8, NULL));
		KUNIT_EXPECT_EQ(test, goro_sock_send(n->s[0], "89", 2, NET), 2);
		KUNIT_EXPECT_TRUE(test, eventually(members_in(&f->grp, GORO_R_POLL) == 1 &&
						   goro_poll_sock(n->peer, EPOLLIN, GORO_NOW) ==
						   -EAGAIN));
		goro_group_cancel(&f->grp);
		EXPECT_DONE(test, &f->j[2], 2);
	}
	KUNIT_EXPECT_EQ(test, goro_sock_send(n->s[0], "ab", 2, NET), 2);
	kernel_sock_shutdown(n->s[0], SHUT_WR);
	KUNIT_EXPECT_EQ(test, recv_flags(n->peer, buf, 8, MSG_WAITALL, NET), 2);
	KUNIT_EXPECT_EQ(test, recv_flags(n->peer, buf, 8, MSG_WAITALL, NET), 0);
	net_put(n);
}

#define MUCH	(8 << 20)

/* send more than fits: sendmsg says how much went, send says why not all */
static int sends_much(struct job *j)
{
	struct conns *n = j->f->priv;
	struct msghdr msg = { .msg_flags = MSG_MORE };
	struct kvec vec = { .iov_len = MUCH };
	int ret;

	vec.iov_base = kvmalloc(MUCH, GFP_KERNEL);
	if (!vec.iov_base)
		return -ENOMEM;
	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, MUCH);
	ret = goro_sock_sendmsg(n->s[0], &msg, j->deadline);
	if (ret > 0 && (msg_data_left(&msg) != MUCH - ret || msg.msg_flags != MSG_MORE))
		ret = -EIO;
	else if (ret > 0 && j->deadline != GORO_FOREVER)
		/* now it is full */
		ret = goro_sock_send(n->s[0], vec.iov_base, MUCH, goro_in(SHORT_NS));
	kvfree(vec.iov_base);
	return ret;
}

static void partial(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct conns *n = net(test, way->family);
	struct fx *f = fx_of(test);
	struct job *j;

	pair(test, n);
	j = job_set(f, 1, sends_much, NULL);
	j->deadline = goro_in(SHORT_NS);
	job_start(test, j, way->who->send_thread);
	EXPECT_DONE(test, j, -ETIMEDOUT);
	if (!way->who->send_thread) {
		j = job_set(f, 2, sends_much, NULL);
		j->deadline = GORO_FOREVER;
		job_go(test, j);
		KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_POLL) == 1));
		goro_group_cancel(&f->grp);
		KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
		KUNIT_EXPECT_LT(test, j->ret, (long)MUCH);
	}
	sock_release(n->peer);
	n->peer = NULL;
	/* the other side has gone: an error, no signal */
	KUNIT_EXPECT_LT(test, goro_sock_send(n->s[0], "x", 1, NET) +
			goro_sock_send(n->s[0], "x", 1, NET), 1);
	net_put(n);
}

static int recv_dgram(struct job *j)
{
	struct conns *n = j->f->priv;

	return goro_sock_recv(n->s[0], &j->v, 8, j->deadline);
}

/*
 * An error queue that nobody reads: poll says EPOLLERR all the time. A receiver
 * waits nevertheless, parked.
 */
static void error_queue(struct kunit *test)
{
	struct conns *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);
	struct fx *f = fx_of(test);
	struct socket *s;
	char buf[8];

	KUNIT_ASSERT_NOT_NULL(test, n);
	f->priv = n;
	s = sock(test, AF_INET, SOCK_DGRAM);
	bind_any(test, n, s);
	sock_release(s);
	n->s[0] = sock(test, AF_INET, SOCK_DGRAM);
	ip_sock_set_recverr(n->s[0]->sk);
	KUNIT_ASSERT_EQ(test, goro_sock_connect(n->s[0], (void *)&n->addr, n->addrlen, NET), 0);
	KUNIT_ASSERT_EQ(test, goro_sock_send(n->s[0], "x", 1, NET), 1);
	KUNIT_EXPECT_EQ(test, goro_sock_recv(n->s[0], buf, 8, NET), -ECONNREFUSED);
	KUNIT_EXPECT_EQ(test, goro_poll_sock(n->s[0], EPOLLIN, GORO_NOW), EPOLLERR);
	job_go(test, job_set(f, 1, recv_dgram, NULL));
	KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_POLL) == 1));
	KUNIT_EXPECT_EQ(test, goro_sock_recv(n->s[0], buf, 8, goro_in(SHORT_NS)), -ETIMEDOUT);
	goro_group_cancel(&f->grp);
	EXPECT_DONE(test, &f->j[1], -ECANCELED);
	KUNIT_EXPECT_EQ(test, recv_flags(n->s[0], buf, 8, MSG_ERRQUEUE, NET), 1);
	KUNIT_EXPECT_EQ(test, recv_flags(n->s[0], buf, 8, MSG_ERRQUEUE, goro_in(SHORT_NS)),
			-ETIMEDOUT);
	net_put(n);
}

static int recv_errqueue(struct job *j)
{
	struct conns *n = j->f->priv;

	return recv_flags(n->s[0], &j->v, 8, MSG_ERRQUEUE, j->deadline);
}

/* an error that is pending, and nothing in the queue: poll says EPOLLERR for ever */
static void error_pending(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct conns *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);
	struct fx *f = fx_of(test);
	struct socket *s;
	struct job *j;

	KUNIT_ASSERT_NOT_NULL(test, n);
	f->priv = n;
	s = sock(test, AF_INET, SOCK_DGRAM);
	bind_any(test, n, s);
	sock_release(s);
	n->s[0] = sock(test, AF_INET, SOCK_DGRAM);
	KUNIT_ASSERT_EQ(test, goro_sock_connect(n->s[0], (void *)&n->addr, n->addrlen, NET), 0);
	KUNIT_ASSERT_EQ(test, goro_sock_send(n->s[0], "x", 1, NET), 1);
	KUNIT_ASSERT_EQ(test, goro_poll_sock(n->s[0], 0, NET), EPOLLERR);
	j = job_set(f, 0, recv_errqueue, NULL);
	j->deadline = GORO_NOW;
	KUNIT_EXPECT_EQ(test, recv_errqueue(j), -EAGAIN);
	j->deadline = goro_in(SHORT_NS);
	job_start(test, j, who->recv_thread);
	EXPECT_DONE(test, j, -ETIMEDOUT);
	if (!who->recv_thread) {
		job_go(test, job_set(f, 1, recv_errqueue, NULL));
		KUNIT_EXPECT_TRUE(test, eventually(members_in(&f->grp, GORO_R_SLEEP) == 1));
		goro_group_cancel(&f->grp);
		EXPECT_DONE(test, &f->j[1], -ECANCELED);
	}
	net_put(n);
}

/* shut down for reading: the end to who waits, and to who comes */
static void shut_dgram(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct conns *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);
	struct fx *f = fx_of(test);
	struct job *j;

	KUNIT_ASSERT_NOT_NULL(test, n);
	f->priv = n;
	n->peer = sock(test, way->family, SOCK_DGRAM);
	bind_any(test, n, n->peer);
	n->s[0] = sock(test, way->family, SOCK_DGRAM);
	KUNIT_ASSERT_EQ(test, goro_sock_connect(n->s[0], (void *)&n->addr, n->addrlen, NET), 0);
	j = job_set(f, 0, recv_dgram, NULL);
	job_start(test, j, way->who->recv_thread);
	if (!way->who->recv_thread)
		KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_POLL) == 1));
	KUNIT_ASSERT_EQ(test, kernel_sock_shutdown(n->s[0], SHUT_RD), 0);
	EXPECT_DONE(test, j, 0);
	KUNIT_EXPECT_EQ(test, recv_dgram(j), 0);
	net_put(n);
}

static int accepts(struct job *j)
{
	struct conns *n = j->f->priv;

	return goro_sock_accept(n->listener, &n->peer, j->deadline);
}

static void shut_listener(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct conns *n = net(test, way->family);
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, accepts, NULL);

	job_start(test, j, way->who->recv_thread);
	if (!way->who->recv_thread)
		KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_POLL) == 1));
	KUNIT_ASSERT_EQ(test, kernel_sock_shutdown(n->listener, SHUT_RD), 0);
	EXPECT_DONE(test, j, -EINVAL);
	KUNIT_EXPECT_EQ(test, accepts(j), -EINVAL);
	net_put(n);
}

/* somebody shuts down what is being connected: it is not connected once more */
static void connect_ended(struct kunit *test)
{
	struct conns *n = net(test, AF_INET);
	struct fx *f = fx_of(test);
	struct job *j;

	fill_backlog(test);
	j = job_set(f, 3, connects, NULL);
	job_go(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_POLL) == 1));
	KUNIT_ASSERT_EQ(test, kernel_sock_shutdown(n->s[3], SHUT_RDWR), 0);
	EXPECT_DONE(test, j, -ECONNRESET);
	KUNIT_EXPECT_EQ(test, n->s[3]->state, SS_UNCONNECTED);
	net_put(n);
}

static int drop_8(struct job *j)
{
	struct conns *n = j->f->priv;

	return recv_flags(n->peer, &j->v, 8, MSG_WAITALL | MSG_TRUNC, j->deadline);
}

/* MSG_TRUNC throws TCP's bytes away: as many as were asked for, from two pieces */
static void drops(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct conns *n = net(test, way->family);
	struct fx *f = fx_of(test);
	struct job *j;
	char buf[8];

	pair(test, n);
	KUNIT_EXPECT_EQ(test, goro_sock_send(n->s[0], "abc", 3, NET), 3);
	KUNIT_ASSERT_GT(test, goro_poll_sock(n->peer, EPOLLIN, NET), 0);
	j = job_set(f, 1, drop_8, NULL);
	job_start(test, j, way->who->recv_thread);
	KUNIT_ASSERT_TRUE(test, eventually(goro_poll_sock(n->peer, EPOLLIN, GORO_NOW) == -EAGAIN));
	KUNIT_EXPECT_EQ(test, goro_sock_send(n->s[0], "defghij", 7, NET), 7);
	EXPECT_DONE(test, j, 8);
	KUNIT_EXPECT_EQ(test, recv_flags(n->peer, buf, 8, 0, NET), 2);
	KUNIT_EXPECT_EQ(test, memcmp(buf, "ij", 2), 0);
	net_put(n);
}

static int send_to(struct job *j)
{
	struct conns *n = j->f->priv;
	struct kvec vec = { .iov_base = "y", .iov_len = 1 };
	struct msghdr msg = { .msg_name = &n->addr, .msg_namelen = n->addrlen };

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, 1);
	return goro_sock_sendmsg(n->s[0], &msg, j->deadline);
}

/* a full queue of somebody we are not connected to: poll says we may send */
static void not_told_by_poll(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct conns *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, send_to, NULL);
	char buf[8];
	int i;

	KUNIT_ASSERT_NOT_NULL(test, n);
	f->priv = n;
	n->peer = sock(test, AF_UNIX, SOCK_DGRAM);
	bind_any(test, n, n->peer);
	n->s[0] = sock(test, AF_UNIX, SOCK_DGRAM);
	j->deadline = GORO_NOW;
	for (i = 0; i < 10000 && send_to(j) == 1; i++)
		;
	KUNIT_ASSERT_GT(test, i, 0);
	KUNIT_EXPECT_EQ(test, send_to(j), -EAGAIN);
	j->deadline = goro_in(SHORT_NS);
	job_start(test, j, who->send_thread);
	EXPECT_DONE(test, j, -ETIMEDOUT);
	j = job_set(f, 1, send_to, NULL);
	job_start(test, j, who->send_thread);
	usleep_range(1000, 2000);
	KUNIT_EXPECT_FALSE(test, job_done(j));
	KUNIT_EXPECT_EQ(test, goro_sock_recv(n->peer, buf, 8, NET), 1);
	EXPECT_DONE(test, j, 1);
	if (!who->send_thread) {
		job_go(test, job_set(f, 2, send_to, NULL));
		goro_group_cancel(&f->grp);
		EXPECT_DONE(test, &f->j[2], -ECANCELED);
	}
	net_put(n);
}

/* has the P, and does not give it to who comes back */
static int keeps_the_p(struct job *j)
{
	atomic_inc(&j->f->n);
	while (!READ_ONCE(j->f->flag))
		cond_resched();
	return 0;
}

/* a wait by the socket itself is over: it has its own timeout back, before there is a P */
static void timeout_given_back(struct kunit *test)
{
	struct conns *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, send_to, NULL);
	char buf[8];
	long own;

	KUNIT_ASSERT_NOT_NULL(test, n);
	KUNIT_ASSERT_TRUE(test, fx_one_p());
	f->priv = n;
	n->peer = sock(test, AF_UNIX, SOCK_DGRAM);
	bind_any(test, n, n->peer);
	n->s[0] = sock(test, AF_UNIX, SOCK_DGRAM);
	own = n->s[0]->sk->sk_sndtimeo;
	j->deadline = GORO_NOW;
	while (send_to(j) == 1)
		;
	j->deadline = NET;
	job_go(test, j);
	KUNIT_EXPECT_TRUE(test, eventually(READ_ONCE(n->s[0]->sk->sk_sndtimeo) != own));
	/* it gives the P up for its turns, and nowhere else */
	job_go(test, job_set(f, 1, keeps_the_p, NULL));
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&f->n) == 1));
	KUNIT_EXPECT_TRUE(test, eventually(READ_ONCE(n->s[0]->sk->sk_sndtimeo) == own));
	KUNIT_EXPECT_FALSE(test, job_done(j));
	WRITE_ONCE(f->flag, true);
	KUNIT_EXPECT_EQ(test, goro_sock_recv(n->peer, buf, 8, NET), 1);
	jobs_done(test, 1, 1);
	EXPECT_DONE(test, &f->j[1], 0);
	net_put(n);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(connect, way_gen_params),
	KUNIT_CASE_PARAM(connect_waits, way_gen_params),
	KUNIT_CASE_PARAM(messages, way_gen_params),
	KUNIT_CASE_PARAM(partial, way_gen_params),
	KUNIT_CASE(error_queue),
	KUNIT_CASE_PARAM(error_pending, who_gen_params),
	KUNIT_CASE_PARAM(shut_dgram, way_gen_params),
	KUNIT_CASE_PARAM(shut_listener, way_gen_params),
	KUNIT_CASE(connect_ended),
	KUNIT_CASE_PARAM(drops, way_gen_params),
	KUNIT_CASE_PARAM(not_told_by_poll, who_gen_params),
	KUNIT_CASE(timeout_given_back),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_sockmsg",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
