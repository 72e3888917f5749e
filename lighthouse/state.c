/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state.c - the network state in a lighthouse: it is passed on, and whoever it revokes is put out.
 *
 * When another state is in force, everybody is looked at: first those who have a session, who are
 * ended or told; then all other members, who are forgotten if they are revoked. There may be a
 * million of those, so it is done in slices, and packets are answered in between.
 */
#include "core/netstate.h"
#include "lighthouse/beacon_impl.h"

#define SLICE	    512
#define SLICE_EVERY USEC_PER_MS

/* A root that was rotated may end before a certificate that it signed does, and that ends then. */
static bool
is_revoked(const struct beacon *b, struct instant now, struct member *m)
{
	struct verified v;
	int rc = trust_verify(b->trust, member_host(m), m->host_len, member_issuing(m),
	    m->issuing_len, now.wall, &v, NULL);

	if (rc == 0)
		m->valid_until = v.valid_until;
	return rc == ERR_REVOKED;
}

/* Nobody is told of it any more, and its session ends with its keys. */
static void
put_out(struct beacon *b, struct instant now, struct member *m, struct outbox *out)
{
	struct client *cl = client_get(b, m->key);

	registry_drop(b->registry, m->key, out);
	letters_forget(b->letters, m->key, out);
	if (cl != NULL) {
		struct trace_fact f = client_fact(cl, TRACE_REVOKED, TRACE_NOTICE);

		if (cl->up)
			outbox_trace(out, &f);
		client_dismiss(b, now, cl, CLOSE_REVOKED, out);
	}
	members_drop(b->members, m, out);
}

static void
tell(struct beacon *b, struct instant now, struct client *cl, struct outbox *out)
{
	uint8_t frame[FRAME_MAX];

	if (client_reachable(cl, now) && spread_lags(b->spread, &cl->state))
		client_send(b, now, cl, frame, spread_adv(b->spread, frame, sizeof(frame)), out);
}

static void
visit_client(struct beacon *b, struct instant now, struct client *cl, struct outbox *out)
{
	struct member *m = members_get(b->members, cl->key);

	if (m != NULL && is_revoked(b, now, m)) {
		put_out(b, now, m, out);
		return;
	}
	client_own_until(b, now, cl);
	tell(b, now, cl, out);
}

/* From the last to the first, since the last takes the place of one that goes. */
static void
walk(struct beacon *b, struct instant now, struct outbox *out)
{
	struct state_walk *w = &b->walk;
	unsigned n = 0;

	w->clients = (uint32_t)min_u64(w->clients, b->client_count);
	for (; w->clients > 0 && n < SLICE && !outbox_half_full(out); n++)
		visit_client(b, now, b->clients[--w->clients], out);
	/* Some may have gone with their sessions. */
	w->members = (uint32_t)min_u64(w->members, members_count(b->members));
	for (; w->members > 0 && w->clients == 0 && n < SLICE && !outbox_half_full(out); n++) {
		struct member *m = members_at(b->members, --w->members);

		if (is_revoked(b, now, m))
			put_out(b, now, m, out);
	}
	w->due = w->clients + w->members > 0 ? now.mono + SLICE_EVERY : 0;
}

static bool
own_revoked(const struct beacon *b, struct instant now)
{
	struct verified v;

	return trust_own(b->trust, b->cert_bytes.p, b->cert_bytes.len, b->issuing_bytes.p,
	    b->issuing_bytes.len, now.wall, &v, NULL) == ERR_REVOKED;
}

/* Is it about us? We go on, so that whoever asks hears it from us: others will end it. */
static void
look_at_ourselves(struct beacon *b, struct instant now, struct outbox *out)
{
	struct trace_fact f = { .what = TRACE_REVOKED_OURSELVES, .level = TRACE_WARNING };
	bool was = b->revoked;

	b->revoked = own_revoked(b, now);
	if (b->revoked && !was)
		outbox_trace(out, &f);
}

static void
ask(struct beacon *b, struct instant now, const struct pull_ask *a, struct outbox *out)
{
	struct client *cl = client_get(b, a->key);
	uint8_t frame[FRAME_MAX];

	if (cl == NULL || !client_reachable(cl, now)) {
		spread_absent(b->spread, now, a->key);
		return;
	}
	client_send(b, now, cl, frame, blob_req_encode(frame, sizeof(frame), &a->req), out);
}

void
beacon_state_tick(struct beacon *b, struct instant now, struct outbox *out)
{
	struct pull_ask a;

	while (!outbox_half_full(out) && due_reached(spread_due(b->spread), now.mono) &&
	    spread_tick(b->spread, now, &a, out))
		ask(b, now, &a, out);
	if (b->walk.turn != spread_turn(b->spread)) {
		b->walk = (struct state_walk){ .turn = spread_turn(b->spread), .due = now.mono };
		b->walk.clients = b->client_count;
		b->walk.members = members_count(b->members);
		look_at_ourselves(b, now, out);
		own_renewal_rotated(b, now);
	}
	if (due_reached(b->walk.due, now.mono))
		walk(b, now, out);
}

usec_t
beacon_state_due(const struct beacon *b)
{
	if (b->walk.turn != spread_turn(b->spread))
		return 1; /* long ago */
	return due_min(b->walk.due, spread_due(b->spread));
}

void
beacon_state_said(struct beacon *b, struct instant now, struct client *cl,
    const struct state_id *id, struct outbox *out)
{
	spread_says(b->spread, now, &cl->state, cl->key, cl->name, id, out);
}

int
beacon_state_adv(struct beacon *b, const struct heard *h, struct client *cl,
    const struct frame *f, struct outbox *out)
{
	struct state_adv a;

	if (state_adv_decode(&a, f) < 0)
		return ERR_FORMAT;
	beacon_state_said(b, h->now, cl, &a.id, out);
	return 0;
}

/* Only to where the client is: what goes there is more than what it has sent. */
int
beacon_state_req(struct beacon *b, const struct heard *h, struct client *cl,
    const struct frame *f, struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct blob_req q;
	uint32_t done = 0;
	int n;

	if (blob_req_decode(&q, f) < 0)
		return ERR_FORMAT;
	while (client_reachable(cl, h->now) &&
	    (n = spread_answer(b->spread, &q, &done, frame, sizeof(frame))) > 0)
		client_send(b, h->now, cl, frame, n, out);
	return 0;
}

int
beacon_state_part(struct beacon *b, const struct heard *h, struct client *cl,
    const struct frame *f, struct outbox *out)
{
	struct blob_part part;

	if (blob_part_decode(&part, f) < 0)
		return ERR_FORMAT;
	spread_part(b->spread, h->now, cl->key, &part, out);
	return 0;
}

void
beacon_written(struct beacon *b, struct instant now, uint64_t ticket, struct outbox *out)
{
	spread_written(b->spread, now, ticket, out);
}

int
beacon_bring_state(struct beacon *b, struct instant now, const uint8_t *blob, size_t len,
    struct outbox *out, struct err *e)
{
	return spread_bring(b->spread, now, blob, len, out, e);
}

void
beacon_state_view(const struct beacon *b, struct instant now, struct spread_view *ret,
    bool *revoked)
{
	spread_view(b->spread, now, ret);
	*revoked = own_revoked(b, now);
}
