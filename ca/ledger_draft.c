/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_draft.c - which statements co-signers were asked to sign for everybody.
 */
#include "ca/ledger_draft.h"
#include "ca/ledger_row.h"

int
ledger_draft_put(struct ledger *l, const uint8_t fingerprint[static 32], uint64_t version,
    struct err *e)
{
	return db_run(&l->db, e, "INSERT INTO draft (fingerprint, version) VALUES (?, ?)", "bu",
	    fingerprint, (size_t)32, version);
}

int
ledger_draft_known(struct ledger *l, const uint8_t fingerprint[static 32], struct err *e)
{
	int64_t n;
	int rc = db_int(&l->db, &n, e, "SELECT EXISTS (SELECT 1 FROM draft WHERE fingerprint = ?)",
	    "b", fingerprint, (size_t)32);

	return rc < 0 ? rc : n != 0;
}

int
ledger_draft_version(struct ledger *l, uint64_t *ret, struct err *e)
{
	int64_t n;
	int rc = db_int(&l->db, &n, e, "SELECT coalesce(max(version), 0) FROM draft", "");

	if (rc == 0)
		*ret = (uint64_t)n;
	return rc;
}

int
ledger_put_successor(struct ledger *l, const struct ledger_successor *s, struct err *e)
{
	return db_run(&l->db, e, "INSERT INTO successor VALUES (1, ?1, ?2, ?3, ?4, ?5) ON CONFLICT"
	    " (one) DO UPDATE SET object = ?1, keyfile = ?2, until = ?3, statement = ?4, state = ?5",
	    "bbubb", s->root.bytes, (size_t)s->root.len, s->keyfile, sizeof(s->keyfile), s->until,
	    s->statement, s->statement_len, s->state, s->state_len);
}

/* A blob of any length up to `cap`: its length, or 0. */
static size_t
read_blob(sqlite3_stmt *stmt, int column, uint8_t *to, size_t cap)
{
	size_t len = (size_t)sqlite3_column_bytes(stmt, column);

	return len <= cap && db_column_blob(stmt, column, to, len) == 0 ? len : 0;
}

static int
read_successor(struct ledger *l, sqlite3_stmt *stmt, void *to, struct err *e)
{
	struct ledger_successor *s = to;

	s->root.len = (uint16_t)read_blob(stmt, 0, s->root.bytes, sizeof(s->root.bytes));
	s->until = (uint64_t)sqlite3_column_int64(stmt, 2);
	s->statement_len = read_blob(stmt, 3, s->statement, sizeof(s->statement));
	s->state_len = read_blob(stmt, 4, s->state, sizeof(s->state));
	if (s->root.len == 0 || s->statement_len <= OBJECT_HEADER_LEN ||
	    s->state_len <= OBJECT_HEADER_LEN ||
	    db_column_blob(stmt, 1, s->keyfile, sizeof(s->keyfile)) < 0)
		return ledger_damaged(l, "the root that is to follow cannot be read", e);
	return 0;
}

int
ledger_successor(struct ledger *l, struct ledger_successor *ret, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e,
	    "SELECT object, keyfile, until, statement, state FROM successor", "");

	return rc < 0 ? rc : ledger_one(l, stmt, read_successor, ret, e);
}

int
ledger_drop_successor(struct ledger *l, struct err *e)
{
	return db_run(&l->db, e, "DELETE FROM successor", "");
}
