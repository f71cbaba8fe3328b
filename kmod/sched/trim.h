/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks that are taken away while their Gs wait: see trim.c.
 */
#ifndef _GORO_SCHED_TRIM_H
#define _GORO_SCHED_TRIM_H

#include "arena.h"
#include "g.h"

/* where the stack is; T: under trim_lock, but for what is said */
enum goro_away {
	GORO_AWAY_NO,		/* the G may run */
	GORO_AWAY_COPIED,	/* the copy counts; the pages are there, and are about to go */
	GORO_AWAY_GOING,	/* they are going: the trimmer's alone */
	GORO_AWAY_GONE,		/* who runs the G next brings others */
};

/*
 * What a G that was started with GORO_TRIM has besides. H: who holds its claim word
 * in GORO_HELD, or has dequeued it.
 */
struct goro_trim {
	struct list_head node;		/* T: in a list of candidates, a batch, or none */
	struct goro_g *g;		/* C */
	void *copy;			/* H: of what was in use of the stack; NULL: it is there */
	void *stack;			/* H: its lowest address while it is away */
	void *at;			/* H: the G's w.at before it was claimed */
	struct goro_deadline *deadline;	/* H: of the wait, with w.timed */
	u16 len;			/* H: bytes copied */
	u8 away;			/* T, H: enum goro_away */
};

/* Its stack is away: that it has none does not mean that it is new. */
static inline bool goro_trim_away(const struct goro_g *g)
{
	return GORO_ARENA && g->flags & GORO_G_TRIM && READ_ONCE(g->trim->away);
}

/* trim.c; but for goro_trim_new() of Gs with GORO_G_TRIM only */
int goro_trim_init(void);
void goro_trim_exit(void);
int goro_trim_new(struct goro_g *g);
void goro_trim_end(struct goro_g *g);
void goro_trim_seen(struct goro_g *g);
bool goro_trim_back(struct goro_g *g);
int goro_trim_fill(u32 size);

/* trim_move.c; bytes that are in use of a stack, which its G has left */
static inline unsigned long goro_trim_live(const struct goro_g *g, const void *stack)
{
	return goro_stack_first(g, stack) - g->sp;
}

enum goro_moved {
	GORO_MOVED,
	GORO_MOVE_LATER,	/* somebody has a lock that it takes */
	GORO_MOVE_NEVER,	/* this wait leaves the stack where it is */
};
enum goro_moved goro_trim_move_out(struct goro_trim *t, void *copy, unsigned long len);
void goro_trim_move_in(struct goro_trim *t);

#endif /* _GORO_SCHED_TRIM_H */
