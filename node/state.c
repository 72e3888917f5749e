/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state.c - the network state in a node: got from whoever has it, passed on, and obeyed.
 *
 * When another state is in force, every peer is looked at: a revoked one is told so and forgotten,
 * its keys with it, and the others are told of the state. Then all members whose certificates are
 * held are looked at, for nobody revoked is to be called or let in later. It is done in slices, so
 * that packets pass in between.
 */
#include "core/netstate.h"
#include "node/mesh_impl.h"
#include "node/view.h"

#define SLICE	    512
#define SLICE_EVERY USEC_PER_MS

/* A root that was rotated may end before a certificate that it signed does, and that ends then. */
static bool
is_revoked(const struct mesh *m, struct instant now, struct member *member)
{
	struct verified v;
	int rc = trust_verify(m->trust, member_host(member), member->host_len,
	    member_issuing(member), member->issuing_len, now.wall, &v, NULL);

	if (rc == 0)
		member->valid_until = v.valid_until;
	return rc == ERR_REVOKED;
}

/* A lighthouse of the bundle stays in the list of those, without a session and without hope. */
static void
put_out_peer(struct mesh *m, struct instant now, struct peer *peer, enum trace_what what,
    enum close_reason reason, struct outbox *out)
{
	struct trace_fact f = fact_of(peer, what, TRACE_NOTICE);

	if (channel_ready(peer->channel, now)) {
		outbox_trace(out, &f);
		speak_close(m, now, peer, reason, out);
	}
	if (peer->lighthouse == NULL) {
		roster_forget(m, now, peer, out);
		return;
	}
	carry_left(m, now, peer, out);
	relays_lost(m, now, peer, out);
	roster_end(m, peer);
	peer->valid_until = 0;
	channel_set_not_after(peer->channel, now, 0);
}

void
state_put_out(struct mesh *m, struct instant now, struct member *member, enum trace_what what,
    enum close_reason reason, struct outbox *out)
{
	struct peer *peer = roster_by_key(m, member->key);

	runs_lost(m, now, member->key, out);
	if (peer != NULL)
		put_out_peer(m, now, peer, what, reason, out);
	members_drop(m->members, member, out);
}

static void
put_out(struct mesh *m, struct instant now, struct member *member, struct outbox *out)
{
	state_put_out(m, now, member, TRACE_REVOKED, CLOSE_REVOKED, out);
}

static void
tell(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	uint8_t *room;

	if (peer->stock || !channel_ready(peer->channel, now) ||
	    !spread_lags(m->spread, &peer->state))
		return;
	room = outbox_room(out, FRAME_MAX);
	if (room != NULL)
		speak_frame(m, now, peer, room, spread_adv(m->spread, room, FRAME_MAX), false, out);
}

static void
visit_peer(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct member *member = members_get(m->members, peer->key);

	if (member != NULL && is_revoked(m, now, member)) {
		put_out(m, now, member, out);
		return;
	}
	if (member != NULL && member->valid_until < peer->valid_until)
		peer_renew(peer, now, member);
	tell(m, now, peer, out);
}

/* From the last to the first, since the last takes the place of one that goes. */
static void
walk(struct mesh *m, struct instant now, struct outbox *out)
{
	struct state_walk *w = &m->walk;
	unsigned n = 0;

	w->peers = (uint32_t)min_u64(w->peers, m->peer_count);
	for (; w->peers > 0 && n < SLICE && !outbox_half_full(out); n++)
		visit_peer(m, now, m->peers[--w->peers], out);
	/* Some may have gone with their sessions. */
	w->members = (uint32_t)min_u64(w->members, members_count(m->members));
	for (; w->members > 0 && w->peers == 0 && n < SLICE && !outbox_half_full(out); n++) {
		struct member *member = members_at(m->members, --w->members);

		if (is_revoked(m, now, member))
			put_out(m, now, member, out);
	}
	w->due = w->peers + w->members > 0 ? now.mono + SLICE_EVERY : 0;
}

