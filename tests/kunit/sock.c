// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_sock: sockets for goroutines, over AF_UNIX and loopback TCP, with
 * a goroutine or a thread on either side.
 */
#include <linux/in.h>
#include <linux/net.h>
#include <linux/un.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include "kunit.h"

struct conn {
	struct socket *listener, *client, *server, *none;
	union {
		struct sockaddr_storage any;
		struct sockaddr_in in;
		struct sockaddr_un un;
	} addr;
	int addrlen;
	size_t total;		/* for the stream cases */
};

struct pair { const char *name; int family; const struct who *who; };
static const struct pair pairs[] = {
	{ "AF_UNIX, goroutines", AF_UNIX, &whos[0] },
	{ "AF_UNIX, goroutine and thread", AF_UNIX, &whos[1] },
	{ "TCP, goroutines", AF_INET, &whos[0] },
	{ "TCP, thread and goroutine", AF_INET, &whos[2] },
};
KUNIT_ARRAY_PARAM_DESC(pair, pairs, name);

static int accept_one(struct job *j)
{
	struct conn *n = j->f->priv;

	return goro_sock_accept(n->listener, &n->server, j->deadline);
}

static int accept_another(struct job *j)
{
	struct conn *n = j->f->priv;

	return goro_sock_accept(n->listener, &n->none, j->deadline);
}

static struct conn *listen_on(struct kunit *test, int family)
{
	struct conn *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, n);
	fx_of(test)->priv = n;
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, family, SOCK_STREAM, 0,
					       &n->listener), 0);
	if (family == AF_INET) {
		n->addr.in.sin_family = AF_INET;
		n->addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		n->addrlen = sizeof(n->addr.in);
	} else {
		n->addr.un.sun_family = AF_UNIX;
		n->addrlen = sizeof(sa_family_t);	/* autobind */
	}
	KUNIT_ASSERT_EQ(test, kernel_bind(n->listener, (void *)&n->addr, n->addrlen), 0);
	n->addrlen = kernel_getsockname(n->listener, (void *)&n->addr);
	KUNIT_ASSERT_GT(test, n->addrlen, 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(n->listener, 8), 0);
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, family, SOCK_STREAM, 0,
					       &n->client), 0);
	return n;
}

/* a connected pair; job 0 accepts */
static struct conn *connected(struct kunit *test)
{
	const struct pair *p = test->param_value;
	struct conn *n = listen_on(test, p->family);
	struct job *j = job_set(fx_of(test), 0, accept_one, NULL);

	job_start(test, j, p->who->recv_thread);
	KUNIT_ASSERT_EQ(test, kernel_connect(n->client, (void *)&n->addr, n->addrlen, 0), 0);
	EXPECT_DONE(test, j, 0);
	KUNIT_ASSERT_NOT_NULL(test, n->server);
	return n;
}

static void conn_put(struct conn *n)
{
	if (n->server)
		sock_release(n->server);
	if (n->client)
		sock_release(n->client);
	sock_release(n->listener);
}

static int echo(struct job *j)
{
	struct conn *n = j->f->priv;
	char buf[64];
	int len, ret;

	while ((len = goro_sock_recv(n->server, buf, sizeof(buf), j->deadline)) > 0) {
		ret = goro_sock_send(n->server, buf, len, j->deadline);
		if (ret != len)
			return ret;
	}
	return len;
}

static int talk(struct job *j)
{
	struct conn *n = j->f->priv;
	char out[48], in[48];
	int i, k, ret;

	for (i = 0; i < 200; i++) {
		memset(out, i, sizeof(out));
		ret = goro_sock_send(n->client, out, sizeof(out), j->deadline);
		if (ret != sizeof(out))
			return ret < 0 ? ret : -EIO;
		for (k = 0; k < sizeof(in); k += ret) {
			ret = goro_sock_recv(n->client, in + k, sizeof(in) - k, j->deadline);
			if (ret <= 0)
				return ret ?: -EPIPE;
		}
		if (memcmp(in, out, sizeof(in)))
			return -EBADMSG;
	}
	return kernel_sock_shutdown(n->client, SHUT_WR);
}

static void echoes(struct kunit *test)
{
	const struct pair *p = test->param_value;
	struct conn *n = connected(test);
	struct fx *f = fx_of(test);

	job_start(test, job_set(f, 1, echo, NULL), p->who->recv_thread);
	job_start(test, job_set(f, 2, talk, NULL), p->who->send_thread);
	EXPECT_DONE(test, &f->j[2], 0);
	EXPECT_DONE(test, &f->j[1], 0);	/* end of the stream */
	conn_put(n);
}

#define CHUNK	8192

static u8 byte_at(size_t i)
{
	return i * 13 + (i >> 9);
}

