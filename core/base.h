/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base.h - the few words that every file may use.
 */
#ifndef CORE_BASE_H
#define CORE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Microseconds: a span, or an instant on the clock that the name says. 0 is never. */
typedef uint64_t usec_t;

#define USEC_PER_MS  ((usec_t)1000)
#define USEC_PER_SEC ((usec_t)1000000)
#define USEC_NEVER   ((usec_t)UINT64_MAX)

/*
 * What time it is, handed to an engine with every event. `mono` never goes back, counts through
 * suspend, and is never 0; all timers are measured on it. `wall` is Unix time as the system
 * believes it, for certificates and TAI64N, and may jump.
 */
struct instant {
	usec_t mono;
	usec_t wall;
};

#define must_check	   __attribute__((warn_unused_result))
#define printf_like(f, a)  __attribute__((format(printf, f, a)))
#define ARRAY_LEN(a)	   (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(p, t, m) ((t *)((char *)(p) - offsetof(t, m)))

/* Has the processor fetch these bytes, 64 at a time. */
static inline void
fetch_ahead(const void *p, size_t len)
{
	for (size_t i = 0; i < len; i += 64)
		__builtin_prefetch((const char *)p + i);
}

static inline uint64_t
min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t
max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The greatest common divisor; of 0 and `a` it is `a`. */
static inline uint32_t
gcd_u32(uint32_t a, uint32_t b)
{
	while (b != 0) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* The earlier of two deadlines, of which 0 means never. */
static inline usec_t
due_min(usec_t a, usec_t b)
{
	return a == 0 ? b : b == 0 || a < b ? a : b;
}

/* Is the deadline `due` reached at `now`? 0 never is. */
static inline bool
due_reached(usec_t due, usec_t now)
{
	return due != 0 && due <= now;
}

#endif
