/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_state.c - signing the network's state from what the ledger knows.
 */
#include "ca/office_state.h"
#include "ca/ledger_chain.h"
#include "ca/ledger_state.h"
#include "ca/office_lists.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Everything that a state says but its lists; its version is at least what `s` has. */
static int
head_of(struct office *o, struct netstate *s, uint64_t now, struct err *e)
{
	struct ledger_policy policy;
	struct ledger_state *last = calloc(1, sizeof(*last));
	uint64_t lines;
	int rc;

	if (last == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the network's state");
	rc = ledger_state(&o->ledger, last, e);
	if (rc >= 0)
		rc = ledger_policy(&o->ledger, &policy, e);
	if (rc >= 0)
		rc = ledger_log_head(&o->ledger, &lines, s->log_head, e);
	if (rc >= 0) {
		memcpy(s->network, o->ca.cert.network, sizeof(s->network));
		memcpy(s->previous, last->fingerprint, sizeof(s->previous));
		cert_key_id(s->issuer, o->ca.cert.key);
		s->version = max_u64(s->version, max_u64(last->version + 1, now));
		s->issued = now;
		s->next_update = now + OFFICE_STATE_UPDATE;
		s->expires = now + OFFICE_STATE_LIFETIME;
		s->min_not_before = policy.min_not_before;
		s->required = policy.state_required;
	}
	free(last);
	return rc < 0 ? rc : 0;
}

struct proclaimed
proclaimed_by(const struct netstate *s)
{
	return (struct proclaimed){
		.id = netstate_id(s),
		.issued = s->issued,
		.next_update = s->next_update,
		.expires = s->expires,
		.ranges = s->range_count,
		.keys = s->key_count,
		.cas = s->ca_count,
	};
}

int
office_log_state(struct office *o, const char *event, const struct netstate *s, uint64_t now,
    struct err *e)
{
	struct log_line line = { .time = now };

	(void)snprintf(line.event, sizeof(line.event), "%s", event);
	memcpy(line.name, o->ca.cert.name, sizeof(line.name));
	memcpy(line.digest, s->fingerprint, sizeof(line.digest));
	(void)snprintf(line.detail, sizeof(line.detail),
	    "version %llu: %u ranges, %u keys and %u authorities are revoked",
	    (unsigned long long)s->version, s->range_count, s->key_count, s->ca_count);
	return ledger_log(&o->ledger, &line, e);
}

/* It is the newest from here on, and the log says so. */
static int
keep_state(struct office *o, const uint8_t *object, size_t len, const struct netstate *s,
    uint64_t now, struct err *e)
{
	struct ledger_state *kept = calloc(1, sizeof(*kept));
	int rc;

	if (kept == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the network's state");
	kept->version = s->version;
	memcpy(kept->fingerprint, s->fingerprint, sizeof(kept->fingerprint));
	kept->len = len;
	memcpy(kept->object, object, len);
	rc = ledger_state_put(&o->ledger, kept, e);
	free(kept);
	return rc < 0 ? rc : office_log_state(o, "state", s, now, e);
}

int
office_state_keep(struct office *o, const uint8_t *object, size_t len, uint64_t now,
    struct proclaimed *ret, struct err *e)
{
	enum breach why = BREACH_NONE;
	struct netstate s;
	int rc = netstate_decode(&s, object, len, &why);

	if (rc < 0)
		return err_set(e, rc, "the network's state %s", breach_reason(rc, why));
	rc = keep_state(o, object, len, &s, now, e);
	if (rc == 0)
		*ret = proclaimed_by(&s);
	netstate_free(&s);
	return rc;
}

/* All but the lists comes in `s`. */
static int
write_state(struct netstate *s, const struct office_lists *d, const struct ca_keys *keys, uint8_t *to,
    struct err *e)
{
	static const uint8_t unsigned_yet[OBJECT_SIGNATURE];
	enum breach why = BREACH_NONE;
	int rc;

	s->lighthouse_count = d->lighthouse_count;
	s->lighthouses = d->lighthouses;
	s->range_count = d->range_count;
	s->ranges = d->ranges;
	s->key_count = d->key_count;
	s->keys = d->keys;
	s->ca_count = d->ca_count;
	s->cas = d->cas;
	rc = keys != NULL ? netstate_sign(s, to, NETSTATE_MAX, keys->seed, &why)
			  : netstate_encode(s, to, NETSTATE_MAX, unsigned_yet, &why);
	return rc < 0 ? err_set(e, rc, "the network's state %s", breach_reason(rc, why)) : rc;
}

int
office_state_write(struct office *o, const struct ca_keys *keys, uint64_t version, uint64_t now,
    uint8_t *to, struct err *e)
{
	struct office_lists *d = calloc(1, sizeof(*d));
	struct netstate s = { .version = version };
	int rc;

	if (d == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the network's state");
	rc = head_of(o, &s, now, e);
	if (rc == 0)
		rc = office_lists_fill(o, d, now, e);
	if (rc == 0)
		rc = office_lists_fit(d, e);
	if (rc == 0)
		rc = write_state(&s, d, keys, to, e);
	office_lists_free(d);
	return rc;
}

int
office_may_state(const struct office *o, struct err *e)
{
	if (o->ca.role == LEDGER_ROOT ||
	    (o->ca.role == LEDGER_ISSUING && (o->ca.cert.flags & CERT_STATE)))
		return 0;
	return err_set(e, ERR_DENIED, "%s may not sign the network's state; its root does",
	    o->ca.cert.name);
}

bool
office_is_cosigned(const struct office *o)
{
	return o->ca.cert.cosigners.count > 0;
}

int
office_state_renew(struct office *o, const struct ca_keys *keys, uint64_t now,
    struct proclaimed *ret, struct err *e)
{
	int rc = office_may_state(o, e);
	uint8_t *object;

	assert(!office_is_cosigned(o));
	if (rc < 0)
		return rc;
	object = malloc(NETSTATE_MAX);
	if (object == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the network's state");
	rc = office_state_write(o, keys, 0, now, object, e);
	if (rc > 0)
		rc = office_state_keep(o, object, (size_t)rc, now, ret, e);
	free(object);
	return rc;
}

int
office_state_entries(struct office *o, uint32_t *ret, struct err *e)
{
	struct office_lists *d = calloc(1, sizeof(*d));
	int rc;

	if (d == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the network's state");
	rc = office_lists_fill(o, d, office_now(), e);
	if (rc == 0)
		*ret = d->range_count + d->ca_count + d->key_count;
	office_lists_free(d);
	return rc;
}

static bool
covers(const struct netstate *s, const struct netstate_range *r)
{
	for (uint32_t i = 0; i < s->range_count; i++) {
		if (memcmp(s->ranges[i].issuer, r->issuer, sizeof(r->issuer)) == 0 &&
		    s->ranges[i].first <= r->first && r->last <= s->ranges[i].last)
			return true;
	}
	return false;
}

static uint32_t
count_missing(const struct netstate *s, const struct office_lists *d)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < d->range_count; i++)
		n += !covers(s, &d->ranges[i]);
	for (uint32_t i = 0; i < d->key_count; i++)
		n += !netstate_has_key(s, d->keys[i].key);
	for (uint32_t i = 0; i < d->ca_count; i++)
		n += !netstate_has_ca(s, d->cas[i].key_id);
	return n;
}

int
office_state_untold(struct office *o, uint32_t *ret, struct err *e)
{
	struct office_lists *d = calloc(1, sizeof(*d));
	struct ledger_state *last = calloc(1, sizeof(*last));
	struct netstate s = { .version = 0 };
	int rc;

	if (d == NULL || last == NULL)
		rc = err_set(e, -ENOMEM, "there is no memory for the network's state");
	else
		rc = ledger_state(&o->ledger, last, e);
	if (rc == 1)
		rc = netstate_decode(&s, last->object, last->len, NULL);
	if (rc >= 0)
		rc = office_lists_fill(o, d, office_now(), e);
	if (rc == 0)
		rc = office_lists_fit(d, e);
	if (rc == 0)
		*ret = count_missing(&s, d);
	netstate_free(&s);
	office_lists_free(d);
	free(last);
	return rc;
}

int
office_state_sign(struct office *o, const struct ca_keys *keys, struct proclaimed *ret,
    struct err *e)
{
	int rc, lock = office_lock(o, e);

	if (lock < 0)
		return lock;
	rc = ledger_begin(&o->ledger, e);
	if (rc == 0) {
		rc = office_state_renew(o, keys, office_now(), ret, e);
		rc = ledger_finish(&o->ledger, rc, e);
	}
	close(lock);
	return rc;
}

/*
 * What was signed, for others
 */

int
office_state_shown(struct office *o, struct proclaimed *ret, struct err *e)
{
	struct ledger_state *kept = calloc(1, sizeof(*kept));
	struct netstate s;
	int rc;

	if (kept == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the network's state");
	rc = ledger_state(&o->ledger, kept, e);
	if (rc == 1) {
		rc = netstate_decode(&s, kept->object, kept->len, NULL);
		if (rc < 0) {
			rc = err_set(e, rc, "the network's state in %s %s; restore it from a "
			    "backup", o->ledger.path, err_phrase(rc));
		} else {
			*ret = proclaimed_by(&s);
			netstate_free(&s);
			rc = 1;
		}
	}
	free(kept);
	return rc;
}

/* The last of the rotations that lead to the root that signs here. */
static int
collect_rotations(struct office *o, struct ledger_rotation *to, uint32_t *count, struct err *e)
{
	struct ledger_walk w;
	int rc = ledger_walk_rotations(&o->ledger, &w, e);

	*count = 0;
	if (rc < 0)
		return rc;
	while ((rc = ledger_rotation_next(&w, &to[*count], e)) == 1) {
		if (++*count <= NETSTATE_ROTATIONS_MAX)
			continue;
		memmove(to, to + 1, NETSTATE_ROTATIONS_MAX * sizeof(*to));
		*count = NETSTATE_ROTATIONS_MAX;
	}
	ledger_end(&w);
	return rc;
}

static int
write_blob(struct office *o, uint8_t *to, const struct ledger_state *s, struct err *e)
{
	struct ledger_rotation rotations[NETSTATE_ROTATIONS_MAX + 1];
	struct netstate_blob b = { .state = { s->object, s->len } };
	int rc = collect_rotations(o, rotations, &b.rotation_count, e);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < b.rotation_count; i++)
		b.rotations[i] = (struct netstate_part){ rotations[i].object, rotations[i].len };
	if (o->ca.role == LEDGER_ISSUING)
		b.ca = (struct netstate_part){ o->ca.object.bytes, o->ca.object.len };
	rc = netstate_blob_write(to, NETSTATE_BLOB_MAX, &b);
	return rc < 0 ? err_set(e, rc, "the network's state %s", err_phrase(rc)) : rc;
}

int
office_state_blob(struct office *o, uint8_t *to, struct err *e)
{
	struct ledger_state *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the network's state");
	rc = ledger_state(&o->ledger, s, e);
	if (rc == 1)
		rc = write_blob(o, to, s, e);
	free(s);
	return rc;
}

static int
log_export(struct office *o, struct err *e)
{
	struct log_line line = { .time = office_now(), .event = "export" };
	struct proclaimed shown;
	int rc = office_state_shown(o, &shown, e);

	if (rc >= 0)
		rc = ledger_begin(&o->ledger, e);
	if (rc < 0)
		return rc;
	memcpy(line.name, o->ca.cert.name, sizeof(line.name));
	(void)snprintf(line.detail, sizeof(line.detail), "state, version %llu",
	    (unsigned long long)shown.id.version);
	rc = ledger_log(&o->ledger, &line, e);
	return ledger_finish(&o->ledger, rc, e);
}

int
office_export_state(struct office *o, char *to, struct err *e)
{
	uint8_t *blob = malloc(NETSTATE_BLOB_MAX);
	int rc, len;

	if (blob == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the network's state");
	len = office_state_blob(o, blob, e);
	if (len == 0)
		len = err_set(e, -ENOENT, "no state of network %s was signed yet; `mpynet ca state "
		    "--sign` does", o->ca.cert.name);
	if (len > 0)
		len = pem_write(to, OFFICE_STATE_TEXT_MAX, PEM_STATE, blob, (size_t)len);
	free(blob);
	rc = len < 0 ? len : log_export(o, e);
	return rc < 0 ? rc : len;
}
