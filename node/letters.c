/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * letters.c - accepted studies for parties that are away: left with lighthouses, and fetched there.
 */
#include "node/letters.h"

#include "node/mesh_impl.h"

#include <stdlib.h>

/* A letter on its way here, from one lighthouse. */
struct letter_coming {
	const struct lighthouse *by;
	uint8_t from[32];
	struct letter_pieces pieces;
};

void
letters_wipe(struct letters *ls)
{
	for (size_t i = 0; i < LETTERS_COMING; i++)
		free(ls->coming[i]);
	*ls = (struct letters){ 0 };
}

static void
speak(struct mesh *m, struct instant now, struct peer *to, const uint8_t *frame, int len,
    struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_MAX);

	if (room == NULL || len < 0)
		return;
	memcpy(room, frame, (size_t)len);
	speak_frame(m, now, to, room, len, true, out);
}

/*
 * Left
 */

/* Lighthouses that hear us now, and do not keep this letter yet, by bit. */
static unsigned
takers(struct mesh *m, struct instant now, const struct lobby_party *p)
{
	unsigned ret = 0;

	for (size_t i = 0; i < m->lighthouse_count; i++) {
		const struct lighthouse *l = &m->lighthouses[i];

		if (l->registered && (p->left_at >> i & 1) == 0 &&
		    channel_ready(l->peer->channel, now) && peer_best(l->peer) != NULL)
			ret |= 1u << i;
	}
	return ret;
}

static void
hand_out(struct mesh *m, struct instant now, struct lighthouse *l, const uint8_t to[static 32],
    const struct lobby_party *p, const uint8_t *letter, size_t size, struct outbox *out)
{
	for (size_t at = 0; at < size; at += LETTER_CHUNK) {
		uint8_t frame[FRAME_MAX];
		struct letter_part part = letter_part_of(to, p->letter, letter, size, at);

		speak(m, now, l->peer, frame, letter_part_encode(frame, sizeof(frame), &part),
		    out);
	}
}

/* Seals the letter of `s` for `party`, and names it. Its length, or negative. */
static int
write_letter(const struct mesh *m, struct lobby_study *s, unsigned party,
    uint8_t to[static LETTER_MAX])
{
	const struct letter l = {
		.since = s->since,
		.cert = { m->cert_bytes.p, m->cert_bytes.len },
		.ca = { m->issuing.p, m->issuing.len },
		.study = { s->bytes, s->size },
	};
	struct lobby_party *p = &s->parties[party];
	const uint8_t *theirs = s->study.parties[party].key;
	struct letter_keys k;
	int n = letter_keys(&k, m->self.private, theirs, m->self.public, theirs);

	if (n < 0)
		return n;
	letter_id(p->letter, &k, s->study.hash);
	p->letter_named = true;
	n = letter_seal(to, LETTER_MAX, &k, &l);
	crypto_wipe(&k, sizeof(k));
	return n;
}

static void
leave(struct mesh *m, struct instant now, struct lobby_study *s, unsigned party, unsigned at,
    struct outbox *out)
{
	uint8_t letter[LETTER_MAX];
	int n = write_letter(m, s, party, letter);

	for (size_t i = 0; n > 0 && i < m->lighthouse_count; i++) {
		if ((at >> i & 1) != 0)
			hand_out(m, now, &m->lighthouses[i], s->study.parties[party].key,
			    &s->parties[party], letter, (size_t)n, out);
	}
}

void
letters_wanted(struct mesh *m, struct instant now)
{
	if (m->letters.due == 0)
		m->letters.due = now.mono;
}

void
letters_tick(struct mesh *m, struct instant now, struct outbox *out)
{
	struct lobby_study *s;
	unsigned party;

	if (!due_reached(m->letters.due, now.mono) || outbox_half_full(out))
		return;
	m->letters.due = 0;
	while ((s = lobby_letter_next(m->lobby, &party)) != NULL) {
		unsigned at = takers(m, now, &s->parties[party]);

		lobby_posted(s, party);
		if (at == 0)
			continue;
		leave(m, now, s, party, at, out);
		m->letters.due = now.mono + LETTERS_APART;
		return;
	}
}

