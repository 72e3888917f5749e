/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * letters.h - what parties of a study leave for others that are away (core/letter.h), until those
 * come for it.
 *
 * A lighthouse knows of a letter who left it, whom it is for, and how long it is. All letters last
 * over restarts. There are bounds for what one leaves, what waits for one, and what one leaves for
 * one; who was here first stays, and what is new then is refused with LETTER_FULL. A letter of the
 * same id between the same two takes the place of the one before.
 */
#ifndef LIGHTHOUSE_LETTERS_H
#define LIGHTHOUSE_LETTERS_H

#include "core/outbox.h"
#include "core/rng.h"
#include "core/wire_letter.h"

#define LETTERS_MAX   4096
#define LETTERS_BYTES (16 * 1024 * 1024)
#define LETTERS_FROM  256 /* of one who leaves them */
#define LETTERS_TO    256 /* for one */
#define LETTERS_PAIR  16  /* of one for one */
#define LETTERS_TIME  (30 * UINT64_C(86400)) /* seconds that a letter waits */

/* A letter that waits. */
struct letter_row {
	uint8_t from[32];
	uint8_t to[32];
	uint8_t id[LETTER_ID_LEN];
	uint64_t until; /* Unix seconds */
	struct letter_row *next; /* for the same, in the order of their turn */
	uint16_t size;
	uint8_t bytes[];
};

struct letters;

/* NULL without memory. */
struct letters *letters_new(const struct rng *rng);
void letters_free(struct letters *l);

/*
 * A chunk of a letter that `from` leaves for p->key. 0: more is to come; LETTER_TAKEN: it is whole and
 * kept, and in `ret`, also where just that was kept before; LETTER_FULL.
 */
int letters_part(struct letters *l, uint64_t now, const uint8_t from[static 32],
    const struct letter_part *p, struct outbox *out, const struct letter_row **ret) must_check;

/* The letter whose turn it is of those for `to`, or NULL. */
const struct letter_row *letters_for(const struct letters *l, const uint8_t to[static 32]);

/*
 * `to` has said `status` of the letter `id` of `from`: it is over, or for LETTER_FULL the last of
 * those for it now. False: there is none.
 */
bool letters_ack(struct letters *l, const uint8_t to[static 32], const uint8_t from[static 32],
    const uint8_t id[static LETTER_ID_LEN], uint8_t status, struct outbox *out);

/* Whatever this one has left, or was left for it: it is no member any more. */
void letters_forget(struct letters *l, const uint8_t key[static 32], struct outbox *out);

/* Forgets what has waited too long at `now`, in Unix seconds. */
void letters_expire(struct letters *l, uint64_t now, struct outbox *out);

uint32_t letters_count(const struct letters *l);

/* A row of MEMORY_LETTER of an earlier run. 0, or why it was not taken. */
int letters_recall(struct letters *l, uint64_t now, const struct memory *row) must_check;

#endif
