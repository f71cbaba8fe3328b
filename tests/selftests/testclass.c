// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_testclass.ko: task classes of another module, for tests/selftests/class.c.
 *
 *	test-priv	wants CAP_SYS_ADMIN; returns 7
 *	test-refuse	prepare() fails with -EXDEV
 *	test-wait	receives from channel 0 once and returns what that returned
 *	test-stubborn	minds no cancel; ends when the parameter let_go is set
 *	test-spin	computes for ever; asks at each turn whether to go on
 *	test-args	returns the sum of its argument's bytes, and the count of
 *			its channels in the thousands
 *
 * prepared, ran and released count the calls. Loading it tests what
 * goro_class_register() refuses.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <goro/goro.h>
#include <goro/class.h>

static bool let_go;
module_param(let_go, bool, 0644);
MODULE_PARM_DESC(let_go, "test-stubborn ends");

static atomic_t prepared, ran, released;

static int get_atomic(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", atomic_read(kp->arg));
}

static const struct kernel_param_ops atomic_ops = { .get = get_atomic };

module_param_cb(prepared, &atomic_ops, &prepared, 0444);
MODULE_PARM_DESC(prepared, "calls of prepare()");
module_param_cb(ran, &atomic_ops, &ran, 0444);
MODULE_PARM_DESC(ran, "calls of run()");
module_param_cb(released, &atomic_ops, &released, 0444);
MODULE_PARM_DESC(released, "calls of release()");

static int prepare(struct goro_task *t)
{
	atomic_inc(&prepared);
	goro_task_set_data(t, &prepared);
	return 0;
}

static int refuse(struct goro_task *t)
{
	return -EXDEV;
}

static void release(struct goro_task *t)
{
	WARN_ON(goro_task_data(t) != &prepared);
	atomic_inc(&released);
}

static int run_priv(struct goro_task *t)
{
	atomic_inc(&ran);
	return 7;
}

static int run_wait(struct goro_task *t)
{
	atomic_inc(&ran);
	return goro_chan_recv(goro_task_chan(t, 0), NULL);
}

static int run_stubborn(struct goro_task *t)
{
	atomic_inc(&ran);
	goro_block_begin();
	while (!READ_ONCE(let_go))
		msleep(20);
	goro_block_end();
	return goro_cancelled();
}

static int run_spin(struct goro_task *t)
{
	atomic_inc(&ran);
	while (goro_task_go_on(t))
		cpu_relax();
	return -ECANCELED;
}

static int run_args(struct goro_task *t)
{
	const u8 *p = goro_task_arg(t);
	size_t i;
	int sum = goro_task_n_chans(t) * 1000;

	atomic_inc(&ran);
	if (!IS_ALIGNED((unsigned long)p, 8) || goro_task_chan(t, goro_task_n_chans(t)))
		return -EBADMSG;
	for (i = 0; i < goro_task_n_chans(t); i++)
		if (!goro_task_chan(t, i))
			return -EBADMSG;
	for (i = 0; i < goro_task_arg_len(t); i++)
		sum += p[i];
	return sum;
}

#define TEST_CLASS(name_, flags_, run_) {	\
	.name = name_,				\
	.owner = THIS_MODULE,			\
	.flags = flags_,			\
	.prepare = prepare,			\
	.run = run_,				\
	.release = release,			\
}

static struct goro_class classes[] = {
	TEST_CLASS("test-priv", 0, run_priv),
	TEST_CLASS("test-refuse", GORO_CLASS_UNPRIVILEGED, run_priv),
	TEST_CLASS("test-wait", GORO_CLASS_UNPRIVILEGED, run_wait),
	TEST_CLASS("test-stubborn", GORO_CLASS_UNPRIVILEGED, run_stubborn),
	TEST_CLASS("test-spin", GORO_CLASS_UNPRIVILEGED, run_spin),
	TEST_CLASS("test-args", GORO_CLASS_UNPRIVILEGED, run_args),
};

/* what may not be registered; the first that could is named */
static const char *check_refused(void)
{
	static struct {
		struct goro_class cls;
		int err;
	} bad[] = {
		{ TEST_CLASS("wc", 0, run_priv), -EEXIST },
		{ TEST_CLASS("test-priv", 0, run_priv), -EEXIST },
		{ TEST_CLASS("test-no-run", 0, NULL), -EINVAL },
		{ TEST_CLASS("test-flags", 1U << 31, run_priv), -EINVAL },
		{ TEST_CLASS("", 0, run_priv), -EINVAL },
		{ TEST_CLASS(NULL, 0, run_priv), -EINVAL },
		{ TEST_CLASS("test-a-name-of-thirty-two-bytes-", 0, run_priv), -EINVAL },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (goro_class_register(&bad[i].cls) != bad[i].err)
			return bad[i].cls.name ?: "(none)";
	return NULL;
}

static void unregister(int n)
{
	while (n--)
		goro_class_unregister(&classes[n]);
}

static int __init testclass_init(void)
{
	const char *bad;
	int i, err;

	classes[1].prepare = refuse;
	for (i = 0; i < ARRAY_SIZE(classes); i++) {
		err = goro_class_register(&classes[i]);
		if (err) {
			unregister(i);
			return err;
		}
	}
	bad = check_refused();
	if (bad) {
		pr_err("goro_testclass: \"%s\" was registered\n", bad);
		unregister(ARRAY_SIZE(classes));
		return -EINVAL;
	}
	return 0;
}

static void __exit testclass_exit(void)
{
	unregister(ARRAY_SIZE(classes));
}

module_init(testclass_init);
module_exit(testclass_exit);
MODULE_DESCRIPTION("task classes for goro's selftests");
MODULE_LICENSE("GPL");
