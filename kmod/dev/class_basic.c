// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task classes "echo", "sum" and "sleep": see uapi/linux/goro.h. Small enough
 * to read, and what the tests of task fds stand on.
 */
#include <linux/slab.h>
#include "dev.h"

static int count_result(u64 n)
{
	return min_t(u64, n, INT_MAX);
}

static int echo_prepare(struct goro_task *t)
{
	size_t elem = goro_chan_elem(goro_task_chan(t, 0));
	void *buf;
	int err;

	if (goro_task_arg_len(t) || goro_task_n_chans(t) != 2 ||
	    goro_chan_elem(goro_task_chan(t, 1)) != elem)
		return -EINVAL;
	err = goro_task_charge(t, elem);
	if (err)
		return err;
	buf = kvmalloc(max_t(size_t, elem, 1), GORO_DEV_GFP);
	if (!buf)
		return -ENOMEM;
	goro_task_set_data(t, buf);
	return 0;
}

static int echo_run(struct goro_task *t)
{
	void *v = goro_task_data(t);
	u64 n = 0;
	int err;

	while (goro_task_go_on(t)) {
		err = goro_chan_recv(goro_task_chan(t, 0), v);
		if (err <= 0)
			return err ? err : count_result(n);
		err = goro_chan_send(goro_task_chan(t, 1), v);
		if (err)
			return err;
		n++;
	}
	return -ECANCELED;
}

static void echo_release(struct goro_task *t)
{
	kvfree(goro_task_data(t));
}

static int sum_prepare(struct goro_task *t)
{
	if (goro_task_arg_len(t) || goro_task_n_chans(t) != 2 ||
	    goro_chan_elem(goro_task_chan(t, 0)) != sizeof(s64) ||
	    goro_chan_elem(goro_task_chan(t, 1)) != sizeof(s64))
		return -EINVAL;
	return 0;
}

static int sum_run(struct goro_task *t)
{
	u64 sum = 0, n = 0;	/* unsigned: overflow wraps */
	s64 v;
	int err;

	while ((err = goro_chan_recv(goro_task_chan(t, 0), &v)) == 1) {
		sum += v;
		n++;
		if (!goro_task_go_on(t))
			return -ECANCELED;
	}
	if (!err)
		err = goro_chan_send(goro_task_chan(t, 1), &sum);
	return err ? err : count_result(n);
}

static int sleep_prepare(struct goro_task *t)
{
	return goro_task_arg_len(t) == sizeof(u64) && !goro_task_n_chans(t) ? 0 : -EINVAL;
}

static int sleep_run(struct goro_task *t)
{
	return goro_sleep(*(const u64 *)goro_task_arg(t));
}

static struct goro_class basic[] = {
	{
		.name = "echo",
		.flags = GORO_CLASS_UNPRIVILEGED,
		.prepare = echo_prepare,
		.run = echo_run,
		.release = echo_release,
	},
	{
		.name = "sum",
		.flags = GORO_CLASS_UNPRIVILEGED,
		.prepare = sum_prepare,
		.run = sum_run,
	},
	{
		.name = "sleep",
		.flags = GORO_CLASS_UNPRIVILEGED,
		.prepare = sleep_prepare,
		.run = sleep_run,
	},
};

void goro_class_basic_exit(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(basic); i++)
		goro_class_unregister(&basic[i]);
}

int goro_class_basic_init(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(basic); i++) {
		err = goro_class_register(&basic[i]);
		if (err)
			goto undo;
	}
	return 0;

undo:
	while (i--)
		goro_class_unregister(&basic[i]);
	return err;
}
