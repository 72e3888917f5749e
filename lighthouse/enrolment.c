/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * enrolment.c - between hosts that want a certificate and authorities that give them.
 *
 *	guest   ENROL ->   quarantine, mailbox   ENROL, RENEW ->   desk: a member certified ENROL
 *	member  RENEW ->   (renewals.c)          <- ENROL_RESULT, RENEW_RESULT, TOKEN
 *
 * What is asked goes through the mailbox, whether an authority is here or not: what is kept is due
 * at once where there is one, and is asked again until it is answered. Nothing that is passed on
 * can be read here, but a member's request, and nothing that is said here is believed by either end.
 */
#include "core/bytes.h"
#include "core/crypto.h"
#include "lighthouse/beacon_impl.h"

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
	else if (desk_silent(b, now, e))
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

void
enrolment_tick(struct beacon *b, struct instant now)
{
	if (due_reached(b->quarantine_due, now.mono))
		b->quarantine_due = quarantine_expire(&b->quarantine, now.mono);
}

/*
 * What an authority says
 */

int
enrolment_on_token(struct beacon *b, const struct heard *h, struct client *cl,
    const struct frame *f, struct outbox *out)
{
	const struct member *m = desk_member(b, h->now, cl);
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
		desk_ask(b, now, &p->matter, out);
	}
}

int
enrolment_on_result(struct beacon *b, const struct heard *h, struct client *cl,
    const struct frame *f, struct outbox *out)
{
	const struct member *m = desk_member(b, h->now, cl);
	struct enrol_result r;
	struct plea_row *p;
	struct guest_row *g;
	bool was_done;

	if (enrol_result_decode(&r, f) < 0)
		return ERR_FORMAT;
	p = mailbox_find_plea(b->mailbox, r.id, r.ref);
	if (m == NULL || (p != NULL && !trust_same_line(b->trust, p->matter.issuer, m->issuer))) {
		answer_error(b, h, cl, ERROR_NOT_ALLOWED, f->type, 0, out);
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
