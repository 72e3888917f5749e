/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every layout of core/wire: there and back, at its largest, one byte too short and too long.
 */
#include "core/bytes.h"
#include "core/outbox.h"
#include "core/wire.h"
#include "tests/unit/test.h"

#define ROUNDS 200

static uint8_t cert_bytes[WIRE_CERT_MAX];
static uint8_t ca_bytes[WIRE_CA_MAX];
static const char version_text[HELLO_VERSION_MAX + 1] =
    "mpynet 0.1.0 0123456789abcdef0123456789abcdef0123456789abcdef012";
static const char name_text[64] =
    "party-3.of_a.study0123456789012345678901234567890123456789012345";

/*
 * One message of any kind: the test makes it, encodes it, decodes it, encodes what came out.
 */
union any {
	struct hello hello;
	struct close close;
	struct error error;
	struct candidates candidates;
	struct reg_ack reg_ack;
	struct query query;
	struct reply reply;
	struct punch punch;
	struct ping ping;
	struct reason reason;
	struct aim aim;
	struct state_adv adv;
	struct blob_req req;
	struct blob_part part;
	struct relay_open relay_open;
	struct relay_end relay_end;
};

static struct blob
some_bytes(const void *p, size_t max, bool largest)
{
	size_t len = largest ? max : test_below(max) + 1;

	return (struct blob){ .p = p, .len = (uint16_t)len };
}

static struct blob
maybe_bytes(const void *p, size_t max, bool largest)
{
	if (!largest && test_below(3) == 0)
		return (struct blob){ 0 };
	return some_bytes(p, max, largest);
}

static struct ep
some_ep(void)
{
	struct ep e = { .kind = (uint8_t)(1 + test_below(4)) };

	e.addr.family = test_below(2) ? FAMILY_V4 : FAMILY_V6;
	e.addr.port = (uint16_t)(1 + test_below(65535));
	test_fill(e.addr.ip, e.addr.family == FAMILY_V4 ? 4 : 16);
	return e;
}

static struct eps
some_eps(uint8_t max, bool largest)
{
	struct eps l = { .n = (uint8_t)(largest ? max : test_below(max + 1)) };

	for (size_t i = 0; i < l.n; i++)
		l.ep[i] = some_ep();
	return l;
}

static struct relays
some_relays(uint8_t max, bool largest)
{
	struct relays l = { .n = (uint8_t)(largest ? max : test_below(max + 1)) };

	for (size_t i = 0; i < l.n; i++)
		test_fill(l.key[i], 32);
	return l;
}

static struct nat
some_nat(void)
{
	struct nat n = { .mapping = (uint8_t)test_rand(), .flags = (uint8_t)test_rand() };

	n.step = (int8_t)test_rand();
	n.base_port = (uint16_t)test_rand();
	n.epoch = (uint32_t)test_rand();
	return n;
}

static struct contact
some_contact(bool largest)
{
	return (struct contact){
		.cert = some_bytes(cert_bytes, WIRE_CERT_MAX, largest),
		.ca = maybe_bytes(ca_bytes, WIRE_CA_MAX, largest),
		.nat = some_nat(),
		.eps = some_eps(CONTACT_EPS, largest),
		.relays = some_relays(CONTACT_RELAYS, largest),
	};
}

static struct query
some_query(bool largest)
{
	struct query q = { .qid = (uint32_t)test_rand(), .flags = test_below(2) };

	q.by = largest ? QUERY_BY_NAME : (uint8_t)(1 + test_below(3));
	q.address.family = test_below(2) ? FAMILY_V4 : FAMILY_V6;
	test_fill(q.address.b, ip_size(q.address));
	test_fill(q.key, sizeof(q.key));
	q.name = (struct blob){ (const uint8_t *)name_text, largest ? 63 : 7 };
	return q;
}

static struct hello
some_hello(bool largest)
{
	struct hello h = { .proto_min = 1, .proto_max = (uint16_t)(1 + test_below(9)) };

	h.flags = test_below(2);
	h.caps = (uint32_t)test_rand();
	h.state.version = test_rand();
	test_fill(h.state.hash, sizeof(h.state.hash));
	h.unix_time = test_rand();
	h.max_inner = 1420;
	test_fill(h.fingerprint, sizeof(h.fingerprint));
	h.cert = maybe_bytes(cert_bytes, WIRE_CERT_MAX, largest);
	if (h.cert.len > 0)
		h.ca = maybe_bytes(ca_bytes, WIRE_CA_MAX, largest);
	h.version = maybe_bytes(version_text, HELLO_VERSION_MAX, largest);
	return h;
}