static int send_all(struct job *j)
{
	struct conn *n = j->f->priv;
	u8 *buf = kmalloc(n->total, GFP_KERNEL);
	size_t i;
	int ret;

	if (!buf)
		return -ENOMEM;
	for (i = 0; i < n->total; i++)
		buf[i] = byte_at(i);
	/* far more than the socket holds: it has to wait for the other side */
	ret = goro_sock_send(n->client, buf, n->total, j->deadline);
	kernel_sock_shutdown(n->client, SHUT_WR);
	kfree(buf);
	return ret;
}

static int recv_all(struct job *j)
{
	struct conn *n = j->f->priv;
	u8 *buf = kmalloc(CHUNK, GFP_KERNEL);
	size_t at = 0;
	int ret, i;

	if (!buf)
		return -ENOMEM;
	while ((ret = goro_sock_recv(n->server, buf, CHUNK, j->deadline)) > 0)
		for (i = 0; i < ret; i++)
			if (buf[i] != byte_at(at++))
				atomic_inc(&j->f->bad);
	kfree(buf);
	return ret < 0 ? ret : at;
}

static void stream(struct kunit *test)
{
	const struct pair *p = test->param_value;
	struct conn *n = connected(test);
	struct fx *f = fx_of(test);

	n->total = 4 << 20;
	job_start(test, job_set(f, 1, send_all, NULL), p->who->send_thread);
	if (!p->who->send_thread)
		KUNIT_EXPECT_TRUE(test, eventually(members_in(&f->grp, GORO_R_POLL) == 1));
	job_start(test, job_set(f, 2, recv_all, NULL), p->who->recv_thread);
	EXPECT_DONE(test, &f->j[1], n->total);
	EXPECT_DONE(test, &f->j[2], n->total);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	conn_put(n);
}

static int recv_some(struct job *j)
{
	struct conn *n = j->f->priv;
	u8 buf[8];

	return goro_sock_recv(n->server, buf, sizeof(buf), j->deadline);
}

static int poll_out_then_in(struct job *j)
{
	struct conn *n = j->f->priv;
	int ret = goro_poll_sock(n->server, EPOLLOUT, GORO_NOW);

	if (!(ret & EPOLLOUT))
		return -EIO;
	return goro_poll_sock(n->server, EPOLLIN, j->deadline);
}

static void deadlines(struct kunit *test)
{
	const struct pair *p = test->param_value;
	struct conn *n = connected(test);
	struct fx *f = fx_of(test);
	struct job *j;
	u64 at = goro_in(SHORT_NS);

	KUNIT_EXPECT_EQ(test, goro_sock_accept(n->listener, &n->none, GORO_NOW), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_sock_accept(n->listener, &n->none, at), -ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get_ns(), at);
	j = job_set(f, 1, recv_some, NULL);
	j->deadline = goro_in(SHORT_NS);
	job_start(test, j, p->who->recv_thread);
	EXPECT_DONE(test, j, -ETIMEDOUT);
	j = job_set(f, 2, recv_some, NULL);
	j->deadline = 1;
	job_start(test, j, p->who->recv_thread);
	EXPECT_DONE(test, j, -ETIMEDOUT);

	/* and then something comes */
	j = job_set(f, 3, poll_out_then_in, NULL);
	job_start(test, j, p->who->recv_thread);
	KUNIT_EXPECT_EQ(test, goro_sock_send(n->client, "abc", 3, NET), 3);
	KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
	KUNIT_EXPECT_TRUE(test, j->ret > 0 && (j->ret & EPOLLIN));
	j = job_set(f, 4, recv_some, NULL);
	job_start(test, j, p->who->recv_thread);
	EXPECT_DONE(test, j, 3);
	conn_put(n);
}

static void cancel(struct kunit *test)
{
	const struct pair *p = test->param_value;
	struct conn *n = connected(test);
	struct fx *f = fx_of(test);

	job_go(test, job_set(f, 1, recv_some, NULL));
	job_go(test, job_set(f, 2, accept_another, NULL));
	KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_POLL) == 2));
	goro_group_cancel(&f->grp);
	EXPECT_DONE(test, &f->j[1], -ECANCELED);
	EXPECT_DONE(test, &f->j[2], -ECANCELED);
	if (p->family == AF_UNIX) {
		/* nobody waits any more */
		KUNIT_EXPECT_FALSE(test, waitqueue_active(sk_sleep(n->server->sk)));
		/* likewise */
		KUNIT_EXPECT_FALSE(test, waitqueue_active(sk_sleep(n->listener->sk)));
	}
	conn_put(n);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(echoes, pair_gen_params),
	KUNIT_CASE_PARAM(stream, pair_gen_params),
	KUNIT_CASE_PARAM(deadlines, pair_gen_params),
	KUNIT_CASE_PARAM(cancel, pair_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_sock",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
