/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Control frames against the known answers of tests/vectors: each frame is made of the fields
 * beside it, is what the encoder writes, and is decoded into the same fields again.
 */
#include "core/bytes.h"
#include "core/text.h"
#include "core/wire.h"
#include "tests/unit/vectors.h"

#define ROOM FRAME_LONG_MAX

/* The bytes of a field, in memory that stays until the next block. */
static struct blob
field(const struct vectors *v, const char *name, uint8_t *to, size_t cap)
{
	struct blob b = { .p = to };

	if (vector_has(v, name))
		b.len = (uint16_t)vector(v, name, to, cap);
	return b.len > 0 ? b : (struct blob){ 0 };
}

static struct ep
ep_of(const uint8_t p[static EP_LEN])
{
	struct ep e = { .kind = p[0] };

	e.addr.family = p[1];
	e.addr.port = (uint16_t)(p[2] | p[3] << 8);
	memcpy(e.addr.ip, p + 4, sizeof(e.addr.ip));
	return e;
}

static struct ep
ep_field(const struct vectors *v, const char *name)
{
	uint8_t bytes[EP_LEN];

	vector_exact(v, name, bytes, sizeof(bytes));
	return ep_of(bytes);
}

static struct nat
nat_of(const uint8_t p[static NAT_LEN])
{
	return (struct nat){
		.mapping = p[0],
		.filtering = p[1],
		.step = (int8_t)p[2],
		.flags = p[3],
		.base_port = (uint16_t)(p[4] | p[5] << 8),
		.epoch = le32(p + 6),
	};
}

/* Takes from `*p` a list after its count. */
static struct eps
eps_of(const uint8_t **p)
{
	struct eps l = { .n = *(*p)++ };

	for (size_t i = 0; i < l.n; i++, *p += EP_LEN)
		l.ep[i] = ep_of(*p);
	return l;
}

static struct relays
relays_of(const uint8_t **p)
{
	struct relays l = { .n = *(*p)++ };

	for (size_t i = 0; i < l.n; i++, *p += 32)
		memcpy(l.key[i], *p, 32);
	return l;
}

static struct blob
blob_of(const uint8_t **p)
{
	struct blob b = { .p = *p + 2, .len = (uint16_t)((*p)[0] | (*p)[1] << 8) };

	*p += 2 + b.len;
	return b.len > 0 ? b : (struct blob){ 0 };
}

static struct contact
contact_of(const uint8_t *p)
{
	struct contact c = { .cert = blob_of(&p) };

	c.ca = blob_of(&p);
	c.nat = nat_of(p);
	p += NAT_LEN;
	c.eps = eps_of(&p);
	c.relays = relays_of(&p);
	return c;
}

static void
same_nat(const struct nat *a, const struct nat *b)
{
	ASSERT_EQ(a->mapping, b->mapping);
	ASSERT_EQ(a->filtering, b->filtering);
	ASSERT_EQ(a->step, b->step);
	ASSERT_EQ(a->flags, b->flags);
	ASSERT_EQ(a->base_port, b->base_port);
	ASSERT_EQ(a->epoch, b->epoch);
}

static void
same_ep(const struct ep *a, const struct ep *b)
{
	ASSERT_EQ(a->kind, b->kind);
	ASSERT(addr_equal(&a->addr, &b->addr));
}

static void
same_eps(const struct eps *a, const struct eps *b)
{
	ASSERT_EQ(a->n, b->n);
	for (size_t i = 0; i < b->n; i++)
		same_ep(&a->ep[i], &b->ep[i]);
}

static void
same_relays(const struct relays *a, const struct relays *b)
{
	ASSERT_EQ(a->n, b->n);
	ASSERT_MEM(a->key, b->key, (size_t)b->n * 32);
}

