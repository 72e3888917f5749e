/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_mapping.c - what a router passes on to a node, and who hears of it.
 */
#include "tests/unit/meshes.h"

#define SEC USEC_PER_SEC

static struct house *lh, *one, *two;

static void
begin(void)
{
	town_of_two(&lh, &one, &two, CERT_RELAY, SEC);
}

static struct mapping
mapping(enum mapping_method method, const char *external)
{
	return (struct mapping){
		.method = (uint8_t)method,
		.external = town_addr(external),
		.internal_port = 7717,
		.lifetime = 7200,
	};
}

static void
map(const struct mapping *mapped, size_t n)
{
	mesh_mapped(one->mesh, town.now, mapped, n, &town.out);
	town_settle(one);
}

/* Would party2 try to reach party1 there? */
static bool
tries(const char *at)
{
	struct addr a = town_addr(at);

	return peer_path_to(house_peer(two, one), SOCKET_V4, &a) != NULL;
}

TEST(a_mapping_is_told_to_peers_in_session)
{
	struct mapping m = mapping(MAPPING_PCP, "198.51.100.2:4000");

	begin();
	ASSERT(house_reaches(one, house_ip(two), SEC));
	ASSERT(!tries("198.51.100.2:4000"));
	map(&m, 1);
	town_run(SEC);
	ASSERT(tries("198.51.100.2:4000"));
	town_close();
}

TEST(a_mapping_is_told_by_lighthouses)
{
	struct mapping m = mapping(MAPPING_PCP, "198.51.100.2:4000");

	begin();
	map(&m, 1);
	town_run(SEC);
	ASSERT(house_reaches(two, house_ip(one), SEC));
	ASSERT(tries("198.51.100.2:4000"));
	town_close();
}

TEST(a_mapping_that_did_not_change_is_not_told_again)
{
	struct mapping m = mapping(MAPPING_PCP, "198.51.100.2:4000");
	uint32_t seq;

	begin();
	map(&m, 1);
	seq = one->mesh->candidates_seq;
	m.lifetime = 120; /* renewed */
	map(&m, 1);
	ASSERT_EQ(one->mesh->candidates_seq, seq);
	m.external.port++;
	map(&m, 1);
	ASSERT_EQ(one->mesh->candidates_seq, seq + 1);
	map(NULL, 0);
	ASSERT_EQ(one->mesh->candidates_seq, seq + 2);
	town_close();
}

TEST(a_mapping_whose_outside_nobody_sees_is_behind_two_nats)
{
	static const struct {
		const char *external;
		bool two;
	} cases[] = {
		{ "198.51.100.2:1", false },  /* as the lighthouse sees us */
		{ "198.51.100.200:1", true }, /* public, and not ours */
		{ "192.168.1.1:1", true },
		{ "100.64.3.4:1", true },
	};
	struct mapping view[MESH_MAPPINGS_MAX];

	begin();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct mapping m = mapping(MAPPING_UPNP, cases[i].external);
		struct eps near = { 0 }, far = { 0 };

		map(&m, 1);
		ASSERT_EQ(view_mappings(one->mesh, view, ARRAY_LEN(view)), 1);
		ASSERT_EQ(view[0].double_nat, cases[i].two);
		mapping_candidates(one->mesh, false, &near);
		mapping_candidates(one->mesh, true, &far);
		ASSERT_EQ(near.n, !cases[i].two);
		ASSERT_EQ(far.n, cases[i].two);
	}
	town_close();
}

TEST(a_router_cannot_make_us_offer_what_nobody_could_send_to)
{
	static const char *const bad[] = {
		"0.0.0.0:1", "127.0.0.1:7717", "255.255.255.255:1", "224.0.0.1:1",
		"169.254.1.1:1", "10.87.0.9:7717", "[::]:1", "[fe80::1]:1", "[::1]:1",
	};
	struct mapping m[ARRAY_LEN(bad)];

	begin();
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		m[0] = mapping(MAPPING_NATPMP, bad[i]);
		map(m, 1);
		ASSERT_EQ(view_mappings(one->mesh, m, ARRAY_LEN(m)), 0);
	}
	m[0] = mapping(MAPPING_NATPMP, "198.51.100.2:1");
	m[0].external.port = 0;
	map(m, 1);
	ASSERT_EQ(view_mappings(one->mesh, m, ARRAY_LEN(m)), 0);
	town_close();
}

TEST(more_mappings_than_there_is_room_for_are_left_out)
{
	struct mapping m[MESH_MAPPINGS_MAX + 3];

	begin();
	for (size_t i = 0; i < ARRAY_LEN(m); i++) {
		m[i] = mapping(MAPPING_PCP, "198.51.100.2:4000");
		m[i].external.port = (uint16_t)(m[i].external.port + i);
	}
	map(m, ARRAY_LEN(m));
	ASSERT_EQ(view_mappings(one->mesh, m, ARRAY_LEN(m)), MESH_MAPPINGS_MAX);
	town_close();
}
