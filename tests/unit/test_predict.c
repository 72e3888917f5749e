/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/predict.h"

#include "tests/unit/test.h"

static const struct nat unknown;
static const struct nat easy = { .mapping = NAT_MAPPING_ENDPOINT,
	.filtering = NAT_FILTERING_ADDRESS };
static const struct nat restricted = { .mapping = NAT_MAPPING_ENDPOINT,
	.filtering = NAT_FILTERING_PORT };
static const struct nat firewall = { .mapping = NAT_MAPPING_NONE,
	.filtering = NAT_FILTERING_PORT };
static const struct nat first_keeps = { .mapping = NAT_MAPPING_PORT,
	.filtering = NAT_FILTERING_PORT, .flags = NAT_FIRST_KEEPS };
static const struct nat step = { .mapping = NAT_MAPPING_PORT, .filtering = NAT_FILTERING_PORT,
	.flags = NAT_SEQUENTIAL, .step = 2 };
static const struct nat back = { .mapping = NAT_MAPPING_PORT, .filtering = NAT_FILTERING_PORT,
	.flags = NAT_SEQUENTIAL, .step = -1 };
static const struct nat block = { .mapping = NAT_MAPPING_PORT, .filtering = NAT_FILTERING_PORT,
	.flags = NAT_BLOCK };
static const struct nat scattered = { .mapping = NAT_MAPPING_PORT,
	.filtering = NAT_FILTERING_PORT };
static const struct nat by_address = { .mapping = NAT_MAPPING_ADDRESS,
	.filtering = NAT_FILTERING_ADDRESS };
static const struct nat pooled = { .mapping = NAT_MAPPING_PORT, .filtering = NAT_FILTERING_PORT,
	.flags = NAT_POOLED };

static const struct nat *const all[] = { &unknown, &easy, &restricted, &firewall, &first_keeps,
	&step, &back, &block, &scattered, &by_address, &pooled };

TEST(a_pair_takes_what_the_ladder_says)
{
	static const struct {
		const struct nat *own, *peer;
		uint8_t technique;
	} rows[] = {
		{ &unknown, &scattered, 0 },
		{ &easy, &scattered, 0 },
		{ &restricted, &unknown, 0 },
		{ &restricted, &restricted, AIM_SWEEP },
		{ &restricted, &first_keeps, AIM_SWEEP },
		{ &firewall, &step, AIM_SWEEP },
		{ &restricted, &block, AIM_BIRTHDAY },
		{ &firewall, &scattered, AIM_BIRTHDAY },
		{ &restricted, &by_address, AIM_BIRTHDAY },
		{ &restricted, &pooled, 0 },
		{ &first_keeps, &step, AIM_MEET },
		{ &step, &back, AIM_MEET },
		{ &step, &scattered, 0 },
		{ &scattered, &block, 0 },
		{ &scattered, &scattered, 0 },
		{ &by_address, &scattered, AIM_LOUD },
		{ &by_address, &step, AIM_LOUD },
		{ &by_address, &by_address, AIM_LOUD },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ASSERT_EQ(predict_plan(rows[i].own, rows[i].peer, true, true).technique,
		    rows[i].technique);
		ASSERT_EQ(predict_plan(rows[i].peer, rows[i].own, true, false).technique,
		    rows[i].technique);
	}
}

TEST(one_side_asks_and_the_other_does_not_refuse)
{
	for (size_t a = 0; a < ARRAY_LEN(all); a++) {
		for (size_t b = 0; b < ARRAY_LEN(all); b++) {
			struct plan p = predict_plan(all[a], all[b], true, true);
			struct plan q = predict_plan(all[b], all[a], true, false);

			if (p.technique == 0)
				continue;
			ASSERT_EQ(p.technique, q.technique);
			ASSERT(p.asks != q.asks);
			ASSERT_EQ(predict_refuses(p.asks ? all[b] : all[a], p.technique, true), 0);
		}
	}
}

