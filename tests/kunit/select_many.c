// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_select_many: selects of many cases, up to GORO_SELECT_MAX, of many
 * channels, and many goroutines in selects. With lockdep, 1024 locks held at once
 * are more than it has room for, if they are not taken as they have to be.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/random.h>
#include "select.h"

#define ALL	GORO_SELECT_MAX

struct many {
	struct goro_chan *c[ALL];
	struct goro_case cases[ALL];
	u64 v;
	u32 n;
};

static int many_select(struct job *j)
{
	struct many *m = j->f->priv;

	return goro_select(m->cases, m->n);
}

static struct many *many(struct kunit *test)
{
	struct many *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	fx_of(test)->priv = m;
	return m;
}

static void put_all(struct many *m)
{
	u32 i;

	for (i = 0; i < ALL; i++)
		goro_chan_put(m->c[i]);
	memset(m->c, 0, sizeof(m->c));
}

/* nobody is left in any queue */
static u32 waiting(struct many *m)
{
	u32 i, n = 0;

	for (i = 0; i < ALL; i++)
		n += m->c[i] ? !list_empty(&m->c[i]->sendq) + !list_empty(&m->c[i]->recvq) : 0;
	return n;
}

/* kinds: 0 plain channels, 1 IRQ channels, 2 mixed */
static void distinct(struct kunit *test, u32 kinds, bool thread)
{
	struct many *m = many(test);
	struct fx *f = fx_of(test);
	u32 i, round;

	m->n = ALL;
	for (i = 0; i < ALL; i++) {
		u32 irq = kinds == 1 || (kinds == 2 && get_random_u8() & 1);

		m->c[i] = goro_chan_make(8, 0, irq ? GORO_CHAN_IRQ : 0);
		if (IS_ERR(m->c[i])) {
			m->c[i] = NULL;
			KUNIT_FAIL(test, "no memory");
			goto out;
		}
		m->cases[i] = (struct goro_case)GORO_RECV(m->c[i], &m->v);
	}
	KUNIT_EXPECT_EQ(test, goro_select_until(m->cases, ALL, GORO_NOW), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_select_until(m->cases, ALL, goro_in(SHORT_NS)), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, waiting(m), 0U);
	for (round = 0; round < 4; round++) {
		u64 parks = goro_counter(GORO_C_SELECT_PARK), v = 100 + round;
		struct job *j = job_set(f, round, many_select, NULL);
		u32 k = round == 0 ? 0 : round == 1 ? ALL - 1 : get_random_u32() % ALL;

		job_start(test, j, thread && round & 1);
		if (!eventually(goro_counter(GORO_C_SELECT_PARK) > parks))
			KUNIT_FAIL(test, "it does not wait");
		KUNIT_EXPECT_EQ(test, waiting(m), ALL);
		KUNIT_EXPECT_EQ(test, goro_chan_send(m->c[k], &v), 0);
		if (!eventually(job_done(j)))
			KUNIT_FAIL(test, "it is not woken");
		KUNIT_EXPECT_EQ(test, j->ret, (long)k);
		KUNIT_EXPECT_EQ(test, m->v, v);
		KUNIT_EXPECT_EQ(test, waiting(m), 0U);
	}
	/* it can do without the last one; more than there may be is refused elsewhere */
	KUNIT_EXPECT_EQ(test, goro_chan_close(m->c[ALL - 1]), 0);
	KUNIT_EXPECT_EQ(test, goro_select_until(m->cases, ALL - 1, GORO_NOW), -EAGAIN);
	KUNIT_EXPECT_EQ(test, goro_select_until(m->cases, ALL, GORO_NOW), (int)ALL - 1);
out:
	put_all(m);
}

static void distinct_plain(struct kunit *test)
{
	distinct(test, 0, false);
}

static void distinct_irq(struct kunit *test)
{
	distinct(test, 1, true);
}

static void distinct_mixed(struct kunit *test)
{
	distinct(test, 2, true);
}

/* one channel in all cases, half of them sends: locked once, and never met by itself */
static void one_channel(struct kunit *test)
{
	struct goro_chan *c = fx_chan(test, 0, 8, 0);
	struct fx *f = fx_of(test);
	struct many *m = many(test);
	u64 v = 5, out = 6;
	struct job *j;
	u32 i;

	m->n = ALL;
	for (i = 0; i < ALL; i++)
		if (i & 1)
			m->cases[i] = (struct goro_case)GORO_RECV(c, &m->v);
		else
			m->cases[i] = (struct goro_case)GORO_SEND(c, &out);
	KUNIT_EXPECT_EQ(test, goro_select_until(m->cases, ALL, GORO_NOW), -EAGAIN);
	j = job_set(f, 0, many_select, NULL);
	job_go(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(senders(c) == ALL / 2));
	EXPECT_CHAN(test, c, 0, ALL / 2, ALL / 2);
	KUNIT_EXPECT_EQ(test, goro_chan_send(c, &v), 0);
	KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
	KUNIT_EXPECT_EQ(test, j->ret % 2, 1L);
	KUNIT_EXPECT_EQ(test, m->v, 5ULL);
	EXPECT_CHAN(test, c, 0, 0, 0);

	j = job_set(f, 1, many_select, NULL);
	job_go(test, j);
	KUNIT_ASSERT_TRUE(test, eventually(senders(c) == ALL / 2));
	KUNIT_EXPECT_EQ(test, goro_chan_recv(c, &v), 1);
	KUNIT_EXPECT_EQ(test, v, 6ULL);
	KUNIT_ASSERT_TRUE(test, eventually(job_done(j)));
	KUNIT_EXPECT_EQ(test, j->ret % 2, 0L);
	EXPECT_CHAN(test, c, 0, 0, 0);
}

