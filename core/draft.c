/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * draft.c - what co-signers are to sign, as bytes, and their signatures.
 */
#include "core/draft.h"

#include "core/crypto.h"
#include "core/field.h"

static int
take_root(struct draft *d, const uint8_t *root, size_t len, enum breach *why)
{
	int rc = cert_decode(&d->root, root, len, why);

	if (rc == 0 && d->root.cosigners.count == 0)
		rc = breach_set(why, BREACH_COSIGNERS);
	if (rc == 0)
		rc = cert_verify(root, len, d->root.key);
	if (rc < 0)
		return rc;
	d->root_len = len;
	memcpy(d->root_bytes, root, len);
	return 0;
}

/* The statement as an object of one signature, of zeros: what it says, and that it may. */
static int
take_statement(struct draft *d, const uint8_t *object, size_t len, enum breach *why)
{
	int rc = cert_decode(&d->says, object, len, why);

	if (rc == 0 && d->says.kind != OBJECT_HOST && d->says.kind != OBJECT_CA)
		rc = breach_set(why, BREACH_KIND_OTHER);
	if (rc == 0 && d->says.parts_len > 0)
		rc = breach_set(why, BREACH_ALG);
	if (rc == 0)
		rc = cert_permitted(&d->says, &d->root, why);
	if (rc == 0)
		rc = cert_routes_outside(&d->says, &d->root, why);
	if (rc == 0)
		d->bare_len = object_bare(d->bare, object, len);
	return rc;
}

int
draft_make(struct draft *ret, const uint8_t *root, size_t root_len, const uint8_t *object,
    size_t len, enum breach *why)
{
	struct draft d = { .root_len = 0 };
	int rc = take_root(&d, root, root_len, why);

	if (rc == 0)
		rc = take_statement(&d, object, len, why);
	if (rc == 0)
		*ret = d;
	return rc;
}

/* Puts a signature of zeros in the place of those to come, and looks at it as draft_make does. */
static int
read_statement(struct draft *d, struct blob bare, enum breach *why)
{
	uint8_t object[DRAFT_BARE_MAX + OBJECT_SIGNATURE];
	struct wr w = wr_init(object, sizeof(object));

	if (bare.len <= OBJECT_HEADER_LEN || bare.p[5] != ALG_MULTI)
		return breach_set(why, BREACH_ALG);
	wr_bytes(&w, bare.p, bare.len);
	wr_zeros(&w, OBJECT_SIGNATURE);
	object[5] = ALG_ED25519;
	return take_statement(d, object, w.len, why);
}

static int
read_parts(struct draft *d, struct in *in)
{
	unsigned count = rd_u8(&in->rd);
	int last = -1;

	for (unsigned i = 0; i < count && !in->rd.failed; i++) {
		int index = rd_u8(&in->rd);

		if (index <= last || index >= d->root.cosigners.count)
			return ERR_FORMAT;
		rd_bytes(&in->rd, d->signatures[index], OBJECT_SIGNATURE);
		if (object_verify_part(d->signatures[index], d->bare, d->bare_len,
			d->root.cosigners.keys[index]) < 0)
			return in->rd.failed ? ERR_SHORT : ERR_AUTH;
		d->has[index] = true;
		last = index;
	}
	return in_end(in);
}

int
draft_read(struct draft *ret, const uint8_t *p, size_t len, enum breach *why)
{
	struct in in = in_init(p, len);
	struct draft d = { .root_len = 0 };
	struct blob root = in_counted(&in, CERT_ROOT_MAX);
	struct blob bare = in_counted(&in, DRAFT_BARE_MAX);
	int rc;

	(void)breach_set(why, BREACH_NONE);
	if (in.bad || in.rd.failed || root.len == 0 || bare.len == 0)
		return ERR_FORMAT;
	rc = take_root(&d, root.p, root.len, why);
	if (rc == 0)
		rc = read_statement(&d, bare, why);
	if (rc == 0)
		rc = read_parts(&d, &in);
	if (rc == 0)
		*ret = d;
	return rc;
}

int
draft_write(uint8_t *to, size_t cap, const struct draft *d)
{
	struct wr w = wr_init(to, cap);

	put_counted(&w, (struct blob){ d->root_bytes, (uint16_t)d->root_len });
	put_counted(&w, (struct blob){ d->bare, (uint16_t)d->bare_len });
	wr_u8(&w, (uint8_t)draft_count(d));
	for (uint8_t i = 0; i < DRAFT_PARTS_MAX; i++) {
		if (!d->has[i])
			continue;
		wr_u8(&w, i);
		wr_bytes(&w, d->signatures[i], OBJECT_SIGNATURE);
	}
	return wr_end(&w);
}

int
draft_index(const struct draft *d, const uint8_t key[static 32])
{
	for (int i = 0; i < d->root.cosigners.count; i++) {
		if (memcmp(d->root.cosigners.keys[i], key, 32) == 0)
			return i;
	}
	return ERR_UNKNOWN;
}

int
draft_sign(struct draft *d, const uint8_t seed[static 32])
{
	uint8_t key[CRYPTO_SIGN_KEY];
	int index, rc;

	crypto_ed25519_public(key, seed);
	index = draft_index(d, key);
	if (index < 0)
		return index;
	rc = object_sign_part(d->signatures[index], d->bare, d->bare_len, seed);
	if (rc == 0)
		d->has[index] = true;
	return rc;
}

int
draft_merge(struct draft *d, const struct draft *other)
{
	if (d->root_len != other->root_len || d->bare_len != other->bare_len ||
	    memcmp(d->root_bytes, other->root_bytes, d->root_len) != 0 ||
	    memcmp(d->bare, other->bare, d->bare_len) != 0)
		return ERR_CONFLICT;
	for (size_t i = 0; i < DRAFT_PARTS_MAX; i++) {
		if (!other->has[i])
			continue;
		d->has[i] = true;
		memcpy(d->signatures[i], other->signatures[i], OBJECT_SIGNATURE);
	}
	return 0;
}

unsigned
draft_count(const struct draft *d)
{
	unsigned n = 0;

	for (size_t i = 0; i < DRAFT_PARTS_MAX; i++)
		n += d->has[i];
	return n;
}

int
draft_finish(uint8_t *to, size_t cap, const struct draft *d, enum breach *why)
{
	struct wr w = wr_init(to, cap);
	uint8_t k = d->root.cosigners.k, used = 0;
	struct cert c;
	int rc;

	(void)breach_set(why, BREACH_NONE);
	if (draft_count(d) < k)
		return ERR_STATE;
	wr_bytes(&w, d->bare, d->bare_len);
	wr_u8(&w, k);
	for (uint8_t i = 0; used < k; i++) {
		if (!d->has[i])
			continue;
		wr_u8(&w, i);
		wr_bytes(&w, d->signatures[i], OBJECT_SIGNATURE);
		used++;
	}
	if (w.failed)
		return ERR_FULL;
	rc = cert_decode(&c, to, w.len, why);
	return rc < 0 ? rc : (int)w.len;
}
