/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * beacon.c - the way of a packet through a lighthouse, and its time.
 *
 *	beacon_from_net()  each datagram by type and length
 *	  on_initiation()    the door; a response, a copy of one, a cookie, or nothing
 *	  on_data()          find by index, open in place, note where it came from
 *	    answer_frame()     control frames (answer.c)
 *	    on_inner()         ICMP echo to ourselves; nothing else is forwarded
 */
#include "core/bytes.h"
#include "core/crypto.h"
#include "core/icmp.h"
#include "lighthouse/beacon_impl.h"
#include "lighthouse/stun.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RELAY_RATE          UINT64_C(125000000)
#define CIRCUITS_OF_CLIENTS 4 /* circuits in all, for each client that there may be */
#define EXPIRE_EVERY        (10 * USEC_PER_SEC)
#define UNPROVEN_FACTOR     3 /* times the bytes that came may go back where nobody is proven */
#define LOAD_SAID_EVERY     (60 * USEC_PER_SEC)
#define EXPIRE_AT_ONCE      512 /* members looked at */

/*
 * Beginning and end
 */

static int
trust_authorities(struct beacon *b, const struct beacon_config *c, struct instant now,
    struct err *e)
{
	enum breach why = BREACH_NONE;

	for (size_t i = 0; i < c->authority_count; i++) {
		int r =
		    trust_add(b->trust, c->authorities[i].p, c->authorities[i].len, now.wall, &why);

		if (r < 0)
			return err_set(e, r, "authority certificate %zu %s", i + 1,
			    breach_reason(r, why));
	}
	return 0;
}

/* Our own certificate: it holds, it is ours, and it makes us a lighthouse. */
static int
verify_own(struct beacon *b, const struct beacon_config *c, struct instant now, struct err *e)
{
	enum breach why = BREACH_NONE;
	int r = trust_own(b->trust, c->cert.p, c->cert.len, NULL, 0, now.wall, &b->own, &why);

	if (r < 0)
		return err_set(e, r, "our certificate %s",
		    breach_reason(r, why));
	if (!crypto_equal(b->own.cert.key, b->self.public, 32))
		return err_set(e, ERR_AUTH, "the certificate of %s is for another key than ours",
		    b->own.cert.name);
	if (!(b->own.cert.flags & CERT_LIGHTHOUSE))
		return err_set(e, ERR_DENIED,
		    "the certificate of %s does not make it a lighthouse; sign it with "
		    "--lighthouse",
		    b->own.cert.name);
	memcpy(b->cert, c->cert.p, c->cert.len);
	b->cert_bytes = (struct blob){ b->cert, c->cert.len };
	b->issuing_bytes = (struct blob){ b->own.issuing, (uint16_t)b->own.issuing_len };
	return 0;
}

static int
make_tables(struct beacon *b, const struct beacon_config *c)
{
	uint64_t rate = c->relay_rate > 0 ? c->relay_rate : RELAY_RATE;
	unsigned load = c->handshake_rate > 0 ? c->handshake_rate : DOOR_LOAD_DEFAULT;
	uint8_t key[3][16];

	rng_fill(&b->rng, key, sizeof(key));
	table_init(&b->by_key, key[0], 32, b->clients_max);
	table_init_random(&b->by_index, b->clients_max * CLIENT_INDICES);
	introduce_limit_init(&b->introduce, key[1]);
	limit_init(&b->stun_limit, key[2]);
	b->clients = calloc(b->clients_max, sizeof(struct client *));
	b->registry = registry_new(&b->rng, b->clients_max);
	b->circuits = circuits_new(b->self.public, &b->rng,
	    b->clients_max * CIRCUITS_OF_CLIENTS, rate);
	b->members = members_new(&b->rng, MEMBERS_LIGHTHOUSE_MAX);
	b->spread = spread_new(b->trust);
	if (b->members == NULL || b->spread == NULL)
		return -ENOMEM;
	members_reserve(b->members, &b->own.cert);
	b->door = door_new(&b->self, b->trust, b->members, &b->rng, load, b->clients_max);
	b->mailbox = mailbox_new(&b->rng);
	if (b->clients == NULL || b->registry == NULL || b->circuits == NULL || b->door == NULL ||
	    b->mailbox == NULL)
		return -ENOMEM;
	door_take_guests(b->door);
	return 0;
}

