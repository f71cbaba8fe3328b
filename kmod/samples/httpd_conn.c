// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_httpd: one connection, in its goroutine.
 *
 * Straight code: read a head, answer, again. Every wait is a goro call, so a
 * connection that waits is a parked goroutine and no thread; file work, which
 * may wait for a disk, is between goro_block_begin() and _end(). Between two
 * pipelined requests and every 64 KiB of a body the goroutine yields.
 *
 * Limits: HTTP_HEAD_MAX bytes of head (431), HTTP_URI_MAX of target (414);
 * header_ms from a head's first byte to its last (408); idle_ms between
 * requests (closed without a word); send_ms for each HTTPD_OUT bytes of an
 * answer (reset). Request bodies are not read: the answer says close.
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
	return c;
}

void httpd_conn_free(struct httpd_conn *c)
{
	kfree(c->out);
	kfree(c->in);
	kfree(c);
}

static u64 ms(unsigned int n)
{
	return goro_in((u64)n * NSEC_PER_MSEC);
}

static int conn_send(struct httpd_conn *c, const void *buf, size_t len)
{
	int n = goro_sock_send(c->sock, buf, len, ms(httpd_send_ms));

	/* a reader that slow would hold what is queued for as long again */
	if (n == -ETIMEDOUT)
		sock_no_linger(c->sock->sk);
	return n < 0 ? n : 0;
}

/* The fields every answer has, into c->out. Returns their length. */
static size_t put_head(struct httpd_conn *c, int status)
{
	char date[HTTP_DATE_LEN];

	http_date(ktime_get_real_seconds(), date);
	return scnprintf(c->out, HTTPD_OUT_HEAD,
			 "HTTP/1.1 %d %s\r\nServer: goro\r\nDate: %s\r\nConnection: %s\r\n",
			 status, http_reason(status), date,
			 c->req.keep_alive ? "keep-alive" : "close");
}

/*
 * An answer without a file: its body is the reason. @more are further fields,
 * each with its CRLF, or "".
 */
static int answer(struct httpd_conn *c, int status, const char *more)
{
	const char *reason = http_reason(status);
	size_t n = put_head(c, status);

	n += scnprintf(c->out + n, HTTPD_OUT - n, "%s", more);
	if (status != 304)
		n += scnprintf(c->out + n, HTTPD_OUT - n,
			       "Content-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n",
			       strlen(reason) + 5);
	n += scnprintf(c->out + n, HTTPD_OUT - n, "\r\n");
	if (status != 304 && !c->req.head)
		n += scnprintf(c->out + n, HTTPD_OUT - n, "%d %s\n", status, reason);
	return conn_send(c, c->out, n);
}

/* A directory asked for without its slash: send the client there. */
static int answer_dir(struct httpd_conn *c)
{
	static const char location[] = "Location: /";
	char *more = c->out + HTTPD_OUT / 2;
	size_t n = strlen(location);

	strscpy(more, location, HTTPD_OUT / 2);
	/* a path that would not fit in a request is not redirected to */
	if (!http_escape(c->req.path, more + n, HTTP_URI_MAX))
		return answer(c, 404, "");
	strcat(more, "/\r\n");
	return answer(c, 301, more);
}

static int status_of(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
	case -ENAMETOOLONG:
	case -ELOOP:	/* magic and circular links */
	case -EXDEV:	/* out of the root: say no more than "no" */
		return 404;
	case -EACCES:
	case -EPERM:
		return 403;
	case -ENOMEM:
	case -ENFILE:
	case -EAGAIN:
		return 503;
	default:
		return 500;
	}
}

/* RFC 9110, 13.2.2: If-None-Match where it is there, else If-Modified-Since */
static bool not_modified(const struct http_req *req, const struct httpd_file *f)
{
	s64 since;

	if (req->if_none_match)
		return http_etag_listed(req->if_none_match, f->etag);
	return req->if_modified_since && http_parse_date(req->if_modified_since, &since) &&
	       f->mtime <= since;
}

/* Open c->req.path, or the index.html of a directory. In block brackets. */
static int open_path(struct httpd_conn *c, struct httpd_file *f)
{
	if (!c->req.dir)
		return httpd_file_open(c->req.path, f);
	/* the answer is not begun yet: its buffer is free for the name */
	snprintf(c->out, HTTPD_OUT, "%sindex.html", c->req.path);
	return httpd_file_open(c->out, f);
}

/*
 * The answer's head for an open file into c->out, so that it ends where the
 * body begins, at HTTPD_OUT_HEAD. Returns its length.
 */
