/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frame_meet.c - the frames by which nodes find each other: REGISTER, REG_ACK, QUERY, REPLY, PUNCH,
 * CANDIDATES.
 */
#include "core/bytes.h"
#include "core/frame.h"
#include "core/text.h"

void
eps_add(struct eps *to, enum ep_kind kind, const struct addr *at)
{
	for (size_t i = 0; i < to->n; i++) {
		if (addr_equal(&to->ep[i].addr, at))
			return;
	}
	if (to->n < WIRE_EPS_MAX)
		to->ep[to->n++] = (struct ep){ .kind = (uint8_t)kind, .addr = *at };
}

static void
put_eps(struct wr *w, const struct eps *l, uint8_t max)
{
	assert(l->n <= max);
	wr_u8(w, l->n);
	for (size_t i = 0; i < l->n; i++)
		put_ep(w, &l->ep[i]);
}

static void
in_eps(struct in *in, struct eps *ret, uint8_t max)
{
	uint8_t n = rd_u8(&in->rd);

	in_demand(in, n <= max);
	for (ret->n = 0; ret->n < n && ret->n < max; ret->n++)
		ret->ep[ret->n] = in_ep(in);
}

static void
put_relays(struct wr *w, const struct relays *l, uint8_t max)
{
	assert(l->n <= max);
	wr_u8(w, l->n);
	for (size_t i = 0; i < l->n; i++)
		wr_bytes(w, l->key[i], sizeof(l->key[i]));
}

static void
in_relays(struct in *in, struct relays *ret, uint8_t max)
{
	uint8_t n = rd_u8(&in->rd);

	in_demand(in, n <= max);
	for (ret->n = 0; ret->n < n && ret->n < max; ret->n++)
		rd_bytes(&in->rd, ret->key[ret->n], sizeof(ret->key[ret->n]));
}

static void
put_contact(struct wr *w, const struct contact *c)
{
	put_counted(w, c->cert);
	put_counted(w, c->ca);
	put_nat(w, &c->nat);
	put_eps(w, &c->eps, CONTACT_EPS);
	put_relays(w, &c->relays, CONTACT_RELAYS);
}

static void
in_contact(struct in *in, struct contact *ret)
{
	ret->cert = in_counted(in, WIRE_CERT_MAX);
	ret->ca = in_counted(in, WIRE_CA_MAX);
	ret->nat = in_nat(in);
	in_eps(in, &ret->eps, CONTACT_EPS);
	in_relays(in, &ret->relays, CONTACT_RELAYS);
}

static bool
nat_is_none(const struct nat *n)
{
	return n->mapping == 0 && n->filtering == 0 && n->step == 0 && n->flags == 0 &&
	       n->base_port == 0 && n->epoch == 0;
}

static bool
contact_is_empty(const struct contact *c)
{
	return c->cert.len == 0 && c->ca.len == 0 && c->eps.n == 0 && c->relays.n == 0 &&
	       nat_is_none(&c->nat);
}

int
candidates_encode(uint8_t *to, size_t cap, enum frame_type type, const struct candidates *c)
{
	struct wr w = frame_start(to, cap, type);

	wr_u32(&w, c->seq);
	put_nat(&w, &c->nat);
	put_eps(&w, &c->eps, WIRE_EPS_MAX);
	put_relays(&w, &c->relays, WIRE_RELAYS_MAX);
	return frame_end(&w);
}

int
candidates_decode(struct candidates *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct candidates c = { .seq = rd_u32(&in.rd) };

	c.nat = in_nat(&in);
	in_eps(&in, &c.eps, WIRE_EPS_MAX);
	in_relays(&in, &c.relays, WIRE_RELAYS_MAX);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = c;
	return 0;
}

int
reg_ack_encode(uint8_t *to, size_t cap, const struct reg_ack *a)
{
	struct wr w = frame_start(to, cap, FRAME_REG_ACK);

	wr_u32(&w, a->seq);
	put_ep(&w, &a->observed);
	wr_u16(&w, a->ttl);
	wr_u64(&w, a->state_version);
	put_relays(&w, &a->relays, WIRE_RELAYS_MAX);
	return frame_end(&w);
}

