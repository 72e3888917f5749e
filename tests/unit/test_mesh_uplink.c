/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_uplink.c - a node on a machine with several ways to the Internet.
 */
#include "tests/unit/meshes.h"

#define SEC USEC_PER_SEC

static struct house *lh, *one, *two;

static const struct uplink first = { .ifindex = 2, .family = FAMILY_V4, .preferred = true };
static const struct uplink second = { .ifindex = 3, .family = FAMILY_V4 };
static const struct uplink metered = { .ifindex = 4, .family = FAMILY_V4, .metered = true };

static void
begin(void)
{
	town_of_two(&lh, &one, &two, CERT_RELAY, SEC);
	ASSERT(house_reaches(one, house_ip(two), SEC));
}

/* Tells party1 of its uplinks. The sockets that it opens for that are opened; how many. */
static unsigned
tell(const struct uplink *uplinks, size_t n, uint32_t ifindex)
{
	socket_id opened[MESH_UPLINKS_MAX];
	unsigned count = 0;

	mesh_uplinks(one->mesh, town.now, uplinks, n, &town.out);
	for (uint32_t i = 0; i < town.out.count; i++) {
		const struct effect *e = &town.out.effects[i];

		if (e->kind == EFFECT_SOCKET && e->change.open) {
			ASSERT(count < MESH_UPLINKS_MAX);
			ASSERT(ifindex == 0 || e->change.ifindex == ifindex);
			opened[count++] = e->change.id;
			town.out.effects[i].kind = EFFECT_ROUTE; /* of which a house has none */
		}
	}
	town_settle(one);
	for (unsigned i = 0; i < count; i++) {
		struct addr local = { .family = FAMILY_V4, .port = 4000 };

		mesh_socket_opened(one->mesh, town.now, opened[i], &local, &town.out);
		town_settle(one);
	}
	return count;
}

/* The path to `h` by an uplink, or NULL. */
static struct path *
twin(const struct house *h)
{
	struct peer *p = house_peer(one, h);

	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		if (p->paths[i].state != PATH_FREE && uplink_is(one->mesh, &p->paths[i]))
			return &p->paths[i];
	}
	return NULL;
}

TEST(the_preferred_uplink_is_the_main_sockets)
{
	begin();
	ASSERT_EQ(tell(&first, 1, 0), 0);
	ASSERT(twin(two) == NULL);
	town_close();
}

TEST(another_uplink_has_a_socket_on_its_interface_and_twins_of_the_paths)
{
	begin();
	ASSERT_EQ(tell((struct uplink[]){ first, second }, 2, second.ifindex), 1);
	ASSERT(twin(two) != NULL && twin(lh) != NULL);
	ASSERT(addr_equal(&twin(two)->remote, &two->at));
	ASSERT_EQ(tell((struct uplink[]){ first, second }, 2, 0), 0); /* which is no news */
	town_close();
}

TEST(whom_we_meet_later_is_reached_by_both)
{
	struct addr at = town_addr("198.51.100.77");

	begin();
	(void)tell((struct uplink[]){ first, second }, 2, 0);
	ASSERT(reach_candidate(one->mesh, town.now, house_peer(one, two), &at, ORIGIN_PEER));
	ASSERT(peer_path_to(house_peer(one, two), twin(two)->socket, &at) != NULL);
	town_close();
}

TEST(an_uplink_that_is_gone_takes_its_paths_along)
{
	begin();
	(void)tell((struct uplink[]){ first, second }, 2, 0);
	ASSERT(twin(two) != NULL);
	ASSERT_EQ(tell(&first, 1, 0), 0);
	ASSERT(twin(two) == NULL && twin(lh) == NULL);
	ASSERT(house_reaches(one, house_ip(two), SEC));
	town_close();
}

TEST(an_uplink_that_becomes_the_preferred_one_keeps_its_socket)
{
	struct uplink now = second;
	socket_id id;

	begin();
	(void)tell((struct uplink[]){ first, second }, 2, 0);
	id = twin(two)->socket;
	now.preferred = true;
	ASSERT_EQ(tell(&now, 1, 0), 0);
	ASSERT_EQ(twin(two)->socket, id);
	town_close();
}

TEST(what_a_lighthouse_sees_by_an_uplink_is_a_candidate_unless_it_costs)
{
	struct addr seen = town_addr("203.0.113.9:4000");

	for (int costs = 0; costs < 2; costs++) {
		struct eps eps = { 0 };

		begin();
		(void)tell((struct uplink[]){ first, costs ? metered : second }, 2, 0);
		ASSERT(uplink_observed(one->mesh, town.now, twin(lh), &seen, &town.out));
		ASSERT(!uplink_observed(one->mesh, town.now, peer_best(house_peer(one, lh)), &seen,
		    &town.out));
		uplink_candidates(one->mesh, &eps);
		ASSERT_EQ(eps.n, !costs);
		town_close();
	}
}

TEST(a_metered_path_is_not_tried_while_anything_works)
{
	struct peer *p;

	begin();
	(void)tell((struct uplink[]){ first, metered }, 2, 0);
	p = house_peer(one, two);
	ASSERT(twin(two) != NULL && twin(two)->metered);
	ASSERT(!reach_may_try(one->mesh, town.now, p, twin(two), PING_LEN));
	ASSERT(!path_beats(twin(two), peer_best(p), town.now.mono));
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		if (&p->paths[i] != twin(two))
			peer_drop_path(p, &p->paths[i]);
	}
	ASSERT(reach_may_try(one->mesh, town.now, p, twin(two), PING_LEN));
	town_close();
}

TEST(uplinks_without_number_have_a_limit)
{
	struct uplink many[2 * MESH_UPLINKS_MAX];

	begin();
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = (struct uplink){ .ifindex = 10 + (uint32_t)i, .family = FAMILY_V4 };
	ASSERT_EQ(tell(many, ARRAY_LEN(many), 0), MESH_UPLINKS_MAX);
	town_close();
}
