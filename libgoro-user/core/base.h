/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The dialect that core/ is written in, for user space: the kernel's integers,
 * lists, atomics, krefs and macros, as far as core/ uses them, with the
 * kernel's meaning (what returns a value and changes memory is a full barrier).
 *
 * A build that wants to see each atomic operation and each marked access
 * (READ_ONCE() and the like), as the model checker does, defines
 * goro_port_sync(address, writes) before it includes this file; it is called before
 * the operation.
 */
#ifndef _GORO_USER_BASE_H
#define _GORO_USER_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define U32_MAX		UINT32_MAX
#define S64_MAX		INT64_MAX
#define U64_MAX		((u64)~0ULL)
#define BIT(n)		(1UL << (n))
#define ALIGN(x, a)	(((x) + (a) - 1) & ~((a) - 1))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#ifndef goro_port_sync
#define goro_port_sync(address, writes)	do { } while (0)
#endif

/* what only checkers and the module loader read */
#define __acquires(x)
#define __releases(x)
#define __must_hold(x)
#define __must_check		__attribute__((warn_unused_result))
#define __printf(a, b)		__attribute__((__format__(printf, a, b)))
#define __aligned(n)		__attribute__((__aligned__(n)))
#define __maybe_unused		__attribute__((__unused__))
#undef __always_inline
#define __always_inline		inline __attribute__((__always_inline__))
#define noinline		__attribute__((__noinline__))
#define __uninitialized
#define fallthrough		__attribute__((fallthrough))
#define EXPORT_SYMBOL_GPL(f)	extern __typeof__(f) f

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define barrier()		__asm__ volatile("" ::: "memory")
/* each is called with its reason where it is used */
#define READ_ONCE(x)							\
({									\
	goro_port_sync((void *)&(x), false);				\
	__atomic_load_n(&(x), __ATOMIC_RELAXED);			\
})
#define WRITE_ONCE(x, v)						\
({									\
	goro_port_sync((void *)&(x), true);				\
	__atomic_store_n(&(x), (v), __ATOMIC_RELAXED);			\
})
#ifndef smp_mb
#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif
#define smp_load_acquire(p)						\
({									\
	goro_port_sync((void *)(p), false);				\
	__atomic_load_n(p, __ATOMIC_ACQUIRE);				\
})
#define smp_store_release(p, v)						\
({									\
	goro_port_sync((void *)(p), true);				\
	__atomic_store_n(p, v, __ATOMIC_RELEASE);			\
})

#define container_of(ptr, type, member)	((type *)((char *)(ptr) - offsetof(type, member)))
#define min(a, b)		({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); _a < _b ? _a : _b; })
#define max(a, b)		({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); _a > _b ? _a : _b; })
#define min_t(t, a, b)		min((t)(a), (t)(b))
#define max_t(t, a, b)		max((t)(a), (t)(b))
#define swap(a, b)		do { __typeof__(a) _t = (a); (a) = (b); (b) = _t; } while (0)

#define MAX_ERRNO		4095
#define ERR_PTR(err)		((void *)(long)(err))
#define PTR_ERR(ptr)		((long)(ptr))
#define ERR_CAST(ptr)		((void *)(ptr))
#define IS_ERR(ptr)		((unsigned long)(ptr) >= (unsigned long)-MAX_ERRNO)

/* misuse by the program: said once a place, on stderr */
#ifndef WARN_ONCE
#define WARN_ONCE(cond, ...)						\
({									\
	static bool _said;						\
	bool _bad = !!(cond);						\
									\
	if (unlikely(_bad && !__atomic_exchange_n(&_said, true, __ATOMIC_RELAXED)))	\
		fprintf(stderr, __VA_ARGS__);				\
	_bad;								\
})
#endif

/* ---- atomics --------------------------------------------------------- */

typedef struct { int v; } atomic_t;
typedef struct { long v; } atomic_long_t;
typedef struct { s64 v; } atomic64_t;

#define ATOMIC_INIT(n)		{ (n) }

