/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_bundle.c - what an authority hands out: bundles and its own certificate.
 */
#include "ca/office_bundle.h"
#include "ca/ledger_chain.h"
#include "ca/office_admit.h"
#include "ca/office_join.h"
#include "core/pem.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/* Every live lighthouse that this office signed, with where it is reached. */
static int
own_lighthouses(struct office *o, struct bundle_lighthouse *to, struct err *e)
{
	struct ledger_walk w;
	struct ledger_cert c;
	int rc = ledger_walk_lighthouses(&o->ledger, &w, e), count = 0;

	if (rc < 0)
		return rc;
	while ((rc = ledger_next(&w, &c, e)) == 1) {
		if (count == BUNDLE_LIGHTHOUSES_MAX) {
			rc = err_set(e, ERR_FULL, "authority %s has %d lighthouses, and a bundle "
			    "holds no more", o->ca.cert.name, BUNDLE_LIGHTHOUSES_MAX);
			break;
		}
		to[count].cert = c.object;
		rc = ledger_endpoints(&o->ledger, &to[count], c.cert.serial, e);
		if (rc < 0)
			break;
		count++;
	}
	ledger_end(&w);
	return rc < 0 ? rc : count;
}

/* This office's bundle: whom hosts believe and where they go, beside their own certificate. */
static int
fill_lighthouses(struct office *o, const struct bundle *charter, struct bundle_lighthouse *to,
    struct err *e)
{
	int count = own_lighthouses(o, to, e);

	if (charter == NULL)
		return count;
	for (uint32_t i = 0; count >= 0 && count < BUNDLE_LIGHTHOUSES_MAX &&
	    i < charter->lighthouse_count; i++)
		to[count++] = charter->lighthouses[i];
	return count;
}

int
office_lighthouses(struct office *o, struct bundle_lighthouse *to, struct err *e)
{
	struct bundle *charter;
	int rc = office_standing(o, &charter, e);

	if (rc == 0)
		rc = fill_lighthouses(o, charter, to, e);
	sodium_free(charter);
	return rc;
}

/* The root that signs here, and who did before while it is still believed: at most `most`. */
static int
own_roots(struct office *o, struct bundle *b, uint32_t most, struct err *e)
{
	struct ledger_walk w;
	struct cert cert;
	int rc = ledger_walk_anchors(&o->ledger, &w, office_now(), e);

	if (rc < 0)
		return rc;
	b->cas[0] = o->ca.object;
	b->ca_count = 1;
	while (b->ca_count < most &&
	    (rc = ledger_anchor_next(&w, &cert, &b->cas[b->ca_count], e)) == 1)
		b->ca_count++;
	ledger_end(&w);
	return rc < 0 ? rc : 0;
}

/* The charter's roots that have not ended, and this office. */
static void
charter_cas(struct office *o, struct bundle *b, const struct bundle *charter)
{
	struct cert c;

	for (uint32_t i = 0; i + 1 < charter->ca_count; i++) {
		const struct bundle_cert *root = &charter->cas[i];

		if (cert_decode(&c, root->bytes, root->len, NULL) == 0 &&
		    c.not_after >= office_now())
			b->cas[b->ca_count++] = *root;
	}
	b->cas[b->ca_count++] = o->ca.object;
}

/* All but what is the host's own. */
static int
fill_bundle(struct office *o, struct bundle *b, const struct bundle *charter, struct err *e)
{
	int rc = 0;

	if (charter != NULL)
		charter_cas(o, b, charter);
	else
		rc = own_roots(o, b, BUNDLE_CAS_MAX, e);
	b->has_psk = o->ca.has_psk;
	memcpy(b->psk, o->ca.psk, sizeof(b->psk));
	if (rc == 0)
		rc = fill_lighthouses(o, charter, b->lighthouses, e);
	if (rc < 0)
		return rc;
	b->lighthouse_count = (uint32_t)rc;
	return 0;
}

int
office_make_bundle(struct office *o, struct bundle *b, const struct bundle_cert *host,
    const uint8_t *key, struct err *e)
{
	struct bundle *charter;
	int rc = office_standing(o, &charter, e);

	if (rc < 0)
		return rc;
	memset(b, 0, sizeof(*b));
	b->host = *host;
	if (key != NULL) {
		b->has_key = true;
		memcpy(b->key, key, sizeof(b->key));
	}
	rc = fill_bundle(o, b, charter, e);
	sodium_free(charter);
	return rc;
}

