/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office.h - the authority of a stage, as a node that speaks for it: it renews, and it rotates.
 *
 * What it has signed for each box is all that it knows, as a real one goes by its ledger and not by
 * what is asked. It may be out of its mind, for those who have to do with one that is.
 */
#ifndef TESTS_SIM_OFFICE_H
#define TESTS_SIM_OFFICE_H

#include "core/netstate.h"
#include "core/rotation.h"
#include "tests/sim/stage.h"

#define OFFICE_HOSTS_MAX 8
#define OFFICE_KEYS_MAX	 32

struct office {
	struct stage *st;
	struct box *desk;
	/* The root that signs: the stage's, until office_rotate(). */
	uint8_t seed[32];
	struct cert root;
	/* What everybody is to be told, when that is more than nothing. */
	uint64_t version;
	size_t statement_len;
	uint8_t statement[ROTATION_MAX];
	size_t blob_len;
	uint8_t blob[NETSTATE_BLOB_MAX];
	/* By the numbers of the boxes. */
	struct cert newest[OFFICE_HOSTS_MAX];
	uint8_t bytes[OFFICE_HOSTS_MAX][CERT_MAX];
	size_t len[OFFICE_HOSTS_MAX];
	unsigned signed_for[OFFICE_HOSTS_MAX];
	bool untaken[OFFICE_HOSTS_MAX]; /* for another key, and nobody said that it is in use */
	uint8_t left[OFFICE_HOSTS_MAX][32]; /* the key that was before */
	struct netstate_key revoked[OFFICE_KEYS_MAX];
	uint32_t revoked_count;
	uint64_t lifetime; /* seconds, of what it signs */
	enum { SANE, ANOTHERS, STALE, GARBAGE } mind;
	const struct box *one, *other; /* whose certificates ANOTHERS mixes up */
	enum { NEW_KEYS, NO_NEW_KEYS, NEW_KEYS_LATER } of_keys; /* what it thinks of them */
	const struct box *ignored; /* whose petitions are not answered; NULL: nobody's */
};

/*
 * Opens when all boxes of `st` have been made; `desk` speaks for it. There is one at a time, and `o`
 * outlives the stage.
 */
void office_open(struct office *o, struct stage *st, struct box *desk, uint64_t lifetime);

/*
 * From now on another root signs, and the one before is believed for `overlap` seconds more. Nobody
 * knows until office_tell().
 */
void office_rotate(struct office *o, uint64_t overlap);

/* `to` is brought what everybody is to be told: by the authority if it is its desk, or by a person. */
void office_tell(const struct office *o, struct box *to);

/* `box` was given at least `least` and at most `most` certificates. */
void office_expect(const struct office *o, const struct box *box, unsigned least, unsigned most);

/* Did the root that signs now sign what `box` has? */
bool office_signed(const struct office *o, const struct box *box);

#endif