static struct ping
some_ping(enum frame_type type)
{
	struct ping p = { .txid = test_rand(), .path = (uint32_t)test_rand() };

	p.time_us = test_rand();
	if (test_below(2))
		p.observed = some_ep();
	p.highest = test_rand();
	if (type == FRAME_PING) {
		p.flags = test_below(2);
		p.delay_s = (uint8_t)test_rand();
	}
	return p;
}

static struct reason
some_reason(bool largest)
{
	struct reason r = { .ref = (uint32_t)test_rand(), .flags = (uint8_t)test_below(2) };

	r.path = (uint8_t)test_below(5);
	r.loss_percent = (uint8_t)test_below(101);
	r.code = (uint16_t)test_rand();
	r.rtt_us = (uint32_t)test_rand();
	if (test_below(2))
		r.at = some_ep();
	r.nat = some_nat();
	r.n = (uint8_t)(largest ? REASON_NUMBERS_MAX : test_below(REASON_NUMBERS_MAX + 1));
	for (size_t i = 0; i < r.n; i++) {
		r.numbers[i].fact = (uint8_t)test_rand();
		r.numbers[i].value = test_rand();
	}
	if (largest || test_below(2))
		r.via = (struct blob){ (const uint8_t *)name_text, largest ? 63 : 7 };
	return r;
}

static struct aim
some_aim(void)
{
	struct aim a = { .attempt = (uint32_t)test_rand(), .step = (uint8_t)(1 + test_below(3)) };

	a.technique = (uint8_t)(1 + test_below(4));
	a.stride = (int8_t)test_rand();
	if (a.step == AIM_REFUSED) {
		a.code = (uint8_t)(1 + test_below(255));
	} else {
		a.ports = (uint16_t)(1 + test_below(AIM_PORTS_MAX));
		a.at = some_ep();
	}
	return a;
}

static struct state_id
some_state(void)
{
	struct state_id id = { .version = test_rand() | 1 };

	test_fill(id.hash, sizeof(id.hash));
	return id;
}

static struct blob_part
some_part(bool largest)
{
	static uint8_t bytes[BLOB_CHUNK_MAX];
	struct blob_part b = { .id = some_state(), .bytes = { .p = bytes } };

	b.bytes.len = (uint16_t)(largest ? BLOB_CHUNK_MAX : 1 + test_below(BLOB_CHUNK_MAX));
	b.size = b.bytes.len + (uint32_t)test_below(BLOB_SIZE_MAX + 1 - b.bytes.len);
	b.offset = (uint32_t)test_below(b.size - b.bytes.len + 1);
	return b;
}

