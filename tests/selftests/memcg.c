// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program makes is charged to its memory cgroup: at the cgroup's limit it gets ENOMEM, nobody is killed
 * (not the hog, nor who shares the cgroup with it), others go on, and after its death all is given back.
 */
#include "goro_test.h"
#include <sys/resource.h>

#define ROOT	"/sys/fs/cgroup"

static char group[64];

static void put(const char *dir, const char *file, const char *text)
{
	char path[192];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY);
	CHECK(fd >= 0);
	if (write(fd, text, strlen(text)) < 0)
		FAIL("%s: %s: %s", path, text, strerror(errno));
	close(fd);
}

static void __attribute__((constructor)) needs_cgroups(void)
{
	char line[256] = "";
	FILE *f = fopen(ROOT "/cgroup.controllers", "r");

	if (f && fgets(line, sizeof(line), f) && strstr(line, "memory")) {
		fclose(f);
		return;
	}
	printf("TAP version 13\n1..0 # SKIP no memory cgroups\n");
	exit(4);
}

static long current_bytes(void)
{
	char path[192];
	long v = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/memory.current", group);
	f = fopen(path, "r");
	CHECK(f && fscanf(f, "%ld", &v) == 1);
	fclose(f);
	return v;
}

static long event(const char *name)
{
	char path[192], key[32];
	long v, got = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/memory.events", group);
	f = fopen(path, "r");
	CHECK(f);
	while (fscanf(f, "%31s %ld", key, &v) == 2)
		if (!strcmp(key, name))
			got = v;
	fclose(f);
	CHECK(got >= 0);
	return got;
}

/*
 * What hogs and their neighbours tell, in memory that is there before the cgroup is full: a write to a pipe
 * would need some and bring the OOM killer by itself.
 */
struct report {
	int made;
	int err;
	int sent;
	int no_memory;		/* sends that found none */
	bool done;
	int asked, answered;	/* the neighbour's turns; asked < 0: it ends */
};

static void join_group(void)
{
	struct rlimit r = { 1 << 20, 1 << 20 };

	put(group, "cgroup.procs", "0");
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &r), 0);
	/* from here on nothing of ours needs memory but goro's calls */
	CHECK_EQ(mlockall(MCL_CURRENT | MCL_FUTURE), 0);
}

static int big_channel(int i)
{
	(void)i;
	return goro_kchan_make(dev_, 4096, 16, 0);
}

static int small_channel(int i)
{
	(void)i;
	return goro_kchan_make(dev_, 8, 0, 0);
}

static int sleeper(int i)
{
	static const uint64_t ns = 3600000000000ULL;

	(void)i;
	return goro_ktask_spawn(dev_, "sleep", &ns, sizeof(ns), NULL, 0);
}

/* done soon, but for its argument and what its fd holds */
static int big_task(int i)
{
	static char arg[60000];

	(void)i;
	return goro_ktask_spawn(dev_, "test-args", arg, sizeof(arg), NULL, 0);
}

/* both in turn, so that the limit is met at any of a call's allocations */
static int either(int i)
{
	return i % 2 ? sleeper(i) : goro_kchan_make(dev_, 8, i % 100, 0);
}

/* a neighbour in the same cgroup: it has a channel, and uses it while there is no memory left */
static void neighbour(volatile struct report *r)
{
	int c = make(8, 1);
	uint64_t v;

	join_group();
	for (;;) {
		CHECK_EQ(goro_kchan_send(c, &(uint64_t){ 5 }), 0);
		CHECK_EQ(goro_kchan_recv(c, &v), 1);
		CHECK_EQ(v, 5);
		r->answered++;
		while (r->asked == r->answered)
			usleep(1000);
		if (r->asked < 0)
			_exit(0);
	}
}

static void ask(volatile struct report *r)
{
	r->asked++;
	while (r->answered != r->asked)
		usleep(1000);
}

