// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every call that waits, and everything that can happen to it. The table says what the call returns:
 *
 *	W	it goes on waiting, and ends as if nothing had been
 *	P	2: so many of its 3 elements had passed (16 bytes for read and write)
 *	.	cannot be: the call has no deadline, or cannot be half done
 *	0, E..	the end of the channel; -errno
 *
 * "half": after two of three elements. A waiter is a process of its own; what it left in the channel and in
 * its memory is looked at each time.
 */
#include "goro_test.h"

enum { NA = 1 << 20, W, P };
#define I (-EINTR)
#define T (-ETIMEDOUT)
#define E (-EPIPE)

enum event {
	SIGNAL, SIGNAL_HALF, RESTART, RESTART_HALF, RESTART_LATE, IGNORED, STOP, STOP_HALF, NONBLOCK, FIO,
	LATE, LATE_HALF, CLOSED, CLOSED_HALF, N_EVENTS
};

static const char *const event_names[N_EVENTS] = {
	"signal", "signal, half", "signal with SA_RESTART", "signal with SA_RESTART, half",
	"signals with SA_RESTART until the deadline", "ignored signal", "stop and continue",
	"stop and continue, half", "O_NONBLOCK set", "FIONBIO set", "deadline", "deadline, half",
	"CHAN_CLOSE, or what it waits for", "CHAN_CLOSE, half",
};

static int call_readv(struct call *call);
static int call_writev(struct call *call);
static int call_preadv2(struct call *call);
static int call_select_send(struct call *call);
static int call_select_recv(struct call *call);
static int call_group_wait(struct call *call);
static int call_place(struct call *call);

/* those from TASK on: what ends their waits is done to the object itself, see end_it() */
enum kind { SENDS, RECVS, TASK, CTX, GROUP, TIMER };

static const struct op {
	const char *name;
	int (*fn)(struct call *call);
	enum kind kind;
	unsigned int n;		/* elements, or bytes */
	unsigned int flags;
	int unit;		/* what an element counts in the result */
	int full;		/* the result when it was not disturbed */
	int on[N_EVENTS];
} ops[] = {
/*			                                   signal  RESTART        stop  NONBL.  late    close
 *			                                       half   half late ign.  half  FIO    half    half
 */
{ "SEND 1",	call_send,   SENDS, 1, 0, 1, 1,		   { I, NA, W, NA, T, W, W, NA, W, W, T, NA, E, NA } },
{ "SEND 3",	call_send,   SENDS, 3, 0, 1, 3,		   { I, P,  W, P,  T, W, W, P,  W, W, T, P,  E, P } },
{ "RECV 1",	call_recv,   RECVS, 1, 0, 1, 1,		   { I, NA, W, NA, T, W, W, NA, W, W, T, NA, 0, NA } },
{ "RECV 3",	call_recv,   RECVS, 3, 0, 1, 1,		   { I, NA, W, NA, T, W, W, NA, W, W, T, NA, 0, NA } },
{ "RECV_ALL 3",	call_recv,   RECVS, 3, GORO_RECV_ALL, 1, 3, { I, P,  W, P,  T, W, W, P,  W, W, T, P,  0, P } },
{ "write 1",	call_write,  SENDS, 8, 0, 8, 8,		   { I, NA, W, NA, NA, W, W, NA, W, W, NA, NA, E, NA } },
{ "write 3",	call_write,  SENDS, 24, 0, 8, 24,	   { I, P,  W, P,  NA, W, W, P,  W, W, NA, NA, E, P } },
{ "writev 3",	call_writev, SENDS, 24, 0, 8, 24,	   { I, P,  W, P,  NA, W, W, P,  W, W, NA, NA, E, P } },
{ "read 1",	call_read,   RECVS, 8, 0, 8, 8,		   { I, NA, W, NA, NA, W, W, NA, W, W, NA, NA, 0, NA } },
{ "read 3",	call_read,   RECVS, 24, 0, 8, 8,	   { I, NA, W, NA, NA, W, W, NA, W, W, NA, NA, 0, NA } },
{ "readv 3",	call_readv,  RECVS, 24, 0, 8, 8,	   { I, NA, W, NA, NA, W, W, NA, W, W, NA, NA, 0, NA } },
{ "preadv2 3",	call_preadv2, RECVS, 24, 0, 8, 8,	   { I, NA, W, NA, NA, W, W, NA, W, W, NA, NA, 0, NA } },
{ "TASK_WAIT",	call_wait,   TASK, 0, 0, 0, -ECANCELED,	   { I, NA, W, NA, T, W, W, NA, W, W, T, NA, W, NA } },
{ "task read",	call_read,   TASK, 8, 0, 0, 8,		   { I, NA, W, NA, NA, W, W, NA, W, W, NA, NA, W, NA } },
{ "SELECT send", call_select_send, SENDS, 1, 0, 1, 1,	   { I, NA, W, NA, T, W, W, NA, W, W, T, NA, E, NA } },
{ "SELECT receive", call_select_recv, RECVS, 1, 0, 1, 1,   { I, NA, W, NA, T, W, W, NA, W, W, T, NA, 0, NA } },
{ "context RECV", call_recv, CTX, 1, 0, 0, 0,		   { I, NA, W, NA, T, W, W, NA, W, W, T, NA, W, NA } },
{ "context read", call_read, CTX, 8, 0, 0, 8,		   { I, NA, W, NA, NA, W, W, NA, W, W, NA, NA, W, NA } },
{ "GROUP_WAIT",	call_group_wait, GROUP, 0, 0, 0, -ECANCELED, { I, NA, W, NA, T, W, W, NA, W, W, T, NA, W, NA } },
{ "group read",	call_read,   GROUP, 8, 0, 0, 8,		   { I, NA, W, NA, NA, W, W, NA, W, W, NA, NA, W, NA } },
{ "SPAWN, full", call_place, GROUP, 0, 0, 0, -ECANCELED,   { I, NA, W, NA, T, W, W, NA, W, W, T, NA, W, NA } },
{ "timer RECV",	call_recv,   TIMER, 1, 0, 0, 1,		   { I, NA, W, NA, T, W, W, NA, W, W, T, NA, W, NA } },
{ "timer read",	call_read,   TIMER, 8, 0, 0, 8,		   { I, NA, W, NA, NA, W, W, NA, W, W, NA, NA, W, NA } },
};

