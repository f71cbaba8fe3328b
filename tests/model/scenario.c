// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scenarios: reading them. What may not be is left to the scenario's author but for
 * this: what is made in the run is used by the goroutine that makes it.
 */
#include <ctype.h>
#include "model.h"

static const struct op_letter {
	char letter;
	u8 kind;
	u8 digits;
} letters[] = {
	{ 's', OP_SEND, 1 }, { 'r', OP_RECV, 1 }, { 'x', OP_CLOSE, 1 }, { 'p', OP_PUT, 1 },
	{ 'a', OP_ADD, 1 }, { 'd', OP_ADD, 0 }, { 'w', OP_WAIT, 0 }, { 'l', OP_LOCK, 0 },
	{ 'u', OP_UNLOCK, 0 }, { 'L', OP_WLOCK, 0 }, { 'U', OP_WUNLOCK, 0 },
	{ 'M', OP_RLOCK, 0 }, { 'V', OP_RUNLOCK, 0 }, { 'q', OP_ACQUIRE, 1 },
	{ 'v', OP_RELEASE, 1 }, { 'k', OP_CANCEL, 1 }, { 'n', OP_SET, 0 }, { 'm', OP_SET_AT, 0 },
	{ 'h', OP_STOP, 0 }, { 'e', OP_TICK, 0 }, { 'P', OP_DROP, 0 }, { 'c', OP_COND, 0 },
	{ 'S', OP_SIGNAL, 0 }, { 'H', OP_BROADCAST, 0 }, { 'o', OP_ONCE, 0 },
	{ 'B', OP_ONCE_CALL, 0 }, { 'K', OP_CTX_CANCEL, 1 }, { 'E', OP_CTX_ERR, 1 },
	{ 'N', OP_CTX_DONE, 1 }, { 'G', OP_CTX_VALUE, 1 }, { 'D', OP_CTX_DERIVE, 1 },
	{ 'O', OP_CTX_PUT, 1 }, { 'Y', OP_AFTER, 2 }, { 'Z', OP_AFTER_STOP, 1 },
	{ 'g', OP_GO, 1 }, { 'z', OP_LEAVE, 1 }, { 'j', OP_GROUP_WAIT, 1 },
	{ 'J', OP_GROUP_CANCEL, 1 }, { 'Q', OP_GROUP_STOP, 1 },
};

static bool parse_case(const char **p, struct op *op)
{
	int i = op->ncases++;

	if (i == MAX_CASES || !strchr("srd", **p) || !isdigit((*p)[1]))
		return false;
	op->alts[i].kind = **p == 's' ? OP_SEND : **p == 'r' ? OP_RECV : OP_CTX_DONE;
	op->alts[i].chan = (*p)[1] - '0';
	*p += 2;
	return true;
}

static bool parse_op(const char *p, struct op *op)
{
	size_t i;

	memset(op, 0, sizeof(*op));
	op->cx = -1;
	if (*p == '[') {
		op->kind = OP_SELECT;
		do {
			p++;
			if (*p == ']')
				break;
			if (!parse_case(&p, op))
				return false;
		} while (*p == ',');
		if (*p++ != ']')
			return false;
	} else {
		for (i = 0; i < ARRAY_SIZE(letters) && letters[i].letter != *p; i++)
			;
		if (i == ARRAY_SIZE(letters))
			return false;
		op->kind = letters[i].kind;
		if (*p == 'd')
			op->arg = -1;
		p++;
		if (op->kind == OP_WAIT && *p++ != 'w')
			return false;
		if (letters[i].digits) {
			if (!isdigit(*p))
				return false;
			op->arg = *p++ - '0';
		}
		if (letters[i].digits == 2) {
			if (!isdigit(*p))
				return false;
			op->fn = *p++ - '0';
		}
	}
	if (*p == '@') {
		if (!isdigit(p[1]))
			return false;
		op->cx = p[1] - '0';
		p += 2;
	}
	if (*p == '~' || *p == '!')
		op->mode = *p++ == '~' ? M_DEADLINE : M_TRY;
	return !*p;
}

static bool parse_context(struct scenario *s, char kind, const char *p)
{
	int i = s->ncx++;

	if (i == MAX_CX)
		return false;
	s->cx[i].kind = kind;
	s->cx[i].parent = -1;
	if (isdigit(*p)) {
		s->cx[i].parent = *p++ - '0';
		if (s->cx[i].parent >= i)
			return false;
		s->cx[i].late = s->cx[s->cx[i].parent].late;
	}
	if (*p == '?') {
		s->cx[i].late = true;
		p++;
	}
	return !*p;
}

static bool parse_group(struct scenario *s, const char *p)
{
	int i = s->ngr++, digit = *p == 'x' ? 1 : 0;
	char parent[2] = "";

	if (i == MAX_GR || (*p != 'r' && *p != 'x'))
		return false;
	p++;
	s->gr[i].limit = -1;
	s->gr[i].cx = -1;
	if (digit && isdigit(*p))
		parent[0] = *p++;
	if (*p == '/' && isdigit(p[1])) {
		s->gr[i].limit = p[1] - '0';
		p += 2;
	}
	if (*p)
		return false;
	if (!digit)
		return true;
	s->gr[i].cx = s->ncx;
	return parse_context(s, 'g', parent) && !s->cx[s->gr[i].cx].late;
}

