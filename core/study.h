/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * study.h - who computes together: an ordered list of parties.
 *
 * A party's place in the list is its index in the computation (MPyC's pid). The list says for each
 * party what nobody may choose for it later: its name, its key, its overlay address, and the port
 * where it listens. Nothing in it is local, so that everybody holds the same bytes, and the study is
 * known by their hash. Nobody signs it, hosts could not: whoever brings one is authenticated by how
 * it comes, and every party accepts it by itself before anything of it runs there.
 *
 * It is an object of kind 7 and algorithm 0 (object.h). The format is in docs/certificates.md,
 * section 18.
 */
#ifndef CORE_STUDY_H
#define CORE_STUDY_H

#include "core/addr.h"
#include "core/base.h"
#include "core/breach.h"
#include "core/err.h"
#include "core/text.h"

#define STUDY_PARTIES_MAX 64
#define STUDY_PORT        11365 /* MPyC's own, where nobody says another */
#define STUDY_HASH_LEN    32

/* One party at its longest: u8 n, name, key, u8 family, address, u16 port. */
#define STUDY_PARTY_MAX (1 + NAME_MAX_LEN + 32 + 1 + 16 + 2)
/* Header, network, name, parties. */
#define STUDY_MAX       (12 + 3 + 16 + 3 + NAME_MAX_LEN + 3 + STUDY_PARTIES_MAX * STUDY_PARTY_MAX)
#define STUDY_MIN       (12 + 3 + 16 + 3 + 1 + 3 + 1 + 1 + 32 + 1 + 4 + 2)

/* Its file, with NUL. */
#define STUDY_TEXT_MAX  10240

struct study_party {
	char name[NAME_MAX_LEN + 1];
	uint8_t key[32]; /* X25519 */
	struct ip address;
	uint16_t port;
};

struct study {
	uint8_t network[16];
	char name[NAME_MAX_LEN + 1]; /* that people say; it need not be the only one with it */
	uint32_t count;
	struct study_party parties[STUDY_PARTIES_MAX];
	uint8_t hash[STUDY_HASH_LEN]; /* the object's fingerprint: set by decoding and encoding */
};

/*
 * Exactly one study. 0, or ERR_CANON or ERR_VERSION with the rule that it breaks in `why` (may be
 * NULL). Fields of a later version are refused too: who agrees to a study agrees to all of it.
 */
int study_decode(struct study *ret, const uint8_t *p, size_t len, enum breach *why) must_check;

/*
 * Writes the whole object and fills in its hash. The number of bytes, at most STUDY_MAX; ERR_CANON
 * for what study_decode would not take, with the rule in `why` (may be NULL); ERR_FULL.
 */
int study_encode(struct study *s, uint8_t *to, size_t cap, enum breach *why) must_check;

/* A file of it (core/pem.h, "MPYNET STUDY"). 0, or negative with a sentence. */
int study_read(struct study *ret, const char *text, size_t len, struct err *e) must_check;

/* Writes the file, NUL included, and returns its length without it; as study_encode. */
int study_write(struct study *s, char *to, size_t cap, enum breach *why) must_check;

/* The place of the party with this key, with this name: from 0, or ERR_UNKNOWN. */
int study_index_of(const struct study *s, const uint8_t key[static 32]) must_check;
int study_index_named(const struct study *s, const char *name) must_check;

/* The same study, to the byte? */
bool study_equal(const struct study *a, const struct study *b) must_check;

/*
 * How many parties together learn nothing of what the others put in, where the program does not say
 * another number: MPyC's (m - 1) / 2. With one or two parties nobody is protected from the other.
 */
unsigned study_threshold(const struct study *s);

/*
 * Names of studies are not unique, hashes are long: does `word`, that a person wrote, mean this
 * one? It is its name, or at least STUDY_PREFIX_MIN hex digits with which its hash begins.
 */
#define STUDY_PREFIX_MIN 4
bool study_is_called(const struct study *s, const char *word) must_check;

#endif
