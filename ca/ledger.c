/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger.c - what an authority signed, in SQLite.
 */
#include "ca/ledger.h"
#include "ca/ledger_addr.h"
#include "ca/ledger_row.h"
#include "ca/ledger_schema.h"
#include "core/bytes.h"
#include "core/crypto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As the ledger spells them. */
static const char *const status_names[] = {
	[LEDGER_LIVE] = "live",
	[LEDGER_SUPERSEDED] = "superseded",
	[LEDGER_EXPIRED] = "expired",
	[LEDGER_REPLACED] = "replaced",
	[LEDGER_REVOKED] = "revoked",
};

const char *
ledger_status_name(enum ledger_status s)
{
	return status_names[s];
}

/*
 * Opening
 */

/* The file holds keys: it is ours, and nobody else reads it. */
static int
check_file(const char *path, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_set(e, -errno, "%s: %s", path, err_phrase(-errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "%s is not a regular file", path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return err_set(e, -EPERM, "%s belongs to user %u; it must belong to whoever uses "
		    "it", path, (unsigned)st.st_uid);
	if (st.st_mode & 077)
		return err_set(e, -EPERM, "%s can be read or written by others; chmod 600 %s",
		    path, path);
	return 0;
}

int
ledger_open(struct ledger *l, const char *dir, bool create, struct err *e)
{
	char real[PATH_MAX];
	uint8_t head[32];
	uint64_t lines;
	int rc;

	/* SQLite follows no link anywhere in a name, so it gets one without. */
	if (realpath(dir, real) == NULL)
		return err_set(e, -errno, "%s: %s", dir, err_phrase(-errno));
	if ((size_t)snprintf(l->path, sizeof(l->path), "%s/ca.db", real) >= sizeof(l->path))
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", real);
	if (access(l->path, F_OK) < 0 && !create)
		return err_set(e, -errno, "%s: %s", l->path, err_phrase(-errno));
	rc = access(l->path, F_OK) == 0 ? check_file(l->path, e) : 0;
	if (rc == 0)
		rc = db_open(&l->db, l->path, DB_LEDGER, ledger_migrations,
		    LEDGER_VERSION, e);
	if (rc < 0)
		return rc;
	rc = ledger_verify(l, &lines, head, e);
	if (rc < 0)
		ledger_close(l);
	return rc;
}

void
ledger_close(struct ledger *l)
{
	db_close(&l->db);
}

int
ledger_begin(struct ledger *l, struct err *e)
{
	return db_begin(&l->db, e);
}

int
ledger_finish(struct ledger *l, int rc, struct err *e)
{
	return db_finish(&l->db, rc, e);
}

int
ledger_try(struct ledger *l, struct err *e)
{
	return db_exec(&l->db, "SAVEPOINT attempt", e);
}

int
ledger_tried(struct ledger *l, int rc, struct err *e)
{
	struct err ignored;
	int r = db_exec(&l->db, rc == 0 ? "RELEASE attempt" :
	    "ROLLBACK TO attempt; RELEASE attempt", rc == 0 ? e : &ignored);

	return rc != 0 ? rc : r;
}

/*
 * The authority
 */

/* As the ledger spells them. */
static const char *const role_names[] = {
	[LEDGER_ROOT] = "root",
	[LEDGER_APPLICATION] = "application",
	[LEDGER_ISSUING] = "issuing",
};

static int
read_ca(struct ledger *l, sqlite3_stmt *stmt, void *to, struct err *e)
{
	struct ledger_ca *ret = to;
	int role = ledger_column_word(stmt, 3, role_names, ARRAY_LEN(role_names));

	ret->has_psk = sqlite3_column_type(stmt, 2) != SQLITE_NULL;
	if (role < 0 || ledger_column_cert(stmt, 0, &ret->object, &ret->cert) < 0 ||
	    db_column_blob(stmt, 1, ret->keyfile, sizeof(ret->keyfile)) < 0 ||
	    (ret->has_psk && db_column_blob(stmt, 2, ret->psk, sizeof(ret->psk)) < 0))
		return ledger_damaged(l, "its authority cannot be read", e);
	ret->role = (enum ledger_role)role;
	return 0;
}

int
ledger_ca(struct ledger *l, struct ledger_ca *ret, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e,
	    "SELECT object, keyfile, psk, role FROM ca ORDER BY id DESC LIMIT 1", "");

	if (rc == 0)
		rc = ledger_one(l, stmt, read_ca, ret, e);
	if (rc == 0)
		rc = err_set(e, -ENOENT, "%s has no authority yet; make one with `mpynet ca init`",
		    l->path);
	return rc < 0 ? rc : 0;
}

int
ledger_found(struct ledger *l, const struct ledger_ca *ca, uint64_t now, struct err *e)
{
	int rc = db_run(&l->db, e, "INSERT INTO ca (role, serial, name, fingerprint, object,"
	    " keyfile, psk) VALUES (?, ?, ?, ?, ?, ?, nullif(?, x''))", "tutbbbb",
	    role_names[ca->role], ca->cert.serial, ca->cert.name, ca->cert.fingerprint,
	    sizeof(ca->cert.fingerprint), ca->object.bytes, (size_t)ca->object.len, ca->keyfile,
	    sizeof(ca->keyfile), ca->psk, ca->has_psk ? sizeof(ca->psk) : (size_t)0);

	return rc < 0 ? rc : ledger_log_cert(l, now, ca->role == LEDGER_ISSUING ? "join" : "init",
	    &ca->cert, "", e);
}

/*
 * Certificates
 */

int
ledger_next_serial(struct ledger *l, uint64_t *ret, struct err *e)
{
	int64_t n;
	int rc = db_int(&l->db, &n, e, "SELECT 1 + max((SELECT coalesce(max(serial), 0) FROM cert),"
	    " (SELECT coalesce(max(serial), 0) FROM issuing),"
	    " (SELECT coalesce(max(serial), 0) FROM log WHERE event = 'draft'),"
	    " (SELECT coalesce(max(serial), 0) FROM ca WHERE role <> 'issuing'),"
	    " (SELECT serial_floor FROM meta))", "");

	if (rc == 0)
		*ret = (uint64_t)n;
	return rc;
}

int
ledger_expire(struct ledger *l, uint64_t now, struct err *e)
{
	int rc = db_run(&l->db, e, "UPDATE cert SET status = 'expired'"
	    " WHERE status = 'live' AND not_after < ?", "u", now);

	if (rc == 0)
		rc = db_run(&l->db, e, "UPDATE issuing SET status = 'expired'"
		    " WHERE status = 'live' AND not_after < ?", "u", now);
	return rc < 0 ? rc : ledger_release(l, now, e);
}

int
ledger_read_cert(struct ledger *l, sqlite3_stmt *stmt, void *to, struct err *e)
{
	struct ledger_cert *ret = to;
	int status = ledger_column_word(stmt, 0, status_names, ARRAY_LEN(status_names));

	if (status < 0 || ledger_column_cert(stmt, 1, &ret->object, &ret->cert) < 0)
		return ledger_damaged(l, "a certificate in it cannot be read", e);
	ret->status = (enum ledger_status)status;
	return 0;
}

int
ledger_find(struct ledger *l, struct ledger_cert *ret, const char *name, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT " LEDGER_CERT_COLUMNS " FROM cert WHERE name = ?"
	    " ORDER BY serial DESC LIMIT 1", "t", name);

	return rc < 0 ? rc : ledger_one(l, stmt, ledger_read_cert, ret, e);
}

