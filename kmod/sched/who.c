// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is who: owners of objects in debug builds, and what they are called where
 * somebody else misuses what is theirs.
 */
#include "sched.h"

u64 goro_me(void)
{
	struct goro_g *g = goro_self();

	return g ? g->id : GORO_WHO_THREAD | task_pid_nr(current);
}

void goro_whoami(struct goro_who *who)
{
	struct goro_g *g = goro_self();

	*who = (struct goro_who) { .id = goro_me() };
	if (g) {
		who->fn = (unsigned long)g->fn;
		who->where = g->where;
		strscpy(who->name, g->name ?: "", sizeof(who->name));
	} else {
		strscpy(who->name, current->comm, sizeof(who->name));
	}
}

void __goro_misuse_of(const char *what, bool *said, const struct goro_who *owner)
{
	char text[160];

	if (!owner)
		snprintf(text, sizeof(text), "%s", what);
	else if (owner->id & GORO_WHO_THREAD)
		snprintf(text, sizeof(text), "%s, thread %llu (%s)", what,
			 owner->id & ~GORO_WHO_THREAD, owner->name);
	else
		snprintf(text, sizeof(text), "%s, goroutine %llu (%s%s%ps, started by %pS)", what,
			 owner->id, owner->name, owner->name[0] ? ": " : "",
			 (void *)owner->fn, (void *)owner->where);
	__goro_misuse_by(text, said);
}
