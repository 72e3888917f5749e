/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_keyfile.c - what was sealed comes back, and only with its passphrase.
 */
#include "ca/keyfile.h"
#include "core/bytes.h"
#include "tests/unit/test.h"

/* The cheapest that is allowed: these tests are about the format. */
static const struct keyfile_cost cheap = { .passes = 1, .memory_kib = KEYFILE_MEMORY_KIB_MIN };
static const struct keyfile_cost none;

static struct rng
source(struct rng_stream *s)
{
	rng_stream_init(s, test_rand());
	return rng_stream_source(s);
}

static void
seal(uint8_t *to, struct ca_keys *keys, struct keyfile_cost cost, const char *passphrase)
{
	struct rng_stream s;
	struct rng rng = source(&s);

	test_fill(keys, sizeof(*keys));
	ASSERT_EQ(keyfile_seal(to, keys, cost, passphrase, strlen(passphrase), &rng), 0);
}

TEST(what_is_sealed_comes_back)
{
	uint8_t file[KEYFILE_SIZE];
	struct ca_keys keys, got;

	seal(file, &keys, cheap, "correct horse");
	ASSERT_EQ(keyfile_open(&got, file, sizeof(file), "correct horse", 13), 0);
	ASSERT_MEM(&got, &keys, sizeof(keys));

	seal(file, &keys, none, "");
	ASSERT_EQ(keyfile_open(&got, file, sizeof(file), "", 0), 0);
	ASSERT_MEM(&got, &keys, sizeof(keys));
}

TEST(another_passphrase_opens_nothing)
{
	static const char *const wrong[] = { "", "correct hors", "correct horse ",
		"Correct horse" };
	uint8_t file[KEYFILE_SIZE];
	struct ca_keys keys, got = { .seed = { 7 } }, before = got;

	seal(file, &keys, cheap, "correct horse");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		ASSERT_EQ(keyfile_open(&got, file, sizeof(file), wrong[i], strlen(wrong[i])),
		    ERR_AUTH);
		ASSERT_MEM(&got, &before, sizeof(got));
	}
}

TEST(the_keys_cannot_be_seen_in_the_file)
{
	uint8_t file[KEYFILE_SIZE];
	struct ca_keys keys;

	seal(file, &keys, cheap, "x");
	ASSERT(memmem(file, sizeof(file), keys.seed, 8) == NULL);
	ASSERT(memmem(file, sizeof(file), keys.enrol, 8) == NULL);
}

/* With a cheap key every bit can be tried, header included: all of it is authenticated. */
TEST(every_flipped_bit_is_noticed)
{
	uint8_t file[KEYFILE_SIZE];
	struct ca_keys keys, got;

	seal(file, &keys, none, "");
	for (size_t bit = 0; bit < sizeof(file) * 8; bit++) {
		file[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ASSERT(keyfile_open(&got, file, sizeof(file), "", 0) < 0);
		file[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ASSERT_EQ(keyfile_open(&got, file, sizeof(file), "", 0), 0);
}

TEST(every_flipped_bit_is_noticed_under_a_passphrase)
{
	uint8_t file[KEYFILE_SIZE];
	struct ca_keys keys, got;

	seal(file, &keys, cheap, "x");
	/* Not the memory's and passes' bits: those that are allowed would be tried for real. */
	for (size_t byte = 16; byte < sizeof(file); byte += 5) {
		file[byte] ^= 0x10;
		ASSERT_EQ(keyfile_open(&got, file, sizeof(file), "x", 1), ERR_AUTH);
		file[byte] ^= 0x10;
	}
}

TEST(every_other_length_is_refused)
{
	uint8_t file[KEYFILE_SIZE + 1] = { 0 };
	struct ca_keys keys, got;

	seal(file, &keys, none, "");
	for (size_t len = 0; len < KEYFILE_SIZE; len++)
		ASSERT_EQ(keyfile_open(&got, file, len, "", 0), ERR_SHORT);
	ASSERT_EQ(keyfile_open(&got, file, sizeof(file), "", 0), ERR_EXCESS);
}

/* None of these may cost memory or time: they are refused before anything is derived. */
TEST(hostile_parameters_are_refused)
{
	static const struct {
		uint8_t kdf;
		uint32_t passes, memory_kib;
	} hostile[] = {
		{ 1, 0, KEYFILE_MEMORY_KIB_MIN },
		{ 1, KEYFILE_PASSES_MAX + 1, KEYFILE_MEMORY_KIB_MIN },
		{ 1, UINT32_MAX, KEYFILE_MEMORY_KIB_MIN },
		{ 1, 4, 0 },
		{ 1, 4, KEYFILE_MEMORY_KIB_MIN - 1 },
		{ 1, 4, KEYFILE_MEMORY_KIB_MAX + 1 },
		{ 1, 4, UINT32_MAX },
		{ 0, 4, KEYFILE_MEMORY_KIB_MIN },
		{ 0, 0, 1 },
		{ 0, 1, 0 },
		{ 2, 4, KEYFILE_MEMORY_KIB_MIN },
	};
	uint8_t file[KEYFILE_SIZE];
	struct keyfile_cost cost;
	struct ca_keys keys, got;

	seal(file, &keys, cheap, "x");
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		file[5] = hostile[i].kdf;
		put_le32(file + 8, hostile[i].passes);
		put_le32(file + 12, hostile[i].memory_kib);
		ASSERT_EQ(keyfile_cost(&cost, file, sizeof(file)), ERR_FORMAT);
		ASSERT_EQ(keyfile_open(&got, file, sizeof(file), "x", 1), ERR_FORMAT);
	}
}

TEST(another_version_is_told_apart_from_damage)
{
	uint8_t file[KEYFILE_SIZE];
	struct keyfile_cost cost;
	struct ca_keys keys;

	seal(file, &keys, none, "");
	file[4] = 2;
	ASSERT_EQ(keyfile_cost(&cost, file, sizeof(file)), ERR_VERSION);
}

TEST(the_cost_is_a_quarter_of_memory_and_at_most_a_gibibyte)
{
	static const struct {
		uint64_t ram;
		uint32_t kib;
	} table[] = {
		{ 0, KEYFILE_MEMORY_KIB_MIN },
		{ 512ULL << 20, 128 * 1024 },
		{ 2ULL << 30, 512 * 1024 },
		{ 4ULL << 30, 1024 * 1024 },
		{ 64ULL << 30, 1024 * 1024 },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		ASSERT_EQ(keyfile_cost_for(table[i].ram).memory_kib, table[i].kib);
		ASSERT_EQ(keyfile_cost_for(table[i].ram).passes, 4);
	}
}

TEST(the_same_keys_never_look_the_same)
{
	uint8_t a[KEYFILE_SIZE], b[KEYFILE_SIZE];
	struct rng_stream s;
	struct rng rng = source(&s);
	struct ca_keys keys = { .seed = { 1 } };

	ASSERT_EQ(keyfile_seal(a, &keys, none, "", 0, &rng), 0);
	ASSERT_EQ(keyfile_seal(b, &keys, none, "", 0, &rng), 0);
	ASSERT(memcmp(a + 56, b + 56, 80) != 0);
}
