/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What both ports have alike: no interrupts, sections, modules or goro_exit(); misuse
 * is no matter of theirs. And what core's contexts and groups ask of the port, for
 * scenarios that have neither: they compile, and nothing of it is reached.
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

typedef struct model_late {
	void (*fn)(struct model_late *late);
} goro_late_t;
#define GORO_LATE(name, f)	goro_late_t name = { .fn = (f) }
#define goro_late_queue(l)	((l)->fn(l))
#define goro_late_flush(l)	((void)(l))

typedef struct model_spawn goro_spawn_t;
#define goro_spawn_prepare(fn, arg, m)	((void)(fn), (void)(arg), (void)(m), (goro_spawn_t *)ERR_PTR(-ENODEV))
#define goro_spawn_start(g, c)	((void)(g), (void)(c))
#define goro_spawn_drop(g)	((void)(g))

#define goro_scope_push(s)	((void)(s), abort())
#define goro_scope_pop(s)	((void)(s), abort())
#define goro_wait_prepare()	do { } while (0)

#define goro_member_self()	((struct goro_member *)NULL)
#define goro_member_cancel(mb)	((void)(mb), false)
#define goro_member_waiter(mb)	((void)(mb), (struct goro_waiter *)NULL)
#define goro_acct_cancelled(a)	((void)(a))

#endif /* GORO_PORT_BOTH_H */
