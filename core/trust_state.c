/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trust_state.c - which network state is believed, where its rotations lead, and what it revokes.
 */
#include "core/crypto.h"
#include "core/rotation.h"
#include "core/trust_impl.h"

#include <string.h>

/* A state that is being weighed, and the roots as they would be with it. */
struct candidate {
	struct roots roots;
	struct netstate state;
};

/*
 * What a state says of a chain
 */

static bool
revokes_key(const struct netstate *s, const uint8_t ca_key[static 32])
{
	uint8_t id[16];

	cert_key_id(id, ca_key);
	return netstate_has_ca(s, id);
}

bool
trust_state_revokes_ca(const struct netstate *s, const struct cert *ca)
{
	return netstate_has_ca(s, ca->issuer) || revokes_key(s, ca->key) ||
	       netstate_has_serial(s, ca->issuer, ca->serial);
}

bool
trust_state_revokes(const struct netstate *s, const struct cert *c, const uint8_t root[static 16],
    uint64_t issuing_serial)
{
	return c->not_before < s->min_not_before || netstate_has_key(s, c->key) ||
	       netstate_has_serial(s, c->issuer, c->serial) || netstate_has_ca(s, c->issuer) ||
	       netstate_has_ca(s, root) ||
	       (issuing_serial != 0 && netstate_has_serial(s, root, issuing_serial));
}

/*
 * Rotations
 */

/* Makes room for one more by forgetting the root whose overlap has been over for longest. */
static int
make_room(struct roots *roots, uint64_t now)
{
	size_t oldest = TRUST_ROOTS_MAX;

	if (roots->count < TRUST_ROOTS_MAX)
		return 0;
	for (size_t i = 0; i < roots->count; i++) {
		const struct root *r = &roots->all[i];

		if (r->succeeded && r->until < now &&
		    (oldest == TRUST_ROOTS_MAX || r->until < roots->all[oldest].until))
			oldest = i;
	}
	if (oldest == TRUST_ROOTS_MAX)
		return ERR_FULL;
	roots->count--;
	memmove(&roots->all[oldest], &roots->all[oldest + 1],
	    (roots->count - oldest) * sizeof(roots->all[0]));
	return 0;
}

/* `old` is followed by the root in `r`, which stands before all others. */
static int
succeed(struct roots *roots, struct root *old, const struct rotation *r, uint64_t now)
{
	old->succeeded = true;
	old->until = r->until;
	memcpy(old->successor, r->root.fingerprint, sizeof(old->successor));
	if (trust_find_root(roots, r->root.issuer) != NULL)
		return 0;
	if (make_room(roots, now) < 0)
		return ERR_FULL;
	memmove(&roots->all[1], &roots->all[0], roots->count * sizeof(roots->all[0]));
	roots->all[0] = (struct root){ .cert = r->root };
	roots->count++;
	return 0;
}

/* One statement, if its root is known: those before that are not for us. */
static int
follow_one(const struct trust *t, struct candidate *c, const struct rotation *r,
    const struct netstate_part *part, uint64_t now, enum breach *why)
{
	struct root *old = trust_find_root(&c->roots, r->issuer);
	int rc;

	if (old == NULL)
		return 0;
	if (memcmp(r->network, old->cert.network, sizeof(r->network)) != 0)
		return breach_set(why, BREACH_NETWORK);
	rc = cert_verify_by(part->p, part->len, &old->cert);
	if (rc < 0)
		return rc;
	if (old->succeeded)
		return memcmp(old->successor, r->root.fingerprint, sizeof(old->successor)) == 0
		           ? 0
		           : breach_set(why, BREACH_OTHER_SUCCESSOR);
	if (t->has_state && netstate_has_ca(&t->state, r->issuer))
		return ERR_REVOKED;
	if (r->from + CERT_BACKDATE < old->cert.not_before || r->from > old->cert.not_after)
		return ERR_EXPIRED;
	return succeed(&c->roots, old, r, now);
}

/* All of them in a row, up to the root with the key id `last`, for which the state speaks. */
static int
follow(const struct trust *t, struct candidate *c, const struct netstate_blob *b,
    const uint8_t last[static 16], uint64_t now, enum breach *why)
{
	struct rotation r;
	uint8_t leads_to[16];

	for (uint32_t i = 0; i < b->rotation_count; i++) {
		int rc = rotation_decode(&r, b->rotations[i].p, b->rotations[i].len, why);

		if (rc < 0)
			return rc;
		if (i > 0 && memcmp(leads_to, r.issuer, sizeof(leads_to)) != 0)
			return breach_set(why, BREACH_BLOB);
		rc = follow_one(t, c, &r, &b->rotations[i], now, why);
		if (rc < 0)
			return rc;
		memcpy(leads_to, r.root.issuer, sizeof(leads_to));
	}
	if (b->rotation_count > 0 && memcmp(leads_to, last, sizeof(leads_to)) != 0)
		return breach_set(why, BREACH_BLOB);
	return 0;
}

