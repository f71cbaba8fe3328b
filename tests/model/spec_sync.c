// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sequential machine: channels and select, package sync, timers.
 */
#include "spec.h"

/* Who waits first to send on, or receive from, c? Its case, or -1: no select. */
static int partner(const struct state *st, int c, int kind, int not, int *chosen)
{
	int i, k;

	for (i = 0; i < st->nwait; i++) {
		const struct op *op = op_of(st, st->wait[i]);

		*chosen = -1;
		if (st->wait[i] == not)
			continue;
		if (op->kind == kind && op->arg == c)
			return st->wait[i];
		for (k = 0; op->kind == OP_SELECT && k < op->ncases; k++)
			if (op->alts[k].kind == kind && op->alts[k].chan == c) {
				const struct result *r = result_of(st, st->wait[i]);

				/* of several cases of it for this channel any may be met */
				*chosen = k;
				if (r && r->chosen >= 0 && op->alts[r->chosen].kind == kind &&
				    op->alts[r->chosen].chan == c)
					*chosen = r->chosen;
				return st->wait[i];
			}
	}
	return -1;
}

static u8 value_sent(const struct state *st, int g)
{
	return VALUE(g, st->g[g].op);
}

static bool ready(const struct state *st, int g, int kind, int c)
{
	int k;

	if (kind == OP_CTX_DONE) {
		c = scenario_by(scene, c);
		return c >= 0 && st->cx[c].closed;
	}
	if (st->ch[c].closed)
		return true;
	if (kind == OP_SEND)
		return st->ch[c].n < scene->ch[c].cap || partner(st, c, OP_RECV, g, &k) >= 0;
	return st->ch[c].n || partner(st, c, OP_SEND, g, &k) >= 0;
}

/* A send or receive that is ready */
static bool transfer(struct state *st, int g, int kind, int c, int chosen)
{
	int k, p;
	u8 v;

	if (kind == OP_CTX_DONE)
		return done(st, g, 0, 0, chosen);
	if (kind == OP_SEND) {
		v = value_sent(st, g);
		if (st->ch[c].closed)
			return done(st, g, -EPIPE, 0, chosen);
		p = partner(st, c, OP_RECV, g, &k);
		if (p >= 0)
			return done(st, p, 1, v, k) && done(st, g, 0, 0, chosen);
		st->ch[c].buf[st->ch[c].n++] = v;
		return done(st, g, 0, 0, chosen);
	}
	p = partner(st, c, OP_SEND, g, &k);
	if (st->ch[c].n) {
		v = st->ch[c].buf[0];
		memmove(st->ch[c].buf, st->ch[c].buf + 1, 3);
		st->ch[c].buf[--st->ch[c].n] = 0;
		if (p >= 0) {
			st->ch[c].buf[st->ch[c].n++] = value_sent(st, p);
			if (!done(st, p, 0, 0, k))
				return false;
		}
		return done(st, g, 1, v, chosen);
	}
	if (p >= 0)
		return done(st, g, 1, value_sent(st, p), chosen) && done(st, p, 0, 0, k);
	return done(st, g, 0, 0, chosen);
}

static bool close_chan(struct state *st, int g, int c)
{
	int kind, k, p;

	if (st->ch[c].closed)
		return done(st, g, -EBADFD, 0, -1);
	st->ch[c].closed = true;
	for (kind = OP_SEND; kind <= OP_RECV; kind++)
		while ((p = partner(st, c, kind, -1, &k)) >= 0)
			if (!done(st, p, kind == OP_SEND ? -EPIPE : 0, 0, k))
				return false;
	return done(st, g, 0, 0, -1);
}