int
reg_ack_decode(struct reg_ack *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct reg_ack a = { .seq = rd_u32(&in.rd) };

	a.observed = in_ep(&in);
	a.ttl = rd_u16(&in.rd);
	a.state_version = rd_u64(&in.rd);
	in_relays(&in, &a.relays, WIRE_RELAYS_MAX);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = a;
	return 0;
}

int
query_encode(uint8_t *to, size_t cap, const struct query *q)
{
	struct wr w = frame_start(to, cap, FRAME_QUERY);

	wr_u32(&w, q->qid);
	wr_u8(&w, q->by);
	wr_u8(&w, q->flags);
	switch (q->by) {
	case QUERY_BY_ADDRESS: wr_bytes(&w, q->address.b, ip_size(q->address)); break;
	case QUERY_BY_KEY: wr_bytes(&w, q->key, sizeof(q->key)); break;
	case QUERY_BY_NAME: wr_bytes(&w, q->name.p, q->name.len); break;
	}
	return frame_end(&w);
}

/* What is asked for is the rest of the frame; its length tells IPv4 from IPv6. */
static void
in_question(struct in *in, struct query *q)
{
	size_t len = in->rd.left;

	switch (q->by) {
	case QUERY_BY_ADDRESS:
		in_demand(in, len == 4 || len == 16);
		q->address.family = len == 4 ? FAMILY_V4 : FAMILY_V6;
		rd_bytes(&in->rd, q->address.b, len == 4 ? 4 : 16);
		break;
	case QUERY_BY_KEY: rd_bytes(&in->rd, q->key, sizeof(q->key)); break;
	case QUERY_BY_NAME:
		q->name = in_blob(in, len, NAME_MAX_LEN);
		in_demand(in, q->name.p != NULL && text_is_name((const char *)q->name.p, len));
		break;
	default: in->bad = true;
	}
}

int
query_decode(struct query *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct query q = { .qid = rd_u32(&in.rd) };

	q.by = rd_u8(&in.rd);
	q.flags = rd_u8(&in.rd);
	in_demand(&in, (q.flags & ~QUERY_INTRODUCE) == 0);
	in_question(&in, &q);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = q;
	return 0;
}

int
reply_encode(uint8_t *to, size_t cap, const struct reply *r)
{
	struct wr w = frame_start(to, cap, FRAME_REPLY);

	wr_u32(&w, r->qid);
	wr_u8(&w, r->status);
	wr_bytes(&w, r->introduction, sizeof(r->introduction));
	wr_u16(&w, r->delay_ms);
	put_contact(&w, &r->contact);
	return frame_end(&w);
}

int
reply_decode(struct reply *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct reply r = { .qid = rd_u32(&in.rd) };

	r.status = rd_u8(&in.rd);
	rd_bytes(&in.rd, r.introduction, sizeof(r.introduction));
	r.delay_ms = rd_u16(&in.rd);
	in_contact(&in, &r.contact);
	in_demand(&in, r.status <= REPLY_LIMITED);
	in_demand(&in,
	    r.status == REPLY_UNKNOWN ? contact_is_empty(&r.contact) : r.contact.cert.len > 0);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = r;
	return 0;
}

int
punch_encode(uint8_t *to, size_t cap, const struct punch *p)
{
	struct wr w = frame_start(to, cap, FRAME_PUNCH);

	wr_bytes(&w, p->introduction, sizeof(p->introduction));
	wr_u16(&w, p->delay_ms);
	put_contact(&w, &p->contact);
	return frame_end(&w);
}

int
punch_decode(struct punch *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct punch p = { 0 };

	rd_bytes(&in.rd, p.introduction, sizeof(p.introduction));
	p.delay_ms = rd_u16(&in.rd);
	in_contact(&in, &p.contact);
	in_demand(&in, p.contact.cert.len > 0);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = p;
	return 0;
}