/* Fills `ret` with a message of `type`: a random one, or the largest that is legal. */
static void
make(union any *ret, enum frame_type type, bool largest)
{
	memset(ret, 0, sizeof(*ret));
	switch (type) {
	case FRAME_HELLO: ret->hello = some_hello(largest); break;
	case FRAME_CLOSE: ret->close.reason = (uint8_t)test_rand(); break;
	case FRAME_ERROR:
		ret->error = (struct error){ (uint16_t)test_rand(), (uint8_t)test_rand(), 77 };
		break;
	case FRAME_REGISTER:
	case FRAME_CANDIDATES:
		ret->candidates = (struct candidates){
			.seq = (uint32_t)test_rand(),
			.nat = some_nat(),
			.eps = some_eps(WIRE_EPS_MAX, largest),
			.relays = some_relays(WIRE_RELAYS_MAX, largest),
		};
		break;
	case FRAME_REG_ACK:
		ret->reg_ack = (struct reg_ack){ 5, some_ep(), 60, test_rand(),
			some_relays(WIRE_RELAYS_MAX, largest) };
		break;
	case FRAME_QUERY: ret->query = some_query(largest); break;
	case FRAME_REPLY:
		ret->reply.qid = (uint32_t)test_rand();
		ret->reply.status = largest || test_below(3) ? REPLY_FOUND : REPLY_UNKNOWN;
		if (ret->reply.status == REPLY_FOUND) {
			test_fill(ret->reply.introduction, INTRODUCTION_ID_LEN);
			ret->reply.delay_ms = (uint16_t)test_rand();
			ret->reply.contact = some_contact(largest);
		}
		break;
	case FRAME_PUNCH:
		test_fill(ret->punch.introduction, INTRODUCTION_ID_LEN);
		ret->punch.delay_ms = (uint16_t)test_rand();
		ret->punch.contact = some_contact(largest);
		break;
	case FRAME_WHY: ret->reason = some_reason(largest); break;
	case FRAME_AIM: ret->aim = some_aim(); break;
	case FRAME_STATE_ADV:
		if (largest || test_below(2))
			ret->adv = (struct state_adv){ some_state(), BLOB_SIZE_MAX };
		break;
	case FRAME_BLOB_REQ:
		ret->req.len = (uint16_t)(1 + test_below(BLOB_WINDOW_MAX));
		if (!largest && test_below(2))
			break;
		ret->req.id = some_state();
		ret->req.offset = (uint32_t)test_below(BLOB_SIZE_MAX);
		break;
	case FRAME_BLOB: ret->part = some_part(largest); break;
	case FRAME_PING:
	case FRAME_PONG: ret->ping = some_ping(type); break;
	case FRAME_RELAY_OPEN:
	case FRAME_RELAY_INCOMING:
		ret->relay_open.circuit = (uint32_t)test_rand() & ~CIRCUIT_BY_RELAY;
		if (type == FRAME_RELAY_INCOMING)
			ret->relay_open.circuit |= CIRCUIT_BY_RELAY;
		test_fill(ret->relay_open.key, 32);
		break;
	default: ret->relay_end = (struct relay_end){ (uint32_t)test_rand(), 3 };
	}
}

static int
encode(uint8_t *to, size_t cap, enum frame_type type, const union any *a)
{
	switch (type) {
	case FRAME_HELLO: return hello_encode(to, cap, &a->hello);
	case FRAME_CLOSE: return close_encode(to, cap, &a->close);
	case FRAME_ERROR: return error_encode(to, cap, &a->error);
	case FRAME_REGISTER:
	case FRAME_CANDIDATES: return candidates_encode(to, cap, type, &a->candidates);
	case FRAME_REG_ACK: return reg_ack_encode(to, cap, &a->reg_ack);
	case FRAME_QUERY: return query_encode(to, cap, &a->query);
	case FRAME_REPLY: return reply_encode(to, cap, &a->reply);
	case FRAME_PUNCH: return punch_encode(to, cap, &a->punch);
	case FRAME_WHY: return reason_encode(to, cap, &a->reason);
	case FRAME_AIM: return aim_encode(to, cap, &a->aim);
	case FRAME_STATE_ADV: return state_adv_encode(to, cap, &a->adv);
	case FRAME_BLOB_REQ: return blob_req_encode(to, cap, &a->req);
	case FRAME_BLOB: return blob_part_encode(to, cap, &a->part);
	case FRAME_PING:
	case FRAME_PONG: return ping_encode(to, cap, type, &a->ping, PING_LEN);
	case FRAME_RELAY_OPEN:
	case FRAME_RELAY_INCOMING: return relay_open_encode(to, cap, type, &a->relay_open);
	default: return relay_end_encode(to, cap, type, &a->relay_end);
	}
}

