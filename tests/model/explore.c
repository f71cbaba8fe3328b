// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which interleavings are run.
 *
 * At random: a seed gives every decision. By turns all are equally likely; or
 * the running one goes on but for an eighth of the points; or each has a
 * priority and loses it at three points (Burckhardt's PCT): bugs that need few
 * preemptions at the right places are found by that.
 *
 * All of them: a run is made again and again, each time with another decision at
 * the deepest place that has one left. Left are those that matter (dynamic
 * partial order reduction, Flanagan and Godefroid): where two steps of a run
 * depend on each other and nothing orders them, the second one's thread is to be
 * tried at the first one's place. Sleep sets leave out what has been seen in
 * another order of independent steps.
 */
#include "explore.h"

struct node {
	bool choice;		/* of a number, not of a thread */
	u8 tid;			/* the thread, or the number */
	u8 n;			/* of a choice */
	u16 clock;		/* the step's number in its thread */
	u32 enabled, backtrack, done, sleep;
	struct step step;
};

#define MAX_NODES	(2 * MAX_STEPS)	/* steps, and choices of a number */
static struct node nodes[MAX_NODES];
static int depth, len;
static int executed;		/* the node of the step that is being made */
static bool forked;
static u64 rng;
static int style, priority[MAX_T], drop_at[3], nsteps;

/* ---- at random ------------------------------------------------------- */

void explore_random(u64 seed)
{
	int i;

	det_exhaustive = false;
	rng = seed * 0x9e3779b97f4a7c15ULL + 0x1234567;
	rnd(&rng);
	rnd(&rng);
	style = seed % 3;
	nsteps = 0;
	for (i = 0; i < MAX_T; i++)
		priority[i] = 1000 + (rnd(&rng) >> 40) % 1000;
	for (i = 0; i < 3; i++)
		drop_at[i] = (rnd(&rng) >> 40) % 60;
}

static int pick_random(u32 enabled, int last)
{
	int i, t, best = -1;

	nsteps++;
	if (style == 2) {
		for (i = 0; i < 3; i++)
			if (drop_at[i] == nsteps && last >= 0)
				priority[last] = i;
		for (t = 0; t < MAX_T; t++)
			if (enabled >> t & 1 && (best < 0 || priority[t] > priority[best]))
				best = t;
		return best;
	}
	if (style == 1 && last >= 0 && enabled >> last & 1 && (rnd(&rng) >> 40) % 8)
		return last;
	i = (rnd(&rng) >> 40) % __builtin_popcount(enabled);
	for (t = 0; ; t++)
		if (enabled >> t & 1 && !i--)
			return t;
}

/* ---- all of them ----------------------------------------------------- */

void explore_all(void)
{
	det_exhaustive = true;
	depth = 0;
	len = 0;
	forked = true;
}

/* Before each run; false: there is none left. */
bool explore_again(void)
{
	u32 left;

	if (forked) {
		forked = false;
		depth = 0;
		return true;
	}
	for (len = depth; len > 0; len--) {
		struct node *n = &nodes[len - 1];

		if (n->choice) {
			if (n->tid + 1 == n->n)
				continue;
			n->tid++;
			break;
		}
		n->done |= 1U << n->tid;
		left = n->backtrack & ~n->done & ~n->sleep;
		if (left) {
			n->tid = __builtin_ctz(left);
			break;
		}
	}
	depth = 0;
	return len > 0;
}

/* Those that sleep here: seen from the node before, and what was done since makes no difference. */
static u32 sleepers(void)
{
	struct node *before = NULL;
	u32 sleep = 0, was;
	int i, t;

	for (i = depth - 1; i >= 0 && !before; i--)
		if (!nodes[i].choice)
			before = &nodes[i];
	if (!before)
		return 0;
	was = (before->sleep | before->done) & ~(1U << before->tid);
	for (t = 0; t < MAX_T; t++)
		if (was >> t & 1 && !steps_depend(det_next(t), &before->step))
			sleep |= 1U << t;
	return sleep;
}

int explore_pick(u32 enabled, int last)
{
	struct node *n = &nodes[depth];
	u32 can;

	if (!det_exhaustive)
		return pick_random(enabled, last);
	if (depth == MAX_NODES - 1)
		abort();
	if (depth >= len) {
		memset(n, 0, sizeof(*n));
		n->enabled = enabled;
		n->sleep = sleepers();
		can = enabled & ~n->sleep;
		if (!can)
			return -1;
		n->tid = last >= 0 && can >> last & 1 ? last : __builtin_ctz(can);
		n->backtrack = 1U << n->tid;
	} else if (n->choice || n->enabled != enabled) {
		fprintf(stderr, "the run is not the same as before\n");
		abort();
	}
	n->step = *det_next(n->tid);
	n->clock = det_clock[n->tid][n->tid] + 1;
	executed = depth++;
	return n->tid;
}

u32 explore_choose(u32 max)
{
	struct node *n = &nodes[depth];

	if (!det_exhaustive)
		return (rnd(&rng) >> 40) % max;
	if (depth == MAX_NODES - 1)
		abort();
	if (depth >= len) {
		memset(n, 0, sizeof(*n));
		n->choice = true;
		n->n = max;
	}
	depth++;
	return n->tid;
}

/* Thread t's next step and node i's depend on each other, and nothing orders them. */
static void try_at(int i, int t)
{
	struct node *n = &nodes[i];
	int j;

	if (n->enabled >> t & 1) {
		n->backtrack |= 1U << t;
		return;
	}
	for (j = i + 1; j <= executed; j++) {
		int q = nodes[j].tid;

		if (!nodes[j].choice && n->enabled >> q & 1 && det_clock[t][q] >= nodes[j].clock) {
			n->backtrack |= 1U << q;
			return;
		}
	}
	n->backtrack |= n->enabled;
}

void explore_executed(int tid)
{
	const struct step *next = det_next(tid), *step = &nodes[executed].step;
	int i, t;

	if (!det_exhaustive)
		return;
	for (i = executed - 1; i >= 0; i--) {
		struct node *n = &nodes[i];

		if (!n->choice && n->tid != tid && steps_depend(&n->step, next) &&
		    det_clock[tid][n->tid] < n->clock) {
			try_at(i, tid);
			break;
		}
	}
	for (t = 0; t < MAX_T; t++)
		if (t != tid && steps_depend(step, det_next(t)))
			try_at(executed, t);
}
