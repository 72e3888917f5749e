/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * heap.h - whose turn it is next.
 *
 * A binary heap of deadlines. Each object that has one embeds a struct heap_item and may move or
 * leave at any time in O(log n). Equal deadlines come out in the order in which they were set, so
 * that a run is the same every time.
 */
#ifndef CORE_HEAP_H
#define CORE_HEAP_H

#include "core/base.h"

struct heap_item {
	usec_t due;    /* 0: not in the heap */
	uint64_t turn; /* breaks ties */
	size_t at;
};

struct heap {
	struct heap_item **items;
	size_t count;
	size_t cap;
	uint64_t turns;
};

/* A zeroed struct heap is an empty one. Frees the heap's own memory, never the items. */
void heap_free(struct heap *h);

/*
 * Puts `i` at `due`, wherever it was; 0 takes it out. A new item needs room: 0, or -ENOMEM, and
 * then it is where it was. heap_reserve() beforehand makes it certain.
 */
int heap_set(struct heap *h, struct heap_item *i, usec_t due);

/* Room for `count` items, so that heap_set() cannot fail below that. 0 or -ENOMEM. */
int heap_reserve(struct heap *h, size_t count) must_check;

/* The item that is due first, or NULL. */
static inline struct heap_item *
heap_first(const struct heap *h)
{
	return h->count > 0 ? h->items[0] : NULL;
}

/* When, or 0 for never. */
static inline usec_t
heap_next_due(const struct heap *h)
{
	return h->count > 0 ? h->items[0]->due : 0;
}

#endif
