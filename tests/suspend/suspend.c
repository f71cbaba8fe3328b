// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_suspend.ko: goroutines in all states, over suspends, until rmmod; and a
 * device, whose suspend and resume callbacks look at what they have done: all
 * tasks are frozen between the two, so it must be nothing.
 *
 *   tosser, catcher	hop from one to the other without end
 *   sleeper		with a deadline of CLOCK_MONOTONIC, which stops in suspend
 *   poller, sayer	a datagram to and fro, by goro_poll()
 *   blocker		sleeps in the kernel, with its M, at a time
 *   bracketed		the same between the block brackets
 *   locked		on a thread of its own: sleeps by goro, on a channel, in brackets
 *   stuck		sleeps in the kernel, until rmmod
 *   waiter		on a channel, until rmmod
 *
 * What each has done is counted right after a scheduling point: a goroutine
 * that wakes from a sleep of the kernel's own in a frozen system runs up to
 * there. Nothing may be lost, and rmmod tells the books.
 *
 * A second after the devices sleep a timer wakes the system from s2idle: QEMU's
 * RTC wakes from S3 only. The guest's root file system is on
 * virtio-9p, which does not survive being suspended: virtio's PCI devices are
 * left out of it.
 */
#include <goro/goro.h>
#include <goro/io.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/in.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/suspend.h>
#include <net/sock.h>
#include "compat.h"

#define VIRTIO_VENDOR	0x1af4
#define PAIRS		2
#define SLEEPERS	40
#define STEP_NS		(50 * NSEC_PER_MSEC)
#define WAITERS		50
#define BLOCKERS	3
#define LOCKED		3

static struct goro_group group;
static struct goro_chan *to[PAIRS], *fro[PAIRS], *end, *never;
static struct socket *ends[2];
static DECLARE_COMPLETION(release);
static atomic_long_t tosses, wakes, datagrams, blocks, brackets, locks;	/* at work */
static atomic_long_t early, wrong, ended;		/* what came of it */
static struct platform_device *device;
static long seen[6];
static struct hrtimer alarm;
static unsigned int alarms;
static unsigned int stood, moved;	/* suspends over which nothing, something was done */

static int get_count(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(kp->arg));
}

static const struct kernel_param_ops count_ops = { .get = get_count };
module_param_cb(tosses, &count_ops, &tosses, 0444);
module_param_cb(wakes, &count_ops, &wakes, 0444);
module_param_cb(datagrams, &count_ops, &datagrams, 0444);
module_param_cb(blocks, &count_ops, &blocks, 0444);
module_param_cb(brackets, &count_ops, &brackets, 0444);
module_param_cb(locks, &count_ops, &locks, 0444);
module_param_cb(wrong, &count_ops, &wrong, 0444);
module_param(stood, uint, 0444);
MODULE_PARM_DESC(stood, "suspends over which no goroutine has run (read only)");
module_param(moved, uint, 0444);
MODULE_PARM_DESC(moved, "suspends over which one has (read only)");
module_param(alarms, uint, 0444);
MODULE_PARM_DESC(alarms, "how often the system was woken up (read only)");

/* ---- the goroutines -------------------------------------------------- */

static int tosser(void *arg)
{
	long i = (long)arg;
	u64 n = 0, v;

	while (!goro_chan_send(to[i], &n) && goro_chan_recv(fro[i], &v) == 1) {
		atomic_long_inc(&tosses);
		if (v != ++n)
			atomic_long_inc(&wrong);
	}
	return 0;
}

static int catcher(void *arg)
{
	long i = (long)arg;
	u64 v;

	while (goro_chan_recv(to[i], &v) == 1) {
		v++;
		if (goro_chan_send(fro[i], &v))
			break;
	}
	return 0;
}

/* deadlines of its own row: whatever time it is when it runs, the next is a step later */
static int sleeper(void *arg)
{
	u64 at = ktime_get_ns() + (long)arg * (STEP_NS / SLEEPERS);
	u64 before = 0;

	while (!goro_sleep_until(at)) {
		u64 t = ktime_get_ns();

		atomic_long_inc(&wakes);
		if (t < at)
			atomic_long_inc(&early);
		if (at <= before)
			atomic_long_inc(&wrong);
		before = at;
		at += STEP_NS;
	}
	return 0;
}

