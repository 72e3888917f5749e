/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * enrolment.c - between hosts that want a certificate and authorities that give them.
 *
 *	guest   ENROL ->   quarantine, mailbox   ENROL, RENEW ->   desk: a member certified ENROL
 *	member  RENEW ->                         <- ENROL_RESULT, RENEW_RESULT, TOKEN
 *
 * What is asked goes through the mailbox, whether an authority is here or not: what is kept is due
 * at once where there is one, and is asked again until it is answered. Nothing that is passed on
 * can be read here, but a member's request, and nothing that is said here is believed by either end.
 */
#include "core/bytes.h"
#include "core/crypto.h"
#include "lighthouse/beacon_impl.h"

/* What authorities are asked in a second: they listen to 50 frames, and some are answers. */
#define ASKS_RATE  40
#define ASKS_BURST 40
#define ASKS_PAUSE (100 * USEC_PER_MS)

#define ASK_FIRST   (250 * USEC_PER_MS) /* doubled with each time that there is no answer */
#define ASK_DOUBLES 7
#define ASK_FETCHES 4			/* times that a piece is asked for */
#define ASK_PENDING (60 * USEC_PER_SEC) /* somebody is thinking it over, and will say so */
#define ASK_SILENT  2			/* as often it was asked in vain: its host is told */

/*
 * Desks
 */

void
desk_add(struct beacon *b, struct client *cl)
{
	for (size_t i = 0; i < b->desk_count; i++)
		if (b->desks[i] == cl)
			return;
	if (b->desk_count < BEACON_DESKS_MAX)
		b->desks[b->desk_count++] = cl;
}

void
desk_drop(struct beacon *b, const struct client *cl)
{
	for (size_t i = 0; i < b->desk_count; i++)
		if (b->desks[i] == cl) {
			b->desks[i] = b->desks[--b->desk_count];
			return;
		}
}

/*
 * The member behind `cl`, if it may speak now for the authority that signed it, through whatever
 * rotations; else NULL.
 */
static const struct member *
speaks(const struct beacon *b, struct instant now, const struct client *cl)
{
	const struct member *m = members_get(b->members, cl->key);

	if (m == NULL || m->superseded || !(m->flags & CERT_ENROL) ||
	    m->valid_until < trust_now(b->trust, now.wall))
		return NULL;
	return m;
}

/* Who speaks for the authority `issuer` and can be asked now, or NULL. */
static struct client *
desk_of(const struct beacon *b, struct instant now, const uint8_t issuer[static ISSUER_LEN])
{
	for (size_t i = 0; i < b->desk_count; i++) {
		const struct member *m = speaks(b, now, b->desks[i]);

		if (m != NULL && trust_same_line(b->trust, m->issuer, issuer) &&
		    client_reachable(b->desks[i], now))
			return b->desks[i];
	}
	return NULL;
}

static void
not_allowed(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	uint8_t frame[FRAME_HEADER + 7];
	struct error e = { .code = ERROR_NOT_ALLOWED, .type = f->type };

	client_send(b, h->now, cl, frame, error_encode(frame, sizeof(frame), &e), out);
}

/*
 * Guests
 */

static void
say(const struct plea_row *p, struct instant now, struct guest_row *g, enum enrol_status status,
    struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct enrol_result r = { .status = (uint8_t)status };

	memcpy(r.id, g->token, sizeof(r.id));
	if (p != NULL)
		memcpy(r.ref, p->ref, sizeof(r.ref));
	quarantine_send(g, now, frame, enrol_result_encode(frame, sizeof(frame), &r), out);
}

static void
say_welcome(const struct token_row *t, struct instant now, struct guest_row *g, struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct enrol_result r = {
		.status = ENROL_WELCOME,
		.piece = { t->welcome, t->welcome_len },
	};

	memcpy(r.id, t->id, sizeof(r.id));
	quarantine_send(g, now, frame, enrol_result_encode(frame, sizeof(frame), &r), out);
}

/* The answer from `offset` on, as far as it fits; or that there will be none. */
static void
say_answer(const struct plea_row *p, struct instant now, struct guest_row *g, uint16_t offset,
    struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct enrol_result r = { .status = ENROL_ANSWER, .offset = offset, .total = p->total };

	if (p->matter.status != ENROL_ANSWER) {
		say(p, now, g, (enum enrol_status)p->matter.status, out);
		return;
	}
	if (offset >= p->total)
		return;
	memcpy(r.id, p->id, sizeof(r.id));
	memcpy(r.ref, p->ref, sizeof(r.ref));
	r.piece.p = p->answer + offset;
	r.piece.len = (uint16_t)min_u64(ENROL_PIECE_MAX, p->total - offset);
	quarantine_send(g, now, frame, enrol_result_encode(frame, sizeof(frame), &r), out);
}

