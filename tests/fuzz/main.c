// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl [--seed N] [--calls N | --seconds N] [--solo N] [--racers N] [--threads]
 *
 * Fuzzes /dev/goro, see fuzz.h. Exit status 0, 1 (a call answered what it may not, or nothing for LIMIT
 * seconds, or objects are left at the end), 4 (no /dev/goro). KTAP on stdout; the seed first, and after a
 * failure the last calls of each worker. With the classes of goro_testclass.ko if it is loaded.
 */
#include "fuzz.h"
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT 60	/* no worker waits so long for anything */
#define MAX_WORKERS 16

u64 seed;
bool threads, uml;
char *vanish_area;

static struct shared {
	struct log log[MAX_WORKERS];
	volatile int failed;
	volatile int racers_up;
	int n_racers;
	char why[2048];
} *sh;
static struct goro_query query;

static void print_calls(void)
{
	for (int i = 0; i < MAX_WORKERS; i++) {
		struct log *l = &sh->log[i];

		if (!l->n)
			continue;
		printf("# worker %d, %llu calls, the last of them:\n", i, (unsigned long long)l->n);
		for (u64 k = 0; k < KEEP; k++) {
			struct rec *r = &l->rec[(l->n + k) % KEEP];

			if (!r->name)
				continue;
			printf("#   %llu %s %ld %#lx %#lx %#lx %#lx", (unsigned long long)r->i, r->name,
			       r->a[0], r->a[1], r->a[2], r->a[3], r->a[4]);
			if (!r->back)
				printf(" ...\n");
			else
				printf(" = %ld %s\n", r->ret, r->err ? strerrorname_np(r->err) ?: "?" : "");
		}
	}
}

/* the parent reports the first one's reason */
void fail(struct worker *w, const char *fmt, ...)
{
	va_list ap;

	if (!__sync_lock_test_and_set(&sh->failed, 1)) {
		int n = snprintf(sh->why, sizeof(sh->why), "worker %d, call %llu, %s: ", w->nr,
				 (unsigned long long)w->i, w->rec ? w->rec->name : "start");

		va_start(ap, fmt);
		vsnprintf(sh->why + n, sizeof(sh->why) - n, fmt, ap);
		va_end(ap);
	}
	_exit(1);
}

static const struct op *pick(struct worker *w)
{
	static const struct op *const tables[] = { ioctl_ops, object_ops, file_ops };
	static u32 total;
	u32 r, i, sum = 0;

	if (!total)
		for (i = 0; i < LEN(tables); i++)
			for (const struct op *op = tables[i]; op->name; op++)
				sum += op->weight;
	if (sum)
		total = sum;
	r = below(w, total);
	for (i = 0; i < LEN(tables); i++)
		for (const struct op *op = tables[i]; op->name; op++) {
			if (r < op->weight)
				return op;
			r -= op->weight;
		}
	abort();
}

static void worker_open(struct worker *w)
{
	int s[2], i;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s))
		fail(w, "socketpair: %s", strerror(errno));
	for (i = 0; i < 2; i++) {
		dup3(s[i], SOCK0 + 2 * w->nr + i, O_CLOEXEC);
		close(s[i]);
	}
	for (i = 0; i < NSLOT; i++)
		open_slot(w, i);
}

/* a racer may close what another one opens: each starts when all have opened theirs */
static void racers_meet(void)
{
	__sync_add_and_fetch(&sh->racers_up, 1);
	while (sh->racers_up < sh->n_racers)
		sched_yield();
}

void worker_run(struct worker *w, u64 calls, u64 until)
{
	w->q = query;
	w->log = &sh->log[w->nr];
	mem_init(w);
	signals_init(w);
	worker_open(w);
	if (!w->solo)
		racers_meet();
	for (w->i = 0; until ? now() < until : w->i < calls; w->i++) {
		/* every call has a stream of its own */
		w->rng = seed ^ (u64)(w->nr + 1) << 56;
		w->rng = rnd(w) + w->i * 0xd1342543de82ef95;
		w->log->n = w->i + 1;
		pick(w)->fn(w);
		if (sh->failed)
			break;
	}
	timer_delete(w->timer);
	w->log->ended = true;
}

/* ---- workers --------------------------------------------------------- */

struct job {
	struct worker w;
	u64 calls, until;
	pthread_t thread;
	pid_t pid;
};

static void *racer_thread(void *arg)
{
	struct job *j = arg;

	worker_run(&j->w, j->calls, j->until);
	return NULL;
}

static void process_start(struct job *j, unsigned long flags)
{
	fflush(stdout);
	j->pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
	if (j->pid < 0) {
		perror("clone");
		exit(1);
	}
	if (!j->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		worker_run(&j->w, j->calls, j->until);
		_exit(0);
	}
}

/* the racers of a table: processes, or the threads of one; their parent has nothing of goro open */
static _Noreturn void team(struct job *jobs, int n)
{
	int i, status, bad = 0;
	int fd = memfd_create("vanish", MFD_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd < 0 || ftruncate(fd, VANISH_SIZE) || dup2(fd, VANISH_FD) < 0)
		exit(1);
	close(fd);
	vanish_area = mmap(NULL, VANISH_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, VANISH_FD, 0);
	if (vanish_area == MAP_FAILED)
		exit(1);
	for (i = 0; i < n; i++) {
		if (!threads)
			process_start(&jobs[i], CLONE_FILES);
		else if (pthread_create(&jobs[i].thread, NULL, racer_thread, &jobs[i]))
			exit(1);
	}
	for (i = 0; i < n; i++) {
		status = 0;
		if (!threads)
			waitpid(jobs[i].pid, &status, 0);
		else
			pthread_join(jobs[i].thread, NULL);
		if (WIFSIGNALED(status))
			printf("# worker %d: signal %d\n", jobs[i].w.nr, WTERMSIG(status));
		bad |= status;
	}
	fflush(stdout);
	_exit(!!bad);
}

