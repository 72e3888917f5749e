/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trust.c - roots, the issuing CAs below them, and the chains that were verified already.
 */
#include "core/trust.h"

#include "core/crypto.h"
#include "core/grow.h"
#include "core/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_LEN 32

/* An issuing CA that verified. */
struct issuing {
	uint8_t key_id[16];
	uint64_t serial;
	uint64_t valid_until;
	size_t len;
	uint8_t bytes[CERT_CA_MAX];
};

/* A chain that verified: its signatures and permissions, which time does not change. */
struct chain {
	uint8_t digest[DIGEST_LEN]; /* of all its bytes */
	uint64_t valid_from;
	uint64_t valid_until;
};

struct trust {
	size_t root_count;
	struct cert roots[TRUST_ROOTS_MAX];
	struct issuing *issuing; /* at most TRUST_ISSUING_MAX */
	size_t issuing_count;
	size_t issuing_room;
	struct table chains; /* digest -> struct chain */
	struct chain **ring; /* at most TRUST_CACHE_MAX; when that is full the oldest is at `next` */
	size_t ring_count;
	size_t ring_room;
	size_t next;
	uint64_t newest;
};

struct trust *
trust_new(const struct rng *rng)
{
	struct trust *t = calloc(1, sizeof(*t));
	uint8_t hash_key[16];

	if (t == NULL)
		return NULL;
	rng_fill(rng, hash_key, sizeof(hash_key));
	table_init(&t->chains, hash_key, DIGEST_LEN, TRUST_CACHE_MAX);
	return t;
}

void
trust_free(struct trust *t)
{
	if (t == NULL)
		return;
	table_free(&t->chains);
	for (size_t i = 0; i < t->ring_count; i++)
		free(t->ring[i]);
	free(t->ring);
	free(t->issuing);
	free(t);
}

uint64_t
trust_now(const struct trust *t, usec_t wall)
{
	return max_u64(wall / USEC_PER_SEC, t->newest);
}

uint64_t
trust_newest(const struct trust *t)
{
	return t->newest;
}

void
trust_saw(struct trust *t, uint64_t unix_seconds)
{
	t->newest = max_u64(t->newest, unix_seconds);
}

const uint8_t *
trust_network(const struct trust *t)
{
	return t->root_count > 0 ? t->roots[0].network : NULL;
}

const struct cert *
trust_root(const struct trust *t, size_t i)
{
	return i < t->root_count ? &t->roots[i] : NULL;
}

static const struct cert *
root_by_key_id(const struct trust *t, const uint8_t key_id[static 16])
{
	for (size_t i = 0; i < t->root_count; i++) {
		/* A root is its own issuer. */
		if (memcmp(t->roots[i].issuer, key_id, 16) == 0)
			return &t->roots[i];
	}
	return NULL;
}

size_t
trust_issuing(const struct trust *t, const uint8_t key_id[static 16], const uint8_t **ret)
{
	for (size_t i = 0; i < t->issuing_count; i++) {
		const struct issuing *s = &t->issuing[i];

		if (memcmp(s->key_id, key_id, 16) == 0) {
			*ret = s->bytes;
			return s->len;
		}
	}
	return 0;
}

/* The place for the issuing CA `key_id`: its own, an expired one, a new one, or NULL. */
static struct issuing *
issuing_place(struct trust *t, const uint8_t key_id[static 16], uint64_t now)
{
	struct issuing *place = NULL;
	struct issuing *more;

	for (size_t i = 0; i < t->issuing_count; i++) {
		struct issuing *s = &t->issuing[i];

		if (memcmp(s->key_id, key_id, 16) == 0)
			return s;
		if (place == NULL && s->valid_until < now)
			place = s;
	}
	if (place != NULL)
		return place;
	more = grow(t->issuing, &t->issuing_room, t->issuing_count, sizeof(*more),
	    TRUST_ISSUING_MAX);
	if (more == NULL)
		return NULL;
	t->issuing = more;
	return &t->issuing[t->issuing_count++];
}

/* Keeps the newest certificate of an issuing CA, if there is room. */
static void
keep_issuing(struct trust *t, const struct cert *c, const uint8_t *bytes, size_t len, uint64_t now)
{
	uint8_t key_id[16];
	struct issuing *s;

	cert_key_id(key_id, c->key);
	s = issuing_place(t, key_id, now);
	if (s == NULL || (memcmp(s->key_id, key_id, 16) == 0 && s->serial >= c->serial))
		return;
	*s = (struct issuing){ .serial = c->serial, .valid_until = c->not_after, .len = len };
	memcpy(s->key_id, key_id, sizeof(key_id));
	memcpy(s->bytes, bytes, len);
}

