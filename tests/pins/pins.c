// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_pins.ko: has contexts that nobody else holds (hold=), or of which others hold
 * one: a reference, a child, a function that is to run. tests/pins/run tries to
 * remove it; writing 1 to the parameter let_go makes the others let go.
 */
#include <linux/mutex.h>
#include <linux/string.h>
#include <goro/goro.h>

static char *hold = "";
module_param(hold, charp, 0444);
MODULE_PARM_DESC(hold, "who else holds a context: nobody, reference, child, function");

static struct goro_ctx *ctx, *value, *theirs;
static int key;
static int released;

static void release(void *v)
{
	/* this text is still there */
	*(int *)v += 1;
	pr_info("goro_pins: released\n");
}

static void func(void *arg)
{
	pr_info("goro_pins: function has run\n");
}

static int let_go_set(const char *s, const struct kernel_param *kp)
{
	if (!ctx)
		return 0;	/* on the command line */
	if (theirs) {
		__goro_ctx_put(theirs, NULL);
		theirs = NULL;
	}
	goro_ctx_cancel(ctx);
	return 0;
}

static const struct kernel_param_ops let_go_ops = { .set = let_go_set };
module_param_cb(let_go, &let_go_ops, NULL, 0200);
MODULE_PARM_DESC(let_go, "write to it: the others let go");

static int __init pins_init(void)
{
	int err = 0;

	ctx = goro_ctx_with_timeout(goro_ctx_background(), 1000 * NSEC_PER_SEC);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	value = goro_ctx_with_value(ctx, &key, &released, release);
	if (IS_ERR(value)) {
		goro_ctx_put(ctx);
		return PTR_ERR(value);
	}
	/* NULL stands for another module: the kernel's own text */
	if (!strcmp(hold, "reference"))
		theirs = __goro_ctx_get(value, NULL);
	else if (!strcmp(hold, "child"))
		theirs = __goro_ctx_with_cancel(value, NULL);
	else if (!strcmp(hold, "function"))
		err = goro_ctx_after_func(value, func, NULL, NULL);
	if (!IS_ERR(theirs) && !err)
		return 0;
	goro_ctx_put(value);
	goro_ctx_put(ctx);
	return err ?: PTR_ERR(theirs);
}

static void __exit pins_exit(void)
{
	goro_ctx_cancel(ctx);
	goro_ctx_put(ctx);
	goro_ctx_put(value);
	if (released != 1)
		pr_err("goro_pins: BUG: the value is still held\n");
}

module_init(pins_init);
module_exit(pins_exit);
MODULE_DESCRIPTION("goro: a module whose contexts others hold");
MODULE_LICENSE("GPL");