/* What there is to say to a host that has brought this plea, perhaps not for the first time. */
static void
say_standing(struct beacon *b, const struct plea_row *p, struct instant now, struct guest_row *g,
    struct outbox *out)
{
	const struct matter *e = &p->matter;

	if (e->done)
		say_answer(p, now, g, 0, out);
	else if (e->status == ENROL_PENDING)
		say(p, now, g, ENROL_PENDING, out);
	else if (desk_of(b, now, e->issuer) == NULL || e->asked > ASK_SILENT)
		say(p, now, g, ENROL_KEPT, out);
}

static void
note_plea(const struct guest_row *g, enum trace_what what, uint32_t number,
    struct outbox *out)
{
	struct trace_fact f = { .what = what, .level = TRACE_NOTICE, .at = g->at };

	f.number = number;
	outbox_trace(out, &f);
}

static void
on_plea(struct beacon *b, struct instant now, struct guest_row *g, struct token_row *t,
    const struct enrol *e, struct outbox *out)
{
	uint64_t clock = trust_now(b->trust, now.wall);
	struct mailbox_totals totals;
	struct plea_row *p = NULL;
	uint8_t ref[32];
	bool known;
	int rc;

	crypto_hash2(ref, e->plea.p, e->plea.len, NULL, 0);
	known = mailbox_find_plea(b->mailbox, t->id, ref) != NULL;
	if (!known && t->expires < clock) {
		say(NULL, now, g, ENROL_GONE, out);
		return;
	}
	rc = mailbox_plea(b->mailbox, t, g->key, e->plea.p, e->plea.len, out, &p);
	if (rc == ERR_CONFLICT)
		note_plea(g, TRACE_PLEA_TAKEN, t->pleas, out);
	if (rc < 0) {
		say(NULL, now, g, rc == ERR_CONFLICT ? ENROL_TAKEN : ENROL_FULL, out);
		return;
	}
	if (!known) {
		mailbox_totals(b->mailbox, &totals);
		note_plea(g, TRACE_PLEA, totals.pleas, out);
	}
	if (!known && desk_of(b, now, t->issuer) != NULL)
		matter_later(b->mailbox, &p->matter, now.mono);
	say_standing(b, p, now, g, out);
}

static void
on_enrol(struct beacon *b, struct instant now, struct guest_row *g, const struct enrol *e,
    struct outbox *out)
{
	struct token_row *t =
	    mailbox_token(b->mailbox, g->token, trust_now(b->trust, now.wall));
	struct plea_row *p = NULL;

	if (memcmp(e->id, g->token, sizeof(e->id)) != 0)
		return;
	if (t == NULL) {
		say(NULL, now, g, ENROL_GONE, out);
		return;
	}
	if (e->step == ENROL_FETCH || e->step == ENROL_THANKS) {
		p = mailbox_find_plea(b->mailbox, t->id, e->ref);
		if (p == NULL || !p->matter.done || memcmp(p->key, g->key, sizeof(p->key)) != 0)
			return;
	}
	switch (e->step) {
	case ENROL_KNOCK: say_welcome(t, now, g, out); break;
	case ENROL_PLEA: on_plea(b, now, g, t, e, out); break;
	case ENROL_FETCH: say_answer(p, now, g, e->offset, out); break;
	case ENROL_THANKS: plea_drop(b->mailbox, p, out); break;
	}
}

void
enrolment_knock(struct beacon *b, struct instant now, const struct packet *pk, struct newcomer *n,
    struct outbox *out)
{
	struct token_row *t = mailbox_token(b->mailbox, n->token, trust_now(b->trust, now.wall));
	const uint8_t *response = NULL;
	uint8_t ephemeral[32], *msg;

