// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes and threads that do anything at random to shared channels and tasks of their own; some are
 * killed. Nothing is checked but results that cannot be; in the end nobody waits, and an element that
 * stands for something is never made up: each one says who sent it.
 */
#include <sys/epoll.h>
#include "goro_test.h"

#define CHANS 6
#define PROCS 6
#define OPS 800
#define MAGIC 0x676f726f00000000ULL	/* "goro", and the sender below it */

static int chans[CHANS];

struct rng {
	uint64_t x;
};

static uint64_t rnd(struct rng *r, uint64_t n)
{
	r->x ^= r->x << 13;
	r->x ^= r->x >> 7;
	r->x ^= r->x << 17;
	return (r->x >> 16) % n;
}

static uint64_t some_deadline(struct rng *r)
{
	return rnd(r, 2) ? GORO_NOW : goro_in(rnd(r, 1000000));
}

static void check_sent(const uint64_t *v, int n)
{
	while (n-- > 0)
		CHECK((v[n] & ~0xffffffffULL) == MAGIC);
}

static void one(struct rng *r, int *task)
{
	int c = chans[rnd(r, CHANS)], pair[2] = { c, chans[rnd(r, CHANS)] }, n = 1 + rnd(r, 20), ret, i;
	struct pollfd p = { .fd = c, .events = POLLIN | POLLOUT };
	struct goro_task_info ti;
	struct goro_chan_info ci;
	uint64_t v[20];

	switch (rnd(r, 12)) {
	case 0 ... 2:
		for (i = 0; i < n; i++)
			v[i] = MAGIC | getpid();
		ret = goro_kchan_sendn(c, v, n, some_deadline(r));
		CHECK((ret > 0 && ret <= n) || ret == -EAGAIN || ret == -ETIMEDOUT);
		break;
	case 3 ... 5:
		ret = goro_kchan_recvn(c, v, n, rnd(r, 2) ? GORO_RECV_ALL : 0, some_deadline(r));
		CHECK((ret > 0 && ret <= n) || ret == -EAGAIN || ret == -ETIMEDOUT);
		check_sent(v, ret);
		break;
	case 6:
		CHECK(poll(&p, 1, rnd(r, 2)) >= 0);
		break;
	case 7:
		CHECK_EQ(goro_kchan_info(c, &ci), 0);
		CHECK(ci.len <= ci.cap && ci.state == 0);
		break;
	case 8:
		if (*task >= 0)
			close(*task);
		*task = goro_ktask_spawn(dev(), "echo", NULL, 0, pair, 2);
		CHECK(*task >= 0);
		break;
	case 9:
		if (*task >= 0)
			CHECK_EQ(goro_ktask_cancel(*task), 0);
		break;
	case 10:
		if (*task < 0)
			break;
		ret = goro_ktask_wait(*task, &i, some_deadline(r));
		CHECK(ret == -EAGAIN || ret == -ETIMEDOUT || (!ret && i == -ECANCELED));
		CHECK_EQ(goro_ktask_info(*task, &ti), 0);
		break;
	case 11:
		ret = epoll_create1(0);
		CHECK_EQ(epoll_ctl(ret, EPOLL_CTL_ADD, c, &(struct epoll_event){ .events = EPOLLIN | EPOLLET }), 0);
		epoll_wait(ret, &(struct epoll_event){}, 1, 0);
		close(ret);
		break;
	}
}

static int ops(struct call *call)
{
	struct rng r = { .x = 88172645463325252ULL * (2 * call->n + 1) };
	int task = -1, i;

	for (i = 0; i < (int)call->flags; i++)
		one(&r, &task);
	if (task >= 0)
		close(task);
	return 0;
}

static void process(void *arg)
{
	int id = *(int *)arg, ends = id & 1 ? OPS : 1 << 30;
	struct call t = { .fn = ops, .n = 2 * id + 1, .flags = ends }, self = { .n = 2 * id, .flags = ends };

	dev();
	call_start(&t);
	ops(&self);
	call_end(&t);
}

TEST(anything_goes)
{
	pid_t pid[PROCS];
	struct call self = { .n = 99, .flags = OPS };
	int i, round, id;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < CHANS; i++)
			chans[i] = make(8, i ? 1 << i : 0);
		for (i = 0; i < PROCS; i++) {
			id = round * PROCS + i;
			pid[i] = child(process, &id);
		}
		ops(&self);
		for (i = 0; i < PROCS; i++) {
			id = round * PROCS + i;
			if (id & 1)
				reap(pid[i]);
			else
				kill9(pid[i]);
		}
		/* tasks of the dead end soon; then nobody waits */
		for (i = 0; i < CHANS; i++) {
			wait_for(chans[i], 0, 0);
			CHECK_EQ(goro_kchan_close(chans[i]), 0);
			close(chans[i]);
		}
	}
}
