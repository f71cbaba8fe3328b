// SPDX-License-Identifier: GPL-2.0-only
/* Caps per user: from when to when something is charged, and that one user's cap is not another's. */
#include "goro_test.h"
#include "limits.h"

TEST(shown_and_changed)
{
	struct goro_query q;
	unsigned int i;

	reset();
	CHECK_EQ(goro_dev_query(dev(), &q), 0);
	CHECK(q.features & GORO_FEATURE_USER);
	CHECK_EQ(q.user_files_max, get_param("user_files_max"));
	CHECK_EQ(q.user_chans_max, get_param("user_chans_max"));
	CHECK_EQ(q.user_bytes_max, get_param("user_bytes_max"));
	CHECK_EQ(q.user_tasks_max, get_param("user_tasks_max"));
	CHECK_EQ(q.user_stack_bytes_max, get_param("user_stack_bytes_max"));
	for (i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		set_param(defaults[i].name, i + 3);
	CHECK_EQ(goro_dev_query(dev(), &q), 0);
	CHECK_EQ(q.user_files_max, 3);
	CHECK_EQ(q.user_chans_max, 4);
	CHECK_EQ(q.user_bytes_max, 5);
	CHECK_EQ(q.user_tasks_max, 6);
	CHECK_EQ(q.user_stack_bytes_max, 7);
	reset();
	/* nobody else may */
	become(uid(0));
	CHECK_ERR(open(PARAM "user_chans_max", O_WRONLY), EACCES);
}

/* five channels and no sixth; then one goes and one more can be made */
static void five_channels(void)
{
	int c[5], i;

	for (i = 0; i < 5; i++)
		CHECK((c[i] = try_chan(8, 1)) >= 0);
	CHECK_EQ(try_chan(8, 1), -EDQUOT);
	CHECK_EQ(try_chan(0, 0), -EDQUOT);
	CHECK_EQ(chans_now(), 5);
	CHECK_EQ(bytes_now(), 40);
	close(c[2]);
	CHECK_EQ(chans_now(), 4);
	CHECK((c[2] = try_chan(8, 1)) >= 0);
	CHECK_EQ(try_chan(8, 1), -EDQUOT);
	/* what is there goes on working */
	for (i = 0; i < 5; i++)
		CHECK_EQ(goro_kchan_send(c[i], &(uint64_t){ 1 }), 0);
}

static void at_the_cap(void *arg)
{
	int *sock = arg;
	char b;

	five_channels();
	CHECK_EQ(write(*sock, "x", 1), 1);
	CHECK_EQ(read(*sock, &b, 1), 1);
	CHECK_EQ(chans_now(), 5);
	CHECK_EQ(try_chan(8, 1), -EDQUOT);
}

TEST(one_users_cap_is_not_anothers)
{
	int sv[2];
	pid_t pid;
	char b;

	reset();
	set_param("user_chans_max", 5);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	pid = fork();
	if (!pid) {
		alarm(LIMIT);
		become(uid(0));
		at_the_cap(&sv[1]);
		_exit(0);
	}
	CHECK_EQ(read(sv[0], &b, 1), 1);
	/* while this user has all that he may, another has all of his */
	as(65534, five_channels);
	CHECK_EQ(write(sv[0], "x", 1), 1);
	reap(pid);
}

static void bytes(void)
{
	int c, d;

	CHECK((c = try_chan(64, 512)) >= 0);
	CHECK_EQ(try_chan(1, 32769), -EDQUOT);
	CHECK((d = try_chan(1, 32768)) >= 0);
	CHECK_EQ(bytes_now(), 65536);
	CHECK_EQ(try_chan(1, 1), -EDQUOT);
	/* nothing buffered, nothing charged */
	CHECK(try_chan(65536, 0) >= 0);
	CHECK(try_chan(0, 1 << 30) >= 0);
	CHECK_EQ(bytes_now(), 65536);
	/* arguments and what classes keep for a task count, too */
	CHECK_EQ(try_sleeper(), -EDQUOT);
	CHECK_EQ(tasks_now(), 0);
	CHECK_EQ(stacks_now(), 0);
	close(d);
	CHECK_EQ(bytes_now(), 32768);
	d = try_sleeper();
	CHECK(d >= 0);
	CHECK_EQ(bytes_now(), 32776);
	close(d);
	settle(bytes_now, 32768);
	/* echo keeps an element */
	{
		int chans[2] = { try_chan(16384, 0), try_chan(16384, 0) };

		d = goro_ktask_spawn(dev(), "echo", NULL, 0, chans, 2);
		CHECK(d >= 0);
		CHECK_EQ(bytes_now(), 49152);
		CHECK(goro_ktask_spawn(dev(), "echo", NULL, 0, chans, 2) >= 0);
		CHECK_EQ(goro_ktask_spawn(dev(), "echo", NULL, 0, chans, 2), -EDQUOT);
		CHECK_EQ(bytes_now(), 65536);
		CHECK_EQ(tasks_now(), 2);
	}
}

TEST(buffered_bytes)
{
	reset();
	set_param("user_bytes_max", 65536);
	as(uid(0), bytes);
}

static void tasks(void)
{
	int t[3], i, u;

	for (i = 0; i < 3; i++)
		CHECK((t[i] = try_sleeper()) >= 0);
	CHECK_EQ(try_sleeper(), -EDQUOT);
	CHECK_EQ(tasks_now(), 3);
	/* it is done, and still there to be asked */
	CHECK_EQ(goro_ktask_cancel(t[0]), 0);
	CHECK_EQ(goro_ktask_wait(t[0], NULL, GORO_FOREVER), 0);
	CHECK_EQ(tasks_now(), 3);
	CHECK_EQ(try_sleeper(), -EDQUOT);
	close(t[0]);
	settle(tasks_now, 2);
	u = try_sleeper();
	CHECK(u >= 0);
	/* a spawn that fails leaves nothing behind */
	close(u);
	settle(tasks_now, 2);
	CHECK_EQ(goro_ktask_spawn(dev(), "sleep", "", 1, NULL, 0), -EINVAL);
	CHECK_EQ(goro_ktask_spawn(dev(), "sleep", NULL, 8, NULL, 0), -EFAULT);
	CHECK_EQ(goro_ktask_spawn(dev(), "echo", NULL, 0, (int[]){ 99, 99 }, 2), -EBADF);
	CHECK_EQ(tasks_now(), 2);
	CHECK_EQ(bytes_now(), 16);
}

TEST(tasks)
{
	reset();
	set_param("user_tasks_max", 3);
	as(uid(0), tasks);
}

static void stacks(void)
{
	uint64_t one;
	int t[3], i;

	t[0] = try_sleeper();
	CHECK(t[0] >= 0);
	one = stacks_now();
	CHECK(one >= 4096);
	t[1] = try_sleeper();
	CHECK(t[1] >= 0);
	CHECK_EQ(stacks_now(), 2 * one);
	CHECK_EQ(try_sleeper(), -EDQUOT);
	CHECK_EQ(tasks_now(), 2);
	/* who saw it end may start another at once: it has no stack any more */
	for (i = 0; i < 20; i++) {
		CHECK_EQ(goro_ktask_cancel(t[0]), 0);
		CHECK_EQ(goro_ktask_wait(t[0], NULL, GORO_FOREVER), 0);
		CHECK_EQ(stacks_now(), one);
		t[0] = try_sleeper();
		CHECK(t[0] >= 0);
		CHECK_EQ(stacks_now(), 2 * one);
	}
	CHECK_EQ(tasks_now(), 22);
}

TEST(stacks)
{
	reset();
	set_param("user_stack_bytes_max", 40000);
	as(uid(0), stacks);
}

static void files(void)
{
	int fd[2];

	CHECK((fd[0] = try_open()) >= 0);
	CHECK((fd[1] = try_open()) >= 0);
	CHECK_EQ(files_now(), 2);
	CHECK_EQ(try_open(), -EDQUOT);
	/* a descriptor is no file, and what was made by one stays */
	CHECK(dup(fd[0]) >= 0);
	close(fd[1]);
	CHECK_EQ(files_now(), 1);
	CHECK((fd[1] = try_open()) >= 0);
	CHECK_EQ(try_open(), -EDQUOT);
}

TEST(open_files)
{
	reset();
	make_node();
	set_param("user_files_max", 2);
	as(uid(0), files);
	CHECK_EQ(unlink(node), 0);
}

TEST(root_is_counted_but_not_capped)
{
	int i;

	reset();
	set_param("user_chans_max", 2);
	be_rootlike(uid(0));
	for (i = 0; i < 10; i++)
		make(8, 1);
	CHECK_EQ(chans_now(), 10);
}

static void lowered(void *arg)
{
	int *gate = arg, c[4], i;
	char b;

	for (i = 0; i < 4; i++)
		CHECK((c[i] = try_chan(8, 4)) >= 0);
	CHECK_EQ(write(gate[1], "x", 1), 1);
	CHECK_EQ(read(gate[2], &b, 1), 1);
	CHECK_EQ(try_chan(8, 0), -EDQUOT);
	CHECK_EQ(goro_kchan_send(c[3], &(uint64_t){ 1 }), 0);
	for (i = 0; i < 2; i++) {
		close(c[i]);
		CHECK_EQ(try_chan(8, 0), -EDQUOT);
	}
	close(c[2]);
	CHECK(try_chan(8, 0) >= 0);
}

TEST(cap_lowered_below_what_is_there)
{
	int gate[4];
	pid_t pid;
	char b;

	reset();
	CHECK_EQ(pipe(gate), 0);
	CHECK_EQ(pipe(gate + 2), 0);
	pid = fork();
	if (!pid) {
		become(uid(0));
		lowered(gate);
		_exit(0);
	}
	CHECK_EQ(read(gate[0], &b, 1), 1);
	set_param("user_chans_max", 2);
	CHECK_EQ(write(gate[3], "x", 1), 1);
	reap(pid);
}

static void no_descriptor(void)
{
	int fd, first = dup(0), last;

	for (last = first; (fd = dup(0)) >= 0; last = fd)
		;
	CHECK_EQ(try_chan(8, 8), -EMFILE);
	CHECK_EQ(try_sleeper(), -EMFILE);
	CHECK_EQ(chans_now(), 0);
	CHECK_EQ(tasks_now(), 0);
	settle(bytes_now, 0);
	close(last);
	CHECK(try_chan(8, 8) >= 0);
}

TEST(what_fails_is_not_charged)
{
	reset();
	as(uid(0), no_descriptor);
}

static void held_by_a_task(void)
{
	int c[2] = { try_chan(8, 4), try_chan(8, 4) }, t;

	t = goro_ktask_spawn(dev(), "echo", NULL, 0, c, 2);
	CHECK(t >= 0);
	wait_for(c[0], 0, 1);
	close(c[0]);
	close(c[1]);
	CHECK_EQ(chans_now(), 2);
	CHECK_EQ(bytes_now(), 72);
	close(t);
	settle(chans_now, 0);
	settle(bytes_now, 0);
	settle(tasks_now, 0);
	settle(stacks_now, 0);
}

TEST(a_channel_is_charged_while_a_task_has_it)
{
	reset();
	as(uid(0), held_by_a_task);
}

/* ---- races ------------------------------------------------------------ */

#define RACERS	4
#define ROUNDS	300

static void races(void *arg)
{
	unsigned int *made = arg;
	int i, c;

	/* one channel kept at most, of one element or of all the bytes there are */
	for (i = 0; i < ROUNDS; i++) {
		c = try_chan(1, i % 2 ? 1 : 4096);
		if (c < 0)
			CHECK_EQ(c, -EDQUOT);
		else
			__atomic_fetch_add(made, 1, __ATOMIC_RELAXED);
		CHECK(chans_now() <= 2);
		CHECK(bytes_now() <= 4096);
		if (c >= 0)
			close(c);
	}
}

static void start_racers(void *arg)
{
	pid_t pid[RACERS];
	int i;

	for (i = 0; i < RACERS; i++)
		pid[i] = child(races, arg);
	for (i = 0; i < RACERS; i++)
		reap(pid[i]);
	CHECK_EQ(chans_now(), 0);
	CHECK_EQ(bytes_now(), 0);
}

TEST(the_last_place_goes_to_one)
{
	unsigned int *made = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				  -1, 0);

	reset();
	CHECK(made != MAP_FAILED);
	set_param("user_chans_max", 2);
	set_param("user_bytes_max", 4096);
	as_with(uid(0), start_racers, made);
	CHECK(*made >= ROUNDS);
}

