// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_sendfile: from files on a disk, of which one is a hole mostly, to sockets.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/in.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <net/net_namespace.h>
#include "kunit.h"

#define SIZE	300001		/* three pieces, and no round number */

struct data {
	struct file *file;
	struct socket *in, *out;
	u8 *buf, *back;
	loff_t pos;
	size_t len;
};

static const char * const paths[] = {
	"/tmp/goro_kunit.sent", "/tmp/goro_kunit.hole", "/tmp/goro_kunit.fifo",
};
static struct file *files[ARRAY_SIZE(paths)], **const fifo = &files[2];

static void close_files(struct kunit_suite *suite)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (!IS_ERR_OR_NULL(files[i]))
			fput(files[i]);
}

/* in insmod's context, whose paths these are; the cases run in kernel threads */
static int open_files(struct kunit_suite *suite)
{
	int i, err = 0;

	for (i = 0; i < ARRAY_SIZE(files) && !err; i++) {
		/* the pipe is run-kunit's */
		files[i] = filp_open(paths[i], &files[i] == fifo ? O_RDWR :
				     O_RDWR | O_CREAT | O_TRUNC, 0600);
		err = PTR_ERR_OR_ZERO(files[i]);
	}
	if (err)
		close_files(suite);
	return err;
}

static struct data *data(struct kunit *test, struct file *file)
{
	struct data *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, d);
	fx_of(test)->priv = d;
	d->buf = kunit_kzalloc(test, SIZE, GFP_KERNEL);
	d->back = kunit_kzalloc(test, SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, d->buf);
	KUNIT_ASSERT_NOT_NULL(test, d->back);
	for (i = 0; i < SIZE; i++)
		d->buf[i] = i * 7 + (i >> 8);
	d->file = get_file(file);
	return d;
}

static void connected(struct kunit *test, struct data *d, int family)
{
	struct sockaddr_storage addr = { .ss_family = family };
	int len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(sa_family_t);
	struct socket *l;

	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, family, SOCK_STREAM, 0, &l), 0);
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, family, SOCK_STREAM, 0, &d->out), 0);
	((struct sockaddr_in *)&addr)->sin_addr.s_addr = family == AF_INET ?
							 htonl(INADDR_LOOPBACK) : 0;
	KUNIT_ASSERT_EQ(test, kernel_bind(l, (void *)&addr, len), 0);
	len = kernel_getsockname(l, (void *)&addr);
	KUNIT_ASSERT_EQ(test, kernel_listen(l, 1), 0);
	KUNIT_ASSERT_EQ(test, goro_sock_connect(d->out, (void *)&addr, len, NET), 0);
	KUNIT_ASSERT_EQ(test, goro_sock_accept(l, &d->in, NET), 0);
	sock_release(l);
}

static int sends_file(struct job *j)
{
	struct data *d = j->f->priv;

	return goro_sendfile(d->out, d->file, &d->pos, d->len, j->deadline);
}

static size_t receive(struct data *d, size_t want)
{
	size_t at = 0;
	int n;

	while (at < want) {
		n = goro_sock_recv(d->in, d->back + at, want - at, NET);
		if (n <= 0)
			break;
		at += n;
	}
	return at;
}

struct way { const char *name; int family; bool thread; };
static const struct way ways[] = {
	{ "unix, goroutine", AF_UNIX, false }, { "unix, thread", AF_UNIX, true },
	{ "TCP, goroutine", AF_INET, false }, { "TCP, thread", AF_INET, true },
};
KUNIT_ARRAY_PARAM_DESC(way, ways, name);

static void sends(struct kunit *test)
{
	static const struct { loff_t pos; size_t len; } parts[] = {
		{ 0, SIZE }, { 0, 1 }, { 4095, 2 }, { 4097, 70000 }, { 123, SIZE },
		{ SIZE - 1, 10 }, { SIZE, 10 }, { SIZE + 5, 10 }, { 7, 0 },
	};
	const struct way *way = test->param_value;
	struct data *d = data(test, files[0]);
	struct fx *f = fx_of(test);
	loff_t pos = 0;
	int i;

	connected(test, d, way->family);
	KUNIT_ASSERT_EQ(test, goro_file_write(d->file, d->buf, SIZE, &pos, NET), (ssize_t)SIZE);
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t want = min_t(loff_t, parts[i].len, max_t(loff_t, SIZE - parts[i].pos, 0));
		struct job *j = job_set(f, i, sends_file, NULL);

		d->pos = parts[i].pos;
		d->len = parts[i].len;
		job_start(test, j, way->thread);
		KUNIT_EXPECT_EQ(test, receive(d, want), want);
		KUNIT_EXPECT_EQ(test, memcmp(d->back, d->buf + parts[i].pos, want), 0);
		EXPECT_DONE(test, j, want);
		KUNIT_EXPECT_EQ(test, d->pos, parts[i].pos + (loff_t)want);
	}
	sock_release(d->in);
	sock_release(d->out);
	fput(d->file);
}

