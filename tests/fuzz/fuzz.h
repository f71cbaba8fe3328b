/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctl fuzzer: a generator that knows the ABI, and what must come of each call.
 *
 * Workers make calls on a fixed set of descriptors, the slots. The kind of object that a slot may hold is
 * fixed by its number, so what a call may answer is known whatever the other workers did to the slot.
 *
 *	solo worker	a descriptor table of its own, and a model of every object in it: a call must
 *			return exactly what the model says; one with something invalid must fail with an
 *			errno of what is invalid, and leave CHAN_INFO and the caller's memory as they were
 *	racer		shares its table with the other racers (processes with CLONE_FILES, or threads):
 *			a call with something invalid must fail, and every errno is one that
 *			uapi/linux/goro.h has for that call
 *
 * Call i of worker w depends on the seed, w and i only, not on what earlier calls returned in a racer; a
 * solo worker's own results are the same each time. So a seed reproduces what was called.
 */
#ifndef GORO_FUZZ_H
#define GORO_FUZZ_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/types.h>
#include <linux/goro.h>

typedef uint64_t u64;
typedef uint32_t u32;

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* ---- descriptors ----------------------------------------------------- */

/* up to K_DEV goro's own */
enum kind { K_CHAN, K_TASK, K_TIMER, K_CTX, K_GROUP, K_DEV, K_PIPE_R, K_PIPE_W, K_NULL, K_FILE, K_EVENT, K_EPOLL, K_SOCK, K_NO };

#define SLOT0		100	/* slot s is descriptor SLOT0 + s */
#define CHANS		10	/* slots 0 to 9; tasks get the upper ones mostly */
#define TASKS		5
#define TIMERS		2
#define CTXS		3
#define GROUPS		2
#define OBJS		(CHANS + TASKS + TIMERS + CTXS + GROUPS)
#define DEVS		2
#define NSLOT		(OBJS + DEVS + 7)
#define VANISH_FD	90	/* a file whose mapping racers take away: see mem.c */
#define SOCK0		40	/* a pair of sockets a worker, for SCM_RIGHTS */

enum kind slot_kind(int slot);	/* K_NO for a number that is no slot */

/* a solo worker's model of an open file; dup(2) shares it */
struct obj {
	int refs;
	bool nonblock;
	bool vague;		/* not known: of a channel that a task works on, of what others may cancel */
	bool closed;
	u32 elem, cap, len;
	u64 id;			/* as CHAN_INFO says */
	u64 first;		/* number of the oldest element: what is in it follows from that */
	const struct cls *cls;
	u32 n_chans;
	bool cancelled, done, eof;
	int result;
};

/* ---- a worker -------------------------------------------------------- */

struct rec {			/* one call, for the report */
	u64 i;
	const char *name;
	long a[5];
	long ret;
	int err;
	bool back;
};

#define KEEP 24

struct log {			/* shared with the parent */
	volatile u64 n;		/* calls made */
	volatile bool ended;
	struct rec rec[KEEP];
};

struct area {			/* memory that ends at an inaccessible page, seen twice */
	char *rw, *ro;
	size_t size;
};

/* what a call may answer; nothing at first */
struct expect {
	u64 viol[3];		/* something in the call is invalid: one of these, and no other */
	u64 err[3];		/* these may come */
	long lo, hi;		/* or a result in between, if lo <= hi */
	bool vanish;		/* EFAULT may come in any case */
	bool loose;		/* the struct may have become anything that others write */
	bool late;		/* what is invalid is found when the call has waited */
};

struct worker {
	int nr;
	bool solo;
	u64 seed, rng, i;
	struct log *log;
	struct rec *rec;
	struct area data, args;
	char *vanish;
	timer_t timer;
	struct obj *slot[NSLOT];
	struct goro_query q;
	struct goro_stats last;
};

extern u64 seed;
extern bool threads, uml;
extern char *vanish_area;
#define POISON		0x5a	/* in memory that the kernel may write to */
#define VANISH_SIZE	(64 << 10)
#define DATA_SIZE	(256 << 10)

_Noreturn void fail(struct worker *w, const char *fmt, ...);
void worker_run(struct worker *w, u64 calls, u64 until);

/* ---- values (gen.c) -------------------------------------------------- */

