/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table.c - open addressing with linear probing, and deletion by moving back what follows, so that
 * there are no tombstones and a look-up ends at the first free row.
 */
#include "core/table.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MIN 16

void
table_init(struct table *t, const uint8_t hash_key[static 16], uint32_t key_len, uint32_t limit)
{
	assert(key_len >= 1 && key_len <= TABLE_KEY_MAX && limit >= 1);
	memset(t, 0, sizeof(*t));
	memcpy(t->hash_key, hash_key, sizeof(t->hash_key));
	t->key_len = key_len;
	t->limit = limit;
}

void
table_init_random(struct table *t, uint32_t limit)
{
	static const uint8_t no_key[16];

	table_init(t, no_key, sizeof(uint32_t), limit);
	t->random = true;
}

void
table_free(struct table *t)
{
	free(t->values);
	free(t->keys);
	t->values = NULL;
	t->keys = NULL;
	t->count = 0;
	t->mask = 0;
}

static uint8_t *
row_key(const struct table *t, size_t row)
{
	return t->keys + row * t->key_len;
}

static size_t
home_row(const struct table *t, const void *key)
{
	uint64_t h;
	uint32_t drawn;

	if (t->random) {
		memcpy(&drawn, key, sizeof(drawn));
		return drawn & t->mask;
	}
	crypto_shorthash((uint8_t *)&h, key, t->key_len, t->hash_key);
	return (size_t)(h & t->mask);
}

/* The row that holds `key`, or the free row where it belongs. */
static size_t
find_row(const struct table *t, const void *key)
{
	size_t row = home_row(t, key);

	while (t->values[row] != NULL && memcmp(row_key(t, row), key, t->key_len) != 0)
		row = (row + 1) & t->mask;
	return row;
}

static int
resize(struct table *t, size_t rows)
{
	struct table bigger = *t;

	bigger.mask = (uint32_t)rows - 1;
	bigger.values = calloc(rows, sizeof(*bigger.values));
	bigger.keys = malloc(rows * t->key_len);
	if (bigger.values == NULL || bigger.keys == NULL) {
		free(bigger.values);
		free(bigger.keys);
		return -ENOMEM;
	}
	for (size_t i = 0; t->values != NULL && i <= t->mask; i++) {
		size_t row;

		if (t->values[i] == NULL)
			continue;
		row = find_row(&bigger, row_key(t, i));
		bigger.values[row] = t->values[i];
		memcpy(row_key(&bigger, row), row_key(t, i), t->key_len);
	}
	free(t->values);
	free(t->keys);
	*t = bigger;
	return 0;
}

void
table_prefetch(const struct table *t, const void *key)
{
	size_t row;

	if (t->values == NULL)
		return;
	row = home_row(t, key);
	__builtin_prefetch(&t->values[row]);
	__builtin_prefetch(row_key(t, row));
}

void *
table_get(const struct table *t, const void *key)
{
	return t->values == NULL ? NULL : t->values[find_row(t, key)];
}

int
table_put(struct table *t, const void *key, void *value)
{
	size_t rows = t->values == NULL ? 0 : (size_t)t->mask + 1;
	size_t row;
	int r;

	assert(value != NULL);
	if (table_get(t, key) == NULL) {
		if (t->count >= t->limit)
			return ERR_FULL;
		if ((t->count + 1) * (size_t)4 > rows * 3) {
			r = resize(t, rows == 0 ? ROWS_MIN : rows * 2);
			if (r < 0)
				return r;
		}
	}
	row = find_row(t, key);
	if (t->values[row] == NULL) {
		memcpy(row_key(t, row), key, t->key_len);
		t->count++;
	}
	t->values[row] = value;
	return 0;
}

void *
table_del(struct table *t, const void *key)
{
	size_t hole, row;
	void *value;

	if (t->values == NULL)
		return NULL;
	hole = find_row(t, key);
	value = t->values[hole];
	if (value == NULL)
		return NULL;
	t->count--;
	t->values[hole] = NULL;
	for (row = (hole + 1) & t->mask; t->values[row] != NULL; row = (row + 1) & t->mask) {
		size_t home = home_row(t, row_key(t, row));

		/* Stays if its home lies after the hole, cyclically, up to where it is. */
		if (((row - home) & t->mask) < ((row - hole) & t->mask))
			continue;
		t->values[hole] = t->values[row];
		memcpy(row_key(t, hole), row_key(t, row), t->key_len);
		t->values[row] = NULL;
		hole = row;
	}
	return value;
}

void *
table_next(const struct table *t, size_t *cursor, const void **key)
{
	for (; t->values != NULL && *cursor <= t->mask; (*cursor)++) {
		size_t row = *cursor;

		if (t->values[row] == NULL)
			continue;
		(*cursor)++;
		if (key != NULL)
			*key = row_key(t, row);
		return t->values[row];
	}
	return NULL;
}
