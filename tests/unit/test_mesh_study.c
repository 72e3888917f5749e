/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_study.c - studies between nodes: brought in sessions, found after absence, kept over
 * restarts, and what a party that lies can do.
 */
#include "node/study.h"
#include "tests/unit/townstudy.h"

static struct house *lh, *one, *two;

static uint8_t hash[STUDY_HASH_LEN]; /* of the last study that was made */

static struct study
study_of(const char *name, const struct house *const *parties, uint32_t count)
{
	struct study s = town_study(name, parties, count);

	memcpy(hash, s.hash, sizeof(hash));
	return s;
}

static struct study
study_of_two(const char *name)
{
	return study_of(name, (const struct house *const[]){ one, two }, 2);
}

static int
bring(struct house *h, const struct study *s)
{
	int rc = mesh_study_bring(h->mesh, town.now, s, &town.out, NULL);

	town_settle(h);
	return rc;
}

static void
decide(struct house *h, enum stance stance)
{
	ASSERT_EQ(mesh_study_decide(h->mesh, town.now, hash, stance, &town.out), 0);
	town_settle(h);
}

/* How `h` stands to the study; STANCE_NONE: it has none. */
static enum stance
stance_of(const struct house *h)
{
	const struct lobby_study *s = mesh_study_find(h->mesh, hash);

	return s == NULL ? STANCE_NONE : s->stance;
}

/* What `h` knows of how `other` stands to it. */
static enum stance
known_to(const struct house *h, const struct house *other)
{
	const struct lobby_study *s = mesh_study_find(h->mesh, hash);

	ASSERT(s != NULL);
	return s->parties[study_index_of(&s->study, other->host.cert.key)].said;
}

static void
begin(void)
{
	town_of_two(&lh, &one, &two, CERT_RELAY, USEC_PER_SEC);
}

TEST(a_study_comes_to_its_parties_and_each_learns_how_the_other_stands)
{
	struct study s;

	begin();
	s = study_of_two("salaries");
	ASSERT_EQ(bring(one, &s), 0);
	town_run(3 * USEC_PER_SEC);
	ASSERT_EQ(stance_of(two), STANCE_PROPOSED);
	ASSERT_EQ(known_to(one, two), STANCE_PROPOSED);
	ASSERT_EQ(known_to(two, one), STANCE_ACCEPTED);
	decide(two, STANCE_ACCEPTED);
	town_run(USEC_PER_SEC);
	ASSERT_EQ(known_to(one, two), STANCE_ACCEPTED);
	decide(one, STANCE_CLOSED);
	town_run(USEC_PER_SEC);
	ASSERT_EQ(known_to(two, one), STANCE_CLOSED);
	town_close();
}

TEST(two_who_make_the_same_list_have_the_same_study)
{
	struct study s;

	begin();
	s = study_of_two("salaries");
	ASSERT_EQ(bring(one, &s), 0);
	ASSERT_EQ(bring(two, &s), 0);
	town_run(3 * USEC_PER_SEC);
	ASSERT_EQ(known_to(one, two), STANCE_ACCEPTED);
	ASSERT_EQ(known_to(two, one), STANCE_ACCEPTED);
	town_close();
}

TEST(nothing_is_said_any_more_once_all_know)
{
	struct study s;
	uint64_t due;

	begin();
	s = study_of_two("salaries");
	ASSERT_EQ(bring(one, &s), 0);
	town_run(70 * USEC_PER_SEC);
	due = lobby_due(one->mesh->lobby) | lobby_due(two->mesh->lobby);
	ASSERT_EQ(due, 0);
	town_close();
}

TEST(a_party_that_was_away_gets_it_when_it_comes)
{
	struct study s;

	begin();
	s = study_of_two("salaries");
	house_off(two);
	ASSERT_EQ(bring(one, &s), 0);
	town_run(3600 * USEC_PER_SEC);
	house_on(two);
	town_run(12 * 60 * USEC_PER_SEC);
	ASSERT_EQ(stance_of(two), STANCE_PROPOSED);
	town_close();
}

