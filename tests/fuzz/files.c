// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything else that can be done to goro's files: read, write, poll, and what files in general are for;
 * and what other processes do with them.
 */
#include "fuzz.h"
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- read and write -------------------------------------------------- */

/* the memory of a call in up to three pieces */
static int pieces(struct worker *w, struct iovec *v, const struct place *pl, size_t n)
{
	size_t a = n ? below(w, n) : 0, b = n ? below(w, n) : 0;

	if (a > b) {
		size_t c = a;

		a = b;
		b = c;
	}
	v[0] = (struct iovec){ pl->p, a };
	v[1] = (struct iovec){ pl->p + a, b - a };
	v[2] = (struct iovec){ pl->p + b, n - b };
	return 3;
}

static size_t gen_bytes(struct worker *w, u32 elem)
{
	size_t n = PICK(w, u32, 1, 1, 1, 2, 3, 17, 100, 4097);

	if (chance(w, 50))
		return PICK(w, u32, 0, 1, 7, 9, 4095, 65537, DATA_SIZE + 8);
	return n * (elem ?: 1);
}

static void rw_chan(struct worker *w, int slot, int fd, bool send)
{
	struct obj *o = chan_of(w, slot), *any = obj_of(w, slot);
	u32 elem = any ? any->elem : PICK(w, u32, 1, 8, 8, 64);
	size_t bytes = gen_bytes(w, elem);
	struct expect x = { 0 };
	struct place pl = place(w, &w->data, bytes, !send);
	u64 n = elem ? bytes / elem : 0;
	struct iovec v[3];
	bool whole = any && elem && (send ? !(bytes % elem) : bytes >= elem), vec = chance(w, 300);
	int now_flag = vec && chance(w, 400) ? RWF_NOWAIT : 0;

	x.vanish = pl.vanish;
	if (o && pl.alias && send && whole)
		elem_fill(pl.alias, elem, o->first + o->len, fitting(o, n, pl.backed));
	else if (pl.alias && !send)
		memset(pl.alias, POISON, bytes < pl.backed ? bytes : pl.backed);
	if (!expect_fd(w, &x, slot, K_CHAN, EBADF)) {
		;
	} else if (!any) {
		may_all(&x, send ? errs_send : errs_recv);
		may(&x, EINVAL);
		ret_between(&x, 0, bytes);
	} else if (!bytes) {
		/* nothing in vectors of no length is nothing, whatever the file */
		may(&x, EINVAL);
		may(&x, EFAULT);
		ret_between(&x, 0, 0);
	} else if (!whole) {
		viol(&x, EINVAL);
		if (pl.good < bytes)
			viol(&x, EFAULT);	/* comes first where it is no address at all */
	} else if (!o) {
		may_all(&x, send ? errs_send : errs_recv);
		ret_between(&x, send ? elem : 0, bytes);
	} else {
		u64 deadline = o->nonblock || now_flag ? GORO_NOW : GORO_FOREVER;

		if (send)
			expect_send(&x, o, n, pl.good, deadline);
		else
			expect_recv(&x, o, n, pl.good, deadline);
		x.lo *= elem;
		x.hi *= elem;
		if (pl.good < bytes)
			may(&x, EFAULT);
	}
	if (!any || !(any->nonblock || now_flag))
		arm(w);
	call_begin(w, send ? vec ? "writev" : "write" : vec ? "readv" : "read", fd, (uintptr_t)pl.p, bytes,
		   elem, pl.good);
	if (vec)
		call_end(w, send ? pwritev2(fd, v, pieces(w, v, &pl, bytes), -1, now_flag) :
				   preadv2(fd, v, pieces(w, v, &pl, bytes), -1, now_flag));
	else
		call_end(w, send ? write(fd, pl.p, bytes) : read(fd, pl.p, bytes));
	disarm(w);
	judge(w, &x);
	if (w->rec->ret > 0 && any && w->rec->ret % elem)
		fail(w, "part of an element");
	if (!any || (!whole && w->rec->ret <= 0))
		return;
	if (send)
		moved_in(w, slot, w->rec->ret < 0 ? -1 : w->rec->ret / elem);
	else		/* at the end of the file nothing is written, as after an error */
		moved_out(w, slot, &pl, n, w->rec->ret <= 0 ? -1 : w->rec->ret / elem);
}

