// SPDX-License-Identifier: GPL-2.0-only
/* The ioctls that make and end tasks: as ioctls.c, for channels. */
#include "fuzz.h"
#include <limits.h>

/* what the classes want of their argument and channels, where we know the channels */
static void expect_class(struct worker *w, struct expect *x, const struct goro_task_spawn *k,
			 const struct cls *cls, const int *slots)
{
	struct obj *o[2] = { NULL, NULL };
	u32 n = k->n_chans;

	for (u32 i = 0; i < 2 && i < n; i++)
		o[i] = obj_of(w, slots[i]);
	if (!strcmp(cls->name, "sleep")) {
		if (k->arg_len != 8 || n)
			viol(x, EINVAL);
	} else if (!strcmp(cls->name, "test-refuse")) {
		viol(x, EXDEV);
	} else if (strncmp(cls->name, "test-", 5)) {
		if (k->arg_len || n != 2)
			viol(x, EINVAL);
		else if (!o[0] || !o[1])
			may(x, EINVAL);
		else if (!strcmp(cls->name, "echo") ? o[0]->elem != o[1]->elem :
			 !strcmp(cls->name, "sum") ? o[0]->elem != 8 || o[1]->elem != 8 :
			 o[0]->elem < sizeof(struct goro_wc_chunk) ||
			 o[1]->elem != sizeof(struct goro_wc_total))
			viol(x, EINVAL);
	}
}

static void gen_name(struct worker *w, struct expect *x, struct goro_task_spawn *k, const char *name)
{
	snprintf(k->class_name, sizeof(k->class_name), "%s", name);
	if (!chance(w, 60))
		return;
	switch (below(w, 4)) {
	case 0:
		memset(k->class_name, 'x', sizeof(k->class_name));
		viol(x, EINVAL);
		break;
	case 1:
		k->class_name[GORO_CLASS_NAME_LEN - 1 - below(w, 8)] = 'x';	/* after the NUL */
		viol(x, EINVAL);
		break;
	case 2:
		memset(k->class_name, 0, sizeof(k->class_name));
		viol(x, EINVAL);
		break;
	default:
		memset(k->class_name, 0, sizeof(k->class_name));
		memcpy(k->class_name, "nosuch", 6);
		viol(x, ENOENT);
	}
}

/* a context, a group, neither or both; or one of their fields without its flag */
static void gen_owners(struct worker *w, struct expect *x, struct goro_task_spawn *k)
{
	const u32 flags[] = { GORO_TASK_CTX, GORO_TASK_GROUP };
	const enum kind kinds[] = { K_CTX, K_GROUP };
	__s32 *const fds[] = { &k->ctx, &k->group };
	int slot;

	for (int i = 0; i < 2; i++) {
		if (chance(w, 800))
			continue;
		*fds[i] = gen_fd(w, kinds[i], &slot);
		if (chance(w, 30)) {
			viol(x, EINVAL);
			continue;
		}
		k->flags |= flags[i];
		if (slot_kind(slot) == K_NO || (w->solo && !w->slot[slot]))
			viol(x, EBADF);
		else if (slot_kind(slot) != kinds[i])
			viol(x, EINVAL);
		may_all(x, (short[]){ ECANCELED, ETIMEDOUT, 0 });
	}
	if (k->flags & GORO_TASK_GROUP) {
		k->deadline = gen_deadline(w);
		may_all(x, (short[]){ EAGAIN, EINTR, 0 });
	} else if (chance(w, 10)) {
		k->deadline = 1;
		viol(x, EINVAL);
	}
}

