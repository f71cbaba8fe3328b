// SPDX-License-Identifier: GPL-2.0-only
/* What else a file can be asked: RWF_NOWAIT, FIONBIO, vectors, nothing at all, bad memory, splice and its kin, dup. */
#include "goro_test.h"
#include <limits.h>
#include <sys/sendfile.h>

static void fionbio(int fd, int on)
{
	CHECK_EQ(ioctl(fd, FIONBIO, &on), 0);
	CHECK_EQ(!!(fcntl(fd, F_GETFL) & O_NONBLOCK), on);
}

TEST(rwf_nowait)
{
	int c = make(8, 2), t = spawn_sleeper();
	struct goro_task_result r;
	uint64_t v[3] = { 1, 2, 3 }, out[3];
	struct iovec in = { v, 24 }, to = { out, 24 }, result = { &r, sizeof(r) };

	poison(out, sizeof(out));
	CHECK_ERR(preadv2(c, &to, 1, -1, RWF_NOWAIT), EAGAIN);
	CHECK(poisoned(out, sizeof(out)));
	CHECK_EQ(pwritev2(c, &in, 1, -1, RWF_NOWAIT), 16);
	CHECK_ERR(pwritev2(c, &in, 1, -1, RWF_NOWAIT), EAGAIN);
	CHECK_EQ(preadv2(c, &to, 1, -1, RWF_NOWAIT), 16);
	CHECK(out[0] == 1 && out[1] == 2);
	/* of this call only: not of the file, nor of ioctls */
	CHECK(!(fcntl(c, F_GETFL) & O_NONBLOCK));
	CHECK_CHAN(c, 0, 0, 0, false);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(preadv2(c, &to, 1, -1, RWF_NOWAIT), 0);
	CHECK_ERR(pwritev2(c, &in, 1, -1, RWF_NOWAIT), EPIPE);

	CHECK_ERR(preadv2(t, &result, 1, -1, RWF_NOWAIT), EAGAIN);
	CHECK_EQ(goro_ktask_cancel(t), 0);
	CHECK_EQ(goro_ktask_wait(t, NULL, GORO_FOREVER), 0);
	CHECK_EQ(preadv2(t, &result, 1, -1, RWF_NOWAIT), sizeof(r));
	CHECK_EQ(r.result, -ECANCELED);
	CHECK_EQ(preadv2(t, &result, 1, -1, RWF_NOWAIT), 0);
}

TEST(fionbio)
{
	int c = make(8, 1), t = spawn_sleeper(), one = 1;
	struct goro_task_result r;
	uint64_t v = 1, out;
	struct call rd = CALL(call_read, c, &out, 8);

	fionbio(c, 1);
	CHECK_ERR(read(c, &v, 8), EAGAIN);
	fionbio(c, 0);
	call_start(&rd);
	wait_for(c, 0, 1);
	CHECK_EQ(write(c, &v, 8), 8);
	CHECK_EQ(call_end(&rd), 8);

	fionbio(t, 1);
	CHECK_ERR(read(t, &r, sizeof(r)), EAGAIN);
	fionbio(t, 0);
	rd = (struct call)CALL(call_read, t, &r, sizeof(r));
	call_start_asleep(&rd);
	CHECK_EQ(goro_ktask_cancel(t), 0);
	CHECK_EQ(call_end(&rd), 8);
	CHECK_EQ(r.result, -ECANCELED);

	/* no signals when it becomes ready, and no count of bytes */
	CHECK_ERR(ioctl(c, FIOASYNC, &one), ENOTTY);
	CHECK_ERR(ioctl(c, FIONREAD, &one), ENOTTY);
}

/* O_NONBLOCK is the open file's: one sees what the other set, across dup and fork */
static void sees_nonblock(void *arg)
{
	int *fd = arg, c = fd[0];
	uint64_t v;

	CHECK_ERR(read(c, &v, 8), EAGAIN);
	CHECK_EQ(fcntl(c, F_SETFL, fcntl(c, F_GETFL) & ~O_NONBLOCK), 0);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	CHECK_EQ(read(c, &v, 8), 8);
	CHECK_EQ(v, 7);
}

