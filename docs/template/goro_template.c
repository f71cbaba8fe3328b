// SPDX-License-Identifier: GPL-2.0 OR MIT
/* goro_template.ko: two goroutines and a channel, until rmmod. Copy it and begin. */
#include <goro/goro.h>

static struct goro_group group;		/* owns the goroutines */
static struct goro_chan *numbers;
static u64 sent, received;

static int producer(void *arg)
{
	while (!goro_chan_send(numbers, &sent)) {	/* parks; -ECANCELED ends it */
		sent++;
		goro_sleep(NSEC_PER_MSEC);
	}
	return 0;
}

static int consumer(void *arg)
{
	u64 n;

	while (goro_chan_recv(numbers, &n) == 1) {
		pr_info_once("goro_template: the first number is %llu\n", n);
		received++;
	}
	return 0;
}

static void template_exit(void)
{
	goro_group_stop(&group);	/* cancels and waits: none of them runs any more */
	goro_chan_put(numbers);
	pr_info("goro_template: %llu sent, %llu received\n", sent, received);
}

static int __init template_init(void)
{
	int err;

	goro_group_init(&group);
	numbers = goro_chan_make(sizeof(u64), 0, 0);
	if (IS_ERR(numbers))
		return PTR_ERR(numbers);
	err = goro_group_go(&group, producer, NULL) ?: goro_group_go(&group, consumer, NULL);
	if (err)
		template_exit();
	return err;
}

module_init(template_init);
module_exit(template_exit);
MODULE_DESCRIPTION("a module with goroutines, to be copied");
MODULE_LICENSE("Dual MIT/GPL");
