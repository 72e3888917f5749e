/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * acquaint.c - what we learn of others: their certificates, where they might be, how to meet.
 *
 * Lighthouses tell of whom we ask for, and of who asks for us; where none answers, peers do, and at
 * last everybody tells of itself. A certificate proves itself, whoever brings it. Where somebody is,
 * only a lighthouse that has seen it there and the one itself can know: from others it is a hint.
 */
#include "node/mesh_impl.h"

/*
 * Certificates that others bring
 */

void
acquaint_loser(struct mesh *m, struct instant now, const struct member *loser, struct outbox *out)
{
	struct peer *p = loser == NULL ? NULL : roster_by_key(m, loser->key);

	if (p == NULL || p->lighthouse != NULL)
		return;
	speak_close(m, now, p, CLOSE_CONFLICT, out);
	roster_supersede(m, p, out);
}

struct member *
acquaint_learn(struct mesh *m, struct instant now, struct blob cert, struct blob ca,
    struct outbox *out)
{
	struct verified v;
	struct member *member = NULL, *loser = NULL;
	struct peer *peer;
	int r = trust_verify(m->trust, cert.p, cert.len, ca.p, ca.len, now.wall, &v, NULL);

	if (r < 0) {
		struct trace_fact f = {
			.what = TRACE_CERT_REFUSED,
			.level = TRACE_NOTICE,
			.code = r,
		};

		outbox_trace(out, &f);
		return NULL;
	}
	r = members_learn(m->members, &v, cert.p, cert.len, trust_now(m->trust, now.wall), out,
	    &member, &loser);
	if (r < 0)
		return NULL;
	if (r == LEARNED_NOTHING)
		return member;
	members_remember(member, out);
	if (r == LEARNED_REPLACED)
		acquaint_loser(m, now, loser, out);
	peer = roster_by_key(m, member->key);
	if (peer != NULL) {
		struct trace_fact f = fact_of(peer, TRACE_CERT_NEWER, TRACE_INFO);

		roster_renew(m, now, peer, member, out);
		f.number = (int64_t)member->serial;
		outbox_trace(out, &f);
	}
	return member;
}

/*
 * Where somebody is
 */

/* How the NAT of `peer` behaves. What it says itself is not undone by a lighthouse. */
static void
take_nat(struct peer *peer, usec_t now, const struct nat *nat, bool own_word)
{
	if (!own_word && peer->candidates_seq != 0)
		return;
	if (peer->nat.mapping != nat->mapping || peer->nat.filtering != nat->filtering ||
	    peer->nat.step != nat->step || peer->nat.flags != nat->flags)
		aim_told_news(peer, now);
	peer->nat = *nat;
	peer->has_nat = nat->mapping != NAT_MAPPING_UNKNOWN;
}

/*
 * What the endpoints that `peer` is said to have tell beside where it might be: whether its router
 * keeps one open, and whether it has UDP at all.
 */
static void
take_kinds(struct peer *peer, const struct eps *eps)
{
	bool seen = false;

	for (size_t i = 0; i < eps->n; i++) {
		const struct ep *ep = &eps->ep[i];
		socket_id socket = ep->addr.family == FAMILY_V6 ? SOCKET_V6 : SOCKET_V4;
		struct path *p = peer_path_to(peer, socket, &ep->addr);

		seen |= ep->kind == EP_REFLEXIVE || ep->kind == EP_MAPPED;
		if (p != NULL && ep->kind == EP_MAPPED)
			p->mapped = true;
	}
	peer->unseen = !seen;
}

/* Is it an address at which a lighthouse sees us, or of the same IPv6 network as one of ours? */
static bool
is_our_site(const struct mesh *m, const struct addr *at)
{
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		for (size_t k = 0; k < 2; k++) {
			if (addr_same_ip(&m->lighthouses[i].observed[k], at))
				return true;
		}
	}
	for (size_t i = 0; i < m->local_count; i++) {
		if (at->family == FAMILY_V6 && m->local[i].family == FAMILY_V6 &&
		    memcmp(m->local[i].ip, at->ip, 8) == 0)
			return true;
	}
	return false;
}

static void
take_site(const struct mesh *m, struct peer *peer, const struct eps *eps)
{
	peer->same_site = lan_knows(m, peer->key);
	for (size_t i = 0; i < eps->n; i++)
		peer->same_site |= is_our_site(m, &eps->ep[i].addr);
}

