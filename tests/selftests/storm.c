// SPDX-License-Identifier: GPL-2.0-only
/*
 * kill -9, SIGSTOP with SIGCONT, and exec, at random, into processes that wait in every kind of call.
 *
 * A worker is a process of two threads: one goes from call to call, chosen at random, on channels that all
 * workers share or on objects of its own; the other execs the program anew when it is told to, and the first
 * one goes with it. The controller picks a worker, waits until it sleeps in a call, does something to it,
 * and now and then lets an element through, so that calls also end. A call counts as hit where it had begun
 * before the event and has not returned after it: seq is odd within a call and grows with each step.
 *
 * In the end every cell of call x event must have been hit, and nothing be left: no channel, no task, no
 * open file of the module, nobody waiting.
 *
 * GORO_STORM: how many events (1000). GORO_SEED: what the choices are made from.
 */
#include <sched.h>
#include <sys/epoll.h>
#include <sys/select.h>

static int worker_main(int argc, char **argv);
#define OTHER_MAIN worker_main
#include "goro_test.h"

#define WORKERS	8
#define MAGIC	0x73746f726d000000ULL

enum kind { SEND, SEND_3, RECV, RECV_ALL, WRITE, READ, TASK_WAIT, TASK_READ, POLL, SELECT, EPOLL, KINDS };
enum event { KILL, STOP, EXEC, EVENTS };

static const char *const kind_names[KINDS] = {
	"SEND", "SEND of 3", "RECV", "RECV_ALL of 3", "write", "read", "TASK_WAIT", "task's read", "poll",
	"select", "epoll_wait",
};

/* one worker's place in the shared memory; a: written by the worker, with atomics */
struct slot {
	uint64_t seed;			/* the controller's */
	uint64_t seq;			/* a */
	uint64_t seq_at_exec;		/* a: what the last image left behind */
	unsigned int kind;		/* a: of the call that seq says is on */
	unsigned int images;		/* a: how many have begun */
	int tid;			/* a: of the thread that calls */
	int calls_done;			/* a */
};

struct shared {
	struct slot slot[WORKERS];
	int dev, full, empty;		/* descriptors, the same in every process */
	int go[WORKERS][2];		/* pipes: a byte says exec */
};

static struct shared *sh;

#define GET(x)		__atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define PUT(x, v)	__atomic_store_n(&(x), v, __ATOMIC_SEQ_CST)

static uint64_t rnd(uint64_t *x, uint64_t n)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (*x >> 16) % n;
}

/* ---- a worker -------------------------------------------------------- */

