/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * registrar.c - tokens told to lighthouses, and what was ruled about each petition.
 */
#include "node/registrar.h"
#include "core/bytes.h"
#include "core/crypto.h"
#include "node/mesh_impl.h"

#include <errno.h>
#include <stdlib.h>

#define OFFERS_AT_ONCE	8		       /* and again after TELL_FIRST: 32 a second */
#define TELL_FIRST	(250 * USEC_PER_MS)    /* doubled with each time that nothing comes back */
#define TELL_DOUBLES	6
#define HEARD_HOLDS	(10 * USEC_PER_SEC)    /* the owner is not told again of a petition before */

/* A token that stands, or that was withdrawn and is not forgotten everywhere. */
struct standing {
	struct offer is;
	uint8_t welcome[WIRE_WELCOME_MAX];
	uint8_t acked; /* by which lighthouses, by bit */
};

/* A petition, and its ruling. */
struct matter_heard {
	struct ruling is; /* status 0: none yet; `sealed`, `cert` and `ca` point into `bytes` */
	uint8_t *bytes;
	usec_t heard_at; /* when the owner was told */
	usec_t used_at;
	uint8_t asked_by; /* lighthouses, by bit; none: whoever may keep it is told */
	uint8_t thanked;
	usec_t tell_due; /* 0: no lighthouse need be told */
	unsigned told;	 /* times */
};

struct registrar {
	struct standing *offers;
	size_t offer_count;
	size_t offer_room;
	struct telling {
		usec_t due; /* 0: everything was acknowledged */
		unsigned tries;
		size_t next; /* offer to be told */
	} telling[MESH_LIGHTHOUSES_MAX];
	struct matter_heard heard[PETITIONS_MAX];
	size_t heard_count;
};

static void
offers_free(struct registrar *r)
{
	if (r->offers != NULL)
		crypto_wipe(r->offers, r->offer_room * sizeof(*r->offers));
	free(r->offers);
	r->offers = NULL;
	r->offer_count = r->offer_room = 0;
}

void
registrar_free(struct registrar *r)
{
	if (r == NULL)
		return;
	offers_free(r);
	for (size_t i = 0; i < r->heard_count; i++)
		free(r->heard[i].bytes);
	free(r);
}

/* Made when it is first needed; NULL: this node speaks for no authority, or there is no memory. */
static struct registrar *
registrar_of(struct mesh *m)
{
	if (m->registrar == NULL && (m->cert.flags & CERT_ENROL))
		m->registrar = calloc(1, sizeof(*m->registrar));
	return m->registrar;
}

static uint8_t
bit_of(const struct mesh *m, const struct lighthouse *l)
{
	return (uint8_t)(1u << (l - m->lighthouses));
}

static uint8_t
all_lighthouses(const struct mesh *m)
{
	return (uint8_t)((1u << m->lighthouse_count) - 1);
}

/* A frame of `len` bytes in `room`, or an encoder's failure. */
static void
say(struct mesh *m, struct instant now, struct lighthouse *l, uint8_t *room, int len,
    struct outbox *out)
{
	struct path *best = peer_best(l->peer);

	if (len > 0 && best != NULL)
		(void)reach_seal(m, now, l->peer, best, room, (size_t)len, false, out);
}

/*
 * Offers
 */

static struct standing *
offer_find(const struct registrar *r, const uint8_t id[static WIRE_TOKEN_ID])
{
	for (size_t i = 0; i < r->offer_count; i++)
		if (memcmp(r->offers[i].is.id, id, WIRE_TOKEN_ID) == 0)
			return &r->offers[i];
	return NULL;
}

static bool
offer_same(const struct offer *a, const struct offer *b)
{
	return a->expires == b->expires && a->welcome.len == b->welcome.len &&
	       crypto_equal(a->psk, b->psk, sizeof(a->psk)) &&
	       memcmp(a->welcome.p, b->welcome.p, a->welcome.len) == 0;
}

/* The table may move, so pointers into it are set when they are used. */
static struct offer
offer_of(const struct standing *s)
{
	struct offer o = s->is;

	o.welcome.p = o.welcome.len > 0 ? s->welcome : NULL;
	return o;
}