int
beacon_new(struct beacon **ret, const struct beacon_config *c, struct rng rng, struct instant now,
    struct err *e)
{
	struct beacon *b = calloc(1, sizeof(*b));
	int r;

	if (b == NULL)
		return err_set(e, -ENOMEM, "not enough memory for a lighthouse");
	b->rng = rng;
	b->stun = c->stun;
	b->alt_port = c->alt_port;
	b->clients_max = c->clients_max > 0 ? c->clients_max : BEACON_CLIENTS_MAX;
	memcpy(b->psk, c->psk, sizeof(b->psk));
	noise_clock_init(&b->clock, 0);
	b->trust = trust_new(&b->rng);
	r = b->trust == NULL ? err_set(e, -ENOMEM, "not enough memory for a lighthouse")
	                     : noise_identity_init(&b->self, c->key);
	if (r == ERR_CRYPTO)
		err_set(e, r, "our private key is not usable");
	if (r == 0)
		r = trust_authorities(b, c, now, e);
	if (r == 0)
		r = verify_own(b, c, now, e);
	if (r == 0 && make_tables(b, c) < 0)
		r = err_set(e, -ENOMEM, "not enough memory for %u clients", b->clients_max);
	if (r < 0) {
		beacon_free(b);
		return r;
	}
	b->relay = c->relay && (b->own.cert.flags & CERT_RELAY) != 0;
	b->expire_due = now.mono + EXPIRE_EVERY;
	own_renewal_begin(b, now, false);
	*ret = b;
	return 0;
}

void
beacon_free(struct beacon *b)
{
	if (b == NULL)
		return;
	limit_wipe(&b->stun_limit);
	for (uint32_t i = 0; i < b->client_count; i++) {
		channel_free(b->clients[i]->channel);
		free(b->clients[i]);
	}
	free(b->clients);
	heap_free(&b->timers);
	table_free(&b->by_key);
	table_free(&b->by_index);
	registry_free(b->registry);
	circuits_free(b->circuits);
	door_free(b->door);
	mailbox_free(b->mailbox);
	quarantine_wipe(&b->quarantine);
	spread_free(b->spread);
	members_free(b->members);
	trust_free(b->trust);
	noise_identity_wipe(&b->self);
	crypto_wipe(b, sizeof(*b));
	free(b);
}

/*
 * Memory that lasts
 */

/* u64 reserved step, u64 newest issue time. */
#define CLOCK_ROW_LEN 16

static const uint8_t clock_row_key[1] = { 0 };

void
beacon_remember_clock(struct beacon *b, struct outbox *out)
{
	uint8_t row[CLOCK_ROW_LEN];

	put_le64(row, b->clock.reserved);
	put_le64(row + 8, trust_newest(b->trust));
	outbox_remember(out, MEMORY_CLOCK, clock_row_key, sizeof(clock_row_key), row, sizeof(row),
	    0);
	b->newest_written = trust_newest(b->trust);
}

static int
recall_clock(struct beacon *b, const struct memory *row)
{
	if (row->value_len != CLOCK_ROW_LEN)
		return ERR_FORMAT;
	noise_clock_init(&b->clock, le64(row->value));
	trust_saw(b->trust, le64(row->value + 8));
	b->newest_written = trust_newest(b->trust);
	return 0;
}

int
beacon_recall(struct beacon *b, struct instant now, const struct memory *row)
{
	int r;

	switch (row->table) {
	case MEMORY_MEMBER:
		r = members_recall(b->members, b->trust, row->key, row->key_len, row->value,
		    row->value_len, now.wall, NULL);
		return r < 0 ? r : 0;
	case MEMORY_REGISTRATION:
		return registry_recall(b->registry, now, row->key, row->key_len, row->value,
		    row->value_len);
	case MEMORY_CLOCK: return recall_clock(b, row);
	case MEMORY_TOKEN:
	case MEMORY_PLEA:
	case MEMORY_RENEWAL:
		return mailbox_recall(b->mailbox, trust_now(b->trust, now.wall), row);
	case MEMORY_STATE:
		return spread_recall(
		    b->spread, now, row->key, row->key_len, row->value, row->value_len);
	case MEMORY_ENDPOINT:
	case MEMORY_NETWORK: break;
	}
	return ERR_UNKNOWN;
}

