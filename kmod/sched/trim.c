// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trimming: the stack of a G that waits (GORO_TRIM) is copied, as far as it is in use,
 * and its pages go back to the system; others come, to the same addresses, before the G
 * runs.
 *
 * Whose the stack is. A G that waits is had by who claims it. The trimmer claims, too,
 * but for a moment: WAIT -> HELD by cmpxchg, and back. Whoever claims meanwhile waits
 * for the word (goro_claim_held()). So either the readier was first, and the trimmer
 * finds no WAIT; or the trimmer was, and the G is claimed, queued and dequeued with
 * `stack` NULL and `away` set: its readier finds it completely trimmed or not at all.
 * In HELD the trimmer has interrupts off and waits for nothing, so that the others' wait
 * is bounded. Barriers:
 *   on_cpu: the trimmer's acquire, after HELD, pairs with goro_switch_done(): the G has
 *	left its stack, and what it wrote is seen. If it has not it is left alone.
 *   HELD -> WAIT is a release, with all that was changed before it; the claim that finds
 *	WAIT is a full barrier, and queues order it with who dequeues the G.
 *   on_each_cpu() after `stack` was set to NULL and before a page goes: dumps look at
 *	parked stacks with interrupts off, and have ended their look, or see NULL. A
 *	reader of /proc/PID/stack may have taken an M's stack pointer while it was on
 *	this G: an RCU grace period since the park, and some time.
 *
 * `away`: NO -> COPIED (in HELD) -> GOING -> GONE, many together: one flush of the TLBs for
 * them. Who dequeues one in COPIED takes it out of the batch and has its pages still; in
 * GOING he waits for the flush (goro_trim_fill(), on the M's own stack, with the section
 * closed and the G back in the queue); in GONE he maps pages. They are asked for in the
 * same way as new stacks: nothing that was picked and no P is held across a sleep. If there
 * is no memory some are kept in reserve, enough for one stack a P, and it is tried again;
 * nothing is dropped.
 *
 * What another context reaches in the frames of a G that waits, and what is done:
 *
 *	send, recv	the element			E
 *	mutex		its record of the wait		E
 *	semaphore	nothing: how much is in G
 *	select		sudogs and elements of cases	Q, E
 *	.. of files	wait-queue entries of cases	Q
 *	wait_event, poll, sockets: wait-queue entries	Q
 *	with a deadline	it, in its tree			Q
 *	under contexts	scopes in their lists		Q
 *	sleep, nil channel, WaitGroup, group, RWMutex, Cond, Once, cancel, group's end,
 *	accounts: nothing, all is in G
 *   E: it is reached through the sudog, which points at the copy. Q: the copy takes its place
 *   in the queue (trim_move.c).
 *	goro_exit()'s goro_defer records: the G's own
 *	unwinders (dump, watchdog, oops), the hog tick: look at `stack`, or at Gs that run
 *
 * Left where they are: Gs that keep their M (bound by a tracer, locked: on_cpu stays set;
 * goro_wait_for_completion(), blocking calls, which do not park); inside
 * goro_call_on_stack(); with more than LIVE_MAX bytes in use, or more than 16 things
 * linked (select of many cases).
 *
 * When. Gs that have run since they were trimmed are in `candidates`; a work item goes
 * through it every trim_ms while there are any. Those that cannot be trimmed leave it
 * until they run again. So an idle system, all of whose Gs have been trimmed, has no
 * timer. The shrinker takes those that have waited for an RCU grace period.
 *
 * Locks: scan_lock (one at a time takes stacks away); flush_lock, inside it, around GOING;
 * T: trim_lock, a spinlock in process context and sections; pool.lock, innermost.
 */
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include "sched.h"
#include "trim.h"

static unsigned int trim_ms = 1000;
static int trim_ms_set(const char *val, const struct kernel_param *kp);
static const struct kernel_param_ops trim_ms_ops = {
	.set = trim_ms_set,
	.get = param_get_uint,
};
module_param_cb(trim_ms, &trim_ms_ops, &trim_ms, 0644);
MODULE_PARM_DESC(trim_ms, "a GORO_TRIM goroutine's stack is taken away when it has waited that long");

