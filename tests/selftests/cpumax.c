// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU time per open file of /dev/goro: counted, capped, and who may raise the cap. How much a task gets is
 * never compared with a clock, only with another file's tasks and with what the kernel counted itself.
 */
#include "goro_test.h"
#include "limits.h"
#include <sched.h>

#define MS		1000000ULL
#define DEFAULT		PARAM "cpu_max_default"

static void set_default(const char *text, int err)
{
	int fd = open(DEFAULT, O_WRONLY), ret;

	CHECK(fd >= 0);
	ret = write(fd, text, strlen(text)) < 0 ? errno : 0;
	if (ret != err)
		FAIL("\"%s\": %d, not %d", text, ret, err);
	close(fd);
}

static void check_default(const char *want)
{
	char got[64] = "";
	FILE *f = fopen(DEFAULT, "r");

	CHECK(f && fgets(got, sizeof(got), f));
	fclose(f);
	if (strcmp(got, want))
		FAIL("\"%s\", not \"%s\"", got, want);
}

static void __attribute__((destructor)) reset_default(void)
{
	if (!geteuid())
		set_default("max 100000", 0);
}

static int open_file(void)
{
	int fd = goro_dev_open();

	CHECK(fd >= 0);
	return fd;
}

static int spinner(int file)
{
	int t = goro_ktask_spawn(file, "test-spin", NULL, 0, NULL, 0);

	if (t < 0)
		FAIL("test-spin: %s", strerror(-t));
	return t;
}

static struct goro_cpu_stat stat_of(int file)
{
	struct goro_cpu_stat s;

	memset(&s, 0x5a, sizeof(s));
	s.flags = s.reserved = 0;
	CHECK_EQ(ioctl(file, GORO_IOC_CPU_STAT, &s), 0);
	CHECK_EQ(s.flags, 0);
	CHECK_EQ(s.reserved, 0);
	return s;
}

static void check_max(int file, uint64_t quota, uint64_t period, uint64_t top_quota, uint64_t top_period)
{
	struct goro_cpu_stat s = stat_of(file);

	CHECK_EQ(s.quota_ns, quota);
	CHECK_EQ(s.period_ns, period);
	CHECK_EQ(s.top_quota_ns, top_quota);
	CHECK_EQ(s.top_period_ns, top_period);
}

static void wait_throttled(int file, uint64_t n)
{
	n += stat_of(file).nr_throttled;
	while (stat_of(file).nr_throttled < n)
		usleep(1000);
}

TEST(bounds)
{
	uint64_t cpus = sysconf(_SC_NPROCESSORS_CONF);
	int f = open_file();

	check_max(f, GORO_CPU_NO_MAX, 100 * MS, GORO_CPU_NO_MAX, 100 * MS);
	CHECK_EQ(goro_dev_cpu_max(f, MS, MS), 0);
	CHECK_EQ(goro_dev_cpu_max(f, cpus * 1000 * MS, 1000 * MS), 0);
	CHECK_EQ(goro_dev_cpu_max(f, 5 * MS, 50 * MS), 0);
	CHECK_EQ(goro_dev_cpu_max(f, MS - 1, 50 * MS), -EINVAL);
	CHECK_EQ(goro_dev_cpu_max(f, 0, 50 * MS), -EINVAL);
	CHECK_EQ(goro_dev_cpu_max(f, 1ULL << 63, 50 * MS), -EINVAL);
	CHECK_EQ(goro_dev_cpu_max(f, GORO_CPU_NO_MAX - 1, 50 * MS), -EINVAL);
	CHECK_EQ(goro_dev_cpu_max(f, 5 * MS, 0), -EINVAL);
	CHECK_EQ(goro_dev_cpu_max(f, 5 * MS, MS - 1), -EINVAL);
	CHECK_EQ(goro_dev_cpu_max(f, 5 * MS, 1000 * MS + 1), -EINVAL);
	CHECK_EQ(goro_dev_cpu_max(f, 5 * MS, GORO_FOREVER), -EINVAL);
	CHECK_EQ(goro_dev_cpu_max(f, GORO_CPU_NO_MAX, 0), -EINVAL);
	check_max(f, 5 * MS, 50 * MS, 5 * MS, 50 * MS);
	CHECK_EQ(goro_dev_cpu_max(f, GORO_CPU_NO_MAX, MS), 0);
	check_max(f, GORO_CPU_NO_MAX, MS, GORO_CPU_NO_MAX, MS);
	/* on the device only */
	CHECK_EQ(goro_dev_cpu_max(make(8, 1), 5 * MS, 50 * MS), -ENOTTY);
	CHECK_EQ(goro_dev_cpu_stat(spawn_sleeper(), &(struct goro_cpu_stat){ 0 }), -ENOTTY);
}

