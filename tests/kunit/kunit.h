/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What goro's KUnit suites share: a fixture that owns everything a case makes
 * (channels, goroutines, threads), so that a case that fails half-way leaves
 * nothing behind, and proves at the end that nothing leaked; and jobs, one
 * function run by a goroutine or a thread, whose result the test thread reads.
 *
 * Assertions are made in the test thread only: a goroutine has no kunit test.
 * Nothing is timed. Waits have deadlines as safety nets, far away.
 *
 * The suites look into core's structures (waiters of a channel, what members
 * of a group wait for) to know that somebody waits before they go on: with
 * sleeps in place of that, a case would prove less on a slow machine.
 */
#ifndef _GORO_TESTS_KUNIT_H
#define _GORO_TESTS_KUNIT_H

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <goro/goro.h>
#include "core/context.h"

#define NET_NS		(60ULL * NSEC_PER_SEC)	/* how far the safety nets are */
#define NET		goro_in(NET_NS)
#define SHORT_NS	(2 * NSEC_PER_MSEC)	/* a deadline that is to pass */
#define JOBS		64
#define CHANS		4

/* Before it came (7.x), the log has the warnings: the job expects them. */
#ifndef kunit_warning_suppress
#define kunit_warning_suppress(test)	for (struct kunit *__t = (test); __t; __t = NULL)
#endif

/* Poll for `cond`, which others bring about; false if they do not. */
#define eventually(cond)	eventually_in(NET_NS, cond)
#define eventually_in(net, cond)					\
({									\
	u64 __end = goro_in(net);					\
	bool __ok;							\
	while (!(__ok = !!(cond)) && ktime_get_ns() < __end)		\
		usleep_range(20, 100);					\
	__ok;								\
})

struct fx;

/* One function, run by a goroutine of f->grp or by a thread. */
struct job {
	struct fx *f;
	int (*fn)(struct job *j);
	struct goro_chan *c;	/* in: what to work on */
	u64 deadline;		/* in */
	u64 v;			/* in: to send; out: received */
	long ret;		/* out: what fn returned */
	int order;		/* out: the how-manieth to end, from 1 */
	int done;		/* out: release; the above may be read */
	struct task_struct *task;
};

/* what is counted, and as many of which there are after a case as before */
enum fx_object { FX_CTXS, FX_CHANS, FX_TIMERS, FX_OBJECTS };

struct fx {
	struct kunit *test;
	struct goro_group grp;		/* jobs run in it */
	struct goro_group other;	/* for cases about groups */
	struct goro_wg wg;
	struct goro_mutex m;
	struct goro_rwmutex rw;
	struct goro_once once;
	struct goro_cond cond;
	struct goro_sema sema;		/* of size 10 */
	struct goro_ctx *ctx, *ctx2;	/* the case's; cancelled and put at the end */
	struct goro_chan *c[CHANS];	/* closed and put at the end */
	struct job j[JOBS];
	atomic_t seq;			/* order of ends */
	atomic_t n, n2, bad;		/* the case's own counts */
	atomic64_t sum;
	struct completion go;		/* for who must wait outside goro */
	void *priv;
	bool flag;
	u32 chan_flags;			/* of the channels that fx_chan() makes */
	/* at the start of the case */
	unsigned int procs0;
	long num0;
	s64 alive0[FX_OBJECTS];
};

static inline struct fx *fx_of(struct kunit *test)
{
	return test->priv;
}

int fx_init(struct kunit *test);
int fx_init_irq(struct kunit *test);	/* its channels are IRQ channels */
int fx_init_one_p(struct kunit *test);	/* see fx_one_p() */
int fx_init_ctx(struct kunit *test);	/* f->ctx can be cancelled */
void fx_exit(struct kunit *test);	/* puts the number of Ps back, too */

/* Ps that somebody has, or that idle */
unsigned int fx_ps(void);
/* All that start from here on share one P: those that go are out. False: they do not. */
bool fx_one_p(void);

/* how many there are */
s64 fx_alive(enum fx_object what);

/* make channel i of the fixture; asserts that it worked */
struct goro_chan *fx_chan(struct kunit *test, int i, u32 elem, u32 cap);

/* prepare job i, and start it as a goroutine or a thread */
struct job *job_set(struct fx *f, int i, int (*fn)(struct job *), struct goro_chan *c);
void job_go(struct kunit *test, struct job *j);
void job_thread(struct kunit *test, struct job *j);
void job_start(struct kunit *test, struct job *j, bool thread);

/*
 * Who plays sender and receiver; where there are many, those with an odd number are
 * what the sender is.
 */
struct who {
	const char *name;
	bool send_thread, recv_thread;
};
extern const struct who whos[4];

/* the case has one as its parameter: is the i-th a thread? */
static inline bool job_who(struct kunit *test, int i)
{
	const struct who *who = test->param_value;

	return i % 2 ? who->send_thread : who->recv_thread;
}

static inline void job_start_who(struct kunit *test, struct job *j)
{
	job_start(test, j, job_who(test, j - j->f->j));
}

/* start one that has to wait, and see it wait: `waiters` counts those who do */
#define job_waits(test, j, thread, waiters)				\
do {									\
	u32 __n = (waiters);						\
									\
	job_start(test, j, thread);					\
	KUNIT_ASSERT_TRUE(test, eventually((waiters) == __n + 1));	\
} while (0)

static inline bool job_done(struct job *j)
{
	return smp_load_acquire(&j->done);	/* then the results */
}

/* for job.fn: the plain operations, on 8-byte elements, with j->deadline */
int do_send(struct job *j);
int do_recv(struct job *j);

/* how many entries a list has; whoever may change it is kept out */
u32 fx_count(struct list_head *list);

/* who waits now */
u32 receivers(struct goro_chan *c);
u32 senders(struct goro_chan *c);
/* these say of what kind it is a moment after they are in a list */
u32 members_in(struct goro_group *grp, enum goro_reason reason);
u32 wg_waiters(struct goro_wg *wg);
/* with a context: as far as it knows of them, and of these those that are at it */
u32 ctx_listed(struct goro_ctx *ctx);
u32 ctx_waiting(struct goro_ctx *ctx);
/* of any object of package sync that has one list */
u32 list_waiters(goro_lock_t *lock, struct list_head *list);
#define x_waiters(x)		list_waiters(&(x)->lock, &(x)->waiters)
/* .. and in a wait queue of the kernel's, which interrupts wake */
u32 wq_waiters(wait_queue_head_t *wq);

#define EXPECT_DONE(test, j, res)					\
do {									\
	KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));		\
	KUNIT_EXPECT_EQ(test, (j)->ret, (long)(res));			\
} while (0)

/* the first n of them, all with the same result */
#define jobs_done(test, n, res)						\
do {									\
	int __i;							\
									\
	for (__i = 0; __i < (n); __i++)					\
		EXPECT_DONE(test, &fx_of(test)->j[__i], res);		\
} while (0)

/* the state of a channel as a whole */
#define EXPECT_CHAN(test, c, len, nsend, nrecv)				\
do {									\
	KUNIT_EXPECT_EQ(test, goro_chan_len(c), (u32)(len));		\
	KUNIT_EXPECT_EQ(test, senders(c), (u32)(nsend));		\
	KUNIT_EXPECT_EQ(test, receivers(c), (u32)(nrecv));		\
} while (0)

#endif /* _GORO_TESTS_KUNIT_H */
