/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interleavings, one run after the other: main.c says which kind.
 */
#ifndef GORO_EXPLORE_H
#define GORO_EXPLORE_H

#include "det.h"

void explore_random(u64 seed);		/* before each run */
void explore_all(void);			/* once, then explore_again() before each run */
bool explore_again(void);

#endif /* GORO_EXPLORE_H */
