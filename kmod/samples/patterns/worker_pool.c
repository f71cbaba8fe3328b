// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Worker pool: a fixed number of goroutines take jobs from one channel and send
 * results to another. Closing `jobs` is how they are told that there are no more.
 *
 *	for j := range jobs { results <- work(j) }
 */
#include "patterns.h"

#define WORKERS	4
#define JOBS	100

struct pool {
	struct goro_chan *jobs, *results;
};

static int worker(void *arg)
{
	struct pool *p = arg;
	u64 job, result;

	while (goro_chan_recv(p->jobs, &job) == 1) {
		result = job * job;
		if (goro_chan_send(p->results, &result))
			break;
	}
	return 0;
}

static int feeder(void *arg)
{
	struct pool *p = arg;
	u64 job;

	for (job = 1; job <= JOBS; job++)
		if (goro_chan_send(p->jobs, &job))
			break;
	goro_chan_close(p->jobs);
	return 0;
}

void worker_pool(void)
{
	struct pool p = { goro_chan_make(8, 0, 0), goro_chan_make(8, 0, 0) };
	struct goro_group group;
	u64 result, sum = 0;
	int i, n;

	goro_group_init(&group);
	for (i = 0; i < WORKERS; i++)
		EXPECT(!goro_group_go(&group, worker, &p));
	EXPECT(!goro_group_go(&group, feeder, &p));
	for (n = 0; n < JOBS && goro_chan_recv(p.results, &result) == 1; n++)
		sum += result;
	EXPECT(!goro_group_wait(&group));
	EXPECT(sum == JOBS * (JOBS + 1) * (2 * JOBS + 1) / 6);
	goro_chan_put(p.jobs);
	goro_chan_put(p.results);
}
