// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_httpd: answers.
 *
 * They are put together in c->out, HTTPD_OUT bytes, and sent when that is full
 * or the answer is at its end: a small file goes with its head in one piece.
 * File work may wait for a disk and is between goro_block_begin() and _end();
 * one bracket does for all of a small file. Every 64 KiB the goroutine yields.
 *
 * A length that was promised and cannot be kept (the file shrank, the disk
 * failed) ends the connection.
 */
#include <linux/random.h>
#include <net/sock.h>
#include "httpd.h"

/*
 * Send what is in c->out, in less time where others wait for the place. 0 or an
 * error, after which nothing more goes.
 */
static int flush(struct httpd_conn *c)
{
	unsigned int ms = READ_ONCE(httpd_send_ms) / (httpd_crowded() ? 10 : 1);
	int n = goro_sock_send(c->sock, c->out, c->used, httpd_ms(ms));

	c->used = 0;
	/* a reader that slow, or gone for us, would hold what is queued for as long again */
	if (n == -ETIMEDOUT || n == -ECANCELED)
		sock_no_linger(c->sock->sk);
	return n < 0 ? n : 0;
}

/* Heads only, which are shorter than the buffer. */
static __printf(2, 3) void put(struct httpd_conn *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	c->used += vscnprintf(c->out + c->used, HTTPD_OUT - c->used, fmt, args);
	va_end(args);
}

/* The fields every answer has. */
static void put_head(struct httpd_conn *c, int status)
{
	char date[HTTP_DATE_LEN];

	c->used = 0;
	http_date(ktime_get_real_seconds(), date);
	put(c, "HTTP/1.1 %d %s\r\nServer: goro\r\nDate: %s\r\nConnection: %s\r\n",
	    status, http_reason(status), date, c->req.keep_alive ? "keep-alive" : "close");
}

/**
 * httpd_answer - answer without a file: the body is the reason
 * @c: the connection
 * @status: the status
 * @more: further fields, each with its CRLF, or ""
 *
 * Return: 0 or the error that ends the connection.
 */
int httpd_answer(struct httpd_conn *c, int status, const char *more)
{
	const char *reason = http_reason(status);

	put_head(c, status);
	put(c, "%s", more);
	if (status == 200)
		put(c, "Content-Length: 0\r\n\r\n");
	else
		put(c, "Content-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n\r\n",
		    strlen(reason) + 5);
	if (status != 200 && c->req.method != HTTP_HEAD)
		put(c, "%d %s\n", status, reason);
	return flush(c);
}

/* The client may send the body that it holds back. */
int httpd_continue(struct httpd_conn *c)
{
	c->used = 0;
	put(c, "HTTP/1.1 100 Continue\r\n\r\n");
	return flush(c);
}

/* A directory asked for without its slash: send the client there. */
static int answer_dir(struct httpd_conn *c)
{
	static const char location[] = "Location: /";
	char *more = c->out + HTTPD_OUT / 2;
	size_t n = strlen(location);

	strscpy(more, location, HTTPD_OUT / 2);
	/* a target that would not fit in a request is not redirected to */
	if (!http_escape(c->req.path, more + n, HTTP_URI_MAX) ||
	    strlen(more + n) + strlen(c->req.query) + 2 > HTTP_URI_MAX)
		return httpd_answer(c, 404, "");
	strcat(more, "/");
	strcat(more, c->req.query);
	strcat(more, "\r\n");
	return httpd_answer(c, 301, more);
}