static int
decode(union any *ret, const struct frame *f)
{
	switch (f->type) {
	case FRAME_HELLO: return hello_decode(&ret->hello, f);
	case FRAME_CLOSE: return close_decode(&ret->close, f);
	case FRAME_ERROR: return error_decode(&ret->error, f);
	case FRAME_REGISTER:
	case FRAME_CANDIDATES: return candidates_decode(&ret->candidates, f);
	case FRAME_REG_ACK: return reg_ack_decode(&ret->reg_ack, f);
	case FRAME_QUERY: return query_decode(&ret->query, f);
	case FRAME_REPLY: return reply_decode(&ret->reply, f);
	case FRAME_PUNCH: return punch_decode(&ret->punch, f);
	case FRAME_WHY: return reason_decode(&ret->reason, f);
	case FRAME_AIM: return aim_decode(&ret->aim, f);
	case FRAME_STATE_ADV: return state_adv_decode(&ret->adv, f);
	case FRAME_BLOB_REQ: return blob_req_decode(&ret->req, f);
	case FRAME_BLOB: return blob_part_decode(&ret->part, f);
	case FRAME_PING:
	case FRAME_PONG: return ping_decode(&ret->ping, f);
	case FRAME_RELAY_OPEN:
	case FRAME_RELAY_INCOMING: return relay_open_decode(&ret->relay_open, f);
	default: return relay_end_decode(&ret->relay_end, f);
	}
}

static const enum frame_type types[] = {
	FRAME_HELLO,
	FRAME_CLOSE,
	FRAME_ERROR,
	FRAME_REGISTER,
	FRAME_REG_ACK,
	FRAME_QUERY,
	FRAME_REPLY,
	FRAME_PUNCH,
	FRAME_CANDIDATES,
	FRAME_WHY,
	FRAME_AIM,
	FRAME_STATE_ADV,
	FRAME_BLOB_REQ,
	FRAME_BLOB,
	FRAME_PING,
	FRAME_PONG,
	FRAME_RELAY_OPEN,
	FRAME_RELAY_OPENED,
	FRAME_RELAY_INCOMING,
	FRAME_RELAY_CLOSE,
};

/* Encodes, opens, decodes and encodes again; the bytes must be the same. */
static int
there_and_back(enum frame_type type, const union any *a)
{
	uint8_t once[FRAME_MAX], twice[FRAME_MAX];
	union any b;
	struct frame f;
	int len = encode(once, sizeof(once), type, a);

	ASSERT(len >= FRAME_HEADER && len <= FRAME_MAX);
	ASSERT_EQ(frame_open(&f, once, (size_t)len), FRAME_SPOKEN);
	ASSERT_EQ(f.type, type);
	ASSERT_EQ(f.len, len - FRAME_HEADER);
	ASSERT_EQ(decode(&b, &f), 0);
	ASSERT_EQ(encode(twice, sizeof(twice), type, &b), len);
	ASSERT_MEM(once, twice, (size_t)len);
	return len;
}

TEST(every_frame_goes_there_and_back)
{
	union any a;

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		for (int n = 0; n < ROUNDS; n++) {
			make(&a, types[i], false);
			there_and_back(types[i], &a);
		}
}

TEST(the_largest_legal_instance_of_every_frame_fits)
{
	static const int largest[] = { [FRAME_HELLO] = 1072,
		[FRAME_REGISTER] = 468,
		[FRAME_QUERY] = 73,
		[FRAME_REPLY] = 1179,
		[FRAME_PUNCH] = 1174,
		[FRAME_CANDIDATES] = 468,
		[FRAME_WHY] = 184,
		[FRAME_AIM] = 34,
		[FRAME_PING] = 64,
		[FRAME_PONG] = 64 };
	union any a;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		enum frame_type t = types[i];
		int len;

		make(&a, t, true);
		len = there_and_back(t, &a);
		if (t < ARRAY_LEN(largest) && largest[t] != 0)
			ASSERT_EQ(len, largest[t]);
	}
}

TEST(an_encoder_that_has_too_little_room_says_so_and_writes_nothing_beyond)
{
	uint8_t to[FRAME_MAX + 1];
	union any a;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		int len;

		make(&a, types[i], true);
		len = encode(to, FRAME_MAX, types[i], &a);
		for (size_t cap = 0; cap < (size_t)len; cap++) {
			to[cap] = 0xa5;
			ASSERT_EQ(encode(to, cap, types[i], &a), ERR_FULL);
			ASSERT_EQ(to[cap], 0xa5);
		}
	}
}

/* Sets the body's length and gives the verdict of gate and decoder together. */
static int
judge(uint8_t *p, size_t body)
{
	struct frame f;
	union any b;
	int r;

	p[2] = (uint8_t)body;
	p[3] = (uint8_t)(body >> 8);
	r = frame_open(&f, p, body + FRAME_HEADER);
	return r < 0 ? r : decode(&b, &f);
}