static int sayer(void *arg)
{
	u64 n, echo;

	for (n = 1; !goro_cancelled(); n++) {
		if (goro_sock_send(ends[0], &n, sizeof(n), GORO_FOREVER) != sizeof(n) ||
		    goro_sock_recv(ends[0], &echo, sizeof(echo), GORO_FOREVER) != sizeof(echo))
			break;
		atomic_long_inc(&datagrams);
		if (echo != n)
			atomic_long_inc(&wrong);
		goro_sleep(NSEC_PER_MSEC);
	}
	return 0;
}

static int poller(void *arg)
{
	u64 n;

	while (goro_sock_recv(ends[1], &n, sizeof(n), GORO_FOREVER) == sizeof(n))
		if (goro_sock_send(ends[1], &n, sizeof(n), GORO_FOREVER) != sizeof(n))
			break;
	return 0;
}

static int blocker(void *arg)
{
	while (!goro_cancelled()) {
		usleep_range(2000, 5000);
		goro_yield();
		atomic_long_inc(&blocks);
	}
	return 0;
}

static int bracketed(void *arg)
{
	while (!goro_cancelled()) {
		goro_block_begin();
		usleep_range(2000, 5000);
		goro_block_end();
		goro_yield();
		atomic_long_inc(&brackets);
	}
	return 0;
}

static int locked(void *arg)
{
	struct task_struct *me;
	u64 at, v;
	int ret;

	if (goro_lock_thread())
		atomic_long_inc(&wrong);
	me = current;
	while (!goro_cancelled()) {
		at = goro_in(NSEC_PER_MSEC);
		ret = goro_sleep_until(at);
		atomic_long_inc(&locks);
		if (!ret && ktime_get_ns() < at)
			atomic_long_inc(&early);
		/* nobody sends before the end */
		ret = goro_chan_recv_until(never, &v, goro_in(NSEC_PER_MSEC));
		atomic_long_inc(&locks);
		if (ret != -ETIMEDOUT && ret != -ECANCELED)
			atomic_long_inc(&wrong);
		goro_block_begin();
		usleep_range(2000, 5000);
		goro_block_end();
		atomic_long_inc(&locks);
		if (current != me)
			atomic_long_inc(&wrong);
	}
	if (goro_unlock_thread())
		atomic_long_inc(&wrong);
	return 0;
}

static int stuck(void *arg)
{
	wait_for_completion_killable(&release);
	atomic_long_inc(&ended);
	return 0;
}

static int waiter(void *arg)
{
	u64 v;

	if (goro_chan_recv(end, &v) == 1)
		atomic_long_inc(&ended);
	return 0;
}

/* ---- the device ------------------------------------------------------ */

static void look(long *at)
{
	at[0] = atomic_long_read(&tosses);
	at[1] = atomic_long_read(&wakes);
	at[2] = atomic_long_read(&datagrams);
	at[3] = atomic_long_read(&blocks);
	at[4] = atomic_long_read(&brackets);
	at[5] = atomic_long_read(&locks);
}

static int on_suspend(struct device *dev)
{
	look(seen);
	/* some deadlines pass, and sleeps of the kernel's own end */
	msleep(300);
	return 0;
}

static int on_resume(struct device *dev)
{
	long t[6];

	look(t);
	if (memcmp(t, seen, sizeof(t))) {
		moved++;
		pr_info("goro_suspend: %ld tosses, %ld wakes, %ld datagrams, %ld blocks, %ld in brackets, %ld of locked ones in a frozen system\n",
			t[0] - seen[0], t[1] - seen[1], t[2] - seen[2], t[3] - seen[3],
			t[4] - seen[4], t[5] - seen[5]);
	} else {
		stood++;
	}
	return 0;
}

static enum hrtimer_restart on_alarm(struct hrtimer *t)
{
	alarms++;
	pm_system_wakeup();
	return HRTIMER_NORESTART;
}

static int on_suspend_noirq(struct device *dev)
{
	hrtimer_start(&alarm, 5 * NSEC_PER_SEC, HRTIMER_MODE_REL);
	return 0;
}

static const struct dev_pm_ops pm_ops = {
	.suspend = on_suspend,
	.suspend_noirq = on_suspend_noirq,
	.resume = on_resume,
};

static struct platform_driver driver = {
	.driver = { .name = "goro_suspend", .pm = &pm_ops },
};

