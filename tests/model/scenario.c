// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scenarios: reading them, making them up, and running one operation of them.
 */
#include "model.h"

/* ---- reading --------------------------------------------------------- */

static bool parse_case(const char **p, struct op *op)
{
	int i = op->ncases++;

	if (i == MAX_CASES || (**p != 's' && **p != 'r'))
		return false;
	op->alts[i].kind = *(*p)++ == 's' ? OP_SEND : OP_RECV;
	op->alts[i].chan = *(*p)++ - '0';
	return true;
}

static bool parse_op(const char *p, struct op *op)
{
	static const struct op_letter {
		char letter;
		u8 kind;
		bool arg;
	} table[] = {
		{ 's', OP_SEND, true }, { 'r', OP_RECV, true }, { 'x', OP_CLOSE, true },
		{ 'p', OP_PUT, true }, { 'a', OP_ADD, true }, { 'd', OP_ADD, false },
		{ 'w', OP_WAIT, false }, { 'l', OP_LOCK, false }, { 'u', OP_UNLOCK, false },
		{ 'L', OP_WLOCK, false }, { 'U', OP_WUNLOCK, false }, { 'M', OP_RLOCK, false },
		{ 'V', OP_RUNLOCK, false }, { 'q', OP_ACQUIRE, true }, { 'v', OP_RELEASE, true },
		{ 'k', OP_CANCEL, true }, { 'n', OP_SET, false }, { 'h', OP_STOP, false },
		{ 'e', OP_TICK, false }, { 'P', OP_DROP, false },
	};
	size_t i;

	memset(op, 0, sizeof(*op));
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
		for (i = 0; i < ARRAY_SIZE(table) && table[i].letter != *p; i++)
			;
		if (i == ARRAY_SIZE(table))
			return false;
		op->kind = table[i].kind;
		if (*p == 'd')
			op->arg = -1;
		p++;
		if (op->kind == OP_WAIT && *p++ != 'w')
			return false;
		if (table[i].arg) {
			op->arg = *p++ - '0';
			if (op->arg < 0 || op->arg > 9)
				return false;
		}
	}
	if (*p == '~' || *p == '!')
		op->mode = *p++ == '~' ? M_DEADLINE : M_TRY;
	return !*p;
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
	if (!strcmp(p, "ti"))
		return s->ti = true;
	if ((*p != 'c' && *p != 'i') || s->nch == MAX_CH || p[1] < '0' || p[1] > '4' || p[2])
		return false;
	s->ch[s->nch].irq = *p == 'i';
	s->ch[s->nch++].cap = p[1] - '0';
	return true;
}

static bool op_valid(const struct scenario *s, const struct op *op)
{
	int i;

	switch (op->kind) {
	case OP_SEND ... OP_PUT:
		return op->arg < s->nch;
	case OP_SELECT:
		for (i = 0; i < op->ncases; i++)
			if (op->alts[i].chan >= s->nch)
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
		return s->ti;
	case OP_CANCEL:
		return op->arg < s->ng && !s->g[op->arg].thread;
	}
	return false;
}

bool scenario_parse(struct scenario *s, const char *text)
{
	char copy[sizeof(s->text)], *save, *word;
	int g = -1, i;

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
		} else if (g < 0) {
			if (!parse_object(s, word))
				return false;
		} else if (!strcmp(word, "T") && !s->g[g].nops) {
			s->g[g].thread = true;
		} else if (s->g[g].nops == MAX_OPS ||
			   !parse_op(word, &s->g[g].ops[s->g[g].nops++])) {
			return false;
		}
	}
	for (g = 0; g < s->ng; g++)
		for (i = 0; i < s->g[g].nops; i++)
			if (!op_valid(s, &s->g[g].ops[i]))
				return false;
	return s->ng > 0;
}

/* ---- making up ------------------------------------------------------- */

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

/* ---- running --------------------------------------------------------- */

void objects_make(struct objects *o, const struct scenario *s)
{
	int i;

	memset(o, 0, sizeof(*o));
	for (i = 0; i < s->nch; i++)
		o->ch[i] = goro_chan_make(8, s->ch[i].cap, s->ch[i].irq ? GORO_CHAN_IRQ : 0);
	if (s->wg)
		goro_wg_init(&o->wg);
	if (s->mu)
		goro_mutex_init(&o->mu);
	if (s->rw)
		goro_rwmutex_init(&o->rw);
	if (s->se)
		goro_sema_init(&o->se, SEM_SIZE);
	if (s->ti)
		o->ti = goro_timer_make(GORO_FOREVER);
}

