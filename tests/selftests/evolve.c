// SPDX-License-Identifier: GPL-2.0-only
/*
 * Old programs on a new kernel, new programs on an old one: every ioctl of the header with every size of
 * its struct that has been legal, and with those of the future. The build lists the header's ioctls
 * (ioctls.h): one that has no row here fails the test.
 */
#include "goro_test.h"

#define SIZED(cmd, n)	(((cmd) & ~IOCSIZE_MASK) | (unsigned int)(n) << _IOC_SIZESHIFT)
#define SIZE_MAX_	((1 << _IOC_SIZEBITS) - 1)

/* DONE: a task that has ended; CTX: a context that is cancelled already */
enum on { DEV, CHAN, CLOSED, DONE, TIMER, CTX, GROUP, N_ON };

/* Valid contents are words that are not zero: at most two, and a name. What has no struct has size 0. */
static const struct row {
	const char *name;
	unsigned int cmd;
	size_t first;		/* the struct's size in its first version; never changes */
	enum on on;
	bool makes_fd;
	struct {
		size_t at;
		uint64_t v;
	} word[2];
	size_t name_at;
	size_t case_at;
} rows[] = {
#define ROW(c, first_, on_, ...)	{ .name = #c, .cmd = c, .first = first_, .on = on_, __VA_ARGS__ }
	ROW(GORO_IOC_QUERY, 48, DEV),
	ROW(GORO_IOC_STATS, 168, DEV),
	ROW(GORO_IOC_USAGE, 48, DEV),
	ROW(GORO_IOC_CPU_STAT, 72, DEV),
	ROW(GORO_IOC_CPU_MAX, 24, DEV,
	    .word = { { offsetof(struct goro_cpu_max, quota_ns), GORO_CPU_NO_MAX },
		      { offsetof(struct goro_cpu_max, period_ns), 1000000 } }),
	ROW(GORO_IOC_CHAN_CREATE, 16, DEV, .makes_fd = true,
	    .word = { { offsetof(struct goro_chan_create, cap), 5 } }),
	ROW(GORO_IOC_TASK_SPAWN, 64, DEV, .makes_fd = true,
	    .word = { { offsetof(struct goro_task_spawn, arg), 0 },
		      { offsetof(struct goro_task_spawn, arg_len), 8 } },
	    .name_at = offsetof(struct goro_task_spawn, class_name)),
	ROW(GORO_IOC_SEND, 24, CHAN,
	    .word = { { offsetof(struct goro_xfer, flags), 1ULL << 32 } }),	/* n */
	ROW(GORO_IOC_RECV, 24, CLOSED,
	    .word = { { offsetof(struct goro_xfer, flags), 1ULL << 32 },
		      { offsetof(struct goro_xfer, deadline), GORO_FOREVER } }),
	ROW(GORO_IOC_CHAN_CLOSE, 0, CHAN),
	ROW(GORO_IOC_CHAN_INFO, 48, CHAN),
	ROW(GORO_IOC_TASK_WAIT, 16, DONE,
	    .word = { { offsetof(struct goro_task_wait, deadline), GORO_FOREVER } }),
	ROW(GORO_IOC_TASK_CANCEL, 0, DONE),
	ROW(GORO_IOC_TASK_INFO, 48, DONE),
	ROW(GORO_IOC_TIMER, 24, DEV, .makes_fd = true,
	    .word = { { offsetof(struct goro_timer_set, deadline), GORO_FOREVER },
		      { offsetof(struct goro_timer_set, period), 1000000 } }),
	ROW(GORO_IOC_CTX, 16, DEV, .makes_fd = true,
	    .word = { { offsetof(struct goro_ctx_create, flags), 0xffffffff00000000 },	/* parent -1 */
		      { offsetof(struct goro_ctx_create, deadline), GORO_FOREVER } }),
	ROW(GORO_IOC_GROUP, 16, DEV, .makes_fd = true,
	    .word = { { offsetof(struct goro_group_create, flags), 3ULL << 32 },	/* limit */
		      { offsetof(struct goro_group_create, parent), 0xffffffff } }),
	/* its one case, a closed channel, is put in by fill() */
	ROW(GORO_IOC_SELECT, 24, DEV,
	    .word = { { offsetof(struct goro_select_wait, flags), 1ULL << 32 },	/* n */
		      { offsetof(struct goro_select_wait, deadline), GORO_FOREVER } },
	    .case_at = offsetof(struct goro_select_wait, cases)),
	ROW(GORO_IOC_TIMER_RESET, 24, TIMER,
	    .word = { { offsetof(struct goro_timer_set, deadline), GORO_FOREVER } }),
	ROW(GORO_IOC_TIMER_STOP, 0, TIMER),
	ROW(GORO_IOC_CTX_CANCEL, 8, CTX,
	    .word = { { offsetof(struct goro_cancel, flags), 0xffffffff00000000 } }),	/* cause -1 */
	ROW(GORO_IOC_CTX_INFO, 24, CTX),
	ROW(GORO_IOC_GROUP_WAIT, 16, GROUP,
	    .word = { { offsetof(struct goro_group_wait, deadline), GORO_FOREVER } }),
	ROW(GORO_IOC_GROUP_CANCEL, 8, GROUP),
	ROW(GORO_IOC_GROUP_INFO, 32, GROUP),
};

