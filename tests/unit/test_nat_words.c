/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NATs in words.
 */
#include "tests/unit/test.h"

#include "core/nat.h"

TEST(a_nat_is_told_in_the_words_of_rfc_4787)
{
	static const struct {
		struct nat nat;
		const char *text;
	} list[] = {
		{ { 0 }, "unknown" },
		{ { .mapping = NAT_MAPPING_NONE }, "none" },
		{ { .mapping = NAT_MAPPING_ENDPOINT }, "endpoint-independent" },
		{ { .mapping = NAT_MAPPING_ADDRESS, .flags = NAT_BLOCK },
		    "address-dependent" },
		{ { .mapping = NAT_MAPPING_PORT }, "symmetric, random ports" },
		{ { .mapping = NAT_MAPPING_PORT, .flags = NAT_SEQUENTIAL },
		    "symmetric, sequential ports" },
		{ { .mapping = NAT_MAPPING_PORT, .flags = NAT_BLOCK },
		    "symmetric, ports of a block" },
		{ { .mapping = NAT_MAPPING_PORT, .flags = NAT_FIRST_KEEPS },
		    "symmetric, first flow keeps its port" },
		{ { .mapping = 200 }, "unknown" },
	};

	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		ASSERT_STR(nat_words(&list[i].nat), list[i].text);
}
