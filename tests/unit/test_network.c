/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_network.c - networks in which we have the same address are told apart, and remembered.
 */
#include "tests/unit/meshes.h"

#define SEC USEC_PER_SEC

static const uint8_t home[NETWORK_GATEWAY_LEN] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t hotel[NETWORK_GATEWAY_LEN] = { 2, 0, 0, 0, 0, 2 };
static const struct netcheck_life life = { .s = 40, .below_s = 60, .known = true };

static struct house *one;

static void
begin(void)
{
	town_open();
	town_house("lh", "10.87.0.1", "198.51.100.1", CERT_LIGHTHOUSE | CERT_RELAY);
	one = town_house("party1", "10.87.0.2", "198.51.100.2", 0);
	for (unsigned i = 0; i < town.count; i++)
		house_on(&town.houses[i]);
	town_run(5 * SEC);
}

static void
behind(const uint8_t gateway[static NETWORK_GATEWAY_LEN])
{
	mesh_gateway(one->mesh, town.now, gateway, &town.out);
	town_settle(one);
}

static void
again(void)
{
	house_off(one);
	house_on(one);
}

static struct ip
ip(const char *text)
{
	struct addr a = town_addr(text);

	return addr_ip(&a);
}

static void
note_blocked(void)
{
	network_blocked(one->mesh, town.now.wall, &town.out);
	town_settle(one);
}

TEST(the_same_address_behind_another_gateway_is_another_network)
{
	uint8_t id[NETWORK_ID_LEN];
	uint32_t epoch;

	begin();
	behind(home);
	memcpy(id, one->mesh->networks.id, sizeof(id));
	epoch = one->mesh->measuring.epoch;
	behind(home);
	ASSERT_EQ(one->mesh->measuring.epoch, epoch);
	behind(hotel);
	ASSERT(memcmp(one->mesh->networks.id, id, sizeof(id)) != 0);
	ASSERT_EQ(one->mesh->netcheck.measured_at, 0);
	town_run(5 * SEC);
	ASSERT(one->mesh->netcheck.measured_at != 0);
	behind(home);
	ASSERT_MEM(one->mesh->networks.id, id, sizeof(id));
	town_close();
}

/* It takes a packet until the kernel knows who the gateway is: that is no journey. */
TEST(a_gateway_that_becomes_known_is_no_change)
{
	uint8_t id[NETWORK_ID_LEN];
	usec_t measured;

	begin();
	memcpy(id, one->mesh->networks.id, sizeof(id));
	measured = one->mesh->netcheck.measured_at;
	behind(home);
	ASSERT(memcmp(one->mesh->networks.id, id, sizeof(id)) != 0);
	ASSERT(measured != 0);
	ASSERT_EQ(one->mesh->netcheck.measured_at, measured);
	town_close();
}

/* With other addresses nothing is known of the gateway until it is told again. */
TEST(another_address_is_another_network_without_a_gateway)
{
	begin();
	behind(home);
	one->at = town_addr("198.51.100.77");
	mesh_net_changed(one->mesh, town.now, &one->at, 1, &town.out);
	town_settle(one);
	ASSERT(!one->mesh->networks.has_gateway);
	town_close();
}

TEST(what_was_found_in_a_network_survives_a_restart)
{
	begin();
	behind(home);
	note_blocked();
	network_timed(one->mesh, town.now.wall, ip("203.0.113.9"), &life, &town.out);
	town_settle(one);
	again();
	ASSERT(!network_is_blocked(one->mesh, town.now.wall));
	behind(hotel);
	ASSERT(!network_is_blocked(one->mesh, town.now.wall));
	ASSERT(network_life(one->mesh, town.now.wall, ip("203.0.113.9")) == NULL);
	behind(home);
	ASSERT(network_is_blocked(one->mesh, town.now.wall));
	ASSERT(network_life(one->mesh, town.now.wall, ip("203.0.113.10")) == NULL);
	ASSERT_EQ(network_life(one->mesh, town.now.wall, ip("203.0.113.9"))->s, life.s);
	ASSERT_EQ(network_life(one->mesh, town.now.wall, ip("203.0.113.9"))->below_s, life.below_s);
	network_unblocked(one->mesh, town.now.wall, &town.out);
	town_settle(one);
	again();
	behind(home);
	ASSERT(!network_is_blocked(one->mesh, town.now.wall));
	ASSERT(network_life(one->mesh, town.now.wall, ip("203.0.113.9")) != NULL);
	town_close();
}

TEST(what_was_found_is_not_believed_for_ever)
{
	begin();
	behind(home);
	note_blocked();
	network_timed(one->mesh, town.now.wall, ip("203.0.113.9"), &life, &town.out);
	town_settle(one);
	ASSERT(network_is_blocked(one->mesh, town.now.wall + NETWORK_KEPT - 1));
	ASSERT(!network_is_blocked(one->mesh, town.now.wall + NETWORK_KEPT));
	ASSERT(network_life(one->mesh, town.now.wall + NETWORK_KEPT, ip("203.0.113.9")) == NULL);
	town_close();
}

TEST(the_oldest_network_makes_room)
{
	uint8_t gateway[NETWORK_GATEWAY_LEN] = { 2 };

	begin();
	for (uint8_t i = 0; i <= NETWORKS_MAX; i++) {
		gateway[5] = i;
		behind(gateway);
		town.now.wall += SEC;
		note_blocked();
	}
	ASSERT(network_is_blocked(one->mesh, town.now.wall));
	gateway[5] = 1;
	behind(gateway);
	ASSERT(network_is_blocked(one->mesh, town.now.wall));
	gateway[5] = 0;
	behind(gateway);
	ASSERT(!network_is_blocked(one->mesh, town.now.wall));
	town_close();
}

TEST(rows_are_parsed_like_network_input)
{
	uint8_t key[NETWORK_ID_LEN] = { 7 }, value[36] = { 1 };

	begin();
	house_off(one);
	house_build(one);
	for (size_t len = 0; len <= sizeof(value); len++)
		ASSERT_EQ(network_recall(one->mesh, key, sizeof(key), value, len),
		    len == 8 || len == 18 ? 0 : ERR_FORMAT);
	ASSERT_EQ(network_recall(one->mesh, key, sizeof(key) - 1, value, 8), ERR_FORMAT);
	value[8] = 1; /* timed, and no mapping lived at all */
	ASSERT_EQ(network_recall(one->mesh, key, sizeof(key), value, 18), ERR_FORMAT);
	memset(value, 0, sizeof(value));
	ASSERT_EQ(network_recall(one->mesh, key, sizeof(key), value, 8), ERR_FORMAT);
	town_close();
}
