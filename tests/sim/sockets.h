/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockets.h - the sockets of a box: the main ones, and those that its engine asks for.
 */
#ifndef TESTS_SIM_SOCKETS_H
#define TESTS_SIM_SOCKETS_H

#include "core/outbox.h"

struct box;

/* Opens or closes what the engine says, and tells it when its call is over. */
void sockets_change(struct box *b, const struct socket_change *c);

/*
 * What a datagram to `to` has as its source when it leaves by `id`; FAMILY_NONE when the box has no
 * address of that family. An engine that names a socket which is not open ends the world.
 */
struct addr sockets_source(const struct box *b, socket_id id, const struct addr *to);

/* The socket that hears what is sent to `at`, or SOCKET_NONE. */
socket_id sockets_at(const struct box *b, const struct addr *at);

/* Closes all but the main ones. */
void sockets_free(struct box *b);

#endif