#define GORO_ATOMIC_OPS(name, word)						\
static inline word name##_read(const name##_t *a)				\
{										\
	goro_port_sync((void *)a, false);					\
	return __atomic_load_n(&a->v, __ATOMIC_RELAXED);			\
}										\
static inline word name##_read_acquire(const name##_t *a)			\
{										\
	goro_port_sync((void *)a, false);					\
	return __atomic_load_n(&a->v, __ATOMIC_ACQUIRE);			\
}										\
static inline void name##_set(name##_t *a, word n)				\
{										\
	goro_port_sync(a, true);						\
	__atomic_store_n(&a->v, n, __ATOMIC_RELAXED);				\
}										\
static inline void name##_set_release(name##_t *a, word n)			\
{										\
	goro_port_sync(a, true);						\
	__atomic_store_n(&a->v, n, __ATOMIC_RELEASE);				\
}										\
static inline word name##_xchg(name##_t *a, word n)				\
{										\
	goro_port_sync(a, true);						\
	return __atomic_exchange_n(&a->v, n, __ATOMIC_SEQ_CST);			\
}										\
static inline word name##_cmpxchg(name##_t *a, word old, word n)		\
{										\
	goro_port_sync(a, true);						\
	__atomic_compare_exchange_n(&a->v, &old, n, false, __ATOMIC_SEQ_CST,	\
				    __ATOMIC_SEQ_CST);				\
	return old;								\
}										\
static inline bool name##_try_cmpxchg(name##_t *a, word *old, word n)		\
{										\
	goro_port_sync(a, true);						\
	return __atomic_compare_exchange_n(&a->v, old, n, false,		\
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);	\
}										\
static inline bool name##_try_cmpxchg_acquire(name##_t *a, word *old, word n)	\
{										\
	goro_port_sync(a, true);						\
	return __atomic_compare_exchange_n(&a->v, old, n, false,		\
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);	\
}										\
static inline word name##_cmpxchg_acquire(name##_t *a, word old, word n)	\
{										\
	name##_try_cmpxchg_acquire(a, &old, n);					\
	return old;								\
}										\
static inline bool name##_try_cmpxchg_release(name##_t *a, word *old, word n)	\
{										\
	goro_port_sync(a, true);						\
	return __atomic_compare_exchange_n(&a->v, old, n, false,		\
					   __ATOMIC_RELEASE, __ATOMIC_RELAXED);	\
}										\
static inline word name##_cmpxchg_release(name##_t *a, word old, word n)	\
{										\
	name##_try_cmpxchg_release(a, &old, n);					\
	return old;								\
}										\
static inline word name##_add_return(word n, name##_t *a)			\
{										\
	goro_port_sync(a, true);						\
	return __atomic_add_fetch(&a->v, n, __ATOMIC_SEQ_CST);			\
}										\
static inline word name##_fetch_add(word n, name##_t *a)			\
{										\
	return name##_add_return(n, a) - n;					\
}										\
static inline void name##_add(word n, name##_t *a) { name##_add_return(n, a); }	\
static inline void name##_sub(word n, name##_t *a) { name##_add_return(-n, a); } \
static inline void name##_inc(name##_t *a) { name##_add_return(1, a); }		\
static inline void name##_dec(name##_t *a) { name##_add_return(-1, a); }	\
static inline word name##_inc_return(name##_t *a) { return name##_add_return(1, a); } \
static inline word name##_dec_return(name##_t *a) { return name##_add_return(-1, a); } \
static inline bool name##_dec_and_test(name##_t *a) { return !name##_add_return(-1, a); }

GORO_ATOMIC_OPS(atomic, int)
GORO_ATOMIC_OPS(atomic_long, long)
GORO_ATOMIC_OPS(atomic64, s64)

typedef struct { atomic_t refs; } refcount_t;

static inline void refcount_set(refcount_t *r, int n)
{
	r->refs.v = n;
}

static inline void refcount_inc(refcount_t *r)
{
	atomic_inc(&r->refs);
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	return atomic_dec_and_test(&r->refs);
}

struct kref {
	atomic_t refcount;
};

static inline void kref_init(struct kref *k)
{
	k->refcount.v = 1;
}

static inline void kref_get(struct kref *k)
{
	atomic_inc(&k->refcount);
}

static inline bool kref_get_unless_zero(struct kref *k)
{
	int n = atomic_read(&k->refcount);

	while (n)
		if (atomic_try_cmpxchg(&k->refcount, &n, n + 1))
			return true;
	return false;
}

static inline bool kref_put(struct kref *k, void (*release)(struct kref *k))
{
	if (!atomic_dec_and_test(&k->refcount))
		return false;
	release(k);
	return true;
}

/* ---- lists ----------------------------------------------------------- */

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)	{ &(name), &(name) }
#define LIST_HEAD(name)		struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool list_empty(const struct list_head *l)
{
	return __atomic_load_n(&l->next, __ATOMIC_RELAXED) == l;
}

static inline bool list_is_singular(const struct list_head *l)
{
	return l->next != l && l->next == l->prev;
}

static inline void list_add(struct list_head *n, struct list_head *after)
{
	struct list_head *next = after->next;

	n->prev = after;
	n->next = next;
	next->prev = n;
	__atomic_store_n(&after->next, n, __ATOMIC_RELAXED);
}

static inline void list_add_tail(struct list_head *n, struct list_head *head)
{
	list_add(n, head->prev);
}

static inline void list_del(struct list_head *n)
{
	n->next->prev = n->prev;
	__atomic_store_n(&n->prev->next, n->next, __ATOMIC_RELAXED);
	n->next = NULL;
	n->prev = NULL;
}

static inline void list_del_init(struct list_head *n)
{
	n->next->prev = n->prev;
	__atomic_store_n(&n->prev->next, n->next, __ATOMIC_RELAXED);
	INIT_LIST_HEAD(n);
}

static inline void list_move_tail(struct list_head *n, struct list_head *head)
{
	n->next->prev = n->prev;
	n->prev->next = n->next;
	list_add_tail(n, head);
}

static inline void list_splice_tail_init(struct list_head *from, struct list_head *to)
{
	if (from->next == from)
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	INIT_LIST_HEAD(from);
}

static inline void list_splice_init(struct list_head *from, struct list_head *to)
{
	list_splice_tail_init(from, to->next);
}

#define list_entry(ptr, type, member)		container_of(ptr, type, member)
#define list_first_entry(head, type, member)	list_entry((head)->next, type, member)
#define list_last_entry(head, type, member)	list_entry((head)->prev, type, member)
#define list_next_entry(pos, member)		list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_first_entry_or_null(head, type, member)			\
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_for_each(pos, head)					\
	for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_entry(pos, head, member)				\
	for (pos = list_first_entry(head, __typeof__(*pos), member);	\
	     &pos->member != (head); pos = list_next_entry(pos, member))
#define list_for_each_entry_safe(pos, n, head, member)			\
	for (pos = list_first_entry(head, __typeof__(*pos), member),	\
	     n = list_next_entry(pos, member);				\
	     &pos->member != (head); pos = n, n = list_next_entry(n, member))

#endif /* _GORO_USER_BASE_H */