#define N_ROWS	(sizeof(rows) / sizeof(rows[0]))

static const struct {
	const char *name;
	unsigned int cmd;
} header[] = {
#define IOCTL(c) { #c, c },
#include "ioctls.h"
};

#define N_HEADER (sizeof(header) / sizeof(header[0]))

TEST(every_ioctl_has_a_row)
{
	size_t i, j;

	CHECK(N_HEADER >= 25);
	for (i = 0; i < N_HEADER; i++) {
		for (j = 0; j < N_ROWS && strcmp(header[i].name, rows[j].name); j++)
			;
		if (j == N_ROWS)
			FAIL("%s: no row in evolve.c", header[i].name);
		CHECK_EQ(header[i].cmd, rows[j].cmd);
		CHECK(_IOC_SIZE(rows[j].cmd) >= rows[j].first);
	}
	CHECK_EQ(N_HEADER, N_ROWS);
}

/* ---- calls ----------------------------------------------------------- */

static int fds[N_ON];
static uint64_t zero_ns;
static struct goro_select_case ready;

static void setup(void)
{
	uint64_t ns = 0;

	fds[DEV] = dev();
	fds[CHAN] = make(0, 1 << 20);
	fds[CLOSED] = make(0, 1);
	CHECK_EQ(goro_kchan_close(fds[CLOSED]), 0);
	fds[DONE] = spawn("sleep", &ns, sizeof(ns), -1, -1);
	CHECK_EQ(goro_ktask_wait(fds[DONE], NULL, GORO_FOREVER), 0);
	fds[TIMER] = goro_ktimer_make(dev(), GORO_FOREVER, 0);
	fds[CTX] = goro_kctx_make(dev(), -1, GORO_NOW);
	fds[GROUP] = goro_kgroup_make(dev(), -1, 0);
	CHECK(fds[TIMER] >= 0 && fds[CTX] >= 0 && fds[GROUP] >= 0);
	ready = goro_kselect_recv(fds[CLOSED], NULL, 0);
}

/* the known struct, with valid contents */
static void fill(const struct row *r, unsigned char *b)
{
	memset(b, 0, _IOC_SIZE(r->cmd));
	for (int i = 0; i < 2; i++)
		if (r->word[i].v)
			memcpy(b + r->word[i].at, &r->word[i].v, 8);
	if (r->name_at) {
		uint64_t arg = (uintptr_t)&zero_ns;

		memcpy(b + r->word[0].at, &arg, 8);
		memcpy(b + r->name_at, "sleep", 6);
	}
	if (r->case_at) {
		uint64_t cases = (uintptr_t)&ready;

		memcpy(b + r->case_at, &cases, 8);
	}
}

static void good(const struct row *r, size_t n, void *arg)
{
	int ret = ioctl(fds[r->on], SIZED(r->cmd, n), arg);

	if (ret < 0)
		FAIL("%s of %zu bytes: %s", r->name, n, strerror(errno));
	if (r->makes_fd)
		CHECK_EQ(close(ret), 0);
}

/* fails so, and does nothing: no object, no element */
static void bad(const struct row *r, size_t n, void *arg, int err)
{
	struct goro_chan_info was, is;
	int ret;

	CHECK_EQ(goro_kchan_info(fds[CHAN], &was), 0);
	ret = ioctl(fds[r->on], SIZED(r->cmd, n), arg);
	if (ret != -1 || errno != err)
		FAIL("%s of %zu bytes: %d, %s; not %s", r->name, n, ret, strerror(errno),
		     strerror(err));
	CHECK_EQ(goro_kchan_info(fds[CHAN], &is), 0);
	CHECK_EQ(is.len, was.len);
}

#define FOR_EACH_STRUCT(r)							\
	for (setup(), (r) = rows; (r) < rows + N_ROWS; (r)++)			\
		if ((r)->first)

static unsigned char b[SIZE_MAX_ + 64], was[SIZE_MAX_ + 64];

