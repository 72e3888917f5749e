/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state_id.h - which network state: what names one in frames, in the log and between files.
 */
#ifndef CORE_STATE_ID_H
#define CORE_STATE_ID_H

#include "core/base.h"

#include <string.h>

#define STATE_HASH_LEN 16

/* All zeros: no state. */
struct state_id {
	uint64_t version;
	uint8_t hash[STATE_HASH_LEN]; /* the first half of the object's fingerprint */
};

static inline bool
state_id_equal(const struct state_id *a, const struct state_id *b)
{
	return a->version == b->version && memcmp(a->hash, b->hash, STATE_HASH_LEN) == 0;
}

#endif
