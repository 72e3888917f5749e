/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * succession.c - a root's successor.
 */
#include "ca/succession.h"
#include "ca/admission.h"
#include "core/crypto.h"

#include <string.h>

static int
may_name_successor(const struct cert *old, const struct succession *s, struct err *e)
{
	char text[32];

	if (!cert_is_root(old) || application_is(old))
		return err_set(e, ERR_DENIED, "%s is no root; an issuing authority gets a new key "
		    "by applying anew", old->name);
	if (s->now > old->not_after)
		return err_set(e, ERR_EXPIRED, "%s expired at %s, so nobody believes whom it "
		    "names; make a new network", old->name,
		    text_format_time(text, old->not_after));
	return 0;
}

/* The same people sign; where the old root's own key did, the new one's does. */
static int
seat(struct cert *c, const struct cert *old, const struct succession *s, struct err *e)
{
	struct cosigners others = { .k = old->cosigners.k };

	if (s->reseat)
		return authority_seat(c, &s->cosigners, s->cosigns, e);
	for (uint8_t i = 0; i < old->cosigners.count; i++) {
		if (memcmp(old->cosigners.keys[i], old->key, 32) != 0)
			memcpy(others.keys[others.count++], old->cosigners.keys[i], 32);
	}
	return authority_seat(c, &others, others.count < old->cosigners.count, e);
}

/* All that the old one was, but for its keys and its time. */
static int
make_root(struct issued *ret, struct ca_keys *keys, const struct cert *old,
    const struct succession *s, const struct rng *rng, struct err *e)
{
	uint64_t lifetime = s->lifetime != 0 ? s->lifetime : AUTHORITY_ROOT_LIFETIME;
	struct cert c = *old;
	enum breach why;
	int rc;

	rng_fill(rng, keys, sizeof(*keys));
	crypto_ed25519_public(c.key, keys->seed);
	crypto_dh_public(c.enrol_key, keys->enrol);
	c.serial = s->serial;
	c.not_before = s->now - CERT_BACKDATE;
	c.not_after = s->now + lifetime;
	rc = seat(&c, old, s, e);
	if (rc < 0)
		return rc;
	rc = cert_sign(&c, ret->bytes, sizeof(ret->bytes), keys->seed, &why);
	if (rc < 0)
		return err_set(e, rc, "the new authority's certificate %s", breach_phrase(why));
	ret->cert = c;
	ret->len = (size_t)rc;
	return 0;
}

int
succession_sign(struct issued *ret, struct ca_keys *keys, uint8_t statement[static ROTATION_MAX],
    const struct cert *old, const struct ca_keys *old_keys, const struct succession *s,
    const struct rng *rng, struct err *e)
{
	struct rotation r = { .from = s->now, .until = s->until };
	enum breach why = BREACH_NONE;
	int rc = may_name_successor(old, s, e);

	if (rc == 0)
		rc = make_root(ret, keys, old, s, rng, e);
	if (rc < 0)
		return rc;
	r.root_len = ret->len;
	memcpy(r.root_bytes, ret->bytes, ret->len);
	rc = rotation_sign(&r, statement, ROTATION_MAX, old_keys->seed, &why);
	return rc < 0 ? err_set(e, rc, "the statement about the new authority %s",
	    breach_phrase(why)) : rc;
}
