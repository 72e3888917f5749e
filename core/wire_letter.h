/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire_letter.h - the frames by which a letter (core/letter.h) is left with a lighthouse, and comes
 * from there: LETTER, LETTER_ACK (docs/protocol.md, section 21). As those of core/wire.h.
 *
 *	who leaves it   LETTER (for whom) ->   lighthouse   LETTER (from whom) ->   whom it is for
 *	                <- LETTER_ACK                       <- LETTER_ACK
 */
#ifndef CORE_WIRE_LETTER_H
#define CORE_WIRE_LETTER_H

#include "core/letter.h"
#include "core/wire.h"

#define LETTER_CHUNK 1024

/* LETTER: a chunk of it, whole but for the last. */
struct letter_part {
	uint8_t key[32]; /* to a lighthouse: whom it is for; from one: who left it */
	uint8_t id[LETTER_ID_LEN];
	uint16_t size; /* of the letter */
	uint16_t offset;
	struct blob bytes;
};

int letter_part_encode(uint8_t *to, size_t cap, const struct letter_part *p) must_check;
int letter_part_decode(struct letter_part *ret, const struct frame *f) must_check;

/* LETTER_ACK: what became of it. Numbers are on the wire: never reuse. */
enum letter_status {
	LETTER_TAKEN = 1,   /* by a lighthouse: kept; by whom it is for: read */
	LETTER_FULL = 2,    /* there is no room for it: again later */
	LETTER_REFUSED = 3, /* it is of no use: not again */
};

struct letter_ack {
	uint8_t key[32]; /* that of the LETTER */
	uint8_t id[LETTER_ID_LEN];
	uint8_t status;
};

int letter_ack_encode(uint8_t *to, size_t cap, const struct letter_ack *a) must_check;
int letter_ack_decode(struct letter_ack *ret, const struct frame *f) must_check;

/* The chunk of `letter` at `offset`, which lies within. */
struct letter_part letter_part_of(const uint8_t key[static 32],
    const uint8_t id[static LETTER_ID_LEN], const uint8_t *letter, size_t size, size_t offset);

/*
 * A letter that is put together from its chunks. The caller knows whose it is: a chunk counts for the
 * id and size that the first one has.
 */
struct letter_pieces {
	uint8_t id[LETTER_ID_LEN];
	uint16_t size;
	uint16_t got; /* chunks, by bit */
	uint8_t bytes[LETTER_MAX];
};

/* Begins anew with the letter that `p` is of. */
void letter_pieces_begin(struct letter_pieces *ps, const struct letter_part *p);

/* Is `p` of the letter that was begun? */
bool letter_pieces_fit(const struct letter_pieces *ps, const struct letter_part *p) must_check;

/* One that fits. True: it is whole now. */
bool letter_pieces_add(struct letter_pieces *ps, const struct letter_part *p) must_check;

#endif