static void one_call(struct slot *s, uint64_t *x)
{
	enum kind kind = rnd(x, KINDS);
	bool own = rnd(x, 2), out = kind == SEND || kind == SEND_3 || kind == WRITE;
	uint64_t v[3] = { MAGIC, MAGIC, MAGIC };
	int c = -1, t = -1, ep = -1, result;
	struct pollfd p = { .events = POLLIN };
	struct goro_task_result r;
	struct epoll_event ev = { .events = EPOLLIN };
	fd_set in;

	/* objects of its own, which go with it wherever it ends */
	if (kind == TASK_WAIT || kind == TASK_READ || (own && kind >= POLL))
		t = spawn_sleeper();
	else if (own)
		c = make(8, rnd(x, 3) * !out);
	if (own && c >= 0 && rnd(x, 2)) {
		/* a task that sits on the other side of the channel, and goes with the worker, too */
		int d = make(8, 0);

		t = out ? spawn("echo", NULL, 0, d, c) : spawn("echo", NULL, 0, c, d);
		if (!out)
			CHECK_EQ(goro_kchan_send(c, v), 0);	/* which keeps it busy: d takes nothing */
		close(d);
	}
	if (c < 0 && t < 0)
		c = out ? sh->full : sh->empty;
	p.fd = kind >= POLL && t >= 0 && c < 0 ? t : c;
	if (kind == EPOLL) {
		ep = epoll_create1(EPOLL_CLOEXEC);
		CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.fd, &ev), 0);
	}
	FD_ZERO(&in);
	if (kind == SELECT)
		FD_SET(p.fd, &in);

	PUT(s->kind, kind);
	PUT(s->seq, s->seq + 1);
	switch (kind) {
	case SEND:
		result = goro_kchan_send(c, v);
		break;
	case SEND_3:
		result = goro_kchan_sendn(c, v, 3, GORO_FOREVER);
		break;
	case RECV:
		result = goro_kchan_recv(c, v);
		break;
	case RECV_ALL:
		result = goro_kchan_recvn(c, v, 3, GORO_RECV_ALL, GORO_FOREVER);
		break;
	case WRITE:
		result = write(c, v, 24);
		break;
	case READ:
		result = read(c, v, 24);
		break;
	case TASK_WAIT:
		result = goro_ktask_wait(t, &result, GORO_FOREVER);
		break;
	case TASK_READ:
		result = read(t, &r, sizeof(r));
		break;
	case POLL:
		result = poll(&p, 1, -1);
		break;
	case SELECT:
		result = select(p.fd + 1, &in, NULL, NULL, NULL);
		break;
	default:
		result = epoll_wait(ep, &ev, 1, -1);
		break;
	}
	/* epoll_wait(2) is interrupted by a stop, see signal(7); nothing of ours is */
	CHECK(result >= 0 || (result == -1 && kind == EPOLL && errno == EINTR));
	for (int i = 0; i < 3; i++)
		CHECK_EQ(v[i], MAGIC);
	PUT(s->seq, s->seq + 1);
	PUT(s->calls_done, s->calls_done + 1);
	if (ep >= 0)
		close(ep);
	if (t >= 0)
		close(t);
	if (c >= 0 && c != sh->full && c != sh->empty)
		close(c);
}

static void *caller(void *arg)
{
	struct slot *s = arg;
	uint64_t x = s->seed + 0x9e3779b97f4a7c15ULL * (s->images + 1);

	/* a call that the last image was killed in never ended */
	if (s->seq & 1)
		s->seq++;
	PUT(s->tid, gettid());
	for (;;)
		one_call(s, &x);
	return NULL;
}

static void work(int id)
{
	struct slot *s = &sh->slot[id];
	char *args[4] = { "storm", NULL, NULL, NULL }, number[2][16];
	pthread_t t;
	char b;

	dev_ = sh->dev;
	PUT(s->seq_at_exec, GET(s->seq));
	PUT(s->images, s->images + 1);
	if (pthread_create(&t, NULL, caller, s))
		_exit(1);
	if (read(sh->go[id][0], &b, 1) != 1)
		_exit(1);
	snprintf(number[0], sizeof(number[0]), "%d", id);
	snprintf(number[1], sizeof(number[1]), "%d", sh->go[0][0] - 1);	/* the shared memory's */
	args[1] = number[0];
	args[2] = number[1];
	execv("/proc/self/exe", args);
	printf("# exec: %s\n", strerror(errno));
	fflush(stdout);
	_exit(1);
}

static void map_shared(int fd)
{
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (sh == MAP_FAILED)
		_exit(1);
}

/* the program after an exec: storm SLOT MEMFD */
static int worker_main(int argc, char **argv)
{
	if (argc != 3)
		return 1;
	map_shared(atoi(argv[2]));
	work(atoi(argv[1]));
	return 1;
}

/* ---- the controller -------------------------------------------------- */

static struct worker {
	pid_t pid;
	unsigned int images;	/* that it will have begun when its exec is done */
	bool execs;		/* was told to */
	bool was_in;		/* a call, asleep, when it was told */
	unsigned int kind;
	uint64_t seq;
} workers[WORKERS];

static unsigned long hits[KINDS][EVENTS], missed[EVENTS], done[EVENTS];

static void start(int id)
{
	struct worker *w = &workers[id];
	struct slot *s = &sh->slot[id];

	PUT(s->tid, 0);
	w->images = s->images + 1;
	w->execs = false;
	w->pid = fork();
	CHECK(w->pid >= 0);
	if (!w->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		work(id);
	}
}

