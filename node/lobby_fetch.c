/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lobby_fetch.c - a study on its way here: asked for in chunks, put together, and looked at as
 * whole. What was not what its hash says, or is nothing for this host, is not fetched from there
 * again while it is remembered.
 */
#include "node/lobby_impl.h"

#include "core/trace.h"

#include <stdlib.h>

#define ASK_FIRST (250 * USEC_PER_MS)
#define ASK_TRIES 4

static_assert(LOBBY_CHUNKS <= 16, "chunks are bits of a u16");

static size_t
find(const struct lobby *l, const uint8_t hash[static STUDY_HASH_LEN])
{
	size_t i = 0;

	while (i < l->fetch_count && memcmp(l->fetches[i]->hash, hash, STUDY_HASH_LEN) != 0)
		i++;
	return i;
}

static void
drop(struct lobby *l, size_t i)
{
	free(l->fetches[i]);
	l->fetches[i] = l->fetches[--l->fetch_count];
}

static bool
is_busy(const struct lobby *l, const uint8_t key[static 32])
{
	for (size_t i = 0; i < l->fetch_count; i++) {
		if (memcmp(l->fetches[i]->from, key, 32) == 0)
			return true;
	}
	return false;
}

static bool
was_declined(const struct lobby *l, const uint8_t key[static 32],
    const uint8_t hash[static STUDY_HASH_LEN])
{
	for (size_t i = 0; l->declined != NULL && i < LOBBY_DECLINED; i++) {
		if (memcmp(l->declined[i].hash, hash, STUDY_HASH_LEN) == 0 &&
		    memcmp(l->declined[i].from, key, 32) == 0)
			return true;
	}
	return false;
}

/* Without memory it may be fetched again, and be declined again. */
static void
decline(struct lobby *l, const struct lobby_fetch *f)
{
	struct lobby_declined *d;

	l->counts.refused++;
	if (l->declined == NULL)
		l->declined = calloc(LOBBY_DECLINED, sizeof(*l->declined));
	if (l->declined == NULL)
		return;
	d = &l->declined[l->declined_next++ % LOBBY_DECLINED];
	memcpy(d->hash, f->hash, sizeof(d->hash));
	memcpy(d->from, f->from, sizeof(d->from));
}

/* May `key` bring one more? */
static bool
has_room(const struct lobby *l, const uint8_t key[static 32])
{
	size_t all = 0, its = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct lobby_study *s = l->all[i];

		if (s->stance != STANCE_PROPOSED)
			continue;
		all++;
		its += memcmp(s->by, key, sizeof(s->by)) == 0;
	}
	return l->count < LOBBY_MAX && all < LOBBY_PROPOSALS && its < LOBBY_PROPOSALS_OF;
}

enum stance
lobby_offered(struct lobby *l, usec_t now, const uint8_t key[static 32],
    const struct study_says *says)
{
	struct lobby_fetch *f;

	if (says->stance != STANCE_ACCEPTED || says->size == 0)
		return STANCE_NONE;
	if (was_declined(l, key, says->hash))
		return STANCE_REFUSED;
	if (!has_room(l, key)) {
		l->counts.full++;
		return STANCE_REFUSED;
	}
	if (l->fetch_count == LOBBY_FETCHES || is_busy(l, key) ||
	    find(l, says->hash) < l->fetch_count)
		return STANCE_NONE;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return STANCE_NONE;
	memcpy(f->hash, says->hash, sizeof(f->hash));
	memcpy(f->from, key, sizeof(f->from));
	f->size = says->size;
	f->due = now;
	l->fetches[l->fetch_count++] = f;
	l->due = due_min(l->due, now);
	return STANCE_NONE;
}

static unsigned
first_missing(const struct lobby_fetch *f)
{
	unsigned i = 0;

	while (f->got >> i & 1)
		i++;
	return i;
}

