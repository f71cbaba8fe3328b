// SPDX-License-Identifier: MIT
/* A context that another process cancels: a task runs under it, and a select waits for it. */
#define _GNU_SOURCE
#include <goro.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	uint64_t hour = 3600000000000;
	int dev = goro_dev_open(), ctx = goro_kctx_make(dev, -1, GORO_FOREVER);
	int requests = goro_kchan_make(dev, 8, 0, 0), result = 0;
	int t = goro_ktask_spawn_ctx(ctx, dev, "sleep", &hour, sizeof(hour), NULL, 0);
	struct goro_select_case cases[] = {
		goro_kselect_recv(requests, NULL, 0),
		goro_kselect_recv(ctx, NULL, 0),
	};
	struct goro_ctx_info info;
	pid_t pid;

	if (ctx < 0 || requests < 0 || t < 0)
		return 1;
	pid = fork();
	if (!pid)
		_exit(goro_kctx_cancel(ctx, -ESHUTDOWN));
	if (goro_kselect(dev, cases, 2, GORO_FOREVER) == 1)
		printf("no more requests\n");
	goro_kctx_info(ctx, &info);
	goro_ktask_wait(t, &result, GORO_FOREVER);
	printf("context: %s, because of %s\n", strerrorname_np(-info.err), strerrorname_np(-info.cause));
	printf("task: %s\n", strerrorname_np(-result));
	waitpid(pid, NULL, 0);
	return 0;
}
