/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_letters.c - studies of parties that are never there at the same time, and what a
 * lighthouse that lies can do with letters.
 */
#include "node/study.h"
#include "tests/unit/townstudy.h"

#define SEC USEC_PER_SEC

static struct house *lh, *one, *two;
static struct study study;

static enum stance
stance_of(const struct house *h)
{
	const struct lobby_study *s = mesh_study_find(h->mesh, study.hash);

	return s == NULL ? STANCE_NONE : s->stance;
}

static enum stance
known_to(const struct house *h, const struct house *other)
{
	const struct lobby_study *s = mesh_study_find(h->mesh, study.hash);

	ASSERT(s != NULL);
	return s->parties[study_index_of(&s->study, other->host.cert.key)].said;
}

static void
bring(struct house *h)
{
	ASSERT_EQ(mesh_study_bring(h->mesh, town.now, &study, &town.out, NULL), 0);
	town_settle(h);
}

static void
decide(struct house *h, enum stance stance)
{
	ASSERT_EQ(mesh_study_decide(h->mesh, town.now, study.hash, stance, &town.out), 0);
	town_settle(h);
}

static void
begin(void)
{
	town_of_two(&lh, &one, &two, CERT_RELAY, SEC);
	study = town_study("salaries", (const struct house *const[]){ one, two }, 2);
}

static uint32_t
kept(void)
{
	struct beacon_totals t;

	beacon_totals(lh->beacon, &t);
	return t.letters;
}

TEST(two_that_are_never_there_at_the_same_time_agree_about_a_study)
{
	begin();
	house_off(two);
	bring(one);
	town_run(60 * SEC);
	ASSERT_EQ(kept(), 1);
	house_off(one);
	house_on(two);
	town_run(60 * SEC);
	ASSERT_EQ(stance_of(two), STANCE_PROPOSED);
	ASSERT_EQ(known_to(two, one), STANCE_ACCEPTED);
	ASSERT_EQ(kept(), 0);
	decide(two, STANCE_ACCEPTED);
	town_run(60 * SEC);
	ASSERT_EQ(kept(), 1);
	house_off(two);
	house_on(one);
	town_run(60 * SEC);
	ASSERT_EQ(known_to(one, two), STANCE_ACCEPTED);
	town_close();
}

TEST(a_letter_counts_as_left_when_a_lighthouse_keeps_it)
{
	const struct lobby_study *s;
	const struct lobby_party *p;

	begin();
	house_off(two);
	house_off(lh);
	bring(one);
	s = mesh_study_find(one->mesh, study.hash);
	p = &s->parties[1];
	town_run(60 * SEC);
	ASSERT_EQ(lobby_told(s, 1), LOBBY_UNTOLD);
	house_on(lh);
	town_run(600 * SEC);
	lobby_letter_said(one->mesh->lobby, 1, two->host.cert.key, p->letter, LETTER_FULL);
	lobby_letter_said(one->mesh->lobby, 1, two->host.cert.key, p->letter, LETTER_REFUSED);
	ASSERT_EQ(lobby_told(s, 1), LOBBY_LEFT);
	ASSERT_EQ(p->left_at, 1);
	ASSERT_EQ(kept(), 1);
	house_on(two);
	town_run(600 * SEC);
	ASSERT_EQ(lobby_told(s, 1), LOBBY_TOLD);
	town_close();
}

TEST(letters_are_kept_over_the_restart_of_a_lighthouse)
{
	begin();
	house_off(two);
	bring(one);
	town_run(60 * SEC);
	house_off(one);
	house_off(lh);
	house_on(lh);
	ASSERT_EQ(kept(), 1);
	house_on(two);
	town_run(60 * SEC);
	ASSERT_EQ(stance_of(two), STANCE_PROPOSED);
	town_close();
}

