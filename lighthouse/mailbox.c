/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mailbox.c - tokens and pleas, the heap of matters, and what lasts.
 */
#include "lighthouse/mailbox_impl.h"
#include "core/bytes.h"
#include "core/crypto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_TIME (7 * UINT64_C(86400)) /* seconds that an answer waits, at the least */

#define PLEA_KEY_LEN (WIRE_TOKEN_ID + ENROL_REF_LEN)

/* Rows on disk. */
#define TOKEN_ROW_HEAD (1 + ISSUER_LEN + 32 + 8)
#define PLEA_ROW_MAX   (MATTER_ROW_HEAD + 32 + 2 + WIRE_PLEA_MAX + WIRE_ANSWER_MAX)

struct plea_key {
	uint8_t bytes[PLEA_KEY_LEN];
};

static struct plea_key
plea_key(const uint8_t id[static WIRE_TOKEN_ID], const uint8_t ref[static ENROL_REF_LEN])
{
	struct plea_key k;

	memcpy(k.bytes, id, WIRE_TOKEN_ID);
	memcpy(k.bytes + WIRE_TOKEN_ID, ref, ENROL_REF_LEN);
	return k;
}

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

static void
token_free(struct token_row *t)
{
	crypto_wipe(t, sizeof(*t));
	free(t);
}

