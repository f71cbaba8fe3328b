// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_file: a file on a disk, a pipe that run-kunit has made, and
 * files of our own that block.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/uio.h>
#include "kunit.h"

#define SIZE	300001		/* three pieces, and no round number */
#define FIFO	"/tmp/goro_kunit.fifo"
#define DISK	"/tmp/goro_kunit.data"

struct data {
	struct file *file;
	u8 *buf, *back;
	/* the files of our own */
	wait_queue_head_t wq;
	atomic_t reads;
	int ready;
};

static struct file *disk_file, *fifo;

/* in insmod's context, whose paths these are; the cases run in kernel threads */
static int open_files(struct kunit_suite *suite)
{
	disk_file = filp_open(DISK, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (IS_ERR(disk_file))
		return PTR_ERR(disk_file);
	/* not O_NONBLOCK: that is what must not block here */
	fifo = filp_open(FIFO, O_RDWR, 0);
	if (IS_ERR(fifo)) {
		fput(disk_file);
		return PTR_ERR(fifo);
	}
	return 0;
}

static void close_files(struct kunit_suite *suite)
{
	fput(disk_file);
	fput(fifo);
}

static u8 byte_at(size_t i)
{
	return i * 7 + (i >> 8);
}

static struct data *data(struct kunit *test)
{
	struct data *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, d);
	fx_of(test)->priv = d;
	init_waitqueue_head(&d->wq);
	d->buf = kunit_kzalloc(test, SIZE, GFP_KERNEL);
	d->back = kunit_kzalloc(test, SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, d->buf);
	KUNIT_ASSERT_NOT_NULL(test, d->back);
	for (i = 0; i < SIZE; i++)
		d->buf[i] = byte_at(i);
	return d;
}

static struct data *on_disk(struct kunit *test)
{
	struct data *d = data(test);

	d->file = get_file(disk_file);
	return d;
}

static int disk_io(struct job *j)
{
	struct data *d = j->f->priv;
	bool nowait = d->file->f_mode & FMODE_NOWAIT;
	loff_t pos = 0;

	if (goro_file_write(d->file, d->buf, SIZE, &pos, NET) != SIZE || pos != SIZE)
		return -1;
	if (goro_file_fsync(d->file, 0, NET) || goro_file_fsync(d->file, 1, NET) ||
	    goro_file_fsync(d->file, 0, GORO_NOW) != -EAGAIN ||
	    goro_file_fsync(d->file, 0, 1) != -ETIMEDOUT)
		return -2;
	if (goro_file_read(d->file, d->back, SIZE, &pos, NET) != 0)	/* the end */
		return -3;
	pos = 1;
	if (goro_file_read(d->file, d->back, SIZE, &pos, NET) != SIZE - 1 || pos != SIZE ||
	    memcmp(d->back, d->buf + 1, SIZE - 1))
		return -4;
	pos = 5;
	if (goro_file_read(d->file, d->back, 7, &pos, 1) != -ETIMEDOUT ||
	    goro_file_write(d->file, d->back, 7, &pos, 1) != -ETIMEDOUT || pos != 5)
		return -5;
	if (goro_file_read(d->file, d->back, 7, &pos, GORO_NOW) != (nowait ? 7 : -EOPNOTSUPP))
		return -6;
	/* no position: from the beginning, one piece after the other */
	memset(d->back, 0, SIZE);
	if (goro_file_write(d->file, d->back, SIZE, NULL, NET) != SIZE ||
	    goro_file_write(d->file, d->buf, SIZE, NULL, NET) != SIZE ||
	    goro_file_read(d->file, d->back, SIZE, NULL, NET) != SIZE ||
	    memcmp(d->back, d->buf, SIZE))
		return -7;
	return 0;
}

KUNIT_ARRAY_PARAM_DESC(who, whos, name);

static void disk(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct data *d = on_disk(test);
	struct job *j = job_set(fx_of(test), 0, disk_io, NULL);

	job_start(test, j, who->send_thread);
	EXPECT_DONE(test, j, 0);
	fput(d->file);
}

