// SPDX-License-Identifier: MIT
/*
 * tour [-n TASKS] [-g MIB] [-e DIR] FILE|DIR...: wc(1) by goroutines of the kernel.
 *
 * This program cuts the files (and a text of MIB megabytes that it makes up)
 * into chunks and sends them into one channel. TASKS tasks of the class "wc",
 * goroutines in the kernel, share that channel (fan out), count, and send
 * their totals into a second one (fan in):
 *
 *	                     +-- wc --+
 *	files --> [chunks] --+-- wc --+--> [totals] --> sum
 *	                     +-- wc --+
 *
 * The sums must be what wc(1) says. Then the totals go round once more, to
 * show that no library is needed: with -e, a shell (dd) takes the first and
 * Python (select.poll) the rest, by the scripts in DIR. Exits 1 if anything is
 * not as it should be.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <goro.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK	4096	/* bytes an element */
#define BATCH	16	/* elements a send */
#define QUEUE	64	/* elements buffered */
#define TASKS	64

struct chunk {
	struct goro_wc_chunk head;
	char data[CHUNK - sizeof(struct goro_wc_chunk)];
};

static char **files;
static size_t n_files;

/* what a call of the library returned, if it is no error */
static int ok(int ret, const char *what)
{
	if (ret < 0)
		errx(1, "%s: %s", what, strerror(-ret));
	return ret;
}

/* ---- the input ------------------------------------------------------- */

static int add_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_F && S_ISREG(st->st_mode)) {
		files = realloc(files, (n_files + 2) * sizeof(*files));
		if (!files || !(files[n_files++] = strdup(path)))
			err(1, "memory");
		files[n_files] = NULL;
	}
	return 0;
}

/* Words of all lengths, some longer than a chunk; bytes that are no text as well. */
static void make_text(const char *path, size_t size)
{
	static const char space[8] = { ' ', '\n', '\t', '\v', '\f', '\r', ' ', '\n' };
	uint64_t x = 88172645463325252;
	size_t n = 0, len;
	FILE *f = fopen(path, "we");

	if (!f)
		err(1, "%s", path);
	while (n < size) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		len = x % 1024 ? x % 12 : x % 10000;
		for (n += len + 1; len--; )
			putc(x % 64 ? 'a' + (int)(len % 26) : (int)(x >> len % 56) & 0xff, f);
		putc(space[x >> 32 & 7], f);
	}
	if (fclose(f))
		err(1, "%s", path);
}

/*
 * Has the word that the next chunk begins in been counted? Yes if a printable
 * byte stands after the last white space.
 */
static bool in_word(const char *p, size_t n, bool before)
{
	bool printable = false;

	while (n--) {
		if (p[n] == ' ' || (p[n] >= '\t' && p[n] <= '\r'))
			return printable;
		printable |= p[n] > ' ' && p[n] < 0x7f;
	}
	return printable || before;
}

static void send_file(int out, const char *path)
{
	static struct chunk batch[BATCH];
	bool word = false;
	ssize_t got = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC), n;

	if (fd < 0)
		err(1, "%s", path);
	while (got) {
		for (n = 0; n < BATCH; n++) {
			struct chunk *c = &batch[n];

			got = read(fd, c->data, sizeof(c->data));
			if (got < 0)
				err(1, "%s", path);
			if (!got)
				break;
			c->head.len = got;
			c->head.flags = word ? GORO_WC_IN_WORD : 0;
			word = in_word(c->data, got, word);
		}
		if (n && ok(goro_kchan_sendn(out, batch, n, GORO_FOREVER), "send") != n)
			errx(1, "send: closed in between");
	}
	close(fd);
}

/* ---- other programs -------------------------------------------------- */

