// SPDX-License-Identifier: GPL-2.0-only
/* goro_torture.ko: being written. */
#include <goro/goro.h>

MODULE_DESCRIPTION("random goroutines and channels with checked invariants");
MODULE_LICENSE("GPL");
