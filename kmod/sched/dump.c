// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking at goroutines: debugfs goro/, and the name of the one that misuses a
 * call.
 *
 * The list of all Gs of a CPU is walked one G at a time with a marker, so its
 * lock is held for one G only. Under the lock the G's struct stays; what it
 * does meanwhile is a snapshot. A parked G is unwound from its saved registers;
 * if it ran meanwhile (parks changed) the stack is dropped. Its memory stays
 * for the look: a stack goes back to the system an RCU grace period and a
 * second after its last use; one that is trimmed (trim.c) has none to show.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include "dump.h"
#include "sched.h"
#include "trim.h"
#ifdef GORO_X86
#include <asm/unwind.h>
#endif

/* the tracepoints' names, by number */
static const struct trace_print_flags reasons[] = { GORO_TRACE_REASONS };
static_assert(ARRAY_SIZE(reasons) == GORO_R_MAX);

#ifdef GORO_X86
static void unwind_g(struct goro_walk *w, struct goro_g *g, void *window)
{
	struct pt_regs regs = {
		.ip = g->pc, .sp = g->sp, .bp = g->bp, .cs = __KERNEL_CS,
	};
	struct unwind_state state;
	unsigned long addr;

	w->shadow->stack = window;
	for (unwind_start(&state, w->shadow, &regs, NULL);
	     !unwind_done(&state) && w->nframes < GORO_WALK_FRAMES;
	     unwind_next_frame(&state)) {
		addr = unwind_get_return_address(&state);
		if (!addr)
			break;
		w->frame[w->nframes++] = addr;
	}
}
#else
static void unwind_g(struct goro_walk *w, struct goro_g *g, void *window)
{
	w->frame[w->nframes++] = g->pc;
}
#endif

static void snapshot(struct goro_walk *w, struct goro_g *g)
{
	int claim = atomic_read(&g->w.claim);
	bool waits = claim == GORO_WAIT || claim == GORO_WAIT_NC || claim == GORO_HELD;
	bool lost = READ_ONCE(g->state) == GORO_G_LOST;
	u32 parks = READ_ONCE(g->parks);
	void *stack = READ_ONCE(g->stack);
	const char *name = READ_ONCE(g->name);	/* with interrupts off: see g_end() */

	w->id = g->id;
	w->fn = g->fn;
	w->where = g->where;
	strscpy(w->name, name ?: "", sizeof(w->name));
	w->reason = min_t(u8, READ_ONCE(g->reason), GORO_R_MAX - 1);
	w->cancelled = g->cancelled;
	w->since = g->since;
	w->stack_size = goro_stack_size(g);
	w->trimmed = goro_trim_away(g);
	w->nframes = 0;
	w->on = READ_ONCE(g->w.on);
	w->holder = READ_ONCE(g->w.holder);
	w->group = g->member.group;
	w->bound = READ_ONCE(g->w.kind) == GORO_W_BOUND && waits;
	if (!lost && READ_ONCE(g->on_cpu)) {
		/* a bound one stays on its stack, which is its thread's to unwind */
		w->state = w->bound ? "waiting" :
			   w->reason == GORO_R_THROTTLED ? "throttled" : "running";
		return;
	}
	w->state = lost ? "lost: oopsed" : waits ? "waiting" :
		   w->reason == GORO_R_THROTTLED ? "throttled" :
		   stack || w->trimmed ? "runnable" : "new";
	/*
	 * The unwinder takes a stack to be THREAD_SIZE: none that are smaller,
	 * and of a larger one (deep.c) the part where sp is.
	 */
	if (stack && w->stack_size >= THREAD_SIZE) {
		unsigned long used = READ_ONCE(g->sp) - (unsigned long)stack;

		smp_rmb();	/* stack, size and sp belong together if it has not run */
		if (!lost && (READ_ONCE(g->parks) != parks || READ_ONCE(g->on_cpu)))
			return;
		stack += min_t(unsigned long, round_down(used, PAGE_SIZE),
			       w->stack_size - THREAD_SIZE);
		unwind_g(w, g, stack);
		smp_rmb();	/* parks is read again after the stack */
		if (!lost && (READ_ONCE(g->parks) != parks || READ_ONCE(g->on_cpu)))
			w->nframes = 0;
	}
}

/*
 * Step to the next live G that w->want, if there is one, wants, and take its snapshot.
 * False: that was all. The lock is held for so many at a time.
 */
#define AT_A_TIME	64