TEST(default_of_new_files)
{
	int f = open_file(), g, h;

	reset_default();
	set_default("20000 50000", 0);
	check_default("20000 50000\n");
	g = open_file();
	check_max(g, 20 * MS, 50 * MS, 20 * MS, 50 * MS);
	check_max(f, GORO_CPU_NO_MAX, 100 * MS, GORO_CPU_NO_MAX, 100 * MS);
	/* the period may stay as it is */
	set_default("10000\n", 0);
	check_default("10000 50000\n");
	set_default("max\n", 0);
	check_default("max 50000\n");
	h = open_file();
	check_max(h, GORO_CPU_NO_MAX, 50 * MS, GORO_CPU_NO_MAX, 50 * MS);
	check_max(g, 20 * MS, 50 * MS, 20 * MS, 50 * MS);
	set_default("\n", EINVAL);
	set_default("maximum 50000", EINVAL);
	set_default("999 50000", EINVAL);
	set_default("-5000 50000", EINVAL);
	set_default("5000 999", EINVAL);
	set_default("5000 1000001", EINVAL);
	set_default("18446744073709551615 50000", EINVAL);
	set_default("5000 18446744073709551615", EINVAL);
	set_default("10000000000 50000", EINVAL);
	check_default("max 50000\n");
	reset_default();
	check_default("max 100000\n");
}

/* a spinner of this file uses so much more */
static void let_use(int file, uint64_t ns)
{
	uint64_t was = stat_of(file).usage_ns;

	while (stat_of(file).usage_ns < was + ns)
		usleep(1000);
}

static void end_task(int t)
{
	CHECK_EQ(goro_ktask_cancel(t), 0);
	CHECK_EQ(goro_ktask_wait(t, NULL, GORO_FOREVER), 0);
	close(t);
}

/*
 * What a file has used in the end, while another's spinner uses 20 ms more. A task's end, and that it waits, are
 * told just before its last turn is counted, which a host may put off for as long as it likes: what goes on being
 * counted never comes to an end here.
 */
static uint64_t settled(int file, int spins)
{
	uint64_t was;

	do {
		was = stat_of(file).usage_ns;
		let_use(spins, 20 * MS);
	} while (stat_of(file).usage_ns != was);
	return was;
}

/* what runs is counted, what only waits is not, and nothing is throttled without a cap */
TEST(usage)
{
	int f = open_file(), g, t = spinner(f), sleeper;
	uint64_t hour = 3600000 * MS, before, used;
	struct goro_cpu_stat s;

	/* its turns count for as long as a host stands still in them: another one then */
	do {
		g = open_file();
		before = stat_of(f).usage_ns;
		sleeper = goro_ktask_spawn(g, "sleep", &hour, 8, NULL, 0);
		CHECK(sleeper >= 0);
		let_use(f, 20 * MS);
		end_task(sleeper);
		used = settled(g, f);
	} while (used >= 20 * MS);
	sleeper = goro_ktask_spawn(g, "sleep", &hour, 8, NULL, 0);
	CHECK(sleeper >= 0);
	settled(g, f);
	end_task(t);
	s = stat_of(f);
	CHECK(s.usage_ns >= before + 40 * MS);
	CHECK_EQ(s.nr_periods, 0);
	CHECK_EQ(s.nr_throttled, 0);
	CHECK_EQ(s.throttled_ns, 0);
	/* a task that has ended stays counted, and adds nothing any more */
	spinner(g);
	CHECK(settled(f, g) >= s.usage_ns);
}

