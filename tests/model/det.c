// SPDX-License-Identifier: GPL-2.0-only
/*
 * The deterministic scheduler: goroutines and timers are coroutines of one
 * thread, and every synchronising call of core/ (det_port.c) is a point at which
 * explore.c says who goes on. A run depends on nothing but these decisions, down to
 * the addresses, as all memory of core/ comes from an arena.
 *
 * A timer is a coroutine that can go on while it is set; so its function comes
 * at any moment, and interleaves with the others as on another CPU.
 *
 * Found: histories that are not Go's, waits that should have ended (spec.c), a
 * waiter readied twice or unclaimed, a lock that is never let go, and by ASan
 * every use of what was freed, also of a waiter after its wait.
 */
#include <sanitizer/common_interface_defs.h>
#include <stdarg.h>
#include "det_run.h"

#define STACK		(128 << 10)

struct thread threads[MAX_T];
int nthreads, self;
const struct scenario *sc;
u64 now;
int now_calls;
static void *main_sp;
static struct outcome *out;
static char error_text[200];
static struct det_timer deadlines[MAX_G];
u16 det_clock[MAX_T][MAX_T];
bool det_exhaustive;

/* ---- coroutines ------------------------------------------------------ */

__asm__(".text\n.type det_switch,@function\ndet_switch:\n"
	"pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
	"movq %rsp, (%rdi)\nmovq %rsi, %rsp\n"
	"popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\n"
	"ret\n.size det_switch,.-det_switch\n");

static void thread_main(void);

/* ASan wants to know which stack is in use. */
static const void *main_bottom;
static size_t main_size;

static void to_scheduler(struct thread *th)
{
	void *fake;

	__sanitizer_start_switch_fiber(&fake, main_bottom, main_size);
	det_switch(&th->sp, main_sp);
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
}

static void to_thread(struct thread *th)
{
	void *fake;

	__sanitizer_start_switch_fiber(&fake, th->stack, STACK);
	det_switch(&main_sp, th->sp);
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
}

void thread_begin(int t)
{
	struct thread *th = &threads[t];
	void **sp;

	if (!th->stack)
		th->stack = aligned_alloc(64, STACK);
	unpoison(th->stack, STACK);
	sp = (void **)(th->stack + STACK) - 3;	/* aligned as after a call */
	*--sp = (void *)thread_main;
	sp -= 6;
	memset(sp, 0, 6 * sizeof(*sp));
	th->sp = sp;
	th->live = true;
	th->next = (struct step){ .kind = P_LOCAL };
}

static void record(int g, bool end, struct result r)
{
	out->h.ev[out->h.n++] = (struct event){ .g = g, .end = end, .r = r };
}

/* The running thread is about to do this; it goes on when it was picked. */
void point(enum point kind, const void *addr, size_t size)
{
	struct thread *th;

	if (self < 0)
		return;		/* before and after the run */
	th = &threads[self];
	th->next = (struct step){ kind, addr, size };
	to_scheduler(th);
	if (th->begins) {
		/* as late as can be: the more histories are none of Go's */
		th->begins = false;
		record(th->g, false, (struct result){ .chosen = -1 });
	}
}

const struct step *det_next(int tid)
{
	return &threads[tid].next;
}

void det_fail(const char *fmt, ...)
{
	va_list ap;

	if (out->error)
		return;
	va_start(ap, fmt);
	vsnprintf(error_text, sizeof(error_text), fmt, ap);
	va_end(ap);
	error_text[strcspn(error_text, "\n")] = 0;
	out->error = error_text;
}

/* ---- what happened before -------------------------------------------- */

#define OBJECTS	512
static struct object {
	const char *addr;
	u32 run;
	u16 read[MAX_T], write[MAX_T];
} seen[OBJECTS];
static u32 run;

static struct object *object(const void *addr)
{
	size_t i = ((size_t)addr >> 3) * 0x9e3779b1U % OBJECTS, n;

	for (n = 0; n < OBJECTS; n++, i = (i + 1) % OBJECTS) {
		if (seen[i].run != run) {
			memset(&seen[i], 0, sizeof(seen[i]));
			seen[i].addr = addr;
			seen[i].run = run;
		}
		if (seen[i].addr == addr)
			return &seen[i];
	}
	abort();
}

static void join(u16 *to, const u16 *from)
{
	int i;

	for (i = 0; i < nthreads; i++)
		if (from[i] > to[i])
			to[i] = from[i];
}

/* The running thread sees what others did to this, and they what it did. */
void sync_with(const void *addr, bool writes)
{
	struct object *o;

	if (!det_exhaustive || self < 0)
		return;
	o = object(addr);
	join(det_clock[self], o->write);
	if (writes) {
		join(det_clock[self], o->read);
		join(o->write, det_clock[self]);
	} else {
		join(o->read, det_clock[self]);
	}
}

