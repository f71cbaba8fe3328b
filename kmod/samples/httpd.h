/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * goro_httpd: what its files share.
 *
 *   httpd.c        module, listening socket, the goroutine that accepts, unload
 *   httpd_conn.c   one connection: requests in, answers out
 *   httpd_file.c   from a path to an open file below the root
 *   http_parse.c, http_text.c   the text of HTTP, pure
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
#define HTTPD_OUT_HEAD	1024	/* room for that head */
#define HTTPD_LINGER	(NSEC_PER_SEC)	/* see httpd_linger() */

/*
 * A connection; it belongs to its goroutine, but for what unload does: that
 * goes through all of them and shuts their receiving side down, hence the
 * list and the reference count.
 * L: httpd_lock; the rest is the goroutine's.
 */
struct httpd_conn {
	struct kref ref;
	struct list_head node;		/* L */
	struct socket *sock;		/* until the last reference goes */
	bool linger;			/* answered before all of the request was read */
	char *in, *out;			/* HTTP_HEAD_MAX and HTTPD_OUT bytes */
	size_t len;			/* bytes in "in" */
	struct http_scan scan;
	struct http_req req;
};

/* An open regular file. */
struct httpd_file {
	struct file *file;
	u64 size;
	s64 mtime;			/* s since 1970 */
	char etag[64];
};

/* httpd.c */
extern unsigned int httpd_header_ms, httpd_idle_ms, httpd_send_ms;
bool httpd_stopping(void);
/* is a client waiting for a place? then no connection is kept for nothing */
bool httpd_crowded(void);
void httpd_count_request(void);
void httpd_conn_put(struct httpd_conn *c);

/* httpd_conn.c */
struct httpd_conn *httpd_conn_alloc(void);
void httpd_conn_free(struct httpd_conn *c);
void httpd_conn_serve(struct httpd_conn *c);

/* httpd_file.c; the calls that may wait for a disk are between goro_block_begin and _end */
int httpd_file_init(const char *root);
void httpd_file_exit(void);
int httpd_file_open(const char *path, struct httpd_file *f);
int httpd_file_read(struct httpd_file *f, void *buf, size_t len, u64 pos);
void httpd_file_close(struct httpd_file *f);

#endif /* _GORO_HTTPD_H */
