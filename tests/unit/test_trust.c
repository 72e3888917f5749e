/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_trust.c - which chains are believed, when, and why others are not.
 */
#include "tests/unit/certs.h"

static int
verify(struct trust *t, const struct host *h, const struct authority *issuing, enum breach *why)
{
	return certs_verify_at(t, h, issuing, CERTS_NOW, why);
}

TEST(a_host_signed_by_the_root_is_believed)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct trust *t = certs_trust(&root);
	struct verified v;

	for (int round = 0; round < 2; round++) { /* the second time from the cache */
		memset(&v, 0xa5, sizeof(v));
		ASSERT_EQ(trust_verify(t, h.bytes, h.len, NULL, 0, CERTS_WALL, &v, NULL), 0);
		ASSERT_STR(v.cert.name, "party1");
		ASSERT(v.issued_by_root);
		ASSERT_EQ(v.issuing_len, 0);
		ASSERT_EQ(v.valid_from, h.cert.not_before);
		ASSERT_EQ(v.valid_until, h.cert.not_after);
	}
	trust_free(t);
}

TEST(a_chain_of_three_is_valid_while_all_of_it_is)
{
	struct authority root = certs_root(), issuing = certs_issuing(&root);
	struct host h = certs_host(&issuing, "party.org", "10.87.16.9", 7);
	struct trust *t = certs_trust(&root);
	struct verified v;

	issuing.cert.not_after = CERTS_NOW + CERTS_DAY;
	certs_sign_authority(&issuing, &root);
	ASSERT_EQ(verify(t, &h, NULL, NULL), ERR_UNKNOWN);
	ASSERT_EQ(trust_verify(t, h.bytes, h.len, issuing.bytes, issuing.len, CERTS_WALL, &v, NULL),
	    0);
	ASSERT(!v.issued_by_root);
	ASSERT_EQ(v.valid_until, issuing.cert.not_after);
	ASSERT_EQ(v.issuing_len, issuing.len);
	ASSERT_MEM(v.issuing, issuing.bytes, issuing.len);

	/* Its issuing CA has been seen now. */
	ASSERT_EQ(verify(t, &h, NULL, NULL), 0);
	ASSERT_EQ(certs_verify_at(t, &h, &issuing, CERTS_NOW + CERTS_DAY, NULL), 0);
	ASSERT_EQ(certs_verify_at(t, &h, &issuing, CERTS_NOW + CERTS_DAY + 1, NULL), ERR_EXPIRED);
	trust_free(t);
}

TEST(a_certificate_is_valid_from_its_first_second_to_its_last)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct trust *t;

	h.cert.not_before = CERTS_NOW + 1000;
	h.cert.not_after = CERTS_NOW + 2000;
	certs_sign_host(&h, &root);
	t = certs_trust(&root);
	ASSERT_EQ(certs_verify_at(t, &h, NULL, CERTS_NOW + 1000 - CERT_BACKDATE - 1, NULL), ERR_NOT_YET);
	ASSERT_EQ(certs_verify_at(t, &h, NULL, CERTS_NOW + 1000 - CERT_BACKDATE, NULL), 0);
	ASSERT_EQ(certs_verify_at(t, &h, NULL, CERTS_NOW + 2000, NULL), 0);
	ASSERT_EQ(certs_verify_at(t, &h, NULL, CERTS_NOW + 2001, NULL), ERR_EXPIRED);
	trust_free(t);
}

TEST(a_clock_that_fell_back_does_not_revive_what_expired)
{
	struct authority root = certs_root();
	struct host old = certs_host(&root, "party1", "10.87.0.3", 7), young = old;
	struct trust *t = certs_trust(&root);

	young.cert.not_before = old.cert.not_after + 1000;
	young.cert.not_after = young.cert.not_before + 1000;
	certs_sign_host(&young, &root);
	ASSERT_EQ(verify(t, &old, NULL, NULL), 0);
	ASSERT_EQ(certs_verify_at(t, &young, NULL, young.cert.not_before, NULL), 0);
	ASSERT_EQ(trust_newest(t), young.cert.not_before);
	ASSERT_EQ(certs_verify_at(t, &old, NULL, 0, NULL), ERR_EXPIRED);
	ASSERT_EQ(certs_verify_at(t, &young, NULL, 0, NULL), 0);
	trust_free(t);
}