#define N_OPS	(sizeof(ops) / sizeof(ops[0]))

static void split(struct call *call, struct iovec v[3])
{
	char *buf = call->buf;

	/* elements of 8 bytes lie across the parts, and one part is empty */
	v[0] = (struct iovec){ buf, 3 };
	v[1] = (struct iovec){ buf + 3, 0 };
	v[2] = (struct iovec){ buf + 3, call->n - 3 };
}

static int call_readv(struct call *call)
{
	struct iovec v[3];
	ssize_t ret;

	split(call, v);
	ret = readv(call->fd, v, 3);
	return ret < 0 ? -errno : (int)ret;
}

static int call_writev(struct call *call)
{
	struct iovec v[3];
	ssize_t ret;

	split(call, v);
	ret = writev(call->fd, v, 3);
	return ret < 0 ? -errno : (int)ret;
}

/* at the current position, without a flag: as readv */
static int call_preadv2(struct call *call)
{
	struct iovec v[3];
	ssize_t ret;

	split(call, v);
	ret = preadv2(call->fd, v, 3, -1, 0);
	return ret < 0 ? -errno : (int)ret;
}

/* of two cases, the nil one is never chosen */
static int select_one(struct call *call, struct goro_select_case c)
{
	struct goro_select_case cases[] = { goro_kselect_recv(-1, NULL, 0), c };
	int ret = goro_kselect(call->fd, cases, 2, call->deadline);

	if (ret == 1)
		return cases[1].result;
	return ret < 0 ? ret : -EBADMSG;
}

static int call_select_send(struct call *call)
{
	int ret = select_one(call, goro_kselect_send(call->fd, call->buf, 8));

	return ret ? ret : 1;
}

static int call_select_recv(struct call *call)
{
	return select_one(call, goro_kselect_recv(call->fd, call->buf, 8));
}

static int call_group_wait(struct call *call)
{
	int result, ret = goro_kgroup_wait(call->fd, &result, call->deadline);

	return ret ? ret : result;
}

static int call_place(struct call *call)
{
	uint64_t zero = 0;

	return goro_kgroup_spawn(call->fd, dev(), "sleep", &zero, 8, NULL, 0, call->deadline);
}

