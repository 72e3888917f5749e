/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two channels in virtual time, over a link that loses, delays and reorders.
 *
 * Each end is the smallest engine there can be: it does whatever channel_tick() says, keeps one
 * set of local indices, and answers initiations without looking at certificates.
 */
#include "tests/unit/test.h"

#include "core/bytes.h"
#include "core/channel.h"

#define START	   (1000 * USEC_PER_SEC)
#define WALL	   (1700000000 * USEC_PER_SEC)
#define MS	   USEC_PER_MS
#define SEC	   USEC_PER_SEC
#define LINK_MAX   4096
#define BUFFER_MAX 2048
#define LIVE_MAX   8
#define DATA_MAX   20000

struct world;

struct end {
	struct world *world;
	struct end *other;
	struct noise_identity self;
	struct noise_clock clock;
	struct channel *channel;
	struct channel_config config;
	uint8_t latest[NOISE_TIMESTAMP]; /* of the other side */
	uint32_t live[LIVE_MAX];	 /* local indices in use */
	bool mute;			 /* answers nothing, as if it were gone */

	/* What happened. */
	unsigned initiations, repeats, responses, keepalives, hellos, gave_up, wiped, accepted;
	usec_t first_hello, last_hello;
	uint32_t sent, received; /* data packets, numbered from 1 */
	bool seen[DATA_MAX];
	usec_t last_received;
};

struct datagram {
	usec_t at;
	uint64_t turn;
	struct end *to;
	size_t len;
	uint8_t bytes[BUFFER_MAX];
};

struct world {
	struct rng_stream stream;
	struct rng rng;
	usec_t now;
	uint64_t turns;
	usec_t delay, jitter;
	unsigned loss; /* percent */
	struct end a, b; /* a has the smaller key */
	struct datagram *link;
	size_t flying;
};

static struct world world;

static struct instant
now_of(const struct world *w)
{
	return (struct instant){ .mono = w->now, .wall = WALL + w->now };
}

static void
end_open(struct end *e)
{
	e->channel = channel_new(&e->config);
	ASSERT(e->channel != NULL);
	noise_clock_init(&e->clock, e->clock.reserved);
}

static void
end_init(struct world *w, struct end *e, struct end *other, bool stock)
{
	e->world = w;
	e->other = other;
	e->config = (struct channel_config){ .self = &e->self, .rng = &w->rng, .stock = stock,
		.caps = test_below(4) };
	memcpy(e->config.key, other->self.public, 32);
	end_open(e);
}

static void
world_init(struct world *w, bool stock)
{
	uint8_t one[32], two[32];
	struct datagram *link = w->link;

	memset(w, 0, sizeof(*w));
	w->link = link != NULL ? link : malloc(LINK_MAX * sizeof(*link));
	rng_stream_init(&w->stream, test_rand());
	w->rng = rng_stream_source(&w->stream);
	w->now = START;
	w->delay = 20 * MS;
	rng_fill(&w->rng, one, 32);
	rng_fill(&w->rng, two, 32);
	ASSERT_EQ(noise_identity_init(&w->a.self, one), 0);
	ASSERT_EQ(noise_identity_init(&w->b.self, two), 0);
	if (memcmp(w->a.self.public, w->b.self.public, 32) > 0) {
		struct noise_identity larger = w->a.self;

		w->a.self = w->b.self;
		w->b.self = larger;
	}
	end_init(w, &w->a, &w->b, stock);
	end_init(w, &w->b, &w->a, stock);
}

static uint32_t *
live_slot(struct end *e, uint32_t index)
{
	for (int i = 0; i < LIVE_MAX; i++)
		if (e->live[i] == index)
			return &e->live[i];
	test_fail(__FILE__, __LINE__, "index %u is not there", index);
}

static uint32_t
index_take(struct end *e)
{
	uint32_t index = rng_u32(&e->world->rng) | 1;

	*live_slot(e, 0) = index;
	return index;
}

static void
index_drain(struct end *e)
{
	uint32_t index;

	while ((index = channel_retired(e->channel)) != 0)
		*live_slot(e, index) = 0;
}

