/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_admit.c - a root's office admits issuing CAs, and hands out their charters.
 */
#include "ca/office_admit.h"

#include "ca/ledger_chain.h"
#include "ca/office_bundle.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Who is admitted
 */

/* Room for one more; keeps what is there when there is none. */
static int
grow(struct cert **list, size_t count, size_t *cap, struct err *e)
{
	size_t more = *cap == 0 ? 8 : *cap * 2;
	struct cert *p;

	if (count < *cap)
		return 0;
	p = realloc(*list, more * sizeof(**list));
	if (p == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the list of authorities");
	*list = p;
	*cap = more;
	return 0;
}

int
office_admitted(struct office *o, struct cert **ret, size_t *count, uint64_t now, struct err *e)
{
	struct cert *list = NULL;
	size_t n = 0, cap = 0;
	struct ledger_walk w;
	struct ledger_cert c;
	int rc = ledger_walk_admitted(&o->ledger, &w, now, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_next(&w, &c, e)) == 1) {
		rc = grow(&list, n, &cap, e);
		if (rc < 0)
			break;
		list[n++] = c.cert;
	}
	ledger_end(&w);
	if (rc < 0) {
		free(list);
		return rc;
	}
	*ret = list;
	*count = n;
	return 0;
}

/*
 * Admitting
 */

/* The facts, and what they point to. */
struct dossier {
	struct admission_facts facts;
	struct ledger_cert holder;
	struct cert *admitted;
};

static int
find_holder(struct office *o, struct dossier *d, const char *name, struct err *e)
{
	struct ledger_cert host;
	int rc = ledger_find_issuing(&o->ledger, &d->holder, name, d->facts.now, e);

	if (rc == 1)
		d->facts.holder = &d->holder.cert;
	if (rc >= 0)
		rc = ledger_find(&o->ledger, &host, name, e);
	d->facts.is_host = rc == 1 && host.status == LEDGER_LIVE &&
	    host.cert.not_after >= d->facts.now;
	return rc < 0 ? rc : 0;
}

/* Everything the authority has to know, read in the transaction that stores its decision. */
static int
gather(struct office *o, struct dossier *d, const struct cert *asks, struct err *e)
{
	int rc = find_holder(o, d, asks->name, e);

	if (rc == 0)
		rc = ledger_next_serial(&o->ledger, &d->facts.serial, e);
	if (rc == 0)
		rc = ledger_issuing_revoked(&o->ledger, asks->key, e);
	d->facts.key_revoked = rc == 1;
	if (rc >= 0)
		rc = office_admitted(o, &d->admitted, &d->facts.admitted_count, d->facts.now, e);
	d->facts.admitted = d->admitted;
	return rc;
}

/* Hosts that were signed here stay where they are, so nobody else may be put there. */
static int
check_vacant(struct office *o, const struct prefix *ranges, size_t count, uint64_t now,
    struct err *e)
{
	char text[ADDR_TEXT_MAX], range[PREFIX_TEXT_MAX];
	struct ip ip;

	for (size_t i = 0; i < count; i++) {
		int rc = ledger_held_within(&o->ledger, &ip, ranges[i], now, e);

		if (rc < 0)
			return rc;
		if (rc == 1)
			return err_set(e, ERR_CONFLICT, "%s in %s belongs to a host that was signed "
			    "here; choose another range", ip_format(text, ip),
			    prefix_format(range, ranges[i]));
	}
	return 0;
}

int
office_may_admit(struct office *o, const struct issued *application, const struct admission *a,
    struct err *e)
{
	struct dossier d = { .facts.now = office_now() };
	struct cert c;
	int rc = gather(o, &d, &application->cert, e);

	if (rc == 0)
		rc = admission_decide(&c, &o->ca.cert, application, a, &d.facts, e);
	if (rc == 0)
		rc = check_vacant(o, a->ranges, a->range_count, d.facts.now, e);
	free(d.admitted);
	return rc;
}

/* What it was given before stays good until it ends: hosts stand on it. */
static int
end_holder(struct office *o, const struct dossier *d, struct err *e)
{
	return d->facts.holder == NULL ? 0 :
	    ledger_end_issuing(&o->ledger, d->holder.cert.serial, LEDGER_SUPERSEDED, e);
}

static int
log_admission(struct office *o, const char *event, const struct cert *c, uint64_t now,
    struct err *e)
{
	struct log_line line = { .time = now, .serial = c->serial };
	char text[PREFIX_TEXT_MAX];
	size_t at = 0;

