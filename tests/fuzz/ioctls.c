// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro's ioctls: each field at its bounds and beyond, structs of every size and in every kind of memory,
 * every descriptor. What each may answer is written down beside it, from the comments of uapi/linux/goro.h.
 */
#include "fuzz.h"
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* the errnos of uapi/linux/goro.h, for calls with nothing invalid in them */
const short errs_send[] = { EPIPE, EAGAIN, ETIMEDOUT, EINTR, EFAULT, ENOMEM, 0 };
const short errs_recv[] = { EAGAIN, ETIMEDOUT, EINTR, EFAULT, ENOMEM, 0 };
const short errs_info[] = { EFAULT, 0 };
const short errs_create[] = { EDQUOT, ENOMEM, EMFILE, ENFILE, EFAULT, 0 };
const short errs_spawn[] = { EBADF, EINVAL, EDQUOT, ENOMEM, EMFILE, ENFILE, EFAULT, ECANCELED, ETIMEDOUT,
			     EAGAIN, EINTR, 0 };
const short errs_wait[] = { EAGAIN, ETIMEDOUT, EINTR, EFAULT, 0 };

/* ---- /dev/goro ------------------------------------------------------- */

static void op_query(struct worker *w)
{
	struct goro_query q, want = w->q;
	struct expect x = { 0 };
	struct arg a;
	int slot, fd = gen_fd(w, K_DEV, &slot);

	memset(&q, POISON, sizeof(q));		/* out fields are not looked at */
	if (expect_fd(w, &x, slot, K_DEV, ENOTTY)) {
		q.flags = reserved(w, &x, 0);
		may_all(&x, w->solo ? (short[]){ 0 } : errs_info);
		ret_between(&x, 0, 0);
	}
	a = put(w, &x, GORO_IOC_QUERY, &q, GORO_QUERY_SIZE_1);
	call(w, "QUERY", fd, &a, q.flags, 0, 0);
	judge(w, &x);
	if (!w->rec->ret && get(&a, &q, sizeof(q)) && memcmp(&q, &want, sizeof(q)))
		fail(w, "QUERY says something new");
}

static void op_stats(struct worker *w)
{
	struct goro_stats s;
	struct expect x = { 0 };
	struct arg a;
	int slot, fd = gen_fd(w, K_DEV, &slot);

	memset(&s, POISON, sizeof(s));
	s.flags = s.reserved = 0;
	if (expect_fd(w, &x, slot, K_DEV, ENOTTY)) {
		s.flags = reserved(w, &x, 0);
		s.reserved = reserved(w, &x, 0);
		ret_between(&x, 0, 0);
	}
	a = put(w, &x, GORO_IOC_STATS, &s, 168);
	call(w, "STATS", fd, &a, s.flags, s.reserved, 0);
	judge(w, &x);
	if (w->rec->ret || !get(&a, &s, sizeof(s)))
		return;
	if (s.g_created < s.g_destroyed || s.chan_created < s.chan_destroyed ||
	    s.task_created < s.task_destroyed || s.stack_created < s.stack_destroyed ||
	    s.m_created < s.m_destroyed)
		fail(w, "more was destroyed than created");
	if (s.chan_created < w->last.chan_created || s.task_created < w->last.task_created ||
	    s.g_destroyed < w->last.g_destroyed || s.wakes_close < w->last.wakes_close)
		fail(w, "a counter went back");
	w->last = s;
}

static void op_usage(struct worker *w)
{
	struct goro_usage u;
	struct expect x = { 0 };
	struct arg a;
	int slot, fd = gen_fd(w, K_DEV, &slot);

	memset(&u, POISON, sizeof(u));
	u.flags = 0;
	if (expect_fd(w, &x, slot, K_DEV, ENOTTY)) {
		u.flags = reserved(w, &x, 0);
		ret_between(&x, 0, 0);
	}
	a = put(w, &x, GORO_IOC_USAGE, &u, 48);
	call(w, "USAGE", fd, &a, u.flags, 0, 0);
	judge(w, &x);
	if (!w->rec->ret && get(&a, &u, sizeof(u)) && (u.uid || u.chans > INT_MAX || !u.files))
		fail(w, "USAGE of user %u: %llu files, %llu channels", u.uid, u.files, u.chans);
}