static void rw_task(struct worker *w, int slot, int fd, bool send)
{
	struct obj *o = obj_of(w, slot);
	size_t bytes = PICK(w, size_t, 8, 8, 8, 8, 0, 7, 9, 4096);
	struct place pl = place(w, &w->data, bytes, !send);
	struct expect x = { 0 };

	if (!expect_fd(w, &x, slot, K_TASK, EBADF)) {
		;
	} else if (send) {
		viol(&x, EBADF);			/* it is not open for writing */
	} else if (!w->solo) {
		may_all(&x, errs_wait);
		may(&x, EINVAL);
		ret_between(&x, 0, 8);
	} else {
		if (o->eof)
			ret_between(&x, 0, 0);
		else if (bytes < 8)
			may(&x, EINVAL);
		else
			ret_between(&x, 8, 8);
		if (!o->eof && !o->done)
			may(&x, o->nonblock ? EAGAIN : EINTR);
		if (!bytes || pl.good < bytes)
			may(&x, EFAULT);
		if (pl.good < 8 && x.lo == 8)
			ret_between(&x, 0, -1);
	}
	x.vanish = pl.vanish;
	arm(w);
	call_begin(w, send ? "write task" : "read task", fd, (uintptr_t)pl.p, bytes, 0, 0);
	call_end(w, send ? write(fd, pl.p, bytes) : read(fd, pl.p, bytes));
	disarm(w);
	judge(w, &x);
	if (o && w->rec->ret == 8) {
		struct goro_task_result *r = (void *)pl.alias;

		if ((o->done && r->result != o->result) || r->reserved)
			fail(w, "result %d, reserved %u", r->result, r->reserved);
		o->done = o->eof = true;
		o->result = r->result;
	}
}

/* a timer gives elements of 8 bytes; a context and a group their result, once */
static void rw_other(struct worker *w, int slot, int fd, bool send)
{
	size_t bytes = PICK(w, size_t, 8, 8, 8, 16, 0, 7, 9, 4096);
	struct place pl = place(w, &w->data, bytes, !send);
	struct expect x = { 0 };

	if (expect_fd(w, &x, slot, slot_kind(slot), EBADF)) {
		if (send) {
			viol(&x, EBADF);
		} else {
			may_all(&x, errs_wait);
			may(&x, EINVAL);
			ret_between(&x, 0, slot_kind(slot) == K_TIMER ? bytes : 8);
		}
	}
	x.vanish = pl.vanish;
	arm(w);
	call_begin(w, send ? "write other" : "read other", fd, (uintptr_t)pl.p, bytes, 0, 0);
	call_end(w, send ? write(fd, pl.p, bytes) : read(fd, pl.p, bytes));
	disarm(w);
	judge(w, &x);
	if (w->rec->ret > 0 && w->rec->ret % 8)
		fail(w, "part of a result");
}

static void op_rw(struct worker *w, bool send)
{
	int slot, fd = gen_fd(w, chance(w, 700) ? K_CHAN : gen_kind(w), &slot);
	struct expect x = { 0 };

	switch (slot_kind(slot)) {
	case K_TASK:
		rw_task(w, slot, fd, send);
		break;
	case K_TIMER:
	case K_CTX:
	case K_GROUP:
		rw_other(w, slot, fd, send);
		break;
	case K_DEV:
		expect_fd(w, &x, slot, K_NO, EINVAL);
		call_begin(w, send ? "write" : "read", fd, 0, 8, 0, 0);
		call_end(w, send ? write(fd, w->args.rw, 8) : read(fd, w->args.rw, 8));
		judge(w, &x);
		break;
	case K_CHAN:
	case K_NO:
		rw_chan(w, slot, fd, send);
		break;
	default:
		break;			/* not our files, and they may block */
	}
}

