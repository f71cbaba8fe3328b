// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/goro: where programs get channels and tasks from.
 *
 * Every object is a file of its own (*_fd.c); an open file of the
 * device is what CPU time is accounted to (file.c). The device's mode is 0600,
 * root's; a udev rule may give it to a group. What the module allocates for a
 * program is charged to the program's memory cgroup and limited per user
 * (user.c), whoever opened the device: an fd may be handed to others, and
 * classes not marked unprivileged look at the caller, too.
 *
 * Unloading: each open file pins goro.ko, so goro_dev_exit() finds none; tasks
 * whose files are gone were cancelled, and goro_task_exit() waits for them.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/hrtimer.h>
#include <linux/miscdevice.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include "dev.h"
#include "abi_pins.h"

int goro_dev_get(void *k, size_t ksize, size_t v1, unsigned int cmd, unsigned long arg)
{
	size_t usize = _IOC_SIZE(cmd);

	if (usize < v1)
		return -EINVAL;
	return copy_struct_from_user(k, ksize, (void __user *)arg, usize);
}

int goro_dev_put(const void *k, size_t ksize, unsigned int cmd, unsigned long arg)
{
	size_t size = min_t(size_t, ksize, _IOC_SIZE(cmd));

	/* what the program has beyond it was checked to be zero and stays so */
	return copy_to_user((void __user *)arg, k, size) ? -EFAULT : 0;
}

/*
 * The VFS makes a file without __GFP_RETRY_MAYFAIL: at the limit of the memory
 * cgroup that would bring the OOM killer. So make sure that there is room for
 * it: what is charged here in our way and given back is what the file is
 * charged next. Somebody else in the cgroup may be faster in between; then the
 * cgroup is treated as in open(2). So is it where the table of descriptors
 * must grow, which it does by doubling.
 */
static int room_for_file(void)
{
	void *room = kmalloc(2 * PAGE_SIZE, GORO_DEV_GFP);

	kfree(room);
	return room ? 0 : -ENOMEM;
}

int goro_dev_fd(const char *name, const struct file_operations *fops, void *priv,
		int flags, struct file **file)
{
	int fd, err;

	err = room_for_file();
	if (err)
		return err;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	*file = anon_inode_getfile(name, fops, priv, flags);
	if (IS_ERR(*file)) {
		put_unused_fd(fd);
		return PTR_ERR(*file);
	}
	/* read_iter and write_iter heed IOCB_NOWAIT: RWF_NOWAIT, io_uring */
	(*file)->f_mode |= FMODE_NOWAIT;
	return fd;
}

int goro_dev_wait(wait_queue_head_t *wq, bool (*done)(const void *obj), const void *obj,
		  u64 deadline)
{
	ktime_t until = ns_to_ktime(min_t(u64, deadline, KTIME_MAX));
	DEFINE_WAIT(w);
	int err;

	if (done(obj))
		return 0;
	if (deadline == GORO_NOW)
		return -EAGAIN;
	for (;;) {
		err = prepare_to_wait_event(wq, &w, TASK_INTERRUPTIBLE);
		if (done(obj))
			err = 0;
		else if (!err && !schedule_hrtimeout(&until, HRTIMER_MODE_ABS))
			err = done(obj) ? 0 : -ETIMEDOUT;
		else if (!err)
			continue;
		break;
	}
	finish_wait(wq, &w);
	return err;
}

u64 goro_dev_deadline(const struct kiocb *iocb)
{
	bool now = iocb->ki_filp->f_flags & O_NONBLOCK || iocb->ki_flags & IOCB_NOWAIT;

	return now ? GORO_NOW : GORO_FOREVER;
}

ssize_t goro_dev_read_result(struct kiocb *iocb, struct iov_iter *to,
			     int (*get)(void *obj, u64 deadline, s32 *r))
{
	s32 r[2] = { 0 };
	int err;

	if (iocb->ki_pos >= sizeof(r))
		return 0;
	if (iov_iter_count(to) < sizeof(r))
		return -EINVAL;
	err = get(iocb->ki_filp->private_data, goro_dev_deadline(iocb), r);
	if (err)
		return err;
	if (copy_to_iter(r, sizeof(r), to) != sizeof(r))
		return -EFAULT;
	iocb->ki_pos = sizeof(r);
	return sizeof(r);
}