static void op_cpu_stat(struct worker *w)
{
	struct goro_cpu_stat k;
	struct expect x = { 0 };
	struct arg a;
	int slot, fd = gen_fd(w, K_DEV, &slot);

	memset(&k, POISON, sizeof(k));
	k.flags = k.reserved = 0;
	if (expect_fd(w, &x, slot, K_DEV, ENOTTY)) {
		k.flags = reserved(w, &x, 0);
		k.reserved = reserved(w, &x, 0);
		ret_between(&x, 0, 0);
	}
	a = put(w, &x, GORO_IOC_CPU_STAT, &k, 72);
	call(w, "CPU_STAT", fd, &a, k.flags, k.reserved, 0);
	judge(w, &x);
	if (!w->rec->ret && get(&a, &k, sizeof(k)) && k.nr_throttled > k.nr_periods)
		fail(w, "throttled in %llu of %llu periods", k.nr_throttled, k.nr_periods);
}

/* without privileges for a call: the caps of the user, which the test sets low, hold */
bool drop(struct worker *w, struct expect *x, u32 per_mille)
{
	if (!chance(w, per_mille))
		return false;
	may(x, EDQUOT);
	syscall(SYS_setresuid, -1, 65534, -1);		/* this thread's only */
	return true;
}

void undrop(void)
{
	syscall(SYS_setresuid, -1, 0, -1);
}

static void op_cpu_max(struct worker *w)
{
	struct goro_cpu_max k = { 0 };
	struct expect x = { 0 };
	struct arg a;
	int slot, fd = gen_fd(w, K_DEV, &slot);
	bool dropped;

	k.period_ns = PICK(w, u64, 1000000, 10000000, 10000000, 100000000, 1000000000, 999999, 1000000001, 0,
			   UINT64_MAX);
	k.quota_ns = PICK(w, u64, GORO_CPU_NO_MAX, GORO_CPU_NO_MAX, k.period_ns, k.period_ns, 1000000, 999999,
			  0, k.period_ns + 1, k.period_ns * 100000, GORO_CPU_NO_MAX - 1);
	if (expect_fd(w, &x, slot, K_DEV, ENOTTY)) {
		k.flags = reserved(w, &x, 0);
		k.reserved = reserved(w, &x, 0);
		if (k.period_ns < 1000000 || k.period_ns > 1000000000 || k.quota_ns < 1000000)
			viol(&x, EINVAL);
		else if (k.quota_ns != GORO_CPU_NO_MAX && k.quota_ns > k.period_ns)
			may(&x, EINVAL);	/* more CPUs than there may be */
		ret_between(&x, 0, 0);
	}
	a = put(w, &x, GORO_IOC_CPU_MAX, &k, 24);
	may(&x, EPERM);			/* without privileges; or not more than before */
	dropped = drop(w, &x, 300);
	call(w, "CPU_MAX", fd, &a, k.flags, k.quota_ns, k.period_ns);
	if (dropped)
		undrop();
	judge(w, &x);
}

/* descriptors run out: for a solo worker, whose limit it is */
bool limit_files(struct worker *w, struct expect *x)
{
	struct rlimit l = { 3, 1024 };

	if (!w->solo || !chance(w, 15))
		return false;
	setrlimit(RLIMIT_NOFILE, &l);
	viol(x, EMFILE);
	return true;
}

void unlimit_files(void)
{
	struct rlimit l = { 1024, 1024 };

	setrlimit(RLIMIT_NOFILE, &l);
}

/* the upper channels mostly have elements that one of the task classes takes: echo and sum, wc */
u32 class_elem(int slot)
{
	switch (slot) {
	case CHANS - 4:
	case CHANS - 3:
		return sizeof(int64_t);
	case CHANS - 2:
		return 64;
	case CHANS - 1:
		return sizeof(struct goro_wc_total);
	}
	return 0;
}