#if GORO_ARENA

#define LIVE_MAX	2048	/* bytes copied at most: more are not worth it */
#define BATCH		128	/* stacks whose pages go with one flush */
#define ASK		16	/* pages asked for at a time */

static struct kmem_cache *trim_cache;
static DEFINE_MUTEX(scan_lock);
static DEFINE_MUTEX(flush_lock);
static DEFINE_SPINLOCK(trim_lock);
static LIST_HEAD(candidates);		/* T: goro_trim.node */
static unsigned long ncandidates;	/* T; read without it */

/* Pages that wait to be mapped; and the reserve, which is used only if there are no others. */
static struct {
	spinlock_t lock;			/* L */
	struct list_head pages, reserve;	/* L */
	unsigned int n, nreserve;		/* L; read without it */
	unsigned int want;			/* C: of the reserve */
} pool = { .lock = __SPIN_LOCK_UNLOCKED(pool.lock) };

static void scan_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(work, scan_work);

static unsigned long delay(void)
{
	return max(msecs_to_jiffies(READ_ONCE(trim_ms)), 1UL);
}

static void arm(void)
{
	if (!READ_ONCE(goro_sched.stopping))
		schedule_delayed_work(&work, delay());
}

static int trim_ms_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_uint(val, kp);

	if (!err && delayed_work_pending(&work) && !READ_ONCE(goro_sched.stopping))
		mod_delayed_work(system_wq, &work, delay());
	return err;
}

/* for tests: but for each so-manieth, a request for pages finds none */
static unsigned int trim_test_fail;
module_param(trim_test_fail, uint, 0644);

static bool test_fails(void)
{
	static atomic_t nr;
	unsigned int n = READ_ONCE(trim_test_fail);

	return unlikely(n) && (unsigned int)atomic_inc_return(&nr) % n;
}

/* ---- pages ------------------------------------------------------------------ */

static unsigned int move_pages(struct list_head *from, struct list_head *to, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n && !list_empty(from); i++)
		list_move(from->next, to);
	return i;
}

/* Bring the reserve up to what it is to be. */
static int reserve_fill(gfp_t gfp)
{
	LIST_HEAD(pages);
	int err = 0;

	while (!err && READ_ONCE(pool.nreserve) < pool.want) {
		err = goro_pages_get(1, gfp, &pages);
		if (err)
			break;
		spin_lock(&pool.lock);
		pool.nreserve += move_pages(&pages, &pool.reserve, 1);
		spin_unlock(&pool.lock);
	}
	return err;
}

/* What was taken away from stacks: into the reserve, if that needs it. */
static void pages_free(struct list_head *pages)
{
	if (READ_ONCE(pool.nreserve) < pool.want) {
		spin_lock(&pool.lock);
		if (pool.nreserve < pool.want)
			pool.nreserve += move_pages(pages, &pool.reserve,
						    pool.want - pool.nreserve);
		spin_unlock(&pool.lock);
	}
	goro_pages_put(pages);
}

/* n pages of the pool, or none. */
static bool pages_take(unsigned int n, struct list_head *pages)
{
	bool enough;

	spin_lock(&pool.lock);
	enough = pool.n >= n;
	if (enough)
		pool.n -= move_pages(&pool.pages, pages, n);
	spin_unlock(&pool.lock);
	return enough;
}

/*
 * A stack could not be brought back at once: wait until those that are going have
 * gone, and see that there are pages. The caller holds nothing and looks again.
 */
