// SPDX-License-Identifier: GPL-2.0-only
/* Who is charged, wherever fds go, and which capabilities count. */
#include "goro_test.h"
#include "limits.h"
#include <sched.h>
#include <sys/syscall.h>

static void sends_two(void *arg)
{
	int c = try_chan(16, 10), t = try_sleeper();

	send_fd(*(int *)arg, c);
	send_fd(*(int *)arg, t);
}

TEST(in_flight_and_after_the_senders_death)
{
	uid_t alice = uid(0);
	struct goro_usage u;
	int sv[2], c;

	reset();
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	as_with(alice, sends_two, &sv[0]);
	/* the sender is dead, nobody has the fds but the socket */
	u = usage_of(alice);
	CHECK_EQ(u.chans, 1);
	CHECK_EQ(u.bytes, 168);
	CHECK_EQ(u.tasks, 1);
	CHECK(u.stack_bytes > 0);
	/* whoever takes them out is not charged */
	c = recv_fd(sv[1]);
	u = usage_of(alice);
	CHECK_EQ(u.chans, 1);
	close(c);
	CHECK_EQ(usage_of(alice).chans, 0);
	CHECK_EQ(usage_of(alice).tasks, 1);
	/* the task goes with the socket */
	close(sv[0]);
	close(sv[1]);
	do
		u = usage_of(alice);
	while (u.tasks || u.bytes || u.stack_bytes);
}

static void receiver(void *arg)
{
	int *sv = arg, c, d;
	char b;

	c = recv_fd(sv[0]);
	CHECK_EQ(read(sv[0], &b, 1), 1);	/* the cap is lowered */
	/* the other's channel is not ours; a task that we start with it is */
	CHECK_EQ(chans_now(), 0);
	CHECK_EQ(bytes_now(), 0);
	CHECK_EQ(goro_kchan_send(c, &(uint64_t){ 7 }), 0);
	d = goro_ktask_spawn(dev(), "echo", NULL, 0, (int[]){ c, c }, 2);
	CHECK(d >= 0);
	CHECK_EQ(tasks_now(), 1);
	CHECK_EQ(bytes_now(), 8);
	CHECK_EQ(try_chan(8, 1), -EDQUOT);
	CHECK_EQ(write(sv[0], "x", 1), 1);
	CHECK_EQ(read(sv[0], &b, 1), 1);
	/* the sender has gone, and is charged as long as we have it */
	close(d);
	CHECK_EQ(write(sv[0], "x", 1), 1);
	CHECK_EQ(read(sv[0], &b, 1), 1);
}

static void sender(void *arg)
{
	send_fd(*(int *)arg, try_chan(8, 1));
	CHECK_EQ(chans_now(), 1);
}

TEST(passed_to_another_user)
{
	uid_t alice = uid(0), bob = uid(1);
	int sv[2];
	pid_t pid;
	char b;

	reset();
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	pid = fork();
	if (!pid) {
		close(sv[1]);
		become(bob);
		receiver(&sv[0]);
		_exit(0);
	}
	as_with(alice, sender, &sv[1]);
	set_param("user_chans_max", 0);
	CHECK_EQ(write(sv[1], "x", 1), 1);
	CHECK_EQ(read(sv[1], &b, 1), 1);
	CHECK_EQ(usage_of(alice).chans, 1);
	CHECK_EQ(write(sv[1], "x", 1), 1);
	CHECK_EQ(read(sv[1], &b, 1), 1);
	CHECK_EQ(usage_of(alice).chans, 1);
	CHECK_EQ(write(sv[1], "x", 1), 1);
	reap(pid);
	while (usage_of(alice).chans || usage_of(bob).tasks)
		;
}

/* the device's opener is not charged for what others make with it */
static void opener(void *arg)
{
	int *sv = arg, d = try_open();

	CHECK(d >= 0);
	CHECK_EQ(files_now(), 1);
	send_fd(sv[0], d);
}

static void uses_device(void *arg)
{
	int fd = *(int *)arg;

	CHECK(goro_kchan_make(fd, 8, 1, 0) >= 0);
	CHECK_EQ(files_now(), 0);
	CHECK_EQ(chans_now(), 1);
}

TEST(opener_and_caller)
{
	uid_t alice = uid(0), bob = uid(1);
	struct goro_usage u;
	int sv[2], fd;

	reset();
	make_node();
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	as_with(alice, opener, sv);
	CHECK_EQ(unlink(node), 0);
	fd = recv_fd(sv[1]);
	as_with(bob, uses_device, &fd);
	u = usage_of(alice);
	CHECK_EQ(u.files, 1);
	CHECK_EQ(u.chans, 0);
	close(fd);
	CHECK_EQ(usage_of(alice).files, 0);
}

