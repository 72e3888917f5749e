/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pull.c - fetching a blob from whoever has it.
 */
#include "core/pull.h"

#include "core/grow.h"

#include <stdlib.h>

#define CHUNKS_MAX    (BLOB_SIZE_MAX / BLOB_CHUNK_MAX)
#define WINDOW_CHUNKS (BLOB_WINDOW_MAX / BLOB_CHUNK_MAX)

static_assert(CHUNKS_MAX <= 64, "the chunks of a blob are the bits of a word");

/* Ends the pull that runs; its source stays where it is. */
static void
reset(struct pull *p)
{
	free(p->bytes);
	p->bytes = NULL;
	p->runs = false;
	p->id = (struct state_id){ 0 };
	p->size = 0;
	p->got = p->asked = 0;
	p->tries = 0;
	p->until = p->due = 0;
}

void
pull_wipe(struct pull *p)
{
	reset(p);
	free(p->sources);
	*p = (struct pull){ 0 };
}

static struct pull_source *
source_of(struct pull *p, const uint8_t key[static 32])
{
	for (size_t i = 0; i < p->count; i++) {
		if (memcmp(p->sources[i].key, key, 32) == 0)
			return &p->sources[i];
	}
	return NULL;
}

static void
drop(struct pull *p, size_t i)
{
	if (i == 0 && p->runs)
		reset(p);
	/* The first one may be under way: the others close the gap behind it. */
	memmove(&p->sources[i], &p->sources[i + 1], (p->count - i - 1) * sizeof(p->sources[0]));
	p->count--;
}

/* Is `a` to be asked before `b`? Who was honest so far, and then who promises most. */
static bool
before(const struct pull_source *a, const struct pull_source *b)
{
	if (a->lies != b->lies)
		return a->lies < b->lies;
	if (a->stalls != b->stalls)
		return a->stalls < b->stalls;
	return a->id.version > b->id.version;
}

/* The place for one more source: a new one, or that of the worst that is not being asked. */
static struct pull_source *
place(struct pull *p)
{
	struct pull_source *worst = NULL, *more;

	more = grow(p->sources, &p->room, p->count, sizeof(*more), PULL_SOURCES_MAX);
	if (more != NULL) {
		p->sources = more;
		return &p->sources[p->count++];
	}
	for (size_t i = p->runs ? 1 : 0; i < p->count; i++) {
		struct pull_source *s = &p->sources[i];

		if (s->lies + s->stalls > 0 && (worst == NULL || before(worst, s)))
			worst = s;
	}
	return worst;
}

void
pull_add(struct pull *p, usec_t now, const uint8_t key[static 32], const char *name,
    const struct state_id *id)
{
	struct pull_source *s = source_of(p, key);

	if (s == NULL) {
		s = place(p);
		if (s == NULL)
			return;
		*s = (struct pull_source){ .not_until = now };
		memcpy(s->key, key, sizeof(s->key));
		memcpy(s->name, name, strlen(name) + 1);
	}
	if (p->runs && s == &p->sources[0] && p->id.version != 0 && !state_id_equal(&p->id, id))
		reset(p);
	s->id = *id;
}

bool
pull_has(const struct pull *p, const uint8_t key[static 32])
{
	for (size_t i = 0; i < p->count; i++) {
		if (memcmp(p->sources[i].key, key, 32) == 0)
			return true;
	}
	return false;
}

void
pull_sift(struct pull *p, bool (*wanted)(const void *ctx, const struct state_id *id),
    const void *ctx)
{
	for (size_t i = p->count; i-- > 0;) {
		if (!wanted(ctx, &p->sources[i].id))
			drop(p, i);
	}
}

const struct pull_source *
pull_from(const struct pull *p)
{
	return &p->sources[0];
}

/* Begins with the best source that may be asked: it moves to the front. */
static bool
begin(struct pull *p, usec_t now)
{
	struct pull_source best;
	size_t at = p->count;

	for (size_t i = 0; i < p->count; i++) {
		if (p->sources[i].not_until <= now &&
		    (at == p->count || before(&p->sources[i], &p->sources[at])))
			at = i;
	}
	if (at == p->count)
		return false;
	best = p->sources[at];
	memmove(&p->sources[1], &p->sources[0], at * sizeof(best));
	p->sources[0] = best;
	reset(p);
	p->runs = true;
	p->until = now + PULL_TIME;
	p->due = now;
	return true;
}