int goro_trim_fill(u32 size)
{
	unsigned int n = size / PAGE_SIZE, got = 0;
	LIST_HEAD(pages);

	goro_count(GORO_C_TRIM_WAIT);
	if (mutex_is_locked(&flush_lock)) {
		mutex_lock(&flush_lock);
		mutex_unlock(&flush_lock);
	}
	if (READ_ONCE(pool.n) >= n)
		return 0;
	while (!test_fails() && got < ASK &&
	       !goro_pages_get(1, GFP_KERNEL | (got < n ? __GFP_RETRY_MAYFAIL : __GFP_NORETRY),
			       &pages))
		got++;
	spin_lock(&pool.lock);
	pool.n += move_pages(&pages, &pool.pages, got);
	if (got < n && pool.n < n) {
		unsigned int more = move_pages(&pool.reserve, &pool.pages, n - pool.n);

		pool.n += more;
		pool.nreserve -= more;
		goro_count(GORO_C_TRIM_RESERVE);
	}
	got = pool.n;
	spin_unlock(&pool.lock);
	return got < n ? -ENOMEM : 0;
}

/* ---- back ------------------------------------------------------------------- */

/* It is not on the list: since it was last trimmed, or ever, it has not run. */
void goro_trim_seen(struct goro_g *g)
{
	struct goro_trim *t = g->trim;
	bool first;

	/* the G is ours: only who has it puts it in, and the trimmer takes out what waits */
	if (likely(!list_empty(&t->node)))
		return;
	spin_lock(&trim_lock);
	first = !ncandidates++;
	list_add_tail(&t->node, &candidates);
	spin_unlock(&trim_lock);
	if (first)
		arm();
}

/* Out of a list of candidates; the lock is held. */
static void unlist(struct goro_trim *t)
{
	list_del_init(&t->node);
	WRITE_ONCE(ncandidates, ncandidates - 1);
}

/*
 * The stack of a G that was dequeued by the caller, in a section on the M's own stack:
 * true, it is back; false, see goro_trim_fill().
 */
bool goro_trim_back(struct goro_g *g)
{
	struct goro_trim *t = g->trim;
	u32 size = goro_stack_size(g);
	LIST_HEAD(pages);
	u8 away;

	spin_lock(&trim_lock);
	away = t->away;
	if (away == GORO_AWAY_COPIED)
		list_del_init(&t->node);	/* out of the batch: it is ours again */
	spin_unlock(&trim_lock);
	if (away == GORO_AWAY_GOING)
		return false;
	if (away == GORO_AWAY_GONE) {
		if (!pages_take(size / PAGE_SIZE, &pages))
			return false;
		goro_pages_map(t->stack, size, &pages);
		goro_stack_prepare(t->stack, size);
	}
	goro_trim_move_in(t);
	kfree(t->copy);
	t->copy = NULL;
	WRITE_ONCE(t->away, GORO_AWAY_NO);
	WRITE_ONCE(g->stack, t->stack);
	goro_count(away == GORO_AWAY_GONE ? GORO_C_TRIM_BACK : GORO_C_TRIM_SAVED);
	goro_trim_seen(g);
	return true;
}

/* ---- away ------------------------------------------------------------------- */

static void nothing(void *unused)
{
}

/* The pages of those that were copied go, but for those that are wanted back already. */
static void finish(struct list_head *batch)
{
	LIST_HEAD(going);
	LIST_HEAD(pages);
	struct goro_trim *t, *next;
	unsigned int n = 0;

	if (list_empty(batch))
		return;
	on_each_cpu(nothing, NULL, 1);	/* no dump looks at them any more */
	mutex_lock(&flush_lock);
	spin_lock(&trim_lock);
	list_for_each_entry(t, batch, node)
		WRITE_ONCE(t->away, GORO_AWAY_GOING);
	list_splice_init(batch, &going);
	spin_unlock(&trim_lock);
	/* they stay as they are: nobody runs them in GOING */
	list_for_each_entry(t, &going, node)
		goro_pages_unmap(t->stack, goro_stack_size(t->g), &pages);
	goro_pages_flush();
	spin_lock(&trim_lock);
	list_for_each_entry_safe(t, next, &going, node) {
		list_del_init(&t->node);
		WRITE_ONCE(t->away, GORO_AWAY_GONE);	/* and it may be gone */
		n++;
	}
	spin_unlock(&trim_lock);
	mutex_unlock(&flush_lock);
	goro_count_n(GORO_C_TRIM_AWAY, n);
	pages_free(&pages);
}

