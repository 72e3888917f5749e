/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger.c - what an authority signed, in SQLite.
 */
#include "ca/ledger.h"
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
	[LEDGER_EXPIRED] = "expired",
	[LEDGER_REVOKED] = "revoked",
};

const char *
ledger_status_name(enum ledger_status s)
{
	return status_names[s];
}

static int
damaged(struct ledger *l, const char *what, struct err *e)
{
	return err_set(e, ERR_FORMAT, "%s is damaged: %s; restore it from a backup", l->path,
	    what);
}

/* A text column that fits into `cap` with its NUL, and has none inside. */
static int
column_text(sqlite3_stmt *stmt, int column, char *to, size_t cap)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	size_t len = (size_t)sqlite3_column_bytes(stmt, column);

	if (text == NULL || len >= cap || strlen(text) != len)
		return ERR_FORMAT;
	memcpy(to, text, len + 1);
	return 0;
}

/* A certificate: its bytes, and what they say. */
static int
column_cert(sqlite3_stmt *stmt, int column, struct bundle_cert *object, struct cert *cert)
{
	const void *p = sqlite3_column_blob(stmt, column);
	size_t len = (size_t)sqlite3_column_bytes(stmt, column);

	if (p == NULL || len > sizeof(object->bytes) || cert_decode(cert, p, len, NULL) < 0)
		return ERR_FORMAT;
	memcpy(object->bytes, p, len);
	object->len = (uint16_t)len;
	return 0;
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
		rc = db_open(&l->db, l->path, DB_LEDGER, ledger_migrations, LEDGER_VERSION, e);
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

/*
 * The authority
 */

int
ledger_ca(struct ledger *l, struct ledger_ca *ret, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e,
	    "SELECT object, keyfile, psk FROM ca ORDER BY serial DESC LIMIT 1", "");

	if (rc < 0)
		return rc;
	rc = db_next(&l->db, stmt, e);
	if (rc == 0)
		rc = err_set(e, -ENOENT, "%s has no authority yet; make one with `mpynet ca init`",
		    l->path);
	if (rc == 1) {
		ret->has_psk = sqlite3_column_type(stmt, 2) != SQLITE_NULL;
		rc = 0;
		if (column_cert(stmt, 0, &ret->object, &ret->cert) < 0 ||
		    db_column_blob(stmt, 1, ret->keyfile, sizeof(ret->keyfile)) < 0 ||
		    (ret->has_psk && db_column_blob(stmt, 2, ret->psk, sizeof(ret->psk)) < 0))
			rc = damaged(l, "its authority cannot be read", e);
	}
	sqlite3_finalize(stmt);
	return rc;
}

int
ledger_found(struct ledger *l, const struct ledger_ca *ca, uint64_t now, struct err *e)
{
	struct log_line line = { .time = now, .event = "init", .serial = ca->cert.serial };
	int rc = db_run(&l->db, e, ca->has_psk ?
	    "INSERT INTO ca (serial, name, fingerprint, object, keyfile, psk)"
	    " VALUES (?, ?, ?, ?, ?, ?)" :
	    "INSERT INTO ca (serial, name, fingerprint, object, keyfile) VALUES (?, ?, ?, ?, ?)",
	    ca->has_psk ? "utbbbb" : "utbbb", ca->cert.serial, ca->cert.name,
	    ca->cert.fingerprint, sizeof(ca->cert.fingerprint), ca->object.bytes,
	    (size_t)ca->object.len, ca->keyfile, sizeof(ca->keyfile), ca->psk, sizeof(ca->psk));

	if (rc < 0)
		return rc;
	memcpy(line.name, ca->cert.name, sizeof(line.name));
	memcpy(line.digest, ca->cert.fingerprint, sizeof(line.digest));
	return ledger_log(l, &line, e);
}

/*
 * Certificates
 */

int
ledger_next_serial(struct ledger *l, uint64_t *ret, struct err *e)
{
	int64_t n;
	int rc = db_int(&l->db, &n, e, "SELECT 1 + max((SELECT coalesce(max(serial), 0) FROM cert),"
	    " (SELECT coalesce(max(serial), 0) FROM ca))", "");

	if (rc == 0)
		*ret = (uint64_t)n;
	return rc;
}

int
ledger_expire(struct ledger *l, uint64_t now, struct err *e)
{
	return db_run(&l->db, e, "UPDATE cert SET status = 'expired'"
	    " WHERE status = 'live' AND not_after < ?", "u", now);
}

#define CERT_COLUMNS "status, object"

static int
read_cert(struct ledger *l, sqlite3_stmt *stmt, struct ledger_cert *ret, struct err *e)
{
	const char *status = (const char *)sqlite3_column_text(stmt, 0);

	for (size_t i = 0; status != NULL && i < ARRAY_LEN(status_names); i++) {
		if (strcmp(status, status_names[i]) != 0)
			continue;
		ret->status = (enum ledger_status)i;
		if (column_cert(stmt, 1, &ret->object, &ret->cert) == 0)
			return 0;
	}
	return damaged(l, "a certificate in it cannot be read", e);
}

