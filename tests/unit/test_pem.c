/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_pem.c - one text for every string of bytes; and bytes as words.
 */
#include "core/pem.h"

#include "core/cert.h"
#include "core/words.h"
#include "tests/unit/test.h"

/* Reads exactly one block from `text`, else the error. */
static int
read_text(const char *text, size_t len, uint8_t *to, size_t cap)
{
	struct pem_reader r = { 0 };
	char label[PEM_LABEL_MAX];
	struct err e = { "" };
	int n = pem_open(&r, text, len, &e);

	if (n == 0)
		n = pem_next(&r, label, to, cap, &e);
	ASSERT(n >= 0 || e.text[0] != '\0');
	return n;
}

static int
read_string(const char *text)
{
	uint8_t to[64];

	return read_text(text, strlen(text), to, sizeof(to));
}

TEST(bytes_of_any_length_come_back)
{
	for (size_t len = 1; len < 300; len++) {
		uint8_t bytes[300], again[300];
		char text[1024];
		int n;

		test_fill(bytes, len);
		n = pem_write(text, sizeof(text), "MPYNET TEST", bytes, len);
		ASSERT_EQ(n, PEM_LEN(strlen("MPYNET TEST"), len));
		ASSERT_EQ(read_text(text, (size_t)n, again, sizeof(again)), len);
		ASSERT_MEM(bytes, again, len);
		ASSERT_EQ(read_text(text, (size_t)n, again, len), len);
		if (len > 1)
			ASSERT_EQ(read_text(text, (size_t)n, again, len - 1), ERR_FULL);
		ASSERT_EQ(pem_write(text, (size_t)n - 1, "MPYNET TEST", bytes, len), ERR_FULL);
	}
}

TEST(blocks_follow_each_other_and_then_comes_the_end)
{
	char text[1024];
	size_t len = 0;
	struct pem_reader r = { 0 };
	char label[PEM_LABEL_MAX];
	uint8_t to[8];

	len += (size_t)pem_write(text, sizeof(text), "ONE", (const uint8_t *)"1", 1);
	len += (size_t)pem_write(text + len, sizeof(text) - len, "TWO", (const uint8_t *)"22", 2);
	ASSERT_EQ(pem_open(&r, text, len, NULL), 0);
	ASSERT_EQ(pem_next(&r, label, to, sizeof(to), NULL), 1);
	ASSERT_STR(label, "ONE");
	ASSERT_EQ(r.line, 4);
	ASSERT_EQ(pem_next(&r, label, to, sizeof(to), NULL), 2);
	ASSERT_STR(label, "TWO");
	ASSERT_EQ(pem_next(&r, label, to, sizeof(to), NULL), 0);
}

TEST(only_the_one_text_is_taken)
{
	static const char *const wrong[] = {
		"x",
		"\n",
		"-----BEGIN A-----",
		"-----BEGIN A-----\n",
		"-----BEGIN A-----\nAAAA\n",
		"-----BEGIN A-----\nAAAA\n-----END A-----",
		"-----BEGIN A-----\nAAAA\n-----END B-----\n",
		"-----BEGIN A-----\n-----END A-----\n",
		"-----BEGIN A----- \nAAAA\n-----END A-----\n",
		" -----BEGIN A-----\nAAAA\n-----END A-----\n",
		"-----BEGIN a-----\nAAAA\n-----END a-----\n",
		"-----BEGIN -----\nAAAA\n-----END -----\n",
		"-----BEGIN A-----\r\nAAAA\r\n-----END A-----\r\n",
		"-----BEGIN A-----\nHeader: 1\n\nAAAA\n-----END A-----\n",
		"-----BEGIN A-----\n\nAAAA\n-----END A-----\n",
		"-----BEGIN A-----\nAAA\n-----END A-----\n",
		"-----BEGIN A-----\nAA==AAAA\n-----END A-----\n",
		"-----BEGIN A-----\nAA==\nAAAA\n-----END A-----\n",
		"-----BEGIN A-----\nAAAA\nAAAA\n-----END A-----\n",
		"-----BEGIN A-----\nAAA*\n-----END A-----\n",
		"-----BEGIN A-----\nAAA\264\n-----END A-----\n",
		"-----BEGIN A-----\nAA AA\n-----END A-----\n",
		/* Bits of the last character that say nothing are zero. */
		"-----BEGIN A-----\nAB==\n-----END A-----\n",
		"-----BEGIN A-----\nAAB=\n-----END A-----\n",
		/* 68 characters in a line. */
		("-----BEGIN A-----\n"
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
		 "-----END A-----\n"),
		"-----BEGIN ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNO-----\nAAAA\n"
		"-----END ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNO-----\n",
	};

	ASSERT_EQ(read_string("-----BEGIN A-----\nAAAA\n-----END A-----\n"), 3);
	ASSERT_EQ(read_string("-----BEGIN A-----\nAA==\n-----END A-----\n"), 1);
	ASSERT_EQ(read_string(""), 0);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		if (read_string(wrong[i]) >= 0)
			test_fail(__FILE__, __LINE__, "text %zu is taken", i);
}

