// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task class "wc": counts lines, words and bytes as wc(1) does in the C locale.
 * See uapi/linux/goro.h for chunks and totals.
 *
 * What a word is follows GNU wc of Debian 12: bytes that are neither white
 * space nor printable neither make a word nor end one. So the only thing to
 * know about what came before a chunk is whether the word it begins in has been
 * counted, which its writer says; then chunks can be counted in any order, by
 * any number of tasks.
 */
#include <linux/slab.h>
#include "dev.h"

/* ctype.h's tables are Latin-1's */
static bool wc_space(u8 b)
{
	return b == ' ' || (b >= '\t' && b <= '\r');
}

static bool wc_print(u8 b)
{
	return b > ' ' && b < 0x7f;
}

static void wc_count(struct goro_wc_total *sum, const u8 *p, size_t n, bool in_word)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (wc_space(p[i])) {
			sum->lines += p[i] == '\n';
			in_word = false;
		} else if (!in_word && wc_print(p[i])) {
			sum->words++;
			in_word = true;
		}
	}
	sum->bytes += n;
	sum->chunks++;
}

static int wc_prepare(struct goro_task *t)
{
	size_t elem = goro_chan_elem(goro_task_chan(t, 0));
	void *buf;
	int err;

	if (goro_task_arg_len(t) || goro_task_n_chans(t) != 2 ||
	    elem < sizeof(struct goro_wc_chunk) ||
	    goro_chan_elem(goro_task_chan(t, 1)) != sizeof(struct goro_wc_total))
		return -EINVAL;
	err = goro_task_charge(t, elem);
	if (err)
		return err;
	buf = kvmalloc(elem, GORO_DEV_GFP);
	if (!buf)
		return -ENOMEM;
	goro_task_set_data(t, buf);
	return 0;
}

static int wc_run(struct goro_task *t)
{
	struct goro_chan *in = goro_task_chan(t, 0);
	struct goro_wc_chunk *chunk = goro_task_data(t);
	size_t room = goro_chan_elem(in) - sizeof(*chunk);
	struct goro_wc_total sum = { 0 };
	int got;

	while ((got = goro_chan_recv(in, chunk)) == 1) {
		if (chunk->len > room || chunk->flags & ~GORO_WC_IN_WORD)
			return -EBADMSG;
		wc_count(&sum, (u8 *)(chunk + 1), chunk->len, chunk->flags & GORO_WC_IN_WORD);
		if (!goro_task_go_on(t))
			return -ECANCELED;
	}
	return got < 0 ? got : goro_chan_send(goro_task_chan(t, 1), &sum);
}

static void wc_release(struct goro_task *t)
{
	kvfree(goro_task_data(t));
}

struct goro_class goro_class_wc = {
	.name = "wc",
	.flags = GORO_CLASS_UNPRIVILEGED,
	.prepare = wc_prepare,
	.run = wc_run,
	.release = wc_release,
};
