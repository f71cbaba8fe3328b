// SPDX-License-Identifier: GPL-2.0-only
/*
 * The deterministic scheduler: goroutines and timers are coroutines of one
 * thread, and every synchronising call of core/ is a point at which explore.c
 * says who goes on. A run depends on nothing but these decisions, down to the
 * addresses, as all memory of core/ comes from an arena.
 *
 * A timer is a coroutine that can go on while it is set; so its function comes
 * at any moment, and interleaves with the others as on another CPU.
 *
 * Found: histories that are not Go's, waits that should have ended (spec.c), a
 * waiter readied twice or unclaimed, a lock that is never let go, and by ASan
 * every use of what was freed, also of a waiter after its wait.
 */
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdarg.h>
#include "det.h"

#define STACK		(128 << 10)
#define ARENA		(64 << 10)
#define RED		32

#if defined(__SANITIZE_ADDRESS__) || (defined(__has_feature) && __has_feature(address_sanitizer))
#define poison(p, n)	__asan_poison_memory_region(p, n)
#define unpoison(p, n)	__asan_unpoison_memory_region(p, n)
#else
#error "build with -fsanitize=address"
#endif

struct thread {
	struct step next;
	void *sp;
	char *stack;
	bool live;		/* has begun and not ended */
	bool ready;		/* P_PARK may go on */
	bool set, running;	/* a timer */
	bool begins;		/* its operation begins with its next step */
	int g;			/* -1: a timer's */
	goro_ktimer_t *timer;
	struct det_waiter *w;	/* in the arena; NULL between the waits of a thread */
};

static struct thread threads[MAX_T];
static int nthreads, self;
static void *main_sp;
static char arena[ARENA] __aligned(64);
static size_t arena_used;
static const struct scenario *sc;
static struct objects objects;
static struct outcome *out;
static char error_text[200];
static goro_lock_t group;	/* keeps goroutines from ending while they are cancelled */
static struct det_timer deadlines[MAX_G];
static u64 now;
static int now_calls;
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

static void thread_begin(int t)
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
static void point(enum point kind, const void *addr, size_t size)
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

#define OBJECTS	256
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
static void sync_with(const void *addr, bool writes)
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
		return b->kind == P_FIRE || b->kind == P_CANCEL;
	default:
		return false;
	}
}

/* ---- the port -------------------------------------------------------- */

void det_atomic(void *address, bool writes)
{
	if (self < 0)
		return;
	point(writes ? P_WRITE : P_READ, address, 0);
	sync_with(address, writes);
}

void goro_lock(goro_lock_t *l)
{
	if (self < 0)
		return;
	point(P_LOCK, l, 0);
	l->held = self + 1;
	sync_with(l, true);
}

void goro_unlock(goro_lock_t *l)
{
	if (self < 0)
		return;
	if (l->held != self + 1)
		det_fail("a lock is unlocked by who has not locked it");
	sync_with(l, true);
	l->held = 0;
	/* whoever touches the memory of the lock after this may be too late */
	point(P_TOUCH, l, 0);
}

bool goro_may_wait(void)
{
	return self < 0 || threads[self].g >= 0;
}

static struct det_waiter *waiter_make(int t)
{
	struct det_waiter *w = goro_alloc(sizeof(*w));

	goro_waiter_init(&w->w, GORO_W_G);
	w->tid = t;
	threads[t].w = w;
	return w;
}

static struct det_waiter *det_waiter(struct goro_waiter *w)
{
	return container_of(w, struct det_waiter, w);
}

u64 goro_me(void)
{
	return self + 1;
}

struct goro_waiter *goro_waiter_self(struct goro_thread *t)
{
	struct thread *th = &threads[self];

	t->none = 0;
	if (sc->g[th->g].thread && !th->w)
		waiter_make(self);
	return &th->w->w;
}

bool goro_wait_begin(struct goro_waiter *w, bool nocancel)
{
	atomic_xchg(&w->claim, nocancel ? GORO_WAIT_NC : GORO_WAIT);
	if (nocancel || sc->g[threads[self].g].thread)
		return true;
	det_atomic(&det_waiter(w)->cancelled, false);
	if (!det_waiter(w)->cancelled)
		return true;
	if (!goro_claim(w, GORO_BY_CANCEL))
		return true;
	atomic_set(&w->claim, GORO_RUN);
	return false;
}

enum goro_claim goro_park(struct goro_waiter *w, u64 deadline, enum goro_reason reason)
{
	struct thread *th = &threads[self];
	enum goro_claim why;

	(void)reason;
	if (deadline != GORO_FOREVER)
		goro_ktimer_start(&deadlines[th->g], deadline);
	point(P_PARK, NULL, 0);
	sync_with(th, false);
	th->ready = false;
	if (deadline != GORO_FOREVER)
		goro_ktimer_cancel(&deadlines[th->g]);
	why = atomic_read(&w->claim);
	if (why < GORO_BY_PARTNER)
		det_fail("readied, but not claimed");
	atomic_set(&w->claim, GORO_RUN);
	return why;
}

