/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * heap.c - a binary heap of deadlines, of items that know where they are.
 */
#include "core/heap.h"

#include <errno.h>
#include <stdlib.h>

#define ROOM_MIN 16

void
heap_free(struct heap *h)
{
	free(h->items);
	*h = (struct heap){ 0 };
}

int
heap_reserve(struct heap *h, size_t count)
{
	struct heap_item **items;
	size_t cap = h->cap < ROOM_MIN ? ROOM_MIN : h->cap;

	while (cap < count)
		cap *= 2;
	if (cap == h->cap)
		return 0;
	items = realloc(h->items, cap * sizeof(struct heap_item *));
	if (items == NULL)
		return -ENOMEM;
	h->items = items;
	h->cap = cap;
	return 0;
}

static bool
before(const struct heap_item *a, const struct heap_item *b)
{
	return a->due != b->due ? a->due < b->due : a->turn < b->turn;
}

static void
place(struct heap *h, struct heap_item *i, size_t at)
{
	h->items[at] = i;
	i->at = at;
}

/* Moves `i`, whose place is free, to where it belongs. */
static void
settle(struct heap *h, struct heap_item *i, size_t at)
{
	while (at > 0 && before(i, h->items[(at - 1) / 2])) {
		place(h, h->items[(at - 1) / 2], at);
		at = (at - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < h->count && before(h->items[child + 1], h->items[child]))
			child++;
		if (child >= h->count || !before(h->items[child], i))
			break;
		place(h, h->items[child], at);
		at = child;
	}
	place(h, i, at);
}

static void
take_out(struct heap *h, struct heap_item *i)
{
	size_t hole = i->at;
	struct heap_item *last = h->items[--h->count];

	i->due = 0;
	if (last != i)
		settle(h, last, hole);
}

int
heap_set(struct heap *h, struct heap_item *i, usec_t due)
{
	if (i->due == due)
		return 0;
	if (due == 0) {
		take_out(h, i);
		return 0;
	}
	if (i->due == 0) {
		if (heap_reserve(h, h->count + 1) < 0)
			return -ENOMEM;
		i->at = h->count++;
	}
	i->due = due;
	i->turn = h->turns++;
	settle(h, i, i->at);
	return 0;
}
