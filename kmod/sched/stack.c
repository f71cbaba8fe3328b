// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stacks: THREAD_SIZE, or 4 or 8 KiB on request, above a guard page, as a kernel
 * thread's: pages of ours at addresses of an arena (arena.c). A G gets one when it
 * first runs and gives it back when it ends. And larger ones, vmalloc'ed, for single
 * calls (deep.c).
 *
 * Free stacks are linked through their own memory: per P (the owner's, warm),
 * then in the depot of their size (lock), then, unused for a second and an RCU
 * grace period, back to the system: somebody who reads /proc/PID/stack may have
 * taken an M's stack pointer while it was on this stack.
 *
 * The lowest word is STACK_END_MAGIC (the scheduler checks it at
 * current->stack) and the highest GORO_STACK_TOP bytes stay zero (the stack
 * printer looks for user registers there).
 */
#include <linux/hash.h>
#include <linux/kmemleak.h>
#include <linux/magic.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "arena.h"
#include "sched.h"
#include "trim.h"

#define CACHE_MAX	64	/* a P's free stacks of one size */
#define CLASSES		3	/* 4, 8 KiB, THREAD_SIZE */
/*
 * KASAN: what frames of a G that left by goro_exit() have poisoned stays so
 * until the pages are allocated again. No stack is used twice there.
 */
#define DEAD		CLASSES
#define BIG		(DEAD + 1)	/* THREAD_SIZE * 2 and on, in no P's cache */
#define DEPOTS		(BIG + 4)
static_assert(THREAD_SIZE << (DEPOTS - BIG) >= GORO_CALL_STACK_MAX);

/* L: lock, taken with preemption off */
static struct depot {
	raw_spinlock_t lock;
	void *first;		/* L */
	u32 n;			/* L */
	u32 low;		/* L: the least n since the last trim: not needed */
} depots[DEPOTS];

static void trim(struct work_struct *work);
static DECLARE_DELAYED_WORK(trim_work, trim);

static int class_of(u32 size)
{
	if (size > THREAD_SIZE)
		return BIG + ilog2(size / THREAD_SIZE) - 1;
	return size == SZ_4K ? 0 : size == SZ_8K ? 1 : 2;
}

/* the link lies above the magic word */
static void **link_of(void *stack)
{
	return (void **)stack + 1;
}

/* and above that its size, while it is in a depot */
static u32 *size_of(void *stack)
{
	return (u32 *)((void **)stack + 2);
}

/*
 * KASAN finds a stack's base by masking, and UML's stack printer goes on to the next
 * multiple of THREAD_SIZE, where it would fault in a guard page for ever:
 * page-allocated, hence aligned, there.
 */
#define ALIGNED	(IS_ENABLED(CONFIG_KASAN) || IS_ENABLED(CONFIG_UML))

/* of an arena, whose pages are ours? */
static bool in_arena(u32 size)
{
	return GORO_ARENA && size <= THREAD_SIZE;
}

static void *arena_alloc(u32 size)
{
	LIST_HEAD(pages);
	void *stack;

	if (goro_pages_get(size / PAGE_SIZE, GFP_KERNEL | __GFP_ZERO | __GFP_RETRY_MAYFAIL, &pages))
		goto err;
	stack = goro_arena_get(size);
	if (!stack)
		goto err;
	goro_pages_map(stack, size, &pages);
	return stack;

err:
	goro_pages_put(&pages);
	return NULL;
}

static void *stack_alloc(u32 size)
{
	unsigned long *stack;

	if (in_arena(size)) {
		stack = arena_alloc(size);
	} else if (ALIGNED) {
		stack = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN |
						 __GFP_RETRY_MAYFAIL, get_order(size));
		kmemleak_alloc(stack, size, 1, GFP_KERNEL);
	} else {
		stack = __vmalloc(size, GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN |
				  __GFP_RETRY_MAYFAIL);
	}
	if (!stack)
		return NULL;
	stack[0] = STACK_END_MAGIC;
	goro_count(GORO_C_STACK_CREATED);
	return stack;
}

#define GONE_MAX	64

/* Up to GONE_MAX of an arena's go with one flush. Returns what is left. */
static void *arena_free(void *list)
{
	static void *gone[GONE_MAX];	/* one at a time: the work item, or the unload */
	LIST_HEAD(pages);
	unsigned int n = 0;

	while (list && n < GONE_MAX && in_arena(*size_of(list))) {
		void *stack = list;

		list = *link_of(stack);
		goro_pages_unmap(stack, *size_of(stack), &pages);
		gone[n++] = stack;
	}
	if (!n)
		return list;
	goro_count_n(GORO_C_STACK_DESTROYED, n);
	goro_pages_flush();
	goro_pages_put(&pages);
	while (n--)
		goro_arena_put(gone[n]);
	return list;
}

static void stack_free(void *stack)
{
	goro_count(GORO_C_STACK_DESTROYED);
	if (ALIGNED) {
		kmemleak_free(stack);
		free_pages((unsigned long)stack, get_order(*size_of(stack)));
	} else {
		vfree(stack);
	}
}

static void depot_put(int class, void *stack, u32 size)
{
	struct depot *d = &depots[class];

	*size_of(stack) = size;
	goro_raw_lock(&d->lock, GORO_C_LOCK_DEPOT);
	*link_of(stack) = d->first;
	d->first = stack;
	d->n++;
	raw_spin_unlock(&d->lock);
	if (!delayed_work_pending(&trim_work) && !goro_sched.stopping)
		schedule_delayed_work(&trim_work, HZ);
}

