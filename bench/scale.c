/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scale.c - does it cost more when there are more? The curve from 10 to 100,000.
 *
 *	scale			the curves of a node and of a lighthouse
 *	scale COUNT		a lighthouse that remembers so many registrations, without sessions
 *
 * A node has sessions with all of its peers, and each packet is to or from another one; a lighthouse
 * has sessions with all of its clients, each of which is registered, and each question is about
 * another one. So nothing that is asked for is in the processor's caches, and what a packet costs
 * more in a large network is what tables and memory cost. Times are of the thread and of the
 * engine alone; memory is what is there again once the engine is freed.
 */
#include "bench/callers.h"
#include "core/cert.h"
#include "core/members.h"
#include "lighthouse/registry.h"

#include <malloc.h>

#define BATCH	 64  /* packets that an engine gets at a time */
#define BATCHES	 400
#define TALKERS	 4096 /* clients of a lighthouse that go on talking; the others are registered */
#define PAYLOAD	 100  /* bytes of an inner packet: what a round of a computation sends */
#define RELAYED	 1400

/* Buffers for packets that were sealed beforehand. */
static struct {
	struct packet pk[BATCH];
	uint8_t bytes[BATCH][PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM];
} batch;

static uint8_t *
batch_begin(size_t i)
{
	batch.pk[i] = (struct packet){ .data = batch.bytes[i] + PACKET_HEADROOM };
	return batch.pk[i].data;
}

static size_t
allocated(void)
{
	struct mallinfo2 all = mallinfo2();

	return all.uordblks + all.hblkhd;
}

/* Frees the engine: how many bytes it had for each of `n`. */
static double
engine_end(struct callers *cs, uint32_t n)
{
	size_t before = allocated();

	mesh_free(cs->engine.mesh);
	beacon_free(cs->engine.beacon);
	cs->engine.mesh = NULL;
	cs->engine.beacon = NULL;
	return (double)(before - allocated()) / n;
}

static unsigned
effects_of(const struct outbox *out, enum effect_kind kind)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < out->count; i++)
		n += out->effects[i].kind == kind;
	return n;
}

/* What the engine has spent since the last call, in ns for each of `n`. */
static double
spent_each(struct callers *cs, size_t n)
{
	double ns = cs->engine.spent * 1e9 / (double)n;

	cs->engine.spent = 0;
	return ns;
}

/* Everybody comes, with `gap` in between. */
static void
connect_all(struct callers *cs, uint32_t n, usec_t gap)
{
	must_be((cs->all = calloc(n, sizeof(*cs->all))) != NULL);
	for (; cs->count < n; cs->count++) {
		caller_init(cs, &cs->all[cs->count], cs->count + 1);
		caller_connect(cs, &cs->all[cs->count]);
		callers_wait(cs, gap);
	}
}

/*
 * A node
 */

/* An inner UDP packet between the node and `c`. */
static size_t
make_inner(uint8_t *p, const struct caller *c, bool to_caller)
{
	struct ip node = callers_inner(0);

	memset(p, 0, PAYLOAD);
	p[0] = 0x45;
	put_be16(p + 2, PAYLOAD);
	p[8] = 64;
	p[9] = 17;
	memcpy(p + 12, to_caller ? node.b : c->inner.b, 4);
	memcpy(p + 16, to_caller ? c->inner.b : node.b, 4);
	put_be16(p + 10, inet_checksum(p, 20, 0));
	put_be16(p + 20, PAIR_PORT);
	put_be16(p + 22, PAIR_PORT);
	put_be16(p + 24, PAYLOAD - 20);
	return PAYLOAD;
}

static double
node_sends(struct callers *cs)
{
	struct engine *e = &cs->engine;

	for (unsigned b = 0; b < BATCHES; b++) {
		double begun;

		for (size_t i = 0; i < BATCH; i++)
			batch.pk[i].len =
			    (uint32_t)make_inner(batch_begin(i), callers_any(cs), true);
		begun = callers_cpu();
		mesh_from_tun(e->mesh, cs->now, batch.pk, BATCH, &e->out);
		e->spent += callers_cpu() - begun;
		must_be(effects_of(&e->out, EFFECT_TO_NET) >= BATCH);
		outbox_reset(&e->out);
		callers_wait(cs, USEC_PER_MS);
	}
	return spent_each(cs, BATCHES * BATCH);
}

