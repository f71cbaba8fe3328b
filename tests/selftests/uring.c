// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_uring on channels and tasks, by the bare system calls: poll, read and write that wait, cancel, a ring that
 * goes while requests wait. A request waits as a poller does, not as a thread in the queue: the channel's count of
 * waiters stays 0.
 */
#include "goro_test.h"
#include <linux/io_uring.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#define ENTRIES	32

struct ring {
	int fd;
	unsigned int *sq_head, *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	unsigned int queued;
};

static void ring_open(struct ring *r)
{
	struct io_uring_params p = { 0 };
	size_t sq, cq;
	char *m;

	r->queued = 0;
	r->fd = syscall(__NR_io_uring_setup, ENTRIES, &p);
	/* built without it, or forbidden: no matter of ours */
	if (r->fd < 0)
		SKIP("no io_uring: %s", strerror(errno));
	sq = p.sq_off.array + p.sq_entries * sizeof(unsigned int);
	cq = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	m = mmap(NULL, sq, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
	CHECK(m != MAP_FAILED);
	r->sq_head = (void *)(m + p.sq_off.head);
	r->sq_tail = (void *)(m + p.sq_off.tail);
	r->sq_mask = (void *)(m + p.sq_off.ring_mask);
	r->sq_array = (void *)(m + p.sq_off.array);
	m = mmap(NULL, cq, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_CQ_RING);
	CHECK(m != MAP_FAILED);
	r->cq_head = (void *)(m + p.cq_off.head);
	r->cq_tail = (void *)(m + p.cq_off.tail);
	r->cq_mask = (void *)(m + p.cq_off.ring_mask);
	r->cqes = (void *)(m + p.cq_off.cqes);
	r->sqes = mmap(NULL, p.sq_entries * sizeof(*r->sqes), PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		       IORING_OFF_SQES);
	CHECK(r->sqes != MAP_FAILED);
}

static struct io_uring_sqe *add(struct ring *r, int op, int fd, void *buf, unsigned int len, uint64_t user)
{
	unsigned int at = *r->sq_tail & *r->sq_mask;
	struct io_uring_sqe *e = &r->sqes[at];

	*e = (struct io_uring_sqe){ .opcode = op, .fd = fd, .addr = (uintptr_t)buf, .len = len,
				    .off = -1, .user_data = user };
	r->sq_array[at] = at;
	__atomic_store_n(r->sq_tail, *r->sq_tail + 1, __ATOMIC_RELEASE);
	r->queued++;
	return e;
}

static void add_poll(struct ring *r, int fd, uint32_t events, uint64_t user)
{
	struct io_uring_sqe *e = add(r, IORING_OP_POLL_ADD, fd, NULL, 0, user);

	e->off = 0;
	e->poll32_events = events;
}

static void enter(struct ring *r, unsigned int wait)
{
	CHECK_EQ(syscall(__NR_io_uring_enter, r->fd, r->queued, wait, wait ? IORING_ENTER_GETEVENTS : 0, NULL, 0),
		 r->queued);
	r->queued = 0;
}

static bool completed(struct ring *r)
{
	/* completions may be left to the next system call of ours */
	enter(r, 0);
	return *r->cq_head != __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE);
}

/* the next completion, waiting for it */
static int result(struct ring *r, uint64_t *user)
{
	struct io_uring_cqe *c;
	int res;

	while (*r->cq_head == __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE))
		enter(r, 1);
	c = &r->cqes[*r->cq_head & *r->cq_mask];
	res = c->res;
	if (user)
		*user = c->user_data;
	__atomic_store_n(r->cq_head, *r->cq_head + 1, __ATOMIC_RELEASE);
	return res;
}