static void
world_free(struct world *w)
{
	struct end *ends[] = { &w->a, &w->b };

	for (int i = 0; i < 2; i++) {
		channel_close(ends[i]->channel);
		index_drain(ends[i]);
		for (int j = 0; j < LIVE_MAX; j++)
			ASSERT_EQ(ends[i]->live[j], 0);
		channel_free(ends[i]->channel);
	}
}

/* Sends from `e`; the link decides whether and when it arrives. */
static void
put_on_link(struct end *e, const uint8_t *p, size_t len)
{
	struct world *w = e->world;
	struct datagram *d = &w->link[w->flying];

	if (rng_below(&w->rng, 100) < w->loss)
		return;
	ASSERT(w->flying < LINK_MAX && len <= BUFFER_MAX);
	w->flying++;
	d->at = w->now + w->delay + rng_below(&w->rng, w->jitter + 1);
	d->turn = w->turns++;
	d->to = e->other;
	d->len = len;
	memcpy(d->bytes, p, len);
}

static void
end_seal(struct end *e, const void *payload, size_t len)
{
	uint8_t buf[DATA_HEADER + 256 + SESSION_TAILROOM];
	int n;

	memcpy(buf + DATA_HEADER, payload, len);
	n = channel_seal(e->channel, now_of(e->world), buf + DATA_HEADER, len);
	ASSERT(n > 0);
	ASSERT_EQ(le32(buf),
	    channel_caps(e->channel) & CAP_AES ? OUTER_DATA_AES : OUTER_DATA);
	put_on_link(e, buf, n);
}

static void
end_initiate(struct end *e)
{
	uint8_t timestamp[NOISE_TIMESTAMP], presentation[PRESENT_BLOCK] = { 1 };
	struct instant now = now_of(e->world);
	const uint8_t *msg;
	int n;

	noise_clock_next(&e->clock, timestamp, now.wall);
	n = channel_initiate(e->channel, now, index_take(e), timestamp, presentation,
	    sizeof(presentation), &msg);
	ASSERT_EQ(n, e->config.stock ? INITIATION_LEN : PRESENT_MIN);
	e->initiations++;
	put_on_link(e, msg, n);
}

static void
end_hello(struct end *e)
{
	uint8_t hello[] = { FRAME_MAGIC, FRAME_HELLO, 2, 0, channel_hello_seen(e->channel),
		(uint8_t)e->config.caps };
	usec_t now = e->world->now;

	end_seal(e, hello, sizeof(hello));
	channel_hello_sent(e->channel, now);
	if (e->hellos++ == 0)
		e->first_hello = now;
	e->last_hello = now;
}

static void
end_work(struct end *e)
{
	unsigned work = channel_tick(e->channel, now_of(e->world));
	const uint8_t *msg;

	if (work & CHANNEL_INITIATE)
		end_initiate(e);
	if (work & CHANNEL_REPEAT) {
		int n = channel_repeat(e->channel, e->world->now, &msg);

		if (n > 0) { /* not when a fresh one was made in the same tick */
			e->repeats++;
			put_on_link(e, msg, n);
		}
	}
	if (work & CHANNEL_HELLO)
		end_hello(e);
	if (work & CHANNEL_KEEPALIVE) {
		e->keepalives++;
		end_seal(e, "", 0);
	}
	e->gave_up += (work & CHANNEL_GAVE_UP) != 0;
	e->wiped += (work & CHANNEL_WIPED) != 0;
	index_drain(e);
	ASSERT(channel_next_due(e->channel) == 0 ||
	    channel_next_due(e->channel) > e->world->now);
}

/* A data packet: an IPv4 header's first byte and a number. */
static void
end_send(struct end *e)
{
	uint8_t packet[8] = { 0x45 };

	ASSERT(e->sent + 1 < DATA_MAX);
	put_le32(packet + 4, ++e->sent);
	if (!channel_ready(e->channel, now_of(e->world))) {
		channel_want(e->channel, e->world->now);
		return;
	}
	end_seal(e, packet, sizeof(packet));
}