static void op_read(struct worker *w)
{
	op_rw(w, false);
}

static void op_write(struct worker *w)
{
	op_rw(w, true);
}

/* ---- poll ------------------------------------------------------------ */

static short chan_events(const struct obj *o)
{
	return (o->len || o->closed ? POLLIN | POLLRDNORM : 0) |
	       (o->len < o->cap || o->closed ? POLLOUT | POLLWRNORM : 0) | (o->closed ? POLLHUP : 0);
}

static void op_poll(struct worker *w)
{
	struct timespec none = { 0, 0 }, little = { 0, 20000 };
	struct expect x = { .lo = 0, .hi = 4 };
	struct pollfd p[4];
	int slots[4], i, n = 1 + below(w, 4);

	for (i = 0; i < n; i++) {
		p[i].fd = gen_fd(w, chance(w, 100) ? K_DEV : gen_kind(w), &slots[i]);
		p[i].events = chance(w, 800) ? POLLIN | POLLOUT : rnd(w);
	}
	call_begin(w, "ppoll", p[0].fd, p[0].events, n, 0, 0);
	call_end(w, ppoll(p, n, chance(w, 200) ? &little : &none, NULL));
	judge(w, &x);
	for (i = 0; i < n; i++) {
		struct obj *o = chan_of(w, slots[i]);
		short may_be = p[i].events | POLLERR | POLLHUP | POLLNVAL;

		if (p[i].revents & ~may_be)
			fail(w, "events %#x were not asked for", p[i].revents);
		if (o && p[i].revents != (chan_events(o) & may_be))
			fail(w, "events %#x of slot %d, not %#x", p[i].revents, slots[i], chan_events(o));
	}
}

/* what epoll answers is its own business, but it keeps our files' queues busy */
static void op_epoll(struct worker *w)
{
	static const int what[] = { EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL };
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT }, got[8];
	int slot, fd = gen_fd(w, gen_kind(w), &slot), ep, eslot;
	struct expect x = { .lo = 0, .hi = 8 };

	ep = gen_fd(w, K_EPOLL, &eslot);
	e.events |= PICK(w, u32, 0, EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE);
	may_all(&x, (short[]){ EBADF, EPERM, EEXIST, ENOENT, EINVAL, ELOOP, EINTR, 0 });
	call_begin(w, "epoll", ep, fd, 0, 0, 0);
	if (chance(w, 600))
		call_end(w, epoll_ctl(ep, what[below(w, LEN(what))], fd, &e));
	else
		call_end(w, epoll_wait(ep, got, 8, 0));
	judge(w, &x);
}

/* ---- what files are for ---------------------------------------------- */

static void op_fcntl(struct worker *w)
{
	int slot, fd = gen_fd(w, gen_kind(w), &slot);
	struct obj *o = obj_of(w, slot);
	struct expect x = { .lo = 0, .hi = INT_MAX };
	bool block = chance(w, 300);

	if (slot_kind(slot) == K_NO || !(w->solo ? !!o : true))
		viol(&x, EBADF);
	may(&x, EBADF);
	call_begin(w, "fcntl", fd, F_SETFL, block, 0, 0);
	call_end(w, fcntl(fd, F_SETFL, block ? 0 : O_NONBLOCK));
	judge(w, &x);
	if (o && !w->rec->ret)
		o->nonblock = !block;
	if (o && slot_kind(slot) < K_DEV && !!(fcntl(fd, F_GETFL) & O_NONBLOCK) != o->nonblock)
		fail(w, "O_NONBLOCK is not what was set");
}

