/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * life.c - how a node begins and ends, what it remembers, and what its operator tells it.
 */
#include "node/mesh_impl.h"

#include <errno.h>
#include <stdlib.h>

static int
copy_bytes(struct cert_bytes *to, const struct cert_bytes *from)
{
	if (from->len > sizeof(to->p))
		return ERR_FORMAT;
	*to = *from;
	return 0;
}

static int
add_roots(struct mesh *m, const struct mesh_config *c, struct instant now, struct err *e)
{
	enum breach why = BREACH_NONE;
	int r;

	if (c->root_count == 0)
		return err_set(e, ERR_UNKNOWN, "the bundle holds no CA certificate; ask for a new one");
	for (size_t i = 0; i < c->root_count; i++) {
		r = trust_add(m->trust, c->roots[i].p, c->roots[i].len, now.wall, &why);
		if (r < 0)
			return err_set(e, r, "CA certificate %zu of the bundle %s", i + 1,
			    breach_reason(r, why));
	}
	return 0;
}

static int
take_identity(struct mesh *m, const struct mesh_config *c, struct instant now, struct err *e)
{
	struct verified v;
	enum breach why = BREACH_NONE;
	int r;

	if (noise_identity_init(&m->self, c->private_key) < 0 ||
	    copy_bytes(&m->cert_bytes, &c->cert) < 0 || copy_bytes(&m->issuing, &c->issuing) < 0)
		return err_set(e, ERR_FORMAT, "the key or certificate of this node is damaged");
	r = trust_own(m->trust, m->cert_bytes.p, m->cert_bytes.len,
	    m->issuing.len > 0 ? m->issuing.p : NULL, m->issuing.len, now.wall, &v, &why);
	if (r < 0)
		return err_set(e, r, "the certificate of this node %s; ask for a new one, and check "
		    "the clock of this machine", breach_reason(r, why));
	if (!crypto_equal(v.cert.key, m->self.public, sizeof(v.cert.key)))
		return err_set(e, ERR_CONFLICT,
		    "the certificate of this node belongs to another private key");
	m->cert = v.cert;
	m->valid_until = v.valid_until;
	members_reserve(m->members, &m->cert);
	renew_begin(m, now, &v, false);
	return 0;
}

/* Hash tables, each with a key of its own. */
static void
init_tables(struct mesh *m)
{
	uint8_t key[16];

	rng_fill(&m->rng, key, sizeof(key));
	table_init(&m->by_key, key, 32, m->peers_max);
	rng_fill(&m->rng, key, sizeof(key));
	table_init_random(&m->by_index, 4 * m->peers_max);
	table_init(&m->endpoints, key, 32, ENDPOINTS_MAX);
	rng_fill(&m->rng, key, sizeof(key));
	route_init(&m->routes, key, m->peers_max);
	rng_fill(&m->rng, key, sizeof(key));
	firewall_init(&m->firewall, key);
	rng_fill(&m->rng, key, sizeof(key));
	target_limit_init(&m->targets, key);
	finder_init(&m->finder, &m->rng);
}

static void
take_settings(struct mesh *m, const struct mesh_settings *s)
{
	m->allow_all = s->allow_all;
	memcpy(m->accept_routes, s->accept_routes, sizeof(m->accept_routes));
	m->accept_route_count = s->accept_route_count;
	firewall_configure(&m->firewall, s);
}

static int
fill(struct mesh *m, const struct mesh_config *c, struct instant now, struct err *e)
{
	unsigned load = c->handshakes_per_second != 0 ? c->handshakes_per_second :
							DOOR_LOAD_DEFAULT;
	uint8_t key[16];
	int r;

	init_tables(m);
	network_changed(m);
	m->trust = trust_new(&m->rng);
	m->members = members_new(&m->rng, MEMBERS_NODE_MAX);
	m->spread = m->trust != NULL ? spread_new(m->trust) : NULL;
	m->lobby = lobby_new(&m->cert, &m->rng);
	if (m->spread == NULL || m->members == NULL || m->lobby == NULL)
		return err_set(e, -ENOMEM, "not enough memory");
	r = add_roots(m, c, now, e);
	if (r >= 0)
		r = take_identity(m, c, now, e);
	if (r < 0)
		return r;
	rng_fill(&m->rng, key, sizeof(key));
	relay_init(&m->relaying, m->self.public, key, &m->rng);
	m->door = door_new(&m->self, m->trust, m->members, &m->rng, load, m->peers_max);
	if (m->door == NULL)
		return err_set(e, -ENOMEM, "not enough memory");
	if (c->has_psk)
		memcpy(m->psk, c->psk, sizeof(m->psk));
	take_settings(m, &c->settings);
	carry_configure(m, now, &c->settings, NULL);
	lan_configure(m, now, &c->settings);
	if (r >= 0)
		r = members_pin(m->members, &c->pins);
	if (r < 0)
		return err_set(e, r, "not enough memory");
	for (size_t i = 0; i < c->lighthouse_count && r >= 0; i++)
		r = landmarks_take(m, &c->lighthouses[i], now, e);
	return r;
}