static void
same_contact(const struct contact *a, const struct contact *b)
{
	ASSERT_EQ(a->cert.len, b->cert.len);
	ASSERT_MEM(a->cert.p, b->cert.p, b->cert.len);
	ASSERT_EQ(a->ca.len, b->ca.len);
	ASSERT_MEM(a->ca.p, b->ca.p, b->ca.len);
	same_nat(&a->nat, &b->nat);
	same_eps(&a->eps, &b->eps);
	same_relays(&a->relays, &b->relays);
}

/*
 * One function for each layout: `f` is the frame that was opened; the frame that the fields of
 * this block make goes to `to`, and its length is returned.
 */

static int
hello_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	static uint8_t cert[WIRE_CERT_MAX], ca[WIRE_CA_MAX], version[HELLO_VERSION_MAX];
	struct hello got, h = {
		.proto_min = (uint16_t)vector_int(v, "proto_min"),
		.proto_max = (uint16_t)vector_int(v, "proto_max"),
		.flags = (uint8_t)vector_int(v, "flags"),
		.caps = (uint32_t)vector_int(v, "caps"),
		.state.version = vector_int(v, "state_version"),
		.unix_time = vector_int(v, "unix_time"),
		.max_inner = (uint16_t)vector_int(v, "max_inner"),
		.cert = field(v, "tlv1", cert, sizeof(cert)),
		.ca = field(v, "tlv2", ca, sizeof(ca)),
		.version = field(v, "tlv3", version, sizeof(version)),
	};

	vector_exact(v, "state_hash", h.state.hash, sizeof(h.state.hash));
	vector_exact(v, "fingerprint", h.fingerprint, sizeof(h.fingerprint));
	ASSERT_EQ(hello_decode(&got, f), 0);
	ASSERT_EQ(got.unix_time, h.unix_time);
	ASSERT_EQ(got.flags, h.flags);
	ASSERT_EQ(got.cert.len, h.cert.len);
	ASSERT_MEM(got.cert.p, h.cert.p, h.cert.len);
	ASSERT_MEM(got.fingerprint, h.fingerprint, sizeof(h.fingerprint));
	return hello_encode(to, ROOM, &h);
}

static int
close_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	struct close got, c = { .reason = (uint8_t)vector_int(v, "reason") };

	ASSERT_EQ(close_decode(&got, f), 0);
	ASSERT_EQ(got.reason, c.reason);
	return close_encode(to, ROOM, &c);
}

static int
error_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	struct error got, e = {
		.code = (uint16_t)vector_int(v, "code"),
		.type = (uint8_t)vector_int(v, "type"),
		.ref = (uint32_t)vector_int(v, "ref"),
	};

	ASSERT_EQ(error_decode(&got, f), 0);
	ASSERT_EQ(got.code, e.code);
	ASSERT_EQ(got.type, e.type);
	ASSERT_EQ(got.ref, e.ref);
	return error_encode(to, ROOM, &e);
}

static int
candidates_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	uint8_t nat[NAT_LEN], eps[1 + WIRE_EPS_MAX * EP_LEN], keys[1 + WIRE_RELAYS_MAX * 32];
	const uint8_t *p = eps, *q = keys;
	struct candidates got, c = { .seq = (uint32_t)vector_int(v, "seq") };

	vector_exact(v, "nat", nat, sizeof(nat));
	eps[0] = (uint8_t)(vector(v, "eps", eps + 1, sizeof(eps) - 1) / EP_LEN);
	keys[0] = (uint8_t)(vector(v, "relays", keys + 1, sizeof(keys) - 1) / 32);
	c.nat = nat_of(nat);
	c.eps = eps_of(&p);
	c.relays = relays_of(&q);
	ASSERT_EQ(candidates_decode(&got, f), 0);
	ASSERT_EQ(got.seq, c.seq);
	same_nat(&got.nat, &c.nat);
	same_eps(&got.eps, &c.eps);
	same_relays(&got.relays, &c.relays);
	return candidates_encode(to, ROOM, f->type, &c);
}

