/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tick.c - what a node does because it is time: it asks each of its parts that is due, and cleans
 * up behind peers and certificates that are over.
 */
#include "node/mesh_impl.h"

#define MEMBERS_EXPIRE_AT_ONCE 64

static void
circuits_tick(struct mesh *m, struct instant now, struct outbox *out)
{
	struct circuit *c;

	while (!outbox_half_full(out) && (c = relay_next_due(&m->relaying, now.mono)) != NULL) {
		if (relay_asked(c, now.mono))
			speak_relay_open(m, now, c, out);
		else
			speak_circuit_over(m, now, c->relay, c->id, out);
	}
}

static void
finder_tick(struct mesh *m, struct instant now, struct outbox *out)
{
	struct lighthouse *order[MESH_LIGHTHOUSES_MAX];
	size_t n = reach_lighthouses(m, order);
	struct seek *s;

	while (!outbox_half_full(out) && (s = finder_next_due(&m->finder, now.mono)) != NULL) {
		size_t asked = 0;

		if (s->state == SEEK_NOTHING) {
			mesh_nobody_knows(m, now, s, out);
			finder_drop(s);
			continue;
		}
		for (size_t i = 0; i < n && asked < finder_round_width(s); i++) {
			if (!channel_ready(order[i]->peer->channel, now))
				continue;
			speak_query(m, now, order[i]->peer, s, out);
			asked++;
		}
		if (asked == 0 || (s->round > 0 && s->unknown_at == 0)) {
			vouch_ask(m, now, s, out);
			lan_look(m, now);
		}
		if (!finder_asked(s, now.mono))
			mesh_nobody_knows(m, now, s, out);
	}
}

/* Peers that nobody has used for long go, one at a time; their certificates stay with members. */
static void
forget_idle(struct mesh *m, struct instant now, struct outbox *out)
{
	for (uint32_t i = 0; i < m->peer_count; i++) {
		struct peer *p = m->peers[i];
		usec_t last = max_u64(p->used_at, p->heard_at);

		if (p->lighthouse != NULL || p->stock || channel_ready(p->channel, now) ||
		    p->first != NULL || now.mono < p->introduced_until)
			continue;
		if (now.mono - last > PEER_FORGET_AFTER) {
			roster_forget(m, now, p, out);
			return;
		}
	}
}

/*
 * Certificates end, and with them the sessions of those who had them. Their addresses may be
 * somebody else's by now; but where a person told us of a peer, it stays for its next certificate.
 */
static void
end_expired(struct mesh *m, struct instant now, struct outbox *out)
{
	uint64_t unix_now = trust_now(m->trust, now.wall);

	for (uint32_t i = m->peer_count; i-- > 0;) {
		struct peer *p = m->peers[i];

		if (p->valid_until >= unix_now)
			continue;
		if (p->lighthouse != NULL || p->stock)
			roster_end(m, p);
		else
			roster_forget(m, now, p, out);
	}
}

/* A relay's word that a circuit is over may be lost; those that lead to no peer need not stay. */
static void
forget_stray_circuits(struct mesh *m)
{
	for (size_t i = m->relaying.count; i-- > 0 && m->relaying.count > CIRCUITS_MAX / 2;) {
		struct circuit *c = m->relaying.all[i];

		if (roster_by_key(m, c->key) == NULL)
			relay_close(&m->relaying, c);
	}
}

static void
housekeeping(struct mesh *m, struct instant now, struct outbox *out)
{
	if (!due_reached(m->housekeeping_due, now.mono))
		return;
	m->housekeeping_due = now.mono + HOUSEKEEPING_EVERY;
	(void)members_expire(
	    m->members, trust_now(m->trust, now.wall), MEMBERS_EXPIRE_AT_ONCE, out);
	end_expired(m, now, out);
	forget_idle(m, now, out);
	forget_stray_circuits(m);
	aim_sweep(m, out);
	sockets_sweep(&m->sockets, out);
}

static void
peers_tick(struct mesh *m, struct instant now, struct outbox *out)
{
	struct heap_item *item;

	while (!outbox_half_full(out) && (item = heap_first(&m->timers)) != NULL &&
	    item->due <= now.mono)
		upkeep_tick(m, now, CONTAINER_OF(item, struct peer, timer), out);
}

void
mesh_tick(struct mesh *m, struct instant now, struct outbox *out)
{
	/* A peer may want to be sought, and a question makes its lighthouse due. */
	roam_called(m, now, out);
	do {
		peers_tick(m, now, out);
		streams_tick(m, now, out);
		circuits_tick(m, now, out);
		relays_tick(m, now, out);
		carry_tick(m, now, out);
		lan_tick(m, now, out);
		state_tick(m, now, out);
		study_tick(m, now, out);
		runs_tick(m, now, out);
		finder_tick(m, now, out);
		measure_tick(m, now, out);
		registrar_tick(m, now, out);
		renew_tick(m, now, out);
		housekeeping(m, now, out);
	} while (due_reached(mesh_next_due(m), now.mono) && !outbox_half_full(out));
}

usec_t
mesh_next_due(const struct mesh *m)
{
	usec_t due = due_min(heap_next_due(&m->timers), m->housekeeping_due);

	due = due_min(due, due_min(m->streams.due, renew_due(m)));
	due = due_min(due, due_min(measure_due(m), registrar_due(m)));
	due = due_min(due, due_min(relay_due(&m->relaying), carry_due(m)));
	due = due_min(due, due_min(relays_due(m), lan_due(m)));
	due = due_min(due, due_min(state_due(m), lobby_due(m->lobby)));
	due = due_min(due, due_min(runs_due(m), m->letters.due));
	return due_min(due, finder_due(&m->finder));
}
