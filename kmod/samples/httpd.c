// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_httpd: an HTTP/1.1 server for static files, in the kernel, as the Go
 * tutorials write it: a goroutine accepts, and starts one for each connection.
 *
 *	insmod goro_httpd.ko root=/srv/www port=8080
 *
 * At most max_conns connections: "slots" is a channel used as a semaphore, one
 * element a connection, taken before accepting. When it is full and a client
 * waits in the socket's backlog (no 503: it would only come again), the
 * connection that has waited longest for a request is closed for it, and every
 * answer given closes its connection, so that places turn over.
 *
 * Unload: the listening socket goes first. Then every connection's receiving
 * side is shut down: who waits for a request sees the end of the stream, who
 * is answering one answers it to the end and closes. After drain_ms the rest,
 * readers too slow, is cancelled. Goroutines in groups do not pin the module;
 * goro_group_stop() returns when none can be in its text.
 *
 * L: httpd_lock. A connection is freed by its last reference: its goroutine's,
 * or unload's, which must not hold the lock while it shuts a socket down.
 */
#undef pr_fmt	/* the forced include has brought printk.h in */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/inet.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/net_namespace.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include "httpd.h"

static char *root = "/srv/www";
module_param(root, charp, 0444);
MODULE_PARM_DESC(root, "directory to serve");
static char *addr = "127.0.0.1";
module_param(addr, charp, 0444);
MODULE_PARM_DESC(addr, "address to listen on, IPv4 or IPv6");
static ushort port = 8080;
module_param(port, ushort, 0444);
MODULE_PARM_DESC(port, "TCP port; 0: any, read it back here");
static uint max_conns = 1024;
module_param(max_conns, uint, 0444);
MODULE_PARM_DESC(max_conns, "connections at once; further ones wait, idle ones go");
static uint max_per_addr;
module_param(max_per_addr, uint, 0644);
MODULE_PARM_DESC(max_per_addr, "connections of one client's address (IPv6: /64); 0: any number");
uint httpd_header_ms = 10000;
module_param_named(header_ms, httpd_header_ms, uint, 0644);
MODULE_PARM_DESC(header_ms, "ms from the first to the last byte of a request's head");
uint httpd_body_ms = 10000;
module_param_named(body_ms, httpd_body_ms, uint, 0644);
MODULE_PARM_DESC(body_ms, "ms for a request's body");
uint httpd_max_body = 65536;
module_param_named(max_body, httpd_max_body, uint, 0644);
MODULE_PARM_DESC(max_body, "bytes of a request's body that are read, and dropped");
uint httpd_idle_ms = 60000;
module_param_named(idle_ms, httpd_idle_ms, uint, 0644);
MODULE_PARM_DESC(idle_ms, "ms to wait for a request");
uint httpd_send_ms = 30000;
module_param_named(send_ms, httpd_send_ms, uint, 0644);
MODULE_PARM_DESC(send_ms, "ms for a client to take 16 KiB of an answer");
static uint drain_ms = 5000;
module_param(drain_ms, uint, 0644);
MODULE_PARM_DESC(drain_ms, "ms for answers under way at unload");

static struct socket *listener;
static struct goro_chan *slots;		/* one element for each connection */
static struct goro_group acceptor, conns;
static DEFINE_SPINLOCK(httpd_lock);
static LIST_HEAD(conn_list);		/* L */
static unsigned long opened, closed;	/* L: connections */
static unsigned long evicted, refused;	/* the acceptor's: for others; too many of an address */
static atomic_t leaving;		/* off the list, and have their slots yet */
static atomic_long_t requests;
static bool stopping;			/* set once, by unload, before it looks at the list */
static bool full;			/* a client waits for a place; the acceptor's */

bool httpd_stopping(void)
{
	return READ_ONCE(stopping);
}

bool httpd_crowded(void)
{
	return READ_ONCE(full);
}

void httpd_count_request(void)
{
	atomic_long_inc(&requests);
}

static void conn_release(struct kref *ref)
{
	struct httpd_conn *c = container_of(ref, struct httpd_conn, ref);

	sock_release(c->sock);
	httpd_conn_free(c);
}

void httpd_conn_put(struct httpd_conn *c)
{
	kref_put(&c->ref, conn_release);
}

