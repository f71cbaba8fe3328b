// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cases on goroutines. Each is what a module would write: goro_go(),
 * channels, WaitGroups; the time is taken by a goroutine around the whole.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <goro/goro.h>
#include "bench.h"

static int in_goroutine(void *arg)
{
	struct run *r = arg;

	goro_wg_init(&r->wg);
	r->result = r->fn(r);
	return 0;
}

/* r->fn in a goroutine of its own: what it returns, 0 if it could not be started */
u64 bench_in_goroutine(struct run *r)
{
	struct goro_group grp;

	goro_group_init(&grp);
	if (goro_group_go(&grp, in_goroutine, r) || goro_group_wait(&grp))
		return 0;
	return r->result;
}

u64 bench_run(const struct bench *b, u64 n, u64 (*fn)(struct run *r))
{
	struct run r = { .b = b, .n = n, .fn = fn };

	return bench_in_goroutine(&r);
}

/* sort()'s order of u64s */
int bench_later(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* ---- yield ----------------------------------------------------------- */

static void yielder(void *arg)
{
	struct run *r = arg;
	u64 i, n = r->each;

	WRITE_ONCE(r->waiting, r->waiting + 1);	/* one P: no race */
	goro_chan_recv(r->c, NULL);
	for (i = 0; i < n; i++)
		goro_yield();
	goro_wg_done(&r->wg);
}

/* All are parked before the time begins; then they go round, r->each times. */
static u64 yields(struct run *r)
{
	u32 tasks = r->b->arg, i;
	struct goro_attr attr = { .name = "yielder", .stack_size = tasks > 2 ? 4096 : 0 };
	u64 t;

	r->each = r->n / tasks;
	r->c = goro_chan_make(0, 0, 0);
	if (IS_ERR(r->c))
		return 0;
	goro_wg_add(&r->wg, tasks);
	for (i = 0; i < tasks; i++)
		if (goro_go_attr(yielder, r, &attr))
			goro_wg_done(&r->wg);	/* a figure that is off shows it */
	while (READ_ONCE(r->waiting) < r->wg.n)
		goro_yield();
	t = ktime_get_ns();
	goro_chan_close(r->c);
	goro_wg_wait(&r->wg);
	t = ktime_get_ns() - t;
	goro_chan_put(r->c);
	return t;
}

u64 goro_yields(const struct bench *b, u64 n)
{
	return bench_run(b, n, yields);
}

/* ---- sleep ----------------------------------------------------------- */

static void dozer(void *arg)
{
	struct run *r = arg;
	u64 i, n = r->each;

	WRITE_ONCE(r->waiting, r->waiting + 1);	/* one P: no race */
	goro_chan_recv(r->c, NULL);
	for (i = 0; i < n; i++)
		goro_sleep(DOZE_NS);
	goro_wg_done(&r->wg);
}

/* many that sleep a millisecond again and again: how many wakes a second there can be */
static u64 sleepers(struct run *r)
{
	struct goro_attr attr = { .name = "dozer", .stack_size = 4096 };
	u32 tasks = r->b->arg, i;
	u64 t;

	r->each = r->n / tasks;
	r->c = goro_chan_make(0, 0, 0);
	if (IS_ERR(r->c))
		return 0;
	goro_wg_add(&r->wg, tasks);
	for (i = 0; i < tasks; i++)
		if (goro_go_attr(dozer, r, &attr))
			goro_wg_done(&r->wg);	/* a figure that is off shows it */
	while (READ_ONCE(r->waiting) < r->wg.n)
		goro_yield();
	t = ktime_get_ns();
	goro_chan_close(r->c);
	goro_wg_wait(&r->wg);
	t = ktime_get_ns() - t;
	goro_chan_put(r->c);
	return t;
}

u64 goro_sleepers(const struct bench *b, u64 n)
{
	return bench_run(b, n, sleepers);
}

#define NAPS_MAX 1000

/* one that sleeps b->arg ns again and again: the median of how late it runs, n times that */
static u64 naps(struct run *r)
{
	u64 *late = kvmalloc_array(NAPS_MAX, sizeof(*late), GFP_KERNEL);
	u64 i, until, n = min_t(u64, r->n, NAPS_MAX);

	if (!late)
		return 0;
	for (i = 0; i < n; i++) {
		until = goro_in(r->b->arg);
		goro_sleep_until(until);
		late[i] = ktime_get_ns() - until;
	}
	sort(late, n, sizeof(*late), bench_later, NULL);
	i = late[n / 2] * r->n;
	kvfree(late);
	return i;
}

u64 goro_naps(const struct bench *b, u64 n)
{
	return bench_run(b, n, naps);
}

/* ---- channels -------------------------------------------------------- */

static void ponger(void *arg)
{
	struct run *r = arg;
	u64 i, v, n = r->n / 2;

	for (i = 0; i < n; i++) {
		goro_chan_recv(r->c, &v);
		goro_chan_send(r->d, &v);
	}
	goro_wg_done(&r->wg);
}

/* there and back on two unbuffered channels is two hops */
static u64 hops(struct run *r)
{
	u64 i, v = 0, t, n = r->n / 2;

	r->c = goro_chan_make(8, 0, 0);
	r->d = goro_chan_make(8, 0, 0);
	if (IS_ERR(r->c) || IS_ERR(r->d))
		return 0;
	goro_wg_add(&r->wg, 1);
	if (goro_go(ponger, r))
		return 0;
	t = ktime_get_ns();
	for (i = 0; i < n; i++) {
		goro_chan_send(r->c, &v);
		goro_chan_recv(r->d, &v);
	}
	t = ktime_get_ns() - t;
	goro_wg_wait(&r->wg);
	goro_chan_put(r->c);
	goro_chan_put(r->d);
	return t;
}

u64 goro_hops(const struct bench *b, u64 n)
{
	return bench_run(b, n, hops);
}

struct seat {
	struct run *r;
	u32 i;
};

static void in_ring(void *arg)
{
	struct seat *seat = arg;
	struct run *r = seat->r;
	struct goro_chan *in = r->chans[seat->i], *out = r->chans[(seat->i + 1) % r->b->arg];
	bool last = seat->i == r->b->arg - 1;
	u64 k, n = r->each, v;

	WRITE_ONCE(r->waiting, r->waiting + 1);	/* one P: no race */
	for (k = 0; k < n; k++) {
		goro_chan_recv(in, &v);
		/* the first is no more there for the last hop */
		if (!last || k < n - 1)
			goro_chan_send(out, &v);
	}
	goro_wg_done(&r->wg);
}

/* b->arg in a ring of unbuffered channels, all waiting but one: each hop wakes who has run longest ago */
static u64 ring(struct run *r)
{
	struct goro_attr attr = { .name = "ring", .stack_size = 4096 };
	u32 tasks = r->b->arg, made = 0, i;
	struct seat *seats = kvcalloc(tasks, sizeof(*seats), GFP_KERNEL);
	u64 t = 0, v = 0;

	r->chans = kvcalloc(tasks, sizeof(*r->chans), GFP_KERNEL);
	r->each = r->n / tasks;
	while (seats && r->chans && made < tasks) {
		r->chans[made] = goro_chan_make(8, 0, 0);
		if (IS_ERR(r->chans[made]))
			break;
		made++;
	}
	if (made < tasks)
		goto out;
	for (i = 0; i < tasks; i++) {
		seats[i] = (struct seat){ r, i };
		goro_wg_add(&r->wg, 1);
		if (goro_go_attr(in_ring, &seats[i], &attr)) {
			goro_wg_done(&r->wg);
			break;
		}
	}
	while (READ_ONCE(r->waiting) < i)
		goro_yield();
	t = ktime_get_ns();
	if (i == tasks)
		goro_chan_send(r->chans[0], &v);
	else	/* nobody goes round where one is missing */
		while (i--)
			goro_chan_close(r->chans[i]);
	goro_wg_wait(&r->wg);
	t = i == tasks ? ktime_get_ns() - t : 0;
out:
	while (made--)
		goro_chan_put(r->chans[made]);
	kvfree(r->chans);
	kvfree(seats);
	return t;
}

u64 goro_ring(const struct bench *b, u64 n)
{
	return bench_run(b, n, ring);
}

static void producer(void *arg)
{
	struct run *r = arg;
	u64 i;

	for (i = 0; i < r->n; i++)
		goro_chan_send(r->c, &i);
	goro_wg_done(&r->wg);
}

/* one way: a producer, and the consumer that measures */
static u64 stream(struct run *r)
{
	u64 i, v, t;

	r->c = goro_chan_make(8, r->b->arg, 0);
	if (IS_ERR(r->c))
		return 0;
	goro_wg_add(&r->wg, 1);
	t = ktime_get_ns();
	if (goro_go(producer, r))
		return 0;
	for (i = 0; i < r->n; i++) {
		goro_chan_recv(r->c, &v);
		r->sum += v;
	}
	t = ktime_get_ns() - t;
	goro_wg_wait(&r->wg);
	goro_chan_put(r->c);
	return r->sum == r->n * (r->n - 1) / 2 ? t : 0;
}

u64 goro_stream(const struct bench *b, u64 n)
{
	return bench_run(b, n, stream);
}

/* buffered, send and receive in one goroutine: nobody waits */
static u64 self(struct run *r)
{
	u64 i, v, t;

	r->c = goro_chan_make(8, r->b->arg, 0);
	if (IS_ERR(r->c))
		return 0;
	t = ktime_get_ns();
	for (i = 0; i < r->n / 2; i++) {
		goro_chan_send(r->c, &i);
		goro_chan_recv(r->c, &v);
	}
	t = ktime_get_ns() - t;
	goro_chan_put(r->c);
	return t ?: 1;	/* 0 is failure */
}

u64 goro_self(const struct bench *b, u64 n)
{
	return bench_run(b, n, self);
}

/* ---- select ---------------------------------------------------------- */

#define SELECT_MAX 8

/*
 * b->arg channels, all with an element: receive from one of them, and put the
 * element back, so that as many are ready the next time.
 */
static u64 selects(struct run *r)
{
	struct goro_case cases[SELECT_MAX];
	u32 i, n = r->b->arg;
	u64 k, v = 1, t = 0;

	for (i = 0; i < n; i++) {
		cases[i] = (struct goro_case)GORO_RECV(goro_chan_make(8, 1, 0), &v);
		if (IS_ERR(cases[i].chan) || goro_chan_send(cases[i].chan, &v))
			return 0;
	}
	t = ktime_get_ns();
	for (k = 0; k < r->n; k++) {
		int got = goro_select(cases, n);

		r->sum += cases[got].ret;
		goro_chan_send(cases[got].chan, &v);
	}
	t = ktime_get_ns() - t;
	for (i = 0; i < n; i++)
		goro_chan_put(cases[i].chan);
	return r->sum == r->n ? t : 0;
}

u64 goro_selects(const struct bench *b, u64 n)
{
	return bench_run(b, n, selects);
}

static void in_crowd(void *arg)
{
	struct goro_case cases[SELECT_MAX];
	struct run *r = arg;
	u32 i;
	int k;

	for (i = 0; i < r->b->arg; i++)
		cases[i] = (struct goro_case)GORO_RECV(r->chans[i], NULL);
	WRITE_ONCE(r->waiting, r->waiting + 1);	/* one P: no race */
	k = goro_select(cases, r->b->arg);
	r->sum += k >= 0 && !cases[k].ret;
	goro_wg_done(&r->wg);
}

/*
 * n goroutines wait in selects of b->arg cases; all channels are closed, until the
 * last of them has ended. That all they had has come back is seen at unload.
 */
static u64 crowd(struct run *r)
{
	struct goro_attr attr = { .name = "crowd", .stack_size = 4096 };
	struct goro_chan *chans[SELECT_MAX];
	u64 i, t;

	r->chans = chans;
	for (i = 0; i < r->b->arg; i++) {
		chans[i] = goro_chan_make(8, 0, 0);
		if (IS_ERR(chans[i]))
			return 0;
	}
	for (i = 0; i < r->n; i++) {
		goro_wg_add(&r->wg, 1);
		if (goro_go_attr(in_crowd, r, &attr))
			goro_wg_done(&r->wg);	/* the sum shows it */
	}
	while (READ_ONCE(r->waiting) < r->wg.n)
		goro_yield();
	t = ktime_get_ns();
	for (i = 0; i < r->b->arg; i++)
		goro_chan_close(chans[i]);
	goro_wg_wait(&r->wg);
	t = ktime_get_ns() - t;
	for (i = 0; i < r->b->arg; i++)
		goro_chan_put(chans[i]);
	return r->sum == r->n ? t : 0;
}

u64 goro_crowd(const struct bench *b, u64 n)
{
	return bench_run(b, n, crowd);
}

/* ---- spawn and join -------------------------------------------------- */

static void nothing(void *arg)
{
	struct run *r = arg;

	r->sum++;
	goro_wg_done(&r->wg);
}

/* b->arg at a time: start them, wait for them */
static u64 spawn(struct run *r)
{
	u64 i, k, t = ktime_get_ns();

	for (i = 0; i < r->n; i += r->b->arg) {
		goro_wg_add(&r->wg, r->b->arg);
		for (k = 0; k < r->b->arg; k++)
			if (goro_go(nothing, r))
				goro_wg_done(&r->wg);
		goro_wg_wait(&r->wg);
	}
	t = ktime_get_ns() - t;
	return r->sum == r->n ? t : 0;
}

u64 goro_spawn(const struct bench *b, u64 n)
{
	return bench_run(b, n, spawn);
}

/* ---- mutex ----------------------------------------------------------- */

static void locker(void *arg)
{
	struct run *r = arg;
	u64 i, n = r->each;

	for (i = 0; i < n; i++) {
		if (goro_mutex_lock(&r->m))
			break;
		r->sum++;
		goro_mutex_unlock(&r->m);
	}
}

/* b->arg goroutines lock and unlock one mutex; an operation is both */
static u64 mutexes(struct run *r)
{
	u32 i;
	u64 t;

	goro_mutex_init(&r->m);
	r->each = r->n / r->b->arg;
	t = ktime_get_ns();
	for (i = 1; i < r->b->arg; i++)
		if (goro_wg_go(&r->wg, locker, r))
			break;
	locker(r);
	goro_wg_wait(&r->wg);
	t = ktime_get_ns() - t;
	return r->sum == r->n ? t : 0;
}

u64 goro_mutexes(const struct bench *b, u64 n)
{
	return bench_run(b, n, mutexes);
}

/* ---- waking another CPU ---------------------------------------------- */

static void sleeper(void *arg)
{
	struct run *r = arg;
	u64 i, at;

	for (i = 0; i < r->n; i++) {
		goro_chan_recv(r->c, &at);
		r->sum += ktime_get_ns() - at;
		WRITE_ONCE(r->seen, i + 1);
	}
	goro_wg_done(&r->wg);
}

/*
 * The waker keeps its own CPU, so the sleeper can only run on the other one,
 * which has gone idle before: from the send until it runs.
 */
static u64 xwake(struct run *r)
{
	u64 i, until, now;

	r->c = goro_chan_make(8, 0, 0);
	if (IS_ERR(r->c))
		return 0;
	goro_wg_add(&r->wg, 1);
	if (goro_go(sleeper, r))
		return 0;
	for (i = 0; i < r->n; i++) {
		until = goro_in(XWAKE_REST_NS);
		while (ktime_get_ns() < until)
			cpu_relax();
		now = ktime_get_ns();
		until = now + NSEC_PER_SEC;
		goro_chan_send(r->c, &now);
		while (READ_ONCE(r->seen) <= i) {
			cpu_relax();
			/* nobody came: it would run here, which is not the case */
			if (ktime_get_ns() > until)
				goro_yield();
		}
		cond_resched();
	}
	goro_wg_wait(&r->wg);
	goro_chan_put(r->c);
	return r->sum;
}

u64 goro_xwake(const struct bench *b, u64 n)
{
	return bench_run(b, n, xwake);
}
