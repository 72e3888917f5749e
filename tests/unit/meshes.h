/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * meshes.h - a few whole engines on one flat network, in virtual time.
 *
 * A house has an engine, a node's or a lighthouse's, or is played by the test, and it has an
 * address; what is sent arrives HOP later, if the town's `pass` lets it. There are no NATs here:
 * that is the simulator's.
 * A test looks into the engines, and has one of them say what no honest one would.
 */
#ifndef TESTS_UNIT_MESHES_H
#define TESTS_UNIT_MESHES_H

#include "core/bytes.h"
#include "core/icmp.h"
#include "lighthouse/beacon.h"
#include "node/mesh_impl.h"
#include "node/view.h"
#include "tests/unit/certs.h"

#define HOUSES_MAX    8
#define TRAVELLERS    512
#define TOWN_ROWS_MAX 80
#define TOWN_VALUE_MAX 8192
#define HOP           (10 * USEC_PER_MS)
#define TOWN_START    (5000 * USEC_PER_SEC)

struct town_row {
	struct memory memory;
	uint8_t value[TOWN_VALUE_MAX];
};

struct house {
	struct host host;
	struct addr at;
	struct addr at6; /* FAMILY_NONE: it has none */
	struct mesh *mesh;     /* of a node that is on */
	struct beacon *beacon; /* of a lighthouse that is on */
	struct deferral deferral; /* of a node, where the town's threads seal and open */
	struct sealing sealing;
	/* Neither: the test plays it, and this is what it does with what comes. */
	void (*receive)(const struct addr *from, uint8_t *p, size_t len);
	uint64_t ticks;        /* times that its engine was due */
	uint64_t sent;         /* datagrams */
	uint64_t sent_bytes;
	unsigned tun_packets; /* that came out; an echo request is answered */
	unsigned pings_answered;
	struct town_row rows[TOWN_ROWS_MAX];
	unsigned row_count;
	unsigned remembered; /* rows written */
};

struct traveller {
	usec_t arrives; /* 0: free */
	struct addr from;
	struct addr to;
	uint32_t len;
	uint8_t bytes[PACKET_MAX];
};

struct town {
	struct authority root;
	struct rng rng;
	struct instant now;
	struct outbox out;
	uint64_t serial;
	struct house houses[HOUSES_MAX];
	unsigned count;
	struct traveller on_the_way[TRAVELLERS];
	bool deferred; /* sealing and opening are done beside the engines that are built now */
	/* May this datagram pass? NULL: all may. */
	bool (*pass)(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len);
	uint64_t sent_to_nobody; /* bytes, to addresses where there is no house */
};

static struct town town;

static inline struct addr
town_addr(const char *text)
{
	struct addr a = { 0 };

	ASSERT_EQ(addr_parse(&a, text, 7717), 0);
	return a;
}

static inline void
town_open(void)
{
	outbox_free(&town.out);
	memset(&town, 0, sizeof(town));
	town.rng = certs_rng();
	town.root = certs_root();
	town.serial = 100;
	town.now = (struct instant){ .mono = TOWN_START, .wall = CERTS_WALL };
	ASSERT_EQ(outbox_init(&town.out, MESH_OUTBOX_EFFECTS, MESH_OUTBOX_BYTES), 0);
}

static inline void
house_off(struct house *h)
{
	mesh_free(h->mesh);
	beacon_free(h->beacon);
	sealing_free(&h->sealing);
	h->mesh = NULL;
	h->beacon = NULL;
}

static inline void
town_close(void)
{
	for (unsigned i = 0; i < town.count; i++)
		house_off(&town.houses[i]);
	outbox_free(&town.out);
	memset(&town, 0, sizeof(town));
}

/* A house that is not on yet, with a certificate. */
static inline struct house *
town_house(const char *name, const char *ip, const char *at, uint32_t flags)
{
	struct house *h = &town.houses[town.count++];

	ASSERT(town.count <= HOUSES_MAX);
	h->host = certs_host(&town.root, name, ip, ++town.serial);
	h->host.cert.flags = flags;
	certs_sign_host(&h->host, &town.root);
	h->at = town_addr(at);
	return h;
}

/* Its certificate is signed again as it is now, with the next serial. */
static inline void
house_certify(struct house *h)
{
	h->host.cert.serial = ++town.serial;
	certs_sign_host(&h->host, &town.root);
}