TEST(a_frame_cut_or_lengthened_anywhere_is_refused)
{
	uint8_t p[FRAME_MAX + 64] = { 0 };
	union any a;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		enum frame_type t = types[i];
		size_t len;

		if (t == FRAME_HELLO || t == FRAME_QUERY || t == FRAME_PING || t == FRAME_BLOB)
			continue; /* of a length that tells something: tested by themselves */
		make(&a, t, true);
		memset(p, 0, sizeof(p));
		len = (size_t)encode(p, FRAME_MAX, t, &a) - FRAME_HEADER;
		for (size_t body = 0; body < len; body++)
			ASSERT(judge(p, body) < 0);
		ASSERT_EQ(judge(p, len), 0);
		ASSERT(judge(p, len + 1) < 0);
	}
}

TEST(what_a_decoder_accepts_is_what_its_encoder_writes)
{
	uint8_t p[FRAME_MAX], again[FRAME_MAX];
	int accepted = 0;

	for (int n = 0; n < 200000; n++) {
		enum frame_type t = types[test_below(ARRAY_LEN(types))];
		struct frame f;
		union any a;
		int len;

		make(&a, t, false);
		len = encode(p, sizeof(p), t, &a);
		for (uint64_t k = test_below(4); k-- > 0;)
			p[FRAME_HEADER + test_below((uint64_t)len - FRAME_HEADER)] =
			    (uint8_t)test_rand();
		if (frame_open(&f, p, (size_t)len) != FRAME_SPOKEN || decode(&a, &f) < 0)
			continue;
		accepted++;
		if (t == FRAME_HELLO)
			continue; /* unknown TLVs are dropped on the way */
		ASSERT_EQ(encode(again, sizeof(again), t, &a), len);
		ASSERT_MEM(p, again, (size_t)(t == FRAME_PING || t == FRAME_PONG ? 54 : len));
	}
	ASSERT(accepted > 1000);
}

TEST(up_to_fifteen_zeros_after_a_frame_are_padding)
{
	uint8_t p[64] = { 0 };
	struct frame f;
	int len = close_encode(p, sizeof(p), &(struct close){ CLOSE_STOP });

	for (size_t pad = 0; pad < 16; pad++)
		ASSERT_EQ(frame_open(&f, p, (size_t)len + pad), FRAME_SPOKEN);
	ASSERT_EQ(frame_open(&f, p, (size_t)len + 16), ERR_EXCESS);
	p[len + 3] = 1;
	ASSERT_EQ(frame_open(&f, p, (size_t)len + 3), FRAME_SPOKEN);
	ASSERT_EQ(frame_open(&f, p, (size_t)len + 4), ERR_EXCESS);
}

static int
verdict_of(uint8_t magic, uint8_t type, size_t len)
{
	uint8_t p[64] = { magic, type, (uint8_t)(len - FRAME_HEADER) };
	struct frame f;

	return frame_open(&f, p, len);
}

TEST(every_type_has_one_verdict)
{
	static const uint8_t reserved[] = { 0x5e, 0x5f };
	int want[256];

	for (int t = 0; t < 256; t++)
		want[t] = t < 0x80 ? FRAME_IGNORED : FRAME_UNKNOWN;
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
		want[reserved[i]] = FRAME_RESERVED;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		want[types[i]] = -1;
	want[FRAME_RELAY_DATA] = -1;
	for (int t = FRAME_ENROL; t <= FRAME_TOKEN_ACK; t++)
		want[t] = -1; /* test_enrol_frames.c */
	for (int t = FRAME_RUN_HELLO; t <= FRAME_RUN_ROW; t++)
		want[t] = -1; /* test_run_frames.c */
	for (int t = FRAME_STUDY; t <= FRAME_STUDY_PART; t++)
		want[t] = -1; /* test_study_frames.c */
	for (int t = FRAME_LETTER; t <= FRAME_LETTER_ACK; t++)
		want[t] = -1; /* test_letter.c */
	for (int t = 0; t < 256; t++) {
		if (want[t] >= 0)
			ASSERT_EQ(verdict_of(FRAME_MAGIC, (uint8_t)t, 4), want[t]);
		if (want[t] != -1 && want[t] != FRAME_RESERVED)
			ASSERT_STR(frame_name((uint8_t)t), "frame");
		else
			ASSERT(strcmp(frame_name((uint8_t)t), "frame") != 0);
		ASSERT_EQ(verdict_of(0xc0, (uint8_t)t, 4), ERR_VERSION);
	}
	ASSERT_EQ(verdict_of(FRAME_MAGIC, FRAME_CLOSE, 3), ERR_SHORT);
}

