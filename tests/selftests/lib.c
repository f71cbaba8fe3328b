// SPDX-License-Identifier: GPL-2.0-only
/* The library's own promises: -errno, errno untouched, structs cleared. Linked with the shared one. */
#include "goro_test.h"
#include <sched.h>
#include <sys/mount.h>

#define KEEPS_ERRNO(call)		\
	do {				\
		errno = 12345;		\
		(void)(call);		\
		CHECK_EQ(errno, 12345);	\
	} while (0)

TEST(errno_is_not_touched)
{
	int c = make(8, 1), t = spawn_sleeper(), g = goro_kgroup_make(dev(), -1, 0), result;
	struct goro_chan_info ci;
	struct goro_ctx_info xi;
	struct goro_group_info gi;
	struct goro_task_info ti;
	struct goro_query q;
	struct goro_stats s;
	struct goro_usage u;
	struct goro_cpu_stat cs;
	uint64_t v = 1;

	KEEPS_ERRNO(goro_now());
	KEEPS_ERRNO(goro_in(5));
	KEEPS_ERRNO(close(goro_dev_open()));
	KEEPS_ERRNO(goro_dev_query(-1, &q));
	KEEPS_ERRNO(goro_dev_stats(-1, &s));
	KEEPS_ERRNO(goro_dev_usage(-1, &u));
	KEEPS_ERRNO(goro_dev_cpu_stat(-1, &cs));
	KEEPS_ERRNO(goro_dev_cpu_max(dev(), 0, 0));
	KEEPS_ERRNO(goro_kchan_make(-1, 8, 1, 0));
	KEEPS_ERRNO(goro_kchan_recv_until(c, &v, GORO_NOW));
	KEEPS_ERRNO(goro_kchan_send(c, NULL));
	KEEPS_ERRNO(goro_kchan_send_until(-1, &v, 0));
	KEEPS_ERRNO(goro_kchan_sendn(-1, &v, 1, 0));
	KEEPS_ERRNO(goro_kchan_recv(-1, &v));
	KEEPS_ERRNO(goro_kchan_recvn(c, &v, 1, 0, GORO_NOW));
	KEEPS_ERRNO(goro_kchan_close(t));
	KEEPS_ERRNO(goro_kchan_info(t, &ci));
	KEEPS_ERRNO(goro_ktask_spawn(dev(), "nosuch", NULL, 0, NULL, 0));
	KEEPS_ERRNO(goro_ktask_wait(t, &result, GORO_NOW));
	KEEPS_ERRNO(goro_ktask_cancel(c));
	KEEPS_ERRNO(goro_ktask_info(c, &ti));
	KEEPS_ERRNO(goro_ktask_spawn_ctx(-1, dev(), "sleep", NULL, 0, NULL, 0));
	KEEPS_ERRNO(goro_kselect(t, NULL, 0, GORO_NOW));
	KEEPS_ERRNO(goro_ktimer_make(-1, GORO_NOW, 0));
	KEEPS_ERRNO(goro_ktimer_reset(c, GORO_NOW));
	KEEPS_ERRNO(goro_ktimer_stop(c));
	KEEPS_ERRNO(goro_kticker_make(dev(), 0, 0));
	KEEPS_ERRNO(goro_kticker_reset(c, 1));
	KEEPS_ERRNO(goro_kticker_stop(c));
	KEEPS_ERRNO(goro_kctx_make(dev(), -2, GORO_NOW));
	KEEPS_ERRNO(goro_kctx_cancel(c, 0));
	KEEPS_ERRNO(goro_kctx_err(c));
	KEEPS_ERRNO(goro_kctx_wait(-1, GORO_NOW));
	KEEPS_ERRNO(goro_kctx_info(c, &xi));
	KEEPS_ERRNO(goro_kgroup_make(dev(), -2, 0));
	KEEPS_ERRNO(goro_kgroup_spawn(-1, dev(), "sleep", NULL, 0, NULL, 0, GORO_NOW));
	KEEPS_ERRNO(goro_kgroup_go(-1, dev(), "sleep", NULL, 0, NULL, 0, GORO_NOW));
	KEEPS_ERRNO(goro_kgroup_go(g, dev(), "sleep", &v, 8, NULL, 0, GORO_NOW));
	KEEPS_ERRNO(goro_kgroup_wait(c, &result, GORO_NOW));
	KEEPS_ERRNO(goro_kgroup_cancel(c, 0));
	KEEPS_ERRNO(goro_kgroup_info(c, &gi));
}

TEST(no_device)
{
	if (unshare(CLONE_NEWNS))
		FAIL("unshare: %s", strerror(errno));
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/dev", "tmpfs", 0, NULL))
		FAIL("mount: %s", strerror(errno));
	CHECK_EQ(goro_dev_open(), -ENOENT);
}

TEST(deadlines)
{
	uint64_t a = goro_now(), b = goro_in(1000), c = goro_now();

	CHECK(a + 1000 <= b && b <= c + 1000);
	CHECK_EQ(goro_in(UINT64_MAX), GORO_FOREVER);
	CHECK_EQ(goro_in(GORO_FOREVER - 1), GORO_FOREVER);
}

TEST(results)
{
	int c = make(8, 2), t = spawn_sleeper(), result = 5;
	uint64_t v[3] = { 1, 2, 3 };

	CHECK_EQ(goro_kchan_send(c, v), 0);
	CHECK_EQ(goro_kchan_sendn(c, v, 3, GORO_NOW), 1);
	CHECK_EQ(goro_kchan_recv(c, v), 1);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(goro_kchan_recv(c, v), 1);
	CHECK_EQ(goro_kchan_recv(c, v), 0);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_NOW), -EAGAIN);
	CHECK_EQ(result, 5);
	CHECK_EQ(goro_ktask_cancel(t), 0);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, -ECANCELED);
}
