/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crowd.h - a network of many nodes, each of which talks with some others.
 *
 * Half of the conversations go on all the time and half come in bursts with a minute's silence
 * between them. Every one of them must be answered, in every burst, whatever the two sit behind.
 * What it costs is reported: it has to be the same for each node, however many there are.
 *
 * A network of several regions has two lighthouses that all bundles name and two of each region
 * that the others do not know. One conversation in five is with another region. When all talk, a
 * lighthouse of each region and one of those of all die, and everybody begins to talk with some
 * more.
 */
#ifndef TESTS_SIM_CROWD_H
#define TESTS_SIM_CROWD_H

#include "tests/sim/world.h"

#define CROWD_REGIONS_MAX	15
#define CROWD_REGION_LIGHTHOUSES 2

struct crowd_plan {
	unsigned nodes;
	unsigned lighthouses; /* that all know */
	unsigned regions;     /* 0: one network; else at most CROWD_REGIONS_MAX */
	usec_t span; /* of virtual time, at least 100 s, with regions 150 s */
};

struct crowd_report {
	unsigned pairs;  /* that wanted to talk */
	unsigned direct; /* of them, at the end */
	usec_t first_median;
	usec_t first_99; /* all but 1 % had their first answer by then */
	usec_t first_worst;
	usec_t direct_99; /* likewise, of those that are direct */
	double handshakes;  /* of a node */
	double packets;     /* that a node sent in a second, while all talk */
	double peers;       /* of a node */
	size_t memory;      /* of a node's engine in the end; 0: the allocator does not say */
	size_t memory_most; /* of the largest */
	size_t memory_lighthouse;
	double for_all; /* packets that a lighthouse of all took in a second, while all talk */
	double for_region; /* and one of a region; 0: there are none */
	uint64_t datagrams;
};

/* Ends the world when somebody was not answered. */
void crowd_run(struct world *w, const struct crowd_plan *p, struct crowd_report *r);

/* A line for each figure. */
void crowd_print(const struct crowd_plan *p, const struct crowd_report *r);

#endif
