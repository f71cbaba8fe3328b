/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * goro_httpd: what its files share.
 *
 *   httpd.c         module, listening socket, the goroutine that accepts, unload
 *   httpd_conn.c    one connection: requests in, bodies dropped, goodbye
 *   httpd_answer.c  what is sent back
 *   httpd_file.c    from a path to an open file below the root
 *   http_*.c        the text of HTTP, pure
 */
#ifndef _GORO_HTTPD_H
#define _GORO_HTTPD_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/net.h>
#include <goro/goro.h>
#include "http_text.h"

#define HTTPD_OUT	16384	/* bytes sent at once; the answer's head is among them */
#define HTTPD_LINGER	(NSEC_PER_SEC)	/* see linger() */
#define HTTPD_FRESH	(NSEC_PER_SEC)	/* for the first request; then the place may go */
#define HTTPD_ALLOW	"Allow: GET, HEAD, OPTIONS\r\n"

/*
 * A connection; it belongs to its goroutine, but for what the acceptor at the
 * cap and unload do: they go through all of them and shut receiving sides
 * down, hence the list and the reference count.
 * L: httpd_lock; A: any, by READ_ONCE() and WRITE_ONCE(); the rest is the goroutine's.
 */
struct httpd_conn {
	struct kref ref;
	struct list_head node;		/* L */
	struct socket *sock;		/* until the last reference goes */
	u64 idle_since;			/* A: waits for a request since then (ns); 0: does not */
	bool fresh;			/* A: had no request yet */
	bool evicted;			/* A: shut down for another's sake; set under L */
	bool leaves;			/* A: nothing came, and its goroutine ends */
	bool refuse;			/* its address has enough of them */
	bool linger;			/* answered before all of the request was read */
	char *in, *out;			/* HTTP_HEAD_MAX and HTTPD_OUT bytes */
	size_t len, used;		/* bytes in "in"; bytes in "out" to be sent */
	struct http_scan scan;
	struct http_req req;
};

/* An open regular file. */
struct httpd_file {
	struct file *file;
	struct http_meta meta;
};

/* httpd.c */
extern unsigned int httpd_header_ms, httpd_body_ms, httpd_idle_ms, httpd_send_ms;
extern unsigned int httpd_max_body;
bool httpd_stopping(void);
/* is a client waiting for a place? then no connection is kept for nothing */
bool httpd_crowded(void);
void httpd_count_request(void);
void httpd_conn_put(struct httpd_conn *c);

/* the deadline that is so many ms from now */
static inline u64 httpd_ms(unsigned int ms)
{
	return goro_in((u64)ms * NSEC_PER_MSEC);
}

/* httpd_conn.c */
struct httpd_conn *httpd_conn_alloc(void);
void httpd_conn_free(struct httpd_conn *c);
void httpd_conn_serve(struct httpd_conn *c);

/* httpd_answer.c: 0, or the error that ends the connection */
int httpd_answer(struct httpd_conn *c, int status, const char *more);
int httpd_answer_file(struct httpd_conn *c);
int httpd_continue(struct httpd_conn *c);

/* httpd_file.c; the calls that may wait for a disk are between goro_block_begin and _end */
int httpd_file_init(const char *root);
void httpd_file_exit(void);
int httpd_file_open(const char *path, struct httpd_file *f);
int httpd_file_read(struct httpd_file *f, void *buf, size_t len, u64 pos);
void httpd_file_close(struct httpd_file *f);

#endif /* _GORO_HTTPD_H */