static void
on_initiation(struct end *e, const uint8_t *msg, size_t len)
{
	const uint8_t *msg1 = msg + (e->config.stock ? 0 : PRESENT_INITIATION);
	uint8_t hash[32], response[RESPONSE_LEN], timestamp[NOISE_TIMESTAMP];
	struct noise n;

	crypto_hash2(hash, msg, len, NULL, 0);
	if (channel_copy(e->channel, e->world->now, hash, response) == 0) {
		put_on_link(e, response, sizeof(response));
		return;
	}
	ASSERT_EQ(noise_read_static(&n, &e->self, msg1), 0);
	ASSERT_EQ(noise_read_timestamp(timestamp, &n, &e->self, msg1), 0);
	if (memcmp(timestamp, e->latest, sizeof(timestamp)) <= 0)
		return;
	memcpy(e->latest, timestamp, sizeof(timestamp));
	ASSERT_EQ(channel_accept(e->channel, now_of(e->world), index_take(e), &n, hash,
	    response), 0);
	ASSERT_MEM(channel_accepted(e->channel), hash, 16);
	e->accepted++;
	put_on_link(e, response, sizeof(response));
}

static void
on_data(struct end *e, uint8_t *msg, size_t len)
{
	struct channel_opened o;
	uint32_t number;
	int r = channel_open(e->channel, now_of(e->world), msg, len, &o);

	ASSERT(r != ERR_VERSION); /* nothing is used that was not agreed on */
	if (r < 0 || o.len == 0)
		return;
	if (frame_is(o.p, o.len)) {
		ASSERT_EQ(o.p[1], FRAME_HELLO);
		channel_hello_heard(e->channel, e->world->now, o.index, o.p[4], o.p[5]);
		return;
	}
	number = le32(o.p + 4);
	ASSERT(number > 0 && number <= e->other->sent && !e->seen[number]);
	e->seen[number] = true;
	e->received++;
	e->last_received = e->world->now;
}

static void
deliver(struct end *e, uint8_t *msg, size_t len)
{
	if (e->mute)
		return;
	switch (le32(msg)) {
	case OUTER_INITIATION:
	case OUTER_PRESENT: on_initiation(e, msg, len); break;
	case OUTER_RESPONSE:
		e->responses += channel_response(e->channel, now_of(e->world), msg) == 0;
		break;
	case OUTER_DATA:
	case OUTER_DATA_AES: on_data(e, msg, len); break;
	}
	index_drain(e);
}

static struct datagram *
first_flying(struct world *w)
{
	struct datagram *first = NULL;

	for (size_t i = 0; i < w->flying; i++) {
		struct datagram *d = &w->link[i];

		if (first == NULL || d->at < first->at ||
		    (d->at == first->at && d->turn < first->turn))
			first = d;
	}
	return first;
}

/* Lets everything happen that happens before and at `until`. */
static void
run(struct world *w, usec_t until)
{
	for (;;) {
		struct datagram *d, landed;
		usec_t next;

		end_work(&w->a);
		end_work(&w->b);
		d = first_flying(w);
		next = due_min(channel_next_due(w->a.channel), channel_next_due(w->b.channel));
		next = due_min(next, d != NULL ? d->at : 0);
		if (next == 0 || next > until)
			break;
		w->now = max_u64(w->now, next);
		if (d == NULL || d->at > w->now)
			continue;
		landed = *d;
		*d = w->link[--w->flying];
		deliver(landed.to, landed.bytes, landed.len);
	}
	w->now = until;
}

static void
run_for(struct world *w, usec_t span)
{
	run(w, w->now + span);
}

/* Both have each other's current session, so that both can send. */
static void
expect_both_talk(struct world *w)
{
	uint32_t a = w->a.received, b = w->b.received;

	ASSERT(channel_ready(w->a.channel, now_of(w)));
	ASSERT(channel_ready(w->b.channel, now_of(w)));
	end_send(&w->a);
	end_send(&w->b);
	run_for(w, 2 * w->delay + w->jitter);
	ASSERT_EQ(w->a.received, a + 1);
	ASSERT_EQ(w->b.received, b + 1);
}

static struct channel_view
view(const struct end *e)
{
	struct channel_view v;

	channel_view(e->channel, now_of(e->world), &v);
	return v;
}

static void
connect(struct world *w)
{
	end_send(&w->a);
	run_for(w, SEC);
	expect_both_talk(w);
}

