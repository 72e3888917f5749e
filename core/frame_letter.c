/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frame_letter.c - the frames by which a letter is left and fetched: LETTER, LETTER_ACK.
 */
#include "core/bytes.h"
#include "core/frame.h"
#include "core/wire_letter.h"

#define CHUNKS_MAX ((LETTER_MAX + LETTER_CHUNK - 1) / LETTER_CHUNK)

static_assert(LETTER_PART_HEAD + LETTER_CHUNK <= BODY_MAX, "the largest LETTER fits a frame");
static_assert(CHUNKS_MAX <= 16, "chunks are bits of a u16");

int
letter_part_encode(uint8_t *to, size_t cap, const struct letter_part *p)
{
	struct wr w = frame_start(to, cap, FRAME_LETTER);

	wr_bytes(&w, p->key, sizeof(p->key));
	wr_bytes(&w, p->id, sizeof(p->id));
	wr_u16(&w, p->size);
	wr_u16(&w, p->offset);
	wr_bytes(&w, p->bytes.p, p->bytes.len);
	return frame_end(&w);
}

int
letter_part_decode(struct letter_part *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct letter_part p = { 0 };

	rd_bytes(&in.rd, p.key, sizeof(p.key));
	rd_bytes(&in.rd, p.id, sizeof(p.id));
	p.size = rd_u16(&in.rd);
	p.offset = rd_u16(&in.rd);
	p.bytes = in_blob(&in, in.rd.left, LETTER_CHUNK);
	in_demand(&in, p.size >= LETTER_MIN && p.size <= LETTER_MAX);
	in_demand(&in, p.offset % LETTER_CHUNK == 0 && p.offset < p.size &&
	    p.bytes.len == min_u64(LETTER_CHUNK, (size_t)p.size - p.offset));
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = p;
	return 0;
}

int
letter_ack_encode(uint8_t *to, size_t cap, const struct letter_ack *a)
{
	struct wr w = frame_start(to, cap, FRAME_LETTER_ACK);

	wr_bytes(&w, a->key, sizeof(a->key));
	wr_bytes(&w, a->id, sizeof(a->id));
	wr_u8(&w, a->status);
	return frame_end(&w);
}

int
letter_ack_decode(struct letter_ack *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct letter_ack a = { 0 };

	rd_bytes(&in.rd, a.key, sizeof(a.key));
	rd_bytes(&in.rd, a.id, sizeof(a.id));
	a.status = rd_u8(&in.rd);
	in_demand(&in, a.status >= LETTER_TAKEN && a.status <= LETTER_REFUSED);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = a;
	return 0;
}

struct letter_part
letter_part_of(const uint8_t key[static 32], const uint8_t id[static LETTER_ID_LEN],
    const uint8_t *letter, size_t size, size_t offset)
{
	struct letter_part p = { .size = (uint16_t)size, .offset = (uint16_t)offset };

	assert(offset < size && size <= LETTER_MAX);
	memcpy(p.key, key, sizeof(p.key));
	memcpy(p.id, id, sizeof(p.id));
	p.bytes.p = letter + offset;
	p.bytes.len = (uint16_t)min_u64(LETTER_CHUNK, size - offset);
	return p;
}

void
letter_pieces_begin(struct letter_pieces *ps, const struct letter_part *p)
{
	memcpy(ps->id, p->id, sizeof(ps->id));
	ps->size = p->size;
	ps->got = 0;
}

bool
letter_pieces_fit(const struct letter_pieces *ps, const struct letter_part *p)
{
	return ps->size == p->size && memcmp(ps->id, p->id, sizeof(ps->id)) == 0;
}

bool
letter_pieces_add(struct letter_pieces *ps, const struct letter_part *p)
{
	unsigned chunks = (ps->size + LETTER_CHUNK - 1u) / LETTER_CHUNK;

	assert(letter_pieces_fit(ps, p));
	memcpy(ps->bytes + p->offset, p->bytes.p, p->bytes.len);
	ps->got |= (uint16_t)(1u << p->offset / LETTER_CHUNK);
	return ps->got == (1u << chunks) - 1;
}
