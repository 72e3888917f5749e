/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * letters.c - letters by whom they are for, and those that are on their way here.
 */
#include "lighthouse/letters.h"

#include "core/crypto.h"
#include "core/field.h"
#include "core/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROW_VERSION 1
#define ROW_HEAD    (1 + 32 + 32 + LETTER_ID_LEN + 8)
#define NAME_LEN    32 /* of a row: a hash of whose, for whom, and its id */
#define COMING_MAX  32

/* What waits for one member. */
struct letter_box {
	uint8_t to[32];
	struct letter_row *first;
	unsigned count;
};

/* A letter on its way here, one of each member that leaves one. */
struct coming {
	uint8_t from[32];
	uint8_t to[32];
	struct letter_pieces pieces;
};

struct letters {
	struct table rows;  /* by name */
	struct table boxes; /* by whom they are for */
	size_t bytes;
	struct coming *coming[COMING_MAX];
	unsigned coming_next; /* the oldest: it makes room */
};

struct letters *
letters_new(const struct rng *rng)
{
	struct letters *l = calloc(1, sizeof(*l));
	uint8_t key[2][16];

	if (l == NULL)
		return NULL;
	rng_fill(rng, key, sizeof(key));
	table_init(&l->rows, key[0], NAME_LEN, LETTERS_MAX);
	table_init(&l->boxes, key[1], 32, LETTERS_MAX);
	return l;
}

void
letters_free(struct letters *l)
{
	size_t cursor = 0;
	void *p;

	if (l == NULL)
		return;
	while ((p = table_next(&l->rows, &cursor, NULL)) != NULL)
		free(p);
	cursor = 0;
	while ((p = table_next(&l->boxes, &cursor, NULL)) != NULL)
		free(p);
	for (size_t i = 0; i < COMING_MAX; i++)
		free(l->coming[i]);
	table_free(&l->rows);
	table_free(&l->boxes);
	free(l);
}

static void
name_of(uint8_t ret[static NAME_LEN], const uint8_t from[static 32], const uint8_t to[static 32],
    const uint8_t id[static LETTER_ID_LEN])
{
	uint8_t whose[64];

	memcpy(whose, from, 32);
	memcpy(whose + 32, to, 32);
	crypto_hash2(ret, whose, sizeof(whose), id, LETTER_ID_LEN);
}

/*
 * What waits
 */

static struct letter_box *
box_of(const struct letters *l, const uint8_t to[static 32])
{
	return table_get(&l->boxes, to);
}

static void
box_append(struct letter_box *box, struct letter_row *r)
{
	struct letter_row **at = &box->first;

	while (*at != NULL)
		at = &(*at)->next;
	*at = r;
	r->next = NULL;
}

static void
box_remove(struct letter_box *box, const struct letter_row *r)
{
	struct letter_row **at = &box->first;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
}

static void
drop(struct letters *l, struct letter_row *r, struct outbox *out)
{
	struct letter_box *box = box_of(l, r->to);
	uint8_t name[NAME_LEN];

	name_of(name, r->from, r->to, r->id);
	box_remove(box, r);
	if (--box->count == 0) {
		table_del(&l->boxes, r->to);
		free(box);
	}
	table_del(&l->rows, name);
	l->bytes -= r->size;
	outbox_remember(out, MEMORY_LETTER, name, sizeof(name), NULL, 0, 0);
	free(r);
}

/* All that are kept are looked at, which is little beside opening the packets of a letter. */
static bool
has_room(const struct letters *l, const uint8_t from[static 32], const uint8_t to[static 32],
    size_t size)
{
	const struct letter_box *box = box_of(l, to);
	const struct letter_row *r;
	unsigned its = 0, between = 0;
	size_t cursor = 0;

	if (l->rows.count == LETTERS_MAX || l->bytes + size > LETTERS_BYTES)
		return false;
	while ((r = table_next(&l->rows, &cursor, NULL)) != NULL) {
		if (memcmp(r->from, from, sizeof(r->from)) != 0)
			continue;
		its++;
		between += memcmp(r->to, to, sizeof(r->to)) == 0;
	}
	return its < LETTERS_FROM && between < LETTERS_PAIR &&
	       (box == NULL || box->count < LETTERS_TO);
}

