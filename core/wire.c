/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire.c - the outer messages: the gate for datagrams, and what PRESENT and HERE hold sealed.
 *
 * Encoders write what they are given: a value that has no encoding is a mistake of ours and caught
 * by an assertion. Decoders take bytes of strangers: what cannot be encoded is refused.
 */
#include "core/bytes.h"
#include "core/field.h"
#include "core/wire.h"

static int
length_is(size_t len, size_t want, int type)
{
	return len == want ? type : len < want ? ERR_SHORT : ERR_EXCESS;
}

static int
present_check(const uint8_t *p, size_t len)
{
	size_t sealed;

	if (len < PRESENT_MIN)
		return ERR_SHORT;
	if (len > PRESENT_MAX)
		return ERR_EXCESS;
	sealed = (size_t)(p[PRESENT_SEALED_LEN] | p[PRESENT_SEALED_LEN + 1] << 8);
	if (sealed != len - PRESENT_SEALED || (sealed - DATA_TAG) % PRESENT_BLOCK != 0)
		return ERR_FORMAT;
	if (p[PRESENT_ZERO] != 0 || p[PRESENT_ZERO + 1] != 0)
		return ERR_FORMAT;
	if (le32(p + PRESENT_INITIATION) != OUTER_INITIATION)
		return ERR_FORMAT;
	return OUTER_PRESENT;
}

int
outer_check(const uint8_t *p, size_t len)
{
	if (len < 4)
		return ERR_SHORT;
	switch (le32(p)) {
	case OUTER_INITIATION: return length_is(len, INITIATION_LEN, OUTER_INITIATION);
	case OUTER_RESPONSE: return length_is(len, RESPONSE_LEN, OUTER_RESPONSE);
	case OUTER_COOKIE: return length_is(len, COOKIE_LEN, OUTER_COOKIE);
	case OUTER_DATA: return len >= DATA_MIN ? OUTER_DATA : ERR_SHORT;
	case OUTER_DATA_AES: return len >= DATA_MIN ? OUTER_DATA_AES : ERR_SHORT;
	case OUTER_PRESENT: return present_check(p, len);
	case OUTER_OPEN:
		if (len == OPEN_LEN && le32(p + OPEN_DIRECTION) > OPEN_ANSWER)
			return ERR_FORMAT;
		return length_is(len, OPEN_LEN, OUTER_OPEN);
	case OUTER_HERE:
		if (len > HERE_MAX)
			return ERR_EXCESS;
		return len >= HERE_MIN ? OUTER_HERE : ERR_SHORT;
	}
	return ERR_VERSION;
}

/*
 * The plaintext of PRESENT
 */

enum {
	PRESENTATION_CERT = 1,
	PRESENTATION_CA = 2,
	PRESENTATION_TOKEN = 3,
};

#define TOKEN_LEN 8

int
presentation_encode(uint8_t *to, size_t cap, const struct presentation *p)
{
	struct wr w = wr_init(to, min_u64(cap, PRESENT_PLAIN_MAX));

	wr_u8(&w, PRESENTATION_VERSION);
	wr_u8(&w, p->flags);
	wr_u16(&w, 0);
	wr_u32(&w, p->caps);
	wr_u64(&w, p->state_version);
	wr_bytes(&w, p->peer_prefix, sizeof(p->peer_prefix));
	put_tlv(&w, PRESENTATION_CERT, p->cert);
	put_tlv(&w, PRESENTATION_CA, p->ca);
	put_tlv(&w, PRESENTATION_TOKEN, p->token);
	wr_zeros(&w, -w.len % PRESENT_BLOCK);
	return wr_end(&w);
}

static void
presentation_tlv(struct in *in, struct presentation *p, struct tlv t)
{
	switch (t.tag) {
	case PRESENTATION_CERT: p->cert = in_blob(in, t.len, WIRE_CERT_MAX); break;
	case PRESENTATION_CA: p->ca = in_blob(in, t.len, WIRE_CA_MAX); break;
	case PRESENTATION_TOKEN: p->token = in_blob(in, t.len, TOKEN_LEN); break;
	default: (void)rd_take(&in->rd, t.len);
	}
	in_demand(in, t.len > 0);
}

/* Certificates or a token, as the flag says. */
static bool
presentation_complete(const struct presentation *p)
{
	if (p->flags & PRESENTATION_ENROL)
		return p->cert.len == 0 && p->ca.len == 0 && p->token.len == TOKEN_LEN;
	return p->cert.len > 0 && p->token.len == 0;
}

int
presentation_decode(struct presentation *ret, const uint8_t *plain, size_t len)
{
	struct in in = in_init(plain, len);
	struct presentation p = { 0 };
	uint8_t version = rd_u8(&in.rd), last = 0;

	if (len > 0 && version != PRESENTATION_VERSION)
		return ERR_VERSION;
	p.flags = rd_u8(&in.rd);
	in_demand(&in, rd_u16(&in.rd) == 0);
	p.caps = rd_u32(&in.rd);
	p.state_version = rd_u64(&in.rd);
	rd_bytes(&in.rd, p.peer_prefix, sizeof(p.peer_prefix));
	while (in.rd.left > 0 && in.rd.p[0] != 0 && !in.bad && !in.rd.failed) {
		struct tlv t = in_tlv(&in, last);

		presentation_tlv(&in, &p, t);
		last = t.tag;
	}
	in_demand(&in, (p.flags & ~PRESENTATION_ENROL) == 0 && presentation_complete(&p));
	in_demand(&in, len % PRESENT_BLOCK == 0 && len <= PRESENT_PLAIN_MAX);
	in_demand(&in, field_is_padding(&in.rd, PRESENT_BLOCK));
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = p;
	return 0;
}

/*
 * The plaintext of HERE
 */

int
here_encode(uint8_t *to, size_t cap, const struct here *h)
{
	struct wr w = wr_init(to, cap);

	wr_u8(&w, HERE_VERSION);
	wr_u8(&w, h->flags);
	wr_u16(&w, h->port4);
	wr_u16(&w, h->port6);
	put_counted(&w, h->cert);
	put_counted(&w, h->ca);
	return wr_end(&w);
}

int
here_decode(struct here *ret, const uint8_t *plain, size_t len)
{
	struct in in = in_init(plain, len);
	struct here h = { 0 };
	uint8_t version = rd_u8(&in.rd);

	if (len > 0 && version != HERE_VERSION)
		return ERR_VERSION;
	h.flags = rd_u8(&in.rd);
	h.port4 = rd_u16(&in.rd);
	h.port6 = rd_u16(&in.rd);
	h.cert = in_counted(&in, WIRE_CERT_MAX);
	h.ca = in_counted(&in, WIRE_CA_MAX);
	in_demand(&in, (h.flags & ~HERE_ASK) == 0 && (h.port4 | h.port6) != 0);
	in_demand(&in, h.cert.len > 0);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = h;
	return 0;
}