/* What may be guessed of where it is, after all that is known: that must not take its place. */
static void
take_guesses(struct mesh *m, struct instant now, struct peer *peer, const struct eps *eps)
{
	for (size_t i = 0; i < eps->n; i++) {
		const struct ep *ep = &eps->ep[i];

		if (ep->kind == EP_HOST && ep->addr.family == FAMILY_V4)
			reach_guess(m, now, peer, ep->addr.port);
	}
}

/* Everything that a lighthouse or a peer knows of a node. */
static struct peer *
take_contact(struct mesh *m, struct instant now, const struct peer *from,
    const struct member *member, const struct contact *c,
    const uint8_t introduction[static INTRODUCTION_ID_LEN], bool *news, struct outbox *out)
{
	struct peer *peer = roster_peer(m, now, member, out);

	*news = false;
	if (peer == NULL || peer->lighthouse != NULL)
		return NULL;
	peer->relays = c->relays;
	relays_told(m, now, &c->relays);
	take_nat(peer, now.mono, &c->nat, false);
	for (size_t i = 0; i < c->eps.n; i++) {
		const struct ep *ep = &c->eps.ep[i];
		bool seen = i == 0 && ep->kind == EP_REFLEXIVE && from->lighthouse != NULL;

		if (ep->kind == EP_TCP) /* it is at the far end of a stream */
			continue;
		if (seen && ep->addr.family == FAMILY_V4)
			peer->seen = ep->addr;
		*news |= reach_candidate(
		    m, now, peer, &ep->addr, seen ? ORIGIN_SEEN : ORIGIN_HINT);
	}
	take_guesses(m, now, peer, &c->eps);
	take_site(m, peer, &c->eps);
	if (peer->candidates_seq == 0 && from->lighthouse != NULL)
		take_kinds(peer, &c->eps);
	if (!crypto_is_zero(introduction, INTRODUCTION_ID_LEN) &&
	    introductions_add(&m->introductions, now.mono, introduction, peer->key) != NULL) {
		memcpy(peer->introduction, introduction, sizeof(peer->introduction));
		noise_open_key(peer->open_key, channel_remote(peer->channel), introduction);
		peer->introduced_until = now.mono + INTRODUCTION_TIME;
	}
	return peer;
}

/* Is the answer about what was asked for? */
static bool
answers(const struct seek *s, const struct member *member, const struct cert *cert)
{
	switch (s->by) {
	case QUERY_BY_ADDRESS:
		return cert_has_address(cert, s->address);
	case QUERY_BY_KEY:
		return memcmp(s->key, member->key, sizeof(s->key)) == 0;
	case QUERY_BY_NAME:
		return strcmp(s->name, member->name) == 0;
	}
	return false;
}

static void
hear_unknown(struct mesh *m, struct instant now, const struct peer *peer, struct seek *s,
    struct outbox *out)
{
	struct peer *sought;
	unsigned asked = 0;

	for (size_t i = 0; i < m->lighthouse_count; i++) {
		const struct lighthouse *l = &m->lighthouses[i];

		if (l->peer == peer)
			s->unknown_at |= 1u << i;
		asked |= l->registered ? 1u << i : 0;
	}
	if ((s->unknown_at & asked) != asked)
		return;
	if (s->by == QUERY_BY_ADDRESS) {
		struct trace_fact f = {
			.what = TRACE_UNKNOWN_PEER,
			.level = TRACE_INFO,
			.inner = s->address,
		};

		outbox_trace(out, &f);
	}
	finder_nothing(s, now.mono);
	sought = s->by == QUERY_BY_KEY ? roster_by_key(m, s->key) : NULL;
	if (sought != NULL)
		sought->past.unknown_at = now.mono;
}

/* How long we are to wait, so that both sides begin at once; nobody is believed for long. */
static usec_t
punch_delay(uint16_t ms)
{
	return min_u64(ms, 1000) * USEC_PER_MS;
}

/*
 * `peer` was found: what waits for it goes out, and it is called; but where its key was asked for
 * we call it already, or have given it up.
 */
