// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gs: starting, ending, and using their memory again.
 *
 * Life of a struct goro_g: FREE -> goro_g_new() -> LIVE -> queued, run, parked,
 * ... -> its function returns -> DEAD, still on its stack -> reaped by the
 * context that runs next on that M -> a P's cache, or the slab.
 *
 * Who may still hold a G when it is reaped: no queue (it was running), no
 * timer (cancelled before each blocking call returned), no group (it left
 * before it died), no claimer (a claim ends with ready(), which a later park
 * waited for). Dumps find Gs in the lists of all Gs and hold the list's lock
 * while they look; a G stays in its list while it is cached, and leaves it,
 * under that lock, before it goes to the slab.
 *
 * Gs that an M starts come from its P's cache and are charged to nobody; those
 * that a thread starts are charged to it, and never cached.
 */
#include <linux/hash.h>
#include <linux/kprobes.h>
#include <linux/slab.h>
#include "../core/context.h"
#include "sched.h"
#include "trim.h"

#define COPY_MAX	4096
/* goro_ring_prefetch() looks at Gs that may have gone; KASAN would not see other such uses */
#define TYPESAFE	(IS_ENABLED(CONFIG_KASAN) ? 0 : SLAB_TYPESAFE_BY_RCU)

struct kmem_cache *goro_g_cache;
struct goro_all goro_all[1 << GORO_ALL_BITS];
static DEFINE_PER_CPU(u64, g_ids);
static atomic64_t g_atomic_ids;		/* of those started by goro_go_atomic() */

static struct goro_g *gfree_pop(struct goro_p *p)
{
	struct llist_node *n = p->gfree.first;

	if (unlikely(!n)) {
		struct goro_g *chain = p->gfull ?: goro_depot_get();

		if (!chain)
			return NULL;
		p->gfull = NULL;
		p->ngfree = GORO_CHAIN;
		n = &chain->qnode;
	}
	p->gfree.first = n->next;
	p->ngfree--;
	return container_of(n, struct goro_g, qnode);
}

static void gfree_push(struct goro_p *p, struct goro_g *g)
{
	if (unlikely(p->ngfree == GORO_CHAIN)) {
		if (p->gfull)
			goro_depot_put(p->gfull);
		p->gfull = container_of(p->gfree.first, struct goro_g, qnode);
		p->gfree.first = NULL;
		p->ngfree = 0;
	}
	g->qnode.next = p->gfree.first;
	p->gfree.first = &g->qnode;
	p->ngfree++;
}

/* Its list; nearly a slab's. */
static struct goro_all *goro_all_of(const struct goro_g *g)
{
	return &goro_all[hash_long((unsigned long)g >> PAGE_SHIFT, GORO_ALL_BITS)];
}

static struct goro_g *g_from_slab(gfp_t gfp, u8 flags)
{
	struct goro_g *g = kmem_cache_zalloc(goro_g_cache, gfp);
	unsigned long irq;
	struct goro_all *all;

	if (!g)
		return NULL;
	g->flags = flags;
	goro_waiter_init(&g->w, GORO_W_G);
	all = goro_all_of(g);
	raw_spin_lock_irqsave(&all->lock, irq);
	list_add_tail(&g->all, &all->list);
	raw_spin_unlock_irqrestore(&all->lock, irq);
	return g;
}

void goro_g_to_slab(struct goro_g *g)
{
	struct goro_all *all = goro_all_of(g);
	unsigned long flags;

	raw_spin_lock_irqsave(&all->lock, flags);
	list_del(&g->all);
	raw_spin_unlock_irqrestore(&all->lock, flags);
	kmem_cache_free(goro_g_cache, g);
}

static struct goro_g *g_alloc(void)
{
	struct goro_g *g = NULL;
	struct goro_m *m;

	preempt_disable();
	m = goro_m_current();
	if (m && m->p)
		g = gfree_pop(m->p);
	preempt_enable();
	if (g)
		return g;
	if (m)
		return g_from_slab(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN, 0);
	return g_from_slab(GORO_GFP, GORO_G_CHARGED);
}

