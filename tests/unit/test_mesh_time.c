/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_time.c - a node's timers: none spins, and none is forgotten.
 */
#include "tests/unit/meshes.h"

#define SEC USEC_PER_SEC

static struct house *lh, *one, *two;

/* A lighthouse and two nodes that have talked. */
static void
begin(void)
{
	town_of_two(&lh, &one, &two, CERT_RELAY, SEC);
	ASSERT(house_reaches(one, house_ip(two), SEC));
}

/* How often the engine of `h` is woken in `span`, while nobody uses it. */
static uint64_t
ticks_in(struct house *h, usec_t span)
{
	uint64_t before = h->ticks;

	town_run(span);
	return h->ticks - before;
}

TEST(an_idle_node_sleeps)
{
	begin();
	town_run(10 * SEC);
	ASSERT(ticks_in(one, 60 * SEC) < 120);
	town_run(300 * SEC);
	ASSERT(ticks_in(one, 600 * SEC) < 600);
	town_close();
}

TEST(a_peer_that_said_goodbye_is_let_go)
{
	begin();
	ASSERT(!mesh_close(two->mesh, town.now, &town.out));
	town_settle(two);
	house_off(two);
	town_run(5 * SEC);
	ASSERT(ticks_in(one, 60 * SEC) < 120);
	town_close();
}

TEST(a_new_network_makes_no_work_of_old_peers)
{
	struct addr moved = town_addr("198.51.100.22");

	begin();
	house_off(two);
	town_run(600 * SEC);
	mesh_net_changed(one->mesh, town.now, &moved, 1, &town.out);
	one->at = moved;
	town_settle(one);
	town_run(5 * SEC);
	ASSERT(ticks_in(one, 60 * SEC) < 120);
	town_close();
}

static bool
cut(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len)
{
	(void)from;
	(void)to;
	(void)p;
	(void)len;
	return false;
}

static bool
registered(const struct house *h)
{
	return h->mesh->lighthouses[0].registered && house_peer(h, lh)->best != PEER_NO_PATH;
}

TEST(a_lighthouse_is_called_for_as_long_as_it_is_away)
{
	for (usec_t away = 20 * SEC; away <= 400 * SEC; away += 20 * SEC) {
		begin();
		town.pass = cut;
		town_run(away);
		ASSERT(!registered(one));
		town.pass = NULL;
		town_run(8 * SEC);
		ASSERT(registered(one));
		town_close();
	}
}

TEST(a_peer_that_was_away_for_long_gets_the_first_packet_when_it_is_back)
{
	begin();
	house_off(two);
	for (unsigned i = 0; i < 3; i++) {
		town_run(400 * SEC);
		ASSERT(!house_reaches(one, house_ip(two), 100 * SEC));
	}
	house_on(two);
	town_run(SEC);
	ASSERT(house_reaches(one, house_ip(two), SEC));
	town_close();
}

/* No data reaches party1. */
static bool
no_data(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len)
{
	(void)from;
	(void)len;
	return le32(p) != OUTER_DATA || !addr_equal(to, &one->at);
}

TEST(a_peer_whose_session_is_not_confirmed_yet_is_not_forgotten)
{
	begin();
	roster_forget(one->mesh, town.now, house_peer(one, two), &town.out);
	town_settle(one);
	roster_end(two->mesh, house_peer(two, one));
	town.pass = no_data;
	house_ping(two, house_ip(one));
	town_run(3 * HOP);
	ASSERT(house_peer(one, two) != NULL);
	town_run(HOUSEKEEPING_EVERY + SEC);
	ASSERT(house_peer(one, two) != NULL);
	town_close();
}

/* Its name leads to another address every day. */
TEST(a_lighthouse_that_moves_every_day_is_found_every_day)
{
	begin();
	for (uint8_t day = 1; day <= 40; day++) {
		lh->at.ip[3] = (uint8_t)(100 + day);
		ASSERT_EQ(mesh_add_endpoint(one->mesh, town.now, "lh", &lh->at, &town.out), 0);
		town_settle(one);
		town_run(60 * SEC);
		ASSERT(registered(one));
	}
	town_close();
}

/* A link on the way became narrower. */
static bool
narrow(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len)
{
	(void)from;
	(void)to;
	(void)p;
	return len <= 1400;
}

static void
talk(usec_t span)
{
	for (usec_t t = 0; t < span; t += SEC)
		ASSERT(house_reaches(one, house_ip(two), SEC));
}

TEST(the_mtu_follows_a_path_that_becomes_narrower_and_wider)
{
	begin();
	talk(5 * SEC);
	ASSERT_EQ(house_peer(one, two)->mtu, MTU_MAX);
	town.pass = narrow;
	talk(60 * SEC);
	ASSERT_EQ(house_peer(one, two)->mtu, 1360);
	ASSERT(peer_is_direct(house_peer(one, two)));
	town.pass = NULL;
	talk(60 * SEC);
	ASSERT_EQ(house_peer(one, two)->mtu, MTU_MAX);
	town_close();
}

TEST(a_machine_that_slept_is_back_after_one_question)
{
	unsigned before;

	begin();
	town_run(5 * SEC);
	/* Nothing is done for ten minutes, and nothing on its way arrives. */
	memset(town.on_the_way, 0, sizeof(town.on_the_way));
	town.now.mono += 600 * SEC;
	town.now.wall += 600 * SEC;
	house_tick(one);
	ASSERT(house_peer(one, two)->roamed_at == town.now.mono);
	before = one->pings_answered;
	house_ping(one, house_ip(two));
	town_run(300 * USEC_PER_MS);
	ASSERT_EQ(one->pings_answered, before + 1);
	town_close();
}

TEST(an_idle_node_does_not_think_that_it_slept)
{
	begin();
	town_run(600 * SEC);
	ASSERT_EQ(house_peer(one, two)->roamed_at, 0);
	town_close();
}

TEST(a_change_of_routes_alone_has_paths_asked_and_drops_none)
{
	const struct path *best;

	begin();
	town_run(5 * SEC);
	best = peer_best(house_peer(one, two));
	mesh_net_changed(one->mesh, town.now, &one->at, 1, &town.out);
	town_settle(one);
	ASSERT_EQ(best->state, PATH_SUSPECT);
	ASSERT(house_reaches(one, house_ip(two), SEC));
	ASSERT_EQ(best->state, PATH_VALID);
	ASSERT(peer_best(house_peer(one, two)) == best);
	town_close();
}
