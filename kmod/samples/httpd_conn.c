// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_httpd: one connection, in its goroutine.
 *
 * Straight code: read a head, drop the body, answer, again. Every wait is a
 * goro call, so a connection that waits is a parked goroutine and no thread.
 * Between two requests the goroutine yields.
 *
 * Limits: HTTP_HEAD_MAX bytes of head (431), HTTP_URI_MAX of target (414),
 * max_body of body (413); header_ms from a head's first byte to its last,
 * body_ms for a body (408); idle_ms between requests (closed without a word);
 * send_ms for each HTTPD_OUT bytes of an answer, a tenth of it at the cap (reset).
 */
#include <linux/slab.h>
#include <net/sock.h>
#include "httpd.h"

struct httpd_conn *httpd_conn_alloc(void)
{
	/* a client's doing: it must neither fill the log nor call the OOM killer */
	gfp_t gfp = GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	struct httpd_conn *c = kzalloc(sizeof(*c), gfp);

	if (!c)
		return NULL;
	c->in = kmalloc(HTTP_HEAD_MAX, gfp);
	c->out = kmalloc(HTTPD_OUT, gfp);
	if (!c->in || !c->out) {
		httpd_conn_free(c);
		return NULL;
	}
	kref_init(&c->ref);
	c->fresh = true;
	return c;
}

void httpd_conn_free(struct httpd_conn *c)
{
	kfree(c->out);
	kfree(c->in);
	kfree(c);
}

/* Does the end of what we receive come from ourselves? */
static bool shut_by_us(const struct httpd_conn *c)
{
	return httpd_stopping() || READ_ONCE(c->evicted);
}

/*
 * Wait for a request's first bytes, behind the c->len that are here; @since: when
 * that began. Whoever waits here may be shut down for another's sake: either the
 * acceptor sees that we wait, or we that it looks. Returns as goro_sock_recv().
 */
static int wait_idle(struct httpd_conn *c, u64 since, u64 deadline)
{
	int n = 0;

	/* a full barrier, which pairs with that in make_room() */
	smp_store_mb(c->idle_since, since);
	/* who has not been served yet is let wait; the acceptor looks at it again */
	if (READ_ONCE(c->fresh) || !httpd_crowded())
		n = goro_sock_recv(c->sock, c->in + c->len, HTTP_HEAD_MAX - c->len, deadline);
	/* who ends here makes room, if it takes its time about it, too */
	if (n <= 0)
		WRITE_ONCE(c->leaves, true);
	smp_wmb();	/* before idle_since: see longest_idle() */
	WRITE_ONCE(c->idle_since, 0);
	return n;
}

/*
 * Wait for a whole head. Returns its length; 0 when the connection is to be
 * closed without an answer; minus the status to answer with.
 */
static int read_head(struct httpd_conn *c)
{
	/* once for all of the wait: empty lines buy neither time nor a place at the cap */
	u64 since = ktime_get_ns(), idle = httpd_ms(httpd_idle_ms), deadline = 0;
	size_t skipped = 0;

	memset(&c->scan, 0, sizeof(c->scan));
	for (;;) {
		int n = http_scan(c->in, c->len, &c->scan);
		bool cr;

		if (n)
			return n;
		/* empty lines are no beginning, nor is the first half of one */
		cr = c->len == c->scan.start + 1 && c->in[c->scan.start] == '\r';
		if (c->len == c->scan.start + cr) {
			skipped += c->scan.start;
			if (skipped >= HTTP_HEAD_MAX)
				return -400;
			memset(&c->scan, 0, sizeof(c->scan));
			c->in[0] = '\r';
			c->len = cr;
			n = wait_idle(c, since, idle);
			if (n <= 0)
				return 0;
			deadline = httpd_ms(httpd_header_ms);
		} else {
			if (!deadline)
				deadline = httpd_ms(httpd_header_ms);
			n = goro_sock_recv(c->sock, c->in + c->len, HTTP_HEAD_MAX - c->len,
					   deadline);
			/* half a request and no more to come, not by our own doing: say so */
			if (!n)
				return shut_by_us(c) ? 0 : -400;
			if (n < 0)
				return n == -ETIMEDOUT ? -408 : 0;
		}
		c->len += n;
	}
}