/* Has a wait of that kind ended well, or not, but not returned, while g's operation was under way? */
static bool wait_leaves(const struct state *st, int g, int kind, bool well)
{
	int o, k, i = st->g[g].op;

	for (o = 0; o < scene->ng; o++)
		for (k = 0; k < scene->g[o].nops; k++)
			if (scene->g[o].ops[k].kind == kind && expect[o][k] && !expect[o][k]->ret == well &&
			    ended[o][k] > begun[g][i] && (!expect[g][i] || begun[o][k] < ended[g][i]))
				return true;
	return false;
}

static bool wg_add(struct state *st, int g, int delta)
{
	const struct result *r = result_of(st, g);
	int i;

	if (r && r->ret == -EBUSY)
		return !st->wg && delta > 0 && wait_leaves(st, g, OP_WAIT, true) &&
		       done(st, g, -EBUSY, 0, -1);
	if (st->wg + delta < 0)
		return done(st, g, -EINVAL, 0, -1);
	st->wg += delta;
	for (i = 0; !st->wg && i < st->nwait;) {
		if (op_of(st, st->wait[i])->kind != OP_WAIT)
			i++;
		else if (!done(st, st->wait[i], 0, 0, -1))
			return false;
	}
	return done(st, g, 0, 0, -1);
}

/* May this lock operation have it, of what is free? */
bool free_for(const struct state *st, int g)
{
	const struct op *op = op_of(st, g);
	int i;

	switch (op->kind) {
	case OP_LOCK:
		return !st->mu;
	case OP_WLOCK:
		return !st->rw;
	case OP_RLOCK:
		return st->rw >= 0;
	default:	/* first come first served */
		for (i = 0; i < st->nwait && st->wait[i] != g; i++)
			if (op_of(st, st->wait[i])->kind == OP_ACQUIRE)
				return false;
		return st->se + op->arg <= SEM_SIZE;
	}
}

bool take(struct state *st, int g)
{
	const struct op *op = op_of(st, g);

	switch (op->kind) {
	case OP_LOCK:
		st->mu = 1;
		break;
	case OP_WLOCK:
		st->rw = -1;
		break;
	case OP_RLOCK:
		st->rw++;
		break;
	default:
		st->se += op->arg;
	}
	return done(st, g, 0, 0, -1);
}

static bool release(struct state *st, int g)
{
	const struct op *op = op_of(st, g);

	if (result_of(st, g) && result_of(st, g)->ret == SKIPPED)
		return done(st, g, SKIPPED, 0, -1);
	switch (op->kind) {
	case OP_UNLOCK:
		st->mu = 0;
		break;
	case OP_WUNLOCK:
		st->rw = 0;
		break;
	case OP_RUNLOCK:
		st->rw--;
		break;
	default:
		st->se -= op->arg;
	}
	return done(st, g, 0, 0, -1);
}

/* Who would have the mutex next: a wait for it, or the end of a Cond's wait. */
static bool mutex_wanted(const struct state *st, int not)
{
	int g;

	for (g = 0; g < scene->ng; g++)
		if (g != not && st->g[g].phase == LATE && op_of(st, g)->kind == OP_COND)
			return true;
	return someone_waits(st, OP_LOCK, not);
}

/* A Cond's waiters are woken: up to `max`, how many? -1: not in this history */
static int wake_cond(struct state *st, int max)
{
	int i, g, n = 0;

	for (i = 0; i < st->nwait && n < max;) {
		g = st->wait[i];
		if (op_of(st, g)->kind != OP_COND) {
			i++;
			continue;
		}
		late(st, g, st->g[g].sub, 0);
		n++;
	}
	return n;
}

/* Whoever replaces a setting may have looked at the clock just before that went off. */
static void leave_setting(struct state *st, int g)
{
	if (st->set == TICKS && st->at > st->clock) {
		st->left_at = st->at;
		st->left_by = g + 1;
	}
	st->tick = 0;
	st->tick_at = 0;
	st->at = 0;
	st->set = 0;
}