void op_spawn(struct worker *w)
{
	/* an argument that lasts: mostly short, as sleepers end before their file is closed then */
	u64 ns = PICK(w, u64, 0, 1, 1000, 100000, 3600000000000ULL, UINT64_MAX);
	const struct cls *cls = &classes[below(w, n_classes)];
	struct goro_task_spawn k = { 0 };
	struct place arg, chans;
	struct expect x = { 0 };
	int slot, to = CHANS + below(w, TASKS), fd = gen_fd(w, K_DEV, &slot), i, n, slots[65], fds[65];
	bool dropped, limited, reached;
	struct obj *o;
	struct arg a;

	reached = expect_fd(w, &x, slot, K_DEV, ENOTTY);
	ret_between(&x, 3, INT_MAX);
	if (reached && !w->solo)
		may_all(&x, errs_spawn);
	k.flags = reserved(w, &x, GORO_FD_NONBLOCK | GORO_TASK_CTX | GORO_TASK_GROUP) & ~6U;
	/* these two with what they are for */
	gen_owners(w, &x, &k);
	k.reserved = reserved(w, &x, 0);
	gen_name(w, &x, &k, cls->name);
	k.arg_len = !strcmp(cls->name, "sleep") ? 8 : 0;
	k.n_chans = !strcmp(cls->name, "sleep") ? 0 : 2;
	if (!strncmp(cls->name, "test-", 5) || chance(w, 30)) {
		k.arg_len = PICK(w, u32, 0, 1, 8, 100, 5000, 65535, 65536, 65537, UINT_MAX);
		k.n_chans = PICK(w, u32, 0, 1, 2, 3, 63, 64, 65, 1U << 31, UINT_MAX);
	}
	if (k.n_chans > w->q.task_chans_max)
		viol(&x, EINVAL);
	n = k.n_chans < LEN(fds) ? k.n_chans : LEN(fds);
	for (i = 0; i < n; i++) {
		fds[i] = gen_fd(w, K_CHAN, &slots[i]);
		if (slots[i] >= 0 && slots[i] < CHANS - 4 && chance(w, 850)) {
			/* leave some channels alone, and give the classes what they want */
			slots[i] = i > 1 ? CHANS - 4 + slots[i] % 4 :
				   CHANS - (strcmp(cls->name, "wc") ? 4 : 2) + i;
			fds[i] = SLOT0 + slots[i];
		}
		if (slot_kind(slots[i]) == K_NO || (w->solo && !w->slot[slots[i]]))
			viol(&x, EBADF);
		else if (slot_kind(slots[i]) != K_CHAN)
			viol(&x, EINVAL);
	}
	chans = place(w, &w->data, n * sizeof(fds[0]), false);
	place_fill(w, &chans, fds, n * sizeof(fds[0]));
	arg = place(w, &w->data, k.arg_len == 8 ? 8 : k.arg_len > 65536 ? 0 : k.arg_len, false);
	if (arg.alias && chans.alias && arg.alias < chans.alias + n * sizeof(fds[0]) &&
	    chans.alias < arg.alias + k.arg_len) {
		arg = (struct place){ .p = w->args.rw, .alias = w->args.rw, .good = 8, .backed = 8 };
		k.arg_len = k.arg_len < 8 ? k.arg_len : 8;
	}
	if (k.arg_len > w->q.arg_max)
		viol(&x, E2BIG);
	if (k.arg_len == 8)
		place_fill(w, &arg, &ns, 8);
	if ((!chans.vanish && chans.good < n * sizeof(fds[0])) ||
	    (!arg.vanish && k.arg_len <= 65536 && arg.good < k.arg_len))
		viol(&x, EFAULT);
	if (chans.vanish || arg.vanish)
		x.vanish = true;
	if (chans.vanish) {
		x.late = true;		/* found after the class and the argument */
		may(&x, EBADF);
		may(&x, EINVAL);	/* read as 0, the standard input */
	}
	k.chans = (uintptr_t)chans.p;
	k.arg = (uintptr_t)arg.p;
	expect_class(w, &x, &k, cls, slots);
	dropped = drop(w, &x, cls->privileged ? 500 : 50);
	if (dropped && cls->privileged)
		viol(&x, EPERM);
	limited = limit_files(w, &x);
	a = put(w, &x, GORO_IOC_TASK_SPAWN, &k, GORO_TASK_SPAWN_SIZE_1);
	if (a.usize < sizeof(k) && k.flags & (GORO_TASK_CTX | GORO_TASK_GROUP)) {
		/* without these fields they are the standard input, whatever that is, and now */
		may_all(&x, (short[]){ EINVAL, EBADF, 0 });
		x.late = true;
	}
	arm(w);
	call(w, "TASK_SPAWN", fd, &a, (uintptr_t)cls->name, k.n_chans, k.flags);
	disarm(w);
	if (dropped)
		undrop();
	if (limited)
		unlimit_files();
	judge(w, &x);
	if (w->rec->ret < 0 || slot_take(w, to, w->rec->ret) || !w->solo)
		return;
	o = calloc(1, sizeof(*o));
	o->cls = cls;
	o->n_chans = k.n_chans;
	o->nonblock = k.flags & GORO_FD_NONBLOCK;
	o->vague = k.flags & (GORO_TASK_CTX | GORO_TASK_GROUP);
	slot_set(w, to, o);
	for (i = 0; i < n; i++)
		w->slot[slots[i]]->vague = true;
}

