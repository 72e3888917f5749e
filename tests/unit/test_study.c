/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_study.c - studies as bytes and as files: one encoding, the rules that refuse the rest, and
 * who is who in one.
 */
#include "core/study.h"

#include "core/object.h"
#include "tests/unit/certs.h"
#include "tests/unit/vectors.h"

static struct study_party
party_of(unsigned i)
{
	struct study_party p = { .port = STUDY_PORT };
	uint8_t secret[32];

	snprintf(p.name, sizeof(p.name), "party%u", i);
	test_fill(secret, sizeof(secret));
	crypto_dh_public(p.key, secret);
	p.address = ip_v4((uint8_t[]){ 10, 87, (uint8_t)(i >> 8), (uint8_t)i });
	return p;
}

static struct study
study_of(unsigned count)
{
	struct study s = { .name = "salaries", .count = count };

	test_fill(s.network, sizeof(s.network));
	for (unsigned i = 0; i < count; i++)
		s.parties[i] = party_of(i + 1);
	return s;
}

/* The rule for which it is not encoded. */
static enum breach
breach_of(struct study s)
{
	uint8_t bytes[STUDY_MAX];
	enum breach why = BREACH_COUNT;
	int rc = study_encode(&s, bytes, sizeof(bytes), &why);

	ASSERT_EQ(rc < 0, why != BREACH_NONE);
	return why;
}

TEST(a_study_of_every_size_comes_back_as_it_was)
{
	uint8_t bytes[STUDY_MAX], again[STUDY_MAX];

	for (unsigned count = 1; count <= STUDY_PARTIES_MAX; count++) {
		struct study s = study_of(count), other;
		int len = study_encode(&s, bytes, sizeof(bytes), NULL);

		ASSERT(len >= STUDY_MIN);
		ASSERT_EQ(study_decode(&other, bytes, (size_t)len, NULL), 0);
		ASSERT(study_equal(&s, &other));
		ASSERT_EQ(study_encode(&other, again, sizeof(again), NULL), len);
		ASSERT(memcmp(bytes, again, (size_t)len) == 0);
		ASSERT_EQ(study_encode(&s, bytes, (size_t)len - 1, NULL), ERR_FULL);
	}
}

TEST(the_longest_study_has_the_length_that_is_promised)
{
	uint8_t bytes[STUDY_MAX];
	char text[STUDY_TEXT_MAX];
	struct study s = study_of(STUDY_PARTIES_MAX), other;
	int len;

	memset(s.name, 'x', NAME_MAX_LEN);
	for (uint8_t i = 0; i < STUDY_PARTIES_MAX; i++) {
		struct study_party *p = &s.parties[i];
		uint8_t ip[16] = { 0xfd, 0x77, [15] = i };

		memset(p->name, 'y', NAME_MAX_LEN);
		p->name[0] = (char)('a' + i / 8);
		p->name[1] = (char)('a' + i % 8);
		p->address = ip_v6(ip);
	}
	ASSERT_EQ(study_encode(&s, bytes, sizeof(bytes), NULL), STUDY_MAX);
	len = study_write(&s, text, sizeof(text), NULL);
	ASSERT(len > 0 && text[len] == '\0');
	ASSERT_EQ(study_read(&other, text, (size_t)len, NULL), 0);
	ASSERT(study_equal(&s, &other));
}

TEST(everything_that_is_said_changes_the_hash)
{
	uint8_t bytes[STUDY_MAX];
	struct study s = study_of(3), other;

	ASSERT(study_encode(&s, bytes, sizeof(bytes), NULL) > 0);
	for (unsigned i = 0; i < 7; i++) {
		other = s;
		switch (i) {
		case 0: other.network[0] ^= 1; break;
		case 1: other.name[0] = 'x'; break;
		case 2: other.count = 2; break;
		case 3: other.parties[1].name[0] = 'x'; break;
		case 4: other.parties[1].port++; break;
		case 5: other.parties[1].address.b[3] = 77; break;
		case 6:
			other.parties[0] = s.parties[1];
			other.parties[1] = s.parties[0];
			break;
		}
		ASSERT(study_encode(&other, bytes, sizeof(bytes), NULL) > 0);
		ASSERT(!study_equal(&s, &other));
	}
}

TEST(what_would_be_no_study_is_not_encoded)
{
	struct study s = study_of(3);

	s.count = 0;
	ASSERT_EQ(breach_of(s), BREACH_PARTIES);
	s = study_of(3);
	s.count = STUDY_PARTIES_MAX + 1;
	ASSERT_EQ(breach_of(s), BREACH_PARTIES);
	s = study_of(3);
	s.name[0] = '\0';
	ASSERT_EQ(breach_of(s), BREACH_NAME);
	s = study_of(3);
	s.parties[2].name[0] = '-';
	ASSERT_EQ(breach_of(s), BREACH_NAME);
	s = study_of(3);
	memset(s.parties[1].key, 0, 32);
	ASSERT_EQ(breach_of(s), BREACH_KEY);
	s = study_of(3);
	s.parties[0].address = ip_v4((uint8_t[]){ 127, 0, 0, 1 });
	ASSERT_EQ(breach_of(s), BREACH_ADDRESS);
	s = study_of(3);
	s.parties[0].address = (struct ip){ 0 };
	ASSERT_EQ(breach_of(s), BREACH_ADDRESS);
	s = study_of(3);
	s.parties[2].port = 0;
	ASSERT_EQ(breach_of(s), BREACH_PORT);
}

