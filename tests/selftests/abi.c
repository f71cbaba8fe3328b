// SPDX-License-Identifier: GPL-2.0-only
/* The rules that hold for every ioctl: sizes, flags, reserved words, numbers, addresses. */
#include "goro_test.h"
#include "../../kmod/dev/abi_pins.h"

#define CMD_SIZED(cmd, n)	(((cmd) & ~IOCSIZE_MASK) | (unsigned int)(n) << _IOC_SIZESHIFT)

/* every ioctl with a struct, with valid contents that have no effect to mind */
static struct spec {
	unsigned long cmd;
	int fd;
	int reserved;		/* offset of a reserved word, or -1 */
	int out;		/* offset of an out word, or -1 */
	size_t first;		/* size of the struct's first version */
	bool makes_fd;
	unsigned char valid[256];
} specs[32];
static int n_specs;
static char element[64];

static void spec(unsigned long cmd, int fd, int reserved, int out, const void *valid)
{
	struct spec *s = &specs[n_specs++];

	s->cmd = cmd;
	s->fd = fd;
	s->reserved = reserved;
	s->out = out;
	s->first = cmd == GORO_IOC_QUERY ? GORO_QUERY_SIZE_1 :
		   cmd == GORO_IOC_TASK_SPAWN ? GORO_TASK_SPAWN_SIZE_1 : _IOC_SIZE(cmd);
	s->makes_fd = cmd == GORO_IOC_CHAN_CREATE || cmd == GORO_IOC_TASK_SPAWN ||
		      cmd == GORO_IOC_TIMER || cmd == GORO_IOC_CTX || cmd == GORO_IOC_GROUP;
	memcpy(s->valid, valid, _IOC_SIZE(cmd));
}

static void setup(void)
{
	static uint64_t ns;
	int c = make(sizeof(element), 1000), t = spawn("sleep", &ns, 8, -1, -1);
	struct goro_query q = { 0 };
	struct goro_stats st = { 0 };
	struct goro_usage us = { 0 };
	struct goro_cpu_stat cs = { 0 };
	struct goro_cpu_max cm = { .quota_ns = GORO_CPU_NO_MAX, .period_ns = 100000000 };
	struct goro_chan_create cc = { .elem = 8, .cap = 1 };
	struct goro_task_spawn ts = { .arg = (uintptr_t)&ns, .arg_len = 8, .class_name = "sleep" };
	struct goro_xfer x = { .n = 1, .buf = (uintptr_t)element, .deadline = GORO_NOW };
	struct goro_chan_info ci = { 0 };
	struct goro_task_wait tw = { .deadline = GORO_FOREVER };
	struct goro_task_info ti = { 0 };
	static struct goro_select_case ready;
	struct goro_timer_set tm = { .deadline = GORO_FOREVER };
	struct goro_ctx_create xc = { .parent = -1, .deadline = GORO_FOREVER };
	struct goro_group_create gc = { .parent = -1 };
	struct goro_select_wait se = { .n = 1, .cases = (uintptr_t)&ready, .deadline = GORO_NOW };
	struct goro_cancel ca = { 0 };
	struct goro_ctx_info xi = { 0 };
	struct goro_group_wait gw = { .deadline = GORO_FOREVER };
	struct goro_group_info gi = { 0 };
	int timer = goro_ktimer_make(dev(), GORO_FOREVER, 0);
	int ctx = goro_kctx_make(dev(), -1, GORO_NOW), group = goro_kgroup_make(dev(), -1, 0);
	/* one that is always ready, for SELECT to find */
	int closed = make(0, 0);

	CHECK(timer >= 0 && ctx >= 0 && group >= 0);
	CHECK_EQ(goro_kchan_close(closed), 0);
	ready = goro_kselect_recv(closed, NULL, 0);

	n_specs = 0;
	spec(GORO_IOC_QUERY, dev(), -1, offsetof(struct goro_query, abi), &q);
	spec(GORO_IOC_STATS, dev(), offsetof(struct goro_stats, reserved),
	     offsetof(struct goro_stats, g_created), &st);
	spec(GORO_IOC_USAGE, dev(), -1, offsetof(struct goro_usage, tasks), &us);
	spec(GORO_IOC_CPU_STAT, dev(), offsetof(struct goro_cpu_stat, reserved),
	     offsetof(struct goro_cpu_stat, usage_ns), &cs);
	spec(GORO_IOC_CPU_MAX, dev(), offsetof(struct goro_cpu_max, reserved), -1, &cm);
	spec(GORO_IOC_CHAN_CREATE, dev(), -1, -1, &cc);
	spec(GORO_IOC_TASK_SPAWN, dev(), offsetof(struct goro_task_spawn, reserved), -1, &ts);
	spec(GORO_IOC_SEND, c, -1, -1, &x);
	spec(GORO_IOC_CHAN_INFO, c, offsetof(struct goro_chan_info, reserved),
	     offsetof(struct goro_chan_info, elem), &ci);
	spec(GORO_IOC_TASK_WAIT, t, -1, -1, &tw);
	spec(GORO_IOC_TASK_INFO, t, -1, offsetof(struct goro_task_info, state), &ti);
	spec(GORO_IOC_TIMER, dev(), offsetof(struct goro_timer_set, reserved), -1, &tm);
	spec(GORO_IOC_CTX, dev(), -1, -1, &xc);
	spec(GORO_IOC_GROUP, dev(), offsetof(struct goro_group_create, reserved), -1, &gc);
	spec(GORO_IOC_SELECT, dev(), -1, -1, &se);
	spec(GORO_IOC_TIMER_RESET, timer, offsetof(struct goro_timer_set, reserved), -1, &tm);
	spec(GORO_IOC_CTX_CANCEL, ctx, -1, -1, &ca);
	spec(GORO_IOC_CTX_INFO, ctx, -1, offsetof(struct goro_ctx_info, state), &xi);
	spec(GORO_IOC_GROUP_WAIT, group, -1, -1, &gw);
	spec(GORO_IOC_GROUP_CANCEL, group, -1, -1, &ca);
	spec(GORO_IOC_GROUP_INFO, group, -1, offsetof(struct goro_group_info, started), &gi);
}

