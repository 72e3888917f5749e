/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * carry.c - the relay's side of RELAY_*, between two sessions of ours.
 */
#include "node/carry.h"
#include "node/mesh_impl.h"

/* Circuits at the most, of all clients together. */
#define CARRY_CIRCUITS_MAX 4096

bool
carry_on(const struct mesh *m)
{
	return m->carried != NULL;
}

bool
carry_is_ours(const struct mesh *m, const struct peer *peer, uint32_t number)
{
	return carry_on(m) && peer->lighthouse == NULL &&
	    (number & CIRCUIT_GREATER) == circuit_side(m->self.public, peer->key);
}

/* Can it be told something, and passed something? Only over a direct path of our own. */
static bool
is_client(const struct peer *p, struct instant now)
{
	return p != NULL && !p->stock && peer_is_direct(p) && channel_ready(p->channel, now);
}

static void
say_end(struct mesh *m, struct instant now, struct peer *peer, enum frame_type type,
    uint32_t circuit, enum relay_code code, struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_HEADER + 5);
	struct relay_end e = { .circuit = circuit, .code = (uint8_t)code };
	int n = room == NULL ? 0 : relay_end_encode(room, FRAME_HEADER + 5, type, &e);

	if (n > 0 && is_client(peer, now))
		(void)reach_seal(m, now, peer, peer_best(peer), room, (size_t)n, false, out);
}

static void
say_incoming(struct mesh *m, struct instant now, struct peer *peer, uint32_t circuit,
    const uint8_t from[static 32], struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_HEADER + 36);
	struct relay_open o = { .circuit = circuit };
	int n;

	if (room == NULL)
		return;
	memcpy(o.key, from, sizeof(o.key));
	n = relay_open_encode(room, FRAME_HEADER + 36, FRAME_RELAY_INCOMING, &o);
	if (n > 0)
		(void)reach_seal(m, now, peer, peer_best(peer), room, (size_t)n, true, out);
}

static void
trace_circuit(const struct mesh *m, const struct peer *peer, const uint8_t other_key[static 32],
    enum trace_what what, enum relay_code code, struct outbox *out)
{
	struct trace_fact f = fact_of(peer, what, TRACE_DEBUG);
	const struct peer *other = roster_by_key(m, other_key);

	f.code = code;
	if (other != NULL)
		name_copy(f.other, other->cert.name);
	outbox_trace(out, &f);
}

static void
circuit_over(struct mesh *m, struct instant now, const struct circuit_end *end,
    const uint8_t other[static 32], enum relay_code code, struct outbox *out)
{
	struct peer *peer = roster_by_key(m, end->key);

	if (!is_client(peer, now))
		return;
	say_end(m, now, peer, FRAME_RELAY_CLOSE, end->number, code, out);
	trace_circuit(m, peer, other, TRACE_CIRCUIT_CLOSE, code, out);
}

/*
 * Beginning and end
 */

/* Both ends of a circuit that is no more. */
static void
circuits_over(struct mesh *m, struct instant now, const struct circuit_end end[static 2],
    enum relay_code code, struct outbox *out)
{
	for (size_t i = 0; i < 2; i++)
		circuit_over(m, now, &end[i], end[1 - i].key, code, out);
}

static void
stop(struct mesh *m, struct instant now, struct outbox *out)
{
	struct circuit_end over[2];

	while (circuits_stop(m->carried, over))
		circuits_over(m, now, over, RELAY_STOP, out);
	carry_wipe(m);
}

void
carry_configure(struct mesh *m, struct instant now, const struct mesh_settings *s,
    struct outbox *out)
{
	bool wanted = (m->cert.flags & CERT_RELAY) != 0 && !s->no_relay;
	uint64_t rate = s->relay_rate != 0 ? s->relay_rate : CARRY_RATE;

	if (!wanted && carry_on(m))
		stop(m, now, out);
	else if (wanted && !carry_on(m)) /* without memory we do not relay */
		m->carried = circuits_new(m->self.public, &m->rng, CARRY_CIRCUITS_MAX, rate);
	else if (wanted)
		circuits_set_rate(m->carried, rate);
}

void
carry_wipe(struct mesh *m)
{
	circuits_free(m->carried);
	m->carried = NULL;
}

void
carry_left(struct mesh *m, struct instant now, const struct peer *peer, struct outbox *out)
{
	struct circuit_end other;

	while (carry_on(m) && circuits_leave(m->carried, peer->key, &other))
		circuit_over(m, now, &other, peer->key, RELAY_ABSENT, out);
}

