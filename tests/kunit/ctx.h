/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites of contexts share: contexts that are put at the end of a case, and
 * what one is expected to say of itself.
 */
#ifndef _GORO_TESTS_KUNIT_CTX_H
#define _GORO_TESTS_KUNIT_CTX_H

#include "kunit.h"

#define N	24

/* in f->priv */
struct state {
	struct goro_ctx *ctx[N];	/* put at the end */
	atomic_t released;
};

int ctx_fx_init(struct kunit *test);
void ctx_fx_exit(struct kunit *test);

/* asserts that @ctx was made; the fixture puts it */
struct goro_ctx *keep(struct kunit *test, int i, struct goro_ctx *ctx);

#define BG		goro_ctx_background()
#define CANCEL(i, p)	keep(test, i, goro_ctx_with_cancel(p))

/* how many hang below it: contexts, and functions */
u32 ctx_children(struct goro_ctx *ctx);

/* all that can be asked of a context agrees */
void expect_state(struct kunit *test, struct goro_ctx *ctx, int err, int cause);

#define LIVES(ctx)	expect_state(test, ctx, 0, 0)
#define CANCELLED(ctx)	expect_state(test, ctx, -ECANCELED, -ECANCELED)
#define TIMED_OUT(ctx)	expect_state(test, ctx, -ETIMEDOUT, -ETIMEDOUT)

#endif /* _GORO_TESTS_KUNIT_CTX_H */
