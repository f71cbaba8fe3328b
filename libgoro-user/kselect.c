// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Select: the first of many channels, timers and contexts. */
#include "internal.h"

int goro_kselect(int any, struct goro_select_case *cases, uint32_t n, uint64_t deadline)
{
	struct goro_select_wait a = { .n = n, .cases = (uintptr_t)cases, .deadline = deadline };

	return goro_ioctl_(any, GORO_IOC_SELECT, &a);
}
