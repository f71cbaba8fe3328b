/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * goro_patterns.ko: the usual patterns of concurrent programs, one a file, each
 * small enough to be read at once and to be copied. They are run, one after the
 * other, when the module is loaded; each looks at its own results.
 */
#ifndef _GORO_PATTERNS_H
#define _GORO_PATTERNS_H

#include <goro/goro.h>

/* What must be true if the pattern works; counted and told if it is not. */
bool pattern_expect(bool good, const char *what, const char *func, int line);
#define EXPECT(x)	pattern_expect(!!(x), #x, __func__, __LINE__)

void worker_pool(void);
void fan_out(void);
void fan_in(void);
void pipeline(void);
void producer_consumer(void);
void generator(void);
void rate_limiter(void);
void publish_subscribe(void);
void prime_sieve(void);
void philosophers(void);
void request_timeout(void);
void graceful_shutdown(void);

/* mistakes.c: what happens to who makes them */
void loop_variable(void);
void send_on_closed(void);
int leak(void);
int deadlock(void);
void mistakes_end(void);

#endif /* _GORO_PATTERNS_H */
