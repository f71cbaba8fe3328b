// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_crash.ko, run=lost (written to the parameter): goroutines that oops, a hundred in a row, in each way to
 * oops and at each place where a goroutine may be; beside a thousand others that play
 * ping-pong and end right. Of each its group gets -EOWNERDEAD, and where it is in
 * none, the counter says that it is lost.
 *
 * run=broken: one that holds a spinlock; nothing
 * is started after that. run=stop: a goroutine stops a group with a lost one.
 *
 * What a lost one may still refer to stays: all of it is static, or never freed.
 */
#include <goro/goro.h>
#include <goro/class.h>
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/sched/debug.h>
#include <linux/slab.h>
#include "core/stats.h"
#include "crash.h"

#define OOPSES	100
#define PAIRS	500

static int points, bad;

static void point(bool ok, const char *what, long a, long b)
{
	pr_info("goro_crash: %sok %d - %s (%ld, %ld)\n", ok ? "" : "not ", ++points, what, a, b);
	bad += !ok;
}

/* ---- ways to oops ------------------------------------------------------ */

static const int read_only = 1;
static int survived;
static unsigned long way;
static void (*nowhere)(void);

static noinline void oops(void)
{
	switch (way++ % 5) {
	case 0:
		WRITE_ONCE(*(int *)8, 1);
		break;
	case 1:
		BUG();
	case 2:
		/* no canonical address: a general protection fault */
		READ_ONCE(*(int *)0xdead000000000100UL);
		break;
	case 3:
		WRITE_ONCE(*(int *)&read_only, 2);
		break;
	case 4:
		READ_ONCE(nowhere)();
		break;
	}
	WRITE_ONCE(survived, survived + 1);	/* not before that */
}

/* ---- places to be ------------------------------------------------------ */

static struct goro_chan *chan;
static struct goro_ctx *ctx;
static struct goro_wg wg;
static DECLARE_WAIT_QUEUE_HEAD(wq);

static int at_once(void *arg)
{
	oops();
	return 0;
}

static int parked(void *arg)
{
	goro_sleep(NSEC_PER_MSEC);
	oops();
	return 0;
}

/* its P is another's, if that had something to run */
static int slept(void *arg)
{
	msleep(20);
	oops();
	return 0;
}

static int met_a_partner(void *arg)
{
	u64 v = 7;

	goro_chan_send(chan, &v);
	oops();
	return 0;
}

static int locked(void *arg)
{
	goro_lock_thread();
	goro_sleep(NSEC_PER_MSEC);
	oops();
	return 0;
}

static long there(void *arg)
{
	oops();
	return 0;
}

static int on_m_stack(void *arg)
{
	return goro_call_on_m_stack(there, arg);
}

static int on_larger_stack(void *arg)
{
	return goro_call_on_stack(there, arg, SZ_32K);
}

/* armed, and in the wait queue, for ever */
static bool looks(void)
{
	oops();
	return true;
}

static int in_condition(void *arg)
{
	return goro_wait_event(wq, looks());
}

/* another body than at_once(): else the compiler would make one of both */
static noinline int watched(void *arg)
{
	oops();
	return 1;
}

static int under_context(void *arg)
{
	return GORO_CTX_CALL(ctx, (goro_sleep(NSEC_PER_MSEC), at_once(arg)));
}

static void of_no_group(void *arg)
{
	at_once(arg);
}

static int for_ever(void *arg)
{
	return goro_sleep_until(GORO_FOREVER);
}

static int nothing(void *arg)
{
	return 0;
}

static const struct goro_attr small[] = { { .stack_size = SZ_4K }, { .stack_size = SZ_8K } };

static int alone(goro_err_fn_t fn, const struct goro_attr *attr)
{
	struct goro_group group;

	goro_group_init(&group);
	if (goro_group_go_attr(&group, fn, NULL, attr))
		return -ENOMEM;
	if (fn == met_a_partner) {
		u64 v = 0;

		if (goro_chan_recv(chan, &v) != 1 || v != 7)
			return -EIO;
	}
	return goro_group_wait(&group);
}

/* the first error ends the others, with it as the cause */
static int with_siblings(void)
{
	struct goro_group group;
	struct goro_ctx *of;
	int i, err, cause;

	if (goro_group_init_ctx(&group, goro_ctx_background()))
		return -ENOMEM;
	of = goro_ctx_get(goro_group_ctx(&group));
	for (i = 0; i < 3; i++)
		if (goro_group_go(&group, for_ever, NULL))
			return -ENOMEM;
	if (goro_group_go(&group, parked, NULL))
		return -ENOMEM;
	err = goro_group_wait(&group);
	cause = goro_ctx_cause(of);
	goro_ctx_put(of);
	return cause == err ? err : -EIO;
}