static int
time_valid(uint64_t from, uint64_t until, uint64_t now)
{
	if (from > now + CERT_BACKDATE)
		return ERR_NOT_YET;
	return now > until ? ERR_EXPIRED : 0;
}

/* An object that must be a CA certificate of this network. */
static int
decode_ca(const struct trust *t, struct cert *ret, const uint8_t *ca, size_t len, enum breach *why)
{
	int rc = cert_decode(ret, ca, len, why);

	if (rc < 0)
		return rc;
	if (ret->kind != OBJECT_CA)
		return breach_set(why, BREACH_NOT_A_CA);
	if (t->root_count > 0 && memcmp(ret->network, t->roots[0].network, 16) != 0)
		return breach_set(why, BREACH_NETWORK);
	return 0;
}

static int
add_root(struct trust *t, const struct cert *c, const uint8_t *ca, size_t len, usec_t wall)
{
	int rc = cert_verify(ca, len, c->key);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < t->root_count; i++) {
		if (memcmp(t->roots[i].fingerprint, c->fingerprint, 32) == 0)
			return 0;
	}
	/* Whoever gave it knows that its time has come. */
	rc = time_valid(0, c->not_after, trust_now(t, wall));
	if (rc < 0)
		return rc;
	if (t->root_count == TRUST_ROOTS_MAX)
		return ERR_FULL;
	t->roots[t->root_count++] = *c;
	trust_saw(t, c->not_before);
	return 0;
}

/* Decodes an issuing CA certificate and verifies it under a root. */
static int
verify_issuing(const struct trust *t, struct cert *ret, const struct cert **root, const uint8_t *ca,
    size_t len, enum breach *why)
{
	int rc = decode_ca(t, ret, ca, len, why);

	if (rc < 0)
		return rc;
	*root = root_by_key_id(t, ret->issuer);
	if (*root == NULL)
		return ERR_UNKNOWN;
	rc = cert_permitted(ret, *root, why);
	return rc < 0 ? rc : cert_verify(ca, len, (*root)->key);
}

int
trust_add(struct trust *t, const uint8_t *ca, size_t len, usec_t wall, enum breach *why)
{
	const struct cert *root;
	struct cert c;
	int rc = decode_ca(t, &c, ca, len, why);

	if (rc < 0)
		return rc;
	if (cert_is_root(&c))
		return add_root(t, &c, ca, len, wall);
	rc = verify_issuing(t, &c, &root, ca, len, why);
	if (rc == 0)
		rc = time_valid(c.not_before, c.not_after, trust_now(t, wall));
	if (rc < 0)
		return rc;
	trust_saw(t, c.not_before);
	keep_issuing(t, &c, ca, len, trust_now(t, wall));
	return 0;
}

/* A place in the ring: a new one, or that of the oldest chain, which is forgotten; NULL: none. */
static struct chain *
chain_place(struct trust *t)
{
	struct chain *c;

	if (t->ring_count < TRUST_CACHE_MAX) {
		struct chain **more = grow(t->ring, &t->ring_room, t->ring_count, sizeof(*more),
		    TRUST_CACHE_MAX);

		if (more == NULL)
			return NULL;
		t->ring = more;
		c = calloc(1, sizeof(*c));
		if (c != NULL)
			t->ring[t->ring_count++] = c;
		return c;
	}
	c = t->ring[t->next];
	t->next = (t->next + 1) % TRUST_CACHE_MAX;
	(void)table_del(&t->chains, c->digest);
	return c;
}

/* Without memory it is only verified again the next time. */
static void
keep_chain(struct trust *t, const uint8_t digest[static DIGEST_LEN], const struct verified *v)
{
	struct chain *c = chain_place(t);

	if (c == NULL)
		return;
	*c = (struct chain){ .valid_from = v->valid_from, .valid_until = v->valid_until };
	memcpy(c->digest, digest, DIGEST_LEN);
	if (table_put(&t->chains, digest, c) < 0)
		memset(c->digest, 0, DIGEST_LEN);
}

/* Permissions and signatures from a root down to the host that is in `v`. */
static int
verify_chain(struct trust *t, struct verified *v, const uint8_t *host, size_t host_len,
    uint64_t now, enum breach *why)
{
	const struct cert *root = root_by_key_id(t, v->cert.issuer);
	const struct cert *issuer = root;
	struct cert issuing;
	int rc;

	if (v->issuing_len > 0) {
		rc = verify_issuing(t, &issuing, &root, v->issuing, v->issuing_len, why);
		if (rc < 0)
			return rc;
		issuer = &issuing;
	}
	rc = cert_permitted(&v->cert, issuer, why);
	if (rc == 0)
		rc = cert_routes_outside(&v->cert, root, why);
	if (rc == 0)
		rc = cert_verify(host, host_len, issuer->key);
	if (rc < 0)
		return rc;
	if (v->issuing_len > 0)
		keep_issuing(t, issuer, v->issuing, v->issuing_len, now);
	v->valid_from = max_u64(v->cert.not_before, max_u64(issuer->not_before, root->not_before));
	v->valid_until = min_u64(v->cert.not_after, min_u64(issuer->not_after, root->not_after));
	return 0;
}