static int dev_query(unsigned int cmd, unsigned long arg)
{
	struct goro_query q;
	int err = goro_dev_get(&q, sizeof(q), GORO_QUERY_SIZE_1, cmd, arg);

	if (err)
		return err;
	if (q.flags)
		return -EINVAL;
	q = (struct goro_query) {
		.abi = GORO_ABI,
		.features = GORO_FEATURE_CHAN | GORO_FEATURE_TASK | GORO_FEATURE_USER |
			    GORO_FEATURE_CPU_MAX | GORO_FEATURE_SELECT | GORO_FEATURE_TIMER |
			    GORO_FEATURE_CTX | GORO_FEATURE_GROUP,
		.elem_max = GORO_CHAN_ELEM_MAX,
		.procs = goro_procs(),
		.cap_max = GORO_CHAN_CAP_MAX,
		.chan_bytes_max = goro_dev_chan_bytes_max(),
		.arg_max = GORO_ARG_MAX,
		.task_chans_max = GORO_TASK_CHANS_MAX,
		.user_files_max = goro_user_max(GORO_RES_FILES),
		.user_chans_max = goro_user_max(GORO_RES_CHANS),
		.user_bytes_max = goro_user_max(GORO_RES_BYTES),
		.user_tasks_max = goro_user_max(GORO_RES_TASKS),
		.user_stack_bytes_max = goro_user_max(GORO_RES_STACK_BYTES),
		.select_cases_max = GORO_SELECT_CASES_MAX,
		.group_limit_max = GORO_CHAN_CAP_MAX,
	};
	return goro_dev_put(&q, sizeof(q), cmd, arg);
}

static int dev_stats(unsigned int cmd, unsigned long arg)
{
	struct goro_stats s;
	int err = goro_dev_get(&s, sizeof(s), 168, cmd, arg);

	if (err)
		return err;
	if (s.flags || s.reserved)
		return -EINVAL;
	/* destroyed before created: so a reader never sees more gone than made */
	s = (struct goro_stats) {
		.g_destroyed = goro_counter(GORO_C_G_DESTROYED),
		.chan_destroyed = goro_counter(GORO_C_CHAN_DESTROYED),
		.task_destroyed = goro_counter(GORO_C_TASK_DESTROYED),
		.stack_destroyed = goro_counter(GORO_C_STACK_DESTROYED),
		.m_destroyed = goro_counter(GORO_C_M_DESTROYED),
	};
	s.g_created = goro_counter(GORO_C_G_CREATED);
	s.chan_created = goro_counter(GORO_C_CHAN_CREATED);
	s.task_created = goro_counter(GORO_C_TASK_CREATED);
	s.stack_created = goro_counter(GORO_C_STACK_CREATED);
	s.m_created = goro_counter(GORO_C_M_CREATED);
	s.switches = goro_counter(GORO_C_SWITCH);
	s.parks = goro_counter(GORO_C_PARK);
	s.steals = goro_counter(GORO_C_STEAL) + goro_counter(GORO_C_STEAL_INBOX) +
		   goro_counter(GORO_C_STEAL_RUNNEXT);
	s.overflows = goro_counter(GORO_C_OVERFLOW);
	s.handoffs = goro_counter(GORO_C_HANDOFF);
	s.readies = goro_counter(GORO_C_READY_LOCAL) + goro_counter(GORO_C_INBOX);
	s.wakes_close = goro_counter(GORO_C_WAKE_CLOSE);
	s.wakes_timeout = goro_counter(GORO_C_WAKE_TIMEOUT);
	s.wakes_cancel = goro_counter(GORO_C_WAKE_CANCEL);
	s.wakes_signal = goro_counter(GORO_C_WAKE_SIGNAL);
	return goro_dev_put(&s, sizeof(s), cmd, arg);
}

static int dev_usage(unsigned int cmd, unsigned long arg)
{
	struct goro_usage u;
	int err = goro_dev_get(&u, sizeof(u), 48, cmd, arg);

	if (err)
		return err;
	if (u.flags)
		return -EINVAL;
	goro_user_usage(&u);
	return goro_dev_put(&u, sizeof(u), cmd, arg);
}

static int dev_chan_create(unsigned int cmd, unsigned long arg)
{
	struct goro_chan_create a;
	int err = goro_dev_get(&a, sizeof(a), 16, cmd, arg);

	return err ? err : goro_chan_fd_create(&a);
}