	if (t != NULL) {
		rng_fill(&b->rng, ephemeral, sizeof(ephemeral));
		response = quarantine_admit(&b->quarantine, now, n, t->psk, ephemeral,
		    client_index_draw(b), pk);
		crypto_wipe(ephemeral, sizeof(ephemeral));
		b->quarantine_due = quarantine_expire(&b->quarantine, now.mono);
	}
	noise_wipe(&n->handshake);
	msg = response != NULL ? outbox_room(out, RESPONSE_LEN) : NULL;
	if (response == NULL)
		b->totals.unauthentic++;
	if (msg == NULL)
		return;
	memcpy(msg, response, RESPONSE_LEN);
	outbox_to_net(out, pk->socket, &pk->from, msg, RESPONSE_LEN);
}

bool
enrolment_data(struct beacon *b, struct instant now, struct packet *pk, struct outbox *out)
{
	struct guest_row *g =
	    quarantine_find(&b->quarantine, le32(pk->data + DATA_RECEIVER));
	uint8_t *p;
	size_t len;
	struct frame f;
	struct enrol e;

	if (g == NULL)
		return false;
	if (!quarantine_open(g, now, pk, &p, &len))
		return true;
	if (frame_is(p, len) && frame_open(&f, p, len) == FRAME_SPOKEN && f.type == FRAME_ENROL &&
	    enrol_decode(&e, &f) == 0)
		on_enrol(b, now, g, &e, out);
	else
		b->totals.bad_frames++;
	b->quarantine_due = quarantine_expire(&b->quarantine, now.mono);
	return true;
}

/*
 * Matters: what is asked of an authority
 */

static void
ask_for_answer(struct beacon *b, struct instant now, struct client *desk,
    const struct plea_row *p, struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct enrol e = { .step = ENROL_PLEA };

	memcpy(e.id, p->id, sizeof(e.id));
	memcpy(e.ref, p->ref, sizeof(e.ref));
	if (p->got > 0) {
		e.step = ENROL_FETCH;
		e.offset = p->got;
	} else {
		e.plea = (struct blob){ p->plea, p->plea_len };
	}
	client_send(b, now, desk, frame, enrol_encode(frame, sizeof(frame), &e), out);
}

static void
ask_for_renewal(struct beacon *b, struct instant now, struct client *desk,
    const struct renewal_row *r, struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct renew ask = { .request = renewal_request(r) };

	memcpy(ask.key, r->key, sizeof(ask.key));
	client_send(b, now, desk, frame, renew_encode(frame, sizeof(frame), &ask), out);
}

static void
see_to(struct beacon *b, struct instant now, struct matter *e, struct outbox *out)
{
	struct client *desk = desk_of(b, now, e->issuer);
	usec_t wait = ASK_FIRST << min_u64(e->asked, ASK_DOUBLES);

	if (desk == NULL || e->done) {
		matter_later(b->mailbox, e, 0); /* enrolment_here() */
		return;
	}
	if (!e->renewal && e->asked >= ASK_FETCHES)
		matter_plea(e)->got = 0; /* it does not know what it said: from the beginning */
	if (e->renewal)
		ask_for_renewal(b, now, desk, matter_renewal(e), out);
	else
		ask_for_answer(b, now, desk, matter_plea(e), out);
	if (e->status == (e->renewal ? RENEW_PENDING : ENROL_PENDING))
		wait = ASK_PENDING;
	e->asked++;
	matter_later(b->mailbox, e, now.mono + rng_jitter(&b->rng, wait));
}

void
enrolment_tick(struct beacon *b, struct instant now, struct outbox *out)
{
	struct matter *e;

	if (due_reached(b->quarantine_due, now.mono))
		b->quarantine_due = quarantine_expire(&b->quarantine, now.mono);
	while (now.mono >= b->asks_held && !outbox_half_full(out) &&
	       (e = mailbox_due(b->mailbox, now.mono)) != NULL) {
		if (!bucket_take(&b->matters, now.mono, ASKS_RATE, ASKS_BURST, 1))
			b->asks_held = now.mono + ASKS_PAUSE;
		else
			see_to(b, now, e, out);
	}
}

usec_t
enrolment_next_due(const struct beacon *b)
{
	usec_t matter = mailbox_next_due(b->mailbox);

	if (matter != 0)
		matter = max_u64(matter, b->asks_held);
	return due_min(b->quarantine_due, matter);
}

/*
 * What an authority says
 */

