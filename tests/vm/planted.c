// SPDX-License-Identifier: GPL-2.0-only
/* Faults for the debug kernel to find: insmod planted.ko fault=NAME. See selftest. */
#include <linux/delay.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/panic.h>
#include <linux/slab.h>

static char *fault = "none";
module_param(fault, charp, 0);

static DEFINE_MUTEX(one);
static DEFINE_MUTEX(two);
static LIST_HEAD(list);

static void lock_both(struct mutex *a, struct mutex *b)
{
	mutex_lock(a);
	mutex_lock(b);
	mutex_unlock(b);
	mutex_unlock(a);
}

static int __init planted_init(void)
{
	struct list_head node;
	char *p = kmalloc(100, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(p);
	if (!strcmp(fault, "panic"))
		panic("planted panic");
	if (!strcmp(fault, "leak"))
		return 0;
	if (!strcmp(fault, "overflow"))
		p[100] = 1;
	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	if (!strcmp(fault, "use_after_free"))
		p[8] = 1;
	if (!strcmp(fault, "sleep")) {
		preempt_disable();
		msleep(20);
		preempt_enable();
	}
	if (!strcmp(fault, "lock_order")) {
		lock_both(&one, &two);
		lock_both(&two, &one);
	}
	if (!strcmp(fault, "list")) {
		list_add(&node, &list);
		list_add(&node, &list);
		INIT_LIST_HEAD(&list);
	}
	return 0;
}

static void __exit planted_exit(void)
{
}

module_init(planted_init);
module_exit(planted_exit);
MODULE_DESCRIPTION("faults for the debug kernel to find");
MODULE_LICENSE("GPL");