/* two files, as many spinners in each: the capped one's get much less, the other's do not mind */
TEST(capped)
{
	enum { N = 3 };
	int f = open_file(), g = open_file(), i;
	struct goro_cpu_stat a, b;

	CHECK_EQ(goro_dev_cpu_max(f, 2 * MS, 40 * MS), 0);
	for (i = 0; i < N; i++) {
		spinner(f);
		spinner(g);
	}
	wait_throttled(f, 10);
	/*
	 * A twentieth of a CPU against what is left of all of them; and what was used too much is made up for.
	 * A host that stops a CPU in the middle of a turn may have us wait for either, but not for ever.
	 */
	do {
		usleep(1000);
		a = stat_of(f);
		b = stat_of(g);
	} while (b.usage_ns < 8 * a.usage_ns || !a.throttled_ns ||
		 a.usage_ns > (a.nr_periods + 1) * 2 * MS);
	CHECK(a.usage_ns > 0);
	CHECK(a.nr_throttled >= 10);
	CHECK(a.nr_periods >= a.nr_throttled);
	CHECK_EQ(b.nr_periods, 0);
	CHECK_EQ(b.nr_throttled, 0);
	CHECK_EQ(b.throttled_ns, 0);
}

TEST(throttled_tasks_hear_of_a_cancel)
{
	int f = open_file(), t[4], i, result;

	CHECK_EQ(goro_dev_cpu_max(f, MS, 1000 * MS), 0);
	for (i = 0; i < 4; i++)
		t[i] = spinner(f);
	wait_throttled(f, 1);
	for (i = 0; i < 4; i++)
		CHECK_EQ(goro_ktask_cancel(t[i]), 0);
	/* the next period may be far; without a cap they go on at once */
	CHECK_EQ(goro_dev_cpu_max(f, GORO_CPU_NO_MAX, 100 * MS), 0);
	for (i = 0; i < 4; i++) {
		CHECK_EQ(goro_ktask_wait(t[i], &result, GORO_FOREVER), 0);
		CHECK_EQ(result, -ECANCELED);
	}
}

/* tasks are accounted and capped after the file they came from was closed; and go when they are closed */
TEST(closed_while_throttled)
{
	int f = open_file(), c = make(8, 0), d = make(8, 0), t, result, i;
	uint64_t v = 0;

	CHECK_EQ(goro_dev_cpu_max(f, MS, 10 * MS), 0);
	for (i = 0; i < 3; i++)
		spinner(f);
	t = goro_ktask_spawn(f, "echo", NULL, 0, (int[]){ c, d }, 2);
	CHECK(t >= 0);
	wait_throttled(f, 2);
	close(f);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(goro_kchan_send(c, &v), 0);
		CHECK_EQ(goro_kchan_recv(d, &v), 1);
	}
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(goro_ktask_wait(t, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, 3);
}

static uid_t victim;

static void keeps_throttled(void *arg)
{
	int f = open_file(), *sock = arg;

	be_rootlike(victim);
	CHECK_EQ(goro_dev_cpu_max(f, MS, 20 * MS), 0);
	spinner(f);
	spinner(f);
	wait_throttled(f, 1);
	CHECK_EQ(write(*sock, "x", 1), 1);
	pause();
}

TEST(kill9_with_throttled_tasks)
{
	int p[2];
	pid_t pid;
	char b;

	victim = uid(0);
	CHECK_EQ(pipe(p), 0);
	pid = child(keeps_throttled, &p[1]);
	CHECK_EQ(read(p[0], &b, 1), 1);
	kill9(pid);
	while (usage_of(victim).tasks)
		usleep(1000);
}

/* ---- who may raise it -------------------------------------------------- */

static int passed;	/* the file that root opened, and capped */

static void may_not_raise(void)
{
	struct goro_cpu_stat s;

	/* down, and up again, is free; above the top is not, by however little */
	CHECK_EQ(goro_dev_cpu_max(passed, MS, 100 * MS), 0);
	CHECK_EQ(goro_dev_cpu_max(passed, 10 * MS, 100 * MS), 0);
	CHECK_EQ(goro_dev_cpu_max(passed, 100 * MS, 1000 * MS), 0);
	CHECK_EQ(goro_dev_cpu_max(passed, 2 * MS, 20 * MS), 0);
	CHECK_EQ(goro_dev_cpu_max(passed, 2 * MS + 1, 20 * MS), -EPERM);
	CHECK_EQ(goro_dev_cpu_max(passed, 2 * MS, 20 * MS - 1), -EPERM);
	CHECK_EQ(goro_dev_cpu_max(passed, 20 * MS, 20 * MS), -EPERM);
	CHECK_EQ(goro_dev_cpu_max(passed, GORO_CPU_NO_MAX, 100 * MS), -EPERM);
	/* what is wrong is wrong for everybody */
	CHECK_EQ(goro_dev_cpu_max(passed, GORO_CPU_NO_MAX, 0), -EINVAL);
	s = stat_of(passed);
	CHECK_EQ(s.quota_ns, 2 * MS);
	CHECK_EQ(s.period_ns, 20 * MS);
	CHECK_EQ(s.top_quota_ns, 10 * MS);
	CHECK_EQ(s.top_period_ns, 100 * MS);
}