int
enrolment_on_token(struct beacon *b, const struct heard *h, struct client *cl,
    const struct frame *f, struct outbox *out)
{
	const struct member *m = speaks(b, h->now, cl);
	uint8_t frame[FRAME_MAX];
	struct offer_ack ack;
	struct offer o;

	if (offer_decode(&o, f) < 0)
		return ERR_FORMAT;
	memcpy(ack.id, o.id, sizeof(ack.id));
	ack.status = OFFER_DENIED;
	if (m != NULL)
		ack.status = (uint8_t)mailbox_offer(b->mailbox, trust_now(b->trust, h->now.wall),
		    m->issuer, &o, out);
	client_send(b, h->now, cl, frame, offer_ack_encode(frame, sizeof(frame), &ack), out);
	return 0;
}

/* The authority need not keep the answer any longer. */
static void
thank(struct beacon *b, struct instant now, struct client *desk, const struct enrol_result *r,
    struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct enrol e = { .step = ENROL_THANKS };

	memcpy(e.id, r->id, sizeof(e.id));
	memcpy(e.ref, r->ref, sizeof(e.ref));
	client_send(b, now, desk, frame, enrol_encode(frame, sizeof(frame), &e), out);
}

/* Takes a piece, and asks for the next. */
static void
take_piece(struct beacon *b, struct instant now, struct client *desk, struct plea_row *p,
    const struct enrol_result *r, struct outbox *out)
{
	uint16_t had = p->got;

	if (plea_piece(b->mailbox, p, r, out) == 1) {
		thank(b, now, desk, r, out);
	} else if (p->got > had) {
		p->matter.asked = 0;
		see_to(b, now, &p->matter, out);
	}
}

int
enrolment_on_result(struct beacon *b, const struct heard *h, struct client *cl,
    const struct frame *f, struct outbox *out)
{
	const struct member *m = speaks(b, h->now, cl);
	struct enrol_result r;
	struct plea_row *p;
	struct guest_row *g;
	bool was_done;

	if (enrol_result_decode(&r, f) < 0)
		return ERR_FORMAT;
	p = mailbox_find_plea(b->mailbox, r.id, r.ref);
	if (m == NULL || (p != NULL && !trust_same_line(b->trust, p->matter.issuer, m->issuer))) {
		not_allowed(b, h, cl, f, out);
		return 0;
	}
	if (p == NULL) {
		if (r.status == ENROL_ANSWER)
			thank(b, h->now, cl, &r, out); /* its host has it, or is gone */
		return 0;
	}
	was_done = p->matter.done;
	if (r.status == ENROL_ANSWER)
		take_piece(b, h->now, cl, p, &r, out);
	else if (r.status == ENROL_PENDING || r.status == ENROL_GONE)
		plea_status(b->mailbox, p, (enum enrol_status)r.status, out);
	g = quarantine_guest(&b->quarantine, h->now, p->id, p->key);
	if (g != NULL && !was_done && (p->matter.done || r.status == ENROL_PENDING))
		say_standing(b, p, h->now, g, out);
	return 0;
}

/*
 * Renewals
 */

static void
say_renewed(struct beacon *b, struct instant now, struct client *cl, const struct renewal_row *r,
    enum renew_status status, struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct renew_result result = { .status = (uint8_t)status };

	memcpy(result.key, cl->key, sizeof(result.key));
	if (status == RENEW_ISSUED) {
		result.cert = renewal_cert(r);
		result.ca = renewal_ca(r);
	}
	client_send(b, now, cl, frame, renew_result_encode(frame, sizeof(frame), &result), out);
}

/* What there is to say to a member that has asked, perhaps not for the first time. */
static void
say_renewal(struct beacon *b, struct instant now, struct client *cl, const struct renewal_row *r,
    struct outbox *out)
{
	const struct matter *e = &r->matter;

	if (e->status != 0)
		say_renewed(b, now, cl, r, (enum renew_status)e->status, out);
	else if (desk_of(b, now, e->issuer) == NULL || e->asked > ASK_SILENT)
		say_renewed(b, now, cl, r, RENEW_KEPT, out);
}

/* Is it a CA of this network, as far as was seen? An authority of another one will never come. */
static bool
knows_issuer(const struct beacon *b, const uint8_t issuer[static ISSUER_LEN])
{
	const struct cert *root;
	const uint8_t *issuing;
	uint8_t id[ISSUER_LEN];

	for (size_t i = 0; (root = trust_root(b->trust, i)) != NULL; i++) {
		cert_key_id(id, root->key);
		if (memcmp(id, issuer, sizeof(id)) == 0)
			return true;
	}
	return trust_issuing(b->trust, issuer, &issuing) > 0;
}

