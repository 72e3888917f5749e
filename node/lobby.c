/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lobby.c - the studies of this host: kept, decided about, and told to the other parties. How those
 * that others bring get here is in lobby_fetch.c.
 */
#include "node/lobby_impl.h"

#include "core/grow.h"
#include "core/trace.h"

#include <errno.h>
#include <stdlib.h>

#define ROW_VERSION 1
#define ROW_MAX	    (1 + 1 + 8 + 32 + 1 + STUDY_PARTIES_MAX + STUDY_MAX)
#define TELL_FIRST  (250 * USEC_PER_MS)

static_assert(STUDY_HASH_LEN <= MEMORY_KEY_MAX, "a row is found by its hash");

/*
 * What is held
 */

struct lobby *
lobby_new(const struct cert *self, const struct rng *rng)
{
	struct lobby *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->self = self;
	l->rng = rng;
	return l;
}

void
lobby_free(struct lobby *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->count; i++)
		free(l->all[i]);
	for (size_t i = 0; i < l->fetch_count; i++)
		free(l->fetches[i]);
	free(l->declined);
	free(l->all);
	free(l);
}

const struct lobby_study *
lobby_at(const struct lobby *l, size_t i)
{
	return i < l->count ? l->all[i] : NULL;
}

struct lobby_study *
lobby_get(const struct lobby *l, const uint8_t hash[static STUDY_HASH_LEN])
{
	for (size_t i = 0; i < l->count; i++) {
		if (memcmp(l->all[i]->study.hash, hash, STUDY_HASH_LEN) == 0)
			return l->all[i];
	}
	return NULL;
}

const struct lobby_study *
lobby_find(const struct lobby *l, const uint8_t hash[static STUDY_HASH_LEN])
{
	return lobby_get(l, hash);
}

struct lobby_counts
lobby_counts(const struct lobby *l)
{
	return l->counts;
}

/* u8 version, u8 stance, u64 since, by (32), u8 n, what each party said (n), the study. */
void
lobby_remember(struct lobby_study *s, struct outbox *out)
{
	uint8_t row[ROW_MAX];
	struct wr w = wr_init(row, sizeof(row));

	wr_u8(&w, ROW_VERSION);
	wr_u8(&w, s->stance);
	wr_u64(&w, s->since);
	wr_bytes(&w, s->by, sizeof(s->by));
	wr_u8(&w, (uint8_t)s->study.count);
	for (uint32_t i = 0; i < s->study.count; i++)
		wr_u8(&w, s->parties[i].said);
	wr_bytes(&w, s->bytes, s->size);
	assert(!w.failed);
	outbox_remember(out, MEMORY_STUDY, s->study.hash, STUDY_HASH_LEN, row, (uint32_t)w.len, 0);
	s->save_due = 0;
}

static void
drop(struct lobby *l, size_t i, struct outbox *out)
{
	outbox_remember(out, MEMORY_STUDY, l->all[i]->study.hash, STUDY_HASH_LEN, NULL, 0, 0);
	free(l->all[i]);
	l->count--;
	memmove(&l->all[i], &l->all[i + 1], (l->count - i) * sizeof(l->all[0]));
}

/* What a person wants is kept, if need be instead of what was closed: the oldest of that goes. */
static void
make_room(struct lobby *l, struct outbox *out)
{
	for (size_t i = 0; i < l->count && l->count == LOBBY_MAX; i++) {
		if (l->all[i]->stance == STANCE_CLOSED)
			drop(l, i, out);
	}
}

int
lobby_judge(const struct lobby *l, const struct study *s, struct err *e)
{
	int self = study_index_of(s, l->self->key);
	const struct study_party *p = self < 0 ? NULL : &s->parties[self];
	char there[ADDR_TEXT_MAX];

	if (memcmp(s->network, l->self->network, sizeof(s->network)) != 0)
		return err_set(e, ERR_DENIED, "the study %s is of another network", s->name);
	if (p == NULL)
		return err_set(e, ERR_DENIED,
		    "this host, %s, is no party of the study %s, or has another key than it had "
		    "when that was made; ask for a new study",
		    l->self->name, s->name);
	if (strcmp(p->name, l->self->name) != 0)
		return err_set(e, ERR_DENIED,
		    "the study %s calls this host %s, and its name is %s; ask for a new study",
		    s->name, p->name, l->self->name);
	if (!cert_has_address(l->self, p->address))
		return err_set(e, ERR_DENIED,
		    "the study %s has this host at %s, which is none of its addresses; ask for a "
		    "new study",
		    s->name, ip_format(there, p->address));
	return self;
}

