/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of limits share: module parameters, being another user, and what a user is charged for.
 * Include after goro_test.h.
 *
 * Each test has users of its own (uid()), as what went may be uncharged a moment later (root's from other
 * tests, too: be_rootlike()), and begins with reset(): a failed test leaves its caps behind.
 */
#ifndef GORO_LIMITS_H
#define GORO_LIMITS_H

#define PARAM "/sys/module/goro/parameters/"

static const struct {
	const char *name;
	unsigned long value;
} defaults[] = {
	{ "user_files_max", 1024 },
	{ "user_chans_max", 16384 },
	{ "user_bytes_max", 256 << 20 },
	{ "user_tasks_max", 16384 },
	{ "user_stack_bytes_max", 64 << 20 },
};

static inline unsigned long get_param(const char *name)
{
	char path[128];
	unsigned long v;
	FILE *f;

	snprintf(path, sizeof(path), PARAM "%s", name);
	f = fopen(path, "r");
	CHECK(f && fscanf(f, "%lu", &v) == 1);
	fclose(f);
	return v;
}

static inline void set_param(const char *name, unsigned long v)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), PARAM "%s", name);
	f = fopen(path, "w");
	CHECK(f && fprintf(f, "%lu", v) > 0);
	CHECK_EQ(fclose(f), 0);
}

/* the defaults again; also for what runs after us */
static inline void __attribute__((destructor)) reset(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(defaults) / sizeof(defaults[0]) && !geteuid(); i++)
		set_param(defaults[i].name, defaults[i].value);
}

static inline struct goro_usage usage(void)
{
	struct goro_usage u;

	CHECK_EQ(goro_dev_usage(dev(), &u), 0);
	CHECK_EQ(u.uid, getuid());
	return u;
}

/* a user that no other test has: of this program's tests, and of what else runs here */
static inline uid_t uid(int n)
{
	return 100000 + 16 * (getpid() % 65536) + n;
}

/* be this user, without any capability; what is open stays open */
static inline void become(uid_t who)
{
	dev();
	CHECK_EQ(setresuid(who, who, who), 0);
	CHECK_EQ(usage().uid, who);
}

/* root with a real user id, and so a share, of its own */
static inline void be_rootlike(uid_t who)
{
	dev();
	CHECK_EQ(setresuid(who, 0, 0), 0);
	CHECK_EQ(usage().uid, who);
}

static inline uint64_t files_now(void) { return usage().files; }
static inline uint64_t chans_now(void) { return usage().chans; }
static inline uint64_t bytes_now(void) { return usage().bytes; }
static inline uint64_t tasks_now(void) { return usage().tasks; }
static inline uint64_t stacks_now(void) { return usage().stack_bytes; }

/* what a task holds may go a moment after its last fd */
static inline void settle(uint64_t (*now)(void), uint64_t n)
{
	while (now() != n)
		usleep(1000);
}

static inline int try_chan(uint32_t elem, uint64_t cap)
{
	return goro_kchan_make(dev(), elem, cap, 0);
}

static inline int try_sleeper(void)
{
	uint64_t ns = 3600000000000ULL;

	return goro_ktask_spawn(dev(), "sleep", &ns, sizeof(ns), NULL, 0);
}

/* the device as a udev rule may give it to others */
static char node[64];

static inline void make_node(void)
{
	struct stat st;

	CHECK_EQ(stat("/dev/goro", &st), 0);
	snprintf(node, sizeof(node), "/dev/shm/goro-%d", getpid());
	CHECK_EQ(mknod(node, S_IFCHR | 0600, st.st_rdev), 0);
	CHECK_EQ(chmod(node, 0666), 0);
}

static inline int try_open(void)
{
	int fd = open(node, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* run fn() as another user, and wait for it */
static inline void as_with(uid_t who, void (*fn)(void *arg), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		alarm(LIMIT);
		become(who);
		fn(arg);
		_exit(0);
	}
	reap(pid);
}

static inline void as_call_(void *fn)
{
	(*(void (**)(void))fn)();
}

static inline void as(uid_t who, void (*fn)(void))
{
	as_with(who, as_call_, &fn);
}

/* the usage of another user, asked for by a child of root's */
static struct goro_usage *shared;

static inline void ask_usage_(void)
{
	*shared = usage();
}

static inline struct goro_usage usage_of(uid_t who)
{
	if (!shared)
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	as(who, ask_usage_);
	return *shared;
}

#endif /* GORO_LIMITS_H */
