// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_crash.ko: goroutines that do what they must not, for tests that expect
 * the kernel to say so. insmod goro_crash.ko mode=..., or mode=...,... for one of each
 *   overflow  run out of stack: the guard page stops it, the G is named (panic)
 *   oops      a NULL dereference: the G is named, its M ends
 *   locked    park inside rcu_read_lock(): warns once
 *   unlock    goro_unlock_thread() without goro_lock_thread(): warns once
 *   misuse    each mistake of a module's once, and once more: see misuse.c
 *   deadlock  two that wait for each other, on channels, until rmmod
 * lost, stop or broken, written to its parameter run: oopses that it survives, see lost.c
 */
#include <goro/goro.h>
#include <linux/rcupdate.h>
#include "crash.h"

static int limit = -1;
static char *mode = "";
module_param(mode, charp, 0444);

static int run_set(const char *what, const struct kernel_param *kp)
{
	return lost_run(what);
}

static const struct kernel_param_ops run_ops = { .set = run_set };
module_param_cb(run, &run_ops, NULL, 0200);

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

static void crash_unlock(void *arg)
{
	pr_info("goro_crash: %d\n", goro_unlock_thread());
}

/* each waits for the other's first element before it sends its own */
static struct goro_group group;
static struct goro_chan *c[2];

static int crash_dead(void *arg)
{
	long i = (long)arg;
	u64 v = i;
	int ret = goro_chan_recv(c[i], &v);

	return ret == 1 ? goro_chan_send(c[!i], &v) : ret;
}

static noinline int crash_deadlock(void)
{
	static const struct goro_attr attr[2] = { { .name = "first" }, { .name = "second" } };
	int err = 0;
	long i;

	for (i = 0; i < 2; i++)
		c[i] = goro_chan_make(8, 0, 0);
	if (IS_ERR(c[0]) || IS_ERR(c[1]))
		return -ENOMEM;		/* of a module that is there to crash */
	for (i = 0; i < 2 && !err; i++)
		err = goro_group_go_attr(&group, crash_dead, (void *)i, &attr[i]);
	return err;
}

/* not in the init text, which is gone when the place is to be named */
static noinline int crash_start(const char *what)
{
	static const struct goro_attr attr = { .name = "victim" };
	goro_fn_t fn = !strcmp(what, "overflow") ? crash_overflow :
		       !strcmp(what, "oops") ? crash_oops :
		       !strcmp(what, "locked") ? crash_locked :
		       !strcmp(what, "unlock") ? crash_unlock : NULL;

	if (!strcmp(what, "deadlock"))
		return crash_deadlock();
	if (!strcmp(what, "misuse"))
		return misuse_start();
	return fn ? goro_go_attr(fn, NULL, &attr) : -EINVAL;
}

static int __init crash_init(void)
{
	char *what, *rest = mode;
	int err = 0;

	goro_group_init(&group);
	while (!err && (what = strsep(&rest, ",")))
		err = *what ? crash_start(what) : 0;
	return err;
}

static void __exit crash_exit(void)
{
	goro_group_stop(&group);
	goro_chan_put(c[0]);
	goro_chan_put(c[1]);
}

module_init(crash_init);
module_exit(crash_exit);
MODULE_DESCRIPTION("goro: goroutines that crash");
MODULE_LICENSE("GPL");
