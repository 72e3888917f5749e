/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frame_enrol.c - the frames by which hosts get certificates: ENROL, RENEW, TOKEN, and their answers.
 */
#include "core/bytes.h"
#include "core/crypto.h"
#include "core/frame.h"
#include "core/wire_enrol.h"

static_assert(ENROL_RESULT_HEAD + ENROL_PIECE_MAX <= BODY_MAX, "a piece fits a frame");
static_assert(WIRE_WELCOME_MAX <= ENROL_PIECE_MAX, "a welcome is one piece");
static_assert(OFFER_HEAD + WIRE_WELCOME_MAX <= BODY_MAX, "the largest TOKEN fits a frame");

/* What is left of the frame, of which there may be `max`. */
static struct blob
in_rest(struct in *in, size_t max)
{
	return in_blob(in, in->rd.left, max);
}

/*
 * ENROL
 */

int
enrol_encode(uint8_t *to, size_t cap, const struct enrol *e)
{
	struct wr w = frame_start(to, cap, FRAME_ENROL);

	wr_u8(&w, e->step);
	wr_bytes(&w, e->id, sizeof(e->id));
	wr_bytes(&w, e->ref, sizeof(e->ref));
	wr_u16(&w, e->offset);
	wr_bytes(&w, e->plea.p, e->plea.len);
	return frame_end(&w);
}

int
enrol_decode(struct enrol *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct enrol e = { .step = rd_u8(&in.rd) };

	rd_bytes(&in.rd, e.id, sizeof(e.id));
	rd_bytes(&in.rd, e.ref, sizeof(e.ref));
	e.offset = rd_u16(&in.rd);
	e.plea = in_rest(&in, WIRE_PLEA_MAX);
	in_demand(&in, e.step >= ENROL_KNOCK && e.step <= ENROL_THANKS);
	in_demand(&in, (e.step == ENROL_PLEA) == (e.plea.len > 0));
	in_demand(&in, e.step == ENROL_FETCH || e.offset == 0);
	in_demand(&in, e.step != ENROL_KNOCK || crypto_is_zero(e.ref, sizeof(e.ref)));
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = e;
	return 0;
}

/*
 * ENROL_RESULT
 */

int
enrol_result_encode(uint8_t *to, size_t cap, const struct enrol_result *r)
{
	struct wr w = frame_start(to, cap, FRAME_ENROL_RESULT);

	wr_u8(&w, r->status);
	wr_bytes(&w, r->id, sizeof(r->id));
	wr_bytes(&w, r->ref, sizeof(r->ref));
	wr_u16(&w, r->offset);
	wr_u16(&w, r->total);
	wr_bytes(&w, r->piece.p, r->piece.len);
	return frame_end(&w);
}

int
enrol_result_decode(struct enrol_result *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct enrol_result r = { .status = rd_u8(&in.rd) };
	bool answer = r.status == ENROL_ANSWER, welcome = r.status == ENROL_WELCOME;

	rd_bytes(&in.rd, r.id, sizeof(r.id));
	rd_bytes(&in.rd, r.ref, sizeof(r.ref));
	r.offset = rd_u16(&in.rd);
	r.total = rd_u16(&in.rd);
	r.piece = in_rest(&in, welcome ? WIRE_WELCOME_MAX : ENROL_PIECE_MAX);
	in_demand(&in, r.status >= ENROL_WELCOME && r.status <= ENROL_GONE);
	in_demand(&in, (answer || welcome) == (r.piece.len > 0));
	in_demand(&in, !welcome || crypto_is_zero(r.ref, sizeof(r.ref)));
	in_demand(&in, answer || (r.offset == 0 && r.total == 0));
	in_demand(&in, r.total <= WIRE_ANSWER_MAX);
	in_demand(&in, !answer || r.offset + r.piece.len <= r.total);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = r;
	return 0;
}

/*
 * RENEW, RENEW_RESULT
 */

int
renew_encode(uint8_t *to, size_t cap, const struct renew *r)
{
	struct wr w = frame_start(to, cap, FRAME_RENEW);

	wr_bytes(&w, r->key, sizeof(r->key));
	wr_bytes(&w, r->request.p, r->request.len);
	return frame_end(&w);
}

int
renew_decode(struct renew *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct renew r = { 0 };

	rd_bytes(&in.rd, r.key, sizeof(r.key));
	r.request = in_rest(&in, WIRE_CA_MAX);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = r;
	return 0;
}

int
renew_result_encode(uint8_t *to, size_t cap, const struct renew_result *r)
{
	struct wr w = frame_start(to, cap, FRAME_RENEW_RESULT);

	wr_bytes(&w, r->key, sizeof(r->key));
	wr_u8(&w, r->status);
	put_counted(&w, r->cert);
	put_counted(&w, r->ca);
	return frame_end(&w);
}

int
renew_result_decode(struct renew_result *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct renew_result r = { 0 };

	rd_bytes(&in.rd, r.key, sizeof(r.key));
	r.status = rd_u8(&in.rd);
	r.cert = in_counted(&in, WIRE_CERT_MAX);
	r.ca = in_counted(&in, WIRE_CA_MAX);
	in_demand(&in, r.status >= RENEW_ISSUED && r.status <= RENEW_NOBODY);
	in_demand(&in, (r.status == RENEW_ISSUED) == (r.cert.len > 0));
	in_demand(&in, r.ca.len == 0 || r.cert.len > 0);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = r;
	return 0;
}

/*
 * TOKEN, TOKEN_ACK
 */

int
offer_encode(uint8_t *to, size_t cap, const struct offer *o)
{
	struct wr w = frame_start(to, cap, FRAME_TOKEN);

	wr_bytes(&w, o->id, sizeof(o->id));
	wr_bytes(&w, o->psk, sizeof(o->psk));
	wr_u64(&w, o->expires);
	wr_bytes(&w, o->welcome.p, o->welcome.len);
	return frame_end(&w);
}

int
offer_decode(struct offer *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct offer o = { 0 };

	rd_bytes(&in.rd, o.id, sizeof(o.id));
	rd_bytes(&in.rd, o.psk, sizeof(o.psk));
	o.expires = rd_u64(&in.rd);
	o.welcome = in_rest(&in, WIRE_WELCOME_MAX);
	in_demand(&in, (o.expires == 0) == (o.welcome.len == 0));
	in_demand(&in, (o.expires == 0) == crypto_is_zero(o.psk, sizeof(o.psk)));
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = o;
	return 0;
}

int
offer_ack_encode(uint8_t *to, size_t cap, const struct offer_ack *a)
{
	struct wr w = frame_start(to, cap, FRAME_TOKEN_ACK);

	wr_bytes(&w, a->id, sizeof(a->id));
	wr_u8(&w, a->status);
	return frame_end(&w);
}

int
offer_ack_decode(struct offer_ack *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct offer_ack a = { 0 };

	rd_bytes(&in.rd, a.id, sizeof(a.id));
	a.status = rd_u8(&in.rd);
	in_demand(&in, a.status <= OFFER_DENIED);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = a;
	return 0;
}