TEST(what_was_decided_is_known_after_a_restart)
{
	struct study s;

	begin();
	s = study_of_two("salaries");
	ASSERT_EQ(bring(one, &s), 0);
	town_run(3 * USEC_PER_SEC);
	decide(two, STANCE_ACCEPTED);
	town_run(LOBBY_SAVE_AFTER + USEC_PER_SEC);
	house_off(one);
	house_off(two);
	house_on(two);
	house_on(one);
	ASSERT_EQ(stance_of(one), STANCE_ACCEPTED);
	ASSERT_EQ(stance_of(two), STANCE_ACCEPTED);
	ASSERT_EQ(known_to(one, two), STANCE_ACCEPTED);
	ASSERT_EQ(known_to(two, one), STANCE_ACCEPTED);
	town_close();
}

/* The last packet from `one` to `two` of every three is lost. */
static bool
loses(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len)
{
	static unsigned n;

	(void)from;
	(void)to;
	(void)p;
	return len < 150 || n++ % 3 != 2;
}

TEST(chunks_that_are_lost_are_asked_for_again)
{
	struct study s = { .count = 0 };

	begin();
	s = study_of_two("salaries");
	for (; s.count < STUDY_PARTIES_MAX; s.count++) {
		struct study_party *p = &s.parties[s.count];

		*p = s.parties[0];
		snprintf(p->name, sizeof(p->name), "%060u", (unsigned)s.count);
		test_fill(p->key, 31);
		p->address.b[3] = (uint8_t)(100 + s.count);
	}
	town_run(5 * USEC_PER_SEC);
	ASSERT(house_reaches(one, house_ip(two), USEC_PER_SEC));
	town.pass = loses;
	ASSERT_EQ(bring(one, &s), 0);
	memcpy(hash, mesh_study_at(one->mesh, 0)->study.hash, sizeof(hash));
	town_run(60 * USEC_PER_SEC);
	ASSERT_EQ(stance_of(two), STANCE_PROPOSED);
	town_close();
}

TEST(who_is_no_party_cannot_bring_or_keep_a_study)
{
	struct study s;

	begin();
	s = study_of("without", (const struct house *const[]){ two }, 1);
	ASSERT_EQ(bring(one, &s), ERR_DENIED);
	s = study_of_two("salaries");
	s.network[0] ^= 1;
	ASSERT_EQ(bring(one, &s), ERR_DENIED);
	s = study_of_two("salaries");
	s.parties[0].address = ip_v4((uint8_t[]){ 10, 87, 0, 99 });
	ASSERT_EQ(bring(one, &s), ERR_DENIED);
	s = study_of_two("salaries");
	memcpy(s.parties[0].name, "other", 6);
	ASSERT_EQ(bring(one, &s), ERR_DENIED);
	ASSERT(mesh_study_at(one->mesh, 0) == NULL);
	town_close();
}

/* Two says that it has accepted a study of this hash and size. */
static void
offer(uint16_t size)
{
	uint8_t frame[FRAME_MAX];
	struct study_says says = { .stance = STANCE_ACCEPTED, .flags = STUDY_SAYS_ASK };

	says.size = size;
	memcpy(says.hash, hash, sizeof(hash));
	house_say(two, one, frame, study_says_encode(frame, sizeof(frame), &says));
	town_run(3 * HOP);
}

static void
give(const uint8_t *bytes, size_t size)
{
	uint8_t frame[FRAME_MAX];
	struct study_part p = study_part_of(hash, bytes, size, 0);

	house_say(two, one, frame, study_part_encode(frame, sizeof(frame), &p));
	town_run(3 * HOP);
}

TEST(a_study_that_is_not_its_hash_or_not_ours_is_refused_once_and_for_all)
{
	uint8_t bytes[STUDY_MAX];
	struct study s;
	int len;

	begin();
	ASSERT(house_reaches(one, house_ip(two), USEC_PER_SEC));
	s = study_of("theirs", (const struct house *const[]){ two, lh }, 2);
	len = study_encode(&s, bytes, sizeof(bytes), NULL);
	give(bytes, (size_t)len); /* unasked */
	ASSERT_EQ(lobby_counts(one->mesh->lobby).refused, 0);
	offer((uint16_t)len);
	give(bytes, (size_t)len);
	ASSERT_EQ(lobby_counts(one->mesh->lobby).refused, 1);
	offer((uint16_t)len);
	give(bytes, (size_t)len);
	ASSERT_EQ(lobby_counts(one->mesh->lobby).refused, 1);
	s = study_of_two("salaries");
	len = study_encode(&s, bytes, sizeof(bytes), NULL);
	hash[0] ^= 1;
	offer((uint16_t)len);
	give(bytes, (size_t)len);
	ASSERT_EQ(lobby_counts(one->mesh->lobby).refused, 2);
	ASSERT(mesh_study_at(one->mesh, 0) == NULL);
	town_close();
}