TEST(poll)
{
	int c = make(8, 1), t = spawn_sleeper();
	struct ring r;
	uint64_t v = 1, user;

	ring_open(&r);
	add_poll(&r, c, POLLIN, 1);
	enter(&r, 0);
	CHECK(!completed(&r));
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_EQ(result(&r, &user), POLLIN);
	CHECK_EQ(user, 1);
	add_poll(&r, c, POLLOUT, 2);
	enter(&r, 0);
	CHECK(!completed(&r));
	CHECK_EQ(goro_kchan_recv(c, &v), 1);
	CHECK_EQ(result(&r, &user), POLLOUT);
	add_poll(&r, t, POLLIN, 3);
	enter(&r, 0);
	CHECK(!completed(&r));
	CHECK_EQ(goro_ktask_cancel(t), 0);
	CHECK_EQ(result(&r, &user), POLLIN);
	CHECK_EQ(user, 3);
}

/* those that wait exclusively: one for an element, all for what stays */
TEST(exclusive_polls)
{
	enum { N = 8 };
	int fds[2] = { make(8, N), spawn_sleeper() }, i, k;
	struct ring r;
	uint64_t v = 1;

	ring_open(&r);
	for (i = 0; i < N; i++)
		add_poll(&r, fds[0], POLLIN | EPOLLEXCLUSIVE, i);
	enter(&r, 0);
	for (i = 0; i < 3; i++) {
		CHECK(!completed(&r));
		CHECK_EQ(goro_kchan_send(fds[0], &v), 0);
		CHECK_EQ(result(&r, NULL), POLLIN);
	}
	CHECK_EQ(goro_kchan_close(fds[0]), 0);
	for (; i < N; i++)
		CHECK_EQ(result(&r, NULL), POLLIN | POLLHUP);
	for (k = 0; k < N; k++)
		add_poll(&r, fds[1], POLLIN | EPOLLEXCLUSIVE, k);
	enter(&r, 0);
	CHECK(!completed(&r));
	CHECK_EQ(goro_ktask_cancel(fds[1]), 0);
	for (k = 0; k < N; k++)
		CHECK_EQ(result(&r, NULL), POLLIN);
}

TEST(multishot_poll)
{
	int c = make(8, 8), i;
	struct ring r;
	uint64_t v = 1;

	ring_open(&r);
	add(&r, IORING_OP_POLL_ADD, c, NULL, IORING_POLL_ADD_MULTI, 1);
	r.sqes[0].off = 0;
	r.sqes[0].poll32_events = POLLIN;
	enter(&r, 0);
	for (i = 0; i < 8; i++) {
		CHECK(!completed(&r));
		CHECK_EQ(goro_kchan_send(c, &v), 0);
		CHECK_EQ(result(&r, NULL), POLLIN);
	}
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(result(&r, NULL), POLLIN | POLLHUP);
}

TEST(read_and_write)
{
	int c = make(8, 1), t = spawn_sleeper();
	struct goro_task_result res;
	struct ring r;
	uint64_t in[3] = { 1, 2, 3 }, out[3], v;

	ring_open(&r);
	poison(out, sizeof(out));
	add(&r, IORING_OP_READ, c, out, 24, 1);
	enter(&r, 0);
	CHECK(!completed(&r));
	CHECK_CHAN(c, 0, 0, 0, false);
	CHECK_EQ(goro_kchan_send(c, in), 0);
	CHECK_EQ(result(&r, NULL), 8);
	CHECK_EQ(out[0], 1);
	CHECK(poisoned(out + 1, 16));

	/* as with O_NONBLOCK: what there is room for */
	add(&r, IORING_OP_WRITE, c, in, 24, 2);
	enter(&r, 0);
	CHECK_EQ(result(&r, NULL), 8);
	add(&r, IORING_OP_WRITE, c, in + 1, 8, 3);
	enter(&r, 0);
	CHECK(!completed(&r));
	CHECK_CHAN(c, 1, 0, 0, false);
	CHECK_EQ(goro_kchan_recv(c, &v), 1);
	CHECK_EQ(v, 1);
	CHECK_EQ(result(&r, NULL), 8);
	CHECK_EQ(goro_kchan_recv(c, &v), 1);
	CHECK_EQ(v, 2);

	add(&r, IORING_OP_READ, c, out, 24, 4);
	enter(&r, 0);
	CHECK(!completed(&r));
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(result(&r, NULL), 0);
	add(&r, IORING_OP_WRITE, c, in, 8, 5);
	enter(&r, 0);
	CHECK_EQ(result(&r, NULL), -EPIPE);
	add(&r, IORING_OP_READ, c, out, 4, 6);
	enter(&r, 0);
	CHECK_EQ(result(&r, NULL), -EINVAL);

	add(&r, IORING_OP_READ, t, &res, sizeof(res), 7);
	enter(&r, 0);
	CHECK(!completed(&r));
	CHECK_EQ(goro_ktask_cancel(t), 0);
	CHECK_EQ(result(&r, NULL), sizeof(res));
	CHECK_EQ(res.result, -ECANCELED);
}

