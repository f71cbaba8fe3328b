/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A goroutine as a group's member (core/group.c): the port has one in each of its
 * goroutines. L: group->lock.
 */
#ifndef _GORO_CORE_MEMBER_H
#define _GORO_CORE_MEMBER_H

#include <goro/types.h>

struct goro_member {
	struct goro_group *group;	/* the goroutine's own; NULL: it is in none */
	struct list_head node;		/* L */
};

#endif /* _GORO_CORE_MEMBER_H */