TEST(a_hello_passes_over_fields_that_it_does_not_know)
{
	uint8_t p[FRAME_MAX] = { 0 };
	struct hello h = some_hello(true), got;
	struct frame f;
	int len;

	h.version.len = 3;
	len = hello_encode(p, sizeof(p), &h);
	memcpy(p + len, (uint8_t[]){ 9, 2, 0, 0xaa, 0xbb }, 5);
	ASSERT_EQ(judge(p, (size_t)len + 5 - FRAME_HEADER), 0);
	ASSERT_EQ(frame_open(&f, p, (size_t)len + 5), FRAME_SPOKEN);
	ASSERT_EQ(hello_decode(&got, &f), 0);
	ASSERT_EQ(got.version.len, 3);
	p[len] = 3; /* a tag twice */
	ASSERT_EQ(judge(p, (size_t)len + 5 - FRAME_HEADER), ERR_FORMAT);
	p[len] = 9;
	p[len + 1] = 3; /* longer than what is there */
	ASSERT_EQ(judge(p, (size_t)len + 5 - FRAME_HEADER), ERR_SHORT);
}

TEST(a_query_of_every_length_is_what_its_kind_says)
{
	uint8_t p[FRAME_MAX];

	for (size_t n = 1; n <= 64; n++) {
		memset(p, 'a', sizeof(p));
		p[0] = FRAME_MAGIC;
		p[1] = FRAME_QUERY;
		p[9] = 0;
		p[8] = QUERY_BY_ADDRESS;
		ASSERT_EQ(judge(p, 6 + n) == 0, n == 4 || n == 16);
		p[8] = QUERY_BY_KEY;
		ASSERT_EQ(judge(p, 6 + n) == 0, n == 32);
		p[8] = QUERY_BY_NAME;
		ASSERT_EQ(judge(p, 6 + n) == 0, n <= 63);
		p[8] = 4;
		ASSERT(judge(p, 6 + n) < 0);
	}
	p[8] = QUERY_BY_NAME;
	p[12] = 'A';
	ASSERT_EQ(judge(p, 6 + 9), ERR_FORMAT);
}

TEST(a_ping_may_fill_the_path_and_a_pong_may_not)
{
	uint8_t p[FRAME_LONG_MAX + 16];
	struct ping ping = some_ping(FRAME_PONG), got;
	struct frame f;

	for (size_t len = PING_LEN; len <= FRAME_LONG_MAX; len += 11) {
		ASSERT_EQ(ping_encode(p, sizeof(p), FRAME_PING, &ping, len), (int)len);
		ASSERT_EQ(frame_open(&f, p, len), FRAME_SPOKEN);
		ASSERT_EQ(ping_decode(&got, &f), 0);
		ASSERT_EQ(got.txid, ping.txid);
	}
	ASSERT_EQ(ping_encode(p, 100, FRAME_PING, &ping, 101), ERR_FULL);
	p[1] = FRAME_PONG;
	ASSERT_EQ(judge(p, 200), ERR_EXCESS);
}

TEST(an_endpoint_of_the_wrong_form_is_refused)
{
	static const struct {
		size_t at;
		uint8_t byte;
	} wrong[] = { { 0, 0 }, { 0, 5 }, { 1, 0 }, { 1, 5 }, { 8, 1 }, { 19, 1 } };
	uint8_t good[FRAME_MAX], p[FRAME_MAX];
	struct reg_ack a = { .seq = 1, .observed = { EP_HOST, { .family = FAMILY_V4 } } };
	int len;

	a.observed.addr.port = 256;
	len = reg_ack_encode(good, sizeof(good), &a);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		memcpy(p, good, (size_t)len);
		p[FRAME_HEADER + 4 + wrong[i].at] = wrong[i].byte;
		ASSERT_EQ(judge(p, (size_t)len - FRAME_HEADER), ERR_FORMAT);
	}
	memcpy(p, good, (size_t)len);
	p[FRAME_HEADER + 4 + 3] = 0; /* port 0 */
	ASSERT_EQ(judge(p, (size_t)len - FRAME_HEADER), ERR_FORMAT);
}

