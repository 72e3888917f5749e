/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * world.h - virtual time, one stream of chance, and the order of everything.
 *
 * What happens in a run is decided by the seed alone: events come out of one heap ordered by time
 * and, at the same time, by the order in which they were set; every draw comes from one stream. A
 * rolling hash over what happened proves that two runs were the same.
 *
 * A check that does not hold ends the run at once (world_fail), wherever it was found.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "core/heap.h"
#include "core/rng.h"

#include <setjmp.h>

struct world;

/* What rings at its time: embedded in whatever it wakes. */
struct alarm {
	struct heap_item item;
	void (*ring)(struct world *w, struct alarm *a);
};

struct world {
	usec_t now; /* begins at one second, so that no time is 0 */
	struct heap agenda;
	struct rng_stream stream;
	struct rng rng;
	uint64_t seed;
	uint64_t hash;                 /* of everything that was noted */
	uint64_t events;               /* that happened */
	bool talk;                     /* say what happens, for a person who looks for a bug */
	void (*last_words)(void *ctx); /* said when a check fails and the world talks; or NULL */
	void *last_words_ctx;
	jmp_buf end; /* of the run, when a check fails; set by whoever runs it */
	char failure[512];
};

/* Of every world's wall clocks: 2026-01-01, in Unix microseconds. */
#define WORLD_EPOCH (UINT64_C(1767225600) * USEC_PER_SEC)

void world_init(struct world *w, uint64_t seed);
void world_free(struct world *w);

/* Sets `a` to `when`, which is not in the past, wherever it was set before. */
void world_at(struct world *w, struct alarm *a, usec_t when);

/* `a` will not ring. */
void world_never(struct world *w, struct alarm *a);

/* Lets everything happen until `until`, which is then now. */
void world_run(struct world *w, usec_t until);

/* Takes `n` bytes into the hash. */
void world_note(struct world *w, const void *p, size_t n);

/* True in `ppm` of a million cases. Draws nothing when it is certain. */
bool world_chance(struct world *w, uint32_t ppm);

/* Ends the run: what should have been true and is not. */
void world_fail(struct world *w, const char *fmt, ...) printf_like(2, 3) __attribute__((noreturn));

/* A line with the time, if the world talks. */
void world_say(const struct world *w, const char *fmt, ...) printf_like(2, 3);

#endif
