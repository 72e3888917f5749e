/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_table.c - the hash table against an array.
 */
#include "core/table.h"
#include "tests/unit/test.h"

#define KEYS 300

static const uint8_t hash_key[16] = { 1 };

/* Puts and deletes keys of 4 bytes below KEYS in the fresh table `t`. */
static void
compare_with_array(struct table *t)
{
	void *model[KEYS] = { 0 };
	static char values[KEYS];
	uint32_t count = 0;

	for (int i = 0; i < 50000; i++) {
		uint32_t key = (uint32_t)(test_rand() % KEYS);

		if (test_rand() % 2 == 0) {
			count += model[key] == NULL;
			model[key] = &values[test_rand() % KEYS];
			ASSERT_EQ(table_put(t, &key, model[key]), 0);
		} else {
			ASSERT(table_del(t, &key) == model[key]);
			count -= model[key] != NULL;
			model[key] = NULL;
		}
		ASSERT_EQ(t->count, count);
		key = (uint32_t)(test_rand() % KEYS);
		ASSERT(table_get(t, &key) == model[key]);
	}
	table_free(t);
}

TEST(table_agrees_with_an_array_whatever_is_put_and_deleted)
{
	struct table t;

	table_init(&t, hash_key, sizeof(uint32_t), KEYS);
	compare_with_array(&t);
}

TEST(table_without_a_hash_agrees_with_it_too)
{
	struct table t;

	table_init_random(&t, KEYS);
	compare_with_array(&t);
}

TEST(table_walks_every_entry_once)
{
	uint32_t seen = 0, walked = 0;
	struct table t;
	size_t cursor = 0;
	const void *key;
	static char value;

	table_init(&t, hash_key, sizeof(uint32_t), 32);
	for (uint32_t k = 0; k < 32; k++)
		ASSERT_EQ(table_put(&t, &k, &value), 0);
	while (table_next(&t, &cursor, &key) != NULL) {
		uint32_t k;

		memcpy(&k, key, sizeof(k));
		seen |= 1u << k;
		walked++;
	}
	ASSERT_EQ(walked, 32);
	ASSERT_EQ(seen, UINT32_MAX);
	table_free(&t);
}

TEST(table_refuses_what_is_over_its_limit_and_keeps_what_it_has)
{
	static char a, b;
	struct table t;
	uint32_t one = 1, two = 2, three = 3;

	table_init(&t, hash_key, sizeof(uint32_t), 2);
	ASSERT_EQ(table_put(&t, &one, &a), 0);
	ASSERT_EQ(table_put(&t, &two, &a), 0);
	ASSERT_EQ(table_put(&t, &three, &a), ERR_FULL);
	ASSERT(table_get(&t, &three) == NULL);
	ASSERT_EQ(table_put(&t, &one, &b), 0);
	ASSERT(table_get(&t, &one) == &b);
	ASSERT(table_del(&t, &two) == &a);
	ASSERT_EQ(table_put(&t, &three, &a), 0);
	table_free(&t);
}

TEST(table_has_nothing_before_its_first_entry)
{
	struct table t;
	size_t cursor = 0;
	uint32_t key = 1;

	table_init(&t, hash_key, sizeof(key), 4);
	ASSERT(table_get(&t, &key) == NULL);
	ASSERT(table_del(&t, &key) == NULL);
	ASSERT(table_next(&t, &cursor, NULL) == NULL);
	table_free(&t);
}
