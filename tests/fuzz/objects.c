// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of timers, contexts and groups, and SELECT: as ioctls.c, for channels. Of a timer the model knows
 * nothing, of a context or group whether it was cancelled itself: parents, deadlines and tasks cancel it, too.
 */
#include "fuzz.h"
#include <limits.h>
#include <unistd.h>

/* what makes a file: judged, and taken into a slot; NULL where there is none, or it is not ours to know */
static struct obj *made(struct worker *w, const char *name, int fd, struct expect *x, const struct arg *a,
			enum kind kind, u32 flags, u64 b, u64 c)
{
	bool limited = false, dropped;
	int to = gen_new(w, kind);
	struct obj *o;

	if (!w->solo)
		may_all(x, errs_create);
	if (!invalid(x))
		limited = limit_files(w, x);
	dropped = drop(w, x, 50);
	call(w, name, fd, a, flags, b, c);
	if (dropped)
		undrop();
	if (limited)
		unlimit_files();
	judge(w, x);
	if (w->rec->ret < 0 || slot_take(w, to, w->rec->ret) || !w->solo)
		return NULL;
	o = calloc(1, sizeof(*o));
	o->nonblock = flags & GORO_FD_NONBLOCK;
	slot_set(w, to, o);
	return o;
}

/* ---- timers ---------------------------------------------------------- */

static void op_timer_set(struct worker *w, bool make)
{
	struct goro_timer_set k = { 0 };
	struct expect x = { 0 };
	int slot, fd = gen_fd(w, make ? K_DEV : K_TIMER, &slot);
	struct arg a;

	k.deadline = gen_deadline(w);
	k.period = PICK(w, u64, 0, 0, 1, 1000, 100000, 3600000000000, INT64_MAX);
	if (expect_fd(w, &x, slot, make ? K_DEV : K_TIMER, ENOTTY)) {
		k.flags = reserved(w, &x, make ? GORO_FD_NONBLOCK : 0);
		k.reserved = reserved(w, &x, 0);
		if (chance(w, 20)) {
			k.period = PICK(w, u64, 1ULL << 63, UINT64_MAX);
			viol(&x, EINVAL);
		}
		ret_between(&x, make ? 3 : 0, make ? INT_MAX : 1);
	}
	a = put(w, &x, make ? GORO_IOC_TIMER : GORO_IOC_TIMER_RESET, &k, 24);
	if (make) {
		made(w, "TIMER", fd, &x, &a, K_TIMER, k.flags, k.deadline, k.period);
		return;
	}
	if (!w->solo)
		may(&x, EFAULT);
	call(w, "TIMER_RESET", fd, &a, k.flags, k.deadline, k.period);
	judge(w, &x);
}

static void op_timer(struct worker *w)
{
	op_timer_set(w, true);
}

static void op_timer_reset(struct worker *w)
{
	op_timer_set(w, false);
}

static void op_timer_stop(struct worker *w)
{
	struct expect x = { 0 };
	int slot, fd = gen_fd(w, K_TIMER, &slot);
	bool reached = expect_fd(w, &x, slot, K_TIMER, ENOTTY);

	if (reached)
		ret_between(&x, 0, 1);
	op_plain(w, "TIMER_STOP", GORO_IOC_TIMER_STOP, fd, &x, reached);
}

/* ---- contexts and groups --------------------------------------------- */

static int gen_parent(struct worker *w, struct expect *x, bool reached)
{
	int slot, fd;

	if (chance(w, 500))
		return -1;
	fd = gen_fd(w, chance(w, 800) ? K_CTX : K_GROUP, &slot);
	if (!reached || fd == -1)
		;
	else if (slot_kind(slot) == K_NO || (w->solo && !w->slot[slot]))
		viol(x, EBADF);
	else if (slot_kind(slot) != K_CTX && slot_kind(slot) != K_GROUP)
		viol(x, EINVAL);
	else if (!w->solo)
		may(x, EBADF);
	return fd;
}

static void op_ctx(struct worker *w)
{
	struct goro_ctx_create k = { 0 };
	struct expect x = { 0 };
	int slot, fd = gen_fd(w, K_DEV, &slot);
	bool reached = expect_fd(w, &x, slot, K_DEV, ENOTTY);
	struct obj *o;
	struct arg a;

	if (reached) {
		k.flags = reserved(w, &x, GORO_FD_NONBLOCK);
		ret_between(&x, 3, INT_MAX);
	}
	k.parent = gen_parent(w, &x, reached);
	k.deadline = chance(w, 500) ? GORO_FOREVER : gen_deadline(w);
	a = put(w, &x, GORO_IOC_CTX, &k, 16);
	o = made(w, "CTX", fd, &x, &a, K_CTX, k.flags, k.parent, k.deadline);
	if (o)
		o->vague = k.parent != -1 || k.deadline != GORO_FOREVER;
}

