/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lan.c - HERE said and heard.
 */
#include "node/lan.h"
#include "core/grow.h"
#include "core/here.h"
#include "node/mesh_impl.h"

#include <stdlib.h>

#define ANNOUNCE_EVERY (60 * USEC_PER_SEC)
#define ANNOUNCE_SOON  (20 * USEC_PER_MS)
#define LOOK_EVERY     (5 * USEC_PER_SEC)
#define ANSWER_EVERY   (5 * USEC_PER_SEC)
#define OPENED_RATE    20 /* a second */
#define OPENED_BURST   100

void
lan_configure(struct mesh *m, struct instant now, const struct mesh_settings *s)
{
	bool was_off = m->lan.off;

	m->lan.off = s->no_lan;
	if (was_off && !m->lan.off)
		lan_changed(m, now);
}

void
lan_wipe(struct mesh *m)
{
	free(m->lan.row);
	m->lan.row = NULL;
	m->lan.count = m->lan.room = 0;
}

static void
announce_after(struct mesh *m, struct instant now, usec_t delay)
{
	usec_t at = now.mono + delay;

	if (m->lan.off)
		return;
	m->lan.ask = true;
	m->lan.due = due_min(m->lan.due, at);
}

void
lan_changed(struct mesh *m, struct instant now)
{
	announce_after(m, now, ANNOUNCE_SOON);
}

void
lan_look(struct mesh *m, struct instant now)
{
	if (m->lan.asked_at == 0 || now.mono - m->lan.asked_at >= LOOK_EVERY)
		announce_after(m, now, 0);
}

/*
 * Saying
 */

/* The port of our main socket of a family, 0 for none. */
static uint16_t
port_of(const struct mesh *m, uint8_t family)
{
	for (size_t i = 0; i < m->local_count; i++) {
		if (m->local[i].family == family)
			return m->local[i].port;
	}
	return 0;
}

/* Under the root that our own chain ends in. */
static void
say(struct mesh *m, socket_id socket, const struct addr *to, uint8_t flags, struct outbox *out)
{
	uint8_t *room = outbox_room(out, HERE_MAX), key[32];
	struct here h = {
		.flags = flags,
		.port4 = port_of(m, FAMILY_V4),
		.port6 = port_of(m, FAMILY_V6),
		.cert = { .p = m->cert_bytes.p, .len = m->cert_bytes.len },
		.ca = { .p = m->issuing.len > 0 ? m->issuing.p : NULL, .len = m->issuing.len },
	};
	int n;

	if (room == NULL || (h.port4 | h.port6) == 0)
		return;
	here_key(key, trust_root(m->trust, 0)->fingerprint, m->psk);
	n = here_seal(room, HERE_MAX, key, &m->rng, &h);
	crypto_wipe(key, sizeof(key));
	if (n > 0)
		outbox_to_net(out, socket, to, room, (uint32_t)n);
}

static struct addr
group(const char *text)
{
	struct addr a = { 0 };

	if (addr_parse(&a, text, HERE_PORT) < 0)
		assert(false);
	return a;
}

static void
announce(struct mesh *m, struct instant now, struct outbox *out)
{
	struct addr v4 = group(HERE_GROUP4), v6 = group("[" HERE_GROUP6 "]");
	uint8_t flags = m->lan.ask ? HERE_ASK : 0;

	if (m->lan.ask)
		m->lan.asked_at = now.mono;
	m->lan.ask = false;
	m->lan.due = now.mono + rng_jitter(&m->rng, ANNOUNCE_EVERY);
	if (port_of(m, FAMILY_V4) != 0)
		say(m, SOCKET_LAN_V4, &v4, flags, out);
	if (port_of(m, FAMILY_V6) != 0)
		say(m, SOCKET_LAN_V6, &v6, flags, out);
}

void
lan_tick(struct mesh *m, struct instant now, struct outbox *out)
{
	if (due_reached(m->lan.due, now.mono)) {
		m->lan.due = 0;
		if (!m->lan.off)
			announce(m, now, out);
	}
}

usec_t
lan_due(const struct mesh *m)
{
	return m->lan.due;
}

/*
 * Hearing
 */

/* Do the first `n` bytes of an address agree with those of one of ours? */
static bool
is_beside_us(const struct mesh *m, const struct addr *at, size_t n)
{
	for (size_t i = 0; i < m->local_count; i++) {
		if (m->local[i].family == at->family && memcmp(m->local[i].ip, at->ip, n) == 0)
			return true;
	}
	return false;
}

/* Can it be an address of a link of ours, as far as addresses tell? */
static bool
is_local(const struct mesh *m, const struct addr *at)
{
	switch (addr_class(at)) {
	case ADDR_CLASS_PRIVATE:
	case ADDR_CLASS_LINK_LOCAL:
		return true;
	case ADDR_CLASS_PUBLIC:
		return is_beside_us(m, at, at->family == FAMILY_V6 ? 8 : 2);
	default:
		return false;
	}
}