/* what goro's files have not */
static void op_refused(struct worker *w)
{
	enum kind kind = chance(w, 200) ? K_DEV : gen_kind(w);
	int slot, fd = gen_fd(w, kind, &slot), wslot, p = gen_fd(w, K_PIPE_W, &wslot), what = below(w, 7);
	static const char *const names[] = { "lseek", "pread", "pwrite", "mmap", "ftruncate", "splice",
					     "sendfile" };
	struct expect x = { .lo = 0, .hi = -1 };
	long ret;

	if (slot_kind(slot) > K_DEV)
		return;
	may_all(&x, (short[]){ EBADF, ESPIPE, EINVAL, ENODEV, EACCES, EAGAIN, EPIPE, 0 });
	call_begin(w, names[what], fd, p, 0, 0, 0);
	switch (what) {
	case 0:
		ret = lseek(fd, below(w, 10), SEEK_SET);
		break;
	case 1:
		ret = pread(fd, w->data.rw, 8, 0);
		break;
	case 2:
		ret = pwrite(fd, w->data.rw, 8, 0);
		break;
	case 3:
		ret = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0;
		break;
	case 4:
		ret = ftruncate(fd, 0);
		break;
	case 5:
		ret = splice(fd, NULL, p, NULL, 8, SPLICE_F_NONBLOCK);
		break;
	default:
		ret = sendfile(fd, VANISH_FD, NULL, 8);
	}
	call_end(w, ret);
	if (slot_kind(wslot) != K_PIPE_W && what == 5)
		return;				/* out of ours into something else */
	judge(w, &x);
	check_chan(w, slot);
}

static void op_close(struct worker *w)
{
	enum kind kind = chance(w, 200) ? PICK(w, enum kind, K_DEV, K_EPOLL) :
			 chance(w, 300) ? K_TASK : gen_kind(w);
	int slot, fd = gen_fd(w, kind, &slot);
	struct expect x = { .lo = 0, .hi = 0 };

	if (slot < 0)
		return;
	if (w->solo && !w->slot[slot])
		viol(&x, EBADF);
	if (!w->solo)
		may(&x, EBADF);
	call_begin(w, "close", fd, 0, 0, 0, 0);
	call_end(w, close(fd));
	judge(w, &x);
	if (w->solo)
		slot_set(w, slot, NULL);
}

static void op_dup(struct worker *w)
{
	enum kind kind = gen_kind(w);
	int from = gen_slot(w, kind), to = gen_slot(w, kind);
	struct expect x = { 0 };

	if (from < 0 || to < 0 || from == to || slot_kind(from) != slot_kind(to))
		return;
	ret_between(&x, SLOT0 + to, SLOT0 + to);
	if (w->solo && !w->slot[from])
		viol(&x, EBADF);
	if (!w->solo)
		may_all(&x, (short[]){ EBADF, EBUSY, 0 });
	call_begin(w, "dup3", from, to, 0, 0, 0);
	call_end(w, dup3(SLOT0 + from, SLOT0 + to, O_CLOEXEC));
	judge(w, &x);
	if (w->solo && w->rec->ret >= 0)
		slot_set(w, to, w->slot[from]);
}