bool
lobby_fetch_next(struct lobby *l, usec_t now, struct lobby_send *ret)
{
	for (size_t i = l->fetch_count; i-- > 0;) {
		struct lobby_fetch *f = l->fetches[i];
		struct study_req q = { 0 };

		if (!due_reached(f->due, now))
			continue;
		if (f->tries == ASK_TRIES) {
			drop(l, i);
			continue;
		}
		f->due = now + (ASK_FIRST << f->tries++);
		memcpy(q.hash, f->hash, sizeof(q.hash));
		q.offset = (uint16_t)(first_missing(f) * STUDY_CHUNK);
		*ret = (struct lobby_send){ 0 };
		memcpy(ret->key, f->from, sizeof(ret->key));
		ret->len = study_req_encode(ret->frame, sizeof(ret->frame), &q);
		return true;
	}
	return false;
}

usec_t
lobby_fetch_due(const struct lobby *l)
{
	usec_t due = 0;

	for (size_t i = 0; i < l->fetch_count; i++)
		due = due_min(due, l->fetches[i]->due);
	return due;
}

void
lobby_fetch_absent(struct lobby *l, const uint8_t key[static 32])
{
	for (size_t i = l->fetch_count; i-- > 0;) {
		if (memcmp(l->fetches[i]->from, key, 32) == 0)
			drop(l, i);
	}
}

static void
say(enum trace_what what, enum trace_level level, const char *who, const char *study, int code,
    struct outbox *out)
{
	struct trace_fact f = { .what = what, .level = level, .code = code };

	memcpy(f.name, who, strlen(who) + 1);
	memcpy(f.other, study, strlen(study) + 1);
	outbox_trace(out, &f);
}

/* Is it of our network, and are both of us parties of it? Our place in it. */
static int
judge(const struct lobby *l, const uint8_t key[static 32], const uint8_t *bytes, size_t size,
    struct study *s)
{
	int rc = study_decode(s, bytes, size, NULL);

	if (rc == 0 && study_index_of(s, key) < 0)
		rc = ERR_DENIED;
	return rc < 0 ? rc : lobby_judge(l, s, NULL);
}

int
lobby_propose(struct lobby *l, struct instant now, const uint8_t key[static 32], const char *name,
    const uint8_t *bytes, size_t size, struct outbox *out)
{
	struct study s;
	struct lobby_study *row;
	int self = judge(l, key, bytes, size, &s);

	if (self < 0)
		return self;
	if (lobby_get(l, s.hash) != NULL)
		return 0;
	row = has_room(l, key) ? lobby_add(l, &s, (unsigned)self, bytes, size,
				     now.wall / USEC_PER_SEC)
	                       : NULL;
	if (row == NULL) {
		l->counts.full++;
		return ERR_FULL;
	}
	row->stance = STANCE_PROPOSED;
	memcpy(row->by, key, sizeof(row->by));
	row->parties[study_index_of(&s, key)].said = STANCE_ACCEPTED;
	lobby_remember(row, out);
	lobby_news(l, now.mono, row);
	say(TRACE_STUDY_PROPOSED, TRACE_NOTICE, name, s.name, 0, out);
	return 0;
}

static void
take(struct lobby *l, struct instant now, const struct lobby_fetch *f, const char *name,
    struct outbox *out)
{
	uint8_t hash[STUDY_HASH_LEN];
	int rc;

	object_fingerprint(hash, f->bytes, f->size);
	rc = memcmp(hash, f->hash, sizeof(hash)) != 0
	         ? ERR_AUTH
	         : lobby_propose(l, now, f->from, name, f->bytes, f->size, out);
	if (rc == 0 || rc == ERR_FULL)
		return;
	decline(l, f);
	say(TRACE_STUDY_REFUSED, TRACE_WARNING, name, "", rc, out);
}

void
lobby_part(struct lobby *l, struct instant now, const uint8_t key[static 32], const char *name,
    const struct study_part *p, struct outbox *out)
{
	size_t i = find(l, p->hash);
	struct lobby_fetch *f = i < l->fetch_count ? l->fetches[i] : NULL;
	unsigned chunks;

	if (f == NULL || f->size != p->size || memcmp(f->from, key, 32) != 0)
		return;
	memcpy(f->bytes + p->offset, p->bytes.p, p->bytes.len);
	f->got |= (uint16_t)(1u << p->offset / STUDY_CHUNK);
	f->tries = 0;
	chunks = (f->size + STUDY_CHUNK - 1u) / STUDY_CHUNK;
	if (f->got != (1u << chunks) - 1)
		return;
	take(l, now, f, name, out);
	drop(l, i);
}
