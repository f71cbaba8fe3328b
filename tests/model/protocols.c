// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the protocol models in every order: depth first over all states, which
 * are remembered by a 128-bit hash. KTAP on stdout; run --protocols.
 */
#include "protocols.h"

#define DEPTH	1000

int without;
u16 line_of[256];

static const struct model *m;
static u64 (*seen)[2];
static u64 size, count;
static struct { u8 cpu, pc; bool flush; } path[DEPTH];
static const char *verdict;
static bool printing;		/* how it came to that */

bool load_blocked(const struct cpu *k, int word)
{
	int i;

	for (i = 0; i < k->n; i++)
		if (k->buffer[i].word == word && k->buffer[i].how == S_ADD)
			return true;
	return false;
}

u8 load(const struct world *w, int c, int word)
{
	const struct cpu *k = &w->cpu[c];
	int i;

	for (i = k->n - 1; i >= 0; i--)
		if (k->buffer[i].word == word)
			return k->buffer[i].value;
	return w->mem[word];
}

void store(struct world *w, int c, int word, enum store how, u8 value)
{
	struct cpu *k = &w->cpu[c];

	if (k->n == BUFFER)
		abort();
	k->buffer[k->n].word = word;
	k->buffer[k->n].how = how;
	k->buffer[k->n++].value = value;
}

/* May entry i of the buffer leave it? */
static bool may_leave(const struct cpu *k, int i)
{
	int j;

	for (j = 0; j < i; j++)
		if (k->buffer[i].how == S_RELEASE || k->buffer[j].word == k->buffer[i].word)
			return false;
	return true;
}

static void leave(struct world *w, int c, int i)
{
	struct cpu *k = &w->cpu[c];

	if (k->buffer[i].how == S_ADD)
		w->mem[k->buffer[i].word] += k->buffer[i].value;
	else
		w->mem[k->buffer[i].word] = k->buffer[i].value;
	memmove(&k->buffer[i], &k->buffer[i + 1], (k->n - i - 1) * sizeof(k->buffer[0]));
	memset(&k->buffer[--k->n], 0, sizeof(k->buffer[0]));
}

static bool is_new(const struct world *w)
{
	const u8 *p = (const u8 *)w;
	u64 a = 0xcbf29ce484222325ULL, b = 0x9ae16a3b2f90404fULL, i;

	for (i = 0; i < sizeof(*w); i++) {
		a = (a ^ p[i]) * 0x100000001b3ULL;
		b = (b + p[i]) * 0xc6a4a7935bd1e995ULL;
		b ^= b >> 29;
	}
	a |= 1;
	for (i = b % size; seen[i][0]; i = (i + 1) % size)
		if (seen[i][0] == a && seen[i][1] == b)
			return false;
	seen[i][0] = a;
	seen[i][1] = b;
	if (++count > size / 2)
		verdict = "too many states";
	return true;
}

static void print_path(int depth)
{
	int i;

	for (i = 0; i < depth; i++)
		if (path[i].flush)
			printf("# CPU %d: a store leaves the buffer\n", path[i].cpu);
		else
			printf("# CPU %d: line %d\n", path[i].cpu, line_of[path[i].pc]);
}

static void search(const struct world *w, int depth)
{
	bool moved = false;
	struct world next;
	int c, i;

	if (w->bad)
		verdict = "a check fails";
	if (verdict || !is_new(w))
		goto out;
	if (depth == DEPTH) {
		verdict = "too deep";
		goto out;
	}
	for (c = 0; c < m->cpus && !verdict; c++) {
		enum ran ran;

		next = *w;
		ran = m->step(&next, c);
		path[depth].cpu = c;
		path[depth].pc = w->cpu[c].pc;
		path[depth].flush = false;
		if (ran == RAN || (ran == ENDED && w->cpu[c].pc != 255)) {
			moved = true;
			search(&next, depth + 1);
		}
		path[depth].flush = true;
		path[depth].cpu = c;
		for (i = 0; i < w->cpu[c].n && !verdict; i++)
			if (may_leave(&w->cpu[c], i)) {
				moved = true;
				next = *w;
				leave(&next, c, i);
				search(&next, depth + 1);
			}
	}
	if (!moved && !verdict && !m->end_ok(w))
		verdict = "it ends in a state that is wrong";
out:
	if (verdict && printing) {
		print_path(depth);
		printing = false;
	}
}

static const char *run(void)
{
	static struct world w;

	memset(&w, 0, sizeof(w));
	memset(seen, 0, size * sizeof(*seen));
	count = 0;
	verdict = NULL;
	m->init(&w);
	search(&w, 0);
	return verdict;
}

int main(void)
{
	static const struct model * const models[] = {
		&model_switch, &model_claim, &model_event, &model_event_cancel, &model_idle,
		&model_handoff, &model_turns, &model_turns_push, &model_deadline_armed,
		&model_deadline_end,
	};
	int point = 0, failed = 0;
	const char *error;
	size_t i;

	size = 1 << 21;
	seen = calloc(size, sizeof(*seen));
	printf("KTAP version 1\n");
	for (i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		m = models[i];
		for (without = 0; m->without[without]; without++) {
			printing = !without;
			error = run();
			if (!without == !error) {
				printf("ok %d - %s, %s: %s (%llu states)\n", ++point, m->name,
				       m->without[without], error ? error : "right in every order",
				       (unsigned long long)count);
			} else {
				failed = 1;
				printf("not ok %d - %s, %s: %s\n", ++point, m->name,
				       m->without[without], error ? error : "no order is wrong");
			}
		}
	}
	printf("1..%d\n", point);
	return failed;
}
