/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * db.c - SQLite, opened the way everything here needs it.
 */
#include "host/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How long a command waits for another that is writing. */
#define DB_BUSY_MS 5000

static const char settings[] =
    "PRAGMA journal_mode = DELETE;"
    "PRAGMA synchronous = EXTRA;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA secure_delete = ON;"
    "PRAGMA cell_size_check = ON;";

/* SQLite's result as one of our codes. */
static int
code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_NOMEM: return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return -EBUSY;
	case SQLITE_READONLY: return -EROFS;
	case SQLITE_PERM:
	case SQLITE_CANTOPEN: return -EACCES;
	case SQLITE_FULL: return -ENOSPC;
	case SQLITE_CONSTRAINT: return ERR_CONFLICT;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return ERR_FORMAT;
	default: return -EIO;
	}
}

int
db_error(struct db *db, int rc, struct err *err)
{
	const char *why = db->sql ? sqlite3_errmsg(db->sql) : sqlite3_errstr(rc);

	return err_set(err, code_of(rc), "%s: %s", db->path, why);
}

int
db_exec(struct db *db, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : db_error(db, rc, err);
}

int
db_begin(struct db *db, struct err *err)
{
	return db_exec(db, "BEGIN IMMEDIATE", err);
}

int
db_finish(struct db *db, int rc, struct err *err)
{
	if (rc == 0)
		rc = db_exec(db, "COMMIT", err);
	/* SQLite may have rolled back by itself; that is not an error here. */
	if (rc < 0 && !sqlite3_get_autocommit(db->sql))
		sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* Binds one value per letter of `types`. */
static int
bind(sqlite3_stmt *stmt, const char *types, va_list *ap)
{
	int rc = SQLITE_OK;

	assert((int)strlen(types) == sqlite3_bind_parameter_count(stmt));
	for (int i = 1; types[i - 1] && rc == SQLITE_OK; i++) {
		switch (types[i - 1]) {
		case 'i':
			rc = sqlite3_bind_int64(stmt, i, va_arg(*ap, int64_t));
			break;
		case 'u': {
			uint64_t v = va_arg(*ap, uint64_t);

			rc = v > INT64_MAX ? SQLITE_TOOBIG
					   : sqlite3_bind_int64(stmt, i, (int64_t)v);
			break;
		}
		case 'b': {
			const void *p = va_arg(*ap, const void *);
			size_t len = va_arg(*ap, size_t);

			/* An empty blob is not NULL, so it needs some address. */
			rc = sqlite3_bind_blob64(stmt, i, p ? p : "", len, SQLITE_STATIC);
			break;
		}
		case 't':
			rc = sqlite3_bind_text(stmt, i, va_arg(*ap, const char *), -1,
			    SQLITE_STATIC);
			break;
		case 'n':
			rc = sqlite3_bind_null(stmt, i);
			break;
		default:
			assert(!"a letter that db_query knows");
		}
	}
	return rc;
}

static int
vquery(struct db *db, sqlite3_stmt **ret, struct err *err, const char *sql, const char *types,
    va_list *ap)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db->sql, sql, -1, &stmt, NULL);

	*ret = NULL;
	if (rc == SQLITE_OK)
		rc = bind(stmt, types, ap);
	if (rc != SQLITE_OK) {
		int code = db_error(db, rc, err);

		sqlite3_finalize(stmt);
		return code;
	}
	*ret = stmt;
	return 0;
}

int
db_query(struct db *db, sqlite3_stmt **ret, struct err *err, const char *sql, const char *types,
    ...)
{
	va_list ap;
	int rc;

	va_start(ap, types);
	rc = vquery(db, ret, err, sql, types, &ap);
	va_end(ap);
	return rc;
}

int
db_next(struct db *db, sqlite3_stmt *stmt, struct err *err)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : db_error(db, rc, err);
}

int
db_run(struct db *db, struct err *err, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list ap;
	int rc;

	va_start(ap, types);
	rc = vquery(db, &stmt, err, sql, types, &ap);
	va_end(ap);
	while (rc == 0 && (rc = db_next(db, stmt, err)) == 1)
		rc = 0;
	sqlite3_finalize(stmt);
	return rc;
}

int
db_int(struct db *db, int64_t *ret, struct err *err, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list ap;
	int rc;

	va_start(ap, types);
	rc = vquery(db, &stmt, err, sql, types, &ap);
	va_end(ap);
	if (rc < 0)
		return rc;
	rc = db_next(db, stmt, err);
	if (rc == 1)
		*ret = sqlite3_column_int64(stmt, 0);
	else if (rc == 0)
		rc = err_set(err, -ENOENT, "%s: nothing answers \"%s\"", db->path, sql);
	sqlite3_finalize(stmt);
	return rc == 1 ? 0 : rc;
}