static void
plea_free(struct plea_row *p)
{
	free(p->answer);
	free(p);
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
 * Tokens
 */

static void
token_remember(const struct token_row *t, struct outbox *out)
{
	uint8_t row[TOKEN_ROW_HEAD + WIRE_WELCOME_MAX];
	struct wr w = wr_init(row, sizeof(row));

	wr_u8(&w, ROW_VERSION);
	wr_bytes(&w, t->issuer, sizeof(t->issuer));
	wr_bytes(&w, t->psk, sizeof(t->psk));
	wr_u64(&w, t->expires);
	wr_bytes(&w, t->welcome, t->welcome_len);
	outbox_remember(out, MEMORY_TOKEN, t->id, sizeof(t->id), row, (uint32_t)w.len, 0);
	crypto_wipe(row, sizeof(row));
}

static void
token_drop(struct mailbox *m, struct token_row *t, struct outbox *out)
{
	table_del(&m->tokens, t->id);
	outbox_remember(out, MEMORY_TOKEN, t->id, sizeof(t->id), NULL, 0, 0);
	token_free(t);
}

static struct token_row *
token_new(struct mailbox *m, const uint8_t id[static WIRE_TOKEN_ID])
{
	struct token_row *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	memcpy(t->id, id, sizeof(t->id));
	if (table_put(&m->tokens, id, t) < 0) {
		token_free(t);
		return NULL;
	}
	return t;
}

static void
drop_unanswered(struct mailbox *m, const struct token_row *t, struct outbox *out)
{
	struct plea_row *p, *found;

	do {
		size_t cursor = 0;

		found = NULL;
		while (found == NULL && (p = table_next(&m->pleas, &cursor, NULL)) != NULL)
			if (!p->matter.done && memcmp(p->id, t->id, sizeof(p->id)) == 0)
				found = p;
		if (found != NULL)
			plea_drop(m, found, out);
	} while (found != NULL);
}

/* What waits to be fetched goes on waiting, and its host may still knock. */
static enum offer_status
withdraw(struct mailbox *m, struct token_row *t, const uint8_t issuer[static ISSUER_LEN],
    struct outbox *out)
{
	if (t == NULL)
		return OFFER_TAKEN;
	if (memcmp(t->issuer, issuer, ISSUER_LEN) != 0)
		return OFFER_DENIED;
	drop_unanswered(m, t, out);
	t->expires = 0;
	if (t->pleas == 0)
		token_drop(m, t, out);
	else
		token_remember(t, out);
	return OFFER_TAKEN;
}

/* Another authority has the token now, as after a change of root: its matters go there. */
static void
hand_over(struct mailbox *m, struct token_row *t, const uint8_t issuer[static ISSUER_LEN])
{
	struct plea_row *p;
	size_t cursor = 0;

	while ((p = table_next(&m->pleas, &cursor, NULL)) != NULL)
		if (memcmp(p->id, t->id, sizeof(p->id)) == 0)
			memcpy(p->matter.issuer, issuer, ISSUER_LEN);
	memcpy(t->issuer, issuer, ISSUER_LEN);
}

enum offer_status
mailbox_offer(struct mailbox *m, uint64_t now, const uint8_t issuer[static ISSUER_LEN],
    const struct offer *o, struct outbox *out)
{
	struct token_row *t = table_get(&m->tokens, o->id);

	if (o->expires == 0)
		return withdraw(m, t, issuer, out);
	if (t != NULL && !crypto_equal(t->psk, o->psk, sizeof(t->psk)))
		return OFFER_DENIED;
	if (t == NULL && o->expires < now)
		return OFFER_TAKEN; /* and over */
	if (t == NULL)
		t = token_new(m, o->id);
	if (t == NULL)
		return OFFER_FULL;
	hand_over(m, t, issuer);
	memcpy(t->psk, o->psk, sizeof(t->psk));
	t->expires = o->expires;
	t->welcome_len = o->welcome.len;
	memcpy(t->welcome, o->welcome.p, o->welcome.len);
	token_remember(t, out);
	return OFFER_TAKEN;
}

struct token_row *
mailbox_token(struct mailbox *m, const uint8_t id[static WIRE_TOKEN_ID], uint64_t now)
{
	struct token_row *t = table_get(&m->tokens, id);

	return t != NULL && (t->expires >= now || t->pleas > 0) ? t : NULL;
}

static int
recall_token(struct mailbox *m, uint64_t now, const struct memory *row)
{
	struct in in = in_init(row->value, row->value_len);
	struct token_row t = { 0 }, *kept;
	struct blob welcome;

	if (row->key_len != WIRE_TOKEN_ID)
		return ERR_FORMAT;
	in_demand(&in, rd_u8(&in.rd) == ROW_VERSION);
	rd_bytes(&in.rd, t.issuer, sizeof(t.issuer));
	rd_bytes(&in.rd, t.psk, sizeof(t.psk));
	t.expires = rd_u64(&in.rd);
	welcome = in_blob(&in, in.rd.left, WIRE_WELCOME_MAX);
	in_demand(&in, welcome.len > 0);
	if (in_end(&in) < 0)
		return in_end(&in);
	if (t.expires + ANSWER_TIME < now && t.expires != 0)
		return ERR_EXPIRED;
	kept = token_new(m, row->key);
	if (kept == NULL)
		return ERR_FULL;
	memcpy(t.id, row->key, sizeof(t.id));
	t.welcome_len = welcome.len;
	memcpy(t.welcome, welcome.p, welcome.len);
	*kept = t;
	crypto_wipe(&t, sizeof(t));
	return 0;
}

/*
 * Pleas
 */

static void
plea_remember(const struct plea_row *p, struct outbox *out)
{
	struct plea_key key = plea_key(p->id, p->ref);
	uint8_t row[PLEA_ROW_MAX];
	struct wr w = wr_init(row, sizeof(row));

	matter_put(&w, &p->matter);
	wr_bytes(&w, p->key, sizeof(p->key));
	put_counted(&w, (struct blob){ p->plea, p->plea_len });
	if (p->matter.done)
		wr_bytes(&w, p->answer, p->total);
	outbox_remember(out, MEMORY_PLEA, key.bytes, sizeof(key.bytes), row, (uint32_t)w.len, 0);
}

void
plea_drop(struct mailbox *m, struct plea_row *p, struct outbox *out)
{
	struct plea_key key = plea_key(p->id, p->ref);
	struct token_row *t = table_get(&m->tokens, p->id);

	if (t != NULL)
		t->pleas--;
	matter_count(m, &p->matter, -1);
	matter_later(m, &p->matter, 0);
	table_del(&m->pleas, key.bytes);
	outbox_remember(out, MEMORY_PLEA, key.bytes, sizeof(key.bytes), NULL, 0, 0);
	plea_free(p);
}

struct plea_row *
mailbox_find_plea(struct mailbox *m, const uint8_t id[static WIRE_TOKEN_ID],
    const uint8_t ref[static ENROL_REF_LEN])
{
	struct plea_key key = plea_key(id, ref);

	return table_get(&m->pleas, key.bytes);
}

/* Another plea of the same host under this token, or NULL. */
static struct plea_row *
plea_of(struct mailbox *m, const struct token_row *t, const uint8_t key[static 32])
{
	struct plea_row *p;
	size_t cursor = 0;

	while (t->pleas > 0 && (p = table_next(&m->pleas, &cursor, NULL)) != NULL)
		if (memcmp(p->id, t->id, sizeof(p->id)) == 0 && memcmp(p->key, key, 32) == 0)
			return p;
	return NULL;
}

/* Enters `p`, which is whole, or frees it. */
static int
plea_enter(struct mailbox *m, struct token_row *t, struct plea_row *p)
{
	struct plea_key key = plea_key(p->id, p->ref);
	int rc = mailbox_reserve(m);

	if (rc == 0)
		rc = table_put(&m->pleas, key.bytes, p);
	if (rc < 0) {
		plea_free(p);
		return rc;
	}
	t->pleas++;
	matter_count(m, &p->matter, 1);
	return 0;
}

int
mailbox_plea(struct mailbox *m, struct token_row *t, const uint8_t key[static 32],
    const uint8_t *plea, size_t len, struct outbox *out, struct plea_row **ret)
{
	struct plea_row *p, *before;
	uint8_t hash[32];
	int rc;

	crypto_hash2(hash, plea, len, NULL, 0);
	p = mailbox_find_plea(m, t->id, hash);
	if (p != NULL) {
		*ret = p;
		return memcmp(p->key, key, 32) == 0 ? 0 : ERR_CONFLICT;
	}
	before = plea_of(m, t, key);
	if (before != NULL)
		plea_drop(m, before, out);
	if (t->pleas >= MAILBOX_PLEAS_OF_TOKEN)
		return ERR_CONFLICT;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	memcpy(p->id, t->id, sizeof(p->id));
	memcpy(p->ref, hash, sizeof(p->ref));
	memcpy(p->key, key, 32);
	memcpy(p->plea, plea, len);
	p->plea_len = (uint16_t)len;
	memcpy(p->matter.issuer, t->issuer, ISSUER_LEN);
	p->matter.until = t->expires;
	rc = plea_enter(m, t, p);
	if (rc < 0)
		return rc;
	plea_remember(p, out);
	*ret = p;
	return 0;
}

int
plea_piece(struct mailbox *m, struct plea_row *p, const struct enrol_result *r, struct outbox *out)
{
	if (p->matter.done)
		return 1;
	if (p->total != 0 && p->total != r->total) {
		p->got = p->total = 0;
		return ERR_CONFLICT;
	}
	if (r->offset != p->got)
		return 0;
	if (p->total == 0) {
		free(p->answer);
		p->answer = malloc(r->total);
		if (p->answer == NULL)
			return -ENOMEM;
		p->total = r->total;
	}
	memcpy(p->answer + p->got, r->piece.p, r->piece.len);
	p->got += r->piece.len;
	if (p->matter.status != ENROL_PENDING && p->matter.status != ENROL_ANSWER)
		p->matter.until += ANSWER_TIME;
	p->matter.status = ENROL_ANSWER;
	if (p->got < p->total)
		return 0;
	matter_set_done(m, &p->matter, true);
	plea_remember(p, out);
	return 1;
}

void
plea_status(struct mailbox *m, struct plea_row *p, enum enrol_status status, struct outbox *out)
{
	if (p->matter.done || p->matter.status == status)
		return;
	p->got = p->total = 0;
	p->matter.status = (uint8_t)status;
	if (status == ENROL_GONE)
		matter_set_done(m, &p->matter, true);
	else
		p->matter.until += ANSWER_TIME; /* asked in time, decided whenever */
	plea_remember(p, out);
}

static int
recall_plea(struct mailbox *m, uint64_t now, const struct memory *row)
{
	struct in in = in_init(row->value, row->value_len);
	struct plea_row *p = calloc(1, sizeof(*p));
	struct token_row *t;
	struct blob plea, answer;
	int rc;

	if (p == NULL)
		return -ENOMEM;
	matter_in(&in, &p->matter);
	rd_bytes(&in.rd, p->key, sizeof(p->key));
	plea = in_counted(&in, WIRE_PLEA_MAX);
	answer = in_blob(&in, in.rd.left, WIRE_ANSWER_MAX);
	in_demand(&in, plea.len > 0 && row->key_len == PLEA_KEY_LEN);
	in_demand(&in, (answer.len > 0) == (p->matter.done && p->matter.status == ENROL_ANSWER));
	rc = in_end(&in);
	t = rc == 0 ? table_get(&m->tokens, row->key) : NULL;
	if (rc == 0 && (t == NULL || p->matter.until < now))
		rc = ERR_EXPIRED;
	if (rc == 0 && answer.len > 0 && (p->answer = malloc(answer.len)) == NULL)
		rc = -ENOMEM;
	if (rc < 0) {
		plea_free(p);
		return rc;
	}
	memcpy(p->id, row->key, sizeof(p->id));
	memcpy(p->ref, row->key + WIRE_TOKEN_ID, sizeof(p->ref));
	memcpy(p->plea, plea.p, plea.len);
	p->plea_len = plea.len;
	p->got = p->total = answer.len;
	if (answer.len > 0)
		memcpy(p->answer, answer.p, answer.len);
	return plea_enter(m, t, p);
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
	case MEMORY_TOKEN: return recall_token(m, now, row);
	case MEMORY_PLEA: return recall_plea(m, now, row);
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
