// SPDX-License-Identifier: MIT
/*
 * The smallest program: one process sends squares, another prints them. The
 * channel is unbuffered, so each send waits for its receive.
 */
#include <goro.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	int dev = goro_dev_open();
	int c = dev < 0 ? dev : goro_kchan_make(dev, sizeof(int), 0, 0);
	int i, v, ret;

	if (c < 0) {
		fprintf(stderr, "no channel: %s\n", strerror(-c));
		return 1;
	}
	switch (fork()) {
	case -1:
		perror("fork");
		return 1;
	case 0:
		for (i = 1; i <= 10; i++) {
			v = i * i;
			if (goro_kchan_send(c, &v) < 0)
				_exit(1);
		}
		_exit(goro_kchan_close(c) < 0);
	}
	while ((ret = goro_kchan_recv(c, &v)) == 1)
		printf("%d ", v);
	printf("- closed\n");
	return ret < 0;
}