static int after_cancel(struct job *j)
{
	struct data *d = j->f->priv;
	loff_t pos = 0;

	while (!goro_cancelled())
		goro_yield();
	if (goro_file_read(d->file, d->back, 1, &pos, NET) != -ECANCELED ||
	    goro_file_write(d->file, d->back, 1, &pos, NET) != -ECANCELED ||
	    goro_file_fsync(d->file, 0, NET) != -ECANCELED)
		return -1;
	return 0;
}

static void disk_cancelled(struct kunit *test)
{
	struct data *d = on_disk(test);
	struct job *j = job_set(fx_of(test), 0, after_cancel, NULL);

	job_go(test, j);
	goro_group_cancel(&fx_of(test)->grp);
	EXPECT_DONE(test, j, 0);
	fput(d->file);
}

/* ---- a pipe ------------------------------------------------------------- */

static int reads(struct job *j)
{
	struct data *d = j->f->priv;

	return goro_file_read(d->file, &j->v, 8, NULL, j->deadline);
}

static int writes_all(struct job *j)
{
	struct data *d = j->f->priv;

	return goro_file_write(d->file, d->buf, SIZE, NULL, j->deadline);
}

#define READERS	5

/* several, until then, and one write: how many got nothing */
static int pipe_readers(struct kunit *test, u64 deadline)
{
	const struct who *who = test->param_value;
	struct data *d = fx_of(test)->priv;
	struct job *j = fx_of(test)->j;
	int i, left = 0;

	for (i = 1; i <= READERS; i++) {
		job_set(fx_of(test), i, reads, NULL)->deadline = deadline;
		j[i].done = 0;
		job_start(test, &j[i], who->recv_thread);
	}
	KUNIT_EXPECT_EQ(test, goro_file_write(d->file, "abcdefgh", 8, NULL, NET), 8);
	for (i = 1; i <= READERS; i++) {
		KUNIT_ASSERT_TRUE(test, eventually(job_done(&j[i])));
		KUNIT_EXPECT_TRUE(test, j[i].ret == 8 || j[i].ret == -ETIMEDOUT);
		left += j[i].ret == -ETIMEDOUT;
	}
	return left;
}

static void pipe_reads(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct data *d = data(test);
	struct fx *f = fx_of(test);
	u64 later = NSEC_PER_SEC / 20;
	struct job *j;
	int left;

	d->file = get_file(fifo);
	j = job_set(f, 0, reads, NULL);
	j->deadline = GORO_NOW;
	KUNIT_EXPECT_EQ(test, reads(j), -EAGAIN);
	j->deadline = goro_in(SHORT_NS);
	job_start(test, j, who->recv_thread);
	EXPECT_DONE(test, j, -ETIMEDOUT);
	/*
	 * One is faster than the others: those wait on, and still can be ended.
	 * Where the deadlines passed before there was anything to read: once more,
	 * with later ones.
	 */
	for (; later <= NET_NS; later *= 2) {
		left = pipe_readers(test, goro_in(later));
		if (left < READERS)
			break;
		KUNIT_EXPECT_EQ(test, goro_file_read(d->file, &j->v, 8, NULL, GORO_NOW), 8);
	}
	KUNIT_EXPECT_EQ(test, left, READERS - 1);
	job_go(test, job_set(f, 6, reads, NULL));
	KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_POLL) == 1));
	goro_group_cancel(&f->grp);
	EXPECT_DONE(test, &f->j[6], -ECANCELED);
	fput(d->file);
}