int
ledger_serial(struct ledger *l, struct ledger_cert *ret, uint64_t serial, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT " LEDGER_CERT_COLUMNS " FROM cert"
	    " WHERE serial = ?", "u", serial);

	return rc < 0 ? rc : ledger_one(l, stmt, ledger_read_cert, ret, e);
}

int
ledger_key_holder(struct ledger *l, char ret[static NAME_MAX_LEN + 1],
    const uint8_t key[static 32], const char *name, uint64_t now, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT name FROM cert"
	    " WHERE key = ? AND name <> ? AND not_after >= ? LIMIT 1", "btu", key, (size_t)32,
	    name, now);

	if (rc < 0)
		return rc;
	rc = db_next(&l->db, stmt, e);
	if (rc == 1 && ledger_column_text(stmt, 0, ret, NAME_MAX_LEN + 1) < 0)
		rc = ledger_damaged(l, "a name in it cannot be read", e);
	sqlite3_finalize(stmt);
	return rc;
}

int
ledger_add(struct ledger *l, const struct cert *cert, const uint8_t *object, size_t len,
    uint64_t now, struct err *e)
{
	int rc = db_run(&l->db, e, "INSERT INTO cert (serial, issuer, name, key, not_after,"
	    " fingerprint, status, object) VALUES (?, ?, ?, ?, ?, ?, 'live', ?)", "ubtbubb",
	    cert->serial, cert->issuer, sizeof(cert->issuer), cert->name, cert->key,
	    sizeof(cert->key), cert->not_after, cert->fingerprint, sizeof(cert->fingerprint),
	    object, len);

	for (uint32_t i = 0; rc == 0 && i < cert->address_count; i++)
		rc = ledger_hold(l, cert->addresses[i].ip, cert, now, e);
	return rc;
}

int
ledger_end_cert(struct ledger *l, uint64_t serial, enum ledger_status status, struct err *e)
{
	int rc = db_run(&l->db, e, "UPDATE cert SET status = ? WHERE serial = ?", "tu",
	    ledger_status_name(status), serial);

	if (rc == 0 && sqlite3_changes(l->db.sql) != 1)
		rc = err_set(e, ERR_CONFLICT, "%s has no certificate %llu", l->path,
		    (unsigned long long)serial);
	return rc;
}

