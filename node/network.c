/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network.c - which network this is, and what was found in those that we have been in.
 */
#include "node/network.h"
#include "core/bytes.h"
#include "core/crypto.h"
#include "node/mesh_impl.h"

/*
 * Names
 */

/* Its IPv4 addresses, or where there are none its IPv6 prefixes; and its gateway. */
static void
name_network(struct mesh *m)
{
	static const char context[24] = "mpynet network v1";
	uint8_t list[MESH_LOCAL_MAX * 8 + NETWORK_GATEWAY_LEN];
	struct wr w = wr_init(list, sizeof(list));

	for (size_t i = 0; i < m->local_count; i++) {
		if (m->local[i].family == FAMILY_V4)
			wr_bytes(&w, m->local[i].ip, 4);
	}
	for (size_t i = 0; i < m->local_count && w.len == 0; i++)
		wr_bytes(&w, m->local[i].ip, 8);
	if (m->networks.has_gateway)
		wr_bytes(&w, m->networks.gateway, NETWORK_GATEWAY_LEN);
	crypto_blake2b(m->networks.id, NETWORK_ID_LEN, NULL, 0, context, sizeof(context), list,
	    w.len);
}

void
network_changed(struct mesh *m)
{
	m->networks.has_gateway = false;
	name_network(m);
}

void
mesh_gateway(struct mesh *m, struct instant now, const uint8_t gateway[static 6],
    struct outbox *out)
{
	struct networks *n = &m->networks;
	bool other = n->has_gateway;

	if (n->has_gateway && memcmp(n->gateway, gateway, sizeof(n->gateway)) == 0)
		return;
	n->has_gateway = true;
	memcpy(n->gateway, gateway, sizeof(n->gateway));
	name_network(m);
	if (!m->started)
		return;
	if (other) {
		roam_changed(m, now, out);
		measure_anew(m, now);
	} else {
		streams_poke(m, now);
	}
}

/* The same network behind another public address: what NATs do may be another carrier's. */
static void
name_outside(const struct mesh *m, struct ip public, uint8_t ret[static NETWORK_ID_LEN])
{
	static const char context[24] = "mpynet outside v1";
	uint8_t list[NETWORK_ID_LEN + sizeof(public.b)];

	memcpy(list, m->networks.id, NETWORK_ID_LEN);
	memcpy(list + NETWORK_ID_LEN, public.b, sizeof(public.b));
	crypto_blake2b(ret, NETWORK_ID_LEN, NULL, 0, context, sizeof(context), list,
	    NETWORK_ID_LEN + ip_size(public));
}

/*
 * What is known of them
 */

static usec_t
noted_at(const struct network *k)
{
	return max_u64(k->blocked_at, k->timed_at);
}

static size_t
row_of(const struct networks *n, const uint8_t id[static NETWORK_ID_LEN])
{
	size_t oldest = 0;

	for (size_t i = 0; i < NETWORKS_MAX; i++) {
		if (noted_at(&n->known[i]) != 0 && memcmp(n->known[i].id, id, NETWORK_ID_LEN) == 0)
			return i;
		if (noted_at(&n->known[i]) < noted_at(&n->known[oldest]))
			oldest = i;
	}
	return oldest;
}

/* NULL: nothing is known of it. */
static const struct network *
look_up(const struct mesh *m, const uint8_t id[static NETWORK_ID_LEN])
{
	const struct network *k = &m->networks.known[row_of(&m->networks, id)];

	return noted_at(k) != 0 && memcmp(k->id, id, NETWORK_ID_LEN) == 0 ? k : NULL;
}

static const struct network *
here(const struct mesh *m)
{
	return look_up(m, m->networks.id);
}

static bool
is_believed(usec_t noted, usec_t wall)
{
	return noted != 0 && wall < noted + NETWORK_KEPT;
}

static void
forget(struct network *k, struct outbox *out)
{
	outbox_remember(out, MEMORY_NETWORK, k->id, sizeof(k->id), NULL, 0, 0);
	*k = (struct network){ 0 };
}

/* Its row, with room made for it. */
static struct network *
claim(struct mesh *m, const uint8_t id[static NETWORK_ID_LEN], struct outbox *out)
{
	struct network *k = &m->networks.known[row_of(&m->networks, id)];

	if (noted_at(k) != 0 && memcmp(k->id, id, NETWORK_ID_LEN) != 0)
		forget(k, out);
	memcpy(k->id, id, sizeof(k->id));
	return k;
}

/* u64 blocked, u64 timed, u8 life, u8 below. */
#define ROW_LEN 18

/* Before lives were remembered a row ended behind its first field. */
#define ROW_LEN_BLOCKED 8

static void
remember(const struct network *k, struct outbox *out)
{
	uint8_t value[ROW_LEN];
	struct wr w = wr_init(value, sizeof(value));

	wr_u64(&w, k->blocked_at);
	wr_u64(&w, k->timed_at);
	wr_u8(&w, k->life.s);
	wr_u8(&w, k->life.below_s);
	outbox_remember(out, MEMORY_NETWORK, k->id, sizeof(k->id), value, w.len, 0);
}

int
network_recall(struct mesh *m, const uint8_t *key, size_t key_len, const uint8_t *value,
    size_t value_len)
{
	struct rd r = rd_init(value, value_len);
	struct network k = { .blocked_at = rd_u64(&r) };

	if (value_len != ROW_LEN_BLOCKED) {
		k.timed_at = rd_u64(&r);
		k.life.s = rd_u8(&r);
		k.life.below_s = rd_u8(&r);
		k.life.known = k.timed_at != 0;
	}
	if (key_len != NETWORK_ID_LEN || rd_end(&r) < 0 || noted_at(&k) == 0 ||
	    (k.life.known && k.life.s == 0))
		return ERR_FORMAT;
	memcpy(k.id, key, NETWORK_ID_LEN);
	m->networks.known[row_of(&m->networks, k.id)] = k;
	return 0;
}

bool
network_is_blocked(const struct mesh *m, usec_t wall)
{
	const struct network *k = here(m);

	return k != NULL && is_believed(k->blocked_at, wall);
}

/* Said again and again while it is so, and written rarely. */
void
network_blocked(struct mesh *m, usec_t wall, struct outbox *out)
{
	struct network *k;

	if (network_is_blocked(m, wall) && wall < here(m)->blocked_at + NETWORK_KEPT / 2)
		return;
	k = claim(m, m->networks.id, out);
	k->blocked_at = wall;
	remember(k, out);
}

void
network_unblocked(struct mesh *m, usec_t wall, struct outbox *out)
{
	struct network *k;

	if (!network_is_blocked(m, wall))
		return;
	k = claim(m, m->networks.id, out);
	k->blocked_at = 0;
	if (noted_at(k) == 0)
		forget(k, out);
	else
		remember(k, out);
}

const struct netcheck_life *
network_life(const struct mesh *m, usec_t wall, struct ip public)
{
	uint8_t id[NETWORK_ID_LEN];
	const struct network *k;

	name_outside(m, public, id);
	k = look_up(m, id);
	return k != NULL && is_believed(k->timed_at, wall) ? &k->life : NULL;
}

void
network_timed(struct mesh *m, usec_t wall, struct ip public, const struct netcheck_life *life,
    struct outbox *out)
{
	uint8_t id[NETWORK_ID_LEN];
	struct network *k;

	name_outside(m, public, id);
	k = claim(m, id, out);
	k->timed_at = wall;
	k->life = *life;
	remember(k, out);
}
