// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task classes by name. classes_lock guards the list; a class that was found
 * has its module pinned before the lock is dropped.
 */
#include <linux/mutex.h>
#include "dev.h"

static DEFINE_MUTEX(classes_lock);
static LIST_HEAD(classes);		/* goro_class.node */

static struct goro_class *class_find(const char *name)
{
	struct goro_class *cls;

	lockdep_assert_held(&classes_lock);
	list_for_each_entry(cls, &classes, node)
		if (!strcmp(cls->name, name))
			return cls;
	return NULL;
}

int goro_class_register(struct goro_class *cls)
{
	int err = 0;

	if (!cls->name || !*cls->name || strlen(cls->name) >= GORO_CLASS_NAME_LEN ||
	    !cls->run || cls->flags & ~GORO_CLASS_UNPRIVILEGED)
		return -EINVAL;
	mutex_lock(&classes_lock);
	if (class_find(cls->name))
		err = -EEXIST;
	else
		list_add_tail(&cls->node, &classes);
	mutex_unlock(&classes_lock);
	return err;
}
EXPORT_SYMBOL_GPL(goro_class_register);

void goro_class_unregister(struct goro_class *cls)
{
	mutex_lock(&classes_lock);
	list_del(&cls->node);
	mutex_unlock(&classes_lock);
}
EXPORT_SYMBOL_GPL(goro_class_unregister);

/* a class by its name, its module pinned; NULL: none, or its module is going */
struct goro_class *goro_class_get(const char *name)
{
	struct goro_class *cls;

	mutex_lock(&classes_lock);
	cls = class_find(name);
	/* goro.ko's own have no owner: goro_dev_exit() waits for the tasks */
	if (cls && !try_module_get(cls->owner))
		cls = NULL;
	mutex_unlock(&classes_lock);
	return cls;
}

void goro_class_put(struct goro_class *cls)
{
	module_put(cls->owner);
}