int
office_make_charter(struct office *o, struct bundle *b, const struct bundle_cert *issuing,
    struct err *e)
{
	int rc;

	memset(b, 0, sizeof(*b));
	rc = fill_bundle(o, b, NULL, e);
	if (rc < 0)
		return rc;
	if (b->ca_count == BUNDLE_CAS_MAX)
		b->ca_count--; /* the root that was before all others makes room */
	b->cas[b->ca_count++] = *issuing;
	return 0;
}

int
office_write_bundle(char *to, const struct bundle *b, struct err *e)
{
	int rc = bundle_write(to, BUNDLE_TEXT_MAX, b);

	return rc < 0 ? err_set(e, rc, "the bundle %s", err_phrase(rc)) : rc;
}

int
office_bundle(struct office *o, char *to, const struct bundle_cert *host, struct err *e)
{
	struct bundle *b = sodium_malloc(sizeof(*b));
	int rc;

	if (b == NULL)
		return err_set(e, -ENOMEM, "there is no memory for a bundle");
	rc = office_make_bundle(o, b, host, NULL, e);
	if (rc == 0)
		rc = office_write_bundle(to, b, e);
	sodium_free(b);
	return rc;
}

int
office_log_export(struct office *o, const struct cert *c, struct err *e)
{
	int rc = ledger_begin(&o->ledger, e);

	if (rc < 0)
		return rc;
	rc = ledger_log_cert(&o->ledger, office_now(), "export", c, "", e);
	return ledger_finish(&o->ledger, rc, e);
}

/* The live certificate of `name`: 0, or ERR_UNKNOWN. */
static int
find_live(struct office *o, struct ledger_cert *ret, const char *name, struct err *e)
{
	int rc;

	if (strlen(name) > NAME_MAX_LEN)
		return err_set(e, ERR_UNKNOWN, "no certificate has so long a name");
	rc = ledger_find(&o->ledger, ret, name, e);
	if (rc == 1 && ret->status == LEDGER_LIVE && ret->cert.not_after >= office_now())
		return 0;
	return rc < 0 ? rc : err_set(e, ERR_UNKNOWN, "%s has no live certificate; `mpynet ca "
	    "list` shows who has one", name);
}

/* A name is a host's or an issuing CA's. */
static int
is_authority(struct office *o, const char *name, struct err *e)
{
	struct ledger_cert c;
	int rc = ledger_find(&o->ledger, &c, name, e);

	if (rc == 1 && c.status == LEDGER_LIVE)
		return 0;
	return rc < 0 ? rc : ledger_find_issuing(&o->ledger, &c, name, office_now(), e);
}

int
office_export(struct office *o, char *to, const char *name, struct err *e)
{
	struct ledger_cert holder;
	int len, rc = is_authority(o, name, e);

	if (rc == 1)
		return office_charter(o, to, name, e);
	if (rc == 0)
		rc = find_live(o, &holder, name, e);
	if (rc < 0)
		return rc;
	len = office_bundle(o, to, &holder.object, e);
	rc = len < 0 ? len : office_log_export(o, &holder.cert, e);
	return rc < 0 ? rc : len;
}

/* Roots before who was admitted by them, so that the last is who is asked for certificates. */
static int
write_cas(char *to, const struct bundle *b, struct err *e)
{
	size_t len = 0;

	for (uint32_t i = 0; i < b->ca_count; i++) {
		int n = pem_write(to + len, BUNDLE_TEXT_MAX - len, PEM_CA_CERTIFICATE,
		    b->cas[i].bytes, b->cas[i].len);

		if (n < 0)
			return err_set(e, n, "the certificate %s", err_phrase(n));
		len += (size_t)n;
	}
	return (int)len;
}

int
office_export_ca(struct office *o, char *to, struct err *e)
{
	struct bundle *charter, cas = { .ca_count = 0 };
	int rc = office_standing(o, &charter, e), len;

	if (rc < 0)
		return rc;
	if (charter != NULL)
		charter_cas(o, &cas, charter);
	else
		cas.cas[cas.ca_count++] = o->ca.object;
	sodium_free(charter);
	len = write_cas(to, &cas, e);
	rc = len < 0 ? len : office_log_export(o, &o->ca.cert, e);
	return rc < 0 ? rc : len;
}
