/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * admission.c - an organisation becomes an issuing CA of a network.
 */
#include "ca/admission.h"

#include "ca/limits.h"
#include "core/crypto.h"

#include <stdio.h>
#include <string.h>

/* A suffix leaves room for a name before it. */
#define SUFFIX_MAX 48

/*
 * Applying
 */

/* Only a root that may sign CAs can be applied to. */
static int
may_admit(const struct cert *root, uint64_t now, struct err *e)
{
	char text[32];

	if (application_is(root) || !cert_is_root(root) || root->path_length == 0)
		return err_set(e, ERR_DENIED, "%s is not the root of its network, and only a root "
		    "admits issuing authorities", root->name);
	if (now > root->not_after)
		return err_set(e, ERR_EXPIRED, "the root %s expired at %s, and admits nobody any "
		    "more", root->name, text_format_time(text, root->not_after));
	if (now < root->not_before)
		return err_set(e, ERR_NOT_YET, "the root %s is valid from %s on; is the clock of "
		    "this machine right?", root->name, text_format_time(text, root->not_before));
	return 0;
}

bool
application_is(const struct cert *c)
{
	return cert_is_root(c) && c->path_length == 0;
}

int
application_make(struct issued *ret, struct ca_keys *keys, const char *name,
    const struct cert *root, uint64_t now, const struct rng *rng, struct err *e)
{
	struct cert c = { .kind = OBJECT_CA, .serial = 1, .path_length = 0 };
	enum breach why = BREACH_NONE;
	int rc = may_admit(root, now, e);

	if (rc < 0)
		return rc;
	if (!text_is_name(name, strlen(name)))
		return err_set(e, ERR_FORMAT, "an authority's name has 1 to 63 of a-z, 0-9, '.', "
		    "'_' and '-', with a letter or digit at both ends");
	if (strcmp(name, root->name) == 0)
		return err_set(e, ERR_CONFLICT, "%s is the name of the network; an issuing "
		    "authority has one of its own", name);
	rng_fill(rng, keys, sizeof(*keys));
	crypto_ed25519_public(c.key, keys->seed);
	crypto_dh_public(c.enrol_key, keys->enrol);
	memcpy(c.network, root->network, sizeof(c.network));
	(void)snprintf(c.name, sizeof(c.name), "%s", name);
	c.not_before = now - CERT_BACKDATE;
	c.not_after = now + APPLICATION_LIFETIME;
	c.max_lifetime = AUTHORITY_HOST_LIFETIME;
	rc = cert_sign(&c, ret->bytes, sizeof(ret->bytes), keys->seed, &why);
	if (rc < 0)
		return err_set(e, rc, "the application %s", breach_phrase(why));
	ret->cert = c;
	ret->len = (size_t)rc;
	return 0;
}

int
application_admitted(const struct cert *ca, struct err *e)
{
	if (!application_is(ca))
		return 0;
	return err_set(e, ERR_DENIED, "%s has applied and is not admitted yet, so it signs nobody; "
	    "give the network's root what `mpynet ca export --ca` prints, and take its answer with "
	    "`mpynet ca join FILE`", ca->name);
}

/*
 * Who asks
 */

static bool
same_keys(const struct cert *a, const struct cert *b)
{
	return memcmp(a->key, b->key, sizeof(a->key)) == 0 &&
	    memcmp(a->enrol_key, b->enrol_key, sizeof(a->enrol_key)) == 0;
}

/* Its own signature proves the key; a certificate of who is admitted was given for such a proof. */
static int
check_proof(const struct issued *x, const struct cert *root, const struct admission_facts *f,
    struct err *e)
{
	const struct cert *c = &x->cert;
	char text[32];

