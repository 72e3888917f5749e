/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_token.c - invitations.
 */
#include "ca/ledger_token.h"
#include "ca/ledger_row.h"
#include "ca/template.h"

#include <string.h>

#define TOKEN_COLUMNS \
	"id, psk, enrol, lighthouse, approve, made, expires, template, status, serial, name"

static const char *const status_names[] = {
	[TOKEN_OPEN] = "open",
	[TOKEN_USED] = "used",
	[TOKEN_WITHDRAWN] = "withdrawn",
	[TOKEN_EXPIRED] = "expired",
};

const char *
token_status_name(enum token_status s)
{
	return status_names[s];
}

int
ledger_token_add(struct ledger *l, const struct ledger_token *t, struct err *e)
{
	uint8_t template[TEMPLATE_MAX];
	size_t len = template_write(template, &t->order);

	return db_run(&l->db, e, "INSERT INTO token (id, name, lighthouse, psk, enrol, approve,"
	    " made, expires, template, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')",
	    "btbbbiuub", t->keys.id, sizeof(t->keys.id), t->order.name, t->lighthouse,
	    sizeof(t->lighthouse), t->keys.psk, sizeof(t->keys.psk), t->keys.enrol,
	    sizeof(t->keys.enrol), (int64_t)t->approve, t->made, t->expires, template, len);
}

/* A key, or zeros where it was wiped. */
static int
column_key(sqlite3_stmt *stmt, int column, uint8_t key[static 32])
{
	if (sqlite3_column_type(stmt, column) != SQLITE_NULL)
		return db_column_blob(stmt, column, key, 32);
	memset(key, 0, 32);
	return 0;
}

static int
read_token(struct ledger *l, sqlite3_stmt *stmt, void *to, struct err *e)
{
	struct ledger_token t = { .serial = (uint64_t)sqlite3_column_int64(stmt, 9) };
	int status = ledger_column_word(stmt, 8, status_names, ARRAY_LEN(status_names));

	t.approve = sqlite3_column_int64(stmt, 4) != 0;
	t.made = (uint64_t)sqlite3_column_int64(stmt, 5);
	t.expires = (uint64_t)sqlite3_column_int64(stmt, 6);
	if (status < 0 || db_column_blob(stmt, 0, t.keys.id, sizeof(t.keys.id)) < 0 ||
	    column_key(stmt, 1, t.keys.psk) < 0 || column_key(stmt, 2, t.keys.enrol) < 0 ||
	    db_column_blob(stmt, 3, t.lighthouse, sizeof(t.lighthouse)) < 0 ||
	    template_read(&t.order, sqlite3_column_blob(stmt, 7),
		(size_t)sqlite3_column_bytes(stmt, 7)) < 0 ||
	    ledger_column_text(stmt, 10, t.order.name, sizeof(t.order.name)) < 0) {
		token_keys_wipe(&t.keys);
		return ledger_damaged(l, "an invitation in it cannot be read", e);
	}
	t.status = (enum token_status)status;
	*(struct ledger_token *)to = t;
	token_keys_wipe(&t.keys);
	return 0;
}

int
ledger_token_find(struct ledger *l, struct ledger_token *ret,
    const uint8_t id[static TOKEN_ID_LEN], struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT " TOKEN_COLUMNS " FROM token WHERE id = ?",
	    "b", id, (size_t)TOKEN_ID_LEN);

	return rc < 0 ? rc : ledger_one(l, stmt, read_token, ret, e);
}

int
ledger_token_open(struct ledger *l, struct ledger_token *ret, const char *name, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT " TOKEN_COLUMNS " FROM token"
	    " WHERE name = ? AND status = 'open'", "t", name);

	return rc < 0 ? rc : ledger_one(l, stmt, read_token, ret, e);
}

/* Was one open invitation changed? */
static int
one_was_open(struct ledger *l, int rc, struct err *e)
{
	if (rc == 0 && sqlite3_changes(l->db.sql) != 1)
		return err_set(e, ERR_CONFLICT, "this invitation was used, withdrawn, or has "
		    "expired; make another with `mpynet invite NAME`");
	return rc;
}

int
ledger_token_use(struct ledger *l, const uint8_t id[static TOKEN_ID_LEN], uint64_t serial,
    struct err *e)
{
	int rc = db_run(&l->db, e, "UPDATE token SET status = 'used', serial = ?"
	    " WHERE id = ? AND status = 'open'", "ub", serial, id, (size_t)TOKEN_ID_LEN);

	return one_was_open(l, rc, e);
}

int
ledger_token_withdraw(struct ledger *l, const uint8_t id[static TOKEN_ID_LEN], struct err *e)
{
	int rc = db_run(&l->db, e, "UPDATE token SET status = 'withdrawn', psk = NULL,"
	    " enrol = NULL WHERE id = ? AND status = 'open'", "b", id, (size_t)TOKEN_ID_LEN);

	return one_was_open(l, rc, e);
}

int
ledger_token_expire(struct ledger *l, uint64_t now, struct err *e)
{
	int rc = db_run(&l->db, e, "UPDATE token SET status = 'expired'"
	    " WHERE status = 'open' AND expires < ?", "u", now);

	return rc < 0 ? rc : db_run(&l->db, e, "UPDATE token SET psk = NULL, enrol = NULL"
	    " WHERE expires < ? AND psk IS NOT NULL", "u", now);
}

int
ledger_tokens_standing(struct ledger *l, int64_t *ret, uint64_t now, struct err *e)
{
	return db_int(&l->db, ret, e, "SELECT count(*) FROM token WHERE psk IS NOT NULL AND"
	    " expires >= ?", "u", now);
}

int
ledger_walk_tokens(struct ledger *l, struct ledger_walk *ret, struct err *e)
{
	ret->ledger = l;
	return db_query(&l->db, &ret->stmt, e, "SELECT " TOKEN_COLUMNS " FROM token"
	    " ORDER BY made, id", "");
}

int
ledger_token_next(struct ledger_walk *w, struct ledger_token *ret, struct err *e)
{
	int rc = db_next(&w->ledger->db, w->stmt, e);

	if (rc == 1 && read_token(w->ledger, w->stmt, ret, e) < 0)
		return ERR_FORMAT;
	return rc;
}