bool steps_depend(const struct step *a, const struct step *b)
{
	if (a->kind == P_FREE || b->kind == P_FREE) {
		const struct step *f = a->kind == P_FREE ? a : b, *o = a->kind == P_FREE ? b : a;

		if (o->kind == P_AFTER)
			return true;
		return o->addr && o->addr < f->addr + f->size &&
		       o->addr + (o->kind == P_FREE ? o->size : 1) > f->addr;
	}
	if (!a->addr || a->addr != b->addr)
		return false;
	switch (a->kind) {
	case P_LOCK:
		return b->kind == P_LOCK;
	case P_READ:
		return b->kind == P_WRITE;
	case P_WRITE:
		return b->kind == P_READ || b->kind == P_WRITE;
	case P_FIRE:
	case P_CANCEL:
	case P_SET:
		return b->kind == P_FIRE || b->kind == P_CANCEL || b->kind == P_SET;
	default:
		return false;
	}
}

/* ---- a run ----------------------------------------------------------- */

/* Another goroutine of the scenario begins. */
void model_start(int g, struct goro_ctx *ctx)
{
	struct thread *th = &threads[g];

	if (self < 0)
		return;
	if (th->live || th->ended)
		det_fail("goroutine %d was started twice", g);
	th->live = true;
	th->holds = ctx;
	join(det_clock[g], det_clock[self]);
}

goro_ktimer_t *det_deadline(int g)
{
	return &deadlines[g];
}

static goro_ktimer_ret_t on_deadline(goro_ktimer_t *t)
{
	struct goro_waiter *w = &threads[t - deadlines].w->w;

	if (goro_claim(w, GORO_BY_TIMEOUT))
		goro_ready(w);
	return GORO_KTIMER_DONE;
}

static void goroutine(int g)
{
	struct goro_ctx *holds;
	int i;

	op_begin_goroutine(&objects, sc, g);
	for (i = 0; i < sc->g[g].nops; i++) {
		struct result r;

		threads[g].begins = true;
		r = op_run(&objects, sc, g, i);
		if (threads[g].begins)
			record(g, false, (struct result){ .chosen = -1 });
		threads[g].begins = false;
		record(g, true, r);
		if (sc->g[g].thread)
			waiter_drop(&threads[g]);
		point(P_LOCAL, NULL, 0);
	}
	holds = threads[g].holds;
	if (holds)
		__goro_ctx_put(holds, NULL);
	waiter_end(&threads[g]);
}

static void thread_main(void)
{
	struct thread *th = &threads[self];

	__sanitizer_finish_switch_fiber(NULL, &main_bottom, &main_size);
	if (th->g >= 0) {
		goroutine(th->g);
		threads[self].live = false;
		threads[self].ended = true;
	}
	while (th->g < 0) {
		th->set = false;
		th->running = true;
		sync_with(th->timer, true);
		point(P_WRITE, &now, 0);
		if (th->timer->when > now)
			now = th->timer->when;
		sync_with(&now, true);
		th->timer->fn(th->timer);
		sync_with(th->timer, true);
		th->running = false;
		point(P_FIRE, th->timer, 0);
	}
	to_scheduler(th);
	abort();
}

static bool can_go_on(const struct thread *th)
{
	if (!th->live)
		return false;
	switch (th->next.kind) {
	case P_LOCK:
		return !((goro_lock_t *)th->next.addr)->held;
	case P_PARK:
		return th->ready;
	case P_FIRE:
		return th->set;
	case P_CANCEL:
		return !threads[((goro_ktimer_t *)th->next.addr)->tid].running;
	default:
		return true;
	}
}

void det_run(const struct scenario *s, struct outcome *o)
{
	int g, t, last = -1;
	u32 enabled;

	sc = s;
	out = o;
	memset(o, 0, sizeof(*o));
	self = -1;
	run++;
	now = 1;
	now_calls = 0;
	memset(det_clock, 0, sizeof(det_clock));
	port_begin();
	nthreads = s->ng;
	for (g = 0; g < s->ng; g++) {
		threads[g].g = g;
		threads[g].ready = false;
		threads[g].begins = false;
		threads[g].w = NULL;
		threads[g].scopes = NULL;
		threads[g].holds = NULL;
		threads[g].ended = false;
		thread_begin(g);
		threads[g].live = !s->g[g].fn;
		if (!s->g[g].thread)
			waiter_make(g);
	}
	for (g = 0; g < s->ng; g++) {
		int i;

		for (i = 0; i < s->g[g].nops; i++)
			if (s->g[g].ops[i].mode == M_DEADLINE) {
				goro_ktimer_init(&deadlines[g], on_deadline);
				break;
			}
	}
	if (s->ncx) {
		model_late_init();
		threads[model_late_timer.tid].may_wait = true;
	}
	objects_make(&objects, s);

	while (!o->error) {
		for (t = 0, enabled = 0; t < nthreads; t++)
			if (can_go_on(&threads[t]))
				enabled |= 1U << t;
		if (!enabled)
			break;
		if (o->steps++ == MAX_STEPS) {
			det_fail("no end after %d steps", MAX_STEPS);
			break;
		}
		t = explore_pick(enabled, last);
		if (t < 0) {
			o->redundant = true;
			return;
		}
		self = t;
		det_clock[t][t]++;
		to_thread(&threads[t]);
		self = -1;
		last = t;
		explore_executed(t);
	}
	for (t = 0; t < nthreads && !o->error; t++)
		if (threads[t].live && threads[t].next.kind != P_PARK && threads[t].next.kind != P_FIRE)
			det_fail("goroutine %d waits for a lock for ever", t);
	if (!o->error)
		o->error = spec_check(s, &o->h);
}
