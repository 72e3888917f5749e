/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * grow.h - lists that are as long as what is in them.
 *
 * Every list has a limit, for the day on which somebody wants to fill it. Most never come near, and
 * an engine that took the room in advance would be some hundred kilobytes of zeros.
 */
#ifndef CORE_GROW_H
#define CORE_GROW_H

#include "core/base.h"

/*
 * `items`, which has room for `*room` things of `size` bytes and holds `count`, with room for one
 * more: the same, or moved, with twice the room but at most `max`, what is new zeroed. NULL without
 * memory and at `max`; then `items` is as it was.
 */
void *grow(void *items, size_t *room, size_t count, size_t size, size_t max) must_check;

#endif