/* what wc takes for a chunk, and counts; or not, as it is too long by a byte */
static void fill_chunks(struct worker *w, const struct place *pl, u64 n)
{
	char chunk[64] = "\0\0\0\0\0\0\0\0two words\n\x01 and\tmore, ";
	struct goro_wc_chunk *h = (void *)chunk;

	h->len = below(w, sizeof(chunk) - sizeof(*h) + 2);
	h->flags = below(w, 20) ? below(w, 2) : 2;
	for (u64 i = 0; i < n && (i + 1) * sizeof(chunk) <= pl->backed; i++)
		memcpy(pl->alias + i * sizeof(chunk), chunk, sizeof(chunk));
}

static void op_create(struct worker *w)
{
	struct goro_chan_create k = { 0 };
	struct expect x = { 0 };
	struct obj *o;
	struct arg a;
	int slot, to = below(w, CHANS), fd = gen_fd(w, K_DEV, &slot);
	bool limited = false, dropped;
	u64 bytes;

	k.elem = PICK(w, u32, 0, 1, 2, 3, 7, 8, 8, 8, 8, 8, 9, 16, 32, 32, 64, 100, 1000, 4096,
				  5000, 16384, 16385, 65535, 65536);
	bytes = w->q.chan_bytes_max;
	if (class_elem(to) && chance(w, 900))
		k.elem = class_elem(to);
	k.cap = PICK(w, u64, 0, 0, 1, 2, 3, 4, 8, 15, 16);
	if (k.elem < 100 && chance(w, 200))
		k.cap = PICK(w, u64, 64, 300, 5000);
	if (chance(w, 20))
		k.cap = PICK(w, u64, UINT64_MAX, 1ULL << 32, (1ULL << 32) + 1, 1ULL << 63,
					 INT_MAX, UINT_MAX, 1ULL << 48);
	else if (chance(w, 5))
		k.cap = k.elem ? bytes / k.elem + below(w, 2) : w->q.cap_max + below(w, 2);
	if (chance(w, 20))
		k.elem = PICK(w, u32, 65537, 1U << 31, UINT_MAX, UINT_MAX - 7);
	if (expect_fd(w, &x, slot, K_DEV, ENOTTY)) {
		k.flags = reserved(w, &x, GORO_FD_NONBLOCK);
		if (k.elem > w->q.elem_max || k.cap > w->q.cap_max || k.cap * k.elem > bytes)
			viol(&x, EINVAL);
		if (!w->solo)
			may_all(&x, errs_create);
		else if (k.elem * k.cap > 1 << 20)
			may(&x, ENOMEM);
		ret_between(&x, 3, INT_MAX);
		limited = limit_files(w, &x);
	}
	a = put(w, &x, GORO_IOC_CHAN_CREATE, &k, 16);
	dropped = drop(w, &x, 50);
	call(w, "CHAN_CREATE", fd, &a, k.flags, k.elem, k.cap);
	if (dropped)
		undrop();
	if (limited)
		unlimit_files();
	judge(w, &x);
	if (w->rec->ret < 0 || slot_take(w, to, w->rec->ret) || !w->solo)
		return;
	o = calloc(1, sizeof(*o));
	o->elem = k.elem;
	o->cap = k.cap;
	o->nonblock = k.flags & GORO_FD_NONBLOCK;
	slot_set(w, to, o);
	check_chan(w, to);
}

/* ---- channels -------------------------------------------------------- */

static u64 gen_n(struct worker *w, const struct obj *o)
{
	u64 n = PICK(w, u32, 1, 1, 1, 1, 2, 3, 8, 16, 17, 100);

	if (chance(w, 100))
		n = PICK(w, u32, 4096, 4097, 9000, INT_MAX);
	if (chance(w, 20))
		n = PICK(w, u32, 0, INT_MAX + 1U, UINT_MAX);
	if (o && chance(w, 200))
		n = o->len + below(w, 2);
	if (o && chance(w, 100))
		n = o->cap - o->len + below(w, 2);
	return n;
}

