/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_safe.c - content of any length comes back, from a safe of its own kind alone.
 */
#include "ca/safe.h"
#include "tests/unit/test.h"

static const uint8_t one[4] = "MPYB", other[4] = "MPYK";
static const struct keyfile_cost cheap = { .passes = 1, .memory_kib = KEYFILE_MEMORY_KIB_MIN };
static const struct keyfile_cost none;

#define CONTENT_MAX 300

static size_t
fill(uint8_t *safe, uint8_t *content, size_t len, struct keyfile_cost cost, const char *passphrase)
{
	struct rng_stream s;
	struct rng rng;

	rng_stream_init(&s, test_rand());
	rng = rng_stream_source(&s);
	test_fill(content, len);
	ASSERT_EQ(safe_seal(safe, one, content, len, cost, passphrase, strlen(passphrase), &rng),
	    0);
	return len + SAFE_OVERHEAD;
}

TEST(content_of_every_length_comes_back)
{
	uint8_t safe[CONTENT_MAX + SAFE_OVERHEAD], content[CONTENT_MAX], got[CONTENT_MAX];

	for (size_t len = 0; len <= CONTENT_MAX; len++) {
		size_t n = fill(safe, content, len, none, "");

		ASSERT_EQ(safe_open(got, one, safe, n, "", 0), 0);
		ASSERT_MEM(got, content, len);
		ASSERT_EQ(safe_open(safe + SAFE_HEADER, one, safe, n, "", 0), 0);
		ASSERT_MEM(safe + SAFE_HEADER, content, len);
	}
}

TEST(a_safe_of_another_kind_is_not_opened)
{
	uint8_t safe[CONTENT_MAX + SAFE_OVERHEAD], content[CONTENT_MAX];
	size_t n = fill(safe, content, CONTENT_MAX, none, "");

	ASSERT_EQ(safe_open(content, other, safe, n, "", 0), ERR_FORMAT);
	memcpy(safe, other, sizeof(other));	/* nor by giving it the other's name */
	ASSERT_EQ(safe_open(content, other, safe, n, "", 0), ERR_AUTH);
}

TEST(what_was_cut_is_never_opened)
{
	uint8_t safe[CONTENT_MAX + SAFE_OVERHEAD], content[CONTENT_MAX];
	size_t n = fill(safe, content, CONTENT_MAX, none, "");

	for (size_t len = 0; len < n; len++)
		ASSERT_EQ(safe_open(content, one, safe, len, "", 0),
		    len < SAFE_OVERHEAD ? ERR_SHORT : ERR_AUTH);
}

TEST(the_passphrase_is_all_that_opens_it)
{
	uint8_t safe[CONTENT_MAX + SAFE_OVERHEAD], content[CONTENT_MAX], got[CONTENT_MAX];
	size_t n = fill(safe, content, CONTENT_MAX, cheap, "correct horse");

	ASSERT_EQ(safe_open(got, one, safe, n, "correct hors", 12), ERR_AUTH);
	ASSERT_EQ(safe_open(got, one, safe, n, "correct horse", 13), 0);
	ASSERT_MEM(got, content, CONTENT_MAX);
}
