// SPDX-License-Identifier: GPL-2.0-only
/*
 * Per-user caps: what the objects that a user has made may come to.
 *
 * Who is charged: the real user id of the process that makes the object, as for
 * pipes and processes, in the call that makes it. Not who opened /dev/goro: an
 * fd may be handed to a stranger, who would spend its opener's share. Not the
 * effective id: what a user's setuid programs make is that user's. Objects stay
 * charged to their maker wherever their fds go (SCM_RIGHTS, in flight too) and
 * whatever becomes of the process (setuid, death), until they really go: so
 * nobody can load his objects on another, or make room by passing them on.
 *
 * A user is a kuid, in a user namespace whoever made the outermost one that root
 * did not make: namespaces, also with many ids mapped, neither add a share nor
 * hide one. Who has
 * CAP_SYS_RESOURCE in the initial user namespace may go above the caps; what
 * he makes counts all the same.
 *
 * What is charged here is, apart from stacks, also charged to the memory cgroup
 * of the process. Stacks are not: an M allocates one when a goroutine first
 * runs, and others use it again later, so it is nobody's. The cap is all that
 * bounds them; it counts a stack from the spawn on, until the goroutine ends.
 *
 * Lifetime: each charge goes with a reference of its holder; the last put takes
 * the user out of the table under its lock. Lookups are by RCU and count only
 * on a user whose count is not 0. Counters are changed by cmpxchg: two
 * processes that race for the last place do not both get it, and no third is
 * refused for a charge that is given back. Nothing here takes a lock but the
 * first charge and the last put of a user.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/moduleparam.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include <linux/xarray.h>
#include "dev.h"

static ulong user_max[GORO_RES_MAX] = {
	[GORO_RES_FILES] = 1024,
	[GORO_RES_CHANS] = 16384,
	[GORO_RES_BYTES] = 256 << 20,
	[GORO_RES_TASKS] = 16384,
	[GORO_RES_STACK_BYTES] = 256 << 20,
};

module_param_named(user_files_max, user_max[GORO_RES_FILES], ulong, 0644);
MODULE_PARM_DESC(user_files_max, "open files of /dev/goro a user");
module_param_named(user_chans_max, user_max[GORO_RES_CHANS], ulong, 0644);
MODULE_PARM_DESC(user_chans_max, "channels, timers, contexts and groups a user");
module_param_named(user_bytes_max, user_max[GORO_RES_BYTES], ulong, 0644);
MODULE_PARM_DESC(user_bytes_max, "bytes that a user's channels may buffer, and their tasks' arguments and buffers");
module_param_named(user_tasks_max, user_max[GORO_RES_TASKS], ulong, 0644);
MODULE_PARM_DESC(user_tasks_max, "tasks a user, also those that are done, while they have an fd");
module_param_named(user_stack_bytes_max, user_max[GORO_RES_STACK_BYTES], ulong, 0644);
MODULE_PARM_DESC(user_stack_bytes_max, "bytes of stacks of a user's tasks that are not done");

struct goro_user {
	kuid_t uid;			/* constant */
	refcount_t ref;			/* 0 only under users' lock */
	atomic64_t used[GORO_RES_MAX];
	struct rcu_head rcu;
};

static DEFINE_XARRAY_FLAGS(users, XA_FLAGS_LOCK_IRQ | XA_FLAGS_ACCOUNT);	/* by kuid */

static struct goro_user *user_find(kuid_t uid)
{
	struct goro_user *u;

	rcu_read_lock();
	u = xa_load(&users, __kuid_val(uid));
	if (u && !refcount_inc_not_zero(&u->ref))
		u = NULL;
	rcu_read_unlock();
	return u;
}

/* Ids that a user maps into namespaces of his own are his; what root made is for others. */
static kuid_t who(void)
{
	struct user_namespace *ns;
	kuid_t uid = current_uid();

	for (ns = current_user_ns(); ns != &init_user_ns; ns = ns->parent)
		if (!uid_eq(ns->owner, GLOBAL_ROOT_UID))
			uid = ns->owner;
	return uid;
}

struct goro_user *goro_user_get(void)
{
	kuid_t uid = who();
	struct goro_user *u, *new, *was;