#define FOR_EACH_SPEC(s)	for (setup(), s = specs; s < specs + n_specs; s++)

static void good(struct spec *s, unsigned long cmd, void *arg)
{
	int ret = ioctl(s->fd, cmd, arg);

	if (ret < 0)
		FAIL("ioctl %#lx: %s", cmd, strerror(errno));
	if (s->makes_fd)
		CHECK_EQ(close(ret), 0);
}

static void bad(struct spec *s, unsigned long cmd, void *arg, int err)
{
	int ret = ioctl(s->fd, cmd, arg);

	if (ret != -1 || errno != err)
		FAIL("ioctl %#lx: %d, %s; not %s", cmd, ret, strerror(errno), strerror(err));
}

TEST(known_size)
{
	unsigned char b[512];
	struct spec *s;

	FOR_EACH_SPEC(s) {
		memcpy(b, s->valid, sizeof(s->valid));
		good(s, s->cmd, b);
	}
}

TEST(shorter_than_first_version)
{
	unsigned char b[512], was[512];
	struct spec *s;
	size_t n;

	FOR_EACH_SPEC(s)
		for (n = 0; n < s->first; n++) {
			poison(b, sizeof(b));
			memcpy(b, s->valid, n);
			memcpy(was, b, sizeof(b));
			bad(s, CMD_SIZED(s->cmd, n), b, EINVAL);
			CHECK(!memcmp(b, was, sizeof(b)));
		}
}

TEST(longer_of_the_future)
{
	unsigned char b[512], was[512];
	struct spec *s;

	FOR_EACH_SPEC(s) {
		size_t n = _IOC_SIZE(s->cmd);

		memset(b, 0, sizeof(b));
		memcpy(b, s->valid, n);
		poison(b + n + 8, sizeof(b) - n - 8);
		good(s, CMD_SIZED(s->cmd, n + 8), b);
		CHECK(zeroed(b + n, 8));
		CHECK(poisoned(b + n + 8, sizeof(b) - n - 8));

		memset(b, 0, sizeof(b));
		memcpy(b, s->valid, n);
		b[n + 7] = 1;
		memcpy(was, b, sizeof(b));
		bad(s, CMD_SIZED(s->cmd, n + 8), b, E2BIG);
		CHECK(!memcmp(b, was, sizeof(b)));
	}
}

TEST(flags_and_reserved)
{
	unsigned char b[512], was[512];
	struct spec *s;
	uint32_t word;
	int bit;

	FOR_EACH_SPEC(s)
		for (bit = 0; bit < 32; bit++) {
			word = 1U << bit;
			memcpy(b, s->valid, sizeof(s->valid));
			memcpy(b, &word, 4);
			memcpy(was, b, sizeof(s->valid));
			if (s->makes_fd && word == GORO_FD_NONBLOCK)
				good(s, s->cmd, b);
			else
				bad(s, s->cmd, b, EINVAL);
			CHECK(!memcmp(b, was, sizeof(s->valid)));
			if (s->reserved < 0)
				continue;
			memcpy(b, s->valid, sizeof(s->valid));
			memcpy(b + s->reserved, &word, 4);
			bad(s, s->cmd, b, EINVAL);
		}
}

TEST(out_fields_are_not_looked_at)
{
	unsigned char b[512];
	struct spec *s;
	uint32_t word = 0xdeadbeef;

	FOR_EACH_SPEC(s) {
		if (s->out < 0)
			continue;
		memcpy(b, s->valid, sizeof(s->valid));
		memcpy(b + s->out, &word, 4);
		good(s, s->cmd, b);
		CHECK(memcmp(b + s->out, &word, 4));
	}
}

