// SPDX-License-Identifier: GPL-2.0-only
/* The structs of ioctls: in the sizes of other versions of the ABI, in good memory and bad. */
#include "fuzz.h"
#include <sys/ioctl.h>

/*
 * A struct, for @cmd, in the size of some other version of the ABI now and then, in memory that may be bad.
 * @v1: its size in ABI 1.
 */
struct arg put(struct worker *w, struct expect *x, unsigned int cmd, const void *k, size_t v1)
{
	static const char zeros[1 << _IOC_SIZEBITS];
	size_t ksize = _IOC_SIZE(cmd);
	bool out = _IOC_DIR(cmd) & _IOC_READ;
	struct arg a = { .usize = ksize };
	u64 r;

	if (chance(w, 120))
		a.usize = PICK(w, size_t, 0, 1, v1 - 8, v1 - 1, v1, ksize + 1, ksize + 8, 4096,
					      (1 << _IOC_SIZEBITS) - 1);
	a.cmd = (cmd & ~IOCSIZE_MASK) | (unsigned int)a.usize << _IOC_SIZESHIFT;
	a.pl = place(w, &w->args, a.usize, out);
	if (a.usize < v1)
		viol(x, EINVAL);
	if (a.usize > ksize)
		place_fill(w, &a.pl, zeros, a.usize);
	place_fill(w, &a.pl, k, a.usize < ksize ? a.usize : ksize);
	r = below(w, 2 * a.usize + 1);
	if (a.usize > ksize && r >= ksize && r < a.usize && a.pl.backed > r && a.pl.alias) {
		a.pl.alias[r] = 1;
		viol(x, E2BIG);
	}
	if (a.pl.vanish)
		x->loose = true;
	else if (a.pl.good < a.usize)
		viol(x, EFAULT);
	/* that it cannot be written to is found at the end */
	x->late |= a.pl.backed > a.pl.good;
	return a;
}

/* the struct as the kernel wrote it; false: this program's version has less of it, or it is gone */
bool get(const struct arg *a, void *k, size_t ksize)
{
	if (!a->pl.alias || a->usize < ksize)
		return false;
	memcpy(k, a->pl.alias, ksize);
	return true;
}

/* a word of flags that must be 0, mostly */
u32 reserved(struct worker *w, struct expect *x, u32 known)
{
	u32 bits = chance(w, 25) ? 1U << below(w, 32) : 0;

	if (bits & ~known)
		viol(x, EINVAL);
	return bits | (chance(w, 300) ? known : 0);
}

long call(struct worker *w, const char *name, int fd, const struct arg *a, u64 b, u64 c, u64 d)
{
	/* with others' words in the struct its deadline is any */
	if (a->pl.vanish)
		arm(w);
	call_begin(w, name, fd, a->cmd, b, c, d);
	call_end(w, ioctl(fd, a->cmd, a->pl.p));
	if (a->pl.vanish)
		disarm(w);
	return w->rec->ret;
}

/* CHAN_CLOSE and TASK_CANCEL: no struct; their argument is 0 */
bool op_plain(struct worker *w, const char *name, unsigned int cmd, int fd, struct expect *x, bool reached)
{
	unsigned long arg = chance(w, 50) ? rnd(w) | 1 : 0;

	if (reached && arg)
		viol(x, EINVAL);
	call_begin(w, name, fd, cmd, arg, 0, 0);
	call_end(w, ioctl(fd, cmd, arg));
	judge(w, x);
	return !w->rec->ret;
}
