// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ms: kernel threads bound to a CPU: making them, idling, ending. Who of them
 * owns the CPU's P: own.c.
 *
 * All kernel Ms share one stack-protector canary: the frames of a goroutine
 * carry it from M to M. It is set, for the thread and the CPU, with interrupts
 * off by a function that has none itself and never returns.
 */
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/irq_work.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "sched.h"

unsigned int goro_param_max_ms = 10000;
#if defined(GORO_X86) && defined(CONFIG_STACKPROTECTOR)
unsigned long goro_canary;
#endif

#define KEEP_MS		2		/* a CPU: one to run, one spare */
#define RETIRE_AFTER	(10 * HZ)
#define SPAWN_AGAIN	(HZ / 50 + 1)	/* after one could not be made */

static atomic_t nms;
static u32 m_ids;		/* under create_mutex */
static DEFINE_MUTEX(create_mutex);

#ifdef GORO_HAVE_NOTIFIERS
static void m_sched_in(struct preempt_notifier *pn, int cpu)
{
	struct goro_m *m = container_of(pn, struct goro_m, pn);

	goro_set_this_cpu(m);
	current->flags &= ~PF_NOFREEZE;
	if (m->acct)
		goro_acct_in(m);
	if (m->cur) {
		goro_stack_follow(m, m->cur);
		goro_hog_in(m);
	}
	if (unlikely(cpu != m->cpu))
		goro_m_astray(m);
}

/*
 * Under rq->lock: no wakeup here, an interrupt does it as soon as it can; also
 * the last thing that a dying M does. An M that sleeps, wherever, loses its P
 * here, in its own context; no section is open, as those have preemption off.
 */
static void m_sched_out(struct preempt_notifier *pn, struct task_struct *next)
{
	struct goro_m *m = container_of(pn, struct goro_m, pn);
	struct goro_p *p = m->p;

	goro_set_this_cpu(NULL);
	current->stack = m->stack;
	/* its last time: what else it has to do here is as for any that sleeps */
	if (unlikely(m->dying) && READ_ONCE(current->__state) == TASK_DEAD)
		irq_work_queue(&m->gone);
	if (m->acct)
		goro_acct_out(m);
	if (m->frozen)
		return;
	if (goro_task_sleeps(current))
		goro_hog_forget(m);
	/* whatever it waits for but I/O, the freezer need not: see goro_m_freeze() */
	if (goro_task_sleeps(current) && !current->in_iowait)
		current->flags |= PF_NOFREEZE;
	/* a P that it was given on its way to sleep stays: the wakeup is coming */
	if (!p || m->waits)
		return;
	goro_runnext_expose(p);
	if (goro_task_sleeps(current)) {
		goro_p_disown(m, p);
		irq_work_queue(&p->handoff);
	} else if (unlikely(m->hog.asked) && goro_hog_out(m, p)) {
		goro_p_disown(m, p);
		irq_work_queue(&p->handoff);
	} else if (goro_multi() && goro_p_has_work(p) &&
		   atomic_read(&goro_sched.nidle)) {
		irq_work_queue(&p->kick);
	}
}

static struct preempt_ops m_preempt_ops = {
	.sched_in = m_sched_in,
	.sched_out = m_sched_out,
};

static void m_notifier_add(struct goro_m *m)
{
	preempt_notifier_init(&m->pn, &m_preempt_ops);
	preempt_notifier_register(&m->pn);
	current->flags &= ~PF_NOFREEZE;	/* as sched_in leaves it */
}

static void m_notifier_del(struct goro_m *m)
{
	preempt_notifier_unregister(&m->pn);
}

/* It is off its CPU for ever, but is neither told to end nor freed: lost.c says why. */
static void m_gone(struct irq_work *work)
{
	struct goro_m *m = container_of(work, struct goro_m, gone);

	raw_spin_lock(&m->home->lock);
	list_del_init(&m->node);
	m->home->nms--;
	raw_spin_unlock(&m->home->lock);
	atomic_dec(&nms);
}

static void m_gone_init(struct goro_m *m)
{
	init_irq_work(&m->gone, m_gone);
}
#else
#define preempt_notifier_inc()	do { } while (0)
#define preempt_notifier_dec()	do { } while (0)
static void m_notifier_add(struct goro_m *m) { }
static void m_notifier_del(struct goro_m *m) { }
static void m_gone_init(struct goro_m *m) { }
#endif

