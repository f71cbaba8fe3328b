// SPDX-License-Identifier: MIT
/* Five sums, two at a time; then a group in which one task fails and the others are cancelled. */
#define _GNU_SOURCE
#include <goro.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	uint64_t hour = 3600000000000;
	int dev = goro_dev_open(), g = goro_kgroup_make(dev, -1, 2), out, i, result;
	int64_t sum, all = 0;

	out = goro_kchan_make(dev, sizeof(sum), 5, 0);
	for (i = 1; i <= 5; i++) {
		int in = goro_kchan_make(dev, sizeof(sum), 1, 0);

		goro_kchan_send(in, (int64_t[]){ i * i });
		goro_kchan_close(in);
		/* where two run already this waits for one of them to end */
		if (goro_kgroup_go(g, dev, "sum", NULL, 0, (int[]){ in, out }, 2, GORO_FOREVER))
			return 1;
	}
	goro_kgroup_wait(g, &result, GORO_FOREVER);
	while (goro_kchan_recv_until(out, &sum, GORO_NOW) == 1)
		all += sum;
	printf("result %d, sum %lld\n", result, (long long)all);

	g = goro_kgroup_make(dev, -1, 0);
	for (i = 0; i < 3; i++)
		if (goro_kgroup_go(g, dev, "sleep", &hour, sizeof(hour), NULL, 0, GORO_NOW))
			return 1;
	/* nobody can send to a closed channel: the sum is an error */
	goro_kchan_close(out);
	if (goro_kgroup_go(g, dev, "sum", NULL, 0, (int[]){ out, out }, 2, GORO_NOW))
		return 1;
	goro_kgroup_wait(g, &result, GORO_FOREVER);
	printf("result %s: the sleepers are awake\n", strerrorname_np(-result));
	return 0;
}
