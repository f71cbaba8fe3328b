// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutations of sane requests, RUNS or as many as GORO_FUZZ_RUNS says. None may
 * make the parser read or write out of its memory (sanitizers), or be taken
 * differently when it comes in pieces, or let a path climb, a body end elsewhere
 * than where an oracle of a few lines has it, a range leave its file. The seed is
 * printed, and GORO_FUZZ_SEED takes it; by default it is 1.
 */
#include "text_test.h"

#define RUNS 400000

static u64 state;

static unsigned int rnd(unsigned int n)
{
	/* xorshift64* */
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 2685821657736338717ULL >> 33) % n;
}

int run_head(const char *text, size_t len, struct http_req *req, char **mem, size_t step)
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

static const char *const heads[] = {
	"\r\nGET /a/../b%20c?d HTTP/1.1\r\nHost: h:80\r\nConnection: close, x\r\n"
	"Content-Length: 12\r\nIf-None-Match: \"a\"\r\n"
	"If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nrest",
	"HEAD http://[::1]:80/%2e%2E/a//b HTTP/1.0\r\nConnection: keep-alive\r\n"
	"Range: bytes=0-1, -5,7-\r\nIf-Range: \"a\"\r\nIf-Match: *\r\nIf-Match: W/\"x\", \"a\"\r\n\r\n",
	"POST /a HTTP/1.1\r\nHost:\r\nTransfer-Encoding: gzip, chunked\r\nExpect: 100-continue\r\n"
	"If-Unmodified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n\r\n",
	"OPTIONS * HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n",
};

static const char *const bodies[] = {
	"5\r\nhello\r\n0\r\n\r\nGET ",
	"0a;x=\"y;\\\"\" ;z\r\n0123456789\r\n00003\r\nabc\r\n0;q\r\nA: b\r\nC:\r\n\r\nGET ",
	"1\r\na\r\n1 ; b = c\r\nd\r\n000\r\n\r\n0\r\n\r\n",
};

/* Change some bytes of @text: by one that means something, by their neighbours, by none. */
static size_t mutate(char *text, size_t len, size_t room)
{
	static const char spice[] = "\r\n\t :/.%?#\"0aZ\x7f\x80\xff,;=-*W+5f";
	unsigned int k = rnd(4);

	do {
		size_t at = rnd(len), n = 1 + rnd(8);

		n = n < len - at ? n : len - at;
		switch (rnd(6)) {
		default:
			text[at] = spice[rnd(sizeof(spice))];
			break;
		case 1:
			text[at] = rnd(256);
			break;
		case 2:
			memmove(text + at, text + at + n, len - at - n);
			len -= n;
			break;
		case 3:
			/* twice */
			if (len + n > room)
				break;
			memmove(text + at + n, text + at, len - at);
			len += n;
			break;
		}
	} while (len && k--);
	return len;
}

