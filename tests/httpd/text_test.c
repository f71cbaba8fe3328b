// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pure half of goro_httpd in user space, under sanitizers: the tables of
 * targets, dates and tags, then mutated heads, which must neither crash nor be
 * taken differently when they come byte by byte. KTAP; the seed is fixed.
 */
#include <stdlib.h>
#include "../../kmod/samples/http_text.h"

static unsigned int tests, failed;

static void ok(bool good, const char *name)
{
	failed += !good;
	printf("%sok %u - %s\n", good ? "" : "not ", ++tests, name);
}

/* A request through scan and parse, in memory of just its size: its status. */
static int run(const char *text, size_t len, struct http_req *req, char **mem, size_t step)
{
	struct http_scan scan = { 0 };
	size_t have = step < len ? step : len;
	int n;

	*mem = malloc(len ? len : 1);
	memcpy(*mem, text, len);
	for (;;) {
		n = http_scan(*mem, have, &scan);
		if (n || have == len)
			break;
		have = have + step < len ? have + step : len;
	}
	if (n <= 0)
		return -n;
	n = http_parse(*mem + scan.start, n - scan.start, req);
	return n ? n : 200;
}

static const struct {
	const char *target;
	int status;
	const char *path;
	bool dir;
} targets[] = {
	{ "/", 200, "", true },
	{ "/a", 200, "a", false },
	{ "/a/", 200, "a/", true },
	{ "//a///b", 200, "a/b", false },
	{ "/a?x=/../..", 200, "a", false },
	{ "/?", 200, "", true },
	{ "/a/?b", 200, "a/", true },
	{ "/%61%2Fb", 200, "a/b", false },
	{ "/a%2f", 200, "a/", true },
	{ "/a%2F%2e%2e%2Fb", 200, "b", false },
	{ "/.", 200, "", true },
	{ "/./a/./b/.", 200, "a/b/", true },
	{ "/a/..", 200, "", true },
	{ "/a/../b", 200, "b", false },
	{ "/a/b/../../c/", 200, "c/", true },
	{ "/a/b/..", 200, "a/", true },
	{ "/...", 200, "...", false },
	{ "/..a/b..", 200, "..a/b..", false },
	{ "/..", 400, NULL, false },
	{ "/a/../..", 400, NULL, false },
	{ "/%2e%2E/a", 400, NULL, false },
	{ "/%", 400, NULL, false },
	{ "/%4", 400, NULL, false },
	{ "/%4g", 400, NULL, false },
	{ "/a%00b", 400, NULL, false },
	{ "/a#b", 400, NULL, false },
	{ "/a?b#c", 400, NULL, false },
	{ "a", 400, NULL, false },
	{ "*", 400, NULL, false },
	{ "/%3F%23%20", 200, "?# ", false },
	{ "http://h", 200, "", true },
	{ "HTTP://h:80/a/b", 200, "a/b", false },
	{ "http://h?q", 200, "", true },
	{ "http://[::1]:80/x", 200, "x", false },
	{ "http:///a", 400, NULL, false },
	{ "http://u@h/a", 400, NULL, false },
	{ "http://h#f", 400, NULL, false },
	{ "ftp://h/a", 400, NULL, false },
};

