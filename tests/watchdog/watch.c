// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_watch.ko: goroutines that stand still, for tests/watchdog/run. insmod goro_watch.ko scene=...
 *   hog     one computes and lets nobody have the CPU, until the watchdog has said so
 *   no_m    two sleep in calls, where max_ms is 2, and a third one is ready; until rmmod
 *   parked  a hundred wait for ever, each on a channel of its own, after they have
 *           sent each other something; until rmmod
 */
#include <goro/goro.h>
#include <linux/completion.h>
#include <linux/ktime.h>
#include "core/stats.h"

static char *scene = "";
module_param(scene, charp, 0444);

static struct goro_group group;
static DECLARE_COMPLETION(go);
static atomic_t n;

#define PARKED	100
static struct goro_chan *c[PARKED];

static int watch_hog(void *arg)
{
	u64 said = goro_counter(GORO_C_WATCH_RUNNING), end = goro_in(300 * NSEC_PER_SEC);

	while (goro_counter(GORO_C_WATCH_RUNNING) == said && ktime_get_ns() < end)
		cpu_relax();
	return 0;
}

static int watch_sleeps(void *arg)
{
	atomic_inc(&n);
	goro_block_begin();
	wait_for_completion(&go);
	goro_block_end();
	return 0;
}

static int watch_ready(void *arg)
{
	return 0;
}

/* Round the ring once; then each waits for what nobody sends. */
static int watch_parked(void *arg)
{
	long i = (long)arg;
	u64 v = 0;
	int ret = 1;

	if (i)
		ret = goro_chan_recv(c[i], &v);
	if (ret == 1)
		ret = goro_chan_send(c[(i + 1) % PARKED], &v) ?: 1;
	while (ret == 1)
		ret = goro_chan_recv(c[i], &v);
	return 0;
}

static int parked(void)
{
	int err = 0;
	long i;

	for (i = 0; i < PARKED; i++) {
		c[i] = goro_chan_make(8, 0, 0);
		if (IS_ERR(c[i]))
			return PTR_ERR(c[i]);	/* of a module for tests */
	}
	for (i = 0; i < PARKED && !err; i++)
		err = goro_group_go(&group, watch_parked, (void *)i);
	return err;
}

static int no_m(void)
{
	int err = goro_group_go(&group, watch_sleeps, NULL) ?:
		  goro_group_go(&group, watch_sleeps, NULL);

	while (!err && atomic_read(&n) < 2)
		schedule_timeout_uninterruptible(1);
	return err ?: goro_group_go(&group, watch_ready, NULL);
}

static int __init watch_init(void)
{
	goro_group_init(&group);
	if (!strcmp(scene, "hog"))
		return goro_group_go(&group, watch_hog, NULL);
	if (!strcmp(scene, "no_m"))
		return no_m();
	if (!strcmp(scene, "parked"))
		return parked();
	return -EINVAL;
}

static void __exit watch_exit(void)
{
	int i;

	complete_all(&go);
	goro_group_stop(&group);
	for (i = 0; i < PARKED; i++)
		goro_chan_put(c[i]);
}

module_init(watch_init);
module_exit(watch_exit);
MODULE_DESCRIPTION("goroutines that stand still, for tests of the watchdog");
MODULE_LICENSE("GPL");