static void op_group(struct worker *w)
{
	struct goro_group_create k = { 0 };
	struct expect x = { 0 };
	int slot, fd = gen_fd(w, K_DEV, &slot);
	bool reached = expect_fd(w, &x, slot, K_DEV, ENOTTY);
	struct obj *o;
	struct arg a;

	if (reached) {
		k.flags = reserved(w, &x, GORO_FD_NONBLOCK);
		k.reserved = reserved(w, &x, 0);
		ret_between(&x, 3, INT_MAX);
	}
	k.parent = gen_parent(w, &x, reached);
	k.limit = PICK(w, u32, 0, 0, 1, 1, 2, 5, 1 << 30);
	if (chance(w, 20)) {
		k.limit = PICK(w, u32, (1U << 30) + 1, UINT_MAX);
		if (reached)
			viol(&x, EINVAL);
	}
	a = put(w, &x, GORO_IOC_GROUP, &k, 16);
	o = made(w, "GROUP", fd, &x, &a, K_GROUP, k.flags, k.parent, k.limit);
	if (o)
		o->vague = true;	/* its tasks may cancel it */
}

static void op_obj_cancel(struct worker *w, enum kind kind)
{
	struct goro_cancel k = { 0 };
	struct expect x = { 0 };
	int slot, fd = gen_fd(w, kind, &slot);
	struct obj *o = slot_kind(slot) == kind ? obj_of(w, slot) : NULL;
	struct arg a;

	k.cause = PICK(w, int, 0, -1, -EIO, -ECANCELED, -4095);
	if (expect_fd(w, &x, slot, kind, ENOTTY)) {
		k.flags = reserved(w, &x, 0);
		if (chance(w, 30)) {
			k.cause = PICK(w, int, 1, INT_MAX, -4096, INT_MIN);
			viol(&x, EINVAL);
		}
		if (!w->solo)
			may(&x, EFAULT);
		ret_between(&x, 0, 0);
	}
	a = put(w, &x, kind == K_CTX ? GORO_IOC_CTX_CANCEL : GORO_IOC_GROUP_CANCEL, &k, 8);
	call(w, kind == K_CTX ? "CTX_CANCEL" : "GROUP_CANCEL", fd, &a, k.flags, k.cause, 0);
	judge(w, &x);
	if (!w->rec->ret && o)
		o->cancelled = true;
}

static void op_ctx_cancel(struct worker *w)
{
	op_obj_cancel(w, K_CTX);
}

static void op_group_cancel(struct worker *w)
{
	op_obj_cancel(w, K_GROUP);
}

static void op_ctx_info(struct worker *w)
{
	struct goro_ctx_info k;
	struct expect x = { 0 };
	int slot, fd = gen_fd(w, K_CTX, &slot);
	struct obj *o = slot_kind(slot) == K_CTX ? obj_of(w, slot) : NULL;
	struct arg a;

	memset(&k, POISON, sizeof(k));
	k.flags = 0;
	if (expect_fd(w, &x, slot, K_CTX, ENOTTY)) {
		k.flags = reserved(w, &x, 0);
		ret_between(&x, 0, 0);
	}
	a = put(w, &x, GORO_IOC_CTX_INFO, &k, 24);
	call(w, "CTX_INFO", fd, &a, k.flags, 0, 0);
	judge(w, &x);
	if (w->rec->ret || !get(&a, &k, sizeof(k)) || a.pl.vanish)
		return;
	if (k.state & ~GORO_CTX_DONE || !k.err != !k.state || !k.cause != !k.state || k.cause > 0 ||
	    (k.err && k.err != -ECANCELED && k.err != -ETIMEDOUT))
		fail(w, "state %u, error %d, cause %d", k.state, k.err, k.cause);
	if (o && !k.state != !(o->cancelled || (o->vague && k.state)))
		fail(w, "state %u of a context that was %scancelled", k.state, o->cancelled ? "" : "not ");
	if (o && k.state)
		o->cancelled = true;	/* for good */
}

static void op_group_wait(struct worker *w)
{
	struct goro_group_wait k = { 0 };
	struct expect x = { 0 };
	int slot, fd = gen_fd(w, K_GROUP, &slot);
	struct arg a;

	k.result = POISON;
	k.deadline = gen_deadline(w);
	if (expect_fd(w, &x, slot, K_GROUP, ENOTTY)) {
		k.flags = reserved(w, &x, 0);
		ret_between(&x, 0, 0);
		may(&x, deadline_errno(k.deadline));
		if (!w->solo)
			may_all(&x, errs_wait);
		else
			may(&x, EINTR);
	}
	a = put(w, &x, GORO_IOC_GROUP_WAIT, &k, 16);
	arm(w);
	call(w, "GROUP_WAIT", fd, &a, k.flags, k.deadline, 0);
	disarm(w);
	judge(w, &x);
	if (!w->rec->ret && get(&a, &k, sizeof(k)) && !a.pl.vanish && (k.result > 0 || k.result < -4095))
		fail(w, "result %d", k.result);
}