	(void)snprintf(line.event, sizeof(line.event), "%s", event);
	memcpy(line.name, c->name, sizeof(line.name));
	memcpy(line.digest, c->fingerprint, sizeof(line.digest));
	for (uint32_t i = 0; i < c->address_count && at < sizeof(line.detail); i++)
		at += (size_t)snprintf(line.detail + at, sizeof(line.detail) - at, "%s ",
		    prefix_format(text, c->addresses[i]));
	if (at < sizeof(line.detail))
		(void)snprintf(line.detail + at, sizeof(line.detail) - at, "suffix=%s flags=%u",
		    c->name_suffix, (unsigned)c->flags);
	return ledger_log(&o->ledger, &line, e);
}

static int
store(struct office *o, const struct dossier *d, const struct issued *issued, struct err *e)
{
	struct bundle_cert object = { .len = (uint16_t)issued->len };
	int rc = end_holder(o, d, e);

	memcpy(object.bytes, issued->bytes, issued->len);
	if (rc == 0)
		rc = ledger_add_issuing(&o->ledger, &issued->cert, &object, e);
	return rc < 0 ? rc : log_admission(o, "admit", &issued->cert, d->facts.now, e);
}

static int
admit(struct office *o, const struct ca_keys *keys, const struct issued *application,
    const struct admission *a, struct issued *ret, struct err *e)
{
	struct dossier d = { .facts.now = office_now() };
	int rc = ledger_expire(&o->ledger, d.facts.now, e);

	if (rc == 0)
		rc = gather(o, &d, &application->cert, e);
	if (rc == 0)
		rc = admission_sign(ret, &o->ca.cert, keys, application, a, &d.facts, e);
	if (rc == 0)
		rc = check_vacant(o, a->ranges, a->range_count, d.facts.now, e);
	if (rc == 0)
		rc = a->draft ? log_admission(o, "draft", &ret->cert, d.facts.now, e)
			      : store(o, &d, ret, e);
	free(d.admitted);
	return rc;
}

int
office_admit(struct office *o, const struct ca_keys *keys, const struct issued *application,
    const struct admission *a, struct issued *ret, struct err *e)
{
	int rc, lock = office_lock(o, e);

	if (lock < 0)
		return lock;
	rc = ledger_begin(&o->ledger, e);
	if (rc == 0) {
		rc = admit(o, keys, application, a, ret, e);
		rc = ledger_finish(&o->ledger, rc, e);
	}
	close(lock);
	return rc;
}

int
office_draft_admission(struct office *o, const struct ca_keys *keys,
    const struct issued *application, const struct admission *a, struct issued *ret, struct err *e)
{
	struct admission draft = *a;

	draft.draft = true;
	return office_admit(o, keys, application, &draft, ret, e);
}

static int
take(struct office *o, const struct bundle_cert *cosigned, bool shared, struct issued *ret,
    struct err *e)
{
	struct dossier d = { .facts.now = office_now() };
	enum breach why = BREACH_NONE;
	struct cert c;
	int rc = cert_decode(&c, cosigned->bytes, cosigned->len, &why);

	if (rc < 0)
		return err_set(e, rc, "what was signed %s", breach_reason(rc, why));
	rc = ledger_expire(&o->ledger, d.facts.now, e);
	if (rc == 0)
		rc = gather(o, &d, &c, e);
	if (rc == 0)
		rc = admission_take(ret, &o->ca.cert, cosigned, shared, &d.facts, e);
	if (rc == 0)
		rc = check_vacant(o, c.addresses, c.address_count, d.facts.now, e);
	if (rc == 0)
		rc = store(o, &d, ret, e);
	free(d.admitted);
	return rc;
}

int
office_take_admission(struct office *o, const struct bundle_cert *cosigned, bool shared,
    struct issued *ret, struct err *e)
{
	int rc, lock = office_lock(o, e);

	if (lock < 0)
		return lock;
	rc = ledger_begin(&o->ledger, e);
	if (rc == 0)
		rc = ledger_finish(&o->ledger, take(o, cosigned, shared, ret, e), e);
	close(lock);
	return rc;
}

/*
 * Charters
 */

int
office_charter(struct office *o, char *to, const char *name, struct err *e)
{
	struct ledger_cert c;
	struct bundle *b;
	int len, rc = ledger_find_issuing(&o->ledger, &c, name, office_now(), e);

	if (rc == 0)
		return err_set(e, ERR_UNKNOWN, "%s is no issuing authority that is admitted here; "
		    "`mpynet ca list` shows who is", name);
	if (rc < 0)
		return rc;
	b = sodium_malloc(sizeof(*b));
	if (b == NULL)
		return err_set(e, -ENOMEM, "there is no memory for a charter");
	rc = office_make_charter(o, b, &c.object, e);
	if (rc == 0) {
		rc = bundle_write_charter(to, BUNDLE_TEXT_MAX, b);
		if (rc < 0)
			(void)err_set(e, rc, "the charter %s", err_phrase(rc));
	}
	sodium_free(b);
	if (rc < 0)
		return rc;
	len = rc;
	rc = office_log_export(o, &c.cert, e);
	return rc < 0 ? rc : len;
}