static void op_xfer(struct worker *w, bool send)
{
	struct goro_xfer k = { 0 };
	struct expect x = { 0 };
	/* timers and contexts can be received from */
	enum kind kind = send || chance(w, 900) ? K_CHAN : PICK(w, enum kind, K_TIMER, K_CTX);
	int slot, fd = gen_fd(w, kind, &slot);
	struct obj *o = chan_of(w, slot);
	struct obj *any = slot_kind(slot) == K_CHAN ? obj_of(w, slot) : NULL;
	u32 elem = any ? any->elem : class_elem(slot) ?: PICK(w, u32, 1, 8, 8, 64);
	struct place buf;
	struct arg a;
	bool forever;

	k.n = gen_n(w, o);
	k.deadline = gen_deadline(w);
	forever = deadline_errno(k.deadline) == EINTR;
	buf = place(w, &w->data, (size_t)k.n * elem, !send);
	k.buf = (uintptr_t)buf.p;
	if (!elem && chance(w, 500))
		k.buf = rnd(w);
	if (buf.vanish) {
		x.vanish = true;
	} else if (send && !o && slot == CHANS - 2 && elem == 64 && buf.alias) {
		fill_chunks(w, &buf, k.n);
	} else if (send && o && buf.alias) {
		elem_fill(buf.alias, elem, o->first + o->len, fitting(o, k.n, buf.backed));
	} else if (!send && buf.alias) {
		size_t n = (size_t)k.n * elem;

		memset(buf.alias, POISON, n < buf.backed ? n : buf.backed);
	}
	kind = slot_kind(slot);
	if (send || (kind != K_TIMER && kind != K_CTX))
		kind = K_CHAN;
	if (expect_fd(w, &x, slot, kind, ENOTTY)) {
		k.flags = reserved(w, &x, send ? 0 : GORO_RECV_ALL);
		if (!k.n || k.n > INT_MAX)
			viol(&x, EINVAL);
		if (o && send)
			expect_send(&x, o, k.n, buf.good, k.deadline);
		else if (o)
			expect_recv(&x, o, k.n, buf.good, k.deadline);
		else
			may_all(&x, send ? errs_send : errs_recv);
		if (!o)
			ret_between(&x, send, k.n < INT_MAX ? k.n : INT_MAX);
	}
	a = put(w, &x, send ? GORO_IOC_SEND : GORO_IOC_RECV, &k, 24);
	if (forever)
		arm(w);
	call(w, send ? "SEND" : "RECV", fd, &a, k.n, k.deadline, k.buf);
	if (forever)
		disarm(w);
	judge(w, &x);
	if (send)
		moved_in(w, slot, w->rec->ret);
	else
		moved_out(w, slot, &buf, k.n, w->rec->ret);
}

static void op_send(struct worker *w)
{
	op_xfer(w, true);
}

static void op_recv(struct worker *w)
{
	op_xfer(w, false);
}

static void op_chan_close(struct worker *w)
{
	struct expect x = { 0 };
	int slot, fd = gen_fd(w, K_CHAN, &slot);
	bool reached = expect_fd(w, &x, slot, K_CHAN, ENOTTY);
	struct obj *o = slot_kind(slot) == K_CHAN ? obj_of(w, slot) : NULL;

	if (reached) {
		ret_between(&x, 0, 0);
		if (!w->solo || (o && o->closed))
			may(&x, EBADFD);
		if (o && o->closed)
			ret_between(&x, 0, -1);
	}
	if (op_plain(w, "CHAN_CLOSE", GORO_IOC_CHAN_CLOSE, fd, &x, reached) && o)
		o->closed = true;
	check_chan(w, slot);
}

