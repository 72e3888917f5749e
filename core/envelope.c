/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * envelope.c - sealing and opening what passes a lighthouse unread.
 */
#include "core/envelope.h"
#include "core/field.h"
#include "core/text.h"

#include <string.h>

static_assert(WIRE_TOKEN_ID == TOKEN_ID_LEN, "a token has one id");
static_assert(ENVELOPE_OVERHEAD + WELCOME_PLAIN_MAX == WIRE_WELCOME_MAX, "a welcome");
static_assert(ENVELOPE_OVERHEAD + CERT_REQUEST_MAX == WIRE_PLEA_MAX, "a plea");

/* What is sealed is of one kind, so that none passes for another. */
#define LABEL_LEN 16
static const char welcome_label[LABEL_LEN] = "enrol welcome v1";
static const char plea_label[LABEL_LEN] = "enrol plea v1";
static const char answer_label[LABEL_LEN] = "enrol answer v1";

static const uint8_t no_ref[ENROL_REF_LEN];

struct binding {
	uint8_t bytes[LABEL_LEN + TOKEN_ID_LEN + ENROL_REF_LEN];
};

static struct binding
bind(const char label[static LABEL_LEN], const uint8_t id[static TOKEN_ID_LEN],
    const uint8_t ref[static ENROL_REF_LEN])
{
	struct binding b;
	struct wr w = wr_init(b.bytes, sizeof(b.bytes));

	wr_bytes(&w, label, LABEL_LEN);
	wr_bytes(&w, id, TOKEN_ID_LEN);
	wr_bytes(&w, ref, ENROL_REF_LEN);
	return b;
}

/* `plain` lies at `to` + CRYPTO_XNONCE already, where it is sealed. */
static int
seal(uint8_t *to, const uint8_t key[static 32], const struct binding *b, const struct rng *rng,
    size_t len)
{
	uint8_t *plain = to + CRYPTO_XNONCE;

	rng_fill(rng, to, CRYPTO_XNONCE);
	crypto_xseal(plain, key, to, plain, len, b->bytes, sizeof(b->bytes));
	return (int)(ENVELOPE_OVERHEAD + len);
}

/* Writes `len` - ENVELOPE_OVERHEAD bytes: their number, or ERR_AUTH. */
static int
open_sealed(uint8_t *plain, const uint8_t key[static 32], const struct binding *b,
    const uint8_t *sealed, size_t len)
{
	if (len < ENVELOPE_OVERHEAD)
		return ERR_AUTH;
	if (crypto_xopen(plain, key, sealed, sealed + CRYPTO_XNONCE, len - CRYPTO_XNONCE, b->bytes,
		sizeof(b->bytes)) < 0)
		return ERR_AUTH;
	return (int)(len - ENVELOPE_OVERHEAD);
}

/*
 * Welcome
 */

int
welcome_seal(uint8_t *to, size_t cap, const struct token_keys *k, const struct rng *rng,
    const struct welcome *w)
{
	struct binding b = bind(welcome_label, k->id, no_ref);
	size_t name = strlen(w->name);
	struct wr out;

	if (cap < WIRE_WELCOME_MAX)
		return ERR_FULL;
	out = wr_init(to + CRYPTO_XNONCE, WELCOME_PLAIN_MAX);
	wr_u8(&out, (uint8_t)name);
	wr_bytes(&out, w->name, name);
	put_counted(&out, w->root);
	put_counted(&out, w->issuing);
	return wr_end(&out) < 0 ? ERR_FULL : seal(to, k->enrol, &b, rng, out.len);
}

int
welcome_open(struct welcome *ret, uint8_t plain[static WELCOME_PLAIN_MAX],
    const struct token_keys *k, const uint8_t *sealed, size_t len)
{
	struct binding b = bind(welcome_label, k->id, no_ref);
	struct welcome w = { 0 };
	struct blob name;
	struct in in;
	int n;

	if (len > WIRE_WELCOME_MAX)
		return ERR_FORMAT;
	n = open_sealed(plain, k->enrol, &b, sealed, len);
	if (n < 0)
		return n;
	in = in_init(plain, (size_t)n);
	name = in_blob(&in, rd_u8(&in.rd), NAME_MAX_LEN);
	w.root = in_counted(&in, CERT_ROOT_MAX);
	w.issuing = in_counted(&in, CERT_CA_MAX);
	in_demand(&in, name.p != NULL && text_is_name((const char *)name.p, name.len));
	in_demand(&in, w.root.len > 0);
	if (in_end(&in) < 0)
		return ERR_FORMAT;
	memcpy(w.name, name.p, name.len);
	*ret = w;
	return 0;
}