static unsigned
chunks_of(uint32_t size)
{
	return (size + BLOB_CHUNK_MAX - 1) / BLOB_CHUNK_MAX;
}

/* All chunks of it, by bit. */
static uint64_t
all_of(uint32_t size)
{
	return UINT64_MAX >> (64 - chunks_of(size));
}

/* The next window: from the first chunk that is missing. */
static void
ask_window(struct pull *p, struct pull_ask *ask)
{
	unsigned first = 0;

	*ask = (struct pull_ask){ .req = { .id = p->id, .len = BLOB_WINDOW_MAX } };
	memcpy(ask->key, p->sources[0].key, sizeof(ask->key));
	while ((p->got >> first & 1) != 0)
		first++;
	ask->req.offset = first * BLOB_CHUNK_MAX;
	p->asked = ((UINT64_C(1) << WINDOW_CHUNKS) - 1) << first;
	if (p->size != 0)
		p->asked &= all_of(p->size);
}

bool
pull_next(struct pull *p, usec_t now, struct pull_ask *ask)
{
	if (p->runs && (p->tries == PULL_TRIES || now >= p->until) && due_reached(p->due, now))
		pull_end(p, now, PULL_STALL);
	if (!p->runs && !begin(p, now))
		return false;
	if (!due_reached(p->due, now))
		return false;
	ask_window(p, ask);
	p->due = now + (PULL_TRY_FIRST << p->tries);
	p->tries++;
	return true;
}

/* The first bytes say what the whole is. */
static bool
learn(struct pull *p, const struct blob_part *part)
{
	p->bytes = malloc(part->size);
	if (p->bytes == NULL)
		return false;
	p->id = part->id;
	p->size = part->size;
	p->asked &= all_of(part->size);
	return true;
}

/* Is it one of the chunks that the blob is cut into? */
static bool
is_chunk(const struct pull *p, const struct blob_part *part)
{
	return part->size == p->size && state_id_equal(&part->id, &p->id) &&
	    part->offset % BLOB_CHUNK_MAX == 0 &&
	    part->bytes.len == min_u64(BLOB_CHUNK_MAX, part->size - part->offset);
}

bool
pull_take(struct pull *p, usec_t now, const uint8_t key[static 32], const struct blob_part *part)
{
	uint64_t bit;

	if (!p->runs || memcmp(key, p->sources[0].key, sizeof(p->sources[0].key)) != 0)
		return false;
	if (p->bytes == NULL && !learn(p, part))
		return false;
	if (!is_chunk(p, part))
		return false;
	bit = UINT64_C(1) << part->offset / BLOB_CHUNK_MAX;
	if ((p->got & bit) == 0) {
		memcpy(p->bytes + part->offset, part->bytes.p, part->bytes.len);
		p->got |= bit;
		p->tries = 1; /* of the request that is out; it made progress */
		p->due = now + PULL_TRY_FIRST;
	}
	if (p->got == all_of(p->size))
		return true;
	if ((p->got & p->asked) == p->asked) {
		p->tries = 0;
		p->due = now;
	}
	return false;
}

void
pull_end(struct pull *p, usec_t now, enum pull_end how)
{
	struct pull_source *s = &p->sources[0];

	assert(p->runs);
	reset(p);
	switch (how) {
	case PULL_DONE:
		drop(p, 0);
		break;
	case PULL_STALL:
		s->stalls++;
		s->not_until = now + PULL_STALLED;
		break;
	case PULL_LIE:
		s->not_until = now + (PULL_LIED << min_u64(s->lies, PULL_DOUBLES));
		s->lies++;
		break;
	}
}

void
pull_absent(struct pull *p, usec_t now, const uint8_t key[static 32])
{
	struct pull_source *s = source_of(p, key);

	if (s == NULL)
		return;
	if (p->runs && s == &p->sources[0]) {
		pull_end(p, now, PULL_STALL);
		return;
	}
	s->not_until = max_u64(s->not_until, now + PULL_STALLED);
}

usec_t
pull_due(const struct pull *p)
{
	usec_t due = 0;

	if (p->runs)
		return p->due;
	for (size_t i = 0; i < p->count; i++)
		due = due_min(due, p->sources[i].not_until);
	return due;
}