struct lobby_study *
lobby_add(struct lobby *l, const struct study *s, unsigned self, const uint8_t *bytes, size_t size,
    uint64_t since)
{
	struct lobby_study **all, *row;
	size_t at = l->count;

	all = grow(l->all, &l->room, l->count, sizeof(struct lobby_study *), LOBBY_MAX);
	if (all == NULL)
		return NULL;
	l->all = all;
	row = calloc(1, sizeof(*row));
	if (row == NULL)
		return NULL;
	row->study = *s;
	row->self = self;
	row->since = since;
	row->size = (uint16_t)size;
	memcpy(row->bytes, bytes, size);
	for (; at > 0 && l->all[at - 1]->since > since; at--)
		l->all[at] = l->all[at - 1];
	l->all[at] = row;
	l->count++;
	return row;
}

int
lobby_recall(struct lobby *l, usec_t now, const uint8_t *key, size_t key_len,
    const uint8_t *value, size_t value_len)
{
	struct rd r = rd_init(value, value_len);
	uint8_t version = rd_u8(&r), stance = rd_u8(&r), count, by[32];
	uint64_t since = rd_u64(&r);
	const uint8_t *said;
	struct lobby_study *row;
	struct study s;
	int self;

	rd_bytes(&r, by, sizeof(by));
	count = rd_u8(&r);
	said = rd_take(&r, count);
	if (r.failed || version != ROW_VERSION || stance < STANCE_PROPOSED ||
	    stance > STANCE_CLOSED || study_decode(&s, r.p, r.left, NULL) < 0 || s.count != count)
		return ERR_FORMAT;
	self = lobby_judge(l, &s, NULL);
	if (self < 0 || key_len != STUDY_HASH_LEN || memcmp(key, s.hash, key_len) != 0)
		return ERR_DENIED;
	if (lobby_get(l, s.hash) != NULL)
		return ERR_CONFLICT;
	row = lobby_add(l, &s, (unsigned)self, r.p, r.left, since);
	if (row == NULL)
		return ERR_FULL;
	row->stance = stance;
	memcpy(row->by, by, sizeof(row->by));
	for (uint32_t i = 0; i < s.count; i++)
		row->parties[i].said = said[i] <= STANCE_REFUSED ? said[i] : STANCE_NONE;
	lobby_news(l, now, row);
	return 0;
}

/*
 * What is to be told
 */

/* Is this party to be told how we stand? What is accepted is brought to all; else only who has it. */
bool
lobby_owes(const struct lobby_study *s, unsigned i)
{
	const struct lobby_party *p = &s->parties[i];

	if (i == s->self)
		return false;
	if (p->said == STANCE_NONE)
		return s->stance == STANCE_ACCEPTED;
	return p->heard != s->stance;
}

/* Who is owed a word is sought, wherever it may be, while the study is young. */
static bool
is_sought(const struct lobby_study *s, unsigned i, struct instant now)
{
	return lobby_owes(s, i) && now.wall / USEC_PER_SEC < s->since + LOBBY_SEEK_FOR;
}

/* Where there is a session already, it is told again: it may have been busy with another study. */
static void
seek(struct lobby *l, struct instant now, struct lobby_party *p)
{
	usec_t pause = min_u64(LOBBY_SEEK_FIRST << min_u64(p->sought, 16), LOBBY_SEEK_EVERY);

	p->seek_due = now.mono + rng_jitter(l->rng, pause);
	p->sought++;
	p->tries = 0;
	p->due = now.mono;
}

