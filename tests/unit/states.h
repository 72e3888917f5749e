/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * states.h - network states and rotations for tests, signed by the authorities of certs.h.
 */
#ifndef TESTS_UNIT_STATES_H
#define TESTS_UNIT_STATES_H

#include "core/netstate.h"
#include "core/rotation.h"
#include "tests/unit/certs.h"

#define STATES_ENTRIES 8 /* of each list */

/* What is to be said, and after states_sign() the blob that says it. */
struct statement {
	struct netstate s;
	struct netstate_range ranges[STATES_ENTRIES];
	struct netstate_key keys[STATES_ENTRIES];
	struct netstate_ca cas[STATES_ENTRIES];
	uint32_t rotation_count; /* statements that lead to the signer, oldest first */
	struct {
		uint8_t bytes[ROTATION_MAX];
		size_t len;
	} rotations[NETSTATE_ROTATIONS_MAX];
	size_t object_len;
	uint8_t object[NETSTATE_MAX];
	size_t len;
	uint8_t blob[NETSTATE_BLOB_MAX];
};

/* A state that revokes nobody yet. */
static inline struct statement *
states_new(const struct authority *a, uint64_t version)
{
	struct statement *st = calloc(1, sizeof(*st));

	ASSERT(st != NULL);
	memcpy(st->s.network, a->cert.network, sizeof(st->s.network));
	st->s.version = version;
	st->s.issued = CERTS_NOW;
	st->s.next_update = CERTS_NOW + 7 * CERTS_DAY;
	st->s.expires = CERTS_NOW + 30 * CERTS_DAY;
	return st;
}

static inline void
states_revoke_serial(struct statement *st, const struct authority *by, uint64_t first, uint64_t last)
{
	struct netstate_range *r = &st->ranges[st->s.range_count++];

	cert_key_id(r->issuer, by->cert.key);
	r->first = first;
	r->last = last;
}

static inline void
states_revoke_key(struct statement *st, const struct host *h)
{
	memcpy(st->keys[st->s.key_count++].key, h->cert.key, 32);
}

static inline void
states_revoke_ca(struct statement *st, const struct authority *a)
{
	cert_key_id(st->cas[st->s.ca_count++].key_id, a->cert.key);
}

/* At `now` `to` follows `from`, whose overlap ends at `until`. */
static inline void
states_rotate_at(struct statement *st, const struct authority *from, const struct authority *to,
    uint64_t now, uint64_t until)
{
	size_t i = st->rotation_count++;
	struct rotation r = { .from = now, .until = until, .root_len = to->len };
	enum breach why = BREACH_NONE;
	int n;

	memcpy(r.root_bytes, to->bytes, to->len);
	n = rotation_sign(&r, st->rotations[i].bytes, ROTATION_MAX, from->seed, &why);
	if (n < 0)
		test_fail(__FILE__, __LINE__, "a rotation %s", breach_reason(n, why));
	st->rotations[i].len = (size_t)n;
}

static inline void
states_rotate(struct statement *st, const struct authority *from, const struct authority *to,
    uint64_t until)
{
	states_rotate_at(st, from, to, CERTS_NOW, until);
}

/* Sorts, signs as `by`, whose certificate goes along if it is an issuing CA. */
static inline void
states_sign(struct statement *st, const struct authority *by)
{
	struct netstate_blob b = { .rotation_count = st->rotation_count };
	enum breach why = BREACH_NONE;
	int n;

	netstate_sort_ranges(st->ranges, &st->s.range_count);
	netstate_sort_keys(st->keys, &st->s.key_count);
	netstate_sort_cas(st->cas, &st->s.ca_count);
	st->s.ranges = st->ranges;
	st->s.keys = st->keys;
	st->s.cas = st->cas;
	n = netstate_sign(&st->s, st->object, sizeof(st->object), by->seed, &why);
	if (n < 0)
		test_fail(__FILE__, __LINE__, "a state %s", breach_reason(n, why));
	st->object_len = (size_t)n;
	for (uint32_t i = 0; i < st->rotation_count; i++)
		b.rotations[i] =
		    (struct netstate_part){ st->rotations[i].bytes, st->rotations[i].len };
	if (!cert_is_root(&by->cert))
		b.ca = (struct netstate_part){ by->bytes, by->len };
	b.state = (struct netstate_part){ st->object, st->object_len };
	n = netstate_blob_write(st->blob, sizeof(st->blob), &b);
	ASSERT(n > 0);
	st->len = (size_t)n;
}

#endif