int
mesh_new(struct mesh **ret, const struct mesh_config *c, const struct rng *rng, struct instant now,
    struct err *e)
{
	struct mesh *m = calloc(1, sizeof(*m));
	int r;

	if (m == NULL)
		return err_set(e, -ENOMEM, "not enough memory");
	m->rng = *rng;
	m->peers_max = c->peers_max != 0 ? c->peers_max : PEERS_MAX_DEFAULT;
	m->caps = c->caps;
	m->candidates_seq = 1;
	m->keepalive = PATH_KEEPALIVE_MIN;
	m->deferral = c->deferral;
	r = fill(m, c, now, e);
	if (r < 0) {
		mesh_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

static void
free_endpoints(struct mesh *m)
{
	size_t cursor = 0;
	struct endpoints *row;

	while ((row = table_next(&m->endpoints, &cursor, NULL)) != NULL)
		free(row);
	table_free(&m->endpoints);
}

void
mesh_free(struct mesh *m)
{
	if (m == NULL)
		return;
	for (uint32_t i = 0; i < m->peer_count; i++)
		peer_free(m->peers[i]);
	free(m->peers);
	door_free(m->door);
	spread_free(m->spread);
	runs_wipe(m);
	lobby_free(m->lobby);
	letters_wipe(&m->letters);
	members_free(m->members);
	trust_free(m->trust);
	free_endpoints(m);
	finder_wipe(&m->finder);
	introductions_wipe(&m->introductions);
	relay_wipe(&m->relaying);
	carry_wipe(m);
	lan_wipe(m);
	free(m->vouching);
	registrar_free(m->registrar);
	sockets_wipe(&m->sockets);
	firewall_wipe(&m->firewall);
	route_wipe(&m->routes);
	table_free(&m->by_key);
	table_free(&m->by_index);
	heap_free(&m->timers);
	crypto_wipe(m, sizeof(*m));
	free(m);
}

/*
 * What was remembered
 */

static int
recall_endpoint(struct mesh *m, const uint8_t *key, size_t key_len, const uint8_t *value,
    size_t value_len)
{
	struct rd r = rd_init(value, value_len);
	struct endpoints row = { .wall = rd_u64(&r), .count = rd_u8(&r) };
	struct endpoints *kept;

	if (key_len != sizeof(row.key) || row.count > ENDPOINTS_OF_PEER)
		return ERR_FORMAT;
	memcpy(row.key, key, sizeof(row.key));
	for (size_t i = 0; i < row.count; i++) {
		row.at[i].family = rd_u8(&r);
		(void)rd_u8(&r);
		row.at[i].port = rd_u16(&r);
		rd_bytes(&r, row.at[i].ip, sizeof(row.at[i].ip));
		if (row.at[i].family != FAMILY_V4 && row.at[i].family != FAMILY_V6)
			return ERR_FORMAT;
	}
	if (rd_end(&r) < 0)
		return rd_end(&r);
	kept = table_get(&m->endpoints, key);
	if (kept == NULL) {
		kept = malloc(sizeof(*kept));
		if (kept == NULL || table_put(&m->endpoints, key, kept) < 0) {
			free(kept);
			return ERR_FULL;
		}
	}
	*kept = row;
	return 0;
}

static int
recall_clock(struct mesh *m, const uint8_t *value, size_t value_len)
{
	struct rd r = rd_init(value, value_len);
	uint64_t reserved = rd_u64(&r);
	uint64_t newest = rd_u64(&r);

	if (rd_end(&r) < 0)
		return rd_end(&r);
	noise_clock_init(&m->clock, reserved);
	trust_saw(m->trust, newest);
	return 0;
}

int
mesh_recall(struct mesh *m, struct instant now, enum memory_table table, const uint8_t *key,
    size_t key_len, const uint8_t *value, size_t value_len)
{
	assert(!m->started);
	switch (table) {
	case MEMORY_MEMBER:
		return members_recall(
		    m->members, m->trust, key, key_len, value, value_len, now.wall, NULL);
	case MEMORY_ENDPOINT:
		return recall_endpoint(m, key, key_len, value, value_len);
	case MEMORY_STATE:
		return spread_recall(m->spread, now, key, key_len, value, value_len);
	case MEMORY_CLOCK:
		return recall_clock(m, value, value_len);
	case MEMORY_NETWORK:
		return network_recall(m, key, key_len, value, value_len);
	case MEMORY_STUDY:
		return lobby_recall(m->lobby, now.mono, key, key_len, value, value_len);
	default:
		return ERR_UNKNOWN;
	}
}

/* The peers that were reached lately are called again, without waiting for anybody's traffic. */
static void
call_recent(struct mesh *m, struct instant now, struct outbox *out)
{
	const struct endpoints *row;
	size_t cursor = 0;

	while ((row = table_next(&m->endpoints, &cursor, NULL)) != NULL) {
		const struct member *member = members_get(m->members, row->key);
		struct peer *p;

		if (member == NULL || member->superseded || row->wall + RECENT_PEERS < now.wall)
			continue;
		p = roster_peer(m, now, member, out);
		if (p == NULL || p->lighthouse != NULL)
			continue;
		p->used_at = now.mono;
		channel_want(p->channel, now.mono);
		upkeep_due(m, p, now.mono);
	}
}

void
mesh_start(struct mesh *m, struct instant now, struct outbox *out)
{
	m->started = true;
	m->housekeeping_due = now.mono + HOUSEKEEPING_EVERY;
	relays_look(m, now, 0);
	lan_changed(m, now);
	landmarks_add(m, now, out);
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		struct peer *p = m->lighthouses[i].peer;

		channel_want(p->channel, now.mono);
		upkeep_due(m, p, now.mono);
	}
	call_recent(m, now, out);
	streams_network_changed(m, now);
	lan_changed(m, now);
	mesh_tick(m, now, out);
}

/*
 * Goodbye to every peer that is connected, or to those alone that relay nothing: relayed goodbyes go
 * through sessions with relays, which end last. False when the outbox has no room for more.
 */
static bool
say_goodbye(struct mesh *m, struct instant now, bool relays_too, struct outbox *out)
{
	for (uint32_t i = 0; i < m->peer_count; i++) {
		struct peer *p = m->peers[i];

		if (!channel_ready(p->channel, now) || p->lighthouse != NULL ||
		    (p->has_relayed && !relays_too))
			continue;
		if (outbox_half_full(out))
			return false;
		speak_close(m, now, p, CLOSE_STOP, out);
		roster_end(m, p);
	}
	return true;
}

bool
mesh_close(struct mesh *m, struct instant now, struct outbox *out)
{
	runs_close(m, now, out);
	if (!say_goodbye(m, now, false, out) || !say_goodbye(m, now, true, out))
		return true;
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		struct peer *p = m->lighthouses[i].peer;

		if (channel_ready(p->channel, now))
			speak_close(m, now, p, CLOSE_STOP, out);
		roster_end(m, p);
	}
	noise_clock_settle(&m->clock);
	reach_remember_clock(m, out);
	return false;
}

