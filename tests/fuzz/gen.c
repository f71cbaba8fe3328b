// SPDX-License-Identifier: GPL-2.0-only
/* Values, at their bounds and beyond them; and memory, good and bad. */
#include "fuzz.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

/* splitmix64: the state of each call is made from seed, worker and call */
u64 rnd(struct worker *w)
{
	u64 z = w->rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

u64 gen_deadline(struct worker *w)
{
	u64 kind = below(w, 100), r = rnd(w);

	if (kind < 60)
		return GORO_NOW;
	if (kind < 72)
		return r & 1 ? 1 : now() - (r >> 1 & 0xfff);
	if (kind < 84)
		return now() + (r & 0xffff);
	if (kind < 92)
		return GORO_FOREVER;
	switch (r % 4) {
	case 0:
		return INT64_MAX;
	case 1:
		return 1ULL << 63;
	case 2:
		return GORO_FOREVER - 1;
	}
	return now() + 3600000000000ULL;
}

int deadline_errno(u64 deadline)
{
	bool far = deadline > now() + 1000000000ULL;

	return deadline == GORO_NOW ? EAGAIN : far ? EINTR : ETIMEDOUT;
}

enum kind slot_kind(int slot)
{
	if (slot < 0 || slot >= NSLOT)
		return K_NO;
	if (slot < CHANS)
		return K_CHAN;
	if (slot < CHANS + TASKS)
		return K_TASK;
	if (slot < CHANS + TASKS + TIMERS)
		return K_TIMER;
	if (slot < CHANS + TASKS + TIMERS + CTXS)
		return K_CTX;
	if (slot < OBJS)
		return K_GROUP;
	if (slot < OBJS + DEVS)
		return K_DEV;
	return K_PIPE_R + slot - (OBJS + DEVS);
}

int gen_new(struct worker *w, enum kind kind)
{
	u64 r = rnd(w);

	switch (kind) {
	case K_CHAN:
		return r % CHANS;
	case K_TASK:
		return CHANS + r % TASKS;
	case K_TIMER:
		return CHANS + TASKS + r % TIMERS;
	case K_CTX:
		return CHANS + TASKS + TIMERS + r % CTXS;
	case K_GROUP:
		return OBJS - 1 - r % GROUPS;
	case K_DEV:
		return OBJS + r % DEVS;
	default:
		return OBJS + DEVS + kind - K_PIPE_R;
	}
}

enum kind gen_kind(struct worker *w)
{
	if (chance(w, 550))
		return K_CHAN;
	return PICK(w, enum kind, K_TASK, K_TASK, K_TIMER, K_CTX, K_GROUP);
}

int gen_slot(struct worker *w, enum kind want)
{
	u64 r = below(w, 100), any = below(w, NSLOT + 1);

	if (r < 4)
		return any == NSLOT ? -1 : (int)any;
	return gen_new(w, want);
}

int gen_fd(struct worker *w, enum kind want, int *slot)
{
	*slot = gen_slot(w, want);
	if (*slot < 0)
		return PICK(w, int, -1, 99, 1 << 20, INT32_MAX, INT32_MIN);
	return SLOT0 + *slot;
}

static char *view(int fd, size_t size, int prot)
{
	char *p = mmap(NULL, size + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED ||
	    mmap(p, size, prot, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0) == MAP_FAILED)
		abort();
	return p;
}

static void area_init(struct area *a, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, size))
		abort();
	a->size = size;
	a->rw = view(fd, size, PROT_READ | PROT_WRITE);
	a->ro = view(fd, size, PROT_READ);
	close(fd);
}

void mem_init(struct worker *w)
{
	area_init(&w->data, DATA_SIZE);
	area_init(&w->args, 32 << 10);
	w->vanish = vanish_area;
}

bool can_vanish(const struct worker *w)
{
	return !w->solo && (threads || !uml);
}

/* Memory for @size bytes, mostly good; @out: the kernel is to write there. */
struct place place(struct worker *w, struct area *a, size_t size, bool out)
{
	u64 kind = below(w, 100), r = rnd(w);
	size_t part = r % (size ? size : 1);
	struct place pl = { 0 };

	if (size > a->size) {
		pl.p = pl.alias = a->rw;
		pl.good = pl.backed = a->size;
		return pl;
	}
	if (kind < 60) {
		pl.p = pl.alias = a->rw + r % (a->size - size + 1);
		pl.good = pl.backed = size;
	} else if (kind < 82) {
		pl.p = pl.alias = a->rw + a->size - size;
		pl.good = pl.backed = size;
	} else if (kind < 88) {
		pl.p = pl.alias = a->rw + a->size - part;
		pl.good = pl.backed = part;
	} else if (kind < 94) {
		pl.p = a->ro + a->size - size;
		pl.alias = a->rw + a->size - size;
		pl.good = out ? 0 : size;
		pl.backed = size;
	} else if (kind < 97 && can_vanish(w) && size <= VANISH_SIZE) {
		pl.p = w->vanish + (VANISH_SIZE - size) / 2;
		pl.vanish = true;
		pl.good = pl.backed = size;
	} else {
		switch (r % 6) {
		case 0:
			pl.p = NULL;
			break;
		case 1:
			pl.p = a->rw + a->size;
			break;
		case 2:
			pl.p = (char *)-4096L;
			break;
		case 3:
			pl.p = (char *)(UINTPTR_MAX / 2 + 1 + (r >> 32));
			break;
		case 4:
			pl.p = (char *)(UINTPTR_MAX - part);
			break;
		default:
			pl.p = (char *)(PAGE - 1 - part % PAGE);	/* around NULL */
			break;
		}
		if (!size)
			pl.good = 0;
	}
	return pl;
}

void place_fill(struct worker *w, const struct place *pl, const void *from, size_t n)
{
	if (n > pl->backed)
		n = pl->backed;
	/* not through the mapping, which may be gone */
	if (pl->vanish)
		(void)!pwrite(VANISH_FD, from, n, pl->p - w->vanish);
	else if (n)
		memcpy(pl->alias, from, n);
}

/*
 * Take the memory away that is called VANISH, or give it back. All racers have one file mapped: processes
 * shorten, empty and lengthen it under each other; threads change the mapping itself as well. Not so under
 * UML, which flushes another process's pages there without the lock it needs: threads only.
 */
void race_memory(struct worker *w)
{
	switch (below(w, threads ? 10 : 3) + (uml ? 3 : 0)) {
	case 0:
		(void)!ftruncate(VANISH_FD, below(w, VANISH_SIZE));
		break;
	case 1:
		(void)!ftruncate(VANISH_FD, VANISH_SIZE);
		break;
	case 2:
		(void)!fallocate(VANISH_FD, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, VANISH_SIZE);
		break;
	case 3:
	case 4:
		mprotect(w->vanish, VANISH_SIZE, PROT_READ);
		break;
	case 5:
	case 6:
		mprotect(w->vanish + PAGE * below(w, 8), PAGE * 8, PROT_NONE);
		break;
	case 7:		/* not munmap(): somebody else would get the addresses */
		mmap(w->vanish, VANISH_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		     -1, 0);
		break;
	default:
		mmap(w->vanish, VANISH_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		     VANISH_FD, 0);
		break;
	}
}