TEST(nobody_can_turn_the_clock_forward_step_by_step)
{
	struct authority root = certs_root();
	struct trust *t = certs_trust(&root);

	for (uint64_t step = 1; step <= 20; step++) {
		struct host h = certs_host(&root, "party1", "10.87.0.3", step);

		h.cert.not_before = CERTS_NOW + step * CERT_BACKDATE;
		h.cert.not_after = h.cert.not_before + 1000;
		certs_sign_host(&h, &root);
		ASSERT_EQ(verify(t, &h, NULL, NULL), step == 1 ? 0 : ERR_NOT_YET);
	}
	ASSERT_EQ(trust_now(t, CERTS_WALL), CERTS_NOW);
	trust_free(t);
}

TEST(the_own_certificate_sets_a_clock_that_is_behind)
{
	struct authority root = certs_root();
	struct host own = certs_host(&root, "party1", "10.87.0.3", 7);
	struct trust *t = certs_trust(&root);
	usec_t wall = (CERTS_NOW - 30 * CERTS_DAY) * USEC_PER_SEC;
	struct verified v;

	own.cert.not_before = CERTS_NOW + 1000;
	certs_sign_host(&own, &root);
	ASSERT_EQ(trust_verify(t, own.bytes, own.len, NULL, 0, wall, &v, NULL), ERR_NOT_YET);
	ASSERT_EQ(trust_own(t, own.bytes, own.len, NULL, 0, wall, &v, NULL), 0);
	ASSERT_EQ(trust_now(t, wall), CERTS_NOW + 1000);
	wall = (own.cert.not_after + 1) * USEC_PER_SEC;
	ASSERT_EQ(trust_own(t, own.bytes, own.len, NULL, 0, wall, &v, NULL), ERR_EXPIRED);
	own.bytes[own.len - 1] ^= 1;
	ASSERT_EQ(trust_own(t, own.bytes, own.len, NULL, 0, CERTS_WALL, &v, NULL), ERR_AUTH);
	trust_free(t);
}

TEST(what_was_seen_before_a_restart_keeps_the_clock)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct trust *t = certs_trust(&root);

	trust_saw(t, h.cert.not_after + 1);
	trust_saw(t, 5);
	ASSERT_EQ(verify(t, &h, NULL, NULL), ERR_EXPIRED);
	trust_free(t);
}

TEST(another_network_and_an_unknown_issuer_are_told_apart)
{
	struct authority root = certs_root(), other = certs_root(), stranger = certs_root();
	struct host wrong = certs_host(&other, "party1", "10.87.0.3", 7), unknown;
	struct trust *t = certs_trust(&root);
	enum breach why;

	memcpy(stranger.cert.network, root.cert.network, sizeof(root.cert.network));
	unknown = certs_host(&stranger, "party1", "10.87.0.3", 7);
	ASSERT_EQ(verify(t, &wrong, NULL, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_NETWORK);
	ASSERT_EQ(verify(t, &unknown, NULL, NULL), ERR_UNKNOWN);
	ASSERT_EQ(trust_add(t, other.bytes, other.len, CERTS_WALL, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_NETWORK);
	trust_free(t);
}

TEST(without_a_root_nobody_is_believed)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct rng rng = certs_rng();
	struct trust *t = trust_new(&rng);

	ASSERT_EQ(verify(t, &h, NULL, NULL), ERR_UNKNOWN);
	ASSERT(trust_network(t) == NULL);
	ASSERT(!trust_in_overlay(t, certs_ip("10.87.0.3")));
	trust_free(t);
}

TEST(a_stranger_who_copies_a_key_id_does_not_verify)
{
	struct authority root = certs_root(), forger = root;
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct trust *t = certs_trust(&root);

	test_fill(h.bytes + h.len - CERT_SIGNATURE_LEN, CERT_SIGNATURE_LEN);
	ASSERT_EQ(verify(t, &h, NULL, NULL), ERR_AUTH);
	/* A root that says it is the same one, signed by another key. */
	forger.bytes[forger.len - 1] ^= 1;
	ASSERT_EQ(trust_add(t, forger.bytes, forger.len, CERTS_WALL, NULL), ERR_AUTH);
	trust_free(t);
}

TEST(a_cached_chain_does_not_vouch_for_another_signature)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct trust *t = certs_trust(&root);

	ASSERT_EQ(verify(t, &h, NULL, NULL), 0);
	h.bytes[h.len - 1] ^= 1;
	ASSERT_EQ(verify(t, &h, NULL, NULL), ERR_AUTH);
	trust_free(t);
}

