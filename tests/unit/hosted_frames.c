/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/frames.h"

#include "core/err.h"
#include "tests/unit/test.h"

#define MS USEC_PER_MS

/* A stream of frames with random bodies, and the bodies. */
struct sent {
	uint8_t bytes[64 << 10];
	size_t len;
	struct {
		uint16_t at, len;
	} frames[64];
	unsigned count;
};

static struct sent sent;

static void
write_frames(unsigned count)
{
	memset(&sent, 0, sizeof(sent));
	while (sent.count < count) {
		size_t len = FRAME_BODY_MIN + test_below(900);

		sent.bytes[sent.len++] = (uint8_t)(len >> 8);
		sent.bytes[sent.len++] = (uint8_t)len;
		sent.frames[sent.count].at = (uint16_t)sent.len;
		sent.frames[sent.count++].len = (uint16_t)len;
		test_fill(sent.bytes + sent.len, len);
		sent.len += len;
	}
}

/* Reads the stream in pieces of at most `most` bytes and compares. */
static void
read_back(size_t most)
{
	static struct frame_in f;
	unsigned whole = 0;

	memset(&f, 0, sizeof(f));
	for (size_t at = 0; at < sent.len;) {
		size_t piece = 1 + test_below(most), left = sent.len - at;
		int n = frame_take(&f, sent.bytes + at, piece < left ? piece : left);

		ASSERT(n > 0);
		at += (size_t)n;
		if (!frame_whole(&f))
			continue;
		ASSERT_EQ(f.len, sent.frames[whole].len);
		ASSERT_MEM(f.body, sent.bytes + sent.frames[whole].at, f.len);
		frame_next(&f);
		whole++;
	}
	ASSERT_EQ(whole, sent.count);
	ASSERT_EQ(f.have, 0);
}

TEST(frames_come_out_whole_however_they_were_cut)
{
	write_frames(40);
	read_back(1);
	read_back(3);
	read_back(1000);
	read_back(sizeof(sent.bytes));
}

TEST(a_length_that_no_frame_has_ends_the_stream)
{
	static const uint16_t lengths[] = { 0, 1, FRAME_BODY_MIN - 1, FRAME_BODY_MAX + 1, 0x4745,
		0xffff };
	static struct frame_in f;

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		uint8_t head[] = { (uint8_t)(lengths[i] >> 8), (uint8_t)lengths[i] };

		memset(&f, 0, sizeof(f));
		ASSERT_EQ(frame_take(&f, head, 1), 1);
		ASSERT_EQ(frame_take(&f, head + 1, 1), ERR_FORMAT);
		memset(&f, 0, sizeof(f));
		ASSERT_EQ(frame_take(&f, head, 2), ERR_FORMAT);
	}
}

TEST(the_smallest_and_the_largest_frame_pass)
{
	static const uint16_t lengths[] = { FRAME_BODY_MIN, FRAME_BODY_MAX };
	static struct frame_in f;

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		uint8_t bytes[FRAME_HEAD + FRAME_BODY_MAX + 1] = { (uint8_t)(lengths[i] >> 8),
			(uint8_t)lengths[i] };

		memset(&f, 0, sizeof(f));
		ASSERT_EQ(frame_take(&f, bytes, sizeof(bytes)), FRAME_HEAD + lengths[i]);
		ASSERT(frame_whole(&f));
		ASSERT_EQ(frame_take(&f, bytes, sizeof(bytes)), 0); /* until frame_next() */
	}
}

/*
 * Backlog
 */

static bool
put(struct backlog *b, usec_t now, size_t len, uint8_t fill)
{
	uint8_t body[FRAME_BODY_MAX];

	memset(body, fill, sizeof(body));
	return backlog_put(b, now, body, len);
}

TEST(what_waits_is_written_in_order_and_in_any_pieces)
{
	static struct frame_in f;
	struct backlog b = { 0 };
	const uint8_t *p;
	unsigned seen = 0;
	size_t len;

	memset(&f, 0, sizeof(f));
	for (unsigned i = 0; i < 100; i++)
		ASSERT(put(&b, MS, 100 + i, (uint8_t)i));
	while ((p = backlog_next(&b, &len)) != NULL) {
		int n = frame_take(&f, p, 1 + test_below(len));

		ASSERT(n > 0);
		backlog_written(&b, MS, (size_t)n);
		if (!frame_whole(&f))
			continue;
		ASSERT_EQ(f.len, 100 + seen);
		ASSERT_EQ(f.body[0], seen);
		frame_next(&f);
		seen++;
		if (seen % 3 == 0 && seen < 60) /* more comes while some is written */
			ASSERT(put(&b, MS, 200 + seen / 3 - 1, (uint8_t)(100 + seen / 3 - 1)));
	}
	ASSERT_EQ(seen, 119);
	ASSERT_EQ(b.dropped, 0);
	backlog_free(&b);
}

TEST(a_frame_that_would_wait_too_long_is_dropped)
{
	struct backlog b = { 0 };
	size_t len;

	ASSERT(put(&b, 1000 * MS, 1000, 1));
	ASSERT(put(&b, 1100 * MS, 1000, 2));
	ASSERT(!put(&b, 1101 * MS, 1000, 3));
	ASSERT_EQ(b.dropped, 1);
	/* The first has gone; the second waits since it was the last that was put before that. */
	backlog_written(&b, 1150 * MS, FRAME_HEAD + 1000);
	ASSERT(put(&b, 1160 * MS, 1000, 4));
	ASSERT(!put(&b, 1251 * MS, 1000, 5));
	(void)backlog_next(&b, &len);
	ASSERT_EQ(len, 2 * (FRAME_HEAD + 1000));
	backlog_written(&b, 1252 * MS, len);
	ASSERT(backlog_next(&b, &len) == NULL);
	ASSERT(put(&b, 9000 * MS, 1000, 6)); /* who waits for nothing is never late */
	backlog_free(&b);
}

TEST(a_backlog_is_bounded_in_bytes)
{
	struct backlog b = { 0 };
	unsigned n = 0;

	while (put(&b, MS, FRAME_BODY_MAX, 7))
		n++;
	ASSERT_EQ(n, BACKLOG_BYTES / (FRAME_HEAD + FRAME_BODY_MAX));
	ASSERT(b.cap <= BACKLOG_BYTES);
	backlog_free(&b);
}
