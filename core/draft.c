/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * draft.c - what co-signers are to sign, as bytes, and their signatures.
 */
#include "core/draft.h"

#include "core/crypto.h"
#include "core/field.h"

#include <errno.h>
#include <stdlib.h>

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

static bool
was_valid(const struct cert *root, uint64_t when)
{
	return root->not_before <= when + CERT_BACKDATE && when <= root->not_after;
}

static int
take_cert(struct draft *d, const uint8_t *object, size_t len, enum breach *why)
{
	int rc = cert_decode(&d->says, object, len, why);

	if (rc == 0)
		rc = cert_permitted(&d->says, &d->root, why);
	return rc < 0 ? rc : cert_routes_outside(&d->says, &d->root, why);
}

/* Of this network, by this root, while it was valid. */
static int
check_origin(const struct draft *d, const uint8_t network[static 16],
    const uint8_t issuer[static 16], uint64_t when, enum breach *why)
{
	if (memcmp(network, d->root.network, 16) != 0)
		return breach_set(why, BREACH_NETWORK);
	if (memcmp(issuer, d->root.issuer, 16) != 0)
		return breach_set(why, BREACH_ISSUER);
	return was_valid(&d->root, when) ? 0 : ERR_EXPIRED;
}

static int
take_state(struct draft *d, const uint8_t *object, size_t len, enum breach *why)
{
	const struct netstate *s = &d->state;
	int rc = netstate_decode(&d->state, object, len, why);

	if (rc == 0)
		rc = check_origin(d, s->network, s->issuer, s->issued, why);
	if (rc == 0 && netstate_has_ca(s, d->root.issuer))
		rc = breach_set(why, BREACH_REVOKES_SIGNER);
	return rc;
}

static int
take_rotation(struct draft *d, const uint8_t *object, size_t len, enum breach *why)
{
	const struct rotation *r = &d->rotation;
	int rc = rotation_decode(&d->rotation, object, len, why);

	return rc < 0 ? rc : check_origin(d, r->network, r->issuer, r->from, why);
}

static int
take_object(struct draft *d, const uint8_t *object, size_t len, enum breach *why)
{
	d->kind = object[4];
	switch (d->kind) {
	case OBJECT_HOST:
	case OBJECT_CA: return take_cert(d, object, len, why);
	case OBJECT_STATE: return take_state(d, object, len, why);
	case OBJECT_ROTATION: return take_rotation(d, object, len, why);
	default: return breach_set(why, BREACH_KIND_OTHER);
	}
}

/*
 * Looks at the statement as at the object that it is to become, with signatures of zeros in the place
 * of those to come: so it is known now whether they fit.
 */
static int
take_statement(struct draft *d, enum breach *why)
{
	uint8_t k = d->root.cosigners.k;
	size_t cap = d->bare_len + OBJECT_PARTS_MAX;
	uint8_t *object = malloc(cap);
	struct wr w = wr_init(object, cap);
	int rc;

	if (object == NULL)
		return -ENOMEM;
	wr_bytes(&w, d->bare, d->bare_len);
	wr_u8(&w, k);
	for (uint8_t i = 0; i < k; i++) {
		wr_u8(&w, i);
		wr_zeros(&w, OBJECT_SIGNATURE);
	}
	rc = take_object(d, object, w.len, why);
	object_fingerprint(d->fingerprint, object, w.len);
	free(object);
	return rc;
}

void
draft_free(struct draft *d)
{
	netstate_free(&d->state);
	free(d->bare);
	*d = (struct draft){ .root_len = 0 };
}

int
draft_make(struct draft *ret, const uint8_t *root, size_t root_len, const uint8_t *object,
    size_t len, enum breach *why)
{
	struct draft d = { .root_len = 0 };
	struct object o;
	enum breach b = object_open(&o, object, len);
	int rc;

	if (b == BREACH_NONE && o.alg != ALG_ED25519)
		b = BREACH_ALG;
	if (b == BREACH_NONE && len - OBJECT_SIGNATURE > DRAFT_BARE_MAX)
		b = BREACH_TOO_LONG;
	if (b != BREACH_NONE)
		return breach_set(why, b);
	rc = take_root(&d, root, root_len, why);
	if (rc < 0)
		return rc;
	d.bare = malloc(len);
	if (d.bare == NULL)
		return -ENOMEM;
	d.bare_len = object_bare(d.bare, object, len);
	rc = take_statement(&d, why);
	if (rc < 0)
		draft_free(&d);
	else
		*ret = d;
	return rc;
}

static int
read_statement(struct draft *d, struct blob bare, enum breach *why)
{
	if (bare.len <= OBJECT_HEADER_LEN || bare.p[5] != ALG_MULTI)
		return breach_set(why, BREACH_ALG);
	d->bare = malloc(bare.len);
	if (d->bare == NULL)
		return -ENOMEM;
	memcpy(d->bare, bare.p, bare.len);
	d->bare_len = bare.len;
	return take_statement(d, why);
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
	if (rc < 0)
		draft_free(&d);
	else
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
draft_finish(uint8_t *to, size_t cap, const struct draft *d)
{
	struct wr w = wr_init(to, cap);
	uint8_t k = d->root.cosigners.k, used = 0;

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
	return wr_end(&w);
}