static bool same_value(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool climbs(const char *path)
{
	return *path == '/' || !strncmp(path, "../", 3) || !strcmp(path, "..") ||
	       strstr(path, "/../");
}

/* What a parsed head's conditions say of some file: within its bounds? */
static bool sane_answer(const struct http_req *req)
{
	struct http_meta m = {
		.size = rnd(20), .mtime = 784111777, .now = NOW, .weak = rnd(2), .etag = "\"a\"",
	};
	struct http_range r[HTTP_RANGES_MAX];
	unsigned int n = 0, i;
	int status = http_evaluate(&req->cond, &m, req->method == HTTP_GET, r, &n);
	bool good = status == 206 ? n > 0 && n <= HTTP_RANGES_MAX : !n;

	for (i = 0; i < n; i++)
		good &= r[i].len && r[i].from < m.size && r[i].len <= m.size - r[i].from;
	return good && (status == 200 || status == 206 || status == 304 || status == 412 ||
			status == 416);
}

static bool one_head(unsigned int *counts)
{
	const char *seed = heads[rnd(ARRAY_SIZE(heads))];
	struct http_req a, b;
	char text[512], *ma, *mb;
	size_t len = strlen(seed);
	int sa, sb;
	bool good;

	memcpy(text, seed, len);
	len = mutate(text, len, sizeof(text));
	sa = run_head(text, len, &a, &ma, len + 1);
	sb = run_head(text, len, &b, &mb, 1 + rnd(5));
	good = sa == sb;
	if (good && sa >= 200 && sa != 400 && sa != 431)
		good = a.framing == b.framing && a.length == b.length && a.keep_alive == b.keep_alive;
	if (good && sa == 200)
		good = same_value(a.path, b.path) && !strcmp(a.query, b.query) &&
		       (!a.path || !climbs(a.path)) && sane_answer(&a);
	counts[sa]++;
	free(ma);
	free(mb);
	return good;
}

/* A body in pieces of up to @step bytes; the outcome, and in *@end where it ended. */
static int run_body(const char *text, size_t len, size_t step, size_t *end)
{
	struct http_req req = { .framing = HTTP_CHUNKED };
	struct http_body b;
	size_t used;
	int n = http_body_init(&b, &req, 1000);

	*end = 0;
	while (!n && *end < len) {
		u64 need = http_body_need(&b);
		/* memory of just the size; 0: what the server would receive */
		size_t piece = step ? 1 + rnd(step) : need;
		char *mem;

		piece = piece < len - *end ? piece : len - *end;
		mem = malloc(piece);
		memcpy(mem, text + *end, piece);
		n = http_body_feed(&b, mem, piece, &used);
		/* what is needed is all the body's, unless it is none */
		if (n >= 0 && piece <= need && used != piece)
			abort();
		free(mem);
		*end += used;
	}
	return n;
}

/*
 * Where a chunked body without extensions and trailers ends, by other means: 0
 * where this one does not know.
 */
static size_t oracle(const char *text, size_t len)
{
	size_t pos = 0;

	for (;;) {
		size_t n = 0, digits = 0;

		for (; pos < len && strchr("0123456789abcdefABCDEF", text[pos]) && text[pos]; digits++) {
			char digit[2] = { text[pos++], 0 };

			n = n * 16 + strtoul(digit, NULL, 16);
			if (n > 1000)
				return 0;
		}
		if (!digits || len - pos < 4 || memcmp(text + pos, "\r\n", 2))
			return 0;
		pos += 2;
		if (!n)
			return memcmp(text + pos, "\r\n", 2) ? 0 : pos + 2;
		if (len - pos < n + 2 || memcmp(text + pos + n, "\r\n", 2))
			return 0;
		pos += n + 2;
	}
}

static bool one_body(unsigned int *counts)
{
	const char *seed = bodies[rnd(ARRAY_SIZE(bodies))];
	char text[256];
	size_t len = strlen(seed), whole, pieces, served, know;
	int n;

	memcpy(text, seed, len);
	len = mutate(text, len, sizeof(text));
	n = run_body(text, len, 1000, &whole);
	if (run_body(text, len, 3, &pieces) != n || run_body(text, len, 0, &served) != n)
		return false;
	counts[n < 0 ? -n : n]++;
	know = oracle(text, len);
	return (n < 0 || (whole == pieces && whole == served)) && (!know || (n == 1 && whole == know));
}

void fuzz(void)
{
	const char *seed = getenv("GORO_FUZZ_SEED"), *count = getenv("GORO_FUZZ_RUNS");
	unsigned long i, runs = count ? strtoul(count, NULL, 0) : RUNS;
	unsigned int head[600] = { 0 }, body[600] = { 0 };
	bool heads_good = true, bodies_good = true;

	state = seed ? strtoull(seed, NULL, 0) : 1;
	printf("# GORO_FUZZ_SEED=%llu\n", state);
	state += !state;
	for (i = 0; i < runs; i++) {
		if (heads_good && !one_head(head)) {
			heads_good = false;
			printf("# head %lu is the first that is wrong\n", i);
		}
		if (bodies_good && !one_body(body)) {
			bodies_good = false;
			printf("# body %lu is the first that is wrong\n", i);
		}
	}
	printf("# %lu runs; heads: incomplete %u, 200 %u, 400 %u, 405 %u, 501 %u, 505 %u\n", runs,
	       head[0], head[200], head[400], head[405], head[501], head[505]);
	printf("# bodies: incomplete %u, whole %u, 400 %u, 413 %u\n", body[0], body[1], body[400],
	       body[413]);
	ok(heads_good, "mutated heads, whole and in pieces");
	ok(bodies_good, "mutated bodies, whole and in pieces");
	ok(head[0] && head[200] && head[400] && head[405] && head[421] + head[501] && head[505],
	   "the mutated heads reach all ends");
	ok(body[0] && body[1] && body[400] && body[413], "the mutated bodies reach all ends");
}
