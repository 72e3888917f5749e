/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * matrix.c - the page about who reaches whom.
 */
#include "tests/sim/matrix.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const depends[] = {
	[NAT_ENDPOINT_INDEPENDENT] = "endpoint-independent",
	[NAT_ADDRESS_DEPENDENT] = "address-dependent",
	[NAT_ADDRESS_PORT_DEPENDENT] = "address- and port-dependent",
};

static const char *const ports[] = {
	[NAT_PORTS_SAME] = "not translated",
	[NAT_PORTS_KEEP] = "kept",
	[NAT_PORTS_FIRST_KEEPS] = "the first kept",
	[NAT_PORTS_STEP] = "in a row",
	[NAT_PORTS_RANDOM] = "random",
	[NAT_PORTS_BLOCK] = "random in a block",
};

static void
print_nat(const char *name, const char *which, const struct nat_behaviour *is, const char *more)
{
	if (is->udp_blocked) {
		printf("| %s | %s | UDP is blocked | | | |\n", name, which);
		return;
	}
	printf("| %s | %s | %s | %s | %s | %u, %u s%s%s |\n", name, which, depends[is->mapping],
	    depends[is->filtering], ports[is->ports], (unsigned)(is->one_way / USEC_PER_SEC),
	    (unsigned)(is->two_way / USEC_PER_SEC),
	    is->open ? "; a stranger's packet takes its tuple" : "", more);
}

static void
print_kinds(void)
{
	printf("| kind | | mapping | filtering | ports | timers |\n|---|---|---|---|---|---|\n");
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		const struct kind *k = &kinds[i];
		const char *more = kind_maps(k) ? "; maps ports when asked"
		                   : k->v6 ? "; IPv6 behind a firewall"
		                           : "";

		if (k->home == NULL)
			printf("| %s | none, IPv4 and IPv6 | | | | |\n", k->name);
		else
			print_nat(k->name, k->home->ports == NAT_PORTS_SAME ? "firewall" : "NAT",
			    k->home, more);
		if (k->carrier != NULL)
			print_nat("", "and a carrier's", k->carrier, "");
	}
	printf("\n");
}

/* One cell: how, and after how many ms. */
static void
print_call(const struct call *c)
{
	unsigned first = (unsigned)(c->first / USEC_PER_MS);
	unsigned direct = (unsigned)(c->direct / USEC_PER_MS);

	if (!c->tried || c->outcome == OUTCOME_NOTHING)
		printf(" - |");
	else if (c->outcome == OUTCOME_RELAYED)
		printf(" %u |", first);
	else if (c->outcome == OUTCOME_TCP)
		printf(" *%u* |", first);
	else if (first == direct)
		printf(" **%u** |", direct);
	else
		printf(" %u **%u** |", first, direct);
}

static void
print_calls(void)
{
	printf("| |");
	for (unsigned i = 0; i < KIND_COUNT; i++)
		printf(" %s |", kinds[i].name);
	printf("\n|---|");
	for (unsigned i = 0; i < KIND_COUNT; i++)
		printf("---|");
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		printf("\n| %s |", kinds[i].name);
		for (unsigned k = 0; k < KIND_COUNT; k++)
			print_call(&matrix_calls[i][k]);
	}
	printf("\n");
}

static void
print_techniques(void)
{
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		printf("%14s ", kinds[i].name);
		for (unsigned k = 0; k < KIND_COUNT; k++)
			printf(" %c", technique_letters[technique_needed(&kinds[i], &kinds[k])]);
		printf("\n");
	}
}

static int
by_time(const void *a, const void *b)
{
	const usec_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

usec_t
matrix_median(void)
{
	usec_t all[KIND_COUNT * KIND_COUNT];

	for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
		const struct call *c = &matrix_calls[i / KIND_COUNT][i % KIND_COUNT];

		if (!c->tried)
			return 0;
		all[i] = c->first;
	}
	qsort(all, ARRAY_LEN(all), sizeof(all[0]), by_time);
	return all[ARRAY_LEN(all) / 2];
}

static void
print_totals(void)
{
	unsigned outcomes[OUTCOME_COUNT] = { 0 };

	for (unsigned i = 0; i < KIND_PAIRS; i++) {
		unsigned a, b;

		kind_pair(i, &a, &b);
		outcomes[matrix_calls[a][b].outcome]++;
	}
	printf("Of the %u pairs of kinds %u are direct, %u relayed over TCP because UDP is "
	       "blocked, %u relayed,\nand %u not connected. Half of all first answers took at most "
	       "%u ms.\n\n",
	    KIND_PAIRS, outcomes[OUTCOME_DIRECT], outcomes[OUTCOME_TCP], outcomes[OUTCOME_RELAYED],
	    outcomes[OUTCOME_NOTHING], (unsigned)(matrix_median() / USEC_PER_MS));
}

void
matrix_print(void)
{
	printf(
	    "# Who reaches whom, and how quickly\n\n"
	    "Made by `build/sim --matrix`: real engines with real cryptography in a simulated "
	    "network.\n`make check-sim` compares each cell with what follows from the two sites' "
	    "NATs.\n\n"
	    "## Calls\n\n"
	    "The kind of site in the row calls the kind in the column. Each is 10 ms from the "
	    "Internet, where\ntwo lighthouses are. A number is milliseconds from the first packet "
	    "handed to the tunnel until its\nanswer, with nothing known of the other side but its "
	    "address; **bold**, until the first answer that\ncame directly, as all did after it. A "
	    "plain number alone is a relayed pair, and *slanted* one that reaches its relay over "
	    "TCP.\n\n");
	print_totals();
	print_calls();
	printf("\n## Kinds\n\n"
	       "In the words of RFC 4787; timers are the life of a flow before and after it was "
	       "answered.\n\n");
	print_kinds();
	printf(
	    "## What a direct path takes\n\n"
	    "B simultaneous open, 6 the same over IPv6, M a port mapped by the router, S predicted "
	    "ports, Q the\nbirthday paradox, R nothing does: a relay, T TCP to a relay.\n\n```\n");
	print_techniques();
	printf("```\n\n"
	       "## Limits that are checked\n\n"
	       "| what happens | at most |\n|---|---|\n"
	       "| first answer, and half of all first answers | %u ms, and %u ms |\n"
	       "| first answer where UDP is blocked | %u ms |\n"
	       "| first direct answer, where B, 6, M or S does | %u ms |\n"
	       "| first direct answer, where Q does, nine of ten | %u ms |\n"
	       "| the same where both NATs are symmetric | %u ms |\n"
	       "| relayed to direct, or sessions renewed | no gap above 200 ms, or 150 ms |\n"
	       "| a lighthouse dies | direct: not noticed; relayed: 1.5 s |\n"
	       "| a new public address, a path cut in one or both directions | 1.5 s |\n"
	       "| a healed path carries data again | 30 s |\n"
	       "| a router starts again, 1 s down | 4 s |\n"
	       "| a node starts again, 3 s down | 4 s |\n"
	       "| a node starts again while every lighthouse is down, 2 s down | 2.5 s |\n",
	    (unsigned)(FIRST_ANSWER_MAX / USEC_PER_MS),
	    (unsigned)(FIRST_ANSWER_MEDIAN / USEC_PER_MS), (unsigned)(FIRST_TCP_MAX / USEC_PER_MS),
	    (unsigned)(DIRECT_MAX / USEC_PER_MS), (unsigned)(CHANCE_MAX / USEC_PER_MS),
	    (unsigned)(LOUD_MAX / USEC_PER_MS));
}
