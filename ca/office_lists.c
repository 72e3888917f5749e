/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_lists.c - what the next network state will list, from what the ledger knows.
 */
#include "ca/office_lists.h"
#include "ca/ledger_inherit.h"
#include "ca/ledger_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
office_lists_free(struct office_lists *d)
{
	if (d == NULL)
		return;
	free(d->ranges);
	free(d->keys);
	free(d);
}

/* Room for one more range and key. */
static int
grow(struct office_lists *d, struct err *e)
{
	size_t cap = d->cap == 0 ? 256 : d->cap * 2;
	void *ranges, *keys;

	if (max_u64(d->range_count, d->key_count) < d->cap)
		return 0;
	ranges = realloc(d->ranges, cap * sizeof(*d->ranges));
	if (ranges != NULL)
		d->ranges = ranges;
	keys = realloc(d->keys, cap * sizeof(*d->keys));
	if (keys != NULL)
		d->keys = keys;
	if (ranges == NULL || keys == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the network's state");
	d->cap = cap;
	return 0;
}

/* By its key, so that what it signed and what it will be given anew are no good either. */
static int
add_ca_id(struct office_lists *d, const uint8_t key_id[static 16], struct err *e)
{
	if (d->ca_count == NETSTATE_ENTRIES_MAX)
		return err_set(e, ERR_FULL, "more than %d issuing authorities are revoked, and a "
		    "state lists no more", NETSTATE_ENTRIES_MAX);
	memcpy(d->cas[d->ca_count++].key_id, key_id, 16);
	return 0;
}

static int
add_ca(struct office_lists *d, const struct cert *c, struct err *e)
{
	uint8_t key_id[16];

	cert_key_id(key_id, c->key);
	return add_ca_id(d, key_id, e);
}

/* Serial numbers from before `min_not_before` are revoked without being listed. */
static int
add_revoked(struct office_lists *d, const struct ledger_revoked *r, uint64_t min_not_before,
    struct err *e)
{
	const struct cert *c = &r->cert;
	int rc = r->ca ? add_ca(d, c, e) : grow(d, e);

	if (rc < 0 || r->ca)
		return rc;
	if (c->not_before >= min_not_before) {
		struct netstate_range *range = &d->ranges[d->range_count++];

		memcpy(range->issuer, c->issuer, sizeof(range->issuer));
		range->first = range->last = c->serial;
	}
	if (r->key_too)
		memcpy(d->keys[d->key_count++].key, c->key, sizeof(c->key));
	return 0;
}

static bool
has_key(const struct office_lists *d, const uint8_t key[static 32])
{
	for (uint32_t i = 0; i < d->key_count; i++) {
		if (memcmp(d->keys[i].key, key, 32) == 0)
			return true;
	}
	return false;
}

static int
add_key(struct office_lists *d, const uint8_t key[static 32], struct err *e)
{
	int rc = grow(d, e);

	if (rc == 0)
		memcpy(d->keys[d->key_count++].key, key, 32);
	return rc;
}

/*
 * What a state listed that was signed after the backup. Its serial numbers are of certificates that
 * were signed before it was.
 */
static int
add_inherited(struct office_lists *d, const struct netstate *s, uint64_t min_not_before, struct err *e)
{
	uint32_t ranges = s->issued < min_not_before ? 0 : s->range_count;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < ranges; i++) {
		rc = grow(d, e);
		if (rc == 0)
			d->ranges[d->range_count++] = s->ranges[i];
	}
	for (uint32_t i = 0; rc == 0 && i < s->key_count; i++) {
		rc = has_key(d, s->keys[i].key) ? 0 : add_key(d, s->keys[i].key, e);
	}
	for (uint32_t i = 0; rc == 0 && i < s->ca_count; i++)
		rc = add_ca_id(d, s->cas[i].key_id, e);
	return rc;
}

static int
list_inherited(struct office *o, struct office_lists *d, uint64_t now, struct err *e)
{
	struct ledger_policy policy;
	struct netstate s;
	int rc = ledger_policy(&o->ledger, &policy, e);

	if (rc == 0)
		rc = ledger_inherited(&o->ledger, &s, now, e);
	if (rc != 1)
		return rc;
	rc = add_inherited(d, &s, policy.min_not_before, e);
	netstate_free(&s);
	return rc;
}

static int
list_revoked(struct office *o, struct office_lists *d, uint64_t now, struct err *e)
{
	struct ledger_policy policy;
	struct ledger_revoked r;
	struct ledger_walk w;
	int rc = ledger_policy(&o->ledger, &policy, e);

	if (rc == 0)
		rc = ledger_walk_revoked(&o->ledger, &w, now, e);
	if (rc < 0)
		return rc;
	while ((rc = ledger_revoked_next(&w, &r, e)) == 1) {
		rc = add_revoked(d, &r, policy.min_not_before, e);
		if (rc < 0)
			break;
	}
	ledger_end(&w);
	return rc < 0 ? rc : list_inherited(o, d, now, e);
}

static int
list_lighthouses(struct office *o, struct office_lists *d, uint64_t now, struct err *e)
{
	struct ledger_walk w;
	struct ledger_cert c;
	int rc = ledger_walk_lighthouses(&o->ledger, &w, e);

	if (rc < 0)
		return rc;
	while (d->lighthouse_count < NETSTATE_LIGHTHOUSES_MAX &&
	    (rc = ledger_next(&w, &c, e)) == 1) {
		struct netstate_lighthouse *l = &d->lighthouses[d->lighthouse_count];

		if (c.cert.not_after < now)
			continue;
		memcpy(l->key, c.cert.key, sizeof(l->key));
		rc = ledger_endpoints(&o->ledger, &l->where, c.cert.serial, e);
		if (rc < 0)
			break;
		d->lighthouse_count++;
	}
	ledger_end(&w);
	return rc < 0 ? rc : 0;
}

int
office_lists_fill(struct office *o, struct office_lists *d, uint64_t now, struct err *e)
{
	int rc = list_revoked(o, d, now, e);

	if (rc == 0)
		rc = list_lighthouses(o, d, now, e);
	if (rc < 0)
		return rc;
	netstate_sort_ranges(d->ranges, &d->range_count);
	netstate_sort_cas(d->cas, &d->ca_count);
	netstate_sort_lighthouses(d->lighthouses, &d->lighthouse_count);
	return 0;
}

int
office_lists_fit(struct office_lists *d, struct err *e)
{
	uint32_t fixed = d->range_count + d->ca_count;

	if (fixed > NETSTATE_ENTRIES_MAX)
		return err_set(e, ERR_FULL, "%u ranges of serial numbers are revoked, and a state "
		    "lists %d; give everybody new certificates, and revoke what is older with "
		    "`mpynet revoke --older-than DURATION`", fixed, NETSTATE_ENTRIES_MAX);
	if (d->key_count > NETSTATE_ENTRIES_MAX - fixed)
		d->key_count = NETSTATE_ENTRIES_MAX - fixed;
	netstate_sort_keys(d->keys, &d->key_count);
	return 0;
}