/* Take a G out of use: into the P's cache (p may be NULL), or away. */
static void g_free(struct goro_p *p, struct goro_g *g)
{
	WRITE_ONCE(g->state, GORO_G_FREE);
	if (unlikely(g->flags & GORO_G_TRIM))
		goro_trim_end(g);
	if (!p || (g->flags & GORO_G_CHARGED))
		goro_g_to_slab(g);
	else
		gfree_push(p, g);
}

/* A P's cache of Gs (the P is out, or the Ms have ended). */
void goro_g_trim(struct goro_p *p)
{
	if (p->gfull) {
		preempt_disable();
		goro_depot_put(p->gfull);
		preempt_enable();
		p->gfull = NULL;
	}
	while (p->gfree.first)
		goro_g_to_slab(gfree_pop(p));
}

/*
 * A dead G is off its stack; called in the section that switched away from it.
 * goro_num() counts it until here, so when it says 0 all stacks are free.
 */
void goro_g_reap(struct goro_g *g)
{
	struct goro_m *m = goro_m_current();

	if (unlikely(g->outer))
		goro_outer_put(m->p, g);
	if (g->stack) {
		goro_stack_put(m->p, g->stack, goro_stack_size(g));
		g->stack = NULL;
	}
	g->on_cpu = 0;
	if (g->flags & GORO_G_ACCT)
		goro_acct_put(g->acct);
	g_free(m->p, g);
	goro_count(GORO_C_G_DESTROYED);
}

/*
 * End of a G, on its own stack. Not to be traced, nor the others here that do
 * not return: a tracer would wait for it on this thread. (Inlined: objtool takes
 * the switch's jump for one that may return, and would have a caller go on.)
 */
static __always_inline void __noreturn g_end(struct goro_g *g, int err)
{
	struct module *owner = g->flags & GORO_G_UNPINNED ? NULL : g->owner;

	/* the M is the next one's, who has begun nothing */
	if (unlikely(g->m->blocked))
		goro_block_end();
	trace_goro_exit(g->id);
	WRITE_ONCE(g->name, NULL);	/* it may go with the module; dumps look at us for longer */
	if (unlikely(g->scopes)) {
		goro_scopes_drop(g->scopes);
		/* what runs from here on, a value's release, waits outside of them */
		g->scopes = NULL;
		g->w.scoped = 0;
	}
	if (g->member.group)
		goro_group_leave(&g->member, err);
	else if (g->flags & GORO_G_WG)
		goro_wg_done(g->alone.wg);
	else if (unlikely(g->alone.ctx))
		__goro_ctx_put(g->alone.ctx, owner);
	if (g->flags & GORO_G_COPY)
		kfree(g->arg);
	/*
	 * From here on nothing but goro's own text runs. goro.ko itself waits
	 * at unload until no G is left.
	 */
	module_put(owner);
	g->reason = GORO_R_NONE;
	preempt_disable();
	if (unlikely(goro_is_bound(g))) {
		/* goro_exit() out of marked functions, or locked to the M */
		if (g->m->locks)
			goro_count(GORO_C_M_LOCKED_EXIT);
		g->m->spoilt = true;
	}
	WRITE_ONCE(g->state, GORO_G_DEAD);
	goro_switch_to(g, goro_pick(g));
	BUG();
}

notrace void __goro_exit(void)
{
	struct goro_g *g = goro_self_any();

	BUG_ON(!g);	/* a thread cannot be ended here, and we may not return */
	/* what has to be done may wait */
	if (g->m->blocked)
		goro_block_end();
	/* each is in a frame above: they are all still there */
	while (g->defers) {
		struct goro_defer *d = g->defers;

		g->defers = d->next;
		d->fn(d);
	}
	g_end(g, 0);
}
NOKPROBE_SYMBOL(__goro_exit);
EXPORT_SYMBOL_GPL(__goro_exit);

