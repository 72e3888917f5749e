/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_run_frames.c - RUN_HELLO to RUN_ROW against the vectors, and both ways; facts.
 */
#include "core/bytes.h"
#include "core/wire_run.h"
#include "tests/unit/frame_vectors.h"

/* What any of these frames holds, to be encoded again. */
union any {
	struct run_hello hello;
	struct run_mark mark;
	struct run_abort abort;
	struct run_row row;
};

static int
decode(union any *ret, const struct frame *f)
{
	switch (f->type) {
	case FRAME_RUN_HELLO: return run_hello_decode(&ret->hello, f);
	case FRAME_RUN_READY:
	case FRAME_RUN_GO:
	case FRAME_RUN_DONE: return run_mark_decode(&ret->mark, f);
	case FRAME_RUN_ABORT: return run_abort_decode(&ret->abort, f);
	case FRAME_RUN_ROW: return run_row_decode(&ret->row, f);
	}
	return ERR_UNKNOWN;
}

static int
encode(uint8_t *to, size_t cap, uint8_t type, const union any *a)
{
	switch (type) {
	case FRAME_RUN_HELLO: return run_hello_encode(to, cap, &a->hello);
	case FRAME_RUN_ABORT: return run_abort_encode(to, cap, &a->abort);
	case FRAME_RUN_ROW: return run_row_encode(to, cap, &a->row);
	default: return run_mark_encode(to, cap, (enum frame_type)type, &a->mark);
	}
}

static struct run_head
head_of(const struct vectors *v)
{
	struct run_head h = {
		.number = (uint32_t)vector_int(v, "number"),
		.life = vector_int(v, "life"),
		.yours = vector_int(v, "yours"),
		.seen = (uint8_t)vector_int(v, "seen"),
	};

	vector_exact(v, "study", h.study, sizeof(h.study));
	return h;
}

static struct blob
blob_of(const struct vectors *v, const char *field, uint8_t *room, size_t cap)
{
	return (struct blob){ room, (uint16_t)vector(v, field, room, cap) };
}

static struct run_row
row_of(const struct vectors *v, struct run_head head)
{
	struct run_row row = { .head = head, .first = (uint8_t)vector_int(v, "first") };
	uint8_t bytes[FRAME_MAX];
	struct rd rd = rd_init(bytes, vector(v, "cells", bytes, sizeof(bytes)));

	for (; rd.left > 0; row.count++)
		row.cells[row.count] = (struct run_cell){ rd_u8(&rd), rd_u8(&rd), rd_u32(&rd),
			rd_u64(&rd), rd_u64(&rd), rd_u64(&rd), rd_u64(&rd) };
	return row;
}

/* The frame that the fields of this block make. */
static int
make(const struct vectors *v, uint8_t type, uint8_t *to)
{
	static uint8_t bytes[FRAME_MAX], more[FRAME_MAX];
	struct run_head head = head_of(v);
	union any a = { .hello = { .head = head } };

	switch (type) {
	case FRAME_RUN_HELLO:
		a.hello.name = blob_of(v, "name", bytes, sizeof(bytes));
		a.hello.facts = blob_of(v, "facts", more, sizeof(more));
		break;
	case FRAME_RUN_ABORT:
		a.abort = (struct run_abort){
			.head = head,
			.party = (uint8_t)vector_int(v, "party"),
			.reason = (uint8_t)vector_int(v, "reason"),
			.final = (vector_int(v, "flags") & 1) != 0,
			.begun = (vector_int(v, "flags") & 2) != 0,
			.text = blob_of(v, "text", bytes, sizeof(bytes)),
		};
		break;
	case FRAME_RUN_ROW: a.row = row_of(v, head); break;
	default:
		a.mark = (struct run_mark){ .head = head };
		vector_exact(v, "agreement", a.mark.agreement, sizeof(a.mark.agreement));
	}
	return encode(to, FRAME_MAX, type, &a);
}

static const struct family family = { make, decode, encode };

TEST(every_frame_of_a_run_is_what_its_fields_make_and_comes_back)
{
	ASSERT_EQ(family_holds(&family, "runs.txt"), 12);
}

TEST(every_frame_of_a_run_that_breaks_a_rule_is_refused)
{
	family_refuses(&family, "runs-refused.txt");
}

TEST(what_a_decoder_of_runs_accepts_is_what_its_encoder_writes)
{
	ASSERT(family_is_canonical(&family, "runs.txt") > 1000);
}

TEST(the_beginning_of_every_frame_of_a_run_is_read_alone)
{
	struct vectors v = vectors_open("runs.txt");

	while (vectors_next(&v)) {
		uint8_t bytes[FRAME_MAX];
		size_t len = vector(&v, "frame", bytes, sizeof(bytes));
		struct run_head head, want = head_of(&v);
		struct frame f;

		ASSERT_EQ(frame_open(&f, bytes, len), FRAME_SPOKEN);
		ASSERT_EQ(run_head_decode(&head, &f), 0);
		ASSERT_MEM(head.study, want.study, sizeof(head.study));
		ASSERT(head.number == want.number && head.life == want.life &&
		    head.yours == want.yours && head.seen == want.seen);
		f.type = FRAME_PING;
		ASSERT_EQ(run_head_decode(&head, &f), ERR_UNKNOWN);
	}
	vectors_close(&v);
}

TEST(facts_come_back_as_they_went_and_in_no_other_order)
{
	static const struct run_fact facts[] = {
		{ .name = "mpyc", .value = "0.11" },
		{ .name = "program", .value = "sum.py" },
		{ .told = true, .name = "python", .value = "" },
	};
	struct run_fact back, wrong[2] = { facts[1], facts[0] };
	uint8_t bytes[RUN_FACTS_LEN_MAX];
	int len = run_facts_encode(bytes, sizeof(bytes), facts, ARRAY_LEN(facts));
	struct blob b = { bytes, (uint16_t)len };
	size_t at = 0;

	ASSERT(len > 0);
	for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
		ASSERT(run_fact_next(b, &at, &back));
		ASSERT(back.told == facts[i].told);
		ASSERT_STR(back.name, facts[i].name);
		ASSERT_STR(back.value, facts[i].value);
	}
	ASSERT(!run_fact_next(b, &at, &back));
	ASSERT_EQ(run_facts_encode(bytes, sizeof(bytes), NULL, 0), 0);
	ASSERT_EQ(run_facts_encode(bytes, sizeof(bytes), wrong, 2), ERR_FORMAT);
	ASSERT_EQ(run_facts_encode(bytes, (size_t)len - 1, facts, ARRAY_LEN(facts)), ERR_FULL);
	strcpy(wrong[0].value, "two\nlines");
	ASSERT_EQ(run_facts_encode(bytes, sizeof(bytes), wrong, 1), ERR_FORMAT);
}
