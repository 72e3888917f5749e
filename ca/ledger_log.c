/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_log.c - the log, which only grows, and whether the ledger is what the log says.
 */
#include "ca/ledger_row.h"
#include "core/bytes.h"
#include "core/crypto.h"

#include <stdio.h>
#include <string.h>

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

/* As it was noted apart from the log. */
int
ledger_log_head(struct ledger *l, uint64_t *seq, uint8_t head[static 32], struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e, "SELECT log_seq, log_head FROM meta", "");

	if (rc < 0)
		return rc;
	rc = db_next(&l->db, stmt, e);
	if (rc >= 0) {
		*seq = (uint64_t)sqlite3_column_int64(stmt, 0);
		rc = rc == 1 && db_column_blob(stmt, 1, head, 32) == 0 ? 0 :
		    ledger_damaged(l, "it does not say where its log ends", e);
	}
	sqlite3_finalize(stmt);
	return rc;
}

int
ledger_log(struct ledger *l, struct log_line *line, struct err *e)
{
	uint8_t head[32];
	uint64_t seq;
	int rc = ledger_log_head(l, &seq, head, e);

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
ledger_log_cert(struct ledger *l, uint64_t now, const char *event, const struct cert *c,
    const char *detail, struct err *e)
{
	struct log_line line = { .time = now, .serial = c->serial };

	(void)snprintf(line.event, sizeof(line.event), "%s", event);
	memcpy(line.name, c->name, sizeof(line.name));
	memcpy(line.digest, c->fingerprint, sizeof(line.digest));
	(void)snprintf(line.detail, sizeof(line.detail), "%s", detail);
	return ledger_log(l, &line, e);
}

int
ledger_log_name(struct ledger *l, uint64_t now, const char *event, const char *name,
    const char *detail, struct err *e)
{
	struct log_line line = { .time = now };

	(void)snprintf(line.event, sizeof(line.event), "%s", event);
	(void)snprintf(line.name, sizeof(line.name), "%s", name);
	(void)snprintf(line.detail, sizeof(line.detail), "%s", detail);
	return ledger_log(l, &line, e);
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
	    ledger_column_text(w->stmt, 4, ret->event, sizeof(ret->event)) < 0 ||
	    ledger_column_text(w->stmt, 5, ret->name, sizeof(ret->name)) < 0 ||
	    ledger_column_text(w->stmt, 6, ret->detail, sizeof(ret->detail)) < 0 ||
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
		rc = ledger_log_head(l, &seq, head, e);
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

/* Are the columns of this row what its certificate says? Of our authorities the last are NULL. */
static bool
row_agrees(sqlite3_stmt *stmt)
{
	struct bundle_cert object;
	uint8_t fingerprint[32], key[32], issuer[16];
	char name[NAME_MAX_LEN + 1];
	struct cert cert;

	if (ledger_column_cert(stmt, 0, &object, &cert) < 0 ||
	    db_column_blob(stmt, 1, fingerprint, sizeof(fingerprint)) < 0 ||
	    memcmp(fingerprint, cert.fingerprint, sizeof(fingerprint)) != 0 ||
	    cert.serial != (uint64_t)sqlite3_column_int64(stmt, 2) ||
	    ledger_column_text(stmt, 3, name, sizeof(name)) < 0 || strcmp(name, cert.name) != 0)
		return false;
	if (sqlite3_column_type(stmt, 4) == SQLITE_NULL)
		return true;
	return db_column_blob(stmt, 4, key, sizeof(key)) == 0 &&
	    memcmp(key, cert.key, sizeof(key)) == 0 &&
	    cert.not_after == (uint64_t)sqlite3_column_int64(stmt, 5) &&
	    db_column_blob(stmt, 6, issuer, sizeof(issuer)) == 0 &&
	    memcmp(issuer, cert.issuer, sizeof(issuer)) == 0;
}

static int
verify_rows(struct ledger *l, struct err *e)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&l->db, &stmt, e,
	    "SELECT object, fingerprint, serial, name, key, not_after, issuer FROM cert UNION ALL"
	    " SELECT object, fingerprint, serial, name, key, not_after, issuer FROM issuing"
	    " UNION ALL"
	    " SELECT object, fingerprint, serial, name, key, not_after, issuer FROM disowned"
	    " UNION ALL"
	    " SELECT object, fingerprint, serial, name, NULL, NULL, NULL FROM ca", "");

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

/*
 * Each certificate of every table is in the log once, by the word for how it came to be there; what
 * the log has is in the tables; what was revoked is logged as that, and nothing else is; and the
 * newest state is the last that was signed.
 */
static const struct {
	const char *sql; /* counts what must not be */
	const char *what;
} agreements[] = {
	{ "SELECT count(*) FROM"
	  " (SELECT serial, fingerprint FROM cert UNION ALL"
	  "  SELECT serial, fingerprint FROM issuing UNION ALL"
	  "  SELECT serial, fingerprint FROM disowned UNION ALL"
	  "  SELECT serial, fingerprint FROM ca) AS signed WHERE 1 <>"
	  " (SELECT count(*) FROM log WHERE"
	  "  event IN ('init', 'issue', 'renew', 'admit', 'join', 'disown') AND"
	  "  log.serial = signed.serial AND log.digest = signed.fingerprint)",
	  "certificates are not in the log" },
	{ "SELECT count(*) FROM log WHERE"
	  " event IN ('init', 'issue', 'renew', 'admit', 'join', 'disown') AND"
	  " digest NOT IN (SELECT fingerprint FROM cert) AND"
	  " digest NOT IN (SELECT fingerprint FROM issuing) AND"
	  " digest NOT IN (SELECT fingerprint FROM disowned) AND"
	  " digest NOT IN (SELECT fingerprint FROM ca)",
	  "certificates in the log are missing" },
	{ "SELECT count(*) FROM"
	  " (SELECT serial, fingerprint, status FROM cert UNION ALL"
	  "  SELECT serial, fingerprint, status FROM issuing) AS signed WHERE"
	  " (status IN ('replaced', 'revoked')) <> EXISTS (SELECT 1 FROM log WHERE"
	  "  event = 'revoke' AND log.serial = signed.serial AND log.digest = signed.fingerprint)",
	  "certificates are revoked or not, and the log says otherwise" },
	{ "SELECT count(*) FROM rotation WHERE 1 <>"
	  " (SELECT count(*) FROM log WHERE event = 'rotate' AND digest = fingerprint)",
	  "rotations are not in the log" },
	{ "SELECT count(*) FROM log WHERE event = 'rotate' AND"
	  " digest NOT IN (SELECT fingerprint FROM rotation)",
	  "rotations in the log are missing" },
	{ "SELECT (SELECT digest FROM log WHERE event = 'state' ORDER BY seq DESC LIMIT 1) IS NOT"
	  " (SELECT fingerprint FROM state)",
	  "state is not the last that was signed" },
};

int
ledger_verify(struct ledger *l, uint64_t *ret_lines, uint8_t ret_head[static 32], struct err *e)
{
	int rc = verify_chain(l, ret_lines, ret_head, e);

	if (rc == 0)
		rc = verify_rows(l, e);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(agreements); i++)
		rc = verify_none(l, agreements[i].sql, agreements[i].what, e);
	return rc;
}