TEST(a_handshake_takes_one_round_trip)
{
	struct world *w = &world;

	world_init(w, false);
	end_send(&w->a);
	run_for(w, 39 * MS);
	ASSERT(!channel_ready(w->a.channel, now_of(w)));
	run_for(w, MS);
	ASSERT(channel_ready(w->a.channel, now_of(w)));
	ASSERT(!channel_ready(w->b.channel, now_of(w)));
	run_for(w, 20 * MS);
	ASSERT(channel_ready(w->b.channel, now_of(w)));
	expect_both_talk(w);
	run_for(w, SEC);
	ASSERT_EQ(w->a.initiations + w->b.initiations, 1);
	ASSERT_EQ(w->a.repeats, 0);
	ASSERT(view(&w->a).initiator && !view(&w->b).initiator);
	world_free(w);
}

TEST(an_initiation_is_repeated_and_then_made_again)
{
	struct world *w = &world;
	usec_t begun;

	world_init(w, false);
	w->b.mute = true;
	end_send(&w->a);
	begun = w->now;
	run(w, begun + 249 * MS);
	ASSERT_EQ(w->a.repeats, 0);
	run(w, begun + 250 * MS);
	ASSERT_EQ(w->a.repeats, 1);
	run(w, begun + 750 * MS);
	ASSERT_EQ(w->a.repeats, 2);
	run(w, begun + 1750 * MS);
	ASSERT_EQ(w->a.repeats, 3);
	run(w, begun + REKEY_TIMEOUT - 1);
	ASSERT_EQ(w->a.repeats, 3);
	ASSERT_EQ(w->a.initiations, 1);
	run(w, begun + REKEY_TIMEOUT + REKEY_TIMEOUT_JITTER);
	ASSERT_EQ(w->a.initiations, 2);
	w->b.mute = false;
	run_for(w, SEC);
	expect_both_talk(w);
	world_free(w);
}

TEST(nobody_calls_for_longer_than_attempt_time)
{
	struct world *w = &world;

	world_init(w, false);
	w->b.mute = true;
	end_send(&w->a);
	run_for(w, REKEY_ATTEMPT_TIME - REKEY_TIMEOUT);
	ASSERT_EQ(w->a.gave_up, 0);
	run_for(w, 3600 * SEC);
	ASSERT_EQ(w->a.gave_up, 1);
	ASSERT(w->a.initiations == 17 || w->a.initiations == 18);
	ASSERT_EQ(channel_next_due(w->a.channel), 0);

	/* And whoever wants to talk again may. */
	w->b.mute = false;
	connect(w);
	world_free(w);
}

TEST(wanting_it_again_keeps_it_from_being_given_up)
{
	struct world *w = &world;

	world_init(w, false);
	w->b.mute = true;
	for (int i = 0; i < 300; i++) {
		end_send(&w->a);
		run_for(w, SEC);
	}
	ASSERT_EQ(w->a.gave_up, 0);
	ASSERT(w->a.initiations >= 300 / 6 && w->a.initiations <= 300 / 5 + 1);
	world_free(w);
}

TEST(a_copy_of_an_initiation_draws_the_same_response)
{
	uint8_t timestamp[NOISE_TIMESTAMP], presentation[PRESENT_BLOCK] = { 1 };
	uint8_t hash[32], other[16] = { 0 }, first[RESPONSE_LEN], again[RESPONSE_LEN];
	struct world *w = &world;
	const uint8_t *msg;
	struct noise n;
	int len;

	world_init(w, false);
	noise_clock_next(&w->a.clock, timestamp, WALL);
	len = channel_initiate(w->a.channel, now_of(w), index_take(&w->a), timestamp,
	    presentation, sizeof(presentation), &msg);
	crypto_hash2(hash, msg, len, NULL, 0);
	ASSERT(channel_accepted(w->b.channel) == NULL);
	ASSERT_EQ(channel_copy(w->b.channel, w->now, hash, again), ERR_STATE);
	ASSERT_EQ(noise_read_static(&n, &w->b.self, msg + PRESENT_INITIATION), 0);
	ASSERT_EQ(noise_read_timestamp(timestamp, &n, &w->b.self, msg + PRESENT_INITIATION), 0);
	ASSERT_EQ(channel_accept(w->b.channel, now_of(w), index_take(&w->b), &n, hash, first), 0);

	ASSERT_EQ(channel_copy(w->b.channel, w->now, other, again), ERR_STATE);
	for (int i = 0; i < CHANNEL_COPIES_MAX; i++) {
		ASSERT_EQ(channel_copy(w->b.channel, w->now, hash, again), 0);
		ASSERT_MEM(again, first, sizeof(first));
	}
	ASSERT_EQ(channel_copy(w->b.channel, w->now, hash, again), ERR_LIMITED);

	/* The first of them that arrives is taken, the others find nobody who asks. */
	ASSERT_EQ(channel_response(w->a.channel, now_of(w), first), 0);
	ASSERT_EQ(channel_response(w->a.channel, now_of(w), again), ERR_STATE);
	world_free(w);
}

