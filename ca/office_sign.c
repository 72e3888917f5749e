/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_sign.c - an authority signs: facts from the ledger, its decision, the result stored.
 */
#include "ca/admission.h"
#include "ca/ledger_addr.h"
#include "ca/ledger_chain.h"
#include "ca/ledger_inherit.h"
#include "ca/ledger_state.h"
#include "ca/office_admit.h"
#include "ca/office_bundle.h"
#include "ca/office_handout.h"
#include "ca/office_join.h"
#include "ca/office_state.h"
#include "core/crypto.h"
#include "core/pem.h"
#include "core/tlskey.h"
#include "host/file.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The facts, and what they point to. */
struct dossier {
	struct facts facts;
	struct ledger_cert holder;
	struct cert root;
	struct cert *admitted;
	char key_holder[NAME_MAX_LEN + 1];
	struct ledger_tenancy tenancy;
};

static int
find_holder(struct office *o, struct dossier *d, const struct order *order, struct err *e)
{
	int rc = ledger_find(&o->ledger, &d->holder, order->name, e);

	if (rc == 1 && d->holder.status == LEDGER_LIVE &&
	    d->holder.cert.not_after >= d->facts.now)
		d->facts.holder = &d->holder.cert;
	return rc < 0 ? rc : 0;
}

/* Revoked here, or by a state from after the backup that this ledger was restored from. */
static int
is_revoked(struct office *o, const uint8_t key[static 32], uint64_t now, struct err *e)
{
	struct netstate s;
	int rc = ledger_key_revoked(&o->ledger, key, e);

	if (rc != 0)
		return rc;
	rc = ledger_inherited(&o->ledger, &s, now, e);
	if (rc != 1)
		return rc;
	rc = netstate_has_key(&s, key);
	netstate_free(&s);
	return rc;
}

/* Everything the authority has to know, read in the transaction that stores its decision. */
static int
gather(struct office *o, struct dossier *d, const struct order *order, struct err *e)
{
	int rc = ledger_expire(&o->ledger, d->facts.now, e);

	if (rc == 0)
		rc = find_holder(o, d, order, e);
	if (rc == 0)
		rc = ledger_next_serial(&o->ledger, &d->facts.serial, e);
	if (rc == 0)
		rc = ledger_key_holder(&o->ledger, d->key_holder, order->key, order->name,
		    d->facts.now, e);
	if (rc == 1)
		d->facts.key_holder = d->key_holder;
	if (rc >= 0)
		rc = is_revoked(o, order->key, d->facts.now, e);
	d->facts.key_revoked = rc == 1;
	d->tenancy = (struct ledger_tenancy){ &o->ledger, order->name, d->facts.now };
	d->facts.tenants = ledger_tenants(&d->tenancy);
	if (rc >= 0)
		rc = office_root(o, &d->root, NULL, e);
	d->facts.root = &d->root;
	if (rc == 0)
		rc = office_admitted(o, &d->admitted, &d->facts.delegated.count, d->facts.now, e);
	d->facts.delegated.admitted = d->admitted;
	return rc;
}

/* A renewal takes nothing away; a replaced certificate ends here, and its line says for which. */
static int
end_holder(struct office *o, const struct dossier *d, bool renew, struct err *e)
{
	char detail[64];
	int rc;

	if (d->facts.holder == NULL)
		return 0;
	rc = ledger_end_cert(&o->ledger, d->holder.cert.serial, renew ? LEDGER_SUPERSEDED : LEDGER_REPLACED, e);
	if (rc < 0 || renew)
		return rc;
	(void)snprintf(detail, sizeof(detail), "replaced by serial %llu",
	    (unsigned long long)d->facts.serial);
	return ledger_log_cert(&o->ledger, d->facts.now, "revoke", &d->holder.cert, detail, e);
}

/* "10.87.0.10 fd00::a groups=nurses" for the log. */
static void
describe(char *to, size_t cap, const struct cert *c)
{
	char text[ADDR_TEXT_MAX];
	size_t at = 0;

	for (uint32_t i = 0; i < c->address_count && at < cap; i++)
		at += (size_t)snprintf(to + at, cap - at, "%s%s", i > 0 ? " " : "",
		    ip_format(text, c->addresses[i].ip));
	for (uint32_t i = 0; i < c->route_count && at < cap; i++)
		at += (size_t)snprintf(to + at, cap - at, " route=%s",
		    prefix_format(text, c->routes[i]));
	for (uint32_t i = 0; i < c->group_count && at < cap; i++)
		at += (size_t)snprintf(to + at, cap - at, " group=%s", c->groups[i]);
	if (at < cap)
		(void)snprintf(to + at, cap - at, " flags=%u", (unsigned)c->flags);
}

