// SPDX-License-Identifier: MIT
/* A channel alone: full, empty, too late, closed. */
#define _GNU_SOURCE
#include <goro.h>
#include <stdio.h>
#include <string.h>

static void say(const char *what, int ret)
{
	printf("%-8s %s\n", what, ret < 0 ? strerrorname_np(-ret) : ret ? "got it" : "done");
}

int main(void)
{
	int c = goro_kchan_make(goro_dev_open(), sizeof(int), 2, 0), v[4] = { 1, 2, 3, 4 };

	if (c < 0)
		return 1;
	printf("sent %d of 4\n", goro_kchan_sendn(c, v, 4, GORO_NOW));
	say("send", goro_kchan_send_until(c, &v[2], GORO_NOW));
	say("send", goro_kchan_send_until(c, &v[2], goro_in(1000000)));
	printf("received %d\n", goro_kchan_recvn(c, v, 4, 0, GORO_FOREVER));
	say("receive", goro_kchan_recv_until(c, v, goro_in(1000000)));
	say("send", goro_kchan_send(c, &v[3]));
	say("close", goro_kchan_close(c));
	say("send", goro_kchan_send(c, &v[3]));
	say("receive", goro_kchan_recv(c, v));
	printf("receive  %s\n", goro_kchan_recv(c, v) ? "?" : "closed and drained");
	return 0;
}