TEST(the_real_user_counts)
{
	uid_t who = uid(0), before = uid(1);
	pid_t pid;

	reset();
	set_param("user_chans_max", 1);
	pid = fork();
	if (!pid) {
		be_rootlike(before);
		make(8, 1);
		CHECK_EQ(chans_now(), 1);
		/* as a setuid program of root's that this user runs: charged, and free to go above */
		be_rootlike(who);
		CHECK_EQ(chans_now(), 0);
		make(8, 1);
		make(8, 1);
		CHECK_EQ(chans_now(), 2);
		CHECK_EQ(setresuid(who, who, who), 0);
		CHECK_EQ(chans_now(), 2);
		CHECK_EQ(try_chan(8, 1), -EDQUOT);
		raise(SIGSTOP);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	/* what was made before stays charged to whom it was, and all goes with the process */
	CHECK_EQ(usage_of(before).chans, 1);
	CHECK_EQ(usage_of(who).chans, 2);
	CHECK_EQ(kill(pid, SIGCONT), 0);
	reap(pid);
	CHECK_EQ(usage_of(before).chans, 0);
	CHECK_EQ(usage_of(who).chans, 0);
}

/* ---- capabilities ----------------------------------------------------- */

static void in_own_namespace(void)
{
	int i;

	/* all capabilities, but in a namespace of its own */
	if (unshare(CLONE_NEWUSER))
		FAIL("unshare: %s", strerror(errno));
	for (i = 0; i < 2; i++)
		CHECK(try_chan(8, 1) >= 0);
	CHECK_EQ(try_chan(8, 1), -EDQUOT);
	CHECK_EQ(goro_ktask_spawn(dev(), "test-priv", NULL, 0, NULL, 0), -EPERM);
}

static void maps_itself(void)
{
	char map[64];
	uid_t was = getuid();
	int fd;

	CHECK(try_chan(8, 1) >= 0);
	/* who changed his uid may not write his own map, unless he says that he minds no one looking */
	CHECK_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
	CHECK_EQ(unshare(CLONE_NEWUSER), 0);
	snprintf(map, sizeof(map), "0 %u 1", was);
	fd = open("/proc/self/uid_map", O_WRONLY);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, map, strlen(map)), strlen(map));
	/* root, it seems; the same user with the same share all the same */
	CHECK_EQ(getuid(), 0);
	CHECK_EQ(setresuid(0, 0, 0), 0);
	CHECK_EQ(usage().uid, 0);
	CHECK_EQ(chans_now(), 1);
	CHECK(try_chan(8, 1) >= 0);
	CHECK_EQ(try_chan(8, 1), -EDQUOT);
	CHECK_EQ(goro_ktask_spawn(dev(), "test-priv", NULL, 0, NULL, 0), -EPERM);
}

TEST(capabilities_of_a_user_namespace_do_not_count)
{
	pid_t pid;

	reset();
	set_param("user_chans_max", 2);
	/* of a user without any */
	as(uid(0), maps_itself);
	/* and of one who was root before */
	pid = fork();
	if (!pid) {
		be_rootlike(uid(2));
		CHECK_EQ(unshare(CLONE_NEWUSER), 0);
		CHECK_EQ(goro_ktask_spawn(dev(), "test-priv", NULL, 0, NULL, 0), -EPERM);
		make(8, 1);
		make(8, 1);
		CHECK_EQ(try_chan(8, 1), -EDQUOT);
		_exit(0);
	}
	reap(pid);
	as(uid(1), in_own_namespace);
}

/* CAP_SYS_RESOURCE alone, of the initial namespace, lifts the caps; CAP_SYS_ADMIN does not */
static void keep_cap(int cap)
{
	struct { uint32_t version; int pid; } h = { 0x20080522, 0 };
	struct { uint32_t effective, permitted, inheritable; } d[2] = { { 0 } };

	CHECK_EQ(prctl(PR_SET_KEEPCAPS, 1), 0);
	become(uid(cap % 16));
	d[cap / 32].effective = 1U << cap % 32;
	d[cap / 32].permitted = 1U << cap % 32;
	CHECK_EQ(syscall(SYS_capset, &h, d), 0);
}

TEST(which_capability)
{
	pid_t pid;

	reset();
	set_param("user_chans_max", 1);
	set_param("user_tasks_max", 1);
	pid = fork();
	if (!pid) {
		keep_cap(24);	/* CAP_SYS_RESOURCE */
		make(8, 1);
		make(8, 1);
		spawn_sleeper();
		spawn_sleeper();
		CHECK_EQ(chans_now(), 2);
		CHECK_EQ(goro_ktask_spawn(dev(), "test-priv", NULL, 0, NULL, 0), -EPERM);
		_exit(0);
	}
	reap(pid);
	pid = fork();
	if (!pid) {
		keep_cap(21);	/* CAP_SYS_ADMIN */
		make(8, 1);
		CHECK_EQ(try_chan(8, 1), -EDQUOT);
		CHECK_EQ(goro_ktask_wait(spawn("test-priv", NULL, 0, -1, -1), NULL, GORO_FOREVER), 0);
		CHECK_EQ(try_sleeper(), -EDQUOT);
		_exit(0);
	}
	reap(pid);
}

/* ---- fdinfo ----------------------------------------------------------- */

static void check_fdinfo(int fd, uid_t who)
{
	char path[64], line[256];
	unsigned int got = 0, id;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "goro-uid: %u", &id) == 1) {
			CHECK_EQ(id, who);
			got++;
		}
	fclose(f);
	CHECK_EQ(got, 1);
}

static void makes_for_fdinfo(void *arg)
{
	int *sock = arg;

	send_fd(*sock, try_chan(8, 1));
	send_fd(*sock, try_sleeper());
}

TEST(fdinfo_says_who_is_charged)
{
	int sv[2];

	reset();
	check_fdinfo(dev(), 0);
	check_fdinfo(make(8, 1), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	as_with(uid(0), makes_for_fdinfo, &sv[0]);
	check_fdinfo(recv_fd(sv[1]), uid(0));
	check_fdinfo(recv_fd(sv[1]), uid(0));
}