/* The end of an M's thread, in whatever frame. */
static __always_inline void __noreturn m_exit(struct goro_m *m)
{
	trace_goro_m_stop(m->cpu, m->id);
	preempt_disable();
	m_notifier_del(m);
	goro_set_this_cpu(NULL);
	preempt_enable();
	kthread_complete_and_exit(&m->exited, 0);
}

static void __noreturn m_main(struct goro_m *m)
{
	m->stack = current->stack;
	preempt_disable();
	m_notifier_add(m);
	goro_set_this_cpu(m);
	preempt_enable();
	trace_goro_m_start(m->cpu, m->id);
	goro_m_loop(m);
	m_exit(m);
}

/* No frame with the old canary may ever return: hence the exit at the end. */
static int __no_stack_protector goro_m_fn(void *arg)
{
	struct goro_m *m = arg;

	goro_canary_set();
	m_main(m);
}

/* The slow way to goro_m_current(): the pair of this CPU is not ours. */
struct goro_m *goro_m_lookup(void)
{
	struct goro_m *m;

	if (!(current->flags & PF_KTHREAD) || kthread_func(current) != goro_m_fn)
		return NULL;
	m = kthread_data(current);
	preempt_disable();
	goro_set_this_cpu(m);
	preempt_enable();
	return m;
}

/* No more can be made. */
bool goro_ms_full(void)
{
	return atomic_read(&nms) >= READ_ONCE(goro_param_max_ms);
}

int goro_m_create(struct goro_p *p)
{
	struct goro_m *m;
	int err = 0;

	m = kzalloc_node(sizeof(*m), GFP_KERNEL | __GFP_NOWARN, cpu_to_node(p->cpu));
	if (!m)
		return -ENOMEM;
	mutex_lock(&create_mutex);
	if (atomic_read(&nms) >= goro_param_max_ms) {
		err = -EAGAIN;
		goto err;
	}
	m->home = p;
	m->cpu = p->cpu;
	m->id = ++m_ids;
	m->g0.name = "g0";
	INIT_LIST_HEAD(&m->spare);
	init_completion(&m->exited);
	m_gone_init(m);
	m->task = kthread_create_on_node(goro_m_fn, m, cpu_to_node(p->cpu),
					 "goro/%d:%u", p->cpu, m->id);
	if (IS_ERR(m->task)) {
		err = PTR_ERR(m->task);
		goto err;
	}
	get_task_struct(m->task);
	kthread_bind(m->task, p->cpu);
	atomic_inc(&nms);
	goro_count(GORO_C_M_CREATED);
	raw_spin_lock_irq(&p->lock);
	list_add_tail(&m->node, &p->ms);
	p->nms++;
	raw_spin_unlock_irq(&p->lock);
	wake_up_process(m->task);
	mutex_unlock(&create_mutex);
	return 0;
err:
	mutex_unlock(&create_mutex);
	kfree(m);
	return err;
}

/*
 * The last spare of this P was taken, or none was left. Without memory later
 * again: all of the P's Ms may be asleep in their goroutines, so that nobody
 * else would ask. At max_ms its queues are open to thieves.
 */
void goro_p_spawn_m(struct work_struct *work)
{
	struct goro_p *p = container_of(to_delayed_work(work), struct goro_p, spawn_m);
	bool none;
	int err;

	raw_spin_lock_irq(&p->lock);
	none = list_empty(&p->spares) && !p->out;	/* its CPU may be offline */
	raw_spin_unlock_irq(&p->lock);
	if (!none || READ_ONCE(goro_sched.stopping))
		return;
	err = goro_m_create(p);
	if (err && (atomic_read(&nms) < goro_param_max_ms || goro_p_has_work(p) ||
		    READ_ONCE(goro_sched.gq_n)))
		queue_delayed_work(system_highpri_wq, &p->spawn_m, SPAWN_AGAIN);
}

/*
 * End an M that owns no P: off the spares it can be given none; a work item
 * waits for its thread and frees it. False: it was given one, or told to stop.
 */
