// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work that a thread of its own would do, of which there is one: it goes on at any
 * moment from when it is queued, as a timer that is set.
 */
#include "../../kmod/core/core.h"
#include "model.h"

goro_ktimer_t model_late_timer;
static goro_late_t *late;

static goro_ktimer_ret_t on_late(goro_ktimer_t *t)
{
	(void)t;
	late->fn(late);
	return GORO_KTIMER_DONE;
}

void model_late_init(void)
{
	goro_ktimer_init(&model_late_timer, on_late);
}

void model_late_queue(goro_late_t *l)
{
	late = l;
	goro_ktimer_start(&model_late_timer, 0);
}
