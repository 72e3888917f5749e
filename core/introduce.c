/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * introduce.c - fixed tables of allowances, found by keyed hash.
 */
#include "core/introduce.h"
#include "core/grow.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static size_t
row_of(const uint8_t key[static 16], size_t rows, const void *p, size_t len)
{
	uint8_t h[crypto_shorthash_BYTES];

	crypto_shorthash(h, p, len, key);
	return (size_t)(le64(h) % rows);
}

/*
 * The lighthouse's side
 */

void
introduce_limit_init(struct introduce_limit *l, const uint8_t key[static 16])
{
	memset(l, 0, sizeof(*l));
	memcpy(l->key, key, sizeof(l->key));
}

/* Whichever of the two asks. */
static struct bucket *
pair_bucket(struct introduce_limit *l, const uint8_t *a, const uint8_t *b)
{
	bool swap = memcmp(a, b, 32) > 0;
	uint8_t both[64];

	memcpy(both, swap ? b : a, 32);
	memcpy(both + 32, swap ? a : b, 32);
	return &l->pairs[row_of(l->key, INTRODUCE_ROWS, both, sizeof(both))];
}

/* `n` a minute: sixty tokens each from a bucket that drains `n` a second. */
static bool
take_of_minute(struct bucket *b, usec_t now, uint64_t n)
{
	return bucket_take(b, now, n, n * 60, 60);
}

bool
introduce_allow(struct introduce_limit *l, struct bucket *own, usec_t now,
    const uint8_t requester[static 32], const uint8_t target[static 32])
{
	struct bucket *pair = pair_bucket(l, requester, target);
	struct bucket before = *pair;

	if (!take_of_minute(pair, now, INTRODUCE_PAIR))
		return false;
	if (take_of_minute(own, now, INTRODUCE_REQUESTER))
		return true;
	*pair = before;
	return false;
}

/*
 * The node's side
 */

unsigned
target_worth(const struct ep *ep, enum vouched by)
{
	if (ep->kind == EP_TCP || ep->addr.port == 0)
		return TARGET_NEVER;
	switch (addr_class(&ep->addr)) {
	case ADDR_CLASS_LOOPBACK:
	case ADDR_CLASS_UNUSABLE: return TARGET_NEVER;
	case ADDR_CLASS_LINK_LOCAL:
		if (ep->addr.family == FAMILY_V6 && ep->addr.scope == 0)
			return TARGET_NEVER;
		break;
	case ADDR_CLASS_PRIVATE:
	case ADDR_CLASS_PUBLIC: break;
	}
	if (by != VOUCHED_BY_NONE)
		return TARGET_FULL;
	return ep->addr.port < 1024 ? TARGET_NEVER : TARGET_HINT;
}

void
target_limit_init(struct target_limit *l, const uint8_t key[static 16])
{
	memset(l, 0, sizeof(*l));
	memcpy(l->key, key, sizeof(l->key));
}

/* One row an address, whatever the port: it is the host that must not be flooded. */
static struct target_row *
target_row(struct target_limit *l, usec_t now, const struct addr *a)
{
	struct target_row *rows =
	    &l->rows[TARGET_WAYS *
		row_of(l->key, TARGET_ROWS / TARGET_WAYS, a->ip, sizeof(a->ip))];
	uint16_t tag = (uint16_t)row_of(l->key, UINT16_MAX, a->ip, sizeof(a->ip));
	uint32_t now_ms = (uint32_t)(now / USEC_PER_MS);
	struct target_row *row = NULL;

	for (size_t i = 0; i < TARGET_WAYS; i++) {
		bool over = rows[i].sent == 0 ||
		    now_ms - rows[i].since_ms >= TARGET_TIME / USEC_PER_MS;

		if (!over && rows[i].tag == tag)
			return &rows[i];
		if (over && row == NULL)
			row = &rows[i];
	}
	if (row == NULL)
		return rows;
	*row = (struct target_row){ .since_ms = now_ms, .tag = tag };
	return row;
}

bool
target_allow(struct target_limit *l, usec_t now, const struct addr *to)
{
	struct target_row *row = target_row(l, now, to);

	if (row->sent >= TARGET_FULL || !bucket_take(&l->all, now, TARGET_RATE, TARGET_RATE, 1))
		return false;
	row->sent++;
	return true;
}

void
target_answered(struct target_limit *l, usec_t now, const struct addr *from)
{
	target_row(l, now, from)->sent = 0;
}

/*
 * Introductions under way
 */

struct introduction *
introductions_find(struct introductions *is, usec_t now,
    const uint8_t id[static INTRODUCTION_ID_LEN])
{
	static const uint8_t none[INTRODUCTION_ID_LEN];

	if (memcmp(id, none, sizeof(none)) == 0)
		return NULL;
	for (size_t i = 0; i < is->count; i++)
		if (memcmp(is->row[i]->id, id, sizeof(none)) == 0 && now < is->row[i]->until)
			return is->row[i];
	return NULL;
}

/* One whose time is over, a new one, or the oldest; NULL without memory. */
static struct introduction *
introduction_place(struct introductions *is, usec_t now)
{
	struct introduction **more;
	struct introduction *i;

	for (size_t k = 0; k < is->count; k++)
		if (now >= is->row[k]->until)
			return is->row[k];
	if (is->count == INTRODUCTIONS_MAX)
		return is->row[is->next++ % INTRODUCTIONS_MAX];
	more = grow(is->row, &is->room, is->count, sizeof(*more), INTRODUCTIONS_MAX);
	if (more == NULL)
		return NULL;
	is->row = more;
	i = calloc(1, sizeof(*i));
	if (i != NULL)
		is->row[is->count++] = i;
	return i;
}

struct introduction *
introductions_add(struct introductions *is, usec_t now,
    const uint8_t id[static INTRODUCTION_ID_LEN], const uint8_t key[static 32])
{
	struct introduction *i = introductions_find(is, now, id);

	if (i != NULL && memcmp(i->key, key, 32) == 0)
		return i;
	i = introduction_place(is, now);
	if (i == NULL)
		return NULL;
	*i = (struct introduction){ .until = now + INTRODUCTION_TIME };
	memcpy(i->id, id, INTRODUCTION_ID_LEN);
	memcpy(i->key, key, 32);
	return i;
}

void
introductions_wipe(struct introductions *is)
{
	for (size_t i = 0; i < is->count; i++)
		free(is->row[i]);
	free(is->row);
	memset(is, 0, sizeof(*is));
}
