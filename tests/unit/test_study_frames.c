/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_study_frames.c - STUDY, STUDY_REQ and STUDY_PART against the vectors, and both ways.
 */
#include "core/wire_study.h"
#include "tests/unit/frame_vectors.h"

/* What any of these frames holds, to be encoded again. */
union any {
	struct study_says says;
	struct study_req req;
	struct study_part part;
};

static int
decode(union any *ret, const struct frame *f)
{
	switch (f->type) {
	case FRAME_STUDY: return study_says_decode(&ret->says, f);
	case FRAME_STUDY_REQ: return study_req_decode(&ret->req, f);
	case FRAME_STUDY_PART: return study_part_decode(&ret->part, f);
	}
	return ERR_UNKNOWN;
}

static int
encode(uint8_t *to, size_t cap, uint8_t type, const union any *a)
{
	switch (type) {
	case FRAME_STUDY: return study_says_encode(to, cap, &a->says);
	case FRAME_STUDY_REQ: return study_req_encode(to, cap, &a->req);
	default: return study_part_encode(to, cap, &a->part);
	}
}

/* The frame that the fields of this block make. */
static int
make(const struct vectors *v, uint8_t type, uint8_t *to)
{
	static uint8_t bytes[FRAME_MAX];
	union any a = { .says = { .stance = 0 } };

	switch (type) {
	case FRAME_STUDY:
		vector_exact(v, "study", a.says.hash, STUDY_HASH_LEN);
		a.says.stance = (uint8_t)vector_int(v, "stance");
		a.says.yours = (uint8_t)vector_int(v, "yours");
		a.says.flags = (uint8_t)vector_int(v, "flags");
		a.says.size = (uint16_t)vector_int(v, "size");
		break;
	case FRAME_STUDY_REQ:
		vector_exact(v, "study", a.req.hash, STUDY_HASH_LEN);
		a.req.offset = (uint16_t)vector_int(v, "offset");
		break;
	default:
		a.part = (struct study_part){
			.size = (uint16_t)vector_int(v, "size"),
			.offset = (uint16_t)vector_int(v, "offset"),
			.bytes = { bytes, (uint16_t)vector(v, "bytes", bytes, sizeof(bytes)) },
		};
		vector_exact(v, "study", a.part.hash, STUDY_HASH_LEN);
	}
	return encode(to, FRAME_MAX, type, &a);
}

static const struct family family = { make, decode, encode };

TEST(every_frame_about_a_study_is_what_its_fields_make_and_comes_back)
{
	ASSERT_EQ(family_holds(&family, "study-frames.txt"), 9);
}

TEST(every_frame_about_a_study_that_breaks_a_rule_is_refused)
{
	family_refuses(&family, "study-frames-refused.txt");
}

TEST(what_a_decoder_of_studies_accepts_is_what_its_encoder_writes)
{
	ASSERT(family_is_canonical(&family, "study-frames.txt") > 1000);
}

TEST(the_parts_of_a_study_are_all_of_it)
{
	uint8_t whole[STUDY_MAX], hash[STUDY_HASH_LEN] = { 7 };

	test_fill(whole, sizeof(whole));
	for (size_t size = STUDY_MIN; size <= STUDY_MAX; size += 100) {
		size_t at = 0;

		while (at < size) {
			struct study_part p = study_part_of(hash, whole, size, at);

			ASSERT(p.bytes.p == whole + at && p.bytes.len > 0 && p.size == size);
			at += p.bytes.len;
		}
		ASSERT_EQ(at, size);
	}
}