static void op_group_info(struct worker *w)
{
	struct goro_group_info k;
	struct expect x = { 0 };
	int slot, fd = gen_fd(w, K_GROUP, &slot);
	struct obj *o = slot_kind(slot) == K_GROUP ? obj_of(w, slot) : NULL;
	struct arg a;

	memset(&k, POISON, sizeof(k));
	k.flags = 0;
	if (expect_fd(w, &x, slot, K_GROUP, ENOTTY)) {
		k.flags = reserved(w, &x, 0);
		ret_between(&x, 0, 0);
	}
	a = put(w, &x, GORO_IOC_GROUP_INFO, &k, 32);
	call(w, "GROUP_INFO", fd, &a, k.flags, 0, 0);
	judge(w, &x);
	if (w->rec->ret || !get(&a, &k, sizeof(k)) || a.pl.vanish)
		return;
	if (k.state & ~GORO_GROUP_CANCELLED || !k.cause != !k.state || k.result > 0 || k.running > k.started ||
	    k.limit > w->q.group_limit_max || (k.result && !k.state))
		fail(w, "state %u, cause %d, result %d, %u running of %llu", k.state, k.cause, k.result, k.running,
		     k.started);
	if (o && o->cancelled && !k.state)
		fail(w, "a group that was cancelled is not");
}

/* ---- select ----------------------------------------------------------- */

#define OWN	4		/* cases with memory of their own; more are these again */
#define BUF	(DATA_SIZE / OWN)

struct sel {
	struct goro_select_case c[66], was[66];
	int slot[66];
	u32 n;
	bool ready, maybe;	/* one can be done for sure; one may be */
};

/* a case; what is wrong with it */
static void gen_case(struct worker *w, struct expect *x, struct sel *s, u32 i)
{
	bool send = chance(w, 400);
	int slot, fd = gen_fd(w, send || chance(w, 700) ? K_CHAN : PICK(w, enum kind, K_TIMER, K_CTX), &slot);
	enum kind kind = slot_kind(slot);
	struct obj *any = obj_of(w, slot), *o = chan_of(w, slot);
	u32 elem = kind == K_TIMER ? 8 : kind == K_CTX ? 0 : any ? any->elem : class_elem(slot) ?: 8;
	struct goro_select_case *c = &s->c[i];
	char *buf = w->data.rw + i * BUF;

	if (chance(w, 150))
		fd = -1;
	*c = (struct goro_select_case){ .fd = fd, .op = send ? GORO_SELECT_SEND : GORO_SELECT_RECV,
					.buf = (uintptr_t)buf, .len = elem, .result = 77 };
	s->slot[i] = fd == -1 ? -1 : slot;
	if (!send && chance(w, 200))
		c->len = 0;
	if (chance(w, 10)) {
		c->op = PICK(w, u32, 2, 3, 1U << 31, UINT_MAX);
		viol(x, EINVAL);
	}
	if (fd == -1)
		return;
	if (kind == K_NO || (w->solo && !w->slot[slot]))
		viol(x, EBADF);
	else if (kind != K_CHAN && (send || (kind != K_TIMER && kind != K_CTX)))
		viol(x, EINVAL);
	else if (!w->solo)
		may_all(x, (short[]){ EBADF, EINVAL, 0 });	/* closed, or of another size */
	if (chance(w, 10)) {
		c->len = w->solo ? elem + PICK(w, u32, 1, 8, UINT_MAX - elem) : w->q.elem_max + 1;
		viol(x, EINVAL);
	}
	if (chance(w, 10) && c->len && elem) {
		c->buf = PICK(w, u64, 0, UINT64_MAX, (uintptr_t)w->data.rw + DATA_SIZE - elem + 1,
			      send ? 0 : (uintptr_t)w->data.ro);
		viol(x, EFAULT);
	}
	if (o && send && (uintptr_t)buf == c->buf)
		elem_fill(buf, elem, o->first + o->len, 1);
	else
		memset(buf, POISON, elem < BUF ? elem : BUF);
	if (o && (o->closed || (send ? o->len < o->cap : o->len)))
		s->ready = true;
	if (!o)
		s->maybe = true;
}