	u = user_find(uid);
	if (u)
		return u;
	new = kzalloc(sizeof(*new), GORO_DEV_GFP);
	if (!new)
		return ERR_PTR(-ENOMEM);
	new->uid = uid;
	refcount_set(&new->ref, 1);
	do {
		was = xa_cmpxchg_irq(&users, __kuid_val(uid), NULL, new, GORO_DEV_GFP);
		if (!was)
			return new;
		if (xa_is_err(was)) {
			kfree(new);
			return ERR_PTR(xa_err(was));
		}
		/* somebody was faster, and it may have gone again */
		u = user_find(uid);
	} while (!u);
	kfree(new);
	return u;
}

/* any context: a channel's last reference may be dropped anywhere */
void goro_user_put(struct goro_user *u)
{
	unsigned long flags;
	bool last;

	if (refcount_dec_not_one(&u->ref))
		return;
	xa_lock_irqsave(&users, flags);
	last = refcount_dec_and_test(&u->ref);
	if (last)
		__xa_erase(&users, __kuid_val(u->uid));
	xa_unlock_irqrestore(&users, flags);
	/* a lookup that found it before sees a count of 0 */
	if (last)
		kfree_rcu(u, rcu);
}

u64 goro_user_max(enum goro_res res)
{
	return READ_ONCE(user_max[res]);
}

int goro_user_charge(struct goro_user *u, enum goro_res res, u64 n)
{
	u64 max = goro_user_max(res);
	s64 used = atomic64_read(&u->used[res]);
	bool exempt = false;

	if (!n)
		return 0;
	do {
		bool over = n > max || (u64)used > max - n;

		/* without audit: to be refused is no offence */
		if (over && !exempt && !ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE))
			return -EDQUOT;
		exempt |= over;
	} while (!atomic64_try_cmpxchg(&u->used[res], &used, used + n));
	return 0;
}

void goro_user_uncharge(struct goro_user *u, enum goro_res res, u64 n)
{
	WARN_ONCE(atomic64_sub_return(n, &u->used[res]) < 0, "goro: uncharged what was not charged\n");
}

struct goro_user *goro_user_charge_chan(void)
{
	struct goro_user *u = goro_user_get();
	int err;

	if (IS_ERR(u))
		return u;
	err = goro_user_charge(u, GORO_RES_CHANS, 1);
	if (!err)
		return u;
	goro_user_put(u);
	return ERR_PTR(err);
}

void goro_user_uncharge_chan(struct goro_user *u)
{
	goro_user_uncharge(u, GORO_RES_CHANS, 1);
	goro_user_put(u);
}

/* of the calling process; a user without objects has used nothing */
void goro_user_usage(struct goro_usage *usage)
{
	struct goro_user *u = user_find(who());

	*usage = (struct goro_usage) { .uid = from_kuid_munged(current_user_ns(), current_uid()) };
	if (!u)
		return;
	usage->files = atomic64_read(&u->used[GORO_RES_FILES]);
	usage->chans = atomic64_read(&u->used[GORO_RES_CHANS]);
	usage->bytes = atomic64_read(&u->used[GORO_RES_BYTES]);
	usage->tasks = atomic64_read(&u->used[GORO_RES_TASKS]);
	usage->stack_bytes = atomic64_read(&u->used[GORO_RES_STACK_BYTES]);
	goro_user_put(u);
}

/* debugfs goro/users: a line a user */
static int users_show(struct seq_file *m, void *v)
{
	struct goro_user *u;
	unsigned long uid;

	seq_puts(m, "uid files chans bytes tasks stack_bytes\n");
	rcu_read_lock();
	xa_for_each(&users, uid, u) {
		int i;

		seq_printf(m, "%u", from_kuid_munged(seq_user_ns(m), u->uid));
		for (i = 0; i < GORO_RES_MAX; i++)
			seq_printf(m, " %lld", atomic64_read(&u->used[i]));
		seq_putc(m, '\n');
	}
	rcu_read_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(users);

static struct dentry *users_file;

/* dump.c has made the directory, and outlives us */
void goro_user_init(void)
{
	struct dentry *dir = debugfs_lookup("goro", NULL);

	if (IS_ERR_OR_NULL(dir))
		return;
	users_file = debugfs_create_file("users", 0400, dir, NULL, &users_fops);
	dput(dir);
}

void goro_user_show(struct seq_file *m, const struct goro_user *u)
{
	seq_printf(m, "goro-uid:\t%u\n", from_kuid_munged(seq_user_ns(m), u->uid));
}

/* no file, channel or task is left */
void goro_user_exit(void)
{
	debugfs_remove(users_file);
	WARN_ON(!xa_empty(&users));
}
