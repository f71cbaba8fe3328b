/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What objects of package sync know in debug builds: their address, so that the
 * use of a copy is seen, and their owner. In others all this is nothing.
 *
 * The owner is written by who has just become it, and forgotten by it before
 * anybody else can. Others read its id, which equals theirs only if they wrote
 * it; where it is printed it may be torn.
 */
#ifndef _GORO_CORE_DEBUG_H
#define _GORO_CORE_DEBUG_H

#include "core.h"

#ifdef GORO_SYNC_DEBUG
/* for any object x that has GORO_SYNC_DEBUG_FIELD */
#define debug_init(x)		((x)->debug = (struct goro_sync_debug) { .self = (x) })
#define debug_check(x)		__debug_check(&(x)->debug, x)
#define debug_own(x)		goro_whoami(&(x)->debug.owner)
#define debug_disown(x)		WRITE_ONCE((x)->debug.owner.id, 0)
/* is it the caller's? */
#define debug_mine(x)		(READ_ONCE((x)->debug.owner.id) == goro_me())
#define debug_not_mine(x)	(!debug_mine(x))
/* for goro_misuse_of(); NULL: nobody's */
#define debug_owner(x)		((x)->debug.owner.id ? &(x)->debug.owner : NULL)

/* for dumps of who waits: the goroutine that has it */
static inline u64 __debug_holder(const struct goro_sync_debug *debug)
{
	u64 id = READ_ONCE(debug->owner.id);

	return id & GORO_WHO_THREAD ? 0 : id;
}

#define debug_holder(x)		__debug_holder(&(x)->debug)

/* 0, or -EINVAL for what is no object, after it was said */
static inline int __debug_check(const struct goro_sync_debug *debug, const void *self)
{
	if (likely(debug->self == self))
		return 0;
	if (debug->self)
		goro_misuse_by("the copy of an object of package sync is used");
	else
		goro_misuse_by("an object of package sync is used that was never initialised");
	return -EINVAL;
}
#else
#define debug_init(x)		((void)(x))
#define debug_check(x)		((void)(x), 0)
#define debug_holder(x)		((void)(x), 0)
#define debug_own(x)		((void)(x))
#define debug_disown(x)		((void)(x))
#define debug_mine(x)		((void)(x), false)
#define debug_not_mine(x)	((void)(x), false)
#define debug_owner(x)		((void)(x), (const struct goro_who *)NULL)
#endif

#endif /* _GORO_CORE_DEBUG_H */
