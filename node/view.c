/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * view.c - copies of what the engine knows, for people.
 */
#include "node/explain.h"
#include "node/mesh_impl.h"
#include "node/view.h"

static const char *const state_words[] = {
	[VIEW_PATH_NEW] = "new",
	[VIEW_PATH_PROBING] = "probing",
	[VIEW_PATH_VALID] = "valid",
	[VIEW_PATH_SUSPECT] = "suspect",
	[VIEW_PATH_DEAD] = "dead",
};

/* How we came to know an address. */
static const char *const origin_words[] = {
	[ORIGIN_GUESS] = "guess",
	[ORIGIN_HEARD] = "heard",
	[ORIGIN_HINT] = "hint",
	[ORIGIN_SEEN] = "seen",
	[ORIGIN_PEER] = "told",
	[ORIGIN_FIXED] = "given",
};

static const char *const count_names[MESH_COUNT] = {
	[MESH_BAD_OUTER] = "bad-outer",
	[MESH_NO_SESSION] = "no-session",
	[MESH_NOT_AUTHENTIC] = "not-authentic",
	[MESH_REPLAYED] = "replayed",
	[MESH_BAD_INNER] = "bad-inner",
	[MESH_BAD_SOURCE] = "bad-source",
	[MESH_NOT_FOR_US] = "not-for-us",
	[MESH_FILTERED] = "filtered",
	[MESH_NO_ROUTE] = "no-route",
	[MESH_TOO_BIG] = "too-big",
	[MESH_UNREACHABLE] = "unreachable",
	[MESH_BAD_FRAMES] = "bad-frames",
	[MESH_MUTED_FRAMES] = "muted-frames",
	[MESH_UNKNOWN_FRAMES] = "unknown-frames",
	[MESH_BAD_OPEN] = "bad-open",
	[MESH_NO_CIRCUIT] = "no-circuit",
	[MESH_HANDSHAKES] = "handshakes",
	[MESH_SWITCHES] = "path-switches",
	[MESH_HEDGED] = "hedged-packets",
	[MESH_HEDGED_BYTES] = "hedged-bytes",
};

const char *
view_path_state_word(enum view_path_state s)
{
	return state_words[s];
}

static enum view_path_state
state_of(enum path_state s)
{
	switch (s) {
	case PATH_PROBING:
		return VIEW_PATH_PROBING;
	case PATH_VALID:
		return VIEW_PATH_VALID;
	case PATH_SUSPECT:
		return VIEW_PATH_SUSPECT;
	case PATH_DEAD:
		return VIEW_PATH_DEAD;
	default:
		return VIEW_PATH_NEW;
	}
}

static void
fill_path(struct view_path *to, struct peer *peer, const struct path *p)
{
	*to = (struct view_path){
		.path = p->kind,
		.state = state_of(p->state),
		.in_use = p == peer_best(peer),
		.at = p->remote,
		.origin = origin_words[p->origin],
		.tries = p->tries,
		.held_until = p->held_until,
		.rtt = p->srtt,
		.rtt_var = p->rttvar,
		.loss_percent = path_loss_percent(p),
		.mtu = mtu_size(&p->mtu),
		.last_rx = p->last_rx,
		.last_tx = p->last_tx,
	};
	if (p->relay == NULL)
		return;
	name_copy(to->relay, p->relay->cert.name);
	if (peer_best(p->relay) != NULL)
		to->at = peer_best(p->relay)->remote;
}

/* The path in use comes first, then those that work, then the others. */
static unsigned
rank(struct peer *peer, const struct path *p)
{
	if (p == peer_best(peer))
		return 0;
	return p->state == PATH_VALID ? 1 : p->state == PATH_SUSPECT ? 2 : 3;
}

static void
fill_paths(struct view_peer *to, struct peer *peer)
{
	for (unsigned r = 0; r <= 3; r++) {
		for (size_t i = 0; i < PEER_PATHS_MAX && to->path_count < VIEW_PATHS_MAX; i++) {
			const struct path *p = &peer->paths[i];

			if (p->state != PATH_FREE && rank(peer, p) == r)
				fill_path(&to->paths[to->path_count++], peer, p);
		}
	}
}

