/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire.c - one table of shapes, one pair of functions for each layout.
 *
 * Encoders write what they are given: a value that has no encoding is a mistake of ours and caught
 * by an assertion. Decoders take bytes of strangers: what cannot be encoded is refused.
 */
#include "core/wire.h"
#include "core/bytes.h"
#include "core/text.h"

#include <string.h>

/*
 * Outer messages
 */

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
 * Reading fields whose values may be wrong: `bad` stays set, as rd.failed does.
 */

struct in {
	struct rd rd;
	bool bad;
};

static struct in
in_init(const uint8_t *p, size_t len)
{
	return (struct in){ .rd = rd_init(p, len) };
}

static void
in_demand(struct in *in, bool good)
{
	if (!good)
		in->bad = true;
}

static int
in_end(const struct in *in)
{
	if (in->bad && !in->rd.failed)
		return ERR_FORMAT;
	return rd_end(&in->rd);
}

static struct blob
in_blob(struct in *in, size_t len, size_t max)
{
	struct blob b = { .p = rd_take(&in->rd, len), .len = (uint16_t)len };

	in_demand(in, len <= max);
	if (len == 0 || b.p == NULL || len > max)
		return (struct blob){ 0 };
	return b;
}

/* A blob after its u16 length; empty is absent. */
static struct blob
in_counted(struct in *in, size_t max)
{
	size_t len = rd_u16(&in->rd);

	return in_blob(in, len, max);
}

static void
put_counted(struct wr *w, struct blob b)
{
	wr_u16(w, b.len);
	wr_bytes(w, b.p, b.len);
}

/*
 * TLVs: u8 tag, u16 length, value, tags ascending. What a tag means depends on where it stands.
 */

struct tlv {
	uint8_t tag;
	uint16_t len;
};

static struct tlv
in_tlv(struct in *in, uint8_t after)
{
	struct tlv t = { .tag = rd_u8(&in->rd) };

	t.len = rd_u16(&in->rd);
	in_demand(in, t.tag > after);
	return t;
}

static void
put_tlv(struct wr *w, uint8_t tag, struct blob b)
{
	if (b.len == 0)
		return;
	wr_u8(w, tag);
	put_counted(w, b);
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

/* Nothing but zeros, and less than a block of them. */
static bool
is_padding(struct rd *r, size_t block)
{
	size_t n = r->left;
	const uint8_t *p = rd_take(r, n);
	uint8_t any = 0;

	for (size_t i = 0; p != NULL && i < n; i++) /* NULL: the reader had failed before */
		any |= p[i];
	return n < block && any == 0;
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
	in_demand(&in, is_padding(&in.rd, PRESENT_BLOCK));
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

/*
 * The shapes of all control frames. A type with a name and no length is reserved.
 */

#define NAT_AND_LISTS (NAT_LEN + 1 + 1)
#define CONTACT_MIN   (2 + 2 + NAT_AND_LISTS)
#define CONTACT_MAX                                                                                \
	(CONTACT_MIN + WIRE_CERT_MAX + WIRE_CA_MAX + CONTACT_EPS * EP_LEN + CONTACT_RELAYS * 32)
#define CANDIDATES_MIN (4 + NAT_AND_LISTS)
#define CANDIDATES_MAX (CANDIDATES_MIN + WIRE_EPS_MAX * EP_LEN + WIRE_RELAYS_MAX * 32)
#define REG_ACK_MIN    (4 + EP_LEN + 2 + 8 + 1)
#define HELLO_MIN      75
#define REPLY_HEAD     (4 + 1 + INTRODUCTION_ID_LEN + 2)
#define PUNCH_HEAD     (INTRODUCTION_ID_LEN + 2)
#define QUERY_HEAD     (4 + 1 + 1)
#define REASON_MIN     (4 + 1 + 1 + 1 + 2 + 4 + EP_LEN + NAT_LEN + 1 + 1)
#define REASON_MAX     (REASON_MIN + REASON_NUMBERS_MAX * 9 + NAME_MAX_LEN)
#define AIM_LEN        (4 + 1 + 1 + 1 + 1 + 2 + EP_LEN)
#define BODY_MAX       (FRAME_MAX - FRAME_HEADER)
#define LONG_BODY_MAX  (FRAME_LONG_MAX - FRAME_HEADER)

static_assert(REPLY_HEAD + CONTACT_MAX <= BODY_MAX, "the largest REPLY fits a frame");
static_assert(PUNCH_HEAD + CONTACT_MAX <= BODY_MAX, "the largest PUNCH fits a frame");
static_assert(HELLO_MIN + 3 + WIRE_CERT_MAX + 3 + WIRE_CA_MAX + 3 + HELLO_VERSION_MAX <= BODY_MAX,
    "the largest HELLO fits a frame");

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
	[FRAME_STATE_ADV] = { .name = "STATE_ADV" },
	[FRAME_BLOB_REQ] = { .name = "BLOB_REQ" },
	[FRAME_BLOB] = { .name = "BLOB" },
	[FRAME_ENROL] = { .name = "ENROL" },
	[FRAME_ENROL_RESULT] = { .name = "ENROL_RESULT" },
	[FRAME_RENEW] = { .name = "RENEW" },
	[FRAME_RENEW_RESULT] = { .name = "RENEW_RESULT" },
	[FRAME_RUN_HELLO] = { .name = "RUN_HELLO" },
	[FRAME_RUN_READY] = { .name = "RUN_READY" },
	[FRAME_RUN_GO] = { .name = "RUN_GO" },
	[FRAME_RUN_ABORT] = { .name = "RUN_ABORT" },
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
	if (!is_padding(&r, 16))
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

static struct wr
frame_start(uint8_t *to, size_t cap, uint8_t type)
{
	struct wr w = wr_init(to, cap);

	wr_u8(&w, FRAME_MAGIC);
	wr_u8(&w, type);
	wr_u16(&w, 0);
	return w;
}

/* Fills in the length. The shape of what we send is ours to get right. */
static int
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

static struct in
frame_in(const struct frame *f)
{
	return in_init(f->body, f->len);
}

/*
 * Fields that several frames share
 */

static size_t
family_size(uint8_t family)
{
	return family == FAMILY_V4 ? 4 : family == FAMILY_V6 ? 16 : 0;
}

static void
put_ep(struct wr *w, const struct ep *e)
{
	wr_u8(w, e->kind);
	wr_u8(w, e->addr.family);
	wr_u16(w, e->addr.port);
	wr_bytes(w, e->addr.ip, sizeof(e->addr.ip));
}

/* Field by field: what lies between fields says nothing. */
static bool
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

static struct ep
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

static struct ep
in_ep(struct in *in)
{
	struct ep e = in_ep_or_none(in);

	in_demand(in, !ep_is_none(&e));
	return e;
}

static void
put_nat(struct wr *w, const struct nat *n)
{
	wr_u8(w, n->mapping);
	wr_u8(w, n->filtering);
	wr_u8(w, (uint8_t)n->step);
	wr_u8(w, n->flags);
	wr_u16(w, n->base_port);
	wr_u32(w, n->epoch);
}

static struct nat
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
	wr_u64(&w, h->state_version);
	wr_bytes(&w, h->state_hash, sizeof(h->state_hash));
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
	h.state_version = rd_u64(&in.rd);
	rd_bytes(&in.rd, h.state_hash, sizeof(h.state_hash));
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

/*
 * REGISTER, REG_ACK, QUERY, REPLY, PUNCH, CANDIDATES
 */

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
