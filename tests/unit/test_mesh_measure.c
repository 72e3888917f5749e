/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_measure.c - what a node does with what it measured, and what others hear of it.
 */
#include "tests/unit/meshes.h"

#define SEC USEC_PER_SEC

static struct house *lh, *one, *two;

static void
begin(void)
{
	town_of_two(&lh, &one, &two, CERT_RELAY, 5 * SEC);
}

TEST(a_descriptor_goes_to_peers_and_lighthouses)
{
	begin();
	ASSERT(one->mesh->netcheck.measured_at != 0);
	ASSERT_EQ(one->mesh->nat.mapping, NAT_MAPPING_NONE);
	ASSERT(house_reaches(two, house_ip(one), SEC));
	town_run(SEC);
	ASSERT(house_peer(two, one)->has_nat);
	ASSERT_EQ(house_peer(two, one)->nat.mapping, NAT_MAPPING_NONE);
	ASSERT_EQ(house_peer(two, one)->nat.epoch, one->mesh->nat.epoch);
	town_close();
}

TEST(a_new_network_is_measured_anew)
{
	struct addr elsewhere;
	uint32_t epoch;

	begin();
	epoch = one->mesh->nat.epoch;
	one->mesh->keepalive = PATH_KEEPALIVE_MAX;
	elsewhere = town_addr("198.51.100.77");
	one->at = elsewhere;
	mesh_net_changed(one->mesh, town.now, &elsewhere, 1, &town.out);
	town_settle(one);
	ASSERT_EQ(one->mesh->netcheck.measured_at, 0);
	ASSERT_EQ(one->mesh->keepalive, PATH_KEEPALIVE_MIN);
	town_run(5 * SEC);
	ASSERT(one->mesh->netcheck.measured_at != 0);
	ASSERT(addr_equal(&one->mesh->netcheck.public[0], &elsewhere));
	ASSERT(one->mesh->nat.epoch > epoch);
	town_close();
}

TEST(it_is_measured_again_every_ten_minutes_or_so)
{
	usec_t first, second;

	begin();
	first = one->mesh->netcheck.measured_at;
	town_run(first + 480 * SEC - SEC - town.now.mono);
	ASSERT_EQ(one->mesh->netcheck.measured_at, first);
	town_run(250 * SEC);
	second = one->mesh->netcheck.measured_at;
	ASSERT(second - first >= 480 * SEC && second - first <= 725 * SEC);
	town_close();
}

TEST(a_person_may_have_it_measured_at_once)
{
	usec_t first;

	begin();
	first = one->mesh->netcheck.measured_at;
	mesh_measure(one->mesh, town.now, &town.out);
	town_settle(one);
	ASSERT(measure_runs(one->mesh));
	town_run(5 * SEC);
	ASSERT(one->mesh->netcheck.measured_at > first);
	town_close();
}

/* Whatever a lighthouse answers late, or from its second port, is no place to reach it at. */
TEST(measuring_makes_no_path)
{
	const struct peer *peer;

	begin();
	peer = house_peer(one, lh);
	for (size_t i = 0; i < PEER_PATHS_MAX; i++)
		if (peer->paths[i].state != PATH_FREE)
			ASSERT(addr_equal(&peer->paths[i].remote, &lh->at));
	town_close();
}
