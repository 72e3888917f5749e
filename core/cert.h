/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cert.h - certificates of hosts and authorities, requests, and who co-signs.
 *
 * One container, one parser, one value. For every object there is exactly one string of bytes, so
 * that a certificate has one fingerprint and nobody can make a second one that says the same: the
 * decoder refuses whatever the encoder would not write, and says which rule was broken. The container
 * is object.h's; the format is in docs/certificates.md.
 */
#ifndef CORE_CERT_H
#define CORE_CERT_H

#include "core/addr.h"
#include "core/base.h"
#include "core/breach.h"
#include "core/err.h"
#include "core/object.h"
#include "core/text.h"
#include "core/words.h"

/* What a host may be, and in a CA certificate what its hosts may be. */
enum cert_flag {
	CERT_LIGHTHOUSE = 1,
	CERT_RELAY = 2,
	CERT_GATEWAY = 4, /* routes to subnets behind it */
	CERT_STOCK = 8,   /* speaks WireGuard and nothing else */
	CERT_ENROL = 16,  /* answers enrolment for its CA */
	CERT_STATE_REQUIRED = 32,
	CERT_STATE = 64, /* may sign the network state */
	CERT_FLAGS_ALL = 127,
};

/* Whole objects with their signature, so that two fit every message that carries them. */
#define CERT_HOST_MAX    540
#define CERT_CA_MAX      380
#define CERT_ROOT_MAX    536 /* a root that names co-signers */
#define CERT_REQUEST_MAX 380
#define CERT_MAX         540

#define CERT_ADDRESSES_MAX 16 /* both families together */
#define CERT_ROUTES_MAX    16
#define CERT_GROUPS_MAX    16
#define CERT_GROUP_LEN     31  /* a group is a name of at most this length */
#define CERT_EXTRA_MAX     352 /* fields 40-7F; no object has room for more */
#define CERT_SIGNATURE_LEN 64
#define CERT_TIME_MAX      253402300799 /* the last second of the year 9999 */

/* Issuers date back by this much, and clocks may be behind by as much. */
#define CERT_BACKDATE 300

struct cert {
	uint8_t kind; /* OBJECT_HOST, OBJECT_CA, OBJECT_REQUEST or OBJECT_COSIGNER */
	uint8_t network[16];
	uint8_t issuer[16]; /* key id of the issuer; of the CA that is asked, in a request */
	uint64_t serial; /* in a request of the certificate that it is to succeed; 0: of none */
	uint64_t not_before; /* Unix seconds, the first and the last at which it is valid */
	uint64_t not_after;
	uint8_t key[32]; /* X25519 of a host, Ed25519 of a CA or co-signer */
	char name[NAME_MAX_LEN + 1];
	uint32_t flags; /* CERT_*; in a CA the permitted ones */

	/* Of a host what it has, of a CA what it may give. IPv4 first, each family sorted. */
	uint32_t address_count;
	struct prefix addresses[CERT_ADDRESSES_MAX];
	uint32_t route_count;
	struct prefix routes[CERT_ROUTES_MAX];
	uint32_t group_count;
	char groups[CERT_GROUPS_MAX][CERT_GROUP_LEN + 1]; /* sorted; "*" alone in a CA: any */

	uint8_t tls_pin[32]; /* of a lighthouse, core/tlskey.h; zeros: it speaks no TLS */

	/* Only in a request: the key that `key` is to take the place of, and the proof of it. */
	uint8_t old_key[32]; /* zeros: of none */
	uint8_t old_proof[32];

	/* Only in a CA. */
	uint32_t max_lifetime;              /* seconds, of the hosts below */
	uint8_t path_length;                /* 1: may sign issuing CAs, 0: hosts only */
	uint8_t enrol_key[32];              /* X25519 */
	char name_suffix[NAME_MAX_LEN + 1]; /* that names below must end with, or empty */
	struct cosigners cosigners;         /* of a root: who signs in its place; or none */

	/* Fields of a later version that this one may ignore, as they were encoded. */
	uint32_t extra_len;
	uint8_t extra[CERT_EXTRA_MAX];

	/*
	 * Set by cert_decode and cert_sign; cert_encode does not look at them. What co-signers
	 * signed has `parts`, everything else `signature`.
	 */
	uint8_t signature[CERT_SIGNATURE_LEN];
	uint16_t parts_len; /* 0: one signature */
	uint8_t parts[OBJECT_PARTS_MAX];
	uint8_t fingerprint[32];
};

/*
 * Exactly one whole object in `p`, of a kind of struct cert. Nothing is said about who signed it.
 * 0; ERR_VERSION for what is reserved (kind 5); ERR_CANON for anything else. `why` (may be
 * NULL) is set to the rule, BREACH_NONE on success.
 */