static bool
is_among(const struct offer *tokens, size_t n, const uint8_t id[static WIRE_TOKEN_ID])
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(tokens[i].id, id, WIRE_TOKEN_ID) == 0)
			return true;
	return false;
}

/* Room for `n` more, without leaving keys behind in memory that is given back. */
static int
offers_reserve(struct registrar *r, size_t n)
{
	size_t room = r->offer_count + n;
	struct standing *fresh;
	size_t count = r->offer_count;

	if (room <= r->offer_room)
		return 0;
	fresh = calloc(room, sizeof(*fresh));
	if (fresh == NULL)
		return -ENOMEM;
	if (count > 0)
		memcpy(fresh, r->offers, count * sizeof(*fresh));
	offers_free(r);
	r->offers = fresh;
	r->offer_count = count;
	r->offer_room = room;
	return 0;
}

static void
offer_set(struct registrar *r, const struct offer *o)
{
	struct standing *s = offer_find(r, o->id);

	if (s != NULL && s->is.expires != 0) {
		struct offer had = offer_of(s);

		if (offer_same(&had, o))
			return;
	}
	if (s == NULL)
		s = &r->offers[r->offer_count++];
	crypto_wipe(s, sizeof(*s));
	s->is = *o;
	memcpy(s->welcome, o->welcome.p, o->welcome.len);
}

static void
offer_withdraw(struct standing *s)
{
	struct offer gone = { .expires = 0 };

	if (s->is.expires == 0)
		return;
	memcpy(gone.id, s->is.id, sizeof(gone.id));
	crypto_wipe(s, sizeof(*s));
	s->is = gone;
}

static void
tell_all_offers(struct mesh *m, usec_t now)
{
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		m->registrar->telling[i].due = now;
		m->registrar->telling[i].tries = 0;
	}
}

int
mesh_offer(struct mesh *m, struct instant now, const struct offer *tokens, size_t n,
    struct outbox *out)
{
	struct registrar *r = registrar_of(m);

	if (r == NULL)
		return m->cert.flags & CERT_ENROL ? -ENOMEM : ERR_DENIED;
	assert(n <= OFFERS_MAX);
	if (offers_reserve(r, n) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < r->offer_count; i++)
		if (!is_among(tokens, n, r->offers[i].is.id))
			offer_withdraw(&r->offers[i]);
	for (size_t i = 0; i < n; i++)
		offer_set(r, &tokens[i]);
	tell_all_offers(m, now.mono);
	registrar_tick(m, now, out);
	return 0;
}

/* The next few that `l` has not acknowledged, going round. */
static void
tell_offers(struct mesh *m, struct instant now, struct lighthouse *l, struct outbox *out)
{
	struct registrar *r = m->registrar;
	struct telling *t = &r->telling[l - m->lighthouses];
	unsigned told = 0;

	for (size_t i = 0; i < r->offer_count && told < OFFERS_AT_ONCE; i++) {
		struct standing *s = &r->offers[t->next++ % r->offer_count];
		uint8_t *room;
		struct offer o;

		if (s->acked & bit_of(m, l))
			continue;
		room = outbox_room(out, FRAME_MAX);
		if (room == NULL)
			break;
		o = offer_of(s);
		say(m, now, l, room, offer_encode(room, FRAME_MAX, &o), out);
		told++;
	}
	t->due = told == 0 ? 0 : now.mono + (TELL_FIRST << min_u64(t->tries++, TELL_DOUBLES));
}

void
registrar_hear_ack(struct mesh *m, struct instant now, struct peer *peer,
    const struct offer_ack *a)
{
	struct registrar *r = m->registrar;
	struct standing *s;
	struct telling *t;

	if (r == NULL || peer->lighthouse == NULL)
		return;
	s = offer_find(r, a->id);
	if (s == NULL)
		return;
	t = &r->telling[peer->lighthouse - m->lighthouses];
	s->acked |= bit_of(m, peer->lighthouse);
	t->tries = 0;
	if (t->due != 0)
		t->due = min_u64(t->due, now.mono + TELL_FIRST);
	if (s->is.expires != 0 || (s->acked & all_lighthouses(m)) != all_lighthouses(m))
		return;
	*s = r->offers[--r->offer_count];
	crypto_wipe(&r->offers[r->offer_count], sizeof(*s));
}

