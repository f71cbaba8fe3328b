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
		return sprintf(p, " %s%s", ((const char *[]){ "n", "h", "e" })[below(r, 3)], "");
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

/*
 * What core has, only. A lock that was not got is not unlocked: op_run() sees to it.
 */
void scenario_random(struct scenario *s, u64 seed)
{
	static const char * const objects[] = { "", "wg", "mu", "rw", "se", "ti" };
	u64 r = seed * 0x9e3779b97f4a7c15ULL + 1;
	char text[sizeof(s->text)];
	int kind, nch, ng, g, i, len;

	rnd(&r);
	do {
		/* half of them are about channels */
		kind = below(&r, 2) ? 0 : below(&r, ARRAY_SIZE(objects));
		if (!below(&r, 10)) {
			random_drop(text, &r);
			continue;
		}
		len = sprintf(text, "%s", objects[kind]);
		nch = kind ? 0 : 1 + below(&r, 2);
		for (i = 0; i < nch; i++)
			len += sprintf(text + len, "%s%c%u", len ? " " : "", below(&r, 5) ? 'c' : 'i',
				       below(&r, 3));
		ng = 2 + below(&r, 3);
		for (g = 0; g < ng; g++) {
			len += sprintf(text + len, " |%s", kind && !below(&r, 4) ? " T" : "");
			for (i = 1 + below(&r, kind ? 2 : 3); i; i--) {
				len += random_op(text + len, &r, nch, ng, kind);
				if (kind && !below(&r, 6))
					len += sprintf(text + len, " k%u", below(&r, ng));
			}
		}
	} while (!scenario_parse(s, text));
}

