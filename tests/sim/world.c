/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * world.c - the agenda, the stream and the hash.
 */
#include "tests/sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
world_init(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->now = USEC_PER_SEC;
	w->seed = seed;
	w->hash = seed;
	rng_stream_init(&w->stream, seed);
	w->rng = rng_stream_source(&w->stream);
}

void
world_free(struct world *w)
{
	heap_free(&w->agenda);
}

void
world_at(struct world *w, struct alarm *a, usec_t when)
{
	assert(when >= w->now);
	if (heap_set(&w->agenda, &a->item, when) < 0)
		abort();
}

void
world_never(struct world *w, struct alarm *a)
{
	if (a->item.due != 0 && heap_set(&w->agenda, &a->item, 0) < 0)
		abort();
}

void
world_run(struct world *w, usec_t until)
{
	struct heap_item *i;

	while ((i = heap_first(&w->agenda)) != NULL && i->due <= until) {
		struct alarm *a = CONTAINER_OF(i, struct alarm, item);

		w->now = i->due;
		w->events++;
		world_never(w, a);
		a->ring(w, a);
	}
	w->now = until;
}

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

void
world_note(struct world *w, const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t v;

	for (; n >= sizeof(v); n -= sizeof(v), b += sizeof(v)) {
		memcpy(&v, b, sizeof(v));
		w->hash = mix(w->hash, v);
	}
	v = n;
	memcpy(&v, b, n);
	w->hash = mix(w->hash, v);
}

bool
world_chance(struct world *w, uint32_t ppm)
{
	return ppm != 0 && (ppm >= 1000000 || rng_below(&w->rng, 1000000) < ppm);
}

void
world_fail(struct world *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(w->failure, sizeof(w->failure),
	    "at %.6f s: ", (double)(w->now - USEC_PER_SEC) / 1e6);
	va_start(ap, fmt);
	vsnprintf(w->failure + n, sizeof(w->failure) - (size_t)n, fmt, ap);
	va_end(ap);
	if (w->talk && w->last_words != NULL)
		w->last_words(w->last_words_ctx);
	longjmp(w->end, 1);
}

void
world_say(const struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (!w->talk)
		return;
	printf("%11.6f ", (double)(w->now - USEC_PER_SEC) / 1e6);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}
