// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Contexts: what can be cancelled, from any process that has the descriptor. */
#include "internal.h"

int goro_kctx_make(int dev, int parent, uint64_t deadline)
{
	struct goro_ctx_create a = { .parent = parent, .deadline = deadline };

	return goro_ioctl_(dev, GORO_IOC_CTX, &a);
}

int goro_kctx_cancel(int ctx, int cause)
{
	struct goro_cancel a = { .cause = cause };

	return goro_ioctl_(ctx, GORO_IOC_CTX_CANCEL, &a);
}

int goro_kctx_info(int ctx, struct goro_ctx_info *info)
{
	*info = (struct goro_ctx_info) { 0 };
	return goro_ioctl_(ctx, GORO_IOC_CTX_INFO, info);
}

int goro_kctx_err(int ctx)
{
	struct goro_ctx_info info;
	int ret = goro_kctx_info(ctx, &info);

	return ret ? ret : info.err;
}

/* the receive from its Done channel, which gives nothing but its end */
int goro_kctx_wait(int ctx, uint64_t deadline)
{
	return goro_kchan_recv_until(ctx, NULL, deadline);
}
