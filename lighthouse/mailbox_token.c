/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mailbox_token.c - tokens that stand, as authorities say.
 */
#include "core/bytes.h"
#include "core/crypto.h"
#include "lighthouse/mailbox_impl.h"

#include <stdlib.h>
#include <string.h>

#define TOKEN_ROW_HEAD (1 + ISSUER_LEN + 32 + 8)

void
token_free(struct token_row *t)
{
	crypto_wipe(t, sizeof(*t));
	free(t);
}

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

void
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
token_read(struct token_row *ret, const struct memory *row)
{
	struct in in = in_init(row->value, row->value_len);
	struct blob welcome;

	if (row->key_len != WIRE_TOKEN_ID)
		return ERR_FORMAT;
	in_demand(&in, rd_u8(&in.rd) == ROW_VERSION);
	rd_bytes(&in.rd, ret->issuer, sizeof(ret->issuer));
	rd_bytes(&in.rd, ret->psk, sizeof(ret->psk));
	ret->expires = rd_u64(&in.rd);
	welcome = in_blob(&in, in.rd.left, WIRE_WELCOME_MAX);
	in_demand(&in, welcome.len > 0);
	if (in_end(&in) < 0)
		return in_end(&in);
	memcpy(ret->id, row->key, sizeof(ret->id));
	ret->welcome_len = welcome.len;
	memcpy(ret->welcome, welcome.p, welcome.len);
	return 0;
}

int
token_recall(struct mailbox *m, uint64_t now, const struct memory *row)
{
	struct token_row t = { 0 }, *kept;
	int rc = token_read(&t, row);

	if (rc == 0 && t.expires + ANSWER_TIME < now && t.expires != 0)
		rc = ERR_EXPIRED;
	kept = rc == 0 ? token_new(m, row->key) : NULL;
	if (kept != NULL)
		*kept = t;
	else if (rc == 0)
		rc = ERR_FULL;
	crypto_wipe(&t, sizeof(t));
	return rc;
}