TEST(no_letter_is_left_for_who_is_there)
{
	begin();
	bring(one);
	town_run(60 * SEC);
	ASSERT_EQ(stance_of(two), STANCE_PROPOSED);
	ASSERT_EQ(kept(), 0);
	decide(two, STANCE_ACCEPTED);
	town_run(60 * SEC);
	ASSERT_EQ(kept(), 0);
	town_close();
}

/* One large packet in twenty. */
static bool
loses(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len)
{
	(void)from;
	(void)to;
	(void)p;
	return len < 150 || test_below(20) != 0;
}

/* Letters for all 63 who are away, half a second apart; one of those is here later. */
TEST(a_letter_of_the_largest_study_comes_whole_over_a_line_that_loses)
{
	begin();
	for (; study.count < STUDY_PARTIES_MAX; study.count++) {
		struct study_party *p = &study.parties[study.count];

		*p = study.parties[0];
		snprintf(p->name, sizeof(p->name), "%060u", (unsigned)study.count);
		test_fill(p->key, 31);
		p->address.b[3] = (uint8_t)(100 + study.count);
	}
	ASSERT(study_encode(&study, (uint8_t[STUDY_MAX]){ 0 }, STUDY_MAX, NULL) > 6000);
	house_off(two);
	town.pass = loses;
	bring(one);
	town_run(1200 * SEC);
	ASSERT_EQ(kept(), STUDY_PARTIES_MAX - 1);
	house_off(one);
	house_on(two);
	town_run(120 * SEC);
	ASSERT_EQ(stance_of(two), STANCE_PROPOSED);
	town_close();
}

/*
 * A lighthouse that lies
 */

static struct letter_part last;

/* The lighthouse hands `to` a letter as one of `from`. */
static void
hand(struct house *to, const uint8_t from[static 32], const uint8_t *letter, size_t len)
{
	struct peer *by = house_peer(to, lh);

	ASSERT(by != NULL);
	for (size_t at = 0; at < len; at += LETTER_CHUNK) {
		last = letter_part_of(from, (uint8_t[LETTER_ID_LEN]){ 1 }, letter, len, at);
		letters_hear_part(to->mesh, town.now, by, &last, &town.out);
	}
	town_settle(to);
}

/* A letter to `one` by who has `secret`, with the certificate of `h`; since when in seconds ago. */
static void
letter(const uint8_t secret[static 32], const struct house *h, uint64_t ago)
{
	uint8_t bytes[STUDY_MAX], sealed[LETTER_MAX], key[32];
	int len = study_encode(&study, bytes, sizeof(bytes), NULL), n;
	struct letter l = { .since = town.now.wall / SEC - ago };
	struct letter_keys k;

	ASSERT(len > 0);
	crypto_dh_public(key, secret);
	l.cert = (struct blob){ h->host.bytes, (uint16_t)h->host.len };
	l.study = (struct blob){ bytes, (uint16_t)len };
	ASSERT_EQ(letter_keys(&k, secret, one->host.cert.key, key, one->host.cert.key), 0);
	n = letter_seal(sealed, sizeof(sealed), &k, &l);
	ASSERT(n > 0);
	hand(one, key, sealed, (size_t)n);
}

static uint64_t
refused(void)
{
	return lobby_counts(one->mesh->lobby).refused;
}

TEST(what_no_party_has_written_says_nothing)
{
	uint8_t garbage[3000], secret[32] = { 5 };

	begin();
	town_run(5 * SEC);
	test_fill(garbage, sizeof(garbage));
	hand(one, two->host.cert.key, garbage, sizeof(garbage));
	ASSERT_EQ(refused(), 1);
	hand(one, (uint8_t[32]){ 0 }, garbage, sizeof(garbage)); /* a key of low order */
	ASSERT_EQ(refused(), 2);
	letter(secret, two, 0); /* by somebody who has two's certificate and not its key */
	ASSERT_EQ(refused(), 3);
	letter(lh->host.secret, lh, 0); /* by a member that is no party */
	ASSERT_EQ(refused(), 4);
	letter(lh->host.secret, two, 0);
	ASSERT_EQ(refused(), 5);
	letter(two->host.secret, two, LOBBY_SEEK_FOR + 1); /* kept back for too long */
	ASSERT_EQ(refused(), 6);
	ASSERT_EQ(stance_of(one), STANCE_NONE);
	letter(two->host.secret, two, LOBBY_SEEK_FOR);
	ASSERT_EQ(refused(), 6);
	ASSERT_EQ(stance_of(one), STANCE_PROPOSED);
	town_close();
}

