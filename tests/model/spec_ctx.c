// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sequential machine: contexts and groups.
 *
 * A cancel of a tree is no single moment: a context's error and cause are; its
 * children are cancelled one by one after it, and those that wait under it, and who
 * waits for Done, are woken one by one. Functions that are to run then are started
 * with the error: nobody can see that it is later. All that is over when the call
 * that cancels ends; but for what somebody else had begun to cancel.
 */
#include "spec.h"

/* the nearest ancestor that can be cancelled, or -1 */
static int up(int x)
{
	return scene->cx[x].parent < 0 ? -1 : scenario_by(scene, scene->cx[x].parent);
}

static bool cancellable(int x)
{
	return scenario_by(scene, x) == x;
}

/* What is to be: goroutine g begins. */
static void start(struct state *st, int g)
{
	st->started |= 1 << g;
}

static void cancel(struct state *st, int x, int err, u8 cause, int who)
{
	int i;

	st->cx[x].err = err;
	st->cx[x].cause = cause;
	st->cx[x].who = who;
	if (st->cx[x].done)
		st->cx[x].closer = who;
	for (i = 0; i < scene->ng; i++)
		if (st->after[i].armed && st->after[i].by == x) {
			st->after[i].armed = 0;
			start(st, i);
		}
	for (i = 0; i < scene->ncx; i++)
		if (cancellable(i) && up(i) == x && st->cx[i].made && !st->cx[i].err)
			st->cx[i].who = who;
}

bool fires_ctx(struct state *st, int x)
{
	if (scene->cx[x].kind != 'y' || !st->cx[x].made || st->cx[x].err)
		return false;
	cancel(st, x, -ETIMEDOUT, CAUSE_DEADLINE + x, NOBODY_WAITS_FOR);
	return true;
}

bool comes_to(struct state *st, int x)
{
	if (!st->cx[x].who || st->cx[x].err)
		return false;
	cancel(st, x, st->cx[up(x)].err, st->cx[up(x)].cause, st->cx[x].who);
	return true;
}

bool closes_done(struct state *st, int x)
{
	if (!st->cx[x].closer || st->cx[x].closed)
		return false;
	st->cx[x].closed = 1;
	return wake_done(st, x);
}

/*
 * Is Done of all contexts there that g's operation asks it of? Who makes the channel
 * closes it before he goes on, where the context was cancelled before; others may find
 * it open until then.
 */
enum done_state done_of(struct state *st, int g)
{
	const struct op *op = op_of(st, g);
	int i, x;

	for (i = 0; i < max(op->ncases, 1); i++) {
		if (op->kind == OP_CTX_DONE)
			x = scenario_by(scene, op->arg);
		else if (op->kind == OP_SELECT && op->ncases && op->alts[i].kind == OP_CTX_DONE)
			x = scenario_by(scene, op->alts[i].chan);
		else
			continue;
		if (x < 0)
			continue;
		if (!st->cx[x].done) {
			st->cx[x].done = 1;
			if (st->cx[x].err)
				st->cx[x].closer = g + 1;
			return DONE_MADE;
		}
		if (st->cx[x].closer == g + 1 && !st->cx[x].closed)
			return DONE_TO_CLOSE;
	}
	return DONE_THERE;
}

int under(const struct state *st, int g, int i)
{
	const struct op *op = op_of(st, g);
	int gr = scene->g[g].group;

	switch (i) {
	case 0:
		return op->cx >= 0 ? scenario_by(scene, op->cx) : -1;
	case 1:
		return gr >= 0 && scene->gr[gr].cx >= 0 ? scene->gr[gr].cx : -1;
	default:
		return op->kind == OP_GO ? scene->gr[scene->g[op->arg].group].cx : -1;
	}
}

bool under_cancelled(const struct state *st, int g)
{
	int i, x;

	for (i = 0; i < 3; i++) {
		x = under(st, g, i);
		if (x >= 0 && st->cx[x].err)
			return true;
	}
	return false;
}

/* Does somebody wait under x, whom its cancel has to wake? */
static bool waited_under(const struct state *st, int x)
{
	int i, k;

	for (i = 0; i < st->nwait; i++)
		for (k = 0; k < 3 && op_of(st, st->wait[i])->kind != OP_GROUP_STOP; k++)
			if (under(st, st->wait[i], k) == x)
				return true;
	return false;
}

bool cancels(const struct state *st, int g)
{
	int x;

	for (x = 0; x < scene->ncx; x++)
		if (st->cx[x].who == g + 1 &&
		    (!st->cx[x].err || waited_under(st, x) ||
		     (st->cx[x].closer == g + 1 && !st->cx[x].closed)))
			return true;
	for (x = 0; x < scene->ng; x++)
		if (st->member_who[x] == g + 1)
			return true;
	return false;
}

