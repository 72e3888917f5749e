/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fetching a blob: sources that answer, stall, drip and lie, and a line that loses.
 */
#include "core/pull.h"
#include "tests/unit/test.h"

static struct pull pull;
static usec_t now;
static uint8_t blob[BLOB_SIZE_MAX];

static struct state_id
state(uint64_t version, uint8_t hash)
{
	return (struct state_id){ .version = version, .hash = { hash } };
}

static void
begin(void)
{
	pull_wipe(&pull);
	now = USEC_PER_SEC;
	test_fill(blob, sizeof(blob));
}

static void
add(uint8_t who, uint64_t version)
{
	uint8_t key[32] = { who };
	struct state_id id = state(version, (uint8_t)version);

	pull_add(&pull, now, key, "someone", &id);
}

/* Chunk `i` of a blob of `size` bytes, as `who` would send it. True: it was the last. */
static bool
give(uint8_t who, uint64_t version, uint32_t size, unsigned i)
{
	uint8_t key[32] = { who };
	struct blob_part part = { .id = state(version, (uint8_t)version), .size = size };

	part.offset = i * BLOB_CHUNK_MAX;
	part.bytes.p = blob + part.offset;
	part.bytes.len = (uint16_t)min_u64(BLOB_CHUNK_MAX, size - part.offset);
	return pull_take(&pull, now, key, &part);
}

/* Answers a request, losing `loss` of 100 chunks. True: it is whole. */
static bool
answer(const struct pull_ask *ask, uint64_t version, uint32_t size, unsigned loss)
{
	unsigned first = ask->req.offset / BLOB_CHUNK_MAX;
	bool whole = false;

	for (unsigned i = first; i < first + 8 && i * BLOB_CHUNK_MAX < size; i++)
		if (test_below(100) >= loss)
			whole |= give(ask->key[0], version, size, i);
	return whole;
}

TEST(a_blob_of_any_size_comes_whole_over_a_line_that_loses)
{
	for (int round = 0; round < 200; round++) {
		uint32_t size = round == 0 ? 1 : (uint32_t)(1 + test_below(BLOB_SIZE_MAX));
		unsigned loss = (unsigned)test_below(40);
		struct pull_ask ask;
		bool whole = false;

		begin();
		add(7, 5);
		for (int i = 0; i < 2000 && !whole; i++) {
			while (!whole && pull_next(&pull, now, &ask))
				whole = answer(&ask, 5, size, loss);
			now = whole ? now : pull_due(&pull);
		}
		ASSERT(whole);
		ASSERT_EQ(pull.size, size);
		ASSERT_MEM(pull.bytes, blob, size);
		pull_end(&pull, now, PULL_DONE);
		ASSERT_EQ(pull.count, 0);
		ASSERT_EQ(pull_due(&pull), 0);
	}
}

TEST(who_does_not_answer_is_left_for_the_next_within_four_seconds)
{
	struct pull_ask ask;
	usec_t began;
	int asked = 0;

	begin();
	add(1, 9); /* it promises most */
	add(2, 5);
	began = now;
	for (;;) {
		ASSERT(pull_next(&pull, now, &ask));
		if (ask.key[0] == 2)
			break;
		asked++;
		now = pull_due(&pull);
	}
	ASSERT_EQ(asked, PULL_TRIES);
	ASSERT(now - began < 4 * USEC_PER_SEC);
	ASSERT(answer(&ask, 5, 100, 0));
}

TEST(who_drips_is_left_when_its_time_is_over)
{
	struct pull_ask ask;
	usec_t began;
	unsigned chunk = 0;

	begin();
	add(1, 5);
	began = now;
	ASSERT(pull_next(&pull, now, &ask));
	while (pull_from(&pull)->stalls == 0) {
		ASSERT(now - began <= PULL_TIME + 4 * USEC_PER_SEC);
		if (pull_next(&pull, now, &ask) && chunk < 63)
			(void)give(1, 5, BLOB_SIZE_MAX, chunk++);
		now = pull_due(&pull);
	}
	ASSERT(pull.bytes == NULL);
}