/*
 * Handshakes
 */

/*
 * A session with `cl` serves from now on: HELLO first, then what waited for it. One whose
 * certificate has ended meanwhile serves nobody, and goes at its client's next turn.
 */
static void
session_up(struct beacon *b, struct instant now, struct client *cl, struct outbox *out)
{
	struct trace_fact f = client_fact(cl, TRACE_PEER_UP, TRACE_INFO);
	bool fresh = !cl->up;

	if (!channel_ready(cl->channel, now)) {
		client_settle(b, cl);
		return;
	}
	client_tick(b, now, cl, out);
	b->totals.handshakes++;
	if (fresh) {
		cl->up = true;
		b->totals.sessions++;
		outbox_trace(out, &f);
	}
	answer_waiting(b, now, cl, out);
	enrolment_here(b, now, cl, fresh, out);
}

static void
respond(const struct packet *pk, struct client *cl, uint8_t *msg, struct outbox *out)
{
	places_respond(&cl->places, &(struct place){ .at = pk->from, .socket = pk->socket });
	outbox_to_net(out, pk->socket, &pk->from, msg, RESPONSE_LEN);
}

static void
accept(struct beacon *b, struct instant now, const struct packet *pk, struct client *cl,
    struct visitor *v, struct outbox *out)
{
	uint8_t *msg = outbox_room(out, RESPONSE_LEN);
	uint32_t index = msg != NULL ? client_index_new(b, cl) : 0;

	if (index == 0)
		return;
	cl->show_cert = memcmp(v->our_prefix, b->own.cert.fingerprint, sizeof(v->our_prefix)) != 0;
	door_forget(b->door, channel_accepted(cl->channel));
	if (channel_accept(cl->channel, now, index, &v->handshake, v->hash, msg) < 0) {
		client_index_drop(b, cl, index);
	} else {
		door_remember(b->door, v->hash, cl);
		respond(pk, cl, msg, out);
	}
	client_settle(b, cl);
}

static void
admit(struct beacon *b, struct instant now, const struct packet *pk, struct visitor *v,
    struct outbox *out)
{
	struct client *cl = client_of(b, now, v->member);
	struct trace_fact f = { .what = TRACE_LIMIT, .level = TRACE_WARNING, .at = pk->from };

	if (v->loser != NULL)
		answer_superseded(b, now, v->loser, out);
	if (cl != NULL)
		accept(b, now, pk, cl, v, out);
	else
		outbox_trace(out, &f);
	noise_wipe(&v->handshake);
}

/* The same initiation on another path: the same response there. */
static void
copy(struct beacon *b, struct instant now, const struct packet *pk, const struct knock *k,
    struct outbox *out)
{
	struct client *cl = k->owner;
	uint8_t *msg = outbox_room(out, RESPONSE_LEN);

	if (msg != NULL && channel_copy(cl->channel, now.mono, k->hash, msg) == 0)
		respond(pk, cl, msg, out);
	client_settle(b, cl);
}

static void
send_cookie(struct beacon *b, struct instant now, const struct packet *pk, const struct knock *k,
    struct outbox *out)
{
	struct trace_fact f = { .what = TRACE_UNDER_LOAD, .level = TRACE_WARNING };
	uint8_t *msg = outbox_room(out, COOKIE_LEN);

	if (b->totals.cookies++ == 0 || now.mono - b->load_said >= LOAD_SAID_EVERY) {
		b->load_said = now.mono;
		f.number = door_load(b->door, now.mono);
		outbox_trace(out, &f);
	}
	if (msg == NULL)
		return;
	memcpy(msg, k->cookie, COOKIE_LEN);
	outbox_to_net(out, pk->socket, &pk->from, msg, COOKIE_LEN);
}

static void
refused(struct beacon *b, const struct packet *pk, const struct knock *k, struct outbox *out)
{
	struct trace_fact f = { .what = TRACE_CERT_REFUSED, .level = TRACE_NOTICE, .at = pk->from };
	const struct member *m = members_get(b->members, k->key);

	b->totals.refused++;
	f.code = k->code;
	if (m != NULL)
		memcpy(f.name, m->name, sizeof(m->name));
	outbox_trace(out, &f);
}