static void pipe_writes(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct data *d = data(test);
	struct fx *f = fx_of(test);
	struct job *j;
	size_t at = 0;
	ssize_t n;

	d->file = get_file(fifo);
	/* what went until the deadline; then nothing goes */
	n = goro_file_write(d->file, d->buf, SIZE, NULL, goro_in(SHORT_NS));
	KUNIT_EXPECT_GT(test, n, 0L);
	KUNIT_EXPECT_LT(test, n, (ssize_t)SIZE);
	KUNIT_EXPECT_EQ(test, goro_file_write(d->file, "x", 1, NULL, GORO_NOW), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_file_write(d->file, "x", 1, NULL, goro_in(SHORT_NS)),
			-ETIMEDOUT);
	while (n > 0)
		n -= goro_file_read(d->file, d->back, n, NULL, NET);
	j = job_set(f, 1, writes_all, NULL);
	job_start(test, j, who->send_thread);
	if (!who->send_thread)
		KUNIT_EXPECT_TRUE(test, eventually(members_in(&f->grp, GORO_R_POLL) == 1));
	while (at < SIZE) {
		n = goro_file_read(d->file, d->back + at, SIZE - at, NULL, NET);
		KUNIT_ASSERT_GT(test, n, 0L);
		at += n;
	}
	EXPECT_DONE(test, j, SIZE);
	KUNIT_EXPECT_EQ(test, memcmp(d->buf, d->back, SIZE), 0);
	fput(d->file);
}

/* ---- files that block ------------------------------------------------------ */

static ssize_t own_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct data *d = iocb->ki_filp->private_data;

	atomic_inc(&d->reads);
	if (wait_event_interruptible(d->wq, READ_ONCE(d->ready)))
		return -ERESTARTSYS;
	return copy_to_iter("own", 3, to);
}

static __poll_t own_poll(struct file *file, poll_table *pt)
{
	struct data *d = file->private_data;

	poll_wait(file, &d->wq, pt);
	return READ_ONCE(d->ready) ? EPOLLIN : 0;
}

static const struct file_operations with_poll = { .read_iter = own_read, .poll = own_poll };
static const struct file_operations without_poll = { .read_iter = own_read };
static const struct file_operations neither = { };

static int bystander(struct job *j)
{
	int i;

	for (i = 0; i < 10; i++)
		if (goro_sleep(1000))
			return -EIO;
	return 0;
}

/* poll tells: the read is not begun before, and blocks nobody */
static void polled(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct data *d = data(test);
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, reads, NULL);

	d->file = anon_inode_getfile("goro_kunit", &with_poll, d, O_RDONLY);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, d->file);
	j->deadline = GORO_NOW;
	KUNIT_EXPECT_EQ(test, reads(j), -EAGAIN);
	j->deadline = goro_in(SHORT_NS);
	job_start(test, j, who->recv_thread);
	EXPECT_DONE(test, j, -ETIMEDOUT);
	job_start(test, job_set(f, 1, reads, NULL), who->recv_thread);
	if (!who->recv_thread)
		KUNIT_ASSERT_TRUE(test, eventually(members_in(&f->grp, GORO_R_POLL) == 1));
	KUNIT_EXPECT_EQ(test, atomic_read(&d->reads), 0);
	WRITE_ONCE(d->ready, 1);
	wake_up_poll(&d->wq, EPOLLIN);
	EXPECT_DONE(test, &f->j[1], 3);
	KUNIT_EXPECT_EQ(test, goro_file_write(d->file, "x", 1, NULL, NET), -EBADF);
	fput(d->file);
}

static ssize_t never_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct data *d = iocb->ki_filp->private_data;

	atomic_inc(&d->reads);
	return -EAGAIN;
}

static const struct file_operations liar = { .read_iter = never_read, .poll = own_poll };

/* poll says ready, and there is nothing: deadline and cancel are seen */
static void polled_in_vain(struct kunit *test)
{
	const struct who *who = test->param_value;
	struct data *d = data(test);
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, reads, NULL);

	d->ready = 1;
	d->file = anon_inode_getfile("goro_kunit", &liar, d, O_RDONLY | O_NONBLOCK);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, d->file);
	j->deadline = GORO_NOW;
	KUNIT_EXPECT_EQ(test, reads(j), -EAGAIN);
	KUNIT_EXPECT_GT(test, atomic_read(&d->reads), 1);
	j->deadline = goro_in(SHORT_NS);
	job_start(test, j, who->recv_thread);
	EXPECT_DONE(test, j, -ETIMEDOUT);
	if (!who->recv_thread) {
		job_go(test, job_set(f, 1, reads, NULL));
		KUNIT_EXPECT_TRUE(test, eventually(members_in(&f->grp, GORO_R_SLEEP) == 1));
		goro_group_cancel(&f->grp);
		EXPECT_DONE(test, &f->j[1], -ECANCELED);
	}
	fput(d->file);
}

