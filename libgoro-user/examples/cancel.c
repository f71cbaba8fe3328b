// SPDX-License-Identifier: MIT
/* Two tasks that sleep, one for a millisecond and one for an hour; poll(2) sees the first end. */
#define _GNU_SOURCE
#include <goro.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	uint64_t ns[2] = { 1000000, 3600000000000 };
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };
	int dev = goro_dev_open(), i, result;

	for (i = 0; i < 2; i++) {
		p[i].fd = goro_ktask_spawn(dev, "sleep", &ns[i], sizeof(ns[i]), NULL, 0);
		if (p[i].fd < 0)
			return 1;
	}
	poll(p, 2, -1);
	printf("task 0 %s, task 1 %s\n", p[0].revents ? "has ended" : "sleeps",
	       p[1].revents ? "has ended" : "sleeps");
	goro_ktask_cancel(p[1].fd);
	for (i = 0; i < 2; i++) {
		goro_ktask_wait(p[i].fd, &result, GORO_FOREVER);
		printf("task %d: %s\n", i, result ? strerrorname_np(-result) : "slept");
		close(p[i].fd);
	}
	return 0;
}