static void
found(struct mesh *m, struct instant now, struct peer *peer, const struct seek *s, usec_t delay,
    bool news, struct outbox *out)
{
	struct channel_view c;

	channel_view(peer->channel, now, &c);
	if (s->by == QUERY_BY_NAME) /* a person wants it, though there is nothing to send */
		peer->used_at = now.mono;
	peer->past.unknown_at = 0;
	for (const struct waiting *w = s->first; w != NULL; w = w->next)
		mesh_to_peer_copy(m, now, peer, w->bytes, w->len, out);
	if (!c.ready && !c.attempting && s->by != QUERY_BY_KEY)
		channel_want(peer->channel, now.mono);
	/* Otherwise the burst that goes with the question is under way already. */
	if (news || !c.ready || peer->punch_began == 0)
		punch_begin(m, now, peer, delay, news || !c.ready);
	upkeep_tick(m, now, peer, out);
}

void
acquaint_reply(struct mesh *m, struct instant now, struct peer *from, const struct reply *r,
    struct outbox *out)
{
	struct seek *s = finder_by_qid(&m->finder, r->qid);
	struct member *member;
	struct seek over;
	struct cert cert;
	struct peer *peer;
	bool news;

	if (s == NULL || (from->lighthouse == NULL && !s->asked_peers))
		return;
	if (r->status == REPLY_UNKNOWN) {
		if (from->lighthouse != NULL) /* a peer need not know everybody */
			hear_unknown(m, now, from, s, out);
		return;
	}
	member = acquaint_learn(m, now, r->contact.cert, r->contact.ca, out);
	if (member == NULL)
		return;
	member_cert(member, &cert);
	if (!answers(s, member, &cert))
		return;
	peer = take_contact(m, now, from, member, &r->contact, r->introduction, &news, out);
	over = *s;
	s->first = NULL;
	finder_drop(s);
	if (peer != NULL)
		found(m, now, peer, &over, punch_delay(r->delay_ms), news, out);
	finder_drop(&over);
}

void
acquaint_found(struct mesh *m, struct instant now, const struct member *member,
    struct outbox *out)
{
	struct cert cert;

	member_cert(member, &cert);
	for (size_t i = 0; i < m->finder.count; i++) {
		struct seek *s = m->finder.seeks[i], over = *s;
		struct peer *peer;

		/* Who is sought by its key is known; a lighthouse's introduction is worth having. */
		if (s->state != SEEK_ASKING || s->by == QUERY_BY_KEY || !answers(s, member, &cert))
			continue;
		s->first = NULL;
		finder_drop(s);
		peer = roster_peer(m, now, member, out);
		if (peer != NULL && peer->lighthouse == NULL)
			found(m, now, peer, &over, 0, true, out);
		finder_drop(&over);
	}
}

void
acquaint_punch(struct mesh *m, struct instant now, struct peer *from, const struct punch *p,
    struct outbox *out)
{
	struct member *member;
	struct peer *peer;
	bool news;

	if (from->lighthouse == NULL &&
	    !bucket_take(&from->introduces, now.mono, INTRODUCE_REQUESTER, INTRODUCE_REQUESTER * 60, 60))
		return;
	member = acquaint_learn(m, now, p->contact.cert, p->contact.ca, out);
	if (member == NULL)
		return;
	peer = take_contact(m, now, from, member, &p->contact, p->introduction, &news, out);
	if (peer == NULL || (peer->best != PEER_NO_PATH && peer_best(peer)->kind != PATH_RELAY))
		return;
	punch_begin(m, now, peer, punch_delay(p->delay_ms), news);
}

void
acquaint_candidates(struct mesh *m, struct instant now, struct peer *peer,
    const struct candidates *c)
{
	bool news = false;

	if (peer->lighthouse != NULL ||
	    (peer->candidates_seq != 0 && (int32_t)(c->seq - peer->candidates_seq) <= 0))
		return;
	peer->candidates_seq = c->seq;
	peer->relays = c->relays;
	relays_told(m, now, &c->relays);
	take_nat(peer, now.mono, &c->nat, true);
	for (size_t i = 0; i < c->eps.n; i++)
		news |= c->eps.ep[i].kind != EP_TCP &&
		    reach_candidate(m, now, peer, &c->eps.ep[i].addr, ORIGIN_PEER);
	take_guesses(m, now, peer, &c->eps);
	take_kinds(peer, &c->eps);
	take_site(m, peer, &c->eps);
	if (news)
		punch_news(m, now, peer);
	upkeep_due(m, peer, now.mono + 1);
}
