// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite goro_platform: where goro refuses to be loaded. The machines are made
 * up, a fact at a time; that this one is none of them is a case, too.
 */
#include <linux/string.h>
#include "kunit.h"
#include "sched/platform.h"

static const struct machine {
	const char *name;
	struct goro_platform p;
	const char *reason;	/* must be in what is said */
} machines[] = {
	{ "PREEMPT_RT", { .preempt_rt = true }, "PREEMPT_RT" },
	{ "SEV-ES", { .sev_es = true }, "SEV-ES" },
	{ "SEV-SNP", { .sev_snp = true }, "SEV-SNP" },
	{ "SEV-SNP is SEV-ES as well", { .sev_es = true, .sev_snp = true }, "SEV-SNP" },
	{ "call depth tracking", { .call_depth = true }, "retbleed=stuff" },
	{ "shadow stacks in the kernel", { .kernel_shstk = true }, "shadow stacks" },
	{ "Xen PV", { .xen_pv = true }, "Xen PV" },
};

static void machine_name(const struct machine *m, char *desc)
{
	strscpy(desc, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(machine, machines, machine_name);

static void refused(struct kunit *test)
{
	const struct machine *m = test->param_value;
	const char *why = goro_platform_refusal(&m->p);

	KUNIT_ASSERT_NOT_NULL(test, why);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(why, m->reason), "it says: %s", why);
}

/* no two facts make a third */
static void any_two(struct kunit *test)
{
	int i, j, k;

	for (i = 0; i < ARRAY_SIZE(machines); i++) {
		for (j = 0; j < ARRAY_SIZE(machines); j++) {
			struct goro_platform both = machines[i].p;
			const bool *more = (const bool *)&machines[j].p;

			for (k = 0; k < sizeof(both); k++)
				((bool *)&both)[k] |= more[k];
			KUNIT_EXPECT_NOT_NULL(test, goro_platform_refusal(&both));
		}
	}
}

static void accepted(struct kunit *test)
{
	struct goro_platform none = { };

	KUNIT_EXPECT_NULL(test, goro_platform_refusal(&none));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(refused, machine_gen_params),
	KUNIT_CASE(any_two),
	KUNIT_CASE(accepted),
	{}
};

static struct kunit_suite suite = {
	.name = "goro_platform",
	.test_cases = cases,
};
kunit_test_suite(suite);
