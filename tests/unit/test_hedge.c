/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_hedge.c - what is sent twice, where, and how much of it.
 */
#include "node/peer.h"
#include "tests/unit/test.h"

#define MS  USEC_PER_MS
#define SEC USEC_PER_SEC

enum { DIRECT, RELAY, OTHER };

static struct peer peer;
static struct path *ways[HEDGE_WAYS_MAX];

static struct path *
add(unsigned slot, enum path_class kind, usec_t now)
{
	struct addr at = { .family = FAMILY_V4, .port = 7717, .ip = { 198, 18, 0, 1 } };
	struct path *p = &peer.paths[slot];

	at.ip[3] = (uint8_t)(1 + slot);
	path_init(p, kind, ORIGIN_PEER, SOCKET_V4, &at);
	path_probe(p, now - 20 * MS, 1);
	ASSERT(path_answered(p, now, 1));
	return p;
}

/* A peer with a direct path, which is in use, and a relay. */
static void
begin(void)
{
	memset(&peer, 0, sizeof(peer));
	add(DIRECT, PATH_DIRECT, 100 * SEC);
	add(RELAY, PATH_RELAY, 100 * SEC);
	peer.best = DIRECT;
}

TEST(nothing_is_sent_twice_in_health)
{
	begin();
	for (usec_t now = 100 * SEC; now < 110 * SEC; now += MS)
		ASSERT_EQ(hedge_ways(&peer, now, 100, ways), 0);
	ASSERT_EQ(peer.hedge.bytes, 0);
}

TEST(everything_is_while_the_path_in_use_is_suspect)
{
	begin();
	path_doubt(&peer.paths[DIRECT], 101 * SEC);
	ASSERT_EQ(hedge_ways(&peer, 101 * SEC, 1400, ways), 1);
	ASSERT(ways[0] == &peer.paths[RELAY]);
	path_probe(&peer.paths[DIRECT], 101 * SEC, 2);
	ASSERT(path_answered(&peer.paths[DIRECT], 101 * SEC + 20 * MS, 2));
	ASSERT_EQ(hedge_ways(&peer, 102 * SEC, 1400, ways), 0);
}

TEST(small_packets_are_as_soon_as_an_answer_is_late)
{
	begin();
	path_probe(&peer.paths[DIRECT], 101 * SEC, 2);
	ASSERT_EQ(hedge_ways(&peer, 101 * SEC + 20 * MS, 100, ways), 0);
	ASSERT_EQ(hedge_ways(&peer, 101 * SEC + 200 * MS, 100, ways), 1);
	ASSERT_EQ(hedge_ways(&peer, 101 * SEC + 200 * MS, HEDGE_SMALL + 1, ways), 0);
}

TEST(small_packets_are_for_a_moment_after_a_change)
{
	begin();
	hedge_switched(&peer.hedge, 101 * SEC);
	ASSERT_EQ(hedge_ways(&peer, 101 * SEC + 100 * MS, 100, ways), 1);
	ASSERT_EQ(hedge_ways(&peer, 101 * SEC + 100 * MS, 1000, ways), 0);
	ASSERT_EQ(hedge_ways(&peer, 101 * SEC + HEDGE_AFTER_SWITCH, 100, ways), 0);
}

TEST(the_copy_takes_the_best_of_the_other_paths_that_work)
{
	begin();
	add(OTHER, PATH_DIRECT, 100 * SEC);
	path_doubt(&peer.paths[DIRECT], 101 * SEC);
	ASSERT_EQ(hedge_ways(&peer, 101 * SEC, 100, ways), 1);
	ASSERT(ways[0] == &peer.paths[OTHER]);
	path_doubt(&peer.paths[OTHER], 101 * SEC);
	ASSERT_EQ(hedge_ways(&peer, 101 * SEC, 100, ways), 1);
	ASSERT(ways[0] == &peer.paths[RELAY]);
	path_doubt(&peer.paths[RELAY], 101 * SEC);
	ASSERT_EQ(hedge_ways(&peer, 101 * SEC, 100, ways), 0);
}

TEST(where_the_peer_was_heard_last_gets_copies_of_three_times_what_came)
{
	struct path *heard = &peer.paths[OTHER];
	struct addr at = { .family = FAMILY_V4, .port = 999, .ip = { 198, 18, 0, 9 } };
	size_t sent = 0;

	begin();
	path_init(heard, PATH_DIRECT, ORIGIN_HEARD, SOCKET_V4, &at);
	path_heard(heard, 101 * SEC, 500, 7, 1);
	hedge_elsewhere(&peer.hedge, 101 * SEC);
	while (hedge_ways(&peer, 101 * SEC, 100, ways) > 0) {
		ASSERT(ways[0] == heard);
		path_sent(heard, 101 * SEC, 100 + DATA_MIN, 7, 1, false);
		sent += 100 + DATA_MIN;
		ASSERT(sent <= 3 * 500);
	}
	ASSERT(sent > 3 * 500 - 100 - DATA_MIN);
	/* And none when the path in use is heard again, or that was long ago. */
	path_heard(heard, 102 * SEC, 500, 7, 2);
	hedge_elsewhere(&peer.hedge, 102 * SEC);
	path_heard(&peer.paths[DIRECT], 102 * SEC + MS, 100, 7, 3);
	ASSERT_EQ(hedge_ways(&peer, 102 * SEC + MS, 100, ways), 0);
	path_heard(heard, 103 * SEC, 500, 7, 4);
	hedge_elsewhere(&peer.hedge, 103 * SEC);
	ASSERT_EQ(hedge_ways(&peer, 104 * SEC, 100, ways), 0);
}

TEST(a_bulk_transfer_is_copied_within_its_allowance)
{
	begin();
	path_doubt(&peer.paths[DIRECT], 101 * SEC);
	for (usec_t now = 101 * SEC; now < 105 * SEC; now += MS) {
		for (int i = 0; i < 100; i++)
			(void)hedge_ways(&peer, now, 1400, ways);
	}
	ASSERT(peer.hedge.bytes <= 5 * HEDGE_BURST);
	ASSERT(peer.hedge.bytes >= 4 * HEDGE_BURST);
}