/* The root that `r` names as its successor, or NULL. */
static const struct root *
successor_of(const struct roots *roots, const struct root *r)
{
	for (size_t i = 0; r->succeeded && i < roots->count; i++) {
		if (memcmp(roots->all[i].cert.fingerprint, r->successor, sizeof(r->successor)) == 0)
			return &roots->all[i];
	}
	return NULL;
}

/* The root that names the one with this key id as its successor, or NULL. */
static const struct root *
predecessor_of(const struct roots *roots, const uint8_t key_id[static 16])
{
	for (size_t i = 0; i < roots->count; i++) {
		const struct root *next = successor_of(roots, &roots->all[i]);

		if (next != NULL && memcmp(next->cert.issuer, key_id, 16) == 0)
			return &roots->all[i];
	}
	return NULL;
}

void
trust_fill_follows(const struct trust *t, struct verified *v)
{
	const uint8_t *id = v->cert.issuer;

	v->follows_count = 0;
	while (v->follows_count < ARRAY_LEN(v->follows)) {
		const struct root *r = predecessor_of(&t->roots, id);

		if (r == NULL)
			return;
		id = v->follows[v->follows_count++];
		memcpy(v->follows[v->follows_count - 1], r->cert.issuer, 16);
	}
}

const struct cert *
trust_heir(const struct trust *t, const uint8_t key_id[static 16])
{
	const struct root *heir = NULL, *next = NULL;

	for (size_t i = 0; i < t->roots.count && next == NULL; i++) {
		if (memcmp(t->roots.all[i].cert.issuer, key_id, 16) == 0)
			next = &t->roots.all[i];
	}
	for (size_t i = 0; next != NULL && i < t->roots.count; i++) {
		heir = next;
		next = successor_of(&t->roots, heir);
	}
	return heir != NULL ? &heir->cert : NULL;
}

bool
trust_same_line(const struct trust *t, const uint8_t a[static 16], const uint8_t b[static 16])
{
	const struct cert *heir = trust_heir(t, a);

	return memcmp(a, b, 16) == 0 || (heir != NULL && heir == trust_heir(t, b));
}

/*
 * Who signed a state
 */

/* A root, or an issuing CA and the root above it. */
struct signer {
	struct cert ca; /* whose signature it is */
	const struct root *root;
	bool issuing;
};

static bool
was_valid(const struct cert *c, uint64_t when)
{
	return c->not_before <= when + CERT_BACKDATE && when <= c->not_after;
}

/* Does `s` revoke who signed it, or, being of an issuing CA, any root? */
static bool
revokes_above(const struct netstate *s, const struct signer *by, const struct roots *roots)
{
	if (trust_state_revokes_ca(s, &by->ca))
		return true;
	for (size_t i = 0; by->issuing && i < roots->count; i++) {
		if (netstate_has_ca(s, roots->all[i].cert.issuer))
			return true;
	}
	return false;
}

static int
find_signer(struct candidate *c, const struct netstate_blob *b, struct signer *ret,
    enum breach *why)
{
	struct root *root;
	int rc;

	ret->issuing = b->ca.len > 0;
	if (!ret->issuing) {
		ret->root = trust_find_root(&c->roots, c->state.issuer);
		if (ret->root == NULL)
			return ERR_UNKNOWN;
		ret->ca = ret->root->cert;
		return 0;
	}
	rc = trust_verify_issuing(&c->roots, &ret->ca, &root, b->ca.p, b->ca.len, why);
	ret->root = root;
	if (rc < 0)
		return rc;
	return ret->ca.flags & CERT_STATE ? 0 : breach_set(why, BREACH_NOT_STATE);
}

static int
check_signer(const struct trust *t, const struct candidate *c, const struct netstate_blob *b,
    const struct signer *by, enum breach *why)
{
	uint8_t id[16];

	cert_key_id(id, by->ca.key);
	if (memcmp(c->state.issuer, id, sizeof(id)) != 0)
		return breach_set(why, BREACH_ISSUER);
	if (memcmp(c->state.network, by->ca.network, sizeof(c->state.network)) != 0)
		return breach_set(why, BREACH_NETWORK);
	if (by->root->succeeded)
		return breach_set(why, BREACH_SUCCEEDED);
	if (t->has_state && trust_state_revokes_ca(&t->state, &by->ca))
		return ERR_REVOKED;
	if (revokes_above(&c->state, by, &c->roots))
		return breach_set(why, BREACH_REVOKES_SIGNER);
	if (!was_valid(&by->ca, c->state.issued) || !was_valid(&by->root->cert, c->state.issued))
		return ERR_EXPIRED;
	return cert_verify_by(b->state.p, b->state.len, &by->ca);
}