TEST(copies_are_answered_only_while_an_initiator_may_send_them)
{
	uint8_t hash[16], response[RESPONSE_LEN];
	struct world *w = &world;

	world_init(w, false);
	connect(w);
	memcpy(hash, channel_accepted(w->b.channel), sizeof(hash));
	ASSERT_EQ(channel_copy(w->b.channel, w->now, hash, response), 0);
	run_for(w, CHANNEL_COPIES_TIME);
	ASSERT_EQ(channel_copy(w->b.channel, w->now, hash, response), ERR_LIMITED);
	channel_close(w->b.channel);
	ASSERT(channel_accepted(w->b.channel) == NULL);
	ASSERT_EQ(channel_copy(w->b.channel, w->now, hash, response), ERR_STATE);
	world_free(w);
}

/* In a new world both begin, one a little later, and talk in the end. */
static void
both_call(struct world *w, bool stock)
{
	world_init(w, stock);
	w->jitter = test_below(100) * MS;
	end_send(&w->a);
	run_for(w, test_below(60) * MS);
	end_send(&w->b);
	run_for(w, 2 * SEC);
	expect_both_talk(w);
}

TEST(when_both_call_at_once_one_session_is_left)
{
	struct world *w = &world;

	for (int i = 0; i < 300; i++) {
		both_call(w, false);
		ASSERT(view(&w->a).initiator || view(&w->b).initiator);
		ASSERT(w->a.initiations + w->b.initiations <= 2);
		world_free(w);
	}
}

TEST(when_both_call_the_smaller_keys_call_stands)
{
	struct world *w = &world;

	world_init(w, false);
	end_send(&w->a);
	end_send(&w->b);
	run_for(w, SEC);
	ASSERT(view(&w->a).initiator && !view(&w->b).initiator);
	ASSERT_EQ(w->b.responses, 0);
	expect_both_talk(w);

	/* Unless it is lost. */
	world_free(w);
	world_init(w, false);
	end_send(&w->a);
	w->loss = 100;
	run_for(w, MS);
	w->loss = 0;
	end_send(&w->b);
	run_for(w, SEC);
	ASSERT(!view(&w->a).initiator && view(&w->b).initiator);
	expect_both_talk(w);
	world_free(w);
}

TEST(stock_peers_that_call_at_once_both_get_through)
{
	struct world *w = &world;

	for (int i = 0; i < 100; i++) {
		both_call(w, true);
		ASSERT_EQ(w->a.hellos + w->b.hellos, 0);
		world_free(w);
	}
}

/* Both send all the time; `n` steps of `every`. */
static void
chat(struct world *w, int n, usec_t every)
{
	for (int i = 0; i < n; i++) {
		end_send(&w->a);
		end_send(&w->b);
		run_for(w, every);
	}
}

TEST(rekeying_loses_nothing)
{
	struct world *w = &world;

	world_init(w, false);
	w->jitter = 30 * MS;
	connect(w);
	chat(w, 10000, 100 * MS);
	run_for(w, SEC);
	ASSERT_EQ(w->b.received, w->a.sent - 1);
	ASSERT_EQ(w->a.received, w->b.sent);
	ASSERT_EQ(w->a.initiations, 1 + 1000 / 120);
	ASSERT_EQ(w->b.initiations, 0);
	world_free(w);
}

