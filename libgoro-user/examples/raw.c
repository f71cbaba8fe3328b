// SPDX-License-Identifier: MIT
/* The device without the library: a channel of three numbers by ioctls, read back by read(2). */
#include <fcntl.h>
#include <linux/goro.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
	struct goro_chan_create make = { .elem = sizeof(uint32_t), .cap = 8 };
	uint32_t v[3] = { 2, 3, 5 }, w[8];
	struct goro_xfer send = { .n = 3, .buf = (uintptr_t)v, .deadline = GORO_FOREVER };
	int dev = open("/dev/goro", O_RDWR | O_CLOEXEC);
	int c = ioctl(dev, GORO_IOC_CHAN_CREATE, &make);
	ssize_t n;

	if (c < 0 || ioctl(c, GORO_IOC_SEND, &send) != 3 || ioctl(c, GORO_IOC_CHAN_CLOSE, 0)) {
		perror("goro");
		return 1;
	}
	n = read(c, w, sizeof(w));
	printf("%zd bytes: %u %u %u\n", n, w[0], w[1], w[2]);
	printf("then %zd: closed and drained\n", read(c, w, sizeof(w)));
	return 0;
}
