/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_verify.c - is the whole ledger of an authority what it signed?
 */
#include "ca/ledger_chain.h"
#include "ca/office.h"

#include <string.h>

/* Did this office sign it, under whichever certificate it had then? 0, ERR_AUTH, or negative. */
static int
signed_here(struct office *o, const struct ledger_cert *c, struct err *e)
{
	struct bundle_cert object;
	struct ledger_walk w;
	uint8_t key_id[16];
	struct cert ca;
	int rc = ledger_walk_cas(&o->ledger, &w, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_ca_next(&w, &ca, &object, e)) == 1) {
		cert_key_id(key_id, ca.key);
		if (memcmp(key_id, c->cert.issuer, sizeof(key_id)) == 0 &&
		    cert_verify_by(c->object.bytes, c->object.len, &ca) == 0)
			break;
	}
	ledger_end(&w);
	if (rc == 0)
		rc = err_set(e, ERR_AUTH, "%s: certificate %llu was not signed by this authority; "
		    "somebody changed the ledger, restore it from a backup", o->ledger.path,
		    (unsigned long long)c->cert.serial);
	return rc < 0 ? rc : 0;
}

/* Every certificate of this walk, which ends here. */
static int
verify_walk(struct office *o, struct ledger_walk *w, struct err *e)
{
	struct ledger_cert c;
	int rc;

	while ((rc = ledger_next(w, &c, e)) == 1) {
		rc = signed_here(o, &c, e);
		if (rc < 0)
			break;
	}
	ledger_end(w);
	return rc;
}

int
office_verify(struct office *o, uint64_t *ret_lines, uint8_t ret_head[static 32], struct err *e)
{
	struct ledger_walk w;
	int rc = ledger_verify(&o->ledger, ret_lines, ret_head, e);

	if (rc == 0)
		rc = ledger_walk(&o->ledger, &w, e);
	if (rc == 0)
		rc = verify_walk(o, &w, e);
	if (rc == 0)
		rc = ledger_walk_issuing(&o->ledger, &w, e);
	return rc < 0 ? rc : verify_walk(o, &w, e);
}