static const struct {
	const char *text;
	s64 t;
} dates[] = {
	{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
	{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
	{ "Sun Nov  6 08:49:37 1994", 784111777 },
	{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
	{ "Tue, 29 Feb 2000 23:59:59 GMT", 951868799 },
	{ "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799LL },
	{ "Wednesday, 01-Jan-69 00:00:00 GMT", 3124224000LL },
	{ "", -1 }, { "0", -1 }, { "Sun, 06 Nov 1994 08:49:37", -1 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT ", -1 }, { "Sun, 06 Nov 1994 24:00:00 GMT", -1 },
	{ "Sun, 06 Xxx 1994 08:49:37 GMT", -1 }, { "Sun, 00 Nov 1994 08:49:37 GMT", -1 },
	{ "Wednesdayyyy, 06-Nov-94 08:49:37 GMT", -1 },
};

static const struct {
	const char *list;
	bool has;
} etags[] = {
	{ "\"a\"", true }, { "W/\"a\"", true }, { "*", true }, { "\"b\", \"a\"", true },
	{ "\"b\",W/\"a\"", true }, { " ,, \"a\" ", true }, { "\"b\"", false }, { "", false },
	{ "a", false }, { "\"a", false }, { "\"aa\"", false }, { "w/\"a\"", false },
};

static void test_tables(void)
{
	struct http_req req;
	char text[256], buf[HTTP_DATE_LEN], small[4], *mem;
	s64 t;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		int n = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n",
				 targets[i].target);
		int status = run(text, n, &req, &mem, 1000);

		snprintf(text, sizeof(text), "target %s", targets[i].target);
		ok(status == targets[i].status &&
		   (status != 200 || (!strcmp(req.path, targets[i].path) &&
				      req.dir == targets[i].dir)), text);
		free(mem);
	}
	for (i = 0; i < ARRAY_SIZE(dates); i++) {
		bool good = http_parse_date(dates[i].text, &t);

		snprintf(text, sizeof(text), "date '%s'", dates[i].text);
		ok(good ? t == dates[i].t : dates[i].t == -1, text);
	}
	ok(({ http_date(784111777, buf); !strcmp(buf, dates[0].text); }), "date written");
	{
		bool good = true;

		for (s64 d = 0; d < 253402300799LL; d += 86400 * 13 + 12345) {
			http_date(d, buf);
			good &= http_parse_date(buf, &t) && t == d;
		}
		ok(good, "dates there and back, 1970 to 9999");
	}
	for (i = 0; i < ARRAY_SIZE(etags); i++) {
		snprintf(text, sizeof(text), "etag in %s", etags[i].list);
		ok(http_etag_listed(etags[i].list, "\"a\"") == etags[i].has, text);
	}
	ok(!strcmp(http_content_type("a/b.HTML"), "text/html; charset=utf-8"), "type of .HTML");
	ok(!strcmp(http_content_type("html"), "application/octet-stream"), "type of no suffix");
	ok(http_escape("a b/\r\n%", text, sizeof(text)) && !strcmp(text, "a%20b/%0D%0A%25"),
	   "escape");
	ok(!http_escape("abcd", small, sizeof(small)), "escape does not fit");
}

/* Heads that start from sane ones; each goes through whole and in pieces. */
static void test_mutated(void)
{
	static const char seed[] =
		"\r\nGET /a/../b%20c?d HTTP/1.1\r\nHost: h\r\nConnection: close, x\r\n"
		"Content-Length: 12\r\nTransfer-Encoding: chunked\r\nIf-None-Match: \"a\"\r\n"
		"If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nrest";
	static const char spice[] = "\r\n\t :/.%?#\"0aZ\x7f\x80\xff";
	unsigned int counts[600] = { 0 };
	bool same = true;

	srand(1);
	for (int i = 0; i < 200000; i++) {
		struct http_req a, b;
		char text[sizeof(seed)], *ma, *mb;
		size_t len = sizeof(seed) - 1;
		int sa, sb;

		memcpy(text, seed, len);
		for (int k = rand() % 4; k >= 0; k--) {
			size_t at = rand() % len;

			if (rand() % 3) {
				text[at] = spice[rand() % sizeof(spice)];
			} else {
				size_t n = 1 + rand() % 8;

				n = n < len - at ? n : len - at;
				memmove(text + at, text + at + n, len - at - n);
				len -= n;
			}
			if (!len)
				break;
		}
		sa = run(text, len, &a, &ma, len);
		sb = run(text, len, &b, &mb, 1);
		same &= sa == sb && (sa != 200 || !strcmp(a.path, b.path));
		/* nothing that climbs is ever let through */
		if (sa == 200 && (!strncmp(a.path, "../", 3) || strstr(a.path, "/../") ||
				  a.path[0] == '/'))
			same = false;
		counts[sa]++;
		free(ma);
		free(mb);
	}
	ok(same, "mutated heads, whole and byte by byte");
	ok(counts[400] && counts[0] && counts[200], "the mutations reach both ends");
	printf("# incomplete %u, 200 %u, 400 %u, 405 %u, 501 %u, 505 %u\n", counts[0],
	       counts[200], counts[400], counts[405], counts[501], counts[505]);
}

int main(void)
{
	printf("KTAP version 1\n");
	test_tables();
	test_mutated();
	printf("1..%u\n", tests);
	return failed != 0;
}