static int dev_cpu_stat(struct goro_file *f, unsigned int cmd, unsigned long arg)
{
	struct goro_cpu_stat a;
	int err = goro_dev_get(&a, sizeof(a), 72, cmd, arg);

	if (err)
		return err;
	if (a.flags || a.reserved)
		return -EINVAL;
	goro_file_cpu_stat(f, &a);
	return goro_dev_put(&a, sizeof(a), cmd, arg);
}

static int dev_cpu_max(struct goro_file *f, unsigned int cmd, unsigned long arg)
{
	struct goro_cpu_max a;
	int err = goro_dev_get(&a, sizeof(a), 24, cmd, arg);

	return err ? err : goro_file_cpu_max(f, &a);
}

static int dev_timer(unsigned int cmd, unsigned long arg)
{
	struct goro_timer_set a;
	int err = goro_dev_get(&a, sizeof(a), 24, cmd, arg);

	return err ? err : goro_timer_fd_create(&a);
}

static int dev_ctx(unsigned int cmd, unsigned long arg)
{
	struct goro_ctx_create a;
	int err = goro_dev_get(&a, sizeof(a), 16, cmd, arg);

	return err ? err : goro_ctx_fd_create(&a);
}

static int dev_group(unsigned int cmd, unsigned long arg)
{
	struct goro_group_create a;
	int err = goro_dev_get(&a, sizeof(a), 16, cmd, arg);

	return err ? err : goro_group_fd_create(&a);
}

static int dev_task_spawn(struct goro_file *f, unsigned int cmd, unsigned long arg)
{
	struct goro_task_spawn a;
	int err = goro_dev_get(&a, sizeof(a), GORO_TASK_SPAWN_SIZE_1, cmd, arg);

	return err ? err : goro_task_fd_spawn(f, &a);
}

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct goro_file *f = file->private_data;

	switch (GORO_CMD(cmd)) {
	case GORO_CMD(GORO_IOC_QUERY):
		return dev_query(cmd, arg);
	case GORO_CMD(GORO_IOC_STATS):
		return dev_stats(cmd, arg);
	case GORO_CMD(GORO_IOC_USAGE):
		return dev_usage(cmd, arg);
	case GORO_CMD(GORO_IOC_CPU_STAT):
		return dev_cpu_stat(f, cmd, arg);
	case GORO_CMD(GORO_IOC_CPU_MAX):
		return dev_cpu_max(f, cmd, arg);
	case GORO_CMD(GORO_IOC_CHAN_CREATE):
		return dev_chan_create(cmd, arg);
	case GORO_CMD(GORO_IOC_TASK_SPAWN):
		return dev_task_spawn(f, cmd, arg);
	case GORO_CMD(GORO_IOC_TIMER):
		return dev_timer(cmd, arg);
	case GORO_CMD(GORO_IOC_CTX):
		return dev_ctx(cmd, arg);
	case GORO_CMD(GORO_IOC_GROUP):
		return dev_group(cmd, arg);
	case GORO_CMD(GORO_IOC_SELECT):
		return goro_dev_select(cmd, arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
	.open = goro_file_open,
	.release = goro_file_release,
	.unlocked_ioctl = dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
#ifdef CONFIG_PROC_FS
	.show_fdinfo = goro_file_show,
#endif
};

static struct miscdevice dev_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "goro",
	.fops = &dev_fops,
	.mode = 0600,
};

int goro_dev_init(void)
{
	int err;

	err = goro_task_init();
	if (err)
		return err;
	err = goro_class_basic_init();
	if (err)
		goto out_task;
	err = goro_class_register(&goro_class_wc);
	if (err)
		goto out_basic;
	goro_user_init();
	err = misc_register(&dev_misc);
	if (err)
		goto out_user;
	return 0;

out_user:
	goro_user_exit();
	goro_class_unregister(&goro_class_wc);
out_basic:
	goro_class_basic_exit();
out_task:
	goro_task_exit();
	return err;
}

void goro_dev_exit(void)
{
	misc_deregister(&dev_misc);
	goro_task_exit();
	goro_user_exit();
	goro_class_unregister(&goro_class_wc);
	goro_class_basic_exit();
}