/* the slot of a lost one is free */
static int at_limit(void)
{
	struct goro_group group;

	goro_group_init(&group);
	goro_group_set_limit(&group, 1);
	if (goro_group_go(&group, parked, NULL) || goro_group_go(&group, nothing, NULL))
		return -EIO;
	return goro_group_wait(&group);
}

static void wait_for_lost(u64 n)
{
	while (goro_counter(GORO_C_G_LOST) < n)
		msleep(20);
}

static int in_no_group(void)
{
	u64 n = goro_counter(GORO_C_G_LOST);

	if (goro_go(of_no_group, NULL))
		return -ENOMEM;
	wait_for_lost(n + 1);
	return -EOWNERDEAD;
}

static int with_context(void)
{
	u64 n = goro_counter(GORO_C_G_LOST);

	if (goro_go_ctx(ctx, of_no_group, NULL))
		return -ENOMEM;
	wait_for_lost(n + 1);
	return -EOWNERDEAD;
}

/* nobody has called goro_wg_done() */
static int of_wait_group(void)
{
	u64 n = goro_counter(GORO_C_G_LOST);

	if (goro_wg_go(&wg, of_no_group, NULL))
		return -ENOMEM;
	wait_for_lost(n + 1);
	return goro_wg_wait_until(&wg, goro_in(NSEC_PER_MSEC)) == -ETIMEDOUT ? -EOWNERDEAD : -EIO;
}

static const struct place {
	const char *what;
	goro_err_fn_t fn;		/* in a group of its own, or */
	int (*run)(void);
	const struct goro_attr *attr;
} places[] = {
	{ "at once", at_once },
	{ "after it was parked", parked },
	{ "after a sleep without its P", slept },
	{ "after it has met a partner", met_a_partner },
	{ "locked to its thread", locked },
	{ "on a stack of 4 KiB", at_once, .attr = &small[0] },
	{ "on a stack of 8 KiB, parked before", parked, .attr = &small[1] },
	{ "on its thread's stack", on_m_stack },
	{ "on a larger stack", on_larger_stack },
	{ "in a condition", in_condition },
	{ "in a function that a kretprobe is on", watched },
	{ "in a scope of a context", under_context },
	{ "with siblings", .run = with_siblings },
	{ "in a group at its limit", .run = at_limit },
	{ "in no group", .run = in_no_group },
	{ "in no group, under a context", .run = with_context },
	{ "of a WaitGroup", .run = of_wait_group },
};

/* ---- those that go on -------------------------------------------------- */

static bool done;
static atomic_long_t rounds;

struct pair {
	struct goro_chan *c[2];
	u64 rounds;
};

static int ping(void *arg)
{
	struct pair *p = arg;
	u64 n = 0, v;

	while (!READ_ONCE(done)) {
		if (goro_chan_send(p->c[0], &n) || goro_chan_recv(p->c[1], &v) != 1 || v != n)
			return -EIO;
		n++;
		atomic_long_inc(&rounds);
		goro_sleep(100 * NSEC_PER_MSEC);
	}
	return goro_chan_close(p->c[0]);
}

static int pong(void *arg)
{
	struct pair *p = arg;
	u64 v;

	while (goro_chan_recv(p->c[0], &v) == 1)
		if (goro_chan_send(p->c[1], &v))
			return -EIO;
	return 0;
}

static struct pair *players_start(struct goro_group *group)
{
	struct pair *pairs = kcalloc(PAIRS, sizeof(*pairs), GFP_KERNEL);
	int i, j;

	goro_group_init(group);
	for (i = 0; pairs && i < PAIRS; i++) {
		for (j = 0; j < 2; j++)
			pairs[i].c[j] = goro_chan_make(8, 0, 0);
		if (IS_ERR(pairs[i].c[0]) || IS_ERR(pairs[i].c[1]) ||
		    goro_group_go(group, ping, &pairs[i]) ||
		    goro_group_go(group, pong, &pairs[i]))
			return NULL;	/* of a module that is there to crash */
	}
	return pairs;
}

static int players_end(struct goro_group *group, struct pair *pairs)
{
	int i, err;

	WRITE_ONCE(done, true);
	err = goro_group_wait(group);
	for (i = 0; i < PAIRS; i++) {
		goro_chan_put(pairs[i].c[0]);
		goro_chan_put(pairs[i].c[1]);
	}
	kfree(pairs);
	return err;
}

