// SPDX-License-Identifier: GPL-2.0-only
/* A module of somebody else's, built against what is installed: four goroutines add up 1 to 1000. */
#include <linux/err.h>
#include <goro/goro.h>

static int worker(void *arg)
{
	struct goro_chan **c = arg;
	u64 n, sum = 0;

	while (goro_chan_recv(c[0], &n) == 1)
		sum += n;
	return goro_chan_send(c[1], &sum);
}

static int __init stranger_init(void)
{
	struct goro_chan *c[2] = { goro_chan_make(8, 64, 0), goro_chan_make(8, 0, 0) };
	struct goro_group workers;
	u64 i, sum, total = 0;
	int err = -ENOMEM;

	if (IS_ERR(c[0]) || IS_ERR(c[1]))
		goto out;
	goro_group_init(&workers);
	for (i = 0, err = 0; i < 4 && !err; i++)
		err = goro_group_go(&workers, worker, c);
	for (i = 1; i <= 1000 && !err; i++)
		err = goro_chan_send(c[0], &i);
	goro_chan_close(c[0]);
	for (i = 0; i < 4 && !err; i++) {
		err = goro_chan_recv(c[1], &sum) == 1 ? 0 : -EIO;
		total += sum;
	}
	goro_group_stop(&workers);
	pr_info("goro_stranger: %llu\n", total);
out:
	if (!IS_ERR(c[0]))
		goro_chan_put(c[0]);
	if (!IS_ERR(c[1]))
		goro_chan_put(c[1]);
	return err;
}

static void __exit stranger_exit(void)
{
}

module_init(stranger_init);
module_exit(stranger_exit);
MODULE_DESCRIPTION("a stranger's module, for the tests of make install");
MODULE_LICENSE("GPL");
