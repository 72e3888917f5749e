/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frame.c - control frames: one table of shapes, what every frame begins with, and the frames that
 * open and end a conversation: HELLO, CLOSE, ERROR.
 */
#include "core/bytes.h"
#include "core/frame.h"
#include "core/text.h"
#include "core/wire_enrol.h"
#include "core/wire_letter.h"
#include "core/wire_run.h"
#include "core/wire_study.h"

static_assert(REPLY_HEAD + CONTACT_MAX <= BODY_MAX, "the largest REPLY fits a frame");
static_assert(PUNCH_HEAD + CONTACT_MAX <= BODY_MAX, "the largest PUNCH fits a frame");
static_assert(HELLO_MIN + 3 + WIRE_CERT_MAX + 3 + WIRE_CA_MAX + 3 + HELLO_VERSION_MAX <= BODY_MAX,
    "the largest HELLO fits a frame");
static_assert(BLOB_HEAD + BLOB_CHUNK_MAX <= BODY_MAX, "the largest BLOB fits a frame");

/* The shapes of all control frames. A type with a name and no length is reserved. */
static const struct shape {
	const char *name;
	uint16_t min;
	uint16_t max;
} shapes[] = {
	[FRAME_HELLO] = { "HELLO", HELLO_MIN, BODY_MAX },
	[FRAME_CLOSE] = { "CLOSE", 1, 1 },
	[FRAME_ERROR] = { "ERROR", 7, 7 },
	[FRAME_REGISTER] = { "REGISTER", CANDIDATES_MIN, CANDIDATES_MAX },
	[FRAME_REG_ACK] = { "REG_ACK", REG_ACK_MIN, REG_ACK_MIN + WIRE_RELAYS_MAX * 32 },
	[FRAME_QUERY] = { "QUERY", QUERY_HEAD + 1, QUERY_HEAD + NAME_MAX_LEN },
	[FRAME_REPLY] = { "REPLY", REPLY_HEAD + CONTACT_MIN, REPLY_HEAD + CONTACT_MAX },
	[FRAME_PUNCH] = { "PUNCH", PUNCH_HEAD + CONTACT_MIN, PUNCH_HEAD + CONTACT_MAX },
	[FRAME_CANDIDATES] = { "CANDIDATES", CANDIDATES_MIN, CANDIDATES_MAX },
	[FRAME_WHY] = { "WHY", REASON_MIN, REASON_MAX },
	[FRAME_AIM] = { "AIM", AIM_LEN, AIM_LEN },
	[FRAME_PING] = { "PING", PING_LEN - FRAME_HEADER, LONG_BODY_MAX },
	[FRAME_PONG] = { "PONG", PING_LEN - FRAME_HEADER, PING_LEN - FRAME_HEADER },
	[FRAME_RELAY_OPEN] = { "RELAY_OPEN", 36, 36 },
	[FRAME_RELAY_OPENED] = { "RELAY_OPENED", 5, 5 },
	[FRAME_RELAY_INCOMING] = { "RELAY_INCOMING", 36, 36 },
	[FRAME_RELAY_CLOSE] = { "RELAY_CLOSE", 5, 5 },
	[FRAME_RELAY_DATA] = { "RELAY_DATA", 4 + OPEN_LEN, LONG_BODY_MAX },
	[FRAME_STATE_ADV] = { "STATE_ADV", STATE_ADV_LEN, STATE_ADV_LEN },
	[FRAME_BLOB_REQ] = { "BLOB_REQ", BLOB_REQ_LEN, BLOB_REQ_LEN },
	[FRAME_BLOB] = { "BLOB", BLOB_HEAD + 1, BLOB_HEAD + BLOB_CHUNK_MAX },
	[FRAME_ENROL] = { "ENROL", ENROL_HEAD, ENROL_HEAD + WIRE_PLEA_MAX },
	[FRAME_ENROL_RESULT] = { "ENROL_RESULT", ENROL_RESULT_HEAD,
	    ENROL_RESULT_HEAD + ENROL_PIECE_MAX },
	[FRAME_RENEW] = { "RENEW", RENEW_HEAD, RENEW_HEAD + WIRE_CA_MAX },
	[FRAME_RENEW_RESULT] = { "RENEW_RESULT", RENEW_RESULT_MIN,
	    RENEW_RESULT_MIN + WIRE_CERT_MAX + WIRE_CA_MAX },
	[FRAME_TOKEN] = { "TOKEN", OFFER_HEAD, OFFER_HEAD + WIRE_WELCOME_MAX },
	[FRAME_TOKEN_ACK] = { "TOKEN_ACK", WIRE_TOKEN_ID + 1, WIRE_TOKEN_ID + 1 },
	[FRAME_STUDY] = { "STUDY", STUDY_SAYS_LEN, STUDY_SAYS_LEN },
	[FRAME_STUDY_REQ] = { "STUDY_REQ", STUDY_REQ_LEN, STUDY_REQ_LEN },
	[FRAME_STUDY_PART] = { "STUDY_PART", STUDY_PART_HEAD + 1, STUDY_PART_HEAD + STUDY_CHUNK },
	[FRAME_LETTER] = { "LETTER", LETTER_PART_HEAD + 1, LETTER_PART_HEAD + LETTER_CHUNK },
	[FRAME_LETTER_ACK] = { "LETTER_ACK", LETTER_ACK_LEN, LETTER_ACK_LEN },
	[FRAME_RUN_HELLO] = { "RUN_HELLO", RUN_HELLO_MIN + 1,
	    RUN_HELLO_MIN + NAME_MAX_LEN + RUN_FACTS_LEN_MAX },
	[FRAME_RUN_READY] = { "RUN_READY", RUN_MARK_LEN, RUN_MARK_LEN },
	[FRAME_RUN_GO] = { "RUN_GO", RUN_MARK_LEN, RUN_MARK_LEN },
	[FRAME_RUN_ABORT] = { "RUN_ABORT", RUN_ABORT_MIN, RUN_ABORT_MIN + RUN_TEXT_MAX },
	[FRAME_RUN_DONE] = { "RUN_DONE", RUN_MARK_LEN, RUN_MARK_LEN },
	[FRAME_RUN_ROW] = { "RUN_ROW", RUN_ROW_HEAD + RUN_CELL_LEN,
	    RUN_ROW_HEAD + RUN_CELLS_MAX * RUN_CELL_LEN },
	[FRAME_RUN_RESERVED] = { .name = "RUN_5E" },
	[FRAME_RUN_RESERVED + 1] = { .name = "RUN_5F" },
};

