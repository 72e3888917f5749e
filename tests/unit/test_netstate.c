/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_netstate.c - network states and rotations as bytes: one encoding, its limits, its lists.
 */
#include "tests/unit/states.h"
#include "tests/unit/vectors.h"

/* Everything that a state can say, a little of each. */
static struct statement *
talkative(const struct authority *root, struct netstate_lighthouse lighthouses[static 2])
{
	struct statement *st = states_new(root, 42);
	struct host h = certs_host(root, "party1", "10.87.0.3", 7);

	test_fill(st->s.previous, 32);
	test_fill(st->s.log_head, 32);
	st->s.min_not_before = CERTS_NOW - 1;
	st->s.required = true;
	states_revoke_serial(st, root, 3, 9);
	states_revoke_serial(st, root, 20, 20);
	states_revoke_key(st, &h);
	states_revoke_ca(st, root);
	memset(lighthouses, 0, 2 * sizeof(*lighthouses));
	for (uint32_t i = 0; i < 2; i++) {
		test_fill(lighthouses[i].key, 32);
		ASSERT_EQ(endpoint_take(&lighthouses[i].where, "192.0.2.1:7717"), 0);
		ASSERT_EQ(endpoint_take(&lighthouses[i].where, "lh.example:7717"), 0);
		ASSERT_EQ(endpoint_take(&lighthouses[i].where, "tcp/8443"), 0);
	}
	st->s.lighthouse_count = 2;
	st->s.lighthouses = lighthouses;
	netstate_sort_lighthouses(lighthouses, &st->s.lighthouse_count);
	states_sign(st, root);
	return st;
}

TEST(what_was_signed_is_what_is_read)
{
	struct authority root = certs_root();
	struct netstate_lighthouse lighthouses[2];
	struct statement *st = talkative(&root, lighthouses);
	uint8_t again[NETSTATE_MAX];
	struct netstate s;

	ASSERT_EQ(netstate_decode(&s, st->object, st->object_len, NULL), 0);
	ASSERT_EQ(s.version, 42);
	ASSERT(s.required);
	ASSERT_EQ(s.range_count, 2);
	ASSERT_EQ(s.ranges[0].last, 9);
	ASSERT_EQ(s.key_count, 1);
	ASSERT_EQ(s.ca_count, 1);
	ASSERT_EQ(s.lighthouse_count, 2);
	ASSERT_STR(s.lighthouses[1].where.endpoints[1], "lh.example:7717");
	ASSERT_EQ(s.lighthouses[1].where.tcp, 8443);
	ASSERT_MEM(s.fingerprint, st->s.fingerprint, 32);
	ASSERT_EQ(netstate_encode(&s, again, sizeof(again),
		      st->object + st->object_len - OBJECT_SIGNATURE, NULL),
	    (int)st->object_len);
	ASSERT_MEM(again, st->object, st->object_len);
	ASSERT_EQ(netstate_encode(&s, again, st->object_len - 1,
		      st->object + st->object_len - OBJECT_SIGNATURE, NULL),
	    ERR_FULL);
	netstate_free(&s);
	ASSERT_EQ(s.range_count, 0);
	free(st);
}