static int
reg_ack_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	uint8_t keys[1 + WIRE_RELAYS_MAX * 32];
	const uint8_t *p = keys;
	struct reg_ack got, a = {
		.seq = (uint32_t)vector_int(v, "seq"),
		.observed = ep_field(v, "observed"),
		.ttl = (uint16_t)vector_int(v, "ttl"),
		.state_version = vector_int(v, "state_version"),
	};

	keys[0] = (uint8_t)(vector(v, "relays", keys + 1, sizeof(keys) - 1) / 32);
	a.relays = relays_of(&p);
	ASSERT_EQ(reg_ack_decode(&got, f), 0);
	same_relays(&got.relays, &a.relays);
	ASSERT_EQ(got.seq, a.seq);
	same_ep(&got.observed, &a.observed);
	ASSERT_EQ(got.ttl, a.ttl);
	ASSERT_EQ(got.state_version, a.state_version);
	return reg_ack_encode(to, ROOM, &a);
}

static int
query_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	uint8_t value[NAME_MAX_LEN];
	size_t len = vector(v, "value", value, sizeof(value));
	struct query got, q = {
		.qid = (uint32_t)vector_int(v, "qid"),
		.by = (uint8_t)vector_int(v, "by"),
		.flags = (uint8_t)vector_int(v, "flags"),
	};

	ASSERT_EQ(query_decode(&got, f), 0);
	ASSERT_EQ(got.qid, q.qid);
	ASSERT_EQ(got.by, q.by);
	switch (q.by) {
	case QUERY_BY_ADDRESS:
		q.address = len == 4 ? ip_v4(value) : ip_v6(value);
		ASSERT(ip_equal(got.address, q.address));
		break;
	case QUERY_BY_KEY:
		memcpy(q.key, value, sizeof(q.key));
		ASSERT_MEM(got.key, q.key, sizeof(q.key));
		break;
	case QUERY_BY_NAME:
		q.name = (struct blob){ .p = value, .len = (uint16_t)len };
		ASSERT_EQ(got.name.len, len);
		ASSERT_MEM(got.name.p, value, len);
		break;
	}
	return query_encode(to, ROOM, &q);
}

static int
reply_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	uint8_t contact[FRAME_MAX];
	struct reply got, r = {
		.qid = (uint32_t)vector_int(v, "qid"),
		.status = (uint8_t)vector_int(v, "status"),
		.delay_ms = (uint16_t)vector_int(v, "delay_ms"),
	};

	vector(v, "contact", contact, sizeof(contact));
	vector_exact(v, "introduction", r.introduction, sizeof(r.introduction));
	r.contact = contact_of(contact);
	ASSERT_EQ(reply_decode(&got, f), 0);
	ASSERT_EQ(got.qid, r.qid);
	ASSERT_EQ(got.status, r.status);
	ASSERT_EQ(got.delay_ms, r.delay_ms);
	ASSERT_MEM(got.introduction, r.introduction, sizeof(r.introduction));
	same_contact(&got.contact, &r.contact);
	return reply_encode(to, ROOM, &r);
}

static int
punch_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	uint8_t contact[FRAME_MAX];
	struct punch got, p = { .delay_ms = (uint16_t)vector_int(v, "delay_ms") };

	vector(v, "contact", contact, sizeof(contact));
	vector_exact(v, "introduction", p.introduction, sizeof(p.introduction));
	p.contact = contact_of(contact);
	ASSERT_EQ(punch_decode(&got, f), 0);
	ASSERT_EQ(got.delay_ms, p.delay_ms);
	ASSERT_MEM(got.introduction, p.introduction, sizeof(p.introduction));
	same_contact(&got.contact, &p.contact);
	return punch_encode(to, ROOM, &p);
}

