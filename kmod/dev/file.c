// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open file of /dev/goro: the unit of CPU time.
 *
 * Tasks that are started through the file, by whoever has it, are accounted to
 * its goro_acct, and together capped (sched/acct.c). Their goroutines hold the
 * goro_acct: they stay accounted, and capped, after the file was closed.
 *
 * The file has a cap, which whoever has the file may change, and a top, up to
 * which he may. Both begin as cpu_max_default; what CAP_SYS_RESOURCE (initial
 * user namespace) sets becomes both. So root can cap a file and hand it on, and
 * a program can cap its own tasks and take it back. A file that is opened anew
 * begins anew: user_files_max bounds how often a user does.
 */
#include <linux/capability.h>
#include <linux/cpumask.h>
#include <linux/kstrtox.h>
#include <linux/moduleparam.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/user_namespace.h>
#include "dev.h"

static_assert(GORO_CPU_NO_MAX == GORO_ACCT_NO_MAX);

#define PERIOD_MIN_FREE	(10 * (u64)NSEC_PER_MSEC)	/* below it: CAP_SYS_RESOURCE */

struct cpu_max {
	u64 quota;	/* ns */
	u64 period;	/* ns */
};

static DEFINE_MUTEX(default_lock);
static struct cpu_max cpu_max_default = {	/* default_lock */
	.quota = GORO_CPU_NO_MAX,
	.period = 100 * NSEC_PER_MSEC,
};

/* what goro_acct_set_max() takes: a file must not fail to open for a wrong default */
static bool cpu_max_valid(u64 quota, u64 period)
{
	return period >= GORO_ACCT_PERIOD_MIN && period <= GORO_ACCT_PERIOD_MAX &&
	       quota >= GORO_ACCT_QUOTA_MIN &&
	       (quota <= period * nr_cpu_ids || quota == GORO_CPU_NO_MAX);
}

/* quota / period > top_quota / top_period; periods are below 2^32 */
static bool cpu_max_above(u64 quota, u64 period, u64 top_quota, u64 top_period)
{
	u64 n = div64_u64(quota, period), top = div64_u64(top_quota, top_period);

	if (quota == GORO_CPU_NO_MAX || top_quota == GORO_CPU_NO_MAX)
		return top_quota != GORO_CPU_NO_MAX;
	if (n != top)
		return n > top;
	return (quota - n * period) * top_period > (top_quota - top * top_period) * period;
}

/* ---- cpu_max_default, as a cgroup's cpu.max: "max 100000", in us ------- */

static int default_set(const char *val, const struct kernel_param *kp)
{
	struct cpu_max new = { .quota = GORO_CPU_NO_MAX };
	char quota[21];
	u64 us = 0;
	int n, err = 0;

	n = sscanf(val, "%20s %llu", quota, &us);
	if (n < 1 || (n == 2 && us > USEC_PER_SEC))
		return -EINVAL;
	new.period = us * NSEC_PER_USEC;
	if (strcmp(quota, "max")) {
		err = kstrtou64(quota, 10, &us);
		if (err || us > U64_MAX / 2 / NSEC_PER_USEC)
			return -EINVAL;
		new.quota = us * NSEC_PER_USEC;
	}
	mutex_lock(&default_lock);
	if (n < 2)
		new.period = cpu_max_default.period;
	if (cpu_max_valid(new.quota, new.period))
		cpu_max_default = new;
	else
		err = -EINVAL;
	mutex_unlock(&default_lock);
	return err;
}

static int default_get(char *buf, const struct kernel_param *kp)
{
	struct cpu_max d;

	mutex_lock(&default_lock);
	d = cpu_max_default;
	mutex_unlock(&default_lock);
	if (d.quota == GORO_CPU_NO_MAX)
		return sysfs_emit(buf, "max %llu\n", d.period / NSEC_PER_USEC);
	return sysfs_emit(buf, "%llu %llu\n", d.quota / NSEC_PER_USEC, d.period / NSEC_PER_USEC);
}

static const struct kernel_param_ops default_ops = { .set = default_set, .get = default_get };

module_param_cb(cpu_max_default, &default_ops, NULL, 0644);
MODULE_PARM_DESC(cpu_max_default,
		 "CPU time of the tasks of an open file: \"QUOTA PERIOD\" in us, QUOTA may be \"max\"");

/* ---- files ------------------------------------------------------------ */