u64 rnd(struct worker *w);
static inline u64 below(struct worker *w, u64 n) { return rnd(w) % n; }
static inline bool chance(struct worker *w, u32 per_mille) { return below(w, 1000) < per_mille; }
/* PICK(w, int, 1, 2): one of these */
#define LIST(type, ...)		((const type[]) { __VA_ARGS__ })
#define PICK(w, type, ...)	(LIST(type, __VA_ARGS__)[below(w, LEN(LIST(type, __VA_ARGS__)))])
u64 now(void);
u64 gen_deadline(struct worker *w);
/* what it means for a call that would have to wait: EAGAIN, ETIMEDOUT or EINTR (for ever: a signal ends it) */
int deadline_errno(u64 deadline);
int gen_slot(struct worker *w, enum kind want);		/* mostly of this kind */
enum kind gen_kind(struct worker *w);			/* of an object: mostly a channel or task */
int gen_new(struct worker *w, enum kind kind);		/* a slot for one more of this kind */
int gen_fd(struct worker *w, enum kind want, int *slot);

/* memory for a call (gen.c) */
struct place {
	char *p;		/* for the call */
	char *alias;		/* the same memory, writable; NULL: there is none */
	size_t good;		/* so many bytes from p on can be used as wanted */
	size_t backed;		/* so many are there at all */
	bool vanish;		/* others may take it away */
};
void mem_init(struct worker *w);
bool can_vanish(const struct worker *w);
struct place place(struct worker *w, struct area *a, size_t size, bool out);
void place_fill(struct worker *w, const struct place *pl, const void *from, size_t n);
void race_memory(struct worker *w);			/* take the vanishing memory away, or give it back */

/* ---- judging (judge.c) ----------------------------------------------- */

void viol(struct expect *x, int err);
void may(struct expect *x, int err);
void may_all(struct expect *x, const short *errs);	/* 0 ends them */
void ret_between(struct expect *x, long lo, long hi);
bool invalid(const struct expect *x);
/* the slot behind the descriptor decides before anything else: true if the call gets to its object */
bool expect_fd(struct worker *w, struct expect *x, int slot, enum kind want, int wrong);
long call_begin(struct worker *w, const char *name, long a, long b, long c, long d, long e);
long call_end(struct worker *w, long ret);
void judge(struct worker *w, const struct expect *x);
void arm(struct worker *w);				/* signals from soon on, until disarm() */
void disarm(struct worker *w);
void signals_init(struct worker *w);

/* ---- model (model.c) ------------------------------------------------- */

struct cls {
	const char *name;
	bool privileged;
	int (*valid)(int result);
};
extern const struct cls classes[];
extern const int n_classes;
struct obj *obj_of(struct worker *w, int slot);		/* NULL: closed, or not ours to know */
struct obj *chan_of(struct worker *w, int slot);	/* that of a channel whose state is known */
void slot_set(struct worker *w, int slot, struct obj *o);
int slot_take(struct worker *w, int slot, int fd);	/* fd becomes the slot's: 0, -1 */
u32 class_elem(int slot);
void elem_fill(char *to, u32 elem, u64 number, u32 n);
bool elem_check(const char *from, u32 elem, u64 number, u32 n);
void check_chan(struct worker *w, int slot);		/* CHAN_INFO is what the model says */
void expect_send(struct expect *x, const struct obj *o, u64 n, size_t good, u64 deadline);
void expect_recv(struct expect *x, const struct obj *o, u64 n, size_t good, u64 deadline);
u32 fitting(const struct obj *o, u64 n, size_t bytes);	/* so many elements at most will be sent */

/* ---- structs (arg.c) ------------------------------------------------- */

struct arg {
	unsigned int cmd;
	size_t usize;
	struct place pl;
};

struct arg put(struct worker *w, struct expect *x, unsigned int cmd, const void *k, size_t v1);
bool get(const struct arg *a, void *k, size_t ksize);
u32 reserved(struct worker *w, struct expect *x, u32 known);
long call(struct worker *w, const char *name, int fd, const struct arg *a, u64 b, u64 c, u64 d);
bool op_plain(struct worker *w, const char *name, unsigned int cmd, int fd, struct expect *x, bool reached);

/* ---- calls ----------------------------------------------------------- */

struct op {
	const char *name;
	u32 weight;
	void (*fn)(struct worker *w);
};
extern const struct op ioctl_ops[], object_ops[], file_ops[];		/* NULL name ends them */
void op_spawn(struct worker *w);
void op_wait(struct worker *w);
void op_cancel(struct worker *w);
void op_task_info(struct worker *w);
/* without privileges, without descriptors: for one call */
bool drop(struct worker *w, struct expect *x, u32 per_mille);
void undrop(void);
bool limit_files(struct worker *w, struct expect *x);
void unlimit_files(void);
void open_slot(struct worker *w, int slot);		/* as the start of a worker does */
/* SEND and WRITE, RECV and READ: what was moved, into the model */
void moved_in(struct worker *w, int slot, long n);
void moved_out(struct worker *w, int slot, const struct place *pl, u64 n, long got);

extern const short errs_send[], errs_recv[], errs_info[], errs_create[], errs_spawn[], errs_wait[];

#endif /* GORO_FUZZ_H */