TEST(a_liar_is_asked_ever_more_seldom_and_after_everybody_else)
{
	struct pull_ask ask;

	begin();
	add(1, UINT64_MAX);
	for (unsigned i = 0; i < 10; i++) {
		usec_t pause = PULL_LIED << min_u64(i, PULL_DOUBLES);

		ASSERT(pull_next(&pull, now, &ask));
		ASSERT(answer(&ask, UINT64_MAX, 10, 0));
		pull_end(&pull, now, PULL_LIE);
		ASSERT(!pull_next(&pull, now, &ask));
		ASSERT_EQ(pull_due(&pull), now + pause);
		now += pause;
	}
	add(2, 5);
	ASSERT(pull_next(&pull, now, &ask));
	ASSERT_EQ(ask.key[0], 2);
}

TEST(a_table_full_of_liars_and_stallers_has_room_for_somebody_new)
{
	struct pull_ask ask;

	begin();
	for (uint8_t i = 1; i <= PULL_SOURCES_MAX; i++)
		add(i, UINT64_MAX);
	add(100, 5); /* nobody has done anything wrong yet */
	ASSERT_EQ(pull.count, PULL_SOURCES_MAX);
	for (int i = 0; i < PULL_SOURCES_MAX; i++) {
		ASSERT(pull_next(&pull, now, &ask));
		ASSERT(ask.key[0] != 100);
		pull_end(&pull, now, i % 2 ? PULL_LIE : PULL_STALL);
	}
	add(101, 5);
	ASSERT(pull_next(&pull, now, &ask));
	ASSERT_EQ(ask.key[0], 101);
}

TEST(only_what_was_asked_for_counts)
{
	struct pull_ask ask;

	begin();
	ASSERT(!give(1, 5, 10, 0)); /* nobody was asked */
	add(1, 5);
	ASSERT(pull_next(&pull, now, &ask));
	ASSERT(!give(2, 5, 10, 0)); /* somebody else */
	ASSERT(!give(1, 5, 2000, 0));
	ASSERT(!give(1, 6, 2000, 1)); /* of another state */
	ASSERT(!give(1, 5, 3000, 1)); /* of another size */
	ASSERT(give(1, 5, 2000, 1));
}

TEST(a_source_that_has_another_state_now_is_asked_anew)
{
	struct pull_ask ask;

	begin();
	add(1, 5);
	ASSERT(pull_next(&pull, now, &ask));
	ASSERT(!give(1, 5, 20000, 0));
	add(1, 6);
	ASSERT(pull_next(&pull, now, &ask));
	ASSERT_EQ(ask.req.offset, 0);
	ASSERT_EQ(ask.req.id.version, 0);
	ASSERT(answer(&ask, 6, 100, 0));
}

static bool
above_five(const void *ctx, const struct state_id *id)
{
	(void)ctx;
	return id->version > 5;
}

TEST(sources_of_what_is_not_wanted_any_more_are_forgotten)
{
	struct pull_ask ask;

	begin();
	add(1, 5);
	ASSERT(pull_next(&pull, now, &ask));
	add(2, 7);
	add(3, 4);
	pull_sift(&pull, above_five, NULL);
	ASSERT_EQ(pull.count, 1);
	ASSERT(!pull.runs);
	ASSERT(pull_next(&pull, now, &ask));
	ASSERT_EQ(ask.key[0], 2);
}

TEST(who_is_gone_is_not_waited_for)
{
	uint8_t key[32] = { 1 };
	struct pull_ask ask;

	begin();
	add(1, 6);
	add(2, 5);
	ASSERT(pull_next(&pull, now, &ask));
	ASSERT_EQ(ask.key[0], 1);
	pull_absent(&pull, now, key);
	ASSERT(pull_next(&pull, now, &ask));
	ASSERT_EQ(ask.key[0], 2);
}
