/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_heap.c - the heap of deadlines against a list that is searched.
 */
#include "core/heap.h"
#include "tests/unit/test.h"

#define ITEMS 64

/* The item that ought to be first: the smallest due, and of those the one set first. */
static const struct heap_item *
model_first(const struct heap_item *items)
{
	const struct heap_item *first = NULL;

	for (size_t i = 0; i < ITEMS; i++) {
		const struct heap_item *it = &items[i];

		if (it->due == 0)
			continue;
		if (first == NULL || it->due < first->due ||
		    (it->due == first->due && it->turn < first->turn))
			first = it;
	}
	return first;
}

TEST(heap_agrees_with_a_list_whatever_is_set_moved_or_taken_out)
{
	struct heap_item items[ITEMS] = { 0 };
	struct heap h = { 0 };

	for (int i = 0; i < 20000; i++) {
		struct heap_item *it = &items[test_rand() % ITEMS];

		ASSERT_EQ(heap_set(&h, it, test_rand() % 4 == 0 ? 0 : test_rand() % 50 + 1), 0);
		ASSERT(heap_first(&h) == model_first(items));
	}
	heap_free(&h);
}

TEST(heap_keeps_the_order_in_which_equal_deadlines_were_set)
{
	struct heap_item items[ITEMS] = { 0 };
	struct heap h = { 0 };

	for (size_t i = 0; i < ITEMS; i++)
		ASSERT_EQ(heap_set(&h, &items[i], 7), 0);
	for (size_t i = 0; i < ITEMS; i++) {
		ASSERT(heap_first(&h) == &items[i]);
		ASSERT_EQ(heap_set(&h, &items[i], 0), 0);
	}
	ASSERT_EQ(heap_next_due(&h), 0);
	heap_free(&h);
}
