/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table.h - a hash table from keys of one fixed size to pointers.
 *
 * The hash (SipHash-2-4) is keyed, so nobody outside can choose which keys collide, and iteration
 * follows the rows, never addresses in memory: the same key and the same calls give the same order
 * everywhere. It grows up to the limit it was given and never beyond. It owns copies of its keys,
 * never what the pointers point to.
 */
#ifndef CORE_TABLE_H
#define CORE_TABLE_H

#include "core/base.h"
#include "core/err.h"

#define TABLE_KEY_MAX 64

struct table {
	uint8_t hash_key[16];
	uint32_t key_len;
	uint32_t limit; /* entries at the most */
	uint32_t count;
	uint32_t mask;	/* rows - 1; rows are a power of two */
	bool random;	/* keys are hashes of themselves */
	void **values;	/* NULL: row is free */
	uint8_t *keys;	/* rows x key_len */
};

/*
 * `key_len` is 1..TABLE_KEY_MAX bytes, `limit` at least 1. No memory is taken before the first
 * entry.
 */
void table_init(struct table *t, const uint8_t hash_key[static 16], uint32_t key_len,
    uint32_t limit);

/*
 * The same for keys of 4 bytes that are numbers which we have drawn at random ourselves. Nobody
 * chooses those, so they need no hash.
 */
void table_init_random(struct table *t, uint32_t limit);

void table_free(struct table *t);

/* The pointer stored for `key`, or NULL. */
void *table_get(const struct table *t, const void *key);

/* Has the processor fetch what table_get() will read for `key`. */
void table_prefetch(const struct table *t, const void *key);

/* Stores or replaces. 0, ERR_FULL at the limit, -ENOMEM. `value` is not NULL. */
int table_put(struct table *t, const void *key, void *value) must_check;

/* Removes `key` and returns what was stored for it, or NULL. */
void *table_del(struct table *t, const void *key);

/*
 * Walks all entries: start with *cursor = 0, stops with NULL. `key` may be NULL, else it points to
 * the entry's key in the table. Nothing may be put or deleted on the way.
 */
void *table_next(const struct table *t, size_t *cursor, const void **key);

#endif