static int conn_main(void *arg)
{
	struct httpd_conn *c = arg;
	char slot;

	httpd_conn_serve(c);
	spin_lock(&httpd_lock);
	list_del(&c->node);
	closed++;
	atomic_inc(&leaving);
	spin_unlock(&httpd_lock);
	httpd_conn_put(c);
	/* never blocks: our own element is in there */
	goro_chan_try_recv(slots, &slot);
	smp_mb__before_atomic();	/* pairs with smp_rmb() in longest_idle() */
	atomic_dec(&leaving);
	return 0;
}

/* Are two sockets' clients the same? An IPv6 site has a /64, and all of its addresses. */
static bool same_addr(const struct sock *a, const struct sock *b)
{
	if (a->sk_family != b->sk_family)
		return false;
#if IS_ENABLED(CONFIG_IPV6)
	if (a->sk_family == AF_INET6) {
		bool mapped = ipv6_addr_v4mapped(&a->sk_v6_daddr);

		/* all of IPv4 is mapped into one /64, in which ::1 is, too */
		if (mapped != ipv6_addr_v4mapped(&b->sk_v6_daddr))
			return false;
		if (!mapped)
			return ipv6_prefix_equal(&a->sk_v6_daddr, &b->sk_v6_daddr, 64);
	}
#endif
	return a->sk_daddr == b->sk_daddr;
}

static unsigned int count_addr(const struct sock *sk)
{
	struct httpd_conn *c;
	unsigned int n = 0;

	lockdep_assert_held(&httpd_lock);
	list_for_each_entry(c, &conn_list, node)
		n += same_addr(c->sock->sk, sk);
	return n;
}

static int conn_start(struct socket *sock)
{
	static const struct goro_attr attr = { .name = "httpd-conn" };
	struct httpd_conn *c = httpd_conn_alloc();
	int err;

	if (!c) {
		sock_release(sock);
		return -ENOMEM;
	}
	c->sock = sock;
	tcp_sock_set_nodelay(sock->sk);
	spin_lock(&httpd_lock);
	c->refuse = max_per_addr && count_addr(sock->sk) >= max_per_addr;
	refused += c->refuse;
	list_add(&c->node, &conn_list);
	opened++;
	spin_unlock(&httpd_lock);
	err = goro_group_go_attr(&conns, conn_main, c, &attr);
	if (err) {
		spin_lock(&httpd_lock);
		list_del(&c->node);
		closed++;
		spin_unlock(&httpd_lock);
		httpd_conn_put(c);
	}
	return err;
}

/* The connection that has waited longest for a request, with a reference, or NULL. */
static struct httpd_conn *longest_idle(void)
{
	u64 now = ktime_get_ns(), oldest = U64_MAX;
	struct httpd_conn *c, *found = NULL;
	bool ending;

	spin_lock(&httpd_lock);
	/* who has left the list has its slot, or it is free: then no other need go */
	ending = atomic_read(&leaving);
	smp_rmb();	/* pairs with the barrier in conn_main() */
	ending |= goro_chan_len(slots) < goro_chan_cap(slots);
	list_for_each_entry(c, &conn_list, node) {
		u64 since = READ_ONCE(c->idle_since);

		/*
		 * One that was told to go, or goes of itself, and has not come to
		 * giving its slot back yet, makes room. "leaves" is set before
		 * idle_since is cleared (wmb) and read after it (rmb).
		 */
		smp_rmb();
		ending |= (since && c->evicted) || READ_ONCE(c->leaves);
		if (!since || since >= oldest || c->evicted)
			continue;
		/* its first request may be on its way */
		if (READ_ONCE(c->fresh) && now - since < HTTPD_FRESH)
			continue;
		oldest = since;
		found = c;
	}
	if (ending)
		found = NULL;
	if (found) {
		kref_get(&found->ref);
		WRITE_ONCE(found->evicted, true);
	}
	spin_unlock(&httpd_lock);
	return found;
}

/*
 * All places are taken: once a client waits, make one free. Of those who wait
 * for a request the longest goes; where none does, those who are answered go, as
 * they see "full". 0 with a slot, or -ECANCELED.
 */
static int make_room(void)
{
	char slot = 0;
	int err = goro_poll_sock(listener, EPOLLIN, GORO_FOREVER);

	/* a full barrier, which pairs with that in wait_idle() */
	smp_store_mb(full, true);
	/* one may be free by now */
	if (err > 0)
		err = goro_chan_try_send(slots, &slot);
	while (err == -EAGAIN || err == -ETIMEDOUT) {
		struct httpd_conn *c = longest_idle();

		if (c) {
			evicted++;
			kernel_sock_shutdown(c->sock, SHUT_RD);
			httpd_conn_put(c);
		}
		err = goro_chan_send_until(slots, &slot, goro_in(HTTPD_FRESH / 10));
	}
	WRITE_ONCE(full, false);
	return err;
}