int
db_column_blob(sqlite3_stmt *stmt, int column, void *to, size_t len)
{
	if (sqlite3_column_type(stmt, column) != SQLITE_BLOB ||
	    (size_t)sqlite3_column_bytes(stmt, column) != len)
		return ERR_FORMAT;
	if (len > 0)
		memcpy(to, sqlite3_column_blob(stmt, column), len);
	return 0;
}

/* What a check found, without the line that it may put above: "*** in database main ***". */
static const char *
past_heading(const char *found)
{
	const char *line = strchr(found, '\n');

	return line != NULL && strncmp(found, "***", 3) == 0 ? line + 1 : found;
}

/* Is this file ours, of this kind, whole, and not from the future? */
static int
check(struct db *db, enum db_kind kind, int64_t version, size_t n_migrations, struct err *err)
{
	sqlite3_stmt *stmt;
	const char *found;
	int64_t id;
	int rc = db_int(db, &id, err, "PRAGMA application_id", "");

	if (rc < 0)
		return rc;
	if (version > 0 && id != (int64_t)kind)
		return err_set(err, ERR_FORMAT, "%s is a database of something else", db->path);
	if (version > (int64_t)n_migrations)
		return err_set(err, ERR_VERSION, "%s was written by a newer mpynet (version %lld, "
		    "this one knows %zu); use that one", db->path, (long long)version,
		    n_migrations);

	rc = db_query(db, &stmt, err, "PRAGMA quick_check(1)", "");
	if (rc < 0)
		return rc;
	rc = db_next(db, stmt, err);
	found = rc == 1 ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
	if (found != NULL && strcmp(found, "ok") != 0)
		rc = err_set(err, ERR_FORMAT, "%s is damaged: %s; restore it from a backup",
		    db->path, past_heading(found));
	sqlite3_finalize(stmt);
	return rc < 0 ? rc : 0;
}

/* From `version` to the next, all or nothing. */
static int
migrate(struct db *db, enum db_kind kind, int64_t version, const char *sql, struct err *err)
{
	char mark[96];
	int rc = db_exec(db, sql, err);

	if (rc < 0)
		return rc;
	snprintf(mark, sizeof(mark), "PRAGMA application_id = %d; PRAGMA user_version = %lld",
	    (int)kind, (long long)version + 1);
	return db_exec(db, mark, err);
}

/*
 * Runs the migrations that are missing. The version is read again under the write lock, because
 * another process may have just done the same.
 */
static int
bring_up_to_date(struct db *db, enum db_kind kind, const char *const *migrations,
    size_t n_migrations, struct err *err)
{
	int64_t version;
	int rc = db_begin(db, err);

	if (rc < 0)
		return rc;
	rc = db_int(db, &version, err, "PRAGMA user_version", "");
	for (; rc == 0 && version < (int64_t)n_migrations; version++)
		rc = migrate(db, kind, version, migrations[version], err);
	return db_finish(db, rc, err);
}

/* SQLite would create the file with the umask's mode: make it ourselves first. */
static int
create_private(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set(err, -errno, "%s: cannot be opened: %s", path, err_phrase(-errno));
	close(fd);
	return 0;
}

int
db_open(struct db *db, const char *path, enum db_kind kind, const char *const *migrations,
    size_t n_migrations, struct err *err)
{
	int64_t version = 0;
	int rc = create_private(path, err);

	*db = (struct db){ .path = path };
	if (rc < 0)
		return rc;
	rc = sqlite3_open_v2(path, &db->sql,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
	if (rc != SQLITE_OK) {
		rc = db_error(db, rc, err);
		db_close(db);
		return rc;
	}
	sqlite3_busy_timeout(db->sql, DB_BUSY_MS);
	sqlite3_extended_result_codes(db->sql, 1);

	rc = db_exec(db, settings, err);
	if (rc == 0)
		rc = db_int(db, &version, err, "PRAGMA user_version", "");
	if (rc == 0)
		rc = check(db, kind, version, n_migrations, err);
	if (rc == 0 && version < (int64_t)n_migrations)
		rc = bring_up_to_date(db, kind, migrations, n_migrations, err);
	if (rc < 0)
		db_close(db);
	return rc;
}

void
db_close(struct db *db)
{
	sqlite3_close(db->sql);
	db->sql = NULL;
}