/* It lives under a context: all of its waits are in this scope. */
static noinline int run_under(struct goro_g *g, struct goro_ctx *ctx)
{
	struct goro_scope scope;
	int err = 0;

	scope.ctx = NULL;
	/* else it is never cancelled, or only held */
	if (ctx->by && !(g->flags & GORO_G_HOLDS))
		goro_scope_enter(&scope, ctx->by);
	if (g->flags & GORO_G_ERRFN)
		err = g->err_fn(g->arg);
	else
		g->fn(g->arg);
	goro_ctx_leave(&scope, 0);
	return err;
}

/* First C code of a G, from goro_g_entry(); the section is open. */
asmlinkage __visible notrace void __noreturn goro_g_main(struct goro_g *prev)
{
	struct goro_ctx *ctx;
	struct goro_g *g;
	int err = 0;

	goro_switch_done(prev);
	goro_section_end();
	g = goro_self();
	/* a group keeps its own until its members have left */
	ctx = g->member.group ? g->member.group->ctx : g->alone.ctx;
	if (unlikely(ctx))
		err = run_under(g, ctx);
	else if (g->flags & GORO_G_ERRFN)
		err = g->err_fn(g->arg);
	else
		g->fn(g->arg);
	g_end(g, err);
}
NOKPROBE_SYMBOL(goro_g_main);

/* UML runs interrupts on the stack of whom they interrupt: they alone have used 3 KiB */
#define STACK_LEAST	(IS_ENABLED(CONFIG_UML) ? SZ_8K : SZ_4K)

static int attr_check(const struct goro_attr *attr, u32 *stack_size)
{
	*stack_size = THREAD_SIZE;
	if (!attr)
		return 0;
	if (attr->flags & ~GORO_TRIM)
		return -EINVAL;
	switch (attr->stack_size) {
	case 0:
	case THREAD_SIZE:
		return 0;
	case SZ_4K:
	case SZ_8K:
		/* KASAN's frames are several times larger */
		if (!IS_ENABLED(CONFIG_KASAN))
			*stack_size = max_t(u32, attr->stack_size, STACK_LEAST);
		return 0;
	}
	return -EINVAL;
}

/* Numbers of different CPUs, and of those started in atomic context, never meet. */
static u64 g_number(u64 n, unsigned int series)
{
	return n * (nr_cpu_ids + 1) + series;
}

/* What every new G begins with. */
static void g_set(struct goro_g *g, void *arg, u32 stack_size, const char *name,
		  unsigned long where)
{
	g->cancelled = 0;
	g->watch = 0;
	g->outside = 0;
	g->reason = GORO_R_NONE;
	g->stack_pages = stack_size >> PAGE_SHIFT;
	g->parks = 0;
	g->since = (u32)jiffies;
	g->arg = arg;
	g->name = name;
	g->where = where;
	g->owner = NULL;
	g->member.group = NULL;
	g->defers = NULL;
	g->alone.ctx = NULL;
	g->scopes = NULL;
	g->w.scoped = 0;
}

/* A new one is not wanted after all. */
static void g_drop(struct goro_g *g)
{
	preempt_disable();
	g_free(NULL, g);
	preempt_enable();
}