TEST(dup_and_fork_share_the_file)
{
	int c = make(8, 0), d = dup(c), p[2], fds[2];
	uint64_t v = 7;
	pid_t pid;
	char b;

	CHECK_EQ(pipe(p), 0);
	CHECK(d >= 0);
	fionbio(d, 1);
	fds[0] = d;
	fds[1] = p[1];
	pid = child(sees_nonblock, fds);
	CHECK_EQ(read(p[0], &b, 1), 1);
	CHECK(!(fcntl(c, F_GETFL) & O_NONBLOCK));
	wait_for(c, 0, 1);
	/* one descriptor less changes nothing */
	close(d);
	CHECK_CHAN(c, 0, 0, 1, false);
	CHECK_EQ(write(c, &v, 8), 8);
	reap(pid);
}

static void reads_end(void *arg)
{
	struct goro_task_result r;

	CHECK_EQ(read(*(int *)arg, &r, sizeof(r)), 0);
}

TEST(task_of_several_descriptors)
{
	int t = spawn_sleeper(), u = dup(t);
	struct goro_task_result r;
	struct goro_task_info i;

	CHECK(u >= 0);
	close(t);
	CHECK_EQ(goro_ktask_info(u, &i), 0);
	CHECK_EQ(i.state, 0);
	t = dup(u);
	CHECK_EQ(goro_ktask_cancel(t), 0);
	CHECK_EQ(read(t, &r, sizeof(r)), 8);
	/* and the position is the file's: the result was read */
	CHECK_EQ(read(u, &r, sizeof(r)), 0);
	reap(child(reads_end, &u));
}

/* ---- vectors --------------------------------------------------------- */

TEST(many_parts)
{
	enum { ELEM = 7, COUNT = 400, BYTES = ELEM * COUNT };
	static unsigned char in[BYTES], out[BYTES];
	static struct iovec w[IOV_MAX + 1], r[IOV_MAX + 1];
	int c = make(ELEM, COUNT), i, at, n;

	for (i = 0; i < BYTES; i++)
		in[i] = i * 37 >> 2;
	/* parts of 0 to 5 bytes, then of other sizes on the way back; the last takes the rest */
	for (i = at = 0; i < IOV_MAX; i++, at += n) {
		n = i == IOV_MAX - 1 ? BYTES - at : i % 6;
		w[i] = (struct iovec){ in + at, n };
	}
	CHECK_EQ(writev(c, w, IOV_MAX), BYTES);
	CHECK_CHAN(c, COUNT, 0, 0, false);
	poison(out, sizeof(out));
	for (i = at = 0; i < IOV_MAX; i++, at += n) {
		n = i == IOV_MAX - 1 ? BYTES - at : (i + 1) % 5;
		r[i] = (struct iovec){ out + at, n };
	}
	CHECK_ERR(readv(c, r, IOV_MAX + 1), EINVAL);
	CHECK_EQ(readv(c, r, IOV_MAX), BYTES);
	CHECK(!memcmp(in, out, BYTES));
	CHECK_CHAN(c, 0, 0, 0, false);
}

TEST(no_bytes_at_all)
{
	int c = make(8, 1), t = spawn_sleeper(), i;
	char *guard, b[8] = { 0 };
	struct iovec none[2] = { { b, 0 }, { NULL, 0 } };

	guarded(2, &guard);
	/* empty, full, closed: 0 at once, and no memory is looked at */
	for (i = 0; i < 3; i++) {
		CHECK_EQ(read(c, guard, 0), 0);
		CHECK_EQ(write(c, guard, 0), 0);
		CHECK_EQ(readv(c, none, 2), 0);
		CHECK_EQ(writev(c, none, 2), 0);
		CHECK_EQ(readv(c, none, 0), 0);
		CHECK_EQ(writev(c, none, 0), 0);
		if (!i)
			CHECK_EQ(write(c, b, 8), 8);
		if (i == 1)
			CHECK_EQ(goro_kchan_close(c), 0);
	}
	CHECK_CHAN(c, 1, 0, 0, true);
	/* a task's result is read whole or not at all */
	for (i = 0; i < 8; i++)
		CHECK_ERR(read(t, b, i), EINVAL);
}

/* ---- memory ---------------------------------------------------------- */

