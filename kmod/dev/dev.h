/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dev/'s insides. Rests on core/ and sched/ through goro.h, core.h, acct.h and lost.h only.
 */
#ifndef _GORO_DEV_DEV_H
#define _GORO_DEV_DEV_H

#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/refcount.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <goro/goro.h>
#include <goro/class.h>
#include <linux/goro.h>
#include "../core/core.h"
#include "../sched/acct.h"
#include "../sched/lost.h"

#define GORO_ARG_MAX		65536U	/* bytes of a task's argument */
#define GORO_TASK_CHANS_MAX	64U
#define GORO_SELECT_CASES_MAX	64U

/* What a program's call allocates: charged to it, ENOMEM instead of the OOM killer. */
#define GORO_DEV_GFP	GORO_GFP

/* What a user is charged for: see user.c. Each charge has a reference to its user behind it. */
enum goro_res {
	GORO_RES_FILES,			/* open files of /dev/goro */
	GORO_RES_CHANS,			/* and timers, contexts, groups */
	GORO_RES_BYTES,			/* buffered by channels; tasks' arguments and buffers */
	GORO_RES_TASKS,
	GORO_RES_STACK_BYTES,		/* of tasks that are not done */
	GORO_RES_MAX
};

struct goro_user;
struct seq_file;

/* the calling process's user, with a reference; ERR_PTR(-ENOMEM) */
struct goro_user *goro_user_get(void);
void goro_user_put(struct goro_user *u);	/* any context */
u64 goro_user_max(enum goro_res res);
/* 0; -EDQUOT: above the cap, and the caller has no CAP_SYS_RESOURCE */
int goro_user_charge(struct goro_user *u, enum goro_res res, u64 n);
void goro_user_uncharge(struct goro_user *u, enum goro_res res, u64 n);	/* any context */
/* one channel, or what counts as one, of the caller's user: a reference; -ENOMEM, -EDQUOT */
struct goro_user *goro_user_charge_chan(void);
void goro_user_uncharge_chan(struct goro_user *u);	/* any context; and drop the reference */
void goro_user_usage(struct goro_usage *usage);
void goro_user_show(struct seq_file *m, const struct goro_user *u);	/* for fdinfo */
void goro_user_init(void);
void goro_user_exit(void);

/* An open file of /dev/goro: see file.c. C: constant; L: lock. */
struct goro_file {
	refcount_t ref;			/* the open file's, and one for each of its tasks */
	struct goro_user *user;		/* C: who opened it */
	struct goro_acct *acct;		/* C: of the tasks that were started through it */
	struct mutex lock;
	u64 top_quota, top_period;	/* L: caps up to this need no capability */
};

int goro_file_open(struct inode *inode, struct file *file);
int goro_file_release(struct inode *inode, struct file *file);
struct goro_file *goro_file_get(struct goro_file *f);
void goro_file_put(struct goro_file *f);	/* may sleep */
void goro_file_show(struct seq_file *m, struct file *file);
void goro_file_cpu_stat(struct goro_file *f, struct goro_cpu_stat *a);
int goro_file_cpu_max(struct goro_file *f, const struct goro_cpu_max *a);

/*
 * A task. Two hold it: its file and its goroutine; the last one reaps it.
 * The goroutine is a member of the group in here until it is back in goro.ko's
 * trampoline, so reaping ends with goro_group_stop(), which is short: run() has
 * returned. C: constant after task_alloc(); G: the goroutine's, before done.
 */
struct goro_task {
	refcount_t ref;
	struct goro_file *file;		/* C: counts as open as long as we live */
	struct goro_class *cls;		/* C; its module is pinned */
	struct goro_group group;	/* of one member, the goroutine */
	struct goro_dev_group *in;	/* C: the group that it belongs to, or NULL */
	struct goro_ctx *ctx;		/* C: that it runs under besides that group's, or NULL */
	wait_queue_head_t wq;		/* waits for done */
	bool done;			/* store-release after result */
	bool cancelled;			/* set once, for INFO */
	int result;			/* G */
	unsigned int turns;		/* G: goro_task_go_on() */
	void *data;			/* the class's */
	struct work_struct reap;
	struct goro_user *user;		/* C: charged for the task */
	u64 bytes;			/* C after prepare(): charged to user */
	bool has_stack;			/* G once it is started: its stack is charged to user */
	size_t arg_len;			/* C */
	void *arg;			/* C; NULL if arg_len is 0 */
	unsigned int n_chans;		/* C */
	struct goro_chan *chans[];	/* C; a reference each */
};

static inline bool goro_task_done(const struct goro_task *t)
{
	return smp_load_acquire(&t->done);	/* pairs with task_main() */
}

/* the ioctl's number without the size of its struct: see goro_dev_get() */
#define GORO_CMD(cmd)	((cmd) & ~IOCSIZE_MASK)

/*
 * goro_dev_get - an ioctl's struct, whatever size the program knows it in
 * @k: a struct whose first size is that of ABI 1, @v1
 *
 * Return: 0, -EINVAL (shorter than @v1), -E2BIG (longer, and not zero), -EFAULT.
 */
