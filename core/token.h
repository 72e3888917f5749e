/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * token.h - an invitation: all that a host must know to be enrolled, as one word.
 *
 *	mpy1_ and base64url, without padding, of
 *	 0  8  id, random
 *	 8 32  secret, random
 *	40 32  fingerprint of the root's certificate
 *	72 32  static key of a lighthouse
 *     104  4  Unix time after which it is worth nothing
 *     108  1  4, 6, or 0 for a name
 *     109  2  port
 *     111     4 or 16 bytes of address, or the name, to the end
 *	    4  first bytes of HASH of all before: a mistyped word is told from an unknown one
 *
 * Two keys come from the secret. With one the lighthouse, which is told it by the authority, knows
 * who may knock; under the other host and authority seal what the lighthouse passes on and cannot
 * read (core/envelope.h). The root's fingerprint is what the host trusts in the end. A token is a
 * secret as long as it is worth something; docs/certificates.md, "Invitations".
 */
#ifndef CORE_TOKEN_H
#define CORE_TOKEN_H

#include "core/base.h"
#include "core/bundle.h"
#include "core/err.h"
#include "core/rng.h"

#define TOKEN_ID_LEN 8
#define TOKEN_PREFIX "mpy1_"
#define TOKEN_URL    "mpynet://join/"

/* 164 characters for an IPv4 address, 180 for an IPv6 one. */
#define TOKEN_TEXT_MAX 512
#define TOKEN_URL_MAX  (TOKEN_TEXT_MAX + sizeof(TOKEN_URL))

struct token {
	uint8_t id[TOKEN_ID_LEN];
	uint8_t secret[32];
	uint8_t root[32];	/* fingerprint */
	uint8_t lighthouse[32]; /* static key */
	uint64_t expires;	/* Unix seconds, the last one at which it is good; below 2^32 */
	char endpoint[ENDPOINT_TEXT_MAX]; /* of the lighthouse, as endpoint_check() wants it */
};

/* Draws id and secret; the other fields are the caller's to fill. */
void token_draw(struct token *t, const struct rng *rng);

/*
 * The one text of `t`, with NUL, of at most TOKEN_TEXT_MAX: its length without. ERR_FORMAT for an
 * endpoint that is none, or an expiry that has no place in it.
 */
int token_write(char to[static TOKEN_TEXT_MAX], const struct token *t) must_check;

/*
 * Reads what a person typed or pasted: the text alone or with TOKEN_URL before it, and white space
 * around. 0; ERR_VERSION for a token of another version; ERR_AUTH for one with a character wrong
 * or missing; ERR_FORMAT for anything else. Each with a sentence that does not repeat the token.
 * Whether it has expired is not looked at: the host's clock may be wrong.
 */
int token_read(struct token *ret, const char *text, size_t len, struct err *e) must_check;

/* What the secret is for. */
struct token_keys {
	uint8_t id[TOKEN_ID_LEN];
	uint8_t psk[32];   /* of the handshake between host and lighthouse */
	uint8_t enrol[32]; /* between host and authority */
};

void token_keys(struct token_keys *ret, const uint8_t id[static TOKEN_ID_LEN],
    const uint8_t secret[static 32]);

void token_wipe(struct token *t);
void token_keys_wipe(struct token_keys *k);

#endif
