// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses for stacks, and pages that come and go at them.
 *
 * An arena is one area of vmalloc's for SLOTS stacks of one size, each above a guard
 * page. So a stack costs 8 bytes a page in the page tables, not an area with its two
 * structures (170 bytes). It is made by mapping one page everywhere, which builds the
 * page tables, and clearing the entries again; from then on we write the entries,
 * and nobody else does: vmalloc knows the area, not what is in it.
 *
 * Who has taken an address (goro_arena_get()) alone maps and unmaps there. An entry
 * that is clear is in no TLB, so mapping needs no flush; after unmapping the pages
 * are kept until goro_pages_flush(), one for many stacks.
 *
 * L: `lock`, a mutex. C: constant. An arena that is empty goes.
 */
#include <linux/gfp.h>
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "arena.h"

int goro_pages_get(unsigned int n, gfp_t gfp, struct list_head *pages)
{
	struct page *page;

	while (n--) {
		page = alloc_page(gfp | __GFP_NOWARN);
		if (!page)
			return -ENOMEM;
		list_add(&page->lru, pages);
	}
	return 0;
}

void goro_pages_put(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}

#if GORO_ARENA
#include <asm/tlbflush.h>

#define SLOTS	64
#define CLASSES	3

struct arena {
	struct rb_node node;		/* L: by address */
	struct list_head open;		/* L: in open[class], while it has a free slot */
	void *base;			/* C */
	u64 free;			/* L: a bit a slot */
	unsigned int pages;		/* C: of a slot, with its guard */
	unsigned int class;		/* C */
};

static DEFINE_MUTEX(lock);
static struct rb_root arenas = RB_ROOT;	/* L */
static struct list_head open[CLASSES] = {	/* L */
	LIST_HEAD_INIT(open[0]), LIST_HEAD_INIT(open[1]), LIST_HEAD_INIT(open[2]),
};

static pte_t *pte_of(void *at)
{
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)at, &level);

	BUG_ON(!pte || level != PG_LEVEL_4K);	/* vmap() has made them so */
	return pte;
}

/* The caller's pages, at the caller's addresses, where nothing is. Does not sleep. */
void goro_pages_map(void *at, u32 size, struct list_head *pages)
{
	void *p;

	for (p = at; p < at + size; p += PAGE_SIZE) {
		struct page *page = list_first_entry(pages, struct page, lru);

		list_del(&page->lru);
		set_pte(pte_of(p), mk_pte(page, PAGE_KERNEL));
	}
	kmemleak_alloc(at, size, 1, GFP_ATOMIC);
}

/* They are in TLBs until goro_pages_flush(). Does not sleep. */
void goro_pages_unmap(void *at, u32 size, struct list_head *pages)
{
	void *p;

	kmemleak_free(at);
	for (p = at; p < at + size; p += PAGE_SIZE) {
		pte_t *pte = pte_of(p);

		list_add(&pte_page(*pte)->lru, pages);
		set_pte(pte, __pte(0));
	}
}

static void flush(void *unused)
{
	__flush_tlb_all();
}

/* All CPUs forget what was unmapped. Process context, interrupts on. */
void goro_pages_flush(void)
{
	on_each_cpu(flush, NULL, 1);
}

static unsigned int class_of(u32 size)
{
	return size == SZ_4K ? 0 : size == SZ_8K ? 1 : 2;
}

/* An area whose page tables are there, and nothing in them. */
static void *area(unsigned int n)
{
	struct page **pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL | __GFP_NOWARN);
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOWARN);
	void *base = NULL;
	unsigned int i;

	if (pages && page) {
		for (i = 0; i < n; i++)
			pages[i] = page;
		base = vmap(pages, n, VM_MAP, PAGE_KERNEL);
	}
	if (base) {
		for (i = 0; i < n; i++)
			set_pte(pte_of(base + i * PAGE_SIZE), __pte(0));
		goro_pages_flush();
	}
	if (page)
		__free_page(page);
	kvfree(pages);
	return base;
}

static struct arena *arena_make(u32 size)
{
	struct rb_node **at = &arenas.rb_node, *up = NULL;
	struct arena *a = kmalloc(sizeof(*a), GFP_KERNEL | __GFP_NOWARN);

	if (!a)
		return NULL;
	a->pages = size / PAGE_SIZE + 1;
	a->class = class_of(size);
	a->free = ~0ULL;
	a->base = area(SLOTS * a->pages);
	if (!a->base) {
		kfree(a);
		return NULL;
	}
	while (*at) {
		up = *at;
		if (a->base < rb_entry(up, struct arena, node)->base)
			at = &up->rb_left;
		else
			at = &up->rb_right;
	}
	rb_link_node(&a->node, up, at);
	rb_insert_color(&a->node, &arenas);
	list_add(&a->open, &open[a->class]);
	return a;
}

static struct arena *arena_of(void *stack)
{
	struct rb_node *at = arenas.rb_node;
	struct arena *a;

	for (;;) {
		a = rb_entry(at, struct arena, node);
		if (stack < a->base)
			at = at->rb_left;
		else if (stack >= a->base + SLOTS * a->pages * PAGE_SIZE)
			at = at->rb_right;
		else
			return a;
	}
}

/* The lowest address of a stack of that size, without pages; or NULL. May sleep. */
void *goro_arena_get(u32 size)
{
	struct list_head *first = &open[class_of(size)];
	struct arena *a;
	void *stack = NULL;
	unsigned int i;

	mutex_lock(&lock);
	a = list_first_entry_or_null(first, struct arena, open) ?: arena_make(size);
	if (a) {
		i = __ffs64(a->free);
		a->free &= ~BIT_ULL(i);
		if (!a->free)
			list_del_init(&a->open);
		stack = a->base + (i * a->pages + 1) * PAGE_SIZE;
	}
	mutex_unlock(&lock);
	return stack;
}

/* Nothing is mapped there any more, and that was flushed. May sleep. */
void goro_arena_put(void *stack)
{
	struct arena *a;

	mutex_lock(&lock);
	a = arena_of(stack);
	if (!a->free)
		list_add(&a->open, &open[a->class]);
	a->free |= BIT_ULL((stack - a->base) / PAGE_SIZE / a->pages);
	if (!~a->free) {
		list_del(&a->open);
		rb_erase(&a->node, &arenas);
		vunmap(a->base);	/* it finds empty entries, which it may */
		kfree(a);
	}
	mutex_unlock(&lock);
}

#else /* !GORO_ARENA: nobody calls them */

void goro_pages_map(void *at, u32 size, struct list_head *pages) { }
void goro_pages_unmap(void *at, u32 size, struct list_head *pages) { }
void goro_pages_flush(void) { }
void *goro_arena_get(u32 size) { return NULL; }
void goro_arena_put(void *stack) { }

#endif