void cancel_over(struct state *st, int g)
{
	int x;

	for (x = 0; x < scene->ncx; x++)
		if (st->cx[x].who == g + 1)
			st->cx[x].who = 0;
}

bool ctx_at_rest(const struct state *st)
{
	int x;

	for (x = 0; x < scene->ncx; x++) {
		if (st->cx[x].err ? st->cx[x].done && !st->cx[x].closed : st->cx[x].who)
			return false;
		if (scene->cx[x].kind == 'y' && st->cx[x].made && !st->cx[x].put && !st->cx[x].err)
			return false;
	}
	for (x = 0; x < scene->ng; x++)
		if (st->member_who[x])
			return false;
	return true;
}

static bool derive(struct state *st, int g, int x)
{
	int parent = up(x);

	st->cx[x].made = 1;
	if (cancellable(x) && parent >= 0 && st->cx[parent].err) {
		st->cx[x].err = st->cx[parent].err;
		st->cx[x].cause = st->cx[parent].cause;
	}
	return done(st, g, 0, 0, -1);
}

static bool after(struct state *st, int g, const struct op *op)
{
	int by = scenario_by(scene, op->arg);

	if (by >= 0 && st->cx[by].err) {
		start(st, op->fn);
	} else {
		st->after[op->fn].armed = 1;
		st->after[op->fn].by = by;
	}
	return done(st, g, 0, 0, -1);
}

static bool after_stop(struct state *st, int g, const struct op *op)
{
	bool was = st->after[op->arg].armed;

	if (result_of(st, g) && result_of(st, g)->ret == SKIPPED)
		return done(st, g, SKIPPED, 0, -1);
	st->after[op->arg].armed = 0;
	return done(st, g, was, 0, -1);
}

static bool ctx_cancel(struct state *st, int g, int x)
{
	bool first = !st->cx[x].err;

	if (first)
		cancel(st, x, -ECANCELED, VALUE(g, st->g[g].op), g + 1);
	return done(st, g, first, 0, -1);
}

/* ---- groups ---------------------------------------------------------- */

/* sub: what comes next: the cancel of the group's context, the wait, the wait's end */
enum { CONTEXT = 1, STOPS, WOKEN };

static bool group_cancelled(const struct state *st, int gr)
{
	int x = scene->gr[gr].cx;

	return st->gr[gr].cancelled || (x >= 0 && st->cx[x].err);
}

/* One less, whether member or waiting for a slot: the last one wakes who waits for the group. */
static void one_less(struct state *st, int gr)
{
	int i, g;

	if (--st->gr[gr].n)
		return;
	for (i = 0; i < st->nwait;) {
		g = st->wait[i];
		if ((op_of(st, g)->kind == OP_GROUP_WAIT || op_of(st, g)->kind == OP_GROUP_STOP) &&
		    op_of(st, g)->arg == gr)
			late(st, g, st->g[g].sub, 0);
		else
			i++;
	}
}

static void join(struct state *st, int gr, int g)
{
	st->gr[gr].members |= 1 << g;
	start(st, g);
}

static bool go(struct state *st, int g, int member)
{
	int gr = scene->g[member].group;

	if (group_cancelled(st, gr))
		return done(st, g, -ECANCELED, 0, -1);
	if (scene->gr[gr].limit < 0 || st->gr[gr].used < scene->gr[gr].limit) {
		st->gr[gr].used++;
		st->gr[gr].n++;
		join(st, gr, member);
		return done(st, g, 0, 0, -1);
	}
	if (op_of(st, g)->mode == M_TRY)
		return done(st, g, -EAGAIN, 0, -1);
	st->gr[gr].n++;
	return waits(st, g);
}

/* It has a slot (0), or gave up; it joins, or leaves, under the lock. */
static bool go_late(struct state *st, int g, int member)
{
	int gr = scene->g[member].group;
	int ret = group_cancelled(st, gr) ? -ECANCELED : st->g[g].ret;

	if (ret)
		one_less(st, gr);
	else
		join(st, gr, member);
	return done(st, g, ret, 0, -1);
}

/* Those that wait for a slot have one, or none is needed any more. */
static bool give_slot(struct state *st, int gr)
{
	int i, g;

	for (i = 0; i < st->nwait; i++) {
		g = st->wait[i];
		if (op_of(st, g)->kind == OP_GO && scene->g[op_of(st, g)->arg].group == gr)
			return late(st, g, 0, 0);
	}
	return false;
}

static bool leave(struct state *st, int g, int err)
{
	int gr = scene->g[g].group, x = scene->gr[gr].cx;

	if (st->g[g].phase == BEGUN && err && !st->gr[gr].err) {
		st->gr[gr].err = err;
		if (x >= 0)
			return late(st, g, CONTEXT, err);
	}
	/* the first error cancels the rest: after it was noted, before the member has left */
	if (st->g[g].phase == LATE && st->g[g].sub == CONTEXT) {
		if (!st->cx[x].err)
			cancel(st, x, -ECANCELED, st->g[g].ret, g + 1);
		return late(st, g, 0, 0);
	}
	if (cancels(st, g))
		return false;
	st->gr[gr].members &= ~(1 << g);
	if (group_cancelled(st, gr) || !give_slot(st, gr))
		st->gr[gr].used--;
	one_less(st, gr);
	return done(st, g, 0, 0, -1);
}

