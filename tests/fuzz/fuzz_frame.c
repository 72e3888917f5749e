/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_frame.c - any plaintext inside a session: to the decoders, and to a lighthouse that has two
 * clients, both registered and with a circuit between them.
 *
 * An input is a row of packets: u8 whose and how long after the last one, u16 length, plaintext.
 * The lighthouse lives on from input to input, as lighthouses do, and begins anew now and then.
 */
#include "core/cert.h"
#include "core/circuit.h"
#include "core/crypto.h"
#include "core/wire_letter.h"
#include "core/wire_run.h"
#include "core/wire_study.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/guest.h"

#define WALL          (UINT64_C(1700000000) * USEC_PER_SEC)
#define INPUTS_A_LIFE 2000
#define LIFE          (3600 * USEC_PER_SEC)

static struct scene scene;
static struct rng_stream stream;
static unsigned inputs;

/* A host certificate, or a root if `root`, signed under the seed of one byte. */
static struct blob
certify(struct cert *c, uint8_t *to, size_t cap, bool root)
{
	static const uint8_t seed[32] = { 7 };
	int n;

	c->kind = root ? OBJECT_CA : OBJECT_HOST;
	c->serial++;
	c->not_before = WALL / USEC_PER_SEC - CERT_BACKDATE;
	c->not_after = c->not_before + 30 * 86400;
	c->address_count = 1;
	if (root) {
		crypto_ed25519_public(c->key, seed);
		crypto_dh_public(c->enrol_key, seed);
		c->max_lifetime = 365 * 86400;
		c->flags = CERT_FLAGS_ALL;
	}
	n = cert_sign(c, to, cap, seed, NULL);
	assert(n > 0);
	return (struct blob){ to, (uint16_t)n };
}

static struct blob
certify_host(uint8_t n, uint8_t secret[static 32], uint8_t *to)
{
	struct cert c = { .serial = n, .name = "host" };

	memset(secret, 1 + n, 32);
	crypto_dh_public(c.key, secret);
	c.name[4] = (char)('0' + n);
	c.flags = n == 0 ? CERT_LIGHTHOUSE | CERT_RELAY : 0;
	c.addresses[0] = (struct prefix){ { FAMILY_V4, { 10, 87, 0, n + 1 } }, 32 };
	return certify(&c, to, CERT_HOST_MAX, false);
}

static void
join(struct guest *g, const struct guest *other)
{
	uint8_t frame[FRAME_MAX];
	struct candidates c = { .seq = 1 };
	struct relay_open o = { .circuit = 1 };
	bool up = guest_connect(&scene, g);

	assert(up);
	(void)guest_say(&scene, g, frame,
	    candidates_encode(frame, sizeof(frame), FRAME_REGISTER, &c));
	memcpy(o.key, other->self.public, 32);
	(void)guest_say(&scene, g, frame,
	    relay_open_encode(frame, sizeof(frame), FRAME_RELAY_OPEN, &o));
}

static void
begin(void)
{
	static uint8_t root[CERT_CA_MAX], hosts[3][CERT_HOST_MAX];
	uint8_t secrets[3][32];
	struct cert ca = { .name = "root" };
	struct beacon_config c = { .authority_count = 1, .relay = true, .alt_port = true };
	struct err e;
	int r;

	scene_free(&scene);
	rng_stream_init(&stream, 1);
	scene.rng = rng_stream_source(&stream);
	scene.now = (struct instant){ .mono = USEC_PER_SEC, .wall = WALL };
	r = outbox_init(&scene.out, 1024, 1 << 20);
	assert(r == 0);
	ca.addresses[0] = (struct prefix){ { FAMILY_V4, { 10, 87 } }, 16 };
	c.authorities[0] = certify(&ca, root, sizeof(root), true);
	c.cert = certify_host(0, secrets[0], hosts[0]);
	memcpy(c.key, secrets[0], sizeof(c.key));
	crypto_dh_public(scene.lighthouse_key, c.key);
	r = beacon_new(&scene.beacon, &c, scene.rng, scene.now, &e);
	assert(r == 0);
	for (uint8_t n = 1; n < 3; n++)
		guest_new(&scene, n, secrets[n], certify_host(n, secrets[n], hosts[n]));
	join(scene.guests[0], scene.guests[1]);
	join(scene.guests[1], scene.guests[0]);
	inputs = 0;
}

