// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_traced.ko: goroutines for tracers to follow, until rmmod. Their functions
 * are not inlined, so that stacks and probes can name them:
 *
 *   tosser > traced_toss > traced_recv > goro_chan_recv	parks, hops for ever
 *   blocker > traced_block > usleep_range			its M sleeps
 *   spinner > traced_spin > goro_yield			waits for one that it starts
 *   burner > traced_burn					computes
 *
 * Each number that is tossed is checked by who receives it. `rounds` and `spins`
 * say how often; they stop where a goroutine is stuck. `wrong` must stay 0.
 */
#include <goro/goro.h>
#include <linux/delay.h>
#include <linux/moduleparam.h>

#define PAIRS_MAX	64

static unsigned int pairs = 4;
module_param(pairs, uint, 0444);
MODULE_PARM_DESC(pairs, "pairs of goroutines that toss a number to and fro");
static unsigned int rest = 200;
module_param(rest, uint, 0644);
MODULE_PARM_DESC(rest, "us of sleep after each toss; 0: they hop for ever");

struct pair {
	struct goro_chan *to, *fro;
};

static struct pair table[PAIRS_MAX];
static struct goro_group group;
static atomic_long_t rounds, spins, blocks, burns, wrong;

static int get_count(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(kp->arg));
}

static const struct kernel_param_ops count_ops = { .get = get_count };
module_param_cb(rounds, &count_ops, &rounds, 0444);
MODULE_PARM_DESC(rounds, "how often a number was tossed (read only)");
module_param_cb(spins, &count_ops, &spins, 0444);
MODULE_PARM_DESC(spins, "how often one was waited for by yielding (read only)");
module_param_cb(blocks, &count_ops, &blocks, 0444);
MODULE_PARM_DESC(blocks, "how often one has slept in the kernel (read only)");
module_param_cb(burns, &count_ops, &burns, 0444);
MODULE_PARM_DESC(burns, "how often one has computed (read only)");
module_param_cb(wrong, &count_ops, &wrong, 0444);
MODULE_PARM_DESC(wrong, "what must not be (read only)");

/* no tail calls: each is to have a frame */
static noinline int traced_recv(struct goro_chan *c, u64 *v)
{
	int ret = goro_chan_recv(c, v);

	barrier();
	return ret;
}

static noinline int traced_toss(struct pair *p, u64 n)
{
	u64 v = 0;
	int ret = goro_chan_send(p->to, &n);

	if (!ret)
		ret = traced_recv(p->fro, &v);
	if (ret == 1 && v != n + 1)
		atomic_long_inc(&wrong);
	return ret;
}

static int tosser(void *arg)
{
	u64 n = 0;

	while (traced_toss(arg, n) == 1) {
		atomic_long_inc(&rounds);
		n += 3;
		if (READ_ONCE(rest))
			goro_sleep(rest * NSEC_PER_USEC);
	}
	return 0;
}

static int catcher(void *arg)
{
	struct pair *p = arg;
	u64 v;

	while (traced_recv(p->to, &v) == 1) {
		v++;
		if (goro_chan_send(p->fro, &v))
			break;
	}
	return 0;
}

static noinline void traced_block(void)
{
	usleep_range(50, 200);
	barrier();
}

static int blocker(void *arg)
{
	while (!goro_cancelled()) {
		traced_block();
		atomic_long_inc(&blocks);
	}
	return 0;
}

static int set_flag(void *arg)
{
	WRITE_ONCE(*(bool *)arg, true);
	return 0;
}

/* where it cannot leave its M for a tracer, the other must get its turn all the same */
static noinline void traced_spin(bool *flag)
{
	while (!READ_ONCE(*flag))
		goro_yield();
}

static int spinner(void *arg)
{
	while (!goro_cancelled()) {
		bool flag = false;

		if (goro_group_go(&group, set_flag, &flag))
			break;
		traced_spin(&flag);
		atomic_long_inc(&spins);
		goro_sleep(100000);
	}
	return 0;
}

static noinline u32 traced_burn(u32 seed)
{
	int i;

	for (i = 0; i < 20000; i++)
		seed = seed * 1664525 + 1013904223;
	return seed;
}

static int burner(void *arg)
{
	u32 x = 1;

	while (!goro_cancelled()) {
		x = traced_burn(x);
		atomic_long_inc(&burns);
		goro_sleep(100000);
	}
	return !x;
}

static void end(void)
{
	unsigned int i;

	goro_group_stop(&group);
	for (i = 0; i < pairs; i++) {
		goro_chan_put(table[i].to);
		goro_chan_put(table[i].fro);
	}
	pr_info("goro_traced: %ld tossed, %ld spins, %ld wrong\n", atomic_long_read(&rounds),
		atomic_long_read(&spins), atomic_long_read(&wrong));
}

static int start(struct pair *p)
{
	p->to = goro_chan_make(sizeof(u64), 0, 0);
	if (IS_ERR(p->to)) {
		p->to = NULL;
		return -ENOMEM;
	}
	p->fro = goro_chan_make(sizeof(u64), 0, 0);
	if (IS_ERR(p->fro)) {
		p->fro = NULL;
		return -ENOMEM;
	}
	return goro_group_go(&group, tosser, p) ?: goro_group_go(&group, catcher, p);
}

static int __init traced_init(void)
{
	unsigned int i;
	int err = 0;

	if (pairs > PAIRS_MAX)
		return -EINVAL;
	goro_group_init(&group);
	for (i = 0; i < pairs && !err; i++)
		err = start(&table[i]);
	err = err ?: goro_group_go(&group, blocker, NULL);
	err = err ?: goro_group_go(&group, spinner, NULL);
	err = err ?: goro_group_go(&group, burner, NULL);
	if (err)
		end();
	return err;
}

static void __exit traced_exit(void)
{
	end();
}

module_init(traced_init);
module_exit(traced_exit);
MODULE_DESCRIPTION("goro: goroutines for tracers to follow");
MODULE_LICENSE("GPL");