static void
fill_peer(const struct mesh *m, struct instant now, struct peer *peer, struct view_peer *ret)
{
	struct channel_view c;

	memset(ret, 0, sizeof(*ret));
	channel_view(peer->channel, now, &c);
	name_copy(ret->name, peer->cert.name);
	memcpy(ret->key, peer->key, sizeof(ret->key));
	memcpy(ret->fingerprint, peer->cert.fingerprint, sizeof(ret->fingerprint));
	ret->serial = peer->cert.serial;
	ret->flags = peer->cert.flags;
	for (uint32_t i = 0; i < peer->cert.address_count && i < VIEW_IPS_MAX; i++)
		ret->ips[ret->ip_count++] = peer->cert.addresses[i].ip;
	ret->not_after = peer->valid_until;
	ret->connected = c.ready && peer->best != PEER_NO_PATH;
	ret->session_age = c.since != 0 ? now.mono - c.since : 0;
	ret->tx_bytes = peer->tx_bytes;
	ret->rx_bytes = peer->rx_bytes;
	ret->tx_packets = peer->tx_packets;
	ret->rx_packets = peer->rx_packets;
	ret->last_rx = peer->heard_at;
	ret->mtu = peer->mtu;
	memcpy(ret->version, peer->version, sizeof(ret->version));
	ret->clock_apart = peer->clock_apart;
	explain_peer(m, now, peer, &ret->why);
	ret->state_version = peer->state.has.version;
	ret->has_nat = peer->has_nat;
	ret->nat = peer->nat;
	if (peer->told != NULL)
		ret->there = *peer->told;
	fill_paths(ret, peer);
}

int
view_peer(const struct mesh *m, struct instant now, const char *name, struct view_peer *ret)
{
	struct peer *p = roster_by_name(m, name);

	if (p == NULL)
		return ERR_UNKNOWN;
	fill_peer(m, now, p, ret);
	return 0;
}

bool
view_peer_next(const struct mesh *m, struct instant now, const char *after, struct view_peer *ret)
{
	struct peer *next = NULL;

	for (uint32_t i = 0; i < m->peer_count; i++) {
		struct peer *p = m->peers[i];

		if (strcmp(p->cert.name, after) > 0 &&
		    (next == NULL || strcmp(p->cert.name, next->cert.name) < 0))
			next = p;
	}
	if (next == NULL)
		return false;
	fill_peer(m, now, next, ret);
	return true;
}

size_t
view_mappings(const struct mesh *m, struct mapping *ret, size_t cap)
{
	for (size_t i = 0; i < m->mapped_count && i < cap; i++)
		ret[i] = mapping_judged(m, &m->mapped[i]);
	return m->mapped_count;
}

size_t
view_routes(const struct mesh *m, struct view_route *ret, size_t cap)
{
	size_t n = 0;

	for (uint32_t i = 0; i < m->peer_count; i++) {
		struct peer *p = m->peers[i];
		const struct path *best = peer_best(p);

		for (uint32_t k = 0; k < p->cert.address_count; k++, n++) {
			if (n >= cap)
				continue;
			ret[n] = (struct view_route){
				.to = p->cert.addresses[k],
				.mtu = p->mtu,
				.path = best != NULL ? best->kind : PATH_NONE,
			};
			name_copy(ret[n].via, p->cert.name);
		}
	}
	for (size_t i = 0; i < m->routes.subnet_count; i++, n++) {
		const struct subnet *s = &m->routes.subnets[i];

		if (n >= cap)
			continue;
		ret[n] = (struct view_route){ .to = s->to, .mtu = s->via->mtu };
		name_copy(ret[n].via, s->via->cert.name);
		ret[n].path = peer_best(s->via) != NULL ? peer_best(s->via)->kind : PATH_NONE;
	}
	return n;
}

