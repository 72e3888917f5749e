/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_row.c - columns of the ledger.
 */
#include "ca/ledger_row.h"

#include <string.h>

int
ledger_damaged(struct ledger *l, const char *what, struct err *e)
{
	return err_set(e, ERR_FORMAT, "%s is damaged: %s; restore it from a backup", l->path,
	    what);
}

int
ledger_column_text(sqlite3_stmt *stmt, int column, char *to, size_t cap)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	size_t len = (size_t)sqlite3_column_bytes(stmt, column);

	if (text == NULL || len >= cap || strlen(text) != len)
		return ERR_FORMAT;
	memcpy(to, text, len + 1);
	return 0;
}

int
ledger_column_cert(sqlite3_stmt *stmt, int column, struct bundle_cert *object, struct cert *cert)
{
	const void *p = sqlite3_column_blob(stmt, column);
	size_t len = (size_t)sqlite3_column_bytes(stmt, column);

	if (p == NULL || len > sizeof(object->bytes) || cert_decode(cert, p, len, NULL) < 0)
		return ERR_FORMAT;
	memcpy(object->bytes, p, len);
	object->len = (uint16_t)len;
	return 0;
}

int
ledger_column_word(sqlite3_stmt *stmt, int column, const char *const *names, size_t count)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	for (size_t i = 0; text != NULL && i < count; i++) {
		if (strcmp(text, names[i]) == 0)
			return (int)i;
	}
	return ERR_FORMAT;
}

int
ledger_one(struct ledger *l, sqlite3_stmt *stmt, ledger_read_fn read, void *ret, struct err *e)
{
	int rc = db_next(&l->db, stmt, e);

	if (rc == 1) {
		int bad = read(l, stmt, ret, e);

		rc = bad < 0 ? bad : 1;
	}
	sqlite3_finalize(stmt);
	return rc;
}