/* what a call of a kind from TASK on waits for: it is not there yet */
static int make_it(enum kind kind)
{
	uint64_t hour = 3600000000000ULL;
	int fd;

	switch (kind) {
	case CTX:
		return goro_kctx_make(dev(), -1, GORO_FOREVER);
	case GROUP:
		fd = goro_kgroup_make(dev(), -1, 1);
		CHECK_EQ(goro_kgroup_go(fd, dev(), "sleep", &hour, 8, NULL, 0, GORO_NOW), 0);
		return fd;
	case TIMER:
		return goro_ktimer_make(dev(), GORO_FOREVER, 0);
	default:
		return spawn_sleeper();
	}
}

static int end_it(enum kind kind, int fd)
{
	switch (kind) {
	case CTX:
		return goro_kctx_cancel(fd, 0);
	case GROUP:
		return goro_kgroup_cancel(fd, 0);
	case TIMER:
		return goro_ktimer_reset(fd, GORO_NOW);
	default:
		return goro_ktask_cancel(fd);
	}
}

/* ---- a waiter -------------------------------------------------------- */

/* shared with it */
static struct shared {
	volatile int ready;	/* has its handler */
	volatile int handled;
	volatile int ended;
	int ret;
	uint64_t at_end;	/* when */
	uint64_t v[4];
} *s;

/* one cell of the table */
struct cell {
	const struct op *op;
	enum event ev;
	bool half;
	int c;			/* channel, where it is no task's */
	int fd;
	uint64_t deadline;
	uint64_t late;		/* how far that is, ns */
	pid_t pid;
};

static void handler(int sig)
{
	(void)sig;
	s->handled++;
}

static void waiter(void *arg)
{
	struct cell *cell = arg;
	const struct op *op = cell->op;
	bool restart = cell->ev == RESTART || cell->ev == RESTART_HALF || cell->ev == RESTART_LATE;
	struct sigaction sa = { .sa_handler = handler, .sa_flags = restart ? SA_RESTART : 0 };
	struct call call = { .fn = op->fn, .fd = cell->fd, .buf = s->v, .n = op->n, .flags = op->flags,
			     .deadline = cell->deadline };

	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	s->ready = 1;
	s->ret = op->fn(&call);
	s->at_end = goro_now();
	s->ended = 1;
}

static char state_of(pid_t pid)
{
	char path[64], line[256], *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	p = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	if (f)
		fclose(f);
	return p ? p[2] : 'X';
}

/* it sleeps in its call (again) */
static void waits(struct cell *cell)
{
	enum kind kind = cell->op->kind;

	if (kind < TASK)
		wait_for(cell->c, kind == SENDS, kind == RECVS);
	while (state_of(cell->pid) != 'S')
		usleep(500);
	CHECK(!s->ended);
}

static void begin(struct cell *cell)
{
	static const uint64_t first[3] = { 100, 101, 102 };
	enum kind kind = cell->op->kind;
	bool late = cell->ev == LATE || cell->ev == LATE_HALF || cell->ev == RESTART_LATE;

	memset(s, 0, sizeof(*s));
	if (kind == SENDS)
		for (int i = 0; i < 4; i++)
			s->v[i] = i + 1;
	else
		poison(s->v, sizeof(s->v));
	cell->c = make(8, cell->half ? 2 : 1);
	cell->fd = kind < TASK ? cell->c : make_it(kind);
	CHECK(cell->fd >= 0);
	/* full for a sender that is to do nothing; two elements for a receiver that is to take them */
	if (kind == SENDS && !cell->half)
		CHECK_EQ(goro_kchan_send(cell->c, first), 0);
	if (kind == RECVS && cell->half)
		CHECK_EQ(goro_kchan_sendn(cell->c, first, 2, GORO_NOW), 2);
	cell->deadline = late ? goro_in(cell->late) : GORO_FOREVER;
	cell->pid = child(waiter, cell);
	if (!late)
		waits(cell);
}

