/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_inherit.c - what a state revokes, though the ledger forgot.
 */
#include "ca/ledger_inherit.h"
#include "ca/ledger_row.h"

int
ledger_inherit(struct ledger *l, const uint8_t *object, size_t len, uint64_t until, struct err *e)
{
	return db_run(&l->db, e, "INSERT INTO inherited VALUES (1, ?1, ?2) ON CONFLICT (one)"
	    " DO UPDATE SET until = ?1, object = ?2", "ub", until, object, len);
}

static int
read_inherited(struct ledger *l, sqlite3_stmt *stmt, void *to, struct err *e)
{
	if (netstate_decode(to, sqlite3_column_blob(stmt, 0),
		(size_t)sqlite3_column_bytes(stmt, 0), NULL) < 0)
		return ledger_damaged(l, "the state that it inherited cannot be read", e);
	return 0;
}

int
ledger_inherited(struct ledger *l, struct netstate *ret, uint64_t now, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT object FROM inherited WHERE until >= ?", "u",
	    now);

	return rc < 0 ? rc : ledger_one(l, stmt, read_inherited, ret, e);
}