/* Answers to what was sent before. */
static double
node_receives(struct callers *cs)
{
	for (unsigned b = 0; b < BATCHES; b++) {
		for (size_t i = 0; i < BATCH; i++) {
			struct caller *c = callers_any(cs);
			size_t len = make_inner(batch_begin(i), c, false);

			caller_seals(cs, c, &batch.pk[i], len);
		}
		engine_hears(cs, batch.pk, BATCH);
		must_be(effects_of(&cs->engine.out, EFFECT_TO_TUN) * 10 >= BATCH * 9);
		outbox_reset(&cs->engine.out);
		callers_wait(cs, USEC_PER_MS);
	}
	return spent_each(cs, BATCHES * BATCH);
}

static void
node(uint32_t n)
{
	static struct callers cs;
	double handshake, out, in;

	callers_open(&cs);
	callers_node(&cs, n);
	connect_all(&cs, n, 2 * USEC_PER_MS);
	handshake = spent_each(&cs, n);
	/* Everybody is called once, so that their answers are let in. */
	for (uint32_t i = 0; i < n; i++) {
		batch.pk[0].len = (uint32_t)make_inner(batch_begin(0), &cs.all[i], true);
		mesh_from_tun(cs.engine.mesh, cs.now, batch.pk, 1, &cs.engine.out);
		outbox_reset(&cs.engine.out);
	}
	out = node_sends(&cs);
	in = node_receives(&cs);
	printf("| %u | %.0f | %.0f | %.0f | %.0f |\n", n, out, in, handshake / 1e3,
	    engine_end(&cs, n));
	callers_close(&cs);
}

/*
 * A lighthouse
 */

/* What a node at home says of itself: three addresses and a relay. */
static struct candidates
home(uint32_t n)
{
	struct candidates c = { .seq = 1, .nat = { .mapping = NAT_MAPPING_PORT } };
	struct addr at = callers_outer(n);

	c.eps.ep[c.eps.n++] = (struct ep){ EP_HOST, at };
	at.ip[0] = 192;
	c.eps.ep[c.eps.n++] = (struct ep){ EP_HOST, at };
	at.port++;
	c.eps.ep[c.eps.n++] = (struct ep){ EP_HOST, at };
	memset(c.relays.key[c.relays.n++], 7, 32);
	return c;
}

static double
everybody_registers(struct callers *cs)
{
	uint8_t frame[FRAME_MAX];

	for (uint32_t i = 0; i < cs->count; i++) {
		struct caller *c = &cs->all[i];
		struct candidates said = home(i + 1);

		caller_tells(cs, c, frame,
		    candidates_encode(frame, sizeof(frame), FRAME_REGISTER, &said));
		outbox_reset(&cs->engine.out);
		if (i >= TALKERS) {
			channel_free(c->channel);
			c->channel = NULL;
		}
	}
	return spent_each(cs, cs->count);
}

static struct caller *
any_talker(struct callers *cs)
{
	return &cs->all[rng_below(&cs->rng, min_u64(cs->count, TALKERS))];
}

/* So slowly that nobody asks more often than it may. */
static usec_t
question_gap(const struct callers *cs)
{
	return BATCH * USEC_PER_SEC / 25 / min_u64(cs->count, TALKERS);
}

static double
everybody_asks(struct callers *cs)
{
	struct beacon_totals t;

	for (unsigned b = 0; b < BATCHES; b++) {
		for (size_t i = 0; i < BATCH; i++) {
			struct query q = { .qid = (uint32_t)i, .by = QUERY_BY_KEY };
			uint8_t *p = batch_begin(i);
			int len;

			memcpy(q.key, callers_any(cs)->self.public, sizeof(q.key));
			len = query_encode(p, FRAME_MAX, &q);
			must_be(len > 0);
			caller_seals(cs, any_talker(cs), &batch.pk[i], (size_t)len);
		}
		engine_hears(cs, batch.pk, BATCH);
		outbox_reset(&cs->engine.out);
		callers_wait(cs, question_gap(cs));
	}
	beacon_totals(cs->engine.beacon, &t);
	must_be(t.answers * 10 >= (uint64_t)BATCHES * BATCH * 9);
	return spent_each(cs, BATCHES * BATCH);
}

static uint32_t
circuit_number(const struct callers *cs, const struct caller *c)
{
	return memcmp(cs->engine.self.public, c->self.public, 32) > 0 ? CIRCUIT_GREATER | 1 : 1;
}