/* Does a key ask for itself? Whether it has that key is for the authority to say. */
static bool
is_request_of(const struct renew *ask, struct cert *c)
{
	return cert_decode(c, ask->request.p, ask->request.len, NULL) == 0 &&
	       c->kind == OBJECT_REQUEST && memcmp(c->key, ask->key, sizeof(c->key)) == 0;
}

int
enrolment_on_renew(struct beacon *b, const struct heard *h, struct client *cl,
    const struct frame *f, struct outbox *out)
{
	const struct member *m = members_get(b->members, cl->key);
	struct renewal_row *r = mailbox_find_renewal(b->mailbox, cl->key);
	struct renew ask;
	struct cert c;

	if (renew_decode(&ask, f) < 0)
		return ERR_FORMAT;
	if (m == NULL || m->superseded || memcmp(ask.key, cl->key, sizeof(ask.key)) != 0 ||
	    (ask.request.len > 0 && !is_request_of(&ask, &c))) {
		not_allowed(b, h, cl, f, out);
		return 0;
	}
	if (ask.request.len == 0) {
		if (r != NULL && r->matter.done)
			renewal_drop(b->mailbox, r, out);
		return 0;
	}
	if (!knows_issuer(b, c.issuer)) {
		say_renewed(b, h->now, cl, NULL, RENEW_NOBODY, out);
		return 0;
	}
	if (mailbox_renew(b->mailbox, trust_now(b->trust, h->now.wall), cl->key, c.issuer,
		ask.request, out, &r) < 0) {
		say_renewed(b, h->now, cl, NULL, RENEW_FULL, out);
		return 0;
	}
	if (!r->matter.done && r->matter.ask.due == 0 &&
	    desk_of(b, h->now, r->matter.issuer) != NULL)
		matter_later(b->mailbox, &r->matter, h->now.mono);
	say_renewal(b, h->now, cl, r, out);
	return 0;
}

int
enrolment_on_renewed(struct beacon *b, const struct heard *h, struct client *cl,
    const struct frame *f, struct outbox *out)
{
	const struct member *m = speaks(b, h->now, cl);
	struct renew_result result;
	struct renewal_row *r;
	struct client *asker;
	uint8_t frame[FRAME_MAX];
	struct renew thanks = { .request = { 0 } };

	if (renew_result_decode(&result, f) < 0)
		return ERR_FORMAT;
	r = mailbox_find_renewal(b->mailbox, result.key);
	if (m == NULL || (r != NULL && !trust_same_line(b->trust, r->matter.issuer, m->issuer))) {
		not_allowed(b, h, cl, f, out);
		return 0;
	}
	if (r != NULL)
		renewal_result(b->mailbox, r, &result, out);
	if (r == NULL || r->matter.done) {
		memcpy(thanks.key, result.key, sizeof(thanks.key));
		client_send(b, h->now, cl, frame, renew_encode(frame, sizeof(frame), &thanks), out);
	}
	if (r != NULL && memcmp(r->key, b->self.public, sizeof(r->key)) == 0)
		own_renewal_heard(b, h->now, r, out);
	asker = client_get(b, result.key);
	if (r != NULL && asker != NULL && client_reachable(asker, h->now))
		say_renewal(b, h->now, asker, r, out);
	return 0;
}

/* What waits for the authority of `m`, also under the roots before and after the one of `m`. */
static uint32_t
here_for(struct beacon *b, usec_t now, const struct member *m)
{
	uint32_t n = mailbox_here(b->mailbox, now, m->issuer);
	const struct cert *root;

	for (size_t i = 0; (root = trust_root(b->trust, i)) != NULL; i++) {
		if (memcmp(root->issuer, m->issuer, ISSUER_LEN) != 0 &&
		    trust_same_line(b->trust, root->issuer, m->issuer))
			n += mailbox_here(b->mailbox, now, root->issuer);
	}
	return n;
}

void
enrolment_here(struct beacon *b, struct instant now, struct client *cl, bool fresh,
    struct outbox *out)
{
	const struct member *m = speaks(b, now, cl);
	const struct renewal_row *r = mailbox_find_renewal(b->mailbox, cl->key);
	struct trace_fact f = client_fact(cl, TRACE_DESK, TRACE_INFO);

	if (m != NULL) {
		f.number = here_for(b, now.mono, m);
		if (fresh)
			outbox_trace(out, &f);
	}
	if (r != NULL && r->matter.done)
		say_renewal(b, now, cl, r, out);
}