static void
fill_lighthouse(struct view_lighthouse *to, struct peer *p, const struct lighthouse *l)
{
	const struct path *best = peer_best(p);

	*to = (struct view_lighthouse){
		.at = best != NULL ? best->remote : p->paths[0].remote,
		.registered = l->registered,
		.over_tcp = best != NULL && best->kind == PATH_STREAM,
		.rtt = best != NULL ? best->srtt : 0,
		.observed = l->observed[best != NULL && best->remote.family == FAMILY_V6],
		.last_rx = p->heard_at,
	};
	name_copy(to->name, p->cert.name);
	if (p->cert.address_count > 0)
		to->ip = p->cert.addresses[0].ip;
}

/* The address with the length of the range of the network that it lies in. */
static struct prefix
in_network(const struct mesh *m, struct prefix own)
{
	struct prefix ranges[CERT_ADDRESSES_MAX];
	size_t n = trust_overlay(m->trust, ranges, ARRAY_LEN(ranges));

	for (size_t i = 0; i < n; i++) {
		if (prefix_contains(ranges[i], own.ip))
			own.len = ranges[i].len;
	}
	return own;
}

static void
count_peers(const struct mesh *m, struct instant now, struct view_status *ret)
{
	for (uint32_t i = 0; i < m->peer_count; i++) {
		struct peer *p = m->peers[i];
		const struct path *best = peer_best(p);

		if (p->lighthouse != NULL || best == NULL || !channel_ready(p->channel, now))
			continue;
		ret->peers_connected++;
		ret->peers_relayed += best->kind == PATH_RELAY;
		ret->peers_direct += best->kind != PATH_RELAY;
	}
}

static void
fill_relaying(const struct mesh *m, struct view_status *ret)
{
	struct circuits_totals t;

	ret->relays = carry_on(m);
	if (!ret->relays)
		return;
	t = circuits_totals(m->carried);
	ret->circuits = circuits_count(m->carried);
	ret->relayed_packets = t.packets;
	ret->relayed_bytes = t.bytes;
	ret->relay_dropped = t.dropped;
}

void
view_netcheck(const struct mesh *m, struct view_netcheck *ret)
{
	*ret = (struct view_netcheck){
		.found = m->netcheck,
		.told = m->nat,
		.running = measure_runs(m),
		.life_runs = netcheck_times(&m->measuring.run),
		.keepalive = m->keepalive,
	};
}

void
view_status(const struct mesh *m, struct instant now, struct view_status *ret)
{
	const struct cert *root = trust_root(m->trust, 0);

	memset(ret, 0, sizeof(*ret));
	name_copy(ret->name, m->cert.name);
	name_copy(ret->network, root->name);
	memcpy(ret->network_id, m->cert.network, sizeof(ret->network_id));
	memcpy(ret->fingerprint, m->cert.fingerprint, sizeof(ret->fingerprint));
	ret->serial = m->cert.serial;
	ret->not_after = m->cert.not_after;
	for (uint32_t i = 0; i < m->cert.address_count && i < VIEW_IPS_MAX; i++)
		ret->ips[ret->ip_count++] = in_network(m, m->cert.addresses[i]);
	ret->peers_known = members_count(m->members);
	count_peers(m, now, ret);
	ret->tx_bytes = m->tx_bytes;
	ret->rx_bytes = m->rx_bytes;
	ret->allow_all = m->allow_all;
	fill_relaying(m, ret);
	for (size_t i = 0; i < m->lighthouse_count; i++)
		fill_lighthouse(&ret->lighthouses[ret->lighthouse_count++],
		    m->lighthouses[i].peer, &m->lighthouses[i]);
}

size_t
view_counters(const struct mesh *m, struct view_counter *ret, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < MESH_COUNT; i++, n++) {
		if (n < cap)
			ret[n] = (struct view_counter){ count_names[i], m->counts[i] };
	}
	for (size_t i = 0; i < DOOR_COUNT; i++, n++) {
		if (n < cap)
			ret[n] = (struct view_counter){
				door_count_word((enum door_count)i),
				door_counter(m->door, (enum door_count)i),
			};
	}
	return n;
}
