// SPDX-License-Identifier: GPL-2.0-only
/* Task class wc: equal to wc(1), wherever the chunks are cut and whatever the bytes are. */
#include "goro_test.h"

#define ROOM 64

struct chunk {
	struct goro_wc_chunk head;
	unsigned char data[ROOM];
};

static uint64_t x = 88172645463325252;

static uint64_t rnd(void)
{
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static struct goro_wc_total wc1(const unsigned char *p, size_t n)
{
	char path[] = "/tmp/goro-wc-XXXXXX", cmd[128];
	struct goro_wc_total t = { 0 };
	int fd = mkstemp(path);
	FILE *f;

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, p, n), n);
	close(fd);
	snprintf(cmd, sizeof(cmd), "LC_ALL=C wc -lwc %s", path);
	f = popen(cmd, "r");
	CHECK(f && fscanf(f, "%llu%llu%llu", &t.lines, &t.words, &t.bytes) == 3);
	CHECK_EQ(pclose(f), 0);
	unlink(path);
	return t;
}

/* count by n tasks, cut into chunks of at most max bytes */
static void check(const unsigned char *p, size_t n, int tasks, size_t max)
{
	int c = make(sizeof(struct chunk), 8), d = make(sizeof(struct goro_wc_total), 0);
	struct goro_wc_total want = wc1(p, n), sum = { 0 }, t;
	int task[8], i, result;
	bool word = false;
	struct chunk k;
	size_t j;

	for (i = 0; i < tasks; i++)
		task[i] = spawn("wc", NULL, 0, c, d);
	poison(&k, sizeof(k));
	while (n) {
		k.head.len = rnd() % (max + 1);
		if (k.head.len > n)
			k.head.len = n;
		k.head.flags = word ? GORO_WC_IN_WORD : 0;
		memcpy(k.data, p, k.head.len);
		for (j = 0; j < k.head.len; j++)
			if (strchr(" \t\n\v\f\r", p[j]) && p[j])
				word = false;
			else if (p[j] > ' ' && p[j] < 0x7f)
				word = true;
		p += k.head.len;
		n -= k.head.len;
		CHECK_EQ(goro_kchan_send(c, &k), 0);
	}
	CHECK_EQ(goro_kchan_close(c), 0);
	for (i = 0; i < tasks; i++) {
		CHECK_EQ(goro_kchan_recv(d, &t), 1);
		sum.lines += t.lines;
		sum.words += t.words;
		sum.bytes += t.bytes;
	}
	for (i = 0; i < tasks; i++) {
		CHECK_EQ(goro_ktask_wait(task[i], &result, GORO_FOREVER), 0);
		CHECK_EQ(result, 0);
	}
	CHECK_EQ(sum.lines, want.lines);
	CHECK_EQ(sum.words, want.words);
	CHECK_EQ(sum.bytes, want.bytes);
	close(c);
	close(d);
}

TEST(small_texts)
{
	static const char *const t[] = {
		"", "a", " ", "\n", "a b", " a ", "a\nb\n", "a\tb\vc\fd\re", "\x80", "a\200b",
		"\x80 \xc3\xa9", "a\1b", "\1\2", "\x7f", "abc def ghi jkl\n\n\nmno",
	};
	unsigned int i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		check((const unsigned char *)t[i], strlen(t[i]), 1, 1);
		check((const unsigned char *)t[i], strlen(t[i]), 2, 3);
	}
	check((const unsigned char *)"a\0b \0 c", 7, 1, 2);
}

TEST(any_bytes)
{
	static unsigned char b[20000];
	size_t i;

	for (i = 0; i < sizeof(b); i++)
		b[i] = rnd() >> 20;
	check(b, sizeof(b), 3, ROOM);
	check(b, sizeof(b), 1, 2);
}

TEST(texts_of_many_spaces)
{
	static const char set[] = "ab\n \t\v\f\r\x80\1 c";
	static unsigned char b[20000];
	size_t i;

	for (i = 0; i < sizeof(b); i++)
		b[i] = set[(rnd() >> 20) % sizeof(set)];
	check(b, sizeof(b), 4, 5);
	check(b, sizeof(b), 8, ROOM);
}

TEST(bad_chunks)
{
	struct chunk k = { .head = { .len = ROOM + 1 } };
	int c = make(sizeof(k), 1), d = make(sizeof(struct goro_wc_total), 1), i, result;

	for (i = 0; i < 3; i++) {
		int t = spawn("wc", NULL, 0, c, d);

		k.head = i == 0 ? (struct goro_wc_chunk){ .len = ROOM + 1 } :
			 i == 1 ? (struct goro_wc_chunk){ .len = UINT32_MAX } :
				  (struct goro_wc_chunk){ .len = 1, .flags = 2 };
		CHECK_EQ(goro_kchan_send(c, &k), 0);
		CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
		CHECK_EQ(result, -EBADMSG);
	}
	CHECK_CHAN(d, 0, 0, 0, false);
}

TEST(bad_channels)
{
	int small = make(7, 1), c = make(8, 1), d = make(32, 1), e = make(24, 1), v[2];

	v[0] = small;
	v[1] = d;
	CHECK_EQ(goro_ktask_spawn(dev(), "wc", NULL, 0, v, 2), -EINVAL);
	v[0] = c;
	v[1] = e;
	CHECK_EQ(goro_ktask_spawn(dev(), "wc", NULL, 0, v, 2), -EINVAL);
	v[1] = d;
	CHECK_EQ(goro_ktask_spawn(dev(), "wc", NULL, 0, v, 1), -EINVAL);
	CHECK_EQ(goro_ktask_spawn(dev(), "wc", "x", 1, v, 2), -EINVAL);
	CHECK(goro_ktask_spawn(dev(), "wc", NULL, 0, v, 2) >= 0);
}
