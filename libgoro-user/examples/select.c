// SPDX-License-Identifier: MIT
/* Two tasks answer, one at once and one never; select takes what comes first, until nothing does. */
#include <goro.h>
#include <stdio.h>

int main(void)
{
	int dev = goro_dev_open(), in[2], out[2], answers = 0, i;
	int64_t v[2];

	for (i = 0; i < 2; i++) {
		in[i] = goro_kchan_make(dev, sizeof(v[0]), 3, 0);
		out[i] = goro_kchan_make(dev, sizeof(v[0]), 1, 0);
		if (goro_ktask_spawn(dev, "sum", NULL, 0, (int[]){ in[i], out[i] }, 2) < 0)
			return 1;
	}
	/* the first task gets all its numbers, the second one waits for more */
	goro_kchan_sendn(in[0], (int64_t[]){ 1, 2, 3 }, 3, GORO_FOREVER);
	goro_kchan_close(in[0]);

	for (;;) {
		struct goro_select_case cases[] = {
			goro_kselect_recv(out[0], &v[0], sizeof(v[0])),
			goro_kselect_recv(out[1], &v[1], sizeof(v[1])),
		};
		uint64_t until = answers ? goro_in(10000000) : GORO_FOREVER;

		i = goro_kselect(dev, cases, 2, until);
		if (i < 0)
			break;
		printf("task %d: %lld\n", i, (long long)v[i]);
		answers++;
	}
	printf("then nothing for 10 ms\n");
	return 0;
}
