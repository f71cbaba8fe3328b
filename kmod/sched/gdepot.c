// SPDX-License-Identifier: GPL-2.0-only
/*
 * Free Gs that no P keeps.
 *
 * A P keeps up to two chains of GORO_CHAIN free Gs (g.c): one that it takes from and
 * puts to, and a full one. A third goes to the depot, whole, under one lock, and a P
 * that has none gets one from there, so that a million Gs that are started and end cost
 * the slab nothing, nor the lists of all Gs. What nobody has taken for a second goes
 * back to the slab.
 *
 * A free G is in its list of all Gs; g.c says who may look at it. A chain is linked by
 * qnode, and chains, by their first Gs, by arg.
 */
#include "sched.h"

/* L: lock, taken with preemption off */
static DEFINE_RAW_SPINLOCK(lock);
static struct goro_g *first;	/* L */
static u32 nchains;		/* L */
static u32 low;			/* L: the least nchains since the last trim */

static void trim(struct work_struct *work);
static DECLARE_DELAYED_WORK(trim_work, trim);

static struct goro_g *pop(void)
{
	struct goro_g *chain = first;

	if (chain) {
		first = chain->arg;
		nchains--;
		low = min(low, nchains);
	}
	return chain;
}

/* A chain, or NULL. Preemption is off. */
struct goro_g *goro_depot_get(void)
{
	struct goro_g *chain;

	if (!READ_ONCE(first))
		return NULL;
	raw_spin_lock(&lock);
	chain = pop();
	raw_spin_unlock(&lock);
	return chain;
}

/* Preemption is off; not from interrupts. */
void goro_depot_put(struct goro_g *chain)
{
	raw_spin_lock(&lock);
	chain->arg = first;
	first = chain;
	nchains++;
	raw_spin_unlock(&lock);
	if (!delayed_work_pending(&trim_work) && !goro_sched.stopping)
		schedule_delayed_work(&trim_work, HZ);
}

static void chain_free(struct goro_g *chain)
{
	struct llist_node *node = &chain->qnode;

	while (node) {
		struct goro_g *g = container_of(node, struct goro_g, qnode);

		node = node->next;
		goro_g_to_slab(g);
		cond_resched();
	}
}

static void trim(struct work_struct *work)
{
	struct goro_g *chain;
	bool more;
	u32 n;

	preempt_disable();
	raw_spin_lock(&lock);
	n = low;
	raw_spin_unlock(&lock);
	preempt_enable();
	for (; n; n--) {
		preempt_disable();
		chain = goro_depot_get();
		preempt_enable();
		if (!chain)
			break;
		chain_free(chain);
	}
	preempt_disable();
	raw_spin_lock(&lock);
	low = nchains;
	more = nchains;
	raw_spin_unlock(&lock);
	preempt_enable();
	if (more && !goro_sched.stopping)
		schedule_delayed_work(&trim_work, HZ);
}

/* At unload: no P puts any more. */
void goro_depot_exit(void)
{
	cancel_delayed_work_sync(&trim_work);
	low = nchains;
	trim(NULL);
}
