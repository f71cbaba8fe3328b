// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scenarios at random: a seed gives one.
 */
#include "model.h"

static u32 below(u64 *r, u32 n)
{
	return (rnd(r) >> 33) % n;
}

static const char *mode(u64 *r)
{
	static const char * const modes[] = { "", "", "", "~", "!" };

	return modes[below(r, ARRAY_SIZE(modes))];
}

static int random_op(char *p, u64 *r, int nch, int ng, int kind)
{
	int i, n, len;

	switch (kind == 0 ? below(r, 16) : 16 + below(r, 3) + 3 * (kind - 1)) {
	case 0 ... 4:
		return sprintf(p, " s%u%s", below(r, nch), mode(r));
	case 5 ... 9:
		return sprintf(p, " r%u%s", below(r, nch), mode(r));
	case 10:
		return sprintf(p, " x%u", below(r, nch));
	case 11:
		return sprintf(p, " k%u", below(r, ng));
	case 12 ... 15:
		len = sprintf(p, " [");
		n = 1 + below(r, 3);
		for (i = 0; i < n; i++)
			len += sprintf(p + len, "%s%c%u", i ? "," : "", "sr"[below(r, 2)],
				       below(r, nch));
		return len + sprintf(p + len, "]%s", mode(r));
	case 16:
		return sprintf(p, " ww%s", mode(r));
	case 17:
		return sprintf(p, " a%u d", 1 + below(r, 2));
	case 18:
		return sprintf(p, " d");
	case 19 ... 21:
		return sprintf(p, " l%s u", mode(r));
	case 22:
		return sprintf(p, " L%s U", mode(r));
	case 23 ... 24:
		return sprintf(p, " M%s V", mode(r));
	case 28 ... 30:
		return sprintf(p, " %c", "nhe"[below(r, 3)]);
	default:
		n = 1 + below(r, SEM_SIZE);
		return sprintf(p, " q%u%s v%u", n, mode(r), n);
	}
}

/*
 * Whoever has received all that comes drops the channel at once: the others, who
 * have no reference, may touch nothing of it by then.
 */
static void random_drop(char *text, u64 *r)
{
	int i, g, n = 1 + below(r, 3), len = sprintf(text, "%c%u", "ci"[below(r, 2)], below(r, 3));
	bool closes = below(r, 2);

	g = closes ? 1 : 1 + below(r, n);
	for (i = 0; i < n; i++)
		len += sprintf(text + len, "%s s0", i < g ? " |" : "");
	len += sprintf(text + len, "%s |", closes ? " x0" : "");
	for (i = 0; i < n + closes; i++)
		len += sprintf(text + len, " r0");
	sprintf(text + len, " p0");
}

/* A call that waits, on channel 0. */
static int random_wait(char *p, u64 *r, int cx)
{
	char under[16] = "";

	if (cx >= 0 && below(r, 4))
		sprintf(under, "@%d", cx);
	switch (below(r, 4)) {
	case 0:
		return sprintf(p, " s0%s%s", under, mode(r));
	case 1:
		if (cx >= 0)
			return sprintf(p, " [r0,d%d]%s%s", cx, below(r, 4) ? "" : under, mode(r));
		return sprintf(p, " [s0,r0]%s", mode(r));
	default:
		return sprintf(p, " r0%s%s", under, mode(r));
	}
}

static int random_ctx_op(char *p, u64 *r, int cx, bool cancellable)
{
	switch (below(r, 6)) {
	case 0:
		if (cancellable)
			return sprintf(p, " K%d", cx);
		return sprintf(p, " G%d", cx);
	case 1:
		return sprintf(p, " E%d", cx);
	case 2:
		return sprintf(p, " N%d%s", cx, mode(r));
	default:
		return random_wait(p, r, cx);
	}
}

/* A tree of contexts that all may cancel and wait under, and what is to run after one. */
static void random_contexts(char *text, u64 *r)
{
	int n = 1 + below(r, 3), ng = 2 + below(r, 2), i, g, k, cx, len;
	bool after = !below(r, 3);
	char kinds[4];

	len = sprintf(text, "%c%u", "cci"[below(r, 3)], below(r, 2));
	for (i = 0; i < n; i++) {
		kinds[i] = i ? "xxyvo"[below(r, 5)] : "xxy"[below(r, 3)];
		len += sprintf(text + len, " %c", kinds[i]);
		if (i)
			len += sprintf(text + len, "%u", below(r, i));
	}
	for (g = 0; g < ng; g++) {
		len += sprintf(text + len, " |%s", !after && !below(r, 5) ? " T" : "");
		if (after && !g)
			len += sprintf(text + len, " Y%u%d", below(r, n), ng);
		for (k = 1 + below(r, 2); k; k--) {
			cx = below(r, n);
			len += random_ctx_op(text + len, r, cx, strchr("xy", kinds[cx]));
		}
		if (after && !g && below(r, 2))
			len += sprintf(text + len, " Z%d", ng);
		if (!after && !below(r, 6))
			len += sprintf(text + len, " k%u", below(r, ng));
	}
	if (after)
		sprintf(text + len, " | F E%u", below(r, n));
}