TEST(a_chain_with_any_bit_flipped_is_refused)
{
	struct authority root = certs_root(), issuing = certs_issuing(&root);
	struct host h = certs_host(&issuing, "party.org", "10.87.16.9", 7);
	struct trust *t = certs_trust(&root);

	ASSERT_EQ(verify(t, &h, &issuing, NULL), 0);
	for (size_t bit = 0; bit < issuing.len * 8; bit++) {
		issuing.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ASSERT(verify(t, &h, &issuing, NULL) < 0);
		issuing.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ASSERT_EQ(verify(t, &h, &issuing, NULL), 0);
	trust_free(t);
}

TEST(a_host_certificate_signs_nothing)
{
	struct authority root = certs_root(), false_ca = certs_authority("false.org");
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7), victim;
	struct trust *t = certs_trust(&root);
	enum breach why;

	memcpy(false_ca.cert.network, root.cert.network, 16);
	victim = certs_host(&false_ca, "party2", "10.87.0.4", 8);
	ASSERT_EQ(trust_verify(t, victim.bytes, victim.len, h.bytes, h.len, CERTS_WALL,
		      &(struct verified){ 0 }, &why),
	    ERR_DENIED);
	ASSERT_EQ(why, BREACH_NOT_A_CA);
	ASSERT_EQ(trust_add(t, h.bytes, h.len, CERTS_WALL, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_NOT_A_CA);
	ASSERT_EQ(trust_verify(t, root.bytes, root.len, NULL, 0, CERTS_WALL,
		      &(struct verified){ 0 }, &why),
	    ERR_DENIED);
	ASSERT_EQ(why, BREACH_NOT_A_HOST);
	trust_free(t);
}

TEST(there_is_at_most_one_ca_between)
{
	struct authority root = certs_root(), one = certs_issuing(&root), two;
	struct host h;
	struct trust *t = certs_trust(&root);
	enum breach why;

	two = certs_issuing(&one);
	h = certs_host(&two, "party.org", "10.87.16.9", 7);
	ASSERT_EQ(verify(t, &h, &one, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_ISSUER);
	ASSERT_EQ(verify(t, &h, &two, NULL), ERR_UNKNOWN);
	ASSERT_EQ(trust_add(t, one.bytes, one.len, CERTS_WALL, NULL), 0);
	ASSERT_EQ(verify(t, &h, &two, NULL), ERR_UNKNOWN);
	trust_free(t);
}

TEST(an_issuing_ca_that_nobody_asked_for_is_refused)
{
	struct authority root = certs_root(), issuing = certs_issuing(&root);
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct trust *t = certs_trust(&root);
	enum breach why;

	ASSERT_EQ(verify(t, &h, &issuing, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_ISSUER);
	trust_free(t);
}

/* What the issuing CA is asked to sign, outside of what it may, is not believed either. */
TEST(a_host_outside_its_issuers_limits_is_not_believed)
{
	struct authority root = certs_root(), issuing = certs_issuing(&root);
	struct host good = certs_host(&issuing, "party.org", "10.87.16.9", 7), h = good;
	struct trust *t = certs_trust(&root);
	enum breach why;

	h.cert.addresses[0] = certs_prefix("10.87.0.9");
	certs_sign_host(&h, &issuing);
	ASSERT_EQ(verify(t, &h, &issuing, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_NOT_ADDRESS);
	h = good;
	h.cert.flags = CERT_LIGHTHOUSE;
	certs_sign_host(&h, &issuing);
	ASSERT_EQ(verify(t, &h, &issuing, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_NOT_FLAG);
	h = good;
	snprintf(h.cert.groups[h.cert.group_count++], sizeof(h.cert.groups[0]), "admins");
	certs_sign_host(&h, &issuing);
	ASSERT_EQ(verify(t, &h, &issuing, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_NOT_GROUP);
	trust_free(t);
}

TEST(a_route_into_the_network_is_not_believed)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct trust *t;
	enum breach why;

	root.cert.routes[0] = certs_prefix("0.0.0.0/0");
	certs_sign_authority(&root, &root);
	h.cert.routes[h.cert.route_count++] = certs_prefix("10.87.1.0/24");
	certs_sign_host(&h, &root);
	t = certs_trust(&root);
	ASSERT_EQ(verify(t, &h, NULL, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_ROUTE_IN_OVERLAY);
	trust_free(t);
}

TEST(the_network_is_what_its_root_permits)
{
	struct authority root = certs_root();
	struct trust *t = certs_trust(&root);
	struct prefix ranges[8];

	ASSERT(trust_in_overlay(t, certs_ip("10.87.200.1")));
	ASSERT(trust_in_overlay(t, certs_ip("fd87::1")));
	ASSERT(!trust_in_overlay(t, certs_ip("10.88.0.1")));
	ASSERT(trust_overlaps_overlay(t, certs_prefix("10.0.0.0/8")));
	ASSERT(!trust_overlaps_overlay(t, certs_prefix("192.168.0.0/16")));
	ASSERT_EQ(trust_overlay(t, ranges, ARRAY_LEN(ranges)), 2);
	ASSERT_EQ(trust_overlay(t, ranges, 1), 1);
	ASSERT_MEM(trust_network(t), root.cert.network, 16);
	ASSERT_EQ(trust_add(t, root.bytes, root.len, CERTS_WALL, NULL), 0);
	ASSERT(trust_root(t, 0) != NULL);
	ASSERT(trust_root(t, 1) == NULL);
	trust_free(t);
}

TEST(roots_have_their_limit)
{
	struct authority first = certs_root();
	struct trust *t = certs_trust(&first);

	for (size_t i = 1; i <= TRUST_ROOTS_MAX; i++) {
		struct authority more = certs_authority("study");

		memcpy(more.cert.network, first.cert.network, 16);
		certs_sign_authority(&more, &more);
		ASSERT_EQ(trust_add(t, more.bytes, more.len, CERTS_WALL, NULL),
		    i < TRUST_ROOTS_MAX ? 0 : ERR_FULL);
	}
	trust_free(t);
}

TEST(issuing_cas_are_remembered_up_to_a_limit_and_the_newest_wins)
{
	struct authority root = certs_root();
	struct authority one = certs_issuing(&root), again = one;
	struct trust *t = certs_trust(&root);
	uint8_t key_id[16];
	const uint8_t *bytes;
	size_t kept = 0;

	cert_key_id(key_id, one.cert.key);
	ASSERT_EQ(trust_issuing(t, key_id, &bytes), 0);
	again.cert.serial = 3;
	certs_sign_authority(&again, &root);
	ASSERT_EQ(trust_add(t, again.bytes, again.len, CERTS_WALL, NULL), 0);
	ASSERT_EQ(trust_add(t, one.bytes, one.len, CERTS_WALL, NULL), 0);
	ASSERT_EQ(trust_issuing(t, key_id, &bytes), again.len);
	ASSERT_MEM(bytes, again.bytes, again.len);

	for (size_t i = 0; i < TRUST_ISSUING_MAX + 8; i++) {
		struct authority more = certs_issuing(&root);

		ASSERT_EQ(trust_add(t, more.bytes, more.len, CERTS_WALL, NULL), 0);
		cert_key_id(key_id, more.cert.key);
		kept += trust_issuing(t, key_id, &bytes) > 0;
	}
	ASSERT_EQ(kept, TRUST_ISSUING_MAX - 1);
	trust_free(t);
}