/* The row of a type that has a name, or NULL. */
static const struct shape *
shape_of(uint8_t type)
{
	if (type >= ARRAY_LEN(shapes) || shapes[type].name == NULL)
		return NULL;
	return &shapes[type];
}

const char *
frame_name(uint8_t type)
{
	const struct shape *s = shape_of(type);

	return s != NULL ? s->name : "frame";
}

int
frame_open(struct frame *ret, uint8_t *p, size_t len)
{
	struct rd r = rd_init(p, len);
	uint8_t magic = rd_u8(&r);
	struct frame f = { .type = rd_u8(&r), .body = p + FRAME_HEADER };
	const struct shape *s = shape_of(f.type);

	f.len = rd_u16(&r);
	if (!r.failed && magic != FRAME_MAGIC)
		return ERR_VERSION;
	(void)rd_take(&r, f.len);
	if (r.failed)
		return ERR_SHORT;
	if (!field_is_padding(&r, 16))
		return ERR_EXCESS;
	if (s != NULL && s->max > 0 && f.len < s->min)
		return ERR_SHORT;
	if (s != NULL && s->max > 0 && f.len > s->max)
		return ERR_EXCESS;
	*ret = f;
	if (s == NULL)
		return f.type < 0x80 ? FRAME_IGNORED : FRAME_UNKNOWN;
	return s->max > 0 ? FRAME_SPOKEN : FRAME_RESERVED;
}

struct wr
frame_start(uint8_t *to, size_t cap, uint8_t type)
{
	struct wr w = wr_init(to, cap);

	wr_u8(&w, FRAME_MAGIC);
	wr_u8(&w, type);
	wr_u16(&w, 0);
	return w;
}