static int
reason_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	uint8_t numbers[REASON_NUMBERS_MAX * 9], name[NAME_MAX_LEN], nat[NAT_LEN];
	struct reason got, r = {
		.ref = (uint32_t)vector_int(v, "ref"),
		.flags = (uint8_t)vector_int(v, "flags"),
		.path = (uint8_t)vector_int(v, "path"),
		.loss_percent = (uint8_t)vector_int(v, "loss_percent"),
		.code = (uint16_t)vector_int(v, "code"),
		.rtt_us = (uint32_t)vector_int(v, "rtt_us"),
		.at = ep_field(v, "at"),
		.n = (uint8_t)(vector(v, "numbers", numbers, sizeof(numbers)) / 9),
		.via = field(v, "via", name, sizeof(name)),
	};

	vector_exact(v, "nat", nat, sizeof(nat));
	r.nat = nat_of(nat);
	ASSERT_EQ(reason_decode(&got, f), 0);
	ASSERT_EQ(got.ref, r.ref);
	ASSERT_EQ(got.flags, r.flags);
	ASSERT_EQ(got.code, r.code);
	same_ep(&got.at, &r.at);
	same_nat(&got.nat, &r.nat);
	ASSERT_EQ(got.n, r.n);
	ASSERT_EQ(got.via.len, r.via.len);
	for (size_t i = 0; i < r.n; i++) {
		r.numbers[i].fact = numbers[9 * i];
		r.numbers[i].value = le64(numbers + 9 * i + 1);
		ASSERT_EQ(got.numbers[i].fact, r.numbers[i].fact);
		ASSERT_EQ(got.numbers[i].value, r.numbers[i].value);
	}
	return reason_encode(to, ROOM, &r);
}

static int
aim_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	struct aim got, a = {
		.attempt = (uint32_t)vector_int(v, "attempt"),
		.step = (uint8_t)vector_int(v, "step"),
		.technique = (uint8_t)vector_int(v, "technique"),
		.code = (uint8_t)vector_int(v, "code"),
		.stride = (int8_t)vector_int(v, "stride"),
		.ports = (uint16_t)vector_int(v, "ports"),
		.at = ep_field(v, "at"),
	};

	ASSERT_EQ(aim_decode(&got, f), 0);
	ASSERT_EQ(got.attempt, a.attempt);
	ASSERT_EQ(got.step, a.step);
	ASSERT_EQ(got.technique, a.technique);
	ASSERT_EQ(got.code, a.code);
	ASSERT_EQ(got.stride, a.stride);
	ASSERT_EQ(got.ports, a.ports);
	same_ep(&got.at, &a.at);
	return aim_encode(to, ROOM, &a);
}

static int
ping_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	struct ping got, p = {
		.txid = vector_int(v, "txid"),
		.path = (uint32_t)vector_int(v, "path"),
		.time_us = vector_int(v, "time_us"),
		.observed = ep_field(v, "observed"),
		.flags = (uint8_t)vector_int(v, "flags"),
		.delay_s = (uint8_t)vector_int(v, "delay_s"),
		.highest = vector_int(v, "highest"),
	};

	ASSERT_EQ(ping_decode(&got, f), 0);
	ASSERT_EQ(got.txid, p.txid);
	ASSERT_EQ(got.path, p.path);
	ASSERT_EQ(got.time_us, p.time_us);
	same_ep(&got.observed, &p.observed);
	ASSERT_EQ(got.flags, p.flags);
	ASSERT_EQ(got.delay_s, p.delay_s);
	ASSERT_EQ(got.highest, p.highest);
	return ping_encode(to, ROOM, f->type, &p, FRAME_HEADER + f->len);
}

static int
relay_open_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	struct relay_open got, o = { .circuit = (uint32_t)vector_int(v, "circuit") };

	vector_exact(v, "key", o.key, sizeof(o.key));
	ASSERT_EQ(relay_open_decode(&got, f), 0);
	ASSERT_EQ(got.circuit, o.circuit);
	ASSERT_MEM(got.key, o.key, sizeof(o.key));
	return relay_open_encode(to, ROOM, f->type, &o);
}

static int
relay_end_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	struct relay_end got, e = {
		.circuit = (uint32_t)vector_int(v, "circuit"),
		.code = (uint8_t)vector_int(v, "code"),
	};

	ASSERT_EQ(relay_end_decode(&got, f), 0);
	ASSERT_EQ(got.circuit, e.circuit);
	ASSERT_EQ(got.code, e.code);
	return relay_end_encode(to, ROOM, f->type, &e);
}

