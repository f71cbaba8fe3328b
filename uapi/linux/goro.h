/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * goro: channels and goroutines of the kernel, for programs. The only ABI.
 *
 * /dev/goro hands out objects, and every object is a file descriptor (always
 * close-on-exec); it lives as long as its open file does, in whatever process:
 *
 *   channel fd   GORO_IOC_CHAN_CREATE on /dev/goro. A queue of elements of one
 *                size between threads and goroutines, with Go's semantics.
 *                SEND, RECV, CLOSE, INFO; also read(2), write(2) and poll(2).
 *   task fd      GORO_IOC_TASK_SPAWN on /dev/goro. A goroutine of the kernel
 *                that runs a task class, which is named, with an argument and
 *                channels. WAIT, CANCEL, INFO; also read(2) and poll(2).
 *                Closing the last descriptor of a task cancels it.
 *   timer fd     GORO_IOC_TIMER on /dev/goro. The channel that a timer or ticker
 *                sends the time to. RECV, CHAN_INFO, TIMER_RESET, TIMER_STOP; also
 *                read(2) and poll(2). Closing the last descriptor stops it.
 *   context fd   GORO_IOC_CTX on /dev/goro. What can be cancelled once, from any
 *                process that has it, or by its deadline or its parent. RECV (from
 *                its Done channel), CTX_CANCEL, CTX_INFO; also read(2) and poll(2).
 *                Closing the last descriptor cancels it.
 *   group fd     GORO_IOC_GROUP on /dev/goro. Tasks of which the first error
 *                cancels the rest, at most so many at once. GROUP_WAIT,
 *                GROUP_CANCEL, GROUP_INFO; also read(2) and poll(2). Closing the
 *                last descriptor cancels it.
 *
 * GORO_IOC_SELECT waits for the first of many channels, timers and contexts; it is
 * an ioctl of /dev/goro and of each of these three.
 *
 * A channel is closed by GORO_IOC_CHAN_CLOSE only, not by close(2): a task
 * that was given the channel has it as long as the task lives.
 *
 * Rules for every call:
 *  - The number of an ioctl holds the size of its struct as the program knows
 *    it. A struct grows at its end only: the kernel takes a shorter one of an
 *    older program (what is missing counts as zero) and a longer one of a
 *    newer program if what it does not know is zero (else E2BIG). A struct
 *    shorter than in ABI 1 is EINVAL.
 *  - Unknown flags and reserved words that are not zero are EINVAL. Fields
 *    marked "out" are written by the kernel and not looked at.
 *  - An ioctl that the fd does not know is ENOTTY.
 *  - Pointers are __u64, so 32-bit programs use the same structs.
 *  - Everything is checked before anything is done.
 *  - Deadlines are absolute, CLOCK_MONOTONIC, in ns. GORO_NOW does not block
 *    (EAGAIN), GORO_FOREVER has no deadline; one that passes is ETIMEDOUT. As
 *    they are absolute, a call that a signal interrupted before it did
 *    anything is restarted where the handler has SA_RESTART; else EINTR. One
 *    that was stopped and continued is restarted always.
 *  - Waiting is by the deadline alone in ioctls, by O_NONBLOCK (or RWF_NOWAIT, for
 *    one call) alone in read(2) and write(2). O_NONBLOCK that is set or cleared
 *    while a call waits holds for the next call.
 *  - A call that waits has its file: that its last descriptor is closed does not
 *    end the wait.
 *
 * Limits. What a call allocates is charged to the caller's memory cgroup; at the
 * cgroup's limit it is ENOMEM (but a table of descriptors that has to grow, or
 * open(2) itself, may bring its OOM killer, as for any file). It is also charged
 * to the caller's user, against the caps that GORO_IOC_QUERY shows (module
 * parameters of the same names, which root may change at any time; what is above
 * a lowered cap stays):
 *
 *   user_files_max        open files of /dev/goro, and closed ones that have tasks
 *   user_chans_max        channels, timers, contexts and groups
 *   user_bytes_max        bytes that channels may buffer (elem * cap, from the
 *                         start), arguments of tasks, buffers of their classes
 *   user_tasks_max        tasks, also those that are done, until they are closed
 *   user_stack_bytes_max  kernel stacks of tasks that are not done; these are not
 *                         charged to the memory cgroup
 *
 * Above a cap a call is EDQUOT, but not for who has CAP_SYS_RESOURCE in the
 * initial user namespace (what he makes counts all the same). The user is the
 * real user id of the process that makes the object (which opens the device, for
 * files); who gets its fd later is not charged, and it stays charged to its maker
 * until it goes: a channel when no fd (in flight over a socket, too) and no task
 * has it. User namespaces have no caps of their own, nor do ids that a user maps
 * into his: they count as whoever made the outermost one that root did not make.
 *
 * CPU time. An open file of /dev/goro (not a descriptor: dup and SCM_RIGHTS share
 * it) is the unit: the tasks that were started through it, by whomever, are
 * accounted to it, as long as they live, and together they may be capped as
 * by a cgroup's cpu.max: at most quota_ns of all CPUs in each period_ns. Tasks
 * above it wait, from their next scheduling point on (a channel call that has
 * to wait, or goro_task_go_on() in the class's loops), for the next periods,
 * until what was used too much is made up for. A file begins with the module
 * parameter cpu_max_default (as in cpu.max: "max 100000", in us), which is also
 * as far as it may be raised; whoever has the file may lower its cap, and raise
 * it so far again. CAP_SYS_RESOURCE in the initial user namespace may set any
 * cap, and periods below 10 ms; so far, then, may others raise it. How far is
 * judged by quota / period. A file that is capped begins with a period of waiting.
 * A cap per user is this and user_files_max.
 *
 * Task classes that are not for everyone want CAP_SYS_ADMIN in the initial user
 * namespace, of the process that spawns, whoever opened the device.
 *
 * read(2), write(2) and poll(2) on a channel fd:
 *  - write(2) takes a whole number of elements (else EINVAL) and returns when
 *    all are sent, or with what was sent before a signal, a close or, with
 *    O_NONBLOCK, before the channel was full. A closed channel is EPIPE; there
 *    is no SIGPIPE.
 *  - read(2) waits for one element and returns it with those that are there
 *    now, as many whole ones as fit; a buffer shorter than one is EINVAL. 0 is
 *    the end: closed and drained.
 *  - 0 bytes are 0 at once. With elements of 0 bytes both are EINVAL: use SEND
 *    and RECV.
 *  - POLLIN: a receive would not block. POLLOUT: a send would not block.
 *    POLLHUP: closed; POLLIN and POLLOUT are set then, too. On an unbuffered
 *    channel POLLOUT needs a receiver that waits, so two sides that both only
 *    poll do not meet.
 *  - Each element (or waiting partner) is an edge for EPOLLET, and wakes one of
 *    the EPOLLEXCLUSIVE waiters; a close wakes them all.
 *  - lseek(2), pread(2), pwrite(2) are ESPIPE; splice(2), sendfile(2), tee(2),
 *    copy_file_range(2) EINVAL; vmsplice(2) EBADF.
 *
 * A task fd is readable (POLLIN) when the task has ended, which wakes all that
 * wait for it. The first read(2) gives a struct goro_task_result (EINVAL where it
 * does not fit), waiting for the end unless O_NONBLOCK; the next ones 0, the end
 * of the file. The position is the open file's, which dup(2) and fork(2) share.
 * A group fd is the same for the tasks in it: readable when none of them is left
 * that has not ended. A context fd is readable when it is done: POLLIN and POLLHUP;
 * read(2) gives a struct goro_ctx_result, once.
 *
 * read(2) and poll(2) on a timer fd are a channel's, of __u64. Such a file is not
 * open for writing (EBADF), nor are those of tasks, contexts and groups.
 */
#ifndef _UAPI_LINUX_GORO_H
#define _UAPI_LINUX_GORO_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define GORO_ABI	1

#ifndef GORO_NOW
#define GORO_NOW	0ULL
#define GORO_FOREVER	(~0ULL)
#endif

#define GORO_CLASS_NAME_LEN	32	/* with the NUL */

/* goro_query.features */
#define GORO_FEATURE_CHAN	(1ULL << 0)	/* channel fds */
#define GORO_FEATURE_TASK	(1ULL << 1)	/* task fds */
#define GORO_FEATURE_USER	(1ULL << 2)	/* caps per user, GORO_IOC_USAGE */
#define GORO_FEATURE_CPU_MAX	(1ULL << 3)	/* GORO_IOC_CPU_STAT, GORO_IOC_CPU_MAX */
#define GORO_FEATURE_SELECT	(1ULL << 4)	/* GORO_IOC_SELECT */
#define GORO_FEATURE_TIMER	(1ULL << 5)	/* timer fds */
#define GORO_FEATURE_CTX	(1ULL << 6)	/* context fds, GORO_TASK_CTX */
#define GORO_FEATURE_GROUP	(1ULL << 7)	/* group fds, GORO_TASK_GROUP */

/* What this kernel has. Errors: EFAULT, EINVAL. */
struct goro_query {
	__u32 flags;		/* 0 */
	__u32 abi;		/* out: GORO_ABI */
	__u64 features;		/* out: GORO_FEATURE_* */
	__u32 elem_max;		/* out: bytes an element */
	__u32 procs;		/* out: goroutines that run at once */
	__u64 cap_max;		/* out: elements a channel */
	__u64 chan_bytes_max;	/* out: elem * cap of a channel */
	__u32 arg_max;		/* out: bytes of a task's argument */
	__u32 task_chans_max;	/* out: channels given to a task */
	/* with GORO_FEATURE_USER: out, the caps of each user; see the head */
	__u64 user_files_max;
	__u64 user_chans_max;
	__u64 user_bytes_max;
	__u64 user_tasks_max;
	__u64 user_stack_bytes_max;
	__u32 select_cases_max;	/* with GORO_FEATURE_SELECT: out */
	__u32 group_limit_max;	/* with GORO_FEATURE_GROUP: out */
};

#define GORO_QUERY_SIZE_1	48	/* sizeof(struct goro_query) in its first version */

/*
 * What the calling process's user is charged for now, each counter read for
 * itself. Errors: EFAULT, EINVAL.
 */
struct goro_usage {
	__u32 flags;		/* 0 */
	__u32 uid;		/* out: the real user id, as the caller's user namespace has it */
	__u64 files;		/* out, all of them; see the head */
	__u64 chans;
	__u64 bytes;
	__u64 tasks;
	__u64 stack_bytes;
};

#define GORO_CPU_NO_MAX		(~0ULL)	/* a quota: no cap */

/*
 * CPU time of the tasks that were started through this file; see the head. What
 * runs is added at its scheduling points. Errors: EFAULT, EINVAL.
 */
struct goro_cpu_stat {
	__u32 flags;		/* 0 */
	__u32 reserved;		/* 0 */
	/* out, all of them */
	__u64 usage_ns;
	__u64 nr_periods;	/* that passed while there was a cap and something ran */
	__u64 nr_throttled;	/* of these, those in which tasks had to wait */
	__u64 throttled_ns;	/* for how long some had to */
	__u64 quota_ns;		/* the cap; GORO_CPU_NO_MAX */
	__u64 period_ns;
	__u64 top_quota_ns;	/* as far as it may be raised without a capability */
	__u64 top_period_ns;
};

/*
 * Cap the CPU time of the tasks that were and will be started through this
 * file. Errors: EINVAL a flag or reserved word, a period outside 1 ms..1 s, a
 * quota below 1 ms, or above that of all possible CPUs and not GORO_CPU_NO_MAX;
 * EPERM more than the top, without CAP_SYS_RESOURCE; EFAULT.
 */
struct goro_cpu_max {
	__u32 flags;		/* 0 */
	__u32 reserved;		/* 0 */
	__u64 quota_ns;		/* of all CPUs together: 2 * period_ns are two CPUs */
	__u64 period_ns;
};

/* the flags of what makes a file */
#define GORO_FD_NONBLOCK	(1U << 0)	/* O_NONBLOCK from the start */

/*
 * Make a channel (Go: make(chan T, cap)). Returns its fd.
 * Errors: EINVAL a flag, or a size or capacity above the limits; EDQUOT the
 * user's caps; ENOMEM (also of the memory cgroup); EMFILE, ENFILE no descriptor
 * free; EFAULT.
 */
struct goro_chan_create {
	__u32 flags;		/* GORO_FD_NONBLOCK */
	__u32 elem;		/* bytes an element, may be 0 */
	__u64 cap;		/* elements buffered; 0: a send meets its receiver */
};

/* goro_xfer.flags, RECV only: wait for all n, not only for the first */
#define GORO_RECV_ALL		(1U << 0)

/*
 * SEND and RECV: n elements, which lie one after the other at buf. Both return
 * how many; fewer than n, but at least one, after a deadline, a signal, a close
 * or a bad address came in between. Elements of one call stay in order; those
 * of others may come between.
 *
 * SEND waits until all are sent. Errors, with nothing sent: EPIPE closed;
 * EAGAIN, ETIMEDOUT, EINTR; EFAULT; ENOMEM; EINVAL n is 0 or above INT_MAX, or
 * a flag.
 *
 * RECV waits for the first element only and takes with it what is there, but
 * for GORO_RECV_ALL. It returns 0 when the channel is closed and drained; the
 * first element at buf is zeroed then. Errors as SEND's but for EPIPE, and
 * with them the memory at buf is as it was. That the memory can be written is
 * checked before anything is received, so a bad address loses nothing. Only
 * memory that another thread takes away during the call loses what was
 * received into it; that is EFAULT, too.
 */
struct goro_xfer {
	__u32 flags;		/* SEND: 0; RECV: GORO_RECV_ALL */
	__u32 n;		/* 1..INT_MAX */
	__u64 buf;		/* n * elem bytes; not looked at if elem is 0 */
	__u64 deadline;
};

/* goro_chan_info.state */
#define GORO_CHAN_CLOSED	(1U << 0)

/* A channel's state at one moment. Errors: EFAULT, EINVAL. */
struct goro_chan_info {
	__u32 flags;		/* 0 */
	__u32 state;		/* out: GORO_CHAN_CLOSED */
	__u32 elem;		/* out: bytes an element */
	__u32 senders;		/* out: threads and goroutines waiting to send */
	__u32 receivers;	/* out: and to receive */
	__u32 reserved;		/* 0 */
	__u64 cap;		/* out */
	__u64 len;		/* out: elements buffered */
	__u64 id;		/* out: the channel's number in traces */
};

/* goro_select_case.op */
#define GORO_SELECT_SEND	0
#define GORO_SELECT_RECV	1

/*
 * A case of SELECT. It is chosen when its operation need not wait, and that is
 * done then: an element from buf is sent, or one is received to it.
 */
struct goro_select_case {
	__s32 fd;		/* a channel; to receive from also a timer or context; -1: none */
	__u32 op;		/* GORO_SELECT_* */
	__u64 buf;		/* an element; not looked at if len is 0 */
	__u32 len;		/* bytes at buf: an element's; RECV: or 0, the element is dropped */
	/*
	 * out, of the chosen case alone: 0 it was sent; 1 an element was received, 0
	 * closed and drained (buf is zeroed; a context is done); -EPIPE the send found
	 * the channel closed
	 */
	__s32 result;
};

/*
 * Go: select. Waits until one of the cases can be done, does that one and returns
 * its index; of several, one at random, each as likely. A channel may be in any
 * number of cases, to send and to receive. A case with fd -1 is never chosen (a nil
 * channel). GORO_NOW: Go's default. Without a case that can be chosen it waits for
 * its deadline or a signal.
 *
 * Errors, with nothing sent or received: EAGAIN, ETIMEDOUT, EINTR; EBADF an fd is
 * not open; EINVAL a flag or reserved word, n too large, an op that is unknown, an
 * fd that is nothing to select on, or that cannot be sent to, a len that is not the
 * element's; ENOMEM; EFAULT. All of it is checked, all that may be sent copied and
 * all that may be written to looked at, before anything is waited for; so, as of
 * RECV, only memory that another thread takes away during the call loses what was
 * received into it; that is EFAULT, too, as is where the result cannot be written.
 */
struct goro_select_wait {
	__u32 flags;		/* 0 */
	__u32 n;		/* cases, at most goro_query.select_cases_max */
	__u64 cases;		/* struct goro_select_case[n] */
	__u64 deadline;
};

/*
 * Make a timer, and set it (Go: time.NewTimer, time.NewTicker); or, with
 * TIMER_RESET, set one anew. At the deadline, and then each period, the time
 * (CLOCK_MONOTONIC, ns, as __u64) is sent to the channel that the fd is, which
 * holds one: what is late is dropped, it does not pile up. The next one of a
 * ticker comes when the last was received, at a whole number of periods from the
 * deadline.
 *
 * TIMER returns the fd. Errors: EINVAL a flag, reserved word or period; EDQUOT the user's
 * caps; ENOMEM, EMFILE, ENFILE, EFAULT.
 *
 * TIMER_RESET and TIMER_STOP return 1 if the timer was set and nothing of that
 * has been received, else 0. Nothing that was sent before is received after they
 * return (as since Go 1.23). Errors: EINVAL, EFAULT.
 */
struct goro_timer_set {
	__u32 flags;		/* TIMER: GORO_FD_NONBLOCK; TIMER_RESET: 0 */
	__u32 reserved;		/* 0 */
	__u64 deadline;		/* GORO_NOW: at once; GORO_FOREVER: it is stopped */
	__u64 period;		/* below 2^63; 0: once */
};

/*
 * Make a context (Go: context.WithCancel, WithDeadline). Returns its fd. It is
 * done when it is cancelled, when its deadline passes or when its parent is done,
 * a context or a group; the parent's fd may not be closed before, as that cancels
 * it. One whose parent is done is done from the start.
 * Errors: EBADF the parent is not open; EINVAL it is no context or group, a flag;
 * EDQUOT the user's caps; ENOMEM, EMFILE, ENFILE, EFAULT.
 */
struct goro_ctx_create {
	__u32 flags;		/* GORO_FD_NONBLOCK */
	__s32 parent;		/* -1: none */
	__u64 deadline;		/* GORO_FOREVER: none of its own */
};

/*
 * CTX_CANCEL and GROUP_CANCEL. The first cancel counts, later ones do nothing; both
 * return 0. Errors: EINVAL a flag, a cause that is no errno; EFAULT.
 */
struct goro_cancel {
	__u32 flags;		/* 0 */
	__s32 cause;		/* why: -1..-4095, an errno; 0 is -ECANCELED */
};

/* goro_ctx_info.state */
#define GORO_CTX_DONE		(1U << 0)

/* A context's state. Errors: EFAULT, EINVAL. */
struct goro_ctx_info {
	__u32 flags;		/* 0 */
	__u32 state;		/* out: GORO_CTX_* */
	__s32 err;		/* out, Go: ctx.Err(): 0, -ECANCELED, -ETIMEDOUT */
	__s32 cause;		/* out, Go: context.Cause(): 0, the cancel's cause, or err */
	__u64 deadline;		/* out: its own or an ancestor's; GORO_FOREVER: none */
};

/* what read(2) of a context fd gives */
struct goro_ctx_result {
	__s32 err;
	__s32 cause;
};

/*
 * Make a group (Go: errgroup.WithContext, SetLimit). Returns its fd. Tasks are
 * started in it by GORO_TASK_GROUP. The first of them that returns a negative
 * result cancels it; so does its parent's end, GROUP_CANCEL, and the close of its
 * last fd. In a group that was cancelled nothing can be started. It can be used
 * again after a wait.
 * Errors: EBADF the parent is not open; EINVAL it is no context or group, a flag or
 * reserved word, a limit that is too large; EDQUOT the user's caps; ENOMEM, EMFILE,
 * ENFILE, EFAULT.
 */
struct goro_group_create {
	__u32 flags;		/* GORO_FD_NONBLOCK */
	__u32 limit;		/* tasks that run at once, at most group_limit_max; 0: no limit */
	__s32 parent;		/* a context or group fd; -1: none */
	__u32 reserved;		/* 0 */
};

/*
 * Wait until no task in the group is left that has not ended. Errors: EAGAIN
 * (GORO_NOW), ETIMEDOUT, EINTR, EFAULT, EINVAL.
 */
struct goro_group_wait {
	__u32 flags;		/* 0 */
	__s32 result;		/* out: the first negative result of a task, or 0 */
	__u64 deadline;
};

/* goro_group_info.state */
#define GORO_GROUP_CANCELLED	(1U << 0)

/* A group's state. Errors: EFAULT, EINVAL. */
struct goro_group_info {
	__u32 flags;		/* 0 */
	__u32 state;		/* out: GORO_GROUP_* */
	__s32 result;		/* out: the first negative result so far, or 0 */
	__s32 cause;		/* out: 0, or why it was cancelled: as goro_ctx_info.cause */
	__u32 limit;		/* out */
	__u32 running;		/* out: tasks that have not ended */
	__u64 started;		/* out: tasks so far */
};

/* goro_task_spawn.flags */
#define GORO_TASK_CTX		(1U << 1)	/* there is a ctx */
#define GORO_TASK_GROUP		(1U << 2)	/* there are a group and a deadline */

/*
 * Start a goroutine that runs a task class. Returns the task's fd. The task
 * has its own references to the channels: their fds may be closed.
 *
 * GORO_TASK_CTX: the task is cancelled when the context is done; its fd may not be
 * closed before, as that cancels it. If it is done already nothing is started: its
 * err, ECANCELED or ETIMEDOUT.
 *
 * GORO_TASK_GROUP: the task belongs to the group, which cancels it; closing the
 * task's fd does not. Where the group's limit is reached the call waits for another
 * one's end: EAGAIN, ETIMEDOUT, EINTR. ECANCELED: the group was cancelled.
 *
 * Errors: ENOENT no such class; EPERM the class wants CAP_SYS_ADMIN; EBADF an
 * fd is not open; EINVAL it is no channel's, context's or group's, a flag or
 * reserved word, a field that its flag is not set for is not zero, the name
 * is not ended or not padded by zeros, too many channels; E2BIG the
 * argument is too long; what the class says of its argument and channels
 * (EINVAL); EDQUOT the user's caps, or too many tasks of all users; ENOMEM (also
 * of the memory cgroup), EMFILE, ENFILE, EFAULT; ENODEV goro is broken or going.
 */
struct goro_task_spawn {
	__u32 flags;		/* GORO_FD_NONBLOCK, GORO_TASK_* */
	__u32 n_chans;
	__u64 chans;		/* __s32[n_chans]: channel fds */
	__u64 arg;		/* bytes that the class knows */
	__u32 arg_len;
	__u32 reserved;		/* 0 */
	char class_name[GORO_CLASS_NAME_LEN];	/* padded with zeros */
	__s32 ctx;		/* with GORO_TASK_CTX: a context fd; else 0 */
	__s32 group;		/* with GORO_TASK_GROUP: a group fd; else 0 */
	__u64 deadline;		/* with GORO_TASK_GROUP: of the wait for a place; else 0 */
};

#define GORO_TASK_SPAWN_SIZE_1	64	/* sizeof(struct goro_task_spawn) in its first version */

/*
 * Wait for a task's end. Errors: EAGAIN (GORO_NOW, it runs), ETIMEDOUT, EINTR,
 * EFAULT, EINVAL. Any number of waits may see the result. One whose goroutine has
 * oopsed has ended, with -EOWNERDEAD; it is charged to its user for ever.
 */
struct goro_task_wait {
	__u32 flags;		/* 0 */
	__s32 result;		/* out: what the class returned, or -EOWNERDEAD */
	__u64 deadline;
};

/* goro_task_info.state */
#define GORO_TASK_DONE		(1U << 0)
#define GORO_TASK_CANCELLED	(1U << 1)	/* was asked to end */

/* A task's state. Errors: EFAULT, EINVAL. */
struct goro_task_info {
	__u32 flags;		/* 0 */
	__u32 state;		/* out: GORO_TASK_* */
	__s32 result;		/* out: 0 until it is done */
	__u32 n_chans;		/* out */
	char class_name[GORO_CLASS_NAME_LEN];	/* out */
};

/* what read(2) of a task fd gives */
struct goro_task_result {
	__s32 result;
	__u32 reserved;		/* 0 */
};

/*
 * Counters since goro was loaded, of the whole system; each is read for itself.
 * Errors: EFAULT, EINVAL.
 */
struct goro_stats {
	__u32 flags;		/* 0 */
	__u32 reserved;		/* 0 */
	/* out, all of them */
	__u64 g_created, g_destroyed;		/* goroutines */
	__u64 chan_created, chan_destroyed;
	__u64 task_created, task_destroyed;
	__u64 stack_created, stack_destroyed;
	__u64 m_created, m_destroyed;		/* threads that run goroutines */
	__u64 switches;		/* from goroutine to goroutine */
	__u64 parks;		/* waits that gave the CPU up */
	__u64 steals;		/* takes from another CPU's queue */
	__u64 overflows;	/* local queue full, half of it went to the global one */
	__u64 handoffs;		/* P given on because its thread blocked */
	__u64 readies;		/* goroutines made runnable, whoever did it */
	/* waits that were ended by ... */
	__u64 wakes_close;
	__u64 wakes_timeout;
	__u64 wakes_cancel;
	__u64 wakes_signal;
};

#define GORO_IOC_MAGIC	0xc6

/* on /dev/goro */
#define GORO_IOC_QUERY		_IOWR(GORO_IOC_MAGIC, 0x00, struct goro_query)
#define GORO_IOC_STATS		_IOWR(GORO_IOC_MAGIC, 0x01, struct goro_stats)
#define GORO_IOC_CHAN_CREATE	_IOW(GORO_IOC_MAGIC, 0x02, struct goro_chan_create)
#define GORO_IOC_TASK_SPAWN	_IOW(GORO_IOC_MAGIC, 0x03, struct goro_task_spawn)
#define GORO_IOC_USAGE		_IOWR(GORO_IOC_MAGIC, 0x04, struct goro_usage)
#define GORO_IOC_CPU_STAT	_IOWR(GORO_IOC_MAGIC, 0x05, struct goro_cpu_stat)
#define GORO_IOC_CPU_MAX	_IOW(GORO_IOC_MAGIC, 0x06, struct goro_cpu_max)

#define GORO_IOC_TIMER		_IOW(GORO_IOC_MAGIC, 0x07, struct goro_timer_set)
#define GORO_IOC_CTX		_IOW(GORO_IOC_MAGIC, 0x08, struct goro_ctx_create)
#define GORO_IOC_GROUP		_IOW(GORO_IOC_MAGIC, 0x09, struct goro_group_create)
/* also on channel, timer and context fds, for who has no /dev/goro */
#define GORO_IOC_SELECT		_IOW(GORO_IOC_MAGIC, 0x0a, struct goro_select_wait)

/* on a channel fd; RECV also on timer and context fds, CHAN_INFO on timer fds */
#define GORO_IOC_SEND		_IOW(GORO_IOC_MAGIC, 0x20, struct goro_xfer)
#define GORO_IOC_RECV		_IOW(GORO_IOC_MAGIC, 0x21, struct goro_xfer)
/* Go: close(c). The argument is 0 (else EINVAL). EBADFD: closed before */
#define GORO_IOC_CHAN_CLOSE	_IO(GORO_IOC_MAGIC, 0x22)
#define GORO_IOC_CHAN_INFO	_IOWR(GORO_IOC_MAGIC, 0x23, struct goro_chan_info)

/* on a task fd */
#define GORO_IOC_TASK_WAIT	_IOWR(GORO_IOC_MAGIC, 0x40, struct goro_task_wait)
/* Ask it to end: its blocking calls fail from now on. The argument is 0. */
#define GORO_IOC_TASK_CANCEL	_IO(GORO_IOC_MAGIC, 0x41)
#define GORO_IOC_TASK_INFO	_IOWR(GORO_IOC_MAGIC, 0x42, struct goro_task_info)

/* on a timer fd */
#define GORO_IOC_TIMER_RESET	_IOW(GORO_IOC_MAGIC, 0x30, struct goro_timer_set)
/* The argument is 0 (else EINVAL) */
#define GORO_IOC_TIMER_STOP	_IO(GORO_IOC_MAGIC, 0x31)

/* on a context fd */
#define GORO_IOC_CTX_CANCEL	_IOW(GORO_IOC_MAGIC, 0x50, struct goro_cancel)
#define GORO_IOC_CTX_INFO	_IOWR(GORO_IOC_MAGIC, 0x51, struct goro_ctx_info)

/* on a group fd */
#define GORO_IOC_GROUP_WAIT	_IOWR(GORO_IOC_MAGIC, 0x58, struct goro_group_wait)
#define GORO_IOC_GROUP_CANCEL	_IOW(GORO_IOC_MAGIC, 0x59, struct goro_cancel)
#define GORO_IOC_GROUP_INFO	_IOWR(GORO_IOC_MAGIC, 0x5a, struct goro_group_info)

/*
 * Task classes that are always there. Each returns a negative errno, as
 * -ECANCELED, where its work was cut short.
 *
 * "echo"   channels 0 and 1, of one element size: passes elements on from 0 to
 *          1 until 0 is closed. Returns how many (at most INT_MAX). It does not
 *          close channel 1: others may send there.
 * "sum"    channel 0 of __s64: adds up until it is closed; sends the sum to
 *          channel 1 (of __s64, too). Returns how many.
 * "sleep"  argument __u64: sleeps so many ns. Returns 0.
 * "wc"     counts lines, words and bytes as wc(1) does in the C locale. Any
 *          number of tasks may share the channels. Channel 0: chunks, a struct
 *          goro_wc_chunk and its bytes, in elements of any one size; until it
 *          is closed. Then sends a struct goro_wc_total to channel 1. Returns
 *          0; -EBADMSG for a chunk with unknown flags or len beyond its element.
 */

/*
 * A word is a run of bytes between white space (space, \t \n \v \f \r) with at
 * least one printable byte (0x21 to 0x7e); bytes that are neither end no word
 * and make none. GORO_WC_IN_WORD: the chunk begins in the middle of a word that
 * has had a printable byte already, so that it is counted once.
 */
#define GORO_WC_IN_WORD		(1U << 0)

struct goro_wc_chunk {
	__u32 len;		/* bytes that follow; the rest of the element is ignored */
	__u32 flags;
};

struct goro_wc_total {
	__u64 lines;
	__u64 words;
	__u64 bytes;
	__u64 chunks;
};

#endif /* _UAPI_LINUX_GORO_H */
