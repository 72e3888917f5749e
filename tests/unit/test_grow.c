/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists that grow.
 */
#include "tests/unit/test.h"

#include "core/grow.h"

#define MAX 11

TEST(a_list_keeps_what_it_has_and_stops_at_its_limit)
{
	uint32_t *list = NULL;
	size_t room = 0;

	for (uint32_t n = 0; n < MAX; n++) {
		uint32_t *more = grow(list, &room, n, sizeof(*list), MAX);

		ASSERT(more != NULL);
		ASSERT(room > n && room <= MAX);
		list = more;
		for (size_t i = n; i < room; i++)
			ASSERT_EQ(list[i], 0);
		for (uint32_t i = 0; i < n; i++)
			ASSERT_EQ(list[i], i + 1);
		list[n] = n + 1;
	}
	ASSERT(grow(list, &room, MAX, sizeof(*list), MAX) == NULL);
	ASSERT_EQ(room, MAX);
	free(list);
}