static bool
own_revoked(const struct mesh *m, struct instant now)
{
	struct verified v;

	return renew_own(m, now, &v) == ERR_REVOKED;
}

/* Is it about us? Others end our sessions; we say why, and hope for another certificate. */
static void
look_at_ourselves(struct mesh *m, struct instant now, struct outbox *out)
{
	struct trace_fact f = { .what = TRACE_REVOKED_OURSELVES, .level = TRACE_WARNING };
	bool was = m->revoked;

	m->revoked = own_revoked(m, now);
	if (m->revoked && !was)
		outbox_trace(out, &f);
}

static void
ask(struct mesh *m, struct instant now, const struct pull_ask *a, struct outbox *out)
{
	struct peer *peer = roster_by_key(m, a->key);
	uint8_t *room;

	if (peer == NULL || !channel_ready(peer->channel, now) || peer_best(peer) == NULL) {
		spread_absent(m->spread, now, a->key);
		return;
	}
	room = outbox_room(out, FRAME_MAX);
	if (room != NULL)
		speak_frame(m, now, peer, room, blob_req_encode(room, FRAME_MAX, &a->req), false, out);
}

void
state_tick(struct mesh *m, struct instant now, struct outbox *out)
{
	struct pull_ask a;

	while (!outbox_half_full(out) && due_reached(spread_due(m->spread), now.mono) &&
	    spread_tick(m->spread, now, &a, out))
		ask(m, now, &a, out);
	if (m->walk.turn != spread_turn(m->spread)) {
		m->walk = (struct state_walk){ .turn = spread_turn(m->spread), .due = now.mono };
		m->walk.peers = m->peer_count;
		m->walk.members = members_count(m->members);
		look_at_ourselves(m, now, out);
		renew_rotated(m, now);
	}
	if (due_reached(m->walk.due, now.mono))
		walk(m, now, out);
}

usec_t
state_due(const struct mesh *m)
{
	if (m->walk.turn != spread_turn(m->spread))
		return 1; /* long ago */
	return due_min(m->walk.due, spread_due(m->spread));
}

bool
state_halts(const struct mesh *m, struct instant now, uint32_t flags)
{
	const uint32_t bring = CERT_LIGHTHOUSE | CERT_ENROL;

	return ((m->cert.flags | flags) & bring) == 0 && trust_state_halts(m->trust, now.wall);
}

void
state_said(struct mesh *m, struct instant now, struct peer *peer, const struct state_id *id,
    struct outbox *out)
{
	spread_says(m->spread, now, &peer->state, peer->key, peer->cert.name, id, out);
}

void
state_asked(struct mesh *m, struct instant now, struct peer *peer, const struct blob_req *q,
    struct outbox *out)
{
	uint32_t done = 0;
	int n;

	do {
		uint8_t *room = outbox_room(out, FRAME_MAX);

		if (room == NULL)
			return;
		n = spread_answer(m->spread, q, &done, room, FRAME_MAX);
		speak_frame(m, now, peer, room, n, false, out);
	} while (n > 0);
}

void
state_came(struct mesh *m, struct instant now, const struct peer *peer,
    const struct blob_part *part, struct outbox *out)
{
	spread_part(m->spread, now, peer->key, part, out);
}

void
state_registered(struct mesh *m, struct instant now, const struct peer *lighthouse,
    uint64_t version)
{
	spread_hints(m->spread, now, lighthouse->key, lighthouse->cert.name, version);
}

void
mesh_written(struct mesh *m, struct instant now, uint64_t ticket, struct outbox *out)
{
	spread_written(m->spread, now, ticket, out);
}

int
mesh_bring_state(struct mesh *m, struct instant now, const uint8_t *blob, size_t len,
    struct outbox *out, struct err *e)
{
	return spread_bring(m->spread, now, blob, len, out, e);
}

void
view_state(const struct mesh *m, struct instant now, struct view_state *ret)
{
	spread_view(m->spread, now, &ret->spread);
	ret->revoked = own_revoked(m, now);
	ret->halted = trust_state_halts(m->trust, now.wall);
}