/* users come and go with their objects: made and found by several at once */
static void comes_and_goes(void *n)
{
	int i, c;

	for (i = 0; i < *(int *)n; i++) {
		c = try_chan(8, 1);
		CHECK(c >= 0);
		close(c);
	}
}

static void start_comers(void)
{
	int i, rounds = ROUNDS;
	pid_t pid[RACERS];

	for (i = 0; i < RACERS; i++)
		pid[i] = child(comes_and_goes, &rounds);
	for (i = 0; i < RACERS; i++)
		reap(pid[i]);
	CHECK_EQ(chans_now(), 0);
}

TEST(a_user_goes_with_its_last_object)
{
	reset();
	as(uid(0), start_comers);
}


/* what an administrator sees of all users */
static void makes_some(void *arg)
{
	int *sock = arg;
	char b;

	CHECK(try_chan(16, 4) >= 0);
	CHECK(try_chan(1, 3) >= 0);
	CHECK(try_sleeper() >= 0);
	CHECK_EQ(write(*sock, "x", 1), 1);
	CHECK_EQ(read(*sock, &b, 1), 1);
}

static bool listed(uid_t who, const char *counts)
{
	char line[256], want[256];
	bool found = false;
	FILE *f = fopen("/sys/kernel/debug/goro/users", "r");

	CHECK(f);
	snprintf(want, sizeof(want), "%u%s", who, counts);
	while (fgets(line, sizeof(line), f))
		found |= !strncmp(line, want, strlen(want));
	fclose(f);
	return found;
}

TEST(debugfs)
{
	uid_t who = uid(0);
	int sv[2];
	pid_t pid;
	char b;

	reset();
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	CHECK(!listed(who, " "));
	pid = fork();
	if (!pid) {
		alarm(LIMIT);
		become(who);
		makes_some(&sv[1]);
		_exit(0);
	}
	CHECK_EQ(read(sv[0], &b, 1), 1);
	CHECK(listed(who, " 0 2 75 1 "));
	CHECK_EQ(write(sv[0], "x", 1), 1);
	reap(pid);
	while (listed(who, " "))
		usleep(1000);
}