TEST(rekeying_loses_nothing_with_stock)
{
	struct world *w = &world;

	world_init(w, true);
	w->jitter = 30 * MS;
	connect(w);
	chat(w, 5000, 100 * MS);
	run_for(w, SEC);
	ASSERT_EQ(w->b.received, w->a.sent - 1);
	ASSERT_EQ(w->a.received, w->b.sent);
	ASSERT_EQ(w->a.initiations + w->b.initiations, 1 + 500 / 120);
	world_free(w);
}

TEST(a_lossy_link_is_lived_with)
{
	struct world *w = &world;
	usec_t longest = 0, last = 0;

	world_init(w, false);
	w->loss = 30;
	w->jitter = 60 * MS;
	for (int i = 0; i < 6000; i++) {
		end_send(&w->a);
		end_send(&w->b);
		run_for(w, 100 * MS);
		if (last != 0)
			longest = max_u64(longest, w->now - w->b.last_received);
		last = w->b.last_received;
	}
	ASSERT(w->b.received > w->a.sent * 6 / 10);
	ASSERT(w->a.received > w->b.sent * 6 / 10);
	ASSERT(longest < 5 * SEC);
	w->loss = 0;
	run_for(w, 7 * SEC);
	expect_both_talk(w);
	world_free(w);
}

TEST(a_peer_that_lost_its_keys_is_called_again)
{
	struct world *w = &world;

	world_init(w, false);
	connect(w);
	channel_close(w->b.channel);
	index_drain(&w->b);
	end_send(&w->a);
	run_for(w, KEEPALIVE_TIMEOUT + REKEY_TIMEOUT - MS);
	ASSERT_EQ(w->a.initiations, 1);
	run_for(w, MS + REKEY_TIMEOUT_JITTER + SEC);
	ASSERT_EQ(w->a.initiations, 2);
	expect_both_talk(w);
	world_free(w);
}

TEST(silence_is_broken_by_a_keepalive)
{
	struct world *w = &world;

	world_init(w, false);
	connect(w);
	run_for(w, 30 * SEC);
	w->a.keepalives = w->b.keepalives = 0;
	for (int i = 0; i < 80; i++) {
		end_send(&w->a);
		run_for(w, SEC);
	}
	ASSERT_EQ(w->b.keepalives, 7);
	ASSERT_EQ(w->a.keepalives, 0);
	ASSERT_EQ(w->a.initiations, 1);

	/* And nobody answers a keepalive. */
	run_for(w, 30 * SEC);
	w->a.keepalives = w->b.keepalives = 0;
	run_for(w, 100 * SEC);
	ASSERT_EQ(w->a.keepalives + w->b.keepalives, 0);
	world_free(w);
}

TEST(a_stock_responder_hears_a_keepalive_at_once)
{
	struct world *w = &world;

	world_init(w, true);
	channel_want(w->a.channel, w->now);
	run_for(w, SEC);
	ASSERT_EQ(w->a.keepalives, 1);
	ASSERT(channel_ready(w->b.channel, now_of(w)));
	world_free(w);
}

TEST(hello_is_said_until_it_is_heard)
{
	struct world *w = &world;

	world_init(w, false);
	connect(w);
	ASSERT(channel_agreed(w->a.channel) && channel_agreed(w->b.channel));
	ASSERT_EQ(w->a.hellos + w->b.hellos, 3);
	world_free(w);

	/* Every other one is lost now. */
	for (int i = 0; i < 50; i++) {
		world_init(w, false);
		end_send(&w->a);
		run_for(w, 40 * MS);
		w->loss = 50;
		run_for(w, 3 * SEC);
		w->loss = 0;
		run_for(w, 10 * SEC);
		ASSERT(channel_agreed(w->a.channel) && channel_agreed(w->b.channel));
		ASSERT(w->a.hellos <= CHANNEL_HELLOS_MAX && w->b.hellos <= CHANNEL_HELLOS_MAX);
		world_free(w);
	}
}