/*
 * A hole (in a tmpfs, which has no page for it): the zeroes are one page of the kernel's,
 * as often as they are wanted. Whatever was sent of it, that page has as many references
 * as before.
 */
#define HOLE	(40 * PAGE_SIZE)

static void hole(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct data *d = data(test, files[1]);
	struct fx *f = fx_of(test);
	int refs = page_count(ZERO_PAGE(0)), i;
	loff_t pos = HOLE;

	connected(test, d, way->family);
	KUNIT_ASSERT_EQ(test, goro_file_write(d->file, d->buf, 100, &pos, NET), 100L);
	for (i = 0; i < 4; i++) {
		struct job *j = job_set(f, i, sends_file, NULL);

		d->pos = i;
		d->len = HOLE + 100;
		memset(d->back, 0x5a, HOLE);
		job_start(test, j, way->thread);
		KUNIT_EXPECT_EQ(test, receive(d, HOLE + 100 - i), HOLE + 100 - i);
		KUNIT_EXPECT_NULL(test, memchr_inv(d->back, 0, HOLE - i));
		KUNIT_EXPECT_EQ(test, memcmp(d->back + HOLE - i, d->buf, 100), 0);
		EXPECT_DONE(test, j, HOLE + 100 - i);
	}
	sock_release(d->in);
	sock_release(d->out);
	fput(d->file);
	/* TCP frees what was received when it comes by again */
	if (way->family == AF_UNIX)
		KUNIT_EXPECT_TRUE(test, eventually(page_count(ZERO_PAGE(0)) == refs));
	KUNIT_EXPECT_GE(test, page_count(ZERO_PAGE(0)), 1);
}

/* send again and again what does not make us wait; returns why it ended */
static int fill_by_file(struct data *d, struct job *j)
{
	int i, ret;

	j->deadline = GORO_NOW;
	for (i = 0; i < 10000; i++) {
		ret = sends_file(j);
		if (ret <= 0)
			break;
		d->pos = 0;
	}
	return ret;
}

/* nobody reads: a part, then a deadline, a cancel; and what cannot be sent from */
static void fails(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct data *d = data(test, files[0]);
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, sends_file, NULL);
	struct file *file;
	loff_t pos = 0;
	int i;

	connected(test, d, way->family);
	KUNIT_ASSERT_EQ(test, goro_file_write(d->file, d->buf, SIZE, &pos, NET), (ssize_t)SIZE);
	d->len = SIZE;
	j->deadline = 1;
	KUNIT_EXPECT_EQ(test, sends_file(j), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, d->pos, 0LL);
	/* until the socket is full; TCP may find that there is room after all, some times */
	for (i = 0; i < 1000; i++) {
		KUNIT_ASSERT_EQ(test, fill_by_file(d, j), -EAGAIN);
		j->deadline = goro_in(SHORT_NS);
		j->done = 0;
		job_start(test, j, way->thread);
		KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
		if (way->family == AF_UNIX || j->ret <= 0)
			break;
		KUNIT_EXPECT_EQ(test, d->pos, (loff_t)j->ret);
		d->pos = 0;
	}
	KUNIT_EXPECT_EQ(test, j->ret, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, d->pos, 0LL);
	if (!way->thread) {
		job_go(test, job_set(f, 1, sends_file, NULL));
		KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_POLL) == 1));
		goro_group_cancel(&f->grp);
		KUNIT_ASSERT_TRUE(test, eventually(job_done(&f->j[1])));
		/* TCP may have found room for a part */
		KUNIT_EXPECT_TRUE(test, f->j[1].ret == -ECANCELED ||
				  (f->j[1].ret > 0 && f->j[1].ret < SIZE));
	}
	sock_release(d->in);
	j->deadline = NET;
	KUNIT_EXPECT_TRUE(test, sends_file(j) == -EPIPE || sends_file(j) == -EPIPE);
	file = d->file;
	d->file = get_file(*fifo);
	KUNIT_EXPECT_EQ(test, sends_file(j), -EINVAL);
	fput(d->file);
	sock_release(d->out);
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_UNIX, SOCK_DGRAM, 0, &d->out), 0);
	d->file = file;
	KUNIT_EXPECT_EQ(test, sends_file(j), -EOPNOTSUPP);
	sock_release(d->out);
	fput(file);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(sends, way_gen_params),
	KUNIT_CASE_PARAM(hole, way_gen_params),
	KUNIT_CASE_PARAM(fails, way_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_sendfile",
	.suite_init = open_files,
	.suite_exit = close_files,
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
