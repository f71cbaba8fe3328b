/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses for stacks, and pages that come and go at them: see arena.c.
 */
#ifndef _GORO_SCHED_ARENA_H
#define _GORO_SCHED_ARENA_H

#include <linux/list.h>
#include <linux/types.h>
#include "../compat.h"

/*
 * KASAN and UML want stacks that are aligned to their size (stack.c); in UML a page
 * that is gone is not a matter of one entry in a table, either.
 */
#if defined(GORO_X86) && !defined(CONFIG_KASAN)
#define GORO_ARENA	1
#else
#define GORO_ARENA	0
#endif

/* Pages are linked by page->lru. */
int goro_pages_get(unsigned int n, gfp_t gfp, struct list_head *pages);
void goro_pages_put(struct list_head *pages);
void goro_pages_map(void *at, u32 size, struct list_head *pages);
void goro_pages_unmap(void *at, u32 size, struct list_head *pages);
void goro_pages_flush(void);

void *goro_arena_get(u32 size);
void goro_arena_put(void *stack);

#endif /* _GORO_SCHED_ARENA_H */