/* Whatever the two can, whatever is lost, and through a rekey: nothing comes that cannot be opened. */
TEST(what_both_can_is_used_once_both_know)
{
	struct world *w = &world;

	for (unsigned i = 0; i < 64; i++) {
		uint32_t both = i % 4 & i / 4 % 4;
		unsigned behind;

		world_init(w, false);
		w->a.config.caps = i % 4;
		w->b.config.caps = i / 4 % 4;
		channel_free(w->a.channel);
		channel_free(w->b.channel);
		end_open(&w->a);
		end_open(&w->b);
		connect(w);
		behind = w->a.sent - w->b.received;
		w->loss = i / 16 * 10;
		for (int second = 0; second < 150; second++) {
			if (channel_ready(w->a.channel, now_of(w)))
				end_send(&w->a);
			run_for(w, SEC);
		}
		w->loss = 0;
		run_for(w, 10 * SEC);
		/* HELLO is not said for ever: where packets get lost, one may never know. */
		ASSERT(channel_caps(w->a.channel) == both ||
		    (i >= 16 && channel_caps(w->a.channel) == 0));
		ASSERT(channel_caps(w->b.channel) == both ||
		    (i >= 16 && channel_caps(w->b.channel) == 0));
		ASSERT(i >= 16 || w->a.sent - w->b.received == behind);
		world_free(w);
	}
}

TEST(hello_is_not_said_for_ever)
{
	struct world *w = &world;

	world_init(w, false);
	end_send(&w->a);
	run_for(w, 40 * MS);
	w->b.mute = true;
	run_for(w, 14 * SEC);
	ASSERT_EQ(w->a.hellos, 6);
	ASSERT_EQ(w->a.last_hello - w->a.first_hello, 7750 * MS);
	ASSERT(!channel_agreed(w->a.channel));
	world_free(w);
}

/* Makes an initiation of `a`, which must be due, and the cookie reply that it draws. */
static bool
ask_for_cookie(struct world *w, struct cookie_maker *m, uint8_t reply[static COOKIE_LEN])
{
	struct source from = source_relayed((uint8_t[32]){ 1 }, (uint8_t[32]){ 2 });
	uint8_t timestamp[NOISE_TIMESTAMP], presentation[PRESENT_BLOCK] = { 1 };
	const uint8_t *msg;

	ASSERT(channel_tick(w->a.channel, now_of(w)) & CHANNEL_INITIATE);
	noise_clock_next(&w->a.clock, timestamp, WALL + w->now);
	ASSERT_EQ(channel_initiate(w->a.channel, now_of(w), index_take(&w->a), timestamp,
	    presentation, sizeof(presentation), &msg), PRESENT_MIN);
	index_drain(&w->a);
	msg += PRESENT_INITIATION;
	cookie_reply(reply, m, w->now, &w->rng, &w->b.self, &from, msg);
	return cookie_shown(m, w->now, &w->rng, &from, msg);
}

TEST(after_a_cookie_a_fresh_initiation_shows_it)
{
	struct world *w = &world;
	struct cookie_maker maker;
	uint8_t reply[COOKIE_LEN];

	world_init(w, false);
	cookie_maker_init(&maker);
	channel_want(w->a.channel, w->now);
	ASSERT(!ask_for_cookie(w, &maker, reply));
	reply[COOKIE_SEALED] ^= 1;
	ASSERT_EQ(channel_cookie(w->a.channel, w->now, reply), ERR_AUTH);
	reply[COOKIE_SEALED] ^= 1;
	ASSERT_EQ(channel_cookie(w->a.channel, w->now, reply), 0);

	/* A second cookie within a second is kept, and changes nothing else. */
	ASSERT(ask_for_cookie(w, &maker, reply));
	w->now += 20 * MS;
	ASSERT_EQ(channel_cookie(w->a.channel, w->now, reply), ERR_LIMITED);
	ASSERT(!(channel_tick(w->a.channel, now_of(w)) & CHANNEL_INITIATE));
	w->now += SEC;
	ASSERT_EQ(channel_cookie(w->a.channel, w->now, reply), 0);
	ASSERT(ask_for_cookie(w, &maker, reply));

	put_le32(reply + COOKIE_RECEIVER, 0);
	ASSERT_EQ(channel_cookie(w->a.channel, w->now, reply), ERR_STATE);
	world_free(w);
}