/* Whatever bit changes: it is refused, or reads as something else under another fingerprint. */
TEST(a_bit_that_changes_changes_the_fingerprint)
{
	struct authority root = certs_root();
	struct netstate_lighthouse lighthouses[2];
	struct statement *st = talkative(&root, lighthouses);
	size_t unsigned_len = st->object_len - OBJECT_SIGNATURE;

	for (size_t bit = 0; bit < unsigned_len * 8; bit++) {
		struct netstate s;

		st->object[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (netstate_decode(&s, st->object, st->object_len, NULL) == 0) {
			ASSERT(memcmp(s.fingerprint, st->s.fingerprint, 32) != 0);
			ASSERT_EQ(object_verify(st->object, st->object_len, root.cert.key),
			    ERR_AUTH);
			netstate_free(&s);
		}
		st->object[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(st);
}

/* A model too simple to be wrong: every serial number on its own. */
TEST(ranges_hold_what_was_put_in_and_nothing_else)
{
	struct netstate_range ranges[40];
	bool wanted[2][70] = { { false } };
	struct netstate s = { .ranges = ranges };

	memset(ranges, 0, sizeof(ranges));
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		size_t issuer = test_rand() % 2;

		ranges[i].issuer[0] = (uint8_t)issuer;
		ranges[i].first = 1 + test_rand() % 60;
		ranges[i].last = ranges[i].first + test_rand() % 3;
		for (uint64_t n = ranges[i].first; n <= ranges[i].last; n++)
			wanted[issuer][n] = true;
	}
	s.range_count = ARRAY_LEN(ranges);
	netstate_sort_ranges(ranges, &s.range_count);
	for (size_t issuer = 0; issuer < 2; issuer++) {
		uint8_t id[16] = { (uint8_t)issuer };

		for (uint64_t n = 1; n < 70; n++)
			ASSERT_EQ(netstate_has_serial(&s, id, n), wanted[issuer][n]);
		ASSERT(!netstate_has_serial(&s, id, UINT64_MAX));
	}
	for (uint32_t i = 1; i < s.range_count; i++)
		ASSERT(ranges[i - 1].issuer[0] < ranges[i].issuer[0] ||
		       ranges[i - 1].last + 1 < ranges[i].first);
}

TEST(the_last_serial_number_of_all_ends_a_range)
{
	struct netstate_range ranges[] = { { .first = UINT64_MAX, .last = UINT64_MAX },
		{ .first = 5, .last = UINT64_MAX } };
	struct netstate s = { .ranges = ranges, .range_count = 2 };
	uint8_t id[16] = { 0 };

	netstate_sort_ranges(ranges, &s.range_count);
	ASSERT_EQ(s.range_count, 1);
	ASSERT(netstate_has_serial(&s, id, UINT64_MAX));
	ASSERT(!netstate_has_serial(&s, id, 4));
}

TEST(keys_and_cas_are_found_wherever_they_stand)
{
	struct netstate_key keys[33];
	struct netstate_ca cas[33];
	struct netstate s = { .keys = keys, .cas = cas, .key_count = 32, .ca_count = 32 };
	uint8_t other[32];

	test_fill((uint8_t *)keys, sizeof(keys));
	test_fill((uint8_t *)cas, sizeof(cas));
	test_fill(other, sizeof(other));
	keys[31] = keys[7];
	netstate_sort_keys(keys, &s.key_count);
	netstate_sort_cas(cas, &s.ca_count);
	ASSERT_EQ(s.key_count, 31);
	ASSERT_EQ(s.ca_count, 32);
	for (uint32_t i = 0; i < s.key_count; i++)
		ASSERT(netstate_has_key(&s, keys[i].key));
	for (uint32_t i = 0; i < s.ca_count; i++)
		ASSERT(netstate_has_ca(&s, cas[i].key_id));
	ASSERT(!netstate_has_key(&s, other));
	ASSERT(!netstate_has_ca(&s, other));
}

TEST(a_thousand_entries_fit_and_one_more_does_not)
{
	struct authority root = certs_root();
	struct statement *st = states_new(&root, 1);
	struct netstate_key *keys = calloc(NETSTATE_ENTRIES_MAX + 1, sizeof(*keys));
	struct netstate_lighthouse *lighthouses = calloc(NETSTATE_LIGHTHOUSES_MAX + 1,
	    sizeof(*lighthouses));
	enum breach why;
	struct netstate s = st->s;

	ASSERT(keys != NULL && lighthouses != NULL);
	test_fill((uint8_t *)keys, (NETSTATE_ENTRIES_MAX + 1) * sizeof(*keys));
	s.key_count = NETSTATE_ENTRIES_MAX;
	netstate_sort_keys(keys, &s.key_count);
	s.keys = keys;
	for (uint32_t i = 0; i <= NETSTATE_LIGHTHOUSES_MAX; i++) {
		lighthouses[i].key[0] = (uint8_t)i;
		for (uint32_t k = 0; k < BUNDLE_ENDPOINTS_MAX; k++) {
			char text[ENDPOINT_TEXT_MAX];

			snprintf(text, sizeof(text), "%c.lighthouse-%02u.example:7717",
			    (int)('a' + k), i);
			ASSERT_EQ(endpoint_take(&lighthouses[i].where, text), 0);
		}
	}
	s.lighthouses = lighthouses;
	s.lighthouse_count = NETSTATE_LIGHTHOUSES_MAX;
	ASSERT(netstate_sign(&s, st->object, sizeof(st->object), root.seed, &why) > 35000);
	s.lighthouse_count++;
	ASSERT_EQ(netstate_sign(&s, st->object, sizeof(st->object), root.seed, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_LIST_LONG);
	s.lighthouse_count = 0;
	s.key_count = NETSTATE_ENTRIES_MAX + 1;
	netstate_sort_keys(keys, &s.key_count);
	ASSERT_EQ(netstate_sign(&s, st->object, sizeof(st->object), root.seed, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_LIST_LONG);
	free(keys);
	free(lighthouses);
	free(st);
}

TEST(a_state_is_due_before_it_ends)
{
	static const struct {
		uint64_t next_update, expires;
	} wrong[] = { { CERTS_NOW, CERTS_NOW + 9 }, { CERTS_NOW + 9, CERTS_NOW + 8 },
		{ CERTS_NOW + 9, CERT_TIME_MAX + 1 } };
	struct authority root = certs_root();
	struct statement *st = states_new(&root, 1);
	enum breach why;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		st->s.next_update = wrong[i].next_update;
		st->s.expires = wrong[i].expires;
		ASSERT_EQ(netstate_sign(&st->s, st->object, sizeof(st->object), root.seed, &why),
		    ERR_CANON);
		ASSERT_EQ(why, BREACH_TIME);
	}
	free(st);
}

TEST(a_blob_has_its_parts_in_order)
{
	struct authority root = certs_root(), second = certs_root(), issuing = certs_issuing(&root);
	struct statement *st = states_new(&root, 1);
	uint8_t to[8192];
	struct netstate_blob b, again;
	enum breach why;
	int len;

	memcpy(second.cert.network, root.cert.network, 16);
	certs_sign_authority(&second, &second);
	states_rotate(st, &second, &root, CERTS_NOW);
	states_sign(st, &issuing);
	ASSERT_EQ(netstate_blob_open(&b, st->blob, st->len, NULL), 0);
	ASSERT_EQ(b.rotation_count, 1);
	ASSERT_EQ(b.ca.len, issuing.len);
	ASSERT_EQ(b.state.len, st->object_len);
	len = netstate_blob_write(to, sizeof(to), &b);
	ASSERT_EQ(len, (int)st->len);
	ASSERT_MEM(to, st->blob, st->len);
	ASSERT_EQ(netstate_blob_write(to, st->len - 1, &b), ERR_FULL);

	to[len] = 0;
	ASSERT_EQ(netstate_blob_open(&again, to, (size_t)len + 1, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_BLOB);
	again = b; /* two CAs */
	again.rotations[0] = b.ca;
	len = netstate_blob_write(to, sizeof(to), &again);
	ASSERT_EQ(netstate_blob_open(&again, to, (size_t)len, &why), ERR_CANON);
	again = b; /* a state after a state */
	again.ca = b.state;
	len = netstate_blob_write(to, sizeof(to), &again);
	ASSERT_EQ(netstate_blob_open(&again, to, (size_t)len, &why), ERR_CANON);
	again = b; /* no state */
	again.state.len = 0;
	len = netstate_blob_write(to, sizeof(to), &again);
	ASSERT_EQ(netstate_blob_open(&again, to, (size_t)len, &why), ERR_CANON);
	free(st);
}

TEST(a_rotation_leads_to_another_root_of_the_network)
{
	struct authority root = certs_root(), second = certs_root(), issuing = certs_issuing(&root);
	struct rotation r = { .from = CERTS_NOW, .until = CERTS_NOW + 1 }, again;
	uint8_t to[ROTATION_MAX];
	enum breach why;
	int len;

	memcpy(second.cert.network, root.cert.network, 16);
	certs_sign_authority(&second, &second);
	memcpy(r.root_bytes, second.bytes, second.len);
	r.root_len = second.len;
	len = rotation_sign(&r, to, sizeof(to), root.seed, &why);
	ASSERT(len > 0);
	ASSERT_EQ(rotation_decode(&again, to, (size_t)len, &why), 0);
	ASSERT_STR(again.root.name, second.cert.name);
	ASSERT_MEM(again.fingerprint, r.fingerprint, 32);
	ASSERT_EQ(object_verify(to, (size_t)len, root.cert.key), 0);

	ASSERT_EQ(rotation_sign(&r, to, sizeof(to), second.seed, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_NEW_ROOT); /* to itself */
	memcpy(r.root_bytes, issuing.bytes, issuing.len);
	r.root_len = issuing.len;
	ASSERT_EQ(rotation_sign(&r, to, sizeof(to), second.seed, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_NEW_ROOT); /* to an issuing CA */
	memcpy(r.root_bytes, second.bytes, second.len);
	r.root_len = second.len;
	r.root_bytes[r.root_len - 1] ^= 1;
	ASSERT_EQ(rotation_sign(&r, to, sizeof(to), root.seed, &why), ERR_AUTH);
	r.root_bytes[r.root_len - 1] ^= 1;
	r.from = r.until + 1;
	ASSERT_EQ(rotation_sign(&r, to, sizeof(to), root.seed, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_TIME);
}

/*
 * Known answers
 */

#define ROOM 40000

/* The object in `v`, read and written again, is the same, and has the fingerprint that it says. */
static void
known_object(struct vectors *v, uint8_t *object, uint8_t *again)
{
	size_t len = vector(v, "object", object, ROOM);
	uint8_t want[32], fingerprint[32], key[32];
	struct rotation r;
	struct netstate s;

	vector_exact(v, "fingerprint", want, sizeof(want));
	object_fingerprint(fingerprint, object, len);
	ASSERT_MEM(fingerprint, want, sizeof(want));
	if (object[4] == OBJECT_STATE) {
		ASSERT_EQ(netstate_decode(&s, object, len, NULL), 0);
		ASSERT_EQ(netstate_encode(&s, again, ROOM, object + len - OBJECT_SIGNATURE, NULL),
		    (int)len);
		ASSERT_MEM(again, object, len);
		netstate_free(&s);
	} else if (object[4] == OBJECT_ROTATION) {
		ASSERT_EQ(rotation_decode(&r, object, len, NULL), 0);
		ASSERT_MEM(r.fingerprint, want, sizeof(want));
	}
	if (vector_has(v, "issuer_public")) {
		vector_exact(v, "issuer_public", key, sizeof(key));
		ASSERT_EQ(object_verify(object, len, key), 0);
	}
}

/* Whoever holds the root takes what is there. */
static void
known_to_a_root(struct vectors *v, uint8_t *bytes)
{
	uint8_t root[CERT_MAX];
	size_t root_len = vector(v, "root", root, sizeof(root));
	bool is_blob = vector_has(v, "blob");
	size_t len = vector(v, is_blob ? "blob" : "object", bytes, ROOM);
	struct rng rng = certs_rng();
	struct trust *t = trust_new(&rng);
	struct verified verified;

	ASSERT_EQ(trust_add(t, root, root_len, CERTS_WALL, NULL), 0);
	if (is_blob)
		ASSERT_EQ(trust_state_install(t, bytes, len, CERTS_WALL, NULL), 0);
	else
		ASSERT_EQ(trust_verify(t, bytes, len, NULL, 0, CERTS_WALL, &verified, NULL), 0);
	trust_free(t);
}

TEST(known_states_are_read_to_the_byte)
{
	struct vectors v = vectors_open("states.txt");
	uint8_t *object = malloc(ROOM), *again = malloc(ROOM);
	int count = 0;

	ASSERT(object != NULL && again != NULL);
	while (vectors_next(&v)) {
		if (vector_has(&v, "object"))
			known_object(&v, object, again);
		if (vector_has(&v, "root"))
			known_to_a_root(&v, object);
		count++;
	}
	ASSERT_EQ(count, 8);
	free(object);
	free(again);
	vectors_close(&v);
}

TEST(known_bad_states_are_refused)
{
	struct vectors v = vectors_open("states-refused.txt");
	uint8_t *object = malloc(ROOM);
	int count = 0;

	ASSERT(object != NULL);
	while (vectors_next(&v)) {
		size_t len = vector(&v, "object", object, ROOM);
		struct rotation r;
		struct netstate s;
		int rc = object[4] == OBJECT_ROTATION ? rotation_decode(&r, object, len, NULL)
		                                      : netstate_decode(&s, object, len, NULL);

		if (rc >= 0)
			test_fail(__FILE__, __LINE__, "[%s] is taken", v.name);
		count++;
	}
	ASSERT(count > 50);
	free(object);
	vectors_close(&v);
}
