/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refused.h - certificates that were refused a moment ago.
 *
 * A node whose certificate has expired calls every few seconds, and verifying that again each time
 * would cost more than it costs to call. So what was refused, by static key and fingerprint, stays
 * refused for REFUSED_TIME. The last REFUSED_MAX that somebody asked about are known.
 *
 * Only what was proved to come from the key's owner may be noted: else anybody could lock out
 * somebody else.
 */
#ifndef CORE_REFUSED_H
#define CORE_REFUSED_H

#include "core/table.h"

#define REFUSED_MAX  4096
#define REFUSED_TIME (60 * USEC_PER_SEC)

struct refusal;

struct refused {
	struct table by_id;
	struct refusal *newest;
	struct refusal *oldest;
};

/* No memory is taken before the first refusal. */
void refused_init(struct refused *r, const uint8_t hash_key[static 16]);
void refused_free(struct refused *r);

/* What was refused may be looked at again: by what it was judged has changed. */
void refused_forget(struct refused *r);

bool refused_recently(struct refused *r, usec_t now, const uint8_t key[static 32],
    const uint8_t fingerprint[static 32]) must_check;

/* Without memory nothing is noted, and the work is done again next time. */
void refused_note(struct refused *r, usec_t now, const uint8_t key[static 32],
    const uint8_t fingerprint[static 32]);

#endif
