// SPDX-License-Identifier: GPL-2.0-only
/* STATS: what is counted, before and after. Other programs may run: counts are at least, not exactly. */
#include "goro_test.h"

static struct goro_stats get(void)
{
	struct goro_stats s;

	poison(&s, sizeof(s));
	s.flags = s.reserved = 0;
	CHECK_EQ(ioctl(dev(), GORO_IOC_STATS, &s), 0);
	CHECK_EQ(s.flags, 0);
	CHECK_EQ(s.reserved, 0);
	CHECK(s.g_created >= s.g_destroyed);
	CHECK(s.chan_created >= s.chan_destroyed);
	CHECK(s.task_created >= s.task_destroyed);
	CHECK(s.stack_created >= s.stack_destroyed);
	CHECK(s.m_created >= s.m_destroyed);
	return s;
}

TEST(channels)
{
	struct goro_stats a = get(), b;
	int i, c[10];

	for (i = 0; i < 10; i++)
		c[i] = make(8, 1);
	b = get();
	CHECK(b.chan_created >= a.chan_created + 10);
	for (i = 0; i < 10; i++)
		close(c[i]);
	CHECK(get().chan_destroyed >= a.chan_destroyed + 10);
	/* a refused one is not counted as made without being counted as gone */
	CHECK_EQ(goro_kchan_make(dev(), 65537, 1, 0), -EINVAL);
}

TEST(tasks)
{
	struct goro_stats a = get(), b;
	int c = make(8, 0), t[10], i;

	for (i = 0; i < 10; i++)
		t[i] = spawn("echo", NULL, 0, c, c);
	wait_for(c, 0, 10);
	b = get();
	CHECK(b.task_created >= a.task_created + 10);
	CHECK(b.g_created >= a.g_created + 10);
	CHECK(b.stack_created >= b.stack_destroyed + 10);
	CHECK(b.m_created > b.m_destroyed);
	CHECK(b.parks >= a.parks + 10);
	CHECK(b.task_created - b.task_destroyed >= 10);
	for (i = 0; i < 10; i++)
		close(t[i]);
	do
		usleep(1000);
	while (get().task_destroyed < a.task_destroyed + 10);
	CHECK(get().wakes_cancel >= a.wakes_cancel + 10);
}

TEST(a_refused_task)
{
	struct goro_stats a = get(), b;
	int c = make(8, 0);

	CHECK_EQ(goro_ktask_spawn(dev(), "echo", NULL, 0, &c, 1), -EINVAL);
	b = get();
	CHECK_EQ(b.task_created - b.task_destroyed, a.task_created - a.task_destroyed);
}

TEST(wakes)
{
	struct goro_stats a = get(), b;
	int c = make(8, 0), d = make(8, 0);
	uint64_t v = 1, out;
	struct call r = CALL(call_recv, c, &out, 1);

	call_start(&r);
	wait_for(c, 0, 1);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(call_end(&r), 1);
	CHECK_EQ(goro_kchan_recv_until(c, &v, goro_in(1000000)), -ETIMEDOUT);
	r.fd = d;
	call_start(&r);
	wait_for(d, 0, 1);
	CHECK_EQ(goro_kchan_close(d), 0);
	CHECK_EQ(call_end(&r), 0);
	b = get();
	CHECK(b.wakes_timeout > a.wakes_timeout);
	CHECK(b.wakes_close > a.wakes_close);
}

TEST(switches)
{
	struct goro_stats a = get();
	int c = make(8, 0), d = make(8, 0), e = make(8, 0);
	int t = spawn("echo", NULL, 0, c, d), u = spawn("echo", NULL, 0, d, e);
	uint64_t i, v;

	for (i = 0; i < 1000; i++) {
		CHECK_EQ(goro_kchan_send(c, &i), 0);
		CHECK_EQ(goro_kchan_recv(e, &v), 1);
		CHECK_EQ(v, i);
	}
	CHECK(get().switches > a.switches);
	CHECK(get().readies >= a.readies + 2000);
	close(t);
	close(u);
}
