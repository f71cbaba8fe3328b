// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro_httpd: from a request's path to an open file, and never outside the root.
 *
 * The root is looked up once, at load; its path stays pinned. A request's path
 * is walked by vfs_path_lookup() from there with LOOKUP_BENEATH, as ksmbd does
 * for its shares: ".." above the root, absolute symbolic links and relative
 * ones that lead out are -EXDEV, checked step by step by the kernel under its
 * own locks, so a rename that races with the walk gains nothing (-EAGAIN at
 * worst). LOOKUP_NO_MAGICLINKS refuses /proc's links. Links that stay inside
 * are followed. What was found is pinned, looked at (a regular file?), and
 * that very inode is opened: no second walk that could end elsewhere.
 * Mounts below the root are followed: mounting there is the administrator's.
 *
 * Walks and opens run with the rights of nobody (65534, no groups, no
 * capabilities), as nfsd's do for a squashed user: a kernel thread is root and
 * would serve every file; so what "others" may not read or search is a 403.
 * The root's own parents are not asked.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/stat.h>
#include "compat.h"
#include "httpd.h"

#define NOBODY 65534

static struct path root_path;		/* set at load */
static const struct cred *nobody;	/* set at load */

int httpd_file_init(const char *name)
{
	struct group_info *none;
	struct cred *cred;
	int err = kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &root_path);

	if (err)
		return err;
	cred = prepare_kernel_cred(&init_task);
	none = groups_alloc(0);
	if (!cred || !none) {
		if (cred)
			put_cred(cred);
		if (none)
			put_group_info(none);
		path_put(&root_path);
		return -ENOMEM;
	}
	cred->fsuid = make_kuid(&init_user_ns, NOBODY);
	cred->fsgid = make_kgid(&init_user_ns, NOBODY);
	cap_clear(cred->cap_effective);
	set_groups(cred, none);
	put_group_info(none);
	nobody = cred;
	return 0;
}

void httpd_file_exit(void)
{
	put_cred(nobody);
	path_put(&root_path);
}

static void set_meta(struct http_meta *m, const struct kstat *st)
{
	u64 mtime = (u64)st->mtime.tv_sec * NSEC_PER_SEC + st->mtime.tv_nsec;

	m->size = st->size;
	m->mtime = st->mtime.tv_sec;
	m->now = ktime_get_real_seconds();
	/* the coarsest clock of a file system, FAT's, ticks every 2 s */
	m->weak = m->mtime + 2 >= m->now;
	snprintf(m->etag, sizeof(m->etag), "\"%llx-%llx-%llx\"", st->ino, m->size, mtime);
}

static int file_open(const char *name, struct httpd_file *f)
{
	struct kstat st;
	struct path path;
	int err;

	err = vfs_path_lookup(root_path.dentry, root_path.mnt, name,
			      LOOKUP_FOLLOW | LOOKUP_BENEATH | LOOKUP_NO_MAGICLINKS, &path);
	if (err)
		return err;
	err = vfs_getattr(&path, &st, STATX_BASIC_STATS, AT_STATX_SYNC_AS_STAT);
	if (!err && S_ISDIR(st.mode))
		err = -EISDIR;
	if (!err && !S_ISREG(st.mode))
		err = -EACCES;
	/* the walk asked the directories; dentry_open() does not ask the file */
	if (!err)
		err = path_permission(&path, MAY_READ | MAY_OPEN);
	if (err)
		goto out;
	f->file = dentry_open(&path, O_RDONLY | O_LARGEFILE | O_NONBLOCK, nobody);
	if (IS_ERR(f->file)) {
		err = PTR_ERR(f->file);
		goto out;
	}
	set_meta(&f->meta, &st);
out:
	path_put(&path);
	return err;
}

/**
 * httpd_file_open - open a file below the root
 * @name: relative path
 * @f: is filled in
 *
 * Context: between goro_block_begin() and _end(): it changes the M's creds.
 * Return: 0 or an errno of open(2), -EISDIR for a directory, -EXDEV for what
 * leads outside, -EACCES also for what is not a regular file.
 */
int httpd_file_open(const char *name, struct httpd_file *f)
{
	const struct cred *old = override_creds(nobody);
	int tries = 3, err;

	/* -EAGAIN: a rename somewhere raced with a ".." of a symbolic link */
	do {
		err = file_open(name, f);
	} while (err == -EAGAIN && --tries);
	revert_creds(old);
	return err;
}

/* Read at @pos: bytes, fewer only at the file's end, or an errno. */
int httpd_file_read(struct httpd_file *f, void *buf, size_t len, u64 pos)
{
	loff_t off = pos;
	size_t done = 0;

	while (done < len) {
		ssize_t n = kernel_read(f->file, buf + done, len - done, &off);

		if (n < 0)
			return n;
		if (!n)
			break;
		done += n;
	}
	return done;
}

void httpd_file_close(struct httpd_file *f)
{
	/* fput() of a kernel thread leaves it to a work item, which may come after rmmod */
	__fput_sync(f->file);
}