static void in_own_namespace(void)
{
	CHECK_EQ(unshare(CLONE_NEWUSER), 0);
	may_not_raise();
}

static void opens_anew(void)
{
	int f = try_open();

	CHECK(f >= 0);
	check_max(f, 50 * MS, 100 * MS, 50 * MS, 100 * MS);
	CHECK_EQ(goro_dev_cpu_max(f, 51 * MS, 100 * MS), -EPERM);
	CHECK_EQ(goro_dev_cpu_max(f, 20 * MS, 100 * MS), 0);
	check_max(f, 20 * MS, 100 * MS, 50 * MS, 100 * MS);
	CHECK_EQ(goro_dev_cpu_max(f, 50 * MS, 100 * MS), 0);
}

TEST(rights)
{
	reset();
	reset_default();
	passed = open_file();
	CHECK_EQ(goro_dev_cpu_max(passed, 10 * MS, 100 * MS), 0);
	as(uid(0), may_not_raise);
	as(uid(1), in_own_namespace);
	/* root may, and so far then may the others */
	CHECK_EQ(goro_dev_cpu_max(passed, GORO_CPU_NO_MAX, 100 * MS), 0);
	check_max(passed, GORO_CPU_NO_MAX, 100 * MS, GORO_CPU_NO_MAX, 100 * MS);
	CHECK_EQ(goro_dev_cpu_max(passed, 10 * MS, 100 * MS), 0);
	as(uid(2), may_not_raise);
	make_node();
	set_default("50000 100000", 0);
	as(uid(3), opens_anew);
	reset_default();
	CHECK_EQ(unlink(node), 0);
}

/* tasks that another starts through a file count for the file */
static void starts_through_it(void)
{
	spinner(passed);
	wait_throttled(passed, 2);
}

TEST(the_file_counts_not_the_user)
{
	int mine = open_file();

	reset();
	passed = open_file();
	CHECK_EQ(goro_dev_cpu_max(passed, MS, 10 * MS), 0);
	as(uid(0), starts_through_it);
	CHECK(stat_of(passed).usage_ns > 0);
	CHECK_EQ(stat_of(mine).usage_ns, 0);
	CHECK_EQ(stat_of(dup(passed)).quota_ns, MS);
}

TEST(fdinfo)
{
	char path[64], line[256], max[64] = "", top[64] = "";
	unsigned long long v, usage_ns = 0, periods = 0, throttled = 0, time = 0;
	int f = open_file();
	struct goro_cpu_stat s;
	FILE *info;

	CHECK_EQ(goro_dev_cpu_max(f, 3 * MS, 30 * MS), 0);
	spinner(f);
	/* it waits before it may begin */
	while (!stat_of(f).nr_throttled || !stat_of(f).usage_ns)
		usleep(1000);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", f);
	info = fopen(path, "r");
	CHECK(info);
	while (fgets(line, sizeof(line), info)) {
		if (sscanf(line, "goro-cpu-usage: %llu", &v) == 1)
			usage_ns = v;
		if (sscanf(line, "goro-cpu-periods: %llu", &v) == 1)
			periods = v;
		if (sscanf(line, "goro-cpu-throttled: %llu", &v) == 1)
			throttled = v;
		if (sscanf(line, "goro-cpu-throttled-time: %llu", &v) == 1)
			time = v;
		if (!strncmp(line, "goro-cpu-max:\t", 14))
			snprintf(max, sizeof(max), "%.40s", line + 14);
		if (!strncmp(line, "goro-cpu-top:\t", 14))
			snprintf(top, sizeof(top), "%.40s", line + 14);
	}
	fclose(info);
	s = stat_of(f);
	CHECK(usage_ns > 0 && usage_ns <= s.usage_ns);
	CHECK(periods > 0 && periods <= s.nr_periods);
	CHECK(throttled > 0 && throttled <= s.nr_throttled);
	CHECK(time > 0 && time <= s.throttled_ns);
	CHECK(!strcmp(max, "3000000 30000000\n"));
	CHECK(!strcmp(top, "3000000 30000000\n"));
}