TEST(who_cannot_hide_its_packets_asks_for_a_loud_birthday)
{
	struct plan p = predict_plan(&restricted, &scattered, false, true);

	ASSERT_EQ(p.technique, AIM_LOUD);
	ASSERT(p.asks);
	ASSERT_EQ(predict_refuses(&scattered, AIM_LOUD, true), 0);
	ASSERT_EQ(predict_refuses(&restricted, AIM_BIRTHDAY, false), AIM_CANNOT);
	ASSERT_EQ(predict_refuses(&scattered, AIM_BIRTHDAY, true), AIM_NOT_SO);
	ASSERT_EQ(predict_refuses(&easy, AIM_SWEEP, true), AIM_NOT_SO);
}

TEST(ports_in_a_row_go_round_past_those_below_1024)
{
	struct ports up = { .first = 65534, .stride = 1, .n = 4 };
	struct ports down = { .first = 1025, .stride = -2, .n = 4 };

	ASSERT_EQ(predict_port(&up, 0), 65534);
	ASSERT_EQ(predict_port(&up, 1), 65535);
	ASSERT_EQ(predict_port(&up, 2), 1024);
	ASSERT_EQ(predict_port(&down, 0), 1025);
	ASSERT_EQ(predict_port(&down, 1), 65535);
	ASSERT_EQ(predict_port(&down, 2), 65533);
	for (unsigned i = 0; i < 70000; i++) {
		ASSERT(predict_port(&up, i) >= 1024);
		ASSERT(predict_port(&down, i) >= 1024);
	}
}

TEST(own_ports_follow_from_what_was_seen)
{
	struct ports p = predict_own(&step, AIM_SWEEP, 40000, 7717);

	ASSERT_EQ(p.n, 32);
	ASSERT_EQ(predict_port(&p, 0), 40002);
	ASSERT_EQ(predict_port(&p, 31), 40064);
	p = predict_own(&back, AIM_SWEEP, 1030, 7717);
	ASSERT_EQ(predict_port(&p, 0), 1029);
	ASSERT_EQ(predict_port(&p, 6), 65535);
	p = predict_own(&step, AIM_MEET, 65530, 7717);
	ASSERT_EQ(p.n, 1);
	ASSERT_EQ(p.first, 1024 + 42);
	p = predict_own(&first_keeps, AIM_MEET, 40000, 7717);
	ASSERT(p.n == 1 && p.first == 7717);
	p = predict_own(&restricted, AIM_SWEEP, 40000, 7717);
	ASSERT(p.n == 1 && p.first == 40000);
	ASSERT(predict_measures(&step) && !predict_measures(&first_keeps));
}

TEST(a_block_is_all_that_there_is_of_it)
{
	struct nat n = block;
	struct ports p = predict_all(&n);

	ASSERT(p.first == 1024 && p.n == PREDICT_PORTS); /* it was not said where it is */
	n.base_port = 40960;
	n.step = 10;
	p = predict_all(&n);
	ASSERT(p.first == 40960 && p.n == 1024);
	n.base_port = 65024;
	p = predict_all(&n);
	ASSERT_EQ(predict_port(&p, p.n - 1u), 65535);
	p = predict_all(&scattered);
	ASSERT(p.first == 1024 && p.n == PREDICT_PORTS);
}

TEST(scattered_ports_are_all_of_them_and_each_once)
{
	static bool seen[65536];
	static const uint16_t sizes[] = { 1, 2, 3, 512, 1024, 4096, 64512 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct ports p = { .first = 1024, .stride = 1, .n = sizes[i] };
		uint32_t chance = (uint32_t)test_rand();

		memset(seen, 0, sizeof(seen));
		for (unsigned k = 0; k < p.n; k++) {
			uint16_t port = predict_scattered(&p, chance, k);

			ASSERT(port >= p.first && port < p.first + p.n);
			ASSERT(!seen[port]);
			seen[port] = true;
		}
	}
}