int
ledger_find(struct ledger *l, struct ledger_cert *ret, const char *name, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT " CERT_COLUMNS " FROM cert WHERE name = ?"
	    " ORDER BY serial DESC LIMIT 1", "t", name);

	if (rc < 0)
		return rc;
	rc = db_next(&l->db, stmt, e);
	if (rc == 1 && read_cert(l, stmt, ret, e) < 0)
		rc = ERR_FORMAT;
	sqlite3_finalize(stmt);
	return rc;
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
	if (rc == 1 && column_text(stmt, 0, ret, NAME_MAX_LEN + 1) < 0)
		rc = damaged(l, "a name in it cannot be read", e);
	sqlite3_finalize(stmt);
	return rc;
}

/* Room for one more element; keeps what is there when there is none. */
static int
grow(struct ip **list, size_t count, size_t *cap)
{
	size_t more = *cap == 0 ? 64 : *cap * 2;
	struct ip *p;

	if (count < *cap)
		return 0;
	p = realloc(*list, more * sizeof(**list));
	if (p == NULL)
		return -ENOMEM;
	*list = p;
	*cap = more;
	return 0;
}

int
ledger_taken(struct ledger *l, struct ip **ret, size_t *count, const char *name, uint64_t now,
    struct err *e)
{
	struct ip *list = NULL;
	size_t n = 0, cap = 0;
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT ip FROM addr WHERE name <> ? AND until >= ?"
	    " ORDER BY length(ip), ip", "tu", name, now);

	if (rc < 0)
		return rc;
	while ((rc = db_next(&l->db, stmt, e)) == 1) {
		size_t len = (size_t)sqlite3_column_bytes(stmt, 0);
		struct ip ip = { .family = len == 4 ? FAMILY_V4 : FAMILY_V6 };

		if (grow(&list, n, &cap) < 0) {
			rc = err_set(e, -ENOMEM, "there is no memory for the list of addresses");
			break;
		}
		if (db_column_blob(stmt, 0, ip.b, ip_size(ip)) < 0) {
			rc = damaged(l, "an address in it cannot be read", e);
			break;
		}
		list[n++] = ip;
	}
	sqlite3_finalize(stmt);
	if (rc < 0) {
		free(list);
		return rc;
	}
	*ret = list;
	*count = n;
	return 0;
}

/* An address belongs to one name until the last certificate that gives it to that name expires. */
static int
hold_address(struct ledger *l, struct ip ip, const struct cert *cert, uint64_t now, struct err *e)
{
	char text[ADDR_TEXT_MAX];
	int rc = db_run(&l->db, e, "INSERT INTO addr (ip, name, until) VALUES (?1, ?2, ?3)"
	    " ON CONFLICT (ip) DO UPDATE SET name = ?2,"
	    " until = iif(name = ?2, max(until, ?3), ?3) WHERE name = ?2 OR until < ?4", "btuu",
	    ip.b, ip_size(ip), cert->name, cert->not_after, now);

	if (rc == 0 && sqlite3_changes(l->db.sql) != 1)
		rc = err_set(e, ERR_CONFLICT, "%s belongs to another host", ip_format(text, ip));
	return rc;
}

int
ledger_add(struct ledger *l, const struct cert *cert, const uint8_t *object, size_t len,
    uint64_t now, struct err *e)
{
	int rc = db_run(&l->db, e, "INSERT INTO cert (serial, name, key, not_after, fingerprint,"
	    " status, object) VALUES (?, ?, ?, ?, ?, 'live', ?)", "utbubb", cert->serial,
	    cert->name, cert->key, sizeof(cert->key), cert->not_after, cert->fingerprint,
	    sizeof(cert->fingerprint), object, len);

	for (uint32_t i = 0; rc == 0 && i < cert->address_count; i++)
		rc = hold_address(l, cert->addresses[i].ip, cert, now, e);
	return rc;
}

int
ledger_revoke(struct ledger *l, uint64_t serial, struct err *e)
{
	return db_run(&l->db, e, "UPDATE cert SET status = 'revoked'"
	    " WHERE serial = ? AND status = 'live'", "u", serial);
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

		if (column_text(stmt, 0, text, sizeof(text)) < 0 || endpoint_take(ret, text) < 0) {
			rc = damaged(l, "the endpoints of a lighthouse cannot be read", e);
			break;
		}
	}
	sqlite3_finalize(stmt);
	return rc;
}

int
ledger_walk(struct ledger *l, struct ledger_walk *ret, struct err *e)
{
	ret->ledger = l;
	return db_query(&l->db, &ret->stmt, e, "SELECT " CERT_COLUMNS " FROM cert ORDER BY serial",
	    "");
}

