/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frame_path.c - the frames about a path that is sought or in use: WHY, AIM, PING, PONG, RELAY_*.
 */
#include "core/bytes.h"
#include "core/frame.h"
#include "core/text.h"

/*
 * WHY
 */

int
reason_encode(uint8_t *to, size_t cap, const struct reason *r)
{
	struct wr w = frame_start(to, cap, FRAME_WHY);

	wr_u32(&w, r->ref);
	wr_u8(&w, r->flags);
	wr_u8(&w, r->path);
	wr_u8(&w, r->loss_percent);
	wr_u16(&w, r->code);
	wr_u32(&w, r->rtt_us);
	put_ep(&w, &r->at);
	put_nat(&w, &r->nat);
	wr_u8(&w, r->n);
	for (size_t i = 0; i < r->n; i++) {
		wr_u8(&w, r->numbers[i].fact);
		wr_u64(&w, r->numbers[i].value);
	}
	wr_u8(&w, (uint8_t)r->via.len);
	wr_bytes(&w, r->via.p, r->via.len);
	return frame_end(&w);
}

static void
in_numbers(struct in *in, struct reason *r)
{
	r->n = rd_u8(&in->rd);
	in_demand(in, r->n <= REASON_NUMBERS_MAX);
	for (size_t i = 0; i < r->n && !in->bad; i++) {
		r->numbers[i].fact = rd_u8(&in->rd);
		r->numbers[i].value = rd_u64(&in->rd);
	}
}

int
reason_decode(struct reason *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct reason r = { .ref = rd_u32(&in.rd) };

	r.flags = rd_u8(&in.rd);
	r.path = rd_u8(&in.rd);
	r.loss_percent = rd_u8(&in.rd);
	r.code = rd_u16(&in.rd);
	r.rtt_us = rd_u32(&in.rd);
	r.at = in_ep_or_none(&in);
	r.nat = in_nat(&in);
	in_numbers(&in, &r);
	r.via = in_blob(&in, rd_u8(&in.rd), NAME_MAX_LEN);
	in_demand(&in, (r.flags & ~REASON_ASKS) == 0);
	in_demand(&in, r.path <= REASON_PATH_MAX && r.loss_percent <= 100);
	in_demand(&in, r.via.p == NULL || text_is_name((const char *)r.via.p, r.via.len));
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = r;
	return 0;
}

/*
 * AIM
 */

int
aim_encode(uint8_t *to, size_t cap, const struct aim *a)
{
	struct wr w = frame_start(to, cap, FRAME_AIM);

	wr_u32(&w, a->attempt);
	wr_u8(&w, a->step);
	wr_u8(&w, a->technique);
	wr_u8(&w, a->code);
	wr_u8(&w, (uint8_t)a->stride);
	wr_u16(&w, a->ports);
	put_ep(&w, &a->at);
	return frame_end(&w);
}

int
aim_decode(struct aim *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct aim a = { .attempt = rd_u32(&in.rd) };
	bool refused;

	a.step = rd_u8(&in.rd);
	a.technique = rd_u8(&in.rd);
	a.code = rd_u8(&in.rd);
	a.stride = (int8_t)rd_u8(&in.rd);
	a.ports = rd_u16(&in.rd);
	a.at = in_ep_or_none(&in);
	refused = a.step == AIM_REFUSED;
	in_demand(&in, a.step >= AIM_ASK && a.step <= AIM_REFUSED);
	in_demand(&in, a.technique >= AIM_SWEEP && a.technique <= AIM_LOUD);
	in_demand(&in, refused == (a.code != 0) && refused == (a.ports == 0));
	in_demand(&in, refused == ep_is_none(&a.at) && a.ports <= AIM_PORTS_MAX);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = a;
	return 0;
}

/*
 * PING, PONG
 */

#define PING_FLAGS_AT 40 /* in the body */

int
ping_encode(uint8_t *to, size_t cap, enum frame_type type, const struct ping *p, size_t len)
{
	struct wr w = frame_start(to, cap, type);

	assert(len >= PING_LEN);
	wr_u64(&w, p->txid);
	wr_u32(&w, p->path);
	wr_u64(&w, p->time_us);
	put_ep(&w, &p->observed);
	wr_u8(&w, p->flags);
	wr_u8(&w, p->delay_s);
	wr_u64(&w, p->highest);
	if (!w.failed)
		wr_zeros(&w, len - w.len);
	return frame_end(&w);
}

int
ping_decode(struct ping *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct ping p = { .txid = rd_u64(&in.rd) };

	p.path = rd_u32(&in.rd);
	p.time_us = rd_u64(&in.rd);
	p.observed = in_ep_or_none(&in);
	p.flags = rd_u8(&in.rd);
	p.delay_s = rd_u8(&in.rd);
	p.highest = rd_u64(&in.rd);
	in_demand(&in, (p.flags & ~PING_FLAGS) == 0);
	in_demand(&in, f->type == FRAME_PING || (p.flags == 0 && p.delay_s == 0));
	(void)rd_take(&in.rd, in.rd.left);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = p;
	return 0;
}

bool
ping_measures(const uint8_t *p, size_t len)
{
	return len >= PING_LEN && p[0] == FRAME_MAGIC && p[1] == FRAME_PING &&
	       (p[FRAME_HEADER + PING_FLAGS_AT] & PING_MEASURE) != 0;
}

/*
 * RELAY_*
 */

int
relay_open_encode(uint8_t *to, size_t cap, enum frame_type type, const struct relay_open *o)
{
	struct wr w = frame_start(to, cap, type);

	wr_u32(&w, o->circuit);
	wr_bytes(&w, o->key, sizeof(o->key));
	return frame_end(&w);
}

int
relay_open_decode(struct relay_open *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct relay_open o = { .circuit = rd_u32(&in.rd) };
	bool by_relay = (o.circuit & CIRCUIT_BY_RELAY) != 0;

	rd_bytes(&in.rd, o.key, sizeof(o.key));
	in_demand(&in, by_relay == (f->type == FRAME_RELAY_INCOMING));
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = o;
	return 0;
}

int
relay_end_encode(uint8_t *to, size_t cap, enum frame_type type, const struct relay_end *e)
{
	struct wr w = frame_start(to, cap, type);

	wr_u32(&w, e->circuit);
	wr_u8(&w, e->code);
	return frame_end(&w);
}

int
relay_end_decode(struct relay_end *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct relay_end e = { .circuit = rd_u32(&in.rd) };

	e.code = rd_u8(&in.rd);
	if (in_end(&in) < 0)
		return in_end(&in);
	*ret = e;
	return 0;
}

uint8_t *
relay_data_wrap(uint8_t *datagram, size_t len, uint32_t circuit)
{
	uint8_t *frame = datagram - RELAY_DATA_HEADER;
	struct wr w = frame_start(frame, RELAY_DATA_HEADER, FRAME_RELAY_DATA);

	wr_u32(&w, circuit);
	assert(!w.failed && len + 4 <= LONG_BODY_MAX);
	w.len += len;
	(void)frame_end(&w);
	return frame;
}

int
relay_data_decode(struct relay_data *ret, const struct frame *f)
{
	struct in in = frame_in(f);
	struct relay_data d = { .circuit = rd_u32(&in.rd) };

	if (in.rd.failed)
		return ERR_SHORT;
	d.len = (uint16_t)in.rd.left;
	d.datagram = f->body + 4;
	*ret = d;
	return 0;
}
