/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rotation.c - the statement by which a root names its successor, as bytes.
 */
#include "core/rotation.h"

#include "core/bytes.h"
#include "core/crypto.h"
#include "core/object.h"

enum {
	TAG_NETWORK = 0x01,
	TAG_ISSUER = 0x02,
	TAG_FROM = 0x04,
	TAG_UNTIL = 0x05,
	TAG_ROOT = 0x28,
};

static enum breach
decode_root(struct rotation *r, struct rd *v)
{
	enum breach why;
	size_t len = v->left;

	if (cert_decode(&r->root, v->p, len, &why) < 0)
		return why;
	if (!cert_is_root(&r->root))
		return BREACH_NEW_ROOT;
	rd_bytes(v, r->root_bytes, len);
	r->root_len = len;
	return BREACH_NONE;
}

static enum breach
take(void *to, int tag, struct rd *v)
{
	struct rotation *r = to;

	switch (tag) {
	case TAG_NETWORK: rd_bytes(v, r->network, sizeof(r->network)); return BREACH_NONE;
	case TAG_ISSUER: rd_bytes(v, r->issuer, sizeof(r->issuer)); return BREACH_NONE;
	case TAG_FROM: r->from = rd_u64(v); return BREACH_NONE;
	case TAG_UNTIL:
		r->until = rd_u64(v);
		return r->until <= CERT_TIME_MAX ? BREACH_NONE : BREACH_TIME;
	default: return decode_root(r, v);
	}
}

static const struct object_rule rules[] = {
	{ TAG_NETWORK, true, 16 },
	{ TAG_ISSUER, true, 16 },
	{ TAG_FROM, true, 8 },
	{ TAG_UNTIL, true, 8 },
	{ TAG_ROOT, true, 0 },
};

static const struct object_format format = {
	.kind = OBJECT_ROTATION,
	.max = ROTATION_MAX,
	.take = take,
	.rules = rules,
	.rule_count = ARRAY_LEN(rules),
};

/* Rules that need more than one field. */
static enum breach
check_fields(const struct rotation *r)
{
	if (r->from > r->until)
		return BREACH_TIME;
	if (memcmp(r->network, r->root.network, sizeof(r->network)) != 0 ||
	    memcmp(r->issuer, r->root.issuer, sizeof(r->issuer)) == 0)
		return BREACH_NEW_ROOT;
	return BREACH_NONE;
}

int
rotation_decode(struct rotation *ret, const uint8_t *p, size_t len, enum breach *why)
{
	struct rotation r = { 0 };
	enum breach b = object_read(&r, &format, p, len);
	int rc;

	if (b == BREACH_NONE)
		b = check_fields(&r);
	if (b != BREACH_NONE)
		return breach_set(why, b);
	rc = cert_verify(r.root_bytes, r.root_len, r.root.key);
	if (rc < 0)
		return rc;
	object_fingerprint(r.fingerprint, p, len);
	*ret = r;
	return breach_set(why, BREACH_NONE);
}

int
rotation_sign(struct rotation *r, uint8_t *to, size_t cap, const uint8_t seed[static 32],
    enum breach *why)
{
	struct wr w = wr_init(to, cap);
	uint8_t *body_len = object_begin(&w, OBJECT_ROTATION, ALG_ED25519);
	uint8_t key[CRYPTO_SIGN_KEY], issuer[16];
	struct rotation done;
	struct cert root;
	int rc = cert_decode(&root, r->root_bytes, r->root_len, why);

	if (rc < 0)
		return rc;
	crypto_ed25519_public(key, seed);
	cert_key_id(issuer, key);
	object_put(&w, TAG_NETWORK, root.network, sizeof(root.network));
	object_put(&w, TAG_ISSUER, issuer, sizeof(issuer));
	object_put_uint(&w, TAG_FROM, r->from, 8);
	object_put_uint(&w, TAG_UNTIL, r->until, 8);
	object_put(&w, TAG_ROOT, r->root_bytes, r->root_len);
	object_end(&w, body_len);
	wr_zeros(&w, OBJECT_SIGNATURE);
	if (w.failed)
		return ERR_FULL;
	rc = object_sign(to, w.len, seed);
	if (rc == 0)
		rc = rotation_decode(&done, to, w.len, why);
	if (rc < 0)
		return rc;
	*r = done;
	return (int)w.len;
}