void op_wait(struct worker *w)
{
	struct goro_task_wait k = { 0 };
	struct expect x = { 0 };
	int slot, fd = gen_fd(w, K_TASK, &slot);
	struct obj *o = slot_kind(slot) == K_TASK ? obj_of(w, slot) : NULL;
	struct arg a;
	bool forever;

	k.result = POISON;
	k.deadline = gen_deadline(w);
	forever = deadline_errno(k.deadline) == EINTR;
	if (expect_fd(w, &x, slot, K_TASK, ENOTTY)) {
		k.flags = reserved(w, &x, 0);
		ret_between(&x, 0, 0);
		if (!w->solo)
			may_all(&x, errs_wait);
		else if (!o->done)
			may(&x, deadline_errno(k.deadline));
	}
	a = put(w, &x, GORO_IOC_TASK_WAIT, &k, 16);
	/* a task that was cancelled ends: nobody needs to interrupt the wait for it */
	if (forever && !(o && o->cancelled))
		arm(w);
	call(w, "TASK_WAIT", fd, &a, k.flags, k.deadline, 0);
	if (forever)
		disarm(w);
	judge(w, &x);
	if (w->rec->ret || !o || !get(&a, &k, sizeof(k)))
		return;
	if (o->vague && (k.result == -ECANCELED || k.result == -ETIMEDOUT))
		;
	else if (!o->cls->valid(k.result) || (k.result == -ECANCELED && !o->cancelled))
		fail(w, "class %s cannot return %d", o->cls->name, k.result);
	if (o->done && k.result != o->result)
		fail(w, "the result was %d and is %d", o->result, k.result);
	o->done = true;
	o->result = k.result;
}

void op_cancel(struct worker *w)
{
	struct expect x = { 0 };
	int slot, fd = gen_fd(w, K_TASK, &slot);
	bool reached = expect_fd(w, &x, slot, K_TASK, ENOTTY);
	struct obj *o = slot_kind(slot) == K_TASK ? obj_of(w, slot) : NULL;

	if (reached)
		ret_between(&x, 0, 0);
	if (op_plain(w, "TASK_CANCEL", GORO_IOC_TASK_CANCEL, fd, &x, reached) && o)
		o->cancelled = true;
}

void op_task_info(struct worker *w)
{
	struct goro_task_info k;
	struct expect x = { 0 };
	int slot, fd = gen_fd(w, K_TASK, &slot);
	struct obj *o = slot_kind(slot) == K_TASK ? obj_of(w, slot) : NULL;
	struct arg a;

	memset(&k, POISON, sizeof(k));
	k.flags = 0;
	if (expect_fd(w, &x, slot, K_TASK, ENOTTY)) {
		k.flags = reserved(w, &x, 0);
		ret_between(&x, 0, 0);
	}
	a = put(w, &x, GORO_IOC_TASK_INFO, &k, 48);
	call(w, "TASK_INFO", fd, &a, k.flags, 0, 0);
	judge(w, &x);
	if (w->rec->ret || !o || !get(&a, &k, sizeof(k)))
		return;
	if (k.state & ~(GORO_TASK_DONE | GORO_TASK_CANCELLED) || k.n_chans != o->n_chans ||
	    strcmp(k.class_name, o->cls->name) ||
	    (k.state & GORO_TASK_CANCELLED ? !o->cancelled && !o->vague : o->cancelled) ||
	    (k.state & GORO_TASK_DONE ? o->done && k.result != o->result : k.result || o->done))
		fail(w, "state %u, %u channels, class %s, result %d of a task of class %s with %u channels",
		     k.state, k.n_chans, k.class_name, k.result, o->cls->name, o->n_chans);
}
