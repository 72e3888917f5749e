/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lobby_letter.c - which letters are to be left for parties that are away, and what those say that
 * come from them.
 */
#include "node/lobby_impl.h"

void
lobby_letter_wanted(const struct lobby_study *s, struct lobby_party *p)
{
	bool listens = p->said != STANCE_CLOSED && p->said != STANCE_REFUSED;

	if (s->stance == STANCE_ACCEPTED && listens && p->sought > LOBBY_LETTER_AFTER)
		p->post = true;
}

enum lobby_told
lobby_told(const struct lobby_study *s, unsigned party)
{
	if (!lobby_owes(s, party))
		return LOBBY_TOLD;
	return s->parties[party].left_at != 0 ? LOBBY_LEFT : LOBBY_UNTOLD;
}

struct lobby_study *
lobby_letter_next(const struct lobby *l, unsigned *party)
{
	for (size_t i = 0; i < l->count; i++) {
		struct lobby_study *s = l->all[i];

		for (unsigned k = 0; k < s->study.count; k++) {
			if (!s->parties[k].post)
				continue;
			*party = k;
			return s;
		}
	}
	return NULL;
}

void
lobby_posted(struct lobby_study *s, unsigned party)
{
	s->parties[party].post = false;
}

void
lobby_letter_said(struct lobby *l, unsigned bit, const uint8_t key[static 32],
    const uint8_t id[static LETTER_ID_LEN], uint8_t status)
{
	for (size_t i = 0; i < l->count; i++) {
		int party = study_index_of(&l->all[i]->study, key);
		struct lobby_party *p = party < 0 ? NULL : &l->all[i]->parties[party];

		if (p != NULL && p->letter_named && memcmp(p->letter, id, LETTER_ID_LEN) == 0 &&
		    status == LETTER_TAKEN)
			p->left_at |= (uint8_t)(1u << bit);
	}
}

int
lobby_letter_came(struct lobby *l, struct instant now, const uint8_t key[static 32],
    const char *name, const uint8_t *study, size_t size, struct outbox *out)
{
	uint8_t hash[STUDY_HASH_LEN];
	struct lobby_study *s;
	int party;

	object_fingerprint(hash, study, size);
	s = lobby_get(l, hash);
	if (s == NULL)
		return lobby_propose(l, now, key, name, study, size, out);
	party = study_index_of(&s->study, key);
	if (party < 0 || (unsigned)party == s->self)
		return ERR_DENIED;
	if (s->parties[party].said == STANCE_NONE || s->parties[party].said == STANCE_PROPOSED)
		lobby_heard(l, now.mono, s, (unsigned)party, STANCE_ACCEPTED, out);
	return 0;
}

void
lobby_refuses(struct lobby *l)
{
	l->counts.refused++;
}
