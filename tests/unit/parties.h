/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * parties.h - a lighthouse that relays, and three members: what they ask and what they get.
 */
#ifndef TESTS_UNIT_PARTIES_H
#define TESTS_UNIT_PARTIES_H

#include "tests/unit/beacons.h"

static struct guest *one, *two, *three;

/* The three are there, and not yet connected. */
static inline void
begin(void)
{
	set_scene();
	build_lighthouse(CERT_LIGHTHOUSE | CERT_RELAY);
	config.relay = true;
	config.alt_port = true;
	light();
	one = arrive("party1", 2, 0);
	two = arrive("party2", 3, 0);
	three = arrive("party3", 4, 0);
}

static inline void
connect_all(void)
{
	for (unsigned g = 0; g < scene.guest_count; g++)
		ASSERT(guest_connect(&scene, scene.guests[g]));
	scene_run(&scene, 2 * USEC_PER_SEC);
}

static inline void
enrol(struct guest *g)
{
	uint8_t frame[FRAME_MAX];
	struct candidates c = { .seq = 77, .nat = { .mapping = NAT_MAPPING_PORT } };

	c.eps.ep[c.eps.n++] = (struct ep){ EP_HOST, { FAMILY_V4, 0, 7717, 0, { 192, 168, 1, 2 } } };
	memcpy(c.relays.key[c.relays.n++], scene.lighthouse_key, 32);
	ASSERT(guest_say(&scene, g, frame,
	    candidates_encode(frame, sizeof(frame), FRAME_REGISTER, &c)));
}

/* All three with sessions and registered, inboxes empty. */
static inline void
begin_registered(void)
{
	begin();
	connect_all();
	for (unsigned g = 0; g < scene.guest_count; g++) {
		enrol(scene.guests[g]);
		scene.guests[g]->count = 0;
	}
}

static inline struct query
by_name(uint32_t qid, const char *name, uint8_t flags)
{
	struct query q = { .qid = qid, .by = QUERY_BY_NAME, .flags = flags };

	q.name = (struct blob){ (const uint8_t *)name, (uint16_t)strlen(name) };
	return q;
}

/* Asks, and returns the answer. */
static inline struct reply
ask(struct guest *g, const struct query *q)
{
	static uint8_t frame[FRAME_MAX];
	struct reply r;
	struct frame f;

	ASSERT(guest_say(&scene, g, frame, query_encode(frame, sizeof(frame), q)));
	ASSERT(got(g, FRAME_REPLY, &f));
	ASSERT_EQ(reply_decode(&r, &f), 0);
	ASSERT_EQ(r.qid, q->qid);
	return r;
}

static inline struct relay_end
open_circuit(struct guest *g, uint32_t number, const struct host *to)
{
	uint8_t frame[64];
	struct relay_open o = { .circuit = number };
	struct relay_end e = { 0 };
	struct frame f;

	memcpy(o.key, to->cert.key, 32);
	ASSERT(guest_say(&scene, g, frame,
	    relay_open_encode(frame, sizeof(frame), FRAME_RELAY_OPEN, &o)));
	ASSERT(got(g, FRAME_RELAY_OPENED, &f));
	ASSERT_EQ(relay_end_decode(&e, &f), 0);
	ASSERT_EQ(e.circuit, number);
	return e;
}

/* Sends an outer message of `len` bytes through a circuit. */
static inline void
relay(struct guest *g, uint32_t circuit, size_t len, uint8_t fill)
{
	uint8_t buf[PACKET_HEADROOM + PACKET_MAX];
	uint8_t *datagram = buf + PACKET_HEADROOM;

	memset(datagram, fill, len);
	put_le32(datagram, OUTER_DATA);
	ASSERT(guest_say(&scene, g, relay_data_wrap(datagram, len, circuit),
	    (int)(RELAY_DATA_HEADER + len)));
}

/* What came through a circuit: its number, and its length; 0: nothing came. */
static inline size_t
relayed(struct guest *g, uint32_t *circuit, uint8_t fill)
{
	struct relay_data d;
	struct frame f;

	if (!got(g, FRAME_RELAY_DATA, &f))
		return 0;
	ASSERT_EQ(relay_data_decode(&d, &f), 0);
	ASSERT_EQ(le32(d.datagram), OUTER_DATA);
	for (size_t i = 4; i < d.len; i++)
		ASSERT_EQ(d.datagram[i], fill);
	*circuit = d.circuit;
	return d.len;
}

static inline struct beacon_totals
totals(void)
{
	struct beacon_totals t;

	beacon_totals(scene.beacon, &t);
	return t;
}

#endif
