/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text side of HTTP: heads, targets, bodies, conditions, ranges, dates.
 *
 * Pure functions over memory of the caller's, so that tests/httpd can build
 * them in user space, under sanitizers.
 *
 *   http_parse.c   where a head ends, and what it says
 *   http_uri.c     targets and hosts
 *   http_body.c    where a body ends
 *   http_cond.c    preconditions, entity tags, ranges
 *   http_text.c    dates, content types, reasons
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
#define U64_MAX (~0ULL)
#endif

#define HTTP_HEAD_MAX	8192	/* bytes of a request's head: else 431 */
#define HTTP_URI_MAX	4096	/* bytes of its target: else 414 */
#define HTTP_LINES_MAX	8	/* lines that one list may lie in: else 431 */
#define HTTP_CHUNK_MAX	256	/* bytes of a chunk's size line: else 400 */
#define HTTP_FRAMING_MAX 32768	/* bytes of a chunked body that are no content: else 413 */
#define HTTP_RANGES_MAX	16	/* ranges of a request: with more it gets all */
#define HTTP_DATE_LEN	30	/* "Sun, 06 Nov 1994 08:49:37 GMT" and the 0 */

/* How far a head was looked at; zeroed for each request. */
struct http_scan {
	size_t pos;		/* bytes looked at */
	size_t start;		/* where the request line begins, after empty lines */
	size_t line;		/* where the current line begins */
	unsigned int lines;	/* whole lines so far */
};

/* A field that is a list, which may lie in several lines. */
struct http_lines {
	unsigned int n;
	const char *v[HTTP_LINES_MAX];
};

/* The fields that an answer may depend on, besides the target; NULL: not there. */
struct http_cond {
	struct http_lines if_match, if_none_match;
	const char *if_modified_since, *if_unmodified_since;
	const char *range, *if_range;
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OPTIONS, HTTP_OTHER };

/* How the body's end is told. */
enum http_framing { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED };

/* A parsed head. The strings lie in the head itself, which parsing changed. */
struct http_req {
	enum http_method method;
	enum http_framing framing;
	u64 length;		/* HTTP_LENGTH: bytes of the body, not 0 */
	bool keep_alive;
	bool expect;		/* the client waits for a 100 before it sends the body */
	bool dir;		/* the path is empty or ended in a slash */
	char *path;		/* decoded, without "." and "..", relative; NULL: "*" */
	const char *query;	/* with its "?", or "" */
	struct http_cond cond;
};

/*
 * Look for the end of a head in @buf. Returns its length (the head is from
 * scan->start to there), 0 for "not all here yet", or minus an HTTP status.
 */
int http_scan(const char *buf, size_t len, struct http_scan *scan);

/*
 * Parse a whole head. Returns 0 or the status to answer with; req->method,
 * framing, length, expect and keep_alive are valid either way.
 */
int http_parse(char *head, size_t len, struct http_req *req);

/* ---- http_uri.c ------------------------------------------------------- */

/* RFC 9110: is @c one of a token's characters? */
bool http_is_token(unsigned char c);

/* the length of the uri-host [":" port] that @s begins with; 0: of none */
size_t http_host_len(const char *s);

/*
 * Take a target apart, in place: req->path, dir, query. @connect: it must be
 * an authority. Returns 0 or a status.
 */
int http_parse_target(char *target, bool connect, struct http_req *req);

/* write @path as a URI's path; false if it does not fit */
bool http_escape(const char *path, char *buf, size_t size);

/* ---- http_body.c ------------------------------------------------------ */

/* How far a body was read. */
struct http_body {
	unsigned char state;
	u64 left;		/* content bytes of this chunk, or of the body, to come */
	u64 limit;		/* content bytes that may still be announced */
	unsigned int line;	/* bytes of this line of framing so far */
	unsigned int framing;	/* bytes that were no content, so far */
};

/* @limit: bytes of content that are borne. Returns 0, or 413 at once. */
int http_body_init(struct http_body *b, const struct http_req *req, u64 limit);

/*
 * Read on in @buf; content is skipped. *@used: how many of @len bytes were the
 * body's. Returns 0 for "more to come", 1 at the end, or minus a status.
 */
int http_body_feed(struct http_body *b, const char *buf, size_t len, size_t *used);

/* bytes that are sure to come yet: who receives no more takes none of the next request's */
u64 http_body_need(const struct http_body *b);

/* ---- http_cond.c ------------------------------------------------------ */

/* What conditions and ranges are compared with. */
struct http_meta {
	u64 size;
	s64 mtime;		/* s since 1970 */
	s64 now;		/* the same, when the answer is made */
	/*
	 * Changed so lately that it could change once more within the grain of its
	 * file system's clock: tag and date hold for weak comparisons only.
	 */
	bool weak;
	char etag[64];		/* quoted, without the W/ */
};

struct http_range {
	u64 from, len;
};

/*
 * Evaluate the preconditions (RFC 9110, 13.2.2) and the range. Returns 200, 206
 * (with @n of @ranges filled in), 304, 412 or 416.
 */
int http_evaluate(const struct http_cond *c, const struct http_meta *m, bool get,
		  struct http_range ranges[HTTP_RANGES_MAX], unsigned int *n);

/* is the tag of @m in the list? */
bool http_etag_listed(const char *list, const struct http_meta *m, bool strong);

/* parse a Range: how many of its ranges the @size has; 0: none, 416; -1: as if it were not there */
int http_parse_ranges(const char *s, u64 size, struct http_range ranges[HTTP_RANGES_MAX]);

/* ---- http_text.c ------------------------------------------------------ */

/* seconds since 1970 to RFC 9110's IMF-fixdate; the three forms of it back */
void http_date(s64 t, char buf[HTTP_DATE_LEN]);
bool http_parse_date(const char *s, s64 now, s64 *t);

const char *http_content_type(const char *path);
const char *http_reason(int status);

#endif /* _GORO_HTTP_TEXT_H */