/* Fills in who signed the host: a root, the CA that came with it, or one that was seen before. */
static int
find_issuing(const struct trust *t, struct verified *v, const uint8_t *issuing, size_t issuing_len,
    enum breach *why)
{
	v->issued_by_root = root_by_key_id(t, v->cert.issuer) != NULL;
	if (v->issued_by_root)
		return issuing_len > 0 ? breach_set(why, BREACH_ISSUER) : 0;
	if (issuing_len == 0)
		issuing_len = trust_issuing(t, v->cert.issuer, &issuing);
	if (issuing_len == 0)
		return ERR_UNKNOWN;
	if (issuing_len > sizeof(v->issuing))
		return breach_set(why, BREACH_TOO_LONG);
	memcpy(v->issuing, issuing, issuing_len);
	v->issuing_len = issuing_len;
	return 0;
}

static int
decode_host(const struct trust *t, struct cert *ret, const uint8_t *host, size_t len,
    enum breach *why)
{
	int rc = cert_decode(ret, host, len, why);

	if (rc < 0)
		return rc;
	if (ret->kind != OBJECT_HOST)
		return breach_set(why, BREACH_NOT_A_HOST);
	if (t->root_count == 0)
		return ERR_UNKNOWN;
	if (memcmp(ret->network, t->roots[0].network, 16) != 0)
		return breach_set(why, BREACH_NETWORK);
	return 0;
}

/* Everything but the time. */
static int
believe(struct trust *t, const uint8_t *host, size_t host_len, const uint8_t *issuing,
    size_t issuing_len, usec_t wall, struct verified *v, enum breach *why)
{
	const struct chain *known;
	uint8_t digest[DIGEST_LEN];
	int rc = decode_host(t, &v->cert, host, host_len, why);

	if (rc == 0)
		rc = find_issuing(t, v, issuing, issuing_len, why);
	if (rc < 0)
		return rc;
	/* A host object says how long it is, so the two cannot be split in another way. */
	crypto_blake2b(digest, sizeof(digest), NULL, 0, host, host_len, v->issuing, v->issuing_len);
	known = table_get(&t->chains, digest);
	if (known != NULL) {
		v->valid_from = known->valid_from;
		v->valid_until = known->valid_until;
		return 0;
	}
	rc = verify_chain(t, v, host, host_len, trust_now(t, wall), why);
	if (rc == 0)
		keep_chain(t, digest, v);
	return rc;
}

int
trust_verify(struct trust *t, const uint8_t *host, size_t host_len, const uint8_t *issuing,
    size_t issuing_len, usec_t wall, struct verified *ret, enum breach *why)
{
	struct verified v = { 0 };
	int rc = believe(t, host, host_len, issuing, issuing_len, wall, &v, why);

	if (rc == 0)
		rc = time_valid(v.valid_from, v.valid_until, trust_now(t, wall));
	if (rc < 0)
		return rc;
	trust_saw(t, min_u64(v.valid_from, trust_now(t, wall)));
	*ret = v;
	return 0;
}

int
trust_own(struct trust *t, const uint8_t *host, size_t host_len, const uint8_t *issuing,
    size_t issuing_len, usec_t wall, struct verified *ret, enum breach *why)
{
	struct verified v = { 0 };
	int rc = believe(t, host, host_len, issuing, issuing_len, wall, &v, why);

	if (rc < 0)
		return rc;
	trust_saw(t, v.valid_from);
	rc = time_valid(v.valid_from, v.valid_until, trust_now(t, wall));
	if (rc == 0)
		*ret = v;
	return rc;
}

bool
trust_overlaps_overlay(const struct trust *t, struct prefix p)
{
	for (size_t i = 0; i < t->root_count; i++) {
		const struct cert *c = &t->roots[i];

		for (uint32_t k = 0; k < c->address_count; k++) {
			if (prefix_overlap(p, c->addresses[k]))
				return true;
		}
	}
	return false;
}

bool
trust_in_overlay(const struct trust *t, struct ip ip)
{
	return trust_overlaps_overlay(t, (struct prefix){ ip, (uint8_t)(ip_size(ip) * 8) });
}

size_t
trust_overlay(const struct trust *t, struct prefix *to, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < t->root_count; i++) {
		for (uint32_t k = 0; k < t->roots[i].address_count && n < max; k++)
			to[n++] = t->roots[i].addresses[k];
	}
	return n;
}
