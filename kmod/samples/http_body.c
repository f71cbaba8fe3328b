// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a request's body ends, after RFC 9112, 6 and 7.1.
 *
 * A file needs no body, so content is skipped; what matters is the byte at
 * which the next request begins, and that nobody else can find another. So the
 * framing of chunks is taken at its grammar's word: hexadecimal digits, CRLF,
 * extensions that are some, trailer lines as strict as a head's. Any other byte
 * is a 400. Sizes do not overflow: they are held against the limit digit by
 * digit (413). Size lines and trailers have limits as well.
 *
 * The machine goes byte by byte, but for content, so it does not matter how
 * the body was cut on its way.
 */
#include "http_text.h"

enum {
	B_CONTENT,		/* of a body that has a length */
	B_SIZE, B_DIGITS,	/* a chunk's size: before its first digit, behind one */
	B_SEMI,			/* blanks behind it, so a ';' must come */
	B_NAME, B_IN_NAME,	/* an extension's name */
	B_EQUALS,		/* blanks behind it */
	B_VALUE, B_IN_VALUE, B_QUOTED, B_ESCAPED, B_BEHIND,
	B_LINE_LF,		/* the end of a size line */
	B_CHUNK, B_CHUNK_CR, B_CHUNK_LF,
	B_TRAILER, B_FIELD, B_FIELD_VALUE, B_FIELD_LF,
	B_LAST_LF,
	B_DONE,
};

int http_body_init(struct http_body *b, const struct http_req *req, u64 limit)
{
	memset(b, 0, sizeof(*b));
	b->limit = limit;
	b->state = B_DONE;
	if (req->framing == HTTP_LENGTH) {
		if (req->length > limit)
			return 413;
		b->left = req->length;
		b->state = B_CONTENT;
	} else if (req->framing == HTTP_CHUNKED) {
		b->state = B_SIZE;
	}
	return 0;
}

static int digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool blank(unsigned char c)
{
	return c == ' ' || c == '\t';
}

/* what a value may be made of: letters, blanks, anything beyond ASCII */
static bool text(unsigned char c)
{
	return c == '\t' || (c >= ' ' && c != 0x7f);
}

/* A chunk's size line is at its end. */
static int chunk_begins(struct http_body *b)
{
	b->line = 0;
	b->limit -= b->left;
	b->state = b->left ? B_CHUNK : B_TRAILER;
	return 0;
}

/* One byte of a size line. 0 or minus a status. */
static int feed_size(struct http_body *b, unsigned char c)
{
	int d;

	if (++b->line > HTTP_CHUNK_MAX)
		return -400;
	switch (b->state) {
	case B_SIZE:
	case B_DIGITS:
		d = digit(c);
		if (d >= 0) {
			b->left = b->left << 4 | d;
			b->state = B_DIGITS;
			return b->left > b->limit ? -413 : 0;
		}
		if (b->state == B_SIZE)
			return -400;
		break;
	case B_NAME:
		if (blank(c))
			return 0;
		b->state = B_IN_NAME;
		return http_is_token(c) ? 0 : -400;
	case B_IN_NAME:
		if (http_is_token(c))
			return 0;
		break;
	case B_VALUE:
		if (blank(c))
			return 0;
		b->state = c == '"' ? B_QUOTED : B_IN_VALUE;
		return c == '"' || http_is_token(c) ? 0 : -400;
	case B_IN_VALUE:
		if (http_is_token(c))
			return 0;
		break;
	case B_QUOTED:
		if (c == '"')
			b->state = B_BEHIND;
		else if (c == '\\')
			b->state = B_ESCAPED;
		return text(c) ? 0 : -400;
	case B_ESCAPED:
		b->state = B_QUOTED;
		return text(c) ? 0 : -400;
	case B_LINE_LF:
		return c == '\n' ? chunk_begins(b) : -400;
	}
	/* between two parts of the line */
	if (c == ';') {
		b->state = B_NAME;
	} else if (c == '=' && (b->state == B_IN_NAME || b->state == B_EQUALS)) {
		b->state = B_VALUE;
	} else if (blank(c)) {
		/* blanks belong to the ';' or '=' that must come behind them */
		b->state = b->state == B_IN_NAME || b->state == B_EQUALS ? B_EQUALS : B_SEMI;
	} else if (c == '\r' && b->state != B_SEMI && b->state != B_EQUALS) {
		b->state = B_LINE_LF;
	} else {
		return -400;
	}
	return 0;
}

/* One byte behind a chunk's content, or behind the last chunk. 0, 1 or minus a status. */
static int feed_rest(struct http_body *b, unsigned char c)
{
	switch (b->state) {
	case B_CHUNK_CR:
		b->state = B_CHUNK_LF;
		return c == '\r' ? 0 : -400;
	case B_CHUNK_LF:
		b->state = B_SIZE;
		return c == '\n' ? 0 : -400;
	}
	if (++b->line > HTTP_HEAD_MAX)
		return -431;
	switch (b->state) {
	case B_TRAILER:
		b->state = c == '\r' ? B_LAST_LF : B_FIELD;
		return c == '\r' || http_is_token(c) ? 0 : -400;
	case B_FIELD:
		if (c == ':')
			b->state = B_FIELD_VALUE;
		return c == ':' || http_is_token(c) ? 0 : -400;
	case B_FIELD_VALUE:
		if (c == '\r')
			b->state = B_FIELD_LF;
		return c == '\r' || text(c) ? 0 : -400;
	case B_FIELD_LF:
		b->state = B_TRAILER;
		return c == '\n' ? 0 : -400;
	default:
		b->state = B_DONE;
		return c == '\n' ? 1 : -400;
	}
}

int http_body_feed(struct http_body *b, const char *buf, size_t len, size_t *used)
{
	size_t pos = 0;
	int end = b->state == B_DONE;

	while (!end && pos < len) {
		if (b->state == B_CONTENT || b->state == B_CHUNK) {
			size_t n = len - pos < b->left ? len - pos : (size_t)b->left;

			pos += n;
			b->left -= n;
			if (b->left)
				continue;
			end = b->state == B_CONTENT;
			b->state = end ? B_DONE : B_CHUNK_CR;
			continue;
		}
		/* many small chunks may not cost much more than what they bring */
		if (++b->framing > HTTP_FRAMING_MAX)
			end = -413;
		else if (b->state < B_CHUNK)
			end = feed_size(b, buf[pos++]);
		else
			end = feed_rest(b, buf[pos++]);
	}
	*used = pos;
	return end;
}

u64 http_body_need(const struct http_body *b)
{
	switch (b->state) {
	case B_CONTENT:
		return b->left;
	case B_CHUNK:
		/* and CRLF, "0", CRLF, CRLF */
		return b->left + 7;
	case B_CHUNK_CR:
		return 7;
	case B_CHUNK_LF:
		return 6;
	case B_SIZE:
		return 5;
	case B_TRAILER:
	case B_FIELD_VALUE:
	case B_FIELD:
		return b->state == B_TRAILER ? 2 : 4;
	case B_FIELD_LF:
		return 3;
	case B_DONE:
		return 0;
	case B_LAST_LF:
		return 1;
	default:
		/* within a size line: its LF, and the end at least */
		return b->state == B_LINE_LF ? 3 : 4;
	}
}
