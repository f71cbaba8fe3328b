/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Histories of a few channels, and whether they can have been channels (linear.c).
 */
#ifndef _GORO_TESTS_LINEAR_H
#define _GORO_TESTS_LINEAR_H

#include <linux/types.h>

#define TT_CHANS	3

enum tt_call { TT_SEND, TT_RECV, TT_CLOSE };

/*
 * One call. start and end are numbers drawn before and after it from one counter
 * for all, so that one that ended before another began has the smaller ones.
 * value: of a send that succeeded or a receive that got one; each is sent once.
 *
 * A select that chose a case is a send or receive on that case's channel. One that
 * chose none is one for each of its cases, which failed alike (-EAGAIN, -ETIMEDOUT)
 * and have its number in `select`: they stand one behind the other.
 */
struct tt_op {
	u64 start, end;
	u32 value;
	s16 ret;
	u8 call;		/* enum tt_call */
	u8 chan;
	u32 select;		/* 0: none */
};

/*
 * Check the history of @nchans channels of these capacities, at the end of which they
 * were drained. @nvalues: values are below it. NULL: it is good; else what is wrong
 * with it. ERR_PTR(-ENOMEM).
 */
const char *tt_linear(const struct tt_op *ops, u32 n, u32 nvalues, const u32 *caps, u32 nchans);

/* Handmade histories, good and bad: does the checker tell them apart? */
bool tt_linear_selftest(void);

#endif /* _GORO_TESTS_LINEAR_H */
