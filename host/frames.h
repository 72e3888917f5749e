/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frames.h - datagrams in a byte stream: cut out of what comes, and queued while they cannot go.
 *
 * Each is a u16 length, big-endian, and as many bytes. A datagram that has waited for long is of no
 * use to anybody, and what TCP will not take now it will take later than a datagram may be: so the
 * queue is short in time and in bytes, and what does not fit is dropped as by a full network card.
 * No socket, no clock.
 */
#ifndef HOST_FRAMES_H
#define HOST_FRAMES_H

#include "core/base.h"
#include "core/outbox.h"

#define FRAME_HEAD     2
#define FRAME_BODY_MIN 32 /* the smallest datagram that anybody speaks */
#define FRAME_BODY_MAX PACKET_MAX

/* What came of a frame that is not whole yet. Zeroed, at the beginning of a stream. */
struct frame_in {
	uint8_t head[FRAME_HEAD];
	uint32_t have; /* bytes of head and body */
	uint32_t len;  /* of the body, once the head is whole */
	uint8_t body[FRAME_BODY_MAX];
};

/*
 * Takes bytes of a stream until a frame is whole or there are no more: how many were taken.
 * ERR_FORMAT for a length that no frame has: there is no way to find the next one.
 */
int frame_take(struct frame_in *f, const uint8_t *p, size_t len) must_check;

/* Is the frame whole? Then its body is f->body, f->len bytes, until frame_next(). */
bool frame_whole(const struct frame_in *f);
void frame_next(struct frame_in *f);

#define BACKLOG_BYTES ((size_t)256 << 10)
#define BACKLOG_TIME  (100 * USEC_PER_MS)

/* Frames that wait to be written. Zeroed, empty; backlog_free() releases it. */
struct backlog {
	uint8_t *bytes; /* NULL while nothing ever waited */
	size_t cap;
	size_t from; /* those from here to `to` wait */
	size_t to;
	size_t mark; /* how many were to go when the mark was set, */
	usec_t mark_at; /* at that time; 0: nothing waits */
	uint64_t dropped;
};

/* Queues a datagram of at most FRAME_BODY_MAX bytes, or drops it and returns false. */
bool backlog_put(struct backlog *b, usec_t now, const uint8_t *p, size_t len);

/* The next bytes to be written; NULL when nothing waits. Valid until the next call. */
const uint8_t *backlog_next(const struct backlog *b, size_t *len);

/* The first `len` of them have been. */
void backlog_written(struct backlog *b, usec_t now, size_t len);

void backlog_free(struct backlog *b);

#endif
