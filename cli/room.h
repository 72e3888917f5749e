/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * room.h - how full the network's state is, said before and when it no longer lists every key.
 */
#ifndef CLI_ROOM_H
#define CLI_ROOM_H

#include "ca/office.h"
#include "cli/command.h"

/*
 * Tells people, once it is worth a word, and adds `state_entries` and `state_entries_max` to `body`
 * unless that is NULL; and, with a body, how much of it co-signers have not signed yet, as `untold`.
 * What cannot be counted is not said.
 */
void say_room(struct context *c, struct office *o, json_t *body);

#endif