TEST(what_failed_leaves_no_bytes_behind)
{
	static const char text[] = "-----BEGIN A-----\n//////\n-----END B-----\n";
	uint8_t to[64], zeros[64] = { 0 };

	memset(to, 0xa5, sizeof(to));
	ASSERT_EQ(read_text(text, sizeof(text) - 1, to, sizeof(to)), ERR_FORMAT);
	ASSERT_MEM(to, zeros, sizeof(to));
}

TEST(a_file_above_a_mebibyte_is_not_read)
{
	struct pem_reader r = { 0 };

	ASSERT_EQ(pem_open(&r, "", PEM_TEXT_MAX, NULL), 0);
	ASSERT_EQ(pem_open(&r, "", PEM_TEXT_MAX + 1, NULL), -EFBIG);
}

TEST(garbage_is_refused_and_never_more_than_its_room_is_written)
{
	static const char right[] =
	    "-----BEGIN A-----\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	    "AAAA\n-----END A-----\n";

	for (int round = 0; round < 20000; round++) {
		char text[sizeof(right)];
		uint8_t to[52];
		int n;

		memcpy(text, right, sizeof(text));
		for (uint64_t k = 1 + test_below(3); k > 0; k--)
			text[test_below(sizeof(text) - 1)] = (char)test_below(256);
		to[51] = 0x5a;
		n = read_text(text, test_below(sizeof(text)), to, 51);
		ASSERT(n <= 51);
		ASSERT_EQ(to[51], 0x5a);
	}
}

TEST(an_object_has_the_label_of_its_kind)
{
	const uint8_t ca[5] = { 'M', 'P', 'Y', '1', OBJECT_CA };
	const uint8_t state[5] = { 'M', 'P', 'Y', '1', OBJECT_STATE };
	uint8_t to[8];
	char text[512];
	int n;

	ASSERT_STR(pem_label(ca, sizeof(ca)), PEM_CA_CERTIFICATE);
	ASSERT(pem_label(ca, 4) == NULL);
	ASSERT(pem_label(state, sizeof(state)) == NULL);
	n = pem_write(text, sizeof(text), PEM_CA_CERTIFICATE, ca, sizeof(ca));
	ASSERT_EQ(pem_read_object(to, sizeof(to), text, (size_t)n, NULL), sizeof(ca));
	ASSERT_EQ(pem_read_object(to, sizeof(to), text, 0, NULL), ERR_SHORT);
	text[n] = '\n';
	ASSERT_EQ(pem_read_object(to, sizeof(to), text, (size_t)n + 1, NULL), ERR_EXCESS);
	n = pem_write(text, sizeof(text), PEM_CERTIFICATE, ca, sizeof(ca));
	ASSERT_EQ(pem_read_object(to, sizeof(to), text, (size_t)n, NULL), ERR_FORMAT);
}

TEST(bytes_as_words)
{
	static const uint8_t known[] = { 0xe5, 0x82, 0x94, 0xf2, 0xe9, 0xa2, 0x27, 0x48 };
	char text[sizeof(known) * (WORDS_WORD_MAX + 1)];

	/* The example of the list's first publication. */
	ASSERT_STR(words_format(text, known, sizeof(known)),
	    "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator");
	ASSERT_STR(words_format(text, known, 1), "topmost");
}

TEST(no_two_words_are_the_same)
{
	for (int i = 0; i < 512; i++) {
		const char *word = words_word(i & 0xff, i >> 8 & 1);

		ASSERT(strlen(word) > 0 && strlen(word) <= WORDS_WORD_MAX);
		for (int k = 0; k < i; k++)
			ASSERT(strcasecmp(words_word(k & 0xff, k >> 8 & 1), word) != 0);
	}
}
