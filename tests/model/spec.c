// SPDX-License-Identifier: GPL-2.0-only
/*
 * Go's semantics as a sequential machine, and whether a history is one of it.
 *
 * An operation takes effect at one moment between its begin and its end: it
 * does its work, or it finds that it has to wait and stands in the queue from
 * that moment on. Who waits is ended by another's moment, or by its deadline.
 * A history is right if such moments can be found for all operations, with the
 * results that they had; and if at the end of the run those that have not ended
 * wait in the machine, too (no wakeup was lost).
 *
 * The search goes along the history and tries, between two entries, every moment
 * that fits. States that led nowhere are remembered.
 */
#include "model.h"

enum phase { IDLE, BEGUN, WAITS, DONE };

/* a timer is made set, for ever: that is stopped like any setting */
enum { FOREVER = 1, TICKS };

struct state {
	struct { u8 n, closed, buf[4]; } ch[MAX_CH];
	s8 wg, rw;		/* rw: readers, or -1 */
	u8 mu, se;
	u8 set, tick;		/* the timer is; it has fired, which was not received */
	u8 cancelled;		/* a bit a goroutine */
	u8 nwait, wait[MAX_G];	/* who waits, in order */
	struct { u8 op, phase; } g[MAX_G];
};

#define MEMO	(1U << 14)
static struct {
	u64 key[MEMO];
	u32 run[MEMO], now;
} memo;

static const struct scenario *sc;
static const struct history *hist;
static const struct result *expect[MAX_G][MAX_OPS];	/* NULL: has not ended */
static u8 begun[MAX_G][MAX_OPS], ended[MAX_G][MAX_OPS];	/* where in the history */
static u32 steps;

static const struct op *op_of(const struct state *st, int g)
{
	return &sc->g[g].ops[st->g[g].op];
}

/* g's operation is over, with this; false: not in this history */
static bool done(struct state *st, int g, int ret, u8 value, int chosen)
{
	const struct result *r = expect[g][st->g[g].op];
	int i, n = 0;

	if (!r || r->ret != ret || r->value != value || r->chosen != chosen)
		return false;
	if (st->g[g].phase == WAITS) {
		for (i = 0; i < st->nwait; i++)
			if (st->wait[i] != g)
				st->wait[n++] = st->wait[i];
		st->wait[n] = 0;
		st->nwait = n;
	}
	st->g[g].phase = DONE;
	return true;
}

static bool waits(struct state *st, int g)
{
	const struct op *op = op_of(st, g);

	if (op->mode == M_TRY)
		return done(st, g, -EAGAIN, 0, -1);
	if (st->cancelled >> g & 1)
		return done(st, g, -ECANCELED, 0, -1);
	st->g[g].phase = WAITS;
	st->wait[st->nwait++] = g;
	return true;
}

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
				const struct result *r = expect[st->wait[i]][st->g[st->wait[i]].op];

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

	if (st->ch[c].closed)
		return true;
	if (kind == OP_SEND)
		return st->ch[c].n < sc->ch[c].cap || partner(st, c, OP_RECV, g, &k) >= 0;
	return st->ch[c].n || partner(st, c, OP_SEND, g, &k) >= 0;
}

/* A send or receive that is ready */
static bool transfer(struct state *st, int g, int kind, int c, int chosen)
{
	int k, p;
	u8 v;

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

	for (o = 0; o < sc->ng; o++)
		for (k = 0; k < sc->g[o].nops; k++)
			if (sc->g[o].ops[k].kind == kind && expect[o][k] && !expect[o][k]->ret == well &&
			    ended[o][k] > begun[g][i] && (!expect[g][i] || begun[o][k] < ended[g][i]))
				return true;
	return false;
}

static bool wg_add(struct state *st, int g, int delta)
{
	const struct result *r = expect[g][st->g[g].op];
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

static bool someone_waits(const struct state *st, int kind, int not)
{
	int i;

	for (i = 0; i < st->nwait; i++)
		if (st->wait[i] != not && op_of(st, st->wait[i])->kind == kind)
			return true;
	return false;
}

/* May this lock operation have it, of what is free? */
static bool free_for(const struct state *st, int g)
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

static bool take(struct state *st, int g)
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

	if (expect[g][st->g[g].op] && expect[g][st->g[g].op]->ret == SKIPPED)
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

/*
 * The moment of g's operation. `way` counts the ways that it can go; false: there
 * is none of that number, or it does not fit the history.
 */
static bool moment(struct state *st, int g, int way, bool *more)
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
		return way == 1 && (st->mu || someone_waits(st, OP_LOCK, g)) && waits(st, g);
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
	case OP_STOP:
		i = st->set || st->tick;	/* nothing stale is received */
		st->set = op->kind == OP_SET ? TICKS : 0;
		st->tick = 0;
		return done(st, g, i, 0, -1);
	case OP_TICK:
		i = st->tick;
		st->tick = 0;
		return i ? done(st, g, 1, 0, -1) : waits(st, g);
	case OP_DROP:
		return done(st, g, 0, 0, -1);
	case OP_CANCEL:
		st->cancelled |= 1 << op->arg;
		if (st->g[op->arg].phase == WAITS && !done(st, op->arg, -ECANCELED, 0, -1))
			return false;
		return done(st, g, 0, 0, -1);
	}
	return false;
}

