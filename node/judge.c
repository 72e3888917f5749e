/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * judge.c - conclusions, each from a table of sightings.
 */
#include "node/judge.h"

#include <stdlib.h>

#define STEP_MAX      64 /* between neighbours: beyond that nothing can be foretold */
#define BLOCK_BITS    12 /* of the largest block: eight random ports are in one by 1 in 10^8 */
#define ENOUGH_IN_ROW 4
#define ENOUGH_IN_ALL 6

static bool
differ(const struct addr *a, const struct addr *b)
{
	return a->family != FAMILY_NONE && b->family != FAMILY_NONE && !addr_equal(a, b);
}

enum nat_mapping
judge_mapping(const struct sightings *s)
{
	unsigned answered[2] = { 0, 0 };
	bool ports_differ = false, servers_differ = false;

	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; k < 2; k++)
			answered[i] += s->at[i][k].family != FAMILY_NONE;
		ports_differ |= differ(&s->at[i][0], &s->at[i][1]);
	}
	for (size_t i = 0; i < 4; i++)
		servers_differ |= differ(&s->at[0][i / 2], &s->at[1][i % 2]);
	if (answered[0] + answered[1] == 0)
		return NAT_MAPPING_UNKNOWN;
	if (s->own)
		return NAT_MAPPING_NONE;
	if (ports_differ)
		return NAT_MAPPING_PORT;
	if (servers_differ)
		return answered[0] == 2 || answered[1] == 2 ? NAT_MAPPING_ADDRESS :
							      NAT_MAPPING_PORT;
	return answered[0] + answered[1] >= 2 ? NAT_MAPPING_ENDPOINT : NAT_MAPPING_UNKNOWN;
}

/* The first mapping of each socket keeps its port, and the others do not. */
static bool
first_keeps(const struct allocation *all, unsigned n)
{
	unsigned firsts = 0, others = 0;

	for (unsigned i = 0; i < n; i++) {
		bool first = all[i].first && !all[i].late;

		if (first && all[i].inside != all[i].outside)
			return false;
		firsts += first;
		others += !all[i].first && all[i].inside != all[i].outside;
	}
	return firsts >= ENOUGH_IN_ROW && others > 0;
}

/* The step of ports that follow each other, 0 for those that do not. */
static int
step_of(const struct allocation *all, unsigned n)
{
	const struct allocation *last = NULL;
	unsigned in_row = 0;
	int step = 0;

	for (unsigned i = 0; i < n; i++) {
		int apart = last == NULL ? 0 : (int)all[i].outside - last->outside;

		if (all[i].late)
			continue;
		if (last != NULL && (apart == 0 || apart > STEP_MAX || apart < -STEP_MAX ||
				      (step != 0 && (apart > 0) != (step > 0))))
			return 0;
		if (last != NULL)
			step = (apart > 0 ? 1 : -1) *
			    (int)gcd_u32((uint32_t)abs(step), (uint32_t)abs(apart));
		last = &all[i];
		in_row++;
	}
	return in_row >= ENOUGH_IN_ROW ? step : 0;
}

static uint16_t
furthest(const struct allocation *all, unsigned n, int step)
{
	uint16_t port = all[0].outside;

	for (unsigned i = 1; i < n; i++)
		if ((all[i].outside > port) == (step > 0))
			port = all[i].outside;
	return port;
}

/* How many low bits of the ports differ. */
static unsigned
differing_bits(const struct allocation *all, unsigned n)
{
	unsigned differing = 0, bits = 0;

	for (unsigned i = 1; i < n; i++)
		differing |= all[i].outside ^ all[0].outside;
	while (differing >> bits != 0)
		bits++;
	return bits;
}

void
judge_ports(struct nat *nat, const struct allocation *all, unsigned n)
{
	unsigned bits = differing_bits(all, n);
	int step = step_of(all, n);

	if (first_keeps(all, n)) {
		nat->flags |= NAT_FIRST_KEEPS;
	} else if (step != 0) {
		nat->flags |= NAT_SEQUENTIAL;
		nat->step = (int8_t)step;
		nat->base_port = furthest(all, n, step);
	} else if (n >= ENOUGH_IN_ALL && bits <= BLOCK_BITS) {
		nat->flags |= NAT_BLOCK;
		nat->step = (int8_t)bits;
		nat->base_port = (uint16_t)(all[0].outside >> bits << bits);
	}
}