	if (memcmp(c->network, root->network, sizeof(c->network)) != 0)
		return err_set(e, ERR_DENIED, "%s applies to another network than %s", c->name,
		    root->name);
	if (!application_is(c)) {
		if (!cert_is_root(c) && f->holder != NULL && same_keys(c, f->holder))
			return 0;
		return err_set(e, ERR_DENIED, "%s is no application; the organisation makes one "
		    "with `mpynet ca init NAME --issuing --ca FILE`", c->name);
	}
	if (cert_verify(x->bytes, x->len, c->key) < 0)
		return err_set(e, ERR_AUTH, "the application of %s is not signed by the key in it",
		    c->name);
	if (f->now > c->not_after)
		return err_set(e, ERR_EXPIRED, "the application of %s expired at %s; it has to "
		    "apply anew", c->name, text_format_time(text, c->not_after));
	return 0;
}

/* Is there another issuing CA with this key? */
static const struct cert *
find_key(const struct cert *c, const struct admission_facts *f)
{
	for (size_t i = 0; i < f->admitted_count; i++) {
		if (memcmp(f->admitted[i].key, c->key, sizeof(c->key)) == 0 &&
		    strcmp(f->admitted[i].name, c->name) != 0)
			return &f->admitted[i];
	}
	return NULL;
}

static int
check_holder(const struct cert *c, const struct admission *a, const struct admission_facts *f,
    struct err *e)
{
	char text[32];

	if (f->holder == NULL)
		return a->replace ? err_set(e, ERR_UNKNOWN, "%s is not admitted, so there is "
		    "nothing to replace; leave out --replace", c->name) : 0;
	if (!same_keys(c, f->holder))
		return err_set(e, ERR_CONFLICT, "%s is admitted with another key; if that is lost: "
		    "mpynet revoke %s, and then admit this one", c->name, c->name);
	if (!a->replace)
		return err_set(e, ERR_CONFLICT, "%s is admitted already (serial %llu, until %s); "
		    "`mpynet ca export %s` prints its charter, and --replace admits it anew",
		    c->name, (unsigned long long)f->holder->serial,
		    text_format_time(text, f->holder->not_after), c->name);
	return 0;
}

static int
may_be_admitted(const struct cert *c, const struct cert *root, const struct admission *a,
    const struct admission_facts *f, struct err *e)
{
	const struct cert *other = find_key(c, f);

	if (f->key_revoked)
		return err_set(e, ERR_REVOKED, "the key of %s was revoked and is never admitted "
		    "again; it has to apply with a new one", c->name);
	if (other != NULL)
		return err_set(e, ERR_CONFLICT, "this key is admitted as %s already", other->name);
	if (f->is_host || strcmp(c->name, root->name) == 0)
		return err_set(e, ERR_CONFLICT, "%s is the name of %s; an issuing authority needs "
		    "one of its own", c->name, f->is_host ? "a host" : "the network");
	return check_holder(c, a, f, e);
}

/*
 * What it may sign
 */

static void
choose_lists(struct cert *c, const struct admission *a, const struct cert *holder)
{
	c->address_count = (uint32_t)a->range_count;
	memcpy(c->addresses, a->ranges, sizeof(c->addresses));
	if (a->range_count == 0 && holder != NULL) {
		c->address_count = holder->address_count;
		memcpy(c->addresses, holder->addresses, sizeof(c->addresses));
	}
	c->route_count = (uint32_t)a->route_count;
	memcpy(c->routes, a->routes, sizeof(c->routes));
	if (a->route_count == 0 && holder != NULL) {
		c->route_count = holder->route_count;
		memcpy(c->routes, holder->routes, sizeof(c->routes));
	}
	c->group_count = (uint32_t)a->group_count;
	memcpy(c->groups, a->groups, sizeof(c->groups));
	if (a->group_count == 0 && holder != NULL) {
		c->group_count = holder->group_count;
		memcpy(c->groups, holder->groups, sizeof(c->groups));
	}
}

static uint32_t
choose_flags(const struct cert *c, const struct admission *a, const struct cert *holder)
{
	uint32_t flags = a->flagged ? a->flags : holder != NULL ? holder->flags : CERT_ENROL;

	return c->route_count > 0 ? flags | CERT_GATEWAY : flags;
}