static int
relay_data_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	uint8_t *datagram = to + RELAY_DATA_HEADER;
	size_t len = vector(v, "datagram", datagram, ROOM - RELAY_DATA_HEADER);
	uint32_t circuit = (uint32_t)vector_int(v, "circuit");
	struct relay_data got;

	ASSERT_EQ(relay_data_decode(&got, f), 0);
	ASSERT_EQ(got.circuit, circuit);
	ASSERT_EQ(got.len, len);
	ASSERT_MEM(got.datagram, datagram, len);
	ASSERT(relay_data_wrap(datagram, len, circuit) == to);
	return (int)(RELAY_DATA_HEADER + len);
}

static struct state_id
id_field(const struct vectors *v)
{
	struct state_id id = { .version = (uint64_t)vector_int(v, "version") };

	vector_exact(v, "hash", id.hash, sizeof(id.hash));
	return id;
}

static int
state_adv_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	struct state_adv got, a = {
		.id = id_field(v),
		.size = (uint32_t)vector_int(v, "size"),
	};

	ASSERT_EQ(state_adv_decode(&got, f), 0);
	ASSERT(state_id_equal(&got.id, &a.id));
	ASSERT_EQ(got.size, a.size);
	return state_adv_encode(to, ROOM, &a);
}

static int
blob_req_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	struct blob_req got, q = {
		.id = id_field(v),
		.offset = (uint32_t)vector_int(v, "offset"),
		.len = (uint16_t)vector_int(v, "length"),
	};

	ASSERT_EQ(blob_req_decode(&got, f), 0);
	ASSERT(state_id_equal(&got.id, &q.id));
	ASSERT_EQ(got.offset, q.offset);
	ASSERT_EQ(got.len, q.len);
	return blob_req_encode(to, ROOM, &q);
}

static int
blob_part_known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	uint8_t bytes[BLOB_CHUNK_MAX];
	struct blob_part got, b = {
		.id = id_field(v),
		.size = (uint32_t)vector_int(v, "size"),
		.offset = (uint32_t)vector_int(v, "offset"),
		.bytes = field(v, "bytes", bytes, sizeof(bytes)),
	};

	ASSERT_EQ(blob_part_decode(&got, f), 0);
	ASSERT(state_id_equal(&got.id, &b.id));
	ASSERT_EQ(got.size, b.size);
	ASSERT_EQ(got.offset, b.offset);
	ASSERT_EQ(got.bytes.len, b.bytes.len);
	ASSERT_MEM(got.bytes.p, b.bytes.p, b.bytes.len);
	return blob_part_encode(to, ROOM, &b);
}

static int
known(const struct vectors *v, const struct frame *f, uint8_t *to)
{
	switch (f->type) {
	case FRAME_HELLO: return hello_known(v, f, to);
	case FRAME_CLOSE: return close_known(v, f, to);
	case FRAME_ERROR: return error_known(v, f, to);
	case FRAME_REGISTER:
	case FRAME_CANDIDATES: return candidates_known(v, f, to);
	case FRAME_REG_ACK: return reg_ack_known(v, f, to);
	case FRAME_QUERY: return query_known(v, f, to);
	case FRAME_REPLY: return reply_known(v, f, to);
	case FRAME_PUNCH: return punch_known(v, f, to);
	case FRAME_WHY: return reason_known(v, f, to);
	case FRAME_AIM: return aim_known(v, f, to);
	case FRAME_PING:
	case FRAME_PONG: return ping_known(v, f, to);
	case FRAME_RELAY_OPEN:
	case FRAME_RELAY_INCOMING: return relay_open_known(v, f, to);
	case FRAME_RELAY_OPENED:
	case FRAME_RELAY_CLOSE: return relay_end_known(v, f, to);
	case FRAME_RELAY_DATA: return relay_data_known(v, f, to);
	case FRAME_STATE_ADV: return state_adv_known(v, f, to);
	case FRAME_BLOB_REQ: return blob_req_known(v, f, to);
	case FRAME_BLOB: return blob_part_known(v, f, to);
	}
	test_fail(__FILE__, __LINE__, "[%s] has a type that nobody knows: %02x", v->name, f->type);
}

