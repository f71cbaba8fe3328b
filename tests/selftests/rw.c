// SPDX-License-Identifier: GPL-2.0-only
/* read(2), write(2) and what else a channel's fd takes or refuses as a file. */
#include "goro_test.h"
#include <sys/sendfile.h>

static void nonblock(int fd, bool on)
{
	int fl = fcntl(fd, F_GETFL);

	CHECK(fl >= 0);
	CHECK_EQ(fcntl(fd, F_SETFL, on ? fl | O_NONBLOCK : fl & ~O_NONBLOCK), 0);
}

TEST(whole_elements)
{
	int c = make(8, 16);
	uint64_t v[6] = { 1, 2, 3, 4, 5, 6 }, out[8];
	size_t n;

	for (n = 1; n < 8; n++)
		CHECK_ERR(write(c, v, n), EINVAL);
	CHECK_ERR(write(c, v, 15), EINVAL);
	CHECK_ERR(write(c, v, 17), EINVAL);
	CHECK_CHAN(c, 0, 0, 0, false);
	CHECK_EQ(write(c, v, 0), 0);
	CHECK_EQ(write(c, v, 48), 48);
	CHECK_CHAN(c, 6, 0, 0, false);

	poison(out, sizeof(out));
	for (n = 1; n < 8; n++)
		CHECK_ERR(read(c, out, n), EINVAL);
	CHECK_EQ(read(c, out, 0), 0);
	CHECK(poisoned(out, sizeof(out)));
	CHECK_CHAN(c, 6, 0, 0, false);
	/* a read takes the whole elements that fit and are there */
	CHECK_EQ(read(c, out, 23), 16);
	CHECK(out[0] == 1 && out[1] == 2);
	CHECK(poisoned(out + 2, 48));
	CHECK_CHAN(c, 4, 0, 0, false);
	poison(out, sizeof(out));
	CHECK_EQ(read(c, out, sizeof(out)), 32);
	CHECK(!memcmp(out, v + 2, 32));
	CHECK(poisoned(out + 4, 32));
}

TEST(end_of_file)
{
	int c = make(4, 4);
	uint32_t v[2] = { 1, 2 }, out[4];

	CHECK_EQ(write(c, v, 8), 8);
	CHECK_EQ(goro_kchan_close(c), 0);
	/* no SIGPIPE: it would end this process */
	CHECK_ERR(write(c, v, 4), EPIPE);
	CHECK_EQ(read(c, out, 16), 8);
	poison(out, sizeof(out));
	CHECK_EQ(read(c, out, 16), 0);
	CHECK_EQ(read(c, out, 16), 0);
	CHECK(poisoned(out, sizeof(out)));
}

TEST(blocking)
{
	int c = make(8, 1);
	uint64_t v[3] = { 1, 2, 3 }, out[3];
	struct call w = CALL(call_write, c, v, 24), r = CALL(call_read, c, out, 24);

	call_start(&w);
	wait_for(c, 1, 0);
	CHECK_CHAN(c, 1, 1, 0, false);
	CHECK_EQ(goro_kchan_recvn(c, out, 3, GORO_RECV_ALL, GORO_FOREVER), 3);
	CHECK_EQ(call_end(&w), 24);
	call_start(&r);
	wait_for(c, 0, 1);
	CHECK_EQ(write(c, v + 1, 8), 8);
	CHECK_EQ(call_end(&r), 8);
	CHECK_EQ(out[0], 2);
}

TEST(write_cut_by_close)
{
	int c = make(8, 2);
	uint64_t v[5] = { 1, 2, 3, 4, 5 };
	struct call w = CALL(call_write, c, v, 40);

	call_start(&w);
	wait_for(c, 1, 0);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(call_end(&w), 16);
	CHECK_CHAN(c, 2, 0, 0, true);
}

