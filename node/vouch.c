/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vouch.c - QUERY answered by a node.
 */
#include "node/vouch.h"
#include "node/mesh_impl.h"

#include <stdlib.h>

#define VOUCHED_MAX   32 /* introductions whose id is known, should the question come again */
#define VOUCHED_TOLD  5	 /* times that the other side hears of one: requests come so often */
#define HEARD_LATELY  (60 * USEC_PER_SEC)

struct vouching {
	struct introduce_limit limit;
	struct vouch {
		uint8_t asker[32];
		uint8_t target[32];
		uint32_t qid;
		uint8_t id[INTRODUCTION_ID_LEN];
		usec_t until; /* 0: free */
		unsigned told;
	} row[VOUCHED_MAX];
	unsigned next;
};

static struct vouching *
vouching(struct mesh *m)
{
	uint8_t key[16];

	if (m->vouching != NULL)
		return m->vouching;
	m->vouching = calloc(1, sizeof(*m->vouching));
	if (m->vouching == NULL)
		return NULL;
	rng_fill(&m->rng, key, sizeof(key));
	introduce_limit_init(&m->vouching->limit, key);
	return m->vouching;
}

/* Is it there, so that it can be told something? */
static bool
is_there(const struct peer *p, struct instant now)
{
	return p != NULL && p->lighthouse == NULL && !p->stock && p->best != PEER_NO_PATH &&
	    channel_ready(p->channel, now);
}

static const struct member *
sought(const struct mesh *m, const struct query *q)
{
	char name[NAME_MAX_LEN + 1] = { 0 };

	switch (q->by) {
	case QUERY_BY_ADDRESS:
		return members_by_ip(m->members, q->address);
	case QUERY_BY_KEY:
		return members_get(m->members, q->key);
	case QUERY_BY_NAME:
		memcpy(name, q->name.p, q->name.len);
		return members_by_name(m->members, name);
	}
	return NULL;
}

/* The best direct path is where we see it, and comes first; the others are what it says itself. */
static void
endpoints_of(struct peer *peer, struct eps *to)
{
	const struct path *best = peer_best(peer);

	if (best->kind != PATH_RELAY && best->remote.scope == 0)
		to->ep[to->n++] = (struct ep){ .kind = EP_REFLEXIVE, .addr = best->remote };
	for (size_t i = 0; i < PEER_PATHS_MAX && to->n < CONTACT_EPS; i++) {
		const struct path *p = &peer->paths[i];

		if (p->state != PATH_FREE && p != best && path_is_udp(p) &&
		    p->origin == ORIGIN_PEER && p->remote.scope == 0)
			eps_add(to, EP_HOST, &p->remote);
	}
}

/* A relay that both of them know: ourselves. Then those that it names. */
static void
relays_of(const struct mesh *m, const struct peer *peer, struct relays *to)
{
	if (carry_on(m) && peer_is_direct(peer))
		memcpy(to->key[to->n++], m->self.public, sizeof(to->key[0]));
	for (size_t i = 0; i < peer->relays.n && to->n < CONTACT_RELAYS; i++)
		memcpy(to->key[to->n++], peer->relays.key[i], sizeof(to->key[0]));
}

/* What others are told of `peer`. False: its certificate is not held any more. */
static bool
contact_of(const struct mesh *m, struct instant now, struct peer *peer, struct contact *ret)
{
	const struct member *member = members_get(m->members, peer->key);

	if (member == NULL || member->superseded ||
	    member->valid_until < trust_now(m->trust, now.wall))
		return false;
	ret->cert = (struct blob){ member_host(member), member->host_len };
	ret->ca = (struct blob){ member_issuing(member), member->issuing_len };
	if (peer->has_nat)
		ret->nat = peer->nat;
	endpoints_of(peer, &ret->eps);
	relays_of(m, peer, &ret->relays);
	return true;
}