static int status_of(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
	case -EISDIR:	/* an index.html that is one */
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

/* What of a file is sent. */
struct plan {
	int status;			/* 200, 206, 304; else answered without the file */
	bool body;			/* not for HEAD and 304 */
	const char *type;
	u64 boundary;			/* between the parts, where there are several */
	unsigned int n;			/* ranges */
	struct http_range ranges[HTTP_RANGES_MAX];
};

/* The lines before the i-th of several parts, or (i == n) behind the last; their length. */
static int part_head(char *buf, size_t size, const struct plan *p, const struct http_meta *m,
		     unsigned int i)
{
	const struct http_range *r = &p->ranges[i];

	if (i == p->n)
		return scnprintf(buf, size, "\r\n--%016llx--\r\n", p->boundary);
	return scnprintf(buf, size,
			 "%s--%016llx\r\nContent-Type: %s\r\nContent-Range: bytes %llu-%llu/%llu\r\n\r\n",
			 i ? "\r\n" : "", p->boundary, p->type, r->from, r->from + r->len - 1,
			 m->size);
}

static u64 parts_length(const struct plan *p, const struct http_meta *m)
{
	char buf[256];
	u64 len = 0;
	unsigned int i;

	for (i = 0; i <= p->n; i++)
		len += part_head(buf, sizeof(buf), p, m, i) + (i < p->n ? p->ranges[i].len : 0);
	return len;
}

static void put_file_head(struct httpd_conn *c, const struct plan *p, const struct http_meta *m)
{
	const struct http_range *r = p->ranges;
	char date[HTTP_DATE_LEN];

	put_head(c, p->status);
	/* a date that lies ahead must not be told */
	http_date(min(m->mtime, m->now), date);
	put(c, "Last-Modified: %s\r\nETag: %s%s\r\n", date, m->weak ? "W/" : "", m->etag);
	if (p->status == 206 && p->n > 1)
		put(c, "Content-Type: multipart/byteranges; boundary=%016llx\r\n", p->boundary);
	else if (p->status != 304)
		put(c, "Content-Type: %s\r\n", p->type);
	if (p->status == 206 && p->n == 1)
		put(c, "Content-Range: bytes %llu-%llu/%llu\r\n", r->from, r->from + r->len - 1,
		    m->size);
	if (p->status != 304)
		put(c, "Accept-Ranges: bytes\r\nContent-Length: %llu\r\n",
		    p->status == 200 ? m->size : p->n == 1 ? r->len : parts_length(p, m));
	put(c, "\r\n");
}

static void make_plan(struct httpd_conn *c, const struct http_meta *m, struct plan *p)
{
	p->n = 0;
	p->type = http_content_type(c->req.dir ? ".html" : c->req.path);
	p->status = http_evaluate(&c->req.cond, m, c->req.method == HTTP_GET, p->ranges, &p->n);
	p->body = c->req.method == HTTP_GET && (p->status == 200 || p->status == 206);
	if (p->body && p->status == 200) {
		p->ranges[0] = (struct http_range){ 0, m->size };
		p->n = 1;
	}
	p->boundary = p->n > 1 ? get_random_u64() : 0;
}

/* Take the beginning of a range into c->out. In block brackets. 0 or an error. */
static int take(struct httpd_conn *c, struct httpd_file *f, struct http_range *r)
{
	size_t len = min_t(u64, HTTPD_OUT - c->used, r->len);
	int n = len ? httpd_file_read(f, c->out + c->used, len, r->from) : 0;

	if (n != len)
		return n < 0 ? n : -EIO;
	c->used += len;
	r->from += len;
	r->len -= len;
	return 0;
}

static int send_range(struct httpd_conn *c, struct httpd_file *f, struct http_range *r)
{
	unsigned int turns = 0;
	int err = 0;

	while (!err && r->len) {
		if (c->used == HTTPD_OUT)
			err = flush(c);
		if (err)
			break;
		goro_block_begin();
		err = take(c, f, r);
		goro_block_end();
		if (++turns % 4 == 0)
			goro_yield();
	}
	return err;
}

/* What is left of a body, then the file is closed. */
static int send_body(struct httpd_conn *c, struct httpd_file *f, struct plan *p)
{
	unsigned int i;
	int err = 0;

	if (p->n == 1)
		err = send_range(c, f, &p->ranges[0]);
	for (i = 0; p->n > 1 && i <= p->n && !err; i++) {
		char buf[256];
		size_t len = part_head(buf, sizeof(buf), p, &f->meta, i);

		if (c->used + len > HTTPD_OUT)
			err = flush(c);
		memcpy(c->out + c->used, buf, len);
		c->used += len;
		if (!err && i < p->n)
			err = send_range(c, f, &p->ranges[i]);
	}
	if (!err)
		err = flush(c);
	goro_block_begin();
	httpd_file_close(f);
	goro_block_end();
	return err;
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

/**
 * httpd_answer_file - answer a GET or HEAD whose target is a path
 * @c: the connection
 *
 * Return: 0 or the error that ends the connection.
 */
int httpd_answer_file(struct httpd_conn *c)
{
	struct httpd_file f;
	struct plan p;
	int err, failed = 0;

	/* one bracket for all of a small file: look up, open, read, close */
	goro_block_begin();
	err = open_path(c, &f);
	if (!err) {
		make_plan(c, &f.meta, &p);
		put_file_head(c, &p, &f.meta);
		if (p.body && p.n == 1)
			failed = take(c, &f, &p.ranges[0]);
		if (failed || !p.body || (p.n == 1 && !p.ranges[0].len)) {
			httpd_file_close(&f);
			f.file = NULL;
		}
	}
	goro_block_end();

	if (err == -EISDIR && !c->req.dir)
		return answer_dir(c);
	if (err)
		return httpd_answer(c, status_of(err), "");
	/* it shrank between the look and the read, or the disk failed: nothing is sent yet */
	if (failed)
		return httpd_answer(c, 500, "");
	if (p.status == 412)
		return httpd_answer(c, 412, "");
	if (p.status == 416) {
		char more[64];

		snprintf(more, sizeof(more), "Content-Range: bytes */%llu\r\n", f.meta.size);
		return httpd_answer(c, 416, more);
	}
	return f.file ? send_body(c, &f, &p) : flush(c);
}
