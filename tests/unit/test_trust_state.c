/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_trust_state.c - network states: which are believed, what they revoke, where rotations lead.
 */
#include "tests/unit/states.h"

static int
verify(struct trust *t, const struct host *h, const struct authority *issuing)
{
	return certs_verify_at(t, h, issuing, CERTS_NOW, NULL);
}

static int
judge(const struct trust *t, const struct statement *st, enum breach *why)
{
	return trust_state_judge(t, st->blob, st->len, CERTS_WALL, NULL, why);
}

static int
install(struct trust *t, const struct statement *st)
{
	return trust_state_install(t, st->blob, st->len, CERTS_WALL, NULL);
}

/* Another root of the network of `root`. */
static struct authority
next_root(const struct authority *root)
{
	struct authority a = certs_authority("study2");

	memcpy(a.cert.network, root->cert.network, sizeof(a.cert.network));
	certs_sign_authority(&a, &a);
	return a;
}

TEST(a_revoked_serial_is_refused_also_where_its_chain_is_known)
{
	struct authority root = certs_root();
	struct host gone = certs_host(&root, "party1", "10.87.0.3", 7);
	struct host stays = certs_host(&root, "party2", "10.87.0.4", 8);
	struct trust *t = certs_trust(&root);
	struct statement *st = states_new(&root, 1);

	ASSERT_EQ(verify(t, &gone, NULL), 0);
	states_revoke_serial(st, &root, 7, 7);
	states_sign(st, &root);
	ASSERT_EQ(install(t, st), 0);
	ASSERT_EQ(verify(t, &gone, NULL), ERR_REVOKED);
	ASSERT_EQ(verify(t, &gone, NULL), ERR_REVOKED);
	ASSERT_EQ(verify(t, &stays, NULL), 0);
	ASSERT_EQ(trust_own(t, gone.bytes, gone.len, NULL, 0, CERTS_WALL, &(struct verified){ 0 },
		      NULL),
	    ERR_REVOKED);
	free(st);
	trust_free(t);
}

TEST(a_revoked_key_stays_so_under_a_fresh_serial)
{
	struct authority root = certs_root(), issuing = certs_issuing(&root);
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct trust *t = certs_trust(&root);
	struct statement *st = states_new(&root, 1);

	states_revoke_key(st, &h);
	states_sign(st, &root);
	ASSERT_EQ(install(t, st), 0);
	h.cert.serial = 99;
	certs_sign_host(&h, &root);
	ASSERT_EQ(verify(t, &h, NULL), ERR_REVOKED);
	/* And under another CA. */
	snprintf(h.cert.name, sizeof(h.cert.name), "party.org");
	h.cert.addresses[0] = certs_prefix("10.87.16.3");
	certs_sign_host(&h, &issuing);
	ASSERT_EQ(verify(t, &h, &issuing), ERR_REVOKED);
	free(st);
	trust_free(t);
}

TEST(with_a_ca_goes_what_it_signed)
{
	struct authority root = certs_root(), issuing = certs_issuing(&root), again = issuing;
	struct host h = certs_host(&issuing, "party.org", "10.87.16.9", 7);
	struct trust *t = certs_trust(&root);
	struct statement *st = states_new(&root, 1);

	ASSERT_EQ(verify(t, &h, &issuing), 0);
	states_revoke_ca(st, &issuing);
	states_sign(st, &root);
	ASSERT_EQ(install(t, st), 0);
	ASSERT_EQ(verify(t, &h, &issuing), ERR_REVOKED);
	ASSERT_EQ(verify(t, &h, NULL), ERR_REVOKED);
	again.cert.serial = 50; /* another certificate helps its key as little */
	certs_sign_authority(&again, &root);
	ASSERT_EQ(verify(t, &h, &again), ERR_REVOKED);
	ASSERT_EQ(trust_add(t, again.bytes, again.len, CERTS_WALL, NULL), ERR_REVOKED);
	free(st);
	trust_free(t);
}