int goro_file_open(struct inode *inode, struct file *file)
{
	struct goro_file *f;
	int err;

	f = kzalloc(sizeof(*f), GORO_DEV_GFP);
	if (!f)
		return -ENOMEM;
	refcount_set(&f->ref, 1);
	mutex_init(&f->lock);
	mutex_lock(&default_lock);
	f->top_quota = cpu_max_default.quota;
	f->top_period = cpu_max_default.period;
	mutex_unlock(&default_lock);

	f->user = goro_user_get();
	err = PTR_ERR_OR_ZERO(f->user);
	if (err)
		goto free;
	err = goro_user_charge(f->user, GORO_RES_FILES, 1);
	if (err)
		goto put_user;
	f->acct = goro_acct_new();
	err = -ENOMEM;
	if (!f->acct)
		goto uncharge;
	err = goro_acct_set_max(f->acct, f->top_quota, f->top_period);
	if (err)
		goto put_acct;
	file->private_data = f;
	return nonseekable_open(inode, file);

put_acct:
	goro_acct_put(f->acct);
uncharge:
	goro_user_uncharge(f->user, GORO_RES_FILES, 1);
put_user:
	goro_user_put(f->user);
free:
	kfree(f);
	return err;
}

struct goro_file *goro_file_get(struct goro_file *f)
{
	refcount_inc(&f->ref);
	return f;
}

/*
 * A closed file counts until its last task has been reaped: else whoever closes
 * and opens again has a cap anew for each task. Goroutines, which are reaped
 * later, hold the goro_acct only.
 */
void goro_file_put(struct goro_file *f)
{
	if (!refcount_dec_and_test(&f->ref))
		return;
	goro_acct_put(f->acct);
	goro_user_uncharge(f->user, GORO_RES_FILES, 1);
	goro_user_put(f->user);
	kfree(f);
}

int goro_file_release(struct inode *inode, struct file *file)
{
	goro_file_put(file->private_data);
	return 0;
}

void goro_file_cpu_stat(struct goro_file *f, struct goro_cpu_stat *a)
{
	struct goro_acct_stat st;

	mutex_lock(&f->lock);
	goro_acct_stat(f->acct, &st);
	*a = (struct goro_cpu_stat) {
		.usage_ns = st.usage_ns,
		.nr_periods = st.nr_periods,
		.nr_throttled = st.nr_throttled,
		.throttled_ns = st.throttled_ns,
		.quota_ns = st.quota_ns,
		.period_ns = st.period_ns,
		.top_quota_ns = f->top_quota,
		.top_period_ns = f->top_period,
	};
	mutex_unlock(&f->lock);
}

int goro_file_cpu_max(struct goro_file *f, const struct goro_cpu_max *a)
{
	int err = -EPERM;
	bool may;

	if (a->flags || a->reserved || !cpu_max_valid(a->quota_ns, a->period_ns))
		return -EINVAL;
	may = ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE);
	mutex_lock(&f->lock);
	/* each period is an interrupt that nobody pays for */
	if (may || (a->period_ns >= min(PERIOD_MIN_FREE, f->top_period) &&
		    !cpu_max_above(a->quota_ns, a->period_ns, f->top_quota, f->top_period)))
		err = goro_acct_set_max(f->acct, a->quota_ns, a->period_ns);
	if (!err && may) {
		f->top_quota = a->quota_ns;
		f->top_period = a->period_ns;
	}
	mutex_unlock(&f->lock);
	return err;
}

static void show_max(struct seq_file *m, const char *key, u64 quota, u64 period)
{
	if (quota == GORO_CPU_NO_MAX)
		seq_printf(m, "%s:\tmax %llu\n", key, period);
	else
		seq_printf(m, "%s:\t%llu %llu\n", key, quota, period);
}

/* fdinfo; all times in ns */
void goro_file_show(struct seq_file *m, struct file *file)
{
	struct goro_file *f = file->private_data;
	struct goro_cpu_stat st;

	goro_user_show(m, f->user);
	goro_file_cpu_stat(f, &st);
	seq_printf(m, "goro-cpu-usage:\t%llu\n", st.usage_ns);
	seq_printf(m, "goro-cpu-periods:\t%llu\n", st.nr_periods);
	seq_printf(m, "goro-cpu-throttled:\t%llu\n", st.nr_throttled);
	seq_printf(m, "goro-cpu-throttled-time:\t%llu\n", st.throttled_ns);
	show_max(m, "goro-cpu-max", st.quota_ns, st.period_ns);
	show_max(m, "goro-cpu-top", st.top_quota_ns, st.top_period_ns);
}