/* Puts it last in its box, made if there is none. 0 or -ENOMEM, ERR_FULL. */
static int
put(struct letters *l, struct letter_row *r)
{
	struct letter_box *box = box_of(l, r->to);
	uint8_t name[NAME_LEN];
	bool made = box == NULL;
	int rc = 0;

	if (made) {
		box = calloc(1, sizeof(*box));
		if (box == NULL)
			return -ENOMEM;
		memcpy(box->to, r->to, sizeof(box->to));
		rc = table_put(&l->boxes, r->to, box);
	}
	name_of(name, r->from, r->to, r->id);
	if (rc == 0)
		rc = table_put(&l->rows, name, r);
	if (rc < 0) {
		if (made) {
			table_del(&l->boxes, r->to);
			free(box);
		}
		return rc;
	}
	box_append(box, r);
	box->count++;
	l->bytes += r->size;
	return 0;
}

static struct letter_row *
row_new(const uint8_t from[static 32], const uint8_t to[static 32],
    const uint8_t id[static LETTER_ID_LEN], const uint8_t *bytes, size_t size)
{
	struct letter_row *r = calloc(1, sizeof(*r) + size);

	if (r == NULL)
		return NULL;
	memcpy(r->from, from, sizeof(r->from));
	memcpy(r->to, to, sizeof(r->to));
	memcpy(r->id, id, sizeof(r->id));
	r->size = (uint16_t)size;
	memcpy(r->bytes, bytes, size);
	return r;
}

static void
remember(const struct letter_row *r, struct outbox *out)
{
	uint8_t row[ROW_HEAD + LETTER_MAX], name[NAME_LEN];
	struct wr w = wr_init(row, sizeof(row));

	name_of(name, r->from, r->to, r->id);
	wr_u8(&w, ROW_VERSION);
	wr_bytes(&w, r->from, sizeof(r->from));
	wr_bytes(&w, r->to, sizeof(r->to));
	wr_bytes(&w, r->id, sizeof(r->id));
	wr_u64(&w, r->until);
	wr_bytes(&w, r->bytes, r->size);
	outbox_remember(out, MEMORY_LETTER, name, sizeof(name), row, (uint32_t)w.len, 0);
}

/* The letter is whole: kept, in place of the one of its name. */
static int
keep(struct letters *l, uint64_t now, const struct coming *c, struct outbox *out,
    const struct letter_row **ret)
{
	const struct letter_pieces *ps = &c->pieces;
	struct letter_row *r, *old;
	uint8_t name[NAME_LEN];

	name_of(name, c->from, c->to, ps->id);
	old = table_get(&l->rows, name);
	if (old != NULL && old->size == ps->size && memcmp(old->bytes, ps->bytes, ps->size) == 0) {
		*ret = old;
		return LETTER_TAKEN;
	}
	if (old != NULL)
		drop(l, old, out);
	if (!has_room(l, c->from, c->to, ps->size))
		return LETTER_FULL;
	r = row_new(c->from, c->to, ps->id, ps->bytes, ps->size);
	if (r == NULL || put(l, r) < 0) {
		free(r);
		return LETTER_FULL;
	}
	r->until = now + LETTERS_TIME;
	remember(r, out);
	*ret = r;
	return LETTER_TAKEN;
}

/*
 * What is coming
 */

static struct coming *
coming_of(struct letters *l, const uint8_t from[static 32])
{
	struct coming **at = NULL;

	for (size_t i = 0; i < COMING_MAX; i++) {
		struct coming *c = l->coming[i];

		if (c != NULL && memcmp(c->from, from, sizeof(c->from)) == 0)
			return c;
		if (c == NULL && at == NULL)
			at = &l->coming[i];
	}
	if (at == NULL)
		at = &l->coming[l->coming_next++ % COMING_MAX];
	if (*at == NULL)
		*at = malloc(sizeof(**at));
	if (*at == NULL)
		return NULL;
	memcpy((*at)->from, from, sizeof((*at)->from));
	(*at)->pieces.size = 0; /* which no letter has */
	return *at;
}

static void
coming_over(struct letters *l, const struct coming *over)
{
	for (size_t i = 0; i < COMING_MAX; i++) {
		if (l->coming[i] != over)
			continue;
		free(l->coming[i]);
		l->coming[i] = NULL;
	}
}