static void op_chan_info(struct worker *w)
{
	struct goro_chan_info k;
	struct expect x = { 0 };
	int slot, fd = gen_fd(w, chance(w, 900) ? K_CHAN : K_TIMER, &slot);
	struct arg a;

	memset(&k, POISON, sizeof(k));
	k.flags = k.reserved = 0;
	if (expect_fd(w, &x, slot, slot_kind(slot) == K_TIMER ? K_TIMER : K_CHAN, ENOTTY)) {
		k.flags = reserved(w, &x, 0);
		k.reserved = reserved(w, &x, 0);
		ret_between(&x, 0, 0);
	}
	a = put(w, &x, GORO_IOC_CHAN_INFO, &k, 48);
	call(w, "CHAN_INFO", fd, &a, k.flags, k.reserved, 0);
	judge(w, &x);
	if (!w->rec->ret && get(&a, &k, sizeof(k)) &&
	    (k.len > k.cap || k.state & ~GORO_CHAN_CLOSED || k.flags || k.reserved ||
	     k.cap > w->q.cap_max || k.elem > w->q.elem_max))
		fail(w, "CHAN_INFO says nonsense");
	check_chan(w, slot);
}

/* ---- what is none of these ------------------------------------------- */

static void op_raw(struct worker *w)
{
	static const unsigned int known[] = {
		GORO_IOC_QUERY, GORO_IOC_STATS, GORO_IOC_CHAN_CREATE, GORO_IOC_TASK_SPAWN, GORO_IOC_USAGE,
		GORO_IOC_CPU_STAT, GORO_IOC_CPU_MAX, GORO_IOC_TIMER, GORO_IOC_CTX, GORO_IOC_GROUP,
		GORO_IOC_SELECT, GORO_IOC_TIMER_RESET, GORO_IOC_TIMER_STOP, GORO_IOC_CTX_CANCEL,
		GORO_IOC_CTX_INFO, GORO_IOC_GROUP_WAIT, GORO_IOC_GROUP_CANCEL, GORO_IOC_GROUP_INFO,
		GORO_IOC_SEND,
		GORO_IOC_RECV, GORO_IOC_CHAN_CLOSE, GORO_IOC_CHAN_INFO, GORO_IOC_TASK_WAIT,
		GORO_IOC_TASK_CANCEL, GORO_IOC_TASK_INFO,
	};
	enum kind kind = PICK(w, enum kind, K_CHAN, K_TASK, K_DEV, K_TIMER, K_CTX, K_GROUP);
	struct expect x = { 0 };
	int slot, fd = gen_fd(w, kind, &slot);
	unsigned int cmd;

	if (chance(w, 500)) {
		cmd = known[below(w, LEN(known))] ^ (unsigned int)(1 + below(w, 3)) << _IOC_DIRSHIFT;
	} else if (chance(w, 300)) {
		/* these have no struct */
		cmd = PICK(w, unsigned int, GORO_IOC_CHAN_CLOSE, GORO_IOC_TASK_CANCEL, GORO_IOC_TIMER_STOP);
		cmd |= (unsigned int)(1 + below(w, 100)) << _IOC_SIZESHIFT;
	} else {
		cmd = _IOC(below(w, 4), GORO_IOC_MAGIC, 0x80 + below(w, 128), below(w, 1 << 14));
	}
	expect_fd(w, &x, slot, K_NO, ENOTTY);
	call_begin(w, "ioctl", fd, cmd, 0, 0, 0);
	call_end(w, ioctl(fd, cmd, chance(w, 500) ? (void *)w->args.rw : (void *)(uintptr_t)rnd(w)));
	judge(w, &x);
	check_chan(w, slot);
}

const struct op ioctl_ops[] = {
	{ "QUERY", 20, op_query },
	{ "STATS", 20, op_stats },
	{ "USAGE", 15, op_usage },
	{ "CPU_STAT", 10, op_cpu_stat },
	{ "CPU_MAX", 15, op_cpu_max },
	{ "CHAN_CREATE", 70, op_create },
	{ "TASK_SPAWN", 35, op_spawn },
	{ "SEND", 180, op_send },
	{ "RECV", 180, op_recv },
	{ "CHAN_CLOSE", 20, op_chan_close },
	{ "CHAN_INFO", 30, op_chan_info },
	{ "TASK_WAIT", 40, op_wait },
	{ "TASK_CANCEL", 12, op_cancel },
	{ "TASK_INFO", 25, op_task_info },
	{ "ioctl", 30, op_raw },
	{ NULL, 0, NULL },
};
