// SPDX-License-Identifier: GPL-2.0-only
/* One object, many processes: fork, SCM_RIGHTS, exec, dup. Its life is the life of its file. */
#include "goro_test.h"

static void doubles(void *arg)
{
	int *c = arg;
	uint64_t v;

	while (goro_kchan_recv(c[0], &v) == 1) {
		v *= 2;
		CHECK_EQ(goro_kchan_send(c[1], &v), 0);
	}
	CHECK_EQ(goro_kchan_close(c[1]), 0);
}

TEST(fork_shares)
{
	int c[2] = { make(8, 0), make(8, 0) };
	pid_t pid = child(doubles, c);
	uint64_t i, v;

	for (i = 0; i < 100; i++) {
		CHECK_EQ(goro_kchan_send(c[0], &i), 0);
		CHECK_EQ(goro_kchan_recv(c[1], &v), 1);
		CHECK_EQ(v, 2 * i);
	}
	CHECK_EQ(goro_kchan_close(c[0]), 0);
	CHECK_EQ(goro_kchan_recv(c[1], &v), 0);
	reap(pid);
}

/* the child gets the channel by message only */
static void by_message(void *arg)
{
	int c = recv_fd(*(int *)arg);
	uint64_t v;

	CHECK(fcntl(c, F_GETFD) == FD_CLOEXEC);
	CHECK_EQ(goro_kchan_recv(c, &v), 1);
	CHECK_EQ(v, 31);
	v = 32;
	CHECK_EQ(goro_kchan_send(c, &v), 0);
}

TEST(scm_rights)
{
	int sv[2], c;
	uint64_t v = 31;
	pid_t pid;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	pid = child(by_message, &sv[1]);
	c = make(8, 4);
	send_fd(sv[0], c);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	reap(pid);
	CHECK_EQ(goro_kchan_recv_until(c, &v, GORO_NOW), 1);
	CHECK_EQ(v, 32);
}

TEST(in_flight_keeps_it_alive)
{
	int sv[2], c = make(8, 4), d;
	uint64_t v = 9;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	CHECK_EQ(goro_kchan_send(c, &v), 0);
	send_fd(sv[0], c);
	close(c);
	d = recv_fd(sv[1]);
	CHECK_CHAN(d, 1, 0, 0, false);
	CHECK_EQ(goro_kchan_recv(d, &v), 1);
	CHECK_EQ(v, 9);
}

TEST(task_passed_on)
{
	int sv[2], c = make(8, 0), t = spawn("echo", NULL, 0, c, c), u, result;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	wait_for(c, 0, 1);
	send_fd(sv[0], t);
	close(t);
	CHECK_CHAN(c, 0, 0, 1, false);
	u = recv_fd(sv[1]);
	CHECK_EQ(goro_ktask_wait(u, NULL, GORO_NOW), -EAGAIN);
	CHECK_EQ(goro_kchan_close(c), 0);
	CHECK_EQ(goro_ktask_wait(u, &result, GORO_FOREVER), 0);
	CHECK_EQ(result, 0);
}

TEST(task_in_flight_is_cancelled_with_the_socket)
{
	int sv[2], c = make(8, 0), t = spawn("echo", NULL, 0, c, c);

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	wait_for(c, 0, 1);
	send_fd(sv[0], t);
	close(t);
	close(sv[0]);
	close(sv[1]);
	wait_for(c, 0, 0);
}

static void execs(void *arg)
{
	char cmd[128];
	int *fd = arg;

	/* fd[0] and fd[1] must be gone in the new program, fd[2] be there */
	snprintf(cmd, sizeof(cmd), "! test -e /proc/$$/fd/%d && ! test -e /proc/$$/fd/%d && test -e /proc/$$/fd/%d",
		 fd[0], fd[1], fd[2]);
	execl("/bin/sh", "sh", "-c", cmd, NULL);
	_exit(1);
}

TEST(closed_at_exec)
{
	int fd[3] = { make(8, 1), spawn_sleeper(), make(8, 1) };

	CHECK_EQ(fcntl(fd[2], F_SETFD, 0), 0);
	reap(child(execs, fd));
}

TEST(exec_cancels_its_tasks)
{
	int c = make(8, 0), in[2], out[2];
	char b;
	pid_t pid;

	CHECK_EQ(pipe2(in, O_CLOEXEC), 0);
	CHECK_EQ(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		spawn("echo", NULL, 0, c, c);
		wait_for(c, 0, 1);
		dup2(in[0], 0);
		CHECK_EQ(write(out[1], "x", 1), 1);
		execl("/bin/cat", "cat", NULL);
		_exit(1);
	}
	CHECK_EQ(read(out[0], &b, 1), 1);
	wait_for(c, 0, 0);
	close(in[1]);
	reap(pid);
}

static void shell_dd(void *arg)
{
	int c = *(int *)arg;

	dup2(c, 0);
	execl("/bin/dd", "dd", "bs=8", "count=3", "status=none", "of=/dev/null", NULL);
	_exit(1);
}

TEST(dd_reads_three_elements)
{
	int c = make(8, 4);
	uint64_t v[4] = { 1, 2, 3, 4 }, out;

	CHECK_EQ(goro_kchan_sendn(c, v, 4, GORO_NOW), 4);
	reap(child(shell_dd, &c));
	CHECK_CHAN(c, 1, 0, 0, false);
	CHECK_EQ(goro_kchan_recv(c, &out), 1);
	CHECK_EQ(out, 4);
}

TEST(fdinfo)
{
	char path[64], line[256];
	int c = make(24, 5);
	struct goro_chan_info i;
	unsigned long long id = 0;
	FILE *f;

	CHECK_EQ(goro_kchan_info(c, &i), 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", c);
	f = fopen(path, "r");
	CHECK(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "goro-chan-id: %llu", &id);
	CHECK_EQ(id, i.id);
	fclose(f);

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", spawn_sleeper());
	f = fopen(path, "r");
	CHECK(f);
	while (fgets(line, sizeof(line), f))
		id += !strcmp(line, "goro-task-class:\tsleep\n") ||
		      !strcmp(line, "goro-task-state:\trunning\n");
	CHECK_EQ(id, i.id + 2);
}
