// SPDX-License-Identifier: GPL-2.0-only
/*
 * Request heads, after RFC 9110 and 9112.
 *
 * Strict where two readers of one stream could see different requests in it
 * (request smuggling): lines end in CRLF and nothing else, no folded lines, no
 * blank before a colon, one Content-Length of digits, never beside a
 * Transfer-Encoding. What is refused here closes the connection.
 *
 * A path comes out decoded and normalised, with no "." or ".." left; one that
 * climbs above the root is a 400. That is for tidy URLs: what keeps files
 * inside the root is the lookup (httpd_file.c), not this.
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

static bool is_token(unsigned char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_host(unsigned char c)
{
	return is_token(c) ? c != '#' && c != '^' && c != '`' && c != '|' :
	       c && strchr("()*+,;=:[]", c);
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* is @word one of the comma-separated words of @list? */
static bool lists(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (*list) {
		size_t len = strcspn(list, ","), end;

		while (len && (*list == ' ' || *list == '\t')) {
			list++;
			len--;
		}
		for (end = len; end && (list[end - 1] == ' ' || list[end - 1] == '\t'); end--)
			;
		if (end == n && !strncasecmp(list, word, n))
			return true;
		list += len;
		list += *list == ',';
	}
	return false;
}

/* Decode and normalise the path of a target, in place: 0 or a status. */
static int parse_path(char *t, struct http_req *req)
{
	char *in = t, *out = t, *seg = t;

	req->path = t;
	req->dir = true;
	/* per segment; *in is the slash before it */
	while (*in && *in != '?') {
		in++;
		seg = out;
		while (*in && *in != '/' && *in != '?') {
			char c = *in++;

			if (c == '#')
				return 400;
			if (c == '%') {
				int hi = hex(in[0]), lo = hi < 0 ? -1 : hex(in[1]);

				if (lo < 0 || !(hi | lo))
					return 400;
				c = hi << 4 | lo;
				in += 2;
			}
			*out++ = c;
			/* one that was encoded parts, too; its last digit is the slash before */
			if (c == '/') {
				in--;
				out--;
				break;
			}
		}
		req->dir = true;
		if (out - seg == 2 && seg[0] == '.' && seg[1] == '.') {
			if (seg == t)
				return 400;
			/* back over the slash before, to the segment's begin */
			for (out = seg - 1; out > t && out[-1] != '/'; out--)
				;
		} else if (out - seg == 1 && seg[0] == '.') {
			out = seg;
		} else if (out > seg) {
			req->dir = *in && *in != '?';
			if (req->dir)
				*out++ = '/';
		}
	}
	/* a fragment is none of a server's business */
	if (strchr(in, '#'))
		return 400;
	*out = 0;
	return 0;
}

static int parse_target(char *t, struct http_req *req)
{
	if (!strncasecmp(t, "http://", 7) || !strncasecmp(t, "https://", 8)) {
		char *host = strchr(t, ':') + 3;

		t = host;
		while (is_host(*t))
			t++;
		if (t == host || (*t && *t != '/' && *t != '?'))
			return 400;
		if (*t != '/') {
			req->path = t;
			req->dir = true;
			if (strchr(t, '#'))
				return 400;
			*t = 0;
			return 0;
		}
	}
	if (*t != '/')
		return 400;
	return parse_path(t, req);
}

/* What the head's fields say, while they are read. */
struct fields {
	unsigned int hosts, lengths, codings;
	bool chunked, close, keep;
	bool body;
	unsigned int etags, dates;
};

/* One field; name and value are NUL-terminated. 0 or a status. */
static int parse_field(char *name, char *value, struct fields *f, struct http_req *req)
{
	char *p = value;

	if (!strcasecmp(name, "host")) {
		while (is_host(*p))
			p++;
		if (*p || f->hosts++)
			return 400;
	} else if (!strcasecmp(name, "connection")) {
		f->close |= lists(value, "close");
		f->keep |= lists(value, "keep-alive");
	} else if (!strcasecmp(name, "content-length")) {
		if (!*p || f->lengths++)
			return 400;
		for (; *p; p++) {
			if (*p < '0' || *p > '9')
				return 400;
			f->body |= *p != '0';
		}
	} else if (!strcasecmp(name, "transfer-encoding")) {
		if (f->codings++)
			return 400;
		f->chunked = !strcasecmp(value, "chunked");
		f->body = true;
	} else if (!strcasecmp(name, "if-none-match")) {
		/* two of them make a list that lies apart: as if there were none */
		req->if_none_match = f->etags++ ? NULL : value;
	} else if (!strcasecmp(name, "if-modified-since")) {
		req->if_modified_since = f->dates++ ? NULL : value;
	}
	return 0;
}

/* The lines after the request line, each ended by CRLF. 0 or a status. */
static int parse_fields(char *p, char *end, struct fields *f, struct http_req *req)
{
	while (p < end) {
		char *eol = memchr(p, '\r', end - p), *name = p, *value, *last;
		int status;

		while (is_token(*p))
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
		status = parse_field(name, value, f, req);
		if (status)
			return status;
		p = eol + 2;
	}
	return 0;
}

/* Methods that exist, and are not for files that cannot be changed: 405. */
static bool method_known(const char *m)
{
	static const char *const known[] = {
		"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(m, known[i]))
			return true;
	return false;
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
	*eol = 0;

	while (is_token(*p))
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
	req->head = !strcmp(head, "HEAD");
	if (version[5] != '1')
		return 505;
	old = version[7] == '0';

	status = parse_fields(eol + 2, end, &f, req);
	if (status)
		return status;
	if (!f.hosts && !old)
		return 400;
	/* framing that somebody else could read differently */
	if (f.codings && (f.lengths || old))
		return 400;
	if (f.codings && !f.chunked)
		return 501;
	req->has_body = f.body;
	/* a body is not read: the connection cannot go on behind it */
	req->keep_alive = !f.close && (!old || f.keep) && !f.body;

	if (strlen(target) > HTTP_URI_MAX)
		return 414;
	if (!req->head && strcmp(head, "GET"))
		return method_known(head) ? 405 : 501;
	status = parse_target(target, req);
	if (status)
		req->keep_alive = false;
	return status;
}