enum verdict { TAKEN, LATER, NEVER, LARGER };

/* Copy its stack, in HELD. */
static enum verdict copy(struct goro_trim *t, void *room, size_t *size)
{
	struct goro_g *g = t->g;
	unsigned long live = goro_trim_live(g, g->stack);

	if (live > LIVE_MAX)
		return NEVER;
	if (kmalloc_size_roundup(live) != *size) {
		*size = kmalloc_size_roundup(live);
		return LARGER;
	}
	switch (goro_trim_move_out(t, room, live)) {
	case GORO_MOVED:
		break;
	case GORO_MOVE_LATER:
		return LATER;
	default:
		return NEVER;
	}
	t->copy = room;
	t->len = live;
	t->stack = g->stack;
	WRITE_ONCE(t->away, GORO_AWAY_COPIED);
	WRITE_ONCE(g->stack, NULL);
	return TAKEN;
}

/*
 * Take its stack, if it waits, and has since `before`; the lock is held. @room is for
 * @size bytes; LARGER: it is of the wrong size, and @size is the right one. NEVER: and
 * it is off the list.
 */
static enum verdict take(struct goro_trim *t, u32 before, void *room, size_t *size)
{
	struct goro_g *g = t->g;
	int was = atomic_read(&g->w.claim);
	enum verdict verdict = LATER;
	unsigned long flags;

	if ((was != GORO_WAIT && was != GORO_WAIT_NC) || t->away)
		return LATER;
	local_irq_save(flags);
	if (atomic_cmpxchg(&g->w.claim, was, GORO_HELD) == was) {
		/* acquire: pairs with goro_switch_done() */
		if (!smp_load_acquire(&g->on_cpu) && (s32)(before - g->since) >= 0)
			verdict = copy(t, room, size);
		if (verdict == NEVER)
			unlist(t);	/* before it can run, and looks */
		atomic_set_release(&g->w.claim, was);
	}
	local_irq_restore(flags);
	return verdict;
}

/*
 * Take away up to max stacks of Gs that have waited since `before`: how many. scan_lock
 * is held.
 */
static unsigned long scan(u32 before, unsigned long max, gfp_t gfp)
{
	unsigned long taken = 0, looks, n = 0;
	struct goro_trim *t;
	LIST_HEAD(batch);
	size_t size = 0, want;
	void *room = NULL;

	spin_lock(&trim_lock);
	/* each once; those that come meanwhile are too young anyway */
	for (looks = ncandidates; looks && taken < max && !list_empty(&candidates); looks--) {
		if (looks % 64 == 0) {
			spin_unlock(&trim_lock);
			cond_resched();
			spin_lock(&trim_lock);
			if (list_empty(&candidates))
				break;
		}
		t = list_first_entry(&candidates, struct goro_trim, node);
		want = size;
		switch (take(t, before, room, &want)) {
		case LARGER:
			/* once more, with room for it; or for another one */
			spin_unlock(&trim_lock);
			kfree(room);
			room = kmalloc(want, gfp | __GFP_NOWARN);
			size = room ? want : 0;
			spin_lock(&trim_lock);
			if (!room)
				looks = 1;	/* no memory: another time */
			else
				looks++;
			break;
		case TAKEN:
			unlist(t);
			list_add_tail(&t->node, &batch);
			room = NULL;
			size = 0;
			taken++;
			if (++n == BATCH) {
				spin_unlock(&trim_lock);
				finish(&batch);
				n = 0;
				spin_lock(&trim_lock);
			}
			break;
		case NEVER:
			goro_count(GORO_C_TRIM_LEFT);
			break;
		case LATER:
			list_move_tail(&t->node, &candidates);
			break;
		}
	}
	spin_unlock(&trim_lock);
	finish(&batch);
	kfree(room);
	return taken;
}