static void happens(struct cell *cell)
{
	struct goro_chan_info i;
	int one = 1, before, status;

	switch (cell->ev) {
	case RESTART:
	case RESTART_HALF:
	case SIGNAL:
	case SIGNAL_HALF:
		CHECK_EQ(kill(cell->pid, SIGUSR1), 0);
		while (!s->handled)
			usleep(500);
		break;
	case RESTART_LATE:
		for (before = -1; !s->ended; usleep(500))
			if (s->ready && s->handled != before) {
				before = s->handled;
				kill(cell->pid, SIGUSR1);
			}
		break;
	case IGNORED:
		CHECK_EQ(kill(cell->pid, SIGURG), 0);
		break;
	case STOP:
	case STOP_HALF:
		CHECK_EQ(kill(cell->pid, SIGSTOP), 0);
		CHECK_EQ(waitpid(cell->pid, &status, WUNTRACED), cell->pid);
		CHECK(WIFSTOPPED(status));
		/* who is stopped is not in the queue: no element goes to it */
		CHECK_EQ(goro_kchan_info(cell->c, &i), 0);
		CHECK_EQ(i.senders + i.receivers, 0);
		CHECK_EQ(kill(cell->pid, SIGCONT), 0);
		break;
	case NONBLOCK:
		CHECK_EQ(fcntl(cell->fd, F_SETFL, fcntl(cell->fd, F_GETFL) | O_NONBLOCK), 0);
		break;
	case FIO:
		CHECK_EQ(ioctl(cell->fd, FIONBIO, &one), 0);
		CHECK(fcntl(cell->fd, F_GETFL) & O_NONBLOCK);
		break;
	case CLOSED:
	case CLOSED_HALF:
		CHECK_EQ(cell->op->kind < TASK ? goro_kchan_close(cell->fd) :
			 end_it(cell->op->kind, cell->fd), 0);
		break;
	default:
		break;
	}
}

/* what it still waits for comes */
static void finish(struct cell *cell)
{
	uint64_t v = 200;

	if (cell->ev == CLOSED)
		return;
	waits(cell);
	if (cell->op->kind >= TASK) {
		CHECK_EQ(end_it(cell->op->kind, cell->fd), 0);
		return;
	}
	for (int i = 0; i < cell->op->full / cell->op->unit; i++) {
		if (cell->op->kind == SENDS)
			CHECK_EQ(goro_kchan_recv(cell->c, &v), 1);
		else
			CHECK_EQ(goro_kchan_send(cell->c, &v), 0);
	}
}

/* the elements: all there, where they belong, and none twice */
static void settled(struct cell *cell)
{
	int done = s->ret > 0 && cell->op->kind < TASK ? s->ret / cell->op->unit : 0, i, len;
	bool closed = cell->ev == CLOSED || cell->ev == CLOSED_HALF;
	bool zeroes = closed && !done && cell->op->unit == 1;
	uint64_t v;

	if (cell->op->kind >= TASK)
		return;
	if (cell->op->kind == RECVS) {
		for (i = 0; i < done; i++)
			CHECK_EQ(s->v[i], cell->half ? 100 + i : 200);
		CHECK(!zeroes || s->v[0] == 0);
		CHECK(poisoned(s->v + done + zeroes, sizeof(s->v) - 8 * (done + zeroes)));
	}
	len = cell->op->kind == RECVS ? 0 : cell->half ? done : 1;
	CHECK_CHAN(cell->c, len, 0, 0, closed);
	for (i = 0; i < len; i++) {
		CHECK_EQ(goro_kchan_recv_until(cell->c, &v, GORO_NOW), 1);
		CHECK_EQ(v, cell->half ? i + 1 : done ? done : 100);
	}
}

/* False: the deadline passed before a signal came, on a machine that was busy. */
static bool run_once(const struct op *op, enum event ev, uint64_t late)
{
	bool half = ev == SIGNAL_HALF || ev == RESTART_HALF || ev == STOP_HALF || ev == LATE_HALF ||
		    ev == CLOSED_HALF;
	struct cell cell = { .op = op, .ev = ev, .half = half, .late = late };
	int want = op->on[ev], expect = want == W ? op->full : want == P ? 2 * op->unit : want;
	int status;

	begin(&cell);
	happens(&cell);
	if (want == W)
		finish(&cell);
	CHECK_EQ(waitpid(cell.pid, &status, 0), cell.pid);
	if (status || !s->ended || s->ret != expect)
		FAIL("%s, %s: %d, not %d (status %#x)", op->name, event_names[ev], s->ret, expect, status);
	if (cell.deadline != GORO_FOREVER)
		CHECK(s->at_end >= cell.deadline);
	settled(&cell);
	if (cell.fd != cell.c)
		close(cell.fd);
	close(cell.c);
	return ev != RESTART_LATE || s->handled;
}

