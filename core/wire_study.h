/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire_study.h - the frames by which studies get to their parties: STUDY, STUDY_REQ, STUDY_PART
 * (docs/protocol.md, section 21). As those of core/wire.h.
 */
#ifndef CORE_WIRE_STUDY_H
#define CORE_WIRE_STUDY_H

#include "core/study.h"
#include "core/wire.h"

/* How a party stands to a study. Numbers are on the wire and on disk: never reuse. */
enum stance {
	STANCE_NONE = 0,     /* does not hold it, or is not known to */
	STANCE_PROPOSED = 1, /* holds it, and nobody has decided */
	STANCE_ACCEPTED = 2,
	STANCE_CLOSED = 3,   /* wants nothing more to do with it */
	STANCE_REFUSED = 4,  /* has no room for it, or it is not such that it could accept it */
};

/* STUDY: this is how I stand to it, and how I believe that you do. */
enum {
	STUDY_SAYS_ASK = 1, /* what you believe of me is not so, or not known here: tell me */
};

struct study_says {
	uint8_t hash[STUDY_HASH_LEN];
	uint8_t stance;
	uint8_t yours;
	uint8_t flags;
	uint16_t size; /* of its bytes; 0 where they are not held */
};

int study_says_encode(uint8_t *to, size_t cap, const struct study_says *s) must_check;
int study_says_decode(struct study_says *ret, const struct frame *f) must_check;

/* STUDY_REQ: send me what lies from `offset` on. */
struct study_req {
	uint8_t hash[STUDY_HASH_LEN];
	uint16_t offset; /* a multiple of STUDY_CHUNK, below STUDY_MAX */
};

#define STUDY_CHUNK 1024

int study_req_encode(uint8_t *to, size_t cap, const struct study_req *q) must_check;
int study_req_decode(struct study_req *ret, const struct frame *f) must_check;

/* STUDY_PART: a chunk of it, whole but for the last. */
struct study_part {
	uint8_t hash[STUDY_HASH_LEN];
	uint16_t size; /* of the study */
	uint16_t offset;
	struct blob bytes;
};

int study_part_encode(uint8_t *to, size_t cap, const struct study_part *p) must_check;
int study_part_decode(struct study_part *ret, const struct frame *f) must_check;

/* The chunk of `bytes` at `offset`, which lies within. */
struct study_part study_part_of(const uint8_t hash[static STUDY_HASH_LEN], const uint8_t *bytes,
    size_t size, size_t offset);

#endif
