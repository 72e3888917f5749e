/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mtu.c - the search for the largest packet, on a path that is two numbers.
 */
#include "node/mtu.h"
#include "tests/unit/test.h"

#define MS  USEC_PER_MS
#define SEC USEC_PER_SEC

#define RTT (20 * MS)

/* A path that carries packets of at most `carries` bytes, and whether anything at all. */
struct model {
	struct mtu mtu;
	usec_t now;
	uint32_t carries;
	bool cut;
	bool busy;
	usec_t large_every; /* data of the full size is sent; 0: none */
	uint64_t asked_bytes;
	unsigned asked;
	uint64_t txid;	 /* of the probe that will be answered */
	usec_t answer_at;
	usec_t heard_at;
};

static struct model
model(uint32_t carries)
{
	struct model p = { .now = 1000 * SEC, .carries = carries };

	mtu_init(&p.mtu);
	return p;
}

static void
model_probe(struct model *p, uint32_t size)
{
	mtu_asked(&p->mtu, p->now, size, ++p->txid);
	p->asked++;
	p->asked_bytes += size;
	p->answer_at = !p->cut && size <= p->carries ? p->now + RTT : 0;
	if (!p->cut)
		p->heard_at = p->now + RTT; /* the small one */
}

/* Lets `span` pass in steps of a millisecond. */
static void
run(struct model *p, usec_t span)
{
	for (usec_t end = p->now + span; p->now < end; p->now += MS) {
		struct mtu_path facts = {
			.patience = 200 * MS, .heard_at = p->heard_at, .busy = p->busy
		};
		uint32_t size;

		if (p->answer_at != 0 && p->answer_at <= p->now) {
			ASSERT(mtu_answered(&p->mtu, p->now, p->txid));
			p->answer_at = 0;
		}
		if (p->large_every != 0 && p->now % p->large_every == 0)
			mtu_sent(&p->mtu, p->now, mtu_size(&p->mtu));
		size = mtu_tick(&p->mtu, p->now, &facts);
		if (size != 0)
			model_probe(p, size);
		else
			ASSERT(!due_reached(mtu_due(&p->mtu, &facts), p->now));
	}
}

TEST(a_wide_path_is_found_to_be_wide_in_a_few_round_trips)
{
	struct model p = model(9000);

	ASSERT_EQ(mtu_size(&p.mtu), MTU_BASE);
	run(&p, 5 * RTT);
	ASSERT_EQ(mtu_size(&p.mtu), MTU_MAX);
	ASSERT_EQ(p.asked, 4);
}

TEST(the_largest_size_that_passes_is_found_wherever_it_lies)
{
	static const uint32_t passes[][2] = { { 1419, 1392 }, { 1391, 1360 }, { 1300, 1280 },
		{ 1279, 1200 }, { 1100, 1024 }, { 900, 768 }, { 548, 512 } };

	for (size_t i = 0; i < ARRAY_LEN(passes); i++) {
		struct model p = model(passes[i][0]);

		run(&p, 5 * SEC);
		ASSERT_EQ(mtu_size(&p.mtu), passes[i][1]);
	}
}

TEST(a_path_that_carries_nothing_is_not_called_narrow)
{
	struct model p = model(9000);

	p.cut = true;
	run(&p, 10 * SEC);
	ASSERT_EQ(mtu_size(&p.mtu), MTU_BASE);
}

TEST(a_black_hole_is_left_within_two_seconds_of_large_packets)
{
	struct model p = model(9000);

	p.busy = true;
	p.large_every = 10 * MS;
	run(&p, 10 * SEC);
	ASSERT_EQ(mtu_size(&p.mtu), MTU_MAX);
	p.carries = 1370;
	run(&p, 2 * SEC);
	ASSERT(mtu_size(&p.mtu) <= 1370);
	run(&p, SEC);
	ASSERT_EQ(mtu_size(&p.mtu), 1360);
}

TEST(a_path_that_becomes_wider_is_used_in_full)
{
	struct model p = model(1300);

	p.busy = true;
	run(&p, 5 * SEC);
	ASSERT_EQ(mtu_size(&p.mtu), MTU_BASE);
	p.carries = 9000;
	run(&p, MTU_AGAIN + SEC);
	ASSERT_EQ(mtu_size(&p.mtu), MTU_MAX);
}

TEST(one_lost_probe_changes_nothing)
{
	struct model p = model(9000);

	p.large_every = 10 * MS;
	run(&p, 10 * SEC);
	for (int i = 0; i < 20; i++) {
		p.carries = 0;
		run(&p, 300 * MS); /* at most two probes */
		p.carries = 9000;
		run(&p, 2 * SEC);
		ASSERT_EQ(mtu_size(&p.mtu), MTU_MAX);
	}
}

TEST(an_idle_path_is_left_alone_and_large_packets_cost_one_probe_a_second)
{
	struct model p = model(1300);

	run(&p, 5 * SEC);
	p.asked = 0;
	run(&p, 300 * SEC);
	ASSERT_EQ(p.asked, 0);
	p.large_every = 10 * MS;
	p.asked_bytes = 0;
	run(&p, 100 * SEC);
	ASSERT(p.asked_bytes <= 101 * MTU_BASE);
}

TEST(an_answer_to_an_older_probe_proves_nothing)
{
	struct model p = model(9000);

	ASSERT(!mtu_answered(&p.mtu, p.now, 0));
	run(&p, MS);
	ASSERT(!mtu_answered(&p.mtu, p.now, p.txid + 1));
	ASSERT(mtu_answered(&p.mtu, p.now, p.txid));
	ASSERT(!mtu_answered(&p.mtu, p.now, p.txid));
}
