// SPDX-License-Identifier: GPL-2.0-only
/*
 * Request heads, after RFC 9110 and 9112.
 *
 * Strict where two readers of one stream could see different requests in it
 * (request smuggling): lines end in CRLF and nothing else, no folded lines, no
 * blank before a colon, one Content-Length of digits, never beside a
 * Transfer-Encoding, of which chunked is the last. What is refused for such a
 * reason closes the connection.
 */
#include "http_text.h"

int http_scan(const char *buf, size_t len, struct http_scan *s)
{
	for (; s->pos < len; s->pos++) {
		unsigned char c = buf[s->pos];
		bool cr = s->pos > s->line && buf[s->pos - 1] == '\r';

		if (c != '\n') {
			/* a CR alone, and the first bytes of TLS, too */
			if (cr || c == 0x7f || (c < 0x20 && c != '\t' && c != '\r'))
				return -400;
			continue;
		}
		if (!cr)
			return -400;
		if (s->pos - 1 > s->line) {
			s->lines++;
			s->line = s->pos + 1;
			continue;
		}
		if (s->lines)
			return ++s->pos > HTTP_HEAD_MAX ? -431 : (int)s->pos;
		/* RFC 9112, 2.2: empty lines before the request line are skipped */
		s->line = s->pos + 1;
		s->start = s->line;
	}
	/* the longest method and version that we know, and their blanks */
	if (!s->lines && len - s->line > HTTP_URI_MAX + 32)
		return -414;
	if (len < HTTP_HEAD_MAX)
		return 0;
	return s->lines ? -431 : -400;
}

/*
 * The next word of the comma-separated @list, without the blanks around it;
 * empty ones are skipped. False at its end.
 */
static bool next_word(const char **list, const char **word, size_t *len)
{
	const char *p = *list;

	p += strspn(p, " \t,");
	*word = p;
	p += strcspn(p, ",");
	*list = p;
	while (p > *word && (p[-1] == ' ' || p[-1] == '\t'))
		p--;
	*len = p - *word;
	return *len;
}

static bool is(const char *word, size_t len, const char *what)
{
	return len == strlen(what) && !strncasecmp(word, what, len);
}

/* What the head's fields say of the connection and the body, while they are read. */
struct fields {
	unsigned int hosts, lengths, since, unmodified, ranges, if_ranges;
	bool coded;			/* Transfer-Encoding is there, */
	bool chunked, unknown, twice;	/* ends in chunked, has others, has something behind it */
	bool close, keep;
	bool expect, demand;		/* 100-continue; anything else */
	u64 length;
};

static int content_length(const char *p, struct fields *f)
{
	/* a list of equal numbers might be taken for one: it need not */
	if (!*p || f->lengths++)
		return 400;
	for (; *p; p++) {
		if (*p < '0' || *p > '9')
			return 400;
		/* what is so long is as good as any that is too long */
		f->length = f->length > U64_MAX / 100 ? f->length : f->length * 10 + (*p - '0');
	}
	return 0;
}

static void transfer_encoding(const char *list, struct fields *f)
{
	const char *word;
	size_t len;

	f->coded = true;
	while (next_word(&list, &word, &len)) {
		f->twice |= f->chunked;
		f->chunked = is(word, len, "chunked");
		f->unknown |= !f->chunked;
	}
}

static void connection(const char *list, struct fields *f)
{
	const char *word;
	size_t len;

	while (next_word(&list, &word, &len)) {
		f->close |= is(word, len, "close");
		f->keep |= is(word, len, "keep-alive");
	}
}

static void expect(const char *list, struct fields *f)
{
	const char *word;
	size_t len;

	while (next_word(&list, &word, &len)) {
		if (is(word, len, "100-continue"))
			f->expect = true;
		else
			f->demand = true;
	}
}

static int add_line(struct http_lines *l, const char *value)
{
	if (l->n == HTTP_LINES_MAX)
		return 431;
	l->v[l->n++] = value;
	return 0;
}