/* Each has a context of its own, that of the first one or derived from it, and puts it. */
static void random_own_contexts(char *text, u64 *r)
{
	int ng = 2 + below(r, 2), g, k, len;
	bool child = below(r, 2);

	len = sprintf(text, "c%u %c", below(r, 2), "xy"[below(r, 2)]);
	for (g = 1; g < ng; g++)
		len += sprintf(text + len, " %c0", "xxy"[below(r, 3)]);
	if (child)	/* of the last one's */
		len += sprintf(text + len, " %c%d?", "xyv"[below(r, 3)], ng - 1);
	for (g = 0; g < ng; g++) {
		len += sprintf(text + len, " |");
		if (child && g == ng - 1) {
			len += sprintf(text + len, " D%d", ng);
			len += random_ctx_op(text + len, r, ng, false);
			len += sprintf(text + len, " O%d", ng);
		}
		for (k = below(r, 3); k; k--)
			len += random_ctx_op(text + len, r, g, true);
		len += sprintf(text + len, " O%d", g);
	}
}

/* Goroutine 0 starts members and waits for them; another one does what it will. */
static void random_group(char *text, u64 *r)
{
	int members = 1 + below(r, 3), g, len;
	bool cx = below(r, 2);

	len = sprintf(text, "c%u g%c", below(r, 2), cx ? 'x' : 'r');
	if (below(r, 2))
		len += sprintf(text + len, "/%u", 1 + below(r, 2));
	len += sprintf(text + len, " |");
	for (g = 0; g < members; g++)
		len += sprintf(text + len, " g%d%s", 2 + g, below(r, 5) ? "" : "!");
	len += sprintf(text + len, " %s |", ((const char *[]){ "j0", "j0~", "Q0", "J0 j0" })[below(r, 4)]);
	switch (below(r, 6)) {
	case 0:
		len += sprintf(text + len, " J0");
		break;
	case 1:
		len += sprintf(text + len, " j0~");
		break;
	case 2:
		len += sprintf(text + len, " k%u", below(r, 2 + members));
		break;
	case 3:
		len += cx ? sprintf(text + len, " K0") : sprintf(text + len, " x0");
		break;
	default:
		len += random_wait(text + len, r, cx ? 0 : -1);
	}
	for (g = 0; g < members; g++) {
		len += sprintf(text + len, " | F0");
		if (below(r, 2))
			len += random_wait(text + len, r, -1);
		len += sprintf(text + len, " z%u", below(r, 3));
	}
}

/* What has but a few kinds of operations: some of them, in any order. */
static void random_mix(char *text, u64 *r, const char *head, const char * const *ops, u32 n,
		       const char *end)
{
	int ng = 2 + below(r, 2), g, k, len = sprintf(text, "%s", head);

	for (g = 0; g < ng; g++) {
		len += sprintf(text + len, " |");
		for (k = 1 + below(r, 2); k; k--)
			len += sprintf(text + len, " %s", ops[below(r, n)]);
		if (!below(r, 6))
			len += sprintf(text + len, " k%u", below(r, ng));
	}
	sprintf(text + len, "%s", end);
}

#define MIX(text, r, head, end, ...)					\
do {									\
	static const char * const _ops[] = { __VA_ARGS__ };		\
									\
	random_mix(text, r, head, _ops, ARRAY_SIZE(_ops), end);		\
} while (0)

static void random_channels_or_sync(char *text, u64 *r)
{
	static const char * const objects[] = { "", "wg", "mu", "rw", "se", "ti" };
	/* half of them are about channels */
	int kind = below(r, 2) ? 0 : below(r, ARRAY_SIZE(objects)), nch, ng, g, i, len;

	len = sprintf(text, "%s", objects[kind]);
	nch = kind ? 0 : 1 + below(r, 2);
	for (i = 0; i < nch; i++)
		len += sprintf(text + len, "%s%c%u", len ? " " : "", below(r, 5) ? 'c' : 'i',
			       below(r, 3));
	ng = 2 + below(r, 3);
	for (g = 0; g < ng; g++) {
		len += sprintf(text + len, " |%s", kind && !below(r, 4) ? " T" : "");
		for (i = 1 + below(r, kind ? 2 : 3); i; i--) {
			len += random_op(text + len, r, nch, ng, kind);
			if (kind && !below(r, 6))
				len += sprintf(text + len, " k%u", below(r, ng));
		}
	}
}

/* A lock that was not got is not unlocked: op_run() sees to it. */
void scenario_random(struct scenario *s, u64 seed)
{
	u64 r = seed * 0x9e3779b97f4a7c15ULL + 1;
	char text[2 * sizeof(s->text)];

	rnd(&r);
	do {
		switch (below(&r, 20)) {
		case 0 ... 1:
			random_drop(text, &r);
			break;
		case 2 ... 4:
			random_contexts(text, &r);
			break;
		case 5:
			random_own_contexts(text, &r);
			break;
		case 6 ... 8:
			random_group(text, &r);
			break;
		case 9:
			MIX(text, &r, "mu co", "", "l c u", "l c~ u", "l S u", "S", "H", "l H u", "l! u");
			break;
		case 10:
			if (below(&r, 2))
				MIX(text, &r, "on", "", "o", "o~", "o!", "B");
			else
				MIX(text, &r, "tf", " | F h | F k0 | F n", "m", "n", "h");
			break;
		case 11:
			if (below(&r, 2))
				MIX(text, &r, "tk", "", "m", "n", "h", "e", "e~", "e!");
			else
				MIX(text, &r, "ti", "", "m", "n", "h", "e", "e~", "e!");
			break;
		default:
			random_channels_or_sync(text, &r);
		}
	} while (!scenario_parse(s, text));
}