TEST(none)
{
	const struct row *r;
	size_t n;

	setup();
	for (r = rows; r < rows + N_ROWS; r++)
		if (!r->first)
			for (n = 1; n <= SIZE_MAX_; n += n < 64 ? 1 : 1021)
				bad(r, n, b, ENOTTY);
	CHECK_CHAN(fds[CHAN], 0, 0, 0, false);
}

TEST(shorter_than_the_first)
{
	const struct row *r;
	size_t n;

	FOR_EACH_STRUCT(r)
		for (n = 0; n < r->first; n++) {
			poison(b, sizeof(b));
			fill(r, b);
			memcpy(was, b, sizeof(b));
			bad(r, n, b, EINVAL);
			CHECK(!memcmp(b, was, sizeof(b)));
		}
}

/* what an older program does not have counts as zero and is not written */
TEST(from_the_first_to_the_known)
{
	const struct row *r;
	size_t n;

	FOR_EACH_STRUCT(r)
		for (n = r->first; n <= _IOC_SIZE(r->cmd); n++) {
			fill(r, b);
			poison(b + n, sizeof(b) - n);
			good(r, n, b);
			CHECK(poisoned(b + n, sizeof(b) - n));
		}
}

static size_t next_future(size_t n, size_t known)
{
	if (n < known + 40)
		return n + 1;
	return n < 4096 ? 4096 : n == 4096 ? 4097 : n == 4097 ? 8192 : n == 8192 ? SIZE_MAX_ : n + 1;
}

#define FOR_EACH_FUTURE(n, r)							\
	for ((n) = _IOC_SIZE((r)->cmd) + 1; (n) <= SIZE_MAX_;			\
	     (n) = next_future(n, _IOC_SIZE((r)->cmd)))

TEST(future_that_is_zero)
{
	const struct row *r;
	size_t n;

	FOR_EACH_STRUCT(r)
		FOR_EACH_FUTURE(n, r) {
			size_t known = _IOC_SIZE(r->cmd);

			fill(r, b);
			memset(b + known, 0, n - known);
			poison(b + n, sizeof(b) - n);
			good(r, n, b);
			CHECK(zeroed(b + known, n - known));
			CHECK(poisoned(b + n, sizeof(b) - n));
		}
}

TEST(future_that_is_not)
{
	const struct row *r;
	size_t n;
	int where;

	FOR_EACH_STRUCT(r)
		FOR_EACH_FUTURE(n, r)
			for (where = 0; where < 3; where++) {
				size_t known = _IOC_SIZE(r->cmd);
				size_t at[] = { known, (known + n) / 2, n - 1 };

				memset(b, 0, sizeof(b));
				fill(r, b);
				b[at[where]] = 0x80;
				memcpy(was, b, sizeof(b));
				bad(r, n, b, E2BIG);
				CHECK(!memcmp(b, was, sizeof(b)));
			}
}

/* the struct, known or future, goes on where there is no memory */
TEST(memory_ends)
{
	char *guard, *p = guarded(8, &guard);
	const struct row *r;
	size_t n, in;

	FOR_EACH_STRUCT(r) {
		size_t known = _IOC_SIZE(r->cmd);
		unsigned char *s = (unsigned char *)guard - known;

		fill(r, s);
		good(r, known, s);
		FOR_EACH_FUTURE(n, r) {
			/* all of the known part is there, and some of the tail */
			for (in = 0; in < n - known; in += in < 9 ? 1 : 4099) {
				if (known + in > (size_t)(guard - p))
					break;
				s = (unsigned char *)guard - known - in;
				memset(s, 0, known + in);
				fill(r, s);
				memcpy(was, s, known + in);
				bad(r, n, s, EFAULT);
				CHECK(!memcmp(s, was, known + in));
			}
		}
		for (in = 1; in < known; in++) {
			fill(r, b);
			memcpy(guard - in, b, in);
			bad(r, known, guard - in, EFAULT);
			CHECK(!memcmp(guard - in, b, in));
		}
	}
}

/* what is only read may be memory that cannot be written; the direction in the number says which that is */
TEST(read_only)
{
	size_t page = sysconf(_SC_PAGESIZE);
	unsigned char *p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct row *r;
	int in = 0, out = 0;

	CHECK(p != MAP_FAILED);
	FOR_EACH_STRUCT(r) {
		fill(r, p);
		CHECK_EQ(mprotect(p, page, PROT_READ), 0);
		if (_IOC_DIR(r->cmd) & _IOC_READ) {
			bad(r, _IOC_SIZE(r->cmd), p, EFAULT);
			out++;
		} else {
			good(r, _IOC_SIZE(r->cmd), p);
			in++;
		}
		CHECK_EQ(mprotect(p, page, PROT_READ | PROT_WRITE), 0);
	}
	CHECK(in >= 4 && out >= 5);
}