/* The key id of the root that the state in `b` stands on: its issuer, or that of its issuing CA. */
static int
state_root(uint8_t ret[static 16], const struct netstate *s, const struct netstate_blob *b,
    enum breach *why)
{
	struct cert ca;
	int rc;

	if (b->ca.len == 0) {
		memcpy(ret, s->issuer, 16);
		return 0;
	}
	rc = cert_decode(&ca, b->ca.p, b->ca.len, why);
	if (rc == 0)
		memcpy(ret, ca.issuer, 16);
	return rc;
}

static int
believe(const struct trust *t, struct candidate *c, const struct netstate_blob *b, uint64_t now,
    enum breach *why)
{
	struct signer by;
	uint8_t root[16];
	int rc = state_root(root, &c->state, b, why);

	if (rc == 0)
		rc = follow(t, c, b, root, now, why);
	if (rc == 0)
		rc = find_signer(c, b, &by, why);
	return rc < 0 ? rc : check_signer(t, c, b, &by, why);
}

static enum state_verdict
stands(const struct trust *t, const struct netstate *s)
{
	if (!t->has_state || s->version > t->state.version)
		return STATE_NEWER;
	if (s->version < t->state.version)
		return STATE_OLDER;
	return memcmp(s->fingerprint, t->state.fingerprint, sizeof(s->fingerprint)) == 0
	           ? STATE_SAME
	           : STATE_FORK;
}

/* An enum state_verdict, and then the caller frees c->state. */
static int
weigh(const struct trust *t, struct candidate *c, const uint8_t *blob, size_t len, usec_t wall,
    enum breach *why)
{
	struct netstate_blob b;
	int rc;

	if (t->roots.count == 0)
		return ERR_UNKNOWN;
	rc = netstate_blob_open(&b, blob, len, why);
	if (rc == 0)
		rc = netstate_decode(&c->state, b.state.p, b.state.len, why);
	if (rc < 0)
		return rc;
	c->roots = t->roots;
	rc = believe(t, c, &b, trust_now(t, wall), why);
	if (rc < 0) {
		netstate_free(&c->state);
		return rc;
	}
	return (int)stands(t, &c->state);
}

int
trust_state_judge(const struct trust *t, const uint8_t *blob, size_t len, usec_t wall,
    struct state_id *ret_id, enum breach *why)
{
	struct candidate c;
	int rc;

	(void)breach_set(why, BREACH_NONE);
	rc = weigh(t, &c, blob, len, wall, why);
	if (rc < 0)
		return rc;
	if (ret_id != NULL)
		*ret_id = netstate_id(&c.state);
	netstate_free(&c.state);
	return rc;
}

int
trust_state_install(struct trust *t, const uint8_t *blob, size_t len, usec_t wall,
    enum breach *why)
{
	struct candidate c;
	int rc;

	(void)breach_set(why, BREACH_NONE);
	rc = weigh(t, &c, blob, len, wall, why);
	if (rc < 0)
		return rc;
	if (rc != STATE_NEWER) {
		netstate_free(&c.state);
		return rc == STATE_SAME ? 0 : rc == STATE_OLDER ? ERR_SUPERSEDED : ERR_CONFLICT;
	}
	netstate_free(&t->state);
	t->state = c.state;
	t->has_state = true;
	t->roots = c.roots;
	trust_saw(t, min_u64(t->state.issued, trust_now(t, wall)));
	return 0;
}

const struct netstate *
trust_state(const struct trust *t)
{
	return t->has_state ? &t->state : NULL;
}

struct state_id
trust_state_id(const struct trust *t)
{
	return t->has_state ? netstate_id(&t->state) : (struct state_id){ 0 };
}

enum state_age
trust_state_age(const struct trust *t, usec_t wall)
{
	uint64_t now = trust_now(t, wall);

	if (!t->has_state)
		return STATE_NONE;
	if (now > t->state.expires)
		return STATE_EXPIRED;
	return now > t->state.next_update ? STATE_LATE : STATE_FRESH;
}

bool
trust_state_halts(const struct trust *t, usec_t wall)
{
	return trust_state_age(t, wall) == STATE_EXPIRED && t->state.required;
}