/* A lighthouse is found where it was said to be, or where the one was that it replaces. */
static int
store_endpoints(struct office *o, const struct commission *c, const struct dossier *d,
    const struct cert *cert, struct err *e)
{
	struct bundle_lighthouse l = c->lighthouse;
	int rc = 0;

	if (!(cert->flags & CERT_LIGHTHOUSE))
		return 0;
	if (l.endpoint_count == 0 && d->facts.holder != NULL)
		rc = ledger_endpoints(&o->ledger, &l, d->holder.cert.serial, e);
	if (rc == 0 && l.endpoint_count == 0)
		rc = err_set(e, ERR_FORMAT, "a lighthouse must be found by everybody; say with "
		    "--public HOST:PORT where it is");
	return rc < 0 ? rc : ledger_set_endpoints(&o->ledger, cert->serial, &l, e);
}

static int
store(struct office *o, const struct commission *c, const struct dossier *d,
    const struct issued *issued, struct err *e)
{
	const struct cert *cert = &issued->cert;
	char detail[LOG_DETAIL_MAX];
	int rc = end_holder(o, d, c->order.renew, e);

	describe(detail, sizeof(detail), cert);
	if (rc == 0)
		rc = ledger_add(&o->ledger, cert, issued->bytes, issued->len, d->facts.now, e);
	if (rc == 0)
		rc = store_endpoints(o, c, d, cert, e);
	return rc < 0 ? rc : ledger_log_cert(&o->ledger, d->facts.now,
	    c->order.renew ? "renew" : "issue", cert, detail, e);
}

/*
 * Does what was signed change what the network's state says? Of lighthouses only once there is
 * one.
 */
static int
changes_state(struct office *o, const struct commission *c, const struct dossier *d,
    const struct cert *cert, struct err *e)
{
	struct proclaimed shown;

	if (office_may_state(o, NULL) < 0 || office_is_cosigned(o))
		return 0;
	if (d->facts.holder != NULL && !c->order.renew)
		return 1;
	return cert->flags & CERT_LIGHTHOUSE ? office_state_shown(o, &shown, e) : 0;
}

/* What was replaced is revoked, and everybody is told where a new lighthouse is. */
static int
renew_state(struct office *o, const struct ca_keys *keys, const struct commission *c,
    const struct dossier *d, const struct cert *cert, struct err *e)
{
	struct proclaimed p;
	int rc = changes_state(o, c, d, cert, e);

	return rc == 1 ? office_state_renew(o, keys, d->facts.now, &p, e) : rc;
}

/* The file's text; `text` holds BUNDLE_TEXT_MAX. Returns its length. */
static int
make_text(struct office *o, const struct commission *c, struct outcome *ret, const uint8_t *key,
    char *text, struct err *e)
{
	struct bundle *b;
	int rc;

	b = sodium_malloc(sizeof(*b));
	if (b == NULL)
		return err_set(e, -ENOMEM, "there is no memory for a bundle");
	rc = office_make_bundle(o, b, &ret->object, key, e);
	ret->lighthouses = b->lighthouse_count;
	if (rc == 0 && c->bare)
		rc = pem_write(text, BUNDLE_TEXT_MAX, PEM_CERTIFICATE, ret->object.bytes,
		    ret->object.len);
	else if (rc == 0)
		rc = office_write_bundle(text, b, e);
	sodium_free(b);
	return rc;
}

/* Writes the file under its hidden name and promises that name to the certificate. */
static int
write_hidden(struct office *o, const struct commission *c, const struct handout *h,
    struct outcome *ret, const uint8_t *key, struct err *e)
{
	char *text = sodium_malloc(BUNDLE_TEXT_MAX);
	int rc;

	if (text == NULL)
		return err_set(e, -ENOMEM, "there is no memory for a bundle");
	rc = make_text(o, c, ret, key, text, e);
	if (rc >= 0)
		rc = file_create(h->hidden, 0600, text, (size_t)rc, e);
	if (rc == 0)
		rc = ledger_promise(&o->ledger, h, ret->cert.serial, e);
	sodium_free(text);
	return rc;
}

/* Its serial number is taken from here on, whether it comes back or not. */
static int
log_draft(struct office *o, const struct dossier *d, const struct issued *issued, struct err *e)
{
	struct log_line line = { .time = d->facts.now, .event = "draft" };
	const struct cert *c = &issued->cert;

	line.serial = c->serial;
	memcpy(line.name, c->name, sizeof(line.name));
	describe(line.detail, sizeof(line.detail), c);
	return ledger_log(&o->ledger, &line, e);
}

