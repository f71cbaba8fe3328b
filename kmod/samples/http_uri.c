// SPDX-License-Identifier: GPL-2.0-only
/*
 * Request targets and hosts, after RFC 3986 and RFC 9112, 3.2.
 *
 * A path comes out decoded and normalised, with no "." or ".." left; one that
 * climbs above the root is a 400. That is for tidy URLs: what keeps files
 * inside the root is the lookup (httpd_file.c), not this. An encoded slash
 * parts, too: no file's name can have one.
 */
#include "http_text.h"

bool http_is_token(unsigned char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

size_t http_host_len(const char *s)
{
	const char *p = s;

	if (*p == '[') {
		/* an address of IPv6, or "v" and of which later one: their letters only */
		bool later = (p[1] | 32) == 'v';

		for (p++; *p == '.' || *p == ':' || (later ? is_alnum(*p) : hex(*p) >= 0); p++)
			;
		if (p == s + 1 || *p++ != ']')
			return 0;
	} else {
		for (;; p++) {
			if (*p == '%' && hex(p[1]) >= 0 && hex(p[2]) >= 0)
				p += 2;
			else if (!is_alnum(*p) && !(*p && strchr("-._~!$&'()*+,;=", *p)))
				break;
		}
	}
	if (p > s && *p == ':')
		for (p++; *p >= '0' && *p <= '9'; p++)
			;
	return p - s;
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
			/* an encoded slash: its last digit is the slash before */
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
	req->query = in;
	/* the path is shorter than what it was made of by a slash at least */
	*out = 0;
	return 0;
}

int http_parse_target(char *t, bool connect, struct http_req *req)
{
	size_t n;
	int status = 0;

	req->query = "";
	if (connect) {
		n = http_host_len(t);
		/* its port may not be left out */
		return n && !t[n] && strchr(t, ':') && t[n - 1] != ':' ? 0 : 400;
	}
	if (!strcmp(t, "*"))
		return req->method == HTTP_OPTIONS ? 0 : 400;
	if (!strncasecmp(t, "http://", 7)) {
		t += 7;
	} else if (!strncasecmp(t, "https://", 8)) {
		/* RFC 9110, 7.4: not to be had without TLS */
		t += 8;
		status = 421;
	} else {
		return *t == '/' ? parse_path(t, req) : 400;
	}
	/* an authority: without one, or with somebody's name in it, it is none */
	n = http_host_len(t);
	if (!n || (t[n] && t[n] != '/' && t[n] != '?'))
		return 400;
	t += n;
	if (*t == '/')
		return parse_path(t, req) ?: status;
	if (strchr(t, '#'))
		return 400;
	/* OPTIONS of no path at all is of the server as such (RFC 9112, 3.2.4) */
	if (req->method == HTTP_OPTIONS && !*t)
		return status;
	req->query = t;
	req->path = t + strlen(t);
	req->dir = true;
	return status;
}

bool http_escape(const char *path, char *buf, size_t size)
{
	static const char plain[] = "-._~!$&'()*+,;=:@/";
	size_t n = 0;

	for (; *path; path++) {
		unsigned char c = *path;

		if (n + 4 > size)
			return false;
		if (is_alnum(c) || strchr(plain, c))
			buf[n++] = c;
		else
			n += snprintf(buf + n, 4, "%%%02X", c);
	}
	if (!size)
		return false;
	buf[n] = 0;
	return true;
}
