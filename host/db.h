/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * db.h - SQLite, opened the way everything here needs it.
 *
 * A database is ours when its application id says so, has the version that its migrations lead to,
 * survives power loss once a transaction is committed, and keeps nothing of what was deleted. What
 * goes wrong becomes one sentence that names the file.
 */
#ifndef HOST_DB_H
#define HOST_DB_H

#include <sqlite3.h>

#include "core/base.h"
#include "core/err.h"

/* What a database is for: the application id in its header. */
enum db_kind {
	DB_LEDGER = 0x4d507943,	    /* "MPyC": a certificate authority's ledger */
	DB_NODE = 0x4d50794e,	    /* "MPyN" */
	DB_LIGHTHOUSE = 0x4d50794c, /* "MPyL" */
};

struct db {
	sqlite3 *sql;
	const char *path;	/* the caller's, for messages; outlives the db */
};

/*
 * Opens `path`, creating it with mode 0600, checks it (quick_check, application id) and brings it
 * up to date: migrations[i] is the SQL that leads from user_version i to i + 1, each in a
 * transaction. A database of a newer version is refused and left as it is.
 */
int db_open(struct db *db, const char *path, enum db_kind kind, const char *const *migrations,
    size_t n_migrations, struct err *err) must_check;

void db_close(struct db *db);

/* Fills `err` from what SQLite last said and returns a negative code for `rc`. */
int db_error(struct db *db, int rc, struct err *err);

/* One or more statements without parameters or results. */
int db_exec(struct db *db, const char *sql, struct err *err) must_check;

/* A transaction that has the write lock from its begin on. */
int db_begin(struct db *db, struct err *err) must_check;

/*
 * Ends it: all of it when `rc`, what came of it so far, is 0, else nothing of it. Returns `rc`, or
 * why it could not be committed.
 */
int db_finish(struct db *db, int rc, struct err *err);

/*
 * Prepares `sql` and binds its parameters in order, as `types` says, one letter each:
 *   i  int64_t            b  const void *, size_t      t  const char * (NULL is NULL)
 *   u  uint64_t           n  (nothing): NULL
 * A uint64_t above INT64_MAX is refused. Blobs and texts must live until the statement is
 * finalized. The caller finalizes *ret, which is NULL on failure.
 */
int db_query(struct db *db, sqlite3_stmt **ret, struct err *err, const char *sql,
    const char *types, ...) must_check;

/* The next row: 1 when there is one, 0 at the end. */
int db_next(struct db *db, sqlite3_stmt *stmt, struct err *err) must_check;

/* db_query() for a statement without rows: runs it to its end. */
int db_run(struct db *db, struct err *err, const char *sql, const char *types, ...) must_check;

/* The one integer that a query gives; -ENOENT when there is no row. */
int db_int(struct db *db, int64_t *ret, struct err *err, const char *sql, const char *types,
    ...) must_check;

/* Copies a blob column of exactly `len` bytes; ERR_FORMAT when it is not one. */
int db_column_blob(sqlite3_stmt *stmt, int column, void *to, size_t len) must_check;

#endif