/*
 * Read the request's body and drop it; @head bytes of c->in are the head. What
 * came with the head is gone through first; then no more is received than the
 * body has still to have, so that the next request stays where it is. Returns 1
 * when all of it is read, 0 to close without an answer, minus the status.
 */
static int drop_body(struct httpd_conn *c, size_t head)
{
	u64 deadline = httpd_ms(httpd_body_ms);
	struct http_body b;
	size_t used;
	int n = http_body_init(&b, &c->req, httpd_max_body);

	if (n)
		return -n;
	n = http_body_feed(&b, c->in + head, c->len - head, &used);
	c->len -= used;
	memmove(c->in + head, c->in + head + used, c->len - head);
	/* a part of the body is here: then the client does not wait */
	if (!n && !used && c->req.expect && httpd_continue(c))
		return 0;
	while (!n) {
		n = goro_sock_recv(c->sock, c->out, min_t(u64, HTTPD_OUT, http_body_need(&b)),
				   deadline);
		if (!n)
			return shut_by_us(c) ? 0 : -400;
		if (n < 0)
			return n == -ETIMEDOUT ? -408 : 0;
		n = http_body_feed(&b, c->out, n, &used);
	}
	return n;
}

static int answer(struct httpd_conn *c, int status)
{
	if (status == 405)
		return httpd_answer(c, status, HTTPD_ALLOW);
	if (status)
		return httpd_answer(c, status, "");
	if (c->req.method == HTTP_OPTIONS)
		return httpd_answer(c, 200, HTTPD_ALLOW);
	return httpd_answer_file(c);
}

/* One request. Returns whether the connection goes on. */
static bool serve_one(struct httpd_conn *c)
{
	int head, n, status;

	memset(&c->req, 0, sizeof(c->req));
	head = read_head(c);
	if (!head)
		return false;
	WRITE_ONCE(c->fresh, false);
	httpd_count_request();
	if (head < 0) {
		c->linger = !answer(c, -head);
		return false;
	}
	status = http_parse(c->in + c->scan.start, head - c->scan.start, &c->req);
	/* refused before the body came: the client may leave it out, or not */
	if (status && c->req.expect)
		c->req.keep_alive = false;
	if (c->req.framing != HTTP_NO_BODY && (!status || c->req.keep_alive)) {
		n = drop_body(c, head);
		if (!n)
			return false;
		if (n < 0) {
			c->req.keep_alive = false;
			status = -n;
		}
	}
	if (httpd_crowded() || shut_by_us(c))
		c->req.keep_alive = false;
	if (answer(c, status))
		return false;
	c->linger = !c->req.keep_alive;
	/* what is behind the head is the next request's */
	c->len -= head;
	memmove(c->in, c->in + head, c->len);
	return c->req.keep_alive;
}

/*
 * A close while the client still sends makes TCP answer with a reset, and that
 * may throw away an answer the client has not read yet. So: say that we are
 * done, and read on until the client is too, for a second and 1 MiB at most.
 */
static void linger(struct httpd_conn *c)
{
	u64 deadline = goro_in(HTTPD_LINGER);
	size_t left = 1 << 20;
	int n;

	if (kernel_sock_shutdown(c->sock, SHUT_WR))
		return;
	/* whoever waits for a place may have this one, before any idle connection's */
	WRITE_ONCE(c->fresh, false);
	WRITE_ONCE(c->idle_since, 1);
	do {
		n = goro_sock_recv(c->sock, c->in, HTTP_HEAD_MAX, deadline);
		left -= min_t(size_t, left, max(n, 0));
	} while (n > 0 && left);
}

void httpd_conn_serve(struct httpd_conn *c)
{
	if (c->refuse)
		c->linger = !httpd_answer(c, 503, "Retry-After: 1\r\n");
	/* pipelined, it would go on without a wait; the next may be in the socket yet */
	while (!c->refuse && serve_one(c))
		goro_yield();
	if (c->linger)
		linger(c);
}
