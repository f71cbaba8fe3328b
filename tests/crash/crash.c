// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_crash.ko: goroutines that do what they must not, for tests that expect
 * the kernel to say so. insmod goro_crash.ko mode=...
 *   overflow  run out of stack: the guard page stops it, the G is named (panic)
 *   oops      a NULL dereference: the G is named, its M ends
 *   locked    park inside rcu_read_lock(): warns once
 */
#include <goro/goro.h>
#include <linux/rcupdate.h>

static int limit = -1;
static char *mode = "";
module_param(mode, charp, 0444);

static noinline int deeper(int n)
{
	volatile char frame[256];
	int i;

	if (n == READ_ONCE(limit))
		return 0;

	for (i = 0; i < sizeof(frame); i++)
		frame[i] = n + i;
	return deeper(n + 1) + frame[n % sizeof(frame)];
}

static void crash_overflow(void *arg)
{
	pr_info("goro_crash: %d\n", deeper(0));
}

static void crash_oops(void *arg)
{
	WRITE_ONCE(*(int *)8, 1);
}

static void crash_locked(void *arg)
{
	rcu_read_lock();
	goro_sleep(NSEC_PER_MSEC);
	rcu_read_unlock();
}

/* not in the init text, which is gone when the place is to be named */
static noinline int crash_start(void)
{
	static const struct goro_attr attr = { .name = "victim" };
	goro_fn_t fn = !strcmp(mode, "overflow") ? crash_overflow :
		       !strcmp(mode, "oops") ? crash_oops :
		       !strcmp(mode, "locked") ? crash_locked : NULL;

	return fn ? goro_go_attr(fn, NULL, &attr) : -EINVAL;
}

static int __init crash_init(void)
{
	return crash_start();
}

static void __exit crash_exit(void)
{
}

module_init(crash_init);
module_exit(crash_exit);
MODULE_DESCRIPTION("goro: goroutines that crash");
MODULE_LICENSE("GPL");