TEST(a_letter_for_others_says_nothing_here)
{
	begin();
	town_run(5 * SEC);
	study = town_study("theirs", (const struct house *const[]){ two, lh }, 2);
	letter(two->host.secret, two, 0);
	ASSERT_EQ(refused(), 1);
	ASSERT(mesh_study_at(one->mesh, 0) == NULL);
	town_close();
}

TEST(only_lighthouses_bring_letters)
{
	uint8_t garbage[LETTER_MIN] = { 0 };
	struct letter_part p =
	    letter_part_of((uint8_t[32]){ 9 }, (uint8_t[LETTER_ID_LEN]){ 1 }, garbage,
		sizeof(garbage), 0);

	begin();
	ASSERT(house_reaches(one, house_ip(two), SEC));
	letters_hear_part(one->mesh, town.now, house_peer(one, two), &p, &town.out);
	town_settle(one);
	ASSERT_EQ(refused(), 0);
	letters_hear_part(one->mesh, town.now, house_peer(one, lh), &p, &town.out);
	town_settle(one);
	ASSERT_EQ(refused(), 1);
	town_close();
}

TEST(an_old_letter_does_not_undo_what_was_said_in_a_session)
{
	begin();
	bring(one);
	town_run(5 * SEC);
	decide(two, STANCE_ACCEPTED);
	town_run(5 * SEC);
	decide(two, STANCE_CLOSED);
	town_run(5 * SEC);
	ASSERT_EQ(known_to(one, two), STANCE_CLOSED);
	letter(two->host.secret, two, 0);
	ASSERT_EQ(refused(), 0);
	ASSERT_EQ(known_to(one, two), STANCE_CLOSED);
	decide(one, STANCE_CLOSED);
	letter(two->host.secret, two, 0);
	ASSERT_EQ(stance_of(one), STANCE_CLOSED);
	town_close();
}

TEST(one_party_can_leave_only_so_many_proposals_by_letter)
{
	size_t held = 0;

	begin();
	town_run(5 * SEC);
	for (unsigned i = 0; i < LOBBY_PROPOSALS_OF + 4; i++) {
		char name[16];

		snprintf(name, sizeof(name), "s%u", i);
		study = town_study(name, (const struct house *const[]){ one, two }, 2);
		letter(two->host.secret, two, 0);
	}
	while (mesh_study_at(one->mesh, held) != NULL)
		held++;
	ASSERT_EQ(held, LOBBY_PROPOSALS_OF);
	ASSERT_EQ(lobby_counts(one->mesh->lobby).full, 4);
	ASSERT_EQ(refused(), 0);
	town_close();
}

TEST(letters_that_never_end_take_no_memory_for_long)
{
	uint8_t bytes[LETTER_MAX] = { 0 };

	begin();
	town_run(5 * SEC);
	for (unsigned i = 0; i < 1000; i++) {
		struct letter_part p = letter_part_of((uint8_t[32]){ (uint8_t)i, (uint8_t)(i >> 8) },
		    (uint8_t[LETTER_ID_LEN]){ 1 }, bytes, sizeof(bytes), 0);

		letters_hear_part(one->mesh, town.now, house_peer(one, lh), &p, &town.out);
	}
	letter(two->host.secret, two, 0);
	ASSERT_EQ(stance_of(one), STANCE_PROPOSED);
	town_close();
}
