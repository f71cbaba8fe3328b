// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks whose goroutine oopses: who waits is told, and nothing else ends. Run by
 * tests/crash/run, with goro_crash.ko, which has the class.
 */
#include "../selftests/goro_test.h"

static struct goro_usage usage(void)
{
	struct goro_usage u;

	memset(&u, 0, sizeof(u));
	CHECK_EQ(ioctl(dev(), GORO_IOC_USAGE, &u), 0);
	return u;
}

static uint64_t cpu(void)
{
	struct goro_cpu_stat s;

	memset(&s, 0, sizeof(s));
	CHECK_EQ(ioctl(dev(), GORO_IOC_CPU_STAT, &s), 0);
	return s.usage_ns;
}

TEST(told)
{
	struct goro_usage before = usage(), after;
	int t = spawn("crash", NULL, 0, -1, -1), result = 1;
	struct pollfd p = { .fd = t, .events = POLLIN };
	struct goro_task_info i;
	uint64_t used;
	struct goro_task_result r;

	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, -EOWNERDEAD);
	CHECK_EQ(read(t, &r, sizeof(r)), sizeof(r));
	CHECK_EQ(r.result, -EOWNERDEAD);
	memset(&i, 0, sizeof(i));
	CHECK_EQ(ioctl(t, GORO_IOC_TASK_INFO, &i), 0);
	CHECK_EQ(i.state, GORO_TASK_DONE);
	used = cpu();
	CHECK(used > 0);
	CHECK_EQ(close(t), 0);
	/* its memory is in use, for ever; its time is not */
	after = usage();
	CHECK_EQ(after.tasks, before.tasks + 1);
	CHECK(after.stack_bytes > before.stack_bytes);
	CHECK_EQ(cpu(), used);
	/* and what is started then is as ever */
	t = spawn("crash", NULL, 0, -1, -1);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, -EOWNERDEAD);
}

TEST(group)
{
	uint64_t hour = 3600000000000ULL;
	int g = goro_kgroup_make(dev(), -1, 0), t, u, result = 1;

	CHECK(g >= 0);
	u = goro_kgroup_spawn(g, dev(), "sleep", &hour, 8, NULL, 0, GORO_FOREVER);
	t = goro_kgroup_spawn(g, dev(), "crash", NULL, 0, NULL, 0, GORO_FOREVER);
	CHECK(t >= 0 && u >= 0);
	CHECK_EQ(goro_kgroup_wait(g, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, -EOWNERDEAD);
	CHECK_EQ(goro_ktask_wait(u, &result, GORO_NOW), 0);
	CHECK_EQ(result, -ECANCELED);
}

/* no task waits in a spawn or in a close for the lost one */
TEST(closed)
{
	int i;

	for (i = 0; i < 10; i++)
		CHECK_EQ(close(spawn("crash", NULL, 0, -1, -1)), 0);
}