static void
on_initiation(struct beacon *b, struct instant now, const struct packet *pk, struct outbox *out)
{
	struct source from = source_direct(&pk->from);
	struct knock k;

	switch (door_knock(b->door, now, &from, pk->data, pk->len, out, &k)) {
	case DOOR_ADMITTED: admit(b, now, pk, &k.visitor, out); break;
	case DOOR_GUEST: enrolment_knock(b, now, pk, &k.newcomer, out); break;
	case DOOR_COPY: copy(b, now, pk, &k, out); break;
	case DOOR_COOKIE: send_cookie(b, now, pk, &k, out); break;
	default:
		if (k.code != 0)
			refused(b, pk, &k, out);
		else
			b->totals.unauthentic++;
	}
}

static void
on_response(struct beacon *b, struct instant now, const struct packet *pk, struct outbox *out)
{
	struct client *cl = client_by_index(b, le32(pk->data + RESPONSE_RECEIVER));

	if (cl == NULL || channel_response(cl->channel, now, pk->data) < 0) {
		b->totals.unauthentic++;
		return;
	}
	cl->at = pk->from;
	cl->socket = pk->socket;
	cl->heard = now.mono;
	places_prove(&cl->places, &(struct place){ .at = pk->from, .socket = pk->socket });
	session_up(b, now, cl, out);
}

static void
on_cookie(struct beacon *b, struct instant now, const struct packet *pk, struct outbox *out)
{
	struct client *cl = client_by_index(b, le32(pk->data + COOKIE_RECEIVER));

	if (cl == NULL || channel_cookie(cl->channel, now.mono, pk->data) < 0)
		b->totals.unauthentic++;
	else
		client_tick(b, now, cl, out);
}

/*
 * Data
 */

static bool
is_main(socket_id s)
{
	return s == SOCKET_V4 || s == SOCKET_V6 || s >= SOCKET_STREAM;
}

/*
 * Who spoke from where. Our second port is for measuring: what comes in there moves nobody who is
 * somewhere, nor does a PING that says so itself. Somewhere else a client is when it has answered
 * from there (place.h).
 */
static void
note_place(struct beacon *b, struct heard *h, struct client *cl, struct outbox *out)
{
	const struct channel_opened *o = &h->opened;
	struct place from = { .at = h->packet->from, .socket = h->packet->socket };

	cl->heard = h->now.mono;
	if (o->first)
		places_confirm(&cl->places, &from);
	if (cl->at.family != FAMILY_NONE &&
	    (!is_main(from.socket) || ping_measures(o->p, o->len)))
		return;
	if (cl->at.family == FAMILY_NONE || places_proven(&cl->places, &from)) {
		client_move(cl, h);
		return;
	}
	h->unproven = true;
	if (client_ask_there(b, h, cl, out))
		h->owed -= CLIENT_ASK_LEN;
}

/* Who is heard stays registered; a relayed datagram is no occasion to look. */
static void
note_registered(struct beacon *b, const struct heard *h, struct client *cl, struct outbox *out)
{
	const uint8_t *p = h->opened.p;
	struct registration *g;

	if (h->opened.len > 1 && p[0] == FRAME_MAGIC && p[1] == FRAME_RELAY_DATA)
		return;
	g = registry_get(b->registry, cl->key);
	if (g != NULL && cl->at.family != FAMILY_NONE)
		registration_heard(g, h->now, &cl->at, client_in_stream(cl), out);
}

/* A packet in a new session proves that its initiation was no replay: keep the timestamp. */
static void
confirmed(struct beacon *b, const struct heard *h, struct client *cl, struct outbox *out)
{
	struct member *m = members_get(b->members, cl->key);

	if (m != NULL)
		members_remember(m, out);
	session_up(b, h->now, cl, out);
	if (channel_ready(cl->channel, h->now))
		(void)client_ask_there(b, h, cl, out);
}

/* An echo to our overlay address from one of the sender's own is answered; we forward nothing. */
static void
on_inner(struct beacon *b, const struct heard *h, struct client *cl, struct outbox *out)
{
	const struct member *m;
	struct inner in;

	if (inner_parse(&in, h->opened.p, h->opened.len) < 0 || in.icmp != ICMP_ECHO ||
	    in.fragment || !cert_has_address(&b->own.cert, in.dst))
		return;
	m = members_by_ip(b->members, in.src);
	if (m == NULL || memcmp(m->key, cl->key, sizeof(cl->key)) != 0)
		return;
	icmp_echo_turn(h->opened.p, &in);
	client_seal(b, h->now, cl, h->opened.p, in.len, out);
}

