/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mailbox_plea.c - what hosts with a token ask for, and what came of it.
 */
#include "core/bytes.h"
#include "core/crypto.h"
#include "lighthouse/mailbox_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PLEA_ROW_MAX (MATTER_ROW_HEAD + 32 + 2 + WIRE_PLEA_MAX + WIRE_ANSWER_MAX)

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

void
plea_free(struct plea_row *p)
{
	free(p->answer);
	free(p);
}

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

int
plea_recall(struct mailbox *m, uint64_t now, const struct memory *row)
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