bool goro_walk_step(struct goro_walk *w)
{
	while (!w->end) {
		struct goro_all *all = &goro_all[w->list];
		struct list_head *pos;
		unsigned int n = 0;
		bool found = false;

		raw_spin_lock_irq(&all->lock);
		if (list_empty(&w->mark.all))
			list_add(&w->mark.all, &all->list);
		for (pos = w->mark.all.next; pos != &all->list && n < AT_A_TIME; pos = pos->next) {
			struct goro_g *g = list_entry(pos, struct goro_g, all);
			u8 state = READ_ONCE(g->state);

			n++;
			/* who looks for what stands still does not want those that are lost */
			if ((state == GORO_G_LIVE && (!w->want || w->want(w, g))) ||
			    (state == GORO_G_LOST && !w->want)) {
				snapshot(w, g);
				list_move(&w->mark.all, pos);
				found = true;
				break;
			}
		}
		if (pos == &all->list)
			list_del_init(&w->mark.all);
		else if (!found)
			list_move_tail(&w->mark.all, pos);	/* before the next one */
		raw_spin_unlock_irq(&all->lock);
		if (found)
			return true;
		cond_resched();
		if (!list_empty(&w->mark.all))
			continue;
		w->end = ++w->list == ARRAY_SIZE(goro_all);
	}
	return false;
}

/* seq_file asks for the same one again when its buffer was too small */
static void *gs_start(struct seq_file *s, loff_t *pos)
{
	struct goro_walk *w = s->private;

	if (*pos != w->at) {
		if (!goro_walk_step(w))
			return NULL;
		w->at = *pos;
	}
	return w;
}

static void *gs_next(struct seq_file *s, void *v, loff_t *pos)
{
	struct goro_walk *w = v;

	++*pos;
	if (!goro_walk_step(w))
		return NULL;
	w->at = *pos;
	return w;
}

static void gs_stop(struct seq_file *s, void *v)
{
}

/* A line into a file, or into the log. */
static __printf(2, 3) void say(struct seq_file *s, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	if (s)
		seq_printf(s, "%pV\n", &vaf);
	else
		pr_info("goro: %pV\n", &vaf);
	va_end(args);
}

/*
 * On what a goroutine waits: " on chan 7", the number that tracepoints show; an
 * object of the module's by its (hashed) address. Two that wait for each other
 * show as two lines with each other's objects.
 */
static void what(struct goro_walk *w, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = 0;
	switch (w->reason) {
	case GORO_R_SEND:
	case GORO_R_RECV:
		n = scnprintf(buf, size, " on chan %llu", w->on);
		break;
	case GORO_R_SELECT:
		n = scnprintf(buf, size, " of %llu channels", w->on);
		break;
	case GORO_R_SLEEP:
	case GORO_R_NIL:
	case GORO_R_POLL:
	case GORO_R_EVENT:
	case GORO_R_COMPLETION:
		break;
	default:
		if (w->on)
			n = scnprintf(buf, size, " %p", (void *)(unsigned long)w->on);
	}
	if (w->holder)
		scnprintf(buf + n, size - n, ", which goroutine %llu has", w->holder);
}

void goro_walk_show(struct seq_file *s, struct goro_walk *w)
{
	char on[64] = "", group[40] = "";
	unsigned int i;

	if (!strcmp(w->state, "waiting"))
		what(w, on, sizeof(on));
	if (w->group)
		scnprintf(group, sizeof(group), ", group %p", &w->group->lock);
	say(s, "goroutine %llu [%s%s%s%s, %u ms%s%s]: %s%s%ps", w->id, w->state,
	    strcmp(w->state, "waiting") ? "" : ": ",
	    strcmp(w->state, "waiting") ? "" : reasons[w->reason].name, on,
	    jiffies_to_msecs((u32)jiffies - w->since), w->cancelled ? ", cancelled" : "",
	    w->bound ? ", on its thread" : "", w->name, w->name[0] ? ": " : "", w->fn);
	for (i = 0; i < w->nframes; i++)
		say(s, "\t%pS", (void *)w->frame[i]);
	say(s, "\tstarted by %pS, stack %u%s%s", (void *)w->where, w->stack_size,
	    w->trimmed ? ", trimmed" : "", group);
}

static int gs_show(struct seq_file *s, void *v)
{
	goro_walk_show(s, v);
	seq_putc(s, '\n');
	return 0;
}

static const struct seq_operations gs_ops = {
	.start = gs_start,
	.next = gs_next,
	.stop = gs_stop,
	.show = gs_show,
};