TEST(o_nonblock)
{
	int c = make(8, 3), d;
	uint64_t v[5] = { 1, 2, 3, 4, 5 }, out[5];

	nonblock(c, true);
	poison(out, sizeof(out));
	CHECK_ERR(read(c, out, 40), EAGAIN);
	CHECK(poisoned(out, sizeof(out)));
	CHECK_EQ(write(c, v, 40), 24);
	CHECK_ERR(write(c, v, 40), EAGAIN);
	CHECK_CHAN(c, 3, 0, 0, false);
	CHECK_EQ(read(c, out, 40), 24);
	CHECK_ERR(read(c, out, 40), EAGAIN);
	/* ioctls go by their deadline alone */
	CHECK_EQ(goro_kchan_recv_until(c, out, goro_in(1000000)), -ETIMEDOUT);
	nonblock(c, false);
	CHECK_EQ(goro_kchan_recv_until(c, out, GORO_NOW), -EAGAIN);

	d = goro_kchan_make(dev(), 8, 0, GORO_FD_NONBLOCK);
	CHECK(d >= 0);
	CHECK(fcntl(d, F_GETFL) & O_NONBLOCK);
	CHECK(!(fcntl(c, F_GETFL) & O_NONBLOCK));
	CHECK_ERR(read(d, out, 8), EAGAIN);
	CHECK_ERR(write(d, v, 8), EAGAIN);
}

TEST(vectors)
{
	int c = make(8, 8);
	char in[24], out[24];
	struct iovec w[3] = { { in, 3 }, { in + 3, 12 }, { in + 15, 9 } };
	struct iovec r[3] = { { out, 11 }, { out + 11, 2 }, { out + 13, 10 } };

	for (int i = 0; i < 24; i++)
		in[i] = i;
	CHECK_EQ(writev(c, w, 3), 24);
	CHECK_CHAN(c, 3, 0, 0, false);
	CHECK_ERR(writev(c, w, 2), EINVAL);
	poison(out, 24);
	CHECK_EQ(readv(c, r, 3), 16);
	CHECK(!memcmp(in, out, 16));
	CHECK(poisoned(out + 16, 8));
	CHECK_CHAN(c, 1, 0, 0, false);
}

TEST(no_bytes)
{
	int c = make(0, 4);
	char b[8];

	CHECK_EQ(goro_kchan_send(c, NULL), 0);
	CHECK_ERR(read(c, b, 8), EINVAL);
	CHECK_ERR(read(c, b, 0), EINVAL);
	CHECK_ERR(write(c, b, 8), EINVAL);
	CHECK_ERR(write(c, b, 0), EINVAL);
	CHECK_CHAN(c, 1, 0, 0, false);
}

TEST(no_position)
{
	int c = make(8, 4), t = spawn_sleeper(), fds[2] = { c, t };
	uint64_t v = 1;

	for (int i = 0; i < 2; i++) {
		CHECK_ERR(lseek(fds[i], 0, SEEK_CUR), ESPIPE);
		CHECK_ERR(lseek(fds[i], 8, SEEK_SET), ESPIPE);
		CHECK_ERR(pread(fds[i], &v, 8, 0), ESPIPE);
		CHECK_ERR(pwrite(c, &v, 8, 0), ESPIPE);
		CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fds[i], 0) == MAP_FAILED);
		CHECK_EQ(errno, ENODEV);
		CHECK_ERR(ftruncate(fds[i], 0), EINVAL);
	}
	CHECK_CHAN(c, 0, 0, 0, false);
}

TEST(no_splice)
{
	int c = make(1, 4096), p[2], f;
	char path[] = "/tmp/goro-rw-XXXXXX";

	CHECK_EQ(pipe(p), 0);
	f = mkstemp(path);
	CHECK(f >= 0);
	unlink(path);
	CHECK_EQ(write(f, "abcdefgh", 8), 8);
	CHECK_EQ(lseek(f, 0, SEEK_SET), 0);
	CHECK_EQ(goro_kchan_sendn(c, "abcd", 4, GORO_NOW), 4);
	CHECK_EQ(write(p[1], "abcd", 4), 4);

	CHECK_ERR(splice(c, NULL, p[1], NULL, 4, 0), EINVAL);
	CHECK_ERR(splice(p[0], NULL, c, NULL, 4, 0), EINVAL);
	CHECK_ERR(sendfile(c, f, NULL, 4), EINVAL);
	CHECK_ERR(sendfile(f, c, NULL, 4), EINVAL);
	CHECK_CHAN(c, 4, 0, 0, false);
}

TEST(flags_of_the_fd)
{
	int c = make(8, 1), t = spawn_sleeper();
	struct stat st;

	CHECK_EQ(fcntl(c, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(t, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(c, F_GETFL) & O_ACCMODE, O_RDWR);
	CHECK_EQ(fcntl(t, F_GETFL) & O_ACCMODE, O_RDONLY);
	CHECK_EQ(fstat(c, &st), 0);
}

/* /dev/stdin and the like open the file anew, which an anonymous file has not got */
TEST(not_opened_again)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", make(8, 1));
	CHECK_ERR(open(path, O_RDWR), ENXIO);
}