/* all pairs have gone on since */
static void players_go_on(void)
{
	long was = atomic_long_read(&rounds);

	while (atomic_long_read(&rounds) < was + PAIRS)
		msleep(20);
}

/* ---- all of it --------------------------------------------------------- */

static int on_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return 0;
}

static struct kretprobe probe = { .handler = on_return, .kp.addr = (void *)watched };

static int crash_task(struct goro_task *t)
{
	oops();
	return 0;
}

static struct goro_class crash_class = {
	.name = "crash", .owner = THIS_MODULE, .run = crash_task,
};

static int run_lost(void)
{
	u64 lost = goro_counter(GORO_C_G_LOST);
	long others = goro_num();
	struct goro_group group;
	struct pair *pairs;
	int i, err;

	chan = goro_chan_make(8, 0, 0);
	ctx = goro_ctx_with_cancel(goro_ctx_background());
	goro_wg_init(&wg);
	err = register_kretprobe(&probe);
	if (err)
		pr_info("goro_crash: no kretprobe: %d\n", err);
	if (IS_ERR(chan) || IS_ERR(ctx) || err)
		return err ?: -ENOMEM;
	pairs = players_start(&group);
	if (!pairs)
		return -ENOMEM;
	players_go_on();
	for (i = 0; i < OOPSES; i++) {
		const struct place *p = &places[i % ARRAY_SIZE(places)];
		u64 n = goro_counter(GORO_C_G_LOST);

		err = p->run ? p->run() : alone(p->fn, p->attr);
		n = goro_counter(GORO_C_G_LOST) - n;
		if (i < ARRAY_SIZE(places) || err != -EOWNERDEAD || n != 1)
			point(err == -EOWNERDEAD && n == 1, p->what, err, n);
	}
	unregister_kretprobe(&probe);
	players_go_on();
	point(true, "the others go on", i, atomic_long_read(&rounds));
	err = players_end(&group, pairs);
	point(!err, "and end right", err, 0);
	/* who wakes those that are in the queue, armed, for ever */
	wake_up_all(&wq);
	goro_ctx_cancel(ctx);
	lost = goro_counter(GORO_C_G_LOST) - lost;
	point(lost == OOPSES, "so many are lost", lost, OOPSES);
	/* those that have just ended may not be reaped */
	while (goro_num() > others + OOPSES)
		msleep(20);
	point(goro_num() == others + OOPSES, "no other is left", goro_num(), others);
	point(!survived, "none has survived", survived, 0);
	return goro_class_register(&crash_class) ?: bad ? -EIO : 0;
}

/* ---- and what may be asked for after that ------------------------------ */

static DEFINE_SPINLOCK(lock);
static bool stopped;

static int with_lock(void *arg)
	__acquires(&lock)
{
	spin_lock(&lock);
	oops();
	return 0;
}

static int stops(void *arg)
{
	struct goro_group *group = arg;

	goro_group_stop(group);
	stopped = true;
	return 0;
}

/* it has to be seen that it does not return; while others do it would have */
static int run_stop(void)
{
	static struct goro_group group, stopper;

	goro_group_init(&group);
	goro_group_init(&stopper);
	if (goro_group_go(&group, at_once, NULL) || goro_group_wait(&group) != -EOWNERDEAD ||
	    goro_group_go(&stopper, stops, &group) ||
	    goro_group_wait_until(&stopper, goro_in(NSEC_PER_SEC / 2)) != -ETIMEDOUT)
		return -EIO;
	return stopped ? -EIO : 0;
}

static int run_broken(void)
{
	static struct goro_group group, sleepers;
	u64 n = goro_counter(GORO_C_BROKEN);
	int err;

	goro_group_init(&group);
	goro_group_init(&sleepers);
	if (goro_group_go(&sleepers, for_ever, NULL) || goro_group_go(&group, with_lock, NULL))
		return -EIO;
	while (goro_counter(GORO_C_BROKEN) == n)
		msleep(20);
	err = goro_group_go(&sleepers, nothing, NULL);
	if (err != -ENODEV || goro_go(of_no_group, NULL) != -ENODEV)
		return -EIO;
	/* those that there are go on */
	goro_group_cancel(&sleepers);
	return goro_group_wait(&sleepers) == -ECANCELED && !survived ? 0 : -EIO;
}

int lost_run(const char *what)
{
	return sysfs_streq(what, "lost") ? run_lost() :
	       sysfs_streq(what, "stop") ? run_stop() :
	       sysfs_streq(what, "broken") ? run_broken() : -EINVAL;
}
