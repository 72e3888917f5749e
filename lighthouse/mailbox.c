/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mailbox.c - all that is kept: its beginning and end, the heap of matters, and time.
 */
#include "lighthouse/mailbox_impl.h"

#include <stdlib.h>
#include <string.h>

/*
 * Beginning and end
 */

struct mailbox *
mailbox_new(const struct rng *rng)
{
	struct mailbox *m = calloc(1, sizeof(*m));
	uint8_t key[3][16];

	if (m == NULL)
		return NULL;
	rng_fill(rng, key, sizeof(key));
	table_init(&m->tokens, key[0], WIRE_TOKEN_ID, MAILBOX_TOKENS);
	table_init(&m->pleas, key[1], PLEA_KEY_LEN, MAILBOX_PLEAS);
	table_init(&m->renewals, key[2], 32, MAILBOX_RENEWALS);
	return m;
}

void
mailbox_free(struct mailbox *m)
{
	size_t cursor = 0;
	void *row;

	if (m == NULL)
		return;
	while ((row = table_next(&m->tokens, &cursor, NULL)) != NULL)
		token_free(row);
	cursor = 0;
	while ((row = table_next(&m->pleas, &cursor, NULL)) != NULL)
		plea_free(row);
	cursor = 0;
	while ((row = table_next(&m->renewals, &cursor, NULL)) != NULL)
		free(row);
	table_free(&m->tokens);
	table_free(&m->pleas);
	table_free(&m->renewals);
	heap_free(&m->matters);
	free(m);
}

/*
 * Matters
 */

void
matter_later(struct mailbox *m, struct matter *e, usec_t due)
{
	/* There is room: mailbox_reserve() has made it. */
	(void)heap_set(&m->matters, &e->ask, due);
}

int
mailbox_reserve(struct mailbox *m)
{
	return heap_reserve(&m->matters, (size_t)m->pleas.count + m->renewals.count + 1);
}

struct matter *
mailbox_due(struct mailbox *m, usec_t now)
{
	if (!due_reached(heap_next_due(&m->matters), now))
		return NULL;
	return CONTAINER_OF(heap_first(&m->matters), struct matter, ask);
}

usec_t
mailbox_next_due(const struct mailbox *m)
{
	return heap_next_due(&m->matters);
}

static uint32_t
here(struct mailbox *m, usec_t now, const uint8_t issuer[static ISSUER_LEN], struct matter *e)
{
	if (e->done || memcmp(e->issuer, issuer, ISSUER_LEN) != 0)
		return 0;
	e->asked = 0;
	matter_later(m, e, now);
	return 1;
}

uint32_t
mailbox_here(struct mailbox *m, usec_t now, const uint8_t issuer[static ISSUER_LEN])
{
	struct plea_row *p;
	struct renewal_row *r;
	size_t cursor = 0;
	uint32_t n = 0;

	while ((p = table_next(&m->pleas, &cursor, NULL)) != NULL)
		n += here(m, now, issuer, &p->matter);
	cursor = 0;
	while ((r = table_next(&m->renewals, &cursor, NULL)) != NULL)
		n += here(m, now, issuer, &r->matter);
	return n;
}

/* Counts a matter in or out, by what it is now. */
void
matter_count(struct mailbox *m, const struct matter *e, int by)
{
	if (e->done)
		m->answers += (uint32_t)by;
	else if (e->renewal)
		m->renewals_open += (uint32_t)by;
	else
		m->pleas_open += (uint32_t)by;
}

void
matter_set_done(struct mailbox *m, struct matter *e, bool done)
{
	matter_count(m, e, -1);
	e->done = done;
	matter_count(m, e, 1);
	if (done)
		matter_later(m, e, 0);
}

void
matter_put(struct wr *w, const struct matter *e)
{
	wr_u8(w, ROW_VERSION);
	wr_bytes(w, e->issuer, sizeof(e->issuer));
	wr_u8(w, e->status);
	wr_u8(w, e->done);
	wr_u64(w, e->until);
}

void
matter_in(struct in *in, struct matter *e)
{
	uint8_t done;

	in_demand(in, rd_u8(&in->rd) == ROW_VERSION);
	rd_bytes(&in->rd, e->issuer, sizeof(e->issuer));
	e->status = rd_u8(&in->rd);
	done = rd_u8(&in->rd);
	e->done = done == 1;
	e->until = rd_u64(&in->rd);
	in_demand(in, done <= 1);
}

/*
 * Time, and what lasts
 */

/* One that is over at `now`, or NULL. */
static struct matter *
expired(const struct mailbox *m, uint64_t now)
{
	struct plea_row *p;
	struct renewal_row *r;
	size_t cursor = 0;

	while ((p = table_next(&m->pleas, &cursor, NULL)) != NULL)
		if (p->matter.until < now)
			return &p->matter;
	cursor = 0;
	while ((r = table_next(&m->renewals, &cursor, NULL)) != NULL)
		if (r->matter.until < now)
			return &r->matter;
	return NULL;
}

static struct token_row *
expired_token(const struct mailbox *m, uint64_t now)
{
	struct token_row *t;
	size_t cursor = 0;

	while ((t = table_next(&m->tokens, &cursor, NULL)) != NULL)
		if (t->expires < now && t->pleas == 0)
			return t;
	return NULL;
}

void
mailbox_expire(struct mailbox *m, uint64_t now, struct outbox *out)
{
	struct matter *e;
	struct token_row *t;

	while (!outbox_half_full(out) && (e = expired(m, now)) != NULL) {
		if (e->renewal)
			renewal_drop(m, matter_renewal(e), out);
		else
			plea_drop(m, matter_plea(e), out);
	}
	while (!outbox_half_full(out) && (t = expired_token(m, now)) != NULL)
		token_drop(m, t, out);
}

int
mailbox_recall(struct mailbox *m, uint64_t now, const struct memory *row)
{
	switch ((int)row->table) {
	case MEMORY_TOKEN: return token_recall(m, now, row);
	case MEMORY_PLEA: return plea_recall(m, now, row);
	case MEMORY_RENEWAL: return renewal_recall(m, now, row);
	}
	return ERR_UNKNOWN;
}

void
mailbox_totals(const struct mailbox *m, struct mailbox_totals *ret)
{
	*ret = (struct mailbox_totals){
		.tokens = m->tokens.count,
		.pleas = m->pleas_open,
		.renewals = m->renewals_open,
		.answers = m->answers,
	};
}