/* its calling thread sleeps in a system call */
static bool asleep(struct worker *w, int tid)
{
	char path[64], b[16] = "";
	int fd, n;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", w->pid, tid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	n = read(fd, b, sizeof(b) - 1);
	close(fd);
	return n > 0 && b[0] >= '0' && b[0] <= '9';
}

static void check_alive(struct worker *w)
{
	int status;

	if (waitpid(w->pid, &status, WNOHANG) == w->pid)
		FAIL("a worker ended by itself: %#x", status);
}

/* an exec that is done: was the call that it came into ended by it? */
static void exec_done(int id)
{
	struct worker *w = &workers[id];
	struct slot *s = &sh->slot[id];

	w->execs = false;
	if (w->was_in && GET(s->seq_at_exec) == w->seq)
		hits[w->kind][EXEC]++;
	else
		missed[EXEC]++;
}

/* the worker is up, and in a call; false: not yet */
static bool in_call(int id)
{
	struct worker *w = &workers[id];
	struct slot *s = &sh->slot[id];
	int tid;

	if (GET(s->images) != w->images)
		return false;
	if (w->execs)
		exec_done(id);
	tid = GET(s->tid);
	w->seq = GET(s->seq);
	w->kind = GET(s->kind);
	return tid && (w->seq & 1) && asleep(w, tid) && GET(s->seq) == w->seq;
}

static void traffic(uint64_t *x)
{
	uint64_t v = MAGIC;
	int i, n = 1 + rnd(x, 4);

	for (i = 0; i < n; i++) {
		if (rnd(x, 2))
			goro_kchan_send_until(sh->empty, &v, GORO_NOW);
		else if (goro_kchan_recv_until(sh->full, &v, GORO_NOW) == 1)
			CHECK_EQ(v, MAGIC);
	}
}

static void count(struct worker *w, struct slot *s, enum event ev)
{
	if (GET(s->seq) == w->seq)
		hits[w->kind][ev]++;
	else
		missed[ev]++;
}

static void strike(int id, enum event ev, uint64_t *x)
{
	struct worker *w = &workers[id];
	struct slot *s = &sh->slot[id];
	int status;

	done[ev]++;
	switch (ev) {
	case KILL:
		CHECK_EQ(kill(w->pid, SIGKILL), 0);
		CHECK_EQ(waitpid(w->pid, &status, 0), w->pid);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		count(w, s, KILL);
		start(id);
		break;
	case STOP:
		CHECK_EQ(kill(w->pid, SIGSTOP), 0);
		CHECK_EQ(waitpid(w->pid, &status, WUNTRACED), w->pid);
		CHECK(WIFSTOPPED(status));
		count(w, s, STOP);
		if (!rnd(x, 4))
			traffic(x);
		CHECK_EQ(kill(w->pid, SIGCONT), 0);
		break;
	default:
		PUT(s->tid, 0);
		w->was_in = true;
		w->execs = true;
		w->images++;
		CHECK_EQ(write(sh->go[id][1], "x", 1), 1);
		break;
	}
}

static int refcnt(void)
{
	FILE *f = fopen("/sys/module/goro/refcnt", "r");
	int n = -1;

	CHECK(f && fscanf(f, "%d", &n) == 1);
	fclose(f);
	return n;
}