/*
 * What the machine and the operator say
 */

static bool
has_family(const struct mesh *m, uint8_t family)
{
	for (size_t i = 0; i < m->local_count; i++) {
		if (m->local[i].family == family)
			return true;
	}
	return false;
}

/* Where nothing is sent from any more, nobody sees us any more. */
static void
forget_observed(struct mesh *m)
{
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		if (!has_family(m, FAMILY_V4))
			m->lighthouses[i].observed[0] = (struct addr){ 0 };
		if (!has_family(m, FAMILY_V6))
			m->lighthouses[i].observed[1] = (struct addr){ 0 };
	}
}

void
mesh_net_changed(struct mesh *m, struct instant now, const struct addr *local, size_t n,
    struct outbox *out)
{
	struct addr kept[MESH_LOCAL_MAX];
	size_t count = 0;

	for (size_t i = 0; i < n && count < MESH_LOCAL_MAX; i++) {
		enum addr_class c = addr_class(&local[i]);

		if (c != ADDR_CLASS_LOOPBACK && c != ADDR_CLASS_UNUSABLE &&
		    c != ADDR_CLASS_LINK_LOCAL && !trust_in_overlay(m->trust, addr_ip(&local[i])))
			kept[count++] = local[i];
	}
	if (count == m->local_count && memcmp(kept, m->local, count * sizeof(kept[0])) == 0) {
		if (m->started) /* a route, or a link that leads elsewhere now */
			roam_shaken(m, now);
		return;
	}
	memcpy(m->local, kept, count * sizeof(kept[0]));
	m->local_count = count;
	network_changed(m);
	forget_observed(m);
	if (!m->started)
		return;
	roam_changed(m, now, out);
	measure_anew(m, now);
}

