// SPDX-License-Identifier: GPL-2.0-only
/* What a call answered against what it may answer; and the signals that end calls that wait for ever. */
#include "fuzz.h"
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static void set(u64 *bits, int err)
{
	bits[err / 64] |= 1ULL << err % 64;
}

static bool has(const u64 *bits, int err)
{
	return err >= 0 && err < 192 && bits[err / 64] >> err % 64 & 1;
}

void viol(struct expect *x, int err)
{
	set(x->viol, err);
}

void may(struct expect *x, int err)
{
	set(x->err, err);
}

void may_all(struct expect *x, const short *errs)
{
	while (*errs)
		may(x, *errs++);
}

void ret_between(struct expect *x, long lo, long hi)
{
	x->lo = lo;
	x->hi = hi;
}

bool invalid(const struct expect *x)
{
	return x->viol[0] || x->viol[1] || x->viol[2];
}

bool expect_fd(struct worker *w, struct expect *x, int slot, enum kind want, int wrong)
{
	enum kind kind = slot_kind(slot);

	x->lo = 0;
	x->hi = -1;
	if (kind == K_NO || (w->solo && !w->slot[slot])) {
		viol(x, EBADF);
		return false;
	}
	if (!w->solo)
		may(x, EBADF);
	if (kind == want)
		return true;
	viol(x, wrong);
	if (kind > K_DEV) {		/* not our files */
		viol(x, EINVAL);
		viol(x, EFAULT);
	}
	return false;
}

long call_begin(struct worker *w, const char *name, long a, long b, long c, long d, long e)
{
	struct rec *r = &w->log->rec[w->i % KEEP];

	*r = (struct rec){ .i = w->i, .name = name, .a = { a, b, c, d, e } };
	w->rec = r;
	errno = 0;
	return 0;
}

long call_end(struct worker *w, long ret)
{
	w->rec->err = ret < 0 ? errno : 0;
	w->rec->ret = ret;
	w->rec->back = true;
	return ret;
}

static void bits_name(char *to, size_t n, const u64 *bits)
{
	size_t at = 0;

	*to = 0;
	for (int e = 1; e < 192; e++)
		if (has(bits, e) && at < n)
			at += snprintf(to + at, n - at, " %s", strerrorname_np(e) ?: "?");
}

void judge(struct worker *w, const struct expect *x)
{
	struct rec *r = w->rec;
	char viols[256], errs[256];

	if (x->loose && (r->ret >= 0 || r->err == EFAULT || r->err == EINVAL || r->err == E2BIG ||
			 r->err == ENOENT || has(x->err, r->err)))
		return;
	if (r->ret >= 0) {
		if (!invalid(x) && r->ret >= x->lo && r->ret <= x->hi)
			return;
	} else if (r->ret == -1) {
		if (has(x->viol, r->err) || (x->vanish && r->err == EFAULT))
			return;
		/* a descriptor that another racer closed comes before all else, a cap before much */
		if (has(x->err, r->err) && (!invalid(x) || x->late || r->err == EBADF || r->err == EDQUOT))
			return;
	}
	bits_name(viols, sizeof(viols), x->viol);
	bits_name(errs, sizeof(errs), x->err);
	fail(w, "answers %ld %s; invalid:%s; errors:%s; results: %ld to %ld", r->ret,
	     r->ret < 0 ? strerrorname_np(r->err) ?: "?" : "", viols, errs, x->lo, x->hi);
}

/* ---- the way out of waits -------------------------------------------- */

static void nothing(int sig)
{
	(void)sig;
}

void signals_init(struct worker *w)
{
	struct sigaction sa = { .sa_handler = nothing };
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };

	/* no SA_RESTART: the deadline is for ever, and so would be the call */
	sigaction(SIGUSR1, &sa, NULL);
	ev._sigev_un._tid = gettid();
	if (timer_create(CLOCK_MONOTONIC, &ev, &w->timer))
		abort();
}

static void timer(struct worker *w, long ns)
{
	struct itimerspec t = { { 0, ns }, { 0, ns } };

	timer_settime(w->timer, 0, &t, NULL);
}

/* again and again, as the first one may come before the call waits */
void arm(struct worker *w)
{
	timer(w, 1000000);
}

void disarm(struct worker *w)
{
	timer(w, 0);
}
