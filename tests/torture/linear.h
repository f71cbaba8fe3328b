/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Histories of one channel, and whether it can have been one (linear.c).
 */
#ifndef _GORO_TESTS_LINEAR_H
#define _GORO_TESTS_LINEAR_H

#include <linux/types.h>

enum tt_call { TT_SEND, TT_RECV, TT_CLOSE };

/*
 * One call. start and end are numbers drawn before and after it from one counter
 * for all, so that one that ended before another began has the smaller ones.
 * value: of a send that succeeded or a receive that got one; each is sent once.
 */
struct tt_op {
	u64 start, end;
	u32 value;
	s16 ret;
	u8 call;		/* enum tt_call */
	u8 chan;		/* which; the checker is given one channel's */
};

/*
 * Check the history of a channel of capacity @cap, at the end of which it was
 * drained. @nvalues: values are below it. NULL: it is good; else what is wrong
 * with it. ERR_PTR(-ENOMEM).
 */
const char *tt_linear(const struct tt_op *ops, u32 n, u32 nvalues, u32 cap);

/* Handmade histories, good and bad: does the checker tell them apart? */
bool tt_linear_selftest(void);

#endif /* _GORO_TESTS_LINEAR_H */
