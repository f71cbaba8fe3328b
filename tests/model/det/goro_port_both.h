/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What both ports have alike: no interrupts, sections, modules or goro_exit(); misuse
 * is no matter of theirs. A goroutine that core starts is one of the scenario's (F).
 */
#ifndef GORO_PORT_BOTH_H
#define GORO_PORT_BOTH_H

#define goro_irq_save(flags)	((void)((flags) = 0))
#define goro_irq_restore(flags)	((void)(flags))
#define goro_section_begin()	do { } while (0)
#define goro_section_end()	do { } while (0)
#define goro_misuse_by(what)	do { } while (0)
#define goro_misuse_of(what, owner)	((void)(owner))
#define goro_owner_get(m)	((void)(m))
#define goro_owner_put(m)	((void)(m))
#define goro_caller()		0UL
#define GORO_CHAN_BYTES_MAX	(1ULL << 30)

/* there is no goro_exit() here */
struct goro_defer {
	void (*fn)(struct goro_defer *d);
};

#define goro_defer(d, f)	((void)((d)->fn = (f)))
#define goro_undefer(d)		((void)(d))

/* work for a thread that may wait: see model_late_queue() */
typedef struct model_late {
	void (*fn)(struct model_late *late);
} goro_late_t;
/* what it works on is core's only state that a run could leave to the next: ctx.c */
#define GORO_LATE(name, f)						\
	goro_late_t name = { .fn = (f) };				\
	void model_late_reset(void)					\
	{								\
		INIT_LIST_HEAD(&late_list);				\
		goro_lock_init(&late_lock);				\
	}								\
	struct model_late
void model_late_reset(void);
void model_late_queue(goro_late_t *l);
#define goro_late_queue(l)	model_late_queue(l)
#define goro_late_flush(l)	((void)(l))

/* set aside for the goroutine whose number arg is */
typedef struct model_spawn {
	int g;
} goro_spawn_t;
struct goro_ctx;
void model_start(int g, struct goro_ctx *ctx);
#define goro_spawn_prepare(fn, arg, m)					\
({									\
	goro_spawn_t *_s = goro_alloc(sizeof(*_s));			\
									\
	(void)(fn);							\
	(void)(m);							\
	_s->g = (int)(long)(arg);					\
	_s;								\
})
#define goro_spawn_start(s, ctx)					\
do {									\
	goro_spawn_t *_s = (s);						\
	int _g = _s->g;							\
									\
	goro_free(_s);							\
	model_start(_g, ctx);						\
} while (0)
#define goro_spawn_drop(s)	goro_free(s)
int model_timer_fn(void);
#define goro_port_go(fn, arg, m, where)	((void)(fn), (void)(arg), (void)(where), model_timer_fn())

struct goro_scope;
void goro_scope_push(struct goro_scope *s);
int goro_scope_pop(struct goro_scope *s);
void goro_wait_prepare(void);

struct goro_member *goro_member_self(void);
bool goro_member_cancel(struct goro_member *mb);
struct goro_waiter *goro_member_waiter(struct goro_member *mb);
#define goro_acct_cancelled(a)	((void)(a))

#endif /* GORO_PORT_BOTH_H */
