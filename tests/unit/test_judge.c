/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_judge.c - what follows from sightings: mapping and port allocation.
 */
#include "node/judge.h"
#include "tests/unit/test.h"

static struct addr
port(uint16_t n)
{
	return (struct addr){ .family = FAMILY_V4, .port = n, .ip = { 198, 18, 4, 0 } };
}

/* Four ports as one socket was seen at L1:a, L1:b, L2:a, L2:b; 0: not answered. */
static enum nat_mapping
mapping(uint16_t a1, uint16_t b1, uint16_t a2, uint16_t b2)
{
	const uint16_t ports[] = { a1, b1, a2, b2 };
	struct sightings s = { .own = false };

	for (unsigned i = 0; i < 4; i++)
		if (ports[i] != 0)
			s.at[i / 2][i % 2] = port(ports[i]);
	return judge_mapping(&s);
}

TEST(a_mapping_is_named_by_what_makes_it_another)
{
	ASSERT_EQ(mapping(7, 7, 7, 7), NAT_MAPPING_ENDPOINT);
	ASSERT_EQ(mapping(7, 7, 8, 8), NAT_MAPPING_ADDRESS);
	ASSERT_EQ(mapping(7, 8, 9, 10), NAT_MAPPING_PORT);
	ASSERT_EQ(mapping(7, 8, 7, 8), NAT_MAPPING_PORT);
	ASSERT_EQ(mapping(7, 0, 8, 8), NAT_MAPPING_ADDRESS);
	ASSERT_EQ(mapping(7, 0, 7, 0), NAT_MAPPING_ENDPOINT);
	ASSERT_EQ(mapping(0, 0, 7, 7), NAT_MAPPING_ENDPOINT);
	ASSERT_EQ(mapping(7, 0, 0, 0), NAT_MAPPING_UNKNOWN);
	ASSERT_EQ(mapping(0, 0, 0, 0), NAT_MAPPING_UNKNOWN);
	/* No second ports, so that address and port cannot be told apart: the harder one. */
	ASSERT_EQ(mapping(7, 0, 8, 0), NAT_MAPPING_PORT);
}

TEST(a_full_cone_that_keeps_ports_is_not_no_nat)
{
	struct sightings s = { .own = false };

	for (unsigned i = 0; i < 4; i++)
		s.at[i / 2][i % 2] = port(7717);
	ASSERT_EQ(judge_mapping(&s), NAT_MAPPING_ENDPOINT);
	s.own = true;
	ASSERT_EQ(judge_mapping(&s), NAT_MAPPING_NONE);
}

/* Eight sockets in a row and three more flows of the first; `outside` has a port for each. */
static struct nat
allocated(const uint16_t outside[static 11], unsigned late)
{
	struct allocation all[11];
	struct nat nat = { .mapping = NAT_MAPPING_PORT };

	for (unsigned i = 0; i < 11; i++)
		all[i] = (struct allocation){
			.inside = (uint16_t)(40000 + (i < 8 ? i : 0)),
			.outside = outside[i],
			.first = i < 8,
			.late = (late >> i & 1) != 0,
		};
	judge_ports(&nat, all, 11);
	return nat;
}

TEST(ports_in_a_row_have_a_step_and_an_end)
{
	static const uint16_t by_one[] = { 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	static const uint16_t down[] = { 900, 896, 892, 884, 880, 876, 868, 864, 860, 856, 852 };
	static const uint16_t noisy[] = { 100, 102, 110, 112, 114, 150, 152, 160, 170, 172, 174 };
	static const uint16_t lost[] = { 5, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	struct nat n = allocated(by_one, 0);

	ASSERT_EQ(n.flags, NAT_SEQUENTIAL);
	ASSERT_EQ(n.step, 1);
	ASSERT_EQ(n.base_port, 15);
	n = allocated(down, 0);
	ASSERT_EQ(n.flags, NAT_SEQUENTIAL);
	ASSERT_EQ(n.step, -4);
	ASSERT_EQ(n.base_port, 852);
	n = allocated(noisy, 0);
	ASSERT_EQ(n.flags, NAT_SEQUENTIAL);
	ASSERT_EQ(n.step, 2);
	/* The second question was lost and came again at the end. */
	n = allocated(lost, 1u << 1);
	ASSERT_EQ(n.flags, NAT_SEQUENTIAL);
	ASSERT_EQ(n.step, 1);
	ASSERT_EQ(n.base_port, 16);
}

TEST(ports_at_random_are_nothing_else)
{
	for (int n = 0; n < 2000; n++) {
		uint16_t ports[11];
		struct nat nat;

		for (int i = 0; i < 11; i++)
			ports[i] = (uint16_t)(1024 + test_rand() % 64512);
		nat = allocated(ports, 0);
		ASSERT_EQ(nat.flags, 0);
		ASSERT_EQ(nat.step, 0);
	}
}

TEST(ports_of_one_block_tell_where_it_is)
{
	for (int n = 0; n < 200; n++) {
		uint16_t base = (uint16_t)(1024 * (1 + test_rand() % 60)), ports[11];
		struct nat nat;

		for (int i = 0; i < 11; i++)
			ports[i] = (uint16_t)(base + 37 * (i % 2) + test_rand() % 900);
		ports[3] = base;
		ports[4] = (uint16_t)(base + 1023);
		nat = allocated(ports, 0);
		ASSERT_EQ(nat.flags, NAT_BLOCK);
		ASSERT_EQ(nat.step, 10);
		ASSERT_EQ(nat.base_port, base);
	}
}

TEST(the_first_flow_of_a_socket_keeps_its_port)
{
	uint16_t ports[11] = { 40000, 40001, 40002, 40003, 40004, 40005, 40006, 40007, 60001, 2000,
		31000 };

	ASSERT_EQ(allocated(ports, 0).flags, NAT_FIRST_KEEPS);
	/* One that was asked late says nothing against it, and one that lost its port does. */
	ports[2] = 50000;
	ASSERT_EQ(allocated(ports, 1u << 2).flags, NAT_FIRST_KEEPS);
	ASSERT_EQ(allocated(ports, 0).flags & NAT_FIRST_KEEPS, 0);
}