static int
choose_suffix(struct cert *c, const struct admission *a, const struct cert *holder, struct err *e)
{
	int n;

	if (a->suffix == NULL && holder != NULL) {
		memcpy(c->name_suffix, holder->name_suffix, sizeof(c->name_suffix));
		return 0;
	}
	n = a->suffix != NULL ?
	    snprintf(c->name_suffix, sizeof(c->name_suffix), "%s", a->suffix) :
	    snprintf(c->name_suffix, sizeof(c->name_suffix), ".%s", c->name);
	if (n > SUFFIX_MAX || (n > 0 && c->name_suffix[0] != '.'))
		return err_set(e, ERR_FORMAT, "--suffix takes what the names of its hosts end with: "
		    "a dot and at most %d characters, as in .bank", SUFFIX_MAX - 1);
	return 0;
}

static int
choose_times(struct cert *c, const struct cert *root, const struct admission *a,
    const struct admission_facts *f, struct err *e)
{
	uint64_t lifetime = a->lifetime != 0 ? a->lifetime : AUTHORITY_ISSUING_LIFETIME;
	uint64_t hosts = a->max_lifetime;
	char text[32];

	if (a->lifetime > root->not_after - f->now)
		return err_set(e, ERR_DENIED, "%s cannot be admitted for so long; the root itself "
		    "ends at %s", c->name, text_format_time(text, root->not_after));
	if (hosts == 0)
		hosts = f->holder != NULL ? f->holder->max_lifetime :
		    min_u64(AUTHORITY_HOST_LIFETIME, root->max_lifetime);
	c->not_before = f->now - CERT_BACKDATE;
	c->not_after = min_u64(f->now + lifetime, root->not_after);
	c->max_lifetime = (uint32_t)min_u64(hosts, UINT32_MAX);
	return 0;
}

/*
 * Who is there already
 */

static int
check_ranges_free(const struct cert *c, const struct cert *other, struct err *e)
{
	char text[PREFIX_TEXT_MAX], theirs[PREFIX_TEXT_MAX];

	for (uint32_t i = 0; i < c->address_count; i++) {
		for (uint32_t k = 0; k < other->address_count; k++) {
			if (prefix_overlap(c->addresses[i], other->addresses[k]))
				return err_set(e, ERR_CONFLICT, "%s overlaps %s, which %s gives; "
				    "choose another range, or say --shared if both may",
				    prefix_format(text, c->addresses[i]),
				    prefix_format(theirs, other->addresses[k]), other->name);
		}
	}
	return 0;
}

static int
check_names_free(const struct cert *c, const struct cert *other, struct err *e)
{
	const char *s = c->name_suffix, *t = other->name_suffix;

	if (!text_ends_with(s, t) && !text_ends_with(t, s))
		return 0;
	return err_set(e, ERR_CONFLICT, "%s could give names that %s gives (%s%s); choose another "
	    "--suffix, or say --shared if both may", c->name, other->name,
	    t[0] != '\0' ? "all that end with " : "any", t);
}

static int
check_apart(const struct cert *c, const struct admission_facts *f, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < f->admitted_count; i++) {
		const struct cert *other = &f->admitted[i];

		if (strcmp(other->name, c->name) == 0)
			continue;
		rc = check_ranges_free(c, other, e);
		if (rc == 0)
			rc = check_names_free(c, other, e);
	}
	return rc;
}

