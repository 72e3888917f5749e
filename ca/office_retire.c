/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_retire.c - the end of a key that its host has changed for another.
 */
#include "ca/office_retire.h"

#include "ca/office_state.h"

#include <string.h>

/* Of what a state can list, the rest is for those who are revoked by a person. */
#define ENTRIES_MAX (NETSTATE_ENTRIES_MAX / 5 * 4)

/* What a host had under other keys than its newest certificate's. */
struct old_keys {
	struct cert certs[RETIRED_MAX]; /* that are valid still */
	size_t count;
	size_t revoked; /* certificates, by now */
};

static int
find_old(struct ledger *l, struct old_keys *ret, const struct cert *live, uint64_t now,
    struct err *e)
{
	struct ledger_walk w;
	struct ledger_cert c;
	int rc = ledger_walk_name(l, &w, live->name, now, e);

	ret->count = ret->revoked = 0;
	if (rc < 0)
		return rc;
	while ((rc = ledger_next(&w, &c, e)) == 1) {
		if (memcmp(c.cert.key, live->key, sizeof(live->key)) == 0)
			continue;
		if (c.status == LEDGER_REVOKED)
			ret->revoked++;
		else if (c.status == LEDGER_SUPERSEDED && ret->count < RETIRED_MAX)
			ret->certs[ret->count++] = c.cert;
	}
	ledger_end(&w);
	return rc;
}

/* A state has to have room left for what matters more: 1, or 0. */
static int
has_room(struct office *o, const struct old_keys *k, struct err *e)
{
	uint32_t entries;
	int rc;

	if (k->revoked + k->count > RETIRED_MAX)
		return 0;
	rc = office_state_entries(o, &entries, e);
	return rc < 0 ? rc : entries + 2 * k->count <= ENTRIES_MAX;
}

static int
end_old(struct office *o, const struct old_keys *k, uint64_t now, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < k->count; i++) {
		rc = ledger_end_cert(&o->ledger, k->certs[i].serial, LEDGER_REVOKED, e);
		if (rc == 0)
			rc = ledger_log_cert(&o->ledger, now, "revoke", &k->certs[i],
			    "with its key: its host has another one", e);
	}
	return rc;
}

/* By this office now, or when somebody with its key, or its co-signers, sign the next one. */
static int
say(const struct clerk *c, const struct cert *live, uint64_t now, struct clerk_answer *ret,
    struct err *e)
{
	struct proclaimed p;
	int rc;

	if (c->keys == NULL || office_is_cosigned(c->office)) {
		clerk_notice(ret, false, "%s has its new key in use, and the one before is revoked; "
		    "everybody hears of it by: mpynet ca state --sign", live->name);
		return 0;
	}
	rc = office_state_renew(c->office, c->keys, now, &p, e);
	ret->state = rc == 0;
	clerk_notice(ret, false, "%s has its new key in use, and the one before is revoked",
	    live->name);
	return rc;
}

static void
say_kept(const struct cert *live, const char *why, struct clerk_answer *ret)
{
	clerk_notice(ret, true, "%s has its new key in use, and its certificates for keys before "
	    "stay good until their end: %s", live->name, why);
}

int
office_retire(const struct clerk *c, const struct cert *live, struct clerk_answer *ret,
    struct err *e)
{
	struct office *o = c->office;
	uint64_t now = office_now();
	struct old_keys k;
	int rc = c->keep_old ? 0 : find_old(&o->ledger, &k, live, now, e);

	if (rc < 0 || c->keep_old || k.count == 0)
		return rc;
	if (office_may_state(o, NULL) < 0) {
		say_kept(live, "only the network's root can revoke them", ret);
		return 0;
	}
	rc = has_room(o, &k, e);
	if (rc == 0)
		say_kept(live, "the network's state has no more room for keys that were changed; "
		    "mpynet revoke SERIAL does it", ret);
	if (rc <= 0)
		return rc;
	rc = end_old(o, &k, now, e);
	return rc < 0 ? rc : say(c, live, now, ret, e);
}