/*
 * Petitions
 */

static bool
is_about(const struct matter_heard *h, enum petition_kind kind, const uint8_t *id,
    const uint8_t *ref, const uint8_t *key)
{
	if (h->is.kind != kind)
		return false;
	if (kind == PETITION_RENEW)
		return memcmp(h->is.key, key, sizeof(h->is.key)) == 0;
	return memcmp(h->is.id, id, sizeof(h->is.id)) == 0 &&
	       memcmp(h->is.ref, ref, sizeof(h->is.ref)) == 0;
}

static struct matter_heard *
heard_find(struct registrar *r, enum petition_kind kind, const uint8_t *id, const uint8_t *ref,
    const uint8_t *key)
{
	for (size_t i = 0; i < r->heard_count; i++)
		if (is_about(&r->heard[i], kind, id, ref, key))
			return &r->heard[i];
	return NULL;
}

/* A free one, or the one that was least lately used. */
static struct matter_heard *
heard_new(struct registrar *r, usec_t now, const struct ruling *about)
{
	struct matter_heard *h = &r->heard[0];

	if (r->heard_count < PETITIONS_MAX) {
		h = &r->heard[r->heard_count++];
	} else {
		for (size_t i = 1; i < r->heard_count; i++)
			if (r->heard[i].used_at < h->used_at)
				h = &r->heard[i];
		free(h->bytes);
	}
	*h = (struct matter_heard){ .used_at = now };
	h->is.kind = about->kind;
	memcpy(h->is.id, about->id, sizeof(h->is.id));
	memcpy(h->is.ref, about->ref, sizeof(h->is.ref));
	memcpy(h->is.key, about->key, sizeof(h->is.key));
	return h;
}

/* The answer from `offset` on, or that there is none. */
static void
say_ruling(struct mesh *m, struct instant now, struct lighthouse *l, const struct matter_heard *h,
    size_t offset, struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_MAX);
	struct enrol_result e = { .status = h->is.status };
	struct renew_result n = { .status = h->is.status, .cert = h->is.cert, .ca = h->is.ca };

	if (room == NULL)
		return;
	if (h->is.kind == PETITION_RENEW) {
		memcpy(n.key, h->is.key, sizeof(n.key));
		say(m, now, l, room, renew_result_encode(room, FRAME_MAX, &n), out);
		return;
	}
	memcpy(e.id, h->is.id, sizeof(e.id));
	memcpy(e.ref, h->is.ref, sizeof(e.ref));
	if (h->is.status == ENROL_ANSWER && offset >= h->is.sealed_len)
		return;
	if (h->is.status == ENROL_ANSWER) {
		e.offset = (uint16_t)offset;
		e.total = (uint16_t)h->is.sealed_len;
		e.piece.p = h->is.sealed + offset;
		e.piece.len = (uint16_t)min_u64(ENROL_PIECE_MAX, h->is.sealed_len - offset);
	}
	say(m, now, l, room, enrol_result_encode(room, FRAME_MAX, &e), out);
}

static void
tell_owner(const struct petition *p, struct outbox *out)
{
	struct petition *copy = outbox_alloc(out, sizeof(*copy) + p->bytes.len);
	struct event e = { .kind = EVENT_PETITION, .petition = copy };

	if (copy == NULL)
		return;
	*copy = *p;
	copy->bytes.p = (uint8_t *)(copy + 1);
	memcpy(copy + 1, p->bytes.p, p->bytes.len);
	outbox_event(out, &e);
}

/* Another request, or the same one long after its answer came: that may be another by now. */
static bool
is_closed(const struct matter_heard *h, const struct petition *p)
{
	if (memcmp(h->is.ref, p->ref, sizeof(p->ref)) != 0)
		return true;
	return p->kind == PETITION_RENEW && h->asked_by != 0 && (h->asked_by & ~h->thanked) == 0;
}