void
letters_hear_ack(struct mesh *m, const struct peer *from, const struct letter_ack *a)
{
	if (from->lighthouse != NULL)
		lobby_letter_said(m->lobby, (unsigned)(from->lighthouse - m->lighthouses), a->key,
		    a->id, a->status);
}

/*
 * Fetched
 */

static struct letter_coming *
coming_of(struct mesh *m, const struct lighthouse *by, const struct letter_part *p)
{
	struct letter_coming **at = NULL;

	for (size_t i = 0; i < LETTERS_COMING; i++) {
		struct letter_coming *c = m->letters.coming[i];

		if (c != NULL && c->by == by && memcmp(c->from, p->key, sizeof(c->from)) == 0 &&
		    letter_pieces_fit(&c->pieces, p))
			return c;
		if (c == NULL && at == NULL)
			at = &m->letters.coming[i];
	}
	if (at == NULL)
		at = &m->letters.coming[m->letters.next++ % LETTERS_COMING];
	if (*at == NULL)
		*at = malloc(sizeof(**at));
	if (*at == NULL)
		return NULL;
	(*at)->by = by;
	memcpy((*at)->from, p->key, sizeof((*at)->from));
	letter_pieces_begin(&(*at)->pieces, p);
	return *at;
}

static void
coming_over(struct letters *ls, const struct letter_coming *over)
{
	for (size_t i = 0; i < LETTERS_COMING; i++) {
		if (ls->coming[i] != over)
			continue;
		free(ls->coming[i]);
		ls->coming[i] = NULL;
	}
}

/* Whoever wrote it is a member, is called so, and has told of the study lately. */
static int
judge(struct mesh *m, struct instant now, const uint8_t from[static 32], const struct letter *l,
    const struct member **ret, struct outbox *out)
{
	const struct member *member = acquaint_learn(m, now, l->cert, l->ca, out);

	if (member == NULL || member->superseded || memcmp(member->key, from, 32) != 0)
		return ERR_AUTH;
	if (trust_now(m->trust, now.wall) >= l->since &&
	    trust_now(m->trust, now.wall) - l->since > LOBBY_SEEK_FOR)
		return ERR_EXPIRED;
	*ret = member;
	return 0;
}

static int
read_letter(struct mesh *m, struct instant now, const struct letter_coming *c, struct outbox *out)
{
	uint8_t plain[LETTER_MAX];
	const struct member *member = NULL;
	struct letter_keys k;
	struct letter l;
	int rc = letter_keys(&k, m->self.private, c->from, c->from, m->self.public);

	if (rc == 0)
		rc = letter_open(&l, plain, &k, c->pieces.bytes, c->pieces.size);
	crypto_wipe(&k, sizeof(k));
	if (rc == 0)
		rc = judge(m, now, c->from, &l, &member, out);
	if (rc == 0)
		rc = lobby_letter_came(
		    m->lobby, now, c->from, member->name, l.study.p, l.study.len, out);
	return rc;
}

void
letters_hear_part(struct mesh *m, struct instant now, struct peer *from,
    const struct letter_part *p, struct outbox *out)
{
	struct letter_coming *c =
	    from->lighthouse == NULL ? NULL : coming_of(m, from->lighthouse, p);
	uint8_t frame[FRAME_MAX];
	struct letter_ack a = { 0 };
	int rc;

	if (c == NULL || !letter_pieces_add(&c->pieces, p))
		return;
	rc = read_letter(m, now, c, out);
	coming_over(&m->letters, c);
	if (rc < 0 && rc != ERR_FULL)
		lobby_refuses(m->lobby);
	memcpy(a.key, p->key, sizeof(a.key));
	memcpy(a.id, p->id, sizeof(a.id));
	a.status = rc == 0 ? LETTER_TAKEN : rc == ERR_FULL ? LETTER_FULL : LETTER_REFUSED;
	speak(m, now, from, frame, letter_ack_encode(frame, sizeof(frame), &a), out);
}
