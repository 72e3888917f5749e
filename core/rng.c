/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rng.c - a reproducible stream of randomness.
 */
#include "core/rng.h"
#include "core/bytes.h"

#include <sodium.h>

static void
stream_fill(void *ctx, uint8_t *p, size_t n)
{
	struct rng_stream *s = ctx;

	while (n > 0) {
		uint8_t nonce[8];
		size_t k;

		if (s->used == sizeof(s->buf)) {
			put_le64(nonce, s->block++);
			crypto_stream_chacha20(s->buf, sizeof(s->buf), nonce, s->seed);
			s->used = 0;
		}
		k = min_u64(n, sizeof(s->buf) - s->used);
		memcpy(p, s->buf + s->used, k);
		s->used += k;
		p += k;
		n -= k;
	}
}

void
rng_stream_init(struct rng_stream *s, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	put_le64(s->seed, seed);
	s->used = sizeof(s->buf);
}

struct rng
rng_stream_source(struct rng_stream *s)
{
	return (struct rng){ .fill = stream_fill, .ctx = s };
}