static bool parse_object(struct scenario *s, const char *p)
{
	if (!strcmp(p, "wg"))
		return s->wg = true;
	if (!strcmp(p, "mu"))
		return s->mu = true;
	if (!strcmp(p, "rw"))
		return s->rw = true;
	if (!strcmp(p, "se"))
		return s->se = true;
	if (!strcmp(p, "co"))
		return s->co = true;
	if (!strcmp(p, "on"))
		return s->on = true;
	if (*p == 't' && p[1] && strchr("ikf", p[1]) && !p[2])
		return (s->ti = p[1]);
	if (strchr("xyvo", *p))
		return parse_context(s, *p, p + 1);
	if (*p == 'g')
		return parse_group(s, p + 1);
	if ((*p != 'c' && *p != 'i') || s->nch == MAX_CH || p[1] < '0' || p[1] > '4' || p[2])
		return false;
	s->ch[s->nch].irq = *p == 'i';
	s->ch[s->nch++].cap = p[1] - '0';
	return true;
}

int scenario_by(const struct scenario *s, int i)
{
	while (i >= 0 && s->cx[i].kind == 'v')
		i = s->cx[i].parent;
	return i < 0 || s->cx[i].kind == 'o' ? -1 : i;
}

bool scenario_is_after(const struct scenario *s, int g)
{
	int i, k;

	for (i = 0; i < s->ng; i++)
		for (k = 0; k < s->g[i].nops; k++)
			if (s->g[i].ops[k].kind == OP_AFTER && s->g[i].ops[k].fn == g)
				return true;
	return false;
}

/* May goroutine g use context i? One that is made in the run is its maker's. */
static bool context_valid(const struct scenario *s, int g, int i)
{
	int k;

	if (i < 0 || i >= s->ncx)
		return false;
	if (!s->cx[i].late)
		return true;
	for (k = 0; k < s->g[g].nops; k++)
		if (s->g[g].ops[k].kind == OP_CTX_DERIVE && s->g[g].ops[k].arg == i)
			return true;
	return false;
}

static bool op_valid(const struct scenario *s, int g, const struct op *op)
{
	int i;

	if (op->cx >= 0 && !context_valid(s, g, op->cx))
		return false;
	switch (op->kind) {
	case OP_SEND ... OP_PUT:
		return op->arg < s->nch;
	case OP_SELECT:
		for (i = 0; i < op->ncases; i++)
			if (op->alts[i].kind == OP_CTX_DONE ? !context_valid(s, g, op->alts[i].chan) :
							      op->alts[i].chan >= s->nch)
				return false;
		return true;
	case OP_ADD: case OP_WAIT:
		return s->wg;
	case OP_LOCK: case OP_UNLOCK:
		return s->mu;
	case OP_WLOCK ... OP_RUNLOCK:
		return s->rw;
	case OP_ACQUIRE: case OP_RELEASE:
		return s->se && op->arg >= 1 && op->arg <= SEM_SIZE;
	case OP_SET ... OP_DROP:
		return s->ti && (op->kind != OP_TICK || s->ti != 'f');
	case OP_COND ... OP_BROADCAST:
		return s->co && s->mu;
	case OP_ONCE ... OP_ONCE_CALL:
		return s->on;
	case OP_CANCEL:
		return op->arg < s->ng && !s->g[op->arg].thread;
	case OP_CTX_CANCEL:
		return context_valid(s, g, op->arg) && scenario_by(s, op->arg) == op->arg;
	case OP_CTX_ERR ... OP_CTX_PUT:
		return context_valid(s, g, op->arg) &&
		       (op->kind != OP_CTX_DERIVE || s->cx[op->arg].late);
	case OP_AFTER:
		return context_valid(s, g, op->arg) && op->fn < s->ng && s->g[op->fn].fn &&
		       s->g[op->fn].group < 0;
	case OP_AFTER_STOP:
		return op->arg < s->ng;
	case OP_GO:
		return op->arg < s->ng && s->g[op->arg].group >= 0 && op->cx < 0 &&
		       op->mode != M_DEADLINE;
	case OP_LEAVE:
		return s->g[g].group >= 0 && op == &s->g[g].ops[s->g[g].nops - 1];
	case OP_GROUP_WAIT ... OP_GROUP_STOP:
		return op->arg < s->ngr;
	}
	return false;
}

static bool goroutine_valid(const struct scenario *s, int g)
{
	int i;

	if (s->g[g].fn && (!s->g[g].nops || s->g[g].thread))
		return false;
	if (s->g[g].group >= s->ngr ||
	    (s->g[g].group >= 0 && s->g[g].ops[s->g[g].nops - 1].kind != OP_LEAVE))
		return false;
	for (i = 0; i < s->g[g].nops; i++)
		if (!op_valid(s, g, &s->g[g].ops[i]))
			return false;
	return true;
}

bool scenario_parse(struct scenario *s, const char *text)
{
	char copy[sizeof(s->text)], *save, *word;
	int g = -1;

	memset(s, 0, sizeof(*s));
	if (strlen(text) >= sizeof(copy))
		return false;
	memcpy(copy, text, strlen(text) + 1);
	memcpy(s->text, text, strlen(text) + 1);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (!strcmp(word, "|")) {
			if (++g == MAX_G)
				return false;
			s->ng = g + 1;
			s->g[g].group = -1;
		} else if (g < 0) {
			if (!parse_object(s, word))
				return false;
		} else if (!strcmp(word, "T") && !s->g[g].nops) {
			s->g[g].thread = true;
		} else if (*word == 'F' && !s->g[g].nops && (!word[1] || isdigit(word[1]))) {
			s->g[g].fn = true;
			if (word[1])
				s->g[g].group = word[1] - '0';
		} else if (s->g[g].nops == MAX_OPS ||
			   !parse_op(word, &s->g[g].ops[s->g[g].nops++])) {
			return false;
		}
	}
	for (g = 0; g < s->ng; g++)
		if (!goroutine_valid(s, g))
			return false;
	return s->ng > 0;
}
