/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * grow.c - by doubling.
 */
#include "core/grow.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 4

void *
grow(void *items, size_t *room, size_t count, size_t size, size_t max)
{
	size_t more = min_u64(*room == 0 ? ROOM_FIRST : 2 * *room, max);
	uint8_t *moved;

	if (count < *room)
		return items;
	if (count >= max)
		return NULL;
	moved = realloc(items, more * size);
	if (moved == NULL)
		return NULL;
	memset(moved + *room * size, 0, (more - *room) * size);
	*room = more;
	return moved;
}