static inline struct cert_bytes
town_bytes(const uint8_t *p, size_t len)
{
	struct cert_bytes b = { .len = (uint16_t)len };

	memcpy(b.p, p, len);
	return b;
}

static inline bool
house_is_lighthouse(const struct house *h)
{
	return (h->host.cert.flags & CERT_LIGHTHOUSE) != 0;
}

static inline void
light_up(struct house *h)
{
	struct beacon_config c = {
		.cert = { h->host.bytes, (uint16_t)h->host.len },
		.authorities = { { town.root.bytes, (uint16_t)town.root.len } },
		.authority_count = 1,
		.relay = true,
	};
	struct err e = { "" };

	memcpy(c.key, h->host.secret, sizeof(c.key));
	if (beacon_new(&h->beacon, &c, town.rng, town.now, &e) < 0)
		test_fail(__FILE__, __LINE__, "%s", e.text);
	for (unsigned i = 0; i < h->row_count; i++)
		(void)beacon_recall(h->beacon, town.now, &h->rows[i].memory);
}

/* A node's engine, whose bundle has every lighthouse of the town; not started. */
static inline void
house_build(struct house *h)
{
	static struct mesh_config c;
	struct err e = { "" };

	memset(&c, 0, sizeof(c));
	memcpy(c.private_key, h->host.secret, sizeof(c.private_key));
	c.caps = CAP_AES;
	if (town.deferred) {
		ASSERT_EQ(sealing_init(&h->sealing, 0, 8, 2), 0);
		h->deferral.threads = 1;
		c.deferral = &h->deferral;
	}
	c.cert = town_bytes(h->host.bytes, h->host.len);
	c.roots[c.root_count++] = town_bytes(town.root.bytes, town.root.len);
	for (unsigned i = 0; i < town.count; i++) {
		const struct house *l = &town.houses[i];
		struct mesh_lighthouse *to = &c.lighthouses[c.lighthouse_count];

		if (!house_is_lighthouse(l))
			continue;
		to->cert = town_bytes(l->host.bytes, l->host.len);
		to->endpoints[to->endpoint_count++] = l->at;
		if (l->at6.family != FAMILY_NONE)
			to->endpoints[to->endpoint_count++] = l->at6;
		c.lighthouse_count++;
	}
	if (mesh_new(&h->mesh, &c, &town.rng, town.now, &e) < 0)
		test_fail(__FILE__, __LINE__, "%s", e.text);
	for (unsigned i = 0; i < h->row_count; i++) {
		const struct memory *m = &h->rows[i].memory;

		(void)mesh_recall(h->mesh, town.now, m->table, m->key, m->key_len, m->value,
		    m->value_len);
	}
	mesh_net_changed(h->mesh, town.now, (struct addr[]){ h->at, h->at6 },
	    h->at6.family != FAMILY_NONE ? 2 : 1, &town.out);
}

static inline struct house *
house_at(const struct addr *at)
{
	for (unsigned i = 0; i < town.count; i++) {
		if (addr_equal(&town.houses[i].at, at) || addr_equal(&town.houses[i].at6, at))
			return &town.houses[i];
	}
	return NULL;
}

static inline void
house_remember(struct house *h, const struct memory *m)
{
	struct town_row *r = h->rows;

	while (r < h->rows + h->row_count &&
	    (r->memory.table != m->table || r->memory.key_len != m->key_len ||
		memcmp(r->memory.key, m->key, m->key_len) != 0))
		r++;
	ASSERT(r < h->rows + TOWN_ROWS_MAX && m->value_len <= sizeof(r->value));
	if (r == h->rows + h->row_count)
		h->row_count++;
	r->memory = *m;
	memcpy(r->value, m->value, m->value_len);
	r->memory.value = r->value;
	h->remembered++;
}

/* A datagram sets out. Anybody may claim to be anybody. */
static inline void
town_send(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len)
{
	struct traveller *t = town.on_the_way;

	if (house_at(to) == NULL)
		town.sent_to_nobody += len;
	if (town.pass != NULL && !town.pass(from, to, p, len))
		return;
	while (t < town.on_the_way + TRAVELLERS && t->arrives != 0)
		t++;
	ASSERT(t < town.on_the_way + TRAVELLERS && len <= sizeof(t->bytes));
	*t = (struct traveller){ .arrives = town.now.mono + HOP, .from = *from, .to = *to };
	t->len = (uint32_t)len;
	memcpy(t->bytes, p, len);
}