static void virtio_stays(bool stays)
{
	struct pci_dev *pdev = NULL;

	for_each_pci_dev(pdev)
		if (pdev->vendor == VIRTIO_VENDOR)
			dev_pm_syscore_device(&pdev->dev, stays);
}

static int device_add_here(void)
{
	int err;

	goro_hrtimer_setup(&alarm, on_alarm, HRTIMER_MODE_REL);
	err = platform_driver_register(&driver);
	if (err)
		return err;
	device = platform_device_register_simple("goro_suspend", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device)) {
		platform_driver_unregister(&driver);
		return PTR_ERR(device);
	}
	virtio_stays(true);
	return 0;
}

static void device_del_here(void)
{
	virtio_stays(false);
	platform_device_unregister(device);
	platform_driver_unregister(&driver);
	hrtimer_cancel(&alarm);
}

/* ---- all of it ------------------------------------------------------- */

static int sockets(void)
{
	struct sockaddr_in addr[2];
	int i, err;

	for (i = 0; i < 2; i++) {
		addr[i] = (struct sockaddr_in) {
			.sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};
		err = sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, IPPROTO_UDP, &ends[i]);
		if (err) {
			ends[i] = NULL;
			return err;
		}
		err = kernel_bind(ends[i], (void *)&addr[i], sizeof(addr[i]));
		if (err)
			return err;
		err = kernel_getsockname(ends[i], (struct sockaddr *)&addr[i]);
		if (err < 0)
			return err;
	}
	err = kernel_connect(ends[0], (void *)&addr[1], sizeof(addr[1]), 0);
	return err ?: kernel_connect(ends[1], (void *)&addr[0], sizeof(addr[0]), 0);
}

static struct goro_chan *chan(int *err)
{
	struct goro_chan *c = goro_chan_make(sizeof(u64), 0, 0);

	if (!IS_ERR(c))
		return c;
	*err = PTR_ERR(c);
	return NULL;
}

static int start(void)
{
	int err = 0;
	long i;

	end = chan(&err);
	never = chan(&err);
	for (i = 0; i < PAIRS; i++) {
		to[i] = chan(&err);
		fro[i] = chan(&err);
	}
	err = err ?: sockets();
	for (i = 0; i < PAIRS && !err; i++)
		err = goro_group_go(&group, tosser, (void *)i) ?:
		      goro_group_go(&group, catcher, (void *)i);
	for (i = 0; i < SLEEPERS && !err; i++)
		err = goro_group_go(&group, sleeper, (void *)i);
	for (i = 0; i < WAITERS && !err; i++)
		err = goro_group_go(&group, waiter, NULL);
	for (i = 0; i < BLOCKERS && !err; i++)
		err = goro_group_go(&group, blocker, NULL);
	for (i = 0; i < BLOCKERS && !err; i++)
		err = goro_group_go(&group, bracketed, NULL);
	for (i = 0; i < LOCKED && !err; i++)
		err = goro_group_go(&group, locked, NULL);
	err = err ?: goro_group_go(&group, stuck, NULL);
	err = err ?: goro_group_go(&group, poller, NULL);
	return err ?: goro_group_go(&group, sayer, NULL);
}

/* those who waited all the time get what they waited for, then all end */
static void stop(bool served)
{
	u64 v = 0;
	int i;

	complete_all(&release);
	for (i = 0; served && i < WAITERS; i++)
		if (goro_chan_send(end, &v))
			atomic_long_inc(&wrong);
	goro_group_stop(&group);
	for (i = 0; i < PAIRS; i++) {
		goro_chan_put(to[i]);
		goro_chan_put(fro[i]);
	}
	goro_chan_put(end);
	goro_chan_put(never);
	for (i = 0; i < 2; i++)
		if (ends[i])
			sock_release(ends[i]);
}

static int __init suspend_init(void)
{
	int err;

	goro_group_init(&group);
	err = start();
	if (err)
		goto err;
	err = device_add_here();
	if (err)
		goto err;
	return 0;
err:
	stop(false);
	return err;
}

static void __exit suspend_exit(void)
{
	device_del_here();
	stop(true);
	pr_info("goro_suspend: %ld of %d ended, %ld early, %ld wrong\n", atomic_long_read(&ended),
		WAITERS + 1, atomic_long_read(&early), atomic_long_read(&wrong));
}

module_init(suspend_init);
module_exit(suspend_exit);
MODULE_DESCRIPTION("goro: goroutines over a suspend");
MODULE_LICENSE("GPL");
