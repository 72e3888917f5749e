/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nat.c - a NAT in words.
 *
 * "Symmetric" is what RFC 4787 calls address- and port-dependent mapping: the older word is the one
 * that people look for.
 */
#include "core/nat.h"

const char *
nat_mapping_word(enum nat_mapping m)
{
	switch (m) {
	case NAT_MAPPING_NONE:
		return "none";
	case NAT_MAPPING_ENDPOINT:
		return "endpoint-independent";
	case NAT_MAPPING_ADDRESS:
		return "address-dependent";
	case NAT_MAPPING_PORT:
		return "address- and port-dependent";
	default:
		return "unknown";
	}
}

static const char *
symmetric_words(const struct nat *nat)
{
	if ((nat->flags & NAT_SEQUENTIAL) != 0)
		return "symmetric, sequential ports";
	if ((nat->flags & NAT_FIRST_KEEPS) != 0)
		return "symmetric, first flow keeps its port";
	if ((nat->flags & NAT_BLOCK) != 0)
		return "symmetric, ports of a block";
	return "symmetric, random ports";
}

const char *
nat_words(const struct nat *nat)
{
	if (nat->mapping == NAT_MAPPING_PORT)
		return symmetric_words(nat);
	return nat_mapping_word(nat->mapping);
}

const char *
nat_filtering_word(enum nat_filtering f)
{
	switch (f) {
	case NAT_FILTERING_ENDPOINT:
		return "endpoint-independent";
	case NAT_FILTERING_ADDRESS:
		return "address-dependent";
	case NAT_FILTERING_PORT:
		return "address- and port-dependent";
	default:
		return "unknown";
	}
}