/* what was done: into the model */
static void select_done(struct worker *w, const struct sel *s, u32 i, const struct goro_select_case *c)
{
	struct obj *o = chan_of(w, s->slot[i]);
	bool send = c->op == GORO_SELECT_SEND;
	struct place pl = { .alias = (char *)(uintptr_t)c->buf, .backed = c->len };

	if (c->fd == -1)
		fail(w, "case %u has no channel", i);
	if (send ? c->result && c->result != -EPIPE : c->result & ~1)
		fail(w, "case %u: result %d", i, c->result);
	if (!o)
		return;
	if (send) {
		if (c->result ? !o->closed : o->closed || o->len == o->cap)
			fail(w, "sent, result %d, to a channel with %u of %u, closed %d", c->result, o->len,
			     o->cap, o->closed);
		moved_in(w, s->slot[i], !c->result);
		return;
	}
	if (c->result ? !o->len : o->len || !o->closed)
		fail(w, "received, result %d, from a channel with %u, closed %d", c->result, o->len, o->closed);
	if (c->len == o->elem) {
		moved_out(w, s->slot[i], &pl, 1, c->result);
	} else if (c->result) {
		o->len--;
		o->first++;
		check_chan(w, s->slot[i]);
	}
}

static void op_select(struct worker *w)
{
	static const enum kind on[] = { K_DEV, K_DEV, K_CHAN, K_TIMER, K_CTX };
	int slot, fd = gen_fd(w, on[below(w, LEN(on))], &slot);
	enum kind kind = slot_kind(slot);
	struct goro_select_wait k = { 0 };
	struct sel s = { 0 };
	struct expect x = { 0 }, fds = { 0 };
	struct arg a;
	u32 i, own;
	int chosen;

	if (kind != K_CHAN && kind != K_TIMER && kind != K_CTX)
		kind = K_DEV;
	s.n = PICK(w, u32, 0, 1, 1, 2, 2, 3, 4, 4, 5, 64);
	own = s.n < OWN ? s.n : OWN;
	for (i = 0; i < own; i++)
		gen_case(w, &x, &s, i);
	for (; i < s.n; i++) {
		s.c[i] = s.c[i % OWN];
		s.slot[i] = s.slot[i % OWN];
	}
	k.n = s.n;
	k.cases = (uintptr_t)s.c;
	k.deadline = gen_deadline(w);
	memcpy(s.was, s.c, sizeof(s.c));
	if (!expect_fd(w, &fds, slot, kind, ENOTTY)) {
		x = fds;
	} else {
		k.flags = reserved(w, &x, 0);
		if (chance(w, 20)) {
			k.n = PICK(w, u32, 65, 66, INT_MAX, UINT_MAX);
			viol(&x, EINVAL);
		}
		if (k.n && chance(w, 10)) {
			k.cases = PICK(w, u64, 0, (uintptr_t)w->data.rw + DATA_SIZE - 8, UINT64_MAX - 23);
			viol(&x, EFAULT);
		}
		ret_between(&x, 0, s.ready || s.maybe ? (long)s.n - 1 : -1);
		if (!s.ready)
			may_all(&x, (short[]){ deadline_errno(k.deadline), EINTR, 0 });
		if (!w->solo)
			may_all(&x, (short[]){ EAGAIN, ETIMEDOUT, EINTR, EFAULT, ENOMEM, EBADF, 0 });
		/* what one case cannot be is found before what the next one is not */
		x.late |= !w->solo;
	}
	a = put(w, &x, GORO_IOC_SELECT, &k, 24);
	arm(w);
	call(w, "SELECT", fd, &a, s.n, k.deadline, k.flags);
	disarm(w);
	judge(w, &x);
	chosen = a.pl.vanish ? -1 : w->rec->ret;
	if (chosen >= 0)
		select_done(w, &s, chosen, &s.c[chosen]);
	for (i = 0; i < s.n && !a.pl.vanish; i++) {
		if ((int)i == chosen)
			s.c[i].result = s.was[i].result;
		else
			check_chan(w, s.slot[i]);
	}
	if (!a.pl.vanish && memcmp(s.c, s.was, sizeof(s.c)))
		fail(w, "a case was written that was not chosen");
}

const struct op object_ops[] = {
	{ "TIMER", 30, op_timer },
	{ "TIMER_RESET", 25, op_timer_reset },
	{ "TIMER_STOP", 15, op_timer_stop },
	{ "CTX", 40, op_ctx },
	{ "CTX_CANCEL", 15, op_ctx_cancel },
	{ "CTX_INFO", 25, op_ctx_info },
	{ "GROUP", 20, op_group },
	{ "GROUP_WAIT", 25, op_group_wait },
	{ "GROUP_CANCEL", 8, op_group_cancel },
	{ "GROUP_INFO", 20, op_group_info },
	{ "SELECT", 120, op_select },
	{ NULL, 0, NULL },
};