static void hog(volatile struct report *r, int (*make_one)(int i), bool fill)
{
	static char elem[16 * 4096];
	int fd, first = -1, last = -1, ret;

	join_group();
	while ((fd = make_one(r->made)) >= 0) {
		if (first < 0)
			first = fd;
		last = fd;
		r->made++;
	}
	r->err = fd;
	for (fd = first; fill && fd <= last; fd++) {
		ret = goro_kchan_sendn(fd, elem, 16, GORO_NOW);
		if (ret > 0)
			r->sent += ret;
		else if (ret == -ENOMEM)
			r->no_memory++;
		else
			r->err = ret;
	}
	/* and again, right at the limit */
	for (ret = 0; ret < 20; ret++) {
		fd = make_one(r->made);
		if (fd >= 0)
			r->made++;
		else if (fd != -ENOMEM)
			r->err = fd;
	}
	r->done = true;
	pause();
}

/* returns how many the hog could make */
static int run_hog(const char *limit, int (*make_one)(int i), bool fill)
{
	struct goro_usage was, is;
	volatile struct report *r;
	uint64_t i, v;
	pid_t near, pid;
	int made, status;
	long base;

	put(ROOT, "cgroup.subtree_control", "+memory");
	snprintf(group, sizeof(group), ROOT "/goro-%d", getpid());
	CHECK_EQ(mkdir(group, 0755), 0);
	put(group, "memory.max", limit);
	r = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(r != MAP_FAILED);
	memset((void *)r, 0, sizeof(*r));
	CHECK_EQ(goro_dev_usage(dev(), &was), 0);

	near = fork();
	if (!near) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		neighbour(r);
	}
	ask(r);
	base = current_bytes();
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		hog(r, make_one, fill);
	}
	while (!r->done) {
		/* ends by itself only if it is killed, or fails */
		if (waitpid(pid, &status, WNOHANG) == pid)
			FAIL("the hog is dead: status %#x, made %d, oom %ld, oom_kill %ld", status, r->made,
			     event("oom"), event("oom_kill"));
		usleep(1000);
	}
	made = r->made;
	printf("# made %d, sent %d, no memory for %d sends; %ld bytes of %s, at the limit %ld times\n", made, r->sent,
	       r->no_memory, current_bytes(), limit, event("max"));
	CHECK_EQ(r->err, -ENOMEM);
	CHECK(event("max") > 0);

	/* others go on: outside the cgroup, with tasks too; and in it, where nothing is to be made */
	{
		int c = make(8, 100), d = make(8, 100), t = spawn("echo", NULL, 0, c, d);

		for (i = 0; i < 100; i++) {
			CHECK_EQ(goro_kchan_send(c, &i), 0);
			CHECK_EQ(goro_kchan_recv(d, &v), 1);
			CHECK_EQ(v, i);
		}
		close(c);
		close(d);
		close(t);
	}
	ask(r);
	CHECK_EQ(event("oom"), 0);
	CHECK_EQ(event("oom_kill"), 0);

	/* all is given back, but for what each CPU keeps in stock (64 pages) */
	kill9(pid);
	while (current_bytes() > base + (64 << 12) * sysconf(_SC_NPROCESSORS_ONLN))
		usleep(1000);
	do {
		CHECK_EQ(goro_dev_usage(dev(), &is), 0);
		/* others of root's may go meanwhile; the neighbour's is there */
	} while (is.chans > was.chans + 1 || is.tasks > was.tasks || is.bytes > was.bytes + 8 ||
		 is.stack_bytes > was.stack_bytes);
	ask(r);
	r->asked = -1;
	reap(near);
	CHECK_EQ(rmdir(group), 0);
	return made;
}

#define MIB(n)	((n) << 20)

TEST(full_buffers)
{
	int n = run_hog("32M", big_channel, true);

	/* the buffers are most of it; the allocator may round each up to twice its size */
	CHECK(n > MIB(12) / 65536 && n <= MIB(32) / 65536);
}

TEST(small_channels)
{
	CHECK(run_hog("8M", small_channel, false) > 5000);
}

TEST(arguments)
{
	int n = run_hog("32M", big_task, false);

	CHECK(n > MIB(16) / 60000 && n <= MIB(32) / 60000);
}

TEST(sleepers)
{
	CHECK(run_hog("4M", sleeper, false) > 500);
}

TEST(some_of_each)
{
	CHECK(run_hog("4M", either, false) > 500);
}