static void
on_data(struct beacon *b, struct instant now, struct packet *pk, struct outbox *out)
{
	struct client *cl = client_by_index(b, le32(pk->data + DATA_RECEIVER));
	struct heard h = { .now = now, .packet = pk, .owed = UNPROVEN_FACTOR * pk->len };

	if (cl == NULL && enrolment_data(b, now, pk, out))
		return;
	if (cl == NULL || channel_open(cl->channel, now, pk->data, pk->len, &h.opened) < 0) {
		b->totals.unauthentic++;
		return;
	}
	note_place(b, &h, cl, out);
	note_registered(b, &h, cl, out);
	if (h.opened.first)
		confirmed(b, &h, cl, out);
	if (h.opened.due)
		client_settle(b, cl);
	if (frame_is(h.opened.p, h.opened.len))
		answer_frame(b, &h, cl, out);
	else if (h.opened.len > 0)
		on_inner(b, &h, cl, out);
}

static void
on_stun(struct beacon *b, struct instant now, const struct packet *pk, struct outbox *out)
{
	struct source from = source_direct(&pk->from);
	uint8_t answer[STUN_ANSWER_MAX], *p;
	size_t len;

	if (!limit_allow(&b->stun_limit, now.mono, &from)) {
		b->totals.limited++;
		return;
	}
	len = stun_answer(answer, pk->data, pk->len, &pk->from);
	p = len > 0 ? outbox_room(out, len) : NULL;
	if (p == NULL)
		return;
	memcpy(p, answer, len);
	outbox_to_net(out, pk->socket, &pk->from, p, (uint32_t)len);
	b->totals.stun++;
}

static void
on_packet(struct beacon *b, struct instant now, struct packet *pk, struct outbox *out)
{
	if (b->stun && stun_is(pk->data, pk->len)) {
		on_stun(b, now, pk, out);
		return;
	}
	switch (outer_check(pk->data, pk->len)) {
	case OUTER_INITIATION:
	case OUTER_PRESENT: on_initiation(b, now, pk, out); return;
	case OUTER_RESPONSE: on_response(b, now, pk, out); return;
	case OUTER_COOKIE: on_cookie(b, now, pk, out); return;
	case OUTER_DATA: on_data(b, now, pk, out); return;
	}
	b->totals.unauthentic++; /* also OPEN: nobody punches to a lighthouse */
}

void
beacon_from_net(struct beacon *b, struct instant now, struct packet *pk, size_t n,
    struct outbox *out)
{
	for (size_t i = 0; i < n; i++) {
		if (session_outgrows(&pk[i]) && !outbox_loosen(out, &pk[i]))
			continue;
		on_packet(b, now, &pk[i], out);
	}
}

/* Who was at its end is nowhere, until it is heard again. */
void
beacon_stream_ended(struct beacon *b, struct instant now, socket_id id, struct outbox *out)
{
	(void)now;
	(void)out;
	for (uint32_t i = 0; i < b->client_count; i++) {
		struct client *cl = b->clients[i];

		if (cl->socket == id && cl->at.family != FAMILY_NONE) {
			cl->at = (struct addr){ 0 };
			cl->socket = SOCKET_V4;
		}
	}
}

/*
 * Time
 */

static void
expire_members(struct beacon *b, struct instant now, struct outbox *out)
{
	(void)members_expire(b->members, trust_now(b->trust, now.wall), EXPIRE_AT_ONCE, out);
	mailbox_expire(b->mailbox, trust_now(b->trust, now.wall), out);
	if (trust_newest(b->trust) > b->newest_written)
		beacon_remember_clock(b, out);
	b->expire_due = now.mono + EXPIRE_EVERY;
}

static bool
expire_circuit(struct beacon *b, struct instant now, struct outbox *out)
{
	struct circuit_end over[2];

	if (!circuits_expire(b->circuits, now.mono, over))
		return false;
	for (size_t i = 0; i < 2; i++)
		answer_circuit_over(b, now, &over[i], over[1 - i].key, RELAY_IDLE, out);
	return true;
}