/* a worker that does not come back from a call is a failure, too */
static bool hangs(int n, const u64 *seen)
{
	for (int i = 0; i < n; i++)
		if (!sh->log[i].ended && sh->log[i].n == seen[i])
			return true;
	return false;
}

static int wait_for(pid_t *pids, int n_pids, int n)
{
	u64 seen[MAX_WORKERS] = { 0 }, since = now(), total = 0, sum;
	struct timespec t = { 1, 0 };
	int i, status, left = n_pids, bad = 0;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	while (left) {
		sigtimedwait(&set, NULL, &t);
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			for (i = 0; i < n_pids; i++)
				left -= pids[i] == pid;
			if (WIFSIGNALED(status))
				printf("# process %d: signal %d\n", pid, WTERMSIG(status));
			bad |= status;
		}
		if (bad || sh->failed)
			break;
		if (now() - since < LIMIT * 1000000000ULL)
			continue;
		if (hangs(n, seen)) {
			printf("# a call does not return\n");
			bad = 1;
			break;
		}
		for (i = 0; i < n; i++)
			seen[i] = sh->log[i].n;
		since = now();
	}
	for (i = 0, sum = 0; i < n; i++)
		sum += sh->log[i].n;
	total = sum;
	printf("# %llu calls\n", (unsigned long long)total);
	if (!bad && !sh->failed)
		return 0;
	if (sh->failed)
		printf("# %s\n", sh->why);
	print_calls();
	for (i = 0; i < n_pids; i++)
		kill(pids[i], SIGKILL);
	return 1;
}

/* every file is closed: what was made must go, tasks as soon as their class lets them */
static int balanced(int dev)
{
	u64 from = now();
	struct goro_stats s;

	do {
		memset(&s, 0, sizeof(s));
		if (ioctl(dev, GORO_IOC_STATS, &s))
			return 1;
		if (s.chan_created == s.chan_destroyed && s.task_created == s.task_destroyed &&
		    s.g_created == s.g_destroyed) {
			printf("# %llu channels, %llu tasks, %llu parks, %llu ended by close, %llu by deadline, %llu by a cancel, %llu by a signal\n",
			       s.chan_created, s.task_created, s.parks, s.wakes_close, s.wakes_timeout,
			       s.wakes_cancel, s.wakes_signal);
			/* a fuzzer that does not get to these has lost its way */
			return !(s.task_created && s.chan_created && s.wakes_timeout && s.wakes_cancel &&
				 s.wakes_signal && s.parks);
		}
		usleep(10000);
	} while (now() - from < LIMIT * 1000000000ULL);
	printf("# left: %lld channels, %lld tasks, %lld goroutines\n", s.chan_created - s.chan_destroyed,
	       s.task_created - s.task_destroyed, s.g_created - s.g_destroyed);
	return 1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", 1, NULL, 's' }, { "calls", 1, NULL, 'c' }, { "seconds", 1, NULL, 't' },
		{ "solo", 1, NULL, 'o' }, { "racers", 1, NULL, 'r' }, { "threads", 0, NULL, 'T' },
		{ NULL, 0, NULL, 0 },
	};
	u64 calls = 200000, until = 0;
	struct rlimit files = { 1024, 1024 };
	struct job jobs[MAX_WORKERS] = { 0 };
	int opt, i, dev, solo = 1, racers = 3, bad;
	pid_t pids[MAX_WORKERS];
	sigset_t set;

	getrandom(&seed, 4, 0);
	while ((opt = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		u64 v = optarg ? strtoull(optarg, NULL, 0) : 0;

		switch (opt) {
		case 's':
			seed = v;
			break;
		case 'c':
			calls = v;
			break;
		case 't':
			until = now() + v * 1000000000ULL;
			break;
		case 'o':
			solo = v;
			break;
		case 'r':
			racers = v;
			break;
		case 'T':
			threads = true;
			break;
		default:
			return 2;
		}
	}
	if (optind < argc || solo + racers > MAX_WORKERS || solo + racers < 1)
		return 2;
	printf("KTAP version 1\n# seed %llu\n", (unsigned long long)seed);
	uml = system("grep -q 'User Mode Linux' /proc/cpuinfo") == 0;
	dev = open("/dev/goro", O_RDWR | O_CLOEXEC);
	if (dev < 0) {
		printf("1..0 # SKIP no /dev/goro\n");
		return 4;
	}
	if (ioctl(dev, GORO_IOC_QUERY, &query))
		return 1;
	printf("1..2\n");
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sh->n_racers = racers;
	for (i = 0; i < solo + racers; i++) {
		jobs[i].w.nr = i;
		jobs[i].w.solo = i < solo;
		jobs[i].calls = calls / (solo + racers);
		jobs[i].until = until;
	}
	for (i = 0; i < solo; i++) {
		process_start(&jobs[i], 0);
		pids[i] = jobs[i].pid;
	}
	if (racers) {
		fflush(stdout);
		pids[solo] = fork();
		if (!pids[solo])
			team(jobs + solo, racers);
	}
	bad = wait_for(pids, solo + !!racers, solo + racers);
	printf("%sok 1 - answers\n", bad ? "not " : "");
	fflush(stdout);
	if (!bad) {
		bad = balanced(dev);
		printf("%sok 2 - all gone at the end\n", bad ? "not " : "");
	}
	return bad;
}
