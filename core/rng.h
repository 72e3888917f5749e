/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rng.h - chance, handed in.
 *
 * The shell's source is the kernel's; a simulator's is a stream from its seed, so that the same
 * seed gives the same run. `fill` cannot fail: a shell whose kernel gives no randomness aborts.
 */
#ifndef CORE_RNG_H
#define CORE_RNG_H

#include "core/base.h"

struct rng {
	void (*fill)(void *ctx, uint8_t *p, size_t n);
	void *ctx;
};

static inline void
rng_fill(const struct rng *r, void *p, size_t n)
{
	r->fill(r->ctx, p, n);
}

static inline uint32_t
rng_u32(const struct rng *r)
{
	uint32_t v;

	rng_fill(r, &v, sizeof(v));
	return v;
}

static inline uint64_t
rng_u64(const struct rng *r)
{
	uint64_t v;

	rng_fill(r, &v, sizeof(v));
	return v;
}

/* Below `n`, which is not 0. The bias is at most n / 2^64. */
static inline uint64_t
rng_below(const struct rng *r, uint64_t n)
{
	return rng_u64(r) % n;
}

/* `span` changed by at most a tenth up or down, so that many nodes do not act at once. */
static inline usec_t
rng_jitter(const struct rng *r, usec_t span)
{
	return span - span / 10 + rng_below(r, span / 5 + 1);
}

/*
 * A reproducible stream from a 32-byte seed (ChaCha20), for simulators, tests and benchmarks.
 * Never for keys that leave the process.
 */
struct rng_stream {
	uint8_t seed[32];
	uint64_t block;
	uint8_t buf[512];
	size_t used;
};

void rng_stream_init(struct rng_stream *s, uint64_t seed);

/* The source that draws from `s`, which must outlive it. */
struct rng rng_stream_source(struct rng_stream *s);

#endif
