/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frame_study.c - the frames by which studies get to their parties: STUDY, STUDY_REQ, STUDY_PART.
 */
#include "core/bytes.h"
#include "core/frame.h"
#include "core/wire_study.h"

static_assert(STUDY_PART_HEAD + STUDY_CHUNK <= BODY_MAX, "the largest STUDY_PART fits a frame");

static bool
size_good(uint16_t size)
{
	return size >= STUDY_MIN && size <= STUDY_MAX;
}

int
study_says_encode(uint8_t *to, size_t cap, const struct study_says *s)
{
	struct wr w = frame_start(to, cap, FRAME_STUDY);

	wr_bytes(&w, s->hash, sizeof(s->hash));
	wr_u8(&w, s->stance);
	wr_u8(&w, s->yours);
	wr_u8(&w, s->flags);
	wr_u16(&w, s->size);
	return frame_end(&w);
}

int
study_says_decode(struct study_says *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct study_says s = { 0 };

	rd_bytes(&in.rd, s.hash, sizeof(s.hash));
	s.stance = rd_u8(&in.rd);
	s.yours = rd_u8(&in.rd);
	s.flags = rd_u8(&in.rd);
	s.size = rd_u16(&in.rd);
	in_demand(&in, s.stance <= STANCE_REFUSED && s.yours <= STANCE_REFUSED);
	in_demand(&in, (s.flags & ~STUDY_SAYS_ASK) == 0);
	in_demand(&in, s.size == 0 || size_good(s.size));
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = s;
	return 0;
}

int
study_req_encode(uint8_t *to, size_t cap, const struct study_req *q)
{
	struct wr w = frame_start(to, cap, FRAME_STUDY_REQ);

	wr_bytes(&w, q->hash, sizeof(q->hash));
	wr_u16(&w, q->offset);
	return frame_end(&w);
}

int
study_req_decode(struct study_req *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct study_req q = { 0 };

	rd_bytes(&in.rd, q.hash, sizeof(q.hash));
	q.offset = rd_u16(&in.rd);
	in_demand(&in, q.offset < STUDY_MAX && q.offset % STUDY_CHUNK == 0);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = q;
	return 0;
}

int
study_part_encode(uint8_t *to, size_t cap, const struct study_part *p)
{
	struct wr w = frame_start(to, cap, FRAME_STUDY_PART);

	wr_bytes(&w, p->hash, sizeof(p->hash));
	wr_u16(&w, p->size);
	wr_u16(&w, p->offset);
	wr_bytes(&w, p->bytes.p, p->bytes.len);
	return frame_end(&w);
}

int
study_part_decode(struct study_part *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct study_part p = { 0 };

	rd_bytes(&in.rd, p.hash, sizeof(p.hash));
	p.size = rd_u16(&in.rd);
	p.offset = rd_u16(&in.rd);
	p.bytes = in_blob(&in, in.rd.left, STUDY_CHUNK);
	in_demand(&in, size_good(p.size) && p.offset % STUDY_CHUNK == 0);
	in_demand(&in, p.offset < p.size &&
	    p.bytes.len == min_u64(STUDY_CHUNK, (size_t)p.size - p.offset));
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = p;
	return 0;
}

struct study_part
study_part_of(const uint8_t hash[static STUDY_HASH_LEN], const uint8_t *bytes, size_t size,
    size_t offset)
{
	struct study_part p = { .size = (uint16_t)size, .offset = (uint16_t)offset };

	assert(offset < size && size <= STUDY_MAX);
	memcpy(p.hash, hash, sizeof(p.hash));
	p.bytes.p = bytes + offset;
	p.bytes.len = (uint16_t)min_u64(STUDY_CHUNK, size - offset);
	return p;
}
