/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_verdict.c - what a person is told of a measured network.
 */
#include "core/nat.h"
#include "node/verdict.h"
#include "tests/unit/test.h"

#include <string.h>

static struct netcheck
found(enum nat_mapping mapping, enum nat_filtering filtering, uint8_t flags)
{
	return (struct netcheck){
		.udp = FACT_YES,
		.lighthouses = 2,
		.kept = FACT_YES,
		.nat = { .mapping = mapping, .filtering = filtering, .flags = flags },
	};
}

static bool
says(const struct netcheck *n, bool mapped, const char *words)
{
	char text[VERDICT_TEXT_MAX];

	return strstr(verdict_text(text, n, mapped), words) != NULL;
}

TEST(each_network_has_its_sentence)
{
	struct netcheck n = { .udp = FACT_UNKNOWN };

	ASSERT(says(&n, false, "No lighthouse"));
	n.udp = FACT_NO;
	ASSERT(says(&n, false, "over TCP"));
	n = found(NAT_MAPPING_NONE, NAT_FILTERING_ENDPOINT, 0);
	ASSERT(says(&n, false, "Anybody can reach"));
	n = found(NAT_MAPPING_ENDPOINT, NAT_FILTERING_ADDRESS, 0);
	ASSERT(says(&n, false, "whatever NAT"));
	n = found(NAT_MAPPING_ENDPOINT, NAT_FILTERING_PORT, 0);
	ASSERT(says(&n, false, "direct at once"));
	ASSERT(says(&n, true, "maps a port"));
	n = found(NAT_MAPPING_PORT, NAT_FILTERING_PORT, NAT_SEQUENTIAL);
	ASSERT(says(&n, false, "predicted"));
	n = found(NAT_MAPPING_PORT, NAT_FILTERING_PORT, 0);
	ASSERT(says(&n, false, "relay"));
	ASSERT(says(&n, true, "maps a port"));
	n.v6 = FACT_YES;
	n.v6_translated = FACT_NO;
	ASSERT(says(&n, false, "Over IPv6"));
}

/* The longest of them fit, and are told to the end. */
TEST(every_sentence_ends)
{
	for (int i = 0; i < 5 * 4 * 64 * 2; i++) {
		struct netcheck n = found((enum nat_mapping)(i % 5),
		    (enum nat_filtering)(i / 5 % 4), (uint8_t)(i / 20 % 64));
		char text[VERDICT_TEXT_MAX];

		n.v6 = FACT_YES;
		n.v6_translated = FACT_NO;
		verdict_text(text, &n, i >= 5 * 4 * 64);
		ASSERT(strlen(text) < VERDICT_TEXT_MAX - 1);
		ASSERT_EQ(text[strlen(text) - 1], '.');
		ASSERT(strlen(verdict_ports(text, &n)) > 0);
	}
}

TEST(ports_are_told_with_their_numbers)
{
	struct netcheck n = found(NAT_MAPPING_PORT, NAT_FILTERING_PORT, NAT_SEQUENTIAL);
	char text[VERDICT_TEXT_MAX];

	n.nat.step = -4;
	ASSERT_EQ(strcmp(verdict_ports(text, &n), "sequential, by -4"), 0);
	n.nat.flags = NAT_BLOCK;
	n.nat.step = 9;
	n.nat.base_port = 30720;
	ASSERT_EQ(strcmp(verdict_ports(text, &n), "random in a block of 512 from 30720"), 0);
}

TEST(one_lighthouse_leaves_a_doubt_and_two_do_not)
{
	struct netcheck n = found(NAT_MAPPING_ENDPOINT, NAT_FILTERING_PORT, 0);

	ASSERT(verdict_doubt(&n) == NULL);
	n.lighthouses = 1;
	ASSERT(strstr(verdict_doubt(&n), "mapping") != NULL);
	n.nat.filtering = NAT_FILTERING_ADDRESS;
	ASSERT(strstr(verdict_doubt(&n), "each") != NULL);
	n = found(NAT_MAPPING_PORT, NAT_FILTERING_PORT, 0);
	n.lighthouses = 1;
	ASSERT(verdict_doubt(&n) == NULL);
}
