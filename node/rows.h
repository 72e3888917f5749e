/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rows.h - a node's peers and paths as members of a body: the same in every answer that has them.
 */
#ifndef NODE_ROWS_H
#define NODE_ROWS_H

#include <jansson.h>

#include "core/outbox.h"
#include "node/view.h"

/* "lan", "direct", "relay", "stream", "none". */
const char *row_path_word(enum path_class path);

/* The member "path" of a body. */
void row_path(json_t *body, enum path_class path, const struct addr *at, const char *relay);

/* The members that a peer has in `peers`. */
void row_peer(json_t *row, const struct view_peer *p, usec_t now);

/* Every path of a peer, and what has become of it. A new array. */
json_t *rows_of_paths(const struct view_peer *p, usec_t now);

/* The lighthouses of the bundle, and what routers pass on to us. New arrays. */
json_t *rows_of_lighthouses(const struct view_status *v, usec_t now);
json_t *rows_of_mappings(const struct mesh *m);

/* The path in use; one of no kind when there is none. */
const struct view_path *row_path_in_use(const struct view_peer *p);

#endif