int
ledger_walk_lighthouses(struct ledger *l, struct ledger_walk *ret, struct err *e)
{
	ret->ledger = l;
	return db_query(&l->db, &ret->stmt, e, "SELECT " CERT_COLUMNS " FROM cert"
	    " WHERE status = 'live' AND serial IN (SELECT serial FROM endpoint) ORDER BY serial",
	    "");
}

int
ledger_next(struct ledger_walk *w, struct ledger_cert *ret, struct err *e)
{
	int rc = db_next(&w->ledger->db, w->stmt, e);

	if (rc == 1 && read_cert(w->ledger, w->stmt, ret, e) < 0)
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
		if (column_text(stmt, 1, ret->hidden, sizeof(ret->hidden)) < 0 ||
		    column_text(stmt, 2, ret->path, sizeof(ret->path)) < 0)
			rc = damaged(l, "the name of a bundle in it cannot be read", e);
	}
	sqlite3_finalize(stmt);
	return rc;
}

/*
 * The log
 */

static void
wr_text(struct wr *w, const char *text)
{
	wr_u16(w, (uint16_t)strlen(text));
	wr_bytes(w, text, strlen(text));
}

/* The hash of `line`, which follows the one whose hash is `before`. */
static void
hash_line(uint8_t to[static 32], const struct log_line *line, const uint8_t before[static 32])
{
	static const char context[24] = "mpynet log entry v1";
	uint8_t bytes[sizeof(struct log_line) + 64];
	struct wr w = wr_init(bytes, sizeof(bytes));

	wr_bytes(&w, before, 32);
	wr_u64(&w, line->seq);
	wr_u64(&w, line->time);
	wr_u64(&w, line->serial);
	wr_bytes(&w, line->digest, sizeof(line->digest));
	wr_text(&w, line->event);
	wr_text(&w, line->name);
	wr_text(&w, line->detail);
	assert(wr_end(&w) > 0);
	crypto_blake2b(to, 32, NULL, 0, context, sizeof(context), bytes, w.len);
}

/* Where the log ends, as it was noted apart from the log. */
static int
read_head(struct ledger *l, uint64_t *seq, uint8_t head[static 32], struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT log_seq, log_head FROM meta", "");

	if (rc < 0)
		return rc;
	rc = db_next(&l->db, stmt, e);
	if (rc >= 0) {
		*seq = (uint64_t)sqlite3_column_int64(stmt, 0);
		rc = rc == 1 && db_column_blob(stmt, 1, head, 32) == 0 ? 0 :
		    damaged(l, "it does not say where its log ends", e);
	}
	sqlite3_finalize(stmt);
	return rc;
}

int
ledger_log(struct ledger *l, struct log_line *line, struct err *e)
{
	uint8_t head[32];
	uint64_t seq;
	int rc = read_head(l, &seq, head, e);

	if (rc < 0)
		return rc;
	line->seq = seq + 1;
	hash_line(line->hash, line, head);
	rc = db_run(&l->db, e, "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)", "uuttubtb",
	    line->seq, line->time, line->event, line->name, line->serial, line->digest,
	    sizeof(line->digest), line->detail, line->hash, sizeof(line->hash));
	if (rc < 0)
		return rc;
	return db_run(&l->db, e, "UPDATE meta SET log_seq = ?, log_head = ?", "ub", line->seq,
	    line->hash, sizeof(line->hash));
}

int
ledger_log_walk(struct ledger *l, struct ledger_walk *ret, struct err *e)
{
	ret->ledger = l;
	return db_query(&l->db, &ret->stmt, e, "SELECT seq, time, serial, digest, event, name,"
	    " detail, hash FROM log ORDER BY seq", "");
}

int
ledger_log_next(struct ledger_walk *w, struct log_line *ret, struct err *e)
{
	int rc = db_next(&w->ledger->db, w->stmt, e);

	if (rc != 1)
		return rc;
	ret->seq = (uint64_t)sqlite3_column_int64(w->stmt, 0);
	ret->time = (uint64_t)sqlite3_column_int64(w->stmt, 1);
	ret->serial = (uint64_t)sqlite3_column_int64(w->stmt, 2);
	if (db_column_blob(w->stmt, 3, ret->digest, sizeof(ret->digest)) < 0 ||
	    column_text(w->stmt, 4, ret->event, sizeof(ret->event)) < 0 ||
	    column_text(w->stmt, 5, ret->name, sizeof(ret->name)) < 0 ||
	    column_text(w->stmt, 6, ret->detail, sizeof(ret->detail)) < 0 ||
	    db_column_blob(w->stmt, 7, ret->hash, sizeof(ret->hash)) < 0)
		return err_set(e, ERR_AUTH, "%s: line %llu of the log cannot be read; restore the "
		    "ledger from a backup", w->ledger->path, (unsigned long long)ret->seq);
	return 1;
}