static void scan_work(struct work_struct *unused)
{
	u32 before = (u32)jiffies - (u32)msecs_to_jiffies(READ_ONCE(trim_ms));

	mutex_lock(&scan_lock);
	goro_count(GORO_C_TRIM_SCAN);
	synchronize_rcu();
	scan(before, ULONG_MAX, GFP_KERNEL | __GFP_NORETRY);
	mutex_unlock(&scan_lock);
	if (READ_ONCE(ncandidates))
		arm();
}

/* ---- the shrinker ----------------------------------------------------------- */

static unsigned long shrink_count(struct shrinker *s, struct shrink_control *sc)
{
	return READ_ONCE(ncandidates) ?: SHRINK_EMPTY;
}

/* scan_lock: until that grace period has passed, what had parked before is not taken */
static unsigned long gp;
static u32 gp_begun, gp_passed;

static unsigned long shrink_scan(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long n;

	if (!mutex_trylock(&scan_lock))
		return SHRINK_STOP;
	if (poll_state_synchronize_rcu(gp)) {
		gp_passed = gp_begun;
		gp_begun = (u32)jiffies;
		gp = start_poll_synchronize_rcu();
	}
	n = scan(gp_passed, sc->nr_to_scan, GFP_NOWAIT | __GFP_NOMEMALLOC);
	mutex_unlock(&scan_lock);
	goro_count_n(GORO_C_TRIM_SHRINK, n);
	return n ?: SHRINK_STOP;
}

static struct shrinker *shrinker;

/* ---- Gs come and go --------------------------------------------------------- */

/* A new G is to be trimmed. */
int goro_trim_new(struct goro_g *g)
{
	struct goro_trim *t;

	if (unlikely(READ_ONCE(pool.nreserve) < pool.want) &&
	    reserve_fill(GFP_KERNEL | __GFP_RETRY_MAYFAIL))
		return -ENOMEM;
	t = kmem_cache_zalloc(trim_cache, GORO_GFP);
	if (!t)
		return -ENOMEM;
	INIT_LIST_HEAD(&t->node);
	t->g = g;
	g->trim = t;
	g->flags |= GORO_G_TRIM;
	return 0;
}

/* It has ended, or was never started: it may be a candidate, nothing more. */
void goro_trim_end(struct goro_g *g)
{
	struct goro_trim *t = g->trim;

	if (!list_empty(&t->node)) {
		spin_lock(&trim_lock);
		unlist(t);
		spin_unlock(&trim_lock);
	}
	g->flags &= ~GORO_G_TRIM;
	kmem_cache_free(trim_cache, t);
}

int goro_trim_init(void)
{
	INIT_LIST_HEAD(&pool.pages);
	INIT_LIST_HEAD(&pool.reserve);
	pool.want = num_possible_cpus() * (THREAD_SIZE / PAGE_SIZE);
	trim_cache = kmem_cache_create("goro_trim", sizeof(struct goro_trim), 0,
				       SLAB_TYPESAFE_BY_RCU, NULL);	/* dumps look at it */
	if (!trim_cache)
		return -ENOMEM;
	gp = start_poll_synchronize_rcu();
	gp_begun = (u32)jiffies;
	gp_passed = gp_begun;
	shrinker = goro_shrinker_register("goro-stacks", shrink_count, shrink_scan);
	if (!shrinker) {
		kmem_cache_destroy(trim_cache);
		return -ENOMEM;
	}
	return 0;
}

/* All Gs have ended. */
void goro_trim_exit(void)
{
	goro_shrinker_unregister(shrinker);
	cancel_delayed_work_sync(&work);
	goro_pages_put(&pool.pages);
	goro_pages_put(&pool.reserve);
	kmem_cache_destroy(trim_cache);
}

#else /* !GORO_ARENA: GORO_TRIM does nothing */

static int trim_ms_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint(val, kp);
}

int goro_trim_fill(u32 size) { return 0; }
void goro_trim_seen(struct goro_g *g) { }
bool goro_trim_back(struct goro_g *g) { return true; }
int goro_trim_new(struct goro_g *g) { return 0; }
void goro_trim_end(struct goro_g *g) { }
int goro_trim_init(void) { return 0; }
void goro_trim_exit(void) { }

#endif