/* live objects: channels, tasks */
static void live(uint64_t n[2])
{
	struct goro_stats st;

	CHECK_EQ(goro_dev_stats(dev(), &st), 0);
	n[0] = st.chan_created - st.chan_destroyed;
	n[1] = st.task_created - st.task_destroyed;
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void setup(uint64_t seed)
{
	uint64_t v = MAGIC;
	int fd = memfd_create("storm", 0), i, p[2];

	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, sizeof(*sh)), 0);
	map_shared(fd);
	for (i = 0; i < WORKERS; i++) {
		CHECK_EQ(pipe(p), 0);
		/* work() knows the memory's descriptor by this */
		CHECK(i || p[0] == fd + 1);
		memcpy(sh->go[i], p, sizeof(p));
		sh->slot[i].seed = seed + i;
	}
	/* what workers find at the same descriptors after an exec */
	sh->dev = dev();
	sh->full = make(8, 3);
	sh->empty = make(8, 3);
	while (!goro_kchan_send_until(sh->full, &v, GORO_NOW))
		;
	CHECK_EQ(fcntl(sh->dev, F_SETFD, 0), 0);
	CHECK_EQ(fcntl(sh->full, F_SETFD, 0), 0);
	CHECK_EQ(fcntl(sh->empty, F_SETFD, 0), 0);
}

static void report(void)
{
	int k, e;

	printf("# %-14s %8s %8s %8s\n", "hit in", "kill -9", "stop", "exec");
	for (k = 0; k < KINDS; k++)
		printf("# %-14s %8lu %8lu %8lu\n", kind_names[k], hits[k][KILL], hits[k][STOP],
		       hits[k][EXEC]);
	printf("# %-14s %8lu %8lu %8lu\n", "(just missed)", missed[KILL], missed[STOP], missed[EXEC]);
	for (e = 0; e < EVENTS; e++) {
		unsigned long all = missed[e];

		for (k = 0; k < KINDS; k++) {
			CHECK(hits[k][e] > 0);
			all += hits[k][e];
		}
		CHECK_EQ(all, done[e]);
	}
}

TEST(storm)
{
	const char *env = getenv("GORO_STORM"), *s = getenv("GORO_SEED");
	int events = env ? atoi(env) : 1000, i, id, left, calls = 0, refs, fds;
	uint64_t seed = s ? strtoull(s, NULL, 0) : 20240229, x = seed | 1, before[2], after[2];
	uint64_t began = goro_now();
	struct goro_chan_info ci;

	alarm(180 + events / 10);
	printf("# GORO_SEED=%llu GORO_STORM=%d\n", (unsigned long long)seed, events);
	fflush(stdout);
	dev();
	live(before);
	refs = refcnt();
	fds = open_fds();
	setup(seed);
	for (i = 0; i < WORKERS; i++)
		start(i);
	for (left = events; left; ) {
		id = rnd(&x, WORKERS);
		check_alive(&workers[id]);
		if (!rnd(&x, 8))
			traffic(&x);
		if (!in_call(id)) {
			sched_yield();
			continue;
		}
		i = rnd(&x, 10);
		strike(id, i < 4 ? KILL : i < 8 ? STOP : EXEC, &x);
		left--;
	}
	for (i = 0; i < WORKERS; i++) {
		/* an exec that is under way is seen to its end */
		while (workers[i].execs) {
			check_alive(&workers[i]);
			in_call(i);
		}
		kill9(workers[i].pid);
		calls += sh->slot[i].calls_done;
	}
	report();
	printf("# %d events, %d calls that ended by themselves, %llu ms\n", events, calls,
	       (unsigned long long)(goro_now() - began) / 1000000);
	CHECK(calls > 0);

	/* nobody is left in the queues, and the channels work */
	CHECK_EQ(goro_kchan_info(sh->full, &ci), 0);
	CHECK_EQ(ci.senders + ci.receivers, 0);
	CHECK_EQ(goro_kchan_info(sh->empty, &ci), 0);
	CHECK_EQ(ci.senders + ci.receivers, 0);
	close(sh->full);
	close(sh->empty);
	for (i = 0; i < WORKERS; i++) {
		close(sh->go[i][0]);
		close(sh->go[i][1]);
	}
	close(sh->go[0][0] - 1);
	CHECK_EQ(open_fds(), fds);
	/* tasks go by themselves, soon: LIMIT ends a test where they do not */
	do {
		usleep(1000);
		live(after);
	} while (after[0] != before[0] || after[1] != before[1] || refcnt() != refs);
}
