/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * field.c - the fields that several layouts share.
 */
#include "core/field.h"
#include "core/wire.h"

struct blob
in_blob(struct in *in, size_t len, size_t max)
{
	struct blob b = { .p = rd_take(&in->rd, len), .len = (uint16_t)len };

	in_demand(in, len <= max);
	if (len == 0 || b.p == NULL || len > max)
		return (struct blob){ 0 };
	return b;
}

struct blob
in_counted(struct in *in, size_t max)
{
	size_t len = rd_u16(&in->rd);

	return in_blob(in, len, max);
}

void
put_counted(struct wr *w, struct blob b)
{
	wr_u16(w, b.len);
	wr_bytes(w, b.p, b.len);
}

struct tlv
in_tlv(struct in *in, uint8_t after)
{
	struct tlv t = { .tag = rd_u8(&in->rd) };

	t.len = rd_u16(&in->rd);
	in_demand(in, t.tag > after);
	return t;
}

void
put_tlv(struct wr *w, uint8_t tag, struct blob b)
{
	if (b.len == 0)
		return;
	wr_u8(w, tag);
	put_counted(w, b);
}

bool
field_is_padding(struct rd *r, size_t block)
{
	size_t n = r->left;
	const uint8_t *p = rd_take(r, n);
	uint8_t any = 0;

	for (size_t i = 0; p != NULL && i < n; i++) /* NULL: the reader had failed before */
		any |= p[i];
	return n < block && any == 0;
}

static size_t
family_size(uint8_t family)
{
	return family == FAMILY_V4 ? 4 : family == FAMILY_V6 ? 16 : 0;
}

void
put_ep(struct wr *w, const struct ep *e)
{
	wr_u8(w, e->kind);
	wr_u8(w, e->addr.family);
	wr_u16(w, e->addr.port);
	wr_bytes(w, e->addr.ip, sizeof(e->addr.ip));
}

/* Field by field: what lies between fields says nothing. */
bool
ep_is_none(const struct ep *e)
{
	static const struct addr none;

	return e->kind == 0 && addr_equal(&e->addr, &none);
}

static bool
ep_is_good(const struct ep *e)
{
	size_t used = family_size(e->addr.family);
	uint8_t rest = 0;

	for (size_t i = used; i < sizeof(e->addr.ip); i++)
		rest |= e->addr.ip[i];
	return e->kind >= EP_HOST && e->kind <= EP_TCP && used > 0 && rest == 0 &&
	       e->addr.port != 0;
}

struct ep
in_ep_or_none(struct in *in)
{
	struct ep e = { 0 };

	e.kind = rd_u8(&in->rd);
	e.addr.family = rd_u8(&in->rd);
	e.addr.port = rd_u16(&in->rd);
	rd_bytes(&in->rd, e.addr.ip, sizeof(e.addr.ip));
	in_demand(in, ep_is_none(&e) || ep_is_good(&e));
	return e;
}

struct ep
in_ep(struct in *in)
{
	struct ep e = in_ep_or_none(in);

	in_demand(in, !ep_is_none(&e));
	return e;
}

void
put_nat(struct wr *w, const struct nat *n)
{
	wr_u8(w, n->mapping);
	wr_u8(w, n->filtering);
	wr_u8(w, (uint8_t)n->step);
	wr_u8(w, n->flags);
	wr_u16(w, n->base_port);
	wr_u32(w, n->epoch);
}

struct nat
in_nat(struct in *in)
{
	struct nat n = { 0 };

	n.mapping = rd_u8(&in->rd);
	n.filtering = rd_u8(&in->rd);
	n.step = (int8_t)rd_u8(&in->rd);
	n.flags = rd_u8(&in->rd);
	n.base_port = rd_u16(&in->rd);
	n.epoch = rd_u32(&in->rd);
	return n;
}