TEST(the_serial_of_an_issuing_ca_ends_that_certificate_and_not_its_key)
{
	struct authority root = certs_root(), issuing = certs_issuing(&root), again = issuing;
	struct host h = certs_host(&issuing, "party.org", "10.87.16.9", 7);
	struct trust *t = certs_trust(&root);
	struct statement *st = states_new(&root, 1);

	ASSERT_EQ(verify(t, &h, &issuing), 0);
	states_revoke_serial(st, &root, issuing.cert.serial, issuing.cert.serial);
	states_sign(st, &root);
	ASSERT_EQ(install(t, st), 0);
	ASSERT_EQ(verify(t, &h, &issuing), ERR_REVOKED);
	again.cert.serial = 50;
	certs_sign_authority(&again, &root);
	ASSERT_EQ(verify(t, &h, &again), 0);
	free(st);
	trust_free(t);
}

TEST(what_was_signed_too_early_is_revoked)
{
	struct authority root = certs_root();
	struct host old = certs_host(&root, "party1", "10.87.0.3", 7), young = old;
	struct trust *t = certs_trust(&root);
	struct statement *st = states_new(&root, 1);

	young.cert.not_before = CERTS_NOW;
	young.cert.serial = 8;
	certs_sign_host(&young, &root);
	st->s.min_not_before = CERTS_NOW;
	states_sign(st, &root);
	ASSERT_EQ(install(t, st), 0);
	ASSERT_EQ(verify(t, &old, NULL), ERR_REVOKED);
	ASSERT_EQ(verify(t, &young, NULL), 0);
	free(st);
	trust_free(t);
}

TEST(nobody_goes_back_and_two_of_one_version_are_a_fork)
{
	struct authority root = certs_root();
	struct trust *t = certs_trust(&root);
	struct statement *one = states_new(&root, 1), *two = states_new(&root, 2);
	struct statement *other = states_new(&root, 2);
	struct state_id id;

	ASSERT(trust_state(t) == NULL);
	ASSERT_EQ(trust_state_id(t).version, 0);
	states_sign(one, &root);
	states_sign(two, &root);
	states_revoke_serial(other, &root, 7, 7);
	states_sign(other, &root);
	ASSERT_EQ(judge(t, one, NULL), STATE_NEWER);
	ASSERT_EQ(install(t, two), 0);
	ASSERT_EQ(trust_state(t)->version, 2);
	ASSERT_EQ(trust_state_judge(t, other->blob, other->len, CERTS_WALL, &id, NULL), STATE_FORK);
	ASSERT_EQ(id.version, 2);
	ASSERT_MEM(id.hash, other->s.fingerprint, sizeof(id.hash));
	id = trust_state_id(t);
	ASSERT_MEM(id.hash, two->s.fingerprint, sizeof(id.hash));
	ASSERT_EQ(judge(t, one, NULL), STATE_OLDER);
	ASSERT_EQ(judge(t, two, NULL), STATE_SAME);
	ASSERT_EQ(install(t, two), 0);
	ASSERT_EQ(install(t, one), ERR_SUPERSEDED);
	ASSERT_EQ(install(t, other), ERR_CONFLICT);
	ASSERT_EQ(trust_state(t)->range_count, 0);
	free(one);
	free(two);
	free(other);
	trust_free(t);
}