static bool m_end(struct goro_m *m, u32 keep)
{
	struct goro_p *home = m->home;
	bool end;

	raw_spin_lock_irq(&home->lock);
	end = !m->p && !m->stop && home->nms > keep;
	if (end) {
		list_del_init(&m->spare);
		list_move(&m->node, &home->dead);
		home->nms--;
		WRITE_ONCE(m->stop, true);
	}
	raw_spin_unlock_irq(&home->lock);
	if (end)
		schedule_work(&home->bury);
	return end;
}

/*
 * A G left this M for ever in the middle of functions that a tracer has marked:
 * the entries go with the thread. Its P goes to another M. The functions that the
 * M itself is in may be marked, too, below those: none of them may return, nor
 * does this one. The section is open.
 */
void goro_m_quit(struct goro_m *m)
{
	struct goro_p *p = m->p;

	goro_count(GORO_C_M_SPOILT);
	if (m->spinning) {
		m->spinning = false;
		atomic_dec(&goro_sched.nspinning);
	}
	if (p)
		goro_p_disown(m, p);
	m_end(m, 0);	/* false: it was told to stop */
	if (p)
		goro_p_release(p);
	preempt_enable();
	m_exit(m);
}

/*
 * Suspend and hibernation freeze goroutines, as they do freezable threads. The
 * freezer waits for every M that runs: at its next scheduling point it comes
 * here, on its own stack and between two Gs, and keeps its P, so that what is
 * readied meanwhile stays queued. It does not wait for an M that sleeps idle or
 * in a call that its G made (PF_NOFREEZE is set in sched_out, by the M, and
 * cleared in sched_in), which may take for ever: that one freezes when it wakes
 * up and comes to a scheduling point. It does wait for who waits for I/O, who
 * would do more of it. Without notifiers Ms are not frozen. The section is open.
 */
void goro_m_freeze(struct goro_m *m)
{
	goro_count(GORO_C_FREEZE);
	m->frozen = true;
	preempt_enable();
	try_to_freeze();
	preempt_disable();
	m->frozen = false;
}

/* Sleep until somebody gives us a P. The section is open; we are a spare. */
static void m_sleep(struct goro_m *m)
{
	struct goro_p *home = m->home;

	if (goro_any_work()) {
		if (cpumask_test_cpu(home->cpu, &goro_sched.active) && goro_p_claim_idle(home)) {
			raw_spin_lock_irq(&home->lock);
			list_del_init(&m->spare);
			goro_p_own(m, home);
			raw_spin_unlock_irq(&home->lock);
			/* nothing that was readied meanwhile may wait: look at everything */
			m->spinning = true;
			atomic_inc(&goro_sched.nspinning);
			return;
		}
		/*
		 * Our P is off, or another's. Who pushed may have relied on us, who were
		 * counted as spinning until just now: another P has to look. Should we be
		 * woken for it ourselves, we see m->p below.
		 */
		goro_wake_p();
	}
	goro_count(GORO_C_IDLE);
	trace_goro_m_idle(m->cpu, m->id);
	m->waits = true;
	for (;;) {
		long left = 1;

		set_current_state(TASK_IDLE);
		if (READ_ONCE(m->p) || READ_ONCE(m->stop))
			break;
		preempt_enable();
		if (READ_ONCE(home->nms) > KEEP_MS)
			left = schedule_timeout(RETIRE_AFTER);
		else
			schedule();
		preempt_disable();
		if (!left && m_end(m, KEEP_MS))
			break;
	}
	__set_current_state(TASK_RUNNING);
	m->waits = false;
	goro_set_this_cpu(m);
	if (READ_ONCE(m->stop)) {
		raw_spin_lock_irq(&home->lock);
		list_del_init(&m->spare);
		raw_spin_unlock_irq(&home->lock);
	}
}

/* An M without a P, on its own stack. */
void goro_m_wait(struct goro_m *m)
{
	raw_spin_lock_irq(&m->home->lock);
	list_add(&m->spare, &m->home->spares);
	raw_spin_unlock_irq(&m->home->lock);
	smp_mb();	/* pairs with goro_p_start() */
	m_sleep(m);
}

