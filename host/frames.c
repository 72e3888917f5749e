/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frames.c - lengths and bytes, in and out.
 */
#include "host/frames.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/err.h"

/* What is asked for first; most streams never need more. */
#define BACKLOG_FIRST ((size_t)16 << 10)

/* Copies as many of `len` bytes as `want` - *have, and counts them. */
static size_t
fill(uint8_t *to, size_t want, size_t have, const uint8_t *p, size_t len)
{
	size_t n = min_u64(want - have, len);

	memcpy(to + have, p, n);
	return n;
}

int
frame_take(struct frame_in *f, const uint8_t *p, size_t len)
{
	size_t taken = 0;

	if (f->have < FRAME_HEAD) {
		taken = fill(f->head, FRAME_HEAD, f->have, p, len);
		f->have += (uint32_t)taken;
		if (f->have < FRAME_HEAD)
			return (int)taken;
		f->len = be16(f->head);
		if (f->len < FRAME_BODY_MIN || f->len > FRAME_BODY_MAX)
			return ERR_FORMAT;
	}
	len = fill(f->body, f->len, f->have - FRAME_HEAD, p + taken, len - taken);
	f->have += (uint32_t)len;
	return (int)(taken + len);
}

bool
frame_whole(const struct frame_in *f)
{
	return f->have >= FRAME_HEAD && f->have == FRAME_HEAD + f->len;
}

void
frame_next(struct frame_in *f)
{
	f->have = 0;
	f->len = 0;
}

/* Room for `len` more at the end: what has been written goes, and the buffer grows. */
static bool
make_room(struct backlog *b, size_t len)
{
	size_t waits = b->to - b->from, cap = b->cap == 0 ? BACKLOG_FIRST : b->cap;
	uint8_t *bytes;

	if (b->to + len <= b->cap)
		return true;
	if (b->from > 0)
		memmove(b->bytes, b->bytes + b->from, waits);
	b->from = 0;
	b->to = waits;
	while (cap < waits + len)
		cap *= 2;
	if (cap == b->cap)
		return true;
	bytes = realloc(b->bytes, cap);
	if (bytes == NULL)
		return false;
	b->bytes = bytes;
	b->cap = cap;
	return true;
}

bool
backlog_put(struct backlog *b, usec_t now, const uint8_t *p, size_t len)
{
	size_t waits = b->to - b->from;

	assert(len <= FRAME_BODY_MAX);
	if (waits + FRAME_HEAD + len > BACKLOG_BYTES ||
	    (b->mark_at != 0 && now - b->mark_at > BACKLOG_TIME) ||
	    !make_room(b, FRAME_HEAD + len)) {
		b->dropped++;
		return false;
	}
	put_be16(b->bytes + b->to, (uint16_t)len);
	memcpy(b->bytes + b->to + FRAME_HEAD, p, len);
	b->to += FRAME_HEAD + len;
	if (b->mark_at == 0) {
		b->mark_at = now;
		b->mark = b->to - b->from;
	}
	return true;
}

const uint8_t *
backlog_next(const struct backlog *b, size_t *len)
{
	*len = b->to - b->from;
	return *len == 0 ? NULL : b->bytes + b->from;
}

void
backlog_written(struct backlog *b, usec_t now, size_t len)
{
	assert(len <= b->to - b->from);
	b->from += len;
	if (len < b->mark) {
		b->mark -= len;
		return;
	}
	/* The marked one is gone, and all that waits now came after it. */
	b->mark = b->to - b->from;
	b->mark_at = b->mark > 0 ? now : 0;
	if (b->mark == 0)
		b->from = b->to = 0;
}

void
backlog_free(struct backlog *b)
{
	free(b->bytes);
	memset(b, 0, sizeof(*b));
}
