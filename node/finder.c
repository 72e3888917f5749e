/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * finder.c - seeks and their rounds.
 */
#include "node/finder.h"
#include "core/grow.h"
#include "node/peer.h"

#include <stdlib.h>

/* How long after a round the next one follows. */
static const usec_t round_gaps[] = {
	300 * USEC_PER_MS,
	500 * USEC_PER_MS,
	1000 * USEC_PER_MS,
	2000 * USEC_PER_MS,
};

void
finder_init(struct finder *f, const struct rng *rng)
{
	memset(f, 0, sizeof(*f));
	f->next_qid = rng_u32(rng);
}

void
finder_wipe(struct finder *f)
{
	for (size_t i = 0; i < f->count; i++) {
		finder_drop(f->seeks[i]);
		free(f->seeks[i]);
	}
	free(f->seeks);
	memset(f, 0, sizeof(*f));
}

/* One more, free; NULL without memory or when there may be no more. */
static struct seek *
seek_new(struct finder *f)
{
	struct seek **more = grow(f->seeks, &f->room, f->count, sizeof(*more), FINDER_SEEKS_MAX);
	struct seek *s;

	if (more == NULL)
		return NULL;
	f->seeks = more;
	s = calloc(1, sizeof(*s));
	if (s != NULL)
		f->seeks[f->count++] = s;
	return s;
}

static bool
same_goal(const struct seek *a, const struct seek *b)
{
	if (a->by != b->by)
		return false;
	switch (a->by) {
	case QUERY_BY_ADDRESS:
		return ip_equal(a->address, b->address);
	case QUERY_BY_KEY:
		return memcmp(a->key, b->key, sizeof(a->key)) == 0;
	case QUERY_BY_NAME:
		return strcmp(a->name, b->name) == 0;
	}
	return false;
}

struct seek *
finder_seek(struct finder *f, usec_t now, const struct seek *like)
{
	struct seek *spare = NULL;

	for (size_t i = 0; i < f->count; i++) {
		struct seek *s = f->seeks[i];

		if (s->state != SEEK_FREE && same_goal(s, like)) {
			s->introduce |= like->introduce;
			return s;
		}
		if (s->state != SEEK_ASKING && (spare == NULL || s->state == SEEK_FREE))
			spare = s;
	}
	if (spare == NULL || spare->state != SEEK_FREE) {
		struct seek *another = seek_new(f);

		spare = another != NULL ? another : spare;
	}
	if (spare == NULL)
		return NULL;
	finder_drop(spare);
	*spare = *like;
	spare->state = SEEK_ASKING;
	spare->qid = f->next_qid++;
	spare->due = now;
	return spare;
}

struct seek *
finder_by_qid(struct finder *f, uint32_t qid)
{
	for (size_t i = 0; i < f->count; i++) {
		if (f->seeks[i]->state == SEEK_ASKING && f->seeks[i]->qid == qid)
			return f->seeks[i];
	}
	return NULL;
}

struct seek *
finder_next_due(struct finder *f, usec_t now)
{
	for (size_t i = 0; i < f->count; i++) {
		if (due_reached(f->seeks[i]->due, now))
			return f->seeks[i];
	}
	return NULL;
}

size_t
finder_round_width(const struct seek *s)
{
	return s->round == 0 ? FINDER_NEAREST : MESH_LIGHTHOUSES_MAX;
}

bool
finder_asked(struct seek *s, usec_t now)
{
	if (s->round == ARRAY_LEN(round_gaps)) {
		finder_nothing(s, now);
		return false;
	}
	s->due = now + round_gaps[s->round++];
	return true;
}

void
finder_nothing(struct seek *s, usec_t now)
{
	s->state = SEEK_NOTHING;
	s->due = now + FINDER_NOTHING_FOR;
}

void
finder_drop(struct seek *s)
{
	while (s->first != NULL) {
		struct waiting *w = s->first;

		s->first = w->next;
		free(w);
	}
	memset(s, 0, sizeof(*s));
}

void
seek_wait(struct seek *s, const uint8_t *bytes, uint32_t len)
{
	struct waiting **last = &s->first;
	struct waiting *w;

	if (s->waiting_count == FINDER_WAITING_MAX)
		return;
	w = malloc(sizeof(*w) + len);
	if (w == NULL)
		return;
	while (*last != NULL)
		last = &(*last)->next;
	w->next = NULL;
	w->len = len;
	memcpy(w->bytes, bytes, len);
	*last = w;
	s->waiting_count++;
}

usec_t
finder_due(const struct finder *f)
{
	usec_t due = 0;

	for (size_t i = 0; i < f->count; i++)
		due = due_min(due, f->seeks[i]->due);
	return due;
}
