/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pull.h - fetching a blob from whoever has it, when some of them stall and some lie.
 *
 * Sources are those who say that they hold something newer. One is asked at a time, in windows of a
 * few chunks; what does not come is asked for again, and a source that gives nothing more, or not the
 * whole in time, is left for the next one. What came whole is judged by the caller, and a source that
 * gave rubbish is not asked again for a minute, then two, then four: so liars cost an honest source
 * one pull each, however much they promise.
 */
#ifndef CORE_PULL_H
#define CORE_PULL_H

#include "core/text.h"
#include "core/wire.h"

#define PULL_SOURCES_MAX 16 /* who lied or stalled most makes room for one more */

/* A request without an answer is made again after this, then twice as long, so often in all. */
#define PULL_TRY_FIRST (250 * USEC_PER_MS)
#define PULL_TRIES     4

/* In so long a source must have given the whole. */
#define PULL_TIME (30 * USEC_PER_SEC)

/* Who stalled is left alone for so long; who lied for longer, and twice as long each time. */
#define PULL_STALLED (5 * USEC_PER_SEC)
#define PULL_LIED    (60 * USEC_PER_SEC)
#define PULL_DOUBLES 6

struct pull_source {
	uint8_t key[32]; /* its static key */
	char name[NAME_MAX_LEN + 1];
	struct state_id id; /* what it says that it has; without a hash: no more than the version */
	unsigned lies;
	unsigned stalls;
	usec_t not_until;
};

/* Zeroed it is empty. */
struct pull {
	struct pull_source *sources; /* NULL until there was one */
	size_t count;
	size_t room;
	bool runs;	    /* sources[0] is being asked */
	struct state_id id; /* of what comes; zeros until its first bytes are there */
	uint32_t size;
	uint8_t *bytes;
	uint64_t got; /* chunks, by bit */
	uint64_t asked;
	unsigned tries;
	usec_t until; /* all of it must be there */
	usec_t due;   /* the next request */
};

/* What is to be asked of whom. */
struct pull_ask {
	uint8_t key[32];
	struct blob_req req;
};

void pull_wipe(struct pull *p);

/* `name` with the static key `key` holds `id`, which we want. What it said before is forgotten. */
void pull_add(struct pull *p, usec_t now, const uint8_t key[static 32], const char *name,
    const struct state_id *id);

/* Is the source `key` among them? */
bool pull_has(const struct pull *p, const uint8_t key[static 32]) must_check;

/* Forgets the sources of which `wanted` says no, and ends the pull from them. */
void pull_sift(struct pull *p, bool (*wanted)(const void *ctx, const struct state_id *id),
    const void *ctx);

/*
 * Bytes from `key`, which count if they were asked of it. True: it is whole now, `bytes` and `size`
 * of the pull, until pull_end().
 */
bool pull_take(struct pull *p, usec_t now, const uint8_t key[static 32],
    const struct blob_part *part) must_check;

/* The source that is asked now, or was last; valid until the next call that is not const. */
const struct pull_source *pull_from(const struct pull *p);

/* How a pull went. */
enum pull_end {
	PULL_DONE,    /* it gave what it said: it is no source any more */
	PULL_STALL,   /* it did not answer */
	PULL_LIE,     /* what it gave is not what it said */
};

/* The pull is over, and another one begins with the next source. */
void pull_end(struct pull *p, usec_t now, enum pull_end how);

/* There is no session with `key`: it is as if it had stalled. */
void pull_absent(struct pull *p, usec_t now, const uint8_t key[static 32]);

/* Is there a request due? Then it is in `ask`, and counts as made. */
bool pull_next(struct pull *p, usec_t now, struct pull_ask *ask) must_check;

/* When pull_next() may have something to say; 0: never. */
usec_t pull_due(const struct pull *p);

#endif
