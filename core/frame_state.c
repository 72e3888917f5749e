/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frame_state.c - the frames by which the network state gets around: STATE_ADV, BLOB_REQ, BLOB.
 */
#include "core/bytes.h"
#include "core/frame.h"

static void
put_id(struct wr *w, const struct state_id *id)
{
	wr_u64(w, id->version);
	wr_bytes(w, id->hash, sizeof(id->hash));
}

/* Version and hash are zeros together, or neither is. */
static struct state_id
in_id(struct in *in)
{
	static const uint8_t none[STATE_HASH_LEN];
	struct state_id id = { .version = rd_u64(&in->rd) };

	rd_bytes(&in->rd, id.hash, sizeof(id.hash));
	in_demand(in, (id.version == 0) == (memcmp(id.hash, none, sizeof(none)) == 0));
	return id;
}

int
state_adv_encode(uint8_t *to, size_t cap, const struct state_adv *a)
{
	struct wr w = frame_start(to, cap, FRAME_STATE_ADV);

	put_id(&w, &a->id);
	wr_u32(&w, a->size);
	return frame_end(&w);
}

int
state_adv_decode(struct state_adv *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct state_adv a = { .id = in_id(&in) };

	a.size = rd_u32(&in.rd);
	in_demand(&in, a.size <= BLOB_SIZE_MAX && (a.id.version == 0) == (a.size == 0));
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = a;
	return 0;
}

int
blob_req_encode(uint8_t *to, size_t cap, const struct blob_req *q)
{
	struct wr w = frame_start(to, cap, FRAME_BLOB_REQ);

	put_id(&w, &q->id);
	wr_u32(&w, q->offset);
	wr_u16(&w, q->len);
	return frame_end(&w);
}

int
blob_req_decode(struct blob_req *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct blob_req q = { .id = in_id(&in) };

	q.offset = rd_u32(&in.rd);
	q.len = rd_u16(&in.rd);
	in_demand(&in, q.offset < BLOB_SIZE_MAX && (q.id.version != 0 || q.offset == 0));
	in_demand(&in, q.len >= 1 && q.len <= BLOB_WINDOW_MAX);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = q;
	return 0;
}

int
blob_part_encode(uint8_t *to, size_t cap, const struct blob_part *b)
{
	struct wr w = frame_start(to, cap, FRAME_BLOB);

	put_id(&w, &b->id);
	wr_u32(&w, b->size);
	wr_u32(&w, b->offset);
	wr_bytes(&w, b->bytes.p, b->bytes.len);
	return frame_end(&w);
}

int
blob_part_decode(struct blob_part *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct blob_part b = { .id = in_id(&in) };

	b.size = rd_u32(&in.rd);
	b.offset = rd_u32(&in.rd);
	b.bytes = in_blob(&in, in.rd.left, BLOB_CHUNK_MAX);
	in_demand(&in, b.id.version != 0 && b.size >= 1 && b.size <= BLOB_SIZE_MAX);
	in_demand(&in, b.bytes.len >= 1 && b.offset < b.size && b.bytes.len <= b.size - b.offset);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = b;
	return 0;
}
