// SPDX-License-Identifier: GPL-2.0-only
/*
 * Go's semantics as a sequential machine, and whether a history is one of it.
 *
 * An operation takes effect at one moment between its begin and its end: it
 * does its work, or it finds that it has to wait and stands in the queue from
 * that moment on. Who waits is ended by another's moment, or by its deadline. What
 * is not done at once, a cancel of many, is a moment for each part.
 * A history is right if such moments can be found for all operations, with the
 * results that they had; and if at the end of the run those that have not ended
 * wait in the machine, too (no wakeup was lost).
 *
 * The search goes along the history and tries, between two entries, every moment
 * that fits. States that led nowhere are remembered.
 */
#include "spec.h"

#define MEMO	(1U << 16)
static struct {
	u64 key[MEMO];
	u32 run[MEMO], now;
} memo;

const struct scenario *scene;
const struct result *expect[MAX_G][MAX_OPS];
u8 begun[MAX_G][MAX_OPS], ended[MAX_G][MAX_OPS];
static const struct history *hist;
static u32 steps;

void leave_wait(struct state *st, int g)
{
	int i, n = 0;

	for (i = 0; i < st->nwait; i++)
		if (st->wait[i] != g)
			st->wait[n++] = st->wait[i];
	for (i = n; i < st->nwait; i++)
		st->wait[i] = 0;
	st->nwait = n;
}

bool done(struct state *st, int g, int ret, u8 value, int chosen)
{
	const struct result *r = result_of(st, g);

	if (!r || r->ret != ret || r->value != value || r->chosen != chosen)
		return false;
	if (st->g[g].phase == WAITS)
		leave_wait(st, g);
	st->g[g].phase = DONE;
	st->g[g].sub = 0;
	st->g[g].ret = 0;
	st->entered &= ~(1 << g);
	return true;
}

bool late(struct state *st, int g, int sub, int ret)
{
	if (st->g[g].phase == WAITS)
		leave_wait(st, g);
	st->g[g].phase = LATE;
	st->g[g].sub = sub;
	st->g[g].ret = ret;
	return true;
}

bool failed(struct state *st, int g, int ret)
{
	const struct op *op = op_of(st, g);
	const struct result *r = result_of(st, g);
	int by = op->cx >= 0 ? scenario_by(scene, op->cx) : -1;

	if (ret == -ECANCELED && by >= 0) {
		if (st->cx[by].err)
			ret = st->cx[by].err;
		else if (!r || r->ret != ret)
			return late(st, g, LEAVES, ret);
	}
	return done(st, g, ret, 0, -1);
}

bool waits(struct state *st, int g)
{
	const struct op *op = op_of(st, g);

	if (op->kind == OP_GROUP_STOP)
		;	/* nothing ends that */
	else if (op->mode == M_TRY)
		return wait_fails(st, g, -EAGAIN);
	else if (st->cancelled >> g & 1 || under_cancelled(st, g))
		return wait_fails(st, g, -ECANCELED);
	st->g[g].phase = WAITS;
	st->wait[st->nwait++] = g;
	return true;
}

bool wait_fails(struct state *st, int g, int ret)
{
	switch (op_of(st, g)->kind) {
	case OP_COND:
		/* it did not come to wait: the mutex is still locked */
		if (st->g[g].phase != WAITS)
			break;
		return late(st, g, st->g[g].sub, ret);
	case OP_GO:
		return late(st, g, 0, ret);
	}
	return failed(st, g, ret);
}

bool someone_waits(const struct state *st, int kind, int not)
{
	int i;

	for (i = 0; i < st->nwait; i++)
		if (st->wait[i] != not && op_of(st, st->wait[i])->kind == kind)
			return true;
	return false;
}

/* A way that g's operation can go on which has begun. */
static bool moment(struct state *st, int g, int way, bool *more)
{
	const struct op *op = op_of(st, g);
	int by = op->cx >= 0 ? scenario_by(scene, op->cx) : -1;

	*more = false;
	if (by >= 0 && !(st->entered >> g & 1)) {
		if (st->cx[by].err)
			return done(st, g, st->cx[by].err, 0, -1);
		st->entered |= 1 << g;
		return true;
	}
	switch (scene->ncx ? done_of(st, g) : DONE_THERE) {
	case DONE_MADE:
		return true;
	case DONE_TO_CLOSE:
		return false;
	case DONE_THERE:
		break;
	}
	return op->kind < OP_CTX_CANCEL ? sync_moment(st, g, way, more) : ctx_moment(st, g);
}

static bool late_moment(struct state *st, int g)
{
	if (st->g[g].sub == LEAVES)
		return failed(st, g, st->g[g].ret);
	return op_of(st, g)->kind < OP_CTX_CANCEL ? sync_late(st, g) : ctx_late(st, g);
}

/* What may end a wait by itself: its deadline, its context's cancel, a lock that it gets. */
static bool wait_ends(struct state *st, int g, int way)
{
	const struct op *op = op_of(st, g);

	switch (way) {
	case 0:
		return op->mode == M_DEADLINE && wait_fails(st, g, -ETIMEDOUT);
	case 1:
		return op->kind != OP_GROUP_STOP && under_cancelled(st, g) &&
		       wait_fails(st, g, -ECANCELED);
	case 2:
		if (op->kind == OP_ONCE || op->kind == OP_ONCE_CALL)
			return once_ends(st, g);
		return op->kind >= OP_LOCK && op->kind <= OP_ACQUIRE && free_for(st, g) && take(st, g);
	default:	/* a Cond's */
		if (st->g[g].sub != UNLOCKS)
			return false;
		st->mu = 0;
		st->g[g].sub = 0;
		return true;
	}
}