/* Facts, decision, result; in a transaction. */
static int
decide(struct office *o, const struct ca_keys *keys, const struct commission *c,
    const struct order *order, struct issued *ret, struct err *e)
{
	struct dossier d = { .facts.now = office_now() };
	int rc = gather(o, &d, order, e);

	if (rc == 0 && c->cosigned != NULL)
		rc = authority_take(ret, &o->ca.cert, c->cosigned->bytes, c->cosigned->len, order,
		    &d.facts, e);
	else if (rc == 0)
		rc = authority_sign(ret, &o->ca.cert, keys, order, &d.facts, e);
	if (rc == 0)
		rc = order->draft ? log_draft(o, &d, ret, e) : store(o, c, &d, ret, e);
	if (rc == 0 && !order->draft)
		rc = renew_state(o, keys, c, &d, &ret->cert, e);
	free(d.admitted);
	return rc;
}

int
office_issue(struct office *o, const struct ca_keys *keys, const struct order *order,
    struct issued *ret, struct err *e)
{
	struct commission c = { .order = *order };

	return decide(o, keys, &c, order, ret, e);
}

int
office_take(struct office *o, const struct bundle_cert *cosigned, const struct order *order,
    struct issued *ret, struct err *e)
{
	struct commission c = { .order = *order, .cosigned = cosigned };

	return decide(o, NULL, &c, order, ret, e);
}

/* The transaction: all of it or nothing. */
static int
issue(struct office *o, const struct ca_keys *keys, const struct commission *c,
    const struct order *order, const uint8_t *key, const struct handout *h, struct outcome *ret,
    struct err *e)
{
	struct issued issued;
	int rc = ledger_begin(&o->ledger, e);

	if (rc < 0)
		return rc;
	rc = decide(o, keys, c, order, &issued, e);
	if (rc == 0) {
		ret->cert = issued.cert;
		ret->object.len = (uint16_t)issued.len;
		memcpy(ret->object.bytes, issued.bytes, issued.len);
		rc = write_hidden(o, c, h, ret, key, e);
	}
	return ledger_finish(&o->ledger, rc, e);
}

static int
sign_locked(struct office *o, const struct ca_keys *keys, const struct commission *c,
    struct handout *h, struct outcome *ret, struct err *e)
{
	struct order order = c->order;
	uint8_t secret[32];
	int rc = handout_note(&o->ledger, h, e);

	if (rc < 0)
		return rc;
	if (c->make_key) {
		rng_fill(&o->rng, secret, sizeof(secret));
		secret[0] &= 0xf8;	/* clamped, as WireGuard's tools keep it (RFC 7748) */
		secret[31] = (uint8_t)((secret[31] & 0x7f) | 0x40);
		crypto_dh_public(order.key, secret);
		tlskey_pin(order.tls_pin, secret);
	}
	rc = issue(o, keys, c, &order, c->make_key ? secret : NULL, h, ret, e);
	crypto_wipe(secret, sizeof(secret));
	if (rc < 0) {
		/* What cannot be put away now, the next command puts away. */
		(void)handouts_finish(&o->ledger, NULL);
		return rc;
	}
	memcpy(ret->path, h->path, sizeof(ret->path));
	h->promised = true;
	rc = handout_finish(&o->ledger, h, e);
	return rc < 0 ? err_prefix(e, rc, "%s is certified and its file comes with the next "
	    "command", c->order.name) : 0;
}

int
office_sign(struct office *o, const struct ca_keys *keys, const struct commission *c,
    struct outcome *ret, struct err *e)
{
	struct handout h;
	int lock, rc = handout_name(&h, &o->rng, c->path, e);

	if (rc < 0)
		return rc;
	lock = office_lock(o, e);
	if (lock < 0)
		return lock;
	rc = sign_locked(o, keys, c, &h, ret, e);
	close(lock);
	return rc;
}

int
office_draft(struct office *o, const struct ca_keys *keys, const struct order *order,
    struct issued *ret, struct err *e)
{
	struct commission c = { .order = *order };
	int lock = office_lock(o, e), rc;

	if (lock < 0)
		return lock;
	rc = ledger_begin(&o->ledger, e);
	if (rc == 0) {
		rc = decide(o, keys, &c, order, ret, e);
		rc = ledger_finish(&o->ledger, rc, e);
	}
	close(lock);
	return rc;
}

int
office_check(struct office *o, const struct commission *c, struct err *e)
{
	struct dossier d = { .facts.now = office_now() };
	struct handout h;
	int rc = application_admitted(&o->ca.cert, e);

	if (rc == 0)
		rc = find_holder(o, &d, &c->order, e);
	if (rc == 0)
		rc = authority_may_name(&c->order, &d.facts, e);
	return rc < 0 ? rc : handout_name(&h, &o->rng, c->path, e);
}