TEST(numbers)
{
	int c = make(8, 1), t = spawn_sleeper(), timer = goro_ktimer_make(dev(), GORO_FOREVER, 0);
	int ctx = goro_kctx_make(dev(), -1, GORO_FOREVER), group = goro_kgroup_make(dev(), -1, 0);
	/* which numbers each fd knows */
	const struct {
		int fd, n;
		const char *known;
	} f[] = {
		{ dev(), 11, "\0\1\2\3\4\5\6\7\10\11\12" },
		{ c, 5, "\x20\x21\x22\x23\x0a" },
		{ t, 3, "\x40\x41\x42" },
		{ timer, 5, "\x21\x23\x30\x31\x0a" },
		{ ctx, 4, "\x21\x50\x51\x0a" },
		{ group, 3, "\x58\x59\x5a" },
	};
	char b[4096] = { 0 };
	int nr;

	CHECK(timer >= 0 && ctx >= 0 && group >= 0);
	for (unsigned int i = 0; i < sizeof(f) / sizeof(f[0]); i++)
		for (nr = 0; nr < 256; nr++) {
			if (memchr(f[i].known, nr, f[i].n))
				continue;
			CHECK_ERR(ioctl(f[i].fd, _IO(GORO_IOC_MAGIC, nr), 0), ENOTTY);
			CHECK_ERR(ioctl(f[i].fd, _IOWR(GORO_IOC_MAGIC, nr, struct goro_xfer), b), ENOTTY);
			CHECK_ERR(ioctl(f[i].fd, _IOW('G', nr, struct goro_xfer), b), ENOTTY);
		}
	/* the right number in the wrong direction, or with a struct where none is */
	CHECK_ERR(ioctl(dev(), _IOR(GORO_IOC_MAGIC, 0, struct goro_query), b), ENOTTY);
	CHECK_ERR(ioctl(c, CMD_SIZED(GORO_IOC_CHAN_CLOSE, 8), 0), ENOTTY);
	CHECK_ERR(ioctl(t, CMD_SIZED(GORO_IOC_TASK_CANCEL, 8), 0), ENOTTY);
	CHECK_ERR(ioctl(timer, CMD_SIZED(GORO_IOC_TIMER_STOP, 8), 0), ENOTTY);
	CHECK_ERR(ioctl(c, TCGETS, b), ENOTTY);
	CHECK_CHAN(c, 0, 0, 0, false);
	CHECK_EQ(goro_kctx_err(ctx), 0);
}

TEST(no_argument)
{
	int c = make(8, 1), t = spawn_sleeper();
	struct goro_task_info i;

	CHECK_ERR(ioctl(c, GORO_IOC_CHAN_CLOSE, 1), EINVAL);
	CHECK_CHAN(c, 0, 0, 0, false);
	CHECK_ERR(ioctl(t, GORO_IOC_TASK_CANCEL, 1), EINVAL);
	CHECK_EQ(goro_ktask_info(t, &i), 0);
	CHECK_EQ(i.state, 0);
}

TEST(addresses)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *guard, *p = guarded(3, &guard);
	struct spec *s;

	FOR_EACH_SPEC(s) {
		bad(s, s->cmd, NULL, EFAULT);
		bad(s, s->cmd, guard, EFAULT);
		bad(s, s->cmd, (void *)-4096L, EFAULT);
		/* the struct's last word beyond the end of the memory */
		memcpy(guard - _IOC_SIZE(s->cmd) + 8, s->valid, _IOC_SIZE(s->cmd) - 8);
		bad(s, s->cmd, guard - _IOC_SIZE(s->cmd) + 8, EFAULT);
		if (s->out < 0)
			continue;
		memcpy(p, s->valid, sizeof(s->valid));
		CHECK_EQ(mprotect(p, page, PROT_READ), 0);
		bad(s, s->cmd, p, EFAULT);
		CHECK_EQ(mprotect(p, page, PROT_READ | PROT_WRITE), 0);
	}
}

TEST(query)
{
	struct goro_query q;

	poison(&q, sizeof(q));
	q.flags = 0;
	CHECK_EQ(ioctl(dev(), GORO_IOC_QUERY, &q), 0);
	CHECK_EQ(q.flags, 0);
	CHECK_EQ(q.abi, GORO_ABI);
	CHECK_EQ(q.features, GORO_FEATURE_CHAN | GORO_FEATURE_TASK | GORO_FEATURE_USER |
		 GORO_FEATURE_CPU_MAX | GORO_FEATURE_SELECT | GORO_FEATURE_TIMER |
		 GORO_FEATURE_CTX | GORO_FEATURE_GROUP);
	CHECK_EQ(q.elem_max, 65536);
	CHECK_EQ(q.cap_max, 1 << 30);
	CHECK(q.chan_bytes_max > 1 << 20);
	CHECK_EQ(q.arg_max, 65536);
	CHECK_EQ(q.task_chans_max, 64);
	CHECK_EQ(q.select_cases_max, 64);
	CHECK_EQ(q.group_limit_max, 1 << 30);
	CHECK(q.procs >= 1 && q.procs <= 8192);
}

TEST(device_file)
{
	struct stat st;
	char b[8];

	CHECK_EQ(stat("/dev/goro", &st), 0);
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK_ERR(read(dev(), b, 8), EINVAL);
	CHECK_ERR(write(dev(), b, 8), EINVAL);
	CHECK_ERR(lseek(dev(), 0, SEEK_SET), ESPIPE);
	CHECK_EQ(fcntl(dev(), F_GETFD), FD_CLOEXEC);
}
