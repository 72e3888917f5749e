/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trust.c - roots, the issuing CAs below them, and the chains that were verified already.
 */
#include "core/crypto.h"
#include "core/grow.h"
#include "core/trust_impl.h"

#include <stdlib.h>
#include <string.h>

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
	netstate_free(&t->state);
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
	return t->roots.count > 0 ? t->roots.all[0].cert.network : NULL;
}

const struct cert *
trust_root(const struct trust *t, size_t i)
{
	return i < t->roots.count ? &t->roots.all[i].cert : NULL;
}

struct root *
trust_find_root(struct roots *roots, const uint8_t key_id[static 16])
{
	for (size_t i = 0; i < roots->count; i++) {
		/* A root is its own issuer. */
		if (memcmp(roots->all[i].cert.issuer, key_id, 16) == 0)
			return &roots->all[i];
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
decode_ca(const struct roots *roots, struct cert *ret, const uint8_t *ca, size_t len,
    enum breach *why)
{
	int rc = cert_decode(ret, ca, len, why);

	if (rc < 0)
		return rc;
	if (ret->kind != OBJECT_CA)
		return breach_set(why, BREACH_NOT_A_CA);
	if (roots->count > 0 && memcmp(ret->network, roots->all[0].cert.network, 16) != 0)
		return breach_set(why, BREACH_NETWORK);
	return 0;
}

static int
add_root(struct trust *t, const struct cert *c, const uint8_t *ca, size_t len, usec_t wall)
{
	int rc = cert_verify(ca, len, c->key);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < t->roots.count; i++) {
		if (memcmp(t->roots.all[i].cert.fingerprint, c->fingerprint, 32) == 0)
			return 0;
	}
	/* Whoever gave it knows that its time has come. */
	rc = time_valid(0, c->not_after, trust_now(t, wall));
	if (rc < 0)
		return rc;
	if (t->roots.count == TRUST_ROOTS_MAX)
		return ERR_FULL;
	t->roots.all[t->roots.count++] = (struct root){ .cert = *c };
	trust_saw(t, c->not_before);
	return 0;
}

int
trust_verify_issuing(struct roots *roots, struct cert *ret, struct root **root, const uint8_t *ca,
    size_t len, enum breach *why)
{
	int rc = decode_ca(roots, ret, ca, len, why);

	if (rc < 0)
		return rc;
	*root = trust_find_root(roots, ret->issuer);
	if (*root == NULL)
		return ERR_UNKNOWN;
	rc = cert_permitted(ret, &(*root)->cert, why);
	return rc < 0 ? rc : cert_verify_by(ca, len, &(*root)->cert);
}

/* The last second of what a root signed, as far as that is up to the root. */
static uint64_t
root_until(const struct root *root)
{
	return root->succeeded ? min_u64(root->until, root->cert.not_after) : root->cert.not_after;
}

static int
add_issuing(struct trust *t, const uint8_t *ca, size_t len, usec_t wall, enum breach *why)
{
	struct root *root;
	struct cert c;
	int rc = trust_verify_issuing(&t->roots, &c, &root, ca, len, why);

	if (rc == 0)
		rc = time_valid(c.not_before, min_u64(c.not_after, root_until(root)),
		    trust_now(t, wall));
	if (rc < 0)
		return rc;
	if (t->has_state && trust_state_revokes_ca(&t->state, &c))
		return ERR_REVOKED;
	trust_saw(t, c.not_before);
	keep_issuing(t, &c, ca, len, trust_now(t, wall));
	return 0;
}

int
trust_add(struct trust *t, const uint8_t *ca, size_t len, usec_t wall, enum breach *why)
{
	struct cert c;
	int rc = decode_ca(&t->roots, &c, ca, len, why);

	if (rc < 0)
		return rc;
	return cert_is_root(&c) ? add_root(t, &c, ca, len, wall)
	                        : add_issuing(t, ca, len, wall, why);
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
keep_chain(struct trust *t, const struct chain *verified)
{
	struct chain *c = chain_place(t);

	if (c == NULL)
		return;
	*c = *verified;
	if (table_put(&t->chains, c->digest, c) < 0)
		memset(c->digest, 0, DIGEST_LEN);
}

/* Permissions and signatures from a root down to the host that is in `v`. */
static int
verify_chain(struct trust *t, struct chain *ret, const struct verified *v, const uint8_t *host,
    size_t host_len, uint64_t now, enum breach *why)
{
	struct root *root = trust_find_root(&t->roots, v->cert.issuer);
	const struct cert *issuer;
	struct cert issuing;
	int rc;

	if (v->issuing_len > 0) {
		rc = trust_verify_issuing(&t->roots, &issuing, &root, v->issuing, v->issuing_len,
		    why);
		if (rc < 0)
			return rc;
	}
	issuer = v->issuing_len > 0 ? &issuing : &root->cert;
	rc = cert_permitted(&v->cert, issuer, why);
	if (rc == 0)
		rc = cert_routes_outside(&v->cert, &root->cert, why);
	if (rc == 0)
		rc = cert_verify_by(host, host_len, issuer);
	if (rc < 0)
		return rc;
	if (v->issuing_len > 0)
		keep_issuing(t, issuer, v->issuing, v->issuing_len, now);
	ret->valid_from = max_u64(v->cert.not_before,
	    max_u64(issuer->not_before, root->cert.not_before));
	ret->valid_until = min_u64(v->cert.not_after,
	    min_u64(issuer->not_after, root->cert.not_after));
	ret->issuing_serial = v->issuing_len > 0 ? issuing.serial : 0;
	memcpy(ret->root, root->cert.issuer, sizeof(ret->root));
	return 0;
}

/* Fills in who signed the host: a root, the CA that came with it, or one that was seen before. */
static int
find_issuing(struct trust *t, struct verified *v, const uint8_t *issuing, size_t issuing_len,
    enum breach *why)
{
	v->issued_by_root = trust_find_root(&t->roots, v->cert.issuer) != NULL;
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
	if (t->roots.count == 0)
		return ERR_UNKNOWN;
	if (memcmp(ret->network, t->roots.all[0].cert.network, 16) != 0)
		return breach_set(why, BREACH_NETWORK);
	return 0;
}

/* What may change about a chain that verified: whether its root still counts, and revocations. */
static int
judge_chain(struct trust *t, const struct chain *c, struct verified *v)
{
	const struct root *root = trust_find_root(&t->roots, c->root);

	if (root == NULL)
		return ERR_UNKNOWN;
	if (t->has_state && trust_state_revokes(&t->state, &v->cert, c->root, c->issuing_serial))
		return ERR_REVOKED;
	v->valid_from = c->valid_from;
	v->valid_until = min_u64(c->valid_until, root_until(root));
	trust_fill_follows(t, v);
	return 0;
}

/* Everything but the time. */
static int
believe(struct trust *t, const uint8_t *host, size_t host_len, const uint8_t *issuing,
    size_t issuing_len, usec_t wall, struct verified *v, enum breach *why)
{
	const struct chain *known;
	struct chain fresh = { 0 };
	int rc = decode_host(t, &v->cert, host, host_len, why);

	if (rc == 0)
		rc = find_issuing(t, v, issuing, issuing_len, why);
	if (rc < 0)
		return rc;
	/* A host object says how long it is, so the two cannot be split in another way. */
	crypto_blake2b(fresh.digest, sizeof(fresh.digest), NULL, 0, host, host_len, v->issuing,
	    v->issuing_len);
	known = table_get(&t->chains, fresh.digest);
	if (known != NULL)
		return judge_chain(t, known, v);
	rc = verify_chain(t, &fresh, v, host, host_len, trust_now(t, wall), why);
	if (rc < 0)
		return rc;
	keep_chain(t, &fresh);
	return judge_chain(t, &fresh, v);
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
	for (size_t i = 0; i < t->roots.count; i++) {
		const struct cert *c = &t->roots.all[i].cert;

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

static bool
is_among(struct prefix p, const struct prefix *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (memcmp(&list[i], &p, sizeof(p)) == 0)
			return true;
	}
	return false;
}

size_t
trust_overlay(const struct trust *t, struct prefix *to, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < t->roots.count; i++) {
		const struct cert *c = &t->roots.all[i].cert;

		for (uint32_t k = 0; k < c->address_count && n < max; k++) {
			if (!is_among(c->addresses[k], to, n))
				to[n++] = c->addresses[k];
		}
	}
	return n;
}