/* Take a slot, accept, start; again, until cancelled. */
static int accept_main(void *arg)
{
	char slot = 0;
	int err;

	for (;;) {
		err = goro_chan_try_send(slots, &slot);
		if (err == -EAGAIN)
			err = make_room();
		while (!err) {
			struct socket *sock;

			err = goro_sock_accept(listener, &sock, GORO_FOREVER);
			if (!err)
				err = conn_start(sock);
			if (!err)
				break;
			/* the client went away, or memory is short: not our end */
			if (err != -ECANCELED)
				err = err == -ECONNABORTED ? 0 : goro_sleep(10 * NSEC_PER_MSEC);
		}
		if (err)
			return 0;
	}
}

static int listen_on(void)
{
	struct sockaddr_storage ss;
	char number[8];
	int err;

	snprintf(number, sizeof(number), "%u", port);
	err = inet_pton_with_scope(&init_net, AF_UNSPEC, addr, number, &ss);
	if (err)
		return err;
	/* a kernel socket does not hold its namespace: only the first one is safe */
	err = sock_create_kern(&init_net, ss.ss_family, SOCK_STREAM, IPPROTO_TCP, &listener);
	if (err)
		return err;
	sock_set_reuseaddr(listener->sk);
	/* void: 6.19 gave the address a type of its own */
	err = kernel_bind(listener, (void *)&ss, sizeof(ss));
	if (!err)
		err = kernel_listen(listener, 4096);
	if (!err && !port) {
		err = kernel_getsockname(listener, (struct sockaddr *)&ss);
		/* the port lies at the same place in both families */
		port = ntohs(((struct sockaddr_in *)&ss)->sin_port);
	}
	if (err > 0)
		err = 0;
	if (err)
		sock_release(listener);
	return err;
}

static int __init httpd_init(void)
{
	static const struct goro_attr attr = { .name = "httpd-accept" };
	int err;

	if (!max_conns || max_conns > 1 << 20)
		return -EINVAL;
	err = httpd_file_init(root);
	if (err) {
		pr_err("root=%s: %pe\n", root, ERR_PTR(err));
		return err;
	}
	slots = goro_chan_make(1, max_conns, 0);
	if (IS_ERR(slots)) {
		err = PTR_ERR(slots);
		goto put_files;
	}
	err = listen_on();
	if (err) {
		pr_err("%s port %u: %pe\n", addr, port, ERR_PTR(err));
		goto put_slots;
	}
	goro_group_init(&acceptor);
	goro_group_init(&conns);
	err = goro_group_go_attr(&acceptor, accept_main, NULL, &attr);
	if (err)
		goto put_listener;
	pr_info("serving %s on %s port %u\n", root, addr, port);
	return 0;

put_listener:
	sock_release(listener);
put_slots:
	goro_chan_put(slots);
put_files:
	httpd_file_exit();
	return err;
}

/*
 * Tell every connection that no more requests come. One that is in a list has
 * its goroutine's reference still; no new ones come any more.
 */
static void shut_all(void)
{
	LIST_HEAD(told);

	spin_lock(&httpd_lock);
	while (!list_empty(&conn_list)) {
		struct httpd_conn *c = list_first_entry(&conn_list, struct httpd_conn, node);

		list_move(&c->node, &told);
		kref_get(&c->ref);
		spin_unlock(&httpd_lock);
		kernel_sock_shutdown(c->sock, SHUT_RD);
		httpd_conn_put(c);
		spin_lock(&httpd_lock);
	}
	/* "told" is on this stack: let who is in it leave from the real one */
	list_splice(&told, &conn_list);
	spin_unlock(&httpd_lock);
}

static void __exit httpd_exit(void)
{
	goro_group_stop(&acceptor);
	/* freed later: a connection may be looking at its backlog */
	kernel_sock_shutdown(listener, SHUT_RDWR);
	WRITE_ONCE(stopping, true);
	shut_all();
	goro_group_wait_until(&conns, goro_in((u64)drain_ms * NSEC_PER_MSEC));
	goro_group_stop(&conns);
	sock_release(listener);
	goro_chan_put(slots);
	httpd_file_exit();
	pr_info("%ld requests; %lu connections opened, %lu closed; %lu for others, %lu refused\n",
		atomic_long_read(&requests), opened, closed, evicted, refused);
}

module_init(httpd_init);
module_exit(httpd_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("HTTP server in the kernel, one goroutine per connection");
