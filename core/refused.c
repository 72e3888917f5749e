/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refused.c - certificates that were refused a moment ago: a table, and a list by last use.
 */
#include "core/refused.h"

#include <stdlib.h>
#include <string.h>

struct refusal {
	uint8_t id[64]; /* static key and fingerprint */
	usec_t until;
	struct refusal *newer;
	struct refusal *older;
};

void
refused_init(struct refused *r, const uint8_t hash_key[static 16])
{
	memset(r, 0, sizeof(*r));
	table_init(&r->by_id, hash_key, sizeof(((struct refusal *)0)->id), REFUSED_MAX);
}

void
refused_free(struct refused *r)
{
	struct refusal *next;

	for (struct refusal *i = r->newest; i != NULL; i = next) {
		next = i->older;
		free(i);
	}
	table_free(&r->by_id);
	r->newest = r->oldest = NULL;
}

void
refused_forget(struct refused *r)
{
	for (struct refusal *i = r->newest; i != NULL; i = i->older)
		i->until = 0;
}

static void
unlink_refusal(struct refused *r, struct refusal *i)
{
	*(i->newer != NULL ? &i->newer->older : &r->newest) = i->older;
	*(i->older != NULL ? &i->older->newer : &r->oldest) = i->newer;
}

static void
link_newest(struct refused *r, struct refusal *i)
{
	i->newer = NULL;
	i->older = r->newest;
	*(i->older != NULL ? &i->older->newer : &r->oldest) = i;
	r->newest = i;
}

/* The refusal of this pair, as the one used last; or NULL. */
static struct refusal *
use(struct refused *r, const uint8_t id[static 64])
{
	struct refusal *i = table_get(&r->by_id, id);

	if (i != NULL) {
		unlink_refusal(r, i);
		link_newest(r, i);
	}
	return i;
}

static void
id_of(uint8_t ret[static 64], const uint8_t key[static 32], const uint8_t fingerprint[static 32])
{
	memcpy(ret, key, 32);
	memcpy(ret + 32, fingerprint, 32);
}

bool
refused_recently(struct refused *r, usec_t now, const uint8_t key[static 32],
    const uint8_t fingerprint[static 32])
{
	const struct refusal *i;
	uint8_t id[64];

	id_of(id, key, fingerprint);
	i = use(r, id);
	return i != NULL && now < i->until;
}

/* Takes the place of the one that was not used for longest, or a new one below the limit. */
static struct refusal *
make_room(struct refused *r)
{
	struct refusal *i = r->oldest;

	if (r->by_id.count < REFUSED_MAX)
		return calloc(1, sizeof(*i));
	unlink_refusal(r, i);
	table_del(&r->by_id, i->id);
	return i;
}

void
refused_note(struct refused *r, usec_t now, const uint8_t key[static 32],
    const uint8_t fingerprint[static 32])
{
	struct refusal *i;
	uint8_t id[64];

	id_of(id, key, fingerprint);
	i = use(r, id);
	if (i == NULL) {
		i = make_room(r);
		if (i == NULL)
			return;
		memcpy(i->id, id, sizeof(id));
		if (table_put(&r->by_id, id, i) < 0) {
			free(i);
			return;
		}
		link_newest(r, i);
	}
	i->until = now + REFUSED_TIME;
}