/* many reads of one channel: each element to one of them, and none is lost */
TEST(many_reads)
{
	enum { N = 16 };
	int c = make(8, 4), i;
	uint64_t out[N], user, v;
	bool seen[N] = { false };
	struct ring r;

	ring_open(&r);
	for (i = 0; i < N; i++)
		add(&r, IORING_OP_READ, c, &out[i], 8, i);
	enter(&r, 0);
	CHECK(!completed(&r));
	for (i = 0; i < N; i++) {
		v = i;
		CHECK_EQ(goro_kchan_send(c, &v), 0);
		CHECK_EQ(result(&r, &user), 8);
		CHECK(user < N && !seen[user]);
		CHECK_EQ(out[user], v);
		seen[user] = true;
	}
	CHECK_CHAN(c, 0, 0, 0, false);
}

/* a read that was cancelled takes nothing any more */
TEST(cancel)
{
	int c = make(8, 1), i, res;
	struct ring r;
	uint64_t out, user, v = 5;

	ring_open(&r);
	poison(&out, sizeof(out));
	add(&r, IORING_OP_READ, c, &out, 8, 1);
	enter(&r, 0);
	CHECK(!completed(&r));
	add(&r, IORING_OP_ASYNC_CANCEL, -1, (void *)1, 0, 2)->off = 0;
	enter(&r, 0);
	for (i = 0; i < 2; i++) {
		res = result(&r, &user);
		CHECK_EQ(res, user == 1 ? -ECANCELED : 0);
	}
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_CHAN(c, 1, 0, 0, false);
	CHECK(poisoned(&out, sizeof(out)));
}

static void leaves_a_ring(void *arg)
{
	struct goro_task_result res;
	uint64_t out[4], in = 1;
	struct ring r;
	int c = make(8, 0), t = spawn_sleeper();

	ring_open(&r);
	add(&r, IORING_OP_READ, c, &out[0], 8, 1);
	add(&r, IORING_OP_WRITE, c, &in, 8, 2);
	add_poll(&r, c, POLLIN, 3);
	add(&r, IORING_OP_READ, *(int *)arg, &out[1], 8, 4);
	add(&r, IORING_OP_READ, t, &res, sizeof(res), 5);
	add_poll(&r, t, POLLIN, 6);
	enter(&r, 0);
	close(c);
	close(t);
}

/* a ring holds its files; it goes with its process, and they with it */
TEST(process_ends_with_requests_that_wait)
{
	int c = make(8, 1), i;
	struct goro_stats s;
	struct ring r;
	uint64_t v = 1;

	ring_open(&r);
	for (i = 0; i < 5; i++)
		reap(child(leaves_a_ring, &c));
	/* a ring goes some time after its process, those of the tests before this one, too */
	do {
		CHECK_EQ(goro_dev_stats(dev(), &s), 0);
	} while (s.chan_created - s.chan_destroyed != 1 || s.task_created != s.task_destroyed);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	CHECK_CHAN(c, 1, 0, 0, false);
}