/* An M that found nothing gives its P up; back with a P, or to stop. */
void goro_m_idle(struct goro_m *m)
{
	struct goro_p *p = m->p;
	bool spun = m->spinning;

	/* from the list on m->spinning is for who takes m off it: they may come before us */
	m->spinning = false;
	local_irq_disable();
	goro_raw_lock(&p->lock, GORO_C_LOCK_P);
	list_add(&m->spare, &p->spares);
	goro_p_disown(m, p);
	raw_spin_unlock_irq(&p->lock);
	goro_p_set_idle(p);
	if (spun)
		atomic_dec(&goro_sched.nspinning);
	smp_mb__after_atomic();	/* (2) of sched.c */
	m_sleep(m);
}

/* Wait until the threads of Ms that have been told to stop have ended. */
static void ms_wait(struct list_head *ms)
{
	struct goro_m *m;

	list_for_each_entry(m, ms, node)
		wait_for_completion(&m->exited);
}

static void ms_free(struct list_head *ms)
{
	struct goro_m *m, *tmp;

	list_for_each_entry_safe(m, tmp, ms, node) {
		list_del(&m->node);
		put_task_struct(m->task);
		goro_count(GORO_C_M_DESTROYED);
		atomic_dec(&nms);
		kfree(m);
	}
}

void goro_p_bury(struct work_struct *work)
{
	struct goro_p *p = container_of(work, struct goro_p, bury);
	LIST_HEAD(dead);

	raw_spin_lock_irq(&p->lock);
	list_splice_init(&p->dead, &dead);
	raw_spin_unlock_irq(&p->lock);
	ms_wait(&dead);
	/* who gave one its P may still be about to wake it: preemption off, or an interrupt */
	synchronize_rcu();
	ms_free(&dead);
}

/* The steps of goro_m_exit(), each for all Ps before the next. */
static void exit_no_more_ms(struct goro_p *p)
{
	cancel_delayed_work_sync(&p->spawn_m);
}

static void exit_tell_ms(struct goro_p *p)
{
	struct goro_m *m;

	/* one that retires by itself from now on sees that it was told */
	raw_spin_lock_irq(&p->lock);
	list_for_each_entry(m, &p->ms, node)
		WRITE_ONCE(m->stop, true);
	raw_spin_unlock_irq(&p->lock);
	list_for_each_entry(m, &p->ms, node)
		wake_up_process(m->task);
}

static void exit_wait_for_ms(struct goro_p *p)
{
	ms_wait(&p->ms);
}

/* One may yet find any P idle without an M, and ask for one; none queues another of these. */
static void exit_wait_for_irq_works(struct goro_p *p)
{
	goro_deadlines_exit(&p->deadlines);
	goro_hog_exit(p);
	irq_work_sync(&p->kick);
	irq_work_sync(&p->handoff);
}

/* Nobody is left to queue them; nor do they queue each other. */
static void exit_wait_for_works(struct goro_p *p)
{
	cancel_delayed_work_sync(&p->spawn_m);
	flush_work(&p->bury);
}

static void exit_free(struct goro_p *p)
{
	ms_free(&p->ms);
	goro_g_trim(p);
	goro_batches_free(p);
	goro_stack_flush(p);
	goro_near_exit(p);
	kfree(p);
}

static void each_p(void (*step)(struct goro_p *p))
{
	int cpu;

	if (!goro_sched.ps)	/* no memory at load */
		return;
	for_each_possible_cpu(cpu)
		if (goro_sched.ps[cpu])
			step(goro_sched.ps[cpu]);
}

/*
 * All Gs have ended and nobody can start one; but the Ms still look for work,
 * at every P, and wake each other. So no M and no P is freed before the last
 * thread has left goro's text (kthread_complete_and_exit()), and what they have
 * queued has been waited for after that.
 */
void goro_m_exit(void)
{
	/* from here on the work item makes no M; one that it makes is waited for */
	goro_procs_stop();
	each_p(exit_no_more_ms);
	each_p(exit_tell_ms);
	each_p(exit_wait_for_ms);
	each_p(exit_wait_for_irq_works);
	each_p(exit_wait_for_works);
	goro_procs_exit();
	each_p(exit_free);
	kfree(goro_sched.ps);
	preempt_notifier_dec();
}

int goro_m_init(void)
{
	int err;

	raw_spin_lock_init(&goro_sched.lock);
	preempt_notifier_inc();
	goro_canary_init();
	err = goro_procs_init();
	if (err)
		goro_m_exit();
	return err;
}