int
frame_end(struct wr *w)
{
	size_t len = w->len - FRAME_HEADER;

	if (w->failed)
		return ERR_FULL;
	assert(len >= shapes[w->start[1]].min && len <= shapes[w->start[1]].max);
	w->start[2] = (uint8_t)len;
	w->start[3] = (uint8_t)(len >> 8);
	return (int)w->len;
}

struct in
frame_in(const struct frame *f)
{
	return in_init(f->body, f->len);
}

/*
 * HELLO, CLOSE, ERROR
 */

enum {
	HELLO_CERT = 1,
	HELLO_CA = 2,
	HELLO_VERSION = 3,
};

static bool
is_printable(struct blob b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.p[i] < 0x20 || b.p[i] > 0x7e)
			return false;
	return true;
}

int
hello_encode(uint8_t *to, size_t cap, const struct hello *h)
{
	struct wr w = frame_start(to, cap, FRAME_HELLO);

	wr_u16(&w, h->proto_min);
	wr_u16(&w, h->proto_max);
	wr_u8(&w, h->flags);
	wr_u32(&w, h->caps);
	wr_u64(&w, h->state.version);
	wr_bytes(&w, h->state.hash, sizeof(h->state.hash));
	wr_u64(&w, h->unix_time);
	wr_u16(&w, h->max_inner);
	wr_bytes(&w, h->fingerprint, sizeof(h->fingerprint));
	put_tlv(&w, HELLO_CERT, h->cert);
	put_tlv(&w, HELLO_CA, h->ca);
	put_tlv(&w, HELLO_VERSION, h->version);
	return frame_end(&w);
}

static void
hello_tlv(struct in *in, struct hello *h, struct tlv t)
{
	switch (t.tag) {
	case HELLO_CERT: h->cert = in_blob(in, t.len, WIRE_CERT_MAX); break;
	case HELLO_CA: h->ca = in_blob(in, t.len, WIRE_CA_MAX); break;
	case HELLO_VERSION:
		h->version = in_blob(in, t.len, HELLO_VERSION_MAX);
		in_demand(in, is_printable(h->version));
		break;
	default: (void)rd_take(&in->rd, t.len);
	}
	in_demand(in, t.len > 0);
}

int
hello_decode(struct hello *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct hello h = { 0 };
	uint8_t last = 0;

	h.proto_min = rd_u16(&in.rd);
	h.proto_max = rd_u16(&in.rd);
	h.flags = rd_u8(&in.rd);
	h.caps = rd_u32(&in.rd);
	h.state.version = rd_u64(&in.rd);
	rd_bytes(&in.rd, h.state.hash, sizeof(h.state.hash));
	h.unix_time = rd_u64(&in.rd);
	h.max_inner = rd_u16(&in.rd);
	rd_bytes(&in.rd, h.fingerprint, sizeof(h.fingerprint));
	while (in.rd.left > 0 && !in.bad && !in.rd.failed) {
		struct tlv t = in_tlv(&in, last);

		hello_tlv(&in, &h, t);
		last = t.tag;
	}
	in_demand(&in, h.proto_min >= 1 && h.proto_min <= h.proto_max);
	in_demand(&in, (h.flags & ~HELLO_SEEN_YOURS) == 0);
	in_demand(&in, h.ca.len == 0 || h.cert.len > 0);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = h;
	return 0;
}

int
close_encode(uint8_t *to, size_t cap, const struct close *c)
{
	struct wr w = frame_start(to, cap, FRAME_CLOSE);

	wr_u8(&w, c->reason);
	return frame_end(&w);
}

int
close_decode(struct close *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct close c = { .reason = rd_u8(&in.rd) };

	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = c;
	return 0;
}

int
error_encode(uint8_t *to, size_t cap, const struct error *e)
{
	struct wr w = frame_start(to, cap, FRAME_ERROR);

	wr_u16(&w, e->code);
	wr_u8(&w, e->type);
	wr_u32(&w, e->ref);
	return frame_end(&w);
}

int
error_decode(struct error *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct error e = { .code = rd_u16(&in.rd) };

	e.type = rd_u8(&in.rd);
	e.ref = rd_u32(&in.rd);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = e;
	return 0;
}