static void run(const struct op *op, enum event ev)
{
	uint64_t late = 100000000;

	while (!run_once(op, ev, late))
		late *= 2;
}

static void column(enum event first, enum event last)
{
	const struct op *op;
	int ran = 0;

	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(s != MAP_FAILED);
	for (op = ops; op < ops + N_OPS; op++)
		for (enum event ev = first; ev <= last; ev++)
			if (op->on[ev] != NA) {
				run(op, ev);
				ran++;
			}
	CHECK(ran > 0);
	printf("# %d cells\n", ran);
}

TEST(signal)
{
	column(SIGNAL, SIGNAL_HALF);
}

TEST(signal_with_sa_restart)
{
	column(RESTART, RESTART_HALF);
}

TEST(restarted_until_the_deadline)
{
	column(RESTART_LATE, RESTART_LATE);
}

TEST(ignored_signal)
{
	column(IGNORED, IGNORED);
}

TEST(stopped_and_continued)
{
	column(STOP, STOP_HALF);
}

TEST(made_nonblocking_meanwhile)
{
	column(NONBLOCK, FIO);
}

TEST(deadline)
{
	column(LATE, LATE_HALF);
}

TEST(closed_or_cancelled)
{
	column(CLOSED, CLOSED_HALF);
}

/* ---- close(2) -------------------------------------------------------- */

/*
 * The last descriptor of what a call waits on is closed: the call has the file, and only the call. It waits
 * on, and what comes, by tasks that have the channel, still comes to it. The file goes when it returns.
 */
TEST(last_descriptor_closed)
{
	struct goro_stats before, after;
	const struct op *op;
	unsigned int ran;

	CHECK_EQ(goro_dev_stats(dev(), &before), 0);
	/* the kinds after TASK come last; what this means to them is in ctx.c, group.c and select.c */
	for (op = ops, ran = 0; op < ops + N_OPS && op->kind <= TASK; op++, ran++) {
		int c = make(8, 1), other = make(8, 0), t, u = -1, i, n;
		struct call call = { .fn = op->fn, .fd = c, .n = op->n, .flags = op->flags,
				     .deadline = GORO_FOREVER };
		uint64_t v[4] = { 1, 2, 3, 4 };

		call.buf = v;
		n = op->kind == TASK ? 0 : op->full / op->unit;
		if (op->kind == RECVS)
			t = spawn("echo", NULL, 0, other, c);
		else
			t = spawn("echo", NULL, 0, c, other);
		if (op->kind == SENDS) {
			/* one element in the task's hands, one in the buffer */
			CHECK_EQ(goro_kchan_sendn(c, v, 2, GORO_FOREVER), 2);
			wait_for(other, 1, 0);
		}
		if (op->kind == TASK) {
			u = t;
			call.fd = t;
			t = -1;
		}
		call_start_asleep(&call);
		if (op->kind != TASK)
			wait_for(c, op->kind == SENDS, op->kind == RECVS);
		CHECK_EQ(close(call.fd), 0);
		if (u >= 0) {
			/* not cancelled by the close: it has a sender to wait for still */
			wait_for(c, 0, 1);
			CHECK_EQ(goro_kchan_close(c), 0);
			CHECK_EQ(call_end(&call), op->fn == call_read ? 8 : 0);
			close(c);
		} else {
			for (i = 0; i < n + (op->kind == SENDS ? 2 : 0); i++) {
				uint64_t w = 50 + i;

				if (op->kind == RECVS)
					CHECK_EQ(goro_kchan_send(other, &w), 0);
				else
					CHECK_EQ(goro_kchan_recv(other, &w), 1);
			}
			CHECK_EQ(call_end(&call), op->full);
			close(t);
		}
		close(other);
	}
	do {
		CHECK_EQ(goro_dev_stats(dev(), &after), 0);
	} while (after.chan_destroyed - before.chan_destroyed < 2 * ran ||
		 after.task_destroyed - before.task_destroyed < ran);
	CHECK_EQ(after.chan_created - before.chan_created, 2 * ran);
}
