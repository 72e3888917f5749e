/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * greet.c - how a session begins: handshakes and cookies, the calls that open NATs before them, and
 * the first that is heard of a peer, or of a path to it.
 */
#include "node/mesh_impl.h"

/* Of one introduction: OPENs that are answered, and handshakes sent because one came. */
#define OPEN_ANSWERS_MAX  16
#define OPEN_ATTEMPTS_MAX 8

void
greet_confirmed(struct mesh *m, struct instant now, struct peer *peer, struct path *path,
    struct outbox *out)
{
	struct member *member = members_get(m->members, peer->key);

	/* Its timestamp was noted when it knocked; now it is worth the disk. */
	if (member != NULL)
		members_remember(member, out);
	path_handshaken(path, now.mono);
	upkeep_proven(m, now, peer, path, out);
	upkeep_session(m, now, peer, out);
}

void
greet_path(struct mesh *m, struct instant now, struct peer *peer, struct path *path,
    struct outbox *out)
{
	if (peer->stock) {
		/* WireGuard's rule: the newest authentic source is where the peer is. */
		path_handshaken(path, now.mono);
		upkeep_choose(m, now, peer, out);
		return;
	}
	if (!path_may_ask(path, now.mono))
		return;
	if (path_may_send(path, PING_LEN + DATA_MIN) &&
	    (!path_is_udp(path) || target_allow(&m->targets, now.mono, &path->remote)))
		speak_ping(m, now, peer, path, PING_LEN, out);
}

/* Whoever sent an initiation, as cookies and limits see it. */
static struct source
source_of(const struct mesh *m, const struct way *way)
{
	const struct circuit *c;

	if (way->relay == NULL)
		return source_direct(&way->addr);
	c = relay_get(&m->relaying, way->relay, way->circuit);
	return source_relayed(way->relay->key, c != NULL ? c->key : way->relay->key);
}

/* The peer that is to receive `member` under `index`; NULL: it may not come, or there is no room. */
static struct peer *
peer_for(struct mesh *m, struct instant now, const struct member *member, uint32_t index,
    struct outbox *out)
{
	struct peer *peer = roster_peer(m, now, member, out);

	if (peer == NULL || state_halts(m, now, member->flags))
		return NULL;
	return table_put(&m->by_index, &index, peer) < 0 ? NULL : peer;
}

static void
admit(struct mesh *m, struct instant now, const struct way *way, size_t len, struct visitor *v,
    struct outbox *out)
{
	uint8_t response[RESPONSE_LEN];
	uint32_t index = roster_index(m);
	struct peer *peer;
	struct path *path;

	acquaint_loser(m, now, v->loser, out);
	peer = peer_for(m, now, v->member, index, out);
	if (peer == NULL) {
		noise_wipe(&v->handshake);
		m->counts[MESH_UNREACHABLE]++;
		return;
	}
	if (v->certificate_new) {
		roster_renew(m, now, peer, v->member, out);
		members_remember(v->member, out);
	}
	door_forget(m->door, channel_accepted(peer->channel));
	if (channel_accept(peer->channel, now, index, &v->handshake, v->hash, response) < 0) {
		noise_wipe(&v->handshake);
		table_del(&m->by_index, &index);
		return;
	}
	roster_retire(m, peer);
	peer->heard_at = now.mono;
	door_remember(m->door, v->hash, peer);
	path = reach_path(m, now, peer, way, true);
	if (path != NULL)
		path->rx_bytes += len;
	reach_send_copy(m, now, way, response, sizeof(response), out);
	upkeep_due(m, peer, channel_next_due(peer->channel));
}

/* Whose certificate does not do, a person may want to know of. */
static void
say_refused(const struct way *way, int code, struct outbox *out)
{
	struct trace_fact f = {
		.what = TRACE_CERT_REFUSED,
		.level = TRACE_NOTICE,
		.at = way->addr,
		.code = code,
	};

	outbox_trace(out, &f);
}