static bool set_timer(struct state *st, int g, u8 at, bool at_once)
{
	int was = st->set || st->tick;	/* nothing stale is received */

	leave_setting(st, g);
	st->set = TICKS;
	st->at = at;
	if (at_once && !timer_fires(st))
		return false;
	return done(st, g, was, 0, -1);
}

/* one that waits for a Once that is done */
bool once_ends(struct state *st, int g)
{
	return st->once == 2 &&
	       done(st, g, op_of(st, g)->kind == OP_ONCE ? 0 : st->once_result, ONCE_DONE, -1);
}

/* Go's Once: the first runs the function, the others wait until it has ended. */
static bool once(struct state *st, int g)
{
	const struct op *op = op_of(st, g);

	switch (st->once) {
	case 0:
		st->once = 1;
		return late(st, g, 0, op->kind == OP_ONCE ? 0 : VALUE(g, st->g[g].op));
	case 1:
		return waits(st, g);
	default:
		return done(st, g, op->kind == OP_ONCE ? 0 : st->once_result, ONCE_DONE, -1);
	}
}

/* It has ended: some may know before those are woken that wait for it. */
static bool once_over(struct state *st, int g)
{
	if (st->once == 1) {
		st->once = 2;
		st->once_result = st->g[g].ret;
		return true;
	}
	return !someone_waits(st, OP_ONCE, g) && !someone_waits(st, OP_ONCE_CALL, g) &&
	       done(st, g, st->g[g].ret, ONCE_DONE, -1);
}

/*
 * The moment of g's operation. `way` counts the ways that it can go; false: there
 * is none of that number, or it does not fit the history.
 */
bool sync_moment(struct state *st, int g, int way, bool *more)
{
	const struct op *op = op_of(st, g);
	bool any = false, free;
	int i;

	*more = false;
	switch (op->kind) {
	case OP_SEND:
	case OP_RECV:
		if (ready(st, g, op->kind, op->arg))
			return transfer(st, g, op->kind, op->arg, -1);
		return waits(st, g);
	case OP_SELECT:
		for (i = 0; i < op->ncases; i++) {
			if (!ready(st, g, op->alts[i].kind, op->alts[i].chan))
				continue;
			any = true;
			if (!way--) {
				*more = true;
				return transfer(st, g, op->alts[i].kind, op->alts[i].chan, i);
			}
		}
		return !any && waits(st, g);
	case OP_CLOSE:
		return close_chan(st, g, op->arg);
	case OP_PUT:
		return done(st, g, 0, 0, -1);
	case OP_ADD:
		return wg_add(st, g, op->arg);
	case OP_WAIT:
		return st->wg ? waits(st, g) : done(st, g, 0, 0, -1);
	case OP_LOCK:
		/* one that is handed on is not free, although nobody has it yet */
		*more = !way;
		if (!way)
			return free_for(st, g) && take(st, g);
		return way == 1 && (st->mu || mutex_wanted(st, g)) && waits(st, g);
	case OP_WLOCK:
	case OP_RLOCK:
	case OP_ACQUIRE:
		/* who gave up counts as waiting until it has returned: way 1 */
		free = free_for(st, g) && (op->kind == OP_ACQUIRE || !someone_waits(st, OP_WLOCK, g));
		*more = free && !way &&
			wait_leaves(st, g, op->kind == OP_ACQUIRE ? OP_ACQUIRE : OP_WLOCK, false);
		return free && !way ? take(st, g) : waits(st, g);
	case OP_UNLOCK:
	case OP_WUNLOCK:
	case OP_RUNLOCK:
	case OP_RELEASE:
		return release(st, g);
	case OP_SET:
		return set_timer(st, g, 0, false);
	case OP_SET_AT:
		/* one that has passed fires at once; but the clock may have been looked at before */
		i = VALUE(g, st->g[g].op);
		*more = !way && i <= st->clock;
		return set_timer(st, g, i, *more);
	case OP_STOP:
		i = st->set || st->tick;
		leave_setting(st, g);
		return done(st, g, i, 0, -1);
	case OP_TICK:
		if (!st->tick)
			return waits(st, g);
		i = st->tick_at;
		st->tick = 0;
		st->tick_at = 0;
		return done(st, g, 1, i, -1);
	case OP_DROP:
		st->set = 0;
		return done(st, g, 0, 0, -1);
	case OP_COND:
		if (result_of(st, g) && result_of(st, g)->ret == SKIPPED)
			return done(st, g, SKIPPED, 0, -1);
		st->g[g].sub = UNLOCKS;
		return waits(st, g);
	case OP_SIGNAL:
		return done(st, g, wake_cond(st, 1), 0, -1);
	case OP_BROADCAST:
		return done(st, g, wake_cond(st, MAX_G), 0, -1);
	case OP_ONCE:
	case OP_ONCE_CALL:
		return once(st, g);
	case OP_CANCEL:
		st->cancelled |= 1 << op->arg;
		if (st->g[op->arg].phase == WAITS && op_of(st, op->arg)->kind != OP_GROUP_STOP &&
		    !wait_fails(st, op->arg, -ECANCELED))
			return false;
		return done(st, g, 0, 0, -1);
	}
	return false;
}