TEST(only_a_root_or_the_ca_with_the_flag_speaks_for_the_network)
{
	struct authority root = certs_root(), issuing = certs_issuing(&root), other = certs_root();
	struct authority elsewhere = next_root(&root);
	struct trust *t = certs_trust(&root);
	struct statement *st = states_new(&root, 1);
	enum breach why;

	states_sign(st, &issuing);
	ASSERT_EQ(judge(t, st, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_NOT_STATE);
	issuing.cert.flags |= CERT_STATE;
	certs_sign_authority(&issuing, &root);
	states_sign(st, &issuing);
	ASSERT_EQ(judge(t, st, NULL), STATE_NEWER);
	states_sign(st, &elsewhere);
	ASSERT_EQ(judge(t, st, NULL), ERR_UNKNOWN);
	memcpy(st->s.network, other.cert.network, sizeof(st->s.network));
	states_sign(st, &root);
	ASSERT_EQ(judge(t, st, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_NETWORK);
	free(st);
	trust_free(t);
}

TEST(a_ca_that_speaks_for_the_network_cannot_turn_on_its_root)
{
	struct authority root = certs_root(), issuing = certs_issuing(&root);
	struct trust *t;
	struct statement *st = states_new(&root, 1);
	enum breach why;

	issuing.cert.flags |= CERT_STATE;
	certs_sign_authority(&issuing, &root);
	t = certs_trust(&root);
	states_revoke_ca(st, &root);
	states_sign(st, &issuing);
	ASSERT_EQ(judge(t, st, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_REVOKES_SIGNER);
	states_sign(st, &root);
	ASSERT_EQ(judge(t, st, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_REVOKES_SIGNER);
	free(st);
	trust_free(t);
}

TEST(a_revoked_ca_speaks_for_nobody)
{
	struct authority root = certs_root(), issuing = certs_issuing(&root);
	struct trust *t = certs_trust(&root);
	struct statement *st = states_new(&root, 1), *next = states_new(&root, 2);

	issuing.cert.flags |= CERT_STATE;
	certs_sign_authority(&issuing, &root);
	states_revoke_ca(st, &issuing);
	states_sign(st, &root);
	ASSERT_EQ(install(t, st), 0);
	states_sign(next, &issuing);
	ASSERT_EQ(judge(t, next, NULL), ERR_REVOKED);
	free(st);
	free(next);
	trust_free(t);
}

TEST(a_state_with_any_bit_flipped_is_refused)
{
	struct authority root = certs_root(), issuing = certs_issuing(&root), second;
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct trust *t = certs_trust(&root);
	struct statement *st = states_new(&root, 1);

	second = next_root(&root);
	issuing.cert.flags |= CERT_STATE;
	certs_sign_authority(&issuing, &second);
	states_rotate(st, &root, &second, CERTS_NOW + CERTS_DAY);
	states_revoke_key(st, &h);
	states_revoke_serial(st, &root, 7, 9);
	states_sign(st, &issuing);
	ASSERT_EQ(judge(t, st, NULL), STATE_NEWER);
	for (size_t bit = 0; bit < st->len * 8; bit++) {
		st->blob[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ASSERT(judge(t, st, NULL) < 0);
		st->blob[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < st->len; len++)
		ASSERT(trust_state_judge(t, st->blob, len, CERTS_WALL, NULL, NULL) < 0);
	ASSERT_EQ(install(t, st), 0);
	free(st);
	trust_free(t);
}

TEST(what_an_expired_state_revoked_stays_revoked)
{
	struct authority root = certs_root();
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct trust *t = certs_trust(&root);
	struct statement *st = states_new(&root, 1);

	states_revoke_serial(st, &root, 7, 7);
	st->s.required = true;
	states_sign(st, &root);
	ASSERT_EQ(trust_state_age(t, CERTS_WALL), STATE_NONE);
	ASSERT_EQ(install(t, st), 0);
	ASSERT_EQ(trust_state_age(t, st->s.next_update * USEC_PER_SEC), STATE_FRESH);
	ASSERT_EQ(trust_state_age(t, (st->s.next_update + 1) * USEC_PER_SEC), STATE_LATE);
	ASSERT(!trust_state_halts(t, st->s.expires * USEC_PER_SEC));
	ASSERT_EQ(trust_state_age(t, (st->s.expires + 1) * USEC_PER_SEC), STATE_EXPIRED);
	ASSERT(trust_state_halts(t, (st->s.expires + 1) * USEC_PER_SEC));
	ASSERT_EQ(certs_verify_at(t, &h, NULL, st->s.expires + 1, NULL), ERR_REVOKED);
	free(st);
	trust_free(t);
}

TEST(a_state_from_the_future_is_taken_and_turns_no_clock)
{
	struct authority root = certs_root();
	struct trust *t = certs_trust(&root);
	struct statement *st = states_new(&root, 1);

	st->s.issued = CERTS_NOW + 365 * CERTS_DAY;
	st->s.next_update = st->s.issued + 1;
	st->s.expires = st->s.issued + 2;
	states_sign(st, &root);
	ASSERT_EQ(install(t, st), 0);
	ASSERT_EQ(trust_now(t, CERTS_WALL), CERTS_NOW);
	free(st);
	trust_free(t);
}

TEST(a_state_that_its_signer_was_too_old_for_is_refused)
{
	struct authority root = certs_root();
	struct trust *t = certs_trust(&root);
	struct statement *st = states_new(&root, 1);

	st->s.issued = root.cert.not_after + 1;
	st->s.next_update = st->s.issued + 1;
	st->s.expires = st->s.issued + 2;
	states_sign(st, &root);
	ASSERT_EQ(judge(t, st, NULL), ERR_EXPIRED);
	free(st);
	trust_free(t);
}

TEST(after_a_rotation_both_roots_count_until_the_overlap_ends)
{
	struct authority root = certs_root(), second = next_root(&root);
	struct host old = certs_host(&root, "party1", "10.87.0.3", 7);
	struct host young = certs_host(&second, "party2", "10.87.0.4", 7);
	struct trust *t = certs_trust(&root);
	struct statement *st = states_new(&root, 1);
	uint64_t until = CERTS_NOW + CERTS_DAY;

	ASSERT_EQ(verify(t, &old, NULL), 0);
	ASSERT_EQ(verify(t, &young, NULL), ERR_UNKNOWN);
	states_rotate(st, &root, &second, until);
	states_sign(st, &second);
	ASSERT_EQ(install(t, st), 0);
	ASSERT_EQ(certs_verify_at(t, &old, NULL, until, NULL), 0);
	ASSERT_EQ(certs_verify_at(t, &old, NULL, until + 1, NULL), ERR_EXPIRED);
	ASSERT_EQ(certs_verify_at(t, &young, NULL, until + 1, NULL), 0);
	ASSERT_STR(trust_root(t, 0)->name, "study2");
	ASSERT_STR(trust_root(t, 1)->name, "study");
	ASSERT_EQ(trust_overlay(t, (struct prefix[8]){ 0 }, 8), 2);
	free(st);
	trust_free(t);
}

static bool
is_heir(const struct trust *t, const struct authority *of, const struct authority *heir)
{
	uint8_t id[16];
	const struct cert *c;

	cert_key_id(id, of->cert.key);
	c = trust_heir(t, id);
	return c != NULL && memcmp(c->key, heir->cert.key, sizeof(c->key)) == 0;
}

static bool
same_line(const struct trust *t, const struct authority *a, const struct authority *b)
{
	uint8_t one[16], other[16];

	cert_key_id(one, a->cert.key);
	cert_key_id(other, b->cert.key);
	return trust_same_line(t, one, other);
}

TEST(a_root_inherits_from_all_that_it_has_followed_and_from_nobody_else)
{
	struct authority root = certs_root(), second = next_root(&root), third = next_root(&root);
	struct authority stranger = next_root(&root), issuing = certs_issuing(&root);
	struct host h = certs_host(&third, "party1", "10.87.0.3", 7);
	struct trust *t = certs_trust(&root);
	struct statement *st = states_new(&root, 1);
	uint8_t first[16], before[16];
	struct verified v;

	ASSERT_EQ(trust_add(t, stranger.bytes, stranger.len, CERTS_WALL, NULL), 0);
	ASSERT(is_heir(t, &root, &root) && !is_heir(t, &second, &second));
	ASSERT(!same_line(t, &root, &second) && same_line(t, &issuing, &issuing));
	states_rotate(st, &root, &second, CERTS_NOW + CERTS_DAY);
	states_rotate(st, &second, &third, CERTS_NOW + CERTS_DAY);
	states_sign(st, &third);
	ASSERT_EQ(install(t, st), 0);
	ASSERT(is_heir(t, &root, &third) && is_heir(t, &second, &third));
	ASSERT(is_heir(t, &third, &third) && is_heir(t, &stranger, &stranger));
	ASSERT(!is_heir(t, &issuing, &third));
	ASSERT(same_line(t, &root, &third) && same_line(t, &third, &second));
	ASSERT(!same_line(t, &root, &stranger) && !same_line(t, &issuing, &root));
	ASSERT_EQ(trust_verify(t, h.bytes, h.len, NULL, 0, CERTS_WALL, &v, NULL), 0);
	cert_key_id(first, root.cert.key);
	cert_key_id(before, second.cert.key);
	ASSERT_EQ(v.follows_count, 2);
	ASSERT_MEM(v.follows[0], before, sizeof(before));
	ASSERT_MEM(v.follows[1], first, sizeof(first));
	h = certs_host(&stranger, "party2", "10.87.0.4", 7);
	ASSERT_EQ(trust_verify(t, h.bytes, h.len, NULL, 0, CERTS_WALL, &v, NULL), 0);
	ASSERT_EQ(v.follows_count, 0);
	free(st);
	trust_free(t);
}

TEST(a_root_that_was_rotated_speaks_no_more_for_the_network)
{
	struct authority root = certs_root(), second = next_root(&root), third = next_root(&root);
	struct trust *t = certs_trust(&root);
	struct statement *st = states_new(&root, 1), *back = states_new(&root, 2);
	struct statement *away = states_new(&root, 2);
	enum breach why;

	states_rotate(st, &root, &second, CERTS_NOW + CERTS_DAY);
	states_sign(st, &second);
	ASSERT_EQ(install(t, st), 0);
	states_revoke_ca(back, &second);
	states_sign(back, &root);
	ASSERT_EQ(judge(t, back, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_SUCCEEDED);
	states_rotate(away, &root, &third, CERTS_NOW + CERTS_DAY);
	states_sign(away, &third);
	ASSERT_EQ(judge(t, away, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_OTHER_SUCCESSOR);
	free(st);
	free(back);
	free(away);
	trust_free(t);
}

TEST(who_slept_through_rotations_follows_them_and_who_came_late_needs_none)
{
	struct authority root = certs_root(), second = next_root(&root), third = next_root(&root);
	struct trust *sleeper = certs_trust(&root), *newcomer = certs_trust(&third);
	struct statement *st = states_new(&root, 5);

	states_rotate(st, &root, &second, CERTS_NOW);
	states_rotate(st, &second, &third, CERTS_NOW);
	states_sign(st, &third);
	ASSERT_EQ(install(sleeper, st), 0);
	ASSERT_STR(trust_root(sleeper, 0)->name, "study2");
	ASSERT(trust_root(sleeper, 2) != NULL);
	ASSERT_EQ(install(newcomer, st), 0);
	ASSERT(trust_root(newcomer, 1) == NULL);
	/* In another order, or to somewhere else than the signer, they say nothing. */
	memset(st->rotations, 0, sizeof(st->rotations));
	st->rotation_count = 0;
	states_rotate(st, &second, &third, CERTS_NOW);
	states_rotate(st, &root, &second, CERTS_NOW);
	states_sign(st, &third);
	ASSERT_EQ(judge(sleeper, st, NULL), ERR_CANON);
	free(st);
	trust_free(sleeper);
	trust_free(newcomer);
}

TEST(a_stolen_root_is_revoked_by_its_successor)
{
	struct authority root = certs_root(), second = next_root(&root);
	struct host h = certs_host(&root, "party1", "10.87.0.3", 7);
	struct trust *t = certs_trust(&root), *late = certs_trust(&root);
	struct statement *st = states_new(&root, 1);

	ASSERT_EQ(verify(t, &h, NULL), 0);
	states_rotate(st, &root, &second, CERTS_NOW + CERTS_DAY);
	states_revoke_ca(st, &root);
	states_sign(st, &second);
	ASSERT_EQ(install(t, st), 0);
	ASSERT_EQ(verify(t, &h, NULL), ERR_REVOKED);
	ASSERT_EQ(install(late, st), 0);
	ASSERT_EQ(verify(late, &h, NULL), ERR_REVOKED);
	free(st);
	trust_free(t);
	trust_free(late);
}

TEST(roots_whose_overlap_is_over_make_room)
{
	struct authority roots[8] = { certs_root() };
	struct trust *t = certs_trust(&roots[0]);

	for (size_t i = 1; i < ARRAY_LEN(roots); i++) {
		struct statement *st = states_new(&roots[0], i);

		roots[i] = next_root(&roots[0]);
		states_rotate(st, &roots[i - 1], &roots[i], CERTS_NOW + i);
		states_sign(st, &roots[i]);
		/* With all overlaps open there is no room. */
		if (i >= TRUST_ROOTS_MAX)
			ASSERT_EQ(trust_state_install(t, st->blob, st->len,
				      (CERTS_NOW + 1 + i - TRUST_ROOTS_MAX) * USEC_PER_SEC, NULL),
			    ERR_FULL);
		ASSERT_EQ(trust_state_install(t, st->blob, st->len,
			      (CERTS_NOW + 2 + i) * USEC_PER_SEC, NULL),
		    0);
		free(st);
	}
	trust_free(t);
}