TEST(every_known_frame_is_what_its_fields_make)
{
	struct vectors v = vectors_open("frames.txt");
	bool seen[256] = { false };
	size_t types = 0;

	while (vectors_next(&v)) {
		uint8_t bytes[ROOM], made[ROOM];
		size_t len = vector(&v, "frame", bytes, sizeof(bytes));
		struct frame f;

		ASSERT_EQ(frame_open(&f, bytes, len), FRAME_SPOKEN);
		ASSERT_EQ(known(&v, &f, made), len);
		ASSERT_MEM(made, bytes, len);
		types += !seen[f.type];
		seen[f.type] = true;
	}
	ASSERT_EQ(types, 21);
	vectors_close(&v);
}

TEST(every_known_frame_is_opened_with_its_padding)
{
	struct vectors v = vectors_open("frames.txt");

	while (vectors_next(&v)) {
		uint8_t bytes[ROOM + 16] = { 0 };
		size_t len = vector(&v, "frame", bytes, ROOM);
		struct frame f;

		ASSERT_EQ(frame_open(&f, bytes, (len + 15) / 16 * 16), FRAME_SPOKEN);
		ASSERT_EQ(f.len + FRAME_HEADER, len);
	}
	vectors_close(&v);
}

/* Opens and decodes, and keeps nothing: 0 or the negative code of whichever refused. */
static int
taken(uint8_t *p, size_t len)
{
	union {
		struct hello hello;
		struct close close;
		struct candidates candidates;
		struct reg_ack reg_ack;
		struct query query;
		struct reply reply;
		struct punch punch;
		struct ping ping;
		struct reason reason;
		struct aim aim;
		struct relay_open relay_open;
		struct state_adv state_adv;
		struct blob_req blob_req;
		struct blob_part blob_part;
	} u;
	struct frame f;
	int r = frame_open(&f, p, len);

	if (r < 0)
		return r;
	switch (f.type) {
	case FRAME_HELLO: return hello_decode(&u.hello, &f);
	case FRAME_CLOSE: return close_decode(&u.close, &f);
	case FRAME_REGISTER:
	case FRAME_CANDIDATES: return candidates_decode(&u.candidates, &f);
	case FRAME_REG_ACK: return reg_ack_decode(&u.reg_ack, &f);
	case FRAME_QUERY: return query_decode(&u.query, &f);
	case FRAME_REPLY: return reply_decode(&u.reply, &f);
	case FRAME_PUNCH: return punch_decode(&u.punch, &f);
	case FRAME_WHY: return reason_decode(&u.reason, &f);
	case FRAME_AIM: return aim_decode(&u.aim, &f);
	case FRAME_PING:
	case FRAME_PONG: return ping_decode(&u.ping, &f);
	case FRAME_RELAY_OPEN: return relay_open_decode(&u.relay_open, &f);
	case FRAME_STATE_ADV: return state_adv_decode(&u.state_adv, &f);
	case FRAME_BLOB_REQ: return blob_req_decode(&u.blob_req, &f);
	case FRAME_BLOB: return blob_part_decode(&u.blob_part, &f);
	}
	return 0;
}

TEST(every_frame_that_breaks_a_rule_is_refused)
{
	struct vectors v = vectors_open("frames-refused.txt");

	while (vectors_next(&v)) {
		uint8_t bytes[ROOM];
		size_t len = vector(&v, "frame", bytes, sizeof(bytes));

		if (taken(bytes, len) >= 0)
			test_fail(__FILE__, __LINE__, "[%s] was accepted", v.name);
	}
	vectors_close(&v);
}
