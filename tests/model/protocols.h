/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small models of the scheduler's protocols, run in every order.
 *
 * A model is up to four CPUs, each a function of shared words (mem[]) and
 * registers, cut into steps by AT: between two AT there is one access to shared
 * memory. Each CPU has a store buffer, which empties at any moment. It is weaker
 * than x86's, nearer to what the kernel's memory model promises:
 *   - stores to different words leave it in any order; a RELEASE leaves it when
 *     it is the oldest
 *   - atomics without a result (atomic_inc(), set_bit()) are stores like others,
 *     applied in one go when they leave
 *   - atomics with a result empty it first; a cmpxchg that fails does not
 * Loads happen in program order; what acquire means is not modelled.
 *
 * Each model can do without one of its barriers (or steps): `without` says which.
 * The real one has to be right in all orders, each of the others wrong in some.
 */
#ifndef GORO_PROTOCOLS_H
#define GORO_PROTOCOLS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS	4
#define WORDS	16
#define BUFFER	6

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

enum store { S_SET, S_ADD, S_RELEASE };

struct cpu {
	u8 pc, n;
	u8 r[5];
	struct {
		u8 word, how, value;
	} buffer[BUFFER];
};

struct world {
	u8 mem[WORDS];
	u8 ghost[8];		/* seen by the checks only, at once */
	u8 bad;			/* a check has failed */
	struct cpu cpu[CPUS];
};

enum ran { RAN, BLOCKED, ENDED };

struct model {
	const char *name;
	const char *without[10];	/* what it can do without; [0] is the real one */
	int cpus;
	void (*init)(struct world *w);
	enum ran (*step)(struct world *w, int c);
	bool (*end_ok)(const struct world *w);	/* nobody can go on, all buffers are empty */
};

extern int without;		/* 0: nothing is left out */
extern u16 line_of[256];

/* one access to shared memory at a time */
#define AT_(n)	do { k->pc = (n) + 1; return RAN; case (n) + 1: line_of[k->pc] = __LINE__; } while (0)
#define AT	AT_(__COUNTER__)
#define BEGIN	struct cpu *k = &w->cpu[c]; switch (k->pc) { case 0:
#define END	k->pc = 255; __attribute__((__fallthrough__)); case 255: return ENDED; default: abort(); }

bool load_blocked(const struct cpu *k, int word);	/* its own atomic is still under way */
u8 load(const struct world *w, int c, int word);
void store(struct world *w, int c, int word, enum store how, u8 value);

#define LOAD(reg, word)							\
do {									\
	AT;								\
	if (load_blocked(k, word))					\
		return BLOCKED;						\
	(reg) = load(w, c, word);					\
} while (0)
#define STORE(word, value)	do { AT; store(w, c, word, S_SET, value); } while (0)
#define RELEASE(word, value)	do { AT; store(w, c, word, S_RELEASE, value); } while (0)
/* atomic_add() and the like: no result, no order */
#define ADD(word, value)	do { AT; store(w, c, word, S_ADD, value); } while (0)
/* full barrier */
#define MB			do { AT; if (k->n) return BLOCKED; } while (0)
/* an atomic with a result: `expr` works on memory itself */
#define ATOMIC(reg, expr)	do { AT; if (k->n) return BLOCKED; (reg) = (expr); } while (0)
/* 1: it was `old`, and is `new` */
#define CMPXCHG(reg, word, old, new)					\
do {									\
	AT;								\
	if (load_blocked(k, word))					\
		return BLOCKED;						\
	(reg) = load(w, c, word) == (old);				\
	if (reg) {							\
		if (k->n)						\
			return BLOCKED;					\
		w->mem[word] = (new);					\
	}								\
} while (0)
#define LOCK(word)	do { AT; if (k->n || w->mem[word]) return BLOCKED; w->mem[word] = 1; } while (0)
#define UNLOCK(word)	RELEASE(word, 0)
/* sleep until memory says so; a wakeup is a full barrier */
#define WAIT(cond)	do { AT; if (k->n || !(cond)) return BLOCKED; } while (0)
/* the same as a loop of loads */
#define SPIN_WHILE(word)	do { AT; if (load(w, c, word)) return BLOCKED; } while (0)

#define CHECK(cond)	do { if (!(cond)) w->bad = 1; } while (0)

static inline u8 exchange(u8 *p, u8 v)
{
	u8 old = *p;

	*p = v;
	return old;
}

extern const struct model model_switch, model_claim, model_event, model_event_cancel;
extern const struct model model_idle, model_handoff, model_turns, model_turns_push;
extern const struct model model_deadline_armed, model_deadline_end;

#endif /* GORO_PROTOCOLS_H */
