// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_kunit.ko: the fixture of goro's KUnit suites, see kunit.h.
 *
 * Lifetime of a fixture: fx_exit() ends whatever still runs (closes channels,
 * cancels, stops threads) and frees it only when all of that has ended; what
 * does not end is reported and leaked, as its goroutines still point to it.
 */
#include <linux/mm.h>
#include <linux/sched/task.h>
#include "kunit.h"

const struct who whos[4] = {
	{ "goroutine to goroutine", false, false },
	{ "goroutine to thread", false, true },
	{ "thread to goroutine", true, false },
	{ "thread to thread", true, true },
};

/* in the order in which they go: a context has a channel */
static const struct { enum goro_counter made, gone; } objects[FX_OBJECTS] = {
	[FX_CTXS] = { GORO_C_CTX_CREATED, GORO_C_CTX_DESTROYED },
	[FX_CHANS] = { GORO_C_CHAN_CREATED, GORO_C_CHAN_DESTROYED },
	[FX_TIMERS] = { GORO_C_TIMER_CREATED, GORO_C_TIMER_DESTROYED },
};

s64 fx_alive(enum fx_object what)
{
	return goro_counter(objects[what].made) - goro_counter(objects[what].gone);
}

static unsigned int procs;	/* how many the first case finds */

int fx_init(struct kunit *test)
{
	struct fx *f = kvzalloc(sizeof(*f), GFP_KERNEL);
	int i;

	if (!f)
		return -ENOMEM;
	f->test = test;
	goro_group_init(&f->grp);
	goro_group_init(&f->other);
	goro_wg_init(&f->wg);
	goro_mutex_init(&f->m);
	goro_rwmutex_init(&f->rw);
	goro_once_init(&f->once);
	goro_cond_init(&f->cond);
	goro_sema_init(&f->sema, 10);
	init_completion(&f->go);
	f->procs0 = goro_procs();
	if (!procs)
		procs = f->procs0;
	KUNIT_EXPECT_EQ_MSG(test, f->procs0, procs, "somebody has not put them back");
	f->num0 = goro_num();
	for (i = 0; i < FX_OBJECTS; i++)
		f->alive0[i] = fx_alive(i);
	test->priv = f;
	return 0;
}

unsigned int fx_ps(void)
{
	u64 off = goro_counter(GORO_C_P_OFF);

	return goro_counter(GORO_C_P_ON) - off;
}

bool fx_one_p(void)
{
	return goro_set_procs(1) >= 0 && eventually(fx_ps() == 1);
}

int fx_init_one_p(struct kunit *test)
{
	return fx_init(test) ?: fx_one_p() ? 0 : -ETIMEDOUT;	/* KUnit calls fx_exit() */
}

int fx_init_irq(struct kunit *test)
{
	int err = fx_init(test);

	if (!err)
		fx_of(test)->chan_flags = GORO_CHAN_IRQ;
	return err;
}

int fx_init_ctx(struct kunit *test)
{
	int err = fx_init(test);
	struct goro_ctx *ctx;

	if (err)
		return err;
	ctx = goro_ctx_with_cancel(goro_ctx_background());
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);	/* KUnit calls fx_exit() */
	fx_of(test)->ctx = ctx;
	return 0;
}

static void ctx_end(struct goro_ctx *ctx)
{
	if (IS_ERR_OR_NULL(ctx))
		return;
	goro_ctx_cancel(ctx);
	goro_ctx_put(ctx);
}

static void job_thread_put(struct job *j)
{
	if (!j->task)
		return;
	kthread_stop(j->task);
	put_task_struct(j->task);
	j->task = NULL;
}

void fx_exit(struct kunit *test)
{
	struct fx *f = fx_of(test);
	bool ended;
	int i;

	if (!f)
		return;
	goro_set_procs(f->procs0);
	for (i = 0; i < CHANS; i++)
		if (f->c[i])
			goro_chan_close(f->c[i]);	/* may be closed: fine */
	ctx_end(f->ctx);
	ctx_end(f->ctx2);
	complete_all(&f->go);
	goro_group_cancel(&f->other);
	goro_group_cancel(&f->grp);
	for (i = 0; i < JOBS; i++)
		job_thread_put(&f->j[i]);
	ended = goro_group_wait_until(&f->other, NET) != -ETIMEDOUT &&
		goro_group_wait_until(&f->grp, NET) != -ETIMEDOUT &&
		eventually(goro_num() == f->num0);
	KUNIT_EXPECT_TRUE_MSG(test, ended, "%ld goroutines do not end",
			      goro_num() - f->num0);
	if (!ended)
		return;
	KUNIT_EXPECT_EQ(test, f->wg.n, 0L);
	KUNIT_EXPECT_EQ(test, f->wg.leaving, 0U);
	KUNIT_EXPECT_FALSE(test, goro_mutex_is_locked(&f->m));
	KUNIT_EXPECT_EQ(test, f->rw.n, 0L);
	KUNIT_EXPECT_EQ(test, f->sema.held, 0L);
	for (i = 0; i < CHANS; i++)
		goro_chan_put(f->c[i]);
	/* who cancelled a context may have its memory for a moment longer */
	KUNIT_EXPECT_TRUE(test, eventually(fx_alive(FX_CTXS) == f->alive0[FX_CTXS]));
	for (i = 0; i < FX_OBJECTS; i++)
		KUNIT_EXPECT_EQ_MSG(test, fx_alive(i), f->alive0[i], "objects of kind %d", i);
	kvfree(f);
}