TEST(memory_that_ends)
{
	enum { COUNT = 4096 };	/* 8-byte elements: two chunks of the kernel's */
	char *guard, *p = guarded(9, &guard);
	int c = make(8, COUNT), i;
	uint64_t v[COUNT], out[COUNT], *q = (uint64_t *)p;
	struct iovec bad[2] = { { out, 8 }, { guard, 8 } };

	for (i = 0; i < COUNT; i++)
		q[i] = v[i] = i;
	CHECK_EQ(guard - p, sizeof(v));
	/* nothing is sent of a chunk that cannot be read as a whole */
	CHECK_ERR(write(c, guard, 8), EFAULT);
	CHECK_ERR(write(c, guard - 8, 16), EFAULT);
	CHECK_ERR(write(c, guard - 4, 8), EFAULT);
	CHECK_ERR(writev(c, bad, 2), EFAULT);
	CHECK_CHAN(c, 0, 0, 0, false);
	/* what came before such a chunk is */
	CHECK_EQ(write(c, guard - 24576, 32768), 16384);
	CHECK_CHAN(c, 2048, 0, 0, false);
	CHECK_EQ(read(c, out, 32768), 16384);
	CHECK(!memcmp(out, v + 1024, 16384));

	CHECK_EQ(write(c, v, sizeof(v)), sizeof(v));
	poison(p, guard - p);
	CHECK_ERR(read(c, guard, 8), EFAULT);
	CHECK_ERR(read(c, guard - 8, 16), EFAULT);
	CHECK_ERR(read(c, guard - 4, 8), EFAULT);
	CHECK_ERR(readv(c, bad, 2), EFAULT);
	CHECK_CHAN(c, COUNT, 0, 0, false);
	CHECK(poisoned(p, guard - p));
	CHECK_EQ(read(c, guard - 24576, 32768), 16384);
	CHECK(!memcmp(guard - 24576, v, 16384));
	CHECK(poisoned(guard - 8192, 8192));
	CHECK_CHAN(c, 2048, 0, 0, false);
	CHECK_EQ(read(c, out, 32768), 16384);
	CHECK(!memcmp(out, v + 2048, 16384));
	/* before it waits, too */
	CHECK_ERR(read(c, guard, 8), EFAULT);
}

/* ---- splice and its kin ---------------------------------------------- */

TEST(no_splice_of_any_kind)
{
	int c = make(1, 4096), t = spawn_sleeper(), p[2], q[2], f, i;
	int fds[3] = { c, t, dev() };
	struct iovec v = { "abcd", 4 };

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(pipe(q), 0);
	f = memfd_create("f", 0);
	CHECK(f >= 0);
	CHECK_EQ(write(f, "abcdefgh", 8), 8);
	CHECK_EQ(lseek(f, 0, SEEK_SET), 0);
	CHECK_EQ(goro_kchan_sendn(c, "abcd", 4, GORO_NOW), 4);
	CHECK_EQ(write(p[1], "abcd", 4), 4);

	for (i = 0; i < 3; i++) {
		/* a task's fd is not open for writing */
		int w = i == 1 ? EBADF : EINVAL;

		CHECK_ERR(splice(fds[i], NULL, q[1], NULL, 4, 0), EINVAL);
		CHECK_ERR(splice(p[0], NULL, fds[i], NULL, 4, 0), w);
		CHECK_ERR(splice(fds[i], NULL, q[1], NULL, 4, SPLICE_F_NONBLOCK), EINVAL);
		CHECK_ERR(sendfile(fds[i], f, NULL, 4), w);
		CHECK_ERR(sendfile(f, fds[i], NULL, 4), EINVAL);
		CHECK_ERR(tee(fds[i], q[1], 4, 0), EINVAL);
		CHECK_ERR(tee(p[0], fds[i], 4, 0), w);
		CHECK_ERR(vmsplice(fds[i], &v, 1, 0), EBADF);
		CHECK_ERR(copy_file_range(fds[i], NULL, f, NULL, 4, 0), EINVAL);
		CHECK_ERR(copy_file_range(f, NULL, fds[i], NULL, 4, 0), EINVAL);
	}
	/* nothing went anywhere */
	CHECK_CHAN(c, 4, 0, 0, false);
	CHECK_EQ(lseek(f, 0, SEEK_CUR), 0);
	CHECK_EQ(ioctl(p[0], FIONREAD, &i), 0);
	CHECK_EQ(i, 4);
	CHECK_EQ(ioctl(q[0], FIONREAD, &i), 0);
	CHECK_EQ(i, 0);
}
