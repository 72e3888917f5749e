/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_enrol_frames.c - ENROL to TOKEN_ACK against the vectors, and both ways.
 */
#include "core/wire_enrol.h"
#include "tests/unit/frame_vectors.h"

/* What any of these frames holds, to be encoded again. */
union any {
	struct enrol enrol;
	struct enrol_result enrol_result;
	struct renew renew;
	struct renew_result renew_result;
	struct offer offer;
	struct offer_ack offer_ack;
};

static int
decode(union any *ret, const struct frame *f)
{
	switch (f->type) {
	case FRAME_ENROL: return enrol_decode(&ret->enrol, f);
	case FRAME_ENROL_RESULT: return enrol_result_decode(&ret->enrol_result, f);
	case FRAME_RENEW: return renew_decode(&ret->renew, f);
	case FRAME_RENEW_RESULT: return renew_result_decode(&ret->renew_result, f);
	case FRAME_TOKEN: return offer_decode(&ret->offer, f);
	case FRAME_TOKEN_ACK: return offer_ack_decode(&ret->offer_ack, f);
	}
	return ERR_UNKNOWN;
}

static int
encode(uint8_t *to, size_t cap, uint8_t type, const union any *a)
{
	switch (type) {
	case FRAME_ENROL: return enrol_encode(to, cap, &a->enrol);
	case FRAME_ENROL_RESULT: return enrol_result_encode(to, cap, &a->enrol_result);
	case FRAME_RENEW: return renew_encode(to, cap, &a->renew);
	case FRAME_RENEW_RESULT: return renew_result_encode(to, cap, &a->renew_result);
	case FRAME_TOKEN: return offer_encode(to, cap, &a->offer);
	case FRAME_TOKEN_ACK: return offer_ack_encode(to, cap, &a->offer_ack);
	}
	return ERR_UNKNOWN;
}

/* The frame that the fields of this block make. */
static int
make(const struct vectors *v, uint8_t type, uint8_t *to)
{
	static uint8_t bytes[FRAME_MAX], more[FRAME_MAX];
	union any a = { .enrol = { 0 } };

#define INT(FIELD)   vector_int(v, FIELD)
#define EXACT(FIELD, TO) vector_exact(v, FIELD, TO, sizeof(TO))
#define BLOB(FIELD, ROOM) { ROOM, (uint16_t)vector(v, FIELD, ROOM, sizeof(ROOM)) }
	switch (type) {
	case FRAME_ENROL:
		a.enrol = (struct enrol){ .step = (uint8_t)INT("step"),
			.offset = (uint16_t)INT("offset"), .plea = BLOB("plea", bytes) };
		EXACT("id", a.enrol.id);
		EXACT("ref", a.enrol.ref);
		break;
	case FRAME_ENROL_RESULT:
		a.enrol_result = (struct enrol_result){ .status = (uint8_t)INT("status"),
			.offset = (uint16_t)INT("offset"), .total = (uint16_t)INT("total"),
			.piece = BLOB("piece", bytes) };
		EXACT("id", a.enrol_result.id);
		EXACT("ref", a.enrol_result.ref);
		break;
	case FRAME_RENEW:
		a.renew = (struct renew){ .request = BLOB("request", bytes) };
		EXACT("key", a.renew.key);
		break;
	case FRAME_RENEW_RESULT:
		a.renew_result = (struct renew_result){ .status = (uint8_t)INT("status"),
			.cert = BLOB("cert", bytes), .ca = BLOB("ca", more) };
		EXACT("key", a.renew_result.key);
		break;
	case FRAME_TOKEN:
		a.offer = (struct offer){ .expires = INT("expires"),
			.welcome = BLOB("welcome", bytes) };
		EXACT("id", a.offer.id);
		EXACT("psk", a.offer.psk);
		break;
	case FRAME_TOKEN_ACK:
		a.offer_ack = (struct offer_ack){ .status = (uint8_t)INT("status") };
		EXACT("id", a.offer_ack.id);
		break;
	}
	return encode(to, FRAME_MAX, type, &a);
}

static const struct family family = { make, decode, encode };

TEST(every_frame_is_what_its_fields_make_and_comes_back)
{
	ASSERT_EQ(family_holds(&family, "enrol.txt"), 16);
}

TEST(every_frame_that_breaks_a_rule_is_refused)
{
	family_refuses(&family, "enrol-refused.txt");
}

TEST(what_a_decoder_accepts_is_what_its_encoder_writes)
{
	ASSERT(family_is_canonical(&family, "enrol.txt") > 1000);
}
