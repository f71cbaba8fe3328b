/* SPDX-License-Identifier: GPL-2.0-only */
/* What text_test.c (tables) and text_fuzz.c (mutations) share. */
#ifndef _GORO_TEXT_TEST_H
#define _GORO_TEXT_TEST_H

#include <stdlib.h>
#include "../../kmod/samples/http_text.h"

#define NOW 1719792000	/* July 2024: what the tests have for today */

void ok(bool good, const char *name);

/*
 * A request's head through scan and parse, in memory (*@mem) of just its size,
 * @step bytes at a time. Returns its status, 200 for a good one, 0 if it is not
 * whole; req is valid above 0.
 */
int run_head(const char *text, size_t len, struct http_req *req, char **mem, size_t step);
void fuzz(void);

#endif
