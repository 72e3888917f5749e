/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_outer.c - outer messages, through door, noise, session and channel.
 *
 * The first byte of an input says how deep it goes, because no fuzzer finds a key: raw, with a
 * right mac1, as the plaintext of a presentation whose handshake is right, as the payload of a
 * session, or as an answer to a handshake under way. Keys, clock and chance are always the same.
 */
#include "tests/fuzz/fuzz.h"

#include "core/bytes.h"
#include "core/channel.h"
#include "core/door.h"
#include "core/members.h"
#include "core/outbox.h"
#include "core/trust.h"

#include <stdlib.h>
#include <string.h>

#define NOW  UINT64_C(1700000000) /* Unix seconds */
#define MONO (1000 * USEC_PER_SEC)

enum depth {
	DEPTH_RAW,
	DEPTH_MAC1,
	DEPTH_PRESENTATION,
	DEPTH_SESSION,
	DEPTH_ANSWER,
	DEPTH_COUNT,
};

static struct {
	struct rng_stream stream;
	struct rng rng;
	struct noise_identity here, caller;
	struct noise_remote to_here;
	struct trust *trust;
	struct outbox out;
	struct instant now;
	struct source from;
	struct noise handshake; /* of the caller, after msg1 */
	uint8_t msg1[INITIATION_LEN];
	struct noise_keys ours, theirs;
	uint8_t buf[PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM];
} fuzz;

/* A root that permits everything, always the same. */
static void
make_trust(void)
{
	static const uint8_t seed[32] = { 1 }, enrol[32] = { 2 };
	struct cert c = {
		.kind = OBJECT_CA,
		.network = { 3 },
		.serial = 1,
		.not_before = NOW - 1000,
		.not_after = NOW + 1000000,
		.name = "root",
		.flags = CERT_FLAGS_ALL,
		.max_lifetime = 1000000,
		.path_length = 1,
	};
	uint8_t bytes[CERT_CA_MAX];
	int len;

	crypto_ed25519_public(c.key, seed);
	crypto_dh_public(c.enrol_key, enrol);
	if (prefix_parse(&c.addresses[c.address_count++], "10.87.0.0/16") < 0)
		abort();
	len = cert_sign(&c, bytes, sizeof(bytes), seed, NULL);
	fuzz.trust = trust_new(&fuzz.rng);
	if (len < 0 || fuzz.trust == NULL ||
	    trust_add(fuzz.trust, bytes, (size_t)len, NOW * USEC_PER_SEC, NULL) < 0)
		abort();
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const uint8_t here[32] = { 0, 4 }, caller[32] = { 0, 5 }, ephemeral[32] = { 0, 6 };
	uint8_t timestamp[NOISE_TIMESTAMP];
	struct noise_clock clock;
	struct addr at;

	(void)argc;
	(void)argv;
	rng_stream_init(&fuzz.stream, 7);
	fuzz.rng = rng_stream_source(&fuzz.stream);
	fuzz.now = (struct instant){ .mono = MONO, .wall = NOW * USEC_PER_SEC };
	make_trust();
	noise_clock_init(&clock, 0);
	noise_clock_next(&clock, timestamp, fuzz.now.wall);
	if (noise_identity_init(&fuzz.here, here) < 0 ||
	    noise_identity_init(&fuzz.caller, caller) < 0 ||
	    noise_remote_init(&fuzz.to_here, &fuzz.caller, fuzz.here.public) < 0 ||
	    noise_initiate(fuzz.msg1, &fuzz.handshake, &fuzz.caller, &fuzz.to_here, 1, timestamp,
		ephemeral, NULL) < 0 ||
	    outbox_init(&fuzz.out, 64, 1 << 16) < 0 || addr_parse(&at, "192.0.2.1:1", 0) < 0)
		abort();
	fuzz.from = source_direct(&at);
	fuzz.ours = (struct noise_keys){ .send = { 8 }, .receive = { 9 }, .local_index = 1,
		.remote_index = 2, .initiator = true };
	fuzz.theirs = (struct noise_keys){ .send = { 9 }, .receive = { 8 }, .local_index = 2,
		.remote_index = 1 };
	return 0;
}

/* One knock at a door of its own. */
static enum door_count
knock(const uint8_t *msg, size_t len)
{
	struct members *members = members_new(&fuzz.rng, 4);
	struct door *door = members == NULL ? NULL :
		door_new(&fuzz.here, fuzz.trust, members, &fuzz.rng, 100, 4);
	struct knock k;

	if (door == NULL)
		abort();
	outbox_reset(&fuzz.out);
	door_knock(door, fuzz.now, &fuzz.from, msg, len, &fuzz.out, &k);
	assert(door_counter(door, k.what) == 1);
	if (k.what == DOOR_ADMITTED)
		assert(memcmp(k.visitor.member->key, fuzz.caller.public, 32) == 0);
	else
		assert(members_count(members) == 0 && crypto_is_zero(&k.visitor.handshake,
		    sizeof(k.visitor.handshake)));
	door_free(door);
	members_free(members);
	return k.what;
}

