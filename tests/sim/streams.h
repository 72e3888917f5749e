/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * streams.h - TCP connections with TLS from nodes to lighthouses.
 *
 * What a shell makes of them: an engine has one opened, hears what became of it, and then each
 * frame is a datagram. Frames arrive in order and none is lost, but for those that are sent while
 * nothing passes between the two: what waits that long is dropped, as the shell does.
 *
 * They pass where UDP is blocked. A site that moves loses its own without a word, as TCP does.
 */
#ifndef TESTS_SIM_STREAMS_H
#define TESTS_SIM_STREAMS_H

#include "core/outbox.h"

struct box;
struct stage;

/* Opens or closes what the engine of a node says. */
void streams_change(struct box *b, const struct stream_change *c);

/* Sends a frame by a stream of `b`; one that has ended takes it to nobody. */
void streams_send(struct box *b, socket_id id, const uint8_t *p, uint32_t len);

/* The box is off: all of its streams end, and the other ends hear of it. */
void streams_end(struct box *b);

/* Forgets all streams. */
void streams_free(struct stage *st);

#endif
