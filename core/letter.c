/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * letter.c - sealing and opening what is left with a lighthouse for who is away.
 */
#include "core/letter.h"

#include "core/field.h"

#include <string.h>

static const char context[] = "mpynet letter v1";

int
letter_keys(struct letter_keys *ret, const uint8_t secret[static 32],
    const uint8_t other[static 32], const uint8_t from[static 32], const uint8_t to[static 32])
{
	uint8_t shared[32], input[sizeof(context) - 1 + 64];
	struct wr w = wr_init(input, sizeof(input));
	int rc = crypto_dh(shared, secret, other);

	wr_bytes(&w, context, sizeof(context) - 1);
	wr_bytes(&w, from, 32);
	wr_bytes(&w, to, 32);
	if (rc == 0)
		crypto_kdf2(ret->seal, ret->name, shared, input, sizeof(input));
	crypto_wipe(shared, sizeof(shared));
	return rc;
}

void
letter_id(uint8_t ret[static LETTER_ID_LEN], const struct letter_keys *k,
    const uint8_t hash[static STUDY_HASH_LEN])
{
	crypto_blake2b(ret, LETTER_ID_LEN, k->name, sizeof(k->name), hash, STUDY_HASH_LEN, NULL, 0);
}

int
letter_seal(uint8_t *to, size_t cap, const struct letter_keys *k, const struct letter *l)
{
	uint8_t *plain = to + CRYPTO_XNONCE;
	struct wr w;

	if (cap < LETTER_OVERHEAD)
		return ERR_FULL;
	w = wr_init(plain, cap - LETTER_OVERHEAD);
	wr_u64(&w, l->since);
	put_counted(&w, l->cert);
	put_counted(&w, l->ca);
	wr_bytes(&w, l->study.p, l->study.len);
	if (w.failed || LETTER_OVERHEAD + w.len > LETTER_MAX)
		return ERR_FULL;
	crypto_blake2b(to, CRYPTO_XNONCE, k->name, sizeof(k->name), plain, w.len, NULL, 0);
	crypto_xseal(plain, k->seal, to, plain, w.len, NULL, 0);
	return (int)(LETTER_OVERHEAD + w.len);
}

int
letter_open(struct letter *ret, uint8_t *plain, const struct letter_keys *k, const uint8_t *sealed,
    size_t len)
{
	struct letter l;
	struct in in;

	if (len < LETTER_MIN || len > LETTER_MAX)
		return ERR_FORMAT;
	if (crypto_xopen(plain, k->seal, sealed, sealed + CRYPTO_XNONCE, len - CRYPTO_XNONCE, NULL,
		0) < 0)
		return ERR_AUTH;
	in = in_init(plain, len - LETTER_OVERHEAD);
	l.since = rd_u64(&in.rd);
	l.cert = in_counted(&in, WIRE_CERT_MAX);
	l.ca = in_counted(&in, WIRE_CA_MAX);
	l.study = in_blob(&in, in.rd.left, STUDY_MAX);
	in_demand(&in, l.cert.len > 0 && l.study.len >= STUDY_MIN);
	if (in_end(&in) < 0)
		return ERR_FORMAT;
	*ret = l;
	return 0;
}