/* Run a program with the channel on fd 3; what it prints is read into buf. */
static void run(char *const argv[], int chan, char *buf, size_t size)
{
	size_t n = 0;
	ssize_t got;
	int p[2], status;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) || (pid = fork()) < 0)
		err(1, "%s", argv[0]);
	if (!pid) {
		/* all fds of goro are close-on-exec: this makes one that is not */
		if (chan == 3)
			fcntl(3, F_SETFD, 0);
		else if (chan >= 0)
			dup2(chan, 3);
		dup2(p[1], 1);
		setenv("LC_ALL", "C", 1);
		execvp(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	close(p[1]);
	while (n < size - 1 && (got = read(p[0], buf + n, size - 1 - n)) > 0)
		n += got;
	buf[n] = 0;
	close(p[0]);
	if (waitpid(pid, &status, 0) != pid || status)
		errx(1, "%s failed", argv[0]);
}

/* what wc(1) says of all files */
static struct goro_wc_total wc(void)
{
	struct goro_wc_total t = { 0 };
	char **argv = calloc(n_files + 4, sizeof(*argv)), *last;
	static char buf[1 << 20];

	if (!argv)
		err(1, "memory");
	argv[0] = (char *)"wc";
	argv[1] = (char *)"-lwc";
	argv[2] = (char *)"--";
	memcpy(argv + 3, files, n_files * sizeof(*argv));
	run(argv, -1, buf, sizeof(buf));
	last = strrchr(buf, '\n');
	if (last) {
		*last = 0;
		last = strrchr(buf, '\n');
	}
	if (sscanf(last ? last : buf, "%llu%llu%llu", &t.lines, &t.words, &t.bytes) != 3)
		errx(1, "wc says: %s", buf);
	free(argv);
	return t;
}

/* ---- the tour -------------------------------------------------------- */

static void add(struct goro_wc_total *sum, const struct goro_wc_total *t)
{
	sum->lines += t->lines;
	sum->words += t->words;
	sum->bytes += t->bytes;
	sum->chunks += t->chunks;
}

static bool same(const char *who, const struct goro_wc_total *a, const struct goro_wc_total *b)
{
	bool eq = a->lines == b->lines && a->words == b->words && a->bytes == b->bytes;

	printf("  %-10s %10llu lines %10llu words %10llu bytes  %s\n", who,
	       a->lines, a->words,
	       a->bytes, eq ? "" : "WRONG");
	return eq;
}

/* N tasks count all files; their totals */
static void count(int dev, int n, struct goro_wc_total *totals)
{
	int chans[2], task[TASKS], i, result;
	uint64_t t;

	chans[0] = ok(goro_kchan_make(dev, sizeof(struct chunk), QUEUE, 0), "channel");
	chans[1] = ok(goro_kchan_make(dev, sizeof(totals[0]), 0, 0), "channel");
	for (i = 0; i < n; i++)
		task[i] = ok(goro_ktask_spawn(dev, "wc", NULL, 0, chans, 2), "task wc");

	t = goro_now();
	for (i = 0; i < (int)n_files; i++)
		send_file(chans[0], files[i]);
	ok(goro_kchan_close(chans[0]), "close");
	for (i = 0; i < n; i++)
		if (ok(goro_kchan_recv(chans[1], &totals[i]), "receive") != 1)
			errx(1, "totals: closed");
	t = goro_now() - t;

	for (i = 0; i < n; i++) {
		struct pollfd p = { .fd = task[i], .events = POLLIN };

		if (poll(&p, 1, -1) != 1 || !(p.revents & POLLIN))
			err(1, "poll of a task");
		ok(goro_ktask_wait(task[i], &result, GORO_NOW), "wait");
		ok(result, "task's result");
		close(task[i]);
	}
	close(chans[0]);
	close(chans[1]);
	printf("%zu files through a channel of %d-byte chunks to %d tasks: %.2f s\n", n_files,
	       CHUNK, n, t / 1e9);
	printf("  chunks of each task:");
	for (i = 0; i < n; i++)
		printf(" %llu", totals[i].chunks);
	printf("\n");
}

/* the totals through a channel to a shell and to Python */
static bool others(int dev, const char *dir, const struct goro_wc_total *totals, int n,
		   const struct goro_wc_total *want)
{
	char sh[4096], py[4096], out[4096];
	char *dd[] = { sh, (char *)"32", (char *)"3", NULL };
	char *python[] = { py, (char *)"3", NULL };
	struct goro_wc_total got = { 0 }, t;
	int c = ok(goro_kchan_make(dev, sizeof(totals[0]), TASKS, 0), "channel"), i;
	char **argv[] = { dd, python };
	const char *name[] = { "dd", "Python" };

	snprintf(sh, sizeof(sh), "%s/chan-dd.sh", dir);
	snprintf(py, sizeof(py), "%s/chan-poll.py", dir);
	if (ok(goro_kchan_sendn(c, totals, n, GORO_NOW), "send") != n)
		errx(1, "send: full");
	ok(goro_kchan_close(c), "close");
	printf("the totals through a channel, read without the library:\n");
	for (i = 0; i < 2; i++) {
		run(argv[i], c, out, sizeof(out));
		if (sscanf(out, "%llu%llu%llu%llu", &t.lines, &t.words, &t.bytes, &t.chunks) != 4)
			errx(1, "%s says: %s", argv[i][0], out);
		add(&got, &t);
		printf("  %-10s took the totals of %llu chunks\n", name[i],
		       t.chunks);
	}
	close(c);
	return same("both", &got, want);
}

int main(int argc, char **argv)
{
	struct goro_wc_total totals[TASKS], sum = { 0 }, want;
	char text[] = "/tmp/goro-tour-XXXXXX";
	const char *scripts = NULL;
	int n = 4, mib = 0, opt, dev, i, fd;
	bool good;

	setlinebuf(stdout);	/* in order with what the others say */
	while ((opt = getopt(argc, argv, "n:g:e:")) != -1) {
		if (opt == 'n')
			n = atoi(optarg);
		else if (opt == 'g')
			mib = atoi(optarg);
		else if (opt == 'e')
			scripts = optarg;
		else
			return 2;
	}
	if (n < 1 || n > TASKS || (optind == argc && !mib))
		errx(2, "usage: tour [-n TASKS] [-g MIB] [-e DIR] FILE|DIR...");
	dev = ok(goro_dev_open(), "/dev/goro");
	for (; optind < argc; optind++)
		if (nftw(argv[optind], add_file, 16, FTW_PHYS))
			err(1, "%s", argv[optind]);
	if (mib) {
		fd = mkstemp(text);
		if (fd < 0)
			err(1, "%s", text);
		close(fd);
		make_text(text, (size_t)mib << 20);
		nftw(text, add_file, 1, FTW_PHYS);
	}
	if (!n_files)
		errx(2, "no files");

	count(dev, n, totals);
	for (i = 0; i < n; i++)
		add(&sum, &totals[i]);
	want = wc();
	good = same("goro", &sum, &want);
	same("wc(1)", &want, &want);
	if (scripts)
		good &= others(dev, scripts, totals, n, &want);
	if (mib)
		unlink(text);
	printf("%s\n", good ? "equal" : "NOT EQUAL");
	return !good;
}