enum goro_claim goro_park_unlock(struct goro_waiter *w, goro_lock_t *lock, bool irq, u64 deadline,
				 enum goro_reason reason)
{
	(void)irq;
	goro_unlock(lock);
	return goro_park(w, deadline, reason);
}

void goro_ready(struct goro_waiter *w)
{
	int t;

	/* who claimed it may be slow: what is of the waiter must still be there */
	point(P_TOUCH, w, 0);
	t = det_waiter(w)->tid;
	if (threads[t].ready)
		det_fail("readied twice");
	if (w->claim.v < GORO_BY_PARTNER)
		det_fail("readied without a claim");
	threads[t].ready = true;
	sync_with(&threads[t], true);
	point(P_AFTER, NULL, 0);
}

u32 det_choose(u32 n)
{
	return self < 0 ? 0 : explore_choose(n);
}

/* Time goes on where a timer fires, and now and then by what matters (Mutex: 1 ms). */
u64 goro_now(void)
{
	if (self < 0)
		return now;
	if (now_calls++ < 4 && det_choose(2)) {
		point(P_WRITE, &now, 0);
		now += 2000000;
		sync_with(&now, true);
	} else {
		point(P_READ, &now, 0);
		sync_with(&now, false);
	}
	return now;
}

void goro_ktimer_init(goro_ktimer_t *t, goro_ktimer_ret_t (*fn)(goro_ktimer_t *t))
{
	if (nthreads == MAX_T)
		abort();
	t->fn = fn;
	t->tid = nthreads++;
	threads[t->tid].g = -1;
	threads[t->tid].begins = false;
	threads[t->tid].timer = t;
	threads[t->tid].set = false;
	threads[t->tid].running = false;
	threads[t->tid].ready = false;
	thread_begin(t->tid);
	threads[t->tid].next = (struct step){ P_FIRE, (char *)t, 0 };
}

void goro_ktimer_start(goro_ktimer_t *t, u64 when)
{
	point(P_WRITE, &t->when, 0);
	t->when = when;
	threads[t->tid].set = true;
	sync_with(t, true);
}

void goro_ktimer_try_cancel(goro_ktimer_t *t)
{
	point(P_WRITE, &t->when, 0);
	threads[t->tid].set = false;
	sync_with(t, true);
}

void goro_ktimer_cancel(goro_ktimer_t *t)
{
	point(P_CANCEL, t, 0);
	threads[t->tid].set = false;
	sync_with(t, true);
}

void *goro_alloc(size_t size)
{
	size_t n = (size + 7) & ~7UL;
	char *p = arena + arena_used + RED;

	if (arena_used + n + 2 * RED > ARENA)
		return NULL;
	arena_used += n + RED + 8;
	arena_used = (arena_used + 15) & ~15UL;
	unpoison(p - 8, 8 + size);
	*(size_t *)(p - 8) = size;
	poison(p - 8, 8);
	memset(p, 0, size);
	return p;
}

void goro_free(void *p)
{
	size_t size;

	unpoison((char *)p - 8, 8);
	size = *(size_t *)((char *)p - 8);
	poison((char *)p - 8, 8);
	if (self >= 0) {
		point(P_FREE, p, size);
		sync_with(p, true);
	}
	memset(p, 0xfd, size);
	poison(p, size);
}

/* ---- a run ----------------------------------------------------------- */

void model_cancel(int g)
{
	struct thread *th = &threads[g];
	bool claimed = false;

	/* as goro_group_cancel(), goro_g_cancel() */
	goro_lock(&group);
	if (th->w) {
		det_atomic(&th->w->cancelled, true);
		th->w->cancelled = true;
		claimed = goro_claim(&th->w->w, GORO_BY_CANCEL);
	}
	goro_unlock(&group);
	if (claimed)
		goro_ready(&th->w->w);
}

u64 model_deadline(enum op_mode mode)
{
	return mode == M_TRY ? GORO_NOW : mode == M_FOREVER ? GORO_FOREVER : 1;
}

static goro_ktimer_ret_t on_deadline(goro_ktimer_t *t)
{
	struct goro_waiter *w = &threads[t - deadlines].w->w;

	if (goro_claim(w, GORO_BY_TIMEOUT))
		goro_ready(w);
	return GORO_KTIMER_DONE;
}

static void waiter_drop(struct thread *th)
{
	struct det_waiter *w = th->w;

	th->w = NULL;
	if (w)
		goro_free(w);
}

static void goroutine(int g)
{
	int i;

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
	goro_lock(&group);
	if (threads[g].w)
		waiter_drop(&threads[g]);
	goro_unlock(&group);
}

static void thread_main(void)
{
	struct thread *th = &threads[self];

	__sanitizer_finish_switch_fiber(NULL, &main_bottom, &main_size);
	if (th->g >= 0) {
		goroutine(th->g);
		threads[self].live = false;
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
	group.held = 0;
	memset(det_clock, 0, sizeof(det_clock));
	unpoison(arena, arena_used);
	arena_used = 0;
	poison(arena, ARENA);
	nthreads = s->ng;
	for (g = 0; g < s->ng; g++) {
		threads[g].g = g;
		threads[g].ready = false;
		threads[g].begins = false;
		threads[g].w = NULL;
		thread_begin(g);
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
