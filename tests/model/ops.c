// SPDX-License-Identifier: GPL-2.0-only
/*
 * The objects of a scenario, and running one operation of it.
 */
#include "../../kmod/core/context.h"
#include "model.h"

struct objects objects;

/* Context deadlines lie after all that the clock comes to but by them and by OP_SET_AT. */
#define CTX_DEADLINE	(1ULL << 32)
/* a moment of OP_SET_AT: which, is told by the value that is received */
#define MOMENT(n)	((u64)(n) << 40)
#define TICK_PERIOD	1000

static const char key;

static struct goro_ctx *context_make(struct objects *o, const struct scenario *s, int i)
{
	struct goro_ctx *parent = goro_ctx_background();

	if (s->cx[i].parent >= 0)
		parent = o->cx[s->cx[i].parent];
	switch (s->cx[i].kind) {
	case 'y':
		return __goro_ctx_with_deadline(parent, CTX_DEADLINE, CAUSE_DEADLINE + i, NULL);
	case 'v':
		return __goro_ctx_with_value(parent, &key, (void *)(i + 1L), NULL, NULL);
	case 'o':
		return __goro_ctx_without_cancel(parent, NULL);
	default:
		return __goro_ctx_with_cancel(parent, NULL);
	}
}

static void no_goroutine(void *arg)
{
	(void)arg;	/* the port starts one of the scenario's, by its number */
}

void objects_make(struct objects *o, const struct scenario *s)
{
	int i, k;

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
	if (s->co)
		goro_cond_init(&o->co);
	if (s->on)
		goro_once_init(&o->on);
	if (s->ti == 'i')
		o->ti = goro_timer_make(GORO_FOREVER);
	else if (s->ti == 'k')
		o->ti = goro_ticker_make(TICK_PERIOD);
	else if (s->ti == 'f')
		o->ti = __goro_timer_func(GORO_FOREVER, no_goroutine, NULL, NULL);
	for (i = 0; i < s->ncx; i++) {
		if (s->cx[i].late)
			continue;
		for (k = 0; k < s->ngr && s->gr[k].cx != i; k++)
			;
		if (k < s->ngr) {
			__goro_group_init_ctx(&o->gr[k], s->cx[i].parent < 0 ? goro_ctx_background() :
					      o->cx[s->cx[i].parent], NULL);
			o->cx[i] = __goro_ctx_get(goro_group_ctx(&o->gr[k]), NULL);
		} else {
			o->cx[i] = context_make(o, s, i);
		}
	}
	for (i = 0; i < s->ngr; i++) {
		if (s->gr[i].cx < 0)
			goro_group_init(&o->gr[i]);
		goro_group_set_limit(&o->gr[i], s->gr[i].limit);
	}
}

/* After a run that ended, with nobody left: what it has not dropped itself. */
void objects_free(struct objects *o, const struct scenario *s)
{
	bool put[MAX_CH] = { false }, dropped = !s->ti;
	int i, g, c;

	for (g = 0; g < s->ng; g++) {
		for (i = 0; i < s->g[g].nops; i++) {
			if (s->g[g].ops[i].kind == OP_PUT)
				put[s->g[g].ops[i].arg] = true;
			dropped |= s->g[g].ops[i].kind == OP_DROP;
		}
		if (o->after[g])
			goro_after_stop(o->after[g]);
		if (o->member[g])
			op_leave_group(o, s, g, 0);
	}
	for (g = 0; g < s->ngr; g++)
		goro_group_stop(&o->gr[g]);
	for (i = s->ncx; i--;)
		if (o->cx[i])
			__goro_ctx_put(o->cx[i], NULL);
	if (!dropped)
		goro_timer_put(o->ti);
	for (c = 0; c < s->nch; c++)
		if (!put[c])
			goro_chan_put(o->ch[c]);
}

/* A goroutine begins: a member lives under its group's context. */
void op_begin_goroutine(struct objects *o, const struct scenario *s, int g)
{
	int cx = s->g[g].group >= 0 ? s->gr[s->g[g].group].cx : -1;

	o->scope[g].ctx = NULL;
	if (cx >= 0)
		goro_scope_enter(&o->scope[g], o->cx[cx]);
}

void op_leave_group(struct objects *o, const struct scenario *s, int g, int err)
{
	struct model_member *mb = o->member[g];

	(void)s;
	o->member[g] = NULL;
	goro_group_leave(&mb->mb, err);
	goro_free(mb);
}

static int group_go(struct objects *o, const struct scenario *s, int g, bool try)
{
	struct model_member *mb = goro_alloc(sizeof(*mb));
	int err;

	mb->g = g;
	err = goro_group_join(&o->gr[s->g[g].group], &mb->mb, try);
	if (err) {
		goro_free(mb);
		return err;
	}
	o->member[g] = mb;
	model_start(g, NULL);
	return 0;
}

/* The timer fires: the next of the goroutines that have an F and nobody else starts. */
int op_start_timer_fn(struct objects *o, const struct scenario *s)
{
	int g;

	for (g = 0; g < s->ng; g++)
		if (s->g[g].fn && s->g[g].group < 0 && !(o->fns >> g & 1) && !scenario_is_after(s, g)) {
			o->fns |= 1U << g;
			model_start(g, NULL);
			break;
		}
	return 0;
}

static void once_fn(void *arg)
{
	struct objects *o = arg;

	o->once_plain = 1;
	atomic_set(&o->once_state, 1);
	atomic_set(&o->once_state, 2);
	o->once_plain = 2;
}