/* The lighthouse asks, perhaps again: it is told what was ruled, or the owner what is asked. */
static void
hear_petition(struct mesh *m, struct instant now, struct lighthouse *l, const struct petition *p,
    struct outbox *out)
{
	struct registrar *r = m->registrar;
	struct matter_heard *h = heard_find(r, p->kind, p->id, p->ref, p->key);
	struct ruling about = { .kind = p->kind };

	memcpy(about.id, p->id, sizeof(about.id));
	memcpy(about.ref, p->ref, sizeof(about.ref));
	memcpy(about.key, p->key, sizeof(about.key));
	if (h != NULL && is_closed(h, p)) {
		free(h->bytes);
		*h = (struct matter_heard){ .is = about };
	}
	if (h == NULL)
		h = heard_new(r, now.mono, &about);
	h->used_at = now.mono;
	h->asked_by |= bit_of(m, l);
	h->thanked &= (uint8_t)~bit_of(m, l);
	if (h->is.status != 0)
		say_ruling(m, now, l, h, 0, out);
	if (h->bytes != NULL || (h->heard_at != 0 && now.mono - h->heard_at < HEARD_HOLDS))
		return;
	h->heard_at = now.mono;
	tell_owner(p, out);
}

bool
registrar_hear_enrol(struct mesh *m, struct instant now, struct peer *peer, const struct enrol *e,
    struct outbox *out)
{
	struct petition p = { .kind = PETITION_ENROL, .bytes = e->plea };
	struct registrar *r = registrar_of(m);
	struct matter_heard *h;

	if (r == NULL || peer->lighthouse == NULL)
		return false;
	memcpy(p.id, e->id, sizeof(p.id));
	memcpy(p.ref, e->ref, sizeof(p.ref));
	if (e->step == ENROL_PLEA) {
		hear_petition(m, now, peer->lighthouse, &p, out);
		return true;
	}
	h = heard_find(r, PETITION_ENROL, e->id, e->ref, NULL);
	if (h == NULL)
		return true;
	h->used_at = now.mono;
	if (e->step == ENROL_FETCH) {
		h->tell_due = 0; /* it has begun to fetch, and asks again by itself */
		say_ruling(m, now, peer->lighthouse, h, e->offset, out);
	}
	if (e->step == ENROL_THANKS)
		h->thanked |= bit_of(m, peer->lighthouse);
	return true;
}

bool
registrar_hear_renew(struct mesh *m, struct instant now, struct peer *peer, const struct renew *n,
    struct outbox *out)
{
	struct petition p = { .kind = PETITION_RENEW, .bytes = n->request };
	struct registrar *r = registrar_of(m);
	struct matter_heard *h;
	uint8_t hash[32];

	if (r == NULL || peer->lighthouse == NULL)
		return false;
	memcpy(p.key, n->key, sizeof(p.key));
	if (n->request.len == 0) {
		h = heard_find(r, PETITION_RENEW, NULL, NULL, n->key);
		if (h != NULL)
			h->thanked |= bit_of(m, peer->lighthouse);
		return true;
	}
	crypto_hash2(hash, n->request.p, n->request.len, NULL, 0);
	memcpy(p.ref, hash, sizeof(p.ref));
	hear_petition(m, now, peer->lighthouse, &p, out);
	return true;
}

/*
 * Rulings
 */

/* Is it an answer that lighthouses thank for, or a word that they may miss? */
static bool
is_final(const struct ruling *r)
{
	if (r->kind == PETITION_ENROL)
		return r->status == ENROL_ANSWER;
	return r->status == RENEW_ISSUED || r->status == RENEW_REFUSED;
}

static uint8_t *
copy_bytes(struct matter_heard *h, const struct ruling *r)
{
	size_t len = r->sealed_len + r->cert.len + r->ca.len;
	uint8_t *bytes = malloc(len > 0 ? len : 1);
	struct wr w = wr_init(bytes, len);

	if (bytes == NULL)
		return NULL;
	wr_bytes(&w, r->sealed, r->sealed_len);
	wr_bytes(&w, r->cert.p, r->cert.len);
	wr_bytes(&w, r->ca.p, r->ca.len);
	h->is.sealed = bytes;
	h->is.sealed_len = r->sealed_len;
	h->is.cert = (struct blob){ r->cert.len > 0 ? bytes + r->sealed_len : NULL, r->cert.len };
	h->is.ca = (struct blob){
		r->ca.len > 0 ? bytes + r->sealed_len + r->cert.len : NULL,
		r->ca.len,
	};
	return bytes;
}

