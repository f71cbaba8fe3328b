// SPDX-License-Identifier: GPL-2.0-only
/*
 * run: explores interleavings of core/ (see model.h).
 *
 *	run				the list below, and scenarios made up at random; --made-up N: so many
 *	run --seed N --made-up M	only the latter, from N on
 *	run --seconds N [--seed S]	made up at random, as long as that
 *	run --scenario TEXT --seed N	one run, the same each time
 *	run --scenario TEXT		all of its interleavings; --limit N: so many at most
 *	run --scenario TEXT --seeds N	seeds 0 to N - 1
 *	--outcomes			name each outcome once (the self-test compares them)
 *	--first				stop at the first failure
 *	--object WORD			of the list only scenarios with such an object
 *
 * KTAP on stdout. A failure prints the history and the command that runs it again.
 */
#include <getopt.h>
#include <inttypes.h>
#include <sanitizer/common_interface_defs.h>
#include <time.h>
#include "explore.h"

/* all interleavings of these are run, but where it says how many of them */
static const struct {
	const char *text;
	u32 limit;
} list[] = {
#include "list.h"
};

static struct scenario sc;
static u64 seed;
static bool exhaustive, outcomes, first;
static const char *object;
static u64 runs;
static int points;

static void print_command(void)
{
	if (exhaustive)
		printf("# again: tests/model/run --scenario '%s'\n", sc.text);
	else
		printf("# again: tests/model/run --scenario '%s' --seed %" PRIu64 "\n", sc.text, seed);
	fflush(stdout);
}

/* A sanitizer has found something. */
static void on_death(void)
{
	printf("not ok %d - %s: a sanitizer has found something\n", points + 1, sc.text);
	print_command();
}

/* UBSan's death has no callback; this is its hook for a debugger, and what it finds ends us. */
void __ubsan_on_report(void);
void __ubsan_on_report(void)
{
	on_death();
}

/* What the operations came to, if not seen before. */
static void print_outcome(const struct history *h)
{
	static u64 seen[1 << 16];
	struct { struct result r; bool end; } all[MAX_G][MAX_OPS] = { 0 };
	u8 n[MAX_G] = { 0 };
	u64 key = 14695981039346656037ULL;
	size_t i;
	int g;

	for (g = 0; g < h->n; g++)
		if (h->ev[g].end) {
			all[h->ev[g].g][n[h->ev[g].g]].r = h->ev[g].r;
			all[h->ev[g].g][n[h->ev[g].g]++].end = true;
		}
	for (i = 0; i < sizeof(all); i++)
		key = (key ^ ((u8 *)all)[i]) * 1099511628211ULL;
	for (i = key % ARRAY_SIZE(seen); seen[i]; i = (i + 1) % ARRAY_SIZE(seen))
		if (seen[i] == key)
			return;
	seen[i] = key;
	printf("# outcome %016" PRIx64 "\n", key);
}

static bool one_run(void)
{
	static struct outcome o;

	det_run(&sc, &o);
	runs++;
	if (!o.error) {
		if (outcomes && !o.redundant)
			print_outcome(&o.h);
		return true;
	}
	printf("not ok %d - %s: %s\n", ++points, sc.text, o.error);
	history_print(&sc, &o.h);
	print_command();
	return false;
}

static bool run_all(u32 limit)
{
	u32 n = 0;

	exhaustive = true;
	explore_all();
	while (explore_again()) {
		if (n++ == limit) {
			printf("ok %d - %s: %u interleavings\n", ++points, sc.text, limit);
			return true;
		}
		if (!one_run())
			return false;
	}
	printf("ok %d - %s: all %u interleavings\n", ++points, sc.text, n);
	return true;
}

static bool run_seed(u64 s)
{
	exhaustive = false;
	seed = s;
	explore_random(s);
	return one_run();
}

/* Made up scenarios, each with some seeds, from `from` on. */
static bool run_made_up(u64 from, u64 count, double seconds)
{
	struct timespec t;
	double end;
	u64 i, k;

	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_sec + t.tv_nsec * 1e-9 + seconds;
	for (i = 0; seconds ? true : i < count; i++) {
		scenario_random(&sc, from + i);
		for (k = 0; k < 60; k++)
			if (!run_seed((from + i) * 1000 + k))
				return false;
		clock_gettime(CLOCK_MONOTONIC, &t);
		if (seconds && t.tv_sec + t.tv_nsec * 1e-9 > end)
			break;
	}
	printf("ok %d - %" PRIu64 " made up scenarios, from %" PRIu64 " on\n", ++points, i, from);
	return true;
}

static bool has_object(const char *text)
{
	const char *at = strstr(text, object), *bar = strchr(text, '|');

	return at && at < bar;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "scenario", required_argument, NULL, 'c' }, { "seed", required_argument, NULL, 's' },
		{ "limit", required_argument, NULL, 'l' }, { "seconds", required_argument, NULL, 't' },
		{ "made-up", required_argument, NULL, 'm' }, { "seeds", required_argument, NULL, 'n' },
		{ "outcomes", no_argument, NULL, 'o' }, { "first", no_argument, NULL, 'f' },
		{ "object", required_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 },
	};
	u64 s = 0, made_up = 15000, limit = UINT32_MAX, seeds = 0;
	const char *text = NULL;
	bool seeded = false, good = true;
	double seconds = 0;
	size_t i;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			text = optarg;
			break;
		case 's':
			s = strtoull(optarg, NULL, 0);
			seeded = true;
			break;
		case 'l':
			limit = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = strtod(optarg, NULL);
			break;
		case 'm':
			made_up = strtoull(optarg, NULL, 0);
			break;
		case 'o':
			outcomes = true;
			break;
		case 'f':
			first = true;
			break;
		case 'w':
			object = optarg;
			break;
		case 'n':
			seeds = strtoull(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	}
	__sanitizer_set_death_callback(on_death);
	printf("KTAP version 1\n");
	if (text) {
		if (!scenario_parse(&sc, text)) {
			fprintf(stderr, "model: this is no scenario: %s\n", text);
			return 2;
		}
		if (seeded || seeds) {
			for (i = 0; i < (seeds ?: 1) && good; i++)
				good = run_seed(s + i);
			if (good)
				printf("ok %d - %s: %" PRIu64 " runs\n", ++points, sc.text, runs);
		} else {
			good = run_all(limit);
		}
	} else if (seconds) {
		good = run_made_up(seeded ? s : (u64)time(NULL) * 1000, 0, seconds);
	} else {
		for (i = 0; i < ARRAY_SIZE(list) && !seeded; i++) {
			if (!scenario_parse(&sc, list[i].text)) {
				fprintf(stderr, "model: this is no scenario: %s\n", list[i].text);
				return 2;
			}
			if (object && !has_object(list[i].text))
				continue;
			good &= run_all(list[i].limit ?: limit);
			if (first && !good)
				break;
		}
		if (good || !first)
			good &= run_made_up(s, made_up, 0);
	}
	printf("1..%d\n# %" PRIu64 " runs\n", points, runs);
	return good ? 0 : 1;
}
