// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conditional and range requests, after RFC 9110, 13 and 14.
 *
 * A condition whose value is none (a date that is no date, a tag without
 * quotes) is, as the RFC has it for each: ignored if it is about a date, not met
 * if it is about tags. A Range that cannot be understood is ignored: all of the
 * file is right for everybody.
 */
#include "http_text.h"

bool http_etag_listed(const char *list, const struct http_meta *m, bool strongly)
{
	size_t n = strlen(m->etag);

	list += strspn(list, " \t");
	if (*list == '*')
		return !list[1];
	for (;;) {
		const char *end;
		bool weak;

		list += strspn(list, " \t,");
		weak = list[0] == 'W' && list[1] == '/';
		if (weak)
			list += 2;
		if (*list != '"')
			return false;
		end = strchr(list + 1, '"');
		if (!end)
			return false;
		end++;
		if ((size_t)(end - list) == n && !strncmp(list, m->etag, n) &&
		    !(strongly && (weak || m->weak)))
			return true;
		list = end + strspn(end, " \t");
		if (*list != ',')
			return false;
	}
}

static bool any_listed(const struct http_lines *l, const struct http_meta *m, bool strongly)
{
	unsigned int i;

	for (i = 0; i < l->n; i++)
		if (http_etag_listed(l->v[i], m, strongly))
			return true;
	return false;
}

/* RFC 9110, 13.1.5: one tag or one date, of the very bytes that are here? */
static bool if_range(const char *s, const struct http_meta *m)
{
	s64 t;

	if (*s == '"')
		return !m->weak && !strcmp(s, m->etag);
	return http_parse_date(s, m->now, &t) && t == m->mtime && !m->weak;
}

/* Digits at *@s, at least one. Too many of them are as good as the highest number. */
static bool number(const char **s, u64 *v)
{
	const char *p = *s;

	for (*v = 0; *p >= '0' && *p <= '9'; p++)
		*v = *v > (U64_MAX - 9) / 10 ? U64_MAX : *v * 10 + (*p - '0');
	if (p == *s)
		return false;
	*s = p;
	return true;
}

int http_parse_ranges(const char *s, u64 size, struct http_range ranges[HTTP_RANGES_MAX])
{
	unsigned int n = 0, asked = 0;
	u64 total = 0;

	if (strncasecmp(s, "bytes=", 6))
		return -1;
	s += 6;
	for (;;) {
		u64 first, last = U64_MAX;

		s += strspn(s, " \t,");
		if (!*s)
			break;
		if (*s == '-') {
			/* the last so many bytes */
			s++;
			if (!number(&s, &last))
				return -1;
			/* what is asked of an empty file, a Content-Range cannot say */
			if (last && !size)
				return -1;
			first = last < size ? size - last : 0;
			last = last ? U64_MAX : 0;
			if (!last)
				first = size;
		} else {
			if (!number(&s, &first) || *s++ != '-')
				return -1;
			if (*s >= '0' && *s <= '9' && (!number(&s, &last) || last < first))
				return -1;
		}
		s += strspn(s, " \t");
		if (*s && *s != ',')
			return -1;
		if (++asked > HTTP_RANGES_MAX)
			return -1;
		if (first >= size)
			continue;
		if (last > size - 1)
			last = size - 1;
		ranges[n].from = first;
		ranges[n].len = last - first + 1;
		/* the same bytes again and again; compared so, no sum wraps */
		if (ranges[n].len > size - total)
			return -1;
		total += ranges[n++].len;
	}
	/* none at all */
	if (!asked)
		return -1;
	return n;
}

int http_evaluate(const struct http_cond *c, const struct http_meta *m, bool get,
		  struct http_range ranges[HTTP_RANGES_MAX], unsigned int *n)
{
	s64 t;
	int got;

	if (c->if_match.n) {
		if (!any_listed(&c->if_match, m, true))
			return 412;
	} else if (c->if_unmodified_since && http_parse_date(c->if_unmodified_since, m->now, &t)) {
		if (m->mtime > t)
			return 412;
	}
	if (c->if_none_match.n) {
		if (any_listed(&c->if_none_match, m, false))
			return 304;
	} else if (c->if_modified_since && http_parse_date(c->if_modified_since, m->now, &t)) {
		if (m->mtime <= t)
			return 304;
	}
	/* ranges are defined for GET only */
	if (!get || !c->range || (c->if_range && !if_range(c->if_range, m)))
		return 200;
	got = http_parse_ranges(c->range, m->size, ranges);
	if (got < 0)
		return 200;
	*n = got;
	return got ? 206 : 416;
}