void
greet_initiation(struct mesh *m, struct instant now, const struct way *way, const uint8_t *msg,
    size_t len, struct outbox *out)
{
	struct source from = source_of(m, way);
	uint8_t response[RESPONSE_LEN];
	struct knock k;
	struct peer *peer;

	switch (door_knock(m->door, now, &from, msg, len, out, &k)) {
	case DOOR_ADMITTED:
		admit(m, now, way, len, &k.visitor, out);
		break;
	case DOOR_COPY:
		peer = k.owner;
		if (channel_copy(peer->channel, now.mono, k.hash, response) < 0)
			break;
		(void)reach_path(m, now, peer, way, true);
		reach_send_copy(m, now, way, response, sizeof(response), out);
		break;
	case DOOR_COOKIE:
		reach_send_copy(m, now, way, k.cookie, sizeof(k.cookie), out);
		break;
	case DOOR_CONFLICT:
	case DOOR_CERTIFICATE:
	case DOOR_EXPIRED:
		say_refused(way, k.code, out);
		break;
	default:
		break;
	}
}

void
greet_response(struct mesh *m, struct instant now, const struct way *way, const uint8_t *msg,
    struct outbox *out)
{
	uint32_t index = le32(msg + RESPONSE_RECEIVER);
	struct peer *peer = table_get(&m->by_index, &index);
	struct path *path;
	bool tried;

	if (peer == NULL) {
		m->counts[MESH_NO_SESSION]++;
		return;
	}
	if (state_halts(m, now, peer->cert.flags) ||
	    channel_response(peer->channel, now, msg) < 0) {
		m->counts[MESH_NOT_AUTHENTIC]++;
		return;
	}
	roster_retire(m, peer);
	tried = reach_path(m, now, peer, way, false) != NULL;
	path = reach_path(m, now, peer, way, true);
	peer->heard_at = now.mono;
	if (path != NULL && (tried || peer->stock)) {
		path_handshaken(path, now.mono);
		upkeep_proven(m, now, peer, path, out);
	}
	upkeep_session(m, now, peer, out);
}

void
greet_cookie(struct mesh *m, struct instant now, const uint8_t *msg, struct outbox *out)
{
	uint32_t index = le32(msg + COOKIE_RECEIVER);
	struct peer *peer = table_get(&m->by_index, &index);

	if (peer != NULL && channel_cookie(peer->channel, now.mono, msg) == 0)
		upkeep_tick(m, now, peer, out);
}

/*
 * An OPEN of the introduction `i` that was made with `key`. Whoever has seen one can send it again,
 * in anybody's name: so only a few are answered, and few handshakes follow.
 */
static void
opened(struct mesh *m, struct instant now, struct peer *peer, struct introduction *i,
    const uint8_t key[static 32], const struct way *way, const uint8_t *msg, struct outbox *out)
{
	struct path *path = reach_path(m, now, peer, way, true);
	uint8_t answer[OPEN_LEN];
	const uint8_t *attempt;
	int n;

	if (path == NULL)
		return;
	path->rx_bytes += OPEN_LEN;
	path->tries = 0;
	if (msg[OPEN_DIRECTION] == OPEN_CALL && i->answers < OPEN_ANSWERS_MAX) {
		i->answers++;
		noise_open_make(answer, key, OPEN_ANSWER, i->id);
		reach_send_copy(m, now, way, answer, sizeof(answer), out);
	}
	if (channel_ready(peer->channel, now)) {
		greet_path(m, now, peer, path, out);
		return;
	}
	n = channel_attempt(peer->channel, now.mono, &attempt);
	if (n > 0 && i->attempts < OPEN_ATTEMPTS_MAX &&
	    target_allow(&m->targets, now.mono, &way->addr)) {
		i->attempts++;
		path->tries++;
		reach_send_copy(m, now, way, attempt, (size_t)n, out);
	}
}

void
greet_open(struct mesh *m, struct instant now, const struct way *way, const uint8_t *msg,
    struct outbox *out)
{
	struct introduction *i =
	    introductions_find(&m->introductions, now.mono, msg + OPEN_ID);
	struct peer *peer = i == NULL ? NULL : roster_by_key(m, i->key);
	uint8_t key[32];

	if (way->relay == NULL && measure_knocked(m, msg))
		return;
	if (peer == NULL || way->relay != NULL) {
		m->counts[MESH_BAD_OPEN]++;
		return;
	}
	/* Two lighthouses may introduce the same two, so it need not be the one that we call by. */
	noise_open_key(key, channel_remote(peer->channel), i->id);
	if (noise_open_valid(key, msg))
		opened(m, now, peer, i, key, way, msg, out);
	else
		m->counts[MESH_BAD_OPEN]++;
	crypto_wipe(key, sizeof(key));
}
