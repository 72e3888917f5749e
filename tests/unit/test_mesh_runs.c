/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_runs.c - runs in a node: who may begin one, who is heard, and what ends one.
 */
#include "node/runs.h"
#include "node/study.h"
#include "tests/unit/townstudy.h"

static struct house *lh, *one, *two, *three;
static struct study study;

static void
accept(struct house *h)
{
	ASSERT_EQ(mesh_study_bring(h->mesh, town.now, &study, &town.out, NULL), 0);
	town_settle(h);
}

/* Three that know each other; the first two compute. */
static void
begin(void)
{
	town_open();
	lh = town_house("lh", "10.87.0.1", "198.51.100.1", CERT_LIGHTHOUSE | CERT_RELAY);
	one = town_house("party1", "10.87.0.2", "198.51.100.2", 0);
	two = town_house("party2", "10.87.0.3", "198.51.100.3", 0);
	three = town_house("party3", "10.87.0.4", "198.51.100.4", 0);
	for (unsigned i = 0; i < town.count; i++)
		house_on(&town.houses[i]);
	town_run(USEC_PER_SEC);
	ASSERT(house_reaches(one, house_ip(two), USEC_PER_SEC));
	ASSERT(house_reaches(three, house_ip(one), USEC_PER_SEC));
	study = town_study("salaries", (const struct house *const[]){ one, two }, 2);
}

static int
join(struct house *h)
{
	struct run_order o = { .restarts = 1 };
	struct err e = { "" };
	int id;

	memcpy(o.study, study.hash, sizeof(o.study));
	id = mesh_run_join(h->mesh, town.now, &o, &town.out, &e);
	ASSERT((id < 0) == (e.text[0] != '\0'));
	town_settle(h);
	return id;
}

static enum run_phase
phase(const struct house *h, int id)
{
	struct rally_view v = { 0 };

	if (mesh_run(h->mesh, id) != NULL)
		rally_view(mesh_run(h->mesh, id), &v);
	return v.phase;
}

static struct rally_party
sees(const struct house *h, int id, unsigned i)
{
	struct rally_party v;

	rally_view_party(mesh_run(h->mesh, id), town.now.mono, i, &v);
	return v;
}

static bool
port_is_open(const struct house *h)
{
	return firewall_study_has(&h->mesh->firewall, IPPROTO_OF_TCP, STUDY_PORT);
}

TEST(two_nodes_start_together_and_the_port_is_open_meanwhile)
{
	int a, b;

	begin();
	ASSERT_EQ(join(one), ERR_UNKNOWN);
	accept(one);
	a = join(one);
	ASSERT(a > 0);
	ASSERT_EQ(join(one), ERR_CONFLICT);
	town_run(3 * USEC_PER_SEC);
	ASSERT_EQ(phase(one, a), RUN_HERE);
	ASSERT(!port_is_open(one));
	/* It was proposed to the other by now, and accepted by nobody there. */
	ASSERT_EQ(join(two), ERR_DENIED);
	accept(two);
	b = join(two);
	town_run(USEC_PER_SEC);
	ASSERT_EQ(mesh_run_news(one->mesh, a), RALLY_GO | RALLY_CHANGED);
	ASSERT_EQ(mesh_run_news(two->mesh, b), RALLY_GO | RALLY_CHANGED);
	ASSERT(port_is_open(one) && port_is_open(two));
	mesh_run_ended(one->mesh, town.now, a, true, "", &town.out);
	town_settle(one);
	mesh_run_ended(two->mesh, town.now, b, true, "", &town.out);
	town_settle(two);
	town_run(USEC_PER_SEC);
	ASSERT((mesh_run_news(one->mesh, a) & RALLY_ENDED) != 0);
	mesh_run_leave(one->mesh, town.now, a, &town.out);
	mesh_run_leave(two->mesh, town.now, b, &town.out);
	town_run(USEC_PER_SEC);
	ASSERT(mesh_run(one->mesh, a) == NULL && !port_is_open(one) && !port_is_open(two));
	town_close();
}

/* Two parties of which both run. */
static void
begin_both(int *a, int *b)
{
	begin();
	accept(one);
	accept(two);
	*a = join(one);
	*b = join(two);
	town_run(USEC_PER_SEC);
	ASSERT_EQ(phase(one, *a), RUN_GOING);
	ASSERT_EQ(phase(two, *b), RUN_GOING);
}

