/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_import.c - a restored authority learns from the network what it told it.
 */
#include "ca/office_import.h"
#include "ca/ledger_chain.h"
#include "ca/ledger_inherit.h"
#include "ca/ledger_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Did this authority sign it, and is it newer than what the ledger has? */
static int
check_ours(struct office *o, const struct netstate *s, const struct netstate_part *object,
    struct err *e)
{
	const struct cert *ca = &o->ca.cert;
	struct proclaimed known;
	uint8_t key_id[16];
	int rc;

	cert_key_id(key_id, ca->key);
	if (memcmp(s->network, ca->network, sizeof(s->network)) != 0)
		return err_set(e, ERR_DENIED, "this is the state of another network than %s",
		    ca->name);
	if (memcmp(s->issuer, key_id, sizeof(key_id)) != 0)
		return err_set(e, ERR_DENIED, "another authority of %s signed this state; if the root "
		    "was rotated after the backup, restore a newer backup", ca->name);
	rc = cert_verify_by(object->p, object->len, ca);
	if (rc < 0)
		return err_set(e, rc, "the state's signature does not verify");
	rc = office_state_shown(o, &known, e);
	if (rc == 1 && known.id.version >= s->version)
		return err_set(e, ERR_SUPERSEDED, "the ledger has state %llu already, and this one is "
		    "%llu", (unsigned long long)known.id.version, (unsigned long long)s->version);
	return rc < 0 ? rc : 0;
}

/* What it becomes by this state; LEDGER_LIVE: nothing. */
static enum ledger_status
status_by(const struct netstate *s, const struct ledger_cert *c, uint64_t now)
{
	if (c->cert.not_after < now || (c->status != LEDGER_LIVE && c->status != LEDGER_SUPERSEDED))
		return LEDGER_LIVE;
	if (netstate_has_key(s, c->cert.key))
		return LEDGER_REVOKED;
	if (netstate_has_serial(s, c->cert.issuer, c->cert.serial) ||
	    c->cert.not_before < s->min_not_before)
		return LEDGER_REPLACED;
	return LEDGER_LIVE;
}

/* The first certificate after `serial` that is to end: 1, or 0. */
static int
next_to_end(struct office *o, const struct netstate *s, uint64_t serial, struct ledger_cert *ret,
    uint64_t now, struct err *e)
{
	struct ledger_walk w;
	int rc = ledger_walk_after(&o->ledger, &w, serial, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_next(&w, ret, e)) == 1) {
		if (status_by(s, ret, now) != LEDGER_LIVE)
			break;
	}
	ledger_end(&w);
	return rc;
}

static int
end_hosts(struct office *o, const struct netstate *s, size_t *ended, uint64_t now, struct err *e)
{
	struct ledger_cert c = { .cert.serial = 0 };
	int rc;

	while ((rc = next_to_end(o, s, c.cert.serial, &c, now, e)) == 1) {
		rc = ledger_end_cert(&o->ledger, c.cert.serial, status_by(s, &c, now), e);
		if (rc == 0)
			rc = ledger_log_cert(&o->ledger, now, "revoke", &c.cert,
			    "by the network's state", e);
		if (rc < 0)
			return rc;
		++*ended;
	}
	return rc;
}

/* The first issuing authority that is to end: 1, or 0. */
static int
find_issuing(struct office *o, const struct netstate *s, struct ledger_cert *ret, struct err *e)
{
	struct ledger_walk w;
	uint8_t key_id[16];
	int rc = ledger_walk_issuing(&o->ledger, &w, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_next(&w, ret, e)) == 1) {
		cert_key_id(key_id, ret->cert.key);
		if (ret->status == LEDGER_LIVE && netstate_has_ca(s, key_id))
			break;
	}
	ledger_end(&w);
	return rc;
}

static int
end_issuing(struct office *o, const struct netstate *s, size_t *ended, uint64_t now, struct err *e)
{
	struct ledger_cert c;
	int rc;

	while ((rc = find_issuing(o, s, &c, e)) == 1) {
		rc = ledger_end_issuing(&o->ledger, c.cert.serial, LEDGER_REVOKED, e);
		if (rc == 0)
			rc = ledger_log_cert(&o->ledger, now, "revoke", &c.cert,
			    "by the network's state", e);
		if (rc < 0)
			return rc;
		++*ended;
	}
	return rc;
}

static int
follow_policy(struct office *o, const struct netstate *s, struct err *e)
{
	struct ledger_policy p;
	int rc = ledger_policy(&o->ledger, &p, e);

	if (rc < 0)
		return rc;
	p.min_not_before = max_u64(p.min_not_before, s->min_not_before);
	p.state_required = s->required;
	return ledger_set_policy(&o->ledger, &p, e);
}

/* In a transaction. What the longest certificate of its time outlives may go. */
static int
take(struct office *o, const struct netstate *s, const struct netstate_part *object,
    struct imported *ret, struct err *e)
{
	uint64_t now = office_now(), until = s->issued + o->ca.cert.max_lifetime + CERT_BACKDATE;
	int rc = check_ours(o, s, object, e);

	if (rc == 0)
		rc = end_hosts(o, s, &ret->ended, now, e);
	if (rc == 0)
		rc = end_issuing(o, s, &ret->ended, now, e);
	if (rc == 0)
		rc = follow_policy(o, s, e);
	if (rc == 0)
		rc = ledger_inherit(&o->ledger, object->p, object->len,
		    min_u64(until, o->ca.cert.not_after), e);
	return rc < 0 ? rc : office_state_keep(o, object->p, object->len, now, &ret->state, e);
}

int
office_import_state(struct office *o, const uint8_t *blob, size_t len, struct imported *ret,
    struct err *e)
{
	struct netstate_blob parts;
	enum breach why = BREACH_NONE;
	struct netstate s;
	int lock, rc = netstate_blob_open(&parts, blob, len, &why);

	*ret = (struct imported){ .ended = 0 };
	if (rc == 0)
		rc = netstate_decode(&s, parts.state.p, parts.state.len, &why);
	if (rc < 0)
		return err_set(e, rc, "the network's state %s", breach_reason(rc, why));
	lock = office_lock(o, e);
	rc = lock < 0 ? lock : ledger_begin(&o->ledger, e);
	if (rc == 0) {
		rc = take(o, &s, &parts.state, ret, e);
		rc = ledger_finish(&o->ledger, rc, e);
	}
	if (lock >= 0)
		close(lock);
	netstate_free(&s);
	return rc;
}