void
lobby_news(struct lobby *l, usec_t now, struct lobby_study *s)
{
	for (unsigned i = 0; i < s->study.count; i++) {
		struct lobby_party *p = &s->parties[i];

		p->post = false;
		p->left_at = 0;
		if (!lobby_owes(s, i))
			continue;
		p->tries = p->sought = 0;
		p->due = p->seek_due = now;
	}
	l->due = due_min(l->due, now);
}

void
lobby_heard(struct lobby *l, usec_t now, struct lobby_study *s, unsigned party, uint8_t stance,
    struct outbox *out)
{
	struct lobby_party *p = &s->parties[party];
	struct trace_fact f = { .what = stance == STANCE_ACCEPTED ? TRACE_STUDY_ACCEPTED
		                                                 : TRACE_STUDY_CLOSED,
		.level = TRACE_NOTICE };

	if (p->said == stance)
		return;
	p->said = stance;
	s->save_due = due_min(s->save_due, now + LOBBY_SAVE_AFTER);
	l->due = due_min(l->due, s->save_due);
	if (stance != STANCE_ACCEPTED && stance != STANCE_CLOSED)
		return;
	memcpy(f.name, s->study.parties[party].name, sizeof(s->study.parties[party].name));
	memcpy(f.other, s->study.name, sizeof(s->study.name));
	outbox_trace(out, &f);
}

/* Writes what is to be said of `s` to party `i`. */
static void
say(const struct lobby_study *s, unsigned i, struct lobby_send *ret)
{
	struct study_says says = {
		.stance = s->stance,
		.yours = s->parties[i].said,
		.flags = lobby_owes(s, i) ? STUDY_SAYS_ASK : 0,
		.size = s->size,
	};

	memcpy(says.hash, s->study.hash, sizeof(says.hash));
	ret->len = study_says_encode(ret->frame, sizeof(ret->frame), &says);
}

/* What is due between us and party `i`, if anything is. */
static bool
next_of(struct lobby *l, struct instant now, struct lobby_study *s, unsigned i,
    struct lobby_send *ret)
{
	struct lobby_party *p = &s->parties[i];
	const struct study_party *who = &s->study.parties[i];

	*ret = (struct lobby_send){ 0 };
	memcpy(ret->key, who->key, sizeof(ret->key));
	if (due_reached(p->due, now.mono)) {
		bool owed = lobby_owes(s, i), answer = p->answer;

		p->answer = false;
		p->due = owed && p->tries < LOBBY_TELLS ? now.mono + (TELL_FIRST << p->tries) : 0;
		p->tries += owed;
		if (owed || answer) {
			say(s, i, ret);
			return true;
		}
	}
	if (due_reached(p->seek_due, now.mono)) {
		ret->seek = is_sought(s, i, now);
		p->seek_due = 0;
		if (ret->seek) {
			seek(l, now, p);
			lobby_letter_wanted(s, p);
		}
	}
	return ret->seek;
}

bool
lobby_next(struct lobby *l, struct instant now, struct lobby_send *ret, struct outbox *out)
{
	usec_t due;

	if (!due_reached(l->due, now.mono))
		return false;
	if (lobby_fetch_next(l, now.mono, ret))
		return true;
	due = lobby_fetch_due(l);
	for (size_t i = 0; i < l->count; i++) {
		struct lobby_study *s = l->all[i];

		if (due_reached(s->save_due, now.mono))
			lobby_remember(s, out);
		due = due_min(due, s->save_due);
		for (unsigned k = 0; k < s->study.count; k++) {
			if (next_of(l, now, s, k, ret))
				return true;
			due = due_min(due, due_min(s->parties[k].due, s->parties[k].seek_due));
		}
	}
	l->due = due;
	return false;
}

usec_t
lobby_due(const struct lobby *l)
{
	return l->due;
}

void
lobby_absent(struct lobby *l, const uint8_t key[static 32])
{
	lobby_fetch_absent(l, key);
	for (size_t i = 0; i < l->count; i++) {
		int party = study_index_of(&l->all[i]->study, key);

		if (party < 0)
			continue;
		l->all[i]->parties[party].due = 0;
		l->all[i]->parties[party].answer = false;
	}
}