int
admission_decide(struct cert *ret, const struct cert *root, const struct issued *application,
    const struct admission *a, const struct admission_facts *f, struct err *e)
{
	const struct cert *asks = &application->cert;
	struct cert c = { .kind = OBJECT_CA, .serial = f->serial };
	int rc = may_admit(root, f->now, e);

	if (rc == 0)
		rc = check_proof(application, root, f, e);
	if (rc == 0)
		rc = may_be_admitted(asks, root, a, f, e);
	if (rc < 0)
		return rc;
	memcpy(c.network, root->network, sizeof(c.network));
	cert_key_id(c.issuer, root->key);
	memcpy(c.key, asks->key, sizeof(c.key));
	memcpy(c.enrol_key, asks->enrol_key, sizeof(c.enrol_key));
	memcpy(c.name, asks->name, sizeof(c.name));
	choose_lists(&c, a, f->holder);
	if (c.address_count == 0)
		return err_set(e, ERR_FORMAT, "%s needs addresses to give; say with --network "
		    "which, within %s's", c.name, root->name);
	c.flags = choose_flags(&c, a, f->holder);
	rc = choose_suffix(&c, a, f->holder, e);
	if (rc == 0)
		rc = choose_times(&c, root, a, f, e);
	if (rc < 0)
		return rc;
	cert_sort(&c);
	rc = limits_check(&c, root, root, e);
	if (rc == 0 && !a->shared)
		rc = check_apart(&c, f, e);
	if (rc == 0)
		*ret = c;
	return rc;
}

int
admission_sign(struct issued *ret, const struct cert *root, const struct ca_keys *keys,
    const struct issued *application, const struct admission *a, const struct admission_facts *f,
    struct err *e)
{
	enum breach why = BREACH_NONE;
	struct cert c;
	int rc;

	if (root->cosigners.count > 0 && !a->draft)
		return err_set(e, ERR_DENIED, "%s is signed for by %u of %u co-signers, and by "
		    "nobody alone", root->name, root->cosigners.k, root->cosigners.count);
	rc = admission_decide(&c, root, application, a, f, e);
	if (rc < 0)
		return rc;
	rc = cert_sign(&c, ret->bytes, sizeof(ret->bytes), keys->seed, &why);
	if (rc < 0)
		return err_set(e, rc, "a certificate for %s cannot be signed, because it %s", c.name,
		    breach_phrase(why));
	ret->cert = c;
	ret->len = (size_t)rc;
	return 0;
}

/* As things are now, which may be another than when it was drafted. */
static int
may_be_taken(const struct cert *c, const struct cert *root, bool shared,
    const struct admission_facts *f, struct err *e)
{
	struct admission again = { .replace = f->holder != NULL };
	int rc = may_admit(root, f->now, e);

	if (rc == 0)
		rc = may_be_admitted(c, root, &again, f, e);
	if (rc == 0 && f->holder != NULL && f->holder->serial > c->serial)
		rc = err_set(e, ERR_SUPERSEDED, "%s has a newer certificate (serial %llu) than this "
		    "draft; make a new one", c->name, (unsigned long long)f->holder->serial);
	if (rc == 0 && f->holder != NULL && f->holder->serial == c->serial)
		rc = err_set(e, ERR_CONFLICT, "%s is admitted by this draft already", c->name);
	if (rc == 0 && c->not_after <= f->now)
		rc = err_set(e, ERR_EXPIRED, "what was signed for %s has expired; make a new draft",
		    c->name);
	return rc < 0 || shared ? rc : check_apart(c, f, e);
}

int
admission_take(struct issued *ret, const struct cert *root, const struct bundle_cert *object,
    bool shared, const struct admission_facts *f, struct err *e)
{
	enum breach why = BREACH_NONE;
	struct cert c;
	int rc = cert_decode(&c, object->bytes, object->len, &why);

	if (rc == 0 && (c.kind != OBJECT_CA || cert_is_root(&c)))
		rc = breach_set(&why, BREACH_KIND_OTHER);
	if (rc == 0)
		rc = cert_permitted(&c, root, &why);
	if (rc == 0)
		rc = cert_verify_by(object->bytes, object->len, root);
	if (rc < 0)
		return err_set(e, rc, "what was signed %s", breach_reason(rc, why));
	rc = may_be_taken(&c, root, shared, f, e);
	if (rc < 0)
		return rc;
	ret->cert = c;
	ret->len = object->len;
	memcpy(ret->bytes, object->bytes, object->len);
	return 0;
}