TEST(no_two_parties_are_one)
{
	struct study s = study_of(3);

	memcpy(s.parties[2].name, s.parties[0].name, sizeof(s.parties[0].name));
	ASSERT_EQ(breach_of(s), BREACH_PARTY_TWICE);
	s = study_of(3);
	memcpy(s.parties[2].key, s.parties[0].key, 32);
	ASSERT_EQ(breach_of(s), BREACH_PARTY_TWICE);
	s = study_of(3);
	s.parties[1].address = s.parties[0].address;
	ASSERT_EQ(breach_of(s), BREACH_PARTY_TWICE);
}

TEST(a_party_is_found_by_key_and_by_name)
{
	struct study s = study_of(5);
	uint8_t stranger[32] = { 9 };

	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(study_index_of(&s, s.parties[i].key), i);
		ASSERT_EQ(study_index_named(&s, s.parties[i].name), i);
	}
	ASSERT_EQ(study_index_of(&s, stranger), ERR_UNKNOWN);
	ASSERT_EQ(study_index_named(&s, "party6"), ERR_UNKNOWN);
}

TEST(the_threshold_is_what_mpyc_takes)
{
	static const unsigned want[] = { 0, 0, 0, 1, 1, 2, 2, 3 };

	for (unsigned m = 1; m < ARRAY_LEN(want); m++) {
		struct study s = { .count = m };

		ASSERT_EQ(study_threshold(&s), want[m]);
	}
}

TEST(a_study_is_called_by_its_name_or_by_the_beginning_of_its_hash)
{
	struct study s = study_of(2);
	uint8_t bytes[STUDY_MAX];
	char hex[2 * STUDY_HASH_LEN + 1];

	ASSERT(study_encode(&s, bytes, sizeof(bytes), NULL) > 0);
	text_hex(hex, s.hash, STUDY_HASH_LEN);
	ASSERT(study_is_called(&s, "salaries"));
	ASSERT(!study_is_called(&s, "salarie"));
	ASSERT(!study_is_called(&s, ""));
	ASSERT(study_is_called(&s, hex));
	for (size_t n = 2 * STUDY_HASH_LEN; n > 0; n--) {
		hex[n] = '\0';
		ASSERT_EQ(study_is_called(&s, hex), n >= STUDY_PREFIX_MIN);
		hex[n - 1] = hex[n - 1] == '0' ? '1' : '0';
		ASSERT(!study_is_called(&s, hex));
	}
}

TEST(no_byte_can_change_without_notice)
{
	uint8_t bytes[STUDY_MAX];
	struct study s = study_of(3), other;
	int len = study_encode(&s, bytes, sizeof(bytes), NULL);

	ASSERT(len > 0);
	for (int i = 0; i < len; i++) {
		ASSERT(study_decode(&other, bytes, (size_t)i, NULL) < 0);
		bytes[i] ^= 1;
		ASSERT(study_decode(&other, bytes, (size_t)len, NULL) < 0 ||
		       !study_equal(&s, &other));
		bytes[i] ^= 1;
	}
}

TEST(an_object_that_nobody_signed_verifies_with_no_key)
{
	uint8_t bytes[STUDY_MAX], seed[32], key[32];
	struct study s = study_of(3);
	int len = study_encode(&s, bytes, sizeof(bytes), NULL);

	ASSERT(len > 0);
	test_fill(seed, sizeof(seed));
	crypto_ed25519_public(key, seed);
	ASSERT_EQ(object_verify(bytes, (size_t)len, key), ERR_AUTH);
	ASSERT_EQ(object_len(bytes, (size_t)len), (size_t)len);
}

TEST(a_file_of_something_else_is_refused_with_a_sentence)
{
	static const char *const texts[] = { "", "salaries\n",
		"-----BEGIN MPYNET STUDY-----\nTVBZMQ==\n-----END MPYNET STUDY-----\n" };
	struct study s;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		e.text[0] = '\0';
		ASSERT(study_read(&s, texts[i], strlen(texts[i]), &e) < 0);
		ASSERT(e.text[0] != '\0');
	}
}

TEST(known_studies_are_read_to_the_byte)
{
	struct vectors v = vectors_open("studies.txt");
	uint8_t bytes[STUDY_MAX], again[STUDY_MAX], hash[STUDY_HASH_LEN];
	int count = 0;

	for (; vectors_next(&v); count++) {
		size_t len = vector(&v, "object", bytes, sizeof(bytes));
		struct study s;

		vector_exact(&v, "hash", hash, sizeof(hash));
		ASSERT_EQ(study_decode(&s, bytes, len, NULL), 0);
		ASSERT(memcmp(s.hash, hash, sizeof(hash)) == 0);
		ASSERT_EQ(study_encode(&s, again, sizeof(again), NULL), len);
		ASSERT(memcmp(bytes, again, len) == 0);
	}
	ASSERT_EQ(count, 7);
	vectors_close(&v);
}

TEST(known_bad_studies_are_refused)
{
	struct vectors v = vectors_open("studies-refused.txt");
	uint8_t bytes[STUDY_MAX + 1024];
	int count = 0;

	for (; vectors_next(&v); count++) {
		size_t len = vector(&v, "object", bytes, sizeof(bytes));
		struct study s;

		if (study_decode(&s, bytes, len, NULL) >= 0)
			test_fail(__FILE__, __LINE__, "[%s] is taken", v.name);
	}
	ASSERT(count > 35);
	vectors_close(&v);
}