/* Each talker has a circuit to the next one, and all of them send. */
static double
everybody_relays(struct callers *cs)
{
	uint32_t n = (uint32_t)min_u64(cs->count, TALKERS);
	uint8_t frame[FRAME_MAX];

	for (uint32_t i = 0; i < n; i++) {
		struct relay_open o = { .circuit = circuit_number(cs, &cs->all[i]) };

		memcpy(o.key, cs->all[(i + 1) % n].self.public, sizeof(o.key));
		caller_tells(cs, &cs->all[i], frame,
		    relay_open_encode(frame, sizeof(frame), FRAME_RELAY_OPEN, &o));
		outbox_reset(&cs->engine.out);
	}
	cs->engine.spent = 0;
	for (unsigned b = 0; b < BATCHES; b++) {
		for (size_t i = 0; i < BATCH; i++) {
			struct caller *c = any_talker(cs);
			uint8_t *p = batch_begin(i) + DATA_HEADER + RELAY_DATA_HEADER;

			memset(p, 0, RELAYED);
			p[0] = OUTER_DATA;
			batch.pk[i].data = relay_data_wrap(p, RELAYED, circuit_number(cs, c));
			caller_seals(cs, c, &batch.pk[i], RELAY_DATA_HEADER + RELAYED);
		}
		engine_hears(cs, batch.pk, BATCH);
		must_be(effects_of(&cs->engine.out, EFFECT_TO_NET) >= BATCH);
		outbox_reset(&cs->engine.out);
		callers_wait(cs, USEC_PER_MS);
	}
	return spent_each(cs, BATCHES * BATCH);
}

static void
lighthouse(uint32_t n)
{
	static struct callers cs;
	double handshake, registering, question, relaying;

	callers_open(&cs);
	callers_lighthouse(&cs, n);
	connect_all(&cs, n, 400);
	handshake = spent_each(&cs, n);
	registering = everybody_registers(&cs);
	question = everybody_asks(&cs);
	relaying = everybody_relays(&cs);
	printf("| %u | %.0f | %.1f | %.2f | %.2f | %.2f | %.0f |\n", n, 1e9 / handshake,
	    handshake / 1e3, registering / 1e3, question / 1e3, relaying / 1e3,
	    engine_end(&cs, n));
	callers_close(&cs);
}

/*
 * What is remembered
 */

/* Rows as the lighthouse has them written, of host `n`, read back after a restart. */
static void
recall(struct callers *cs, uint32_t n)
{
	uint8_t key[32], row[MEMBER_ROW_MAX + FRAME_MAX];
	struct memory memory = { .key_len = 32, .value = row };
	struct candidates said = home(n);
	struct cert_bytes cert;
	struct wr w = wr_init(row, sizeof(row));
	static const uint8_t timestamp[MEMBER_TIMESTAMP_LEN];
	int len;

	rng_fill(&cs->rng, key, sizeof(key));
	key[31] &= 0x7f; /* below the prime, as keys are */
	cert = callers_sign(cs, n, key, 0);
	memcpy(memory.key, key, sizeof(key));
	wr_u8(&w, 1);
	wr_bytes(&w, timestamp, sizeof(timestamp));
	wr_u16(&w, cert.len);
	wr_bytes(&w, cert.p, cert.len);
	wr_u16(&w, 0);
	memory.table = MEMORY_MEMBER;
	memory.value_len = (uint32_t)wr_end(&w);
	must_be(beacon_recall(cs->engine.beacon, cs->now, &memory) == 0);
	w = wr_init(row, sizeof(row));
	wr_u8(&w, 1);
	wr_u64(&w, cs->now.wall / USEC_PER_SEC);
	len = candidates_encode(row + wr_end(&w), FRAME_MAX, FRAME_CANDIDATES, &said);
	must_be(len > 0);
	memory.table = MEMORY_REGISTRATION;
	memory.value_len = (uint32_t)(wr_end(&w) + len);
	must_be(beacon_recall(cs->engine.beacon, cs->now, &memory) == 0);
}

static void
remembered(uint32_t n)
{
	static struct callers cs;
	double begun = callers_cpu(), bytes;

	callers_open(&cs);
	callers_lighthouse(&cs, n + 1);
	for (uint32_t i = 1; i <= n; i++)
		recall(&cs, i);
	bytes = engine_end(&cs, n);
	printf("%u registrations with their certificates: %.0f bytes each, %.0f MB in all; "
	       "signed, verified and read back in %.0f s\n",
	    n, bytes, bytes * n / 1e6, callers_cpu() - begun);
	callers_close(&cs);
}

int
main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1) {
		remembered((uint32_t)strtoul(argv[1], NULL, 10));
		return 0;
	}
	printf("| peers | packet out, ns | packet in, ns | handshake, us | bytes a peer |\n");
	printf("|--:|--:|--:|--:|--:|\n");
	for (uint32_t n = 10; n <= 10000; n *= 10)
		node(n);
	printf("\n| registered | handshakes/s | handshake, us | REGISTER, us | QUERY, us | "
	       "relayed packet, us | bytes a client |\n");
	printf("|--:|--:|--:|--:|--:|--:|--:|\n");
	for (uint32_t n = 10; n <= 100000; n *= 10)
		lighthouse(n);
	return 0;
}