static size_t put_file_head(struct httpd_conn *c, const struct httpd_file *f, int status)
{
	char date[HTTP_DATE_LEN];
	size_t n = put_head(c, status);

	http_date(f->mtime, date);
	n += scnprintf(c->out + n, HTTPD_OUT_HEAD - n, "Last-Modified: %s\r\nETag: %s\r\n",
		       date, f->etag);
	if (status == 200)
		n += scnprintf(c->out + n, HTTPD_OUT_HEAD - n,
			       "Content-Type: %s\r\nContent-Length: %llu\r\n",
			       http_content_type(c->req.dir ? ".html" : c->req.path), f->size);
	n += scnprintf(c->out + n, HTTPD_OUT_HEAD - n, "\r\n");
	memmove(c->out + HTTPD_OUT_HEAD - n, c->out, n);
	return n;
}

/* The rest of a body, whose first @pos bytes are sent. Closes the file. */
static int send_rest(struct httpd_conn *c, struct httpd_file *f, u64 pos)
{
	unsigned int turns = 0;
	int err = 0;

	while (!err && pos < f->size) {
		int n;

		goro_block_begin();
		n = httpd_file_read(f, c->out, min_t(u64, HTTPD_OUT, f->size - pos), pos);
		goro_block_end();
		/* the length is promised: a file that has shrunk ends the connection */
		err = n > 0 ? conn_send(c, c->out, n) : n ?: -EIO;
		pos += n;
		if (++turns % 4 == 0)
			goro_yield();
	}
	goro_block_begin();
	httpd_file_close(f);
	goro_block_end();
	return err;
}

static int serve_file(struct httpd_conn *c)
{
	struct httpd_file f;
	int err, head, body = 0, n = 0, status = 200;

	/* one bracket for all of a small file: look up, open, read, close */
	goro_block_begin();
	err = open_path(c, &f);
	if (!err) {
		if (not_modified(&c->req, &f))
			status = 304;
		else if (!c->req.head)
			body = min_t(u64, f.size, HTTPD_OUT - HTTPD_OUT_HEAD);
		if (body)
			n = httpd_file_read(&f, c->out + HTTPD_OUT_HEAD, body, 0);
		if (n != body || status == 304 || c->req.head || body == f.size) {
			httpd_file_close(&f);
			f.file = NULL;
		}
	}
	goro_block_end();

	if (err == -EISDIR && !c->req.dir)
		return answer_dir(c);
	if (err)
		return answer(c, status_of(err), "");
	/* it shrank between the look and the read, or the disk failed */
	if (n != body)
		return answer(c, 500, "");
	head = put_file_head(c, &f, status);
	err = conn_send(c, c->out + HTTPD_OUT_HEAD - head, head + body);
	if (!f.file)
		return err;
	/* after a failed send from its end on: only to close it */
	return send_rest(c, &f, err ? f.size : body) ?: err;
}

/*
 * Wait for a whole head. Returns its length; 0 when the connection is to be
 * closed without an answer; minus the status to answer with.
 */
static int read_head(struct httpd_conn *c)
{
	u64 deadline = ms(httpd_idle_ms);
	bool begun = false;

	memset(&c->scan, 0, sizeof(c->scan));
	for (;;) {
		int n = http_scan(c->in, c->len, &c->scan);

		if (n)
			return n;
		if (c->len && !begun) {
			begun = true;
			deadline = ms(httpd_header_ms);
		}
		n = goro_sock_recv(c->sock, c->in + c->len, HTTP_HEAD_MAX - c->len, deadline);
		if (n > 0) {
			c->len += n;
			continue;
		}
		/* half a request and no more to come, not by our own doing: say so */
		if (!n && begun && !httpd_stopping())
			return -400;
		return n == -ETIMEDOUT && begun ? -408 : 0;
	}
}

/* One request. Returns whether the connection goes on. */
static bool serve_one(struct httpd_conn *c)
{
	int n, status, err;

	memset(&c->req, 0, sizeof(c->req));
	n = read_head(c);
	if (!n)
		return false;
	httpd_count_request();
	if (n < 0) {
		c->linger = !answer(c, -n, "");
		return false;
	}
	status = http_parse(c->in + c->scan.start, n - c->scan.start, &c->req);
	if (httpd_stopping() || httpd_crowded())
		c->req.keep_alive = false;
	if (status == 405)
		err = answer(c, status, "Allow: GET, HEAD\r\n");
	else if (status)
		err = answer(c, status, "");
	else
		err = serve_file(c);
	if (err)
		return false;
	c->linger = !c->req.keep_alive;
	/* what is behind the head is the next request's */
	c->len -= n;
	memmove(c->in, c->in + n, c->len);
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
	do {
		n = goro_sock_recv(c->sock, c->in, HTTP_HEAD_MAX, deadline);
		left -= min_t(size_t, left, max(n, 0));
	} while (n > 0 && left);
}

void httpd_conn_serve(struct httpd_conn *c)
{
	while (serve_one(c)) {
		/* pipelined: it would go on and on without ever waiting */
		if (c->len)
			goro_yield();
	}
	if (c->linger)
		linger(c);
}