int
mesh_answer(struct mesh *m, struct instant now, const struct ruling *ruling, struct outbox *out)
{
	struct registrar *r = registrar_of(m);
	struct matter_heard *h;
	uint8_t *bytes = NULL;

	if (r == NULL)
		return m->cert.flags & CERT_ENROL ? -ENOMEM : ERR_DENIED;
	assert(ruling->sealed_len <= WIRE_ANSWER_MAX);
	h = heard_find(r, ruling->kind, ruling->id, ruling->ref, ruling->key);
	if (h == NULL)
		h = heard_new(r, now.mono, ruling);
	if (is_final(ruling)) {
		bytes = copy_bytes(h, ruling);
		if (bytes == NULL)
			return -ENOMEM;
	}
	free(h->bytes);
	h->bytes = bytes;
	if (bytes == NULL) {
		h->is.sealed = NULL;
		h->is.sealed_len = 0;
		h->is.cert = h->is.ca = (struct blob){ 0 };
	}
	h->is.status = ruling->status;
	h->used_at = now.mono;
	h->thanked = 0;
	h->told = 0;
	h->tell_due = now.mono;
	registrar_tick(m, now, out);
	return 0;
}

static void
tell_ruling(struct mesh *m, struct instant now, struct matter_heard *h, struct outbox *out)
{
	uint8_t whom = h->asked_by != 0 ? h->asked_by : all_lighthouses(m);

	for (size_t i = 0; i < m->lighthouse_count; i++) {
		struct lighthouse *l = &m->lighthouses[i];

		if ((whom & ~h->thanked & bit_of(m, l)) && channel_ready(l->peer->channel, now))
			say_ruling(m, now, l, h, 0, out);
	}
	h->told++;
	if (!is_final(&h->is) || h->told > TELL_DOUBLES || (whom & ~h->thanked) == 0)
		h->tell_due = 0; /* whoever still wants it asks, or comes back */
	else
		h->tell_due = now.mono + (TELL_FIRST << h->told);
}

/*
 * Time
 */

void
registrar_here(struct mesh *m, struct instant now, const struct lighthouse *l)
{
	struct registrar *r = registrar_of(m);

	if (r == NULL)
		return;
	for (size_t i = 0; i < r->offer_count; i++)
		r->offers[i].acked &= (uint8_t)~bit_of(m, l);
	r->telling[l - m->lighthouses].due = now.mono;
	r->telling[l - m->lighthouses].tries = 0;
	for (size_t i = 0; i < r->heard_count; i++) {
		struct matter_heard *h = &r->heard[i];

		if (h->bytes != NULL && !(h->thanked & bit_of(m, l))) {
			h->told = 0;
			h->tell_due = now.mono;
		}
	}
}

void
registrar_tick(struct mesh *m, struct instant now, struct outbox *out)
{
	struct registrar *r = m->registrar;

	if (r == NULL)
		return;
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		struct lighthouse *l = &m->lighthouses[i];

		if (!due_reached(r->telling[i].due, now.mono))
			continue;
		if (l->registered)
			tell_offers(m, now, l, out);
		else
			r->telling[i].due = 0; /* registrar_here() */
	}
	for (size_t i = 0; i < r->heard_count && !outbox_half_full(out); i++)
		if (due_reached(r->heard[i].tell_due, now.mono))
			tell_ruling(m, now, &r->heard[i], out);
}

usec_t
registrar_due(const struct mesh *m)
{
	const struct registrar *r = m->registrar;
	usec_t due = 0;

	if (r == NULL)
		return 0;
	for (size_t i = 0; i < m->lighthouse_count; i++)
		due = due_min(due, r->telling[i].due);
	for (size_t i = 0; i < r->heard_count; i++)
		due = due_min(due, r->heard[i].tell_due);
	return due;
}
