/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_join.c - an organisation's office, from its application to its charter.
 */
#include "ca/office_join.h"

#include "ca/admission.h"
#include "ca/ledger_chain.h"
#include "core/crypto.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

/*
 * What it stands on
 */

static int
read_charter(struct office *o, struct bundle *b, struct err *e)
{
	char *text = sodium_malloc(BUNDLE_TEXT_MAX);
	struct err why;
	int rc;

	if (text == NULL)
		return err_set(e, -ENOMEM, "there is no memory for a charter");
	rc = ledger_charter(&o->ledger, text, BUNDLE_TEXT_MAX, e);
	if (rc >= 0 && bundle_read_charter(b, text, (size_t)rc, &why) < 0)
		rc = err_set(e, ERR_FORMAT, "%s: the charter in it is damaged: %s; join it again",
		    o->ledger.path, why.text);
	sodium_free(text);
	return rc < 0 ? rc : 0;
}

int
office_standing(struct office *o, struct bundle **ret, struct err *e)
{
	struct bundle *b;
	int rc;

	*ret = NULL;
	if (o->ca.role != LEDGER_ISSUING)
		return 0;
	b = sodium_malloc(sizeof(*b));
	if (b == NULL)
		return err_set(e, -ENOMEM, "there is no memory for a charter");
	rc = read_charter(o, b, e);
	if (rc < 0)
		sodium_free(b);
	else
		*ret = b;
	return rc;
}

/* Whoever signed the last CA of `b`. */
static int
find_root(const struct bundle *b, const struct cert *issuing, struct cert *ret)
{
	uint8_t id[16];

	for (uint32_t i = 0; i < b->ca_count; i++) {
		if (cert_decode(ret, b->cas[i].bytes, b->cas[i].len, NULL) < 0)
			continue;
		cert_key_id(id, ret->key);
		if (memcmp(id, issuing->issuer, sizeof(id)) == 0)
			return (int)i;
	}
	return ERR_UNKNOWN;
}

int
office_root(struct office *o, struct cert *ret, struct bundle_cert *object, struct err *e)
{
	struct bundle *b;
	int rc = office_standing(o, &b, e);

	if (rc < 0)
		return rc;
	if (b == NULL) {
		*ret = o->ca.cert;
		if (object != NULL)
			*object = o->ca.object;
		return 0;
	}
	rc = find_root(b, &o->ca.cert, ret);
	if (rc >= 0 && object != NULL)
		*object = b->cas[rc];
	sodium_free(b);
	return rc >= 0 ? 0 : err_set(e, rc, "%s: the charter in it lacks the root of %s; join it "
	    "again", o->ledger.path, o->ca.cert.name);
}

/*
 * Taking a charter
 */

static bool
same_bytes(const struct bundle_cert *a, const struct bundle_cert *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* Did the operator name this root, now or before? 1, 0, or negative. */
static int
is_named(struct office *o, const struct bundle_cert *root, struct err *e)
{
	struct bundle_cert anchor;
	struct ledger_walk w;
	struct cert c;
	int rc = ledger_walk_anchors(&o->ledger, &w, 0, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_anchor_next(&w, &c, &anchor, e)) == 1) {
		if (same_bytes(&anchor, root))
			break;
	}
	ledger_end(&w);
	return rc;
}

/* What the operator names now is named from here on. */
static int
name_roots(struct office *o, const struct bundle_cert *roots, size_t count, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct cert c;

		rc = cert_decode(&c, roots[i].bytes, roots[i].len, NULL);
		if (rc < 0 || !cert_is_root(&c) || application_is(&c) ||
		    memcmp(c.network, o->ca.cert.network, sizeof(c.network)) != 0)
			return err_set(e, ERR_DENIED, "what --ca names is no root of this network");
		rc = is_named(o, &roots[i], e);
		if (rc == 0)
			rc = ledger_add_anchor(&o->ledger, &c, &roots[i], c.not_after, e);
		else if (rc == 1)
			rc = 0;
	}
	return rc;
}

static int
check_roots(struct office *o, const struct bundle *b, struct err *e)
{
	for (uint32_t i = 0; i + 1 < b->ca_count; i++) {
		int rc = is_named(o, &b->cas[i], e);
		struct cert c;

		if (rc < 0)
			return rc;
		if (rc == 0 && cert_decode(&c, b->cas[i].bytes, b->cas[i].len, NULL) == 0)
			return err_set(e, ERR_UNKNOWN, "the charter stands on a root %s that "
			    "nobody named here; if the network has a new root, get its "
			    "certificate from there and say --ca FILE", c.name);
	}
	return 0;
}

