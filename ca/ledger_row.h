/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_row.h - columns of the ledger, read by the files that it is made of.
 *
 * SQLite is lent our file, not our trust: whatever a row holds is checked like anything that comes
 * from outside.
 */
#ifndef CA_LEDGER_ROW_H
#define CA_LEDGER_ROW_H

#include "ca/ledger.h"

/* ERR_FORMAT, with the sentence for a ledger in which `what` (a clause) is so. */
int ledger_damaged(struct ledger *l, const char *what, struct err *e);

/* A text that fits into `cap` with its NUL, and has none inside. 0 or ERR_FORMAT. */
int ledger_column_text(sqlite3_stmt *stmt, int column, char *to, size_t cap) must_check;

/* A certificate: its bytes, and what they say. 0 or ERR_FORMAT. */
int ledger_column_cert(sqlite3_stmt *stmt, int column, struct bundle_cert *object,
    struct cert *cert) must_check;

/* Which of `count` names the text is: its index, or ERR_FORMAT. */
int ledger_column_word(sqlite3_stmt *stmt, int column, const char *const *names,
    size_t count) must_check;

/* The statement's one row, if there is one, is read by `read`; finalizes it. 1, 0 or negative. */
typedef int (*ledger_read_fn)(struct ledger *l, sqlite3_stmt *stmt, void *ret, struct err *e);
int ledger_one(struct ledger *l, sqlite3_stmt *stmt, ledger_read_fn read, void *ret,
    struct err *e) must_check;

/* The columns of a certificate in the tables that have a status, and how they are read. */
#define LEDGER_CERT_COLUMNS "status, object"
int ledger_read_cert(struct ledger *l, sqlite3_stmt *stmt, void *ret, struct err *e);

#endif