/* It may have begun another life, and know nothing of what we told it. */
void
lobby_met(struct lobby *l, usec_t now, const uint8_t key[static 32])
{
	for (size_t i = 0; i < l->count; i++) {
		struct lobby_study *s = l->all[i];
		int party = study_index_of(&s->study, key);

		if (party < 0 || (unsigned)party == s->self)
			continue;
		s->parties[party].heard = STANCE_NONE;
		s->parties[party].tries = 0;
		s->parties[party].sought = 0;
		s->parties[party].due = now;
		l->due = due_min(l->due, now);
	}
}

/*
 * What a person decides
 */

int
lobby_decide(struct lobby *l, struct instant now, const uint8_t hash[static STUDY_HASH_LEN],
    enum stance stance, struct outbox *out)
{
	struct lobby_study *s = lobby_get(l, hash);

	assert(stance == STANCE_ACCEPTED || stance == STANCE_CLOSED);
	if (s == NULL)
		return ERR_UNKNOWN;
	if (s->stance == stance)
		return 0;
	s->stance = (uint8_t)stance;
	lobby_remember(s, out);
	lobby_news(l, now.mono, s);
	return 0;
}

int
lobby_bring(struct lobby *l, struct instant now, const struct study *brought, struct outbox *out,
    struct err *e)
{
	struct study s = *brought;
	uint8_t bytes[STUDY_MAX];
	enum breach why;
	struct lobby_study *row;
	int len = study_encode(&s, bytes, sizeof(bytes), &why), self;

	if (len < 0)
		return err_set(e, len, "the study %s", breach_reason(len, why));
	self = lobby_judge(l, &s, e);
	if (self < 0)
		return self;
	if (lobby_get(l, s.hash) != NULL)
		return lobby_decide(l, now, s.hash, STANCE_ACCEPTED, out);
	make_room(l, out);
	row = lobby_add(l, &s, (unsigned)self, bytes, (size_t)len, now.wall / USEC_PER_SEC);
	if (row == NULL)
		return err_set(e, ERR_FULL, "there are %d studies here; close some that are over",
		    LOBBY_MAX);
	memcpy(row->by, l->self->key, sizeof(row->by));
	return lobby_decide(l, now, s.hash, STANCE_ACCEPTED, out);
}

/*
 * What others say
 */

int
lobby_said(struct lobby *l, struct instant now, const uint8_t key[static 32],
    const struct study_says *says, uint8_t *to, struct outbox *out)
{
	struct lobby_study *s = lobby_get(l, says->hash);
	struct study_says answer = { .yours = says->stance };
	int party;

	if (s == NULL) {
		answer.stance = lobby_offered(l, now.mono, key, says);
		memcpy(answer.hash, says->hash, sizeof(answer.hash));
		return (says->flags & STUDY_SAYS_ASK) != 0 ?
		    study_says_encode(to, FRAME_MAX, &answer) :
		    0;
	}
	party = study_index_of(&s->study, key);
	if (party < 0 || (unsigned)party == s->self)
		return 0;
	lobby_heard(l, now.mono, s, (unsigned)party, says->stance, out);
	s->parties[party].heard = says->yours;
	if ((says->flags & STUDY_SAYS_ASK) != 0) {
		s->parties[party].answer = true;
		s->parties[party].due = now.mono;
		l->due = due_min(l->due, now.mono);
	}
	return 0;
}

int
lobby_answer(const struct lobby *l, const uint8_t key[static 32], const struct study_req *q,
    uint32_t *done, uint8_t *to, size_t cap)
{
	const struct lobby_study *s = lobby_get(l, q->hash);
	size_t at = (size_t)q->offset + *done;
	struct study_part part;

	if (s == NULL || s->stance != STANCE_ACCEPTED || study_index_of(&s->study, key) < 0 ||
	    at >= s->size)
		return 0;
	part = study_part_of(s->study.hash, s->bytes, s->size, at);
	*done += part.bytes.len;
	return study_part_encode(to, cap, &part);
}