int
ledger_set_endpoints(struct ledger *l, uint64_t serial, const struct bundle_lighthouse *lighthouse,
    struct err *e)
{
	char room[ENDPOINT_TEXT_MAX];
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < endpoint_count_all(lighthouse); i++)
		rc = db_run(&l->db, e, "INSERT INTO endpoint VALUES (?, ?, ?)", "uut", serial,
		    (uint64_t)i, endpoint_nth(lighthouse, i, room));
	return rc;
}

int
ledger_endpoints(struct ledger *l, struct bundle_lighthouse *ret, uint64_t serial, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT endpoint FROM endpoint WHERE serial = ?"
	    " ORDER BY position", "u", serial);

	if (rc < 0)
		return rc;
	ret->endpoint_count = 0;
	ret->tcp = 0;
	while ((rc = db_next(&l->db, stmt, e)) == 1) {
		char text[ENDPOINT_TEXT_MAX];

		if (ledger_column_text(stmt, 0, text, sizeof(text)) < 0 || endpoint_take(ret, text) < 0) {
			rc = ledger_damaged(l, "the endpoints of a lighthouse cannot be read", e);
			break;
		}
	}
	sqlite3_finalize(stmt);
	return rc;
}

int
ledger_walk(struct ledger *l, struct ledger_walk *ret, struct err *e)
{
	return ledger_walk_after(l, ret, 0, e);
}

int
ledger_walk_after(struct ledger *l, struct ledger_walk *ret, uint64_t serial, struct err *e)
{
	ret->ledger = l;
	return db_query(&l->db, &ret->stmt, e, "SELECT " LEDGER_CERT_COLUMNS " FROM cert"
	    " WHERE serial > ? ORDER BY serial", "u", serial);
}

int
ledger_walk_name(struct ledger *l, struct ledger_walk *ret, const char *name, uint64_t now,
    struct err *e)
{
	ret->ledger = l;
	return db_query(&l->db, &ret->stmt, e, "SELECT " LEDGER_CERT_COLUMNS " FROM cert"
	    " WHERE name = ? AND not_after >= ? ORDER BY serial", "tu", name, now);
}

int
ledger_walk_serial(struct ledger *l, struct ledger_walk *ret, uint64_t serial, uint64_t now,
    struct err *e)
{
	ret->ledger = l;
	return db_query(&l->db, &ret->stmt, e, "SELECT " LEDGER_CERT_COLUMNS " FROM cert"
	    " WHERE serial = ? AND not_after >= ?", "uu", serial, now);
}

int
ledger_walk_lighthouses(struct ledger *l, struct ledger_walk *ret, struct err *e)
{
	ret->ledger = l;
	return db_query(&l->db, &ret->stmt, e, "SELECT " LEDGER_CERT_COLUMNS " FROM cert"
	    " WHERE status = 'live' AND serial IN (SELECT serial FROM endpoint) ORDER BY serial",
	    "");
}

int
ledger_next(struct ledger_walk *w, struct ledger_cert *ret, struct err *e)
{
	int rc = db_next(&w->ledger->db, w->stmt, e);

	if (rc == 1 && ledger_read_cert(w->ledger, w->stmt, ret, e) < 0)
		return ERR_FORMAT;
	return rc;
}

void
ledger_end(struct ledger_walk *w)
{
	sqlite3_finalize(w->stmt);
	w->stmt = NULL;
}

/*
 * Handouts
 */

int
ledger_handout(struct ledger *l, struct handout *h, struct err *e)
{
	int rc = db_run(&l->db, e, "INSERT INTO handout (hidden, path) VALUES (?, ?)", "tt",
	    h->hidden, h->path);

	h->promised = false;
	h->id = sqlite3_last_insert_rowid(l->db.sql);
	return rc;
}

int
ledger_promise(struct ledger *l, const struct handout *h, uint64_t serial, struct err *e)
{
	return db_run(&l->db, e, "UPDATE handout SET serial = ? WHERE id = ?", "ui", serial,
	    h->id);
}

int
ledger_handout_over(struct ledger *l, const struct handout *h, struct err *e)
{
	return db_run(&l->db, e, "DELETE FROM handout WHERE id = ?", "i", h->id);
}

int
ledger_next_handout(struct ledger *l, struct handout *ret, int64_t after, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT id, hidden, path, serial FROM handout"
	    " WHERE id > ? ORDER BY id LIMIT 1", "i", after);

	if (rc < 0)
		return rc;
	rc = db_next(&l->db, stmt, e);
	if (rc == 1) {
		ret->id = sqlite3_column_int64(stmt, 0);
		ret->promised = sqlite3_column_type(stmt, 3) != SQLITE_NULL;
		if (ledger_column_text(stmt, 1, ret->hidden, sizeof(ret->hidden)) < 0 ||
		    ledger_column_text(stmt, 2, ret->path, sizeof(ret->path)) < 0)
			rc = ledger_damaged(l, "the name of a bundle in it cannot be read", e);
	}
	sqlite3_finalize(stmt);
	return rc;
}