/*
 * Plea
 */

int
plea_seal(uint8_t *to, size_t cap, const struct token_keys *k, const struct rng *rng,
    const uint8_t *request, size_t len)
{
	struct binding b = bind(plea_label, k->id, no_ref);

	if (len > CERT_REQUEST_MAX || cap < ENVELOPE_OVERHEAD + len)
		return ERR_FULL;
	memcpy(to + CRYPTO_XNONCE, request, len);
	return seal(to, k->enrol, &b, rng, len);
}

int
plea_open(uint8_t to[static CERT_REQUEST_MAX], const struct token_keys *k, const uint8_t *sealed,
    size_t len)
{
	struct binding b = bind(plea_label, k->id, no_ref);

	if (len > WIRE_PLEA_MAX)
		return ERR_EXCESS;
	return open_sealed(to, k->enrol, &b, sealed, len);
}

void
plea_ref(uint8_t ret[static ENROL_REF_LEN], const uint8_t *sealed, size_t len)
{
	uint8_t hash[32];

	crypto_hash2(hash, sealed, len, NULL, 0);
	memcpy(ret, hash, ENROL_REF_LEN);
}

/*
 * Answer
 */

const char *
refusal_phrase(uint8_t refusal)
{
	switch (refusal) {
	case REFUSAL_USED: return "the invitation was used already, by another host";
	case REFUSAL_EXPIRED: return "the invitation has expired";
	case REFUSAL_WITHDRAWN: return "the invitation was withdrawn";
	case REFUSAL_DENIED: return "a person at the authority has denied it";
	case REFUSAL_KEY: return "this host's key has a certificate under another name";
	case REFUSAL_UNABLE: return "the authority cannot sign it";
	}
	return "the authority refuses, for a reason that this version does not know";
}

/* KDF1(enrol key, DH || label): for this one host, whoever else has the token. */
static int
answer_key(uint8_t ret[static 32], const struct token_keys *k, const uint8_t secret[static 32],
    const uint8_t public[static 32])
{
	uint8_t input[32 + LABEL_LEN];
	int rc = crypto_dh(input, secret, public);

	if (rc == 0) {
		memcpy(input + 32, answer_label, LABEL_LEN);
		crypto_kdf1(ret, k->enrol, input, sizeof(input));
	}
	crypto_wipe(input, sizeof(input));
	return rc;
}

int
answer_seal(uint8_t *to, size_t cap, const struct token_keys *k,
    const uint8_t ref[static ENROL_REF_LEN], const uint8_t secret[static 32],
    const uint8_t public[static 32], const struct rng *rng, const struct answer *a)
{
	struct binding b = bind(answer_label, k->id, ref);
	uint8_t key[32];
	int rc;

	assert((a->refusal == 0) == (a->bundle_len > 0));
	if (a->bundle_len > ANSWER_BUNDLE_MAX || cap < ENVELOPE_OVERHEAD + 1 + a->bundle_len)
		return ERR_FULL;
	rc = answer_key(key, k, secret, public);
	if (rc < 0)
		return rc;
	to[CRYPTO_XNONCE] = a->refusal;
	if (a->bundle_len > 0)
		memcpy(to + CRYPTO_XNONCE + 1, a->bundle, a->bundle_len);
	rc = seal(to, key, &b, rng, 1 + a->bundle_len);
	crypto_wipe(key, sizeof(key));
	return rc;
}

int
answer_open(struct answer *ret, uint8_t *plain, const struct token_keys *k,
    const uint8_t ref[static ENROL_REF_LEN], const uint8_t secret[static 32],
    const uint8_t public[static 32], const uint8_t *sealed, size_t len)
{
	struct binding b = bind(answer_label, k->id, ref);
	struct answer a;
	uint8_t key[32];
	int rc = answer_key(key, k, secret, public);

	if (rc < 0)
		return rc;
	rc = open_sealed(plain, key, &b, sealed, len);
	crypto_wipe(key, sizeof(key));
	if (rc < 0)
		return rc;
	if (rc == 0 || (plain[0] == 0) != (rc > 1))
		return ERR_FORMAT;
	a = (struct answer){ .refusal = plain[0], .bundle_len = (size_t)rc - 1 };
	a.bundle = a.bundle_len > 0 ? (const char *)plain + 1 : NULL;
	*ret = a;
	return 0;
}
