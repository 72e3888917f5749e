/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * relaying.c - circuits between two clients, each through the session that it has with us.
 */
#include "lighthouse/beacon_impl.h"

#include <string.h>

static void
send_relay_end(struct beacon *b, struct instant now, struct client *cl, enum frame_type type,
    uint32_t circuit, enum relay_code code, struct outbox *out)
{
	uint8_t frame[FRAME_HEADER + 5];
	struct relay_end e = { .circuit = circuit, .code = (uint8_t)code };

	client_send(b, now, cl, frame, relay_end_encode(frame, sizeof(frame), type, &e), out);
}

static void
trace_circuit(const struct beacon *b, const struct client *cl, const uint8_t other_key[static 32],
    enum trace_what what, enum relay_code code, struct outbox *out)
{
	const struct client *other = client_get(b, other_key);
	struct trace_fact f = client_fact(cl, what, TRACE_DEBUG);

	f.code = code;
	if (other != NULL)
		memcpy(f.other, other->name, sizeof(other->name));
	outbox_trace(out, &f);
}

void
relaying_circuit_over(struct beacon *b, struct instant now, const struct circuit_end *end,
    const uint8_t other[static 32], enum relay_code code, struct outbox *out)
{
	struct client *cl = client_get(b, end->key);

	if (cl == NULL || !client_reachable(cl, now))
		return;
	send_relay_end(b, now, cl, FRAME_RELAY_CLOSE, end->number, code, out);
	trace_circuit(b, cl, other, TRACE_CIRCUIT_CLOSE, code, out);
}

static void
send_incoming(struct beacon *b, struct instant now, struct client *cl, uint32_t circuit,
    const uint8_t from[static 32], struct outbox *out)
{
	uint8_t frame[FRAME_HEADER + 36];
	struct relay_open o = { .circuit = circuit };

	memcpy(o.key, from, sizeof(o.key));
	client_send(b, now, cl, frame,
	    relay_open_encode(frame, sizeof(frame), FRAME_RELAY_INCOMING, &o), out);
}

/* Opens, or opens again, and tells the other side. */
static enum relay_code
open_circuit(struct beacon *b, struct instant now, struct client *cl, const struct relay_open *o,
    struct outbox *out)
{
	const struct member *m = answer_current(b, now, members_get(b->members, o->key));
	struct client *other;
	struct circuit_end end;
	int r;

	if (m == NULL)
		return RELAY_ABSENT;
	if (m->flags & CERT_STOCK)
		return RELAY_DENIED;
	other = client_get(b, o->key);
	if (other == NULL || !client_reachable(other, now)) {
		client_wake(b, now, m, out);
		return RELAY_ABSENT;
	}
	r = circuits_open(b->circuits, now.mono, cl->key, o->circuit, o->key, &end);
	if (r == 0) {
		send_incoming(b, now, other, end.number, cl->key, out);
		trace_circuit(b, cl, o->key, TRACE_CIRCUIT_OPEN, RELAY_OK, out);
	}
	return circuits_code(r);
}

int
relaying_on_open(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	uint8_t frame[FRAME_HEADER + 5];
	struct relay_open o;
	struct relay_end e;

	if (relay_open_decode(&o, f) < 0)
		return ERR_FORMAT;
	if (!b->relay) {
		answer_error(b, h, cl, ERROR_NOT_HERE, f->type, o.circuit, out);
		return 0;
	}
	e.circuit = o.circuit;
	e.code = (uint8_t)open_circuit(b, h->now, cl, &o, out);
	answer_request(b, h, cl, frame,
	    relay_end_encode(frame, sizeof(frame), FRAME_RELAY_OPENED, &e), out);
	return 0;
}

int
relaying_on_close(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	struct circuit_end other;
	struct relay_end e;

	if (relay_end_decode(&e, f) < 0)
		return ERR_FORMAT;
	if (circuits_close(b->circuits, cl->key, e.circuit, e.code, &other) == 0)
		relaying_circuit_over(b, h->now, &other, cl->key, RELAY_CLOSED, out);
	return 0;
}

/* Once a second: a client that lost track floods us, not we it. */
static void
no_such_circuit(struct beacon *b, const struct heard *h, struct client *cl, uint32_t circuit,
    struct outbox *out)
{
	if (bucket_take(&cl->complaints, h->now.mono, 1, 4, 1))
		send_relay_end(b, h->now, cl, FRAME_RELAY_CLOSE, circuit, RELAY_NO_SUCH, out);
}

/* Opened from one session, sealed into the other, where it lies. */
int
relaying_on_data(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	struct relay_data d;
	struct circuit_hop hop;
	struct client *other;
	size_t len = FRAME_HEADER + f->len;
	int r;

	if (relay_data_decode(&d, f) < 0 || outer_check(d.datagram, d.len) < 0)
		return ERR_FORMAT;
	r = circuits_pass(b->circuits, h->now.mono, cl->key, d.circuit, len, &hop);
	if (r == ERR_UNKNOWN)
		no_such_circuit(b, h, cl, d.circuit, out);
	other = r == 0 ? client_get(b, hop.to.key) : NULL;
	if (other == NULL || !client_reachable(other, h->now))
		return 0;
	if (hop.announce)
		send_incoming(b, h->now, other, hop.to.number, hop.from_key, out);
	client_seal(b, h->now, other, relay_data_wrap(d.datagram, d.len, hop.to.number), len, out);
	return 0;
}
