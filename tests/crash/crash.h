/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * goro_crash: what its files share.
 */
#ifndef _GORO_TESTS_CRASH_H
#define _GORO_TESTS_CRASH_H

/* mode=misuse: does it all and waits for that; 0, or -EIO where an answer was wrong */
int misuse_start(void);

/* what is written to the parameter run: does it, and waits; 0, or -EIO where an answer was wrong */
int lost_run(const char *what);

#endif /* _GORO_TESTS_CRASH_H */
