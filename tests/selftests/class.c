// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task classes of another module (goro_testclass.ko, loaded by the runner): who may spawn them, what
 * they are given, and what they pin.
 */
#include "goro_test.h"
#include <sys/syscall.h>

#define PARAM "/sys/module/goro_testclass/parameters/"

static int number(const char *path)
{
	FILE *f = fopen(path, "r");
	int n = -1;

	if (!f || fscanf(f, "%d", &n) != 1)
		FAIL("%s cannot be read", path);
	fclose(f);
	return n;
}

static void let_go(const char *v)
{
	int fd = open(PARAM "let_go", O_WRONLY);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, v, 1), 1);
	close(fd);
}

static int unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static int refs(const char *module)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	return number(path);
}

/* what was cancelled goes soon: wait for it, so that tests can count */
static void settle(void)
{
	while (refs("goro_testclass"))
		usleep(1000);
}

TEST(needs_a_capability)
{
	int result, t;

	t = spawn("test-priv", NULL, 0, -1, -1);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, 7);
	/* the fd of the device stays open; who calls decides */
	CHECK_EQ(setresuid(65534, 65534, 65534), 0);
	CHECK_EQ(goro_ktask_spawn(dev(), "test-priv", NULL, 0, NULL, 0), -EPERM);
	t = spawn("test-args", NULL, 0, -1, -1);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, 0);
	CHECK_EQ(goro_ktask_spawn(dev(), "test-nosuch", NULL, 0, NULL, 0), -ENOENT);
	CHECK_EQ(goro_dev_open(), -EACCES);
}

TEST(arguments_and_channels)
{
	static unsigned char arg[65536];
	int chans[64], result, t, i;

	for (i = 0; i < 64; i++)
		chans[i] = make(i, 1);
	memset(arg, 3, sizeof(arg));
	t = goro_ktask_spawn(dev(), "test-args", arg, sizeof(arg), chans, 64);
	CHECK(t >= 0);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, 64000 + 3 * 65536);
	t = goro_ktask_spawn(dev(), "test-args", arg, 1, NULL, 0);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, 3);
}

TEST(prepare_and_release)
{
	int p, r, n, t, result;

	settle();
	p = number(PARAM "prepared");
	r = number(PARAM "released");
	n = number(PARAM "ran");
	CHECK_EQ(p, r);
	CHECK_EQ(goro_ktask_spawn(dev(), "test-refuse", NULL, 0, NULL, 0), -EXDEV);
	CHECK_EQ(number(PARAM "prepared"), p);
	CHECK_EQ(number(PARAM "released"), r);
	t = spawn("test-args", NULL, 0, -1, -1);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(number(PARAM "prepared"), p + 1);
	CHECK_EQ(number(PARAM "ran"), n + 1);
	CHECK_EQ(number(PARAM "released"), r);
	/* release() may come a moment after close(2), never before */
	close(t);
	settle();
	CHECK_EQ(number(PARAM "released"), r + 1);
}

TEST(module_is_pinned_while_a_task_lives)
{
	int c = make(8, 0), t, i;

	settle();
	CHECK_EQ(refs("goro_testclass"), 0);
	t = spawn("test-wait", NULL, 0, c, -1);
	wait_for(c, 0, 1);
	CHECK_EQ(refs("goro_testclass"), 1);
	CHECK_EQ(unload("goro_testclass"), -EWOULDBLOCK);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(goro_ktask_wait(t, NULL, GORO_FOREVER), 0);
	/* it has ended, but its fd is open */
	CHECK_EQ(refs("goro_testclass"), 1);
	CHECK_EQ(unload("goro_testclass"), -EWOULDBLOCK);
	close(t);
	settle();

	c = make(8, 0);
	for (i = 0; i < 20; i++)
		spawn("test-wait", NULL, 0, c, -1);
	wait_for(c, 0, 20);
	CHECK_EQ(refs("goro_testclass"), 20);
	CHECK_EQ(unload("goro_testclass"), -EWOULDBLOCK);
	close_range(c + 1, ~0U, 0);
	settle();
}

TEST(close_does_not_wait_for_the_stubborn)
{
	int t, u, result;

	settle();
	let_go("0");
	t = spawn("test-stubborn", NULL, 0, -1, -1);
	u = spawn("test-stubborn", NULL, 0, -1, -1);
	CHECK_EQ(goro_ktask_cancel(t), 0);
	CHECK_EQ(goro_ktask_wait(t, &result, goro_in(20000000)), -ETIMEDOUT);
	close(u);
	/* still there, and its module with it */
	CHECK_EQ(refs("goro_testclass"), 2);
	CHECK_EQ(unload("goro_testclass"), -EWOULDBLOCK);
	let_go("1");
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, 1);
	close(t);
	settle();
}

TEST(kill9_with_a_stubborn_task)
{
	pid_t pid;
	int p[2];
	char b;

	settle();
	let_go("0");
	CHECK_EQ(pipe(p), 0);
	pid = fork();
	if (!pid) {
		spawn("test-stubborn", NULL, 0, -1, -1);
		CHECK_EQ(write(p[1], "x", 1), 1);
		pause();
	}
	CHECK_EQ(read(p[0], &b, 1), 1);
	kill9(pid);
	CHECK_EQ(refs("goro_testclass"), 1);
	let_go("1");
	settle();
}

TEST(open_files_pin_goro)
{
	int before, c, t, d;

	settle();
	close(dev());
	dev_ = -1;
	before = refs("goro");
	d = dev();
	CHECK_EQ(refs("goro"), before + 1);
	c = make(8, 1);
	CHECK_EQ(refs("goro"), before + 2);
	t = spawn("sleep", "\1\0\0\0\0\0\0", 8, -1, -1);
	CHECK(refs("goro") >= before + 3);
	CHECK_EQ(unload("goro"), -EWOULDBLOCK);
	close(c);
	close(t);
	close(d);
	while (refs("goro") != before)
		usleep(1000);
}
