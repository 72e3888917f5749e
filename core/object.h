/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * object.h - the container of everything that is signed.
 *
 *	 0  4  "MPY1"
 *	 4  1  kind
 *	 5  1  alg
 *	 6  2  0
 *	 8  4  body_len
 *	12     body: fields (u8 tag, u16 len, value), tags strictly ascending
 *	       signature, its length by alg
 *
 * What the fields of a kind are is for its own file: cert.h (hosts, CAs, requests), netstate.h,
 * rotation.h, study.h. The format is in docs/certificates.md, section 1.
 */
#ifndef CORE_OBJECT_H
#define CORE_OBJECT_H

#include "core/base.h"
#include "core/breach.h"
#include "core/bytes.h"
#include "core/err.h"

enum object_kind {
	OBJECT_HOST = 1,
	OBJECT_CA = 2,
	OBJECT_STATE = 3,
	OBJECT_REQUEST = 4,
	OBJECT_LOG_HEAD = 5, /* reserved */
	OBJECT_ROTATION = 6,
	OBJECT_STUDY = 7,    /* core/study.h: nobody signs it */
	OBJECT_COSIGNER = 8, /* the key of a co-signer, by its own signature */
};

enum object_alg {
	ALG_NONE = 0, /* of a study: no signature */
	ALG_ED25519 = 1,
	ALG_PROOF = 2, /* of a request: keyed BLAKE2b, core/request.h */
	ALG_MULTI = 3, /* u8 k, k times (u8 index, 64): signatures of k of n co-signers */
};

#define OBJECT_HEADER_LEN  12
#define OBJECT_CONTEXT_LEN 24
#define OBJECT_SIGNATURE   64
#define OBJECT_PART        (1 + OBJECT_SIGNATURE) /* of ALG_MULTI: whose, and the signature */
#define OBJECT_MAX         65535 /* of any kind; each has a limit of its own below */

/* Of how many co-signers how many must sign. What five have signed still fits a host. */
#define COSIGNERS_MAX     8
#define COSIGNERS_K_MIN   2
#define COSIGNERS_K_MAX   5
#define OBJECT_PARTS_MAX  (1 + COSIGNERS_K_MAX * OBJECT_PART)

/* Ed25519 keys, ascending; their place is the index in a signature. */
struct cosigners {
	uint8_t k;
	uint8_t count; /* 0: there are none, one key signs */
	uint8_t keys[COSIGNERS_MAX][32];
};

/* An object taken apart. Everything points into the bytes it was taken from. */
struct object {
	uint8_t kind;
	uint8_t alg;
	struct rd body;
	const uint8_t *signature;
	size_t signature_len;
};

/*
 * Exactly one object. The rule of the container that it breaks, or BREACH_NONE; how long a kind
 * may be is not looked at.
 */
enum breach object_open(struct object *ret, const uint8_t *p, size_t len) must_check;

/* One field of a body. */
struct object_field {
	int tag; /* -1 before the first */
	const uint8_t *start;
	struct rd value;
};

/*
 * The field after the one that `f` is, from `body`, which has something left: BREACH_FIELD_CUT,
 * BREACH_ORDER or BREACH_NONE.
 */
enum breach object_next(struct object_field *f, struct rd *body) must_check;

/* Fields that later versions may add: passed over by those who do not know them. */
#define OBJECT_LATER_FIRST 0x40
#define OBJECT_LATER_LAST  0x7f

/* A field that a kind has; its tag is below OBJECT_LATER_FIRST. */
struct object_rule {
	uint8_t tag;
	bool must;
	uint8_t len; /* 0: it varies */
};

/* What a kind of object is made of. */
struct object_format {
	enum object_kind kind;
	size_t max; /* bytes of the whole */
	/* Takes the value of a field of `rules`, whose length is right. The rule that it breaks. */
	enum breach (*take)(void *to, int tag, struct rd *value);
	const struct object_rule *rules;
	size_t rule_count;
};

/*
 * Exactly one object of that kind, each field of which is handed to format->take. The first rule
 * that it breaks, or BREACH_NONE; rules that need more than one field are the caller's.
 */
enum breach object_read(void *to, const struct object_format *format, const uint8_t *p,
    size_t len) must_check;

/*
 * Writing: object_begin() and what it returned to object_end() around the fields; then the
 * signature. A writer that is full stays so.
 */
uint8_t *object_begin(struct wr *w, uint8_t kind, uint8_t alg);
void object_end(struct wr *w, uint8_t *body_len);

/* A field whose length is written by object_close(). */
uint8_t *object_open_field(struct wr *w, uint8_t tag);
void object_close_field(struct wr *w, uint8_t *len_at);
void object_put(struct wr *w, uint8_t tag, const void *p, size_t len);
void object_put_uint(struct wr *w, uint8_t tag, uint64_t v, size_t n);

/* Signs all but the last 64 bytes of `object` into those. 0 or -ENOMEM. */
int object_sign(uint8_t *object, size_t len, const uint8_t seed[static 32]) must_check;

/*
 * Is what `object`, which object_open() took, ends with a signature by `key`? 0, or ERR_AUTH; that
 * also for what several or nobody signed.
 */
int object_verify(const uint8_t *object, size_t len, const uint8_t key[static 32]) must_check;

/*
 * The co-signer's part of signing what will be an object of ALG_MULTI: `bare` is all of it before
 * its signatures (object_bare). 0 or -ENOMEM.
 */
int object_sign_part(uint8_t ret[static OBJECT_SIGNATURE], const uint8_t *bare, size_t len,
    const uint8_t seed[static 32]) must_check;
int object_verify_part(const uint8_t signature[static OBJECT_SIGNATURE], const uint8_t *bare,
    size_t len, const uint8_t key[static 32]) must_check;

/*
 * Did exactly k of `by` sign `object`, which object_open() took? Each is verified. 0, or ERR_AUTH;
 * that also for what one signed.
 */
int object_verify_multi(const uint8_t *object, size_t len, const struct cosigners *by) must_check;

/*
 * Makes what an object of one signature says into what several can sign: the bytes before the
 * signatures, with ALG_MULTI. Returns their number, `len` - OBJECT_SIGNATURE.
 */
size_t object_bare(uint8_t *to, const uint8_t *object, size_t len);

/*
 * How long the object at the beginning of `p` says that it is, or 0 if that is more than `len` or
 * cannot be said.
 */
size_t object_len(const uint8_t *p, size_t len);

/*
 * Of a whole object, never over the signature. For what is no object it is some hash that no object
 * has, for at least OBJECT_SIGNATURE + 1 bytes.
 */
void object_fingerprint(uint8_t to[static 32], const uint8_t *object, size_t len);

/* "mpynet signed object v1", zeros to the end: before what is signed. */
extern const char object_context[OBJECT_CONTEXT_LEN];

#endif
