/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites of timers and of tickers share.
 */
#ifndef _GORO_TESTS_KUNIT_TIME_H
#define _GORO_TESTS_KUNIT_TIME_H

#include "kunit.h"

#define MS	((u64)NSEC_PER_MSEC)
#define HOUR	(3600ULL * NSEC_PER_SEC)

/* what lies in a timer's channel */
static inline u32 kept(struct goro_chan *c)
{
	unsigned long flags;
	u32 n;

	spin_lock_irqsave(&c->lock, flags);
	n = c->n;
	spin_unlock_irqrestore(&c->lock, flags);
	return n;
}

#define fired(t)	eventually(kept(goro_timer_chan(t)))

static inline u64 now(void)
{
	return ktime_get_ns();
}

static inline struct goro_timer *timer(struct kunit *test, u64 ns)
{
	struct goro_timer *t = goro_timer_make(ns);

	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(t));
	return t;
}

static inline struct goro_timer *ticker(struct kunit *test, u64 ns)
{
	struct goro_timer *t = goro_ticker_make(ns);

	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(t));
	return t;
}

static inline struct goro_chan *after(struct kunit *test, u64 ns)
{
	struct goro_chan *c = goro_after(ns);

	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(c));
	return c;
}

/* what is received next, which is not from before `from` */
static inline u64 next(struct kunit *test, struct goro_timer *t, u64 from)
{
	u64 v = 0;

	KUNIT_EXPECT_EQ(test, goro_chan_recv_until(goro_timer_chan(t), &v, NET), 1);
	KUNIT_EXPECT_GE(test, v, from);
	KUNIT_EXPECT_LE(test, v, now());
	return v;
}

/* nothing is there, and to the eye never was */
static inline void nothing(struct kunit *test, struct goro_timer *t)
{
	struct goro_chan *c = goro_timer_chan(t);
	u64 v = 7;

	KUNIT_EXPECT_EQ(test, goro_chan_len(c), 0U);
	KUNIT_EXPECT_EQ(test, goro_chan_cap(c), 0U);
	KUNIT_EXPECT_EQ(test, goro_chan_try_recv(c, &v), -EAGAIN);
	KUNIT_EXPECT_EQ(test, v, 7ULL);
}

#endif /* _GORO_TESTS_KUNIT_TIME_H */