TEST(a_session_ends_with_the_certificate_and_not_before)
{
	struct world *w = &world;
	uint64_t today;

	world_init(w, false);
	connect(w);
	today = now_of(w).wall / SEC;
	channel_set_not_after(w->a.channel, now_of(w), today + 10);
	run_for(w, 5 * SEC);
	ASSERT(channel_ready(w->a.channel, now_of(w)));
	channel_set_not_after(w->a.channel, now_of(w), today + 30);
	run_for(w, 20 * SEC);
	ASSERT(channel_ready(w->a.channel, now_of(w)));
	run_for(w, 6 * SEC);
	ASSERT(!channel_ready(w->a.channel, now_of(w)));
	ASSERT_EQ(w->a.wiped, 1);
	channel_set_not_after(w->b.channel, now_of(w), today);
	ASSERT(!channel_ready(w->b.channel, now_of(w)));
	world_free(w);
}

TEST(keys_are_gone_when_a_session_has_ended)
{
	struct world *w = &world;

	world_init(w, false);
	connect(w);
	run_for(w, REJECT_AFTER_TIME + SEC);
	ASSERT_EQ(w->a.wiped, 1);
	ASSERT_EQ(w->b.wiped, 1);
	for (int i = 0; i < LIVE_MAX; i++)
		ASSERT_EQ(w->a.live[i], 0);
	ASSERT_EQ(channel_next_due(w->a.channel), 0);
	world_free(w);
}

TEST(late_packets_of_the_previous_session_are_opened)
{
	uint8_t late[DATA_HEADER + 64] = { 0 };
	struct world *w = &world;
	struct channel_opened o;
	int n;

	world_init(w, false);
	connect(w);
	n = channel_seal(w->a.channel, now_of(w), late + DATA_HEADER, 5);
	channel_want_fresh(w->a.channel, w->now);
	run_for(w, SEC);
	ASSERT_EQ(w->a.initiations, 2);
	expect_both_talk(w);
	ASSERT_EQ(channel_open(w->b.channel, now_of(w), late, n, &o), 0);
	ASSERT_EQ(channel_open(w->b.channel, now_of(w), late, n, &o), ERR_AUTH);
	put_le32(late + DATA_RECEIVER, 0);
	ASSERT_EQ(channel_open(w->b.channel, now_of(w), late, n, &o), ERR_UNKNOWN);
	ASSERT_EQ(channel_open(w->b.channel, now_of(w), late, DATA_MIN - 1, &o), ERR_SHORT);
	world_free(w);
}

TEST(a_fresh_session_is_begun_once_a_second_at_most)
{
	struct world *w = &world;

	world_init(w, false);
	connect(w);
	for (int i = 0; i < 1000; i++) {
		channel_want_fresh(w->a.channel, w->now);
		run_for(w, 10 * MS);
	}
	ASSERT(w->a.initiations >= 10 && w->a.initiations <= 12);
	world_free(w);
}

TEST(a_psk_must_be_the_same_on_both_sides)
{
	struct world *w = &world;

	world_init(w, false);
	w->a.config.psk[0] = 1;
	channel_free(w->a.channel);
	end_open(&w->a);
	end_send(&w->a);
	run_for(w, 4 * SEC);
	ASSERT(!channel_ready(w->a.channel, now_of(w)));
	ASSERT_EQ(w->a.responses, 0);
	ASSERT(w->b.accepted > 0);
	world_free(w);
}

/* What arrives is cut, changed or made up; nothing of it counts and nothing breaks. */
TEST(garbage_disturbs_nothing)
{
	uint8_t junk[BUFFER_MAX];
	struct world *w = &world;
	struct channel_opened o;

	world_init(w, false);
	connect(w);
	for (int i = 0; i < 20000; i++) {
		size_t len = test_below(200);

		test_fill(junk, sizeof(junk));
		put_le32(junk + DATA_RECEIVER, w->b.live[test_below(LIVE_MAX)]);
		ASSERT(channel_open(w->b.channel, now_of(w), junk, len, &o) < 0);
		put_le32(junk + RESPONSE_RECEIVER, w->b.live[test_below(LIVE_MAX)]);
		ASSERT(channel_response(w->b.channel, now_of(w), junk) < 0);
		ASSERT(channel_cookie(w->b.channel, w->now, junk) < 0);
	}
	expect_both_talk(w);
	world_free(w);
}
