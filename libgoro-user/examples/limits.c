// SPDX-License-Identifier: MIT
/* What this kernel's goro can do, and what the caller's user has of it. */
#include <goro.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	int dev = goro_dev_open(), ret = dev;
	struct goro_query q;
	struct goro_usage u;

	if (dev >= 0)
		ret = goro_dev_query(dev, &q);
	if (ret >= 0)
		ret = goro_dev_usage(dev, &u);
	if (ret < 0) {
		fprintf(stderr, "no goro: %s\n", strerror(-ret));
		return 1;
	}
	printf("ABI %u, elements of up to %u bytes\n", q.abi, q.elem_max);
	if (q.features & GORO_FEATURE_TASK)
		printf("tasks with up to %u channels\n", q.task_chans_max);
	if (q.features & GORO_FEATURE_USER)
		printf("channels: %llu of %llu\n", (unsigned long long)u.chans,
		       (unsigned long long)q.user_chans_max);
	return 0;
}