static void town_settle(struct house *h);

/* As a thread does in whose hands the engine is for a moment. */
static inline void
house_enter(struct house *h)
{
	if (town.deferred)
		h->deferral.here = &h->sealing;
}

static inline void
house_leave(struct house *h)
{
	h->deferral.here = NULL;
	sealing_run(&h->sealing);
	sealing_done(&h->sealing);
}

/* A datagram is opened beside the engine, and what is within it; then the engine gets it. */
static inline void
house_from_net(struct house *h, struct packet *pk)
{
	if (town.deferred) {
		mesh_expect(h->mesh, pk, 1, &h->sealing);
		sealing_open(&h->sealing);
		if (mesh_has_relayed(&h->sealing))
			mesh_expect_relayed(h->mesh, &h->sealing);
		sealing_open(&h->sealing);
	}
	house_enter(h);
	mesh_from_net(h->mesh, town.now, pk, 1, &town.out);
	house_leave(h);
}

/* What a host does with an echo request. */
static inline void
house_answer_echo(struct house *h, uint8_t *p, size_t len)
{
	struct packet pk = { .data = p, .len = (uint32_t)len };
	struct inner in;

	if (inner_parse(&in, p, len) < 0 || in.icmp != ICMP_ECHO)
		return;
	icmp_echo_turn(p, &in);
	house_enter(h);
	mesh_from_tun(h->mesh, town.now, &pk, 1, &town.out);
	house_leave(h);
	town_settle(h);
}

/* Carries out what the engine of `h` wants done. */
static void
town_settle(struct house *h)
{
	uint8_t came_out[PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM];
	uint8_t *tun = came_out + PACKET_HEADROOM;
	uint32_t tun_len = 0;
	uint64_t ticket = 0;
	socket_id refused[MESH_SOCKETS_MAX];
	size_t refused_count = 0;

	for (uint32_t i = 0; i < town.out.count; i++) {
		const struct effect *e = &town.out.effects[i];

		switch (e->kind) {
		case EFFECT_TO_NET:
			h->sent++;
			h->sent_bytes += e->len;
			town_send(e->to.family == FAMILY_V6 ? &h->at6 : &h->at, &e->to, e->data,
			    e->len);
			break;
		case EFFECT_TO_TUN:
			h->tun_packets++;
			tun_len = e->len;
			memcpy(tun, e->data, tun_len);
			break;
		case EFFECT_REMEMBER:
			house_remember(h, &e->memory);
			ticket = max_u64(ticket, e->memory.ticket);
			break;
		case EFFECT_EVENT:
			h->pings_answered += e->event->kind == EVENT_PING_ANSWER;
			break;
		case EFFECT_SOCKET: /* a house has one door */
			if (e->change.open && refused_count < MESH_SOCKETS_MAX)
				refused[refused_count++] = e->change.id;
			break;
		default:
			break;
		}
	}
	ASSERT_EQ(town.out.dropped, 0);
	outbox_reset(&town.out);
	for (size_t i = 0; i < refused_count && h->mesh != NULL; i++)
		mesh_socket_opened(h->mesh, town.now, refused[i], &(struct addr){ 0 }, &town.out);
	if (ticket != 0 && h->mesh != NULL)
		mesh_written(h->mesh, town.now, ticket, &town.out);
	else if (ticket != 0 && h->beacon != NULL)
		beacon_written(h->beacon, town.now, ticket, &town.out);
	if (refused_count > 0 || ticket != 0)
		town_settle(h);
	if (tun_len > 0)
		house_answer_echo(h, tun, tun_len);
}

static inline void
house_on(struct house *h)
{
	if (house_is_lighthouse(h)) {
		light_up(h);
		return;
	}
	house_build(h);
	mesh_start(h->mesh, town.now, &town.out);
	town_settle(h);
}

static inline void
house_receive(struct house *h, const struct addr *from, const uint8_t *p, size_t len)
{
	static uint8_t buf[PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM];
	struct packet pk = { .data = buf + PACKET_HEADROOM, .len = (uint32_t)len, .from = *from };

	pk.socket = from->family == FAMILY_V6 ? SOCKET_V6 : SOCKET_V4;
	memcpy(pk.data, p, len);
	if (h->receive != NULL)
		h->receive(from, pk.data, len);
	else if (h->mesh != NULL)
		house_from_net(h, &pk);
	else if (h->beacon != NULL)
		beacon_from_net(h->beacon, town.now, &pk, 1, &town.out);
	town_settle(h);
}