/* What is left to do of an operation: of a Cond's wait and a Once's call only. */
bool sync_late(struct state *st, int g)
{
	if (op_of(st, g)->kind != OP_COND)
		return once_over(st, g);
	if (st->g[g].sub == UNLOCKS) {
		st->mu = 0;
		st->g[g].sub = 0;
		return true;
	}
	if (st->mu)
		return false;
	st->mu = 1;
	return failed(st, g, st->g[g].ret);
}

/* The timer fires: the first who waits for it gets it, or it is kept. */
bool timer_fires(struct state *st)
{
	int i;

	if (st->set != TICKS || st->tick)
		return false;	/* a ticker whose tick was not received drops the next */
	st->clock = max(st->clock, st->at);
	if (scene->ti != 'k') {
		st->set = 0;
		st->at = 0;
	}
	if (scene->ti == 'f') {
		for (i = 0; i < scene->ng; i++)
			if (scene->g[i].fn && scene->g[i].group < 0 && !(st->started >> i & 1) &&
			    !scenario_is_after(scene, i)) {
				st->started |= 1 << i;
				break;
			}
		return true;
	}
	for (i = 0; i < st->nwait; i++)
		if (op_of(st, st->wait[i])->kind == OP_TICK)
			return done(st, st->wait[i], 1, st->clock, -1);
	st->tick = 1;
	st->tick_at = st->clock;
	return true;
}

/* It is time, and the timer is still to fire. */
bool clock_moves(struct state *st)
{
	if (st->left_at > st->clock) {
		st->clock = st->left_at;
		return true;
	}
	if (st->set != TICKS || st->at <= st->clock)
		return false;
	st->clock = st->at;
	return true;
}

/* Those that wait for context x to be done */
bool wake_done(struct state *st, int x)
{
	int i, k;

	for (i = 0; i < st->nwait;) {
		int g = st->wait[i], chosen = -1;
		const struct op *op = op_of(st, g);
		bool it = op->kind == OP_CTX_DONE && scenario_by(scene, op->arg) == x;

		for (k = 0; op->kind == OP_SELECT && k < op->ncases; k++)
			if (op->alts[k].kind == OP_CTX_DONE && scenario_by(scene, op->alts[k].chan) == x) {
				const struct result *r = result_of(st, g);

				/* of several cases of it any may be met */
				it = true;
				chosen = r && r->chosen >= 0 &&
					 op->alts[r->chosen].kind == OP_CTX_DONE &&
					 scenario_by(scene, op->alts[r->chosen].chan) == x ? r->chosen : k;
			}
		if (!it)
			i++;
		else if (!done(st, g, 0, 0, chosen))
			return false;
	}
	return true;
}