static bool
tick_client(struct beacon *b, struct instant now, struct outbox *out)
{
	if (!due_reached(heap_next_due(&b->timers), now.mono))
		return false;
	client_tick(b, now, CONTAINER_OF(heap_first(&b->timers), struct client, timer), out);
	return true;
}

void
beacon_tick(struct beacon *b, struct instant now, struct outbox *out)
{
	if (due_reached(b->expire_due, now.mono))
		expire_members(b, now, out);
	own_renewal_tick(b, now, out);
	enrolment_tick(b, now, out);
	beacon_state_tick(b, now, out);
	while (!outbox_half_full(out))
		if (!tick_client(b, now, out) && !expire_circuit(b, now, out) &&
		    !registry_expire(b->registry, now.mono, out))
			return;
}

usec_t
beacon_next_due(const struct beacon *b)
{
	usec_t due = due_min(b->expire_due, heap_next_due(&b->timers));

	due = due_min(due, beacon_state_due(b));
	due = due_min(due, circuits_next_due(b->circuits));
	due = due_min(due, due_min(enrolment_next_due(b), own_renewal_due(b)));
	return due_min(due, registry_next_due(b->registry));
}

bool
beacon_close(struct beacon *b, struct instant now, struct outbox *out)
{
	while (b->client_count > 0 && !outbox_half_full(out))
		client_dismiss(b, now, b->clients[b->client_count - 1], CLOSE_STOP, out);
	if (b->client_count > 0)
		return true;
	noise_clock_settle(&b->clock);
	beacon_remember_clock(b, out);
	return false;
}

/*
 * What `status` shows
 */

void
beacon_totals(const struct beacon *b, struct beacon_totals *ret)
{
	struct circuits_totals t = circuits_totals(b->circuits);
	struct mailbox_totals mail;

	mailbox_totals(b->mailbox, &mail);
	*ret = b->totals;
	ret->tokens = mail.tokens;
	ret->pleas = mail.pleas;
	ret->renewals = mail.renewals;
	ret->mail = mail.answers;
	ret->registrations = registry_count(b->registry);
	ret->circuits = circuits_count(b->circuits);
	ret->relayed_packets = t.packets;
	ret->relayed_bytes = t.bytes;
	ret->relay_dropped = t.dropped;
}

static void
fill_view(const struct beacon *b, struct instant now, struct beacon_client *ret,
    const uint8_t key[static 32])
{
	const struct registration *g = registry_get(b->registry, key);
	const struct client *cl = client_get(b, key);
	const struct member *m = members_get(b->members, key);
	struct candidates said;
	usec_t heard = 0;
	struct cert cert;

	*ret = (struct beacon_client){ 0 };
	memcpy(ret->key, key, sizeof(ret->key));
	if (m != NULL) {
		member_cert(m, &cert);
		memcpy(ret->name, m->name, sizeof(m->name));
		ret->address = cert.addresses[0].ip;
		ret->not_after = m->valid_until;
	}
	if (g != NULL) {
		ret->observed = g->observed;
		ret->in_stream = g->in_stream;
		registration_said(g, &said);
		ret->nat = said.nat;
		ret->eps = said.eps.n;
		heard = g->heard;
	}
	if (cl != NULL) {
		ret->session = channel_ready(cl->channel, now);
		heard = max_u64(heard, cl->heard);
	}
	ret->heard = now.mono - heard;
	ret->circuits = circuits_of(b->circuits, key, &ret->relayed_bytes);
}

/* First those with a session, then those who are registered and have none. */
bool
beacon_next_client(const struct beacon *b, struct instant now, size_t *cursor,
    struct beacon_client *ret)
{
	const struct registration *g;
	size_t row;

	while (*cursor < b->client_count) {
		const struct client *cl = b->clients[(*cursor)++];

		if (cl->up || registry_get(b->registry, cl->key) != NULL) {
			fill_view(b, now, ret, cl->key);
			return true;
		}
	}
	row = *cursor - b->client_count;
	do {
		g = registry_next(b->registry, &row);
		*cursor = b->client_count + row;
	} while (g != NULL && client_get(b, g->key) != NULL);
	if (g != NULL)
		fill_view(b, now, ret, g->key);
	return g != NULL;
}
