/* SPDX-License-Identifier: GPL-2.0-only */
/* What regs.c and regs_x86_64.S share. */
#ifndef _GORO_TESTS_HOGS_REGS_H
#define _GORO_TESTS_HOGS_REGS_H

#define REGS_N		15
#define REGS_FLAGS	(8 * REGS_N)
#define REGS_SP		(8 * (REGS_N + 1))
#define REGS_SP_AFTER	(8 * (REGS_N + 2))
#define REGS_STEPS	40

#endif /* _GORO_TESTS_HOGS_REGS_H */