void
carry_tick(struct mesh *m, struct instant now, struct outbox *out)
{
	struct circuit_end over[2];

	while (carry_on(m) && !outbox_half_full(out) &&
	    circuits_expire(m->carried, now.mono, over))
		circuits_over(m, now, over, RELAY_IDLE, out);
}

usec_t
carry_due(const struct mesh *m)
{
	return carry_on(m) ? circuits_next_due(m->carried) : 0;
}

/*
 * Opening
 */

/* A client asked for `key`, who is not here: it is called, so that the next question finds it. */
static void
wake(struct mesh *m, struct instant now, const uint8_t key[static 32], struct outbox *out)
{
	const struct member *member = members_get(m->members, key);
	struct peer *p = roster_by_key(m, key);

	if (p == NULL && member != NULL && !member->superseded)
		p = roster_peer(m, now, member, out);
	if (p == NULL)
		reach_look_up(m, now, key);
	else if (p->lighthouse == NULL && !p->stock)
		reach_want(m, now, p, out);
}

/* Opens, or opens again, and tells the other side. */
static enum relay_code
open_circuit(struct mesh *m, struct instant now, struct peer *peer, const struct relay_open *o,
    struct outbox *out)
{
	struct peer *other = roster_by_key(m, o->key);
	struct circuit_end end;
	int r;

	if (!carry_is_ours(m, peer, o->circuit) || (other != NULL && other->stock))
		return RELAY_DENIED;
	if (!is_client(other, now)) {
		if (bucket_take(&peer->wakes, now.mono, 1, CARRY_WAKES, 1))
			wake(m, now, o->key, out);
		return RELAY_ABSENT;
	}
	r = circuits_open(m->carried, now.mono, peer->key, o->circuit, o->key, &end);
	if (r == 0) {
		say_incoming(m, now, other, end.number, peer->key, out);
		trace_circuit(m, peer, o->key, TRACE_CIRCUIT_OPEN, RELAY_OK, out);
	}
	return circuits_code(r);
}

void
carry_hear_open(struct mesh *m, struct instant now, struct peer *peer, const struct path *path,
    const struct relay_open *o, struct outbox *out)
{
	enum relay_code code = path->kind == PATH_RELAY ? RELAY_DENIED
							: open_circuit(m, now, peer, o, out);

	say_end(m, now, peer, FRAME_RELAY_OPENED, o->circuit, code, out);
}

void
carry_hear_close(struct mesh *m, struct instant now, struct peer *peer, const struct relay_end *e,
    struct outbox *out)
{
	struct circuit_end other;

	if (circuits_close(m->carried, peer->key, e->circuit, e->code, &other) == 0)
		circuit_over(m, now, &other, peer->key, RELAY_CLOSED, out);
}

/*
 * Passing on
 */

/* Once a second: a client that lost track floods us, not we it. */
static void
no_such_circuit(struct mesh *m, struct instant now, struct peer *peer, uint32_t circuit,
    struct outbox *out)
{
	m->counts[MESH_NO_CIRCUIT]++;
	if (bucket_take(&peer->complaints, now.mono, 1, 4, 1))
		say_end(m, now, peer, FRAME_RELAY_CLOSE, circuit, RELAY_NO_SUCH, out);
}

void
carry_hear_data(struct mesh *m, struct instant now, struct peer *peer, const struct path *path,
    const struct relay_data *d, struct outbox *out)
{
	size_t len = RELAY_DATA_HEADER + d->len;
	struct circuit_hop hop;
	struct peer *other;
	int r;

	if (path->kind == PATH_RELAY || outer_check(d->datagram, d->len) < 0)
		return;
	r = circuits_pass(m->carried, now.mono, peer->key, d->circuit, len, &hop);
	if (r == ERR_UNKNOWN)
		no_such_circuit(m, now, peer, d->circuit, out);
	if (r < 0)
		return;
	other = roster_by_key(m, hop.to.key);
	if (other == NULL || !channel_ready(other->channel, now)) {
		if (circuits_close(m->carried, peer->key, d->circuit, RELAY_ABSENT, &hop.to) == 0)
			say_end(m, now, peer, FRAME_RELAY_CLOSE, d->circuit, RELAY_ABSENT, out);
		return;
	}
	if (!is_client(other, now)) /* for a moment it has no path that works */
		return;
	if (hop.announce)
		say_incoming(m, now, other, hop.to.number, hop.from_key, out);
	(void)reach_seal(m, now, other, peer_best(other),
	    relay_data_wrap(d->datagram, d->len, hop.to.number), len, true, out);
}
