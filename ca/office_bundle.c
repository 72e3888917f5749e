/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_bundle.c - what an authority hands out: bundles and its own certificate.
 */
#include "ca/office_bundle.h"
#include "ca/ledger_chain.h"
#include "ca/ledger_state.h"
#include "core/pem.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/* Every live lighthouse, with where it is reached. */
static int
add_lighthouses(struct office *o, struct bundle *b, struct err *e)
{
	struct ledger_walk w;
	struct ledger_cert c;
	int rc = ledger_walk_lighthouses(&o->ledger, &w, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_next(&w, &c, e)) == 1) {
		struct bundle_lighthouse *l = &b->lighthouses[b->lighthouse_count];

		if (b->lighthouse_count == BUNDLE_LIGHTHOUSES_MAX) {
			rc = err_set(e, ERR_FULL, "network %s has %d lighthouses, and a bundle "
			    "holds no more", o->ca.cert.name, BUNDLE_LIGHTHOUSES_MAX);
			break;
		}
		l->cert = c.object;
		rc = ledger_endpoints(&o->ledger, l, c.cert.serial, e);
		if (rc < 0)
			break;
		b->lighthouse_count++;
	}
	ledger_end(&w);
	return rc;
}

/* Who signs here, and who did before while it is still believed: so many as a bundle holds. */
static int
add_cas(struct office *o, struct bundle *b, struct err *e)
{
	struct ledger_walk w;
	struct cert cert;
	int rc = ledger_walk_anchors(&o->ledger, &w, office_now(), e);

	if (rc < 0)
		return rc;
	b->cas[0] = o->ca.object;
	b->ca_count = 1;
	while (b->ca_count < BUNDLE_CAS_MAX &&
	    (rc = ledger_anchor_next(&w, &cert, &b->cas[b->ca_count], e)) == 1)
		b->ca_count++;
	ledger_end(&w);
	return rc < 0 ? rc : 0;
}

int
office_make_bundle(struct office *o, struct bundle *b, const struct bundle_cert *host,
    const uint8_t *key, struct err *e)
{
	int rc;

	memset(b, 0, sizeof(*b));
	b->host = *host;
	rc = add_cas(o, b, e);
	if (rc < 0)
		return rc;
	if (key != NULL) {
		b->has_key = true;
		memcpy(b->key, key, sizeof(b->key));
	}
	b->has_psk = o->ca.has_psk;
	memcpy(b->psk, o->ca.psk, sizeof(b->psk));
	return add_lighthouses(o, b, e);
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

static int
log_export(struct office *o, const struct cert *c, struct err *e)
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

int
office_export(struct office *o, char *to, const char *name, struct err *e)
{
	struct ledger_cert holder;
	int len, rc = find_live(o, &holder, name, e);

	if (rc < 0)
		return rc;
	len = office_bundle(o, to, &holder.object, e);
	rc = len < 0 ? len : log_export(o, &holder.cert, e);
	return rc < 0 ? rc : len;
}

int
office_export_ca(struct office *o, char *to, struct err *e)
{
	int rc, len = pem_write(to, BUNDLE_TEXT_MAX, PEM_CA_CERTIFICATE, o->ca.object.bytes,
	    o->ca.object.len);

	if (len < 0)
		return err_set(e, len, "the certificate %s", err_phrase(len));
	rc = log_export(o, &o->ca.cert, e);
	return rc < 0 ? rc : len;
}
