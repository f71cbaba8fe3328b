// SPDX-License-Identifier: MIT
/* A poll(2) loop with a ticker in it: a line from a pipe, and the time three times. */
#include <goro.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	uint64_t start = goro_now(), now;
	int dev = goro_dev_open(), t = goro_kticker_make(dev, 10000000, 0), pipes[2], ticks = 0;
	char line[16];

	if (t < 0 || pipe(pipes) || write(pipes[1], "hello\n", 6) != 6)
		return 1;
	while (ticks < 3) {
		struct pollfd p[2] = { { .fd = pipes[0], .events = POLLIN }, { .fd = t, .events = POLLIN } };

		poll(p, 2, -1);
		if (p[0].revents)
			printf("a line of %zd bytes\n", read(pipes[0], line, sizeof(line)));
		if (p[1].revents && read(t, &now, sizeof(now)) == sizeof(now) && ++ticks)
			printf("tick %d, %s\n", ticks,
			       now >= start + 10000000ULL * ticks ? "not early" : "too early");
	}
	goro_kticker_stop(t);
	return 0;
}