/* a slot's file on a journey through a socket; it arrives in a slot of its kind, or nowhere */
static void op_pass(struct worker *w)
{
	int from = gen_slot(w, gen_kind(w)), to = gen_slot(w, slot_kind(from)), fd = -1;
	union { struct cmsghdr h; char space[CMSG_SPACE(sizeof(int))]; } c = { 0 };
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	struct expect x = { .lo = 1, .hi = 1 };
	char byte;

	if (from < 0 || to < 0 || slot_kind(from) != slot_kind(to))
		return;
	if (!w->solo || !w->slot[from])
		may(&x, EBADF);
	if (w->solo && !w->slot[from])
		ret_between(&x, 0, -1);
	c.h = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	fd = SLOT0 + from;
	memcpy(CMSG_DATA(&c.h), &fd, sizeof(fd));
	call_begin(w, "sendmsg", SLOT0 + from, to, 0, 0, 0);
	call_end(w, sendmsg(SOCK0 + 2 * w->nr, &m, MSG_DONTWAIT));
	judge(w, &x);
	if (w->rec->ret < 0)
		return;
	v.iov_base = &byte;
	if (chance(w, 200))
		m.msg_controllen = 0;	/* nobody takes it: it is closed in the socket */
	if (recvmsg(SOCK0 + 2 * w->nr + 1, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 1)
		fail(w, "recvmsg: %s", strerror(errno));
	if (!m.msg_controllen)
		return;
	memcpy(&fd, CMSG_DATA(&c.h), sizeof(fd));
	if (!slot_take(w, to, fd) && w->solo)
		slot_set(w, to, w->slot[from]);
}

static void op_fork(struct worker *w)
{
	int status;
	pid_t pid;

	call_begin(w, "fork", 0, 0, 0, 0, 0);
	pid = fork();
	if (!pid)
		_exit(0);
	call_end(w, pid);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

static void op_fdinfo(struct worker *w)
{
	static const char *const says[] = {
		[K_CHAN] = "goro-chan-len:", [K_TASK] = "goro-task-state:", [K_TIMER] = "goro-chan-id:",
		[K_CTX] = "goro-ctx-err:", [K_GROUP] = "goro-group-running:",
	};
	int slot, fd = gen_fd(w, chance(w, 200) ? K_DEV : gen_kind(w), &slot);
	struct expect x = { .lo = 0, .hi = INT_MAX };
	char path[64], text[1024];
	long ret = -1;
	int f;

	may(&x, ENOENT);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	call_begin(w, "fdinfo", fd, 0, 0, 0, 0);
	f = open(path, O_RDONLY | O_CLOEXEC);
	if (f >= 0) {
		ret = read(f, text, sizeof(text) - 1);
		text[ret < 0 ? 0 : ret] = 0;
		close(f);
	}
	call_end(w, ret);
	judge(w, &x);
	if (w->solo && ret > 0 && slot_kind(slot) < K_DEV &&
	    !strstr(text, says[slot_kind(slot)]))
		fail(w, "fdinfo says %s", text);
}

static void op_race(struct worker *w)
{
	if (can_vanish(w))
		race_memory(w);
}

/* every slot that has something else than an object */
static void op_open(struct worker *w)
{
	open_slot(w, OBJS + below(w, NSLOT - OBJS));
}

void open_slot(struct worker *w, int slot)
{
	struct obj *o;
	int fd, p[2];

	switch (slot_kind(slot)) {
	case K_DEV:
		fd = open("/dev/goro", O_RDWR | O_CLOEXEC);
		break;
	case K_PIPE_R:
	case K_PIPE_W:
		if (pipe2(p, O_NONBLOCK | O_CLOEXEC))
			fail(w, "pipe: %s", strerror(errno));
		fd = p[slot_kind(slot) == K_PIPE_W];
		close(p[slot_kind(slot) != K_PIPE_W]);
		break;
	case K_NULL:
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		break;
	case K_FILE:
		fd = memfd_create("slot", MFD_CLOEXEC);
		break;
	case K_EVENT:
		fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		break;
	case K_EPOLL:
		fd = epoll_create1(EPOLL_CLOEXEC);
		break;
	case K_SOCK:
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		break;
	default:
		return;
	}
	if (fd < 0)
		fail(w, "slot %d: %s", slot, strerror(errno));
	if (slot_take(w, slot, fd) || !w->solo)
		return;
	o = calloc(1, sizeof(*o));
	slot_set(w, slot, o);
}

const struct op file_ops[] = {
	{ "read", 70, op_read },
	{ "write", 70, op_write },
	{ "poll", 40, op_poll },
	{ "epoll", 25, op_epoll },
	{ "fcntl", 15, op_fcntl },
	{ "refused", 25, op_refused },
	{ "close", 18, op_close },
	{ "dup3", 15, op_dup },
	{ "pass", 12, op_pass },
	{ "fork", 1, op_fork },
	{ "fdinfo", 8, op_fdinfo },
	{ "memory", 15, op_race },
	{ "open", 8, op_open },
	{ NULL, 0, NULL },
};