static struct lan_row *
row_of(const struct mesh *m, const uint8_t key[static 32])
{
	for (size_t i = 0; i < m->lan.count; i++) {
		if (memcmp(m->lan.row[i].key, key, 32) == 0)
			return &m->lan.row[i];
	}
	return NULL;
}

/* A row for somebody new; the one that was silent for longest makes room. NULL without memory. */
static struct lan_row *
new_row(struct mesh *m, const uint8_t key[static 32])
{
	struct links *l = &m->lan;
	struct lan_row *row = grow(l->row, &l->room, l->count, sizeof(*l->row), LAN_ROWS_MAX);

	if (row != NULL) {
		l->row = row;
		row = &l->row[l->count++];
	} else if (l->count > 0) {
		row = l->row;
		for (size_t i = 1; i < l->count; i++) {
			if (l->row[i].heard_at < row->heard_at)
				row = &l->row[i];
		}
	}
	if (row != NULL) {
		*row = (struct lan_row){ 0 };
		memcpy(row->key, key, sizeof(row->key));
	}
	return row;
}

/* Opened with the key of any of our roots, of which there is more than one while one is replaced. */
static int
open_here(struct mesh *m, struct here *ret, uint8_t *msg, size_t len)
{
	const struct cert *root;
	int r = ERR_AUTH;

	for (size_t i = 0; (root = trust_root(m->trust, i)) != NULL && r == ERR_AUTH; i++) {
		uint8_t key[32];

		here_key(key, root->fingerprint, m->psk);
		r = here_open(ret, key, msg, len);
		crypto_wipe(key, sizeof(key));
	}
	return r;
}

/* A peer that has no direct path may have one here: it is tried at once. */
static void
try_there(struct mesh *m, struct instant now, struct peer *peer, const struct addr *at,
    struct outbox *out)
{
	socket_id socket = at->family == FAMILY_V6 ? SOCKET_V6 : SOCKET_V4;
	const uint8_t *attempt;
	struct path *path;
	struct way way;
	int n;

	(void)reach_candidate(m, now, peer, at, ORIGIN_HINT);
	path = peer_path_to(peer, socket, at);
	if (path == NULL || path_usable(path, now.mono))
		return;
	if (channel_ready(peer->channel, now)) {
		if (reach_may_try(m, now, peer, path, PING_LEN + DATA_MIN))
			speak_ping(m, now, peer, path, PING_LEN, out);
		return;
	}
	n = channel_attempt(peer->channel, now.mono, &attempt);
	if (n <= 0 || !reach_may_try(m, now, peer, path, (size_t)n))
		return;
	way = way_of(path);
	path->tries++;
	path->tx_unproven += (size_t)n;
	reach_send_copy(m, now, &way, attempt, (size_t)n, out);
}

static void
answer(struct mesh *m, struct instant now, struct lan_row *row, const struct addr *to,
    struct outbox *out)
{
	if (row->answered_at != 0 && now.mono - row->answered_at < ANSWER_EVERY)
		return;
	row->answered_at = now.mono;
	say(m, to->family == FAMILY_V6 ? SOCKET_V6 : SOCKET_V4, to, 0, out);
}

void
lan_heard(struct mesh *m, struct instant now, const struct addr *from, uint8_t *msg, size_t len,
    struct outbox *out)
{
	bool v6 = from->family == FAMILY_V6;
	const struct member *member;
	struct addr at = *from;
	struct lan_row *row;
	struct peer *peer;
	struct here h;

	if (m->lan.off || !is_local(m, from) ||
	    !bucket_take(&m->lan.opened, now.mono, OPENED_RATE, OPENED_BURST, 1) ||
	    open_here(m, &h, msg, len) < 0)
		return;
	at.port = v6 ? h.port6 : h.port4;
	if (at.port == 0 || reach_is_own(m, &at) ||
	    (h.cert.len == m->cert_bytes.len && memcmp(h.cert.p, m->cert_bytes.p, h.cert.len) == 0))
		return;
	member = acquaint_learn(m, now, h.cert, h.ca, out);
	if (member == NULL || crypto_equal(member->key, m->self.public, 32))
		return;
	row = row_of(m, member->key);
	if (row == NULL)
		row = new_row(m, member->key);
	if (row == NULL)
		return;
	row->at[v6] = at;
	row->heard_at = now.mono;
	if ((h.flags & HERE_ASK) != 0)
		answer(m, now, row, &at, out);
	peer = roster_by_key(m, member->key);
	if (peer != NULL)
		peer->same_site = true;
	if (peer != NULL && !peer->stock && !peer_is_direct(peer))
		try_there(m, now, peer, &at, out);
	acquaint_found(m, now, member, out);
}

bool
lan_knows(const struct mesh *m, const uint8_t key[static 32])
{
	return row_of(m, key) != NULL;
}

void
lan_recall(struct mesh *m, struct instant now, struct peer *peer)
{
	const struct lan_row *row = row_of(m, peer->key);

	for (size_t i = 0; row != NULL && i < 2; i++) {
		peer->same_site = true;
		if (row->at[i].family != FAMILY_NONE)
			(void)reach_candidate(m, now, peer, &row->at[i], ORIGIN_HINT);
	}
}