/* Whatever is accepted is what the encoder would write, but for HELLO's unknown fields. */
static void
decode(const uint8_t *data, size_t size)
{
	static uint8_t copy[PACKET_MAX], again[FRAME_LONG_MAX];
	struct frame f;
	union {
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
		struct relay_open open;
		struct relay_end end;
		struct state_adv adv;
		struct blob_req req;
		struct blob_part part;
		struct study_says study_says;
		struct study_req study_req;
		struct study_part study_part;
		struct letter_part letter_part;
		struct letter_ack letter_ack;
		struct run_hello run_hello;
		struct run_mark run_mark;
		struct run_abort run_abort;
		struct run_row run_row;
	} u;
	size_t cap = sizeof(again), same;
	int n = -1;

	size = min_u64(size, sizeof(copy));
	memcpy(copy, data, size);
	if (frame_open(&f, copy, size) != FRAME_SPOKEN)
		return;
	same = FRAME_HEADER + f.len;
#define TRY(NAME, FIELD, ...)                                                                      \
	(NAME##_decode(&u.FIELD, &f) == 0 ? NAME##_encode(again, cap, __VA_ARGS__) : -1)
	switch (f.type) {
	case FRAME_HELLO:
		if (hello_decode(&u.hello, &f) == 0)
			(void)!hello_encode(again, cap, &u.hello);
		return;
	case FRAME_CLOSE: n = TRY(close, close, &u.close); break;
	case FRAME_ERROR: n = TRY(error, error, &u.error); break;
	case FRAME_REGISTER:
	case FRAME_CANDIDATES: n = TRY(candidates, candidates, f.type, &u.candidates); break;
	case FRAME_REG_ACK: n = TRY(reg_ack, reg_ack, &u.reg_ack); break;
	case FRAME_QUERY: n = TRY(query, query, &u.query); break;
	case FRAME_REPLY: n = TRY(reply, reply, &u.reply); break;
	case FRAME_PUNCH: n = TRY(punch, punch, &u.punch); break;
	case FRAME_WHY: n = TRY(reason, reason, &u.reason); break;
	case FRAME_AIM: n = TRY(aim, aim, &u.aim); break;
	case FRAME_PING:
	case FRAME_PONG:
		n = TRY(ping, ping, f.type, &u.ping, same);
		same = FRAME_HEADER + 50;
		break;
	case FRAME_RELAY_OPEN:
	case FRAME_RELAY_INCOMING: n = TRY(relay_open, open, f.type, &u.open); break;
	case FRAME_RELAY_OPENED:
	case FRAME_RELAY_CLOSE: n = TRY(relay_end, end, f.type, &u.end); break;
	case FRAME_STATE_ADV: n = TRY(state_adv, adv, &u.adv); break;
	case FRAME_BLOB_REQ: n = TRY(blob_req, req, &u.req); break;
	case FRAME_BLOB: n = TRY(blob_part, part, &u.part); break;
	case FRAME_STUDY: n = TRY(study_says, study_says, &u.study_says); break;
	case FRAME_STUDY_REQ: n = TRY(study_req, study_req, &u.study_req); break;
	case FRAME_STUDY_PART: n = TRY(study_part, study_part, &u.study_part); break;
	case FRAME_LETTER: n = TRY(letter_part, letter_part, &u.letter_part); break;
	case FRAME_LETTER_ACK: n = TRY(letter_ack, letter_ack, &u.letter_ack); break;
	case FRAME_RUN_HELLO: n = TRY(run_hello, run_hello, &u.run_hello); break;
	case FRAME_RUN_READY:
	case FRAME_RUN_GO:
	case FRAME_RUN_DONE: n = TRY(run_mark, run_mark, f.type, &u.run_mark); break;
	case FRAME_RUN_ABORT: n = TRY(run_abort, run_abort, &u.run_abort); break;
	case FRAME_RUN_ROW: n = TRY(run_row, run_row, &u.run_row); break;
	}
#undef TRY
	assert(n < 0 || (n == (int)(FRAME_HEADER + f.len) && memcmp(again, copy, same) == 0));
}

/* One packet of one client, some time after the last. */
static void
say(uint8_t how, const uint8_t *plain, size_t len)
{
	struct guest *g = scene.guests[how & 1];
	struct beacon_totals t;

	scene_run(&scene, (how >> 1 & 31) * (how >> 6) * 100 * USEC_PER_MS);
	if (!channel_ready(g->channel, scene.now))
		(void)guest_connect(&scene, g);
	g->via = how >> 6 == 3 ? SOCKET_ALT_V4 : SOCKET_V4;
	(void)guest_say(&scene, g, plain, (int)len);
	beacon_totals(scene.beacon, &t);
	assert(t.sessions <= 2 && t.registrations <= 2 && t.circuits <= 2 * CIRCUITS_OF_CLIENT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);

	if (scene.beacon == NULL || ++inputs > INPUTS_A_LIFE || scene.now.mono > LIFE)
		begin();
	while (r.left > 0 && !r.failed) {
		uint8_t how = rd_u8(&r);
		size_t len = min_u64(rd_u16(&r), r.left);
		const uint8_t *plain = rd_take(&r, len);

		if (plain == NULL || len > PACKET_MAX - 64)
			return 0;
		decode(plain, len);
		say(how, plain, len);
	}
	return 0;
}
