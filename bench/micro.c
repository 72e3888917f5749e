/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * micro.c - what a packet, a handshake and a decision cost, on one core, without system calls.
 *
 *	micro [WORD]	only what has WORD in its name
 */
#include "bench/pair.h"
#include "core/session.h"
#include "node/mesh_impl.h"

#include <time.h>

#define NOW	 (1000 * USEC_PER_SEC)
#define MEASURED 0.3 /* seconds, each */

static struct {
	struct rng_stream stream;
	struct rng rng;
	struct noise_identity a, b;
	struct noise_remote a_to_b;
	struct session here, there;
	uint8_t buf[PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM];
	size_t len;
	int sealed;
	uint8_t msg1[INITIATION_LEN], msg2[RESPONSE_LEN];
	struct noise initiator;
	struct pair pair;
	struct lot lot;
} bench;

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/*
 * Runs `f` for a while and says what each of the `times` that it does its work costs; with `bytes`,
 * how many of them a second.
 */
static void
measure(const char *name, const char *only, void (*f)(void), size_t times, size_t bytes)
{
	double begun, spent = 0;
	size_t n = 0;

	if (only != NULL && strstr(name, only) == NULL)
		return;
	f();
	begun = seconds();
	while ((spent = seconds() - begun) < MEASURED)
		for (int i = 0; i < 16; i++, n += times)
			f();
	printf("%-28s %9.3f us", name, spent * 1e6 / (double)n);
	if (bytes > 0)
		printf(" %9.0f Mbit/s", (double)(n * bytes) * 8 / spent / 1e6);
	printf("\n");
}

static void
do_seal(void)
{
	bench.sealed = session_seal(&bench.here, NOW, bench.buf + PACKET_HEADROOM, bench.len);
	must_be(bench.sealed > 0);
}

static void
do_seal_and_open(void)
{
	do_seal();
	must_be(session_open(&bench.there, NOW, bench.buf + PACKET_HEADROOM - DATA_HEADER,
	    (size_t)bench.sealed) >= 0);
}

/* What most datagrams of a flood cost: they fail here. */
static void
do_mac1(void)
{
	must_be(noise_mac1_valid(&bench.b, bench.msg1, sizeof(bench.msg1)));
}

static void
do_initiate(void)
{
	uint8_t timestamp[NOISE_TIMESTAMP] = { 0 }, ephemeral[32];

	rng_fill(&bench.rng, ephemeral, sizeof(ephemeral));
	must_be(noise_initiate(bench.msg1, &bench.initiator, &bench.a, &bench.a_to_b, 1, timestamp,
	    ephemeral, NULL) == 0);
}

static void
do_read_static(void)
{
	struct noise n;

	must_be(noise_read_static(&n, &bench.b, bench.msg1) == 0);
}

static void
do_respond(void)
{
	static const uint8_t psk[32];
	uint8_t timestamp[NOISE_TIMESTAMP], ephemeral[32];
	struct noise_keys keys;
	struct noise n;

	rng_fill(&bench.rng, ephemeral, sizeof(ephemeral));
	must_be(noise_read_static(&n, &bench.b, bench.msg1) == 0 &&
	    noise_read_timestamp(timestamp, &n, &bench.b, bench.msg1) == 0 &&
	    noise_respond(bench.msg2, &keys, &n, 2, ephemeral, psk, NULL) == 0);
}

static void
do_finish(void)
{
	static const uint8_t psk[32];
	struct noise_keys keys;

	must_be(noise_finish(&keys, &bench.initiator, &bench.a, psk, bench.msg2) == 0);
}

/* From the TUN of one engine to the TUN of another. */
static void
do_engines(void)
{
	lot_pass(&bench.lot, &bench.pair, &bench.pair.ends[ONE]);
}

static struct peer *
other_end(void)
{
	return route_to(&bench.pair.ends[ONE].mesh->routes, bench.pair.ends[TWO].inner);
}

/* What somebody's first handshake costs beside Noise; the answer is remembered. */
static void
do_certificate(void)
{
	const struct cert_bytes *b = &bench.pair.ends[TWO].cert;
	struct cert c;
	enum breach why;

	must_be(cert_decode(&c, b->p, b->len, &why) == 0 &&
	    cert_verify(b->p, b->len, bench.pair.root.key) == 0);
}

static void
do_choose(void)
{
	must_be(!peer_choose(other_end(), bench.pair.now.mono));
}

static void
prepare(void)
{
	struct noise_keys here = { .send = { 1 }, .receive = { 2 } };
	struct noise_keys there = { .send = { 2 }, .receive = { 1 } };
	uint8_t private[32];

	rng_stream_init(&bench.stream, 1);
	bench.rng = rng_stream_source(&bench.stream);
	rng_fill(&bench.rng, private, sizeof(private));
	must_be(noise_identity_init(&bench.a, private) == 0);
	rng_fill(&bench.rng, private, sizeof(private));
	must_be(noise_identity_init(&bench.b, private) == 0);
	must_be(noise_remote_init(&bench.a_to_b, &bench.a, bench.b.public) == 0);
	session_init(&bench.here, &here, NOW, 0);
	session_init(&bench.there, &there, NOW, 0);
	do_initiate();
	do_respond();
	pair_open(&bench.pair, false);
}

/* By whichever cipher the sessions use. */
static void
measure_cipher(const char *only, size_t len, const char *cipher)
{
	char name[64];

	bench.len = len;
	snprintf(name, sizeof(name), "seal %zu bytes%s", len, cipher);
	measure(name, only, do_seal, 1, len);
	snprintf(name, sizeof(name), "seal and open %zu bytes%s", len, cipher);
	measure(name, only, do_seal_and_open, 1, len);
}

static void
measure_packets(const char *only, size_t len)
{
	const struct end *from = &bench.pair.ends[ONE];
	char name[64];

	measure_cipher(only, len, "");
	if (len < 60)
		return;
	lot_fill(&bench.lot, &bench.pair, from, len, false);
	snprintf(name, sizeof(name), "two engines %zu bytes", len);
	measure(name, only, do_engines, LOT, len);
	lot_fill(&bench.lot, &bench.pair, from, len, true);
	snprintf(name, sizeof(name), "the same of one super-packet");
	measure(name, only, do_engines, LOT, len);
}

int
main(int argc, char **argv)
{
	static const size_t sizes[] = { 0, 64, 256, 576, 1280, 1420 };
	const char *only = argc > 1 ? argv[1] : NULL;

	prepare();
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		measure_packets(only, sizes[i]);
	session_open_aes(&bench.there);
	session_seal_aes(&bench.here);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		measure_cipher(only, sizes[i], ", AES");
	measure("mac1 of an initiation", only, do_mac1, 1, 0);
	measure("handshake: initiate", only, do_initiate, 1, 0);
	do_respond();
	measure("handshake: read static", only, do_read_static, 1, 0);
	measure("handshake: respond", only, do_respond, 1, 0);
	measure("handshake: finish", only, do_finish, 1, 0);
	measure("certificate: check", only, do_certificate, 1, 0);
	measure("path: choose", only, do_choose, 1, 0);
	pair_close(&bench.pair);
	session_wipe(&bench.here);
	session_wipe(&bench.there);
	return 0;
}