static int once_err_fn(void *arg)
{
	once_fn(&objects);
	return (int)(long)arg;
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
		if (op->alts[i].kind == OP_CTX_DONE)
			alts[i].chan = goro_ctx_done(o->cx[op->alts[i].chan]);
		else
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

static struct result run(struct objects *o, const struct scenario *s, int g, int i)
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
		if (!r.ret)
			o->mu_plain++;
		break;
	case OP_WLOCK:
		r.ret = goro_rwmutex_lock_until(&o->rw, deadline);
		if (!r.ret)
			o->rw_plain++;
		break;
	case OP_RLOCK:
		r.ret = goro_rwmutex_rlock_until(&o->rw, deadline);
		if (!r.ret)
			o->rw_seen[g] = o->rw_plain;
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
		if (op->kind == OP_UNLOCK) {
			o->mu_plain++;
			r.ret = goro_mutex_unlock(&o->mu);
		} else if (op->kind == OP_WUNLOCK) {
			o->rw_plain++;
			r.ret = goro_rwmutex_unlock(&o->rw);
		} else if (op->kind == OP_RUNLOCK) {
			o->rw_seen[g] = o->rw_plain;
			r.ret = goro_rwmutex_runlock(&o->rw);
		} else {
			r.ret = goro_sema_release(&o->se, op->arg);
		}
		break;
	case OP_SET:
		r.ret = goro_timer_reset(o->ti, 1000000);
		break;
	case OP_SET_AT:
		r.ret = goro_timer_set(o->ti, MOMENT(VALUE(g, i)), s->ti == 'k' ? TICK_PERIOD : 0);
		break;
	case OP_STOP:
		r.ret = goro_timer_stop(o->ti);
		break;
	case OP_TICK:
		r.ret = goro_chan_recv_until(goro_timer_chan(o->ti), &elem, deadline);
		r.value = r.ret == 1 ? elem >> 40 : 0;
		break;
	case OP_DROP:
		goro_timer_put(o->ti);
		break;
	case OP_CANCEL:
		model_cancel(op->arg);
		break;
	case OP_COND:
		r.ret = SKIPPED;
		if (o->got[g] & BIT(OP_LOCK))
			r.ret = goro_cond_wait_until(&o->co, &o->mu, deadline);
		break;
	case OP_SIGNAL:
		r.ret = goro_cond_signal(&o->co);
		break;
	case OP_BROADCAST:
		r.ret = goro_cond_broadcast(&o->co);
		break;
	case OP_ONCE:
	case OP_ONCE_CALL:
		if (op->kind == OP_ONCE)
			r.ret = goro_once_do_until(&o->on, once_fn, o, deadline);
		else
			r.ret = goro_once_call(&o->on, once_err_fn, (void *)(long)VALUE(g, i));
		if (r.ret >= 0)		/* then the function has ended, for all to see */
			r.value = atomic_read(&o->once_state) + o->once_plain;
		break;
	case OP_CTX_CANCEL:
		r.ret = goro_ctx_cancel_cause(o->cx[op->arg], VALUE(g, i));
		break;
	case OP_CTX_ERR:
		r.ret = goro_ctx_err(o->cx[op->arg]);
		r.value = r.ret ? goro_ctx_cause(o->cx[op->arg]) : 0;
		break;
	case OP_CTX_DONE:
		r.ret = goro_chan_recv_until(goro_ctx_done(o->cx[op->arg]), NULL, deadline);
		break;
	case OP_CTX_VALUE:
		r.ret = (long)goro_ctx_value(o->cx[op->arg], &key);
		break;
	case OP_CTX_DERIVE:
		o->cx[op->arg] = context_make(o, s, op->arg);
		break;
	case OP_CTX_PUT:
		__goro_ctx_put(o->cx[op->arg], NULL);
		o->cx[op->arg] = NULL;
		break;
	case OP_AFTER:
		r.ret = __goro_ctx_after_func(o->cx[op->arg], no_goroutine, (void *)(long)op->fn,
					      &o->after[op->fn], NULL);
		break;
	case OP_AFTER_STOP:
		r.ret = SKIPPED;
		if (o->after[op->arg])
			r.ret = goro_after_stop(o->after[op->arg]);
		o->after[op->arg] = NULL;
		break;
	case OP_GO:
		r.ret = group_go(o, s, op->arg, op->mode == M_TRY);
		break;
	case OP_LEAVE:
		op_leave_group(o, s, g, -op->arg);
		break;
	case OP_GROUP_WAIT:
		r.ret = goro_group_wait_until(&o->gr[op->arg], deadline);
		break;
	case OP_GROUP_CANCEL:
		goro_group_cancel(&o->gr[op->arg]);
		break;
	case OP_GROUP_STOP:
		goro_group_stop(&o->gr[op->arg]);
		break;
	}
	return r;
}

struct result op_run(struct objects *o, const struct scenario *s, int g, int i)
{
	const struct op *op = &s->g[g].ops[i];
	struct goro_scope scope;
	struct result r = { .chosen = -1 };

	if (op->kind == OP_LEAVE)
		goro_ctx_leave(&o->scope[g], 0);
	if (op->cx >= 0)
		r.ret = goro_ctx_enter(&scope, o->cx[op->cx]);
	if (!r.ret) {
		r = run(o, s, g, i);
		if (op->cx >= 0)
			r.ret = goro_ctx_leave(&scope, r.ret);
	}
	if (op->kind <= OP_RELEASE && !r.ret)
		o->got[g] |= BIT(op->kind);
	return r;
}