/* Is it for this office, and not older than what is there? 1 when its certificate is there. */
static int
check_mine(const struct office *o, const struct cert *c, struct err *e)
{
	const struct cert *own = &o->ca.cert;

	if (o->ca.role == LEDGER_ROOT)
		return err_set(e, ERR_DENIED, "this office is the root of %s and is admitted by "
		    "nobody", own->name);
	if (memcmp(c->network, own->network, sizeof(c->network)) != 0)
		return err_set(e, ERR_DENIED, "the charter is of another network than the one that "
		    "%s applied to", own->name);
	if (memcmp(c->key, own->key, sizeof(c->key)) != 0 ||
	    memcmp(c->enrol_key, own->enrol_key, sizeof(c->enrol_key)) != 0)
		return err_set(e, ERR_DENIED, "the charter admits %s with another key than that of "
		    "this office", c->name);
	if (o->ca.role != LEDGER_ISSUING)
		return 0;
	if (memcmp(c->fingerprint, own->fingerprint, sizeof(c->fingerprint)) == 0)
		return 1;
	if (c->serial <= own->serial)
		return err_set(e, ERR_SUPERSEDED, "%s has a newer certificate already: serial %llu, "
		    "and the charter's is %llu", own->name, (unsigned long long)own->serial,
		    (unsigned long long)c->serial);
	return 0;
}

static int
store_certificate(struct office *o, const struct bundle *b, const struct cert *c, struct err *e)
{
	struct ledger_ca ca = o->ca;
	int rc;

	ca.role = LEDGER_ISSUING;
	ca.cert = *c;
	ca.object = b->cas[b->ca_count - 1];
	rc = ledger_found(&o->ledger, &ca, office_now(), e);
	if (rc == 0)
		rc = ledger_forget_keys(&o->ledger, e);
	crypto_wipe(&ca, sizeof(ca));
	return rc;
}

static int
store_charter(struct office *o, const struct bundle *b, const struct cert *c, struct err *e)
{
	struct log_line line = { .time = office_now(), .event = "charter" };
	char *text = sodium_malloc(BUNDLE_TEXT_MAX);
	int len, rc;

	if (text == NULL)
		return err_set(e, -ENOMEM, "there is no memory for a charter");
	memcpy(line.name, c->name, sizeof(line.name));
	len = bundle_write_charter(text, BUNDLE_TEXT_MAX, b);
	rc = len < 0 ? err_set(e, len, "the charter %s", err_phrase(len)) :
		       ledger_set_charter(&o->ledger, text, (size_t)len, e);
	if (rc == 0)
		rc = ledger_set_psk(&o->ledger, b->has_psk ? b->psk : NULL, e);
	if (rc == 0)
		rc = ledger_log(&o->ledger, &line, e);
	sodium_free(text);
	return rc;
}

/* In a transaction, by what the ledger says now. */
static int
join(struct office *o, const struct bundle *b, const struct bundle_cert *roots, size_t root_count,
    struct err *e)
{
	const struct bundle_cert *last = &b->cas[b->ca_count - 1];
	struct cert c;
	int known, rc = ledger_ca(&o->ledger, &o->ca, e);

	if (rc == 0 && cert_decode(&c, last->bytes, last->len, NULL) < 0)
		rc = err_set(e, ERR_FORMAT, "the charter admits no authority");
	if (rc < 0)
		return rc;
	known = check_mine(o, &c, e);
	if (known < 0)
		return known;
	rc = name_roots(o, roots, root_count, e);
	if (rc == 0)
		rc = check_roots(o, b, e);
	if (rc == 0 && known == 0)
		rc = store_certificate(o, b, &c, e);
	if (rc == 0)
		rc = store_charter(o, b, &c, e);
	return rc < 0 ? rc : known;
}

int
office_join(struct office *o, const struct bundle *charter, const struct bundle_cert *roots,
    size_t root_count, struct err *e)
{
	int known = 0, rc, lock = office_lock(o, e);

	if (lock < 0)
		return lock;
	rc = ledger_begin(&o->ledger, e);
	if (rc == 0) {
		known = join(o, charter, roots, root_count, e);
		rc = ledger_finish(&o->ledger, known < 0 ? known : 0, e);
	}
	if (rc == 0)
		rc = ledger_ca(&o->ledger, &o->ca, e);
	close(lock);
	return rc < 0 ? rc : known;
}