static struct goro_g *g_new(void *arg, const void *copy, size_t size,
			    const struct goro_attr *attr, unsigned long where)
{
	u32 stack_size;
	struct goro_g *g;
	int err;

	if (unlikely(!goro_may_wait()))
		return ERR_PTR(goro_misuse());
	err = attr_check(attr, &stack_size);
	if (err)
		return ERR_PTR(err);
	if (copy && size > COPY_MAX)
		return ERR_PTR(-EINVAL);
	if (READ_ONCE(goro_sched.stopping) || unlikely(READ_ONCE(goro_sched.broken)))
		return ERR_PTR(-ENODEV);
	if (copy) {
		arg = kmalloc(size ?: 1, GORO_GFP);
		if (!arg)
			return ERR_PTR(-ENOMEM);
		memcpy(arg, copy, size);
	}
	g = g_alloc();
	if (!g) {
		if (copy)
			kfree(arg);
		return ERR_PTR(-ENOMEM);
	}
	g->flags = (g->flags & GORO_G_CHARGED) | (copy ? GORO_G_COPY : 0);
	g_set(g, arg, stack_size, attr ? attr->name : NULL, where);
	/* raw: without the interrupts off that this_cpu ops mean in UML (two system calls) */
	preempt_disable();
	g->id = g_number(raw_cpu_inc_return(g_ids), smp_processor_id());
	preempt_enable();
	if (unlikely(attr && attr->flags & GORO_TRIM) && goro_trim_new(g)) {
		if (copy)
			kfree(arg);
		g_drop(g);
		return ERR_PTR(-ENOMEM);
	}
	return g;
}
static void g_launch(struct goro_g *g)
{
	goro_count(GORO_C_G_CREATED);
	WRITE_ONCE(g->state, GORO_G_LIVE);
	trace_goro_create(g->id, g->fn, g->where);
	goro_ready_g(g);
}

int __goro_go(goro_fn_t fn, void *arg, const void *copy, size_t size,
	      const struct goro_attr *attr, struct module *owner)
{
	struct goro_g *g = g_new(arg, copy, size, attr, _RET_IP_);

	if (IS_ERR(g))
		return PTR_ERR(g);
	g->fn = fn;
	g->owner = owner;
	__module_get(owner);	/* the caller runs in it: it is live */
	g_launch(g);
	return 0;
}
EXPORT_SYMBOL_GPL(__goro_go);

/* The count rises before the goroutine can run, so the caller may wait at once. */
int __goro_wg_go(struct goro_wg *wg, goro_fn_t fn, void *arg, struct module *owner)
{
	struct goro_g *g = g_new(arg, NULL, 0, NULL, _RET_IP_);
	int err;

	if (IS_ERR(g))
		return PTR_ERR(g);
	err = goro_wg_add(wg, 1);
	if (err) {
		g_drop(g);
		return err;
	}
	g->flags |= GORO_G_WG;
	g->alone.wg = wg;
	g->fn = fn;
	g->owner = owner;
	__module_get(owner);	/* as in __goro_go() */
	g_launch(g);
	return 0;
}
EXPORT_SYMBOL_GPL(__goro_wg_go);

/*
 * From any context: what a P caches is its owner's, whom an interrupt may have
 * hit in the middle of it, so this one is allocated; it may be cached later.
 */
int goro_port_go(goro_fn_t fn, void *arg, struct module *owner, unsigned long where)
{
	struct goro_g *g;

	if (READ_ONCE(goro_sched.stopping) || READ_ONCE(goro_sched.broken))
		return -ENODEV;
	g = g_from_slab(GFP_ATOMIC | __GFP_NOWARN, 0);
	if (!g)
		return -ENOMEM;
	g_set(g, arg, THREAD_SIZE, NULL, where);
	g->id = g_number(atomic64_inc_return(&g_atomic_ids), nr_cpu_ids);
	g->fn = fn;
	g->owner = owner;
	__module_get(owner);	/* as in __goro_go(), or a timer has it pinned */
	goro_count(GORO_C_GO_ATOMIC);
	g_launch(g);
	return 0;
}

int __goro_go_atomic(goro_fn_t fn, void *arg, struct module *owner)
{
	return goro_port_go(fn, arg, owner, _RET_IP_);
}
EXPORT_SYMBOL_GPL(__goro_go_atomic);

int __goro_go_ctx(struct goro_ctx *ctx, goro_fn_t fn, void *arg, struct module *owner)
{
	struct goro_g *g = g_new(arg, NULL, 0, NULL, _RET_IP_);

	if (IS_ERR(g))
		return PTR_ERR(g);
	g->fn = fn;
	g->owner = owner;
	__module_get(owner);	/* as in __goro_go() */
	/* one that is never cancelled, too: its values */
	g->alone.ctx = __goro_ctx_get(ctx, owner);
	g_launch(g);
	return 0;
}
EXPORT_SYMBOL_GPL(__goro_go_ctx);