TEST(a_circuit_number_says_who_picked_it)
{
	uint8_t p[FRAME_MAX];
	struct relay_open o = { .circuit = 7 };
	int len = relay_open_encode(p, sizeof(p), FRAME_RELAY_INCOMING, &o);

	ASSERT_EQ(judge(p, (size_t)len - FRAME_HEADER), ERR_FORMAT);
	o.circuit |= CIRCUIT_BY_RELAY;
	ASSERT_EQ(relay_open_encode(p, sizeof(p), FRAME_RELAY_OPEN, &o), len);
	ASSERT_EQ(judge(p, (size_t)len - FRAME_HEADER), ERR_FORMAT);
}

TEST(a_relayed_datagram_is_wrapped_and_found_where_it_lies)
{
	uint8_t buf[PACKET_HEADROOM + 1500 + PACKET_TAILROOM];
	uint8_t *datagram = buf + PACKET_HEADROOM;
	struct relay_data d;
	struct frame f;

	for (size_t len = OPEN_LEN; len <= 1500; len += 7) {
		uint8_t *frame = relay_data_wrap(datagram, len, 0x80000003);

		ASSERT(frame == datagram - RELAY_DATA_HEADER);
		ASSERT_EQ(frame_open(&f, frame, RELAY_DATA_HEADER + len), FRAME_SPOKEN);
		ASSERT_EQ(f.type, FRAME_RELAY_DATA);
		ASSERT_EQ(relay_data_decode(&d, &f), 0);
		ASSERT(d.datagram == datagram);
		ASSERT_EQ(d.len, len);
		ASSERT_EQ(d.circuit, 0x80000003);
	}
}

TEST(a_presentation_goes_there_and_back_at_every_size)
{
	uint8_t once[PRESENT_PLAIN_MAX], twice[PRESENT_PLAIN_MAX];
	struct presentation p = { .caps = 5, .state_version = 9 }, got;

	memset(cert_bytes, 1, sizeof(cert_bytes));
	memset(ca_bytes, 2, sizeof(ca_bytes));
	for (uint16_t n = 1; n <= WIRE_CERT_MAX; n++) {
		int len;

		p.cert = (struct blob){ cert_bytes, n };
		p.ca = n % 2 ? (struct blob){ 0 }
		             : (struct blob){ ca_bytes, (uint16_t)min_u64(n, WIRE_CA_MAX) };
		test_fill(p.peer_prefix, sizeof(p.peer_prefix));
		len = presentation_encode(once, sizeof(once), &p);
		ASSERT(len > 0 && len % PRESENT_BLOCK == 0);
		ASSERT_EQ(presentation_decode(&got, once, (size_t)len), 0);
		ASSERT_EQ(presentation_encode(twice, sizeof(twice), &got), len);
		ASSERT_MEM(once, twice, (size_t)len);
	}
	ASSERT_EQ(presentation_encode(once, sizeof(once), &p), PRESENT_PLAIN_MAX);
}

TEST(a_presentation_may_not_end_within_a_field)
{
	uint8_t plain[2 * PRESENT_BLOCK] = { PRESENTATION_VERSION };
	struct presentation got;

	plain[24] = 1; /* a certificate of more bytes than follow */
	plain[25] = sizeof(plain) - 26;
	ASSERT_EQ(presentation_decode(&got, plain, sizeof(plain)), ERR_SHORT);
}