static inline usec_t
house_due(const struct house *h)
{
	return h->mesh != NULL ? mesh_next_due(h->mesh) :
	    h->beacon != NULL  ? beacon_next_due(h->beacon) :
				 0;
}

static inline void
house_tick(struct house *h)
{
	h->ticks++;
	if (h->mesh != NULL)
		mesh_tick(h->mesh, town.now, &town.out);
	else
		beacon_tick(h->beacon, town.now, &town.out);
	ASSERT(!due_reached(house_due(h), town.now.mono));
	town_settle(h);
}

/* The next thing that happens, at `end` at the latest. */
static inline usec_t
town_next(usec_t end)
{
	usec_t next = end;

	for (unsigned i = 0; i < town.count; i++) {
		usec_t due = house_due(&town.houses[i]);

		if (due != 0)
			next = min_u64(next, max_u64(due, town.now.mono));
	}
	for (unsigned i = 0; i < TRAVELLERS; i++) {
		if (town.on_the_way[i].arrives != 0)
			next = min_u64(next, town.on_the_way[i].arrives);
	}
	return next;
}

static inline void
town_deliver(void)
{
	for (unsigned i = 0; i < TRAVELLERS; i++) {
		struct traveller *t = &town.on_the_way[i], copy;
		struct house *h;

		if (t->arrives == 0 || t->arrives > town.now.mono)
			continue;
		copy = *t;
		t->arrives = 0;
		h = house_at(&copy.to);
		if (h != NULL)
			house_receive(h, &copy.from, copy.bytes, copy.len);
	}
}

/* Lets time pass. */
static inline void
town_run(usec_t span)
{
	usec_t end = town.now.mono + span;

	do {
		usec_t next = town_next(end);

		town.now.wall += next - town.now.mono;
		town.now.mono = next;
		town_deliver();
		for (unsigned i = 0; i < town.count; i++) {
			if (due_reached(house_due(&town.houses[i]), next))
				house_tick(&town.houses[i]);
		}
	} while (town.now.mono < end);
}

static inline struct ip
house_ip(const struct house *h)
{
	return h->host.cert.addresses[0].ip;
}

/* An echo request through the mesh; h->pings_answered tells. */
static inline void
house_ping(struct house *h, struct ip to)
{
	static uint16_t seq;

	ASSERT_EQ(mesh_ping(h->mesh, town.now, to, 7, ++seq, 32, &town.out), 0);
	town_settle(h);
}

/* Is `to` reached within `span`? */
static inline bool
house_reaches(struct house *h, struct ip to, usec_t span)
{
	unsigned before = h->pings_answered;

	house_ping(h, to);
	town_run(span);
	return h->pings_answered > before;
}

/* A lighthouse with these flags as well, and two nodes; they are all on and have had `span`. */
static inline void
town_of_two(struct house **lh, struct house **one, struct house **two, uint32_t flags, usec_t span)
{
	town_open();
	*lh = town_house("lh", "10.87.0.1", "198.51.100.1", CERT_LIGHTHOUSE | flags);
	*one = town_house("party1", "10.87.0.2", "198.51.100.2", 0);
	*two = town_house("party2", "10.87.0.3", "198.51.100.3", 0);
	for (unsigned i = 0; i < town.count; i++)
		house_on(&town.houses[i]);
	town_run(span);
}

/* The peer that `other` is to `h`, or NULL. */
static inline struct peer *
house_peer(const struct house *h, const struct house *other)
{
	return roster_by_key(h->mesh, other->host.cert.key);
}

/* `h` says a frame of `len` bytes to `to` in their session, whatever it may be. */
static inline void
house_say(struct house *h, const struct house *to, const uint8_t *frame, int len)
{
	struct peer *p = house_peer(h, to);
	uint8_t *room = outbox_room(&town.out, (size_t)len);

	ASSERT(len > 0 && room != NULL && p != NULL && peer_best(p) != NULL);
	memcpy(room, frame, (size_t)len);
	ASSERT_EQ(reach_seal(h->mesh, town.now, p, peer_best(p), room, (size_t)len, false,
		      &town.out),
	    0);
	town_settle(h);
}

#endif