static void
knock_raw(const uint8_t *data, size_t size)
{
	int type = outer_check(data, size);
	enum door_count what = knock(data, size);

	assert((type == OUTER_INITIATION || type == OUTER_PRESENT) == (what != DOOR_MALFORMED));
}

static void
knock_with_mac1(const uint8_t *data, size_t size)
{
	uint8_t msg[PRESENT_MAX];
	int type = outer_check(data, size);
	uint8_t *msg1 = msg + (type == OUTER_PRESENT ? PRESENT_INITIATION : 0);

	if (type != OUTER_INITIATION && type != OUTER_PRESENT)
		return;
	memcpy(msg, data, size);
	crypto_mac(msg1 + INITIATION_MAC1, fuzz.here.mac1_key, 32, msg1, INITIATION_MAC1);
	assert(knock(msg, size) != DOOR_MAC1);
}

static void
knock_presenting(const uint8_t *data, size_t size)
{
	size_t len = (size + PRESENT_BLOCK - 1) / PRESENT_BLOCK * PRESENT_BLOCK;
	uint8_t plain[PRESENT_PLAIN_MAX] = { 0 }, msg[PRESENT_MAX];
	enum door_count what;
	int n;

	if (len == 0 || len > sizeof(plain))
		return;
	memcpy(plain, data, size);
	n = noise_present(msg, &fuzz.handshake, fuzz.msg1, plain, len);
	what = knock(msg, (size_t)n);
	assert(what == DOOR_ADMITTED || what >= DOOR_PRESENTATION);
}

/* What is sealed is opened, once; what was not sealed is not. */
static void
talk(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz.buf + PACKET_HEADROOM, *msg = p - DATA_HEADER, copy[PACKET_MAX + 64];
	struct session here, there;
	int n;

	if (size > PACKET_MAX)
		return;
	session_init(&here, &fuzz.ours, MONO, 0);
	session_init(&there, &fuzz.theirs, MONO, 0);
	if (size % 2 == 1) {
		session_open_aes(&there);
		session_seal_aes(&here);
	}
	memcpy(p, data, size);
	assert(session_open(&there, MONO, p, size) < 0);

	memcpy(p, data, size);
	n = session_seal(&here, MONO, p, size);
	assert(n >= (int)(size + DATA_MIN) && n < (int)(size + DATA_MIN + 16));
	memcpy(copy, msg, (size_t)n);
	assert(session_open(&there, MONO, msg, (size_t)n) == n - (int)DATA_MIN);
	assert(memcmp(p, data, size) == 0);
	assert(session_open(&there, MONO, copy, (size_t)n) == ERR_REPLAY);
	session_wipe(&here);
	session_wipe(&there);
}

/* Responses and cookies for a caller who waits. */
static void
answer(const uint8_t *data, size_t size)
{
	struct channel_config c = { .self = &fuzz.caller, .rng = &fuzz.rng };
	uint8_t timestamp[NOISE_TIMESTAMP] = { 0 }, plain[PRESENT_BLOCK] = { 1 };
	uint8_t msg[RESPONSE_LEN] = { 0 };
	struct channel *ch;
	const uint8_t *made;

	memcpy(c.key, fuzz.here.public, 32);
	ch = channel_new(&c);
	if (ch == NULL || channel_initiate(ch, fuzz.now, 1, timestamp, plain, sizeof(plain),
	    &made) < 0)
		abort();
	memcpy(msg, data, min_u64(size, sizeof(msg)));
	assert(channel_response(ch, fuzz.now, msg) < 0);
	assert(channel_cookie(ch, MONO, msg) < 0);
	put_le32(msg + RESPONSE_RECEIVER, 1);
	crypto_mac(msg + RESPONSE_MAC1, fuzz.caller.mac1_key, 32, msg, RESPONSE_MAC1);
	assert(channel_response(ch, fuzz.now, msg) < 0);
	put_le32(msg + COOKIE_RECEIVER, 1);
	assert(channel_cookie(ch, MONO, msg) < 0);
	assert(!channel_ready(ch, fuzz.now) && channel_attempt(ch, MONO, &made) > 0);
	channel_free(ch);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % DEPTH_COUNT) {
	case DEPTH_RAW: knock_raw(data + 1, size - 1); break;
	case DEPTH_MAC1: knock_with_mac1(data + 1, size - 1); break;
	case DEPTH_PRESENTATION: knock_presenting(data + 1, size - 1); break;
	case DEPTH_SESSION: talk(data + 1, size - 1); break;
	case DEPTH_ANSWER: answer(data + 1, size - 1); break;
	}
	return 0;
}