int goro_dev_get(void *k, size_t ksize, size_t v1, unsigned int cmd, unsigned long arg);
/* and back, as much of it as the program knows: 0, -EFAULT */
int goro_dev_put(const void *k, size_t ksize, unsigned int cmd, unsigned long arg);

/*
 * goro_dev_fd - give an object a file and the file a descriptor
 * @priv: the object; where this fails it is still the caller's
 * @flags: O_RDWR or O_RDONLY, O_NONBLOCK
 * @file: for fd_install(), or fput() (which releases @priv) and put_unused_fd()
 *
 * Return: the descriptor, reserved; a negative errno.
 */
int goro_dev_fd(const char *name, const struct file_operations *fops, void *priv,
		int flags, struct file **file);

/*
 * Until done(obj), which wakers make true first: 0, -EAGAIN (GORO_NOW), -ETIMEDOUT,
 * -ERESTARTSYS.
 */
int goro_dev_wait(wait_queue_head_t *wq, bool (*done)(const void *obj), const void *obj,
		  u64 deadline);
/* what O_NONBLOCK and RWF_NOWAIT make of it */
u64 goro_dev_deadline(const struct kiocb *iocb);
/* the result of the file's object once, then the end of the file: so cat and read loops end */
ssize_t goro_dev_read_result(struct kiocb *iocb, struct iov_iter *to,
			     int (*get)(void *obj, u64 deadline, s32 *r));

/* chan_fd.c */
u64 goro_dev_chan_bytes_max(void);
int goro_chan_fd_create(const struct goro_chan_create *a);
/* what timer and context fds share with channel fds */
long goro_chan_fd_xfer(struct goro_chan *c, unsigned int cmd, unsigned long arg);
long goro_chan_fd_info(struct goro_chan *c, unsigned int cmd, unsigned long arg);
ssize_t goro_chan_fd_read(struct goro_chan *c, struct kiocb *iocb, struct iov_iter *to);
__poll_t goro_chan_fd_poll(struct goro_chan *c, struct file *file, poll_table *pt);
/* the channel of a channel file; NULL */
struct goro_chan *goro_chan_of(const struct file *file);
/* the channel of a channel fd, with a reference: ERR_PTR(-EBADF), ERR_PTR(-EINVAL) */
struct goro_chan *goro_chan_from_fd(int fd);

/* timer_fd.c */
int goro_timer_fd_create(const struct goro_timer_set *a);
/* the channel of a timer file, which is the file's; NULL */
struct goro_chan *goro_timer_chan_of(const struct file *file);

/* ctx_fd.c */
int goro_ctx_fd_create(const struct goro_ctx_create *a);
/* the Done channel of a context file; NULL */
struct goro_chan *goro_ctx_chan_of(const struct file *file);
/* the context of a context fd, or of a group fd if @group: a reference; -EBADF, -EINVAL */
struct goro_ctx *goro_ctx_from_fd(int fd, bool group);
/* a context that is charged to the user, from that of the fd @parent; -1: none */
struct goro_ctx *goro_dev_ctx_derive(int parent, u64 deadline);
int goro_dev_ctx_cancel(struct goro_ctx *ctx, unsigned int cmd, unsigned long arg);
void goro_dev_ctx_show(struct seq_file *m, struct goro_ctx *ctx);

/* group_fd.c */
struct goro_dev_group;
int goro_group_fd_create(const struct goro_group_create *a);
struct goro_dev_group *goro_dev_group_from_fd(int fd);
struct goro_ctx *goro_group_ctx_of(const struct file *file);
struct goro_ctx *goro_dev_group_ctx(const struct goro_dev_group *g);	/* of NULL: NULL */
int goro_dev_group_join(struct goro_dev_group *g, struct goro_ctx *ctx, u64 deadline);
void goro_dev_group_result(struct goro_dev_group *g, int result);
void goro_dev_group_leave(struct goro_dev_group *g, bool started);
void goro_dev_group_put(struct goro_dev_group *g);

/* select.c */
long goro_dev_select(unsigned int cmd, unsigned long arg);

/* task.c */
int goro_task_init(void);
void goro_task_exit(void);
struct goro_task *goro_task_alloc(struct goro_file *f, const struct goro_task_spawn *a);
/* @deadline: of the wait for a place in its group */
int goro_task_start(struct goro_task *t, u64 deadline);
bool goro_task_cancelled(const struct goro_task *t);
void goro_task_cancel(struct goro_task *t);
/* the file's side: cancel if it runs and is in no group, and drop the file's reference */
void goro_task_release(struct goro_task *t);

/* task_fd.c */
int goro_task_fd_spawn(struct goro_file *f, const struct goro_task_spawn *a);

/* class.c */
struct goro_class *goro_class_get(const char *name);
void goro_class_put(struct goro_class *cls);

/* class_basic.c, class_wc.c */
int goro_class_basic_init(void);
void goro_class_basic_exit(void);
extern struct goro_class goro_class_wc;

/* chardev.c: called by main.c after the scheduler is up, before it goes down */
int goro_dev_init(void);
void goro_dev_exit(void);

#endif /* _GORO_DEV_DEV_H */
