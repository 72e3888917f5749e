/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netstate_lists.c - the sorted lists of a network state: how they are put in order, and whether
 * something is in them.
 */
#include "core/netstate.h"

#include <string.h>

static int
compare_range(const void *a, const void *b)
{
	const struct netstate_range *x = a, *y = b;
	int c = memcmp(x->issuer, y->issuer, sizeof(x->issuer));

	return c != 0 ? c : (x->first > y->first) - (x->first < y->first);
}

static int
compare_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct netstate_key));
}

static int
compare_ca(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct netstate_ca));
}

/* Must `b`, which does not sort before `a`, be one with it? */
static bool
ranges_touch(const struct netstate_range *a, const struct netstate_range *b)
{
	return memcmp(a->issuer, b->issuer, sizeof(a->issuer)) == 0 &&
	       (a->last == UINT64_MAX || b->first <= a->last + 1);
}

enum breach
netstate_range_follows(const struct netstate_range *last, const struct netstate_range *next)
{
	if (compare_range(last, next) >= 0)
		return BREACH_LIST_ORDER;
	return ranges_touch(last, next) ? BREACH_RANGE : BREACH_NONE;
}

/* Insertion into what is sorted: lists are short, and nearly in order where they come from. */
static void
sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	uint8_t *p = items, held[sizeof(struct netstate_lighthouse)];

	assert(size <= sizeof(held));
	for (size_t i = 1; i < count; i++) {
		size_t at = i;

		while (at > 0 && compare(p + (at - 1) * size, p + i * size) > 0)
			at--;
		if (at == i)
			continue;
		memcpy(held, p + i * size, size);
		memmove(p + (at + 1) * size, p + at * size, (i - at) * size);
		memcpy(p + at * size, held, size);
	}
}

/* Drops what compares as the one before. Returns how many stay. */
static uint32_t
unique(void *items, uint32_t count, size_t size, int (*compare)(const void *, const void *))
{
	uint8_t *p = items;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (kept > 0 && compare(p + (kept - 1) * size, p + i * size) == 0)
			continue;
		if (kept != i)
			memcpy(p + kept * size, p + i * size, size);
		kept++;
	}
	return kept;
}

void
netstate_sort_ranges(struct netstate_range *ranges, uint32_t *count)
{
	uint32_t kept = 0;

	sort(ranges, *count, sizeof(*ranges), compare_range);
	for (uint32_t i = 0; i < *count; i++) {
		struct netstate_range r = ranges[i];

		if (kept > 0 && ranges_touch(&ranges[kept - 1], &r))
			ranges[kept - 1].last = max_u64(ranges[kept - 1].last, r.last);
		else
			ranges[kept++] = r;
	}
	*count = kept;
}

void
netstate_sort_keys(struct netstate_key *keys, uint32_t *count)
{
	sort(keys, *count, sizeof(*keys), compare_key);
	*count = unique(keys, *count, sizeof(*keys), compare_key);
}

void
netstate_sort_cas(struct netstate_ca *cas, uint32_t *count)
{
	sort(cas, *count, sizeof(*cas), compare_ca);
	*count = unique(cas, *count, sizeof(*cas), compare_ca);
}

/* Lighthouses begin with their key, and sort by it. */
void
netstate_sort_lighthouses(struct netstate_lighthouse *lighthouses, uint32_t *count)
{
	sort(lighthouses, *count, sizeof(*lighthouses), compare_key);
	*count = unique(lighthouses, *count, sizeof(*lighthouses), compare_key);
}

/* The last of `count` items that does not sort after `key`, or NULL. */
static const void *
last_before(const void *key, const void *items, size_t count, size_t size,
    int (*compare)(const void *, const void *))
{
	const uint8_t *p = items;
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(p + middle * size, key) > 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low > 0 ? p + (low - 1) * size : NULL;
}

bool
netstate_has_serial(const struct netstate *s, const uint8_t issuer[static 16], uint64_t serial)
{
	struct netstate_range wanted = { .first = serial };
	const struct netstate_range *r;

	memcpy(wanted.issuer, issuer, sizeof(wanted.issuer));
	r = last_before(&wanted, s->ranges, s->range_count, sizeof(*r), compare_range);
	return r != NULL && memcmp(r->issuer, issuer, sizeof(r->issuer)) == 0 && serial <= r->last;
}

bool
netstate_has_key(const struct netstate *s, const uint8_t key[static 32])
{
	const void *k = last_before(key, s->keys, s->key_count, sizeof(struct netstate_key), compare_key);

	return k != NULL && memcmp(k, key, sizeof(struct netstate_key)) == 0;
}

bool
netstate_has_ca(const struct netstate *s, const uint8_t key_id[static 16])
{
	const void *c = last_before(key_id, s->cas, s->ca_count, sizeof(struct netstate_ca), compare_ca);

	return c != NULL && memcmp(c, key_id, sizeof(struct netstate_ca)) == 0;
}