/*
 * Goroutines in selects of 8 cases, all closed: each ends, and
 * what they took comes back. (The benchmark's guest does it with 100,000.)
 */
#define CROWD	2000
#define EIGHT	8

static int in_crowd(void *arg)
{
	struct fx *f = arg;
	struct many *m = f->priv;
	struct goro_case cases[EIGHT];
	int i, k;

	for (i = 0; i < EIGHT; i++)
		cases[i] = (struct goro_case)GORO_RECV(m->c[i], NULL);
	k = goro_select(cases, EIGHT);
	/* two of them are closed, at about the same time */
	if ((k != 2 && k != 5) || cases[k].ret)
		atomic_inc(&f->bad);
	atomic_inc(&f->n);
	return 0;
}

static void crowd_closed(struct kunit *test)
{
	struct fx *f = fx_of(test);
	struct many *m = many(test);
	u64 parks = goro_counter(GORO_C_SELECT_PARK);
	int i;

	for (i = 0; i < EIGHT; i++) {
		m->c[i] = goro_chan_make(8, 0, 0);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m->c[i]);
	}
	for (i = 0; i < CROWD; i++)
		KUNIT_ASSERT_EQ(test, goro_group_go(&f->grp, in_crowd, f), 0);
	KUNIT_ASSERT_TRUE(test, eventually(goro_counter(GORO_C_SELECT_PARK) == parks + CROWD));
	KUNIT_EXPECT_EQ(test, receivers(m->c[0]), (u32)CROWD);
	KUNIT_EXPECT_EQ(test, goro_chan_close(m->c[2]), 0);
	KUNIT_EXPECT_EQ(test, goro_chan_close(m->c[5]), 0);
	KUNIT_EXPECT_EQ(test, goro_group_wait_until(&f->grp, NET), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n), CROWD);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->bad), 0);
	KUNIT_EXPECT_EQ(test, waiting(m), 0U);
	put_all(m);
}

/*
 * Waiters that something else has claimed and who have not run since: one in each
 * channel's queue. They come between a select's first look and its locks, while it
 * asks a file, so that it meets them with all channels locked. None can be had; and
 * it looks at each case but twice.
 */
struct gone {
	struct goro_waiter w;
	struct goro_sudog sg[ALL];
	struct many *m;
	u64 looks;		/* before they came */
	bool came;
};

static __poll_t gone_come(struct file *file, poll_table *pt)
{
	struct gone *gone = file->private_data;
	u32 i;

	if (!pt || gone->came)
		return 0;
	for (i = 0; i < ALL - 1; i++) {
		struct goro_chan *c = gone->m->c[i];

		gone->sg[i].w = &gone->w;
		spin_lock(&c->lock);
		list_add_tail(&gone->sg[i].node, &c->recvq);
		spin_unlock(&c->lock);
	}
	gone->looks = goro_counter(GORO_C_SELECT_LOOK);
	gone->came = true;
	return 0;
}

static const struct file_operations gone_fops = { .poll = gone_come };

static void all_gone(struct kunit *test)
{
	struct gone *gone = kunit_kzalloc(test, sizeof(*gone), GFP_KERNEL);
	u64 stale = goro_counter(GORO_C_STALE), v = 1;
	struct many *m = many(test);
	struct file *file;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, gone);
	gone->m = m;
	goro_waiter_init(&gone->w, GORO_W_THREAD);
	atomic_set(&gone->w.claim, GORO_BY_TIMEOUT);
	file = anon_inode_getfile("goro_kunit", &gone_fops, gone, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	for (i = 0; i < ALL - 1; i++) {
		m->c[i] = goro_chan_make(8, 0, 0);
		if (IS_ERR(m->c[i])) {
			m->c[i] = NULL;
			KUNIT_FAIL(test, "no memory");
			goto out;
		}
		m->cases[i] = (struct goro_case)GORO_SEND(m->c[i], &v);
	}
	m->cases[i] = (struct goro_case)GORO_FILE(file, EPOLLIN);
	KUNIT_EXPECT_EQ(test, goro_select_until(m->cases, ALL, goro_in(SHORT_NS)), -ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, gone->came);
	KUNIT_EXPECT_EQ(test, goro_counter(GORO_C_STALE), stale + ALL - 1);
	KUNIT_EXPECT_LE(test, goro_counter(GORO_C_SELECT_LOOK) - gone->looks, 2ULL * ALL);
	KUNIT_EXPECT_EQ(test, waiting(m), 0U);
out:
	put_all(m);
	fput(file);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(distinct_plain),
	KUNIT_CASE(distinct_irq),
	KUNIT_CASE(distinct_mixed),
	KUNIT_CASE(one_channel),
	KUNIT_CASE(crowd_closed),
	KUNIT_CASE(all_gone),
	{ }
};

static struct kunit_suite suite = {
	.name = "goro_select_many",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