void objects_free(struct objects *o, const struct scenario *s)
{
	int i, g, c;
	bool put[MAX_CH] = { false }, dropped = !s->ti;

	for (g = 0; g < s->ng; g++)
		for (i = 0; i < s->g[g].nops; i++) {
			if (s->g[g].ops[i].kind == OP_PUT)
				put[s->g[g].ops[i].arg] = true;
			dropped |= s->g[g].ops[i].kind == OP_DROP;
		}
	if (!dropped)
		goro_timer_put(o->ti);
	for (c = 0; c < s->nch; c++)
		if (!put[c])
			goro_chan_put(o->ch[c]);
}

/* The byte that all bytes of an element are; 255 is no goroutine's. */
static u8 value_of(u64 elem)
{
	return elem == ELEM(elem & 255) ? elem & 255 : 255;
}

static void run_select(struct objects *o, const struct op *op, u8 value, u64 deadline,
		       struct result *r)
{
	u64 in[MAX_CASES], out = ELEM(value);
	struct goro_case alts[MAX_CASES];
	int i;

	memset(alts, 0, sizeof(alts));
	memset(in, 0xee, sizeof(in));
	for (i = 0; i < op->ncases; i++) {
		bool send = op->alts[i].kind == OP_SEND;

		alts[i].op = send ? GORO_CASE_SEND : GORO_CASE_RECV;
		alts[i].chan = o->ch[op->alts[i].chan];
		alts[i].elem = send ? &out : &in[i];
	}
	r->ret = goro_select_until(alts, op->ncases, deadline);
	if (r->ret < 0)
		return;
	r->chosen = r->ret;
	r->ret = alts[r->chosen].ret;
	if (op->alts[r->chosen].kind == OP_RECV)
		r->value = value_of(in[r->chosen]);
}

struct result op_run(struct objects *o, const struct scenario *s, int g, int i)
{
	const struct op *op = &s->g[g].ops[i];
	u64 deadline = model_deadline(op->mode), elem = ELEM(VALUE(g, i));
	struct goro_chan *c = op->kind <= OP_PUT ? o->ch[op->arg] : NULL;
	struct result r = { .chosen = -1 };

	switch (op->kind) {
	case OP_SEND:
		r.ret = goro_chan_send_until(c, &elem, deadline);
		break;
	case OP_RECV:
		elem = 0;
		r.ret = goro_chan_recv_until(c, &elem, deadline);
		r.value = value_of(elem);
		break;
	case OP_CLOSE:
		r.ret = goro_chan_close(c);
		break;
	case OP_PUT:
		goro_chan_put(c);
		break;
	case OP_SELECT:
		run_select(o, op, VALUE(g, i), deadline, &r);
		break;
	case OP_ADD:
		r.ret = goro_wg_add(&o->wg, op->arg);
		break;
	case OP_WAIT:
		r.ret = goro_wg_wait_until(&o->wg, deadline);
		break;
	case OP_LOCK:
		r.ret = goro_mutex_lock_until(&o->mu, deadline);
		break;
	case OP_WLOCK:
		r.ret = goro_rwmutex_lock_until(&o->rw, deadline);
		break;
	case OP_RLOCK:
		r.ret = goro_rwmutex_rlock_until(&o->rw, deadline);
		break;
	case OP_ACQUIRE:
		r.ret = goro_sema_acquire_until(&o->se, op->arg, deadline);
		break;
	case OP_UNLOCK:
	case OP_WUNLOCK:
	case OP_RUNLOCK:
	case OP_RELEASE:
		r.ret = SKIPPED;
		if (!(o->got[g] & BIT(op->kind - 1)))
			break;	/* it was not got */
		o->got[g] &= ~BIT(op->kind - 1);
		if (op->kind == OP_UNLOCK)
			r.ret = goro_mutex_unlock(&o->mu);
		else if (op->kind == OP_WUNLOCK)
			r.ret = goro_rwmutex_unlock(&o->rw);
		else if (op->kind == OP_RUNLOCK)
			r.ret = goro_rwmutex_runlock(&o->rw);
		else
			r.ret = goro_sema_release(&o->se, op->arg);
		break;
	case OP_SET:
		r.ret = goro_timer_reset(o->ti, 1000000);
		break;
	case OP_STOP:
		r.ret = goro_timer_stop(o->ti);
		break;
	case OP_TICK:
		r.ret = goro_chan_recv_until(goro_timer_chan(o->ti), &elem, deadline);
		break;
	case OP_DROP:
		goro_timer_put(o->ti);
		break;
	case OP_CANCEL:
		model_cancel(op->arg);
		break;
	}
	if (!r.ret)
		o->got[g] |= BIT(op->kind);
	return r;
}
