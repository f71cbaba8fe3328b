/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text side of HTTP: request heads, dates, entity tags, content types.
 *
 * Pure functions over memory of the caller's, so that tests/httpd can build
 * them in user space, under sanitizers.
 */
#ifndef _GORO_HTTP_TEXT_H
#define _GORO_HTTP_TEXT_H

#ifdef __KERNEL__
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
typedef long long s64;
typedef unsigned long long u64;
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#endif

#define HTTP_HEAD_MAX	8192	/* bytes of a request's head: else 431 */
#define HTTP_URI_MAX	4096	/* bytes of its target: else 414 */
#define HTTP_DATE_LEN	30	/* "Sun, 06 Nov 1994 08:49:37 GMT" and the 0 */

/* How far a head was looked at; zeroed for each request. */
struct http_scan {
	size_t pos;		/* bytes looked at */
	size_t start;		/* where the request line begins, after empty lines */
	size_t line;		/* where the current line begins */
	unsigned int lines;	/* whole lines so far */
};

/* A parsed head. The strings lie in the head itself, which parsing changed. */
struct http_req {
	bool head;			/* HEAD, else GET */
	bool keep_alive;
	bool has_body;			/* one follows, which we do not read */
	bool dir;			/* the path is empty or ended in a slash */
	char *path;			/* decoded, without "." and "..", relative */
	const char *if_none_match;	/* or NULL */
	const char *if_modified_since;	/* or NULL */
};

/*
 * Look for the end of a head in @buf. Returns its length (the head is from
 * scan->start to there), 0 for "not all here yet", or minus an HTTP status.
 */
int http_scan(const char *buf, size_t len, struct http_scan *scan);

/*
 * Parse a whole head. Returns 0 or the status to answer with; req->head and
 * req->keep_alive are valid either way.
 */
int http_parse(char *head, size_t len, struct http_req *req);

/* seconds since 1970 to RFC 9110's IMF-fixdate; the three forms of it back */
void http_date(s64 t, char buf[HTTP_DATE_LEN]);
bool http_parse_date(const char *s, s64 *t);

/* is @etag (quoted) in the list of an If-None-Match? weak comparison */
bool http_etag_listed(const char *list, const char *etag);

const char *http_content_type(const char *path);
const char *http_reason(int status);

/* write @path as a URI's path; false if it does not fit */
bool http_escape(const char *path, char *buf, size_t size);

#endif /* _GORO_HTTP_TEXT_H */
