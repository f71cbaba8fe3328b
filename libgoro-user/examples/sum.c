// SPDX-License-Identifier: MIT
/* A goroutine of the kernel, of the task class "sum", adds up what is sent to it. */
#include <goro.h>
#include <stdio.h>

int main(void)
{
	int dev = goro_dev_open();
	int c = goro_kchan_make(dev, sizeof(int64_t), 8, 0);
	int total = goro_kchan_make(dev, sizeof(int64_t), 1, 0);
	int chans[] = { c, total };
	int t = goro_ktask_spawn(dev, "sum", NULL, 0, chans, 2);
	int64_t v;

	if (t < 0)
		return 1;
	for (v = 1; v <= 100; v++)
		goro_kchan_send(c, &v);
	goro_kchan_close(c);
	goro_kchan_recv(total, &v);
	printf("%lld\n", (long long)v);
	return 0;
}