/* The timer fires: the first who waits for it gets it, or it is kept. */
static bool fires(struct state *st)
{
	int i;

	if (st->set != TICKS)
		return false;
	st->set = 0;
	for (i = 0; i < st->nwait; i++)
		if (op_of(st, st->wait[i])->kind == OP_TICK)
			return done(st, st->wait[i], 1, 0, -1);
	st->tick = 1;
	return true;
}

/* What may end a wait by itself: its deadline, or a lock that it gets. */
static bool wait_ends(struct state *st, int g)
{
	const struct op *op = op_of(st, g);
	const struct result *r = expect[g][st->g[g].op];

	if (!r)
		return false;
	if (r->ret == -ETIMEDOUT)
		return op->mode == M_DEADLINE && done(st, g, -ETIMEDOUT, 0, -1);
	if (op->kind >= OP_LOCK && op->kind <= OP_ACQUIRE && !r->ret)
		return free_for(st, g) && take(st, g);
	return false;
}

/* The run is over, and this one waits: rightly? */
static bool may_wait_for_ever(const struct state *st, int g)
{
	const struct op *op = op_of(st, g);

	if (st->g[g].phase != WAITS || op->mode == M_DEADLINE)
		return false;
	if (op->kind < OP_LOCK || op->kind > OP_ACQUIRE)
		return true;	/* else somebody's moment had ended it */
	return !free_for(st, g) || (op->kind == OP_RLOCK && someone_waits(st, OP_WLOCK, g));
}

static bool seen(const struct state *st, int pos)
{
	const u8 *p = (const u8 *)st;
	u64 h = 0xcbf29ce484222325ULL ^ pos;
	size_t i;

	for (i = 0; i < sizeof(*st); i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	for (i = h % MEMO; memo.run[i] == memo.now; i = (i + 1) % MEMO)
		if (memo.key[i] == h)
			return true;
	memo.run[i] = memo.now;
	memo.key[i] = h;
	return false;
}

static bool search(const struct state *st, int pos)
{
	struct state next;
	bool more;
	int g, way;

	if (seen(st, pos) || ++steps > MEMO / 2)
		return false;
	if (pos == hist->n) {
		for (g = 0; g < sc->ng; g++)
			if (st->g[g].phase != IDLE && (st->set == TICKS || !may_wait_for_ever(st, g)))
				break;
		if (g == sc->ng)
			return true;
	} else {
		const struct event *e = &hist->ev[pos];

		next = *st;
		if (!e->end) {
			next.g[e->g].phase = BEGUN;
			return search(&next, pos + 1);
		}
		if (st->g[e->g].phase == DONE) {
			next.g[e->g].phase = IDLE;
			next.g[e->g].op++;
			return search(&next, pos + 1);
		}
	}
	next = *st;
	if (fires(&next) && search(&next, pos))
		return true;
	for (g = 0; g < sc->ng; g++) {
		if (st->g[g].phase == BEGUN) {
			for (way = 0, more = true; more; way++) {
				next = *st;
				if (moment(&next, g, way, &more) && search(&next, pos))
					return true;
			}
		} else if (st->g[g].phase == WAITS) {
			next = *st;
			if (wait_ends(&next, g) && search(&next, pos))
				return true;
		}
	}
	return false;
}

const char *spec_check(const struct scenario *s, const struct history *h)
{
	static struct state st;		/* all of it is hashed */
	u8 n[MAX_G] = { 0 };
	int i;

	sc = s;
	hist = h;
	memset(expect, 0, sizeof(expect));
	for (i = 0; i < h->n; i++) {
		const struct event *e = &h->ev[i];

		if (e->end) {
			ended[e->g][n[e->g]] = i;
			expect[e->g][n[e->g]++] = &e->r;
		} else {
			begun[e->g][n[e->g]] = i;
		}
	}
	memo.now++;
	steps = 0;
	memset(&st, 0, sizeof(st));
	st.set = FOREVER;
	if (search(&st, 0))
		return NULL;
	return steps > MEMO / 2 ? "the search is too long" : "no order of its operations is Go's";
}

void history_print(const struct scenario *s, const struct history *h)
{
	static const char * const names[] = {
		"send", "recv", "close", "put", "select", "add", "wait", "lock", "unlock", "wlock",
		"wunlock", "rlock", "runlock", "acquire", "release", "cancel",
		"reset", "stop", "tick", "drop",
	};
	u8 n[MAX_G] = { 0 };
	int i;

	for (i = 0; i < h->n; i++) {
		const struct event *e = &h->ev[i];
		const struct op *op = &s->g[e->g].ops[n[e->g]];

		printf("# %*sG%u %s", 2 + 12 * e->g, "", e->g, names[op->kind]);
		if (op->kind != OP_SELECT && op->arg >= 0)
			printf(" %d", op->arg);
		if (e->end) {
			printf(" = %d", e->r.ret);
			if (e->r.value)
				printf(" value %02x", e->r.value);
			if (e->r.chosen >= 0)
				printf(" case %d", e->r.chosen);
			n[e->g]++;
		}
		printf("\n");
	}
	for (i = 0; i < s->ng; i++)
		if (n[i] < s->g[i].nops)
			printf("# %*sG%d has not ended operation %d\n", 2 + 12 * i, "", i, n[i]);
}