static void *depot_get(int class)
{
	struct depot *d = &depots[class];
	void *stack;

	if (!READ_ONCE(d->first))
		return NULL;
	goro_raw_lock(&d->lock, GORO_C_LOCK_DEPOT);
	stack = d->first;
	if (stack) {
		d->first = *link_of(stack);
		d->n--;
		d->low = min(d->low, d->n);
	}
	raw_spin_unlock(&d->lock);
	return stack;
}

/* Those that nobody took during the last second go. */
static void trim(struct work_struct *work)
{
	void *list = NULL, *stack;
	bool more = false;
	int i;

	for (i = 0; i < DEPOTS; i++) {
		struct depot *d = &depots[i];
		u32 n;

		preempt_disable();
		raw_spin_lock(&d->lock);
		for (n = d->low; n; n--) {
			stack = d->first;
			d->first = *link_of(stack);
			d->n--;
			*link_of(stack) = list;
			list = stack;
		}
		d->low = d->n;
		more |= d->n;
		raw_spin_unlock(&d->lock);
		preempt_enable();
	}
	if (list)
		synchronize_rcu();
	while (list) {
		list = arena_free(list);
		if (list && !in_arena(*size_of(list))) {
			stack = list;
			list = *link_of(stack);
			stack_free(stack);
		}
		cond_resched();
	}
	if (more && !goro_sched.stopping)
		schedule_delayed_work(&trim_work, HZ);
}

/*
 * The first stack pointer on it. They differ: lines of many stacks, at one offset in a
 * page, would fall into one set of the cache. What is between it and GORO_STACK_TOP is
 * nobody's.
 */
unsigned long goro_stack_first(const struct goro_g *g, const void *stack)
{
	unsigned long top = (unsigned long)stack + goro_stack_size(g) - GORO_STACK_TOP;
	u32 colors = goro_stack_size(g) > SZ_4K ? 16 : 8;

	top -= (hash_long((unsigned long)stack >> PAGE_SHIFT, 32) % colors) * 64;
	return ALIGN_DOWN(top, 16);
}

/* A G that has never run is to begin at the top of this stack. */
void goro_stack_set(struct goro_g *g, void *stack)
{
	*link_of(stack) = NULL;
	g->sp = goro_stack_first(g, stack);
	g->pc = (unsigned long)goro_g_entry;
	g->stack = stack;
}

/* What is kept in every stack, where pages have come that may hold anything. */
void goro_stack_prepare(void *stack, u32 size)
{
	*(unsigned long *)stack = STACK_END_MAGIC;
	memset(stack + size - GORO_STACK_TOP, 0, GORO_STACK_TOP);
}

/*
 * Give g a stack without sleeping, from the P's cache or the depot; or its own back,
 * on the M's own stack only.
 */
bool goro_stack_take(struct goro_p *p, struct goro_g *g)
{
	int class = class_of(goro_stack_size(g));
	struct goro_stack_cache *cache = &p->stacks[class];
	void *stack = cache->first;

	if (unlikely(goro_trim_away(g)))
		return goro_trim_back(g);
	if (stack) {
		cache->first = *link_of(stack);
		cache->n--;
	} else {
		stack = depot_get(class);
		if (!stack)
			return false;
	}
	goro_stack_set(g, stack);
	return true;
}

/* A stack is free again. The P may be NULL. */
void goro_stack_put(struct goro_p *p, void *stack, u32 size)
{
	int class = class_of(size);

	if (IS_ENABLED(CONFIG_KASAN)) {
		depot_put(DEAD, stack, size);
		return;
	}
	if (!p || class >= CLASSES || p->stacks[class].n >= CACHE_MAX) {
		depot_put(class, stack, size);
		return;
	}
	*link_of(stack) = p->stacks[class].first;
	p->stacks[class].first = stack;
	p->stacks[class].n++;
}

/* Make a stack, sleeping; it waits in the depot. */
int goro_stack_fill(u32 size)
{
	void *stack = stack_alloc(size);

	if (!stack)
		return -ENOMEM;
	preempt_disable();
	depot_put(class_of(size), stack, size);
	preempt_enable();
	return 0;
}

/* One from the depot, or NULL; preemption is off. */
void *goro_stack_get(u32 size)
{
	void *stack = depot_get(class_of(size));

	if (stack) {
		*link_of(stack) = NULL;
		*size_of(stack) = 0;
	}
	return stack;
}

void goro_stack_init(void)
{
	int i;

	for (i = 0; i < DEPOTS; i++)
		raw_spin_lock_init(&depots[i].lock);
}

/* A P's cache goes to the depot (the P is out, or the Ms have ended). */
void goro_stack_flush(struct goro_p *p)
{
	int i;

	preempt_disable();
	for (i = 0; i < CLASSES; i++) {
		struct goro_stack_cache *cache = &p->stacks[i];

		while (cache->first) {
			void *stack = cache->first;

			cache->first = *link_of(stack);
			depot_put(i, stack, i == 2 ? THREAD_SIZE : SZ_4K << i);
		}
		cache->n = 0;
	}
	preempt_enable();
}

void goro_stack_exit(void)
{
	int i;

	cancel_delayed_work_sync(&trim_work);
	for (i = 0; i < DEPOTS; i++)
		depots[i].low = depots[i].n;
	trim(NULL);
}