TEST(a_presentation_has_certificates_or_a_token)
{
	uint8_t plain[PRESENT_PLAIN_MAX];
	struct blob cert = { cert_bytes, 100 }, token = { ca_bytes, 8 };
	struct presentation p = { .cert = cert }, got;

	memset(cert_bytes, 1, sizeof(cert_bytes));
	ASSERT_EQ(
	    presentation_decode(&got, plain, (size_t)presentation_encode(plain, sizeof(plain), &p)),
	    0);
	p.token = token;
	ASSERT_EQ(presentation_encode(plain, sizeof(plain), &p), 192);
	ASSERT_EQ(presentation_decode(&got, plain, 192), ERR_FORMAT);
	p.flags = PRESENTATION_ENROL;
	ASSERT_EQ(presentation_encode(plain, sizeof(plain), &p), 192);
	ASSERT_EQ(presentation_decode(&got, plain, 192), ERR_FORMAT);
	p.cert = (struct blob){ 0 };
	ASSERT_EQ(presentation_encode(plain, sizeof(plain), &p), 64);
	ASSERT_EQ(presentation_decode(&got, plain, 64), 0);
	plain[63] = 1; /* padding that says something */
	ASSERT_EQ(presentation_decode(&got, plain, 64), ERR_FORMAT);
	plain[63] = 0;
	plain[0] = 2;
	ASSERT_EQ(presentation_decode(&got, plain, 64), ERR_VERSION);
	plain[0] = 1;
	plain[2] = 1;
	ASSERT_EQ(presentation_decode(&got, plain, 64), ERR_FORMAT);
	plain[2] = 0;
	ASSERT_EQ(presentation_decode(&got, plain, 63), ERR_FORMAT);
	memset(plain + 64, 0, 64); /* a block too many */
	ASSERT_EQ(presentation_decode(&got, plain, 128), ERR_FORMAT);
}

TEST(the_outer_gate_lets_in_types_with_their_lengths_and_nothing_else)
{
	static const struct {
		uint32_t type;
		size_t len;
	} fixed[] = { { 1, 148 }, { 2, 92 }, { 3, 64 }, { 0x52, 32 } };
	uint8_t p[2048] = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
		memset(p, 0, sizeof(p));
		put_le32(p, fixed[i].type);
		for (size_t len = 0; len < 300; len++)
			ASSERT_EQ(outer_check(p, len) > 0, len == fixed[i].len);
	}
	for (uint32_t type = 0; type < 256; type++) {
		memset(p, 0, sizeof(p));
		put_le32(p, type);
		if (type != 1 && type != 2 && type != 3 && type != 4 && type != 0x50 &&
		    type != 0x51 && type != 0x52 && type != 0x53)
			ASSERT_EQ(outer_check(p, 148), ERR_VERSION);
	}
	for (size_t len = 0; len < 2048; len++) {
		put_le32(p, 0x51);
		ASSERT_EQ(outer_check(p, len) > 0, len >= 32);
		put_le32(p, 4);
		ASSERT_EQ(outer_check(p, len) > 0, len >= 32);
	}
	p[3] = 1; /* WireGuard's reserved bytes */
	ASSERT_EQ(outer_check(p, 148), ERR_VERSION);
}

TEST(the_outer_gate_bounds_an_announcement)
{
	uint8_t p[2048] = { 0 };

	put_le32(p, OUTER_HERE);
	for (size_t len = 4; len < sizeof(p); len++)
		ASSERT_EQ(outer_check(p, len) == OUTER_HERE, len >= 55 && len <= 974);
}

TEST(the_outer_gate_reads_the_lengths_of_a_present)
{
	uint8_t p[2048] = { 0 };

	put_le32(p, OUTER_PRESENT);
	put_le32(p + PRESENT_INITIATION, OUTER_INITIATION);
	for (size_t len = 12; len < 1400; len++) {
		size_t sealed = len - 156;

		p[4] = (uint8_t)sealed;
		p[5] = (uint8_t)(sealed >> 8);
		ASSERT_EQ(outer_check(p, len) == OUTER_PRESENT,
		    len >= 236 && len <= 1132 && (len - 172) % 64 == 0);
		p[4] ^= 64; /* the field does not say the size */
		ASSERT(outer_check(p, len) < 0);
	}
	p[4] = 80;
	p[5] = 0;
	ASSERT_EQ(outer_check(p, 236), OUTER_PRESENT);
	p[6] = 1;
	ASSERT_EQ(outer_check(p, 236), ERR_FORMAT);
	p[6] = 0;
	p[8] = 2;
	ASSERT_EQ(outer_check(p, 236), ERR_FORMAT);
}
