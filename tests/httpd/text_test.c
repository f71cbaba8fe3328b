// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pure half of goro_httpd in user space, under sanitizers: tables of what
 * has none of its own on the wire (requests.py), here. What text_fuzz.c does
 * with it is random. KTAP.
 */
#include <stdlib.h>
#include "text_test.h"

static unsigned int tests, failed;

void ok(bool good, const char *name)
{
	failed += !good;
	printf("%sok %u - %s\n", good ? "" : "not ", ++tests, name);
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
	{ "https://h/a", 421, NULL, false },
	{ "http://[::1", 400, NULL, false },
	{ "http://h:8x/", 400, NULL, false },
	{ "http://%41:/", 200, "", true },
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
	/* of 2024: 50 years ahead, and one more */
	{ "Monday, 01-Jan-74 00:00:00 GMT", 3281990400LL },
	{ "Wednesday, 01-Jan-75 00:00:00 GMT", 157766400 },
	{ "Thu, 29 Feb 2024 00:00:00 GMT", 1709164800 },
	{ "Wed, 29 Feb 2023 00:00:00 GMT", -1 }, { "Sun, 31 Apr 2023 00:00:00 GMT", -1 },
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
	{ "*, \"x\"", false }, { "\"b\" \"a\"", false }, { "\"b,\", \"a\"", true },
};

#define SIZE_MOST 9223372036854775807ULL

static const struct {
	const char *value;
	u64 size;
	int n;
	struct http_range first;
} ranges[] = {
	{ "bytes=0-0", 10, 1, { 0, 1 } }, { "bytes=2-", 10, 1, { 2, 8 } },
	{ "bytes=-4", 10, 1, { 6, 4 } }, { "bytes=-11", 10, 1, { 0, 10 } },
	{ "bytes=9-18446744073709551615", 10, 1, { 9, 1 } },
	{ "bytes=9-18446744073709551616", 10, 1, { 9, 1 } },
	{ "bytes=18446744073709551616-", 10, 0, { 0, 0 } }, { "bytes=10-", 10, 0, { 0, 0 } },
	{ "bytes=-0", 10, 0, { 0, 0 } }, { "bytes=0-", 0, 0, { 0, 0 } },
	{ "bytes=-1", 0, -1, { 0, 0 } }, { "bytes= ,0-1 ,\t4-4,", 10, 2, { 0, 2 } },
	{ "bytes=99-,3-4", 10, 1, { 3, 2 } }, { "bytes=0-9,0-0", 10, -1, { 0, 0 } },
	{ "bytes=0-4,0-4", 10, 2, { 0, 5 } }, { "bytes=3-2", 10, -1, { 0, 0 } },
	{ "bytes=", 10, -1, { 0, 0 } }, { "bytes=-", 10, -1, { 0, 0 } },
	{ "bytes=1", 10, -1, { 0, 0 } }, { "bytes=1-2 3-4", 10, -1, { 0, 0 } },
	{ "bytes=1 -2", 10, -1, { 0, 0 } }, { "bytes 0-1", 10, -1, { 0, 0 } },
	/* the largest file there is */
	{ "bytes=9223372036854775806-", SIZE_MOST, 1, { SIZE_MOST - 1, 1 } },
	{ "bytes=-9223372036854775807", SIZE_MOST, 1, { 0, SIZE_MOST } },
	{ "bytes=0-,0-,0-", SIZE_MOST, -1, { 0, 0 } },	/* in 64 bits the sum is less than one */
	{ "bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10,11-11,12-12,13-13,14-14,15-15",
	  99, 16, { 0, 1 } },
	{ "bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10,11-11,12-12,13-13,14-14,15-15,16-16",
	  99, -1, { 0, 0 } },
};

static void test_tables(void)
{
	struct http_meta meta = { .etag = "\"a\"" };
	struct http_req req;
	char text[256], buf[HTTP_DATE_LEN], small[4], *mem;
	s64 t;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		int n = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n",
				 targets[i].target);
		int status = run_head(text, n, &req, &mem, 1000);

		snprintf(text, sizeof(text), "target %s", targets[i].target);
		ok(status == targets[i].status &&
		   (status != 200 || (!strcmp(req.path, targets[i].path) &&
				      req.dir == targets[i].dir)), text);
		free(mem);
	}
	for (i = 0; i < ARRAY_SIZE(dates); i++) {
		bool good = http_parse_date(dates[i].text, NOW, &t);

		snprintf(text, sizeof(text), "date '%s'", dates[i].text);
		ok(good ? t == dates[i].t : dates[i].t == -1, text);
	}
	ok(({ http_date(784111777, buf); !strcmp(buf, dates[0].text); }), "date written");
	{
		bool good = true;

		for (s64 d = 0; d < 253402300799LL; d += 86400 * 13 + 12345) {
			http_date(d, buf);
			good &= http_parse_date(buf, NOW, &t) && t == d;
		}
		ok(good, "dates there and back, 1970 to 9999");
	}
	for (i = 0; i < ARRAY_SIZE(etags); i++) {
		snprintf(text, sizeof(text), "etag in %s", etags[i].list);
		ok(http_etag_listed(etags[i].list, &meta, false) == etags[i].has, text);
	}
	ok(http_etag_listed("\"a\"", &meta, true), "strong");
	ok(!http_etag_listed("W/\"a\"", &meta, true), "weak is not strong");
	meta.weak = true;
	ok(!http_etag_listed("\"a\"", &meta, true), "nor is a file that just changed");
	ok(http_etag_listed("\"a\"", &meta, false), "but weakly so");
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		struct http_range r[HTTP_RANGES_MAX] = { { 0, 0 } };
		int n = http_parse_ranges(ranges[i].value, ranges[i].size, r);

		snprintf(text, sizeof(text), "%s of %llu", ranges[i].value, ranges[i].size);
		ok(n == ranges[i].n && (n <= 0 || (r[0].from == ranges[i].first.from &&
						   r[0].len == ranges[i].first.len)), text);
	}
	ok(!strcmp(http_content_type("a/b.HTML"), "text/html; charset=utf-8"), "type of .HTML");
	ok(!strcmp(http_content_type("html"), "application/octet-stream"), "type of no suffix");
	ok(http_escape("a b/\r\n%", text, sizeof(text)) && !strcmp(text, "a%20b/%0D%0A%25"),
	   "escape");
	ok(!http_escape("abcd", small, sizeof(small)), "escape does not fit");
}

int main(void)
{
	printf("KTAP version 1\n");
	test_tables();
	fuzz();
	printf("1..%u\n", tests);
	return failed != 0;
}