void
mesh_socket_opened(struct mesh *m, struct instant now, socket_id id, const struct addr *local,
    struct outbox *out)
{
	const struct extra_socket *e = sockets_find(&m->sockets, id);

	(void)out;
	if (e != NULL && e->peer != NULL)
		upkeep_due(m, e->peer, now.mono + 1);
	sockets_opened(&m->sockets, id, local);
	uplink_opened(m, now, id, local);
}

void
mesh_configure(struct mesh *m, struct instant now, const struct mesh_settings *s,
    struct outbox *out)
{
	take_settings(m, s);
	carry_configure(m, now, s, out);
	lan_configure(m, now, s);
	streams_retry(m, now);
}

int
mesh_want(struct mesh *m, struct instant now, const char *name, struct outbox *out)
{
	struct seek like = { .by = QUERY_BY_NAME, .introduce = true }, *seek;
	struct member *member;
	struct peer *p;

	if (!text_is_name(name, strlen(name)))
		return ERR_FORMAT;
	member = members_by_name(m->members, name);
	p = member == NULL ? NULL : roster_peer(m, now, member, out);
	if (p != NULL) {
		p->used_at = now.mono;
		reach_want(m, now, p, out);
		return 0;
	}
	name_copy(like.name, name);
	seek = finder_seek(&m->finder, now.mono, &like);
	if (seek != NULL && seek->state == SEEK_NOTHING) { /* a person asks again: ask anew */
		finder_drop(seek);
		(void)finder_seek(&m->finder, now.mono, &like);
	}
	return 0;
}

int
mesh_add_member(struct mesh *m, struct instant now, const uint8_t *cert, size_t cert_len,
    const uint8_t *issuing, size_t issuing_len, struct outbox *out, struct err *e)
{
	struct member *member, *loser = NULL;
	struct peer *peer;
	struct verified v;
	enum breach why = BREACH_NONE;
	int r = trust_verify(m->trust, cert, cert_len, issuing_len > 0 ? issuing : NULL,
	    issuing_len, now.wall, &v, &why);

	if (r < 0)
		return err_set(e, r, "the certificate %s", breach_reason(r, why));
	r = members_learn(m->members, &v, cert, cert_len, trust_now(m->trust, now.wall), out,
	    &member, &loser);
	if (r < 0)
		return err_set(e, r, "the certificate of %s is refused: its %s %s", v.cert.name,
		    r == ERR_PINNED ? "key" : "name or address", err_phrase(r));
	members_remember(member, out);
	if (r == LEARNED_REPLACED)
		acquaint_loser(m, now, loser, out);
	roster_sweep(m, now, out);
	peer = roster_peer(m, now, member, out);
	if (peer != NULL)
		roster_renew(m, now, peer, member, out);
	return 0;
}

int
mesh_add_endpoint(struct mesh *m, struct instant now, const char *name, const struct addr *at,
    struct outbox *out)
{
	const struct member *member = members_by_name(m->members, name);
	struct peer *p = member == NULL ? NULL : roster_peer(m, now, member, out);

	if (p == NULL)
		return ERR_UNKNOWN;
	(void)reach_candidate(m, now, p, at, ORIGIN_FIXED);
	return 0;
}