/* The run is over, and this one waits: rightly? */
static bool may_wait_for_ever(const struct state *st, int g)
{
	const struct op *op = op_of(st, g);

	if (st->g[g].phase == LATE && op->kind == OP_COND && st->g[g].sub != LEAVES)
		return st->mu && !st->g[g].sub;
	if (st->g[g].phase != WAITS || op->mode == M_DEADLINE || st->g[g].sub == UNLOCKS)
		return false;
	if (op->kind != OP_GROUP_STOP && under_cancelled(st, g))
		return false;
	if (op->kind == OP_ONCE || op->kind == OP_ONCE_CALL)
		return st->once != 2;
	if (op->kind < OP_LOCK || op->kind > OP_ACQUIRE)
		return true;	/* else somebody's moment had ended it */
	return !free_for(st, g) || (op->kind == OP_RLOCK && someone_waits(st, OP_WLOCK, g));
}

static bool at_rest(const struct state *st)
{
	int g;

	if (st->set == TICKS && !(scene->ti == 'k' && st->tick))
		return false;
	for (g = 0; g < scene->ng; g++)
		if (st->g[g].phase == IDLE ? st->started >> g & 1 && st->g[g].op < scene->g[g].nops :
					     !may_wait_for_ever(st, g))
			return false;
	return !(scene->ncx || scene->ngr) || ctx_at_rest(st);
}

static bool seen(const struct state *st, int pos)
{
	const u64 *p = (const u64 *)st;
	u64 h = 0xcbf29ce484222325ULL ^ pos;
	size_t i;

	for (i = 0; i < sizeof(*st) / 8; i++) {
		h = (h ^ p[i]) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 29;
	}
	for (i = h % MEMO; memo.run[i] == memo.now; i = (i + 1) % MEMO)
		if (memo.key[i] == h)
			return true;
	memo.run[i] = memo.now;
	memo.key[i] = h;
	return false;
}

static bool search(const struct state *st, int pos);

/* What happens by itself, in contexts and groups. */
static bool search_ctx(const struct state *st, int pos)
{
	struct state next;
	int x, g, k;

	for (x = 0; x < scene->ncx; x++) {
		bool (* const by_itself[])(struct state *st, int x) = {
			fires_ctx, comes_to, closes_done,
		};

		for (k = 0; k < 3; k++) {
			next = *st;
			if (by_itself[k](&next, x) && search(&next, pos))
				return true;
		}
	}
	for (g = 0; g < scene->ng; g++) {
		next = *st;
		if (st->member_who[g] && comes_to_member(&next, g) && search(&next, pos))
			return true;
	}
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
		if (at_rest(st))
			return true;
	} else {
		const struct event *e = &hist->ev[pos];

		next = *st;
		if (!e->end) {
			if (scene->g[e->g].fn && !(st->started >> e->g & 1))
				goto moments;
			next.g[e->g].phase = BEGUN;
			return search(&next, pos + 1);
		}
		if (st->g[e->g].phase == DONE && !cancels(st, e->g)) {
			next.g[e->g].phase = IDLE;
			next.g[e->g].op++;
			cancel_over(&next, e->g);
			if (st->left_by != e->g + 1)
				return search(&next, pos + 1);
			/* the one thing that is too late after it */
			next.left_by = 0;
			next.left_at = 0;
			if (search(&next, pos + 1))
				return true;
		}
	}
moments:
	next = *st;
	if (timer_fires(&next) && search(&next, pos))
		return true;
	next = *st;
	if (clock_moves(&next) && search(&next, pos))
		return true;
	if ((scene->ncx || scene->ngr) && search_ctx(st, pos))
		return true;
	for (g = 0; g < scene->ng; g++) {
		switch (st->g[g].phase) {
		case BEGUN:
			for (way = 0, more = true; more; way++) {
				next = *st;
				if (moment(&next, g, way, &more) && search(&next, pos))
					return true;
			}
			break;
		case WAITS:
			for (way = 0; way < 4; way++) {
				next = *st;
				if (wait_ends(&next, g, way) && search(&next, pos))
					return true;
			}
			break;
		case LATE:
			next = *st;
			if (late_moment(&next, g) && search(&next, pos))
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

	scene = s;
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
	st.set = s->ti == 'k' ? TICKS : s->ti ? FOREVER : 0;
	for (i = 0; i < s->ncx; i++)
		st.cx[i].made = !s->cx[i].late;
	if (search(&st, 0))
		return NULL;
	return steps > MEMO / 2 ? "the search is too long" : "no order of its operations is Go's";
}

void history_print(const struct scenario *s, const struct history *h)
{
	static const char * const names[OP_KINDS] = {
		"send", "recv", "close", "put", "select", "add", "wait", "lock", "unlock", "wlock",
		"wunlock", "rlock", "runlock", "acquire", "release", "cancel",
		"reset", "set", "stop", "tick", "drop", "cond wait", "signal", "broadcast", "once",
		"once call", "ctx cancel", "ctx err", "ctx done", "ctx value", "ctx derive", "ctx put",
		"after", "after stop", "go", "leave", "group wait", "group cancel", "group stop",
	};
	u8 n[MAX_G] = { 0 };
	int i;

	for (i = 0; i < h->n; i++) {
		const struct event *e = &h->ev[i];
		const struct op *op = &s->g[e->g].ops[n[e->g]];

		printf("# %*sG%u %s", 2 + 12 * e->g, "", e->g, names[op->kind]);
		if (op->kind != OP_SELECT && op->arg >= 0)
			printf(" %d", op->arg);
		if (op->cx >= 0)
			printf(" under %d", op->cx);
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
		if (n[i] < s->g[i].nops && (n[i] || !s->g[i].fn))
			printf("# %*sG%d has not ended operation %d\n", 2 + 12 * i, "", i, n[i]);
}
