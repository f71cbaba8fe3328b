// SPDX-License-Identifier: GPL-2.0-only
/*
 * GORO_IOC_SELECT: core's select over the channels of files.
 *
 * All is checked before anything is done: the cases and what they may send are
 * copied, and what may be written to is faulted in without writing to it, as in
 * chan_fd.c. Elements are received into one buffer for all cases, as one case only
 * is done. The call holds the files of its cases: that the last descriptor of a
 * context or timer is closed meanwhile neither cancels nor stops it.
 *
 * A call's memory, charged to the caller and gone when it returns: 64 cases, what
 * they may send and one element more, so little above 4 MiB.
 */
#include <linux/file.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "dev.h"

struct dev_select {
	unsigned int n;
	/* n of each, one allocation */
	struct goro_case *core;
	struct goro_select_case *user;
	struct file **files;		/* held; NULL: the case is ignored */
	size_t send_bytes;		/* of all that may be sent */
	size_t recv_bytes;		/* of the largest that may be received */
	char *buf;			/* send_bytes, recv_bytes */
};

static struct goro_chan *chan_of(const struct file *file, bool send)
{
	struct goro_chan *c = goro_chan_of(file);

	if (c || send)
		return c;
	c = goro_timer_chan_of(file);
	return c ?: goro_ctx_chan_of(file);
}

/* Where its element lies is known when all have been seen: see select_copy(). */
static int case_init(struct dev_select *s, unsigned int i)
{
	const struct goro_select_case *u = &s->user[i];
	bool send = u->op == GORO_SELECT_SEND;
	struct goro_chan *c;
	u32 elem;

	if (!send && u->op != GORO_SELECT_RECV)
		return -EINVAL;
	if (u->fd == -1)
		return 0;
	s->files[i] = fget(u->fd);
	if (!s->files[i])
		return -EBADF;
	c = chan_of(s->files[i], send);
	if (!c)
		return -EINVAL;
	elem = goro_chan_elem(c);
	if (u->len != elem && (send || u->len))
		return -EINVAL;
	s->core[i].op = send ? GORO_CASE_SEND : GORO_CASE_RECV;
	s->core[i].chan = c;
	if (send)
		s->send_bytes += ALIGN(elem, 8);
	else
		s->recv_bytes = max_t(size_t, s->recv_bytes, u->len);
	return 0;
}

static int select_init(struct dev_select *s, const struct goro_select_wait *a)
{
	size_t each = sizeof(*s->core) + sizeof(*s->user) + sizeof(*s->files);
	void __user *from = u64_to_user_ptr(a->cases);
	unsigned int i;
	int err = 0;

	s->core = kvcalloc(a->n, each, GORO_DEV_GFP);
	if (!s->core)
		return -ENOMEM;
	s->n = a->n;
	s->user = (void *)(s->core + s->n);
	s->files = (void *)(s->user + s->n);
	if (copy_from_user(s->user, from, s->n * sizeof(*s->user)))
		return -EFAULT;
	for (i = 0; i < s->n && !err; i++)
		err = case_init(s, i);
	/* any of them may get a result */
	if (!err && fault_in_safe_writeable(from, s->n * sizeof(*s->user)))
		err = -EFAULT;
	return err;
}

static int select_copy(struct dev_select *s)
{
	unsigned int i;
	size_t at = 0;

	if (!s->send_bytes && !s->recv_bytes)
		return 0;
	s->buf = kvmalloc(s->send_bytes + s->recv_bytes, GORO_DEV_GFP);
	if (!s->buf)
		return -ENOMEM;
	for (i = 0; i < s->n; i++) {
		u32 len = s->user[i].len;
		void __user *user = u64_to_user_ptr(s->user[i].buf);

		if (!s->files[i] || !len)
			continue;
		if (s->core[i].op == GORO_CASE_RECV) {
			s->core[i].elem = s->buf + s->send_bytes;
			if (!access_ok(user, len) || fault_in_safe_writeable(user, len))
				return -EFAULT;
			continue;
		}
		s->core[i].elem = s->buf + at;
		at += ALIGN(len, 8);
		if (copy_from_user(s->core[i].elem, user, len))
			return -EFAULT;
	}
	return 0;
}

/* what the program is told of the case that was chosen; its index, or -EFAULT */
static long select_done(struct dev_select *s, const struct goro_select_wait *a, unsigned int i)
{
	struct goro_select_case __user *cases = u64_to_user_ptr(a->cases);
	const struct goro_case *k = &s->core[i];

	if (k->op == GORO_CASE_RECV && k->elem &&
	    copy_to_user(u64_to_user_ptr(s->user[i].buf), k->elem, s->user[i].len))
		return -EFAULT;
	if (put_user(k->ret, &cases[i].result))
		return -EFAULT;
	return i;
}

static long select_wait(struct dev_select *s, const struct goro_select_wait *a)
{
	int ret = goro_select_until(s->core, s->n, a->deadline);

	if (ret >= 0)
		return select_done(s, a, ret);
	/* deadlines are absolute, and nothing was done: the call may start again */
	return ret == -EINTR ? -ERESTARTSYS : ret;
}

long goro_dev_select(unsigned int cmd, unsigned long arg)
{
	struct dev_select s = { };
	struct goro_select_wait a;
	unsigned int i;
	long ret;

	ret = goro_dev_get(&a, sizeof(a), 24, cmd, arg);
	if (ret)
		return ret;
	if (a.flags || a.n > GORO_SELECT_CASES_MAX)
		return -EINVAL;
	ret = select_init(&s, &a);
	if (!ret)
		ret = select_copy(&s);
	if (!ret)
		ret = select_wait(&s, &a);
	kvfree(s.buf);
	for (i = 0; i < s.n; i++)
		if (s.files[i])
			fput(s.files[i]);
	kvfree(s.core);
	return ret;
}