TEST(one_party_can_leave_only_so_many_proposals)
{
	size_t held = 0;

	begin();
	for (unsigned i = 0; i < LOBBY_PROPOSALS_OF + 4; i++) {
		struct study s;
		char name[16];

		snprintf(name, sizeof(name), "s%u", i);
		s = study_of_two(name);
		ASSERT_EQ(bring(two, &s), 0);
	}
	town_run(120 * USEC_PER_SEC);
	while (mesh_study_at(one->mesh, held) != NULL)
		held++;
	ASSERT_EQ(held, LOBBY_PROPOSALS_OF);
	ASSERT(lobby_counts(one->mesh->lobby).full > 0);
	town_close();
}

TEST(what_a_person_wants_takes_the_place_of_what_was_closed)
{
	struct study s;
	struct err e;
	char name[16];

	begin();
	for (unsigned i = 0; i <= LOBBY_MAX; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		s = study_of("x", (const struct house *const[]){ one }, 1);
		snprintf(s.name, sizeof(s.name), "%s", name);
		one->row_count = 0;
		ASSERT_EQ(mesh_study_bring(one->mesh, town.now, &s, &town.out, &e),
		    i < LOBBY_MAX ? 0 : ERR_FULL);
		outbox_reset(&town.out);
	}
	ASSERT(strlen(e.text) > 10);
	memcpy(hash, mesh_study_at(one->mesh, 7)->study.hash, sizeof(hash));
	ASSERT_EQ(mesh_study_decide(one->mesh, town.now, hash, STANCE_CLOSED, &town.out), 0);
	ASSERT_EQ(mesh_study_bring(one->mesh, town.now, &s, &town.out, &e), 0);
	ASSERT_EQ(stance_of(one), STANCE_NONE);
	town_close();
}

TEST(a_study_is_made_of_the_certificates_that_are_held)
{
	const char *names[] = { "party2", "party1" }, *strange[] = { "party1", "party9" };
	struct study s;
	size_t missing = 0;

	begin();
	ASSERT(house_reaches(one, house_ip(two), USEC_PER_SEC));
	ASSERT_EQ(mesh_study_make(one->mesh, town.now, &s, "salaries", names, 2, 4000, &missing,
		      &town.out, NULL),
	    0);
	ASSERT_EQ(study_index_of(&s, two->host.cert.key), 0);
	ASSERT_EQ(study_index_of(&s, one->host.cert.key), 1);
	ASSERT(ip_equal(s.parties[0].address, house_ip(two)) && s.parties[1].port == 4000);
	ASSERT_EQ(mesh_study_make(one->mesh, town.now, &s, "salaries", strange, 2, 4000, &missing,
		      &town.out, NULL),
	    ERR_UNKNOWN);
	ASSERT_EQ(missing, 1);
	town_close();
}

TEST(who_changes_its_mind_all_the_time_does_not_wear_out_the_disk)
{
	uint8_t frame[FRAME_MAX];
	struct study s;
	unsigned before;

	begin();
	s = study_of_two("salaries");
	ASSERT_EQ(bring(one, &s), 0);
	town_run(10 * USEC_PER_SEC);
	before = one->remembered;
	for (unsigned i = 0; i < 100; i++) {
		struct study_says says = { .stance = i % 2 != 0 ? STANCE_CLOSED : STANCE_ACCEPTED };

		memcpy(says.hash, hash, sizeof(hash));
		house_say(two, one, frame, study_says_encode(frame, sizeof(frame), &says));
		town_run(100 * USEC_PER_MS);
	}
	ASSERT(one->remembered - before <= 10);
	town_close();
}