int
letters_part(struct letters *l, uint64_t now, const uint8_t from[static 32],
    const struct letter_part *p, struct outbox *out, const struct letter_row **ret)
{
	struct coming *c = coming_of(l, from);
	int rc;

	if (c == NULL)
		return LETTER_FULL;
	if (!letter_pieces_fit(&c->pieces, p) || memcmp(c->to, p->key, sizeof(c->to)) != 0) {
		memcpy(c->to, p->key, sizeof(c->to));
		letter_pieces_begin(&c->pieces, p);
	}
	/* With no room to write it down, it is not whole yet: it will come again. */
	if (!letter_pieces_add(&c->pieces, p) || outbox_half_full(out))
		return 0;
	rc = keep(l, now, c, out, ret);
	coming_over(l, c);
	return rc;
}

/*
 * Whom it is for, and time
 */

const struct letter_row *
letters_for(const struct letters *l, const uint8_t to[static 32])
{
	const struct letter_box *box = box_of(l, to);

	return box == NULL ? NULL : box->first;
}

bool
letters_ack(struct letters *l, const uint8_t to[static 32], const uint8_t from[static 32],
    const uint8_t id[static LETTER_ID_LEN], uint8_t status, struct outbox *out)
{
	struct letter_row *r;
	uint8_t name[NAME_LEN];

	name_of(name, from, to, id);
	r = table_get(&l->rows, name);
	if (r == NULL)
		return false;
	if (status == LETTER_FULL) {
		box_remove(box_of(l, to), r);
		box_append(box_of(l, to), r);
	} else {
		drop(l, r, out);
	}
	return true;
}

/* One of `key`, or with NULL one that has waited too long; or NULL. */
static struct letter_row *
find_over(const struct letters *l, const uint8_t *key, uint64_t now)
{
	struct letter_row *r;
	size_t cursor = 0;

	while ((r = table_next(&l->rows, &cursor, NULL)) != NULL) {
		if (key == NULL ? r->until < now
		                : memcmp(r->from, key, 32) == 0 || memcmp(r->to, key, 32) == 0)
			return r;
	}
	return NULL;
}

void
letters_forget(struct letters *l, const uint8_t key[static 32], struct outbox *out)
{
	struct letter_row *r;

	while ((r = find_over(l, key, 0)) != NULL)
		drop(l, r, out);
}

void
letters_expire(struct letters *l, uint64_t now, struct outbox *out)
{
	struct letter_row *r;

	while (!outbox_half_full(out) && (r = find_over(l, NULL, now)) != NULL)
		drop(l, r, out);
}

uint32_t
letters_count(const struct letters *l)
{
	return l->rows.count;
}

int
letters_recall(struct letters *l, uint64_t now, const struct memory *row)
{
	struct in in = in_init(row->value, row->value_len);
	uint8_t from[32], to[32], id[LETTER_ID_LEN], name[NAME_LEN];
	struct letter_row *r;
	struct blob bytes;
	uint64_t until;
	int rc;

	in_demand(&in, rd_u8(&in.rd) == ROW_VERSION);
	rd_bytes(&in.rd, from, sizeof(from));
	rd_bytes(&in.rd, to, sizeof(to));
	rd_bytes(&in.rd, id, sizeof(id));
	until = rd_u64(&in.rd);
	bytes = in_blob(&in, in.rd.left, LETTER_MAX);
	in_demand(&in, bytes.len >= LETTER_MIN);
	if (in_end(&in) < 0)
		return in_end(&in);
	name_of(name, from, to, id);
	if (row->key_len != NAME_LEN || memcmp(row->key, name, NAME_LEN) != 0)
		return ERR_FORMAT;
	if (until < now)
		return ERR_EXPIRED;
	if (table_get(&l->rows, name) != NULL)
		return ERR_CONFLICT;
	if (!has_room(l, from, to, bytes.len))
		return ERR_FULL;
	r = row_new(from, to, id, bytes.p, bytes.len);
	rc = r == NULL ? -ENOMEM : put(l, r);
	if (rc < 0) {
		free(r);
		return rc;
	}
	r->until = until;
	return 0;
}