/* nothing tells: the Ms sleep, and other goroutines run on */
static void blocks(struct kunit *test)
{
	struct data *d = data(test);
	struct fx *f = fx_of(test);
	int i, n = 2 * goro_procs();

	d->file = anon_inode_getfile("goro_kunit", &without_poll, d, O_RDONLY);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, d->file);
	for (i = 0; i < n; i++) {
		job_set(f, i, reads, NULL);
		f->j[i].v = 0;
		job_go(test, &f->j[i]);
	}
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&d->reads) == n));
	for (; i < 2 * n; i++)
		job_go(test, job_set(f, i, bystander, NULL));
	for (i = n; i < 2 * n; i++)
		EXPECT_DONE(test, &f->j[i], 0);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_FALSE(test, job_done(&f->j[i]));
	WRITE_ONCE(d->ready, 1);
	wake_up(&d->wq);
	for (i = 0; i < n; i++)
		/* three bytes a time, until all eight are there */
		EXPECT_DONE(test, &f->j[i], 8);
	fput(d->file);
	d->file = anon_inode_getfile("goro_kunit", &neither, d, O_RDONLY);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, d->file);
	KUNIT_EXPECT_EQ(test, reads(job_set(f, 0, reads, NULL)), -EINVAL);
	fput(d->file);
}

static ssize_t doze(struct kiocb *iocb, struct iov_iter *to)
{
	usleep_range(10, 50);
	return copy_to_iter("own", 3, to);
}

static const struct file_operations dozes = { .read_iter = doze };

static int counts(void *arg)
{
	atomic_inc(&((struct fx *)arg)->n);
	return 0;
}

/* with one queued behind each read; until a P went on from the reader to another M */
static int reads_in_front(struct job *j)
{
	u64 handoffs = goro_counter(GORO_C_HANDOFF), until = NET;
	struct data *d = j->f->priv;
	int n = 0;

	do {
		if (goro_group_go(&j->f->other, counts, j->f))
			return -ENOMEM;
		n++;
		if (goro_file_read(d->file, &j->v, 3, NULL, NET) != 3)
			return -EIO;
		if (ktime_get_ns() > until)
			return -ETIMEDOUT;
	} while (goro_counter(GORO_C_HANDOFF) == handoffs);
	return n;
}

/*
 * The P of who sleeps goes to a spare M at once, with what is queued there. It
 * idles where nothing is; a thief may have been faster, so it is tried again.
 */
static void hands_on(struct kunit *test)
{
	struct data *d = data(test);
	struct fx *f = fx_of(test);
	struct job *j = job_set(f, 0, reads_in_front, NULL);

	d->file = anon_inode_getfile("goro_kunit", &dozes, d, O_RDONLY);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, d->file);
	job_go(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
	KUNIT_EXPECT_GT(test, j->ret, 0L);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->other, NET), 0);
	KUNIT_EXPECT_EQ(test, (long)atomic_read(&f->n), j->ret);
	fput(d->file);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(disk, who_gen_params),
	KUNIT_CASE(disk_cancelled),
	KUNIT_CASE_PARAM(pipe_reads, who_gen_params),
	KUNIT_CASE_PARAM(pipe_writes, who_gen_params),
	KUNIT_CASE_PARAM(polled, who_gen_params),
	KUNIT_CASE_PARAM(polled_in_vain, who_gen_params),
	KUNIT_CASE(blocks),
	KUNIT_CASE(hands_on),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_file",
	.suite_init = open_files,
	.suite_exit = close_files,
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