struct goro_chan *fx_chan(struct kunit *test, int i, u32 elem, u32 cap)
{
	struct fx *f = fx_of(test);

	f->c[i] = goro_chan_make(elem, cap, f->chan_flags);
	if (IS_ERR(f->c[i])) {
		f->c[i] = NULL;
		KUNIT_FAIL_AND_ABORT(test, "no channel of %u x %u bytes", cap, elem);
	}
	KUNIT_ASSERT_EQ(test, goro_chan_cap(f->c[i]), cap);
	KUNIT_ASSERT_EQ(test, goro_chan_elem(f->c[i]), elem);
	EXPECT_CHAN(test, f->c[i], 0, 0, 0);
	return f->c[i];
}

struct job *job_set(struct fx *f, int i, int (*fn)(struct job *), struct goro_chan *c)
{
	struct job *j = &f->j[i];

	j->f = f;
	j->fn = fn;
	j->c = c;
	j->deadline = NET;
	return j;
}

static int job_run(void *arg)
{
	struct job *j = arg;

	j->ret = j->fn(j);
	j->order = atomic_inc_return(&j->f->seq);
	smp_store_release(&j->done, 1);	/* job_done() */
	return 0;
}

static int job_thread_fn(void *arg)
{
	job_run(arg);
	/* a signal that a case sent may still be pending: TASK_IDLE ignores it */
	for (;;) {
		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

void job_go(struct kunit *test, struct job *j)
{
	KUNIT_ASSERT_EQ(test, goro_group_go(&j->f->grp, job_run, j), 0);
}

void job_thread(struct kunit *test, struct job *j)
{
	struct task_struct *t;

	/* of a job that was done and is started again */
	job_thread_put(j);
	t = kthread_create(job_thread_fn, j, "goro_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t);
	j->task = get_task_struct(t);
	wake_up_process(t);
}

void job_start(struct kunit *test, struct job *j, bool thread)
{
	if (thread)
		job_thread(test, j);
	else
		job_go(test, j);
}

int do_send(struct job *j)
{
	return goro_chan_send_until(j->c, &j->v, j->deadline);
}

int do_recv(struct job *j)
{
	return goro_chan_recv_until(j->c, &j->v, j->deadline);
}

u32 fx_count(struct list_head *list)
{
	struct list_head *pos;
	u32 n = 0;

	list_for_each(pos, list)
		n++;
	return n;
}

static u32 chan_waiters(struct goro_chan *c, struct list_head *queue)
{
	unsigned long flags;
	u32 n;

	/* of either kind: interrupts take an IRQ channel's */
	spin_lock_irqsave(&c->lock, flags);
	n = fx_count(queue);
	spin_unlock_irqrestore(&c->lock, flags);
	return n;
}

u32 receivers(struct goro_chan *c)
{
	return chan_waiters(c, &c->recvq);
}

u32 senders(struct goro_chan *c)
{
	return chan_waiters(c, &c->sendq);
}

u32 ctx_listed(struct goro_ctx *ctx)
{
	u32 n;

	goro_lock(&ctx->lock);
	n = fx_count(&ctx->scopes);
	goro_unlock(&ctx->lock);
	return n;
}

u32 ctx_waiting(struct goro_ctx *ctx)
{
	struct goro_scope *s;
	u32 n = 0;

	goro_lock(&ctx->lock);
	list_for_each_entry(s, &ctx->scopes, node)
		n += atomic_read(&s->w->claim) == GORO_WAIT;
	goro_unlock(&ctx->lock);
	return n;
}

u32 list_waiters(goro_lock_t *lock, struct list_head *list)
{
	u32 n;

	spin_lock(lock);
	n = fx_count(list);
	spin_unlock(lock);
	return n;
}

u32 wq_waiters(wait_queue_head_t *wq)
{
	u32 n;

	spin_lock_irq(&wq->lock);
	n = fx_count(&wq->head);
	spin_unlock_irq(&wq->lock);
	return n;
}

u32 wg_waiters(struct goro_wg *wg)
{
	return x_waiters(wg);
}

u32 members_in(struct goro_group *grp, enum goro_reason reason)
{
	struct goro_g *g;
	u32 n = 0;

	spin_lock(&grp->lock);
	list_for_each_entry(g, &grp->members, member.node) {
		int claim = atomic_read(&g->w.claim);

		if ((claim == GORO_WAIT || claim == GORO_WAIT_NC) &&
		    READ_ONCE(g->reason) == reason)
			n++;
	}
	spin_unlock(&grp->lock);
	return n;
}

MODULE_DESCRIPTION("KUnit suites of goro");
MODULE_LICENSE("GPL");