static void
say_punch(struct mesh *m, struct instant now, struct peer *to, struct peer *about,
    const uint8_t id[static INTRODUCTION_ID_LEN], struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_MAX);
	struct punch p = { 0 };
	int n;

	if (room == NULL || !contact_of(m, now, about, &p.contact))
		return;
	memcpy(p.introduction, id, sizeof(p.introduction));
	n = punch_encode(room, FRAME_MAX, &p);
	if (n > 0)
		(void)reach_seal(m, now, to, peer_best(to), room, (size_t)n, false, out);
}

/* The introduction that this question leads to, or led to a moment ago; NULL: too many. */
static struct vouch *
introduction(struct mesh *m, usec_t now, struct peer *asker, const struct peer *target,
    uint32_t qid)
{
	struct vouching *v = vouching(m);
	struct vouch *row;

	if (v == NULL)
		return NULL;
	for (row = v->row; row < v->row + VOUCHED_MAX; row++) {
		if (row->until > now && row->qid == qid &&
		    memcmp(row->asker, asker->key, sizeof(row->asker)) == 0 &&
		    memcmp(row->target, target->key, sizeof(row->target)) == 0)
			return row;
	}
	if (!introduce_allow(&v->limit, &asker->introductions, now, asker->key, target->key))
		return NULL;
	row = &v->row[v->next++ % VOUCHED_MAX];
	*row = (struct vouch){ .qid = qid, .until = now + INTRODUCTION_TIME };
	memcpy(row->asker, asker->key, sizeof(row->asker));
	memcpy(row->target, target->key, sizeof(row->target));
	rng_fill(&m->rng, row->id, sizeof(row->id));
	return row;
}

static enum reply_status
introduce(struct mesh *m, struct instant now, struct peer *asker, struct peer *target,
    const struct query *q, uint8_t ret_id[static INTRODUCTION_ID_LEN], struct outbox *out)
{
	struct vouch *row = introduction(m, now.mono, asker, target, q->qid);

	if (row == NULL)
		return REPLY_LIMITED;
	if (row->told++ < VOUCHED_TOLD)
		say_punch(m, now, target, asker, row->id, out);
	memcpy(ret_id, row->id, INTRODUCTION_ID_LEN);
	return REPLY_FOUND;
}

void
vouch_hear(struct mesh *m, struct instant now, struct peer *peer, const struct query *q,
    struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_MAX);
	const struct member *member = sought(m, q);
	struct peer *target = member == NULL ? NULL : roster_by_key(m, member->key);
	struct reply r = { .qid = q->qid, .status = REPLY_UNKNOWN };
	int n;

	if (room == NULL || !is_there(peer, now))
		return;
	if (target != peer && is_there(target, now) && contact_of(m, now, target, &r.contact)) {
		r.status = REPLY_FOUND;
		if ((q->flags & QUERY_INTRODUCE) != 0)
			r.status = (uint8_t)introduce(m, now, peer, target, q, r.introduction,
			    out);
	}
	n = reply_encode(room, FRAME_MAX, &r);
	if (n > 0)
		(void)reach_seal(m, now, peer, peer_best(peer), room, (size_t)n, false, out);
}

void
vouch_ask(struct mesh *m, struct instant now, struct seek *s, struct outbox *out)
{
	uint32_t first = m->peer_count == 0 ? 0 : s->qid + s->round * VOUCH_ASKED;
	unsigned asked = 0;

	for (uint32_t i = 0; i < m->peer_count && asked < VOUCH_ASKED; i++) {
		struct peer *p = m->peers[(first + i) % m->peer_count];

		if (!is_there(p, now) || now.mono - p->heard_at > HEARD_LATELY ||
		    (s->by == QUERY_BY_KEY && memcmp(p->key, s->key, sizeof(p->key)) == 0))
			continue;
		speak_query(m, now, p, s, out);
		s->asked_peers = true;
		asked++;
	}
}
