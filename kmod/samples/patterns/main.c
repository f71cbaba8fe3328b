// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Runs the patterns and says how it went, as KTAP in the log after
 * "goro_patterns: ". With mistake=leak or mistake=deadlock it makes that mistake
 * instead and stays loaded, so that one can look at it:
 * /sys/kernel/debug/goro/goroutines shows who waits for what, and who started it.
 */
#include "patterns.h"

static char *mistake = "";
module_param(mistake, charp, 0444);
MODULE_PARM_DESC(mistake, "leak or deadlock: make it, to be looked at");

static atomic_t fails;

bool pattern_expect(bool good, const char *what, const char *func, int line)
{
	if (!good) {
		atomic_inc(&fails);
		pr_err("goro_patterns: # %s:%d: not so: %s\n", func, line, what);
	}
	return good;
}

static const struct {
	const char *name;
	void (*fn)(void);
} patterns[] = {
	{ "worker pool", worker_pool },
	{ "fan-out", fan_out },
	{ "fan-in", fan_in },
	{ "pipeline", pipeline },
	{ "producer and consumer", producer_consumer },
	{ "generator", generator },
	{ "rate limiter", rate_limiter },
	{ "publish and subscribe", publish_subscribe },
	{ "prime sieve", prime_sieve },
	{ "dining philosophers", philosophers },
	{ "request with a timeout", request_timeout },
	{ "graceful shutdown", graceful_shutdown },
	{ "mistake: a captured loop variable", loop_variable },
	{ "mistake: send on a closed channel", send_on_closed },
};

static int __init patterns_init(void)
{
	int i, before, bad = 0;

	if (!strcmp(mistake, "leak"))
		return leak();
	if (!strcmp(mistake, "deadlock"))
		return deadlock();
	if (*mistake)
		return -EINVAL;
	pr_info("goro_patterns: KTAP version 1\n");
	pr_info("goro_patterns: 1..%zu\n", ARRAY_SIZE(patterns));
	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		before = atomic_read(&fails);
		patterns[i].fn();
		bad = atomic_read(&fails) - before;
		pr_info("goro_patterns: %s %d - %s\n", bad ? "not ok" : "ok", i + 1,
			patterns[i].name);
	}
	return atomic_read(&fails) ? -EIO : 0;
}

static void __exit patterns_exit(void)
{
	mistakes_end();
}

module_init(patterns_init);
module_exit(patterns_exit);
MODULE_DESCRIPTION("patterns of concurrent programs, with goroutines");
MODULE_LICENSE("Dual MIT/GPL");