/* As __goro_go(), started later, or never. It counts as a goroutine from then on. */
struct goro_g *goro_spawn_prepare(goro_fn_t fn, void *arg, struct module *owner)
{
	struct goro_g *g = g_new(arg, NULL, 0, NULL, _RET_IP_);

	if (IS_ERR(g))
		return g;
	g->fn = fn;
	g->owner = owner;
	__module_get(owner);
	return g;
}

void goro_spawn_start(struct goro_g *g, struct goro_ctx *ctx)
{
	g->alone.ctx = ctx;
	g->flags |= GORO_G_HOLDS;
	g_launch(g);
}

static void g_discard(struct goro_g *g)
{
	if (g->flags & GORO_G_COPY)
		kfree(g->arg);
	if (g->flags & GORO_G_ACCT)
		goro_acct_put(g->acct);
	preempt_disable();
	g_free(NULL, g);
	preempt_enable();
}

void goro_spawn_drop(struct goro_g *g)
{
	module_put(g->owner);
	g_discard(g);
}

static int group_go(struct goro_group *grp, goro_err_fn_t fn, struct goro_g *g,
		    struct module *owner, bool try)
{
	int err;

	g->flags |= GORO_G_ERRFN | GORO_G_UNPINNED;
	g->err_fn = fn;
	g->owner = owner;
	if (grp->acct) {
		g->flags |= GORO_G_ACCT;
		g->acct = goro_acct_get(grp->acct);
	}
	err = goro_group_join(grp, &g->member, try);
	if (err) {
		g_discard(g);
		return err;
	}
	g_launch(g);
	return 0;
}

int __goro_group_go(struct goro_group *grp, goro_err_fn_t fn, void *arg,
		    const void *copy, size_t size, const struct goro_attr *attr,
		    struct module *owner)
{
	struct goro_g *g = g_new(arg, copy, size, attr, _RET_IP_);

	return IS_ERR(g) ? PTR_ERR(g) : group_go(grp, fn, g, owner, false);
}
EXPORT_SYMBOL_GPL(__goro_group_go);

int __goro_group_try_go(struct goro_group *grp, goro_err_fn_t fn, void *arg,
			struct module *owner)
{
	struct goro_g *g = g_new(arg, NULL, 0, NULL, _RET_IP_);

	return IS_ERR(g) ? PTR_ERR(g) : group_go(grp, fn, g, owner, true);
}
EXPORT_SYMBOL_GPL(__goro_group_try_go);

/*
 * Set the flag, full barrier, claim; goro_wait_begin() sets WAIT, full barrier,
 * looks at the flag.
 */
bool goro_member_cancel(struct goro_member *mb)
{
	struct goro_g *g = container_of(mb, struct goro_g, member);

	if (g->cancelled)
		return false;
	WRITE_ONCE(g->cancelled, 1);
	smp_mb();	/* pairs with the xchg in goro_wait_begin() */
	return goro_claim(&g->w, GORO_BY_CANCEL);
}

bool goro_in_goroutine(void)
{
	return goro_self_any();
}
EXPORT_SYMBOL_GPL(goro_in_goroutine);

long goro_num(void)
{
	/* ends are read first: the difference is never negative */
	u64 ended = goro_counter(GORO_C_G_DESTROYED);

	smp_rmb();	/* no end is counted whose start is not */
	return goro_counter(GORO_C_G_CREATED) - ended;
}
EXPORT_SYMBOL_GPL(goro_num);

int goro_g_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(goro_all); i++) {
		raw_spin_lock_init(&goro_all[i].lock);
		INIT_LIST_HEAD(&goro_all[i].list);
	}
	goro_g_cache = kmem_cache_create("goro_g", sizeof(struct goro_g), 0,
					 SLAB_HWCACHE_ALIGN | TYPESAFE, NULL);
	return goro_g_cache ? 0 : -ENOMEM;
}

void goro_g_exit(void)
{
	goro_depot_exit();
	kmem_cache_destroy(goro_g_cache);
}
