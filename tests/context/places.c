// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contexts: one way into each, used by one caller at a time.
 *
 * `now` is the visit that is going on; it is set before the context is
 * entered, and its end is told by `done`. What has entered may still be on its
 * way out of this module then: places_exit() waits for that.
 */
#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/rcupdate.h>
#include <linux/timer.h>
#include <goro/goro.h>
#include "compat.h"
#include "core/stats.h"
#include "context.h"

static struct visit *now;
static DECLARE_COMPLETION(done);
static struct tasklet_struct tasklet;
static struct timer_list timer;
static struct hrtimer hrtimer;
static struct rcu_head rcu;
static struct goro_group grp;

static void go(bool right)
{
	now->right = right;
	now->ret = now->fn();
}

static void in_tasklet(struct tasklet_struct *t)
{
	go(in_serving_softirq() && !in_hardirq());
	complete(&done);
}

static void in_timer(struct timer_list *t)
{
	go(in_serving_softirq() && !in_hardirq());
	complete(&done);
}

static void in_rcu(struct rcu_head *head)
{
	go(in_serving_softirq() && !in_hardirq());
	complete(&done);
}

static enum hrtimer_restart in_hrtimer(struct hrtimer *t)
{
	go(in_hardirq());
	complete(&done);
	return HRTIMER_NORESTART;
}

static int in_g(void *arg)
{
	u64 before = goro_counter(GORO_C_PARK);

	go(goro_in_goroutine());
	now->parks = goro_counter(GORO_C_PARK) - before;
	return 0;
}

void visit(enum place where, struct visit *v)
{
	now = v;
	reinit_completion(&done);
	switch (where) {
	case IN_G:
		if (goro_group_go(&grp, in_g, NULL))
			v->right = false;
		goro_group_wait(&grp);
		return;
	case IN_PROCESS:
		go(in_task() && !goro_in_goroutine());
		return;
	case IN_SOFTIRQ:
		tasklet_schedule(&tasklet);
		break;
	case IN_TIMER:
		mod_timer(&timer, jiffies);
		break;
	case IN_RCU:
		call_rcu(&rcu, in_rcu);
		break;
	case IN_HARDIRQ:
		hrtimer_start(&hrtimer, ns_to_ktime(1000), HRTIMER_MODE_REL_HARD);
		break;
	case PLACES:
		return;
	}
	wait_for_completion(&done);
}

void places_init(void)
{
	goro_group_init(&grp);
	tasklet_setup(&tasklet, in_tasklet);
	timer_setup(&timer, in_timer, 0);
	goro_hrtimer_setup(&hrtimer, in_hrtimer, HRTIMER_MODE_REL_HARD);
}

void places_exit(void)
{
	tasklet_kill(&tasklet);
	timer_delete_sync(&timer);
	hrtimer_cancel(&hrtimer);
	rcu_barrier();
	goro_group_stop(&grp);
}