/* Who waits for a group finds that all have ended. */
static bool group_over(struct state *st, int g, int gr, bool result)
{
	int x = scene->gr[gr].cx, err = st->gr[gr].err;

	if (!st->gr[gr].n && x >= 0 && !st->gr[gr].over) {
		st->gr[gr].over = 1;
		st->gr[gr].cancelled = 1;
		if (!st->cx[x].err)
			cancel(st, x, -ECANCELED, err ? err : -ECANCELED, g + 1);
	}
	return done(st, g, result ? err : 0, 0, -1);
}

static bool group_wait(struct state *st, int g, int gr)
{
	if (!st->gr[gr].n)
		return group_over(st, g, gr, true);
	if (scene->g[g].group == gr)
		return done(st, g, -EDEADLK, 0, -1);
	return waits(st, g);
}

static bool group_cancel(struct state *st, int g, int gr)
{
	int i;

	st->gr[gr].cancelled = 1;
	for (i = 0; i < scene->ng; i++)
		if (st->gr[gr].members >> i & 1 && !(st->cancelled >> i & 1))
			st->member_who[i] = g + 1;
	while (give_slot(st, gr))
		;
	/* its context is cancelled after that: it may be over by then */
	return late(st, g, CONTEXT, st->gr[gr].over);
}

bool comes_to_member(struct state *st, int g)
{
	st->member_who[g] = 0;
	st->cancelled |= 1 << g;
	return st->g[g].phase != WAITS || op_of(st, g)->kind == OP_GROUP_STOP ||
	       wait_fails(st, g, -ECANCELED);
}

static bool group_cancel_late(struct state *st, int g, int gr)
{
	bool stop = op_of(st, g)->kind == OP_GROUP_STOP;
	int x = scene->gr[gr].cx;

	if (cancels(st, g))
		return false;
	switch (st->g[g].sub) {
	case CONTEXT:
		if (x >= 0 && !st->g[g].ret && !st->cx[x].err)
			cancel(st, x, -ECANCELED, (u8)-ECANCELED, g + 1);
		st->g[g].ret = 0;
		st->g[g].sub = STOPS;
		return stop || done(st, g, 0, 0, -1);
	case STOPS:
		if (!st->gr[gr].n)
			return group_over(st, g, gr, false);
		st->g[g].sub = WOKEN;
		return waits(st, g);
	default:
		return group_over(st, g, gr, false);
	}
}

/* ---------------------------------------------------------------------- */

/* The moment of g's operation. */
bool ctx_moment(struct state *st, int g)
{
	const struct op *op = op_of(st, g);
	int x = op->arg, by;

	switch (op->kind) {
	case OP_CTX_CANCEL:
		return ctx_cancel(st, g, x);
	case OP_CTX_ERR:
		by = scenario_by(scene, x);
		return by < 0 ? done(st, g, 0, 0, -1) :
				done(st, g, st->cx[by].err, st->cx[by].cause, -1);
	case OP_CTX_DONE:
		by = scenario_by(scene, x);
		return by >= 0 && st->cx[by].closed ? done(st, g, 0, 0, -1) : waits(st, g);
	case OP_CTX_VALUE:
		while (x >= 0 && scene->cx[x].kind != 'v')
			x = scene->cx[x].parent;
		return done(st, g, x + 1, 0, -1);
	case OP_CTX_DERIVE:
		return derive(st, g, x);
	case OP_CTX_PUT:
		st->cx[x].put = 1;
		return done(st, g, 0, 0, -1);
	case OP_AFTER:
		return after(st, g, op);
	case OP_AFTER_STOP:
		return after_stop(st, g, op);
	case OP_GO:
		return go(st, g, op->arg);
	case OP_LEAVE:
		return leave(st, g, -op->arg);
	case OP_GROUP_WAIT:
		return group_wait(st, g, op->arg);
	case OP_GROUP_CANCEL:
	case OP_GROUP_STOP:
		return group_cancel(st, g, op->arg);
	}
	return false;
}

/* What is left to do of it. */
bool ctx_late(struct state *st, int g)
{
	const struct op *op = op_of(st, g);

	switch (op->kind) {
	case OP_GO:
		return go_late(st, g, op->arg);
	case OP_LEAVE:
		return leave(st, g, 0);
	case OP_GROUP_WAIT:
		return group_over(st, g, op->arg, true);
	default:
		return group_cancel_late(st, g, op->arg);
	}
}