TEST(whose_owner_goes_ends_it_for_the_others_and_may_come_again)
{
	int a, b;

	begin_both(&a, &b);
	mesh_run_leave(one->mesh, town.now, a, &town.out);
	town_settle(one);
	town_run(USEC_PER_SEC);
	ASSERT((mesh_run_news(two->mesh, b) & RALLY_STOP) != 0);
	ASSERT(!port_is_open(two));
	a = join(one); /* though the end of the other one is perhaps not known everywhere */
	ASSERT(a > 0);
	mesh_run_leave(two->mesh, town.now, b, &town.out);
	town_settle(two);
	b = join(two);
	town_run(2 * USEC_PER_SEC);
	ASSERT_EQ(phase(one, a), RUN_GOING);
	ASSERT_EQ(phase(two, b), RUN_GOING);
	town_close();
}

static void
say_run(struct house *h, const struct house *to, const struct study *s, uint64_t life)
{
	uint8_t frame[FRAME_MAX];
	struct run_hello hello = {
		.head = { .number = 1, .life = life },
		.name = { (const uint8_t *)s->name, (uint16_t)strlen(s->name) },
	};

	memcpy(hello.head.study, s->hash, sizeof(hello.head.study));
	house_say(h, to, frame, run_hello_encode(frame, sizeof(frame), &hello));
	town_run(5 * HOP);
}

TEST(a_stranger_is_not_heard_and_another_study_of_the_name_is_said)
{
	struct study other;
	int a;

	begin();
	accept(one);
	a = join(one);
	say_run(three, one, &study, 7);
	ASSERT_EQ(sees(one, a, 1).phase, RUN_NOWHERE);
	other = study;
	memset(other.hash, 0x77, sizeof(other.hash));
	say_run(three, one, &other, 7);
	ASSERT(!sees(one, a, 1).other_study);
	say_run(two, one, &other, 7);
	ASSERT(sees(one, a, 1).other_study);
	strcpy(other.name, "ages");
	accept(two);
	ASSERT(join(two) > 0);
	town_run(USEC_PER_SEC);
	say_run(two, one, &other, 7);
	ASSERT(!sees(one, a, 1).other_study);
	ASSERT_EQ(phase(one, a), RUN_GOING);
	/* A party that speaks as another process of itself is another process of itself. */
	say_run(two, one, &study, 7);
	ASSERT_EQ(phase(one, a), RUN_ABORTED);
	town_close();
}

TEST(a_party_that_goes_against_a_pin_ends_the_run)
{
	static struct pin_list pins;
	struct rally_view v;
	int a, b;

	begin_both(&a, &b);
	pins = (struct pin_list){ .count = 1, .pin[0] = { .name = "party2", .len = 32 } };
	ASSERT_EQ(mesh_pin(one->mesh, town.now, &pins, &town.out), 0);
	town_settle(one);
	rally_view(mesh_run(one->mesh, a), &v);
	ASSERT(v.phase == RUN_ABORTED && v.reason == RUN_REVOKED && v.party == 1 && !v.again);
	ASSERT(!port_is_open(one));
	/* Who is put out hears it from nobody but whoever does so. */
	town_run(USEC_PER_SEC);
	rally_view(mesh_run(two->mesh, b), &v);
	ASSERT(v.phase == RUN_ABORTED && v.reason == RUN_REVOKED && v.party == 1 && !v.again);
	town_close();
}

TEST(two_studies_do_not_wait_at_one_port)
{
	struct study other;

	begin();
	accept(one);
	ASSERT(join(one) > 0);
	other = study;
	study = town_study("ages", (const struct house *const[]){ two, one }, 2);
	accept(one);
	ASSERT_EQ(join(one), ERR_CONFLICT);
	study = other;
	town_close();
}

TEST(as_many_studies_run_at_once_as_is_said)
{
	struct study s;
	struct err e = { "" };

	begin();
	for (unsigned i = 0; i <= RUNS_MAX; i++) {
		uint8_t bytes[STUDY_MAX];
		struct run_order o = { .restarts = 0 };
		int id;

		s = study;
		s.parties[0].port = (uint16_t)(12000 + i);
		s.parties[1].port = 1;
		ASSERT(study_encode(&s, bytes, sizeof(bytes), NULL) > 0);
		ASSERT_EQ(mesh_study_bring(one->mesh, town.now, &s, &town.out, &e), 0);
		memcpy(o.study, s.hash, sizeof(o.study));
		id = mesh_run_join(one->mesh, town.now, &o, &town.out, &e);
		ASSERT(i < RUNS_MAX ? id > 0 : id == ERR_FULL);
		town_settle(one);
	}
	town_close();
}