int goro_walk_begin(struct goro_walk *w)
{
	w->shadow = kzalloc(sizeof(*w->shadow), GFP_KERNEL);
	if (!w->shadow)
		return -ENOMEM;
	goro_stand_in(w->shadow);
	w->mark.state = GORO_G_MARK;
	w->at = -1;
	INIT_LIST_HEAD(&w->mark.all);
	w->list = 0;
	return 0;
}

void goro_walk_end(struct goro_walk *w)
{
	if (!list_empty(&w->mark.all)) {
		struct goro_all *all = &goro_all[w->list];

		raw_spin_lock_irq(&all->lock);
		list_del_init(&w->mark.all);
		raw_spin_unlock_irq(&all->lock);
	}
	kfree(w->shadow);
}

static int gs_open(struct inode *inode, struct file *file)
{
	struct goro_walk *w = __seq_open_private(file, &gs_ops, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	err = goro_walk_begin(w);
	if (err)
		seq_release_private(inode, file);
	return err;
}

static int gs_release(struct inode *inode, struct file *file)
{
	goro_walk_end(((struct seq_file *)file->private_data)->private);
	return seq_release_private(inode, file);
}

int goro_dump(void)
{
	struct goro_walk *w;
	int err;

	if (unlikely(!goro_may_wait()))
		return goro_misuse();
	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return -ENOMEM;
	err = goro_walk_begin(w);
	if (!err) {
		pr_info("goro: %ld goroutines, %llu of them lost, %u procs\n", goro_num(),
			goro_counter(GORO_C_G_LOST), goro_procs());
		while (goro_walk_step(w))
			goro_walk_show(NULL, w);
		goro_walk_end(w);
	}
	kfree(w);
	return err;
}
EXPORT_SYMBOL_GPL(goro_dump);

static ssize_t dump_write(struct file *file, const char __user *buf, size_t n, loff_t *pos)
{
	int err = goro_dump();

	return err ?: n;
}

static const struct file_operations dump_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = dump_write,
};

static const struct file_operations gs_fops = {
	.owner = THIS_MODULE,
	.open = gs_open,
	.read = seq_read,
	.release = gs_release,
};

static int ps_show(struct seq_file *s, void *v)
{
	int cpu;

	seq_printf(s, "procs %u, idle %*pbl, spinning %d, global queue %u\n",
		   goro_procs(), cpumask_pr_args(&goro_sched.idle),
		   atomic_read(&goro_sched.nspinning), READ_ONCE(goro_sched.gq_n));
	for_each_possible_cpu(cpu) {
		struct goro_p *p = goro_sched.ps[cpu];

		seq_printf(s, "P %d: %s ring %u runnext %d inbox %d Ms %u\n", cpu,
			   READ_ONCE(p->out) ? "off " :
			   READ_ONCE(p->call) & GORO_CALL_OFF ? "leaving" :
			   READ_ONCE(p->m) ? "busy" : "idle",
			   READ_ONCE(p->tail) - READ_ONCE(p->head),
			   !!READ_ONCE(p->runnext), !llist_empty(&p->inbox),
			   READ_ONCE(p->nms));
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(ps);

static int counters_show(struct seq_file *s, void *v)
{
	int i;

	for (i = 0; i < GORO_C_MAX; i++)
		seq_printf(s, "%s %llu\n", goro_counter_name(i), goro_counter(i));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

/*
 * A module's mistake. Once for each place: two at the same moment may both say
 * it. The trace that comes with it is the caller's.
 */
void __goro_misuse_by(const char *what, bool *said)
{
	struct goro_g *g = goro_self_any();

	goro_count(GORO_C_MISUSE);
	if (READ_ONCE(*said))
		return;
	WRITE_ONCE(*said, true);
	if (g)
		WARN(1, "goro: %s, by goroutine %llu (%s%s%ps), started by %pS\n", what, g->id,
		     g->name ?: "", g->name ? ": " : "", g->fn, (void *)g->where);
	else
		WARN(1, "goro: %s, by thread %d (%s)\n", what, current->pid, current->comm);
}

static struct dentry *dir;

void goro_dump_init(void)
{
	dir = debugfs_create_dir("goro", NULL);
	debugfs_create_file("goroutines", 0400, dir, NULL, &gs_fops);
	debugfs_create_file("dump", 0200, dir, NULL, &dump_fops);
	debugfs_create_file("ps", 0400, dir, NULL, &ps_fops);
	debugfs_create_file("counters", 0400, dir, NULL, &counters_fops);
	goro_watchdog_init(dir);
}

void goro_dump_exit(void)
{
	debugfs_remove(dir);
	goro_watchdog_exit();
}
