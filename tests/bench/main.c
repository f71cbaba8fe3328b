// SPDX-License-Identifier: GPL-2.0-only
/* goro_bench.ko: being written. */
#include <goro/goro.h>

MODULE_DESCRIPTION("goroutines against kthreads and workqueues");
MODULE_LICENSE("GPL");
