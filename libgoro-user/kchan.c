// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Channels of the kernel. */
#include "internal.h"

static int xfer(int c, unsigned long cmd, const void *v, uint32_t n, uint32_t flags,
		uint64_t deadline)
{
	struct goro_xfer a = {
		.flags = flags,
		.n = n,
		.buf = (uintptr_t)v,
		.deadline = deadline,
	};

	return goro_ioctl_(c, cmd, &a);
}

int goro_kchan_make(int dev, uint32_t elem, uint64_t cap, uint32_t flags)
{
	struct goro_chan_create a = { .flags = flags, .elem = elem, .cap = cap };

	return goro_ioctl_(dev, GORO_IOC_CHAN_CREATE, &a);
}

int goro_kchan_sendn(int c, const void *v, uint32_t n, uint64_t deadline)
{
	return xfer(c, GORO_IOC_SEND, v, n, 0, deadline);
}

int goro_kchan_send_until(int c, const void *v, uint64_t deadline)
{
	int ret = goro_kchan_sendn(c, v, 1, deadline);

	return ret < 0 ? ret : 0;
}

int goro_kchan_send(int c, const void *v)
{
	return goro_kchan_send_until(c, v, GORO_FOREVER);
}

int goro_kchan_recvn(int c, void *v, uint32_t n, uint32_t flags, uint64_t deadline)
{
	return xfer(c, GORO_IOC_RECV, v, n, flags, deadline);
}

int goro_kchan_recv_until(int c, void *v, uint64_t deadline)
{
	return goro_kchan_recvn(c, v, 1, 0, deadline);
}

int goro_kchan_recv(int c, void *v)
{
	return goro_kchan_recv_until(c, v, GORO_FOREVER);
}

int goro_kchan_close(int c)
{
	return goro_ioctl_(c, GORO_IOC_CHAN_CLOSE, NULL);
}

int goro_kchan_info(int c, struct goro_chan_info *info)
{
	*info = (struct goro_chan_info) { 0 };
	return goro_ioctl_(c, GORO_IOC_CHAN_INFO, info);
}
