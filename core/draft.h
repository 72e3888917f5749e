/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * draft.h - what co-signers are to sign, and who has.
 *
 * Under a root that names co-signers nothing is signed by one machine. The statement travels as a
 * draft, a file that anybody may see, from one to the other; each adds a signature, in whatever
 * order, and when there are enough they become the object: a host's or an issuing CA's certificate,
 * a network state, a rotation (docs/certificates.md, section 15).
 *
 *	u16 len, root certificate
 *	u16 len, the statement: the object before its signatures, algorithm 3
 *	u8 m, m times (u8 index, 64 signature), indices ascending
 *
 * A draft that was read is sound: its root is one that names co-signers, the statement is one that
 * this root may sign, fits with as many signatures as it needs, and every signature in it verifies.
 */
#ifndef CORE_DRAFT_H
#define CORE_DRAFT_H

#include "core/base.h"
#include "core/cert.h"
#include "core/netstate.h"
#include "core/rotation.h"

#define DRAFT_PARTS_MAX COSIGNERS_MAX
#define DRAFT_BARE_MAX  NETSTATE_MAX
#define DRAFT_MAX       (2 + CERT_ROOT_MAX + 2 + DRAFT_BARE_MAX + 1 + DRAFT_PARTS_MAX * OBJECT_PART)

struct draft {
	struct cert root;
	size_t root_len;
	uint8_t root_bytes[CERT_ROOT_MAX];
	enum object_kind kind;    /* of the statement, and what it says is in one of these: */
	struct cert says;         /* OBJECT_HOST, OBJECT_CA */
	struct netstate state;    /* OBJECT_STATE */
	struct rotation rotation; /* OBJECT_ROTATION */
	uint8_t fingerprint[32];  /* of the object that it becomes, whoever signs */
	size_t bare_len;
	uint8_t *bare;
	bool has[DRAFT_PARTS_MAX]; /* by index of the co-signer */
	uint8_t signatures[DRAFT_PARTS_MAX][OBJECT_SIGNATURE];
};

/*
 * A draft of `object`, which `root` is asked to sign: a whole object of algorithm 1, whose signature
 * is not looked at. 0, and then draft_free() is the caller's; ERR_CANON; ERR_DENIED when the root
 * names no co-signers or may not sign it; with the rule in `why` (may be NULL); ERR_EXPIRED for what
 * was said when the root was not valid; ERR_AUTH; -ENOMEM.
 */
int draft_make(struct draft *ret, const uint8_t *root, size_t root_len, const uint8_t *object,
    size_t len, enum breach *why) must_check;

/* Frees what it holds, and makes it empty. */
void draft_free(struct draft *d);

/* As draft_make; ERR_SHORT, ERR_EXCESS, ERR_FORMAT; ERR_AUTH when a signature does not verify. */
int draft_read(struct draft *ret, const uint8_t *p, size_t len, enum breach *why) must_check;

/* Its length, or ERR_FULL. */
int draft_write(uint8_t *to, size_t cap, const struct draft *d) must_check;

/*
 * The place of this key among the co-signers, or ERR_UNKNOWN when it is none of them.
 */
int draft_index(const struct draft *d, const uint8_t key[static 32]) must_check;

/* Adds the signature of the co-signer with this seed: 0, ERR_UNKNOWN, -ENOMEM. */
int draft_sign(struct draft *d, const uint8_t seed[static 32]) must_check;

/* Takes over the signatures of another draft: 0, or ERR_CONFLICT when it says something else. */
int draft_merge(struct draft *d, const struct draft *other) must_check;

/* How many have signed. */
unsigned draft_count(const struct draft *d);

/*
 * The object, signed by the first k who did: its length; ERR_STATE while they are too few;
 * ERR_FULL.
 */
int draft_finish(uint8_t *to, size_t cap, const struct draft *d) must_check;

#endif
