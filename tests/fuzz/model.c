// SPDX-License-Identifier: GPL-2.0-only
/* The solo worker's model: what each of its files is, and what follows for the next call. */
#include "fuzz.h"
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int valid_count(int r)
{
	return r >= 0 || r == -ECANCELED || r == -EPIPE;
}

static int valid_sleep(int r)
{
	return r == 0 || r == -ECANCELED;
}

static int valid_wc(int r)
{
	return r == 0 || r == -EBADMSG || r == -ECANCELED || r == -EPIPE;
}

static int valid_wait(int r)
{
	return r == 0 || r == 1 || r == -ECANCELED;
}

static int valid_args(int r)
{
	return r >= 0;
}

/* the first four are goro's own, the others goro_testclass.ko's */
const struct cls classes[] = {
	{ "echo", false, valid_count },
	{ "sum", false, valid_count },
	{ "sleep", false, valid_sleep },
	{ "wc", false, valid_wc },
	{ "test-args", false, valid_args },
	{ "test-wait", false, valid_wait },
	{ "test-priv", true, valid_args },
	{ "test-refuse", false, valid_args },
};
const int n_classes = LEN(classes);

struct obj *obj_of(struct worker *w, int slot)
{
	return w->solo && slot >= 0 && slot < NSLOT ? w->slot[slot] : NULL;
}

struct obj *chan_of(struct worker *w, int slot)
{
	struct obj *o = slot_kind(slot) == K_CHAN ? obj_of(w, slot) : NULL;

	return o && !o->vague ? o : NULL;
}

void slot_set(struct worker *w, int slot, struct obj *o)
{
	struct obj *old = w->slot[slot];

	if (o)
		o->refs++;
	w->slot[slot] = o;
	if (old && !--old->refs)
		free(old);
}

int slot_take(struct worker *w, int slot, int fd)
{
	int ret = dup3(fd, SLOT0 + slot, O_CLOEXEC);

	(void)w;
	close(fd);
	return ret < 0 ? -1 : 0;
}

static unsigned char byte_of(u64 number, u32 i)
{
	return number * 31 + i * 7 + (number >> 8);
}

void elem_fill(char *to, u32 elem, u64 number, u32 n)
{
	for (; n--; number++)
		for (u32 i = 0; i < elem; i++)
			*to++ = byte_of(number, i);
}

bool elem_check(const char *from, u32 elem, u64 number, u32 n)
{
	for (; n--; number++)
		for (u32 i = 0; i < elem; i++)
			if ((unsigned char)*from++ != byte_of(number, i))
				return false;
	return true;
}

void check_chan(struct worker *w, int slot)
{
	struct obj *o = chan_of(w, slot);
	struct goro_chan_info a = { 0 };

	if (!o)
		return;
	if (ioctl(SLOT0 + slot, GORO_IOC_CHAN_INFO, &a))
		fail(w, "CHAN_INFO of slot %d: %s", slot, strerror(errno));
	if (!o->id)
		o->id = a.id;
	if (a.state != (o->closed ? GORO_CHAN_CLOSED : 0) || a.elem != o->elem || a.cap != o->cap ||
	    a.len != o->len || a.senders || a.receivers || a.flags || a.reserved || a.id != o->id)
		fail(w, "the channel in slot %d has state %u, %u x %llu, length %llu, %u senders, %u receivers, id %llu; not %u, %u x %u, %u, 0, 0, %llu",
		     slot, a.state, a.elem, a.cap, a.len, a.senders, a.receivers, a.id, o->closed,
		     o->elem, o->cap, o->len, (unsigned long long)o->id);
}

/* fewer than n, but at least one: a bad address, or a signal after the first chunk */
static void expect_some(struct expect *x, u64 all, bool less)
{
	ret_between(x, less ? 1 : all, all);
}

/* @n valid elements, of which the first @good bytes can be read */
void expect_send(struct expect *x, const struct obj *o, u64 n, size_t good, u64 deadline)
{
	u64 space = o->cap - o->len, there = o->elem ? good / o->elem : n;
	bool forever = deadline_errno(deadline) == EINTR;

	if (o->closed)
		may(x, EPIPE);
	if (there < n)
		may(x, EFAULT);
	if (o->closed)
		return;
	if (!space)
		may(x, deadline_errno(deadline));
	else if (there)
		expect_some(x, n < space ? n : space, there < n || forever);
	if (there < n && x->hi > (long)there)
		x->hi = there;
}

void expect_recv(struct expect *x, const struct obj *o, u64 n, size_t good, u64 deadline)
{
	u64 there = o->elem ? good / o->elem : n;
	bool forever = deadline_errno(deadline) == EINTR;

	if (there < n)
		may(x, EFAULT);
	if (o->len && there)
		expect_some(x, n < o->len ? n : o->len, there < n || forever);
	else if (!o->len && o->closed)
		ret_between(x, 0, 0);
	else if (!o->len)
		may(x, deadline_errno(deadline));
	if (there < n && x->hi > (long)there)
		x->hi = there;
}

u32 fitting(const struct obj *o, u64 n, size_t bytes)
{
	u64 most = o->cap - o->len;

	if (most > n)
		most = n;
	if (o->elem && most > bytes / o->elem)
		most = bytes / o->elem;
	return o->elem ? most : 0;
}

void moved_in(struct worker *w, int slot, long n)
{
	struct obj *o = chan_of(w, slot);

	if (o && n > 0)
		o->len += n;
	check_chan(w, slot);
}

/* @n were wanted, @got came, -1 for an error; the memory was POISON */
void moved_out(struct worker *w, int slot, const struct place *pl, u64 n, long got)
{
	struct obj *o = chan_of(w, slot);
	size_t used, whole;

	if (!o)
		return;
	if (got > 0 && !elem_check(pl->alias, o->elem, o->first, got))
		fail(w, "what was received is not what was sent");
	/* on an error nothing, else nothing beyond what came (the first is zeroed at the end) */
	used = got > 0 ? (size_t)got * o->elem : 0;
	whole = (u64)n * o->elem < pl->backed ? n * o->elem : pl->backed;
	for (size_t i = used; i < whole; i++)
		if (pl->alias[i] != POISON && (got || i >= o->elem))
			fail(w, "byte %zu was written to, where %ld elements of %u were received", i, got, o->elem);
	if (!got && o->elem && whole >= o->elem && (pl->alias[0] || pl->alias[o->elem - 1]))
		fail(w, "the element at the end is not zeroed");
	if (got > 0) {
		o->len -= got;
		o->first += got;
	}
	check_chan(w, slot);
}