/* Every line after the one before, up to where the log ended. */
static int
verify_chain(struct ledger *l, uint64_t *lines, uint8_t head[static 32], struct err *e)
{
	uint8_t before[32] = { 0 }, hash[32];
	struct ledger_walk w;
	struct log_line line;
	uint64_t seq;
	int rc = ledger_log_walk(l, &w, e);

	if (rc < 0)
		return rc;
	*lines = 0;
	while ((rc = ledger_log_next(&w, &line, e)) == 1) {
		hash_line(hash, &line, before);
		if (line.seq != *lines + 1 || memcmp(hash, line.hash, sizeof(hash)) != 0) {
			rc = err_set(e, ERR_AUTH, "%s: line %llu of the log is not what was "
			    "written; somebody changed the ledger, restore it from a backup",
			    l->path, (unsigned long long)*lines + 1);
			break;
		}
		memcpy(before, hash, sizeof(before));
		*lines = line.seq;
	}
	ledger_end(&w);
	if (rc == 0)
		rc = read_head(l, &seq, head, e);
	if (rc == 0 && (seq != *lines || memcmp(head, before, sizeof(before)) != 0))
		rc = err_set(e, ERR_AUTH, "%s: the log ends at line %llu and had %llu; somebody "
		    "changed the ledger, restore it from a backup", l->path,
		    (unsigned long long)*lines, (unsigned long long)seq);
	return rc;
}

/* What `sql` counts must be none. */
static int
verify_none(struct ledger *l, const char *sql, const char *what, struct err *e)
{
	int64_t n;
	int rc = db_int(&l->db, &n, e, sql, "");

	if (rc == 0 && n != 0)
		rc = err_set(e, ERR_AUTH, "%s: %lld %s; somebody changed the ledger, restore it "
		    "from a backup", l->path, (long long)n, what);
	return rc;
}

/* Are the columns of this row what its certificate says? Of an authority the last two are NULL. */
static bool
row_agrees(sqlite3_stmt *stmt)
{
	struct bundle_cert object;
	uint8_t fingerprint[32], key[32];
	char name[NAME_MAX_LEN + 1];
	struct cert cert;

	if (column_cert(stmt, 0, &object, &cert) < 0 ||
	    db_column_blob(stmt, 1, fingerprint, sizeof(fingerprint)) < 0 ||
	    memcmp(fingerprint, cert.fingerprint, sizeof(fingerprint)) != 0 ||
	    cert.serial != (uint64_t)sqlite3_column_int64(stmt, 2) ||
	    column_text(stmt, 3, name, sizeof(name)) < 0 || strcmp(name, cert.name) != 0)
		return false;
	if (cert.kind == OBJECT_CA)
		return true;
	return db_column_blob(stmt, 4, key, sizeof(key)) == 0 &&
	    memcmp(key, cert.key, sizeof(key)) == 0 &&
	    cert.not_after == (uint64_t)sqlite3_column_int64(stmt, 5);
}

static int
verify_rows(struct ledger *l, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT object, fingerprint, serial, name, key,"
	    " not_after FROM cert UNION ALL SELECT object, fingerprint, serial, name, NULL, NULL"
	    " FROM ca", "");

	if (rc < 0)
		return rc;
	while ((rc = db_next(&l->db, stmt, e)) == 1) {
		if (row_agrees(stmt))
			continue;
		rc = err_set(e, ERR_AUTH, "%s: certificate %lld is not what was signed; somebody "
		    "changed the ledger, restore it from a backup", l->path,
		    (long long)sqlite3_column_int64(stmt, 2));
		break;
	}
	sqlite3_finalize(stmt);
	return rc;
}

int
ledger_verify(struct ledger *l, uint64_t *ret_lines, uint8_t ret_head[static 32], struct err *e)
{
	int rc = verify_chain(l, ret_lines, ret_head, e);

	if (rc == 0)
		rc = verify_rows(l, e);
	if (rc == 0)
		rc = verify_none(l, "SELECT count(*) FROM"
		    " (SELECT serial, fingerprint FROM cert UNION ALL"
		    "  SELECT serial, fingerprint FROM ca) AS signed WHERE 1 <>"
		    " (SELECT count(*) FROM log WHERE event IN ('init', 'issue') AND"
		    "  log.serial = signed.serial AND log.digest = signed.fingerprint)",
		    "certificates are not in the log", e);
	if (rc == 0)
		rc = verify_none(l, "SELECT count(*) FROM log WHERE event IN ('init', 'issue') AND"
		    " digest NOT IN (SELECT fingerprint FROM cert) AND"
		    " digest NOT IN (SELECT fingerprint FROM ca)",
		    "certificates in the log are missing", e);
	return rc;
}