int cert_decode(struct cert *ret, const uint8_t *p, size_t len, enum breach *why) must_check;

/*
 * The object without its signature: what is signed and what the fingerprint is of. Holds to the
 * rules of cert_decode: what would not be accepted is not written. The number of bytes, at most
 * CERT_MAX - CERT_SIGNATURE_LEN, or ERR_CANON with the rule in `why`; ERR_FULL if `cap` is less.
 */
int cert_encode(uint8_t *to, size_t cap, const struct cert *c, enum breach *why) must_check;

/*
 * The same with `c->signature` or `c->parts` at the end: encode(decode(x)) == x for every x
 * accepted.
 */
int cert_encode_whole(uint8_t *to, size_t cap, const struct cert *c, enum breach *why) must_check;

/*
 * Sorts addresses, routes and groups into canonical order and drops those that are there twice;
 * for those who build a certificate from what people wrote.
 */
void cert_sort(struct cert *c);

/*
 * Fills issuer, signature and fingerprint of `c` (no request, everything else set) under the
 * Ed25519 key of `seed` and writes the whole object. The number of bytes, or as cert_encode.
 * Whether the issuer permits it is cert_permitted's question, to be asked before.
 */
int cert_sign(struct cert *c, uint8_t *to, size_t cap, const uint8_t seed[static 32],
    enum breach *why) must_check;

/* Is the last part of `object`, which was decoded, a signature by `issuer_key`? 0 or ERR_AUTH. */
int cert_verify(const uint8_t *object, size_t len, const uint8_t issuer_key[static 32]) must_check;

/*
 * Did `issuer` sign `object`, which was decoded (a certificate, a state, a rotation)? With its key,
 * or, where it names co-signers, so many of them as it asks for. 0 or ERR_AUTH. A root's own
 * signature is always that of its key: cert_verify().
 */
int cert_verify_by(const uint8_t *object, size_t len, const struct cert *issuer) must_check;

/* Of a whole object; never over the signature. As object_fingerprint(). */
void cert_fingerprint(uint8_t to[static 32], const uint8_t *object, size_t len);

/*
 * The proof of a request, in place of a signature: BLAKE2b-512 under `shared` over the same bytes
 * that a signature covers. `object` is whole; what stands in its last 64 bytes does not matter.
 */
void cert_prove(uint8_t to[static CERT_SIGNATURE_LEN], const uint8_t *object, size_t len,
    const uint8_t shared[static 32]);

/* The first 16 bytes of BLAKE2b-256 of "mpynet key id v1", zeros to 24 bytes, and the key. */
void cert_key_id(uint8_t to[static 16], const uint8_t ed25519_key[static 32]);

/* A root: a CA certificate that names its own key as issuer. */
bool cert_is_root(const struct cert *c);

/* "lighthouse" for CERT_LIGHTHOUSE, ..; NULL for what is not one flag. */
const char *cert_flag_name(uint32_t flag);

/* A request for a key that is to take the place of another one. */
bool cert_has_old_key(const struct cert *c);

bool cert_has_group(const struct cert *c, const char *group);

/* May an address of the mesh be in `p`? Not what means something else to every host: loopback... */
bool cert_prefix_good(struct prefix p);

/* Is `ip` one of the host's addresses? */
bool cert_has_address(const struct cert *c, struct ip ip);

/*
 * May `issuer` sign `c` (host or issuing CA)? Kind, network, issuer's key id, addresses, routes,
 * groups, flags, lifetime, depth and name suffix; an absent list permits nothing, and what an
 * issuing CA may give is within what its issuer may give. The same question is asked before
 * signing and at verification. Lifetimes of hosts are counted without CERT_BACKDATE. Validity in
 * time is not looked at. 0, or ERR_DENIED with the rule in `why`.
 */
int cert_permitted(const struct cert *c, const struct cert *issuer, enum breach *why) must_check;

/* Do any of `c`'s routes overlap what `root` calls the overlay? They may not. 0 or ERR_DENIED. */
int cert_routes_outside(const struct cert *c, const struct cert *root, enum breach *why) must_check;

/*
 * Eight words for a key (of any kind) that two people can compare aloud: the PGP words of the first
 * 8 bytes of the hash that key ids are cut from.
 */
#define CERT_WORDS     8
#define CERT_WORDS_MAX (CERT_WORDS * (WORDS_WORD_MAX + 1))
const char *cert_key_words(char to[static CERT_WORDS_MAX], const uint8_t key[static 32]);

/* The bytes that those words stand for. */
void cert_key_word_bytes(uint8_t to[static CERT_WORDS], const uint8_t key[static 32]);

#endif