/* One field; name and value are NUL-terminated. 0 or a status. */
static int parse_field(const char *name, const char *value, struct fields *f, struct http_cond *c)
{
	if (!strcasecmp(name, "host"))
		return value[http_host_len(value)] || f->hosts++ ? 400 : 0;
	if (!strcasecmp(name, "content-length"))
		return content_length(value, f);
	if (!strcasecmp(name, "if-match"))
		return add_line(&c->if_match, value);
	if (!strcasecmp(name, "if-none-match"))
		return add_line(&c->if_none_match, value);
	if (!strcasecmp(name, "transfer-encoding"))
		transfer_encoding(value, f);
	else if (!strcasecmp(name, "connection"))
		connection(value, f);
	else if (!strcasecmp(name, "expect"))
		expect(value, f);
	/* these are no lists: there twice, they are as good as not there */
	else if (!strcasecmp(name, "if-modified-since"))
		c->if_modified_since = f->since++ ? NULL : value;
	else if (!strcasecmp(name, "if-unmodified-since"))
		c->if_unmodified_since = f->unmodified++ ? NULL : value;
	else if (!strcasecmp(name, "range"))
		c->range = f->ranges++ ? NULL : value;
	else if (!strcasecmp(name, "if-range"))
		/* a condition that nothing meets */
		c->if_range = f->if_ranges++ ? "" : value;
	return 0;
}

/* The lines after the request line, each ended by CRLF. 0 or a status. */
static int parse_fields(char *p, char *end, struct fields *f, struct http_cond *c)
{
	while (p < end) {
		char *eol = memchr(p, '\r', end - p), *name = p, *value, *last;
		int status;

		while (http_is_token(*p))
			p++;
		/* no name, a blank before the colon, or a folded line */
		if (p == name || *p != ':')
			return 400;
		*p++ = 0;
		while (*p == ' ' || *p == '\t')
			p++;
		value = p;
		for (last = eol; last > value && (last[-1] == ' ' || last[-1] == '\t'); last--)
			;
		*last = 0;
		status = parse_field(name, value, f, c);
		if (status)
			return status;
		p = eol + 2;
	}
	return 0;
}

/* Where the body ends (RFC 9112, 6.3). 0 or a status, after which nobody knows. */
static int parse_framing(const struct fields *f, bool old, struct http_req *req)
{
	if (f->coded) {
		/* what somebody else could read differently, or nobody can */
		if (f->lengths || old || f->twice || !f->chunked)
			return 400;
		if (f->unknown)
			return 501;
		req->framing = HTTP_CHUNKED;
	} else if (f->length) {
		req->framing = HTTP_LENGTH;
		req->length = f->length;
	}
	return 0;
}

/* Methods that exist, and are not for files that cannot be changed: 405. */
static bool method_known(const char *m)
{
	static const char *const known[] = {
		"POST", "PUT", "DELETE", "TRACE", "CONNECT", "PATCH",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(m, known[i]))
			return true;
	return false;
}

static enum http_method method_of(const char *m)
{
	return !strcmp(m, "GET") ? HTTP_GET : !strcmp(m, "HEAD") ? HTTP_HEAD :
	       !strcmp(m, "OPTIONS") ? HTTP_OPTIONS : HTTP_OTHER;
}

int http_parse(char *head, size_t len, struct http_req *req)
{
	/* the last CRLF is the empty line's */
	char *end = head + len - 2, *eol = memchr(head, '\r', len), *p = head;
	char *target, *version;
	struct fields f = { 0 };
	bool old;
	int status;

	memset(req, 0, sizeof(*req));
	req->method = HTTP_OTHER;
	*eol = 0;

	while (http_is_token(*p))
		p++;
	if (p == head || *p != ' ')
		return 400;
	*p++ = 0;
	target = p;
	while (*p > ' ' && *p < 0x7f)
		p++;
	if (p == target || *p != ' ')
		return 400;
	*p++ = 0;
	version = p;
	if (strlen(version) != 8 || strncmp(version, "HTTP/", 5) || version[6] != '.' ||
	    version[5] < '0' || version[5] > '9' || version[7] < '0' || version[7] > '9')
		return 400;
	req->method = method_of(head);
	if (version[5] != '1')
		return 505;
	old = version[7] == '0';

	status = parse_fields(eol + 2, end, &f, &req->cond);
	if (status)
		return status;
	if (!f.hosts && !old)
		return 400;
	status = parse_framing(&f, old, req);
	if (status)
		return status;
	/* from here on the next request can be found */
	req->keep_alive = !f.close && (!old || f.keep);
	/* HTTP/1.0 knew no 100: who says so there repeats what somebody else said */
	req->expect = (f.expect || f.demand) && !old && req->framing != HTTP_NO_BODY;

	if (strlen(target) > HTTP_URI_MAX)
		return 414;
	if (req->method == HTTP_OTHER && !method_known(head))
		return 501;
	status = http_parse_target(target, !strcmp(head, "CONNECT"), req);
	if (status == 400)
		req->keep_alive = false;
	if (!status && req->method == HTTP_OTHER)
		status = 405;
	if (!status && f.demand)
		status = 417;
	return status;
}
